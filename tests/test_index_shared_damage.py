"""What somebody else has written into the index's keys in Redis: a clear error, or the right answer."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dedup
from dedup.errors import DedupError, FileError
from dedup.index.in_redis import values
from dedup.index.store import Edge
from dedup.index.times import Span

redis = pytest.importorskip("redis")

CHANGES = 240
ARTICLES = {
    str(number): "".join(map(chr, random.Random(number % 9).choices(range(0x4E00, 0x9000), k=150)))
    + 30 * chr(0x5000 + number)
    for number in range(24)
}
Answers = list[Any]


@pytest.fixture(params=["rewrites", "near copies"])
def filled(request: pytest.FixtureRequest, redis_url: str) -> tuple[str, dict[bytes, bytes]]:
    """An index, and all its keys as they are."""
    chosen = dedup.Settings() if request.param == "rewrites" else dedup.Settings.near_copies()
    with dedup.Index(redis_url, chosen) as index:
        index.add_many(list(ARTICLES), list(ARTICLES.values()), threads=1)
        index.add("again", ARTICLES["3"])
        index.remove("5")
    with redis.Redis.from_url(redis_url) as client:
        return redis_url, {key: client.dump(key) for key in client.scan_iter("dedup:*")}


def asked(url: str) -> Answers:
    """All sorts of questions, and what is answered."""
    with dedup.Index(url) as index:
        seen = [index.query(ARTICLES[name] + "又及") for name in ("3", "7")]
        return [
            [(one.is_duplicate, one.cluster, one.nearest) for one in seen],
            list(map(str, index.clusters(1))),
            [index.cluster_of(name) for name in ("again", "2", "8")],
            list(index.texts()),
            index.to_arrow(times=False).to_pylist(),
            index.times("3") is not None,
            [change[1:] for change in index.changes()],
        ]


def flip(data: bytes, rng: random.Random) -> bytes:
    """Change a bit."""
    at = rng.randrange(len(data) or 1)
    return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :] if data else b"\0"


CHANGED: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "flipped": flip,
    "cut": lambda data, rng: data[: rng.randrange(len(data) or 1)],
    "extended": lambda data, rng: data + rng.randbytes(rng.choice([1, 4, 8])),
    "replaced": lambda data, rng: rng.choice([b"", b"x", b"-1", b"9" * 30, b"[1", rng.randbytes(len(data) or 1)]),
}


def change(client: Any, key: bytes, how: str, rng: random.Random) -> None:
    """Change something that stands under a key, or put something of another kind there."""
    kind = client.type(key)
    if how == "deleted":
        client.delete(key)
    elif how == "of another kind":
        client.delete(key)
        _ = client.rpush(key, b"x") if rng.random() < 0.5 else client.set(key, b"x")
    elif kind == b"hash":
        field, value = rng.choice(sorted(client.hgetall(key).items()))
        client.hset(key, field, CHANGED[how](value, rng))
    elif kind == b"string":
        client.set(key, CHANGED[how](client.get(key), rng))
    elif kind == b"zset":
        member, score = rng.choice(client.zrange(key, 0, -1, withscores=True))
        client.zrem(key, member)
        client.zadd(key, {CHANGED[how](member, rng): rng.choice([score, -1, 0.5, 1e300])})
    else:
        member = rng.choice(sorted(client.smembers(key)))
        client.srem(key, member)
        client.sadd(key, CHANGED[how](member, rng))


def restore(client: Any, before: dict[bytes, bytes]) -> None:
    """All keys as they were."""
    client.flushdb()
    for key, data in before.items():
        client.restore(key, 0, data)


def kinds(keys: dict[bytes, bytes]) -> dict[str, list[bytes]]:
    """The keys of each kind, by their names without numbers."""
    found: dict[str, list[bytes]] = {}
    for key in sorted(keys):
        name = key.split(b":")
        word = name[2][:1] if name[1].isdigit() else name[1]
        found.setdefault(word.decode(), []).append(key)
    return found


def test_every_kind_of_key_changed_in_every_way(filled: tuple[str, dict[bytes, bytes]]) -> None:
    """Whoever asks is told that the index is damaged, or answered; nothing else is raised, whatever stands there."""
    url, before = filled
    rng, right, told = random.Random(7), asked(url), 0
    with redis.Redis.from_url(url) as client:
        for kind, keys in kinds(before).items():
            for how in (*CHANGED, "deleted", "of another kind"):
                restore(client, before)
                change(client, rng.choice(keys), how, rng)
                try:
                    answers = asked(url)
                except DedupError:
                    told += 1
                else:
                    assert how == "deleted" or kind in MENDED or answers == right, (kind, how)
                with suppress(DedupError), dedup.Index(url) as index:
                    index.add("new", ARTICLES["7"] + "补充")
                    index.remove("3")
                    index.check()
    assert told > len(kinds(before))


MENDED = {
    "p",
    "b",
    "c",
    "counts",
    "counted",
    "articles",
    "names",
    "members",
    "held",
    "changes",
    "n",
    "campaign",
    "done",
}
"""Kinds that hold many of one thing, members that are not sealed: one that is another number or id is not noticed."""


def test_random_changes_of_what_is_sealed(filled: tuple[str, dict[bytes, bytes]]) -> None:
    """Of any value of a hash that was changed an error tells, or it was not needed: no answer is another one."""
    url, before = filled
    rng, right, told = random.Random(8), asked(url), 0
    with redis.Redis.from_url(url) as client:
        sealed = [key for kind, keys in kinds(before).items() if kind not in MENDED for key in keys]
        for number in range(CHANGES):
            restore(client, before)
            key, how = rng.choice(sealed), rng.choice(list(CHANGED))
            change(client, key, how, rng)
            try:
                assert asked(url) == right, (number, key, how)
            except FileError as error:
                told += "damaged" in str(error)
    assert told > CHANGES // 3


def test_a_value_that_was_moved(filled: tuple[str, dict[bytes, bytes]]) -> None:
    """A signature of another text, which is one, is not that of this text."""
    url, _ = filled
    with redis.Redis.from_url(url) as client:
        fields = sorted(client.hgetall("dedup:1:s").items())
        client.hset("dedup:1:s", mapping={field: fields[0][1] for field, _ in fields})
    with pytest.raises(FileError, match=r"the index in Redis is damaged: 'dedup:1:s' holds another value for"):
        asked(url)


@given(st.binary(max_size=40), st.integers(0, 2**63 - 1))
@settings(max_examples=300, deadline=None)
def test_whatever_stands_there(raw: bytes, number: int) -> None:
    """It is read, or one error tells; what was sealed is read again under the same name of an index or another one."""
    for read in (
        lambda: values.number("k", raw), lambda: values.article("k", raw), lambda: values.edge("k", raw),
        lambda: values.change("k", raw), lambda: values.identifier("k", raw), lambda: values.array("k", raw, "<u4", 3),
        lambda: values.unsealed("k", number, raw),
    ):  # fmt: skip
        with suppress(FileError):
            read()
    assert values.unsealed("one:k", number, values.sealed("other:k", {number: raw})[number]) == raw


def test_what_is_written_is_read() -> None:
    """Textbook examples of each kind."""
    assert values.article("k", b"17 4;1764000000 86400") == (17, 4, Span(1764000000, 1764086400))
    assert values.article("k", b"17") == (17, 17, None)
    assert values.edge("k", values.packed_edge(Edge(0.5, 7))) == Edge(0.5, 7)
    for wrong in (b"17 18", b"0", b"17;1 -1", b"17;99999999999999999 0", b"17;1", b" 17", "１７".encode()):
        with pytest.raises(FileError):
            values.article("k", wrong)
    for similarity, judged in ((1.5, 1), (float("nan"), 1), (-0.1, 1), (0.5, 2**63)):
        with pytest.raises(FileError):
            values.edge("k", values.packed_edge(Edge(similarity, judged)))
