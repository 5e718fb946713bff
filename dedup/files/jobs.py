"""One file while it is read: what is read of it, and what has gone wrong in it so far.

In: a source and the names of the columns; then, from its reader, each row lost and each byte mended. Out: where the
columns are, ids for rows that have none, and at the end the problems of the file. Costs no memory for broken rows
after the first thousand: those are only counted. Reads nothing itself.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from dedup.errors import FileError, InputError
from dedup.fields import IDS, Inside, Path, columns_of
from dedup.files.bounds import TOO_LONG
from dedup.files.encodings import SURROGATES, characters, check_legible, decoded, detected, is_whole, marked, mended
from dedup.files.options import AS_USUAL, ReadOptions
from dedup.files.problems import Problem, counted, shown
from dedup.files.source import Source

NAMED_ROWS = 1000
"""Broken rows of a file that are problems of their own; the rest share one."""


class Columns(NamedTuple):
    """Where a file has what is read of it."""

    text: tuple[Path, ...]
    """Columns whose texts are joined, or one."""
    id: Path | None
    """None where ids are to be made."""
    others: tuple[Path, ...] = ()

    @property
    def all(self) -> tuple[Path, ...]:
        """Those to read."""
        return (*self.text, *([self.id] if self.id else []), *self.others)


@dataclass(slots=True)
class Job:
    r"""A file to read, how articles lie in it, and the names of other columns that are read besides.

    Example:
        >>> from pathlib import Path
        >>> from dedup import files
        >>> _ = Path("rows.jsonl").write_text('{"id": "a", "text": "one"}\n{"id": "b"\n')
        >>> job = files.Job(files.found("rows.jsonl").files[0])
        >>> [table.num_rows for table in files.stream(job)]
        [1]
        >>> job.problems(articles=1)[0].row
        2
    """

    source: Source
    options: ReadOptions = AS_USUAL
    others: tuple[str, ...] = ()
    told: set[str] = field(default_factory=set)
    """What was said once in this run, by all its jobs."""
    fault: str = ""
    """Why the file was not read to its end."""
    refused: bool = False
    """The file is not what was asked for: what was read of it is not to be kept."""
    _noted: list[Problem] = field(default_factory=list)
    _remarks: list[str] = field(default_factory=list)
    _lost: int = 0
    _mended: int = 0
    _first_mended: int = 0  # row, from 1; 0 where the file has none
    _encoding: str = ""  # found, where it is not UTF-8
    _recoded: int = 0  # bytes that were decoded so

    def made_id(self, row: int) -> str:
        """The id of a row that has none, counted from 0.

        Args:
            row: Its number, from 0.

        Example:
            >>> from dedup import files
            >>> files.Job(files.Source("crawl.csv", "crawl", "csv", None, 0)).made_id(6)
            'crawl:6'
        """
        return f"{self.source.id}:{row}"

    def named(self, name: str | None, row: int) -> str:
        """The id of a row, counted from 0, that is called so; None if it has no name of its own.

        Args:
            name: What it is called in the file; None for nothing.
            row: Its number, from 0.

        Example:
            >>> from dedup import files
            >>> job = files.Job(files.Source("crawl.csv", "crawl", "csv", None, 0))
            >>> job.named("page-7", 6), job.named(None, 6)
            ('page-7', 'crawl:6')
        """
        if name is None or (self.source.prefix and not name):
            return self.made_id(row)
        return self.source.prefix + name

    def columns(self, names: Sequence[str] | Inside) -> Columns:
        """Where the texts, the ids and the other columns are.

        Args:
            names: Of all columns of the file, or what gives those inside of others, too: `fields.names_inside`.

        Returns:
            Paths.

        Raises:
            FileError: A column is there twice, or is missing (the default column of ids may be).

        Example:
            >>> from dedup import files
            >>> job = files.Job(files.Source("crawl.csv", "crawl", "csv", None, 0))
            >>> job.columns(["url", "text", "likes"])
            Columns(text=(('text',),), id=('url',), others=())
        """
        others = tuple(self._column(name, names, "") for name in self.others)
        try:
            text = columns_of(self.options.text, names, "; pass the right one with --text-column NAME")
        except InputError as error:
            raise FileError(str(error)) from None
        present = names(()) or () if callable(names) else names
        name = next((name for name in self.options.ids if name in present), None)
        if name is None and self.options.id in (None, IDS[0]):
            return Columns(text, None, others)
        if name != self.options.id and name is not None:
            self.tell_once(f"no column 'id'; ids are those of {name!r}; --id-column '' makes them of rows")
        return Columns(text, self._column(name or self.options.ids[0], names, "--id-column"), others)

    def _column(self, name: str, names: Sequence[str] | Inside, option: str) -> Path:
        """The path of the only column of this name."""
        hint = f"; pass the right one with {option} NAME" if option else ""
        try:
            found = columns_of([name], names, hint)
        except InputError as error:
            raise FileError(str(error)) from None
        return found[0]

    def tell_once(self, reason: str) -> None:
        """Warn of what many files of a run may have in common, for the first of them.

        Args:
            reason: What, on one line.

        Example:
            >>> from dedup import files
            >>> job = files.Job(files.Source("crawl.csv", "crawl", "csv", None, 0))
            >>> job.tell_once("no column 'id'")
            >>> job.tell_once("no column 'id'")
            >>> [problem.reason for problem in job.problems(articles=1)]
            ["no column 'id'; said once for all files"]
        """
        if reason not in self.told:
            self.told.add(reason)
            self.say(f"{reason}; said once for all files", "warning")

    def text(self, raw: bytes) -> str:
        """A file that is one text, in the encoding that it has.

        Args:
            raw: Its bytes.

        Returns:
            The text with U+FFFD for undecodable bytes, which are counted.

        Raises:
            FileError: It is in no known encoding.
            InputError: Much of it cannot be decoded.

        Example:
            >>> from dedup import files
            >>> job = files.Job(files.Source("a.txt", "a", "document", None, 0), files.ReadOptions(encoding="gbk"))
            >>> job.text("古树茶饼".encode("gbk"))
            '古树茶饼'
        """
        encoding = self.codec(raw)
        text, undecodable = decoded(raw, encoding)
        check_legible(undecodable, len(raw), encoding)
        self.count(undecodable)
        return text

    def codec(self, raw: bytes, declared: str | None = None) -> str:
        """The encoding of a file that is one text: by its mark, as the user says, as it declares, or found, and told.

        Args:
            raw: Its bytes.
            declared: What it declares.

        Raises:
            FileError: It is in no known encoding.

        Example:
            >>> from dedup import files
            >>> job = files.Job(files.Source("a.txt", "a", "document", None, 0))
            >>> job.codec("古樹茶餅".encode()), job.codec("古樹茶餅".encode("utf-16"))
            ('utf-8', 'utf-16')
        """
        if said := marked(raw) or self.options.codec or declared:
            return said
        encoding = detected(raw)
        if encoding is None:
            raise FileError("the file is text in no known encoding; say it with --encoding NAME, or save it as UTF-8")
        if encoding != "utf-8":
            self.found(encoding, len(raw))
        return encoding

    def lines(self, stream: io.BufferedReader, newline: str) -> io.TextIOWrapper:
        r"""A file of rows as lines for `mend`, in the encoding that it has.

        Args:
            stream: Its bytes.
            newline: As for `open`.

        Example:
            >>> import io
            >>> from dedup import files
            >>> job = files.Job(files.Source("a.jsonl", "a", "json_lines", None, 0))
            >>> with job.lines(io.BufferedReader(io.BytesIO("古樹\n茶餅\n".encode())), "\n") as lines:
            ...     list(lines)
            ['古樹\n', '茶餅\n']
        """
        return characters(stream, newline, self.options.codec, self.found, longest=self.options.longest_record)

    def found(self, encoding: str, count: int) -> None:
        """Say that bytes were decoded in an encoding that was found, and is not UTF-8.

        Args:
            encoding: Its name, as Python has it.
            count: How many bytes.

        Example:
            >>> from dedup import files
            >>> job = files.Job(files.Source("a.txt", "a", "document", None, 0))
            >>> job.found("gb18030", 100)
            >>> job.problems(articles=1)[0].reason.partition(",")[0]
            'not UTF-8; read as gb18030'
        """
        self._encoding = encoding
        self._recoded += count

    def mend(self, text: str, row: int) -> str:
        r"""Text from `lines` with U+FFFD for its undecodable bytes, which are counted.

        Args:
            text: Some of it, undecodable bytes as surrogates.
            row: Its number, from 1.

        Raises:
            InputError: Much of it cannot be decoded.

        Example:
            >>> from dedup import files
            >>> job = files.Job(files.Source("a.jsonl", "a", "json_lines", None, 0))
            >>> job.mend("a long line with one byte that is not UTF-8: \udcff, and more behind it", row=1)[-25:]
            '-8: �, and more behind it'
        """
        text, count = mended(text)
        if count:
            check_legible(count, len(text.encode()), self._encoding or self.options.codec or "utf-8")
        self.count(count, row)
        return text

    def whole(self, text: str, row: int) -> str:
        r"""Text with U+FFFD for lone surrogates, which JSON may contain as escapes; they are counted.

        Args:
            text: Any string.
            row: Its number, from 1.

        Example:
            >>> from dedup import files
            >>> job = files.Job(files.Source("a.jsonl", "a", "json_lines", None, 0))
            >>> job.whole("half of an emoji: \ud83c", row=1)
            'half of an emoji: �'
        """
        text, count = (text, 0) if is_whole(text) else SURROGATES.subn("\ufffd", text)
        self.count(count, row)
        return text

    def count(self, undecodable: int, row: int = 0) -> None:
        """Count bytes that could not be decoded; rows count from 1, and 0 is a file without rows.

        Args:
            undecodable: How many, 0 or more.
            row: The row that they are in.

        Example:
            >>> from dedup import files
            >>> job = files.Job(files.Source("a.txt", "a", "document", None, 0))
            >>> job.count(2)
            >>> job.problems(articles=1)[0].reason.partition(" or")[0]
            '2 undecodable bytes'
        """
        if undecodable:
            self._mended += undecodable
            self._first_mended = min(self._first_mended or row, row)

    def lose(self, row: int, reason: object, count: int = 1) -> None:
        """Leave out `count` rows, of which this one, counted from 1, is the first.

        Args:
            row: Its number, from 1.
            reason: Why, on one line.
            count: How many, 1 or more.

        Example:
            >>> from dedup import files
            >>> job = files.Job(files.Source("a.jsonl", "a", "json_lines", None, 0))
            >>> job.lose(7, "the line is no JSON")
            >>> [(problem.row, problem.severity) for problem in job.problems(articles=6)]
            [(7, 'error')]
        """
        self._lost += 1
        if self._lost <= NAMED_ROWS:
            self.note(row, str(reason), "error", count)

    def lose_long(self, row: int) -> None:
        """Leave out a row, counted from 1, whose text is too long.

        Args:
            row: Its number, from 1.

        Example:
            >>> from dedup import files
            >>> job = files.Job(files.Source("a.jsonl", "a", "json_lines", None, 0))
            >>> job.lose_long(7)
            >>> job.problems(articles=6)[0].reason.partition(",000,")[0]
            'the text has more than 10'
        """
        self.lose(row, f"the text has more than {self.options.longest_text:,} bytes, {TOO_LONG}")

    def lose_unnamed(self, row: int, why: str) -> None:
        """Leave out a row, counted from 1, whose id cannot be one.

        Args:
            row: Its number, from 1.
            why: What is wrong with the id.

        Example:
            >>> from dedup import files
            >>> job = files.Job(files.Source("a.jsonl", "a", "json_lines", None, 0))
            >>> job.lose_unnamed(7, "the id is empty")
            >>> job.problems(articles=6)[0].reason.partition(";")[0]
            'the id is empty'
        """
        self.lose(row, f"{why}; write another, or name another column by --id-column")

    def pass_over(self, reason: str, count: int) -> None:
        """Warn of so many members, records or parts of the file that are no articles.

        Args:
            reason: What they are, on one line.
            count: How many.

        Example:
            >>> from dedup import files
            >>> job = files.Job(files.Source("a.warc", "a", "warc", None, 0))
            >>> job.pass_over("3 records are images", 3)
            >>> job.problems(articles=9)[0].passed
            True
        """
        self._noted.append(Problem(shown(self.source.path), None, reason, "warning", count, passed=True))

    def note(self, row: int | None, reason: str, severity: Literal["error", "warning"], count: int = 1) -> None:
        """Add a problem.

        Args:
            row: Its number, from 1; None for the whole file.
            reason: What is wrong, on one line.
            severity: ``"error"`` where something was left out.
            count: How many rows it stands for.

        Example:
            >>> from dedup import files
            >>> job = files.Job(files.Source("a.csv", "a", "csv", None, 0))
            >>> job.note(3, "a field is empty", "warning")
            >>> job.problems(articles=9)[0].row
            3
        """
        self._noted.append(Problem(shown(self.source.path), row, reason, severity, count))

    def say(self, reason: str, severity: Literal["error", "warning"]) -> None:
        """Add what is wrong with the file as a whole; an error is its fault, or the next part of it.

        Args:
            reason: What, on one line.
            severity: ``"error"`` where the file was not read to its end.

        Example:
            >>> from dedup import files
            >>> job = files.Job(files.Source("a.csv", "a", "csv", None, 0))
            >>> job.say("the file ends early", "error")
            >>> job.fault
            'the file ends early'
        """
        if severity == "warning":
            self._remarks.append(reason)
        else:
            self.fault = f"{self.fault}; {reason}" if self.fault else reason

    def adopt(self, problems: Sequence[Problem]) -> None:
        """Add the problems of a file that is in this one.

        Args:
            problems: As its own job has them.

        Example:
            >>> from dedup import files
            >>> archive = files.Job(files.Source("a.zip", "a", "zip", None, 0))
            >>> archive.adopt([files.Problem("a.zip!b.csv", 3, "a field is empty")])
            >>> archive.problems(articles=9)[0].path
            'a.zip!b.csv'
        """
        self._noted += problems

    def problems(self, articles: int) -> list[Problem]:
        """All problems of the file, once it has been read.

        Args:
            articles: How many were read.

        Returns:
            The rows lost (as one problem where all were: a file of another kind), the bytes mended, remarks, the fault.

        Example:
            >>> from dedup import files
            >>> files.Job(files.Source("a.csv", "a", "csv", None, 0)).problems(articles=0)[0].reason
            'the file holds no articles'
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
        if self._encoding:
            share = f"{self._mended:,} of {counted(self._recoded, 'byte')} did not decode"
            reason = f"not UTF-8; read as {self._encoding}, {share}; say it with --encoding NAME if it is another"
            self.note(self._first_mended or None, reason, "warning")
        elif self._mended:
            first_row = ", the first in this row" if self._first_mended else ""
            fetched = self.source.kind in {"page", "warc", "wacz"}
            hint = "" if fetched else "; save the file as UTF-8 to keep what they stand for"
            if self.options.encoding is not None:
                hint = f"; is it {self.options.encoding}, as --encoding says?"
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
