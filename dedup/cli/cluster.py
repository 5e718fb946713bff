"""`dedup cluster`: articles of files and folders in, a file of labels out, and what else is asked for.

In: paths and options. Out: labels, a report, indicators; on the standard output what was found. With `--state` the run
is a night: see `dedup.cli.nights`. Holds all articles in memory.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import click
import pyarrow as pa

from dedup import files
from dedup.cli import console, nights, terminal
from dedup.errors import DedupWarning, FileError, MissingExtraError, SettingsError
from dedup.evidence.campaign_results import check_export
from dedup.files import counted
from dedup.pipeline import cluster as cluster_articles
from dedup.settings import Settings
from dedup.stages.scope import Scope

if TYPE_CHECKING:
    from dedup.results import Clusters


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--out", "target", required=True, metavar="FILE", help="Labels: .parquet, .csv or .jsonl; with --state a folder."
)
@click.option("--report", metavar="FILE", help="A page to look at the clusters with: .html.")
@click.option(
    "--indicators", metavar="FILE", help="Indicators, and which campaigns hold them: .csv, or STIX 2.1 as .json."
)
@click.option("--no-campaigns", is_flag=True, help="Leave out the column campaign; it takes 0.5 to 2 ms an article.")
@console.threshold("Similarity from which a pair is an edge, in (0, 1]")
@console.near_copies()
@console.CSV_SAFE
@console.reads
@click.option("--within", metavar="COLUMN", help="Compare only articles that have the same in this column.")
@click.option("--across", metavar="COLUMN", help="Compare only articles that have different things in this column.")
@click.option("--within-days", type=float, metavar="N", help="Compare only articles at most so many days apart.")
@click.option(
    "--date", metavar="COLUMN", help="With --within-days: column of the dates, such as 2025-03-01T12:30+08:00."
)
@click.option("--threads", type=int, metavar="N", help="Threads to use; by default one per core.")
@nights.options
@click.option("--quiet", is_flag=True, help="Print problems only.")
def cluster(
    paths: tuple[str, ...],
    target: str,
    report: str | None,
    indicators: str | None,
    no_campaigns: bool,
    threshold: float | None,
    near_copies: bool,
    csv_safe: bool,
    reading: files.ReadOptions,
    within: str | None,
    across: str | None,
    within_days: float | None,
    date: str | None,
    threads: int | None,
    state: str | None,
    memory: str | None,
    max_rejects: int | None,
    max_replaced: int | None,
    now: datetime | None,
    forget: tuple[str, ...],
    secret_seed: bool,
    quiet: bool,
) -> None:
    """Group the articles of files and folders, and write a label for each.

    A PATH is a file of a kind that docs/reference/formats.md lists, Parquet, JSON, CSV, Arrow, ORC, text, Markdown,
    HTML, WARC, feeds and others, also compressed or in a .zip or .tar; a folder of them, read recursively; a folder
    that is a Delta, Iceberg or Lance table, of which the current version is read; an address such as
    s3://BUCKET/FOLDER or https://HOST/FILE; a pattern in quotes, 'crawl/*.jsonl'; a pipe, or - for the standard
    input. A text, Markdown or HTML file is one article. The output, which may be an address or - for the standard
    output, has the columns id, label (the id of the representative of the article's cluster), size (of the cluster),
    similarity (to the representative), cluster (the id of its first article) and campaign (the id of its first article;
    a campaign is the clusters and lone articles that one operator made, with --near-copies a single cluster).

    With --within, --across and --within-days not all articles are compared. One that has nothing in such a column, as
    no text file has, is compared with none, with --across with those of all; that is counted in a warning.

    With --state the run is a night of a job: files that are new or have changed are read and compared with everything
    before, in bounded memory; the output is a folder of Parquet, in which clusters and campaigns keep their ids from
    night to night.
    """
    console.prepare_process()
    settings = _settings(threshold, reading, near_copies=near_copies, secret_seed=secret_seed)
    scope = _scope(within, across, within_days, date)
    if state is not None:
        _check_nightly(paths, report, indicators, scope)
        nights.run(
            paths, target, state, settings, replace(reading, streams=None),
            nights.Limits(max_rejects, max_replaced), campaigns=not no_campaigns, memory=memory, now=now,
            forget=forget, threads=threads, quiet=quiet,
        )  # fmt: skip
        return
    _check_alone(
        memory=memory is not None, max_rejects=max_rejects is not None, max_replaced=max_replaced is not None,
        now=now is not None, forget=bool(forget), secret_seed=secret_seed,
    )  # fmt: skip
    if indicators is not None and no_campaigns:
        raise click.UsageError("--indicators lists what campaigns hold; leave out --no-campaigns")
    targets = _Targets(target, report, indicators, campaigns=not no_campaigns, csv_safe=csv_safe)
    with console.apart_from(target):
        _cluster(paths, targets, settings, scope, reading, threads, quiet=quiet)


def _settings(threshold: float | None, reading: files.ReadOptions, *, near_copies: bool, secret_seed: bool) -> Settings:
    try:
        return console.settings(threshold, reading, near_copies=near_copies, secret_seed=secret_seed)
    except SettingsError as error:
        raise click.UsageError(str(error)) from error


def _scope(within: str | None, across: str | None, within_days: float | None, date: str | None) -> Scope:
    if date is not None and within_days is None:
        raise click.UsageError("--date is for a window of time: say how wide it is, for example --within-days 30")
    if within_days is not None and date is None:
        raise click.UsageError(f"--within-days {within_days:g} needs dates: name their column, --date COLUMN")
    try:
        return Scope(within, across, within_days, date)
    except SettingsError as error:
        raise click.UsageError(str(error)) from error


class _Targets(NamedTuple):
    """The files that a run is to write."""

    labels: str
    report: str | None
    indicators: str | None
    campaigns: bool
    """Whether to look for campaigns."""
    csv_safe: bool
    """Whether no text of CSV may be a formula."""

    @property
    def files(self) -> dict[str, str]:
        """The files by the options that name them."""
        named = {"--out": self.labels, "--report": self.report, "--indicators": self.indicators}
        return {option: path for option, path in named.items() if path is not None}

    @property
    def words(self) -> str:
        """Which file holds what."""
        known = {"--out": "Labels are", "--report": "the report", "--indicators": "indicators"}
        return ", ".join(f"{known[option]} in {console.place(path)}" for option, path in self.files.items())


def _check_nightly(paths: tuple[str, ...], report: str | None, indicators: str | None, scope: Scope) -> None:
    """Refuse what does not go with --state."""
    if scope:
        raise click.UsageError(
            "--within, --across and --within-days do not go with --state, which compares every article with all before "
            "it; leave one of them out"
        )
    for option, path, instead in (
        ("--report", report, "leave it out, and run dedup report STATE --out FILE after the night"),
        ("--indicators", indicators, "leave one of them out"),
    ):
        if path is not None:
            raise click.UsageError(f"{option} holds all articles in memory, which --state is to avoid; {instead}")
    if "" in paths:
        raise click.UsageError("a PATH is empty; name a file or folder, or . for this one")
    if files.STANDARD in paths:
        raise click.UsageError("--state knows files by their names, and - has none; write the input to a file first")


def _check_alone(**options: bool) -> None:
    """Refuse what goes with --state only."""
    for name, given in options.items():
        if given:
            raise click.UsageError(
                f"--{name.replace('_', '-')} goes with --state FOLDER, where the run keeps what it knows"
            )


def _cluster(
    paths: tuple[str, ...],
    targets: _Targets,
    settings: Settings,
    scope: Scope,
    reading: files.ReadOptions,
    threads: int | None,
    *,
    quiet: bool,
) -> None:
    """A run that holds all articles in memory."""
    try:
        files.check_output(targets.labels)
        if targets.report is not None:
            files.check_output(targets.report, console.REPORTS)
        if targets.indicators is not None:
            check_export(targets.indicators)
        console.check_inputs(paths, targets.files)
    except (SettingsError, FileError, MissingExtraError) as error:
        raise click.UsageError(str(error)) from error
    with console.failures():
        names = list(targets.files.values())
        read, found, reading_seconds = _run(paths, names, settings, scope, reading, threads, quiet=quiet)
        seconds = {**found.seconds, "read": reading_seconds + found.seconds["read"]}
        if targets.campaigns:
            with _timed(seconds, "campaigns"), console.shown_progress(quiet=quiet) as tell:
                found.campaigns(threads=threads, progress=lambda done, total: tell("campaigns", done, total))
        with _timed(seconds, "write"):
            console.write(
                found.to_arrow(campaigns=targets.campaigns), targets.labels, reading, csv_safe=targets.csv_safe
            )
        _write_others(found, targets, seconds, quiet=quiet)
        if not quiet:
            with console.closed_output():
                _show(found, read.table, seconds, targets)
    console.fail_if_unread(read)


def _write_others(found: Clusters, targets: _Targets, seconds: dict[str, float], *, quiet: bool) -> None:
    """The indicators and the report, where they are asked for."""
    if targets.indicators is not None:
        with _timed(seconds, "indicators"):
            found.campaigns().export(targets.indicators)
    if targets.report is not None:
        with _timed(seconds, "report"), console.shown_progress(quiet=quiet) as tell:
            found.report(
                targets.report,
                campaigns=targets.campaigns,
                progress=lambda done, total: tell("report", done, total),
            )


@contextmanager
def _timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    begin = time.perf_counter()
    yield
    seconds[stage] = time.perf_counter() - begin


def _run(
    paths: tuple[str, ...],
    targets: list[str],
    settings: Settings,
    scope: Scope,
    reading: files.ReadOptions,
    threads: int | None,
    *,
    quiet: bool,
) -> tuple[files.Read, Clusters, float]:
    """Read and cluster with a progress bar where there is a terminal; report problems when done."""
    with (
        console.shown_progress(quiet=quiet) as tell,
        warnings.catch_warnings(record=True) as caught,
    ):
        warnings.simplefilter("always", DedupWarning)
        begin = time.perf_counter()
        further = [name for name in (scope.within, scope.across, scope.date) if name is not None]
        read = files.read(
            paths, reading, exclude=targets, columns=further,
            progress=lambda done, total: tell("read", done, total),
        )  # fmt: skip
        seconds = time.perf_counter() - begin
        try:
            if not len(read.table):
                raise FileError("no articles were read, nothing was written")
            found = cluster_articles(read.table, settings, **vars(scope), threads=threads, progress=tell)
        finally:
            console.report(read, caught)
    return read, found, seconds


def _show(found: Clusters, read: pa.Table, seconds: Mapping[str, float], targets: _Targets) -> None:
    """The largest clusters and campaigns, how many there are, and where the time went."""
    inside = int((found.sizes > 1).sum())
    if len(found):
        console.out.print(terminal.largest(found, read))
    several = found.campaigns().several if targets.campaigns else []
    if several:
        console.out.print(terminal.largest_campaigns(found.campaigns()))
    console.say(
        f"{counted(len(found.heads), 'article')}: {inside:,} in {counted(len(found), 'cluster')}, "
        f"{len(found.heads) - inside:,} alone. {targets.words}"
    )
    if targets.campaigns:
        articles = f", of {counted(sum(map(len, several)), 'article')}" if several else ""
        none = "No campaign of several clusters or lone articles: each cluster is one by itself"
        some = f"{counted(len(several), 'campaign')} of several clusters or lone articles{articles}"
        console.say(some if several else none)
    if found.frames():
        console.say(f"Left out: {found.frames().summary}")
    stages = ", ".join(f"{stage} {taken:.1f}" for stage, taken in seconds.items())
    console.say(f"Seconds: {stages}; in all {sum(seconds.values()):.1f}")
