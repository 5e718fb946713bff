"""Text as it is compared: one lookup per character, in a table that is shipped with the package.

In: text. Out: folded text. Compatibility forms (NFKC), case, full width, accents, strokes and tails, Traditional and
Simplified Chinese in all regional forms (classes made of OpenCC's tables), phrases of Taiwan, Hong Kong and the
mainland (軟體 and 软件), Arabic and Persian forms, and letters that look like Latin ones become equal; white space,
punctuation, symbols, emoji, marks that decorate, zero-width and control characters and lone surrogates are dropped.
Marks that carry a vowel stay, in canonical order. Jamo become syllables, a kana and its dakuten one kana. In a text of
32 units and less, ten Han characters, signs that change the word they stand in stay, too: C++, C#, 1.5, 10^6, -5.
`docs/explanation/folding.md` has it by script.
Folding is for comparing only: nothing folded is ever shown to a person. The table is made by `tools/build_tables.py`.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.kernels import FoldTable

FOLDING = 5
"""Which folding this is: what another one has folded cannot be compared with. Stores of folded text keep it."""


@cache
def fold_table() -> FoldTable:
    """The shipped table, loaded once per process (4 MB, about 10 ms).

    Example:
        >>> fold_table() is fold_table()
        True
    """
    with files("dedup").joinpath("data/fold.npz").open("rb") as file, np.load(file) as arrays:
        return FoldTable(*(arrays[name] for name in FoldTable._fields))


@cache
def folded_table() -> FoldTable:
    """The same for text that is folded already, in which no letters of other scripts are looked for once more.

    Cyrillic letters have become Latin ones there, and others are left between them. So are phrases, which what became
    of one may make with its neighbours.

    Example:
        >>> len(folded_table().phrases), len(fold_table().phrases) > 1000
        (0, True)
    """
    whole = fold_table()
    return whole._replace(scripts=np.zeros_like(whole.scripts), phrases=whole.phrases[:0])


def fold(text: str) -> str:
    """The text as it is compared.

    Args:
        text: Any string; a lone surrogate counts as nothing.

    Example:
        >>> fold("「續費」 Ｎｏ．１，Ｃａfé")
        '续费no1cafe'
    """
    codes, _ = kernels.fold_one(_bytes(text), fold_table())
    return _text(codes)


def fold_words(text: str | bytes) -> str:
    """The text as it is compared, with a blank in place of white space, punctuation or symbols.

    Args:
        text: A string, or UTF-8 bytes, of which malformed ones are dropped.

    Example:
        >>> fold_words("「續費」 Ｎｏ．１")
        '续费 no 1'
    """
    codes, starts = kernels.fold_one(_bytes(text), fold_table())
    return _text(np.insert(codes, np.flatnonzero(starts)[1:], ord(" ")))


def word_starts(words: str) -> NDArray[np.bool_]:
    """(n,): which of the characters of folded words begin one, that is, follow a blank.

    Args:
        words: As `fold_words` gives them.

    Example:
        >>> word_starts("续费 no 1")
        array([ True, False,  True, False,  True])
    """
    return np.asarray(kernels.fold_one(_bytes(words), folded_table())[1])


def displayed_order(text: str) -> NDArray[np.int64]:
    r"""(n,): the characters of a text in the order in which they are read where they are displayed.

    That is the one in which they stand, but under U+202D and U+202E, which turn letters around: all to the right, or
    all to the left, in the paragraph, the line, or up to U+202C.

    Args:
        text: Any string; n counts its characters, as Python does.

    Example:
        >>> text = "plain, \u202ederetla\u202c"
        >>> "".join(text[at] for at in displayed_order(text)).replace("\u202e", "").replace("\u202c", "")
        'plain, altered'
    """
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    return np.asarray(kernels.as_displayed(points, fold_table().table)[0])


class Traced(NamedTuple):
    """A folded text and where in the original each of its n characters comes from.

    Example:
        >>> traced = trace("「Ｎｏ．１」")
        >>> traced.begins.tolist(), traced.ends.tolist(), len(traced.codes)
        ([1, 2, 4], [2, 3, 5], 3)
    """

    codes: NDArray[np.uint32]
    """(n,): folded characters, units << 21 | code point."""
    begins: NDArray[np.int64]
    """(n,): position in the original of the character that each comes from."""
    ends: NDArray[np.int64]
    """(n,): the position after it, and after marks that combine with it."""


def trace(text: str) -> Traced:
    """Fold a text and remember where each folded character comes from.

    Args:
        text: Any string; positions count its characters, as Python does.

    Example:
        >>> trace("「續費」").begins
        array([1, 2])
    """
    data = _bytes(text)
    room = len(data)
    while True:
        codes, begins, ends = np.empty(room, np.uint32), np.empty(room, np.int64), np.empty(room, np.int64)
        count = kernels.trace(data, fold_table(), codes, begins, ends)
        if count <= room:
            return Traced(codes[:count], begins[:count], ends[:count])
        room = count


def _bytes(text: str | bytes) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode("utf-8", "replace") if isinstance(text, str) else text, np.uint8)


def _text(codes: NDArray[np.uint32]) -> str:
    return (codes & kernels.CODE_POINT).astype("<u4").tobytes().decode("utf-32-le")
