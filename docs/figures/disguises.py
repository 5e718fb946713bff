"""What is kept of Chinese articles in disguise: the table of the page on disguises, drawn."""

from __future__ import annotations

from drawing import BLUE, DIM, ORANGE, axes
from matplotlib.figure import Figure
from tables import rows

SHOWN = (
    "a sign that is not seen, after every third letter", "Traditional characters", "homophones, 10 %", "pinyin, 10 %",
    "other words, 20 %", "letters dropped, 20 %", "the first quarter", "hidden in five times the text",
    "words shuffled",
)  # fmt: skip
KEPT, PEER = 1, 3
"""Columns of the table: what `dedup` keeps, and what datasketch does."""


def draw() -> tuple[Figure, list[str]]:
    """The figure, and what it says."""
    table = {row[0]: row for row in rows("explanation/evasion.md", "| disguise |")}
    ax = axes(1, 3.8)
    for place, name in enumerate(SHOWN):
        for column, colour, shift in ((KEPT, ORANGE, -0.18), (PEER, BLUE, 0.18)):
            kept = float(table[name][column].partition(" / ")[0])
            ax.barh(place + shift, kept, 0.32, color=colour)
            ax.text(kept, place + shift, f" {kept:.2f}", va="center", fontsize=8)
    for colour, name in ((ORANGE, "dedup"), (BLUE, "datasketch, five characters")):
        ax.barh([0], [0], color=colour, label=name)
    ax.set(yticks=range(len(SHOWN)), yticklabels=SHOWN, xlabel="similarity of an article and itself in disguise")
    ax.grid(axis="x", color=DIM, alpha=0.25)
    ax.invert_yaxis()
    ax.legend(loc="lower right")
    return ax.figure, [f"{len(SHOWN)} of the {len(table)} rows are shown"]
