"""`examples/postgresql`: nights are carried whole, some may be missed, and what is known of a cluster goes with it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, script

from dedup import nightly

psycopg = pytest.importorskip("psycopg")
FOLDER = ROOT / "examples" / "postgresql"


class Nights:
    """A crawl of the examples, its nights, and the database into which they are carried.

    Args:
        folder: Where the crawl and the nights lie.
        connection: The database.
    """

    def __init__(self, folder: Path, connection: Any) -> None:
        self.folder, self.connection = folder, connection
        self._load = script("examples/postgresql/load_night.py").load
        (folder / "crawl").mkdir()
        connection.execute((FOLDER / "tables.sql").read_text("utf-8"))

    def night(self, number: int, *names: str, forget: nightly.Forget | None = None, **texts: str) -> None:
        """Bring articles, and let a night pass."""
        for name in names:
            texts[name] = (ROOT / "examples" / "articles" / f"{name}.md").read_text("utf-8")
        for name, text in texts.items():
            (self.folder / "crawl" / f"{name}.md").write_text(text, "utf-8")
        out = self.folder / str(number)
        crawl, state = self.folder / "crawl", self.folder / "state"
        summary = nightly.run([crawl], out, state, memory="1GB", forget=forget)
        Path(f"{out}.json").write_text(json.dumps(asdict(summary)), "utf-8")

    def load(self, number: int) -> None:
        """Carry a night into the database."""
        self._load(self.connection, self.folder / str(number))

    def asked(self, query: str) -> list[tuple[Any, ...]]:
        """Rows, with the names of files in place of their paths."""
        rows = self.connection.execute(query).fetchall()
        return [tuple(Path(value).stem if isinstance(value, str) else value for value in row) for row in rows]


@pytest.fixture
def nights(database: None, tmp_path: Path) -> Any:
    """Two nights: the first is in the database with a verdict; in the second the oldest article is another."""
    with psycopg.connect(autocommit=True) as connection:
        made = Nights(tmp_path, connection)
        made.night(1, "tea-1", "tea-2", "tea-3", "night-train")
        made.load(1)
        connection.execute("INSERT INTO verdicts SELECT cluster, 'spam' FROM labels WHERE id LIKE '%/tea-2.md'")
        made.night(2, "tea-4", **{"tea-1": "這裡換了一篇文章，和先前的什麼也不像，說的是港口的渡輪。"})
        yield made


VERDICTS = "SELECT id, cluster, verdict FROM labels LEFT JOIN verdicts USING (cluster) ORDER BY id"
AFTER = [
    ("night-train", "night-train", None),
    ("tea-1", "tea-1", "spam"),
    ("tea-2", "tea-2", "spam"),
    ("tea-3", "tea-2", "spam"),
    ("tea-4", "tea-2", "spam"),
]


def test_a_verdict_goes_with_what_has_split(nights: Nights) -> None:
    """The night says how, and the same night again changes nothing."""
    for _ in range(2):
        nights.load(2)
        assert nights.asked(VERDICTS) == AFTER
    assert nights.asked("SELECT number FROM nights ORDER BY number") == [(1,), (2,)]


def test_a_night_may_be_missed(nights: Nights) -> None:
    """The table says how clusters have become others."""
    nights.night(3, "star-party")
    nights.load(3)
    assert nights.asked(VERDICTS) == sorted([*AFTER, ("star-party", "star-party", None)])


def test_an_article_that_goes_takes_its_verdict_along(nights: Nights) -> None:
    """What is in no label any more is in no table."""
    nights.load(2)
    (nights.folder / "crawl" / "tea-1.md").unlink()
    nights.night(3, forget=nightly.Forget(deleted=True))
    nights.load(3)
    assert nights.asked(VERDICTS) == [row for row in AFTER if row[0] != "tea-1"]
    assert nights.asked("SELECT cluster FROM verdicts") == [("tea-2",)]


def test_an_older_night_is_refused(nights: Nights) -> None:
    """The database does not go back, and is as it was."""
    nights.load(2)
    with pytest.raises(SystemExit, match="night 2 is there already"):
        nights.load(1)
    assert nights.asked(VERDICTS) == AFTER


def test_a_night_that_fails_leaves_nothing(nights: Nights, tmp_path: Path) -> None:
    """Labels that cannot be read: the database is that of the night before."""
    before = nights.asked(VERDICTS)
    next((tmp_path / "2" / "labels").iterdir()).write_bytes(b"PAR1")
    with pytest.raises(Exception, match=r"(?i)parquet"):
        nights.load(2)
    assert nights.asked(VERDICTS) == before
