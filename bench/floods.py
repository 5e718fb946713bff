"""Floods: what one text in thousands of variants costs, beside as many unrelated articles: `python bench/floods.py`.

Generated texts only. Each kind is clustered in both modes at sizes that double, beside unrelated articles in the same
run. Prints for each size the seconds of processor time, how many times those of unrelated articles that is, edges and
verified pairs an article, clusters, and which share of the articles the largest has; then the exponent: how time grows
with the articles from the smallest size to the largest, 1 being in proportion.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import corpus
import measure
import numpy as np

import dedup

MODES = {"default": dedup.Settings(), "near-copy": dedup.Settings.near_copies()}
CHARACTERS = 800
EDITS = 8
WARM = 200
HAN = [chr(code) for code in range(0x4E00, 0x4E00 + 3000)]


def unrelated(articles: int) -> list[str]:
    """Articles that have nothing to do with each other."""
    return corpus.campaign(articles, share=0.0, characters=CHARACTERS)[0]


@cache
def page() -> str:
    """One article."""
    return unrelated(1)[0]


def near_copies(articles: int) -> list[str]:
    """One page, each time with other characters at eight places."""
    rng, found = np.random.default_rng(1), []
    for _ in range(articles):
        text = list(page())
        for place in rng.choice(len(text), EDITS, replace=False).tolist():
            text[place] = HAN[rng.integers(len(HAN))]
        found.append("".join(text))
    return found


def half_a_template(articles: int) -> list[str]:
    """Half of each article is the same, in eight passages."""
    return corpus.campaign(articles, share=1.0, common=0.5, characters=CHARACTERS)[0]


def tiny_content(articles: int) -> list[str]:
    """The same two characters 400 times, and four of each article's own."""
    rng = np.random.default_rng(2)
    return ["茶饼" * 400 + "".join(HAN[k] for k in rng.integers(len(HAN), size=4)) for _ in range(articles)]


def tiny_words(articles: int) -> list[str]:
    """The same two words 400 times, and four letters of each article's own."""
    rng = np.random.default_rng(3)
    return ["cheap pills " * 400 + "".join(map(chr, rng.integers(97, 123, size=4))) for _ in range(articles)]


def exact_copies(articles: int) -> list[str]:
    """One page again and again."""
    return [page()] * articles


def sliding_chain(articles: int) -> list[str]:
    """Windows over one long text, each 16 characters further than the one before."""
    text = "".join(unrelated(1 + articles * 16 // CHARACTERS + 2))
    return [text[begin : begin + CHARACTERS] for begin in range(0, 16 * articles, 16)]


def shared_passage(articles: int) -> list[str]:
    """Unrelated articles, each with one passage of 100 characters."""
    return [text + page()[:100] for text in unrelated(articles)]


def one_shingle(articles: int) -> list[str]:
    """One character, ever more often."""
    return ["茶" * (100 + number) for number in range(articles)]


KINDS: dict[str, Callable[[int], list[str]]] = {
    "unrelated": unrelated,
    "near copies": near_copies,
    "half a template": half_a_template,
    "tiny content": tiny_content,
    "tiny words": tiny_words,
    "exact copies": exact_copies,
    "sliding chain": sliding_chain,
    "shared passage": shared_passage,
    "one shingle": one_shingle,
}


class Cost(NamedTuple):
    """What a run took, and what came of it."""

    seconds: float
    edges: float
    verified: float
    clusters: int
    largest: float
    stages: dict[str, float]


def cost(texts: list[str], settings: dedup.Settings, rounds: int) -> Cost:
    """Cluster them some times; seconds are the least."""
    seconds, stages = math.inf, {}
    for _ in range(rounds):
        begin = time.process_time()
        found = dedup.cluster(texts, settings)
        taken = time.process_time() - begin
        if taken < seconds:
            seconds, stages = taken, dict(found.seconds)
    sizes = np.unique(found.labels, return_counts=True)[1]
    graph, count = found.graph, len(texts)
    pairs = len(graph.left) / count, int(graph.compared.sum()) / count
    return Cost(seconds, *pairs, len(sizes), sizes.max() / count, stages)


def report(mode: str, kinds: list[str], sizes: list[int], rounds: int, *, stages: bool) -> None:
    """The table of a mode."""
    print(f"\n{mode}\n\n| kind | articles | s | times unrelated | edges an article | verified | clusters | largest |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    runs: dict[str, list[Cost]] = {}
    for size in sizes:
        dedup.cluster(unrelated(WARM) + near_copies(WARM), MODES[mode])
        for kind in dict.fromkeys(["unrelated", *kinds]):
            found = cost(KINDS[kind](size), MODES[mode], rounds)
            runs.setdefault(kind, []).append(found)
            times = found.seconds / runs["unrelated"][-1].seconds
            pairs = f"{found.edges:.1f} | {found.verified:.1f} | {found.clusters:,} | {found.largest:.1%}"
            print(f"| {kind} | {size:,} | {found.seconds:.2f} | {times:.1f} | {pairs} |", flush=True)
            if stages:
                print("  " + "  ".join(f"{name} {taken:.2f}" for name, taken in found.stages.items()))
    if len(sizes) > 1:
        print("\n| kind | exponent |\n|---|--:|")
        for kind, found in runs.items():
            exponent = math.log(found[-1].seconds / found[0].seconds) / math.log(sizes[-1] / sizes[0])
            print(f"| {kind} | {exponent:.2f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 2_000, 4_000, 8_000])
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--modes", nargs="+", choices=MODES, default=list(MODES))
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--stages", action="store_true", help="seconds of each stage, too")
    args = parser.parse_args()
    print(measure.machine())
    for mode in args.modes:
        report(mode, args.kinds, args.sizes, args.rounds, stages=args.stages)


if __name__ == "__main__":
    main()
