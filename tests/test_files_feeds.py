"""RSS and Atom, whole, odd and broken."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from test_files import only, put, rows

from dedup.errors import install_line
from dedup.files import ReadOptions, read

RSS = """<?xml version="1.0" encoding="{encoding}"?>
<!-- made by hand -->
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel><title>港口新聞</title><description>不是文章</description>
<item><title>标题一</title><link>http://news.example/1</link><guid>g1</guid><dc:date>2024-01-02</dc:date>
<description>短</description>
<content:encoded><![CDATA[<p>第一段，讲港口。</p><p>第二段&nbsp;完<br>末</p><script>x</script>]]></content:encoded></item>
<item><title>标题 &amp; 二</title><link>http://news.example/2</link><pubDate>Mon, 01 Jan 2024 00:00:00 GMT</pubDate>
<description>&lt;p&gt;转义的&amp;nbsp;HTML&lt;/p&gt;</description></item>
<item><title>无文</title></item>
</channel></rss>"""
ARTICLES = [("g1", "第一段，讲港口。\n第二段 完\n末"), ("http://news.example/2", "转义的 HTML"), ("a:2", None)]
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title>
<entry><id>urn:1</id><title type="html">A &lt;b&gt;title&lt;/b&gt;</title><updated>2024-01-01</updated>
<link rel="self" href="http://news.example/self"/><link href="http://news.example/1"/>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>واحد</p><p>二 😀</p></div></content></entry>
<entry><id>urn:2</id><summary>plain: 1 &lt; 2 &hellip; AT&T</summary></entry></feed>"""


@pytest.mark.parametrize("encoding", ["utf-8", "GBK", "utf-16"])
@pytest.mark.parametrize("name", ["a.rss", "a.xml", "a.xml.gz", "a"])
def test_items_of_rss_are_articles(tmp_path: Path, name: str, encoding: str) -> None:
    """In the encoding that it declares: the whole content, else the description; the guid, else the link."""
    found = read(put(tmp_path / name, RSS.format(encoding=encoding).encode(encoding)))
    assert rows(found) == ARTICLES
    assert found.problems == []


def test_entries_of_atom_are_articles(tmp_path: Path) -> None:
    """Content as elements or as text, with the names of characters that only HTML knows, and bare ampersands."""
    found = read(put(tmp_path / "a.atom", ATOM), columns=["title", "url", "date", "mime"])
    assert found.table.to_pylist() == [
        {"id": "urn:1", "text": "واحد\n二 😀", "title": "A title", "url": "http://news.example/1", "date": "2024-01-01",
         "mime": None},
        {"id": "urn:2", "text": "plain: 1 < 2 … AT&T", "title": None, "url": None, "date": None, "mime": None},
    ]  # fmt: skip


def test_rss_of_version_1_is_read(tmp_path: Path) -> None:
    """Whose items stand beside the channel."""
    feed = (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">'
        "<channel><title>t</title></channel><item><link>l</link><description>本文</description></item></rdf:RDF>"
    )
    assert rows(read(put(tmp_path / "a.xml", feed))) == [("l", "本文")]


def test_ids_may_be_links(tmp_path: Path) -> None:
    """With --id-column url; without a column they are made."""
    path = put(tmp_path / "a.atom", ATOM)
    assert [name for name, _ in rows(read(path, ReadOptions(id="url")))] == ["http://news.example/1", "a:1"]
    assert [name for name, _ in rows(read(path, ReadOptions(id=None)))] == ["a:0", "a:1"]


def test_of_a_broken_feed_what_can_be_read_is_kept(tmp_path: Path) -> None:
    """With a warning, in the line where it breaks first."""
    found = read(put(tmp_path / "a.rss", RSS.format(encoding="utf-8")[:-200]))
    assert rows(found)[0] == ARTICLES[0]
    assert (only(found).severity, "the XML is broken" in only(found).reason) == ("warning", True)


def test_entities_are_not_followed(tmp_path: Path) -> None:
    """A kilobyte could become gigabytes, or hold another file."""
    put(tmp_path / "secret", "秘密")
    lines = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    for content in ("&l9;", "&file;"):
        feed = (
            f'<!DOCTYPE rss [<!ENTITY l0 "lol"><!ENTITY file SYSTEM "{tmp_path}/secret">{lines}]>'
            f"<rss><channel><item><description>a {content} b</description></item></channel></rss>"
        )
        ((_, text),) = rows(read(put(tmp_path / "a.rss", feed)))
        assert text is not None
        assert len(text) < 20
        assert "秘密" not in text


@pytest.mark.parametrize("content", ["<opml><body/></opml>", "no XML", ""])
def test_what_is_no_feed_is_refused(tmp_path: Path, content: str) -> None:
    """Whatever it is called."""
    assert only(read(put(tmp_path / "a.rss", content))).severity == "error"


def test_other_xml_is_passed_over_and_counted(tmp_path: Path) -> None:
    """Maps of sites, settings and the like; one that is named is an error."""
    put(tmp_path / "a.md", "text")
    path = put(tmp_path / "sitemap.xml", '<?xml version="1.0"?><urlset><url><loc>x</loc></url></urlset>')
    assert only(read(tmp_path)).severity == "warning"
    assert "1 file ending in .xml is not read: neither a feed" in only(read(tmp_path)).reason
    assert only(read(path)).severity == "error"


def test_without_lxml_feeds_are_problems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each says what to install."""
    monkeypatch.setitem(sys.modules, "lxml.html", None)
    assert install_line("html") in only(read(put(tmp_path / "a.rss", RSS))).reason


def test_what_is_quoted_of_a_broken_feed_is_one_line(tmp_path: Path) -> None:
    """Whatever line breaks stand in it: a problem that is told must not look like several."""
    feed = "<rss><channel><item><description>本文</description></item><item><![CDATA[open\nError: all is lost\u2028"
    problem = only(read(put(tmp_path / "a.rss", feed)))
    assert "Error: all is" in problem.reason
    assert len(problem.reason.splitlines()) == 1
