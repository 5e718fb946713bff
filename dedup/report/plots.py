"""Pictures of a result, drawn by matplotlib; needs the extra `plot`.

In: plain arrays and matplotlib axes. Out: the axes drawn on, so that titles and limits are the caller's to change.
Nothing is shown or saved. Costs next to nothing but for a graph, which takes time as the cube of its members.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dedup.errors import MissingExtraError
from dedup.kernels import Integers

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE, RED = "#2f63c8", "#a32a12"
SIMILAR = "Blues"


def axes(count: int = 1) -> Any:
    """Fresh axes in a row: (count,) of them.

    Args:
        count: How many.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    try:
        from matplotlib import pyplot  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise MissingExtraError("matplotlib", "plot", "plot()") from error
    _, made = pyplot.subplots(1, count, squeeze=False, figsize=(5 * count, 4.2), layout="constrained")
    return made[0]


def sizes(members: Integers, ax: Axes) -> Axes:
    """How many clusters there are of each size, in bins that double.

    Args:
        members: (k,) size of each cluster.
        ax: Where to draw.
    """
    top = max(int(np.ceil(np.log2(members.max(initial=2) + 1))), 2)
    edges = 2 ** np.arange(1, top + 1)
    counts = np.histogram(members, [*edges, np.inf])[0][: len(edges) - 1] if len(members) else np.zeros(len(edges) - 1)
    names = [f"{low:,}–{high - 1:,}" for low, high in pairwise(edges.tolist())]
    bars = ax.bar(names, counts, color=BLUE)
    ax.bar_label(bars, fmt="{:,.0f}")
    ax.margins(y=0.12)  # room for the labels above the bars
    ax.locator_params(axis="y", integer=True)
    ax.set(title=f"{len(members):,} clusters", xlabel="articles in a cluster", ylabel="clusters")
    return ax


def similarity(histogram: Integers, threshold: float, ax: Axes) -> Axes:
    """How many pairs were compared, by similarity, and where the threshold is.

    Args:
        histogram: (n,) pairs in each n-th part of 0 to 1.
        threshold: From which a pair is an edge.
        ax: Where to draw.
    """
    edges = np.linspace(0, 1, len(histogram) + 1)
    ax.stairs(histogram, edges, fill=True, color=BLUE)
    ax.axvline(threshold, color=RED, linestyle="--", label=f"threshold {threshold:g}")
    ax.set(title=f"compared pairs; threshold {threshold:g}", xlabel="similarity", ylabel="pairs", xlim=(0, 1))
    if histogram.any():
        ax.set_yscale("log")
        ax.set_ylim(bottom=0.5)  # so that one pair is seen
        ax.yaxis.set_major_formatter("{x:,.0f}")
        ax.yaxis.set_minor_formatter("")
    return ax


def graph(matrix: NDArray[np.float64], copies: Integers, ax: Axes) -> Axes:
    """A cluster as a graph: the more similar, the nearer, and the darker the line.

    Places are those of classical scaling (Torgerson, 1952).

    Args:
        matrix: (n, n) similarity of the members, 0 where a pair is not an edge; the first is the representative.
        copies: (n,) how many articles have each one's text.
        ax: Where to draw.
    """
    from matplotlib.collections import LineCollection  # noqa: PLC0415 - an extra

    places = _scaled(1 - matrix)
    left, right = np.nonzero(np.triu(matrix, 1))
    strongest_last = np.argsort(matrix[left, right])
    ends = np.stack([places[left], places[right]], axis=1)[strongest_last]
    shades = matrix[left, right][strongest_last]
    lines = LineCollection(list(ends), array=shades, cmap=SIMILAR, linewidths=0.8, zorder=1)
    lines.set_clim(0, 1)
    ax.add_collection(lines)
    across, up, area = places[:, 0], places[:, 1], np.sqrt(copies)
    ax.scatter(across[1:], up[1:], s=30 * area[1:], color=BLUE, zorder=2, label="members, larger with copies")
    ax.scatter(across[:1], up[:1], s=60 * area[:1], color=RED, marker="*", zorder=3, label="representative")
    ax.set(title=f"{copies.sum():,} articles, {len(left):,} edges", xticks=[], yticks=[])
    ax.set_aspect("equal", adjustable="datalim")  # so that it is as wide as the others
    ax.margins(0.1)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.02), ncols=2, frameon=False)  # below, where no nodes are
    ax.figure.colorbar(lines, ax=ax, label="similarity")
    return ax


def _scaled(distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 2): places with about these distances; the signs of the axes are fixed, so that there is only one result."""
    count = len(distances)
    centre = np.eye(count) - 1 / count
    values, vectors = np.linalg.eigh(-centre @ distances**2 @ centre / 2)
    places = np.zeros((count, 2))
    best = np.argsort(values)[::-1][:2]
    places[:, : len(best)] = vectors[:, best] * np.sqrt(np.maximum(values[best], 0))
    signs = np.sign(places[np.argmax(np.abs(places), axis=0), [0, 1]])
    return places * np.where(signs == 0, 1, signs)
