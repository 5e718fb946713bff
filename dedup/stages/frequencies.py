"""Document frequencies: how many articles hold each shingle, counted exactly or in a sketch of fixed size.

In: the shingles of articles, in batches, each shingle once per article. Out: `Counts`, the exact number for every
shingle that several articles hold, in 16 to 32 bytes per distinct shingle while it counts; or a `Sketch`, four bytes
per cell however many shingles there are, whose numbers are never too low. The sketch of two corpora is the sum of their
sketches (a count-min sketch of one row; Cormode and Muthukrishnan, 2005). Batches are counted one part of the hash
space at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.work import Progress, ranges, spread

Batch = TypeVar("Batch")
PARTS = 64
"""Parts of the hash space: one thread counts a part at a time, so that its table stays in the cache longer."""
GROUP = 4
"""So many batches are shingled before they are counted: the more, the longer a part stays in the cache."""
LEAST_BITS, MOST_BITS = 16, 32
"""A sketch has from 2**16 to 2**32 cells."""


class Counter(Protocol):
    """What can count."""

    def add(self, batches: list[list[NDArray[np.uint64]]], threads: int) -> None:
        """Count the shingles of some batches, each split into the parts."""


class Counts:
    """How many articles hold each shingle, exactly.

    There is a table for each part of the hash space, all of one size, since they fill evenly. They are one array, since
    allocating memory in large pieces costs a tenth of what small pieces cost.

    Example:
        >>> counts = Counts()
        >>> texts = [np.array([8, 9], np.uint64), np.array([9], np.uint64)]
        >>> count(texts, lambda keys: keys, counts)
        >>> counts.shared()
        (array([9], dtype=uint64), array([2], dtype=int32))
    """

    def __init__(self) -> None:
        self._keys, self._counts = np.zeros((PARTS, 0), np.uint64), np.zeros((PARTS, 0), np.int32)
        self._used = np.zeros(PARTS, np.int64)

    def add(self, batches: list[list[NDArray[np.uint64]]], threads: int) -> None:
        """Count the shingles of some batches, each split into the parts.

        Args:
            batches: For each batch the shingles of each of the `PARTS` parts.
            threads: How many parts are counted side by side.

        Example:
            >>> counts = Counts()
            >>> counts.add([[np.array([8], np.uint64)] * PARTS] * 2, threads=1)  # two batches of one shingle a part
            >>> keys, several = counts.shared()
            >>> len(keys), set(several.tolist())
            (64, {2})
        """
        if not self._keys.size:  # about one shingle in four is new at first
            self._grow(kernels.size_for(sum(len(part) for parts in batches for part in parts) // (4 * PARTS)), threads)
        left = dict.fromkeys(range(PARTS), (0, 0))
        while left:
            work = [(part, *begin) for part, begin in left.items()]
            ends = spread(lambda todo: self._add(batches, *todo), work, threads)
            left = {part: end for part, end in zip(list(left), ends, strict=True) if end[0] < len(batches)}
            if left:
                self._grow(2 * self._keys.shape[1], threads)

    def _add(self, batches: list[list[NDArray[np.uint64]]], part: int, first: int, begin: int) -> tuple[int, int]:
        """Count the keys of one part until its table is full; returns the batch and the key that are next."""
        for number in range(first, len(batches)):
            keys = batches[number][part]
            begin, used = kernels.tally(keys, begin, self._keys[part], self._counts[part], self._used[part])
            self._used[part] = used
            if begin < len(keys):
                return number, begin
            begin = 0
        return len(batches), 0

    def _grow(self, size: int, threads: int) -> None:
        keys, counts = self._keys, self._counts
        self._keys, self._counts = np.zeros((PARTS, size), np.uint64), np.zeros((PARTS, size), np.int32)
        for _ in spread(
            lambda part: kernels.move(keys[part], counts[part], self._keys[part], self._counts[part]),
            range(PARTS), threads,
        ):  # fmt: skip
            pass

    def shared(self) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
        """The shingles that several articles hold, and how many do."""
        most = int(self._used.sum())
        keys, counts, found = np.empty(most, np.uint64), np.empty(most, np.int32), 0
        for part in zip(self._keys, self._counts, strict=True):
            found += kernels.several(*part, keys[found:], counts[found:])
        return keys[:found], counts[:found]


class Sketch:
    """How many articles hold each shingle, or a little more where two share a cell.

    Args:
        bits: There are 2**bits cells, bits from 16 to 32.

    Attributes:
        step: What each article counts: 1, or -1 for removed articles.
        cells: uint32 (parts, cells of a part); the sketch of two corpora is the sum of their cells.

    Example:
        >>> sketch = Sketch(bits=Sketch.bits_for(characters=100_000))
        >>> one = np.array([0x9E3779B97F4A7C15, 0x2545F4914F6CDD1D], np.uint64)
        >>> count([one, one[:1]], lambda keys: keys, sketch)
        >>> sketch.bits, int(sketch.cells.sum()), int(sketch.cells.max())
        (17, 3, 2)
    """

    def __init__(self, bits: int) -> None:
        assert LEAST_BITS <= bits <= MOST_BITS, bits
        self.cells = np.zeros((PARTS, (1 << bits) // PARTS), np.uint32)
        self.step = 1

    @property
    def bits(self) -> int:
        """There are 2**bits cells."""
        return int(self.cells.size).bit_length() - 1

    def add(self, batches: list[list[NDArray[np.uint64]]], threads: int) -> None:
        """Count the shingles of some batches, each split into the parts.

        Args:
            batches: For each batch the shingles of each of the `PARTS` parts.
            threads: How many parts are counted side by side.

        Example:
            >>> sketch = Sketch(16)
            >>> sketch.add([[np.array([8], np.uint64)] * PARTS] * 2, threads=1)
            >>> sketch.cells.sum(axis=1)[:3].tolist()
            [2, 2, 2]
        """
        bits = int(self.cells.shape[1]).bit_length() - 1

        def work(part: int) -> None:
            for parts in batches:
                kernels.bump(self.cells[part], parts[part], bits, self.step)

        for _ in spread(work, range(PARTS), threads):
            pass

    @staticmethod
    def bits_for(characters: int, most_bytes: int = 1 << 28) -> int:
        """How many bits a sketch of texts should have: one cell per character, if there is room.

        Args:
            characters: Of all texts; no corpus has more distinct shingles.
            most_bytes: What the cells may take.
        """
        most = (most_bytes // 4).bit_length() - 1
        return max(LEAST_BITS, min(most, MOST_BITS, max(0, characters - 1).bit_length()))


def count(
    batches: Sequence[Batch],
    load: Callable[[Batch], NDArray[np.uint64]],
    into: Counter,
    *,
    threads: int = 1,
    progress: Progress | None = None,
) -> None:
    """Count the shingles of all batches; the memory of one group is reused for the next.

    Args:
        batches: The batches in which the corpus is read.
        load: Gives the shingles of a batch, each once per article.
        into: What counts them.
        threads: How many batches, and then parts of the hash space, run side by side; the result does not depend on it.
        progress: Called with batches done and in all.

    Example:
        >>> counts, texts = Counts(), clusters.corpus.texts
        >>> count(texts.batches(np.arange(14)), lambda rows: texts.shingle(rows).keys, counts)
        >>> int(counts.shared()[1].max())
        8
    """
    room = [np.empty(0, np.uint64)] * GROUP

    def split(place: tuple[int, int]) -> list[NDArray[np.uint64]]:
        number, batch = place
        keys = load(batches[batch])
        if len(keys) > len(room[number]):
            room[number] = np.empty(len(keys) + len(keys) // 16, np.uint64)
        ends = np.empty(PARTS, np.int64)
        kernels.part_out(keys, room[number], ends)
        return np.split(room[number][: len(keys)], ends[:-1])

    for begin, end in ranges(len(batches), GROUP):
        into.add(list(spread(split, list(enumerate(range(begin, end))), threads)), threads)
        if progress:
            progress(end, len(batches))
