"""The last night as a result like that of `dedup.cluster`.

In: a state. Out: `Clusters`: those of the night as they are, not found anew, with their texts, which stay on disk until
they are looked at. Holds some 300 bytes an article, and the edges. The holders of the frames that the night left out
are looked up, which takes one pass over all texts.
"""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial

import numpy as np
import pyarrow as pa

from dedup.errors import FileError
from dedup.evidence.corpus import Corpus
from dedup.files import shown
from dedup.kernels import Integers
from dedup.nightly.catalogue import Catalogue, catalogued, numbered
from dedup.nightly.framing import left_out
from dedup.nightly.framing import read as read_frames
from dedup.nightly.linking import Order
from dedup.nightly.previous import Known
from dedup.nightly.previous import read as read_known
from dedup.nightly.sketching import read_sketch, weighed
from dedup.nightly.state import State, on_disk, opened, settings_of
from dedup.nightly.verifying import read as read_edges
from dedup.pipeline import connect_lower
from dedup.results import Clusters
from dedup.settings import Settings
from dedup.stages import frames
from dedup.stages.clusters import Graph, Pairs
from dedup.stages.shingles import Texts
from dedup.work import count as count_threads


def snapshot(state: str | os.PathLike[str], *, threads: int | None = None) -> Clusters:
    """The clusters of the last night, with everything that can be asked of them.

    Articles come in the order in which they were first seen, so `to_arrow` gives clusters and campaigns the names that
    the night gave them. The state is locked only during this call; a later night does not change the result.

    Args:
        state: The folder that `run` keeps.
        threads: How many to use; None is one a core. The result does not depend on it.

    Returns:
        The result: clusters with template, keywords and indicators, frames, campaigns, the report.

    Raises:
        BusyError: A run holds the state.
        FileError: The folder is not a state, has no night yet, or is damaged.

    Example:
        >>> from dedup import nightly
        >>> last = nightly.snapshot(state)
        >>> last
        <Clusters: 2 of 7 among 14 articles, threshold 0.092>
        >>> last.of("tea-3")
        <Cluster: 5 articles, similarity 0.14: tea-1, tea-2, tea-3, …>
    """
    path = on_disk(state)
    with opened(path, settings_of(path)) as held:
        settings, last = held.settings, held.last
        if not last.number:
            raise FileError(f"the state {shown(path)!r} has no night yet; run one first")
        catalogue = catalogued(held, _ANY, last.shards)
        known = read_known(held.night(last.number), last.texts, len(catalogue))
        rows = np.flatnonzero(catalogue.live)
        rows = rows[np.argsort(catalogue.numbers[rows])]
        order = Order.of(known.prints, known.live)
        number = numbered(catalogue, known.prints)[1][rows]
        distinct = np.full(len(rows), -1)
        distinct[number >= 0] = order.places[number[number >= 0]]
        first = np.full(len(order.texts), len(rows))
        np.minimum.at(first, distinct[distinct >= 0], np.flatnonzero(distinct >= 0))
        edges = read_edges(held.night(last.number) / "edges.parquet", len(known))
        edges = edges.where(
            known.live[edges.left] & known.live[edges.right]
        )  # others are kept, for a text may come back
        corpus = _corpus(held, catalogue, settings, rows, first, distinct, count_threads(threads))
    ids = pa.chunked_array([catalogue.ids.combine_chunks().take(pa.array(rows))])
    graph = _graph(known, order, edges, first, distinct)
    chosen = order.places[known.representative[order.texts]]
    found = Clusters(graph, settings.threshold, settings.linkage, ids, representatives=chosen, corpus=corpus)
    return replace(found, lower=partial(connect_lower, corpus, settings, None, threads=count_threads(threads)))


def _graph(known: Known, order: Order, edges: Pairs, first: Integers, distinct: Integers) -> Graph:
    """The night's edges, and its similarities to representatives, of texts in the order of their fingerprints."""
    edges = _numbered(order, edges)
    heads = known.representative[order.texts]
    others = np.flatnonzero(heads != order.texts)
    looked_up = Pairs(order.texts[others], heads[others], known.similarity[order.texts[others]])
    capped = known.capped[order.texts]
    return Graph(first, distinct, *edges, capped, edges.by_hundredths(), _numbered(order, looked_up))


def _numbered(order: Order, pairs: Pairs) -> Pairs:
    """Pairs by the new numbers of texts, the lower one first, ascending."""
    ends = order.places[pairs.left], order.places[pairs.right]
    left, right = np.minimum(*ends), np.maximum(*ends)
    by_pair = np.lexsort((right, left))
    return Pairs(left[by_pair], right[by_pair], pairs.similarity[by_pair])


def _corpus(
    state: State,
    catalogue: Catalogue,
    settings: Settings,
    rows: Integers,
    first: Integers,
    distinct: Integers,
    threads: int,
) -> Corpus:
    """The texts of some rows as the night compared them."""
    known = catalogue.lengths[rows], catalogue.prints[rows]
    texts = Texts.of(_column(catalogue, rows), settings, known=known)
    if not settings.weighted:
        return Corpus(texts, first, distinct, None)
    night = state.night(state.last.number)
    weights = weighed(read_sketch(night / "frequencies.parquet"), len(first), settings)
    if not settings.frames:
        return Corpus(texts, first, distinct, weights)
    windows = left_out(read_frames(state.frames(state.last.generation)), read_frames(night / "frames.parquet"))
    prior = settings.prior_articles
    found = frames.find(texts, first, prior_articles=prior, known=windows, threads=threads)
    return Corpus(texts.without(windows), first, distinct, weights, found)


def _column(catalogue: Catalogue, rows: Integers) -> pa.ChunkedArray:
    """The texts of some rows, none of which is copied."""
    (whole,) = catalogue.column.chunks
    begins = np.flatnonzero(np.diff(rows, prepend=-2) != 1)
    lengths = np.diff(begins, append=len(rows))
    parts = [whole.slice(rows[begin], length) for begin, length in zip(begins.tolist(), lengths.tolist(), strict=True)]
    return pa.chunked_array(parts, pa.large_string())


_ANY = 1 << 62
"""Bytes of mapped files that may be held: the system takes back what it needs."""
