"""`dedup.nightly.sketching`: document frequencies that are carried on from night to night."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from crawlers import article

from dedup.evidence.corpus import Corpus
from dedup.nightly import sketching
from dedup.nightly.sketching import (
    counted,
    keep_sketch,
    keep_weights,
    read_sketch,
    read_weights,
    weighed,
)
from dedup.settings import Settings
from dedup.stages.frequencies import Sketch
from dedup.stages.shingles import Texts

TEXTS = 30


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    """Texts, each a distinct one."""
    column = pa.chunked_array([pa.array([article(number) for number in range(TEXTS)], pa.large_string())])
    return Corpus(Texts(column, batch_bytes=500), np.arange(TEXTS), np.arange(TEXTS), None)


def sketched(corpus: Corpus, *steps: tuple[range, int], bits: int = 16, threads: int = 1) -> Sketch:
    """What is left after counting some up and others down."""
    sketch = Sketch(bits)
    for texts, step in steps:
        counted(corpus, sketch, np.array(texts, np.int64), step=step, threads=threads)
    return sketch


@pytest.mark.parametrize("threads", [1, 2])
def test_nights_add_up(corpus: Corpus, threads: int) -> None:
    """Texts that come in two nights are counted as in one, and those that go as if they had never been there."""
    whole = sketched(corpus, (range(TEXTS), 1))
    nights = sketched(corpus, (range(9), 1), (range(9), -1), (range(20), 1), (range(20, TEXTS), 1), threads=threads)
    assert (nights.cells == whole.cells).all()
    rest = sketched(corpus, (range(TEXTS), 1), (range(10), -1), threads=threads)
    assert (rest.cells == sketched(corpus, (range(10, TEXTS), 1)).cells).all()
    assert not sketched(corpus, (range(TEXTS), 1), (range(TEXTS), -1)).cells.any()
    assert not sketched(corpus, (range(0), 1)).cells.any()


def test_progress(corpus: Corpus) -> None:
    """It is told as batches are done, and ends at the whole."""
    told: list[tuple[int, int]] = []
    counted(corpus, Sketch(16), np.arange(TEXTS), progress=lambda *done: told.append(done))
    assert told[-1][0] == told[-1][1] > 1


@pytest.mark.parametrize("piece", [1000, 1 << 20])
@pytest.mark.parametrize("bits", [16, 18])
def test_files_hold_all(tmp_path: Path, corpus: Corpus, monkeypatch: pytest.MonkeyPatch, piece: int, bits: int) -> None:
    """A sketch, and weights, are the same to the last bit when they are read again."""
    monkeypatch.setattr(sketching, "PIECE", piece)
    sketch = sketched(corpus, (range(TEXTS), 1), bits=bits)
    keep_sketch(sketch, tmp_path / "sketch")
    again = read_sketch(tmp_path / "sketch")
    assert again.bits == bits and again.step == 1
    assert again.cells.dtype == np.uint32 and (again.cells == sketch.cells).all()
    weights = weighed(sketch, TEXTS, Settings())
    keep_weights(weights, tmp_path / "weights")
    read = read_weights(tmp_path / "weights")
    assert (read.codes == weights.codes).all() and (read.bits == weights.bits).all()
    keys = corpus.texts.shingle(np.arange(TEXTS)).keys
    assert read.of(keys).tobytes() == weights.of(keys).tobytes()
    assert len(np.unique(read.of(keys))) > 5


def test_a_sketch_that_was_read_counts_on(tmp_path: Path, corpus: Corpus) -> None:
    """That of last night is taken up tonight."""
    keep_sketch(sketched(corpus, (range(10), 1)), tmp_path / "sketch")
    sketch = read_sketch(tmp_path / "sketch")
    counted(corpus, sketch, np.arange(10, TEXTS))
    assert (sketch.cells == sketched(corpus, (range(TEXTS), 1)).cells).all()


@pytest.mark.parametrize("changed", [{"prior_articles": 10.0}, {"max_df": 0.5, "prior_articles": 0.0}])
def test_settings_are_heeded(corpus: Corpus, changed: dict[str, float]) -> None:
    """The prior and the max_df."""
    sketch = sketched(corpus, (range(TEXTS), 1))
    keys = corpus.texts.shingle(np.arange(TEXTS)).keys
    plain, other = (weighed(sketch, TEXTS, Settings(**some)).of(keys) for some in ({}, changed))
    assert (plain != other).any()
