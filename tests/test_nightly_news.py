"""`dedup.nightly.news`: who is new, whom they are like, and which clusters have grown."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from crawlers import article, rewrite
from test_nightly import NOW, put, run

from dedup import nightly
from dedup.cli import main
from dedup.errors import SettingsError
from dedup.nightly import news
from dedup.settings import Settings

SECOND, THIRD = (datetime(2026, 11, day, 1, 30, tzinfo=UTC) for day in (22, 23))


def table(folder: Path, name: str) -> dict[str, dict[str, Any]]:
    """Rows of a table of the last night by their first column."""
    rows = pq.read_table(folder / "out" / f"{name}.parquet").to_pylist()
    return {next(iter(row.values())): row for row in rows}


def test_a_first_night(tmp_path: Path) -> None:
    """Everything is new; what is older in the order of reading is earlier; texts without shingles have no nearest."""
    put(tmp_path / "in" / "1.jsonl", {"甲": rewrite(1, 1), "乙": rewrite(1, 1), "c": article(2), "d": "", "e": "🎉"})
    run(tmp_path)
    new = table(tmp_path, "new")
    assert list(new) == ["甲", "乙", "c", "d", "e"]
    assert {row["first_seen"] for row in new.values()} == {NOW}
    assert (new["甲"]["nearest"], new["甲"]["similarity"], new["甲"]["is_duplicate"]) == (None, None, False)
    assert (new["乙"]["nearest"], new["乙"]["similarity"], new["乙"]["is_duplicate"]) == ("甲", 1.0, True)
    assert [new[id_]["nearest"] for id_ in "cde"] == [None] * 3
    expected = {"cluster": "甲", "size": 2, "growth": 2, "first_seen": NOW, "last_seen": NOW, "campaign": "甲"}
    assert table(tmp_path, "clusters") == {"甲": expected}


def test_later_nights(tmp_path: Path) -> None:
    """New are articles and new texts; times are those of the first and the last reading; growth may be negative."""
    chosen = Settings(threshold=0.2)
    put(tmp_path / "in" / "1.jsonl", {"a": rewrite(1, 1), "b": rewrite(1, 2), "c": article(3)})
    run(tmp_path, settings=chosen)
    put(tmp_path / "in" / "2.jsonl", {"d": rewrite(1, 3), "c": article(4), "e": article(5)})
    run(tmp_path, settings=chosen, now=SECOND)
    new = table(tmp_path, "new")
    assert {id_: row["first_seen"] for id_, row in new.items()} == {"d": SECOND, "c": NOW, "e": SECOND}
    assert [new[id_]["is_duplicate"] for id_ in "dce"] == [True, False, False]
    texts = {"a": rewrite(1, 1), "b": rewrite(1, 2)}
    assert new["d"]["nearest"] in texts
    assert chosen.threshold <= new["d"]["similarity"] < 1
    clusters = table(tmp_path, "clusters")
    assert (clusters["a"]["size"], clusters["a"]["growth"]) == (3, 1)
    assert (clusters["a"]["first_seen"], clusters["a"]["last_seen"]) == (NOW, SECOND)
    put(tmp_path / "in" / "1.jsonl", {"a": rewrite(1, 1)})
    run(tmp_path, settings=chosen, now=THIRD)
    assert not table(tmp_path, "new")
    assert table(tmp_path, "clusters")["a"] | {"campaign": ""} == {
        "cluster": "a", "size": 2, "growth": -1, "first_seen": NOW, "last_seen": THIRD, "campaign": "",
    }  # fmt: skip
    before = table(tmp_path, "clusters")
    shutil.rmtree(tmp_path / "out")
    run(tmp_path, settings=chosen)
    assert not table(tmp_path, "new")
    assert table(tmp_path, "clusters") == {"a": before["a"] | {"growth": 0}}


@pytest.mark.parametrize("part", [2, 1000])
def test_nearest_is_that_of_the_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: int) -> None:
    """Of all verified pairs with an older article the most similar one, and of equal ones the oldest."""
    monkeypatch.setattr(news, "PART", part)
    texts = {f"{number}": rewrite(number % 3, number % 7) for number in range(30)} | {"none": ""}
    chosen = Settings(threshold=0.2)
    ids = list(texts)
    put(tmp_path / "in" / "1.jsonl", texts)
    run(tmp_path, settings=chosen)
    pairs = nightly.snapshot(tmp_path / "state").pairs
    best: dict[str, tuple[float, int]] = {}
    for one, other, similarity in zip(*(column.tolist() for column in pairs), strict=True):
        best[ids[other]] = max(best.get(ids[other], (0.0, 0)), (similarity, -one))
    new = table(tmp_path, "new")
    for id_, row in new.items():
        similarity, place = best.get(id_, (None, None))
        assert row["nearest"] == (None if place is None else ids[-place])
        assert row["similarity"] == similarity


def test_columns(tmp_path: Path) -> None:
    """Without campaigns there is no column of them; a night with no clusters has an empty table."""
    put(tmp_path / "in" / "1.jsonl", {"a": article(1)})
    run(tmp_path, campaigns=False)
    for name, schema in (("new", news.NEW), ("clusters", news.CLUSTERS)):
        names = [one for one in schema.names if one != "campaign"]
        found = pq.read_schema(tmp_path / "out" / f"{name}.parquet")
        assert found.names == names
        assert found.field("first_seen").type == pa.timestamp("us", "UTC")
    assert not table(tmp_path, "clusters")


def test_the_time_of_a_night(tmp_path: Path) -> None:
    """It is the clock's unless it is given, and what is given must have a time zone; the command takes ISO 8601."""
    put(tmp_path / "in" / "1.jsonl", {"a": article(1)})
    with pytest.raises(
        SettingsError, match="now must be a time after 1970 with a time zone, got '2026-11-22T00:00:00'"
    ):
        run(tmp_path, now=datetime(2026, 11, 22))  # noqa: DTZ001 - that is what is refused
    begin = datetime.now(UTC)
    run(tmp_path, now=None)
    assert begin <= table(tmp_path, "new")["a"]["first_seen"] <= datetime.now(UTC)
    put(tmp_path / "in" / "2.jsonl", {"b": article(2)})
    places = ["--out", str(tmp_path / "out"), "--state", str(tmp_path / "state"), "--near-copies"]
    night = ["cluster", str(tmp_path / "in"), *places, "--now"]
    assert "is no time" in CliRunner().invoke(main, [*night, "tomorrow"]).stderr
    assert CliRunner().invoke(main, [*night, "2026-11-22T02:30:00+01:00"]).exit_code == 0
    assert table(tmp_path, "new")["b"]["first_seen"] == SECOND
