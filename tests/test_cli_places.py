"""The commands with files elsewhere: what they read, and what they write."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from dedup.cli import main

fsspec = pytest.importorskip("fsspec")
STARS = "昨晚的流星雨很美，我們帶了熱茶和毛毯，一直等到凌晨三點才看見第一顆"
ROWS = [
    {"id": "a", "text": STARS, "n": 1},
    {"id": "b", "text": STARS + "！🎉", "n": 2},
    {"id": "c", "text": "كان الليل صافيا وجلسنا ننتظر النجوم حتى الفجر", "n": 3},
    {"id": "d", "text": None, "n": 4},
]


def run(*arguments: str | Path, given: bytes = b"") -> Result:
    """`dedup` with these arguments, in this process."""
    return CliRunner().invoke(main, [str(one) for one in arguments], input=given)


@pytest.fixture
def crawl(bucket: str) -> str:
    """The address of a bucket with two files of articles."""
    with fsspec.open(f"{bucket}/in/a.jsonl", "wb") as file:
        file.write("".join(json.dumps(row) + "\n" for row in ROWS[:2]).encode())
    with fsspec.open(f"{bucket}/in/b.parquet", "wb") as file:
        pq.write_table(pa.Table.from_pylist(ROWS[2:]), file)
    return bucket


def table(url: str) -> pa.Table:
    """A table of Parquet."""
    with fsspec.open(url) as file:
        return pq.read_table(file)


def test_labels_go_where_the_articles_are(crawl: str) -> None:
    """With the report and the indicators; who looks at a cluster finds them there."""
    targets = [f"{crawl}/out/{name}" for name in ("labels.parquet", "report.html", "indicators.csv")]
    named = ["--out", targets[0], "--report", targets[1], "--indicators", targets[2]]
    result = run("cluster", f"{crawl}/in", *named, "--near-copies")
    assert result.exit_code == 0, result.output
    assert f"Labels are in {targets[0]}" in "".join(result.output.splitlines())
    assert table(targets[0])["label"].to_pylist() == ["a", "a", "c", "d"]
    assert sorted(fsspec.filesystem("s3").ls(f"{crawl}/out")) == sorted(one[5:] for one in targets)
    shown = run("show", targets[0], "1", f"{crawl}/in", "--json")
    assert [one["id"] for one in json.loads(shown.output)["members"]] == ["a", "b"]


@pytest.mark.parametrize("memory", [[], ["--memory", "1GB"]], ids=["all", "1GB"])
def test_rows_without_duplicates(crawl: str, memory: list[str]) -> None:
    """They are read twice, and of Parquet all columns the second time; the output is not an input of the next run."""
    for _ in range(2):
        arguments = [f"{crawl}/in", "--out", f"{crawl}/in/out.parquet", "--dropped", f"{crawl}/in/dropped.jsonl"]
        result = run("unique", *arguments, "--near-copies", *memory)
        assert result.exit_code == 0, result.output
        assert "Kept 3 of 4 rows" in result.output
    assert table(f"{crawl}/in/out.parquet").to_pylist() == [ROWS[0], *ROWS[2:]]
    with fsspec.open(f"{crawl}/in/dropped.jsonl") as file:
        assert json.loads(file.read())["kept"] == "a"


def test_matches_and_pairs_to_mark(crawl: str, tmp_path: Path) -> None:
    """A here against B there, by a pattern; why, and how good it was."""
    (tmp_path / "a.md").write_text(STARS, "utf-8")
    out = f"{crawl}/matches.jsonl"
    result = run("match", tmp_path / "a.md", "--against", f"{crawl}/in/*.jsonl", "--near-copies", "--out", out)
    assert result.exit_code == 0, result.output
    with fsspec.open(out) as file:
        assert [json.loads(line)["match"] for line in file.read().splitlines()] == ["a", "b"]
    with fsspec.open(f"{crawl}/b.md", "wb") as file:
        file.write(STARS.encode())
    assert run("explain", tmp_path / "a.md", f"{crawl}/b.md", "--json").exit_code == 0
    assert run("audit", f"{crawl}/in", "--near-copies", "--out", f"{crawl}/pairs.csv").exit_code == 0
    assert fsspec.filesystem("s3").exists(f"{crawl}/pairs.csv")


def test_an_index_here_of_files_there(crawl: str, tmp_path: Path) -> None:
    """An index elsewhere is refused."""
    assert run("index", "add", tmp_path / "index", f"{crawl}/in", "--near-copies").exit_code == 0
    refused = run("index", "add", f"{crawl}/index", f"{crawl}/in")
    assert refused.exit_code == 1
    assert "a folder of a local disk" in refused.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["in/a.jsonl", "--out", "in/a.jsonl"], "is also an input"),
        (["in", "--out", "in"], "the suffix must be one of"),
        (["in", "--out", "no.csv", "--indicators", "no.csv"], "name the same file"),
        (["in", "--out", "night", "--state", "state"], "which needs a local disk"),
    ],
)
def test_what_is_refused_before_any_work(crawl: str, arguments: list[str], said: str) -> None:
    """As on the local disk."""
    named = [one if one.startswith("--") else f"{crawl}/{one}" for one in arguments]
    result = run("cluster", *named)
    assert result.exit_code in {1, 2}
    assert said in " ".join(result.output.replace("│", " ").split())


def test_what_cannot_be_read_there_is_named(crawl: str) -> None:
    """With an exit code of 1, and what could be read is labelled."""
    result = run("cluster", f"{crawl}/in", f"{crawl}/no.jsonl", "--near-copies", "--out", f"{crawl}/labels.csv")
    assert result.exit_code == 1
    assert f"{crawl}/no.jsonl: there is no such file or folder" in "".join(result.output.splitlines())
    assert fsspec.filesystem("s3").exists(f"{crawl}/labels.csv")
