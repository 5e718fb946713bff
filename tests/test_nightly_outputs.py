"""`dedup.nightly.outputs`: a folder that is whole or not there, and what it may replace."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from test_nightly import tree

from dedup.errors import FileError
from dedup.nightly import outputs
from dedup.nightly.intake import as_table, published
from dedup.nightly.outputs import LABELS, Labels, check, publish
from dedup.stages.changes import CHANGES

IDS = pa.chunked_array([["a", "b"], ["丙"], ["d"]], pa.large_string())


def labels(rows: list[int]) -> Labels:
    """Each in a cluster of its own, called after itself."""
    at = np.array(rows, np.int64)
    return Labels(IDS, at, at, np.ones(len(at), np.int64), np.ones(len(at)), at)


def write(path: Path, rows: list[int]) -> None:
    """Publish articles and nothing else."""
    tables = {"changes.parquet": [CHANGES.empty_table()], "rejects.parquet": [published(as_table())]}
    publish(path, labels(rows), tables)


def read(path: Path) -> list[str]:
    """The ids, file after file."""
    return [id_ for part in sorted((path / "labels").iterdir()) for id_ in pq.read_table(part)["id"].to_pylist()]


@pytest.mark.parametrize("part", [1, 2, 3, 100])
@pytest.mark.parametrize("rows", [[], [0, 1, 2, 3], [3, 1]])
def test_labels_in_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: int, rows: list[int]) -> None:
    """Of so many articles each, in order; one that is empty where there are none."""
    monkeypatch.setattr(outputs, "PART", part)
    write(tmp_path / "out", rows)
    names = sorted(path.name for path in (tmp_path / "out" / "labels").iterdir())
    assert names == [f"part-{number:05}.parquet" for number in range(max(1, -(-len(rows) // part)))]
    assert read(tmp_path / "out") == [IDS[row].as_py() for row in rows]
    assert pq.read_schema(tmp_path / "out" / "labels" / names[0]).equals(LABELS)
    assert pq.read_schema(tmp_path / "out" / "rejects.parquet").names == ["path", "row", "reason", "count", "severity"]


def test_the_folder_is_replaced(tmp_path: Path) -> None:
    """And nothing of what was there before, or was left of runs that were killed, remains."""
    write(tmp_path / "out", [0, 1])
    for name in (".out.before", ".out.tonight", "..out.tonight.new"):
        (tmp_path / name / "labels").mkdir(parents=True)
        (tmp_path / name / "labels" / "part-00009.parquet").touch()
    (tmp_path / "out" / "labels" / "part-00009.parquet").touch()
    write(tmp_path / "out", [2])
    assert read(tmp_path / "out") == ["丙"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_what_is_refused(tmp_path: Path) -> None:
    """A file, a folder of other things, one without a folder above, and the state; all is left as it was."""
    (tmp_path / "file").write_text("x")
    (tmp_path / "other" / "labels").mkdir(parents=True)
    (tmp_path / "other" / "letters.txt").write_text("dear")
    (tmp_path / "images" / "labels").mkdir(parents=True)
    (tmp_path / "images" / "labels" / "cat-1.txt").write_text("0 0.5")
    (tmp_path / "table").mkdir()
    (tmp_path / "table" / "labels").write_text("a")
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "state").mkdir()
    before = tree(tmp_path)
    for name, words in (
        ("file", r"with a state the output must be a folder, and this is not one; name another"),
        ("circle", r"with a state the output must be a folder, and this is not one; name another"),
        ("images", r"it holds 'labels/cat-1\.txt', which no run wrote"),
        ("table", r"it holds 'labels', which no run wrote"),
        ("other", r"it holds 'letters\.txt', which no run wrote and which would be lost; name a new folder"),
        ("no/such", r"there is no folder '.*no'; create it first: mkdir -p '.*no'"),
        ("state", r"it is the state '.*state', or one is in the other; name another"),
        ("state/out", r"it is the state"),
        ("", r"it is the state|it holds"),
    ):
        with pytest.raises(FileError, match=rf"cannot write '.*': {words}"):
            check(tmp_path / name, tmp_path / "state")
    assert tree(tmp_path) == before


@pytest.mark.parametrize(("out", "state"), [("o\udcff", "state"), ("out", "s\udcff"), ("out", "s\udcff/state")])
def test_names_that_are_no_unicode(tmp_path: Path, out: str, state: str) -> None:
    """Arrow cannot write to them: they are refused before anything is read."""
    with pytest.raises(FileError, match=r"cannot write to '.*[os]\ufffd.*': its name is not UTF-8; name another"):
        check(tmp_path / out, tmp_path / state)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["new", "empty", "written", "link", "new link"])
def test_what_is_not_refused(tmp_path: Path, name: str) -> None:
    """A new folder, an empty one, one that a run wrote, and links to them."""
    (tmp_path / "empty").mkdir()
    write(tmp_path / "written", [0])
    (tmp_path / "link").symlink_to("written")
    (tmp_path / "new link").symlink_to(tmp_path / "anew")
    for _ in range(2):
        check(tmp_path / name, tmp_path / "state")
        write(tmp_path / name, [1])
        assert read(tmp_path / name) == ["b"]
    assert (tmp_path / name).is_symlink() == name.endswith("link")


def test_a_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is seen from the folder one is in."""
    monkeypatch.chdir(tmp_path)
    check(Path("out"), Path("state"))
    write(Path("out"), [0])
    assert read(tmp_path / "out") == ["a"]
