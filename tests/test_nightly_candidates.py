"""`dedup.nightly.candidates`: the pairs are those of the walk in memory, in however many pieces."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dedup.nightly import candidates as nightly_candidates
from dedup.nightly import signed
from dedup.nightly.candidates import BandJoin, _Runs
from dedup.nightly.signed import Part, columns
from dedup.settings import Settings
from dedup.stages import bands
from dedup.stages.bands import Bands, candidates

SHAPE = Bands(6, 2)
SETTINGS = Settings(weighted=False, slots=16, threshold=0.3)
TEXTS = 60


@pytest.fixture(scope="module")
def matrix() -> NDArray[np.uint32]:
    """Signatures with buckets of every size, none of which is full."""
    return np.random.default_rng(3).integers(0, 4, (TEXTS, 16), np.uint32) * np.uint32(0x0101)


def store(folder: Path, matrix: NDArray[np.uint32], cuts: list[int]) -> list[Part]:
    """Signatures in files that begin at these texts."""
    parts = []
    for number, rows in enumerate(np.split(matrix, cuts)):
        halves = rows.astype(np.uint16)
        arrays = {
            f"slots_{first:05}": pa.array([row[first:last].tobytes() for row in halves], pa.binary(2 * (last - first)))
            for first, last in columns(SHAPE, 16)
        }
        path = folder / f"{number}.parquet"
        pq.write_table(pa.table(arrays), path, row_group_size=signed.GROUP)
        parts.append(Part(path, 0, len(rows)))
    return parts


def met(folder: Path, parts: list[Part], since: int, room: int, pairs: int = 10**6, **options: Any) -> BandJoin:
    """A meeting whose bands have been walked for so many texts at a time, and its pairs in a file."""
    each = SETTINGS.slots + options.get("threads", 1) * 60
    budget = SimpleNamespace(pairs=8 * pairs, signatures=each * room)
    found = BandJoin(parts, SHAPE, SETTINGS, since, budget, folder, **options)  # type: ignore[arg-type]
    found.walk()
    found.keep(folder / "candidates.parquet")
    return found


def pairs_in(folder: Path) -> list[tuple[int, int]]:
    """Earlier and later text of each."""
    values = pq.read_table(folder / "candidates.parquet")["pair"].to_pylist()
    assert values == sorted(set(values))
    return [(value & 0xFFFFFFFF, value >> 32) for value in values]


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.integers(0, TEXTS), max_size=3).map(sorted), st.integers(0, TEXTS), st.integers(6, 70),
    st.integers(1, 50), st.sampled_from([4, 16, 1000]), st.integers(1, 2),
)  # fmt: skip
def test_pairs_are_those_in_memory(
    matrix: NDArray[np.uint32], cuts: list[int], since: int, room: int, held: int, group: int, threads: int
) -> None:
    """Of which one is new; however texts are parted into files, row groups and chunks, and pairs into runs."""
    with TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(signed, "GROUP", group)
        patch.setattr(nightly_candidates, "PIECE", 16)
        patch.setattr(bands, "MARKS", 1 << 10)
        patch.setattr(bands, "PIECE", 1 << 10)
        met(Path(name), store(Path(name), matrix, cuts), since, room, held, threads=threads)
        found = pairs_in(Path(name))
        assert not list(Path(name).glob("run-*"))
    these = candidates(matrix, SHAPE, SETTINGS.threshold)
    expected = [(a, b) for a, b in zip(these.left.tolist(), these.right.tolist(), strict=True) if b >= since]
    assert len(these.left) > 300
    assert found == expected


def test_texts_that_are_capped(tmp_path: Path) -> None:
    """In one walk they are those of the walk in memory."""
    matrix = np.ones((TEXTS, 16), np.uint32)
    bucket_cap = Settings(weighted=False, slots=16, threshold=0.3, bucket_cap=8)
    budget = SimpleNamespace(pairs=1 << 20, signatures=1 << 20)
    found = BandJoin(store(tmp_path, matrix, []), SHAPE, bucket_cap, 0, budget, tmp_path)  # type: ignore[arg-type]
    found.walk()
    these = candidates(matrix, SHAPE, 0.3, bucket_cap=8)
    assert these.capped.any()
    assert (found.capped == these.capped).all()


def test_nobody_is_new(tmp_path: Path, matrix: NDArray[np.uint32]) -> None:
    """Nothing is walked; there are no pairs, of no texts, too."""
    for rows in (matrix, matrix[:0]):
        found = met(tmp_path, store(tmp_path, rows, []), len(rows), 10)
        assert pairs_in(tmp_path) == []
        assert found.capped.tolist() == [False] * len(rows)


def test_progress_ends_at_the_whole(tmp_path: Path, matrix: NDArray[np.uint32]) -> None:
    """Over all chunks."""
    told: list[tuple[int, int]] = []
    met(tmp_path, store(tmp_path, matrix, [20]), 20, 15, progress=lambda *done: told.append(done))
    assert told == sorted(told) and told[-1][0] == told[-1][1]


def test_many_runs_become_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same pairs found again and again take the room of once."""
    monkeypatch.setattr(nightly_candidates, "MOST_RUNS", 4)
    monkeypatch.setattr(bands, "PIECE", 10)
    runs = _Runs(tmp_path, 50)
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
        runs = _Runs(Path(name), most)
        for batch in batches:
            runs.add(np.array(batch, np.uint64))
        merged = [part.tolist() for part in runs.merged()]
        runs.clear()
        assert not list(Path(name).iterdir())
    assert [pair for part in merged for pair in part] == sorted({pair for batch in batches for pair in batch})
