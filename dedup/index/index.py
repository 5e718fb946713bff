"""The index: articles are remembered as they come, and each is told whether it, or a rewrite of it, was there before.

In: ids and texts, one by one or in batches. Out: `Seen`. What a batch does is worked out from one view of the store:
which texts are new, what they are like, which clusters they join; then all of it is stored, or nothing. Texts are made
ready before the store is asked, so that other writers wait as little as can be.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from itertools import islice
from os import PathLike, fspath
from types import TracebackType
from typing import Any, Self, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup import articles as reading
from dedup import passages
from dedup.errors import InputError, SettingsError
from dedup.index.adding import Batch, Sweep
from dedup.index.answers import Added, Checked, Group, Rejected, Seen, Stats
from dedup.index.checking import check
from dedup.index.embedded import EmbeddedStore
from dedup.index.judging import Judge
from dedup.index.prepared import Prepared, Preparer, joined
from dedup.index.reweighing import reweigh
from dedup.index.store import Change, Opening, Reader, Store
from dedup.index.weighing import pack, same, unpack
from dedup.pipeline import Fitted, Progress
from dedup.settings import Settings
from dedup.threads import count as count_threads

Result = TypeVar("Result")
SHARED = ("redis://", "rediss://", "unix://")
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
        self.path = fspath(path)
        wanted = _wanted(settings, weights)
        opening = Opening(wanted or Settings(), store_texts is not False, pack(weights.weights) if weights else b"")
        self._lock = threading.RLock()
        self._store = self._connect(opening, create=create, fsync=fsync, timeout=timeout)
        self.settings = self._store.opening.settings
        try:
            _check_opening(self.path, self._store.opening, wanted, store_texts, weights)
        except SettingsError:
            self._store.close()
            raise
        self._adopt()
        self._sweep = Sweep()

    def _connect(self, opening: Opening, *, create: bool, fsync: bool, timeout: float) -> Store:
        if "://" in self.path and not self.path.startswith(SHARED):
            raise InputError(f"an index is a folder or at {', '.join(SHARED)}..., got {self.path!r}")
        if self.path.startswith(SHARED):
            from dedup.index.shared import SharedStore  # noqa: PLC0415 - the one door to Redis

            return SharedStore(self.path, opening, shingle=self._shingle, create=create, timeout=timeout)
        return EmbeddedStore(self.path, opening, shingle=self._shingle, create=create, fsync=fsync, timeout=timeout)

    def _shingle(self, settings: Settings, bodies: list[bytes]) -> list[NDArray[np.uint64]]:
        return Preparer(settings, None, store_texts=True).shingle(bodies)

    def _adopt(self) -> None:
        """Take up the weights that signatures are made with, at first and when the index was weighed anew."""
        opening = self._store.opening
        self._generation = opening.generation
        signing = unpack(opening.weights, self.settings)
        self._preparer = Preparer(self.settings, signing, store_texts=opening.store_texts)
        self._judge = Judge(self.settings, self._preparer, store_texts=opening.store_texts)

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
        name, reason = _named(id)
        if reason or not (text is None or isinstance(text, str)):
            raise InputError(reason or f"a text must be a string or None, got {type(text).__name__}")
        return self._add([name], _column([text]), 1)[0]

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
        names, values = _listed(ids), _listed(texts)
        if len(names) != len(values):
            raise InputError(f"there are {len(names)} ids and {len(values)} texts; give one of each for every article")
        kept, rejected = _sorted_out(names, values)
        seen: list[Seen | None] = [None] * len(names)
        if kept:
            column = _column([values[row] for row in kept.values()], count)
            for row, one in zip(kept.values(), self._add(list(kept), column, count), strict=True):
                seen[row] = one
        return Added(seen, rejected)

    def _add(self, ids: list[str], column: pa.ChunkedArray, count: int) -> list[Seen]:
        def work(prepared: Prepared) -> list[Seen]:
            batch, seen = self._store.write(lambda writer: _added(self._batch(writer, prepared, count), ids))
            batch.remember()
            return seen

        return self._prepared(column, count, work)

    def _prepared(self, column: pa.ChunkedArray, count: int, work: Callable[[Prepared], Result]) -> Result:
        """Make texts ready and work with them; again, if the index was weighed anew in between."""
        with self._lock:
            while True:
                try:
                    return work(self._preparer.prepare(column, count))
                except _StaleError:
                    self._adopt()

    def _batch(self, reader: Any, prepared: Prepared, count: int) -> Batch:
        self._check_generation()
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
            _column([text]),
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
        name = _checked_id(id)
        with self._lock:
            while True:
                try:
                    return self._store.write(lambda writer: self._batch(writer, _NOTHING, 1).remove(name))
                except _StaleError:
                    self._adopt()

    # --- asking ---------------------------------------------------------------------------------------------------

    def _read(self, work: Callable[[Reader], Result]) -> Result:
        with self._lock:
            return self._store.read(work)

    def __contains__(self, id: object) -> bool:  # noqa: A002
        """Whether there is an article of this id."""
        name, reason = _named(id)
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
        name = _checked_id(id)
        return self._read(lambda reader: reader.places([_text_of(reader, name)]).popitem()[1].cluster)

    def cluster(self, number: int) -> Group:
        """A cluster, or what it has become part of.

        Raises:
            InputError: There never was one of this number, or all its articles were removed.
        """

        def work(reader: Reader) -> Group:
            now = number if reader.oldest(number, 1) else _joined(reader, number)
            texts = reader.oldest(now, _MANY)
            ids = [name for names in reader.names(texts, _MANY).values() for name in names]
            if not ids:
                raise InputError(f"there is no cluster {number}; ask for one that `add` or `clusters` gave")
            return Group(now, ids)

        return self._read(work)

    def clusters(self, least: int = 2) -> Iterator[Group]:
        """The clusters, by their number.

        Args:
            least: Articles that a cluster must have.
        """
        table = self.to_arrow().sort_by([("cluster", "ascending")])
        numbers = table["cluster"].to_numpy()
        cuts = np.flatnonzero(np.diff(numbers, prepend=-1, append=-1))
        for begin, end in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True):
            if end - begin >= least:
                yield Group(int(numbers[begin]), table["id"][begin:end].to_pylist())

    def changes(self, since: int = 0) -> Iterator[Change]:
        """What has changed, in order.

        Articles that were added and are still there, articles that were removed, and clusters that joined or split. An
        article that was replaced was removed and added.

        Args:
            since: The number of the last change that is known already: `last_change` of then.
        """

        def work(reader: Reader) -> list[Change]:
            clusters = {number: cluster for number, _, cluster, _ in reader.scan_texts()}
            added = (Change(n, "added", clusters[text], id_) for n, id_, text in reader.scan_articles(since))
            return sorted([*added, *reader.scan_changes(since)])

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
        names = (_checked_id(a), _checked_id(b))

        def work(reader: Reader) -> passages.Explanation:
            found = [_text_of(reader, name) for name in names]
            bodies = reader.bodies(found)
            column = self._preparer.column([bodies[text] for text in found])
            traces = self._preparer.texts(column)
            left, right = (traces.trace(row) for row in range(2))
            weigh = self._judge.weigh
            sides = [passages.Side(trace, weigh(reader, trace.keys)) for trace in (left, right)]
            return passages.explain(sides[0], sides[1], names)

        return self._read(work)

    def to_arrow(self) -> pa.Table:
        """Every article, in the order in which they were added: id, cluster, and size of the cluster."""

        def work(reader: Reader) -> pa.Table:
            clusters = {number: cluster for number, _, cluster, _ in reader.scan_texts()}
            rows = [(id_, clusters[text]) for _, id_, text in reader.scan_articles()]
            numbers = np.array([cluster for _, cluster in rows], np.int64)
            _, places, sizes = np.unique(numbers, return_inverse=True, return_counts=True)
            ids = pa.array([id_ for id_, _ in rows], pa.string())
            return pa.table({"id": ids, "cluster": numbers, "size": sizes[places].astype(np.int64)})

        return self._read(work)

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

        Reads all that is stored, and makes every signature again: about a millisecond for ten articles. Others can read
        meanwhile, and wait to write.
        """
        with self._lock:
            return self._store.alone(lambda reader: check(reader, self._store, self.settings, self._preparer))

    def compact(self) -> None:
        """Give back what removed articles took, and count shingles anew. Others wait."""
        with self._lock:
            self._store.compact()

    def reweigh(self, *, threads: int | None = None, progress: Progress | bool | None = None) -> None:
        """Sign all texts with weights counted over all of them, and cluster them anew, as `dedup.cluster` does.

        Others can read meanwhile, and wait to write. Until it is done nothing changes; then all does at once. Cluster
        ids stay with the part that has the oldest article.

        Args:
            threads: How many to use; None is one a core.
            progress: True shows a bar; a function is called with the stage, the work done and the whole of it.

        Raises:
            InputError: Texts are not stored.
        """
        self._check_texts("reweigh")
        with self._lock:
            reweigh(self._store, self.settings, self._preparer, count_threads(threads), progress)
            self._read(lambda _: None)
            self._adopt()

    def _check_texts(self, what: str) -> None:
        if not self._store.opening.store_texts:
            raise InputError(f"cannot {what} this index: it was created with store_texts=False")

    def close(self) -> None:
        """Let go of files and connections; all is stored already."""
        with self._lock:
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


class _StaleError(Exception):
    """The index was weighed anew since texts were made ready."""


_MANY = 2**31
_NOTHING = Prepared([], [], np.empty((0, 0), np.uint32), [])


def _wanted(settings: Settings | None, fitted: Fitted | None) -> Settings | None:
    """The settings that are asked for, of which weights are a part."""
    if settings is not None and not isinstance(settings, Settings):
        raise SettingsError(f"settings must be Settings(...), got {type(settings).__name__} {settings!r}")
    if fitted is None:
        return settings
    if not isinstance(fitted, Fitted):
        raise SettingsError(f"weights must be what dedup.fit gives, got {type(fitted).__name__}")
    if settings is not None and settings != fitted.settings:
        raise SettingsError("weights were fitted with other settings; fit them with these, or leave settings out")
    return fitted.settings


def _check_opening(
    path: str, opening: Opening, settings: Settings | None, store_texts: bool | None, fitted: Fitted | None
) -> None:
    """Refuse what differs from what the index was created with."""
    if settings is not None and settings != opening.settings:
        asked, own = asdict(settings), asdict(opening.settings)
        differing = ", ".join(f"{name} {own[name]!r}, not {asked[name]!r}" for name in own if own[name] != asked[name])
        raise SettingsError(
            f"the index {path!r} has {differing}; leave settings out, or add its articles to a new index"
        )
    if store_texts is not None and store_texts != opening.store_texts:
        raise SettingsError(f"the index {path!r} has store_texts={opening.store_texts}; leave it out")
    if fitted is not None and opening.generation == 1 and not same(fitted.weights, opening.weights):
        raise SettingsError(f"the index {path!r} was created with other weights; leave them out")


def _added(batch: Batch, ids: list[str]) -> tuple[Batch, list[Seen]]:
    return batch, batch.add(ids)


def _named(id_: object) -> tuple[str, str]:
    """An id as it is stored, and what is wrong with it."""
    if isinstance(id_, int) and not isinstance(id_, bool):
        return str(id_), ""
    if not isinstance(id_, str):
        return "", f"an id must be a string or a whole number, got {type(id_).__name__}"
    if not id_:
        return "", "an id must not be empty"
    try:
        id_.encode()
    except UnicodeEncodeError:
        return "", f"an id must be valid Unicode, got {id_!r}"
    return ("", f"an id must not hold a NUL character, got {id_!r}") if "\0" in id_ else (id_, "")


def _sorted_out(ids: list[Any], texts: list[Any]) -> tuple[dict[str, int], list[Rejected]]:
    """The row of each id, and the rows that are of no use: of several with one id all but the last."""
    kept: dict[str, int] = {}
    rejected = []
    for row, (given, text) in enumerate(zip(ids, texts, strict=True)):
        name, reason = _named(given)
        if not (reason or text is None or isinstance(text, str)):
            reason = f"a text must be a string or None, got {type(text).__name__}"
        if reason:
            rejected.append(Rejected(row, given, reason))
            continue
        if name in kept:
            before = kept.pop(name)
            rejected.append(Rejected(before, ids[before], f"the id comes again in row {row}, which was kept"))
        kept[name] = row
    return kept, sorted(rejected, key=lambda one: one.row)


def _checked_id(id_: object) -> str:
    name, reason = _named(id_)
    if reason:
        raise InputError(reason)
    return name


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


def _listed(values: Any) -> list[Any]:
    """Values of a list, an Arrow array or a column."""
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise InputError(f"ids and texts must be lists or columns, got {type(values).__name__}")
    if isinstance(values, pa.Array | pa.ChunkedArray):
        return values.to_pylist()
    return values.tolist() if isinstance(values, np.ndarray) else list(values)


def _column(texts: Sequence[str | None], count: int = 1) -> pa.ChunkedArray:
    """Texts as Arrow; lone surrogates become question marks, which is told."""
    if len(texts) == 1:
        with suppress(UnicodeEncodeError):
            return joined([(texts[0] or "").encode()])
    return reading.articles(texts, threads=count).texts


def _threads(threads: int | None) -> int:
    return count_threads(threads)
