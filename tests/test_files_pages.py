"""Web pages, of which trafilatura takes the article."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from test_files import only, put, rows

from dedup.files import read
from dedup.files.formats.pages import read_page

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


def test_stray_bytes_in_a_page_are_mended(tmp_path: Path) -> None:
    """A few bad bytes do not make the whole page be taken for another encoding."""
    for charset in ("utf-8", "gbk"):
        raw = page(charset).encode(charset).replace(b"<p>1", b"<p>1\xff")
        found = read(put(tmp_path / "a.html", raw))
        assert str(rows(found)[0][1]).count(PARAGRAPH) == 3
        assert only(found).severity == "warning"
        assert "undecodable byte" in only(found).reason


@pytest.mark.parametrize("charset", ["", "klingon", "punycode", "unicode_escape", "windows-9999"])
def test_a_charset_that_is_not_known_is_guessed(tmp_path: Path, charset: str) -> None:
    """A page in an undeclared encoding is guessed, with a warning; codecs of Python that no page is in are not used."""
    found = read(put(tmp_path / "a.html", page(charset, 9).encode("gbk")))
    assert str(rows(found)[0][1]).count(PARAGRAPH) == 9
    assert only(found).severity == "warning"
    assert "guessed" in only(found).reason


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
    for name in ("a.html", "b.htm", "c.md"):
        put(tmp_path / name, page("utf-8"))
    found = read([tmp_path])
    assert [name for name, _ in rows(found)] == ["c"]
    assert len(found.problems) == 2
    assert all("pip install 'article-dedup[html]'" in problem.reason for problem in found.problems)
