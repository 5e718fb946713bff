"""`dedup.stages.signer`: the lower halves of signatures, the same in whatever batches texts are signed."""

from __future__ import annotations

import naive
import numpy as np
import pyarrow as pa
import pytest

from dedup.settings import Settings
from dedup.stages.candidates import sketches
from dedup.stages.runs import winnowing
from dedup.stages.shingles import Texts
from dedup.stages.signatures import sign
from dedup.stages.signer import Signer
from dedup.stages.weights import prior_weights

TEXTS = [
    "早上好，今天天气真好。",
    "",
    "the same words, and others",
    "早安，今天的天氣真好！",
    "안녕하세요 여러분",
    "words",
    "\ufdfa",  # one character that becomes eighteen
]


def texts(settings: Settings) -> Texts:
    """As they are signed."""
    return Texts.of(pa.chunked_array([pa.array(TEXTS, pa.large_string())]), settings)


@pytest.mark.parametrize("settings", [Settings(), Settings.near_copies(), Settings(slots=40, seed=7)])
def test_halves_are_the_lower_ones(settings: Settings) -> None:
    """Of each slot of a signature the lower 16 bits are kept."""
    read, rows = texts(settings), np.arange(len(TEXTS))
    weights = prior_weights(settings.prior_articles) if settings.weighted else None
    shingled, lengths = read.shingle(rows, once=False), read.lengths[rows]
    weighed = None if weights is None else weights.of(shingled.keys)
    whole = sign(shingled.keys, weighed, shingled.offsets, lengths, slots=settings.slots, seed=settings.seed)
    assert (Signer(settings, weights).halves(shingled, lengths) == (whole & 0xFFFF)).all()


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("rows", [[0, 1, 2, 3, 4, 5, 6], [5, 0, 3], [2]])
def test_rows_are_signed_in_their_order(rows: list[int], threads: int) -> None:
    """Each as if it were alone, whatever the threads."""
    settings = Settings(slots=64)
    read, signer = texts(settings), Signer(settings, prior_weights(settings.prior_articles))
    signed = signer.sign(read, np.array(rows), threads=threads)
    assert signed.shape == (len(rows), 64) and signed.dtype == np.uint16
    for row, one in zip(rows, signed, strict=True):
        assert (one == signer.sign(read, np.array([row]))[0]).all()


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("batch_bytes", [30, 1 << 20])
@pytest.mark.parametrize("window", [None, 1, 5, 20])
def test_sketches_come_with_the_runs_that_are_wanted(threads: int, batch_bytes: int, window: int | None) -> None:
    """Of so many that follow each other one, those of `dedup.stages.runs` if none are named; sketches are the same."""
    settings, long = Settings(slots=64), TEXTS[0] * 25
    column = pa.chunked_array([pa.array([long, *TEXTS], pa.large_string())])
    read, signer = Texts.of(column, settings, batch_bytes=batch_bytes), Signer(settings, prior_weights(1000.0))
    which = None if window is None else winnowing(6, window=window)
    rows = np.array([3, 0, 2, 1])
    sketched, runs = signer.sketch(read, rows, which=which, threads=threads)
    assert sketched.tolist() == sketches(signer.sign(read, rows)).tolist()
    found = {
        int(place): set(keys.tolist())
        for some in runs
        for place, keys in zip(some.numbers, np.split(some.keys, some.starts[1:-1]), strict=True)
    }
    wanted = [naive.run_keys([long, *TEXTS][row], window=window or 12) for row in rows]
    assert found == dict(enumerate(wanted))


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("unit", ["char", "word"])
def test_texts_are_signed_while_they_are_read(unit: str, threads: int) -> None:
    """With lengths and fingerprints as without, and the signatures that they would have later."""
    settings = Settings.near_copies(unit=unit, slots=40)
    signer, column = Signer(settings, None), texts(settings).column
    signing = signer.room(len(column))
    read = Texts.of(column, settings, threads=threads, batch_bytes=30, signing=signing)
    alone = Texts.of(column, settings)
    assert read.lengths.tolist() == alone.lengths.tolist()
    assert read.prints.tolist() == alone.prints.tolist()
    rows = np.flatnonzero(read.lengths)
    assert signing.halves[rows].tolist() == signer.sign(alone, rows).tolist()
