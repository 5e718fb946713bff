"""`dedup.nightly.candidates`: the pairs are those of the walk in memory, in however many pieces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dedup.nightly import candidates as nightly_candidates
from dedup.nightly.candidates import Meeting, _SpilledPairs
from dedup.nightly.memory import Budget
from dedup.nightly.signed import Layout, Part, packed
from dedup.nightly.stored_bands import StoredBands
from dedup.nightly.stored_runs import StoredRuns, _parted
from dedup.pipeline import meeting_rules
from dedup.settings import Settings
from dedup.stages import candidates as stages
from dedup.stages.bands import BandBuckets, Bands, Matrix
from dedup.stages.candidates import Candidates, candidates, sketches
from dedup.stages.runs import RunBuckets, Runs

SHAPE = Bands(6, 2)
BANDS = Settings(weighted=False, slots=16, threshold=0.3)
RUNS = Settings(slots=16, threshold=0.3)
BOTH = pytest.mark.parametrize("chosen", [BANDS, RUNS], ids=["bands", "runs"])
TEXTS = 60


class Kept(NamedTuple):
    """Texts, of which either is kept."""

    halves: NDArray[np.uint16]
    runs: list[NDArray[np.uint32]]

    def batch(self, some: slice = slice(None)) -> Runs:
        """The runs of some texts."""
        mine = self.runs[some]
        starts = np.cumsum([0, *map(len, mine)])
        return Runs(np.arange(len(mine)), np.concatenate([np.empty(0, np.uint32), *mine]), starts)


@pytest.fixture(scope="module")
def kept() -> Kept:
    """Signatures and runs with buckets of every size, none of which is full."""
    rng = np.random.default_rng(3)
    halves = rng.integers(0, 4, (TEXTS, 16), np.uint16) * np.uint16(0x0101)
    common = rng.integers(0, 1 << 32, 40, np.uint32)
    return Kept(halves, [rng.choice(common, rng.integers(0, 12), replace=False) for _ in range(TEXTS)])


def layout(chosen: Settings) -> Layout:
    """What is kept of texts."""
    return StoredRuns(chosen) if chosen.weighted else StoredBands(chosen, SHAPE)


def store(folder: Path, kept: Kept, chosen: Settings, cuts: Sequence[int] = (), group: int = 1000) -> list[Part]:
    """Texts in files that begin at these texts."""
    parts, schema = [], layout(chosen).schema
    for number, (begin, end) in enumerate(pairwise([0, *cuts, len(kept.halves)])):
        halves, path = kept.halves[begin:end], folder / f"{number}.parquet"
        if chosen.weighted:
            arrays = [packed(halves.astype(np.uint8)), *_parted([kept.batch(slice(begin, end))], end - begin)]
        else:
            arrays = [packed(some) for some in np.split(halves, [8, 12], axis=1)]
        pq.write_table(pa.table(arrays, schema), path, row_group_size=group)
        parts.append(Part(path, 0, end - begin))
    return parts


def in_memory(kept: Kept, chosen: Settings) -> Candidates:
    """What the walk in memory finds."""
    texts = len(kept.halves)
    buckets = RunBuckets([kept.batch()], texts) if chosen.weighted else BandBuckets(Matrix(kept.halves), SHAPE)
    return candidates(buckets, sketches(kept.halves), meeting_rules(chosen))


def met(
    folder: Path,
    parts: list[Part],
    chosen: Settings,
    since: int,
    room: int = 1 << 20,
    pairs: int = 10**6,
    entries: int = 1000,
    **options: Any,
) -> NDArray[np.bool_]:
    """Who was capped when buckets have been walked in so many bytes, with the pairs in a file."""
    budget = cast("Budget", SimpleNamespace(pairs=8 * pairs, signatures=room, entries=entries))
    found = Meeting(parts, layout(chosen), chosen, since, budget, folder, **options)
    found.walk()
    return found.keep(folder / "candidates.parquet")


def pairs_in(folder: Path) -> list[tuple[int, int]]:
    """Earlier and later text of each."""
    values = pq.read_table(folder / "candidates.parquet")["pair"].to_pylist()
    assert values == sorted(set(values))
    return [(value & 0xFFFFFFFF, value >> 32) for value in values]


@BOTH
@settings(deadline=None, max_examples=12)
@given(
    st.lists(st.integers(0, TEXTS), max_size=3).map(sorted), st.integers(0, TEXTS), st.integers(4000, 16000),
    st.integers(1, 50), st.sampled_from([7, 1000]), st.integers(1, 2), st.sampled_from([2, 20, 1000]),
)  # fmt: skip
def test_pairs_are_those_in_memory(
    kept: Kept,
    chosen: Settings,
    cuts: list[int],
    since: int,
    room: int,
    held: int,
    group: int,
    threads: int,
    entries: int,
) -> None:
    """Of which one is new; however texts are parted into files, row groups and chunks, and pairs into runs."""
    with TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(nightly_candidates, "PIECE", 16)
        patch.setattr(stages, "MARKS", 1 << 10)
        patch.setattr(stages, "PIECE", 1 << 10)
        parts = store(Path(name), kept, chosen, cuts, group)
        met(Path(name), parts, chosen, since, room, held, entries, threads=threads)
        found = pairs_in(Path(name))
        assert not list(Path(name).glob("run-*"))
    these = in_memory(kept, chosen)
    expected = [(a, b) for a, b in zip(these.left.tolist(), these.right.tolist(), strict=True) if b >= since]
    assert len(these.left) > 300
    assert found == expected


@BOTH
def test_texts_that_are_capped(tmp_path: Path, chosen: Settings) -> None:
    """In one walk they are those of the walk in memory."""
    kept = Kept(np.ones((TEXTS, 16), np.uint16), [np.arange(3, dtype=np.uint32)] * TEXTS)
    chosen = replace(chosen, bucket_cap=8)
    these = in_memory(kept, chosen)
    assert these.capped.any()
    assert (met(tmp_path, store(tmp_path, kept, chosen), chosen, 0) == these.capped).all()


@BOTH
def test_a_match_in_another_chunk_counts(tmp_path: Path, chosen: Settings) -> None:
    """Who is compared with few of a full bucket in each of many chunks has been compared with enough in all."""
    kept = Kept(np.ones((TEXTS, 16), np.uint16), [np.arange(3, dtype=np.uint32)] * TEXTS)
    chosen = replace(chosen, bucket_cap=8)
    parts = store(tmp_path, kept, chosen)
    alone, several = met(tmp_path, parts, chosen, 0), met(tmp_path, parts, chosen, 0, 6000)
    assert alone.sum() > several.sum()


@BOTH
def test_nobody_is_new(tmp_path: Path, kept: Kept, chosen: Settings) -> None:
    """Nothing is walked; there are no pairs, of no texts, too."""
    for some in (kept, Kept(kept.halves[:0], [])):
        capped = met(tmp_path, store(tmp_path, some, chosen), chosen, len(some.halves))
        assert pairs_in(tmp_path) == []
        assert capped.tolist() == [False] * len(some.halves)


@BOTH
def test_progress_ends_at_the_whole(tmp_path: Path, kept: Kept, chosen: Settings) -> None:
    """Over all chunks."""
    told: list[tuple[int, int]] = []
    parts = store(tmp_path, kept, chosen, [20])
    met(tmp_path, parts, chosen, 20, 3000, progress=lambda *done: told.append(done))
    assert told == sorted(told) and told[-1][0] == told[-1][1] > 16


def test_many_runs_become_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same pairs found again and again take the room of once."""
    monkeypatch.setattr(nightly_candidates, "MOST_RUNS", 4)
    monkeypatch.setattr(stages, "PIECE", 10)
    runs = _SpilledPairs(tmp_path, 50)
    for begin in range(0, 2000, 20):
        runs.add(np.arange(begin, begin + 20, dtype=np.uint64) % np.uint64(300))
    assert len(list(tmp_path.iterdir())) < 4
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 4 * 300 * 8
    assert np.concatenate(list(runs.merged())).tolist() == list(range(300))
    runs.clear()
    assert not list(tmp_path.iterdir())


@settings(deadline=None, max_examples=100)
@given(
    st.lists(st.lists(st.integers(0, 60), max_size=30), max_size=12), st.integers(0, 40), st.integers(1, 50)
)  # fmt: skip
def test_runs_are_merged(batches: list[list[int]], most: int, piece: int) -> None:
    """However little is held, each pair comes once, in order, and the files go."""
    with TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(nightly_candidates, "PIECE", piece)
        runs = _SpilledPairs(Path(name), most)
        for batch in batches:
            runs.add(np.array(batch, np.uint64))
        merged = [part.tolist() for part in runs.merged()]
        runs.clear()
        assert not list(Path(name).iterdir())
    assert [pair for part in merged for pair in part] == sorted({pair for batch in batches for pair in batch})
