"""Sketches and runs in files, runs by columns of a part of all keys each: what rewrites meet by.

In: distinct texts, and weights of signatures. Out: the lowest byte of every slot, which is all that is made of
signatures here, and the runs of the text, 4 bytes each: about 240 of 1,500 characters. The buckets of a part of all
keys are made from one column.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup import kernels
from dedup.evidence.corpus import Corpus
from dedup.kernels import Integers
from dedup.nightly.signed import Stored, matrix, packed
from dedup.settings import Settings
from dedup.stages.candidates import sketch_width
from dedup.stages.runs import BITS, RunBuckets, Runs
from dedup.stages.signer import Signer
from dedup.work import Progress, Room

HIGHEST = 4
"""Bits of a key by which runs are parted into columns."""
COLUMNS = [f"runs_{part:02}" for part in range(1 << HIGHEST)]
A_KEY = 4
"""Bytes of a key."""


class StoredRuns:
    """The layout of sketches and runs; see `dedup.nightly.signed.Layout`.

    Args:
        settings: How texts are signed, and how wide their shingles are.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.schema = pa.schema([("sketch", pa.binary(settings.slots)), *((name, pa.binary()) for name in COLUMNS)])

    def table(self, corpus: Corpus, rows: Integers, *, threads: int = 1, progress: Progress | None = None) -> pa.Table:
        """The sketches, and the runs of each part."""
        signer = Signer(self._settings, corpus.weights)
        sketches, runs = signer.sketch(corpus.texts, rows, threads=threads, progress=progress)
        return pa.table([packed(sketches[:, : self._settings.slots]), *_parted(runs, len(rows))], self.schema)

    def sketches(self, stored: Stored) -> NDArray[np.uint8]:
        """As they are."""
        found = np.zeros((stored.articles, sketch_width(self._settings.slots)), np.uint8)
        for at, (column,) in stored.columns(["sketch"]):
            found[at : at + len(column), : self._settings.slots] = matrix(column, np.uint8)
        return found

    def buckets(self, stored: Stored, at_once: int) -> StoredRunBuckets:
        """Those of all runs."""
        return StoredRunBuckets(stored, at_once)

    def bytes_held(self, stored: Stored, threads: int) -> Integers:
        """Its sketch, and for each thread the keys of a column, where they begin, a number and a count."""
        column = stored.bytes_of(COLUMNS) / len(COLUMNS)
        return (sketch_width(self._settings.slots) + 8 + threads * (column + 24)).astype(np.int64)


def _parted(runs: list[Runs], texts: int) -> Iterator[pa.Array]:
    """The runs of so many texts, a column for each part of the keys."""
    shift, counts = BITS - HIGHEST, np.zeros((texts, len(COLUMNS)), np.int64)
    for some in runs:
        kernels.count_parts(some.keys, some.starts, some.numbers, shift, counts)
    places = np.append(0, np.cumsum(counts.T))
    keys = np.empty(places[-1], np.uint32)
    free = places[:-1].reshape(len(COLUMNS), texts).T.copy()
    for some in runs:
        kernels.part_runs(some.keys, some.starts, some.numbers, shift, free, keys)
    for part in range(len(COLUMNS)):
        mine = places[part * texts : (part + 1) * texts + 1]
        offsets = ((mine - mine[0]) * A_KEY).astype(np.int32)
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(keys[mine[0] : mine[-1]])]
        yield pa.Array.from_buffers(pa.binary(), texts, buffers)


class StoredRunBuckets:
    """The buckets of runs in files; see `dedup.stages.candidates.Buckets`.

    Args:
        stored: Where they are.
        at_once: Entries that a thread holds at once, about.

    Attributes:
        articles: How many texts there are.
        bits: See there.
        pieces: A column each.
    """

    bits = BITS

    def __init__(self, stored: Stored, at_once: int) -> None:
        self._stored, self._at_once, self.articles = stored, at_once, stored.articles
        self.pieces = [(part, part + 1) for part in range(len(COLUMNS))]
        self._numbers = np.arange(self.articles)

    def entries(self, piece: tuple[int, int], room: Room) -> Iterator[NDArray[np.uint64]]:
        """The entries of the buckets of a column."""
        buckets = RunBuckets(list(self._runs(COLUMNS[piece[0]])), self.articles, self._at_once)
        for some in buckets.pieces:
            yield from buckets.entries(some, room)

    def _runs(self, name: str) -> Iterator[Runs]:
        """The runs of a column, those of each row group together."""
        for at, (column,) in self._stored.columns([name]):
            _, offsets, data = column.buffers()
            begins = np.frombuffer(offsets, np.int32)[column.offset : column.offset + len(column) + 1] // A_KEY
            keys = np.frombuffer(data or b"", np.uint32, int(begins[-1]))[begins[0] :]
            yield Runs(self._numbers[at : at + len(column)], keys, (begins - begins[0]).astype(np.int64))
