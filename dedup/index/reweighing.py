"""Signs, compares and clusters all texts of an index anew, as `dedup.cluster` does, and replaces the old results.

In: a store with texts. Out: new weights, signatures, edges, clusters and campaigns, stored in one transaction. The
texts lie in a temporary file that is memory-mapped; this also takes the memory of clustering so many articles, and
of the marks of all texts, 8 bytes each and as much again to sort them. Other writers wait from the beginning, so that
nothing is missed; readers do not wait.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from dedup import kernels, pipeline
from dedup.evidence import campaigns
from dedup.evidence.corpus import Corpus
from dedup.index.clustering import MOST, carry_out, number_groups
from dedup.index.holdings import AT_ONCE, column_of
from dedup.index.listed import Signature, winnowing
from dedup.index.marks import NO_MARKS, sorts
from dedup.index.packing import pack
from dedup.index.prepared import Preparer
from dedup.index.store import Change, Edge, Opening, Reader, Store, Writer
from dedup.pipeline import MOST_FITTED, Stages
from dedup.progress import Progress, shown
from dedup.settings import Settings
from dedup.stages import clusters, frames
from dedup.stages.clusters import Graph, Pairs
from dedup.stages.signer import Signer
from dedup.stages.weights import Weights


def reweigh(
    store: Store, settings: Settings, preparer: Preparer, threads: int, progress: Progress | bool | None
) -> None:
    """Weigh, sign and cluster all texts anew.

    Args:
        store: Where they are.
        settings: How they are compared.
        preparer: Reads stored texts.
        threads: How many to use.
        progress: True shows a bar; a function is called with the stage, the work done and the total.
    """
    with shown(progress) as tell:
        stages = Stages(tell, "reweigh")
        texts = store.write(lambda writer: _reweigh(writer, store.opening, settings, preparer, threads, stages))
        stages.done(texts=texts)


def _reweigh(
    writer: Writer, opening: Opening, settings: Settings, preparer: Preparer, threads: int, stages: Stages
) -> int:
    """Returns how many texts there are."""
    every = [(number, cluster, copies) for number, fingerprint, cluster, copies in writer.scan_texts() if fingerprint]
    rows = {number: cluster for number, cluster, _ in every}
    numbers, copies = (np.array([row[part] for row in every], np.int64) for part in (0, 2))
    column, _ = column_of(writer, numbers.tolist(), preparer)
    corpus = pipeline.represent(column, settings, threads=threads, stages=stages, most=MOST_FITTED)
    graph = pipeline.connect(corpus, settings, threads=threads, stages=stages)
    of, groups = numbers[corpus.first], _groups(graph, settings)
    with stages.stage("campaigns"):
        heads = clusters.chosen(groups, graph.edges, of, copies[corpus.first])
        campaign = _campaigns(writer, corpus, of, heads, graph.edges, threads)
    weighed = corpus.weights
    assert weighed is None or isinstance(weighed, Weights)
    windows = corpus.frames.windows if corpus.frames else None
    new = Opening(settings, opening.store_texts, pack(weighed, windows), opening.generation + 1)
    writer.replace(
        new,
        _signed(corpus, of, settings, threads),
        _edges(of, graph.edges, len(numbers) if settings.weighted else 0),
    )
    groups_of = {number: int(of[group]) for number, group in zip(of.tolist(), groups, strict=True)}
    numbered = _renumber(writer, groups_of, rows)
    _place(writer, zip(campaign.tolist(), (numbered[number] for number in of.tolist()), strict=True))
    return len(of)


def _signed(
    corpus: Corpus, of: NDArray[np.int64], settings: Settings, threads: int
) -> Iterator[tuple[int, Signature, NDArray[np.uint32]]]:
    """Number, signature and keys of each text; no keys where they are those of bands."""
    signer = Signer(settings, corpus.weights)
    if not settings.weighted:
        signatures, none = signer.sign(corpus.texts, corpus.first, threads=threads), np.empty(0, np.uint32)
        yield from ((number, signature, none) for number, signature in zip(of.tolist(), signatures, strict=True))
        return
    sketches, every = signer.sketch(corpus.texts, corpus.first, which=winnowing(settings), threads=threads)
    for runs in every:
        for place, keys in zip(runs.numbers.tolist(), np.split(runs.keys, runs.starts[1:-1]), strict=True):
            yield int(of[place]), sketches[place, : settings.slots], keys


def _groups(graph: Graph, settings: Settings) -> NDArray[np.int64]:
    """The cluster of each text; small components are linked by all of their edges, as in `dedup.index.clustering`."""
    count = len(graph.first)
    component = kernels.components(graph.left, graph.right, count)
    large = np.bincount(component, minlength=count)[component] > MOST
    return clusters.link(*graph.edges, count, settings.threshold * settings.linkage, graph.capped & large)


def _campaigns(
    reader: Reader, corpus: Corpus, of: NDArray[np.int64], heads: NDArray[np.int64], edges: Pairs, threads: int
) -> NDArray[np.int64]:
    """The campaign of each text, numbered from 0; without weights its cluster.

    Of many clusters with the same name, some are chosen by number and compared. Texts are numbered by fingerprint, as
    in `Clusters.campaigns`, so that both choose the same.
    """
    if corpus.weights is None:
        return np.unique(heads, return_inverse=True)[1].astype(np.int64)
    first = corpus.first
    order = np.lexsort(corpus.texts.prints[first].T[::-1])
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    node = campaigns.numbered(heads[order])

    def similar(left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.float64]:
        ends = order[left], order[right]
        return corpus.similarities(np.minimum(*ends), np.maximum(*ends), threads=threads)

    shared = frames.passages(corpus.texts, first[order], threads=threads)
    marks, held = _held(reader, of)
    held = [np.sort(rank[texts]) for texts in held]
    near = campaigns.met(node, np.bincount(node), Pairs(rank[edges.left], rank[edges.right], edges.similarity))
    return campaigns.among(node, shared, [], held, near, similar, sorts=sorts(marks)).group[node][rank]


def _held(reader: Reader, of: NDArray[np.int64]) -> tuple[NDArray[np.int64], list[NDArray[np.int64]]]:
    """The marks that several texts hold, ascending, and for each the places in `of` of the texts that hold it."""
    parts, counts = [NO_MARKS], np.zeros(len(of), np.int64)
    for begin in range(0, len(of), AT_ONCE):
        some = reader.marks(of[begin : begin + AT_ONCE].tolist())
        for place, number in enumerate(of[begin : begin + AT_ONCE].tolist(), begin):
            if number in some:
                parts.append(some[number])
                counts[place] = len(some[number])
    marks, texts = np.concatenate(parts), np.repeat(np.arange(len(of), dtype=np.int32), counts)
    order = np.argsort(marks, kind="stable")
    every, starts, holders = np.unique(marks[order], return_index=True, return_counts=True)
    several = np.flatnonzero(holders >= campaigns.LEAST_HELD)
    texts = texts[order]
    held = [
        texts[begin : begin + count].astype(np.int64)
        for begin, count in zip(starts[several], holders[several], strict=True)
    ]
    return every[several], held


def _edges(of: NDArray[np.int64], edges: Pairs, judged: int) -> Iterable[tuple[int, int, Edge]]:
    columns = (of[edges.left].tolist(), of[edges.right].tolist(), edges.similarity.tolist())
    for left, right, similarity in zip(*columns, strict=True):
        yield left, right, Edge(similarity, judged)


def _renumber(writer: Writer, groups: dict[int, int], were: dict[int, int]) -> dict[int, int]:
    """Give clusters their numbers, record their changes, and return the number of each text's cluster."""
    members: dict[int, list[int]] = defaultdict(list)
    for text in sorted(groups):
        members[groups[text]].append(text)
    plan = number_groups(sorted(members.values()), were, {}, lambda _: None)
    plan.tell(were, ())
    names = writer.names({number for turn in plan.turns for number in turn[1:] if number is not None}, 1)
    carry_out(plan, writer)
    for number, (kind, old, new) in enumerate(plan.turns, writer.last() + 1):
        writer.record(Change(number, kind, None, names[old][0], None if new is None else names[new][0]))
    return {text: plan.clusters.get(text, cluster) for text, cluster in were.items()}


def _place(writer: Writer, found: Iterable[tuple[int, int]]) -> None:
    """Put clusters into their campaigns; a campaign has the number of its oldest cluster.

    Args:
        writer: The store.
        found: The campaign (any number) and the cluster of each text.
    """
    parts: dict[int, set[int]] = defaultdict(set)
    for campaign, cluster in found:
        parts[campaign].add(cluster)
    now = {cluster: min(some) for some in parts.values() for cluster in some}
    were = dict(writer.scan_campaigns())
    for cluster in sorted(now.keys() | were.keys()):
        campaign = now.get(cluster, cluster)
        if campaign != were.get(cluster, cluster):
            writer.set_campaign(cluster, campaign)
