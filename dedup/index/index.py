"""The index: articles are remembered as they come, and each is told whether it, or a rewrite of it, was there before.

In: ids and texts, one by one or in batches. Out: `Seen`. What a batch does is worked out from one view of the store:
which texts are new, what they are like, which clusters they join; then all of it is stored, or nothing. Texts are made
ready before the store is asked, so that other writers wait as little as can be.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from itertools import islice
from os import PathLike
from types import TracebackType
from typing import Any, Self, TypeVar
from weakref import WeakSet

import numpy as np
import pyarrow as pa

from dedup.errors import FileError, InputError
from dedup.evidence import passages
from dedup.evidence.corpus import Corpus
from dedup.index.adding import Batch, Sweep
from dedup.index.answers import Added, CampaignMembers, Checked, Seen, Stats
from dedup.index.checking import check
from dedup.index.holdings import (
    MOST,
    Held,
    as_cluster,
    as_corpus,
    grouped,
    held_by,
    labels,
    members,
    rows_of,
    snapshot,
)
from dedup.index.judge import Judge
from dedup.index.opening import open_store
from dedup.index.packing import unpack
from dedup.index.prepared import Prepared, Preparer, joined
from dedup.index.reweighing import reweigh
from dedup.index.store import Change, Reader, Writer
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
from dedup.results import Cluster, Clusters
from dedup.settings import Settings
from dedup.system import around_forks
from dedup.work import count as count_threads

Result = TypeVar("Result")
SCANNED = 1000
"""Rows read at once where all are."""
CLUSTERS = 100
"""Clusters made at once."""


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
        is the newest version: it is kept, and what was seen of it stands for all of them.

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
        rows, rejected = sorted_out(names, values)
        seen: list[Seen | None] = [None] * len(names)
        replaced = 0
        if rows:
            given = column([values[mine[-1]] for mine in rows.values()], count)
            for mine, one in zip(rows.values(), self._add(list(rows), given, count), strict=True):
                replaced += len(mine) - (not one.replaced)
                for row in mine:
                    seen[row] = replace(one, replaced=one.replaced or len(mine) > 1)
        return Added(seen, rejected, replaced)

    def _add(self, ids: list[str], texts: pa.ChunkedArray, count: int) -> list[Seen]:
        while True:
            preparer = self._preparer
            prepared = preparer.prepare(texts, count)  # while other threads may go on
            with self._unless_stale():
                return self._store_batch(ids, preparer, prepared, count)

    def _store_batch(self, ids: list[str], preparer: Preparer, prepared: Prepared, count: int) -> list[Seen]:
        batch = self._store.write(lambda writer: self._batch(writer, preparer, prepared, count).add(ids))
        batch.remember()
        self._judge = batch.judge  # who knows what was found
        return batch.seen

    def _batch(self, reader: Any, preparer: Preparer, prepared: Prepared, count: int) -> Batch:
        """A batch to be worked out from this view, with texts that this one has made ready."""
        if preparer is not self._preparer:
            raise _StaleError
        self._catch_up(reader)
        return Batch(reader, self.settings, self._judge, prepared, count, self._sweep)

    def _catch_up(self, reader: Reader) -> None:
        """Know what frames others have found."""
        self._check_generation()
        self._judge = self._judge.caught_up(reader)

    def _check_generation(self) -> None:
        if self._store.opening.generation != self._generation:
            raise _StaleError

    @contextmanager
    def _unless_stale(self) -> Iterator[None]:
        """One thread at a time; one that has met new weights takes them up, and is to do it again."""
        with self._held():
            try:
                yield
            except _StaleError:
                if self._store.opening.generation != self._generation:  # else another thread has done so
                    self._adopt()

    def _held(self) -> AbstractContextManager[bool]:
        """One thread at a time, while the index is open."""
        if self._closed:
            raise FileError(f"the index {self.path!r} is closed; open it again")
        return self._lock

    def _fresh(self, work: Callable[[], Result]) -> Result:
        """Work with what signatures are made with today; again, if the index was weighed anew meanwhile."""
        while True:
            with self._unless_stale():
                return work()

    def query(self, text: str) -> Seen:
        """Look whether a text, or a rewrite of it, is there, without adding it.

        Raises:
            InputError: The text is no string.
        """
        if not isinstance(text, str):
            raise InputError(f"a text must be a string, got {type(text).__name__}")
        given = column([text])
        while True:
            preparer = self._preparer
            prepared = preparer.prepare(given)
            with self._unless_stale():
                return self._look_up(preparer, prepared)

    def _look_up(self, preparer: Preparer, prepared: Prepared) -> Seen:
        return self._store.read(lambda reader: self._batch(reader, preparer, prepared, 1).query())

    def remove(self, id: str) -> bool:  # noqa: A002
        """Forget an article.

        Returns:
            Whether it was there.

        Raises:
            InputError: The id is of no use.
            IndexBusyError: Another writer is at work for longer than the timeout.
        """
        name = checked_id(id)

        def work(writer: Writer) -> bool:
            return self._batch(writer, self._preparer, _NOTHING, 1).remove(name)

        return self._fresh(lambda: self._store.write(work))

    # --- asking ---------------------------------------------------------------------------------------------------

    def _read(self, work: Callable[[Reader], Result]) -> Result:
        with self._held():
            return self._store.read(work)

    def _asked(self, work: Callable[[Reader], Result]) -> Result:
        """Read with the weights and frames of today."""

        def prepared(reader: Reader) -> Result:
            self._catch_up(reader)
            return work(reader)

        return self._fresh(lambda: self._store.read(prepared))

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

    def cluster_of(self, id: str) -> str:  # noqa: A002
        """What the cluster of an article is called: the id of the oldest article there.

        That is the first article of its oldest text: one that got another text is as young as that.

        Raises:
            InputError: There is no such article.
        """
        name = checked_id(id)
        return self._read(lambda reader: _called(reader, _cluster_of(reader, name), name))

    def cluster(self, id: str) -> Cluster:  # noqa: A002
        """The cluster that an article is in, of one article, too; what it is about is worked out when it is asked for.

        Its articles stand by age, those that have the same text together, and are weighed by what is known by then,
        without the frames that the index leaves out. A cluster that has joined another one is found by the same name,
        as long as the article that it was called by is there.

        Args:
            id: Of any of its articles.

        Raises:
            InputError: There is no such article.
        """
        name = checked_id(id)
        return self._asked(lambda reader: self._cluster(reader, held_by(reader, _cluster_of(reader, name))))

    def clusters(self, least: int = 2) -> Iterator[Cluster]:
        """The clusters, the oldest first.

        Args:
            least: Articles that a cluster must have.
        """
        least = checked_number("least", least)
        every = [held for held in grouped(self._read(members)).values() if sum(map(len, held.values())) >= least]
        return (cluster for some in _pieces(every) for cluster in self._clusters(some))

    def _clusters(self, held: Sequence[Held]) -> list[Cluster]:
        return self._asked(lambda reader: [self._cluster(reader, one) for one in held])

    def _cluster(self, reader: Reader, held: Held) -> Cluster:
        texts = self._store.opening.store_texts
        return as_cluster(reader, self._judge, held, (lambda: self._corpus(rows_of(held))) if texts else None)

    def _corpus(self, rows: list[int]) -> Corpus:
        """The texts of these articles, as they are compared today."""
        return self._asked(lambda reader: as_corpus(reader, self._judge, self._preparer, self.settings, rows))

    def campaign_of(self, id: str) -> str:  # noqa: A002
        """What the campaign of an article is called: the id of the oldest article there.

        It is called as its own cluster is, where no other is of the campaign.

        Raises:
            InputError: There is no such article.
        """
        name = checked_id(id)
        return self._read(lambda reader: _called(reader, _campaign_of(reader, _cluster_of(reader, name)), name))

    def campaign(self, id: str) -> CampaignMembers:  # noqa: A002
        """The campaign that an article is in, with its clusters.

        Args:
            id: Of any of its articles.

        Raises:
            InputError: There is no such article.
        """
        name = checked_id(id)

        def work(reader: Reader) -> CampaignMembers:
            campaign = _campaign_of(reader, _cluster_of(reader, name))
            parts = [campaign, *reader.parts(campaign, MOST)]
            found = [self._cluster(reader, held) for part in parts if (held := held_by(reader, part))]
            return CampaignMembers(_called(reader, campaign, name), found)

        return self._asked(work)

    def campaigns(self, least: int = 2) -> Iterator[CampaignMembers]:
        """The campaigns, the oldest first.

        Args:
            least: Clusters that a campaign must have; an article that is alone is one, too.
        """
        least = checked_number("least", least)

        def work(reader: Reader) -> tuple[dict[int, int], dict[int, Held]]:
            return dict(reader.scan_campaigns()), grouped(members(reader))

        placed, clusters = self._read(work)
        found: dict[int, list[Held]] = defaultdict(list)
        for cluster, held in clusters.items():
            found[placed.get(cluster, cluster)].append(held)
        several = (some for some in found.values() if len(some) >= least)
        return (CampaignMembers(_first(some[0]), self._clusters(some)) for some in several)

    def changes(self, since: int = 0) -> Iterator[Change]:
        """What has changed, in order.

        Articles that were added and are still there, articles that were removed, and what became of clusters: see
        `Change`. An article that was replaced was removed and added. Whoever keeps clusters of his own applies removals
        and what became of clusters in this order, and additions last, for they tell where articles are by now. Where a
        cluster was split, or some of its articles went to another one, `cluster` tells who is in which.

        Args:
            since: The number of the last change that is known already: `last_change` of then.
        """
        since = checked_number("since", since)

        def work(reader: Reader) -> list[Change]:
            articles = list(reader.scan_articles(since))
            places = reader.places({text for _, _, text in articles})
            names = reader.names({place.cluster for place in places.values()}, 1)
            added = (
                Change(number, "added", id_, None, next(iter(names[places[text].cluster]), id_))
                for number, id_, text in articles
                if text in places
            )
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
            found = [_text_of(reader, name) for name in names]
            bodies = reader.bodies(found)
            texts = self._preparer.texts(self._preparer.column([bodies[text] for text in found]))
            texts, lengths = texts.without(self._judge.windows), texts.lengths * self.settings.weighted
            traces = [texts.trace(row) for row in range(2)]
            weights = [self._judge.weigh(reader, trace.keys) for trace in traces]
            return [passages.Side(*side) for side in zip(traces, weights, lengths.tolist(), strict=True)]

        left, right = self._asked(work)
        return passages.explain(left, right, names)

    def snapshot(self, *, threads: int | None = None) -> Clusters:
        """All that the index holds, as a result of `dedup.cluster`: its own clusters and edges, oldest articles first.

        Of it are made `report`, `frames`, `explain`, `plot` and tables. Its `campaigns` are found anew, with their
        reasons, by all evidence, as `reweigh` finds them; those that the index keeps are `Index.campaigns`. It lasts
        when the index is closed or changes. Takes the memory of clustering so many articles, less their texts, which
        lie in a temporary file.

        Args:
            threads: How many to use; None is one a core.

        Raises:
            InputError: Texts are not stored.
        """
        self._check_texts("make a result of")
        count = count_threads(threads)
        return self._asked(
            lambda reader: snapshot(reader, members(reader), self._judge, self._preparer, self.settings, count)
        )

    def to_arrow(self) -> pa.Table:
        """A row an article, in the order in which they were added; the same columns come from every engine.

        `id`, `label`, `size`, `similarity`, `cluster` and `campaign` are as in `Clusters.to_arrow`; `similarity` is
        null where an article has no edge to its representative. Clusters and campaigns are those that the index keeps.
        Needs no texts, and the memory of all ids and edges.
        """
        return self._read(lambda reader: labels(reader, members(reader), self.settings))

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
                **reader.count_rows(), last_change=reader.last(), weights_version=opening.generation,
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
            raise InputError(
                f"cannot {what} this index: it was created with store_texts=False; add its articles to a new one with "
                "store_texts=True"
            )

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


around_forks(_before_fork, _after_fork)


class _StaleError(Exception):
    """The index was weighed anew since texts were made ready."""


_NOTHING = Prepared([], [], np.empty((0, 0), np.uint16), [], joined([]))


def _pieces(every: list[Held]) -> Iterator[list[Held]]:
    return (every[begin : begin + CLUSTERS] for begin in range(0, len(every), CLUSTERS))


def _first(held: Held) -> str:
    return next(iter(held.values()))[0]


def _text_of(reader: Reader, name: str) -> int:
    found = reader.find([name])
    if not found:
        raise InputError(
            f"there is no article {name!r} in the index; clusters and campaigns are called by ids of articles"
        )
    return found[name]


def _cluster_of(reader: Reader, name: str) -> int:
    """The number of the cluster of an article."""
    return reader.places([_text_of(reader, name)]).popitem()[1].cluster


def _campaign_of(reader: Reader, cluster: int) -> int:
    return reader.campaigns([cluster]).get(cluster, cluster)


def _called(reader: Reader, number: int, name: str) -> str:
    """What a cluster or a campaign is called; as this article of it, where its oldest has just gone."""
    return next(iter(reader.names([number], 1)[number]), name)
