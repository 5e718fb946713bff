"""A page to look at clusters with: one HTML file, without network, in which nothing of an article can run.

In: a result. Out: the file. What an article says is only ever data: JSON, compressed, in base64, which the page's own
script shows as text; a content security policy lets no other script run and nothing be fetched. A cluster's data stand
by themselves and are unpacked when it is opened. Costs about 10 ms an article of 10,000 characters.

From the top: `campaign_pages` makes the data of campaigns, `pages` those of clusters, and `shared` those of what their
texts have in common; `shell` puts `page.html`, `page.css`, the script in the files of `page/` and the data together.
`audit_page` writes another page of the same parts, and `plots` draws pictures for notebooks.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from importlib.metadata import version
from typing import IO, Any

from dedup import files
from dedup.report.campaign_pages import page as campaign_page
from dedup.report.campaign_pages import shown, summary
from dedup.report.pages import ReportedResult, frames, page, row
from dedup.report.shell import embed, framed, joined

SUFFIXES = (".html", ".htm")
SECTIONS = (
    "elements",
    "theme",
    "data",
    "passages",
    "rows",
    "charts",
    "overview",
    "cluster",
    "matrix",
    "sides",
    "pair",
    "campaign",
    "views",
    "start",
)
"""The files of the page's script, in the order in which they stand in it."""


def write(
    found: ReportedResult,
    path: str | os.PathLike[str],
    *,
    title: str,
    members: int,
    campaigns: bool = True,
    progress: Callable[[int, int], object] | None = None,
) -> None:
    """Write the page.

    Args:
        found: The clusters, with their texts.
        path: File ending in .html or .htm; an existing file is replaced as a whole or not touched.
        title: Title of the page.
        members: How many texts of a cluster it holds, at most.
        campaigns: Also show the campaigns of several clusters.
        progress: Called with clusters done and in all.

    Raises:
        FileError: The file cannot be written.

    Example:
        >>> from pathlib import Path
        >>> write(clusters, "page.html", title="Tea and bridges", members=50)
        >>> "Tea and bridges" in Path("page.html").read_text("utf-8")
        True
    """
    files.check_output(path, SUFFIXES)
    title = title.encode("utf-8", "replace").decode()
    before, behind = framed("page.html", title, script())
    with tempfile.TemporaryFile() as clusters:
        rows = _clusters(found, clusters, members, progress)
        of_campaigns = _campaigns(found, clusters) if campaigns else summary(None, [], len(found))
        clusters.seek(0)
        with files.replacing(path) as file:
            file.write(before.encode())
            embed(
                file, "summary", _summary(found, title, rows) | {"campaigns": of_campaigns}
            )  # first, for it is drawn while the rest is read
            shutil.copyfileobj(clusters, file)
            file.write(behind.encode())


def _clusters(
    found: ReportedResult, file: IO[bytes], members: int, progress: Callable[[int, int], object] | None
) -> list[dict[str, Any]]:
    """Write the data of each cluster; returns the rows of the table."""
    rows, embedded = [], []
    with ThreadPoolExecutor(1) as writer:
        for number, cluster in enumerate(found):
            data = page(found, cluster, members)
            rows.append(row(cluster, data))
            embedded.append(writer.submit(embed, file, f"cluster-{number}", data))  # packing releases the GIL
            if progress:
                progress(number + 1, len(found))
    for one in embedded:
        one.result()
    return rows


def _campaigns(found: ReportedResult, file: IO[bytes]) -> dict[str, Any]:
    """Write the data of each campaign of several clusters; returns what the page shows of them first."""
    every = found.campaigns()
    numbers = {cluster.representative: number for number, cluster in enumerate(found)}
    pages = [(one, campaign_page(one, numbers)) for one in shown(every)]
    for number, (_, data) in enumerate(pages):
        embed(file, f"campaign-{number}", data)
    return summary(every, pages, len(found))


def script() -> str:
    """The script of the page.

    Example:
        >>> "</script" in script()
        False
    """
    return joined(SECTIONS)


def _summary(found: ReportedResult, title: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What the page shows first."""
    columns = ("size", "similarity", "label", "name", "title", "keywords", "indicators", "search")
    return {
        "title": title,
        "version": version("article-dedup"),
        "created": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "articles": len(found.heads),
        "clustered": sum(len(cluster) for cluster in found),
        "threshold": found.threshold,
        "histogram": found.histogram.tolist(),
        "edges": int((found.graph.similarity >= found.threshold).sum()),
        "frames": frames(found),
        "clusters": {column: [one[column] for one in rows] for column in columns},
    }
