"""Bytes become text.

In: the bytes of a file, whole or as a stream. Out: text without its byte order mark, U+FFFD for what cannot be
decoded, and the number of those bytes. The encoding is what the mark says, else UTF-8; a web page may declare another.
Costs one pass where all is well. Guesses nothing: the encoding of a page that declares none that is known is None.
"""

from __future__ import annotations

import codecs
import io
import re

from dedup.files.bounds import Lines

SURROGATES = re.compile("[\ud800-\udfff]")
"""Halves of characters, which UTF-8 cannot hold."""

_MARKS = (  # UTF-32 before UTF-16: its little-endian mark begins with that of UTF-16
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_EVERY_MARK = tuple(mark for mark, _ in _MARKS)
_DECLARED = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
_CHARSETS = re.compile(
    "utf-?8|gb|big5|hz|shift|euc|iso|windows|cp|koi8|mac|ks_c|tis"
)  # not those of Python alone, such as punycode
_WIDER = {  # what browsers take a charset to be: pages hold more than it has
    **dict.fromkeys(("gbk", "gb2312", "gb_2312-80"), "gb18030"),
    "iso-8859-1": "cp1252",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc-kr": "cp949",
}


def marked(raw: bytes) -> str | None:
    """The encoding that a byte order mark says.

    Args:
        raw: The first four bytes of a file, or more.

    Returns:
        A codec that takes the mark off; None where there is no mark.
    """
    if not raw.startswith(_EVERY_MARK):  # at once, for a folder of small files
        return None
    return next(encoding for mark, encoding in _MARKS if raw.startswith(mark))


def declared(raw: bytes, charset: str | None = None) -> str | None:
    """The encoding of a web page: by its mark, UTF-8 where that fits, else the charset in its first 4,096 bytes.

    Args:
        raw: The page.
        charset: What a server said of it; counts before what the page says itself, as in browsers.

    Returns:
        A codec; None where the page declares no charset, or an unknown one.
    """
    encoding = marked(raw)
    if encoding or not decoded(raw, "utf-8")[1]:
        return encoding or "utf-8"
    found = _DECLARED.search(raw[:4096])
    return _codec(charset or "") or _codec(found[1].decode("ascii", "ignore") if found else "")


def _codec(charset: str) -> str | None:
    """The codec of a charset; None where no page is in it."""
    name = charset.strip().lower()
    try:
        return codecs.lookup(_WIDER.get(name, name if _CHARSETS.match(name) else "")).name
    except LookupError:
        return None


def decoded(raw: bytes, encoding: str) -> tuple[str, int]:
    """Bytes as text.

    Args:
        raw: The bytes.
        encoding: A codec.

    Returns:
        The text with U+FFFD for what cannot be decoded, and how many bytes that was.
    """
    try:
        return raw.decode(encoding), 0
    except UnicodeDecodeError:
        rest = raw.decode(encoding, "ignore").encode(encoding, "ignore")
        return raw.decode(encoding, "replace"), max(1, len(raw) - len(rest))


def characters(stream: io.BufferedReader, newline: str) -> io.TextIOWrapper:
    """Bytes as lines of text, in which undecodable bytes can still be counted, row by row.

    Args:
        stream: The bytes.
        newline: As for `open`.

    Returns:
        Lines in which each byte that is not UTF-8 is a surrogate, for `mended` to find in its row. From UTF-16 and
        UTF-32 it is U+FFFD at once, for they have no such surrogates. None is longer than `bounds.LINE`.
    """
    encoding = marked(stream.peek(4)) or "utf-8"
    return Lines(stream, encoding, "surrogateescape" if encoding.startswith("utf-8") else "replace", newline)


def is_whole(text: str) -> bool:
    """Whether a text has no halves of characters; to encode it tells that ten times as fast as to search it.

    Args:
        text: Any.
    """
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def mended(text: str) -> tuple[str, int]:
    """Text out of `characters` without surrogates.

    Args:
        text: A part of a line.

    Returns:
        The text with U+FFFD for them, and how many bytes they stood for.
    """
    if is_whole(text):
        return text, 0
    return decoded(text.encode("utf-8", "surrogateescape"), "utf-8")
