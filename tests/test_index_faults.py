"""`dedup.index.on_disk`: whatever dies, fills up, breaks or comes at once, nothing that was acknowledged is lost."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import sqlite3
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

import crawlers
import pytest
from crawlers import SMALL, STEPS, TINY, Crawler, Crawlers, article, crawling, rewrite

import dedup
from dedup.errors import DedupWarning, FileError, IndexBusyError, SettingsError
from dedup.index.on_disk import layers
from dedup.index.on_disk.segments import Segment

KILLS, NEAR_KILLS, BESIDE_KILLS = 150, 50, 40
FLIPS = 100
LONGEST = 0.12
"""Seconds after which a process is killed at the latest."""
NOBODY = 65534


@pytest.fixture(scope="session")
def forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crawlers]:
    """What starts processes that use an index."""
    with crawling(tmp_path_factory.mktemp("crawlers")) as found:
        yield found


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Segments of 16 texts."""
    for (module, name), value in SMALL.items():
        monkeypatch.setattr(module, name, value)


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """Segments of 16 texts, and counts in a table that grows often."""
    for (module, name), value in TINY.items():
        monkeypatch.setattr(module, name, value)


@pytest.fixture
def path(folder: Path) -> str:
    """Where an index is to be."""
    return str(folder / "index")


def texts_of(index: dedup.Index) -> dict[str, str]:
    """The text of every article."""
    return {
        id_: text
        for batch in index.texts()
        for id_, text in zip(batch["id"].to_pylist(), batch["text"].to_pylist(), strict=True)
    }


def fill(path: str, count: int = 120, **options: Any) -> dict[str, Any]:
    """Make an index of some articles; the clusters that they are in."""
    with dedup.Index(path, **options) as index:
        index.add_many([str(n) for n in range(count)], [article(n) for n in range(count)], threads=1)
        return answers(index)


def answers(index: dedup.Index) -> dict[str, Any]:
    """What an index answers: clusters, and what is seen of a rewrite of every article."""
    seen = [index.query(article(number) + "又及。") for number in range(0, len(index), 5)]
    return {"clusters": list(map(str, index.clusters(1))), "seen": [(one.is_duplicate, one.nearest) for one in seen]}


# --- killed -------------------------------------------------------------------------------------------------------


def expected(known: dict[str, int], told: list[Any]) -> list[dict[str, int]]:
    """What an index may hold after its writer told this and was killed: what was acknowledged, or one step more."""
    states = [dict(known)]
    for step, changes in told:
        if step == "done":
            states = states[-1:]
        elif changes:
            after = {**states[-1], **changes}
            states.append({id_: number for id_, number in after.items() if number is not None})
    return states


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize(("near", "kills"), [(False, KILLS), (True, NEAR_KILLS)], ids=["default", "near copies"])
def test_killed_at_random_moments(forks: Crawlers, path: str, near: bool, kills: int) -> None:
    """What `add`, `add_many` or `remove` had returned for is there after a SIGKILL, and all is consistent."""
    seed = int(os.environ.get("DEDUP_SEED", "0")) or time.time_ns() % 10**9
    rng, known = Random(seed), dict[str, int]()
    dedup.Index(path, dedup.Settings.near_copies() if near else None).close()
    for kill in range(kills):
        crawler = forks.start(crawlers.crawl, path=path, seed=rng.randrange(10**9), near=near)
        time.sleep(rng.uniform(0, LONGEST))
        told, where = crawler.kill(), f"DEDUP_SEED={seed}, kill {kill}"
        with dedup.Index(path) as index:
            checked, texts = index.check(), texts_of(index)
        assert checked.ok, f"{where}: {checked}"
        states = expected(known, told)
        held = [state for state in states if {id_: article(number) for id_, number in state.items()} == texts]
        assert held, f"{where}: {told[-3:]}: {len(texts)} articles, not {[len(state) for state in states]}"
        known = held[-1]
    assert known, f"DEDUP_SEED={seed}: nothing was ever added"  # how much is, depends on the machine's speed


@pytest.mark.usefixtures("tiny")
def test_killed_beside_another(forks: Crawlers, path: str) -> None:
    """While one of two writers is killed time and again, the other goes on, and neither loses anything."""
    seed = int(os.environ.get("DEDUP_SEED", "0")) or time.time_ns() % 10**9
    rng, names = Random(seed), ("甲", "乙")
    known: dict[str, dict[str, int]] = {name: {} for name in names}
    steps = {step: share for step, share in STEPS.items() if step != "reweigh"}
    dedup.Index(path).close()

    def start(name: str) -> Crawler:
        return forks.start(crawlers.crawl, path=path, seed=rng.randrange(10**9), near=False, name=name, steps=steps)

    alive = {name: start(name) for name in names}
    for kill in range(BESIDE_KILLS):
        time.sleep(rng.uniform(0, LONGEST))
        name, where = rng.choice(names), f"DEDUP_SEED={seed}, kill {kill}"
        told = alive[name].kill()
        with dedup.Index(path) as index:
            checked, texts = index.check(), texts_of(index)
        assert checked.ok, f"{where}: {checked}"
        mine = {id_: text for id_, text in texts.items() if id_.startswith(name)}
        states = expected(known[name], told)
        held = [state for state in states if {id_: article(number) for id_, number in state.items()} == mine]
        assert held, f"{where}: {told[-3:]}: {len(mine)} articles, not {[len(state) for state in states]}"
        known[name] = held[-1]
        alive[name] = start(name)
    for one in alive.values():
        one.kill()


def test_killed_while_it_is_created(forks: Crawlers, folder: Path) -> None:
    """Whoever comes after one that was killed while it created an index creates it."""
    rng = Random(5)
    for kill in range(12):
        path = str(folder / f"index {kill}")
        crawler = forks.start(crawlers.crawl, path=path, seed=kill, near=False)
        time.sleep(rng.uniform(0, LONGEST))
        crawler.kill()
        with dedup.Index(path) as index:
            index.add("後來的", article(1))
            assert index.check().ok


def test_killed_while_it_counts(forks: Crawlers, path: str) -> None:
    """A writer that is killed holding every lock, its article counted but not stored, leaves nothing that blocks."""
    fill(path)
    for journal in ("kept", "lost", "cut short"):
        crawler = forks.start(crawlers.hold_counted, path=path)
        crawler.wait_until_told()
        crawler.kill()
        assert (Path(path) / "frequencies.journal").stat().st_size
        if journal != "kept":
            os.truncate(Path(path) / "frequencies.journal", 0 if journal == "lost" else 100)
        with dedup.Index(path, timeout=0) as index:
            assert "半途" not in index and index.check().ok
            assert index.add("後來的", article(503)).is_duplicate
            assert index.check().ok
            index.remove("後來的")


# --- no room ------------------------------------------------------------------------------------------------------


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """A small file system of its own; skipped where this user must not mount one."""
    libc = ctypes.CDLL(None, use_errno=True)
    folder.mkdir()
    if libc.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", 0, options.encode()):
        reason = f"cannot mount a tmpfs: {os.strerror(ctypes.get_errno())}"
        assert not (os.environ.get("CI") and os.getuid() == 0), reason
        pytest.skip(reason)
    try:
        yield folder
    finally:
        assert libc.umount2(os.fsencode(folder), 2) == 0  # MNT_DETACH


def settle(index: dedup.Index) -> None:
    """Wait until the thread in the background has no more to do."""
    index._store._layers.wait()


def add_and_settle(index: dedup.Index, number: int) -> None:
    """Add an article, and wait for what it sets going."""
    index.add(str(number), article(number))
    settle(index)


def take_room(folder: Path, left: int) -> Path:
    """A file that leaves so many bytes."""
    ballast = folder / "ballast"
    free = os.statvfs(folder)
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_frsize - left)
    return ballast


@pytest.mark.parametrize("batch", [1, 7])
@pytest.mark.parametrize("near", [False, True], ids=["default", "near copies"])
def test_a_full_disk(tmp_path: Path, small: None, near: bool, batch: int) -> None:
    """Adding fails with an error that says why, loses nothing, and goes on when there is room."""
    known, failed, number = {}, 0, 0
    with mounted(tmp_path / "disk", "size=24m") as disk:
        index = dedup.Index(disk / "index", dedup.Settings.near_copies() if near else None)
        ballast = take_room(disk, 1_500_000)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DedupWarning)  # segments that could not be written
            while failed < 5:
                some = {f"{number + k}": article(number + k) for k in range(batch)}
                number += batch
                try:
                    index.add_many(list(some), list(some.values()), threads=1)
                except FileError as error:
                    failed += "no space is left" in str(error) and "make room" in str(error)
                else:
                    known.update(some)
            settle(index)
        assert texts_of(index) == known
        ballast.unlink()
        for n in range(number, number + 40):
            index.add(f"{n}", known.setdefault(f"{n}", article(n)))
        assert texts_of(index) == known
        assert index.check().ok
        index.close()
        with dedup.Index(disk / "index") as again:
            assert again.check().ok and texts_of(again) == known


def test_what_failed_is_forgotten(tmp_path: Path) -> None:
    """Texts that come after a batch that failed, and get its numbers, are not taken for its texts."""
    with mounted(tmp_path / "disk", "size=24m") as disk:
        fill(str(disk / "index"))
        with dedup.Index(disk / "index") as index:
            ballast = take_room(disk, 0)
            ids = [f"new {n}" for n in range(40)]
            with pytest.raises(FileError, match="no space is left"):
                index.add_many(ids, [rewrite(n, 0) for n in range(40)], threads=1)
            ballast.unlink()
            assert not any(seen.is_duplicate for seen in index.add_many(ids, [rewrite(n, 0) for n in range(50, 90)]))
            for n in range(40):
                assert not index.query(rewrite(n, 1)).is_duplicate
                assert index.query(rewrite(50 + n, 1)).nearest[0].id == ids[n]
            assert index.check().ok


def test_a_disk_full_for_a_segment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A segment that cannot be written is warned of, and written later; texts are found all the while."""
    for (module, name), value in SMALL.items():
        monkeypatch.setattr(module, name, value if name == "LONG_LOG" else 1024)
    with mounted(tmp_path / "disk", "size=48m") as disk:
        index = dedup.Index(disk / "index", dedup.Settings(weighted=False), store_texts=False)
        count = 1020
        index.add_many([str(n) for n in range(count)], [article(n) for n in range(count)], threads=1)
        settle(index)
        ballast = take_room(disk, 700_000)
        while len(index._store._layers._recent) < layers.TEXTS:
            index.add(str(count), article(count))
            count += 1
        with pytest.warns(DedupWarning, match="segments could not be written: .*nothing is lost"):
            add_and_settle(index, count)
        count += 1
        assert not list((disk / "index").glob("*.segment*"))
        assert all(index.query(article(n)).nearest[0] == (str(n), 1.0) for n in range(0, count, 50))
        ballast.unlink()
        index.add_many([str(n) for n in range(count, 2060)], [article(n) for n in range(count, 2060)], threads=1)
        settle(index)
        assert len(list((disk / "index").glob("*.segment"))) == 2
        assert len(index) == 2060 and index.check().ok
        index.close()


def test_no_room_to_pack(tmp_path: Path, small: None) -> None:
    """`compact` and `reweigh` without room fail with an error that says why, and change no answer."""
    with mounted(tmp_path / "disk", "size=24m") as disk, warnings.catch_warnings():
        warnings.simplefilter("ignore", DedupWarning)  # segments that could not be written
        before = fill(str(disk / "index"), 200)
        with dedup.Index(disk / "index") as index:
            ballast = take_room(disk, 50_000)
            for work in (index.compact, lambda: index.reweigh(threads=1)):
                with pytest.raises(FileError, match="no space is left"):
                    work()
            assert answers(index) == before
            ballast.unlink()
            index.compact()
            assert answers(index) == before and index.check().ok
            index.reweigh(threads=1)
            assert index.check().ok


# --- nobody may write ---------------------------------------------------------------------------------------------


@pytest.fixture
def open_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder that every user may enter."""
    if os.getuid() != 0:
        pytest.skip("only root can become another user")
    with TemporaryDirectory() as found:
        Path(found).chmod(0o755)
        yield Path(found)


def test_a_read_only_folder(forks: Crawlers, open_folder: Path) -> None:
    """Who may not write can open and ask, and is told so when it tries to change anything."""
    path = str(open_folder / "index")
    with dedup.Index(path) as index:
        index.add_many([str(n) for n in range(60)], [rewrite(n, 0) for n in range(60)], threads=1)
    there = sorted(Path(path).iterdir())
    holds, seen, *errors = forks.run(crawlers.read_only, path=path, user=NOBODY)
    assert holds == ["holds", 60, True, []]
    assert seen == ["seen", True, ["3"]]
    assert [kind for kind, _ in errors] == ["FileError"] * 4
    assert all("cannot be written" in message for _, message in errors)
    assert sorted(Path(path).iterdir()) == there
    with dedup.Index(path) as index:
        assert index.check().ok


def test_a_read_only_folder_with_a_log(forks: Crawlers, open_folder: Path) -> None:
    """Who may not write cannot open what was not closed, and is told what to do."""
    path = str(open_folder / "index")
    with dedup.Index(path) as index:
        index.add("0", article(0))
        ((kind, message),) = forks.run(crawlers.refused, path=path, user=NOBODY)
    assert kind == "FileError" and "open it once where it can be written, and close it" in message


def test_a_folder_that_cannot_be_made(forks: Crawlers, open_folder: Path) -> None:
    """Who may not write cannot create an index, or open one that it may not read."""
    ((kind, message),) = forks.run(crawlers.refused, path=str(open_folder / "index"), user=NOBODY)
    assert kind == "FileError" and "cannot create an index" in message
    fill(str(open_folder / "index"), 1)
    (open_folder / "index" / "index.sqlite").chmod(0o600)
    ((kind, message),) = forks.run(crawlers.refused, path=str(open_folder / "index"), user=NOBODY)
    assert kind == "FileError" and "cannot open" in message


def test_a_read_only_mount(tmp_path: Path) -> None:
    """On a file system that is mounted read-only, asking works, and adding is refused."""
    with mounted(tmp_path / "disk", "size=24m") as disk:
        before = fill(str(disk / "index"))
        libc, remount, read_only = ctypes.CDLL(None, use_errno=True), 32, 1
        assert libc.mount(b"tmpfs", os.fsencode(disk), b"tmpfs", remount | read_only, None) == 0
        with dedup.Index(disk / "index") as index:
            assert answers(index) == before and index.check().ok
            with pytest.raises(FileError, match="cannot be written"):
                index.add("x", "新的文章")


# --- broken caches ------------------------------------------------------------------------------------------------


@pytest.fixture
def segmented(small: None, path: str) -> tuple[str, dict[str, Any]]:
    """An index of several segments, and what it answers."""
    before = fill(path, 20)
    with dedup.Index(path) as index:
        for number in range(20, 120):
            index.add(str(number), article(number))
        before = answers(index)
    assert len(list(Path(path).glob("*.segment"))) > 1
    return path, before


@pytest.mark.parametrize("which", range(3))
@pytest.mark.parametrize("kept", [0, 1, 4095, 5000, -1])
def test_a_segment_cut_short(segmented: tuple[str, dict[str, Any]], which: int, kept: int) -> None:
    """A segment that was cut short is built again when the index is opened, and that is told."""
    path, before = segmented
    files = sorted(Path(path).glob("*.segment"))
    file = files[which % len(files)]
    os.truncate(file, kept if kept >= 0 else file.stat().st_size - 1)
    with pytest.warns(DedupWarning, match=rf"{file.name}' is damaged: .*; it is made again from the database"):
        index = dedup.Index(path)
    with index:
        assert answers(index) == before and index.check().ok


def test_segments_deleted(segmented: tuple[str, dict[str, Any]]) -> None:
    """Segments that are missing, the first, the last or all, are built again when the index is opened."""
    path, before = segmented
    for which in (slice(1), slice(-1, None), slice(None)):
        for file in sorted(Path(path).glob("*.segment"))[which]:
            file.unlink()
        with dedup.Index(path) as index:
            assert answers(index) == before and index.check().ok


@pytest.mark.parametrize("weighted", [True, False])
def test_segments_deleted_where_no_texts_are(small: None, path: str, weighted: bool) -> None:
    """What the database keeps is enough to build them again: signatures and, unless these say them, keys."""
    settings = dedup.Settings() if weighted else dedup.Settings.near_copies(0.6)
    with dedup.Index(path, settings, store_texts=False) as index:
        index.add_many([str(n) for n in range(70)], [rewrite(n, 0) for n in range(70)], threads=1)
        for number in range(70, 120):
            index.add(str(number), rewrite(number, 0))
    every = []
    for which in (slice(0), slice(1), slice(-1, None), slice(None)):
        for file in sorted(Path(path).glob("*.segment"))[which]:
            file.unlink()
        with dedup.Index(path) as index:
            found = [index.query(rewrite(number, 1)).nearest for number in range(120)]
            assert sum(len(layer) for layer in index._store._layers.layers()) == 120 and index.check().ok
        every.append(found)
        assert [[near.id for near in nearest] for nearest in found] == [[str(number)] for number in range(120)]
    assert every == every[:1] * 4


@pytest.mark.parametrize("keys", ["NULL", "CAST(keys || x'00000001' AS BLOB)", "substr(keys, 5)", "x'01020304'"])
def test_keys_that_were_changed(path: str, keys: str) -> None:
    """A text that is listed under other keys than its own is named by `check`, no other is; `reweigh` mends it."""
    fill(path, 20)
    edit(path, f"UPDATE bodies SET keys = {keys} WHERE number = 7")
    with dedup.Index(path) as index:
        assert list(index.check().problems) == ["text 7 does not have the keys that are stored"]
        index.reweigh(threads=1)
        assert index.check().ok


def test_segments_of_another_index(segmented: tuple[str, dict[str, Any]], folder: Path) -> None:
    """Segments that know more than the database are those of another past, and are not taken up."""
    path, _ = segmented
    fill(str(folder / "other"), 10)
    for file in Path(path).glob("*.segment"):
        shutil.copy(file, folder / "other")
    with dedup.Index(folder / "other") as index:
        assert index.check().ok and len(index) == 10


def flip(file: Path, rng: Random, first: int = 0) -> None:
    """Change a random bit."""
    data = bytearray(file.read_bytes())
    data[rng.randrange(first, len(data))] ^= 1 << rng.randrange(8)
    file.write_bytes(data)


@pytest.mark.parametrize("section", ["sketches", "offsets", "lows", "rows"])
@pytest.mark.parametrize("value", [0x00, 0xFF])
def test_a_section_that_was_overwritten_is_noticed_when_it_is_used(
    segmented: tuple[str, dict[str, Any]], section: str, value: int
) -> None:
    """The first question that needs it has it built again, says so, and is answered as before; nobody ran `check`."""
    path, before = segmented
    for file in sorted(Path(path).glob("*.segment")):
        place = Segment(file)._sections[section]
        with file.open("r+b") as out:
            out.seek(place.at)
            out.write(bytes([value]) * place.bytes)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DedupWarning)
        with dedup.Index(path) as index:
            assert answers(index) == before
            assert caught and all("is damaged" in str(one.message) for one in caught)
            assert index.check().ok
        told = len(caught)
        with dedup.Index(path) as index:
            assert answers(index) == before and len(caught) == told


@pytest.mark.filterwarnings("ignore:.*it is made again from the database:dedup.DedupWarning")
def test_bits_of_segments_flipped(segmented: tuple[str, dict[str, Any]], folder: Path) -> None:
    """However bits of segments are flipped, nothing crashes, answers are as before, and `check` finds what is left."""
    path, before = segmented
    seed = time.time_ns() % 10**9
    rng = Random(seed)
    for k in range(FLIPS):
        broken = folder / "broken"
        shutil.copytree(path, broken)
        file = rng.choice(sorted(broken.glob("*.segment")))
        for _ in range(rng.choice([1, 1, 10, 1000])):
            flip(file, rng, rng.choice([0, 4096, file.stat().st_size // 2]))
        with dedup.Index(broken) as index:
            if k % 5 == 0:
                assert answers(index) == before, (seed, k)
            index.query(article(k))
            index.add("new", article(k))
            index.remove("new")
            index.check()
            checked = index.check()
            assert checked.ok, (seed, k, checked)
        shutil.rmtree(broken)


@pytest.mark.filterwarnings("ignore:.*it is made again from the database:dedup.DedupWarning")
def test_sections_of_segments_overwritten(segmented: tuple[str, dict[str, Any]], folder: Path) -> None:
    """Offsets, rows, keys and numbers of any value lead to no crash, in look-ups or merges."""
    path, before = segmented
    rng = Random(11)
    for value in (0x00, 0xFF, 0x7F, 0x80, None):
        broken = folder / "broken"
        shutil.copytree(path, broken)
        for file in sorted(broken.glob("*.segment")):
            rest = file.stat().st_size - 4096
            with file.open("r+b") as out:
                out.seek(4096)
                out.write(rng.randbytes(rest) if value is None else bytes([value]) * rest)
        with dedup.Index(broken) as index:
            for number in range(120, 200):  # segments are written and merged
                index.add(str(number), article(number))
                index.remove(str(number))
            index.check()
            assert index.check().ok and answers(index) == before
        shutil.rmtree(broken)


@pytest.mark.parametrize("kept", [None, 0, 100, 4096, 100_000])
def test_counts_lost(path: str, kept: int | None) -> None:
    """Counts that are missing or cut short are counted again when the index is opened."""
    before = fill(path)
    file = Path(path) / "frequencies"
    if kept is None:
        file.unlink()
    else:
        os.truncate(file, kept)
    with dedup.Index(path) as index:
        assert index.check().ok and answers(index) == before


@pytest.mark.parametrize("field", range(5))
def test_bits_of_the_counts_header_flipped(path: str, field: int) -> None:
    """Whatever bit of the header is flipped, counts are right once `check` has found nothing or `compact` counted."""
    before = fill(path)
    file = Path(path) / "frequencies"
    whole = file.read_bytes()
    for bit in range(0, 64, 5):
        data = bytearray(whole)
        data[8 * field + bit // 8] ^= 1 << bit % 8
        file.write_bytes(data)
        with dedup.Index(path) as index:
            if not index.check().ok:
                index.compact()
            assert index.check().ok and answers(index) == before, (field, bit)


def test_counts_that_are_too_small(path: str) -> None:
    """`check` finds cells that hold too little, and `compact` counts again."""
    before = fill(path)
    file = Path(path) / "frequencies"
    with file.open("r+b") as out:
        out.seek(4096)
        out.write(bytes(100_000))
    with dedup.Index(path) as index:
        (problem,) = index.check().problems
        assert "cells hold too little; `compact` counts again" in problem
        index.compact()
        assert index.check().ok and answers(index) == before


def test_a_journal_left_behind(path: str) -> None:
    """A journal that nothing waits for is ignored, whatever it holds."""
    before = fill(path)
    journal = Path(path) / "frequencies.journal"
    for data in (b"", b"?", os.urandom(5000), bytes(5000)):
        journal.write_bytes(data)
        with dedup.Index(path) as index:
            index.add("x", article(500))
            index.remove("x")
            assert index.check().ok and answers(index) == before


# --- other writers ------------------------------------------------------------------------------------------------


def test_a_second_writer_that_stays(forks: Crawlers, path: str) -> None:
    """Who waits for another writer longer than its timeout is told what to do, and has changed nothing."""
    before = fill(path)
    holder = forks.start(crawlers.hold, path=path, seconds=60)
    holder.wait_until_told()
    with dedup.Index(path, timeout=0.05) as index:
        for work in (
            lambda: index.add("x", article(500)),
            lambda: index.add_many(["x"], [article(500)], threads=1),
            lambda: index.remove("3"),
            lambda: index.reweigh(threads=1),
        ):
            with pytest.raises(IndexBusyError, match=r"more than 0.05 seconds.*try again, or wait longer with timeout"):
                work()
        assert answers(index) == before and "x" not in index
        holder.kill()  # its lock goes with it
        index.add("x", article(500))
        assert index.check().ok


def test_a_second_writer_that_goes(forks: Crawlers, path: str) -> None:
    """Who waits for another writer goes on when that one is done; a foreign connection is one, too."""
    fill(path)
    with dedup.Index(path) as index:
        holder = forks.start(crawlers.hold, path=path, seconds=0.2)
        holder.wait_until_told()
        index.add("x", article(500))
        holder.finish()
        with closing(sqlite3.connect(Path(path) / "index.sqlite", isolation_level=None, check_same_thread=False)) as db:
            db.execute("BEGIN IMMEDIATE")
            later = threading.Timer(0.2, db.execute, ["ROLLBACK"])
            later.start()
            index.add("y", article(501))
            later.join()
        assert index.check().ok and "x" in index and "y" in index


def test_a_clock_that_goes_back(forks: Crawlers, folder: Path) -> None:
    """No answer depends on the clock or on the times of files."""
    right, odd = (
        forks.run(crawlers.at_odd_times, path=str(folder / name), count=12, seed=seed)
        for name, seed in (("right", None), ("odd", 7))
    )
    assert right == odd
    with dedup.Index(folder / "right") as one, dedup.Index(folder / "odd") as other:
        assert list(map(str, one.clusters(1))) == list(map(str, other.clusters(1)))
        assert one.check().ok and other.check().ok


def both(forks: Crawlers, folder: Path, work: Any, *arguments: dict[str, Any]) -> list[list[Any]]:
    """What two processes or more told, that began at once."""
    start = folder / "start"
    some = [forks.start(work, start=str(start), **one) for one in arguments]
    for one in some:
        one.wait_until_told()
    start.touch()
    return [one.finish()[1:] for one in some]


@pytest.mark.parametrize("versions", [(None, None), (1, 2)], ids=["same text", "other text"])
def test_the_same_id_at_once(forks: Crawlers, folder: Path, path: str, versions: tuple[int | None, ...]) -> None:
    """Two processes that add the same ids at once leave one article of each, with the text of one of them."""
    count = 150
    both(forks, folder, crawlers.add_same, *({"path": path, "count": count, "version": one} for one in versions))
    with dedup.Index(path) as index:
        assert index.check().ok and len(index) == count
        texts = texts_of(index)
    for number in range(count):
        assert texts[str(number)] in {rewrite(number, version or 0) for version in versions}


def test_others_at_once(forks: Crawlers, folder: Path, path: str) -> None:
    """Each of two processes sees what the other has added before, whichever it was."""
    count, rng = 300, Random(3)
    orders = [rng.sample(range(count), count) for _ in range(2)]
    told = both(
        forks, folder, crawlers.add, *({"path": path, "numbers": n, "version": v} for v, n in enumerate(orders))
    )
    seen = {(number, version): rest for version, some in enumerate(told) for number, *rest in some}
    with dedup.Index(path) as index:
        assert len(index) == 2 * count and index.check().ok
        order = [tuple(map(int, id_.split("/"))) for id_ in index.to_arrow()["id"].to_pylist()]
        met = set()
        for number, version in order:
            is_duplicate, cluster, nearest = seen[number, version]
            assert is_duplicate == (number in met)
            assert nearest == ([f"{number}/{1 - version}"] if is_duplicate else [])
            assert index.cluster_of(f"{number}/{version}") == cluster
            met.add(number)
        assert {tuple(sorted(group.ids.to_pylist())) for group in index.clusters()} == {
            (f"{n}/0", f"{n}/1") for n in range(count)
        }


def test_opened_at_once(forks: Crawlers, folder: Path) -> None:
    """Processes that create one index at once share it."""
    for turn in range(6):
        path, start = folder / f"index {turn}", folder / f"start {turn}"
        start.mkdir()
        arguments = ({"path": str(path), "name": str(name)} for name in range(4))
        both(forks, start, crawlers.open_at_once, *arguments)
        with dedup.Index(path) as index:
            assert len(index) == 4 and index.check().ok


def test_used_after_a_fork(forks: Crawlers, path: str) -> None:
    """Child and parent go on with one index; what the child adds after the parent has closed it is kept, too."""
    assert forks.run(crawlers.fork, path=path, count=30) == [[0]]
    with dedup.Index(path) as index:
        assert len(index) == 1 + 30 + 60
        assert index.check().ok
        assert len(index.cluster("parent 3")) == 2


def test_weighed_anew_by_others(path: str) -> None:
    """What another process has weighed anew is taken up by adding, looking up and checking alike."""
    fill(path)
    with dedup.Index(path) as one, dedup.Index(path) as other:
        one.reweigh(threads=1)
        assert other.check().ok
        one.reweigh(threads=1)
        assert other.query(article(3) + "又及。").nearest[0].id == "3"
        one.reweigh(threads=1)
        assert other.add("x", article(501)).is_duplicate
        assert other.check().ok and one.check().ok


def test_packed_in_turns(path: str) -> None:
    """Counts that one process after the other makes anew are those that all of them go on with."""
    fill(path)
    with dedup.Index(path) as one, dedup.Index(path) as other:
        one.compact()
        other.compact()
        for index, id_ in ((one, "x"), (other, "y"), (one, "z")):
            index.add(id_, rewrite(ord(id_), 0))
        with dedup.Index(path) as third:
            assert third.check().ok and one.check().ok and other.check().ok


def test_forked_while_a_thread_adds(forks: Crawlers, path: str) -> None:
    """A process that is forked while a thread uses the index can use it, too."""
    assert forks.run(crawlers.fork_beside_a_thread, path=path, count=8) == [[[0] * 8]]
    with dedup.Index(path) as index:
        assert all(f"child {number}" in index for number in range(8)) and index.check().ok


# --- a million copies ---------------------------------------------------------------------------------------------


class Work:
    """What SQLite does: instructions of its machine, in tens, and rows changed."""

    def __init__(self, index: dedup.Index) -> None:
        self._database = index._store._database
        self._steps = 0
        self._database.set_progress_handler(self._step, 10)

    def _step(self) -> None:
        self._steps += 1

    def __call__(self) -> tuple[int, int]:
        """Steps and rows since the beginning."""
        return self._steps, self._database.total_changes


@pytest.mark.parametrize("near", [False, True], ids=["default", "near copies"])
def test_copies_of_one_page(path: str, near: bool) -> None:
    """The 3,000th copy of a page is as little work as the 100th; one text is kept, and removal is right."""
    page, count = rewrite(1, 1), 3000
    with dedup.Index(path, dedup.Settings.near_copies() if near else None) as index:
        work, costs = Work(index), {}
        for number in range(count):
            before = work()
            seen = index.add(f"https://example.org/{number}", page)
            costs[number] = [after - then for after, then in zip(work(), before, strict=True)]
            assert seen.is_duplicate == (number > 0)
        steps, rows = zip(*(costs[number] for number in (*range(100, 110), *range(count - 10, count))), strict=True)
        assert max(steps) <= 2 * min(steps[:10]) and max(rows) == min(rows) <= 3
        stats = index.stats()
        assert (stats.articles, stats.texts, stats.clusters, stats.edges) == (count, 1, 1, 0)
        assert index.check().ok
        ids = [f"https://example.org/{number}" for number in range(count)]
        for id_ in (ids[0], ids[1500], ids[-1], *ids[1:1000]):
            assert index.remove(id_)
        (cluster,) = index.clusters()
        assert cluster.ids.to_pylist() == [*ids[1000:1500], *ids[1501:-1]] and index.check().ok
        for id_ in cluster.ids.to_pylist():
            assert index.remove(id_)
        assert len(index) == 0 and index.check().ok
        assert not index.add("again", page).is_duplicate


# --- what is no index ---------------------------------------------------------------------------------------------


def edit(path: str, statement: str) -> None:
    """Change a database behind our back."""
    with closing(sqlite3.connect(Path(path) / "index.sqlite", isolation_level=None)) as database:
        database.execute(statement)


@pytest.mark.parametrize(("version", "which"), [(0, "an older"), (5, "an older"), (99, "a newer")])
def test_another_format(path: str, version: int, which: str) -> None:
    """An index of another format is refused, with what to do."""
    fill(path, 3)
    edit(path, f"PRAGMA user_version = {version}")
    with pytest.raises(FileError, match=f"has format {version}, .*format 6: it was written by {which} one. With"):
        dedup.Index(path)


def test_a_database_of_others(path: str, folder: Path) -> None:
    """A database that is not ours is refused, and not touched."""
    (folder / "index").mkdir()
    edit(path, "CREATE TABLE things (name TEXT)")
    before = (folder / "index" / "index.sqlite").read_bytes()
    with pytest.raises(FileError, match="is no index; name another folder"):
        dedup.Index(path)
    assert (folder / "index" / "index.sqlite").read_bytes() == before
    for data in (b"", b"?", os.urandom(8192)):
        (folder / "index" / "index.sqlite").write_bytes(data)
        with pytest.raises(FileError, match="is no index; name another folder"):
            dedup.Index(path)


def test_a_folder_of_others(tmp_path: Path) -> None:
    """A folder of other files, and a file, are refused."""
    (tmp_path / "letter.txt").write_text("親愛的", "utf-8")
    with pytest.raises(FileError, match="holds other files; an index needs a folder of its own: name another"):
        dedup.Index(tmp_path)
    with pytest.raises(FileError, match="is a file; an index is a folder: name another"):
        dedup.Index(tmp_path / "letter.txt")
    with pytest.raises(FileError, match=r"there is no index at .*; create one"):
        dedup.Index(tmp_path / "none", create=False)
    with pytest.raises(FileError, match="cannot create an index"):
        dedup.Index(tmp_path / "letter.txt" / "index")
    assert [one.name for one in tmp_path.iterdir()] == ["letter.txt"]


def test_a_damaged_database(path: str, folder: Path) -> None:
    """Pages of the database that are overwritten are told of by an error of ours, or found by `check`."""
    fill(path)
    file = Path(path) / "index.sqlite"
    page_bytes = int.from_bytes(file.read_bytes()[16:18], "big")
    pages = file.stat().st_size // page_bytes
    rng, found = Random(17), 0
    for page in range(1, pages, max(1, pages // 60)):
        broken = folder / "broken"
        shutil.copytree(path, broken)
        with (broken / "index.sqlite").open("r+b") as out:
            out.seek(page_bytes * page)
            out.write(rng.choice([bytes(page_bytes), b"\xff" * page_bytes, rng.randbytes(page_bytes)]))
        try:
            with dedup.Index(broken) as index:
                problems = index.check().problems
        except FileError as error:
            problems = [str(error)]
        assert problems, page
        found += 1
        shutil.rmtree(broken)
    assert found > 30


@pytest.mark.parametrize("column", ["keys", "signature", "marks"])
def test_a_damaged_row(path: str, column: str) -> None:
    """A row that was cut short is told of by an error of ours."""
    fill(path)
    with sqlite3.connect(Path(path) / "index.sqlite") as database:
        database.execute(f"UPDATE bodies SET {column} = substr(IFNULL({column}, 'other'), 1, 3)")
    database.close()
    for segment in Path(path).glob("*.segment"):
        segment.unlink()
    with pytest.raises(FileError, match="damaged"), dedup.Index(path) as index:
        index.check()


@pytest.mark.parametrize("broken", [b"\xff\xff\xff\xff\x00", None], ids=["not compressed", "not UTF-8"])
def test_a_damaged_text(path: str, broken: bytes | None) -> None:
    """`check` names it, what needs it says so, and its article can be removed and added again."""
    fill(path)
    with sqlite3.connect(Path(path) / "index.sqlite") as database:
        (body,) = database.execute("SELECT body FROM bodies WHERE number = 5").fetchone()
        (id_,) = database.execute("SELECT id FROM articles WHERE text = 5").fetchone()
        other = bytearray(body)
        other[len(other) // 2] = 0xFF
        database.execute("UPDATE bodies SET body = ? WHERE number = 5", (broken or bytes(other),))
    database.close()
    with dedup.Index(path) as index:
        assert "text 5 has a body that is damaged: remove its article, and add it again" in index.check().problems
        with pytest.raises(FileError, match="a stored text is damaged"):
            list(index.texts())
        assert index.remove(id_)
        index.compact()
        assert index.check().ok
        index.add(id_, "昨晚的流星雨很美，我們帶了熱茶和毛毯")
        assert index.check().ok


# --- interrupted ------------------------------------------------------------------------------------------------------


def test_an_add_that_is_interrupted_breaks_nothing(tmp_path: Path, synthetic: ModuleType) -> None:
    """Ctrl+C at any moment of an add: the index goes on, and finds all that it had returned for."""
    texts, _ = synthetic.near_copies(150, 300, seed=21)
    rng, there, interrupted, adding = Random(9), dict[str, str](), 0, False

    def interrupt(signum: int, frame: object) -> None:
        if adding:  # the clock may ring when an add has ended, where nobody waits for an interrupt
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with dedup.Index(tmp_path / "index", dedup.Settings.near_copies()) as index:
            index.add_many([f"{number}" for number in range(60)], texts[:60])
            index.query(texts[0])
            for number, text in enumerate(texts[60:], 60):
                try:
                    adding = True
                    signal.setitimer(signal.ITIMER_REAL, rng.uniform(0.0001, 0.0006))
                    index.add(str(number), text)
                    there[str(number)] = text
                    adding = False
                except KeyboardInterrupt:
                    interrupted += 1
                signal.setitimer(signal.ITIMER_REAL, 0)
            assert interrupted
            assert index.check().problems == []
            assert all(id_ in index and index.query(text).is_duplicate for id_, text in there.items())
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("most", [0, -1, 1.5, "5", True, 1 << 41])
def test_a_limit_on_a_text_that_is_none_is_refused(tmp_path: Path, most: Any) -> None:
    """As settings refuse it, and before there is an index: 0 was taken for none, and others as they are."""
    with pytest.raises(SettingsError, match="longest_text must be"):
        dedup.Index(tmp_path / "index", longest_text=most)
    assert not (tmp_path / "index").exists()


def test_a_schema_that_is_no_text_is_damage(tmp_path: Path) -> None:
    """SQLite names what it cannot read, which Python then cannot decode."""
    with dedup.Index(tmp_path / "index") as index:
        index.add("a", article(0))
    path = tmp_path / "index" / "index.sqlite"
    damaged = path.read_bytes().replace(b"tablebodiesbodies", b"table\xff\xff\xff\xff\xff\xffbodies")
    path.write_bytes(damaged.replace(b"CREATE TABLE bodies", b"CREATE TABLX bodies"))
    with pytest.raises(FileError, match="is damaged"):
        dedup.Index(tmp_path / "index")
