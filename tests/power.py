"""A disk that forgets what it was not told to keep: what a folder may hold after the power has gone.

In: a folder, and work on it in this process. Out: for each moment before a file or a name is synced, renamed or removed
a `Moment`: what is in the folder, and what of it is surely on the disk, and from these the folders that a reset of the
machine may leave. The contents of a file are kept when it is synced, and names when the folder that they are in is.
What was not kept may be there, or not, or in part, each for itself; more than that no file system may lose. Costs a
read of the whole folder at each moment.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest

CALLS = ("fsync", "rename", "replace", "mkdir", "unlink", "rmdir")
BLOCK = 512
"""Bytes that a disk writes at once."""
Names = Mapping[str, int]
"""Of all that is in a folder, and the number of each."""


class Held(NamedTuple):
    """What is in a folder, or on the disk, by numbers that nothing else ever has."""

    folders: dict[int, Names]
    files: dict[int, bytes]


class Moment(NamedTuple):
    """What is there, and what stays without power."""

    call: str
    root: int
    now: Held
    kept: Held

    def put(self, path: Path, rng: Random) -> None:
        """Write what may be left.

        Args:
            path: The folder; there is none yet.
            rng: Decides of all that was not kept whether it is there.
        """
        mood = rng.choice(("lost", "there", "torn", "mixed"))
        self._folder(path, self.root, rng, mood)

    def _folder(self, path: Path, number: int, rng: Random, mood: str) -> None:
        path.mkdir()
        old, new = self.kept.folders.get(number, {}), self.now.folders.get(number, {})
        for name in sorted({*old, *new}):
            choices = {"lost": [old], "there": [new], "torn": [new]}.get(mood, [old, new])
            one = rng.choice(choices).get(name)
            if one in self.now.folders or one in self.kept.folders:
                self._folder(path / name, one, rng, mood)
            elif one is not None:
                (path / name).write_bytes(self._content(one, rng, mood))

    def _content(self, number: int, rng: Random, mood: str) -> bytes:
        """As it was synced, as it is, or of any length between, and of each block one or the other."""
        old = self.kept.files.get(number, b"")
        new = self.now.files.get(number, old)
        if mood != "torn":
            return rng.choice({"lost": [old], "there": [new]}.get(mood, [old, new]))
        size = rng.choice((len(old), len(new), rng.randint(*sorted((len(old), len(new))))))
        blocks = (rng.choice((old, new))[at : at + BLOCK].ljust(BLOCK, b"\0") for at in range(0, size, BLOCK))
        return b"".join(blocks)[:size]


class Disk:
    """What is kept of a folder while others work on it.

    Args:
        path: The folder; all that is in it so far is on the disk.
        beside: Names in it that are not looked at.
        trusted: Names of files in it that are always kept: those of SQLite, which syncs them itself, and promises it.
    """

    def __init__(self, path: Path, beside: tuple[str, ...] = (), trusted: tuple[str, ...] = ()) -> None:
        self._path, self._beside, self._trusted = path, beside, trusted
        self.kept = self.held()
        self.moments: list[Moment] = []

    def held(self) -> Held:
        """All that is there now; trusted files as they were at one time, though other threads go on."""
        while True:
            before, found = self._stamps(), Held({}, {})
            self._look(self._path, found)
            if self._stamps() == before:
                return found

    def _stamps(self) -> list[tuple[int, int]]:
        every = (self._path / name for name in self._trusted)
        return [(one.stat().st_mtime_ns, one.stat().st_size) for one in every if one.exists()]

    def moment(self, call: str) -> Moment:
        """What is there, and what is kept, now."""
        now, kept, root = self.held(), Held(dict(self.kept.folders), dict(self.kept.files)), self._path.stat().st_ino
        names = {name: now.folders[root][name] for name in self._trusted if name in now.folders[root]}
        kept.folders[root] = {**kept.folders[root], **names}
        kept.files.update({number: now.files[number] for number in names.values()})
        return Moment(call, root, now, kept)

    def _look(self, folder: Path, found: Held) -> None:
        names: dict[str, int] = {}
        for path in folder.iterdir():
            if path.name in self._beside:
                continue
            with suppress(FileNotFoundError):  # another thread has removed it
                number = path.lstat().st_ino
                if path.is_dir():
                    self._look(path, found)
                else:
                    found.files[number] = path.read_bytes()
                names[path.name] = number
        found.folders[folder.stat().st_ino] = names

    def sync(self, number: int) -> None:
        """A file or folder is kept as it is."""
        now = self.held()
        if number in now.folders:
            self.kept.folders[number] = now.folders[number]
        elif number in now.files:
            self.kept.files[number] = now.files[number]

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Note moments, and what is synced, from now on."""

        def watch(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
            def instead(*arguments: Any, **options: Any) -> Any:
                self.moments.append(self.moment(name))
                done = call(*arguments, **options)
                if name == "fsync":
                    self.sync(os.fstat(arguments[0]).st_ino)
                return done

            return instead

        with pytest.MonkeyPatch.context() as patch:
            for name in CALLS:
                patch.setattr(os, name, watch(name, getattr(os, name)))
            yield
