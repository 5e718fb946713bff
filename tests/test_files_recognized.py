"""Files that are not what their names say, or whose names say nothing, and those that are passed over."""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path

import pytest
from test_files import only, put, put_parquet, rows

from dedup.files import ReadOptions, read
from dedup.files.kinds import KINDS
from dedup.files.unread import UNREAD, passed_over

LINE = json.dumps({"id": "甲", "text": "一篇文章"}, ensure_ascii=False) + "\n"
PAGE = f"<!DOCTYPE html>\n<html><body><article><p>{'这是一篇文章，讲的是港口。' * 20}</p></article></body></html>"


@pytest.mark.parametrize("name", ["part-00000", "part-00000-c000.gz", "a.json.1", "a.jsonl.2026-11-28.gz", "a.log"])
def test_json_lines_are_told_by_their_content(tmp_path: Path, name: str) -> None:
    """In folders, too: Spark and log rotation write such names. Ids that are made keep the whole name."""
    put(tmp_path / name, LINE + '{"text": "b"}\n')
    found = read(tmp_path)
    assert rows(found) == [("甲", "一篇文章"), (f"{name.removesuffix('.gz')}:1", "b")]
    assert found.problems == []


@pytest.mark.parametrize(("delimiter", "kind"), [(",", "csv"), ("\t", "tsv")])
def test_csv_is_told_by_its_line_of_names(tmp_path: Path, delimiter: str, kind: str) -> None:
    """If the column of texts is among them."""
    put(tmp_path / "part-0", f"id{delimiter}body\n1{delimiter}x\n")
    assert rows(read(tmp_path, ReadOptions(text="body"))) == [("1", "x")]
    assert rows(read(tmp_path)) == []


@pytest.mark.parametrize(
    "content",
    ["a text, with commas\n", "text\nmore\n", "[section]\ntext = 1\n", '{"cells": []}\n', "", PAGE[20:]],
)
def test_plain_text_is_never_told(tmp_path: Path, content: str) -> None:
    """README, LICENSE, Makefile and settings are no articles; they are counted."""
    put(tmp_path / "a.md", "text")
    put(tmp_path / "README", content)
    found = read(tmp_path)
    assert rows(found) == [("a", "text")]
    assert (only(found).severity, only(found).count) == ("warning", 1)
    assert "1 file of no known kind passed over: 1 without a suffix" in only(found).reason


def test_a_format_says_what_names_do_not(tmp_path: Path) -> None:
    """Names that say something are believed; magic bytes count more than the format."""
    put(tmp_path / "README", "text")
    put(tmp_path / "a.csv", "text\nx\n")
    put_parquet(tmp_path / "part-0", {"text": ["y"]})
    found = read(tmp_path, ReadOptions(format="text"))
    assert rows(found) == [("README", "text"), ("a:0", "x"), ("part-0:0", "y")]
    assert "the file is Parquet, not text as --format says" in only(found).reason


def test_a_file_that_is_named_and_not_told_says_what_to_do(tmp_path: Path) -> None:
    """With --format it is read."""
    path = put(tmp_path / "NOTES", "text")
    assert "say it with --format" in only(read(path)).reason
    assert only(read(path)).severity == "error"
    assert rows(read(path, ReadOptions(format="text"))) == [("NOTES", "text")]


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.txt", "a.html", "a.csv.gz", "part-0"])
def test_magic_bytes_count_more_than_a_name(tmp_path: Path, name: str) -> None:
    """Parquet is read as Parquet, whatever it is called, with a word about it."""
    put_parquet(tmp_path / "p", {"id": ["a"], "text": ["x"]})
    found = read(put(tmp_path / "in" / name, (tmp_path / "p").read_bytes()))
    assert rows(found) == [("a", "x")]
    assert [problem.severity for problem in found.problems] == ["warning"] * (name != "part-0")


def test_compression_may_be_missing_in_the_name(tmp_path: Path) -> None:
    """A download that kept its name."""
    (tmp_path / "a.jsonl").write_bytes(gzip.compress(LINE.encode()))
    found = read(tmp_path)
    assert rows(found) == [("甲", "一篇文章")]
    assert only(found).reason == "the file is compressed with gzip, which its name does not say"


def test_a_page_may_be_called_text(tmp_path: Path) -> None:
    """It is read as the page that it is."""
    found = read(put(tmp_path / "a.txt", PAGE))
    assert found.table["text"].to_pylist() == ["这是一篇文章，讲的是港口。" * 20]
    assert only(found).severity == "warning"


@pytest.mark.parametrize("name", ["a.html", "a.txt", "a.jsonl", "a.csv"])
def test_a_pdf_that_has_another_name_is_no_article(tmp_path: Path, name: str) -> None:
    """Servers send a PDF where a page was asked for."""
    assert "the file is a PDF; convert it to text" in only(read(put(tmp_path / name, b"%PDF-1.7\n%\xe2\xe3"))).reason


def test_a_zip_that_is_called_otherwise_is_read_as_what_it_is(tmp_path: Path) -> None:
    """With a word; one that is no zip after all is an error."""
    with zipfile.ZipFile(tmp_path / "a.csv", "w") as archive:
        archive.writestr("tea.txt", "春天的茶")
    found = read(tmp_path / "a.csv")
    assert rows(found) == [("a/tea", "春天的茶")]
    assert "the file is a zip archive, not CSV as its name says" in only(found).reason
    found = read(put(tmp_path / "a.csv", b"PK\x03\x04" + bytes(60)))
    assert [problem.severity for problem in found.problems] == ["warning", "error"]


def test_what_is_passed_over_is_told_by_kind() -> None:
    """A line a suffix with what to do; one line for what has no text, and one for what nobody knows."""
    names = ["a.pdf", "b/c.PDF", "d.docx", "e.png", "f.js", "f.css", "g.bak", "Makefile", "h.xyz"]
    unknown = "2,000 .q, 1 without a suffix, 1 .xyz; where they hold articles, say in which format with --format"
    assert passed_over([*names, *(f"{number}.q" for number in range(2000))]) == [
        (1, "1 file ending in .docx is not read: convert to text, for example with soffice --convert-to txt:Text"),
        (2, "2 files ending in .pdf are not read: convert to text, for example with pdftotext"),
        (3, "3 files without articles passed over: 1 .png, 1 .js, 1 .css"),
        (1, "1 file left by other programs passed over: 1 .bak"),
        (2002, f"2,002 files of no known kind passed over: {unknown}"),
    ]
    assert passed_over([]) == []


def test_a_suffix_is_read_or_not() -> None:
    """Never both."""
    assert not KINDS.keys() & UNREAD.keys()


def test_a_file_that_is_passed_over_is_not_opened(tmp_path: Path) -> None:
    """Images may be many, and a suffix that is known tells enough."""
    put(tmp_path / "a.md", "text")
    (tmp_path / "b.png").write_bytes(LINE.encode())
    assert rows(read(tmp_path)) == [("a", "text")]
