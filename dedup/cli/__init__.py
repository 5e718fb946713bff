"""The command `dedup`.

In: paths and options. Out: a file of labels, a report, and on the standard output what was found; progress and
problems on the standard error stream. Exit codes: 0 when all went well, 1 when a file or row could not be read (the
rest has been written or shown then) or the run failed, 2 for bad usage; `dedup.cli.nights` has its own. No logic of
its own: it reads, clusters, writes, shows.
"""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from itertools import combinations
from math import isnan
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click
import pyarrow as pa

from dedup import files
from dedup.cli import console, indexing, nights, showing, terminal
from dedup.errors import DedupWarning, FileError, InputError, MissingExtraError, SettingsError
from dedup.evidence.campaign_results import check_export
from dedup.evidence.titles import printable, titles
from dedup.files import counted, shown
from dedup.pipeline import cluster as cluster_articles
from dedup.pipeline import explain as explain_articles
from dedup.settings import Settings

if TYPE_CHECKING:
    from dedup.evidence.campaign_results import Campaign, Reason
    from dedup.evidence.passages import Explanation
    from dedup.results import Cluster, Clusters

Meant = TypeVar("Meant")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="article-dedup", prog_name="dedup")
def main() -> None:
    """Find articles that are copies, edited copies or template-spun rewrites of each other."""


main.add_command(indexing.index)
main.add_command(nights.report)


@main.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--out", "target", required=True, metavar="FILE", help="Labels: .parquet, .csv or .jsonl; with --state a folder."
)
@click.option("--report", metavar="FILE", help="A page to look at the clusters with: .html.")
@click.option(
    "--indicators", metavar="FILE", help="Indicators, and which campaigns hold them: .csv, or STIX 2.1 as .json."
)
@click.option("--no-campaigns", is_flag=True, help="Leave out the column campaign; it takes 0.5 to 2 ms an article.")
@click.option("--threshold", type=float, metavar="T", help="Similarity from which a pair is an edge, in (0, 1].")
@click.option("--near-copies", is_flag=True, help="Copies only: plain Jaccard of five-character shingles, from 0.7.")
@console.columns
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
    the representative of the article's cluster), size (of the cluster), similarity (to the representative), cluster
    (the id of its first article) and campaign (the id of its first article; a campaign is the clusters and lone
    articles that one operator made, with --near-copies a single cluster).

    With --state the run is a night of a job: files that are new or have changed are read and compared with everything
    before, in bounded memory; the output is a folder of Parquet, in which clusters and campaigns keep their ids from
    night to night.
    """
    console.prepare_process()
    settings = _settings(threshold, near_copies=near_copies)
    if state is not None:
        _check_nightly(paths, report, indicators)
        nights.run(
            paths, target, state, settings, (text_column, id_column),
            campaigns=not no_campaigns, memory=memory, threads=threads, max_rejects=max_rejects, log_json=log_json,
            quiet=quiet,
        )  # fmt: skip
        return
    _check_alone(memory=memory is not None, max_rejects=max_rejects is not None, log_json=log_json)
    if indicators is not None and no_campaigns:
        raise click.UsageError("--indicators lists what campaigns hold; leave out --no-campaigns")
    targets = _Targets(target, report, indicators, campaigns=not no_campaigns)
    _cluster(paths, targets, settings, text_column, id_column, threads, quiet=quiet)


def _settings(threshold: float | None, *, near_copies: bool) -> Settings:
    try:
        return console.settings(threshold, near_copies=near_copies)
    except SettingsError as error:
        raise click.UsageError(str(error)) from error


class _Targets(NamedTuple):
    """The files that a run is to write."""

    labels: str
    report: str | None
    indicators: str | None
    campaigns: bool
    """Whether to look for campaigns."""

    @property
    def files(self) -> dict[str, str]:
        """The files by the options that name them."""
        named = {"--out": self.labels, "--report": self.report, "--indicators": self.indicators}
        return {option: path for option, path in named.items() if path is not None}

    @property
    def words(self) -> str:
        """Which file holds what."""
        known = {"--out": "Labels are", "--report": "the report", "--indicators": "indicators"}
        return ", ".join(f"{known[option]} in {printable(path)}" for option, path in self.files.items())


def _check_nightly(paths: tuple[str, ...], report: str | None, indicators: str | None) -> None:
    """Refuse what does not go with --state."""
    for option, path in (("--report", report), ("--indicators", indicators)):
        if path is not None:
            raise click.UsageError(
                f"{option} holds all articles in memory, which --state is to avoid; leave one of them out"
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
    targets: _Targets,
    settings: Settings,
    text_column: str,
    id_column: str,
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
        _check_inputs(paths, targets.files)
    except (SettingsError, FileError, MissingExtraError) as error:
        raise click.UsageError(str(error)) from error
    with console.failures():
        names = list(targets.files.values())
        read, found, reading = _run(paths, names, settings, text_column, id_column, threads, quiet=quiet)
        seconds = {**found.seconds, "read": reading + found.seconds["read"]}
        if targets.campaigns:
            with _timed(seconds, "campaigns"), console.shown_progress(quiet=quiet) as tell:
                found.campaigns(threads=threads, progress=lambda done, total: tell("campaigns", done, total))
        with _timed(seconds, "write"):
            files.write(found.to_arrow(campaigns=targets.campaigns), targets.labels)
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


@main.command()
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@click.option("--among", multiple=True, metavar="PATH", help="Articles in which to count; A and B may be ids of them.")
@click.option("--near-copies", is_flag=True, help="Plain Jaccard of five-character shingles, without weights.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with every passage.")
@console.columns
def explain(
    a: str, b: str, among: tuple[str, ...], near_copies: bool, as_json: bool, text_column: str, id_column: str
) -> None:
    """Show why two articles are alike: what they share, coloured by weight.

    A and B are files of one article each, or ids of articles that --among reads. Shingles are weighed by how many of
    the articles of --among hold them; without --among by the background model alone.
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
@click.option("--campaign", "of_campaign", is_flag=True, help="CLUSTER names a campaign: show what it consists of.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="Members to show.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with every member.")
@console.columns
def show(
    labels: str,
    cluster: str,
    paths: tuple[str, ...],
    of_campaign: bool,
    limit: int,
    as_json: bool,
    text_column: str,
    id_column: str,
) -> None:
    """Show a cluster or a campaign of a run.

    LABELS is what `dedup cluster --out` wrote, a file or, with --state, a folder. CLUSTER is the id of a member, or a
    place, 1 being the largest; #1 is a place even where an article has the id 1. With the PATHs of the articles
    themselves their titles, template, keywords and indicators are shown, too.

    With --campaign the id or place is that of a campaign; its clusters and lone articles are shown, and with the PATHs
    of all articles of the run its indicators and the links that hold it together, with their reasons.
    """
    console.prepare_process()
    with console.failures():
        table = files.labels(labels)
        columns = (text_column, id_column)
        if of_campaign:
            read = _show_campaign(labels, table, cluster, paths, limit, columns, as_json=as_json)
        else:
            read = _show_members(labels, table, cluster, paths, limit, columns, as_json=as_json)
    console.fail_if_unread(read)


def _articles(labels: str, paths: tuple[str, ...], columns: tuple[str, str]) -> files.Read:
    """The articles that these labels are about."""
    nightly = os.path.isdir(labels)  # noqa: PTH112 - Path.is_dir raises where a folder above is closed
    return console.read(paths, *columns, exclude=[labels], by_path=nightly)


def _meant(labels: str, table: pa.Table, name: str, look: Callable[[pa.Table, str], Meant]) -> Meant:
    """The cluster or campaign that a name means among labels; bad usage if it means nothing."""
    try:
        return look(table, name)
    except InputError as error:
        raise click.UsageError(f"{printable(labels)}: {error}") from error


def _show_members(
    labels: str,
    table: pa.Table,
    name: str,
    paths: tuple[str, ...],
    limit: int,
    columns: tuple[str, str],
    *,
    as_json: bool,
) -> files.Read:
    """Show a cluster."""
    members = _meant(labels, table, name, showing.members)
    read = _articles(labels, paths, columns)
    rows = showing.positions(members, table, read.table)
    found = showing.cluster(members, rows, read.table)
    _complain_missing(paths, len(rows) - (len(found) if found else 0), len(rows), "the cluster")
    campaign = table["campaign"][int(members.rows[0])].as_py() if "campaign" in table.column_names else None
    with console.closed_output():
        if as_json:
            console.print_json(_members(members, campaign) | (_about(found) if paths else {}))
        else:
            headings = [titles(read.table["text"], [row])[0] if row >= 0 else "" for row in rows[:limit].tolist()]
            around = None if campaign is None else showing.campaign(table, campaign)
            _show_cluster(members, found, headings, limit, around)
    return read


def _complain_missing(paths: tuple[str, ...], missing: int, of: int, what: str) -> None:
    if paths and missing:
        some = f"{missing:,} of the {counted(of, 'member')}"
        console.err.print(f"No text in the PATHs for {some}; {what} is shown without them", highlight=False)


def _show_campaign(
    labels: str,
    table: pa.Table,
    name: str,
    paths: tuple[str, ...],
    limit: int,
    columns: tuple[str, str],
    *,
    as_json: bool,
) -> files.Read:
    """Show a campaign."""
    gathered = _meant(labels, table, name, showing.campaign)
    read = _articles(labels, paths, columns)
    found = showing.judged(gathered, table, read.table) if paths else None
    _complain_missing(paths, len(gathered.ids) - (len(found) if found else 0), len(gathered.ids), "the campaign")
    with console.closed_output():
        if as_json:
            console.print_json(_gathered(gathered) | (_evidence(found) if paths else {}))
            return read
        parts = f"{counted(len(gathered.ids), 'article')}, {_parts(gathered)}"
        label = printable(gathered.label)
        console.say(f"campaign {gathered.place:,} of {gathered.of:,}: {parts}, represented by {label}")
        console.out.print(terminal.campaign_clusters(gathered.clusters, gathered.lone, limit))
        if found is not None:
            links, marks = _links(found), found.indicators()
            if links:
                console.out.print(terminal.links(links, limit))
            if marks:
                console.out.print(terminal.indicators(marks))
        elif not paths:
            console.say("With the PATHs of the articles its links and indicators are shown, too.")
    return read


def _parts(found: showing.ShownCampaign) -> str:
    """What a campaign consists of."""
    lone = f" and {counted(len(found.lone), 'lone article')}" if found.lone else ""
    return f"{counted(len(found.clusters), 'cluster')}{lone}"


def _links(found: Campaign) -> list[tuple[str, str, Reason]]:
    names = found.run.names
    return [(str(names[one.left].as_py()), str(names[one.right].as_py()), one) for one in found.links()]


def _gathered(found: showing.ShownCampaign) -> dict[str, Any]:
    clusters = [{"cluster": place, "label": label, "size": size} for place, label, size in found.clusters]
    size = len(found.ids)
    return {"campaign": found.place, "label": found.label, "size": size, "clusters": clusters, "lone": found.lone}


def _evidence(found: Campaign | None) -> dict[str, Any]:
    """Why it is one campaign, and what leads to its operator; empty where no texts of it were read."""
    if found is None:
        return {"links": [], "indicators": []}
    links = [
        {
            "left": left,
            "right": right,
            "strength": one.strength,
            "body": None if isnan(one.body) else one.body,
            "passages": one.passages,
            "names": [name._asdict() for name in one.names],
            "words": one.words,
        }
        for left, right, one in _links(found)
    ]
    return {"links": links, "indicators": [asdict(one) for one in found.indicators()]}


def _article(name: str, others: files.Read, text: str, id_: str, *, among: bool) -> tuple[str, files.Read]:
    """The text of an article by its id, or of a file that holds one, and what it was read with."""
    found = showing.article(others.table, name)
    if found is not None:
        return found, others
    if not os.path.lexists(name):
        raise FileError(_not_found(name, others.table, among=among))
    read = files.read([name], text=text, id=id_)
    if not len(read.table):
        why = read.problems[0].reason if read.problems else "it holds no articles"
        raise FileError(f"cannot read an article from {shown(name)!r}: {why}")
    console.report(read, [])
    if len(read.table) > 1:
        raise FileError(
            f"{shown(name)!r} holds {len(read.table):,} articles, not one; give --among {shown(name)} and the id of "
            f"one of them, such as {read.table['id'][0].as_py()!r}"
        )
    return read.table["text"][0].as_py() or "", read


def _not_found(name: str, others: pa.Table, *, among: bool) -> str:
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


def _members(found: showing.ShownCluster, campaign: str | None) -> dict[str, Any]:
    members = [{"id": one, "similarity": value} for one, value in zip(found.ids, found.similarity, strict=True)]
    around = {} if campaign is None else {"campaign": campaign}
    return {"cluster": found.place, "label": found.label, "size": len(members), **around, "members": members}


def _about(found: Cluster | None) -> dict[str, Any]:
    """What a cluster is about; empty where no text of it was read."""
    if found is None:
        return {"keywords": [], "indicators": [], "template": None, "concentration": None}
    return {
        "keywords": [asdict(one) for one in found.keywords()],
        "indicators": [asdict(one) for one in found.indicators()],
        "template": asdict(found.template()),
        "concentration": found.concentration(),
    }


def _show_cluster(
    members: showing.ShownCluster,
    found: Cluster | None,
    headings: list[str],
    limit: int,
    around: showing.ShownCampaign | None,
) -> None:
    size, label = counted(len(members.ids), "article"), printable(members.label)
    console.say(f"cluster {members.place:,} of {members.of:,}: {size}, represented by {label}")
    if around and len(around.clusters) + len(around.lone) > 1:
        size, label = counted(len(around.ids), "article"), printable(around.label)
        console.say(f"in campaign {around.place:,} of {around.of:,}: {size}, {_parts(around)}, represented by {label}")
    console.out.print(terminal.members(members.ids, members.similarity, headings, limit))
    if found is not None:
        console.out.print(terminal.evidence(found.keywords(), found.indicators(), found.template()))
        console.say(f"the three heaviest passages carry {found.concentration():.0%} of the similarity, in the median")


def _check_inputs(paths: tuple[str, ...], targets: dict[str, str]) -> None:
    """Refuse to read nothing, to write over what is read, and to write two things into one file."""
    for (one, path), (other, second) in combinations(targets.items(), 2):
        if os.path.realpath(path) == os.path.realpath(second):
            raise FileError(f"{one} and {other} name the same file, {shown(path)!r}; name another for one of them")
    for path in paths:
        if not path:
            raise FileError("a PATH is empty; name a file or folder, or . for this one")
        for target in filter(os.path.exists, targets.values()):
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


def _show(found: Clusters, read: pa.Table, seconds: Mapping[str, float], targets: _Targets) -> None:
    """The largest clusters and campaigns, how many there are, and where the time went."""
    inside = int((found.sizes > 1).sum())
    if len(found):
        console.out.print(terminal.largest(found, read))
    several = found.campaigns().several if targets.campaigns else []
    if several:
        console.out.print(terminal.largest_campaigns(found.campaigns()))
    console.say(
        f"{counted(len(found.labels), 'article')}: {inside:,} in {counted(len(found), 'cluster')}, "
        f"{len(found.labels) - inside:,} alone. {targets.words}"
    )
    if targets.campaigns:
        articles = f", of {counted(sum(map(len, several)), 'article')}" if several else ""
        console.say(f"{counted(len(several), 'campaign')} of several clusters{articles}")
    if found.frames():
        console.say(f"Left out: {found.frames().summary}")
    stages = ", ".join(f"{stage} {taken:.1f}" for stage, taken in seconds.items())
    console.say(f"Seconds: {stages}; in all {sum(seconds.values()):.1f}")
