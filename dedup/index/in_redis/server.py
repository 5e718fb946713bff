"""A connection to Redis that is restored when it is lost.

In: the address of an index. Out: a client of redis-py, the name of the index, and `again`, which runs an attempt until
the server answers. redis-py's own retries are off: they would send a commit twice. In a forked process, redis-py opens
new connections. Messages never hold the password of the address.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from dedup.errors import FileError, MissingExtraError

T = TypeVar("T")

SHORTEST_WAIT, LONGEST_WAIT = 0.002, 0.25
"""Seconds between two tries, doubled after every try."""
SILENCE = 10.0
"""Seconds after which a server that does not answer counts as lost."""

_EXAMPLE = "redis://host:port/db, with ?name=... for one of several indexes there"


class OutdatedError(Exception):
    """The lock was lost, or what was read is out of date: run again."""


class Server:
    """Where an index is.

    Args:
        url: See `dedup.index.in_redis.redis_store`.
        timeout: Seconds for which it may not answer.

    Raises:
        FileError: The address cannot be read.
        MissingExtraError: redis-py is not installed.
    """

    def __init__(self, url: str, timeout: float) -> None:
        try:
            import redis  # noqa: PLC0415 - an extra
            from redis.backoff import NoBackoff  # noqa: PLC0415
            from redis.retry import Retry  # noqa: PLC0415
        except ImportError as error:
            raise MissingExtraError("redis", "redis", "an index at a redis:// address") from error
        self.location, plain, self.name = _parsed(url)
        self.timeout, self.errors = timeout, redis.exceptions
        self.lost = (redis.ConnectionError, redis.TimeoutError)
        seconds = min(SILENCE, max(timeout, 0.1))
        options = {"retry": Retry(NoBackoff(), 0), "socket_timeout": seconds, "socket_connect_timeout": seconds}
        try:
            self.pool = redis.ConnectionPool.from_url(plain, **options)
            self.pool.connection_class(**self.pool.connection_kwargs)  # does not connect, but checks the options
        except (ValueError, TypeError) as error:
            raise FileError(f"cannot read the address {self.location!r}: {error}; write {_EXAMPLE}") from error
        self.client: Any = redis.Redis(connection_pool=self.pool)

    def again(self, attempt: Callable[[], T], patience: float | None = None) -> T:
        """Run this until the server answers.

        Args:
            attempt: May run several times.
            patience: Seconds from the first failure on; None is the timeout.
        """
        seconds = self.timeout if patience is None else patience
        last: Exception | None = None
        for _ in tries(seconds):
            try:
                return attempt()
            except self.errors.AuthenticationError as error:  # for redis-py, this is a kind of lost connection
                raise self._refused(error) from error
            except (*self.lost, self.errors.WatchError, OutdatedError) as error:
                last = error
            except self.errors.RedisError as error:
                raise self._refused(error) from error
        raise FileError(
            f"{self.location!r} does not answer, for {seconds:g} s: {last}. Start the server, or check host, port and "
            "network, and do it again: articles whose adding returned are there, and adding one twice is harmless"
        ) from last

    def _refused(self, error: Exception) -> FileError:
        full, right = "maxmemory" in str(error), isinstance(error, self.errors.AuthenticationError)
        advice = "give it more memory (maxmemory)" if full else "see its log"
        advice = "give user and password in the address" if right or "NOAUTH" in str(error) else advice
        return FileError(f"{self.location!r} refused: {error}; {advice}")


def at_one_moment(client: Any, ask: Callable[[Any], object]) -> list[Any]:
    """The answers to several commands that read, with no other client's in between.

    A server without room refuses any command in a transaction. There they are answered one after the other, which is
    nearly the same, for nobody can add anything.

    Args:
        client: Of redis-py.
        ask: Puts the commands into a pipeline.
    """
    from redis.exceptions import OutOfMemoryError  # noqa: PLC0415 - an extra

    try:
        return _answers(client.pipeline(), ask)
    except OutOfMemoryError:
        return _answers(client.pipeline(transaction=False), ask)


def _answers(pipeline: Any, ask: Callable[[Any], object]) -> list[Any]:
    with pipeline as pipe:
        ask(pipe)
        return list(pipe.execute())


def tries(seconds: float) -> Iterator[None]:
    """One try now, and more until so many seconds after its end, with longer and longer waits in between."""
    yield
    end, wait = time.monotonic() + seconds, SHORTEST_WAIT
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(wait, left))
        wait = min(2 * wait, LONGEST_WAIT)
        yield


def _parsed(url: str) -> tuple[str, str, str]:
    """The address without secrets, the address for redis-py, and the name of the index."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise FileError(f"cannot read the address: {error}; write {_EXAMPLE}") from error
    if parts.scheme not in ("redis", "rediss", "unix"):
        raise FileError(f"cannot read the address {parts.scheme + '://...'!r}; write {_EXAMPLE}")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    name = options.pop("name", "dedup")
    options.pop("decode_responses", None)
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", name):
        raise FileError(f"an index in Redis is named with up to 64 of A-Z a-z 0-9 . _ -, got {name!r}")
    if parts.scheme != "unix" and not re.fullmatch(r"/?\d*", parts.path):
        raise FileError(f"a database of Redis has a number, got {parts.path[1:]!r}; write {_EXAMPLE}")
    shown = {"db": options.get("db"), "name": name if name != "dedup" else None}
    told = urlencode({option: value for option, value in shown.items() if value})
    host = parts.netloc.rpartition("@")[2]
    return _address(parts.scheme, host, parts.path, told), _address(*parts[:3], urlencode(options)), name


def _address(scheme: str, host: str, path: str, query: str) -> str:
    """As `urlunsplit`, which would drop the empty host of unix:///path."""
    return f"{scheme}://{host}{path}{'?' if query else ''}{query}"
