"""`dedup.work`: work in order on any number of threads, and memory that each of them uses again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from dedup.stages.shingles import Texts
from dedup.work import Room, ranges, spread


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_results_come_in_the_order_of_the_pieces(threads: int) -> None:
    """Whichever thread ran them, and the progress ascends to the whole."""
    told: list[tuple[int, int]] = []
    found = list(spread(lambda piece: piece * piece, range(20), threads, lambda *numbers: told.append(numbers)))
    assert found == [piece * piece for piece in range(20)]
    assert told == [(done, 20) for done in range(1, 21)]


def test_ranges_cover_everything_once() -> None:
    """The last run is what is left."""
    assert ranges(7, 3) == [(0, 3), (3, 6), (6, 7)]
    assert ranges(0, 3) == []


def test_room_is_used_again() -> None:
    """What fits is the same memory; what does not is more of it, of the kind asked for."""
    room = Room(np.uint32)
    first = room.take(100)
    assert (first.dtype, len(first)) == (np.uint32, 100)
    assert np.shares_memory(first, room.take(50))
    assert len(room.take(1000)) == 1000
    assert not np.shares_memory(first, room.take(1000))


def test_every_thread_has_room_of_its_own() -> None:
    """Two threads at once never write to the same memory."""
    room, together = Room(np.uint64), Barrier(2)

    def take(_: int) -> Any:
        array = room.take(10)
        together.wait(10)
        return array

    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(take, range(2))
    assert not np.shares_memory(one, other)


def test_shingles_can_be_put_where_one_wants() -> None:
    """In given room they are what they are elsewhere."""
    texts, rows, room = (
        Texts(pa.chunked_array([["手机卡续费", "easy money"]], pa.large_string())),
        np.arange(2),
        Room(np.uint64),
    )
    alone, placed = texts.shingle(rows), texts.shingle(rows, room=room)
    assert np.shares_memory(placed.keys, room.take(1))
    assert placed.keys.tolist() == alone.keys.tolist()
