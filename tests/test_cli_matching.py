"""`dedup match`: what it reads, writes and prints, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from dedup.cli import main

EXAMPLES = Path(__file__).parents[1] / "examples" / "articles"


def run(*arguments: str | Path) -> Result:
    """`dedup match` with these arguments, in this process."""
    return CliRunner().invoke(main, ["match", *map(str, arguments)])


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """Three articles: one that is there, one that stands in another, and one that is nowhere."""
    bridge = (EXAMPLES / "bridge-original.md").read_text("utf-8")
    rows = [
        {"id": "copy", "text": bridge},
        {"id": "part", "text": bridge[200:360]},
        {"id": "new", "text": "雪山脚下的小站一天只停一趟车，站长种了一排向日葵，花开的时候旅客会下来拍照。"},
    ]
    path = tmp_path / "mine.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


def test_matches_are_written_and_counted(mine: Path, tmp_path: Path) -> None:
    """A row a match; what has none is told."""
    done = run(mine, "--against", EXAMPLES, "--out", tmp_path / "matches.csv")
    assert done.exit_code == 0, done.output
    assert "3 articles against 14: 2 matched in 4 pairs, 1 without a match." in done.output
    lines = (tmp_path / "matches.csv").read_text("utf-8").splitlines()
    assert lines[:2] == ['"id","match","similarity"', '"copy","bridge-original",1']


def test_containment_with_spans(mine: Path, tmp_path: Path) -> None:
    """What stands in an article, and where."""
    done = run(mine, "--against", EXAMPLES, "--by", "containment", "--spans", "--out", tmp_path / "matches.jsonl")
    assert done.exit_code == 0, done.output
    rows = [json.loads(line) for line in (tmp_path / "matches.jsonl").read_text("utf-8").splitlines()]
    (row,) = [row for row in rows if row["id"] == "part" and row["match"] == "bridge-original"]
    assert row["containment"] == 1
    (span,) = row["spans"]
    assert span["match_begin"] - span["begin"] == 200


def test_several_sets_and_an_index(mine: Path, tmp_path: Path) -> None:
    """B may be files, a folder and an index at once; an index alone lends its settings."""
    index = tmp_path / "archive.dedup"
    assert CliRunner().invoke(main, ["index", "add", str(index), str(EXAMPLES), "--near-copies"]).exit_code == 0
    done = run(mine, "--against", index, "--out", tmp_path / "matches.parquet")
    assert done.exit_code == 0, done.output
    assert "3 articles against 14: 1 matched in 1 pair" in done.output
    done = run(
        mine, "--against", index, "--against", EXAMPLES / "tea-1.md", "--near-copies", "--out", tmp_path / "m.csv"
    )
    assert "against 15: 1 matched in 1 pair" in done.output


def test_what_cannot_be_read_is_told_and_costs_nothing_else(mine: Path, tmp_path: Path) -> None:
    """On both sides; the exit code says so."""
    (tmp_path / "broken.jsonl").write_text('{"id": 1}\n{"id": 2, "te\n', "utf-8")
    for paths in ([mine, tmp_path / "broken.jsonl", "--against", EXAMPLES],
                  [mine, "--against", tmp_path / "broken.jsonl", "--against", EXAMPLES]):  # fmt: skip
        done = run(*paths, "--out", tmp_path / "matches.parquet", "--near-copies")
        assert done.exit_code == 1
        assert "broken.jsonl" in done.output
        assert len(pq.read_table(tmp_path / "matches.parquet")) == 1


@pytest.mark.parametrize(
    ("options", "said", "code"),
    [
        (["--out", "matches.txt"], "the suffix must be one of", 2),
        (["--out", "matches.csv", "--spans"], "name a .parquet or .jsonl file", 2),
        (["--out", "matches.csv", "--threshold", "80"], "for 80 % write 0.8", 2),
        (["--out", "matches.csv", "--by", "size"], "is not one of", 2),
        (["--out", "matches.csv", "--against", ""], "a PATH is empty", 2),
        (["--out", "matches.csv", "--against", "nowhere"], "there is no such file or folder", 1),
    ],
)
def test_mistakes_are_told(
    mine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], said: str, code: int
) -> None:
    """What was given, and what to do."""
    monkeypatch.chdir(tmp_path)
    done = run(mine, "--against", EXAMPLES, *options)
    assert (done.exit_code, said in " ".join(done.output.replace("│", "").split())) == (code, True), done.output


def test_nothing_is_written_over_what_is_read(mine: Path) -> None:
    """Neither over A nor over B."""
    for paths in ([mine, "--against", EXAMPLES], [EXAMPLES, "--against", mine]):
        done = run(*paths, "--out", mine)
        assert done.exit_code == 2
        assert "is also an input" in done.output


def test_nothing_to_match_is_a_failure(mine: Path, tmp_path: Path) -> None:
    """Where A or B has no articles, nothing is written."""
    pq.write_table(
        pa.table({"id": pa.array([], pa.string()), "text": pa.array([], pa.string())}), tmp_path / "no.parquet"
    )
    for paths, side in (
        ([tmp_path / "no.parquet", "--against", mine], "A"),
        ([mine, "--against", tmp_path / "no.parquet"], "B"),
    ):
        done = run(*paths, "--out", tmp_path / "matches.csv")
        assert done.exit_code == 1
        assert f"no articles of {side} were read, nothing was written" in done.output
    assert not (tmp_path / "matches.csv").exists()
