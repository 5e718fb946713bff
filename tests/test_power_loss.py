"""The power goes: what was done is there, what was not is as it was or is begun again, and nothing is damaged."""

from __future__ import annotations

import os
import shutil
import time
import warnings
from pathlib import Path
from random import Random

import pytest
from crawlers import TINY, article
from power import Disk, Moment
from test_index_faults import texts_of
from test_nightly import put, run, touch, tree
from test_nightly_faults import first_night, second_night

import dedup
from dedup import nightly
from dedup.errors import DedupWarning
from dedup.nightly import Forget, intake
from dedup.settings import Settings
from dedup.system import whole_file, whole_folder

pytestmark = pytest.mark.filterwarnings("ignore:.*that another file brought again")  # as it is meant to
MOMENTS = int(os.environ.get("DEDUP_MOMENTS", "40"))
"""How many moments of each story are looked at."""


@pytest.fixture(autouse=True)
def packs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file is a shard."""
    monkeypatch.setattr(intake, "PACK", 1)


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> Random:
    """What decides; its seed is told where a test fails."""
    seed = int(os.environ.get("DEDUP_SEED", "0")) or time.time_ns() % 10**9
    request.node.add_report_section("setup", "seed", f"DEDUP_SEED={seed}")
    return Random(seed)


def some(moments: list[Moment], rng: Random) -> list[Moment]:
    """A few of all moments."""
    return rng.sample(moments, min(MOMENTS, len(moments)))


def test_a_disk_keeps_what_it_is_told_to(folder: Path, rng: Random) -> None:
    """The textbook: a file that is written and renamed without a sync may be empty, or may not be there."""
    (folder / "here").mkdir()
    disk = Disk(folder / "here")
    with disk.watched():
        (folder / "here" / "a.tmp").write_bytes(b"content")
        (folder / "here" / "a.tmp").rename(folder / "here" / "a")
        (folder / "here" / "b").mkdir()
    found = set()
    for number in range(60):
        disk.moments[-1].put(folder / f"{number}", rng)
        found.add(tuple(sorted((name, len(content)) for name, content in tree(folder / f"{number}").items())))
    assert {(), (("a", 7),), (("a", 0),)} <= found


def test_whole_files_and_folders(folder: Path, rng: Random) -> None:
    """Whoever comes after finds the old one or the new one; after the call the new one."""
    here = folder / "here"
    here.mkdir()
    (here / "file").write_bytes(b"old")
    disk = Disk(here)
    with disk.watched():
        with whole_file(here / "file") as file:
            file.write(b"new")
        done = len(disk.moments)
        with whole_folder(here / "folder") as new:
            (new / "deep").mkdir()
            (new / "deep" / "a").write_bytes(b"content")
        (here / "end").mkdir()
    for number, moment in enumerate(disk.moments * 20):
        moment.put(folder / f"{number}", rng)
        held = tree(folder / f"{number}")
        assert held["file"] == b"new" or (held["file"] == b"old" and number % len(disk.moments) < done)
        assert held.get("folder/deep/a", b"content") == b"content"
        assert "folder/deep/a" in held or number % len(disk.moments) < len(disk.moments) - 1


def begin(folder: Path, night: int, settings: Settings) -> Path:
    """A folder as it is before a night."""
    here = folder / "here"
    first_night(here)
    if night == 2:
        run(here, settings=settings)
        second_night(here)
    (here / "out").parent.mkdir(exist_ok=True)
    return here


@pytest.mark.parametrize("night", [1, 2])
@pytest.mark.parametrize("settings", [Settings(), Settings.near_copies()], ids=["weights", "near copies"])
def test_a_night(folder: Path, rng: Random, night: int, settings: Settings) -> None:
    """Its output is that of the night before, or its own, or not there; the next run ends it as if nothing had been."""
    here = begin(folder, night, settings)
    before, disk = tree(here / "out"), Disk(here, beside=("in",))
    with disk.watched():
        run(here, settings=settings)
    after, source = tree(here / "out"), here / "in"
    assert len(disk.moments) > 40
    source = source.rename(folder / "in")
    for moment in some(disk.moments, rng):
        shutil.rmtree(here)
        moment.put(here, rng)
        found = tree(here / "out")
        assert found in (before, after) or not (here / "out").exists()
        source = source.rename(here / "in")
        run(here, settings=settings)
        assert tree(here / "out") == after
        source = source.rename(folder / "in")


def test_a_state_that_is_compacted(folder: Path, rng: Random) -> None:
    """It was, or was not; what is forgotten stays forgotten, and the next night is as it would have been."""
    here = begin(folder, 2, Settings())
    run(here, settings=Settings())
    nightly.forget(here / "state", Forget(["a3", "b13"]))
    disk = Disk(here, beside=("in", "out"))
    with disk.watched():
        nightly.compact(here / "state")
    put(here / "in" / "6.jsonl", {"z": "今晚的新文章，與別的都不一樣。" * 5})
    run(here, settings=Settings())
    after = {path: content for path, content in tree(here / "out").items() if "labels" in path}
    shutil.copytree(here, folder / "last")
    for moment in some(disk.moments, rng):
        shutil.rmtree(here)
        moment.put(here, rng)
        shutil.copytree(folder / "last" / "in", here / "in")
        touch(here / "in" / "6.jsonl")
        run(here, settings=Settings())
        assert {path: content for path, content in tree(here / "out").items() if "labels" in path} == after


@pytest.mark.parametrize("near", [False, True], ids=["weights", "near copies"])
def test_an_index(folder: Path, rng: Random, near: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every article that SQLite keeps is found; segments are made again, and counts that are too low are told."""
    for (module, name), value in TINY.items():
        monkeypatch.setattr(module, name, value)
    here, settings = folder / "index", Settings.near_copies() if near else Settings()
    with dedup.Index(here, settings, fsync=True) as index:
        index.add_many([f"{number}" for number in range(40)], [article(number) for number in range(40)], threads=1)
    disk = Disk(here, beside=("index.sqlite-shm",), trusted=("index.sqlite", "index.sqlite-wal"))
    with disk.watched(), dedup.Index(here, fsync=True) as index:
        for number in range(40, 110):
            index.add(f"{number}", article(number))
        index.remove_many([f"{number}" for number in range(20)])
        index.compact()
    for number, moment in enumerate(some(disk.moments, rng)):
        moment.put(folder / f"{number}", rng)
        with warnings.catch_warnings(), dedup.Index(folder / f"{number}") as index:
            warnings.simplefilter("ignore", DedupWarning)  # of what is made again
            assert all(text == article(int(id_)) for id_, text in texts_of(index).items())
            assert index.query(article(30)).is_duplicate
            problems = index.check().problems
            assert all(problem.startswith("counts: ") for problem in problems)
            index.compact()
            assert index.check().problems == []
