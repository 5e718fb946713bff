"""The index: articles are remembered as they come, and each is told whether it, or a rewrite of it, was there before.

In: ids and texts, one by one or in batches. Out: `Seen`. What a batch does is worked out from one view of the store:
which texts are new, what they are like, which clusters they join; then all of it is stored, or nothing. Texts are made
ready before the store is asked, so that other writers wait as little as can be.
"""

from __future__ import annotations

import os
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from itertools import islice
from os import PathLike
from types import TracebackType
from typing import Any, Self, TypeVar
from weakref import WeakSet

import numpy as np
import pyarrow as pa

from dedup.errors import FileError, InputError
from dedup.evidence import passages
from dedup.index.adding import Batch, Sweep
from dedup.index.answers import Added, Campaign, Checked, Group, Seen, Stats
from dedup.index.checking import check
from dedup.index.judge import Judge
from dedup.index.opening import open_store
from dedup.index.packing import unpack
from dedup.index.prepared import Prepared, Preparer, joined
from dedup.index.reweighing import reweigh
from dedup.index.store import Change, Reader
from dedup.index.validation import (
    checked_id,
    checked_number,
    checked_text,
    checked_timeout,
    column,
    id_or_reason,
    listed,
    sorted_out,
)
from dedup.pipeline import Fitted, Progress
from dedup.settings import Settings
from dedup.threads import count as count_threads

Result = TypeVar("Result")
SCANNED = 1000
"""Rows read at once where all are."""


class Index:
    """Articles that are remembered, on this host or in a Redis that many hosts share.

    Adding costs about a millisecond, of which comparing takes most. Several threads may use one object; several
    processes may open one index. Use it as a context manager, or close it.

    Args:
        path: A folder of its own, made where there is none; or `redis://host:port/db`, with `?name=...` for one of
            several indexes in a database (extra `redis`).
        settings: How articles are compared. None: those of the index, or of `weights`, or `Settings()` for a new one.
        weights: What `dedup.fit` made of a sample, to weigh signatures with; None is the prior alone. For a new index.
        store_texts: Keep the texts, compressed, so that articles are judged by what is known today; without them by the
            estimate from signatures. None: as the index does, True for a new one.
        fsync: Wait for the disk with every change (embedded store): what was added survives not only the death of the
            process but a power failure, too.
        timeout: Seconds to wait for another writer.
        create: Make an index where there is none.

    Raises:
        SettingsError: The index has other settings.
        FileError: It cannot be opened, is not there, or has another format.
        InputError: The path is an address of another kind.
        MissingExtraError: Redis is asked for without the extra.

    Attributes:
        path: Where it is.
        settings: How it compares articles.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        settings: Settings | None = None,
        *,
        weights: Fitted | None = None,
        store_texts: bool | None = None,
        fsync: bool = False,
        timeout: float = 30.0,
        create: bool = True,
    ) -> None:
        wait = checked_timeout(timeout)
        self._store = open_store(path, settings, weights, store_texts, create=create, fsync=fsync, timeout=wait)
        self.path, self.settings = self._store.location, self._store.opening.settings
        self._lock, self._closed, self._sweep = threading.RLock(), False, Sweep()
        _INDEXES.add(self)
        self._adopt()

    def _adopt(self) -> None:
        """Take up the weights that signatures are made with, at first and when the index was weighed anew."""
        opening = self._store.opening
        self._generation = opening.generation
        signing, windows = unpack(opening.weights, self.settings)
        self._preparer = Preparer(self.settings, signing, windows, store_texts=opening.store_texts)
        self._judge = Judge(self.settings, self._preparer, windows, store_texts=opening.store_texts)

    # --- adding ---------------------------------------------------------------------------------------------------

    def add(self, id: str, text: str | None) -> Seen:  # noqa: A002 - what it is called everywhere
        """Remember an article; one with the same id is replaced.

        Args:
            id: What it is called: a URL, for example. A number is taken as its digits.
            text: The text; None or one without letters and digits is remembered, and nobody's duplicate.

        Returns:
            Whether it, or a rewrite of it, was there before.

        Raises:
            InputError: The id or the text is of no use.
            IndexBusyError: Another writer is at work for longer than the timeout; nothing was added.
            FileError: It could not be stored; nothing was added.
        """
        return self._add([checked_id(id)], column([checked_text(text)]), 1)[0]

    def add_many(self, ids: Any, texts: Any, *, threads: int | None = None) -> Added:
        """Remember a batch of articles, all or none; much faster for each than one by one.

        The result is that of adding them in this order, but that shingles of the whole batch are counted before any of
        it is judged. A row that is of no use is reported, and the others are added. Of rows with the same id the last
        is kept, and the others are reported.

        Args:
            ids: What they are called, in a list, an Arrow array or a column.
            texts: As many texts; None for one that is missing.
            threads: How many to use; None is one a core. The result does not depend on it.

        Returns:
            What `add` returns for each, and the rows that were rejected.

        Raises:
            InputError: There are not as many ids as texts, or they are of a kind that cannot be read.
            IndexBusyError: Another writer is at work for longer than the timeout; nothing was added.
            FileError: They could not be stored; nothing was added.
        """
        count = count_threads(threads)
        names, values = listed(ids), listed(texts)
        if len(names) != len(values):
            raise InputError(f"there are {len(names)} ids and {len(values)} texts; give one of each for every article")
        kept, rejected = sorted_out(names, values)
        seen: list[Seen | None] = [None] * len(names)
        if kept:
            given = column([values[row] for row in kept.values()], count)
            for row, one in zip(kept.values(), self._add(list(kept), given, count), strict=True):
                seen[row] = one
        return Added(seen, rejected)

    def _add(self, ids: list[str], texts: pa.ChunkedArray, count: int) -> list[Seen]:
        def work(prepared: Prepared) -> list[Seen]:
            batch, seen = self._store.write(lambda writer: _added(self._batch(writer, prepared, count), ids))
            batch.remember()
            self._judge = batch.judge  # who knows what was found
            return seen

        return self._prepared(texts, count, work)

    def _prepared(self, texts: pa.ChunkedArray, count: int, work: Callable[[Prepared], Result]) -> Result:
        """Make texts ready, while other threads may go on, and work with them."""
        while True:
            preparer = self._preparer
            prepared = preparer.prepare(texts, count)
            with self._held():
                if preparer is self._preparer:
                    with suppress(_StaleError):
                        return work(prepared)
                    self._adopt()

    def _held(self) -> AbstractContextManager[bool]:
        """One thread at a time, while the index is open."""
        if self._closed:
            raise FileError(f"the index {self.path!r} is closed; open it again")
        return self._lock

    def _fresh(self, work: Callable[[], Result]) -> Result:
        """Work with what signatures are made with today; again, if the index was weighed anew meanwhile."""
        with self._held():
            while True:
                with suppress(_StaleError):
                    return work()
                self._adopt()

    def _batch(self, reader: Any, prepared: Prepared, count: int) -> Batch:
        self._check_generation()
        self._judge = self._judge.caught_up(reader)
        return Batch(reader, self.settings, self._judge, prepared, count, self._sweep)

    def _check_generation(self) -> None:
        if self._store.opening.generation != self._generation:
            raise _StaleError

    def query(self, text: str) -> Seen:
        """Look whether a text, or a rewrite of it, is there, without adding it.

        Raises:
            InputError: The text is no string.
        """
        if not isinstance(text, str):
            raise InputError(f"a text must be a string, got {type(text).__name__}")
        return self._prepared(
            column([text]),
            1,
            lambda prepared: self._store.read(lambda reader: self._batch(reader, prepared, 1).query()),
        )

    def remove(self, id: str) -> bool:  # noqa: A002
        """Forget an article.

        Returns:
            Whether it was there.

        Raises:
            InputError: The id is of no use.
            IndexBusyError: Another writer is at work for longer than the timeout.
        """
        name = checked_id(id)
        return self._fresh(lambda: self._store.write(lambda writer: self._batch(writer, _NOTHING, 1).remove(name)))

    # --- asking ---------------------------------------------------------------------------------------------------

    def _read(self, work: Callable[[Reader], Result]) -> Result:
        with self._held():
            return self._store.read(work)

    def __contains__(self, id: object) -> bool:  # noqa: A002
        """Whether there is an article of this id."""
        name, reason = id_or_reason(id)
        return not reason and bool(self._read(lambda reader: reader.find([name])))

    def __len__(self) -> int:
        """How many articles there are."""
        return self._read(lambda reader: reader.articles())

    @property
    def last_change(self) -> int:
        """The number of the last change, for `changes` later on."""
        return self._read(lambda reader: reader.last())

    def cluster_of(self, id: str) -> int:  # noqa: A002
        """The cluster of an article.

        Raises:
            InputError: There is no such article.
        """
        name = checked_id(id)
        return self._read(lambda reader: reader.places([_text_of(reader, name)]).popitem()[1].cluster)

    def cluster(self, number: int) -> Group:
        """A cluster, or what it has become part of.

        Raises:
            InputError: There never was one of this number, or all its articles were removed.
        """
        number = checked_number("a cluster", number, 1)

        def work(reader: Reader) -> Group:
            found = _group(reader, _there(reader, number))
            if not found.ids:
                raise InputError(f"there is no cluster {number}; ask for one that `add` or `clusters` gave")
            return found

        return self._read(work)

    def clusters(self, least: int = 2) -> Iterator[Group]:
        """The clusters, by their number.

        Args:
            least: Articles that a cluster must have.
        """
        least = checked_number("least", least)
        return (group for group in _groups(self._read(_members)) if len(group.ids) >= least)

    def campaign_of(self, id: str) -> int:  # noqa: A002
        """The campaign of an article; that of its own cluster, where no other is of the campaign.

        Raises:
            InputError: There is no such article.
        """
        name = checked_id(id)

        def work(reader: Reader) -> int:
            cluster = reader.places([_text_of(reader, name)]).popitem()[1].cluster
            return reader.campaigns([cluster]).get(cluster, cluster)

        return self._read(work)

    def campaign(self, number: int) -> Campaign:
        """A campaign with its clusters, or what it has become part of.

        Args:
            number: That of the campaign, or of any cluster in it.

        Raises:
            InputError: There never was one of this number, or all articles of the cluster of this number were removed.
        """
        number = checked_number("a campaign", number, 1)

        def work(reader: Reader) -> Campaign:
            cluster = _there(reader, number)
            campaign = reader.campaigns([cluster]).get(cluster, cluster)
            every = (_group(reader, one) for one in [campaign, *reader.parts(campaign, _MANY)])
            groups = [group for group in every if group.ids]
            if not groups:
                raise InputError(f"there is no campaign {number}; ask for one that `add` or `campaigns` gave")
            return Campaign(campaign, groups)

        return self._read(work)

    def campaigns(self, least: int = 2) -> Iterator[Campaign]:
        """The campaigns, by their number.

        Args:
            least: Clusters that a campaign must have; an article that is alone is one, too.
        """
        least = checked_number("least", least)

        def work(reader: Reader) -> tuple[dict[int, int], list[Group]]:
            return dict(reader.scan_campaigns()), _groups(_members(reader))

        placed, groups = self._read(work)
        found: dict[int, list[Group]] = defaultdict(list)
        for group in groups:
            found[placed.get(group.cluster, group.cluster)].append(group)
        return (Campaign(campaign, some) for campaign, some in sorted(found.items()) if len(some) >= least)

    def changes(self, since: int = 0) -> Iterator[Change]:
        """What has changed, in order.

        Articles that were added and are still there, articles that were removed, and clusters that have joined, were
        split or exchanged articles. An article that was replaced was removed and added. Where a cluster was split, or
        two exchanged articles, `cluster` tells who is in which.

        Args:
            since: The number of the last change that is known already: `last_change` of then.
        """
        since = checked_number("since", since)

        def work(reader: Reader) -> list[Change]:
            articles = list(reader.scan_articles(since))
            places = reader.places({text for _, _, text in articles})
            added = (Change(number, "added", places[text].cluster, id_) for number, id_, text in articles)
            return sorted([*added, *reader.scan_changes(since)], key=lambda change: change.number)

        return iter(self._read(work))

    def explain(self, a: str, b: str) -> passages.Explanation:
        """The passages that two articles share, weighed by what is known today.

        Args:
            a: Id of an article.
            b: Id of another.

        Raises:
            InputError: There is no such article, or texts are not stored.
        """
        self._check_texts("explain")
        names = (checked_id(a), checked_id(b))

        def work(reader: Reader) -> list[passages.Side]:
            self._check_generation()
            self._judge = self._judge.caught_up(reader)
            found = [_text_of(reader, name) for name in names]
            bodies = reader.bodies(found)
            texts = self._preparer.texts(self._preparer.column([bodies[text] for text in found]))
            texts, lengths = texts.without(self._judge.windows), texts.lengths * self.settings.weighted
            traces = [texts.trace(row) for row in range(2)]
            weights = [self._judge.weigh(reader, trace.keys) for trace in traces]
            return [passages.Side(*side) for side in zip(traces, weights, lengths.tolist(), strict=True)]

        left, right = self._fresh(lambda: self._store.read(work))
        return passages.explain(left, right, names)

    def to_arrow(self) -> pa.Table:
        """Every article, in the order in which they were added: id, cluster, size of the cluster, and campaign."""

        def work(reader: Reader) -> tuple[dict[int, int], list[tuple[int, int, int, str]]]:
            return dict(reader.scan_campaigns()), _members(reader)

        placed, members = self._read(work)
        rows = sorted((number, id_, cluster) for cluster, _, number, id_ in members)
        numbers = np.array([cluster for *_, cluster in rows], np.int64)
        _, places, sizes = np.unique(numbers, return_inverse=True, return_counts=True)
        ids = pa.array([id_ for _, id_, _ in rows], pa.string())
        campaigns = np.array([placed.get(cluster, cluster) for *_, cluster in rows], np.int64)
        return pa.table({"id": ids, "cluster": numbers, "size": sizes[places].astype(np.int64), "campaign": campaigns})

    def texts(self) -> Iterator[pa.RecordBatch]:
        """All articles with their texts, some at a time: id, text. Of articles that are equal when folded, one text.

        Raises:
            InputError: Texts are not stored.
        """
        self._check_texts("give the texts of")
        after = 0
        while True:
            rows = self._read(lambda reader, after=after: list(islice(reader.scan_articles(after), SCANNED)))  # type: ignore[misc]
            if not rows:
                return
            after = rows[-1][0]
            numbers = {text for _, _, text in rows}
            bodies = self._read(lambda reader, numbers=numbers: reader.bodies(numbers))  # type: ignore[misc]
            kept = [(id_, self._preparer.data(bodies[text]).decode()) for _, id_, text in rows if text in bodies]
            ids, texts = zip(*kept, strict=True) if kept else ((), ())
            yield pa.record_batch({"id": pa.array(ids, pa.string()), "text": pa.array(texts, pa.large_string())})

    def stats(self) -> Stats:
        """What the index holds, and what it takes."""

        def work(reader: Reader) -> Stats:
            opening = self._store.opening
            return Stats(
                **reader.count_rows(), last_change=reader.last(), generation=opening.generation,
                store_texts=opening.store_texts, settings=self.settings, bytes=self._store.sizes(),
            )  # fmt: skip

        return self._read(work)

    # --- care -----------------------------------------------------------------------------------------------------

    def check(self) -> Checked:
        """Verify every invariant: that rows fit each other, that clusters are those of the edges, and all caches.

        Reads all that is stored, and makes every signature again: about a millisecond for ten articles. Other processes
        can read meanwhile, and wait to write.
        """

        def work(reader: Reader) -> Checked:
            self._check_generation()
            return check(reader, self._store, self.settings, self._preparer)

        return self._fresh(lambda: self._store.alone(work))

    def compact(self) -> None:
        """Give back what removed articles took, and count shingles anew. Others wait."""
        with self._held():
            self._store.compact()

    def reweigh(self, *, threads: int | None = None, progress: Progress | bool | None = None) -> None:
        """Sign all texts with weights counted over all of them, and cluster them anew, as `dedup.cluster` does.

        Campaigns are found anew, too, by all that `Clusters.campaigns` looks at. Other processes can read meanwhile,
        and wait to write. Until it is done nothing changes; then all does at once. Cluster ids stay with the part that
        has the oldest article.

        Args:
            threads: How many to use; None is one a core.
            progress: True shows a bar; a function is called with the stage, the work done and the whole of it.

        Raises:
            InputError: Texts are not stored.
        """
        self._check_texts("reweigh")
        with self._held():
            reweigh(self._store, self.settings, self._preparer, count_threads(threads), progress)
            self._read(lambda _: None)
            self._adopt()

    def _check_texts(self, what: str) -> None:
        if not self._store.opening.store_texts:
            raise InputError(f"cannot {what} this index: it was created with store_texts=False")

    def close(self) -> None:
        """Let go of files and connections; all is stored already."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._store.close()

    def __enter__(self) -> Self:
        """The index itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def __repr__(self) -> str:
        """Where it is."""
        return f"<Index {self.path}>"


_INDEXES = WeakSet[Index]()
"""Those that are open."""
_HELD: list[Index] = []
"""Those that wait for a fork that goes on: in the child nobody else would ever release their locks."""


def _before_fork() -> None:
    for index in sorted(_INDEXES, key=id):
        index._lock.acquire()  # noqa: SLF001 - a fork is no call of its user
        _HELD.append(index)


def _after_fork() -> None:
    while _HELD:
        _HELD.pop()._lock.release()  # noqa: SLF001


os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork)


class _StaleError(Exception):
    """The index was weighed anew since texts were made ready."""


_MANY = 2**31
_NOTHING = Prepared([], [], np.empty((0, 0), np.uint32), [], joined([]))


def _added(batch: Batch, ids: list[str]) -> tuple[Batch, list[Seen]]:
    return batch, batch.add(ids)


def _members(reader: Reader) -> list[tuple[int, int, int, str]]:
    """Cluster, text, number and id of every article."""
    clusters = {number: cluster for number, _, cluster, _ in reader.scan_texts()}
    return [(clusters[text], text, number, id_) for number, id_, text in reader.scan_articles()]


def _groups(members: list[tuple[int, int, int, str]]) -> list[Group]:
    """The clusters, ascending, of what `_members` gives."""
    found: dict[int, list[tuple[int, int, str]]] = defaultdict(list)
    for row in members:
        found[row[0]].append(row[1:])
    return [Group(cluster, [id_ for *_, id_ in sorted(some)]) for cluster, some in sorted(found.items())]


def _group(reader: Reader, cluster: int) -> Group:
    """The articles of a cluster; none where it is not there."""
    names = reader.names(reader.oldest(cluster, _MANY), _MANY)
    return Group(cluster, [name for some in names.values() for name in some])


def _there(reader: Reader, number: int) -> int:
    """A cluster, or what it has become part of."""
    return number if reader.oldest(number, 1) else _joined(reader, number)


def _text_of(reader: Reader, name: str) -> int:
    found = reader.find([name])
    if not found:
        raise InputError(f"there is no article {name!r}")
    return found[name]


def _joined(reader: Reader, cluster: int) -> int:
    """What a cluster has become part of, and that in its turn."""
    joined = {change.cluster: change.other for change in reader.scan_changes(cluster) if change.kind == "joined"}
    other = joined.get(cluster)
    while other is not None:
        cluster, other = other, joined.get(other)
    return cluster
