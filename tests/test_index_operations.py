"""Random operations on an index, whose process may be killed at any call, beside a naive model of what it holds.

A kill is a copy of the store as it is at that call: a process that is killed leaves just that. What the copy holds must
be what was there before the operation, or after it.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterable
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

import dedup
from dedup.errors import DedupWarning
from dedup.index.on_disk import layers

IDS = st.sampled_from([f"a{number}" for number in range(12)])
TEXTS = st.tuples(st.integers(0, 3), st.integers(0, 5)).map(lambda which: text(*which))
CALLS = st.integers(1, 4000)
"""Calls of functions of the package before the process is killed; an operation makes some hundreds to thousands."""
PACKAGE = str(Path(dedup.__file__).parent)
FIRST, DAY = datetime(2026, 1, 1, tzinfo=UTC), timedelta(days=1)
BOUNDED = settings(
    max_examples=12, stateful_step_count=14, deadline=None, print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)  # fmt: skip
"""A minute on two idle cores."""


def text(family: int, version: int) -> str:
    """An article of a family, some of whose sentences are those of a version."""
    numbers = [*range(family * 100, family * 100 + 8), *range(1000 + version * 10, 1003 + version * 10)]
    return "。".join("".join(chr(0x4E00 + (n * 7919 + k * 104_729) % 20_000) for k in range(40)) for n in numbers)


class Folder:
    """An embedded index."""

    def __init__(self) -> None:
        self._here = Path(tempfile.mkdtemp())
        self.path, self._kept = str(self._here / "index"), self._here / "kept"

    def keep(self) -> None:
        """Copy all files, as they are now."""
        shutil.copytree(self.path, self._kept)

    def put_back(self) -> None:
        """Let the copy take the place of the index."""
        shutil.rmtree(self.path)
        self._kept.rename(self.path)

    def close(self) -> None:
        """Delete all."""
        shutil.rmtree(self._here)


class Keys:
    """An index in Redis.

    Args:
        url: Of a database that is empty.
    """

    def __init__(self, url: str) -> None:
        import redis

        self.path, self._client = url, redis.Redis.from_url(url)
        self._client.flushdb()
        self._kept: dict[bytes, bytes] = {}

    def keep(self) -> None:
        """Copy all keys, but for the lock, which expires."""
        keys = [key for key in self._client.scan_iter() if not key.endswith(b":lock")]
        self._kept = {key: data for key in keys if (data := self._client.dump(key)) is not None}

    def put_back(self) -> None:
        """Let the copy take the place of the index."""
        self._client.flushdb()
        for key, data in self._kept.items():
            self._client.restore(key, 0, data)

    def close(self) -> None:
        """Delete all."""
        self._client.flushdb()
        self._client.close()


@contextmanager
def kept_after(calls: int, keep: Callable[[], None]) -> Any:
    """Call this once when so many functions of the package were called; yields whether it was."""
    left, done = calls, [False]

    def count(frame: Any, event: str, _: Any) -> None:
        nonlocal left
        if event == "call" and frame.f_code.co_filename.startswith(PACKAGE):
            left -= 1
            if left == 0:
                sys.setprofile(None)
                keep()
                done[0] = True

    sys.setprofile(count)
    try:
        yield done
    finally:
        sys.setprofile(None)


class Operations(RuleBasedStateMachine):
    """Of one index at a time; `held` and `times` are what it should hold."""

    make: Callable[[], Any]
    added = Bundle("added")

    @initialize(near=st.booleans(), secret=st.booleans())
    def begin(self, near: bool, secret: bool) -> None:
        """A new index."""
        seed: Any = {"seed": "secret"} if secret else {}
        self.store, self.now = type(self).make(), FIRST
        self.chosen = dedup.Settings.near_copies(**seed) if near else dedup.Settings(**seed)
        self.held: dict[str, str] = {}
        self.times: dict[str, datetime] = {}
        self.patched = ExitStack()
        self.patched.enter_context(pytest.MonkeyPatch.context()).setattr(layers, "TEXTS", 8)
        self.index = dedup.Index(self.store.path, self.chosen)

    def teardown(self) -> None:
        """Delete it."""
        if hasattr(self, "index"):
            self.index.close()
            self.store.close()
            self.patched.close()

    def _do(
        self, work: Callable[[dedup.Index], object], calls: int | None, held: dict[str, str], seen: Iterable[str] = ()
    ) -> None:
        """Do something to the index, whose process may be killed meanwhile; then it holds this, or what it held."""
        before, times = self.held, self.times
        self.held, self.now = held, self.now + DAY
        self.times = {name: self.now if name in seen else times[name] for name in held}
        with kept_after(calls or 0, self.store.keep) as killed:
            work(self.index)
        if killed[0]:
            self.index.close()
            self.store.put_back()
            self.index = dedup.Index(self.store.path)
            if self._contents() != held:
                assert self._contents() == before, "half of an operation"
                self.held, self.times = before, times
            for name in self.held:  # of one that came again with the same text, either is right
                found = self.index.times(name).last_seen
                assert found in {self.times[name], times.get(name)}
                self.times[name] = found

    def _contents(self) -> dict[str, str]:
        batches = (batch.to_pydict() for batch in self.index.texts())
        return {name: given for batch in batches for name, given in zip(batch["id"], batch["text"], strict=True)}

    @rule(id_=IDS, given=TEXTS, calls=st.none() | CALLS, target=added)
    def add(self, id_: str, given: str, calls: int | None) -> str:
        """One article, new or another version."""
        moment = self.now + DAY
        self._do(lambda index: index.add(id_, given, seen_at=moment), calls, {**self.held, id_: given}, {id_})
        return given

    @rule(many=st.dictionaries(IDS, TEXTS, min_size=1, max_size=8), calls=st.none() | CALLS)
    def add_many(self, many: dict[str, str], calls: int | None) -> None:
        """Several, all or none of which are there after a kill."""
        moment, ids, texts = self.now + DAY, list(many), list(many.values())
        work = partial(dedup.Index.add_many, ids=ids, texts=texts, threads=1, seen_at=moment)
        self._do(work, calls, {**self.held, **many}, many)

    @rule(days=st.integers(0, 6), calls=st.none() | CALLS)
    def forget(self, days: int, calls: int | None) -> None:
        """What has not been seen for some days; a batch at a time, so a kill may come between two."""
        date = self.now - days * DAY
        held = {name: given for name, given in self.held.items() if self.times[name] >= date}
        self._do(lambda index: index.forget(date), calls, held)

    @rule(id_=IDS, calls=st.none() | CALLS)
    def remove(self, id_: str, calls: int | None) -> None:
        """One that is there or not."""
        held = {name: given for name, given in self.held.items() if name != id_}
        self._do(lambda index: index.remove(id_), calls, held)

    @rule(calls=st.none() | CALLS)
    def compact(self, calls: int | None) -> None:
        """Changes nothing that can be asked."""
        self._do(lambda index: index.compact(), calls, dict(self.held))

    @rule(calls=st.none() | CALLS)
    def reweigh(self, calls: int | None) -> None:
        """Changes weights and signatures, and keeps all articles."""
        self._do(lambda index: index.reweigh(threads=1), calls, dict(self.held))

    @rule()
    def reopen(self) -> None:
        """Another process goes on."""
        self.index.close()
        self.index = dedup.Index(self.store.path)

    @rule(given=added)
    def query(self, given: str) -> None:
        """A text is a copy if and only if an article has it."""
        seen = self.index.query(given)
        same = {name for name, text in self.held.items() if text == given}
        alike = {near.id for near in seen.nearest if near.similarity == 1}
        assert bool(same) == bool(alike) and alike <= set(self.held)

    @rule()
    def check(self) -> None:
        """Every invariant holds."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DedupWarning)
            found = self.index.check()
        assert found.ok, found

    @invariant()
    def holds(self) -> None:
        """The articles of the model, with their texts, and no others."""
        if hasattr(self, "index"):
            assert self._contents() == self.held
            assert len(self.index) == len(self.held)


@pytest.mark.filterwarnings("ignore::dedup.DedupWarning")
def test_an_embedded_index() -> None:
    """Whatever is done to it, in whatever order, and whenever it is killed."""

    class Embedded(Operations):
        make = staticmethod(Folder)

    run_state_machine_as_test(Embedded, settings=BOUNDED)


@pytest.mark.filterwarnings("ignore::dedup.DedupWarning")
def test_an_index_in_redis(redis_url: str) -> None:
    """The same."""
    pytest.importorskip("redis")

    class Shared(Operations):
        make = staticmethod(lambda: Keys(redis_url))

    run_state_machine_as_test(Shared, settings=BOUNDED)
