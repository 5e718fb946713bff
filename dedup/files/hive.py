"""Columns that the folders of a path give: Hive and Spark write ``lang=zh/date=2026-11-01/part-0.parquet``.

In: the path of a file, as it was named or found. Out: names and values, the same for all rows of the file; in the file
they are not. Values are text. Opens nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from urllib.parse import unquote

import pyarrow as pa

NULL = "__HIVE_DEFAULT_PARTITION__"
"""The folder of rows that have nothing in its column."""


def hive_values(path: PurePath | str) -> dict[str, str | None]:
    """What the folders of a file say of its rows.

    Args:
        path: Of a file, or its address; all folders that it names count, also those above the one that a user named.

    Returns:
        The value of each column; None where it is null. Escapes such as %2F are decoded.
    """
    pairs = (name.partition("=") for name in PurePath(path).parts[:-1])
    return {
        unquote(name): None if value == NULL else unquote(value) for name, is_one, value in pairs if name and is_one
    }


def with_hive_values(table: pa.Table, path: PurePath | str, columns: Sequence[str]) -> pa.Table:
    """A table with columns of its folders among the others.

    Args:
        table: Rows of a file, with some of the columns.
        path: Of the file.
        columns: Names of all columns that are wanted, in their order; those that the folders give come from there.
    """
    values = hive_values(path)
    return pa.table({name: repeated(values[name], len(table)) if name in values else table[name] for name in columns})


def repeated(value: str | None, rows: int) -> pa.Array:
    """A column that is the same in all rows.

    Args:
        value: What it says.
        rows: How many there are.
    """
    return pa.repeat(pa.scalar(value, pa.large_string()), rows)
