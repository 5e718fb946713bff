"""Paths become one table of articles: the whole of reading, one file after the other.

In: paths of files of all kinds that are read, each also compressed, and of folders. Out: a `Read`. Takes about a second
for 100 MB of JSON Lines or CSV; memory is that of the texts plus one file at most: Parquet comes by row group, JSON
Lines and CSV by line. Raises nothing for what is in the files and does not look for ids that repeat: whoever clusters
the table is warned of those.
"""

from __future__ import annotations

import io
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO

import pyarrow as pa

from dedup.errors import DedupError, FileError
from dedup.files.formats import READERS
from dedup.files.formats.archives import Opened, members
from dedup.files.hive import hive_values, with_hive_values
from dedup.files.jobs import Job
from dedup.files.kinds import ARCHIVES
from dedup.files.options import AS_USUAL, ReadOptions
from dedup.files.places import placed, real
from dedup.files.problems import FAULTS, Problem, counted, reason, shown
from dedup.files.recognized import recognized
from dedup.files.sources import Sources
from dedup.files.tables import Piece, as_table, joined, named, within

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Read:
    """What `read` found.

    Args:
        table: Columns ``id`` (large_string, no nulls) and ``text`` (large_string, nullable), one row per article.
        problems: Those of the paths, then those of the files, in the order in which they were met.
        skipped: Number of files in the folders whose suffix cannot be read.
        counts: The path of each file, and how many articles it has, in the order of the table.

    Example:
        >>> from dedup import files
        >>> read = files.read("examples/articles")
        >>> read.table.column_names, len(read.table), read.problems, read.counts[0]
        (['id', 'text'], 14, [], ('examples/articles/bridge-copy.md', 1))
    """

    table: pa.Table
    problems: list[Problem]
    skipped: int = 0
    counts: list[tuple[str, int]] = field(default_factory=list)


def read(
    paths: Iterable[str | os.PathLike[str]] | str | os.PathLike[str],
    options: ReadOptions = AS_USUAL,
    *,
    exclude: Iterable[str | os.PathLike[str]] | str | os.PathLike[str] = (),
    by_path: bool = False,
    columns: Sequence[str] = (),
    progress: Callable[[int, int], object] | None = None,
) -> Read:
    """Read all articles of files and folders.

    A folder is read with all folders in it, in the order of the paths, without names that start with "." or "_"; one
    that is a Delta, Iceberg or Lance table is read through its library, as of its current version. A text, Markdown or
    HTML file is one article; its id is its path below the folder named, without suffixes, or for a file named directly
    the file name. A row without an id gets ``<id of the file>:<row>``, rows counted from 0.
    A file found twice is read once.

    Args:
        paths: Files and folders. Suffixes tell the kind, see `kinds.READABLE`; where they say nothing the first bytes
            do, or `options.format`.
        options: How articles lie in the files.
        exclude: Files that are not read wherever they are found, such as those to be written.
        by_path: Ids that are made begin with the whole path as it was given.
        columns: Other columns of the tables to read. Those of Parquet keep their types, of CSV they are strings, of
            JSON Lines text, a list or an object as JSON; text files have none of them and give null. Where the types of
            files differ, a column is of a type that holds all, or text. A file that lacks a column is a problem. What
            the folders of a path say, as in ``lang=zh/part-0.parquet``, is a column of text, and counts before one that
            the file has.
        progress: Called with the bytes read so far and the bytes of all files, after each table and file.

    Returns:
        The articles, the problems, and the number of files skipped.

    Raises:
        FileError: One of the other columns is called as those of the articles are here, ``id`` or ``text``.

    Example:
        >>> from dedup import files
        >>> files.read("examples/articles").table["id"][:2].to_pylist()
        ['bridge-copy', 'bridge-original']
        >>> files.read(["examples/articles/*-ko.md", "no-such.csv"]).problems[0].reason
        'there is no such file or folder; check the name'
    """
    sources = found(paths, options, exclude, by_path=by_path)
    others = checked_others(columns, options)
    counts: list[tuple[str, int]] = []
    table = joined(_articles(sources, options, others, progress or _no_progress, counts), others)
    for problem in sources.problems:
        logger.warning("%s, row %s: %s", problem.path, problem.row, problem.reason)
    return Read(table, sources.problems, sources.skipped, counts)


def found(
    paths: Iterable[str | os.PathLike[str]] | str | os.PathLike[str],
    options: ReadOptions = AS_USUAL,
    exclude: Iterable[str | os.PathLike[str]] | str | os.PathLike[str] = (),
    *,
    by_path: bool = False,
) -> Sources:
    """The files that `read` reads; see there.

    Args:
        paths: Files and folders.
        options: How articles lie in the files.
        exclude: Files that are not taken wherever they are found.
        by_path: Ids that are made begin with the whole path as it was given.

    Example:
        >>> from dedup import files
        >>> sources = files.found("examples/articles")
        >>> len(sources.files), sources.files[0].id, sources.files[0].kind
        (14, 'bridge-copy', 'document')
    """
    seen = set(map(real, _several(exclude)))
    sources = Sources(seen=seen, by_path=by_path or options.prefixed, options=options)
    for path in _several(paths):
        sources.add(placed(path))
    return sources


def checked_others(columns: Sequence[str], options: ReadOptions) -> tuple[str, ...]:
    """The columns to read beside text and id, each once.

    Args:
        columns: Names of columns.
        options: Those of the articles.

    Raises:
        FileError: One is called ``id`` or ``text`` and is another column than that of the articles.
    """
    for name, ours in (("text", options.text), ("id", options.id)):
        if name in columns and name != ours:
            raise FileError(f"the column {name!r} cannot be read beside {ours!r}, which is called so here; rename it")
    return tuple(dict.fromkeys(name for name in columns if name not in ("text", "id")))


def _several(paths: Iterable[str | os.PathLike[str]] | str | os.PathLike[str]) -> Iterable[str | os.PathLike[str]]:
    """Paths as several, also if only one is given."""
    return [paths] if isinstance(paths, str | os.PathLike) else paths


def _no_progress(*done: object) -> None:
    """Report nothing."""


def _articles(
    sources: Sources,
    options: ReadOptions,
    others: tuple[str, ...],
    progress: Callable[[int, int], object],
    counts: list[tuple[str, int]],
) -> Iterator[Piece]:
    """The articles of all files, one file at a time; problems are added to the sources, and articles are counted."""
    done, total, told = 0, sum(source.size for source in sources.files), set[str]()

    def tell(at: int) -> None:
        progress(done + at, total)

    for source in sources.files:
        mine = tuple(name for name in others if name not in hive_values(source.path))
        job = Job(source, options, mine, told=told)
        pieces = list(_pieces(job, tell))
        if job.refused:
            pieces = []
        if job.others != others:
            pieces = [
                with_hive_values(as_table(one, job.others), source.path, ("id", "text", *others)) for one in pieces
            ]
        counts.append((shown(source.path), sum(map(len, pieces))))
        sources.problems += job.problems(counts[-1][1])
        yield from pieces
        tell(source.size)
        done += source.size


def stream(job: Job, progress: Callable[[int], object] | None = None) -> Iterator[pa.Table]:
    """The articles of one file, in tables of about 16 MB at most unless a single text is longer.

    What goes wrong is noted in the job; `Job.fault` says why the file was not read to its end.

    Args:
        job: The file and the names of its columns.
        progress: Called with the bytes of the file read so far.

    Yields:
        Tables of the columns id and text.

    Example:
        >>> from dedup import files
        >>> source = files.found("examples/articles/tea-1.md").files[0]
        >>> [table["id"].to_pylist() for table in files.stream(files.Job(source))]
        [['tea-1']]
    """
    for piece in _pieces(job, progress or _no_progress):
        yield as_table(piece, job.others)


def _pieces(job: Job, progress: Callable[[int], object]) -> Iterator[Piece]:
    at = 0

    def tell(raw: IO[bytes], piece: Piece) -> None:
        nonlocal at
        # Parquet is not read from left to right; of a table the bytes that it takes in memory are a guess.
        told = raw.tell() if job.source.current is None else at + as_table(piece).nbytes
        at = min(max(at, told), job.source.size)
        progress(at)

    return _tried(job, _opened(job), tell)


@contextmanager
def _opened(job: Job) -> Iterator[tuple[IO[bytes], io.BufferedReader]]:
    """The bytes of a file, of which the job knows from now on what it is."""
    with recognized(job.source, job.say, job.options.text) as (job.source, raw, plain):
        yield raw, plain


def _tried(job: Job, opening: Opened, tell: Callable[[IO[bytes], Piece], object]) -> Iterator[Piece]:
    """What can be read of a file, or of a member of an archive."""
    kept = 0
    try:
        with opening as (raw, plain):
            archive = job.source.kind in ARCHIVES
            for read in _of_members(job, plain) if archive else READERS[job.source.kind](job, plain):
                piece = _within(job, read, kept)
                kept += len(piece)
                yield piece
                tell(raw, piece)
    except DedupError as error:
        job.say(str(error), "error")
        job.refused = True
    except FAULTS as error:
        job.say(reason(error), "error")
    if job.fault and kept and not job.refused:
        job.fault += f"; the {counted(kept, 'article')} before it were kept"


def _within(job: Job, read: Piece, before: int) -> Piece:
    """The rows of a piece of which neither the text nor the id is too long."""
    piece, long = within(read, job.options.longest_text)
    for place in long:
        job.lose_long(before + place + 1)
    piece, unnamed = named(piece)
    for place, why in unnamed:
        job.lose_unnamed(before + place + 1, why)
    return piece


def _of_members(job: Job, plain: io.BufferedReader) -> Iterator[Piece]:
    """The articles of an archive. What a member may yet be refused for holds no texts, and waits for its end."""
    for inner, _, opening in members(job, plain):
        waiting: list[Piece] = []
        count = 0
        for piece in _tried(inner, opening, _no_progress):
            waiting.append(piece)
            if not job.others and _has_text(piece):
                count += sum(map(len, waiting))
                yield from waiting
                waiting = []
        if not inner.refused:
            count += sum(map(len, waiting))
            yield from waiting
        job.adopt(inner.problems(count))


def _has_text(piece: Piece) -> bool:
    if isinstance(piece, list):
        return any(row[1] is not None for row in piece)
    return piece["text"].null_count < len(piece)
