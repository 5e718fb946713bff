"""Signatures in files, by columns of a few bands each: what near copies meet by.

In: distinct texts. Out: the lower halves of their slots (two slots that differ have equal halves by a chance of
2**-16), a column for as many slots as four bands have. The buckets of four bands are made from one column.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup import kernels
from dedup.evidence.corpus import Corpus
from dedup.kernels import Integers
from dedup.nightly.signed import Stored, matrix, packed
from dedup.settings import Settings
from dedup.stages.bands import AT_ONCE, BandBuckets, Bands, band_names
from dedup.stages.candidates import sketch_width
from dedup.stages.signer import Signer
from dedup.work import Progress

A_TEXT = AT_ONCE * 8 + 28
"""Bytes of a text that each thread needs to walk some bands."""


def columns(shape: Bands, slots: int) -> list[tuple[int, int]]:
    """The slots of each column: four bands each, and one column of those that are in no band."""
    step, end = shape.rows * AT_ONCE, shape.bands * shape.rows
    cuts = [*range(0, end, step), end, slots]
    return [(first, last) for first, last in pairwise(cuts) if first < last]


def _name(first: int) -> str:
    return f"slots_{first:05}"


class StoredBands:
    """The layout of signatures; see `dedup.nightly.signed.Layout`.

    Args:
        settings: How texts are signed.
        shape: The bands.
    """

    def __init__(self, settings: Settings, shape: Bands) -> None:
        self._settings, self._shape = settings, shape
        self._cuts = columns(shape, settings.slots)
        self.schema = pa.schema([(_name(first), pa.binary(2 * (last - first))) for first, last in self._cuts])

    def table(self, corpus: Corpus, rows: Integers, *, threads: int = 1, progress: Progress | None = None) -> pa.Table:
        """The halves of all slots."""
        signer = Signer(self._settings, corpus.weights)
        signed = signer.sign(corpus.texts, rows, threads=threads, progress=progress)
        return pa.table([packed(signed[:, first:last]) for first, last in self._cuts], self.schema)

    def sketches(self, stored: Stored) -> NDArray[np.uint8]:
        """The lowest byte of every slot."""
        found = np.zeros((stored.articles, sketch_width(self._settings.slots)), np.uint8)
        for at, halves in stored.columns(self.schema.names):
            for (first, last), column in zip(self._cuts, halves, strict=True):
                found[at : at + len(column), first:last] = matrix(column, np.uint16)
        return found

    def buckets(self, stored: Stored, at_once: int) -> BandBuckets:  # noqa: ARG002 - a thread holds four bands
        """Those of all bands."""
        return BandBuckets(StoredHalves(stored), self._shape)

    def bytes_held(self, stored: Stored, threads: int) -> Integers:
        """The same of every text."""
        return np.full(stored.articles, sketch_width(self._settings.slots) + threads * A_TEXT)


class StoredHalves:
    """Signatures in files; see `dedup.stages.bands.Signed`.

    Args:
        stored: Where they are.
    """

    def __init__(self, stored: Stored) -> None:
        self._stored, self.articles = stored, stored.articles

    def band_keys(self, first: int, rows: int, bits: int, keys: NDArray[np.uint64]) -> None:
        """See there."""
        names = band_names(first, rows, len(keys))
        for at, (column,) in self._stored.columns([_name(first)]):
            kernels.band_keys(kernels.frozen(matrix(column, np.uint16)), 0, rows, names, bits, at, keys)
