"""Weights of shingles by how much they say: inverse document frequency with a background prior.

In: the shingles of a corpus, in batches. Out: `Weights`, a float32 for any shingle.
`w = log((N + N0 + 1) / (min(df, cap) + N0 * p))`, where `df` counts these articles, `N0` is the weight of the prior in
articles and `p` the chance that an ordinary article holds the shingle. Weights are multiples of 2**-16, so that their
sums are exact in any order. With exact counts, only shingles that two articles hold are kept, in 12 to 24 bytes each,
since all others with the same surprisal weigh the same; a sketch of counts takes one byte per cell, however many
shingles there are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.stages.background import chances
from dedup.stages.frequencies import Counts, Sketch, count
from dedup.work import Progress, Room

Batch = TypeVar("Batch")
ALL = np.arange(256)
"""Every surprisal in quarter bits."""
LEAST_CAP = 3
"""The bound on a document frequency is never under this, so that a handful of articles can share a template."""
GRAIN = 2.0**-16
EXACT_CODES, CODES = 64, 256
"""A count in a sketch becomes one of 256 codes: itself below 64, then eight to an octave, so that a weight is off by
at most 0.05."""


class Weighing(Protocol):
    """Gives the weight of any shingle."""

    def of(self, keys: NDArray[np.uint64], room: Room | None = None) -> NDArray[np.float32]:
        """The weight of each of these shingles, above 0; in a new array, or in this room of uint32."""
        ...


class Weights(NamedTuple):
    """The weight of any shingle, by exact counts.

    Example:
        >>> keys = clusters.corpus.texts.shingle(np.array([8])).keys
        >>> found = clusters.corpus.weights.of(keys)
        >>> found.shape == keys.shape, found.dtype, bool((found > 0).all())
        (True, dtype('float32'), True)
    """

    table: NDArray[np.uint64]
    """Open addressing: bits 8 to 39 of the hash of a shingle that several articles hold, then its weight's bits."""
    alone: NDArray[np.uint32]
    """(256,): bits of the weight of a shingle that a single article holds, by its surprisal in quarter bits."""

    def of(self, keys: NDArray[np.uint64], room: Room | None = None) -> NDArray[np.float32]:
        """The weight of each of these shingles, above 0; in a new array, or in this room of uint32.

        Args:
            keys: (m,) hashes of shingles, with surprisal.
            room: Where to put the weights; None is a new array.

        Returns:
            float32 (m,), in nats.
        """
        bits = np.empty(len(keys), np.uint32) if room is None else room.take(len(keys))
        kernels.look_up(keys, self.table, self.alone, bits)
        return bits.view(np.float32)


class Formula(NamedTuple):
    """The formula for the weight of a shingle.

    Example:
        >>> formula = Formula(articles=1000, prior_articles=1000.0, max_df=0.03)
        >>> formula.weights(np.array([1, 30, 500]), np.array([80, 80, 80])).round(1)
        array([6.7, 4.2, 4.2], dtype=float32)
        >>> formula.alone().shape
        (256,)
    """

    articles: int
    """N, how many articles were counted."""
    prior_articles: float
    """`N0`, in articles."""
    max_df: float
    """A document frequency counts only up to this share of the articles, but at least 3."""

    def weights(self, counts: NDArray[Any], surprisal: NDArray[Any]) -> NDArray[np.float32]:
        """Weights of shingles by how many articles hold them (0 counts as 1) and by surprisal in quarter bits.

        Args:
            counts: How many articles hold each.
            surprisal: Of each, 0 to 255.

        Returns:
            float32, in nats, of their common shape.
        """
        seen = np.clip(counts, 1, max(LEAST_CAP, self.max_df * self.articles))
        total = self.articles + self.prior_articles + 1.0
        return grained(np.log(total / (seen + chances(self.prior_articles)[surprisal])))

    def alone(self) -> NDArray[np.uint32]:
        """(256,): bits of the weight of a shingle that one article holds, by its surprisal in quarter bits."""
        return self.weights(np.ones(1), ALL).view(np.uint32)


def weigh(
    batches: Sequence[Batch],
    load: Callable[[Batch], NDArray[np.uint64]],
    formula: Formula,
    *,
    most: int | None = None,
    threads: int = 1,
    progress: Progress | None = None,
) -> Weights:
    """Weigh shingles by this corpus and the prior.

    Args:
        batches: The batches in which the corpus is read.
        load: Gives the shingles of a batch: hashes with surprisal, each once per article.
        formula: Their weight, among the articles of all batches.
        most: Keep the weights of only so many shingles, the most frequent ones; the others weigh as much as a shingle
            of a single article. None keeps all that several articles hold.
        threads: How many batches, and then parts of the hash space, run side by side; the result does not depend on
            it.
        progress: Called with batches done and in all.

    Example:
        >>> texts = clusters.corpus.texts
        >>> formula = Formula(articles=14, prior_articles=1000.0, max_df=0.03)
        >>> weights = weigh(texts.batches(np.arange(14)), lambda rows: texts.shingle(rows).keys, formula)
        >>> keys = texts.shingle(np.array([8])).keys
        >>> bool((weights.of(keys) == clusters.corpus.weights.of(keys)).all())
        True
    """
    counted = Counts()
    count(batches, load, counted, threads=threads, progress=progress)
    keys, counts = counted.shared()
    if most is not None and len(keys) > most:
        kept = np.argpartition(counts, len(counts) - most)[len(counts) - most :]
        keys, counts = keys[kept], counts[kept]
    weights = formula.weights(counts, keys & np.uint64(255))
    table = np.zeros(kernels.size_for(3 * len(keys) // 4), np.uint64)  # two thirds full: small, to stay in the cache
    rarest_first = np.argsort(np.minimum(counts, 0xFFFF).astype(np.uint16), kind="stable")
    kernels.store(keys, weights.view(np.uint32), rarest_first, table)
    return Weights(table, formula.alone())


class SketchWeights(NamedTuple):
    """The weight of any shingle, by a sketch of counts.

    Example:
        >>> from dedup.stages.frequencies import Sketch
        >>> weights = weigh_sketch(Sketch(16), Formula(articles=1, prior_articles=1000.0, max_df=1.0))
        >>> weights.codes.shape, weights.bits.shape, weights.of(np.array([80], np.uint64)).round(1)
        ((64, 1024), (256, 256), array([6.], dtype=float32))
    """

    codes: NDArray[np.uint8]
    """(parts, cells): the code of the count of each cell; see `dedup.stages.frequencies.Sketch`."""
    bits: NDArray[np.uint32]
    """(256, 256): bits of the weight, by code and surprisal in quarter bits."""

    def of(self, keys: NDArray[np.uint64], room: Room | None = None) -> NDArray[np.float32]:
        """The weight of each of these shingles, above 0; in a new array, or in this room of uint32.

        Args:
            keys: (m,) hashes of shingles, with surprisal.
            room: Where to put the weights; None is a new array.

        Returns:
            float32 (m,), in nats.
        """
        found = np.empty(len(keys), np.uint32) if room is None else room.take(len(keys))
        kernels.look_up_codes(keys, kernels.frozen(self.codes), self.bits, found)
        return found.view(np.float32)


def weigh_sketch(sketch: Sketch, formula: Formula) -> SketchWeights:
    """Weigh shingles by a sketch of how many articles hold them, and the prior.

    Args:
        sketch: The document frequencies; they may be too high, but never too low.
        formula: The weight of a shingle.

    Example:
        >>> from dedup.stages.frequencies import Sketch, count
        >>> sketch, keys = Sketch(16), np.array([80], np.uint64)  # a shingle of 80 quarter bits
        >>> count([keys] * 500, lambda batch: batch, sketch)
        >>> formula = Formula(articles=1000, prior_articles=1000.0, max_df=1.0)
        >>> weigh_sketch(sketch, formula).of(keys).round(1), formula.weights(np.array([500]), keys).round(1)
        (array([1.4], dtype=float32), array([1.4], dtype=float32))
    """
    codes = np.empty(sketch.cells.shape, np.uint8)
    for cells, mine in zip(sketch.cells, codes, strict=True):  # by parts: the codes of all would be 8 bytes each
        mine[:] = codes_of(cells)
    return SketchWeights(codes, code_weights(formula))


def codes_of(cells: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """The code of every count; nearly all counts are small.

    Args:
        cells: (m,) counts.

    Returns:
        uint8 (m,).

    Example:
        >>> codes_of(np.array([0, 5, 64, 1000], np.uint32))
        array([ 0,  5, 64, 95], dtype=uint8)
    """
    codes = np.minimum(cells, np.uint32(EXACT_CODES)).astype(np.uint8)
    large = np.flatnonzero(codes == EXACT_CODES)
    codes[large] = np.searchsorted(_first_counts(), cells[large], side="right") - 1
    return codes


def code_weights(formula: Formula) -> NDArray[np.uint32]:
    """(256, 256): bits of the weight, by code and by surprisal; see `weigh_sketch`.

    Args:
        formula: The weight of a shingle.

    Example:
        >>> table = code_weights(Formula(articles=1000, prior_articles=1000.0, max_df=1.0)).view(np.float32)
        >>> table.shape, bool(table[1, 80] > table[100, 80])
        ((256, 256), True)
    """
    firsts = _first_counts()
    middles = np.sqrt(firsts * np.append(firsts[1:] - 1.0, firsts[-1]))
    return formula.weights(middles[:, None], ALL).view(np.uint32)


def _first_counts() -> NDArray[np.uint32]:
    """(256,): the least count of every code."""
    octaves = np.arange(CODES - EXACT_CODES) / 8
    return np.concatenate([np.arange(EXACT_CODES), np.ceil(EXACT_CODES * np.exp2(octaves))]).astype(np.uint32)


def prior_weights(prior_articles: float) -> Weights:
    """Weights from the prior only, as if one article had been seen.

    Args:
        prior_articles: `N0`, in articles.

    Example:
        >>> prior_weights(1000.0).of(np.array([40, 80, 160], np.uint64)).round(1)  # of 10, 20 and 40 bits
        array([0.3, 6. , 6.9], dtype=float32)
    """
    return Weights(np.zeros(kernels.size_for(0), np.uint64), Formula(1, prior_articles, 1.0).alone())


def grained(weights: NDArray[np.float64]) -> NDArray[np.float32]:
    """Weights rounded to the nearest multiple of the grain, but never 0, so that sums are exact in any order.

    Args:
        weights: In nats, of any shape.

    Example:
        >>> grained(np.array([1.0, 1.000001, 0.0])).tolist()
        [1.0, 1.0, 1.52587890625e-05]
    """
    return np.maximum(np.rint(weights / GRAIN) * GRAIN, GRAIN).astype(np.float32)
