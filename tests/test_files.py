"""What the command line reads and writes, on real files of every kind, whole, odd and broken."""

from __future__ import annotations

import csv
import json
import os
import stat
import sys
import uuid
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dedup.errors import FileError
from dedup.files import Problem, Read, check_output, printable, read, titles, write

POSIX = pytest.mark.skipif(os.name != "posix", reason="names, links and permissions as on POSIX")
PARAGRAPH = "近日,国家统计局发布了最新的经济数据,显示工业生产稳步回升,消费市场持续恢复,投资结构不断优化。"


def put(path: Path, content: str | bytes) -> Path:
    """A file of this content, compressed as its suffix says, in folders made for it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = content.encode() if isinstance(content, str) else content
    codec = {".gz": "gzip", ".zst": "zstd"}.get(path.suffix)
    if codec is None:
        path.write_bytes(raw)
    else:
        with pa.CompressedOutputStream(str(path), codec) as stream:
            stream.write(raw)
    return path


def put_parquet(path: Path, columns: dict[str, Any], **options: Any) -> Path:
    """A Parquet file of these columns."""
    pq.write_table(pa.table(columns), path, **options)
    return path


def invalid(*values: bytes | None) -> pa.Array:
    """A string array whose bytes nobody has checked, as a foreign writer leaves it."""
    raw = pa.array(values, pa.binary())
    return pa.StringArray.from_buffers(len(raw), raw.buffers()[1], raw.buffers()[2], raw.buffers()[0])


def rows(found: Read) -> list[tuple[str, str | None]]:
    """The articles, after a check that the table is as promised and valid."""
    assert found.table.schema == pa.schema({"id": pa.large_string(), "text": pa.large_string()})
    found.table.validate(full=True)
    assert found.table.column("id").null_count == 0
    return list(zip(*found.table.to_pydict().values(), strict=True))


def only(found: Read) -> Problem:
    """The one problem there is."""
    assert len(found.problems) == 1, found.problems
    return found.problems[0]


def page(charset: str, paragraphs: int = 3, more: str = "", before: str = "") -> str:
    """A Chinese news page."""
    body = "".join(f"<p>{number}{PARAGRAPH}</p>" for number in range(paragraphs)) + more
    meta = f'<meta charset="{charset}">' if charset else ""
    head = f"<head>{meta}<title>数据</title></head>"
    return f"{before}<html>{head}<body><article><h1>数据</h1>{body}</article></body></html>"


# Paths


def test_a_folder_of_articles_of_every_kind_is_one_table(tmp_path: Path) -> None:
    """Text and Markdown files are articles named by their paths, tables are articles by row, all in path order."""
    put(tmp_path / "news" / "b.md", "# 标题\n\n正文")
    put(tmp_path / "news" / "a" / "x.txt", "one")
    put(tmp_path / "news" / "c.jsonl", '{"id": "j", "text": "two"}\n{"text": "three"}\n')
    put(tmp_path / "news" / "d.csv", "id,text\nk,four\n")
    put_parquet(tmp_path / "news" / "e.parquet", {"id": [7], "text": ["five"]})
    found = read([tmp_path / "news"])
    assert rows(found) == [
        ("a/x", "one"),
        ("b", "# 标题\n\n正文"),
        ("j", "two"),
        ("c:1", "three"),
        ("k", "four"),
        ("7", "five"),
    ]
    assert found.problems == []
    assert found.skipped == 0


@pytest.mark.parametrize("codec", ["", ".gz", ".zst", ".GZ"])
@pytest.mark.parametrize("suffix", [".parquet", ".pq", ".jsonl", ".ndjson", ".json", ".csv", ".tsv"])
def test_every_suffix_of_a_table_is_read(tmp_path: Path, suffix: str, codec: str) -> None:
    """Each kind of table is read plain and compressed, and what suffixes say does not depend on case."""
    if suffix in (".parquet", ".pq"):
        content = put_parquet(tmp_path / "whole", {"id": ["a", "b"], "text": ["x", None]}).read_bytes()
        (tmp_path / "whole").unlink()
    elif suffix in (".csv", ".tsv"):
        content = "id,text\na,x\nb,\n".replace(",", "\t" if suffix == ".tsv" else ",").encode()
    else:
        content = b'{"id": "a", "text": "x"}\n{"id": "b", "text": null}'
    put(tmp_path / f"t{suffix}{codec.lower()}", content).rename(tmp_path / f"t{suffix}{codec}")
    last = "" if suffix in (".csv", ".tsv") else None
    assert rows(read(tmp_path / f"t{suffix}{codec}")) == [("a", "x"), ("b", last)]


@pytest.mark.parametrize("codec", ["", ".gz", ".zst"])
@pytest.mark.parametrize("suffix", [".txt", ".text", ".md", ".markdown", ".TXT"])
def test_every_suffix_of_a_document_is_read(tmp_path: Path, suffix: str, codec: str) -> None:
    """A file named directly has its name without suffixes for an id."""
    path = put(tmp_path / f"part.one{suffix}{codec}", "hello\r\n")
    assert rows(read([str(path)])) == [("part.one", "hello\r\n")]


def test_hidden_names_are_passed_over_and_other_suffixes_counted(tmp_path: Path) -> None:
    """Names that start with a dot or underscore are not looked at; other kinds of files are skipped and counted."""
    for name in (".hidden.md", "_SUCCESS", "_tmp/x.md", ".git/x.md", "image.png", "sub/archive.tar.gz", "a.md"):
        put(tmp_path / name, "text")
    found = read([tmp_path])
    assert rows(found) == [("a", "text")]
    assert found.skipped == 2
    assert found.problems == []


def test_a_hidden_folder_may_be_named(tmp_path: Path) -> None:
    """What is named on the command line is read, whatever it is called."""
    put(tmp_path / "_drafts" / "a.md", "text")
    assert rows(read(tmp_path / "_drafts")) == [("a", "text")]


def test_paths_that_cannot_be_read_cost_no_others(tmp_path: Path) -> None:
    """A missing path and an unknown suffix are problems, and the rest is read."""
    put(tmp_path / "a.md", "text")
    put(tmp_path / "b.docx", "text")
    found = read([tmp_path / "none.md", tmp_path / "b.docx", tmp_path / "a.md"])
    assert rows(found) == [("a", "text")]
    missing, unknown = found.problems
    assert missing.path == str(tmp_path / "none.md")
    assert missing.severity == unknown.severity == "error"
    assert "no such file" in missing.reason
    assert "'.docx'" in unknown.reason
    assert ".parquet" in unknown.reason
    assert ".zst" in unknown.reason


def test_an_empty_folder_is_a_problem(tmp_path: Path) -> None:
    """A folder without articles says what articles are, and how many other files there were."""
    put(tmp_path / "image.png", "")
    problem = only(read([tmp_path]))
    assert problem.path == str(tmp_path)
    assert "no articles" in problem.reason
    assert "1 file of other kinds" in problem.reason


def test_no_paths_give_an_empty_table() -> None:
    """Nothing asked for is nothing found."""
    found = read([])
    assert rows(found) == []
    assert found.problems == []


def test_a_file_is_read_once(tmp_path: Path) -> None:
    """Paths that overlap give each file once, with the id of the first path that led to it."""
    put(tmp_path / "in" / "sub" / "a.md", "a")
    put(tmp_path / "in" / "b.md", "b")
    found = read([tmp_path / "in" / "sub" / "a.md", tmp_path / "in", tmp_path / "in" / "sub", tmp_path / "in"])
    assert rows(found) == [("a", "a"), ("b", "b")]
    assert found.problems == []


@POSIX
def test_links_are_followed_and_loops_end(tmp_path: Path) -> None:
    """A link to a folder above does not hang, a link to a folder elsewhere is read, a dead link is a problem."""
    put(tmp_path / "in" / "sub" / "a.md", "a")
    put(tmp_path / "else" / "b.md", "b")
    (tmp_path / "in" / "sub" / "loop").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "link").symlink_to(tmp_path / "else")
    (tmp_path / "in" / "dead.md").symlink_to(tmp_path / "nowhere")
    found = read([tmp_path / "in"])
    assert rows(found) == [("link/b", "b"), ("sub/a", "a")]
    assert only(found).path == str(tmp_path / "in" / "dead.md")


@POSIX
def test_a_pipe_does_not_block(tmp_path: Path) -> None:
    """A named pipe that nobody writes to is a problem."""
    os.mkfifo(tmp_path / "pipe.txt")
    assert "not a regular file" in only(read([tmp_path])).reason


@pytest.mark.skipif(sys.platform != "linux", reason="names of any bytes as on Linux")
@pytest.mark.parametrize("suffix", ["md", "parquet"])
def test_a_name_that_is_not_utf8_is_read(tmp_path: Path, suffix: str) -> None:
    """Bytes of a name that are not UTF-8 become U+FFFD in the id."""
    path = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9." + suffix.encode())
    put_parquet(tmp_path / "t", {"text": ["x"]})
    Path(path).write_bytes((tmp_path / "t").read_bytes() if suffix == "parquet" else b"x")
    assert rows(read([path])) == [("caf\ufffd:0" if suffix == "parquet" else "caf\ufffd", "x")]


def test_progress_ends_at_the_total(tmp_path: Path) -> None:
    """Progress never falls, and ends with all bytes of all files."""
    put(tmp_path / "a.jsonl.gz", '{"text": "x"}\n' * 100_000)
    put(tmp_path / "b.csv", "text\n" + "long text\n" * 100_000)
    put_parquet(tmp_path / "c.parquet", {"text": ["x"] * 10}, row_group_size=2)
    calls: list[tuple[int, int]] = []
    read([tmp_path], progress=lambda done, total: calls.append((done, total)))
    total = sum(path.stat().st_size for path in tmp_path.iterdir())
    assert {call[1] for call in calls} == {total}
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)
    assert calls[-1][0] == total
    assert len(calls) > 3


# Documents


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


def test_utf16_cut_in_a_character_is_mended(tmp_path: Path) -> None:
    """Half a character at the end is one undecodable byte."""
    found = read(put(tmp_path / "a.txt", "标题".encode("utf-16")[:-1]))
    assert rows(found) == [("a", "标\ufffd")]
    assert "1 undecodable byte " in only(found).reason


def test_an_empty_document_is_an_article(tmp_path: Path) -> None:
    """An empty file is an article of no text."""
    assert rows(read(put(tmp_path / "a.txt", b""))) == [("a", "")]


@pytest.mark.parametrize("suffix", ["txt.gz", "txt.zst", "csv.gz", "parquet.zst"])
def test_a_compressed_file_that_is_not_is_a_problem(tmp_path: Path, suffix: str) -> None:
    """Content that is not what the suffix says costs only this file."""
    (tmp_path / f"a.{suffix}").write_bytes(b"not compressed at all " * 9)
    put(tmp_path / "b.txt", "b")
    found = read([tmp_path])
    assert rows(found) == [("b", "b")]
    assert only(found).path.endswith(suffix)
    assert only(found).severity == "error"


def test_many_documents_share_chunks(tmp_path: Path) -> None:
    """A folder of small files is not a table of as many chunks."""
    for number in range(50):
        put(tmp_path / f"{number:02}.txt", str(number))
    found = read([tmp_path])
    assert [text for _, text in rows(found)] == [str(number) for number in range(50)]
    assert found.table.column("text").num_chunks == 1


# Web pages


@pytest.mark.parametrize("suffix", ["html", "htm", "xhtml.gz"])
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


# Columns


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_a_missing_text_column_is_a_problem_of_the_file(tmp_path: Path, suffix: str) -> None:
    """The problem names the columns there are and the option to pass; other files are read."""
    content = {"csv": "id,body\n1,x\n2,y\n", "jsonl": '{"id": 1, "body": "x"}\n{"id": 2, "body": "y"}\n'}
    if suffix == "parquet":
        put_parquet(tmp_path / "a.parquet", {"id": [1, 2], "body": ["x", "y"]})
    else:
        put(tmp_path / f"a.{suffix}", content[suffix])
    put(tmp_path / "b.md", "b")
    found = read([tmp_path])
    assert rows(found) == [("b", "b")]
    problem = only(found)
    assert problem.severity == "error"
    assert "no column 'text'" in problem.reason
    assert "'id', 'body'" in problem.reason
    assert "--text-column NAME" in problem.reason
    assert rows(read([tmp_path / f"a.{suffix}"], text="body")) == [("1", "x"), ("2", "y")]


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_ids_are_made_only_for_the_default_column(tmp_path: Path, suffix: str) -> None:
    """Without a column "id" rows are numbered; a column that was asked for by name must be there."""
    path = tmp_path / "in" / "sub" / f"a.{suffix}"
    put(path, {"csv": "text\nx\ny\n", "jsonl": '{"text": "x"}\n{"text": "y"}\n'}.get(suffix, ""))
    if suffix == "parquet":
        put_parquet(path, {"text": ["x", "y"]}, row_group_size=1)
    assert rows(read([path])) == [("a:0", "x"), ("a:1", "y")]
    assert rows(read([tmp_path / "in"])) == [("sub/a:0", "x"), ("sub/a:1", "y")]
    found = read([path], id="url")
    assert rows(found) == []
    assert "no column 'url'; the columns are 'text'; pass the right one with --id-column NAME" in only(found).reason


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_column_that_is_there_twice_is_a_problem(tmp_path: Path, suffix: str) -> None:
    """Which of two columns of one name is meant cannot be known."""
    path = put(tmp_path / f"a.{suffix}", "id,text,text\n1,x,y\n")
    if suffix == "parquet":
        pq.write_table(pa.Table.from_arrays([pa.array(["x"]), pa.array(["y"])], ["text", "text"]), path)
    assert "2 columns are called 'text'" in only(read([path])).reason


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_one_column_may_be_both_text_and_id(tmp_path: Path, suffix: str) -> None:
    """The same column can be asked for twice."""
    path = put(tmp_path / f"a.{suffix}", {"csv": "text\nx\n", "jsonl": '{"text": "x"}\n'}.get(suffix, ""))
    if suffix == "parquet":
        put_parquet(path, {"text": ["x"]})
    assert rows(read([path], id="text")) == [("x", "x")]


def test_repeated_ids_are_one_warning(tmp_path: Path) -> None:
    """Ids that occur more than once are counted, the first is named, and all rows are kept."""
    put(tmp_path / "a.csv", "id,text\n1,a\n2,b\n3,c\n2,d\n1,e\n")
    put(tmp_path / "b.csv", "id,text\n3,f\n4,g\n")
    found = read([tmp_path])
    assert len(rows(found)) == 7
    problem = only(found)
    assert (problem.path, problem.row, problem.severity) == ("", None, "warning")
    assert "3 ids occur more than once, the first is '1'" in problem.reason


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.csv.gz"])
def test_an_empty_table_is_a_warning(tmp_path: Path, name: str) -> None:
    """An empty file has lost nothing, and is said to be empty."""
    found = read(put(tmp_path / name, ""))
    assert rows(found) == []
    assert only(found) == Problem(str(tmp_path / name), None, "the file holds no articles", "warning")


# JSON Lines


def test_a_bad_line_costs_only_itself(tmp_path: Path) -> None:
    """Lines that are not an object with a text are problems with their numbers; all other lines are read."""
    lines = [
        '\ufeff{"id": "a", "text": "first"}',
        "{not json}",
        "",
        "   \r",
        "[1, 2]",
        '"text"',
        '{"id": "n", "text": 5}',
        '{"id": "l", "text": ["x"]}',
        '{"id": "b", "text": null}',
        '{"id": "c"}',
        "[" * 100_000,
        '{"id": "d", "text": ' + "9" * 5000 + "}",
        '{"id": "e", "text": "last\\u0000\\n"}',
    ]
    found = read(put(tmp_path / "a.jsonl", "\n".join(lines)))
    assert rows(found) == [("a", "first"), ("b", None), ("c", None), ("e", "last\x00\n")]
    assert [problem.row for problem in found.problems] == [2, 5, 6, 7, 8, 11, 12]
    assert {problem.severity for problem in found.problems} == {"error"}
    reasons = [problem.reason for problem in found.problems]
    assert "column 2" in reasons[0]
    assert "got an array" in reasons[1]
    assert "got a string" in reasons[2]
    assert "got the number 5" in reasons[3]


def test_ids_of_any_scalar_are_strings(tmp_path: Path) -> None:
    """Numbers and truth values are written out; null is a missing id, and so is, with a warning, an array."""
    values = ["1", "2.5", "true", '"x"', "null", "[1]"]
    found = read(put(tmp_path / "a.jsonl", "\n".join(f'{{"id": {value}, "text": "t"}}' for value in values)))
    assert [name for name, _ in rows(found)] == ["1", "2.5", "true", "x", "a:4", "a:5"]
    assert (only(found).row, only(found).severity) == (6, "warning")


def test_made_ids_lead_to_the_line(tmp_path: Path) -> None:
    """Lines left out do not shift the numbers of the others."""
    found = read(put(tmp_path / "a.jsonl", '{"text": "x"}\nbad\n\n{"text": "y"}\n'))
    assert [name for name, _ in rows(found)] == ["a:0", "a:3"]


def test_lone_surrogates_are_replaced(tmp_path: Path) -> None:
    """An escape of half a character becomes U+FFFD in text and id; a whole pair is the character."""
    line = r'{"id": "i\udc80", "text": "a\ud800b\ud83d\ude00"}' + "\n"
    found = read(put(tmp_path / "a.jsonl", line + '{"id": "j", "text": "ok"}\n'))
    assert rows(found) == [("i\ufffd", "a\ufffdb😀"), ("j", "ok")]
    assert found.problems == []


def test_undecodable_bytes_in_lines_are_counted(tmp_path: Path) -> None:
    """The row is kept with U+FFFD, and the file has one warning with the first line and the number of bytes."""
    raw = b'{"id": 1, "text": "ok"}\n{"id": 2, "text": "caf\xe9"}\n{"id": 3, "text": "\xff\xe4\xb8"}\n'
    found = read(put(tmp_path / "a.jsonl", raw))
    assert rows(found) == [("1", "ok"), ("2", "caf\ufffd"), ("3", "\ufffd\ufffd")]
    problem = only(found)
    assert (problem.row, problem.severity) == (2, "warning")
    assert "4 undecodable bytes" in problem.reason


def test_a_file_of_no_article_is_one_problem(tmp_path: Path) -> None:
    """A JSON document over many lines is not as many problems."""
    document = json.dumps([{"id": number, "text": "x"} for number in range(100)], indent=1)
    problem = only(read(put(tmp_path / "a.json", document)))
    assert problem.row == 1
    assert "none of the 402 rows is an article" in problem.reason
    assert "not a JSON object on one line" in problem.reason


@pytest.mark.parametrize("codec", ["gz", "zst"])
def test_what_came_before_a_cut_is_kept(tmp_path: Path, codec: str) -> None:
    """JSON Lines in a compressed file that is cut short are read as far as they go."""
    lines = [json.dumps({"id": number, "text": uuid.UUID(int=number**31 % 2**128).hex}) for number in range(20_000)]
    path = put(tmp_path / f"a.jsonl.{codec}", "\n".join(lines))
    raw = path.read_bytes()
    path.write_bytes(raw[: len(raw) * 3 // 4])
    found = read([path])
    kept = [name for name, _ in rows(found)]
    assert kept == [str(number) for number in range(len(kept))]
    assert 10_000 < len(kept) < 20_000
    assert only(found).severity == "error"
    assert f"the {len(kept):,} articles before it were kept" in only(found).reason


def test_members_of_a_gzip_file_are_read_in_a_row(tmp_path: Path) -> None:
    """A file of several compressed streams, as `cat` makes it, is read to its end."""
    one = put(tmp_path / "one.jsonl.gz", '{"text": "x"}\n').read_bytes()
    (tmp_path / "two.jsonl.gz").write_bytes(one + one)
    assert len(rows(read([tmp_path / "two.jsonl.gz"]))) == 2


def test_texts_of_more_than_a_chunk_are_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts come in several Arrow chunks, in order, and an error after the first chunk loses none."""
    monkeypatch.setattr("dedup.files.tables.PACK", 10_000)
    monkeypatch.setattr("dedup.files.tables.SMALL", 1_000)
    articles = [(str(number), "文" * (number % 500)) for number in range(1000)]
    lines = "\n".join(json.dumps({"id": name, "text": text}) for name, text in articles)
    found = read(put(tmp_path / "a.jsonl", lines))
    assert rows(found) == articles
    assert found.table.column("text").num_chunks > 10


def test_a_late_refusal_takes_back_the_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file in which no line has the text gives no rows, even when it is known only at its end."""
    monkeypatch.setattr("dedup.files.tables.PACK", 100)
    found = read(put(tmp_path / "a.jsonl", '{"id": "x", "body": "t"}\n' * 1000))
    assert rows(found) == []
    assert "no column 'text'" in only(found).reason


@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
def test_tables_in_utf16_are_read(tmp_path: Path, suffix: str) -> None:
    """Spreadsheets write UTF-16 with a mark."""
    content = {"csv": "id,text\r\n一,正文\r\n", "jsonl": '{"id": "一", "text": "正文"}\n'}[suffix]
    found = read(put(tmp_path / f"a.{suffix}", content.encode("utf-16")))
    assert rows(found) == [("一", "正文")]
    assert found.problems == []


# CSV


def test_a_textbook_csv_is_read(tmp_path: Path) -> None:
    """Quotes, newlines in quotes, doubled quotes, columns in any order and others between, CRLF, NUL and a mark."""
    content = '\ufefftext,date,id\r\n"a, ""b""\r\nc",2020,1\r\n\r\nplain,2021,2\r\n,,\r\nn\x00ul,2022,NA'
    found = read(put(tmp_path / "a.csv", content))
    assert rows(found) == [("1", 'a, "b"\r\nc'), ("2", "plain"), ("a:2", ""), ("NA", "n\x00ul")]
    assert found.problems == []


def test_rows_of_another_width_are_problems(tmp_path: Path) -> None:
    """A row with too many or too few fields is left out with the number of its line, counting lines in quotes."""
    found = read(put(tmp_path / "a.csv", 'id,text\n1,"x\ny"\n2\n3,a,b\n,z\n'))
    assert rows(found) == [("1", "x\ny"), ("a:3", "z")]
    assert [(problem.row, problem.severity) for problem in found.problems] == [(4, "error"), (5, "error")]
    assert found.problems[0].reason == "the row has 1 field, the line of column names 2"


@pytest.mark.parametrize("rest", ['4,"d ""q"""\n5,"e\ne"\n6,""', '4,d ""q""\n5,""""\n6,"f"'])
def test_an_unclosed_quote_costs_one_row(tmp_path: Path, rest: str) -> None:
    """A quote that is never closed swallows neither the rest of the file nor the rows up to the next quote."""
    found = read(put(tmp_path / "a.csv", 'id,text\n1,a\n2,"open\n3,c\n' + rest))
    assert [name for name, _ in rows(found)] == ["1", "3", "4", "5", "6"]
    assert only(found).row == 3
    assert "quotes in this row do not match" in only(found).reason


def test_every_other_quote_unclosed_is_read_in_a_few_passes(tmp_path: Path) -> None:
    """Many broken rows neither add up to quadratic work nor to deep recursion."""
    found = read(put(tmp_path / "a.csv", "id,text\n" + '1,"open\n2,whole\n' * 50_000))
    assert {row for row in rows(found) if row != ("2", "whole")} == set()
    assert found.table.num_rows == 50_000
    assert len(found.problems) == 50_001  # the rows, and that their ids are the same


def test_text_after_a_closing_quote_is_kept(tmp_path: Path) -> None:
    """Sloppy quotes on one line are read as all readers do."""
    found = read(put(tmp_path / "a.csv", 'id,text\n1,"a" b\n2,5" pipe\n3,"c"'))
    assert rows(found) == [("1", "a b"), ("2", '5" pipe'), ("3", "c")]
    assert found.problems == []


def test_an_unclosed_quote_in_the_header_is_a_problem(tmp_path: Path) -> None:
    """Without column names nothing can be read."""
    assert "quotes in the line of column names" in only(read(put(tmp_path / "a.csv", 'id,"text\n1,a\n'))).reason


def test_undecodable_csv_is_mended(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 become U+FFFD in the columns asked for, with the line of the first."""
    found = read(put(tmp_path / "a.csv", b"id,text,other\xff\n1,ok,\xff\n\xe9,caf\xe9,\n"))
    assert rows(found) == [("1", "ok"), ("\ufffd", "caf\ufffd")]
    assert only(found).row == 3
    assert "2 undecodable bytes" in only(found).reason


def test_a_field_of_50_mb_is_read(tmp_path: Path) -> None:
    """No default limit on a field applies, and the one of the process is as before."""
    before = csv.field_size_limit()
    found = read(put(tmp_path / "a.csv", 'id,text\n1,"' + ("x" * 99 + "\n") * 500_000 + '"\n2,x\n'))
    assert found.table.column("id").to_pylist() == ["1", "2"]
    assert len(found.table.column("text")[0].as_py()) == 50_000_000
    assert csv.field_size_limit() == before


# Parquet


@pytest.mark.parametrize(
    "kind",
    [
        pa.string(),
        pa.large_string(),
        pa.string_view(),
        pa.binary(),
        pa.large_binary(),
        pa.dictionary(pa.int32(), pa.string()),
        pa.dictionary(pa.int8(), pa.large_string()),
        pa.dictionary(pa.int32(), pa.binary()),
    ],
    ids=str,
)
def test_every_text_type_of_parquet_is_read(tmp_path: Path, kind: pa.DataType) -> None:
    """Texts in any string or binary type are large_string, nulls are kept."""
    texts = pa.array([b"x", None, "正文".encode(), b""])
    column = texts.cast(kind.value_type).dictionary_encode() if pa.types.is_dictionary(kind) else texts.cast(kind)
    found = read([put_parquet(tmp_path / "a.parquet", {"other": [1, 2, 3, 4], "text": column, "id": column})])
    assert rows(found) == [("x", "x"), ("a:1", None), ("正文", "正文"), ("", "")]
    assert found.problems == []


@pytest.mark.parametrize("kind", ["string", "binary", "dictionary"])
def test_invalid_utf8_in_parquet_is_mended(tmp_path: Path, kind: str) -> None:
    """Parquet does not check strings: what is not UTF-8 is mended, counted, and the first row named."""
    values = invalid(*[b"fine"] * 3000, b"caf\xe9", None, b"\xff\xff", *[b"fine"] * 3000)
    column = values.cast(pa.binary()) if kind == "binary" else values
    if kind == "dictionary":
        indices = pa.array([0] * 3000 + [1, None, 2] + [0] * 3000)
        column = pa.DictionaryArray.from_arrays(indices, invalid(b"fine", b"caf\xe9", b"\xff\xff"))
    found = read([put_parquet(tmp_path / "a.parquet", {"text": column}, row_group_size=2000)])
    texts = [text for _, text in rows(found)]
    assert texts[2998:3005] == ["fine", "fine", "caf\ufffd", None, "\ufffd\ufffd", "fine", "fine"]
    assert len(texts) == 6003
    problem = only(found)
    assert (problem.row, problem.severity) == (3001, "warning")
    assert "3 undecodable bytes" in problem.reason


def test_parquet_ids_of_any_type_are_strings(tmp_path: Path) -> None:
    """Numbers, dates, hashes and UUIDs are written out; null is a missing id."""
    name = uuid.uuid4()
    for column, expected in (
        (pa.array([12, None]), "12"),
        (pa.array([12, None]).dictionary_encode(), "12"),
        (pa.array([2.5, None]), "2.5"),
        (pa.array([True, None]), "true"),
        (pa.array([0, None], pa.date32()), "1970-01-01"),
        (pa.array([b"\xff\x00", None], pa.binary(2)), "ff00"),
        (pa.array([name.bytes, None], pa.uuid()), str(name)),
    ):
        found = read([put_parquet(tmp_path / "a.parquet", {"id": column, "text": ["x", "y"]})])
        assert rows(found) == [(expected, "x"), ("a:1", "y")]
    found = read([put_parquet(tmp_path / "a.parquet", {"id": pa.nulls(1), "text": pa.nulls(1)})])
    assert rows(found) == [("a:0", None)]


def test_parquet_columns_of_another_type_are_problems(tmp_path: Path) -> None:
    """Texts that are numbers and ids that are lists are refused, with the type that was found."""
    numbers = put_parquet(tmp_path / "a.parquet", {"text": [1, 2]})
    lists = put_parquet(tmp_path / "b.parquet", {"id": [[1]], "text": ["x"]})
    found = read([numbers, lists])
    assert rows(found) == []
    assert "column 'text' holds int64, but texts must be strings" in found.problems[0].reason
    assert "column 'id' holds list<" in found.problems[1].reason


def test_a_dot_in_a_column_name_is_no_path(tmp_path: Path) -> None:
    """Column names are taken as they are."""
    path = put_parquet(tmp_path / "a.parquet", {"article.text": ["x"], "article": [{"text": "no"}]})
    assert rows(read([path], text="article.text")) == [("a:0", "x")]


@pytest.mark.parametrize("keep", [0, 3, 500])
def test_a_corrupt_parquet_file_is_a_problem(tmp_path: Path, keep: int) -> None:
    """A file without its footer is lost and named, and the rest is read."""
    path = put_parquet(tmp_path / "a.parquet", {"text": [str(number) for number in range(1000)]})
    path.write_bytes(path.read_bytes()[:keep])
    put(tmp_path / "b.md", "b")
    found = read([tmp_path])
    assert rows(found) == [("b", "b")]
    assert (only(found).path, only(found).severity) == (str(path), "error")


def test_a_corrupt_row_group_costs_only_itself(tmp_path: Path) -> None:
    """Row groups before and after a broken one are read."""
    texts = [uuid.UUID(int=number**31 % 2**128).hex for number in range(3000)]
    path = put_parquet(tmp_path / "a.parquet", {"text": texts}, row_group_size=1000, compression="zstd")
    column = pq.ParquetFile(path).metadata.row_group(1).column(0)
    raw = bytearray(path.read_bytes())
    start = column.dictionary_page_offset or column.data_page_offset
    raw[start : start + column.total_compressed_size] = b"\xff" * column.total_compressed_size
    path.write_bytes(raw)
    found = read([path])
    assert rows(found) == [(f"a:{row}", texts[row]) for row in (*range(1000), *range(2000, 3000))]
    assert (only(found).row, only(found).severity) == (1001, "error")
    assert "rows 1,001 to 2,000 cannot be read" in only(found).reason


# Writing

TABLE = {
    "id": ["a", "乙", None],
    "cluster": [0, 1, None],
    "similarity": [0.5, None, 1.0],
    "text": ['x,\n"y"', "", None],
}


@pytest.mark.parametrize("name", ["o.parquet", "o.pq", "o.PARQUET"])
def test_parquet_is_written(tmp_path: Path, name: str) -> None:
    """A table comes back as it was."""
    write(pa.table(TABLE), tmp_path / name)
    assert pq.read_table(tmp_path / name).equals(pa.table(TABLE))


@pytest.mark.parametrize("name", ["o.jsonl", "o.ndjson", "o.json"])
def test_json_lines_are_written(tmp_path: Path, name: str) -> None:
    """Each row is an object on a line, in UTF-8 and not escaped."""
    write(pa.table(TABLE), str(tmp_path / name))
    lines = (tmp_path / name).read_text("utf-8").splitlines()
    assert [json.loads(line) for line in lines] == pa.table(TABLE).to_pylist()
    assert "乙" in lines[1]


def test_csv_is_written(tmp_path: Path) -> None:
    """CSV holds what the standard library reads back."""
    write(pa.table(TABLE), tmp_path / "o.csv")
    with (tmp_path / "o.csv").open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file)) == [
            list(TABLE),
            ["a", "0", "0.5", 'x,\n"y"'],
            ["乙", "1", "", ""],
            ["", "", "1", ""],
        ]


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_what_is_written_can_be_read(tmp_path: Path, suffix: str) -> None:
    """`read` reads what `write` wrote."""
    table = pa.table({"id": ["a", "b"], "text": ['"', "正\n文"]})
    write(table, tmp_path / f"o.{suffix}")
    assert read([tmp_path / f"o.{suffix}"]).table.to_pylist() == table.to_pylist()


def test_odd_columns_are_written(tmp_path: Path) -> None:
    """Lists and structs are JSON text in CSV, and numbers that JSON does not have are null."""
    table = pa.table(
        {
            "list": [["一", None], None],
            "struct": [{"x": float("nan")}, None],
            "view": pa.array(["v", None], pa.string_view()),
            "float": [float("inf"), 1.5],
            "coded": pa.array(["a", "a"]).dictionary_encode(),
        }
    )
    write(table, tmp_path / "o.csv")
    with (tmp_path / "o.csv").open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file))[1:] == [
            ['["一", null]', '{"x": null}', "v", "inf", "a"],
            ["", "", "", "1.5", "a"],
        ]
    write(table, tmp_path / "o.jsonl")
    first = json.loads((tmp_path / "o.jsonl").read_text("utf-8").splitlines()[0])
    assert first == {"list": ["一", None], "struct": {"x": None}, "view": "v", "float": None, "coded": "a"}


def test_an_output_that_cannot_be_is_refused_early(tmp_path: Path) -> None:
    """An unknown suffix, a missing folder and a folder itself are errors that say what to do."""
    (tmp_path / "folder.csv").mkdir()
    for name, message in (
        ("o.xlsx", r"the suffix must be one of \.parquet, \.pq, \.csv, \.jsonl"),
        ("o.csv.gz", "the suffix must be one of"),
        ("none/o.csv", "create it first: mkdir -p"),
        ("folder.csv", "it is a folder"),
        ("", "it is a folder"),
    ):
        with pytest.raises(FileError, match=message):
            check_output(tmp_path / name)
        with pytest.raises(FileError, match=message):
            write(pa.table(TABLE), tmp_path / name)
    check_output(tmp_path / "fine.csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder.csv"]


def test_a_folder_closed_to_writing_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that may not be written to is known before the work (asked of the system: root may write anywhere)."""
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(FileError, match="closed to writing"):
        check_output(tmp_path / "o.csv")


@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: BaseException) -> None:
    """When writing fails or is stopped the old file stands and nothing else is left beside it."""

    def fail(_: int) -> None:
        raise fault

    (tmp_path / "o.csv").write_text("old")
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(FileError if isinstance(fault, OSError) else KeyboardInterrupt) as caught:
        write(pa.table(TABLE), tmp_path / "o.csv")
    if isinstance(fault, OSError):
        assert "No space left on device" in str(caught.value)
        assert "o.csv" in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["o.csv"]
    assert (tmp_path / "o.csv").read_text() == "old"


@POSIX
def test_permissions_follow_the_umask(tmp_path: Path) -> None:
    """The file is as open as any other that the user makes."""
    before = os.umask(0o027)
    try:
        write(pa.table(TABLE), tmp_path / "o.csv")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "o.csv").stat().st_mode) == 0o640


@POSIX
def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """Writing through a link replaces what it leads to."""
    (tmp_path / "real").mkdir()
    (tmp_path / "o.csv").symlink_to(tmp_path / "real" / "data")
    write(pa.table(TABLE), tmp_path / "o.csv")
    assert (tmp_path / "o.csv").is_symlink()
    assert (tmp_path / "real" / "data").read_text("utf-8").startswith('"id"')


# Titles


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("# 标题\n\n正文", "标题"),
        ("\n \n**Bold title**\nbody", "Bold title"),
        ("---\n***\n## Second ##\n", "Second"),
        ("- [a link](http://x.y/z) and ![image](i.png)", "a link and image"),
        ("> quoted", "quoted"),
        ("-5 degrees in C#", "-5 degrees in C#"),
        ("<h1 class='x'>Heading</h1>", "Heading"),
        ("a < b and b > c", "a < b and b > c"),
        ("tab\tand  space", "tab and space"),
        ("", ""),
        (None, ""),
        ("* * *\n# \n", ""),
        ("\x1b[2Jcle\x07ar", "[2Jclear"),
        ("safe\u202egnp.exe\u200b", "safegnp.exe"),
        ("\x1b]0;owned\x07\nnext", "]0;owned"),
        ("x" * 60, "x" * 60),
        ("x" * 61, "x" * 59 + "…"),
        ("文" * 30, "文" * 30),
        ("文" * 31, "文" * 29 + "…"),
        ("a" + "文" * 30, "a" + "文" * 29 + "…"),
        ("word " * 50, "word " * 11 + "word…"),
        ("#" * 5_000_000, ""),
        ("[" * 5_000_000, "[" * 59 + "…"),
    ],
)
def test_a_title_is_the_first_line_that_says_something(text: str | None, title: str) -> None:
    """Without markup, links and control characters, and no wider than 60 columns."""
    assert titles(pa.chunked_array([pa.array([text], pa.large_string())]), [0]) == [title]


def test_titles_are_those_of_the_positions() -> None:
    """Positions may be in any order and in any chunk."""
    texts = pa.chunked_array([["a", "b"], ["c"]], pa.large_string())
    assert titles(texts, [2, 0, 2]) == ["c", "a", "c"]
    assert titles(texts, pa.array([1]).to_numpy()) == ["b"]
    assert titles(texts, []) == []


def test_what_is_printable_drives_no_terminal() -> None:
    """Controls go, white space is a blank, everything else stays."""
    assert printable(" a\x1b[31m\tb\r\nc\u2028d\u202e\ud800 文😀 ") == "a[31m b c d 文😀"
