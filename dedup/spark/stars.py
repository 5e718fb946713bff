"""Connected components on Spark: every text gets the least number of its component.

In: edges. Out: stars: `number, parent`, an edge from every text except the least to the
least of its component. The alternating algorithm of Kiveris and others (Connected Components in MapReduce and Beyond,
2014): a large star links the larger neighbours of a text to its least one, a small star the smaller ones. Both in turn
give stars after a number of rounds that grows with the logarithm of the longest path. Each is one shuffle of the
edges, which arrive sorted and are walked as they arrive, so that a hub of a billion neighbours takes no memory.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as sf

from dedup import kernels
from dedup.spark.columns import Batches, integers
from dedup.spark.folder import Folder

STARS = "number long, parent long"
AT_ONCE = 1 << 20
"""At first, a task finds the components of so many of its edges at once."""
logger = logging.getLogger(__name__)


def stars(folder: Folder, edges: DataFrame, name: str) -> DataFrame:
    """The components of these edges.

    Args:
        folder: Where every round is kept.
        edges: The columns `left` and `right`.
        name: The name under which rounds are kept.

    Returns:
        `number, parent` of every text that is not the least of its component.
    """
    known = edges.select("left", "right").mapInArrow(_contracted, STARS).distinct()
    found = folder.keep(known, f"{name}-0")
    rounds = 0
    while left := _unfinished(found):
        rounds += 1
        logger.info("components: round %d, %d texts are not in a star", rounds, left)
        found = folder.keep(small_star(large_star(found)), f"{name}-{rounds}")
        folder.drop(f"{name}-{rounds - 1}")
    return found


def _contracted(batches: Batches) -> Batches:
    """Find components within each partition first: that gives fewer edges and shorter paths."""
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        waiting.append(batch)
        if sum(map(len, waiting)) >= AT_ONCE:
            yield _parents(waiting)
            waiting = []
    if waiting:
        yield _parents(waiting)


def _parents(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    """Every text of some edges that is not the least of its component, with the least one."""
    edges = pa.Table.from_batches(batches)
    numbers, ends = np.unique(np.concatenate([integers(edges["left"]), integers(edges["right"])]), return_inverse=True)
    parents = kernels.components(*np.split(ends, 2), len(numbers))
    child = parents != np.arange(len(numbers))
    return pa.RecordBatch.from_pydict({"number": pa.array(numbers[child]), "parent": pa.array(numbers[parents[child]])})


def _unfinished(found: DataFrame) -> int:
    """How many texts have two parents, or are parent and child."""
    up = found.select("number", sf.lit(1).alias("parents"), sf.lit(0).alias("children"))
    down = found.select(sf.col("parent").alias("number"), sf.lit(0).alias("parents"), sf.lit(1).alias("children"))
    seen = up.unionByName(down).groupBy("number").agg(sf.sum("parents").alias("up"), sf.max("children").alias("down"))
    return seen.where((sf.col("up") > 1) | ((sf.col("up") > 0) & (sf.col("down") > 0))).count()


def large_star(found: DataFrame) -> DataFrame:
    """Link the larger neighbours of every text to its least neighbour, or to itself."""
    back = found.select(sf.col("parent").alias("number"), sf.col("number").alias("parent"))
    return _starred(found.unionByName(back), large=True)


def small_star(found: DataFrame) -> DataFrame:
    """Link every text and its smaller neighbours to the least of these."""
    return _starred(found, large=False)


def _starred(found: DataFrame, *, large: bool) -> DataFrame:
    order: list[str | Column] = ["number", "parent"]
    walked = found.repartition("number").sortWithinPartitions(*order)
    return walked.mapInArrow(_star(large=large), STARS).distinct()


def _star(*, large: bool) -> Callable[[Batches], Batches]:
    def work(batches: Batches) -> Batches:
        last: tuple[int, int] | None = None
        for batch in batches:
            if not len(batch):
                continue
            number, other = integers(batch["number"]), integers(batch["parent"])
            starts = np.flatnonzero(np.diff(number, prepend=number[:1] - 1))
            least = np.minimum(number, other)[starts]
            if last is not None and last[0] == number[0]:
                least[0] = last[1]
            last = int(number[-1]), int(least[-1])
            hub = np.repeat(least, np.diff(np.append(starts, len(number))))
            moved, to = _moved(number, other, hub, large=large)
            yield pa.RecordBatch.from_pydict({"number": pa.array(moved), "parent": pa.array(to)})

    return work


def _moved(
    number: NDArray[np.int64], other: NDArray[np.int64], hub: NDArray[np.int64], *, large: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The edges that replace these; `hub` is the least of each text and its neighbours."""
    if large:
        kept = other > number
        return other[kept], hub[kept]
    kept = other != hub
    first = np.diff(number, prepend=number[:1] - 1) != 0
    return np.concatenate([other[kept], number[first]]), np.concatenate([hub[kept], hub[first]])
