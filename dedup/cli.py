"""The command `dedup`.

In: paths and options. Out: a file of labels, a short table of what was found on the standard output, progress and
problems on the standard error stream. Exit codes: 0 when all went well, 1 when a file or row could not be read (the
rest has been written then) or the run failed, 2 for bad usage. No logic of its own: it reads, clusters, writes, shows.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dedup import files
from dedup.errors import DedupError, DedupWarning, FileError, SettingsError
from dedup.pipeline import cluster as cluster_articles
from dedup.progress import bar
from dedup.settings import Settings
from dedup.titles import printable, titles

if TYPE_CHECKING:
    import pyarrow as pa

    from dedup.results import Clusters

SHOWN_CLUSTERS = 10

Tell = Callable[[str, int, int], None]
out, err = Console(), Console(stderr=True)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="article-dedup", prog_name="dedup")
def main() -> None:
    """Find articles that are copies, edited copies or template-spun rewrites of each other."""


@main.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--out", "target", required=True, metavar="FILE", help="Labels: .parquet, .csv or .jsonl.")
@click.option("--threshold", type=float, metavar="T", help="Similarity from which a pair is an edge, in (0, 1].")
@click.option("--near-copies", is_flag=True, help="Copies only: plain Jaccard of five-character shingles, from 0.7.")
@click.option("--text-column", default="text", show_default=True, metavar="NAME", help="Column that holds the texts.")
@click.option("--id-column", default="id", show_default=True, metavar="NAME", help="Column that holds the ids.")
@click.option("--threads", type=int, metavar="N", help="Threads to use; one a core unless told.")
@click.option("--quiet", is_flag=True, help="Print problems only.")
def cluster(
    paths: tuple[str, ...],
    target: str,
    threshold: float | None,
    near_copies: bool,
    text_column: str,
    id_column: str,
    threads: int | None,
    quiet: bool,
) -> None:
    """Group the articles of files and folders, and write a label for each.

    A PATH is a Parquet, JSON Lines, CSV, text, Markdown or HTML file (each also .gz or .zst), or a folder of them,
    read recursively. A text, Markdown or HTML file is one article. The output has the columns id, label (the id of
    the representative of the article's cluster), size (of the cluster) and similarity (to the representative).
    """
    _prepare_process()
    try:
        settings = _settings(threshold, near_copies=near_copies)
        files.check_output(target)
        _check_inputs(paths, target)
    except (SettingsError, FileError) as error:
        raise click.UsageError(str(error)) from error
    with _failures():
        read, found, reading = _run(paths, target, settings, text_column, id_column, threads, quiet=quiet)
        begin = time.perf_counter()
        files.write(found.to_arrow(), target)
        writing = time.perf_counter() - begin
        if not quiet:
            seconds = {**found.seconds, "read": reading + found.seconds["read"], "write": writing}
            with _closed_output():
                _show(found, read.table, seconds, target)
    if any(problem.severity == "error" for problem in read.problems):
        raise SystemExit(1)


def _prepare_process() -> None:
    """A terminal that cannot show a character shows another; a job that is told to end cleans up behind itself."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))


@contextmanager
def _closed_output() -> Iterator[None]:
    """A reader that went away, such as `head`, is no failure: the labels have been written.

    rich answers a broken pipe by closing the output for good and raising SystemExit(1).
    """
    with suppress(SystemExit):
        try:
            yield
            out.file.flush()
        except BrokenPipeError:
            out.on_broken_pipe()


def _check_inputs(paths: tuple[str, ...], target: str) -> None:
    """Refuse to read nothing, and to write over what is read."""
    for path in paths:
        if not path:
            raise FileError("a PATH is empty; name a file or folder, or . for this one")
        if os.path.exists(target) and os.path.exists(path) and os.path.samefile(path, target):  # noqa: PTH110, PTH121
            raise FileError(f"{target!r} is also an input, which the labels would replace; name another file")


def _settings(threshold: float | None, *, near_copies: bool) -> Settings:
    settings = Settings.near_copies() if near_copies else Settings()
    return settings if threshold is None else replace(settings, threshold=threshold)


@contextmanager
def _failures() -> Iterator[None]:
    """A failed run is one line and exit code 1; a wrong option found late is still bad usage."""
    try:
        yield
    except SettingsError as error:
        raise click.UsageError(str(error)) from error
    except (DedupError, OSError) as error:
        raise click.ClickException(str(error)) from error
    except MemoryError as error:
        raise click.ClickException("out of memory; cluster fewer articles at a time") from error


def _run(
    paths: tuple[str, ...], target: str, settings: Settings, text: str, id_: str, threads: int | None, *, quiet: bool
) -> tuple[files.Read, Clusters, float]:
    """Read and cluster with a progress bar where there is a terminal; report problems when done."""
    with (
        bar() if err.is_terminal and not quiet else nullcontext(_untold) as tell,
        warnings.catch_warnings(record=True) as caught,
    ):
        warnings.simplefilter("always", DedupWarning)
        begin = time.perf_counter()
        read = files.read(
            paths, text=text, id=id_, exclude=target, progress=lambda done, total: tell("read", done, total)
        )
        reading = time.perf_counter() - begin
        try:
            if not len(read.table):
                raise FileError("no articles were read, nothing was written")
            found = cluster_articles(read.table, settings, threads=threads, progress=tell)
        finally:
            _report(read, caught)
    return read, found, reading


def _untold(stage: str, done: int, total: int) -> None:
    """Progress where nobody looks."""


def _report(read: files.Read, caught: list[warnings.WarningMessage]) -> None:
    """Say by name what could not be read and what was mended."""
    if read.skipped:
        err.print(f"{read.skipped:,} files with other suffixes were skipped", highlight=False)
    for warning in caught:
        err.print(f"[yellow]Warning:[/] {escape(str(warning.message))}", highlight=False, soft_wrap=True)
    for problem in read.problems:
        colour, word = ("red", "Error") if problem.severity == "error" else ("yellow", "Warning")
        place = problem.path if problem.row is None else f"{problem.path}, row {problem.row}"
        err.print(
            f"[{colour}]{word}:[/] {escape(printable(f'{place}: {problem.reason}'))}",
            highlight=False,
            soft_wrap=True,
        )


def _show(found: Clusters, read: pa.Table, seconds: Mapping[str, float], target: str) -> None:
    """The largest clusters, how many there are, and where the time went."""
    inside = int((found.sizes > 1).sum())
    if len(found):
        out.print(_largest(found, read))
    out.print(
        f"{len(found.labels):,} articles: {inside:,} in {len(found):,} clusters, "
        f"{len(found.labels) - inside:,} alone. Labels are in {printable(target)}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
    stages = ", ".join(f"{stage} {taken:.1f}" for stage, taken in seconds.items())
    out.print(f"Seconds: {stages}; in all {sum(seconds.values()):.1f}", highlight=False, markup=False, soft_wrap=True)


def _largest(found: Clusters, read: pa.Table) -> Table:
    table = Table(title="The largest clusters", title_justify="left", expand=True)
    table.add_column("size", justify="right", width=max(4, len(f"{len(found[0]):,}")))
    table.add_column("similarity", justify="right", width=10)
    table.add_column("representative", overflow="ellipsis", no_wrap=True, width=24)
    table.add_column("title", overflow="ellipsis", no_wrap=True, ratio=1)
    shown = found[:SHOWN_CLUSTERS]
    headings = titles(read.column("text"), [one.representative for one in shown])
    for one, title in zip(shown, headings, strict=True):
        name = printable(str(read.column("id")[one.representative].as_py()))
        table.add_row(f"{len(one):,}", f"{one.similarity:.2f}", escape(name), escape(title))
    return table
