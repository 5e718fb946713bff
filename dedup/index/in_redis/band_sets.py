"""Buckets of bands, as sets of datasketch's LSH storage: each holds the oldest texts with one key in one band.

In: numbers of texts, and the lower halves of their slots. Out: the texts that share a bucket. A look-up is one round
trip for 32 signatures of 256 bands. A number without a text may be in a bucket: it has no signature, so it is ignored.
So texts are entered before the transaction that stores them, through datasketch's buffer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup.index.banding import keys_for
from dedup.index.in_redis.layout import Keys, pieces
from dedup.index.store import CANDIDATES
from dedup.settings import Settings

_MEMBERS = """local found = {}
for i, key in ipairs(KEYS) do found[i] = redis.call('smembers', key) end
return found"""
"""As datasketch's `getmany`, but in one command: half the time, since redis-py has a high cost per command."""
_LEAVE = """for i = 2, #KEYS do
    redis.call('srem', KEYS[i], ARGV[1])
    if redis.call('exists', KEYS[i]) == 0 then redis.call('hdel', KEYS[1], ARGV[i]) end end"""
"""Unlike datasketch's `remove_val`, this takes an empty bucket off the list of buckets."""


class BandSets:
    """The buckets of an epoch; settings say how many texts a bucket holds."""

    def __init__(self, client: Any, keys: Keys, settings: Settings) -> None:
        from datasketch.storage import unordered_storage  # noqa: PLC0415 - loads scipy, which nothing else here needs

        self._client, self._settings = client, settings
        self._listed, self._closed = keys.here("b"), keys.here("c")
        pool = {"connection_pool": client.connection_pool}
        config = {"type": "redis", "redis": pool, "redis_buffer": {"transaction": False}}
        self._storage: Any = unordered_storage(config, name=self._listed.encode())
        self._sizes: dict[bytes, int] = {}

    def _buckets(self, signatures: NDArray[np.uint16]) -> list[list[bytes]]:
        """The bucket of every band of every signature: the number of the band and its key, highest bytes first."""
        keys = keys_for(signatures, self._settings)
        named = np.empty(keys.shape, [("band", ">u2"), ("key", ">u4")])
        named["band"], named["key"] = np.arange(keys.shape[1]), keys
        buckets: list[list[bytes]] = named.view("V6").tolist()
        return buckets

    def _members(self, buckets: Iterable[bytes]) -> dict[bytes, list[int]]:
        """The texts in each of these buckets; empty buckets are left out."""
        found = {}
        for piece in pieces(dict.fromkeys(buckets)):
            sets = self._client.eval(_MEMBERS, len(piece), *map(self._storage.redis_key, piece))
            for bucket, texts in zip(piece, sets, strict=True):
                self._sizes[bucket] = len(texts)
                if texts:
                    found[bucket] = [int(text) for text in texts]
        return found

    def meet(self, signatures: NDArray[np.uint16]) -> list[NDArray[np.int64]]:
        """The texts that share buckets with each signature: those that share most, at most `CANDIDATES`."""
        rows = self._buckets(signatures)
        members = self._members(chain.from_iterable(rows))
        return [most_met(list(chain.from_iterable(members.get(bucket, ()) for bucket in row))) for row in rows]

    def enter(self, numbers: Sequence[int], signatures: NDArray[np.uint16]) -> None:
        """Put texts, oldest first, into buckets that are not full; mark buckets that turned a text away as closed.

        Repeating it changes nothing.
        """
        rows = self._buckets(signatures)
        sizes, bucket_cap = self._sizes, self._settings.bucket_cap
        self._members(bucket for row in rows for bucket in row if bucket not in sizes)
        entries, closed = defaultdict(list), []
        for number, row in zip(numbers, rows, strict=True):
            for bucket in row:
                if sizes[bucket] < bucket_cap:
                    entries[bucket].append(number)
                    sizes[bucket] += 1
                else:
                    closed.append(bucket)
        for piece in pieces(dict.fromkeys(closed)):
            self._client.sadd(self._closed, *piece)
        for bucket, texts in entries.items():
            self._storage.insert(bucket, *texts, buffer=True)
        self._storage.empty_buffer()
        sizes.clear()

    def leave(self, pipe: Any, text: int, signature: NDArray[np.uint16]) -> None:
        """Take a text out of its buckets, as part of a transaction."""
        (row,) = self._buckets(signature[None])
        sets = [self._storage.redis_key(bucket) for bucket in row]
        pipe.eval(_LEAVE, 1 + len(sets), self._listed, *sets, text, *row)

    def missing(self, texts: Sequence[int], signatures: NDArray[np.uint16]) -> list[int]:
        """The texts that are missing in one of their buckets although it is not marked as closed."""
        rows = self._buckets(signatures)
        members, closed = self._members(chain.from_iterable(rows)), self._client.smembers(self._closed)
        self._sizes.clear()
        return [
            text
            for text, row in zip(texts, rows, strict=True)
            if any(text not in members.get(bucket, ()) and bucket not in closed for bucket in row)
        ]


def most_met(texts: list[int]) -> NDArray[np.int64]:
    """Each text once; if there are too many, those that occur most often."""
    numbers, counts = np.unique(np.array(texts, np.int64), return_counts=True)
    if len(numbers) > CANDIDATES:
        numbers = numbers[counts > np.sort(counts)[-CANDIDATES - 1]]
    return numbers
