"""Each kind of file becomes tables: a module a format.

In: a `Job`, and the bytes of its file, decompressed. Out: tables of the columns id and text, and of the others that
the job asks for, some megabytes at a time, or few rows, which are a table together with those of other files. A broken
row is noted in the job and costs no other row; an error ends the file, and what came before it is kept, unless it is a
`DedupError`: then the file is not what was asked for.
"""

import io
from collections.abc import Callable, Iterator

from dedup.files.formats.csv_rows import csv_rows
from dedup.files.formats.documents import document
from dedup.files.formats.json_lines import json_lines
from dedup.files.formats.lake_tables import lake_table
from dedup.files.formats.pages import page
from dedup.files.formats.parquet import parquet
from dedup.files.formats.web_archives import no_texts, wacz, web_archive
from dedup.files.jobs import Job
from dedup.files.tables import Piece

READERS: dict[str, Callable[[Job, io.BufferedReader], Iterator[Piece]]] = {
    "parquet": parquet,
    "json_lines": json_lines,
    "csv": csv_rows,
    "tsv": csv_rows,
    "document": document,
    "page": page,
    **dict.fromkeys(("delta", "iceberg", "lance"), lake_table),
    "warc": web_archive,
    "wacz": wacz,
    **dict.fromkeys(("wat", "arc"), no_texts),
}
"""For each kind of `dedup.files.kinds` and `dedup.files.lakes` what reads it."""

__all__ = ["READERS"]
