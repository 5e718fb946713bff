"""`dedup.bands`: the shape that finds enough, and articles that are equal in a band."""

from __future__ import annotations

from itertools import pairwise

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.bands import Bands, Buckets, bucket, choose
from dedup.settings import Settings

GENERATED = settings(deadline=None, max_examples=100)


def signatures(*rows: list[int]) -> np.ndarray[tuple[int, int], np.dtype[np.uint32]]:
    """A signature matrix."""
    return np.array(rows, np.uint32).reshape(len(rows), -1)


def groups(buckets: Buckets) -> list[list[list[int]]]:
    """For every band its buckets, in ascending order of their first article."""
    bands = []
    for order, starts in zip(buckets.order.tolist(), buckets.starts.tolist(), strict=True):
        cuts = [*sorted(set(starts)), len(order)]
        bands.append(sorted(order[begin:end] for begin, end in pairwise(cuts)))
    return bands


def test_textbook_example() -> None:
    """Articles that agree in both slots of a band share its bucket."""
    found = bucket(signatures([1, 2, 3, 4], [1, 2, 5, 6], [7, 2, 3, 4]), Bands(2, 2))
    assert groups(found) == [[[0, 1], [2]], [[0, 2], [1]]]
    assert not found.crowded.any()


def test_recall_is_the_s_curve() -> None:
    """A pair shares a bucket unless it differs in every band."""
    assert Bands(1, 1).recall(0.3) == pytest.approx(0.3)
    assert Bands(20, 5).recall(0.8) == pytest.approx(0.9996, abs=5e-5)  # as in Mining of Massive Datasets, 3.4
    assert Bands(20, 5).recall(0.2) == pytest.approx(0.0064, abs=5e-5)
    assert (Bands(9, 9).recall(0.0), Bands(9, 9).recall(1.0)) == (0.0, 1.0)


@pytest.mark.parametrize("threshold", [0.05, 0.12, 0.3, 0.5, 0.7, 0.9, 1.0])
@pytest.mark.parametrize("slots", [16, 128, 512, 1000])
@pytest.mark.parametrize("recall", [0.5, 0.9, 0.95, 0.98, 0.999])
def test_the_most_selective_shape_that_finds_enough_is_chosen(threshold: float, slots: int, recall: float) -> None:
    """The shape meets the recall, or none does; the next one with more rows does not."""
    shape = choose(threshold, slots, recall)
    assert shape.bands * shape.rows <= slots < (shape.bands + 1) * shape.rows
    assert shape.recall(threshold) >= recall or shape == Bands(slots, 1)
    assert all(Bands(slots // rows, rows).recall(threshold) < recall for rows in range(shape.rows + 1, slots + 1))


def test_the_shapes_of_the_defaults() -> None:
    """Rewrites need 256 bands of two slots, near copies 25 of five."""
    for defaults, shape in ((Settings(), Bands(256, 2)), (Settings.near_copies(), Bands(25, 5))):
        assert choose(defaults.threshold, defaults.slots, defaults.recall) == shape


def test_a_threshold_of_one_is_one_band() -> None:
    """Equal articles agree in every slot."""
    assert choose(1.0, 128, 0.99) == Bands(1, 128)


SIGNATURES = st.integers(0, 30).flatmap(
    lambda articles: st.lists(st.lists(st.integers(0, 3), min_size=7, max_size=7), min_size=articles, max_size=articles)
)


@GENERATED
@given(SIGNATURES, st.sampled_from([(1, 1), (7, 1), (3, 2), (2, 3), (1, 7)]), st.integers(1, 8))
def test_buckets_are_those_of_the_reference(rows: list[list[int]], shape: tuple[int, int], crowd: int) -> None:
    """Sorting groups like a dict, every article once a band, ascending in its bucket."""
    found = bucket(np.array(rows, np.uint32).reshape(-1, 7), Bands(*shape), crowd=crowd)
    assert groups(found) == naive.buckets(rows, *shape)


@GENERATED
@given(SIGNATURES)
def test_starts_are_where_the_bucket_of_an_article_begins(rows: list[list[int]]) -> None:
    """`starts` is by article, not by place; the article stands at or after it."""
    found = bucket(np.array(rows, np.uint32).reshape(-1, 7), Bands(3, 2))
    for order, starts, band in zip(found.order.tolist(), found.starts.tolist(), naive.buckets(rows, 3, 2), strict=True):
        for group in band:
            assert {starts[article] for article in group} == {order.index(group[0])}


def test_equal_slots_of_different_bands_do_not_meet() -> None:
    """A bucket is of one band: the same value elsewhere is another key."""
    found = bucket(signatures([5, 9], [9, 5]), Bands(2, 1))
    assert groups(found) == [[[0], [1]], [[0], [1]]]


def test_crowded_are_those_beyond_the_crowd() -> None:
    """Of a hundred in one bucket the first ten are compared with all, the others with these ten."""
    found = bucket(signatures(*[[1, 1]] * 100), Bands(2, 1), crowd=10)
    assert np.flatnonzero(found.crowded).tolist() == list(range(10, 100))
    assert not bucket(signatures(*[[1, 1]] * 100), Bands(2, 1), crowd=100).crowded.any()


def test_compared_with_half_is_not_crowded() -> None:
    """An article is crowded when it is not compared with most of its mates: ten of 20 are enough, of 21 not."""
    assert not bucket(signatures(*[[1]] * 21), Bands(1, 1), crowd=10).crowded.any()
    assert bucket(signatures(*[[1]] * 22), Bands(1, 1), crowd=10).crowded.sum() == 12


def test_no_articles_or_one() -> None:
    """Nobody is in no bucket; one article is in its own."""
    assert groups(bucket(np.empty((0, 4), np.uint32), Bands(2, 2))) == [[], []]
    assert groups(bucket(signatures([1, 2, 3, 4]), Bands(2, 2))) == [[[0]], [[0]]]


def test_threads_do_not_matter() -> None:
    """Bands are independent of each other."""
    rows = np.random.default_rng(3).integers(0, 4, (200, 24), np.uint32)
    told: list[tuple[int, int]] = []
    one = bucket(rows, Bands(12, 2), crowd=3)
    two = bucket(rows, Bands(12, 2), crowd=3, threads=2, progress=lambda *numbers: told.append(numbers))
    assert all(a.tobytes() == b.tobytes() for a, b in zip(one, two, strict=True))
    assert told == [(done, 12) for done in range(1, 13)]
