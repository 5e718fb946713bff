"""Shares of pairs that are right, with intervals, from a stratified sample.

In: cells, parts of the population whose sizes are known, and how many of the pairs sampled in each are right. Out:
precision and recall, each with an interval of 95 %. Costs ten thousand draws a cell. Knows nothing of articles.

The share of a cell has the Jeffreys distribution, Beta(right + 1/2, wrong + 1/2), with the exact bound of Clopper and
Pearson where all pairs are right or none is (Brown, Cai and DasGupta, "Interval estimation for a binomial proportion",
2001). Precision and recall rise or fall with every such share, so that their lower bound comes of draws from the
distributions that belong to lower bounds, and the upper one of the others (Fay, Proschan and Brittain, "Combining
one-sample confidence procedures for inference in the two-sample case", 2015). Pairs that were marked are certain; only
the others of a cell are drawn, so that an audit of all pairs has no width.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

DRAWS = 10_000
BOUNDS = (0.025, 0.975)
Numbers = NDArray[np.float64]


class Estimate(NamedTuple):
    """A share with its interval of 95 %.

    Example:
        >>> some, all_ = (clusters.audit(pairs=pairs).mark([True] * pairs).precision for pairs in (4, 11))
        >>> some.value, some.low < 0.6, some.high
        (1.0, True, 1.0)
        >>> print(all_)
        1.000 (1.000 to 1.000)
    """

    value: float
    """0 to 1."""
    low: float
    """The lower end of the interval, 0 to `value`."""
    high: float
    """Its upper end, `value` to 1."""

    def __str__(self) -> str:
        """The share, and from where to where the interval reaches."""
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True, eq=False)
class Cells:
    """Parts of a population of pairs, each sampled evenly.

    Attributes:
        joined: (c,) whether the pairs of a cell are in one cluster.
        sizes: (c,) pairs in each cell.
        seen: (c,) pairs that were marked.
        right: (c,) pairs among these that are right.
        marked: (c,) how many even draws these are worth: fewer than `seen` where pairs stand for several.
    """

    joined: NDArray[np.bool_]
    sizes: Numbers
    seen: Numbers
    right: Numbers
    marked: Numbers

    def where(self, kept: NDArray[np.bool_]) -> Cells:
        """The cells for which `kept` is true."""
        sizes, seen, right, marked = (part[kept] for part in (self.sizes, self.seen, self.right, self.marked))
        return Cells(self.joined[kept], sizes, seen, right, marked)

    def draws(self, chance: np.random.Generator, *, most: bool) -> Numbers:
        """(draws,): right pairs of all cells, as few or as many as may be."""
        right = self.marked * self._shares(0.0)
        wrong = self.marked - right
        none, whole = self.right <= 0, self.right >= self.seen
        a, b = np.where(none & most, 1, right + 0.5), np.where(none & most, self.marked, wrong + 0.5)
        a, b = np.where(whole & (not most), self.marked, a), np.where(whole & (not most), 1, b)
        shares = chance.beta(np.maximum(a, 0.5), np.maximum(b, 0.5), (DRAWS, len(a)))
        shares[:, whole if most else none] = float(most)
        drawn: Numbers = (self.right + (self.sizes - self.seen) * shares).sum(axis=1)
        return drawn

    def counts(self) -> Numbers:
        """(c,): right pairs of each cell, as the sample has them.

        A cell without marks is taken to be like the others of its kind, and half right where these have none either.
        """
        shares = self._shares(np.nan)
        for side in (self.joined, ~self.joined):
            known = side & (self.seen > 0)
            usual = np.average(shares[known], weights=self.sizes[known]) if known.any() else 0.5
            shares[side & (self.seen <= 0)] = usual
        return self.right + (self.sizes - self.seen) * shares

    def _shares(self, otherwise: float) -> Numbers:
        return np.divide(self.right, self.seen, out=np.full(len(self.seen), otherwise), where=self.seen > 0)


def precision(cells: Cells) -> Estimate | None:
    """The share of the joined pairs that are right; None where no joined pair was marked, or there is none.

    Args:
        cells: Those that are not joined do not matter.
    """
    cells = cells.where(cells.joined & (cells.sizes > 0))
    if not cells.seen.any():
        return None
    total = cells.sizes.sum()
    chance = np.random.default_rng(0)
    low, high = (cells.draws(chance, most=most) / total for most in (False, True))
    return _estimate(float(cells.counts().sum() / total), low, high)


def recall(cells: Cells) -> Estimate | None:
    """The share of the right pairs that are joined; None where nothing was marked, or no pair is right.

    Args:
        cells: Joined ones and others.
    """
    cells = cells.where(cells.sizes > 0)
    found, missed = cells.where(cells.joined), cells.where(~cells.joined)
    if not cells.seen.any():
        return None
    hit, miss = found.counts().sum(), missed.counts().sum()
    if not hit + miss:
        return None
    chance = np.random.default_rng(0)
    low, high = (_share(found.draws(chance, most=most), missed.draws(chance, most=not most)) for most in (False, True))
    return _estimate(float(hit / (hit + miss)), low, high)


def _share(hit: Numbers, miss: Numbers) -> Numbers:
    return np.divide(hit, hit + miss, out=np.zeros(len(hit)), where=hit + miss > 0)


def _estimate(value: float, low: Numbers, high: Numbers) -> Estimate:
    """The value with its bounds, which never leave it outside."""
    bottom, top = float(np.quantile(low, BOUNDS[0])), float(np.quantile(high, BOUNDS[1]))
    return Estimate(value, max(0.0, min(bottom, value)), min(1.0, max(top, value)))
