"""The data of campaigns, for the page.

In: the campaigns of a result. Out: plain values for JSON: for each a row of the table of all, what it consists of, why
it is one campaign, and a graph to draw: its largest clusters and lone articles with the names that several of them
hold. Campaigns of a single cluster are left out, for the page shows the cluster.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dedup.evidence.campaign_results import Campaign, Campaigns, Reason, SharedName
from dedup.evidence.indicators import OPERATOR
from dedup.evidence.indicators.services import public
from dedup.evidence.titles import titles
from dedup.report.pages import WIDEST_TITLE

MOST_CAMPAIGNS, MOST_LINKS, MOST_LONE, MOST_INDICATORS, MOST_FRAMES = 200, 500, 200, 200, 20
"""Campaigns in the page; then of one campaign: links, lone articles, indicators, frames."""
LONGEST_FRAME, LONGEST_WORDS = 600, 1000
MOST_NODES, MOST_NAMES = 60, 12
"""Nodes of a graph, and how many of them may be names."""
SEARCHED = 100
"""Members whose texts are searched for indicators."""
IN_ROW = 3


def shown(found: Campaigns | None) -> list[Campaign]:
    """The campaigns that are in the page: those of more than a single cluster.

    Args:
        found: All of a result, or None where they were not looked for.
    """
    return [] if found is None else found.several[:MOST_CAMPAIGNS]


def page(campaign: Campaign, numbers: Mapping[int, int]) -> dict[str, Any]:
    """All that the page shows of a campaign.

    Args:
        campaign: One of several clusters or lone articles.
        numbers: Number of each cluster of the result, by the position of its representative.
    """
    names = campaign.run.names
    lone = campaign.lone[:MOST_LONE].tolist()
    links = campaign.links()
    frames = campaign.frames()[:MOST_FRAMES]
    searched = min(SEARCHED, len(campaign))
    return {
        "clusters": [numbers[one.representative] for one in campaign.clusters],
        "lone": [[str(names[row].as_py()), title] for row, title in zip(lone, _titles(campaign, lone), strict=True)],
        "alone": len(campaign.lone),
        "links": [
            [str(names[one.left].as_py()), str(names[one.right].as_py()), round(one.strength, 3), _cut(one.words)]
            for one in links[:MOST_LINKS]
        ],
        "linked": len(links),
        "searched": searched,
        "indicators": [
            [one.kind, one.value, one.members] for one in campaign.indicators(sample=SEARCHED)[:MOST_INDICATORS]
        ],
        "frames": [[one.passage[:LONGEST_FRAME], one.holders, round(one.alike, 4)] for one in frames],
        "graph": _graph(campaign, links, numbers),
    }


def _titles(campaign: Campaign, rows: Sequence[int]) -> list[str]:
    corpus = campaign.run.corpus
    assert corpus is not None
    return titles(corpus.texts.column, rows, WIDEST_TITLE)


def _graph(campaign: Campaign, links: Sequence[Reason], numbers: Mapping[int, int]) -> dict[str, Any]:
    """Clusters and lone articles, the largest first, the names that they share, and the links between those drawn."""
    names = campaign.run.names
    every = [one.representative for one in campaign.clusters] + campaign.lone.tolist()
    sure = set(every[: MOST_NODES - MOST_NAMES])
    known = [one for one in campaign.shared() if len(sure.intersection(one[1])) > 1]
    shared = _telling(known)[:MOST_NAMES]
    drawn = every[: MOST_NODES - len(shared)]
    place = {row: number for number, row in enumerate(drawn)}
    sizes = {one.representative: len(one) for one in campaign.clusters}
    drawn_links = [
        [place[one.left], place[one.right], round(one.strength, 3), _cut(one.words)]
        for one in links
        if one.left in place and one.right in place
    ]
    return {
        "nodes": [[str(names[row].as_py()), sizes.get(row, 1), numbers.get(row, -1)] for row in drawn],
        "names": [
            [one.kind, one.value, one.inside, one.outside, [place[row] for row in rows if row in place]]
            for one, rows in shared
        ],
        "links": drawn_links,
        "parts": len(every),
    }


def _telling(shared: Sequence[tuple[SharedName, list[int]]]) -> list[tuple[SharedName, list[int]]]:
    """Names before addresses, and those that few others hold first."""
    return sorted(shared, key=lambda one: (one[0].kind not in OPERATOR, one[0].outside, -len(one[1]), one[0]))


def _cut(words: str) -> str:
    return words if len(words) <= LONGEST_WORDS else words[: LONGEST_WORDS - 1] + "…"


def summary(found: Campaigns | None, pages: Sequence[tuple[Campaign, dict[str, Any]]], clusters: int) -> dict[str, Any]:
    """What the page shows of campaigns first.

    Args:
        found: All of a result, or None where they were not looked for.
        pages: Those that are in the page, with their data.
        clusters: How many clusters there are.
    """
    of: list[int | None] = [None] * clusters
    for number, (_, data) in enumerate(pages):
        for cluster in data["clusters"]:
            of[cluster] = number
    return {
        "count": 0 if found is None else len(found.several),
        "of": of,
        "rows": [
            {
                "articles": len(one),
                "clusters": len(one.clusters),
                "alone": data["alone"],
                "label": str(one.name),
                "title": _titles(one, [one.representative])[0],
                "indicators": [row for row in data["indicators"] if not public(row[0], row[1])][:IN_ROW],
                "searched": data["searched"],
            }
            for one, data in pages
        ],
    }
