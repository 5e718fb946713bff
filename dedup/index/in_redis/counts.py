"""How many texts hold each shingle: a table of counts in one string; a shingle's highest bits are its place.

In: hashes of shingles. Out: their document frequencies, or a little more where two share a cell. The table grows with
the number of texts, as that of `dedup.index.on_disk.counters` does. Few cells are read and written one by one; for many
cells, the whole table is transferred: 4 MB for a million cells.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup.index.in_redis.layout import pieces
from dedup.index.on_disk.counters import bits_for
from dedup.settings import Settings

Shingle = Callable[[Settings, list[bytes]], list[NDArray[np.uint64]]]
"""Makes the shingles of stored texts, each once per text."""

_MANY = 64
"""If at least one cell in so many is needed, the whole table is read or written."""
_CELL = np.dtype(">u4")
_MOST = 2**32 - 1


class SharedCounts(NamedTuple):
    """The table as it is stored: 2**bits cells, of which Redis keeps as many as were needed."""

    client: Any
    key: str
    bits: int

    def table(self) -> NDArray[np.uint32]:
        """All cells."""
        table = np.zeros(1 << self.bits, np.uint32)
        held = np.frombuffer(self.client.get(self.key) or b"", _CELL)[: len(table)]
        table[: len(held)] = held
        return table

    def of(self, keys: NDArray[np.uint64]) -> NDArray[np.uint32]:
        """The count of each of these shingles."""
        cells, back = np.unique(_cells(keys, self.bits), return_inverse=True)
        if _MANY * len(cells) >= 1 << self.bits:
            return self.table()[cells][back]
        found: list[int] = []
        for piece in pieces(cells.tolist()):
            asked = chain.from_iterable((b"GET", b"u32", b"#%d" % cell) for cell in piece)
            found += self.client.execute_command("BITFIELD_RO", self.key, *asked)
        return np.array(found, np.uint32)[back]


class Counting:
    """What a transaction counts.

    Args:
        before: The table before the transaction.
        texts: How many texts are counted in it.
        steps: Shingles and 1 or -1, text by text.
    """

    def __init__(self, before: SharedCounts, texts: int, steps: Sequence[tuple[NDArray[np.uint64], int]]) -> None:
        self.texts = sum(step for _, step in steps)
        """By how much the number of texts grows or shrinks."""
        self._before, bits = before, max(before.bits, bits_for(texts + self.texts))
        every = np.concatenate([np.empty(0, np.int64), *(_cells(keys, bits) for keys, _ in steps)])
        self._cells, back = np.unique(every, return_inverse=True)
        each = np.repeat(np.array([step for _, step in steps], np.int64), [len(keys) for keys, _ in steps])
        self._change = np.bincount(back, each, len(self._cells)).astype(np.int64)
        self.table: NDArray[np.uint32] | None = None
        """All cells after the transaction, if the whole table is written."""
        if bits > before.bits or _MANY * len(self._cells) >= 1 << bits:
            self.table = np.repeat(before.table(), 1 << (bits - before.bits))
            self.table[self._cells] = _clipped(self.table[self._cells] + self._change)

    def of(self, keys: NDArray[np.uint64]) -> NDArray[np.uint32]:
        """The count of each of these shingles after the transaction."""
        if self.table is not None:
            return self.table[_cells(keys, len(self.table).bit_length() - 1)]
        counts = self._before.of(keys)
        if not len(self._cells):
            return counts
        cells = _cells(keys, self._before.bits)
        at = np.minimum(np.searchsorted(self._cells, cells), len(self._cells) - 1)
        return _clipped(counts.astype(np.int64) + np.where(self._cells[at] == cells, self._change[at], 0))

    def write(self, pipe: Any, head: str) -> None:
        """Change the cells, as part of a transaction; the head says how many there are."""
        if self.table is not None:
            pipe.hset(head, "bits", len(self.table).bit_length() - 1)
            pipe.set(self._before.key, self.table.astype(_CELL).tobytes())
            return
        changed = self._change != 0
        steps = zip(self._cells[changed].tolist(), self._change[changed].tolist(), strict=True)
        for piece in pieces(steps):
            added = chain.from_iterable((b"INCRBY", b"u32", b"#%d" % cell, step) for cell, step in piece)
            pipe.execute_command("BITFIELD", self._before.key, "OVERFLOW", "SAT", *added)


def _cells(keys: NDArray[np.uint64], bits: int) -> NDArray[np.int64]:
    return (keys >> np.uint64(64 - bits)).astype(np.int64)


def _clipped(counts: NDArray[np.int64]) -> NDArray[np.uint32]:
    """Counts, at most the largest that 32 bits hold."""
    return np.clip(counts, 0, _MOST).astype(np.uint32)
