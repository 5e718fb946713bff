"""How long an event loop waits while articles are added to an index: its worst gap.

In: nothing. Out: a line for each way: the three worst gaps between two turns of a loop that does nothing else, in
milliseconds of the clock, and in those of CPU that other threads of the process took meanwhile, which other programs on
the machine do not lengthen; and the CPU seconds of it all. 400 articles of 1,500 characters after a warm-up, one after
the other; then the same while a batch of 2,000 is added. The first line is a loop beside which nothing happens.

    python bench/index_asyncio.py
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable

import numpy as np
from corpus import near_copies
from numpy.typing import NDArray

import dedup

ADDS, BATCH, CHARACTERS = 400, 2_000, 1_500
WARMED = 100

Add = Callable[[str, str], Awaitable[object]]


async def watched(work: Awaitable[object]) -> NDArray[np.float64]:
    """The gaps of the loop until this is done: of the clock, and of the CPU time of other threads; in milliseconds."""
    task, stamps = asyncio.ensure_future(work), []
    while not task.done():
        await asyncio.sleep(0)
        stamps.append((time.perf_counter(), time.process_time() - time.thread_time()))
    await task
    return 1000 * np.diff(stamps, axis=0)


async def add_all(add: Add, texts: list[str], name: str) -> None:
    for number, text in enumerate(texts):
        await add(f"{name}/{number}", text)


def told(way: str, gaps: NDArray[np.float64], seconds: float) -> None:
    clock, other = (" ".join(f"{gap:.1f}" for gap in np.sort(column)[-3:]) for column in gaps.T)
    print(f"{way:30} worst gaps {clock} ms, of CPU {other} ms, {seconds:.1f} CPU s")


async def measure(folder: str) -> None:
    texts = near_copies(WARMED + 3 * ADDS + 2 * BATCH, CHARACTERS, seed=1)[0]
    with dedup.Index(folder) as index:
        index.add_many([f"many/{k}" for k in range(WARMED)], texts[:WARMED])
        for k in range(WARMED):
            index.add(f"warm/{k}", texts[k])
        rest = texts[WARMED:]
        told("nothing", await watched(asyncio.sleep(1)), 0)

        async def in_threads(id_: str, text: str) -> object:
            return await asyncio.to_thread(index.add, id_, text)

        for way, add in (("to_thread", in_threads), ("aadd", index.aadd)):
            some, rest = rest[:ADDS], rest[ADDS:]
            begin = time.process_time()
            gaps = await watched(add_all(add, some, way))
            told(way, gaps, time.process_time() - begin)
        some, batch = rest[:ADDS], rest[ADDS : ADDS + BATCH]
        begin = time.process_time()
        both = asyncio.gather(
            index.aadd_many([f"batch/{k}" for k in range(BATCH)], batch), add_all(index.aadd, some, "beside")
        )
        told("aadd_many, and aadd behind it", await watched(both), time.process_time() - begin)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        asyncio.run(measure(f"{made}/index"))
