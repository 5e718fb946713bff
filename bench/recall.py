"""Recall of the candidates: `python bench/recall.py CORPUS.parquet [FOLDER ...]`.

Computes the similarity of every pair of the articles (12 million for 5,000 articles, about two to three minutes on two
cores) and prints which share of those at or above the threshold the pipeline has found, by range of similarity.
"""

from __future__ import annotations

import argparse
import time
from itertools import combinations_with_replacement

import numpy as np

from dedup import files, pipeline
from dedup.settings import Settings
from dedup.stages.clusters import Pairs
from dedup.work import count, ranges, spread

BLOCK = 256
RANGES = ((0.12, 0.13), (0.13, 0.15), (0.15, 0.2), (0.2, 0.3), (0.3, 0.7), (0.7, 1.01))


def brute_force(corpus: pipeline.Corpus, settings: Settings, threads: int) -> Pairs:
    """All pairs of articles that are edges, each computed, a block of articles with another at a time."""
    blocks = ranges(len(corpus.first), BLOCK)

    def work(part: tuple[tuple[int, int], tuple[int, int]]) -> np.ndarray:
        left, right = (axis.ravel() for axis in np.meshgrid(*(np.arange(*block) for block in part)))
        left, right = left[left < right], right[left < right]
        similarity = corpus.similarities(left, right, evidence=settings.least_shared)
        kept = similarity >= settings.threshold
        return np.stack([left[kept], right[kept], similarity[kept]])

    tiles = list(combinations_with_replacement(blocks, 2))
    found = np.concatenate(list(spread(work, tiles, threads)), axis=1)
    return Pairs(found[0].astype(np.int64), found[1].astype(np.int64), found[2])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="+")
    parser.add_argument("--threshold", type=float, default=Settings().threshold)
    parser.add_argument("--near-copies", action="store_true")
    args = parser.parse_args()
    settings = Settings.near_copies(args.threshold) if args.near_copies else Settings(threshold=args.threshold)
    threads = count(None)

    read = files.read(args.paths)
    corpus = pipeline.represent(read.table.column("text"), settings, threads=threads)
    begin = time.perf_counter()
    exact = brute_force(corpus, settings, threads)
    taken = time.perf_counter() - begin
    found = pipeline.connect(corpus, settings, threads=threads)

    articles = len(corpus.first)
    print(f"{articles:,} distinct articles, {articles * (articles - 1) // 2:,} pairs computed in {taken:.0f} s")
    have = set(zip(found.left.tolist(), found.right.tolist(), strict=True))
    hit = np.array([pair in have for pair in zip(exact.left.tolist(), exact.right.tolist(), strict=True)], bool)
    print(f"{'similarity':>14} {'pairs':>8} {'found':>8} {'recall':>8}")
    for low, high in ((settings.threshold, 1.01), (max(0.2, settings.threshold), 1.01), *RANGES):
        inside = (exact.similarity >= low) & (exact.similarity < high)
        if inside.any():
            name = f"{low:.2f} and more" if high > 1 else f"{low:.2f} to {high:.2f}"
            print(f"{name:>14} {inside.sum():8,} {hit[inside].sum():8,} {hit[inside].mean():8.2%}")


if __name__ == "__main__":
    main()
