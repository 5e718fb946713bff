"""Texts that may be similar to given ones, found in segments and in memory.

In: keys and sketches of some texts. Out: for each, the numbers of the texts that share a key with it and agree in
enough bytes of the sketch, best first. How many texts with a key are looked at is said by `dedup.index.listed.rules`:
the oldest first. For each layer a query costs two memory accesses a key, which overlap, and one sketch (30 ns) a text
that it meets.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.index.listed import Listed, rules
from dedup.index.on_disk.recent import Recent
from dedup.index.on_disk.segments import Segment
from dedup.index.store import CANDIDATES
from dedup.settings import Settings
from dedup.work import ranges, spread

AT_ONCE = 64
"""Queries of one call: there must be room for `CANDIDATES` results of each."""

Layer = Segment | Recent
Queries = tuple[NDArray[np.uint32], NDArray[np.int64], NDArray[np.uint8]]
"""Keys, where those of each text begin, and sketches."""


class Lookup(threading.local):
    """Looks texts up; holds the scratch memory of a thread.

    Args:
        settings: How texts are compared.
        quoting: See `dedup.index.listed.rules`.
    """

    def __init__(self, settings: Settings, *, quoting: bool = False) -> None:
        self._rules = rules(settings, quoting=quoting)
        self._met, self._touched = np.zeros(0, np.uint8), np.empty(0, np.uint32)
        self._found, self._agreements = np.empty(0, np.uint32), np.empty(0, np.int64)

    def find(
        self,
        layers: Sequence[Layer],
        texts: Listed,
        threads: int = 1,
        before: NDArray[np.int64] | None = None,
    ) -> list[NDArray[np.int64]]:
        """The numbers of the texts that may be similar to each query.

        Args:
            layers: Where to look, the oldest first.
            texts: n queries.
            threads: How many to use.
            before: (n,) find only texts with lower numbers than this, per query.
        """

        def work(piece: tuple[int, int]) -> list[NDArray[np.int64]]:
            return self._find(layers, texts.part(*piece), None if before is None else before[slice(*piece)])

        pieces = ranges(len(texts.signatures), AT_ONCE)
        return [numbers for piece in spread(work, pieces, threads) for numbers in piece]

    def _find(
        self, layers: Sequence[Layer], texts: Listed, before: NDArray[np.int64] | None
    ) -> list[NDArray[np.int64]]:
        """Sorted by how many bytes agree, then the oldest first."""
        queries = kernels.frozen(texts.keys), kernels.frozen(texts.starts), kernels.frozen(texts.sketches)
        seen, count = np.zeros((len(texts.keys), 2), np.int64), len(texts.signatures)
        found = [self._search(layer, queries, before, seen) for layer in layers if len(layer)]
        some = [one for one in found if one is not None]
        if not some:
            return [_NOTHING] * count
        query, numbers, agreements = (np.concatenate(parts) for parts in zip(*some, strict=True))
        order = np.lexsort((numbers, -agreements, query))
        ends = np.searchsorted(query[order], np.arange(count), side="right").tolist()
        numbers = numbers[order]
        return [numbers[begin:end] for begin, end in pairwise([0, *ends])]

    def _search(
        self, layer: Layer, queries: Queries, before: NDArray[np.int64] | None, seen: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]] | None:
        """What is found in one layer: the query, the number of the text, and in how many bytes they agree."""
        count, there = len(queries[-1]), layer.numbers[: len(layer)]
        stops = np.full(count, len(there)) if before is None else np.searchsorted(there, before)
        self._make_room(len(layer.numbers), count * min(CANDIDATES, len(layer)))
        ends = np.empty(count, np.int64)
        rest = layer.sketches, self._rules, seen, (self._met, self._touched, self._found, self._agreements)
        if isinstance(layer, Segment):
            if not kernels.search_sorted((*queries, stops), layer.table, layer.checks, *rest, CANDIDATES, ends):
                layer.broken = True
        else:
            kernels.search_chained((*queries, stops), layer.table, *rest, CANDIDATES, ends)
        used = int(ends[-1])
        if not used:
            return None
        query = np.repeat(np.arange(count), np.diff(ends, prepend=0))
        return query, layer.numbers[self._found[:used]], self._agreements[:used].copy()

    def _make_room(self, rows: int, results: int) -> None:
        if rows > len(self._met):
            self._met, self._touched = np.zeros(rows, np.uint8), np.empty(rows, np.uint32)
        if results > len(self._found):
            self._found, self._agreements = np.empty(results, np.uint32), np.empty(results, np.int64)


def within(numbers: Sequence[int], texts: Listed, settings: Settings, threads: int = 1) -> list[list[int]]:
    """For each of some texts, ascending by number, the earlier ones that may be similar to it, best first."""
    if len(numbers) < 2:  # noqa: PLR2004
        return [[] for _ in numbers]
    recent = Recent(len(numbers), len(texts.keys), texts.sketches.shape[1])
    recent.append(np.array(numbers), texts)
    found = Lookup(settings).find([recent], texts, threads, recent.numbers)
    return [some.tolist() for some in found]


_NOTHING = np.empty(0, np.int64)
