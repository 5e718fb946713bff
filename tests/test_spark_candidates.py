"""`dedup.spark.tiles` and `dedup.spark.buckets`: the candidates of one process, in pieces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import sparks
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dedup.pipeline import meeting_rules
from dedup.settings import Settings
from dedup.stages import bands
from dedup.stages.candidates import LOOKED_AT, Buckets, candidates, sketches
from dedup.stages.runs import BITS, RunBuckets, Runs, winnowing
from dedup.stages.shingles import Texts
from dedup.stages.signer import Signer
from dedup.stages.weights import prior_weights

sparks.check()

from dedup.spark import buckets, tiles  # noqa: E402 - only where Spark is
from dedup.spark.columns import binary, matrix, ragged, strings  # noqa: E402
from dedup.spark.signing import long_keys  # noqa: E402

GENERATED = settings(deadline=None, max_examples=60)
SETTINGS = Settings.near_copies(0.5, slots=16, bucket_cap=8)
REWRITES = Settings(threshold=0.5, slots=16, bucket_cap=8)
SHAPE = bands.Bands(4, 4)
Pairs = set[tuple[int, int]]


def drawn(seed: int, count: int, kinds: int) -> NDArray[np.uint32]:
    """Signatures in families, with a slot changed here and there."""
    rng = np.random.default_rng(seed)
    signed = rng.integers(0, 1 << 32, (kinds, 16), np.uint32)[rng.integers(0, kinds, count)]
    changed = rng.random(signed.shape) < 0.1
    signed[changed] = rng.integers(0, 1 << 32, int(changed.sum()), np.uint32)
    return signed


def run_keys(seed: int, count: int, kinds: int) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Runs of texts, each with some of a few keys, and how many each has."""
    rng = np.random.default_rng(seed)
    keys = rng.integers(0, 1 << BITS, 4 * kinds, np.uint32)
    held = [np.unique(rng.choice(keys, rng.integers(0, 6))) for _ in range(count)]
    return np.concatenate([np.empty(0, np.uint32), *held]), np.array([len(mine) for mine in held])


def wanted(buckets: Buckets, signed: NDArray[np.uint32], chosen: Settings) -> tuple[Pairs, set[int]]:
    """Pairs and capped texts of one process."""
    found = candidates(buckets, sketches(signed.astype(np.uint16)), meeting_rules(chosen))
    return set(zip(found.left.tolist(), found.right.tolist(), strict=True)), set(np.flatnonzero(found.capped).tolist())


def by_bands(signed: NDArray[np.uint32]) -> tuple[Pairs, set[int]]:
    """The same for near copies."""
    return wanted(bands.BandBuckets(bands.Matrix(signed), SHAPE), signed, SETTINGS)


def got(tables: list[pa.Table]) -> tuple[Pairs, set[int]]:
    """The same of what the tasks gave."""
    rows = [row for table in tables for row in table.to_pylist()]
    mates: dict[int, int] = {}
    for row in rows:
        if row["right"] is None:
            mates[row["left"]] = max(mates.get(row["left"], 0), row["mates"])
    pairs = {(row["left"], row["right"]) for row in rows if row["right"] is not None}
    found = Counter(number for pair in pairs for number in pair)
    return pairs, {number for number, most in mates.items() if 2 * found[number] < most}


def hashed(signed: NDArray[np.uint32]) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """Keys and sketches."""
    halves = signed.astype(np.uint16)
    return bands.band_hashes(halves, SHAPE, bands.band_names(0, SHAPE.rows, SHAPE.bands)).T, sketches(halves)


def entries(
    keys: NDArray[np.unsignedinteger[Any]], numbers: NDArray[np.int64], sketches: NDArray[np.uint8], size: int
) -> Iterator[pa.RecordBatch]:
    """Texts in buckets, sorted, in batches of a size."""
    order = np.lexsort((numbers, keys))
    columns = {
        "key": pa.array(keys[order].astype(np.int64)),
        "number": pa.array(numbers[order]),
        "sketch": binary(sketches[numbers[order]]),
    }
    batch = pa.RecordBatch.from_pydict(columns)
    return (batch.slice(begin, size) for begin in range(0, len(batch), size))


def walked(signed: NDArray[np.uint32], size: int) -> list[pa.Table]:
    """What the buckets of all bands give."""
    keys, sketches = hashed(signed)
    batches = entries(keys.ravel(), np.repeat(np.arange(len(signed)), SHAPE.bands), sketches, size)
    return [pa.Table.from_batches([batch]) for batch in buckets._walk(SETTINGS)(batches)]


@GENERATED
@given(st.integers(0, 1000), st.integers(1, 120), st.integers(1, 20), st.integers(1, 200))
def test_buckets_are_those_of_one_process(seed: int, count: int, kinds: int, size: int) -> None:
    """Wherever batches end, the pairs and the capped texts are the same."""
    signed = drawn(seed, count, kinds)
    assert got(walked(signed, size)) == by_bands(signed)


@GENERATED
@given(st.integers(0, 1000), st.integers(1, 120), st.integers(1, 20), st.integers(1, 200), st.booleans())
def test_buckets_of_runs_are_those_of_one_process(seed: int, count: int, kinds: int, size: int, lone: bool) -> None:
    """The same where texts have as many keys as they have runs, or none, with or without those that stand alone."""
    signed, (keys, counts) = drawn(seed, count, kinds), run_keys(seed, count, kinds)
    whole = RunBuckets([Runs(np.arange(count), keys, np.cumsum(np.append(0, counts)))], count)
    values, held = np.unique(keys, return_counts=True)
    sent = np.isin(keys, values[held > (0 if lone else 1)])
    batches = entries(keys[sent], np.repeat(np.arange(count), counts)[sent], hashed(signed)[1], size)
    found = [pa.Table.from_batches([batch]) for batch in buckets._walk(REWRITES)(batches)]
    assert got(found) == wanted(whole, signed, REWRITES)


@GENERATED
@given(st.lists(st.integers(0, 30)), st.integers(1, 40))
def test_a_key_that_one_text_alone_has_is_dropped(keys: list[int], size: int) -> None:
    """And no other, wherever batches end."""
    held = sorted(keys)
    batch = pa.RecordBatch.from_pydict({"key": pa.array(held, pa.int64()), "number": pa.array(range(len(held)))})
    found = buckets._drop_lone(batch.slice(begin, size) for begin in range(0, len(held), size))
    rows = [row for some in found for row in some.to_pylist()]
    assert rows == [{"key": key, "number": number} for number, key in enumerate(held) if held.count(key) > 1]


def test_long_keys_begin_with_other_bits_of_the_same_runs() -> None:
    """Their lower halves are the keys of one process, text by text."""
    column = ["手機卡續費輕鬆搞定全程線上辦理" * 30, "a", "今日も晴れで明日も晴れるでしょう"]
    texts = Texts.of(pa.chunked_array([column], pa.large_string()), Settings())
    _, short = Signer(Settings(), prior_weights(1000.0)).sketch(texts, np.arange(3))
    keys = long_keys(texts, short, winnowing(Settings().width))
    assert (keys.astype(np.uint32) == short[0].keys).all()
    assert len(set(keys >> np.uint64(BITS))) == len(set(keys))


@GENERATED
@given(st.integers(0, 1000), st.integers(1, 120), st.integers(1, 20), st.integers(1, 3))
def test_tiles_are_those_of_one_process(seed: int, count: int, kinds: int, groups: int) -> None:
    """However the keys are cut, and in whatever order the texts come."""
    signed, (keys, counts) = drawn(seed, count, kinds), run_keys(seed, count, kinds)
    whole = RunBuckets([Runs(np.arange(count), keys, np.cumsum(np.append(0, counts)))], count)
    group_of, whose = keys.astype(np.uint64) * np.uint64(groups) >> np.uint64(BITS), np.repeat(np.arange(count), counts)
    found = []
    for group in range(groups):
        mine = group_of == group
        held = ragged(keys[mine], np.bincount(whose[mine], minlength=count))
        columns = {"number": pa.array(range(count)), "sketch": binary(hashed(signed)[1]), "runs": held}
        shuffled = pa.table(columns).take(np.random.default_rng(seed).permutation(count))
        found.append(tiles._walk(REWRITES, 1)(shuffled))
    assert got(found) == wanted(whole, signed, REWRITES)


def test_a_bucket_larger_than_what_is_looked_at() -> None:
    """Of a bucket only the first texts are kept, and the counts are as if all were."""
    signed = np.tile(drawn(1, 1, 1), (3000, 1))
    signed[:, 12:] = np.random.default_rng(0).integers(0, 1 << 32, (3000, 4), np.uint32)
    assert LOOKED_AT * SETTINGS.bucket_cap < len(signed)
    assert got(walked(signed, 700)) == by_bands(signed)


def test_of_an_open_bucket_as_many_are_kept_as_may_be_looked_at() -> None:
    """Also where each that is similar gives more to look at; who stopped at the very last one counts as stopped."""
    signed = np.tile(drawn(1, 1, 1), (120, 1))
    strangers = np.arange(120) % 5 > 0
    signed[strangers, 4:] = np.random.default_rng(0).integers(0, 1 << 32, (int(strangers.sum()), 12), np.uint32)
    rules = meeting_rules(SETTINGS)._replace(looked_at=4, for_each=4)
    whole = candidates(bands.BandBuckets(bands.Matrix(signed), SHAPE), hashed(signed)[1], rules)
    assert whole.capped.any()
    for size in (1, 7, 36, 37, 200):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(buckets, "linking_rules", lambda _: rules)
            found = walked(signed, size)
        pairs = set(zip(whole.left.tolist(), whole.right.tolist(), strict=True))
        assert got(found) == (pairs, set(np.flatnonzero(whole.capped).tolist()))


@pytest.mark.parametrize("texts", [0, 1, 10**5, 10**6, 10**7])
@pytest.mark.parametrize("length", [20, 1500, 20_000])
def test_a_plan_has_every_pair_of_blocks(texts: int, length: int) -> None:
    """Any two texts are in a tile together in every group of keys."""
    cut = tiles.plan(texts, texts * length, Settings(), 8)
    blocks = range(cut.blocks)
    assert set(cut.pairs) >= {(i, j) for i in blocks for j in blocks if i < j}
    assert set(blocks) == {block for pair in cut.pairs for block in pair}
    assert cut.groups * len(cut.pairs) >= 8


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
