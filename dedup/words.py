"""Texts with their words set apart, for `Settings(unit="word")`.

In: an Arrow column of texts. Out: the same column with blanks around words that nothing else separates: Chinese is cut
by jieba, on Simplified characters, which its dictionary holds; a kana is a word of its own. Nothing is taken out.
White space, punctuation and symbols separate words everywhere (see `dedup.folding`): other scripts need no help.
Costs about a second for a million characters: jieba is plain Python.
"""

from __future__ import annotations

import logging
import re
from functools import cache
from typing import Any

import pyarrow as pa

from dedup.folding import CODE_POINT, fold_table

HAN = r"\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff々〇"
KANA = r"\u3041-\u30ff"
RUNS = re.compile(rf"(?P<han>[{HAN}]+)|[{KANA}]")


@cache
def _jieba() -> Any:
    """jieba's cutter; its own dictionary, about a second to load, and its chatter off."""
    import jieba  # noqa: PLC0415 - a second to load, for this unit only

    jieba.setLogLevel(logging.WARNING)
    return jieba.Tokenizer()


def separate_words(text: str) -> str:
    """The text with blanks between its words.

    >>> separate_words("續費手機卡，easy!")
    ' 续费 手机卡 ，easy!'
    """
    return RUNS.sub(_apart, text)


def _apart(run: re.Match[str]) -> str:
    if not run["han"]:
        return f" {run[0]} "
    return f" {' '.join(_jieba().cut(run['han'].translate(_Simplified())))} "


class _Simplified:
    """A translation table over the shipped one: Han characters to their folded form, one to one."""

    def __getitem__(self, code: int) -> int:
        return int(fold_table().table[code]) & CODE_POINT or code


def separate(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """A space between words.

    Args:
        texts: large_string (n,), may hold nulls.

    Returns:
        large_string (n,), in the same chunks.
    """
    return pa.chunked_array(
        [pa.array([t and separate_words(t) for t in chunk.to_pylist()], pa.large_string()) for chunk in texts.chunks],
        pa.large_string(),
    )
