"""The example articles: clusters, lone articles, and what links two clusters to a campaign."""

from __future__ import annotations

import numpy as np
from corpora import clustered, examples
from drawing import BLUE, DIM, GREEN, ORANGE, axes
from matplotlib.axes import Axes
from matplotlib.figure import Figure

COLOURS = {"tea": ORANGE, "pot": GREEN}


def circle(ax: Axes, names: list[str], middle: tuple[float, float], radius: float) -> None:
    """The members of a cluster around its middle, each connected with it."""
    colour = COLOURS.get(names[0][:3], BLUE)
    angles = np.linspace(0, 2 * np.pi, len(names), endpoint=False) + np.pi / 2
    for name, across, up in zip(names, radius * np.cos(angles), radius * np.sin(angles), strict=True):
        ax.plot([middle[0], middle[0] + across], [middle[1], middle[1] + up], color=colour, linewidth=1.5)
        ax.plot(middle[0] + across, middle[1] + up, "o", color=colour, markersize=9)
        ax.text(middle[0] + 1.32 * across, middle[1] + 1.32 * up, name, ha="center", va="center")


def draw() -> tuple[Figure, list[str]]:
    """The figure, and what it says."""
    clusters, ax = clustered(examples("articles", "second-source")), axes(1, 3.2)
    campaign = clusters.campaigns().several[0]
    (left, right), link = ((-3.1, 0.0), (3.1, 0.0)), campaign.links()[0]
    ax.plot(*zip(left, right, strict=True), color=DIM, linewidth=8 * link.strength, alpha=0.6)
    for cluster, middle in zip(clusters[:2], (left, right), strict=True):
        circle(ax, cluster.ids.to_pylist(), middle, 1.0)
    why = str(link).partition(": ")[2]
    ax.text(0, 0.25, f"strength {link.strength:.2f}", ha="center")
    ax.text(0, -0.3, why.replace(" (", "\n(").replace(", bodies", "\nbodies"), ha="center", va="top", fontsize=9)
    alone = len(clusters.to_arrow()) - sum(map(len, clusters[:2]))
    ax.text(0, -1.8, f"the other {alone} articles are in no campaign with others", ha="center", color=DIM)
    ax.set(xlim=(-4.9, 4.9), ylim=(-1.9, 1.6), xticks=[], yticks=[], aspect="equal")
    ax.spines[:].set_visible(False)
    return ax.figure, [f"{len(campaign)} articles in {len(clusters[:2])} clusters; {link}"]
