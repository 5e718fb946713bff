"""How many texts hold each shingle: a table of counts in a memory-mapped file, counted with every text that is added.

In: hashes of shingles. Out: their document frequencies, or a little more where two share a cell (a count-min sketch of
one row; Cormode and Muthukrishnan, 2005). The table doubles with the number of texts, up to 2**26 cells of four bytes:
every cell is handed on to its two children. The pages are the kernel's: all processes of a host see one table.

What a transaction counts is noted in a journal first, so a process that is killed before it commits leaves nothing
counted: the next writer puts it back. The file is a cache: it can be counted again from the stored texts.
"""

from __future__ import annotations

import errno
import mmap
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from enum import IntEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dedup import kernels

LEAST_BITS, MOST_BITS = 20, 26
TEXTS_BITS = 6
"""There are 2**6 cells a text while the table grows."""
HEADER_BYTES = 4096
MAGIC = 0x6465_6475_7001
"""The letters `dedup`, and the version of the format."""

Steps = Sequence[tuple[NDArray[np.uint64], int]]
"""Shingles of a text, each once, and 1 or -1."""


class _Field(IntEnum):
    """Places in the header, each an int64."""

    MAGIC = 0
    BITS = 1
    TEXTS = 2
    PENDING = 3
    """Number of the transaction that is being counted, 0 when there is none."""
    REPLACED = 4
    """Not 0 when a larger file has taken this one's place."""


def bits_for(texts: int) -> int:
    """The size of the table for so many texts: 2**bits cells, 64 a text, 2**20 at least and 2**26 at most."""
    return min(MOST_BITS, max(LEAST_BITS, max(0, texts - 1).bit_length() + TEXTS_BITS))


class Frequencies:
    """The counts of an index.

    Args:
        path: The file; its journal lies beside it.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._journal_path = path, path.with_suffix(".journal")
        self._header, self._cells = np.zeros(8, np.int64), np.zeros(0, np.uint32)
        self._journal = -1

    def open(self, *, writable: bool = True) -> bool:
        """Take up the file; False where it is missing or damaged."""
        access = mmap.ACCESS_DEFAULT if writable else mmap.ACCESS_READ
        with suppress(OSError, ValueError), self._path.open("r+b" if writable else "rb") as file:
            view = mmap.mmap(file.fileno(), 0, access=access)
            header = np.frombuffer(view, np.int64, 8)
            magic, bits = int(header[_Field.MAGIC]), int(header[_Field.BITS])
            if magic == MAGIC and LEAST_BITS <= bits <= MOST_BITS and len(view) == HEADER_BYTES + (4 << bits):
                self._header, self._cells = header, np.frombuffer(view, np.uint32, offset=HEADER_BYTES)
                return True
        return False

    def create(self, texts: int = 0) -> None:
        """Begin with a table of zeros that has room for so many texts."""
        self._write(np.zeros(1 << bits_for(texts), np.uint32), 0)

    @property
    def bits(self) -> int:
        """The table has 2**bits cells."""
        return int(self._header[_Field.BITS])

    @property
    def texts(self) -> int:
        """How many texts are counted."""
        self._follow()
        return int(self._header[_Field.TEXTS])

    def of(self, keys: NDArray[np.uint64]) -> NDArray[np.uint32]:
        """The count of each of these shingles."""
        self._follow()
        found = np.empty(len(keys), np.uint32)
        kernels.read_cells(kernels.frozen(self._cells), keys, self.bits, found)
        return found

    def count(self, steps: Steps, number: int) -> None:
        """Count shingles up or down; `keep` or `undo` must follow, or `recover` by the next writer.

        Args:
            steps: What to count.
            number: The highest number that the database will hold when the transaction is committed.
        """
        texts = self.texts + sum(step for _, step in steps)
        if bits_for(texts) > self.bits:
            self._write(np.repeat(self._cells, 1 << (bits_for(texts) - self.bits)), self.texts)
        shift = np.uint64(64 - self.bits)
        places = [((keys >> shift).astype(np.uint32), step) for keys, step in steps]
        every = np.concatenate([one for one, _ in places])
        self._note(every)
        self._header[_Field.PENDING] = number
        for one, step in places:
            kernels.bump(self._cells, one, step)
        self._header[_Field.TEXTS] = texts

    def keep(self) -> None:
        """The transaction is committed."""
        self._header[_Field.PENDING] = 0

    def undo(self) -> None:
        """The transaction was rolled back: put back what the cells held before it."""
        if self._header[_Field.PENDING]:
            texts, count = (int(value) for value in np.frombuffer(os.pread(self._journal_file(), 16, 0), np.int64))
            noted = np.frombuffer(os.pread(self._journal_file(), 8 * count, 16), np.uint32)
            self._cells[noted[:count]] = noted[count:]
            self._header[_Field.TEXTS] = texts
            self._header[_Field.PENDING] = 0

    def recover(self, last: int) -> None:
        """Settle what a writer that was killed left behind; `last` is the highest number in the database."""
        self._follow()
        if self._header[_Field.PENDING] > last:
            self.undo()
        elif self._header[_Field.PENDING]:
            self.keep()

    def fewer(self, texts: Iterable[Sequence[NDArray[np.uint64]]]) -> int:
        """How many cells hold less than these texts count; more they may, for a cell counts for both it grew from."""
        self._follow()
        cells, shift = np.zeros_like(self._cells), np.uint64(64 - self.bits)
        for some in texts:
            for keys in some:
                kernels.bump(cells, (keys >> shift).astype(np.uint32), 1)
        return int((self._cells < cells).sum())

    def _note(self, places: NDArray[np.uint32]) -> None:
        """Write what the cells hold now to the journal; it is whole before the header says that it is needed."""
        head = np.array([self.texts, len(places)], np.int64)
        parts = [head, places, self._cells[places]]
        if os.pwritev(self._journal_file(), parts, 0) < sum(part.nbytes for part in parts):  # type: ignore[arg-type]
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _journal_file(self) -> int:
        if self._journal < 0:
            self._journal = os.open(self._journal_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        return self._journal

    def _follow(self) -> None:
        """Go on with the larger file that another process has put in this one's place."""
        if self._header[_Field.REPLACED]:
            self.open()

    def _write(self, cells: NDArray[np.uint32], texts: int) -> None:
        """A new file in the place of the old one, whose bytes are all there: a full disk must not show in a page."""
        new = self._path.with_suffix(".new")
        header = np.zeros(HEADER_BYTES // 8, np.int64)
        header[[_Field.MAGIC, _Field.BITS, _Field.TEXTS]] = MAGIC, len(cells).bit_length() - 1, texts
        with new.open("wb") as file:
            file.write(header.tobytes())
            file.write(cells.tobytes())
        new.replace(self._path)
        self._header[_Field.REPLACED] = 1
        self.open()

    def bytes(self) -> int:
        """What the files take."""
        return sum(path.stat().st_size for path in (self._path, self._journal_path) if path.exists())

    def close(self) -> None:
        """Let go of the files."""
        self._header, self._cells = np.zeros(8, np.int64), np.zeros(0, np.uint32)
        if self._journal >= 0:
            os.close(self._journal)
            self._journal = -1
