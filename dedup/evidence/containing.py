"""Which texts stand in which others, and how much of them.

In: a corpus, and which of its distinct texts are looked for in which. Out: pairs that share runs of text
(`dedup.stages.quotes`), to be verified by `Corpus.containments`: the share of the one's evidence, the weights of its
shingles, that stands in the other. What stands in frames counts for nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedup.evidence.corpus import Corpus
from dedup.kernels import Integers
from dedup.settings import Settings
from dedup.stages.clusters import Pairs
from dedup.stages.quotes import Quotes, of_pages, of_quotes
from dedup.stages.signer import winnow

LEAST_SHINGLES = 24
"""Shingles that a pair must share where they have no weights, by which a phrase could be told from a quotation."""


def least_evidence(settings: Settings) -> float:
    """What a text must share with another to stand in it: `Settings.least_shared`, or a count without weights."""
    return settings.least_shared if settings.weighted else float(LEAST_SHINGLES)


def quoted(corpus: Corpus, numbers: Integers, threshold: float, *, threads: int = 1) -> Quotes:
    """The table by which texts are found in others.

    Args:
        corpus: Distinct texts.
        numbers: (n,) those to be found, called 0 to n - 1 in the table.
        threshold: Least containment.
        threads: How many to use.
    """
    rows = corpus.first[numbers]
    which = of_quotes(int(corpus.texts.lengths[rows].sum()))
    return Quotes(winnow(corpus.texts, rows, which, threads=threads), len(rows), which.window, threshold)


def standing(
    corpus: Corpus, quotes: Quotes, looked_for: Integers, pages: Integers, *, threads: int = 1
) -> tuple[Integers, Integers]:
    """Pairs of texts of which the first may stand in the second.

    Args:
        corpus: Distinct texts.
        quotes: The table of those that are looked for.
        looked_for: Their numbers, in the order of the table.
        pages: Those that they may stand in.
        threads: How many to use; the result does not depend on it.
    """
    quote, page = quotes.pairs(winnow(corpus.texts, corpus.first[pages], of_pages(), threads=threads))
    left, right = looked_for[quote], pages[page]
    apart = left != right
    return left[apart], right[apart]


def contained(corpus: Corpus, threshold: float, *, threads: int = 1) -> Pairs:
    """All texts of a corpus that stand in another one of it, with their containment.

    Args:
        corpus: Distinct texts.
        threshold: Least containment.
        threads: How many to use; the result does not depend on it.
    """
    every = np.arange(len(corpus.first))
    settings = Settings(weighted=corpus.weights is not None, unit="word" if corpus.texts.by_word else "char")
    left, right = standing(corpus, quoted(corpus, every, threshold, threads=threads), every, every, threads=threads)
    share = corpus.containments(left, right, evidence=least_evidence(settings), threads=threads)
    return Pairs(left, right, share).where(share >= threshold)


def evidence_of(corpus: Corpus, numbers: Integers, most: int = 1 << 24) -> NDArray[np.float64]:
    """What the shingles of some distinct texts weigh together.

    Args:
        corpus: Distinct texts.
        numbers: (n,) of these.
        most: Characters of texts that are held at once, unless one is longer.
    """
    total, cuts = np.zeros(len(numbers)), np.cumsum(corpus.sizes[numbers]) // most
    for some in np.split(np.arange(len(numbers)), np.flatnonzero(np.diff(cuts)) + 1):
        sets = corpus.sets(numbers[some])
        weights = np.append(0.0, np.cumsum(sets.weigh(sets.keys), dtype=np.float64))
        total[some] = weights[sets.stops] - weights[sets.starts]
    return total
