"""Which pairs of texts an audit is of: those in one cluster, and those that met; in strata of known size.

In: a graph, the clusters of its texts, and the pairs that met. Out: the stratum of any pair, the exact size of each
stratum, and an even sample of each. The pairs of a large cluster are never listed: they are numbered, so that any of
them can be named; costs memory linear in texts and in pairs that met. Knows nothing of what texts say.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dedup.kernels import Integers
from dedup.stages.clusters import Graph, Pairs

FEWEST = 8
"""Pairs of a stratum that are sampled before others get more than that."""


def cuts(threshold: float) -> tuple[float, ...]:
    """Where strata of similarity begin, ascending: from half the threshold on.

    Args:
        threshold: Similarity from which a pair is an edge.
    """
    above = min(1.5 * threshold, (1 + threshold) / 2)
    every = (0.5 * threshold, 0.75 * threshold, threshold, above, 3 * threshold)
    return tuple(dict.fromkeys(cut for cut in every if cut <= threshold or cut < 1))


class Inside:
    """All pairs of texts in one cluster, numbered from 0, without listing them."""

    def __init__(self, groups: Integers) -> None:
        self._order = np.argsort(groups, kind="stable")
        _, self._starts, which, counts = np.unique(
            groups[self._order], return_index=True, return_inverse=True, return_counts=True
        )
        self._rank, self._which = np.empty(len(groups), np.int64), np.empty(len(groups), np.int64)
        self._rank[self._order] = np.arange(len(groups)) - self._starts[which]
        self._which[self._order] = which
        self._begins = np.concatenate([[0], np.cumsum(counts * (counts - 1) // 2)]).astype(np.int64)

    def __len__(self) -> int:
        """How many pairs there are."""
        return int(self._begins[-1])

    def numbers(self, left: Integers, right: Integers) -> Integers:
        """The number of each of these pairs, of which both ends are in one cluster."""
        low, high = np.minimum(self._rank[left], self._rank[right]), np.maximum(self._rank[left], self._rank[right])
        return self._begins[self._which[left]] + high * (high - 1) // 2 + low

    def ends(self, numbers: Integers) -> tuple[Integers, Integers]:
        """The pairs with these numbers, the lower text first."""
        cluster = np.searchsorted(self._begins, numbers, side="right") - 1
        local = numbers - self._begins[cluster]
        high = ((1 + np.sqrt(1 + 8 * local.astype(np.float64))) / 2).astype(np.int64)
        high -= high * (high - 1) // 2 > local  # the root of a large number may be off by one
        high += (high + 1) * high // 2 <= local
        start = self._starts[cluster]
        one, other = self._order[start + local - high * (high - 1) // 2], self._order[start + high]
        return np.minimum(one, other), np.maximum(one, other)


@dataclass(frozen=True, eq=False)
class Population:
    """Pairs of distinct texts that are in one cluster, or met, in strata.

    A stratum is a range of similarity, of pairs that are joined or of pairs that are apart; the last one is of joined
    pairs that did not meet: others led from one to the other.

    Attributes:
        graph: The texts and their copies.
        groups: (d,) the cluster of each text.
        met: Pairs that are at least `cuts[0]` alike, the lower text first, ascending.
        cuts: Where ranges of similarity begin.
    """

    graph: Graph
    groups: Integers
    met: Pairs
    cuts: tuple[float, ...]

    @property
    def ranges(self) -> int:
        """How many ranges of similarity there are."""
        return len(self.cuts)

    @cached_property
    def joined(self) -> NDArray[np.bool_]:
        """(2 * ranges + 1,): whether the pairs of a stratum are in one cluster."""
        return np.arange(2 * self.ranges + 1) >= self.ranges

    def name(self, stratum: int) -> str:
        """What a stratum is called."""
        if stratum == 2 * self.ranges:
            return "joined, never met"
        return f"{'joined' if self.joined[stratum] else 'apart'}, {self.range_name(stratum % self.ranges)}"

    def range_name(self, number: int) -> str:
        """A range of similarity in words."""
        ends = (*self.cuts, 1.0)
        return f"{ends[number]:.3g} to {ends[number + 1]:.3g}"

    @cached_property
    def inside(self) -> Inside:
        """The pairs in one cluster."""
        return Inside(self.groups)

    @cached_property
    def _codes(self) -> Integers:
        return self.met.left * len(self.groups) + self.met.right

    @cached_property
    def strata(self) -> Integers:
        """(m,): the stratum of each pair that met."""
        return self._ranged(self.met.similarity, self.together(self.met.left, self.met.right))

    def together(self, left: Integers, right: Integers) -> NDArray[np.bool_]:
        """Which pairs of texts are in one cluster."""
        return self.groups[left] == self.groups[right]

    def _ranged(self, similarity: NDArray[np.float64], joined: NDArray[np.bool_]) -> Integers:
        return np.searchsorted(self.cuts, similarity, side="right") - 1 + self.ranges * joined

    def look_up(self, left: Integers, right: Integers) -> tuple[Integers, NDArray[np.float64]]:
        """The stratum of each pair, -1 where it is in none, and its similarity, NaN where it did not meet.

        Args:
            left: (m,) texts, each lower than the one of `right`.
            right: (m,) texts.
        """
        codes = left * len(self.groups) + right
        strata = np.where(self.together(left, right), 2 * self.ranges, -1)
        similarity = np.full(len(codes), np.nan)
        if len(self._codes):
            at = np.minimum(np.searchsorted(self._codes, codes), len(self._codes) - 1)
            met = self._codes[at] == codes
            strata[met], similarity[met] = self.strata[at[met]], self.met.similarity[at[met]]
        return strata, similarity

    def sizes(self, *, copies: bool = False) -> Integers:
        """(2 * ranges + 1,): pairs in each stratum.

        Args:
            copies: Count pairs of articles, of which each text may have several.
        """
        weights = self.weights(self.met.left, self.met.right) if copies else np.ones(len(self.met.left), np.int64)
        sizes = np.zeros(2 * self.ranges + 1, np.int64)
        np.add.at(sizes, self.strata, weights)
        sizes[-1] = together(self.groups, self.graph.copies if copies else None) - sizes[self.joined].sum()
        return sizes

    def weights(self, left: Integers, right: Integers) -> Integers:
        """How many pairs of articles each pair of texts stands for."""
        return self.graph.copies[left] * self.graph.copies[right]

    def sample(self, pairs: int, seed: int, marks: NDArray[np.uint64]) -> tuple[Integers, Integers]:
        """Pairs, evenly drawn from each stratum.

        Args:
            pairs: How many.
            seed: Another one gives other pairs.
            marks: (d,) a hash of each text. The pairs of a stratum with the lowest hashes are drawn, so that most are
                drawn again where a few texts have changed.
        """
        taken = allotted(self.sizes(), self.joined, pairs)
        hashes = hashed(marks[self.met.left], marks[self.met.right], seed)
        by_hash = np.lexsort((hashes, self.strata))
        starts = np.searchsorted(self.strata[by_hash], np.arange(2 * self.ranges))
        listed = np.concatenate([by_hash[s : s + n] for s, n in zip(starts.tolist(), taken[:-1].tolist(), strict=True)])
        unmet = self._unmet(int(taken[-1]), seed)
        left, right = (np.concatenate([ends[listed], more]) for ends, more in zip(self.met[:2], unmet, strict=True))
        shuffled = np.argsort(hashed(marks[left], marks[right], seed + 1), kind="stable")
        return left[shuffled], right[shuffled]

    def _unmet(self, count: int, seed: int) -> tuple[Integers, Integers]:
        """Joined pairs that did not meet. The k-th number that is not taken is found without listing any of them."""
        met = self.joined[self.strata]
        taken = np.sort(self.inside.numbers(self.met.left[met], self.met.right[met]))
        places = np.random.default_rng(seed).choice(len(self.inside) - len(taken), count, replace=False)
        before = np.searchsorted(taken - np.arange(len(taken)), places, side="right")
        return self.inside.ends(places.astype(np.int64) + before)


def together(groups: Integers, copies: Integers | None = None) -> int:
    """How many pairs are in one cluster: of texts, or of articles with different ones.

    Args:
        groups: (d,) the cluster of each text.
        copies: (d,) how many articles have each text; None counts texts.
    """
    ones = np.ones(len(groups), np.int64) if copies is None else copies
    _, which = np.unique(groups, return_inverse=True)
    totals, squares = np.zeros(len(groups), np.int64), np.zeros(len(groups), np.int64)
    np.add.at(totals, which, ones)
    np.add.at(squares, which, ones * ones)
    return int((totals * totals - squares).sum()) // 2


def allotted(sizes: Integers, joined: NDArray[np.bool_], pairs: int) -> Integers:
    """How many pairs of each stratum are sampled: half of all are joined, by the roots of the sizes of strata.

    Roots lie between equal parts, by which each stratum would be known equally well, and shares of the sizes, by which
    the whole would be (Bankier, "Power allocations", 1988).

    Args:
        sizes: (s,) of the strata.
        joined: (s,) whether their pairs are in one cluster.
        pairs: How many in all.
    """
    apart = int(sizes[~joined].sum())
    first = min(int(sizes[joined].sum()), max(pairs - pairs // 2, pairs - apart))
    taken = np.zeros(len(sizes), np.int64)
    taken[joined] = _by_roots(sizes[joined], first)
    taken[~joined] = _by_roots(sizes[~joined], min(apart, pairs - first))
    return taken


def _by_roots(sizes: Integers, pairs: int) -> Integers:
    taken, roots = np.zeros(len(sizes), np.int64), np.sqrt(sizes)
    for _ in range(pairs):
        worth = roots / (taken + 1) + (taken < FEWEST) * (roots.sum() + 1)
        taken[np.argmax(np.where(taken < sizes, worth, -1))] += 1
    return taken


def hashed(left: NDArray[np.uint64], right: NDArray[np.uint64], seed: int) -> NDArray[np.uint64]:
    """A hash of each pair, the same whichever text comes first.

    Args:
        left: (m,) a hash of one text each.
        right: (m,) of the other.
        seed: Another one gives other hashes.
    """
    both = mixed(left) + mixed(right)
    return mixed(both ^ mixed(np.full(1, seed, np.uint64)))


def mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of SplitMix64: each bit of a value changes half of the others.

    Args:
        values: Any.
    """
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
