"""Which articles are to be forgotten.

In: ids as callers give them. Out: names for `dedup.index.adding.Batch.remove`, and what is wrong with the others.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dedup.index.answers import Rejected
from dedup.index.validation import id_or_reason, listed


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
