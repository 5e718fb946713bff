"""An index in Redis that many hosts share: a `dedup.index.store.Store`.

In: the rows of that module, a URL. Out: the same rows. One writer at a time holds a lock, which expires by itself; its
changes are sent in one MULTI/EXEC that fails if another writer has the lock. A lost connection is opened again, for up
to `timeout` seconds; a commit whose answer was lost is recognised and not made twice.

Commits are as durable as the server's `appendfsync` makes them. The server must not evict keys (`maxmemory-policy
noeviction`), and must not be a Redis Cluster.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from dedup.errors import FileError, IndexBusyError
from dedup.index.in_redis.audit import audit
from dedup.index.in_redis.commit import commit
from dedup.index.in_redis.counts import Counting, SharedCounts, Shingle
from dedup.index.in_redis.layout import (
    AT_ONCE,
    HEAD,
    OPENING,
    VERSION,
    Head,
    Keys,
    pack_opening,
    pieces,
    unpack_opening,
)
from dedup.index.in_redis.lock import Hold, Lock
from dedup.index.in_redis.pending import Pending
from dedup.index.in_redis.server import OutdatedError, Server
from dedup.index.in_redis.sizes import sizes
from dedup.index.in_redis.values import number
from dedup.index.in_redis.view import View
from dedup.index.on_disk.counters import LEAST_BITS, bits_for, tallied
from dedup.index.store import Opening, Result
from dedup.settings import drawn

_HEAD = ("format", "life", *HEAD)

OPENING_PATIENCE = 2.0
"""Seconds to wait for a server when an index is opened: a wrong address should be reported soon."""


class SharedStore:
    """An index in Redis.

    Args:
        url: `redis://[user:password@]host:port/db`, `rediss://` for TLS, or `unix:///path?db=0`. `?name=...` is one of
            several indexes of a database, "dedup" by default; redis-py's own options may follow there, too.
        opening: What to create it with; None opens what is there.
        create: Create it where there is nothing.
        timeout: Seconds to wait for another writer, and for a server that does not answer.
        shingle: Makes shingles of stored texts, for `check` and `compact` to count again; None skips counts.

    Raises:
        FileError: The server cannot be reached, or there is no index of this version.
        MissingExtraError: redis-py is not installed.
    """

    codec = "zstd"  # memory of a server costs more than what it takes to read a text, which is little beside a command

    def __init__(
        self,
        url: str,
        opening: Opening | None,
        *,
        create: bool = True,
        timeout: float = 30.0,
        shingle: Shingle | None = None,
    ) -> None:
        self._server = Server(url, timeout)
        self._client, self._name, self.location = self._server.client, self._server.name, self._server.location
        self._key, self._epoch = f"{self._name}:head", 0
        self._life: bytes | None = None
        self._lock, self._shingle = Lock(self._server, self._key, _HEAD), shingle
        self._counts = SharedCounts(self._client, Keys(self._name, self._epoch))
        self._server.again(lambda: self._open(opening if create else None), min(timeout, OPENING_PATIENCE))

    def _open(self, opening: Opening | None) -> None:
        if not self._client.exists(self._key):
            if opening is None:
                raise FileError(f"there is no index at {self.location!r}; create one by adding articles to it")
            self._create(opening)
        self._head()

    def _create(self, opening: Opening) -> None:
        with self._lock.take():  # if two processes create it at once, the first one wins
            if not self._client.exists(self._key):
                start = Head(**dict.fromkeys(Head._fields, 0) | {"epoch": 1, "bits": LEAST_BITS})
                whole = {"format": VERSION, "life": secrets.token_hex(8), "epochs": 1, **start.fields()}
                whole |= pack_opening(opening._replace(settings=drawn(opening.settings)))
                self._client.hset(self._key, mapping=whole)

    def _head(self, values: Sequence[Any] | None = None) -> Head:
        """Read the values that change with every commit, or take these, and the opening if it has changed."""
        version, life, *stored = values or self._client.hmget(self._key, _HEAD)
        self._check_format(version)
        self._check_life(life)
        head = Head.of(self._key, stored)
        if head.epoch != self._epoch:
            found = self._client.hmget(self._key, *HEAD, *OPENING)
            head = Head.of(self._key, found[: len(HEAD)])
            self._epoch, self.opening = head.epoch, unpack_opening(self._key, found[len(HEAD) :])
        return head

    def _check_format(self, version: bytes | None) -> None:
        if version is None:
            raise FileError(f"the index at {self.location!r} is gone: somebody has emptied the database; open it anew")
        found = number(self._key, version)
        if found != VERSION:
            other = "a newer" if found > VERSION else "an older"
            raise FileError(
                f"{self.location!r} has format {found}, this version of dedup reads format {VERSION}: it was "
                f"written by {other} one. With that one run `dedup index export --texts`, and add the file to a new "
                "index with this one, under another ?name=..."
            )

    def _check_life(self, life: bytes | None) -> None:
        """Another index of the same name would be read with the weights, frames and counts of the first one."""
        self._life = life if self._life is None else self._life
        if life != self._life:
            raise FileError(
                f"the index at {self.location!r} is gone: somebody has emptied the database, and made another one of "
                "this name; open it anew"
            )

    def _view(self) -> View:
        head = self._head()
        return View(self._client, self._name, head, self.opening, self._counts)

    # --- transactions ---------------------------------------------------------------------------------------------

    def _again(self, attempt: Callable[[], Result]) -> Result:
        """Run this until the server answers; one that comes back may have lost its last commits, so counts are read."""

        def careful() -> Result:
            try:
                return attempt()
            except self._server.lost:
                self._counts.forget()
                raise

        return self._server.again(careful)

    def read(self, work: Callable[[View], Result]) -> Result:
        """Run this on the store while others may write; again if the connection is lost or a generation begins."""

        def attempt() -> Result:
            view = self._view()
            result = work(view)
            now = self._head()
            if (now.epoch, now.bits) != (view.head.epoch, view.head.bits):
                raise OutdatedError("signatures were replaced, or the table of counts has grown")
            return result

        return self._again(attempt)

    def alone(self, work: Callable[[View], Result]) -> Result:
        """Run this while nobody changes the store; if the server cannot be written, as `read` does."""

        def attempt() -> Result:
            try:
                hold = self._lock.take()
            except (self._server.errors.ReadOnlyError, self._server.errors.OutOfMemoryError):
                return work(self._view())
            with hold:
                result = work(self._view())
                hold.verify()
            return result

        return self._again(attempt)

    def write(self, work: Callable[[Pending], Result]) -> Result:
        """Run this alone, and apply its changes together; none if it raises.

        Raises:
            IndexBusyError: Another writer is at work for longer than the timeout.
            FileError: The server has not answered for longer than the timeout, or refuses.
        """
        sent: list[tuple[str, Result]] = []

        def made() -> bool:
            """Whether the last commit was made and only its answer was lost."""
            return bool(sent) and self._lock.made(sent[-1][0])

        def attempt() -> Result:
            try:
                with self._lock.take() as hold:
                    return sent[-1][1] if made() else self._change(work, hold, sent)
            except IndexBusyError:
                if made():
                    return sent[-1][1]
                raise

        return self._again(attempt)

    def _change(self, work: Callable[[Pending], Result], hold: Hold, sent: list[tuple[str, Result]]) -> Result:
        head = self._head(hold.head)
        draft = Pending(self._client, self._name, head, self.opening, self._counts)
        result = work(draft)
        sent.append((hold.token, result))
        commit(draft, hold)
        if draft.counted:
            self._counts.keep(draft.counted)
        if draft.replaced:
            self._adopt()
        return result

    def _adopt(self) -> None:
        """Switch to the new generation, and delete older ones; what an error leaves, the next switch deletes."""
        pattern = re.compile(rb"%s:(\d+):" % re.escape(self._name.encode()))
        with suppress(self._server.errors.RedisError):
            self._head()
            found = self._client.scan_iter(f"{self._name}:[0-9]*", count=AT_ONCE)
            epochs = ((key, pattern.match(key)) for key in found)
            for piece in pieces(key for key, epoch in epochs if epoch and int(epoch[1]) < self._epoch):
                self._client.unlink(*piece)

    # --- care -----------------------------------------------------------------------------------------------------

    def compact(self) -> None:
        """Write signatures, keys, buckets and edges anew, and count again, so that buckets hold the oldest texts.

        Other writers wait. Takes as much memory again until it is done.
        """
        self.write(self._compact)

    def _compact(self, draft: Pending) -> None:
        if draft.counting and self._shingle:
            draft.counted = Counting(draft.counts, draft.stand, draft.head.texts, [])
            draft.counted.write_whole(tallied(bits_for(draft.head.texts), draft.scan_shingles(self._shingle))[0])
        found = draft.frames()
        edges = ((text, other, edge) for text, other, edge in draft.scan_edges() if text < other)
        draft.replace(self.opening, draft.scan_signed(), edges)
        for text, windows in found:
            draft.add_frames(text, windows)

    def check(self) -> list[str]:
        """Compare all data that is stored twice, for every text; called inside `alone`."""
        return audit(self._view(), self._shingle)

    def sizes(self) -> dict[str, int]:
        """Bytes of memory by kind of data; of many keys, 200 are measured."""
        return self._server.again(lambda: sizes(self._view()))

    def close(self) -> None:
        """Close the connections."""
        self._server.pool.disconnect()
