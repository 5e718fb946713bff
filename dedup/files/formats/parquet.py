"""Parquet becomes tables: the columns of text and id, one or several tables per row group.

In: the bytes of one file, decompressed. Out: tables whose strings are checked to be UTF-8, which Parquet does not do,
and mended where they are not; ids of any single type as strings. Holds 16 MB or 1,024 rows, or the whole file if it is
compressed as a whole; valid strings are not copied. A broken row group costs only itself. Other columns are read only
where they are asked for, and keep their types.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from dedup.errors import FileError
from dedup.files.formats.columnar import PIECE, article_columns, checked_columns, gathered
from dedup.files.jobs import Job
from dedup.files.parquet_chunks import chunks
from dedup.files.problems import FAULTS, reason
from dedup.files.remote_bytes import RemoteBytes, buffering, jumping, plan

DAMAGED = "; the file is damaged or was not written to its end: write or fetch it again"
ROWS, FEW = 1 << 10, 1 << 6
"""Rows that are read at once, also where each may be long."""


def parquet(job: Job, stream: io.BufferedReader) -> Iterator[pa.Table]:
    """The articles of a Parquet file.

    Args:
        job: The file; broken row groups and undecodable bytes are noted in it.
        stream: Its bytes; seekable where the file is not compressed as a whole.

    Yields:
        A table a row group that can be read.

    Raises:
        FileError: A column is missing or of a type that cannot be text or id.
    """
    import pyarrow.parquet as pq  # noqa: PLC0415 - 50 ms that other kinds do without

    source = jumping(stream)
    try:
        first = pq.ParquetFile(source)
    except FAULTS as error:
        raise FileError(f"{reason(error)}{DAMAGED}") from error
    schema = first.schema_arrow
    wanted = list(dict.fromkeys(".".join(path) for path in checked_columns(job, schema).all))
    # Asked for by name, a dictionary of invalid UTF-8 is read and can be mended; else Arrow refuses it.
    coded = [name for name in wanted if name in schema.names and pa.types.is_dictionary(schema.field(name).type)]
    file = pq.ParquetFile(source, read_dictionary=coded, metadata=first.metadata, **buffering(source))
    plan(source, first.metadata, wanted)
    yield from _groups(job, source, file, wanted)


def _groups(job: Job, source: Any, file: Any, wanted: list[str]) -> Iterator[pa.Table]:
    row = 0
    for group in range(file.num_row_groups):
        end = row + file.metadata.row_group(group).num_rows
        try:
            for read in pieces(source, file, group, wanted, by_dictionary=True):
                yield from article_columns(job, read, row)
                row += len(read)
            if row < end:
                raise ValueError("they are counted in its head, and are not there")
        except FAULTS as error:
            lost = f"rows {row + 1:,} to {end:,} cannot be read: {reason(error)}{DAMAGED}"
            job.lose(row + 1, lost, end - row)
        row = end


def pieces(
    source: Any, file: Any, group: int, wanted: list[str] | None, *, by_dictionary: bool = False
) -> Iterator[pa.Table]:
    """A row group in pieces of limited decoded size: a dictionary may turn a kilobyte into gigabytes.

    Args:
        source: What the file was opened from.
        file: A `pyarrow.parquet.ParquetFile`.
        group: The number of the row group.
        wanted: Names of columns; None is all.
        by_dictionary: Columns may come as dictionaries, whose values are not repeated, where they are long.
    """
    rows, coded = _rows_at_once(source, file, group, wanted)
    if by_dictionary and coded:
        file, rows = _by_dictionary(source, file, coded), max(rows, FEW)
    yield from gathered(file.iter_batches(rows, row_groups=[group], columns=wanted))


def _by_dictionary(source: Any, file: Any, coded: list[str]) -> Any:
    """The file, read so that some columns are dictionaries."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - as above

    return pq.ParquetFile(source, read_dictionary=coded, metadata=file.metadata, **buffering(source))


def _rows_at_once(source: Any, file: Any, group: int, wanted: list[str] | None) -> tuple[int, list[str]]:
    """So many that, decoded, they take no more than a piece, or one; and columns whose dictionaries hold long values.

    By the size of the group, and where that knows the values of a dictionary only once, by the longest of those.
    """
    about = file.metadata.row_group(group)
    rows = max(1, min(ROWS, PIECE * about.num_rows // max(1, about.total_byte_size)))
    strings = chunks(
        source,
        file.metadata,
        group,
        lambda column: column.physical_type == "BYTE_ARRAY" and (wanted is None or column.path in wanted),
    )
    near = not isinstance(source, RemoteBytes)  # elsewhere, to look at a column is to fetch it twice
    for column in strings:  # values that share their beginnings have no dictionary to look at
        if "DELTA_BYTE_ARRAY" in column.encodings or (column.has_dictionary_page and not near):
            rows = min(rows, max(FEW, PIECE // max(1, column.total_uncompressed_size)))
    coded = [column.path_in_schema for column in strings if column.has_dictionary_page]
    if near and coded and rows * about.total_byte_size > PIECE:
        longest = _longest(source, file, group, coded)
        few = max(1, min(rows, PIECE // max(1, longest)))
        inside = any("." in name for name in coded)  # those are written out
        return few, [] if inside or few == rows else coded
    return rows, []


def _longest(source: Any, file: Any, group: int, coded: list[str]) -> int:
    """Bytes of the longest values in the dictionaries of columns; one row brings all of its dictionary."""
    import pyarrow.compute as pc  # noqa: PLC0415 - as pyarrow.parquet
    import pyarrow.parquet as pq  # noqa: PLC0415

    probe = pq.ParquetFile(source, metadata=file.metadata, read_dictionary=coded, **buffering(source))
    first = next(probe.iter_batches(1, row_groups=[group], columns=coded), None)
    values = [column.dictionary for column in first or () if pa.types.is_dictionary(column.type)]
    return sum(pc.max(pc.binary_length(one.cast(pa.large_binary()))).as_py() or 0 for one in values)
