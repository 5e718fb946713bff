"""Audits as tables: of plain text, and for a notebook.

In: rows of words, names last, for they may be of any width. Out: lines, or HTML in which everything is escaped.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from dedup.audits.sources import Loss
from dedup.evidence import notebook
from dedup.evidence.titles import printable

SHOWN = 20
"""Rows of sources, at most."""


class Table(NamedTuple):
    """A caption, and rows of words below heads."""

    caption: str
    heads: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


def lines(tables: Sequence[Table]) -> str:
    """Tables as text, the last column ragged.

    Args:
        tables: One below the other.
    """
    return "\n\n".join("\n".join([printable(one.caption), *_aligned(one)]) for one in tables)


def _aligned(table: Table) -> list[str]:
    every = [table.heads, *([printable(cell) for cell in row] for row in table.rows)] if table.rows else []
    widths = [max(map(len, column)) for column in zip(*every, strict=True)][:-1]
    return ["  ".join([*map(str.rjust, row[:-1], widths), row[-1]]) for row in every]


def html(tables: Sequence[Table]) -> str:
    """Tables for a notebook.

    Args:
        tables: One below the other.
    """
    return "".join(notebook.table(*one) for one in tables)


def lost(losses: Sequence[Loss]) -> Table:
    """What each source loses.

    Args:
        losses: The heaviest first.
    """
    rows = [(f"{one.articles:,}", f"{one.lost:,}", f"{one.share:.1%}", one.source) for one in losses[:SHOWN]]
    more = f"; the {SHOWN} of {len(losses):,} that lose most" if len(losses) > SHOWN else ""
    return Table(f"What each source loses when one article of each cluster is kept{more}", LOST, rows)


LOST = ("articles", "lost", "share", "source")
