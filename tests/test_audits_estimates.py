"""Precision and recall of a stratified sample, and whether their intervals hold the truth."""

from __future__ import annotations

import numpy as np
import pytest

from dedup.audits.estimates import Cells, Estimate, precision, recall

JOINED = np.array([False, False, True, True, True])


def cells(joined: list[bool], sizes: list[float], seen: list[float], right: list[float]) -> Cells:
    """Of pairs that each stand for themselves."""
    columns = (np.array(column, np.float64) for column in (sizes, seen, right, seen))
    return Cells(np.array(joined, np.bool_), *columns)


def drawn(sizes: list[int], right: list[int], marks: list[int], seed: int) -> Cells:
    """A sample of a population of which all is known."""
    chance = np.random.default_rng(seed)
    found = [chance.hypergeometric(good, size - good, n) for size, good, n in zip(sizes, right, marks, strict=True)]
    return cells(JOINED.tolist(), list(map(float, sizes)), list(map(float, marks)), list(map(float, found)))


def test_an_audit_of_all_pairs_is_the_truth() -> None:
    """What is known has no width."""
    whole = cells([True, True, False], [10, 30, 20], [10, 30, 20], [9, 15, 6])
    assert precision(whole) == Estimate(24 / 40, 24 / 40, 24 / 40)
    assert recall(whole) == Estimate(24 / 30, 24 / 30, 24 / 30)


def test_strata_count_by_their_sizes() -> None:
    """A small stratum that is sampled as much as a large one says little of the whole."""
    found = precision(cells([True, True], [900, 100], [10, 10], [10, 0]))
    assert found is not None
    assert found.value == pytest.approx(0.9)
    assert found.low < 0.9 < found.high


def test_the_interval_of_one_stratum_is_that_of_jeffreys() -> None:
    """The worked example of Brown, Cai and DasGupta's kind: 15 of 20, and 0 of 20 by the exact bound."""
    some = precision(cells([True], [1e9], [20], [15]))
    none = precision(cells([True], [1e9], [20], [0]))
    assert some is not None and none is not None
    assert some.low == pytest.approx(0.536, abs=0.01)  # quantiles of Beta(15.5, 5.5)
    assert some.high == pytest.approx(0.897, abs=0.01)
    assert none.low == 0
    assert none.high == pytest.approx(1 - 0.025 ** (1 / 20), abs=0.01)


def test_nothing_marked_is_nothing_known() -> None:
    """No joined pair marked: no precision; no right pair: no recall."""
    assert precision(cells([True, False], [10, 10], [0, 5], [0, 5])) is None
    assert recall(cells([True, False], [10, 10], [0, 0], [0, 0])) is None
    assert recall(cells([True, False], [10, 10], [10, 10], [0, 0])) is None
    assert precision(cells([], [], [], [])) is None


def test_a_cell_without_marks_widens_the_interval() -> None:
    """It is taken to be like the others, and may be anything."""
    found = precision(cells([True, True], [100, 100], [50, 0], [50, 0]))
    assert found is not None
    assert found.value == 1
    assert found.low == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(
    ("right", "marks"),
    [
        pytest.param([2_000, 900, 60, 900, 4_800], [40, 20, 30, 30, 30], id="usual"),
        pytest.param([30, 10, 20, 950, 5_000], [60, 30, 30, 30, 30], id="hardly anything missed"),
        pytest.param([0, 0, 100, 1_000, 5_000], [50, 50, 30, 30, 30], id="all is right"),
        pytest.param([9_000, 500, 5, 20, 50], [40, 30, 30, 30, 30], id="hardly anything right"),
    ],
)
def test_the_interval_holds_the_truth(right: list[int], marks: list[int]) -> None:
    """In at least 90 % of 200 simulated audits, 95 % being meant."""
    sizes = [100_000, 3_000, 100, 1_000, 5_000]
    every = [drawn(sizes, right, marks, seed) for seed in range(200)]
    hit = sum(right[2:])
    for estimate, truth in ((precision, hit / sum(sizes[2:])), (recall, hit / sum(right))):
        found = [estimate(one) for one in every]
        held = [one is not None and one.low <= truth <= one.high for one in found]
        assert np.mean(held) >= 0.9
