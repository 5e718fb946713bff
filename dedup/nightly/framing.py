"""Frames of a night: passages that many texts share while they share nothing else, and that are left out of all.

In: the texts of a night. Out: `Marks`, the windows by which frames are told in any text. A whole night looks for them
among all texts; what it finds is left out of every text that is counted, signed and judged until the next whole night,
so that signatures and document frequencies stay comparable. A partial night looks among its new texts and the latest
before them, and what it finds is left out where pairs are judged, in this and all later nights of the generation; pairs
of the latest that were judged with it are judged again. Files are Parquet. Holds two samples of at most `most` entries,
see `dedup.nightly.memory.AN_ENTRY`.
"""

from __future__ import annotations

from functools import reduce
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.kernels import Integers, Windows
from dedup.nightly.damage import rate, read_columns
from dedup.nightly.keeping import keep as keep_columns
from dedup.stages.frames import Rate, bridge, find, marking
from dedup.stages.shingles import NO_WINDOWS, Texts
from dedup.work import Progress

LOOKED_BACK = 1 << 22
"""Characters of texts of the nights before among which, too, a partial night looks for frames: a site that brings three
articles a night is seen to have a footer when there are eight."""
WINDOWS = pa.schema({"window": pa.uint64()})


class Marks(NamedTuple):
    """Windows that stand in frames."""

    keys: NDArray[np.uint64]
    """(w,), ascending."""
    rate: int
    """One window in so many was looked at, a power of two."""

    @property
    def none(self) -> Marks:
        """No windows, of the same rate."""
        return Marks(self.keys[:0], self.rate)

    def and_more(self, other: Marks) -> Marks:
        """These and others, of the coarser rate."""
        return Marks(np.union1d(self.keys, other.keys), max(self.rate, other.rate))


def found(
    texts: Texts,
    rows: Integers,
    *,
    prior_articles: float,
    most: int,
    least_rate: int = 1,
    threads: int = 1,
    progress: Progress | None = None,
) -> Marks:
    """Find the frames of some texts.

    Args:
        texts: All texts, with what stands in frames.
        rows: (d,) rows of the distinct ones among which to look.
        prior_articles: `N0`, as in `dedup.stages.weights`.
        most: Windows, and shingles, that may be sampled.
        least_rate: One window in at least so many is looked at; those of a generation have one rate.
        threads: How many to use; the result does not depend on it.
        progress: Called with batches done and in all.
    """
    windows, shingles = Rate.of(int(texts.lengths[rows].sum()), most)
    rate = Rate(max(windows, least_rate), shingles)
    frames = find(texts, rows, prior_articles=prior_articles, rate=rate, threads=threads, progress=progress)
    return Marks(np.empty(0, np.uint64) if frames is None else np.unique(frames.keys), rate.windows)


def latest(lengths: Integers, live: NDArray[np.bool_], new: int) -> Integers:
    """Numbers of the texts among which a partial night looks: the new ones, and some of those just before them.

    Args:
        lengths: (d,) characters of each text.
        live: (d,) whether an article has it.
        new: The first that is new.
    """
    before = np.flatnonzero(live[:new])[::-1]
    before = before[np.cumsum(lengths[before]) <= LOOKED_BACK]
    return np.concatenate([before[::-1], np.arange(new, len(live))])


def left_out(generation: Marks, *later: Marks) -> Windows:
    """What the frames of a generation, and those found later, mark in texts."""
    marks = reduce(Marks.and_more, later, generation)
    if not len(marks.keys):
        return NO_WINDOWS
    return marking(marks.keys, generation.rate)._replace(bridge=bridge(marks.rate))


def lost(texts: Texts, rows: Integers, before: Windows, now: Windows) -> NDArray[np.bool_]:
    """Which of some texts have fewer shingles without one than without the other.

    Args:
        texts: All texts.
        rows: (d,) rows of some; not many, for the shingles of all are made at once.
        before: What was left out.
        now: What is.

    Returns:
        bool (d,).
    """
    if np.array_equal(before.table, now.table) and before.bridge == now.bridge:
        return np.zeros(len(rows), np.bool_)
    counts = [np.diff(texts.without(windows).shingle(rows).offsets) for windows in (before, now)]
    return counts[1] < counts[0]


def keep(marks: Marks, path: Path) -> None:
    """Write windows, and their rate into the file's metadata."""
    keep_columns(path, {"window": marks.keys}, metadata={b"rate": str(marks.rate).encode()})


def read(path: Path) -> Marks:
    """Read windows."""
    every = rate(path, WINDOWS)
    (keys,) = read_columns(path, WINDOWS)
    return Marks(keys, every)
