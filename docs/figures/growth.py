"""Seconds by number of articles: the table of growth of the page on cost, drawn."""

from __future__ import annotations

import numpy as np
from drawing import BLUE, ORANGE, axes
from matplotlib.figure import Figure
from tables import rows


def draw() -> tuple[Figure, list[str]]:
    """The figure, and what it says."""
    table, ax, lines = rows("explanation/cost.md", "| articles | text, MB |"), axes(1, 3.2), []
    for real, marker in ((False, "o-"), (True, "s--")):
        some = [row for row in table if row[0].endswith("real") == real]
        articles = np.array([int(row[0].removesuffix(" real").replace(",", "")) for row in some])
        for column, colour, name in ((4, ORANGE, "default"), (2, BLUE, "near copies")):
            seconds = np.array([float(row[column]) for row in some])
            label = f"{name}, {'real' if real else 'generated'}"
            ax.plot(articles, seconds, marker, color=colour, label=label)
            exponent = np.diff(np.log(seconds[-2:]))[0] / np.diff(np.log(articles[-2:]))[0]
            lines.append(f"{label}: {seconds[-1]:g} s for {articles[-1]:,}, growing with an exponent of {exponent:.2f}")
    ax.set(xscale="log", yscale="log", xlabel="articles", ylabel="seconds")
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.yaxis.set_major_formatter("{x:,g}")
    ax.legend()
    return ax.figure, lines
