"""The names of an index's keys in Redis, and how rows are packed into values.

In: numbers, ids, edges, the opening of an index. Out: names of keys, fields and bytes, and the same rows from them.
FORMAT.md says what each key holds. Nothing here talks to a server.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from dedup.index.on_disk.schema import check_folding, settings
from dedup.index.store import Edge, Opening
from dedup.index.times import Span
from dedup.settings import secret_of
from dedup.stages.folding import FOLDING

T = TypeVar("T")

VERSION = 6
AT_ONCE = 8192
"""Fields or keys of one command or pipeline, so that other clients do not wait long."""
OPENING = ("settings", "secret", "folding", "store_texts", "weights", "generation")
"""Fields of the head that hold what was decided at creation, or by `replace`."""

_EDGE = struct.Struct("<dQ")


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


def pieces(values: Iterable[T], size: int = AT_ONCE) -> Iterator[list[T]]:
    """Values in lists of `size`."""
    rest = iter(values)
    while piece := list(islice(rest, size)):
        yield piece


def pack_id(id_: str) -> bytes:
    """An id as UTF-8."""
    return id_.encode("utf-8", "surrogatepass")


def unpack_id(data: bytes) -> str:
    """An id from what `pack_id` gave."""
    return data.decode("utf-8", "surrogatepass")


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


def unpack_article(value: bytes) -> Article:
    """An article from what `pack_article` gave."""
    where, _, seen = value.partition(b";")
    number, _, text = where.partition(b" ")
    first, _, more = seen.partition(b" ")
    return Article(int(number), int(text or number), Span(int(first), int(first) + int(more)) if seen else None)


def pack_edge(edge: Edge) -> bytes:
    """An edge, as it stands under its other end."""
    return _EDGE.pack(*edge)


def unpack_edges(held: dict[bytes, bytes]) -> dict[int, Edge]:
    """The edges of a text by the other end, ascending."""
    return {other: Edge(*_EDGE.unpack(edge)) for other, edge in sorted((int(o), edge) for o, edge in held.items())}


def pack_opening(opening: Opening) -> dict[str, Any]:
    """What was decided at creation, as fields."""
    chosen, secret = json.dumps(asdict(opening.settings)), secret_of(opening.settings)
    values = (chosen, secret, FOLDING, int(opening.store_texts), opening.weights, opening.generation)
    return dict(zip(OPENING, values, strict=True))


def unpack_opening(values: Iterable[bytes]) -> Opening:
    """What was decided, from the values of these fields."""
    chosen, secret, folding, store_texts, weights, generation = values
    check_folding(int(folding))
    return Opening(settings(chosen.decode(), secret.decode()), store_texts == b"1", weights, int(generation))
