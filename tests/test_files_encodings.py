"""How bytes become text, by their marks and charsets, and what is said of those that do not."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_files import only, put, rows

from dedup.files import read
from dedup.files.encodings import declared


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_tells_the_encoding(tmp_path: Path, encoding: str) -> None:
    """Text with a mark is decoded as the mark says and is without it."""
    found = read(put(tmp_path / "a.txt", "标题\x00 text".encode(encoding)))
    assert rows(found) == [("a", "标题\x00 text")]
    assert found.problems == []


def test_undecodable_text_is_mended_and_reported(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 become U+FFFD, with a warning that counts them."""
    found = read(put(tmp_path / "a.txt", b"caf\xe9 \xff\xfe!"))
    assert rows(found) == [("a", "caf\ufffd \ufffd\ufffd!")]
    problem = only(found)
    assert problem.severity == "warning"
    assert "3 undecodable bytes" in problem.reason


def test_a_page_declares_its_charset_only_where_it_must() -> None:
    """A mark counts before UTF-8, UTF-8 before what is declared, and of that the wider charset is meant."""
    meta = '<meta charset="gb2312">'
    assert declared((meta + "文").encode("utf-16")) == "utf-16"
    assert declared((meta + "文").encode()) == "utf-8"
    assert declared((meta + "文").encode("gbk")) == "gb18030"
    assert declared(b'<meta charset="punycode">\xff') is None
    assert declared(b"\xff") is None


def test_utf16_cut_in_a_character_is_mended(tmp_path: Path) -> None:
    """Half a character at the end is one undecodable byte."""
    found = read(put(tmp_path / "a.txt", "标题".encode("utf-16")[:-1]))
    assert rows(found) == [("a", "标\ufffd")]
    assert "1 undecodable byte " in only(found).reason


@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
def test_tables_in_utf16_are_read(tmp_path: Path, suffix: str) -> None:
    """Spreadsheets write UTF-16 with a mark."""
    content = {"csv": "id,text\r\n一,正文\r\n", "jsonl": '{"id": "一", "text": "正文"}\n'}[suffix]
    found = read(put(tmp_path / f"a.{suffix}", content.encode("utf-16")))
    assert rows(found) == [("一", "正文")]
    assert found.problems == []
