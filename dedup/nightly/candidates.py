"""Candidates among more texts than fit in memory.

In: what is kept of signed texts, in files, and from which text on they are new. Out: a file of pairs, each once,
later << 32 | earlier, ascending. The buckets are walked of as many texts at a time as memory holds: some new ones, and
in turn all before them. Pairs that are too many to hold are sorted in runs on the disk and merged by ranges.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.kernels import Integers
from dedup.nightly.keeping import written
from dedup.nightly.memory import Budget
from dedup.nightly.signed import Layout, Part, Stored
from dedup.nightly.verifying import CANDIDATES
from dedup.pipeline import linking_rules
from dedup.settings import Settings
from dedup.stages.candidates import Found, Walk, ends, matches, once, thinned
from dedup.stages.runs import PART
from dedup.system import put
from dedup.work import Progress

Pairs = NDArray[np.uint64]
SETTLING = 64
"""Bytes a pair while pairs are sorted and made distinct."""
MOST_RUNS = 64
"""So many runs become one."""
PIECE = 1 << 20
"""Pairs of a row group."""


class Meeting:
    """What meets in buckets.

    Args:
        parts: Files of what is kept, in the order of the texts' numbers.
        layout: What that is.
        settings: How articles are compared.
        since: The first text that is new.
        budget: Of memory.
        folder: For runs of pairs.
        threads: How many to use.
        progress: Called with chunks of work done and in all.
    """

    def __init__(
        self,
        parts: list[Part],
        layout: Layout,
        settings: Settings,
        since: int,
        budget: Budget,
        folder: Path,
        *,
        threads: int = 1,
        progress: Progress | None = None,
    ) -> None:
        self._parts, self._layout, self._settings, self._since = parts, layout, settings, since
        self._budget, self._threads, self._progress = budget, threads, progress
        self._mates = np.zeros(sum(part.end - part.begin for part in parts), np.int64)
        self._runs = _SpilledPairs(folder, budget.pairs // (2 * SETTLING))
        self._met = _SpilledPairs(folder, budget.pairs // (2 * SETTLING), "met")

    def walk(self) -> None:
        """Walk all buckets."""
        chunks = list(self._chunks())
        for number, (old, new, within) in enumerate(chunks):
            self._meet(old, new, within=within, number=number, of=len(chunks))

    def keep(self, path: Path) -> NDArray[np.bool_]:
        """Write the pairs; returns who was compared with less than half of its mates, (texts,)."""
        found = np.zeros(len(self._mates), np.int64)
        with written(path, CANDIDATES) as out:
            for pairs in self._runs.merged():
                out.write_table(pa.table([pairs], CANDIDATES))
                found += matches(*ends(pairs), len(found))
        self._runs.clear()
        return 2 * found < self._mates

    def _chunks(self) -> Iterator[tuple[range, range, bool]]:
        """Old texts, new texts, and whether the new ones are also compared with each other."""
        held = self._layout.bytes_held(Stored(self._parts, self._layout.schema), self._threads)
        sums, room = np.append(0, np.cumsum(held)), self._budget.signatures
        begin = self._since
        while begin < len(held):
            new = range(begin, _reach(sums, begin, len(held), max(room // 2, room - sums[begin])))
            left, old = room - (sums[new.stop] - sums[begin]), range(0)
            while True:
                old = range(old.stop, _reach(sums, old.stop, begin, left))
                yield old, new, old.start == 0
                if old.stop == begin:
                    break
            begin = new.stop

    def _meet(self, old: range, new: range, *, within: bool, number: int, of: int) -> None:
        """Find the pairs of some texts, by their numbers."""
        stored = Stored(self._in_files(old) + self._in_files(new), self._layout.schema)
        compared = linking_rules(self._settings, since=len(old), apart=not within)
        buckets = self._layout.buckets(stored, min(PART, max(1, self._budget.entries // self._threads)))
        sketches = self._layout.sketches(stored)
        walk = Walk(buckets, sketches, compared)
        numbers = np.concatenate([np.arange(old.start, old.stop), np.arange(new.start, new.stop)])

        def tell(done: int, total: int) -> None:
            if self._progress:
                self._progress(number * total + done, of * total)

        walk.pairs(self._met.add, self._threads, tell)
        mates, high, low = walk.mates(), np.uint64(32), np.uint64(0xFFFFFFFF)
        for pairs in _by_whole_articles(self._met.merged()):
            kept, names = thinned(pairs, sketches, compared, mates), numbers.astype(np.uint64)
            self._runs.add(names[kept >> high] << high | names[kept & low])
        self._met.clear()
        self._mates[numbers] = np.maximum(self._mates[numbers], mates)

    def _in_files(self, texts: range) -> list[Part]:
        """Where some texts are."""
        found, first = [], 0
        for part in self._parts:
            begin, end = max(texts.start, first), min(texts.stop, first + part.end - part.begin)
            if begin < end:
                found.append(Part(part.path, part.begin + begin - first, part.begin + end - first))
            first += part.end - part.begin
        return found


def _by_whole_articles(pieces: Iterator[Pairs]) -> Iterator[Pairs]:
    """The same pairs, in pieces that end where the later article changes."""
    rest = np.empty(0, np.uint64)
    for piece in pieces:
        pairs = np.concatenate([rest, piece])
        cut = int(np.searchsorted(pairs, pairs[-1:] >> np.uint64(32) << np.uint64(32)).sum())
        yield pairs[:cut]
        rest = pairs[cut:]
    yield rest


def _reach(sums: Integers, begin: int, end: int, most: int) -> int:
    """The end of the texts from `begin` on, before `end`, that take so many bytes; of one at least."""
    fitting = int(np.searchsorted(sums, sums[begin] + most, side="right")) - 1
    return min(max(fitting, begin + 1), end)


class _SpilledPairs(Found):
    """Pairs in sorted runs, those on disk and the last one in memory.

    Args:
        folder: Where they are.
        most: Pairs that are held in memory, about.
        name: What their files are called.
    """

    def __init__(self, folder: Path, most: int, name: str = "run") -> None:
        super().__init__()
        self._folder, self._name, self._most = folder, name, most
        self.clear()

    @property
    def _paths(self) -> list[Path]:
        return sorted(self._folder.glob(f"{self._name}-[0-9]*.pairs"))

    def _settle(self) -> None:
        super()._settle()
        if len(self._held) > self._most:
            self._held.tofile(self._folder / f"{self._name}-{len(self._paths):05}.pairs")
            self._held = np.empty(0, np.uint64)
            if len(self._paths) == MOST_RUNS:
                self._merge()

    def _merge(self) -> None:
        """Make one run of all: the same pairs meet in many buckets."""
        whole, paths = self._folder / f"{self._name}-merged.pairs", self._paths
        with whole.open("wb") as file:
            for pairs in _merged(paths, self._held):
                pairs.tofile(file)
        for path in paths:
            path.unlink()
        put(whole, paths[0], lasting=False)

    def merged(self) -> Iterator[Pairs]:
        """All pairs, each once, ascending, some at a time; of the runs on disk, no more is held."""
        held = self.settled()
        return _merged(self._paths, held)

    def clear(self) -> None:
        """Remove all runs, and those of a run of the job that was killed."""
        self._held = np.empty(0, np.uint64)
        for path in self._folder.glob(f"{self._name}-*.pairs"):
            path.unlink()


def _merged(paths: list[Path], held: Pairs) -> Iterator[Pairs]:
    runs = [*map(_SortedRun, paths)]
    cuts = _cuts(runs, held)
    places = [[0, *(bisect_left(run, cut) for cut in cuts.tolist()), len(run)] for run in runs]
    inside = [0, *np.searchsorted(held, cuts).tolist(), len(held)]
    for piece in range(len(cuts) + 1):
        parts = [run.read(at[piece], at[piece + 1]) for run, at in zip(runs, places, strict=True)]
        yield once([*parts, held[inside[piece] : inside[piece + 1]]])


def _cuts(runs: list[_SortedRun], held: Pairs) -> Pairs:
    """Values that cut runs into pieces of about a million pairs."""
    pieces = 1 + (sum(map(len, runs)) + len(held)) // PIECE
    samples = [[run[place] for place in range(0, len(run), 1 + len(run) // 1024)] for run in runs]
    sample = np.sort(np.concatenate([held[:: 1 + len(held) // 1024], *(np.array(one, np.uint64) for one in samples)]))
    return sample[np.linspace(0, len(sample), pieces, endpoint=False).astype(np.int64)[1:]]


class _SortedRun(Sequence[int]):
    """A run on disk, read where it is looked at: mapped, whole gigabytes would be held for the sake of a few pairs.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._length = path, path.stat().st_size // 8

    def __len__(self) -> int:
        """How many pairs there are."""
        return self._length

    def __getitem__(self, place: int) -> int:  # type: ignore[override]
        """One pair."""
        return int(self.read(place, place + 1)[0])

    def read(self, begin: int, end: int) -> Pairs:
        """Some pairs."""
        return np.fromfile(self._path, np.uint64, end - begin, offset=8 * begin)
