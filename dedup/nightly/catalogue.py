"""What a state knows of every article, in memory, and the texts themselves, mapped.

In: the shards of a state. Out: a `Catalogue`: a row for everything that was ever read, whether it is still an article,
its id, and the number of the first row with that id, by which it is known from night to night. An article is replaced
by the next row with its id, and goes when its file has changed and no longer holds it. Costs some 60 bytes a row and
its id.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dedup import kernels
from dedup.files import Repeats
from dedup.kernels import Integers
from dedup.nightly.damage import checksum_of, damaged, read_table
from dedup.nightly.intake import ARTICLES, EMPTIED, FILES
from dedup.nightly.marks import read_marks
from dedup.nightly.memory import Mapped
from dedup.nightly.state import Shard, State


class Replaced(NamedTuple):
    """Rows that took the place of another with the same id."""

    earlier: Integers
    """(m,): the row whose place was taken."""
    later: Integers
    """(m,): the row that took it."""


@dataclass(frozen=True)
class Catalogue:
    """All rows of a state; n of them.

    Args:
        texts: The bytes of all texts.
        ids: large_string (n,).
        sizes: (n,) bytes of each text.
        lengths: (n,) characters of each when it is folded.
        prints: uint64 (n, 2) fingerprints.
        files: (n,) the version of a file that each comes from, the last of all for a row that was emptied: only its id
            is left, by which an article that came again is known.
        paths: string (versions + 1,): the path of each file; the last is that of none, and so below.
        failed: (versions,) whether it could not be read to its end.
        current: (versions,) whether there is no later version of the same file that could be read to its end.
        shards: What each shard says of itself.
        forgotten: (n,) whether each row is forgotten.
        begins: (shards + 1,) the first version of a file of each shard, and how many versions there are.
    """

    texts: Mapped
    ids: pa.ChunkedArray
    sizes: Integers
    lengths: Integers
    prints: NDArray[np.uint64]
    files: Integers
    paths: pa.Array
    failed: NDArray[np.bool_]
    current: NDArray[np.bool_]
    shards: list[Shard]
    forgotten: NDArray[np.bool_]
    begins: Integers

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.sizes)

    @cached_property
    def column(self) -> pa.ChunkedArray:
        """large_string (n,): the texts, which are read when they are looked at."""
        offsets = np.zeros(len(self) + 1, np.int64)
        np.cumsum(self.sizes, out=offsets[1:])
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(self.texts.bytes)]
        return pa.chunked_array([pa.Array.from_buffers(pa.large_string(), len(self), buffers)])

    @cached_property
    def _codes(self) -> Integers:
        """A number for each id."""
        prints, at = np.empty((len(self), 2), np.uint64), 0
        for chunk in self.ids.chunks:
            _, offsets, data = chunk.buffers()
            begins = np.frombuffer(offsets, np.int64)[chunk.offset : chunk.offset + len(chunk) + 1]
            letters = np.frombuffer(data or b"", np.uint8)
            kernels.fingerprint_bytes(kernels.frozen(letters), kernels.frozen(begins), prints[at : at + len(chunk)])
            at += len(chunk)
        return _numbered([prints])[1][0]

    @cached_property
    def numbers(self) -> Integers:
        """(n,): the first row with the id of each row."""
        codes, rows = self._codes, np.arange(len(self))
        firsts = np.empty(len(codes), np.int64)
        firsts[codes[::-1]] = rows[::-1]
        return firsts[codes]

    @cached_property
    def live(self) -> NDArray[np.bool_]:
        """(n,): whether each row is an article: the last with its id among the rows of files as they are now."""
        return self.without(np.zeros(len(self), np.bool_))

    @cached_property
    def held(self) -> NDArray[np.bool_]:
        """(n,): whether a file that is as it was holds each row, and it is not forgotten."""
        found: NDArray[np.bool_] = self.current[self.files] & ~self.forgotten
        return found

    def without(self, rows: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """(n,): what `live` were if some rows were forgotten, too."""
        return self._last(np.flatnonzero(self.held & ~rows))

    def live_at(self, night: int) -> NDArray[np.bool_]:
        """(n,): whether each row was an article at the end of a night."""
        shards = sum(shard.night <= night for shard in self.shards)
        upto = int(self.begins[shards])
        current = np.zeros(len(self.paths), np.bool_)
        current[:upto] = _current(self.paths.slice(0, upto), self.failed[:upto])
        rows = sum(shard.rows for shard in self.shards[:shards])
        return self._last(np.flatnonzero(current[self.files[:rows]]))

    def _last(self, rows: Integers) -> NDArray[np.bool_]:
        """(n,): whether each row is the last of some with its id."""
        lasts = np.full(len(self), -1, np.int64)
        lasts[self._codes[rows]] = rows
        found = np.zeros(len(self), np.bool_)
        found[lasts[lasts >= 0]] = True
        return found

    def times(self, rows: Integers) -> Integers:
        """When each of some rows was read, in microseconds since 1970."""
        ends = np.cumsum([shard.rows for shard in self.shards])
        times = np.array([shard.time for shard in self.shards], np.int64)
        return times[np.searchsorted(ends, rows, side="right")]

    def replaced(self, begin: int) -> Replaced:
        """The rows from one on that have another text than the row before them with the same id."""
        order = np.lexsort((np.arange(len(self)), self.numbers))
        there = self.held | ((np.arange(len(self)) < begin) & ~self.forgotten & (self.files < len(self.paths) - 1))
        order = order[there[order]]
        later, earlier = order[1:], order[:-1]
        same = (self.numbers[later] == self.numbers[earlier]) & (later >= begin)
        later, earlier = later[same], earlier[same]
        other = (self.prints[later] != self.prints[earlier]).any(axis=1)
        return Replaced(earlier[other], later[other])

    def repeats(self, replaced: Replaced, begin: int) -> Repeats | None:
        """Those of the replaced rows from one on whose id another file has brought again; None if there are none."""
        before, now = (self.paths.take(pa.array(self.files[rows])) for rows in replaced)
        across = pc.not_equal(before, now).to_numpy(zero_copy_only=False) & (replaced.earlier >= begin)
        some = np.flatnonzero(across)
        if not len(some):
            return None
        first = some[np.argmin(replaced.later[some])]
        id_ = self.ids[int(replaced.later[first])].as_py()
        return Repeats(len(some), id_, before[int(first)].as_py(), now[int(first)].as_py())


def catalogued(state: State, limit: int, shards: int | None = None) -> Catalogue:
    """Read what the shards of a state know of every article, and map the texts.

    Args:
        state: The state.
        limit: Bytes of the texts that may be held at once.
        shards: How many shards are read, from the first on, as of the last night; None is all there is now.
    """
    folders = state.shards[:shards]
    about = [Shard.of(folder) for folder in folders]
    read = [read_table(folder / "files.parquet", FILES, ["path", "failed"]) for folder in folders]
    tables = [
        _articles(folder / "articles.parquet", shard, shard.end - begin, len(files))
        for folder, shard, begin, files in zip(folders, about, [0, *(shard.end for shard in about)], read, strict=False)
    ]
    versions = [row for some in read for row in some.to_pylist()]
    begins = np.cumsum([0, *map(len, read)])
    files = [np.empty(0, np.int64)] + [
        np.where(table["file"].to_numpy() == EMPTIED, begins[-1], table["file"].to_numpy() + begin)
        for table, begin in zip(tables, begins[:-1], strict=True)
    ]
    paths = pa.array([*(row["path"] for row in versions), ""], pa.string())
    failed = np.array([*(row["failed"] for row in versions), True], np.bool_)
    current = _current(paths, failed)
    current[-1] = False
    _check_texts(state, about)
    return Catalogue(
        Mapped(state.texts, limit),
        pa.chunked_array([chunk for table in tables for chunk in table["id"].chunks], pa.large_string()),
        _joined([table["bytes"].to_numpy() for table in tables]),
        _joined([table["characters"].to_numpy() for table in tables]),
        np.concatenate([np.empty((0, 2), np.uint64), *(_prints(table) for table in tables)]),
        np.concatenate(files).astype(np.int64),
        paths,
        failed,
        current,
        about,
        read_marks(state, sum(map(len, tables)), len(paths), None if shards is None else state.last.marks).rows,
        begins.astype(np.int64),
    )


def _check_texts(state: State, shards: list[Shard]) -> None:
    """Compare the texts of shards with their checksums, once a run: kernels rely on what is known of each text."""
    begins = [0, *(shard.end for shard in shards)]
    for begin, shard in list(zip(begins, shards, strict=False))[state.checked :]:
        if checksum_of(state.texts, begin, shard.end) != shard.checksum:
            raise damaged(state.texts, "its checksum is that of something else")
    state.checked = max(state.checked, len(shards))


def _current(paths: pa.Array, failed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(versions,): whether each is the last of its file that could be read to its end, or a later one."""
    codes = paths.dictionary_encode().indices.to_numpy()
    numbers = np.flatnonzero(~failed)
    whole = np.full(len(paths), -1)
    whole[codes[numbers]] = numbers
    found: NDArray[np.bool_] = whole[codes] <= np.arange(len(paths))
    return found


def _articles(path: Path, about: Shard, size: int, files: int) -> pa.Table:
    """The articles of a shard, of this size together, and of so many files."""
    table = read_table(path, ARTICLES)
    sizes, numbers = table["bytes"].to_numpy(), table["file"].to_numpy()
    if len(table) != about.rows or sizes.sum() != size or sizes.min(initial=0) < 0:
        raise damaged(path, f"{about.rows:,} articles of {size:,} bytes were written, and others are there")
    if numbers.size and not EMPTIED <= numbers.min() <= numbers.max() < files:
        raise damaged(path.with_name("files.parquet"), f"it has {files:,} files, and there are articles of others")
    return table


def _joined(parts: list[Integers]) -> Integers:
    return np.concatenate([np.empty(0, np.int64), *parts])


def _prints(table: pa.Table) -> NDArray[np.uint64]:
    chunks = table["print"].combine_chunks()
    column = chunks.chunk(0) if isinstance(chunks, pa.ChunkedArray) else chunks
    return np.frombuffer(column.buffers()[1], np.uint64).reshape(-1, 2)[column.offset : column.offset + len(column)]


def numbered(
    catalogue: Catalogue, known: NDArray[np.uint64], some: NDArray[np.bool_] | None = None
) -> tuple[NDArray[np.uint64], Integers]:
    """Number the distinct texts of all articles, those that are known first, then in the order of the rows.

    Args:
        catalogue: All rows.
        known: uint64 (k, 2) fingerprints of the texts that have the numbers from 0 on.
        some: (n,) the rows whose texts are numbered; None is those of articles.

    Returns:
        uint64 (d, 2), the fingerprints of all d texts; and int64 (n,), the number of each row's, -1 where it is no
        article or has no text.
    """
    rows = np.flatnonzero((catalogue.live if some is None else some) & (catalogue.lengths > 0))
    prints, numbers = _numbered([known, catalogue.prints[rows]])
    found = np.full(len(catalogue), -1, np.int64)
    found[rows] = numbers[1]
    return prints, found


def _numbered(several: list[NDArray[np.uint64]]) -> tuple[NDArray[np.uint64], list[Integers]]:
    """Number fingerprints in the order in which they come; those that were numbered, and the number of each."""
    most = sum(map(len, several))
    firsts, table, count, found = np.empty((most, 2), np.uint64), np.zeros(kernels.size_for(most), np.int64), 0, []
    for prints in several:
        found.append(np.empty(len(prints), np.int64))
        count = kernels.number(prints, table, firsts, count, found[-1])
    return firsts[:count], found
