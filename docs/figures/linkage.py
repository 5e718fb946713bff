"""Two groups of rewrites and one article made of a half of each: connected components beside average linkage."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from corpora import clustered, examples
from drawing import ORANGE, axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

import dedup

BETWEEN = "half, half"
SHADES = LinearSegmentedColormap.from_list("shades", ["#b8d4f1", "#17427c"])


def articles() -> dict[str, str]:
    """Five articles about tea, one that is half about tea and half about pots, three about pots."""
    texts = examples("articles", "second-source")
    tea, pot = texts["tea-1"], texts["pot-1"]
    first, last = ({name: text for name, text in texts.items() if name.startswith(kind)} for kind in ("tea-", "pot-"))
    return first | {BETWEEN: tea[len(tea) // 2 :] + pot[len(pot) // 2 :]} | last


def edges(clusters: dedup.Clusters, names: list[str]) -> np.ma.MaskedArray:
    """Similarity of any two articles, without those below the threshold."""
    found = np.zeros((len(names), len(names)))
    for (left, one), (right, other) in combinations(enumerate(names), 2):
        found[left, right] = found[right, left] = clusters.explain(one, other).similarity
    return np.ma.masked_less(found, clusters.threshold)


def draw() -> tuple[Figure, list[str]]:
    """The figure, and what it says."""
    texts, lines, places = articles(), [], axes(2, 3.5)
    names = list(texts)
    shades = edges(clustered(texts), names)
    for ax, title, linkage in zip(places, ("connected components", "average linkage"), (0.0, 0.72), strict=True):
        ax.pcolormesh(shades, cmap=SHADES, vmin=0.09, vmax=0.4)
        clusters = clustered(texts, linkage=linkage)
        for cluster in clusters:
            first, size = int(cluster.members.min()), len(cluster)
            ax.add_patch(
                Rectangle((first, first), size, size, fill=False, edgecolor=ORANGE, linewidth=2.5, clip_on=False)
            )
        ax.set(title=title, xticks=[], yticks=np.arange(len(names)) + 0.5, yticklabels=names, aspect="equal")
        ax.invert_yaxis()
        ax.spines[:].set_visible(False)
        lines.append(f"{title}: " + "; ".join(" ".join(cluster.ids.to_pylist()) for cluster in clusters))
    lines += [
        f"{BETWEEN} and {name}: {shades[names.index(BETWEEN), names.index(name)]:.2f}" for name in ("tea-1", "pot-1")
    ]
    return places[0].figure, lines
