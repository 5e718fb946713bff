"""Text as it is compared: one lookup per character, in a table that is shipped with the package.

In: text. Out: folded text. Compatibility forms (NFKC), case, full width, accents, Traditional and Simplified Chinese
(OpenCC's character table) and letters that look like Latin ones fall together; white space, punctuation, symbols,
emoji, combining marks, zero-width and control characters and lone surrogates are dropped. Jamo become syllables.
Folding is for comparing only: nothing folded is ever shown to a person. The table is made by `tools/build_tables.py`.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np

from dedup import kernels

CODE_POINT = (1 << 21) - 1


class FoldTable(NamedTuple):
    """What each code point becomes."""

    table: Any
    """uint32 (0x110000,): 0 drops the character, 1 drops it and ends a word; else its units << 21 | code point, or
    1 << 31 | start << 5 | length in `expansions`."""
    expansions: Any
    """uint32: the characters of those that become several."""


@cache
def fold_table() -> FoldTable:
    """The shipped table, loaded once a process (4 MB, about 10 ms)."""
    with files("dedup").joinpath("data/fold.npz").open("rb") as file, np.load(file) as arrays:
        return FoldTable(arrays["table"], arrays["expansions"])


def fold(text: str) -> str:
    """The text as it is compared.

    >>> fold("「續費」 Ｎｏ．１，Ｃａｆé")
    '续费no1cafe'
    """
    data = np.frombuffer(text.encode("utf-8", "replace"), np.uint8)
    codes = kernels.fold_one(data, *fold_table()) & CODE_POINT
    return codes.astype("<u4").tobytes().decode("utf-32-le")
