"""Rows become Arrow tables, and many tables become one.

In: ids and texts as Python strings, or tables. Out: tables of the columns id and text, both large_string, the first
without nulls, and of others that were asked for. Costs a copy of each text, and of each small table once more: at most
12 MB are held twice. Does not look at what the texts say, except for lone surrogates, which UTF-8 cannot hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

import pyarrow as pa

from dedup.files.encodings import SURROGATES
from dedup.files.problems import FAULTS
from dedup.identity import LONGEST_ID, id_fault, id_texts

PACK = 1 << 22
"""Characters or bytes that are gathered before they become a table."""
SMALL = 1 << 20
"""Smaller tables, in bytes, are joined: a folder of many files must not become as many chunks."""


Row: TypeAlias = tuple[str | None, ...]
"""The id and the text of an article, and what else is read of it."""
Piece: TypeAlias = pa.Table | list[Row]
"""Some rows: a table, or few that become one together with those of other files."""


def table(rows: Sequence[Row], others: Sequence[str] = ()) -> pa.Table:
    """Rows as a table.

    Args:
        rows: Ids, texts, None where one is missing, and other values.
        others: Names of the columns of these.

    Returns:
        The columns id, text and others; a lone surrogate, as JSON may escape one, is U+FFFD in it.
    """
    columns = zip(*rows, strict=True) if rows else [()] * (2 + len(others))
    return pa.table(list(map(_array, columns)), ["id", "text", *others])


def within(piece: Piece, most: int) -> tuple[Piece, list[int]]:
    """The rows whose texts are not too long.

    Args:
        piece: Some rows.
        most: Bytes that a text may have.

    Returns:
        Those rows, and the positions of the others.
    """
    if isinstance(piece, list):
        longest = most // 4  # characters that are never too many
        long = [
            place
            for place, row in enumerate(piece)
            if (text := row[1]) and len(text) > longest and len(text.encode(errors="surrogatepass")) > most
        ]
        gone = set(long)
        return [row for place, row in enumerate(piece) if place not in gone] if long else piece, long
    column = piece["text"]
    if column.nbytes <= most:
        return piece, []
    import pyarrow.compute as pc  # noqa: PLC0415 - only here

    fits = pc.fill_null(pc.less_equal(pc.binary_length(column), most), fill_value=True)
    long = [place for place, one in enumerate(fits.to_pylist()) if not one]
    return piece.filter(fits) if long else piece, long


def named(piece: Piece) -> tuple[Piece, list[tuple[int, str]]]:
    """The rows that have an id as one may be.

    Args:
        piece: Some rows.

    Returns:
        Those rows, and the positions of the others with what is wrong with their ids.
    """
    if not isinstance(piece, list):
        import pyarrow.compute as pc  # noqa: PLC0415 - only here

        ids = piece["id"]
        if ids.nbytes <= LONGEST_ID and not pc.any(pc.match_substring(ids, "\0")).as_py():
            return piece, []
        fits = pc.and_(pc.less_equal(pc.binary_length(ids), LONGEST_ID), pc.invert(pc.match_substring(ids, "\0")))
        if pc.all(fits).as_py():
            return piece, []
        unfit = pc.indices_nonzero(pc.invert(fits)).to_pylist()
        return piece.filter(fits), [(place, id_fault(ids[place].as_py())) for place in unfit]
    unnamed = [(place, fault) for place, row in enumerate(piece) if (fault := id_fault(row[0] or ""))]
    gone = {place for place, _ in unnamed}
    return [row for place, row in enumerate(piece) if place not in gone] if gone else piece, unnamed


def as_table(piece: Piece, others: Sequence[str] = ()) -> pa.Table:
    """A piece as a table.

    Args:
        piece: Some rows.
        others: Names of the columns beside id and text.
    """
    return table(piece, others) if isinstance(piece, list) else piece


def packed(rows: Iterable[Row], others: Sequence[str] = ()) -> Iterator[Piece]:
    """Rows as pieces.

    Args:
        rows: Ids and texts, and other values; may break off with an error of a broken file.
        others: Names of the columns of these.

    Yields:
        Tables of at most 12 MB or one row, and the rows that are left.

    Raises:
        Exception: What `rows` raised, after the rows before it.
    """
    gathered: list[Row] = []
    size = 0
    try:
        for row in rows:
            gathered.append(row)
            size += sum(map(len, filter(None, row)))
            if size >= PACK:
                yield table(gathered, others)
                gathered, size = [], 0
    except FAULTS:
        yield gathered
        raise
    yield gathered


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


def joined(pieces: Iterable[Piece], others: Sequence[str] = ()) -> pa.Table:
    """Pieces one after the other, as one table.

    Args:
        pieces: Rows of files; taken as they come.
        others: Columns beside id and text, whose types may differ.

    Returns:
        The rows of all; runs of small tables share chunks, large ones are not copied.
    """
    tables: Iterable[pa.Table] = _tables(pieces, others)
    tables = alike(list(tables)) if others else tables
    whole: list[pa.Table] = [table([], others)]
    small: list[pa.Table] = []
    size = 0
    for one in tables:
        held = one.get_total_buffer_size()  # at least `nbytes`, and known at once
        large = held >= SMALL and one.nbytes >= SMALL
        if not large:
            small.append(one)
            size += min(held, SMALL)
        if small and (large or size >= PACK):
            whole.append(pa.concat_tables(small).combine_chunks())
            small, size = [], 0
        if large:
            whole.append(one)
    if small:
        whole.append(pa.concat_tables(small).combine_chunks())
    return pa.concat_tables(whole[1:] or whole)


def _tables(pieces: Iterable[Piece], others: Sequence[str]) -> Iterator[pa.Table]:
    """Pieces as tables, rows of several files as one: to make a table takes longer than to read a short text."""
    waiting: list[Row] = []
    size = 0
    for piece in pieces:
        if isinstance(piece, list):
            waiting += piece
            size += sum(len(row[1] or "") for row in piece)
        if waiting and (size >= PACK or not isinstance(piece, list)):
            yield table(waiting, others)
            waiting, size = [], 0
        if not isinstance(piece, list):
            yield piece
    if waiting:
        yield table(waiting, others)


def _array(values: Sequence[str | None]) -> pa.Array:
    try:
        return pa.array(values, pa.large_string())
    except UnicodeEncodeError:
        return pa.array([value and SURROGATES.sub("\ufffd", value) for value in values], pa.large_string())
