"""The rows that a caller gave, to be given back in the caller's own kind.

In: what articles were read from, and positions in it. Out: those rows: of a pandas frame with its index, of a Polars
frame, an Arrow table or a DuckDB relation with all columns, of a list the very same objects. Holds the rows of the
source by reference, in the order in which they were read, and copies those that are asked for. Changes nothing, and
knows nothing of clusters.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from dedup.errors import InputError
from dedup.kernels import Integers

FEW = 64
"""Rows, as of a cluster, that are taken from a table one by one: others are found in a pass over all of it."""


@dataclass(frozen=True, eq=False)
class Rows:
    """The articles as a caller has them.

    Attributes:
        source: A pandas or Polars frame or series, an Arrow table, batch or column, a numpy array or a list.
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
        index = getattr(given, "index", None) if _library(given) == "pandas" else None  # its arrays have none
        return cls(_held(read), count, index, "duckdb" in _library(given))

    @property
    def tabular(self) -> bool:
        """Whether rows have columns to which others can be added."""
        table = isinstance(self.source, pa.Table | pa.RecordBatch)
        return table or (_library(self.source) in ("pandas", "polars") and hasattr(type(self.source), "columns"))

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
        if isinstance(self.source, np.ndarray) or _library(self.source) in ("pandas", "polars"):
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
        names = list(taken.schema.names if isinstance(taken, pa.Table | pa.RecordBatch) else taken.columns)
        for name in columns:
            if name in names:
                raise InputError(f"the articles have a column {name!r}, which is to be added here; rename it")
        if self.index is not None:
            return taken.assign(**{name: column.to_pandas().to_numpy() for name, column in columns.items()})
        if _library(taken) == "polars":
            import polars  # noqa: PLC0415 - the caller has it

            return taken.with_columns(**{name: polars.Series(name, column) for name, column in columns.items()})
        for name, column in columns.items():
            taken = taken.append_column(name, column)
        return _as_relation(taken) if self.relation else taken

    def column(self, name: str) -> pa.ChunkedArray | list[Any]:
        """The values of a column, a key or an attribute.

        Args:
            name: Of the column.

        Raises:
            InputError: There is no such column.
        """
        if self.tabular:
            return self._column(name)
        if isinstance(self.source, list | tuple):
            fields = [_fields(row) for row in self.source]
            if any(name in one for one in fields):
                return [one.get(name) for one in fields]
            known = list(next((one for one in fields if one), ()))
            if not self.source:
                return []
        else:
            known = []
        raise InputError(f"there is no column {name!r}; {f'the columns are {known}' if known else 'there are none'}")

    def _column(self, name: str) -> pa.ChunkedArray | list[Any]:
        arrow = isinstance(self.source, pa.Table | pa.RecordBatch)
        known = list(self.source.schema.names if arrow else self.source.columns)
        if known.count(name) != 1:
            why = f"{known.count(name)} columns are called" if name in known else "there is no column"
            raise InputError(f"{why} {name!r}; the columns are {known}")
        values = self.source[name] if not arrow else self.source.column(name)
        if self.index is not None:
            try:
                return _chunked(pa.array(values, from_pandas=True))
            except (pa.ArrowException, UnicodeEncodeError):
                return list(values)
        return _chunked(values if arrow else values.to_arrow())

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
    if _library(source) == "polars":
        return source.clone()
    if _library(source) == "pandas" and hasattr(source, "index"):
        return source.copy(deep=False)
    return source.copy() if isinstance(source, np.ndarray) or _library(source) == "pandas" else source


def _of_arrow(source: Any, places: Integers) -> Any:
    """Some rows; `take` would join the chunks of a column of strings, which may be too large for one."""
    if isinstance(source, pa.Table) and len(places) <= FEW:
        return pa.concat_tables([source.slice(0, 0), *(source.slice(place, 1) for place in places.tolist())])
    chosen = np.zeros(len(source), np.bool_)
    chosen[places] = True
    return source.filter(pa.array(chosen))


def _library(source: Any) -> str:
    """The package that a kind is of, such as ``"pandas"``."""
    return type(source).__module__.partition(".")[0]


def _chunked(column: Any) -> pa.ChunkedArray:
    return column if isinstance(column, pa.ChunkedArray) else pa.chunked_array([column])


def _fields(row: Any) -> Mapping[str, Any]:
    if dataclasses.is_dataclass(row) and not isinstance(row, type):
        return {field.name: getattr(row, field.name) for field in dataclasses.fields(row)}
    return row if isinstance(row, Mapping) else {}


def _as_relation(table: pa.Table) -> Any:
    import duckdb  # noqa: PLC0415 - the caller has it

    return duckdb.from_arrow(table)
