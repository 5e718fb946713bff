"""`dedup.stages.clusters`: average linkage against its definition."""

from __future__ import annotations

import heapq
import os
import subprocess
import sys
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from typing import Any

import naive
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from naive import Partition, partition
from numpy.typing import NDArray

import dedup
from dedup.kernels import EVERYBODY, Reach
from dedup.stages.clusters import FIXED_POINT, link
from dedup.stages.reach import scoped
from dedup.stages.scope import Standings

Edge = tuple[int, int, float]

# --- references, slow and obvious ---------------------------------------------------------------------------------


def naive_chain(similarity: list[float], cut: float) -> list[int]:
    """Average linkage of a path, whose clusters are runs with one edge between neighbours: where each run begins."""
    articles = len(similarity) + 1
    first, last = list(range(articles)), list(range(articles))  # of the run that begins or ends here
    heap = [(-value, edge, edge, edge + 1) for edge, value in enumerate(similarity)]
    heapq.heapify(heap)
    while heap:
        mean, edge, begin, end = heapq.heappop(heap)
        if -mean < cut:
            break
        if first[edge] != begin or last[edge + 1] != end:
            # One side has grown since: the mean is now lower.
            begin, end = first[edge], last[edge + 1]
            heapq.heappush(heap, (-similarity[edge] / ((edge + 1 - begin) * (end - edge)), edge, begin, end))
            continue
        last[begin], first[end] = end, begin
        # Only the ends of a run meet an edge, so only they need to know it.
    begins, at = [], 0
    while at < articles:
        begins.append(at)
        at = last[at] + 1
    return begins


def components(edges: list[Edge], articles: int) -> Partition:
    """What can be reached from each article."""
    groups = {i: frozenset([i]) for i in range(articles)}
    for i, j, _ in edges:
        joined = groups[i] | groups[j]
        groups |= dict.fromkeys(joined, joined)
    return set(groups.values())


def run(
    edges: list[Edge], articles: int, cut: float, capped: list[bool] | None = None, reach: Reach = EVERYBODY
) -> NDArray[np.int64]:
    """`link` over a list of edges."""
    left, right, similarity = zip(*edges, strict=True) if edges else ((), (), ())
    return link(
        np.array(left, np.int64),
        np.array(right, np.int64),
        np.array(similarity, np.float64),
        articles,
        cut,
        None if capped is None else np.array(capped, np.bool_),
        reach,
    )


@st.composite
def sparse_graphs(draw: st.DrawFn, *, ties: bool, most: int = 11) -> tuple[list[Edge], int]:
    """Edges between a few articles; of similarities that are few, or all different."""
    articles = draw(st.integers(1, most))
    pairs = draw(st.lists(st.sampled_from(list(combinations(range(articles), 2))), unique=True)) if articles > 1 else []
    if ties:
        similarities = draw(
            st.lists(st.sampled_from([0.125, 0.25, 0.5, 1.0]), min_size=len(pairs), max_size=len(pairs))
        )
    else:
        rng = np.random.Generator(np.random.PCG64(draw(st.integers(0, 2**32))))
        similarities = (rng.integers(1, FIXED_POINT, len(pairs)) / FIXED_POINT).tolist()
    flips = draw(st.lists(st.booleans(), min_size=len(pairs), max_size=len(pairs)))
    edges = [
        (j, i, similarity) if flip else (i, j, similarity)
        for (i, j), similarity, flip in zip(pairs, similarities, flips, strict=True)
    ]
    return edges, articles


# --- average linkage ----------------------------------------------------------------------------------------------


def test_average_linkage_joins_by_the_mean() -> None:
    """Three that are alike stay together; a fourth that is like one of them only is left out."""
    edges = [(0, 1, 0.9), (0, 2, 0.8), (1, 2, 0.7), (2, 3, 0.6)]
    labels = run(edges, 4, 0.3)
    assert partition(labels) == {frozenset({0, 1, 2}), frozenset({3})}
    assert partition(run(edges, 4, 0.2)) == {frozenset({0, 1, 2, 3})}  # 0.6 / 3


@given(sparse_graphs(ties=False), st.sampled_from([0.0, 0.03, 0.06, 0.2, 0.5, 0.9]))
@settings(max_examples=300, deadline=None)
def test_average_linkage_is_as_defined(graph: tuple[list[Edge], int], cut: float) -> None:
    """On any sparse graph the clusters are those of always joining the closest two."""
    edges, articles = graph
    expected, tied = naive.link(edges, articles, cut)
    assume(not tied)
    labels = run(edges, articles, cut)
    assert partition(labels) == expected
    assert all(labels[label] == label for label in labels)


@st.composite
def reaches(draw: st.DrawFn, articles: int) -> Reach:
    """The reach of some articles by windows of time, by sources, or by both."""

    def column(most: int) -> NDArray[np.int64]:
        return np.array(draw(st.lists(st.integers(-1, most), min_size=articles, max_size=articles)), np.int64)

    source = column(3) if draw(st.booleans()) else None
    time = np.sort(column(9)) if source is None or draw(st.booleans()) else np.zeros(articles, np.int64)
    where = Standings(np.zeros(articles, np.int64), time, source, draw(st.integers(0, 6)))
    return scoped(np.arange(articles), where).reach


def comparable(reach: Reach, i: int, j: int) -> bool:
    """Whether two articles are in each other's reach."""
    alike = len(reach.sources) > 0 and reach.sources[i] == reach.sources[j] >= 0
    return bool(reach.earliest[i] <= j <= reach.latest[i]) and not alike


@given(sparse_graphs(ties=False), st.sampled_from([0.0, 0.03, 0.06, 0.2, 0.5, 0.9]), st.data())
@settings(max_examples=400, deadline=None)
def test_the_mean_is_over_pairs_in_reach(graph: tuple[list[Edge], int], cut: float, data: st.DataObject) -> None:
    """A pair that may not be compared counts neither for a cluster nor against it."""
    edges, articles = graph
    reach = data.draw(reaches(articles))
    edges = [edge for edge in edges if comparable(reach, *edge[:2])]
    expected, tied = naive.link(edges, articles, cut, lambda i, j: comparable(reach, i, j))
    assume(not tied)
    assert partition(run(edges, articles, cut, reach=reach)) == expected


def test_two_of_one_source_meet_through_a_third() -> None:
    """They are no evidence against each other: with their own pair counted as 0 the mean would be under the cut."""
    reach = Reach(np.zeros(3, np.uint64), np.full(3, 2, np.uint64), np.array([0, 0, 1]))
    edges = [(0, 2, 0.5), (1, 2, 0.4)]
    assert partition(run(edges, 3, 0.35, reach=reach)) == {frozenset({0, 1, 2})}
    assert partition(run(edges, 3, 0.35)) == {frozenset({0, 2}), frozenset({1})}


def test_a_chain_in_time_goes_on() -> None:
    """Whoever is in the window of some members joins by these alone, so that a cluster may be longer than a window."""
    steps = np.arange(2_000)
    reach = Reach(np.maximum(steps - 2, 0).astype(np.uint64), np.minimum(steps + 2, 1_999).astype(np.uint64), steps[:0])
    edges = [(int(i), int(i) + step, 0.5) for step in (1, 2) for i in steps[:-step]]
    assert len(partition(run(edges, 2_000, 0.4, reach=reach))) == 1
    assert len(partition(run(edges, 2_000, 0.4))) > 100


def test_a_capped_article_joins_by_the_members_in_its_reach() -> None:
    """Of a cluster of forty of its own source and four of another it is like the four, all it may be compared with.

    It is a little like thirty others, too, so that without sources four would be too few of 44.
    """
    sources = np.array([0] * 40 + [1] * 4 + [2] * 30 + [0])
    reach = Reach(np.zeros(75, np.uint64), np.full(75, 74, np.uint64), sources)
    edges = [(i, j, 0.5) for i in range(40) for j in range(40, 44)]
    edges += [(j, 74, 0.45) for j in range(40, 44)] + [(j, 74, 0.1) for j in range(44, 74)]
    capped = [False] * 74 + [True]
    labels = run(edges, 75, 0.4, capped, reach)
    assert labels[74] == labels[0] == labels[43]
    edges += [(i, j, 0.5) for i, j in combinations(range(40), 2)]
    assert run(edges, 75, 0.4, capped)[74] == 74


@given(
    sparse_graphs(ties=True, most=14), st.sampled_from([0.0, 0.06, 0.125, 0.25, 0.5]), st.randoms(use_true_random=False)
)
@settings(max_examples=200, deadline=None)
def test_ties_are_decided_the_same_way_always(graph: tuple[list[Edge], int], cut: float, random: Any) -> None:
    """Equal means are decided by the articles' numbers alone: not by the order or the direction of the edges."""
    edges, articles = graph
    labels = run(edges, articles, cut)
    assert labels.tolist() == run(edges, articles, cut).tolist()
    shuffled = [(j, i, s) if random.random() < 0.5 else (i, j, s) for i, j, s in edges]
    random.shuffle(shuffled)
    assert partition(run(shuffled, articles, cut)) == partition(labels)


@given(sparse_graphs(ties=True, most=14), st.sampled_from([0.06, 0.125, 0.25, 0.5]), st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_ties_leave_sane_clusters(graph: tuple[list[Edge], int], cut: float, random: Any) -> None:
    """However articles are numbered: no cluster leaves its component, and no two are left that should have joined."""
    edges, articles = graph
    names = list(range(articles))
    random.shuffle(names)
    renamed = [(names[i], names[j], s) for i, j, s in edges]
    for these in (edges, renamed):
        groups = partition(run(these, articles, cut))
        reach = components(these, articles)
        assert all(any(group <= component for component in reach) for group in groups)
        for a, b in combinations(groups, 2):
            between = sum(s for i, j, s in these if (i in a and j in b) or (i in b and j in a))
            assert between / (len(a) * len(b)) < cut


@given(sparse_graphs(ties=True, most=20))
@settings(max_examples=100, deadline=None)
def test_a_cut_of_zero_gives_connected_components(graph: tuple[list[Edge], int]) -> None:
    """With a cut of 0 every chain of edges is a cluster."""
    edges, articles = graph
    assert partition(run(edges, articles, 0.0)) == components(edges, articles)


@pytest.mark.parametrize("cut", [0.06, 0.12, 0.3, 0.55, 0.7, 0.9, 1 / 3, 1.0])
def test_a_mean_at_the_cut_joins(cut: float) -> None:
    """The cut is the least mean that joins, whatever its binary digits."""
    assert len(partition(run([(0, 1, cut)], 2, cut))) == 1
    assert len(partition(run([(0, 1, cut - 1e-6)], 2, cut))) == 2


def test_a_mean_of_several_at_the_cut_joins() -> None:
    """Rounding of single similarities never takes a mean that is exactly at the cut below it."""
    unit = 2**28 + 1  # the cut in fixed point; odd, so that half a unit less rounds to a whole unit less
    between = [(unit + 0.25) / FIXED_POINT, (unit + 0.25) / FIXED_POINT, (unit - 0.5) / FIXED_POINT]
    edges = [(0, 1, 0.9), (0, 2, 0.9), (1, 2, 0.9), *((i, 3, similarity) for i, similarity in enumerate(between))]
    assert sum(map(Fraction, between)) / 3 == Fraction(unit / FIXED_POINT)
    assert naive.link(edges, 4, unit / FIXED_POINT)[0] == {frozenset(range(4))}
    assert partition(run(edges, 4, unit / FIXED_POINT)) == {frozenset(range(4))}


def test_no_articles_and_no_edges() -> None:
    """Nothing gives nothing; articles without edges are alone."""
    assert run([], 0, 0.06).tolist() == []
    assert run([], 3, 0.06).tolist() == [0, 1, 2]
    assert run([], 3, 0.0).tolist() == [0, 1, 2]


# --- large graphs -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def chain() -> NDArray[np.float64]:
    """Similarities of 200,000 articles, each to the one before it, all different."""
    rng = np.random.Generator(np.random.PCG64(3))
    return rng.integers(round(0.12 * FIXED_POINT), FIXED_POINT, 199_999) / FIXED_POINT


@pytest.mark.parametrize("cut", [0.06, 0.01])
def test_a_long_chain_is_cut_as_defined(chain: NDArray[np.float64], cut: float) -> None:
    """A chain of 200,000 articles falls into the runs that average linkage on a path must give."""
    articles = len(chain) + 1
    labels = link(np.arange(articles - 1), np.arange(1, articles), chain, articles, cut)
    begins = np.concatenate([[0], np.flatnonzero(labels[1:] != labels[:-1]) + 1])
    assert begins.tolist() == naive_chain(chain.tolist(), cut)
    assert len(np.unique(labels)) == len(begins)


def test_a_long_chain_is_one_component(chain: NDArray[np.float64]) -> None:
    """With a cut of 0 a chain of 200,000 articles is one cluster."""
    articles = len(chain) + 1
    labels = link(np.arange(articles - 1), np.arange(1, articles), chain, articles, 0.0)
    assert len(np.unique(labels)) == 1


def test_a_chain_whose_similarity_rises_is_followed_to_its_end() -> None:
    """The longest possible chain of nearest neighbours is no deeper than it is long, and needs no recursion."""
    articles = 200_000
    similarity = np.linspace(0.12, 1, articles - 1)
    labels = link(np.arange(articles - 1), np.arange(1, articles), similarity, articles, 0.06)
    begins = [0, *(np.flatnonzero(labels[1:] != labels[:-1]) + 1).tolist()]
    assert begins == naive_chain(similarity.tolist(), 0.06)


def test_a_long_chain_takes_memory_in_line_with_its_edges() -> None:
    """200,000 articles in a chain are clustered in less than 200 bytes each: there is no matrix."""
    pytest.importorskip("resource", reason="the peak of memory is asked of a POSIX system")
    unit = 1 if sys.platform == "darwin" else 1024
    script = """
import resource
import numpy as np
import dedup
from dedup.stages.clusters import link
similarity = np.linspace(0.12, 1, 199_999)
left, right = np.arange(199_999), np.arange(1, 200_000)
link(left[:9], right[:9], similarity[:9], 10, 0.06)  # compiled, or loaded, before it is measured
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
link(left, right, similarity, 200_000, 0.06)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    environment = os.environ | {"PYTHONPATH": str(Path(dedup.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment)
    assert int(done.stdout) * unit < 200 * 200_000


def test_a_star_keeps_as_many_leaves_as_the_mean_allows() -> None:
    """Of 100,000 articles that are like one only, the closest stay with it until their mean is under the cut."""
    leaves, cut = 100_000, 0.06
    rng = np.random.Generator(np.random.PCG64(4))
    similarity = rng.permutation(np.linspace(0.12, 1, leaves))
    labels = link(np.zeros(leaves, np.int64), np.arange(1, leaves + 1), similarity, leaves + 1, cut)
    closest = np.argsort(-similarity)
    kept = next(k for k in range(leaves) if similarity[closest[k]] / (k + 1) < cut)
    assert set(np.flatnonzero(labels == labels[0]).tolist()) == {0, *(closest[:kept] + 1).tolist()}
    assert len(np.unique(labels)) == leaves + 1 - kept


def test_a_star_is_one_component() -> None:
    """With a cut of 0 a star is one cluster, however many leaves it has."""
    leaves = 100_000
    labels = link(np.zeros(leaves, np.int64), np.arange(1, leaves + 1), np.full(leaves, 0.5), leaves + 1, 0.0)
    assert len(np.unique(labels)) == 1


# --- crowds -------------------------------------------------------------------------------------------------------


def crowd(first: int, articles: int, compared: int, rng: np.random.Generator) -> tuple[list[Edge], list[bool]]:
    """Articles that are all alike, of which all are compared with the first few only."""
    edges = [
        (first + j, first + i, float(rng.uniform(0.3, 0.9))) for i in range(articles) for j in range(min(i, compared))
    ]
    return edges, [i >= compared for i in range(articles)]


@pytest.mark.parametrize("cut", [0.06, 0.25])
def test_a_crowd_is_one_cluster_and_another_is_another(cut: float) -> None:
    """5,000 articles of which each was compared with the first 64 are one cluster; an unrelated 1,000 are not in it."""
    rng = np.random.Generator(np.random.PCG64(5))
    one, one_capped = crowd(0, 5_000, 64, rng)
    other, other_capped = crowd(5_000, 1_000, 64, rng)
    stray = [(int(rng.integers(5_000)), int(rng.integers(5_000, 6_000)), 0.13) for _ in range(300)]
    stray = list({(i, j): (i, j, s) for i, j, s in stray}.values())
    labels = run([*one, *other, *stray], 6_000, cut, one_capped + other_capped)
    assert partition(labels) == {frozenset(range(5_000)), frozenset(range(5_000, 6_000))}


def test_an_article_of_a_crowd_goes_where_it_is_closest() -> None:
    """Of two clusters that it is like, a capped article joins the one with the higher mean, at or above the cut."""
    edges = [(0, 1, 0.9), (2, 3, 0.9)]
    near_second = [(0, 4, 0.2), (1, 4, 0.2), (2, 4, 0.5), (3, 4, 0.1)]  # means 0.2 and 0.3
    capped = [False] * 4 + [True]
    assert partition(run(edges + near_second, 5, 0.06, capped)) == {frozenset({0, 1}), frozenset({2, 3, 4})}
    assert partition(run(edges + near_second, 5, 0.31, capped)) == {
        frozenset({0, 1}),
        frozenset({2, 3}),
        frozenset({4}),
    }


def test_an_edge_to_one_of_many_is_not_enough_for_a_crowded_article() -> None:
    """Its mean is over all articles of a small cluster that are not capped, those without an edge counting as 0."""
    edges = [(i, j, 0.9) for i, j in combinations(range(8), 2)] + [(0, 8, 0.4)]
    assert len(partition(run(edges, 9, 0.06, [False] * 8 + [True]))) == 2
    assert len(partition(run(edges, 9, 0.05, [False] * 8 + [True]))) == 1


def test_a_capped_article_was_compared_with_a_part_of_a_large_cluster() -> None:
    """It joins a cluster of 100 of which it was compared with 30, not one to which few of its edges lead."""
    core = [(i, j, 0.9) for i, j in combinations(range(100), 2)]
    other = [(i, j, 0.9) for i, j in combinations(range(100, 200), 2)]
    capped = [False] * 200 + [True]
    to_core = [(i, 200, 0.1) for i in range(0, 90, 3)]
    to_other = [(i, 200, 0.2) for i in range(100, 106)]
    together = partition(run([*core, *other, *to_core, *to_other], 201, 0.09, capped))
    assert together == {frozenset([*range(100), 200]), frozenset(range(100, 200))}
    assert len(partition(run([*core, *other, *to_core[:3]], 201, 0.09, capped))) == 3


def test_crowded_articles_that_find_no_cluster_are_linked_among_themselves() -> None:
    """What no cluster takes in is not lost."""
    edges = [(0, 1, 0.9), (2, 3, 0.8), (3, 4, 0.7), (2, 4, 0.7)]
    assert partition(run(edges, 6, 0.1, [False, False, True, True, True, True])) == {
        frozenset({0, 1}),
        frozenset({2, 3, 4}),
        frozenset({5}),
    }


@given(sparse_graphs(ties=True, most=14), st.data())
@settings(max_examples=100, deadline=None)
def test_crowds_leave_sane_labels(graph: tuple[list[Edge], int], data: st.DataObject) -> None:
    """Whoever is capped: labels name a member, nobody leaves its component, and the order of edges does not matter."""
    edges, articles = graph
    capped = data.draw(st.lists(st.booleans(), min_size=articles, max_size=articles))
    cut = data.draw(st.sampled_from([0.0, 0.06, 0.25]))
    labels = run(edges, articles, cut, capped)
    assert all(labels[label] == label for label in labels)
    reach = components(edges, articles)
    assert all(any(group <= component for component in reach) for group in partition(labels))
    assert partition(run(edges[::-1], articles, cut, capped)) == partition(labels)


@given(sparse_graphs(ties=True, most=14), st.data())
@settings(max_examples=50, deadline=None)
def test_crowds_do_not_matter_to_connected_components(graph: tuple[list[Edge], int], data: st.DataObject) -> None:
    """With a cut of 0 every edge joins, whoever is capped."""
    edges, articles = graph
    capped = data.draw(st.lists(st.booleans(), min_size=articles, max_size=articles))
    assert partition(run(edges, articles, 0.0, capped)) == components(edges, articles)
