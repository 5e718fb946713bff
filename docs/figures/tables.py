"""A table of a page, read as a reader would: so that a figure shows what the page says, and no number stands twice."""

from __future__ import annotations

from pathlib import Path

DOCS = Path(__file__).resolve().parents[1]


def rows(page: str, header: str) -> list[list[str]]:
    """The cells of the table of this page whose header begins so, row by row."""
    lines = (DOCS / page).read_text("utf-8").splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith(header)) + 2
    found = []
    for line in lines[first:]:
        if not line.startswith("|"):
            break
        found.append([cell.strip() for cell in line.strip("|").split("|")])
    return found
