"""The embedded store: a folder that SQLite owns, with segments and counts beside the database as caches.

In: rows; see `dedup.index.store`. Out: the same rows. `index.sqlite` is the only source (see FORMAT.md); a transaction
in its write-ahead log survives a crash of the process, and with `fsync` also one of the machine. Segments and counts
are read and written through memory maps, and made again from the database where they are missing or damaged.

Several processes may use one folder: SQLite lets one write and all read, and its locks end with their process. What
other processes have added is read before every call. A background thread writes segments, merges them and checkpoints
the log into the database, so that adding never waits for this.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TypeVar
from weakref import WeakSet

import numpy as np
from numpy.typing import NDArray

from dedup.errors import DedupError, FileError, IndexBusyError
from dedup.index.listed import Listed, Signature, kind, stored
from dedup.index.marks import naming, place_of
from dedup.index.on_disk.counters import Frequencies, Steps
from dedup.index.on_disk.layers import REBUILD, Layers, Stored
from dedup.index.on_disk.lookup import Lookup
from dedup.index.on_disk.rows import StoredRows, fitting, is_number, numbers_in
from dedup.index.on_disk.schema import NAME, connect, prepare, read_opening, save, writable
from dedup.index.store import Edge, Opening
from dedup.settings import Settings
from dedup.system import around_forks

Result = TypeVar("Result")
AT_ONCE = 500
"""Rows asked for in one statement."""
TRIES = 3
"""How often segments that turn out to be damaged are made again, for one question."""
LONG_LOG = 8192
"""Texts and transactions after which the log is checkpointed into the database: 20 to 100 MB."""


_STORES = WeakSet["EmbeddedStore"]()
"""Stores that are open."""
_FORKED: list[EmbeddedStore] = []
"""Stores that have closed their connection for a fork in progress."""


class EmbeddedStore(StoredRows):
    """A folder on this host.

    Args:
        path: The folder.
        opening: What to create it with; None opens what is there.
        create: Create it where there is nothing.
        fsync: Wait for the disk with every transaction.
        timeout: Seconds to wait for another writer.
        shingle: Makes the shingles of some stored texts, each once per text, to make lost counts again.

    Raises:
        FileError: It cannot be opened, is of another version, or is not there.
    """

    codec = "lz4_raw"  # a third larger than with zstd, and read in a tenth of the time

    def __init__(
        self,
        path: str,
        opening: Opening | None,
        *,
        shingle: Callable[[Settings, list[bytes]], list[NDArray[np.uint64]]],
        create: bool = True,
        fsync: bool = False,
        timeout: float = 30.0,
    ) -> None:
        self.location, self._folder, self._log = path, Path(path), Path(path) / f"{NAME}-wal"
        self._shingle, self._fsync, self._timeout = shingle, fsync, timeout
        self._using, self._let_go, self._named = threading.RLock(), False, _Named(path, timeout)
        prepare(self._folder, opening, create=create)
        self._open()
        _STORES.add(self)

    def _open(self) -> None:
        """Connect, and open or make the caches."""
        self._process, self.writable = os.getpid(), writable(self._folder)
        with self._named:
            self._database = connect(self._folder, fsync=self._fsync, timeout=self._timeout)
            self.opening = read_opening(self._database)
        settings = self.opening.settings
        self._lookups = Lookup(settings), Lookup(settings, quoting=True)
        self._layers = Layers(self._folder, settings, self._connect_more, writable=self.writable)
        counting = settings.weighted and self.opening.store_texts
        self._frequencies = Frequencies(self._folder / "frequencies") if counting else None
        self._seen, self._logged, self._dropped, self._committed = -1, 0, 0, False
        self._forget()
        with self._named:
            self._begin("DEFERRED")
            try:
                self._load()
            finally:
                self._database.execute("ROLLBACK")
            if self._frequencies:
                self._open_frequencies(self._frequencies)

    def _connect_more(self) -> sqlite3.Connection:
        return connect(self._folder, fsync=self._fsync, timeout=self._timeout)

    # --- transactions ---------------------------------------------------------------------------------------------

    def read(self, work: Callable[[EmbeddedStore], Result]) -> Result:
        """Run this on one view of the store."""
        with self._using, self._named:
            self._take_hold()
            try:
                self._begin("DEFERRED")
                self._catch_up()
                return work(self)
            except BaseException as error:
                self._interrupted(error)
                raise
            finally:
                self._end()

    def write(self, work: Callable[[EmbeddedStore], Result]) -> Result:
        """Run this alone, and apply its changes together; none if it raises."""
        with self._using, self._named:
            self._take_hold()
            if not self.writable:
                raise FileError(f"{self.location!r} cannot be written: it is read-only for this user; change its mode")
            try:
                self._begin("IMMEDIATE")
                self._catch_up()
                if self._frequencies and not self._frequencies.recover(self.last()):
                    self._recount(self._frequencies)
                result = work(self)
                self._store_rows()
                self._database.execute("COMMIT")
                self._committed = True
                self._finish()
            except BaseException as error:
                self._roll_back(error)
                raise
            return result

    def alone(self, work: Callable[[EmbeddedStore], Result]) -> Result:
        """Run this while nobody else changes the store."""
        return self.write(work) if self.writable else self.read(work)

    def _roll_back(self, error: BaseException) -> None:
        """Forget what was not committed; what was committed but is not in the layers yet is read again."""
        if self._committed:
            self._layers.damaged = True
        self._interrupted(error)
        self._end()
        self._committed = False
        self._forget()

    def _interrupted(self, error: BaseException) -> None:
        """Read the layers again where a change may be half done, for example after Ctrl+C."""
        if not isinstance(error, Exception):
            self._layers.damaged = True

    def _end(self) -> None:
        """Roll back if a transaction is open; a full disk may have closed it."""
        if self._database.in_transaction:
            with suppress(sqlite3.Error):
                self._database.execute("ROLLBACK")

    def _finish(self) -> None:
        """The transaction is committed: what it added can be looked up.

        The next writer keeps its counts, as if this one had been killed: the lock is released already.
        """
        signed = [text for text in self._appended if len(text.signature)]
        if signed:
            texts = stored(np.stack([t.signature for t in signed]), [t.keys for t in signed], self.opening.settings)
            self._layers.append(np.array([t.number for t in signed]), texts)
        if self._gone:
            self._layers.drop(self._gone)
        self._logged += 1 + len(self._appended)
        self._appended, self._gone, self._committed = [], [], False
        self._fold_log()

    def _fold_log(self) -> None:
        """Let the thread checkpoint a long log; what came meanwhile is checkpointed here, so the log starts again."""
        if self._layers.folded:
            self._layers.folded = False
            with suppress(sqlite3.Error):  # a full disk: the transaction is committed all the same
                self._database.execute("PRAGMA wal_checkpoint(PASSIVE)")
        elif self._logged > LONG_LOG:
            self._logged = 0
            self._layers.fold_log()

    def _begin(self, kind: str) -> None:
        """Begin a transaction; if an interrupted rollback is unfinished, finish it first."""
        if self._database.in_transaction or self._committed or self._appended or self._gone or self._later:
            self._roll_back(KeyboardInterrupt())
        self._database.execute(f"BEGIN {kind}")

    # --- forks ----------------------------------------------------------------------------------------------------

    def let_go(self) -> None:
        """Close the connection before this process is forked, until the next call.

        A child process must not use SQLite's connections of its parent: it would believe that it holds the parent's
        locks, and lose what it adds after the parent closes (sqlite.org/howtocorrupt.html, section 2.6).
        """
        self._using.acquire()
        if not (self._let_go or self._database.in_transaction):
            self._layers.wait()
            self._database.close()
            self._let_go = True

    def go_on(self) -> None:
        """The fork is over, for the parent or the child."""
        self._using.release()

    def _take_hold(self) -> None:
        """Connect again after a fork."""
        if self._let_go:
            self._database, self._seen = self._connect_more(), -1
            self._process, self._let_go = os.getpid(), False
        elif self._process != os.getpid():  # forked in the middle of a transaction
            self._open()

    # --- caches ---------------------------------------------------------------------------------------------------

    def _catch_up(self) -> None:
        """Read what other processes have changed since."""
        (seen,) = self._database.execute("PRAGMA data_version").fetchone()
        if seen == self._seen and not self._layers.damaged:
            return
        (generation,) = self._database.execute("SELECT value FROM meta WHERE key = 'generation'").fetchone()
        if generation != self.opening.generation or self._layers.damaged or self._missed:
            self._load()
        else:
            self._last = -1
            for numbers, texts in self._stored_after(self._layers.known):
                self._layers.append(numbers, texts)
            self._layers.known = self.last()  # the latest texts may have been removed again
            self._drop_others()
        self._seen = seen

    @property
    def _missed(self) -> bool:
        """Whether another process has compacted, and so deleted rows of `dropped` that were not read here."""
        (first,) = self._database.execute("SELECT IFNULL(MIN(number), 0) FROM dropped").fetchone()
        return bool(first > self._dropped + 1)

    def _drop_others(self) -> None:
        """Skip the texts that were dropped since the last call."""
        statement = "SELECT number, text FROM dropped WHERE number > ?"
        rows = list(fitting(self._database.execute(statement, (self._dropped,)), is_number, is_number))
        if rows:
            self._layers.drop(text for _, text in rows)
            self._dropped = rows[-1][0]

    def _load(self) -> None:
        self._last = -1
        (self._seen,) = self._database.execute("PRAGMA data_version").fetchone()
        self.opening = read_opening(self._database)
        self._layers.load(self.opening.generation, self.last(), self._stored_after)
        self._dropped = 0
        self._drop_others()

    def _stored_after(self, number: int) -> Stored:
        """All texts above a number, many at a time."""
        rows = self._database.cursor().execute(
            f"SELECT number, signature, keys {_SIGNED} AND number > ? ORDER BY number", (number,)
        )
        settings = self.opening.settings
        while some := rows.fetchmany(REBUILD):
            numbers, signed, keys = zip(*some, strict=True)
            if any(type(one) is not bytes or len(one) != settings.slots * kind(settings).itemsize for one in signed):
                raise sqlite3.DatabaseError("malformed signature, of another length than the settings say")
            values = np.frombuffer(b"".join(signed), kind(settings)).reshape(len(numbers), settings.slots)
            yield np.array(numbers), stored(values, [numbers_in(one, np.uint32) for one in keys], settings)

    def _open_frequencies(self, frequencies: Frequencies) -> None:
        """Open the counts; if they are missing or damaged, count again while nobody adds."""
        if frequencies.open(writable=self.writable):
            return
        if not self.writable:
            raise FileError(f"{self.location!r} cannot be written, and its counts are missing; make it writable once")
        self._begin("IMMEDIATE")
        try:
            if not frequencies.open():
                self._recount(frequencies)
        finally:
            self._database.execute("ROLLBACK")

    def _recount(self, frequencies: Frequencies) -> None:
        """Count the shingles of all stored texts."""
        frequencies.recount(_signed(self._database), self._all_shingles())

    def _all_shingles(self) -> Iterator[list[NDArray[np.uint64]]]:
        """The shingles of all texts that have any, some texts at a time."""
        rows = self._database.cursor().execute(f"SELECT body {_SIGNED} ORDER BY number")
        while some := rows.fetchmany(AT_ONCE):
            bodies = [body if isinstance(body, bytes) else b"" for (body,) in some]
            yield self._shingle(self.opening.settings, bodies)

    # --- rows that need the caches --------------------------------------------------------------------------------

    def texts(self) -> int:
        """How many texts have shingles."""
        if self._frequencies:
            return self._frequencies.texts
        return _signed(self._database)

    def candidates(self, texts: Listed, threads: int = 1, *, quoting: bool = False) -> list[NDArray[np.int64]]:
        """Texts that share a key with each of these and agree in enough slots; best first."""
        for _ in range(TRIES):
            found = self._lookups[quoting].find(self._layers.layers(), texts, threads)
            if not self._layers.discard_broken():
                return found
            last = self._last  # of a transaction that has given numbers already
            self._load()
            self._last = max(self._last, last)
        raise FileError(
            f"segments in {self.location!r} are damaged as soon as they are written: copy index.sqlite to another "
            "disk, and open it there"
        )

    def frequencies(self, keys: NDArray[np.uint64]) -> NDArray[np.uint32]:
        """How many texts hold each shingle, or a little more."""
        assert self._frequencies, "texts are judged by the estimate"
        return self._frequencies.of(keys)

    def count(self, steps: Steps, number: int) -> None:
        """Count shingles; undone if the transaction fails or its process is killed."""
        assert self._frequencies, "texts are judged by the estimate"
        self._frequencies.count(steps, number)

    def replace(
        self,
        opening: Opening,
        signed: Iterable[tuple[int, Signature, NDArray[np.uint32]]],
        edges: Iterable[tuple[int, int, Edge]],
    ) -> None:
        """Replace all signatures and keys, and all edges: a new generation."""
        save(self._database, opening)
        rows = ((value.tobytes(), keys.tobytes() or None, number) for number, value, keys in signed)
        self._database.executemany("UPDATE bodies SET signature = ?, keys = ? WHERE number = ?", rows)
        self._database.execute("DELETE FROM edges")
        self._database.execute("DELETE FROM frames")
        for text, other, edge in edges:
            self.put_edge(text, other, edge)
        self._layers.damaged = True  # they are of another generation, if this commits: read again

    # --- care -----------------------------------------------------------------------------------------------------

    def compact(self) -> None:
        """Free the space of removed articles: one segment, exact counts, a database without gaps."""
        with self._using, self._named:
            self._take_hold()
            if not self.writable:
                raise FileError(f"{self.location!r} cannot be written: it is read-only for this user; change its mode")
            self.read(lambda _: None)  # segments that others have written since are taken up
            (last,) = self._database.execute("SELECT IFNULL(MAX(number), 0) FROM dropped").fetchone()
            if self._layers.compact():  # the last stays: other processes would miss numbers that start again
                self._database.execute("DELETE FROM dropped WHERE number < ?", (last,))
                self._layers.damaged = True  # texts in memory are read again
            if self._frequencies:
                self._begin("IMMEDIATE")
                try:
                    self._recount(self._frequencies)
                finally:
                    self._database.execute("ROLLBACK")
            self._empty_log()
            self._database.execute("VACUUM")
            self._empty_log()

    def _empty_log(self) -> None:
        """Move all of the log into the database: until then, what was removed stands in both."""
        (busy, *_) = self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise IndexBusyError(
                f"{self.location!r} has been read or written by another process for more than {self._timeout:g} "
                "seconds, so what was removed is not gone from its files yet; compact it again"
            )

    def check(self) -> list[str]:
        """What is wrong with the database, the segments or the counts; reads all of them."""
        problems = [f"database: {row}" for (row,) in self._database.execute("PRAGMA integrity_check") if row != "ok"]
        problems += self._layers.check()
        problems += self._check_marks()
        signed = {number for (number,) in self._database.execute(f"SELECT number {_SIGNED}")}
        missing = signed.difference(self._layers.numbers().tolist())
        if missing:
            problems.append(f"segments: {len(missing)} texts are in no segment, the first is {min(missing)}")
        if self._frequencies:
            problems += self._check_counts(self._frequencies, len(signed))
        return problems

    def _check_marks(self) -> list[str]:
        """Whether the texts listed for a mark are those that hold it."""
        listed = set(self._database.execute("SELECT mark, place FROM held"))
        texts = [text for (text,) in self._database.execute("SELECT number FROM bodies WHERE marks IS NOT NULL")]
        held = {(mark, place_of(text)) for text, marks in self.marks(texts).items() for mark in naming(marks)}
        wrong = len(listed ^ held)
        return [f"marks: {wrong} entries of texts that hold a mark are wrong or missing"] if wrong else []

    def _check_counts(self, frequencies: Frequencies, texts: int) -> list[str]:
        if frequencies.texts != texts:
            return [f"counts: {frequencies.texts} texts are counted, {texts} are there; `compact` counts again"]
        wrong = frequencies.fewer(self._all_shingles())
        return [f"counts: {wrong} cells hold too little; `compact` counts again"] if wrong else []

    def sizes(self) -> dict[str, int]:
        """Bytes by kind of data."""
        (pages,) = self._database.execute("PRAGMA page_count").fetchone()
        (page,) = self._database.execute("PRAGMA page_size").fetchone()
        return {
            "database": pages * page,
            "log": self._log.stat().st_size if self._log.exists() else 0,
            "segments": self._layers.bytes,
            "counts": self._frequencies.bytes() if self._frequencies else 0,
        }

    def close(self) -> None:
        """Wait for the thread, and close all files."""
        with self._using:
            _STORES.discard(self)
            if self._let_go or self._process == os.getpid():
                self._layers.close()
                self._database.close()
                if self._frequencies:
                    self._frequencies.close()


class _Named:
    """Turns errors of SQLite and the system into our own, which say what to do."""

    def __init__(self, location: str, timeout: float) -> None:
        self._location, self._timeout = location, timeout

    def __enter__(self) -> None:
        """Nothing yet."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Raise our error in place of the other; what SQLite says of a damaged schema has its bytes, in no encoding."""
        if isinstance(error, UnicodeDecodeError):
            error = sqlite3.DatabaseError("malformed database schema")
        if isinstance(error, sqlite3.Error | OSError) and not isinstance(error, DedupError):
            raise _explained(error, self._location, self._timeout) from error


_SIGNED = "FROM bodies WHERE length(signature) > 0"


def _signed(database: sqlite3.Connection) -> int:
    """How many texts have shingles."""
    count: int = database.execute(f"SELECT COUNT(*) {_SIGNED}").fetchone()[0]
    return count


def _before_fork() -> None:
    for store in sorted(_STORES, key=id):
        store.let_go()
        _FORKED.append(store)


def _after_fork() -> None:
    while _FORKED:
        _FORKED.pop().go_on()


around_forks(_before_fork, _after_fork)


def _explained(error: sqlite3.Error | OSError, path: str, timeout: float) -> DedupError:
    """Our error, which says what happened and what to do."""
    reason = str(error)
    if "locked" in reason or "busy" in reason:
        return IndexBusyError(
            f"another writer has held {path!r} for more than {timeout:g} seconds; nothing was changed: try again, or "
            "wait longer with timeout="
        )
    if "full" in reason or getattr(error, "errno", None) == 28:  # noqa: PLR2004 - ENOSPC
        return FileError(f"no space is left for {path!r}; nothing was changed: make room and add again")
    if "readonly" in reason or "read-only" in reason:
        return FileError(f"{path!r} cannot be written; nothing was changed: change its mode, or mount it for writing")
    if "malformed" in reason or "not a database" in reason:
        return FileError(f"the database in {path!r} is damaged ({reason}); restore it from a copy")
    return FileError(f"{path!r} failed: {reason}; nothing was changed")
