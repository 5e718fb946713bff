"""An index in Redis, on a real server, of which any values may have changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import dedup

from .edits import changed, some
from .target import Take, Target

ARTICLES = 24


def _fill(url: str) -> None:
    import crawlers

    with dedup.Index(url) as index:
        index.add_many([str(n) for n in range(ARTICLES)], [crawlers.article(n) for n in range(ARTICLES)], threads=1)
        index.add("last", crawlers.rewrite(1, 1))
        index.remove("3")


def _use(url: str) -> None:
    """Ask, add, list, and check."""
    import crawlers

    with dedup.Index(url, timeout=1) as index:
        index.query(crawlers.article(1))
        index.query_many([crawlers.rewrite(1, 2)], threads=1)
        index.add("new", crawlers.rewrite(1, 3))
        list(index.clusters())
        list(index.campaigns())
        list(index.changes())
        index.to_arrow(times=True).validate(full=True)
        list(index.texts())
        index.check()
        index.remove("5")


def _values(client: Any) -> dict[str, bytes]:
    """Every value by a name that says where it stands."""
    parts: dict[str, bytes] = {}
    for key in sorted(client.keys("*")):
        name, kind = key.decode(), client.type(key)
        if kind == b"string":
            parts[f"string {name} "] = client.get(key)
        elif kind == b"hash":
            for field, value in sorted(client.hgetall(key).items()):
                parts[f"hash {name} {field.decode('latin-1')}"] = value
        elif kind == b"set":
            for number, value in enumerate(sorted(client.smembers(key))):
                parts[f"set {name} {number}"] = value
        elif kind == b"zset":
            for number, (value, score) in enumerate(client.zrange(key, 0, -1, withscores=True)):
                parts[f"zset {name} {number}:{score!r}"] = value
        else:
            for number, value in enumerate(client.lrange(key, 0, -1)):
                parts[f"list {name} {number}"] = value
    return parts


def _put(client: Any, parts: dict[str, bytes]) -> None:
    """Nothing but these values."""
    pipe = client.pipeline(transaction=False)
    pipe.flushall()
    for where, value in parts.items():
        kind, name, field = where.split(" ", 2)
        if kind == "string":
            pipe.set(name, value)
        elif kind == "hash":
            pipe.hset(name, field.encode("latin-1"), value)
        elif kind == "set":
            pipe.sadd(name, value)
        elif kind == "zset":
            pipe.zadd(name, {value: float(field.partition(":")[2])})
        else:
            pipe.rpush(name, value)
    pipe.execute()


def _server(folder: Path) -> Any:
    from conftest import RedisServer

    server = RedisServer(folder)
    server.start()
    return server


def _seeds(folder: Path) -> Iterator[bytes]:
    import redis

    server = _server(folder)
    _fill(server.url)
    with redis.Redis.from_url(server.url) as client:
        sizes = [len(value) for value in _values(client).values()]
    server.stop()
    draw = Random(0)
    yield from draw.sample(list(some(sizes, draw, 2)), 200)


def _start(folder: Path) -> Take:
    import atexit

    import redis

    server = _server(folder)
    atexit.register(server.stop)
    _fill(server.url)
    client = redis.Redis.from_url(server.url)
    parts = _values(client)

    def take(data: bytes) -> None:
        _put(client, changed(parts, data))
        _use(server.url)

    return take


TARGETS = {"redis": Target(_seeds, _start)}
