"""Edges become clusters, and what became of those of last night.

In: edges, the distinct texts, and which cluster each article was in. Out: for every article its representative, the
size of its cluster, its similarity, and the cluster's id, which is the number of its oldest member; and the changes.
Of clusters that join the oldest lives on, and of one that splits the part with the oldest article keeps the id.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.nightly.stock import Stock
from dedup.results import Clusters

Integers = NDArray[np.int64]
CHANGES = pa.schema({"kind": pa.string(), "old": pa.large_string(), "new": pa.large_string()})


class Members(NamedTuple):
    """The articles of a night, ascending by number."""

    numbers: Integers
    """(a,): the number by which each is known from night to night."""
    clusters: Integers
    """(a,): the number of the oldest article of its cluster."""


NOBODY = Members(np.empty(0, np.int64), np.empty(0, np.int64))


def members(clusters: Clusters, stock: Stock) -> Members:
    """In which cluster each article is, by the cluster's oldest article.

    Args:
        clusters: Of all rows.
        stock: All rows.
    """
    rows = np.flatnonzero(stock.live)
    numbers, labels = stock.numbers[rows], clusters.labels[rows]
    oldest = np.full(len(stock), len(stock))
    np.minimum.at(oldest, labels, numbers)
    order = np.argsort(numbers)
    return Members(numbers[order], oldest[labels][order])


class Changes(NamedTuple):
    """What became of the clusters of last night, those of one article included; m changes.

    Args:
        kind: (m,) ``joined``: the cluster is part of another one now; ``split``: the new cluster was part of it;
            ``moved``: some of its articles went to the other, which was there before; ``renamed``: its oldest article
            is no more, and it is called by the next; ``removed``: it has no articles any more.
        old: (m,) the cluster of last night.
        new: (m,) the cluster of tonight, -1 for none.
    """

    kind: NDArray[np.str_]
    old: Integers
    new: Integers

    def table(self, ids: pa.ChunkedArray) -> pa.Table:
        """With ids in the place of numbers."""
        old = ids.take(pa.array(self.old))
        new = ids.take(pa.array(self.new, mask=self.new < 0))
        return pa.table([pa.array(self.kind.tolist(), pa.string()), old, new], CHANGES)


def counts(before: Members, now: Members) -> dict[str, int]:
    """How many articles there are, came and went, and how many are in clusters of two and more.

    Args:
        before: Last night.
        now: Tonight.
    """
    stayed = len(np.intersect1d(before.numbers, now.numbers, assume_unique=True))
    _, sizes = np.unique(now.clusters, return_counts=True)
    several = sizes[sizes > 1]
    return {
        "articles": len(now.numbers),
        "new": len(now.numbers) - stayed,
        "gone": len(before.numbers) - stayed,
        "clusters": len(several),
        "clustered": int(several.sum()),
    }


def changes(before: Members, now: Members) -> Changes:
    """What became of clusters.

    Args:
        before: Last night.
        now: Tonight.
    """
    _, there, here = np.intersect1d(before.numbers, now.numbers, assume_unique=True, return_indices=True)
    old, new = before.clusters[there], now.clusters[here]
    names, oldest = np.unique(old, return_index=True)  # survivors ascend by number
    ways = np.unique(np.stack([old, new]), axis=1)
    ways = ways[:, ways[0] != ways[1]]
    main = new[oldest][np.searchsorted(names, ways[0])] == ways[1]  # where the oldest survivor went
    was, gone = np.isin(ways[1], before.clusters), ~np.isin(ways[0], now.numbers)
    kind = np.select([main & ~was & gone, main, was], ["renamed", "joined", "moved"], "split")
    empty = np.setdiff1d(before.clusters, old)
    kind = np.concatenate([kind, np.full(len(empty), "removed")])
    olds, news = np.concatenate([ways[0], empty]), np.concatenate([ways[1], np.full(len(empty), -1)])
    order = np.lexsort((news, olds))
    return Changes(kind[order], olds[order], news[order])
