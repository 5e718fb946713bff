"""`dedup.stages.signer`: the lower halves of signatures, the same in whatever batches texts are signed."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from dedup.settings import Settings
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
