"""Texts that may be like given ones, found in segments and in memory.

In: band keys and sketches of some texts. Out: for each, the numbers of the texts that agree with it in a band and in
enough bytes of the sketch, best first. For each layer a query costs two accesses to memory a band, which overlap, and
one sketch (30 ns) a text that it meets.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.index.banding import early, keys_for, least
from dedup.index.recent import Recent
from dedup.index.segments import Segment
from dedup.index.store import CANDIDATES
from dedup.settings import Settings
from dedup.threads import ranges, spread

AT_ONCE = 64
"""Queries of one call: each may find `CANDIDATES`, for which there must be room."""

Layer = Segment | Recent


class Lookup(threading.local):
    """Looks texts up; holds the scratch memory of a thread.

    Args:
        crowd: Of one bucket of a band, so many texts are looked at, the oldest.
        least: Bytes of a sketch that must agree.
        early: Bytes of its first block that must.
    """

    def __init__(self, crowd: int, least: int, early: int = 0) -> None:
        self._crowd, self._least, self._early = crowd, least, early
        self._counts, self._touched = np.zeros(0, np.uint16), np.empty(0, np.uint32)
        self._found, self._agreements = np.empty(0, np.uint32), np.empty(0, np.int64)

    def find(
        self, layers: Sequence[Layer], keys: NDArray[np.uint32], sketches: NDArray[np.uint8], threads: int = 1
    ) -> list[NDArray[np.int64]]:
        """The numbers of the texts that may be like each of some.

        Args:
            layers: Where to look, the oldest first.
            keys: (n, bands).
            sketches: (n, bytes of a sketch), whole blocks.
            threads: How many to use.
        """
        pieces = ranges(len(keys), AT_ONCE)
        found = spread(lambda piece: self._find(layers, keys[slice(*piece)], sketches[slice(*piece)]), pieces, threads)
        return [numbers for piece in found for numbers in piece]

    def _find(
        self, layers: Sequence[Layer], keys: NDArray[np.uint32], sketches: NDArray[np.uint8]
    ) -> list[NDArray[np.int64]]:
        taken = np.zeros(keys.shape, np.uint32)
        found = [self._search(layer, keys, sketches, taken) for layer in layers if len(layer)]
        return [_best_first([layer[i] for layer in found]) for i in range(len(keys))]

    def _search(
        self, layer: Layer, keys: NDArray[np.uint32], sketches: NDArray[np.uint8], taken: NDArray[np.uint32]
    ) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Numbers and agreements of what each query finds in one layer."""
        self._make_room(len(layer.numbers), len(keys) * min(CANDIDATES, len(layer)))
        ends = np.empty(len(keys), np.int64)
        rest = (
            layer.sketches, layer.dead, self._crowd, self._early, self._least, CANDIDATES, taken,
            self._counts, self._touched, self._found, self._agreements, ends,
        )  # fmt: skip
        if isinstance(layer, Segment):
            kernels.search_sorted(keys, sketches, layer.offsets, layer.entries, *rest)
        else:
            kernels.search_chained(keys, sketches, layer.heads, layer.nexts, layer.keys, *rest)
        if ends[-1] == 0:
            return [_NOTHING] * len(keys)
        begins = np.concatenate([[0], ends[:-1]])
        rows, agreements = self._found[: ends[-1]], self._agreements[: ends[-1]].copy()
        numbers = layer.numbers[rows]
        return [(numbers[a:b], agreements[a:b]) for a, b in zip(begins, ends, strict=True)]

    def _make_room(self, rows: int, results: int) -> None:
        if rows > len(self._counts):
            self._counts, self._touched = np.zeros(rows, np.uint16), np.empty(rows, np.uint32)
        if results > len(self._found):
            self._found, self._agreements = np.empty(results, np.uint32), np.empty(results, np.int64)


def looks(signatures: NDArray[np.uint16], settings: Settings) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
    """Band keys (n, bands) and sketches (n, slots, rounded up to whole blocks) of signatures (n, slots)."""
    sketches = np.zeros((len(signatures), settings.slots + (-settings.slots % kernels.BLOCK)), np.uint8)
    sketches[:, : settings.slots] = signatures
    return keys_for(signatures, settings), sketches


def lookup_for(settings: Settings) -> Lookup:
    """A look-up of what may be at the threshold; bytes that fill up a block agree always."""
    return Lookup(settings.crowd, least(settings) + (-settings.slots % kernels.BLOCK), early(settings))


def within(
    numbers: Sequence[int], signatures: NDArray[np.uint16], settings: Settings, threads: int = 1
) -> list[list[int]]:
    """Of some texts, ascending by number, those before each that may be like it, best first."""
    if len(numbers) < 2:  # noqa: PLR2004
        return [[] for _ in numbers]
    keys, sketches = looks(signatures, settings)
    recent = Recent(1 << (len(numbers) - 1).bit_length(), *keys.shape[1:], *sketches.shape[1:])
    recent.append(np.array(numbers), keys, sketches)
    found = lookup_for(settings).find([recent], keys, sketches, threads)
    return [some[some < number].tolist() for number, some in zip(numbers, found, strict=True)]


_NOTHING = (np.empty(0, np.int64), np.empty(0, np.int64))


def _best_first(found: list[tuple[NDArray[np.int64], NDArray[np.int64]]]) -> NDArray[np.int64]:
    """All numbers, by how many bytes agree, then the oldest."""
    some = [one for one in found if len(one[0])]
    if not some:
        return _NOTHING[0]
    numbers, agreements = (np.concatenate(parts) for parts in zip(*some, strict=True))
    return numbers[np.lexsort((numbers, -agreements))]
