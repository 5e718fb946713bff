"""How much of a file is held at once: a small compressed file may be a large one, whoever made it.

In: a stream. Out: its bytes, if they are not too many. Holds no more than it may. The bounds are far above what
articles are, and what is above them is refused in words.
"""

from __future__ import annotations

import io

from dedup.errors import FileError

TEXT = 1 << 26
"""Bytes of a text, unless a job allows less: to compare texts takes twenty times as much."""
FILE = 1 << 30
"""Bytes of a file that is read from its end and yet compressed, such as Parquet in an archive."""
_PIECE = 1 << 20


def whole(stream: io.BufferedReader, most: int = FILE) -> bytes:
    """All bytes of a stream.

    Args:
        stream: Where to read.
        most: How many there may be.

    Raises:
        FileError: There are more.
    """
    pieces, size = list[bytes](), 0
    while piece := stream.read1(_PIECE):
        pieces.append(piece)
        size += len(piece)
        if size > most:
            raise FileError(f"more than {most:,} bytes, and all are needed at once; decompress or cut the file first")
    return b"".join(pieces)
