"""Dumps of MediaWiki, whole, in several streams, cut short and hostile."""

from __future__ import annotations

import bz2
import sys
from pathlib import Path

import pytest
from test_files import only, put, rows

from dedup.errors import install_line
from dedup.files import ReadOptions, read

HEAD = """<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" version="0.11" xml:lang="zh">
<siteinfo><base>https://zh.wiki.example/wiki/%E9%A6%96%E9%A1%B5</base><namespaces><namespace key="0"/>
<namespace key="6">文件</namespace><namespace key="14">分类</namespace></namespaces></siteinfo>
"""
PAGE = """<page><title>港口 城</title><ns>0</ns><id>7</id>
<revision><id>1</id><timestamp>2019-01-01T00:00:00Z</timestamp><text>旧文</text></revision>
<revision><id>2</id><timestamp>2020-01-01T00:00:00Z</timestamp><text xml:space="preserve">{{Infobox|a=b}}
'''港口'''是[[城市|城]]&amp;nbsp;和[[河]]。&lt;ref&gt;注&lt;/ref&gt;-{zh-hans:计算机; zh-hant:電腦}-&lt;br/&gt;新行
-{H|zh:甲}-
== 历史 ==
* 一 &lt;!-- 不见 --&gt;
{| class="wikitable"
| 表
|}
[[文件:a.jpg|thumb|图]][[Category:城]][http://a.example 链接][http://b.example]</text></revision></page>
"""
OTHERS = """<page><title>城</title><ns>0</ns><redirect title="x"/><revision><text>#重定向</text></revision></page>
<page><title>Talk:城</title><ns>1</ns><revision><text>谈</text></revision></page>
<page><title>空</title><ns>0</ns><revision><text/></revision></page>
"""
DUMP = f"{HEAD}{PAGE}{OTHERS}</mediawiki>"
TEXT = "港口是城 和河。计算机\n新行\n历史\n一\n链接"


@pytest.mark.parametrize("name", ["a.xml", "a.xml.gz", "zhwiki-20240101-pages-articles"])
def test_pages_are_articles(tmp_path: Path, name: str) -> None:
    """Of each the last revision, as a reader sees it; redirects and other namespaces are counted."""
    found = read(put(tmp_path / name, DUMP))
    assert rows(found) == [("港口 城", TEXT), ("空", "")]
    assert [(problem.reason, problem.severity) for problem in found.problems] == [
        ("1 redirect passed over", "warning"),
        ("1 page outside of the main namespace passed over", "warning"),
    ]


def test_a_dump_of_several_streams_is_read_whole(tmp_path: Path) -> None:
    """As multistream dumps are: some pages a stream."""
    streams = b"".join(bz2.compress(part.encode()) for part in (HEAD, PAGE, OTHERS, "</mediawiki>"))
    assert [name for name, _ in rows(read(put(tmp_path / "a.xml.bz2", streams)))] == ["港口 城", "空"]


def test_pages_have_other_columns(tmp_path: Path) -> None:
    """Title, address and date of the revision."""
    found = read(put(tmp_path / "a.xml", DUMP), ReadOptions(id=None), columns=["title", "url", "date"])
    assert found.table.slice(0, 1).to_pylist() == [
        {
            "id": "a:0",
            "text": TEXT,
            "title": "港口 城",
            "url": "https://zh.wiki.example/wiki/%E6%B8%AF%E5%8F%A3_%E5%9F%8E",
            "date": "2020-01-01T00:00:00Z",
        }
    ]


def test_of_a_dump_that_is_cut_short_the_pages_are_kept(tmp_path: Path) -> None:
    """A download broke off."""
    found = read(put(tmp_path / "a.xml", DUMP[: -len(OTHERS)]))
    assert rows(found) == [("港口 城", TEXT)]
    assert "the XML ends or breaks here" in only(found).reason
    assert "the 1 article before it were kept" in only(found).reason


def test_entities_without_bound_end_the_file(tmp_path: Path) -> None:
    """A kilobyte that would become gigabytes is an error."""
    lines = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    dump = f'<!DOCTYPE m [<!ENTITY l0 "lollollollol">{lines}]><mediawiki><page><title>&l11;</title></page></mediawiki>'
    assert only(read(put(tmp_path / "a.xml", dump))).severity == "error"


def test_without_mwparserfromhell_dumps_are_problems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each says what to install."""
    monkeypatch.setitem(sys.modules, "mwparserfromhell", None)
    assert install_line("wiki") in only(read(put(tmp_path / "a.xml", DUMP))).reason


def test_a_page_that_is_too_long_ends_the_dump(tmp_path: Path) -> None:
    """It would be held until it ends; the pages before it are kept."""
    long = f"<page><title>x</title><revision><text>{'x' * (3 << 20)}</text></revision></page>"
    found = read(put(tmp_path / "a.xml", f"{HEAD}{PAGE}{long}</mediawiki>"), ReadOptions(longest_text=1000))
    assert len(rows(found)) == 1
    assert "a page has more than 1,048,576 bytes" in only(found).reason
