"""Calls of an index from an event loop: one thread makes them, one after the other, and the loop goes on.

In: what `dedup.Index` is asked. Out: an awaitable of what it answers. One thread, because an index lets one caller in
at a time anyway, and because calls are then made in the order in which they were asked for: of two articles that are
alike, the one that came first is the first.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from typing import Any, ParamSpec, TypeVar

from dedup.index.answers import Added, Seen

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


class InOrder:
    """A thread that does what it is asked, in order; it is started with the first call, and anew in a fork."""

    def __init__(self) -> None:
        self._worker: ThreadPoolExecutor | None = None
        self._process = os.getpid()

    def submit(
        self, work: Callable[Given, Answer], /, *arguments: Given.args, **options: Given.kwargs
    ) -> Future[Answer]:
        """Let the thread do this after all that it was asked before."""
        if self._worker is None or self._process != os.getpid():
            self._process, self._worker = os.getpid(), ThreadPoolExecutor(1, thread_name_prefix="dedup")
        return self._worker.submit(work, *arguments, **options)

    async def ask(self, work: Callable[Given, Answer], /, *arguments: Given.args, **options: Given.kwargs) -> Answer:
        """The same, awaited in asyncio."""
        return await asyncio.wrap_future(self.submit(work, *arguments, **options))

    def close(self) -> None:
        """Let the thread end after all that it was asked; this does not wait for it."""
        if self._worker is not None:
            self._worker.shutdown(wait=False)
            self._worker = None


class Awaited:
    """The calls of an index that a program with an event loop awaits.

    They are made in the order in which they are asked for. One that is cancelled while it waits is not made; one that
    is at work already is finished.
    """

    add: Callable[..., Seen]
    add_many: Callable[..., Added]
    query: Callable[..., Seen]
    remove: Callable[..., bool]
    close: Callable[[], None]
    _in_order: InOrder

    async def aadd(self, id: str, text: str | None, *, seen_at: datetime | None = None) -> Seen:  # noqa: A002
        """`Index.add`, for `asyncio`.

        Args:
            id: As in `add`.
            text: As in `add`.
            seen_at: As in `add`.

        Example:
            >>> import asyncio
            >>> asyncio.run(index.aadd("tea-6", articles[9]["text"])).kind
            'duplicate'
        """
        return await self._in_order.ask(self.add, id, text, seen_at=seen_at)

    async def aadd_many(
        self, ids: Any, texts: Any, *, threads: int | None = None, seen_at: Any = None, progress: Any = None
    ) -> Added:
        """`Index.add_many`, for `asyncio`; progress is told in the thread that works.

        Args:
            ids: As in `add_many`.
            texts: As in `add_many`.
            threads: As in `add_many`.
            seen_at: As in `add_many`.
            progress: As in `add_many`.

        Example:
            >>> import asyncio
            >>> asyncio.run(index.aadd_many(["tea-6", "ferry"], [articles[9]["text"], "The ferry leaves at noon."]))
            <Added: 2 rows, 1 duplicates, 0 replaced, 0 rejected>
        """
        return await self._in_order.ask(self.add_many, ids, texts, threads=threads, seen_at=seen_at, progress=progress)

    async def aquery(self, text: str, *, by: str = "similarity") -> Seen:
        """`Index.query`, for `asyncio`.

        Args:
            text: As in `query`.
            by: As in `query`.

        Example:
            >>> import asyncio
            >>> asyncio.run(index.aquery(articles[9]["text"])).cluster
            'tea-1'
        """
        return await self._in_order.ask(self.query, text, by=by)

    async def aremove(self, id: str) -> bool:  # noqa: A002
        """`Index.remove`, for `asyncio`.

        Args:
            id: As in `remove`.

        Example:
            >>> import asyncio
            >>> asyncio.run(index.aremove("tea-1"))
            True
        """
        return await self._in_order.ask(self.remove, id)

    async def aclose(self) -> None:
        """`Index.close`, for `asyncio`, after all that was asked before.

        Example:
            >>> import asyncio
            >>> asyncio.run(index.aclose())
        """
        await self._in_order.ask(self.close)
