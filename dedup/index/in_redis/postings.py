"""An inverted index on the server: the numbers of the texts that are listed under each key, the oldest first.

In: keys of 32 bits and numbers of texts. Out: postings, pairs of both. They lie in buckets by linear hashing (Litwin,
1980): there is a bucket for every `FILL` postings, and whenever there is a new one it takes over half of the postings
of an older one, so the table grows by a little with every text. A bucket is a field of one hash, because that takes
half the memory of a key of its own; a posting is 8 bytes of its value. Scripts on the server search and change whole
batches in one command: a command costs redis-py more than the server needs to search a bucket. They are sent with every
call, since in a transaction a script that the server has forgotten would fail alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from dedup.errors import FileError
from dedup.index.in_redis.layout import AT_ONCE, Keys
from dedup.index.in_redis.values import array
from dedup.index.listed import Listed, rules
from dedup.settings import Settings

Number = TypeVar("Number", np.uint32, np.uint64)

FILL = 64
"""Postings of a bucket, in the mean. More cost memory less, and more bytes are sent where a key is found."""
CLOSED = 2**32 - 1
"""Listed under a key that has turned a text away; no text has this number."""

_LOW = np.uint64(32)
"""A posting is a number: its upper half is a key, the lower one the number of a text."""

_MEET = """local buckets = 1 + math.floor((redis.call('hget', KEYS[1], 'listed') or 0) / ARGV[1])
if buckets ~= tonumber(ARGV[2]) then return buckets end
local fields, keys, found, last, value = ARGV[3], ARGV[4], {}, nil, nil
for at = 1, #keys, 4 do
    local field = string.sub(fields, at, at + 3)
    if field ~= last then last, value = field, redis.call('hget', KEYS[2], field) end
    if value and string.find(value, string.sub(keys, at, at + 3), 1, true) then
        found[#found + 1], value = value, nil end end
return table.concat(found)"""
"""Every bucket that may hold a posting of one of these keys; if there are more buckets by now, their number."""

_SPLIT = """for new = tonumber(ARGV[1]), tonumber(ARGV[2]) - 1 do
    local half = 1
    while 2 * half <= new do half = 2 * half end
    local old = struct.pack('<I4', new - half)
    local byte, least = 4, half
    while least > 128 do byte, least = byte + 1, least / 256 end
    local value, stay, go = redis.call('hget', KEYS[1], old) or '', {}, {}
    for at = 1, #value, 8 do
        local some = string.byte(value, at + byte) % (2 * least) >= least and go or stay
        some[#some + 1] = string.sub(value, at, at + 7) end
    if #go > 0 then redis.call('hset', KEYS[1], struct.pack('<I4', new), table.concat(go)) end
    if #stay == 0 then redis.call('hdel', KEYS[1], old)
    elseif #go > 0 then redis.call('hset', KEYS[1], old, table.concat(stay)) end end
"""
"""Make new buckets: each takes the postings with one more bit from the older bucket with the same lower bits."""

_FIND = """local function find(value, what, place)
    local at = string.find(value, what, 1, true)
    while at and at % 8 ~= place do at = string.find(value, what, at + 1, true) end
    return at end
"""
"""Where a part of a posting, which begins at this place of it, is first."""

_ENTER = """local most, closed, at = tonumber(ARGV[3]), ARGV[4], 1
local function listed(value, key)
    local count, place = 0, string.find(value, key, 1, true)
    while place do
        if place % 8 == 5 then count = count + 1 end
        place = string.find(value, key, place + 1, true) end
    if find(value, closed .. key, 1) then return count - 1, true end
    return count, false end
local function chosen(value, more)
    local counts, shut, taken = {}, {}, {}
    for place = 1, #more, 8 do
        local posting, key = string.sub(more, place, place + 7), string.sub(more, place + 4, place + 7)
        if not counts[key] then counts[key], shut[key] = listed(value, key) end
        if counts[key] < most then taken[#taken + 1], counts[key] = posting, counts[key] + 1
        elseif not shut[key] then taken[#taken + 1], shut[key] = closed .. key, true end end
    return table.concat(taken) end
for i = 1, #ARGV[5], 8 do
    local field, size = string.sub(ARGV[5], i, i + 3), struct.unpack('<I4', ARGV[5], i + 4)
    local value, more = redis.call('hget', KEYS[1], field) or '', string.sub(ARGV[6], at, at + size - 1)
    if #value + size > 8 * most then more = chosen(value, more) end
    if #more > 0 then redis.call('hset', KEYS[1], field, value .. more) end
    at = at + size end"""
"""Put postings into their buckets; a key that lists as many texts as are ever looked at is closed instead."""

_LEAVE = """for i = 1, #ARGV[1], 4 do
    local field, posting = string.sub(ARGV[1], i, i + 3), string.sub(ARGV[2], 2 * i - 1, 2 * i + 6)
    local value = redis.call('hget', KEYS[1], field) or ''
    local at = find(value, posting, 1)
    if at then
        value = string.sub(value, 1, at - 1) .. string.sub(value, at + 8)
        if #value == 0 then redis.call('hdel', KEYS[1], field) else redis.call('hset', KEYS[1], field, value) end
    end end"""
"""Take postings out of their buckets."""


class InvertedIndex:
    """The postings of an epoch.

    Args:
        client: Of redis-py.
        keys: The names of keys of this epoch.
        settings: They say how many texts of a key are ever looked at: no more are listed.
        entered: How many postings have been entered since the epoch began, for which there are buckets.
    """

    def __init__(self, client: Any, keys: Keys, settings: Settings, entered: int) -> None:
        self._client, self._head, self._key = client, keys.of("head"), keys.here("p")
        self.entered = entered
        looks = rules(settings)
        self._most = looks.looked_at + looks.for_each * looks.bucket_cap

    def meet(self, wanted: NDArray[np.uint32]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        """The postings of these keys: key and number, sorted by key, then the oldest first."""
        keys, numbers = _halves(self._find(wanted))
        return keys[numbers != CLOSED], numbers[numbers != CLOSED]

    def _find(self, wanted: NDArray[np.uint32]) -> NDArray[np.uint64]:
        """The postings of these keys, ascending; and for those that are closed, one of nobody."""
        wanted, buckets, parts = _distinct(wanted), self._buckets(self.entered), list[bytes]()
        waiting = _by_bucket(wanted, buckets)
        while waiting:
            found = self._client.eval(_MEET, 2, self._head, self._key, FILL, buckets, *waiting[-1])
            if isinstance(found, int):  # another client has written meanwhile
                buckets, parts, waiting = found, [], _by_bucket(wanted, found)
            else:
                parts.append(found)
                waiting.pop()
        every = np.concatenate([np.empty(0, np.uint64), *(array(self._key, part, "<u8") for part in parts)])
        keys = (every >> _LOW).astype(np.uint32)
        place = np.searchsorted(wanted, keys)
        return _distinct(every[wanted[np.minimum(place, len(wanted) - 1)] == keys] if len(wanted) else every)

    @staticmethod
    def _buckets(entered: int) -> int:
        return 1 + entered // FILL

    def enter(self, pipe: Any, numbers: Sequence[int], texts: Listed) -> None:
        """List texts, ascending by number, as part of a transaction that also writes `entered` to the head."""
        if numbers[-1] >= CLOSED:
            raise FileError(f"an index in Redis has numbers below {CLOSED:,}, and they are used up; begin a new one")
        before, after = (self._buckets(count) for count in (self.entered, self.entered + len(texts.keys)))
        self.entered += len(texts.keys)
        postings = _joined(texts.keys, np.repeat(numbers, np.diff(texts.starts)))
        fields = _fields(texts.keys, after)
        order = np.argsort(fields, kind="stable")
        starts = np.flatnonzero(np.diff(fields[order], prepend=np.uint32(CLOSED)))
        sizes = np.stack([fields[order][starts], 8 * np.diff(starts, append=len(order))], axis=1).astype("<u4")
        closed = CLOSED.to_bytes(4, "little")
        given = sizes.tobytes(), postings[order].astype("<u8").tobytes()
        pipe.eval(_FIND + _SPLIT + _ENTER, 1, self._key, before, after, self._most, closed, *given)

    def leave(self, pipe: Any, text: int, keys: NDArray[np.uint32]) -> None:
        """Take a text off the lists of its keys, as part of a transaction, before others are entered."""
        fields = _fields(keys, self._buckets(self.entered)).astype("<u4")
        postings = _joined(keys, np.full(len(keys), text)).astype("<u8")
        pipe.eval(_FIND + _LEAVE, 1, self._key, fields.tobytes(), postings.tobytes())

    # --- audit ----------------------------------------------------------------------------------------------------

    def missing(self, numbers: Sequence[int], texts: Listed) -> list[int]:
        """The texts that are not listed under one of their keys although it is not closed."""
        found = self._find(texts.keys)
        mine = np.repeat(numbers, np.diff(texts.starts))
        there = np.isin(_joined(texts.keys, mine), found)
        lost = ~there & ~np.isin(_joined(texts.keys, np.full(len(mine), CLOSED)), found)
        return np.unique(mine[lost]).tolist()

    def scan(self) -> Iterator[tuple[NDArray[np.uint32], NDArray[np.int64]]]:
        """All postings, keys and numbers, some at a time."""
        for _, value in self._client.hscan_iter(self._key, count=AT_ONCE // FILL):
            keys, numbers = _halves(array(self._key, value, "<u8"))
            yield keys[numbers != CLOSED], numbers[numbers != CLOSED]


def _by_bucket(keys: NDArray[np.uint32], buckets: int) -> list[tuple[bytes, bytes]]:
    """The bucket of each key, and the key, sorted by bucket; some at a time."""
    fields = _fields(keys, buckets)
    order = np.argsort(fields, kind="stable")
    rows = np.stack([fields[order], keys[order]]).astype("<u4")
    parts = (rows[:, begin : begin + AT_ONCE] for begin in range(0, len(order), AT_ONCE))
    return [(some[0].tobytes(), some[1].tobytes()) for some in parts]


def _distinct(values: NDArray[Number]) -> NDArray[Number]:
    """Each value once, ascending; `np.unique` takes ten times as long for 64 bits."""
    ordered = np.sort(values)
    return ordered[np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]]


def _fields(keys: NDArray[np.uint32], buckets: int) -> NDArray[np.uint32]:
    """The bucket of each key: its lowest bits, one less where there is no such bucket yet."""
    mask = (1 << (buckets - 1).bit_length()) - 1
    fields = keys & np.uint32(mask)
    return np.where(fields < buckets, fields, fields & np.uint32(mask >> 1))


def _joined(keys: NDArray[np.uint32], numbers: NDArray[Any]) -> NDArray[np.uint64]:
    """Postings."""
    return keys.astype(np.uint64) << _LOW | numbers.astype(np.uint64)


def _halves(postings: NDArray[np.uint64]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Keys and numbers."""
    return (postings >> _LOW).astype(np.uint32), (postings & np.uint64(CLOSED)).astype(np.int64)
