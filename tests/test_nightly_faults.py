"""`dedup.nightly`: killed, without room or started twice, it ends with the bytes of an undisturbed run."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from crawlers import article, rewrite, sentence
from test_index_faults import NOBODY, mounted, take_room
from test_nightly import put, read, run, touch, tree

from dedup.cli import main
from dedup.errors import BusyError
from dedup.nightly import intake
from dedup.nightly.state import opened
from dedup.settings import Settings

pytestmark = pytest.mark.filterwarnings("ignore:.*that another file brought again")  # as it is meant to
CALLS = ("fsync", "rename", "replace", "mkdir", "unlink", "rmdir")
"""What is done to a disk: before them a run is killed."""
STRIDE = int(os.environ.get("DEDUP_STRIDE", "2"))
"""With 1 it is before each, with 2 before every other."""
SEQUENCES = 10
LONGEST = 0.25
"""Seconds after which a process is killed at the latest."""
FOOTERS = ["".join(sentence(f"footer {number} {k}") for k in range(6)) for number in range(2)]
STOPPING = """
import os, signal, sys
from dedup.cli import nights
from dedup.cli import main
from dedup.nightly import intake

def stopping(event, about):
    tell(event, about)
    if event in stops:
        stops.remove(event)
        os.kill(os.getpid(), signal.SIGSTOP)

intake.PACK, stops, tell, nights._json = 1, [sys.argv.pop(1)], nights._json, stopping
main()
"""


@pytest.fixture(autouse=True)
def packs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file is a shard."""
    monkeypatch.setattr(intake, "PACK", 1)


def forked(work: Callable[[], object]) -> int:
    """Do something in a process of its own; its number."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads that wait for work, which nobody gives them
        warnings.filterwarnings("ignore", "lance is not fork-safe")  # another test imported it; nobody uses it here
        child = os.fork()
    if child == 0:
        status = 1
        try:
            status = int(work() is NotImplemented)
        finally:
            os._exit(status)
    return child


def ended(child: int) -> int:
    """Wait for a process; its exit code, or the signal that killed it, negative."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def killed_before(number: int, work: Callable[[], object]) -> bool:
    """Whether a process was killed before its so manieth call, for it does no more than that."""

    def watched() -> None:
        calls = count(1)

        def watch(call: Callable[..., Any]) -> Callable[..., Any]:
            def instead(*arguments: Any, **options: Any) -> Any:
                if next(calls) == number:
                    os._exit(9)
                return call(*arguments, **options)

            return instead

        for name in CALLS:
            setattr(os, name, watch(getattr(os, name)))
        work()

    status = ended(forked(watched))
    assert status in {0, 9}
    return status == 9


def first_night(folder: Path) -> None:
    """What there is to be read in the first night: good files and a bad one."""
    put(folder / "in" / "1.jsonl", {f"a{number}": article(number) for number in range(12)})
    put(folder / "in" / "2.parquet", {f"b{number}": article(number) for number in range(12, 20)})
    (folder / "in" / "3.parquet").write_bytes(b"PAR1 nonsense")
    touch(folder / "in" / "3.parquet")
    put(folder / "in" / "4.jsonl", {"c": rewrite(1, 1), "d": "", "e": rewrite(1, 2)})


def second_night(folder: Path) -> None:
    """What there is in the second: changes, news, and the bad file is as bad as before."""
    put(folder / "in" / "1.jsonl", {f"a{number}": article(number + 2) for number in range(1, 12)})
    touch(folder / "in" / "2.parquet")
    put(folder / "in" / "4.jsonl", {"c": rewrite(2, 1), "e": rewrite(1, 2)})
    put(folder / "in" / "5.jsonl", [("f", rewrite(2, 2)), ("b12", article(3))])
    with (folder / "in" / "5.jsonl").open("a") as file:
        file.write("no JSON\n")
    touch(folder / "in" / "5.jsonl")


class Scene:
    """A folder as it is before a night, to be begun in time and again, and what the night ends in.

    Args:
        folder: Where it is; beside it is kept how it was.
        options: Of the run.
    """

    def __init__(self, folder: Path, **options: Any) -> None:
        self.folder, self._options = folder, options
        self._start = folder.parent / "start"
        shutil.copytree(folder, self._start)
        self.before = tree(folder / "out")
        self.run()
        self.after, self.state = tree(folder / "out"), tree(folder / "state")
        self.begin()

    def begin(self) -> None:
        """All as it was."""
        for path in self.folder.iterdir():
            shutil.rmtree(path)
        shutil.copytree(self._start, self.folder, dirs_exist_ok=True)

    def run(self) -> None:
        """The night."""
        run(self.folder, **self._options)

    def check(self) -> dict[str, tuple[int, int]]:
        """The output is as it was before or after, or not there; returns the shards there are."""
        found = tree(self.folder / "out")
        assert found in (self.before, self.after) or not (self.folder / "out").exists()
        shards = self.folder / "state" / "shards"
        finished = shards.iterdir() if shards.is_dir() else []
        return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in finished if path.name.isdigit()}

    def end(self, shards: dict[str, tuple[int, int]]) -> None:
        """The night is ended by another run, which reads no shard again: all is as if nothing had happened."""
        self.run()
        assert self.check().items() >= shards.items()
        assert tree(self.folder / "out") == self.after
        assert tree(self.folder / "state") == self.state
        assert {path.name for path in self.folder.iterdir()} == {"in", "out", "state"}


@pytest.fixture
def first(folder: Path) -> Scene:
    """The first night."""
    here = folder / "here"
    first_night(here)
    return Scene(here)


@pytest.fixture
def second(folder: Path) -> Scene:
    """The second night."""
    here = folder / "here"
    first_night(here)
    run(here)
    second_night(here)
    scene = Scene(here)
    assert scene.before != scene.after
    return scene


@pytest.mark.parametrize("night", ["first", "second"])
def test_killed_before_every_call(request: pytest.FixtureRequest, night: str) -> None:
    """Whatever the disk was told last, the output is whole, and the next run ends the night."""
    scene: Scene = request.getfixturevalue(night)
    assert kill_before_calls(scene, range(1 + (night == "first") % STRIDE, 1000, STRIDE)) > 40


@pytest.mark.parametrize("whole", [False, True], ids=["partial", "whole"])
def test_killed_before_every_call_with_weights(folder: Path, whole: bool) -> None:
    """The same with document frequencies and weights, in a night that is partial, or whole and of a new generation."""
    here = folder / "here"
    first_night(here)
    put(here / "in" / "0.jsonl", {f"h{number}": rewrite(number, 0) + FOOTERS[number > 25] for number in range(10, 30)})
    run(here, settings=Settings())
    second_night(here)
    put(here / "in" / "7.jsonl", {f"i{number}": rewrite(number, 0) + FOOTERS[1] for number in range(40, 50)})
    if whole:
        put(here / "in" / "6.jsonl", {f"g{number}": article(number) for number in range(30, 60)})
    scene = Scene(here, settings=Settings())
    frames = [pa.BufferReader(content) for path, content in scene.state.items() if path.endswith("frames.parquet")]
    assert [pq.read_metadata(file).num_rows > 0 for file in frames] == [True, not whole]
    assert kill_before_calls(scene, range(1 + whole, 1000, 3 * STRIDE)) > 40


def kill_before_calls(scene: Scene, numbers: range) -> int:
    """Kill a night before the calls of these numbers, each time in another run; how many calls it makes, or more."""
    for number in numbers:
        scene.begin()
        if not killed_before(number, scene.run):
            return number
        scene.end(scene.check())
    raise AssertionError("the night does not end")


@pytest.mark.parametrize("night", ["first", "second"])
def test_killed_at_random_moments(request: pytest.FixtureRequest, night: str) -> None:
    """However often it is killed on the way, the night ends as if it had not been."""
    scene: Scene = request.getfixturevalue(night)
    seed = int(os.environ.get("DEDUP_SEED", "0")) or time.time_ns() % 10**9
    rng = Random(seed)
    for _ in range(SEQUENCES):
        scene.begin()
        shards: dict[str, tuple[int, int]] = {}
        for _ in range(rng.randint(1, 4)):
            child = forked(scene.run)
            time.sleep(rng.uniform(0, LONGEST))
            os.kill(child, signal.SIGKILL)
            assert ended(child) in {0, -signal.SIGKILL}
            found = scene.check()
            assert found.items() >= shards.items(), f"DEDUP_SEED={seed}"
            shards = found
        scene.end(shards)


def test_files_that_come_after_a_kill(first: Scene) -> None:
    """What was begun for a night of fewer files is begun anew, and the shards there are stay."""
    for number in (12, 30, 45, 60):
        first.begin()
        assert killed_before(number, first.run)
        shards = first.check()
        put(first.folder / "in" / "9.jsonl", {"z": rewrite(1, 3)})
        run(first.folder)
        labels = {row["id"]: row["cluster"] for row in read(first.folder)}
        assert labels["z"] == labels["e"] == "c" and len(labels) == 24
        found = {path.name for path in (first.folder / "state" / "shards").iterdir()}
        assert found >= shards.keys()


# --- signals and locks --------------------------------------------------------------------------------------------


def command(folder: Path, *options: str) -> list[str]:
    """The command of a night."""
    return [
        "cluster", str(folder / "in"), "--out", str(folder / "out"), "--state", str(folder / "state"),
        "--now", "2026-11-21T01:30Z",
        "--near-copies", "--threads", "1", *options,
    ]  # fmt: skip


def started(folder: Path, event: str) -> subprocess.Popen[str]:
    """A night in a process of its own that stops itself when it has told of an event for the first time."""
    process = subprocess.Popen(
        [sys.executable, "-c", STOPPING, event, *command(folder, "--log-json")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    return process


@pytest.mark.parametrize(
    ("number", "event"),
    [(signal.SIGKILL, "night"), (signal.SIGTERM, "shard"), (signal.SIGTERM, "night"), (signal.SIGINT, "shard")],
    ids=str,
)
def test_signals(first: Scene, number: signal.Signals, event: str) -> None:
    """A night that is told to end ends, with an exit code that says so, and the next run goes on from there."""
    process = started(first.folder, event)
    process.send_signal(number)
    process.send_signal(signal.SIGCONT)
    process.communicate()
    codes = {signal.SIGKILL: -9, signal.SIGTERM: 143, signal.SIGINT: 1}
    assert process.returncode == codes[number]
    shards = first.check()
    assert shards
    first.end(shards)


def test_two_runs_at_once(first: Scene) -> None:
    """The second one exits with 75 and changes nothing; the first is not disturbed."""
    process = started(first.folder, "shard")
    before = tree(first.folder)
    result = CliRunner().invoke(main, command(first.folder))
    assert process.poll() is None
    assert result.exit_code == 75
    assert "another run holds" in result.stderr and "wait until it has ended" in " ".join(result.stderr.split())
    assert result.stdout == ""
    assert tree(first.folder) == before
    process.send_signal(signal.SIGCONT)
    out, _ = process.communicate()
    assert process.returncode == 0 and json.loads(out)["articles"] == 23
    assert tree(first.folder / "out") == first.after


def test_a_lock_goes_with_its_holder(first: Scene) -> None:
    """Within one process, too, a state has one holder; when that one is done, or dead, the next may come."""
    with opened(first.folder / "state", Settings.near_copies()), pytest.raises(BusyError):
        first.run()
    process = started(first.folder, "shard")
    with pytest.raises(BusyError):
        first.run()
    process.kill()
    process.communicate()
    first.end(first.check())


# --- disks --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("night", ["first", "second"])
def test_a_full_disk(tmp_path: Path, night: str) -> None:
    """A night without room fails, says why, and goes on when there is room; the output is whole all the while."""
    with mounted(tmp_path / "disk", "size=24m") as disk:
        here = disk / "here"
        first_night(here)
        if night == "second":
            run(here)
            second_night(here)
        scene, failed = Scene(here), 0
        for left in (0, 4096, 8192, 16384, 40_000, 60_000, 80_000, 100_000, 120_000):
            scene.begin()
            ballast = take_room(disk, left)
            result = CliRunner().invoke(main, command(here))
            ballast.unlink()
            assert result.exit_code in {0, 1}
            if result.exit_code:
                failed += 1
                assert "no space left" in result.stderr.lower() and "Traceback" not in result.stderr
            scene.end(scene.check())
        assert failed > 4


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_an_output_that_cannot_be_written(folder: Path) -> None:
    """It is refused before anything is read, and written when it can be."""
    folder.chmod(0o755)
    here = folder / "here"
    first_night(here)
    for path in (here, *here.rglob("*")):
        path.chmod(0o755)
    (here / "state").mkdir()
    os.chown(here / "state", NOBODY, NOBODY)

    def as_nobody() -> None:
        os.setuid(NOBODY)
        result = CliRunner().invoke(main, command(here))
        os._exit(42 if result.exit_code == 1 and "which is forbidden here" in result.stderr else 1)

    assert ended(forked(as_nobody)) == 42
    assert not (here / "out").exists()
    assert not list((here / "state").iterdir())
    run(here)
    assert len(read(here)) == 23


def test_a_link_to_an_output(first: Scene, folder: Path) -> None:
    """A link stays a link, night after night, and what it leads to is replaced."""
    (folder / "elsewhere").mkdir()
    (first.folder / "out").symlink_to(folder / "elsewhere")
    for version in range(3):
        put(first.folder / "in" / "9.jsonl", {"z": rewrite(1, version)})
        first.run()
        assert (first.folder / "out").is_symlink()
        assert len(pq.read_table(folder / "elsewhere" / "labels")) == 24
        assert {path.name for path in folder.iterdir()} == {"elsewhere", "here", "start"}
