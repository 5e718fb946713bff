"""Web pages, of which trafilatura takes the article."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from test_files import only, put, rows
from written import WHO, written

from dedup import similarity
from dedup.errors import install_line
from dedup.files import read
from dedup.files.formats.pages import page_language, read_page

PARAGRAPH = "近日,国家统计局发布了最新的经济数据,显示工业生产稳步回升,消费市场持续恢复,投资结构不断优化。"


def page(charset: str, paragraphs: int = 3, more: str = "", before: str = "") -> str:
    """A Chinese news page."""
    body = "".join(f"<p>{number}{PARAGRAPH}</p>" for number in range(paragraphs)) + more
    meta = f'<meta charset="{charset}">' if charset else ""
    head = f"<head>{meta}<title>数据</title></head>"
    return f"{before}<html>{head}<body><article><h1>数据</h1>{body}</article></body></html>"


@pytest.mark.parametrize("suffix", ["htm", "xhtml.gz"])
@pytest.mark.parametrize(
    ("charset", "encoding"),
    [("utf-8", "utf-8"), ("gbk", "gbk"), ("gb2312", "gb18030"), ("GB18030", "gb18030"), ("", "utf-8"), ("x", "utf-16")],
)
def test_a_chinese_page_is_read_in_its_charset(tmp_path: Path, charset: str, encoding: str, suffix: str) -> None:
    """The article of a page comes out whole in the charset that it declares, be the page short or long."""
    for paragraphs in (1, 3):
        found = read(put(tmp_path / f"a.{suffix}", page(charset, paragraphs).encode(encoding)))
        ((name, text),) = rows(found)
        assert found.problems == []
        assert name == "a"
        assert text is not None
        assert text.count(PARAGRAPH) == paragraphs


@pytest.mark.parametrize(
    ("charset", "encoding", "sentence"),
    [
        ("big5", "big5hkscs", "國家統計局發布最新的經濟數據,顯示工業生產穩步回升,消費市場持續恢復。"),
        ("Shift_JIS", "cp932", "国家統計局は最新の経済データを発表し、工業生産が着実に回復していることを示した①。"),
        ("euc-kr", "cp949", "국가통계국은 최신 경제 자료를 발표하고 공업 생산이 꾸준히 회복되고 있음을 보여 주었다."),
        ("iso-8859-1", "cp1252", "The “café” on the corner published its figures, and they were better than before."),
    ],
)
def test_other_charsets_are_taken_as_browsers_do(tmp_path: Path, charset: str, encoding: str, sentence: str) -> None:
    """A declared charset stands for the wider one that pages really use."""
    whole = f'<html><head><meta charset="{charset}"></head><body><article><p>{sentence}</p></article></body></html>'
    found = read(put(tmp_path / "a.html", whole.encode(encoding)))
    assert rows(found) == [("a", sentence)]
    assert found.problems == []


def test_an_xhtml_declaration_names_the_charset(tmp_path: Path) -> None:
    """The encoding of an XML declaration counts too."""
    text = page("", before='<?xml version="1.0" encoding="gbk"?>\n')
    assert PARAGRAPH in str(rows(read(put(tmp_path / "a.xhtml", text.encode("gbk"))))[0][1])


@pytest.mark.parametrize(
    "whole",
    [
        "<p>{}</p>",
        "<div>{}</div>",
        "<body><p>{}",
        "<!-- {0:50} --><html><body><p>{0}</p></body></html>",
        (
            '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" '
            '"http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd">'
            '<html xmlns="http://www.w3.org/1999/xhtml"><body><p>{}</p></body></html>'
        ),
        '<html lang="zh"/><p>{}</p>',
        "{}",
        "<div>" * 300 + "{}",
        "<p>\x00{}\x01\ufffe</p>",
    ],
)
def test_a_page_needs_no_head(tmp_path: Path, whole: str) -> None:
    """Fragments, pages that begin with a comment and XHTML are read, however deep their elements nest."""
    found = read(put(tmp_path / "a.html", whole.format(PARAGRAPH)))
    assert rows(found) == [("a", PARAGRAPH)]
    assert found.problems == []


def test_a_page_at_hand_is_read_in_the_charset_of_its_server() -> None:
    """What a server said counts before what the page declares, UTF-8 that fits before both."""
    raw = page("shift_jis", 9).encode("gbk")
    text, undecodable = read_page(raw, "GB2312")
    assert (text.count(PARAGRAPH), undecodable) == (9, 0)
    assert read_page(page("gbk", 9).encode("gbk"), "klingon") == (text, 0)
    assert read_page(page("gbk", 9).encode(), "gbk") == (text, 0)


def test_tables_are_in_and_comments_out(tmp_path: Path) -> None:
    """A page's tables belong to the article, the comments of its readers do not."""
    more = '<table><tr><td>甲方</td><td>乙方</td></tr></table><div class="comments" id="comments"><p>沙发沙发</p></div>'
    text = str(rows(read(put(tmp_path / "a.html", page("utf-8", more=more))))[0][1])
    assert "甲方" in text
    assert "沙发" not in text


SENTENCES = ("城东的图书馆上周末重新开放。", "附近小学的老师带着学生来办借书证，队伍一直排到了门口。")
LABELS = ("首页", "新闻", "财经", "体育", "科技", "关于我们")
HEADLINES = ("秋天去哪里看银杏", "如何挑选一台笔记本电脑", "周末的十个好去处", "地铁四号线推迟通车")


def links(texts: Sequence[str]) -> str:
    """A list of links."""
    return "".join(f'<li><a href="/{number}.html">{text}</a></li>' for number, text in enumerate(texts))


@pytest.mark.parametrize(
    "around",
    [
        "<nav><ul>{menu}</ul></nav><main><article>{article}</article></main><aside><ul>{more}</ul></aside>",
        '<div class="top"><ul>{menu}</ul></div><div class="text">{article}</div><div><ul>{more}</ul></div>',
        '<div><div role="navigation">{menu}</div><div>{article}</div><div><h3>热门</h3>{more}</div></div>',
        "<table><tr><td><ol>{menu}</ol></td></tr><tr><td>{article}</td><td><ul>{more}</ul></td></tr></table>",
        '<amp-sidebar layout="nodisplay"><ul>{menu}</ul></amp-sidebar><article>{article}</article><ul>{more}</ul>',
        '<ul>{menu}</ul><div class="comments">{article}</div><ul>{more}</ul>',
    ],
)
def test_two_sentences_are_an_article(tmp_path: Path, around: str) -> None:
    """A page of two sentences is read without its menus, whatever its elements are called."""
    article = "".join(f"<p>{sentence}</p>" for sentence in SENTENCES)
    whole = around.format(menu=links(LABELS), article=article, more=links(HEADLINES))
    found = read(put(tmp_path / "a.html", f"<html><head><title>馆</title></head><body>{whole}</body></html>"))
    ((_, text),) = rows(found)
    assert text is not None
    assert all(sentence in text for sentence in SENTENCES)
    assert not any(label in text for label in (*LABELS, *HEADLINES))
    assert found.problems == []


def test_a_page_of_links_keeps_them(tmp_path: Path) -> None:
    """The links of an index are what it is about, and two of them are not alike for what is around them."""
    whole = f"<html><body><h1>目录</h1><ul>{links([*HEADLINES, *SENTENCES] * 5)}</ul></body></html>"
    ((_, text),) = rows(read(put(tmp_path / "a.html", whole)))
    assert HEADLINES[0] in str(text)


@pytest.mark.parametrize(
    "said", ["Loading, please wait...", "加载中，请稍候", "載入中", "読み込み中です", "로딩 중", ""]
)
@pytest.mark.parametrize("notice", ["You need to enable JavaScript to run this app.", "请启用 JavaScript 后继续访问。"])
def test_a_page_drawn_by_a_script_is_named(tmp_path: Path, said: str, notice: str) -> None:
    """A page that says no more than to wait, or to turn scripts on, is no article, and the problem says what to do."""
    whole = f'<body><noscript>{notice}</noscript><div id="root">{said}</div><script src="a.js"></script></body>'
    found = read(put(tmp_path / "a.html", whole))
    assert rows(found) == []
    assert "drawn by a script" in only(found).reason
    assert "browser" in only(found).reason
    assert said in only(found).reason


def test_a_page_drawn_by_a_script_may_say_its_article_otherwise(tmp_path: Path) -> None:
    """In data for programs, in noscript, or hidden until the script shows it; only where nothing else is shown."""
    script = "<script>draw()</script>"
    body = json.dumps({"@graph": [{"@type": "NewsArticle", "articleBody": "\n".join(SENTENCES)}]}, ensure_ascii=False)
    data = f'<script type="application/ld+json">{body}</script>'
    for number, whole in enumerate(
        [
            f"{data}<div>Loading...</div>{script}",
            f"{data}<h1>图书馆</h1>{script}",
            f"<noscript>{''.join(SENTENCES)}</noscript>{script}",
            f'<div style="display:none">{"".join(SENTENCES)}</div>{script}',
            f'<body style="display: none">{"".join(SENTENCES)}{script}</body>',
        ]
    ):
        ((_, text),) = rows(read(put(tmp_path / f"{number}.html", whole)))
        assert all(sentence in str(text) for sentence in SENTENCES)
    shown = f"{data}<p>{PARAGRAPH}</p>{script}"
    assert rows(read(put(tmp_path / "shown.html", shown))) == [("shown", PARAGRAPH)]


def test_an_article_about_loading_is_read(tmp_path: Path) -> None:
    """A page that holds a script and such words in an article is not taken for one that says to wait."""
    text = "The crew was still loading the ship when the storm reached the harbour, and nobody was hurt that evening."
    assert rows(read(put(tmp_path / "a.html", f"<p>{text}</p><script>count()</script>"))) == [("a", text)]
    assert rows(read(put(tmp_path / "b.html", "<p>Loading...</p>"))) == [("b", "Loading...")]


@pytest.mark.parametrize(
    ("charset", "sentence"),
    [
        ("gb2312", "朱镕基总理在会上讲话，会后参观了喆园，并与工人们合影留念。"),
        ("big5", "佢哋嘅咗啲嘢都喺度，記者問咗佢哋幾條問題，佢哋都答咗。"),
    ],
)
def test_characters_beyond_the_declared_charset_cut_nothing_off(tmp_path: Path, charset: str, sentence: str) -> None:
    """Pages hold more than their charset has, and lxml alone would end the text there."""
    encoding = {"gb2312": "gb18030", "big5": "big5hkscs"}[charset]
    head = f'<html><head><meta http-equiv="Content-Type" content="text/html; charset={charset}"></head>'
    found = read(put(tmp_path / "a.html", f"{head}<body><p>{sentence}</p></body></html>".encode(encoding)))
    assert rows(found) == [("a", sentence)]
    assert found.problems == []


def test_what_is_too_deep_is_told(tmp_path: Path) -> None:
    """A page that cannot be parsed to its end is a problem, not half an article."""
    found = read(put(tmp_path / "a.html", f"<p>{PARAGRAPH}</p>" + "<div>" * 3000 + PARAGRAPH))
    assert rows(found) == []
    assert "cannot be read to its end" in only(found).reason


def test_a_page_declares_its_language() -> None:
    """The attribute of the element html."""
    assert page_language(b'<!DOCTYPE html>\n<html class="a" lang="zh-Hant"><p lang="en">') == "zh-Hant"
    assert page_language(b"<html><p lang='en'>") is None


@pytest.mark.parametrize("language", WHO)
def test_a_page_and_text_of_one_article_are_alike(tmp_path: Path, language: str) -> None:
    """So is Markdown but for the targets of its links, which are evidence and stay in its text."""
    page, plain, marked = (
        str(rows(read(put(tmp_path / f"a.{form}", content)))[0][1])
        for form, content in sorted(written(language).items(), key=lambda one: ["html", "txt", "md"].index(one[0]))
    )
    assert similarity(page, plain) >= 0.95
    assert "](https://example.org/bridge)" in marked
    without_targets = re.sub(r"\]\([^)]*\)", "]", marked)
    assert similarity(without_targets, page) >= 0.95
    assert similarity(without_targets, plain) >= 0.95


def test_stray_bytes_in_a_page_are_mended(tmp_path: Path) -> None:
    """A few bad bytes do not make the whole page be taken for another encoding."""
    for charset in ("utf-8", "gbk"):
        raw = page(charset).encode(charset).replace(b"<p>1", b"<p>1\xff")
        found = read(put(tmp_path / "a.html", raw))
        assert str(rows(found)[0][1]).count(PARAGRAPH) == 3
        assert only(found).severity == "warning"
        assert "undecodable byte" in only(found).reason


@pytest.mark.parametrize("charset", ["", "klingon", "punycode", "unicode_escape", "windows-9999"])
def test_a_charset_that_is_not_known_is_found(tmp_path: Path, charset: str) -> None:
    """A page in an undeclared encoding is told by its bytes; codecs of Python that no page is in are not used."""
    found = read(put(tmp_path / "a.html", page(charset, 9).encode("gbk")))
    assert str(rows(found)[0][1]).count(PARAGRAPH) == 9
    assert only(found).severity == "warning"
    assert "read as gb18030, 0 of " in only(found).reason


@pytest.mark.parametrize("content", ["", "<html><body></body></html>", "\x00\x01", "<" * 100_000])
def test_a_page_without_an_article_is_a_problem(tmp_path: Path, content: str) -> None:
    """A page that has no article text is left out and reported."""
    found = read(put(tmp_path / "a.html", content))
    assert rows(found) == []
    assert "no article text found" in only(found).reason


def test_a_page_that_breaks_the_parser_costs_only_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error inside trafilatura is a problem of the page."""

    def broken(*_: object, **__: object) -> str:
        raise RecursionError("too deep")

    monkeypatch.setattr("trafilatura.extract", broken)
    put(tmp_path / "a.html", page("utf-8"))
    put(tmp_path / "b.md", "b")
    found = read([tmp_path])
    assert rows(found) == [("b", "b")]
    assert "too deep" in only(found).reason


def test_without_trafilatura_pages_are_problems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each page says what to install, and the rest is read."""
    monkeypatch.setitem(sys.modules, "trafilatura", None)
    for name in ("a.html", "b.htm"):
        put(tmp_path / name, page("utf-8"))
    put(tmp_path / "c.md", "text")
    found = read([tmp_path])
    assert [name for name, _ in rows(found)] == ["c"]
    assert len(found.problems) == 2
    assert all(install_line("html") in problem.reason for problem in found.problems)


def test_without_a_part_of_the_extra_pages_are_problems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An extra that was installed for an earlier version may lack what is new in it."""
    monkeypatch.setitem(sys.modules, "tinycss2", None)
    sheet = "<style>.a{display:none}</style>"
    problem = only(read(put(tmp_path / "a.html", sheet + page("utf-8"))))
    assert "tinycss2" in problem.reason
    assert install_line("html") in problem.reason
