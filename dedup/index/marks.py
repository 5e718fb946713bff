"""The names and addresses in a text as marks: numbers by which texts that hold the same name or address are found.

In: a text. Out: its marks, int64, ascending: 61 bits of a hash of kind and key, and two that say what it is
(`dedup.evidence.campaigns.sort_of`). Public services have no marks. For marks that name somebody, the store keeps the
texts that hold them, in an order in which the first are spread over all texts. Costs what
`dedup.evidence.campaigns.names_in` does: a microsecond for ten characters of a page with links, very little without.
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from dedup.evidence.campaigns import ADDRESS, names_in, sort_of
from dedup.evidence.indicators.services import public

Marks = NDArray[np.int64]
NO_MARKS = np.empty(0, np.int64)
SORT = 3
"""The lowest bits, which say what a mark is."""
MOST = 512
"""Most marks of one text: if there are more, the smallest numbers are kept, the same ones in every text."""
BITS = 53
"""Bits of a text's place among the holders of a mark: as many as a float64 holds, since Redis sorts by float64."""
COUNTED = 4096
"""At most so many holders of a mark are counted: counting all of a very common mark would take longer than an add."""
STEP = 0x13C6EF372FE94F
"""2**53 divided by the golden ratio, made odd: multiples of it are spread evenly (Knuth, volume 3, section 6.4)."""
BACK = pow(STEP, -1, 1 << BITS)


def marks_of(text: str) -> Marks:
    """The marks of a text, each once; at most `MOST`."""
    found = {_mark(name.kind, name.key, sort_of(name)) for name in names_in(text) if not public(name.kind, name.form)}
    return np.array(sorted(found)[:MOST], np.int64)


def _mark(kind: str, key: str, sort: int) -> int:
    digest = blake2b(f"{kind}\0{key}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1 & ~SORT | sort


def sorts(marks: Marks) -> NDArray[np.int64]:
    """What each mark is: see `dedup.evidence.campaigns.sort_of`."""
    return marks & SORT


def naming(marks: Marks) -> list[int]:
    """The marks that name somebody."""
    some: list[int] = marks[sorts(marks) != ADDRESS].tolist()
    return some


def place_of(text: int) -> int:
    """Where a text stands among the holders of a mark: texts added one after the other are far apart."""
    return text * STEP % (1 << BITS)


def text_at(place: int) -> int:
    """The text of a place."""
    return place * BACK % (1 << BITS)


def counted(first: int, last: int | None) -> int:
    """About how many texts hold a mark, estimated from how many were read and the place of the last one read."""
    return first if first < COUNTED or last is None else round(first * (1 << BITS) / (last + 1))
