"""What campaigns are found by, in Parquet, a row a text: its names and addresses, and windows that are sampled of it.

In: distinct texts. Out: a file for those of a night, in lists; small ones are taken up by later nights, as signatures
are. A text is read once, whatever becomes of it, for nothing of what is kept depends on other texts. Windows are
sampled at a rate that stays until the next whole night; names of public services are left out. Costs 0.5 to 2 ms a
text, nearly all of it to find names; 16 MB are held while they are written or read, and what a text has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dedup import kernels
from dedup.evidence.campaigns import LEAST_HELD, Name, may_link, names_in
from dedup.kernels import Integers
from dedup.nightly.damage import damaged, groups, opened, rate, read_group
from dedup.nightly.keeping import regrouped, written
from dedup.nightly.signed import Part, portions
from dedup.stages.frames import sample_of
from dedup.stages.shingles import NO_WINDOWS, Texts
from dedup.work import Progress, Room

AT_ONCE, CHARACTERS = 1 << 12, 1 << 20
"""Texts, and characters of them, that are read at once."""
GROUP = 1 << 24
"""Bytes of a row group, about; it holds `AT_ONCE` texts at most."""
COLUMNS = pa.schema(
    {
        "windows": pa.list_(pa.uint64()),
        "names": pa.list_(pa.uint64()),
        "kinds": pa.list_(pa.string()),
        "keys": pa.list_(pa.string()),
        "forms": pa.list_(pa.string()),
    }
)
"""Hashes of windows, in the order of the text; hashes of names, and the names."""


class HeldValues(NamedTuple):
    """What some texts hold, one text after the other."""

    texts: Integers
    """(t,): number of each text that is there, ascending."""
    counts: Integers
    """(t,): how many values each has."""
    columns: list[pa.Array]
    """Values."""

    @property
    def text(self) -> Integers:
        """Number of the text of each value."""
        return np.repeat(self.texts, self.counts)


def write(
    path: Path,
    before: list[Part],
    texts: Texts,
    rows: Integers,
    every: int,
    *,
    progress: Progress | None = None,
) -> None:
    """Gather of some texts and write it.

    Args:
        path: The file.
        before: Files whose rows it is to begin with.
        texts: All texts, with what stands in frames.
        rows: (t,) the rows of those that are new, in the order of their numbers.
        every: One window in so many is kept, a power of two.
        progress: Called with texts done and in all.
    """

    def tables() -> Iterator[pa.Table]:
        for part in before:
            yield from groups(part.path, COLUMNS)
        done, room, taken, spots = 0, Room(np.uint64), Room(np.uint64), Room(np.int32)
        for some in portions(texts.lengths[rows], AT_ONCE, CHARACTERS):
            mine = rows[some]
            keys, offsets = texts.without(NO_WINDOWS).shingle(mine, once=False, room=room)
            windows = sample_of(keys, offsets, every, taken, spots, windowed=True)
            names = [
                [name for name in names_in(texts.text(row)) if may_link(name, LEAST_HELD)] for row in mine.tolist()
            ]
            yield _table(windows[0], windows[2], names)
            done += len(mine)
            if progress:
                progress(done, len(rows))

    put_together(path, tables(), every)


def _table(windows: NDArray[np.uint64], counts: Integers, names: list[list[Name]]) -> pa.Table:
    """A row for each text; `counts` are how many of the windows each has."""
    flat = [name for mine in names for name in mine]
    strings = [pa.array([name[part] for name in flat], pa.string()) for part in range(3)]
    of_names = _offsets(np.array([len(mine) for mine in names], np.int64))
    lists = [pa.ListArray.from_arrays(_offsets(counts), pa.array(windows))]
    lists += [pa.ListArray.from_arrays(of_names, values) for values in (pa.array(_hashed(flat)), *strings)]
    return pa.table(lists, COLUMNS)


def _offsets(counts: Integers) -> pa.Array:
    offsets = np.zeros(len(counts) + 1, np.int32)
    np.cumsum(counts, out=offsets[1:])
    return pa.array(offsets)


def _hashed(names: list[Name]) -> NDArray[np.uint64]:
    """A hash of kind and key of each."""
    column = pa.array([f"{name.kind}\0{name.key}" for name in names], pa.large_string())
    _, offsets, data = column.buffers()
    prints = np.empty((len(names), 2), np.uint64)
    begins = np.frombuffer(offsets, np.int64) if names else np.zeros(1, np.int64)
    letters = np.frombuffer(data or b"", np.uint8)
    kernels.fingerprint_bytes(kernels.frozen(letters), kernels.frozen(begins), prints)
    return np.ascontiguousarray(prints[:, 1])


def put_together(path: Path, tables: Iterable[pa.Table], every: int) -> None:
    """Write what was gathered.

    Args:
        path: The file.
        tables: A row a text, in order.
        every: One window in so many was kept.
    """
    schema = COLUMNS.with_metadata({b"rate": str(every).encode()})
    with written(path, schema, compression="zstd", use_dictionary=["kinds.list.element"]) as out:
        for table in regrouped(tables, AT_ONCE, GROUP):
            out.write_table(table, row_group_size=AT_ONCE)


def rate_of(parts: list[Part]) -> int | None:
    """One window in how many was kept in some files; None if there are no files."""
    rates = [rate(part.path, COLUMNS) for part in parts]
    for part, one in zip(parts, rates, strict=True):
        if one != rates[0]:
            raise damaged(part.path, f"one window in {one:,} was kept in it, and one in {rates[0]:,} in another")
    return rates[0] if rates else None


def read(parts: list[Part], live: NDArray[np.bool_], columns: Sequence[str]) -> Iterator[HeldValues]:
    """What is kept of texts, a row group at a time.

    Args:
        parts: Files, in the order of the texts' numbers, whole.
        live: (d,) which texts are looked at.
        columns: Windows, or some of names.
    """
    at = 0
    for part in parts:
        with opened(part.path, COLUMNS) as file:
            for group in range(file.num_row_groups):
                table = read_group(file, part.path, group, columns)
                mine = live[at : at + len(table)]
                yield _held(part.path, table.filter(pa.array(mine)), np.flatnonzero(mine) + at)
                at += len(table)


def _held(path: Path, table: pa.Table, texts: Integers) -> HeldValues:
    lists = [table[name].combine_chunks() for name in table.column_names]
    counts = [pc.list_value_length(one) for one in lists]
    values = [one.flatten() for one in lists]
    whole = all(one.equals(counts[0]) and not one.null_count for one in counts)
    if not whole or any(one.null_count for one in values):
        raise damaged(path, f"lists of {' and '.join(table.column_names)} are not of one length")
    return HeldValues(texts, counts[0].to_numpy(zero_copy_only=False).astype(np.int64), values)
