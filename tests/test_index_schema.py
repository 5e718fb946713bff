"""`dedup.index.on_disk.schema`: what was decided at creation is read again, and what is not ours is refused."""

from __future__ import annotations

import json
import sqlite3
import stat
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.errors import FileError
from dedup.index.on_disk import schema
from dedup.index.store import Opening
from dedup.settings import SecretSeed, Settings, secret_of

GENERATED = settings(deadline=None, max_examples=50)
OPENING = Opening(Settings(slots=64, prior_articles=1e-3), store_texts=True, weights=b"\0weights\xff", generation=3)


@contextmanager
def connected(folder: Path, *, fsync: bool = False) -> Iterator[sqlite3.Connection]:
    """A connection that is closed again."""
    with closing(schema.connect(folder, fsync=fsync, timeout=1.0)) as connection:
        yield connection


def created(folder: Path, opening: Opening = OPENING) -> Path:
    """A new database."""
    schema.prepare(folder, opening, create=True)
    return folder


def asked(connection: sqlite3.Connection, name: str) -> object:
    """The value of a pragma."""
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


def test_textbook_example(tmp_path: Path) -> None:
    """A new index is a folder with a database, which says how it was created."""
    folder = created(tmp_path / "new" / "articles.dedup")
    assert [path.name for path in folder.iterdir()] == ["index.sqlite"]
    with connected(folder) as connection:
        assert schema.read_opening(connection) == OPENING
    schema.prepare(folder, Opening(Settings(), store_texts=False, weights=b""), create=True)
    with connected(folder) as connection:
        assert schema.read_opening(connection) == OPENING, "what is there stays as it is"


@pytest.mark.parametrize("size", [0, 1, 9, 10, 11, 35])
@pytest.mark.parametrize("store_texts", [True, False])
def test_weights_of_any_size_are_kept(
    tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch, *, store_texts: bool
) -> None:
    """In pieces, in order; others take their place."""
    monkeypatch.setattr(schema, "PIECE", 10)
    first = Opening(Settings(), store_texts, bytes(range(35)))
    second = Opening(Settings.near_copies(), store_texts, bytes(range(100, 100 + size)), 2)
    with connected(created(tmp_path / "index", first)) as connection:
        assert schema.read_opening(connection) == first
        schema.save(connection, second)
        assert schema.read_opening(connection) == second
        assert connection.execute("SELECT COUNT(*) FROM weights").fetchone() == (-(-size // 10),)


@GENERATED
@given(
    st.builds(
        Settings, threshold=st.floats(0, 1, exclude_min=True), width=st.integers(1, 255),
        unit=st.sampled_from(["char", "word"]), weighted=st.booleans(), linkage=st.floats(0, 1) | st.just(1),
        slots=st.integers(16, 65_536), recall=st.floats(0, 1, exclude_min=True, exclude_max=True),
        bucket_cap=st.integers(8, 2**31 - 1), prior_articles=st.floats(0, 1e12),
            seed=st.integers(0, 2**32 - 1) | st.integers(0, 2**64 - 1).map(SecretSeed),
        max_df=st.floats(0, 1, exclude_min=True),
    )
)  # fmt: skip
def test_settings_come_back_as_they_were(these: Settings) -> None:
    """To the last bit of every number."""
    assert schema.settings(json.dumps(asdict(these)), secret_of(these)) == these


def test_settings_of_an_older_version_have_their_defaults() -> None:
    """A setting that did not exist then has the value that it stands for."""
    assert schema.settings('{"threshold": 0.3}', "") == Settings(threshold=0.3)


def test_settings_of_a_newer_version_are_refused() -> None:
    """What is not known cannot be honoured; it is named."""
    with pytest.raises(FileError, match=r"does not know: \['colour', 'mood'\]; use a newer one"):
        schema.settings('{"threshold": 0.3, "mood": 1, "colour": 2}', "")


def test_there_is_nothing_and_none_is_wanted(tmp_path: Path) -> None:
    """Nothing is made."""
    for opening, create in ((OPENING, False), (None, True)):
        with pytest.raises(FileError, match=r"there is no index at .*; create one by adding articles to it"):
            schema.prepare(tmp_path / "none", opening, create=create)
    assert list(tmp_path.iterdir()) == []


def test_an_index_needs_a_folder_of_its_own(tmp_path: Path) -> None:
    """A file, or a folder with other files, is left alone; an empty folder will do."""
    (tmp_path / "file").write_bytes(b"mine")
    with pytest.raises(FileError, match="is a file; an index is a folder: name another"):
        created(tmp_path / "file")
    with pytest.raises(FileError, match="holds other files; an index needs a folder of its own"):
        created(tmp_path)
    assert (tmp_path / "file").read_bytes() == b"mine"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    with pytest.raises(FileError, match="cannot create an index at"):
        created(tmp_path / "file" / "below")
    (tmp_path / "empty").mkdir()
    assert (created(tmp_path / "empty") / schema.NAME).exists()


def test_what_a_killed_creator_left_does_not_matter(tmp_path: Path) -> None:
    """Half a database under another name is no database, and no other file either."""
    (tmp_path / f"{schema.NAME}-123.new").write_bytes(b"half")
    with connected(created(tmp_path)) as connection:
        assert schema.read_opening(connection) == OPENING


def test_of_many_who_create_an_index_the_first_wins(tmp_path: Path) -> None:
    """All open what is whole, and the same; no other file stays."""
    folder, together = tmp_path / "index", threading.Barrier(8)

    def open_it(generation: int) -> Opening:
        together.wait(30)
        created(folder, OPENING._replace(generation=generation))
        with connected(folder) as connection:
            return schema.read_opening(connection)

    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(open_it, range(1, 9)))
    assert len(found) == 1
    assert [path.name for path in folder.iterdir()] == [schema.NAME]


def test_a_file_of_somebody_else_is_refused(tmp_path: Path) -> None:
    """No database, another one, an empty file, a folder."""
    path = tmp_path / schema.NAME
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE mine (a)")
    others = [path.read_bytes(), b"", b"SQLite format 3\0", b"\xff" * 200]
    for other in others:
        path.write_bytes(other)
        with pytest.raises(FileError, match="is no index; name another folder"):
            created(tmp_path)
        assert path.read_bytes() == other
    path.unlink()
    path.mkdir()
    with pytest.raises(FileError, match="cannot open"):
        created(tmp_path)


@pytest.mark.parametrize(
    ("version", "which"), [(0, "an older"), (5, "an older"), (schema.VERSION + 1, "a newer"), (1000, "a newer")]
)
def test_another_version_is_refused(tmp_path: Path, version: int, which: str) -> None:
    """The error says which, and how its articles come over."""
    folder = created(tmp_path / "index")
    with closing(sqlite3.connect(folder / schema.NAME)) as connection:
        connection.execute(f"PRAGMA user_version = {version}")
    with pytest.raises(FileError, match=f"has format {version}, .* reads format 6: it was written by {which} one"):
        schema.prepare(folder, OPENING, create=True)


def test_another_folding_is_refused(tmp_path: Path) -> None:
    """What was folded otherwise would be found by nothing; the error says how it comes over."""
    with connected(created(tmp_path / "index")) as connection:
        connection.execute("UPDATE meta SET value = 0 WHERE key = 'folding'")
        with pytest.raises(FileError, match=r"what folding 0 makes of texts, .* run `dedup index export --texts`"):
            schema.read_opening(connection)


def test_a_secret_seed_is_drawn_and_kept(tmp_path: Path) -> None:
    """Each index has its own, which is the same whenever it is opened, and stands nowhere in its settings."""
    asked, seeds = Opening(Settings(seed="secret"), store_texts=True, weights=b""), set()
    for name in ("one", "other"):
        for _ in range(2):
            with connected(created(tmp_path / name, asked)) as connection:
                seeds.add(schema.read_opening(connection).settings.signature_seed)
                (stored,) = connection.execute("SELECT value FROM meta WHERE key = 'settings'").fetchone()
                assert json.loads(stored)["seed"] == "secret"
    assert len(seeds) == 2 and min(seeds) > 1


def test_the_database_is_pinned(tmp_path: Path) -> None:
    """Its tables, its name for `file`, and its pages are as they always were, or the version must be another."""
    with connected(created(tmp_path / "index")) as connection:
        assert asked(connection, "application_id") == int.from_bytes(b"dedu")
        assert (asked(connection, "user_version"), asked(connection, "page_size")) == (6, 4096)
        tables = {
            name: [(column, kind) for _, column, kind, *_ in connection.execute(f"PRAGMA table_info({name})")]
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        }
        indexes = connection.execute("SELECT name FROM sqlite_master WHERE type = 'index' AND sql NOT NULL").fetchall()
    assert tables == {
        "meta": [("key", "TEXT"), ("value", "")],
        "weights": [("piece", "INTEGER"), ("bytes", "BLOB")],
        "frames": [("number", "INTEGER"), ("windows", "BLOB")],
        "articles": [("number", "INTEGER"), ("id", "TEXT"), ("text", "INTEGER")],
        "times": [("number", "INTEGER"), ("first", "INTEGER"), ("more", "INTEGER")],
        "texts": [(name, "INTEGER") for name in ("number", "print", "more", "cluster", "copies")],
        "bodies": [("number", "INTEGER"), *((name, "BLOB") for name in ("signature", "keys", "marks", "body"))],
        "held": [("mark", "INTEGER"), ("place", "INTEGER")],
        "campaigns": [("cluster", "INTEGER"), ("campaign", "INTEGER")],
        "edges": [("text", "INTEGER"), ("other", "INTEGER"), ("similarity", "REAL"), ("judged", "INTEGER")],
        "changes": [("number", "INTEGER"), *((name, "TEXT") for name in ("kind", "id", "old", "new"))],
            "dropped": [("number", "INTEGER"), ("text", "INTEGER")],
        }  # fmt: skip
    assert sorted(indexes) == [("copies",), ("members",), ("parts",), ("prints",)]


def test_the_log_is_synced_as_wanted(tmp_path: Path) -> None:
    """With `fsync` at every commit, without at checkpoints; a log it is always."""
    folder = created(tmp_path / "index")
    for fsync, synchronous in ((False, 1), (True, 2)):
        with connected(folder, fsync=fsync) as connection:
            assert (asked(connection, "journal_mode"), asked(connection, "synchronous")) == ("wal", synchronous)


def test_a_writer_is_waited_for_as_long_as_asked(tmp_path: Path) -> None:
    """Then SQLite says that it is locked."""
    folder = created(tmp_path / "index")
    with connected(folder) as one, closing(schema.connect(folder, fsync=False, timeout=0.0)) as other:
        one.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        threading.Timer(0.1, lambda: one.execute("COMMIT")).start()
        with connected(folder) as patient:
            patient.execute("BEGIN IMMEDIATE")
            patient.execute("ROLLBACK")


def test_the_statement_that_finds_members_uses_its_index(tmp_path: Path) -> None:
    """Texts of a cluster, copies of a text and equal texts are found without reading a table from end to end."""
    statements = [
        "SELECT number FROM texts WHERE cluster = 1 AND cluster <> number ORDER BY number LIMIT 5",
        "SELECT id FROM articles WHERE text = 1 AND text <> number ORDER BY number LIMIT 5",
        "SELECT number FROM texts WHERE print = 1 AND more = 2",
        "SELECT text FROM articles WHERE id = 'a'",
        "SELECT other FROM edges WHERE text = 1",
    ]
    with connected(created(tmp_path / "index")) as connection:
        for statement in statements:
            (plan,) = (row[-1] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}"))
            assert plan.startswith("SEARCH"), plan


def test_a_folder_that_can_be_written_is_told(tmp_path: Path) -> None:
    """A new one, and one with a database."""
    assert schema.writable(tmp_path)
    folder = created(tmp_path / "index")
    assert schema.writable(folder)
    assert not schema.writable(tmp_path / "none")
    assert stat.S_IMODE((folder / schema.NAME).stat().st_mode) & 0o600 == 0o600
