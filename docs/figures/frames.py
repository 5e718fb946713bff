"""Unrelated articles that end with one footer: how alike any two are with it, and when it is left out as a frame."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from corpora import clustered, generator
from drawing import BLUE, INK, ORANGE, axes
from matplotlib.figure import Figure

ARTICLES, CHARACTERS, FOOTER = 120, 600, 231


def site() -> dict[str, str]:
    """Generated articles, each with the beginning of one more as its footer."""
    *texts, other = generator().campaign(ARTICLES + 1, share=0, characters=CHARACTERS)[0]
    return {str(number): f"{text}\n{other[:FOOTER]}" for number, text in enumerate(texts)}


def draw() -> tuple[Figure, list[str]]:
    """The figure, and what it says."""
    texts, ax, lines = site(), axes(1, 2.9), []
    pairs = np.array(list(combinations(range(ARTICLES), 2))).T
    for frames, colour, name in ((False, ORANGE, "footer counted"), (True, BLUE, "footer left out")):
        clusters = clustered(texts, frames=frames)
        similarity = clusters.compared.similarities(*pairs)
        ax.hist(similarity, np.arange(0, 0.2, 0.004), color=colour, alpha=0.85, label=name)
        largest = max(map(len, clusters), default=1)
        lines.append(f"{name}: two articles {np.median(similarity):.3f} alike, largest cluster {largest} of {ARTICLES}")
    ax.axvline(clusters.threshold, color=INK, linestyle="--", linewidth=1)
    ax.text(clusters.threshold, ax.get_ylim()[1], f" threshold {clusters.threshold:g}", va="top")
    ax.set(xlabel="similarity of two unrelated articles", ylabel="pairs", xlim=(0, 0.2))
    ax.legend()
    return ax.figure, lines
