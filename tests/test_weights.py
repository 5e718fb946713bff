"""`dedup.stages.weights`: shingles that many articles hold weigh little, rare ones much, and none nothing."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dedup.stages import frequencies
from dedup.stages.weights import Formula, Weights, prior_weights, weigh

GENERATED = settings(deadline=None, max_examples=100)


def key(bits: int, place: int = 0) -> int:
    """A shingle of this many quarter bits; no other has its hash, for a shingle has one surprisal."""
    return naive.mix(256 * place + bits + 1) & ~255 | bits


KEYS = st.builds(key, st.integers(0, 255), st.integers(0, 3))
SETS = st.lists(st.sets(KEYS, min_size=1, max_size=12).map(sorted), min_size=1, max_size=20)
Sets = list[list[int]]


def weighed(
    sets: Sets, *, each: int = 1, prior_articles: float = 1000.0, max_df: float = 0.03, **options: Any
) -> Weights:
    """Weights by these articles, `each` so many of them a batch."""
    batches = [sets[begin : begin + each] for begin in range(0, len(sets), each)]
    formula = Formula(len(sets), prior_articles, max_df)
    return weigh(batches, lambda batch: np.concatenate(list(map(array, batch))), formula, **options)


def array(keys: Iterable[int]) -> NDArray[np.uint64]:
    """Keys as the stages hold them."""
    return np.array(list(keys), np.uint64)


def of(found: Weights, keys: Iterable[int]) -> list[float]:
    """The weights of some shingles."""
    values = found.of(array(keys))
    assert values.dtype == np.float32
    return values.tolist()


def test_textbook_example() -> None:
    """Of two shingles as surprising as each other, the one in every article weighs less."""
    common, rare = key(80, 1), key(80, 2)
    found = weighed([[common, rare], [common], [common]])
    much, little = of(found, [rare, common])
    assert much > little
    assert much == pytest.approx(math.log(1004 / (1 + 1000 * naive.chance(20))), abs=2**-17)
    assert little == pytest.approx(math.log(1004 / (3 + 1000 * naive.chance(20))), abs=2**-17)


@GENERATED
@given(SETS, st.sampled_from([0.0, 1.0, 1000.0, 1e12]), st.sampled_from([1e-6, 0.02, 0.3, 1.0]))
def test_weights_are_those_of_the_reference(sets: Sets, prior_articles: float, max_df: float) -> None:
    """Kernel and reference agree for any sets, prior and max_df, to the last bit."""
    expected = naive.weigh(sets, prior_articles=prior_articles, max_df=max_df)
    assert of(weighed(sets, prior_articles=prior_articles, max_df=max_df), expected) == list(expected.values())


@GENERATED
@given(SETS, KEYS)
def test_a_shingle_that_nobody_holds_weighs_as_if_one_did(sets: Sets, other: int) -> None:
    """Weights are there for any shingle, of an article that was not counted, too."""
    held = {key for one in sets for key in one}
    if other not in held:
        alone = naive.grained(math.log((len(sets) + 1001) / (1 + 1000 * naive.chance((other & 255) / 4))))
        assert of(weighed(sets), [other]) == [alone]


def test_only_what_several_articles_hold_is_stored() -> None:
    """Ten shingles of two articles each are stored, ten thousand of one article each are not."""
    shared, alone = [key(100, place) for place in range(10)], [key(90, place) for place in range(10_000)]
    found = weighed([shared, [*shared, *alone]])
    assert np.count_nonzero(found.table) == 10
    assert len(found.table) < 100
    assert len(set(of(found, alone))) == 1
    assert len(set(of(found, shared))) == 1


def test_many_shared_shingles_are_all_found() -> None:
    """Where 50,000 shingles are stored, each has the weight of how many hold it, and no stranger has one of theirs."""
    several = {2: range(20_000), 3: range(20_000, 50_000)}
    sets = [
        [key(120, place) for held, places in several.items() if article < held for place in places]
        for article in range(3)
    ]
    found = weighed(sets * 40, max_df=1.0)
    for held, places in several.items():
        expected = naive.grained(math.log(1121 / (40 * held + 1000 * naive.chance(30))))
        assert set(of(found, (key(120, place) for place in places))) == {expected}
    alone = naive.grained(math.log(1121 / (1 + 1000 * naive.chance(30))))
    assert set(of(found, (key(120, place) for place in range(50_000, 100_000)))) == {alone}


@GENERATED
@given(SETS, st.sampled_from([0.0, 1.0, 1e12]))
def test_weights_are_above_zero(sets: Sets, prior_articles: float) -> None:
    """No shingle is worth nothing, even one that all articles hold."""
    everywhere = [sorted({*one, key(0)}) for one in sets]
    found = weighed(everywhere, prior_articles=prior_articles, max_df=1.0)
    assert min(of(found, {key for one in everywhere for key in one})) >= 2**-16


@GENERATED
@given(SETS, st.sampled_from([0.0, 1.0, 1e12]))
def test_weights_are_whole_grains(sets: Sets, prior_articles: float) -> None:
    """Every weight is a multiple of 2**-16, so that sums are exact in whatever order."""
    values = of(weighed(sets, prior_articles=prior_articles), {key for one in sets for key in one})
    assert all((value * 2**16).is_integer() for value in values)


@pytest.mark.parametrize(("articles", "bound"), [(2, 2), (3, 3), (50, 3), (100, 3), (200, 6), (1000, 30)])
def test_a_frequency_counts_up_to_three_percent_or_three(articles: int, bound: int) -> None:
    """In many articles, a campaign's own template is not counted away; in a few, three may share one."""
    found = of(weighed([[key(255)]] * articles), [key(255)])
    assert found == pytest.approx([math.log((articles + 1001) / (bound + 1000 * naive.chance(63.75)))], abs=2**-17)


@pytest.mark.parametrize(
    ("parts", "group", "each", "threads"), [(1, 1, 1, 1), (64, 64, 7, 3), (2, 3, 60, 2), (256, 5, 2, 2)]
)
def test_parts_batches_and_threads_do_not_matter(
    monkeypatch: pytest.MonkeyPatch, parts: int, group: int, each: int, threads: int
) -> None:
    """However articles and hash space are parted, the weights are the same to the last bit."""
    rng = np.random.default_rng(5)
    universe = np.array(
        [naive.mix(int(place)) for place in rng.integers(0, 1 << 60, 3000)] + [0, (1 << 64) - 1], np.uint64
    )
    sets = [rng.choice(universe, 200, replace=False).tolist() for _ in range(59)]
    sets.append(sorted(set(universe.tolist()) - {key for one in sets for key in one}))
    whole = weighed(sets).of(universe)
    expected = naive.weigh(sets)
    assert whole.tolist() == [expected[key] for key in universe.tolist()]
    told: list[tuple[int, int]] = []
    monkeypatch.setattr(frequencies, "PARTS", parts)
    monkeypatch.setattr(frequencies, "GROUP", group)
    parted = weighed(sets, each=each, threads=threads, progress=lambda *numbers: told.append(numbers))
    assert parted.of(universe).tobytes() == whole.tobytes()
    batches = -(-60 // each)
    assert [total for _, total in told] == [batches] * len(told)
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert told[-1][0] == batches


def test_tables_grow_in_the_middle_of_a_batch() -> None:
    """Fifty thousand shingles in one batch, each of two articles, are counted once each time."""
    keys = [key(200, place) for place in range(50_000)]
    sets = [keys, keys[::-1]]
    for each in (1, 2):
        found = weighed(sets, each=each)
        assert np.count_nonzero(found.table) == len(keys)
        assert set(of(found, keys)) == {naive.grained(math.log(1003 / (2 + 1000 * naive.chance(50))))}


def test_the_order_of_articles_does_not_matter() -> None:
    """A weight belongs to the shingle, whichever article it is read from, and wherever in it."""
    sets = [sorted({key(40 + place % 9, place) for place in range(begin, begin + 9)}) for begin in range(0, 60, 4)]
    every = {key for one in sets for key in one}
    assert of(weighed(sets), every) == of(weighed([one[::-1] for one in sets[::-1]]), every)


def test_no_articles() -> None:
    """Of nothing there are weights, too: those of the prior."""
    nothing = weigh([], array, Formula(0, 1000.0, 0.03))
    assert nothing.of(array([])).tolist() == []
    assert of(nothing, [key(255)]) == [naive.grained(math.log(1001 / (1 + 1000 * naive.chance(63.75))))]
    assert of(weighed([[], []]), []) == []


@pytest.mark.parametrize("prior_articles", [0.0, 1.0, 1000.0, 1e12])
def test_prior_weights_are_those_of_an_article_by_itself(prior_articles: float) -> None:
    """Without a corpus every shingle counts as seen once, in one article."""
    keys = [key(bits) for bits in range(256)]
    alone = of(prior_weights(prior_articles), keys)
    assert alone == of(weighed([keys], prior_articles=prior_articles), keys)
    assert alone == list(naive.weigh([keys], prior_articles=prior_articles).values())
    assert min(alone) > 0


def test_rarer_shingles_weigh_more() -> None:
    """The more bits, the more weight, from almost nothing to the logarithm of the prior."""
    by_bits = of(prior_weights(1000.0), (key(bits) for bits in range(256)))
    assert (np.diff(by_bits) >= 0).all()
    assert by_bits[0] < 0.001
    assert by_bits[255] == pytest.approx(math.log(1002), rel=1e-4)
