"""The pairs that an audit is of: their strata, the sizes of these, and even samples."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import numpy as np
import pytest

from dedup.audits.populations import FEWEST, Inside, Population, allotted, cuts, together
from dedup.stages.clusters import NO_PAIRS, Graph, Pairs

CUTS = (0.05, 0.1, 0.3)


def population(texts: int = 40, clusters: int = 6, *, seed: int = 0) -> Population:
    """Random clusters, random pairs that met, some texts copied."""
    chance = np.random.default_rng(seed)
    groups = chance.integers(0, clusters, texts)
    groups = np.array([np.flatnonzero(groups == one)[0] for one in groups])
    every = np.array(list(combinations(range(texts), 2)))
    met = every[chance.random(len(every)) < 0.4]
    copies = chance.integers(1, 4, texts)
    first, distinct = np.cumsum(copies) - copies, np.repeat(np.arange(texts), copies)
    graph = Graph(first, distinct, *NO_PAIRS, np.zeros(texts, np.bool_))
    return Population(graph, groups, Pairs(met[:, 0], met[:, 1], chance.uniform(0.05, 1, len(met))), CUTS)


def strata(of: Population) -> dict[tuple[int, int], int]:
    """The stratum of every pair that has one, found by going through all of them."""
    similarity = {(int(a), int(b)): s for a, b, s in zip(*of.met, strict=True)}
    found = {}
    for a, b in combinations(range(len(of.groups)), 2):
        same = of.groups[a] == of.groups[b]
        if (a, b) in similarity:
            found[a, b] = sum(similarity[a, b] >= cut for cut in CUTS) - 1 + 3 * same
        elif same:
            found[a, b] = 6
    return found


def test_ranges_begin_at_half_the_threshold() -> None:
    """Each once, and none at 1 or beyond but a threshold of 1."""
    assert cuts(0.1) == pytest.approx((0.05, 0.075, 0.1, 0.15, 0.3))
    assert cuts(0.7) == pytest.approx((0.35, 0.525, 0.7, 0.85))
    assert cuts(1.0) == pytest.approx((0.5, 0.75, 1.0))


def test_numbers_name_every_pair_of_a_cluster_once() -> None:
    """From pairs to numbers and back."""
    groups = np.array([3, 1, 3, 2, 3, 1, 0])
    inside = Inside(groups)
    pairs = {(a, b) for a, b in combinations(range(7), 2) if groups[a] == groups[b]}
    left, right = inside.ends(np.arange(len(inside)))
    assert set(zip(left.tolist(), right.tolist(), strict=True)) == pairs
    assert len(inside) == len(pairs) == together(groups) == 4
    assert inside.numbers(right, left).tolist() == list(range(4))


def test_numbers_of_a_huge_cluster_are_exact() -> None:
    """Where the root of a number is not: two million texts are two billion pairs a thousand times over."""
    inside = Inside(np.zeros(2_000_000, np.int64))
    chosen = np.array([0, 1, 2, len(inside) // 2, len(inside) - 2, len(inside) - 1])
    left, right = inside.ends(chosen)
    assert (left < right).all()
    assert (inside.numbers(left, right) == chosen).all()
    assert (left[-1], right[-1]) == (1_999_998, 1_999_999)


@pytest.mark.parametrize("seed", range(5))
def test_sizes_are_counted_exactly(seed: int) -> None:
    """As by going through all pairs, of texts and of articles."""
    of = population(seed=seed)
    every, copies = strata(of), of.graph.copies
    assert of.sizes().tolist() == [Counter(every.values())[stratum] for stratum in range(7)]
    weighed = np.zeros(7, np.int64)
    for (a, b), stratum in every.items():
        weighed[stratum] += copies[a] * copies[b]
    assert of.sizes(copies=True).tolist() == weighed.tolist()


def test_a_sample_is_of_its_strata_without_repetition() -> None:
    """As many as were allotted, each pair once, and each where it is looked up."""
    of = population()
    marks = np.random.default_rng(1).integers(0, 2**63, 40).astype(np.uint64)
    left, right = of.sample(60, 0, marks)
    pairs = list(zip(left.tolist(), right.tolist(), strict=True))
    assert len(set(pairs)) == 60
    found, similarity = of.look_up(left, right)
    assert found.tolist() == [strata(of)[pair] for pair in pairs]
    assert np.bincount(found, minlength=7).tolist() == allotted(of.sizes(), of.joined, 60).tolist()
    assert np.isnan(similarity).tolist() == (found == 6).tolist()


def test_a_pair_in_no_stratum_is_told() -> None:
    """It is in two clusters, and never met."""
    of = population()
    outside = [pair for pair in combinations(range(40), 2) if pair not in strata(of)]
    left, right = np.array(outside[:5]).T
    assert of.look_up(left, right)[0].tolist() == [-1] * 5


def test_every_pair_of_a_stratum_is_drawn_equally_often() -> None:
    """By a thousand seeds."""
    of = population(12, 3)
    marks = np.random.default_rng(1).integers(0, 2**63, 12).astype(np.uint64)
    drawn: Counter[tuple[int, int]] = Counter()
    for seed in range(1000):
        drawn.update(zip(*(ends.tolist() for ends in of.sample(12, seed, marks)), strict=True))
    taken, sizes = allotted(of.sizes(), of.joined, 12), of.sizes()
    for pair, stratum in strata(of).items():
        share = taken[stratum] / sizes[stratum]
        assert abs(drawn[pair] - 1000 * share) <= 5 * np.sqrt(1000 * share * (1 - share)) + 1e-9


def test_the_same_pairs_come_again_where_a_little_has_changed() -> None:
    """Another text comes: most of the pairs that met and were drawn are drawn again."""
    of = population()
    marks = np.random.default_rng(1).integers(0, 2**63, 41).astype(np.uint64)
    before = set(zip(*(ends.tolist() for ends in of.sample(40, 0, marks[:40])), strict=True))
    again = set(zip(*(ends.tolist() for ends in of.sample(40, 0, marks[:40])), strict=True))
    met = of.met
    more = Pairs(np.append(met.left, 3), np.append(met.right, 40), np.append(met.similarity, 0.2))
    order = np.lexsort((more.right, more.left))
    copies = np.append(of.graph.copies, 1)
    graph = Graph(np.arange(41), np.repeat(np.arange(41), copies), *met, np.zeros(41, np.bool_))
    grown = Population(graph, np.append(of.groups, 40), Pairs(*(part[order] for part in more)), CUTS)
    after = set(zip(*(ends.tolist() for ends in grown.sample(40, 0, marks)), strict=True))
    assert again == before
    assert len(before & after) >= 30


def test_half_of_a_sample_is_joined() -> None:
    """Strata get pairs by the roots of their sizes, small ones some at least; what one half lacks the other gets."""
    joined = np.array([False, False, True, True])
    taken = allotted(np.array([40_000, 10_000, 2_500, 3]), joined, 200)
    assert taken.sum() == 200
    assert taken[joined].sum() == 100
    assert taken[3] == 3
    assert taken[0] / taken[1] == pytest.approx(2, rel=0.1)
    assert allotted(np.array([1_000_000, 20, 9, 0]), joined, 200)[1] >= FEWEST
    assert allotted(np.array([0, 0, 500, 5]), joined, 200).sum() == 200
    assert allotted(np.array([4, 0, 5, 5]), joined, 200).tolist() == [4, 0, 5, 5]
    assert allotted(np.array([0, 0, 0, 0]), joined, 200).sum() == 0
