"""What is asked of the operating system, and what is done where one has no such thing.

In: paths and open files. Out: locks that vanish with their process, files and folders that are there as a whole or not
at all and survive a power cut, room on the disk that is surely there, and figures about this process. Linux, macOS and
Windows differ in these; nothing else in the package knows how. Costs what the disk takes. Waits for no lock.
"""

from __future__ import annotations

import errno
import mmap
import os
import secrets
import shutil
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import BinaryIO

from dedup.errors import FileError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]
try:
    import msvcrt
except ImportError:  # all others
    msvcrt = None  # type: ignore[assignment]

HELD = {errno.EAGAIN, errno.EACCES, errno.EDEADLK}
"""What is said of a lock that somebody else has: the second by Windows, and by some file systems in a network."""
CANNOT_RESERVE = {errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}
"""What is said where a file system cannot set room aside."""
AT_ONCE = 1 << 20
"""Bytes that are written at once."""
PAUSES = (0.01, 0.05, 0.2, 0.5)
"""Seconds after which a name is given once more on Windows, where a virus scanner holds what was just written."""


# --- locks --------------------------------------------------------------------------------------------------------


@contextmanager
def locked(path: Path) -> Iterator[bool]:
    """Hold the lock of a file, which is made where there is none and stays; yields False where somebody else has it.

    It is nobody's as soon as its process ends, however that does. A second one in the same process is refused, too.

    Args:
        path: A file that is for nothing else.

    Raises:
        FileError: There are no locks, by the system or by its file system.
        OSError: The file cannot be opened.
    """
    file = descriptor(path)
    try:
        yield _taken(file, path)
    finally:
        os.close(file)


def _taken(file: int, path: Path) -> bool:
    """Whether the lock could be had; a soft one, a file that says who holds it, would outlive who is killed."""
    try:
        _take(file)
    except OSError as error:
        if error.errno in HELD:
            return False
        name = os.fsencode(path).decode("utf-8", "replace")
        raise FileError(f"{name!r} cannot be locked: {error.strerror}; use a disk whose files can be") from error
    return True


def _take(file: int) -> None:
    """Lock a file at once or not at all."""
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    elif msvcrt is not None:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
    else:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))


# --- whole or not at all ------------------------------------------------------------------------------------------


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write to, which takes the place of this one when all has been written.

    Args:
        path: The file to be.
    """
    temporary = path.with_name(f".dedup-{secrets.token_hex(8)}.tmp")
    try:
        with temporary.open("xb") as file:  # unlike tempfile's, these permissions follow the umask
            yield file
            settled(file)
        put(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """A folder that is there when all has been written, and not before.

    Args:
        folder: What it will be; there is none yet.
    """
    new = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    yield new
    for path in (*new.rglob("*"), new):
        synced(path)
    put(new, folder)


def descriptor(path: Path) -> int:
    """Open a file to read and write anywhere in it, which is made where there is none.

    Args:
        path: The file.
    """
    return os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)  # Windows would change line ends


def put(new: Path, place: Path, *, lasting: bool = True) -> None:
    """Give a finished file or folder its name; a file that has it is replaced in the same moment.

    Args:
        new: What it is called so far, on the same disk.
        place: What it will be called.
        lasting: Wait until the name, too, is on the disk.

    Raises:
        FileError: Windows does not give it, for another program uses what is there.
    """
    if os.name == "nt":
        _put_patiently(new, place)
    else:
        new.replace(place)
    if lasting:
        synced(place.parent)


def _put_patiently(new: Path, place: Path) -> None:
    """Give a name that may be given in a moment."""
    for pause in PAUSES:
        with suppress(PermissionError):
            new.replace(place)
            return
        time.sleep(pause)
    try:
        new.replace(place)
    except PermissionError as error:
        raise FileError(
            f"{str(new)!r} cannot be called {place.name!r}: another program uses one of them, or what is in it; close "
            "that, and run again"
        ) from error


def twin(path: Path, other: Path) -> None:
    """Give a file, or all files of a folder, a second name that is on the disk; a copy where there are no links.

    Args:
        path: The file or folder, which is on the disk.
        other: The other name; there is nothing of it.
    """
    if not path.is_dir():
        _linked(str(path), str(other))
        return
    shutil.copytree(path, other, copy_function=_linked)
    for folder in (other, *(below for below in other.rglob("*") if below.is_dir())):
        synced(folder)


def _linked(path: str, other: str) -> None:
    """A second name of a file, or a copy."""
    try:
        os.link(path, other)
    except OSError:
        shutil.copyfile(path, other)
        synced(Path(other))


def discard(path: Path) -> bool:
    """Delete a file or folder that is needed no more, if it is there; False if it stays, for Windows says it is used.

    Args:
        path: The file, or the folder with all that is in it.
    """
    try:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except PermissionError:
        if os.name != "nt":
            raise
        return False
    return True


def settled(file: BinaryIO) -> None:
    """Have what was written to an open file on the disk.

    Args:
        file: Open for writing.
    """
    file.flush()
    _to_disk(file.fileno())


def _to_disk(file: int) -> None:
    """On macOS fsync leaves it in the memory of the disk; the call that does not is missing on some file systems."""
    full = getattr(fcntl, "F_FULLFSYNC", None)
    if full is not None:
        with suppress(OSError):
            fcntl.fcntl(file, full)
            return
    os.fsync(file)


def synced(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk; other threads go on meanwhile.

    Args:
        path: The file or folder.
    """
    if os.name == "nt" and path.is_dir():  # Windows cannot, and need not
        return
    file = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        _to_disk(file)
    finally:
        os.close(file)


def reserve(file: BinaryIO, size: int) -> None:
    """Give an empty file its length, and room on the disk: a full one is an error here, not a signal later.

    Args:
        file: Open for writing.
        size: Bytes.

    Raises:
        OSError: There is no room.
    """
    try:
        os.posix_fallocate(file.fileno(), 0, size)
    except AttributeError:  # macOS and Windows
        _fill(file, size)
    except OSError as error:
        if error.errno not in CANNOT_RESERVE:
            raise
        _fill(file, size)


def _fill(file: BinaryIO, size: int) -> None:
    """Write zeros: without them a file has a length, but no room."""
    zeros = bytes(min(size, AT_ONCE))
    file.writelines(zeros[: size - begin] for begin in range(0, size, AT_ONCE))
    file.flush()


# --- who may write ------------------------------------------------------------------------------------------------


@cache
def written_by_others(folder: str) -> str:
    """What lets others than this user put a file into a folder or change one there; empty if nothing does.

    Root counts as this user, and so does a group of which this user is the only member. A folder above may have the
    sticky bit, as that for temporary files has: there others cannot rename what is not theirs. On Windows it is always
    empty: there a mode says nothing about who may write. Found once a process.

    Args:
        folder: Its path.
    """
    if os.name == "nt":
        return ""
    named, real = Path(folder).absolute(), Path(folder).resolve()
    above = dict.fromkeys((*named.parents, *real.parents))
    try:
        open_to = (_open_to_others(path, sticky=path != real) for path in (*above, named, real, *real.iterdir()))
        return next(filter(None, open_to), "")
    except OSError as error:
        return str(error)


def _open_to_others(path: Path, *, sticky: bool) -> str:
    """Who else may write to a file, or put one into a folder."""
    try:
        found = path.lstat()
    except FileNotFoundError:  # another process has just finished writing it, under another name
        return ""
    if found.st_uid not in {0, os.geteuid()}:
        return f"{str(path)!r} belongs to another user"
    if stat.S_ISLNK(found.st_mode) or (sticky and found.st_mode & stat.S_ISVTX):
        return ""
    shared = found.st_mode & stat.S_IWGRP and not _group_of_one(found.st_gid)
    return f"others may write to {str(path)!r}" if shared or found.st_mode & stat.S_IWOTH else ""


@cache
def _group_of_one(group: int) -> bool:
    """Whether this user is the only one in a group, as many systems have one for each user."""
    import grp  # noqa: PLC0415 - Windows has none
    import pwd  # noqa: PLC0415

    try:
        mine, named = pwd.getpwuid(os.geteuid()), grp.getgrgid(group)
    except KeyError:
        return False
    return mine.pw_gid == group and mine.pw_name == named.gr_name and not set(named.gr_mem) - {mine.pw_name}


# --- this process -------------------------------------------------------------------------------------------------


def around_forks(before: Callable[[], None], after: Callable[[], None]) -> None:
    """Have this called before the process is forked, and that after, in parent and child; nothing where none can be.

    Args:
        before: Called first of all that have been given.
        after: Called last.
    """
    if hasattr(os, "register_at_fork"):  # Windows has no fork
        os.register_at_fork(before=before, after_in_parent=after, after_in_child=after)


def mapped_bytes() -> int:
    """Bytes of mapped files that this process holds; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_bytes().split()[2]) * mmap.PAGESIZE
    except OSError:
        return 0


def peak_bytes() -> int:
    """Bytes that this process has held at most; 0 where the system does not tell."""
    try:
        lines = Path("/proc/self/status").read_text("ascii").splitlines()
    except OSError:
        return _peak_told()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def _peak_told() -> int:
    """The system's other figure for it, which includes what the parent of the process held."""
    try:
        import resource  # noqa: PLC0415 - Windows has none
    except ImportError:
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def moved_bytes() -> int:
    """Bytes that this process has read and written by system calls; 0 where the system does not tell."""
    try:
        lines = dict(line.split(": ") for line in Path("/proc/self/io").read_text("ascii").splitlines())
    except OSError:
        return 0
    return int(lines["rchar"]) + int(lines["wchar"])
