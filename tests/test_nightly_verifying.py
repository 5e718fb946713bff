"""`dedup.nightly.verifying`: the similarity of candidates, and edges that are kept."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from crawlers import article
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.evidence.corpus import Corpus
from dedup.nightly.verifying import joined, judged, judged_again, keep, read
from dedup.pipeline import represent
from dedup.settings import Settings
from dedup.stages.clusters import NO_PAIRS, Pairs
from dedup.stages.pairs import verify

TEXTS = 30
PAIRS = list(combinations(range(TEXTS), 2))


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "weighted"])
def corpus(request: pytest.FixtureRequest) -> Corpus:
    """Distinct texts of a few families."""
    column = pa.chunked_array([pa.array([article(number) for number in range(TEXTS)], pa.large_string())])
    return represent(column, Settings(weighted=request.param))


def put(path: Path, pairs: list[tuple[int, int]], group: int) -> Path:
    """A file of candidates, so many in a row group."""
    values = pa.array(sorted(right << 32 | left for left, right in pairs), pa.uint64())
    pq.write_table(pa.table({"pair": values}), path, row_group_size=group)
    return path


@pytest.mark.parametrize("group", [1, 50, 1000])
@pytest.mark.parametrize("threshold", [0.05, 0.3, 1.0])
def test_edges_are_those_in_memory(tmp_path: Path, corpus: Corpus, group: int, threshold: float) -> None:
    """Of all pairs those at the threshold, ascending by right, then left, with their exact similarity."""
    left, right = np.array(sorted(PAIRS, key=lambda pair: pair[::-1])).T
    similarity = verify(corpus.sets, left, right, corpus.sizes)
    kept = similarity >= threshold
    told: list[tuple[int, int]] = []
    counted: list[int] = []
    edges = judged(
        put(tmp_path / "pairs", PAIRS, group), corpus, threshold, threads=2,
        progress=lambda *done: told.append(done), check=counted.append,
    )  # fmt: skip
    for found, expected in zip(edges, (left[kept], right[kept], similarity[kept]), strict=True):
        assert found.tolist() == expected.tolist() and found.dtype == expected.dtype
    assert told[-1] == (len(PAIRS), len(PAIRS)) and len(told) == -(-len(PAIRS) // group)
    assert counted[-1] == len(edges.left) and counted == sorted(counted)


def test_some_edges_are_judged_again(corpus: Corpus) -> None:
    """They have the similarity that they have now, or are gone; others stay as they were."""
    left, right = np.array(PAIRS).T
    before = Pairs(left, right, np.full(len(PAIRS), 0.5))
    some = np.arange(len(PAIRS)) % 2 == 0
    similarity = np.where(some, verify(corpus.sets, left, right, corpus.sizes), 0.5)
    kept = similarity >= 0.1
    found = judged_again(before, some, corpus, 0.1)
    for column, expected in zip(found, (left, right, similarity), strict=True):
        assert column.tolist() == expected[kept].tolist()
    assert 0 < (some & ~kept).sum() < some.sum()
    assert judged_again(before, np.zeros(len(PAIRS), np.bool_), corpus, 0.1) is before


def test_an_edge_needs_evidence(tmp_path: Path, corpus: Corpus) -> None:
    """A pair is none that shares less weight than is asked for, times one minus its similarity."""
    left, right = np.array(sorted(PAIRS, key=lambda pair: pair[::-1])).T
    similarity = verify(corpus.sets, left, right, corpus.sizes, evidence=800.0)
    edges = judged(put(tmp_path / "pairs", PAIRS, 50), corpus, 0.05, evidence=800.0)
    assert edges.similarity.tolist() == similarity[similarity >= 0.05].tolist()
    assert len(edges.left) < (verify(corpus.sets, left, right, corpus.sizes) >= 0.05).sum()


def test_no_candidates(tmp_path: Path, corpus: Corpus) -> None:
    """No edges, of the right kinds."""
    edges = judged(put(tmp_path / "pairs", [], 10), corpus, 0.1)
    assert [(len(column), column.dtype) for column in edges] == [(0, column.dtype) for column in NO_PAIRS]


def test_too_many_edges_end_it(tmp_path: Path, corpus: Corpus) -> None:
    """What the check raises comes through at once."""

    def check(count: int) -> None:
        if count > 20:
            raise MemoryError(count)

    with pytest.raises(MemoryError) as caught:
        judged(put(tmp_path / "pairs", PAIRS, 10), corpus, 1e-9, check=check)
    assert 20 < caught.value.args[0] <= 30


EDGES = st.lists(st.tuples(st.integers(0, 2**31), st.integers(0, 2**31), st.floats(0, 1)), max_size=20)


@settings(deadline=None, max_examples=30)
@given(EDGES, EDGES)
def test_edges_are_kept(
    tmp_path_factory: pytest.TempPathFactory, some: list[tuple[int, int, float]], more: list[tuple[int, int, float]]
) -> None:
    """Read again, they are the same; joined, one behind the other."""
    parts = []
    for rows in (some, more):
        left, right, similarity = zip(*rows, strict=True) if rows else ([], [], [])
        parts.append(Pairs(np.array(left, np.int64), np.array(right, np.int64), np.array(similarity, np.float64)))
    path = tmp_path_factory.getbasetemp() / "edges.parquet"
    keep(joined(parts), path)
    assert list(zip(*(column.tolist() for column in read(path, 2**31 + 1)), strict=True)) == some + more
