"""Shingles weighed by how telling they are: inverse document frequency with a background prior.

In: shingle sets, flat. Out: a float32 weight a shingle. `w = log((N + N0 + 1) / (min(df, cap) + N0 * p))`, where `df`
counts these articles, `N0` is the weight of the prior in articles and `p` the chance that an ordinary article holds the
shingle. Counting goes part by part of the hash space, side by side, so its tables stay small: 12 bytes for
a distinct shingle of a part, twice over.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.background import chances
from dedup.threads import Progress, spread

PART_KEYS = 1 << 19
LEAST_SHARE = 16
"""A part holds so many shingles of an article on average: finding where they begin costs a search an article."""
LEAST_CAP = 3
"""The bound on a document frequency is never under this, so that a handful of articles can share a template."""


def weigh(
    keys: NDArray[np.uint64],
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
    *,
    prior: float = 1000.0,
    ceiling: float = 0.02,
    threads: int = 1,
    progress: Progress | None = None,
) -> NDArray[np.float32]:
    """Weigh the shingles of these articles by this corpus and the prior.

    Args:
        keys: Hashes with surprisal, ascending and distinct within an article.
        starts: (n,) where each article's shingles begin in `keys`.
        stops: (n,) where they end.
        prior: `N0`, in articles.
        ceiling: A document frequency counts up to this share of the articles, at least 3.
        threads: How many parts of the hash space run side by side; the result does not depend on it.
        progress: Called with parts done and in all.

    Returns:
        float32, as long as `keys`; above 0 for the shingles of the articles given, 0 elsewhere.
    """
    weights = np.zeros(len(keys), np.float32)
    cap = max(LEAST_CAP, ceiling * len(starts))
    expected = chances(prior)
    total = len(starts) + prior + 1.0
    part_keys = max(PART_KEYS, LEAST_SHARE * len(starts))
    parts = 1 << max(0, int(np.sum(stops - starts)) // part_keys).bit_length()

    def work(part: int) -> None:
        floor = np.uint64(part * ((1 << 64) // parts))
        last = np.uint64((part + 1) * ((1 << 64) // parts) - 1)
        lows, highs = np.empty(len(starts), np.int64), np.empty(len(starts), np.int64)
        found = kernels.bounds(keys, starts, stops, floor, last, lows, highs)
        size = 1 << max(4, int(2 * found)).bit_length()
        table, counts = np.zeros(size, np.uint64), np.zeros(size, np.int32)
        kernels.weigh(keys, lows, highs, table, counts, float(cap), total, expected, weights)

    for _ in spread(work, range(parts), threads, progress):
        pass
    return weights


def prior_weights(keys: NDArray[np.uint64], *, prior: float = 1000.0) -> NDArray[np.float32]:
    """Weights from the prior alone, as if an article had been seen by itself.

    Args:
        keys: Hashes with surprisal.
        prior: `N0`, in articles.

    Returns:
        float32, as long as `keys`.
    """
    by_bits = np.log((prior + 2) / (1 + chances(prior)))
    return by_bits.astype(np.float32)[(keys & np.uint64(255)).astype(np.intp)]
