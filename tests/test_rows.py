"""`dedup.rows`: rows are given back in the caller's own kind, however many are asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from dedup.errors import InputError
from dedup.rows import FEW, Rows

COUNT = 4 * FEW
TABLE = pa.table({"n": pa.chunked_array([range(7), [], range(7, COUNT)]), "text": [f"第{n}篇" for n in range(COUNT)]})


@pytest.mark.parametrize("some", [0, 1, FEW, FEW + 1, COUNT])
@pytest.mark.parametrize(
    "source",
    [
        TABLE,
        TABLE.combine_chunks().to_batches()[0],
        pl.from_arrow(TABLE),
        TABLE.to_pandas(),
        TABLE.to_pylist(),
        TABLE.to_pydict(),
        {"n": np.arange(COUNT), "text": TABLE["text"]},
        {"n": pl.Series(range(COUNT)), "text": pd.Series(TABLE["text"].to_pylist())},
    ],
    ids=["table", "batch", "Polars", "pandas", "list", "dict of lists", "dict of arrays", "dict of series"],
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


RUNS = pa.RunEndEncodedArray.from_arrays(pa.array([5, 150, COUNT], pa.int32()), pa.array(["甲", None, "乙"]))
VIEWS = TABLE["text"].cast(pa.string_view())
ODD = pa.table(
    {
        "n": TABLE["n"],
        "runs": pa.chunked_array([RUNS]),
        "views": VIEWS,
        "lists": [[f"{n}", "x"] for n in range(COUNT)],
        "inside": pa.StructArray.from_arrays([VIEWS.combine_chunks()], ["views"]),
    }
)


@pytest.mark.parametrize("some", [0, 1, FEW, FEW + 1, COUNT])
@pytest.mark.parametrize("of", ["table", "batch", "column", "array", "runs"])
def test_rows_of_any_layout_come_back(some: int, of: str) -> None:
    """Views and runs, for which Arrow has no filter, keep their type, in chunks as they were."""
    source: Any = {
        "table": ODD,
        "batch": ODD.combine_chunks().to_batches()[0],
        "column": ODD["views"],
        "array": ODD["views"].combine_chunks(),
        "runs": RUNS,
    }[of]
    places = np.sort(np.random.default_rng(some).permutation(COUNT)[:some])
    taken = Rows.of(source, source, COUNT).take(places)
    every = source.to_pylist()
    assert type(taken) is type(source)
    assert (taken.schema if of in ("table", "batch") else taken.type) == (
        ODD.schema if of in ("table", "batch") else source.type
    )
    assert taken.to_pylist() == [every[place] for place in places.tolist()]


@pytest.mark.parametrize(
    "source",
    [
        [{"meta": {"date": date}} for date in "cab"],
        pa.table({"meta": [{"date": date} for date in "cab"]}),
        pl.DataFrame({"meta": [{"date": date} for date in "cab"]}),
        pd.DataFrame({"meta": [{"date": date} for date in "cab"]}),
        pd.DataFrame({"meta": [{"date": date} for date in "cab"]}).convert_dtypes(dtype_backend="pyarrow"),
        {"meta": [{"date": date} for date in "cab"]},
    ],
    ids=["list", "Arrow", "Polars", "pandas", "pandas of Arrow", "dict of columns"],
)
def test_a_column_is_found_by_a_path(source: Any) -> None:
    """For rules that keep the newest, and for audits by source."""
    found = Rows.of(source, source, 3).column("meta.date")
    assert (found if isinstance(found, list) else found.to_pylist()) == ["c", "a", "b"]
    for wrong in ("date", "mata.date"):
        with pytest.raises(InputError, match=f"no column '{wrong}'"):
            Rows.of(source, source, 3).column(wrong)


def test_a_dict_of_columns_gets_more_columns() -> None:
    """Beside those that it has; what the caller changes afterwards changes nothing here."""
    given = {"text": ["a", "b", "c"], "n": np.arange(3)}
    rows = Rows.of(given, given, 3)
    given["text"][1] = "changed"
    added = rows.with_columns(np.array([1]), {"kept": pa.array(["x"])})
    assert added == {"text": ["b"], "n": np.array([1]), "kept": ["x"]}
    with pytest.raises(InputError, match="have a column 'n'"):
        rows.with_columns(np.array([1]), {"n": pa.array(["x"])})
