"""How surprising a run of characters is in ordinary Chinese: a character bigram model from jieba's dictionary.

In: the shipped table of frequencies (`tools/build_tables.py`). Out: arrays for the kernels, in sixteenths of a bit,
and the chance that an ordinary article holds a shingle of given surprisal. Inside a word the next character is drawn by
the dictionary's bigrams; across words by how often words end and begin with the two. Characters of other scripts
have a flat rate. Loaded once a process (about 20 ms); nothing of jieba itself is imported.
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
"""Length of the ordinary article of which `chances` speaks."""


@cache
def background() -> kernels.Background:
    """The shipped model as arrays for the kernels."""
    with files("dedup").joinpath("data/background.npz").open("rb") as file, np.load(file) as arrays:
        stored: dict[str, Any] = dict(arrays)
    characters = len(stored["characters"])
    places = np.zeros(0x110000, np.uint16)
    for first, last in stored["han"]:
        places[first : last + 1] = characters + 1
    places[stored["characters"]] = np.arange(1, characters + 1)
    pairs, bits = _pair_table(np.cumsum(stored["pair_steps"], dtype=np.uint32), stored["pair_bits"])
    return kernels.Background(
        places, _column(stored["alone"]), _column(stored["first"]), _column(stored["last"], unseen=0), pairs, bits,
        np.array([round(FLAT_BITS * 16)], np.int32),
    )  # fmt: skip


def _column(bits: NDArray[np.float32], unseen: float = UNSEEN_BITS) -> NDArray[np.int32]:
    """Sixteenths of a bit, with a row 0 that is not used and a last row for characters that were never seen."""
    return np.rint(np.concatenate([[0], bits, [unseen]]) * 16).astype(np.int32)


def _pair_table(pairs: NDArray[np.uint32], eighths: NDArray[np.uint8]) -> tuple[Any, Any]:
    """Open-addressing table of the in-word bigrams, at most half full."""
    size = 1 << (2 * len(pairs) - 1).bit_length()
    slots, slot_bits = np.zeros(size, np.uint32), np.zeros(size, np.int32)
    kernels.fill_pairs(pairs + np.uint32(0x10001), eighths.astype(np.int32) * 2, slots, slot_bits)
    return slots, slot_bits


def chances(articles: float = 1.0) -> NDArray[np.float64]:
    """`articles` times the chance that an ordinary article holds a shingle, for each surprisal in quarter bits.

    Returns:
        float64 (256,): entry q for a surprisal of q / 4 bits.
    """
    bits = np.arange(256) / 4
    return articles * -np.expm1(-ARTICLE_CHARACTERS * np.exp2(-bits))
