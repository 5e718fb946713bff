"""The texts that came after the last segment, in memory: the postings of their keys in hash chains, and their sketches.

In: numbers and what texts are found by, as they are added. Out: the rows that share a key with a text, the oldest
first. Takes 20 bytes a key and one a slot for each text that it has room for. Rows are only appended, so other threads
may read meanwhile.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.index.listed import Listed
from dedup.index.on_disk.segments import SegmentRows


class Recent:
    """Room for some texts.

    Args:
        texts: How many.
        postings: How many keys all of them may have.
        width: Bytes of a sketch, whole blocks.
    """

    def __init__(self, texts: int, postings: int, width: int) -> None:
        buckets = 1 << max(0, postings - 1).bit_length()
        self.numbers = np.zeros(texts, np.int64)
        self.dead = np.zeros(texts, np.bool_)
        self.sketches = np.zeros((texts, width), np.uint8)
        self.starts = np.zeros(texts + 1, np.int64)
        self.keys = np.empty(postings, np.uint32)
        self.rows = np.empty(postings, np.uint32)
        self.heads = np.full(buckets, -1, np.int32)
        self.tails = np.empty(buckets, np.int32)
        self.nexts = np.empty(postings, np.int32)
        self._used = 0

    def __len__(self) -> int:
        """How many texts it holds."""
        return self._used

    @property
    def table(
        self,
    ) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.uint32], NDArray[np.uint32], NDArray[np.bool_]]:
        """The table for `dedup.kernels.search_chained`."""
        return self.heads, self.nexts, self.keys, self.rows, self.dead

    def fitting(self, starts: NDArray[np.int64]) -> int:
        """How many of the next texts, whose keys begin at `starts`, there is room for."""
        keys = len(self.keys) - self.starts[self._used]
        most = int(np.searchsorted(starts, starts[0] + keys, side="right")) - 1
        return min(most, len(self.numbers) - self._used)

    def append(self, numbers: NDArray[np.int64], texts: Listed) -> None:
        """Add texts, ascending by number; there must be room for them."""
        begin, end, at = self._used, self._used + len(numbers), int(self.starts[self._used])
        self.numbers[begin:end], self.sketches[begin:end] = numbers, texts.sketches
        self.starts[begin + 1 : end + 1] = at + texts.starts[1:]
        stop = int(self.starts[end])
        self.keys[at:stop] = texts.keys
        self.rows[at:stop] = np.repeat(np.arange(begin, end), np.diff(texts.starts))
        kernels.chain(at, stop, self.keys, self.heads, self.tails, self.nexts)
        self._used = end

    def drop(self, texts: NDArray[np.int64]) -> None:
        """Skip these texts from now on."""
        self.dead[: self._used] |= np.isin(self.numbers[: self._used], texts)

    def since(self, number: int) -> SegmentRows:
        """The texts above a number that were not dropped."""
        used = self._used
        mine = (self.numbers[:used] > number) & ~self.dead[:used]
        counts, stop = np.diff(self.starts[: used + 1]), int(self.starts[used])
        keys = self.keys[:stop][np.repeat(mine, counts)]
        starts = np.cumsum(np.append(0, counts[mine]))
        return SegmentRows(self.numbers[:used][mine], keys, starts, self.sketches[:used][mine])
