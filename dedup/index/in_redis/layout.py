"""The names of an index's keys in Redis, and how rows are packed into values.

In: numbers, ids, the head of an index. Out: names of keys, fields and bytes, and the same from them; `values` reads the
rest. FORMAT.md says what each key holds. Nothing here talks to a server.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import islice
from typing import Any, NamedTuple, Self, TypeVar

from dedup.errors import FileError
from dedup.index.in_redis import values
from dedup.index.on_disk.counters import LEAST_BITS, MOST_BITS
from dedup.index.on_disk.schema import check_folding, settings
from dedup.index.store import Opening
from dedup.index.times import Span
from dedup.settings import secret_of
from dedup.stages.folding import FOLDING

T = TypeVar("T")

VERSION = 6
AT_ONCE = 8192
"""Fields or keys of one command or pipeline, so that other clients do not wait long."""
OPENING = ("settings", "secret", "folding", "store_texts", "weights", "generation", "opened")
"""Fields of the head that hold what was decided at creation, or by `replace`; `opened` is a checksum of them."""


class Keys(NamedTuple):
    """Names of keys: `name:word` for what stays, `name:epoch:letter` for what `replace` replaces."""

    name: str
    epoch: int

    def of(self, word: str, number: int | None = None) -> str:
        """A key that stays."""
        return f"{self.name}:{word}" if number is None else f"{self.name}:{word}:{number}"

    def here(self, letter: str, number: int | None = None) -> str:
        """A key of this epoch."""
        return f"{self.name}:{self.epoch}:{letter}{'' if number is None else number}"


class Head(NamedTuple):
    """Values that change with every commit."""

    epoch: int
    last: int
    texts: int
    bits: int
    written: int
    noted: int
    """The last three are the `Stand` of counts."""
    listed: int
    """How many postings have been entered since the epoch began."""
    frames: int
    """The number of the text with which the latest frames were found, 0 for none."""

    def fields(self) -> dict[str, int]:
        """As it is stored: with a checksum."""
        return {**self._asdict(), "sum": zlib.crc32(repr(tuple(self)).encode())}

    @classmethod
    def of(cls, key: str, stored: Sequence[bytes | None]) -> Self:
        """The head, from the values of `HEAD`.

        Raises:
            FileError: They are not what was written.
        """
        *numbers, checksum = (values.number(key, value) for value in stored)
        found = cls(*numbers)
        if checksum != zlib.crc32(repr(tuple(found)).encode()) or not LEAST_BITS <= found.bits <= MOST_BITS:
            raise values.damaged(key, "holds other numbers than were written")
        return found


HEAD = (*Head._fields, "sum")


def pieces(several: Iterable[T], size: int = AT_ONCE) -> Iterator[list[T]]:
    """Values in lists of `size`."""
    rest = iter(several)
    while piece := list(islice(rest, size)):
        yield piece


def pack_id(id_: str) -> bytes:
    """An id as UTF-8."""
    return id_.encode("utf-8", "surrogatepass")


class Article(NamedTuple):
    """What stands under the id of an article."""

    number: int
    text: int
    span: Span | None = None


def pack_article(article: Article) -> bytes:
    """An article, as it stands under its id."""
    number, text, span = article
    where = b"%d" % number if number == text else b"%d %d" % (number, text)
    return where + (b";%d %d" % (span.first, span.last - span.first) if span else b"")


def pack_opening(opening: Opening) -> dict[str, Any]:
    """What was decided at creation, as fields."""
    chosen, secret = json.dumps(asdict(opening.settings)), secret_of(opening.settings)
    given: tuple[str | bytes | int, ...] = (
        chosen,
        secret,
        FOLDING,
        int(opening.store_texts),
        opening.weights,
        opening.generation,
    )
    return dict(zip(OPENING, (*given, _summed(map(_bytes, given))), strict=True))


def unpack_opening(key: str, stored: Sequence[bytes | None]) -> Opening:
    """What was decided, from the values of these fields.

    Raises:
        FileError: They are not what was written, or of another folding.
    """
    *given, checksum = (value or b"" for value in stored)
    chosen, secret, folding, store_texts, weights, generation = given
    if checksum != b"%d" % _summed(given):
        raise values.damaged(key, "holds other settings than were written")
    check_folding(values.number(key, folding))
    try:
        opened = settings(chosen.decode(), secret.decode())
    except FileError:
        raise
    except (ValueError, TypeError, RecursionError) as error:
        raise values.damaged(key, "holds settings that are none") from error
    return Opening(opened, store_texts == b"1", weights, values.number(key, generation, 1))


def _bytes(value: str | bytes | int) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def _summed(given: Iterable[bytes]) -> int:
    checksum = 0
    for value in given:
        checksum = zlib.crc32(b"%d:" % len(value) + value, checksum)
    return checksum
