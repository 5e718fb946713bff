"""`dedup.weights`: shingles that many articles hold weigh little, rare ones much, and none nothing."""

from __future__ import annotations

import math
from typing import Any

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup import weights
from dedup.weights import prior_weights, weigh

GENERATED = settings(deadline=None, max_examples=100)
KEYS = st.builds(lambda place, bits: naive.mix(place + 1) & ~255 | bits, st.integers(0, 40), st.integers(0, 255))
SETS = st.lists(st.sets(KEYS, min_size=1, max_size=12).map(sorted), min_size=1, max_size=20)


def flat(sets: list[list[int]]) -> tuple[Any, Any, Any]:
    """The sets one after the other, and where each begins and ends."""
    offsets = np.cumsum([0, *map(len, sets)])
    return np.array([key for one in sets for key in one], np.uint64), offsets[:-1], offsets[1:]


def key(bits: int, place: int = 0) -> int:
    """A shingle of this many quarter bits."""
    return naive.mix(place + 1) & ~255 | bits


def test_textbook_example() -> None:
    """Of two shingles as surprising as each other, the one in every article weighs less."""
    common, rare = sorted([key(80, 1), key(80, 2)])
    weighed = weigh(*flat([[common, rare], [common], [common]]))
    assert weighed.dtype == np.float32
    assert weighed[0] == weighed[2] == weighed[3] < weighed[1]
    assert weighed[1] == pytest.approx(math.log(1004 / (1 + 1000 * naive.chance(20))), rel=1e-6)


@GENERATED
@given(SETS, st.sampled_from([0.0, 1.0, 1000.0, 1e12]), st.sampled_from([1e-6, 0.02, 0.3, 1.0]))
def test_weights_are_those_of_the_reference(sets: list[list[int]], prior: float, ceiling: float) -> None:
    """Kernel and reference agree for any sets, prior and ceiling."""
    keys, starts, stops = flat(sets)
    expected = naive.weigh(sets, prior=prior, ceiling=ceiling)
    weighed = weigh(keys, starts, stops, prior=prior, ceiling=ceiling)
    assert weighed.tolist() == pytest.approx([expected[key] for key in keys.tolist()], rel=1e-5, abs=1e-7)


@GENERATED
@given(SETS, st.sampled_from([0.0, 1.0, 1e12]))
def test_weights_are_above_zero(sets: list[list[int]], prior: float) -> None:
    """No shingle is worth nothing, even one that all articles hold."""
    everywhere = [sorted({*one, key(0)}) for one in sets]
    assert (weigh(*flat(everywhere), prior=prior, ceiling=1.0) > 0).all()


@pytest.mark.parametrize(("articles", "bound"), [(2, 2), (3, 3), (50, 3), (150, 3), (200, 4), (1000, 20)])
def test_a_frequency_counts_up_to_two_percent_or_three(articles: int, bound: int) -> None:
    """In many articles, a campaign's own template is not counted away; in a few, three may share one."""
    weighed = weigh(*flat([[key(255)]] * articles))
    assert weighed.tolist() == pytest.approx(
        [math.log((articles + 1001) / (bound + 1000 * naive.chance(63.75)))] * articles
    )


@pytest.mark.parametrize(("part_keys", "threads"), [(10, 1), (10, 3), (100, 2), (1 << 19, 2)])
def test_parts_and_threads_do_not_matter(monkeypatch: pytest.MonkeyPatch, part_keys: int, threads: int) -> None:
    """However the hash space is parted, the weights are the same to the last bit."""
    rng = np.random.default_rng(5)
    universe = [naive.mix(int(place)) for place in rng.integers(0, 1 << 60, 300)] + [0, (1 << 64) - 1]
    sets = [sorted(rng.choice(np.array(universe, np.uint64), 20, replace=False).tolist()) for _ in range(60)]
    whole = weigh(*flat(sets))
    told: list[tuple[int, int]] = []
    monkeypatch.setattr(weights, "PART_KEYS", part_keys)
    monkeypatch.setattr(weights, "LEAST_SHARE", 0)
    parted = weigh(*flat(sets), threads=threads, progress=lambda *numbers: told.append(numbers))
    assert parted.tobytes() == whole.tobytes()
    assert told[-1][0] == told[-1][1] == len(told)
    assert len(told) >= 1200 // part_keys


def test_the_order_of_articles_does_not_matter() -> None:
    """A weight belongs to the shingle, whichever article it is read from."""
    sets = [sorted({key(40 + place % 9, place) for place in range(begin, begin + 9)}) for begin in range(0, 60, 4)]
    forth, back = (dict(zip(flat(s)[0].tolist(), weigh(*flat(s)).tolist(), strict=True)) for s in (sets, sets[::-1]))
    assert forth == back


def test_only_the_articles_given_count() -> None:
    """What no article points to is neither counted nor weighed."""
    keys, starts, stops = flat([[key(80)], [key(80)], [key(80)]])
    assert weigh(keys, starts[1:2], stops[1:2]).tolist() == [0, weigh(*flat([[key(80)]]))[0], 0]


def test_no_articles() -> None:
    """Of nothing the weights are nothing."""
    assert weigh(*flat([])).tolist() == []
    assert weigh(*flat([[], []])).tolist() == []


@pytest.mark.parametrize("prior", [0.0, 1.0, 1000.0, 1e12])
def test_prior_weights_are_those_of_an_article_by_itself(prior: float) -> None:
    """Without a corpus every shingle counts as seen once, in one article."""
    keys = sorted(key(bits, bits) for bits in range(256))
    alone = prior_weights(np.array(keys, np.uint64), prior=prior)
    assert alone.dtype == np.float32
    assert alone.tobytes() == weigh(*flat([keys]), prior=prior).tobytes()
    assert (alone > 0).all()


def test_rarer_shingles_weigh_more() -> None:
    """The more bits, the more weight, from almost nothing to the logarithm of the prior."""
    by_bits = prior_weights(np.array([key(bits) for bits in range(256)], np.uint64))
    assert (np.diff(by_bits) >= 0).all()
    assert by_bits[0] < 0.001
    assert by_bits[255] == pytest.approx(math.log(1002), rel=1e-4)
