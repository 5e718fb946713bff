"""Texts with their words set apart, for `Settings(unit="word")`.

In: an Arrow column of texts. Out: the same column with a space between words. Chinese is cut by jieba, on Simplified
characters, which its dictionary holds; runs of letters and digits of other scripts are words; a kana or an
unknown character is a word of its own. Costs about a second for a million characters: jieba is plain Python.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pyarrow as pa

from dedup.folding import CODE_POINT, fold_table

RUNS = re.compile(r"(?P<han>[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff々〇]+)|[\u3041-\u30ff]|[^\W\u3041-\u30ff_]+?(?=[\u3041-\u30ff\u3400-\u9fff]|\b|_)")


@cache
def _jieba() -> Any:
    """jieba's cutter; its own dictionary, about a second to load, and its chatter off."""
    import jieba  # noqa: PLC0415 - a second to load, for this unit only

    jieba.setLogLevel(logging.WARNING)
    return jieba.Tokenizer()


def words(text: str) -> Iterator[str]:
    """The words of a text, in order; punctuation and white space are left out.

    >>> list(words("续費手机卡，easy!"))
    ['续费', '手机卡', 'easy']
    """
    for run in RUNS.finditer(text):
        if run["han"]:
            yield from _jieba().cut(run["han"].translate(_Simplified()))
        else:
            yield run[0]


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
        [
            pa.array([t and " ".join(words(t)) for t in chunk.to_pylist()], pa.large_string())
            for chunk in texts.chunks
        ],
        pa.large_string(),
    )
