"""What style sheets inside a page say of its elements."""

from __future__ import annotations

import pytest

from dedup.files.formats.page_styles import colour, styles_of
from dedup.files.formats.page_trees import parsed


def said(sheet: str, body: str, media: str = "") -> dict[str, dict[str, str]]:
    """What counts, by the texts of the elements."""
    tree = parsed(f"<html><head><style{media}>{sheet}</style></head><body>{body}</body></html>")
    return {
        element.text: style for element, style in styles_of(tree).items() if element.text and element.tag != "style"
    }


def is_hidden(sheet: str, own: str = "") -> bool:
    """Whether nobody sees the letter 乱."""
    style = said(sheet, f'<div id="m"><p>老<span class="junk" style="{own}">乱</span>桥</p></div>').get("乱", {})
    return style.get("display") == "none" or style.get("font-size", "1")[0] == "0"


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
        ".junk{display:none!important;display:block}",
        ".junk{display:none}.junk:hover{display:block}",
        ".other{color:red}.junk{display:none}@media print{.junk{display:block}}",
        ".broken{{}.junk{display:none}}.junk{display:none}",
        "a::before{display:none}.junk:not(.shown){display:none}",
    ],
)
def test_letters_between_letters_are_found(sheet: str) -> None:
    """By class, id, element and their combinations, if the rule counts that counts in a browser."""
    assert is_hidden(sheet)


@pytest.mark.parametrize(
    "sheet",
    [
        ".junk{display:none}.junk{display:inline}",
        ".junk{display:none}#m .junk{display:block}",
        ".junk{display:none}.junk{display:inline!important}",
        "@media print{.junk{display:none}}",
        "@media (max-width: 600px){.junk{display:none}}",
        ".junk:hover{display:none}",
        ".junk{visibility:visible;font-size:.9em}",
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
    assert not is_hidden(sheet)


def test_an_element_s_own_style_counts_before_sheets() -> None:
    """But for what is important in these."""
    assert is_hidden("", "display: none")
    assert is_hidden("#m .junk{display:block}", "display: none")
    assert not is_hidden(".junk{display:none}", "display: inline")
    assert not is_hidden(".junk{display:inline!important}", "display: none")
    assert is_hidden(".junk{display:inline!important}", "display: none!important")


def test_a_sheet_for_print_hides_nothing() -> None:
    """The media of the whole sheet."""
    assert said("p{display:none}", "<p>桥</p>", ' media="print"') == {}
    assert said("p{display:none}", "<p>桥</p>", ' media="screen"') == {"桥": {"display": "none"}}


def test_nothing_is_said_of_a_page_that_hides_nothing() -> None:
    """And no sheet is read."""
    assert said("p{color:#333;display:block}", '<p style="width:100%">桥</p>') == {}


def test_what_is_around_and_inside_is_known_too() -> None:
    """It says whether letters are in the colour of what is behind them, and have a size again."""
    found = said(
        ".a{background:#eee}.b{font-size:0}i{font-size:9px}", "<div class=a>甲<p class=b>乙<i>丙</i></p></div>"
    )
    assert found == {"甲": {"background": "#eee"}, "乙": {"font-size": "0"}, "丙": {"font-size": "9px"}}


def test_colours() -> None:
    """Names, hexadecimal ones, and functions; the first one of a background, whose image has none."""
    assert colour("white") == colour("#fff") == colour("rgb(255, 255, 255)") == (1, 1, 1, 1)
    assert colour("transparent") == (0, 0, 0, 0)
    assert colour("no-repeat #000 center") == (0, 0, 0, 1)
    assert colour("url(a.png) white") == colour("linear-gradient(red, white)") == colour("none") is None
