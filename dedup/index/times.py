"""When articles were added and last seen: seconds since 1970, in UTC.

In: times as callers give them. Out: a `Span` of each article for the store, and the same as times and Arrow columns. An
article that comes again, or gets another text, keeps the time it was first seen; in whatever order times come, the span
is the same.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import pyarrow as pa

from dedup.errors import InputError

SECONDS = pa.timestamp("s", tz="UTC")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = -62_135_596_800, 253_402_300_799
"""The first second of the year 1, and the last one of 9999."""


class Span(NamedTuple):
    """The first and the last second in which an article was seen."""

    first: int
    last: int

    @property
    def sensible(self) -> bool:
        """Whether there are such dates."""
        return _FIRST <= self.first <= self.last <= _LAST


class Times(NamedTuple):
    """When an article was seen, to the second, in UTC.

    Example:
        >>> from datetime import UTC, datetime
        >>> _ = index.add("dated", "An article with a date.", seen_at=datetime(2026, 3, 1, 8, tzinfo=UTC))
        >>> index.times("dated").first_seen.isoformat()
        '2026-03-01T08:00:00+00:00'
    """

    first_seen: datetime | None
    """When it was added; None for one that came before times were kept."""
    last_seen: datetime | None
    """When it was added the last time, with whatever text."""


def widened(known: Span | None, span: Span) -> Span:
    """What is known of an article that is seen again."""
    return span if known is None else Span(min(known.first, span.first), max(known.last, span.last))


def checked_time(name: str, given: object) -> int:
    """A time as seconds.

    Raises:
        InputError: It is no time, or has no time zone.
    """
    if not isinstance(given, datetime):
        raise InputError(f"{name} must be a datetime with a time zone, or None for now, got {given!r}")
    if given.utcoffset() is None:
        raise InputError(f"{name} must have a time zone, got {given!r}; for UTC write .replace(tzinfo=datetime.UTC)")
    return (given - EPOCH).days * 86_400 + (given - EPOCH).seconds


def checked_times(given: Any, count: int) -> list[int]:
    """The time of each row, of one for all or one for each; None is now.

    Raises:
        InputError: There are not as many as rows, or one is no time.
    """
    if given is None or isinstance(given, date) or not isinstance(given, Iterable) or isinstance(given, str):
        return [_second(given)] * count
    every = given.to_pylist() if isinstance(given, pa.Array | pa.ChunkedArray) else list(given)
    if len(every) != count:
        raise InputError(f"there are {count} articles and {len(every)} times; give one of each, or one for all")
    return [_second(one) for one in every]


def _second(given: object) -> int:
    return int(time.time()) if given is None else checked_time("seen_at", given)


def checked_limit(given: object) -> int:
    """The time before which articles are forgotten; a date is its midnight in UTC.

    Raises:
        InputError: It is no time, or has no time zone.
    """
    if isinstance(given, date) and not isinstance(given, datetime):
        given = datetime(given.year, given.month, given.day, tzinfo=UTC)
    if given is None:
        raise InputError("before must be a date, or a datetime with a time zone, got None")
    return checked_time("before", given)


def as_times(span: Span | None) -> Times:
    """A span as times."""
    if span is None:
        return Times(None, None)
    return Times(*(datetime.fromtimestamp(second, UTC) for second in span))


def time_columns(spans: Sequence[Span | None]) -> dict[str, pa.Array]:
    """Spans as columns, null where nothing is known."""
    return {
        "first_seen": pa.array([span and span.first for span in spans], SECONDS),
        "last_seen": pa.array([span and span.last for span in spans], SECONDS),
    }
