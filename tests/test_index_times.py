"""When articles were added and last seen, and `forget`, which goes by that; on either store."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner

import dedup
from dedup.cli import main
from dedup.errors import DedupWarning, InputError
from dedup.index import Times
from dedup.index.in_redis.values import sealed, unsealed

Open = Callable[..., dedup.Index]
MAY, JUNE, JULY = (datetime(2025, month, 1, 12, tzinfo=UTC) for month in (5, 6, 7))
NAIVE = MAY.replace(tzinfo=None)
TEXT, OTHER = "樹上的鳥兒成雙對，綠水青山帶笑顏", "風筝是怎樣做成的，老人慢慢講給孩子聽"


def test_an_article_is_seen_first_and_last(start: Open) -> None:
    """Whatever text it has by then, and in whatever order times come; changes are not recorded for that."""
    index = start()
    index.add("a", TEXT, seen_at=JUNE)
    assert index.times("a") == Times(JUNE, JUNE)
    last = index.last_change
    assert index.add("a", TEXT, seen_at=JULY).unchanged
    assert index.last_change == last and index.times("a") == Times(JUNE, JULY)
    assert index.add("a", OTHER, seen_at=MAY).replaced
    assert index.times("a") == Times(MAY, JULY)
    index.add_many(["a", "b", "b"], [TEXT, None, "봄 이야기"], seen_at=[MAY, JULY, JUNE])
    assert (index.times("a"), index.times("b")) == (Times(MAY, JULY), Times(JUNE, JULY))
    assert index.check().ok


def test_without_a_time_it_is_now(start: Open) -> None:
    """To the second, and a time of another zone is the same time."""
    index = start()
    before = datetime.now(UTC).replace(microsecond=0)
    index.add_many(
        ["a", "b"], [TEXT, OTHER], seen_at=[None, datetime(1931, 5, 1, 20, tzinfo=timezone(timedelta(hours=8)))]
    )
    seen = index.times("a")
    assert seen.first_seen == seen.last_seen and seen.first_seen is not None
    assert before <= seen.first_seen <= datetime.now(UTC)
    assert index.times("b").first_seen == datetime(1931, 5, 1, 12, tzinfo=UTC)


def test_times_are_columns(start: Open) -> None:
    """Beside the labels, where they are asked for; times may come as a column."""
    index = start()
    index.add_many(["a", "b"], [TEXT, OTHER], seen_at=pa.array([MAY, JULY], pa.timestamp("us", "Asia/Taipei")))
    table = index.to_arrow(times=True)
    assert table.select(["id", "first_seen", "last_seen"]).to_pylist() == [
        {"id": "a", "first_seen": MAY, "last_seen": MAY},
        {"id": "b", "first_seen": JULY, "last_seen": JULY},
    ]
    assert table.drop_columns(["first_seen", "last_seen"]).equals(index.to_arrow())


@pytest.mark.parametrize("given", [NAIVE, date(2025, 5, 1), 1764000000, "2025-05-01"])
def test_a_time_of_no_use_is_refused(start: Open, given: Any) -> None:
    """It is told what is allowed; nothing is added."""
    index = start()
    with pytest.raises(InputError, match="time zone"):
        index.add("a", TEXT, seen_at=given)
    with pytest.raises(InputError, match="2 articles and 1 times"):
        index.add_many(["a", "b"], [TEXT, OTHER], seen_at=[MAY])
    with pytest.raises(InputError, match="no article 'a'"):
        index.times("a")
    assert len(index) == 0


def test_what_was_not_seen_for_long_is_forgotten(start: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the last time, in several transactions; a date begins at midnight UTC."""
    monkeypatch.setattr("dedup.index.removing.AT_ONCE", 3)
    index = start()
    index.add_many([f"舊{k}" for k in range(8)], [TEXT + str(k) for k in range(8)], seen_at=MAY)
    index.add("舊7", TEXT + "7", seen_at=JULY)
    index.add("🙂", None, seen_at=JULY)
    assert index.forget(date(2025, 5, 1)) == 0
    assert index.forget(MAY) == 0 and index.forget(MAY + timedelta(seconds=1)) == 7
    assert "舊7" in index and len(index) == 2 and index.check().ok
    assert index.forget(date(2025, 7, 2)) == 2 and len(index) == 0
    for bad in (None, "2025-05-01", NAIVE):
        with pytest.raises(InputError, match="before must"):
            index.forget(bad)  # type: ignore[arg-type]


def test_what_is_seen_meanwhile_stays(start: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look for old articles and their removal, another writer sees one of them again."""
    index = start()
    index.add_many(["a", "b"], [TEXT, OTHER], seen_at=MAY)

    def meanwhile(ids: list[str]) -> list[list[str]]:
        index.add("a", TEXT, seen_at=JULY)
        return [ids]

    monkeypatch.setattr("dedup.index.index.in_batches", meanwhile)
    assert index.forget(JUNE) == 1 and "a" in index


def untimed(place: str, redis_server: Any = None) -> None:
    """Make an index of articles whose times are not known."""
    if place.startswith("redis"):
        redis = pytest.importorskip("redis")
        with redis.Redis.from_url(place) as client:
            stored = client.hgetall("dedup:ids").items()
            held = {id_: unsealed("dedup:ids", id_, value).partition(b";")[0] for id_, value in stored}
            client.hset("dedup:ids", mapping=sealed("dedup:ids", held))
    else:
        with closing(sqlite3.connect(Path(place) / "index.sqlite")) as database, database:
            database.execute("DELETE FROM times")


def test_times_that_are_not_known(start: Open, place: str) -> None:
    """Its articles have no times until they come again; none is forgotten, and how many there are is told."""
    with start() as index:
        index.add_many(["a", "b"], [TEXT, OTHER], seen_at=MAY)
    untimed(place)
    index = start()
    assert index.times("a") == Times(None, None)
    assert index.to_arrow(times=True)["last_seen"].null_count == 2
    index.add("a", TEXT, seen_at=JUNE)
    assert index.times("a") == Times(JUNE, JUNE)
    with pytest.warns(DedupWarning, match="of 1 articles it is not known"):
        assert index.forget(JULY) == 1
    assert "b" in index and index.remove("b") and index.check().ok


def test_the_command_forgets(start: Open, place: str, tmp_path: Path) -> None:
    """By a day or a second in UTC; and writes times when asked."""
    with start() as index:
        index.add_many(["a", "b"], [TEXT, OTHER], seen_at=[MAY, JULY])

    def run(*arguments: str) -> Any:
        return CliRunner().invoke(main, ["index", *arguments])

    assert run("export", place, "--times", "--out", str(tmp_path / "out.csv")).exit_code == 0
    assert "first_seen,last_seen" in (tmp_path / "out.csv").read_text("utf-8").replace('"', "")
    assert run("forget", place, "--before", "soon").exit_code == 2
    assert run("forget", place, "--before", "2025-05-01").output == "0 articles forgotten\n"
    assert run("forget", place, "--before", "2025-06-01T00:00:00").output == "1 article forgotten\n"
