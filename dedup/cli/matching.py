"""`dedup match`: which articles of some files are like those of others, or stand in them.

In: paths of A, and of B or an index, and options. Out: a file of matches, a row each; on the standard output how many
there are, and how many articles have none. A is held in memory; B is read file after file, and of it only what was
matched is kept.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from itertools import chain
from pathlib import Path

import click
import pyarrow as pa

from dedup import files
from dedup.cli import console
from dedup.errors import DedupWarning, FileError
from dedup.files import counted
from dedup.index import Index
from dedup.index.opening import is_index
from dedup.matches import Matches, Measured
from dedup.matching import CONTAINED
from dedup.matching import match as match_articles
from dedup.settings import Settings


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="A...")
@click.option(
    "--against", "others", multiple=True, required=True, metavar="B", help="Files, folders or an index; repeatable."
)
@click.option("--out", "target", required=True, metavar="FILE", help="Matches: .parquet, .csv or .jsonl.")
@click.option(
    "--by",
    type=click.Choice(["similarity", "containment"]),
    default="similarity",
    show_default=True,
    help="Find what is alike, or what stands in something longer.",
)
@console.threshold(f"Least similarity, or containment (then {CONTAINED:g} by default), in (0, 1]")
@console.near_copies("Classical: {}, from 0.7; no frames.")
@click.option("--spans", is_flag=True, help="Also write where what they share stands; .parquet or .jsonl.")
@console.CSV_SAFE
@console.reads
@click.option("--threads", type=int, metavar="N", help="Threads to use; by default one per core.")
@click.option("--quiet", is_flag=True, help="Print problems only.")
def match(
    paths: tuple[str, ...],
    others: tuple[str, ...],
    target: str,
    by: Measured,
    threshold: float | None,
    near_copies: bool,
    spans: bool,
    csv_safe: bool,
    reading: files.ReadOptions,
    threads: int | None,
    quiet: bool,
) -> None:
    """Find for each article of A those of B that it is like, or stands in.

    A and B are what a PATH is to `dedup cluster`; B may also be an index, a folder or redis://HOST:PORT/NUMBER. Only
    pairs of A with B are compared. The output has the columns id (of A), match (the id in B) and similarity, or
    containment: the share of the article of A that stands in the other one, from 0.8. B is read file after file and
    never held as a whole.
    """
    console.prepare_process()
    settings = _checked(paths, others, target, spans=spans, near_copies=near_copies)
    with console.failures(), console.shown_progress(quiet=quiet) as tell:
        read = console.read(paths, reading, [target])
        if not len(read.table):
            raise FileError("no articles of A were read, nothing was written")
        against = _Against(others, reading, target)
        with warnings.catch_warnings(record=True) as caught, ExitStack() as stack:
            warnings.simplefilter("always", DedupWarning)
            tables, settings = against.opened(stack, settings)
            settings = replace(settings or Settings(), longest_text=reading.longest_text)
            try:
                found = match_articles(
                    read.table, tables, settings, by=by, threshold=threshold, threads=threads, progress=tell
                )
            finally:
                console.report(against.read, caught)
        if not found.against:
            raise FileError("no articles of B were read, nothing was written")
        console.write(found.to_arrow(spans=spans), target, reading, csv_safe=csv_safe)
        if not quiet:
            with console.apart_from(target), console.closed_output():
                _show(found, target)
    console.fail_if_unread(read, against.read)


def _checked(
    paths: tuple[str, ...], others: tuple[str, ...], target: str, *, spans: bool, near_copies: bool
) -> Settings | None:
    """Refuse what cannot be written; gives the settings that are asked for."""
    try:
        files.check_output(target)
        console.check_inputs((*paths, *others), {"--out": target})
    except FileError as error:
        raise click.UsageError(str(error)) from error
    if spans and Path(target).suffix.lower() == ".csv":
        raise click.UsageError(f"--spans are lists, which {target!r} cannot hold; name a .parquet or .jsonl file")
    return Settings.near_copies() if near_copies else None


class _Against:
    """What is read of B, file after file.

    Args:
        paths: Files, folders, and indexes.
        reading: How articles lie in the files.
        target: The file to be written, which is left out.

    Attributes:
        read: The problems, once all is read.
    """

    def __init__(self, paths: tuple[str, ...], reading: files.ReadOptions, target: str) -> None:
        self._paths, self._reading = paths, reading
        self._sources = files.found([path for path in paths if not is_index(path)], reading, target)

    @property
    def read(self) -> files.Read:
        """What was read, without the texts."""
        return files.Read(pa.table({"id": [], "text": []}), self._sources.problems, self._sources.skipped)

    def opened(self, stack: ExitStack, settings: Settings | None) -> tuple[Iterator[pa.Table], Settings | None]:
        """The articles of B, and the settings: those of the index, if B is one and no others are asked for."""
        indexes = [stack.enter_context(Index(path, create=False)) for path in self._paths if is_index(path)]
        if settings is None and len(indexes) == len(self._paths) == 1:
            settings = indexes[0].settings
        texts: Iterable[pa.RecordBatch] = chain.from_iterable(index.texts() for index in indexes)
        return chain(self._tables(), texts), settings

    def _tables(self) -> Iterator[pa.Table]:
        """The articles of all files; problems are added to the sources."""
        for source in self._sources.files:
            job, rows = files.Job(source, self._reading), 0
            for table in files.stream(job):
                rows += len(table)
                yield table
            self._sources.problems += job.problems(rows)


def _show(found: Matches, target: str) -> None:
    """How many articles have matches, and how many cannot or may have more."""
    console.say(
        f"{counted(found.articles, 'article')} against {found.against:,}: {len(found):,} matched in "
        f"{counted(len(found.left), 'pair')}, {len(found.unmatched):,} without a match. "
        f"Matches are in {console.place(target)}"
    )
    if len(found.short):
        console.say(f"{counted(len(found.short), 'article')} without a text, or with too little in it to be matched")
    if len(found.capped):
        console.say(f"{counted(len(found.capped), 'article')} with so many like them that some were not compared")
