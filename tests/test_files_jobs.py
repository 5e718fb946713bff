"""What a file is asked for and what is said of its problems, the same for every kind of table."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from test_files import only, put, put_parquet, rows

from dedup.files import Problem, ReadOptions, read


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
    assert rows(read([tmp_path / f"a.{suffix}"], ReadOptions("body"))) == [("1", "x"), ("2", "y")]


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_ids_are_made_only_for_the_default_column(tmp_path: Path, suffix: str) -> None:
    """Without a column "id" rows are numbered; a column that was asked for by name must be there."""
    path = tmp_path / "in" / "sub" / f"a.{suffix}"
    put(path, {"csv": "text\nx\ny\n", "jsonl": '{"text": "x"}\n{"text": "y"}\n'}.get(suffix, ""))
    if suffix == "parquet":
        put_parquet(path, {"text": ["x", "y"]}, row_group_size=1)
    assert rows(read([path])) == [("a:0", "x"), ("a:1", "y")]
    assert rows(read([tmp_path / "in"])) == [("sub/a:0", "x"), ("sub/a:1", "y")]
    found = read([path], ReadOptions(id="url"))
    assert rows(found) == []
    assert "no column 'url'; the columns are ['text']; pass the right one with --id-column NAME" in only(found).reason


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
    assert rows(read([path], ReadOptions(id="text"))) == [("x", "x")]


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.csv.gz"])
def test_an_empty_table_is_a_warning(tmp_path: Path, name: str) -> None:
    """An empty file has lost nothing, and is said to be empty."""
    found = read(put(tmp_path / name, ""))
    assert rows(found) == []
    assert only(found) == Problem(str(tmp_path / name), None, "the file holds no articles", "warning")


def test_a_file_of_no_article_is_one_problem(tmp_path: Path) -> None:
    """A text over many lines is not as many problems."""
    problem = only(read(put(tmp_path / "a.json", "a line of text\n" * 402)))
    assert problem.row == 1
    assert "the first of 402 problems" in problem.reason
    assert problem.count == 402
    assert "not a JSON object on one line" in problem.reason


def test_broken_rows_after_the_first_thousand_share_a_problem(tmp_path: Path) -> None:
    """A file of millions of broken rows costs neither their memory nor, in CSV, quadratic work or deep recursion."""
    found = read(put(tmp_path / "a.csv", "id,text\n" + '1,"open\n2,whole\n' * 50_000))
    assert set(rows(found)) == {("2", "whole")}
    assert found.table.num_rows == 50_000
    *named, rest = found.problems
    assert [problem.row for problem in named] == list(range(2, 2002, 2))
    assert rest == Problem(str(tmp_path / "a.csv"), None, "49,000 more rows cannot be read", count=49_000)
