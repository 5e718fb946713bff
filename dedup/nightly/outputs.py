"""What a night gives to its users: a folder of Parquet, whole or not at all.

In: a state whose night is done. Out: the folder: `labels/`, a file for every million articles; `changes.parquet`, what
became of the clusters of last night; `rejects.parquet`, what could not be read; and
the tables of `dedup.nightly.news`. It is written beside its place; the folder that was there before is moved aside just
before the new one takes its place, and then removed.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import pyarrow as pa

from dedup.errors import FileError
from dedup.files import shown
from dedup.kernels import Integers
from dedup.system import put, whole_folder

PART = 1_000_000
"""Articles in one file of labels."""
LABELS = pa.schema(
    {
        "id": pa.large_string(),
        "label": pa.large_string(),
        "size": pa.int64(),
        "similarity": pa.float64(),
        "cluster": pa.large_string(),
    }
)
WITH_CAMPAIGNS = LABELS.append(pa.field("campaign", pa.large_string()))
NAMES = {"labels", "changes.parquet", "rejects.parquet", "new.parquet", "clusters.parquet"}


def check(path: Path, state: Path) -> None:
    """Refuse a folder that cannot be written to, or holds what no night wrote.

    Args:
        path: The folder to be written.
        state: The state, which the output must not replace.

    Raises:
        FileError: The folder is refused; the message says why, and what to do.
    """
    name = shown(path)
    real, other = resolved(path), resolved(state)
    if real == other or real in other.parents or other in real.parents:
        raise FileError(
            f"cannot write {name!r}: it is the state {shown(state)!r}, or one is in the other; name another"
        )
    if os.path.lexists(real) and not real.is_dir():
        raise FileError(
            f"cannot write {name!r}: with a state the output must be a folder, and this is not one; name another"
        )
    for folder in (real, state.absolute()):
        if shown(folder) != str(folder):
            raise FileError(f"cannot write to {shown(folder)!r}: its name is not UTF-8; name another")
    strange = min(_strange(path), default=None)
    if strange is not None:
        raise FileError(
            f"cannot write {name!r}: it holds {shown(strange)!r}, which no run wrote and which would be lost; name a "
            "new folder"
        )
    if not real.parent.is_dir():
        parent = shown(real.parent)
        raise FileError(f"cannot write {name!r}: there is no folder {parent!r}; create it first: mkdir -p {parent!r}")
    if os.path.ismount(real) or not os.access(real.parent, os.W_OK | os.X_OK):
        raise FileError(
            f"cannot write {name!r}: each night replaces the folder, which is forbidden here; name a folder inside it"
        )


def _strange(path: Path) -> Iterator[str]:
    """What a folder holds that no night wrote."""
    for entry in path.iterdir() if path.is_dir() else ():
        if entry.name not in NAMES or entry.is_dir() != (entry.name == "labels"):
            yield entry.name
        elif entry.is_dir():
            yield from (f"labels/{part.name}" for part in entry.iterdir() if not fnmatch(part.name, "part-*.parquet"))


def resolved(path: Path) -> Path:
    """Where a folder really is; if links lead in a circle, one of them."""
    return Path(os.path.realpath(path))


def publish(path: Path, labels: Labels, tables: Mapping[str, Iterable[pa.Table]]) -> None:
    """Put the results of a night in their place.

    Args:
        path: The folder to be written.
        labels: Of all articles.
        tables: By the name of the file: a table or several, one after the other.
    """
    import pyarrow.parquet as pq  # noqa: PLC0415 - 50 ms that other commands do without

    path = resolved(path)  # through a link: the link stays, its target is replaced
    new, old = path.with_name(f".{path.name}.tonight"), path.with_name(f".{path.name}.before")
    if old.exists() and not path.exists():  # a run was killed in the moment between the two renames below
        put(old, path, lasting=False)
    for left in (new, old):
        shutil.rmtree(left, ignore_errors=True)
    with whole_folder(new) as folder:
        (folder / "labels").mkdir()
        for number, begin in enumerate(range(0, max(1, len(labels.rows)), PART)):
            part = folder / "labels" / f"part-{number:05}.parquet"
            pq.write_table(labels.table(begin, begin + PART), part)
        for name, several in tables.items():
            _write(folder / name, iter(several))
    if path.exists():
        put(path, old, lasting=False)
    put(new, path)
    shutil.rmtree(old, ignore_errors=True)


def _write(path: Path, tables: Iterator[pa.Table]) -> None:
    import pyarrow.parquet as pq  # noqa: PLC0415 - 50 ms that other commands do without

    first = next(tables)
    with pq.ParquetWriter(path, first.schema) as out:
        out.write_table(first)
        for table in tables:
            out.write_table(table)


class Labels:
    """The labels of a articles, as tables of some of them.

    Args:
        ids: Of all rows.
        rows: (a,) the row of each article, in the order of the labels.
        labels: (a,) the row of the representative of its cluster.
        sizes: (a,) size of its cluster.
        similarity: (a,) similarity to its representative.
        clusters: (a,) the id of its cluster: the number of the oldest article, which is the first row with that id.
        campaigns: (a,) the id of its campaign, in the same way; None if campaigns are not asked for.
    """

    def __init__(
        self,
        ids: pa.ChunkedArray,
        rows: Integers,
        labels: Integers,
        sizes: Integers,
        similarity: np.ndarray,
        clusters: Integers,
        campaigns: Integers | None = None,
    ) -> None:
        self._ids = ids.combine_chunks() if ids.num_chunks > 1 else ids
        self.rows, self._labels, self.clusters = rows, labels, clusters
        self._sizes, self._similarity, self.campaigns = sizes, similarity, campaigns

    def names(self, rows: Integers) -> pa.Array:
        """The ids of some rows; null for -1."""
        return self._ids.take(pa.array(rows, mask=rows < 0))

    def table(self, begin: int, end: int) -> pa.Table:
        """The labels of some articles."""
        some = slice(begin, end)
        names = [self.names(of[some]) for of in (self.rows, self._labels, self.clusters)]
        columns = [names[0], names[1], pa.array(self._sizes[some]), pa.array(self._similarity[some]), names[2]]
        if self.campaigns is None:
            return pa.table(columns, LABELS)
        return pa.table([*columns, self.names(self.campaigns[some])], WITH_CAMPAIGNS)
