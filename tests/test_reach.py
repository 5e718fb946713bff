"""`dedup.stages.reach`: who may be compared with whom, against the definition."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.stages.bands import BandBuckets, Bands, Matrix
from dedup.stages.reach import COPIES, CopyBuckets, Scoped, scoped
from dedup.stages.scope import NO_DATE, Standings
from dedup.work import Room


def standing(
    group: list[int], time: list[int] | None = None, source: list[int] | None = None, window: int = 0
) -> Standings:
    """Standings of lists; without dates all are of one moment."""
    times = np.zeros(len(group), np.int64) if time is None else np.array(time, np.int64)
    return Standings(np.array(group, np.int64), times, None if source is None else np.array(source, np.int64), window)


@st.composite
def placed(draw: st.DrawFn) -> tuple[list[int], Standings]:
    """Texts of some articles, and where these stand."""
    count = draw(st.integers(0, 14))

    def column(values: list[int]) -> list[int]:
        return draw(st.lists(st.sampled_from(values), min_size=count, max_size=count))

    source = column([-1, 0, 1, 2]) if draw(st.booleans()) else None
    group = column([0] if draw(st.booleans()) else [-1, 0, 1])
    time = column([NO_DATE, 0, 3, 5, 9, 1 << 60]) if draw(st.booleans()) else None
    return column([-1, 0, 1, 2, 3]), standing(group, time, source, draw(st.integers(0, 6)))


def comparable(i: int, j: int, where: Standings) -> bool:
    """Whether two articles may be compared, by the definition."""
    return bool(
        where.group[i] == where.group[j] != -1
        and NO_DATE not in (where.time[i], where.time[j])
        and abs(int(where.time[i]) - int(where.time[j])) <= where.window
        and (where.source is None or where.source[i] == -1 or where.source[i] != where.source[j])
    )


def in_reach(found: Scoped, i: int, j: int) -> bool:
    """Whether two texts of their own are in each other's reach."""
    early, late, sources = found.reach
    alike = bool(len(sources)) and sources[i] == sources[j] >= 0
    return bool(early[j] <= i <= late[j] and early[i] <= j <= late[i]) and not alike


@settings(deadline=None, max_examples=400)
@given(placed())
def test_reach_is_as_defined(example: tuple[list[int], Standings]) -> None:
    """Two articles are one text if they are copies that may be compared in one place, and in reach if they may be."""
    texts, where = example
    found = scoped(np.array(texts, np.int64), where)
    number = found.number.tolist()
    assert [n >= 0 for n in number] == [text >= 0 for text in texts]
    assert found.first.tolist() == [number.index(n) for n in range(len(found.first))]
    assert [texts[row] for row in found.first] == found.text.tolist()
    for i, j in combinations([row for row, text in enumerate(texts) if text >= 0], 2):
        if number[i] == number[j]:
            assert texts[i] == texts[j] and comparable(i, j, where)
        else:
            assert in_reach(found, number[i], number[j]) == comparable(i, j, where)
    assert (np.diff(found.reach.earliest.astype(np.int64)) >= 0).all()
    assert (np.diff(found.reach.latest.astype(np.int64)) >= 0).all()


def test_copies_of_one_group_are_one_text() -> None:
    """Within groups a text is once in each that has it, however many copies there are."""
    found = scoped(np.array([0, 0, 0, 0, 1, -1]), standing([0, 1, 0, -1, 0, 0]))
    assert found.number[0] == found.number[2]
    assert len(found.first) == 4
    assert found.text.tolist() == [0, 0, 1, 0]  # nobody's first, then group by group


def test_copies_of_one_source_are_apart() -> None:
    """Across sources every article is a text of its own, but those of no source, which may be compared."""
    found = scoped(np.zeros(5, np.int64), standing([0] * 5, source=[0, 0, 1, -1, -1]))
    assert len(found.first) == 4
    assert found.number[3] == found.number[4]


def test_nobody_and_nothing() -> None:
    """There may be no articles, or none with a text."""
    assert len(scoped(np.empty(0, np.int64), standing([])).first) == 0
    assert scoped(np.array([-1, -1]), standing([0, 0])).number.tolist() == [-1, -1]


@pytest.mark.parametrize("text", [[0, 1, 0, 2, 0, 1], [0, 1, 2, 3, 4, 5]])
def test_copies_meet_in_buckets_of_their_own(text: list[int]) -> None:
    """Beside the buckets of others there is one for each text that stands in several places."""
    others = BandBuckets(Matrix(np.arange(12).reshape(6, 2)), Bands(1, 2))
    buckets = CopyBuckets(others, np.array(text))
    assert (buckets.articles, buckets.bits, buckets.pieces) == (6, others.bits, [*others.pieces, COPIES])
    room = Room(np.uint64)
    assert [e.tolist() for e in buckets.entries((0, 1), room)] == [
        e.tolist() for e in others.entries((0, 1), Room(np.uint64))
    ]
    (entries,) = buckets.entries(COPIES, room)
    wanted = [text[i] << others.bits | i for i in range(6) if text.count(text[i]) > 1]
    assert entries.tolist() == wanted
