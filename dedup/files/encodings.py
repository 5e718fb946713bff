"""Bytes become text.

In: the bytes of a file, whole or as a stream. Out: text without its byte order mark, U+FFFD for what cannot be
decoded, and the number of those bytes. The encoding is what the mark says, or a web page declares, else UTF-8 where
most bytes are, else what `charsets` makes of them. Costs one pass where all is well.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Callable, Generator, Iterator
from functools import partial
from itertools import chain

from dedup.errors import InputError
from dedup.files.bounds import Lines
from dedup.files.charsets import LOOKED_AT, foreign, guessed, named, passing_for_utf8
from dedup.files.chunks import Chunks
from dedup.files.problems import counted

PIECE, AHEAD = 1 << 16, 1 << 24
"""Bytes of a stream that are decoded at once, and those that are read before it is known how."""
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
UTF8 = 0.45
"""Bytes are UTF-8 where no more than this share of those outside ASCII is not. Texts of 26 other encodings had 0.47 or
more (0.65 in the median), texts of UTF-8 with a broken byte in 25 characters 0.1 or less."""
ILLEGIBLE, CUT = 0.1, 3
"""Texts of which more than this share of the bytes cannot be decoded are no articles, unless it is these few bytes: one
character that is cut. With this share a text has 0.4 to 0.75 in common with itself (`bench/encodings.py`)."""


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
    encoding = marked(raw) or passing_for_utf8(raw)
    if encoding or not decoded(raw, "utf-8")[1]:
        return encoding or "utf-8"
    found = _DECLARED.search(raw[:4096])
    return named(charset or "") or named(found[1].decode("ascii", "ignore") if found else "")


def detected(raw: bytes) -> str | None:
    """The encoding of bytes that do not declare one.

    Args:
        raw: All of a text, or much of it.

    Returns:
        A codec: by the mark, UTF-8 where most of it is, else what it seems to be; None where it seems to be nothing.
    """
    if encoding := marked(raw) or passing_for_utf8(raw):
        return encoding
    undecodable = decoded(raw, "utf-8")[1]
    if undecodable and undecodable > UTF8 * foreign(raw):
        return guessed(raw)
    return "utf-8"


def check_legible(undecodable: int, count: int, encoding: str) -> None:
    """Refuse text that is replacement characters in good part: other texts would be compared with those.

    Args:
        undecodable: How many of its bytes could not be decoded.
        count: How many it has.
        encoding: The codec, to be said.

    Raises:
        InputError: More than a tenth could not, and more than what may be one character.
    """
    if undecodable > max(CUT, ILLEGIBLE * count):
        raise InputError(
            f"{undecodable:,} of {counted(count, 'byte')} cannot be decoded as {encoding}; say the encoding with "
            "--encoding NAME, or save as UTF-8"
        )


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


def characters(
    stream: io.BufferedReader,
    newline: str,
    encoding: str | None = None,
    told: Callable[[str, int], object] = lambda *_: None,
    *,
    longest: int,
) -> io.TextIOWrapper:
    """Bytes as lines of text, in which undecodable bytes can still be counted, row by row.

    Args:
        stream: The bytes, in an encoding that their mark says, or else `encoding`, or else `detected` of the first
            16 MB, or less where 64 KB of these are not ASCII, from the first such byte on.
        newline: As for `open`.
        encoding: A codec; None where it is to be found.
        told: Called with the encoding, if it was found and is not UTF-8, and how many bytes were decoded so.
        longest: Characters of a line.

    Returns:
        Lines in which each byte that could not be decoded is a surrogate, for `mended` to find in its row. None is
        longer than the longest may be.
    """
    head = stream.peek()
    said = marked(head) or encoding
    if said is None and foreign(head) and detected(head) == "utf-8":
        said = "utf-8"
    if said not in ("utf-8", "utf-8-sig"):
        stream, said = io.BufferedReader(Chunks(_recoded(stream, said, told), stream), PIECE), "utf-8"
    return Lines(stream, longest, newline, said)


def _recoded(stream: io.BufferedReader, said: str | None, told: Callable[[str, int], object]) -> Iterator[bytes]:
    """Bytes as UTF-8, in which those that cannot be decoded are as they were or 0xFF, which no character has."""
    pieces = iter(partial(stream.read1, PIECE), b"")
    sample = next(pieces, b"") if said else (yield from _ascii(pieces))
    found = said or detected(sample) or "utf-8"
    if found == "utf-8":
        yield from chain([sample], pieces)
        return
    decoder = codecs.getincrementaldecoder(found)(_ESCAPED)
    for piece in chain([sample], pieces, [b""]):
        yield decoder.decode(piece, final=not piece).encode("utf-8", "surrogateescape")
        if not said:
            told(found, len(piece))


def _ascii(pieces: Iterator[bytes]) -> Generator[bytes, None, bytes]:
    """Yields the pieces that are ASCII; returns what comes then, as much as tells its encoding."""
    piece = next(pieces, b"")
    if not passing_for_utf8(piece):
        while piece and piece.isascii():
            yield piece
            piece = next(pieces, b"")
    sample, known = [piece], foreign(piece)
    while known < LOOKED_AT and len(sample) * PIECE < AHEAD and (piece := next(pieces, b"")):
        sample.append(piece)
        known += foreign(piece)
    return b"".join(sample)


def _escaped(error: UnicodeError) -> tuple[str, int]:
    """A surrogate for each byte that cannot be decoded."""
    assert isinstance(error, UnicodeDecodeError)
    return "\udcff" * (error.end - error.start), error.end


_ESCAPED = "dedup.escaped"
codecs.register_error(_ESCAPED, _escaped)


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
