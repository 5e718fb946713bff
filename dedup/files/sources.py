"""Paths become the files to read.

In: paths of files and folders. Out: a `Sources`: each file once, in the order of the paths, with its kind and
compression by its suffixes, the id of its article, and its size; problems with the paths; how many files of other
kinds were skipped. Costs a look at each name and the size of each file. Opens no file.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISREG

from dedup.files.kinds import READABLE, parts
from dedup.files.problems import Problem, counted, escaped, reason, shown
from dedup.files.walking import Met, walk


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
        elif not self._add_file(Met(path.name, str(path), os.path.realpath(path), path.stat)):
            self._problem(path, f"the suffix {path.suffix!r} cannot be read; name one of {READABLE}")

    def _add_folder(self, folder: Path) -> None:
        before = len(self.problems)
        files = sorted(walk(str(folder), self._closed))
        others = [self._add_file(met) for met in files].count(False)
        self.skipped += others
        if others == len(files) and len(self.problems) == before:
            skipped = f"; {counted(others, 'file')} of other kinds skipped" if others else ""
            self._problem(folder, f"no articles in this folder{skipped}; articles are files ending in {READABLE}")

    def _add_file(self, met: Met) -> bool:
        """Take a file; False if its suffix is not that of articles."""
        stem, kind, codec = parts(met.name)
        if met.leads_out and (kind or Path(met.path).is_dir()):
            self._problem(met.path, f"a link out of this folder, to {shown(met.real)!r}; name it to have it followed")
            return True
        if kind is None or met.real in self.seen:
            return kind is not None
        self.seen.add(met.real)
        try:
            about = met.stat()
        except OSError as error:
            self._problem(met.path, reason(error))
            return True
        if S_ISREG(about.st_mode):
            path = Path(met.path)
            id_ = escaped(path if self.by_path else stem)
            self.files.append(Source(path, id_, kind, codec, about.st_size, f"{id_}:" if self.prefixed else ""))
        else:  # a pipe or a device could block for ever
            self._problem(met.path, "not a regular file; write what it gives to a file first")
        return True

    def _closed(self, error: OSError) -> None:
        self._problem(error.filename, reason(error))

    def _problem(self, path: str | Path, why: str) -> None:
        self.problems.append(Problem(shown(path), None, why))
