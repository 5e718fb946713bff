"""Floods: what one text in thousands of variants costs, beside as many unrelated articles: `python bench/floods.py`.

Generated texts only. Each kind is clustered in both modes at sizes that double, beside unrelated articles in the same
run: at once in memory, added to an index by a thousand, or in a night (`--ways`). Prints for each size the seconds of
processor time, how many times those of unrelated articles that is, at once also edges and verified pairs an article,
then clusters, and which share of the articles the largest has; then the exponent: how time grows with the articles from
the smallest size to the largest, 1 being in proportion.
"""

from __future__ import annotations

import argparse
import math
import resource
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import cache
from itertools import product
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import corpus
import measure
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import dedup
from dedup import nightly

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
    clusters: int
    largest: float
    edges: float = math.nan
    verified: float = math.nan
    stages: Mapping[str, float] = MappingProxyType({})


def at_once(texts: list[str], settings: dedup.Settings) -> Cost:
    """`dedup.cluster`."""
    begin = time.process_time()
    found = dedup.cluster(texts, settings)
    taken, count, graph = time.process_time() - begin, len(texts), found.graph
    sizes = np.unique(found.labels, return_counts=True)[1]
    pairs = len(graph.left) / count, int(graph.compared.sum()) / count
    return Cost(taken, len(sizes), sizes.max() / count, *pairs, dict(found.seconds))


def in_an_index(texts: list[str], settings: dedup.Settings) -> Cost:
    """`Index.add_many`, a thousand at a time."""
    with tempfile.TemporaryDirectory() as folder, dedup.Index(f"{folder}/index", settings) as index:
        begin = time.process_time()
        for at in range(0, len(texts), ADDED):
            some = texts[at : at + ADDED]
            index.add_many([str(at + number) for number in range(len(some))], some)
        taken = time.process_time() - begin
        sizes = list(map(len, index.clusters()))
    return Cost(taken, len(texts) - sum(sizes) + len(sizes), max(sizes, default=1) / len(texts))


def in_a_night(texts: list[str], settings: dedup.Settings) -> Cost:
    """`dedup.nightly.run`, in processes of its own, whose time counts."""
    with tempfile.TemporaryDirectory() as folder:
        rows = {"id": list(map(str, range(len(texts)))), "text": texts}
        Path(folder, "in").mkdir()
        pq.write_table(pa.table(rows), f"{folder}/in/texts.parquet")
        begin = spent()
        nightly.run([Path(folder, "in")], Path(folder, "out"), Path(folder, "state"), memory="2GB", settings=settings)
        taken = spent() - begin
        labels = pq.read_table(Path(folder, "out", "labels"), columns=["label"])["label"].to_numpy()
    sizes = np.unique(labels, return_counts=True)[1]
    return Cost(taken, len(sizes), sizes.max() / len(texts))


def spent() -> float:
    """Seconds of processor time of this process and of those that it waited for."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


WAYS = {"at once": at_once, "index": in_an_index, "night": in_a_night}
ADDED = 1_000


def report(way: str, mode: str, kinds: list[str], sizes: list[int], rounds: int, *, stages: bool) -> None:
    """The table of a way and a mode."""
    print(f"\n{way}, {mode}\n")
    print("| kind | articles | s | times unrelated | edges an article | verified | clusters | largest |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    runs: dict[str, list[Cost]] = {}
    for size in sizes:
        WAYS[way](unrelated(WARM) + near_copies(WARM), MODES[mode])
        for kind in dict.fromkeys(["unrelated", *kinds]):
            texts = KINDS[kind](size)
            found = min((WAYS[way](texts, MODES[mode]) for _ in range(rounds)), key=lambda one: one.seconds)
            runs.setdefault(kind, []).append(found)
            times = found.seconds / runs["unrelated"][-1].seconds
            edges = f"{found.edges:.1f} | {found.verified:.1f}" if way == "at once" else " | "
            of_all = f"{edges} | {found.clusters:,} | {found.largest:.1%}"
            print(f"| {kind} | {size:,} | {found.seconds:.2f} | {times:.1f} | {of_all} |", flush=True)
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
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=["at once"])
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--stages", action="store_true", help="seconds of each stage, too")
    args = parser.parse_args()
    print(measure.machine())
    for way, mode in product(args.ways, args.modes):
        report(way, mode, args.kinds, args.sizes, args.rounds, stages=args.stages)


if __name__ == "__main__":
    main()
