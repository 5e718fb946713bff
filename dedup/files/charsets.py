"""The encoding of bytes that do not say it.

In: bytes that are not UTF-8. Out: a codec, or None where they are no text. UTF-16 and UTF-32 are told by bytes that
texts have in no other encoding, all else by chardet. Of 2,620 passages of 100 to 5,000 characters in 8 languages and 14
encodings 2,614 were told right (chardet alone 2,599, charset-normalizer 2,426; `bench/encodings.py`); uchardet knows no
UTF-16 without a mark, nor all characters of Hong Kong. chardet gives up an encoding for a single byte that it does not
have, and takes Chinese with a broken byte for Russian: what is nearly one of the encodings with gaps is therefore asked
again without what is broken (238 of 240 passages with a broken byte in 500; chardet alone 140). Looks at 64 KB: a
millisecond.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from unicodedata import category

LOOKED_AT, PLACES, AROUND = 1 << 16, 8, 32
"""Bytes of a text that are looked at, from how many places they are taken, and how many of ASCII before and after
others."""
BROKEN = 0.03
"""The share of bytes outside ASCII that may be broken."""

_WIDER = {  # what browsers take an encoding to be: texts hold more than it has
    **dict.fromkeys(("gbk", "gb2312"), "gb18030"),
    "iso8859-1": "cp1252",
    "big5": "big5hkscs",
    **dict.fromkeys(("shift_jis", "shift_jis_2004"), "cp932"),
    "euc_jis_2004": "euc_jp",
    "euc_kr": "cp949",
    **dict.fromkeys(("tis-620", "iso8859-11"), "cp874"),
}
_GAPPED = ("euc_jp", "cp949", "cp932", "big5hkscs", "gb18030", "cp874", "cp1253", "cp1255", "iso8859-6", "iso8859-7")
"""Encodings that not all bytes are of; those of many bytes a character first, and of these the widest last."""
_KNOWN = frozenset({
    "gb18030", "big5hkscs", "cp932", "shift_jis_2004", "euc_jis_2004", "cp949", "euc_kr", "tis-620", "cp874", "cp866",
    "koi8-r", "koi8-u", *(f"cp{page}" for page in range(1250, 1259)),
    *(f"iso8859-{part}" for part in (*range(1, 11), *range(13, 17))),
})  # fmt: skip
"""What texts are written in; of the rest, such as EBCDIC, chardet would see more than there is."""
_IN_NAMES = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-.:")  # Python passes over others
_NO_CHARSETS = {"idna", "punycode", "raw-unicode-escape", "unicode-escape", "undefined", "utf-7", "mbcs", "oem"}
_CONTROLS = bytes(set(range(0x20)) - {0x09, 0x0A, 0x0D, 0x1B})
"""Bytes that only UTF-16 and UTF-32 have: a blank, a comma and a full stop of Chinese have one each."""
_HIGH = bytes(range(0x80, 0x100))
_PLAIN = re.compile(rb"[\x00-\x7f]{%d,}" % (3 * AROUND))


def foreign(raw: bytes) -> int:
    """How many bytes are not ASCII.

    Args:
        raw: The bytes.
    """
    return len(raw) - len(raw.translate(None, _HIGH))


def named(name: str) -> str | None:
    """The codec of a character set.

    Args:
        name: As people, pages and Python write it: "gbk", "GB_2312-80", "windows-874", "x-sjis".

    Returns:
        The name of a codec of Python, of a wider set where browsers take one; None where there is none. What Python
        calls codecs and texts are not written in, such as punycode, is none.
    """
    name = name.strip().lower().replace("_", "-").removeprefix("x-").removesuffix("-80").removesuffix("-i")
    name = {"gb-2312": "gb2312", "windows-31j": "cp932"}.get(name, name)
    if not set(name) <= _IN_NAMES:
        return None
    for spelling in (name, name.replace("windows-", "cp")):
        try:
            found = codecs.lookup(spelling)
        except LookupError:
            continue
        text = found._is_text_encoding and found.name not in _NO_CHARSETS  # noqa: SLF001 - str.encode asks the same
        return _WIDER.get(found.name, found.name) if text else None
    return None


def passing_for_utf8(raw: bytes) -> str | None:
    """What may be all ASCII and is none: UTF-16 and UTF-32 of some scripts, and ISO-2022-JP by its escapes.

    Args:
        raw: Bytes without a mark.

    Returns:
        A codec; None where this is none of them. UTF-16 of Chinese is no UTF-8: `guessed` tells it.
    """
    if b"\x1b$" in raw[:LOOKED_AT] and raw.isascii() and _decodes(raw, "iso2022_jp_2"):
        return "iso2022_jp_2"
    return _wide(raw, 0.75)


def _wide(raw: bytes, controls: float) -> str | None:
    """UTF-32 or UTF-16, if this share of the first bytes of characters, or more, are controls in ASCII."""
    head = raw[: LOOKED_AT & -4]
    if len(head) - len(head.translate(None, _CONTROLS)) < max(2, len(head) // 100):
        return None
    for codec, top in (("utf-32-le", 3), ("utf-32-be", 0)):
        if head[top::4].count(0) >= 0.99 * (len(head) // 4) and head.strip(b"\0") and _decodes(head, codec):
            return codec
    codec, first = min(("utf-16-le", head[1::2]), ("utf-16-be", head[::2]), key=lambda one: len(set(one[1])))
    narrow = len(first.translate(None, bytes(range(0x20)))) <= (1 - controls) * len(first)
    return codec if narrow and _decodes(head, codec) and _written(head, codec, 0.02) else None


def _written(head: bytes, codec: str, strange: float) -> bool:
    """Whether it is characters that texts have, but for a share: in a wrong encoding some are controls or private."""
    text = head.decode(codec, "ignore")[:2000]
    return sum(category(one) in {"Cc", "Cn", "Co"} and one not in "\t\n\r" for one in text) <= strange * len(text)


def guessed(raw: bytes) -> str | None:
    """The encoding of bytes that are no UTF-8 and have no mark.

    Args:
        raw: The bytes.

    Returns:
        A codec; None where nothing fits.
    """
    sample = _sample(raw)
    if wide := _wide(raw, 0):
        return wide
    first = _asked(sample)
    if first not in _GAPPED[:4]:
        first = next(_nearly(sample, _GAPPED[:4] if first == "gb18030" else _GAPPED), first)
    return first if first and _written(sample, first, 0.1) else None


def _nearly(sample: bytes, codecs: Sequence[str]) -> Iterator[str]:
    """Which of the encodings bytes have but for some."""
    count = foreign(sample)
    lines = sample.splitlines(keepends=True)
    for codec in codecs:
        whole = b"".join(line for line in lines if not line.isascii() and _decodes(line, codec))
        rest = sample.decode(codec, "ignore").encode(codec, "ignore")
        if len(sample) - len(rest) > BROKEN * count:  # many, but perhaps in few lines
            rest = whole if 2 * foreign(whole) > count else b""
        if rest and rest != sample and _asked(rest) == codec:
            yield codec


def _asked(sample: bytes) -> str | None:
    """What chardet says."""
    from chardet import detect  # noqa: PLC0415 - 40 ms that UTF-8 does without

    found = detect(
        sample, max_bytes=2 * LOOKED_AT, compat_names=False, include_encodings=_KNOWN, no_match_encoding="ascii"
    )
    name = found["encoding"]
    return None if name in (None, "ascii") else _WIDER.get(name, name)


def _decodes(sample: bytes, codec: str) -> bool:
    try:
        sample.decode(codec)
    except UnicodeDecodeError as error:
        return error.end == len(sample)  # cut in a character
    return True


def _sample(raw: bytes) -> bytes:
    """What is not ASCII and some bytes around it, from several places of a long text.

    chardet takes Japanese behind much ASCII, as in a page or a table, for Western European.
    """
    dense = _PLAIN.sub(lambda found: found[0][:AROUND] + b"\n" + found[0][-AROUND:], raw)
    if len(dense) <= LOOKED_AT:
        return dense
    pieces, end = [], 0
    for place in range(0, len(dense), -(-len(dense) // PLACES)):
        start = max(end, dense.rfind(b"\n", 0, place) + 1, place - LOOKED_AT // PLACES)
        end = start + LOOKED_AT // PLACES
        pieces.append(dense[start:end])
    return b"".join(pieces)
