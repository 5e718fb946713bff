"""What a text is read as before anything is looked for in it.

In: a string. Out: the same one in which full-width forms are plain ones (NFKC) and zero-width characters and lone
surrogates are gone. Costs time in proportion to the length.
"""

from __future__ import annotations

import re
import unicodedata

Found = tuple[str, str]
"""Kind and value."""
BETWEEN = r"[^\w\n]"
"""What may stand between a word and what it introduces."""
_UNSEEN = re.compile("[\u00ad\u034f\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff\ud800-\udfff]+")
_STOPS = str.maketrans("，；！？（）", "、、。。〔〕")
"""NFKC would make these ASCII that may stand in an address; their stand-ins end one as they do."""
_LABEL = re.compile("(?<=[^\\x00-\\x7f]):(?=[A-Za-z0-9])")
"""A colon behind a Chinese word, which would be taken for part of the address that follows."""
_PIECE = 256
"""Characters normalised at a time: a run of marks takes time as its square."""


def readable(text: str) -> str:
    """Text without unseen characters and full-width forms."""
    if text.isascii():
        return text
    text = _UNSEEN.sub("", text).translate(_STOPS)
    if not unicodedata.is_normalized("NFKC", text):
        text = "".join(_normal(text[start : start + _PIECE]) for start in range(0, len(text), _PIECE))
    return _LABEL.sub(": ", text)


def _normal(piece: str) -> str:
    """NFKC, unless it is made of the few characters that become many."""
    normal = unicodedata.normalize("NFKC", piece)
    return normal if len(normal) <= 2 * _PIECE else piece
