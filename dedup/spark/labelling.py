"""Labels on Spark: representatives of clusters that are too large for a task, and the result row of every article.

In: the cluster of every text, the edges, and the rows. Out: `id, label, size, similarity, cluster, campaign` for
each row. As in `dedup.stages.clusters.representatives`, a cluster is represented by the text with the highest mean
similarity to the others, copies counted; among equals by the text with the least id. It uses only sums and joins, so no
cluster is ever in one task's memory; sums are in the same order as there, since a sum of fractions in another order can
differ in the last bit.
"""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as sf


def placed(texts: DataFrame, groups: DataFrame, edges: DataFrame) -> DataFrame:
    """Every text of a cluster with its representative.

    Args:
        texts: `number, first, copies`.
        groups: `number, group`.
        edges: `left, right, similarity`.

    Returns:
        `number, head, label, size, similarity`, as `dedup.spark.component_links` gives them.
    """
    members = texts.join(groups, "number")
    close = _closeness(members, edges)
    total = sf.coalesce("to_later", sf.lit(0.0)) + sf.coalesce("to_earlier", sf.lit(0.0)) + (sf.col("copies") - 1)
    ranked = members.join(close, "number", "left").withColumn("order", -total)
    best = sf.min(sf.struct("order", "first", "number")).alias("best")
    heads = ranked.groupBy("group").agg(best, sf.sum("copies").alias("size"))
    named = heads.select("group", sf.col("best.number").alias("head"), sf.col("best.first").alias("label"), "size")
    return with_similarity(groups.join(named, "group").select("number", "head", "label", "size"), edges)


def _closeness(members: DataFrame, edges: DataFrame) -> DataFrame:
    """The similarity of each text to the later and to the earlier texts of its cluster, added up in their order."""
    ends = edges.select("left", "right", "similarity")
    for end in ("left", "right"):
        of_end = members.select(sf.col("number").alias(end), sf.col("group").alias(f"{end}_group"), sf.col("copies"))
        ends = ends.join(of_end.withColumnRenamed("copies", f"{end}_copies"), end)
    inside = ends.where(sf.col("left_group") == sf.col("right_group"))
    later, earlier = _added(inside, "left", "right", "to_later"), _added(inside, "right", "left", "to_earlier")
    return later.join(earlier, "number", "full")


def _added(inside: DataFrame, one: str, other: str, name: str) -> DataFrame:
    """The similarity of one end of each edge to all its other ends."""
    weight = sf.col("similarity") * sf.col(f"{other}_copies")
    so_far = sf.sum(weight).over(Window.partitionBy(one).orderBy(other))
    return inside.withColumn("so_far", so_far).groupBy(sf.col(one).alias("number")).agg(sf.max("so_far").alias(name))


def with_similarity(found: DataFrame, similarities: DataFrame) -> DataFrame:
    """Texts with their similarity to their representative, null if it is not known.

    Args:
        found: `number, head, label, size`.
        similarities: `left, right, similarity` of pairs.
    """
    pairs = found.withColumn("left", sf.least("number", "head")).withColumn("right", sf.greatest("number", "head"))
    joined = pairs.join(similarities.select("left", "right", "similarity"), ["left", "right"], "left")
    alike = sf.when(sf.col("number") == sf.col("head"), 1.0).otherwise(sf.col("similarity"))
    return joined.select("number", "head", "label", "size", alike.alias("similarity"))


def unknown(found: DataFrame) -> DataFrame:
    """Pairs of a text and its representative whose similarity is not known, the least number first."""
    pair = sf.least("number", "head").alias("left"), sf.greatest("number", "head").alias("right")
    return found.where(sf.col("similarity").isNull()).select(*pair)


def called(found: DataFrame, distinct: DataFrame) -> DataFrame:
    """The texts of clusters with the name of each one's cluster: the least id in it.

    Args:
        found: `number, head` and more of the texts of clusters.
        distinct: `number, first` and more of all texts.

    Returns:
        The same with `cluster`.
    """
    names = found.select("number", "head").join(distinct.select("number", "first"), "number")
    return found.join(names.groupBy("head").agg(sf.min("first").alias("cluster")), "head")


def labels(rows: DataFrame, found: DataFrame, linked: DataFrame | None) -> DataFrame:
    """The result: a row for every article.

    Args:
        rows: `id, number, first, copies`.
        found: `number, head, label, size, similarity, cluster` of the texts of clusters.
        linked: `head, campaign` of the clusters and lone texts in campaigns of several; None if there are none.
    """
    told = rows.join(found.select("number", "head", "label", "size", "similarity", "cluster"), "number", "left")
    cluster = sf.coalesce("cluster", "first")
    campaign = cluster
    if linked is not None:
        told = told.withColumn("head", sf.coalesce("head", "number")).join(linked, "head", "left")
        campaign = sf.coalesce("campaign", cluster)
    return told.select(
        "id",
        sf.coalesce("label", "first").alias("label"),
        sf.coalesce("size", "copies").alias("size"),
        sf.coalesce("similarity", sf.lit(1.0)).alias("similarity"),
        cluster.alias("cluster"),
        campaign.alias("campaign"),
    )
