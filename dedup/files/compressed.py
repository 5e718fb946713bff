"""The bytes of a file, decompressed.

In: a source. Out: its bytes as they lie on disk, to tell how far reading has come, and as a reader wants them. Holds
some kilobytes of a stream.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa

from dedup.files.sources import Source


@contextmanager
def opened(source: Source) -> Iterator[tuple[io.FileIO, io.BufferedReader]]:
    """Open a file.

    Args:
        source: The file.

    Yields:
        Its bytes as they are, and decompressed; seekable where it is not compressed.
    """
    with source.path.open("rb", buffering=0) as raw, _decompressed(raw, source.codec) as plain:
        yield raw, plain


def _decompressed(raw: io.FileIO, codec: str | None) -> io.BufferedReader:
    if codec is None:
        return io.BufferedReader(raw, 1 << 20)
    # By 4 KB: where a stream is cut short, the read that meets the end loses all that it had.
    return io.BufferedReader(pa.CompressedInputStream(pa.PythonFile(raw, "r"), codec), 4096)
