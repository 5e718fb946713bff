"""What stands in Redis, checked whenever it is read: another client can write anything there.

In: bytes, and where they come from. Out: what they say, or one `FileError` that names the key. A value of a hash is
sealed: a checksum of its place and of itself stands behind it, 4 bytes, so that one that was changed, cut or moved is
noticed. Members of sets are checked to be what they must be. What was deleted is not noticed here, but by `check`.
"""

from __future__ import annotations

import json
import re
import struct
import zlib
from collections.abc import Iterable, Mapping
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from dedup.errors import FileError
from dedup.index.store import Change, Edge
from dedup.index.times import Span
from dedup.stages.changes import Kind

HIGHEST = 2**63 - 1
SEAL_BYTES = 4
_WHERE = re.compile(r"[^:]*:(?:\d+:)?")
"""The name of the index, and an epoch."""
_DIGITS = re.compile(rb"\d{1,19}")
_ARTICLE = re.compile(rb"(\d{1,19})(?: (\d{1,19}))?(?:;(-?\d{1,18}) (\d{1,18}))?")
_EDGE = struct.Struct("<dQ")

Field = bytes | str | int


def damaged(key: str, why: str) -> FileError:
    """The error for a key that does not hold what was written.

    Args:
        key: Its name.
        why: What is wrong with it.
    """
    return FileError(
        f"the index in Redis is damaged: {key!r} {why}; somebody else has written there: restore the database from a "
        "copy, or add the articles to a new index, under another ?name=..."
    )


def _name(field: Field) -> bytes:
    return field if isinstance(field, bytes) else str(field).encode()


def _seal(key: str, field: Field, value: bytes) -> bytes:
    """The checksum of a value in its place, in whatever index and epoch."""
    place = b"%s\0%s\0" % (_WHERE.sub("", key, 1).encode(), _name(field))
    return zlib.crc32(value, zlib.crc32(place)).to_bytes(SEAL_BYTES, "little")


def sealed(key: str, values: Mapping[Any, bytes | int]) -> dict[Any, bytes]:
    """Values of a hash as they are stored."""
    plain = {field: value if isinstance(value, bytes) else b"%d" % value for field, value in values.items()}
    return {field: value + _seal(key, field, value) for field, value in plain.items()}


def unsealed(key: str, field: Field, stored: bytes) -> bytes:
    """A value of a hash."""
    value = stored[:-SEAL_BYTES]
    if stored[-SEAL_BYTES:] != _seal(key, field, value):
        raise damaged(key, f"holds another value for {_name(field)[:40]!r} than was written")
    return value


def number(key: str, value: bytes | None, least: int = 0) -> int:
    """A whole number."""
    if value is None or not _DIGITS.fullmatch(value) or not least <= int(value) <= HIGHEST:
        raise damaged(key, f"holds {(value or b'nothing')[:40]!r} in the place of a number")
    return int(value)


def numbers(key: str, values: Iterable[bytes]) -> list[int]:
    """Numbers of texts or clusters."""
    return [number(key, value, 1) for value in values]


def score(key: str, value: float) -> int:
    """The number by which a member of a sorted set stands."""
    if not 0 <= value <= 2**53 or value != int(value):
        raise damaged(key, f"has a member at {value!r} in the place of a number")
    return int(value)


def array(key: str, value: bytes, kind: Any, count: int | None = None) -> NDArray[Any]:
    """An array, of so many entries if that is known."""
    kind = np.dtype(kind)
    if len(value) % kind.itemsize or count not in {None, len(value) // kind.itemsize}:
        raise damaged(key, f"holds {len(value):,} bytes in the place of an array")
    return np.frombuffer(value, kind)


def identifier(key: str, value: bytes) -> str:
    """An id of an article."""
    try:
        return value.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise damaged(key, f"holds {value[:40]!r} in the place of an id") from error


def article(key: str, value: bytes) -> tuple[int, int, Span | None]:
    """The number of an article, that of its text, and when it was seen."""
    match = _ARTICLE.fullmatch(value)
    if not match or not 0 < int(match[1]) <= HIGHEST or not 0 < int(match[2] or 1) <= int(match[1]):
        raise damaged(key, f"holds {value[:80]!r} in the place of an article")
    span = Span(int(match[3]), int(match[3]) + int(match[4])) if match[3] else None
    if span and not span.sensible:
        raise damaged(key, f"holds {value[:80]!r} in the place of an article: nobody can have seen it then")
    return int(match[1]), int(match[2] or match[1]), span


def edge(key: str, value: bytes) -> Edge:
    """An edge, as it stands under its other end."""
    if len(value) == _EDGE.size:
        found = Edge(*_EDGE.unpack(value))
        if 0 <= found.similarity <= 1 and found.judged <= HIGHEST:
            return found
    raise damaged(key, f"holds {value[:40]!r} in the place of an edge")


def packed_edge(one: Edge) -> bytes:
    """An edge as bytes."""
    return _EDGE.pack(*one)


def change(key: str, value: bytes) -> Change:
    """A recorded change."""
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, list) and len(found) == len(Change._fields):
        at, kind, *names = found
        named = all(name is None or isinstance(name, str) for name in names)
        if type(at) is int and 0 < at <= HIGHEST and kind in get_args(Kind) and named:
            return Change(*found)
    raise damaged(key, f"holds {value[:80]!r} in the place of a change")
