"""Candidate pairs verified: the exact similarity of any two articles.

In: pairs of articles, and a function that makes the shingle sets of some. Out: their weighted Jaccard similarity. Pairs
are sorted into tiles of two blocks of articles, so that only the sets of a tile are in memory (about 6 MB per thread)
and an article's set is made about once for each block with partners of it. About 3 ns per shingle and pair.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.kernels import Integers
from dedup.work import Progress, spread

BLOCK = 1 << 21
"""Shingles of a block of articles."""


class Sets(NamedTuple):
    """Shingle sets of n articles with weights, in any order."""

    keys: NDArray[np.uint64]
    weights: NDArray[np.float32]
    starts: Integers
    """(n,): those of article i are `keys[starts[i]:stops[i]]`, each once."""
    stops: Integers
    lengths: Integers
    """(n,): characters of each article; in a long one a shingle weighs less."""


def verify(
    load: Callable[[Integers], Sets],
    left: Integers,
    right: Integers,
    sizes: Integers,
    *,
    evidence: float = 0.0,
    threads: int = 1,
    progress: Progress | None = None,
    block: int = BLOCK,
) -> NDArray[np.float64]:
    """Exact weighted Jaccard similarity of pairs of articles.

    Args:
        load: Makes the sets of these articles, in this order.
        left: (m,) numbers of articles.
        right: (m,) numbers of articles.
        sizes: (n,) about how many shingles each article has.
        evidence: A pair that shares less weight than `evidence * (1 - similarity)` has a similarity of 0.
        threads: How many tiles run side by side; the result does not depend on it.
        progress: Called with pairs done and in all.
        block: Shingles of a block; the result does not depend on it.

    Returns:
        float64 (m,), in [0, 1].
    """
    similarities = np.empty(len(left), np.float64)

    def work(tile: Integers) -> int:
        articles, ends = np.unique(np.concatenate([left[tile], right[tile]]), return_inverse=True)
        found = np.empty(len(tile), np.float64)
        kernels.verify(load(articles), ends[: len(tile)], ends[len(tile) :], evidence, found)
        similarities[tile] = found
        return len(tile)

    done = 0
    for pairs in spread(work, _tiles(left, right, sizes, block), threads):
        done += pairs
        if progress:
            progress(done, len(left))
    return similarities


def _tiles(left: Integers, right: Integers, sizes: Integers, block: int) -> list[Integers]:
    """Positions of the pairs between the same two blocks, ascending by left; connected articles are kept together."""
    articles, ends = np.unique(np.concatenate([left, right]), return_inverse=True)
    left, right = ends[: len(left)], ends[len(left) :]
    by_component = np.argsort(kernels.components(left, right, len(articles)), kind="stable")
    blocks = np.empty(len(articles), np.int64)
    blocks[by_component] = np.cumsum(sizes[articles[by_component]]) // block
    order = np.lexsort((left, blocks[right], blocks[left]))
    cuts = np.flatnonzero(np.diff(blocks[left][order]) | np.diff(blocks[right][order])) + 1
    return np.split(order, cuts) if len(order) else []
