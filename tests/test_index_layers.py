"""`dedup.index.on_disk.layers`: every text is in one layer, whoever writes, merges, compacts or loses segments."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from dedup.index.listed import Listed
from dedup.index.on_disk import layers, schema
from dedup.index.on_disk.layers import Layers, Stored, _mergeable
from dedup.index.on_disk.lookup import Lookup
from dedup.index.on_disk.segments import Segment, merge
from dedup.index.store import Opening
from dedup.settings import Settings

SMALL = Settings(slots=16, threshold=0.5, recall=0.9, bucket_cap=1000)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A memory of sixteen texts or 200 keys, and segments that are built at once of sixty-four texts."""
    for name, value in {"TEXTS": 16, "KEYS": 200, "REBUILD": 64}.items():
        monkeypatch.setattr(layers, name, value)


def signature(number: int) -> NDArray[np.uint8]:
    """The signature of a text like no other."""
    return np.random.default_rng(number).integers(0, 2**8, SMALL.slots).astype(np.uint8)


def keys(number: int) -> NDArray[np.uint32]:
    """Its keys, one to four."""
    return np.random.default_rng(number).integers(0, 2**32, 1 + number % 4).astype(np.uint32)


def texts(*numbers: int) -> Listed:
    """What these texts are found by."""
    return Listed.of(np.stack([signature(number) for number in numbers]), [keys(number) for number in numbers])


class World:
    """A database of texts, and the layers beside it.

    Args:
        folder: Where both are.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        schema.prepare(folder, Opening(SMALL, store_texts=False, weights=b""), create=True)
        self.layers = Layers(folder, SMALL, self.connect)
        self.layers.load(1, self.last, self.after)

    def connect(self) -> sqlite3.Connection:
        """A connection to the database."""
        return schema.connect(self.folder, fsync=False, timeout=5.0)

    def asked(self, statement: str) -> list[tuple[int, bytes]]:
        """Rows of the database."""
        with closing(self.connect()) as database:
            return database.execute(statement).fetchall()

    @property
    def numbers(self) -> list[int]:
        """All texts there are."""
        return [number for (number, *_) in self.asked("SELECT number FROM bodies")]

    @property
    def last(self) -> int:
        """The highest number."""
        return max(self.numbers, default=0)

    def after(self, number: int, each: Callable[[], int] = lambda: 64) -> Stored:
        """The texts above one, some at a time."""
        rows = self.asked(f"SELECT number, keys FROM bodies WHERE number > {number} ORDER BY number")
        while rows:
            step = each()
            some, rows = rows[:step], rows[step:]
            numbers = [number for number, _ in some]
            values = np.stack([signature(number) for number in numbers])
            yield np.array(numbers), Listed.of(values, [np.frombuffer(value, np.uint32) for _, value in some])

    def add(self, count: int, each: int = 7) -> None:
        """Texts that come some at a time."""
        first = self.last + 1
        rows = [(n, signature(n).tobytes(), keys(n).tobytes()) for n in range(first, first + count)]
        with closing(self.connect()) as database:
            database.executemany("INSERT INTO bodies (number, signature, keys) VALUES (?, ?, ?)", rows)
            database.executemany(
                "INSERT INTO texts (number, cluster, copies) VALUES (?, 0, 1)", [row[:1] for row in rows]
            )
        for begin in range(first, first + count, each):
            some = range(begin, min(begin + each, first + count))
            self.layers.append(np.array(some), texts(*some))

    def remove(self, *numbers: int) -> None:
        """Texts that go."""
        with closing(self.connect()) as database:
            for table in ("bodies", "texts"):
                database.executemany(f"DELETE FROM {table} WHERE number = ?", [(number,) for number in numbers])

    @property
    def sizes(self) -> list[int]:
        """How many texts are in each layer, when the thread has done its work."""
        self.layers.wait()
        return [len(layer) for layer in self.layers.layers()]

    @property
    def names(self) -> list[str]:
        """The segments' files that are there."""
        return sorted(path.name for path in self.folder.glob("*.segment*"))

    def check(self) -> None:
        """Each text is in one layer, and is found; so it is by whoever opens the folder now."""
        self.layers.wait()
        assert sorted(path.name for path in self.layers.files) == self.names
        there = self.numbers
        for these in (self.layers, other(self)):
            assert [number for number in these.numbers().tolist() if number in set(there)] == there
            nearest = Lookup(SMALL).find(these.layers(), texts(*there))
            assert [one[0] for one in nearest] == there
            assert these.check() == []


def other(world: World) -> Layers:
    """The same folder as another process sees it."""
    these = Layers(world.folder, SMALL, world.connect, writable=False)
    these.load(1, world.last, world.after)
    return these


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A new one."""
    one = World(tmp_path / "index")
    yield one
    one.layers.wait()


def test_textbook_example(world: World) -> None:
    """Of forty texts the first memory is written as soon as it is full, the last ones stay in memory."""
    world.add(40)
    assert world.sizes == [16, 16, 8]
    assert world.names == ["s1-0-16.segment", "s1-16-32.segment"]
    world.check()


@pytest.mark.parametrize("each", [1, 7, 16, 17, 300])
def test_segments_of_a_size_become_one(world: World, each: int) -> None:
    """Four of a size are merged, so there are never more than three of each, whatever comes at once."""
    world.add(300, each)
    assert sum(world.sizes) == 300
    sizes = np.log2(np.array(world.sizes[:-1]) / 16) // 2
    assert all((sizes == size).sum() < 4 for size in sizes)
    assert len(world.names) == len(world.sizes) - 1
    world.check()


@pytest.mark.parametrize("room", [20, 40, 1000])
def test_a_text_is_merged_few_times(tmp_path: Path, room: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice at most while memories become sixteen times as large, whether they are full of keys or of texts."""
    merged: list[int] = []

    def counted(folder: Path, parts: Sequence[Segment], alive: Callable[[NDArray[np.int64]], NDArray[np.bool_]]) -> Any:
        merged.extend(number for part in parts for number in part.numbers.tolist())
        return merge(folder, parts, alive)

    for name, value in {"KEYS": room, "merge": counted}.items():
        monkeypatch.setattr(layers, name, value)
    world = World(tmp_path / "index")
    world.add(16 * min(16, room * 2 // 5), 1)
    assert max(Counter(merged).values()) <= 2
    assert len(world.sizes) < 12
    world.check()


@pytest.mark.parametrize(
    ("room", "found"), [(10, [4] * 5), (9, [3] * 6 + [2]), (5, [2] * 10), (3, [1, 1, 1] + [2, 1, 1] * 4 + [1])]
)
@pytest.mark.parametrize("each", [1, 7, 20])
def test_a_memory_is_full_of_keys_or_of_texts(
    tmp_path: Path, room: int, found: list[int], each: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many texts are in one as their keys have room in; a text with more keys than that has a larger one."""
    for name, value in {"KEYS": room, "FACTOR": 100}.items():
        monkeypatch.setattr(layers, name, value)
    world = World(tmp_path / "index")
    world.add(20, each)
    assert [len(keys(number)) for number in range(1, 6)] == [2, 3, 4, 1, 2]
    assert world.sizes == found
    world.check()


def test_a_text_longer_than_a_memory(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """One with more keys than a memory has room for, as the first, in between and alone."""
    many = {1: 300, 7: 201, 8: 1000, 40: 200}
    monkeypatch.setitem(globals(), "keys", lambda number, own=keys: np.tile(own(number), many.get(number, 1)))
    world.add(41)
    assert world.sizes == [1, 5, 1, 1, 16, 15, 1, 1]
    world.check()


@pytest.mark.parametrize("lost", [(), (0,), (1,), (2,), (0, 1, 2, 3)])
def test_segments_that_are_missing_are_built_again(world: World, lost: tuple[int, ...]) -> None:
    """Whichever are deleted, all texts are there when the folder is opened again."""
    world.add(230)
    world.layers.wait()
    for place in lost:
        for name in world.names[place : place + 1]:
            (world.folder / name).unlink()
    world.layers.load(1, world.last, world.after)
    world.check()


@pytest.mark.parametrize("steps", [[64, 64, 64, 8], [63, 64, 64, 9], [1, 64, 63, 72], [200], [10] * 20])
def test_a_segment_never_claims_texts_that_are_in_memory(world: World, steps: list[int]) -> None:
    """However signatures come when all are built again: a segment holds every text of its span."""
    world.add(200)
    world.layers.wait()
    for name in world.names:
        (world.folder / name).unlink()
    each = iter(steps)
    world.layers.load(1, world.last, lambda number: world.after(number, lambda: next(each)))
    world.check()
    world.add(40)
    world.check()


def test_compacting_leaves_out_those_that_are_gone(world: World) -> None:
    """There is one segment of all that stay; again and again, and of one that was one before."""
    world.add(300)
    for gone in ((1, 2, 77), (5,), (), tuple(range(200, 280))):
        world.remove(*gone)
        world.layers.compact()
        assert len(world.names) == 1
        assert world.layers.bytes == (world.folder / world.names[0]).stat().st_size
        world.check()
    assert len(world.layers.layers()[0]) == 288 - 4 - 80


def test_another_process_goes_on_with_segments_that_were_merged(world: World) -> None:
    """What it holds is deleted under it, and is still all there, and counted."""
    world.add(50)
    world.layers.wait()
    follower = other(world)
    size = follower.bytes
    world.add(30)
    world.layers.wait()
    world.layers.compact()
    assert not any(path.exists() for path in follower.files)
    assert follower.numbers().tolist() == list(range(1, 51))
    assert follower.bytes == size > 0
    world.check()


def test_whoever_does_not_hold_the_lock_writes_nothing(world: World) -> None:
    """Its texts stay in memory until it does."""
    with world.layers._locked() as mine:
        assert mine
        follower = World(world.folder)
        follower.add(100)
        assert (follower.names, sum(follower.sizes)) == ([], 100)
    follower.add(20)
    assert sum(follower.sizes) == 120
    assert len(follower.names) == len(follower.sizes) - 1
    follower.check()


def test_what_is_of_no_use_is_deleted(world: World) -> None:
    """Half-written files and those of another generation; by whoever holds the lock alone."""
    world.add(20)
    world.layers.wait()
    wrong = [world.folder / name for name in ("s1-16-20.segment.new", "s2-0-16.segment", "s1-0-999.segment")]
    for path in wrong:
        path.write_bytes(b"wrong")
    other(world)
    assert all(path.exists() for path in wrong)
    world.layers.load(1, world.last, world.after)
    assert world.names == ["s1-0-16.segment"]
    world.check()
    world.layers.load(2, world.last, world.after)
    assert world.names == []
    assert sum(world.sizes) == 20


def test_a_damaged_segment_is_told_and_built_again(world: World) -> None:
    """It is not merged; its file is deleted, and made again when all are loaded."""
    world.add(50)
    world.layers.wait()
    path = world.folder / "s1-16-32.segment"
    raw = bytearray(path.read_bytes())
    raw[20_000] ^= 1
    path.write_bytes(raw)
    world.layers.load(1, world.last, world.after)
    (problem,) = world.layers.check()
    assert "s1-16-32.segment" in problem and "will be built again" in problem
    assert world.layers.damaged and not path.exists()
    world.layers.load(1, world.last, world.after)
    world.check()


def test_a_new_folder_is_empty(world: World) -> None:
    """There is one memory, and nothing to compact."""
    world.layers.compact()
    assert (world.sizes, world.names, world.layers.known, world.layers.bytes) == ([0], [], 0, 0)
    world.add(1)
    assert (world.sizes, world.layers.known) == ([1], 1)


def test_a_segment_has_room_for_what_becomes_one(world: World) -> None:
    """Where all keys are too many for one segment, there are several, in order, and none is left out."""
    most = layers.MOST
    for counts in ([], [most], [most, 1], [1, 2, 3], [most - 1, 1, 1, most - 1, 2, most], [most // 2 + 1] * 3):
        some: Any = [SimpleNamespace(keys=count) for count in counts]
        groups = _mergeable(some)
        assert [one for group in groups for one in group] == some
        assert all(sum(one.keys for one in group) <= most for group in groups)
        for left, right in pairwise(groups):
            assert sum(one.keys for one in left) + right[0].keys > most, "none is begun without need"


def test_segments_without_room_for_each_other_stay_apart(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither merging nor compacting makes a segment of more keys than there are places for."""
    monkeypatch.setattr(layers, "MOST", 90)
    world.add(300)
    world.layers.wait()
    assert all(layer.keys <= 90 for layer in world.layers._segments)
    world.check()
    world.layers.compact()
    assert all(layer.keys <= 90 for layer in world.layers._segments)
    assert [layer.keys for layer in world.layers._segments] == [80] * 9
    world.check()
