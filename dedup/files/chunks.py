"""Pieces of bytes become a stream.

In: what yields bytes. Out: a stream without a buffer, to be read through one. Holds one piece.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any


class Chunks(io.RawIOBase):
    """Pieces of bytes as a stream, perhaps made of another, which stays open as long as this one is there."""

    def __init__(self, chunks: Iterator[bytes], raw: Any = None) -> None:
        self._chunks, self._raw, self._held = chunks, raw, memoryview(b"")

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """The next bytes, as many as there are of a piece."""
        while not self._held:
            piece = next(self._chunks, None)
            if piece is None:
                return 0
            self._held = memoryview(piece)
        count = min(len(buffer), len(self._held))
        buffer[:count] = self._held[:count]
        self._held = self._held[count:]
        return count
