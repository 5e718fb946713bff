"""A page in which a person marks pairs of articles: one HTML file, without network, like the report.

In: pairs of articles, and the columns that are saved with their marks. Out: the file. It keeps the marks in the
browser's storage, under a name that is made of the pairs, and saves them as the CSV that `dedup.audits.marks` reads.
Costs 20 ms a pair of articles of 10,000 characters.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from dedup import files
from dedup.evidence.corpus import Corpus
from dedup.report import SUFFIXES
from dedup.report.shared import shared
from dedup.report.shell import embed, framed, joined

SECTIONS = ("elements", "theme", "data", "passages", "sides", "audit")
"""The files of the page's script, in the order in which they stand in it."""


def write(
    path: str | os.PathLike[str],
    corpus: Corpus,
    pairs: Sequence[tuple[int, int]],
    rows: Sequence[tuple[object, ...]],
    *,
    columns: Sequence[str],
    title: str,
) -> None:
    """Write the page.

    Args:
        path: File ending in .html or .htm; an existing file is replaced as a whole or not touched.
        corpus: The texts.
        pairs: Positions of two articles each.
        rows: What is saved with each pair: first the ids of both, at last its mark.
        columns: What the cells of a row are called.
        title: Title of the page.

    Raises:
        FileError: The file cannot be written.
    """
    files.check_output(path, SUFFIXES)
    title = title.encode("utf-8", "replace").decode()
    before, behind = framed("audit.html", title, script())
    with files.replacing(path) as file:
        file.write(before.encode())
        embed(file, "summary", _summary(title, columns, rows))
        for number, (left, right) in enumerate(pairs):
            texts = {"members": [0, 1], "of": [0, 1], **shared([corpus.side(left), corpus.side(right)])}
            embed(file, f"pair-{number}", texts)
        file.write(behind.encode())


def script() -> str:
    """The script of the page."""
    return joined(SECTIONS)


def _summary(title: str, columns: Sequence[str], rows: Sequence[tuple[object, ...]]) -> dict[str, Any]:
    """What the page shows first, and saves."""
    cells = [[str(cell) for cell in row] for row in rows]
    key = hashlib.sha256(repr([row[:2] for row in cells]).encode("utf-8", "replace")).hexdigest()[:16]
    return {"title": title, "version": version("article-dedup"), "key": key, "columns": list(columns), "rows": cells}
