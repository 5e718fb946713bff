"""Shingles weighed by how telling they are: inverse document frequency with a background prior.

In: the shingles of a corpus, in batches. Out: `Weights`, a float32 for any shingle.
`w = log((N + N0 + 1) / (min(df, cap) + N0 * p))`, where `df` counts these articles, `N0` is the weight of the prior in
articles and `p` the chance that an ordinary article holds the shingle. Weights are multiples of 2**-16, so that sums of
them are exact in whatever order. Counting takes 16 to 32 bytes a distinct shingle; after it only those
that two articles hold are kept, in 12 to 24 bytes, since all others of a surprisal weigh the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.background import chances
from dedup.threads import Progress, Room, ranges, spread

Batch = TypeVar("Batch")
PARTS = 64
"""A part of the hash space is counted by one thread at a time, and its table stays in the cache longer."""
GROUP = 4
"""So many batches are shingled before they are counted: the longer, the longer a part stays in the cache."""
LEAST_CAP = 3
"""The bound on a document frequency is never under this, so that a handful of articles can share a template."""
GRAIN = 2.0**-16


class Weights(NamedTuple):
    """The weight of any shingle."""

    table: NDArray[np.uint64]
    """Open addressing: bits 8 to 39 of the hash of a shingle that several articles hold, then its weight's bits."""
    alone: NDArray[np.uint32]
    """(256,): bits of the weight of one that a single article holds, by its surprisal in quarter bits."""

    def of(self, keys: NDArray[np.uint64], room: Room | None = None) -> NDArray[np.float32]:
        """The weight of each of these shingles, above 0; in a new array, or in this room of uint32."""
        bits = np.empty(len(keys), np.uint32) if room is None else room.take(len(keys))
        kernels.look_up(keys, self.table, self.alone, bits)
        return bits.view(np.float32)


class _Counts:
    """How many articles hold each shingle: a table a part of the hash space, all of one size, for they fill evenly.

    They are one array, for memory that is taken in large pieces costs a tenth of what it does in small ones.
    """

    def __init__(self) -> None:
        self._keys, self._counts = np.zeros((PARTS, 0), np.uint64), np.zeros((PARTS, 0), np.int32)
        self._used = np.zeros(PARTS, np.int64)

    def add(self, batches: list[list[NDArray[np.uint64]]], threads: int) -> None:
        """Count the shingles of some batches, each split into the parts."""
        if not self._keys.size:  # about one shingle in four is new at first
            self._grow(kernels.size_for(sum(len(part) for parts in batches for part in parts) // (4 * PARTS)), threads)
        left = dict.fromkeys(range(PARTS), (0, 0))
        while left:
            work = [(part, *begin) for part, begin in left.items()]
            ends = spread(lambda todo: self._add(batches, *todo), work, threads)
            left = {part: end for part, end in zip(list(left), ends, strict=True) if end[0] < len(batches)}
            if left:
                self._grow(2 * self._keys.shape[1], threads)

    def _add(self, batches: list[list[NDArray[np.uint64]]], part: int, first: int, begin: int) -> tuple[int, int]:
        """Count those of one part until its table is full; returns the batch and the key that are next."""
        for number in range(first, len(batches)):
            keys = batches[number][part]
            begin, used = kernels.tally(keys, begin, self._keys[part], self._counts[part], self._used[part])
            self._used[part] = used
            if begin < len(keys):
                return number, begin
            begin = 0
        return len(batches), 0

    def _grow(self, size: int, threads: int) -> None:
        keys, counts = self._keys, self._counts
        self._keys, self._counts = np.zeros((PARTS, size), np.uint64), np.zeros((PARTS, size), np.int32)
        for _ in spread(
            lambda part: kernels.move(keys[part], counts[part], self._keys[part], self._counts[part]),
            range(PARTS), threads,
        ):  # fmt: skip
            pass

    def shared(self) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
        """The shingles that several articles hold, and how many do."""
        most = int(self._used.sum())
        keys, counts, found = np.empty(most, np.uint64), np.empty(most, np.int32), 0
        for part in zip(self._keys, self._counts, strict=True):
            found += kernels.several(*part, keys[found:], counts[found:])
        return keys[:found], counts[:found]


def _count(
    batches: Sequence[Batch], load: Callable[[Batch], NDArray[np.uint64]], threads: int, progress: Progress | None
) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
    """The shingles that several articles hold, and how many do. The room for those of a group serves the next again."""
    counted, room = _Counts(), [np.empty(0, np.uint64)] * GROUP

    def split(place: tuple[int, int]) -> list[NDArray[np.uint64]]:
        number, batch = place
        keys = load(batches[batch])
        if len(keys) > len(room[number]):
            room[number] = np.empty(len(keys) + len(keys) // 16, np.uint64)
        ends = np.empty(PARTS, np.int64)
        kernels.part_out(keys, room[number], ends)
        return np.split(room[number][: len(keys)], ends[:-1])

    for begin, end in ranges(len(batches), GROUP):
        counted.add(list(spread(split, list(enumerate(range(begin, end))), threads)), threads)
        if progress:
            progress(end, len(batches))
    return counted.shared()


def weigh(
    batches: Sequence[Batch],
    load: Callable[[Batch], NDArray[np.uint64]],
    articles: int,
    *,
    prior: float = 1000.0,
    ceiling: float = 0.02,
    most: int | None = None,
    threads: int = 1,
    progress: Progress | None = None,
) -> Weights:
    """Weigh shingles by this corpus and the prior.

    Args:
        batches: What the corpus is read in.
        load: Gives the shingles of a batch: hashes with surprisal, each once an article.
        articles: N, how many articles there are in all batches.
        prior: `N0`, in articles.
        ceiling: A document frequency counts up to this share of the articles, at least 3.
        most: Keep the weights of so many shingles, the most frequent; the others weigh what one of a single article
            does. None keeps all that several articles hold.
        threads: How many batches, and then parts of the hash space, run side by side; no matter to the result.
        progress: Called with batches done and in all.
    """
    keys, counts = _count(batches, load, threads, progress)
    if most is not None and len(keys) > most:
        kept = np.argpartition(counts, len(counts) - most)[len(counts) - most :]
        keys, counts = keys[kept], counts[kept]
    expected, total = chances(prior), articles + prior + 1.0
    seen = np.minimum(counts, max(LEAST_CAP, ceiling * articles))
    weights = grained(np.log(total / (seen + expected[(keys & np.uint64(255)).astype(np.intp)])))
    table = np.zeros(kernels.size_for(3 * len(keys) // 4), np.uint64)  # two thirds full: it is the cache that counts
    rarest_first = np.argsort(np.minimum(counts, 0xFFFF).astype(np.uint16), kind="stable")
    kernels.store(keys, weights.view(np.uint32), rarest_first, table)
    return Weights(table, grained(np.log(total / (1 + expected))).view(np.uint32))


def prior_weights(*, prior: float = 1000.0) -> Weights:
    """Weights from the prior alone, as if an article had been seen by itself.

    Args:
        prior: `N0`, in articles.
    """
    alone = grained(np.log((prior + 2) / (1 + chances(prior))))
    return Weights(np.zeros(kernels.size_for(0), np.uint64), alone.view(np.uint32))


def grained(weights: NDArray[np.float64]) -> NDArray[np.float32]:
    """Weights to the nearest multiple of the grain, but never 0, so that sums of them are exact in any order."""
    return np.maximum(np.rint(weights / GRAIN) * GRAIN, GRAIN).astype(np.float32)
