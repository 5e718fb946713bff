"""A page to look at clusters with: one HTML file, without network, in which nothing of an article can run.

In: a result. Out: the file. What an article says is only ever data: JSON, compressed, in base64, which the page's own
script shows as text; a content security policy lets no other script run and nothing be fetched. A cluster's data stand
by themselves and are unpacked when it is opened. Costs about 10 ms an article of 10,000 characters.

From the top: `campaign_pages` makes the data of campaigns, `pages` those of clusters, and `shared` those of what their
texts have in common; `page.html` and `page.css` are the page, and the files of `page/` its script. `plots` draws
pictures for notebooks, without the page.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import tempfile
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from html import escape
from importlib.metadata import version
from importlib.resources import files as resources
from typing import IO, Any

from dedup import files
from dedup.report.campaign_pages import page as campaign_page
from dedup.report.campaign_pages import shown, summary
from dedup.report.pages import ReportedResult, frames, page, row

SUFFIXES = (".html", ".htm")
MARK = re.compile(r"\{\{(\w+)\}\}")
SECTIONS = (
    "elements",
    "data",
    "passages",
    "rows",
    "charts",
    "overview",
    "cluster",
    "matrix",
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
    progress: Callable[[int, int], None] | None = None,
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
    """
    files.check_output(path, SUFFIXES)
    title = title.encode("utf-8", "replace").decode()
    before, behind = _frame(title)
    with tempfile.TemporaryFile() as clusters:
        rows = _clusters(found, clusters, members, progress)
        of_campaigns = _campaigns(found, clusters) if campaigns else summary(None, [], len(found))
        clusters.seek(0)
        with files.replacing(path) as file:
            file.write(before.encode())
            _embed(
                file, "summary", _summary(found, title, rows) | {"campaigns": of_campaigns}
            )  # first, for it is drawn while the rest is read
            shutil.copyfileobj(clusters, file)
            file.write(behind.encode())


def _clusters(
    found: ReportedResult, file: IO[bytes], members: int, progress: Callable[[int, int], None] | None
) -> list[dict[str, Any]]:
    """Write the data of each cluster; returns the rows of the table."""
    rows, embedded = [], []
    with ThreadPoolExecutor(1) as writer:
        for number, cluster in enumerate(found):
            data = page(found, cluster, members)
            rows.append(row(cluster, data))
            embedded.append(writer.submit(_embed, file, f"cluster-{number}", data))  # packing releases the GIL
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
        _embed(file, f"campaign-{number}", data)
    return summary(every, pages, len(found))


def _frame(title: str) -> tuple[str, str]:
    """The page before the data, and behind them."""
    parts = {"style": _part("page.css"), "script": script()}
    rules = "; ".join(f"{name}-src 'sha256-{_digest(part)}'" for name, part in parts.items())
    policy = f"default-src 'none'; {rules}; img-src data:; base-uri 'none'; form-action 'none'"
    filled = {"policy": policy, "title": escape(title), **parts}
    before, _, behind = _part("page.html").partition("{{data}}")
    return MARK.sub(lambda mark: filled[mark[1]], before), behind


def script() -> str:
    """The page's script: its sections see each other, and nothing else on the page sees them."""
    sections = "\n".join(_part(f"page/{name}.js") for name in SECTIONS)
    return f"(() => {{\n'use strict';\n\n{sections}}})();\n"


def _part(name: str) -> str:
    return resources("dedup.report").joinpath(name).read_text("utf-8")


def _digest(part: str) -> str:
    return base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()


def _embed(file: IO[bytes], name: str, data: Any) -> None:
    """Put data into the page as an element that no browser runs."""
    packed = zlib.compress(json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"))
    file.write(f'<script type="application/octet-stream" id="{name}">'.encode())
    file.write(base64.b64encode(packed))
    file.write(b"</script>\n")


def _summary(found: ReportedResult, title: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What the page shows first."""
    columns = ("size", "similarity", "label", "title", "keywords", "indicators", "search")
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
