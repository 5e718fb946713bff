"""Titles of texts, and names on one line, safe to print on a terminal.

In: strings that nobody has checked. Out: strings without control characters, escape sequences and bidirectional
overrides, so that none can drive a terminal. A title costs a look at the first 2,000 characters of its text. Square
brackets are kept: a caller whose output reads them as markup has to escape them. Does not parse Markdown.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate

import pyarrow as pa

WIDTH = 60
"""Terminal columns of a title, where nothing else is asked for."""
_FRONT_MATTER_TITLE = re.compile(r"(?:---|\+\+\+)\n(?:(?!---|\+\+\+).*\n)*?title\s*[:=]\s*(.+)")
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()]*\)")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_CLOSING = re.compile(r" #+ ?$")
_LEADING = re.compile(r"(?:[#>*_`~|=\s]|[-+](?=[-+\s]|$))+")


def titles(texts: pa.ChunkedArray, positions: Iterable[int], width: int = WIDTH) -> list[str]:
    """The titles of some articles: what front matter states, or the first line that is not empty without its markup.

    Args:
        texts: Strings; may be null.
        positions: Rows of `texts`.
        width: Columns that a title may have; a wide character has two.

    Returns:
        One title per position, with an ellipsis where it was wider; "" where there is no title.
    """
    return [_clipped(_title(_text(texts[int(position)])), width) for position in positions]


def printable(text: str) -> str:
    """Text on one line and without control characters.

    Args:
        text: Anything, such as an id or a file name out of data.

    Returns:
        The text with each run of white space as one blank, none at the ends.
    """
    return "".join(char for char in " ".join(text.split()) if unicodedata.category(char) not in ("Cc", "Cf", "Cs"))


def _text(value: pa.Scalar) -> str:
    """A text, "" where it is missing; bytes that are not UTF-8, which Arrow lets pass, are U+FFFD."""
    data = value.as_buffer()
    return "" if data is None else data.to_pybytes().decode("utf-8", "replace")


def _title(text: str) -> str:
    """See `titles`; "" for a text that begins with 2,000 characters of markup."""
    beginning = text.lstrip()[:2000]
    stated = _FRONT_MATTER_TITLE.match(beginning)
    if stated:
        return _bare(stated[1]).strip("\"' ")
    lines = (_bare(line) for line in beginning.splitlines())
    return next(filter(None, lines), "")


def _bare(line: str) -> str:
    """A line without controls and Markdown."""
    line = _TAG.sub("", _LINK.sub(r"\1", printable(line)))
    opening = _LEADING.match(line)
    return _CLOSING.sub("", line[opening.end() :]).rstrip(" *_`~|") if opening else line.strip()


def _clipped(text: str, width: int) -> str:
    """Text of at most so many terminal columns, with an ellipsis where it was longer."""
    ends = list(accumulate(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text))
    return text[: bisect_right(ends, width - 1)].rstrip() + "…" if ends and ends[-1] > width else text
