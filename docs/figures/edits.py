"""How alike an article and the same one with some of its words replaced are, by plain Jaccard and weighed."""

from __future__ import annotations

import jieba
import numpy as np
from corpora import examples
from drawing import BLUE, INK, ORANGE, axes
from matplotlib.figure import Figure

import dedup

SHARES = (0.0, 0.03, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
CHINESE = ("bridge-original", "hand-noodles", "night-train", "old-tea-trees", "star-party", "tea-1")
KINDS = {
    "plain Jaccard, five characters": (dedup.Settings.near_copies(), BLUE),
    "dedup: weighed": (dedup.Settings(), ORANGE),
}


def changed(words: list[str], other: list[str], share: float, rng: np.random.Generator) -> str:
    """An article with this share of its words, at random places, replaced by those of another."""
    words = list(words)
    for place in rng.permutation(len(words))[: round(share * len(words))].tolist():
        words[place] = other[place % len(other)]
    return "".join(words)


def draw() -> tuple[Figure, list[str]]:
    """The figure, and what it says."""
    rng, ax, lines = np.random.default_rng(0), axes(1, 3.2), []
    texts = examples("articles")
    articles = [jieba.lcut(texts[name]) for name in CHINESE]
    others = articles[1:] + articles[:1]
    made = [
        [("".join(words), changed(words, other, share, rng)) for words, other in zip(articles, others, strict=True)]
        for share in SHARES
    ]
    for name, (settings, colour) in KINDS.items():
        kept = [float(np.median([dedup.similarity(*pair, settings=settings) for pair in pairs])) for pairs in made]
        ax.plot(SHARES, kept, "o-", color=colour, label=name)
        ax.axhline(settings.threshold, color=INK, linestyle="--", linewidth=1)
        ax.text(0.8, settings.threshold, f"{settings.threshold:g}", ha="right", va="bottom")
        last = max(share for share, value in zip(SHARES, kept, strict=True) if value >= settings.threshold)
        lines.append(f"{name}: {kept[3]:.2f} with 10 % replaced; at or above {settings.threshold:g} up to {last:.0%}")
    ax.set(xlabel="share of the words replaced", ylabel="similarity, median", ylim=(0, 1.03))
    ax.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    ax.legend()
    return ax.figure, lines
