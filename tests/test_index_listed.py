"""`dedup.index.banding`: half a signature serves to find and to estimate."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from dedup import kernels
from dedup.index.banding import agreement, band_keys, estimate, keys_for, limits_for
from dedup.settings import Settings
from dedup.stages.bands import choose
from dedup.stages.candidates import least_agreement

GENERATED = settings(deadline=None, max_examples=60)
VALUES = st.sampled_from([0, 1, 255, 256, 0x8000, 0xFFFF])


def matrices(slots: int) -> st.SearchStrategy[NDArray[np.uint16]]:
    """Some halves of signatures, of few values."""
    return st.integers(0, 8).flatmap(lambda count: arrays.arrays(np.uint16, (count, slots), elements=VALUES))


def of(*rows: list[int]) -> NDArray[np.uint16]:
    """Halves of signatures."""
    return np.array(rows, np.uint16)


def test_textbook_example() -> None:
    """Texts that agree in both slots of a band have its key in common, whatever the other slots hold."""
    keys = band_keys(of([1, 2, 3, 4], [1, 2, 5, 4], [7, 2, 3, 4]), rows=2, bands=2)
    assert (keys.dtype, keys.shape) == (np.uint32, (3, 2))
    assert keys[0, 0] == keys[1, 0] != keys[2, 0]
    assert keys[0, 1] == keys[2, 1] != keys[1, 1]


@GENERATED
@given(matrices(7), st.sampled_from([(1, 7), (2, 3), (3, 2), (7, 1), (3, 1)]))
def test_keys_are_equal_where_the_slots_are(signatures: NDArray[np.uint16], shape: tuple[int, int]) -> None:
    """Keys are those of the reference, and equal if and only if all slots of the band are."""
    rows, bands = shape
    keys = band_keys(signatures, rows, bands)
    parts = [[one[b * rows : (b + 1) * rows] for b in range(bands)] for one in signatures.tolist()]
    assert keys.tolist() == [[naive.band_key(part, b) for b, part in enumerate(some)] for some in parts]
    for i, j in combinations(range(len(keys)), 2):
        assert [x == y for x, y in zip(parts[i], parts[j], strict=True)] == (keys[i] == keys[j]).tolist()


def test_equal_slots_of_different_bands_have_different_keys() -> None:
    """A key is of one band: the same values elsewhere are another."""
    assert len(np.unique(band_keys(of([5] * 64), rows=2, bands=32))) == 32


def test_the_order_of_slots_counts() -> None:
    """Two slots that change places make another key."""
    assert len(np.unique(band_keys(of([1, 2], [2, 1], [3, 0], [0, 3]), rows=2, bands=1))) == 4


def test_keys_are_pinned() -> None:
    """Keys of a fixed signature: every index would have to be built anew if they changed."""
    signature = of([(257 * place) % 65_521 for place in range(16)])
    assert band_keys(signature, rows=2, bands=8).tolist() == [
        [59134045, 312212649, 2793437264, 1558967349, 1209984761, 4270396105, 869358629, 734492862]
    ]
    assert band_keys(signature, rows=5, bands=3).tolist() == [[4154919577, 389744821, 1471787621]]


def test_highest_bits_of_keys_are_even() -> None:
    """Buckets are made of the highest bits: of 20,000 keys of one value a slot, each of 16 has its share."""
    signatures = np.arange(20_000, dtype=np.uint32).astype(np.uint16).reshape(-1, 1)
    shares = np.bincount(band_keys(signatures, rows=1, bands=1)[:, 0] >> np.uint32(28), minlength=16)
    assert abs(shares - 1250).max() < 5 * 1250**0.5


@pytest.mark.parametrize("these", [Settings(), Settings.near_copies(), Settings(slots=100, threshold=0.4)])
def test_settings_choose_the_bands(these: Settings) -> None:
    """Keys are those of the bands that the batch pipeline chooses, too."""
    rng = np.random.default_rng(1)
    signatures = rng.integers(0, 2**16, (3, these.slots)).astype(np.uint16)
    shape = choose(these.threshold, these.slots, these.recall)
    assert keys_for(signatures, these).tolist() == band_keys(signatures, shape.rows, shape.bands).tolist()
    padding = -these.slots % 128
    assert limits_for(these).least == least_agreement(these.threshold, these.slots) + padding


@GENERATED
@given(matrices(9), arrays.arrays(np.uint16, 9, elements=VALUES))
def test_agreement_and_estimate_are_those_of_the_reference(many: NDArray[np.uint16], one: NDArray[np.uint16]) -> None:
    """Agreement counts equal lowest bytes, the estimate equal halves."""
    agreed: Any = agreement(one.astype(np.uint8), many.astype(np.uint8))
    assert agreed.dtype == np.int64
    assert agreed.tolist() == [naive.agreeing(one.tolist(), other) for other in many.tolist()]
    exact = [sum(x == y for x, y in zip(one.tolist(), other, strict=True)) / 9 for other in many.tolist()]
    assert estimate(one, many).tolist() == exact


def test_nobody_to_compare_with() -> None:
    """Of no signatures there are no keys and no estimates."""
    none = np.empty((0, 4), np.uint16)
    assert band_keys(none, 2, 2).shape == (0, 2)
    assert estimate(of([1, 2, 3, 4])[0], none).tolist() == []
    assert agreement(np.zeros(4, np.uint8), np.empty((0, 4), np.uint8)).tolist() == []


def test_a_kernel_is_compiled_once() -> None:
    """Signatures as they were made, as a database gives them, and slices run the same code: see `kernels.kernel`."""
    made = of([1, 2, 3, 4], [5, 6, 7, 8])
    stored = np.frombuffer(made.tobytes(), np.uint16).reshape(2, 4)
    for signatures in (made, stored, made[:, ::-1], stored[::2], made[:0]):
        band_keys(signatures, 2, 2)
        agreement(made.view(np.uint8)[0], np.ascontiguousarray(signatures).view(np.uint8))
        agreement(stored.view(np.uint8)[0], signatures.astype(np.uint8)[:, [0, 0, 1, 1, 2, 2, 3, 3]])
    assert len(kernels.band_keys.signatures) == len(kernels.look_alike.signatures) == 1
