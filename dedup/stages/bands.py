"""Signatures cut into bands: articles that are equal in one share a bucket (locality-sensitive hashing).

In: signatures, the threshold and a wanted recall. Out: the shape of the bands, and their buckets, the keys of four
bands made together, 8 bytes an article and band while they are walked. For near copies: what is nearly the same agrees
in bands of several slots, in which strangers never meet.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.work import Room, ranges

AT_ONCE = 4
"""Bands whose keys are made together."""


class Bands(NamedTuple):
    """b bands of r slots; slots beyond `bands * rows` are used only for the estimate.

    Example:
        >>> shape = Bands(bands=25, rows=5)
        >>> round(shape.recall(0.7), 2), round(shape.recall(0.3), 2)
        (0.99, 0.06)
    """

    bands: int
    """How many."""
    rows: int
    """Slots of each."""

    def recall(self, similarity: float) -> float:
        """Chance that a pair of this similarity shares a bucket: `1 - (1 - s**r)**b`.

        Args:
            similarity: 0 to 1.
        """
        return float(1 - (1 - similarity**self.rows) ** self.bands)


@cache
def choose(threshold: float, slots: int, recall: float) -> Bands:
    """The most selective bands that find pairs exactly at the threshold with this chance.

    Args:
        threshold: Similarity in (0, 1].
        slots: Length of a signature.
        recall: Wanted chance, in (0, 1).

    Returns:
        Bands with the most rows whose recall at the threshold is enough; single slots if no bands reach it.

    Example:
        >>> choose(threshold=0.7, slots=128, recall=0.98)
        Bands(bands=25, rows=5)
    """
    shapes = (Bands(slots // rows, rows) for rows in range(slots, 0, -1))
    return next((shape for shape in shapes if shape.recall(threshold) >= recall), Bands(slots, 1))


def band_hashes(halves: NDArray[np.uint16], shape: Bands, names: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Hash the slots of every band.

    Args:
        halves: (n, slots): the lower halves of slots; those that differ have equal halves by a chance of 2**-16.
        shape: The bands.
        names: (bands,): a number for each, which is hashed with it.

    Returns:
        uint64 (bands, n).

    Example:
        >>> halves = np.array([[1, 2, 3, 4], [1, 2, 9, 9]], np.uint16)
        >>> keys = band_hashes(halves, Bands(bands=2, rows=2), band_names(0, rows=2, bands=2))
        >>> (keys[:, 0] == keys[:, 1]).tolist()
        [True, False]
    """
    keys = np.empty((shape.bands, len(halves)), np.uint64)
    kernels.band_keys(kernels.frozen(np.ascontiguousarray(halves)), 0, shape.rows, names, 0, 0, keys)
    return keys


def band_names(slot: int, rows: int, bands: int) -> NDArray[np.uint64]:
    """The names with which consecutive bands are hashed, the first of which begins at `slot`: their first slots.

    Args:
        slot: The first slot of the first band.
        rows: Slots of a band.
        bands: How many there are.

    Returns:
        uint64 (bands,).

    Example:
        >>> band_names(slot=0, rows=8, bands=3)
        array([ 0,  8, 16], dtype=uint64)
    """
    return np.arange(slot, slot + rows * bands, rows, dtype=np.uint64)


class Signed(Protocol):
    """Signatures of n articles, in memory or elsewhere."""

    articles: int

    def band_keys(self, first: int, rows: int, bits: int, keys: NDArray[np.uint64]) -> None:
        """Write the keys of the bands that begin at the slot `first` to `keys`, (bands, n).

        The lowest `bits` of a key are the article's number.
        """


class Matrix:
    """Signatures in memory.

    Args:
        signatures: (n, slots), of which the lower halves count.

    Example:
        >>> keys = np.empty((2, 2), np.uint64)
        >>> Matrix(np.array([[1, 2, 3, 4], [1, 2, 9, 9]], np.uint16)).band_keys(0, 2, 1, keys)
        >>> (keys & np.uint64(1)).tolist(), (keys[:, 0] >> np.uint64(1) == keys[:, 1] >> np.uint64(1)).tolist()
        ([[0, 1], [0, 1]], [True, False])
    """

    def __init__(self, signatures: NDArray[np.unsignedinteger[Any]]) -> None:
        self._halves = kernels.frozen(np.ascontiguousarray(signatures.astype(np.uint16, copy=False)))
        self.articles = len(signatures)

    def band_keys(self, first: int, rows: int, bits: int, keys: NDArray[np.uint64]) -> None:
        """See `Signed`."""
        names = band_names(first, rows, len(keys))
        kernels.band_keys(self._halves, first, rows, names, bits, 0, keys)


class BandBuckets:
    """The buckets of all bands; see `dedup.stages.candidates.Buckets`.

    Args:
        signed: Signatures of n articles.
        shape: The bands.

    Example:
        >>> from dedup.work import Room
        >>> signatures = np.array([[1, 2, 3, 4], [1, 2, 9, 9]], np.uint16)
        >>> buckets = BandBuckets(Matrix(signatures), Bands(bands=2, rows=2))
        >>> buckets.pieces, [len(some) for some in buckets.entries((0, 2), Room(np.uint64))]
        ([(0, 2)], [2, 2])
    """

    def __init__(self, signed: Signed, shape: Bands) -> None:
        self._signed, self._shape = signed, shape
        self.articles = signed.articles
        self.bits = max(1, (signed.articles - 1).bit_length())

    @property
    def pieces(self) -> list[tuple[int, int]]:
        """Some bands each."""
        return ranges(self._shape.bands, AT_ONCE)

    def entries(self, piece: tuple[int, int], room: Room) -> Iterator[NDArray[np.uint64]]:
        """The entries of each of these bands.

        Args:
            piece: One of `pieces`.
            room: Where to put them.
        """
        bands, rows = piece[1] - piece[0], self._shape.rows
        keys = room.take(bands * self.articles).reshape(bands, self.articles)
        self._signed.band_keys(piece[0] * rows, rows, self.bits, keys)
        yield from keys
