"""Arrow IPC becomes tables: the file form, which is also Feather, and the stream form.

In: the bytes of one file, decompressed. Out: tables of at most 16 MB unless a row is longer. Holds one record batch, of
the wanted columns. Its buffers are checked before they are used, for they lie in the file as they are. A broken batch
costs itself in a file that has its footer, in a stream all that follows. Does not read Feather of version 1.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pyarrow as pa

from dedup.errors import FileError
from dedup.files.formats.columnar import articles, checked
from dedup.files.jobs import Job
from dedup.files.problems import FAULTS

MAGIC, OLD = b"ARROW1", b"FEA1"
_BEFORE = 8  # bytes of a file before the stream in it


def arrow(job: Job, stream: io.BufferedReader) -> Iterator[pa.Table]:
    """The articles of a file of Arrow IPC.

    Args:
        job: The file; broken batches and undecodable bytes are noted in it.
        stream: Its bytes; seekable where the file is not compressed as a whole.

    Yields:
        Tables.

    Raises:
        FileError: A column is missing or of a type that cannot be text or id, or the file is Feather of version 1.
    """
    yield from articles(job, "record batch", partial(batches, stream))


def batches(
    stream: io.BufferedReader,
    wanted: Callable[[pa.Schema], list[str]],
    lost: Callable[[int, Exception], object] = lambda *_: None,
    *,
    every: bool = False,
) -> Iterator[pa.RecordBatch]:
    """The record batches of a file.

    Args:
        stream: Its bytes.
        wanted: Says which columns are read.
        lost: Called with the number of rows before a batch of which these cannot be read, and why.
        every: Give the other columns, too, of the same batches.

    Raises:
        FileError: The file is Feather of version 1.
        ArrowException: A column of a batch cannot be read, and it is none of those.
    """
    head = stream.peek(_BEFORE)
    if head.startswith(OLD):
        raise FileError(
            "the file is Feather of version 1; write it again: pyarrow.feather.write_feather(pyarrow.feather."
            "read_table(old), new)"
        )
    if head.startswith(MAGIC):
        file = _with_footer(stream)
        if file is not None:
            yield from _of_file(stream, file, wanted, lost, every=every)
            return
        stream.read(_BEFORE)
    cut = head.startswith(MAGIC) and stream.seekable()
    reader = pa.ipc.open_stream(stream)
    names = wanted(reader.schema)
    for batch in reader:
        yield checked(batch if every else batch.select(names))
    if cut:
        raise ValueError("the file has no footer: it was cut short")


def _with_footer(stream: io.BufferedReader) -> Any:
    """The file, if it can be read in any order; else it is read as the stream that is in it."""
    if not stream.seekable():
        return None
    try:
        return pa.ipc.open_file(stream)
    except FAULTS:  # cut short
        stream.seek(0)
        return None


def _of_file(
    stream: io.BufferedReader,
    file: Any,
    wanted: Callable[[pa.Schema], list[str]],
    lost: Callable[[int, Exception], object],
    *,
    every: bool,
) -> Iterator[pa.RecordBatch]:
    places = [file.schema.get_field_index(name) for name in wanted(file.schema)]
    narrow = pa.ipc.open_file(stream, options=pa.ipc.IpcReadOptions(included_fields=places))
    row = 0
    for number in range(file.num_record_batches):
        try:
            batch = checked(narrow.get_batch(number))
        except FAULTS as error:
            lost(row, error)
        else:
            yield checked(file.get_batch(number)) if every else batch
            row += len(batch)
