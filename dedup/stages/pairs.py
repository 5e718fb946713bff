"""Candidate pairs verified: the exact similarity of any two articles, or how much of one stands in the other.

In: pairs of articles, and a function that makes the shingle sets of some. Out: their weighted Jaccard similarity. Pairs
are sorted into tiles, so that articles with the same partners are together and only the sets of a tile are in memory:
in a thread up to 40 bytes for each shingle of a tile, 340 MB; 150 MB measured of real articles, half of whose shingles
are left out or come again. In a tile, shingles that the same articles hold make up a group. A pair costs 0.6 ns for
each group of one of its articles (150 to 500 for real ones), and an article about 30 ns a shingle for each tile with
partners of it, and what it takes to make.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.kernels import Integers
from dedup.work import Progress, spread

TILE = 1 << 23
"""Characters of the articles of a tile."""
ROUNDS = 3
"""How often an article asks its partners which community they are in; more made next to no difference."""
LEAST = 1 << 21
"""Tiles are smaller where each thread can have two of them, but not under so many characters."""
FEW = 4
"""To find groups pays off from so many pairs an article."""


class Sets(NamedTuple):
    """Shingle sets of n articles, in any order.

    Example:
        >>> keys = np.array([1, 2, 3, 2, 3, 4], np.uint64)  # {1, 2, 3} and {2, 3, 4}
        >>> plain = lambda some: np.ones(len(some), np.float32)
        >>> sets = Sets(keys, plain, np.array([0, 3]), np.array([3, 6]), np.zeros(2, np.int64))
        >>> compare(sets, np.array([[0, 1]], np.int32)), contain(sets, np.array([[0, 1]], np.int32)).round(2)
        (array([0.5]), array([0.67]))
    """

    keys: NDArray[np.uint64]
    """(m,): hashes of shingles."""
    weigh: Callable[[NDArray[np.uint64]], NDArray[np.float32]]
    """The weight of each of these shingles."""
    starts: Integers
    """(n,): those of article i are ``keys[starts[i]:stops[i]]``, each once."""
    stops: Integers
    lengths: Integers
    """(n,): characters of each article; in a long one a shingle weighs less."""


class Measure(Protocol):
    """Computes something of pairs of sets, all in memory."""

    def __call__(self, sets: Sets, pairs: NDArray[np.int32], /, *, evidence: float = ...) -> NDArray[np.float64]:
        """One figure a pair."""
        ...


class _Tile(NamedTuple):
    """Pairs that are verified together."""

    pairs: Integers
    """(m,): their positions."""
    articles: Integers
    ends: NDArray[np.int32]
    """(m, 2): positions of their articles in `articles`, either first."""

    def turned(self, left: Integers) -> NDArray[np.int32]:
        """The ends with the left one first."""
        other = self.articles[self.ends[:, 0]] != left[self.pairs]
        return np.where(other[:, None], self.ends[:, ::-1], self.ends)


def verify(
    load: Callable[[Integers], Sets],
    left: Integers,
    right: Integers,
    sizes: Integers,
    *,
    evidence: float = 0.0,
    threads: int = 1,
    progress: Progress | None = None,
    most: int = TILE,
    measure: Measure | None = None,
) -> NDArray[np.float64]:
    """Exact weighted Jaccard similarity of pairs of articles, or another measure of them.

    Args:
        load: Makes the sets of these articles, in this order.
        left: (m,) numbers of articles.
        right: (m,) numbers of articles.
        sizes: (n,) about how many shingles each article has.
        evidence: A pair that shares less weight than `evidence * (1 - similarity)` has a similarity of 0.
        threads: How many tiles run side by side; the result does not depend on it.
        progress: Called with pairs done and in all.
        most: Shingles of a tile, unless two articles have more; the result does not depend on it.
        measure: What is computed of the pairs, left before right; None is `compare`.

    Returns:
        float64 (m,), in [0, 1].

    Example:
        >>> corpus = clusters.corpus
        >>> numbers = corpus.number[[8, 9]]
        >>> verify(corpus.sets, numbers[:1], numbers[1:], corpus.sizes).round(2)
        array([0.14])
    """
    similarities = np.empty(len(left), np.float64)
    of_pairs: Measure = measure or compare

    def work(tile: _Tile) -> int:
        similarities[tile.pairs] = of_pairs(load(tile.articles), tile.turned(left), evidence=evidence)
        return len(tile.pairs)

    done = 0
    for pairs in spread(work, _tiles(left, right, sizes, most, threads), threads):
        done += pairs
        if progress:
            progress(done, len(left))
    return similarities


def compare(sets: Sets, pairs: NDArray[np.int32], *, evidence: float = 0.0, few: int = FEW) -> NDArray[np.float64]:
    """Exact weighted Jaccard similarity of pairs of sets, all in memory.

    Args:
        sets: The sets.
        pairs: (m, 2) their numbers.
        evidence: As in `verify`.
        few: Groups are found if there are so many pairs a set; the result does not depend on it.

    Example:
        >>> sets = clusters.corpus.sets(clusters.corpus.number[[8, 9, 0]])
        >>> compare(sets, np.array([[0, 1], [0, 2]], np.int32)).round(2)
        array([0.14, 0.  ])
    """
    starts, stops = sets.starts, sets.stops
    numbers, weights = _numbered(sets)
    less, totals = np.empty(len(starts)), np.empty(len(starts))
    kernels.weigh_sets((starts, stops, sets.lengths), numbers, weights, less, totals)
    if len(pairs) >= few * len(starts):
        groups, lists = _grouped(starts, stops, numbers, len(weights))
    else:
        groups, lists = np.arange(len(weights), dtype=np.uint32), (numbers, starts, stops)
    order, pairs = _turned(pairs, less, lists[2] - lists[1])
    found, similarities = np.empty(len(pairs)), np.empty(len(pairs))
    kernels.compare((starts, stops, less, totals), (numbers, weights, groups), lists, pairs, evidence, found)
    similarities[order] = found
    return similarities


def contain(
    sets: Sets, pairs: NDArray[np.int32], *, evidence: float = 0.0, texts: int | None = None
) -> NDArray[np.float64]:
    """Which share of the left set's weight stands in the right set, all in memory.

    Args:
        sets: The sets.
        pairs: (m, 2) their numbers.
        evidence: A pair that shares less weight has a share of 0.
        texts: Where it is half of the sets, set `i + texts` is set i with what stands in frames: a shingle that the
            right text has only in a frame counts neither for nor against. None is all of them.

    Example:
        >>> sets = clusters.corpus.sets(clusters.corpus.number[[8, 9, 0]])
        >>> contain(sets, np.array([[0, 1], [1, 0]], np.int32)).round(2)
        array([0.26, 0.24])
    """
    numbers, weights = _numbered(sets)
    less, totals = np.empty(len(sets.starts)), np.empty(len(sets.starts))
    kernels.weigh_sets((sets.starts, sets.stops, sets.lengths), numbers, weights, less, totals)
    order, count = np.argsort(pairs[:, 1], kind="stable"), len(sets.starts) if texts is None else texts
    found, shares = np.empty(len(pairs)), np.empty(len(pairs))
    kernels.contain((sets.starts, sets.stops, less, count), numbers, weights, pairs[order], evidence, found)
    shares[order] = found
    return shares


def _numbered(sets: Sets) -> tuple[NDArray[np.uint32], NDArray[np.float32]]:
    """The number of each shingle, the same for equal ones; and the weight of each number."""
    count = len(sets.keys)
    table = np.zeros(kernels.size_for(3 * count // 4), np.uint32)
    firsts, numbers = np.empty(count, np.uint64), np.empty(count, np.uint32)
    found = kernels.number_shingles(sets.keys, sets.starts, sets.stops, table, firsts, numbers)
    return numbers, sets.weigh(firsts[:found])


def _grouped(starts: Integers, stops: Integers, numbers: NDArray[np.uint32], shingles: int) -> tuple[Any, Any]:
    """The group of each shingle, and the groups of each set as `kernels.compare` wants them."""
    count = len(numbers)
    groups, parted = np.empty(shingles, np.uint32), np.empty((count + 1, 2), np.uint32)
    several = np.empty(count + 1, np.bool_)
    found = kernels.group_shingles(starts, stops, numbers, groups, parted, several)
    found = kernels.keep_shared(groups, several, np.full(found, kernels.NONE))
    begins, listed = np.empty(len(starts) + 1, np.int64), np.empty(count, np.uint32)
    kernels.list_groups(starts, stops, numbers, groups, np.full(found, kernels.NONE), begins, listed)
    return groups, (listed, begins[:-1], begins[1:])


def _turned(
    pairs: NDArray[np.int32], less: NDArray[np.float64], lengths: Integers
) -> tuple[Integers, NDArray[np.int32]]:
    """The order of pairs by left, the set in which a shingle weighs less, else the longer one; and these pairs."""
    place = np.empty(len(less), np.int32)
    by_place = np.lexsort((lengths, less)).astype(np.int32)
    place[by_place] = np.arange(len(less), dtype=np.int32)
    left, right = place[pairs[:, 0]], place[pairs[:, 1]]
    left, right = np.maximum(left, right), np.minimum(left, right)
    order = np.argsort(left)
    return order, by_place[np.stack([left[order], right[order]], axis=1)]


def _tiles(left: Integers, right: Integers, sizes: Integers, most: int, threads: int) -> list[_Tile]:
    """The pairs in tiles of articles that have partners in common.

    Pairs ascend by the block of the first article, then by the second one. A block is three quarters of a tile, so that
    all pairs in it are in one tile, and there is room for partners of some of its articles.
    """
    if not len(left):
        return []
    numbers, left, right = _compact(left, right, len(sizes))
    order = _neighbours_together(left, right, len(numbers))
    numbers = numbers[order]
    sizes = sizes[numbers]
    most = min(most, max(LEAST, int(sizes.sum()) // (2 * threads)))
    place = np.empty(len(order), np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    first, second = np.minimum(place[left], place[right]), np.maximum(place[left], place[right])
    blocks = 4 * np.cumsum(sizes) // (3 * most)
    pairs = np.argsort(blocks[first] * len(order) + second)
    ends = np.stack([first[pairs], second[pairs]], axis=1)
    articles, cuts = np.empty(ends.size, np.int32), np.empty((len(pairs) + 1, 2), np.int64)
    count = kernels.cut_tiles(ends, sizes, most, articles, cuts)
    bounds = pairwise(cuts[: count + 1].tolist())
    return [_Tile(pairs[p:q], numbers[articles[a:b]], ends[p:q]) for (p, a), (q, b) in bounds]


def _compact(left: Integers, right: Integers, articles: int) -> tuple[Integers, Integers, Integers]:
    """The articles that have partners, ascending, and the ends of pairs by their places among these."""
    there, place = np.zeros(articles, np.bool_), np.empty(articles, np.int32)
    there[left] = there[right] = True
    numbers = np.flatnonzero(there)
    place[numbers] = np.arange(len(numbers), dtype=np.int32)
    return numbers, place[left].astype(np.int64), place[right].astype(np.int64)


def _neighbours_together(left: Integers, right: Integers, articles: int) -> Integers:
    """An order of articles by communities of communities, by community, and by the partners that they have."""
    keys: list[NDArray[Any]] = []
    names = np.arange(articles, dtype=np.int32)
    while len(left):
        named, marks = _communities(left, right, articles)
        keys = [*keys, named[names]] if keys else [marks, named]
        names = keys[-1]
        apart = named[left] != named[right]
        left, right = (named[ends[apart]].astype(np.int64) for ends in (left, right))
    return np.lexsort(keys)


def _communities(left: Integers, right: Integers, articles: int) -> tuple[NDArray[np.int32], NDArray[np.uint64]]:
    """The community of each article, and the least hash of it and its partners."""
    starts = np.zeros(articles + 1, np.int64)
    np.cumsum(np.bincount(left, minlength=articles) + np.bincount(right, minlength=articles), out=starts[1:])
    partners = np.empty(2 * len(left), np.int32)
    kernels.list_partners(left, right, starts[:-1].copy(), partners)
    named, marks = np.empty(articles, np.int32), np.empty(articles, np.uint64)
    kernels.communities(starts, partners, ROUNDS, named, marks)
    return named, marks
