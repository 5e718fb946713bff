"""Articles of formats that have columns of their own: feeds, books, wikis.

In: entries, each a row with its values by column. Out: tables of at most 12 MB. Holds what one table holds. The column
of texts is always ``text``; that of ids is ``id`` unless another one of the format was asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from dedup.files.jobs import Job
from dedup.files.tables import Piece, Row, packed


class FormatRow(NamedTuple):
    """An article of a file."""

    row: int
    """From 0."""
    values: Mapping[str, str | None]
    """By the names of the columns, which are the same for each entry of a file."""


def entry_pieces(job: Job, entries: Iterable[FormatRow]) -> Iterator[Piece]:
    """Entries as pieces.

    Args:
        job: The file. Columns that the format does not have are null, as in files of text.
        entries: Its articles.

    Yields:
        Pieces.
    """
    yield from packed(_rows(job, entries), job.others)


def _rows(job: Job, entries: Iterable[FormatRow]) -> Iterator[Row]:
    for row, values in entries:
        column = next(iter(job.options.ids), None)
        name = None if column is None else values.get(column, values["id"])
        yield job.named(name, row), values["text"], *(values.get(other) for other in job.others)
