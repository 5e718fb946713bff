"""Which article of each cluster is kept, and what becomes of the others.

In: the cluster of each article, and a rule such as "longest" or "newest:date". Out: `Kept`: the rows to keep, one of
each cluster and all that are alone, and those that are dropped, each with the article that is kept instead. Costs a
sort of the articles. Texts without a letter or digit are nobody's duplicates and are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dedup.errors import InputError, SettingsError
from dedup.identity import id_text, id_texts, missing
from dedup.kernels import Integers
from dedup.rows import Rows

By: TypeAlias = str | tuple[Any, ...] | Callable[[Any], Any]
"""A rule as it is given: see `Clusters.keep`."""
PLAIN = ("first", "longest", "representative")
"""Rules that need no column."""
DATED = ("newest", "oldest")
KNOWN = "first, longest, representative, newest:COLUMN, oldest:COLUMN or source:COLUMN:FIRST,SECOND,..."


@dataclass(frozen=True)
class Rule:
    """Which article of a cluster is kept; of two that are equal by it the earlier one.

    Attributes:
        kind: What decides.
        column: Of the dates or sources; empty where none is needed.
        preferred: Sources, the best one first.
    """

    kind: str
    column: str = ""
    preferred: tuple[str, ...] = ()

    @classmethod
    def of(cls, by: object) -> Rule:
        """A rule as it is written: ``"newest:date"``, ``("newest", "date")``.

        Args:
            by: The rule.

        Raises:
            SettingsError: There is no such rule.
        """
        kind, column, preferred = _parts(by)
        ranked = tuple(id_text(one) or "" for one in preferred)
        whole = {"source": bool(column and ranked), **dict.fromkeys(DATED, bool(column) and not ranked)}
        if not whole.get(kind, kind in PLAIN and not column):
            raise SettingsError(f"keep by {KNOWN}, got {by!r}")
        return cls(kind, column, ranked)

    def order(self, column: pa.ChunkedArray | Sequence[Any]) -> Integers:
        """How good each article is by a column: the lower, the better.

        Args:
            column: Its dates or sources.

        Raises:
            InputError: The dates are neither dates nor numbers.
        """
        if self.kind == "source":
            names = _texts(column)
            best: dict[str | None, int] = {}
            for place, name in enumerate(self.preferred):
                best.setdefault(name, place)
            return np.array([best.get(name, len(best)) for name in names], np.int64)
        places = ranked_dates(column, self.column)
        last = np.int64(len(places) + 1)  # without a date: behind all that have one
        return np.where(places == 0, last, places if self.kind == "oldest" else -places)


def _parts(by: object) -> tuple[str, str, tuple[Any, ...]]:
    """Kind, column and preferred sources; the kind is empty where it is no rule."""
    if isinstance(by, str):
        kind, _, rest = by.partition(":")
        column, colon, several = rest.partition(":") if kind == "source" else (rest, "", "")
        return kind, column, tuple(map(str.strip, several.split(","))) if colon else ()
    if isinstance(by, tuple) and 1 <= len(by) <= 3 and all(isinstance(one, str) for one in by[:2]):  # noqa: PLR2004 - its parts
        preferred = by[2] if len(by) > 2 else ()  # noqa: PLR2004 - the third part
        return by[0], (*by, "")[1], (preferred,) if isinstance(preferred, str) else tuple(preferred)
    return "", "", ()


def _texts(column: pa.ChunkedArray | Sequence[Any]) -> list[str | None]:
    if isinstance(column, pa.ChunkedArray):
        found: list[str | None] = id_texts(column).to_pylist()
        return found
    return [id_text(one) for one in column]


_SORTED = (pa.types.is_temporal, pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)
"""Types of columns that tell which article is the newest."""


def ranked_dates(column: pa.ChunkedArray | Sequence[Any], name: str) -> Integers:
    """The rank of each date, from 1; missing ones have 0.

    Args:
        column: Dates, times or numbers; strings are read as ISO 8601 or as numbers. A time without a zone is UTC.
        name: Of the column, for the error.

    Raises:
        InputError: A value is none of these, or some are dates and others numbers.
    """
    if not isinstance(column, pa.ChunkedArray):
        return _ranked(column, name)
    kind = column.type
    if pa.types.is_dictionary(kind) or pa.types.is_string_view(kind):
        column = column.cast(pa.large_string())
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return _ranked(column.to_pylist(), name)
    kind = column.type
    if pa.types.is_null(kind):
        return np.zeros(len(column), np.int64)
    if not any(fits(kind) for fits in _SORTED):
        raise InputError(f"column {name!r} holds {kind}; the newest is told by dates, times or numbers: name another")
    if pa.types.is_floating(kind):
        column = pc.if_else(pc.is_nan(column), pa.scalar(None, kind), column)
    places = pc.rank(column, tiebreaker="dense").to_numpy().astype(np.int64)
    return np.where(column.is_null().to_numpy(), 0, places)


def _ranked(values: Sequence[Any], name: str) -> Integers:
    """The ranks of values of Python, which compares whole numbers of any size with others exactly."""
    read = [_read(value, name) for value in values]
    if len({isinstance(value, datetime) for value in read if value is not None}) > 1:
        raise InputError(f"column {name!r} holds dates and numbers, which cannot be compared; make all of them dates")
    try:
        ranks = {value: rank for rank, value in enumerate(sorted({value for value in read if value is not None}), 1)}
    except TypeError as error:
        raise InputError(f"column {name!r} cannot be sorted: {error}; make all of its values dates") from error
    return np.array([0 if value is None else ranks[value] for value in read], np.int64)


def _read(value: Any, name: str) -> Any:
    """A date or number; a string as it is written."""
    if missing(value):
        return None
    if isinstance(value, np.datetime64):
        value = value.astype("datetime64[us]").item()
    if isinstance(value, str):
        value = value.strip()
        if not value:
            return None
        for number in (int, float):
            with suppress(ValueError):
                found = number(value)
                return None if missing(found) else found
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise InputError(
                f"column {name!r} holds {value!r}, which is neither a number nor a date such as 2024-01-31 or "
                "2024-01-31T08:00:00Z; write the dates in this way (ISO 8601)"
            ) from None
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if hasattr(value, "isoformat") and hasattr(value, "toordinal"):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return value


def longest(characters: Integers, texts: pa.ChunkedArray) -> Integers:
    """How good each article is by its length: the lower, the better. Reads no text, for these may lie on disk.

    Args:
        characters: (n,) letters and digits of each text when it is folded.
        texts: large_string (n,); of two with as many characters the one of more bytes is longer.
    """
    size = pc.fill_null(pc.binary_length(texts), 0).to_numpy().astype(np.int64)
    return -(characters * (size.max(initial=0) + 1) + size)


def best(groups: Integers, order: Integers) -> Integers:
    """The best article of each article's group.

    Args:
        groups: (n,) the group of each article.
        order: (n,) how good each is: the lower, the better; of equals the earlier one is taken.

    Returns:
        int64 (n,): position of the best article of its group; its own where it is alone.
    """
    by_group = np.lexsort((order, groups))  # stable: of equals the earlier one is first
    heads = np.flatnonzero(np.diff(groups[by_group], prepend=-1))
    kept = np.empty(len(groups), np.int64)
    kept[by_group] = np.repeat(by_group[heads], np.diff(heads, append=len(groups)))
    return kept


def picked(rows: Any, count: int, answer: object, ids: Sequence[Any] | None) -> int:
    """Which row of a group a function has chosen.

    Args:
        rows: The rows that it was given.
        count: How many they are.
        answer: What it returned: a whole number is a place among them, anything else a row itself or an id.
        ids: Of these rows.

    Raises:
        InputError: It is none of them.
    """
    if isinstance(answer, int | np.integer) and not isinstance(answer, bool):
        if -count <= answer < count:
            return int(answer) % count
    else:
        if isinstance(rows, list):
            for place, row in enumerate(rows):
                if row is answer:
                    return place
        names = [] if ids is None else [id_text(one) for one in ids]
        if isinstance(answer, str | bytes | float) or ids is not None:
            told = id_text(answer)
            if told is not None and told in names:
                return names.index(told)
    raise InputError(
        f"the function that chooses an article must return its place among the {count} rows that it gets, from 0, "
        f"its id, or of a list the row itself; got {answer!r}"
    )


class Dropped(NamedTuple):
    """An article that is not kept.

    Example:
        >>> gone = clusters.keep("longest").dropped[0]
        >>> gone.id, gone.kept, round(gone.similarity, 2), gone.row is articles[1]
        ('bridge-original', 'bridge-copy', 0.78, True)
    """

    row: Any
    """It itself, as it was given."""
    id: Any
    """Its id, or its position where the articles have none."""
    kept: Any
    """The id of the article that is kept instead, or its position."""
    similarity: float
    """Of the two."""


@dataclass(frozen=True, eq=False, repr=False)
class Kept:
    """One article of each cluster, and all that are alone.

    Attributes:
        of: int64 (n,): position of the article that is kept for each article; its own where that is itself.

    Example:
        >>> kept = dedup.cluster(["续费手机卡", "續費手機卡，輕鬆搞定", "续费手机卡！"]).keep("first")
        >>> kept.rows
        ['续费手机卡', '續費手機卡，輕鬆搞定']
        >>> kept.of.tolist(), kept.places.tolist(), round(kept.ratio, 2)
        ([0, 1, 0], [0, 1], 0.33)
    """

    of: Integers
    _source: Rows = field(repr=False)
    _names: pa.ChunkedArray = field(repr=False)
    _similarity: Callable[[Integers, Integers], NDArray[np.float64]] = field(repr=False)

    @cached_property
    def places(self) -> Integers:
        """int64 (k,): positions of the articles that are kept, ascending.

        Example:
            >>> clusters.keep("longest").places
            array([ 0,  2,  3,  4,  5,  6,  7, 12, 13])
        """
        return np.flatnonzero(self.of == np.arange(len(self.of)))

    @property
    def rows(self) -> Any:
        """The rows to keep, in the order given, with all of their columns, in the caller's own kind.

        Of a pandas frame or series with its index; of a list or another iterable of Python objects a list of the very
        same objects; of a DuckDB relation a relation; of a data set of Hugging Face a data set; of a dict of columns a
        dict of columns. Of what has no rows until it is read those that were: of a lazy frame of Polars a frame, of a
        dataset or scanner of Arrow and of a table of Delta, Iceberg or Lance an Arrow table. A result that was read
        from an index or a night has a table of ids and texts.

        Example:
            >>> kept = clusters.keep("longest")
            >>> len(kept.rows), kept.rows[0] is articles[0]
            (9, True)
        """
        return self._source.take(self.places)

    @cached_property
    def dropped(self) -> Any:
        """The articles that are not kept, in the order given, each with what is kept instead.

        Of a table or frame its rows with two more columns: `kept`, the id of the article that is kept instead (its
        position where there are no ids), and `similarity` of the two. Of other kinds a list of `Dropped`. Where the two
        were never compared, their similarity is computed now.

        Raises:
            InputError: The articles have such a column.

        Example:
            >>> [(gone.id, gone.kept) for gone in clusters.keep("longest").dropped][:2]
            [('bridge-original', 'bridge-copy'), ('tea-1', 'tea-5')]
            >>> table = clusters.to_arrow().append_column("text", [[one["text"] for one in articles]])
            >>> dedup.cluster(table.select(["id", "text"])).keep("longest").dropped.column_names
            ['id', 'text', 'kept', 'similarity']
        """
        gone = np.flatnonzero(self.of != np.arange(len(self.of)))
        similarity = self._similarity(gone, self.of[gone])
        ids, kept = (self._names.take(pa.array(some)) for some in (gone, self.of[gone]))
        if self._source.tabular:
            return self._source.with_columns(gone, {"kept": kept, "similarity": pa.array(similarity)})
        rows = self._source.take(gone)
        return [Dropped(*one) for one in zip(rows, ids.to_pylist(), kept.to_pylist(), similarity.tolist(), strict=True)]

    def dropped_ids(self) -> pa.Table:
        """The articles that are not kept as a table: `id`, `kept` and `similarity`, as in `dropped`.

        Example:
            >>> clusters.keep("longest").dropped_ids()["kept"].to_pylist()
            ['bridge-copy', 'tea-5', 'tea-5', 'tea-5', 'tea-5']
        """
        gone = np.flatnonzero(self.of != np.arange(len(self.of)))
        ids, kept = (self._names.take(pa.array(some)) for some in (gone, self.of[gone]))
        return pa.table({"id": ids, "kept": kept, "similarity": self._similarity(gone, self.of[gone])})

    @property
    def ratio(self) -> float:
        """Share of the articles that are dropped, 0 to 1.

        Example:
            >>> round(clusters.keep("longest").ratio, 3)
            0.357
        """
        return (len(self.of) - len(self)) / max(1, len(self.of))

    def __len__(self) -> int:
        """How many articles are kept."""
        return len(self.places)

    def __repr__(self) -> str:
        """One line: how many are kept."""
        return f"<Kept: {len(self):,} of {len(self.of):,} articles, {self.ratio:.1%} dropped>"
