"""`dedup.stages.pairs`: the similarity of any two articles is exact, however the work is parted."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dedup.stages.pairs import Sets, compare, contain, verify

Weighted = dict[int, float]
Pairs = list[tuple[int, int]]
KEYS = [naive.mix(number + 1) for number in range(60_000)]
WEIGHTS = {key: naive.grained(0.1 + 7 * naive.mix(key) / 2**64) for key in KEYS}


def loader(sets: list[Weighted], lengths: list[int] | None = None) -> Callable[[NDArray[np.int64]], Sets]:
    """What makes the sets of some articles, in their order; ordinary ones where nothing is said of their lengths."""
    characters = np.array(lengths or [0] * len(sets), np.int64)
    weights = {key: weight for one in sets for key, weight in one.items()}

    def weigh(keys: NDArray[np.uint64]) -> NDArray[np.float32]:
        return np.array([weights[key] for key in keys.tolist()], np.float32)

    def load(numbers: NDArray[np.int64]) -> Sets:
        some = [sets[number] for number in numbers.tolist()]
        keys = np.array([key for one in some for key in one], np.uint64)
        offsets = np.cumsum([0, *map(len, some)])
        return Sets(keys, weigh, offsets[:-1], offsets[1:], characters[numbers])

    return load


def similarities(
    sets: list[Weighted], pairs: Pairs, *, lengths: list[int] | None = None, **options: Any
) -> list[float]:
    """The similarity of some pairs."""
    left, right = np.array(pairs, np.int64).reshape(-1, 2).T
    sizes = np.array([len(one) for one in sets], np.int64)
    found = verify(loader(sets, lengths), left, right, sizes, **options)
    assert found.dtype == np.float64
    return found.tolist()


def exact(sets: list[Weighted], pairs: Pairs) -> list[float]:
    """The same by the reference."""
    return [naive.jaccard(sets[i], sets[j]) for i, j in pairs]


def families(seed: int, *, count: int = 40, size: int = 5, shingles: int = 120) -> list[Weighted]:
    """Families that share from next to nothing to nearly everything with their kin, and chatter with all."""
    rng = np.random.default_rng(seed)
    sets = []
    for family in range(count):
        own = 1000 + family * 1000
        shared = round(shingles * (family + 1) / (count + 1))
        for member in range(size):
            chatter = rng.choice(800, 10, replace=False).tolist()
            alone = own + 130 * (member + 1)
            numbers = [*range(own, own + shared), *range(alone, alone + shingles - shared), *chatter]
            sets.append({KEYS[number]: WEIGHTS[KEYS[number]] for number in rng.permutation(numbers).tolist()})
    return sets


def test_textbook_example() -> None:
    """Two articles that share three of their four shingles are similar by 3 / 5, by weight by more or less."""
    alike = [dict.fromkeys(map(KEYS.__getitem__, numbers), 1.0) for numbers in ([0, 1, 2, 3], [1, 2, 3, 4], [9])]
    assert similarities(alike, [(0, 1), (1, 2)]) == [3 / 5, 0]
    weighed = [{1 << 60: 8.0, 2 << 60: 1.0}, {2 << 60: 1.0, 3 << 60: 1.0}]
    assert similarities(weighed, [(0, 1)]) == [1 / 10]


def test_similarities_are_those_of_the_reference() -> None:
    """Every pair of 100 articles, in either order and with itself, to the last bit."""
    sets = families(5, count=20)
    every = [(i, j) for i in range(100) for j in range(100)]
    found = similarities(sets, every)
    assert found == exact(sets, every)
    assert found == similarities(sets, [(j, i) for i, j in every])
    assert sum(0.1 < similarity < 1 for similarity in found) > 300


WEIGHTED = st.dictionaries(st.sampled_from(KEYS[:40]), st.floats(0.0009765625, 1000, width=32), min_size=1, max_size=20)


@settings(deadline=None, max_examples=150)
@given(WEIGHTED, WEIGHTED)
def test_verify_is_exact_on_any_sets(a: Weighted, b: Weighted) -> None:
    """Identical sets are exactly 1, whatever they weigh; disjoint ones exactly 0; all others between."""
    b = b | {key: weight for key, weight in a.items() if key in b}
    disjoint = {key ^ 1: weight for key, weight in a.items()}
    found = similarities([a, b, a, disjoint], [(0, 1), (0, 2), (0, 3)])
    assert found == pytest.approx([naive.jaccard(a, b), 1, 0], abs=1e-9)
    assert found[1:] == [1.0, 0.0]
    assert 0 <= found[0] <= 1


@settings(deadline=None, max_examples=100)
@given(
    st.lists(
        st.sets(st.integers(0, 30).map(KEYS.__getitem__), max_size=20).map(
            lambda keys: {key: WEIGHTS[key] for key in keys}
        ),
        min_size=1,
        max_size=12,
    ),
    st.data(),
)
def test_any_pairs_in_any_tiles(sets: list[Weighted], data: st.DataObject) -> None:
    """Any pairs of any sets in any order, some twice, some of nothing, in tiles of any size."""
    number = st.integers(0, len(sets) - 1)
    pairs = data.draw(st.lists(st.tuples(number, number), max_size=40))
    most = data.draw(st.sampled_from([1, 7, 40, 1 << 20]))
    assert similarities(sets, pairs, most=most) == exact(sets, pairs)


@pytest.mark.parametrize(("most", "threads"), [(1, 1), (300, 1), (1000, 3), (5000, 2), (1 << 20, 2)])
def test_tiles_and_threads_do_not_matter(most: int, threads: int) -> None:
    """However articles and pairs are parted, the similarities are the same to the last bit."""
    sets = families(4)
    rng = np.random.default_rng(4)
    pairs = [*combinations(range(60), 2), *map(tuple, rng.integers(0, len(sets), (2000, 2)).tolist())]
    pairs = [pairs[place] for place in rng.permutation(len(pairs)).tolist()]
    assert similarities(sets, pairs, most=most, threads=threads) == exact(sets, pairs)


@pytest.mark.parametrize("most", [1, 1000])
def test_only_the_articles_of_a_tile_are_made_at_a_time(most: int) -> None:
    """What is loaded together is never more than a tile or two articles, every article once, none without a pair."""
    sets = families(8)
    asked: list[list[int]] = []

    def load(numbers: NDArray[np.int64]) -> Sets:
        asked.append(numbers.tolist())
        return loader(sets)(numbers)

    rng = np.random.default_rng(8)
    left, right = np.sort(rng.integers(0, 150, (2, 600)), axis=0)
    verify(load, left, right, np.array([len(one) for one in sets]), most=most)
    for numbers in asked:
        assert len(set(numbers)) == len(numbers)
        assert sum(len(sets[number]) for number in numbers) <= most or len(numbers) <= 2
    assert {number for numbers in asked for number in numbers} == {*left.tolist(), *right.tolist()}
    assert len(asked) > 1


def test_pairs_of_one_family_are_made_together() -> None:
    """Where articles are alike in families, however they lie, each is made about once."""
    sets = families(9, count=30, size=10)
    order = np.random.default_rng(9).permutation(300)
    made = 0

    def load(numbers: NDArray[np.int64]) -> Sets:
        nonlocal made
        made += len(numbers)
        return loader([sets[number] for number in np.argsort(order)])(numbers)

    left, right = order[[(10 * f + i, 10 * f + j) for f in range(30) for i, j in combinations(range(10), 2)]].T
    sizes = np.array([len(one) for one in sets])
    found = verify(load, left, right, sizes, most=5200)
    assert made < 1.1 * len(sets)
    assert found.min() > 0


def test_large_sets_and_small() -> None:
    """Sets of one shingle and of fifty thousand, each against each, in which a few are shared or all."""
    large = dict.fromkeys(KEYS[:50_000], 1.5)
    middle = dict.fromkeys(KEYS[49_000:51_000], 1.5)
    sets = [large, middle, {KEYS[7]: 1.5}, {KEYS[59_999]: 1.5}, dict(reversed(large.items()))]
    every = [(i, j) for i in range(5) for j in range(5)]
    assert similarities(sets, every) == exact(sets, every)
    assert similarities(sets, [(0, 4), (0, 1), (0, 2), (0, 3)]) == [1, 1000 / 51_000, 1 / 50_000, 0]


def test_keys_that_are_hard_to_tell_apart() -> None:
    """Hashes that begin alike, or end alike, or are the largest of all, are different shingles."""
    near = [2**64 - 1 - place for place in range(50)]
    far = [(place << 56) + 5 for place in range(50)]
    for keys in (near, far):
        sets = [dict.fromkeys(keys[begin:end], 1.0) for begin, end in ((0, 50), (0, 25), (25, 50), (20, 30))]
        every = [(i, j) for i in range(4) for j in range(4)]
        assert similarities(sets, every) == exact(sets, every)


def test_a_hash_of_zero_is_a_hash_like_others() -> None:
    """A shingle whose hash is 0 is shared with those that have it, and not with those that have none."""
    sets = [{0: 1.0}, {0: 1.0, 15 << 60: 1.0}, {15 << 60: 1.0}]
    every = [(i, j) for i in range(3) for j in range(3)]
    assert similarities(sets, every) == exact(sets, every)


def test_communities_of_one_component_are_made_together() -> None:
    """Where all articles hang together, by pairs of strangers, those that have most partners in common are together."""
    rng = np.random.default_rng(3)
    order = rng.permutation(600)
    sets = [dict.fromkeys(KEYS[place : place + 100], 1.0) for place in range(600)]
    kin = [(20 * f + i, 20 * f + j) for f in range(30) for i, j in combinations(range(20), 2)]
    strangers = [(20 * f, 20 * f + 20) for f in range(29)]
    left, right = order[[*kin, *strangers]].T
    made = 0

    def load(numbers: NDArray[np.int64]) -> Sets:
        nonlocal made
        made += len(numbers)
        return loader(sets)(numbers)

    verify(load, left, right, np.full(600, 100), most=10_000)
    assert made < 1.3 * len(sets)


@settings(deadline=None, max_examples=100)
@given(
    st.lists(st.tuples(st.sets(st.integers(0, 40), max_size=25), st.sampled_from([0, 4500, 10**9])), min_size=1),
    st.sampled_from([0.0, 20.0]),
    st.data(),
)
def test_groups_do_not_matter(drawn: list[tuple[set[int], int]], evidence: float, data: st.DataObject) -> None:
    """Shingle by shingle or group by group, pairs have the same similarity, which is that of the reference."""
    sets = [{KEYS[number]: WEIGHTS[KEYS[number]] for number in numbers} for numbers, _ in drawn]
    lengths = [length for _, length in drawn]
    number = st.integers(0, len(sets) - 1)
    pairs = data.draw(st.lists(st.tuples(number, number), min_size=1, max_size=60))
    loaded = loader(sets, lengths)(np.arange(len(sets)))
    grouped, alone = (
        compare(loaded, np.array(pairs, np.int32), evidence=evidence, few=few).tolist() for few in (0, 1 << 40)
    )
    assert grouped == alone
    assert grouped == [
        naive.similarity(sets[i], sets[j], lengths=(lengths[i], lengths[j]), evidence=evidence) for i, j in pairs
    ]


def test_groups_of_long_sets_do_not_matter() -> None:
    """The same where sets are long enough that weights fall, and share runs of shingles with some and not with all."""
    sets = [
        {KEYS[k]: WEIGHTS[KEYS[k]] for k in (*range(100 * i, 100 * i + 2000 + 500 * (i % 3)), *range(i % 4, 9000, 7))}
        for i in range(12)
    ]
    lengths = [3000 + 2500 * (i % 5) for i in range(12)]
    pairs = np.array([(i, j) for i in range(12) for j in range(12)], np.int32)
    loaded = loader(sets, lengths)(np.arange(12))
    grouped, alone = (compare(loaded, pairs, few=few).tolist() for few in (0, 1 << 40))
    expected = [naive.similarity(sets[i], sets[j], lengths=(lengths[i], lengths[j])) for i, j in pairs.tolist()]
    assert grouped == alone == expected


LENGTHS = st.sampled_from([0, 50, 3999, 4000, 4001, 6000, 40_000, 10**9])


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.sets(st.integers(0, 6000), max_size=3), LENGTHS), min_size=2, max_size=5), st.data())
def test_lengths_and_evidence_are_those_of_the_reference(
    drawn: list[tuple[set[int], int]], data: st.DataObject
) -> None:
    """Long texts and ordinary ones, with next to nothing in common and with nearly all, to the last bit."""
    evidence = data.draw(st.sampled_from([0.0, 1.0, 136.0, 5000.0, 1e9]))
    lengths = [length for _, length in drawn]
    sets = [
        {KEYS[k]: WEIGHTS[KEYS[k]] for number in sorted(numbers) for k in range(number, number + 1000 * place)}
        for place, (numbers, _) in enumerate(drawn)
    ]
    every = [(i, j) for i in range(len(sets)) for j in range(len(sets))]
    found = similarities(sets, every, lengths=lengths, evidence=evidence)
    assert found == [
        naive.similarity(sets[i], sets[j], lengths=(lengths[i], lengths[j]), evidence=evidence) for i, j in every
    ]


def test_what_a_pair_must_share_falls_as_it_is_more_alike() -> None:
    """Ten of fifteen shingles of a nat are 2/3: enough where a third of 30 is asked for, and not where it is more."""
    one, other = (dict.fromkeys(KEYS[begin:end], 1.0) for begin, end in ((0, 10), (0, 15)))
    assert similarities([one, other], [(0, 1)], evidence=29.9) == [10 / 15]
    assert similarities([one, other], [(0, 1)], evidence=30.1) == [0]
    assert similarities([one, dict(one)], [(0, 1)], evidence=1e9) == [1], "copies share all there is"


def test_in_a_long_text_a_shingle_weighs_less() -> None:
    """At ten times the ordinary length 3.45 nats less, in either order; what is light keeps a sixteenth."""
    rare, common = 7.0, 3.0
    sets = [{KEYS[k]: rare if k < many else common for k in range(20_000)} for many in (5000, 0)]
    sets[1] = {KEYS[k]: rare if k < 5000 else common for k in range(2500, 40_000)}
    plain, long = (similarities(sets, [(0, 1), (1, 0)], lengths=[length] * 2) for length in (4000, 40_000))
    less = naive.by_chance(40_000, 20_000)
    assert less == pytest.approx(1.5 * np.log(10), abs=1e-4)
    assert plain[0] == plain[1] == naive.jaccard(*sets)
    assert rare / 16 < rare - less and common - less < common / 16
    assert long[0] == long[1] == naive.similarity(*sets, lengths=(40_000, 40_000))


def test_what_repeats_itself_is_not_long() -> None:
    """A text of 300 distinct shingles weighs what it weighs, however often it says them."""
    sets = [dict.fromkeys(KEYS[begin : begin + 300], 1.0) for begin in (0, 100)]
    assert similarities(sets, [(0, 1)], lengths=[900_000, 900]) == [200 / 400]


def test_empty_sets_are_not_similar() -> None:
    """Two articles without shingles share nothing, and one with some shares nothing with them."""
    assert similarities([{}, {}, {KEYS[0]: 1.0}], [(0, 0), (0, 1), (0, 2), (2, 1)]) == [0, 0, 0, 0]


def test_no_pairs() -> None:
    """Where there is no pair there is no similarity, and no set is made."""
    nothing = np.empty(0, np.int64)
    found = verify(lambda numbers: pytest.fail("made"), nothing, nothing, np.array([3, 4]))
    assert (found.dtype.name, found.shape) == ("float64", (0,))


@pytest.mark.parametrize("threads", [1, 3])
def test_progress_counts_pairs(threads: int) -> None:
    """Progress is told tile by tile and ends at all pairs."""
    sets = families(7)
    pairs = [(i, j) for i in range(100) for j in range(i)]
    told: list[tuple[int, int]] = []
    similarities(sets, pairs, most=1000, threads=threads, progress=lambda *numbers: told.append(numbers))
    assert [total for _, total in told] == [len(pairs)] * len(told)
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert told[-1][0] == len(pairs)
    assert len(told) > 10


@pytest.mark.parametrize("most", [1, 300, 1 << 20])
def test_containment_is_the_share_of_the_left_set(most: int) -> None:
    """As the reference counts it, in either order, in long texts, and however the work is parted into tiles."""
    sets, rng = families(8, count=12), np.random.default_rng(3)
    lengths = [0, 3000, 20_000, 90_000] * (len(sets) // 4)
    every = [(int(i), int(j)) for i, j in rng.integers(0, len(sets), (600, 2))]
    wanted = []
    for i, j in every:
        less = max(naive.by_chance(lengths[one], len(sets[one])) for one in (i, j))
        mine = {key: max(weight - less, weight * 2.0**-10) for key, weight in sets[i].items()}
        wanted.append(sum(weight for key, weight in mine.items() if key in sets[j]) / sum(mine.values()))
    found = similarities(sets, every, lengths=lengths, measure=contain, most=most)
    assert found == pytest.approx(wanted, abs=1e-9)
    assert all(value == 1 for (i, j), value in zip(every, found, strict=True) if i == j)


def test_a_pair_that_shares_too_little_weight_contains_nothing() -> None:
    """Whatever share it is; weight counts as in a short text."""
    sets = [{1 << 60: 3.0}, {1 << 60: 3.0, 2 << 60: 4.0}]
    for length in (0, 100_000):
        assert similarities(sets, [(0, 1)], lengths=[0, length], measure=contain, evidence=3.0) == [1]
        assert similarities(sets, [(0, 1)], lengths=[0, length], measure=contain, evidence=3.1) == [0]
