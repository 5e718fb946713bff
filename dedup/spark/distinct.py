"""Articles as rows with a number for each distinct text; the only pass over the input.

In: a data frame with an id and a text. Out: `DistinctTexts`: the rows with their numbers, and the distinct texts. A
number is the first half of a text's fingerprint, plus the rank among texts that share this half (three of ten billion
do): it is always the same, and in the order of `dedup.cluster`. Texts stay where they are: only ids and fingerprints
are shuffled to find the copies, 40 bytes per article. Copies are then left out whenever texts are read or, if they are
many, removed once by writing the texts again.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
from pyspark import TaskContext
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as sf
from pyspark.sql.types import LongType, StringType, StructField, StructType

from dedup.spark.columns import Batches, ranks, strings
from dedup.spark.folder import Folder
from dedup.stages.shingles import Texts, by_print

SIGN = np.uint64(1 << 63)
MANY_COPIES = 1 << 18
"""More copies than this are removed once, at the price of writing all other texts again."""


class DistinctTexts(NamedTuple):
    """Articles, and their distinct texts."""

    articles: DataFrame
    """`id, number, first, copies`: the text's number, the least id with this text, and how many articles have it. An
    article without a letter or digit has no number, and its own id as `first`."""
    distinct: DataFrame
    """`number, first, copies`, once for each distinct text."""
    texts: DataFrame
    """`number, text`, each distinct text once."""
    total: int
    """How many distinct texts there are."""
    characters: int
    """How many characters they have when folded, all together."""


def rows(folder: Folder, articles: DataFrame) -> DistinctTexts:
    """Fold, and number the distinct texts.

    Args:
        folder: Where articles are kept.
        articles: The columns `id` and `text`.
    """
    names = ("high", "low", "length", "row")
    fields = [articles.schema["id"], StructField("text", StringType())]
    schema = StructType(fields + [StructField(name, LongType(), nullable=False) for name in names])
    folded = folder.keep(articles.mapInArrow(_fold, schema), "articles")
    found = folder.keep(_numbered(folded), "rows")
    first = sf.col("place") == 1
    total = found.agg(
        sf.count_if(first), sf.sum(sf.when(first, sf.col("length"))), sf.count_if(~first), sf.max("rank")
    ).first()
    assert total is not None
    texts = folded.where((sf.col("length") > 0) & sf.col("text").isNotNull())
    texts = _distinct(folder, texts, found, copies=total[2], collide=(total[3] or 1) > 1)
    nobody = folded.where(sf.col("length") == 0).select(
        "id",
        sf.lit(None).cast("long").alias("number"),
        sf.col("id").alias("first"),
        sf.lit(1).cast("long").alias("copies"),
    )
    everyone = found.select("id", "number", "first", "copies").unionByName(nobody)
    return DistinctTexts(
        everyone, found.where(first).select("number", "first", "copies"), texts, total[0], total[1] or 0
    )


def _numbered(folded: DataFrame) -> DataFrame:
    """The rows that have a text, without it."""
    there = folded.where(sf.col("length") > 0).select(
        "id", "high", "low", "length", "row", sf.isnull("text").alias("bare")
    )
    same = Window.partitionBy("high", "low")
    ranked = there.repartition("high").withColumns(
        {
            "rank": sf.dense_rank().over(Window.partitionBy("high").orderBy("low")),
            "place": sf.row_number().over(same.orderBy("bare", "id", "row")),
            "first": sf.min("id").over(same),
            "copies": sf.count("*").over(same),
        }
    )
    return ranked.withColumn("number", sf.col("high") + sf.col("rank") - 1).drop("high", "low", "bare")


def _distinct(folder: Folder, texts: DataFrame, found: DataFrame, *, copies: int, collide: bool) -> DataFrame:
    """The texts, each once, with their numbers."""
    if copies:
        texts = texts.join(found.where(sf.col("place") > 1).select("row"), "row", "left_anti")
    number = sf.col("high")
    if collide:
        moved = found.where((sf.col("rank") > 1) & (sf.col("place") == 1)).select("row", "number")
        texts, number = texts.join(moved, "row", "left"), sf.coalesce("number", "high")
    texts = texts.select(number.alias("number"), "text")
    return folder.keep(texts, "texts") if copies > MANY_COPIES else texts


def _fold(batches: Batches) -> Batches:
    """Give rows their fingerprints and a number of their own; of copies in one batch, only one keeps its text.

    It is the copy with the least id, for copies may be written differently, and words and names depend on that.
    """
    task = TaskContext.get()
    begin = (task.partitionId() if task else 0) << 40
    for batch in batches:
        texts, column = Texts(strings(batch["text"])), batch["text"]
        order, first = by_print(texts.prints, ranks(batch["id"]))
        fresh = np.empty(len(order), np.bool_)
        fresh[order] = first
        column = pa.compute.if_else(pa.array(fresh), column, pa.scalar(None, column.type))
        high, low = (texts.prints ^ SIGN).view(np.int64).T
        row = np.arange(begin, begin + len(batch))
        begin += len(batch)
        values = [batch["id"], column, *map(pa.array, (high, low, texts.lengths, row))]
        yield pa.RecordBatch.from_arrays(values, ["id", "text", "high", "low", "length", "row"])
