"""Clusters on Spark: whole components, many per task, linked and named as in one process.

In: verified edges, the texts that were compared with only some of their bucket mates, and the rows. Out: `number, head,
label, size, similarity` for every text that has an edge: its representative, the representative's id, how many articles
the cluster has, and the similarity of the two texts, null if they have no edge. A component comes to its task with all
its edges and texts, sorted, so that everything is as in `dedup.stages.clusters`, to the last bit. A component with too
many edges for a task is linked by `dedup.spark.large_links`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as sf
from pyspark.sql.types import DoubleType, LongType, StructField, StructType

from dedup.settings import Settings
from dedup.spark.columns import Batches, integers, ranks, whole_groups
from dedup.spark.folder import Folder
from dedup.spark.labelling import placed
from dedup.spark.large_links import inside_components, linked
from dedup.spark.stars import stars
from dedup.stages import clusters


def packed(
    folder: Folder, edges: DataFrame, capped: DataFrame | None, rows: DataFrame, settings: Settings, most: int
) -> DataFrame:
    """The cluster of every text that has an edge.

    Args:
        folder: Where components are kept.
        edges: `left, right, similarity`, kept.
        capped: `number` of the texts that were compared with only some of their bucket mates; None if there are none.
        rows: `number, first, copies` of each text.
        settings: Where to cut.
        most: Most edges of a component that goes to one task.
    """
    found = stars(folder, edges, "components")
    inside = inside_components(edges, found)
    large = _large(folder, inside, most)
    members = _members(found, rows, capped)
    if large is None:
        return _packed(inside, members, settings)
    small = _packed(_without(inside, large), _without(members, large), settings)
    theirs = inside.join(large, "component", "left_semi").select("left", "right", "similarity")
    theirs = folder.keep(theirs, "large-edges")
    texts = members.join(large, "component", "left_semi")
    groups = folder.keep(linked(folder, theirs, capped, texts, settings, most), "groups")
    return small.unionByName(placed(texts.select("number", "first", "copies"), groups, theirs))


def _members(found: DataFrame, rows: DataFrame, capped: DataFrame | None) -> DataFrame:
    """Texts with their component."""
    heads = found.select(sf.col("parent").alias("number"), "parent").distinct()
    texts = rows.select("number", "first", "copies")
    members = found.unionByName(heads).withColumnRenamed("parent", "component").join(texts, "number")
    if capped is None:
        return members.withColumn("capped", sf.lit(False))  # noqa: FBT003 - a column
    marked = members.join(capped.withColumn("capped", sf.lit(True)), "number", "left")  # noqa: FBT003
    return marked.withColumn("capped", sf.coalesce("capped", sf.lit(False)))  # noqa: FBT003


def _large(folder: Folder, inside: DataFrame, most: int) -> DataFrame | None:
    """The components of more edges than a task should have."""
    if inside.count() <= most:
        return None
    sizes = inside.groupBy("component").agg(sf.count("*").alias("edges")).where(sf.col("edges") > most)
    large = folder.keep(sizes.select("component"), "large")
    return None if large.isEmpty() else large


def _without(frame: DataFrame, large: DataFrame) -> DataFrame:
    return frame.join(large, "component", "left_anti")


def _packed(inside: DataFrame, members: DataFrame, settings: Settings) -> DataFrame:
    texts = members.withColumnRenamed("number", "left")
    both = texts.unionByName(inside, allowMissingColumns=True)
    walked = both.repartition("component").sortWithinPartitions("component", "right", "left")
    columns = [StructField(name, LongType()) for name in ("number", "head")]
    label = StructField("label", members.schema["first"].dataType)
    more = [label, StructField("size", LongType()), StructField("similarity", DoubleType())]
    order = ["component", "left", "right", "similarity", "first", "copies", "capped"]
    return walked.select(*order).mapInArrow(_link(settings), StructType(columns + more))


def _link(settings: Settings) -> Callable[[Batches], Batches]:
    def work(batches: Batches) -> Batches:
        for table in whole_groups(batches, "component"):
            yield from _clusters(table, settings).to_batches()

    return work


def _clusters(table: pa.Table, settings: Settings) -> pa.Table:
    """Link components, and give every text its cluster."""
    is_text = table["right"].is_null()
    texts, edges = table.filter(is_text).sort_by("left"), table.filter(pa.compute.invert(is_text))
    numbers, copies = integers(texts["left"]), integers(texts["copies"])
    left, right = (np.searchsorted(numbers, integers(edges[end])) for end in ("left", "right"))
    pairs = clusters.Pairs(left, right, edges["similarity"].to_numpy())
    cut = settings.threshold * settings.linkage
    groups = clusters.link(*pairs, len(numbers), cut, texts["capped"].to_numpy())
    heads = clusters.chosen(groups, pairs, ranks(texts["first"]), copies)
    alike = np.where(heads == np.arange(len(heads)), 1.0, np.nan)
    for one, other in ((left, right), (right, left)):
        of_head = heads[other] == one
        alike[other[of_head]] = pairs.similarity[of_head]
    size = np.zeros(len(groups), np.int64)
    np.add.at(size, groups, copies)
    return pa.table(
        {
            "number": texts["left"],
            "head": pa.array(numbers[heads]),
            "label": texts["first"].take(pa.array(heads)),
            "size": pa.array(size[groups]),
            "similarity": pa.array(alike, from_pandas=True),
        }
    )
