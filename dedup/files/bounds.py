"""How much of a file is held at once: a small compressed file may be a large one, whoever made it.

In: a stream. Out: its bytes, if they are not too many. Holds no more than it may. The bounds are far above what
articles are, and what is above them is refused in words.
"""

from __future__ import annotations

import io

from dedup.errors import FileError

TEXT = 1 << 26
"""Bytes of a text, unless a job allows less: to compare texts takes twenty times as much."""
LINE = 1 << 27
"""Characters of a line or row, in which there may be more than a text."""
FILE = 1 << 30
"""Bytes of a file that is read from its end and yet compressed, such as Parquet in an archive."""
TOO_LONG = "which is the most that is read of a text; cut it, or where a command takes --memory, give more"
_PIECE = 1 << 20


def held(stream: io.BufferedReader, most: int = FILE, why: str = "") -> bytes:
    """All bytes of a stream.

    Args:
        stream: Where to read.
        most: How many there may be.
        why: Why no more, and what to do.

    Raises:
        FileError: There are more.
    """
    pieces, size = list[bytes](), 0
    while piece := stream.read1(_PIECE):
        pieces.append(piece)
        size += len(piece)
        if size > most:
            why = why or "and all of them are needed at once; decompress or unpack the file first"
            raise FileError(f"more than {most:,} bytes, {why}")
    return b"".join(pieces)


class Lines(io.TextIOWrapper):
    """Lines of text of which none is longer than `LINE`: of one that is, its beginning is there, without an end."""

    def __next__(self) -> str:  # type: ignore[override]
        """The next line."""
        line = self.readline(LINE)
        if not line:
            raise StopIteration
        if len(line) >= LINE:
            rest = line
            while rest and not rest.endswith(("\n", "\r")):
                rest = self.readline(LINE)
        return line
