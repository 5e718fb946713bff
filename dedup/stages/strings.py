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
from numpy.typing import NDArray

from dedup.errors import InputError
from dedup.identity import missing

BETWEEN_LINES = "\n"
"""What stands between the strings of a list."""
ASIDE = 1 << 26
"""Bytes that Arrow may set aside before it is looked at how many are needed."""
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
    found = [taken(_plain_array(values, wide=wide), places) for values, places in parts]
    return pa.chunked_array(found, _plain_array(pa.nulls(0, kind.value_type), wide=wide).type)


def sizes_of(column: Column) -> NDArray[np.int64]:
    """Bytes of each value, also of one that stands in a dictionary, in a run or in a list; nothing is written out.

    Args:
        column: (n,), of strings or bytes in any layout, or lists of these.

    Returns:
        (n,): 0 where a value is missing or neither.
    """
    return np.concatenate([np.zeros(0, np.int64), *map(_sizes, column.chunks)])


def _sizes(array: pa.Array) -> NDArray[np.int64]:
    kind = array.type
    if pa.types.is_dictionary(kind):
        return _sizes_at(array.dictionary, array.indices)
    if pa.types.is_run_end_encoded(kind):
        return _sizes_at(array.values, _runs(array))
    if _is_list(kind):
        return _sizes_of_lists(array)
    if kind in _VIEWS:  # of each the first four bytes are its length
        sizes = np.frombuffer(array.buffers()[1], np.int32)[4 * array.offset :: 4][: len(array)].astype(np.int64)
    elif kind in _STRINGS:
        sizes = pc.fill_null(pc.binary_length(array), 0).to_numpy(zero_copy_only=False).astype(np.int64)
    else:
        return np.zeros(len(array), np.int64)
    sizes[array.is_null().to_numpy(zero_copy_only=False)] = 0
    return sizes


def _sizes_at(values: pa.Array, places: pa.Array) -> NDArray[np.int64]:
    sizes = np.append(_sizes(values), 0)
    return sizes[pc.fill_null(places, len(values)).to_numpy(zero_copy_only=False)]


def _sizes_of_lists(lists: pa.Array) -> NDArray[np.int64]:
    counts = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    ends = np.cumsum(counts)
    before = np.append(0, np.cumsum(_sizes(pc.list_flatten(lists))))
    return before[ends] - before[ends - counts] + np.maximum(counts - 1, 0)


_VIEWS = {pa.string_view(), pa.binary_view()}
_STRINGS = {pa.string(), pa.large_string(), pa.binary(), pa.large_binary()}


def taken(values: pa.Array, places: pa.Array) -> pa.Array:
    """The values at these places, null where a place is.

    Arrow's own function sets the mean length aside for each of them: where one value of two is long, gigabytes.

    Args:
        values: (m,), strings or bytes with offsets, or of any other type.
        places: (n,).
    """
    aside = len(places) * (values.nbytes // max(1, len(values)))
    if aside <= ASIDE or values.type not in _STRINGS or aside <= 2 * _sizes_at(values, places).sum():
        return values.take(places)
    every = values.to_pylist()
    return pa.array([None if place is None else every[place] for place in places.to_pylist()], values.type)


def without(column: Column, gone: NDArray[np.bool_]) -> Column:
    """The column without some of its values, which are missing then; a dictionary is not written out.

    Args:
        column: (n,), of any type.
        gone: (n,).
    """
    if not gone.any():
        return column
    found, at = [], 0
    for chunk in column.chunks:
        mine = pa.array(gone[at : at + len(chunk)])
        at += len(chunk)
        if pa.types.is_dictionary(chunk.type):
            found.append(_coded(chunk.dictionary, chunk.indices, mine))
        elif pa.types.is_run_end_encoded(chunk.type):
            found.append(_coded(chunk.values, _runs(chunk), mine))
        else:
            places = pc.if_else(mine, pa.scalar(None, pa.int64()), pa.array(np.arange(len(chunk))))
            found.append(_plain_array(chunk, wide=False).take(places))
    return pa.chunked_array(found)


def _coded(values: pa.Array, places: pa.Array, gone: pa.Array) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pc.if_else(gone, pa.scalar(None, places.type), places), values)


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
