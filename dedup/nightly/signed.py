"""Signatures in Parquet, by columns of a few bands each, and read again a column at a time.

In: distinct texts and weights. Out: a file with a row a text, of the lower halves of its slots (two slots that differ
have equal halves by a chance of 2**-16), a column for as many slots as four bands have. The buckets of four bands are
made from one column, so nobody holds all signatures: 84 MB are held while they are written, and the lowest byte of
every slot while bands are walked.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup import kernels
from dedup.evidence.corpus import Corpus
from dedup.kernels import Integers
from dedup.nightly.damage import groups, opened, read_group
from dedup.nightly.keeping import written
from dedup.settings import Settings
from dedup.stages.bands import AT_ONCE, Bands, band_names
from dedup.stages.candidates import sketch_width
from dedup.stages.signer import Signer
from dedup.work import Progress, ranges

GROUP = 1 << 15
"""Texts of a row group."""


def columns(shape: Bands, slots: int) -> list[tuple[int, int]]:
    """The slots of each column: four bands each, and one column of those that are in no band."""
    step, end = shape.rows * AT_ONCE, shape.bands * shape.rows
    cuts = [*range(0, end, step), end, slots]
    return [(first, last) for first, last in pairwise(cuts) if first < last]


class Part(NamedTuple):
    """Texts of a file."""

    path: Path
    begin: int
    """Row of the file with which they begin."""
    end: int


def taken_up(before: list[Part], new: int) -> list[Part]:
    """The last files that a new one takes up, so that there are few however many nights there were.

    A file is taken up that is not twice as long as all that comes after it: each text is written about log2(n) times.

    Args:
        before: The files there are, whole.
        new: How many texts are new.
    """
    taken: list[Part] = []
    for part in reversed(before):
        if part.end >= 2 * new:
            break
        taken.insert(0, part)
        new += part.end
    return taken


def write(
    path: Path,
    before: list[Part],
    corpus: Corpus,
    texts: Integers,
    shape: Bands,
    settings: Settings,
    *,
    threads: int = 1,
    progress: Progress | None = None,
) -> None:
    """Sign texts and write what they signed to.

    Args:
        path: The file.
        before: Files whose rows it is to begin with.
        corpus: The texts.
        texts: Numbers of those that are signed, a row each.
        shape: The bands.
        settings: How they are signed.
        threads: How many to use.
        progress: Called after each batch, with texts done, some thousands at a time, and in all.
    """
    cuts, signer = columns(shape, settings.slots), Signer(settings, corpus.weights)

    def tables() -> Iterator[pa.Table]:
        for part in before:
            yield from groups(part.path, schema(cuts))
        for begin, end in ranges(len(texts), GROUP):
            rows = corpus.first[texts[begin:end]]
            tell = partial(_tell, progress, begin, end, len(texts)) if progress else None
            signed = signer.sign(corpus.texts, rows, threads=threads, progress=tell)
            yield pa.table([_packed(signed[:, first:last]) for first, last in cuts], schema(cuts))

    _write(path, schema(cuts), tables())


def _tell(progress: Progress, begin: int, end: int, texts: int, done: int, batches: int) -> None:
    """Of the texts from `begin` to `end` so many batches are done."""
    progress(begin + (end - begin) * done // batches, texts)


def schema(cuts: list[tuple[int, int]]) -> pa.Schema:
    """Of a file with these columns."""
    return pa.schema([(f"slots_{first:05}", pa.binary(2 * (last - first))) for first, last in cuts])


def _write(path: Path, columns: pa.Schema, tables: Iterator[pa.Table]) -> None:
    """Write tables in row groups that are full but for the last, for a row is found by its number."""
    with written(path, columns, compression="none") as out:
        waiting = columns.empty_table()
        for table in tables:
            waiting = pa.concat_tables([waiting, table])
            while len(waiting) >= GROUP:
                out.write_table(waiting[:GROUP], row_group_size=GROUP)
                waiting = waiting[GROUP:]
        if len(waiting):
            out.write_table(waiting, row_group_size=GROUP)


def _packed(halves: NDArray[np.uint16]) -> pa.Array:
    return pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(2 * halves.shape[1]), len(halves), [None, pa.py_buffer(np.ascontiguousarray(halves))]
    )


class Stored:
    """Signatures of n texts in files, as `dedup.stages.bands.BandBuckets` asks for them.

    Args:
        parts: Where they are, in order.
        shape: The bands.
        slots: Length of a signature.
    """

    def __init__(self, parts: list[Part], shape: Bands, slots: int) -> None:
        self._cuts = columns(shape, slots)
        self._parts = [(part, opened(part.path, schema(self._cuts))) for part in parts]
        self._reading = threading.Lock()
        self.articles, self.slots = sum(part.end - part.begin for part in parts), slots

    def sketches(self) -> NDArray[np.uint8]:
        """The lowest byte of every slot; see `dedup.stages.candidates.sketches`."""
        out = np.zeros((self.articles, sketch_width(self.slots)), np.uint8)
        for at, halves in self._columns(self._cuts):
            for (first, last), mine in zip(self._cuts, halves, strict=True):
                out[at : at + len(mine), first:last] = mine
        return out

    def band_keys(self, first: int, rows: int, bits: int, keys: NDArray[np.uint64]) -> None:
        """The keys of some bands; see `dedup.stages.bands.Signed`."""
        cut, names = next(cut for cut in self._cuts if cut[0] == first), band_names(first, rows, len(keys))
        for at, (halves,) in self._columns([cut]):
            kernels.band_keys(kernels.frozen(halves), 0, rows, names, bits, at, keys)

    def _columns(self, cuts: list[tuple[int, int]]) -> Iterator[tuple[int, list[NDArray[np.uint16]]]]:
        """Some columns, a row group at a time, with the number of the first text of each."""
        at = 0
        for part, file in self._parts:
            for group in range(part.begin // GROUP, -(-part.end // GROUP)):
                begin, end = max(0, part.begin - group * GROUP), min(GROUP, part.end - group * GROUP)
                yield at, [halves[begin:end] for halves in self._read(part.path, file, group, cuts)]
                at += end - begin

    def _read(self, path: Path, file: Any, group: int, cuts: list[tuple[int, int]]) -> Iterator[NDArray[np.uint16]]:
        names = [f"slots_{first:05}" for first, _ in cuts]
        with self._reading:  # a file is not to be read by several threads at once
            table = read_group(file, path, group, names)
        for column, (first, last) in zip(table.columns, cuts, strict=True):
            array = column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)
            halves = np.frombuffer(array.buffers()[1], np.uint16)[: len(array) * (last - first)]
            yield halves.reshape(-1, last - first)
