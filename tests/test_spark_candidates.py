"""`dedup.spark.tiles` and `dedup.spark.buckets`: the candidates of `dedup.stages.bands`, in pieces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest
import sparks
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dedup.settings import Settings
from dedup.stages import bands
from dedup.stages.candidates import LOOKED_AT, candidates, sketches

sparks.check()

from dedup.spark import buckets, tiles  # noqa: E402 - only where Spark is
from dedup.spark.columns import binary, matrix, strings  # noqa: E402

GENERATED = settings(deadline=None, max_examples=60)
SETTINGS = Settings.near_copies(0.5, slots=16, bucket_cap=8)
SHAPE = bands.Bands(4, 4)
Pairs = set[tuple[int, int]]


def drawn(seed: int, count: int, kinds: int) -> NDArray[np.uint32]:
    """Signatures in families, with a slot changed here and there."""
    rng = np.random.default_rng(seed)
    signed = rng.integers(0, 1 << 32, (kinds, 16), np.uint32)[rng.integers(0, kinds, count)]
    changed = rng.random(signed.shape) < 0.1
    signed[changed] = rng.integers(0, 1 << 32, int(changed.sum()), np.uint32)
    return signed


def wanted(signed: NDArray[np.uint32]) -> tuple[Pairs, set[int]]:
    """Pairs and capped texts of one process."""
    found = candidates.candidates(signed, SHAPE, SETTINGS.threshold, bucket_cap=SETTINGS.bucket_cap)
    return set(zip(found.left.tolist(), found.right.tolist(), strict=True)), set(np.flatnonzero(found.capped).tolist())


def got(tables: list[pa.Table]) -> tuple[Pairs, set[int]]:
    """The same of what the tasks gave."""
    rows = [row for table in tables for row in table.to_pylist()]
    met: Counter[int] = Counter()
    for row in rows:
        if row["right"] is None:
            met[row["left"]] += row["met"] - 2 * row["missed"]
    pairs = {(row["left"], row["right"]) for row in rows if row["right"] is not None}
    return pairs, {number for number, more in met.items() if more < 0}


def hashed(signed: NDArray[np.uint32]) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """Keys and sketches."""
    halves = signed.astype(np.uint16)
    return bands.band_hashes(halves, SHAPE, bands.band_names(0, SHAPE.rows, SHAPE.bands)).T, sketches(halves)


def entries(signed: NDArray[np.uint32], size: int) -> Iterator[pa.RecordBatch]:
    """All texts in all buckets, sorted, in batches of a size."""
    keys, sketches = hashed(signed)
    numbers = np.repeat(np.arange(len(signed)), SHAPE.bands)
    order = np.lexsort((numbers, keys.ravel()))
    columns = {
        "key": binary(keys.ravel()[order, None].astype(">u8")),
        "number": pa.array(numbers[order]),
        "sketch": binary(np.repeat(sketches, SHAPE.bands, axis=0)[order]),
    }
    batch = pa.RecordBatch.from_pydict(columns)
    return (batch.slice(begin, size) for begin in range(0, len(batch), size))


@GENERATED
@given(st.integers(0, 1000), st.integers(1, 120), st.integers(1, 20), st.integers(1, 200))
def test_buckets_are_those_of_one_process(seed: int, count: int, kinds: int, size: int) -> None:
    """Wherever batches end, the pairs and the capped texts are the same."""
    signed = drawn(seed, count, kinds)
    found = [pa.Table.from_batches([batch]) for batch in buckets._walk(SETTINGS)(entries(signed, size))]
    assert got(found) == wanted(signed)


@GENERATED
@given(st.integers(0, 1000), st.integers(1, 120), st.integers(1, 20), st.integers(1, 3))
def test_tiles_are_those_of_one_process(seed: int, count: int, kinds: int, groups: int) -> None:
    """However the bands are cut, and in whatever order the texts come."""
    signed = drawn(seed, count, kinds)
    keys, sketches = hashed(signed)
    shuffled = np.random.default_rng(seed).permutation(count)
    found = []
    for group in np.array_split(np.arange(SHAPE.bands), groups):
        mine = (keys[:, group] >> np.uint64(32)).astype(">u4")[shuffled]
        columns = {"number": pa.array(shuffled), "sketch": binary(sketches[shuffled]), "keys": binary(mine)}
        found.append(tiles._walk(SETTINGS)(pa.table(columns)))
    assert got(found) == wanted(signed)


def test_a_bucket_larger_than_what_is_looked_at() -> None:
    """Of a bucket only the first texts are kept, and the counts are as if all were."""
    signed = np.tile(drawn(1, 1, 1), (3000, 1))
    signed[:, 12:] = np.random.default_rng(0).integers(0, 1 << 32, (3000, 4), np.uint32)
    assert LOOKED_AT * SETTINGS.bucket_cap < len(signed)
    found = [pa.Table.from_batches([batch]) for batch in buckets._walk(SETTINGS)(entries(signed, 700))]
    assert got(found) == wanted(signed)


@pytest.mark.parametrize("texts", [0, 1, 10**5, 10**6, 10**8])
@pytest.mark.parametrize("chosen", [Settings(), Settings.near_copies(), Settings(slots=16, threshold=0.9)])
def test_a_plan_has_every_pair_of_blocks_and_every_band(texts: int, chosen: Settings) -> None:
    """Any two texts are in a tile together in every band."""
    shape = bands.choose(chosen.threshold, chosen.slots, chosen.recall)
    cut = tiles.plan(texts, chosen, shape, 8)
    assert cut.groups * cut.bands >= shape.bands > (cut.groups - 1) * cut.bands
    blocks = range(cut.blocks)
    assert set(cut.pairs) >= {(i, j) for i in blocks for j in blocks if i < j}
    assert set(blocks) == {block for pair in cut.pairs for block in pair}


@pytest.mark.parametrize("count", [1, 2, 4, 55])
def test_every_tile_has_a_task_of_its_own(count: int) -> None:
    """Names are as many as tiles, and no two are sent to one partition."""
    assert sorted(tiles._hashed(name) % count for name in tiles._spread(count)) == list(range(count))


def test_texts_of_a_task_are_not_put_together() -> None:
    """In one piece Arrow's strings hold 2 GB at most, which texts of one home may exceed."""
    column = pa.chunked_array([["東京", None], ["서울"]], pa.string())
    found = strings(column)
    assert (found.num_chunks, found.type, found.to_pylist()) == (2, pa.large_string(), column.to_pylist())


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary()], ids=str)
def test_rows_of_bytes_may_be_a_part_of_any_column(kind: pa.DataType) -> None:
    """Also of the large binary columns that Spark may be set to send."""
    column = pa.array([b"ab", b"cd", b"ef"], kind).slice(1)
    assert matrix(column, 2).tobytes() == b"cdef"
