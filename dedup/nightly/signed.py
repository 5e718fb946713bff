"""What is kept of texts that were signed: a row a text in Parquet, a few columns of which are read at a time.

In: distinct texts, and a `Layout`, which says what is kept of them: `dedup.nightly.stored_runs` or
`dedup.nightly.stored_bands`. Out: a file, in row groups of some thousands of texts, and `Stored`, any texts of several
files. Nobody holds all columns at once: what is held is one row group while a file is written, and the sketches and
the buckets that are walked while texts meet.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.evidence.corpus import Corpus
from dedup.kernels import Integers
from dedup.nightly.damage import groups, opened, read_group
from dedup.nightly.keeping import regrouped, written
from dedup.stages.candidates import Buckets
from dedup.work import Progress

GROUP, CHARACTERS = 1 << 15, 1 << 24
"""Texts, and characters of them, that are signed at once."""
BYTES = 1 << 25
"""Of a row group, about; it holds `GROUP` texts at most."""


class Part(NamedTuple):
    """Texts of a file."""

    path: Path
    begin: int
    """Row of the file with which they begin."""
    end: int


class Layout(Protocol):
    """What is kept of every text, and the buckets that are made of it."""

    schema: pa.Schema

    def table(self, corpus: Corpus, rows: Integers, *, threads: int = 1, progress: Progress | None = None) -> pa.Table:
        """Sign some rows of the corpus; `progress` is called with work done and in all."""

    def sketches(self, stored: Stored) -> NDArray[np.uint8]:
        """The sketch of each text; see `dedup.stages.candidates.sketches`."""

    def buckets(self, stored: Stored, at_once: int) -> Buckets:
        """The buckets of some texts, of which a thread holds so many entries at once, about."""

    def bytes_held(self, stored: Stored, threads: int) -> Integers:
        """(n,): bytes that are held of each text while so many threads walk its buckets, but for those entries."""


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
    layout: Layout,
    *,
    threads: int = 1,
    progress: Progress | None = None,
) -> None:
    """Sign texts and write what is kept of them.

    Args:
        path: The file.
        before: Files whose rows it is to begin with.
        corpus: The texts.
        texts: Numbers of those that are signed, a row each.
        layout: What is kept.
        threads: How many to use.
        progress: Called after each batch, with texts done, some thousands at a time, and in all.
    """
    rows = corpus.first[texts]

    def tables() -> Iterator[pa.Table]:
        for part in before:
            yield from groups(part.path, layout.schema)
        for some in portions(corpus.texts.lengths[rows], GROUP, CHARACTERS):
            tell = partial(_tell, progress, some, len(rows)) if progress else None
            yield layout.table(corpus, rows[some], threads=threads, progress=tell)

    put_together(path, tables(), layout.schema)


def put_together(path: Path, tables: Iterable[pa.Table], schema: pa.Schema) -> None:
    """Write what is kept of texts.

    Args:
        path: The file.
        tables: A row a text, in order.
        schema: Their columns.
    """
    with written(path, schema, compression="none") as out:
        for table in regrouped(tables, GROUP, BYTES):
            out.write_table(table, row_group_size=GROUP)


def _tell(progress: Progress, some: slice, texts: int, done: int, total: int) -> None:
    """Of some texts so much of the work is done."""
    progress(some.start + (some.stop - some.start) * done // total, texts)


def portions(lengths: Integers, texts: int, characters: int) -> Iterator[slice]:
    """Texts in order, some at a time: so many at most, of so many characters; one that is longer is alone.

    Args:
        lengths: (n,) characters of each.
        texts: See above.
        characters: See above.
    """
    ends = np.cumsum(lengths)
    begin, done = 0, 0
    while begin < len(lengths):
        end = max(begin + 1, int(np.searchsorted(ends, done + characters, side="right")))
        end = min(end, begin + texts)
        yield slice(begin, end)
        begin, done = end, int(ends[end - 1])


def packed(rows: NDArray[Any]) -> pa.Array:
    """The bytes of every row of a matrix."""
    width = rows.shape[1] * rows.itemsize
    return pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(width), len(rows), [None, pa.py_buffer(np.ascontiguousarray(rows))]
    )


def matrix(column: pa.Array, kind: type[np.generic]) -> NDArray[Any]:
    """The rows that were packed."""
    width = column.type.byte_width // np.dtype(kind).itemsize
    values = np.frombuffer(column.buffers()[1], kind).reshape(-1, width)
    return values[column.offset : column.offset + len(column)]


def _one(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


class Stored:
    """n texts in files.

    Args:
        parts: Where they are, in order.
        schema: The columns of the files.

    Attributes:
        articles: n.
    """

    def __init__(self, parts: list[Part], schema: pa.Schema) -> None:
        self._parts = [(part, opened(part.path, schema)) for part in parts]
        self._reading = threading.Lock()
        self.articles = sum(part.end - part.begin for part in parts)

    def columns(self, names: Sequence[str]) -> Iterator[tuple[int, list[pa.Array]]]:
        """Some columns, a row group at a time, with the number of the first text of each."""
        at = 0
        for part, file, group, rows in self._groups():
            table = self._read(part.path, file, group, names).slice(rows.start, len(rows))
            yield at, [_one(column) for column in table.columns]
            at += len(rows)

    def _read(self, path: Path, file: Any, group: int, names: Sequence[str]) -> pa.Table:
        with self._reading:  # a file is not to be read by several threads at once
            return read_group(file, path, group, names)

    def _groups(self) -> Iterator[tuple[Part, Any, int, range]]:
        """Row groups with texts of these, and which rows of each."""
        for part, file in self._parts:
            begin = 0
            for group in range(file.num_row_groups):
                count = file.metadata.row_group(group).num_rows
                rows = range(max(0, part.begin - begin), min(count, part.end - begin))
                if rows:
                    yield part, file, group, rows
                begin += count

    def bytes_of(self, names: Sequence[str]) -> NDArray[np.float64]:
        """(n,): bytes of some columns, as they are in the mean of a row group."""
        found = [np.empty(0)]
        for _, file, group, rows in self._groups():
            about = file.metadata.row_group(group)
            columns = [about.column(file.schema_arrow.get_field_index(name)) for name in names]
            size = sum(column.total_uncompressed_size for column in columns)
            found.append(np.full(len(rows), size / about.num_rows))
        return np.concatenate(found)
