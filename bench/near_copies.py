"""Near copies against the exact answer: `python bench/near_copies.py [--articles 20000]`.

Clusters a synthetic corpus (`bench/corpus.py`) with `Settings.near_copies()` and prints F1 over pairs of articles
against the closure of the exact answer: the connected components of all pairs at or above the threshold. The exact
answer is found by prefix filtering (Bayardo, Ma and Srikant, 2007): two sets of Jaccard similarity t share one of the
first `n - ceil(t * n) + 1` of their shingles, in the order of rarity. No signature has a part in it.
"""

from __future__ import annotations

import argparse
import time

import corpus
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

import dedup
from dedup import pipeline
from dedup.stages import clusters
from dedup.work import count


def exact_pairs(corpus: pipeline.Corpus, threshold: float, threads: int) -> clusters.Pairs:
    """Every pair of texts at or above the Jaccard threshold."""
    sets = corpus.sets(np.arange(len(corpus.first)))
    _, shingle, frequency = np.unique(sets.keys, return_inverse=True, return_counts=True)
    tokens, owners = [], []
    for article, (start, stop) in enumerate(zip(sets.starts, sets.stops, strict=True)):
        mine = shingle[start:stop]
        rare_first = mine[np.lexsort((mine, frequency[mine]))]
        prefix = rare_first[: len(mine) - int(np.ceil(threshold * len(mine) - 1e-9)) + 1]
        tokens.append(prefix[frequency[prefix] > 1])
        owners.append(np.full(len(tokens[-1]), article))
    left, right = sharing(np.concatenate(tokens), np.concatenate(owners))
    similarity = corpus.similarities(left, right, threads=threads)
    return clusters.Pairs(left, right, similarity).where(similarity >= threshold)


def closure(texts: list[str], settings: dedup.Settings) -> tuple[NDArray[np.int64], clusters.Pairs]:
    """The right answer for every article, by the number of a text, and the exact pairs of texts that it comes from."""
    column = pa.chunked_array([pa.array(texts, pa.large_string())])
    represented = pipeline.represent(column, settings, threads=count(None))
    exact = exact_pairs(represented, settings.threshold, count(None))
    together = clusters.link(exact.left, exact.right, exact.similarity, len(represented.first), 0.0)
    return together[represented.number], exact


def sharing(token: NDArray[np.int64], owner: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All pairs of owners that have a token in common, each once."""
    order = np.lexsort((owner, token))
    token, owner = token[order], owner[order]
    found, step = [np.empty(0, np.int64)], 1
    while (same := token[step:] == token[:-step]).any():
        low, high = owner[:-step][same], owner[step:][same]
        found.append(np.unique(np.minimum(low, high) << 32 | np.maximum(low, high)))
        step += 1
    both = np.unique(np.concatenate(found))
    return both >> 32, both & 0xFFFFFFFF


def f1(labels: NDArray[np.int64], truth: NDArray[np.int64]) -> tuple[float, float, float]:
    """Precision, recall and F1 over pairs of articles that share a label."""

    def together(*columns: NDArray[np.int64]) -> int:
        sizes = np.unique(np.stack(columns), axis=1, return_counts=True)[1]
        return int((sizes * (sizes - 1) // 2).sum())

    both, found, right = together(labels, truth), together(labels), together(truth)
    precision, recall = both / max(found, 1), both / max(right, 1)
    return precision, recall, 2 * precision * recall / max(precision + recall, 1e-12)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=20_000)
    parser.add_argument("--threshold", type=float, default=0.7)
    args = parser.parse_args()
    texts, _ = corpus.near_copies(args.articles)
    settings = dedup.Settings.near_copies(args.threshold)

    begin = time.perf_counter()
    found = dedup.cluster(texts, settings)
    taken = time.perf_counter() - begin

    truth, exact = closure(texts, settings)
    precision, recall, score = f1(found.labels, truth)
    edges = found.graph
    hit = np.isin(
        exact.left << 32 | exact.right, np.minimum(edges.left, edges.right) << 32 | np.maximum(edges.left, edges.right)
    )
    print(f"{len(texts):,} articles in {taken:.1f} s, compiling included; {len(exact.left):,} exact pairs")
    print(f"precision {precision:.4f}  recall {recall:.4f}  F1 {score:.4f}; edges found {hit.mean():.2%}")


if __name__ == "__main__":
    main()
