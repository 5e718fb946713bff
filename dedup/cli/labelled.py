"""What the command line's names mean: a cluster or campaign among the labels of a run, its texts, an article.

In: tables of labels and of articles, as `dedup.files` reads them, and a name. Out: places and rows, and a `Cluster` or
`Campaign` of the articles that were read, which answers like that of a run over them. Costs a look at every label; for
a `Cluster` the folding of all articles; for a `Campaign` finding all evidence anew. Reads no file and prints nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dedup.errors import InputError
from dedup.evidence import campaigns
from dedup.evidence.campaign_results import Campaign, Campaigns
from dedup.evidence.corpus import Corpus
from dedup.files import counted, escaped
from dedup.kernels import Integers
from dedup.pipeline import represent
from dedup.results import Cluster, Clusters
from dedup.settings import Settings
from dedup.stages import pairs
from dedup.stages.clusters import Graph, Pairs
from dedup.work import count as count_threads

PLACE = re.compile(r"#?(\d{1,18})")
MOST_COMPARED = 1000
"""Distinct texts of a campaign up to which all pairs of their bodies are compared."""


@dataclass(frozen=True, eq=False)
class ShownCluster:
    """A cluster of a run, known by its labels alone.

    Attributes:
        place: Its place among those of two or more articles, the largest being 1.
        of: How many of those there are.
        label: The id of the representative.
        rows: Rows of the members in the table of labels: the representative's first, then by falling similarity.
        ids: Their ids.
        similarity: Of each to the representative, None where it was never computed.
    """

    place: int
    of: int
    label: str
    rows: Integers
    ids: list[str]
    similarity: list[float | None]


class _ByLabel(NamedTuple):
    """Articles by their labels."""

    codes: Integers
    """(n,): number of each article's label."""
    several: Integers
    """(k,): numbers of the labels that two or more articles have, in the order of `Clusters`."""


def members(labels: pa.Table, name: str) -> ShownCluster:
    """The cluster that is meant.

    Args:
        labels: What `files.label_files` read.
        name: ``#3`` is the third largest cluster. Otherwise the id of any member of a cluster of two or more, and if
            there is no such article, a whole number is a place.

    Raises:
        InputError: There is no such cluster.
    """
    groups = _groups(labels)
    place = _place(labels, groups, name, "cluster")
    rows = np.flatnonzero(groups.codes == groups.several[place])
    found = labels.take(rows)
    label = found["label"][0].as_py()
    ids, similarity = found["id"].to_pylist(), found["similarity"].to_pylist()
    order = sorted(range(len(ids)), key=lambda at: (ids[at] != label, -(similarity[at] or 0)))
    ids, similarity = [ids[at] for at in order], [similarity[at] for at in order]
    return ShownCluster(place + 1, len(groups.several), label, rows[order], ids, similarity)


@dataclass(frozen=True, eq=False)
class ShownCampaign:
    """A campaign of a run, known by its labels alone.

    Attributes:
        place: Its place among those of two or more articles, from 1: those of several clusters or lone articles come
            before those of one cluster, and of both the largest.
        of: How many of those there are.
        label: Its name: the id of its first article.
        rows: Rows of the members in the table of labels, ascending.
        ids: Their ids.
        clusters: Its clusters, largest first: the place of each among all, its label, its size.
        lone: Ids of the members that are in no cluster of two or more.
    """

    place: int
    of: int
    label: str
    rows: Integers
    ids: list[str]
    clusters: list[tuple[int, str, int]]
    lone: list[str]


def campaign(labels: pa.Table, name: str) -> ShownCampaign:
    """The campaign that is meant.

    Args:
        labels: What `files.label_files` read.
        name: The id of any member, or a place; see `members`.

    Raises:
        InputError: There is no such campaign, or the labels say nothing of campaigns.
    """
    if "campaign" not in labels.column_names:
        raise InputError("there is no column 'campaign'; run dedup cluster again, without --no-campaigns")
    clusters = _groups(labels)
    groups = _several_first(_groups(labels, "campaign"), clusters)
    place = _place(labels, groups, name, "campaign")
    rows = np.flatnonzero(groups.codes == groups.several[place])
    mine = labels.take(rows)
    ids, heads, codes = mine["id"].to_pylist(), mine["label"].to_pylist(), clusters.codes[rows].tolist()
    places = {code: number for number, code in enumerate(clusters.several.tolist(), 1)}
    counts = Counter(code for code in codes if code in places)
    named = dict(zip(codes, heads, strict=True))
    found = sorted((places[code], named[code], size) for code, size in counts.items())
    lone = [one for one, code in zip(ids, codes, strict=True) if code not in places]
    return ShownCampaign(place + 1, len(groups.several), mine["campaign"][0].as_py(), rows, ids, found, lone)


def _groups(labels: pa.Table, column: str = "label") -> _ByLabel:
    """The largest first; those of equal size in the order of their representatives' rows."""
    codes = labels[column].combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)
    sizes = np.bincount(codes)
    own = _rows(pc.equal(labels["id"], labels[column]))
    heads = np.full(len(sizes), len(codes))
    np.minimum.at(heads, codes[own], own)
    order = np.lexsort((heads, -sizes))
    return _ByLabel(codes, order[sizes[order] > 1])


def _several_first(campaigns: _ByLabel, clusters: _ByLabel) -> _ByLabel:
    """Campaigns of several clusters or lone articles first, as in the table and the report, which show no others."""
    pairs = np.unique(np.stack([campaigns.codes, clusters.codes]), axis=1)
    single = np.bincount(pairs[0])[campaigns.several] == 1
    return campaigns._replace(several=campaigns.several[np.argsort(single, kind="stable")])


def _place(labels: pa.Table, groups: _ByLabel, name: str, what: str) -> int:
    """The place that a name means, counted from 0."""
    name = _as_id(name)
    clusters, place = len(groups.several), PLACE.fullmatch(name)
    if not name.startswith("#"):
        for column in (
            "label" if what == "cluster" else what,
            "id",
        ):  # an id that occurs more than once means the representative first
            named = groups.codes[_rows(pc.equal(labels[column], name))]
            found = np.flatnonzero(np.isin(groups.several, named))
            if len(found):
                return int(found[0])
    if place and 1 <= int(place[1]) <= clusters:
        return int(place[1]) - 1
    if not clusters:
        raise InputError(f"there is no {what} of two or more articles: {counted(len(labels), 'article')}, each alone")
    alone = pc.any(pc.equal(labels["id"], name)).as_py()
    why = f"the article {name!r} is alone, in no {what} of two or more" if alone else f"there is no {what} {name!r}"
    raise InputError(f"{why}; give the id of a member, or a place from 1 to {clusters:,}, 1 being the largest")


def positions(found: ShownCluster, labels: pa.Table, read: pa.Table) -> Integers:
    """Where the members are among the articles read.

    Args:
        found: A cluster of these labels.
        labels: What `files.label_files` read.
        read: Columns `id` and `text`, one row per article. If an id occurs more than once, its first row is the first
            label with this id, and so on.

    Returns:
        int64 (n,): the row of each member in `read`, -1 if it is not there.
    """
    wanted = pa.array(dict.fromkeys(found.ids), pa.large_string())
    names = {row: name for name, row in _numbered(labels["id"], wanted)}
    rows = dict(_numbered(read["id"], wanted))
    return np.array([rows.get(names[row], -1) for row in found.rows.tolist()], np.int64)


def _numbered(ids: pa.ChunkedArray, wanted: pa.Array) -> Iterator[tuple[tuple[str, int], int]]:
    """Rows with these ids: each id with how often it has occurred before, and its row."""
    seen: Counter[str] = Counter()
    rows = _rows(pc.is_in(ids, value_set=wanted))
    for name, row in zip(ids.take(pa.array(rows)).to_pylist(), rows.tolist(), strict=True):
        yield (name, seen[name]), row
        seen[name] += 1


def cluster(found: ShownCluster, rows: Integers, read: pa.Table) -> Cluster | None:
    """A cluster of the members that have a text, which can be asked what it is about.

    Args:
        found: A cluster of a run.
        rows: Of its members, from `positions`.
        read: Columns `id` and `text`, one row per article.

    Returns:
        A cluster over all articles read; the most similar member represents it where the representative has no text.
        None where no member has a text.
    """
    if not (rows >= 0).any():
        return None
    corpus = represent(read["text"], Settings(weighted=False), threads=count_threads(None))
    known = np.flatnonzero((rows >= 0) & (corpus.number[rows] >= 0))
    if not len(known):
        return None
    mine = np.sort(rows[known])
    similarity = float(np.mean([found.similarity[place] or 0.0 for place in known[1:]])) if len(known) > 1 else 1.0
    ids = read["id"].take(pa.array(mine)).combine_chunks()
    return Cluster(mine, int(rows[known[0]]), similarity, ids, corpus)


def judged(found: ShownCampaign, labels: pa.Table, read: pa.Table) -> Campaign | None:
    """A campaign with its evidence, which is found anew among all articles that were read.

    Members are those of the labels. In a campaign of more than `MOST_COMPARED` distinct texts, bodies are compared only
    where a name links them.

    Args:
        found: A campaign of these labels.
        labels: What `files.label_files` read.
        read: Columns `id` and `text`, one row per article.

    Returns:
        The campaign of those of its articles that were read; None where these are fewer than two.
    """
    threads, settings = count_threads(None), Settings()
    rows = _rows_of(labels, read)
    mine = np.zeros(len(read), np.bool_)
    mine[rows[found.rows][rows[found.rows] >= 0]] = True
    corpus = represent(read["text"], settings, threads=threads)
    texts = np.unique(corpus.number[mine & (corpus.number >= 0)])
    if (mine & (corpus.number >= 0)).sum() < 2:  # noqa: PLR2004 - one article is not a campaign
        return None
    node, group, heads = _nodes(labels, rows, corpus)
    edges = _edges(corpus, texts, settings.threshold, threads)
    evidence = replace(campaigns.find(corpus, node, edges, threads=threads), group=group)
    graph = Graph(corpus.first, corpus.number, *edges, capped=np.zeros(len(corpus.first), np.bool_))
    run = Clusters(graph, settings.threshold, settings.linkage, read["id"], representatives=heads[node], corpus=corpus)
    wanted = group[node[texts[0]]]
    return next(one for one in Campaigns(run, evidence) if one.number == wanted)


def _rows_of(labels: pa.Table, read: pa.Table) -> Integers:
    """For each label, the row among the articles that were read; -1 if the article was not read."""
    every = dict(_numbered(read["id"], pc.unique(labels["id"])))
    names = _numbered(labels["id"], pc.unique(labels["id"]))
    return np.array([every.get(name, -1) for name, _ in names], np.int64)


def _nodes(labels: pa.Table, rows: Integers, corpus: Corpus) -> tuple[Integers, Integers, Integers]:
    """The cluster of each distinct text, the campaign of each cluster, and the distinct text that represents each.

    Texts of which the labels say nothing are alone.
    """
    known = np.flatnonzero((rows >= 0) & (corpus.number[rows] >= 0))
    own = np.flatnonzero(pc.equal(labels["id"], labels["label"]).to_numpy())
    known = np.concatenate([np.intersect1d(known, own), np.setdiff1d(known, own)])  # representatives first
    texts = corpus.number[rows[known]]
    count = len(corpus.first)
    by_text = np.full((2, count), -1)
    for place, column in enumerate(("label", "campaign")):
        codes = labels[column].combine_chunks().dictionary_encode().indices.to_numpy()[known]
        by_text[place][texts[::-1]] = codes[::-1]
    unknown = by_text[0] < 0
    by_text[:, unknown] = len(labels) + np.arange(count)[unknown]
    node = campaigns.numbered(by_text[0])
    heads, group = np.full(node.max() + 1, -1), np.empty(node.max() + 1, np.int64)
    group[node] = np.unique(by_text[1], return_inverse=True)[1]
    heads[node[::-1]] = np.arange(count)[::-1]
    heads[node[texts[::-1]]] = texts[::-1]
    return node, group, heads


def _edges(corpus: Corpus, texts: Integers, threshold: float, threads: int) -> Pairs:
    """Pairs of these distinct texts that are similar, where they are not too many."""
    some = texts if len(texts) <= MOST_COMPARED else texts[:0]
    left, right = (some[places] for places in np.triu_indices(len(some), 1))
    similarity = pairs.verify(corpus.sets, left, right, corpus.sizes, threads=threads)
    kept = similarity >= threshold
    return Pairs(left[kept], right[kept], similarity[kept])


def article(read: pa.Table, name: str) -> str | None:
    """The text of the first article with this id, "" where it has no text; None where there is no such article."""
    row = pc.index(read["id"], _as_id(name)).as_py()
    return None if row < 0 else read["text"][row].as_py() or ""


def _as_id(name: str) -> str:
    """A name as an id has it: a shell may give bytes that are not UTF-8, which are escaped there."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return escaped(name)
    return name


def _rows(mask: Any) -> Integers:
    """Rows of which something is true."""
    return np.flatnonzero(mask.to_numpy())
