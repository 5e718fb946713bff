"""ORC becomes tables: the columns of text and id, stripe by stripe.

In: the bytes of one file, decompressed. Out: tables of at most 16 MB unless a row is longer. Holds one stripe of the
wanted columns, or the whole file if it is compressed as a whole. A broken stripe costs only itself.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from functools import partial

import pyarrow as pa

from dedup.files.bounds import held
from dedup.files.formats.columnar import articles, checked
from dedup.files.formats.orc_apart import opened
from dedup.files.jobs import Job
from dedup.files.problems import FAULTS


def orc(job: Job, stream: io.BufferedReader) -> Iterator[pa.Table]:
    """The articles of an ORC file.

    Args:
        job: The file; broken stripes and undecodable bytes are noted in it.
        stream: Its bytes; seekable where the file is not compressed as a whole.

    Yields:
        Tables.

    Raises:
        FileError: A column is missing or of a type that cannot be text or id.
    """
    yield from articles(job, "stripe", partial(stripes, stream))


def stripes(
    stream: io.BufferedReader,
    wanted: Callable[[pa.Schema], list[str]],
    lost: Callable[[int, Exception], object] = lambda *_: None,
    *,
    every: bool = False,
) -> Iterator[pa.RecordBatch]:
    """The stripes of a file.

    Args:
        stream: Its bytes.
        wanted: Says which columns are read.
        lost: Called with the number of rows before a stripe of which these cannot be read, and why.
        every: Give the other columns, too, of the same stripes.

    Raises:
        ArrowException: A column of a stripe cannot be read, and it is none of those.
    """
    with opened(stream if stream.seekable() else io.BytesIO(held(stream))) as file:
        names = wanted(file.schema)
        row = 0
        for number in range(file.nstripes):
            try:
                batch = checked(file.read_stripe(number, names))
            except FAULTS as error:
                lost(row, error)
            else:
                yield checked(file.read_stripe(number)) if every else batch
                row += len(batch)
