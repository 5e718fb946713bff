"""Paths become one table of articles: the whole of reading, one file after the other.

In: paths of Parquet, JSON Lines, CSV, text, Markdown or HTML files, each also compressed (.gz, .zst), and of folders.
Out: a `Read`. Takes about a second for 100 MB of JSON Lines or CSV; memory is that of the texts plus one file at
most: Parquet comes by row group, JSON Lines and CSV by line. Raises nothing for what is in the files and does not
look for ids that repeat: whoever clusters the table is warned of those.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from dedup.errors import DedupError
from dedup.files.csv_rows import csv_rows
from dedup.files.documents import document, page
from dedup.files.jobs import Job
from dedup.files.json_lines import json_lines
from dedup.files.parquet import parquet
from dedup.files.problems import FAULTS, Problem, counted, reason
from dedup.files.sources import Sources
from dedup.files.tables import joined

READERS: dict[str, Callable[[Job, io.BufferedReader], Iterator[pa.Table]]] = {
    "parquet": parquet,
    "json_lines": json_lines,
    "csv": csv_rows,
    "tsv": csv_rows,
    "document": document,
    "page": page,
}


@dataclass(frozen=True, slots=True)
class Read:
    """What `read` found.

    Args:
        table: Columns ``id`` (large_string, no nulls) and ``text`` (large_string, nullable), one row per article.
        problems: Those of the paths, then those of the files, in the order in which they were met.
        skipped: Number of files in the folders whose suffix cannot be read.
    """

    table: pa.Table
    problems: list[Problem]
    skipped: int = 0


def read(
    paths: Iterable[str | os.PathLike[str]] | str | os.PathLike[str],
    *,
    text: str = "text",
    id: str = "id",  # noqa: A002 - the name of the column and of the option
    exclude: Iterable[str | os.PathLike[str]] | str | os.PathLike[str] = (),
    by_path: bool = False,
    progress: Callable[[int, int], object] | None = None,
) -> Read:
    """Read all articles of files and folders.

    A folder is read with all folders in it, in the order of the paths, without hidden ones (names that start with ".").
    A text, Markdown or HTML file is one article; its id is its path below the folder named, without suffixes, or for
    a file named directly the file name. A row without an id gets ``<id of the file>:<row>``, rows counted from 0.
    A file found twice is read once.

    Args:
        paths: Files and folders. Suffixes tell the kind: .parquet .pq, .jsonl .ndjson .json (an object a line),
            .csv .tsv, .txt .text .md .markdown, .html .htm .xhtml, each also with .gz or .zst after it.
        text: Column of the tables that holds the texts.
        id: Column of the tables that holds the ids. Only the default may be missing.
        exclude: Files that are not read wherever they are found, such as those to be written.
        by_path: Ids that are made begin with the whole path as it was given.
        progress: Called with the bytes read so far and the bytes of all files, after each table and file.

    Returns:
        The articles, the problems, and the number of files skipped.
    """
    sources = Sources(seen=set(map(os.path.realpath, _several(exclude))), by_path=by_path)
    for path in _several(paths):
        sources.add(Path(path))
    table = joined(_tables(sources, text, id, progress or _no_progress))
    return Read(table, sources.problems, sources.skipped)


def _several(paths: Iterable[str | os.PathLike[str]] | str | os.PathLike[str]) -> Iterable[str | os.PathLike[str]]:
    """Paths as several, also if only one is given."""
    return [paths] if isinstance(paths, str | os.PathLike) else paths


def _no_progress(*done: int) -> None:
    """Report nothing."""


def _tables(sources: Sources, text: str, id_: str, progress: Callable[[int, int], object]) -> Iterator[pa.Table]:
    """The tables of all files, one file at a time; problems are added to the sources."""
    done, total = 0, sum(source.size for source in sources.files)

    def tell(at: int) -> None:
        progress(done + at, total)

    for source in sources.files:
        job = Job(source, text, id_)
        tables = list(stream(job, tell))
        if job.refused:
            tables = []
        sources.problems += job.problems(sum(map(len, tables)))
        yield from tables
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
    """
    kept = at = 0
    try:
        with job.source.path.open("rb", buffering=0) as raw, _decompressed(raw, job.source.codec) as decompressed:
            for table in READERS[job.source.kind](job, decompressed):
                kept += len(table)
                yield table
                at = min(max(at, raw.tell()), job.source.size)  # Parquet is not read from left to right
                (progress or _no_progress)(at)
    except DedupError as error:
        job.fault, job.refused = str(error), True
    except FAULTS as error:
        job.fault = reason(error) + (f"; the {counted(kept, 'article')} before it were kept" if kept else "")


def _decompressed(raw: io.FileIO, codec: str | None) -> io.BufferedReader:
    if codec is None:
        return io.BufferedReader(raw, 1 << 20)
    # By 4 KB: where a stream is cut short, the read that meets the end loses all that it had.
    return io.BufferedReader(pa.CompressedInputStream(pa.PythonFile(raw, "r"), codec), 4096)
