"""Folders and patterns become the files that are in them, or fit them.

In: a folder, or a pattern. Out: every file below it, and every folder that is a table, as `Met`; nothing hidden, and
nothing that a link fetches from elsewhere, unless that is asked for: who fills a folder must not choose what else of
this machine is read. Links that stay in the folder are followed, into no folder twice, for a link to a folder above
would never end. Costs one call of the system a folder. Opens no file.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from glob import glob
from pathlib import Path
from typing import NamedTuple

from dedup.files.kinds import is_for_jobs
from dedup.files.lakes import lake_kind
from dedup.files.places import before_magic

UNDONE = "_temporary"
"""The folder in which Hadoop and Spark write what is not done, or never was: nobody misses what is in it."""


class Met(NamedTuple):
    """A file that was met on the way."""

    name: str
    """Its path below the folder, with slashes."""
    path: str
    real: str
    """Its path without links."""
    stat: Callable[[], os.stat_result]
    """What it is, if it is a link then what that leads to."""
    leads_out: bool = False
    """Whether it is a link out of the folder."""
    for_jobs: bool = False
    """Whether its name, which begins with "_", is one that jobs give: if it is a folder, what is in it is not met."""
    lake: str | None = None
    """What table it is, if it is a folder that is one; what is in it is not met, and the folder itself has no name."""


def walk(folder: str, failed: Callable[[OSError], object], *, follow: bool = False) -> Iterator[Met]:
    """All files of a folder and of the folders in it.

    Args:
        folder: Its path. If that is a link it is followed: it was chosen by whoever gave it.
        failed: Called with the error of a folder that cannot be opened.
        follow: Follow links out of the folder, too.

    Yields:
        The files, links to folders elsewhere, and folders that are tables or those of jobs, folder by folder.
    """
    top = os.path.realpath(folder)
    inside, seen = os.path.join(top, ""), set[str]()  # noqa: PTH118 - as everything here: a path a file is slow
    waiting = [("", folder, top)]
    while waiting:
        below, here, real = waiting.pop()
        if real in seen:
            continue
        seen.add(real)
        try:
            with os.scandir(here) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            failed(error)
            continue
        lake = lake_kind(here, {entry.name for entry in found})
        if lake is not None:
            yield Met(below[:-1], here, real, partial(os.stat, here), lake=lake)
            continue
        folders = []
        for entry in found:
            if is_hidden(entry.name):
                continue
            link = entry.is_symlink()
            where = os.path.realpath(entry.path) if link else os.path.join(real, entry.name)  # noqa: PTH118
            out = link and not (follow or (where + os.sep).startswith(inside))
            for_jobs = is_for_jobs(entry.name)
            if out or for_jobs or not _is_folder(entry):
                yield Met(below + entry.name, entry.path, where, entry.stat, out, for_jobs)
            else:
                folders.append((f"{below}{entry.name}/", entry.path, where))
        waiting += reversed(folders)


def matching(pattern: str, failed: Callable[[OSError], object], *, follow: bool = False) -> Iterator[Met]:
    """The files that a pattern fits, and those in the folders that it fits, named below what has no magic in it.

    Links out of that are not followed, for a pattern chooses none of them by its name.

    Args:
        pattern: A path with `*`, `?` or `[` in it; `**` is any folders.
        failed: Called with the error of a folder that cannot be opened.
        follow: Follow them.
    """
    base, folders = before_magic(pattern) or os.curdir, set[Path]()
    inside = os.path.join(os.path.realpath(base), "")  # noqa: PTH118
    for path in sorted(glob(pattern, recursive=True)):  # noqa: PTH207 - absolute ones, too
        name = Path(os.path.relpath(path, base)).as_posix()
        if not folders.isdisjoint(Path(path).parents):
            continue
        real = os.path.realpath(path)
        out = not (follow or (real + os.sep).startswith(inside))
        if out or not os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises where a folder above is closed
            yield Met(name, path, real, Path(path).stat, out)
            continue
        folders.add(Path(path))
        yield from (
            met._replace(name=f"{name}/{met.name}".rstrip("/")) for met in sorted(walk(path, failed, follow=follow))
        )


def is_hidden(name: str) -> bool:
    """Whether a file or folder is passed over.

    Args:
        name: Without the folders that it is in.
    """
    return (name.startswith(".") and name not in (".", "..")) or name == UNDONE


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # links in a circle
        return False
