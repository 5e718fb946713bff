"""Buckets of bands, as sets of datasketch's LSH storage: each holds the oldest texts with one key.

In: keys of near copies, and numbers of texts. Out: the texts that share a key. A look-up is one round trip for 8,192
keys. A number without a text may be in a bucket: it has no signature, so it is ignored. So texts are entered before the
transaction that stores them, through datasketch's buffer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup.index.in_redis.layout import Keys, pieces
from dedup.index.in_redis.values import numbers
from dedup.index.listed import Listed
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

    entered = 0
    """There is a bucket for each key; see `InvertedIndex.entered`."""

    def __init__(self, client: Any, keys: Keys, settings: Settings) -> None:
        from datasketch.storage import unordered_storage  # noqa: PLC0415 - loads scipy, which nothing else here needs

        self._client, self._settings = client, settings
        self._listed, self._closed = keys.here("b"), keys.here("c")
        pool = {"connection_pool": client.connection_pool}
        config = {"type": "redis", "redis": pool, "redis_buffer": {"transaction": False}}
        self._storage: Any = unordered_storage(config, name=self._listed.encode())
        self._sizes: dict[bytes, int] = {}

    def _members(self, buckets: Iterable[bytes]) -> dict[bytes, list[int]]:
        """The texts in each of these buckets; empty buckets are left out."""
        found = {}
        for piece in pieces(dict.fromkeys(buckets)):
            sets = self._client.eval(_MEMBERS, len(piece), *map(self._storage.redis_key, piece))
            for bucket, texts in zip(piece, sets, strict=True):
                self._sizes[bucket] = len(texts)
                if texts:
                    found[bucket] = numbers(self._listed, texts)
        return found

    def meet(self, wanted: NDArray[np.uint32]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        """The texts in the buckets of these keys: key and number, sorted by key, then the oldest first."""
        found = self._members(_buckets(np.unique(wanted)))
        keys = np.repeat(np.frombuffer(b"".join(found), ">u4"), [*map(len, found.values())]).astype(np.uint32)
        numbers = np.fromiter(chain.from_iterable(found.values()), np.int64, len(keys))
        order = np.lexsort((numbers, keys))
        return keys[order], numbers[order]

    def enter(self, _pipe: Any, numbers: Sequence[int], texts: Listed) -> None:
        """Put texts, oldest first, into buckets that are not full; mark buckets that turned a text away as closed.

        Done at once, and not as part of a transaction, so that a batch with many bands does not block other clients.
        Repeating it changes nothing.
        """
        rows = [_buckets(texts.keys_of(row)) for row in range(len(numbers))]
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
        for bucket, some in entries.items():
            self._storage.insert(bucket, *some, buffer=True)
        self._storage.empty_buffer()
        sizes.clear()

    def leave(self, pipe: Any, text: int, keys: NDArray[np.uint32]) -> None:
        """Take a text out of its buckets, as part of a transaction."""
        row = _buckets(keys)
        sets = [self._storage.redis_key(bucket) for bucket in row]
        pipe.eval(_LEAVE, 1 + len(sets), self._listed, *sets, text, *row)

    def missing(self, numbers: Sequence[int], texts: Listed) -> list[int]:
        """The texts that are missing in one of their buckets although it is not marked as closed."""
        rows = [_buckets(texts.keys_of(row)) for row in range(len(numbers))]
        members, closed = self._members(chain.from_iterable(rows)), self._client.smembers(self._closed)
        self._sizes.clear()
        return [
            text
            for text, row in zip(numbers, rows, strict=True)
            if any(text not in members.get(bucket, ()) and bucket not in closed for bucket in row)
        ]


def _buckets(keys: NDArray[np.uint32]) -> list[bytes]:
    """The bucket of each key: its bytes, highest first."""
    named: list[bytes] = keys.astype(">u4").view("V4").tolist()
    return named
