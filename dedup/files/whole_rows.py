"""Rows of files with all their columns, as they stand: what is read again once it is known which rows are wanted.

In: a source, and for each of its rows whether it is wanted. Out: in their order, the wanted rows: a table, or the
lines of a file of JSON Lines, which nobody has parsed. Rows are numbered as `dedup.files.reading` numbers them. Costs
one pass over the file; holds 16 MB of it. What can be read is decided there: here a file that cannot be is an error.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice, pairwise
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.errors import FileError
from dedup.fields import MISSING, column_of, names_inside, value_of
from dedup.files.encodings import SURROGATES, mended
from dedup.files.formats import ENTRIES, READERS
from dedup.files.formats.archives import members
from dedup.files.formats.arrow import batches
from dedup.files.formats.columnar import at, legible, sliced, wanted_columns
from dedup.files.formats.csv_dialects import taken_names
from dedup.files.formats.csv_rows import long_fields, records
from dedup.files.formats.json_values import as_line, values_of
from dedup.files.formats.lake_tables import whole_lake_table
from dedup.files.formats.orc import stripes
from dedup.files.formats.parquet import pieces
from dedup.files.formats.web_archives import chosen_pages
from dedup.files.hive import hive_values, repeated
from dedup.files.jobs import Job
from dedup.files.kinds import ARCHIVES
from dedup.files.options import AS_USUAL, ReadOptions
from dedup.files.parquet_chunks import chunks
from dedup.files.problems import FAULTS, reason, shown
from dedup.files.recognized import recognized
from dedup.files.remote_bytes import buffering, jumping, plan
from dedup.files.source import Source
from dedup.files.tables import as_table

Wanted: TypeAlias = NDArray[np.bool_] | Mapping[str, NDArray[np.bool_]]
"""For each row of a file, from 0, whether it is wanted; rows after the last one are not. Of an archive, for the names
of its members that have such rows."""
Mask: TypeAlias = NDArray[np.bool_]
Rows: TypeAlias = pa.Table | list[str]
"""Some rows: a table, or lines of JSON."""
LINES = 4096
"""Lines that are handed on, or become a table, at once."""


def whole_rows(source: Source, wanted: Wanted, options: ReadOptions = AS_USUAL) -> Iterator[Rows]:
    """The wanted rows of a file, with all columns.

    Args:
        source: The file.
        wanted: Which rows.
        options: How rows lie in it.

    Raises:
        FileError: The file can no longer be read.
    """
    if not count(wanted):
        return
    try:
        with recognized(source, text=options.text) as (known, _, stream):
            yield from _chosen(Job(known, options), stream, wanted)
    except FAULTS as error:
        raise _gone(source, error) from error


def count(wanted: Wanted) -> int:
    """How many rows are wanted.

    Args:
        wanted: Which rows are.
    """
    return sum(map(count, wanted.values())) if isinstance(wanted, Mapping) else int(wanted.sum())


def _chosen(job: Job, stream: io.BufferedReader, wanted: Wanted) -> Iterator[Rows]:
    if not isinstance(wanted, Mapping):
        yield from _READERS.get(job.source.kind, _document)(job, stream, wanted)
        return
    left = set(wanted)  # the archive may be broken after the last one
    for inner, name, opening in members(job, stream) if left else ():
        if name in left:
            with opening as (_, plain):
                yield from _chosen(inner, plain, wanted[name])
            left.discard(name)
        if not left:
            return


def values(
    source: Source, wanted: Wanted, options: ReadOptions, *columns: str
) -> Iterator[pa.ChunkedArray | list[Any]]:
    """A column of the wanted rows, some at a time: of a table as it is, of JSON Lines as values of Python.

    Args:
        source: The file.
        wanted: Which rows.
        options: How rows lie in it.
        *columns: Its name, or a path to it, and others for it: the first that is there is meant. A file that has none,
            or an object without them, has nulls. One that its folders give is text.

    Raises:
        FileError: The file can no longer be read, or several columns are called so.

    Example:
        >>> import pyarrow as pa
        >>> from dedup import files
        >>> files.write(pa.table({"text": ["one", "two"], "likes": [3, 4]}), "rows.parquet")
        >>> source = files.found("rows.parquet").files[0]
        >>> [column.to_pylist() for column in files.values(source, np.array([False, True]), files.AS_USUAL, "likes")]
        [[4]]
    """
    given = hive_values(source.path)
    hive = next((column for column in columns if column in given), None)
    if hive is not None:
        yield pa.chunked_array([repeated(given[hive], count(wanted))])
        return
    for rows in whole_rows(source, wanted, options):
        if isinstance(rows, list):
            yield [_value(_object(line), columns) for line in rows]
            continue
        if source.kind in ("csv", "tsv"):
            rows = rows.rename_columns(taken_names(rows.column_names, columns))  # noqa: PLW2901
        check_names(rows.column_names, source, columns)
        inside = names_inside(pa.struct(rows.schema))
        path = next(filter(None, (column_of(column, inside) for column in columns)), None)
        yield pa.chunked_array([pa.nulls(len(rows))]) if path is None else legible(at(rows, path))


def _value(found: dict[str, Any], columns: Sequence[str]) -> Any:
    """What an object has under the first of these names."""
    several = (value_of(found, column) for column in columns)
    return next((value for value in several if value is not MISSING), None)


def check_names(columns: Sequence[str], source: Source, wanted: Iterable[str] | None = None) -> None:
    """Refuse columns that one name stands for.

    Args:
        columns: The names of all columns of a file.
        source: The file.
        wanted: Which of them matter; None is all.

    Raises:
        FileError: Two have the same name.
    """
    for name in columns if wanted is None else wanted:
        if columns.count(name) > 1:
            raise FileError(
                f"{shown(source.path)!r}: {columns.count(name)} columns are called {name!r}; rename all but one"
            )


def schema(source: Source, wanted: Wanted, options: ReadOptions = AS_USUAL) -> pa.Schema:
    """The columns of a file, and their types; of JSON Lines and archives those of the wanted rows.

    Args:
        source: The file.
        wanted: Which rows.
        options: How rows lie in it.

    Raises:
        FileError: The file can no longer be read, or a key has values of several types.
    """
    about = _metadata(source)
    if about is not None:
        return about.schema.to_arrow_schema()
    if source.kind not in {"json_lines", *ARCHIVES}:
        found = next(whole_rows(source, wanted, options), pa.table([]))
        if isinstance(found, pa.Table):
            return found.schema
    found = pa.schema([])
    for rows in whole_rows(source, wanted, options):
        fields = rows.schema if isinstance(rows, pa.Table) else _array(list(map(_object, rows)), source).type
        found = unified([found, pa.schema(list(fields))])
    return found


def unified(schemas: Sequence[pa.Schema]) -> pa.Schema:
    """One schema for the rows of several files: all columns, in types that hold the values of all.

    Args:
        schemas: At least one; the first one's metadata is kept where all columns are as they are there.

    Raises:
        FileError: A column has types that do not go together.
    """
    first = schemas[0]
    if all(one.equals(first) for one in schemas):
        return first
    try:
        return pa.unify_schemas([one.remove_metadata() for one in schemas], promote_options="permissive")
    except pa.ArrowException as error:
        raise FileError(
            f"the rows do not fit into one table: {reason(error)}; write to a file ending in .jsonl, which keeps "
            "every row as it is, or run for each kind of file by itself"
        ) from error


def fitted(rows: Rows, kind: pa.Schema, source: Source) -> pa.Table:
    """Rows as a table of these columns; what a row lacks is null.

    Args:
        rows: Some rows.
        kind: The columns, of which the rows have no others.
        source: Their file.

    Raises:
        FileError: A value does not fit.
    """
    try:
        if isinstance(rows, list):
            whole = _array([_object(line) for line in rows], source, pa.struct(list(kind)))
            return pa.table(whole.flatten(), schema=kind)
        if rows.schema.equals(kind):
            return rows
        there = set(rows.column_names)
        return pa.table(
            [rows[one.name].cast(one.type) if one.name in there else pa.nulls(len(rows), one.type) for one in kind],
            schema=kind,
        )
    except pa.ArrowException as error:
        raise FileError(f"{shown(source.path)!r}: {reason(error)}; write to a file ending in .jsonl") from error


def _gone(source: Source, error: BaseException) -> FileError:
    return FileError(
        f"{shown(source.path)!r} cannot be read a second time: {reason(error)}; run again if it has changed, else "
        "fetch it again: a column beside the texts is damaged"
    )


def _array(found: list[Any], source: Source, kind: pa.DataType | None = None) -> pa.Array:
    """Values of JSON as Arrow has them; lone surrogates, which it cannot hold, are U+FFFD."""
    try:
        return pa.array(found, kind)
    except UnicodeEncodeError:
        whole = SURROGATES.sub("\ufffd", json.dumps(found, ensure_ascii=False))
        return _array(json.loads(whole), source, kind)
    except (pa.ArrowException, OverflowError) as error:
        raise FileError(
            f"{shown(source.path)!r}: the values of a key are not of one type: {reason(error)}; write to a file ending "
            "in .jsonl, which keeps every row as it is"
        ) from error


def _object(line: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(mended(line)[0])
    return found


def _upto_last(wanted: Mask) -> list[bool]:
    """For each row up to the last wanted one; what comes after it is not read, for the file may be broken there."""
    last = np.flatnonzero(wanted)[-1]
    chosen: list[bool] = wanted[: last + 1].tolist()
    return chosen


def compression(source: Source) -> str:
    """How the values of a Parquet file are compressed, by its largest column, in the words of pyarrow's writer.

    Args:
        source: The file.

    Raises:
        FileError: The file can no longer be read.
    """
    about = _metadata(source)
    if about is None or not about.num_row_groups:
        return "snappy"
    try:
        with recognized(source) as (_, _, stream):
            columns = chunks(jumping(stream), about, 0, lambda _: True)
    except FAULTS as error:
        raise _gone(source, error) from error
    largest = max(columns, key=lambda column: column.total_compressed_size)
    name = str(largest.compression).lower()
    return {"uncompressed": "none", "lzo": "snappy"}.get(name, name)  # nobody writes LZO


def _metadata(source: Source) -> Any:
    """That of a Parquet file; None of another one."""
    try:
        with recognized(source) as (known, _, stream):
            if known.kind != "parquet":
                return None
            import pyarrow.parquet as pq  # noqa: PLC0415 - 50 ms that other kinds do without

            return pq.ParquetFile(jumping(stream)).metadata
    except FAULTS as error:
        raise _gone(source, error) from error


def _parquet(_: Job, stream: io.BufferedReader, wanted: Mask) -> Iterator[pa.Table]:
    import pyarrow.parquet as pq  # noqa: PLC0415 - 50 ms that other kinds do without

    source = jumping(stream)
    file = pq.ParquetFile(source, **buffering(source))
    ends = np.cumsum([0, *(file.metadata.row_group(group).num_rows for group in range(file.num_row_groups))]).tolist()
    groups = [group for group, (begin, end) in enumerate(pairwise(ends)) if wanted[begin:end].any()]
    plan(source, file.metadata, None, groups)
    for group in groups:
        yield from _among(pieces(source, file, group, None), wanted[: ends[group + 1]], ends[group])


def _among(tables: Iterable[pa.Table], wanted: Mask, row: int = 0) -> Iterator[pa.Table]:
    """The wanted rows of tables, of which the first begins with this row; at least one is wanted.

    What comes after the last one is not read, for the file may be broken there.
    """
    every, end = iter(tables), len(_upto_last(wanted))
    while row < end:
        table = next(every, None)
        if table is None:
            raise ValueError(f"it has only {row:,} rows now")
        mask = np.zeros(len(table), np.bool_)
        some = wanted[row : row + len(table)]
        mask[: len(some)] = some
        row += len(table)
        if mask.any():
            yield table if mask.all() else table.filter(pa.array(mask))


def _lake_table(job: Job, _: io.BufferedReader, wanted: Mask) -> Iterator[pa.Table]:
    yield from _among(whole_lake_table(job.source), wanted)


def _arrow(job: Job, stream: io.BufferedReader, wanted: Mask) -> Iterator[pa.Table]:
    yield from _among(sliced(batches(stream, _texts(job), every=True)), wanted)


def _orc(job: Job, stream: io.BufferedReader, wanted: Mask) -> Iterator[pa.Table]:
    yield from _among(sliced(stripes(stream, _texts(job), every=True)), wanted)


def _texts(job: Job) -> Callable[[pa.Schema], list[str]]:
    """The columns that were read when the rows were numbered: batches in which these are broken have no number."""
    return partial(wanted_columns, Job(job.source, replace(job.options, id=None)))


def _values(job: Job, stream: io.BufferedReader, wanted: Mask) -> Iterator[list[str]]:
    with job.lines(stream, "\n") as text:
        every = zip(_upto_last(wanted), values_of(text, job.options.longest_record), strict=False)
        chosen = (as_line(piece) for chosen, piece in every if chosen and piece.raw)
        while some := list(islice(chosen, LINES)):
            yield some


def _lines(job: Job, stream: io.BufferedReader, wanted: Mask) -> Iterator[list[str]]:
    with job.lines(stream, "\n") as lines:
        chosen = (line for chosen, line in zip(_upto_last(wanted), lines, strict=False) if chosen)
        while some := list(islice(chosen, LINES)):
            yield some


def _records(job: Job, stream: io.BufferedReader, wanted: Mask) -> Iterator[pa.Table]:
    with long_fields(), job.lines(stream, "") as lines:
        names, numbered = records(job, lines)
        kind = pa.schema([(name, pa.string()) for name in names])
        every = zip(_upto_last(wanted), numbered, strict=False)
        chosen = (record for chosen, (_, record) in every if chosen and record)
        while some := list(islice(chosen, LINES)):
            fields = ([mended(value)[0] for value in values] for values in zip(*some, strict=True))
            yield pa.table([pa.array(field, pa.string()) for field in fields], schema=kind)


def _entries(job: Job, stream: io.BufferedReader, wanted: Mask) -> Iterator[pa.Table]:
    """Articles of a format that has columns of its own."""
    chosen, every = _upto_last(wanted), ENTRIES[job.source.kind](job, stream)
    values = islice((dict(entry.values) for entry in every if chosen[entry.row]), sum(chosen))
    while some := list(islice(values, LINES)):
        kind = pa.schema([(name, pa.large_string()) for name in some[0]])
        yield pa.Table.from_pylist(some, kind)


def _document(job: Job, stream: io.BufferedReader, _: Mask) -> Iterator[pa.Table]:
    """An article that is a file: its id and its text."""
    yield from map(as_table, READERS[job.source.kind](job, stream))


_READERS: dict[str, Callable[[Job, io.BufferedReader, Mask], Iterator[Rows]]] = {
    "parquet": _parquet,
    "arrow": _arrow,
    "orc": _orc,
    "json_lines": _lines,
    "json_values": _values,
    "csv": _records,
    "tsv": _records,
    **dict.fromkeys(("delta", "iceberg", "lance"), _lake_table),
    **dict.fromkeys(("warc", "wacz"), chosen_pages),
    **dict.fromkeys(ENTRIES, _entries),
}
