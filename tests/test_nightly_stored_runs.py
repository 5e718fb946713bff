"""`dedup.nightly.stored_runs`: sketches, and runs by parts of their keys, and the buckets that are made of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from crawlers import article
from numpy.typing import NDArray

from dedup.evidence.corpus import Corpus
from dedup.nightly.signed import Part, Stored
from dedup.nightly.stored_runs import COLUMNS, HIGHEST, StoredRuns
from dedup.pipeline import represent
from dedup.settings import Settings
from dedup.stages.candidates import Buckets, sketches
from dedup.stages.runs import BITS, RunBuckets, Runs
from dedup.stages.signer import Signer
from dedup.work import Room

SETTINGS = Settings(slots=30)
LAYOUT = StoredRuns(SETTINGS)
TEXTS = 40


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    """Some distinct texts, and one so short that it has no runs."""
    texts = [*(article(n) for n in range(TEXTS - 1)), "a"]
    return represent(pa.chunked_array([pa.array(texts, pa.large_string())]), SETTINGS)


def runs(corpus: Corpus, rows: NDArray[np.int64]) -> list[Runs]:
    """Those of some rows."""
    return Signer(SETTINGS, corpus.weights).sketch(corpus.texts, rows)[1]


def entries(buckets: Buckets) -> list[NDArray[np.uint64]]:
    """What is walked together, in order."""
    room = Room(np.uint64)
    return [np.sort(some) for piece in buckets.pieces for some in buckets.entries(piece, room)]


def test_a_column_has_the_runs_of_a_part(corpus: Corpus) -> None:
    """Each run of each text stands once, in the column of its highest bits, whatever the order of the rows."""
    order = np.random.default_rng(1).permutation(TEXTS)
    table = LAYOUT.table(corpus, corpus.first[order], threads=2)
    (some,) = runs(corpus, corpus.first[order])
    for number, begin, end in zip(some.numbers, some.starts, some.starts[1:], strict=False):
        mine = [np.frombuffer(table[name][number].as_py(), np.uint32) for name in COLUMNS]
        assert all((keys >> (BITS - HIGHEST) == part).all() for part, keys in enumerate(mine))
        assert sorted(np.concatenate(mine).tolist()) == sorted(some.keys[begin:end].tolist())


@pytest.mark.parametrize("group", [1, 7, 1000])
@pytest.mark.parametrize("at_once", [1, 50, 10**6])
def test_stored_buckets_are_those_in_memory(tmp_path: Path, corpus: Corpus, group: int, at_once: int) -> None:
    """Of some texts, in any row groups: the same entries, no bucket in two pieces, and the same sketches."""
    pq.write_table(LAYOUT.table(corpus, corpus.first), tmp_path / "a", row_group_size=group)
    stored = Stored([Part(tmp_path / "a", 3, 10), Part(tmp_path / "a", 8, TEXTS)], LAYOUT.schema)
    rows = np.concatenate([corpus.first[3:10], corpus.first[8:]])
    parts = [
        found._replace(numbers=found.numbers + begin)
        for begin, some in ((0, rows[:7]), (7, rows[7:]))
        for found in runs(corpus, some)
    ]
    halves = Signer(SETTINGS, corpus.weights).sign(corpus.texts, rows)
    assert (LAYOUT.sketches(stored) == sketches(halves)).all()
    found = entries(LAYOUT.buckets(stored, at_once))
    wanted = entries(RunBuckets(parts, len(rows)))
    assert (np.concatenate(found) == np.concatenate(wanted)).all()
    keys = [set((some >> np.uint64(BITS)).tolist()) for some in found]
    assert sum(map(len, keys)) == len(set().union(*keys))


def test_long_texts_take_more(tmp_path: Path) -> None:
    """What is held of a text grows with its runs, and with the threads that read them."""
    held = []
    for length in (300, 30_000):
        codes = np.random.default_rng(1).integers(0x4E00, 0x9FA5, (5, length))
        texts = pa.chunked_array([pa.array(["".join(map(chr, row)) for row in codes], pa.large_string())])
        corpus = represent(texts, SETTINGS)
        pq.write_table(LAYOUT.table(corpus, corpus.first), tmp_path / "a", compression="none", use_dictionary=False)
        stored = Stored([Part(tmp_path / "a", 0, 5)], LAYOUT.schema)
        held += [LAYOUT.bytes_held(stored, threads)[0] for threads in (1, 2)]
    assert held == sorted(held)
    assert held[3] - held[2] > 4 * 30_000 * 2 / 13 * 0.9 / len(COLUMNS)
