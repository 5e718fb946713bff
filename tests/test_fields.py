"""`dedup.fields`: a name is a column, a path into one, or several; and what stands there."""

from __future__ import annotations

import re
from typing import Any

import pyarrow as pa
import pytest

from dedup.errors import InputError
from dedup.fields import column_at, columns_of, id_column, joined, joined_texts, names_inside, value_at

ROWS: list[dict[str, Any]] = [
    {"title": "今日消息", "content": {"body": "渡輪停航", "meta": {"lang": "zh-Hant"}}, "a.b": "甲", "x,y": "乙"},
    {"title": None, "content": {"body": "連絡船は欠航", "meta": None}, "a.b": "", "x,y": None},
    {"title": "", "content": None, "a.b": None, "x,y": None},
    {"title": None, "content": {"body": None, "meta": {"lang": "ar"}}, "a.b": None, "x,y": ""},
]
TABLE = pa.Table.from_pylist(ROWS)
INSIDE = names_inside(pa.struct(TABLE.schema))
STRUCTS = pa.chunked_array([TABLE.to_struct_array().combine_chunks()])


@pytest.mark.parametrize(
    ("name", "paths"),
    [
        ("title", (("title",),)),
        ("content.body", (("content", "body"),)),
        ("content.meta.lang", (("content", "meta", "lang"),)),
        ("title,content.body", (("title",), ("content", "body"))),
        (" title , a.b", (("title",), ("a.b",))),
        ("a.b", (("a.b",),)),
        ("x,y", (("x,y",),)),
        (["x,y", "title"], (("x,y",), ("title",))),
        (["title"], (("title",),)),
    ],
)
def test_a_name_asks_for_columns(name: Any, paths: tuple[tuple[str, ...], ...]) -> None:
    """As it is written, else a path by dots, else several by commas; checked in a type, or taken where it is open."""
    assert columns_of(name, INSIDE) == paths
    assert columns_of(name, TABLE.column_names) == paths


def test_a_name_with_dots_may_stand_on_the_way() -> None:
    """The longest name that is there goes before a path, at each depth."""
    kind = pa.struct(
        {"og.data": pa.struct({"b.c": pa.string(), "d": pa.string()}), "og": pa.struct({"e": pa.string()})}
    )
    for name, path in (("og.data.b.c", ("og.data", "b.c")), ("og.data.d", ("og.data", "d")), ("og.e", ("og", "e"))):
        assert columns_of(name, names_inside(kind)) == (path,)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("body", "there is no column 'body'; the columns are ['title', 'content', 'a.b', 'x,y']; name it"),
        ("content.text", "there is no column 'content.text'; the columns are"),
        ("content.text", "inside of 'content' there are ['body', 'meta']"),
        ("title.body", "inside of 'title' there are none"),
        ("title,boddy", "there is no column 'boddy' of 'title,boddy'"),
        ("title,", "there is no column '' of 'title,'"),
        ("", "there is no column ''"),
        (".", "there is no column '.'"),
        ("content.", "there is no column 'content.'"),
        ([], "no column is named"),
        (7, "there is no column 7"),
    ],
)
def test_a_column_that_is_not_there_is_told(name: Any, says: str) -> None:
    """What was given, what there is, and what to do."""
    with pytest.raises(InputError, match=re.escape(says)):
        columns_of(name, INSIDE, "; name it")


def test_columns_of_one_name_are_told() -> None:
    """Which of two is meant cannot be known."""
    with pytest.raises(InputError, match="2 columns are called 'text'; rename all but one"):
        columns_of("text", ["text", "id", "text"])


def test_long_names_are_cut_in_errors() -> None:
    """Where a line of text is taken for the names of columns, an error does not show all of it."""
    with pytest.raises(InputError, match=r"the columns are \['id', '(茶){60}\.\.\.'\]$"):
        columns_of("text", ["id", "茶" * 5000])


def test_where_names_are_not_known_a_path_is_taken() -> None:
    """Objects of JSON have no schema: what is inside of a column shows when rows are read."""
    assert columns_of("content.body", ["content"]) == (("content", "body"),)
    assert columns_of("content.body,title", ["content", "title"]) == (("content", "body"), ("title",))
    assert columns_of("content.body,title", lambda _: None) == (("content", "body"), ("title",))
    with pytest.raises(InputError, match=r"no column 'content\.'"):
        columns_of("content.", ["content"])


def test_ids_have_usual_names() -> None:
    """The first of the four, whatever their order in the file; other names are for the user to say."""
    assert id_column(["_id", "text", "url", "doc_id"]) == "url"
    assert id_column(["_id", "doc_id"]) == "doc_id"
    assert id_column(["text", "url", "id"]) == "id"
    assert id_column(["text", "ID", "link"]) is None


def test_what_stands_there() -> None:
    """In tables and in objects alike; a missing object on the way is a missing text."""
    for name in ("title", "content.body", "content.meta.lang", "a.b"):
        (path,) = columns_of(name, INSIDE)
        found = column_at(STRUCTS, path)
        assert found.to_pylist() == [value_at(row, path) for row in ROWS]
    assert column_at(STRUCTS, ("content", "body")).to_pylist() == ["渡輪停航", "連絡船は欠航", None, None]
    assert value_at({"content": "text"}, ("content", "body")) is None


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
def test_texts_are_joined_by_a_blank_line(kind: pa.DataType) -> None:
    """Missing and empty ones leave none; without any text the article's text is missing, not empty."""
    columns = [column_at(STRUCTS, path).cast(kind) for path in columns_of("title,content.body", INSIDE)]
    assert joined(columns).to_pylist() == ["今日消息\n\n渡輪停航", "連絡船は欠航", "", None]
    assert joined(columns[:1]) is columns[0]
    assert joined(columns * 2).to_pylist() == [
        "今日消息\n\n渡輪停航\n\n今日消息\n\n渡輪停航",
        "連絡船は欠航\n\n連絡船は欠航",
        "",
        None,
    ]
    for row, text in zip(
        zip(*(one.to_pylist() for one in columns), strict=True), joined(columns).to_pylist(), strict=True
    ):
        assert joined_texts(row) == text
