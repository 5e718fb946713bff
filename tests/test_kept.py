"""`Clusters.keep`: one article of each cluster, in the caller's own kind, and what becomes of the others."""

from __future__ import annotations

import datetime
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import dedup
from dedup.kept import Rule, ranked_dates

BRIDGE = "柳溪村的三孔石桥建于清代，桥长二十余米，桥面铺满青石板，两侧栏杆上刻有莲花与卷草，老人都说它救过许多人。"
TRADITIONAL = "柳溪村的三孔石橋建於清代，橋長二十餘米，橋面鋪滿青石板，兩側欄杆上刻有蓮花與卷草，老人都說它救過許多人！"
TEXTS = [
    BRIDGE,
    "今朝の市場では新鮮な魚と野菜が並び、近所の人々が買い物を楽しんでいました。🎈",
    BRIDGE + "全文完，谢谢阅读。",
    None,
    "",
    TRADITIONAL,
]
"""The first, third and last are one cluster; the third is the longest."""
DATES = ["2024-01-01", "2024-01-02", "2024-02-01", None, "2024-01-01", None]
SITES = ["x.com", "b", "y.com", "c", None, "x.com"]


@dataclass
class Post:
    """An article of a site, as a caller may have it."""

    id: str
    text: str | None
    date: str | None
    site: str | None
    tags: list[int]


def records() -> list[dict[str, Any]]:
    """The articles with a nested column, which is nobody's business."""
    columns = zip(TEXTS, DATES, SITES, strict=True)
    return [
        {"id": f"a{k}", "text": text, "date": date, "site": site, "tags": [k, k]}
        for k, (text, date, site) in enumerate(columns)
    ]


TABLE = pa.Table.from_pylist(records())
INDEX = pd.Index([50, 40, 30, 20, 10, 0], name="row")


def near(articles: Any) -> dedup.Clusters:
    """The classical job."""
    return dedup.cluster(articles, dedup.Settings.near_copies(), threads=1)


TABLES: dict[str, Callable[[], Any]] = {
    "pandas": lambda: pd.DataFrame(records(), index=INDEX),
    "Polars": lambda: pl.DataFrame(records()),
    "Arrow": lambda: TABLE,
    "DuckDB": lambda: duckdb.from_arrow(TABLE),
    "dictionaries": records,
    "dataclasses": lambda: [Post(**one) for one in records()],
    "generator": lambda: (one for one in records()),
    "reader": TABLE.to_reader,
}
COLUMNS: dict[str, Callable[[], Any]] = {
    "strings": lambda: TEXTS,
    "tuple": lambda: tuple(TEXTS),
    "numpy": lambda: np.array(TEXTS, object),
    "pandas": lambda: pd.Series(TEXTS, index=INDEX),
    "Polars": lambda: pl.Series(TEXTS),
    "Arrow": lambda: pa.array(TEXTS),
}


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize(
    ("by", "places"),
    [
        ("first", [0, 1, 3, 4]),
        ("longest", [1, 2, 3, 4]),
        ("newest:date", [1, 2, 3, 4]),
        ("oldest:date", [0, 1, 3, 4]),
        ("source:site:y.com,x.com", [1, 2, 3, 4]),
        ("source:site:z.com", [0, 1, 3, 4]),
        (("newest", "date"), [1, 2, 3, 4]),
        (("source", "site", ["y.com"]), [1, 2, 3, 4]),
        (lambda rows: len(rows) - 1, [1, 3, 4, 5]),
        (lambda _: "a5", [1, 3, 4, 5]),
    ],
    ids=lambda value: "function" if callable(value) else repr(value),
)
def test_a_rule_keeps_the_same_rows_of_every_kind(kind: str, by: Any, places: list[int]) -> None:
    """Whatever holds the articles: one of the cluster, and all that are alone or without text."""
    kept = near(TABLES[kind]()).keep(by)
    assert kept.places.tolist() == places
    assert (len(kept), round(kept.ratio, 3)) == (4, 0.333)
    assert repr(kept) == "<Kept: 4 of 6 articles, 33.3% dropped>"


def test_the_rows_come_back_in_the_callers_own_kind() -> None:
    """All columns, nested ones too; a pandas frame with its index, and of a list the very same objects."""
    wanted = [records()[place] for place in (1, 2, 3, 4)]
    frame = TABLES["pandas"]()
    kept = near(frame).keep(by="longest").rows
    pd.testing.assert_frame_equal(kept, frame.iloc[[1, 2, 3, 4]])
    assert near(TABLES["Polars"]()).keep("longest").rows.equals(pl.DataFrame(records())[[1, 2, 3, 4]])
    assert near(TABLE).keep("longest").rows.to_pylist() == wanted
    relation = near(TABLES["DuckDB"]()).keep("longest").rows
    assert isinstance(relation, duckdb.DuckDBPyRelation)
    assert [tuple(one.values()) for one in wanted] == relation.fetchall()
    for several in (records(), TABLES["dataclasses"]()):
        rows = near(several).keep("longest").rows
        assert all(one is several[place] for one, place in zip(rows, (1, 2, 3, 4), strict=True))
    assert near(iter(records())).keep("longest").rows == wanted
    assert near(TABLE.to_reader()).keep("longest").rows.to_pylist() == wanted


def test_a_dict_of_columns_comes_back_as_one() -> None:
    """Each column in its own kind; a function is given one of the rows of a cluster, and counts rows, not columns."""
    given = {"id": np.array([f"a{k}" for k in range(6)]), "text": TEXTS, "date": pa.array(DATES)}
    clusters = near(given)
    kept = clusters.keep("newest:date")
    assert kept.places.tolist() == [1, 2, 3, 4]
    assert (kept.rows["id"].tolist(), kept.rows["text"]) == (["a1", "a2", "a3", "a4"], [TEXTS[k] for k in (1, 2, 3, 4)])
    assert kept.rows["date"].equals(pa.array([DATES[k] for k in (1, 2, 3, 4)]))
    assert kept.dropped["kept"] == ["a2", "a2"]
    assert clusters.keep(lambda rows: len(rows["text"]) - 1).places.tolist() == [1, 3, 4, 5]
    with pytest.raises(dedup.InputError, match="its place among the 3 rows"):
        clusters.keep(lambda _: 3)


@pytest.mark.parametrize("kind", COLUMNS)
def test_a_column_comes_back_as_a_column(kind: str) -> None:
    """Texts alone, of every kind that holds them."""
    given = COLUMNS[kind]()
    kept = near(given).keep("longest").rows
    assert isinstance(kept, list if isinstance(given, tuple) else type(given))
    values = kept.to_pylist() if isinstance(kept, pa.Array) else list(kept)
    assert values[:2] == [TEXTS[1], TEXTS[2]]
    assert len(values) == 4
    if isinstance(kept, pd.Series):
        assert kept.index.tolist() == [40, 30, 20, 10]


@pytest.mark.parametrize("kind", TABLES)
def test_every_dropped_row_says_what_is_kept_instead(kind: str) -> None:
    """Its own columns, the id that is kept and the exact similarity, also of a pair that is no edge."""
    clusters = near(TABLES[kind]())
    dropped = clusters.keep("longest").dropped
    if isinstance(dropped, list):
        found = [(one.id, one.kept, round(one.similarity, 2)) for one in dropped]
        assert dropped[0].row in (records()[0], Post(**records()[0]))
    else:
        table = dropped if isinstance(dropped, pa.Table) else None
        if table is None:
            table = pa.table(dropped) if not isinstance(dropped, pd.DataFrame) else pa.Table.from_pandas(dropped)
        found = [(one["id"], one["kept"], round(one["similarity"], 2)) for one in table.to_pylist()]
        assert table["tags"].to_pylist() == [[0, 0], [5, 5]]
    similarity = round(clusters.explain(0, 2).similarity, 2)
    assert found == [("a0", "a2", similarity), ("a5", "a2", similarity)]


def test_without_ids_positions_tell_what_is_kept() -> None:
    """Of a list of strings."""
    clusters = near(TEXTS)
    assert [(one.id, one.kept, one.similarity) for one in clusters.duplicates] == [
        (2, 0, clusters.explain(0, 2).similarity),
        (5, 0, 1.0),
    ]
    assert clusters.ratio == 2 / 6


def test_nothing_to_drop() -> None:
    """No articles, or only lone ones."""
    assert near([]).keep().rows == []
    assert near([]).ratio == 0
    assert near(["一二三四五六七八"]).duplicates == []


def test_a_function_may_return_the_row_itself() -> None:
    """Of a list the row; a whole number is a place, also where ids are numbers."""
    rows = [one | {"id": 10 * place} for place, one in enumerate(records())]
    clusters = near(rows)
    assert clusters.keep(lambda some: max(some, key=lambda one: len(one["text"]))).places.tolist() == [1, 2, 3, 4]
    assert clusters.keep(lambda _: 1).places.tolist() == [1, 2, 3, 4]
    assert clusters.keep(lambda _: "50").places.tolist() == [1, 3, 4, 5]


@pytest.mark.parametrize(
    ("by", "error", "said"),
    [
        ("newst", dedup.SettingsError, "keep by first, longest"),
        ("longest:text", dedup.SettingsError, "got 'longest:text'"),
        ("newest", dedup.SettingsError, "newest:COLUMN"),
        ("source:site", dedup.SettingsError, "source:COLUMN:FIRST,SECOND"),
        (7, dedup.SettingsError, "got 7"),
        ("newest:nope", dedup.InputError, "there is no column 'nope'; the columns are"),
        ("newest:site", dedup.InputError, "holds 'x.com', which is neither a number nor a date"),
        ("newest:tags", dedup.InputError, "holds list"),
        (lambda _: 17, dedup.InputError, "its place among the 3 rows"),
        (lambda _: "no", dedup.InputError, "got 'no'"),
        (lambda _: None, dedup.InputError, "got None"),
    ],
)
def test_a_rule_that_is_none_is_refused(by: Any, error: type[Exception], said: str) -> None:
    """With what was given and what is allowed."""
    with pytest.raises(error, match=said):
        near(TABLE).keep(by)


@pytest.mark.filterwarnings("ignore:The inplace keyword")
@pytest.mark.parametrize("kind", ["list", "numpy", "pandas", "pandas without an index"])
def test_rows_that_are_moved_afterwards_are_still_told_apart(kind: str) -> None:
    """What is sorted or turned in place afterwards changes nothing: a row is never dropped for another one."""
    texts = [BRIDGE, BRIDGE, TEXTS[1]]
    given: Any = {
        "list": list(texts),
        "numpy": np.array(texts, object),
        "pandas": pd.DataFrame({"text": texts, "n": [1, 3, 2]}, index=[0, 0, 0]),
        "pandas without an index": pd.DataFrame({"text": texts, "n": [1, 3, 2]}),
    }[kind]
    kept = near(given).keep()
    if kind.startswith("pandas"):
        given.sort_values("n", inplace=True, ignore_index="without" in kind)  # noqa: PD002 - as many still do
        assert kept.rows["n"].tolist() == [1, 2]
        return
    given[:] = given[::-1]
    assert list(kept.rows) == [BRIDGE, TEXTS[1]]


def test_a_column_that_is_to_be_added_is_refused_where_it_is_there() -> None:
    """The articles' own columns are not replaced."""
    with pytest.raises(dedup.InputError, match="have a column 'kept'"):
        _ = near(TABLE.append_column("kept", pa.array(range(6)))).keep().dropped


def test_nothing_to_keep() -> None:
    """By any rule, also one that needs a column."""
    assert near([]).keep("newest:date").rows == []


@pytest.mark.parametrize(
    ("values", "ranks"),
    [
        (["2024-01-31", "2024-01-31T08:00:00+08:00", "2024-02-01", "", None], [1, 1, 2, 0, 0]),
        (["10", "9", "2024"], [2, 1, 3]),
        (["1700000000000000002", "1700000000000000001", "1.5", " "], [3, 2, 1, 0]),
        ([2**70, 2**70 + 1, 0.5], [2, 3, 1]),
        ([np.datetime64("2024-01-02"), datetime.date(2024, 1, 3)], [1, 2]),
        ([datetime.date(2024, 1, 2), datetime.date(2023, 1, 2), None], [2, 1, 0]),
        ([2.5, float("nan"), 1], [2, 0, 1]),
        (pa.chunked_array([[3, 1], [None, 3]]), [2, 1, 0, 2]),
        (pa.chunked_array([pa.array([1, None], pa.timestamp("ns"))]), [1, 0]),
        (pa.chunked_array([pa.array(["2024", "2023"]).dictionary_encode()]), [2, 1]),
        ([None, None], [0, 0]),
    ],
)
def test_dates_have_ranks(values: Any, ranks: list[int]) -> None:
    """Dates, numbers and their strings; what is missing has none."""
    assert ranked_dates(values, "date").tolist() == ranks


def test_dates_and_numbers_are_not_compared() -> None:
    """A column of both is refused."""
    with pytest.raises(dedup.InputError, match="dates and numbers"):
        ranked_dates(["2024-01-31", "7"], "date")


def test_a_rule_is_the_same_as_a_string_and_as_a_tuple() -> None:
    """Tuples are for names with colons and commas."""
    assert Rule.of("source:site:a,b") == Rule.of(("source", "site", ["a", "b"]))
    assert Rule.of("newest:a:b") == Rule.of(("newest", "a:b"))
    assert Rule.of(("source", "站点:甲", "乙,丙")).preferred == ("乙,丙",)
    assert Rule.of(("longest",)) == Rule.of("longest")


def test_of_finds_the_cluster_of_an_article() -> None:
    """By its id, of its own type or as text; a lone article is a cluster of itself."""
    clusters = near(TABLE)
    assert clusters.of("a2") is clusters[0]
    assert (clusters.of("a1").members.tolist(), clusters.of("a1").ids.to_pylist()) == ([1], ["a1"])
    assert repr(clusters.of("a1")) == "<Cluster: 1 article, similarity 1.00: a1>"
    numbers = near([one | {"id": place * 10} for place, one in enumerate(records())])
    assert numbers.of(20).representative == numbers.of("20").representative == numbers.of(20.0).representative == 0
    assert near(TEXTS).of(-1).members.tolist() == [0, 2, 5]
    with pytest.raises(dedup.InputError, match="no article has the id 'a9'; there are ids such as 'a0'"):
        clusters.of("a9")
    with pytest.raises(dedup.InputError, match="no article has the id None"):
        clusters.of(None)
    with pytest.raises(dedup.InputError, match="the articles have no ids"):
        near(TEXTS).of("a0")


def test_explain_takes_positions_and_ids() -> None:
    """A whole number is a position, also where ids are numbers; such an id is given as text."""
    by_id = near(TABLE).explain("a0", "a2")
    assert by_id.similarity == near(TABLE).explain(0, 2).similarity == near(TABLE).explain("a0", 2).similarity
    numbers = near([one | {"id": 5 - place} for place, one in enumerate(records())])
    assert numbers.explain("5", "3").similarity == numbers.explain(0, 2).similarity == by_id.similarity
    assert numbers.explain(0, 1).similarity == 0


def test_pandas_labels_have_the_index() -> None:
    """And so has the table; the internal array has none."""
    frame = TABLES["pandas"]()
    clusters = near(frame)
    assert clusters.labels.index.equals(frame.index)
    assert clusters.labels.tolist() == [0, 1, 0, 3, 4, 0] == clusters.heads.tolist()
    assert clusters.to_pandas().index.equals(frame.index)
    assert clusters.at(0.99).labels.index.equals(frame.index)
    assert near(frame["text"]).labels.index.equals(frame.index)
    assert isinstance(near(TEXTS).labels, np.ndarray)
    frame["label"] = clusters.labels
    assert frame["label"].tolist() == [0, 1, 0, 3, 4, 0]


def test_a_result_with_its_source_can_be_sent() -> None:
    """Also of a relation, which is held as the table that was read."""
    clusters = pickle.loads(pickle.dumps(near(TABLES["DuckDB"]())))
    assert clusters.keep("longest").rows.fetchall()[0][0] == "a1"


def test_a_snapshot_keeps_ids_and_texts(tmp_path: Any) -> None:
    """An index knows no other columns."""
    with dedup.Index(str(tmp_path / "index"), dedup.Settings.near_copies()) as index:
        index.add_many(["a", "b", "c"], [BRIDGE, TEXTS[1], BRIDGE + "全文完。"])
        kept = index.snapshot().keep("longest")
    assert kept.rows["id"].to_pylist() == ["b", "c"]
    assert kept.dropped["kept"].to_pylist() == ["c"]
