"""Signatures cut into bands, and the buckets of articles that are equal in one (locality-sensitive hashing).

In: a signature matrix, or a threshold and a wanted recall. Out: the shape of the bands, and `Buckets`: for every band
the articles in order of their band key. 8 bytes an article and band; one sort a band, side by side. Emits no pairs:
`dedup.pairs` walks the buckets, so that candidates are streamed and never held.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.threads import Progress, spread


class Bands(NamedTuple):
    """b bands of r slots; slots beyond `bands * rows` serve the estimate alone."""

    bands: int
    rows: int

    def recall(self, similarity: float) -> float:
        """Chance that a pair of this similarity shares a bucket: `1 - (1 - s**r)**b`."""
        return float(1 - (1 - similarity**self.rows) ** self.bands)


class Buckets(NamedTuple):
    """The articles of every band, bucket after bucket."""

    order: NDArray[np.int32]
    """(bands, n): articles by band key, ascending within a bucket."""
    starts: NDArray[np.int32]
    """(bands, n): where in `order` the bucket of an article begins."""
    crowded: NDArray[np.bool_]
    """(n,): articles most of whose bucket mates they are not compared with, since they come after a crowd."""


def choose(threshold: float, slots: int, recall: float) -> Bands:
    """The most selective bands that find pairs exactly at the threshold with this chance.

    Args:
        threshold: Similarity in (0, 1].
        slots: Length of a signature.
        recall: Wanted chance, in (0, 1).

    Returns:
        Bands with the most rows whose recall at the threshold is enough; single slots if none is.
    """
    shapes = (Bands(slots // rows, rows) for rows in range(slots, 0, -1))
    return next((shape for shape in shapes if shape.recall(threshold) >= recall), Bands(slots, 1))


def bucket(
    signatures: NDArray[np.uint32],
    bands: Bands,
    *,
    crowd: int = 128,
    threads: int = 1,
    progress: Progress | None = None,
) -> Buckets:
    """Group the articles of every band by their slots in it.

    Args:
        signatures: uint32 (n, K), K at least `bands.bands * bands.rows`.
        bands: The shape.
        crowd: Articles of one bucket that all others in it are compared with.
        threads: How many bands run side by side; the result does not depend on it.
        progress: Called with bands done and in all.
    """
    articles = len(signatures)
    order = np.empty((bands.bands, articles), np.int32)
    starts = np.empty((bands.bands, articles), np.int32)

    def work(band: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        keys = np.empty(articles, np.uint64)
        kernels.band_keys(signatures, band * bands.rows, bands.rows, keys)
        order[band] = np.argsort(keys, kind="stable")
        met, compared = np.zeros(articles, np.int64), np.zeros(articles, np.int64)
        kernels.bucket_starts(keys, order[band], crowd, starts[band], met, compared)
        return met, compared

    met, compared = np.zeros(articles, np.int64), np.zeros(articles, np.int64)
    for band_met, band_compared in spread(work, range(bands.bands), threads, progress):
        met += band_met
        compared += band_compared
    return Buckets(order, starts, compared * 2 < met)
