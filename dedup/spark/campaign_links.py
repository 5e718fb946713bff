"""Campaigns on Spark: executors find what clusters and lone articles hold, and the driver links them.

In: the distinct texts, the cluster of each, the edges, and the passages in the sample of `frame_search`. Out: the
campaign of every cluster and lone article that is in one with others. From the same evidence the result is that of one
process, wherever texts are and in any order. Names are found where texts are, in half a millisecond to two per text,
and counted by name and cluster; bodies are compared as candidates are.

For each cluster or lone article that shares a name or a passage, or has edges to another, the driver holds its number,
size and six texts, 80 bytes; 24 bytes for each of its names and passages; and, while it links, 130 bytes per pair with
something in common: at most 4.4 GB for `MOST_LINKS` pairs by names, as much for passages, 0.5 GB for `MOST_NEAR` pairs
with edges. Among 20,000 real articles there are 27 pairs by names per article, so a million articles fit. If there are
more, the names and passages with the most holders are left out, and the least similar pairs. This does not depend on
how articles are partitioned, and gives a warning.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as sf

from dedup.errors import warn
from dedup.evidence.campaigns import (
    EDGES,
    FOUNDERS,
    LARGE,
    LEAST_HELD,
    MEMBERS,
    NOTHING,
    Held,
    Name,
    Nodes,
    linked,
    may_link,
    names_in,
    sort_of,
)
from dedup.kernels import Integers
from dedup.spark.columns import Batches, integers
from dedup.spark.distinct import DistinctTexts
from dedup.spark.edges import homes
from dedup.spark.folder import Folder
from dedup.spark.frame_search import HeldPassages
from dedup.spark.large_links import points

Verify = Callable[[DataFrame], DataFrame]
MOST_LINKS = 1 << 25
"""Most pairs of clusters and lone articles with a common name, and most holders; the same limit for passages."""
MOST_NEAR = 1 << 22
"""Most pairs of clusters whose bodies are compared because they have edges to each other."""
FOUND = "kind string, key string, form string, number long"
NAMES = "kind string, key string, form string, holders long, nodes long"
BUCKET_BITS = 48
"""Numbers that differ only in so many low bits are in one of 65,536 buckets."""


def campaigns(
    folder: Folder,
    read: DistinctTexts,
    placed: DataFrame,
    edges: DataFrame,
    shared: HeldPassages | None,
    verified: Verify,
) -> DataFrame | None:
    """The campaigns of more than one cluster or lone article.

    Args:
        folder: Where intermediate results are kept.
        read: The articles and their distinct texts.
        placed: `number, head, label, size` of every text that has an edge, kept: see `dedup.spark.component_links`.
        edges: `left, right, similarity`, kept.
        shared: The passages that several texts share; None if there are none.
        verified: Gives `left, right, similarity` of every pair of `left, right, home`.

    Returns:
        `head, campaign`: the text that represents a cluster, or the lone text, and the name of the campaign: the least
        id in it. None if every cluster is a campaign of its own.

    Warns:
        DedupWarning: There are so many names, passages or pairs that some are left out.
    """
    lowest = placed.groupBy("head").agg(sf.min("number").alias("lowest"))  # by which clusters are numbered
    members = placed.join(lowest, "head").drop("head").withColumnRenamed("lowest", "head")
    placed = folder.keep(members, "numbered")
    heads = placed.where(sf.col("number") != sf.col("head")).select("number", "head")
    names, named = _names(folder, read.texts, heads)
    passages = _passages(folder, heads, shared)
    near = _near(folder, placed, heads, edges)
    numbers = np.unique(np.concatenate([named.nodes, passages.nodes, *near]))
    if len(numbers) < 2:  # noqa: PLR2004 - to be linked it takes two
        return None
    nodes = _nodes(folder, read, placed, heads, numbers)
    named, passages = (held._replace(nodes=np.searchsorted(numbers, held.nodes)) for held in (named, passages))
    passages = _fitting(passages, nodes.sizes >= LARGE)
    families = NOTHING if shared is None else shared.passages.families
    low, high = (np.searchsorted(numbers, end) for end in near)
    sorts = np.array([sort_of(name) for name in names], np.int64)
    group = linked(nodes, passages, families, sorts, named, (low, high), _Similar(folder, verified)).group
    several = np.bincount(group)[group] > 1
    if not several.any():
        return None
    grouped = _frame(folder, "grouped", head=numbers[several], group=group[several])
    found = _called(grouped, read, placed).withColumnRenamed("head", "lowest").join(lowest, "lowest", "left")
    return folder.keep(found.select(sf.coalesce("head", "lowest").alias("head"), "campaign"), "campaigns")


def _frame(folder: Folder, name: str, **columns: Integers) -> DataFrame:
    """Numbers of the driver as a data frame."""
    return folder.keep(folder.session.createDataFrame(pa.table(columns)), name)


def _names(folder: Folder, texts: DataFrame, heads: DataFrame) -> tuple[list[Name], Held]:
    """The names that may link, ascending by kind and key, and the numbers of the nodes that hold them."""
    found = texts.select("number", "text").mapInArrow(_found, FOUND).join(heads, "number", "left")
    first, holders = sf.min(sf.struct("number", "form")).alias("first"), sf.count("*").alias("holders")
    by_node = found.withColumn("node", sf.coalesce("head", "number")).groupBy("kind", "key", "node")
    held = folder.keep(by_node.agg(holders, first), "held")
    totals = sf.sum("holders").alias("holders"), sf.count("*").alias("nodes"), sf.min("first").alias("first")
    several = held.groupBy("kind", "key").agg(*totals).where(sf.col("holders") >= LEAST_HELD)
    several = several.select("kind", "key", sf.col("first.form").alias("form"), "holders", "nodes")
    names = folder.keep(several.mapInArrow(_linking, NAMES), "names")
    counts = names.groupBy("nodes").agg(sf.count("*").alias("names")).toArrow()
    most = _most(integers(counts["nodes"]), integers(counts["names"]), "names")
    kept = names.where(sf.col("nodes") <= most).withColumnRenamed("holders", "total").drop("nodes")
    rows = kept.join(held.select("kind", "key", "node", "holders"), ["kind", "key"])
    listed = sf.collect_list(sf.struct("node", "holders")).alias("held")
    return _read(rows.groupBy("kind", "key", "form", "total").agg(listed).toArrow())


def _read(table: pa.Table) -> tuple[list[Name], Held]:
    """Names and their holders from `kind, key, form, total, held`, which is a list of `node, holders`."""
    names = [Name(*row) for row in zip(*(table[one].to_pylist() for one in Name._fields), strict=True)]
    order = sorted(range(len(names)), key=names.__getitem__)
    place = np.empty(len(names), np.int64)
    place[order] = np.arange(len(names))
    held = table["held"].combine_chunks()
    features = place[integers(pa.compute.list_parent_indices(held))]
    nodes, holders = (integers(pa.compute.list_flatten(held).field(name)) for name in ("node", "holders"))
    by_node = np.lexsort((features, nodes))
    total = integers(table["total"])[order]
    return [names[one] for one in order], Held(nodes[by_node], features[by_node], holders[by_node], total)


def _found(batches: Batches) -> Batches:
    """The names and addresses in texts."""
    for batch in batches:
        rows = [
            (*name, number)
            for text, number in zip(batch["text"], batch["number"].to_pylist(), strict=True)
            for name in names_in(text.as_py())
        ]
        kinds = (pa.string(), pa.string(), pa.string(), pa.int64())
        columns = zip(*rows, strict=True) if rows else [()] * len(kinds)
        arrays = [pa.array(column, kind) for column, kind in zip(columns, kinds, strict=True)]
        yield pa.RecordBatch.from_arrays(arrays, [*Name._fields, "number"])


def _linking(batches: Batches) -> Batches:
    """The names that may link; see `dedup.evidence.campaigns.may_link`."""
    for batch in batches:
        columns = (batch[column].to_pylist() for column in (*Name._fields, "holders"))
        linking = [may_link(Name(*name), holders) for *name, holders in zip(*columns, strict=True)]
        yield batch.filter(pa.array(linking, pa.bool_()))


def _most(nodes: Integers, times: Integers, kind: str) -> int:
    """The most nodes that a name or passage may have without exceeding the limit of pairs.

    Args:
        nodes: Numbers of nodes that hold a name or passage.
        times: How many names or passages have so many nodes.
        kind: What they are.
    """
    met = np.minimum(np.maximum(nodes - 1, 0), FOUNDERS)
    pairs = met * (met + 1) // 2 + FOUNDERS * (np.maximum(nodes - 1, 0) - met)
    order = np.argsort(nodes)
    fit = int(np.searchsorted(np.cumsum(((nodes + pairs) * times)[order]), MOST_LINKS, side="right"))
    if fit == len(order):
        return int(nodes.max(initial=0))
    most = int(nodes[order[fit - 1]]) if fit else 0
    warn(
        f"{int(times[order[fit:]].sum()):,} {kind} that more than {most:,} clusters and lone articles hold are left "
        f"out of campaigns: with them more than {MOST_LINKS:,} pairs would have to be compared"
    )
    return most


def _fitting(held: Held, large: NDArray[np.bool_]) -> Held:
    """Passages that do not link too many clusters."""
    meeting = np.bincount(held.features[large[held.nodes]], minlength=len(held.counts))
    nodes, times = np.unique(meeting, return_counts=True)
    kept = meeting[held.features] <= _most(nodes, times, "passages")
    return Held(held.nodes[kept], held.features[kept], held.texts[kept], held.counts)


def _passages(folder: Folder, heads: DataFrame, shared: HeldPassages | None) -> Held:
    """The numbers of the nodes that hold passages of several texts."""
    if shared is None or not len(shared.numbers):
        return Held(NOTHING, NOTHING, NOTHING, NOTHING)
    numbers, found = shared
    theirs = _frame(folder, "holders", number=numbers).join(heads, "number").toArrow()
    of = numbers.copy()
    of[np.searchsorted(numbers, integers(theirs["number"]))] = integers(theirs["head"])
    nodes, node = np.unique(of, return_inverse=True)
    texts = np.repeat(np.arange(len(numbers)), np.diff(found.starts))
    held = Held.of(node, texts, found.passages, found.counts)
    return held._replace(nodes=nodes[held.nodes])


def _near(folder: Folder, placed: DataFrame, heads: DataFrame, edges: DataFrame) -> tuple[Integers, Integers]:
    """Pairs of nodes whose bodies may be similar on the whole, as in `dedup.evidence.campaigns.met`."""
    ends = edges.withColumn("points", points()).select("left", "right", "points")
    sizes = placed.groupBy("head").agg(sf.count("*").alias("size"))
    for end in ("left", "right"):
        ends = ends.join(heads.select(sf.col("number").alias(end), sf.col("head").alias(f"{end}_head")), end, "left")
        ends = ends.withColumn(f"{end}_head", sf.coalesce(f"{end}_head", end))
    low, high = (pick("left_head", "right_head") for pick in (sf.least, sf.greatest))
    apart = ends.where(sf.col("left_head") != sf.col("right_head")).withColumns({"low": low, "high": high})
    met = apart.groupBy("low", "high").agg(sf.count("*").alias("edges"), sf.sum("points").alias("points"))
    for end in ("low", "high"):
        met = met.join(sizes.select(sf.col("head").alias(end), sf.col("size").alias(f"{end}_size")), end)
    enough = sf.col("edges") >= sf.lit(EDGES) * sf.col("low_size") * sf.col("high_size")
    alike = sf.col("points") / (sf.col("low_size") * sf.col("high_size"))
    near = folder.keep(met.where(enough).select("low", "high", alike.alias("alike")), "near")
    count = near.count()
    if count > MOST_NEAR:
        warn(
            f"{count - MOST_NEAR:,} pairs of clusters and lone articles, the least alike of {count:,} that have edges "
            "to each other, are left out of campaigns"
        )
        near = near.orderBy(sf.desc("alike"), "low", "high").limit(MOST_NEAR)
    table = near.select("low", "high").toArrow()
    return integers(table["low"]), integers(table["high"])


def _nodes(folder: Folder, read: DistinctTexts, placed: DataFrame, heads: DataFrame, numbers: Integers) -> Nodes:
    """What is known of the clusters and lone articles of these numbers."""
    asked = _frame(folder, "asked", head=numbers)
    chosen = compared(placed.select("number", "head").join(asked, "head")).toArrow()
    known, texts = integers(chosen["head"]), integers(chosen["number"])
    sizes = np.ones(len(numbers), np.int64)
    sizes[np.searchsorted(numbers, known)] = integers(chosen["size"])
    lone = np.setdiff1d(numbers, known, assume_unique=False)
    known, texts = np.concatenate([known, lone]), np.concatenate([texts, lone])
    order = np.lexsort((texts, known))
    starts = np.append(np.searchsorted(known[order], numbers), len(known))
    return Nodes(_places(read.distinct, heads, asked, numbers), sizes, starts, texts[order], read.total)


def compared(members: DataFrame) -> DataFrame:
    """The texts of clusters that are compared with those of others; see `dedup.evidence.campaigns.chosen`.

    Args:
        members: `number, head` of all texts of some clusters.

    Returns:
        `number, head, size`, the size being that of the cluster in texts.
    """
    window = Window.partitionBy("head")
    place = sf.row_number().over(window.orderBy("number")).cast("long")  # from 1
    ranked = members.withColumns({"place": place, "size": sf.count("*").over(window)})
    several = ranked.withColumn("several", sf.least("size", sf.lit(MEMBERS)))
    up_to, before = (f"ceil({one} * several / size)" for one in ("place", "(place - 1)"))
    return several.where(sf.expr(f"{up_to} > {before}")).select("number", "head", "size")


def _places(distinct: DataFrame, heads: DataFrame, asked: DataFrame, numbers: Integers) -> Integers:
    """The ranks of some nodes among all, by number: nodes in lower buckets, plus earlier nodes in the same bucket."""
    bucket = sf.shiftright("number", BUCKET_BITS).alias("bucket")
    all_ = distinct.select("number").join(heads, "number", "left_anti").select("number", bucket)
    counts = all_.groupBy("bucket").agg(sf.count("*").alias("nodes")).toArrow().sort_by("bucket")
    place = sf.row_number().over(Window.partitionBy("bucket").orderBy("number")).alias("place")
    ranked = all_.select("number", place).join(asked.withColumnRenamed("head", "number"), "number")
    table = ranked.toArrow().sort_by("number")
    ends = np.cumsum(integers(counts["nodes"]))
    before = np.searchsorted(integers(counts["bucket"]), numbers >> BUCKET_BITS)
    places: Integers = ends[before] - integers(counts["nodes"])[before] + integers(table["place"]) - 1
    return places


class _Similar:
    """Similarities of pairs of texts, by jobs of their own.

    Args:
        folder: Where the pairs are kept.
        verified: See `campaigns`.
    """

    def __init__(self, folder: Folder, verified: Verify) -> None:
        self._folder, self._verified, self._asked = folder, verified, 0

    def __call__(self, left: Integers, right: Integers) -> NDArray[np.float64]:
        """The similarities of pairs of these numbers, each pair once, the lower number first."""
        self._asked += 1
        name = f"bodies-{self._asked}"
        asked = self._folder.session.createDataFrame(pa.table({"left": left, "right": right}))
        found = self._verified(self._folder.keep(homes(asked), name)).toArrow()
        self._folder.drop(name)
        similarity = np.empty(len(left))
        by_pair = np.lexsort((integers(found["right"]), integers(found["left"])))
        similarity[np.lexsort((right, left))] = found["similarity"].to_numpy()[by_pair]
        return similarity


def _called(grouped: DataFrame, read: DistinctTexts, placed: DataFrame) -> DataFrame:
    """The name of every node's campaign, from `head, group`: the least id in it."""
    members = grouped.join(placed.select("number", "head"), "head", "left")
    texts = members.select("group", sf.coalesce("number", "head").alias("number"))
    named = texts.join(read.distinct.select("number", "first"), "number")
    names = named.groupBy("group").agg(sf.min("first").alias("campaign"))
    return grouped.join(names, "group").select("head", "campaign")
