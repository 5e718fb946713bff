"""Each kind of file becomes tables: a module a format.

In: a `Job`, and the bytes of its file, decompressed. Out: tables of the columns id and text, and of the others that
the job asks for, some megabytes at a time, or few rows, which are a table together with those of other files. A broken
row is noted in the job and costs no other row; an error ends the file, and what came before it is kept, unless it is a
`DedupError`: then the file is not what was asked for.
"""

import io
from collections.abc import Callable, Iterator
from functools import partial

from dedup.files.formats.arrow import arrow
from dedup.files.formats.books import book
from dedup.files.formats.csv_rows import csv_rows
from dedup.files.formats.documents import document
from dedup.files.formats.entries import FormatRow, entry_pieces
from dedup.files.formats.feeds import feed
from dedup.files.formats.json_lines import json_lines
from dedup.files.formats.json_values import json_values
from dedup.files.formats.lake_tables import lake_table
from dedup.files.formats.orc import orc
from dedup.files.formats.pages import page
from dedup.files.formats.parquet import parquet
from dedup.files.formats.web_archives import wacz, web_archive
from dedup.files.formats.wikis import wiki
from dedup.files.jobs import Job
from dedup.files.tables import Piece

ENTRIES: dict[str, Callable[[Job, io.BufferedReader], Iterator[FormatRow]]] = {"feed": feed, "epub": book, "wiki": wiki}
"""For each kind that has columns of its own what finds its articles."""


def _pieces(
    entries: Callable[[Job, io.BufferedReader], Iterator[FormatRow]], job: Job, stream: io.BufferedReader
) -> Iterator[Piece]:
    return entry_pieces(job, entries(job, stream))


READERS: dict[str, Callable[[Job, io.BufferedReader], Iterator[Piece]]] = {
    "parquet": parquet,
    "arrow": arrow,
    "orc": orc,
    "json_lines": json_lines,
    "json_values": json_values,
    "csv": csv_rows,
    "tsv": csv_rows,
    "document": document,
    "page": page,
    **dict.fromkeys(("delta", "iceberg", "lance"), lake_table),
    "warc": web_archive,
    "wacz": wacz,
    **{kind: partial(_pieces, entries) for kind, entries in ENTRIES.items()},
}
"""For each kind of `dedup.files.kinds` and `dedup.files.lakes` what reads it."""

__all__ = ["ENTRIES", "READERS"]
