"""Candidates verified on Spark: every text is sent once to each task that has pairs of it.

In: candidate pairs, and the texts by number. Out: `left, right, similarity` for every pair at or above the threshold,
those of a group side by side. The home of a pair is the first partner of its later text, and decides the task, so that
a group of texts that are all similar is in one task and its texts are sent once. If a text has very many partners, the
pairs of its home are split, and the few earlier texts are sent to each part.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as sf
from pyspark.sql.window import Window

from dedup.settings import Settings
from dedup.spark.broadcasts import Shared, corpus_of
from dedup.spark.columns import integers
from dedup.spark.folder import Folder

TILE_BYTES = 1 << 26
"""Bytes of texts in a task."""
HOME_PAIRS = 1 << 16
"""If a home has more pairs, they are split."""


def homes(candidates: DataFrame) -> DataFrame:
    """Each pair once, with its home: `left, right, home`.

    Args:
        candidates: The columns `left` and `right`, the later one.
    """
    once = candidates.select("left", "right").repartition("right").dropDuplicates(["left", "right"])
    return once.withColumn("home", sf.min("left").over(Window.partitionBy("right")))


def verify(
    folder: Folder,
    found: DataFrame,
    texts: DataFrame,
    settings: Settings,
    shared: Shared,
    *,
    least: float,
    evidence: float,
    size: float,
) -> DataFrame:
    """The exact similarity of pairs.

    Args:
        folder: Knows how many tasks there should be.
        found: What `homes` gives, kept.
        texts: The columns `number` and `text`.
        settings: How articles are compared.
        shared: The weights of their shingles, and what is left out of them.
        least: Pairs below this are left out.
        evidence: So are pairs that share less weight than `evidence * (1 - similarity)`, if `least` is not 0.
        size: About how many bytes a text has.
    """
    tasks = folder.session.sparkContext.defaultParallelism
    most, ends = _sizes(found)
    tiles = max(tasks, math.ceil(ends * size / TILE_BYTES))
    placed = _placed(found, tiles, split=most > HOME_PAIRS)
    wanted = placed.select("tile", sf.explode(sf.array("left", "right")).alias("number")).distinct()
    sent = wanted.join(texts.select("number", "text"), "number")
    nothing = sf.lit(None).cast("long").alias("right"), sf.lit(None).cast("string").alias("text")
    both = placed.select("tile", sf.col("left").alias("number"), "right", nothing[1]).unionByName(
        sent.select("tile", "number", nothing[0], "text")
    )
    schema = "left long, right long, similarity double"
    return both.groupBy("tile").applyInArrow(_verify(settings, shared, least, evidence), schema)


def _sizes(found: DataFrame) -> tuple[int, int]:
    """Pairs of the largest home, or of all homes if these are few, and at most how many texts are needed."""
    pairs = found.count()
    if pairs <= HOME_PAIRS:
        return pairs, 2 * pairs
    row = found.groupBy("home").count().agg(sf.max("count"), sf.count("*")).first()
    assert row is not None
    return int(row[0]), pairs + int(row[1])


def _placed(found: DataFrame, tiles: int, *, split: bool) -> DataFrame:
    """Pairs with their tile."""
    part = sf.lit(0)
    if split:
        sizes = found.groupBy("home").agg(sf.ceil(sf.count("*") / HOME_PAIRS).alias("parts"))
        found = found.join(sizes, "home")
        part = sf.pmod(sf.xxhash64("right"), sf.col("parts"))
    tile = sf.pmod(sf.xxhash64("home", part), sf.lit(tiles)).cast("int")
    return found.select(tile.alias("tile"), "left", "right")


def _verify(settings: Settings, shared: Shared, least: float, evidence: float) -> Callable[[pa.Table], pa.Table]:
    def work(table: pa.Table) -> pa.Table:
        is_text = table["right"].is_null()
        texts, wanted = table.filter(is_text), table.filter(pa.compute.invert(is_text))
        numbers = integers(texts["number"])
        order = np.argsort(numbers)
        left, right = (np.searchsorted(numbers, integers(wanted[end]), sorter=order) for end in ("number", "right"))
        left, right = order[left], order[right]
        corpus = corpus_of(texts["text"], settings, shared)
        similarity = corpus.similarities(left, right, evidence=evidence)
        kept = similarity >= least
        columns = numbers[left[kept]], numbers[right[kept]], similarity[kept]
        return pa.table(dict(zip(("left", "right", "similarity"), map(pa.array, columns), strict=True)))

    return work
