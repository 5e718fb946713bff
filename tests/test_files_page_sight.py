"""What of a page nobody sees."""

from __future__ import annotations

import pytest

from dedup.files.formats.page_trees import parsed, shown

JUNK = "乱"


def text(body: str, sheet: str = "", head: str = "") -> str:
    """What is left of a page."""
    page = f"<html><head>{head}<style>{sheet}</style></head><body>{body}</body></html>"
    return str(shown(parsed(page)).text_content())


@pytest.mark.parametrize(
    "style",
    [
        "display:none",
        "font-size:0",
        "font-size: 0.0em !important",
        "position:absolute;left:-9999px",
        "position:fixed; top: -200vw",
        "text-indent:-9999px",
        "position:absolute;clip:rect(0, 0, 0, 0)",
        "position:absolute;clip:rect(1px 1px 1px 1px)",
        "clip-path: inset(50%)",
        "clip-path:circle(0)",
        "display:inline-block;width:0;overflow:hidden",
        "max-height:0px;overflow:hidden",
        "visibility:hidden",
        "opacity:0",
        "opacity:.0",
        "color:transparent",
        "color:rgba(0,0,0,0)",
        "color:#fff",
        "color:#FEFEFE",
        "background:#ffe;color:#fffff0",
    ],
)
def test_letters_between_letters_are_not_seen(style: str) -> None:
    """By a class or by a style of their own."""
    assert text(f"<p>老<span class=j>{JUNK}</span>桥</p>", f".j{{{style}}}") == "老桥"
    assert text(f'<p>老<b style="{style}">{JUNK}</b>桥</p>') == "老桥"


@pytest.mark.parametrize(
    "style",
    [
        "left:-9999px",
        "position:absolute;left:-10px",
        "text-indent:2em",
        "clip:rect(0,0,0,0)",
        "clip-path:inset(5%)",
        "width:0",
        "height:100px;overflow:hidden",
        "opacity:0.01",
        "opacity:1",
        "visibility:visible",
        "color:#eee",
        "background:#000;color:#fff",
        "background:url(a.png);color:#fff",
        "color:transparent;background-clip:text",
        "font-size:1px",
    ],
)
def test_what_is_seen_stays(style: str) -> None:
    """Though it may be small, pale or cut."""
    assert text(f'<p>老<span style="{style}">旧</span>桥</p>') == "老旧桥"


@pytest.mark.parametrize("style", ["visibility:hidden", "opacity:0"])
def test_blocks_that_scripts_fade_in_stay(style: str) -> None:
    """As articles of WeChat are, and paragraphs of many pages."""
    assert text(f'<div style="{style}"><p>老桥</p></div>') == "老桥"


@pytest.mark.parametrize(
    "style",
    ["font-size:0", "color:white", "position:absolute;left:-9999px", "height:0;overflow:hidden"],
)
def test_whole_blocks_are_not_seen(style: str) -> None:
    """With all that is inside of them."""
    assert text(f'<div style="{style}"><p>{JUNK}<b>{JUNK}</b></p></div><p>老桥</p>') == "老桥"


def test_what_is_inside_may_be_seen_again() -> None:
    """A size, or a colour, of its own."""
    assert (
        text(f'<div style="font-size:0">{JUNK}<span style="font-size:14px">老</span>{JUNK}<i>{JUNK}</i></div>') == "老"
    )
    assert text(f'<div style="color:#fff">{JUNK}<span style="color:#000">老</span></div>') == "老"
    assert text('<div style="color:#fff"><p style="background:navy">老</p></div>') == "老"


def test_what_is_behind_letters() -> None:
    """The background of what is around them; white, if all sheets are in the page, and else unknown."""
    light, dark = '<i style="color:#fff">旧</i>', "body{background:#000}"
    assert text(light) == ""
    assert text(light, dark) == "旧"
    assert text(light, head='<link rel="stylesheet" href="a.css">') == "旧"
    assert text(f'<div style="background:#fff">{light}</div>', head='<link rel="stylesheet" href="a.css">') == ""
    assert text(f"<table bgcolor=navy><tr><td>{light}</table>") == "旧"
    assert text('<font color="#ffffff">旧</font>老') == "老"


def test_what_only_a_sheet_elsewhere_or_a_script_hides_is_read() -> None:
    """It is not in the page."""
    head = '<link rel="stylesheet" href="a.css"><script>document.querySelector(".j").hidden = true</script>'
    assert text('<p>老<i class="j">旧</i>桥</p>', head=head) == "老旧桥"
