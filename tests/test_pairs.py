"""`dedup.pairs`: every edge is exact, and as many are found as the bands promise."""

from __future__ import annotations

import math

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dedup import bands, pairs
from dedup.pairs import Edges, Sets, connect, least_agreement, verify
from dedup.signatures import sign

Weighted = dict[int, float]
KEYS = [naive.mix(number + 1) for number in range(60_000)]
WEIGHTS = dict(zip(KEYS, np.random.default_rng(11).uniform(0.1, 7, len(KEYS)).astype(np.float32).tolist(), strict=True))


def flat(sets: list[Weighted]) -> Sets:
    """The sets as the stages hold them."""
    ordered = [sorted(one.items()) for one in sets]
    offsets = np.cumsum([0, *map(len, ordered)])
    keys = np.array([key for one in ordered for key, _ in one], np.uint64)
    weights = np.array([weight for one in ordered for _, weight in one], np.float32)
    return Sets(keys, weights, offsets[:-1], offsets[1:])


def families(
    seed: int, *, count: int = 40, size: int = 5, shingles: int = 120, weighted: bool = True
) -> list[Weighted]:
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
            sets.append({KEYS[number]: WEIGHTS[KEYS[number]] if weighted else 1.0 for number in numbers})
    return sets


def signed(sets: Sets, slots: int) -> NDArray[np.uint32]:
    """Their signatures."""
    return sign(*sets, slots=slots)


def edges_of(
    sets: list[Weighted],
    threshold: float,
    *,
    slots: int = 256,
    crowd: int = 128,
    threads: int = 1,
    shape: bands.Bands | None = None,
) -> Edges:
    """All the stages from sets to edges."""
    stored = flat(sets)
    rows = signed(stored, slots)
    buckets = bands.bucket(rows, shape or bands.choose(threshold, slots, 0.95), crowd=crowd)
    return connect(stored, rows, buckets, threshold=threshold, crowd=crowd, threads=threads)


def as_dict(edges: Edges) -> dict[tuple[int, int], float]:
    """The edges by their ends."""
    return dict(
        zip(zip(edges.left.tolist(), edges.right.tolist(), strict=True), edges.similarity.tolist(), strict=True)
    )


def same(a: Edges, b: Edges) -> bool:
    """Whether two results are equal to the last bit."""
    return all(x.tobytes() == y.tobytes() and x.dtype == y.dtype for x, y in zip(a, b, strict=True))


def test_textbook_example() -> None:
    """Of three articles two share three of their four shingles: one edge, of 3 / 5."""
    sets = [
        dict.fromkeys(map(KEYS.__getitem__, numbers), 1.0) for numbers in ([0, 1, 2, 3], [9, 10, 11, 12], [1, 2, 3, 4])
    ]
    edges = edges_of(sets, 0.5)
    assert as_dict(edges) == {(0, 2): 0.6}
    assert [column.dtype.name for column in edges] == ["int64", "int64", "float64"]


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("threshold", [0.12, 0.3, 0.7])
def test_edges_are_exact_and_as_many_as_promised(threshold: float, weighted: bool) -> None:
    """Nothing under the threshold, every similarity exact, and no more pairs missing than may be."""
    sets = families(1, weighted=weighted)
    exact = naive.pairs(sets, threshold)
    found = as_dict(edges_of(sets, threshold, slots=512))
    assert found == pytest.approx({pair: exact[pair] for pair in found}, abs=1e-6)
    shape = bands.choose(threshold, 512, 0.95)
    missed = sum(1 - shape.recall(similarity) + 0.01 for similarity in exact.values())
    assert len(exact) > 30
    assert len(exact) - len(found) <= missed + 4 * math.sqrt(missed)


def test_no_pair_is_missed_or_invented_where_bands_are_single_slots() -> None:
    """With 512 bands of one slot nothing above a third can hide."""
    sets = families(2)
    assert as_dict(edges_of(sets, 0.33, slots=512, shape=bands.Bands(512, 1))) == pytest.approx(
        naive.pairs(sets, 0.33), abs=1e-6
    )


def test_edges_are_in_order() -> None:
    """Ascending by the later article, then by the earlier, each once, the earlier left."""
    edges = edges_of(families(3), 0.12)
    ends = list(zip(edges.right.tolist(), edges.left.tolist(), strict=True))
    assert ends == sorted(set(ends))
    assert (edges.left < edges.right).all()


@pytest.mark.parametrize(
    ("block", "block_pairs", "threads"), [(512, 1, 1), (7, 1 << 18, 1), (7, 1, 3), (1, 5, 2), (10_000, 3, 2)]
)
def test_blocks_and_threads_do_not_matter(
    monkeypatch: pytest.MonkeyPatch, block: int, block_pairs: int, threads: int
) -> None:
    """However the articles and their candidates are parted, the edges are the same to the last bit."""
    sets = families(4)
    whole = edges_of(sets, 0.12)
    monkeypatch.setattr(pairs, "BLOCK", block)
    monkeypatch.setattr(pairs, "BLOCK_PAIRS", block_pairs)
    assert same(edges_of(sets, 0.12, threads=threads), whole)


def test_a_piece_that_is_full_goes_on_with_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty alike make 780 pairs; in pieces of at most 39 none is lost or doubled."""
    sets = [dict.fromkeys(KEYS[:20], 1.0)] * 40
    monkeypatch.setattr(pairs, "BLOCK_PAIRS", 1)
    assert len(as_dict(edges_of(sets, 0.5))) == len(edges_of(sets, 0.5).left) == 780


def test_a_huge_bucket_stays_linear() -> None:
    """Each of 3,000 near copies is compared with a crowd a band, and none stays alone."""
    count, crowd, shape = 3000, 16, bands.Bands(25, 5)
    sets = [dict.fromkeys([*KEYS[:60], KEYS[1000 + place]], 1.0) for place in range(count)]
    stored = flat(sets)
    rows = signed(stored, 128)
    buckets = bands.bucket(rows, shape, crowd=crowd)
    edges = connect(stored, rows, buckets, threshold=0.7, crowd=crowd)
    assert len(edges.left) <= count * crowd * shape.bands
    assert len(edges.left) < count * count / 8
    assert np.unique(edges.right).tolist() == list(range(1, count)), "every article has an edge to an earlier one"
    assert edges.similarity.min() == edges.similarity.max() == pytest.approx(60 / 62)
    assert buckets.crowded.sum() > count * 0.9


def test_the_crowd_is_the_first_of_the_bucket() -> None:
    """Of a hundred in one bucket the first ten are compared with all, and the others with nobody else."""
    edges = edges_of([dict.fromkeys(KEYS[:9], 1.0)] * 100, 0.5, crowd=10, shape=bands.Bands(1, 1))
    assert as_dict(edges) == {(i, j): 1.0 for j in range(100) for i in range(min(j, 10))}


def test_within_the_crowd_all_are_compared() -> None:
    """A bucket no larger than the crowd loses no pair."""
    sets = [dict.fromkeys([*KEYS[:60], KEYS[1000 + place]], 1.0) for place in range(30)]
    assert len(edges_of(sets, 0.7, crowd=30, shape=bands.Bands(256, 1)).left) == 30 * 29 / 2


def test_verify_is_exact() -> None:
    """The similarity of any pair, in any order, is that of the reference."""
    sets = families(5, count=6)
    left, right = (places.astype(np.int64) for places in np.divmod(np.arange(len(sets) ** 2), len(sets)))
    found = verify(flat(sets), left, right)
    assert found.tolist() == pytest.approx(
        [naive.jaccard(sets[i], sets[j]) for i, j in zip(left, right, strict=True)], abs=1e-9
    )
    assert np.array_equal(found.reshape(len(sets), -1), found.reshape(len(sets), -1).T)
    assert same(Edges(left, right, found), Edges(left, right, verify(flat(sets), left, right, threads=3)))


WEIGHTED = st.dictionaries(st.sampled_from(KEYS[:40]), st.floats(0.0009765625, 1000, width=32), min_size=1, max_size=20)


@settings(deadline=None, max_examples=100)
@given(WEIGHTED, WEIGHTED)
def test_verify_is_exact_on_any_sets(a: Weighted, b: Weighted) -> None:
    """Identical sets are exactly 1, whatever they weigh; disjoint ones exactly 0; all others between."""
    b = b | {key: weight for key, weight in a.items() if key in b}
    disjoint = {key ^ 1: weight for key, weight in a.items()}
    found = verify(flat([a, b, a, disjoint]), np.array([0, 0, 0]), np.array([1, 2, 3]))
    assert found.tolist() == pytest.approx([naive.jaccard(a, b), 1, 0], abs=1e-9)
    assert found[1:].tolist() == [1.0, 0.0]
    assert 0 <= found[0] <= 1


def test_empty_sets_are_not_similar() -> None:
    """Two articles without shingles share nothing."""
    assert verify(flat([{}, {}]), np.array([0, 0]), np.array([0, 1])).tolist() == [0, 0]


def test_an_edge_at_the_threshold_is_an_edge() -> None:
    """Similarity equal to the threshold is enough."""
    sets = [dict.fromkeys(KEYS[:3], 1.0), dict.fromkeys(KEYS[1:4], 1.0)]
    assert as_dict(edges_of(sets, 0.5, shape=bands.Bands(256, 1))) == {(0, 1): 0.5}
    assert as_dict(edges_of(sets, 0.5000001, shape=bands.Bands(256, 1))) == {}


@pytest.mark.parametrize("count", [0, 1])
def test_no_articles_or_one(count: int) -> None:
    """Where there is no pair there is no edge, and the arrays are of the right kinds."""
    edges = edges_of(families(6)[:count], 0.12)
    assert [(column.dtype.name, len(column)) for column in edges] == [("int64", 0), ("int64", 0), ("float64", 0)]


@pytest.mark.parametrize("threshold", [0.01, 0.12, 0.5, 0.7, 1.0])
@pytest.mark.parametrize("slots", [16, 128, 512])
def test_least_agreement_lets_pairs_at_the_threshold_through(threshold: float, slots: int) -> None:
    """A pair at the threshold agrees in fewer slots with a chance under 1.5 %, by the binomial distribution."""
    least = least_agreement(threshold, slots)
    fewer = sum(math.comb(slots, k) * threshold**k * (1 - threshold) ** (slots - k) for k in range(least))
    assert 1 <= least <= slots
    if least > 1:
        assert fewer < 0.015


def test_progress_counts_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Progress is told once a block and ends at the whole."""
    told: list[tuple[int, int]] = []
    monkeypatch.setattr(pairs, "BLOCK", 50)
    stored = flat(families(7))
    rows = signed(stored, 64)
    connect(
        stored,
        rows,
        bands.bucket(rows, bands.Bands(32, 2)),
        threshold=0.12,
        progress=lambda *numbers: told.append(numbers),
    )
    assert told == [(done, 4) for done in range(1, 5)]
