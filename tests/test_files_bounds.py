"""What is held of a file is bounded, however small it is on the disk."""

from __future__ import annotations

import gzip
import sys
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from test_files import only, put, put_parquet, rows

from dedup.files import Job, Problem, found, read, stream
from dedup.files.bounds import TEXT


def streamed(path: Path, most: int) -> tuple[list[tuple[str, str | None]], list[Problem]]:
    """The articles of a file whose texts may have so many bytes, and its problems."""
    (source,) = found([path]).files
    job = Job(source, most=most)
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


@pytest.mark.parametrize("suffix", ["txt", "md.gz", "html"])
def test_a_document_that_is_too_long_is_not_read(tmp_path: Path, suffix: str) -> None:
    """It is one text."""
    articles, (problem,) = streamed(put(tmp_path / f"a.{suffix}", "a" * 2000), 1000)
    assert articles == []
    assert "more than 1,000 bytes" in problem.reason


def test_a_small_file_of_one_huge_text_takes_little_memory(tmp_path: Path) -> None:
    """It is let go as soon as it is too long, and the rest of the folder is read."""
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(bytes(3 * TEXT), 1))
    put(tmp_path / "b.txt", "b")
    tracemalloc.start()
    found = read([tmp_path])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert rows(found) == [("b", "b")]
    assert "which is the most that is read of a text" in only(found).reason
    assert peak < 1.5 * TEXT


@pytest.mark.parametrize("end", ["\n", ""])
def test_a_line_that_is_too_long_costs_only_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    """Lines of JSON, also the last one; those as long as may be are read."""
    for module in ("bounds", "formats.json_lines"):
        monkeypatch.setattr(sys.modules[f"dedup.files.{module}"], "LINE", 1000)
    fits = '{"text": "%s"}' % ("茶" * 986)
    lines = ['{"text": "a"}', '{"text": "%s"}' % ("b" * 5000), fits, '{"text": "%s"}' % ("c" * 986)]
    found = read(put(tmp_path / "a.jsonl", "\n".join(lines) + "c" * (end == "") + end))
    assert [name for name, _ in rows(found)] == ["a:0", "a:2"] + ["a:3"] * (end == "\n")
    assert [problem.row for problem in found.problems] == [2] + [4] * (end == "")
    assert "more than 1,000 characters" in found.problems[0].reason


def test_a_row_of_csv_that_is_too_long_costs_only_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be it one line or many, with quotes or without; what comes after it is read."""
    for module in ("bounds", "formats.csv_rows"):
        monkeypatch.setattr(sys.modules[f"dedup.files.{module}"], "LINE", 1000)
    long = ["x" * 3000, '"' + "y" * 3000 + '"', '"' + "z\n" * 3000]
    table = "id,text\na,first\n" + "".join(f"b{place},{text}\nc{place},next\n" for place, text in enumerate(long))
    found = read(put(tmp_path / "a.csv", table))
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
    monkeypatch.setattr("dedup.files.formats.feeds.MOST", 100)
    path = put(tmp_path / "a.rss", f"<rss><channel>{'<item><description>x</description></item>' * 9}</channel></rss>")
    assert "more than 100 bytes" in only(read([path])).reason
