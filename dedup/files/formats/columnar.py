"""Columns of a file that has types become articles: what Parquet, Arrow IPC and ORC share.

In: the schema of a file, and some of its rows as a table. Out: the columns id and text, both large_string, and others
as they are. Strings are checked to be UTF-8, which those formats do not do, and mended where they are not; ids of any
single type become strings. Valid strings are not copied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.errors import FileError
from dedup.fields import BETWEEN, Path, column_at, joined, names_inside
from dedup.files.encodings import decoded
from dedup.files.jobs import Columns, Job
from dedup.files.problems import FAULTS, reason
from dedup.identity import LONGEST_ID, TOO_LONG, id_texts

PIECE = 1 << 24
"""Bytes that are handed on at once."""
_BLOCK = 1024  # rows that become Python strings where one of them is not UTF-8


def checked_columns(job: Job, schema: pa.Schema) -> Columns:
    """Where a file has what is read of it.

    Args:
        job: The file.
        schema: Its columns.

    Raises:
        FileError: A column is missing or of a type that cannot be text or id.
    """
    columns = job.columns(names_inside(pa.struct(schema)))
    _check_types(schema, columns)
    return columns


def wanted_columns(job: Job, schema: pa.Schema) -> list[str]:
    """The names of the columns of a file that hold what is read of it.

    Args:
        job: The file.
        schema: Its columns.

    Raises:
        FileError: A column is missing or of a type that cannot be text or id.
    """
    return list(dict.fromkeys(path[0] for path in checked_columns(job, schema).all))


def article_columns(job: Job, table: pa.Table, first: int) -> Iterator[pa.Table]:
    """Rows of a file as articles, of which each is measured before it is written out.

    Args:
        job: The file; rows that are too long and undecodable bytes are noted in it.
        table: Its wanted columns.
        first: The number of the first row, from 0.

    Yields:
        The columns id and text, and the others that are asked for, of about 16 MB.
    """
    from dedup.stages.strings import sizes_of  # noqa: PLC0415 - as pyarrow.compute, which it needs

    columns = job.columns(names_inside(pa.struct(table.schema)))
    sizes, names = np.full(len(table), len(BETWEEN) * (len(columns.text) - 1)), np.zeros(len(table), np.int64)
    for path in columns.text:
        sizes += sizes_of(at(table, path))
    if columns.id:
        names = sizes_of(at(table, columns.id))
    long, unnamed = sizes > job.options.longest_text, names > LONGEST_ID
    for place in np.flatnonzero(long | unnamed).tolist():
        if long[place]:
            job.lose_long(first + place + 1)
        else:
            job.lose_unnamed(first + place + 1, TOO_LONG)
    gone = long | unnamed
    ends = np.cumsum(np.where(gone, 0, sizes + names)) // PIECE
    cuts = [0, *(np.flatnonzero(np.diff(ends)) + 1).tolist(), len(table)]
    for begin, end in pairwise(cuts if len(table) else []):
        yield _articles(job, table.slice(begin, end - begin), columns, gone[begin:end], first + begin)


def _articles(job: Job, table: pa.Table, columns: Columns, gone: NDArray[np.bool_], first: int) -> pa.Table:
    """Rows as articles, without those that are gone."""
    from dedup.stages.strings import without  # noqa: PLC0415 - as above

    texts = [_strings(job, _lines(without(at(table, path), gone)), first) for path in columns.text]
    others = {name: at(table, path) for name, path in zip(job.others, columns.others, strict=True)}
    named = columns.id and without(at(table, columns.id), gone)
    ids = _ids(job, named, range(first, first + len(table)))
    whole = pa.table({"id": ids, "text": joined(texts), **others})
    return whole.filter(pa.array(~gone)) if gone.any() else whole


def at(table: pa.Table, path: Path) -> pa.ChunkedArray:
    """A column of a table, or one inside of it.

    Args:
        table: Any.
        path: From a column on.
    """
    return column_at(table.column(path[0]), path[1:])


def legible(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column of any type that Python can read, as it is where its strings are UTF-8.

    Args:
        column: As it lies in a file; what of its strings is none becomes U+FFFD, also inside of lists and the like.
    """
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        return pa.chunked_array([pa.array(map(_plain, column), column.type)])
    return column


def _plain(value: pa.Scalar) -> Any:
    """A value as one of Python."""
    if not value.is_valid:
        return None
    if _is_string(value.type):
        return decoded(value.as_buffer().to_pybytes(), "utf-8")[0]
    if isinstance(value, pa.StructScalar):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, pa.MapScalar):
        return [(_plain(one["key"]), _plain(one["value"])) for one in value.values]
    if isinstance(value, pa.ListScalar):
        return list(map(_plain, value.values))
    return _plain(value.value) if isinstance(value, pa.DictionaryScalar) else value.as_py()


def checked(batch: pa.RecordBatch) -> pa.RecordBatch:
    """A batch whose buffers hold what their lengths say; whether strings are UTF-8 is found out later.

    Args:
        batch: As it lies in a file.

    Raises:
        ArrowInvalid: An offset or an index points elsewhere.
    """
    for column in batch.columns:
        kind = _of_bytes(column.type)
        (column if kind == column.type else column.view(kind)).validate(full=True)
    return batch


def _of_bytes(kind: pa.DataType) -> pa.DataType:
    """A type with bytes for strings, also inside of others."""
    rebuilt = (of_bytes(kind) for is_one, of_bytes in _OUTER if is_one(kind))
    return _BYTES[kind] if kind in _BYTES else next(rebuilt, kind)


def _inner(field: pa.Field) -> pa.Field:
    return field.with_type(_of_bytes(field.type))


_BYTES = {pa.string(): pa.binary(), pa.large_string(): pa.large_binary(), pa.string_view(): pa.binary_view()}
_OUTER: tuple[tuple[Callable[[pa.DataType], bool], Callable[[Any], pa.DataType]], ...] = (
    (pa.types.is_dictionary, lambda kind: pa.dictionary(kind.index_type, _of_bytes(kind.value_type), kind.ordered)),
    (pa.types.is_run_end_encoded, lambda kind: pa.run_end_encoded(kind.run_end_type, _of_bytes(kind.value_type))),
    (pa.types.is_struct, lambda kind: pa.struct(list(map(_inner, kind)))),
    (pa.types.is_map, lambda kind: pa.map_(_inner(kind.key_field), _inner(kind.item_field), kind.keys_sorted)),
    (pa.types.is_fixed_size_list, lambda kind: pa.list_(_inner(kind.value_field), kind.list_size)),
    (pa.types.is_list, lambda kind: pa.list_(_inner(kind.value_field))),
    (pa.types.is_large_list, lambda kind: pa.large_list(_inner(kind.value_field))),
    (pa.types.is_list_view, lambda kind: pa.list_view(_inner(kind.value_field))),
    (pa.types.is_large_list_view, lambda kind: pa.large_list_view(_inner(kind.value_field))),
)


def gathered(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Batches, checked, as tables of limited decoded size: a dictionary may turn a megabyte into gigabytes.

    Args:
        batches: May break off with an error of a broken file.

    Yields:
        At least a batch each.

    Raises:
        Exception: What `batches` raised, after a table of those before it.
    """
    waiting, held = list[pa.RecordBatch](), 0
    try:
        for batch in map(checked, batches):
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


Batches: TypeAlias = Callable[[Callable[[pa.Schema], list[str]], Callable[[int, Exception], object]], Iterable[Any]]
"""Gives the record batches of a file, asked which columns of its schema are read, and called with batches lost."""


def articles(job: Job, noun: str, batches: Batches) -> Iterator[pa.Table]:
    """Batches of rows as articles, some megabytes at a time.

    Args:
        job: The file; batches that cannot be read are noted in it.
        noun: What the format calls a batch.
        batches: Of the file, in order.

    Yields:
        Tables as `article_columns` makes them.

    Raises:
        FileError: A column is missing or of a type that cannot be text or id.
    """

    def lost(before: int, error: Exception) -> None:
        job.lose(before + 1, f"a {noun} from row {before + 1:,} on cannot be read: {reason(error)}")

    row = 0
    for piece in sliced(batches(lambda schema: wanted_columns(job, schema), lost)):
        yield from article_columns(job, piece, row)
        row += len(piece)


def sliced(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Batches of any size in slices of about 16 MB.

    Args:
        batches: Any.
    """
    for batch in batches:
        rows = max(1, PIECE * len(batch) // max(1, batch.nbytes))
        for begin in range(0, len(batch), rows):
            yield pa.Table.from_batches([batch.slice(begin, rows)])


def _check_types(schema: pa.Schema, columns: Columns) -> None:
    held = "column {!r} holds {}, but {}; pass another with {} NAME"
    for path in columns.text:
        kind = _type_at(schema, path)
        value = _kind(kind.value_type if _is_list(kind) else kind)
        if not (_is_text(value) or pa.types.is_null(value)):
            name = ".".join(path)
            raise FileError(held.format(name, _kind(kind), "texts must be strings or lists of these", "--text-column"))
    if columns.id is not None and pa.types.is_nested(_kind(kind := _type_at(schema, columns.id))):
        raise FileError(held.format(".".join(columns.id), kind, "ids must be single values", "--id-column"))


def _type_at(schema: pa.Schema, path: Path) -> pa.DataType:
    kind = pa.struct(schema)
    for name in path:
        kind = kind.field(kind.get_field_index(name)).type
    return kind


def _is_list(kind: pa.DataType) -> bool:
    return pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)


def _lines(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column of lists of strings as one of texts, a line for each string."""
    if not _is_list(column.type):
        return column
    rows = (None if row is None else b"\n".join(filter(None, row)) for row in _binaries(column))
    return pa.chunked_array([pa.array(rows, pa.large_binary())])


def _binaries(column: pa.ChunkedArray) -> Iterator[list[bytes | None] | None]:
    """The strings of each row, which need not be UTF-8."""
    for chunk in column.chunks:
        values = _binary(chunk.flatten()).to_pylist()
        place = 0
        for row in chunk:
            count = len(row.values) if row.is_valid else 0
            yield values[place : place + count] if row.is_valid else None
            place += count


def _kind(kind: pa.DataType) -> pa.DataType:
    """The type of the values, where those are coded by a dictionary or as runs."""
    coded = pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind)
    return _kind(kind.value_type) if coded else kind


def _is_string(kind: pa.DataType) -> bool:
    return kind in (pa.string(), pa.large_string(), pa.string_view())


def _is_text(kind: pa.DataType) -> bool:
    return _is_string(kind) or kind in (pa.binary(), pa.large_binary(), pa.binary_view())


def _ids(job: Job, ids: pa.ChunkedArray | None, rows: range) -> pa.ChunkedArray:
    """The ids as strings; missing ones are made."""
    import pyarrow.compute as pc  # noqa: PLC0415 - as pyarrow.parquet

    made = map(job.made_id, rows)
    if ids is None:
        return pa.chunked_array([pa.array(made, pa.large_string())])
    kind, ids = _kind(ids.type), _without_runs(ids)
    ids = _strings(job, ids, rows.start) if _is_string(kind) else id_texts(ids)
    if job.source.prefix:
        prefix, nothing = (pa.scalar(one, pa.large_string()) for one in (job.source.prefix, ""))
        named = pc.if_else(pc.equal(ids, ""), pa.scalar(None, pa.large_string()), ids)
        ids = pc.binary_join_element_wise(prefix, named, nothing)
    return pc.coalesce(ids, pa.array(made, pa.large_string())) if ids.null_count else ids


def _strings(job: Job, column: pa.ChunkedArray, first: int) -> pa.ChunkedArray:
    """A column as large_string; `first` is the number of its first row, from 0."""
    chunks: list[pa.Array] = []
    for chunk in _without_runs(column).chunks:
        chunks += _valid(job, _binary(chunk), first)
        first += len(chunk)
    return pa.chunked_array(chunks, pa.large_string())


def _without_runs(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column of which each row stands for itself; Arrow's own function does not know string views."""
    from dedup.stages.strings import taken  # noqa: PLC0415 - as above

    if not pa.types.is_run_end_encoded(column.type):
        return column
    found = []
    for chunk in column.chunks:
        rows = np.arange(chunk.offset, chunk.offset + len(chunk))
        values = chunk.values
        values = values.cast(pa.large_binary()) if _is_text(values.type) else values
        found.append(taken(values, pa.array(np.searchsorted(chunk.run_ends.to_numpy(), rows, side="right"))))
    return pa.chunked_array(found)


def _binary(chunk: pa.Array) -> pa.Array:
    from dedup.stages.strings import taken  # noqa: PLC0415 - as above

    if pa.types.is_dictionary(chunk.type):
        return taken(chunk.dictionary.cast(pa.large_binary()), chunk.indices)
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
