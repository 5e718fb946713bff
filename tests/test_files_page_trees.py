"""What is taken out of the tree of a page before its article is looked for."""

from __future__ import annotations

import pytest

from dedup.files.formats.page_trees import parsed, shown, sole_article

JUNK = "办卡请加客服"


def text(content: str) -> str:
    """What is left of a page."""
    return str(shown(parsed(content)).text_content())


@pytest.mark.parametrize(
    "hidden",
    [
        "<template>{}</template>",
        "<noscript>{}</noscript>",
        "<dialog>{}</dialog>",
        "<div hidden><p>{}</p></div>",
        '<div hidden="until-found">{}</div>',
        '<span aria-hidden="true">{}</span>',
        '<p style="color:red; DISPLAY : None !important">{}</p>',
        '<span style="font-size: 0px">{}</span>',
        '<span style="color:red;font-size:0.0em;">{}</span>',
        "<script>document.write('{}')</script>",
        '<style>p::after{{content:"{}"}}</style>',
        '<amp-sidebar layout="nodisplay">{}</amp-sidebar>',
        "<video>{}</video>",
        "<ruby>桥<rp>(</rp><rt>{}</rt><rp>)</rp></ruby>",
    ],
)
def test_what_no_browser_shows_is_no_text(hidden: str) -> None:
    """It is taken out, and the text after it is not."""
    left = text(f"<p>老桥{hidden.format(JUNK)}昨天开放</p>")
    assert left.replace("桥桥", "桥") == "老桥昨天开放"


@pytest.mark.parametrize(
    "seen",
    [
        '<div style="visibility: hidden; opacity: 0">{}</div>',
        '<span style="font-size:0.9em">{}</span>',
        '<div style="font-size:0"><span style="font-size:14px">{}</span></div>',
        '<div aria-hidden="false">{}</div>',
        "<dialog open>{}</dialog>",
        "<details><summary>{}</summary></details>",
        "<ruby>{}<rt>qiao</rt></ruby>",
    ],
)
def test_what_is_shown_stays(seen: str) -> None:
    """So do articles of WeChat, which are not visible until they are drawn."""
    assert text(seen.format("老桥昨天开放")) == "老桥昨天开放"


def test_the_body_is_never_hidden() -> None:
    """Pages hide it until they are drawn."""
    assert text('<html hidden><body style="display:none" aria-hidden="true">老桥</body></html>') == "老桥"


def test_menus_are_taken_out() -> None:
    """What is called a menu, and blocks of links only; a link that is a paragraph and a link in a sentence stay."""
    menu = "".join(f"<a href=/{at}>{label}</a> | " for at, label in enumerate(("首页", "新闻", "体育", "财经")))
    article = "<p>老桥昨天重新开放，<a href=/a>许多居民</a>、<a href=/b>学生</a>和<a href=/c>游客</a>来散步。</p>" * 3
    linked = "".join(f"<p><a href=/{at}>下个月起载重汽车必须绕行{at}号新桥</a></p>" for at in range(4))
    for whole in (f"<nav>{menu}</nav>", f"<div>{menu}</div>", f"<p>{menu}</p>", f"<div role=navigation>{menu}</div>"):
        left = text(f"<body>{whole.replace(' | ', '')}<div>{article}{linked}</div></body>")
        assert "首页" not in left
        assert left.count("游客") == 3
        assert left.count("绕行") == 4


def test_menus_that_are_most_of_a_page_stay() -> None:
    """They are what an index is about."""
    entries = "".join(f"<li><a href=/{at}>第{at}章</a></li>" for at in range(100))
    assert "第99章" in text(f"<h1>目录</h1><ul>{entries}</ul>")


@pytest.mark.parametrize(
    ("items", "left"),
    [
        ("<ol><li>甲</li><li>乙</li></ol>", "1. 甲2. 乙"),
        ('<ol start="3"><li><p>甲</p></li></ol>', "3. 甲"),
        ('<ol start="x"><li>甲</li></ol>', "1. 甲"),
        ("<ol><li>1. 甲</li></ol>", "1. 甲"),
        ('<ol type="a"><li>甲</li></ol>', "甲"),
        ("<ol reversed><li>甲</li></ol>", "甲"),
        ('<ol style="list-style: none"><li>甲</li></ol>', "甲"),
        ("<ul><li>甲</li></ul>", "甲"),
    ],
)
def test_items_have_the_numbers_that_browsers_show(items: str, left: str) -> None:
    """As Markdown has them, unless they are written already or are no numbers."""
    assert text(items) == left


def test_the_sole_article() -> None:
    """An article inside of an article is a part of it, and main is second to it."""
    assert sole_article(parsed("<main><article>甲<article>乙</article></article></main>")).text == "甲"
    assert sole_article(parsed("<main>甲</main>")).text == "甲"
    assert sole_article(parsed("<article>甲</article><article>乙</article>")) is None
    assert sole_article(parsed("<p>甲</p>")) is None


def test_nothing_is_an_empty_body() -> None:
    """A page of nothing but blanks and comments."""
    for content in ("", " ", "<!-- 甲 -->"):
        assert text(content) == ""
