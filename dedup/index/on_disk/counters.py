"""How many texts hold each shingle: a table of counts in a memory-mapped file, counted with every text that is added.

In: hashes of shingles. Out: their document frequencies, or a little more where two share a cell (a count-min sketch of
one row; Cormode and Muthukrishnan, 2005). The table doubles with the number of texts, up to 2**26 cells of four bytes:
every cell is copied to its two children. All processes of a host share the pages, and so see one table.

What a transaction will change is written to a journal first. If a process is killed before it commits, the next writer
restores the old counts from there. The file is a cache: it can be counted again from the stored texts, into a new file
that takes its place when all texts are counted. The new one has a higher number in its name, for Windows replaces no
file that is mapped; the old one goes as soon as nobody maps it.
"""

from __future__ import annotations

import errno
import mmap
import os
import re
import zlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.system import descriptor, discard, put

LEAST_BITS, MOST_BITS = 20, 26
TEXTS_BITS = 6
"""There are 2**6 cells per text while the table grows."""
HEADER_BYTES = 4096
MAGIC = 0x6465_6475_7001
"""The letters `dedup`, and the version of the format."""

PIECE = 1 << 14
"""Cells written to the journal at once."""

Steps = Sequence[tuple[NDArray[np.uint64], int]]
"""Shingles of a text, each once, and 1 or -1."""


_HEAD_BYTES = 32
"""Of a journal: how many texts were counted, how many cells it holds, the number of the transaction, a checksum."""
_NUMBERED = re.compile(r"[a-z]+(?:-(\d+))?")


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
    """The size of the table for so many texts: 2**bits cells, 64 per text, 2**20 at least and 2**26 at most."""
    return min(MOST_BITS, max(LEAST_BITS, max(0, texts - 1).bit_length() + TEXTS_BITS))


class Frequencies:
    """The counts of an index.

    Args:
        path: The first file; those that follow it have a number, and its journal lies beside it.
    """

    def __init__(self, path: Path) -> None:
        self._noted = np.empty((PIECE, 2), np.uint32)
        self._path, self._journal_path = path, path.with_suffix(".journal")
        self._header, self._cells = np.zeros(8, np.int64), np.zeros(0, np.uint32)
        self._journal, self._writable = -1, True

    def open(self, *, writable: bool = True) -> bool:
        """Open the latest file; False if it is missing or damaged."""
        self._writable = writable
        access = mmap.ACCESS_DEFAULT if writable else mmap.ACCESS_READ
        latest = self._named(max(self._numbers(), default=0))
        with suppress(OSError, ValueError), latest.open("r+b" if writable else "rb") as file:
            view = mmap.mmap(file.fileno(), 0, access=access)
            header = np.frombuffer(view, np.int64, 8)
            magic, bits = int(header[_Field.MAGIC]), int(header[_Field.BITS])
            whole = LEAST_BITS <= bits <= MOST_BITS and len(view) == HEADER_BYTES + (4 << bits)
            if magic == MAGIC and whole and header[_Field.TEXTS] >= 0 and not header[_Field.REPLACED]:
                self._header, self._cells = header, np.frombuffer(view, np.uint32, offset=HEADER_BYTES)
                return True
        return False

    def recount(self, texts: int, shingles: Iterable[Sequence[NDArray[np.uint64]]]) -> None:
        """Count all texts again; until this is done, or if it fails, the file stays as it was.

        Args:
            texts: About how many there are.
            shingles: The shingles of each text, some texts at a time.
        """
        self._follow()  # others must be told to leave the latest file
        self._write(*tallied(bits_for(texts), shingles))

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
        """Count shingles up or down; the next writer's `recover` decides whether that stays.

        Args:
            steps: What to count.
            number: The highest number that the database will hold when the transaction is committed.
        """
        texts = self.texts + sum(step for _, step in steps)
        if bits_for(texts) > self.bits:
            self._write(np.repeat(self._cells, 1 << (bits_for(texts) - self.bits)), self.texts)
        self._note([keys for keys, _ in steps], number)
        self._header[_Field.PENDING] = number
        for keys, step in steps:
            kernels.bump(self._cells, keys, self.bits, step)
        self._header[_Field.TEXTS] = texts

    def keep(self) -> None:
        """The transaction is committed."""
        self._header[_Field.PENDING] = 0

    def undo(self) -> bool:
        """The transaction was rolled back: restore what the cells held before it; False if that is lost."""
        pending = int(self._header[_Field.PENDING])
        if not pending:
            return True
        data = os.read(self._journal_at(0), os.fstat(self._journal).st_size)
        head = np.frombuffer(data[:_HEAD_BYTES].ljust(_HEAD_BYTES, b"\0"), np.int64)
        texts, count, number, checksum = (int(value) for value in head)
        noted = data[_HEAD_BYTES : _HEAD_BYTES + 8 * count]
        if number != pending or len(noted) != 8 * count or zlib.crc32(noted) != checksum:
            return False
        cells = np.frombuffer(noted, np.uint32).reshape(-1, 2)
        if texts < 0 or (cells[:, 0] >= len(self._cells)).any():  # of another table, or planted
            return False
        self._cells[cells[:, 0]] = cells[:, 1]
        self._header[_Field.TEXTS] = texts
        self._header[_Field.PENDING] = 0
        return True

    def recover(self, last: int) -> bool:
        """Keep what the last writer counted if it was committed, else restore; False if the counts are lost.

        Only a writer may do so, before it counts: at any other time, another transaction may be running.

        Args:
            last: The highest number in the database.
        """
        if not self._follow():
            return False
        if self._header[_Field.PENDING] > last:
            return self.undo()
        self.keep()
        return True

    def fewer(self, texts: Iterable[Sequence[NDArray[np.uint64]]]) -> int:
        """How many cells hold less than these texts count. More is allowed: when the table grows, counts are copied."""
        self._follow()
        return int((self._cells < tallied(self.bits, texts)[0]).sum())

    def _note(self, texts: list[NDArray[np.uint64]], number: int) -> None:
        """Write what the cells hold now to the journal; it is complete before the header says that it is needed.

        One piece at a time, in memory that is reused: new memory would cost more than counting.
        """
        noted, checksum = 0, 0
        for begin, keys in ((begin, text) for text in texts for begin in range(0, len(text), PIECE)):
            some = self._noted[: min(PIECE, len(keys) - begin)]
            kernels.note_cells(kernels.frozen(self._cells), keys[begin : begin + PIECE], self.bits, some)
            checksum = zlib.crc32(some, checksum)  # type: ignore[arg-type]
            self._write_journal(some, _HEAD_BYTES + 8 * noted)
            noted += len(some)
        self._write_journal(np.array([self.texts, noted, number, checksum], np.int64), 0)

    def _write_journal(self, data: NDArray[Any], at: int) -> None:
        if os.write(self._journal_at(at), data.data) < data.nbytes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _journal_at(self, place: int) -> int:
        """The journal, to be read or written from a place on; who was forked shares it, and has its own time for it."""
        if self._journal < 0:
            self._journal = descriptor(self._journal_path)
        os.lseek(self._journal, place, os.SEEK_SET)
        return self._journal

    def _numbers(self) -> list[int]:
        """Of all files of counts."""
        matches = (_NUMBERED.fullmatch(path.name) for path in self._path.parent.glob(f"{self._path.name}*"))
        return [int(match[1] or 0) for match in matches if match]

    def _named(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}-{number}") if number else self._path

    def _follow(self) -> bool:
        """Go on with the file by which another process has replaced this one; False if that file never came."""
        return not self._header[_Field.REPLACED] or self.open(writable=self._writable)

    def _write(self, cells: NDArray[np.uint32], texts: int) -> None:
        """Go on with a new file whose disk space is reserved: a full disk must not fail in a memory page."""
        new, before = self._path.with_suffix(".new"), self._numbers()
        header = np.zeros(HEADER_BYTES // 8, np.int64)
        header[[_Field.MAGIC, _Field.BITS, _Field.TEXTS]] = MAGIC, len(cells).bit_length() - 1, texts
        try:
            with new.open("wb") as file:
                file.write(header.tobytes())
                file.write(cells.tobytes())
        except OSError:
            new.unlink(missing_ok=True)
            raise
        self._header[_Field.REPLACED] = 1  # first: if this process is killed here, the others count again
        put(new, self._named(max(before, default=-1) + 1), lasting=False)
        self.open()
        for number in before:
            discard(self._named(number))

    def bytes(self) -> int:
        """Bytes of the files."""
        paths = (self._journal_path, *map(self._named, self._numbers()))
        return sum(path.stat().st_size for path in paths if path.exists())

    def close(self) -> None:
        """Close the files."""
        self._header, self._cells = np.zeros(8, np.int64), np.zeros(0, np.uint32)
        if self._journal >= 0:
            os.close(self._journal)
            self._journal = -1


def tallied(bits: int, texts: Iterable[Sequence[NDArray[np.uint64]]]) -> tuple[NDArray[np.uint32], int]:
    """A table of 2**bits cells that counts these texts, and the number of texts."""
    cells, counted = np.zeros(1 << bits, np.uint32), 0
    for some in texts:
        for keys in some:
            kernels.bump(cells, keys, bits, 1)
            counted += 1
    return cells, counted
