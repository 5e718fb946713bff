"""CSV and TSV become tables: a line of column names, then one row per article.

In: the bytes of one file, decompressed. Out: tables of at most 12 MB. Reads 100 MB a second with the standard
library: pyarrow has no line numbers, takes an unclosed quote for text up to the end, and refuses a field longer than
its block. Holds one row beside the table in the making, after an unclosed quote up to the rest of the file. A row of
another width or with quotes that do not match costs only itself. Does not guess delimiters or types.
"""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from dedup.errors import FileError
from dedup.files.bounds import LINE
from dedup.files.encodings import characters, mended
from dedup.files.jobs import Job
from dedup.files.problems import counted
from dedup.files.tables import Piece, Row, packed

_UNMATCHED = f"the quotes in this row do not match, or it has more than {LINE:,} characters; close or double them"


def csv_rows(job: Job, stream: io.BufferedReader) -> Iterator[Piece]:
    """The articles of a CSV file, or of a TSV file, which has tabs for commas.

    Args:
        job: The file; broken rows and undecodable bytes are noted in it.
        stream: Its bytes, UTF-8 or with a mark that says what else.

    Yields:
        Tables. CSV has no null: an empty text is "", an empty id is made of the number of the row.

    Raises:
        FileError: The line of column names is broken or lacks a column.
    """
    with long_fields(), characters(stream, "") as lines:
        yield from packed(_rows(job, lines), job.others)


def records(lines: Iterator[str], kind: str) -> tuple[list[str], Iterator[tuple[int, list[str] | None]]]:
    """The names of the columns of a file, and its records, each with the number of its first line.

    Args:
        lines: Of the file, as `encodings.characters` gives them.
        kind: ``"csv"`` or ``"tsv"``.

    Returns:
        Names, none where the file is empty; and records without empty lines, None for one whose quotes do not match.

    Raises:
        FileError: The line of column names is broken.
    """
    numbered = _numbered(lines, "\t" if kind == "tsv" else ",")
    every = ((number, record) for number, record in numbered if record != [])
    _, header = next(every, (1, []))
    if header is None:
        raise FileError("the quotes in the line of column names do not match; close or double them")
    return [mended(name)[0] for name in header], every


def _rows(job: Job, lines: Iterator[str]) -> Iterator[Row]:
    header, every = records(lines, job.source.kind)
    if not header:
        return
    text, ids = job.columns(header)
    others = [header.index(name) for name in job.others]
    for row, (number, record) in enumerate(every):
        if record is None:
            job.lose(number, _UNMATCHED)
        elif len(record) != len(header):
            job.lose(number, f"the row has {counted(len(record), 'field')}, the line of column names {len(header)}")
        else:
            named = None if ids is None else job.mend(record[ids], number)
            more = [job.mend(record[place], number) for place in others]
            yield job.named(named or None, row), job.mend(record[text], number), *more


def _numbered(lines: Iterator[str], delimiter: str) -> Iterator[tuple[int, list[str] | None]]:
    """Each record with the number of its first line; None for one whose quotes do not match.

    A quote that is never closed takes the lines after it for text, up to the next quote or the end. Such a record is
    taken to be its first line only, and the other lines are read again. All quotes in those come in pairs, so they
    cannot swallow each other once more, and no line is read more than twice.
    """
    number = 1
    held: list[str] = []  # the lines of the record at hand, "" for the end of the file
    again: deque[str] = deque()

    def fed() -> Iterator[str]:
        size = 0
        while line := again.popleft() if again else next(lines, ""):
            size = len(line) if not held else size + len(line)
            held.append(line)
            if size >= LINE:
                raise csv.Error
            yield line
        held.append("")

    while True:
        try:
            for record in csv.reader(fed(), delimiter=delimiter, strict=True):
                yield number, record
                number += len(held)
                held.clear()
        except csv.Error:
            sloppy = len(held) == 1 and len(held[0]) < LINE  # text after a closing quote: nothing was swallowed
            yield number, next(csv.reader(held, delimiter=delimiter)) if sloppy else None
            number += 1
            again.extendleft(reversed(held[1:]))
            held.clear()
        else:
            return


@contextmanager
def long_fields() -> Iterator[None]:
    """Lift the limit of 128 KB on a CSV field, and put it back: the whole process shares it."""
    before = csv.field_size_limit(2**31 - 1)
    try:
        yield
    finally:
        csv.field_size_limit(before)
