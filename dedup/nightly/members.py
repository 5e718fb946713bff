"""Which article is in which cluster, and in which campaign.

In: the clusters of tonight, and all rows. Out: for every article the number of the oldest member of its cluster, by
which the cluster is called, and of its campaign. What became of those of last night is told by `dedup.stages.changes`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from dedup.kernels import Integers
from dedup.nightly.catalogue import Catalogue
from dedup.nightly.damage import check_places, damaged, read_columns, read_table
from dedup.results import Clusters
from dedup.stages.changes import Members

NUMBERED = pa.schema({"kind": pa.string(), "old": pa.int64(), "new": pa.int64()})
"""Changes as the state keeps them, with numbers for ids."""


MEMBERS = pa.schema({"numbers": pa.int64(), "clusters": pa.int64()})
CAMPAIGNS = pa.schema({"campaigns": pa.int64()})
"""One row per article, ascending by number: the number of the oldest article of its campaign."""


def members(clusters: Clusters, catalogue: Catalogue) -> Members:
    """The cluster of each article, named by its oldest article.

    Args:
        clusters: Of all rows.
        catalogue: All rows.
    """
    rows = np.flatnonzero(catalogue.live)
    numbers, labels = catalogue.numbers[rows], clusters.heads[rows]
    oldest = np.full(len(catalogue), len(catalogue))
    np.minimum.at(oldest, labels, numbers)
    order = np.argsort(numbers)
    return Members(numbers[order], oldest[labels][order])


def read_members(path: Path, rows: int) -> Members:
    """The articles of a night and their clusters, as they were written.

    Args:
        path: The file.
        rows: How many rows were ever read.
    """
    found = Members(*read_columns(path, MEMBERS))
    for numbers in found:
        check_places(path, numbers, rows)
    return found


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
