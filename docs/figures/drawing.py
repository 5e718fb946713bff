"""A figure in the site's own style: axes to draw on, and an SVG that is readable in light and dark.

In: a size. Out: matplotlib axes whose ink and paper are stand-ins, and SVG text in which these are CSS variables that
follow the reader's colour scheme. Letters stay text, so that they can be searched and read aloud. The same drawing
gives the same bytes.
"""

from __future__ import annotations

import io
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

INK, PAPER, DIM = "#010203", "#fdfcfb", "#7f7e7d"
"""Stand-ins for the colours of letters, of the ground, and of what stands back."""
BLUE, ORANGE, GREEN = "#4285d6", "#d9741a", "#2e9e6b"
"""Seen on light and on dark ground."""
VARIABLES = {INK: "var(--ink)", PAPER: "var(--paper)", DIM: "var(--dim)"}
STYLE = """<style type="text/css">
:root{--ink:#222426;--paper:#ffffff;--dim:#85898d}
@media (prefers-color-scheme:dark){:root{--ink:#e2e4e6;--paper:#17191b;--dim:#7e8387}}
"""
LOOK = {
    "axes.edgecolor": DIM, "axes.facecolor": PAPER, "axes.labelcolor": INK, "axes.spines.right": False,
    "axes.spines.top": False, "axes.titlelocation": "left", "axes.titlesize": 11, "figure.facecolor": PAPER,
    "font.size": 10, "legend.frameon": False, "svg.fonttype": "none", "svg.hashsalt": "dedup", "text.color": INK,
    "xtick.color": DIM, "xtick.labelcolor": INK, "ytick.color": DIM, "ytick.labelcolor": INK,
}  # fmt: skip
mpl.rcParams.update(LOOK)  # this process draws figures, and nothing else


def axes(columns: int = 1, height: float = 3.2, **options: Any) -> Any:
    """Axes of a figure that is as wide as a page: one, or an array of so many in a row."""
    return Figure((7.4, height), layout="constrained").subplots(1, columns, **options)


def svg(figure: Figure) -> str:
    """The figure as SVG, with the reader's own light or dark."""
    with io.StringIO() as file:
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
        text = file.getvalue()
    for stand_in, variable in VARIABLES.items():
        text = text.replace(stand_in, variable)
    text = text.replace("'DejaVu Sans'", "system-ui, 'DejaVu Sans'")
    return text.replace('<style type="text/css">', STYLE, 1)
