"""One file while it is read: what is read of it, and what has gone wrong in it so far.

In: a source and the names of the columns; then, from its reader, each row lost and each byte mended. Out: where the
columns are, ids for rows that have none, and at the end the problems of the file. Costs no memory for broken rows
after the first thousand: those are only counted. Reads nothing itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from dedup.errors import FileError
from dedup.files.bounds import TEXT
from dedup.files.encodings import SURROGATES, is_whole, mended
from dedup.files.options import AS_USUAL, ReadOptions
from dedup.files.problems import Problem, counted, shown
from dedup.files.source import Source

NAMED_ROWS = 1000
"""Broken rows of a file that are problems of their own; the rest share one."""
NAMED_COLUMNS = 20
"""Columns of a file that are named where one is missing."""


@dataclass(slots=True)
class Job:
    """A file to read, how articles lie in it, and the names of other columns that are read besides."""

    source: Source
    options: ReadOptions = AS_USUAL
    others: tuple[str, ...] = ()
    most: int = TEXT
    """Bytes of a text; a longer one is left out."""
    fault: str = ""
    """Why the file was not read to its end."""
    refused: bool = False
    """The file is not what was asked for: what was read of it is not to be kept."""
    _noted: list[Problem] = field(default_factory=list)
    _remarks: list[str] = field(default_factory=list)
    _lost: int = 0
    _mended: int = 0
    _first_mended: int = 0  # row, from 1; 0 where the file has none

    def made_id(self, row: int) -> str:
        """The id of a row that has none, counted from 0."""
        return f"{self.source.id}:{row}"

    def named(self, name: str | None, row: int) -> str:
        """The id of a row, counted from 0, that is called so; None if it has no name of its own."""
        if name is None or (self.source.prefix and not name):
            return self.made_id(row)
        return self.source.prefix + name

    def columns(self, names: Sequence[str]) -> tuple[int, int | None]:
        """Where the texts and the ids are.

        Args:
            names: Of all columns of the file.

        Returns:
            Positions in `names`; None for ids that are to be made.

        Raises:
            FileError: A column is there twice, or is missing (the default column of ids may be).
        """
        for name in self.others:
            _position(names, name, "")
        text = _position(names, self.options.text, "--text-column")
        if self.options.id is None or (self.options.id == "id" and "id" not in names):
            return text, None
        return text, _position(names, self.options.id, "--id-column")

    def mend(self, text: str, row: int) -> str:
        """Text from `encodings.characters` with U+FFFD for its undecodable bytes, which are counted."""
        text, count = mended(text)
        self.count(count, row)
        return text

    def whole(self, text: str, row: int) -> str:
        """Text with U+FFFD for lone surrogates, which JSON may contain as escapes; they are counted."""
        text, count = (text, 0) if is_whole(text) else SURROGATES.subn("\ufffd", text)
        self.count(count, row)
        return text

    def count(self, undecodable: int, row: int = 0) -> None:
        """Count bytes that could not be decoded; rows count from 1, and 0 is a file without rows."""
        if undecodable:
            self._mended += undecodable
            self._first_mended = min(self._first_mended or row, row)

    def lose(self, row: int, reason: object, count: int = 1) -> None:
        """Leave out `count` rows, of which this one, counted from 1, is the first."""
        self._lost += 1
        if self._lost <= NAMED_ROWS:
            self.note(row, str(reason), "error", count)

    def note(self, row: int | None, reason: str, severity: Literal["error", "warning"], count: int = 1) -> None:
        """Add a problem."""
        self._noted.append(Problem(shown(self.source.path), row, reason, severity, count))

    def say(self, reason: str, severity: Literal["error", "warning"]) -> None:
        """Add what is wrong with the file as a whole; an error is its fault, or the next part of it."""
        if severity == "warning":
            self._remarks.append(reason)
        else:
            self.fault = f"{self.fault}; {reason}" if self.fault else reason

    def adopt(self, problems: Sequence[Problem]) -> None:
        """Add the problems of a file that is in this one."""
        self._noted += problems

    def problems(self, articles: int) -> list[Problem]:
        """All problems of the file, once it has been read.

        Args:
            articles: How many were read.

        Returns:
            The rows lost (as one problem where all were: a file of another kind), the bytes mended, remarks, the fault.
        """
        if not articles and self._lost > 1:
            first = self._noted.pop(0)
            self._noted.clear()
            self.note(
                first.row,
                f"nothing can be read; the first of {self._lost:,} problems: {first.reason}",
                "error",
                self._lost,
            )
        elif self._lost > NAMED_ROWS:
            more = self._lost - NAMED_ROWS
            self.note(None, f"{counted(more, 'more row')} cannot be read", "error", more)
        if self._mended:
            first_row = ", the first in this row" if self._first_mended else ""
            fetched = self.source.kind in {"page", "warc", "wacz"}
            hint = "" if fetched else "; save the file as UTF-8 to keep what they stand for"
            reason = (
                f"{counted(self._mended, 'undecodable byte')} or lone surrogates replaced by U+FFFD{first_row}{hint}"
            )
            self.note(self._first_mended or None, reason, "warning")
        for remark in self._remarks:
            self.note(None, remark, "warning")
        if self.fault:
            self.note(None, self.fault, "error")
        elif not articles and not self._noted:
            self.note(None, "the file holds no articles", "warning")
        return self._noted


def _position(names: Sequence[str], name: str, option: str) -> int:
    """Where the only column of this name is."""
    if names.count(name) == 1:
        return names.index(name)
    if name in names:
        raise FileError(f"{names.count(name)} columns are called {name!r}; rename all but one")
    present = ", ".join(map(repr, names[:NAMED_COLUMNS])) + ", ..." * (len(names) > NAMED_COLUMNS)
    hint = f"; pass the right one with {option} NAME" if option else ""
    raise FileError(f"no column {name!r}; the columns are {present or 'none'}{hint}")
