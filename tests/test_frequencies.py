"""`dedup.stages.frequencies`: exact counts, and a sketch whose counts are never too low."""

from __future__ import annotations

from collections import Counter

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dedup.stages.frequencies import PARTS, Counts, Sketch, count
from dedup.stages.weights import Formula, SketchWeights, weigh, weigh_sketch

GENERATED = settings(deadline=None, max_examples=60)
KEYS = st.builds(lambda place, bits: naive.mix(place) & ~255 | bits, st.integers(1, 300), st.integers(0, 255))
SETS = st.lists(st.sets(KEYS, min_size=1, max_size=30).map(sorted), min_size=1, max_size=20)
Sets = list[list[int]]


def array(keys: list[int]) -> NDArray[np.uint64]:
    """Keys as the stages hold them."""
    return np.array(keys, np.uint64)


def sketched(sets: Sets, bits: int = 16, threads: int = 1) -> Sketch:
    """A sketch of these articles."""
    sketch = Sketch(bits)
    count(sets, array, sketch, threads=threads)
    return sketch


def held(sketch: Sketch, key: int) -> int:
    """The count of a shingle, looked up in the plainest way."""
    width = sketch.cells.shape[1].bit_length() - 1
    return int(sketch.cells[key >> 8 & PARTS - 1, key >> 64 - width])


def seen(sets: Sets) -> Counter[int]:
    """How many articles hold each shingle."""
    return Counter(key for keys in sets for key in keys)


@GENERATED
@given(SETS, st.integers(1, 2))
def test_exact_counts_are_those_of_shingles_that_several_articles_hold(sets: Sets, threads: int) -> None:
    """No more, no fewer."""
    counts = Counts()
    count(sets, array, counts, threads=threads)
    keys, numbers = counts.shared()
    assert dict(zip(keys.tolist(), numbers.tolist(), strict=True)) == {k: n for k, n in seen(sets).items() if n > 1}


@GENERATED
@given(SETS, st.integers(1, 2))
def test_a_sketch_never_counts_too_low(sets: Sets, threads: int) -> None:
    """It counts too high only where shingles share a cell, so all cells add up to all that was counted."""
    sketch = sketched(sets, threads=threads)
    assert all(held(sketch, key) >= number for key, number in seen(sets).items())
    assert sketch.cells.sum() == seen(sets).total()


@GENERATED
@given(SETS, SETS)
def test_the_sketch_of_two_corpora_is_the_sum_of_theirs(one: Sets, other: Sets) -> None:
    """So parts of a corpus may be counted anywhere."""
    assert (sketched(one).cells + sketched(other).cells == sketched(one + other).cells).all()


@GENERATED
@given(SETS, SETS)
def test_articles_are_counted_down_again(one: Sets, other: Sets) -> None:
    """As those of a file that has changed."""
    sketch = sketched(one + other)

    sketch.step = -1
    count(other, array, sketch)
    assert (sketch.cells == sketched(one).cells).all()


@GENERATED
@given(SETS, st.sampled_from([0.0, 1000.0]), st.sampled_from([0.02, 0.5]))
def test_weights_of_a_sketch_without_collisions_are_exact(sets: Sets, prior_articles: float, max_df: float) -> None:
    """As long as counts are below 64."""
    keys = sorted(seen(sets))
    cells = {(key >> 8 & PARTS - 1, key >> 64 - 18) for key in keys}
    if len(cells) < len({key >> 8 for key in keys}) or len({key >> 8 for key in keys}) < len(keys):
        return  # some share a cell
    formula = Formula(len(sets), prior_articles, max_df)
    exact, found = weigh(sets, array, formula), weigh_sketch(sketched(sets, 24), formula)
    assert found.of(array(keys)).tolist() == exact.of(array(keys)).tolist()


@pytest.mark.parametrize("number", [63, 64, 65, 100, 1_000, 12_345, 1_000_000])
def test_weights_of_large_counts_are_nearly_exact(number: int) -> None:
    """A code stands for an eighth of an octave."""
    sketch, key = Sketch(16), naive.mix(7) & ~255 | 80
    sketch.cells[key >> 8 & PARTS - 1, key >> 64 - 10] = number
    found: SketchWeights = weigh_sketch(sketch, Formula(10_000_000, 1000.0, 1.0))
    expected = np.log((10_000_000 + 1001) / (number + 1000 * naive.chance(20)))
    assert float(found.of(array([key]))[0]) == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize(
    ("characters", "most_bytes", "bits"),
    [(0, 1 << 28, 16), (1, 1 << 28, 16), (1 << 20, 1 << 28, 20), ((1 << 20) + 1, 1 << 28, 21), (10**12, 1 << 28, 26)],
)
def test_a_sketch_has_a_cell_a_character_while_there_is_room(characters: int, most_bytes: int, bits: int) -> None:
    """And at least 65,536."""
    assert Sketch.bits_for(characters, most_bytes) == bits
