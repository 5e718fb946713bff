"""Candidate pairs estimated, then verified: the edges between articles.

In: signatures, buckets, and shingle sets with weights. Out: `Edges`, every pair whose exact similarity is at or above
the threshold. Candidates are streamed, a block of articles at a time: the signatures discard most (about 50 ns a
candidate), the shingles decide the rest (about 1 ns a shingle). Memory beyond the edges is bounded by the block.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.bands import Buckets
from dedup.threads import Progress, ranges, spread

BLOCK = 512
BLOCK_PAIRS = 1 << 18
MARGIN = 2.5


class Edges(NamedTuple):
    """Verified pairs, in ascending order of `right`, then `left`."""

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    similarity: NDArray[np.float64]


class Sets(NamedTuple):
    """Shingle sets with weights, as the stages before leave them."""

    keys: NDArray[np.uint64]
    weights: NDArray[np.float32]
    starts: NDArray[np.int64]
    stops: NDArray[np.int64]


def least_agreement(threshold: float, slots: int) -> int:
    """Slots in which a pair must agree to be verified: 2.5 standard deviations of the estimate under the threshold."""
    spread_of_estimate = (threshold * (1 - threshold) / slots) ** 0.5
    return max(1, int((threshold - MARGIN * spread_of_estimate) * slots))


def verify(sets: Sets, left: NDArray[np.int64], right: NDArray[np.int64], *, threads: int = 1) -> NDArray[np.float64]:
    """Exact weighted Jaccard similarity of pairs of articles.

    Args:
        sets: Shingle sets with weights.
        left: (m,) positions.
        right: (m,) positions.
        threads: How many blocks run side by side.

    Returns:
        float64 (m,), in [0, 1].
    """
    similarities = np.empty(len(left), np.float64)
    totals = _totals(sets)

    def work(part: tuple[int, int]) -> None:
        kernels.verify(*sets, totals, left, right, *part, similarities)

    for _ in spread(work, ranges(len(left), BLOCK), threads):
        pass
    return similarities


def connect(
    sets: Sets,
    signatures: NDArray[np.uint32],
    buckets: Buckets,
    *,
    threshold: float,
    crowd: int = 128,
    threads: int = 1,
    progress: Progress | None = None,
) -> Edges:
    """Every pair that shares a bucket and is at or above the threshold.

    Args:
        sets: Shingle sets with weights of n articles.
        signatures: uint32 (n, K).
        buckets: Their buckets.
        threshold: Similarity in (0, 1].
        crowd: Articles of one bucket that all others in it are compared with; as given to `bands.bucket`.
        threads: How many blocks run side by side; the result does not depend on it.
        progress: Called with blocks done and in all.
    """
    least = least_agreement(threshold, signatures.shape[1])
    totals = _totals(sets)

    def work(part: tuple[int, int]) -> Edges:
        found = [
            _verified(sets, totals, *pairs, threshold)
            for pairs in _candidates(signatures, buckets, *part, crowd, least)
        ]
        return _joined(found)

    return _joined(list(spread(work, ranges(len(signatures), BLOCK), threads, progress)))


def _candidates(
    signatures: NDArray[np.uint32], buckets: Buckets, begin: int, end: int, crowd: int, least: int
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Candidate pairs of a block of articles, in pieces of bounded size."""
    bands, articles = buckets.order.shape
    most = max(BLOCK_PAIRS, min(articles, bands * crowd))  # one article's must fit
    tally = np.zeros(articles, np.uint8)
    pieces = []
    while begin < end:
        left, right = np.empty(most, np.int64), np.empty(most, np.int64)
        begin, used = kernels.candidates(
            signatures, buckets.order, buckets.starts, begin, end, crowd, least, tally, left, right
        )
        pieces.append((left[:used].copy(), right[:used].copy()))
    return pieces


def _totals(sets: Sets) -> NDArray[np.float64]:
    totals = np.empty(len(sets.starts), np.float64)
    kernels.totals(sets.weights, sets.starts, sets.stops, totals)
    return totals


def _verified(
    sets: Sets, totals: NDArray[np.float64], left: NDArray[np.int64], right: NDArray[np.int64], threshold: float
) -> Edges:
    similarity = np.empty(len(left), np.float64)
    kernels.verify(*sets, totals, left, right, 0, len(left), similarity)
    kept = similarity >= threshold
    by_place = np.lexsort((left[kept], right[kept]))
    return Edges(left[kept][by_place], right[kept][by_place], similarity[kept][by_place])


def _joined(parts: list[Edges]) -> Edges:
    if not parts:
        return Edges(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float64))
    return Edges(*(np.concatenate(column) for column in zip(*parts, strict=True)))
