"""How paths become the files to read, on real folders."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest
from test_files import only, put, put_parquet, rows

from dedup.files import ReadOptions, escaped, read

POSIX = pytest.mark.skipif(os.name != "posix", reason="names, links and permissions as on POSIX")


def test_hidden_names_are_passed_over_and_other_suffixes_counted(tmp_path: Path) -> None:
    """Hidden names and jobs' temporary folders are not looked at; other kinds of files are skipped and counted."""
    for name in (".hidden.md", "_temporary/x.md", ".git/x.md", "image.png", "sub/archive.rar", "a.md"):
        put(tmp_path / name, "text")
    found = read([tmp_path])
    assert rows(found) == [("a", "text")]
    assert found.skipped == 2
    assert [(problem.reason, problem.severity, problem.count) for problem in found.problems] == [
        ("1 file ending in .rar is not read: unpack first", "warning", 1),
        ("1 file without articles passed over: 1 .png", "warning", 1),
    ]


def test_a_hidden_folder_may_be_named(tmp_path: Path) -> None:
    """What is named on the command line is read, whatever it is called."""
    put(tmp_path / "_drafts" / "a.md", "text")
    assert rows(read(tmp_path / "_drafts")) == [("a", "text")]


def test_names_of_jobs_are_passed_over(tmp_path: Path) -> None:
    """As Spark, Hive and Arrow do: marks and summaries beside the rows are no articles, and nobody misses them."""
    for name in ("_SUCCESS", "_metadata", "_common_metadata", "._SUCCESS.crc", "_committed_1", "_temporary/0/part.txt"):
        put(tmp_path / name, "x")
    put(tmp_path / "part-0.txt", "文章")
    put(tmp_path / "_year=2026" / "part-1.txt", "column of this name")
    found = read(tmp_path)
    assert rows(found) == [("_year=2026/part-1", "column of this name"), ("part-0", "文章")]
    assert found.problems == []
    assert found.skipped == 0


def test_articles_behind_names_of_jobs_are_told(tmp_path: Path) -> None:
    """Sites keep posts in such folders: how many are passed over is a warning, and what to do is said."""
    for name in ("_posts/a.md", "_posts/2026/b.md", "_posts/c.png", "_posts/.d.md", "sub/_e.txt", "sub/_f.md.gz"):
        put(tmp_path / name, "text")
    put(tmp_path / "g.md", "文章")
    found = read(tmp_path)
    assert rows(found) == [("g", "文章")]
    posts, files = found.problems
    assert (posts.path, posts.count, posts.severity) == (str(tmp_path / "_posts"), 2, "warning")
    assert posts.reason.startswith("2 files in a folder whose name begins with '_' passed over")
    assert posts.reason.endswith("name it itself to read it")
    assert (files.path, files.count, files.severity) == (str(tmp_path / "sub"), 2, "warning")
    assert files.reason.startswith("2 files whose names begin with '_' passed over")
    assert len(rows(read([tmp_path / "_posts", tmp_path / "sub" / "_e.txt"]))) == 3


def test_what_is_named_besides_is_not_passed_over(tmp_path: Path) -> None:
    """Whoever does as the warning says hears no more of it, in whatever order."""
    put(tmp_path / "_posts" / "a.md", "文章")
    for paths in ([tmp_path, tmp_path / "_posts"], [tmp_path / "_posts", tmp_path]):
        found = read(paths)
        assert rows(found) == [("a", "文章")]
        assert not any("passed over" in problem.reason for problem in found.problems)
    put(tmp_path / "_b.md", "文章")
    put(tmp_path / "c.md", "文章")
    assert [problem.count for problem in read([tmp_path, tmp_path / "_posts"]).problems] == [1]


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


def test_files_come_in_the_order_of_their_paths(tmp_path: Path) -> None:
    """As strings, so that a name may stand between those of a folder."""
    names = ["a-b.md", "a.md", "a/b.md", "a/z/1.md", "a0.md", "茶/紅.md"]
    for name in reversed(names):
        put(tmp_path / name, name)
    assert [text for _, text in rows(read(tmp_path))] == names


def test_an_empty_folder_is_a_problem(tmp_path: Path) -> None:
    """A folder without articles says what articles are, and how many other files there were."""
    put(tmp_path / "image.png", "")
    _, problem = read([tmp_path]).problems
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
    """A link to a folder above does not hang, links inside the folder are followed, a dead one is a problem."""
    put(tmp_path / "in" / "sub" / "a.md", "a")
    put(tmp_path / "in" / ".kept" / "b.md", "b")
    (tmp_path / "in" / "sub" / "loop").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "link").symlink_to(".kept")
    (tmp_path / "in" / "again.md").symlink_to(tmp_path / "in" / "sub" / "a.md")
    (tmp_path / "in" / "dead.md").symlink_to(tmp_path / "in" / "nowhere")
    found = read([tmp_path / "in"])
    assert rows(found) == [("again", "a"), ("link/b", "b")]
    assert only(found).path == str(tmp_path / "in" / "dead.md")


@POSIX
def test_links_out_of_a_folder_are_not_followed(tmp_path: Path) -> None:
    """Each is named, be it to a file, a folder or nothing; only a file of another kind is merely counted."""
    put(tmp_path / "in" / "a.md", "a")
    put(tmp_path / "in-side" / "b.md", "b")
    put(tmp_path / "else" / "secret", "c")
    for name, target in (("b.md", "in-side/b.md"), ("c.txt", "else/secret"), ("d", "in-side"), ("e.md", "none")):
        (tmp_path / "in" / name).symlink_to(tmp_path / target)
    (tmp_path / "in" / "f").symlink_to(tmp_path / "else" / "secret")
    found = read([tmp_path / "in"])
    assert rows(found) == [("a", "a")]
    *links, counted = found.problems
    assert [Path(problem.path).name for problem in links] == ["b.md", "c.txt", "d", "e.md"]
    assert all("a link out of this folder" in problem.reason for problem in links)
    assert (counted.severity, counted.count) == ("warning", 1)
    assert found.skipped == 1


@POSIX
def test_a_link_that_is_named_is_followed(tmp_path: Path) -> None:
    """Whoever gives the path chose it: to a file, a folder, or what was passed over in another folder."""
    put(tmp_path / "else" / "b.md", "b")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "b.md").symlink_to(tmp_path / "else" / "b.md")
    (tmp_path / "named").symlink_to(tmp_path / "else")
    assert rows(read([tmp_path / "named"])) == [("b", "b")]
    assert rows(read([tmp_path / "in" / "b.md"])) == [("b", "b")]
    found = read([tmp_path / "in", tmp_path / "else"])
    assert rows(found) == [("b", "b")]
    assert "name it" in only(found).reason
    assert rows(read(tmp_path / "in", ReadOptions(follow_links=True))) == [("b", "b")]


@POSIX
def test_links_out_of_a_folder_are_followed_where_that_is_asked_for(tmp_path: Path) -> None:
    """To files and folders, also in patterns; loops still end, and a dead one is a problem."""
    put(tmp_path / "else" / "b.md", "b")
    put(tmp_path / "in" / "a.md", "a")
    for name, target in (("c.md", "else/b.md"), ("d", "else"), ("e", "in"), ("f.md", "none")):
        (tmp_path / "in" / name).symlink_to(tmp_path / target)
    follow = ReadOptions(follow_links=True)
    for path in (tmp_path / "in", tmp_path / "in" / "*"):
        found = read(path, follow)
        assert [name for name, _ in rows(found)] == ["a", "c"]
        assert Path(only(found).path).name == "f.md"


@POSIX
def test_names_that_are_not_utf8_have_ids_of_their_own(tmp_path: Path) -> None:
    """Also beside a name that is written as their id is; each can be read back."""
    names = [b"\xff", b"\xfe", rb"\xff", rb"\x5cxff", b"\xff\\xfe", rb"a\b", "茶".encode()]
    ids = [escaped(os.fsdecode(name)) for name in names]
    assert len(set(ids)) == len(names)
    back = [re.sub(rb"\\x([0-9a-f]{2})", lambda found: bytes.fromhex(found[1].decode()), one.encode()) for one in ids]
    assert back == names
    assert ids[0] == r"\xff"
    assert ids[-2:] == [r"a\b", "茶"]


@POSIX
def test_a_pipe_does_not_block(tmp_path: Path) -> None:
    """A named pipe that nobody writes to is a problem."""
    os.mkfifo(tmp_path / "pipe.txt")
    assert "not a regular file" in only(read([tmp_path])).reason


@pytest.mark.skipif(sys.platform != "linux", reason="names of any bytes as on Linux")
@pytest.mark.parametrize("suffix", ["md", "parquet"])
def test_a_name_that_is_not_utf8_is_read(tmp_path: Path, suffix: str) -> None:
    """Bytes of a name that are not UTF-8 are escaped in the id, so that two such names are two ids."""
    path = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9." + suffix.encode())
    put_parquet(tmp_path / "t", {"text": ["x"]})
    Path(path).write_bytes((tmp_path / "t").read_bytes() if suffix == "parquet" else b"x")
    assert rows(read([path])) == [(r"caf\xe9:0" if suffix == "parquet" else r"caf\xe9", "x")]
    if suffix == "md":
        Path(path.replace("\udce9", "\udce8")).write_bytes(b"y")
        assert rows(read(tmp_path, exclude=tmp_path / "t")) == [(r"caf\xe8", "y"), (r"caf\xe9", "x")]


def test_ids_may_begin_with_the_whole_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A nightly job is given another folder every night, whose files may have the same names."""
    monkeypatch.chdir(tmp_path)
    for night in ("one", "two"):
        (tmp_path / night / "deep").mkdir(parents=True)
        (tmp_path / night / "deep" / "a.md").write_text(night)
    found = read(["one", "two/deep/a.md"], by_path=True)
    assert found.table["id"].to_pylist() == ["one/deep/a.md", "two/deep/a.md"]
