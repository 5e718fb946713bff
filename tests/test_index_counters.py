"""`dedup.index.on_disk.counters`: exact where nothing collides, and those of a killed writer are put back."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import dedup
from dedup.index.on_disk import counters
from dedup.index.on_disk.counters import HEADER_BYTES, LEAST_BITS, MOST_BITS, Frequencies, bits_for

GENERATED = settings(deadline=None, max_examples=60)
FILES = count()
SMALL_BITS = 8
"""As few bits as make the table grow with every few texts."""
KEYS = [place << 64 - SMALL_BITS | 12_345 for place in (0, 1, 2, 77, 254, 255)]
"""Shingles of which each has a cell of its own, in a table of any size."""
CLOSE = [255 << 56, 255 << 56 | 1 << 55, 1 << 54, 0]
"""Shingles of which some share a cell, until the table grows."""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where generated cases have their files."""
    return tmp_path_factory.mktemp("frequencies")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the counts are."""
    return tmp_path / "frequencies"


def array(keys: Iterable[int]) -> NDArray[np.uint64]:
    """Keys as the index holds them."""
    return np.array(list(keys), np.uint64)


def created(path: Path, texts: int = 0) -> Frequencies:
    """A new table, with room for so many texts."""
    table = Frequencies(path)
    table.recount(texts, [])
    return table


def opened(path: Path, *, writable: bool = True) -> Frequencies:
    """The table that is there, as another process would see it."""
    table = Frequencies(path)
    assert table.open(writable=writable)
    return table


def counted(table: Frequencies, texts: Sequence[Iterable[int]], step: int = 1, number: int = 1) -> None:
    """Count some texts, and keep it."""
    table.count([(array(keys), step) for keys in texts], number)
    table.keep()


def of(table: Frequencies, keys: Iterable[int] = KEYS) -> list[int]:
    """The counts of some shingles."""
    found = table.of(array(keys))
    assert found.dtype == np.uint32
    return found.tolist()


def exact(texts: Iterable[Iterable[int]]) -> list[int]:
    """How many of these texts hold each of `KEYS`."""
    seen = Counter(key for keys in texts for key in keys)
    return [seen[key] for key in KEYS]


TEXTS = st.lists(st.sets(st.sampled_from(KEYS), min_size=1).map(sorted), min_size=1, max_size=6)


def test_textbook_example(path: Path) -> None:
    """Three texts, two of which hold the second shingle; one of them goes."""
    table = created(path)
    counted(table, [KEYS[:2], KEYS[1:3], [KEYS[3]]])
    assert (of(table), table.texts, table.bits) == ([1, 2, 1, 1, 0, 0], 3, LEAST_BITS)
    counted(table, [KEYS[:2]], step=-1)
    assert (of(table), table.texts) == ([0, 1, 1, 1, 0, 0], 2)
    assert (of(opened(path)), opened(path).texts) == ([0, 1, 1, 1, 0, 0], 2)


@GENERATED
@given(st.lists(st.tuples(TEXTS, st.sampled_from(["keep", "undo", "kill", "commit and kill", "reopen"])), max_size=6))
def test_counts_are_those_of_a_dict(files: Path, transactions: list[tuple[list[list[int]], str]]) -> None:
    """Whatever becomes of transactions, the table holds what was committed, however often it grew or changed hands."""
    path = files / str(next(FILES))
    texts: list[list[int]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counters, "LEAST_BITS", SMALL_BITS)
        table = created(path)
        last = 0
        for new, end in transactions:
            gone = texts[: len(new) // 3]
            table.count([*((array(keys), 1) for keys in new), *((array(keys), -1) for keys in gone)], last + 1)
            if end in ("keep", "commit and kill", "reopen"):
                texts, last = [*texts[len(gone) :], *new], last + len(new)
            if end in ("keep", "reopen"):
                table.keep()
            if end == "undo":
                table.undo()
            if end not in ("keep", "undo"):
                table = opened(path)
                table.recover(last)
            found = of(table)
            assert table.texts == len(texts)
            assert all(seen >= true for seen, true in zip(found, exact(texts), strict=True))
            if table.bits == SMALL_BITS:
                assert found == exact(texts)


@GENERATED
@given(st.lists(st.sets(st.sampled_from(CLOSE), min_size=1), min_size=1, max_size=30), st.integers(0, 20))
def test_counts_are_never_too_low(files: Path, texts: list[set[int]], gone: int) -> None:
    """Where shingles share a cell, before the table grew or after, it holds no less than each of them has."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counters, "LEAST_BITS", SMALL_BITS)
        table = created(files / str(next(FILES)))
        for keys in texts:
            counted(table, [keys])
        counted(table, texts[:gone], step=-1)
        left = texts[gone:]
        seen = Counter(key for keys in left for key in keys)
        assert all(found >= seen[key] for key, found in zip(CLOSE, of(table, CLOSE), strict=True))
        assert table.fewer([[array(keys) for keys in left]]) == 0
        assert table.bits >= bits_for(len(left))


def test_the_table_grows_with_the_texts() -> None:
    """64 cells a text, within bounds."""
    assert [bits_for(texts) for texts in (0, 1, 1 << 14, (1 << 14) + 1, 1 << 15, 1 << 20)] == [20, 20, 20, 21, 21, 26]
    assert (bits_for(10**9), LEAST_BITS, MOST_BITS) == (26, 20, 26)


def test_cells_are_handed_on_to_their_children(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the table grows, what was counted stays; what shared a cell and comes after that is told apart."""
    monkeypatch.setattr(counters, "LEAST_BITS", SMALL_BITS)
    table = created(path)
    counted(table, [[CLOSE[0]], [CLOSE[1]]])
    assert (table.bits, of(table, CLOSE[:2])) == (8, [2, 2])
    counted(table, [[CLOSE[0]]] * 3)
    assert (table.bits, of(table, CLOSE[:2])) == (9, [5, 2])


def test_a_table_has_room_for_as_many_texts_as_it_is_made_for(path: Path) -> None:
    """Where texts are counted again it need not grow on the way."""
    table = created(path, 40_000)
    assert (table.bits, table.texts) == (22, 0)
    assert path.stat().st_size == HEADER_BYTES + (4 << 22)


def test_what_is_counted_is_seen_at_once_by_all(path: Path) -> None:
    """Two objects on one file see one table, also after it grew under one of them."""
    mine, other, reader = created(path), opened(path), opened(path, writable=False)
    counted(mine, [KEYS[:2]])
    assert of(other) == of(reader) == of(mine) == exact([KEYS[:2]])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counters, "TEXTS_BITS", 20)
        counted(other, [KEYS[:1]])
    assert mine._header[counters._Field.REPLACED]
    assert of(mine) == of(reader) == [2, 1, 0, 0, 0, 0]
    assert mine.bits == reader.bits == other.bits == 21
    counted(mine, [KEYS[:1]])
    assert of(other) == of(reader) == [3, 1, 0, 0, 0, 0]
    assert (mine.texts, reader.texts) == (3, 3)


def test_whoever_reads_cannot_write(path: Path) -> None:
    """A table that was opened for reading stays so, also when it goes on with a larger file."""
    writer = created(path)
    reader = opened(path, writable=False)
    with pytest.raises((ValueError, TypeError)):
        reader.count([(array(KEYS), 1)], 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counters, "TEXTS_BITS", 20)
        counted(writer, [KEYS, KEYS])
    assert of(reader) == [2] * len(KEYS)
    with pytest.raises((ValueError, TypeError)):
        reader.keep()
    with pytest.raises((ValueError, TypeError)):
        reader.count([(array(KEYS), 1)], 1)
    assert of(opened(path)) == [2] * len(KEYS)


# --- transactions -------------------------------------------------------------------------------------------------


def test_a_transaction_is_undone(path: Path) -> None:
    """What was counted up or down, a shingle of several texts too, is as it was."""
    table = created(path)
    counted(table, [KEYS, KEYS[:2]])
    table.count([(array(KEYS[1:3]), 1), (array(KEYS[:2]), -1), (array(KEYS[1:2]), 1)], 7)
    assert (of(table), table.texts) == ([1, 3, 2, 1, 1, 1], 3)
    table.undo()
    assert (of(table), table.texts) == ([2, 2, 1, 1, 1, 1], 2)
    table.undo()
    assert of(table) == [2, 2, 1, 1, 1, 1], "there is nothing to undo any more"


@pytest.mark.parametrize(("last", "kept"), [(4, False), (5, True), (9, True)])
def test_the_next_writer_settles_what_a_killed_one_left(path: Path, last: int, kept: bool) -> None:
    """It stays if the database knows the number that was given with it, and is put back if not."""
    killed = created(path)
    counted(killed, [KEYS[:3]], number=3)
    killed.count([(array(KEYS[1:]), 1)], 5)
    follower = opened(path)
    follower.recover(last)
    assert of(follower) == exact([KEYS[:3], KEYS[1:]] if kept else [KEYS[:3]])
    assert follower.texts == 1 + kept
    follower.recover(0)
    assert follower.texts == 1 + kept, "it is settled"


def test_a_writer_killed_while_the_table_grew_leaves_nothing_counted(path: Path) -> None:
    """The larger table holds what the smaller one did."""
    killed, follower = created(path), opened(path)
    counted(killed, [KEYS])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counters, "TEXTS_BITS", 20)
        killed.count([(array(KEYS), 1)], 5)
    follower.recover(1)
    assert (of(follower), follower.texts, follower.bits) == ([1] * len(KEYS), 1, 21)


def test_a_process_that_is_killed_leaves_what_it_counted_to_be_undone(path: Path) -> None:
    """The journal and the pages outlive the process, whatever it was at."""
    counted(created(path), [KEYS])
    script = f"""
import os, signal
from pathlib import Path
import numpy as np
from dedup.index.on_disk.counters import Frequencies
table = Frequencies(Path({str(path)!r}))
assert table.open()
table.count([(np.array({KEYS[:2]!r}, np.uint64), 1)], 9)
os.kill(os.getpid(), signal.SIGKILL)
"""
    environment = os.environ | {"PYTHONPATH": str(Path(dedup.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", script], env=environment, check=False)
    assert done.returncode == -9
    follower = opened(path)
    assert (of(follower), follower.texts) == ([2, 2, 1, 1, 1, 1], 2)
    follower.recover(8)
    assert (of(follower), follower.texts) == ([1] * len(KEYS), 1)


def test_a_lost_journal_is_told(path: Path) -> None:
    """Where the journal is missing, cut short, changed or of another transaction, nothing is put back."""
    counted(created(path), [KEYS], number=3)
    journal = path.with_suffix(".journal")
    other = journal.read_bytes()
    killed = opened(path)
    killed.count([(array(KEYS[:2]), 1)], 5)
    raw = journal.read_bytes()
    for wrong in (b"", raw[:10], raw[:-1] if len(raw) < len(other) else raw[:40], raw[:9] + b"\7" + raw[10:], other):
        journal.write_bytes(wrong)
        follower = opened(path)
        assert not follower.undo()
        assert not follower.recover(4)
        assert of(follower) == exact([KEYS, KEYS[:2]])
    journal.write_bytes(raw)
    follower = opened(path)
    assert follower.recover(4)
    assert (of(follower), follower.texts) == ([1] * len(KEYS), 1)


def test_a_long_journal_does_not_show_in_a_short_one(path: Path) -> None:
    """A transaction of one shingle after one of thousands is undone as well."""
    table = created(path)
    counted(table, [[key << 40 for key in range(5000)]])
    table.count([(array([0]), 1)], 2)
    table.undo()
    assert table.of(array(key << 40 for key in range(5000))).sum() >= 5000
    assert of(table, [0])[0] == of(table, [1])[0]
    assert table.texts == 1


# --- the file -----------------------------------------------------------------------------------------------------


def test_counts_stop_at_both_ends(path: Path) -> None:
    """A cell that is full stays full, and an empty one empty."""
    table = created(path)
    table._cells[0] = 2**32 - 2
    for full in (2**32 - 1, 2**32 - 1):
        counted(table, [[0]])
        assert of(table, [0]) == [full]
    counted(table, [KEYS[3:4]] * 2, step=-1)
    assert of(table, KEYS[3:4]) == [0]


def test_cells_that_hold_too_little_are_counted(path: Path) -> None:
    """A check sees what was lost, and takes no offence at what is more."""
    table = created(path)
    counted(table, [KEYS, KEYS[:2]])
    assert table.fewer([[array(KEYS)], [array(KEYS[:2])]]) == 0
    assert table.fewer([[array(KEYS)]]) == 0
    assert table.fewer([[array(KEYS), array(KEYS)], [array(KEYS[:2])]]) == len(KEYS)


def test_a_damaged_file_is_not_taken_up(path: Path) -> None:
    """A missing file, one cut short or grown, or one with another header."""
    table = Frequencies(path)
    assert not table.open()
    assert not table.open(writable=False)
    counted(created(path), [KEYS])
    raw = path.read_bytes()
    header = np.frombuffer(raw, np.int64, 8)
    damaged = [b"", raw[:9], raw[:HEADER_BYTES], raw[:-1], raw + b"\0", b"\0" * len(raw)]
    for place, value in ((0, 1), (1, LEAST_BITS + 1), (1, 0), (1, -5), (1, 60)):
        other = header.copy()
        other[place] = value
        damaged.append(other.tobytes() + raw[64:])
    for wrong in damaged:
        path.write_bytes(wrong)
        assert not Frequencies(path).open()
        assert not Frequencies(path).open(writable=False)
    path.write_bytes(raw)
    assert of(opened(path)) == [1] * len(KEYS)


def test_a_file_that_was_to_be_replaced_is_not_taken_up(path: Path) -> None:
    """Where a writer was killed between giving up the old file and putting the new one there, counts are lost."""
    table = created(path)
    counted(table, [KEYS])
    table._header[counters._Field.REPLACED] = 1
    assert not Frequencies(path).open()
    assert not table.recover(9)
    assert of(table) == [1] * len(KEYS), "to read they still serve"
    Frequencies(path).recount(1, [[array(KEYS[:1])]])
    assert of(table) == of(opened(path)) == exact([KEYS[:1]])


def test_counting_anew_replaces_all_at_once(path: Path) -> None:
    """While it goes on, others see what was; if it fails, it stays so, and nothing is left behind."""
    table, other = created(path), opened(path)
    counted(table, [KEYS])
    seen = []

    def texts() -> Iterator[list[NDArray[np.uint64]]]:
        yield [array(KEYS[:1]), array(KEYS[:3])]
        seen.append(of(other))
        raise OSError("the database is gone")

    with pytest.raises(OSError, match="gone"):
        table.recount(2, texts())
    assert seen == [of(table)] == [of(other)] == [[1] * len(KEYS)]
    table.recount(2, [[array(KEYS[:1]), array(KEYS[:3])], [], [array(KEYS[:1])]])
    assert of(other) == of(table) == exact([KEYS[:1], KEYS[:3], KEYS[:1]])
    assert table.texts == other.texts == 3
    assert {file.name for file in path.parent.iterdir()} == {f"{path.name}-1", f"{path.name}.journal"}


def test_the_file_is_pinned(path: Path) -> None:
    """Header and cells are where they always were, or the version must be another."""
    counted(created(path), [[0, 2**64 - 1], [2**64 - 1]], number=5)
    raw = path.read_bytes()
    assert np.frombuffer(raw, np.int64, 5).tolist() == [0x646564757001, 20, 2, 0, 0]
    cells = np.frombuffer(raw, np.uint32, offset=4096)
    assert (len(cells), cells[0], cells[-1], cells.sum()) == (2**20, 1, 2, 3)


def test_it_says_what_it_takes(path: Path) -> None:
    """The table and its journal; nothing where there are none."""
    assert Frequencies(path).bytes() == 0
    table = created(path)
    counted(table, [KEYS])
    assert table.bytes() == HEADER_BYTES + (4 << 20) + 32 + 8 * len(KEYS)
    table.close()
    table.close()
    assert of(opened(path)) == [1] * len(KEYS)
