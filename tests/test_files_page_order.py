"""Letters of a page in the order in which they are shown; each order is that of Chromium."""

from __future__ import annotations

import pytest

from dedup.files.formats.page_trees import parsed, shown

OVERRIDE = "unicode-bidi:bidi-override;direction:rtl"
ISOLATED = "unicode-bidi:isolate-override;direction:rtl"


@pytest.mark.parametrize(
    ("body", "seen"),
    [
        ("<p>x<bdo dir=rtl>cba</bdo>y</p>", "xabcy"),
        ("<p><bdo dir=rtl>ihg<b>fed</b>cba</bdo></p>", "abcdefghi"),
        ("<p>x<bdo dir=rtl>ihg <i>fed</i>\n cba</bdo>y</p>", "xabc  def ghiy"),
        ("<p>x<bdo dir=rtl>abc<bdo dir=ltr>def</bdo>ghi</bdo>y</p>", "xihgdefcbay"),
        ("<p>x<bdo dir=rtl>abc</bdo><bdo dir=rtl>def</bdo>y</p>", "xcbafedy"),
        ("<p>x<i class=t>abc</i><i class=t>def</i>y</p>", "xfedcbay"),
        (f"<p>x<i style='{OVERRIDE}'>abc</i>y</p>", "xcbay"),
        (f"<p>x<i style='{ISOLATED}'>abc</i><i style='{ISOLATED}'>def</i>y</p>", "xcbafedy"),
        ("<p dir=rtl><span style='unicode-bidi:bidi-override'>abc</span></p>", "cba"),
        ("<div class=t>abc<br>def</div>", "cbafed"),
        ("<p>x\u202eabc<br>def\u202cy</p>", "xcbadefy"),
        ("<p>x\u202eabc\u202c\u202edef\u202cy</p>", "xfedcbay"),
        ("<p>x\u202eab<b>cd</b>ef\u202cy</p>", "xfedcbay"),
        ("<p>x\u202eabc</p><p>def</p>", "xcbadef"),
        ("<bdo dir=rtl><p>abc</p></bdo>", "abc"),
        ("<div class=t><p>abc</p></div>", "abc"),
        ("<p><bdo>abc</bdo><bdo dir=ltr>def</bdo><bdo dir=rtl></bdo></p>", "abcdef"),
        ("<p><bdo dir=rtl>c<i style='display:none'>乱</i>ba</bdo></p>", "abc"),
    ],
)
def test_letters_are_read_as_they_are_seen(body: str, seen: str) -> None:
    """Those that bdo, a style or a character turns around."""
    page = f"<html><head><style>.t{{{OVERRIDE}}}</style></head><body>{body}</body></html>"
    assert shown(parsed(page)).text_content() == seen


@pytest.mark.parametrize(
    "body",
    [
        "<p dir=rtl>الجسر القديم 123</p>",
        "<p>The word <bdi>שלום</bdi> and \u2067שלום\u2069, \u202bשלום\u202c</p>",
        "<p><bdo dir=rtl>שלום</bdo></p>",
    ],
)
def test_text_from_right_to_left_stays_as_it_is(body: str) -> None:
    """It is written in the order in which it is read."""
    tree = parsed(body)
    before = tree.text_content()
    assert shown(tree).text_content() == before


def test_a_deep_page_is_put_in_order() -> None:
    """An element in two thousand others."""
    assert shown(parsed("<div>" * 1000 + "<bdo dir=rtl>cba</bdo>")).text_content() == "abc"
