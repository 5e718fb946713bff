"""`dedup.stages.candidates`: the pairs that share a bucket and look alike."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import combinations, pairwise
from typing import Any

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dedup import kernels
from dedup.stages import bands
from dedup.stages import candidates as stage
from dedup.stages.bands import BandBuckets, Bands, Matrix
from dedup.stages.candidates import (
    EARLY_MARGIN,
    LOOKED_AT,
    Candidates,
    Found,
    Walk,
    ends,
    least_agreement,
    rules,
    sketches,
)
from dedup.stages.reach import scoped
from dedup.stages.scope import Standings
from dedup.stages.signatures import sign
from dedup.work import Room

GENERATED = settings(deadline=None, max_examples=150)
Rows = Sequence[Sequence[int]]


def signatures(rows: Rows, slots: int = 0) -> NDArray[np.uint32]:
    """A signature matrix, of so many slots if there is no row."""
    return np.array(rows, np.uint32).reshape(len(rows), -1 if len(rows) else slots)


def found(rows: Rows, shape: Bands, threshold: float = 0.5, *, slots: int = 0, **options: Any) -> Candidates:
    """The candidates of these signatures."""
    return candidates(signatures(rows, slots), shape, threshold, **options)


def candidates(
    signed: NDArray[np.uint32],
    shape: Bands,
    threshold: float,
    *,
    threads: int = 1,
    progress: Any = None,
    **options: Any,
) -> Candidates:
    """The candidates of a signature matrix, in the buckets of bands."""
    compared = rules(threshold, signed.shape[1], options.pop("bucket_cap", 128), **options)
    halves = signed.astype(np.uint16)
    return stage.candidates(
        BandBuckets(Matrix(signed), shape), sketches(halves), compared, threads=threads, progress=progress
    )


def pairs(these: Candidates) -> list[tuple[int, int]]:
    """Candidates in their order."""
    return list(zip(these.left.tolist(), these.right.tolist(), strict=True))


def capped(these: Candidates) -> list[int]:
    """The articles that are capped."""
    return np.flatnonzero(these.capped).tolist()


def expected(
    rows: Rows, shape: Bands, threshold: float, bucket_cap: int, looked_at: int | None = None, for_each: int = 0
) -> tuple[list[tuple[int, int]], list[bool]]:
    """What the reference finds; in signatures of two blocks or more it, too, compares the first two on their own."""
    slots = len(rows[0]) if len(rows) else 0
    least, early = least_agreement(threshold, slots or 1), least_agreement(threshold, 256, EARLY_MARGIN)

    @cache
    def alike(left: int, right: int) -> bool:
        a, b = rows[left], rows[right]
        return naive.agreeing(a, b) >= least and (slots <= 256 or naive.agreeing(a[:256], b[:256]) >= early)

    buckets = [bucket for band in naive.buckets(rows, *shape) for bucket in band]
    bound = LOOKED_AT * bucket_cap if looked_at is None else looked_at
    return naive.candidates(buckets, len(rows), alike, bucket_cap=bucket_cap, looked_at=bound, for_each=for_each)


def same(a: Candidates, b: Candidates) -> bool:
    """Whether two results are equal to the last bit."""
    return all(x.tobytes() == y.tobytes() and x.dtype == y.dtype for x, y in zip(a, b, strict=True))


def test_textbook_example() -> None:
    """Articles that agree in both slots of a band share its bucket, and are a pair where they look alike."""
    these = found([[1, 2, 3, 4], [1, 2, 5, 6], [7, 2, 3, 4], [7, 2, 5, 4]], Bands(2, 2), 0.5)
    assert pairs(these) == [(0, 1), (0, 2), (2, 3)]
    assert not these.capped.any()
    assert [column.dtype.name for column in these] == ["int64", "int64", "bool"]


@pytest.mark.parametrize("threshold", [0.01, 0.12, 0.5, 0.7, 1.0])
@pytest.mark.parametrize("slots", [16, 128, 512])
def test_least_agreement_lets_pairs_at_the_threshold_through(threshold: float, slots: int) -> None:
    """A pair at the threshold agrees in fewer slots with a chance under 1.5 %, by the binomial distribution."""
    least = least_agreement(threshold, slots)
    fewer = sum(math.comb(slots, k) * threshold**k * (1 - threshold) ** (slots - k) for k in range(least))
    assert 1 <= least <= slots
    if least > 1:
        assert fewer < 0.015


@pytest.mark.parametrize("threshold", [0.01, 0.12, 0.5, 0.7, 0.9])
def test_the_early_look_loses_next_to_nothing(threshold: float) -> None:
    """A pair at the threshold fails in the first 256 slots alone with a chance under one in a thousand."""
    early = least_agreement(threshold, 256, EARLY_MARGIN)
    fewer = sum(math.comb(256, k) * threshold**k * (1 - threshold) ** (256 - k) for k in range(early))
    assert early == 1 or fewer < 0.001


ALPHABETS = {
    "numbers over all 32 bits": [0x00000001, 0x7FFFFF02, 0x80000003, 0xFFFFFF04],
    "some with one lowest byte": [0x000000AA, 0xFFFFFFAA, 0x0000AA00, 0xAAAAAA55],
    "two": [0xFFFFFFFF, 0x00000000],
}
"""Values of slots; a band compares the lower half of each, the estimate the lowest byte."""


def families(values: list[int]) -> st.SearchStrategy[list[list[int]]]:
    """Copies of a few signatures, in some of which one slot is another."""
    row = st.lists(st.sampled_from(values), min_size=7, max_size=7)
    edit = st.tuples(st.integers(0, 2), st.integers(0, 20), st.sampled_from(values))
    return st.tuples(st.lists(row, min_size=3, max_size=3), st.lists(edit, max_size=30)).map(
        lambda drawn: [
            [value if slot == place else old for slot, old in enumerate(drawn[0][which])]
            for which, place, value in drawn[1]
        ]
    )


def strangers(values: list[int]) -> st.SearchStrategy[list[list[int]]]:
    """Signatures that have nothing to do with each other."""
    return st.lists(st.lists(st.sampled_from(values), min_size=7, max_size=7), max_size=30)


SIGNATURES = st.sampled_from(list(ALPHABETS.values())).flatmap(lambda values: families(values) | strangers(values))
SHAPES = st.sampled_from([(1, 1), (7, 1), (3, 2), (2, 3), (1, 7), (1, 2)]).map(lambda shape: Bands(*shape))


@GENERATED
@given(
    SIGNATURES,
    SHAPES,
    st.sampled_from([0.01, 0.5, 0.8, 0.9, 1.0]),
    st.integers(1, 8),
    st.sampled_from([1, 2, 3, 1000]),
    st.integers(0, 4),
)
def test_candidates_are_those_of_the_reference(
    rows: Rows, shape: Bands, threshold: float, bucket_cap: int, looked_at: int, for_each: int
) -> None:
    """Sorting finds what dicts find: the same pairs in the same order, and the same articles capped."""
    how = {"bucket_cap": bucket_cap, "looked_at": looked_at, "for_each": for_each}
    these = found(rows, shape, threshold, slots=7, **how)
    right, full = expected(rows, shape, threshold, **how)
    assert pairs(these) == right
    assert these.capped.tolist() == full


@pytest.mark.parametrize("slots", [128, 129, 256, 257, 300, 512])
@pytest.mark.parametrize("threshold", [0.12, 0.5, 0.9])
def test_long_signatures_are_compared_as_by_the_reference(slots: int, threshold: float) -> None:
    """Of whole blocks of bytes or not, with pairs just above and just under what is enough, evenly or at one end."""
    rng = np.random.default_rng(slots)
    base = rng.integers(0, 2**32, slots, np.uint32)
    rows = [base]
    for step in range(-8, 9):
        agree = min(max(least_agreement(threshold, slots) + step, 1), slots)
        for places in (rng.permutation(slots), np.arange(slots), np.arange(slots)[::-1]):
            row = base ^ rng.integers(1, 256, slots, np.uint32)  # another lowest byte everywhere
            row[places[:agree]] = base[places[:agree]]
            rows.append(row)
    listed = [row.tolist() for row in rows]
    right, full = expected(listed, Bands(slots, 1), threshold, 1000)
    these = found(listed, Bands(slots, 1), threshold, bucket_cap=1000)
    assert pairs(these) == right
    assert these.capped.tolist() == full
    first = [left == 0 for left, _ in right]
    assert 10 < sum(first) < len(rows) - 10, "some are enough like the first and some are not"


def test_a_pair_is_alike_by_all_slots() -> None:
    """Slots beyond the bands count for the estimate, and those of the bands do too."""
    row, other = [1, *range(10, 25)], [1, *range(40, 55)]
    assert pairs(found([row, other], Bands(1, 1), 0.9)) == []
    assert pairs(found([row, [1, 99, *row[2:]]], Bands(1, 1), 0.9)) == [(0, 1)]
    assert pairs(found([row, [2, *row[1:]]], Bands(1, 1), 0.9)) == []


def test_crowded_are_those_beyond_the_crowd() -> None:
    """Of a hundred in one bucket the first ten are compared with all, the others with these ten."""
    these = found([[1, 1]] * 100, Bands(2, 1), bucket_cap=10)
    assert pairs(these) == [(i, j) for j in range(100) for i in range(min(j, 10))]
    assert capped(these) == list(range(11, 100)), "ten found ten of 99; the eleventh met no more than ten"
    whole = found([[1, 1]] * 100, Bands(2, 1), bucket_cap=100)
    assert pairs(whole) == sorted(combinations(range(100), 2), key=lambda pair: pair[::-1])
    assert capped(whole) == []


def test_those_who_are_not_alike_are_no_part_of_the_crowd() -> None:
    """Behind a hundred strangers in its bucket, an article still finds the five that it is like."""
    strangers = [[7, *(naive.mix(16 * n + k) & 0xFFFFFFFF for k in range(16))] for n in range(100)]
    row = [7, *range(50, 66)]
    these = found([*strangers, *[row] * 6], Bands(1, 1), 0.9, bucket_cap=5)
    assert pairs(these) == sorted(combinations(range(100, 106), 2), key=lambda pair: pair[::-1])
    assert capped(these) == []


def test_an_article_looks_at_so_many_times_the_crowd() -> None:
    """In a bucket of strangers each is compared with as many as that, and a like one behind them is not found."""
    bucket_cap = 2
    strangers = [[7, *(naive.mix(16 * n + k) & 0xFFFFFFFF for k in range(16))] for n in range(LOOKED_AT * bucket_cap)]
    row = [7, *range(50, 66)]
    assert pairs(found([*strangers[1:], row, row], Bands(1, 1), 0.9, bucket_cap=bucket_cap)) == [(255, 256)]
    assert pairs(found([*strangers, row, row], Bands(1, 1), 0.9, bucket_cap=bucket_cap)) == []


def test_who_is_passed_over_by_others_is_crowded_too() -> None:
    """Comparing is mutual: of twenty copies, those behind the first are passed over by all that follow but the last."""
    copy, stranger = [7] * 8, [7, *range(20, 27)]
    these = found([*[copy] * 20, stranger], Bands(1, 1), 0.9, bucket_cap=4)
    assert pairs(these) == [(i, j) for j in range(20) for i in range(min(j, 4))]
    assert capped(these) == list(range(5, 20))  # each found 4, and all that it saw were similar: so are all 20


def test_compared_with_half_is_not_capped() -> None:
    """An article is capped when it was compared with less than half of its mates: ten of 20 are enough, of 21 not."""
    assert capped(found([[1]] * 21, Bands(1, 1), bucket_cap=10)) == []
    assert capped(found([[1]] * 22, Bands(1, 1), bucket_cap=10)) == list(range(11, 22))


def test_capped_is_counted_over_all_buckets() -> None:
    """Who finds few in one bucket and others in the next ones is not capped: the last 40 have buckets of their own."""
    rows = [[1, place // 40, place // 40, place // 40] for place in range(80)]
    assert capped(found(rows, Bands(1, 1), 0.01, bucket_cap=30)) == list(range(31, 80))
    assert capped(found(rows, Bands(4, 1), 0.01, bucket_cap=30)) == list(range(31, 40))  # 30 of 79; the others 60


def test_strangers_are_no_mates() -> None:
    """Whoever gives a bucket up because nearly all in it are strangers has not missed any that are similar."""
    strangers = [[7, *(naive.mix(16 * n + k) & 0xFFFFFFFF for k in range(16))] for n in range(100)]
    these = found([*strangers, *[[7, *range(50, 66)]] * 4], Bands(1, 1), 0.9, bucket_cap=8, looked_at=10, for_each=4)
    assert pairs(these) == []
    assert capped(these) == []


class Twice:
    """Buckets of three articles, of which the second has a key twice."""

    articles, bits, pieces = 3, 32, ((0, 1),)

    def entries(self, piece: tuple[int, int], room: Room) -> Iterator[NDArray[np.uint64]]:
        """All in one bucket."""
        yield np.array([7 << 32 | article for article in (2, 1, 0, 1)], np.uint64)


def test_no_article_is_its_own_pair() -> None:
    """Two runs of a long text may have one key."""
    alike = np.zeros((3, 128), np.uint8)
    these = stage.candidates(Twice(), alike, rules(0.5, 128, 8))
    assert pairs(these) == [(0, 1), (0, 2), (1, 2)]


def test_buckets_of_the_same_articles_are_walked_once() -> None:
    """Beside each other lie buckets with the same first article, of the same articles one, of one article none."""
    buckets = [[1, 2, 5], [0, 3], [1, 2, 5], [4], [1, 5], [0, 3], [1, 2, 5], [1, 2, 4]]
    keys = np.array([key << 8 | article for key, some in enumerate(buckets) for article in some], np.uint64)
    gathered = np.empty(len(keys), np.uint64)
    kept = gathered[: kernels.gather_buckets(keys, 8, np.empty(7, np.int64), gathered)]
    assert [(int(key) >> 8, int(key) & 255) for key in kept] == [
        (1, 0), (1, 3), (0, 1), (0, 2), (0, 5), (4, 1), (4, 5), (7, 1), (7, 2), (7, 4),
    ]  # fmt: skip


def test_who_finds_some_looks_at_more() -> None:
    """In a bucket whose first is similar, an article looks at two others for each that is, and finds the sixth."""
    row, other = [7, *range(50, 66)], [7, *range(80, 96)]
    rows = [row, other, row, other, other, row, row]
    assert (0, 6) in pairs(found(rows, Bands(1, 1), 0.9, looked_at=1, for_each=2))
    assert (5, 6) not in pairs(found(rows, Bands(1, 1), 0.9, looked_at=1, for_each=2))
    assert (5, 6) in pairs(found(rows, Bands(1, 1), 0.9, looked_at=2, for_each=2))


@pytest.mark.parametrize("piece", [1, 100, 1 << 18])
def test_a_huge_bucket_stays_linear(monkeypatch: pytest.MonkeyPatch, piece: int) -> None:
    """Each of 5,000 copies is compared with `bucket_cap` others and no more, in every band the same."""
    monkeypatch.setattr(stage, "PIECE", piece)
    count, bucket_cap = 5000, 16
    these = found([[3] * 20] * count, Bands(10, 2), 0.7, bucket_cap=bucket_cap)
    assert pairs(these) == [(i, j) for j in range(count) for i in range(min(j, bucket_cap))]
    assert len(these.left) <= bucket_cap * count
    assert capped(these) == list(range(bucket_cap + 1, count))


def test_a_huge_bucket_of_near_copies_stays_linear() -> None:
    """Of 3,000 near copies each has at most `bucket_cap` a band, and all but the first have one."""
    count, bucket_cap, shape = 3000, 16, Bands(25, 5)
    keys = np.array(
        [key for n in range(count) for key in (*map(naive.mix, range(1, 61)), naive.mix(1000 + n))], np.uint64
    )
    signed = sign(keys, None, np.arange(count + 1) * 61, slots=128)
    these = candidates(signed, shape, 0.7, bucket_cap=bucket_cap)
    assert len(these.left) <= count * bucket_cap * shape.bands
    assert len(these.left) < count * count / 8
    assert np.unique(these.right).tolist() == list(range(1, count))
    assert these.capped.sum() > count * 0.9


@pytest.mark.parametrize("count", [0, 1])
def test_no_articles_or_one(count: int) -> None:
    """Where there is nobody to be compared with, there is no pair and no bucket_cap, in arrays of the right kinds."""
    these = found([[1, 2, 3, 4]] * count, Bands(2, 2), slots=4)
    assert [(column.dtype.name, len(column)) for column in these] == [("int64", 0), ("int64", 0), ("bool", count)]
    assert not these.capped.any()


@pytest.fixture(scope="module")
def many() -> NDArray[np.uint32]:
    """400 signatures with buckets of every size."""
    rng = np.random.default_rng(3)
    rows = rng.integers(0, 4, (400, 26), np.uint32) * np.uint32(0x01010101)
    rows[rng.permutation(400)[:150]] = rows[0]
    return rows


@pytest.mark.parametrize("bucket_cap", [3, 50, 1000])
@pytest.mark.parametrize(
    ("piece", "at_once", "threads"), [(1, 1, 1), (1, 4, 3), (40, 3, 2), (1000, 5, 1), (1 << 18, 13, 2), (1 << 18, 4, 3)]
)
def test_pieces_and_threads_do_not_matter(
    monkeypatch: pytest.MonkeyPatch, many: NDArray[np.uint32], bucket_cap: int, piece: int, at_once: int, threads: int
) -> None:
    """However bands and pairs are parted, the candidates are the same to the last bit, and those of the reference."""
    one = candidates(many, Bands(13, 2), 0.5, bucket_cap=bucket_cap)
    right, full = expected(many.tolist(), Bands(13, 2), 0.5, bucket_cap)
    assert pairs(one) == right
    assert one.capped.tolist() == full
    monkeypatch.setattr(stage, "PIECE", piece)
    monkeypatch.setattr(bands, "AT_ONCE", at_once)
    assert same(candidates(many, Bands(13, 2), 0.5, bucket_cap=bucket_cap, threads=threads), one)


@pytest.mark.parametrize("threads", [1, 2])
def test_progress_ends_at_the_whole(many: NDArray[np.uint32], threads: int) -> None:
    """Progress is told step by step and ends at the whole."""
    told: list[tuple[int, int]] = []
    candidates(many, Bands(13, 2), 0.5, threads=threads, progress=lambda *numbers: told.append(numbers))
    whole = told[0][1]
    assert told == [(done, whole) for done in range(1, whole + 1)]
    assert whole > 1


# --- articles that come later -------------------------------------------------------------------------------------


def walked(rows: Rows, shape: Bands, threshold: float, *, threads: int = 1, **options: Any) -> list[tuple[int, int]]:
    """Pairs of a walk, each once, in the order of candidates."""
    signed = signatures(rows, 7)
    compared = rules(threshold, 7, options.pop("bucket_cap", 128), **options)
    walk = Walk(BandBuckets(Matrix(signed), shape), sketches(signed.astype(np.uint16)), compared)
    found = Found()
    walk.pairs(found.add, threads)
    these = ends(found.settled())
    return list(zip(*(side.tolist() for side in these), strict=True))


@GENERATED
@given(SIGNATURES, SHAPES, st.sampled_from([0.01, 0.5, 0.8, 1.0]), st.integers(0, 30), st.booleans(), st.integers(1, 2))
def test_a_walk_since_an_article_finds_its_pairs(
    rows: Rows, shape: Bands, threshold: float, since: int, apart: bool, threads: int
) -> None:
    """Of the pairs of the reference those of which the later one is new; apart, those of which the other is old."""
    since = min(since, len(rows))
    right, _ = expected(rows, shape, threshold, 128)
    wanted = [pair for pair in right if pair[1] >= since and not (apart and pair[0] >= since)]
    assert walked(rows, shape, threshold, since=since, apart=apart, threads=threads) == wanted


@settings(deadline=None, max_examples=50)
@given(SIGNATURES, SHAPES, st.sampled_from([0.01, 0.5, 0.9]), st.lists(st.integers(0, 30), max_size=4).map(sorted))
def test_chunks_together_find_what_one_walk_finds(rows: Rows, shape: Bands, threshold: float, cuts: list[int]) -> None:
    """Every chunk by itself, and every two of them apart: no pair is missed, and none comes twice."""
    ends_of = [0, *(min(cut, len(rows)) for cut in cuts), len(rows)]
    chunks = [range(begin, end) for begin, end in pairwise(ends_of)]
    found_here: list[tuple[int, int]] = []
    for place, new in enumerate(chunks):
        for old in (None, *chunks[:place]):
            numbers = [*(old or ()), *new]
            some = [rows[number] for number in numbers]
            met = walked(some, shape, threshold, since=len(old or ()), apart=old is not None)
            found_here += [(numbers[left], numbers[right]) for left, right in met]
    assert sorted(found_here) == sorted(walked(rows, shape, threshold))


@pytest.mark.parametrize("marks", [1, 2, 64, 1 << 12])
def test_few_marks_lose_no_pair(monkeypatch: pytest.MonkeyPatch, many: NDArray[np.uint32], marks: int) -> None:
    """Where keys of different buckets share a mark, more are sorted, and as many found."""
    whole = candidates(many, Bands(13, 2), 0.5, bucket_cap=1000)
    monkeypatch.setattr(stage, "MARKS", marks)
    buckets = BandBuckets(Matrix(many), Bands(13, 2))
    walk = Walk(buckets, sketches(many.astype(np.uint16)), rules(0.5, 26, 1000, since=370))
    found = Found()
    walk.pairs(found.add)
    left, right = ends(found.settled())
    new = whole.right >= 370
    assert left.tolist() == whole.left[new].tolist() and right.tolist() == whole.right[new].tolist()
    assert new.any() and not new.all()


def test_old_articles_count_for_the_crowd() -> None:
    """A new copy is compared with the first of the old ones until so many agree, as if all were walked."""
    met = walked([[7] * 7] * 30, Bands(1, 1), 0.5, since=28, bucket_cap=5)
    assert met == [(left, right) for right in (28, 29) for left in range(5)]


def test_so_many_are_looked_at() -> None:
    """Where that is told, a new article looks no further into a bucket of strangers."""
    strangers = [[7, *(naive.mix(16 * n + k) & 0xFFFFFFFF for k in range(6))] for n in range(40)]
    rows = [*strangers, [7, *range(50, 56)], [7, *range(50, 56)]]
    assert walked(rows, Bands(1, 1), 0.9, since=41, bucket_cap=8, looked_at=41) == [(40, 41)]
    assert walked(rows, Bands(1, 1), 0.9, since=41, bucket_cap=8, looked_at=40) == []


ENTRIES = st.lists(st.tuples(st.integers(0, 7) | st.integers(0, 2**32 - 1), st.integers(0, 40)), max_size=40)


@GENERATED
@given(ENTRIES, st.integers(0, 41), st.sampled_from([1, 4, 1024]))
def test_entries_are_sifted_as_by_the_reference(entries: list[tuple[int, int]], since: int, marks: int) -> None:
    """Of old articles only those entries remain that share a mark with one of a new article, in their order."""
    keys = [key << 32 | article for key, article in entries]
    array = np.array(keys, np.uint64)
    kept = kernels.sift(array, 32, since, np.ones(marks, np.uint8))
    new = {key & marks - 1 for key, article in entries if article >= since}
    assert array[:kept].tolist() == [
        whole for whole, (key, article) in zip(keys, entries, strict=True) if article >= since or key & marks - 1 in new
    ]


@pytest.mark.parametrize(("slots", "width"), [(1, 128), (128, 128), (129, 256), (640, 640)])
def test_a_sketch_is_the_lowest_byte_of_every_slot(slots: int, width: int) -> None:
    """In whole blocks, the last of which is filled up with 0."""
    halves = np.random.default_rng(1).integers(0, 1 << 16, (3, slots), np.uint16)
    found = sketches(halves)
    assert found.shape == (3, width) and not found[:, slots:].any()
    assert found[:, :slots].tolist() == (halves & 255).tolist()


# --- articles out of reach ----------------------------------------------------------------------------------------


def placed(
    group: Sequence[int], time: Sequence[int] | None = None, source: Sequence[int] | None = None, window: int = 0
) -> tuple[list[int], kernels.Reach]:
    """Rows in the order in which a reach has them, and this reach; every row is a text of its own."""
    times = np.zeros(len(group), np.int64) if time is None else np.array(time, np.int64)
    sources = None if source is None else np.array(source, np.int64)
    where = Standings(np.array(group, np.int64), times, sources, window)
    found = scoped(np.arange(len(group)), where)
    return found.first.tolist(), found.reach


def reached(rows: Rows, shape: Bands, threshold: float, reach: kernels.Reach, **options: Any) -> Candidates:
    """The candidates of these signatures that are in reach of each other."""
    signed = signatures(rows, 7)
    compared = rules(threshold, 7, options.pop("bucket_cap", 128), **options)
    return stage.candidates(BandBuckets(Matrix(signed), shape), sketches(signed.astype(np.uint16)), compared, reach)


GROUPS = st.lists(st.integers(0, 2), min_size=30, max_size=30)
TIMES = st.lists(st.integers(0, 20), min_size=30, max_size=30)


@GENERATED
@given(SIGNATURES, SHAPES, st.sampled_from([0.01, 0.5, 0.8]), st.data())
def test_within_a_group_all_is_as_if_there_were_no_other(
    rows: Rows, shape: Bands, threshold: float, data: st.DataObject
) -> None:
    """Pairs and who is capped are those of each group on its own: looks and matches are spent on nobody else."""
    group = data.draw(GROUPS)[: len(rows)]
    options = {"bucket_cap": data.draw(st.integers(1, 3)), "looked_at": data.draw(st.sampled_from([1, 2, 100]))}
    order, reach = placed(group)
    together = reached([rows[row] for row in order], shape, threshold, reach, **options)
    met, capped_here = [], []
    for one in sorted(set(group)):
        mine = [place for place, row in enumerate(order) if group[row] == one]
        alone = reached([rows[order[place]] for place in mine], shape, threshold, kernels.EVERYBODY, **options)
        met += [(mine[left], mine[right]) for left, right in pairs(alone)]
        capped_here += [mine[place] for place in capped(alone)]
    assert sorted(pairs(together)) == sorted(met)
    assert capped(together) == sorted(capped_here)


@GENERATED
@given(SIGNATURES, SHAPES, st.sampled_from([0.01, 0.5, 0.8]), st.booleans(), st.data())
def test_who_is_in_reach_is_found_and_nobody_else(
    rows: Rows, shape: Bands, threshold: float, across: bool, data: st.DataObject
) -> None:
    """With groups, dates and sources at once: of the pairs that are found without them, those that they allow."""
    group, time, source = (data.draw(values)[: len(rows)] for values in (GROUPS, TIMES, GROUPS))
    window = data.draw(st.integers(0, 12))
    order, reach = placed(group, time, [one - 1 for one in source] if across else None, window)
    these = [rows[row] for row in order]

    def allowed(pair: tuple[int, int]) -> bool:
        i, j = (order[end] for end in pair)
        apart = not across or source[i] == 0 or source[i] != source[j]
        return group[i] == group[j] and abs(time[i] - time[j]) <= window and apart

    wanted = [pair for pair in pairs(reached(these, shape, threshold, kernels.EVERYBODY)) if allowed(pair)]
    assert pairs(reached(these, shape, threshold, reach)) == wanted


@pytest.mark.parametrize("piece", [1, 50, 1 << 18])
@pytest.mark.parametrize("place", [0, 1, 150, 299])
def test_a_crowd_of_one_source_does_not_hide_another(monkeypatch: pytest.MonkeyPatch, place: int, piece: int) -> None:
    """One copy at another source is found by each of 299, wherever it stands among them, with few matches allowed."""
    monkeypatch.setattr(stage, "PIECE", piece)
    source = [0] * 300
    source[place] = 1
    order, reach = placed([0] * 300, None, source)
    found_here = reached([[7] * 7] * 300, Bands(1, 2), 0.5, reach, bucket_cap=8, looked_at=1)
    one = order.index(place)
    assert pairs(found_here) == sorted(
        ((min(one, other), max(one, other)) for other in range(300) if other != one), key=lambda pair: pair[::-1]
    )
    assert not found_here.capped.any()


def test_a_crowd_of_many_sources_is_capped() -> None:
    """Where there are too many to compare, of whatever source, each has enough, and is known to be capped."""
    _, reach = placed([0] * 300, None, [number % 3 for number in range(300)])
    found_here = reached([[7] * 7] * 300, Bands(1, 2), 0.5, reach, bucket_cap=8)
    matches = np.bincount(np.concatenate([found_here.left, found_here.right]), minlength=300)
    assert (matches >= 8).all()
    assert found_here.capped.sum() > 200


@GENERATED
@given(
    st.sets(st.tuples(st.integers(0, 11), st.integers(0, 11)).filter(lambda pair: pair[0] < pair[1])),
    st.lists(st.lists(st.integers(0, 1), min_size=4, max_size=4), min_size=12, max_size=12),
    st.integers(1, 3), st.integers(1, 4), st.lists(st.integers(0, 20), min_size=12, max_size=12),
)  # fmt: skip
def test_the_first_and_the_most_alike_are_kept(
    met: set[tuple[int, int]], rows: Rows, enough: int, cap: int, mates: list[int]
) -> None:
    """Of the pairs with those before it an article keeps so many of each kind, fewer in two crowds."""
    signed, some = signatures(rows).astype(np.uint16), np.array(mates)
    compared = rules(0.5, 4, cap)._replace(enough=enough, crowd=5)
    packed = np.array(sorted(right << 32 | left for left, right in met), np.uint64)
    kept = stage.thinned(packed, sketches(signed), compared, some)
    expected, most = [], {}
    for right in range(12):
        others = sorted(left for left, one in met if one == right)
        most[right] = enough if mates[right] >= 10 else cap
        rest = sorted(others[most[right] :], key=lambda left: (-naive.agreeing(rows[left], rows[right]), left))
        mine = sorted(others[: most[right]] + rest[: most[right]])
        expected += [(left, right) for left in mine]
        assert some[right] == (max(mates[right], len(others)) if len(others) > 2 * most[right] else mates[right])
    assert list(zip(*(side.tolist() for side in ends(kept)), strict=True)) == expected


def test_behind_a_crowd_few_are_enough() -> None:
    """Who comes behind a crowd finds fewer, and what it found among so many says as well how many mates there are."""
    signed = np.ones((100, 16), np.uint32)
    compared = rules(0.5, 16, 20)._replace(enough=8, crowd=40)
    buckets = BandBuckets(Matrix(signed), Bands(1, 16))
    these = stage.candidates(buckets, sketches(signed.astype(np.uint16)), compared)
    assert np.bincount(these.right, minlength=100).tolist() == [*range(20), 20, *[16] * 19, *[8] * 60]
    assert capped(these) == list(range(21, 100))
