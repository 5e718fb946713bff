"""Signatures cut into bands, and the candidates: pairs that are equal in one (locality-sensitive hashing).

In: a signature matrix, the threshold and a wanted recall. Out: the shape of the bands, and `Candidates`: every pair
that shares a bucket and whose signatures agree as those of similar articles do. One band at a time is sorted, its
buckets are walked while their sketches are in the cache (about 10 ns per pair), and dropped. Memory is one byte per
slot and article for sketches, 52 bytes per article and thread, and the candidates.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.work import Progress, ranges, spread

MARGIN = 2.5
"""Standard deviations by which the estimate of a candidate may be under the threshold; more with two blocks only."""
EARLY_MARGIN = 3.5
LOOKED_AT = 128
"""By default, an article is compared with at most so many times `bucket_cap` others of one bucket."""
PIECE = 1 << 18
AT_ONCE = 4
"""Bands whose keys are made together."""
MARKS = 1 << 22
"""Marks, a byte each, that show which keys may share a bucket with a new article: they fit in a cache of 4 MB."""


class Bands(NamedTuple):
    """b bands of r slots; slots beyond `bands * rows` are used only for the estimate."""

    bands: int
    rows: int

    def recall(self, similarity: float) -> float:
        """Chance that a pair of this similarity shares a bucket: `1 - (1 - s**r)**b`."""
        return float(1 - (1 - similarity**self.rows) ** self.bands)


class Candidates(NamedTuple):
    """Pairs of articles to verify."""

    left: NDArray[np.int64]
    """(m,): the earlier one of each pair; pairs ascend by right, then left."""
    right: NDArray[np.int64]
    capped: NDArray[np.bool_]
    """(n,): articles that were not compared with most of their bucket mates, since the buckets were full."""


@cache
def choose(threshold: float, slots: int, recall: float) -> Bands:
    """The most selective bands that find pairs exactly at the threshold with this chance.

    Args:
        threshold: Similarity in (0, 1].
        slots: Length of a signature.
        recall: Wanted chance, in (0, 1).

    Returns:
        Bands with the most rows whose recall at the threshold is enough; single slots if no bands reach it.
    """
    shapes = (Bands(slots // rows, rows) for rows in range(slots, 0, -1))
    return next((shape for shape in shapes if shape.recall(threshold) >= recall), Bands(slots, 1))


def least_agreement(threshold: float, slots: int, margin: float = MARGIN) -> int:
    """In how many slots the lowest bytes are equal at the threshold, minus `margin` standard deviations."""
    equal = threshold + (1 - threshold) / 256
    return max(1, int(slots * equal - margin * (slots * equal * (1 - equal)) ** 0.5))


class Limits(NamedTuple):
    """In how many bytes the sketches of similar articles agree; a sketch has a byte per slot, in whole blocks."""

    first: int
    """Bytes that are compared before the rest."""
    early: int
    """Of these."""
    least: int
    """Of all."""


def limits(threshold: float, slots: int, *, blocks: int = 2, margin: float = EARLY_MARGIN) -> Limits:
    """The limits for whole sketches, and for their first `blocks`; padding bytes always agree."""
    width = sketch_width(slots)
    least, first = least_agreement(threshold, slots) + width - slots, min(blocks * kernels.BLOCK, width)
    return Limits(first, least_agreement(threshold, first, margin) if first < width else least, least)


def sketch_width(slots: int) -> int:
    """Bytes of a sketch: one per slot, in whole blocks."""
    return slots + -slots % kernels.BLOCK


def sketches(halves: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """The lowest byte of every slot of signatures (n, slots), padded with zeros."""
    found = np.zeros((len(halves), sketch_width(halves.shape[1])), np.uint8)
    found[:, : halves.shape[1]] = halves
    return found


def band_hashes(halves: NDArray[np.uint16], shape: Bands, names: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Hash the slots of every band.

    Args:
        halves: (n, slots): the lower halves of slots; those that differ have equal halves by a chance of 2**-16.
        shape: The bands.
        names: (bands,): a number for each, which is hashed with it.

    Returns:
        uint64 (bands, n).
    """
    keys = np.empty((shape.bands, len(halves)), np.uint64)
    kernels.band_keys(kernels.frozen(np.ascontiguousarray(halves)), 0, shape.rows, names, 0, 0, keys)
    return keys


def band_names(slot: int, rows: int, bands: int) -> NDArray[np.uint64]:
    """The names with which consecutive bands are hashed, the first of which begins at `slot`: their first slots."""
    return np.arange(slot, slot + rows * bands, rows, dtype=np.uint64)


class Signed(Protocol):
    """Signatures of n articles, in memory or elsewhere."""

    articles: int
    slots: int

    def sketches(self) -> NDArray[np.uint8]:
        """The sketches of all; see `sketches`."""

    def band_keys(self, first: int, rows: int, bits: int, keys: NDArray[np.uint64]) -> None:
        """Write the keys of the bands that begin at the slot `first` to `keys`, (bands, n).

        The lowest `bits` of a key are the article's number.
        """


class Matrix:
    """Signatures in memory.

    Args:
        signatures: (n, slots), of which the lower halves count.
    """

    def __init__(self, signatures: NDArray[np.unsignedinteger[Any]]) -> None:
        self._halves = kernels.frozen(np.ascontiguousarray(signatures.astype(np.uint16, copy=False)))
        self.articles, self.slots = signatures.shape

    def sketches(self) -> NDArray[np.uint8]:
        """See `Signed`."""
        return sketches(self._halves)

    def band_keys(self, first: int, rows: int, bits: int, keys: NDArray[np.uint64]) -> None:
        """See `Signed`."""
        names = band_names(first, rows, len(keys))
        kernels.band_keys(self._halves, first, rows, names, bits, 0, keys)


def candidates(
    signatures: NDArray[np.unsignedinteger[Any]],
    bands: Bands,
    threshold: float,
    *,
    bucket_cap: int = 128,
    threads: int = 1,
    progress: Progress | None = None,
) -> Candidates:
    """Every pair that shares a bucket and may be at or above the threshold.

    Args:
        signatures: (n, K), K at least `bands.bands * bands.rows`; their lower halves count.
        bands: The shape.
        threshold: Similarity in (0, 1]; a pair is kept if its estimate is at most 2.5 standard deviations
            under it.
        bucket_cap: In a bucket, an article is compared with those before it until so many were similar.
        threads: How many bands run side by side; the result does not depend on it.
        progress: Called with groups of bands done and in all.
    """
    signed, found = Matrix(signatures), Found()
    walk = Walk(signed, bands, rules(threshold, signed.slots, bucket_cap))
    walk.pairs(found.add, threads, progress)
    return Candidates(*ends(found.settled()), walk.missed() > 0)


def once(pieces: list[NDArray[np.uint64]]) -> NDArray[np.uint64]:
    """All values in ascending order, each once; `np.unique` takes three times as long."""
    values = np.concatenate(pieces)
    values.sort()
    return values[np.flatnonzero(np.diff(values, prepend=~values[:1]))]


class Found:
    """Collects pairs from several threads, each pair once."""

    def __init__(self) -> None:
        self._held, self._pieces, self._waiting = np.empty(0, np.uint64), [np.empty(0, np.uint64)], 0
        self._adding = threading.Lock()

    def add(self, pairs: NDArray[np.uint64]) -> None:
        """Add pairs; only one thread adds at a time, so that waiting pairs do not fill the memory."""
        with self._adding:
            self._pieces.append(pairs)
            self._waiting += len(pairs)
            if self._waiting > max(PIECE, len(self._held)):
                self._settle()

    def settled(self) -> NDArray[np.uint64]:
        """All pairs so far, ascending."""
        with self._adding:
            self._settle()
            return self._held

    def _settle(self) -> None:
        self._held = once([self._held, *self._pieces])
        self._pieces, self._waiting = [np.empty(0, np.uint64)], 0


def ends(pairs: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The earlier and the later article of each pair, later << 32 | earlier."""
    return (pairs & np.uint64(0xFFFFFFFF)).astype(np.int64), (pairs >> np.uint64(32)).astype(np.int64)


def rules(
    threshold: float,
    slots: int,
    bucket_cap: int,
    *,
    since: int = 0,
    apart: bool = False,
    looked_at: int | None = None,
) -> kernels.Rules:
    """Which articles of a bucket are compared, and which of them are similar.

    Args:
        threshold: Similarity in (0, 1].
        slots: Length of a signature.
        bucket_cap: In a bucket, an article is compared with those before it until so many were similar.
        since: The first article that is compared with those before it: earlier ones were already compared.
        apart: Articles from `since` on are compared only with those before `since`.
        looked_at: An article is compared with at most so many times `bucket_cap` others of one bucket.
    """
    bound = (looked_at or LOOKED_AT) * bucket_cap
    return kernels.Rules(since, apart, *limits(threshold, slots), bucket_cap, bound)


class BucketWalk:
    """Walks through sorted buckets, in one thread.

    Args:
        sketches: The sketches of all n articles.
        rules: Which articles are compared.

    Attributes:
        seen: int32 (n,): for each entry of the last keys, with how many before it in its bucket it was compared.
        met: int64 (n,): how many others each article met in the buckets that were counted.
        missed: int64 (n,): with how many of these it was not compared.
    """

    def __init__(self, sketches: NDArray[np.uint8], rules: kernels.Rules) -> None:
        articles = len(sketches)
        self._sketches, self._rules = sketches, rules
        self._room = (
            np.empty((min(articles, rules.looked_at), rules.first), np.uint8),
            np.zeros(1 << kernels.KNOWN_BITS, np.uint64),
            np.empty(max(PIECE, min(rules.bucket_cap, articles)), np.uint64),
        )
        self.seen = np.empty(articles, np.int32)
        self.met, self.missed = np.zeros(articles, np.int64), np.zeros(articles, np.int64)

    def pairs(self, keys: NDArray[np.uint64], bits: int, begin: int = 0) -> Iterator[NDArray[np.uint64]]:
        """Pairs of similar articles, later << 32 | earlier, some at a time and as often as they meet.

        Args:
            keys: (m,), m at most n, ascending: buckets, and in the lowest `bits` articles.
            bits: See above.
            begin: The first entry that is compared with those before it.
        """
        while begin < len(keys):
            begin, used = kernels.meet(keys, bits, begin, self._sketches, self._rules, self._room, self.seen)
            yield self._room[-1][:used].copy()

    def count(self, keys: NDArray[np.uint64], bits: int, some: slice = slice(None)) -> None:
        """Add up the counts of whole buckets for `met` and `missed`; `some` are the entries of these buckets."""
        kernels.miss(keys[some], bits, self.seen[some], self.met, self.missed)


class _Scratch(NamedTuple):
    """The memory of one thread, reused for every band."""

    keys: NDArray[np.uint64]
    marks: NDArray[np.uint8]
    walk: BucketWalk


class Walk:
    """Walks through the buckets of all bands.

    Args:
        signed: Signatures of n articles.
        bands: The shape.
        rules: Which articles are compared.
    """

    def __init__(self, signed: Signed, bands: Bands, rules: kernels.Rules) -> None:
        self._signed, self._shape, self._rules = signed, bands, rules
        self._sketches = signed.sketches()
        self._free: SimpleQueue[_Scratch] = SimpleQueue()
        self._all: list[_Scratch] = []

    def pairs(
        self, take: Callable[[NDArray[np.uint64]], object], threads: int = 1, progress: Progress | None = None
    ) -> None:
        """Hand over the pairs that meet, some at a time, in no order and as often as they meet.

        Args:
            take: Called with pairs, later << 32 | earlier, from any of the threads.
            threads: How many bands run side by side.
            progress: Called with groups of bands done and in all.
        """
        for _ in spread(lambda part: self._bands(part, take), ranges(self._shape.bands, AT_ONCE), threads, progress):
            pass

    def _bands(self, part: tuple[int, int], take: Callable[[NDArray[np.uint64]], object]) -> None:
        """Hand over the pairs of some bands."""
        scratch = self._scratch()
        bits = max(1, (self._signed.articles - 1).bit_length())
        keys = scratch.keys[: part[1] - part[0]]
        self._signed.band_keys(part[0] * self._shape.rows, self._shape.rows, bits, keys)
        for band in keys:
            entries = self._sorted(band, scratch)
            for pairs in scratch.walk.pairs(entries, bits):
                take(pairs)
            scratch.walk.count(entries, bits)
        self._free.put(scratch)

    def _sorted(self, band: NDArray[np.uint64], scratch: _Scratch) -> NDArray[np.uint64]:
        """The keys in order; of articles before `since`, only keys that may share a bucket with a later article."""
        if self._rules.since:
            band = band[kernels.sift(band, self._rules.since, scratch.marks) :]
        band.sort()
        return band

    def _scratch(self) -> _Scratch:
        with suppress(Empty):
            return self._free.get_nowait()
        keys = np.empty((AT_ONCE, self._signed.articles), np.uint64)
        marks = np.empty(MARKS if self._rules.since else 0, np.uint8)
        scratch = _Scratch(keys, marks, BucketWalk(self._sketches, self._rules))
        self._all.append(scratch)
        return scratch

    def missed(self) -> NDArray[np.int64]:
        """(n,): how many bucket mates each article was not compared with, minus how many it was compared with."""
        walks = (scratch.walk for scratch in self._all)
        return sum((2 * walk.missed - walk.met for walk in walks), np.zeros(self._signed.articles, np.int64))
