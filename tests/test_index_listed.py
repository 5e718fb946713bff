"""`dedup.index.listed`: keys and a few bits of a signature serve to find and to estimate."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from dedup.index import listed as listing
from dedup.index.listed import SLOTS, WINDOW, Listed, agreement, by_bands, estimate, kind, rules, stored
from dedup.settings import Settings
from dedup.stages import runs
from dedup.stages.bands import Bands, choose
from dedup.stages.candidates import LOOKED_AT, least_agreement

GENERATED = settings(deadline=None, max_examples=60)
VALUES = st.sampled_from([0, 1, 255, 256, 0x8000, 0xFFFF])
NEAR = Settings.near_copies()


def matrices(slots: int) -> st.SearchStrategy[NDArray[np.uint16]]:
    """Some halves of signatures, of few values."""
    return st.integers(0, 8).flatmap(lambda count: arrays.arrays(np.uint16, (count, slots), elements=VALUES))


def of(*rows: list[int]) -> NDArray[np.uint16]:
    """Halves of signatures."""
    return np.array(rows, np.uint16)


def band_keys(signatures: NDArray[np.uint16], rows: int, bands: int) -> NDArray[np.uint32]:
    """The keys of bands of so many slots, (n, bands)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(listing, "choose", lambda *_: Bands(bands, rows))
        found = by_bands(signatures, NEAR)
    assert found.signatures is signatures
    assert found.starts.tolist() == [bands * text for text in range(len(signatures) + 1)]
    return found.keys.reshape(-1, bands)


def some(*keys: Sequence[int]) -> Listed:
    """Texts with these keys, and signatures that tell them apart."""
    signatures = np.arange(len(keys) * 4, dtype=np.uint8).reshape(len(keys), 4)
    return Listed.of(signatures, [np.array(one, np.uint32) for one in keys])


def keys_of(texts: Listed) -> list[list[int]]:
    """The keys of each text."""
    return [texts.keys_of(row).tolist() for row in range(len(texts.signatures))]


# --- keys of bands ------------------------------------------------------------------------------------------------


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


# --- what the settings say ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("these", [NEAR, Settings.near_copies(slots=100, threshold=0.4)])
def test_settings_choose_the_bands(these: Settings) -> None:
    """For near copies keys are those of the bands that the batch pipeline chooses; so are those of what is stored."""
    rng = np.random.default_rng(1)
    signatures = rng.integers(0, 2**16, (3, these.slots)).astype(np.uint16)
    shape = choose(these.threshold, these.slots, these.recall)
    expected = band_keys(signatures, shape.rows, shape.bands)
    none = [np.empty(0, np.uint32)] * 3
    for found in (by_bands(signatures, these), stored(signatures, none, these)):
        assert found.keys.reshape(3, -1).tolist() == expected.tolist()
        assert found.signatures.tolist() == signatures.tolist()


def test_stored_keys_are_those_of_runs() -> None:
    """Where shingles are weighed, keys are as they were stored, some texts with none."""
    signatures, keys = np.zeros((3, 16), np.uint8), [[5, 6, 7], [], [2**32 - 1]]
    found = stored(signatures, [np.array(one, np.uint32) for one in keys], Settings(slots=16))
    assert keys_of(found) == keys
    assert found.starts.tolist() == [0, 3, 3, 4]


@pytest.mark.parametrize(
    "these", [Settings(), Settings(slots=100, threshold=0.4), Settings(slots=384), Settings(slots=385), NEAR]
)
def test_settings_say_what_is_similar(these: Settings) -> None:
    """At most so many slots are compared; as many must agree as in the batch pipeline with signatures of so many."""
    assert (kind(Settings()), kind(NEAR), SLOTS) == (np.uint8, np.uint16, 384)
    slots, found = min(these.slots, SLOTS), rules(these)
    assert found.least == least_agreement(these.threshold, slots) + -slots % 128
    assert (found.since, found.apart, found.bucket_cap) == (0, False, these.bucket_cap)
    few = (runs.LOOKED_AT, runs.FOR_EACH)
    assert (found.looked_at, found.for_each) == (few if these.weighted else (LOOKED_AT * these.bucket_cap, 0))
    texts = Listed.of(np.ones((2, these.slots), kind(these)), [np.empty(0, np.uint32)] * 2)
    assert texts.sketches.tolist() == [[1] * slots + [0] * (-slots % 128)] * 2


@pytest.mark.parametrize("width", [1, 2, 6, 15])
def test_runs_are_as_wide_as_in_memory_and_fewer(width: int) -> None:
    """Of every twenty one is a key, and not of every twelve."""
    mine, theirs = listing.winnowing(Settings(width=width)), runs.winnowing(width)
    assert (mine.window, theirs.window, WINDOW) == (20, 12, 20)
    assert mine._replace(window=12) == theirs


# --- some of the texts --------------------------------------------------------------------------------------------


@GENERATED
@given(st.lists(st.lists(st.integers(0, 2**32 - 1), max_size=5), max_size=6), st.data())
def test_texts_are_taken_with_their_keys(keys: list[list[int]], data: st.DataObject) -> None:
    """However many keys each has: all of them, a part from one place to another, or any of them in any order."""
    texts = some(*keys)
    assert keys_of(texts) == keys
    begin, end = sorted(data.draw(st.tuples(*[st.integers(0, len(keys))] * 2)))
    part = texts.part(begin, end)
    assert (keys_of(part), part.starts[0]) == (keys[begin:end], 0)
    assert part.signatures.tolist() == texts.signatures[begin:end].tolist()
    rows = data.draw(st.lists(st.integers(0, len(keys) - 1), max_size=8)) if keys else []
    taken = texts.take(rows)
    assert keys_of(taken) == [keys[row] for row in rows]
    assert taken.signatures.tolist() == [texts.signatures[row].tolist() for row in rows]


# --- estimates ----------------------------------------------------------------------------------------------------


@GENERATED
@given(matrices(9), arrays.arrays(np.uint16, 9, elements=VALUES), st.sampled_from([np.uint8, np.uint16]))
def test_agreement_and_estimate_are_those_of_the_reference(
    many: NDArray[np.uint16], one: NDArray[np.uint16], slot: type
) -> None:
    """Agreement counts equal lowest bytes, the estimate equal slots, without those that are equal by chance."""
    agreed: Any = agreement(one.astype(np.uint8), many.astype(np.uint8))
    assert agreed.dtype == np.int64
    assert agreed.tolist() == [naive.agreeing(one.tolist(), other) for other in many.tolist()]
    left, right, chance = one.astype(slot), many.astype(slot), 1 / (np.iinfo(slot).max + 1)
    equal = [sum(x == y for x, y in zip(left.tolist(), other, strict=True)) / 9 for other in right.tolist()]
    expected = [max(0.0, (share - chance) / (1 - chance)) for share in equal]
    assert estimate(left, right).tolist() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("slot", [np.uint8, np.uint16])
@pytest.mark.parametrize("similarity", [0.02, 0.1, 0.3, 0.7, 1.0])
def test_estimates_are_unbiased(slot: type, similarity: float) -> None:
    """Over many drawn signatures their mean is the similarity, although one byte in 256 is equal by chance."""
    rng = np.random.default_rng(1)
    one = rng.integers(0, 2**32, 1024)
    same = rng.random((4000, 1024)) < similarity
    many = np.where(same, one, rng.integers(0, 2**32, same.shape))
    error = (similarity * (1 - similarity) / same.size) ** 0.5
    found = estimate(one.astype(slot), many.astype(slot))
    assert found.mean() == pytest.approx(similarity, abs=4 * error + 1e-5)
    chance = 1 / (np.iinfo(slot).max + 1)
    with_chance = found.mean() * (1 - chance) + chance
    assert slot is np.uint16 or similarity == 1 or with_chance - similarity > 4 * error, "else this would say little"


def test_nobody_to_compare_with() -> None:
    """Of no signatures there are no keys and no estimates."""
    none = np.empty((0, 4), np.uint16)
    assert band_keys(none, 2, 2).shape == (0, 2)
    assert estimate(of([1, 2, 3, 4])[0], none).tolist() == []
    assert agreement(np.zeros(4, np.uint8), np.empty((0, 4), np.uint8)).tolist() == []
    assert (keys_of(some()), some().starts.tolist(), some().sketches.shape) == ([], [0], (0, 128))


def test_where_arrays_come_from_does_not_matter() -> None:
    """Signatures as they were made, as a database gives them, and slices run in the same kernels."""
    made = of([1, 2, 3, 4], [5, 6, 7, 8])
    stored = np.frombuffer(made.tobytes(), np.uint16).reshape(2, 4)
    for signatures in (made, stored, made[:, ::-1], stored[::2], made[:0]):
        band_keys(signatures, 2, 2)
        agreement(made.view(np.uint8)[0], np.ascontiguousarray(signatures).view(np.uint8))
        agreement(stored.view(np.uint8)[0], signatures.astype(np.uint8)[:, [0, 0, 1, 1, 2, 2, 3, 3]])
