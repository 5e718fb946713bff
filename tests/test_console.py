"""What the commands share: how they fail, complain and print."""

from __future__ import annotations

import json

import click
import pytest

from dedup import DedupError, FileError, Settings, SettingsError
from dedup.cli import console
from dedup.files import Problem, Read, ReadOptions
from dedup.files.tables import table


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (FileError("no file"), click.ClickException, 1),
        (DedupError("no luck"), click.ClickException, 1),
        (OSError("no disk"), click.ClickException, 1),
        (MemoryError(), click.ClickException, 1),
        (SettingsError("no such setting"), click.UsageError, 2),
    ],
)
def test_a_failure_is_a_line_and_an_exit_code(
    error: BaseException, kind: type[click.ClickException], code: int
) -> None:
    """1 for a run that failed, 2 for bad usage."""
    with pytest.raises(kind) as raised, console.failures():
        raise error
    assert raised.value.exit_code == code
    assert str(error) in raised.value.message


def test_a_bug_is_no_failure_of_the_user() -> None:
    """What is none of ours keeps its traceback."""
    with pytest.raises(ZeroDivisionError), console.failures():
        _ = 1 / 0


def test_settings_are_the_defaults_and_what_is_asked_for() -> None:
    """Each option changes its own."""
    usual, short = ReadOptions(), ReadOptions(longest_text=250)
    assert console.settings(None, usual, near_copies=False) == Settings()
    assert console.settings(0.5, usual, near_copies=False) == Settings(threshold=0.5)
    assert console.settings(0.5, usual, near_copies=True) == Settings.near_copies(0.5)
    assert console.settings(None, usual, near_copies=False).longest_text == Settings().longest_text
    for near_copies in (False, True):
        assert console.settings(0.5, short, near_copies=near_copies).longest_text == 250


def test_complaints_are_text(capsys: pytest.CaptureFixture[str]) -> None:
    """Markup in them is shown, not read; they leave the standard output alone."""
    console.complain("[bold]odd[/] and a very long line " + "文" * 100, "warning")
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "Warning: [bold]odd[/] and a very long line " + "文" * 100 + "\n"


def test_only_what_was_lost_is_exit_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    """A warning is said, and no failure."""
    odd = Read(table([]), [Problem("a.csv", 3, "mended", "warning")])
    lost = Read(table([]), [Problem("b.csv", None, "gone")])
    console.report(odd, [])
    assert capsys.readouterr().err == "Warning: a.csv, row 3: mended\n"
    console.fail_if_unread(odd)
    with pytest.raises(SystemExit) as raised:
        console.fail_if_unread(odd, lost)
    assert raised.value.code == 1


def test_of_warnings_of_one_kind_the_first_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    """The rest by number; reasons are alike that differ in numbers only, and every error is said."""
    several = [Problem(f"{n}.txt", None, f"read as gb18030, 0 of {n:,}0 bytes", "warning") for n in range(1, 1013)]
    other = Problem("a.csv", None, "read as big5, 0 of 10 bytes", "warning")
    lost = [Problem(f"{n}.csv", None, "gone") for n in range(20)]
    console.report(Read(table([]), [*several, other, *lost]), [])
    lines = capsys.readouterr().err.splitlines()
    assert lines[9:11] == [
        "Warning: 10.txt: read as gb18030, 0 of 100 bytes",
        "Warning: a.csv: read as big5, 0 of 10 bytes",
    ]
    assert lines[11:31] == [f"Error: {n}.csv: gone" for n in range(20)]
    assert lines[31:] == ["Warning: 1,002 more warnings like this: 1.txt: read as gb18030, 0 of 10 bytes"]


def test_json_holds_any_text(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """On one line, in UTF-8; a lone surrogate is a question mark."""
    console.print_json({"text": "古樹\n🎉\ud800"})
    line = capsysbinary.readouterr().out
    assert line.count(b"\n") == 1
    assert json.loads(line.decode("utf-8"))["text"] == "古樹\n🎉?"


def test_progress_is_for_terminals(capsys: pytest.CaptureFixture[str]) -> None:
    """Elsewhere nothing is drawn."""
    with console.shown_progress(quiet=False) as tell:
        tell("read", 1, 2)
    assert capsys.readouterr() == ("", "")
