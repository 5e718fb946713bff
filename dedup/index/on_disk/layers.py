"""The segments of an index, and the texts that came after the last segment; merged in the background.

In: what texts are found by, as they are added or read from the database. Out: the layers that a look-up goes through.
When enough keys are in memory, a thread writes them as a segment; when four segments have about the same size, they
become one. Only the process that holds the lock of the folder writes or deletes segments; the others open what is
there. Adding does not wait for this, unless several memories of texts are not yet written.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dedup.errors import FileError, warn
from dedup.index.listed import SLOTS, Listed
from dedup.index.on_disk.lookup import Layer
from dedup.index.on_disk.recent import Recent
from dedup.index.on_disk.segments import MOST, Segment, SegmentRows, Span, build, merge, usable, warn_of_damage
from dedup.settings import Settings
from dedup.stages.candidates import sketch_width
from dedup.system import discard, locked

FACTOR = 4
"""So many segments of about the same size become one: each text is written about log4(n / 8192) times."""
REBUILD = 1 << 14
"""Where segments are missing, so many texts at once become a segment."""
WAITING = 4
"""Adding waits when so many memories of texts are not yet written."""
KEYS, TEXTS = 1 << 21, 1 << 15
"""Texts become a segment when so many keys are in memory, 8,700 articles of 1,500 characters, or so many texts."""
NICE = 10
"""The thread has a lower priority than threads that add."""

Stored = Iterable[tuple[NDArray[np.int64], Listed]]
"""Numbers, ascending, and what these texts are found by, some texts at a time."""


class Layers:
    """What a look-up goes through.

    Args:
        folder: Where the segments are.
        settings: The settings of the index.
        connect: Opens a connection to the database, for the thread.
        writable: Whether segments may be written.
    """

    def __init__(
        self, folder: Path, settings: Settings, connect: Callable[[], sqlite3.Connection], *, writable: bool = True
    ) -> None:
        self._folder, self._settings, self._connect, self._writable = folder, settings, connect, writable
        self.known = 0
        """The highest number of a text that is in a layer, or was before it was removed."""
        self.damaged = False
        """A segment is damaged, and must be built again by `load`."""
        self.folded = False
        """The thread has checkpointed the log into the database."""
        self._width = sketch_width(min(settings.slots, SLOTS))
        self._broken: set[Path] = set()
        self._log_is_long = False
        self._generation = 1
        self._dropped = np.empty(0, np.int64)
        self._segments: list[Segment] = []
        self._full: list[Recent] = []
        self._recent = self._new_recent()
        self._changing = threading.Lock()
        self._thread: threading.Thread | None = None

    def _new_recent(self, keys: int = 0) -> Recent:
        """Empty memory, also for a text of so many keys."""
        return Recent(TEXTS, max(KEYS, keys), self._width)

    def load(self, generation: int, last: int, stored: Callable[[int], Stored]) -> None:
        """Open the existing segments, build missing ones, and read the texts that came after them.

        Args:
            generation: The generation of the signatures in the database.
            last: The highest number in the database.
            stored: Gives the texts above a number.
        """
        self.wait()
        self.damaged, self._generation = True, generation
        self._full, self._recent, self._dropped = [], self._new_recent(), np.empty(0, np.int64)
        with self._locked() as mine:
            self._segments, useless = usable(self._folder, generation, last, self._width, without=self._broken)
            for path in useless if mine else ():
                self._delete(path)
            self.known = self._covered
            self._append_all(stored(self.known), mine=mine)
        self.damaged = False
        if self._full or self._due():
            self._start()

    def _delete(self, path: Path) -> None:
        """Delete a segment that is not needed; one that is still used is passed over, and deleted some other time."""
        if discard(path):
            self._broken.discard(path)

    def discard_broken(self) -> bool:
        """Whether a segment was found to be damaged when it was used: it is told, and must be made again by `load`."""
        with self._changing:
            broken = [segment for segment in self._segments if segment.broken]
        for segment in broken:
            warn_of_damage(segment.path, "it is not what was written")
            self._broken.add(segment.path)
        return bool(broken)

    def _append_all(self, stored: Stored, *, mine: bool) -> None:
        """Add texts that are in no segment: many as a segment, a few in memory."""
        for numbers, texts in stored:
            if mine and len(numbers) >= REBUILD and not (self._full or len(self._recent)):
                rows = SegmentRows(numbers, texts.keys, texts.starts, texts.sketches)
                span = Span(self._generation, self._covered, int(numbers[-1]))
                self._segments.append(build(self._folder, span, rows))
                self.known = span.upto
            else:
                self.append(numbers, texts)

    @property
    def _covered(self) -> int:
        return self._segments[-1].span.upto if self._segments else 0

    def layers(self) -> list[Layer]:
        """All layers, the oldest first."""
        with self._changing:
            return [*self._segments, *self._full, self._recent]

    def append(self, numbers: NDArray[np.int64], texts: Listed) -> None:
        """Add texts, ascending by number."""
        begin = 0
        while begin < len(numbers):
            some = self._recent.fitting(texts.starts[begin:])
            if not some:
                self._set_aside(int(texts.starts[begin + 1] - texts.starts[begin]))
                continue
            self._recent.append(numbers[begin : begin + some], texts.part(begin, begin + some))
            begin += some
        if len(numbers):
            self.known = int(numbers[-1])

    def drop(self, texts: Iterable[int]) -> None:
        """Skip removed texts: in a bucket with too many texts, they must not take the place of others."""
        gone = np.fromiter(texts, np.int64)
        with self._changing:
            self._dropped = np.union1d(self._dropped, gone)
            layers: list[Layer] = [*self._segments, *self._full, self._recent]
            for layer in layers:
                layer.drop(gone)

    def _set_aside(self, keys: int) -> None:
        """Let the thread write the texts in memory as a segment, and start with empty memory; see `_new_recent`."""
        if len(self._full) >= WAITING and self._thread is not None:
            self._thread.join()
        with self._changing:
            self._full += [self._recent] if len(self._recent) else []
            self._recent = self._new_recent(keys)
        self._start()

    def fold_log(self) -> None:
        """Let the thread checkpoint the log into the database."""
        self._log_is_long = True
        self._start()

    def _start(self) -> None:
        if self._writable and (self._thread is None or not self._thread.is_alive()):
            self._thread = threading.Thread(target=self._work, name="dedup index")
            self._thread.start()

    def _work(self) -> None:
        """What the thread does, until nothing is left to do; after a full disk it tries again the next time."""
        with suppress(AttributeError, OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
        try:
            with closing(self._connect()) as database:
                if self._log_is_long:
                    self._log_is_long = False
                    database.execute("PRAGMA wal_checkpoint(PASSIVE)")
                    self.folded = True
                with self._locked() as mine:
                    while mine and not self.damaged and (self._full or self._due()):
                        if self._full:
                            self._write(self._full[0], database)
                        else:
                            self._merge(self._due(), database)
        except (OSError, sqlite3.Error) as error:
            warn(f"segments could not be written: {error}; nothing is lost, and the next texts try again")

    def _write(self, recent: Recent, database: sqlite3.Connection) -> None:
        """Write the segment of a memory of texts, except texts that another process has written, or has removed."""
        numbers = recent.numbers[: len(recent)]
        gone = numbers[~_alive(database, numbers)]
        with self._changing:
            recent.drop(gone)
            self._take_up()
        rows = recent.since(self._covered)
        segment = None
        if len(rows.numbers):
            span = Span(self._generation, self._covered, int(rows.numbers[-1]))
            segment = build(self._folder, span, rows)
        with self._changing:
            self._segments = [*self._segments, *([self._marked(segment)] if segment else [])]
            self._full = self._full[1:]

    def _marked(self, segment: Segment) -> Segment:
        """A new segment in which texts that were dropped meanwhile are skipped."""
        segment.drop(self._dropped)
        return segment

    def _take_up(self) -> None:
        """Open segments that another process has written or merged, if they cover what was covered before."""
        found, _ = usable(self._folder, self._generation, self.known, self._width, without=self._broken)
        if found and found[-1].span.upto >= self._covered:
            mine = {segment.path: segment for segment in self._segments}
            self._segments = [mine.get(segment.path) or self._marked(segment) for segment in found]

    def _due(self) -> list[Segment]:
        """The first `FACTOR` segments in a row of about the same size; empty if there are not so many."""
        for first in range(len(self._segments) - FACTOR + 1):
            some = self._segments[first : first + FACTOR]
            sizes = {_size(segment) for segment in some}
            if len(sizes) == 1 and sum(segment.keys for segment in some) <= MOST:
                return some
        return []

    def _merge(self, parts: list[Segment], database: sqlite3.Connection) -> None:
        damaged = [part for part in parts if part.damaged()]
        for part in damaged:
            warn_of_damage(part.path, "it is not what was written")
            self._broken.add(part.path)
            self._delete(part.path)
        if damaged:
            with self._changing:
                self.damaged = True  # still searched, until all are loaded again
            return
        merged = merge(self._folder, parts, lambda numbers: _alive(database, numbers))
        with self._changing:
            at = self._segments.index(parts[0])
            self._segments = [*self._segments[:at], self._marked(merged), *self._segments[at + len(parts) :]]
        for part in parts:
            self._delete(part.path)

    def compact(self) -> bool:
        """Make one segment of all texts that are still there, except those in memory; returns whether it was done.

        Segments that others have written are among them: none of them holds a text that was removed before.

        Raises:
            OSError: There is no room for it; nothing changes.
        """
        self.wait()
        with self._locked() as mine, closing(self._connect()) as database:
            with self._changing:
                self._take_up()
            for some in _mergeable(self._segments) if mine else ():
                self._merge(some, database)
            return mine

    def check(self) -> list[str]:
        """What is wrong with the segments; reads all of them."""
        self.wait()
        problems = []
        for segment in self._segments:
            for section in segment.damaged():
                problems.append(f"segment {segment.path.name}: its {section} are damaged; it will be built again")
                self.damaged = True
                self._broken.add(segment.path)
                with self._locked() as mine:
                    if mine:
                        self._delete(segment.path)
        return problems

    def numbers(self) -> NDArray[np.int64]:
        """The numbers of all texts that are in a layer, ascending."""
        layers = [layer.numbers[: len(layer)] for layer in self.layers()]
        return np.concatenate([np.empty(0, np.int64), *layers])

    @property
    def files(self) -> list[Path]:
        """The segments' files."""
        return [segment.path for segment in self._segments]

    @property
    def bytes(self) -> int:
        """Bytes of the segments, including those that another process has merged."""
        return sum(segment.bytes for segment in self._segments)

    def close(self) -> None:
        """Wait for the thread, and let go of the files: whoever holds a closed index keeps none of them open."""
        self.wait()
        self._segments, self._full, self._recent = [], [], self._new_recent()

    def wait(self) -> None:
        """Wait for the thread."""
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()
            self._thread = None

    @contextmanager
    def _locked(self) -> Iterator[bool]:
        """The lock of the folder, if no other process has it; it ends with its process."""
        if not self._writable:
            yield False
            return
        with ExitStack() as held:
            try:
                mine = held.enter_context(locked(self._folder / "segments.lock"))
            except FileError as error:
                warn(f"no segments are written, and all texts stay in memory: {error}")
                mine = False
            yield mine


def _size(segment: Segment) -> int:
    """How often memories of texts were merged to make it, about: a memory is full of keys or of texts."""
    return int(np.log2(max(segment.keys / KEYS, len(segment) / TEXTS, 1)) / np.log2(FACTOR))


def _mergeable(segments: Sequence[Segment]) -> list[list[Segment]]:
    """Segments in groups that one segment has room for."""
    groups: list[list[Segment]] = []
    for segment in segments:
        if not groups or sum(one.keys for one in groups[-1]) + segment.keys > MOST:
            groups.append([])
        groups[-1].append(segment)
    return groups


def _alive(database: sqlite3.Connection, numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of these ascending numbers are still texts."""
    if not len(numbers):
        return np.ones(0, np.bool_)
    between = (int(numbers[0]), int(numbers[-1]))
    rows = database.execute("SELECT number FROM texts WHERE number BETWEEN ? AND ?", between)
    return np.isin(numbers, np.fromiter((number for (number,) in rows), np.int64))
