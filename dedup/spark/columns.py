"""Arrow columns as arrays for the kernels, and back.

In: Arrow columns and batches as Spark hands them to Python. Out: numpy arrays, tables of whole groups of rows, record
batches for Spark. Numbers and binary values of one length are not copied if they are in one chunk. Knows nothing of
their meaning.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Batches: TypeAlias = Iterator[pa.RecordBatch]
SENT = 1 << 23
"""About how many bytes a batch for Spark has."""
AT_ONCE = 1 << 18
"""Rows of whole groups that are given together."""


def matrix(column: Any, width: int) -> NDArray[np.uint8]:
    """Binary values that are all `width` bytes long, as rows."""
    array = _whole(column).cast(pa.binary())  # Spark may be set to send large_binary
    _, offsets, data = array.buffers()
    begin = int(np.frombuffer(offsets, np.int32, 1, 4 * array.offset)[0]) if len(array) else 0
    return np.frombuffer(data or b"", np.uint8, len(array) * width, begin).reshape(-1, width)


def binary(rows: NDArray[Any]) -> pa.Array:
    """The bytes of each row of a matrix; at most 2 GB in all."""
    plain = np.ascontiguousarray(rows)
    offsets = np.arange(len(rows) + 1, dtype=np.int32) * np.int32(plain[:1].nbytes)
    return pa.Array.from_buffers(pa.binary(), len(rows), [None, pa.py_buffer(offsets), pa.py_buffer(plain)])


def ragged(flat: NDArray[Any], counts: NDArray[np.int64]) -> pa.Array:
    """Flat numbers split into rows of these counts, as bytes; at most 2 GB in all."""
    offsets = np.zeros(len(counts) + 1, np.int32)
    np.cumsum(counts * flat.itemsize, out=offsets[1:])
    plain = np.ascontiguousarray(flat)
    return pa.Array.from_buffers(pa.binary(), len(counts), [None, pa.py_buffer(offsets), pa.py_buffer(plain)])


def lists(flat: NDArray[np.int64], counts: NDArray[np.int64]) -> pa.Array:
    """Flat whole numbers split into rows of these counts; at most 2^31 in all."""
    return pa.ListArray.from_arrays(np.cumsum(np.append(0, counts)).astype(np.int32), flat)


def values(column: Any, kind: Any) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The numbers of all rows, and how many there are in each: the arguments of `ragged`."""
    array = _whole(column).cast(pa.large_binary())
    _, offset_buffer, data = array.buffers()
    offsets = np.frombuffer(offset_buffer or bytes(8), np.int64)[array.offset : array.offset + len(array) + 1]
    flat = np.frombuffer(data or b"", np.uint8)[offsets[0] : offsets[-1]]
    return flat.view(kind), np.diff(offsets) // np.dtype(kind).itemsize


def integers(column: Any) -> NDArray[np.int64]:
    """A column of whole numbers without nulls."""
    found: NDArray[np.int64] = _whole(column).to_numpy(zero_copy_only=False)
    return found


def ranks(ids: Any) -> NDArray[np.int64]:
    """The rank of each id, from 1; equal ids have the same rank, missing ids 0."""
    plain = ids.cast(pa.int8()) if pa.types.is_boolean(ids.type) else ids
    places = pa.compute.rank(plain, tiebreaker="dense").to_numpy().astype(np.int64)
    return np.where(ids.is_null().to_numpy(zero_copy_only=False), 0, places)


def strings(column: Any) -> pa.ChunkedArray:
    """A column of texts as the stages take it."""
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    return pa.chunked_array([chunk.cast(pa.large_string()) for chunk in chunks], pa.large_string())


def _whole(column: Any) -> Any:
    if not isinstance(column, pa.ChunkedArray):
        return column
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def sent(columns: dict[str, Any]) -> Iterator[pa.RecordBatch]:
    """Columns as record batches of a size that Spark takes easily."""
    batch = pa.RecordBatch.from_pydict(columns)
    step = max(1, SENT * len(batch) // max(1, batch.nbytes)) if len(batch) else 1
    for begin in range(0, len(batch), step):
        yield batch.slice(begin, step)


def whole_groups(batches: Iterator[pa.RecordBatch], by: str) -> Iterator[pa.Table]:
    """The rows of some groups at a time, always whole groups.

    Args:
        batches: Rows in ascending order of their groups.
        by: Column of the group, a whole number.
    """
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        if not len(batch):
            continue
        waiting.append(batch)
        if sum(map(len, waiting)) < AT_ONCE:
            continue
        table = pa.Table.from_batches(waiting)
        groups = integers(table[by])
        last = int(np.searchsorted(groups, groups[-1]))
        if last:
            yield table.slice(0, last)
        waiting = table.slice(last).to_batches()
    if waiting:
        yield pa.Table.from_batches(waiting)
