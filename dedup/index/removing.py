"""Which articles are to be forgotten.

In: ids as callers give them, or a time and a view of the store. Out: names for `dedup.index.adding.Batch.remove`, and
what is wrong with the others.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from typing import Any

from dedup.errors import DedupWarning
from dedup.index.answers import Rejected
from dedup.index.store import Reader
from dedup.index.validation import id_or_reason, listed

AT_ONCE = 1000
"""Articles that are forgotten in one transaction, so that other writers do not wait long."""


def sorted_ids(ids: Any) -> tuple[list[str], list[Rejected]]:
    """The ids in their order, and the rows that are rejected.

    Raises:
        InputError: They are not a list.
    """
    names, rejected = [], []
    for row, given in enumerate(listed(ids)):
        name, reason = id_or_reason(given)
        if reason:
            rejected.append(Rejected(row, given, reason))
        else:
            names.append(name)
    return names, rejected


def missing(ids: Iterable[str], there: Iterable[str]) -> list[str]:
    """The ids that were not there, or no longer when they came for the second time."""
    left, lacking = set(there), []
    for id_ in ids:
        if id_ in left:
            left.remove(id_)
        else:
            lacking.append(id_)
    return lacking


def outdated(reader: Reader, before: int) -> tuple[list[str], int]:
    """The articles that were last seen before this second, and of how many that is not known."""
    old, unknown = [], 0
    for id_, span in reader.scan_spans():
        if span is None:
            unknown += 1
        elif span.last < before:
            old.append(id_)
    return old, unknown


def warn_of_unknown(count: int) -> None:
    """Say that some articles have no time."""
    warnings.warn(
        f"of {count:,} articles it is not known when they were seen, as they were added before times were kept; they "
        "stay: add them again, or remove them by their ids",
        DedupWarning,
        stacklevel=3,
    )


def in_batches(ids: list[str]) -> Iterator[list[str]]:
    """Ids, as many at a time as are forgotten in one transaction."""
    return (ids[at : at + AT_ONCE] for at in range(0, len(ids), AT_ONCE))
