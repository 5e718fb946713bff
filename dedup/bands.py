"""Signatures cut into bands, and the candidates: pairs that are equal in one (locality-sensitive hashing).

In: a signature matrix, the threshold and a wanted recall. Out: the shape of the bands, and `Candidates`: every pair
that shares a bucket and whose signatures agree as those of similar articles do. A band at a time is sorted, its buckets
are walked while their sketches are in the cache (about 10 ns a pair), and dropped; memory is one byte a slot and
article for sketches, 52 bytes an article and thread, and the candidates.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from queue import Empty, SimpleQueue
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.threads import Progress, ranges, spread

MARGIN = 2.5
"""Standard deviations that the estimate of a candidate may be under the threshold; from two blocks alone, more."""
EARLY_MARGIN = 3.5
LOOKED_AT = 128
"""An article is compared with at most so many times the crowd of one bucket."""
PIECE = 1 << 18
AT_ONCE = 4
"""Bands whose keys are made together."""


class Bands(NamedTuple):
    """b bands of r slots; slots beyond `bands * rows` serve the estimate alone."""

    bands: int
    rows: int

    def recall(self, similarity: float) -> float:
        """Chance that a pair of this similarity shares a bucket: `1 - (1 - s**r)**b`."""
        return float(1 - (1 - similarity**self.rows) ** self.bands)


class Candidates(NamedTuple):
    """Pairs of articles to be verified."""

    left: NDArray[np.int64]
    """(m,): the earlier one of each pair; pairs ascend by right, then left."""
    right: NDArray[np.int64]
    crowded: NDArray[np.bool_]
    """(n,): articles most of whose bucket mates they were not compared with, since they come after a crowd."""


@cache
def choose(threshold: float, slots: int, recall: float) -> Bands:
    """The most selective bands that find pairs exactly at the threshold with this chance.

    Args:
        threshold: Similarity in (0, 1].
        slots: Length of a signature.
        recall: Wanted chance, in (0, 1).

    Returns:
        Bands with the most rows whose recall at the threshold is enough; single slots if none is.
    """
    shapes = (Bands(slots // rows, rows) for rows in range(slots, 0, -1))
    return next((shape for shape in shapes if shape.recall(threshold) >= recall), Bands(slots, 1))


def least_agreement(threshold: float, slots: int, margin: float = MARGIN) -> int:
    """In how many slots the lowest bytes are equal at the threshold, less so many standard deviations."""
    equal = threshold + (1 - threshold) / 256
    return max(1, int(slots * equal - margin * (slots * equal * (1 - equal)) ** 0.5))


def candidates(
    signatures: NDArray[np.uint32],
    bands: Bands,
    threshold: float,
    *,
    crowd: int = 128,
    threads: int = 1,
    progress: Progress | None = None,
) -> Candidates:
    """Every pair that shares a bucket and may be at or above the threshold.

    Args:
        signatures: uint32 (n, K), K at least `bands.bands * bands.rows`.
        bands: The shape.
        threshold: Similarity in (0, 1]; a pair is kept if its signatures agree in as many slots as 2.5 standard
            deviations of the estimate under it.
        crowd: In a bucket, an article is compared with those before it until so many agreed.
        threads: How many bands run side by side; the result does not depend on it.
        progress: Called with groups of bands done and in all.
    """
    walk = _Walk(signatures, bands, threshold, crowd)
    found, pieces, waiting = np.empty(0, np.uint64), [], 0
    for pairs in spread(walk.bands, ranges(bands.bands, AT_ONCE), threads, progress):
        pieces.append(pairs)
        waiting += len(pairs)
        if waiting > max(PIECE, len(found)):
            found, pieces, waiting = _once([found, *pieces]), [], 0
    found = _once([found, *pieces])
    met, missed = walk.counts()
    left, right = (half.astype(np.int64) for half in (found & np.uint64(0xFFFFFFFF), found >> np.uint64(32)))
    return Candidates(left, right, 2 * missed > met)


def _once(pieces: list[NDArray[np.uint64]]) -> NDArray[np.uint64]:
    """All values in ascending order, each once; `np.unique` takes three times as long."""
    values = np.sort(np.concatenate(pieces))
    return values[np.flatnonzero(np.diff(values, prepend=~values[:1]))]


class _Scratch(NamedTuple):
    """What one thread works with, band after band."""

    keys: NDArray[np.uint64]
    near: NDArray[np.uint8]
    known: NDArray[np.uint64]
    seen: NDArray[np.int32]
    met: NDArray[np.int64]
    missed: NDArray[np.int64]
    found: NDArray[np.uint64]


class _Walk:
    """The way through the buckets of all bands."""

    def __init__(self, signatures: NDArray[np.uint32], bands: Bands, threshold: float, crowd: int) -> None:
        articles, slots = signatures.shape
        self._signatures, self._shape, self._crowd = signatures, bands, crowd
        padding = -slots % kernels.BLOCK
        self._sketches = np.empty((articles, slots + padding), np.uint8)
        kernels.shorten(signatures, self._sketches)
        self._least = least_agreement(threshold, slots) + padding
        self._first = min(2 * kernels.BLOCK, slots + padding)
        more = slots + padding > self._first
        self._early = least_agreement(threshold, self._first, EARLY_MARGIN) if more else self._least
        self._free: SimpleQueue[_Scratch] = SimpleQueue()
        self._all: list[_Scratch] = []

    def bands(self, part: tuple[int, int]) -> NDArray[np.uint64]:
        """Pairs of some bands, later << 32 | earlier, in no order and as often as they meet."""
        scratch = self._scratch()
        articles, rows = len(self._signatures), self._shape.rows
        bits = max(1, (articles - 1).bit_length())
        keys = scratch.keys[: part[1] - part[0]]
        kernels.band_keys(self._signatures, part[0] * rows, rows, bits, keys)
        pieces = [np.empty(0, np.uint64)]
        for band in keys:
            band.sort()
            at = 0
            while at < articles:
                at, used = kernels.meet(
                    band, bits, at, self._sketches, self._early, self._least, self._crowd,
                    scratch.near, scratch.known, scratch.seen, scratch.found,
                )  # fmt: skip
                pieces.append(scratch.found[:used].copy())
            kernels.miss(band, bits, scratch.seen, scratch.met, scratch.missed)
        self._free.put(scratch)
        return np.concatenate(pieces)

    def _scratch(self) -> _Scratch:
        with suppress(Empty):
            return self._free.get_nowait()
        articles = len(self._signatures)
        scratch = _Scratch(
            keys=np.empty((AT_ONCE, articles), np.uint64),
            near=np.empty((min(articles, LOOKED_AT * self._crowd), self._first), np.uint8),
            known=np.zeros(1 << kernels.KNOWN_BITS, np.uint64),
            seen=np.empty(articles, np.int32),
            met=np.zeros(articles, np.int64),
            missed=np.zeros(articles, np.int64),
            found=np.empty(max(PIECE, min(self._crowd, articles)), np.uint64),
        )
        self._all.append(scratch)
        return scratch

    def counts(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """How many articles each met in all bands, and how many of these it was not compared with."""
        nothing = np.zeros(len(self._signatures), np.int64)
        return sum((s.met for s in self._all), nothing), sum((s.missed for s in self._all), nothing)
