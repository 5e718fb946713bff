"""`--log-json`: every command tells in one schema what it does, and how it ended."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from dedup.cli import main

MEMBERS = {
    "stage": {"job", "stage", "seconds"},
    "job": {"job", "seconds"},
    "warning": {"message"},
    "remark": {"message"},
    "error": {"message", "exit"},
    "done": {"seconds", "exit"},
}


def leaves(command: click.Command) -> Iterator[click.Command]:
    """All commands that are no groups."""
    if isinstance(command, click.Group):
        for one in command.commands.values():
            yield from leaves(one)
    else:
        yield command


def run(*arguments: str | Path) -> Result:
    """A command, in this process."""
    return CliRunner().invoke(main, [*map(str, arguments), "--log-json"])


def logged(result: Result) -> list[dict[str, Any]]:
    """The lines of the standard error stream; each has what its event must have."""
    lines = [json.loads(line) for line in result.stderr.splitlines()]
    for line in lines:
        assert list(line)[:2] == ["time", "event"]
        assert datetime.fromisoformat(line["time"]).utcoffset() is not None
        assert MEMBERS.get(line["event"], set()) <= line.keys()
    return lines


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two copies and a stranger, and labels of them."""
    rows = [("a", "國內電話卡續費"), ("b", "国内电话卡续费"), ("c", "The ferry leaves at noon today")]
    lines = [json.dumps({"id": id_, "text": text}) + "\n" for id_, text in rows]
    (tmp_path / "in.jsonl").write_text("".join(lines), "utf-8")
    assert run("cluster", tmp_path / "in.jsonl", "--out", tmp_path / "labels.csv").exit_code == 0
    return tmp_path


def test_every_command_has_it() -> None:
    """And says so in its help."""
    for command in leaves(main):
        assert "--log-json" in {name for parameter in command.params for name in parameter.opts}, command.name


def test_every_command_logs(folder: Path) -> None:
    """The last line says how it ended; the output is where it was."""
    one, labels, index, state = folder / "in.jsonl", folder / "labels.csv", folder / "index", folder / "state"
    for arguments in (
        ["cluster", one, "--out", folder / "2.csv"],
        ["unique", one, "--out", folder / "unique.jsonl"],
        ["match", one, "--against", one, "--out", folder / "matches.csv"],
        ["audit", one, "--out", folder / "audit.csv"],
        ["show", labels, "a", one],
        ["explain", "a", "b", "--among", one],
        ["index", "add", index, one],
        ["index", "query", index, one],
        ["index", "stats", index],
        ["index", "check", index],
        ["index", "reweigh", index],
        ["index", "report", index, "--out", folder / "index.html"],
        ["index", "export", index, "--out", folder / "export.csv"],
        ["index", "forget", index, "--before", "2020-01-01"],
        ["index", "remove", index, "a"],
        ["index", "compact", index],
        ["cluster", one, "--out", folder / "out", "--state", state],
        ["report", state, "--out", folder / "state.html"],
        ["state", "stats", state],
        ["state", "forget", state, "before=2020-01-01"],
        ["state", "compact", state],
        ["warmup"],
    ):
        result = run(*arguments)
        last = logged(result)[-1]
        assert (result.exit_code, last["event"], last["exit"]) == (0, "done", 0), (arguments, result.output)
        assert "event" not in result.stdout


def test_stages_and_jobs(folder: Path) -> None:
    """With what there was in each."""
    lines = logged(run("cluster", folder / "in.jsonl", "--out", folder / "2.csv"))
    clustered, attributed = [line for line in lines if line["event"] == "job"]
    assert {line["stage"] for line in lines if line["event"] == "stage"} >= {"read", "fold", "verify"}
    assert (clustered["job"], clustered["articles"], clustered["clusters"]) == ("cluster", 3, 1)
    assert (attributed["job"], attributed["articles"], attributed["campaigns"]) == ("campaigns", 3, 1)
    assert [line["event"] for line in lines[-2:]] == ["job", "done"]


def test_what_cannot_be_read_is_a_problem(folder: Path) -> None:
    """By its path and row; the run ends, with exit code 1."""
    with (folder / "in.jsonl").open("a") as file:
        file.write("no JSON\n")
    result = run("cluster", folder / "in.jsonl", "--out", folder / "2.csv")
    (problem,) = [line for line in logged(result) if line["event"] == "problem"]
    assert problem["path"].endswith("in.jsonl") and problem["severity"] == "error" and problem["row"] is not None
    assert (result.exit_code, logged(result)[-1]["exit"]) == (1, 1)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["cluster", "in.jsonl", "--out", "x.csv", "--treshold", "1"], 2, "--treshold"),
        (["cluster", "in.jsonl", "--out", "x.csv", "--threshold", "80"], 2, "for 80 % write 0.8"),
        (["cluster", "nothing.jsonl", "--out", "x.csv"], 1, "no articles were read"),
        (["clutser"], 2, "clutser"),
        (["index", "stats", "nothing"], 1, "nothing"),
        (["state", "stats", "nothing"], 1, "nothing"),
    ],
)
def test_errors_are_lines_too(
    folder: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, words: str
) -> None:
    """Also wrong options; the last line has the message and the exit code."""
    monkeypatch.chdir(folder)
    result = run(*arguments)
    last = logged(result)[-1]
    assert (result.exit_code, last["event"], last["exit"]) == (code, "error", code)
    assert words in last["message"]


def test_a_file_may_be_called_so(folder: Path) -> None:
    """Behind -- it is a path."""
    result = CliRunner().invoke(main, ["cluster", "--out", str(folder / "x.csv"), "--", "--log-json"])
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
