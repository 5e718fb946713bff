"""`dedup.spark.frame_search`: what is sampled by batches of texts marks the same frames as in one process."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import sparks
from test_nightly_framing import FOOTER, campaign, unrelated, words

from dedup.pipeline import distinct
from dedup.settings import Settings
from dedup.stages.frames import Rate, find
from dedup.stages.frames import passages as of_one_process
from dedup.stages.shingles import Texts

sparks.check()

ARTICLES = [
    *unrelated(range(40), FOOTER).values(),
    *unrelated(range(40, 60), words("another", 300)).values(),
    *unrelated(range(60, 90)).values(),
    *campaign(range(30), FOOTER).values(),
]


class Frame:
    """As much of a data frame as is asked for.

    Args:
        batches: The rows.
    """

    def __init__(self, batches: list[pa.RecordBatch]) -> None:
        self._batches = batches

    def select(self, *_: str) -> Frame:
        """The same."""
        return self

    def mapInArrow(self, work: Any, _: str) -> Frame:  # noqa: N802 - as Spark calls it
        """What comes of all batches, each by itself."""
        return Frame([made for batch in self._batches for made in work(iter([batch]))])

    def toArrow(self) -> pa.Table:  # noqa: N802
        """All rows."""
        return pa.Table.from_batches(self._batches)


@pytest.mark.parametrize("batch", [1, 7, 1000])
@pytest.mark.parametrize("large", [False, True], ids=["", "large binary"])
def test_frames_are_those_of_one_process(batch: int, large: bool) -> None:
    """In whatever batches and order the texts lie."""
    from dedup.spark.distinct import SIGN
    from dedup.spark.frame_search import gathered, shared, windows

    texts = Texts(pa.chunked_array([pa.array(ARTICLES, pa.large_string())]))
    first = distinct(texts)[0]
    numbers = (texts.prints[:, 0] ^ SIGN).view(np.int64)
    order = first.tolist()
    Random(batch).shuffle(order)
    kind = pa.large_string() if large else pa.string()
    batches = [
        pa.record_batch({"number": numbers[some], "text": pa.array([ARTICLES[k] for k in some], kind)})
        for begin in range(0, len(order), batch)
        for some in [order[begin : begin + batch]]
    ]
    characters = int(texts.lengths[first].sum())
    sample = gathered(Frame(batches), Settings(), characters)  # type: ignore[arg-type]
    passages, wanted = shared(sample), of_one_process(texts, first)
    marked = windows(sample, Settings(), len(first))
    frames = find(texts, first)
    assert frames is not None and len(frames.holders) >= 2
    assert np.sort(marked.table).tolist() == np.sort(frames.windows.table).tolist()
    assert marked[1:] == frames.windows[1:]
    holding = np.flatnonzero(np.diff(wanted.starts))
    assert 0 < len(holding) < len(first)
    assert passages.numbers.tolist() == numbers[first][holding].tolist()
    assert np.diff(passages.passages.starts).tolist() == np.diff(wanted.starts)[holding].tolist()
    for name in ("counts", "passages", "families"):
        assert getattr(passages.passages, name).tolist() == getattr(wanted, name).tolist()


def test_texts_of_which_nothing_is_sampled() -> None:
    """They are not sent."""
    from dedup.spark.frame_search import _sample

    texts = pa.record_batch({"number": pa.array([5, 6]), "text": ["!", words("long", 500)]})
    (found,) = _sample(Settings(), Rate(1, 1))(iter([texts]))
    assert found["number"].to_pylist() == [6] and found["length"].to_pylist() == [500]


@pytest.mark.parametrize("counts", [[], [0], [2, 0, 3], [0, 0]])
def test_numbers_of_rows_come_back(counts: list[int]) -> None:
    """As they were, also of a slice, and of several chunks."""
    from dedup.spark.columns import ragged, values

    flat = np.arange(sum(counts), dtype=np.uint64) << np.uint64(60)
    column = ragged(flat, np.array(counts, np.int64))
    for array in (column, column.cast(pa.large_binary()), pa.chunked_array([column[:1], column[1:]], pa.binary())):
        found, lengths = values(array, np.uint64)
        assert found.tolist() == flat.tolist() and lengths.tolist() == counts
    assert values(column[1:], np.uint64)[0].tolist() == flat[sum(counts[:1]) :].tolist()
