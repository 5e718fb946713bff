"""What is held of a file is bounded, however small it is on the disk."""

from __future__ import annotations

import gzip
import json
import tracemalloc
import zipfile
from io import BufferedReader, BytesIO, TextIOWrapper
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_files import only, put, put_parquet, rows

from dedup.files import Job, Problem, ReadOptions, found, read, stream
from dedup.files.bounds import Lines
from dedup.identity import LONGEST_ID
from dedup.settings import LONGEST_TEXT

SHORT = ReadOptions(longest_text=250)
"""Lines and records have 1,000 characters then, where that is not too few for any."""


def streamed(path: Path, most: int) -> tuple[list[tuple[str, str | None]], list[Problem]]:
    """The articles of a file whose texts may have so many bytes, and its problems."""
    (source,) = found([path]).files
    job = Job(source, ReadOptions(longest_text=most))
    articles = [row for table in stream(job) for row in zip(*table.to_pydict().values(), strict=True)]
    return articles, job.problems(len(articles))


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet", "zip"])
def test_a_text_that_is_too_long_costs_only_itself(tmp_path: Path, suffix: str) -> None:
    """Bytes count, not characters, and a text of as many as are allowed is read."""
    texts = ["茶", "茶" * 34, "b" * 100, None, "🍵" * 26, "最後"]
    if suffix == "parquet":
        put_parquet(tmp_path / "a.parquet", {"id": list("012345"), "text": texts})
    elif suffix == "csv":
        put(tmp_path / "a.csv", "id,text\n" + "".join(f"{place},{text or ''}\n" for place, text in enumerate(texts)))
    else:
        lines = [f'{{"id": {place}, "text": "{text}"}}\n' for place, text in enumerate(texts)]
        content = "".join(lines).replace('"None"', "null")
        put(tmp_path / "a.jsonl", content)
    if suffix == "zip":
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            archive.write(tmp_path / "a.jsonl", "a.jsonl")
    articles, problems = streamed(tmp_path / f"a.{suffix}", 100)
    assert [name for name, _ in articles] == ["0", "2", "3", "5"]
    assert ["more than 100 bytes" in problem.reason for problem in problems] == [True, True]
    assert all("cut it" in problem.reason for problem in problems)


LONG = ["short", "b" * 400, "c" * 100]
COLUMNS = {
    "dictionary": pa.array(LONG * 2).dictionary_encode(),
    "binary": pa.array([text.encode() for text in LONG * 2]),
    "large dictionary": pa.array(LONG * 2, pa.large_string()).dictionary_encode(),
    "runs": pa.RunEndEncodedArray.from_arrays(pa.array(range(1, 7), pa.int32()), pa.array(LONG * 2)),
    "views": pa.array(LONG * 2, pa.string_view()),
    "runs of views": pa.RunEndEncodedArray.from_arrays(
        pa.array(range(1, 7), pa.int32()), pa.array(LONG * 2, pa.string_view())
    ),
    "lists": pa.array([[text[:50], text[50:]] for text in LONG * 2]),
    "struct": pa.array([{"body": text} for text in LONG * 2]),
}


@pytest.mark.parametrize("kind", COLUMNS)
@pytest.mark.parametrize("suffix", ["parquet", "arrow"])
def test_rows_of_any_type_are_measured(tmp_path: Path, kind: str, suffix: str) -> None:
    """Those that are too long are lost by their numbers, and the others keep theirs."""
    column, path = COLUMNS[kind], tmp_path / f"a.{suffix}"
    if suffix == "parquet" and "runs" in kind:
        pytest.skip("Parquet has no runs")
    table = pa.table({"text": column})
    if suffix == "parquet":
        pq.write_table(table, path)
    else:
        with pa.ipc.new_file(path, table.schema) as file:
            file.write_table(table)
    found = read(path, ReadOptions(text="text.body" if kind == "struct" else "text", longest_text=250))
    assert [name for name, _ in rows(found)] == ["a:0", "a:2", "a:3", "a:5"]
    assert [problem.row for problem in found.problems] == [2, 5]


def test_a_dictionary_that_repeats_a_long_text_is_not_written_out(tmp_path: Path) -> None:
    """Its rows are lost at the cost of the dictionary."""
    coded = pa.DictionaryArray.from_arrays(pa.array([0] * 2000 + [1], pa.int32()), ["a" * 20_000_000, "b"])
    pq.write_table(pa.table({"text": coded}), tmp_path / "a.parquet", compression="zstd")
    before = pa.default_memory_pool().max_memory()
    found = read(tmp_path / "a.parquet")
    assert rows(found) == [("a:2000", "b")]
    assert sum(problem.count for problem in found.problems) == 2000
    assert pa.default_memory_pool().max_memory() <= max(before, 300_000_000)


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_an_id_that_cannot_be_one_costs_only_itself(tmp_path: Path, suffix: str) -> None:
    """It is too long to be kept for all time, or has a NUL in it; an index takes none either."""
    names = ["a", "b" * (LONGEST_ID + 1), "c\0c", "d" * LONGEST_ID]
    path = tmp_path / f"a.{suffix}"
    if suffix == "parquet":
        put_parquet(path, {"id": names, "text": names})
    elif suffix == "csv":
        put(path, "id,text\n" + "".join(f"{name},{place}\n" for place, name in enumerate(names)))
    else:
        put(path, "".join(json.dumps({"id": name, "text": "x"}) + "\n" for name in names))
    found = read(path)
    assert [name for name, _ in rows(found)] == ["a", "d" * LONGEST_ID]
    assert sorted(problem.reason[:38] for problem in found.problems) == [
        "an id must not have more than 65,536 b", "an id must not hold a NUL character; w",
    ]  # fmt: skip


@pytest.mark.parametrize("suffix", ["txt", "md.gz", "html"])
def test_a_document_that_is_too_long_is_not_read(tmp_path: Path, suffix: str) -> None:
    """It is one text."""
    articles, (problem,) = streamed(put(tmp_path / f"a.{suffix}", "a" * 2000), 1000)
    assert articles == []
    assert "more than 1,000 bytes" in problem.reason


def test_a_small_file_of_one_huge_text_takes_little_memory(tmp_path: Path) -> None:
    """It is let go as soon as it is too long, and the rest of the folder is read."""
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(bytes(3 * LONGEST_TEXT), 1))
    put(tmp_path / "b.txt", "b")
    tracemalloc.start()
    found = read([tmp_path])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert rows(found) == [("b", "b")]
    assert "which is the most that is read of a text" in only(found).reason
    assert peak < 1.5 * LONGEST_TEXT


@pytest.mark.parametrize("end", ["\n", ""])
def test_a_line_that_is_too_long_costs_only_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    """Lines of JSON, also the last one; those as long as may be are read."""
    monkeypatch.setattr("dedup.files.options.LEAST_LINE", 1000)
    row = '{"text": "a", "m": "%s"}'
    lines = ['{"text": "a"}', row % ("b" * 5000), row % ("茶" * 976), row % ("c" * 976)]
    path = put(tmp_path / "a.jsonl", "\n".join(lines) + "c" * (end == "") + end)
    found = read(path, SHORT)
    assert [name for name, _ in rows(found)] == ["a:0", "a:2"] + ["a:3"] * (end == "\n")
    assert [problem.row for problem in found.problems] == [2] + [4] * (end == "")
    assert "more than 1,000 characters" in found.problems[0].reason


@given(st.text("ab\r\n茶\u2028\x0b", max_size=60), st.sampled_from(["", "\n"]), st.integers(2, 20))
@settings(deadline=None)
def test_lines_are_those_of_python(text: str, newline: str, longest: int) -> None:
    """However they are cut from pieces; of one that is too long the beginning is there."""
    lines = list(Lines(BufferedReader(BytesIO(text.encode())), longest, newline, "utf-8"))
    assert lines == [line[:longest] for line in TextIOWrapper(BytesIO(text.encode()), "utf-8", newline=newline)]


def test_a_row_of_csv_that_is_too_long_costs_only_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be it one line or many, with quotes or without; what comes after it is read."""
    monkeypatch.setattr("dedup.files.options.LEAST_LINE", 1000)
    long = ["x" * 3000, '"' + "y" * 3000 + '"', '"' + "z\n" * 3000]
    table = "id,text\na,first\n" + "".join(f"b{place},{text}\nc{place},next\n" for place, text in enumerate(long))
    found = read(put(tmp_path / "a.csv", table), SHORT)
    named = [name for name, _ in rows(found)]
    assert named[0] == "a"
    assert {"c0", "c1", "c2"} < set(named) | {"a"}
    assert not {"b0", "b1", "b2"} & set(named)
    assert any("more than" in problem.reason for problem in found.problems)


@pytest.mark.parametrize("suffix", ["parquet", "orc", "epub", "wacz", "zip"])
def test_what_has_to_be_held_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str) -> None:
    """Compressed as a whole it cannot be read from its end."""
    path = put(tmp_path / f"a.{suffix}.gz", put_parquet(tmp_path / "t", {"text": ["x"]}).read_bytes()[4:])
    monkeypatch.setattr("dedup.files.bounds.held.__defaults__", (100, ""))
    assert "more than 100 bytes, and all of them are needed at once" in only(read([path])).reason


def test_a_feed_that_is_too_long_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a tree it takes more memory than as a file."""
    monkeypatch.setattr("dedup.files.options.LEAST_LINE", 100)
    path = put(tmp_path / "a.rss", f"<rss><channel>{'<item><description>x</description></item>' * 99}</channel></rss>")
    assert "more than 1,000 bytes" in only(read([path], SHORT)).reason
