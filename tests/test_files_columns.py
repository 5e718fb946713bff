"""Texts and ids inside of other columns, joined of several, and under the names that crawlers give them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from test_files import only, put, rows

from dedup.files import ReadOptions, read

ARTICLES: list[dict[str, Any]] = [
    {
        "meta": {"url": "a", "n": 1},
        "title": "渡口",
        "content": {"body": "茶館重新開張", "lang": "zh"},
        "tags": ["茶", "船"],
    },
    {
        "meta": {"url": "b", "n": 2},
        "title": None,
        "content": {"body": "찻집이 다시 문을 열었다", "lang": "ko"},
        "tags": [],
    },
    {"meta": {"url": None}, "title": "عنوان", "content": {"body": "", "lang": None}, "tags": ["🎈", None, "x"]},
    {"meta": None, "title": None, "content": None, "tags": None},
]


@pytest.fixture(params=["parquet", "jsonl"])
def articles(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The articles as a file."""
    path = tmp_path / f"in.{request.param}"
    if request.param == "jsonl":
        return put(path, "".join(json.dumps(article) + "\n" for article in ARTICLES))
    pq.write_table(pa.Table.from_pylist(ARTICLES), path)
    return path


def test_texts_and_ids_inside_of_columns(articles: Path) -> None:
    """A path leads to them; what is missing on the way is a missing text, and an id that is made."""
    found = read(articles, ReadOptions("content.body", "meta.url"))
    texts = ["茶館重新開張", "찻집이 다시 문을 열었다", "", None]
    assert rows(found) == list(zip(["a", "b", "in:2", "in:3"], texts, strict=True))
    assert found.problems == []


def test_texts_of_several_columns_are_joined(articles: Path) -> None:
    """A blank line is between them, those that are missing are left out, and without any the text is missing."""
    found = read(articles, ReadOptions("title,content.body", None))
    assert [text for _, text in rows(found)] == ["渡口\n\n茶館重新開張", "찻집이 다시 문을 열었다", "عنوان", None]


def test_strings_of_a_list_are_lines(articles: Path) -> None:
    """As crawlers gather paragraphs."""
    found = read(articles, ReadOptions("tags", None))
    assert [text for _, text in rows(found)] == ["茶\n船", "", "🎈\nx", None]


def test_other_columns_may_be_inside_of_some(articles: Path) -> None:
    """They keep the names that were asked for."""
    found = read(articles, ReadOptions("content.body", None), columns=["content.lang"])
    assert found.table["content.lang"].to_pylist() == ["zh", "ko", None, None]


def test_only_the_leaves_that_are_asked_for_are_read(tmp_path: Path) -> None:
    """A broken column beside a text costs nothing."""
    table = pa.table({"content": [{"body": f"text {n}", "raw": "x" * n} for n in range(300)]})
    path = tmp_path / "a.parquet"
    pq.write_table(table, path, compression="none", use_dictionary=False)
    about = pq.ParquetFile(path).metadata.row_group(0).column(1)
    raw = bytearray(path.read_bytes())
    raw[about.data_page_offset : about.data_page_offset + about.total_compressed_size] = (
        b"\xff" * about.total_compressed_size
    )
    path.write_bytes(raw)
    assert len(rows(read(path, ReadOptions("content.body")))) == 300


@pytest.mark.parametrize("suffix", ["parquet", "jsonl", "csv"])
def test_a_column_of_the_name_itself_wins(tmp_path: Path, suffix: str) -> None:
    """A dot or a comma in the name of a column is no path."""
    article = {"content.body": "甲", "title,body": "乙", "title": "丙", "body": "丁"}
    path = tmp_path / f"in.{suffix}"
    if suffix == "parquet":
        pq.write_table(pa.Table.from_pylist([{**article, "content": {"body": "戊"}}]), path)
    elif suffix == "csv":
        put(path, 'content.body,"title,body",title,body\n甲,乙,丙,丁\n')
    else:
        put(path, json.dumps({**article, "content": {"body": "戊"}}))
    for name, text in (
        ("content.body", "甲"),
        ("title,body", "乙"),
        ("title, body", "丙\n\n丁"),
        ("body,title", "丁\n\n丙"),
    ):
        assert rows(read(path, ReadOptions(name))) == [("in:0", text)]


@pytest.mark.parametrize("suffix", ["parquet", "jsonl", "csv"])
@pytest.mark.parametrize("name", ["content.text", "title,text", "content.body.more"])
def test_a_path_that_leads_nowhere_is_a_problem(tmp_path: Path, suffix: str, name: str) -> None:
    """It is told with the columns that there are, and nothing is read."""
    path = tmp_path / f"in.{suffix}"
    if suffix == "parquet":
        pq.write_table(pa.Table.from_pylist(ARTICLES), path)
    else:
        put(path, json.dumps(ARTICLES[0]) if suffix == "jsonl" else "title,content\n渡口,x\n")
    found = read(path, ReadOptions(name))
    assert rows(found) == []
    assert "there is no column" in only(found).reason
    assert "--text-column NAME" in only(found).reason


@pytest.mark.parametrize("suffix", ["parquet", "jsonl", "csv"])
@pytest.mark.parametrize(("names", "taken"), [("url,_id,doc_id", "url"), ("_id,doc_id", "doc_id"), ("_id,n", "_id")])
def test_ids_have_usual_names(tmp_path: Path, suffix: str, names: str, taken: str) -> None:
    """Without a column of ids another one is taken, with a word for the first file; or none, if that is asked for."""
    article = {**{name: f"of {name}" for name in names.split(",")}, "text": "x"}
    for stem in "ab":
        path = tmp_path / f"{stem}.{suffix}"
        if suffix == "parquet":
            pq.write_table(pa.Table.from_pylist([article]), path)
        else:
            put(
                path,
                json.dumps(article) if suffix == "jsonl" else ",".join(article) + "\n" + ",".join(article.values()),
            )
    found = read(tmp_path)
    assert rows(found) == [(f"of {taken}", "x")] * 2
    problem = only(found)
    assert problem.severity == "warning"
    assert f"no column 'id'; ids are those of '{taken}'" in problem.reason
    assert read(tmp_path, ReadOptions(id=None)).problems == []
    assert rows(read(tmp_path, ReadOptions(id=None))) == [("a:0", "x"), ("b:0", "x")]


def test_objects_without_an_id_may_have_another(tmp_path: Path) -> None:
    """Of each object the first of the usual names that it has is its id; null is no id."""
    lines = ['{"url": "a", "text": "1"}', '{"id": 7, "url": "b", "text": "2"}', '{"id": null, "url": "c", "text": "3"}']
    found = read(put(tmp_path / "in.jsonl", "\n".join(lines)))
    assert rows(found) == [("a", "1"), ("7", "2"), ("in:2", "3")]


def test_invalid_utf8_inside_of_columns_is_mended(tmp_path: Path) -> None:
    """It is counted as elsewhere, in lists and in texts that are joined."""
    kind = pa.struct({"body": pa.binary()})
    table = pa.table(
        {
            "content": pa.array([{"body": b"caf\xe9"}, None], kind),
            "parts": pa.array([[b"a", b"\xff"], [b"b"]], pa.list_(pa.binary())),
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    found = read(tmp_path / "a.parquet", ReadOptions("content.body,parts"))
    assert rows(found) == [("a:0", "caf\ufffd\n\na\n\ufffd"), ("a:1", "b")]
    assert "2 undecodable bytes" in only(found).reason
