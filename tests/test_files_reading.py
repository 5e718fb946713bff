"""Reading as a whole: every kind of file, whole, compressed, cut short, and how far it is."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from test_files import only, put, put_parquet, rows

from dedup.errors import FileError
from dedup.files import Job, ReadOptions, read
from dedup.files.formats import READERS
from dedup.files.tables import Piece


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


def test_no_paths_give_an_empty_table() -> None:
    """Nothing asked for is nothing found."""
    found = read([])
    assert rows(found) == []
    assert found.problems == []


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


@pytest.mark.parametrize("suffix", ["csv.gz", "parquet.zst"])
def test_a_compressed_file_that_is_not_is_a_problem(tmp_path: Path, suffix: str) -> None:
    """Content that is not what the suffixes say costs only this file."""
    (tmp_path / f"a.{suffix}").write_bytes(b"not compressed at all " * 9)
    put(tmp_path / "b.txt", "b")
    found = read([tmp_path])
    assert rows(found) == [("b", "b")]
    assert all(problem.path.endswith(suffix) for problem in found.problems)
    assert [problem.severity for problem in found.problems] == ["warning", "error"]


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
    line, cut = found.problems
    assert (line.row, line.severity, cut.severity) == (len(kept) + 1, "error", "error")
    assert f"the {len(kept):,} articles before it were kept" in cut.reason


def test_members_of_a_gzip_file_are_read_in_a_row(tmp_path: Path) -> None:
    """A file of several compressed streams, as `cat` makes it, is read to its end."""
    one = put(tmp_path / "one.jsonl.gz", '{"text": "x"}\n').read_bytes()
    (tmp_path / "two.jsonl.gz").write_bytes(one + one)
    assert len(rows(read([tmp_path / "two.jsonl.gz"]))) == 2


def test_files_to_be_written_are_left_out(tmp_path: Path) -> None:
    """One or several, however they are named."""
    for name in ("a.md", "b.md", "c.md"):
        put(tmp_path / name, name)
    one, two = tmp_path / "a.md", tmp_path / "." / "c.md"
    assert [name for name, _ in rows(read(tmp_path))] == ["a", "b", "c"]
    assert [name for name, _ in rows(read(tmp_path, exclude=str(one)))] == ["b", "c"]
    assert [name for name, _ in rows(read([tmp_path, two], exclude=[one, str(two)]))] == ["b"]


def test_further_columns_are_read(tmp_path: Path) -> None:
    """Of Parquet with their types, of CSV as strings, of JSON Lines as text; a text file has none."""
    days = pa.array([19_000, None], pa.date32())
    pq.write_table(pa.table({"text": ["x", "y"], "day": days, "n": [1.5, 2]}), tmp_path / "a.parquet")
    found = read([tmp_path], columns=["day", "n", "text"])
    assert found.table.column_names == ["id", "text", "day", "n"]
    assert found.table["day"].type == pa.date32()
    (tmp_path / "b.csv").write_text("n,text,day\n07,z,2024-01-01\n", "utf-8")
    (tmp_path / "c.jsonl").write_text('{"text": "七", "n": 7.0}\n{"text": "八", "day": ["月", 1]}\n', "utf-8")
    (tmp_path / "d.md").write_text("note", "utf-8")
    found = read([tmp_path], columns=["day", "n"])
    assert found.problems == []
    assert found.table["n"].to_pylist() == ["1.5", "2", "07", "7", None, None]
    assert found.table["day"].to_pylist() == ["2022-01-08", None, "2024-01-01", None, '["月", 1]', None]


def test_a_further_column_that_is_missing_is_a_problem(tmp_path: Path) -> None:
    """The file is named with its columns; a name that means another column here is refused."""
    for name, text in (("a.csv", "text\nx\n"), ("b.jsonl", '{"text": "x"}\n')):
        (tmp_path / name).write_text(text, "utf-8")
    found = read([tmp_path], columns=["day"])
    assert len(found.table) == 0
    assert [one.reason for one in found.problems] == ["there is no column 'day'; the columns are ['text']"] * 2
    with pytest.raises(FileError, match="cannot be read beside 'body'"):
        read([tmp_path], ReadOptions("body"), columns=["text"])


def test_a_file_that_asks_for_too_much_memory_costs_only_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a length in its head is damaged; what came before is kept."""

    def greedy(job: Job, _: object) -> Iterator[Piece]:
        yield [(job.source.id, "kept")]
        raise MemoryError

    monkeypatch.setitem(READERS, "orc", greedy)
    put(tmp_path / "a.orc", "ORC")
    put(tmp_path / "b.txt", "b")
    found = read(tmp_path)
    assert rows(found) == [("a", "kept"), ("b", "b")]
    assert "more memory is asked for than there is" in only(found).reason
