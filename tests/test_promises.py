"""`docs/reference`: what it says of columns, folders and versions is what is written."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import ROOT

import dedup
from dedup import nightly
from dedup.index.in_redis import layout
from dedup.index.on_disk import schema
from dedup.nightly import state
from dedup.stages.changes import Kind
from dedup.stages.folding import FOLDING

REFERENCE = ROOT / "docs" / "reference"
ARTICLES = ROOT / "examples" / "articles"
TYPES = {"large_string": "string", "timestamp[us, tz=UTC]": "timestamp, UTC", "timestamp[ms, tz=UTC]": "timestamp, UTC"}


def tables(page: str) -> list[dict[str, str]]:
    """The tables of a page that have columns: the type of each, or what stands in the second cell."""
    found: list[dict[str, str]] = []
    for line in (REFERENCE / page).read_text("utf-8").splitlines():
        cells = [cell.strip().strip("`") for cell in line.split("|")[1:-1]]
        if line.startswith("|---"):
            found.append({})
        elif line.startswith("| `"):
            found[-1][cells[0]] = cells[1]
    return found


def written(columns: pa.Schema) -> dict[str, str]:
    """The columns of a file, with types by the words of the pages."""
    return {column.name: TYPES.get(str(column.type), str(column.type)) for column in columns}


def run(*arguments: object) -> str:
    """A command."""
    command = [sys.executable, "-m", "dedup", *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True, encoding="utf-8").stdout


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the state and the output of a night."""
    folder = tmp_path_factory.mktemp("night")
    (folder / "bad.jsonl").write_text("{", "utf-8")
    nightly.run([ARTICLES, folder / "bad.jsonl"], folder / "out", folder / "state")
    return folder


def test_labels(night: Path, tmp_path: Path) -> None:
    """Of a run, an index and a night."""
    columns, added = tables("labels.md")
    run("cluster", ARTICLES, "--out", tmp_path / "labels.parquet")
    assert written(pq.read_schema(tmp_path / "labels.parquet")) == columns
    assert written(pq.read_schema(night / "out" / "labels" / "part-00000.parquet")) == columns
    run("index", "add", tmp_path / "index", ARTICLES)
    run("index", "export", tmp_path / "index", "--out", tmp_path / "index.parquet", "--texts", "--times")
    assert written(pq.read_schema(tmp_path / "index.parquet")) == columns | added
    without = dedup.cluster([{"id": 7, "text": "一"}]).to_arrow()
    assert without.column_names == list(columns)[:-1]
    assert without["id"].to_pylist() == [7]


def test_labels_as_text(tmp_path: Path) -> None:
    """CSV and JSON Lines have the same columns, and say what the page says of them."""
    columns = list(tables("labels.md")[0])
    run("cluster", ARTICLES, "--out", tmp_path / "labels.csv")
    run("cluster", ARTICLES, "--out", tmp_path / "labels.jsonl")
    first, second, *_ = (tmp_path / "labels.csv").read_text("utf-8").splitlines()
    assert first == ",".join(f'"{name}"' for name in columns)
    assert re.fullmatch(r'"[^"]+","[^"]+",\d+,[\d.]+,"[^"]+","[^"]+"', second)
    assert list(json.loads((tmp_path / "labels.jsonl").read_text("utf-8").splitlines()[0])) == columns


def test_the_folder_of_a_night(night: Path) -> None:
    """Each table has the columns of the page, and there are no others."""
    changes, kinds, new, clusters, rejects = tables("changes.md")
    named = {"changes": changes, "new": new, "clusters": clusters, "rejects": rejects}
    found = {path.stem: written(pq.read_schema(path)) for path in (night / "out").glob("*.parquet")}
    assert found == named
    assert {name: list(columns) for name, columns in found.items()} == {
        n: list(columns) for n, columns in named.items()
    }
    assert list(kinds) == [kind for kind in get_args(Kind) if kind not in {"added", "removed"}]


def test_the_folder_of_a_state(night: Path) -> None:
    """All that lies in it is named; what is forgotten comes with forgetting."""
    (named,) = tables("state.md")
    (night / "ids").write_text("nobody\n", "utf-8")
    run("state", "forget", night / "state", f"ids={night / 'ids'}")
    there = {f"{path.name}/" if path.is_dir() else path.name for path in (night / "state").iterdir()}
    assert there | {"forgotten.parquet"} == named.keys()


@pytest.mark.parametrize("page", ["promises.md", "state.md", "index-format.md"])
def test_versions(page: str) -> None:
    """Numbers of formats and of the folding are those of the code."""
    text = (REFERENCE / page).read_text("utf-8")
    text += (ROOT / "dedup" / "index" / "FORMAT.md").read_text("utf-8") if page == "index-format.md" else ""
    said: dict[str, Any] = {"format": {state.FORMAT, schema.VERSION, layout.VERSION}, "folding": {FOLDING}}
    assert said["format"] == {6}
    for word, numbers in said.items():
        assert {int(number) for number in re.findall(rf"\b{word} (\d+)", text)} <= numbers
    if page == "index-format.md":
        assert f"the version of its format, {schema.VERSION} for both" in text
