"""The rows that a caller gave, to be given back in the caller's own kind.

In: what articles were read from, and positions in it. Out: those rows: of a pandas frame with its index, of a Polars
frame, an Arrow table, a DuckDB relation, a data set of Hugging Face or a dict of columns with all columns, of a list
the very same objects. What has no rows until it is read gives those that were: a lazy frame of Polars a frame; a
dataset or scanner of Arrow, a table of Delta, Iceberg or Lance, and any other stream an Arrow table; an iterable a
list. Holds the rows of the source by reference, in the order in which they were read, and copies those that are asked
for. Changes nothing, and knows nothing of clusters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.errors import InputError
from dedup.fields import column_at, column_of, fields_of, names_inside, value_at
from dedup.kernels import Integers
from dedup.stages.queries import hub_table, is_hub, library

FEW = 64
"""Rows, as of a cluster, that are taken from a table one by one: others are found in a pass over all of it."""


@dataclass(frozen=True, eq=False)
class Rows:
    """The articles as a caller has them.

    Attributes:
        source: A pandas or Polars frame or series, an Arrow table, batch or column, a data set of Hugging Face, a
            numpy array, a list, or a dict of any of these columns.
        count: How many rows it has.
        index: Of a pandas frame or series; None for other kinds.
        relation: Rows are given back as a DuckDB relation.
    """

    source: Any
    count: int
    index: Any = None
    relation: bool = False

    @classmethod
    def of(cls, given: Any, read: Any, count: int) -> Rows:
        """What a caller gave.

        Args:
            given: The articles.
            read: What of them can be read again: themselves, or the list or table that they became.
            count: How many they are.
        """
        index = getattr(given, "index", None) if library(given) == "pandas" else None  # its arrays have none
        return cls(_held(read), count, index, "duckdb" in library(given))

    @property
    def tabular(self) -> bool:
        """Whether rows have columns to which others can be added."""
        table = isinstance(self.source, pa.Table | pa.RecordBatch | Mapping) or is_hub(self.source)
        return table or (library(self.source) in ("pandas", "polars") and hasattr(type(self.source), "columns"))

    def take(self, places: Integers) -> Any:
        """Some of the rows, in the caller's own kind.

        Args:
            places: Their positions, ascending.
        """
        taken = self._taken(places)
        return _as_relation(taken) if self.relation else taken

    def _taken(self, places: Integers) -> Any:
        if self.index is not None:
            return self.source.iloc[places]
        if isinstance(self.source, pa.Table | pa.RecordBatch | pa.Array | pa.ChunkedArray):
            return _of_arrow(self.source, places)
        if isinstance(self.source, Mapping):
            return {name: Rows.of(column, column, self.count).take(places) for name, column in self.source.items()}
        if is_hub(self.source):
            return self.source.select(places)
        if isinstance(self.source, np.ndarray) or library(self.source) in ("pandas", "polars"):
            return self.source[places]
        return [self.source[place] for place in places.tolist()]

    def with_columns(self, places: Integers, columns: Mapping[str, pa.Array]) -> Any:
        """Some of the rows of a table, with more columns.

        Args:
            places: Their positions, ascending.
            columns: What to add, a value for each of these rows.

        Raises:
            InputError: The table has such a column.
        """
        taken = self._taken(places)
        for name in columns:
            if name in self._names:
                raise InputError(f"the articles have a column {name!r}, which is to be added here; rename it")
        if self.index is not None:
            return taken.assign(**{name: column.to_pandas().to_numpy() for name, column in columns.items()})
        if library(taken) == "polars":
            import polars  # noqa: PLC0415 - the caller has it

            return taken.with_columns(**{name: polars.Series(name, column) for name, column in columns.items()})
        if isinstance(taken, Mapping):
            return {**taken, **{name: column.to_pylist() for name, column in columns.items()}}
        for name, column in columns.items():
            hub = is_hub(taken)
            taken = taken.add_column(name, column.to_pylist()) if hub else taken.append_column(name, column)
        return _as_relation(taken) if self.relation else taken

    def column(self, name: str) -> pa.ChunkedArray | list[Any]:
        """The values of a column, a key or an attribute, or at the end of a path of them.

        Args:
            name: Of the column, or a path such as ``meta.date``.

        Raises:
            InputError: There is no such column.
        """
        if self.tabular:
            return self._column(name)
        rows = [fields_of(row) or {} for row in self.source] if isinstance(self.source, list | tuple) else []
        if isinstance(self.source, list | tuple) and not rows:
            return []
        path = column_of(name, list(dict.fromkeys(chain.from_iterable(rows))))
        if path is not None:
            return [value_at(row, path) for row in rows]
        known = list(next((row for row in rows if row), ()))
        raise InputError(f"there is no column {name!r}; {f'the columns are {known}' if known else 'there are none'}")

    @property
    def _names(self) -> list[Any]:
        """The names of the columns of a table."""
        if isinstance(self.source, Mapping):
            return list(self.source)
        arrow = isinstance(self.source, pa.Table | pa.RecordBatch)
        return list(
            self.source.schema.names
            if arrow
            else self.source.column_names
            if is_hub(self.source)
            else self.source.columns
        )

    def _column(self, name: str) -> pa.ChunkedArray | list[Any]:
        arrow = isinstance(self.source, pa.Table | pa.RecordBatch)
        path = column_of(name, names_inside(pa.struct(self.source.schema)) if arrow else self._names)
        if path is None:
            raise InputError(f"there is no column {name!r}; the columns are {self._names}")
        values = _values(self._top(path[0]))
        if isinstance(values, list):
            return [value_at(value, path[1:]) for value in values]
        return column_at(values, path[1:])

    def _top(self, name: Any) -> Any:
        """A column of a table, in the table's own kind or in Arrow."""
        if isinstance(self.source, pa.Table | pa.RecordBatch):
            return self.source.column(name)
        if is_hub(self.source):
            return hub_table(self.source, lambda _: [name]).column(0)
        return self.source[name]

    def indexed(self, values: Integers) -> Any:
        """One number for each row: of pandas a series with its index, else the array itself.

        Args:
            values: (n,).
        """
        if self.index is None:
            return values
        import pandas  # noqa: PLC0415 - the caller has it

        return pandas.Series(values, index=self.index, name="label")


def _held(source: Any) -> Any:
    """The same rows in an order that the caller cannot change: the rows themselves are not copied, but for numpy's."""
    if isinstance(source, list | tuple):
        return list(source)
    if isinstance(source, Mapping):
        return {name: _held(column) for name, column in source.items()}
    if library(source) == "polars":
        return source.clone()
    if library(source) == "pandas" and hasattr(source, "index"):
        return source.copy(deep=False)
    return source.copy() if isinstance(source, np.ndarray) or library(source) == "pandas" else source


def _of_arrow(source: Any, places: Integers) -> Any:
    """Some rows; `take` would join the chunks of a column of strings, which may be too large for one."""
    if isinstance(source, pa.Table) and len(places) <= FEW:
        return pa.concat_tables([source.slice(0, 0), *(source.slice(place, 1) for place in places.tolist())])
    chosen = np.zeros(len(source), np.bool_)
    chosen[places] = True
    try:
        return source.filter(pa.array(chosen))
    except pa.ArrowNotImplementedError:  # it has no filter for views and runs
        return _sliced(source, chosen)


def _sliced(source: Any, chosen: NDArray[np.bool_]) -> Any:
    """Some rows of a source of any type: `chosen` are those, (n,)."""
    if isinstance(source, pa.Table | pa.RecordBatch):
        columns = [_sliced(column, chosen) for column in source.columns]
        return type(source).from_arrays(columns, schema=source.schema)
    if isinstance(source, pa.ChunkedArray):
        some = np.split(chosen, np.cumsum([len(chunk) for chunk in source.chunks]))[: source.num_chunks]
        return pa.chunked_array([_sliced(*one) for one in zip(source.chunks, some, strict=True)], source.type)
    edges = np.flatnonzero(np.diff(chosen, prepend=False, append=False)).reshape(-1, 2)
    runs = [source.slice(begin, end - begin) for begin, end in edges.tolist()]
    return pa.concat_arrays([source.slice(0, 0), *runs])


def _values(column: Any) -> pa.ChunkedArray | list[Any]:
    """A column of whatever library in Arrow, or as a list where Arrow cannot hold it."""
    if library(column) == "pandas":
        try:
            column = pa.array(column, from_pandas=True)
        except (pa.ArrowException, UnicodeEncodeError):
            return list(column)
    if hasattr(column, "__arrow_c_stream__"):
        return pa.chunked_array(column)
    return pa.chunked_array([column]) if isinstance(column, pa.Array) else list(column)


def _as_relation(table: pa.Table) -> Any:
    import duckdb  # noqa: PLC0415 - the caller has it

    return duckdb.from_arrow(table)
