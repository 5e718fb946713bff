"""Texts that may be similar to given ones, found in segments and in memory.

In: band keys and sketches of some texts. Out: for each, the numbers of the texts that agree with it in a band and in
enough bytes of the sketch, best first. For each layer a query costs two memory accesses per band, which overlap, and
one sketch (30 ns) per text that it meets.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.index.banding import keys_for, limits_for
from dedup.index.on_disk.recent import Recent
from dedup.index.on_disk.segments import Segment
from dedup.index.store import CANDIDATES
from dedup.settings import Settings
from dedup.stages.candidates import sketches
from dedup.work import ranges, spread

AT_ONCE = 64
"""Queries of one call: there must be room for `CANDIDATES` results of each."""

Layer = Segment | Recent


class Lookup(threading.local):
    """Looks texts up; holds the scratch memory of a thread.

    Args:
        bucket_cap: In one bucket of a band, only so many texts are looked at, the oldest ones.
        least: Bytes of a sketch that must agree.
        early: Bytes of its first block that must agree.
    """

    def __init__(self, bucket_cap: int, least: int, early: int = 0) -> None:
        self._bounds = kernels.Bounds(bucket_cap, early, least, CANDIDATES)
        self._counts, self._touched = np.zeros(0, np.uint16), np.empty(0, np.uint32)
        self._found, self._agreements = np.empty(0, np.uint32), np.empty(0, np.int64)

    def find(
        self,
        layers: Sequence[Layer],
        keys: NDArray[np.uint32],
        sketches: NDArray[np.uint8],
        threads: int = 1,
        before: NDArray[np.int64] | None = None,
    ) -> list[NDArray[np.int64]]:
        """The numbers of the texts that may be similar to each query.

        Args:
            layers: Where to look, the oldest first.
            keys: (n, bands).
            sketches: (n, bytes of a sketch), whole blocks.
            threads: How many to use.
            before: (n,) find only texts with lower numbers than this, per query.
        """
        most = np.full(len(keys), np.iinfo(np.int64).max) if before is None else before

        def work(piece: tuple[int, int]) -> list[NDArray[np.int64]]:
            mine = slice(*piece)
            return self._find(layers, keys[mine], sketches[mine], most[mine])

        return [numbers for piece in spread(work, ranges(len(keys), AT_ONCE), threads) for numbers in piece]

    def _find(
        self,
        layers: Sequence[Layer],
        keys: NDArray[np.uint32],
        sketches: NDArray[np.uint8],
        before: NDArray[np.int64],
    ) -> list[NDArray[np.int64]]:
        """Sorted by how many bytes agree, then the oldest first."""
        taken = np.zeros(keys.shape, np.uint32)
        found = [self._search(layer, keys, sketches, taken) for layer in layers if len(layer)]
        some = [one for one in found if one is not None]
        if not some:
            return [_NOTHING] * len(keys)
        query, numbers, agreements = (np.concatenate(parts) for parts in zip(*some, strict=True))
        kept = np.flatnonzero(numbers < before[query])
        order = kept[np.lexsort((numbers[kept], -agreements[kept], query[kept]))]
        ends = np.searchsorted(query[order], np.arange(len(keys)), side="right").tolist()
        numbers = numbers[order]
        return [numbers[begin:end] for begin, end in pairwise([0, *ends])]

    def _search(
        self, layer: Layer, keys: NDArray[np.uint32], sketches: NDArray[np.uint8], taken: NDArray[np.uint32]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]] | None:
        """What is found in one layer: the query, the number of the text, and in how many bytes they agree."""
        self._make_room(len(layer.numbers), len(keys) * min(CANDIDATES, len(layer)))
        ends = np.empty(len(keys), np.int64)
        search = kernels.search_sorted if isinstance(layer, Segment) else kernels.search_chained
        room = self._counts, self._touched, self._found, self._agreements
        search(keys, sketches, layer.table, layer.sketches, self._bounds, taken, room, ends)
        used = int(ends[-1])
        if not used:
            return None
        query = np.repeat(np.arange(len(keys)), np.diff(ends, prepend=0))
        return query, layer.numbers[self._found[:used]], self._agreements[:used].copy()

    def _make_room(self, rows: int, results: int) -> None:
        if rows > len(self._counts):
            self._counts, self._touched = np.zeros(rows, np.uint16), np.empty(rows, np.uint32)
        if results > len(self._found):
            self._found, self._agreements = np.empty(results, np.uint32), np.empty(results, np.int64)


def looks(signatures: NDArray[np.uint16], settings: Settings) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
    """Band keys (n, bands) and sketches (n, slots, rounded up to whole blocks) of signatures (n, slots)."""
    return keys_for(signatures, settings), sketches(signatures)


def lookup_for(settings: Settings) -> Lookup:
    """A look-up for texts that may reach the threshold."""
    _, early, least = limits_for(settings)
    return Lookup(settings.bucket_cap, least, early)


def within(
    numbers: Sequence[int], signatures: NDArray[np.uint16], settings: Settings, threads: int = 1
) -> list[list[int]]:
    """For each of some texts, ascending by number, the earlier ones that may be similar to it, best first."""
    if len(numbers) < 2:  # noqa: PLR2004
        return [[] for _ in numbers]
    keys, sketches = looks(signatures, settings)
    recent = Recent(1 << (len(numbers) - 1).bit_length(), *keys.shape[1:], *sketches.shape[1:])
    recent.append(np.array(numbers), keys, sketches)
    found = lookup_for(settings).find([recent], keys, sketches, threads, recent.numbers[: len(numbers)])
    return [some.tolist() for some in found]


_NOTHING = np.empty(0, np.int64)
