"""The index: it remembers articles as they come, and says for each whether it, or a rewrite of it, was there before.

In: ids and texts, one by one or in batches. Out: `Seen`. What a batch does is worked out from one view of the store:
which texts are new, which texts they resemble, which clusters they join; then all of it is stored, or nothing. Texts
are prepared before the store is asked, so that other writers wait as little as possible.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from itertools import islice, pairwise
from os import PathLike
from types import TracebackType
from typing import Any, Literal, Self, TypeVar
from weakref import WeakSet

import numpy as np
import pyarrow as pa

from dedup.errors import FileError, InputError, RejectsError, SettingsError
from dedup.events import timed
from dedup.evidence import passages
from dedup.evidence.corpus import Corpus
from dedup.index.adding import Batch, Sweep
from dedup.index.answers import Added, CampaignMembers, Checked, Removed, Seen, Stats, told_of
from dedup.index.awaited import Awaited, InOrder
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
from dedup.index.listed import Listed
from dedup.index.opening import address, open_store
from dedup.index.packing import unpack
from dedup.index.prepared import Prepared, Preparer, joined
from dedup.index.removing import in_batches, missing, outdated, sorted_ids, warn_of_unknown
from dedup.index.reweighing import reweigh
from dedup.index.store import Change, Reader, Writer, unfitting
from dedup.index.times import Span, Times, as_times, checked_limit, checked_times, time_columns
from dedup.index.validation import (
    checked_id,
    checked_number,
    checked_text,
    checked_timeout,
    column,
    id_or_reason,
    listed,
    listed_texts,
    sorted_out,
)
from dedup.pipeline import Fitted
from dedup.progress import Progress, shown
from dedup.results import Cluster, Clusters
from dedup.settings import Settings
from dedup.system import around_forks
from dedup.work import count as count_threads

Result = TypeVar("Result")
SCANNED = 1000
"""Rows read at once when all rows are read."""
CLUSTERS = 100
"""Clusters made at once."""


class Index(Awaited):
    """Articles that are remembered, on this host or in a Redis that many hosts share.

    Adding costs about a millisecond, most of it for comparing. Several threads may use one object; several processes
    may open one index, and it is pickled as its address. For `asyncio` there are `aadd`, `aadd_many`, `aquery` and
    `aremove`, which keep their order and do not block the loop. Use it as a context manager, or close it.

    Args:
        path: A folder of its own, made if it does not exist; or `redis://host:port/db`, with `?name=...` for one of
            several indexes in a database (extra `redis`).
        settings: How articles are compared. None: those of the index, or of `weights`, or `Settings()` for a new one.
        weights: What `dedup.fit` made of a sample, to weigh signatures with; None is the prior alone. For a new index.
        store_texts: Keep the texts, compressed, so that similarity is exact and uses today's weights; without texts it
            is estimated from signatures. None: as the index does, True for a new one.
        fsync: Wait for the disk with every change (embedded store): what was added survives not only a crash of the
            process but also a power failure.
        timeout: Seconds to wait for another writer.
        create: Make an index if it does not exist.
        longest_text: Bytes of a text that is added or looked for; a longer one is rejected. None: that of `settings`,
            or of those of the index.

    Raises:
        SettingsError: The index has other settings, or `longest_text` is out of its range.
        FileError: It cannot be opened, is not there, or has another format.
        InputError: The path is an address of another kind.
        MissingExtraError: Redis is asked for without the extra.

    Attributes:
        path: Where it is.
        settings: How it compares articles.
        longest_text: Bytes that a text may have.

    Example:
        >>> with dedup.Index("new.index") as fresh:
        ...     for one in articles[:2]:
        ...         print(one["id"], fresh.add(one["id"], one["text"]).kind)
        ...     print(len(fresh), "bridge-copy" in fresh, fresh.path, fresh.settings.threshold)
        bridge-copy new
        bridge-original duplicate
        2 True new.index 0.092
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
        longest_text: int | None = None,
    ) -> None:
        wait = checked_timeout(timeout)
        most = None if longest_text is None else Settings(longest_text=longest_text).longest_text
        self._store = open_store(path, settings, weights, store_texts, create=create, fsync=fsync, timeout=wait)
        self.path, self.settings = self._store.location, self._store.opening.settings
        self.longest_text = most or (settings or self.settings).longest_text
        self._address = partial(
            Index, address(path), fsync=fsync, timeout=wait, create=False, longest_text=self.longest_text
        )
        self._lock, self._closed, self._sweep = threading.RLock(), False, Sweep()
        self._in_order = InOrder()
        _INDEXES.add(self)
        self._adopt()

    def _adopt(self) -> None:
        """Read the weights of signatures, when the index is opened and after every `reweigh`."""
        opening = self._store.opening
        self._generation = opening.generation
        signing, windows = unpack(opening.weights, self.settings)
        self._preparer = Preparer(
            self.settings, signing, windows, store_texts=opening.store_texts, codec=self._store.codec
        )
        self._judge = Judge(self.settings, self._preparer, windows, store_texts=opening.store_texts)

    # --- adding ---------------------------------------------------------------------------------------------------

    def add(  # what it is called everywhere
        self,
        id: Any,  # noqa: A002
        text: str | None,
        *,
        seen_at: datetime | None = None,
    ) -> Seen:
        """Remember an article; one with the same id is replaced.

        Args:
            id: Its name, for example a URL. A number becomes its digits, 7 and 7.0 the same ones; another single value,
                such as a UUID or a date, its text, as everywhere.
            text: The text. None, or a text without letters and digits, is remembered, but is never a duplicate.
            seen_at: When it was seen, with a time zone; None is now.

        Returns:
            Whether it, or a rewrite of it, was there before.

        Raises:
            InputError: The id, the text or the time is not valid.
            IndexBusyError: Another writer is at work for longer than the timeout; nothing was added.
            FileError: It could not be stored; nothing was added.

        Example:
            >>> seen = index.add("tea-6", articles[9]["text"].replace("收到", "到手"))
            >>> seen.kind, seen.cluster, seen.nearest[0].id
            ('duplicate', 'tea-1', 'tea-2')
            >>> index.add("tea-6", "The article has another text now.").kind
            'changed'
        """
        with timed("index", "add") as counts:
            spans = [Span(second, second) for second in checked_times(seen_at, 1)]
            seen = self._add([checked_id(id)], self._given(text), 1, spans)[0]
            counts.update(told_of([seen]))
        return seen

    def add_unless_duplicate(self, id: str, text: str | None, *, seen_at: datetime | None = None) -> Seen:  # noqa: A002
        """Remember an article, unless it is here for the first time and is a copy or rewrite of one that is there.

        It is looked up, and added if it is new, in one transaction: of two workers that come with the same one, only
        one adds it.

        Args:
            id: Its name, as in `add`.
            text: The text, as in `add`.
            seen_at: When it was seen, with a time zone; None is now.

        Returns:
            What `add` returns; for a duplicate, which was not added, what `query` returns.

        Raises:
            InputError: The id, the text or the time is not valid.
            IndexBusyError: Another writer is at work for longer than the timeout; nothing was added.
            FileError: It could not be stored; nothing was added.

        Example:
            >>> index.add_unless_duplicate("tea-6", articles[9]["text"]).duplicate_of, "tea-6" in index
            ('tea-1', False)
            >>> index.add_unless_duplicate("ferry", "The ferry leaves at noon.").kind, "ferry" in index
            ('new', True)
        """
        with timed("index", "add_unless_duplicate") as counts:
            spans = [Span(second, second) for second in checked_times(seen_at, 1)]
            seen = self._add([checked_id(id)], self._given(text), 1, spans, duplicates=False)[0]
            counts.update(told_of([seen]))
        return seen

    def add_many(
        self,
        ids: Any,
        texts: Any,
        *,
        threads: int | None = None,
        seen_at: Any = None,
        progress: Progress | bool | None = None,
    ) -> Added:
        """Remember a batch of articles, all or none; much faster per article than one by one.

        The result is that of adding them in this order, except that the shingles of the whole batch are counted before
        the first article is judged. A row that is not valid is reported, and the others are added. Of rows with the
        same id the last is the newest version: it is kept, and all of these rows get its result.

        Args:
            ids: Their ids, in a list, an Arrow array or a column.
            texts: As many texts; None for one that is missing.
            threads: How many to use; None is one per core. The result does not depend on it.
            seen_at: When they were seen: one time for all, or as many as ids, in a list or a column; None is now.
            progress: True shows a bar; a function is called with the stage, ``"prepare"`` or ``"add"``, the work done
                in it and the whole of it.

        Returns:
            What `add` returns for each, and the rows that were rejected.

        Raises:
            RejectsError: Every row was rejected; the error has them.
            InputError: There are not as many ids as texts, or they are of a kind that cannot be read.
            IndexBusyError: Another writer is at work for longer than the timeout; nothing was added.
            FileError: The articles could not be stored; nothing was added.

        Example:
            >>> added = index.add_many(["tea-6", "ferry"], [articles[9]["text"], "The ferry leaves at noon."])
            >>> [seen.kind for seen in added]
            ['duplicate', 'new']
        """
        count = count_threads(threads)
        with timed("index", "add_many") as counts, shown(progress) as tell:
            added = self._add_many(ids, texts, count, seen_at, tell)
            counts.update(told_of(added), rejected=len(added.rejected))
        return added

    def _add_many(self, ids: Any, texts: Any, count: int, seen_at: Any, tell: Progress | None) -> Added:
        names, values = listed(ids), listed_texts(texts, self.longest_text)
        if len(names) != len(values):
            raise InputError(f"there are {len(names)} ids and {len(values)} texts; give one of each for every article")
        seconds = checked_times(seen_at, len(names))
        rows, rejected = sorted_out(names, values, self.longest_text)
        if rejected and not rows:
            (row, id_, reason), many = rejected[0], len(rejected)
            raise RejectsError(f"all {many:,} rows were rejected, the first is row {row}, {id_!r}: {reason}", rejected)
        seen: list[Seen | None] = [None] * len(names)
        replaced = unchanged = 0
        if rows:
            given = column([values[mine[-1]] for mine in rows.values()], count)
            spans = [Span(min(some), max(some)) for some in ([seconds[row] for row in mine] for mine in rows.values())]
            for mine, one in zip(rows.values(), self._add(list(rows), given, count, spans, tell=tell), strict=True):
                anew = one.replaced or any(values[a] != values[b] for a, b in pairwise(mine))
                one = replace(one, replaced=anew, unchanged=one.unchanged and not anew)  # noqa: PLW2901 - of the batch
                replaced, unchanged = replaced + one.replaced, unchanged + one.unchanged
                for row in mine:
                    seen[row] = one
        return Added(seen, rejected, replaced, unchanged)

    def _given(self, text: object) -> pa.ChunkedArray:
        return column([checked_text(text, self.longest_text)])

    def _add(
        self,
        ids: list[str],
        texts: pa.ChunkedArray,
        count: int,
        spans: list[Span],
        *,
        duplicates: bool = True,
        tell: Progress | None = None,
    ) -> list[Seen]:
        while True:
            preparer = self._preparer
            prepared = preparer.prepare(texts, count, partial(tell, "prepare") if tell else None)  # others may go on
            with self._unless_stale():
                if not duplicates:
                    return [self._store_unless_duplicate(ids, spans, preparer, prepared)]
                seen = self._store_batch(ids, spans, preparer, prepared, count)
                if tell:
                    tell("add", len(ids), len(ids))
                return seen

    def _store_batch(
        self, ids: list[str], spans: list[Span], preparer: Preparer, prepared: Prepared, count: int
    ) -> list[Seen]:
        batch = self._store.write(lambda writer: self._batch(writer, preparer, prepared, count).add(ids, spans))
        batch.remember()
        self._judge = batch.judge  # it knows the frames that were found
        return batch.seen

    def _store_unless_duplicate(
        self, ids: list[str], spans: list[Span], preparer: Preparer, prepared: Prepared
    ) -> Seen:
        """Store the only article if its id is there, or it is no duplicate."""

        def work(writer: Writer) -> tuple[Batch | None, Seen]:
            seen = None if writer.find(ids) else self._batch(writer, preparer, prepared, 1).query()
            if seen and seen.is_duplicate:
                return None, seen
            batch = self._batch(writer, preparer, prepared, 1).add(ids, spans)
            return batch, batch.seen[0]

        batch, seen = self._store.write(work)
        if batch:
            batch.remember()
            self._judge = batch.judge
        return seen

    def _batch(self, reader: Any, preparer: Preparer, prepared: Prepared, count: int) -> Batch:
        """A batch to be worked out from this view, with texts that this preparer has prepared."""
        if preparer is not self._preparer:
            raise _StaleError
        self._catch_up(reader)
        return Batch(reader, self.settings, self._judge, prepared, count, self._sweep)

    def _catch_up(self, reader: Reader) -> None:
        """Read the frames that others have found."""
        self._check_generation()
        self._judge = self._judge.caught_up(reader)

    def _check_generation(self) -> None:
        if self._store.opening.generation != self._generation:
            raise _StaleError

    @contextmanager
    def _unless_stale(self) -> Iterator[None]:
        """One thread at a time; if there are new weights, it reads them and repeats the work."""
        with self._held():
            try:
                yield
            except _StaleError:
                if self._store.opening.generation != self._generation:  # else another thread has done so
                    self._adopt()

    @contextmanager
    def _held(self) -> Iterator[None]:
        """One thread at a time, while the index is open; rows that lead nowhere are told as such."""
        if self._closed:
            raise FileError(f"the index {self.path!r} is closed; open it again")
        with self._lock:
            try:
                yield
            except (LookupError, OverflowError) as error:
                raise unfitting(error) from error

    def _fresh(self, work: Callable[[], Result]) -> Result:
        """Work with today's weights of signatures; repeat if the index was reweighed meanwhile."""
        while True:
            with self._unless_stale():
                return work()

    def query(
        self, text: str, *, by: Literal["similarity", "containment"] = "similarity", threshold: float | None = None
    ) -> Seen:
        """Check whether a text, or a rewrite of it, is there, without adding it; or in which articles it stands.

        By containment, `nearest` are the articles in which the text stands, at most ten, with how much of it; cluster
        and campaign are those of the best one. A passage of 24 Chinese characters, 34 letters, that is not edited is
        always met, but of the articles that share a run only the oldest 128 are looked at. `dedup.match` reads all.

        Args:
            text: The text.
            by: What is asked.
            threshold: Least containment, in (0, 1]; None is 0.8. Similarity has that of the index.

        Returns:
            Whether it, or a rewrite of it, is there; cluster and campaign are None where it would be alone.

        Raises:
            InputError: The text is not a string, or the index cannot be asked this: it keeps no texts, or without
                weights no runs.
            SettingsError: `by` or `threshold` is not what it must be.

        Example:
            >>> index.query(articles[9]["text"]).kind, len(index)
            ('duplicate', 14)
            >>> quotation = articles[8]["text"][300:400]
            >>> [near.id for near in index.query(quotation, by="containment").nearest]
            ['tea-1']
        """
        if not isinstance(text, str):
            raise InputError(f"a text must be a string, got {type(text).__name__}")
        with timed("index", "query") as counts:
            seen = self._query(self._given(text), by, threshold)
            counts.update(told_of([seen]))
        return seen

    def _query(self, given: pa.ChunkedArray, by: str, threshold: float | None) -> Seen:
        if by == "containment":
            return self._query_within(given, Settings(threshold=0.8 if threshold is None else threshold))
        if by != "similarity" or threshold is not None:
            raise SettingsError(
                f"by must be 'containment' where there is a threshold, else that or 'similarity', got {by!r}"
            )
        return self._query_all(given)[0]

    def _query_within(self, given: pa.ChunkedArray, least: Settings) -> Seen:
        self._check_texts("look for quotations in")
        if not self.settings.weighted:
            raise InputError(
                f"an index of near copies keeps no runs, by which containment is found; read all of it: "
                f"dedup.match([text], {self.path!r}, by='containment')"
            )

        def work(reader: Reader) -> Seen:
            preparer = self._preparer
            batch = self._batch(reader, preparer, preparer.prepare(given), 1)
            return batch.query_within(preparer.runs(given, self._judge.windows), least.threshold)

        return self._fresh(lambda: self._store.read(work))

    def query_many(self, texts: Any, *, threads: int | None = None) -> list[Seen]:
        """Check whether texts, or rewrites of them, are there, without adding them; faster than one by one.

        Args:
            texts: The texts, in a list, an Arrow array or a column; None for one that is missing.
            threads: How many to use; None is one per core. The result does not depend on it.

        Returns:
            What `query` returns for each; they are not compared with each other. A missing text is like an empty one.

        Raises:
            InputError: They are of a kind that cannot be read, or one of them is not a text.

        Example:
            >>> [seen.cluster for seen in index.query_many([articles[0]["text"], "The ferry leaves at noon.", None])]
            ['bridge-copy', None, None]
        """
        count = count_threads(threads)
        most = self.longest_text
        with timed("index", "query_many") as counts:
            given = column([checked_text(text, most) for text in listed_texts(texts, most)], count)
            seen = self._query_all(given, count)
            counts.update(told_of(seen))
        return seen

    def _query_all(self, given: pa.ChunkedArray, count: int = 1) -> list[Seen]:
        while True:
            preparer = self._preparer
            prepared = preparer.prepare(given, count)
            with self._unless_stale():
                return self._look_up(preparer, prepared, count)

    def _look_up(self, preparer: Preparer, prepared: Prepared, count: int = 1) -> list[Seen]:
        return self._store.read(lambda reader: self._batch(reader, preparer, prepared, count).query_all())

    def remove(self, id: Any) -> bool:  # noqa: A002
        """Forget an article.

        Args:
            id: Its id.

        Returns:
            Whether it was there.

        Raises:
            InputError: The id is not valid.
            IndexBusyError: Another writer is at work for longer than the timeout.

        Example:
            >>> index.remove("tea-1"), index.remove("tea-1"), "tea-1" in index
            (True, False, False)
        """
        with timed("index", "remove") as counts:
            removed = len(self._remove([checked_id(id)]))
            counts["removed"] = removed
        return bool(removed)

    def remove_many(self, ids: Any) -> Removed:
        """Forget a batch of articles, all or none; much faster per article than one by one.

        What they said is gone from every answer at once, and from the disk with `compact`.

        Args:
            ids: Their ids, in a list, an Arrow array or a column; one that comes twice is missing the second time.

        Returns:
            How many were there, and the ids that were not there or are not valid.

        Raises:
            InputError: The ids are of a kind that cannot be read.
            IndexBusyError: Another writer is at work for longer than the timeout; nothing was removed.
            FileError: It could not be stored; nothing was removed.

        Example:
            >>> index.remove_many(["tea-1", "tea-2", "ferry"])
            Removed(removed=2, missing=['ferry'], rejected=[])
        """
        with timed("index", "remove_many") as counts:
            names, rejected = sorted_ids(ids)
            there = self._remove([*dict.fromkeys(names)])
            counts["removed"] = len(there)
        return Removed(len(there), missing(names, there), rejected)

    def forget(self, before: date | datetime) -> int:
        """Forget all articles that were last seen before a time, some thousand at a time.

        An article that is seen meanwhile stays, and so does one whose time is not known; a warning says how many.

        Args:
            before: A time with a time zone, or a date, which begins at midnight UTC.

        Returns:
            How many were forgotten.

        Raises:
            InputError: It is no time.
            IndexBusyError: Another writer is at work for longer than the timeout; some may be forgotten.

        Example:
            >>> from datetime import UTC, datetime, date
            >>> _ = index.add("old", "An article of last year.", seen_at=datetime(2025, 6, 1, tzinfo=UTC))
            >>> index.forget(before=date(2026, 1, 1)), "old" in index
            (1, False)
        """
        limit = checked_limit(before)
        with timed("index", "forget") as counts:
            old, unknown = self._read(lambda reader: outdated(reader, limit))
            if unknown:
                warn_of_unknown(unknown)
            removed = sum(len(self._remove(some, limit)) for some in in_batches(old))
            counts["removed"] = removed
        return removed

    def _remove(self, ids: list[str], before: int | None = None) -> list[str]:
        """Take out those that are there, and were not seen since."""

        def work(writer: Writer) -> list[str]:
            return self._batch(writer, self._preparer, _NOTHING, 1).remove(ids, before)

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
        """The number of the last change; pass it to `changes` later.

        Example:
            >>> before = index.last_change
            >>> _ = index.add("ferry", "The ferry leaves at noon.")
            >>> index.last_change > before
            True
        """
        return self._read(lambda reader: reader.last())

    def cluster_of(self, id: Any) -> str:  # noqa: A002
        """The name of an article's cluster: the id of the oldest article in it.

        That is the first article of the oldest text; an article that got another text is as old as that text.

        Args:
            id: Id of any of its articles.

        Raises:
            InputError: There is no such article.

        Example:
            >>> index.cluster_of("tea-4")
            'tea-1'
        """
        name = checked_id(id)
        return self._read(lambda reader: _called(reader, _cluster_of(reader, name), name))

    def cluster(self, id: Any) -> Cluster:  # noqa: A002
        """The cluster that an article is in, even if it is alone; evidence is worked out when it is asked for.

        Its articles are sorted by age, those with the same text together, and are weighed with the weights of that
        time, without the frames that the index leaves out. A cluster that has joined another one is found by its old
        name as long as the article with that id is there.

        Args:
            id: Id of any of its articles.

        Raises:
            InputError: There is no such article.

        Example:
            >>> index.cluster("tea-4")
            <Cluster: 5 articles, similarity 0.14: tea-1, tea-2, tea-3, …>
            >>> [keyword.word for keyword in index.cluster("tea-4").keywords(2)]
            ['古树', '订满']
        """
        name = checked_id(id)
        return self._asked(lambda reader: self._cluster(reader, held_by(reader, _cluster_of(reader, name))))

    def clusters(self, least: int = 2) -> Iterator[Cluster]:
        """The clusters, the oldest first.

        Args:
            least: Least number of articles of a cluster.

        Example:
            >>> [cluster.ids.to_pylist() for cluster in index.clusters(least=2)]
            [['bridge-copy', 'bridge-original'], ['tea-1', 'tea-2', 'tea-3', 'tea-4', 'tea-5']]
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

    def campaign_of(self, id: Any) -> str:  # noqa: A002
        """The name of an article's campaign: the id of the oldest article in it.

        If no other cluster is in the campaign, it has the name of the article's cluster.

        Args:
            id: Id of any of its articles.

        Raises:
            InputError: There is no such article.

        Example:
            >>> index.campaign_of("tea-4")
            'tea-1'
        """
        name = checked_id(id)
        return self._read(lambda reader: _called(reader, _campaign_of(reader, _cluster_of(reader, name)), name))

    def campaign(self, id: Any) -> CampaignMembers:  # noqa: A002
        """The campaign that an article is in, with its clusters.

        Args:
            id: Id of any of its articles.

        Raises:
            InputError: There is no such article.

        Example:
            >>> index.campaign("tea-4").clusters
            [<Cluster: 5 articles, similarity 0.14: tea-1, tea-2, tea-3, …>]
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
            least: Least number of clusters of a campaign; an article that is alone counts as a cluster.

        Example:
            >>> [(one.campaign, len(one.ids)) for one in index.campaigns(least=1)][-2:]
            [('tea-1', 5), ('tidal-flat-ko', 1)]
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

        Articles that were added and are still there, articles that were removed, and changes of clusters: see `Change`.
        An article that was replaced was removed and added. To keep a copy of the clusters elsewhere, apply removals and
        changes of clusters in this order, and additions last, because these name the clusters of today. Where a
        cluster was split, or some of its articles moved to another one, `cluster` says which article is in which.

        Args:
            since: The number of the last change that is known already, from an earlier `last_change`.

        Example:
            >>> before = index.last_change
            >>> _ = index.add("tea-6", articles[9]["text"]), index.remove("night-train")
            >>> [(change.kind, change.id) for change in index.changes(before)]
            [('added', 'tea-6'), ('removed', 'night-train'), ('ended', None)]
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
        """The passages that two articles share, with today's weights.

        Args:
            a: Id of an article.
            b: Id of another article.

        Raises:
            InputError: There is no such article, or texts are not stored.

        Example:
            >>> why = index.explain("tea-1", "tea-2")
            >>> why.names, why.texts(why.passages[2])
            (('tea-1', 'tea-2'), ('古树茶饼按月到家', '古樹茶餅按月到家'))
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

        Use it for `report`, `frames`, `explain`, `plot` and tables. Its `campaigns` are found anew, with their reasons,
        by all evidence, as `reweigh` finds them; those that the index keeps are `Index.campaigns`. It stays valid when
        the index is closed or changes. Takes the memory of clustering so many articles, without their texts, which
        lie in a temporary file.

        Args:
            threads: How many to use; None is one per core.

        Raises:
            InputError: Texts are not stored.

        Example:
            >>> index.snapshot()
            <Clusters: 2 of 7 among 14 articles, threshold 0.092>
        """
        self._check_texts("make a result of")
        count = count_threads(threads)
        return self._asked(
            lambda reader: snapshot(reader, members(reader), self._judge, self._preparer, self.settings, count)
        )

    def report(self, path: str | PathLike[str], *, campaigns: bool = True) -> None:
        """Write a page to look at the clusters with: `snapshot().report(path)`, which has more options.

        Args:
            path: File ending in .html or .htm.
            campaigns: Also show campaigns, which take most of the time.

        Raises:
            InputError: Texts are not stored.
            FileError: The file cannot be written.

        Example:
            >>> from pathlib import Path
            >>> index.report("report.html", campaigns=False)
            >>> Path("report.html").exists()
            True
        """
        self.snapshot().report(path, campaigns=campaigns)

    def times(self, id: str) -> Times:  # noqa: A002
        """When an article was added first, and last.

        Args:
            id: Its id.

        Raises:
            InputError: There is no such article.

        Example:
            >>> from datetime import UTC, datetime
            >>> for month in 3, 4:
            ...     _ = index.add("ferry", "The ferry leaves at noon.", seen_at=datetime(2026, month, 1, tzinfo=UTC))
            >>> [f"{time:%B}" for time in index.times("ferry")]
            ['March', 'April']
        """
        name = checked_id(id)

        def work(reader: Reader) -> Times:
            _text_of(reader, name)
            return as_times(reader.spans([name]).get(name))

        return self._read(work)

    def to_arrow(self, *, times: bool = False) -> pa.Table:
        """One row per article, in the order in which they were added; the columns are those of every engine.

        `id`, `label`, `size`, `similarity`, `cluster` and `campaign` are as in `Clusters.to_arrow`; `similarity` is
        null where an article has no edge to its representative. Clusters and campaigns are those that the index keeps.
        Texts need not be stored. Takes the memory of all ids and edges.

        Args:
            times: Add the columns `first_seen` and `last_seen`, to the second, in UTC; null where they are not known.

        Example:
            >>> index.to_arrow().slice(9, 1).to_pylist()[0]["label"], index.to_arrow(times=True).column_names[-2:]
            ('tea-1', ['first_seen', 'last_seen'])
        """

        def work(reader: Reader) -> pa.Table:
            table = labels(reader, members(reader), self.settings)
            known = dict(reader.scan_spans()) if times else {}
            columns = time_columns([known.get(id_) for id_ in table["id"].to_pylist()]) if times else {}
            for name, values in columns.items():
                table = table.append_column(name, values)
            return table

        return self._read(work)

    def texts(self) -> Iterator[pa.RecordBatch]:
        """All articles as batches of id and text. Articles that are equal when folded share one text.

        Raises:
            InputError: Texts are not stored.

        Example:
            >>> [batch.num_rows for batch in index.texts()], next(index.texts()).column("id")[0].as_py()
            ([14], 'bridge-copy')
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
            kept = [(id_, self._preparer.told(bodies[text])) for _, id_, text in rows if text in bodies]
            ids, texts = zip(*kept, strict=True) if kept else ((), ())
            yield pa.record_batch({"id": pa.array(ids, pa.string()), "text": pa.array(texts, pa.large_string())})

    def stats(self) -> Stats:
        """What the index holds, and how much space it takes.

        Example:
            >>> stats = index.stats()
            >>> stats.articles, stats.texts, stats.clusters, sum(stats.bytes.values()) > 0
            (14, 14, 9, True)
        """

        def work(reader: Reader) -> Stats:
            opening = self._store.opening
            return Stats(
                **reader.count_rows(), last_change=reader.last(), weights_version=opening.generation,
                store_texts=opening.store_texts, settings=self.settings, bytes=self._store.sizes(),
            )  # fmt: skip

        return self._read(work)

    # --- care -----------------------------------------------------------------------------------------------------

    def check(self) -> Checked:
        """Verify every invariant: rows fit each other, clusters fit the edges, and all caches are right.

        Reads all that is stored, and makes every signature again: about a millisecond for ten articles. Other processes
        can read meanwhile, but wait to write.

        Example:
            >>> index.check().ok
            True
        """

        def work(reader: Reader) -> Checked:
            self._check_generation()
            return check(reader, self._store, self.settings, self._preparer)

        return self._fresh(lambda: self._store.alone(work))

    def compact(self) -> None:
        """Free the space of removed articles, and count shingles again. Other writers wait.

        What removed articles said is in no file of the index any more; their ids stay in `changes`. A Redis server that
        writes a log keeps it there until it rewrites that (`BGREWRITEAOF`); copies and backups are not touched.

        Raises:
            IndexBusyError: Another process has read or written for longer than the timeout: do it again.
            FileError: It could not be stored, for example for want of room.

        Example:
            >>> _ = index.remove("tea-1")
            >>> index.compact()
        """
        with timed("index", "compact"), self._held():
            self._store.compact()

    def reweigh(self, *, threads: int | None = None, progress: Progress | bool | None = None) -> None:
        """Sign all texts with weights counted over all of them, and cluster them anew, as `dedup.cluster` does.

        Campaigns are found anew, too, by the same evidence as `Clusters.campaigns`. Other processes can read meanwhile,
        but wait to write. Nothing changes until it is done; then everything changes at once. Cluster ids stay with the
        part that has the oldest article.

        Args:
            threads: How many to use; None is one per core.
            progress: True shows a bar; a function is called with the stage, the work done and the total.

        Raises:
            InputError: Texts are not stored.

        Example:
            >>> index.reweigh()
            >>> index.stats().weights_version
            2
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
        """Close files and connections; everything is stored already.

        Example:
            >>> index.close()
            >>> len(index)
            Traceback (most recent call last):
                ...
            dedup.errors.FileError: the index 'seen.index' is closed; open it again
        """
        with self._lock:
            if not self._closed:
                self._closed = True
                self._in_order.close()
                self._store.close()

    def __enter__(self) -> Self:
        """The index itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def __reduce__(self) -> tuple[Callable[[], Index], tuple[()]]:
        """Pickled and copied as its address: where it is read, the index of this path is opened, and never made.

        A folder's path is absolute. The address of a Redis server holds user and password, if it was given with them.
        """
        return self._address, ()

    def __repr__(self) -> str:
        """Where it is."""
        return f"<Index {self.path}>"


_INDEXES = WeakSet[Index]()
"""Indexes that are open."""
_HELD: list[Index] = []
"""Indexes locked during a fork in progress: in the child, no other thread could release their locks."""


def _before_fork() -> None:
    for index in sorted(_INDEXES, key=id):
        index._lock.acquire()  # noqa: SLF001 - a fork is no call of its user
        _HELD.append(index)


def _after_fork() -> None:
    while _HELD:
        _HELD.pop()._lock.release()  # noqa: SLF001


around_forks(_before_fork, _after_fork)


class _StaleError(Exception):
    """The index was reweighed after texts were prepared."""


_NOTHING = Prepared([], [], Listed.of(np.empty((0, 0), np.uint8), []), [], joined([]))


def _pieces(every: list[Held]) -> Iterator[list[Held]]:
    return (every[begin : begin + CLUSTERS] for begin in range(0, len(every), CLUSTERS))


def _first(held: Held) -> str:
    return next(iter(held.values()))[0]


def _text_of(reader: Reader, name: str) -> int:
    found = reader.find([name])
    if not found:
        raise InputError(
            f"there is no article {name!r} in the index; clusters and campaigns are named by ids of articles"
        )
    return found[name]


def _cluster_of(reader: Reader, name: str) -> int:
    """The number of the cluster of an article."""
    return reader.places([_text_of(reader, name)]).popitem()[1].cluster


def _campaign_of(reader: Reader, cluster: int) -> int:
    return reader.campaigns([cluster]).get(cluster, cluster)


def _called(reader: Reader, number: int, name: str) -> str:
    """The name of a cluster or campaign; the given article's id if its oldest article was just removed."""
    return next(iter(reader.names([number], 1)[number]), name)
