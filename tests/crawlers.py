"""Processes that use an index and may be killed, and the one that forks them.

In: on standard input a line of JSON for each: what it does, with what, and the files it writes to. Out: its number, at
once, or its exit status, when that is asked for. The one that forks has compiled every kernel before, so that a process
is at work within milliseconds. `Crawlers` is the other end, for the tests. It compares nothing and asserts nothing.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import dedup
from dedup.index.on_disk import counters, layers
from dedup.index.on_disk import sqlite_store as embedded

Tell = Callable[..., None]

FAMILIES, SENTENCES = 12, 12
IDS = 160
SMALL = {
    (layers, "TEXTS"): 16,
    (layers, "REBUILD"): 64,
    (embedded, "REBUILD"): 64,
    (embedded, "LONG_LOG"): 40,
}
"""Sizes with which segments are written every 16 texts, merged every 64, and the log is folded every 40."""
TINY = SMALL | {(counters, "LEAST_BITS"): 10, (counters, "TEXTS_BITS"): 5}
"""The same, and counts in a table that grows with every doubling from 32 texts on."""
SCRIPTS = ((0x4E00, 0x9FA5), (0x4E00, 0x9FA5), (0x4E00, 0x9FA5), (0x3041, 0x3096), (0xAC00, 0xD7A3), (0x61, 0x7A))


# --- what they write ----------------------------------------------------------------------------------------------


@cache
def sentence(name: str) -> str:
    """Characters of a script, mostly Han, by a name that decides them."""
    rng = Random(name)
    first, last = rng.choice(SCRIPTS)
    return "".join(chr(rng.randint(first, last)) for _ in range(rng.randint(14, 22))) + rng.choice("。！？🙂\n")


@cache
def article(number: int) -> str:
    """One of a few families of articles that share most of their sentences; equal for equal numbers."""
    rng, family = Random(number), number % FAMILIES
    kept = sorted(rng.sample(range(SENTENCES), SENTENCES - rng.randint(1, 4)))
    return "".join(sentence(f"{family} {k}") for k in kept) + sentence(f"own {number}")


def rewrite(number: int, version: int) -> str:
    """A version of an article that shares nothing with those of other numbers."""
    return "".join(sentence(f"rewrite {number} {k}") for k in range(10)) + sentence(f"version {number} {version}")


# --- what they do -------------------------------------------------------------------------------------------------


STEPS = {"add": 50, "many": 14, "remove": 26, "reweigh": 4, "compact": 3, "reopen": 3}
"""What a crawler does, and how often of a hundred times."""


def crawl(tell: Tell, path: str, seed: int, near: bool, name: str = "文章", steps: dict[str, int] = STEPS) -> None:
    """Add, add batches, remove, and weigh and pack the index anew, until killed; tell before and after each."""
    shrink(TINY)
    rng = Random(seed)
    index = dedup.Index(path, dedup.Settings.near_copies() if near else None)
    while True:
        step = rng.choices(list(steps), list(steps.values()))[0]
        count = rng.randint(2, 30) if step == "many" else int(step in {"add", "remove"})
        ids = [f"{name}{k}" for k in rng.sample(range(IDS), count)]
        numbers = [rng.randrange(10**6) if rng.random() < 0.8 else rng.randrange(20) for _ in ids]
        tell(step, dict(zip(ids, [None] * count if step == "remove" else numbers, strict=True)))
        if step == "add":
            index.add(ids[0], article(numbers[0]))
        elif step == "many":
            index.add_many(ids, [article(number) for number in numbers], threads=1)
        elif step == "remove":
            index.remove(ids[0])
        elif step == "reopen":
            index.close()
            index = dedup.Index(path)
        else:
            index.reweigh(threads=1) if step == "reweigh" else index.compact()
        tell("done", {})


def add(tell: Tell, path: str, numbers: list[int], version: int, start: str) -> None:
    """Add versions of some articles, all together with whoever waits for the same start."""
    with dedup.Index(path) as index:
        wait_for(tell, start)
        for number in numbers:
            seen = index.add(f"{number}/{version}", rewrite(number, version))
            tell(number, seen.is_duplicate, seen.cluster, [near.id for near in seen.nearest])


def add_same(tell: Tell, path: str, count: int, version: int | None, start: str) -> None:
    """Add articles under ids that others use, too: with the same text, or versions of it."""
    with dedup.Index(path) as index:
        wait_for(tell, start)
        for number in range(count):
            tell(index.add(f"{number}", rewrite(number, version or 0)).is_duplicate)


def wait_for(tell: Tell, start: str) -> None:
    """Wait for a file, so that several begin at once."""
    tell("ready")
    while not Path(start).exists():
        time.sleep(0.0005)


def open_at_once(tell: Tell, path: str, name: str, start: str) -> None:
    """Open an index that may not be there yet."""
    wait_for(tell, start)
    with dedup.Index(path) as index:
        index.add(name, article(int(name)))


def hold(tell: Tell, path: str, seconds: float) -> None:
    """Keep all others from writing for a time."""
    with dedup.Index(path) as index:
        index._store.write(lambda _: (tell("holds"), time.sleep(seconds)))


def hold_counted(tell: Tell, path: str) -> None:
    """Stop when an article is counted, but not yet stored; and while segments are locked."""
    with dedup.Index(path) as index:
        index._store._store_rows = lambda: (tell("holds"), time.sleep(60))
        index._store._layers.wait()  # waits for the thread, which takes the lock, too
        with index._store._layers._locked() as mine:
            assert mine
            index.add("半途", article(503))


def read_only(tell: Tell, path: str, user: int) -> None:
    """As another user: ask, and try to change."""
    os.setuid(user)
    with dedup.Index(path) as index:
        tell("holds", len(index), "0" in index, index.check().problems)
        seen = index.query(rewrite(3, 9))
        tell("seen", seen.is_duplicate, [near.id for near in seen.nearest])
        for change in (lambda: index.add("x", "新的文章"), lambda: index.remove("0"), index.compact, index.reweigh):
            _tell_error(tell, change)


def refused(tell: Tell, path: str, user: int) -> None:
    """As another user: open what cannot be opened."""
    os.setuid(user)
    _tell_error(tell, lambda: dedup.Index(path))


def _tell_error(tell: Tell, work: Callable[[], Any]) -> None:
    try:
        work()
    except dedup.errors.DedupError as error:
        tell(type(error).__name__, str(error))
    else:
        tell("no error")


def at_odd_times(tell: Tell, path: str, count: int, seed: int | None) -> None:
    """Add articles while the clock jumps to and fro, and the files' times with it."""
    rng = Random(seed)
    for k in range(count):
        if seed is not None:
            now = rng.uniform(0, 2**32)
            time.time, time.time_ns = lambda now=now: now, lambda now=now: int(now * 1e9)
            for file in Path(path).glob("*"):
                os.utime(file, (now, now))
        with dedup.Index(path) as index:
            seen = index.add_many([f"{k} {j}" for j in range(20)], [article(20 * k + j) for j in range(20)], threads=1)
            tell([[one.is_duplicate, one.cluster, one.nearest] for one in seen if one])


def fork(tell: Tell, path: str, count: int) -> None:
    """Use an index in a child and its parent at once; the parent closes first, another opens and closes, too."""
    index = dedup.Index(path)
    index.add("before", rewrite(0, 0))
    closed, go = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        with suppress(BaseException):
            for number in range(count):
                index.add(f"child {number}", rewrite(number, 1))
            os.read(closed, 1)
            for number in range(count, 2 * count):
                index.add(f"child {number}", rewrite(number, 1))
            index.close()
            status = 0
        os._exit(status)
    for number in range(count):
        index.add(f"parent {number}", rewrite(number, 2))
    index.close()
    dedup.Index(path).close()
    os.write(go, b"!")
    tell(os.waitpid(child, 0)[1])


def fork_beside_a_thread(tell: Tell, path: str, count: int) -> None:
    """Fork while a thread adds; each child adds an article, or is ended after three seconds."""
    with dedup.Index(path) as index:
        done = threading.Event()
        thread = threading.Thread(target=_add_until, args=(index, done))
        thread.start()
        children = []
        for number in range(count):
            time.sleep(0.01)
            child = os.fork()
            if child == 0:
                signal.alarm(3)
                with suppress(BaseException):
                    index.add(f"child {number}", rewrite(number, 1))
                    index.close()
                os._exit(0)
            children.append(child)
        done.set()
        thread.join()
        tell([os.waitpid(child, 0)[1] for child in children])


def _add_until(index: dedup.Index, done: threading.Event) -> None:
    number = 0
    while not done.is_set():
        index.add(f"thread {number}", article(number))
        number += 1


# --- the one that forks them --------------------------------------------------------------------------------------


def shrink(sizes: dict[Any, int]) -> None:
    """Make segments small, in this process."""
    for (module, name), value in sizes.items():
        setattr(module, name, value)


def warm() -> None:
    """Compile all kernels."""
    for settings in (dedup.Settings(), dedup.Settings.near_copies()):
        with tempfile.TemporaryDirectory() as folder, dedup.Index(f"{folder}/index", settings) as index:
            for number in range(40):
                index.add(str(number), article(number))
            index.add_many([str(number) for number in range(30, 70)], [article(n) for n in range(40)], threads=1)
            index.remove("3")
            index.query(article(9))
            index.reweigh(threads=1)
            index.compact()
            index.add("3", article(3))
            index.check()


def serve() -> None:
    """Fork what is asked for."""
    shrink(SMALL)
    warm()
    for line in sys.stdin:
        job = json.loads(line)
        if "wait" in job:
            _, status = os.waitpid(job["wait"], 0)
            answer = os.waitstatus_to_exitcode(status)
        else:
            answer = os.fork() or _run(job)
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


def _run(job: dict[str, Any]) -> int:
    """What a forked process does; it never returns."""
    status = 1
    try:
        told, errors = (
            os.open(job[name], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666) for name in ("told", "errors")
        )
        os.dup2(errors, 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        globals()[job["work"]](lambda *what: os.write(told, json.dumps(what).encode() + b"\n"), **job["arguments"])
        status = 0
    except BaseException:  # noqa: BLE001 - whoever waits reads it
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


# --- the other end ------------------------------------------------------------------------------------------------


class Crawler:
    """A process that was forked."""

    def __init__(self, crawlers: Crawlers, pid: int, told: Path, errors: Path) -> None:
        self._crawlers, self._pid, self._told, self._errors = crawlers, pid, told, errors

    def kill(self) -> list[Any]:
        """End it at once; what it told."""
        os.kill(self._pid, signal.SIGKILL)
        assert self._crawlers.ask({"wait": self._pid}) in {0, -signal.SIGKILL}, self._errors.read_text("utf-8")
        return self.told()

    def finish(self) -> list[Any]:
        """Wait for its end; what it told."""
        status = self._crawlers.ask({"wait": self._pid})
        errors = self._errors.read_text("utf-8")
        assert status == 0 and not errors, errors
        return self.told()

    def told(self) -> list[Any]:
        """What it told until now; a last line that is not whole is no acknowledgement."""
        text = self._told.read_text("utf-8") if self._told.exists() else ""
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def wait_until_told(self) -> None:
        """Wait for a first word."""
        while not self.told():
            assert not (self._errors.exists() and self._errors.stat().st_size), self._errors.read_text("utf-8")
            time.sleep(0.001)


class Crawlers:
    """The process that forks.

    Args:
        process: It.
        folder: For what is told.
    """

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self._process, self._folder, self._started = process, folder, 0

    def ask(self, what: dict[str, Any]) -> int:
        """Let it fork, or wait."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def start(self, work: Callable[..., None], **arguments: Any) -> Crawler:
        """Start one of the functions of this module."""
        self._started += 1
        told, errors = (self._folder / f"{self._started}.{kind}" for kind in ("told", "errors"))
        job = {"work": work.__name__, "arguments": arguments, "told": str(told), "errors": str(errors)}
        return Crawler(self, self.ask(job), told, errors)

    def run(self, work: Callable[..., None], **arguments: Any) -> list[Any]:
        """Start one, and wait for its end; what it told."""
        return self.start(work, **arguments).finish()


@contextmanager
def crawling(folder: Path) -> Iterator[Crawlers]:
    """The process that forks, while it is needed."""
    environment = {**os.environ, "PYTHONPATH": str(Path(dedup.__file__).parents[1]), "TMPDIR": str(folder)}
    command = [sys.executable, "-W", "error", "-W", "ignore::DeprecationWarning", __file__]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            yield Crawlers(process, folder)
        finally:
            process.stdin and process.stdin.close()


if __name__ == "__main__":
    serve()
