"""Edges become clusters on Spark: average linkage, several components per task.

In: verified edges, and the texts that were compared with only some of their bucket mates. Out: `number, group` for
every text that has an edge. It does the three steps of `dedup.stages.clusters.link`, each of which sees only a part of
the edges: those between ordinary texts, linked in each component separately; those from a capped text to ordinary ones,
by which it joins a cluster (sums, so that a template of a million texts needs no task of its own); and those among
capped texts that have found no cluster, which are linked as in the first step.

A component of more than `MOST_EDGES` edges is too large for a task. Half of its edges or more, the weakest ones by
thousandths of similarity, are set aside, and again until all its parts are small enough. Only in this way can these
clusters differ from those of one process, and there is a warning.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as sf

from dedup.errors import warn
from dedup.settings import Settings
from dedup.spark.columns import Batches, integers, whole_groups
from dedup.spark.folder import Folder
from dedup.spark.stars import stars
from dedup.stages import clusters

MOST_EDGES = 1 << 22
"""Most edges of one component in one task: 500 MB while it is linked."""
logger = logging.getLogger(__name__)


def linked(
    folder: Folder, edges: DataFrame, capped: DataFrame | None, texts: DataFrame, settings: Settings, most: int
) -> DataFrame:
    """The cluster of every text of some large components.

    Args:
        folder: Where components are kept.
        edges: `left, right, similarity`, kept.
        capped: `number` of the texts that were compared with only some of their bucket mates; None if there are none.
        texts: `component, number` of all texts of these components.
        settings: Where to cut.
        most: Most edges of a component that is linked in one task.

    Returns:
        `number, group`, the group being the number of one of its members.
    """
    cut = settings.threshold * settings.linkage
    if cut == 0:
        return texts.select("number", sf.col("component").alias("group"))
    nobody = texts.select("number").limit(0)
    found = _found(folder, edges, nobody if capped is None else capped, cut, most)
    alone = texts.select("number").join(found, "number", "left_anti")
    return found.unionByName(alone.withColumn("group", sf.col("number")))


def _found(folder: Folder, edges: DataFrame, capped: DataFrame, cut: float, most: int) -> DataFrame:
    """The cluster of every text with an edge, in three steps."""
    marked = _marked(edges, capped)
    plain = folder.keep(_link(folder, _between(marked, 0), cut, most, "plain-parts"), "plain")
    joined = folder.keep(_assigned(marked, plain, cut), "assigned")
    founders = joined.select(sf.col("group").alias("number"), "group")  # may have only capped texts as neighbours
    found = plain.unionByName(joined).unionByName(founders).distinct()
    alone = capped.join(joined, "number", "left_anti")
    rest = _between(marked, 2).join(alone.select(sf.col("number").alias("left")), "left", "left_semi")
    rest = rest.join(alone.select(sf.col("number").alias("right")), "right", "left_semi")
    return found.unionByName(_link(folder, rest, cut, most, "leftover"))


def _marked(edges: DataFrame, capped: DataFrame) -> DataFrame:
    """Edges with whether either end is capped."""
    for end in ("left", "right"):
        of_end = capped.select(sf.col("number").alias(end), sf.lit(1).alias(f"{end}_capped"))
        edges = edges.join(of_end, end, "left").fillna(0, [f"{end}_capped"])
    return edges


def _between(marked: DataFrame, crowded_ends: int) -> DataFrame:
    """Edges with so many capped ends."""
    ends = sf.col("left_capped") + sf.col("right_capped") == crowded_ends
    return marked.where(ends).select("left", "right", "similarity")


def _link(folder: Folder, edges: DataFrame, cut: float, most: int, name: str) -> DataFrame:
    """Link every component; those that are too large are split before."""
    placed = inside_components(edges, stars(folder, edges, name))
    for again in range(64):  # each time the largest component loses at least half of its edges
        sizes = placed.groupBy("component").agg(sf.count("*").alias("edges")).where(sf.col("edges") > most)
        large = folder.keep(sizes, f"{name}-large-{again}") if placed.count() > most else None
        told = large.agg(sf.count("*"), sf.sum("edges")).first() if large is not None else None
        if told is None or not told[0] or large is None:
            break
        warn(
            f"{told[0]} components of more than {most:,} edges, {told[1]:,} in all, are linked without their weaker "
            "half; raise the threshold, or most_edges where tasks have more memory"
        )
        kept = folder.keep(_stronger(placed, large), f"{name}-stronger-{again}")
        placed = inside_components(kept, stars(folder, kept, f"{name}-parts-{again}"))
    walked = placed.repartition("component").sortWithinPartitions("component", "right", "left")
    return walked.mapInArrow(_linked(cut), "number long, group long")


def inside_components(edges: DataFrame, found: DataFrame) -> DataFrame:
    """Edges with their component."""
    parents = found.select(sf.col("number").alias("left"), "parent")
    joined = edges.join(parents, "left", "left")
    return joined.select(sf.coalesce("parent", "left").alias("component"), "left", "right", "similarity")


def _stronger(placed: DataFrame, large: DataFrame) -> DataFrame:
    """All edges except the weaker half of those of large components."""
    thousandth = sf.floor(sf.col("similarity") * 1000).cast("int")
    bins = placed.withColumn("bin", thousandth).join(large, "component")
    counts = bins.groupBy("component", "edges", "bin").agg(sf.count("*").alias("here"))
    above = sf.sum("here").over(Window.partitionBy("component").orderBy(sf.desc("bin")))
    kept = counts.withColumn("above", above).where(sf.col("above") <= sf.col("edges") / 2)
    limits = kept.groupBy("component").agg(sf.min("bin").alias("limit"))
    joined = placed.join(large.select("component", sf.lit(1001).alias("none")), "component", "left")
    joined = joined.join(limits, "component", "left")
    limit = sf.coalesce("limit", "none", sf.lit(0))
    return joined.where(thousandth >= limit).select("left", "right", "similarity")


def _assigned(marked: DataFrame, plain: DataFrame, cut: float) -> DataFrame:
    """Capped texts with the cluster to which their mean similarity is highest, if it reaches the cut."""
    left = sf.col("left_capped") == 1
    mixed = marked.where(sf.col("left_capped") != sf.col("right_capped")).select(
        sf.when(left, sf.col("left")).otherwise(sf.col("right")).alias("number"),
        sf.when(left, sf.col("right")).otherwise(sf.col("left")).alias("other"),
        points().alias("points"),
    )
    group = sf.coalesce("group", "other")
    with_group = mixed.join(plain.withColumnRenamed("number", "other"), "other", "left").withColumn("group", group)
    sizes = plain.groupBy("group").agg(sf.count("*").alias("size"))
    totals = with_group.groupBy("number", "group").agg(sf.sum("points").alias("points"), sf.count("*").alias("edges"))
    totals = totals.withColumn("degree", sf.sum("edges").over(Window.partitionBy("number")))
    totals = totals.join(sizes, "group", "left")
    half = sf.greatest(sf.col("degree") / 2, sf.lit(float(clusters.FEWEST)))
    few = sf.least(sf.coalesce("size", sf.lit(1)).cast("double"), half)
    mean = sf.col("points") / sf.greatest(sf.col("edges").cast("double"), few)
    best = sf.min(sf.struct((-sf.col("mean")).alias("order"), "group")).alias("best")
    chosen = totals.withColumn("mean", mean).groupBy("number").agg(best)
    reached = chosen.where(-sf.col("best.order") >= sf.lit(cut * clusters.FIXED_POINT))
    return reached.select("number", sf.col("best.group").alias("group"))


def points() -> sf.Column:  # type: ignore[name-defined]
    """Similarity as `dedup.stages.clusters.link` sums it: a whole number, so that sums are the same in any order."""
    return sf.ceil(sf.col("similarity") * clusters.FIXED_POINT).cast("long")


def _linked(cut: float) -> Callable[[Batches], Batches]:
    def work(batches: Batches) -> Batches:
        for table in whole_groups(batches, "component"):
            ends = [integers(table[name]) for name in ("left", "right")]
            numbers, places = np.unique(np.concatenate(ends), return_inverse=True)
            left, right = np.split(places, 2)
            groups = clusters.link(left, right, table["similarity"].to_numpy(), len(numbers), cut)
            yield pa.RecordBatch.from_pydict({"number": pa.array(numbers), "group": pa.array(numbers[groups])})

    return work
