"""Scope: which articles may be compared at all, by what the caller knows of each: its group, its source, its date.

In: articles as the caller has them, and a `Scope`. Out: `Standings`, three numbers an article. A group, a source and a
date are each a column, key or attribute of the articles, a function of an article, or a column of as many values. Costs
about a microsecond an article for each. Dates without a zone count as UTC. Compares nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.errors import InputError, SettingsError, warn
from dedup.fields import Path, column_at, column_of, fields_of, names_inside, value_at
from dedup.identity import missing
from dedup.stages.queries import hub_table, is_hub, library

DAY = 86_400_000_000
"""Microseconds."""
NO_DATE = np.iinfo(np.int64).min
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST_WINDOW = 1 << 62


@dataclass(frozen=True)
class Scope:
    """Which articles may be compared; see `dedup.cluster`.

    Raises:
        SettingsError: `within_days` is no length of time, comes without `date` or `date` without it, or `within` and
            `across` are the same.

    Example:
        >>> scope = Scope(within="site", within_days=30, date="published")
        >>> bool(scope), scope.window == 30 * DAY, bool(Scope())
        (True, True, False)
    """

    within: Any = None
    across: Any = None
    within_days: float | None = None
    date: Any = None

    def __post_init__(self) -> None:
        """Check what can be checked without articles."""
        days = self.within_days
        if days is not None and (isinstance(days, bool) or not isinstance(days, int | float | np.number)):
            raise SettingsError(f"within_days must be a number of days, got {days!r}; for an hour write 1 / 24")
        if days is not None and not (days >= 0 and math.isfinite(days)):
            raise SettingsError(f"within_days must be 0 or more, got {days!r}; leave it out for no window")
        if days is not None and self.date is None:
            raise SettingsError(f"within_days={days!r} needs dates: name what holds them, for example date='published'")
        if days is None and self.date is not None:
            raise SettingsError("date is for a window of time: say how wide it is, for example within_days=30")
        if isinstance(self.within, str) and isinstance(self.across, str) and self.within == self.across:
            raise SettingsError(
                f"within and across are both {self.within!r}, which no two articles fulfil; leave one out"
            )

    def __bool__(self) -> bool:
        """Whether it leaves anything out of reach."""
        return any(given is not None for given in (self.within, self.across, self.within_days))

    @property
    def window(self) -> int:
        """Microseconds by which two articles may be apart."""
        return 0 if self.within_days is None else round(min(float(self.within_days) * DAY, LONGEST_WINDOW))


class Standings(NamedTuple):
    """What a scope asks of n articles.

    Example:
        >>> rows = [{"site": "a", "text": "one"}, {"site": "b", "text": "two"}, {"site": "a", "text": "three"}]
        >>> found = standings(rows, Scope(across="site"), articles=3)
        >>> found.source, found.group, found.window
        (array([0, 1, 0]), array([0, 0, 0]), 0)
    """

    group: NDArray[np.int64]
    """(n,): equal for articles of one group, -1 where there is none; all 0 where groups do not count."""
    time: NDArray[np.int64]
    """(n,): microseconds since 1970, `NO_DATE` where there is none; all 0 where dates do not count."""
    source: NDArray[np.int64] | None
    """(n,): equal for articles of one source, -1 where there is none; None where sources do not count."""
    window: int
    """See `Scope`."""


def standings(source: Any, scope: Scope, articles: int) -> Standings:
    """Read groups, sources and dates.

    Args:
        source: Articles that can be read more than once; see `source` of `dedup.stages.articles.Articles`.
        scope: What is asked of them.
        articles: How many there are.

    Raises:
        InputError: There is no such column, a column has another length, or a value is of a kind that does not do.

    Warns:
        DedupWarning: Articles have no group, no source or no date; says how many and what that means for them.

    Example:
        >>> rows = [{"site": "a", "text": "one"}, {"site": "b", "text": "two"}, {"site": "a", "text": "three"}]
        >>> standings(rows, Scope(within="site"), articles=3).group
        array([0, 1, 0])
    """
    group = time = np.zeros(articles, np.int64)
    sources = None
    if scope.within is not None:
        group = numbered(values(source, scope.within, articles, "within"), "within")
        _warn_of_missing(group == -1, "group (within)", "they are compared with no other article")
    if scope.across is not None:
        sources = numbered(values(source, scope.across, articles, "across"), "across")
        _warn_of_missing(sources == -1, "source (across)", "they are compared with articles of all sources")
    if scope.within_days is not None:
        time = moments(values(source, scope.date, articles, "date"))
        _warn_of_missing(time == NO_DATE, "date", "they are compared with no other article")
    return Standings(group, time, sources, scope.window)


def _warn_of_missing(gone: NDArray[np.bool_], what: str, meaning: str) -> None:
    if gone.any():
        count = int(gone.sum())
        several = "1 article has" if count == 1 else f"{count:,} articles have"
        first = f", the first is article {int(gone.argmax())}" if count > 1 else f": article {int(gone.argmax())}"
        warn(f"{several} no {what}{first}; {meaning if count > 1 else meaning.replace('they are', 'it is')}")


# --- values of any kind --------------------------------------------------------------------------------------------


def values(source: Any, what: Any, articles: int, role: str) -> list[Any]:
    """One value an article, as Python has it.

    Args:
        source: The articles.
        what: A name, a function of an article, or a column of values.
        articles: How many there are.
        role: What the values are for, to be named in errors.

    Raises:
        InputError: There is no such column, or there are not as many values as articles.

    Example:
        >>> values([{"site": "a"}, {"site": "b"}], "site", articles=2, role="within")
        ['a', 'b']
        >>> values(["one", "two"], lambda text: text[0], articles=2, role="within")
        ['o', 't']
    """
    if isinstance(what, str):
        found = _named(source, what, role)
    elif callable(what):
        found = [None if missing(one) else what(one) for one in _rows(source)]
    else:
        found = _listed(what, role)
    if len(found) != articles:
        raise InputError(
            f"{role} has {len(found):,} values for {articles:,} articles; give one an article, in their order, or the "
            "name of a column"
        )
    return found


def _named(source: Any, name: str, role: str) -> list[Any]:
    """What stands in a column, under a key or in an attribute, or at the end of a path of them."""
    if library(source) == "pandas":
        return _pandas_column(source, name, role)
    if _is_arrow(source):
        column = _chunked(source)
        inside: Any = names_inside(column.type) if pa.types.is_struct(column.type) else []
        return _from_arrow(column_at(column, _path(inside, name, role)))
    if is_hub(source):
        path = _path(names_inside(pa.struct(source.features.arrow_schema)), name, role)
        table = hub_table(source, lambda _: [path[0]])
        return _from_arrow(column_at(pa.chunked_array(table), path))
    if isinstance(source, Mapping):
        first, *inner = _path(list(source), name, role)
        return [value_at(value, tuple(inner)) for value in _listed(source[first], role)]
    return _of_rows(source, name, role)


def _of_rows(source: Any, name: str, role: str) -> list[Any]:
    """What articles have one by one."""
    found = [_get(one, name) for one in source]
    if found and not any(there for there, _ in found):
        names = dict.fromkeys(chain.from_iterable(fields_of(one) or () for one in source))
        if path := column_of(name, list(names)):
            return [value_at(one, path) for one in source]
        kind = next((type(one).__name__ for one in source if not missing(one)), "nothing")
        raise InputError(
            f"no article has {name!r} for {role}; they are of the kind {kind}: name a key or attribute that they have, "
            "or give a function of an article or one value an article"
        )
    return [value for _, value in found]


def _get(article: Any, name: str) -> tuple[bool, Any]:
    """Whether an article has a key or attribute, and what it is."""
    if isinstance(article, Mapping):
        return name in article, article.get(name)
    there = not isinstance(article, str) and hasattr(article, name)
    return there, getattr(article, name) if there else None


def _path(names: Any, name: str, role: str) -> Path:
    """Where the column of this name or path is."""
    path = column_of(name, names)
    if path is None:
        known = list(names if isinstance(names, list) else names(()))
        raise InputError(f"there is no column {name!r} for {role}; the columns are {known}")
    return path


def _pandas_column(source: Any, name: str, role: str) -> list[Any]:
    names = list(source.columns) if hasattr(type(source), "columns") else []
    if name in source.index.names and name not in names:
        return list(source.index.get_level_values(name))
    first, *inner = _path(names, name, role)
    return [value_at(value, tuple(inner)) for value in source[first]]


def _rows(source: Any) -> Iterable[Any]:
    """The articles as a function is to see them: those of a frame, a table or a dict of columns as mappings."""
    if library(source) == "pandas":
        return source.to_dict("records") if hasattr(type(source), "columns") else source
    if _is_arrow(source):
        return _from_arrow(_chunked(source))
    if isinstance(source, Mapping):
        columns = [_listed(column, name) for name, column in source.items()]
        return [dict(zip(source, row, strict=True)) for row in zip(*columns, strict=True)]
    return source.with_format(None) if is_hub(source) else source


def _is_arrow(source: Any) -> bool:
    return hasattr(source, "__arrow_c_stream__") or hasattr(source, "__arrow_c_array__")


def _chunked(source: Any) -> pa.ChunkedArray:
    if hasattr(source, "__arrow_c_stream__"):
        return pa.chunked_array(source)
    return pa.chunked_array([pa.array(source)])


def _from_arrow(column: pa.ChunkedArray) -> list[Any]:
    """Python values; of times all that a Python date can hold, which is microseconds."""
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    found: list[Any] = column.to_pylist()
    return found


def _listed(column: Any, role: str) -> list[Any]:
    """A column of values of whatever kind."""
    if isinstance(column, Mapping | AbstractSet | bytes) or not isinstance(column, Iterable):
        raise InputError(
            f"{role} must be the name of a column, key or attribute, a function of an article, or one value an "
            f"article, got {type(column).__name__}"
        )
    if getattr(column, "ndim", 1) != 1:
        raise InputError(f"{role} must be one value an article, got an array of shape {getattr(column, 'shape', '')}")
    if library(column) != "pandas" and _is_arrow(column):
        return _from_arrow(_chunked(column))
    return list(column)


# --- numbers for values --------------------------------------------------------------------------------------------


def numbered(found: list[Any], role: str) -> NDArray[np.int64]:
    """(n,): a number for each value, equal for equal ones, -1 for a missing or blank one.

    The numbers ascend with how values are written, so that they do not depend on the order of articles.

    Args:
        found: A value of each article, of any kind that can be a key of a dict.
        role: What the values are for, to be named in errors.

    Raises:
        InputError: A value cannot be a key.

    Example:
        >>> numbered(["b", "a", None, "b"], "within")
        array([ 1,  0, -1,  1])
    """
    known: dict[Any, int] = {}
    try:
        codes = [-1 if _blank(value) else known.setdefault(value, len(known)) for value in found]
    except TypeError:
        place = next(place for place, value in enumerate(found) if not _hashable(value))
        raise InputError(
            f"{role} of article {place} is {type(found[place]).__name__} {found[place]!r:.60}; a group must be a "
            "string, a number, a tuple or anything else that can be a key of a dict"
        ) from None
    order = sorted(known, key=lambda value: (type(value).__name__, repr(value)))
    ranks = np.empty(len(known) + 1, np.int64)
    ranks[[known[value] for value in order]] = np.arange(len(known))
    ranks[-1] = -1
    return ranks[np.array(codes, np.int64)]


def _blank(value: Any) -> bool:
    return missing(value) or (isinstance(value, str) and not value.strip())


def _hashable(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


def moments(found: list[Any]) -> NDArray[np.int64]:
    """(n,): microseconds since 1970 in UTC, `NO_DATE` for a missing or blank date.

    Args:
        found: A date of each article: a date, a datetime, or a string of ISO 8601.

    Raises:
        InputError: One is none of these.

    Example:
        >>> (moments(["1970-01-02", "1970-01-03T00:00:00Z"]) // DAY).tolist()
        [1, 2]
    """
    return np.array(
        [NO_DATE if _blank(value) else _moment(value, place) for place, value in enumerate(found)], np.int64
    )


def _moment(value: Any, place: int) -> int:
    """A date as microseconds since 1970."""
    if isinstance(value, np.datetime64):
        return int(value.astype("datetime64[us]").astype(np.int64))  # NaT is NO_DATE
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            raise _no_date(value, place) from None
    if not isinstance(value, date):
        raise _no_date(value, place)
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    if value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    return int((value - EPOCH) // timedelta(microseconds=1))


def _no_date(value: Any, place: int) -> InputError:
    return InputError(
        f"date of article {place} is {value!r:.60}; it must be a date, a datetime, or a string such as 2025-03-01 or "
        "2025-03-01T12:30:00+08:00. Convert others with a function: date=lambda article: ..."
    )
