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
from dedup.files.encodings import decoded
from dedup.files.jobs import Job
from dedup.files.places import buffered, jumping, plan
from dedup.files.problems import FAULTS, reason
from dedup.identity import id_texts

ROWS, PIECE = 1 << 10, 1 << 24
"""Rows that are read at once, and bytes that are handed on at once."""
_BLOCK = 1024  # rows that become Python strings where one of them is not UTF-8


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
    first = pq.ParquetFile(source)
    schema = first.schema_arrow
    text, ids = job.columns(schema.names)
    _check_types(schema.field(text), None if ids is None else schema.field(ids))
    wanted = [schema.names[place] for place in (text, ids) if place is not None]
    wanted = list(dict.fromkeys([*wanted, *job.others]))
    # Asked for by name, a dictionary of invalid UTF-8 is read and can be mended; else Arrow refuses it.
    coded = [name for name in wanted if pa.types.is_dictionary(schema.field(name).type)]
    file = pq.ParquetFile(source, read_dictionary=coded, metadata=first.metadata, buffer_size=buffered(source))
    plan(source, first.metadata, wanted)
    yield from _groups(job, file, wanted)


def _groups(job: Job, file: Any, wanted: list[str]) -> Iterator[pa.Table]:
    row = 0
    for group in range(file.num_row_groups):
        end = row + file.metadata.row_group(group).num_rows
        try:
            for read in pieces(file, group, wanted):
                others = {name: read.column(name) for name in job.others}
                found = {
                    "id": _ids(job, read, row),
                    "text": _strings(job, read.column(job.options.text), row),
                    **others,
                }
                yield pa.table(found)
                row += len(read)
        except FAULTS as error:
            job.lose(row + 1, f"rows {row + 1:,} to {end:,} cannot be read: {reason(error)}", end - row)
        row = end


def pieces(file: Any, group: int, wanted: list[str] | None) -> Iterator[pa.Table]:
    """A row group in pieces of limited decoded size: a dictionary may turn a megabyte into gigabytes.

    Args:
        file: A `pyarrow.parquet.ParquetFile`.
        group: The number of the row group.
        wanted: Names of columns; None is all.
    """
    about, waiting, held = file.metadata.row_group(group), list[pa.RecordBatch](), 0
    rows = max(1, min(ROWS, PIECE * about.num_rows // max(1, about.total_byte_size)))
    try:
        for batch in file.iter_batches(rows, row_groups=[group], columns=wanted):
            waiting.append(batch)
            coded = any(pa.types.is_dictionary(column.type) for column in batch.columns)
            held += PIECE if coded else batch.nbytes
            if held >= PIECE:
                yield pa.Table.from_batches(waiting)
                waiting, held = [], 0
    except FAULTS:
        if waiting:
            yield pa.Table.from_batches(waiting)
        raise
    if waiting:
        yield pa.Table.from_batches(waiting)


def _check_types(text: pa.Field, ids: pa.Field | None) -> None:
    held = "column {!r} holds {}, but {}; pass another with {} NAME"
    kind = _kind(text.type)
    if not (_is_text(kind) or pa.types.is_null(kind)):
        raise FileError(held.format(text.name, kind, "texts must be strings", "--text-column"))
    if ids is not None and pa.types.is_nested(ids.type):
        raise FileError(held.format(ids.name, ids.type, "ids must be single values", "--id-column"))


def _kind(kind: pa.DataType) -> pa.DataType:
    """The type of the values, where those are coded by a dictionary."""
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _is_string(kind: pa.DataType) -> bool:
    return kind in (pa.string(), pa.large_string(), pa.string_view())


def _is_text(kind: pa.DataType) -> bool:
    return _is_string(kind) or kind in (pa.binary(), pa.large_binary(), pa.binary_view())


def _ids(job: Job, table: pa.Table, first: int) -> pa.ChunkedArray:
    """The ids as strings; missing ones are made."""
    import pyarrow.compute as pc  # noqa: PLC0415 - as pyarrow.parquet

    made = (job.made_id(row) for row in range(first, first + table.num_rows))
    if job.options.id not in table.column_names:
        return pa.chunked_array([pa.array(made, pa.large_string())])
    ids = table.column(job.options.id)
    kind = _kind(ids.type)
    ids = _strings(job, ids, first) if _is_string(kind) else id_texts(ids)
    if job.source.prefix:
        prefix, nothing = (pa.scalar(one, pa.large_string()) for one in (job.source.prefix, ""))
        named = pc.if_else(pc.equal(ids, ""), pa.scalar(None, pa.large_string()), ids)
        ids = pc.binary_join_element_wise(prefix, named, nothing)
    return pc.coalesce(ids, pa.array(made, pa.large_string())) if ids.null_count else ids


def _strings(job: Job, column: pa.ChunkedArray, first: int) -> pa.ChunkedArray:
    """A column as large_string; `first` is the number of its first row, from 0."""
    chunks: list[pa.Array] = []
    for chunk in column.chunks:
        chunks += _valid(job, _binary(chunk), first)
        first += len(chunk)
    return pa.chunked_array(chunks, pa.large_string())


def _binary(chunk: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(chunk.type):
        return chunk.dictionary.cast(pa.large_binary()).take(chunk.indices)
    return chunk.cast(pa.large_binary())


def _valid(job: Job, raw: pa.Array, first: int) -> list[pa.Array]:
    """Bytes as strings. Rows that are not all UTF-8 are halved, again and again, down to a block that is mended."""
    try:
        return [raw.cast(pa.large_string())]  # checks, and copies nothing
    except pa.ArrowInvalid:
        half = len(raw) // 2
    if len(raw) > _BLOCK:
        return _valid(job, raw[:half], first) + _valid(job, raw[half:], first + half)
    texts: list[str | None] = []
    for row, value in enumerate(raw.to_pylist(), first + 1):
        text, undecodable = (None, 0) if value is None else decoded(value, "utf-8")
        job.count(undecodable, row)
        texts.append(text)
    return [pa.array(texts, pa.large_string())]
