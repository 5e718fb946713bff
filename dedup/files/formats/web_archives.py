"""Web archives become tables: WARC as crawlers write them, WET, and WACZ, a zip of WARCs with an index.

In: the bytes of one file, decompressed. Out: tables of at most 12 MB: of each response of status 200, resource and
conversion that is HTML or plain text a row, called by its address. Costs what its pages do: one of HTML takes 5 to 50
milliseconds. Holds one record, of 64 MB at most, and all addresses. A record that is broken costs only itself; what is
of other kinds is passed over and counted. Does not compare what several files have of one address.
"""

from __future__ import annotations

import io
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.errors import FileError, InputError
from dedup.files.compressed import decompressed
from dedup.files.formats.archived_pages import Page, address, archived_language, archived_page, page_text
from dedup.files.formats.warc_records import Telling, records
from dedup.files.formats.zips import BROKEN, unlisted, zip_of
from dedup.files.jobs import Job
from dedup.files.kinds import parts
from dedup.files.problems import counted, reason
from dedup.files.tables import Piece, Row, as_table, packed

COLUMNS = ("url", "date", "status", "mime", "declared_language", "language")
"""What is known of a page beside its id and its text; all of it is text, and null where the archive does not say."""
KINDS_NAMED = 20
"""Kinds of records that are named where they are passed over."""


def web_archive(job: Job, stream: io.BufferedReader) -> Iterator[Piece]:
    """The pages of a WARC or a WET.

    The first page of an address is called by it, later ones by ``<address> <date>``. Rows are numbered as the records
    of the file are, of whatever kind.

    Args:
        job: The file; broken records, pages without an article and undecodable bytes are noted in it, and how many
            records were passed over.
        stream: Its bytes.

    Yields:
        Tables with those of `COLUMNS` that the job asks for.

    Raises:
        FileError: There is no such column, or this is an ARC.
        MissingExtraError: FastWARC is not installed, or there is HTML and trafilatura is not.
    """
    yield from _tables(job, lambda crawl: crawl.rows(stream))


def wacz(job: Job, stream: io.BufferedReader) -> Iterator[Piece]:
    """The pages of a WACZ: those of all WARCs in it, one after the other, as if they were one.

    Args:
        job: As for `web_archive`; a member that is damaged is named in it.
        stream: Its bytes.

    Yields:
        As `web_archive`.

    Raises:
        FileError: The file is no WACZ, or there is no such column.
        MissingExtraError: As `web_archive`.
    """
    yield from _tables(job, lambda crawl: _of_members(crawl, stream))


def chosen_pages(job: Job, stream: io.BufferedReader, wanted: NDArray[np.bool_]) -> Iterator[pa.Table]:
    """Some pages of a web archive with all that is known of them.

    Args:
        job: The file.
        stream: Its bytes.
        wanted: For each record from 0 whether it is wanted; of others no text is taken.

    Yields:
        Tables of the columns id, text, and `COLUMNS`.
    """
    crawl = _Crawl(Job(replace(job.source, prefix=""), job.options, COLUMNS), wanted)
    rows = _of_members(crawl, stream) if job.source.kind == "wacz" else crawl.rows(stream)
    yield from (as_table(piece, COLUMNS) for piece in packed(rows, COLUMNS))


@dataclass
class _Crawl:
    """The archives of a file while they are read."""

    job: Job
    wanted: NDArray[np.bool_] | None = None
    """For each record whether it is wanted; None is all."""
    where: str = ""
    """What problems begin with."""
    _number: int = 0  # of the last record
    _names: Counter[str] = field(default_factory=Counter)
    _passed: Counter[str] = field(default_factory=Counter)
    _cut: int = 0
    _guessed: int = 0

    def rows(self, stream: io.BufferedReader) -> Iterator[Row]:
        """The pages of an archive."""
        for record in records(stream, Telling(self._lose, self.say), self._number):
            self._number = record.number
            try:
                found = archived_page(record)
                if isinstance(found, Page):
                    yield from self._row(found)
                elif found:
                    self._passed[found] += 1
            except (FileError, InputError) as error:
                self._lose(record.number, f"{address(record.fields) or 'a page without an address'}: {error}")

    def say(self, why: str, severity: Literal["error", "warning"]) -> None:
        """Say what is wrong with an archive."""
        self.job.say(self.where + why, severity)

    def told(self) -> None:
        """Say what was passed over, and what is not as it was."""
        kinds = [f"{count:,} {kind}" for kind, count in self._passed.most_common(KINDS_NAMED)]
        if len(self._passed) > len(kinds):
            kinds.append(f"and {len(self._passed) - len(kinds):,} other kinds")
        if passed := self._passed.total():
            self.job.pass_over(f"{counted(passed, 'record')} passed over: {', '.join(kinds)}", passed)
        for count, what in (
            (self._cut, "of which the crawler kept only a part"),
            (self._guessed, "in an encoding that had to be guessed; none is declared: say it by --encoding"),
        ):
            if count:
                self.job.say(f"{counted(count, 'page')} {what}", "warning")

    def _row(self, page: Page) -> Iterator[Row]:
        """A page, if it is wanted; all are called by their address, for a later one may have the same."""
        name = self._name(page)
        if self.wanted is not None and not (self._number <= len(self.wanted) and self.wanted[self._number - 1]):
            return
        text, undecodable, guessed = page_text(page, self.job.options.codec, self.job.options.longest_text)
        self.job.count(undecodable, self._number)
        self._guessed += guessed
        self._cut += page.cut
        named = self.job.named(None if self.job.options.id is None else name, self._number - 1)
        yield named, text, *(self._known(page, column) for column in self.job.others)

    def _name(self, page: Page) -> str | None:
        """The address, with the date where a page before had it, and with a number where that had the date, too."""
        if not page.url:
            return None
        name = f"{page.url} {page.date or ''}".rstrip() if self._names[page.url] else page.url
        self._names[name] += 1
        again = self._names[name]
        return name if again == 1 else f"{name} {again}"

    @staticmethod
    def _known(page: Page, column: str) -> str | None:
        found: str | None = archived_language(page) if column == "declared_language" else getattr(page, column)
        return found

    def _lose(self, number: int, why: str) -> None:
        self.job.lose(number, self.where + why)


def _tables(job: Job, rows: Callable[[_Crawl], Iterator[Row]]) -> Iterator[Piece]:
    for name in job.others:
        if name not in COLUMNS:
            raise FileError(f"no column {name!r}; a web archive has {', '.join(map(repr, COLUMNS))}")
    crawl = _Crawl(job)
    try:
        yield from packed(rows(crawl), job.others)
    finally:
        crawl.told()


def _of_members(crawl: _Crawl, stream: io.BufferedReader) -> Iterator[Row]:
    """The pages of the WARCs in a WACZ, in the order of their names."""
    with zip_of(stream, "this is no WACZ, or it is cut short: {}; fetch it again") as whole:
        names = sorted(name for name in whole.namelist() if parts(name)[1] == "warc")
        if not names:
            raise FileError("no WARC is in this WACZ; they should be called archive/NAME.warc.gz")
        if damage := unlisted(whole):
            crawl.say(damage, "error")
        for name in names:
            crawl.where = f"{name}: "
            try:
                yield from _of_member(crawl, whole, name)
            except BROKEN as error:
                crawl.say(reason(error), "error")


def _of_member(crawl: _Crawl, whole: zipfile.ZipFile, name: str) -> Iterator[Row]:
    with whole.open(name) as raw:
        size = whole.getinfo(name).compress_size
        with closing(decompressed(raw, parts(name)[2], size, crawl.say)) as plain:
            yield from crawl.rows(plain)
