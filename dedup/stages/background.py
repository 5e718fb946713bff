"""How surprising a run of characters is in ordinary Chinese: a character bigram model from jieba's dictionary.

In: the shipped table of frequencies (`tools/build_tables.py`). Out: arrays for the kernels, in quarters of a bit,
and the chance that an ordinary article holds a shingle of given surprisal. Inside a word, the next character has the
probability of the dictionary's bigrams; across words, that of words ending and beginning with the two. Characters of
other scripts have a flat rate. Loaded once per process (about 20 ms, 4 MB); jieba itself is not imported.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup import kernels

FLAT_BITS = 3.0
"""Bits of one unit of a script that the model does not know: a Latin letter; a Hangul syllable has three units."""
UNSEEN_BITS = 26.0
"""Bits of a Han character that jieba's dictionary does not hold."""
ARTICLE_CHARACTERS = 1500
"""Length of the ordinary article in `chances`."""


COMMON = 2048
"""So many of the most frequent characters, nearly all of any text, have a table of the cost of each after each: one
access, while a hash table of bigrams cost ten times as much as folding. Others always begin a word."""


@cache
def background() -> kernels.Background:
    """The shipped model as arrays for the kernels.

    Example:
        >>> table = background()
        >>> table.flat.tolist()  # quarters of a bit that a Latin letter costs
        [12]
    """
    with files("dedup").joinpath("data/background.npz").open("rb") as file, np.load(file) as arrays:
        stored: dict[str, Any] = dict(arrays)
    often_first = np.argsort(stored["alone"], kind="stable")
    rows = np.empty(len(often_first), np.int64)
    rows[often_first] = np.arange(1, len(often_first) + 1)
    places = np.zeros(0x110000, np.uint16)
    for begin, end in stored["han"]:
        places[begin : end + 1] = len(rows) + 1
    places[stored["characters"]] = rows
    alone, first = (_column(stored[name][often_first], UNSEEN_BITS) for name in ("alone", "first"))
    last = _column(stored["last"][often_first], 0)
    flat = np.array([round(FLAT_BITS * 4)], np.int32)
    return kernels.Background(places, alone, first, last, _pairs(stored, rows, first, last), flat)


def _column(bits: NDArray[np.float32], unseen: float) -> NDArray[np.int32]:
    """Quarters of a bit; row 0 is not used, and the last row is for characters that were never seen."""
    return np.rint(np.concatenate([[0], bits, [unseen]]) * 4).astype(np.int32)


def _pairs(stored: dict[str, Any], rows: Any, first: Any, last: Any) -> Any:
    """The cost of a common character after another; inside a word, if a word holds both."""
    places = np.cumsum(stored["pair_steps"], dtype=np.uint32)
    left, right = rows[places >> np.uint32(16)], rows[places & np.uint32(0xFFFF)]
    common = np.maximum(left, right) < COMMON
    quarters = np.rint(stored["pair_bits"][common] / 2).astype(np.uint8)
    table = np.empty((COMMON, COMMON), np.uint8)
    kernels.fill_pairs(first, last, left[common], right[common], quarters, table)
    return table


@cache
def chances(articles: float = 1.0) -> NDArray[np.float64]:
    """`articles` times the chance that an ordinary article holds a shingle, for each surprisal in quarter bits.

    Args:
        articles: How many, 0 or more.

    Returns:
        float64 (256,): entry q for a surprisal of q / 4 bits; read-only.

    Example:
        >>> chances()[[0, 40, 80]].round(4)
        array([1.    , 0.7689, 0.0014])
    """
    bits = np.arange(256) / 4
    expected: NDArray[np.float64] = kernels.frozen(articles * -np.expm1(-ARTICLE_CHARACTERS * np.exp2(-bits)))
    return expected
