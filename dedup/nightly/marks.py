"""What of a state is forgotten, from the moment it is asked for until it is taken out.

In: rows that are no articles any more, and versions of files that are to be read again if they come back. Out: one file
of the state, written whole, which every night reads.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup.kernels import Integers
from dedup.nightly.damage import check_places, read_columns
from dedup.nightly.keeping import keep
from dedup.nightly.state import MARKED, State


class Marked(NamedTuple):
    """What is forgotten, of all there is."""

    rows: NDArray[np.bool_]
    versions: NDArray[np.bool_]
    """Of files."""


def read_marks(state: State, rows: int, versions: int, upto: int | None = None) -> Marked:
    """What has been marked.

    Args:
        state: Where it is written.
        rows: How many rows were ever read.
        versions: How many versions of files.
        upto: How many marks count, the first ones; None is all.
    """
    found = Marked(np.zeros(rows, np.bool_), np.zeros(versions, np.bool_))
    marks = _marks(state)[:upto]
    for places, marked in ((marks[marks >= 0], found.rows), (~marks[marks < 0], found.versions)):
        check_places(state.forgotten, places, len(marked))
        marked[places] = True
    return found


def keep_marks(state: State, rows: NDArray[np.bool_], versions: NDArray[np.bool_]) -> None:
    """Mark some, behind what was marked before.

    Args:
        state: Where it is written.
        rows: (n,) which rows.
        versions: (versions,) which versions of files.
    """
    before = _marks(state)
    marks = np.concatenate([np.flatnonzero(rows), ~np.flatnonzero(versions)])
    new = np.setdiff1d(marks, before)
    if len(new):
        keep(state.forgotten, {"mark": np.concatenate([before, new])})


def forgotten_versions(state: State) -> set[int]:
    """The versions of files that are forgotten."""
    marks = _marks(state)
    return set((~marks[marks < 0]).tolist())


def _marks(state: State) -> Integers:
    """In the order in which they were made."""
    if not state.forgotten.exists():
        return np.empty(0, np.int64)
    return read_columns(state.forgotten, MARKED)[0]
