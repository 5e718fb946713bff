"""The command: what it reads, writes and prints, and its exit codes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from dedup.cli import main

EXAMPLES = Path(__file__).parents[1] / "examples" / "articles"


def run(*arguments: str | Path) -> Result:
    """`dedup cluster` with these arguments, in this process."""
    return CliRunner().invoke(main, ["cluster", *map(str, arguments)])


def test_examples_become_two_clusters(tmp_path: Path) -> None:
    """A folder of articles becomes a table of labels: five rewrites, an article and its copy, the rest alone."""
    result = run(EXAMPLES, "--out", tmp_path / "labels.parquet")
    assert result.exit_code == 0, result.output
    rows = pq.read_table(tmp_path / "labels.parquet").to_pylist()
    assert list(rows[0]) == ["id", "label", "size", "similarity"]
    sizes = {row["id"]: row["size"] for row in rows}
    assert [name for name, size in sizes.items() if size == 5] == [f"tea-{n}" for n in range(1, 6)]
    assert [name for name, size in sizes.items() if size == 2] == ["bridge-copy", "bridge-original"]
    assert len({row["label"] for row in rows if row["id"].startswith("tea-")}) == 1
    assert all(0.12 <= row["similarity"] <= 1 for row in rows)


def test_prints_clusters_and_times(tmp_path: Path) -> None:
    """What was found, with titles, and how long each stage took."""
    output = run(EXAMPLES, "--out", tmp_path / "labels.csv").output
    assert "14 articles: 7 in 2 clusters, 7 alone" in output
    times = output.splitlines()[-1]
    for stage in ("read", "fold", "weigh", "sign", "band", "verify", "cluster", "write", "in all"):
        assert f"{stage} " in times
    assert re.search(r"5 .*0\.1\d .*tea-\d .*古树茶饼", output)


def test_quiet_prints_nothing(tmp_path: Path) -> None:
    """`--quiet` leaves problems only, and there are none."""
    assert run(EXAMPLES, "--out", tmp_path / "labels.csv", "--quiet").output == ""


@pytest.mark.parametrize("suffix", ["parquet", "csv", "jsonl"])
def test_output_by_suffix(tmp_path: Path, suffix: str) -> None:
    """Parquet, CSV and JSON Lines by suffix; nothing else is left in the folder."""
    assert run(EXAMPLES, "--out", tmp_path / f"labels.{suffix}", "--quiet").exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == [f"labels.{suffix}"]


def test_columns_by_name(tmp_path: Path) -> None:
    """The text and id columns can have other names."""
    table = pa.table({"url": ["x", "y"], "body": ["一篇文章，写得很好", "一篇文章,写得很好!"]})
    pq.write_table(table, tmp_path / "in.parquet")
    options = ("--text-column", "body", "--id-column", "url", "--out", tmp_path / "out.jsonl")
    assert run(tmp_path / "in.parquet", *options).exit_code == 0
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert rows == [{"id": i, "label": "x", "size": 2, "similarity": 1.0} for i in "xy"]


def test_near_copies_leave_rewrites_alone(tmp_path: Path) -> None:
    """`--near-copies` finds the edited copy only."""
    result = run(EXAMPLES, "--out", tmp_path / "labels.csv", "--near-copies", "--threshold", "0.6")
    assert "2 in 1 clusters" in result.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--threshold", "80"], "threshold must be in (0, 1], got 80.0; for 80 % write 0.8"),
        (["--threshold", "0"], "threshold must be in (0, 1], got 0.0"),
        (["--threads", "0"], "threads must be a whole number of 1 or more"),
        (["--out", "labels.xlsx"], "suffix"),
        (["--out", "no/such/folder/labels.csv"], "no folder"),
    ],
)
def test_bad_usage_is_exit_code_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str
) -> None:
    """A wrong option says what was given, what is allowed and what to do, and writes nothing."""
    monkeypatch.chdir(tmp_path)
    result = run(EXAMPLES, "--out", "labels.csv", *arguments)
    assert result.exit_code == 2
    assert words in " ".join(result.output.split())
    assert not list(tmp_path.iterdir())


def test_unreadable_files_are_named_and_the_rest_is_written(tmp_path: Path) -> None:
    """A corrupt file and a missing folder are reported by name with exit code 1; the others are clustered."""
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 this is no Parquet file")
    result = run(EXAMPLES, tmp_path / "broken.parquet", tmp_path / "gone", "--out", tmp_path / "labels.csv")
    assert result.exit_code == 1
    assert "broken.parquet" in result.output
    assert "gone" in result.output
    assert len((tmp_path / "labels.csv").read_text().splitlines()) == 15


def test_every_unreadable_file_is_named(tmp_path: Path) -> None:
    """However many there are, none is lost in a count."""
    for number in range(40):
        (tmp_path / f"broken-{number}.parquet").write_bytes(b"no Parquet file")
    output = run(EXAMPLES, tmp_path, "--out", tmp_path / "labels.csv", "--quiet").output
    assert all(f"broken-{number}.parquet" in output for number in range(40))


def test_nothing_to_read_is_a_failed_run(tmp_path: Path) -> None:
    """With no article at all nothing is written, and the run has failed."""
    result = run(tmp_path / "gone", "--out", tmp_path / "labels.csv")
    assert result.exit_code == 1
    assert "nothing was written" in result.output
    assert not (tmp_path / "labels.csv").exists()


def test_missing_column_is_named(tmp_path: Path) -> None:
    """A table without the text column says which columns it has, and how to choose one."""
    pq.write_table(pa.table({"body": ["x"]}), tmp_path / "in.parquet")
    result = run(tmp_path / "in.parquet", EXAMPLES, "--out", tmp_path / "labels.csv")
    assert result.exit_code == 1
    assert "'body'" in result.output
    assert "--text-column" in result.output


def test_one_bad_row_keeps_the_rest(tmp_path: Path) -> None:
    """A malformed line is reported with its number; the lines around it are clustered."""
    lines = [json.dumps({"id": n, "text": "同一篇文章的正文"}) for n in range(3)]
    (tmp_path / "in.jsonl").write_text("\n".join([lines[0], '{"id": 7, "text": ', *lines[1:]]))
    result = run(tmp_path / "in.jsonl", "--out", tmp_path / "labels.csv")
    assert result.exit_code == 1
    assert "in.jsonl, row 2" in result.output
    assert len((tmp_path / "labels.csv").read_text().splitlines()) == 4


def test_undecodable_bytes_and_repeated_ids_are_warnings(tmp_path: Path) -> None:
    """What is mended or odd is said, keeps every row, and is no failure."""
    (tmp_path / "in.jsonl").write_bytes(b'{"id": "a", "text": "one \xff text"}\n{"id": "a", "text": "another"}\n')
    result = run(tmp_path / "in.jsonl", "--out", tmp_path / "labels.csv")
    assert result.exit_code == 0
    assert "undecodable" in result.output
    assert "ids occur more than once" in result.output
    assert len((tmp_path / "labels.csv").read_text().splitlines()) == 3


def test_hostile_titles_cannot_drive_the_terminal(tmp_path: Path) -> None:
    """Escape sequences and markup in an article or id are text."""
    rows = [{"id": f"\x1b[31m[red]{n}", "text": "\x1b]0;owned\x07[bold]一篇文章的标题\n正文在这里"} for n in range(2)]
    (tmp_path / "in.jsonl").write_text("\n".join(map(json.dumps, rows)))
    result = run(tmp_path / "in.jsonl", "--out", tmp_path / "labels.csv")
    assert result.exit_code == 0
    assert "\x1b" not in result.output
    assert "[bold]" in result.output


def test_the_module_is_the_command() -> None:
    """`python -m dedup` tells its version."""
    done = subprocess.run([sys.executable, "-m", "dedup", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("dedup, version ")


def test_an_input_is_not_written_over(tmp_path: Path) -> None:
    """Labels never replace what they are about; a result in the folder that is read is left out the next time."""
    (tmp_path / "in.jsonl").write_text('{"id": 1, "text": "a text"}')
    result = run(tmp_path / "in.jsonl", "--out", tmp_path / "in.jsonl")
    assert result.exit_code == 2
    assert "is also an input" in result.output
    assert "a text" in (tmp_path / "in.jsonl").read_text()
    for _ in range(2):
        assert run(tmp_path, "--out", tmp_path / "labels.csv").exit_code == 0
    assert len((tmp_path / "labels.csv").read_text().splitlines()) == 2


def test_an_empty_path_is_bad_usage(tmp_path: Path) -> None:
    """An empty PATH, as an unset variable gives, is not the folder where one happens to be."""
    assert run("", "--out", tmp_path / "labels.csv").exit_code == 2


@pytest.mark.parametrize("environment", [{"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}, {"COLUMNS": "20"}])
def test_any_terminal_will_do(tmp_path: Path, environment: dict[str, str]) -> None:
    """A terminal that has no Chinese, or is narrow, is no reason to fail."""
    command = [sys.executable, "-m", "dedup", "cluster", EXAMPLES, "--out", tmp_path / "labels.csv"]
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, check=True)
    assert b"14 articles" in done.stdout


def test_a_reader_that_goes_away_is_no_failure(tmp_path: Path) -> None:
    """`dedup cluster ... | head -1` has written its labels, and says so by exit code 0."""
    command = [sys.executable, "-m", "dedup", "cluster", EXAMPLES, "--out", tmp_path / "labels.csv"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.close()
        assert process.wait() == 0
    assert (tmp_path / "labels.csv").exists()
