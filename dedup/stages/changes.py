"""What became of clusters from one time to another: the names of the changes, and the rules.

In: which article was in which cluster before, and which now; a cluster is known by the number of its oldest article.
Out: the changes. Of clusters that join, the oldest lives on; of a cluster that splits, the part with its oldest
article. An index uses the same names (`dedup.index.store.Change`), and works out changes as articles come
(`dedup.index.clustering`).
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.kernels import Integers

Kind = Literal["added", "removed", "joined", "split", "moved", "renamed", "ended"]
"""Articles are ``added`` and ``removed``. A cluster has ``joined``: it is part of another one now; it was ``split``: a
new one was part of it; some of its articles have ``moved`` to another one, which was there before; it was ``renamed``:
its oldest article went, and it is called by the next; it has ``ended``: it has no articles any more."""
CHANGES = pa.schema({"kind": pa.string(), "old": pa.large_string(), "new": pa.large_string()})


class Members(NamedTuple):
    """The articles that exist at one time, ascending by number."""

    numbers: Integers
    """(a,): the permanent number of each."""
    clusters: Integers
    """(a,): the number of the oldest article of its cluster."""


NOBODY = Members(np.empty(0, np.int64), np.empty(0, np.int64))


class Changes(NamedTuple):
    """What became of clusters, including those of one article; m changes.

    Args:
        kind: (m,) see `Kind`; only the kinds for clusters.
        old: (m,) the number of the cluster before.
        new: (m,) its number now, -1 for none.
    """

    kind: NDArray[np.str_]
    old: Integers
    new: Integers

    def table(self, ids: pa.ChunkedArray) -> pa.Table:
        """The changes with ids in place of numbers."""
        old = ids.take(pa.array(self.old))
        new = ids.take(pa.array(self.new, mask=self.new < 0))
        return pa.table([pa.array(self.kind.tolist(), pa.string()), old, new], CHANGES)


def _both(before: Members, now: Members) -> tuple[Integers, Integers]:
    """The clusters before, and now, of the articles that are there in both."""
    places = np.searchsorted(now.numbers, before.numbers)
    there = np.append(now.numbers, -1)[places] == before.numbers
    return before.clusters[there], now.clusters[places[there]]


def _among(numbers: Integers, *times: Members) -> NDArray[np.bool_]:
    """For each number up to the greatest at these times, whether it is one of `numbers`."""
    found = np.zeros(1 + max((int(one.numbers[-1]) for one in times if len(one.numbers)), default=-1), np.bool_)
    found[numbers] = True
    return found


def counts(before: Members, now: Members) -> dict[str, int]:
    """How many articles there are, how many came and went, and how many are in clusters of two or more.

    Args:
        before: The articles and their clusters before.
        now: The articles and their clusters now.
    """
    stayed = len(_both(before, now)[0])
    sizes = np.bincount(now.clusters)
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
        before: The articles and their clusters before.
        now: The articles and their clusters now.
    """
    old, new = _both(before, now)
    was, is_there, survives = (_among(numbers, before, now) for numbers in (before.clusters, now.numbers, old))
    heirs = np.full(len(was), -1)
    heirs[old[::-1]] = new[::-1]  # survivors ascend by number: the oldest is written last
    ways = np.unique(np.stack([old, new])[:, old != new], axis=1)
    main, mine = heirs[ways[0]] == ways[1], np.full(len(was), -1)
    mine[before.numbers] = before.clusters
    renamed = (
        main & ~is_there[ways[0]] & (mine[ways[1]] == ways[0])
    )  # its new name is one of its own articles; else its articles went to another cluster
    kind = np.select([renamed, main, was[ways[1]]], ["renamed", "joined", "moved"], "split")
    empty = np.flatnonzero(was & ~survives)
    kind = np.concatenate([kind, np.full(len(empty), "ended")])
    olds, news = np.concatenate([ways[0], empty]), np.concatenate([ways[1], np.full(len(empty), -1)])
    order = np.lexsort((news, olds))
    return Changes(kind[order], olds[order], news[order])
