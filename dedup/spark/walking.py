"""Texts that meet in buckets, and which of them are alike: the walk of `dedup.stages.bands` over keys that are given.

In: sorted keys, each a bucket and a row, and the sketch of every row. Out: pairs of rows, and how far each row was
compared. What is compared, and when a bucket is full, is the same as in one process. About 10 ns a comparison.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.settings import Settings
from dedup.stages import bands

EVERYONE = False
"""Whether texts are compared with those of another kind alone: not here."""


class BucketWalk:
    """The way through sorted buckets.

    Args:
        settings: How articles are compared.

    Attributes:
        bound: A row is compared with at most so many of those first in its bucket.
    """

    def __init__(self, settings: Settings) -> None:
        self.bound = bands.LOOKED_AT * settings.bucket_cap
        self._bucket_cap, self._limits = settings.bucket_cap, bands.limits(settings.threshold, settings.slots)
        self._known = np.zeros(1 << kernels.KNOWN_BITS, np.uint64)

    def pairs(
        self, keys: NDArray[np.uint64], bits: int, sketches: NDArray[np.uint8], seen: NDArray[np.int32], begin: int = 0
    ) -> NDArray[np.uint64]:
        """Pairs of rows that are alike, later << 32 | earlier, some of them more than once.

        Args:
            keys: (m,) ascending: a bucket, and in the lowest `bits` a row.
            bits: See above.
            sketches: Of every row.
            seen: (m,) is filled: with how many before it in its bucket each was compared.
            begin: Compare from here on only; what is before is there to be compared with.
        """
        near = np.empty((min(len(keys), self.bound), self._limits.first), np.uint8)
        found = np.empty(max(bands.PIECE, min(self._bucket_cap, len(keys))), np.uint64)
        pieces, at = [np.empty(0, np.uint64)], begin
        while at < len(keys):
            at, used = kernels.meet(
                keys, bits, at, 0, EVERYONE, sketches, self._limits.early, self._limits.least, self._bucket_cap,
                near, self._known, seen, found,
            )  # fmt: skip
            pieces.append(found[:used].copy())
        return np.concatenate(pieces)

    def forget(self) -> None:
        """Rows are about to be others."""
        self._known[:] = 0
