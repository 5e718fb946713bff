"""Parquet files of a state, written whole or not at all.

In: tables, or arrays by the names of their columns. Out: a file, in row groups as they are given. Nothing of it is a
dictionary and nobody reads statistics, unless a file says otherwise; what reads it is `dedup.nightly.damage`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from numpy.typing import NDArray

from dedup.files import replacing

if TYPE_CHECKING:
    import pyarrow.parquet as pq


CHECKED = {"write_page_checksum": True}
"""An option of all files: a page that was changed is noticed when it is read."""


@contextmanager
def written(path: Path, schema: pa.Schema, **options: Any) -> Iterator[pq.ParquetWriter]:
    """A file to write tables to, which takes the place of this one when all have been written.

    Args:
        path: The file to be.
        schema: Its columns.
        **options: Those of `pyarrow.parquet.ParquetWriter` that are others here.
    """
    import pyarrow.parquet as pq  # noqa: PLC0415 - 50 ms that other commands do without

    usual = {"use_dictionary": False, "compression": "lz4", "write_statistics": False, **CHECKED}
    with replacing(path) as file, pq.ParquetWriter(file, schema, **usual | options) as out:
        yield out


def regrouped(tables: Iterable[pa.Table], rows: int, size: int) -> Iterator[pa.Table]:
    """Tables put together, for row groups of about one size, of whatever nights they are.

    Args:
        tables: Each stays in one piece.
        rows: How many a row group has at most.
        size: Bytes that it has at most; one table may have more.
    """
    waiting: list[pa.Table] = []
    for table in tables:
        if waiting and (sum(map(len, waiting)) + len(table) > rows or sum(one.nbytes for one in waiting) > size):
            yield _one(waiting)
            waiting = []
        waiting.append(table)
    if waiting:
        yield _one(waiting)


def _one(tables: list[pa.Table]) -> pa.Table:
    return pa.concat_tables([table.replace_schema_metadata(None) for table in tables]).combine_chunks()


def keep(
    path: Path,
    columns: Mapping[str, NDArray[Any]],
    *,
    metadata: dict[bytes, bytes] | None = None,
    group: int | None = None,
) -> None:
    """Write arrays as a table.

    Args:
        path: The file to be.
        columns: The arrays.
        metadata: What the file says of itself.
        group: Rows of a row group; None is the usual.
    """
    table = pa.table(dict(columns)).replace_schema_metadata(metadata)
    with written(path, table.schema) as out:
        out.write_table(table, group)
