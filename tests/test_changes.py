"""`dedup.stages.changes`: what became of clusters, by rules that are the same for nights and the index."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_nightly import expected_changes

from dedup.stages.changes import NOBODY, Changes, Members, changes, counts

GENERATED = settings(deadline=None, max_examples=400)
Night = dict[int, int]
NIGHTS = st.dictionaries(st.integers(0, 12), st.integers(0, 4), max_size=13)
"""Which articles there are, and in which cluster each is."""


def named(night: Night) -> Night:
    """Clusters by their oldest article."""
    oldest: Night = {}
    for article in sorted(night):
        oldest.setdefault(night[article], article)
    return {article: oldest[cluster] for article, cluster in sorted(night.items())}


def held(night: Night) -> Members:
    """As the nights hold them."""
    return Members(np.array(list(night), np.int64), np.array(list(night.values()), np.int64))


def told(before: Night, now: Night) -> list[tuple[str, int, int | None]]:
    """Changes from one to the other."""
    found = changes(held(named(before)), held(named(now)))
    return [
        (str(kind), int(old), None if new < 0 else int(new))
        for kind, old, new in zip(found.kind, found.old, found.new, strict=True)
    ]


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ({1: 0, 2: 0}, {1: 0, 2: 0, 3: 0}, []),  # one more
        ({1: 0, 2: 1}, {1: 0, 2: 0}, [("joined", 2, 1)]),
        ({1: 0, 2: 1, 3: 1}, {1: 0, 2: 0, 3: 0}, [("joined", 2, 1)]),
        ({1: 0, 2: 0, 3: 0}, {1: 0, 2: 1, 3: 1}, [("split", 1, 2)]),
        ({1: 0, 2: 0, 3: 0}, {1: 0, 2: 1, 3: 2}, [("split", 1, 2), ("split", 1, 3)]),
        ({1: 0, 2: 0, 3: 1}, {1: 0, 2: 1, 3: 1}, [("split", 1, 2), ("joined", 3, 2)]),
        ({1: 0, 2: 1, 3: 1}, {1: 0, 2: 1, 3: 0}, [("moved", 2, 1)]),
        ({1: 0, 2: 0}, {2: 0}, [("renamed", 1, 2)]),
        ({1: 0, 2: 0, 3: 0}, {2: 0, 3: 1}, [("renamed", 1, 2), ("split", 1, 3)]),
        ({1: 0, 2: 1, 3: 1}, {1: 0, 3: 0}, [("joined", 2, 1)]),
        ({1: 0, 2: 0, 3: 1, 4: 1}, {2: 0, 4: 0}, [("renamed", 1, 2), ("joined", 3, 2)]),
        ({1: 0, 2: 1}, {2: 1}, [("ended", 1, None)]),
        ({}, {1: 0}, []),
        ({1: 0}, {}, [("ended", 1, None)]),
        ({}, {}, []),
    ],
)
def test_rules(before: Night, now: Night, expected: list[tuple[str, int, int | None]]) -> None:
    """One after the other."""
    assert told(before, now) == expected


@GENERATED
@given(NIGHTS, NIGHTS)
def test_changes_are_those_of_the_rules(before: Night, now: Night) -> None:
    """For any two nights, in the order of old and new."""
    names: Any = {article: article for article in range(13)}
    found = told(before, now)
    assert sorted(found, key=str) == sorted(expected_changes(named(before), named(now), names), key=str)
    assert [(old, -1 if new is None else new) for _, old, new in found] == sorted(
        (old, -1 if new is None else new) for _, old, new in found
    )


@GENERATED
@given(NIGHTS, NIGHTS)
def test_changes_say_where_every_article_went(before: Night, now: Night) -> None:
    """Who knows the old cluster of an article and the changes knows where it may be; of the others it is as it was."""
    ways: dict[int, set[int | None]] = {}
    for _, old, new in told(before, now):
        ways.setdefault(old, set()).add(new)
    was, is_now = named(before), named(now)
    for article, cluster in was.items():
        if article in is_now and is_now[article] != cluster:
            assert is_now[article] in ways[cluster]
        if cluster not in ways:
            assert is_now.get(article, cluster) == cluster


@GENERATED
@given(NIGHTS, NIGHTS)
def test_counts(before: Night, now: Night) -> None:
    """Articles that came, went and are in clusters of two and more."""
    sizes = [list(now.values()).count(cluster) for cluster in set(now.values())]
    assert counts(held(named(before)), held(named(now))) == {
        "articles": len(now), "new": len(now.keys() - before.keys()), "gone": len(before.keys() - now.keys()),
        "clusters": sum(size > 1 for size in sizes), "clustered": sum(size for size in sizes if size > 1),
    }  # fmt: skip


def test_counts_of_a_first_night() -> None:
    """All are new."""
    assert counts(NOBODY, held({3: 3, 5: 3})) == {"articles": 2, "new": 2, "gone": 0, "clusters": 1, "clustered": 2}


def test_a_table_has_ids() -> None:
    """In the place of numbers; null where there is no cluster any more."""
    found = Changes(np.array(["joined", "ended"]), np.array([2, 1]), np.array([0, -1]))
    ids = pa.chunked_array([["a", "乙"], ["c"]], pa.large_string())
    assert found.table(ids).to_pylist() == [
        {"kind": "joined", "old": "c", "new": "a"},
        {"kind": "ended", "old": "乙", "new": None},
    ]
    nothing = changes(NOBODY, NOBODY).table(ids)
    assert nothing.num_rows == 0 and nothing.schema.names == ["kind", "old", "new"]
