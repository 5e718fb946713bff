"""`dedup.stages.scope`: groups, sources and dates of articles of every kind."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from dedup.errors import DedupWarning, InputError, SettingsError
from dedup.stages.articles import articles
from dedup.stages.scope import DAY, NO_DATE, Scope, moments, numbered, standings, values

ROWS = [
    {"text": "一", "site": "甲", "when": datetime(2025, 3, 1, 12, tzinfo=UTC)},
    {"text": "二", "site": None, "when": None},
    {"text": "三", "site": "乙", "when": datetime(2025, 3, 2, tzinfo=UTC)},
]
SITES = ["甲", None, "乙"]


@dataclasses.dataclass
class Article:
    """As a caller may have them; the site in capitals is a property."""

    text: str
    site: str | None
    when: datetime | None = None

    @property
    def capitals(self) -> str | None:
        """Worked out of another attribute."""
        return self.site and self.site.upper()


KINDS: dict[str, Callable[[], Any]] = {
    "mappings": lambda: ROWS,
    "iterator": lambda: articles(iter(ROWS)).source,
    "dataclasses": lambda: [Article(**row) for row in ROWS],
    "pandas": lambda: pd.DataFrame(ROWS, index=[7, 8, 9]),
    "pandas index": lambda: pd.DataFrame(ROWS).set_index("site"),
    "polars": lambda: pl.DataFrame(ROWS),
    "arrow": lambda: pa.Table.from_pylist(ROWS),
    "arrow of nanoseconds": lambda: pa.Table.from_pandas(pd.DataFrame(ROWS).astype({"when": "datetime64[ns, UTC]"})),
    "arrow stream": lambda: articles(pa.Table.from_pylist(ROWS).to_reader()).source,
    "arrow array": lambda: pa.array(ROWS),
    "dict of columns": lambda: {name: [row[name] for row in ROWS] for name in ROWS[0]},
    "dict of Arrow columns": lambda: {"site": pa.array(SITES), "when": pd.Series([row["when"] for row in ROWS])},
    "dictionary": lambda: pa.table({"site": pa.array(SITES).dictionary_encode(), "when": [r["when"] for r in ROWS]}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_column_is_found_in_articles_of_every_kind(kind: str) -> None:
    """By name, whatever holds it; what is missing is missing in all of them."""
    source = KINDS[kind]()
    assert numbered(values(source, "site", 3, "within"), "within").tolist() == [1, -1, 0]
    when = moments(values(source, "when", 3, "date"))
    assert (when[0] - when[2], when[1]) == (-DAY // 2, NO_DATE)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "pandas index"])
def test_a_function_sees_an_article_as_the_caller_has_it(kind: str) -> None:
    """A mapping or a dataclass as it is, and of a frame or table every row as a mapping."""
    source = KINDS[kind]()
    site = (lambda one: one.site) if kind == "dataclasses" else (lambda one: one["site"])
    assert numbered(values(source, site, 3, "within"), "within").tolist() == [1, -1, 0]


@pytest.mark.parametrize("kind", ["mappings", "dataclasses", "pandas", "polars", "arrow", "dict of columns"])
def test_a_path_leads_into_a_column(kind: str) -> None:
    """What stands inside of another column or attribute; a missing one on the way is a missing group."""
    rows = [{"text": row["text"], "site": row["site"] and {"name": row["site"]}, "when": None} for row in ROWS]
    source: Any = {
        "mappings": rows,
        "dataclasses": [Article(**row) for row in rows],
        "pandas": pd.DataFrame(rows),
        "polars": pl.DataFrame(rows),
        "arrow": pa.Table.from_pylist(rows),
        "dict of columns": {name: [row[name] for row in rows] for name in rows[0]},
    }[kind]
    assert numbered(values(source, "site.name", 3, "within"), "within").tolist() == [1, -1, 0]
    with pytest.raises(InputError, match=r"'sites\.name' for within"):
        values(source, "sites.name", 3, "within")


def test_a_function_of_strings() -> None:
    """Articles that are strings are what it sees; a missing one has no group, and it is not called."""
    assert values(["ab", None, "cd"], len, 3, "within") == [2, None, 2]
    assert values(pd.Series(["ab", None, "cd"]), len, 3, "within") == [2, None, 2]
    assert values(pa.array(["ab", None, "cd"]), len, 3, "within") == [2, None, 2]


def test_an_attribute_may_be_a_property() -> None:
    """Of any object that has it."""
    assert values([Article("x", "ab"), Article("y", None)], "capitals", 2, "within") == ["AB", None]


@pytest.mark.parametrize(
    "column",
    [
        SITES,
        tuple(SITES),
        iter(SITES),
        np.array(SITES, object),
        pd.Series(SITES, index=[5, 5, 5]),
        pd.Categorical(SITES),
        pl.Series(SITES),
        pa.array(SITES),
        pa.chunked_array([SITES[:1], SITES[1:]]),
    ],
    ids=lambda column: type(column).__module__.partition(".")[0] + " " + type(column).__name__,
)
def test_a_column_may_be_given(column: Any) -> None:
    """Of any kind, in the order of the articles."""
    assert numbered(values(["一", "二", "三"], column, 3, "within"), "within").tolist() == [1, -1, 0]


ONE, OTHER = uuid.UUID(int=1), uuid.UUID(int=2)


@pytest.mark.parametrize(
    ("groups", "numbers"),
    [
        (["b", "a", "b"], [1, 0, 1]),
        ([3, 1, None, 3], [1, 0, -1, 1]),
        ([OTHER, ONE, OTHER], [1, 0, 1]),
        ([("zh", "甲"), ("zh", "乙"), ("zh", "甲")], [1, 0, 1]),
        ([1, "1", 1], [0, 1, 0]),
        ([b"a", "a"], [0, 1]),
        ([float("nan"), pd.NA, pd.NaT, None, "", " \n"], [-1] * 6),
        ([True, False, True], [1, 0, 1]),
        (["台灣", "台湾", "サイト", "사이트", "موقع", "😀", "\ud800"], [4, 5, 1, 3, 0, 6, 2]),
        ([], []),
    ],
)
def test_groups_of_any_type(groups: list[Any], numbers: list[int]) -> None:
    """Equal values have one number, in the order of how they are written; a blank one is missing."""
    found = numbered(groups, "within").tolist()
    if any(isinstance(group, str) and group == "台灣" for group in groups):
        assert sorted(found) == list(range(len(groups)))  # which is first depends on how Python writes them
    else:
        assert found == numbers


def test_numbers_do_not_depend_on_the_order() -> None:
    """The same value has the same number wherever it stands."""
    groups = ["c", 2, "a", None, (1, 2), "c"]
    there = dict(zip(map(repr, groups), numbered(groups, "within").tolist(), strict=True))
    back = dict(zip(map(repr, groups[::-1]), numbered(groups[::-1], "within").tolist(), strict=True))
    assert there == back


NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        NOON,
        NOON.replace(tzinfo=None),
        NOON.astimezone(timezone(timedelta(hours=8))),
        "2025-03-01T12:00:00",
        "2025-03-01 12:00",
        " 2025-03-01T12:00Z ",
        "2025-03-01T20:00:00+08:00",
        np.datetime64("2025-03-01T12"),
        np.datetime64("2025-03-01T12:00:00.000000001"),
        pd.Timestamp("2025-03-01 12:00:00.000000001"),
        pd.Timestamp("2025-03-01 20:00", tz="Asia/Shanghai"),
    ],
    ids=repr,
)
def test_one_moment_in_many_forms(value: Any) -> None:
    """Without a zone it is UTC; less than a microsecond does not count."""
    assert moments([value]).tolist() == moments([NOON]).tolist()


def test_a_day_is_its_midnight() -> None:
    """A date, or a string of one; also long before 1970."""
    assert moments([date(1970, 1, 2), "1970-01-02", date(1969, 12, 31), "1970-01-01"]).tolist() == [DAY, DAY, -DAY, 0]
    assert moments([date.min, date.max]).tolist() == [-719162 * DAY, 2932896 * DAY]


def test_a_missing_date() -> None:
    """None, NaN, pandas' and numpy's NaT and blanks have none."""
    assert moments([None, float("nan"), pd.NaT, np.datetime64("NaT"), "", " "]).tolist() == [NO_DATE] * 6


@pytest.mark.parametrize("value", ["gestern", "2025年3月1日", "2025-13-01", 1_740_000_000, 1.5, True, timedelta(1)])
def test_what_is_no_date(value: Any) -> None:
    """The error names the article and what it has, and says what to do."""
    with pytest.raises(InputError, match=r"date of article 1 is .*must be a date.*date=lambda article"):
        moments([NOON, value])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"within_days": 30}, "needs dates: name what holds them"),
        ({"date": "when"}, "say how wide it is"),
        ({"within_days": -1, "date": "when"}, "must be 0 or more, got -1"),
        ({"within_days": float("nan"), "date": "when"}, "must be 0 or more, got nan"),
        ({"within_days": float("inf"), "date": "when"}, "must be 0 or more, got inf"),
        ({"within_days": "30", "date": "when"}, "must be a number of days, got '30'"),
        ({"within_days": True, "date": "when"}, "must be a number of days, got True"),
        ({"within": "site", "across": "site"}, "both 'site', which no two articles fulfil"),
    ],
)
def test_a_scope_that_makes_no_sense(given: dict[str, Any], message: str) -> None:
    """It is refused before anything is read."""
    with pytest.raises(SettingsError, match=message):
        Scope(**given)


@pytest.mark.parametrize(
    ("source", "what", "message"),
    [
        (ROWS, "domain", r"no article has 'domain' for within; they are of the kind dict"),
        (["a", "b", "c"], "domain", r"no article has 'domain' for within; they are of the kind str"),
        (pd.DataFrame(ROWS), "domain", r"no column 'domain' for within; the columns are \['text', 'site', 'when'\]"),
        (pd.Series(["a", "b", "c"]), "domain", r"no column 'domain' for within; the columns are \[\]"),
        (pl.DataFrame(ROWS), "domain", r"no column 'domain' for within; the columns are \['text', 'site', 'when'\]"),
        (pa.array(["a", "b", "c"]), "domain", r"no column 'domain'"),
        (pd.DataFrame([[1, 2]] * 3, columns=["site", "site"]), "site", "2 columns are called 'site'"),
        (ROWS, ["a", "b"], "within has 2 values for 3 articles"),
        (ROWS, np.zeros((3, 2)), r"an array of shape \(3, 2\)"),
        (ROWS, {"a": 1}, "got dict"),
        (ROWS, 7, "got int"),
        (ROWS, b"abc", "got bytes"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_cannot_be_read(source: Any, what: Any, message: str) -> None:
    """The error says what there is and what would do."""
    with pytest.raises(InputError, match=message):
        values(source, what, 3, "within")


def test_a_group_that_is_no_key() -> None:
    """A list cannot be told from another by its hash; the error names the article."""
    with pytest.raises(InputError, match=r"within of article 1 is list \['b'\]; a group must be"):
        numbered(["a", ["b"]], "within")


def test_all_at_once_and_what_is_missing_is_told() -> None:
    """Every rule says how many articles have nothing to go by, and what becomes of them."""
    scope = Scope(within="site", across=lambda one: one["site"] and "x", within_days=0.5, date="when")
    with pytest.warns(DedupWarning) as told:
        found = standings(ROWS, scope, 3)
    assert [str(one.message) for one in told] == [
        "1 article has no group (within): article 1; it is compared with no other article",
        "1 article has no source (across): article 1; it is compared with articles of all sources",
        "1 article has no date: article 1; it is compared with no other article",
    ]
    assert found.source is not None
    assert [found.group.tolist(), found.source.tolist(), found.window] == [[1, -1, 0], [0, -1, 0], DAY // 2]
    with pytest.warns(DedupWarning, match=r"^2 articles have no group \(within\), the first is article 0; they are"):
        standings(ROWS, Scope(within=[None, "a", None]), 3)


def test_a_scope_is_there_or_not() -> None:
    """None of any rule is no scope; a window of no width is one."""
    assert not Scope()
    assert Scope(within_days=0, date="when") and Scope(within=[]) and Scope(across="site")
    assert Scope(within_days=1e300, date="when").window == 1 << 62
