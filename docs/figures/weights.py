"""What a shingle weighs, by how many of the articles hold it: a common word and a rare one, few articles and many."""

from __future__ import annotations

import numpy as np
from drawing import BLUE, DIM, ORANGE, axes
from matplotlib.figure import Figure

import dedup
from dedup.stages.articles import articles as read
from dedup.stages.shingles import Texts
from dedup.stages.weights import Formula

MANY, FEW = 100_000, 14
WORDS = {"a common word": ("没有", BLUE), "a rare pair of characters": ("笋壳", ORANGE)}


def surprisal(word: str) -> int:
    """How surprising the background model finds two characters, in quarter bits: the low 8 bits of their shingle."""
    keys = Texts.of(read([word]).texts, dedup.Settings()).shingle(np.arange(1)).keys
    return int(keys[0] & np.uint64(255))


def draw() -> tuple[Figure, list[str]]:
    """The figure, and what it says."""
    settings, ax, lines = dedup.Settings(), axes(1, 3.4), []
    for articles, style in ((MANY, "-"), (FEW, "--")):
        formula = Formula(articles, settings.prior_articles, settings.max_df)
        holders = np.unique(np.geomspace(1, articles, 300).astype(int))
        for name, (word, colour) in WORDS.items():
            weights = formula.weights(holders, np.full(len(holders), surprisal(word)))
            label = f"{name}, {articles:,} articles"
            ax.plot(holders, weights, style, color=colour, label=label)
            lines.append(f"{label}: {weights[0]:.1f} nats where one holds it, {weights[-1]:.1f} where all do")
    bound = settings.max_df * MANY
    ax.axvline(bound, color=DIM, linewidth=1, linestyle=":")
    ax.text(bound, 0.2, f" {settings.max_df:.0%} of {MANY:,}")
    ax.set(xscale="log", xlabel="articles that hold the shingle", ylabel="weight, nats", ylim=(0, 11.8))
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.legend(loc="upper right")
    return ax.figure, lines
