"""The standard input and pipes become files, in every command, and labels may go to the standard output."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import shlex
import subprocess
import sys
import threading
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from dedup.cli import main
from dedup.files import ReadOptions, Streams, read
from dedup.files.streams import is_stream

POSIX = pytest.mark.skipif(os.name != "posix", reason="named pipes as POSIX has them")
STARS = "昨晚的流星雨很美，我們帶了熱茶和毛毯，一直等到凌晨三點才看見第一顆"
ROWS = [
    {"id": "a", "text": STARS},
    {"id": "b", "text": STARS + "！"},
    {"id": "c", "text": "كان الليل صافيا وجلسنا ننتظر النجوم حتى الفجر"},
]
LINES = "".join(json.dumps(row) + "\n" for row in ROWS).encode()


def run(*arguments: str | Path, given: bytes = b"") -> Result:
    """`dedup` with these arguments and this standard input, in this process."""
    return CliRunner().invoke(main, [str(one) for one in arguments], input=given)


def parquet() -> bytes:
    """The rows as Parquet."""
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(ROWS), sink)
    return sink.getvalue()


def feed(path: Path, data: bytes) -> threading.Thread:
    """Make a named pipe, and write to it once somebody reads."""
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(data,))
    writer.start()
    return writer


CSV = "id,text\n" + "".join(f"{row['id']},{row['text']}\n" for row in ROWS)
GIVEN = [
    ("jsonl", LINES),
    ("jsonl", gzip.compress(LINES)),
    ("jsonl", pa.compress(LINES, "zstd", asbytes=True)),
    ("csv", CSV.encode()),
    ("tsv", CSV.replace(",", "\t").encode("utf-16")),
    ("parquet", parquet()),
    ("parquet", gzip.compress(parquet())),
]


@pytest.mark.parametrize(("kind", "given"), GIVEN)
def test_the_standard_input_is_what_is_said_and_its_bytes_tell_the_compression(
    tmp_path: Path, kind: str, given: bytes
) -> None:
    """Of tables, from left to right or not."""
    out = tmp_path / "labels.jsonl"
    result = run("cluster", "-", "--format", kind, "--near-copies", "--out", out, given=given)
    assert result.exit_code == 0, result.output
    found = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [(row["id"], row["label"]) for row in found] == [("a", "a"), ("b", "a"), ("c", "c")]
    assert [path.name for path in tmp_path.iterdir()] == ["labels.jsonl"]


def test_the_standard_input_may_be_an_article(tmp_path: Path) -> None:
    """Text, as one article; without --format it is JSON Lines."""
    out = tmp_path / "labels.jsonl"
    assert run("cluster", "-", "--format", "text", "--out", out, given=STARS.encode()).exit_code == 0
    assert json.loads(out.read_text())["id"] == "stdin"
    assert run("cluster", "-", "--out", out, "--near-copies", given=LINES).exit_code == 0
    assert len(out.read_text().splitlines()) == 3


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_labels_alone_are_on_the_standard_output(tmp_path: Path, kind: str) -> None:
    """What was found is told on the standard error stream; CSV in is CSV out."""
    given = LINES if kind == "jsonl" else CSV.encode()
    done = subprocess.run(
        [sys.executable, "-m", "dedup", "cluster", "-", "--format", kind, "--out", "-", "--near-copies"],
        input=given, capture_output=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    lines = done.stdout.decode().splitlines()
    if kind == "csv":
        assert lines.pop(0).startswith('"id","label","size"')
    assert [re.findall(r"\b[abc]\b", line)[:2] for line in lines] == [["a", "a"], ["b", "a"], ["c", "c"]]
    assert "3 articles: 2 in 1 cluster, 1 alone. Labels are in the standard output" in done.stderr.decode()
    assert list(tmp_path.iterdir()) == []


def test_matches_to_the_standard_output(tmp_path: Path) -> None:
    """A from the standard input, B from a file."""
    (tmp_path / "b.jsonl").write_bytes(LINES)
    result = run("match", "-", "--against", tmp_path / "b.jsonl", "--near-copies", "--out", "-", given=LINES)
    assert result.exit_code == 0, result.output
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert {"id", "match", "similarity"} <= rows[0].keys()
    assert "3 articles against 3" in result.stderr


def test_an_index_takes_the_standard_input(tmp_path: Path) -> None:
    """As any file; to ask it, - is one article unless a format is named."""
    assert run("index", "add", tmp_path / "index", "-", "--near-copies", given=LINES).exit_code == 0
    one = run("index", "query", tmp_path / "index", "-", given=STARS.encode())
    several = run("index", "query", tmp_path / "index", "-", "--format", "jsonl", given=LINES)
    assert one.output.startswith("-: known")
    assert [line[:8] for line in several.output.splitlines() if line[0] != " "] == ["a: known", "b: known", "c: known"]


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    """Rows of the standard input by their number, and what was kept is told apart."""
    result = run("cluster", "-", "--out", tmp_path / "labels.jsonl", "--near-copies", given=LINES + b"{\n")
    assert result.exit_code == 1
    assert "standard input, row 4: not a JSON object" in result.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["cluster", "-", "-", "--out", "labels.jsonl"], "name it once"),
        (["cluster", "-", "--out", "night", "--state", "state"], "--state knows files by their names, and - has none"),
        (["cluster", "-", "--format", "odt", "--out", "labels.jsonl"], "'odt' is not one of"),
    ],
)
def test_bad_usage_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str) -> None:
    """Before anything is read or written."""
    monkeypatch.chdir(tmp_path)
    result = run(*arguments, given=LINES)
    assert result.exit_code == 2
    assert said in " ".join(result.output.replace("│", " ").split())
    assert list(tmp_path.iterdir()) == []


@POSIX
def test_a_pipe_that_is_named_is_read_once(tmp_path: Path) -> None:
    """Its suffix or --format says what comes through it; rows that are read twice are kept meanwhile."""
    writer = feed(tmp_path / "in.jsonl", LINES)
    out = tmp_path / "out.jsonl"
    result = run("unique", tmp_path / "in.jsonl", "--out", out, "--near-copies")
    writer.join()
    assert result.exit_code == 0, result.output
    assert [json.loads(line)["id"] for line in out.read_text("utf-8").splitlines()] == ["a", "c"]
    writer = feed(tmp_path / "in", CSV.encode())
    assert run("cluster", tmp_path / "in", "--format", "csv", "--out", out, "--near-copies").exit_code == 0
    writer.join()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "in.jsonl", "out.jsonl"]


@POSIX
def test_what_a_shell_makes_of_a_command(tmp_path: Path) -> None:
    """<(zcat x) is a path such as /dev/fd/63."""
    (tmp_path / "in.gz").write_bytes(gzip.compress(LINES))
    dedup = shlex.join([sys.executable, "-m", "dedup"])
    command = f"{dedup} cluster <(zcat in.gz) --format jsonl --near-copies --out labels.jsonl --quiet"
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len((tmp_path / "labels.jsonl").read_text().splitlines()) == 3


@POSIX
def test_a_pipe_that_says_nothing_of_itself(tmp_path: Path) -> None:
    """Is not read before it is said what comes through it; and one in a folder, or in a library, never is."""
    os.mkfifo(tmp_path / "pipe")
    os.mkfifo(tmp_path / "pipe.jsonl")
    with Streams() as streams:
        found = read(tmp_path / "pipe", ReadOptions(streams=streams))
        assert "nothing says what comes through this pipe; pass --format" in found.problems[0].reason
        assert "not a regular file" in read(tmp_path, ReadOptions(streams=streams)).problems[0].reason
    assert "not a regular file" in read(tmp_path / "pipe.jsonl").problems[0].reason


def test_what_is_a_stream(tmp_path: Path) -> None:
    """Not what is not there, nor a file or a folder."""
    (tmp_path / "-").write_text("x")
    assert is_stream("-")
    assert not any(map(is_stream, (tmp_path, tmp_path / "-", tmp_path / "none", "a\0b")))
