"""`dedup.nightly`: what is public of it, and what the tests of its modules share."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

import dedup
from dedup import nightly
from dedup.nightly import Summary
from dedup.settings import Settings

NEAR = Settings.near_copies()
Rows = Iterable[tuple[str | None, str | None]]
Partition = set[frozenset[str]]
CLOCK = count(1_700_000_000_000_000_000, 1_000_000_000)
"""Every file that is written is younger than the one before, whatever the clock of the file system shows."""
NOW = datetime(2026, 11, 21, 1, 30, tzinfo=UTC)
"""When every night is that does not say so, so that two runs can end in the same bytes."""
TEA = [f"tea-{number}" for number in range(1, 6)]


def put(path: Path, rows: Rows | Mapping[str, str | None]) -> Path:
    """A file of JSON Lines, Parquet or documents, with folders above it."""
    listed = list(rows.items() if isinstance(rows, Mapping) else rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        ids, texts = [list(part) for part in zip(*listed, strict=True)] or [[], []]
        pq.write_table(pa.table({"id": pa.array(ids, pa.string()), "text": pa.array(texts, pa.string())}), path)
    elif path.suffix == ".jsonl":
        kept = [{"text": text} if id_ is None else {"id": id_, "text": text} for id_, text in listed]
        path.write_text("".join(json.dumps(row) + "\n" for row in kept), "utf-8")
    else:
        path.write_text("".join(text or "" for _, text in listed), "utf-8")
    return touch(path)


def touch(path: Path) -> Path:
    """Make a file younger than all others."""
    now = next(CLOCK)
    os.utime(path, ns=(now, now))
    return path


def run(folder: Path, *paths: Path, out: str = "out", state: str = "state", **options: Any) -> Summary:
    """A night over the folder `in`, or these paths."""
    options = {"settings": NEAR, "threads": 1, "now": NOW} | options
    return nightly.run(paths or [folder / "in"], folder / out, folder / state, **options)


def read(folder: Path, out: str = "out") -> list[dict[str, Any]]:
    """The labels."""
    parts = sorted((folder / out / "labels").iterdir())
    return [row for part in parts for row in pq.read_table(part).to_pylist()]


def by_id(rows: Sequence[Mapping[str, Any]], name: str) -> dict[str, Any]:
    """A column of the labels."""
    assert len({row["id"] for row in rows}) == len(rows)
    return {row["id"]: row[name] for row in rows}


def partition(rows: Sequence[Mapping[str, Any]], name: str = "label") -> Partition:
    """Which articles are together."""
    groups: dict[str, set[str]] = {}
    for row in rows:
        groups.setdefault(row[name], set()).add(row["id"])
    return set(map(frozenset, groups.values()))


def changes(folder: Path, out: str = "out") -> list[tuple[str, str, str | None]]:
    """Kind, old and new of every change."""
    return [tuple(row.values()) for row in pq.read_table(folder / out / "changes.parquet").to_pylist()]


def rejects(folder: Path, out: str = "out") -> list[dict[str, Any]]:
    """What could not be read."""
    return pq.read_table(folder / out / "rejects.parquet").to_pylist()


def tree(folder: Path) -> dict[str, bytes]:
    """All files below a folder, hidden ones included."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def clustered(articles: Mapping[str, str | None], settings: Settings = NEAR) -> list[dict[str, Any]]:
    """The labels of the job that holds everything in memory, by id."""
    ids, texts = list(articles), list(articles.values())
    table = pa.table({"id": pa.array(ids, pa.large_string()), "text": pa.array(texts, pa.large_string())})
    return dedup.cluster(table, settings, threads=1).to_arrow().to_pylist()


def plain(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The labels without the campaign, for which the job in memory is not asked."""
    return [{name: value for name, value in row.items() if name != "campaign"} for row in rows]


def expected_changes(
    before: Mapping[str, str], now: Mapping[str, str], ages: Mapping[str, int]
) -> list[tuple[str, str, str | None]]:
    """What became of clusters, by the rules, one after the other.

    Args:
        before: The cluster of every article last night.
        now: And tonight.
        ages: When articles were first seen.
    """
    told: list[tuple[str, str, str | None]] = []
    for old in set(before.values()):
        survivors = sorted((id_ for id_ in before if before[id_] == old and id_ in now), key=ages.__getitem__)
        if not survivors:
            told.append(("ended", old, None))
        for new in {now[id_] for id_ in survivors} - {old}:
            if now[survivors[0]] != new:
                told.append(("moved" if new in before.values() else "split", old, new))
            else:
                told.append(("renamed" if old not in now and new == survivors[0] else "joined", old, new))
    return sorted(told)


def test_public_names() -> None:
    """What the command line uses, and no more."""
    assert sorted(nightly.__all__) == [
        "Forget", "Forgotten", "MEMORY", "StateStats", "Summary", "compact", "forget", "run", "snapshot", "stats",
    ]  # fmt: skip
    assert all(hasattr(nightly, name) for name in nightly.__all__)


def test_examples_become_two_clusters(tmp_path: Path, examples: dict[str, str]) -> None:
    """Five rewrites, an article and its copy, the rest alone; a cluster has the id of its oldest article."""
    for name, text in examples.items():
        put(tmp_path / "in" / f"{name}.md", [(None, text)])
    summary = run(tmp_path, settings=Settings())
    stem = f"{tmp_path}/in/"
    rows = read(tmp_path)
    assert {one for one in partition(rows) if len(one) > 1} == {
        frozenset(f"{stem}{name}.md" for name in TEA),
        frozenset(f"{stem}{name}.md" for name in ("bridge-copy", "bridge-original")),
    }
    assert partition(rows, "cluster") == partition(rows)
    assert {by_id(rows, "cluster")[f"{stem}{name}.md"] for name in TEA} == {stem + "tea-1.md"}
    assert by_id(rows, "campaign") == by_id(rows, "cluster")
    assert list(rows[0]) == ["id", "label", "size", "similarity", "cluster", "campaign"]
    assert (summary.night, summary.whole, summary.articles, summary.new, summary.gone) == (1, True, 14, 14, 0)
    assert (summary.clusters, summary.clustered, summary.files) == (2, 7, 14)
    assert summary.changes == {}
