"""Articles that are to be forgotten: which ones are meant, and the mark that says so.

In: all rows of a state, and what a user wants forgotten. Out: one file of the state, `forgotten.parquet`, with the rows
that are no articles any more, and the versions of files that are to be read again if they come back. The next night
does without them; `dedup.nightly.compacting` takes them out of every file. Costs a look at each row.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dedup.errors import FileError, SettingsError, warn
from dedup.files import counted, gone, is_remote
from dedup.nightly.catalogue import Catalogue
from dedup.nightly.marks import keep_marks
from dedup.nightly.state import State

ESCAPE = re.compile(rb"\\x([0-9a-f]{2})")


@dataclass(frozen=True)
class Forget:
    """What is to be forgotten; of several criteria each counts.

    Args:
        ids: Articles with these ids.
        before: Articles that were read for the last time in a night before this time, which has a time zone. Those of
            which no time is known stay.
        deleted: Articles of files that are not there any more. Where another file holds a row with the id, that row is
            the article then.

    Raises:
        SettingsError: The ids are one string, or the time has no time zone.

    Example:
        >>> from dedup import nightly
        >>> nightly.forget(state, nightly.Forget(ids=["tea-1", "tea-2"])).articles
        2
        >>> nightly.Forget(ids="tea-1")
        Traceback (most recent call last):
            ...
        dedup.errors.SettingsError: ids must be a list of ids, got 'tea-1'
    """

    ids: Sequence[str] = ()
    before: datetime | None = None
    deleted: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if isinstance(self.ids, str):
            raise SettingsError(f"ids must be a list of ids, got {self.ids!r}")
        if self.before is not None and self.before.tzinfo is None:
            raise SettingsError(f"before must have a time zone, got {self.before.isoformat()!r}")


class Forgotten(NamedTuple):
    """What was forgotten.

    Example:
        >>> from dedup import nightly
        >>> nightly.forget(state, nightly.Forget(ids=["tea-1"]))
        Forgotten(articles=1, unknown=0)
    """

    articles: int
    """How many are no articles any more."""
    unknown: int
    """How many ids are those of no article."""


def forget(state: State, catalogue: Catalogue, what: Forget) -> Forgotten:
    """Mark what is to be forgotten; it is kept with what was marked before.

    Args:
        state: Where the mark is written.
        catalogue: All rows.
        what: What is meant.

    Raises:
        FileError: Nothing would remain.
    """
    codes, unknown = _by_id(catalogue, what.ids)
    numbers = _by_time(catalogue, what.before)
    versions = _gone(catalogue.paths) if what.deleted else np.zeros(len(catalogue.paths), np.bool_)
    rows = codes | numbers[catalogue.numbers] | versions[catalogue.files]
    left = catalogue.without(rows)
    if not left.any():
        raise FileError(f"that would forget all {int(catalogue.live.sum()):,} articles; remove the state instead")
    if (rows & ~catalogue.forgotten).any() or versions.any():
        keep_marks(state, rows, versions)
    gone = catalogue.numbers[catalogue.live & ~left]
    return Forgotten(len(np.setdiff1d(gone, catalogue.numbers[left])), unknown)


def _by_id(catalogue: Catalogue, ids: Iterable[str]) -> tuple[NDArray[np.bool_], int]:
    """Rows with one of these ids, and how many of the ids are those of no article, which is warned of."""
    wanted = pa.array(list(dict.fromkeys(ids)), pa.large_string())
    rows = pc.is_in(catalogue.ids, value_set=wanted).to_numpy().astype(np.bool_)
    live = pa.chunked_array([catalogue.ids.filter(pa.array(rows & catalogue.live)).combine_chunks()])
    others = wanted.filter(pc.invert(pc.is_in(wanted, value_set=live.combine_chunks())))
    if len(others):
        warn(f"{counted(len(others), 'id')} to forget: no article has it, the first is {others[0].as_py()!r}")
    return rows, len(others)


def _by_time(catalogue: Catalogue, before: datetime | None) -> NDArray[np.bool_]:
    """(n,): the numbers of articles that were last read before a time."""
    found = np.zeros(len(catalogue), np.bool_)
    if before is not None:
        rows = np.flatnonzero(catalogue.live)
        found[catalogue.numbers[rows[catalogue.times(rows) < int(before.timestamp() * 1e6)]]] = True
    return found


def _gone(paths: pa.Array) -> NDArray[np.bool_]:
    """(versions,): whether the file of each is not there any more."""
    coded = paths.dictionary_encode()
    names = coded.dictionary.to_pylist()
    away = gone(filter(is_remote, names))
    there = np.array(
        [path not in away if is_remote(path) else any(map(os.path.lexists, _names(path))) for path in names], np.bool_
    )
    found: NDArray[np.bool_] = ~there[coded.indices.to_numpy()] & (pc.binary_length(paths).to_numpy() > 0)
    return found


def _names(path: str) -> Iterator[str | bytes]:
    """What the system may call a file that is written so: bytes that are not UTF-8 are written as escapes."""
    yield path
    if "\\x" in path:
        yield ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), os.fsencode(path))
