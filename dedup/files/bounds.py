"""How much of a file is held at once: a small compressed file may be a large one, whoever made it.

In: a stream. Out: its bytes, if they are not too many. Holds no more than it may. The bounds are far above what
articles are, and what is above them is refused in words.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

from dedup.errors import FileError

FILE = 1 << 30
"""Bytes of a file that is read from its end and yet compressed, such as Parquet in an archive."""
LONGER = "cut it, or give --longest-text more, and where there is --memory 256 times as much"
TOO_LONG = f"which is the most that is read of a text; {LONGER}"
_PIECE, _TEXT = 1 << 20, 1 << 16
"""Bytes, and characters of lines, that are read at once."""


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
    """Lines of text of which none is longer than a limit: of one that is, its beginning is there, without an end.

    Args:
        stream: Bytes.
        longest: Characters of a line.
        newline: What ends one: a line feed, or with "" a carriage return or both as well.
        encoding: Of the text; bytes that are none become surrogates.
    """

    def __init__(self, stream: io.BufferedReader, longest: int, newline: str, encoding: str) -> None:
        super().__init__(stream, encoding, "surrogateescape", newline)
        self._longest, self._cut = longest, _at_feeds if newline else _at_ends
        self._carried = ""
        self._ends = "\n" if newline else ("\n", "\r")

    def __iter__(self) -> Iterator[str]:  # type: ignore[override]
        """The lines, to be asked for once; cut from pieces, since to ask for each takes longer than to read it."""
        begun, size = list[str](), 0
        while text := self._piece():
            lines = self._cut(text)
            last = "" if lines[-1].endswith(self._ends) else lines.pop()
            if lines and begun:
                lines[0] = "".join((*begun, lines[0]))[: self._longest]
                begun, size = [], 0
            yield from lines
            if size < self._longest:
                begun, size = [*begun, last], size + len(last)
        if size:
            yield "".join(begun)[: self._longest]

    def _piece(self) -> str:
        """Some text, less than a line may have, which does not end between a carriage return and a line feed."""
        while more := self.read(min(_TEXT, self._longest // 2)):
            text = self._carried + more
            self._carried = "\r" if text.endswith("\r") else ""
            if text := text.removesuffix("\r"):
                return text
        text, self._carried = self._carried, ""
        return text


def _at_feeds(text: str) -> list[str]:
    *lines, last = text.split("\n")
    return [*(f"{line}\n" for line in lines), *([last] if last else [])]


def _at_ends(text: str) -> list[str]:
    return _at_feeds(text) if "\r" not in text else _LINES.findall(text)


_LINES = re.compile(r"[^\r\n]*(?:\r\n|[\r\n])|[^\r\n]+")
