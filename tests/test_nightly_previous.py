"""`dedup.nightly.previous`: what a night leaves of its texts is what the next one reads."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from dedup.nightly import previous
from dedup.nightly.previous import NOTHING, Known
from dedup.settings import Settings

FIVE = Known(
    np.array([1, 2**64 - 1, 3, 4, 5], np.uint64),
    np.array([9, 0, 2**63, 1, 2], np.uint64),
    np.array([0, 3, 2, 7, 5], np.int64),
    np.array([True, True, True, False, True]),
    np.array([False, True, False, False, False]),
    np.array([0, 0, 2, 3, 2], np.int64),
    np.array([1.0, 0.7, 1.0, 1.0, 1 / 3]),
)


@pytest.mark.parametrize("texts", [FIVE, NOTHING], ids=["five", "none"])
def test_what_was_written_is_read(tmp_path: Path, texts: Known) -> None:
    """To the last bit, and of the same kinds."""
    texts.write(tmp_path)
    again = previous.read(tmp_path, len(texts), 10)
    for field in fields(Known):
        mine, theirs = getattr(texts, field.name), getattr(again, field.name)
        assert mine.tolist() == theirs.tolist() and mine.dtype == theirs.dtype
    assert len(again) == len(texts.first)
    assert again.prints.shape == (len(texts), 2) and again.prints.dtype == np.uint64


def test_prints_are_both_halves() -> None:
    """One beside the other."""
    assert FIVE.prints[1].tolist() == [2**64 - 1, 0]


def test_clusters_of_rows() -> None:
    """Rows are labelled by the first row of the text that represents theirs; those without a text by themselves."""
    number = np.array([0, -1, 2, 1, -1, 4, 0, -1])
    found = FIVE.clusters(number, Settings())
    assert found.labels.tolist() == [0, 1, 2, 0, 4, 2, 0, 7]
    assert found.sizes.tolist() == [3, 1, 2, 3, 1, 2, 3, 1]
