"""EPUB, whole, broken and locked."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from test_files import only, rows

from dedup.files import ReadOptions, read

CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OEBPS/content.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
)
PACKAGE = """<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/">
<metadata><dc:title>书名</dc:title></metadata><manifest><item id="n" href="nav.xhtml" properties="nav"/>
<item id="one" href="text/%E4%B8%80.xhtml"/><item id="two" href="two.xhtml"/><item id="cover" href="cover.xhtml"/>
</manifest><spine><itemref idref="n"/><itemref idref="cover"/><itemref idref="two"/><itemref idref="one"/></spine>
</package>"""
ONE, TWO = "OEBPS/text/一.xhtml", "OEBPS/two.xhtml"
MEMBERS = {
    "META-INF/container.xml": CONTAINER,
    "OEBPS/content.opf": PACKAGE,
    "OEBPS/nav.xhtml": "<html><body><nav>目录</nav></body></html>",
    "OEBPS/cover.xhtml": '<html><body><img src="cover.png"/></body></html>',
    ONE: '<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title></head>'
    "<body><h1>第一章</h1><p>去<ruby>東京<rp>(</rp><rt>とうきょう</rt><rp>)</rp></ruby>。</p><p>完</p></body></html>",
    TWO: "<html><body><h2>序</h2><p>مقدمة</p></body></html>",
}


def epub(path: Path, **members: str | bytes | None) -> Path:
    """A book of these members beside or in place of the usual ones."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as whole:
        whole.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        for name, content in (MEMBERS | members).items():
            if content is not None:
                whole.writestr(name, content)
    return path


@pytest.mark.parametrize("name", ["a.epub", "a"])
def test_chapters_are_articles(tmp_path: Path, name: str) -> None:
    """In the order of the book, without its contents; pages that are pictures are counted."""
    found = read(epub(tmp_path / name), columns=["title", "chapter"])
    assert found.table.to_pylist() == [
        {"id": f"a:{TWO}", "text": "序\nمقدمة", "title": "书名", "chapter": "序"},
        {"id": f"a:{ONE}", "text": "第一章\n去東京。\n完", "title": "书名", "chapter": "第一章"},
    ]
    assert only(found).reason == "1 document of the book without a text passed over"


def test_a_book_that_was_packed_anew_is_a_book(tmp_path: Path) -> None:
    """Packers compress the member that says what a file is, or put it anywhere; then the name of the file says it."""
    with zipfile.ZipFile(tmp_path / "a.epub", "w", zipfile.ZIP_DEFLATED) as whole:
        for name, content in {**MEMBERS, "mimetype": "application/epub+zip"}.items():
            whole.writestr(name, content)
    assert [name for name, _ in rows(read(tmp_path / "a.epub"))] == [f"a:{TWO}", f"a:{ONE}"]


def test_chapters_may_be_numbered(tmp_path: Path) -> None:
    """By their places in the book; with the path before their names where that is asked for."""
    path = epub(tmp_path / "a.epub")
    assert [name for name, _ in rows(read(path, ReadOptions(id=None)))] == ["a:1", "a:2"]
    assert [name for name, _ in rows(read(path, ReadOptions(id_from="path+id")))] == [f"{path}:{TWO}", f"{path}:{ONE}"]


def test_a_chapter_that_is_missing_locked_or_too_long_costs_only_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is a problem with its place in the book."""
    locked = f'<encryption><CipherReference URI="{TWO}"/></encryption>'
    found = read(epub(tmp_path / "a.epub", **{"META-INF/encryption.xml": locked, "OEBPS/cover.xhtml": None}))
    assert [name for name, _ in rows(found)] == [f"a:{ONE}"]
    missing, encrypted = found.problems
    assert (missing.row, encrypted.row) == (1, 2)
    assert "There is no item" in missing.reason
    assert "DRM" in encrypted.reason
    monkeypatch.setattr("dedup.files.options.LEAST_LINE", 1000)
    short = ReadOptions(longest_text=250)
    found = read(epub(tmp_path / "b.epub", **{TWO: "x" * 1001, "OEBPS/cover.xhtml": None}), short)
    assert [name for name, _ in rows(found)] == [f"b:{ONE}"]
    assert [problem.row for problem in found.problems] == [1, 2]
    assert f"{TWO!r} has more than 1,000 bytes" in found.problems[1].reason
    whole = read(epub(tmp_path / "c.epub", **{TWO: f"<p>{'x' * 100}</p>".ljust(1000)}), short)
    assert rows(whole)[0] == (f"c:{TWO}", "x" * 100)


def test_a_damaged_chapter_costs_only_itself(tmp_path: Path) -> None:
    """What does not decompress, or not to what was packed, is a problem."""
    path = epub(tmp_path / "a.epub", **{TWO: "<p>" + "".join(map(str, range(3000)))})
    raw = path.read_bytes()
    at = raw.index(TWO.encode()) + 500
    path.write_bytes(raw[:at] + bytes(20) + raw[at + 20 :])
    found = read(path)
    assert [name for name, _ in rows(found)] == [f"a:{ONE}"]
    assert found.problems[0].row == 2


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no zip"])
def test_what_is_no_book_is_refused(tmp_path: Path, content: bytes) -> None:
    """And a book that was cut short: its list of members is at its end."""
    (tmp_path / "a.epub").write_bytes(content)
    assert only(read(tmp_path / "a.epub")).severity == "error"
    whole = epub(tmp_path / "b.epub").read_bytes()
    (tmp_path / "b.epub").write_bytes(whole[:-100])
    assert "the EPUB cannot be read" in only(read(tmp_path / "b.epub")).reason
