"""What a text is found by: its signature, and the keys under which an inverted index lists it.

In: texts that were signed, or what a store keeps of them. Out: `Listed`. Where shingles are weighed, keys are those of
runs (`dedup.stages.runs`), and of a signature only the lowest byte of each slot is kept: it is for the estimate alone.
For near copies keys are those of the bands of a signature, so its slots are kept as 16 bits; slots that differ are
equal in b bits by a chance of 2**-b (Li and Koenig, 2010). Every store uses these, so all find the same candidates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.kernels import Rules, Winnowing
from dedup.pipeline import meeting_rules
from dedup.settings import Settings
from dedup.stages import candidates, runs
from dedup.stages.bands import band_hashes, choose

WINDOW = 20
"""Of every so many runs that follow each other one is a key; in memory it is one of 12."""
SLOTS = 384
"""Of a sketch, at most. Among 12,000 real articles this and the above find 99.4 % of the edges that `dedup.cluster`
finds, with 50 % more pairs to verify, and take 1,100 bytes an article less."""
QUOTING = 128
"""Texts with a key that are looked at for one that stands in them."""

Signature = NDArray[np.unsignedinteger[Any]]
"""(slots,) or (n, slots): their lowest bits, `kind` says how many."""


class Listed(NamedTuple):
    """n texts."""

    signatures: Signature
    """(n, slots)."""
    keys: NDArray[np.uint32]
    """(m,)."""
    starts: NDArray[np.int64]
    """(n + 1,): those of text i are `keys[starts[i]:starts[i + 1]]`."""

    @classmethod
    def of(cls, signatures: Signature, keys: Sequence[NDArray[np.uint32]]) -> Self:
        """Texts from their signatures, (n, slots), and the keys of each."""
        starts = np.cumsum([0, *map(len, keys)], dtype=np.int64)
        return cls(signatures, np.concatenate([np.empty(0, np.uint32), *keys]), starts)

    @property
    def sketches(self) -> NDArray[np.uint8]:
        """(n, w): the lowest byte of the first slots, in whole blocks."""
        return candidates.sketches(self.signatures[:, :SLOTS])

    def keys_of(self, row: int) -> NDArray[np.uint32]:
        """The keys of one text."""
        return self.keys[self.starts[row] : self.starts[row + 1]]

    def part(self, begin: int, end: int) -> Listed:
        """The texts from one place to another."""
        starts = self.starts[begin : end + 1]
        return Listed(self.signatures[begin:end], self.keys[starts[0] : starts[-1]], starts - starts[0])

    def take(self, rows: Sequence[int]) -> Listed:
        """Some of the texts."""
        return Listed.of(self.signatures[list(rows)], [self.keys_of(row) for row in rows])


def kind(settings: Settings) -> np.dtype[np.unsignedinteger[Any]]:
    """The type of a slot of a signature."""
    return np.dtype(np.uint8 if settings.weighted else np.uint16)


def winnowing(settings: Settings) -> Winnowing:
    """Which runs are keys."""
    return runs.winnowing(settings.width, window=WINDOW, seed=settings.run_seed)


def every_run(settings: Settings) -> Winnowing:
    """All runs, for a text of which it is asked in which others it stands: of these the keys are some."""
    return winnowing(settings)._replace(window=1, short=0)


@lru_cache
def rules(settings: Settings, *, quoting: bool = False) -> Rules:
    """How many texts with a key are looked at, the oldest first, and which of them are similar.

    Args:
        settings: How texts are compared.
        quoting: All of them count as similar, for one may stand in a text that is not like it.
    """
    found = meeting_rules(replace(settings, slots=min(settings.slots, SLOTS)))
    return found._replace(early=0, least=0, bucket_cap=QUOTING, looked_at=QUOTING, for_each=0) if quoting else found


def by_bands(signatures: Signature, settings: Settings) -> Listed:
    """Texts listed by the bands of their signatures, uint16 (n, slots).

    A key is a hash of a band's number and its slots, so equal keys mean equal slots, except by a chance of 2**-32.
    """
    shape = choose(settings.threshold, settings.slots, settings.recall)
    hashed = band_hashes(signatures, shape, np.arange(shape.bands, dtype=np.uint64))
    keys = np.ascontiguousarray((hashed >> np.uint64(32)).astype(np.uint32).T)
    return Listed(signatures, keys.ravel(), np.arange(len(signatures) + 1, dtype=np.int64) * shape.bands)


def stored(signatures: Signature, keys: Sequence[NDArray[np.uint32]], settings: Settings) -> Listed:
    """Texts from what a store keeps: their signatures, (n, slots), and their keys, if these are not those of bands."""
    return Listed.of(signatures, keys) if settings.weighted else by_bands(signatures, settings)


def agreement(one: NDArray[np.uint8], many: NDArray[np.uint8]) -> NDArray[np.int64]:
    """In how many bytes one sketch (width,) and many (m, width) are equal; int64 (m,)."""
    counts = np.empty(len(many), np.int64)
    left, right = (kernels.frozen(np.ascontiguousarray(some)) for some in (one, many))
    kernels.look_alike(left, right, counts)
    return counts


def estimate(one: Signature, many: Signature) -> NDArray[np.float64]:
    """Similarity of one signature to many, by how many slots are equal; its standard error is sqrt(s(1 - s)/slots)."""
    by_chance = 256.0**-one.dtype.itemsize
    return np.maximum(0, ((many == one).mean(axis=1) - by_chance) / (1 - by_chance)) if len(many) else np.empty(0)
