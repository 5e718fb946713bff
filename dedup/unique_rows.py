"""Files of rows without their duplicates: one row of each cluster, and all that are alone, with all columns.

In: paths, settings, and a rule that says which row of a cluster is kept. Out: the rows in their order, and an
`Outcome`. Files are read twice: their texts, to find out which rows are kept, and then whole, to be copied. Holds all
texts in memory; with a bound on it they are kept on disk meanwhile, as in a nightly job. What cannot be read is told.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dedup import files, nightly, pipeline
from dedup.errors import FileError, warn
from dedup.files import Chosen, Problem, ReadOptions, Source, Sources, Wanted, escaped, shown
from dedup.identity import id_text, id_texts
from dedup.kept import Kept, Rule
from dedup.kernels import Integers
from dedup.progress import Progress
from dedup.results import Clusters
from dedup.rows import Rows
from dedup.settings import Settings


@dataclass(frozen=True)
class Limits:
    """What the work may take.

    Attributes:
        memory: Most memory, such as ``"2GB"``; None is all that is needed.
        beside: The folder in which texts are kept meanwhile, where memory is bounded; None is the system's.
        threads: How many to use; None is one a core.
    """

    memory: str | None = None
    beside: str | None = None
    threads: int | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of the rows.

    Attributes:
        rows: How many were read.
        kept: How many of them were written.
        problems: Files and rows that could not be read, which are in neither number.
    """

    rows: int
    kept: int
    problems: list[Problem]


@dataclass(frozen=True)
class FileRows:
    """Articles as rows of files.

    Attributes:
        sources: The files, in the order in which they were read.
        files: int64 (n,) the number of each article's file.
        rows: int64 (n,) its row, from 0.
        options: How articles lie in the files.
        members: In an archive, the name of its member, from which on rows are counted; else "".
    """

    sources: list[Source]
    files: Integers
    rows: Integers
    options: ReadOptions
    members: list[str]

    @classmethod
    def of(cls, names: Sequence[str], sources: Sequence[Source], options: ReadOptions) -> FileRows:
        """The rows that these names mean, as `files.read` makes them of paths.

        Args:
            names: ``<path>:<row>``, or the path of a file that is one article; that of an archive and ``/`` come before
                the path of a member.
            sources: The files there are.
            options: How articles lie in them.
        """
        numbers = {escaped(source.path): number for number, source in enumerate(sources)}
        count = len(names)
        found = cls(list(sources), np.zeros(count, np.int64), np.zeros(count, np.int64), options, [""] * count)
        for place, name in enumerate(names):
            path, _, number = name.rpartition(":")
            if name in numbers or not number.isdecimal():  # a file or member that is read ends in what says its kind
                path, number = name, "0"
            file = _file(path, numbers)
            found.files[place], found.rows[place] = numbers[file], int(number)
            found.members[place] = path[len(file) + 1 :]
        return found

    def chosen(self, places: Integers) -> list[Chosen]:
        """Some of the articles, file by file.

        Args:
            places: Their positions, ascending.
        """
        of = self.files[places]
        return [
            Chosen(source, self._wanted(places[of == number]), self.options)
            for number, source in enumerate(self.sources)
        ]

    def _wanted(self, places: Integers) -> Wanted:
        rows: dict[str, list[int]] = {}
        for place in places.tolist():
            rows.setdefault(self.members[place], []).append(self.rows[place])
        masks = {name: _mask(np.array(some)) for name, some in rows.items()}
        return masks if any(masks) else masks.get("", np.zeros(0, np.bool_))

    def column(self, name: str) -> pa.ChunkedArray | list[Any]:
        """The values of a column; where the files have several types of them, as values of Python.

        Args:
            name: The column.

        Raises:
            FileError: No file has it, or several columns of one are called so.
        """
        found = [some for one in self.chosen(np.arange(len(self.files))) for some in files.values(*one, name)]
        kinds = {some.type if isinstance(some, pa.ChunkedArray) else pa.null() for some in found}
        if len(kinds) == 1 and pa.null() not in kinds:
            return pa.chunked_array([chunk for some in found for chunk in some.chunks])  # type: ignore[union-attr]
        plain = [one for some in found for one in (some if isinstance(some, list) else some.to_pylist())]
        if all(one is None for one in plain):
            raise FileError(f"no row has a column {name!r}; name one that the files have")
        return plain

    def names(self, places: Integers) -> pa.Array:
        """Ids of articles: those of their column, or of their files and rows where they have none.

        Args:
            places: Positions, ascending.
        """
        every = (some for one in self.chosen(places) for some in files.values(*one, *self.options.ids))
        found = [chunk for some in every for chunk in _texts(some).chunks]
        sources = [self._source(place) for place in places.tolist()]
        made = [f"{one.id}:{row}" for one, row in zip(sources, self.rows[places].tolist(), strict=True)]
        prefixes = pa.array([one.prefix for one in sources], pa.large_string())
        ids = pa.chunked_array(found, pa.large_string()).combine_chunks()
        whole = pc.fill_null(pc.equal(ids, pa.array([one.id for one in sources], pa.large_string())), fill_value=False)
        prefixes = pc.if_else(whole, "", prefixes)
        named = pc.binary_join_element_wise(prefixes, ids, pa.scalar("", pa.large_string()))
        return pc.coalesce(named, pa.array(made, pa.large_string()))

    def _source(self, place: int) -> Source:
        source, name = self.sources[self.files[place]], self.members[place]
        return files.member(source, name) if name else source


def _file(path: str, numbers: Mapping[str, int]) -> str:
    """The file that this is, or is a member of: what an archive is called does not say that it is one."""
    while path not in numbers:
        path = path.rpartition("/")[0]
    return path


def _mask(rows: Integers) -> Any:
    wanted = np.zeros(int(rows.max(initial=-1)) + 1, np.bool_)
    wanted[rows] = True
    return wanted


def _texts(ids: pa.ChunkedArray | list[Any]) -> pa.ChunkedArray:
    if isinstance(ids, pa.ChunkedArray):
        return id_texts(ids)
    return pa.chunked_array([pa.array(map(id_text, ids), pa.large_string())])


def write_unique(
    paths: Sequence[str],
    target: BinaryIO,
    kind: str,
    by: str,
    *,
    settings: Settings,
    options: ReadOptions,
    dropped: str | None = None,
    exclude: Sequence[str] = (),
    limits: Limits,
    csv_safe: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Write the rows of files without duplicates.

    Args:
        paths: Files and folders; see `dedup.files.read`.
        target: Where the rows are written.
        kind: A value of `files.FORMATS`.
        by: Which row of a cluster is kept, as in `Clusters.keep`.
        settings: How texts are compared.
        options: How articles lie in the files.
        dropped: A file for the ids of the rows that are not kept, of what is kept instead, and the similarity of both.
        exclude: Files that are not read.
        limits: Memory and threads.
        csv_safe: In CSV no text is a formula to a spreadsheet.
        progress: Called with the stage, the work done and the whole of it.

    Raises:
        FileError: No article can be read, a file changed meanwhile, or the rows do not fit into this format.
        SettingsError: There is no such rule, or a setting is out of its range.
        InputError: The column of the rule holds no dates.
    """
    rule = Rule.of(by)
    tell = progress or (lambda *_: None)
    with _clustered(paths, settings, options, exclude, limits, tell) as (found, read):
        rows = FileRows.of(found.names.to_pylist(), read.sources.files, options)
        kept = _kept(found, rule, by, rows)
        kind = files.CSV_SAFE if csv_safe and kind == "csv" else kind
        files.copy_rows(rows.chosen(kept.places), target, kind, lambda done, total: tell("write", done, total))
        if dropped is not None:
            files.write(_dropped(kept, rows, dropped), dropped, csv_safe=csv_safe)
        return Outcome(len(kept.of), len(kept), read.problems)


def _kept(found: Clusters, rule: Rule, by: str, rows: FileRows) -> Kept:
    """Which articles are kept."""
    if rule.column:
        column = rows.column(rule.column)
        plain = isinstance(column, list)
        given = [{rule.column: one} for one in column] if plain else pa.table({rule.column: column})
        found = replace(found, source=Rows(given, len(column)))
    return found.keep(by)


def _dropped(kept: Kept, rows: FileRows, path: str) -> pa.Table:
    """The table of `Kept.dropped_ids` with the ids that the rows have."""
    table = kept.dropped_ids()
    gone = np.flatnonzero(kept.of != np.arange(len(kept.of)))
    named = np.union1d(gone, kept.of[gone])
    names = rows.names(named)
    again = len(names) - pc.count_distinct(names).as_py()
    if again:
        warn(
            f"{again:,} of the rows named in {shown(path)!r} have the id of another; --id-from path+id tells them apart"
        )
    for place, (title, of) in enumerate((("id", gone), ("kept", kept.of[gone]))):
        table = table.set_column(place, title, names.take(pa.array(np.searchsorted(named, of))))
    return table


class _Read(NamedTuple):
    """What was read on the way to clusters."""

    sources: Sources
    problems: list[Problem]


@contextmanager
def _clustered(
    paths: Sequence[str],
    settings: Settings,
    options: ReadOptions,
    exclude: Sequence[str],
    limits: Limits,
    tell: Progress,
) -> Iterator[tuple[Clusters, _Read]]:
    """The clusters of all articles, each called by its file and row."""
    sources = files.found(paths, options, exclude)
    if limits.memory is None:
        read = files.read(
            paths, replace(options, id=None, id_from="id"), exclude=exclude, by_path=True,
            progress=lambda done, total: tell("read", done, total),
        )  # fmt: skip
        if not len(read.table):
            raise FileError(_nothing(read.problems))
        found = pipeline.cluster(read.table, settings, threads=limits.threads, progress=tell)
        yield found, _Read(sources, read.problems)
        return
    with tempfile.TemporaryDirectory(prefix=".dedup-unique-", dir=limits.beside) as folder:
        problems: list[Problem] = []

        def log(event: str, about: Mapping[str, Any]) -> None:
            if event == "problem":
                problems.append(Problem(**about))

        nightly.run(
            paths, f"{folder}/labels", f"{folder}/state", settings=settings, campaigns=False, memory=limits.memory,
            options=replace(options, id=None, id_from="id"), threads=limits.threads, exclude=exclude,
            progress=tell, log=log,
        )  # fmt: skip
        yield nightly.snapshot(f"{folder}/state", threads=limits.threads), _Read(sources, problems)


def _nothing(problems: Sequence[Problem]) -> str:
    first = f": {problems[0].path}: {problems[0].reason}" if problems else ""
    return f"no articles were read, nothing was written{first}"
