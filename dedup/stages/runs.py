"""Runs: shingles two and a half times as wide, by which rewrites meet.

In: texts that can be shingled. Out: `Runs`, 32-bit hashes of some runs of every text, and their buckets. What rewrites
of one text share stands in runs, while what strangers share is scattered: two texts that have only 4 % of their
shingles in common still have a run of five Chinese characters, and strangers seldom do. So a run is a far better key
than two slots of a signature, although similarity is that of the short shingles.

Of every eight runs that follow each other, the one with the least hash is a key, so that the same ones are keys in
every text (winnowing; Schleimer, Wilkerson and Aiken, 2003): about two in nine. Short texts keep all, and narrower
runs besides. Costs about 6 ns a character to make, and 4 bytes a key to hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.kernels import Integers, Winnowing
from dedup.stages.shingles import Texts
from dedup.work import Progress, Room, spread

WINDOW = 8
SHORT = 200
"""Characters up to which a text keeps all its runs: it has too few to leave any out."""
LOOKED_AT = 32
"""An article is compared with so many others of a bucket before it is given up as a common phrase,"""
FOR_EACH = 4
"""and with so many more for each that was similar."""
PART = 1 << 24
"""Entries of buckets that are held at once, by each thread: 8 bytes each."""
BITS = 32
"""Of a key, and of an article's number below it."""
HIGHEST = 12
"""Bits of a key by which entries are parted."""


def winnowing(width: int) -> Winnowing:
    """Which runs are keys, by the width of shingles."""
    return Winnowing(5 * width // 2, WINDOW, SHORT, 2 * width)


class Batch(NamedTuple):
    """Runs of some texts."""

    numbers: Integers
    """(m,): what they are called."""
    keys: NDArray[np.uint32]
    starts: Integers
    """(m + 1,): those of text i are `keys[starts[i]:starts[i + 1]]`, each once."""


def runs(
    texts: Texts, rows: Integers, width: int, *, threads: int = 1, progress: Progress | None = None
) -> list[Batch]:
    """The runs of some texts, in batches; a text is called by its place in `rows`.

    Args:
        texts: All texts.
        rows: (m,) which texts.
        width: Of shingles, in units.
        threads: How many to use.
        progress: Called with batches done and in all.
    """
    number, room, which = np.full(len(texts), -1), Room(np.uint32), winnowing(width)
    number[rows] = np.arange(len(rows))

    def work(some: Integers) -> Batch:
        keys, starts = texts.runs(some, which, room)
        return Batch(number[some], keys.copy(), starts)

    return list(spread(work, texts.batches(rows), threads, progress))


class RunBuckets:
    """The buckets of runs; see `dedup.stages.candidates.Buckets`.

    Args:
        batches: The runs of n texts, called 0 to n - 1.
        articles: n.
        at_once: Entries of a piece, about.

    Attributes:
        bits: See there.
        pieces: The first and the last key of each, by their highest bits: about as many entries as are held at once.
    """

    bits = BITS

    def __init__(self, batches: list[Batch], articles: int, at_once: int = PART) -> None:
        self.articles = articles
        self._batches = [batch._replace(keys=kernels.frozen(batch.keys)) for batch in batches]
        counts = np.zeros(1 << HIGHEST, np.int64)
        for batch in self._batches:
            kernels.count_highest(batch.keys, BITS - HIGHEST, counts)
        self._before = np.append(0, np.cumsum(counts))
        cuts = [0, *(np.flatnonzero(np.diff(self._before[1:] // at_once)) + 1).tolist(), len(counts)]
        self.pieces = list(pairwise(cuts))

    def entries(self, piece: tuple[int, int], room: Room) -> Iterator[NDArray[np.uint64]]:
        """The entries of the buckets of some keys."""
        begin, end = piece
        low, high = begin << BITS - HIGHEST, (end << BITS - HIGHEST) - 1
        entries, used = room.take(int(self._before[end] - self._before[begin]) + 1), 0
        for batch in self._batches:
            used += kernels.run_entries(batch.keys, batch.starts, batch.numbers, low, high, entries[used:])
        yield entries[:used]
