"""A state between two nights: what is in it, what it is to forget, and the room that it gives back.

In: a state. Out: figures, or the same state with less in it. `forget` works a night out over what was read before, for
clusters change when articles go; it publishes nothing, so the next run tells of those changes. `compact` takes what is
forgotten out of every file. Memory is that of a night.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from dedup.errors import FileError
from dedup.files import shown
from dedup.nightly import forgetting
from dedup.nightly.catalogue import Catalogue, catalogued
from dedup.nightly.compacting import Remains
from dedup.nightly.compacting import compact as write_compacted
from dedup.nightly.forgetting import Forget, Forgotten
from dedup.nightly.memory import Budget, parsed
from dedup.nightly.night import Tonight, layout_of
from dedup.nightly.state import State, on_disk, opened, settings_of
from dedup.pipeline import Stages
from dedup.progress import Progress
from dedup.settings import Settings
from dedup.work import count as count_threads

MEMORY = "8GB"


@dataclass(frozen=True)
class StateStats:
    """What a state holds.

    Example:
        >>> from dedup import nightly
        >>> stats = nightly.stats(state)
        >>> stats.articles, stats.texts, stats.nights, stats.first_night == stats.last_night
        (14, 14, 1, True)
        >>> sorted(stats.to_dict())[:2]
        ['articles', 'bytes']
    """

    articles: int
    """How many there are."""
    texts: int
    """Articles that are equal when folded are one text."""
    nights: int
    """How many nights there were, also those that `forget` worked out."""
    first_night: datetime
    """When it began."""
    last_night: datetime
    """When the last night began in which something was read."""
    free: int
    """Bytes that `compact` would give back, about."""
    bytes: dict[str, int] = field(default_factory=dict)
    """How much space it takes, by kind."""

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        times = {name: value and value.isoformat() for name, value in asdict(self).items() if name.endswith("_night")}
        return asdict(self) | times


def forget(
    state: str | os.PathLike[str],
    what: Forget,
    *,
    memory: str | int = MEMORY,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Forgotten:
    """Forget articles: they are in no cluster any more, and the next night tells what has become of those.

    Their texts stay in the files of the state until `compact`. An article comes back as a new one when its file changes
    and still holds it.

    Args:
        state: The folder that `run` keeps.
        what: What is to be forgotten.
        memory: Most memory, as for `run`.
        threads: How many to use; None is one a core. The result does not depend on it.
        progress: Called with the stage, the work done and the whole of it.

    Returns:
        How many articles are forgotten.

    Raises:
        BusyError: A run holds the state.
        FileError: The folder is not a state, has no night yet, or is damaged; or nothing would remain.

    Example:
        >>> from dedup import nightly
        >>> nightly.forget(state, nightly.Forget(ids=["bridge-copy"])).articles
        1
        >>> nightly.snapshot(state)
        <Clusters: 1 of 5 among 13 articles, threshold 0.092>
    """
    with _held(state) as (held, settings):
        budget = Budget(parsed(memory))
        found = forgetting.forget(held, catalogued(held, budget.mapped), what)
        _work(held, settings, budget, count_threads(threads), progress)
        return found


def compact(
    state: str | os.PathLike[str],
    *,
    memory: str | int = MEMORY,
    threads: int | None = None,
    progress: Progress | None = None,
) -> int:
    """Take what is forgotten, and what files held before they changed, out of every file of a state.

    Articles, clusters and campaigns are called as before. Needs as much room on the disk as what remains. If it is
    killed, it has not been, or whoever opens the state next ends it.

    Args:
        state: The folder that `run` keeps.
        memory: Most memory, as for `run`.
        threads: How many to use; None is one a core. The result does not depend on it.
        progress: Called with the stage, the work done and the whole of it.

    Returns:
        Bytes that were given back.

    Raises:
        BusyError: A run holds the state.
        FileError: The folder is not a state, has no night yet, or is damaged.

    Example:
        >>> from dedup import nightly
        >>> forgotten = nightly.forget(state, nightly.Forget(ids=["tea-1", "tea-2", "tea-3"]))
        >>> nightly.compact(state) > 0
        True
        >>> nightly.stats(state).articles
        11
    """
    with _held(state) as (held, settings):
        before, budget = _size(held.path), Budget(parsed(memory))
        _work(held, settings, budget, count_threads(threads), progress)
        _write_compacted(held, settings, budget)
        held.renew()
        return before - _size(held.path)


def _write_compacted(state: State, settings: Settings, budget: Budget) -> None:
    """Write what remains; what is mapped for it goes with this call, for Windows deletes no file that is mapped."""
    catalogue = catalogued(state, budget.mapped)
    write_compacted(Remains.of(state, catalogue), layout_of(settings), give_back=catalogue.texts.give_back)


def stats(state: str | os.PathLike[str]) -> StateStats:
    """What a state holds, and how much of it nobody needs.

    Args:
        state: The folder that `run` keeps.

    Raises:
        BusyError: A run holds the state.
        FileError: The folder is not a state, has no night yet, or is damaged.

    Example:
        >>> from dedup import nightly
        >>> nightly.stats(state).articles
        14
    """
    with _held(state) as (held, _):
        catalogue = catalogued(held, _ANY, held.last.shards)
        remains, sizes = Remains.of(held, catalogue), _sizes(held)
        times = [shard.time for shard in catalogue.shards]
        return StateStats(
            int(catalogue.live.sum()),
            int(remains.known.live.sum()),
            held.last.number,
            _time(times[0]),
            _time(max(times)),
            _free(remains, sizes),
            sizes,
        )


_ANY = 1 << 62
"""Bytes of mapped files that may be held: the system takes back what it needs."""


@contextmanager
def _held(state: str | os.PathLike[str]) -> Iterator[tuple[State, Settings]]:
    """A state that has a night, and how its articles are compared."""
    path = on_disk(state)
    with opened(path, settings_of(path)) as held:
        held.check()
        if not held.last.number:
            raise FileError(f"the state {shown(path)!r} has no night yet; run one first")
        yield held, held.settings


def _work(state: State, settings: Settings, budget: Budget, threads: int, progress: Progress | None) -> None:
    """Have the last night know of all that was read and all that is forgotten; nothing where it does."""
    last = state.last
    if (len(state.shards), state.marks) == (last.shards, last.marks):
        return
    linked = (state.night(last.number) / "campaigns.parquet").exists()
    catalogue = catalogued(state, budget.mapped)
    budget.check(len(catalogue), catalogue.ids.nbytes)
    Tonight(state, catalogue, settings, budget, threads, Stages(progress, "nightly"), linked=linked).work()


def _sizes(state: State) -> dict[str, int]:
    """Bytes by kind."""
    last = state.last
    generation = state.weights(last.generation).parent
    signatures = sum(map(_size, generation.glob("signatures-*")))
    gathered = sum(map(_size, generation.glob("gathered-*")))
    return {
        "texts": _size(state.texts),
        "articles": _size(state.path / "shards"),
        "signatures": signatures,
        "campaigns": gathered,
        "weights": _size(generation) - signatures - gathered,
        "night": _size(state.night(last.number)),
    }


def _free(remains: Remains, sizes: dict[str, int]) -> int:
    """Bytes of texts that no file holds, and as much of the rest as there are rows and texts that nobody needs."""
    catalogue: Catalogue = remains.catalogue
    texts = int(catalogue.sizes[~catalogue.held].sum())
    rows = 1 - remains.rows.mean()
    gone = 1 - remains.texts.mean() if len(remains.known) else 0.0
    return texts + int(rows * sizes["articles"] + gone * (sizes["signatures"] + sizes["campaigns"]))


def _size(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    return sum(file.stat().st_size for file in (path.rglob("*") if path.is_dir() else [path]) if file.is_file())


def _time(microseconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=np.int64(microseconds).item())
