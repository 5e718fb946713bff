"""The command `dedup`.

In: paths and options. Out: a file of labels, a report, and what was found on the standard output; progress and
problems on the standard error stream. Exit codes: 0 when all went well, 1 when a file or row could not be read (the
rest has been written or shown then) or the run failed, 2 for bad usage; `cli_nightly` has its own. No logic of its own:
it reads, clusters, writes, shows.
"""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import click
import pyarrow as pa

from dedup import cli_index, cli_nightly, console, files, lookup, terminal
from dedup.errors import DedupWarning, FileError, InputError, SettingsError
from dedup.files import counted, shown
from dedup.pipeline import cluster as cluster_articles
from dedup.pipeline import explain as explain_articles
from dedup.settings import Settings
from dedup.titles import printable, titles

if TYPE_CHECKING:
    from dedup.passages import Explanation
    from dedup.results import Cluster, Clusters

REPORTS = (".html", ".htm")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="article-dedup", prog_name="dedup")
def main() -> None:
    """Find articles that are copies, edited copies or template-spun rewrites of each other."""


main.add_command(cli_index.index)


@main.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--out", "target", required=True, metavar="FILE", help="Labels: .parquet, .csv or .jsonl; with --state a folder."
)
@click.option("--report", metavar="FILE", help="A page to look at the clusters with: .html.")
@click.option("--threshold", type=float, metavar="T", help="Similarity from which a pair is an edge, in (0, 1].")
@click.option("--near-copies", is_flag=True, help="Copies only: plain Jaccard of five-character shingles, from 0.7.")
@console.columns
@click.option("--threads", type=int, metavar="N", help="Threads to use; one a core unless told.")
@cli_nightly.options
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
    state: str | None,
    memory: str | None,
    max_rejects: int | None,
    log_json: bool,
    quiet: bool,
) -> None:
    """Group the articles of files and folders, and write a label for each.

    A PATH is a Parquet, JSON Lines, CSV, text, Markdown or HTML file (each also .gz or .zst), or a folder of them,
    read recursively. A text, Markdown or HTML file is one article. The output has the columns id, label (the id of
    the representative of the article's cluster), size (of the cluster) and similarity (to the representative).

    With --state the run is a night of a job: files that are new or have changed are read and compared with everything
    before, in bounded memory; the output is a folder of Parquet, where clusters also have an id that stays.
    """
    console.prepare_process()
    settings = _settings(threshold, near_copies=near_copies)
    if state is not None:
        _check_nightly(paths, report)
        cli_nightly.run(
            paths, target, state, settings, (text_column, id_column),
            memory=memory, threads=threads, max_rejects=max_rejects, log_json=log_json, quiet=quiet,
        )  # fmt: skip
        return
    _check_alone(memory=memory is not None, max_rejects=max_rejects is not None, log_json=log_json)
    _cluster(paths, target, report, settings, text_column, id_column, threads, quiet=quiet)


def _settings(threshold: float | None, *, near_copies: bool) -> Settings:
    try:
        return console.settings(threshold, near_copies=near_copies)
    except SettingsError as error:
        raise click.UsageError(str(error)) from error


def _check_nightly(paths: tuple[str, ...], report: str | None) -> None:
    """Refuse what does not go with --state."""
    if report is not None:
        raise click.UsageError(
            "--report holds all articles in memory, which --state is to avoid; leave one of them out"
        )
    if "" in paths:
        raise click.UsageError("a PATH is empty; name a file or folder, or . for this one")


def _check_alone(**options: bool) -> None:
    """Refuse what goes with --state only."""
    for name, given in options.items():
        if given:
            raise click.UsageError(
                f"--{name.replace('_', '-')} goes with --state FOLDER, where the run keeps what it knows"
            )


def _cluster(
    paths: tuple[str, ...],
    target: str,
    report: str | None,
    settings: Settings,
    text_column: str,
    id_column: str,
    threads: int | None,
    *,
    quiet: bool,
) -> None:
    """A run that holds all articles in memory."""
    try:
        files.check_output(target)
        if report is not None:
            files.check_output(report, REPORTS)
        targets = [target, *([report] if report else [])]
        _check_inputs(paths, targets)
    except (SettingsError, FileError) as error:
        raise click.UsageError(str(error)) from error
    with console.failures():
        read, found, reading = _run(paths, targets, settings, text_column, id_column, threads, quiet=quiet)
        seconds = {**found.seconds, "read": reading + found.seconds["read"]}
        with _timed(seconds, "write"):
            files.write(found.to_arrow(), target)
        if report is not None:
            with _timed(seconds, "report"), console.shown_progress(quiet=quiet) as tell:
                found.report(report, progress=lambda done, total: tell("report", done, total))
        if not quiet:
            with console.closed_output():
                _show(found, read.table, seconds, target, report)
    console.fail_if_unread(read)


@main.command()
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@click.option("--among", multiple=True, metavar="PATH", help="Articles to count with; A and B may be ids of theirs.")
@click.option("--near-copies", is_flag=True, help="Plain Jaccard of five-character shingles, without weights.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with every passage.")
@console.columns
def explain(
    a: str, b: str, among: tuple[str, ...], near_copies: bool, as_json: bool, text_column: str, id_column: str
) -> None:
    """Show why two articles are alike: what they share, coloured by weight.

    A and B are files of one article each, or ids of articles that --among reads. Shingles are weighed by how many of
    the articles among which they stand hold them, and by the background model alone where there are none.
    """
    console.prepare_process()
    with console.failures():
        others = console.read(among, text_column, id_column)
        (left, left_read), (right, right_read) = (
            _article(name, others, text_column, id_column, among=bool(among)) for name in (a, b)
        )
        settings = console.settings(None, near_copies=near_copies)
        found = explain_articles(left, right, settings, among=others.table["text"] if among else None)
        found = replace(found, names=(a, b))
        with console.closed_output():
            if as_json:
                console.print_json(_explained(found))
            else:
                console.out.print(terminal.explanation(found))
    console.fail_if_unread(others, left_read, right_read)


@main.command()
@click.argument("labels", metavar="LABELS")
@click.argument("cluster", metavar="CLUSTER")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="Members to show.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with every member.")
@console.columns
def show(
    labels: str, cluster: str, paths: tuple[str, ...], limit: int, as_json: bool, text_column: str, id_column: str
) -> None:
    """Show a cluster of a run.

    LABELS is what `dedup cluster --out` wrote, a file or, with --state, a folder. CLUSTER is the id of a member, or a
    place, 1 being the largest; #1 is a place even where an article has the id 1. With the PATHs of the articles
    themselves their titles, template, keywords and indicators are shown, too.
    """
    console.prepare_process()
    with console.failures():
        table = files.labels(labels)
        try:
            members = lookup.members(table, cluster)
        except InputError as error:
            raise click.UsageError(f"{printable(labels)}: {error}") from error
        nightly = os.path.isdir(labels)  # noqa: PTH112 - Path.is_dir raises where a folder above is closed
        read = console.read(paths, text_column, id_column, exclude=[labels], by_path=nightly)
        rows = lookup.positions(members, table, read.table)
        found = lookup.cluster(members, rows, read.table)
        missing = len(rows) - (len(found) if found else 0)
        if paths and missing:
            some = f"{missing:,} of the {counted(len(rows), 'member')}"
            console.err.print(f"No text in the PATHs: {some}, left out of what the cluster is about", highlight=False)
        with console.closed_output():
            if as_json:
                console.print_json(_members(members) | (_about(found) if paths else {}))
            else:
                headings = [titles(read.table["text"], [row])[0] if row >= 0 else "" for row in rows[:limit]]
                _show_cluster(members, found, headings, limit)
    console.fail_if_unread(read)


def _article(name: str, others: files.Read, text: str, id_: str, *, among: bool) -> tuple[str, files.Read]:
    """The text of an article by its id, or of a file that holds one, and what it was read with."""
    found = lookup.article(others.table, name)
    if found is not None:
        return found, others
    if not os.path.lexists(name):
        raise FileError(_nowhere(name, others.table, among=among))
    read = files.read([name], text=text, id=id_)
    if not len(read.table):
        why = read.problems[0].reason if read.problems else "it holds no articles"
        raise FileError(f"cannot read an article from {shown(name)!r}: {why}")
    console.report(read, [])
    if len(read.table) > 1:
        raise FileError(
            f"{shown(name)!r} holds {len(read.table):,} articles, not one; give --among {shown(name)} and an id of "
            f"theirs, such as {read.table['id'][0].as_py()!r}"
        )
    return read.table["text"][0].as_py() or "", read


def _nowhere(name: str, others: pa.Table, *, among: bool) -> str:
    """What to say of a name that is neither a file nor an id."""
    if not among:
        return f"there is no file {shown(name)!r}; if it is an article's id, give --among PATH, the file that holds it"
    example = f"; ids are such as {others['id'][0].as_py()!r}" if len(others) else ""
    return f"{shown(name)!r} is neither a file nor the id of an article that --among reads{example}"


def _explained(found: Explanation) -> dict[str, Any]:
    passages = []
    for passage in found.passages:
        left, right = found.texts(passage)
        passages.append({**asdict(passage), "text_left": left, "text_right": right})
    frames = [
        [{**span._asdict(), "text": text[span.begin : span.end]} for span in side]
        for text, side in zip((found.left, found.right), found.frames, strict=True)
    ]
    return {
        "names": found.names,
        "similarity": found.similarity,
        "concentration": found.concentration,
        "passages": passages,
        "frames": dict(zip(("left", "right"), frames, strict=True)),
    }


def _members(found: lookup.Members) -> dict[str, Any]:
    members = [{"id": one, "similarity": value} for one, value in zip(found.ids, found.similarity, strict=True)]
    return {"cluster": found.place, "label": found.label, "size": len(members), "members": members}


def _about(found: Cluster | None) -> dict[str, Any]:
    """What a cluster is about; nothing where no text of it was read."""
    if found is None:
        return {"keywords": [], "indicators": [], "template": None}
    return {
        "keywords": [asdict(one) for one in found.keywords()],
        "indicators": [asdict(one) for one in found.indicators()],
        "template": asdict(found.template()),
    }


def _show_cluster(members: lookup.Members, found: Cluster | None, headings: list[str], limit: int) -> None:
    size, label = counted(len(members.ids), "article"), printable(members.label)
    console.say(f"cluster {members.place:,} of {members.of:,}: {size}, represented by {label}")
    console.out.print(terminal.members(members.ids, members.similarity, headings, limit))
    if found is not None:
        console.out.print(terminal.evidence(found.keywords(), found.indicators(), found.template()))


def _check_inputs(paths: tuple[str, ...], targets: list[str]) -> None:
    """Refuse to read nothing, to write over what is read, and to write two things into one file."""
    if len(set(map(os.path.realpath, targets))) < len(targets):
        raise FileError(f"--out and --report are one file, {shown(targets[0])!r}; name another for one of them")
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


def _run(
    paths: tuple[str, ...],
    targets: list[str],
    settings: Settings,
    text: str,
    id_: str,
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
        read = files.read(
            paths, text=text, id=id_, exclude=targets, progress=lambda done, total: tell("read", done, total)
        )
        reading = time.perf_counter() - begin
        try:
            if not len(read.table):
                raise FileError("no articles were read, nothing was written")
            found = cluster_articles(read.table, settings, threads=threads, progress=tell)
        finally:
            console.report(read, caught)
    return read, found, reading


def _show(found: Clusters, read: pa.Table, seconds: Mapping[str, float], target: str, report: str | None) -> None:
    """The largest clusters, how many there are, and where the time went."""
    inside = int((found.sizes > 1).sum())
    if len(found):
        console.out.print(terminal.largest(found, read))
    written = f"Labels are in {printable(target)}" + (f", the report in {printable(report)}" if report else "")
    console.say(
        f"{counted(len(found.labels), 'article')}: {inside:,} in {counted(len(found), 'cluster')}, "
        f"{len(found.labels) - inside:,} alone. {written}"
    )
    if found.frames():
        console.say(f"Left out: {found.frames().summary}")
    stages = ", ".join(f"{stage} {taken:.1f}" for stage, taken in seconds.items())
    console.say(f"Seconds: {stages}; in all {sum(seconds.values()):.1f}")
