"""What a night tells beside its labels: which articles are new and whom they are like, and which clusters have grown.

In: the labels of the night, the edges that it verified, and the articles of the last night that was published. Out: the
tables of `new.parquet` and `clusters.parquet`. Of the edges a million are held at a time, and beside them some 60 bytes
an article.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.kernels import Integers
from dedup.nightly.catalogue import Catalogue
from dedup.nightly.damage import check_places, groups
from dedup.nightly.outputs import PART, Labels
from dedup.nightly.verifying import EDGES
from dedup.stages.changes import Changes, Members

TIME = pa.timestamp("us", "UTC")
CAMPAIGN = pa.field("campaign", pa.large_string())
NEW = pa.schema(
    {
        "id": pa.large_string(),
        "cluster": pa.large_string(),
        "campaign": pa.large_string(),
        "first_seen": TIME,
        "nearest": pa.large_string(),
        "similarity": pa.float64(),
        "is_duplicate": pa.bool_(),
    }
)
CLUSTERS = pa.schema(
    {
        "cluster": pa.large_string(),
        "size": pa.int64(),
        "growth": pa.int64(),
        "first_seen": TIME,
        "last_seen": TIME,
        "campaign": pa.large_string(),
    }
)


@dataclass(frozen=True)
class Night:
    """What is known of a night when it is published.

    Args:
        catalogue: All rows.
        labels: Of all articles.
        before: The articles of the last night that was published, and their clusters.
        renamed: Clusters of that night that have another name now.
        since: The number of that night.
        texts: (n,) the distinct text of each row, -1 where it is no article or has none.
        edges: The file of verified edges between distinct texts.
    """

    catalogue: Catalogue
    labels: Labels
    before: Members
    renamed: Changes
    since: int
    texts: Integers
    edges: Path

    def new(self) -> Iterator[pa.Table]:
        """Articles that were not there, or had another text, in the order of the labels."""
        places = self._new()
        rows = self.labels.rows[places]
        near, similarity = nearest(rows, self.texts, self.catalogue, self.edges)
        for begin in range(0, max(1, len(rows)), PART):
            some = slice(begin, begin + PART)
            yield self._table(places[some], near[some], similarity[some])

    def _new(self) -> Integers:
        """Places of those articles among the labels."""
        catalogue, rows = self.catalogue, self.labels.rows
        was = np.flatnonzero(catalogue.live_at(self.since))
        earlier = np.full(len(catalogue), -1)
        earlier[catalogue.numbers[was]] = was
        numbers = catalogue.numbers[rows]
        prior = np.where(_among(numbers, self.before.numbers), earlier[numbers], -1)
        same = (catalogue.prints[rows] == catalogue.prints[prior]).all(axis=1)
        return np.flatnonzero((prior < 0) | ~same)

    def _table(self, places: Integers, near: Integers, similarity: NDArray[np.float64]) -> pa.Table:
        labels, catalogue = self.labels, self.catalogue
        rows, clusters = labels.rows[places], labels.clusters[places]
        numbers = catalogue.numbers[rows]
        columns = {
            "id": labels.names(rows),
            "cluster": labels.names(clusters),
            **({} if labels.campaigns is None else {"campaign": labels.names(labels.campaigns[places])}),
            "first_seen": timed(catalogue.times(numbers)),
            "nearest": labels.names(near),
            "similarity": pa.array(similarity, mask=near < 0),
            "is_duplicate": pa.array(clusters != numbers),
        }
        return pa.table(columns, _having(NEW, columns))

    def clusters(self) -> Iterator[pa.Table]:
        """Clusters of two articles and more, the largest first; of those of one size the oldest."""
        labels, catalogue = self.labels, self.catalogue
        names, firsts, of, sizes = np.unique(
            labels.clusters, return_index=True, return_inverse=True, return_counts=True
        )
        seen = np.full(len(names), np.iinfo(np.int64).max)
        np.minimum.at(seen, of, catalogue.times(catalogue.numbers[labels.rows]))
        last = np.zeros(len(names), np.int64)
        np.maximum.at(last, of, catalogue.times(labels.rows))
        was = np.bincount(self.before.clusters, minlength=len(catalogue))
        was[self.renamed.new] = was[self.renamed.old]
        growth = sizes - was[names]
        order = np.lexsort((names, -sizes))
        order = order[sizes[order] > 1]
        columns = {
            "cluster": labels.names(names[order]),
            "size": pa.array(sizes[order]),
            "growth": pa.array(growth[order]),
            "first_seen": timed(seen[order]),
            "last_seen": timed(last[order]),
            **({} if labels.campaigns is None else {"campaign": labels.names(labels.campaigns[firsts[order]])}),
        }
        yield pa.table(columns, _having(CLUSTERS, columns))


def nearest(rows: Integers, texts: Integers, catalogue: Catalogue, edges: Path) -> tuple[Integers, NDArray[np.float64]]:
    """The most similar article that is older, of equal ones the oldest.

    Args:
        rows: (m,) rows of some articles.
        texts: (n,) the distinct text of each row, -1 where it is no article or has none.
        catalogue: All rows.
        edges: The file of edges between distinct texts.

    Returns:
        int64 (m,), its number, -1 where no article that is older has an edge to this one; and (m,) the similarity.
    """
    count = int(texts.max(initial=-1)) + 1
    live = np.flatnonzero(texts >= 0)
    oldest = np.full(count, len(catalogue))
    np.minimum.at(oldest, texts[live], catalogue.numbers[live])
    wanted = np.zeros(count, np.bool_)
    wanted[texts[rows[texts[rows] >= 0]]] = True
    found, similarity = _best(edges, oldest, wanted, len(catalogue))
    mine, numbers = texts[rows], catalogue.numbers[rows]
    near, like = np.full(len(rows), -1), np.zeros(len(rows))
    has = np.flatnonzero(mine >= 0)
    near[has], like[has] = found[mine[has]], similarity[mine[has]]
    again = has[oldest[mine[has]] < numbers[has]]
    near[again], like[again] = oldest[mine[again]], 1.0
    return near, like


def _best(path: Path, oldest: Integers, wanted: NDArray[np.bool_], rows: int) -> tuple[Integers, NDArray[np.float64]]:
    """For each text that is wanted, the oldest article of the older text that is most similar, and the similarity."""
    number, similarity = np.full(len(oldest), -1), np.zeros(len(oldest))
    for group in groups(path, EDGES):
        left, right, similar = (column.to_numpy() for column in group.columns)
        check_places(path, left, rows)
        check_places(path, right, rows)
        inside = np.maximum(left, right) < len(oldest)
        left, right, similar = left[inside], right[inside], similar[inside]
        for mine, other in ((left, right), (right, left)):
            some = np.flatnonzero(wanted[mine] & (oldest[other] < oldest[mine]))
            order = some[np.lexsort((oldest[other[some]], -similar[some], mine[some]))]
            order = order[np.diff(mine[order], prepend=-1) != 0]
            texts, near = mine[order], oldest[other[order]]
            better = similar[order] > similarity[texts]
            better |= (similar[order] == similarity[texts]) & (near < number[texts])
            number[texts[better]], similarity[texts[better]] = near[better], similar[order[better]]
    return number, similarity


def _among(numbers: Integers, known: Integers) -> NDArray[np.bool_]:
    """Whether each number is one of some, which ascend."""
    found: NDArray[np.bool_] = np.append(known, -1)[np.searchsorted(known, numbers)] == numbers
    return found


def timed(times: Integers) -> pa.Array:
    """Microseconds since 1970 as times."""
    return pa.array(times, pa.int64()).cast(TIME)


def _having(schema: pa.Schema, columns: dict[str, pa.Array]) -> pa.Schema:
    return pa.schema([schema.field(name) for name in columns])
