"""A process as it would be on macOS or on Windows, as far as Linux can play them: `python tests/elsewhere.py --help`.

In: the system to play, what to do, an empty folder. Out: what was found, as JSON, which is the same on every system.
What a system lacks is taken away before anything else is imported. On Windows a file that is open or mapped can be
neither renamed, replaced, deleted nor emptied, and names have fewer characters: an audit hook looks at every call, and
the kernel says which files this process has open, also for Arrow and SQLite. Needs Linux.
"""

from __future__ import annotations

import argparse
import errno
import json
import os
import shutil
import sys
import tempfile
import threading
import zoneinfo
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PROC = "/proc/"

WINDOWS_LACKS = {
    "os": """
        chroot copy_file_range eventfd fchdir fchown fdatasync fork forkpty fpathconf fstatvfs get_blocking getegid
        geteuid getgid getgroups getloadavg getpgid getpgrp getpriority getrandom getresgid getresuid getsid getuid
        getxattr initgroups killpg lchown listxattr lockf memfd_create mkfifo mknod nice openpty pathconf pidfd_open
        pipe2 posix_fadvise posix_fallocate pread preadv pwrite pwritev readv register_at_fork
        removexattr sched_getaffinity sched_setaffinity sched_yield sendfile setegid seteuid setgid setgroups setpgid
        setpriority setregid setresgid setresuid setreuid setsid setuid setxattr splice statvfs sync sysconf tcgetpgrp
        tcsetpgrp ttyname uname wait wait3 wait4 waitid writev O_CLOEXEC O_DIRECTORY O_DSYNC O_NOCTTY O_NOFOLLOW
        O_SYNC PRIO_PROCESS WNOHANG
    """,
    "signal": "SIGALRM SIGBUS SIGCHLD SIGCONT SIGHUP SIGKILL SIGPIPE SIGQUIT SIGSTOP SIGUSR1 SIGUSR2 alarm pause",
    "mmap": "MADV_DONTNEED MADV_RANDOM MADV_SEQUENTIAL MADV_WILLNEED MAP_PRIVATE MAP_SHARED PROT_READ PROT_WRITE",
    "time": "tzset",
}
MACOS_LACKS = {
    "os": """
        copy_file_range eventfd fdatasync getrandom getresgid getresuid getxattr memfd_create pidfd_open pipe2
        posix_fadvise posix_fallocate sched_getaffinity sched_setaffinity setresgid setresuid splice O_DIRECT O_TMPFILE
    """
}
NO_MODULES = ["curses", "fcntl", "grp", "pty", "pwd", "pytz", "resource", "syslog", "termios", "tty", "tzdata"]
FORBIDDEN = set('<>:"|?*\\') | {chr(code) for code in range(32)}
RESERVED = {"con", "prn", "aux", "nul", *(f"{name}{digit}" for name in ("com", "lpt") for digit in range(1, 10))}


def without(lacks: dict[str, str]) -> None:
    """Take away what a system has not."""
    for module, names in lacks.items():
        for name in names.split():
            vars(__import__(module)).pop(name, None)


def as_seen_by(module: ModuleType, **differs: Any) -> ModuleType:
    """A module of the standard library with other values, for who is given it and nobody else."""

    class Seen(ModuleType):
        def __getattr__(self, name: str) -> Any:
            return getattr(module, name)

    seen = Seen(module.__name__)
    vars(seen).update(differs)
    return seen


def macos() -> None:
    """No `/proc`, no room set aside, and a call of its own that waits for the disk."""
    import fcntl

    without(MACOS_LACKS)
    vars(tempfile).update(_O_TMPFILE_WORKS=False)
    vars(shutil).update(_USE_CP_COPY_FILE_RANGE=False)
    sys.addaudithook(without_proc)
    vars(fcntl)["F_FULLFSYNC"] = 51
    from dedup import system

    vars(system)["sys"] = as_seen_by(sys, platform="darwin")


def without_proc(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook: there is no such folder."""
    if event == "open" and isinstance(arguments[0], str) and arguments[0].startswith(PROC) and not _LOOKING.inside:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), arguments[0])


class _Looking(threading.local):
    """Whether this thread looks at what is open."""

    inside = False


_LOOKING = _Looking()


def windows() -> None:
    """Other locks, no forks, no users, no time zones, and files that stay where they are while they are used."""
    import asyncio  # noqa: F401 - as the others: built for this system, it asks for what that has
    import fcntl
    import subprocess  # noqa: F401

    import numpy  # noqa: F401

    from dedup import kernels  # noqa: F401

    zoneinfo.reset_tzpath([])
    without(WINDOWS_LACKS)
    sys.modules["msvcrt"] = msvcrt(fcntl)
    sys.modules.update(dict.fromkeys(NO_MODULES))  # type: ignore[arg-type]
    vars(shutil).update(
        _use_fd_functions=False, _USE_CP_SENDFILE=False, _USE_CP_COPY_FILE_RANGE=False, _copyxattr=lambda *_, **__: None
    )
    vars(tempfile).update(TemporaryFile=tempfile.NamedTemporaryFile)
    sys.addaudithook(without_proc)
    sys.addaudithook(refuse_what_is_used)
    from dedup import system

    vars(system)["os"] = as_seen_by(os, name="nt")


def msvcrt(fcntl: ModuleType) -> ModuleType:
    """Windows' locks of a byte of a file, as far as they are used."""
    module = ModuleType("msvcrt")

    def locking(file: int, mode: int, size: int) -> None:
        assert (mode, size) == (2, 1)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise PermissionError(errno.EACCES, "Permission denied") from error

    vars(module).update(LK_NBLCK=2, locking=locking)
    return module


def refuse_what_is_used(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook: what Windows would refuse."""
    if _LOOKING.inside:
        return
    _LOOKING.inside = True
    try:
        _refuse(event, arguments)
    finally:
        _LOOKING.inside = False


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and isinstance(arguments[0], str | bytes | os.PathLike) and arguments[2] & os.O_CREAT:
        check_name(os.fsdecode(arguments[0]))
        if arguments[2] & os.O_TRUNC and Path(os.fsdecode(arguments[0])).is_file():
            check_unused(os.fsdecode(arguments[0]), mapped_only=True)
    elif event == "os.mkdir":
        check_name(os.fsdecode(arguments[0]))
    elif event == "os.rename":
        old, new = map(os.fsdecode, arguments[:2])
        check_name(new)
        check_unused(old)
        if Path(new).is_dir():
            raise PermissionError(errno.EACCES, "a folder cannot be replaced", new)
        check_unused(new)
    elif event == "os.remove":
        check_unused(os.fsdecode(arguments[0]))
    elif event == "os.truncate":
        file = arguments[0]
        check_unused(str(Path(f"{PROC}self/fd/{file}").readlink()) if isinstance(file, int) else file, mapped_only=True)


def check_name(path: str) -> None:
    """Refuse a name that Windows cannot give."""
    for part in Path(path).absolute().parts[1:]:
        if FORBIDDEN & set(part) or part[-1] in ". " or part.partition(".")[0].lower() in RESERVED:
            raise OSError(errno.EINVAL, "the name cannot be given", path)


def check_unused(path: str, *, mapped_only: bool = False) -> None:
    """Refuse what is open or mapped, or holds what is."""
    for held in used(path, mapped_only=mapped_only):
        raise PermissionError(errno.EACCES, f"{held} is used", path)


def used(path: str, *, mapped_only: bool = False) -> set[str]:
    """The files that this process has open or mapped and that are this path, or in it."""
    maps = Path(f"{PROC}self/maps").read_text("utf-8", "surrogateescape").splitlines()
    found = {line.split(maxsplit=5)[5] for line in maps if "/" in line}
    for file in () if mapped_only else [*Path(f"{PROC}self/fd").iterdir()]:
        with suppress(OSError):  # the folder itself was open
            found.add(str(file.readlink()))
    real = os.path.realpath(path)
    return {name for name in found if name == real or name.startswith(f"{real}/")}


# --- what is done -------------------------------------------------------------------------------------------------


def examples() -> dict[str, str]:
    """The example articles by the names of their files."""
    folder = ROOT / "examples" / "articles"
    return {path.stem: path.read_text("utf-8") for path in sorted(folder.glob("*.md"))}


def cluster(folder: Path) -> Any:
    """In memory, with evidence, a report and a table that is written twice."""
    import dedup
    from dedup import files

    articles = examples()
    found = dedup.cluster({"id": list(articles), "text": list(articles.values())})
    found.report(folder / "report.html")
    for _ in range(2):
        files.write(found.to_arrow(), folder / "labels.parquet")
    explained = found.explain(*found[0].ids.to_pylist()[:2])
    return [found.to_arrow()["label"].to_pylist(), len(found[0].keywords()), len(explained.passages)]


def index(folder: Path) -> Any:
    """Two have one folder open: texts come and go, become segments and are compacted by one while the other reads."""
    import dedup
    from dedup.index.on_disk import counters, layers

    vars(layers).update(TEXTS=4, REBUILD=8)
    vars(counters).update(LEAST_BITS=8)
    articles, place, answers = list(examples().items()), folder / "index", []
    for some in (articles[::2], articles[1::2]):
        with dedup.Index(place) as mine, dedup.Index(place) as other:
            for id_, text in some:
                mine.add(id_, text)
                answers.append([near.id for near in other.query(text).nearest])
            mine.remove(some[0][0])
            other.add(*some[0])
            mine.compact()
            answers.append([near.id for near in other.query(some[1][1]).nearest])
            other.add("one more", some[1][1] + "\n\nOne more line.")
            other.remove("one more")
    with dedup.Index(place) as mine:
        mine.compact()
        mine.reweigh()
        assert mine.check().problems == []
        answers.append([sorted(one.ids.to_pylist()) for one in mine.clusters()])
        answers.append([near.id for near in mine.query(articles[0][1]).nearest])
    with dedup.Index(place):  # what could not go because it was in use goes now
        return [answers, sorted(path.name for path in place.iterdir())]


def nights(folder: Path) -> Any:
    """Nights of which one finds a changed file, and one forgets; between them the state is compacted."""
    from dedup import nightly

    os.chdir(folder)
    source, out, state = Path("articles"), Path("out"), Path("state")
    shutil.copytree(ROOT / "examples" / "articles", source)
    figures: list[Any] = []

    def run(**more: Any) -> None:
        nightly.run([source], out, state, **more)
        figures.append(sorted(path.name for path in out.rglob("*")))
        figures.append(nightly.snapshot(state).to_arrow()["label"].to_pylist())

    run()
    (source / "more.md").write_text(examples()["tea-1"] + "\n\nAnd one line more.", "utf-8")
    (source / "tea-2.md").write_text("Something else stands here now, and is like nothing.", "utf-8")
    run()
    nightly.compact(state)
    run(forget=nightly.Forget([str(source / "tea-3.md")]))
    nightly.compact(state)
    run()
    return [figures, sorted(path.relative_to(state).as_posix() for path in state.rglob("*"))]


def reader(folder: Path) -> Any:
    """What is said where somebody else reads the results, and the state, that are to be replaced."""
    from dedup import DedupError, nightly

    os.chdir(folder)
    shutil.copytree(ROOT / "examples" / "articles", "articles")
    nightly.run(["articles"], "out", "state")
    Path("articles/more.md").write_text("Something else stands here, and is like nothing.", "utf-8")
    said = []
    with Path("out/labels/part-00000.parquet").open("rb"), Path("state/texts.utf8").open("rb"):
        for work in (lambda: nightly.run(["articles"], "out", "state"), lambda: nightly.compact("state")):
            try:
                work()
            except DedupError as error:
                said.append(str(error))
    nightly.run(["articles"], "out", "state")
    return [said, len(nightly.snapshot("state").labels)]


def formats(folder: Path) -> Any:
    """Files of several kinds, written and read."""
    import pyarrow as pa
    from pyarrow import orc

    from dedup import files

    articles = examples()
    table = pa.table({"id": list(articles), "text": list(articles.values())})
    for suffix in ("parquet", "csv", "jsonl"):
        files.write(table, folder / f"articles.{suffix}")
    orc.write_table(table, folder / "articles.orc")
    read = [files.read([path]) for path in sorted(folder.iterdir())]
    return [[one.table["id"].to_pylist(), [problem.reason for problem in one.problems]] for one in read]


WORKS = (cluster, formats, index, nights, reader)


def main() -> None:
    """Play a system, do something there, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("system", choices=["here", "macos", "windows"])
    parser.add_argument("folder", type=Path)
    asked = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    {"here": lambda: None, "macos": macos, "windows": windows}[asked.system]()
    answers = {}
    for work in WORKS:
        folder = asked.folder / work.__name__
        folder.mkdir(parents=True)
        answers[work.__name__] = work(folder)
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
