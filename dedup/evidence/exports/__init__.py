"""Indicators with the campaigns and clusters that hold them, for other programs.

In: `HeldIndicator`s, one for each indicator of a campaign, or of a cluster that belongs to none. Out: CSV, here, or
STIX 2.1, by `dedup.evidence.exports.stix` (extra `stix`). Same input, same bytes. Costs microseconds a row. Opens no
file, and leaves nothing out: the caller leaves out public services (`dedup.evidence.indicators.services.public`).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from dedup.evidence.indicators import Indicator
from dedup.evidence.indicators.services import public
from dedup.formulas import harmless_cell

COLUMNS = ("kind", "value", "members", "of", "public", "campaign", "clusters", "first", "last")
"""Of the CSV file.

| column | what it holds |
|---|---|
| `kind`, `value` | as `dedup.evidence.indicators.KINDS` says |
| `members`, `of` | how many articles of the campaign hold it (of the cluster, if there is none), of how many |
| `public` | `yes` if it belongs to a public service (`dedup.evidence.indicators.services.public`), else `no` |
| `campaign` | its id, or nothing |
| `clusters` | ids of the clusters that hold it, with a blank between |
| `first`, `last` | dates of the oldest and the newest article that holds it, in ISO 8601, or nothing |
"""


class HeldIndicator(NamedTuple):
    """An indicator, and who holds it."""

    indicator: Indicator
    """Its members are those of the campaign, or of the cluster if there is none."""
    campaign: str | int | None
    """The campaign's id."""
    clusters: tuple[str | int, ...]
    """Ids of the clusters that hold it; articles that are alone have none."""
    first: datetime | None = None
    """Date of the oldest article that holds it."""
    last: datetime | None = None
    """Date of the newest."""


def as_csv(held: Iterable[HeldIndicator], *, exact: bool = False) -> str:
    """A CSV file with the columns `COLUMNS`, in the order given, with a line of names.

    Args:
        held: Indicators and who holds them.
        exact: Values as they are. Otherwise one that a spreadsheet would take as a formula or a number (`@name`,
            `+8613812345678`) begins with an apostrophe that is no part of it.

    Example:
        >>> from dedup.evidence.indicators import Indicator
        >>> as_csv([HeldIndicator(Indicator("handle", "@yunlu_tea", 4, 5), 7, (1, 12))]).splitlines()[1]
        "handle,'@yunlu_tea,4,5,no,7,1 12,,"
    """
    stream = io.StringIO()
    writer = csv.writer(stream)  # lines end as RFC 4180 says; with a bare \n, Python leaves \r unquoted
    writer.writerow(COLUMNS)
    for one in held:
        row = _row(one)
        writer.writerow(row if exact else map(harmless_cell, row))
    return stream.getvalue()


def _row(held: HeldIndicator) -> list[str]:
    one = held.indicator
    return [
        one.kind,
        one.value,
        str(one.members),
        str(one.of),
        "yes" if public(one.kind, one.value) else "no",
        "" if held.campaign is None else str(held.campaign),
        " ".join(map(str, held.clusters)),
        *("" if date is None else date.isoformat() for date in (held.first, held.last)),
    ]
