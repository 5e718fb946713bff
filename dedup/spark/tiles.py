"""Candidates by tiles: two blocks of texts and some of the bands per task; for bands with many chance meetings.

In: `number, sketch, keys` of every text, with keys of four bytes. Out: rows of two kinds, `left, right` for a pair, and
`left, met, missed` for a text in a tile. If bands are short (two slots by default), a text meets others by chance in
most of its bands, so that it would be sent with its sketch to as many buckets: 135 kB. To a tile it is sent once for
all bands of the tile: 3 kB for a single block, or as many times as there are other blocks. With one block (a third of
a million texts by default) this is exactly what `dedup.stages.bands` does; with more, an article is compared with up to
`bucket_cap` others in every tile: with more than in one process, never with fewer.
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

from dedup.settings import Settings
from dedup.spark.columns import integers, matrix
from dedup.stages import bands
from dedup.stages.candidates import BucketWalk, Found, ends, rules, sketch_width

TILE_BYTES = 1 << 28
KEY_BYTES = 4
CANDIDATES = "left long, right long, met long, missed long"


class TilePlan(NamedTuple):
    """How texts and bands are cut into tiles."""

    blocks: int
    groups: int
    """Groups of bands."""
    bands: int
    """Bands in a group."""

    @property
    def tiles(self) -> int:
        """How many tiles there are."""
        return len(self.pairs) * self.groups

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """The two blocks of each tile; a single block is paired with itself."""
        return list(itertools.combinations(range(self.blocks), 2)) or [(0, 0)]


def plan(texts: int, settings: Settings, shape: bands.Bands, tasks: int) -> TilePlan:
    """Cut texts and bands so that a tile fits into memory, and that all tasks have work.

    Args:
        texts: How many there are.
        settings: How articles are compared.
        shape: The bands.
        tasks: How many tiles there should be at least.
    """
    most = TILE_BYTES // (sketch_width(settings.slots) + KEY_BYTES * math.ceil(shape.bands / 4))
    blocks = 1 if texts <= most else math.ceil(2 * texts / most)
    tiles = max(1, blocks * (blocks - 1) // 2)
    groups = min(max(4, math.ceil(tasks / tiles)), max(1, shape.bands // 8))
    return TilePlan(blocks, math.ceil(shape.bands / math.ceil(shape.bands / groups)), math.ceil(shape.bands / groups))


def bytes_a_text(cut: TilePlan, settings: Settings, shape: bands.Bands) -> int:
    """Bytes that are shuffled per text."""
    tiles = max(1, cut.blocks - 1)
    return tiles * (cut.groups * sketch_width(settings.slots) + KEY_BYTES * shape.bands)


def candidates(signed: DataFrame, settings: Settings, cut: TilePlan) -> DataFrame:
    """Candidate pairs of all tiles, and how many each text met and missed in each.

    Args:
        signed: Sketches and keys.
        settings: How articles are compared.
        cut: The tiles.
    """
    block = sf.pmod(sf.xxhash64("number"), sf.lit(cut.blocks)).cast("int")
    places = [[place for place, pair in enumerate(cut.pairs) if one in pair] for one in range(cut.blocks)]
    of_block = sf.array(*[sf.array(*[sf.lit(place) for place in mine]) for mine in places])
    rows = signed.withColumn("place", sf.explode(sf.get(of_block, block)))
    rows = rows.withColumn("group", sf.explode(sf.array(*[sf.lit(group) for group in range(cut.groups)])))
    width = KEY_BYTES * cut.bands
    keys = sf.col("keys").substr(sf.col("group") * width + 1, sf.lit(width))
    tile = sf.get(sf.array(*map(sf.lit, _spread(cut.tiles))), sf.col("place") * cut.groups + sf.col("group"))
    sent = rows.select(tile.alias("tile"), "number", "sketch", keys.alias("keys")).repartition(cut.tiles, "tile")
    return sent.groupBy("tile").applyInArrow(_walk(settings), CANDIDATES)


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


def _walk(settings: Settings) -> Callable[[pa.Table], pa.Table]:
    compared = rules(settings.threshold, settings.slots, settings.bucket_cap)

    def work(table: pa.Table) -> pa.Table:
        numbers = integers(table["number"])
        order = np.argsort(numbers)
        keys = _keys(table["keys"])[order]
        sketches = matrix(table["sketch"], sketch_width(settings.slots))[order]
        walk = BucketWalk(sketches, compared)
        left, right = ends(_pairs(keys, walk))
        numbers = numbers[order]
        return candidate_table(numbers[left], numbers[right], numbers, walk.met, walk.missed)

    return work


def _keys(column: pa.ChunkedArray) -> NDArray[np.uint32]:
    """The keys of all texts; the last group may have fewer bands than the others."""
    width = len(column[0].as_py())
    keys: NDArray[np.uint32] = matrix(column, width).view(">u4").astype(np.uint32)
    return keys


def _pairs(keys: NDArray[np.uint32], walk: BucketWalk) -> NDArray[np.uint64]:
    """Pairs of rows, in all bands of a tile."""
    found, rows = Found(), np.arange(len(keys), dtype=np.uint64)
    for band in keys.T:
        entries = np.sort(band.astype(np.uint64) << np.uint64(32) | rows)
        for pairs in walk.pairs(entries, 32):
            found.add(pairs)
        walk.count(entries, 32)
    return found.settled()


def candidate_table(
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    numbers: NDArray[np.int64],
    met: NDArray[np.int64],
    missed: NDArray[np.int64],
) -> pa.Table:
    """Rows of both kinds; texts that met no others have no row."""
    some = met > 0
    nothing, nobody = pa.nulls(len(left), pa.int64()), pa.nulls(int(some.sum()), pa.int64())
    columns = [
        [pa.array(left), pa.array(numbers[some])],
        [pa.array(right), nobody],
        [nothing, pa.array(met[some])],
        [nothing, pa.array(missed[some])],
    ]
    names = ["left", "right", "met", "missed"]
    return pa.table({name: pa.concat_arrays(parts) for name, parts in zip(names, columns, strict=True)})
