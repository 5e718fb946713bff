"""Rows become Arrow tables, and many tables become one.

In: ids and texts as Python strings, or tables. Out: tables of the columns id and text, both large_string, the first
without nulls. Costs a copy of each text, and of each small table once more: at most 12 MB are held twice. Does not
look at what the texts say, except for lone surrogates, which UTF-8 cannot hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa

from dedup.files.encodings import SURROGATES
from dedup.files.problems import FAULTS

PACK = 1 << 22
"""Characters or bytes that are gathered before they become a table."""
SMALL = 1 << 20
"""Smaller tables, in bytes, are joined: a folder of many files must not become as many chunks."""


def table(ids: Sequence[str], texts: Sequence[str | None]) -> pa.Table:
    """Two columns.

    Args:
        ids: One per row.
        texts: One per row, None where it is missing.

    Returns:
        The table; a lone surrogate, as JSON may escape one, is U+FFFD in it.
    """
    return pa.table({"id": _array(ids), "text": _array(texts)})


def packed(rows: Iterable[tuple[str, str | None]]) -> Iterator[pa.Table]:
    """Rows as tables.

    Args:
        rows: Ids and texts; may break off with an error of a broken file.

    Yields:
        Tables of at most 12 MB or one row, at least one.

    Raises:
        Exception: What `rows` raised, after a table of the rows before it.
    """
    ids: list[str] = []
    texts: list[str | None] = []
    size = 0
    try:
        for id_, text in rows:
            ids.append(id_)
            texts.append(text)
            size += len(id_) + len(text or "")
            if size >= PACK:
                yield table(ids, texts)
                ids, texts, size = [], [], 0
    except FAULTS:
        yield table(ids, texts)
        raise
    yield table(ids, texts)


def joined(tables: Iterable[pa.Table]) -> pa.Table:
    """Tables one after the other, as one.

    Args:
        tables: As `table` makes them; taken as they come.

    Returns:
        The rows of all; runs of small tables share chunks, large ones are not copied.
    """
    whole: list[pa.Table] = [table([], [])]
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
