"""`dedup.nightly.intake`: which files are read, and what of them is kept."""

from __future__ import annotations

import gzip
import json
import os
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from test_nightly import NEAR, put, touch

from dedup.files import AS_USUAL, Problem, ReadOptions
from dedup.nightly import intake
from dedup.nightly.catalogue import catalogued
from dedup.nightly.damage import read_table
from dedup.nightly.intake import as_table, bad_files, bad_rows, ended, found, published, rejects, take_in
from dedup.nightly.state import Night, Shard, State, opened
from dedup.stages.shingles import Texts


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    """A new one."""
    with opened(tmp_path / "state", NEAR) as held:
        yield held


def take(state: State, *paths: Path, reading: ReadOptions = AS_USUAL, **options: Any) -> int:
    """Read what there is to be read; how many files."""
    return take_in(state, found(list(map(str, paths))).files, reading, NEAR, **options)


def articles(state: State) -> list[dict[str, Any]]:
    """Rows of all shards."""
    return [row for shard in state.shards for row in pq.read_table(shard / "articles.parquet").to_pylist()]


def read_again(state: State) -> list[str]:
    """The names of the files that are in shards, as often as they are."""
    return [
        Path(row["path"]).name for shard in state.shards for row in pq.read_table(shard / "files.parquet").to_pylist()
    ]


def end_night(state: State) -> None:
    """Begin another night."""
    night = Night(state.last.number + 1, len(state.shards), 1, 0, 0)
    state.begin(night)
    state.commit(night)


def test_what_is_kept_of_an_article(state: State, tmp_path: Path) -> None:
    """Its text, one behind the other, its id, its length in bytes and in folded characters, and its fingerprint."""
    texts = ["文章一，寫得很好", None, "", "Ａ！", "🎉"]
    put(tmp_path / "a.jsonl", [(f"編號{number}", text) for number, text in enumerate(texts)])
    put(tmp_path / "b.parquet", [("乙", "文章一,写得很好")])
    assert take(state, tmp_path / "a.jsonl", tmp_path / "b.parquet") == 2
    rows, plain = articles(state), [text or "" for text in [*texts, "文章一,写得很好"]]
    assert [row["id"] for row in rows] == [*(f"編號{number}" for number in range(5)), "乙"]
    assert [row["bytes"] for row in rows] == [len(text.encode()) for text in plain]
    assert state.texts.read_bytes() == "".join(plain).encode()
    assert ended(state) == len("".join(plain).encode())
    folded = Texts(pa.chunked_array([pa.array(plain, pa.large_string())]))
    assert [row["characters"] for row in rows] == folded.lengths.tolist()
    assert [row["print"] for row in rows] == [one.tobytes() for one in folded.prints]
    assert rows[0]["print"] == rows[5]["print"]
    assert [row["file"] for row in rows] == [0] * 5 + [1]


@pytest.mark.parametrize("pack", [1, 200, 1 << 26])
def test_files_are_packed(state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pack: int) -> None:
    """Into shards of about a size, in the order of the files; a large one is a shard of its own."""
    monkeypatch.setattr(intake, "PACK", pack)
    for number in range(6):
        put(tmp_path / "in" / f"{number}.jsonl", {str(number): "字" * (100 if number == 3 else 5)})
    events: list[tuple[str, Any]] = []
    told: list[tuple[int, int]] = []
    take(state, tmp_path / "in", log=lambda *event: events.append(event), progress=lambda *done: told.append(done))
    assert len(state.shards) == {1: 6, 200: 2, 1 << 26: 1}[pack]
    assert [row["id"] for row in articles(state)] == list("012345")
    assert [about["shard"] for event, about in events if event == "shard"] == list(range(1, len(state.shards) + 1))
    assert sum(about["files"] for _, about in events) == sum(about["articles"] for _, about in events) == 6
    size = sum(path.stat().st_size for path in (tmp_path / "in").iterdir())
    assert told[-1] == (size, size) and told == sorted(told)
    assert take(state, tmp_path / "in") == 0


def test_files_are_known_by_path_size_and_time(state: State, tmp_path: Path) -> None:
    """One that has either changed is read again; by whatever way it is reached, it is the same."""
    path = put(tmp_path / "a.jsonl", {"a": "一"})
    assert take(state, path) == 1
    (tmp_path / "link.jsonl").symlink_to(path)
    assert take(state, tmp_path / "link.jsonl") == 0
    time = path.stat().st_mtime_ns
    put(path, {"a": "一二"})
    os.utime(path, ns=(time, time))
    assert take(state, path) == 1
    assert take(state, touch(path)) == 1
    assert take(state, path) == 0
    path.rename(tmp_path / "b.jsonl")
    assert take(state, tmp_path / "b.jsonl") == 1


@pytest.mark.parametrize("second", [-(10**10), -1, 0, 10**10])
def test_times_of_all_kinds(state: State, tmp_path: Path, second: int) -> None:
    """Files from before 1970, before 1678 and after 2262 are read, once."""
    path = put(tmp_path / "a.jsonl", {"a": "一"})
    os.utime(path, (second, second))
    assert take(state, path) == 1
    assert take(state, path) == 0
    assert take(state, touch(path)) == 1


def test_names_that_are_no_unicode(state: State, tmp_path: Path) -> None:
    """Two files whose names differ in such bytes alone are two."""
    (tmp_path / "in").mkdir()
    for name in (b"a\xfe.jsonl", b"a\xff.jsonl"):
        (tmp_path / "in" / os.fsdecode(name)).write_text(json.dumps({"id": repr(name), "text": "一"}) + "\n", "utf-8")
    assert take(state, tmp_path / "in") == 2
    assert take(state, tmp_path / "in") == 0
    assert catalogued(state, 1 << 30).live.tolist() == [True, True]


def test_what_failed_is_tried_again(state: State, tmp_path: Path) -> None:
    """In every run; while it fails it leaves nothing more, and when it has been mended it is read like others."""
    path = tmp_path / "a.parquet"
    path.write_bytes(b"nonsense")
    problems: list[str] = []
    for _ in range(3):
        assert take(state, path, log=lambda event, _: problems.append(event)) == 1
        assert read_again(state) == ["a.parquet"]
    assert problems.count("problem") == 3 and problems.count("shard") == 1
    end_night(state)
    put(tmp_path / "b.jsonl", {"b": "二"})
    assert take(state, path, tmp_path / "b.jsonl") == 2
    assert read_again(state) == ["a.parquet", "b.jsonl"]
    assert [len(table) for table in rejects(state, 1, found([str(path)]).files)] == [1]
    put(path, {"a": "一"})
    assert take(state, path) == 1
    assert [row["id"] for row in articles(state)] == ["b", "a"]
    assert not sum(map(len, rejects(state, 1, found([str(path)]).files)))


def test_rejects_of_a_night(state: State, tmp_path: Path) -> None:
    """What was lost in it, of files that are still there; of one that was read twice, the last time."""
    path, other = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    path.write_text('{"id": "a", "text": "一"}\nno\n')
    other.write_text('no\n{"id": "b", "text": "二"}\n')
    take(state, path, other)
    sources = found([str(path), str(other)]).files

    def told() -> list[tuple[str, int]]:
        rows = pa.concat_tables([intake.as_table(), *rejects(state, 0, sources)]).to_pylist()
        return [(Path(row["path"]).name, row["row"]) for row in rows]

    assert told() == [("a.jsonl", 2), ("b.jsonl", 1)]
    path.write_text('{"id": "a", "text": "一"}\n{}\nno\n')
    take(state, path)
    assert told() == [("b.jsonl", 1), ("a.jsonl", 3)]  # an object without a text is an article without one
    sources = sources[:1]
    assert {name for name, _ in told()} == {"a.jsonl"}
    end_night(state)
    assert pa.concat_tables([intake.as_table(), *rejects(state, 1, sources)]).num_rows == 0


def test_counts_of_rejects() -> None:
    """A problem without a row is a file's, unless it stands for rows; what was mended or passed over is none."""
    problems = [
        Problem("a", None, "gone"),
        Problem("b", 3, "no object"),
        Problem("b", 4, "mended", "warning"),
        Problem("c", 1, "nothing can be read", count=20),
        Problem("d", None, "5 more rows cannot be read", count=5),
        Problem("e", None, "2 files of another kind", "warning", count=2, passed=True),
        Problem("f", None, "1 record passed over", "warning", passed=True),
    ]
    table = as_table(problems, [0, 1, 1, 2, 3, -1, 4])
    assert (bad_files(table), bad_rows(table)) == (1, 26)
    told = published(table)
    assert told.column_names == ["path", "row", "reason", "count", "severity"]
    assert told["path"].to_pylist() == ["a", "b", "c", "d", "e", "f"]
    assert told["severity"].to_pylist() == ["error"] * 4 + ["warning"] * 2
    assert as_table().schema == intake.REJECTS and len(as_table()) == 0


def test_ids_that_are_made(state: State, tmp_path: Path) -> None:
    """Rows without ids, and documents, are called after the whole path."""
    put(tmp_path / "in" / "a.jsonl", [(None, "一"), ("x", "二"), (None, "三")])
    put(tmp_path / "in" / "deep" / "一.md", [(None, "四")])
    take(state, tmp_path / "in")
    stem = f"{tmp_path}/in"
    assert {row["id"] for row in articles(state)} == {
        f"{stem}/a.jsonl:0",
        "x",
        f"{stem}/a.jsonl:2",
        f"{stem}/deep/一.md",
    }


def test_folders_of_the_job_are_passed_over(tmp_path: Path) -> None:
    """What is in them, however they are reached, is not among the files; others beside them are."""
    for name in ("in/a.jsonl", "in/out/labels/part.parquet", "in/state/texts.parquet", "in/out2/b.jsonl"):
        put(tmp_path / name, {"a": "一"})
    (tmp_path / "link").symlink_to(tmp_path / "in")
    for place in ("in", "link"):
        sources = found([str(tmp_path / place)], own=[tmp_path / "in" / "out", tmp_path / "link" / "state"])
        assert [source.path.name for source in sources.files] == ["a.jsonl", "b.jsonl"]


def test_a_shard_that_was_not_finished(state: State, tmp_path: Path) -> None:
    """What a run that was killed had written of its texts is written over."""
    put(tmp_path / "a.jsonl", {"a": "甲"})
    take(state, tmp_path / "a.jsonl")
    with state.texts.open("ab") as file:
        file.write("半途而廢".encode() * 100)
    put(tmp_path / "b.jsonl", {"b": "乙"})
    take(state, tmp_path / "b.jsonl")
    assert state.texts.read_text("utf-8") == "甲乙"
    first, second = map(Shard.of, state.shards)
    assert second == (1, 1, 6, zlib.crc32("乙".encode()), first.time)


def test_a_file_that_was_refused_leaves_no_texts(state: State, tmp_path: Path) -> None:
    """Of one that turns out not to have the column, nothing is kept; of one that is cut short, what came before."""
    (tmp_path / "a.jsonl").write_text('{"id": "a"}\n' * 3)
    put(tmp_path / "b.jsonl", {"b": "乙"})
    put(tmp_path / "c.csv.gz", [])
    (tmp_path / "c.csv.gz").write_bytes(b"\x1f\x8b nonsense")
    take(state, tmp_path / "a.jsonl", tmp_path / "b.jsonl", tmp_path / "c.csv.gz")
    assert state.texts.read_text("utf-8") == "乙"
    files = [row for shard in state.shards for row in pq.read_table(shard / "files.parquet").to_pylist()]
    assert [(Path(row["path"]).name, row["rows"], row["failed"]) for row in files] == [
        ("a.jsonl", 0, True), ("b.jsonl", 1, False), ("c.csv.gz", 0, True),
    ]  # fmt: skip


def test_many_files_and_shards_are_looked_up_once(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is known is read once a run, not once a file."""
    for number in range(10):
        put(tmp_path / "in" / f"{number}.md", [(None, str(number))])
    take(state, tmp_path / "in")
    reads: list[Any] = []
    monkeypatch.setattr(intake, "read_table", lambda *given: (reads.append(given), read_table(*given))[1])
    assert take(state, tmp_path / "in") == 0
    assert len(reads) == 1


# --- what is odd in files -----------------------------------------------------------------------------------------


def live(state: State) -> dict[str, str]:
    """The articles there are, by id."""
    catalogue = catalogued(state, 1 << 30)
    texts = catalogue.column.to_pylist()
    return {catalogue.ids[row].as_py(): texts[row] for row, there in enumerate(catalogue.live) if there}


def test_a_file_that_is_cut_short(state: State, tmp_path: Path) -> None:
    """What could be read of it is there, with what it held before, and it is tried again until it is whole."""
    whole = {str(number): "春眠不覺曉" + str(number) * 2000 for number in range(5000)}
    path = put(tmp_path / "a.jsonl", whole)
    data = gzip.compress(path.read_bytes())
    path.unlink()
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"id": "before", "text": "x"}\n'))
    assert take(state, path) == 1
    path.write_bytes(data[: len(data) // 2])
    assert take(state, path) == 1
    some = live(state)
    assert "before" in some
    assert 1 < len(some) < 5000
    assert take(state, path) == 1
    assert live(state) == some
    assert len(state.shards) == 2
    path.write_bytes(data)
    assert take(state, path) == 1
    assert live(state) == whole
    assert take(state, path) == 0


def test_nulls_beside_bytes_that_are_not_utf8(state: State, tmp_path: Path) -> None:
    """Chunks that are slices of others keep their texts."""
    values = [None if number % 7 == 0 else f"第{number}篇".encode() for number in range(5000)]
    values[2500] = b"\xff\xfe!"
    table = pa.table({"id": [str(number) for number in range(5000)], "text": pa.array(values, pa.binary())})
    pq.write_table(table, tmp_path / "a.parquet")
    assert take(state, tmp_path / "a.parquet") == 1
    expected = {str(number): (value or b"").decode("utf-8", "replace") for number, value in enumerate(values)}
    assert live(state) == expected


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="names are bytes on Linux alone")
def test_names_that_are_not_utf8(state: State, tmp_path: Path) -> None:
    """Two of them are two articles."""
    (tmp_path / "in").mkdir()
    for name in ("新闻", "财经"):
        Path(os.fsdecode(os.fsencode(tmp_path / "in") + b"/" + name.encode("gbk") + b".txt")).write_text(name)
    assert take(state, tmp_path / "in") == 2
    assert sorted(live(state).values()) == ["新闻", "财经"]
    assert take(state, tmp_path / "in") == 0


def test_a_page_and_a_table_of_one_name(state: State, tmp_path: Path) -> None:
    """Ids that are made tell them apart."""
    put(tmp_path / "in" / "a.md", [(None, "一")])
    put(tmp_path / "in" / "a.txt", [(None, "二")])
    put(tmp_path / "in" / "a.jsonl", [(None, "三"), ("", "四")])
    take(state, tmp_path / "in")
    assert {Path(id_).name: text for id_, text in live(state).items()} == {
        "a.md": "一", "a.txt": "二", "a.jsonl:0": "三", "a.jsonl:1": "四",
    }  # fmt: skip


def test_ids_that_come_again_in_a_file(state: State, tmp_path: Path) -> None:
    """The last row counts, and that is told."""
    told: list[Any] = []
    put(tmp_path / "a.jsonl", [("x", "一"), ("y", "二"), ("x", "三")])
    take(state, tmp_path / "a.jsonl", log=lambda event, about: told.append((event, about)))
    assert live(state) == {"x": "三", "y": "二"}
    (warning,) = [about for event, about in told if event == "problem"]
    assert warning["severity"] == "warning"
    assert warning["reason"] == "1 row with the id of a later row, which counts; make the ids unique"


@pytest.mark.parametrize("name", ["a.jsonl", "a.parquet", "a.txt"])
def test_a_text_that_is_too_long(state: State, tmp_path: Path, name: str) -> None:
    """It is left out with the reason, and others are not."""
    rows = [("短", "短文"), ("長", "長" * 1000)] if name != "a.txt" else [(None, "長" * 1000)]
    put(tmp_path / name, rows)
    take(state, tmp_path / name, reading=ReadOptions(longest_text=999))
    assert list(live(state)) == ([] if name == "a.txt" else ["短"])
    (problem,) = pa.concat_tables(rejects(state, 0, found([str(tmp_path / name)]).files)).to_pylist()
    assert problem["row"] == (None if name == "a.txt" else 2)
    assert "more than 999 bytes" in problem["reason"]
    assert "give --longest-text more" in problem["reason"]


def test_many_files_are_several_shards(state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However small they are."""
    monkeypatch.setattr(intake, "MOST_FILES", 4)
    for number in range(10):
        put(tmp_path / "in" / f"{number}.md", [(None, "")])
    take(state, tmp_path / "in")
    assert len(state.shards) == 3
