"""`dedup.rows`: rows are given back in the caller's own kind, however many are asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from dedup.rows import FEW, Rows

COUNT = 4 * FEW
TABLE = pa.table({"n": pa.chunked_array([range(7), [], range(7, COUNT)]), "text": [f"第{n}篇" for n in range(COUNT)]})


@pytest.mark.parametrize("some", [0, 1, FEW, FEW + 1, COUNT])
@pytest.mark.parametrize(
    "source",
    [TABLE, TABLE.combine_chunks().to_batches()[0], pl.from_arrow(TABLE), TABLE.to_pandas(), TABLE.to_pylist()],
    ids=["table", "batch", "Polars", "pandas", "list"],
)
def test_rows_are_those_at_their_places(source: Any, some: int) -> None:
    """Few and many, none and all, of a table in chunks."""
    places = np.sort(np.random.default_rng(some).permutation(COUNT)[:some])
    taken = Rows.of(source, source, COUNT).take(places)
    assert type(taken) is type(source)
    numbers = [row["n"] for row in taken] if isinstance(taken, list) else list(taken["n"])
    assert [one.as_py() if isinstance(one, pa.Scalar) else one for one in numbers] == places.tolist()


def test_an_index_of_any_kind_comes_back() -> None:
    """Repeated entries, several levels, dates."""
    frame = pd.DataFrame({"text": ["a", "b", "c"]})
    for index in (
        pd.Index(["x", "x", "y"]),
        pd.MultiIndex.from_tuples([("x", 1), ("x", 2), ("y", 1)], names=["site", "page"]),
        pd.date_range("2024-01-01", periods=3, tz="Asia/Taipei"),
    ):
        given = frame.set_axis(index)
        rows = Rows.of(given, given, 3)
        pd.testing.assert_frame_equal(rows.take(np.array([0, 2])), given.iloc[[0, 2]])
        assert rows.indexed(np.arange(3)).index.equals(index)
        added = rows.with_columns(np.array([1]), {"kept": pa.array(["a"]), "similarity": pa.array([0.5])})
        assert added["kept"].tolist() == ["a"]
        assert added.index.equals(index[1:2])
