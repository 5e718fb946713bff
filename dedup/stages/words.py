"""Texts as words, for `Settings(unit="word")` and keywords; the only module that uses jieba.

In: an Arrow column of texts. Out: the same column folded, with a blank between words. White space, punctuation and
symbols separate words everywhere; Chinese is folded and then cut by jieba, whose dictionary is folded, too; a kana is a
word of its own. Costs about a second for a million characters: jieba is plain Python.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from dedup.kernels import CODE_POINT, SEPARATOR
from dedup.stages.folding import fold_table, fold_words

HAN = r"\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff々〇"
KANA = r"\u3041-\u30ff\u31f0-\u31ff"
RUNS = re.compile(rf"(?P<han>[{HAN}]+)|[{KANA}]|[^ {HAN}{KANA}]+")


@cache
def _jieba() -> Any:
    """jieba's cutter with its own dictionary, about a second to load.

    What it keeps in the shared temporary folder, where anybody may have put a file of that name, is neither read nor
    written: to read it takes as long as to make it from the dictionary.
    """
    with warnings.catch_warnings():  # Python 3.12 and later warn of escapes in its source
        warnings.simplefilter("ignore", SyntaxWarning)
        import jieba  # noqa: PLC0415 - a second to load, for this unit only

    cutter = jieba.Tokenizer()
    cutter.FREQ, cutter.total = cutter.gen_pfdict(cutter.get_dict_file())
    cutter.initialized = True
    for word, folded in _folded(cutter.FREQ):
        cutter.FREQ[folded] = cutter.FREQ.get(folded, 0) + cutter.FREQ[word]
    return cutter


def _folded(known: Iterable[str]) -> list[tuple[str, str]]:
    """Words of a dictionary that fold to others, and these: 著名 to 着名. A prefix of a word is a word to jieba."""
    codes = np.arange(0x3400, 0xA000)
    kept = fold_table().table[codes] & CODE_POINT
    forms = {chr(code): chr(folded) for code, folded in zip(codes, kept, strict=True) if code != folded > SEPARATOR}
    others = str.maketrans(forms)
    return [(word, word.translate(others)) for word in known if not forms.keys().isdisjoint(word)]


@lru_cache(maxsize=1 << 14)
def _cut(run: str) -> list[str]:
    """The words of a run of Chinese; rewrites and copies repeat many, and jieba is slow."""
    return list(_jieba().cut(run))


class Rarity(NamedTuple):
    """What jieba knows of words in general.

    Example:
        >>> rare = rarity()
        >>> round(rare.idf["石桥"], 1), round(rare.median, 1), "the" in rare.stop
        (9.2, 12.0, True)
    """

    idf: dict[str, float]
    """Inverse document frequency (natural logarithm) of 270,000 Simplified words, as written and as folded."""
    median: float
    """The same for a word that is not among them."""
    stop: frozenset[str]
    """Stop words: some thirty English ones."""


@cache
def rarity() -> Rarity:
    """jieba's table of inverse document frequencies and its stop words; half a second to load.

    Example:
        >>> rarity().idf["石桥"] > rarity().idf["我们"]
        True
    """
    with warnings.catch_warnings():  # it leaves the file of the table open
        warnings.simplefilter("ignore")
        from jieba import analyse  # noqa: PLC0415 - half a second to load, for keywords only
    table = analyse.default_tfidf
    idf = {folded: table.idf_freq[word] for word, folded in _folded(table.idf_freq)} | table.idf_freq
    return Rarity(idf, table.median_idf, frozenset(table.stop_words))


def words(text: str | bytes) -> list[str]:
    """The folded words of a text, in order.

    Args:
        text: A string, or UTF-8 bytes, of which malformed ones are dropped.

    Example:
        >>> words("續費手機卡，easy!")
        ['续费', '手机卡', 'easy']
    """
    found: list[str] = []
    for run in RUNS.finditer(fold_words(text)):
        found += _cut(run["han"]) if run["han"] else [run[0]]
    return found


def separate(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """The words of every text with blanks between them.

    Args:
        texts: large_string (n,), may hold nulls.

    Returns:
        large_string (n,), in the same chunks.

    Example:
        >>> import pyarrow as pa
        >>> separate(pa.chunked_array([["續費手機卡，easy!", None]], pa.large_string())).to_pylist()
        ['续费 手机卡 easy', None]
    """
    chunks = [
        pa.array(
            [t if t is None else " ".join(words(t)) for t in chunk.cast(pa.large_binary()).to_pylist()],
            pa.large_string(),
        )
        for chunk in texts.chunks
    ]
    return pa.chunked_array(chunks, pa.large_string())
