"""What names somebody in a text, and its addresses, as marks: numbers by which texts that hold the same are found.

In: a text. Out: its marks, int64, ascending: 61 bits of a hash of kind and key, and two that say what it is
(`dedup.evidence.campaigns.sort_of`). Public services have none. Of marks that name somebody the store keeps who holds
them, in an order in which the first are from all over. Costs what `dedup.evidence.campaigns.names_in` does: a
microsecond for ten characters of a page with links, next to nothing for a text without.
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
"""Marks of one text: of a list of more those with the smallest numbers, which are the same in every text."""
BITS = 53
"""Of the place of a text among those that hold a mark: as many as a float64 holds, by which Redis sorts."""
COUNTED = 4096
"""So many texts that hold a mark are counted; to count all of what everybody holds would take longer than an add."""
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
    """Those that name somebody."""
    some: list[int] = marks[sorts(marks) != ADDRESS].tolist()
    return some


def place_of(text: int) -> int:
    """Where a text stands among those that hold a mark: whatever came one after the other is far apart."""
    return text * STEP % (1 << BITS)


def text_at(place: int) -> int:
    """The text of a place."""
    return place * BACK % (1 << BITS)


def counted(first: int, last: int | None) -> int:
    """How many texts hold a mark, about, by how many of the first were read, and the place of the last of these."""
    return first if first < COUNTED or last is None else round(first * (1 << BITS) / (last + 1))
