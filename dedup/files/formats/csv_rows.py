"""CSV and TSV become tables: a line of column names, then one row per article.

In: the bytes of one file, decompressed. Out: tables of at most 12 MB. Reads 100 MB a second with the standard
library: pyarrow has no line numbers, takes an unclosed quote for text up to the end, and refuses a field longer than
its block. Holds one row beside the table in the making, after an unclosed quote up to the rest of the file. A row of
another width or with quotes that do not match costs only itself. Does not guess types.
"""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, islice

from dedup.errors import FileError, InputError
from dedup.fields import joined_texts
from dedup.files.encodings import mended
from dedup.files.formats.csv_dialects import asked_names, asked_texts, found_delimiter, said_delimiter, taken_names
from dedup.files.jobs import Columns, Job
from dedup.files.problems import counted
from dedup.files.tables import Piece, Row, packed

MOST_LINES = 10_000
"""Lines of a record that is read otherwise."""
_ESCAPES = re.compile(r'\\(["\\])')
_UNMATCHED = "the quotes in this row do not match, or it has more than {:,} characters; close or double them"


def csv_rows(job: Job, stream: io.BufferedReader) -> Iterator[Piece]:
    """The articles of a CSV file, or of a TSV file, which has tabs for commas.

    Args:
        job: The file; broken rows and undecodable bytes are noted in it.
        stream: Its bytes.

    Yields:
        Tables. CSV has no null: an empty text is "", an empty id is made of the number of the row.

    Raises:
        FileError: The line of column names is broken or lacks a column.
    """
    with long_fields(), job.lines(stream, "") as lines:
        yield from packed(_rows(job, lines), job.others)


def records(job: Job, lines: Iterable[str]) -> tuple[list[str], Iterator[tuple[int, list[str] | None]]]:
    """The names of the columns of a file, and its records, each with the number of its first line.

    Args:
        job: The file.
        lines: Of it, as `Job.lines` gives them.

    Returns:
        Names, none where the file is empty; and records without empty lines, None for one whose quotes do not match.

    Raises:
        FileError: The line of column names is broken.
    """
    lines = iter(lines)
    numbered = ((number, line) for number, line in enumerate(lines, 1) if line.strip("\r\n"))
    number, first = next(numbered, (1, ""))
    said = said_delimiter(first)
    if said:
        number, first = next(numbered, (1, ""))
    delimiter = job.options.separator or said or found_delimiter(first, job)
    every = Records(chain([first] if first else [], lines), delimiter, number, job.options.longest_record).every()
    _, header = next(every, (1, []))
    if header is None:
        raise FileError("the quotes in the line of column names do not match; close or double them")
    return [mended(name)[0] for name in header], ((at, record) for at, record in every if record != [])


def _rows(job: Job, lines: Iterator[str]) -> Iterator[Row]:
    header, every = records(job, lines)
    if not header:
        return
    names = taken_names(header, asked_names(job))
    for name, taken in zip(header, names, strict=True):
        if name != taken:
            job.tell_once(f"the column {name!r} is taken for {taken!r}")
    columns = _columns(job, names)
    texts = [names.index(name) for (name,) in columns.text]
    ids = None if columns.id is None else names.index(columns.id[0])
    others = [names.index(name) for (name,) in columns.others]
    for row, (number, record) in enumerate(every):
        if record is None:
            job.lose(number, _UNMATCHED.format(job.options.longest_record))
        elif len(record) != len(header):
            job.lose(number, f"the row has {counted(len(record), 'field')}, the line of column names {len(header)}")
        else:
            try:
                named = None if ids is None else job.mend(record[ids], number)
                text = joined_texts(job.mend(record[place], number) for place in texts)
                found = text, *(job.mend(record[place], number) for place in others)
            except InputError as error:
                job.lose(number, error)
            else:
                yield job.named(named or None, row), *found


def _columns(job: Job, names: list[str]) -> Columns:
    try:
        return job.columns(lambda at: () if at else names)
    except FileError as error:
        if set(asked_texts(job)) & set(names):
            raise
        raise FileError(
            f"{error}; the first line of CSV holds the names of the columns: where it is a row, write them before it, "
            "and where something else is between them, give --delimiter"
        ) from None


class Records:
    """The records of a file of CSV.

    A quote that is never closed takes the lines after it for text, up to the next quote or the end. Such a record is
    taken to be its first line only, and the other lines are read again. All quotes in those come in pairs, so they
    cannot swallow each other once more, and no line is read more than a few times. A record with a backslash before a
    quote, which is part of the text as Spark writes it and before the end of a field in other files, is read as the
    records before it, or if that fails the other way.

    Args:
        lines: Of the file.
        delimiter: Stands between fields.
        number: Of the first line, from 1.
        longest: Characters of a record.
    """

    def __init__(self, lines: Iterator[str], delimiter: str, number: int, longest: int) -> None:
        self._lines, self._delimiter, self._number, self._longest = lines, delimiter, number, longest
        self._held: list[str] = []  # the lines of the record at hand, "" for the end of the file
        self._again: deque[str] = deque()
        self._escaped = False
        self._names: list[str] = []

    def every(self) -> Iterator[tuple[int, list[str] | None]]:
        """Each record with the number of its first line; None for one whose quotes do not match."""
        while True:
            try:
                for record in self._reader(self._fed()):
                    whole = len(record) == len(self._names) or not (record and self._names)
                    yield self._number, record if whole else self._fitted(record)
                    self._names = self._names or record
                    self._number += len(self._held)
                    self._held.clear()
            except csv.Error:
                yield self._number, self._otherwise() or self._sloppy()
                self._number += len(self._held)
                self._held.clear()
            else:
                return

    def _reader(self, lines: Iterable[str], *, strict: bool = True) -> Iterator[list[str]]:
        return csv.reader(lines, delimiter=self._delimiter, strict=strict)

    def _fed(self) -> Iterator[str]:
        size = 0
        while line := self._again.popleft() if self._again else next(self._lines, ""):
            size = len(line) if not self._held else size + len(line)
            self._held.append(line)
            if size >= self._longest:
                raise csv.Error
            yield self._read(line)
        self._held.append("")

    def _fitted(self, record: list[str]) -> list[str]:
        """A record of another width than that of the names: but for empty ends of either, or else read otherwise."""
        width = len(self._names)
        if not any(map(str.strip, chain(record[width:], self._names[len(record) :]))):
            return record[:width] + [""] * (width - len(record))
        return self._otherwise() or record

    def _otherwise(self) -> list[str] | None:
        """The record with the other meaning of a backslash before a quote, if that makes it whole."""
        if not any('\\"' in line for line in self._held):
            return None
        held = self._held.copy()
        self._back(0)
        self._escaped = not self._escaped
        try:
            record = next(self._reader(islice(self._fed(), MOST_LINES)), [])
        except csv.Error:
            record = []
        if len(record) == len(self._names):
            return record
        self._escaped = not self._escaped
        self._back(0)
        self._held = [self._again.popleft() if line else line for line in held]
        return None

    def _back(self, kept: int) -> None:
        """Lines of the record at hand that are to be read again."""
        self._again.extendleft(reversed(list(filter(None, self._held[kept:]))))
        del self._held[kept:]

    def _sloppy(self) -> list[str] | None:
        """A record that is one line with text after a closing quote: nothing was swallowed."""
        sloppy = len(self._held) == 1 and len(self._held[0]) < self._longest
        self._back(1)
        return next(self._reader(map(self._read, self._held), strict=False)) if sloppy else None

    def _read(self, line: str) -> str:
        return _unescaped(line) if self._escaped else line


def _unescaped(line: str) -> str:
    """A line in which backslashes are before quotes and backslashes, with doubled quotes."""
    return _ESCAPES.sub(lambda found: '""' if found[1] == '"' else "\\", line) if "\\" in line and '"' in line else line


@contextmanager
def long_fields() -> Iterator[None]:
    """Lift the limit of 128 KB on a CSV field, and put it back: the whole process shares it."""
    before = csv.field_size_limit(2**31 - 1)
    try:
        yield
    finally:
        csv.field_size_limit(before)
