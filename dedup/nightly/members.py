"""Which article is in which cluster, and what became of the clusters of last night.

In: the clusters of tonight, all rows, and in which cluster each article was. Out: for every article the id of its
cluster, which is the number of the oldest member, and the changes. A campaign is named after its oldest member, too.
When clusters join, the oldest one keeps its id; when one splits, the part with the oldest article does.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.kernels import Integers
from dedup.nightly.catalogue import Catalogue
from dedup.nightly.damage import check_places, damaged, read_table
from dedup.results import Clusters

CHANGES = pa.schema({"kind": pa.string(), "old": pa.large_string(), "new": pa.large_string()})
NUMBERED = pa.schema({"kind": pa.string(), "old": pa.int64(), "new": pa.int64()})
"""Changes as the state keeps them, with numbers for ids."""


class Members(NamedTuple):
    """The articles of a night, ascending by number."""

    numbers: Integers
    """(a,): the number of each, which stays the same from night to night."""
    clusters: Integers
    """(a,): the number of the oldest article of its cluster."""


MEMBERS = pa.schema({"numbers": pa.int64(), "clusters": pa.int64()})
CAMPAIGNS = pa.schema({"campaigns": pa.int64()})
"""One row per article, ascending by number: the number of the oldest article of its campaign."""
NOBODY = Members(np.empty(0, np.int64), np.empty(0, np.int64))


def members(clusters: Clusters, catalogue: Catalogue) -> Members:
    """The cluster of each article, named by its oldest article.

    Args:
        clusters: Of all rows.
        catalogue: All rows.
    """
    rows = np.flatnonzero(catalogue.live)
    numbers, labels = catalogue.numbers[rows], clusters.labels[rows]
    oldest = np.full(len(catalogue), len(catalogue))
    np.minimum.at(oldest, labels, numbers)
    order = np.argsort(numbers)
    return Members(numbers[order], oldest[labels][order])


def oldest(group: Integers, number: Integers, catalogue: Catalogue) -> Integers:
    """The number of the oldest article of the campaign of each article, ascending by the article's own.

    Args:
        group: (d,) the campaign of each text.
        number: (n,) the text of each row, -1 where it has none and is alone.
        catalogue: All rows.
    """
    rows = np.flatnonzero(catalogue.live)
    rows = rows[np.argsort(catalogue.numbers[rows])]
    found, has = catalogue.numbers[rows], number[rows] >= 0
    of = group[number[rows[has]]]
    first = np.full(len(group), len(catalogue))
    np.minimum.at(first, of, found[has])
    found[has] = first[of]
    return found


def read_campaigns(path: Path, articles: Members, rows: int) -> Integers:
    """The number of the oldest article of the campaign of each article, as `oldest` gave it and it was written.

    Args:
        path: The file.
        articles: All articles.
        rows: How many rows were ever read.
    """
    found: Integers = read_table(path, CAMPAIGNS)["campaigns"].to_numpy()
    if len(found) != len(articles.numbers):
        raise damaged(path, f"it is of {len(found):,} articles, and there are {len(articles.numbers):,}")
    check_places(path, found, rows)
    return found


class Changes(NamedTuple):
    """What became of the clusters of last night, those of one article included; m changes.

    Args:
        kind: (m,) ``joined``: the cluster is part of another one now; ``split``: the new cluster was part of it;
            ``moved``: some of its articles went to the other, which was there before; ``renamed``: its oldest article
            is gone, and the next one gives its name; ``ended``: it has no articles any more.
        old: (m,) the cluster of last night.
        new: (m,) the cluster of tonight, -1 for none.
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
    """The clusters of last night, and of tonight, of the articles that are there in both."""
    places = np.searchsorted(now.numbers, before.numbers)
    there = np.append(now.numbers, -1)[places] == before.numbers
    return before.clusters[there], now.clusters[places[there]]


def _among(numbers: Integers, *nights: Members) -> NDArray[np.bool_]:
    """For each number up to the greatest in these nights, whether it is one of `numbers`."""
    found = np.zeros(1 + max((int(night.numbers[-1]) for night in nights if len(night.numbers)), default=-1), np.bool_)
    found[numbers] = True
    return found


def counts(before: Members, now: Members) -> dict[str, int]:
    """How many articles there are, came and went, and how many are in clusters of two and more.

    Args:
        before: Last night.
        now: Tonight.
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
        before: Last night.
        now: Tonight.
    """
    old, new = _both(before, now)
    was, is_there, survives = (_among(numbers, before, now) for numbers in (before.clusters, now.numbers, old))
    heirs = np.full(len(was), -1)
    heirs[old[::-1]] = new[::-1]  # survivors ascend by number: the oldest one is written last
    ways = np.unique(np.stack([old, new])[:, old != new], axis=1)
    main, mine = heirs[ways[0]] == ways[1], np.full(len(was), -1)
    mine[before.numbers] = before.clusters
    renamed = (
        main & ~is_there[ways[0]] & (mine[ways[1]] == ways[0])
    )  # named by one of its own articles; else it went to another cluster
    kind = np.select([renamed, main, was[ways[1]]], ["renamed", "joined", "moved"], "split")
    empty = np.flatnonzero(was & ~survives)
    kind = np.concatenate([kind, np.full(len(empty), "ended")])
    olds, news = np.concatenate([ways[0], empty]), np.concatenate([ways[1], np.full(len(empty), -1)])
    order = np.lexsort((news, olds))
    return Changes(kind[order], olds[order], news[order])
