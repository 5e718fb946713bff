"""`dedup.stages.noted`: texts that cannot be near copies of any of some others are left out, and no others are."""

from __future__ import annotations

from types import ModuleType

import naive
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dedup
from dedup import kernels
from dedup.stages.noted import least_share, note
from dedup.stages.shingles import Texts


def column(texts: list[str]) -> pa.ChunkedArray:
    """Texts as they are read."""
    return pa.chunked_array([pa.array(texts, pa.large_string())])


def kept(mine: list[str], others: list[str], threshold: float) -> list[bool]:
    """Which of the others may be similar to one of mine; these have their lengths and fingerprints."""
    near = dedup.Settings.near_copies(threshold)
    first = Texts.of(column(mine), near)
    noting = note(first, np.arange(len(mine)), near)._replace(enough=np.empty(len(others), np.bool_))
    scanned, plain = Texts.of(column(others), near, signing=noting), Texts.of(column(others), near)
    assert np.array_equal(scanned.lengths, plain.lengths)
    assert np.array_equal(scanned.prints[noting.enough], plain.prints[noting.enough])
    return noting.enough.tolist()


@pytest.mark.parametrize("length", [60, 300, 1500])
@pytest.mark.parametrize("threshold", [0.3, 0.7, 1.0])
def test_no_near_copy_is_left_out(synthetic: ModuleType, length: int, threshold: float) -> None:
    """Short texts, and long ones of which shingles are sampled."""
    texts = synthetic.near_copies(300, length, seed=length)[0]
    mine, others = texts[:100], texts[100:]
    enough = kept(mine, others, threshold)
    left, right, similarity = dedup.cluster(texts, dedup.Settings.near_copies(0.3), threads=1).pairs
    similar = {b - 100 for a, b, one in zip(left, right, similarity, strict=True) if a < 100 <= b and one >= threshold}
    assert all(enough[one] for one in similar)


def test_the_share_follows_the_threshold() -> None:
    """By the blocks that a change takes; where nothing can be said, nothing is left out."""
    assert least_share(dedup.Settings.near_copies(1.0)) == 1
    assert least_share(dedup.Settings.near_copies(0.7)) == pytest.approx(1 - 0.3 * 7 / 4)
    assert least_share(dedup.Settings.near_copies(0.4)) == 0
    assert least_share(dedup.Settings.near_copies(0.9, unit="word")) == 0
    assert least_share(dedup.Settings.near_copies(0.9, width=3)) == 0


def test_strangers_are_left_out(synthetic: ModuleType) -> None:
    """Nearly all of them."""
    articles, groups = synthetic.near_copies(200, 1500, seed=2)
    texts = list(dict(zip(groups.tolist(), articles, strict=True)).values())
    assert sum(kept(texts[:20], texts[20:], 0.7)) < 10


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**64 - 1))
def test_unmix_undoes_mix(value: int) -> None:
    """By which is told whether a shingle is one of those that are sampled."""
    assert int(kernels.unmix(np.uint64(naive.mix(value)))) == value


def test_texts_of_any_length_are_scanned() -> None:
    """Empty ones, one longer than those before it, one that grows when it is folded."""
    texts = ["", "短", "渡" * 3000, "ﷺ" * 400, "河水" * 20]
    assert kept(texts[1:], texts, 0.7)[1:] == [True] * 4
