"""Runs: shingles two and a half times as wide, by which rewrites meet.

In: 32-bit hashes of some runs of every text, as `dedup.stages.signer` makes them. Out: their buckets. What rewrites of
one text share stands in runs, while what strangers share is scattered: two texts that have only 4 % of their shingles
in common still have a run of five Chinese characters, and strangers seldom do. So a run is a far better key than two
slots of a signature, although similarity is that of the short shingles.

Of every twelve runs that follow each other, the one with the least hash is a key, so that the same ones are keys in
every text (winnowing; Schleimer, Wilkerson and Aiken, 2003): about two in thirteen. Short texts keep all, and narrower
runs besides. They are made with the shingles, in one pass, and take 4 bytes a key.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.kernels import Integers, Winnowing
from dedup.work import Room

WINDOW = 12
SHORT = 200
"""Characters up to which a text keeps all its runs: it has too few to leave any out."""
LOOKED_AT = 16
"""An article is compared with so many others of a bucket before it is given up as a common phrase,"""
FOR_EACH = 4
"""and with so many more for each that was similar."""
PART = 1 << 23
"""Entries of buckets that are held at once, by each thread: 16 bytes each."""
BITS = 32
"""Of a key, and of an article's number below it."""
RUNS = 0x72756E73
"""Sets what a seed makes of runs apart from what it makes of signatures."""
HIGHEST = 12
"""Bits of a key by which entries are parted."""


def winnowing(width: int, *, shift: int = 0, window: int = WINDOW, seed: int = 0) -> Winnowing:
    """Which runs are keys.

    Args:
        width: Of shingles.
        shift: Which bits of a hash are the key: those from this one on.
        window: Of so many neighbours one is a key.
        seed: Of their order, 0 to 2**64 - 1; 0 is everybody's.

    Example:
        >>> found = winnowing(width=6)  # runs of 15 units, five Chinese characters
        >>> found.window, found.short
        (12, 200)
    """
    secret = np.uint64(kernels.mix(np.uint64(seed ^ RUNS))) if seed else np.uint64(0)
    return Winnowing(5 * width // 2, window, SHORT, 2 * width, shift, secret)


class Runs(NamedTuple):
    """Keys of the runs of some texts.

    Example:
        >>> runs = Runs(np.array([0, 1]), np.array([7, 9, 9], np.uint32), np.array([0, 2, 3]))
        >>> [runs.keys[begin:end].tolist() for begin, end in zip(runs.starts, runs.starts[1:])]
        [[7, 9], [9]]
    """

    numbers: Integers
    """(m,): what they are called."""
    keys: NDArray[np.uint32]
    starts: Integers
    """(m + 1,): those of text i are ``keys[starts[i]:starts[i + 1]]``, each once."""


class RunBuckets:
    """The buckets of runs; see `dedup.stages.candidates.Buckets`.

    Args:
        runs: Of n texts, called 0 to n - 1.
        articles: n.
        at_once: Entries of a piece, about; None is `PART`.

    Attributes:
        bits: See there.
        pieces: The first and the last key of each, by their highest bits: about as many entries as are held at once.

    Example:
        >>> from dedup.work import Room
        >>> runs = Runs(np.array([0, 1]), np.array([7, 9, 9], np.uint32), np.array([0, 2, 3]))
        >>> buckets = RunBuckets([runs], articles=2)
        >>> entries = [some for piece in buckets.pieces for some in buckets.entries(piece, Room(np.uint64))]
        >>> sorted((one >> buckets.bits, one & 1) for some in entries for one in some.tolist())
        [(7, 0), (9, 0), (9, 1)]
    """

    bits = BITS

    def __init__(self, runs: list[Runs], articles: int, at_once: int | None = None) -> None:
        self.articles = articles
        self._runs = [some._replace(keys=kernels.frozen(some.keys)) for some in runs]
        counts = np.zeros(1 << HIGHEST, np.int64)
        for some in self._runs:
            kernels.count_highest(some.keys, BITS - HIGHEST, counts)
        self._before = np.append(0, np.cumsum(counts))
        cuts = [0, *(np.flatnonzero(np.diff(self._before[1:] // (at_once or PART))) + 1).tolist(), len(counts)]
        self.pieces = list(pairwise(cuts))

    def entries(self, piece: tuple[int, int], room: Room) -> Iterator[NDArray[np.uint64]]:
        """The entries of the buckets of some keys.

        Args:
            piece: One of `pieces`.
            room: Where to put them.
        """
        begin, end = piece
        low, high = begin << BITS - HIGHEST, (end << BITS - HIGHEST) - 1
        entries, used = room.take(int(self._before[end] - self._before[begin]) + 1), 0
        for some in self._runs:
            used += kernels.run_entries(some.keys, some.starts, some.numbers, low, high, entries[used:])
        yield entries[:used]
