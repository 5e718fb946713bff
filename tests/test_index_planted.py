"""What somebody has planted in an index's database: a clear error, or an answer, and nothing else."""

from __future__ import annotations

import sqlite3
import zlib
from contextlib import closing, suppress
from pathlib import Path

import pyarrow as pa
import pytest
from crawlers import article, rewrite

import dedup
from dedup.errors import DedupError, FileError
from dedup.index.on_disk.schema import NAME
from dedup.index.prepared import LENGTH_BYTES, Preparer

COLUMNS = [
    ("meta", "value"), ("weights", "bytes"), ("frames", "windows"), ("articles", "id"), ("articles", "text"),
    ("times", "first"), ("times", "more"), ("texts", "print"), ("texts", "more"), ("texts", "cluster"),
    ("texts", "copies"), ("bodies", "signature"), ("bodies", "keys"), ("bodies", "marks"), ("bodies", "body"),
    ("held", "place"), ("campaigns", "campaign"), ("edges", "other"), ("edges", "similarity"), ("edges", "judged"),
    ("changes", "kind"), ("changes", "id"), ("changes", "old"), ("dropped", "text"),
]  # fmt: skip
VALUES = [-1, 0, 7, 2**62, 1e300, "x", "9" * 30, b"", b"\xff" * 3, b"\xff" * 384, b"\x80" * 4096]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index with something in every table."""
    path = tmp_path_factory.mktemp("planted") / "index"
    texts = [rewrite(number % 4, number) + f"\n微信：abcd{number % 3}efg" for number in range(12)]
    with dedup.Index(path, weights=dedup.fit([article(number) for number in range(20)], threads=1)) as index:
        index.add_many([str(number) for number in range(12)], texts, threads=1)
        index.add("copy", texts[1])
        index.remove("2")
    with closing(sqlite3.connect(path / NAME)) as database, database:
        database.execute("INSERT OR IGNORE INTO frames VALUES (3, x'0102030405060708')")
        database.execute("INSERT OR IGNORE INTO campaigns VALUES (2, 1)")
        database.execute("INSERT OR IGNORE INTO held VALUES (2, 1)")
    return path


def plant(path: Path, folder: Path, table: str, column: str, value: object) -> Path:
    """A copy of an index, in which all rows but one hold this in a column, or as many as may be the same."""
    with closing(sqlite3.connect(path / NAME)) as database, closing(sqlite3.connect(folder / NAME)) as copy:
        database.backup(copy)
        copy.execute(f"UPDATE OR IGNORE {table} SET {column} = ?", (value,))
        copy.commit()
    return folder


@pytest.mark.filterwarnings("ignore::dedup.DedupWarning")
@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_a_planted_value(filled: Path, tmp_path: Path, table: str, column: str) -> None:
    """In any column: every question is answered, or told that the index is damaged; so is who adds and removes."""
    for number, value in enumerate(VALUES):
        folder = tmp_path / str(number)
        folder.mkdir()
        plant(filled, folder, table, column, value)
        with suppress(DedupError), dedup.Index(folder) as index:
            for ask in (
                lambda: index.query(rewrite(1, 3)), lambda: index.query(article(3), by="containment"),
                lambda: list(index.texts()), lambda: index.clusters(1), lambda: index.to_arrow(times=True),
                lambda: list(index.changes()), index.campaigns, lambda: index.times("3"),
                lambda: index.add("new", rewrite(1, 20)), lambda: index.add("3", rewrite(2, 21)),
                lambda: index.remove("4"), index.check, index.snapshot, lambda: index.reweigh(threads=1), index.compact,
            ):  # fmt: skip
                with suppress(DedupError):
                    ask()


@pytest.mark.parametrize("codec", ["lz4_raw", "zstd"])
def test_a_text_that_would_expand_to_gigabytes(codec: str) -> None:
    """It is refused by the length that it claims, and by what it expands to if it claims less."""
    preparer, size = Preparer(dedup.Settings(), None, store_texts=True, codec=codec), 1 << 24
    packed = pa.Codec(codec).compress(b"a" * size, asbytes=True)
    right = size.to_bytes(LENGTH_BYTES, "little") + zlib.crc32(b"a" * size).to_bytes(LENGTH_BYTES, "little") + packed
    assert len(preparer.data(right)) == size
    for length in (0, 1, size - 1, size + 1, 2**32 - 1):
        with pytest.raises(FileError, match="a stored text is damaged"):
            preparer.data(length.to_bytes(LENGTH_BYTES, "little") + right[LENGTH_BYTES:])
    for place in (LENGTH_BYTES, 2 * LENGTH_BYTES, len(right) - 1):
        with pytest.raises(FileError, match="a stored text is damaged"):
            preparer.data(right[:place] + bytes([right[place] ^ 1]) + right[place + 1 :])


def test_a_text_that_is_longer_than_any_that_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not added: it could not be read again."""
    monkeypatch.setattr("dedup.index.validation.MOST_CHARACTERS", 100)
    with dedup.Index(tmp_path / "index") as index:
        with pytest.raises(dedup.InputError, match="up to 100 characters, got 101; cut it into parts"):
            index.add("a", "字" * 101)
        added = index.add_many(["a", "b"], ["字" * 101, "字" * 100])
        assert [one.id for one in added.rejected] == ["a"] and "b" in index
