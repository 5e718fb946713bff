"""What is fuzzed: where its inputs begin, and what takes one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

Take = Callable[[bytes], object]


class Target(NamedTuple):
    """A row of the table of targets."""

    seeds: Callable[[Path], Iterable[bytes]]
    """The first inputs, made in an empty folder."""
    start: Callable[[Path], Take]
    """What takes an input, and may use an empty folder; it raises a `DedupError` or nothing."""
    words: Sequence[bytes] = ()
    """What inputs are made of."""
