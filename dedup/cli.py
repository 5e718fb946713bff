"""The command `dedup`.

In: paths and options. Out: a file of labels, a report, and what was found on the standard output; progress and
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
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import click
import pyarrow as pa
import pyarrow.compute as pc
from rich.console import Console
from rich.markup import escape

from dedup import files, terminal
from dedup.errors import DedupError, DedupWarning, FileError, SettingsError
from dedup.indicators import indicators
from dedup.keywords import keywords
from dedup.pipeline import cluster as cluster_articles
from dedup.pipeline import explain as explain_articles
from dedup.progress import bar
from dedup.settings import Settings
from dedup.templates import template
from dedup.titles import printable, titles

if TYPE_CHECKING:
    from dedup.results import Clusters

REPORTS = (".html", ".htm")
SAMPLE, SHOWN_TEXTS = 64, 8
"""Members whose texts are looked at for a template, and for keywords."""

Tell = Callable[[str, int, int], None]
out, err = Console(), Console(stderr=True)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="article-dedup", prog_name="dedup")
def main() -> None:
    """Find articles that are copies, edited copies or template-spun rewrites of each other."""


@main.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--out", "target", required=True, metavar="FILE", help="Labels: .parquet, .csv or .jsonl.")
@click.option("--report", metavar="FILE", help="A page to look at the clusters with: .html.")
@click.option("--threshold", type=float, metavar="T", help="Similarity from which a pair is an edge, in (0, 1].")
@click.option("--near-copies", is_flag=True, help="Copies only: plain Jaccard of five-character shingles, from 0.7.")
@click.option("--text-column", default="text", show_default=True, metavar="NAME", help="Column that holds the texts.")
@click.option("--id-column", default="id", show_default=True, metavar="NAME", help="Column that holds the ids.")
@click.option("--threads", type=int, metavar="N", help="Threads to use; one a core unless told.")
@click.option("--quiet", is_flag=True, help="Print problems only.")
def cluster(
    paths: tuple[str, ...],
    target: str,
    report: str | None,
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
        if report is not None:
            files.check_output(report, REPORTS)
        _check_inputs(paths, [target, *([report] if report else [])])
    except (SettingsError, FileError) as error:
        raise click.UsageError(str(error)) from error
    with _failures():
        read, found, reading = _run(paths, target, settings, text_column, id_column, threads, quiet=quiet)
        seconds = {**found.seconds, "read": reading + found.seconds["read"]}
        with _timed(seconds, "write"):
            files.write(found.to_arrow(), target)
        if report is not None:
            with _timed(seconds, "report"), _shown_progress(quiet=quiet) as tell:
                found.report(report, progress=lambda done, total: tell("report", done, total))
        if not quiet:
            with _closed_output():
                _show(found, read.table, seconds, target, report)
    if any(problem.severity == "error" for problem in read.problems):
        raise SystemExit(1)


@main.command()
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@click.option("--among", multiple=True, metavar="PATH", help="Articles to count with; A and B may be ids of theirs.")
@click.option("--near-copies", is_flag=True, help="Plain Jaccard of five-character shingles, without weights.")
@click.option("--text-column", default="text", show_default=True, metavar="NAME", help="Column that holds the texts.")
@click.option("--id-column", default="id", show_default=True, metavar="NAME", help="Column that holds the ids.")
def explain(a: str, b: str, among: tuple[str, ...], near_copies: bool, text_column: str, id_column: str) -> None:
    """Show why two articles are alike: what they share, coloured by weight.

    A and B are files of one article each, or ids of articles that --among reads. Shingles are weighed by how many of
    the articles among which they stand hold them, and by the background model alone where there are none.
    """
    _prepare_process()
    with _failures():
        read = _read(among, text_column, id_column)
        left, right = (_article(name, read, text_column, id_column) for name in (a, b))
        settings = _settings(None, near_copies=near_copies)
        found = explain_articles(left, right, settings, among=read.column("text") if among else None)
        with _closed_output():
            out.print(terminal.explanation(replace(found, names=(a, b))))


@main.command()
@click.argument("labels", metavar="LABELS")
@click.argument("cluster", metavar="CLUSTER")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="Members to show.")
@click.option("--text-column", default="text", show_default=True, metavar="NAME", help="Column that holds the texts.")
@click.option("--id-column", default="id", show_default=True, metavar="NAME", help="Column that holds the ids.")
def show(labels: str, cluster: str, paths: tuple[str, ...], limit: int, text_column: str, id_column: str) -> None:
    """Show a cluster of a run.

    LABELS is what `dedup cluster --out` wrote. CLUSTER is the label, that is, the id of the representative, or the
    place, 1 being the largest. With the PATHs of the articles themselves their template, keywords and indicators are
    shown, too.
    """
    _prepare_process()
    with _failures():
        ids, similarity = _members(files.labels(labels), cluster)
        texts = _texts(ids, _read(paths, text_column, id_column))
        with _closed_output():
            _show_cluster(ids, similarity, texts, limit, read=bool(paths))


def _members(table: pa.Table, name: str) -> tuple[list[str], list[float | None]]:
    """Ids and similarities of the cluster of this label, or in this place; the representative's first."""
    label = name if pc.any(pc.equal(table["label"], name)).as_py() else _label(table, name)
    rows = table.filter(pc.equal(table["label"], label)).to_pylist()
    rows.sort(key=lambda row: (row["id"] != label, -(row["similarity"] or 0)))
    return [row["id"] for row in rows], [row["similarity"] for row in rows]


def _label(table: pa.Table, name: str) -> str:
    """The label of the cluster in this place, the largest being 1."""
    counts = Counter(table["label"].to_pylist())
    several = [label for label, count in counts.most_common() if count > 1]
    if not (name.isdecimal() and 1 <= int(name) <= len(several)):
        raise click.UsageError(
            f"there is no cluster {name!r}; give the id of its representative, or a place from 1 to {len(several):,}, "
            "1 being the largest"
        )
    return str(several[int(name) - 1])


def _read(paths: Sequence[str], text: str, id_: str) -> pa.Table:
    """Articles of files and folders; what cannot be read is reported."""
    read = files.read(paths, text=text, id=id_)
    _report(read, [])
    return read.table


def _article(name: str, read: pa.Table, text: str, id_: str) -> str:
    """The text of an article by its id, or of a file that holds one."""
    row = pc.index(read["id"], name).as_py()
    if row >= 0:
        return read["text"][row].as_py() or ""
    if not os.path.exists(name):  # noqa: PTH110
        raise FileError(f"{name!r} is neither a file nor the id of an article that --among reads")
    table = _read([name], text, id_)
    if len(table) != 1:
        raise FileError(
            f"{name!r} holds {len(table):,} articles, not one; give --among {name} and the id of an article"
        )
    return table["text"][0].as_py() or ""


def _texts(ids: list[str], read: pa.Table) -> list[str | None]:
    """The text of each id, None where it was not read."""
    rows = pc.index_in(pa.array(ids, pa.large_string()), value_set=read["id"].combine_chunks())
    return read["text"].take(rows).to_pylist()


def _show_cluster(
    ids: list[str], similarity: list[float | None], texts: list[str | None], limit: int, *, read: bool
) -> None:
    known = [text for text in texts if text]
    headings = titles(pa.chunked_array([pa.array(texts, pa.large_string())]), range(len(ids))) if known else []
    out.print(f"{len(ids):,} articles, represented by {printable(ids[0])}", highlight=False, markup=False)
    out.print(terminal.members(ids, similarity, headings, limit))
    if read and len(known) < len(ids):
        err.print(f"{len(ids) - len(known):,} of the members are not in the PATHs", highlight=False, markup=False)
    if known:
        out.print(terminal.keywords(keywords(known[:SHOWN_TEXTS])))
        out.print(terminal.indicators(indicators(known)))
        out.print(terminal.template(template(list(dict.fromkeys(known))[:SAMPLE], members=len(ids))))


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


def _check_inputs(paths: tuple[str, ...], targets: list[str]) -> None:
    """Refuse to read nothing, and to write over what is read, or has been written."""
    for path in paths:
        if not path:
            raise FileError("a PATH is empty; name a file or folder, or . for this one")
        for target in filter(os.path.exists, targets):
            if os.path.exists(path) and os.path.samefile(path, target):  # noqa: PTH110, PTH121
                raise FileError(f"{target!r} is also an input, which the output would replace; name another file")


@contextmanager
def _timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    begin = time.perf_counter()
    yield
    seconds[stage] = time.perf_counter() - begin


def _shown_progress(*, quiet: bool) -> AbstractContextManager[Tell]:
    """A bar where there is a terminal."""
    return bar() if err.is_terminal and not quiet else nullcontext(_untold)


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
        _shown_progress(quiet=quiet) as tell,
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


def _show(found: Clusters, read: pa.Table, seconds: Mapping[str, float], target: str, report: str | None) -> None:
    """The largest clusters, how many there are, and where the time went."""
    inside = int((found.sizes > 1).sum())
    if len(found):
        out.print(terminal.largest(found, read))
    out.print(
        f"{len(found.labels):,} articles: {inside:,} in {len(found):,} clusters, "
        f"{len(found.labels) - inside:,} alone. Labels are in {printable(target)}"
        + (f", the report in {printable(report)}" if report else ""),
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
    stages = ", ".join(f"{stage} {taken:.1f}" for stage, taken in seconds.items())
    out.print(f"Seconds: {stages}; in all {sum(seconds.values()):.1f}", highlight=False, markup=False, soft_wrap=True)
