"""Where one article shares something with a rewrite and with a stranger: pairs of characters, and runs of five."""

from __future__ import annotations

from corpora import examples
from drawing import BLUE, ORANGE, axes
from matplotlib.figure import Figure

from dedup.stages.folding import fold

ARTICLE, OTHERS = "tea-1", {"a rewrite": "tea-4", "another subject": "night-train"}
PAIR, RUN = 2, 5


def shared(text: str, other: str, length: int) -> list[int]:
    """Places of `text` at which that many characters stand somewhere in the other one, too."""
    held = {other[place : place + length] for place in range(len(other) - length + 1)}
    return [place for place in range(len(text) - length + 1) if text[place : place + length] in held]


def draw() -> tuple[Figure, list[str]]:
    """The figure, and what it says."""
    texts = {name: fold(text) for name, text in examples("articles").items()}
    text, ax, lines = texts[ARTICLE], axes(1, 2.4), []
    for row, (name, other) in enumerate(OTHERS.items()):
        pairs, runs = (shared(text, texts[other], length) for length in (PAIR, RUN))
        bars = ((pairs, BLUE, 0.12, PAIR), (runs, ORANGE, 0.55, RUN))
        for places, colour, height, length in bars:
            bottom = 1.15 * (1 - row) + (0 if places is pairs else 0.2)
            ax.broken_barh([(place, length) for place in places], (bottom, height), color=colour, linewidth=0)
        ax.text(-8, 1.15 * (1 - row) + 0.35, name, ha="right", va="center")
        lines.append(f"{ARTICLE} and {name}, {other}: {len(pairs)} shared pairs of characters, {len(runs)} shared runs")
    ax.set(xlim=(0, len(text)), ylim=(-0.05, 1.95), yticks=[], xlabel=f"character of {ARTICLE}, folded")
    ax.plot([], [], color=BLUE, linewidth=5, label="two characters are shared")
    ax.plot([], [], color=ORANGE, linewidth=5, label="a run of five is")
    ax.spines["left"].set_visible(False)
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    return ax.figure, lines
