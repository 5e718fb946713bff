"""The pairs of an audit as CSV, and the marks in it.

In: rows of pairs, or a file that somebody has marked with any spreadsheet. Out: the file, or its marks. Written with a
byte order mark, without which Excel shows no Chinese; read with commas, semicolons or tabs, in UTF-8. What cannot be
read is refused with its row and what is allowed.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dedup import files
from dedup.errors import FileError
from dedup.files import shown
from dedup.formulas import cells_as_they_were, harmless_cell
from dedup.identity import missing

COLUMNS = ("a", "b", "similarity", "stratum", "source_a", "source_b", "text_a", "text_b", "right")
READ = ("a", "b", "right")
SUFFIXES = (".csv",)
RIGHT = frozenset("y yes true t 1 right x ✓ 是 对 對".split())  # noqa: SIM905 - a line a kind of mark
WRONG = frozenset("n no false f 0 wrong ✗ 否 不 错 錯".split())  # noqa: SIM905
UNSURE = frozenset({"?", "u", "unsure"})
SURE, NOT, NONE = 1, 0, -1
"""The marks as numbers: right, wrong, and neither."""


class Mark(NamedTuple):
    """What somebody thinks of a pair."""

    a: str
    b: str
    right: int
    """1: right, 0: wrong, -1: not marked, or not to be told."""


def write(path: str | os.PathLike[str], rows: Iterable[tuple[object, ...]], *, csv_safe: bool = False) -> None:
    """Write pairs; an existing file is replaced as a whole or not touched.

    Args:
        path: File ending in .csv.
        rows: A value a column.
        csv_safe: No text is a formula.

    Raises:
        FileError: The file cannot be written.
    """
    files.check_output(path, SUFFIXES)
    with files.replacing(path) as file:
        text = io.TextIOWrapper(file, "utf-8-sig", errors="replace", newline="")
        writer = csv.writer(text)
        writer.writerow(COLUMNS)
        writer.writerows([_harmless(cell) for cell in row] if csv_safe else row for row in rows)
        text.flush()
        text.detach()


def _harmless(cell: object) -> object:
    return harmless_cell(cell) if isinstance(cell, str) else cell


def read(path: str | os.PathLike[str]) -> list[Mark]:
    """Read marks, in the order of the file.

    Args:
        path: What `write` or the page wrote, with some of its column `right` filled in.

    Raises:
        FileError: It cannot be read, has no such columns, or holds a mark that means nothing.
    """
    name = shown(path)
    try:
        text = Path(path).read_text("utf-8-sig")
    except OSError as error:
        raise FileError(f"cannot read marks from {name!r}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise FileError(f"cannot read marks from {name!r}: it is not UTF-8; save it as CSV UTF-8") from error
    head = text.partition("\n")[0]
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count))
    try:
        places = _places(next(rows, []))
        marks = [_mark(row, places, rows.line_num) for row in rows if any(row)]
    except (ValueError, csv.Error) as error:
        raise FileError(f"cannot read marks from {name!r}: {error}") from error
    ids = cells_as_they_were([one for mark in marks for one in mark[:2]])
    return [mark._replace(a=a, b=b) for mark, a, b in zip(marks, ids[::2], ids[1::2], strict=True)]


def _places(columns: list[str]) -> list[int]:
    for column in READ:
        if column not in columns:
            raise ValueError(f"there is no column {column!r} in {columns}; name what an audit wrote")
    return [columns.index(column) for column in READ]


def _mark(row: list[str], places: list[int], line: int) -> Mark:
    if len(row) <= max(places):
        raise ValueError(f"line {line} has {len(row)} columns, which are too few")
    a, b, said = (row[place] for place in places)
    right = meant(said)
    if right is None:
        raise ValueError(f"line {line} has the mark {said!r}; write y for right, n for wrong, or nothing")
    return Mark(a, b, right)


def meant(said: object) -> int | None:
    """What a mark says: `SURE`, `NOT` or `NONE`; None where it means nothing.

    Args:
        said: A word, a truth value, 0 or 1, or a missing value.
    """
    if missing(said):
        return NONE
    if isinstance(said, bool | np.bool_ | int | float | np.number):
        return next((mark for mark in (NOT, SURE) if said == mark), None)
    word = said.strip().casefold() if isinstance(said, str) else "no mark"
    if word in RIGHT | WRONG:
        return SURE if word in RIGHT else NOT
    return NONE if not word or word in UNSURE else None
