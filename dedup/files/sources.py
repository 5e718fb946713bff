"""Paths become the files to read.

In: paths of files and folders. Out: a `Sources`: each file once, in the order of the paths, with its kind and
compression by its suffixes, the id of its article, and its size; problems with the paths; how many files of other
kinds were skipped. Costs a look at each name and the size of each file. Opens no file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from dedup.files.kinds import READABLE, parts
from dedup.files.problems import Problem, counted, escaped, reason, shown


@dataclass(frozen=True, slots=True)
class Source:
    """A file to read."""

    path: Path
    id: str
    """Of its article, or what the ids made for its rows begin with."""
    kind: str
    """A value of `kinds.KINDS`."""
    codec: str | None
    """A value of `kinds.CODECS`; None where it is not compressed."""
    size: int
    """Bytes on disk."""
    prefix: str = ""
    """What ids that its rows have begin with."""


@dataclass(slots=True)
class Sources:
    """The files that paths lead to, and what was wrong with the paths.

    Args:
        by_path: Ids begin with the whole path as it was given. Otherwise they begin with the path below the folder that
            was named, without suffixes.
        prefixed: Ids that rows have begin with that of their file, too.
    """

    files: list[Source] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    skipped: int = 0
    seen: set[str] = field(default_factory=set)
    by_path: bool = False
    prefixed: bool = False

    def add(self, path: Path) -> None:
        """Take a file, or all files of a folder and the folders in it, except hidden ones and `_temporary` of jobs.

        Args:
            path: The file or folder; it may be missing, forbidden, or have a suffix that cannot be read.
        """
        if os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises where a folder above is closed
            self._add_folder(path)
        elif not os.path.lexists(path):
            self._problem(path, "there is no such file or folder; check the name")
        elif not self._add_file(path, path.name):
            self._problem(path, f"the suffix {path.suffix!r} cannot be read; name one of {READABLE}")

    def _add_folder(self, folder: Path) -> None:
        before = len(self.problems)
        files = sorted((path.relative_to(folder).as_posix(), path) for path in self._walk(folder))
        others = [self._add_file(path, name) for name, path in files].count(False)
        self.skipped += others
        if others == len(files) and len(self.problems) == before:
            skipped = f"; {counted(others, 'file')} of other kinds skipped" if others else ""
            self._problem(folder, f"no articles in this folder{skipped}; articles are files ending in {READABLE}")

    def _walk(self, folder: Path) -> Iterator[Path]:
        """Follow links to folders, but into no folder twice: a link to a folder above would never end."""
        seen: set[str] = set()
        for here, folders, files in os.walk(folder, followlinks=True, onerror=self._closed):
            real = os.path.realpath(here)
            folders[:] = (
                [] if real in seen else sorted(name for name in folders if name[0] != "." and name != "_temporary")
            )
            if real not in seen:
                yield from (Path(here, name) for name in files if name[0] != ".")
            seen.add(real)

    def _add_file(self, path: Path, name: str) -> bool:
        """Take a file, named as below its folder; False if its suffix is not that of articles."""
        stem, kind, codec = parts(name)
        real = os.path.realpath(path)
        if kind is None or real in self.seen:
            return kind is not None
        self.seen.add(real)
        try:
            size = path.stat().st_size
            if path.is_file():
                id_ = escaped(path) if self.by_path else shown(stem)
                self.files.append(Source(path, id_, kind, codec, size, f"{id_}:" if self.prefixed else ""))
            else:  # a pipe or a device could block for ever
                self._problem(path, "not a regular file; write what it gives to a file first")
        except OSError as error:
            self._problem(path, reason(error))
        return True

    def _closed(self, error: OSError) -> None:
        self._problem(Path(error.filename), reason(error))

    def _problem(self, path: Path, why: str) -> None:
        self.problems.append(Problem(shown(path), None, why))
