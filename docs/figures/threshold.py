"""All pairs of the example articles by two similarities: what 0.7 finds, and what it does not."""

from __future__ import annotations

from itertools import combinations

from corpora import clustered, examples
from drawing import BLUE, DIM, GREEN, INK, ORANGE, axes
from matplotlib.figure import Figure

import dedup

KINDS = {"rewrites": (ORANGE, "tea-"), "edited copy": (GREEN, "bridge-"), "unrelated": (BLUE, "")}
"""Colour of each kind of pair, and how the names of both articles begin; the first that fits."""


def kind_of(left: str, right: str) -> str:
    """What two example articles are to each other."""
    return next(kind for kind, (_, start) in KINDS.items() if left.startswith(start) and right.startswith(start))


def draw() -> tuple[Figure, list[str]]:
    """The figure, and what it says."""
    texts, classical = examples("articles"), dedup.Settings.near_copies()
    clusters = clustered(texts)
    places = axes(2, 2.9, sharey=True)
    lines = []
    for kind, (colour, _) in KINDS.items():
        pairs = [pair for pair in combinations(texts, 2) if kind_of(*pair) == kind]
        plain = [dedup.similarity(texts[left], texts[right], settings=classical) for left, right in pairs]
        weighed = [clusters.explain(*pair).similarity for pair in pairs]
        for ax, values in zip(places, (plain, weighed), strict=True):
            ax.plot(values, [kind] * len(pairs), "o", color=colour, alpha=0.8, markersize=7, markeredgewidth=0)
        lines.append(
            f"{kind}: {len(pairs)} pairs, {min(plain):.3f} to {max(plain):.3f}, "
            f"weighed {min(weighed):.3f} to {max(weighed):.3f}"
        )
    for ax, limit, title in zip(
        places, (0.7, clusters.threshold), ("plain Jaccard, five characters", "dedup: weighed"), strict=True
    ):
        ax.axvline(limit, color=INK, linestyle="--", linewidth=1)
        ax.text(limit, 2.45, f" {limit:g} ", color=INK, ha="right" if limit > 0.5 else "left")
        ax.set(title=title, xlabel="similarity", xlim=(-0.03, 0.85), ylim=(-0.5, 2.7))
        ax.grid(axis="y", color=DIM, alpha=0.25)
    return places[0].figure, lines
