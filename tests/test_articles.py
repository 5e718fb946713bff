"""`dedup.stages.articles`: what a caller has becomes a column of texts, or an error that says how to mend it."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import uuid
import warnings
from collections import UserDict
from collections.abc import Callable
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import dedup
from dedup.errors import DedupError, DedupWarning, InputError
from dedup.stages.articles import articles

TEXTS = [
    "近日，国家统计局发布了最新数据",
    "",
    "The ferry leaves at noon today",
    None,
    "近日 國家統計局發布了最新數據！",
    "🎈",
]
IDS = ["p1", "p2", "p3", "p4", "p5", "p6"]
LABELS = [0, 1, 2, 3, 0, 5]
TABLE = pa.table({"id": IDS, "text": TEXTS, "views": range(6)})


@dataclasses.dataclass(frozen=True, slots=True)
class Post:
    """An article as a crawler might hold it."""

    id: str
    text: str | None


def rows() -> list[dict[str, Any]]:
    """The articles as mappings."""
    listed: list[dict[str, Any]] = TABLE.to_pylist()
    return listed


def indexed(values: list[Any]) -> pa.DictionaryArray:
    """A dictionary column over string views, as Polars exports its categories."""
    distinct = [value for value in dict.fromkeys(values) if value is not None]
    places = [None if value is None else distinct.index(value) for value in values]
    return pa.DictionaryArray.from_arrays(pa.array(places, pa.int8()), pa.array(distinct, pa.string_view()))


class Stream:
    """An object that offers the Arrow C stream and nothing else, as a library that we do not know."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __arrow_c_stream__(self, schema: Any = None) -> Any:
        """The Arrow PyCapsule interface."""
        return self._inner.__arrow_c_stream__(schema)


class Single:
    """An object that offers the Arrow C array and nothing else."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __arrow_c_array__(self, schema: Any = None) -> Any:
        """The Arrow PyCapsule interface."""
        return self._inner.__arrow_c_array__(schema)


class Later:
    """What a library that we do not know has not worked out yet."""

    def compute(self) -> Any:
        """Work it out."""


class Frame(Later):
    """A frame of a library that we do not know, whose elements are the names of its columns."""

    ndim = 2

    def __iter__(self) -> Any:
        """As pandas does."""
        return iter(("id", "text"))


COLUMNS: dict[str, Callable[[], Any]] = {
    "list": lambda: list(TEXTS),
    "tuple": lambda: tuple(TEXTS),
    "generator": lambda: (text for text in TEXTS),
    "dict values": lambda: dict(enumerate(TEXTS)).values(),
    "list with NaN": lambda: [float("nan") if text is None else text for text in TEXTS],
    "list with pandas NA": lambda: [pd.NA if text is None else text for text in TEXTS],
    "pandas object": lambda: pd.Series(TEXTS, dtype=object),
    "pandas object with NaN": lambda: pd.Series([np.nan if t is None else t for t in TEXTS], dtype=object),
    "pandas object with NA": lambda: pd.Series([pd.NA if t is None else t for t in TEXTS], dtype=object),
    "pandas str": lambda: pd.Series(TEXTS, dtype="str"),
    "pandas string": lambda: pd.Series(TEXTS, dtype="string"),
    "pandas Arrow string": lambda: pd.Series(TEXTS, dtype=pd.ArrowDtype(pa.large_string())),
    "pandas categories": lambda: pd.Series(TEXTS, dtype="category"),
    "pandas with a scrambled index": lambda: pd.Series(TEXTS, index=[3, 3, 0, 9, 1, 2], dtype=object),
    "pandas with an index of odd names": lambda: pd.Series(TEXTS, index=["columns", *"abcde"], dtype=object),
    "pandas array": lambda: pd.array(TEXTS, dtype="string"),
    "pandas list": lambda: list(pd.Series(TEXTS, dtype="string")),
    "Polars": lambda: pl.Series(TEXTS),
    "Polars chunks": lambda: pl.concat([pl.Series(TEXTS[:2]), pl.Series(TEXTS[2:])], rechunk=False),
    "Polars categories": lambda: pl.Series(TEXTS, dtype=pl.Categorical),
    "Polars enumeration": lambda: pl.Series(TEXTS, dtype=pl.Enum([text for text in TEXTS if text is not None])),
    "Arrow string": lambda: pa.array(TEXTS, pa.string()),
    "Arrow large string": lambda: pa.array(TEXTS, pa.large_string()),
    "Arrow string view": lambda: pa.array(TEXTS, pa.string_view()),
    "Arrow dictionary": lambda: pa.array(TEXTS).dictionary_encode(),
    "Arrow dictionary of views": lambda: indexed(TEXTS),
    "Arrow runs": lambda: pa.RunEndEncodedArray.from_arrays(pa.array(range(1, 7), pa.int32()), pa.array(TEXTS)),
    "Arrow runs of views": lambda: pa.RunEndEncodedArray.from_arrays(
        pa.array(range(1, 7), pa.int32()), pa.array(TEXTS, pa.string_view())
    ),
    "Arrow lists": lambda: pa.array([None if text is None else [text] for text in TEXTS]),
    "Polars lists": lambda: pl.Series([None if text is None else [text] for text in TEXTS]),
    "pandas lists": lambda: pd.Series([None if text is None else [text] for text in TEXTS]),
    "Arrow slice": lambda: pa.array(["before", *TEXTS, "after"]).slice(1, len(TEXTS)),
    "Arrow chunks": lambda: pa.chunked_array([TEXTS[:1], [], TEXTS[1:4], TEXTS[4:]], pa.string()),
    "Arrow column of a table": lambda: TABLE.column("text"),
    "numpy objects": lambda: np.array(TEXTS, dtype=object),
    "numpy strings": lambda: np.array(TEXTS, dtype=np.dtypes.StringDType(na_object=None)),
    "a stream of a column": lambda: Stream(pa.chunked_array([TEXTS])),
    "an array": lambda: Single(pa.array(TEXTS)),
}
TABLES: dict[str, Callable[[], Any]] = {
    "mappings": rows,
    "a generator of mappings": lambda: (row for row in rows()),
    "mappings of another class": lambda: [UserDict(row) for row in rows()],
    "mappings with NaN": lambda: [
        row | {"text": float("nan") if row["text"] is None else row["text"]} for row in rows()
    ],
    "mappings with pandas NA": lambda: [
        row | {"text": pd.NA if row["text"] is None else row["text"]} for row in rows()
    ],
    "dataclasses": lambda: [Post(row["id"], row["text"]) for row in rows()],
    "pandas": lambda: pd.DataFrame({"id": IDS, "text": TEXTS, "views": range(6)}),
    "pandas objects": lambda: pd.DataFrame({"id": IDS, "text": TEXTS}, dtype=object),
    "pandas string": lambda: pd.DataFrame({"id": IDS, "text": TEXTS}, dtype="string"),
    "pandas ids as the index": lambda: pd.DataFrame({"text": TEXTS}, index=pd.Index(IDS, name="id")),
    "pandas ids as a level of the index": lambda: pd.DataFrame(
        {"text": TEXTS}, index=pd.MultiIndex.from_arrays([range(6), IDS], names=["site", "id"])
    ),
    "Polars": lambda: pl.DataFrame({"id": IDS, "text": TEXTS, "views": range(6)}),
    "Arrow table": lambda: TABLE,
    "Arrow table of views": lambda: TABLE.cast(
        pa.schema({"id": pa.string_view(), "text": pa.string_view(), "views": pa.int64()})
    ),
    "Arrow batch": lambda: TABLE.to_batches()[0],
    "Arrow reader": lambda: TABLE.to_reader(max_chunksize=4),
    "DuckDB relation": lambda: duckdb.from_arrow(TABLE),
    "DuckDB query": lambda: duckdb.from_arrow(TABLE).filter("views >= 0").order("views"),
    "a stream of a table": lambda: Stream(TABLE),
    "Polars plan": lambda: pl.LazyFrame({"id": IDS, "text": TEXTS, "views": range(6)}),
    "a dict of columns": TABLE.to_pydict,
    "a dict of iterators": lambda: {"id": iter(IDS), "text": (text for text in TEXTS)},
    "a dict of columns of all kinds": lambda: {
        "id": np.array(IDS),
        "text": pd.Series(TEXTS),
        "views": pa.array(range(6)),
        "k": pl.Series(range(6)),
    },
    "a dict of Arrow columns": lambda: UserDict(zip(TABLE.column_names, TABLE.columns, strict=True)),
    "one batch": lambda: Single(TABLE.to_batches()[0]),
}


def test_a_list_of_strings_is_a_column() -> None:
    """A list of strings becomes a column of large strings, without ids."""
    texts, ids, _ = articles(["first", None, "第三"])
    assert texts.type == pa.large_string()
    assert texts.to_pylist() == ["first", None, "第三"]
    assert ids is None


@pytest.mark.parametrize("kind", COLUMNS)
def test_every_kind_of_column_gives_the_same_texts(kind: str) -> None:
    """However a run of texts is held, it reads the same; missing and empty ones keep their place."""
    texts, ids, _ = articles(COLUMNS[kind]())
    assert texts.type == pa.large_string()
    assert texts.to_pylist() == TEXTS
    assert ids is None


@pytest.mark.parametrize("kind", TABLES)
def test_every_kind_of_table_gives_the_same_texts_and_ids(kind: str) -> None:
    """However articles with ids are held, they read the same."""
    texts, ids, _ = articles(TABLES[kind]())
    assert texts.type == pa.large_string()
    assert texts.to_pylist() == TEXTS
    assert ids is not None
    assert ids.to_pylist() == IDS


@pytest.mark.parametrize("kind", COLUMNS)
def test_every_kind_of_column_gives_the_same_labels(kind: str) -> None:
    """However a run of texts is held, `cluster` labels it alike, by position."""
    found = dedup.cluster(COLUMNS[kind](), threads=1)
    assert found.labels.tolist() == LABELS
    assert found.to_arrow()["label"].to_pylist() == LABELS


@pytest.mark.parametrize("kind", TABLES)
def test_every_kind_of_table_gives_the_same_labels(kind: str) -> None:
    """However articles with ids are held, `cluster` labels them alike, and its table speaks in their ids."""
    found = dedup.cluster(TABLES[kind](), threads=1)
    assert found.labels.tolist() == LABELS
    assert found.to_arrow()["id"].to_pylist() == IDS
    assert found.to_arrow()["label"].to_pylist() == [IDS[label] for label in LABELS]


def test_numpy_strings_of_fixed_length() -> None:
    """The plain string type of numpy, which knows no missing values, is a column too."""
    assert articles(np.array(["一二", "", "three"])).texts.to_pylist() == ["一二", "", "three"]


def test_columns_are_named_by_the_caller() -> None:
    """`text=` and `id=` name a column, a key or an attribute."""

    @dataclasses.dataclass
    class Page:
        url: int
        body: str

    sources = (
        pa.table({"url": [7, 8], "body": ["a", "b"], "text": ["x", "y"]}),
        pd.DataFrame({"url": [7, 8], "body": ["a", "b"]}),
        [{"url": 7, "body": "a"}, {"url": 8, "body": "b"}],
        [Page(7, "a"), Page(8, "b")],
    )
    for source in sources:
        texts, ids, _ = articles(source, text="body", id="url")
        assert texts.to_pylist() == ["a", "b"]
        assert ids is not None
        assert ids.to_pylist() == [7, 8]


@dataclasses.dataclass
class Content:
    """What is inside of a page."""

    body: Any
    lang: str = "zh"


NESTED: list[dict[str, Any]] = [
    {"meta": {"key": 1}, "title": "渡輪停航", "content": {"body": "颱風來襲"}},
    {"meta": {"key": 2}, "title": None, "content": {"body": "連絡船は欠航"}},
    {"meta": {"key": 3}, "title": "나룻배", "content": None},
    {"meta": None, "title": "", "content": {"body": None}},
    {"meta": {"key": 5}, "title": "العبّارة", "content": {"body": "🚢"}},
]
INSIDE: dict[str, Callable[[], Any]] = {
    "mappings": lambda: NESTED,
    "mappings of dataclasses": lambda: [
        row | {"content": row["content"] and Content(**row["content"])} for row in NESTED
    ],
    "Arrow": lambda: pa.Table.from_pylist(NESTED),
    "Arrow reader": lambda: pa.Table.from_pylist(NESTED).to_reader(max_chunksize=2),
    "Polars": lambda: pl.DataFrame(NESTED),
    "Polars plan": lambda: pl.LazyFrame(NESTED),
    "pandas": lambda: pd.DataFrame(NESTED, columns=list(NESTED[0]), dtype=object),
    "pandas of Arrow": lambda: pa.Table.from_pylist(NESTED).to_pandas(types_mapper=pd.ArrowDtype),
    "DuckDB": lambda: duckdb.from_arrow(pa.Table.from_pylist(NESTED)),
    "a dict of columns": lambda: {name: [row[name] for row in NESTED] for name in NESTED[0]},
    "a dict of Arrow columns": lambda: {name: pa.array([row[name] for row in NESTED]) for name in NESTED[0]},
}


@pytest.mark.parametrize("kind", INSIDE)
def test_a_path_leads_into_a_column(kind: str) -> None:
    """Of texts and of ids; whatever is missing on the way is a missing text."""
    texts, ids, _ = articles(INSIDE[kind](), text="content.body", id="meta.key")
    assert texts.to_pylist() == ["颱風來襲", "連絡船は欠航", None, None, "🚢"]
    assert ids is not None
    assert ids.to_pylist() == [1, 2, 3, None, 5]


@pytest.mark.parametrize("kind", INSIDE)
@pytest.mark.parametrize("name", ["title,content.body", ["title", "content.body"]])
def test_texts_of_several_columns_are_joined(kind: str, name: str | list[str]) -> None:
    """By a blank line, which stands only between two that are there."""
    texts = articles(INSIDE[kind](), text=name).texts
    assert texts.type == pa.large_string()
    assert texts.to_pylist() == ["渡輪停航\n\n颱風來襲", "連絡船は欠航", "나룻배", "", "العبّارة\n\n🚢"]
    assert dedup.cluster(INSIDE[kind](), text=name, threads=1).labels.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("kind", INSIDE)
@pytest.mark.parametrize("name", ["content.boddy", "title,boddy", "boddy"])
def test_a_path_that_leads_nowhere_is_told(kind: str, name: str) -> None:
    """In every kind, as a column that is not there."""
    with pytest.raises(InputError, match=r"boddy"):
        articles(INSIDE[kind](), text=name)


def test_a_name_that_is_there_goes_before_a_path() -> None:
    """Dots and commas in names are no paths."""
    row = {"a.b": "as written", "a": {"b": "inside", "c,d": "x"}, "a,b": "a comma", "b": "y"}
    for source in ([row], pa.Table.from_pylist([row]), pd.DataFrame([row]), {name: [row[name]] for name in row}):
        for name, text in (("a.b", "as written"), ("a,b", "a comma"), ("b,a.b", "y\n\nas written")):
            assert articles(source, text=name).texts.to_pylist() == [text]
    assert articles(pa.Table.from_pylist([row]), text="a.c,d").texts.to_pylist() == ["x"]


def test_lists_of_strings_are_lines() -> None:
    """Wherever a text may stand in a row or a column; a list of lists is no list of articles."""
    lists = [["第一段", "第二段"], None, [], ["x", None]]
    wanted = ["第一段\n第二段", None, "", "x"]
    for source in (
        [{"text": one} for one in lists],
        [{"text": one and tuple(one)} if one else {"text": one} for one in lists],
        pa.table({"text": lists}),
        pl.DataFrame({"text": lists}),
        pd.DataFrame({"text": lists}),
        pa.table({"text": lists}).to_pandas(),
        {"text": lists},
        duckdb.from_arrow(pa.table({"text": lists})),
    ):
        assert articles(source).texts.to_pylist() == wanted
    with pytest.raises(InputError, match="article 0 is"):
        articles(lists)


def test_rows_may_lack_some_of_several_columns() -> None:
    """Not all of them, and not one that no row has."""
    rows = [{"title": "a", "body": "b"}, {"body": "c"}, {"title": "d"}, None, {"title": None}]
    assert articles(rows, text="title,body").texts.to_pylist() == ["a\n\nb", "c", "d", None, None]
    with pytest.raises(InputError, match=r"article 1 has none of 'title,body'; it has \['url'\]"):
        articles([*rows[:1], {"url": "x"}], text="title,body")
    with pytest.raises(InputError, match=r"no column 'boddy' of 'title,boddy'; the columns are \['title', 'body'\]"):
        articles(rows, text="title,boddy")


def test_arrow_columns_are_not_copied() -> None:
    """A column of large strings is passed on as it is, in its own memory."""
    column = pa.array(["one", "two"], pa.large_string())
    chunk = articles(column).texts.chunk(0)
    assert chunk.buffers()[2].address == column.buffers()[2].address


def test_a_generator_is_read_once_and_its_error_is_its_own() -> None:
    """An error inside the caller's generator reaches the caller unchanged."""

    def broken() -> Any:
        yield "first"
        raise RuntimeError("the caller's own")

    with pytest.raises(RuntimeError, match="the caller's own"):
        articles(broken())


# --- nothing, or next to nothing ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        list,
        tuple,
        lambda: iter(()),
        lambda: pa.array([], pa.string()),
        lambda: pa.chunked_array([], pa.string()),
        lambda: pa.table({"text": pa.array([], pa.string())}),
        lambda: pa.schema({"text": pa.string()}).empty_table().to_reader(),
        lambda: pd.Series([], dtype=object),
        lambda: pd.Series([], dtype="string"),
        lambda: pd.DataFrame({"text": pd.Series([], dtype=object)}),
        lambda: pd.DataFrame({"text": []}),
        lambda: pl.Series([], dtype=pl.String),
        lambda: pl.DataFrame({"text": []}, schema={"text": pl.String}),
        lambda: pl.DataFrame({"text": []}),
        lambda: duckdb.sql("select 'x' as text where false"),
        lambda: np.array([], dtype=str),
        lambda: np.array([], dtype=object),
        lambda: {"text": []},
        lambda: pl.LazyFrame({"text": []}, schema={"text": pl.String}),
        lambda: pa.table({"text": pa.array([], pa.list_(pa.string()))}),
    ],
)
def test_no_articles_are_no_clusters(make: Callable[[], Any]) -> None:
    """An empty source of any kind is read, and gives an empty result that can be asked anything."""
    assert articles(make()).texts.to_pylist() == []
    found = dedup.cluster(make())
    assert found.labels.tolist() == found.sizes.tolist() == []
    assert len(found) == 0
    assert list(found) == []
    assert repr(found) == "<Clusters: 0 of 0 among 0 articles, threshold 0.092>"
    assert found.to_arrow().num_rows == 0


@pytest.mark.parametrize(
    "make",
    [
        lambda: [None, None],
        lambda: [float("nan"), None],
        lambda: [None, pd.NA],
        lambda: [pd.NA, None],
        lambda: pa.nulls(2),
        lambda: pa.nulls(2, pa.string()),
        lambda: pa.table({"text": pa.nulls(2)}),
        lambda: pd.Series([None, None]),
        lambda: pd.Series([pd.NA, pd.NA], dtype="string"),
        lambda: pd.DataFrame({"text": [None, None]}),
        lambda: pd.DataFrame({"text": [np.nan, np.nan]}),
        lambda: pl.Series([None, None]),
        lambda: pl.DataFrame({"text": [None, None]}),
        lambda: [{"text": None}, {"text": float("nan")}],
        lambda: duckdb.sql("select null::varchar as text from range(2)"),
        lambda: pa.table({"text": [float("nan"), None]}),
        lambda: pl.DataFrame({"text": [float("nan"), None]}),
        lambda: {"text": [float("nan"), None]},
        lambda: {"text": np.array([float("nan"), None])},
        lambda: pl.LazyFrame({"text": [None, None]}),
    ],
)
def test_missing_texts_alone_are_read(make: Callable[[], Any]) -> None:
    """A source of missing texts only is two articles without a text, each by itself."""
    assert articles(make()).texts.to_pylist() == [None, None]
    assert dedup.cluster(make()).labels.tolist() == [0, 1]


def test_missing_rows_among_mappings_keep_their_place() -> None:
    """None among mappings is an article without text and id."""
    texts, ids, _ = articles([None, {"text": "a", "id": 1}, {"text": None, "id": 2}])
    assert texts.to_pylist() == [None, "a", None]
    assert ids is not None
    assert ids.to_pylist() == [None, 1, 2]


# --- what cannot be read ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "says"),
    [
        pytest.param("one article", ["got one str", r"put it in a list: \[article\]"], id="a string"),
        pytest.param(b"one article", ["got one bytes", r"put it in a list"], id="bytes"),
        pytest.param(5, ["must be a list or iterable of strings", "got int"], id="an int"),
        pytest.param(None, ["must be a list or iterable of strings", "got NoneType"], id="None"),
        pytest.param({"text": "a"}, ["whose 'text' is one str", r"put an article in a list, \[article\]"], id="a dict"),
        pytest.param({"p1": "a"}, ["got dict whose 'p1' is one str", "list\\(articles.values"], id="texts by ids"),
        pytest.param({"text": ["a"], "n": 5}, ["whose 'n' is one int"], id="a number among columns"),
        pytest.param({"text": ["a"], "n": [1, 2]}, [r"have \{'text': 1, 'n': 2\} values"], id="columns of two lengths"),
        pytest.param(
            {"body": ["a"]}, [r"no column 'text'; the columns are \['body'\]", "text='body'"], id="no such key"
        ),
        pytest.param({}, ["no column 'text'"], id="a dict of nothing"),
        pytest.param({"text": [1]}, [r"article 0 is 1 \(int\)"], id="a dict of numbers"),
        pytest.param(Post("1", "a"), ["must be a list or iterable of strings", "got Post"], id="one dataclass"),
        pytest.param([5, "a"], [r"article 0 is 5 \(int\)"], id="a number first"),
        pytest.param(["a", 5], [r"article 1 is 5 \(int\)", "must be a string or missing"], id="a number later"),
        pytest.param([None, "a", 0.5], [r"article 2 is 0\.5 \(float\)"], id="a float"),
        pytest.param(["a", True], [r"article 1 is True \(bool\)"], id="a bool"),
        pytest.param(["a", b"b"], [r"article 1 is b'b' \(bytes\)"], id="bytes in a list"),
        pytest.param([b"b"], [r"article 0 is b'b' \(bytes\)"], id="bytes first"),
        pytest.param(["a", ["b"]], [r"article 1 is \['b'\] \(list\)"], id="a list in a list"),
        pytest.param([["a"], ["b"]], [r"article 0 is \['a'\] \(list\)"], id="lists"),
        pytest.param([("id", "a")], [r"article 0 is \('id', 'a'\) \(tuple\)"], id="tuples"),
        pytest.param(["a", {"text": "b"}], [r"article 1 is \{'text': 'b'\} \(dict\)"], id="a dict among strings"),
        pytest.param([{"text": "a"}, "b"], [r"article 1 is 'b' \(str\)"], id="a string among dicts"),
        pytest.param([{"body": "a"}], ["article 0 has no 'text'", r"it has \['body'\]", "with text="], id="no key"),
        pytest.param([{"text": "a"}, {"id": 2}], ["article 1 has no 'text'", r"\['id'\]"], id="no key later"),
        pytest.param([{"text": 5}], [r"article 0 is 5 \(int\)", "must be a string"], id="a number in a dict"),
        pytest.param([Post], ["article 0 is", r"\(type\)"], id="a dataclass itself"),
        pytest.param(range(3), [r"article 0 is 0 \(int\)"], id="a range"),
        pytest.param(np.array([1, 2]), [r"article 0 is np.int64\(1\) \(int64\)"], id="numpy numbers"),
        pytest.param(np.array([["a", "b"], ["c", "d"]]), ["ndarray"], id="a numpy matrix"),
        pytest.param(np.array("a"), ["ndarray"], id="a numpy scalar"),
        pytest.param(pa.array([1, 2]), ["holds int64", "must hold strings"], id="an Arrow column of numbers"),
        pytest.param(pa.array([b"x"]), ["holds binary", "cast it"], id="an Arrow column of bytes"),
        pytest.param(pa.array([[1]]), ["holds int64", "must hold strings"], id="an Arrow column of lists"),
        pytest.param(pa.table({"text": [1.5]}), ["column 'text' holds double", "cast it"], id="a column of numbers"),
        pytest.param(pa.table({"body": ["a"], "n": [1]}), ["no column 'text'", r"\['body', 'n'\]"], id="no column"),
        pytest.param(pa.table({}), ["no column 'text'", r"the columns are \[\]"], id="a table without columns"),
        pytest.param(pd.Series([1, 2]), ["holds int64", "must hold strings"], id="pandas numbers"),
        pytest.param(pd.Series(["a", 5], dtype=object), ["int"], id="a number in a pandas column"),
        pytest.param(pd.DataFrame({"body": ["a"]}), ["no column 'text'", r"\['body'\]", "text='body'"], id="pandas"),
        pytest.param(pd.DataFrame({"text": [1, 2]}), ["column 'text' holds int64"], id="a pandas column of numbers"),
        pytest.param(
            pd.DataFrame({"text": pd.Series(["a", 5], dtype=object)}), ["int"], id="a number in a column of a frame"
        ),
        pytest.param(pd.DataFrame([["a", "b"]], columns=["text", "text"]), ["text"], id="a pandas column twice"),
        pytest.param(
            pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["text", "text"]),
            ["text"],
            id="a column twice",
        ),
        pytest.param(
            pd.DataFrame([["a", 1, 2], ["b", 3, 4], ["c", 5, 6]], columns=["text", "id", "id"]),
            ["'id'"],
            id="pandas ids twice",
        ),
        pytest.param(
            pa.Table.from_arrays([pa.array(["a"]), pa.array([1]), pa.array([2])], names=["text", "id", "id"]),
            ["'id'"],
            id="ids twice",
        ),
        pytest.param(pl.Series([1, 2]), ["holds int64", "must hold strings"], id="Polars numbers"),
        pytest.param(pl.DataFrame({"body": ["a"]}), ["no column 'text'", r"\['body'\]"], id="Polars"),
        pytest.param(pl.DataFrame(), ["no column 'text'"], id="Polars without columns"),
        pytest.param(pl.LazyFrame({"body": ["a"]}), ["no column 'text'", r"\['body'\]"], id="a Polars plan"),
        pytest.param(Later(), ["got Later", r"give what it holds: articles\.compute\(\)"], id="a plan of others"),
        pytest.param(Frame(), ["got Frame", r"give what it holds: articles\.compute\(\)"], id="a frame of others"),
    ],
)
def test_what_cannot_be_read_is_refused(source: Any, says: list[str]) -> None:
    """The error says what was given, what is allowed, and what to do."""
    for read in (articles, dedup.cluster):
        with pytest.raises(InputError) as caught:
            read(source)
        for part in says:
            assert caught.match(part)


def test_a_relation_without_the_column_is_refused() -> None:
    """A DuckDB relation is asked for its columns like any table."""
    with pytest.raises(InputError, match=r"no column 'text'; the columns are \['body'\].*text='body'"):
        articles(duckdb.sql("select 'x' as body"))


def test_an_error_shows_no_more_than_a_glance() -> None:
    """A long wrong value is cut, so that the message can be read."""
    with pytest.raises(InputError) as caught:
        articles([list(range(100_000))])
    assert len(str(caught.value)) < 400


def test_an_input_error_is_a_value_error() -> None:
    """Callers can catch it as ours, or as Python's own."""
    assert issubclass(InputError, DedupError)
    assert issubclass(InputError, ValueError)


# --- tables that are not tidy -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(lambda: pd.DataFrame({"text": ["a", "b"], "n": pd.Series(["x", 5], dtype=object)}), id="mixed"),
        pytest.param(lambda: pd.DataFrame({"text": ["a", "b"], "o": [object(), object()]}), id="objects"),
        pytest.param(lambda: pd.DataFrame({"text": ["a", "b"], "o": ["\ud800", "y"]}, dtype=object), id="surrogates"),
        pytest.param(lambda: pd.DataFrame({"text": ["a", "b"], 0: [1, 2]}), id="names of two types"),
        pytest.param(lambda: pd.DataFrame([["a", 1, 2], ["b", 3, 4]], columns=["text", "n", "n"]), id="a name twice"),
        pytest.param(lambda: pd.DataFrame({"text": ["a", "b"], "c": [1j, 2j]}), id="complex numbers"),
    ],
)
def test_columns_that_are_not_asked_for_are_not_looked_at(frame: Callable[[], Any]) -> None:
    """What Arrow cannot hold in another column is no hindrance."""
    assert articles(frame()).texts.to_pylist() == ["a", "b"]


def test_a_column_of_structs_is_a_table() -> None:
    """Rows in one column, as Arrow and Polars have them, are a table as well."""
    structs = pa.array([{"id": 1, "text": "a"}, {"id": 2, "text": None}])
    for source in (
        structs,
        pa.chunked_array([structs]),
        pl.Series(structs.to_pylist()),
        Stream(pa.chunked_array([structs])),
    ):
        texts, ids, _ = articles(source)
        assert texts.to_pylist() == ["a", None]
        assert ids is not None
        assert ids.to_pylist() == [1, 2]


def test_a_column_whose_object_has_columns_is_a_column() -> None:
    """A column is known by its type, not by the names of its object's attributes."""

    class Named(Stream):
        columns = None

    assert articles(Named(pa.chunked_array([["a", "b"]]))).texts.to_pylist() == ["a", "b"]


def test_bytes_that_are_not_utf8_lose_nothing() -> None:
    """Arrow does not check its strings: a malformed one keeps its place and what can be read of it."""
    bad = pa.array([b"\xff\xfe hello to the world \xe4\xbd", b"hello to the world", b"other things"])
    column = pa.StringArray.from_buffers(3, *bad.buffers()[1:])
    assert dedup.cluster(column, threads=1).labels.tolist() == [0, 0, 2]


# --- ids ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ids",
    [
        pytest.param([1, 2, 3], id="int"),
        pytest.param(["a", "b", "c"], id="str"),
        pytest.param([b"a", b"b", b"c"], id="bytes"),
        pytest.param([1.5, 2.5, 3.5], id="float"),
        pytest.param([uuid.UUID(int=k) for k in range(3)], id="uuid"),
        pytest.param([datetime.datetime(2024, 1, k, tzinfo=datetime.UTC) for k in (1, 2, 3)], id="datetime"),
        pytest.param([decimal.Decimal("1.10"), decimal.Decimal("2.20"), decimal.Decimal("3.30")], id="decimal"),
        pytest.param([[1, 2], [1, 3], [1, 4]], id="list"),
        pytest.param([{"site": 1}, {"site": 2}, {"site": 3}], id="dict"),
        pytest.param([np.int64(1), np.int64(2), np.int64(3)], id="numpy"),
        pytest.param([1, None, 3], id="missing"),
        pytest.param([None, None, None], id="all missing"),
    ],
)
def test_ids_of_any_one_type_come_back(ids: list[Any]) -> None:
    """Ids keep their type and their values, in the table as well."""
    rows = [{"id": id_, "text": text} for id_, text in zip(ids, ("一二三四五六", "other", "一二三四五六"), strict=True)]
    table = dedup.cluster(rows, threads=1).to_arrow()
    assert table["id"].to_pylist() == ids
    assert table["label"].to_pylist() == [ids[0], ids[1], ids[0]]


@pytest.mark.parametrize(
    "ids",
    [
        pa.array(["a", "b"], pa.string_view()),
        pa.array(["a", "b"], pa.large_string()),
        pa.array(["a", "b"]).dictionary_encode(),
        pa.array([b"a", b"b"], pa.binary_view()),
        pa.array([b"a", b"b"], pa.binary(1)),
        pa.array([[1], [2]]),
        pa.array([{"k": 1}, {"k": 2}]),
        pa.array([1, 2], pa.uint8()),
        pa.array([1, 2], pa.timestamp("us", "UTC")),
        pa.RunEndEncodedArray.from_arrays(pa.array([1, 2], pa.int32()), pa.array(["a", "b"])),
    ],
    ids=lambda ids: str(ids.type),
)
def test_arrow_ids_of_any_type_come_back(ids: pa.Array) -> None:
    """An id column of any Arrow type can be read and taken from."""
    table = dedup.cluster(pa.table({"id": ids, "text": ["same text here", "Same text, here"]}), threads=1).to_arrow()
    assert table["id"].to_pylist() == ids.to_pylist()
    assert table["label"].to_pylist() == [ids[0].as_py()] * 2


@pytest.mark.parametrize(
    ("ids", "read"),
    [
        pytest.param([1, "b", 2.5], ["1", "b", "2.5"], id="numbers and strings"),
        pytest.param([(1, 2), (1, "x"), None], ["(1, 2)", "(1, 'x')", None], id="tuples of several types"),
        pytest.param([b"x", "y", 1], ["x", "y", "1"], id="bytes and strings"),
        pytest.param([b"x", b"\xff", "y"], ["x", "ff", "y"], id="bytes and strings alone"),
        pytest.param(
            [datetime.date(2024, 1, 1), datetime.datetime(2024, 1, 1, 5, tzinfo=datetime.UTC), None],
            ["2024-01-01", "2024-01-01 05:00:00+00:00", None],
            id="dates and times",
        ),
        pytest.param([1j, 2j, 3j], ["1j", "2j", "3j"], id="no Arrow type"),
        pytest.param([2**70, 1, 2], [str(2**70), "1", "2"], id="larger than 64 bits"),
        pytest.param(["x\ud800", "y", "z"], ["x?", "y", "z"], id="lone surrogates"),
    ],
)
def test_ids_of_several_types_become_text(ids: list[Any], read: list[Any]) -> None:
    """Ids that no one Arrow type holds are read as text."""
    found = articles([{"id": id_, "text": "a"} for id_ in ids])
    assert found.ids is not None
    assert found.ids.to_pylist() == read


def test_ids_that_only_some_have_are_missing_in_the_others() -> None:
    """A mapping without the id is read, without one."""
    found = articles([{"text": "a"}, {"text": "b", "id": 7}])
    assert found.ids is not None
    assert found.ids.to_pylist() == [None, 7]


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(lambda ids: [{"id": id_, "text": "a"} for id_ in ids], id="mappings"),
        pytest.param(lambda ids: pa.table({"id": ids, "text": ["a"] * 4}), id="Arrow"),
        pytest.param(lambda ids: pa.table({"id": pa.array(ids).cast(pa.string_view()), "text": ["a"] * 4}), id="views"),
        pytest.param(lambda ids: pd.DataFrame({"id": ids, "text": ["a"] * 4}), id="pandas"),
        pytest.param(lambda ids: pl.DataFrame({"id": ids, "text": ["a"] * 4}), id="Polars"),
    ],
)
def test_ids_that_repeat_are_warned_of(source: Callable[[list[str]], Any]) -> None:
    """Every article is kept; the warning says how many ids repeat, which, and what to do."""
    with pytest.warns(DedupWarning, match=r"an id occurs more than once, the first is 'x'.*make the ids unique"):
        texts, ids, _ = articles(source(["x", "y", "x", "z"]))
    assert len(texts) == 4
    assert ids is not None
    assert ids.to_pylist() == ["x", "y", "x", "z"]


def test_ids_that_repeat_in_a_list_column_are_warned_of() -> None:
    """Ids that Arrow cannot count are counted all the same."""
    with pytest.warns(DedupWarning, match="an id occurs more than once"):
        articles(pa.table({"id": [[1], [1], [2]], "text": ["a", "b", "c"]}))


def test_missing_ids_do_not_repeat() -> None:
    """Any number of articles may have no id."""
    articles(pa.table({"id": pa.array([None, None, 1]), "text": ["a", "b", "c"]}))
    articles([{"id": None, "text": "a"}, {"id": None, "text": "b"}])


# --- lone surrogates ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(lambda texts: texts, id="list"),
        pytest.param(lambda texts: [{"text": text} for text in texts], id="mappings"),
        pytest.param(lambda texts: np.array(texts, dtype=object), id="numpy"),
        pytest.param(lambda texts: pd.Series(texts, dtype=object), id="a pandas column"),
        pytest.param(lambda texts: pd.DataFrame({"text": pd.Series(texts, dtype=object)}), id="a pandas frame"),
    ],
)
def test_lone_surrogates_are_mended_with_a_warning(source: Callable[[list[str | None]], Any]) -> None:
    """What UTF-8 cannot hold becomes a question mark; everything around it stays, in every article."""
    given = ["fine 😀", None, "half \ud83d a face", "\udc80", ""]
    with pytest.warns(DedupWarning, match=r"2 articles hold lone surrogates, the first is article 2.*errors='replace'"):
        texts = articles(source(given)).texts
    assert texts.to_pylist() == ["fine 😀", None, "half ? a face", "?", ""]


def test_lone_surrogates_do_not_hide_a_copy() -> None:
    """A text with a broken character is still a copy of the whole one."""
    with pytest.warns(DedupWarning, match="1 articles hold lone surrogates"):
        found = dedup.cluster(["the same words \ud800 again", "the same words again", "something else"], threads=1)
    assert found.labels.tolist() == [0, 0, 2]


def test_warnings_point_at_the_caller() -> None:
    """A warning names the line that called the package, not one inside it."""
    calls: list[Callable[[], Any]] = [
        lambda: dedup.cluster(["\ud800"]),
        lambda: dedup.cluster([{"text": "\ud800"}]),
        lambda: dedup.similarity("\ud800", "a"),
        lambda: dedup.cluster([{"id": 1, "text": "a"}, {"id": 1, "text": "b"}]),
        lambda: articles(["\ud800"]),
    ]
    for call in calls:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            call()
        assert [warning.filename for warning in caught] == [__file__]


def test_ids_that_were_asked_for_must_be_there() -> None:
    """Only the usual name may be absent: another is a mistake that would show much later."""
    for source in (pa.table({"text": ["a"]}), [{"text": "a"}], pd.DataFrame({"text": ["a"]}), ["a"]):
        assert articles(source).ids is None
        with pytest.raises(InputError, match="no 'url' to take ids from"):
            articles(source, id="url")


def test_objects_of_python_in_polars_are_refused() -> None:
    """It hands them on as addresses in memory, which would be other ids in every run."""
    frame = pl.DataFrame({"id": [uuid.UUID(int=1), uuid.UUID(int=2)], "text": ["a", "b"]})
    with pytest.raises(InputError, match=r"column 'id' holds objects of Python.*make them strings"):
        dedup.cluster(frame)
    named = frame.with_columns(pl.Series("id", [str(one) for one in frame["id"]]))
    assert dedup.cluster(named).names[1].as_py() == str(uuid.UUID(int=2))
