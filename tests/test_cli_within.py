"""`dedup cluster --within`, `--across` and `--within-days`: columns of files, and what is refused."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from dedup import files
from dedup.cli import main

TEXT = "渡口的钟敲过七下，摆渡人把缆绳解开，雾气贴着水面慢慢散去，第一班船载着赶集的人过江"
ROWS = [
    {"id": "a", "text": TEXT, "site": "甲", "on": "2025-03-01"},
    {"id": "b", "text": TEXT, "site": "甲", "on": "2025-03-02"},
    {"id": "c", "text": TEXT, "site": "乙", "on": "2025-03-20"},
    {"id": "d", "text": TEXT, "site": None, "on": None},
]


def write(folder: Path, kind: str) -> Path:
    """The articles as a file of this kind; in Parquet the dates are dates."""
    path = folder / f"articles.{kind}"
    if kind == "jsonl":
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS), "utf-8")
    elif kind == "csv":
        rows = [",".join(row[name] or "" for name in ROWS[0]) for row in ROWS]
        path.write_text("\n".join([",".join(ROWS[0]), *rows]) + "\n", "utf-8")
    else:
        on = [row["on"] and date.fromisoformat(row["on"]) for row in ROWS]
        pq.write_table(pa.Table.from_pylist(ROWS).drop_columns("on").append_column("on", pa.array(on)), path)
    return path


def run(*arguments: str | Path) -> Result:
    """`dedup cluster` with these arguments."""
    return CliRunner().invoke(main, ["cluster", *map(str, arguments), "--no-campaigns"])


def clusters(path: Path) -> set[frozenset[str]]:
    """The ids of each cluster in a file of labels."""
    found: dict[str, set[str]] = defaultdict(set)
    for row in pq.read_table(path).to_pylist():
        found[row["label"]].add(row["id"])
    return set(map(frozenset, found.values()))


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_columns_of_files(tmp_path: Path, kind: str) -> None:
    """Groups, sources and dates come from any table; what is missing there is told."""
    path, out = write(tmp_path, kind), tmp_path / "out.parquet"
    result = run(path, "--out", out, "--within", "site")
    assert result.exit_code == 0, result.output
    assert "1 article has no group (within): article 3" in " ".join(result.stderr.split())
    assert clusters(out) == {frozenset("ab"), frozenset("c"), frozenset("d")}
    assert run(path, "--out", out, "--across", "site").exit_code == 0
    assert clusters(out) == {frozenset("abcd")}
    assert run(path, "--out", out, "--within-days", "1.5", "--date", "on").exit_code == 0
    assert clusters(out) == {frozenset("ab"), frozenset("c"), frozenset("d")}
    assert run(path, "--out", out, "--across", "site", "--within-days", "18", "--date", "on").exit_code == 0
    assert clusters(out) == {frozenset("bc"), frozenset("a"), frozenset("d")}


def test_text_files_have_no_columns(tmp_path: Path) -> None:
    """They are read, compared with nobody under `--within`, and counted."""
    for name in "xy":
        (tmp_path / f"{name}.txt").write_text(TEXT, "utf-8")
    result = run(tmp_path, write(tmp_path, "jsonl"), "--out", tmp_path / "out.parquet", "--within", "site")
    assert result.exit_code == 0, result.output
    assert "3 articles have no group (within)" in " ".join(result.stderr.split())
    assert len(files.read(tmp_path / "out.parquet", files.ReadOptions("label")).table) == 6


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--within-days", "3"], "--within-days 3 needs dates: name their column, --date COLUMN"),
        (["--date", "on"], "--date is for a window of time: say how wide it is, for example --within-days 30"),
        (["--within-days", "-3", "--date", "on"], "within_days must be 0 or more, got -3.0"),
        (["--within", "site", "--across", "site"], "within and across are both 'site'"),
        (["--within", "site", "--state", "state"], "do not go with --state"),
        (["--across", "site", "--state", "state"], "do not go with --state"),
        (["--within-days", "1", "--date", "on", "--state", "state"], "do not go with --state"),
    ],
)
def test_rules_that_make_no_sense_are_bad_usage(tmp_path: Path, options: list[str], message: str) -> None:
    """They are refused before a file is read, with what to do."""
    result = run(write(tmp_path, "jsonl"), "--out", tmp_path / "out.parquet", *options)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())
    assert not (tmp_path / "out.parquet").exists()


def test_a_column_that_is_not_there_or_holds_no_dates(tmp_path: Path) -> None:
    """The file, or the first article that has none, is named, and nothing is written."""
    path, out = write(tmp_path, "jsonl"), tmp_path / "out.parquet"
    result = run(path, "--out", out, "--within", "domain")
    assert result.exit_code == 1
    assert "no column 'domain'; the columns are ['id', 'text', 'site', 'on']" in " ".join(result.stderr.split())
    result = run(path, "--out", out, "--within-days", "1", "--date", "site")
    assert result.exit_code == 1
    assert "date of article 0 is '甲'; it must be a date" in " ".join(result.stderr.split())
    assert not out.exists()
