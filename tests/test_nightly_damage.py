"""`dedup.nightly.damage`: whatever happens to a file of the state, a night ends right or says which one it was."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from crawlers import article, rewrite
from test_nightly import put, run, tree

from dedup.cli import main
from dedup.errors import FileError
from dedup.nightly.damage import counts, read_table, reading, summed
from dedup.nightly.sketching import read_weights
from dedup.nightly.state import State, opened
from dedup.settings import Settings

SHARD = ("articles.parquet", "files.parquet", "rejects.parquet", "shard.json")
NIGHT = (
    "articles.parquet", "before.parquet", "campaigns.parquet", "changes.parquet", "counts.json", "edges.parquet",
    "frames.parquet", "frequencies.parquet", "night.json", "published.json", "texts.parquet",
)  # fmt: skip
FILES = [
    "state.json", "lock", "texts.utf8",
    *(f"shards/{number}/{name}" for number in ("000001", "000002") for name in SHARD),
    *(f"nights/000002/{name}" for name in NIGHT),
    *(f"generations/000001/{name}" for name in ("frames.parquet", "weights.parquet", "signatures-000001-0.parquet")),
    "generations/000001/gathered-000001-0.parquet", "generations/000001/gathered-000002-20.parquet",
    "generations/000001/signatures-000002-20.parquet",
]  # fmt: skip
WORK = [
    *(f"work/{name}" for name in ("begun.json", "candidates.parquet", "capped.parquet", "edges.parquet")),
    *("work/frames.parquet", "work/frequencies.parquet", "shards/000003/articles.parquet", "shards/000003/shard.json"),
    *("work/campaigns.parquet", "generations/000001/gathered-000003-23.parquet"),
]
FOLDERS = ["shards", "shards/000001", "shards/000002", "nights", "nights/000002", "generations", "generations/000001"]


def half(path: Path) -> None:
    """Cut it in two."""
    os.truncate(path, path.stat().st_size // 2)


def garbled(path: Path) -> None:
    """Other bytes from a third on to the end."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 3] + Random(1).randbytes(len(content) - len(content) // 3))


def flipped(path: Path) -> None:
    """A bit in the middle."""
    content = bytearray(path.read_bytes())
    if content:
        content[len(content) // 2] ^= 16
    path.write_bytes(content)


def folder(path: Path) -> None:
    """A folder in its place."""
    path.unlink()
    path.mkdir()


def other(path: Path) -> None:
    """What can be read, and is something else."""
    if path.suffix == ".parquet":
        pq.write_table(pa.table({"x": ["a"]}), path)
    else:
        path.write_text('["a"]')


def words(path: Path) -> None:
    """The same names, and words where there were numbers."""
    if path.suffix == ".parquet":
        table = pq.read_table(path)
        pq.write_table(pa.table({name: ["a"] * len(table) for name in table.column_names}), path)
    else:
        path.write_text(path.read_text("utf-8", "replace").replace(": ", ': "').replace(",", '",').replace("}", '"}'))


DAMAGE = {
    "empty": lambda path: path.write_bytes(b""),
    "half": half,
    "garbled": garbled,
    "flipped": flipped,
    "gone": Path.unlink,
    "folder": folder,
    "other": other,
    "words": words,
}


def night(here: Path) -> tuple[int, str]:
    """Run a night from the command line; its exit code and what it said of what went wrong."""
    paths = [str(here / "in"), "--out", str(here / "out"), "--state", str(here / "state")]
    result = CliRunner().invoke(main, ["cluster", *paths, "--threads", "1", "--quiet", "--now", "2026-11-21"])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.stderr


class Scene:
    """A state, and news for its next night.

    Args:
        here: The folder with all of it.
    """

    def __init__(self, here: Path) -> None:
        self.here, self._kept = here, here.with_name("kept")
        shutil.copytree(here, self._kept)
        self.before = tree(here / "out")
        assert night(here) == (0, "")
        self.after = tree(here / "out")

    def damaged(self, path: str, damage: Callable[[Path], object]) -> tuple[int, str]:
        """What a night ends in after this has happened to a file of the state."""
        shutil.rmtree(self.here)
        shutil.copytree(self._kept, self.here)
        damage(self.here / "state" / path)
        return night(self.here)

    def check(self, path: str, damage: Callable[[Path], object]) -> None:
        """After damage a night ends right, or says what is damaged and changes no output."""
        code, said = self.damaged(path, damage)
        if code == 0:
            told = (
                {"new.parquet", "clusters.parquet"} if path.endswith("published.json") else set()
            )  # since which night
            out = {name: content for name, content in tree(self.here / "out").items() if name not in told}
            assert out == {name: self.after[name] for name in self.after.keys() - told}
        else:
            assert (code, tree(self.here / "out")) == (1, self.before)
            assert said.count("Error") == said.count("\n") == 1
            assert path in said or path.startswith("generations") or path in FOLDERS
            assert "is damaged, and so is the state (" in said
            assert "; restore all of the state from a copy, or begin a new state" in said


def two_nights(here: Path) -> None:
    """A state of two nights, the second of which is partial, and news for a third, which is, too."""
    put(here / "in" / "1.jsonl", {f"a{number}": article(number) for number in range(20)})
    run(here, settings=Settings())
    put(here / "in" / "2.jsonl", {f"b{number}": rewrite(1, number) for number in range(3)})
    run(here, settings=Settings())
    put(here / "in" / "3.jsonl", {"c": rewrite(1, 3), "a3": article(3) + "。"})


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """In memory where there is a place for it: every file is written many times."""
    shared = Path("/dev/shm")
    with TemporaryDirectory(dir=shared if os.access(shared, os.W_OK) else None) as found:
        yield Path(found)


@pytest.fixture(scope="module")
def scene(place: Path) -> Scene:
    """Before the third night."""
    here = place / "scene" / "here"
    two_nights(here)
    return Scene(here)


@pytest.fixture(scope="module")
def interrupted(place: Path) -> Scene:
    """In the third night, which was stopped when all was worked out."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    here = place / "interrupted" / "here"
    two_nights(here)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(State, "commit", stop)
        with pytest.raises(KeyboardInterrupt):
            run(here, settings=Settings())
    return Scene(here)


@pytest.mark.parametrize("kind", DAMAGE)
@pytest.mark.parametrize("path", FILES)
def test_a_file_is_damaged(scene: Scene, path: str, kind: str) -> None:
    """Every file of a state, in every way; where it does not matter the night is what it would have been."""
    scene.check(path, DAMAGE[kind])


@pytest.mark.parametrize("kind", DAMAGE)
@pytest.mark.parametrize("path", WORK)
def test_the_work_of_a_night_is_damaged(interrupted: Scene, path: str, kind: str) -> None:
    """What a night that was interrupted has left is as much a part of the state."""
    interrupted.check(path, DAMAGE[kind])


@pytest.mark.parametrize("damage", [shutil.rmtree, lambda path: (shutil.rmtree(path), path.touch())], ids=["", "file"])
@pytest.mark.parametrize("path", FOLDERS)
def test_a_folder_is_damaged(scene: Scene, path: str, damage: Callable[[Path], object]) -> None:
    """It has gone, or there is a file in its place; never is what it held taken to be new."""
    scene.check(path, damage)
    assert tree(scene.here / "out") == scene.before


def test_these_are_all_files(scene: Scene) -> None:
    """Of the first two nights; no file that is added later is forgotten here."""
    kept = scene.here.with_name("kept") / "state"
    assert sorted(tree(kept)) == sorted(FILES)


def test_texts_that_were_cut(scene: Scene) -> None:
    """A byte less than was written is told before anything is read."""
    code, said = scene.damaged("texts.utf8", lambda path: os.truncate(path, path.stat().st_size - 1))
    assert code == 1
    assert "texts.utf8' is damaged" in said and "(it had " in said
    assert tree(scene.here / "out") == scene.before


@pytest.mark.parametrize(
    "path", ["shards/000001/articles.parquet", "shards/000001/files.parquet", *FILES[-4:-2], FILES[-1]]
)
def test_rows_that_have_gone(scene: Scene, path: str) -> None:
    """A file of the right columns that does not fit the others would have memory read that is not ours."""

    def shorten(path: Path) -> None:
        table = pq.read_table(path)
        pq.write_table(table[: len(table) // 2], path)

    code, said = scene.damaged(path, shorten)
    assert code == 1
    assert f"{path}' is damaged" in said
    assert tree(scene.here / "out") == scene.before


@pytest.mark.parametrize(
    ("path", "name"),
    [("articles", "numbers"), ("articles", "clusters"), ("edges", "right"), ("texts", "first"),
     ("texts", "representative")],
)  # fmt: skip
@pytest.mark.parametrize("value", [-1, 10**12])
def test_numbers_that_lead_nowhere(scene: Scene, path: str, name: str, value: int) -> None:
    """Bytes that have changed may become numbers of rows that there are not."""

    def lead_astray(path: Path) -> None:
        table = pq.read_table(path)
        at = table.column_names.index(name)
        pq.write_table(table.set_column(at, name, pa.array([value] * len(table), pa.int64())), path)

    code, said = scene.damaged(f"nights/000002/{path}.parquet", lead_astray)
    assert code == 1
    assert f"{path}.parquet' is damaged, and so is the state (it has numbers from {value:,} to" in said
    assert tree(scene.here / "out") == scene.before


@pytest.mark.parametrize("value", [0, 1])
def test_lengths_of_other_texts(scene: Scene, value: int) -> None:
    """A text that has more characters than is written of it would have shingles where there is no room for them."""

    def shorten(path: Path) -> None:
        table = pq.read_table(path)
        lengths = pa.array([value] * len(table), pa.int64())
        pq.write_table(table.set_column(table.column_names.index("characters"), "characters", lengths), path)

    code, said = scene.damaged("shards/000001/articles.parquet", shorten)
    assert code == 1 and "is damaged" in said
    assert tree(scene.here / "out") == scene.before


def test_weights_that_no_signature_can_be_made_with(scene: Scene) -> None:
    """Not a number, or so large that a signature would never be done."""

    def plant(path: Path) -> None:
        table = pq.read_table(path)
        for value in (float("nan"), 1e30, -1.0):
            bits = np.full((256, 256), value, np.float32).tobytes()
            pq.write_table(table.replace_schema_metadata({b"weights": bits}), path)
            with pytest.raises(FileError, match="a weight is not between 0"):
                read_weights(path)

    code, said = scene.damaged("generations/000001/weights.parquet", plant)
    assert code == 1 and "weights.parquet' is damaged" in said


def test_names_that_are_no_utf8_any_more(scene: Scene) -> None:
    """Bytes that have changed within a string."""

    def change(path: Path) -> None:
        pq.write_table(pq.read_table(path), path, compression="none")  # without checksums
        content = path.read_bytes()
        path.write_bytes(content.replace(b"/in/1.jsonl", b"/in/\xff.jsonl"))

    code, said = scene.damaged("shards/000001/files.parquet", change)
    assert code == 1
    assert "files.parquet' is damaged, and so is the state (" in said and "UTF8" in said
    assert tree(scene.here / "out") == scene.before


def test_nothing_new(scene: Scene) -> None:
    """Nor does a night without news hide damage, or touch the output."""
    for path in ("nights/000002/night.json", "nights/000002/published.json", "shards/000002/files.parquet"):
        code, said = scene.damaged(path, lambda path: (half(path), (scene.here / "in" / "3.jsonl").unlink()))
        assert code == 1
        assert f"{path}' is damaged" in said
        assert tree(scene.here / "out") == scene.before


def test_strange_files_in_the_state(scene: Scene) -> None:
    """What a file manager or a network file system leaves is no night and no generation."""

    def litter(state: Path) -> None:
        for folder in ("nights", "generations", "shards"):
            (state / folder / ".DS_Store").touch()

    assert scene.damaged("", litter) == (0, "")
    assert tree(scene.here / "out") == scene.after


@pytest.mark.parametrize(
    "error",
    [OSError(errno.ENOSPC, "No space left on device"), PermissionError(errno.EACCES, "Permission denied"),
     MemoryError(), pa.ArrowMemoryError("too large"), pa.ArrowCancelled("stopped"), IndexError("a bug"),
     AttributeError("a bug"), AssertionError("a bug")],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
def test_what_is_no_damage(error: Exception) -> None:
    """A full disk, a closed file, too little memory and our own bugs stay what they are."""
    with pytest.raises(type(error)) as caught, reading(Path("a")):
        raise error
    assert caught.value is error


def test_the_disk_fails() -> None:
    """A file whose sectors cannot be read is damaged, and the reason stands in its error."""
    with (
        pytest.raises(FileError, match=r"'a' is damaged, and so is the state \(Input/output error\)"),
        reading(Path("a")),
    ):
        raise OSError(errno.EIO, "failed")


def test_an_error_without_words() -> None:
    """Its kind is told."""
    with pytest.raises(FileError, match=r"\(ValueError\)"), reading(Path("a")):
        raise ValueError


def test_tables_and_counts(tmp_path: Path) -> None:
    """Just the columns and the names that were asked for."""
    schema = pa.schema({"a": pa.int64(), "b": pa.string()})
    pq.write_table(pa.table({"a": [1], "b": ["乙"]}, schema), tmp_path / "t")
    assert read_table(tmp_path / "t", schema, ["b"]).to_pylist() == [{"b": "乙"}]
    with pytest.raises(FileError, match="it has other columns"):
        read_table(tmp_path / "t", pa.schema({"a": pa.int64()}))
    (tmp_path / "n").write_bytes(summed({"a": 1, "b": 2}))
    assert counts(tmp_path / "n", ["b", "a"]) == {"a": 1, "b": 2}
    with pytest.raises(FileError, match="other names"):
        counts(tmp_path / "n", ["a"])
    for value in ("-1", "1.5", "null", '"1"', "NaN"):
        (tmp_path / "n").write_bytes(summed({"a": json.loads(value)}))
        with pytest.raises(FileError, match="something that is not a count"):
            counts(tmp_path / "n", ["a"])


def test_a_state_that_is_whole(scene: Scene) -> None:
    """Nothing is wrong with one that is as it was left."""
    assert scene.damaged("state.json", lambda _: None) == (0, "")
    with opened(scene.here / "state", Settings()) as state:
        state.check()
