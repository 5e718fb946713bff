"""Paths become the files to read.

In: paths of files and folders. Out: a `Sources`: each file once, in the order of the paths, with its kind and
compression by its suffixes, the id of its article, and its size; problems with the paths; and what was passed over,
counted by kind. Costs a look at each name and the size of each file. Opens only files whose names say nothing.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from glob import has_magic
from pathlib import Path
from stat import S_ISREG
from typing import Any

from dedup.errors import DedupError
from dedup.files.kinds import CALLED, NAMED, READABLE, UNTOLD, is_for_jobs, is_xml, parts, uncompressed
from dedup.files.lakes import LAKES, current, folders_above, lake_around, lakes_among, table_size
from dedup.files.options import AS_USUAL, ReadOptions
from dedup.files.places import Entry, is_mangled, listing
from dedup.files.problems import FAULTS, Problem, counted, escaped, reason, shown
from dedup.files.recognized import told
from dedup.files.source import Source
from dedup.files.streams import STANDARD, is_stream
from dedup.files.unread import advice, passed_over
from dedup.files.walking import UNDONE, Met, matching, walk

_PART = (
    "this is a part of {} in {!r}, and only the table knows which of its rows have been deleted or replaced; name that "
    "folder, or copy the file out of it to read it as it is"
)
_FOLLOWED = "name it to have it followed, or give --follow-links"
_ELSEWHERE = (
    "which is read on the local disk only; copy it there, or give it to dedup in Python as its library opens it, for "
    "example deltalake.DeltaTable(ADDRESS)"
)


@dataclass(slots=True)
class Sources:
    """The files that paths lead to, and what was wrong with the paths.

    Args:
        by_path: Ids begin with the whole path as it was given. Otherwise they begin with the path below the folder that
            was named, without suffixes.
        options: What a user says of the files.
        own: Real paths of files and folders that are not looked at in other folders: what the run itself writes.

    Attributes:
        missing: The paths that lead nowhere.

    Example:
        >>> from pathlib import Path
        >>> from dedup import files
        >>> sources = files.Sources()
        >>> sources.add(Path("examples/articles"))
        >>> sources.add(Path("no-such.csv"))
        >>> len(sources.files), sources.missing[0].reason
        (14, 'there is no such file or folder; check the name')
    """

    files: list[Source] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    skipped: int = 0
    seen: set[str] = field(default_factory=set)
    by_path: bool = False
    options: ReadOptions = AS_USUAL
    own: tuple[str, ...] = ()
    missing: list[Problem] = field(default_factory=list)
    named: set[str] = field(default_factory=set)
    """Paths that were named, which nobody is told of as passed over."""
    tables: dict[Path, tuple[Path, str] | None] = field(default_factory=dict)
    """For folders of which a path was named: the table that they are in, and its kind."""

    def add(self, path: Path | str) -> None:
        """Take a file, a table, or all files and tables of a folder and the folders in it.

        Names in a folder that `kinds.is_for_jobs` are left out; where they begin with "_" and files of articles are
        behind them, there is a warning.

        Args:
            path: The file or folder, an address elsewhere (a string), a pattern that files fit, a pipe or - for the
                standard input; it may be missing, forbidden, or have a suffix that cannot be read.
        """
        self.named.add(shown(path))
        self.problems = [one for one in self.problems if one.severity == "error" or one.path != shown(path)]
        if isinstance(path, str):
            self._add_remote(path)
        elif self.options.streams is not None and is_stream(path):
            self._add_stream(path)
        elif (around := self._around(path)) is not None:
            self._problem(path, _PART.format(LAKES[around[1]], shown(around[0])))
        elif os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises where a folder above is closed
            self._add_folder(path)
        elif not os.path.lexists(path):
            self._add_matching(str(path))
        elif not self._add_file(Met(path.name, str(path), os.path.realpath(path), path.stat)):
            self._problem(path, _unknown(path.name))

    def _add_folder(self, folder: Path) -> None:
        before = len(self.problems)
        self._add_all(folder, sorted(walk(str(folder), self._closed, follow=self.options.follow_links)), before)

    def _add_all(self, named: Path | str, found: list[Met], before: int) -> None:
        own = tuple(f"{one}/" for one in self.own)
        found = [met for met in found if not f"{met.real}/".startswith(own)]
        self._tell_passed_over([met for met in found if met.for_jobs])
        files = [met for met in found if not met.for_jobs]
        others = [
            met.name
            for met in files
            if not (self._add_file(met) if met.lake is None else self._add_table(met, met.lake))
        ]
        self._skip(named, others, len(files), before)

    def _around(self, path: Path) -> tuple[Path, str] | None:
        """The table that a path lies in, and its kind."""
        if path.parent not in self.tables:
            self.tables[path.parent] = lake_around(path)
        return self.tables[path.parent]

    def _tell_passed_over(self, passed: list[Met]) -> None:
        """Warn of articles behind names that begin with "_": such folders may hold the posts or drafts of a site."""
        files = Counter[str]()
        for met in passed:
            if not os.path.isdir(met.path):  # noqa: PTH112 - as lexists
                files[os.path.dirname(met.path)] += _articles([met.name])  # noqa: PTH120
            elif not met.leads_out and shown(met.path) not in self.named:
                inside = sum(_articles(names) for _, _, names in os.walk(met.path))
                self._warn(met.path, inside, "in a folder whose name begins with '_'")
        for folder, count in files.items():
            self._warn(folder, count, "whose names begin with '_'")

    def _warn(self, folder: str, count: int, why: str) -> None:
        if count:
            said = (
                f"{counted(count, 'file')} {why} passed over: such names are those of jobs; name it itself to read it"
            )
            self.problems.append(Problem(shown(folder), None, said, "warning", count, passed=True))

    def _skip(self, folder: Path | str, others: Sequence[str], of: int, before: int) -> None:
        """Tell of the files of a folder that were not taken; an error if none was, and none was one before."""
        self.skipped += len(others)
        for count, why in passed_over([uncompressed(name)[0] for name in others]):
            self.problems.append(Problem(shown(folder), None, why, "warning", count, passed=True))
        if len(others) == of and all(problem.severity == "warning" for problem in self.problems[before:]):
            skipped = f"; {counted(len(others), 'file')} of other kinds skipped" if others else ""
            self._problem(folder, f"no articles in this folder{skipped}; articles are files ending in {READABLE}")

    def _add_matching(self, pattern: str) -> None:
        before = len(self.problems)
        if is_mangled(pattern):
            self._lead_nowhere(
                pattern, "there is no such file; give an address as a string: a Path loses a slash of it"
            )
        elif not has_magic(pattern):
            self._lead_nowhere(pattern, "there is no such file or folder; check the name")
        elif files := list(matching(pattern, self._closed, follow=self.options.follow_links)):
            arounds = [self._around(Path(met.path)) for met in files]
            for around in dict.fromkeys(filter(None, arounds)):
                self._problem(pattern, _PART.format(LAKES[around[1]], shown(around[0])))
            self._add_all(pattern, [met for met, around in zip(files, arounds, strict=True) if around is None], before)
        elif len(self.problems) == before:
            self._lead_nowhere(pattern, "no file has a name that fits this pattern; check it")

    def _add_remote(self, url: str) -> None:
        before = len(self.problems)
        try:
            found = listing(url)
        except (DedupError, OSError) as error:
            self._lead_nowhere(url, reason(error))
            return
        if not found.single:
            entries = self._outside(url, found.entries)
            self._skip(url, [one.name for one in entries if not self._add_entry(one)], len(entries), before)
        elif not self._add_entry(found.entries[0]):
            self._problem(url, _unknown(found.entries[0].name))

    def _outside(self, url: str, entries: Sequence[Entry]) -> list[Entry]:
        """The files of a folder elsewhere that are in no table, of which each is a problem, and not passed over."""
        base, tables = url.rstrip("/"), lakes_among([entry.name for entry in entries])
        for table, kind in tables.items():
            self._problem(f"{base}/{table}".rstrip("/"), f"this is {LAKES[kind]}, {_ELSEWHERE}")
        outside = [entry for entry in entries if tables.keys().isdisjoint(folders_above(entry.name))]
        passed = [entry.name for entry in outside if any(map(is_for_jobs, entry.name.split("/")))]
        told = [name for name in passed if not any(part[0] == "." or part == UNDONE for part in name.split("/"))]
        self._warn(base, _articles(told), "whose names, or those of their folders, begin with '_'")
        gone = set(passed)
        return [entry for entry in outside if entry.name not in gone]

    def _add_entry(self, entry: Entry) -> bool:
        """Take a file elsewhere; False if neither its suffix nor its content is that of articles."""
        stem, kind, codec = parts(entry.name)
        if kind is None or entry.url in self.seen:
            return kind is not None
        try:
            if not self._take(entry.url, stem, kind, codec, entry.size, version=entry.version):
                return False
        except (DedupError, *FAULTS) as error:
            self._problem(entry.url, reason(error))
        self.seen.add(entry.url)
        return True

    def _add_stream(self, path: Path) -> None:
        """Take what comes through a pipe, of the kind that is named; the standard input is JSON Lines otherwise."""
        standard, streams = str(path) == STANDARD, self.options.streams
        stem, kind, codec = parts("stdin.jsonl" if standard else path.name)
        kind = NAMED.get(self.options.format or "", kind)
        if kind not in CALLED:
            self._problem(path, f"nothing says what comes through this pipe; pass --format, one of {', '.join(NAMED)}")
        elif streams is not None and str(path) not in self.seen:
            self.seen.add(str(path))
            try:
                file = streams.file(str(path))
                self._take(path, stem, kind, codec or UNTOLD, file.stat().st_size, spooled=file)
            except OSError as error:
                self._problem(path, reason(error))

    def _add_file(self, met: Met) -> bool:
        """Take a file; False if neither its suffix nor its content is that of articles."""
        stem, kind, codec = parts(met.name)
        if met.leads_out and (kind in CALLED or Path(met.path).is_dir()):
            self._problem(met.path, f"a link out of this folder, to {shown(met.real)!r}; {_FOLLOWED}")
            return True
        if met.leads_out:
            return False
        if kind is None or met.real in self.seen:
            return kind is not None
        try:
            about = met.stat()
            if not S_ISREG(about.st_mode):  # a pipe or a device could block for ever
                self._problem(met.path, "not a regular file; write what it gives to a file first")
            elif not self._take(Path(met.path), stem, kind, codec, about.st_size):
                return False
        except (DedupError, *FAULTS) as error:
            self._problem(met.path, reason(error))
        self.seen.add(met.real)
        return True

    def _add_table(self, met: Met, kind: str) -> bool:
        """Take a table, named as below the folder named, or as its own folder."""
        if met.real not in self.seen:
            self.seen.add(met.real)
            path = Path(met.path)
            try:
                name = met.name or Path(met.real).name
                self._take(path, name, kind, None, table_size(path), current=current(path, kind))
            except OSError as error:
                self._problem(path, reason(error))
        return True

    def _take(self, path: Path | str, stem: str, kind: str, codec: str | None, size: int, **more: Any) -> bool:
        """Take a source by its name below the folder; False if nothing tells its kind."""
        id_ = escaped(path if self.by_path else stem)
        prefix = f"{id_}:" if self.options.prefixed else ""
        source = self._settled(Source(path, id_, kind, codec, size, prefix, **more))
        self.files += [source] if source else []
        return source is not None

    def _settled(self, source: Source) -> Source | None:
        """The source with a kind, of which its name may say nothing; None if its content says nothing either."""
        if source.kind in CALLED:
            return source
        if self.options.format and not is_xml(str(source.path)):
            return replace(source, kind=NAMED[self.options.format])
        return told(source, self.options.text)

    def _lead_nowhere(self, path: Path | str, why: str) -> None:
        self._problem(path, why)
        self.missing.append(self.problems[-1])

    def _closed(self, error: OSError) -> None:
        self._problem(error.filename, reason(error))

    def _problem(self, path: str | Path, why: str) -> None:
        self.problems.append(Problem(shown(path), None, why))


def _articles(names: Iterable[str]) -> int:
    """How many of these names are those of files that can be read."""
    return sum(parts(name)[1] in CALLED and name[0] != "." for name in names)


def _unknown(name: str) -> str:
    """Why a file that was named is not read."""
    return f"{advice(uncompressed(name)[0])}; files that can be read end in {READABLE}"
