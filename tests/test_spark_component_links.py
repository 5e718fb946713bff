"""`dedup.spark.component_links`: components linked and named as by `dedup.stages.clusters`."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import sparks
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.settings import Settings
from dedup.stages.clusters import Graph, representatives

sparks.check()

from dedup.spark import columns, component_links  # noqa: E402 - only where Spark is

GENERATED = settings(deadline=None, max_examples=100)
SETTINGS = Settings()


def table(graph: Graph, components: list[int], ids: pa.Array) -> pa.Table:
    """What a task is given: texts and edges by component, texts first."""
    count, edges = len(graph.first), len(graph.left)
    numbers = np.arange(count) * 1000 - 5000
    rows = pa.table(
        {
            "component": pa.array([*components, *(components[end] for end in graph.left)], pa.int64()),
            "left": pa.array(np.concatenate([numbers, numbers[graph.left]])),
            "right": pa.concat_arrays([pa.nulls(count, pa.int64()), pa.array(numbers[graph.right])]),
            "similarity": pa.concat_arrays([pa.nulls(count, pa.float64()), pa.array(graph.similarity)]),
            "first": pa.concat_arrays([ids, pa.nulls(edges, ids.type)]),
            "copies": pa.concat_arrays([pa.array(graph.copies), pa.nulls(edges, pa.int64())]),
            "capped": pa.concat_arrays([pa.array(graph.capped), pa.nulls(edges, pa.bool_())]),
        }
    )
    ends = np.concatenate([np.full(count, -(10**6)), numbers[graph.right]])  # texts before edges
    return rows.take(pa.array(np.lexsort((rows["left"].to_numpy(), ends, rows["component"].to_numpy()))))


def drawn(seed: int, count: int, share: float) -> Graph:
    """Edges among texts of which some have copies, and some are capped."""
    rng = np.random.default_rng(seed)
    left, right = np.nonzero(np.triu(rng.random((count, count)) < share, 1))
    order = np.lexsort((left, right))
    distinct = np.repeat(np.arange(count), rng.integers(1, 3, count))
    similarity = np.round(rng.uniform(0.15, 1, len(left)), 1)
    return Graph(rng.permutation(count), distinct, left[order], right[order], similarity, rng.random(count) < 0.2)


@GENERATED
@given(st.integers(0, 1000), st.integers(1, 30), st.floats(0, 0.5), st.integers(1, 50))
def test_clusters_are_those_of_one_process(seed: int, count: int, share: float, size: int) -> None:
    """Clusters, representatives, sizes and similarities are the same, wherever batches end."""
    from dedup import kernels

    graph = drawn(seed, count, share)
    components = kernels.components(graph.left, graph.right, count).tolist()
    given_rows = table(graph, components, pa.array(graph.first))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "AT_ONCE", size)
        batches = iter(given_rows.to_batches(max_chunksize=size))
        found = pa.Table.from_batches(list(component_links._link(SETTINGS)(batches))).sort_by("number")
    wanted = representatives(graph, SETTINGS.threshold, SETTINGS.linkage)
    assert found["head"].to_pylist() == (wanted * 1000 - 5000).tolist()
    assert found["label"].to_pylist() == graph.first[wanted].tolist()
    assert found["size"].to_pylist() == np.bincount(wanted, graph.copies, count)[wanted].tolist()
    known = {(a, b): s for a, b, s in zip(graph.left, graph.right, graph.similarity, strict=True)}
    alike = [1.0 if a == b else known.get((min(a, b), max(a, b))) for a, b in enumerate(wanted.tolist())]
    assert found["similarity"].to_pylist() == alike


@pytest.mark.parametrize(
    "ids",
    [
        ["b", "a", None],
        [b"b", b"a", None],
        [2, 1, None],
        [2.5, 1.5, None],
        [True, False, None],
        [Decimal("2.5"), Decimal("1.5"), None],
        [datetime.date(2026, 1, 2), datetime.date(2026, 1, 1), None],
        [datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC), datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC), None],
    ],
    ids=lambda ids: type(ids[0]).__name__,
)
def test_ids_of_any_type_are_ranked(ids: list[Any]) -> None:
    """In their own order, equal ones alike, missing ones first."""
    places = columns.ranks(pa.chunked_array([pa.array([*ids, ids[0]])])).tolist()
    assert places == [2, 1, 0, 2]
