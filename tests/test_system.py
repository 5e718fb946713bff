"""`dedup.system`: the one door to the operating system, and what is done where it lacks something."""

from __future__ import annotations

import ast
import errno
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import dedup
from dedup import DedupWarning, FileError, system
from dedup.index.on_disk import layers
from dedup.nightly.state import opened
from dedup.settings import Settings
from dedup.system import locked, put, reserve, settled, synced, twin, whole_file, whole_folder

PACKAGE = Path(dedup.__file__).parent
LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the system does not tell")
HOLDER = """
import sys, time
from pathlib import Path
from dedup.system import locked
with locked(Path(sys.argv[1])) as mine:
    print(mine, flush=True)
    time.sleep(600)
"""


class Msvcrt:
    """Windows' locks of a byte of a file, as far as they are used."""

    LK_NBLCK = 2

    def __init__(self) -> None:
        self.held: dict[int, int] = {}

    def locking(self, file: int, mode: int, size: int) -> None:
        """Lock it unless another open file of the same has."""
        assert (mode, size) == (self.LK_NBLCK, 1)
        inode = os.fstat(file).st_ino
        if self.held.setdefault(inode, file) != file:
            raise PermissionError(errno.EACCES, "Permission denied")


@pytest.fixture
def lockless(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that has no locks."""
    monkeypatch.setattr(system, "fcntl", None)


@pytest.fixture
def synced_files(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The inodes of what is written to the disk from now on."""
    inodes, fsync = [], os.fsync

    def watch(file: int) -> None:
        inodes.append(os.fstat(file).st_ino)
        fsync(file)

    monkeypatch.setattr(os, "fsync", watch)
    return inodes


# --- locks --------------------------------------------------------------------------------------------------------


def test_a_lock_has_one_holder(tmp_path: Path) -> None:
    """A second one is told so at once, and may have it when the first is done."""
    for _ in range(2):
        with locked(tmp_path / "lock") as mine, locked(tmp_path / "lock") as second:
            assert (mine, second) == (True, False)
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]


def test_a_lock_goes_with_its_process(tmp_path: Path) -> None:
    """Though that is killed and cleans nothing up."""
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "lock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "True\n"
        with locked(tmp_path / "lock") as mine:
            assert not mine
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    with locked(tmp_path / "lock") as mine:
        assert mine


def test_locks_of_windows(lockless: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are taken where those of POSIX are not to be had."""
    monkeypatch.setattr(system, "msvcrt", Msvcrt())
    with locked(tmp_path / "lock") as mine, locked(tmp_path / "lock") as second:
        assert (mine, second) == (True, False)


def test_a_file_that_cannot_be_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names it; there is no other kind of lock that is silently used instead."""

    def flock(_: int, __: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(system, "fcntl", SimpleNamespace(flock=flock, LOCK_EX=2, LOCK_NB=4))
    with pytest.raises(FileError, match=r"'.*lock' cannot be locked: No locks available; use a disk whose"):
        locked(tmp_path / "lock").__enter__()


def test_a_night_without_locks(lockless: None, tmp_path: Path) -> None:
    """Is refused, for two of them would spoil each other's state."""
    with pytest.raises(FileError, match="cannot be locked"), opened(tmp_path / "state", Settings()):
        pass
    with pytest.raises(FileError, match="cannot be locked"):
        dedup.nightly.run([tmp_path], tmp_path / "out", tmp_path / "state")


def added(folder: Path, examples: dict[str, str]) -> list[list[str]]:
    """The clusters of an index that was made of the examples in two sittings."""
    for some in (list(examples.items())[::2], list(examples.items())[1::2]):
        with dedup.Index(folder) as index:
            for name, text in some:
                index.add(name, text)
    with dedup.Index(folder) as index:
        assert index.check().problems == []
        return [cluster.ids.to_pylist() for cluster in index.clusters()]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A memory of four texts, so that a few make a segment."""
    for name, value in {"TEXTS": 4, "REBUILD": 8}.items():
        monkeypatch.setattr(layers, name, value)


def test_an_index_without_locks(
    small: None, tmp_path: Path, examples: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It answers alike, writes no segments, and says so."""
    expected = added(tmp_path / "with", examples)
    assert list((tmp_path / "with").glob("*.segment"))
    monkeypatch.setattr(system, "fcntl", None)
    with pytest.warns(DedupWarning, match=r"all texts stay in memory: '.*segments\.lock' cannot be locked"):
        assert added(tmp_path / "without", examples) == expected
    assert not list((tmp_path / "without").glob("*.segment"))


# --- whole or not at all ------------------------------------------------------------------------------------------


def test_a_file_is_whole_or_not_there(tmp_path: Path, synced_files: list[int]) -> None:
    """What was there stays until all is on the disk; then the name is on the disk, too."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(KeyError), whole_file(path) as file:  # noqa: PT012 - how it fails
        file.write(b"half")
        raise KeyError
    assert synced_files == []
    with whole_file(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert synced_files == [path.stat().st_ino, tmp_path.stat().st_ino]
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_a_folder_is_whole_or_not_there(tmp_path: Path, synced_files: list[int]) -> None:
    """Until all has been written, it has another name; what was left of a run before is not in it."""
    (tmp_path / ".folder.new").mkdir()
    (tmp_path / ".folder.new" / "old").touch()
    with pytest.raises(KeyError), whole_folder(tmp_path / "folder") as new:  # noqa: PT012 - how it fails
        (new / "a").write_text("x")
        raise KeyError
    assert not (tmp_path / "folder").exists()
    with whole_folder(tmp_path / "folder") as new:
        (new / "b" / "c").mkdir(parents=True)
        assert not (tmp_path / "folder").exists()
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["b"]
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
    folders = [tmp_path / "folder", tmp_path / "folder" / "b", tmp_path / "folder" / "b" / "c", tmp_path]
    assert sorted(synced_files) == sorted(path.stat().st_ino for path in folders)


def test_a_cache_waits_for_no_disk(tmp_path: Path, synced_files: list[int]) -> None:
    """A name that need not last is given at once; what was written may be waited for by itself."""
    (tmp_path / "old").write_text("old")
    with (tmp_path / "new").open("wb") as file:
        file.write(b"new")
        settled(file)
        assert (tmp_path / "new").read_bytes() == b"new"
    put(tmp_path / "new", tmp_path / "old", lasting=False)
    inode = (tmp_path / "old").stat().st_ino
    assert synced_files == [inode]
    synced(tmp_path / "old")
    assert synced_files == [inode, inode]


def test_names_that_windows_gives_in_a_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked again, for a virus scanner may look at the file; who goes on using it is told of."""
    refused: list[float] = []
    (tmp_path / "new").write_bytes(b"new")

    def replace(path: Path, place: Path) -> None:
        if len(refused) < 3:
            raise PermissionError(errno.EACCES, "used")
        path.rename(place)

    monkeypatch.setattr(Path, "replace", replace)
    monkeypatch.setattr(system.time, "sleep", refused.append)
    monkeypatch.setattr(system.os, "name", "nt")
    put(tmp_path / "new", tmp_path / "place", lasting=False)
    assert (tmp_path / "place").read_bytes() == b"new"
    refused.clear()
    monkeypatch.setattr(system, "PAUSES", (0.1, 0.1))
    with pytest.raises(FileError, match="place' cannot be called 'other': another program uses one of them"):
        put(tmp_path / "place", tmp_path / "other", lasting=False)


def test_windows_has_no_folders_to_wait_for(
    tmp_path: Path, synced_files: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """There a folder cannot be opened, and names are on the disk without."""
    monkeypatch.setattr(system.os, "name", "nt")
    synced(tmp_path)
    assert synced_files == []


def test_what_is_used_stays_on_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files and folders are deleted; one that is used stays, where Windows says so, and elsewhere that is an error."""
    (tmp_path / "folder" / "inside").mkdir(parents=True)
    (tmp_path / "file").touch()
    assert system.discard(tmp_path / "folder")
    assert system.discard(tmp_path / "file")
    assert system.discard(tmp_path / "file")
    assert not list(tmp_path.iterdir())

    def unlink(_: Path, **__: bool) -> None:
        raise PermissionError(errno.EACCES, "used")

    monkeypatch.setattr(Path, "unlink", unlink)
    with pytest.raises(PermissionError):
        system.discard(tmp_path / "file")
    monkeypatch.setattr(system.os, "name", "nt")
    assert not system.discard(tmp_path / "file")


def test_macos_is_asked_for_the_disk_itself(
    tmp_path: Path, synced_files: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a call of its own, or by the usual one where a file system lacks that."""
    asked: list[int] = []

    def fcntl(_: int, command: int) -> None:
        if asked:
            raise OSError(errno.ENOTSUP, "not there")
        asked.append(command)

    monkeypatch.setattr(system, "fcntl", SimpleNamespace(F_FULLFSYNC=51, fcntl=fcntl))
    synced(tmp_path)
    assert (asked, synced_files) == ([51], [])
    synced(tmp_path)
    assert synced_files == [tmp_path.stat().st_ino]


# --- room ---------------------------------------------------------------------------------------------------------


def without_reserving(monkeypatch: pytest.MonkeyPatch, error: int | None) -> None:
    """A system that cannot set room aside, or a file system that says so."""

    def refuse(*_: int) -> None:
        raise OSError(error, "refused")

    if error is None:
        monkeypatch.delattr(os, "posix_fallocate")
    else:
        monkeypatch.setattr(os, "posix_fallocate", refuse)


@pytest.mark.parametrize("error", [None, errno.EOPNOTSUPP, errno.EINVAL])
def test_room_is_set_aside_by_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int | None) -> None:
    """Where it cannot be asked for; the file has its length, and blocks for all of it."""
    without_reserving(monkeypatch, error)
    size = 3 * system.AT_ONCE + 5
    with (tmp_path / "file").open("wb") as file:
        reserve(file, size)
        assert os.fstat(file.fileno()).st_size == size
        synced(tmp_path / "file")
        assert os.fstat(file.fileno()).st_blocks * 512 >= size
    assert (tmp_path / "file").read_bytes() == bytes(size)


def test_a_full_disk_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not tried again by writing."""
    without_reserving(monkeypatch, errno.ENOSPC)
    with (tmp_path / "file").open("wb") as file, pytest.raises(OSError, match="refused"):
        reserve(file, 100)
    assert (tmp_path / "file").read_bytes() == b""


def test_an_index_where_no_room_can_be_set_aside(
    small: None, tmp_path: Path, examples: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has segments all the same, and answers alike."""
    expected = added(tmp_path / "with", examples)
    without_reserving(monkeypatch, None)
    assert added(tmp_path / "without", examples) == expected
    assert list((tmp_path / "without").glob("*.segment"))


# --- this process -------------------------------------------------------------------------------------------------


@LINUX
def test_figures_of_this_process(tmp_path: Path) -> None:
    """What it reads and writes is counted, and it held no less than any part of it."""
    before = system.moved_bytes()
    (tmp_path / "file").write_bytes(bytes(1 << 20))
    assert system.moved_bytes() >= before + (1 << 20)
    assert system.peak_bytes() > system.mapped_bytes() > 0


def test_a_system_that_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures are those of another source, or 0."""
    monkeypatch.setattr(system, "Path", lambda _: Path("/nowhere/to/be/found"))
    assert (system.mapped_bytes(), system.moved_bytes()) == (0, 0)
    assert system.peak_bytes() > 1 << 20
    monkeypatch.setitem(sys.modules, "resource", None)
    assert system.peak_bytes() == 0


# --- the one door -------------------------------------------------------------------------------------------------

OWN = {"fcntl", "msvcrt", "resource"}
CALLS = {"posix_fallocate", "fsync", "fdatasync", "rename", "renames", "lockf", "flock", "register_at_fork"}


def asked_of_the_system(tree: ast.AST) -> set[str]:
    """Modules that not every system has, and calls that mean not the same on all of them."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names} & OWN
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module or ""} & OWN
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            of_os = isinstance(node.func.value, ast.Name) and node.func.value.id == "os"
            path = len(node.args) == 1 and not node.keywords  # of a text it takes two, of a date names
            found |= {node.func.attr} & CALLS
            found |= {node.func.attr} & {"replace"} if of_os or path else set()
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("/proc/"):
            found.add("/proc")
    return found


def test_nothing_else_asks_the_system() -> None:
    """Locks, renames, waiting for the disk and figures of the process have one door."""
    asked = {
        path.relative_to(PACKAGE).as_posix(): asked_of_the_system(ast.parse(path.read_text("utf-8")))
        for path in PACKAGE.rglob("*.py")
    }
    through = {*OWN, "/proc", "posix_fallocate", "fsync", "flock", "replace", "register_at_fork"}
    assert {name: found for name, found in asked.items() if found} == {"system.py": through}


def test_all_is_imported_without_posix() -> None:
    """No module needs what Windows has not."""
    modules = ["dedup.system", "dedup.files", "dedup.index", "dedup.nightly", "dedup.nightly.job"]
    code = f"""
import sys
sys.modules.update(dict.fromkeys(["fcntl", "resource"]))
import importlib
print(all(importlib.import_module(name) for name in {modules!r}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PACKAGE.parent)
    assert done.stdout == "True\n"


def test_an_index_without_forks(tmp_path: Path) -> None:
    """Where processes are not forked, as on Windows, the index is as ever."""
    script = """
import os, sys
del os.fork, os.register_at_fork
import dedup
with dedup.Index(sys.argv[1]) as index:
    print(index.add("a", "some words that stand here").is_duplicate, len(index))
"""
    command = [sys.executable, "-c", script, str(tmp_path / "index")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "False 1\n"


# --- who may write ------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of this user, with a file in it."""
    if os.name == "nt":
        pytest.skip("modes say nothing there")
    path = tmp_path / "above" / "folder"
    path.mkdir(parents=True)
    (path / "file").write_bytes(b"")
    for place, mode in ((path.parent, 0o755), (path, 0o700), (path / "file", 0o644)):
        place.chmod(mode)
    system.written_by_others.cache_clear()
    return path


def test_a_folder_of_ones_own(folder: Path) -> None:
    """Nobody else can write there, also if it stands in one for everybody's files whose sticky bit is set."""
    assert system.written_by_others(str(folder)) == ""
    folder.parent.chmod(0o1777)
    system.written_by_others.cache_clear()
    assert system.written_by_others(str(folder)) == ""


@pytest.mark.parametrize(
    ("name", "mode"), [(".", 0o777), (".", 0o1777), (".", 0o702), ("..", 0o777), ("file", 0o666), ("file", 0o602)]
)
def test_others_can_write(folder: Path, name: str, mode: int) -> None:
    """Into the folder, into one above it, or into a file that is there."""
    (folder / name).chmod(mode)
    assert system.written_by_others(str(folder)).startswith("others may write to")


def test_a_group_can_write(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless this user is all of it."""
    folder.chmod(0o770)
    for alone in (True, False):
        monkeypatch.setattr(system, "_group_of_one", lambda _, alone=alone: alone)
        system.written_by_others.cache_clear()
        assert bool(system.written_by_others(str(folder))) != alone


@pytest.mark.parametrize("name", [".", "..", "file"])
def test_what_belongs_to_another_user(folder: Path, name: str) -> None:
    """Is as good as written by him, whatever its mode; a link of his, too."""
    try:
        os.chown(folder / name, 12345, -1)
    except PermissionError:
        pytest.skip("only root can give files away")
    assert system.written_by_others(str(folder)).endswith("belongs to another user")
    os.chown(folder / name, os.geteuid(), -1)
    (folder.parent / "link").symlink_to(folder)
    os.chown(folder.parent / "link", 12345, -1, follow_symlinks=False)
    assert "'link' belongs" in system.written_by_others(str(folder.parent / "link")).replace(f"{folder.parent}/", "")


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """Cannot be looked at, and so is not one's own."""
    assert "No such file" in system.written_by_others(str(tmp_path / "none"))


def test_a_twin_is_the_same_in_another_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file or a folder of them has a second name, or is copied where there are no links."""
    (tmp_path / "one" / "deep").mkdir(parents=True)
    (tmp_path / "one" / "deep" / "a").write_bytes(b"content")
    twin(tmp_path / "one", tmp_path / "two")
    assert (tmp_path / "two" / "deep" / "a").stat().st_nlink == 2
    twin(tmp_path / "one" / "deep" / "a", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == b"content"

    def refused(*_: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refused)
    twin(tmp_path / "one", tmp_path / "three")
    assert (tmp_path / "three" / "deep" / "a").read_bytes() == b"content"
    assert (tmp_path / "three" / "deep" / "a").stat().st_nlink == 1
