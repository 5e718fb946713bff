"""Tables written to files, whole or not at all."""

from __future__ import annotations

import csv
import json
import os
import stat
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dedup.errors import FileError
from dedup.files import check_output, replacing, write

POSIX = pytest.mark.skipif(os.name != "posix", reason="names, links and permissions as on POSIX")
TABLE = {
    "id": ["a", "乙", None],
    "cluster": [0, 1, None],
    "similarity": [0.5, None, 1.0],
    "text": ['x,\n"y"', "", None],
}


@pytest.mark.parametrize("name", ["o.parquet", "o.pq", "o.PARQUET"])
def test_parquet_is_written(tmp_path: Path, name: str) -> None:
    """A table comes back as it was."""
    write(pa.table(TABLE), tmp_path / name)
    assert pq.read_table(tmp_path / name).equals(pa.table(TABLE))


@pytest.mark.parametrize("name", ["o.jsonl", "o.ndjson", "o.json"])
def test_json_lines_are_written(tmp_path: Path, name: str) -> None:
    """Each row is an object on a line, in UTF-8 and not escaped."""
    write(pa.table(TABLE), str(tmp_path / name))
    lines = (tmp_path / name).read_text("utf-8").splitlines()
    assert [json.loads(line) for line in lines] == pa.table(TABLE).to_pylist()
    assert "乙" in lines[1]


def test_csv_is_written(tmp_path: Path) -> None:
    """CSV holds what the standard library reads back."""
    write(pa.table(TABLE), tmp_path / "o.csv")
    with (tmp_path / "o.csv").open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file)) == [
            list(TABLE),
            ["a", "0", "0.5", 'x,\n"y"'],
            ["乙", "1", "", ""],
            ["", "", "1", ""],
        ]


def test_an_output_that_cannot_be_is_refused_early(tmp_path: Path) -> None:
    """An unknown suffix, a missing folder and a folder itself are errors that say what to do."""
    (tmp_path / "folder.csv").mkdir()
    for name, message in (
        ("o.xlsx", r"the suffix must be one of \.parquet, \.pq, \.csv, \.jsonl"),
        ("o.csv.gz", "the suffix must be one of"),
        ("none/o.csv", "create it first: mkdir -p"),
        ("folder.csv", "it is a folder"),
        ("", "it is a folder"),
    ):
        with pytest.raises(FileError, match=message):
            check_output(tmp_path / name)
        with pytest.raises(FileError, match=message):
            write(pa.table(TABLE), tmp_path / name)
    check_output(tmp_path / "fine.csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder.csv"]


def test_a_folder_closed_to_writing_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that may not be written to is known before the work (asked of the system: root may write anywhere)."""
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(FileError, match="closed to writing"):
        check_output(tmp_path / "o.csv")


@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: BaseException) -> None:
    """When writing fails or is stopped the old file stands and nothing else is left beside it."""

    def fail(_: int) -> None:
        raise fault

    (tmp_path / "o.csv").write_text("old")
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(FileError if isinstance(fault, OSError) else KeyboardInterrupt) as caught:
        write(pa.table(TABLE), tmp_path / "o.csv")
    if isinstance(fault, OSError):
        assert "No space left on device" in str(caught.value)
        assert "o.csv" in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["o.csv"]
    assert (tmp_path / "o.csv").read_text() == "old"


def test_the_error_of_another_file_stays_what_it_is(tmp_path: Path) -> None:
    """What cannot be read while a file is written is not told as if that could not be written."""
    with pytest.raises(FileError, match=r"^'in\.parquet' is damaged$"), replacing(tmp_path / "out.parquet"):
        raise FileError("'in.parquet' is damaged")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "value"), [("o.csv", [1]), ("o.jsonl", float("nan"))])
def test_values_that_a_format_does_not_have_are_refused(tmp_path: Path, name: str, value: object) -> None:
    """Lists in CSV and NaN in JSON Lines are errors, and no half of a file is left."""
    with pytest.raises(FileError, match="cannot write"):
        write(pa.table({"x": [value]}), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@POSIX
def test_permissions_follow_the_umask(tmp_path: Path) -> None:
    """The file is as open as any other that the user makes."""
    before = os.umask(0o027)
    try:
        write(pa.table(TABLE), tmp_path / "o.csv")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "o.csv").stat().st_mode) == 0o640


@POSIX
def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """Writing through a link replaces what it leads to."""
    (tmp_path / "real").mkdir()
    (tmp_path / "o.csv").symlink_to(tmp_path / "real" / "data")
    write(pa.table(TABLE), tmp_path / "o.csv")
    assert (tmp_path / "o.csv").is_symlink()
    assert (tmp_path / "real" / "data").read_text("utf-8").startswith('"id"')
