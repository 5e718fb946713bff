"""JSON that is not an object a line becomes tables: arrays, objects spread over lines, and objects in a row.

In: the bytes of one file, decompressed. Out: tables of at most 12 MB, a row for each object at the top or in an array
there. Reads 100 MB a second with the parser of the standard library, value by value: ijson is no faster and ends at the
first broken value. Holds a megabyte or one value. What is between the values, commas and brackets, is not judged, so
that the arrays of two runs in one file are read, too. A broken value costs all up to where the next one seems to begin.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple, TextIO

from dedup.errors import InputError
from dedup.files.bounds import LONGER
from dedup.files.encodings import SURROGATES
from dedup.files.formats.json_lines import Value, parsed_value, rows
from dedup.files.jobs import Job
from dedup.files.tables import Piece, packed

CHUNK = 1 << 20
"""Characters that are read at once."""

_BETWEEN = re.compile(r"[\s,\[\]\ufeff]*")
_NEXT = re.compile(r"(?<=\})\s*,\s*(?=\{)")
_CUT = (
    16  # characters of the longest literal, and some: where a value seems to be broken so near the end, more may come
)
_decode = json.JSONDecoder().raw_decode


def json_values(job: Job, stream: io.BufferedReader) -> Iterator[Piece]:
    """The articles of a file of JSON of any layout.

    Args:
        job: The file; broken values and undecodable bytes are noted in it.
        stream: Its bytes.

    Yields:
        Pieces, as `json_lines` makes them; the number in a made id is that of the value.

    Raises:
        FileError: No object has the column.
        ValueError: The file ends within an array, or begins there, or a value is too long.
    """
    with job.lines(stream, "\n") as text:
        yield from packed(rows(job, _values(job, text)), job.others)


class RawValue(NamedTuple):
    """A value as it stands in a file."""

    line: int
    """From 1: where it begins."""
    raw: str
    """Its characters; none where it is broken."""
    value: Any
    """What it is, or an `InputError` that says why it is nothing."""


def values_of(text: TextIO, longest: int) -> Iterator[RawValue]:
    """The values of a file.

    Args:
        text: Its characters, as `Job.lines` gives them.
        longest: Characters of a value.

    Raises:
        ValueError: The file ends within an array, or begins there, or a value is too long.
    """
    held = _Held(text, longest)
    while held.to_value():
        while isinstance(found := held.value(), json.JSONDecodeError) and held.may_be_cut(found) and held.more():
            pass
        yield RawValue(held.line, "", held.broken(found)) if isinstance(found, Exception) else held.taken(*found)
    if held.depth:
        side = "end" if held.depth > 0 else "beginning"
        raise ValueError(f"the JSON array has no {side}; the file was cut short")


class _Held:
    """A window on the characters of a file, which begins at a value or between two."""

    def __init__(self, text: TextIO, longest: int) -> None:
        self._longest = longest
        self._text, self._held, self._at, self._line = text, "", 0, 1
        self._indent: int | None = None  # of a value that begins its line
        self._first = True
        self.line = 0
        """Where the last value began, from 1."""
        self.depth = 0
        """Arrays that are open."""

    def more(self) -> bool:
        """Hold more, at least twice as much as what is left; False at the end of the file."""
        left = self._held[self._at :]
        if len(left) > self._longest:
            raise ValueError(
                f"the JSON value that begins in line {self._line:,} has more than {self._longest:,} characters; "
                f"{LONGER}"
            )
        chunk = self._text.read(max(CHUNK, len(left)))
        self._held, self._at = left + chunk, 0
        return bool(chunk)

    def _go(self, to: int) -> str:
        """Go on to a place; returns what was passed over."""
        passed, self._at = self._held[self._at : to], to
        self._line += passed.count("\n")
        return passed

    def to_value(self) -> bool:
        """Go to the next value; False if there is none."""
        gap = ""
        while True:
            found = _BETWEEN.match(self._held, self._at)
            gap += self._go(found.end() if found else self._at)
            if self._at < len(self._held):
                break
            if not self.more():
                break
        self.depth += gap.count("[") - gap.count("]")
        self._first = self.line == 0
        self._indent = len(gap.rpartition("\n")[2]) if self._first or "\n" in gap else None
        self.line = self._line
        return self._at < len(self._held)

    def value(self) -> tuple[Any, int] | Exception:
        """The value here and its end."""
        try:
            return _decode(self._held, self._at)
        except (ValueError, RecursionError) as error:
            return error

    def may_be_cut(self, error: json.JSONDecodeError) -> bool:
        """Whether a value may go on after what is held."""
        return error.msg.startswith("Unterminated") or error.pos >= len(self._held) - _CUT

    def taken(self, value: Any, end: int) -> RawValue:
        """The value here, behind which it goes on."""
        return RawValue(self.line, self._go(end), value)

    def broken(self, error: Exception) -> InputError:
        """Why the value here is none; goes on to where the next one seems to begin."""
        what, at = (error.msg, error.pos) if isinstance(error, json.JSONDecodeError) else (str(error), self._at + 1)
        self._go(at)
        line = self._line
        while not (found := self._next()):
            self._go(max(self._at, len(self._held) - _CUT))
            if not self.more():
                break
        self._go(found.start() if found else len(self._held))
        upto = f"line {self._line:,}" if found else "the end of the file"
        self.depth *= bool(found)  # its end was left out, too
        return InputError(f"not a JSON value: {what} in line {line:,}; left out up to {upto}")

    def _next(self) -> re.Match[str] | None:
        """Where the next value seems to begin: on a line of its own as the broken one, or behind a comma."""
        if self._indent is None:
            return _NEXT.search(self._held, self._at)
        on_line = re.compile(rf"\n[ \t,\[]{{0,{self._indent}}}(?=\{{)").search(self._held, self._at)
        return on_line or (_NEXT.search(self._held, self._at) if self._first else None)


def _values(job: Job, text: TextIO) -> Iterator[Value]:
    for row, piece in enumerate(values_of(text, job.options.longest_record)):
        broken_bytes = not piece.raw.isascii() and SURROGATES.search(piece.raw)
        yield Value(row, piece.line, parsed_value(job, piece.raw, piece.line) if broken_bytes else piece.value)


def as_line(piece: RawValue) -> str:
    """A value as a line: as it stands, without the line breaks of its layout, which JSON has nowhere else.

    Args:
        piece: Not a broken one.
    """
    return " ".join(map(str.strip, piece.raw.split("\n"))) if "\n" in piece.raw else piece.raw
