"""Arrow columns of any type as columns of strings.

In: a column as a library has it: strings of any layout, dictionaries and runs of them, lists of them. Out: the same
values as large strings, whose offsets do not overflow; the strings of a list become lines of one text. Costs nothing
for large strings, one copy for others; a dictionary is written out. Arrow itself cannot take, count or cast what is
laid out as views or runs, so these are undone first. Numbers and bytes are no text.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dedup.errors import InputError
from dedup.identity import missing

BETWEEN_LINES = "\n"
"""What stands between the strings of a list."""
LISTS = (list, tuple, np.ndarray)
Column: TypeAlias = pa.ChunkedArray


def as_text(column: Column, name: object) -> Column:
    """The texts of a column.

    Args:
        column: (n,).
        name: Of the column, for errors.

    Returns:
        large_string (n,), null where a text is missing; also where each value of a column of numbers is NaN, as JSON
        without any text is read by many tools.

    Raises:
        InputError: It holds anything but strings and lists of strings.
    """
    column = plain(column, wide=True)
    kind = column.type
    if pa.types.is_large_string(kind):
        return column
    if column.null_count == len(column) or (pa.types.is_floating(kind) and pc.all(pc.is_nan(column)).as_py()):
        return pa.chunked_array([pa.nulls(len(column), pa.large_string())])
    if not _is_list(kind):
        raise InputError(
            f"column {name!r} holds {kind}; a text column must hold strings: cast it, or name another with text="
        )
    return pa.chunked_array([_laid(chunk, name) for chunk in column.chunks], pa.large_string())


def _is_list(kind: pa.DataType) -> bool:
    one_of = pa.types
    return (
        one_of.is_list(kind)
        or one_of.is_large_list(kind)
        or one_of.is_fixed_size_list(kind)
        or one_of.is_list_view(kind)
        or one_of.is_large_list_view(kind)
    )


def _laid(lists: pa.Array, name: object) -> pa.Array:
    """A list of strings as one text of lines: the strings are laid end to end, and the text of a list is a part."""
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    lines = as_text(pa.chunked_array([pc.list_flatten(lists)]), name).combine_chunks()
    there = lines.is_valid().to_numpy(zero_copy_only=False)
    counts = np.bincount(np.repeat(np.arange(len(lists)), lengths)[there], minlength=len(lists))
    places = np.concatenate([[0], np.cumsum(counts)])
    last = np.zeros(places[-1], np.bool_)
    last[places[1:][counts > 0] - 1] = True
    ends, kind = [pa.scalar(end, pa.large_string()) for end in ("", BETWEEN_LINES)], pa.large_string()
    laid = pc.binary_join_element_wise(lines.drop_null(), pc.if_else(pa.array(last), *ends), pa.scalar("", kind))
    offsets = np.zeros(len(laid) + 1, np.int64)
    np.cumsum(pc.binary_length(laid).to_numpy(), out=offsets[1:])
    valid = np.packbits(lists.is_valid().to_numpy(zero_copy_only=False), bitorder="little")
    buffers = [pa.py_buffer(valid), pa.py_buffer(offsets[places]), laid.buffers()[2] or pa.py_buffer(b"")]
    return pa.Array.from_buffers(kind, len(lists), buffers)


def as_lines(values: list[Any]) -> list[Any]:
    """Python values with each list of strings as one text of lines, as `as_text` makes it; others as they are.

    Args:
        values: (n,).
    """
    return [_lines(value) for value in values] if set(map(type, values)) & set(LISTS) else values


def _lines(value: Any) -> Any:
    if isinstance(value, LISTS) and all(missing(line) or isinstance(line, str) for line in value):
        return BETWEEN_LINES.join(line for line in value if not missing(line))
    return value


def plain(column: Column, *, wide: bool = False) -> Column:
    """The column in a type for which Arrow can take and count values: no views, dictionaries or runs.

    Args:
        column: (n,), of any type.
        wide: Strings become large ones, before a dictionary is written out: offsets of 32 bits may overflow.
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        parts = [(chunk.dictionary, chunk.indices) for chunk in column.chunks]
    elif pa.types.is_run_end_encoded(kind):
        parts = [(chunk.values, _runs(chunk)) for chunk in column.chunks]
    else:
        flat = _plain_type(kind, wide=wide)
        return column if flat == kind else column.cast(flat)
    taken = [_plain_array(values, wide=wide).take(places) for values, places in parts]
    return pa.chunked_array(taken, _plain_array(pa.nulls(0, kind.value_type), wide=wide).type)


def _runs(runs: pa.RunEndEncodedArray) -> pa.Array:
    """The run in which each value stands; Arrow undoes runs of some types only."""
    places = np.arange(runs.offset, runs.offset + len(runs))
    return pa.array(np.searchsorted(runs.run_ends.to_numpy(), places, side="right"))


def _plain_array(array: pa.Array, *, wide: bool) -> pa.Array:
    return plain(pa.chunked_array([array]), wide=wide).combine_chunks()


def _plain_type(kind: pa.DataType, *, wide: bool) -> pa.DataType:
    if pa.types.is_string_view(kind) or (wide and pa.types.is_string(kind)):
        return pa.large_string()
    return pa.large_binary() if pa.types.is_binary_view(kind) else kind
