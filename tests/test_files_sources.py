"""How paths become the files to read, on real folders."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from test_files import only, put, put_parquet, rows

from dedup.files import read

POSIX = pytest.mark.skipif(os.name != "posix", reason="names, links and permissions as on POSIX")


def test_hidden_names_are_passed_over_and_other_suffixes_counted(tmp_path: Path) -> None:
    """Hidden names and jobs' temporary folders are not looked at; other kinds of files are skipped and counted."""
    for name in (".hidden.md", "_temporary/x.md", ".git/x.md", "image.png", "sub/archive.tar.gz", "a.md"):
        put(tmp_path / name, "text")
    found = read([tmp_path])
    assert rows(found) == [("a", "text")]
    assert found.skipped == 2
    assert found.problems == []


def test_a_hidden_folder_may_be_named(tmp_path: Path) -> None:
    """What is named on the command line is read, whatever it is called."""
    put(tmp_path / "_drafts" / "a.md", "text")
    assert rows(read(tmp_path / "_drafts")) == [("a", "text")]


def test_paths_that_cannot_be_read_cost_no_others(tmp_path: Path) -> None:
    """A missing path and an unknown suffix are problems, and the rest is read."""
    put(tmp_path / "a.md", "text")
    put(tmp_path / "b.docx", "text")
    found = read([tmp_path / "none.md", tmp_path / "b.docx", tmp_path / "a.md"])
    assert rows(found) == [("a", "text")]
    missing, unknown = found.problems
    assert missing.path == str(tmp_path / "none.md")
    assert missing.severity == unknown.severity == "error"
    assert "no such file" in missing.reason
    assert "'.docx'" in unknown.reason
    assert ".parquet" in unknown.reason
    assert ".zst" in unknown.reason


def test_an_empty_folder_is_a_problem(tmp_path: Path) -> None:
    """A folder without articles says what articles are, and how many other files there were."""
    put(tmp_path / "image.png", "")
    problem = only(read([tmp_path]))
    assert problem.path == str(tmp_path)
    assert "no articles" in problem.reason
    assert "1 file of other kinds" in problem.reason


def test_a_file_is_read_once(tmp_path: Path) -> None:
    """Paths that overlap give each file once, with the id of the first path that led to it."""
    put(tmp_path / "in" / "sub" / "a.md", "a")
    put(tmp_path / "in" / "b.md", "b")
    found = read([tmp_path / "in" / "sub" / "a.md", tmp_path / "in", tmp_path / "in" / "sub", tmp_path / "in"])
    assert rows(found) == [("a", "a"), ("b", "b")]
    assert found.problems == []


@POSIX
def test_links_are_followed_and_loops_end(tmp_path: Path) -> None:
    """A link to a folder above does not hang, a link to a folder elsewhere is read, a dead link is a problem."""
    put(tmp_path / "in" / "sub" / "a.md", "a")
    put(tmp_path / "else" / "b.md", "b")
    (tmp_path / "in" / "sub" / "loop").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "link").symlink_to(tmp_path / "else")
    (tmp_path / "in" / "dead.md").symlink_to(tmp_path / "nowhere")
    found = read([tmp_path / "in"])
    assert rows(found) == [("link/b", "b"), ("sub/a", "a")]
    assert only(found).path == str(tmp_path / "in" / "dead.md")


@POSIX
def test_a_pipe_does_not_block(tmp_path: Path) -> None:
    """A named pipe that nobody writes to is a problem."""
    os.mkfifo(tmp_path / "pipe.txt")
    assert "not a regular file" in only(read([tmp_path])).reason


@pytest.mark.skipif(sys.platform != "linux", reason="names of any bytes as on Linux")
@pytest.mark.parametrize("suffix", ["md", "parquet"])
def test_a_name_that_is_not_utf8_is_read(tmp_path: Path, suffix: str) -> None:
    """Bytes of a name that are not UTF-8 become U+FFFD in the id."""
    path = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9." + suffix.encode())
    put_parquet(tmp_path / "t", {"text": ["x"]})
    Path(path).write_bytes((tmp_path / "t").read_bytes() if suffix == "parquet" else b"x")
    assert rows(read([path])) == [("caf\ufffd:0" if suffix == "parquet" else "caf\ufffd", "x")]


def test_ids_may_begin_with_the_whole_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A nightly job is given another folder every night, whose files may have the same names."""
    monkeypatch.chdir(tmp_path)
    for night in ("one", "two"):
        (tmp_path / night / "deep").mkdir(parents=True)
        (tmp_path / night / "deep" / "a.md").write_text(night)
    found = read(["one", "two/deep/a.md"], by_path=True)
    assert found.table["id"].to_pylist() == ["one/deep/a.md", "two/deep/a.md"]
