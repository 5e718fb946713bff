"""Document frequencies on Spark: a sketch per task, the sum of all sketches, and the weights from it.

In: the distinct texts. Out: `SketchWeights`, of fixed size however many articles there are: at most 64 MB. They are
broadcast, because a broadcast goes from executor to executor and not only from the driver, and each worker process
holds it once. A task counts its texts in a sketch of its own; sketches are compressed (a cell takes 1 to 10 bits), and
summed and coded one part of the hash space at a time. The driver gets the codes, which are rounded counts.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame

from dedup.settings import Settings
from dedup.spark.broadcasts import Shared, corpus_of
from dedup.spark.columns import Batches, sent
from dedup.stages.frequencies import PARTS, Sketch, count
from dedup.stages.shingles import Texts
from dedup.stages.weights import Formula, SketchWeights, code_weights, codes_of

KINDS = (np.uint8, np.uint16, np.uint32)


def weigh(texts: DataFrame, settings: Settings, shared: Shared, articles: int, characters: int) -> SketchWeights:
    """Weigh shingles by how many distinct texts hold them.

    Args:
        texts: A column `text`, each distinct text once.
        settings: How articles are compared.
        shared: What is left out of the texts.
        articles: How many texts there are.
        characters: How many characters they have when folded, all together.
    """
    bits = Sketch.bits_for(characters)
    tasks = texts.coalesce(texts.sparkSession.sparkContext.defaultParallelism)  # fewer tasks make fewer sketches
    sketches = tasks.mapInArrow(_count(settings, shared, bits), "part int, kind int, cells binary")
    coded = sketches.groupBy("part").applyInArrow(_coded((1 << bits) // PARTS), "part int, codes binary")
    codes = np.zeros((PARTS, (1 << bits) // PARTS), np.uint8)
    for row in coded.collect():
        codes[row.part] = np.frombuffer(row.codes, np.uint8)
    return SketchWeights(codes, code_weights(Formula(articles, settings.prior_articles, settings.max_df)))


def _count(settings: Settings, shared: Shared, bits: int) -> Callable[[Batches], Batches]:
    def work(batches: Batches) -> Batches:
        sketch, some = Sketch(bits), False
        for batch in batches:
            corpus, some = corpus_of(batch["text"], settings, shared), True
            texts = corpus.texts
            count(texts.batches(corpus.first), partial(_keys, texts), sketch)
        if some:
            packed = [_packed(cells) for cells in sketch.cells]
            numbers = pa.array(np.arange(PARTS, dtype=np.int32))
            kinds = pa.array([kind for kind, _ in packed], pa.int32())
            yield from sent({"part": numbers, "kind": kinds, "cells": pa.array([c for _, c in packed], pa.binary())})

    return work


def _keys(texts: Texts, rows: NDArray[np.int64]) -> NDArray[np.uint64]:
    return texts.shingle(rows).keys


def _packed(cells: NDArray[np.uint32]) -> tuple[int, bytes]:
    """Cells in the smallest integer type that holds the highest, compressed."""
    kind = int(np.searchsorted([1 << 8, 1 << 16], cells.max(), side="right"))
    return kind, pa.compress(cells.astype(KINDS[kind]).tobytes(), "zstd", asbytes=True)


def _coded(size: int) -> Callable[[pa.Table], pa.Table]:
    def work(table: pa.Table) -> pa.Table:
        total = np.zeros(size, np.uint32)  # a count is at most the number of texts
        for kind, cells in zip(table["kind"].to_pylist(), table["cells"], strict=True):
            plain = pa.decompress(cells.as_buffer(), size * KINDS[kind]().nbytes, "zstd")
            total += np.frombuffer(plain, KINDS[kind])
        codes = pa.array([codes_of(total).tobytes()], table["cells"].type)  # binary, or large_binary if Spark is so set
        return pa.table({"part": table["part"][:1], "codes": codes})

    return work
