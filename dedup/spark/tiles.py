"""Candidates by tiles: two blocks of texts and a group of the keys of runs per task.

In: `number, group, sketch, runs` of every text. Out: rows of two kinds, `left, right` for a pair, and `left, mates` for
a text that found enough in a bucket; see `dedup.stages.candidates.BucketWalk`. A text has hundreds of runs, and would
be sent with its sketch to as many buckets: 150 kB. To a tile it is sent once for all keys of a group: 4 kB for a single
block, or as many times as there are other blocks. With one block (a quarter of a million texts by default) this is
exactly what one process does; with more, an article is compared with up to `bucket_cap` similar ones in every tile:
with more than in one process, never with fewer.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from dedup.pipeline import linking_rules
from dedup.settings import Settings
from dedup.spark.columns import integers, matrix, values
from dedup.stages.candidates import Found, Walk, ends, sketch_width
from dedup.stages.runs import RunBuckets, Runs

TILE_BYTES = 1 << 28
LEAST_GROUPS, MOST_GROUPS = 4, 32
"""A text is sent with its sketch to every group of its block: the more groups, the more is sent."""
CANDIDATES = "left long, right long, mates long"


class TilePlan(NamedTuple):
    """How texts and keys are cut into tiles."""

    blocks: int
    groups: int
    """Groups of keys."""

    @property
    def tiles(self) -> int:
        """How many tiles there are."""
        return len(self.pairs) * self.groups

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """The two blocks of each tile; a single block is paired with itself."""
        return list(itertools.combinations(range(self.blocks), 2)) or [(0, 0)]


def plan(texts: int, characters: int, settings: Settings, tasks: int) -> TilePlan:
    """Cut texts and keys so that a tile fits into memory, and that all tasks have work.

    Args:
        texts: How many there are.
        characters: How many they have, all together; their keys take about a byte for each.
        settings: How articles are compared.
        tasks: How many tiles there should be at least.
    """
    most = TILE_BYTES // (sketch_width(settings.slots) + math.ceil(characters / max(1, texts) / LEAST_GROUPS))
    blocks = 1 if texts <= most else math.ceil(2 * texts / most)
    tiles = max(1, blocks * (blocks - 1) // 2)
    return TilePlan(blocks, min(max(LEAST_GROUPS, math.ceil(tasks / tiles)), MOST_GROUPS))


def bytes_a_text(cut: TilePlan, settings: Settings, characters: float) -> float:
    """Bytes that are shuffled per text of so many characters."""
    return max(1, cut.blocks - 1) * (cut.groups * sketch_width(settings.slots) + characters)


def candidates(signed: DataFrame, settings: Settings, cut: TilePlan) -> DataFrame:
    """Candidate pairs of all tiles, and how many mates texts have in each.

    Args:
        signed: Sketches and runs.
        settings: How articles are compared.
        cut: The tiles.
    """
    block = sf.pmod(sf.xxhash64("number"), sf.lit(cut.blocks)).cast("int")
    places = [[place for place, pair in enumerate(cut.pairs) if one in pair] for one in range(cut.blocks)]
    of_block = sf.array(*[sf.array(*[sf.lit(place) for place in mine]) for mine in places])
    rows = signed.withColumn("place", sf.explode(sf.get(of_block, block)))
    tile = sf.get(sf.array(*map(sf.lit, _spread(cut.tiles))), sf.col("place") * cut.groups + sf.col("group"))
    sent = rows.select(tile.alias("tile"), "number", "sketch", "runs").repartition(cut.tiles, "tile")
    return sent.groupBy("tile").applyInArrow(_walk(settings, cut.blocks), CANDIDATES)


def _spread(count: int) -> list[int]:
    """So many numbers that Spark's hash sends each to a partition of its own: two tiles in one would be one task."""
    names: dict[int, int] = {}
    for name in itertools.count():
        names.setdefault(_hashed(name) % count, name)
        if len(names) == count:
            return list(names.values())
    raise AssertionError


def _hashed(number: int) -> int:
    """Spark's `hash` of an integer: Murmur3 with the seed 42 (Appleby, 2011), signed."""
    mixed = number * 0xCC9E2D51 & 0xFFFFFFFF
    mixed = 42 ^ (mixed << 15 | mixed >> 17) * 0x1B873593 & 0xFFFFFFFF
    mixed = ((mixed << 13 | mixed >> 19) & 0xFFFFFFFF) * 5 + 0xE6546B64 & 0xFFFFFFFF
    mixed ^= 4
    mixed = (mixed ^ mixed >> 16) * 0x85EBCA6B & 0xFFFFFFFF
    mixed = (mixed ^ mixed >> 13) * 0xC2B2AE35 & 0xFFFFFFFF
    mixed ^= mixed >> 16
    return mixed - (mixed >> 31 << 32)


def _walk(settings: Settings, blocks: int) -> Callable[[pa.Table], pa.Table]:
    rules = linking_rules(settings)

    def work(table: pa.Table) -> pa.Table:
        numbers = integers(table["number"])
        order = np.argsort(numbers)
        sketches = matrix(table["sketch"], sketch_width(settings.slots))[order]
        walk, found = Walk(RunBuckets([_runs(table["runs"], order)], len(order)), sketches, rules), Found()
        walk.pairs(found.add)
        left, right = ends(found.settled())
        numbers = numbers[order]
        mates = walk.mates() * max(2, blocks) // 2  # of one text in two blocks
        return candidate_table(numbers[left], numbers[right], numbers, mates)

    return work


def _runs(column: pa.ChunkedArray, order: NDArray[np.int64]) -> Runs:
    """The runs of all texts, called by their place in the order of their numbers."""
    keys, counts = values(column, np.uint32)
    places = np.empty(len(order), np.int64)
    places[order] = np.arange(len(order))
    return Runs(places, keys.copy(), np.cumsum(np.append(0, counts)))  # kernels are compiled for arrays of their own


def candidate_table(
    left: NDArray[np.int64], right: NDArray[np.int64], numbers: NDArray[np.int64], mates: NDArray[np.int64]
) -> pa.Table:
    """Rows of both kinds; texts that did not find enough have no row."""
    some = mates > 0
    nothing, nobody = pa.nulls(len(left), pa.int64()), pa.nulls(int(some.sum()), pa.int64())
    columns = {
        "left": [pa.array(left), pa.array(numbers[some])],
        "right": [pa.array(right), nobody],
        "mates": [nothing, pa.array(mates[some])],
    }
    return pa.table({name: pa.concat_arrays(parts) for name, parts in columns.items()})
