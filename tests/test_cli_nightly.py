"""`dedup cluster --state`: what it prints and logs, and its exit codes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from crawlers import rewrite
from test_nightly import NEAR, TEA, by_id, put, read, touch, tree

from dedup.cli import main
from dedup.nightly import Summary
from dedup.nightly.state import opened

EXAMPLES = Path(__file__).parents[1] / "examples" / "articles"


def arguments(folder: Path, *options: str | Path, paths: tuple[str | Path, ...] = ()) -> list[str]:
    """A night over the folder `in`, or these paths."""
    places = paths or (folder / "in",)
    return ["cluster", *map(str, [*places, "--out", folder / "out", "--state", folder / "state", *options])]


def run(folder: Path, *options: str | Path, paths: tuple[str | Path, ...] = ()) -> Result:
    """A night, in this process."""
    return CliRunner().invoke(main, arguments(folder, *options, paths=paths))


def logged(result: Result) -> list[dict[str, Any]]:
    """The lines of the standard error stream, each of which is a JSON object with a time and an event."""
    lines = [json.loads(line) for line in result.stderr.splitlines()]
    for line in lines:
        assert list(line)[:2] == ["time", "event"]
        assert datetime.fromisoformat(line["time"]).utcoffset() is not None
    return lines


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """A folder of two rewrites and a stranger."""
    put(tmp_path / "in" / "1.jsonl", {"a": rewrite(1, 1), "b": rewrite(1, 2), "c": rewrite(2, 1)})
    return tmp_path


def test_report_of_a_state(two: Path) -> None:
    """A page of the last night, without the articles' files; what is no state is refused, with what to name."""
    assert run(two).exit_code == 0
    shutil.rmtree(two / "in")
    result = CliRunner().invoke(main, ["report", str(two / "state"), "--out", str(two / "report.html")])
    assert result.exit_code == 0, result.output
    assert result.output == f"3 articles of the last night; the report is {two / 'report.html'}\n"
    assert (two / "report.html").stat().st_size > 10_000
    result = CliRunner().invoke(main, ["report", str(two), "--out", str(two / "report.html"), "--quiet"])
    assert result.exit_code == 1 and "is not the state of a nightly job" in result.stderr
    result = CliRunner().invoke(main, ["report", str(two / "state"), "--out", str(two / "report.txt")])
    assert result.exit_code == 2 and "must be" in result.stderr


def test_examples_become_two_clusters(tmp_path: Path) -> None:
    """A folder of articles becomes a folder of labels, and one line of JSON."""
    result = run(tmp_path, paths=(EXAMPLES,))
    assert result.exit_code == 0, result.output
    rows = read(tmp_path)
    stem = f"{EXAMPLES}/"
    assert {row["cluster"] for row in rows if row["size"] == 5} == {f"{stem}tea-1.md"}
    assert [row["id"] for row in rows if row["size"] == 5] == [f"{stem}{name}.md" for name in TEA]
    (line,) = result.stdout.splitlines()
    summary = json.loads(line)
    assert list(summary) == [field.name for field in fields(Summary)]
    assert (summary["articles"], summary["clusters"], summary["clustered"], summary["files"]) == (14, 2, 7, 14)
    assert summary["seconds"].keys() >= {"read", "weigh", "sign", "meet", "verify", "cluster", "write"}
    assert all(value >= 0 for value in summary["seconds"].values())
    assert 10**7 < summary["peak_memory"] < 10**10


def test_lines_for_people(two: Path) -> None:
    """What is done is said on the standard error stream, in sentences."""
    result = run(two)
    assert "Shard 1: 1 file, 3 articles\n" in result.stderr
    assert "Night 1: everything is compared anew\n" in result.stderr
    assert f"3 articles. Labels are in {two}/out\n" in result.stderr
    put(two / "in" / "2.jsonl", {"d": rewrite(2, 2)})
    result = run(two)
    assert "Night 2: what is new is compared with everything before\n" in result.stderr
    assert json.loads(result.stdout)["new"] == 1


def test_a_log_of_json(two: Path) -> None:
    """Every line of the standard error stream is an object, problems, too; the standard output has one."""
    (two / "in" / "壞.parquet").write_bytes(b"nonsense")
    result = run(two, "--log-json")
    assert result.exit_code == 0
    events = logged(result)
    names = [line["event"] for line in events]
    assert set(names) == {"problem", "shard", "stage", "night", "written", "job", "done"}
    assert names[-2:] == ["job", "done"]
    (problem,) = [line for line in events if line["event"] == "problem"]
    assert problem["path"] == f"{two}/in/壞.parquet" and problem["severity"] == "error" and problem["reason"]
    assert names.index("shard") < names.index("night") < names.index("written")
    assert {line["stage"] for line in events if line["event"] == "stage"} == json.loads(result.stdout)["seconds"].keys()
    assert json.loads(result.stdout)["bad_files"] == 1


def test_names_that_are_no_unicode(tmp_path: Path) -> None:
    """A file whose name is no UTF-8, and texts with lone surrogates, break neither log nor summary."""
    put(tmp_path / "in" / "a.jsonl", {"a\ud800": rewrite(1, 1), "b": rewrite(1, 2)})
    bad = tmp_path / "in" / "bad\udcff.parquet"
    bad.write_bytes(b"nonsense")
    result = run(tmp_path, "--log-json")
    assert result.exit_code == 0, result.stderr
    assert any("bad\ufffd.parquet" in str(line.get("path")) for line in logged(result))
    assert by_id(read(tmp_path), "size") == {"a\ufffd": 2, "b": 2}
    assert "bad\ufffd.parquet" in run(tmp_path).stderr


def test_relative_paths(two: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those that look like addresses."""
    monkeypatch.chdir(two)
    (two / "in").rename(two / "c:in")
    for night in (1, 2):
        put(two / "c:in" / f"{night}.parquet", {"d": rewrite(2, night)})
        result = CliRunner().invoke(main, ["cluster", "c:in", "--out", "s3:out", "--state", "gs:state", "--quiet"])
        assert (result.exit_code, result.stderr) == (0, "")
    assert by_id(read(two, "s3:out"), "size") == {"a": 2, "b": 2, "c": 2, "d": 2}


def test_quiet(two: Path) -> None:
    """Nothing is printed but problems."""
    result = run(two, "--quiet")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    (two / "in" / "2.parquet").write_bytes(b"nonsense")
    result = run(two, "--quiet")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.startswith("Error: ") and len(result.stderr.splitlines()) == 1
    assert "2.parquet: " in result.stderr


def test_columns_by_name(tmp_path: Path) -> None:
    """The text and id columns can have other names."""
    pq.write_table(
        pa.table({"url": ["x", "y"], "body": ["一篇文章，寫得很好", "一篇文章,写得很好!"]}), tmp_path / "in.parquet"
    )
    options = ("--text-column", "body", "--id-column", "url")
    result = run(tmp_path, *options, paths=(tmp_path / "in.parquet",))
    assert result.exit_code == 0
    assert by_id(read(tmp_path), "cluster") == {"x": "x", "y": "x"}


def test_a_failed_run_is_exit_code_1(two: Path) -> None:
    """In one line, that says what to do; as JSON where the rest is."""
    (two / "out").mkdir()
    (two / "out" / "thesis.doc").touch()
    result = run(two)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "thesis.doc" in result.stderr and "name a new folder" in " ".join(result.stderr.split())
    (line,) = logged(run(two, "--log-json"))
    assert line["event"] == "error" and line["exit"] == 1 and "thesis.doc" in line["message"]
    assert not (two / "state").exists()


def test_no_articles_is_exit_code_1(tmp_path: Path) -> None:
    """Be it that there is nothing, or nothing that can be read."""
    put(tmp_path / "in" / "1.jsonl", [])
    for _ in range(2):
        result = run(tmp_path)
        assert (result.exit_code, result.stdout) == (1, "")
        assert "no articles were read, nothing was written" in result.stderr
    result = run(tmp_path, paths=(tmp_path / "gone",))
    assert result.exit_code == 1 and "there is no" in result.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--threshold", "80"], "for 80 % write 0.8"),
        (["--near-copies"], "the state was made with threshold=0.092, not 0.7"),
        (["--threads", "0"], "threads must be a whole number"),
        (["--memory", "10MB"], "memory must be 1GB or more"),
        (["--memory", "viel"], "a size such as 8GB"),
        (["--max-rejects", "-1"], "-1"),
        (["--report", "page.html"], "--report holds all articles in memory"),
        ([""], "a PATH is empty"),
    ],
)
def test_bad_usage_is_exit_code_2(two: Path, options: list[str], words: str) -> None:
    """It says what was given and what is allowed, and changes nothing."""
    assert run(two).exit_code == 0
    put(two / "in" / "2.jsonl", {"d": rewrite(2, 2)})
    before = tree(two)
    result = run(two, *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in " ".join(result.stderr.split())
    assert tree(two) == before


@pytest.mark.parametrize(
    "option", [["--memory", "2GB"], ["--max-rejects", "3"], ["--secret-seed"]], ids=lambda given: given[0]
)
def test_options_that_go_with_a_state(two: Path, option: list[str]) -> None:
    """Without one they are refused, for they would do nothing."""
    result = CliRunner().invoke(main, ["cluster", str(two / "in"), "--out", str(two / "labels.csv"), *option])
    assert result.exit_code == 2
    assert f"{option[0]} goes with --state FOLDER" in " ".join(result.stderr.split())
    assert not (two / "labels.csv").exists()


def test_too_many_rejects_is_exit_code_3(two: Path) -> None:
    """Nothing is written; with as many as there are, it succeeds."""
    with (two / "in" / "1.jsonl").open("a") as file:
        file.write("no JSON\n" * 3)
    (two / "in" / "2.parquet").write_bytes(b"nonsense")
    result = run(two, "--max-rejects", "3", "--log-json")
    assert (result.exit_code, result.stdout) == (3, "")
    assert logged(result)[-1]["exit"] == 3 and "4 rows and files could not be read" in logged(result)[-1]["message"]
    assert not (two / "out").exists()
    result = run(two, "--max-rejects", "4")
    assert result.exit_code == 0
    summary = json.loads(result.stdout)
    assert (summary["bad_files"], summary["bad_rows"], summary["articles"]) == (1, 3, 3)


def test_a_state_that_is_held_is_exit_code_75(two: Path) -> None:
    """Nothing is done, and a scheduler may try again."""
    with opened(two / "state", NEAR):
        result = run(two, "--near-copies", "--log-json")
        assert (result.exit_code, result.stdout) == (75, "")
        (line,) = logged(result)
        assert line["exit"] == 75 and "another run holds" in line["message"]
    assert run(two, "--near-copies").exit_code == 0


@pytest.mark.parametrize("broken", ["state.json", "nights/000001/texts.parquet", "shards/000001/articles.parquet"])
def test_a_damaged_state_is_exit_code_1(two: Path, broken: str) -> None:
    """It fails in a line, and the output is as it was."""
    assert run(two).exit_code == 0
    before = tree(two / "out")
    (two / "state" / broken).write_bytes(b"nonsense")
    put(two / "in" / "2.jsonl", {"d": rewrite(2, 2)})
    for options in ([], ["--log-json"]):
        result = run(two, *options)
        assert result.exit_code == 1
        assert isinstance(result.exception, SystemExit), result.exception
        said = logged(result)[-1]["message"] if options else result.stderr
        assert f"{broken}' is damaged" in said and "begin a new state" in said
        assert tree(two / "out") == before


def test_warnings_are_logged(two: Path) -> None:
    """A threshold that the signatures are too short for is told of as JSON, too."""
    options = ("--near-copies", "--threshold", "0.01")
    result = run(two, *options, "--log-json")
    assert result.exit_code == 0
    (line,) = [line for line in logged(result) if line["event"] == "warning"]
    assert "128 slots find" in line["message"]
    put(two / "in" / "2.jsonl", {"d": rewrite(2, 2)})
    assert run(two, *options, "--quiet").stderr.startswith("Warning: 128 slots find")


def test_it_is_silent_when_nobody_listens(two: Path) -> None:
    """A reader of the summary that has gone is no failure."""
    with subprocess.Popen(
        [sys.executable, "-m", "dedup", *arguments(two, "--near-copies")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        said = process.stderr.read().decode()
    assert process.returncode == 0, said
    assert "Traceback" not in said
    assert len(read(two)) == 3


def test_show_reads_what_it_wrote(two: Path) -> None:
    """The labels of a folder, and with the paths the texts."""
    assert run(two).exit_code == 0
    result = CliRunner().invoke(main, ["show", str(two / "out"), "1", str(two / "in"), "--json"])
    assert result.exit_code == 0, result.output
    shown = json.loads(result.stdout)
    assert sorted(member["id"] for member in shown["members"]) == ["a", "b"]
    assert shown["keywords"]


def test_nights_from_the_command_line(two: Path) -> None:
    """Night after night: what is new, what has changed, what is bad and mended, and a folder that was moved."""
    assert json.loads(run(two, "--near-copies").stdout)["night"] == 1
    put(two / "in" / "2.jsonl", {"d": rewrite(2, 2)})
    summary = json.loads(run(two, "--near-copies").stdout)
    assert (summary["night"], summary["whole"], summary["files"], summary["changes"]) == (2, False, 1, {})
    put(two / "in" / "1.jsonl", {"a": rewrite(1, 1), "c": rewrite(2, 1)})
    summary = json.loads(run(two, "--near-copies").stdout)
    assert (summary["night"], summary["gone"], summary["clusters"]) == (3, 1, 1)
    assert by_id(read(two), "cluster") == {"a": "a", "c": "c", "d": "c"}
    shutil.rmtree(two / "out")
    touch(two / "in" / "1.jsonl")
    summary = json.loads(run(two, "--near-copies").stdout)
    assert (summary["night"], summary["new"], summary["gone"]) == (4, 0, 0)
    assert by_id(read(two), "cluster") == {"a": "a", "c": "c", "d": "c"}
