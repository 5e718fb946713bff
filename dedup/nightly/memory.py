"""How much memory a job may take, and how it is shared.

In: a size such as "8GB". Out: a `Budget`, the shares of it that stages may hold at once; and `Mapped`, a file whose
bytes are read as memory and whose pages are given back before they are too many. Besides, the process takes about
250 MB before it does anything, and some 300 bytes an article. Linux tells how much of a mapped file is held; elsewhere
the system takes its pages back.
"""

from __future__ import annotations

import mmap
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dedup.errors import SettingsError
from dedup.settings import size_of
from dedup.stages.frames import MOST_SAMPLED
from dedup.system import mapped_bytes

LEAST = 10**9
OWN = 250 * 10**6
"""Bytes that the process takes before it does anything: Python, Arrow, the compiler and the tables for Chinese."""
AN_ARTICLE = 250
"""Bytes of fingerprints and numbers that are held of every article, beside its id, which is held twice."""
AN_ENTRY = 48
"""Bytes of every window, and every shingle, that is sampled while frames are looked for; 44 measured of 14 million."""
AN_ENTRY_HELD = 21
"""Bytes of every entry of a bucket while the bucket is walked: itself, itself again among its like, and its place."""
A_SHINGLE = 40
"""Bytes of every shingle of a tile, at most; see `dedup.stages.pairs`."""
AN_EDGE = 120
"""Bytes of every edge while clusters are linked."""

A_LINK = 180
"""Bytes of every pair of clusters that have something in common, while campaigns are linked; 175 measured of 6
million."""
A_HOLDER = 160
"""Bytes of every text that holds a name that several may hold, while they are sorted and campaigns are linked."""


def parsed(size: str | int) -> int:
    """A size in bytes.

    Args:
        size: A number of bytes, or a number with a unit: ``"8GB"``, ``"500MB"`` (powers of ten), ``"8GiB"``.

    Raises:
        SettingsError: It is not a size, or is under a gigabyte.
    """
    found = size_of(size, "memory", "8GB or 500MiB")
    if found < LEAST:
        raise SettingsError(f"memory must be 1GB or more, got {size!r}: Python and the compiler alone take a quarter")
    return found


@dataclass(frozen=True)
class Budget:
    """Shares of a job's memory.

    Args:
        total: Bytes in all.
    """

    total: int

    @property
    def text(self) -> int:
        """The longest text: to shingle it takes some 70 times as much."""
        return self.total // 256

    @property
    def mapped(self) -> int:
        """For pages of mapped files."""
        return self.total // 8

    @property
    def signatures(self) -> int:
        """For sketches of signatures, and what is needed of as many texts to walk their buckets."""
        return (self.total - OWN) * 7 // 16

    @property
    def entries(self) -> int:
        """Entries of buckets that all threads hold at once."""
        return (self.total - OWN) // 16 // AN_ENTRY_HELD

    @property
    def verified(self) -> int:
        """Shingles that all threads hold at once while pairs are verified."""
        return (self.total - OWN) // 6 // A_SHINGLE

    @property
    def pairs(self) -> int:
        """For candidates while they are sorted and made distinct."""
        return self.total // 16

    @property
    def sampled(self) -> int:
        """Windows, and shingles, that are sampled while frames are looked for."""
        return min(MOST_SAMPLED, (self.total - OWN) // 3 // (2 * AN_ENTRY))

    @property
    def holders(self) -> int:
        """Names of texts that may be those of several, while they are sorted."""
        return self.total // 2 // A_HOLDER

    @property
    def met(self) -> int:
        """Pairs of clusters with something in common, while campaigns are linked."""
        return self.total // 2 // A_LINK

    def check(self, articles: int, ids: int = 0) -> None:
        """Refuse more articles than the memory can hold.

        Args:
            articles: How many the job holds.
            ids: Bytes of their ids.

        Raises:
            SettingsError: What is held of every article would take more than a third of the memory.
        """
        taken = articles * AN_ARTICLE + 2 * ids
        if taken > self.total // 3:
            needed = -(-3 * taken // 10**9)
            raise SettingsError(
                f"memory of {self.total / 1e9:.3g}GB is too little for {articles:,} articles, which take "
                f"{taken // articles} bytes each; give at least --memory {needed}GB"
            )

    def check_edges(self, edges: int) -> None:
        """Refuse more edges than can be linked in memory.

        Args:
            edges: How many there are so far.

        Raises:
            SettingsError: They would take more than half of the memory.
        """
        if edges * AN_EDGE > self.total // 2:
            raise SettingsError(
                f"memory of {self.total / 1e9:.3g}GB is too little to link {edges:,} edges or more, which take "
                f"{AN_EDGE} bytes each; give twice the --memory, or a higher threshold"
            )

    def cells(self, keys: int) -> int:
        """Bytes of a table in which about so many keys are counted, a power of two."""
        return 1 << min(max(16, keys.bit_length()), (self.total // 32).bit_length() - 1)


class Mapped:
    """The bytes of a file, as an array.

    Args:
        path: The file, which may be empty; it does not change while this is used.
        limit: Bytes of mapped files that the process may hold before pages are given back.
    """

    def __init__(self, path: Path, limit: int) -> None:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if size else None
        self.bytes = np.frombuffer(self._map, np.uint8) if self._map is not None else np.empty(0, np.uint8)
        self._limit = limit

    def give_back(self) -> None:
        """Give pages back to the system if too many are held; they are read from disk again when needed."""
        if self._map is not None and mapped_bytes() > self._limit:
            self._map.madvise(mmap.MADV_DONTNEED)
