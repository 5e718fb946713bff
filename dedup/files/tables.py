"""Rows become Arrow tables, and many tables become one.

In: ids and texts as Python strings, or tables. Out: tables of the columns id and text, both large_string, the first
without nulls, and of others that were asked for. Costs a copy of each text, and of each small table once more: at most
12 MB are held twice. Does not look at what the texts say, except for lone surrogates, which UTF-8 cannot hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

import pyarrow as pa

from dedup.files.encodings import SURROGATES
from dedup.files.problems import FAULTS
from dedup.identity import id_texts

PACK = 1 << 22
"""Characters or bytes that are gathered before they become a table."""
SMALL = 1 << 20
"""Smaller tables, in bytes, are joined: a folder of many files must not become as many chunks."""


Row: TypeAlias = tuple[str | None, ...]
"""The id and the text of an article, and what else is read of it."""
Others: TypeAlias = Mapping[str, Sequence[str | None]]


def table(ids: Sequence[str | None], texts: Sequence[str | None], others: Others | None = None) -> pa.Table:
    """Two columns, and others.

    Args:
        ids: One per row.
        texts: One per row, None where it is missing.
        others: Columns of the same length.

    Returns:
        The table; a lone surrogate, as JSON may escape one, is U+FFFD in it.
    """
    columns = {"id": ids, "text": texts, **(others or {})}
    return pa.table([_array(column) for column in columns.values()], list(columns))


def packed(rows: Iterable[Row], others: Sequence[str] = ()) -> Iterator[pa.Table]:
    """Rows as tables.

    Args:
        rows: Ids and texts, and other values; may break off with an error of a broken file.
        others: Names of the columns of these.

    Yields:
        Tables of at most 12 MB or one row, at least one.

    Raises:
        Exception: What `rows` raised, after a table of the rows before it.
    """
    gathered: list[Row] = []
    size = 0
    try:
        for row in rows:
            gathered.append(row)
            size += sum(map(len, filter(None, row)))
            if size >= PACK:
                yield _of_rows(gathered, others)
                gathered, size = [], 0
    except FAULTS:
        yield _of_rows(gathered, others)
        raise
    yield _of_rows(gathered, others)


def _of_rows(rows: Sequence[Row], others: Sequence[str]) -> pa.Table:
    ids, texts, *more = zip(*rows, strict=True) if rows else [()] * (2 + len(others))
    return table(ids, texts, dict(zip(others, more, strict=True)))


def alike(tables: Sequence[pa.Table]) -> Sequence[pa.Table]:
    """Tables with columns of the same types: the types that hold all values, or else text.

    Args:
        tables: With the same columns.
    """
    schemas = {one.schema.remove_metadata() for one in tables}
    if len(schemas) <= 1:
        return tables
    fields = []
    for name in tables[0].column_names:
        some = [pa.schema([schema.field(name)]) for schema in schemas]
        try:
            fields.append(pa.unify_schemas(some, promote_options="permissive").field(0))
        except pa.ArrowException:
            fields.append(pa.field(name, pa.large_string()))
    return [pa.table([_cast(one[field.name], field.type) for field in fields], pa.schema(fields)) for one in tables]


def _cast(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    return id_texts(column) if pa.types.is_large_string(kind) else column.cast(kind)


def joined(tables: Iterable[pa.Table], others: Sequence[str] = ()) -> pa.Table:
    """Tables one after the other, as one.

    Args:
        tables: As `table` makes them; taken as they come.
        others: Columns beside id and text, whose types may differ.

    Returns:
        The rows of all; runs of small tables share chunks, large ones are not copied.
    """
    tables = alike(list(tables)) if others else tables
    whole: list[pa.Table] = [_of_rows([], others)]
    small: list[pa.Table] = []
    size = 0
    for one in tables:
        large = one.nbytes >= SMALL
        if not large:
            small.append(one)
            size += one.nbytes
        if small and (large or size >= PACK):
            whole.append(pa.concat_tables(small).combine_chunks())
            small, size = [], 0
        if large:
            whole.append(one)
    if small:
        whole.append(pa.concat_tables(small).combine_chunks())
    return pa.concat_tables(whole[1:] or whole)


def _array(values: Sequence[str | None]) -> pa.Array:
    try:
        return pa.array(values, pa.large_string())
    except UnicodeEncodeError:
        return pa.array([value and SURROGATES.sub("\ufffd", value) for value in values], pa.large_string())
