"""What style sheets inside a page hide."""

from __future__ import annotations

import pytest

from dedup.files.formats.page_styles import hidden_by_sheets
from dedup.files.formats.page_trees import parsed


def hidden(sheet: str, body: str, media: str = "") -> list[str]:
    """The texts of the elements that a sheet hides, in order."""
    tree = parsed(f"<html><head><style{media}>{sheet}</style></head><body>{body}</body></html>")
    found = hidden_by_sheets(tree)
    return [element.text for element in tree.iter() if element in found]


@pytest.mark.parametrize(
    "sheet",
    [
        ".junk{display:none}",
        "/* .a{} */ p .junk, b { color: red; DISPLAY : NONE; }",
        "#m > p span.junk{font-size:0}",
        "span{font-size:0px!important}",
        "@media screen{.junk{display:none}}",
        ".junk{display:inline}.junk{display:none}",
        ".junk.junk{display:none}.junk{display:block}",
        ".junk{display:none!important}#m .junk{display:block}",
        ".junk{display:none}.junk:hover{display:block}",
        ".other{color:red}.junk{display:none}@media print{.junk{display:block}}",
        ".broken{{}.junk{display:none}}.junk{display:none}",
        "a::before{display:none}.junk:not(.shown){display:none}",
    ],
)
def test_letters_between_letters_are_found(sheet: str) -> None:
    """By class, id, element and their combinations, if the rule counts that counts in a browser."""
    body = '<div id="m"><p>老<span class="junk">乱</span>桥</p></div>'
    assert hidden(sheet, body) == ["乱"]


@pytest.mark.parametrize(
    "sheet",
    [
        ".junk{display:none}.junk{display:inline}",
        ".junk{display:none}#m .junk{display:block}",
        ".junk{display:none}.junk{display:inline!important}",
        "@media print{.junk{display:none}}",
        "@media (max-width: 600px){.junk{display:none}}",
        ".junk:hover{display:none}",
        ".junk{visibility:hidden;font-size:0.9em}",
        "p{font-size:0}.junk{font-size:14px}",
        ".junk::before{display:none}",
        "?!.junk{display:none}",
        "svg|span{display:none}",
        ".junk{display:none}" + "a " * 3000 + "{display:none}",
        "",
    ],
)
def test_what_is_shown_is_not_found(sheet: str) -> None:
    """A rule for print, for a state, or one that another outweighs hides nothing; nor does one that is broken."""
    assert hidden(sheet, '<div id="m"><p>老<span class="junk">乱</span>桥</p></div>') == []


def test_a_sheet_for_print_hides_nothing() -> None:
    """The media of the whole sheet."""
    assert hidden("p{display:none}", "<p>桥</p>", ' media="print"') == []
    assert hidden("p{display:none}", "<p>桥</p>", ' media="screen"') == ["桥"]
