"""The right to write: a key in Redis that one client holds, and that expires by itself.

In: a server. Out: a hold on the lock, and within it one transaction that succeeds only while the lock is ours. A thread
renews the lock, so that work may take any time. Expiry uses the server's clock, so that no host's clock matters. After
a commit whose answer was lost, `made` says whether it happened.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from types import TracebackType
from typing import Any, Self

from dedup.errors import IndexBusyError
from dedup.index.in_redis.server import OutdatedError, Server, tries

LOCK_SECONDS = 10
"""A lock that is not renewed expires; it is renewed three times as often."""
REMEMBERED_SECONDS = 86_400
"""For so long, a client's last commit can be recognised."""

# The lock's token begins with the client's token, so that a client can take its own lock again: after a lost answer it
# does not know whether it holds the lock. The new token also stops an older commit of the client that still runs.
_TAKE = """local held = redis.call('get', KEYS[1])
if not held or string.sub(held, 1, #ARGV[1]) == ARGV[1] then
    redis.call('set', KEYS[1], ARGV[2], 'PX', ARGV[3]) return redis.call('hmget', KEYS[2], unpack(ARGV, 4)) end
return 0"""
_RENEW = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) end return 0"
_RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"


class Lock:
    """The lock of an index.

    Args:
        server: Where the index is.
        head: The key of its head.
        fields: Of the head, which are read when the lock is taken: a round trip less.
    """

    def __init__(self, server: Server, head: str, fields: Sequence[str]) -> None:
        self.server, self.key = server, f"{server.name}:lock"
        self._head, self._fields = head, fields
        self._secret, self._numbers = secrets.token_hex(8), count(1)
        self.keeper = _Keeper()

    @property
    def _client(self) -> str:
        """The token of this client; a forked process is another client."""
        return f"{self._secret}.{os.getpid()}."

    @property
    def done(self) -> str:
        """The key that holds the token of our last commit."""
        return f"{self.server.name}:done:{self._client}"

    def take(self) -> Hold:
        """Wait for the lock.

        Raises:
            IndexBusyError: Another writer holds it for longer than the timeout.
        """
        token, server = f"{self._client}{next(self._numbers)}", self.server
        for _ in tries(server.timeout):
            given = self._client, token, 1000 * LOCK_SECONDS, *self._fields
            if head := server.client.eval(_TAKE, 2, self.key, self._head, *given):
                return Hold(self, token, head)
        raise IndexBusyError(
            f"another writer has held {server.location!r} for {server.timeout:g} s; try again, or open the index with "
            "a longer timeout"
        )

    def made(self, token: str) -> bool:
        """Whether the commit with this token was made; ask after the lock has changed: then it cannot be made later."""
        return bool(self.server.client.get(self.done) == token.encode())


class Hold:
    """The lock while it is ours: its key holds this token; `head` is what the index's head held when it was taken."""

    def __init__(self, lock: Lock, token: str, head: list[Any]) -> None:
        self._lock, self._client, self.token, self.head = lock, lock.server.client, token, head
        self._quiet, self._released = threading.Lock(), False

    def __enter__(self) -> Self:
        """Keep it."""
        self._lock.keeper.keep(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Release the lock; if the connection is lost it expires by itself, and trying would only cost time."""
        self._lock.keeper.keep(None)
        if not self._released and not isinstance(error, self._lock.server.lost):
            with suppress(self._lock.server.errors.RedisError):
                self._client.eval(_RELEASE, 1, self._lock.key, self.token)

    def renew(self) -> None:
        """Let it expire later, if it is still ours."""
        with self._quiet, suppress(self._lock.server.errors.RedisError):
            self._client.eval(_RENEW, 1, self._lock.key, self.token, 1000 * LOCK_SECONDS)

    def verify(self) -> None:
        """Raise if the lock is no longer ours."""
        if self._client.get(self._lock.key) != self.token.encode():
            raise OutdatedError("the lock expired")

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        """A pipeline that is executed in one MULTI/EXEC, which releases the lock; fails if the lock is not ours."""
        with self._quiet, self._client.pipeline() as pipe:  # renewing the lock would change it
            pipe.watch(self._lock.key)
            self.verify()
            pipe.multi()
            yield pipe
            pipe.set(self._lock.done, self.token, ex=REMEMBERED_SECONDS)
            pipe.delete(self._lock.key)
            pipe.execute()
        self._released = True


class _Keeper:
    """Renews a hold, and later ones, in one thread: starting it takes longer than all else that a hold does.

    The thread ends when it finds no hold. A fork has no thread, and starts one.
    """

    def __init__(self) -> None:
        self._changing = threading.Lock()
        self._hold: Hold | None = None
        self._thread: threading.Thread | None = None

    def keep(self, hold: Hold | None) -> None:
        """Renew this one from now on, or none."""
        with self._changing:
            self._hold = hold
            if hold and not (self._thread and self._thread.is_alive()):
                self._thread = threading.Thread(target=self._work, daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while hold := self._kept():
            hold.renew()

    def _kept(self) -> Hold | None:
        """The hold there is a while later; the thread ends if there is none."""
        time.sleep(LOCK_SECONDS / 3)
        with self._changing:
            if self._hold is None:
                self._thread = None
            return self._hold
