"""Candidates: pairs of articles that share a bucket and whose sketches agree as those of similar articles do.

In: buckets, and the sketches of all articles: the lowest byte of every slot of their signatures. Out: `Candidates`,
each pair once. Some buckets at a time are sorted, walked while their sketches are in the cache (about 10 ns a pair),
and dropped. Which articles share a bucket is decided elsewhere: by bands of signatures (`dedup.stages.bands`), or by
runs of their text (`dedup.stages.runs`). In a bucket an article is compared with those before it, until it has found
enough, or so few that the bucket says nothing. Memory is one byte a slot and article, and the candidates.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.work import Progress, Room, spread

MARGIN = 2.5
"""Standard deviations by which the estimate of a candidate may be under the threshold; more with two blocks only."""
EARLY_MARGIN = 3.5
LOOKED_AT = 128
"""By default, an article is compared with at most so many times `bucket_cap` others of one bucket."""
PIECE = 1 << 18
MARKS = 1 << 22
"""Marks, a byte each, that show which keys may share a bucket with a new article: they fit in a cache of 4 MB."""


class Candidates(NamedTuple):
    """Pairs of articles to verify.

    Example:
        >>> from dedup.stages.bands import BandBuckets, Bands, Matrix
        >>> signatures = np.array([[1] * 32, [1] * 32, [9] * 32], np.uint16)
        >>> buckets = BandBuckets(Matrix(signatures), Bands(bands=8, rows=4))
        >>> found = candidates(buckets, sketches(signatures), rules(0.7, slots=32, bucket_cap=8))
        >>> found.left, found.right, found.capped
        (array([0]), array([1]), array([False, False, False]))
    """

    left: NDArray[np.int64]
    """(m,): the earlier one of each pair; pairs ascend by right, then left."""
    right: NDArray[np.int64]
    capped: NDArray[np.bool_]
    """(n,): articles that were not compared with most of those similar to them, since buckets were full of these."""


def least_agreement(threshold: float, slots: int, margin: float = MARGIN) -> int:
    """In how many slots the lowest bytes are equal at the threshold, minus `margin` standard deviations.

    Args:
        threshold: Similarity in (0, 1].
        slots: Length of a signature.
        margin: Standard deviations, 0 or more.

    Example:
        >>> least_agreement(threshold=0.7, slots=128), least_agreement(threshold=0.7, slots=128, margin=0)
        (76, 89)
    """
    equal = threshold + (1 - threshold) / 256
    return max(1, int(slots * equal - margin * (slots * equal * (1 - equal)) ** 0.5))


class Limits(NamedTuple):
    """In how many bytes the sketches of similar articles agree; a sketch has a byte per slot, in whole blocks.

    Example:
        >>> limits(threshold=0.092, slots=640)
        Limits(first=256, early=7, least=42)
    """

    first: int
    """Bytes that are compared before the rest."""
    early: int
    """Of these."""
    least: int
    """Of all."""


def limits(threshold: float, slots: int, *, blocks: int = 2, margin: float = EARLY_MARGIN) -> Limits:
    """The limits for whole sketches, and for their first `blocks`; padding bytes always agree.

    Args:
        threshold: Similarity in (0, 1].
        slots: Length of a signature.
        blocks: How many are compared first.
        margin: Standard deviations by which these may be under the threshold.

    Example:
        >>> limits(threshold=0.7, slots=128)
        Limits(first=128, early=76, least=76)
    """
    width = sketch_width(slots)
    least, first = least_agreement(threshold, slots) + width - slots, min(blocks * kernels.BLOCK, width)
    return Limits(first, least_agreement(threshold, first, margin) if first < width else least, least)


def sketch_width(slots: int) -> int:
    """Bytes of a sketch: one per slot, in whole blocks.

    Args:
        slots: Length of a signature.

    Example:
        >>> sketch_width(128), sketch_width(100)
        (128, 128)
    """
    return slots + -slots % kernels.BLOCK


def sketches(halves: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """The lowest byte of every slot of signatures (n, slots), padded with zeros.

    Args:
        halves: uint16 (n, slots).

    Returns:
        uint8 (n, w), w as `sketch_width` says.

    Example:
        >>> found = sketches(np.array([[0x1234] * 64], np.uint16))
        >>> found.shape, hex(found[0, 0])
        ((1, 128), '0x34')
    """
    found = np.zeros((len(halves), sketch_width(halves.shape[1])), np.uint8)
    found[:, : halves.shape[1]] = halves
    return found


def once(pieces: list[NDArray[np.uint64]]) -> NDArray[np.uint64]:
    """All values in ascending order, each once; `np.unique` takes three times as long.

    Args:
        pieces: One at least, each in any order.

    Example:
        >>> once([np.array([3, 1], np.uint64), np.array([1], np.uint64)])
        array([1, 3], dtype=uint64)
    """
    values = np.concatenate(pieces)
    values.sort()
    return values[np.flatnonzero(np.diff(values, prepend=~values[:1]))]


class Found:
    """Collects pairs from several threads, each pair once.

    Example:
        >>> found = Found()
        >>> for pairs in [2 << 32 | 0, 1 << 32 | 0], [1 << 32 | 0]:
        ...     found.add(np.array(pairs, np.uint64))
        >>> ends(found.settled())
        (array([0, 0]), array([1, 2]))
    """

    def __init__(self) -> None:
        self._held, self._pieces, self._waiting = np.empty(0, np.uint64), [np.empty(0, np.uint64)], 0
        self._adding = threading.Lock()

    def add(self, pairs: NDArray[np.uint64]) -> None:
        """Add pairs; only one thread adds at a time, so that waiting pairs do not fill the memory.

        Args:
            pairs: uint64 (m,), later << 32 | earlier.
        """
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
    """The earlier and the later article of each pair, later << 32 | earlier.

    Args:
        pairs: uint64 (m,).

    Returns:
        int64 (m,) each.

    Example:
        >>> ends(np.array([2 << 32 | 1], np.uint64))
        (array([1]), array([2]))
    """
    return (pairs & np.uint64(0xFFFFFFFF)).astype(np.int64), (pairs >> np.uint64(32)).astype(np.int64)


def rules(
    threshold: float,
    slots: int,
    bucket_cap: int,
    *,
    since: int = 0,
    apart: bool = False,
    looked_at: int | None = None,
    for_each: int = 0,
) -> kernels.Rules:
    """Which articles of a bucket are compared, and which of them are similar.

    Args:
        threshold: Similarity in (0, 1].
        slots: Length of a signature.
        bucket_cap: In a bucket, an article is compared with those before it until so many were similar.
        since: The first article that is compared with those before it: earlier ones were already compared.
        apart: Articles from `since` on are compared only with those before `since`.
        looked_at: In a bucket, an article is compared with at most so many others; None is `LOOKED_AT` times the cap.
        for_each: And with so many more for each that was similar.

    Example:
        >>> found = rules(threshold=0.092, slots=640, bucket_cap=128)
        >>> found.bucket_cap, found.looked_at
        (128, 16384)
    """
    bound = LOOKED_AT * bucket_cap if looked_at is None else looked_at
    return kernels.Rules(since, apart, *limits(threshold, slots), bucket_cap, bound, for_each, 0, 0)


class BucketWalk:
    """Walks through sorted buckets, in one thread.

    Args:
        sketches: The sketches of all n articles.
        rules: Which articles are compared.
        reach: Which may be at all.

    Attributes:
        seen: int32 (m,): for each entry of the last keys, its place in its bucket, or if it found enough similar ones
            there, among how many `bucket_cap` are similar; below 0 if it found them behind it.
        mates: int64 (n,): how many similar articles a bucket has where it found so many, the most of all buckets.

    Example:
        >>> walk = BucketWalk(sketches(np.ones((3, 32), np.uint16)), rules(0.7, slots=32, bucket_cap=8))
        >>> keys = np.array([5 << 2 | 0, 5 << 2 | 1, 6 << 2 | 2], np.uint64)  # 0 and 1 share the bucket 5
        >>> [ends(pairs) for pairs in walk.pairs(keys, bits=2)]
        [(array([0]), array([1]))]
    """

    def __init__(
        self, sketches: NDArray[np.uint8], rules: kernels.Rules, reach: kernels.Reach = kernels.EVERYBODY
    ) -> None:
        articles, sides = len(sketches), 2 if len(reach.sources) else 1
        self._sketches, self._rules, self._reach = sketches, rules, reach
        self._room = (
            np.empty((min(articles, rules.looked_at), rules.first), np.uint8),
            np.zeros(1 << kernels.KNOWN_BITS, np.uint64),
            np.empty(max(PIECE, min(sides * rules.bucket_cap, articles)), np.uint64),
        )
        self._after = Room(np.int64)
        self.seen = np.empty(0, np.int32)
        self.mates = np.zeros(articles, np.int64)

    def pairs(self, keys: NDArray[np.uint64], bits: int, begin: int = 0) -> Iterator[NDArray[np.uint64]]:
        """Pairs of similar articles, later << 32 | earlier, some at a time and as often as they meet.

        Args:
            keys: (m,): buckets, each ascending, and in the lowest `bits` articles.
            bits: See above.
            begin: The first entry that is compared with those before it.
        """
        if len(keys) > len(self.seen):
            self.seen = np.empty(len(keys), np.int32)
        after = self._after.take(len(keys) if len(self._reach.sources) else 0)
        kernels.other_sources(keys[: len(after)], bits, self._reach.sources, after)
        while begin < len(keys):
            begin, used = kernels.meet(
                keys, bits, begin, self._sketches, self._rules, self._reach, after, self._room, self.seen
            )
            yield self._room[-1][:used].copy()

    def count(self, keys: NDArray[np.uint64], bits: int, some: slice = slice(None)) -> None:
        """Count `mates` in whole buckets; `some` are the entries of these.

        Args:
            keys: The entries that `pairs` was given last.
            bits: Of an article's number in each.
            some: Which of them, in whole buckets.

        Example:
            >>> walk = BucketWalk(sketches(np.ones((20, 32), np.uint16)), rules(0.7, slots=32, bucket_cap=8))
            >>> keys = (np.full(20, 5) << 5 | np.arange(20)).astype(np.uint64)  # twenty copies in the bucket 5
            >>> _ = list(walk.pairs(keys, bits=5))
            >>> walk.count(keys, bits=5)
            >>> walk.mates[[0, 19]]
            array([ 0, 19])
        """
        kernels.count_mates(keys[some], bits, self.seen[some], self._rules.bucket_cap, self._reach, self.mates)


class Buckets(Protocol):
    """Which articles share something: buckets, some at a time."""

    articles: int
    bits: int
    """An entry is a key with the number of an article in its lowest `bits`; those of a bucket have the same key."""

    @property
    def pieces(self) -> Sequence[tuple[int, int]]:
        """Parts of all buckets, for `entries`."""

    def entries(self, piece: tuple[int, int], room: Room) -> Iterator[NDArray[np.uint64]]:
        """The entries of whole buckets, in any order, some buckets at a time; may lie in `room`, of uint64."""


def candidates(
    buckets: Buckets,
    sketches: NDArray[np.uint8],
    rules: kernels.Rules,
    reach: kernels.Reach = kernels.EVERYBODY,
    *,
    threads: int = 1,
    progress: Progress | None = None,
) -> Candidates:
    """Every pair that shares a bucket and may be at or above the threshold.

    Args:
        buckets: Of n articles.
        sketches: (n, w): the sketch of each.
        rules: Which articles of a bucket are compared, and which of them are similar.
        reach: Which articles may be compared at all.
        threads: How many pieces run side by side; the result does not depend on it.
        progress: Called with pieces done and in all.

    Example:
        >>> from dedup.stages.runs import RunBuckets
        >>> from dedup.stages.signer import Signer
        >>> texts, settings = clusters.corpus.texts, dedup.Settings()
        >>> sketched, runs = Signer(settings, clusters.corpus.weights).sketch(texts, np.arange(14))
        >>> found = candidates(RunBuckets(runs, 14), sketched, rules(0.092, settings.slots, settings.bucket_cap))
        >>> list(zip(found.left.tolist(), found.right.tolist()))[-3:]
        [(9, 12), (10, 12), (11, 12)]
    """
    found, walk = Found(), Walk(buckets, sketches, rules, reach)
    walk.pairs(found.add, threads, progress)
    mates = walk.mates()
    left, right = ends(thinned(found.settled(), sketches, rules, mates))
    return Candidates(left, right, capped(left, right, mates))


def thinned(
    pairs: NDArray[np.uint64], sketches: NDArray[np.uint8], rules: kernels.Rules, mates: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """A bounded number of pairs for each article, however many buckets it shares with a crowd of others.

    Of its pairs with articles before it, the first `bucket_cap` are kept, and as many others whose sketches agree most
    with its own; `enough` of either kind if it has two crowds of mates or more. Since all keep the same first ones, a
    family stays together; and whoever is more alike than the family is kept, too.

    Args:
        pairs: Each once, later << 32 | earlier, ascending.
        sketches: (n, w): the sketch of each article.
        rules: With `enough` 0, all pairs are kept.
        mates: (n,) see `BucketWalk`; gets at least the number of pairs of those that do not keep all.

    Example:
        >>> crowd = np.array([later << 32 | earlier for later in range(40) for earlier in range(later)], np.uint64)
        >>> few = rules(0.7, slots=32, bucket_cap=8)._replace(enough=2)
        >>> kept = thinned(crowd, sketches(np.ones((40, 32), np.uint16)), few, np.full(40, 39))
        >>> len(crowd), len(kept) < len(crowd)
        (780, True)
    """
    if not rules.enough:
        return pairs
    kept = np.empty(len(pairs), np.bool_)
    kernels.thin(pairs, sketches, rules, mates, kept)
    return pairs[kept]


def capped(left: NDArray[np.int64], right: NDArray[np.int64], mates: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(n,): articles that were compared with less than half of their mates.

    Args:
        left: (m,) one end of each pair.
        right: (m,) the other.
        mates: (n,) see `BucketWalk`.

    Example:
        >>> capped(np.array([0, 0]), np.array([1, 2]), mates=np.array([2, 9, 1]))
        array([False,  True, False])
    """
    return 2 * matches(left, right, len(mates)) < mates


def matches(left: NDArray[np.int64], right: NDArray[np.int64], articles: int) -> NDArray[np.int64]:
    """(articles,): of how many pairs each is an end.

    Args:
        left: (m,) one end of each pair.
        right: (m,) the other.
        articles: How many there are.

    Example:
        >>> matches(np.array([0, 0]), np.array([1, 2]), articles=4)
        array([2, 1, 1, 0])
    """
    return np.bincount(left, minlength=articles) + np.bincount(right, minlength=articles)


class Walk:
    """Walks through all buckets.

    Args:
        buckets: Of n articles.
        sketches: (n, w): the sketch of each.
        rules: Which articles are compared.
        reach: Which may be at all.

    Example:
        >>> from dedup.stages.bands import BandBuckets, Bands, Matrix
        >>> signatures = np.array([[1] * 32, [1] * 32, [9] * 32], np.uint16)
        >>> buckets = BandBuckets(Matrix(signatures), Bands(bands=8, rows=4))
        >>> walk, found = Walk(buckets, sketches(signatures), rules(0.7, slots=32, bucket_cap=8)), Found()
        >>> walk.pairs(found.add)
        >>> ends(found.settled()), walk.mates()
        ((array([0]), array([1])), array([0, 0, 0]))
    """

    def __init__(
        self,
        buckets: Buckets,
        sketches: NDArray[np.uint8],
        rules: kernels.Rules,
        reach: kernels.Reach = kernels.EVERYBODY,
    ) -> None:
        self._buckets, self._sketches, self._rules, self._reach = buckets, sketches, rules, reach
        self._free: SimpleQueue[_Scratch] = SimpleQueue()
        self._all: list[_Scratch] = []

    def pairs(
        self, take: Callable[[NDArray[np.uint64]], object], threads: int = 1, progress: Progress | None = None
    ) -> None:
        """Hand over the pairs that meet, some at a time, in no order and as often as they meet.

        Args:
            take: Called with pairs, later << 32 | earlier, from any of the threads.
            threads: How many pieces run side by side.
            progress: Called with pieces done and in all.
        """
        for _ in spread(lambda piece: self._piece(piece, take), self._buckets.pieces, threads, progress):
            pass

    def _piece(self, piece: tuple[int, int], take: Callable[[NDArray[np.uint64]], object]) -> None:
        """Hand over the pairs of some buckets."""
        scratch, bits = self._scratch(), self._buckets.bits
        for some in self._buckets.entries(piece, scratch.entries):
            entries = self._sorted(some, scratch)
            for pairs in scratch.walk.pairs(entries, bits):
                take(pairs)
            scratch.walk.count(entries, bits)
        self._free.put(scratch)

    def _sorted(self, entries: NDArray[np.uint64], scratch: _Scratch) -> NDArray[np.uint64]:
        """Entries bucket by bucket, each in order; of articles before `since`, only those that may meet a later one."""
        if self._rules.since:
            entries = entries[: kernels.sift(entries, self._buckets.bits, self._rules.since, scratch.marks)]
        entries.sort()
        gathered: NDArray[np.uint64] = scratch.gathered.take(len(entries))
        return gathered[: kernels.gather_buckets(entries, self._buckets.bits, scratch.ends, gathered)]

    def _scratch(self) -> _Scratch:
        with suppress(Empty):
            return self._free.get_nowait()
        marks = np.empty(MARKS if self._rules.since else 0, np.uint8)
        ends, walk = (
            np.empty(self._buckets.articles + 1, np.int64),
            BucketWalk(self._sketches, self._rules, self._reach),
        )
        scratch = _Scratch(Room(np.uint64), Room(np.uint64), ends, marks, walk)
        self._all.append(scratch)
        return scratch

    def mates(self) -> NDArray[np.int64]:
        """(n,): how many similar articles there are for each that found enough in a bucket; see `BucketWalk`."""
        return np.maximum.reduce([np.zeros(self._buckets.articles, np.int64), *(one.walk.mates for one in self._all)])


class _Scratch(NamedTuple):
    """The memory of one thread, used again for every piece."""

    entries: Room
    gathered: Room
    ends: NDArray[np.int64]
    marks: NDArray[np.uint8]
    walk: BucketWalk
