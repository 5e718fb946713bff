"""`dedup.stages.bands`: the shape that finds enough, and who shares a bucket."""

from __future__ import annotations

import math

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_candidates import candidates, found, pairs, signatures

from dedup import kernels
from dedup.settings import Settings
from dedup.stages.bands import BandBuckets, Bands, Matrix, band_hashes, band_names, choose
from dedup.stages.signatures import sign
from dedup.work import Room

GENERATED = settings(deadline=None, max_examples=150)


def test_textbook_example() -> None:
    """Articles that are equal in both slots of a band share its bucket: they have the same key above their number."""
    signed = Matrix(np.array([[1, 2, 3, 4], [1, 2, 5, 6], [7, 2, 3, 4]], np.uint32))
    buckets = BandBuckets(signed, Bands(2, 2))
    assert buckets.pieces == [(0, 2)] and buckets.bits == 2
    first, second = ((keys >> np.uint64(2)).tolist() for keys in buckets.entries((0, 2), Room(np.uint64)))
    assert first[0] == first[1] != first[2]
    assert second[0] == second[2] != second[1]


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


def test_the_shapes_of_low_and_high_thresholds() -> None:
    """For rewrites 320 bands of two slots are enough down to 0.094; near copies need 25 of five."""
    assert choose(0.0945, 640, 0.94) == Bands(320, 2)
    assert choose(0.092, 640, 0.94) == Bands(640, 1)
    defaults = Settings.near_copies()
    assert choose(defaults.threshold, defaults.slots, defaults.recall) == Bands(25, 5)


def test_a_threshold_of_one_is_one_band() -> None:
    """Equal articles agree in every slot."""
    assert choose(1.0, 128, 0.99) == Bands(1, 128)


def test_equal_slots_of_different_bands_do_not_meet() -> None:
    """A bucket is of one band: the same value elsewhere is another key."""
    assert pairs(found([[5, 9], [9, 5]], Bands(2, 1), 0.01)) == []


def test_the_lower_half_of_a_slot_is_compared() -> None:
    """Slots that agree in one byte of its two, whichever, are different; the upper half counts for nothing."""
    assert pairs(found([[0x11223344], [0x11223345], [0x11223444]], Bands(1, 1), 0.01)) == []
    assert pairs(found([[0x11223344], [0x55663344]], Bands(1, 1), 0.01)) == [(0, 1)]


@pytest.mark.parametrize("threshold", [0.12, 0.3, 0.7])
def test_as_many_pairs_are_found_as_promised(threshold: float) -> None:
    """Of 200 pairs at the threshold no more are missed than the recall of the shape allows."""
    size, slots = 600, 512
    inside = round(2 * size * threshold / (1 + threshold))
    sets = []
    for pair in range(200):
        hashes = [naive.mix(pair * 4 * size + place) for place in range(2 * size)]
        sets += [hashes[:size], hashes[size - inside : 2 * size - inside]]
    keys = np.array([key for one in sets for key in one], np.uint64)
    signed = sign(keys, None, np.arange(len(sets) + 1) * size, slots=slots)
    shape = choose(threshold, slots, 0.95)
    these = pairs(candidates(signed, shape, threshold))
    hit = sum((left, left + 1) in set(these) for left in range(0, 400, 2))
    promised = shape.recall(threshold) - 0.015
    assert promised > 0.9
    assert hit >= 200 * promised - 4 * math.sqrt(200 * promised * (1 - promised))
    assert len(these) - hit < 20, "few strangers"


@GENERATED
@given(st.lists(st.lists(st.integers(0, 2**16 - 1), min_size=6, max_size=6), max_size=8), st.integers(0, 5))
def test_keys_of_columns_are_those_of_signatures(rows: list[list[int]], begin: int) -> None:
    """Of some bands by themselves, from an article on, as of whole signatures: hashes with the article's number."""
    articles, bits = begin + len(rows), 5
    whole = np.zeros((articles, 14), np.uint16)
    whole[begin:, 4:10] = signatures(rows, 6)
    wanted, apart = (np.zeros((3, articles), np.uint64) for _ in range(2))
    Matrix(whole).band_keys(4, 2, bits, wanted)
    names, columns = band_names(4, 2, 3), kernels.frozen(np.ascontiguousarray(whole[begin:, 4:10]))
    kernels.band_keys(columns, 0, 2, names, bits, begin, apart)
    assert apart[:, begin:].tolist() == wanted[:, begin:].tolist()
    assert not apart[:, :begin].any()
    hashes = band_hashes(whole, Bands(7, 2), band_names(0, 2, 7))[2:5]
    shift = np.uint64(bits)
    assert (wanted == (hashes >> shift << shift | np.arange(articles, dtype=np.uint64))).all()
