"""What an index holds, as `dedup.cluster` gives it: clusters with their texts, and all of it as one result.

In: a view of the store. Out: `Cluster`, whose texts are fetched when they are asked for, and `Clusters`. Clusters and
edges are those that are stored; nothing is clustered anew. Texts lie in a memory-mapped file without a name, so it is
deleted with the result.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup import pipeline
from dedup.errors import InputError
from dedup.evidence.corpus import Corpus
from dedup.index.judge import Judge
from dedup.index.prepared import Preparer
from dedup.index.store import Edge, Reader
from dedup.kernels import Integers
from dedup.results import Cluster, Clusters
from dedup.settings import Settings
from dedup.stages import clusters
from dedup.stages.clusters import Graph, Pairs
from dedup.work import Room

AT_ONCE = 1000
"""Texts read at once."""
MOST = 2**31
"""All texts of a cluster."""

Held = dict[int, list[str]]
"""The texts of a cluster, the oldest first, and the ids of the articles that have each."""


class Member(NamedTuple):
    """An article; sorted by these fields, articles ascend by text, and those with equal texts are neighbours."""

    text: int
    number: int
    id: str
    cluster: int


class TodaysWeights(NamedTuple):
    """The present weights of the shingles of some texts."""

    keys: NDArray[np.uint64]
    """All shingles of these texts, ascending."""
    weights: NDArray[np.float32]

    def of(self, keys: NDArray[np.uint64], room: Room | None = None) -> NDArray[np.float32]:  # noqa: ARG002 - as others
        """The weight of each of these shingles."""
        found: NDArray[np.float32] = self.weights[np.searchsorted(self.keys, keys)]
        return found


def column_of(reader: Reader, numbers: Sequence[int], preparer: Preparer) -> tuple[pa.ChunkedArray, list[int]]:
    """Stored texts as a memory-mapped column, and their numbers; without texts that were removed meanwhile.

    Args:
        reader: A view of the store.
        numbers: Which texts; repeat a number to get its text several times.
        preparer: Reads stored texts.
    """
    there: list[int] = []
    schema = pa.schema({"text": pa.large_string()})
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:  # Windows keeps a file that is mapped
        path = Path(folder) / "texts.arrow"
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, schema) as out:
            for begin in range(0, len(numbers), AT_ONCE):
                some = numbers[begin : begin + AT_ONCE]
                bodies = reader.bodies(dict.fromkeys(some))
                some = [number for number in some if number in bodies]
                there += some
                column = preparer.column([bodies[number] for number in some])
                out.write_batch(pa.record_batch(column.chunks, schema=schema))
        return pa.ipc.open_file(pa.memory_map(str(path))).read_all()["text"], there


# --- one cluster ------------------------------------------------------------------------------------------------------


def members(reader: Reader) -> list[Member]:
    """Every article, the oldest first."""
    of = {number: cluster for number, _, cluster, _ in reader.scan_texts()}
    return sorted(Member(text, number, id_, of[text]) for number, id_, text in reader.scan_articles())


def grouped(rows: Iterable[Member]) -> dict[int, Held]:
    """The clusters, the oldest first, with their texts."""
    found: dict[int, Held] = {}
    for row in rows:
        found.setdefault(row.cluster, {}).setdefault(row.text, []).append(row.id)
    return found


def held_by(reader: Reader, cluster: int) -> Held:
    """The texts of a cluster."""
    return reader.names(reader.oldest(cluster, MOST), MOST)


def as_cluster(reader: Reader, judge: Judge, held: Held, corpus: Callable[[], Corpus] | None) -> Cluster:
    """A cluster as `dedup.cluster` gives it; positions are those among its own articles.

    Args:
        reader: A view of the store.
        judge: Compares texts that have no edge to the representative.
        held: Its texts.
        corpus: Fetches the texts, in the order of `rows_of`.
    """
    texts, copies = list(held), np.array([len(ids) for ids in held.values()], np.int64)
    edges = reader.edges(texts) if len(texts) > 1 else {}
    head = _head(texts, edges, copies)
    near = {other: edge.similarity for other, edge in edges.get(texts[head], {}).items()}
    far = [text for k, text in enumerate(texts) if k != head and text not in near]
    near |= judge.similarities(reader, {texts[head]: far}, {}, evidence=0.0)[texts[head]]
    near[texts[head]] = 1.0
    similar = sum(near.get(text, 0.0) * count for text, count in zip(texts, copies.tolist(), strict=True)) - 1
    articles = int(copies.sum())
    ids = pa.array([id_ for some in held.values() for id_ in some], pa.string())
    first = int(copies[:head].sum())
    return Cluster(np.arange(articles), first, similar / (articles - 1) if articles > 1 else 1.0, ids, corpus)


def _head(texts: list[int], edges: Mapping[int, Mapping[int, Edge]], copies: NDArray[np.int64]) -> int:
    """The place of the text that represents a cluster."""
    place = {text: k for k, text in enumerate(texts)}
    inside = _placed(((a, b, edge) for a, some in edges.items() for b, edge in some.items()), place)
    return int(clusters.chosen(np.zeros(len(texts), np.int64), inside, np.arange(len(texts)), copies)[0])


def _placed(edges: Iterable[tuple[int, int, Edge]], place: Mapping[int, int]) -> Pairs:
    """Edges as pairs of places; every edge is given from both ends."""
    ends = [(place[a], place[b], edge.similarity) for a, b, edge in edges if a < b and a in place and b in place]
    left, right, similarity = zip(*sorted(ends), strict=True) if ends else ((), (), ())
    return Pairs(np.array(left, np.int64), np.array(right, np.int64), np.array(similarity, np.float64))


def rows_of(held: Held) -> list[int]:
    """The text of each article of a cluster."""
    return [text for text, ids in held.items() for _ in ids]


def as_corpus(reader: Reader, judge: Judge, preparer: Preparer, settings: Settings, rows: Sequence[int]) -> Corpus:
    """Stored texts with today's weights, without the frames that the index leaves out.

    Args:
        reader: A view of the store.
        judge: Weighs shingles.
        preparer: Reads stored texts.
        settings: How articles are compared.
        rows: The text of each article.

    Raises:
        InputError: Some texts have been removed.
    """
    column, there = column_of(reader, rows, preparer)
    if len(there) < len(rows):
        raise InputError("articles of this cluster were removed from the index meanwhile; ask for the cluster again")
    texts = preparer.texts(column)
    first, number = pipeline.distinct(texts)
    keys = np.unique(texts.shingle(first).keys)
    weighed = TodaysWeights(keys, judge.weigh(reader, keys)) if settings.weighted else None
    return Corpus(texts.without(judge.windows), first, number, weighed)


# --- all of them ------------------------------------------------------------------------------------------------------


def campaigns_of(reader: Reader, rows: Sequence[Member]) -> list[str]:
    """The name of each article's campaign.

    Args:
        reader: A view of the store.
        rows: All articles, the oldest first.
    """
    placed, names = dict(reader.scan_campaigns()), names_of(rows)
    every = (placed.get(row.cluster, row.cluster) for row in rows)
    return [names[one if one in names else row.cluster] for one, row in zip(every, rows, strict=True)]


def names_of(rows: Sequence[Member]) -> dict[int, str]:
    """The names of clusters, by number.

    Args:
        rows: All articles, the oldest first.
    """
    return {row.cluster: row.id for row in reversed(rows)}


def labels(reader: Reader, rows: Sequence[Member], settings: Settings) -> pa.Table:
    """The label of every article, in the order in which they were added: see `Index.to_arrow`.

    Args:
        reader: A view of the store.
        rows: All articles, the oldest first.
        settings: How articles are compared.
    """
    texts = np.array([row.text for row in rows], np.int64)
    _, first, number = np.unique(texts, return_index=True, return_inverse=True)
    found = _result(reader, rows, settings, first, number)
    table = found.to_arrow().append_column("campaign", pa.array(campaigns_of(reader, rows), pa.string()))
    return table.take(np.argsort([row.number for row in rows]))


def snapshot(
    reader: Reader, rows: Sequence[Member], judge: Judge, preparer: Preparer, settings: Settings, threads: int
) -> Clusters:
    """All that an index holds, as a result.

    Args:
        reader: A view of the store.
        rows: All articles, the oldest first; those removed meanwhile are left out.
        judge: Knows the frames that the index leaves out.
        preparer: Reads stored texts.
        settings: How articles are compared.
        threads: How many to use.
    """
    column, there = column_of(reader, [row.text for row in rows], preparer)
    known = set(there)
    rows = [row for row in rows if row.text in known]
    corpus = pipeline.represent(column, settings, threads=threads, windows=judge.windows)
    result = _result(reader, rows, settings, corpus.first, corpus.number, corpus)
    result = replace(result, lower=partial(pipeline.connect_lower, corpus, settings, None, threads=threads))
    return pipeline.with_representatives(result, corpus, threads)


def _result(
    reader: Reader,
    rows: Sequence[Member],
    settings: Settings,
    first: Integers,
    number: Integers,
    corpus: Corpus | None = None,
) -> Clusters:
    """The clusters and edges that are stored, of articles whose texts have these numbers."""
    edges = _placed(reader.scan_edges(), {rows[row].text: text for text, row in enumerate(first.tolist())})
    graph = Graph(first, number, *edges, np.zeros(len(first), np.bool_), edges.by_hundredths())
    groups = np.array([rows[row].cluster for row in first.tolist()], np.int64)
    heads = clusters.chosen(groups, edges, first, graph.copies)
    ids = pa.chunked_array([pa.array([row.id for row in rows], pa.string())])
    return Clusters(graph, settings.threshold, settings.linkage, ids, representatives=heads, corpus=corpus)
