"""The texts that came after the last segment, in memory: their band keys in hash chains, and their sketches.

In: numbers and signatures, as texts are added. Out: the rows that meet a signature, the oldest first. Takes 17 bytes
per band and one per slot for each text that it has room for. Rows are only appended, so other threads may read
meanwhile.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.index.on_disk.segments import SegmentRows


class Recent:
    """Room for some texts.

    Args:
        texts: How many, a power of two.
        bands: Bands of a signature.
        width: Bytes of a sketch, whole blocks.
    """

    def __init__(self, texts: int, bands: int, width: int) -> None:
        self.numbers = np.zeros(texts, np.int64)
        self.dead = np.zeros(texts, np.bool_)
        self.sketches = np.zeros((texts, width), np.uint8)
        self.keys = np.empty((texts, bands), np.uint32)
        self.heads = np.full((bands, texts), -1, np.int32)
        self.tails = np.empty((bands, texts), np.int32)
        self.nexts = np.empty((texts, bands), np.int32)
        self._used = 0

    def __len__(self) -> int:
        """How many texts it holds."""
        return self._used

    @property
    def table(self) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.uint32], NDArray[np.bool_]]:
        """The table for `dedup.kernels.search_chained`."""
        return self.heads, self.nexts, self.keys, self.dead

    @property
    def room(self) -> int:
        """How many more texts it can hold."""
        return len(self.numbers) - self._used

    def append(self, numbers: NDArray[np.int64], keys: NDArray[np.uint32], sketches: NDArray[np.uint8]) -> None:
        """Add texts, ascending by number; `room` must be enough."""
        begin, end = self._used, self._used + len(numbers)
        self.numbers[begin:end], self.keys[begin:end] = numbers, keys
        self.sketches[begin:end, : sketches.shape[1]] = sketches
        kernels.chain(begin, end, self.keys, self.heads, self.tails, self.nexts)
        self._used = end

    def drop(self, texts: NDArray[np.int64]) -> None:
        """Skip these texts from now on."""
        self.dead[: self._used] |= np.isin(self.numbers[: self._used], texts)

    def since(self, number: int) -> SegmentRows:
        """The texts above a number that were not dropped."""
        used = self._used
        mine = np.flatnonzero((self.numbers[:used] > number) & ~self.dead[:used])
        return SegmentRows(self.numbers[mine], self.keys[mine], self.sketches[mine])
