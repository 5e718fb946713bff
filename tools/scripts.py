"""Which script a letter is of: for the kernels, that look for letters among those of another script.

In: the scripts of the Unicode database (fontTools). Out: a number for every 16 code points, which are nearly always of
one script.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import unicodedata2
from fontTools.unicodedata import script

TOGETHER = 16  # code points
EAST_ASIAN = frozenset(("Hani", "Hira", "Kana", "Hang"))
"""Scripts of one and the same text."""
SIGNS = frozenset((0x1C0, 0x2B0))
"""Clicks and modifier letters, which are Latin and look like strokes and apostrophes: a script of their own here."""


def _names(first: int) -> list[str]:
    """The scripts of letters from a code point on; those of modifier letters and the like are of none in Unicode."""
    letters = [chr(code) for code in range(first, first + TOGETHER) if unicodedata2.category(chr(code))[0] == "L"]
    found = ["signs" if first in SIGNS else script(letter) for letter in letters]
    return ["East Asian" if name in EAST_ASIAN else name for name in found]


def script_table(code_points: int) -> np.ndarray:
    """uint8: 0 where there are no letters, 1 for Han, kana and Hangul, 2 for signs, another number for each other."""
    commonest = [Counter(_names(first)).most_common(1) for first in range(0, code_points, TOGETHER)]
    names = sorted({found[0][0] for found in commonest if found} - {"East Asian", "signs"})
    numbers = {name: at for at, name in enumerate(["East Asian", "signs", *names], 1)}
    return np.array([numbers[found[0][0]] if found else 0 for found in commonest], np.uint8)
