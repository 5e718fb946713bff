"""Reach: who may be compared with whom, in numbers by which the stages walk past all others at no cost.

In: the number of each article's text, and where articles stand (`dedup.stages.scope`). Out: `Scoped`: copies of a text
that may be told apart by it count as texts of their own, numbered by group, then by date, so that all those in reach of
one follow each other; and the buckets of such copies. Costs a sort of the articles.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.work import Room

COPIES = (-1, -1)
"""The piece of the buckets of copies."""


class Standing(Protocol):
    """Where n articles stand; see `dedup.stages.scope.Standings`."""

    @property
    def group(self) -> NDArray[np.int64]:
        """(n,): -1 for none."""

    @property
    def time(self) -> NDArray[np.int64]:
        """(n,): the least of all integers for none."""

    @property
    def source(self) -> NDArray[np.int64] | None:
        """(n,): -1 for none."""

    @property
    def window(self) -> int:
        """How far two may be apart."""


class Scoped(NamedTuple):
    """Texts that are compared as one: those of copies that all may be compared with each other.

    Example:
        >>> from dedup.stages.scope import Scope, standings
        >>> standing = standings(["續費", "續費", "續費"], Scope(within=["a", "b", "a"]), articles=3)
        >>> found = scoped(np.array([0, 0, 0]), standing)  # three copies of the text 0
        >>> found.number, found.first, found.text
        (array([0, 1, 0]), array([0, 1]), array([0, 0]))
    """

    first: NDArray[np.int64]
    """(d,): position of the first article with each."""
    number: NDArray[np.int64]
    """(n,): which of them each article has, -1 where it has none."""
    text: NDArray[np.int64]
    """(d,): the number of the distinct text that each is."""
    reach: kernels.Reach


def scoped(number: NDArray[np.int64], standing: Standing) -> Scoped:
    """Part copies of a text that are not to be joined for being equal, and find who is in whose reach.

    An article without a group or a date is in nobody's reach; one without a source in that of all sources. Articles of
    one source are all texts of their own, even copies.

    Args:
        number: (n,) the number of each article's distinct text, -1 where it has none.
        standing: Where the articles stand.

    Example:
        >>> from dedup.stages.scope import Scope, standings
        >>> standing = standings(["one", "two"], Scope(within_days=7, date=["2026-03-01", "2026-04-01"]), articles=2)
        >>> reach = scoped(np.array([0, 1]), standing).reach
        >>> reach.earliest.tolist(), reach.latest.tolist()  # neither is in reach of the other
        ([0, 1], [0, 1])
    """
    rows = np.flatnonzero(number >= 0)
    text, time = number[rows], standing.time[rows]
    nobody = (standing.group[rows] < 0) | (time == np.iinfo(np.int64).min)
    group = np.where(nobody, -1, standing.group[rows])
    source = np.full(len(rows), -1) if standing.source is None else standing.source[rows]
    order = np.lexsort((source, text, time, group))
    keys = np.stack([group, time, text, source])[:, order]
    fresh = (nobody | (source >= 0))[order]
    fresh[:1] = True
    fresh[1:] |= (keys[:, 1:] != keys[:, :-1]).any(axis=0)
    heads = order[fresh]
    found = np.full(len(number), -1, np.int64)
    found[rows[order]] = np.cumsum(fresh) - 1
    sources = np.empty(0, np.int64) if standing.source is None else source[heads]
    return Scoped(rows[heads], found, text[heads], _reach(group[heads], time[heads], standing.window, sources))


def _reach(group: NDArray[np.int64], time: NDArray[np.int64], window: int, sources: NDArray[np.int64]) -> kernels.Reach:
    """The reach of texts that are in order; those of group -1 are in nobody's."""
    earliest = np.empty(len(group), np.int64)
    kernels.reach_back(group, time, window, earliest)
    latest = np.searchsorted(earliest, np.arange(len(group)), "right") - 1
    return kernels.Reach(earliest.astype(np.uint64), latest.astype(np.uint64), sources)


class Meeting(Protocol):
    """Buckets; see `dedup.stages.candidates.Buckets`."""

    articles: int
    bits: int

    @property
    def pieces(self) -> list[tuple[int, int]]:
        """Parts of all buckets."""

    def entries(self, piece: tuple[int, int], room: Room) -> Iterator[NDArray[np.uint64]]:
        """The entries of whole buckets."""


class CopyBuckets:
    """Other buckets, and one more for each text that stands in several places: its copies meet, however short it is.

    Args:
        others: Of d texts.
        text: (d,) the number of the distinct text that each is.

    Example:
        >>> from dedup.stages.runs import RunBuckets
        >>> from dedup.work import Room
        >>> buckets = CopyBuckets(RunBuckets([], articles=3), text=np.array([0, 0, 1]))
        >>> (entries,) = buckets.entries(buckets.pieces[-1], Room(np.uint64))
        >>> (entries & np.uint64(7)).tolist()  # the copies 0 and 1 meet
        [0, 1]
    """

    def __init__(self, others: Meeting, text: NDArray[np.int64]) -> None:
        self._others, self._text = others, text
        self.articles, self.bits = others.articles, others.bits

    @property
    def pieces(self) -> list[tuple[int, int]]:
        """Those of the others, and the copies."""
        return [*self._others.pieces, COPIES]

    def entries(self, piece: tuple[int, int], room: Room) -> Iterator[NDArray[np.uint64]]:
        """The entries of the buckets of a piece.

        Args:
            piece: One of `pieces`.
            room: Where to put those of copies.
        """
        if piece != COPIES:
            yield from self._others.entries(piece, room)
            return
        copied = np.flatnonzero(np.bincount(self._text, minlength=1)[self._text] > 1)
        entries = room.take(len(copied))
        entries[:] = self._text[copied].astype(np.uint64) << np.uint64(self.bits) | copied.astype(np.uint64)
        yield entries
