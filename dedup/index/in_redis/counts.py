"""How many texts hold each shingle: a table of counts in one string; a shingle's highest bits are its place.

In: hashes of shingles. Out: their document frequencies, or a little more where two share a cell. The table grows with
the number of texts, as that of `dedup.index.on_disk.counters` does. A transaction that counts a few texts only appends
their cells to a journal, in one command, because a command for each cell costs milliseconds a text; when the journal is
a quarter as long as the table, the whole table is written instead, and the journal begins anew. Every process keeps the
table in memory once it has asked for a count, 4 MB for up to 16,384 texts, and afterwards reads what others have
appended.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.index.in_redis.layout import HEAD, Head, Keys
from dedup.index.in_redis.server import at_one_moment
from dedup.index.in_redis.values import array, damaged
from dedup.index.on_disk.counters import bits_for
from dedup.settings import Settings

Shingle = Callable[[Settings, list[bytes]], list[NDArray[np.uint64]]]
"""Makes the shingles of stored texts, each once per text."""

_SHARE = 4
"""A journal has at most one entry for so many cells."""
_CELL = np.dtype(">u4")
_MOST = 2**32 - 1
_DOWN = np.uint32(1 << 31)
"""Marks a cell of the journal that is counted down."""


class Stand(NamedTuple):
    """How far counting has come."""

    bits: int
    """The table has 2**bits cells."""
    written: int
    """How often the whole table was written."""
    noted: int
    """Entries of the journal."""


class SharedCounts:
    """The table, as it was at the last look; for one thread at a time.

    Args:
        client: Of redis-py.
        keys: Names of keys.
    """

    def __init__(self, client: Any, keys: Keys) -> None:
        self._client, self._keys = client, keys
        self._lock = threading.Lock()
        self._at, self._table = Stand(0, -1, 0), np.empty(0, np.uint32)

    def table(self, stand: Stand) -> NDArray[np.uint32]:
        """All cells, at this stand or a later one; not to be changed, and valid until the next call."""
        with self._lock:
            if self._at != stand:
                self._catch_up(stand)
            return self._table

    def _catch_up(self, stand: Stand) -> None:
        """Read what others have appended; if the table was written, read all of it."""
        table, journal, at = self._read(self._at.noted if self._at[:2] == stand[:2] else None)
        if table is None and at[:2] != self._at[:2]:
            table, journal, at = self._read(None)
        if table is not None:
            self._table = np.zeros(1 << at.bits, np.uint32)
            self._table[: len(table)] = table
        self._at = at
        _apply(self._table, journal)

    def _read(self, noted: int | None) -> tuple[NDArray[np.uint32] | None, NDArray[np.uint32], Stand]:
        """The table if nothing is known of it, what is new in the journal, and the stand, all at one moment."""

        def ask(pipe: Any) -> None:
            pipe.hmget(self._keys.of("head"), HEAD)
            pipe.getrange(self._keys.of("counted"), 4 * (noted or 0), -1)
            if noted is None:
                pipe.get(self._keys.of("counts"))

        at, journal, *table = at_one_moment(self._client, ask)
        head = Head.of(self._keys.of("head"), at)
        stand = Stand(head.bits, head.written, head.noted)
        cells = self._cells_of(table[0] or b"", stand.bits) if table else None
        return cells, self._entries(journal, stand, noted or 0), stand

    def _cells_of(self, table: bytes, bits: int) -> NDArray[np.uint32]:
        found = array(self._keys.of("counts"), table, _CELL)
        if len(found) > 1 << bits:
            raise damaged(self._keys.of("counts"), f"holds {len(found):,} counts, and has room for {1 << bits:,}")
        return found.astype(np.uint32)

    def _entries(self, journal: bytes, stand: Stand, noted: int) -> NDArray[np.uint32]:
        """The entries of the journal from one on."""
        key, count = self._keys.of("counted"), stand.noted - noted
        found = array(key, journal, "<u4", max(0, count))
        if (found & ~_DOWN >= 1 << stand.bits).any():
            raise damaged(key, "counts shingles for which there is no place")
        return found

    def keep(self, counting: Counting) -> None:
        """What a transaction counted is committed."""
        with self._lock:
            if counting.table is not None:
                self._at, self._table = counting.after, counting.table
            elif self._at == counting.before:
                _apply(self._table, counting.journal)
                self._at = counting.after

    def forget(self) -> None:
        """Read it again at the next look: a server that comes back may have lost its last commits."""
        with self._lock:
            self._at = Stand(0, -1, 0)


class Counting:
    """What a transaction counts.

    Args:
        counts: The table.
        before: Its stand.
        texts: How many texts were counted before.
        steps: Shingles and 1 or -1, text by text.

    Attributes:
        texts: By how much the number of texts grows or shrinks.
        journal: The entries that are appended, if the whole table is not written.
        table: All cells after the transaction, if the whole table is written.
        after: The stand after the transaction.
    """

    def __init__(
        self, counts: SharedCounts, before: Stand, texts: int, steps: Sequence[tuple[NDArray[np.uint64], int]]
    ) -> None:
        self.texts = sum(step for _, step in steps)
        self.before, self._counts = before, counts
        bits, more = max(before.bits, bits_for(texts + self.texts)), sum(len(keys) for keys, _ in steps)
        self.journal = np.empty(0, np.uint32)
        self.table: NDArray[np.uint32] | None = None
        if bits > before.bits or before.noted + more > 1 << bits >> _SHARE.bit_length() - 1:
            table = np.repeat(counts.table(before), 1 << (bits - before.bits))
            for keys, step in steps:
                kernels.bump(table, keys, bits, step)
            self.write_whole(table)
        else:
            cells = [_cells(keys, bits) | (_DOWN if step < 0 else np.uint32(0)) for keys, step in steps]
            self.journal = np.concatenate([np.empty(0, np.uint32), *cells])
            self.after = before._replace(noted=before.noted + more)

    def write_whole(self, table: NDArray[np.uint32]) -> None:
        """Let this be the table after the transaction."""
        self.table = table
        self.after = Stand(len(table).bit_length() - 1, self.before.written + 1, 0)

    def of(self, keys: NDArray[np.uint64]) -> NDArray[np.uint32]:
        """The count of each of these shingles after the transaction."""
        if self.table is not None:
            return counts_in(self.table, keys)
        counts = counts_in(self._counts.table(self.before), keys).astype(np.int64)
        up, down = (_times(cells, _cells(keys, self.before.bits)) for cells in self._steps)
        return np.clip(counts + up - down, 0, _MOST).astype(np.uint32)

    @cached_property
    def _steps(self) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
        """The cells that are counted up, and down, ascending."""
        down = self.journal >= _DOWN
        return np.sort(self.journal[~down]), np.sort(self.journal[down] ^ _DOWN)

    def write(self, pipe: Any, keys: Keys) -> None:
        """Append to the journal, or write the table, as part of a transaction that also writes `after` to the head."""
        if self.table is not None:
            pipe.set(keys.of("counts"), self.table.astype(_CELL).tobytes())
            pipe.delete(keys.of("counted"))
        elif len(self.journal):
            pipe.append(keys.of("counted"), self.journal.astype("<u4").tobytes())


def counts_in(table: NDArray[np.uint32], keys: NDArray[np.uint64]) -> NDArray[np.uint32]:
    """The count of each of these shingles in a table."""
    found = np.empty(len(keys), np.uint32)
    kernels.read_cells(kernels.frozen(table), keys, len(table).bit_length() - 1, found)
    return found


def _cells(keys: NDArray[np.uint64], bits: int) -> NDArray[np.uint32]:
    return (keys >> np.uint64(64 - bits)).astype(np.uint32)


def _times(among: NDArray[np.uint32], cells: NDArray[np.uint32]) -> NDArray[np.int64]:
    """How often each cell occurs among others, which are ascending."""
    return np.searchsorted(among, cells, "right") - np.searchsorted(among, cells, "left")


def _apply(table: NDArray[np.uint32], journal: NDArray[np.uint32]) -> None:
    """Count what a journal says."""
    bits, down = len(table).bit_length() - 1, journal >= _DOWN
    keys = (journal & ~_DOWN).astype(np.uint64) << np.uint64(64 - bits)
    for begin, end in pairwise([0, *(1 + np.flatnonzero(np.diff(down))).tolist(), len(keys)]):
        kernels.bump(table, keys[begin:end], bits, -1 if down[begin:end].any() else 1)
