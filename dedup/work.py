"""Work split over threads.

Kernels release the GIL, so a plain pool measures as fast as compiled threads, and is safe.

In: a function and the pieces of work. Out: its results in the order of the pieces, whichever thread ran them.
Reports progress. Keeps no pool between calls, so it works after a fork and inside other pools.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np

from dedup.errors import SettingsError

Piece = TypeVar("Piece")
Result = TypeVar("Result")
Progress = Callable[[int, int], object]
"""Called with the work done so far and the whole of it, in any unit."""


class Room(threading.local):
    """One buffer per thread, used again for every piece of work: to allocate memory costs more than to fill it.

    An array from `take` is valid until the same thread calls `take` again.
    """

    def __init__(self, kind: Any) -> None:
        """Start empty."""
        self._array = np.empty(0, kind)

    def __reduce__(self) -> tuple[type[Room], tuple[Any]]:
        """The buffer is not pickled: a copy allocates its own."""
        return Room, (self._array.dtype,)

    def take(self, length: int) -> Any:
        """An array of this length, not initialised."""
        if length > len(self._array):
            self._array = np.empty(length + length // 8, self._array.dtype)
        return self._array[:length]


def count(threads: int | None) -> int:
    """How many threads to use: the number given, or one a core that this process may run on.

    Raises:
        SettingsError: `threads` is not a whole number of 1 or more.
    """
    if threads is None:
        affinity = getattr(os, "sched_getaffinity", None)
        return len(affinity(0)) if affinity else os.cpu_count() or 1
    if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
        raise SettingsError(f"threads must be a whole number of 1 or more, or None for one a core, got {threads!r}")
    return threads


def spread(
    work: Callable[[Piece], Result], pieces: Sequence[Piece], threads: int, progress: Progress | None = None
) -> Iterator[Result]:
    """Give `work(piece)` for each piece, in order; the pieces run in parallel."""
    if len(pieces) == 1 and progress is None:
        return iter((work(pieces[0]),))
    return _spread(work, pieces, threads, progress)


def _spread(
    work: Callable[[Piece], Result], pieces: Sequence[Piece], threads: int, progress: Progress | None
) -> Iterator[Result]:
    if threads == 1 or len(pieces) <= 1:
        yield from _reported(map(work, pieces), len(pieces), progress)
        return
    with ThreadPoolExecutor(min(threads, len(pieces))) as pool:
        yield from _reported(pool.map(work, pieces), len(pieces), progress)


def _reported(results: Iterator[Result], total: int, progress: Progress | None) -> Iterator[Result]:
    for done, result in enumerate(results, 1):
        if progress:
            progress(done, total)
        yield result


def ahead(found: Iterator[Result]) -> Iterator[Result]:
    """The same, one after the other; a thread makes the next one meanwhile."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, found, _END)
        while (one := coming.result()) is not _END:
            coming = pool.submit(next, found, _END)
            yield one  # type: ignore[misc]


_END = object()


def ranges(total: int, step: int) -> list[tuple[int, int]]:
    """Split `range(total)` into runs of `step`."""
    return [(begin, min(begin + step, total)) for begin in range(0, total, step)]
