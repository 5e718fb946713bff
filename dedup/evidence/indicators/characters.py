"""Texts in plain characters, before anything is looked for in them.

In: a string. Out: the same one in which full-width forms are plain ones (NFKC), zero-width characters and lone
surrogates are gone, and addresses that were written so that nobody follows them (`hxxps://example[.]com`, `name[at]
example.com`, `example点com`) are whole. Costs time in proportion to the length.

Written here, since the one maintained library for it, ioc-fanger, takes away the brackets of Markdown, too.
"""

from __future__ import annotations

import re
import unicodedata

Spelled = tuple[str, str]
"""Kind and value."""
BETWEEN = r"[^\w\n]"
"""What may stand between a word and what it introduces."""
UNSEEN = "\u00ad\u034f\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff\ud800-\udfff"
"""Characters that nobody sees, as the inside of a class."""

_UNSEEN = re.compile(f"[{UNSEEN}]+")
_STOPS = (("，", "、"), ("；", "、"), ("！", "。"), ("？", "。"), ("（", "〔"), ("）", "〕"), ("：", ":"))
"""NFKC would turn these into ASCII that may be part of an address; their replacements end an address, as they do. The
colon is here for speed only: seven replacements take a tenth of the time of `translate`."""
_LABEL = re.compile(":(?<=[^\\x00-\\x7f]:)(?=[A-Za-z0-9])")
"""A colon behind a Chinese word, which would be taken for part of the address that follows."""
_PIECE = 256
"""Characters normalised at a time: a run of marks takes time as its square."""
_SCHEME = re.compile(r"[Hh](?<![A-Za-z0-9].)(?i:xx|\*\*|tt)[Pp]([Ss]?)(?:\[:\]//|:\[//\]|\[://\]|://)")
_SIGNS = ("xxp", "xXp", "Xxp", "XXp", "XXP", "**p", "**P", "[:")
"""Every defanged scheme has one."""
_BRACKETED = re.compile(r"[\[({〔【](?:[.@点點]|(?i:dot|at))\\?[\])}〕】]")
_DOT = re.compile(r"(?<=[A-Za-z0-9])[ ]?\\?[\[({〔【](?:\.|dot|[点點])\\?[\])}〕】][ ]?(?=[A-Za-z0-9])", re.IGNORECASE)
_AT = re.compile(r"(?<=[A-Za-z0-9_])[ ]?[\[({〔【](?:@|at)[\])}〕】][ ]?(?=[A-Za-z0-9])", re.IGNORECASE)
_SPOKEN = re.compile(
    r"(?<=[A-Za-z0-9])[点點](?=(?:cc|cn|com|me|net|org|shop|top|vip|xyz)(?![A-Za-z0-9]))", re.IGNORECASE
)


def readable(text: str) -> str:
    """Text without unseen characters, full-width forms and defanged addresses."""
    if not text.isascii():
        text = _UNSEEN.sub("", text)
        for mark, other in _STOPS:
            text = text.replace(mark, other)
        if not unicodedata.is_normalized("NFKC", text):
            text = "".join(_normal(text[start : start + _PIECE]) for start in range(0, len(text), _PIECE))
        text = _LABEL.sub(": ", text)
    return _refanged(text)


def _normal(piece: str) -> str:
    """NFKC, unless the piece is made of the few characters that become many."""
    normal = unicodedata.normalize("NFKC", piece)
    return normal if len(normal) <= 2 * _PIECE else piece


def _refanged(text: str) -> str:
    """Addresses as a browser takes them; prose has no full stop alone in brackets."""
    if _BRACKETED.search(text):
        text = _AT.sub("@", _DOT.sub(".", text))
    if "点" in text or "點" in text:
        text = _SPOKEN.sub(".", text)
    return _SCHEME.sub(r"http\1://", text) if any(sign in text for sign in _SIGNS) else text
