"""The records of a web archive: where each begins and where it ends.

In: the bytes of a WARC, decompressed. Out: its records, each with its number, its head and its block. FastWARC (the
extra ``warc``) reads the heads. Where a record ends is found out here, for the iterators of FastWARC and of warcio
leave out all that follows bytes that are no record, or pass over them, over a record cut short and over a wrong length
without a word. Here such costs one record at most, and is told. Holds one record, of 64 MB at most.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple, TypeAlias

from dedup.errors import FileError, MissingExtraError
from dedup.files.problems import counted

MOST = 1 << 26
"""Bytes of a record that are held; of a longer one there is no block."""
_LINE, _HEAD = 1 << 16, 1 << 20
_VERSION = rb"WARC/\d\.\d+[ \t]*\r?\n"
_BEGINS = re.compile(_VERSION)
_NEXT = re.compile(_VERSION + rb"(?=[\w-]+[ \t]*:)")
_ENDS = re.compile(rb"\r?\n\r?\n\Z")
_PADDING = b" \t\r\n\0"


Fields: TypeAlias = dict[str, str]
"""What a head says, by names in small letters."""


class Record(NamedTuple):
    """A record of an archive."""

    number: int
    """Its place, from 1."""
    fields: Fields
    """Its head."""
    block: bytes | None
    """What it holds; None where that is longer than `MOST`."""


class Telling(NamedTuple):
    """Who is told of what is wrong."""

    lose: Callable[[int, str], object]
    """Called with the number of a record that is left out, and why."""
    say: Callable[[str, Literal["error", "warning"]], object]
    """Called with what is wrong with the archive as a whole."""


def head(raw: bytes) -> tuple[Fields, int | None]:
    """The names and values of a head, as FastWARC reads them.

    Args:
        raw: A line that says what it is, then a name and a value each; of a record or of a response.

    Returns:
        The first value of each name, and the status of a response.

    Raises:
        MissingExtraError: FastWARC is not installed.
        OSError: The head is longer than 32 KB.
    """
    try:
        from fastwarc.warc import HeaderMap  # noqa: PLC0415 - an extra
    except ImportError:
        raise MissingExtraError("FastWARC", "warc", "Reading web archives") from None
    found = HeaderMap()
    # FastWARC takes a head whose lines end in a bare line feed for one line
    found.parse(io.BytesIO(raw if b"\r\n" in raw else raw.replace(b"\n", b"\r\n")))
    return {name.lower(): value for name, value in reversed(found.to_tuples())}, found.status_code


def records(stream: io.BufferedReader, telling: Telling, number: int = 0) -> Iterator[Record]:
    """The records of an archive, in their order.

    Args:
        stream: Its bytes.
        telling: Who is told of records that are left out.
        number: How many records were read before, of other archives.

    Yields:
        All that are whole. Where a Content-Length is wrong, a record is taken to end before the next one.

    Raises:
        FileError: This is an ARC.
        MissingExtraError: FastWARC is not installed.
    """
    return _Archive(_Bytes(stream), telling, number).records()


class _Bytes:
    """Bytes of which some may be read again."""

    def __init__(self, stream: io.BufferedReader) -> None:
        self._stream = stream
        self._again: io.BytesIO | None = None

    def line(self) -> bytes:
        """The next line with its end, or a part of a long one; nothing at the end."""
        line = self._again.readline(_LINE) if self._again else b""
        if line.endswith(b"\n"):
            return line
        self._again = None
        return line + self._stream.readline(_LINE)

    def read(self, size: int) -> bytes:
        data = self._again.read(size) if self._again else b""
        return data + self._stream.read(size - len(data)) if len(data) < size else data

    def back(self, data: bytes) -> None:
        """Take these bytes back: they come next."""
        self._again = io.BytesIO(data + (self._again.read() if self._again else b""))


class _Archive:
    """An archive while it is read."""

    def __init__(self, given: _Bytes, telling: Telling, number: int) -> None:
        self._given, self._telling, self._number, self._before = given, telling, number, number
        self._torn = False  # what comes next belongs to a record that was told of
        self._wrong: list[int] = []

    def records(self) -> Iterator[Record]:
        try:
            while line := self._begun():
                self._number += 1
                yield from self._record(line)
            if self._number == self._before:
                self._telling.say("no record of a web archive is in it; a record begins with WARC/1.0", "error")
        finally:
            if self._wrong:
                self._telling.say(
                    f"{counted(len(self._wrong), 'record')} with a wrong Content-Length, the first is record "
                    f"{self._wrong[0]:,}; read up to the record after it",
                    "warning",
                )

    def _begun(self) -> bytes:
        """The first line of the next record; nothing at the end."""
        others, first = 0, True
        while line := self._given.line():
            if _BEGINS.match(line):
                break
            if first and line.startswith(b"filedesc:"):
                raise FileError(ARC)
            others += len(line) if line.strip(_PADDING) else 0
            first = first and not others
        if others and not self._torn and (line or self._number > self._before):
            self._telling.lose(
                self._number + 1,
                f"{counted(others, 'byte')} {'before this record' if line else 'at the end'} are no record, and were "
                "left out; fetch the archive again",
            )
        self._torn = False
        return line

    def _record(self, line: bytes) -> Iterator[Record]:
        """The record that begins with this line, if it is whole."""
        raw = self._head(line)
        if raw is None:
            return
        try:
            fields, _ = head(raw)
            length = int(fields.get("content-length", ""))
            if length < 0:
                raise ValueError  # noqa: TRY301 - as what `int` refuses
        except (OSError, ValueError):
            self._lose("its head is broken, or says no Content-Length")
            return
        block, over = self._given.read(min(length, MOST)), length > MOST
        whole = len(block) == min(length, MOST) and (not over or self._passed(length - MOST))
        after = self._given.line() if whole else b""
        if whole and (not after.strip() or _BEGINS.match(after)):
            if after.strip():
                self._given.back(after)
            yield Record(self._number, fields, None if over else block)
        else:
            yield from self._mended(fields, length, block, after, cut=not whole)

    def _head(self, line: bytes) -> bytes | None:
        """Lines up to an empty one; None where there is no end."""
        lines, size = [line], len(line)
        while line.strip():
            line = self._given.line()
            lines.append(line)
            size += len(line)
            if not line:
                self._cut("whose head has no end")
                return None
            if size > _HEAD:
                self._lose(f"its head is longer than {_HEAD:,} bytes")
                return None
        return b"".join(lines)

    def _passed(self, size: int) -> bool:
        """Whether so many bytes are there, which nobody needs."""
        while size and (data := self._given.read(min(size, _HEAD))):
            size -= len(data)
        return not size

    def _mended(self, fields: Fields, length: int, block: bytes, after: bytes, *, cut: bool) -> Iterator[Record]:
        """A record that does not end where its head says: the next one tells where."""
        found = _NEXT.search(block)
        if found:
            self._given.back(block[found.start() :] + after)
            block = block[: found.start()]
            if length > MOST:
                self._telling.say(
                    f"record {self._number:,} says that it has {length:,} bytes, but others begin in it; of those only "
                    f"what is in its first {MOST:,} bytes was read; fetch the archive again",
                    "error",
                )
        elif cut:
            self._cut(f"of which {len(block):,} of {length:,} bytes are there")
            return
        else:
            block += after + self._rest(len(block))
        end = _ENDS.search(block)
        if end and len(block) <= MOST:
            self._wrong.append(self._number)
            yield Record(self._number, fields, block[: end.start()])
        else:
            self._lose(f"its Content-Length is {length:,}, but it ends after {counted(len(block), 'byte')}")

    def _rest(self, held: int) -> bytes:
        """Lines up to the next record, as many as may be held."""
        lines = []
        while line := self._given.line():
            if _BEGINS.match(line):
                self._given.back(line)
                break
            if held <= MOST:
                lines.append(line)
                held += len(line)
        return b"".join(lines)

    def _cut(self, there: str) -> None:
        self._telling.say(f"the archive is cut short in record {self._number:,}, {there}; fetch it again", "error")

    def _lose(self, why: str) -> None:
        self._torn = True
        self._telling.lose(self._number, f"{why}; fetch the archive again")


ARC = (
    "this is an ARC, the format before WARC; make a WARC of it with the command of the package warcio: "
    "warcio recompress OLD.arc.gz NEW.warc.gz"
)
"""What is said of an ARC."""
