"""`dedup show`: a cluster or a campaign of a run, by its labels.

In: labels, and perhaps the articles themselves. Out: on the standard output members, titles, template, keywords and
indicators; of a campaign its clusters and links; or JSON.
"""

from __future__ import annotations

import os
from dataclasses import asdict
from math import isnan
from typing import TYPE_CHECKING, Any, NamedTuple

import click
import pyarrow as pa

from dedup import files
from dedup.cli import console, labelled, terminal
from dedup.errors import InputError
from dedup.evidence.titles import printable, titles
from dedup.files import counted

if TYPE_CHECKING:
    from dedup.evidence.campaign_results import Campaign, Reason
    from dedup.results import Cluster


@click.command()
@click.argument("labels", metavar="LABELS")
@click.argument("cluster", metavar="CLUSTER")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--campaign", "of_campaign", is_flag=True, help="CLUSTER names a campaign: show what it consists of.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="Members to show.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with every member.")
@console.reads
def show(
    labels: str,
    cluster: str,
    paths: tuple[str, ...],
    of_campaign: bool,
    limit: int,
    as_json: bool,
    reading: files.ReadOptions,
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
        meant = _meant(labels, table, cluster, of_campaign=of_campaign)
        read = _articles(labels, paths, reading)
        how = _Shown(limit, as_json, with_texts=bool(paths))
        if isinstance(meant, labelled.ShownCampaign):
            _show_campaign(meant, table, read.table, how)
        else:
            _show_members(meant, table, read.table, how)
    console.fail_if_unread(read)


class _Shown(NamedTuple):
    """How it is shown."""

    limit: int
    as_json: bool
    with_texts: bool
    """Whether articles were named."""


def _articles(labels: str, paths: tuple[str, ...], reading: files.ReadOptions) -> files.Read:
    """The articles that these labels are about."""
    nightly = os.path.isdir(labels)  # noqa: PTH112 - Path.is_dir raises where a folder above is closed
    return console.read(paths, reading, exclude=[labels], by_path=nightly)


def _meant(
    labels: str, table: pa.Table, name: str, *, of_campaign: bool
) -> labelled.ShownCampaign | labelled.ShownCluster:
    """The cluster or campaign that a name means among labels; bad usage if it means nothing."""
    try:
        return labelled.campaign(table, name) if of_campaign else labelled.members(table, name)
    except InputError as error:
        raise click.UsageError(f"{printable(labels)}: {error}") from error


def _show_members(members: labelled.ShownCluster, table: pa.Table, read: pa.Table, how: _Shown) -> None:
    """Show a cluster."""
    rows = labelled.positions(members, table, read)
    found = labelled.cluster(members, rows, read)
    _complain_missing(found, len(rows), "the cluster", how)
    campaign = table["campaign"][int(members.rows[0])].as_py() if "campaign" in table.column_names else None
    with console.closed_output():
        if how.as_json:
            console.print_json(_members(members, campaign) | (_about(found) if how.with_texts else {}))
        else:
            headings = [titles(read["text"], [row])[0] if row >= 0 else "" for row in rows[: how.limit].tolist()]
            around = None if campaign is None else labelled.campaign(table, campaign)
            _show_cluster(members, found, headings, how.limit, around)


def _complain_missing(found: Cluster | Campaign | None, of: int, what: str, how: _Shown) -> None:
    missing = of - (len(found) if found else 0)
    if how.with_texts and missing:
        some = f"{missing:,} of the {counted(of, 'member')}"
        console.remark(f"No text in the PATHs for {some}; {what} is shown without them")


def _show_campaign(gathered: labelled.ShownCampaign, table: pa.Table, read: pa.Table, how: _Shown) -> None:
    """Show a campaign."""
    found = labelled.judged(gathered, table, read) if how.with_texts else None
    _complain_missing(found, len(gathered.ids), "the campaign", how)
    with console.closed_output():
        if how.as_json:
            console.print_json(_gathered(gathered) | (_evidence(found) if how.with_texts else {}))
            return
        parts = f"{counted(len(gathered.ids), 'article')}, {_parts(gathered)}"
        label = printable(gathered.label)
        console.say(f"campaign {gathered.place:,} of {gathered.of:,}: {parts}, called {label}")
        console.out.print(terminal.campaign_clusters(gathered.clusters, gathered.lone, how.limit))
        if found is not None:
            links, marks = _links(found), found.indicators()
            if links:
                console.out.print(terminal.links(links, how.limit))
            if marks:
                console.out.print(terminal.indicators(marks))
        elif not how.with_texts:
            console.say("With the PATHs of the articles its links and indicators are shown, too.")


def _parts(found: labelled.ShownCampaign) -> str:
    """What a campaign consists of."""
    lone = f" and {counted(len(found.lone), 'lone article')}" if found.lone else ""
    return f"{counted(len(found.clusters), 'cluster')}{lone}"


def _links(found: Campaign) -> list[tuple[str, str, Reason]]:
    names = found.run.names
    return [(str(names[one.left].as_py()), str(names[one.right].as_py()), one) for one in found.links()]


def _gathered(found: labelled.ShownCampaign) -> dict[str, Any]:
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


def _members(found: labelled.ShownCluster, campaign: str | None) -> dict[str, Any]:
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
    members: labelled.ShownCluster,
    found: Cluster | None,
    headings: list[str],
    limit: int,
    around: labelled.ShownCampaign | None,
) -> None:
    size, label = counted(len(members.ids), "article"), printable(members.label)
    console.say(f"cluster {members.place:,} of {members.of:,}: {size}, represented by {label}")
    if around and len(around.clusters) + len(around.lone) > 1:
        size, label = counted(len(around.ids), "article"), printable(around.label)
        console.say(f"in campaign {around.place:,} of {around.of:,}: {size}, {_parts(around)}, called {label}")
    console.out.print(terminal.members(members.ids, members.similarity, headings, limit))
    if found is not None:
        console.out.print(terminal.evidence(found.keywords(), found.indicators(), found.template()))
        console.say(f"the three heaviest passages carry {found.concentration():.0%} of the similarity, in the median")
