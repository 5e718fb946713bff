"""`dedup.spark.stars`: components by stars, in few rounds."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pyarrow as pa
import sparks
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup import kernels

sparks.check()

from dedup.spark import stars  # noqa: E402 - only where Spark is

GENERATED = settings(deadline=None, max_examples=100)
Edges = set[tuple[int, int]]


def starred(edges: Edges, *, large: bool, size: int) -> Edges:
    """What a round makes of edges from larger to smaller, in batches of a size."""
    given_edges = edges | {(b, a) for a, b in edges} if large else edges
    rows = np.array(sorted(given_edges), np.int64).reshape(-1, 2)
    batch = pa.RecordBatch.from_pydict({"number": pa.array(rows[:, 0]), "parent": pa.array(rows[:, 1])})
    batches = (batch.slice(begin, size) for begin in range(0, len(batch), size))
    return {tuple(row.values()) for out in stars._star(large=large)(batches) for row in out.to_pylist()}  # type: ignore[misc]


def ended(edges: Edges) -> bool:
    """Every text has one parent, which has none."""
    children = [number for number, _ in edges]
    return len(set(children)) == len(children) and not {parent for _, parent in edges} & set(children)


def rounds(edges: Edges, size: int) -> tuple[Edges, int]:
    """Stars, and after how many rounds."""
    count = 0
    while not ended(edges):
        edges = starred(starred(edges, large=True, size=size), large=False, size=size)
        count += 1
        assert count < 100
    return edges, count


@GENERATED
@given(
    st.sets(st.tuples(st.integers(0, 40), st.integers(0, 40)).filter(lambda edge: edge[0] > edge[1])), st.integers(1, 9)
)
def test_stars_are_the_components(edges: Edges, size: int) -> None:
    """Every text has the least of its component for parent."""
    found, _ = rounds(edges, size)
    left, right = (np.array([edge[end] for edge in edges], np.int64) for end in range(2))
    parents = kernels.components(left, right, 41)
    assert found == {(number, int(parent)) for number, parent in enumerate(parents) if number != parent}


def test_a_long_path_takes_few_rounds() -> None:
    """Rounds grow with the logarithm of a path, not with its length."""
    order = np.random.default_rng(5).permutation(1000).tolist()
    edges = {(max(a, b), min(a, b)) for a, b in pairwise(order)}
    found, count = rounds(edges, 300)
    assert found == {(number, 0) for number in range(1, 1000)}
    assert count <= math.log2(1000)


@GENERATED
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)).filter(lambda edge: edge[0] != edge[1]), min_size=1))
def test_a_task_contracts_what_it_has(edges: list[tuple[int, int]]) -> None:
    """The edges of one task become the stars of their components."""
    left, right = (np.array([edge[end] for edge in edges], np.int64) for end in range(2))
    batch = pa.RecordBatch.from_pydict({"left": pa.array(left), "right": pa.array(right)})
    found = {tuple(row.values()) for out in stars._contracted(iter([batch])) for row in out.to_pylist()}
    parents = kernels.components(left, right, 31)
    assert found == {(number, int(parent)) for number, parent in enumerate(parents) if number != parent}
