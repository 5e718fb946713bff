"""The database of an embedded index: its tables, its version, and how it is opened.

In: a folder. Out: a connection that has been checked: the database is one of ours, of this version, with the settings
that it was created with. See FORMAT.md for what the tables mean.
"""

from __future__ import annotations

import json
import os
import sqlite3
from dataclasses import asdict, fields
from pathlib import Path
from secrets import token_hex
from typing import Any

from dedup.errors import FileError
from dedup.index.store import Opening
from dedup.settings import Settings, drawn, secret_of, with_secret
from dedup.stages.folding import FOLDING

VERSION = 6
APPLICATION = 0x64656475
"""The letters `dedu`, by which the `file` command recognises the database."""
NAME = "index.sqlite"
PIECE = 1 << 24
"""Weights are stored in pieces of so many bytes."""
CACHE_KIB = 32_768
MAPPED_BYTES = 1 << 33

TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE weights (piece INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
CREATE TABLE frames (number INTEGER PRIMARY KEY, windows BLOB NOT NULL);
CREATE TABLE articles (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, text INTEGER NOT NULL);
CREATE TABLE times (number INTEGER PRIMARY KEY, first INTEGER NOT NULL, more INTEGER NOT NULL);
CREATE TABLE texts (
    number INTEGER PRIMARY KEY, print INTEGER, more INTEGER, cluster INTEGER NOT NULL, copies INTEGER NOT NULL
);
CREATE TABLE bodies (number INTEGER PRIMARY KEY, signature BLOB NOT NULL, keys BLOB, marks BLOB, body BLOB);
CREATE TABLE held (mark INTEGER, place INTEGER, PRIMARY KEY (mark, place)) WITHOUT ROWID;
CREATE TABLE campaigns (cluster INTEGER PRIMARY KEY, campaign INTEGER NOT NULL);
CREATE TABLE edges (
    text INTEGER, other INTEGER, similarity REAL NOT NULL, judged INTEGER NOT NULL, PRIMARY KEY (text, other)
) WITHOUT ROWID;
CREATE TABLE changes (number INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT, old TEXT, new TEXT);
CREATE TABLE dropped (number INTEGER PRIMARY KEY, text INTEGER NOT NULL);
CREATE INDEX copies ON articles (text) WHERE text <> number;
CREATE INDEX prints ON texts (print) WHERE print IS NOT NULL;
CREATE INDEX parts ON campaigns (campaign, cluster);
CREATE INDEX members ON texts (cluster, number) WHERE cluster <> number;
"""


def connect(folder: Path, *, fsync: bool, timeout: float) -> sqlite3.Connection:
    """A connection to the database; transactions are begun by hand.

    A folder that cannot be written is opened as it is, which is correct only if no log is left beside the database.
    """
    path = folder / NAME
    uri = path.absolute().as_uri()
    if not writable(folder):
        log = folder / f"{NAME}-wal"
        if log.exists() and log.stat().st_size:
            raise FileError(
                f"{str(folder)!r} cannot be written, and its last changes are still in a log: open it once where it "
                "can be written, and close it"
            )
        return sqlite3.connect(f"{uri}?immutable=1", uri=True, isolation_level=None, check_same_thread=False)
    connection = sqlite3.connect(
        f"{uri}?mode=rw", uri=True, timeout=timeout, isolation_level=None, check_same_thread=False,
        cached_statements=256,
    )  # fmt: skip
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {'FULL' if fsync else 'NORMAL'}")
    connection.execute(f"PRAGMA fullfsync = {int(fsync)}")  # macOS: also out of the memory of the disk
    connection.execute("PRAGMA wal_autocheckpoint = 0")  # the background thread does it
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    connection.execute(f"PRAGMA mmap_size = {MAPPED_BYTES}")
    return connection


def writable(folder: Path) -> bool:
    """Whether this process may write to the folder and its database."""
    path = folder / NAME
    return os.access(folder, os.W_OK) and (not path.exists() or os.access(path, os.W_OK))


def prepare(folder: Path, opening: Opening | None, *, create: bool) -> None:
    """Create the database where there is none.

    Raises:
        FileError: It is not there and must not be created, cannot be created, or is not one of our databases.
    """
    path = folder / NAME
    if path.exists():
        _check(folder)
        return
    if not create or opening is None:
        raise FileError(f"there is no index at {str(folder)!r}; create one by adding articles to it")
    if folder.exists() and not folder.is_dir():
        raise FileError(f"{str(folder)!r} is a file; an index is a folder: name another")
    others = folder.exists() and any(not one.name.startswith(NAME) for one in folder.iterdir())
    if others and not path.exists():  # not there a moment ago: another process may just have made it
        raise FileError(f"{str(folder)!r} holds other files; an index needs a folder of its own: name another")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _create(folder, opening)
    except (OSError, sqlite3.Error) as error:
        raise FileError(f"cannot create an index at {str(folder)!r}: {error}") from error


def _create(folder: Path, opening: Opening) -> None:
    """Create it under another name first, so that no other process opens half a database; the first process wins."""
    temporary = folder / f"{NAME}-{token_hex(8)}.new"
    connection = sqlite3.connect(temporary, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")  # now: to change it later needs a moment without other users
        connection.executescript(
            f"BEGIN; PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {VERSION}; {TABLES}"
        )
        save(connection, opening._replace(settings=drawn(opening.settings)))
        connection.execute("COMMIT")
        connection.close()
        try:
            os.link(temporary, folder / NAME)
        except FileExistsError:
            _check(folder)
    finally:
        connection.close()
        temporary.unlink(missing_ok=True)


def _check(folder: Path) -> None:
    """Refuse a file that is not one of our databases, or is of another version."""
    path = folder / NAME
    try:
        with path.open("rb") as file:
            head = file.read(100)
    except OSError as error:
        raise FileError(f"cannot open {str(path)!r}: {error.strerror}") from error
    application, version = int.from_bytes(head[68:72]), int.from_bytes(head[60:64])
    if application != APPLICATION:
        raise FileError(f"{str(path)!r} is no index; name another folder")
    if version != VERSION:
        other = "a newer" if version > VERSION else "an older"
        raise FileError(
            f"{str(folder)!r} has format {version}, this version of dedup reads format {VERSION}: it was written by "
            f"{other} one. With that one run `dedup index export --texts`, and add the file to a new index with this "
            "one"
        )


def save(connection: sqlite3.Connection, opening: Opening) -> None:
    """Write the settings and weights of creation, or those of `reweigh`."""
    rows = {
        "settings": json.dumps(asdict(opening.settings)),
        "store_texts": int(opening.store_texts),
        "generation": opening.generation,
        "folding": FOLDING,
        "secret": secret_of(opening.settings),
    }
    connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", rows.items())
    connection.execute("DELETE FROM weights")
    pieces = (opening.weights[at : at + PIECE] for at in range(0, len(opening.weights), PIECE))
    connection.executemany("INSERT INTO weights (bytes) VALUES (?)", ((piece,) for piece in pieces))


def read_opening(connection: sqlite3.Connection) -> Opening:
    """Read what `save` wrote."""
    rows = dict(connection.execute("SELECT key, value FROM meta"))
    pieces = [piece for (piece,) in connection.execute("SELECT bytes FROM weights ORDER BY piece")]
    kinds = {"settings": str, "secret": str, "store_texts": int, "generation": int, "folding": int}
    if {name: type(value) for name, value in rows.items()} != kinds or not all(type(one) is bytes for one in pieces):
        raise sqlite3.DatabaseError("malformed rows of meta or weights")
    check_folding(rows["folding"])
    try:
        chosen = settings(rows["settings"], rows["secret"])
    except FileError:
        raise
    except (ValueError, TypeError, RecursionError) as error:
        raise sqlite3.DatabaseError(f"malformed settings: {error}") from error
    return Opening(chosen, bool(rows["store_texts"]), b"".join(pieces), rows["generation"])


def check_folding(number: int) -> None:
    """Refuse fingerprints, signatures and keys of texts that were folded in another way."""
    if number != FOLDING:
        raise FileError(
            f"the index holds what folding {number} makes of texts, this version of dedup has folding {FOLDING}. With "
            "the version that wrote it run `dedup index export --texts`, and add the file to a new index with this one"
        )


def settings(text: str, secret: str) -> Settings:
    """Settings as they were stored, and the secret beside them."""
    stored: dict[str, Any] = dict(json.loads(text))
    unknown = stored.keys() - {field.name for field in fields(Settings)}
    if unknown:
        raise FileError(f"the index has settings that this version does not know: {sorted(unknown)}; use a newer one")
    return with_secret(Settings(**stored), secret)
