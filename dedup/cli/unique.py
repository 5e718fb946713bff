"""`dedup unique`: rows in, the same rows without duplicates out, with all columns.

In: paths and options. Out: one file, or the standard output; what was dropped, and for what, in a file of its own. No
logic of its own: see `dedup.unique_rows`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import BinaryIO, NamedTuple

import click

from dedup import files
from dedup.cli import console
from dedup.errors import FileError, SettingsError
from dedup.evidence.titles import printable
from dedup.files import STANDARD, counted
from dedup.kept import Rule
from dedup.unique_rows import Limits, Outcome, write_unique


class _Where(NamedTuple):
    """What is read and written."""

    paths: tuple[str, ...]
    target: str
    dropped: str | None
    kind: str
    """The format of the output, of `files.FORMATS`; that of the standard output at first."""

    @property
    def written(self) -> list[str]:
        """What is written."""
        return [self.target] if self.dropped is None else [self.target, self.dropped]


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--out", "target", required=True, metavar="FILE", help="The rows that are kept: .parquet, .csv, .jsonl, or -."
)
@click.option(
    "--keep", "by", default="first", show_default=True, metavar="RULE",
    help="Which row of a cluster: first, longest, representative, newest:COLUMN, oldest:COLUMN, "
    "source:COLUMN:BEST,SECOND.",
)  # fmt: skip
@click.option(
    "--dropped", metavar="FILE", help="Ids of the other rows, of what is kept instead, and the similarity: .parquet, "
    ".csv or .jsonl.",
)  # fmt: skip
@console.threshold("Similarity from which a pair is an edge, in (0, 1]")
@console.near_copies()
@console.CSV_SAFE
@console.reads
@click.option(
    "--memory", metavar="SIZE", help="Most memory, such as 2GB; texts are then kept on disk, beside the output."
)
@click.option("--threads", type=int, metavar="N", help="Threads to use; by default one per core.")
@click.option("--quiet", is_flag=True, help="Print problems only.")
def unique(
    paths: tuple[str, ...],
    target: str,
    by: str,
    dropped: str | None,
    threshold: float | None,
    near_copies: bool,
    csv_safe: bool,
    reading: files.ReadOptions,
    memory: str | None,
    threads: int | None,
    quiet: bool,
) -> None:
    """Write the rows of files and folders without duplicates: one row of each cluster, and all that are alone.

    A PATH is what it is to `dedup cluster`; - is the standard input, rows of the --format named. Rows keep their order,
    and all of their columns: Parquet those of Parquet with nested ones, JSON Lines every line as it is. A row without a
    text is nobody's duplicate and is kept.
    """
    console.prepare_process()
    try:
        settings = console.settings(threshold, reading, near_copies=near_copies)
        Rule.of(by)
        where = _checked(_Where(paths, target, dropped, console.plain(reading)))
    except (SettingsError, FileError) as error:
        raise click.UsageError(str(error)) from error
    found: Outcome | None = None
    with (
        console.failures(),
        _opened(target) as file,
        console.warned(_complained),
        console.shown_progress(quiet=quiet) as tell,
    ):
        found = write_unique(
            paths, file, where.kind, by, settings=settings, options=reading, dropped=dropped,
            exclude=where.written, limits=Limits(memory, console.folder(target), threads), csv_safe=csv_safe,
            progress=tell,
        )  # fmt: skip
    if found is None:  # the reader of the output has gone
        return
    _report(found, where, quiet=quiet)
    if any(problem.severity == "error" for problem in found.problems):
        raise SystemExit(1)


def _checked(where: _Where) -> _Where:
    """Refuse what cannot be written, or would be written over what is read; the format of the output is known then."""
    for target in where.written:
        if target != STANDARD:
            files.check_output(target)
    if where.dropped == STANDARD:
        raise FileError("--dropped must be a file: the standard output is for rows")
    console.check_inputs(where.paths, {"--out": where.target, "--dropped": where.dropped})
    suffix = Path(where.target).suffix.lower()
    return where if where.target == STANDARD else where._replace(kind=files.FORMATS[suffix])


@contextmanager
def _opened(target: str) -> Iterator[BinaryIO]:
    """Where the rows are written; it is no failure if the reader of the standard output has gone."""
    with console.closed_output() if target == STANDARD else nullcontext(), files.replacing(target) as file:
        yield file


def _complained(message: str) -> None:
    console.complain(printable(message), "warning")


def _report(found: Outcome, where: _Where, *, quiet: bool) -> None:
    """What could not be read, and how many rows are kept."""
    console.report(found, [])
    if quiet:
        return
    gone = found.rows - found.kept
    line = f"Kept {found.kept:,} of {counted(found.rows, 'row')}; {gone:,} dropped ({gone / max(1, found.rows):.1%})"
    if where.target == STANDARD:
        console.remark(line)
    else:
        console.say(f"{line}. Rows are in {printable(where.target)}")
