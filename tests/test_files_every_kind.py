"""A folder with a file of every kind, a third of them broken: each article is read, and each bad file is named.

Another kind is another row of `KINDS`: its name, how it is made, how many articles it holds, and words of the problem
that it is, if it is one.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import lz4.frame
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import test_files_lakes as lakes
from click.testing import CliRunner
from deltalake import write_deltalake

from dedup.cli import main
from dedup.files import read

TWO = 2
"""Articles of a good file of rows."""
CODECS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".zst": lambda raw: bytes(pa.compress(raw, "zstd")),
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".lz4": lz4.frame.compress,
}


class Kind(NamedTuple):
    """A file, or a folder."""

    name: str
    """Below the folder; no two may have one stem, which is the beginning of their ids."""
    make: Callable[[list[str], Path], object]
    """Writes it, of so many texts as it has articles, or of two if it is broken."""
    articles: int = TWO
    """How many it has; a broken one may have more."""
    words: str | None = None
    """Of its problem; None where it has none."""


def article(name: str, number: int = 0) -> str:
    """A text like no other, in one of several scripts."""
    draw = random.Random(f"{name} {number}")
    first, last = draw.choice(
        [(0x4E00, 0x9000), (0x3041, 0x3090), (0xAC00, 0xD000), (0x0621, 0x0640), (0x0430, 0x044F)]
    )
    words = ("".join(chr(draw.randrange(first, last)) for _ in range(draw.randint(2, 5))) for _ in range(40))
    return " ".join(words) + " 🎉。"


def table(texts: Sequence[object], column: str = "text") -> pa.Table:
    """Rows without ids."""
    return pa.table({"n": range(len(texts)), column: texts})


def parquet(texts: list[str]) -> bytes:
    """A Parquet file of a row group an article."""
    return parquet_of(table(texts))


def parquet_of(rows: pa.Table) -> bytes:
    """A Parquet file of these rows."""
    held = io.BytesIO()
    pq.write_table(rows, held, row_group_size=1)
    return held.getvalue()


def json_lines(texts: list[str]) -> bytes:
    """An object a line."""
    return "".join(json.dumps({"text": text}) + "\n" for text in texts).encode()


def csv_rows(texts: list[str]) -> bytes:
    """A line of names, and rows."""
    return "".join(["n,text\n", *(f'{row},"{text}"\n' for row, text in enumerate(texts))]).encode()


def tsv_rows(texts: list[str]) -> bytes:
    """The same with tabs."""
    return "".join(["n\ttext\n", *(f"{row}\t{text}\n" for row, text in enumerate(texts))]).encode()


def document(texts: list[str]) -> bytes:
    """A file that is one article."""
    return texts[0].encode()


def page(texts: list[str]) -> bytes:
    """A page that is one article."""
    head = "<html><head><meta charset='utf-8'><title>T</title></head>"
    return f"{head}<body><article><p>{texts[0]}</p></article></body></html>".encode()


def content(made: Callable[[list[str]], bytes], codec: str = "", *, cut: bool = False) -> Callable[..., object]:
    """What writes a file of these bytes, compressed, or only the first two thirds of it."""

    def make(texts: list[str], path: Path) -> None:
        raw = CODECS[codec](made(texts))
        path.write_bytes(raw[: len(raw) * 2 // 3] if cut else raw)

    return make


def given(raw: bytes) -> Callable[..., object]:
    """What writes these bytes."""
    return content(lambda _: raw)


def delta(texts: list[str], path: Path) -> None:
    """A Delta table of which a part was deleted."""
    write_deltalake(path, table(["刪掉的文章"]))
    write_deltalake(path, table(texts), mode="overwrite")


def iceberg(texts: list[str], path: Path) -> None:
    """An Iceberg table of which a part was deleted."""
    made = lakes.empty(path, table(texts).schema)
    made.append(table(["刪掉的文章"]))
    made.overwrite(table(texts))


def lance(texts: list[str], path: Path) -> None:
    """A Lance table of which a part was deleted."""
    lakes.lance.write_dataset(table(["刪掉的文章"]), path)
    lakes.lance.write_dataset(table(texts), path, mode="overwrite")


def hudi(texts: list[str], path: Path) -> None:
    """A Hudi table."""
    (path / ".hoodie").mkdir(parents=True)
    (path / "part.parquet").write_bytes(parquet(["刪掉的文章"]))


def broken_delta(texts: list[str], path: Path) -> None:
    """A Delta table whose file has gone."""
    write_deltalake(path, table(texts))
    next(path.glob("*.parquet")).unlink()


def drafts(texts: list[str], path: Path) -> None:
    """A folder whose name jobs use."""
    path.mkdir()
    (path / "a.md").write_bytes(document(texts))


TABLES = {"parquet": parquet, "pq": parquet, "jsonl": json_lines, "ndjson": json_lines, "json": json_lines}
TABLES |= {"csv": csv_rows, "tsv": tsv_rows}
WHOLE = dict.fromkeys(("txt", "text", "md", "markdown"), document) | dict.fromkeys(("html", "htm", "xhtml"), page)
GOOD = [
    *(Kind(f"rows-{kind}.{kind}", content(made)) for kind, made in TABLES.items()),
    *(Kind(f"rows-{kind}-gz.{kind}.gz", content(made, ".gz")) for kind, made in TABLES.items()),
    *(Kind(f"rows-{kind}-zst.{kind}.zst", content(made, ".zst")) for kind, made in TABLES.items()),
    *(Kind(f"rows-{kind}.jsonl.{kind}", content(json_lines, f".{kind}")) for kind in ("bz2", "xz", "lz4")),
    *(Kind(f"one-{kind}.{kind}", content(made), 1) for kind, made in WHOLE.items()),
    *(Kind(f"one-{kind}-gz.{kind}.gz", content(made, ".gz"), 1) for kind, made in WHOLE.items()),
    Kind("delta", delta),
    Kind("iceberg", iceberg),
    Kind("table.lance", lance),
    Kind("lang=zh/in.txt", content(document), 1),
    Kind("folder.csv/in.txt", content(document), 1),
]
BROKEN = [
    Kind("cut-parquet.parquet", content(parquet, cut=True), 0, ""),
    Kind("cut-lines.jsonl", content(json_lines, cut=True), 1, "not a JSON object"),
    Kind("cut-rows.csv", content(csv_rows, cut=True), 1, "the quotes in this row do not match"),
    Kind("padded.jsonl.gz", content(lambda texts: CODECS[".gz"](json_lines(texts)) + b"rubbish"), TWO, ""),
    Kind("cut-gz.jsonl.gz", content(json_lines, ".gz", cut=True), 0, ""),
    Kind("cut-zst.csv.zst", content(csv_rows, ".zst", cut=True), 0, ""),
    Kind("magic.parquet", given(b"PK\3\4 is no Parquet"), 0, ""),
    Kind("no-text.html", given(b"<html><head></head><body><img src='a.png'></body></html>"), 0, "no article text"),
    Kind("magic-gz.txt.gz", content(document), 1, "not gzip"),
    Kind("empty.parquet", given(b""), 0, ""),
    Kind("empty.jsonl", given(b""), 0, "no articles"),
    Kind("empty.csv", given(b""), 0, "no articles"),
    Kind("columns.parquet", content(lambda texts: parquet_of(table(texts, "body"))), 0, "no column 'text'"),
    Kind("columns.jsonl", given(b'{"body": "a"}\n{"body": "b"}\n'), 0, "no column 'text'"),
    Kind("columns.csv", given(b"n,body\n1,a\n"), 0, "no column 'text'"),
    Kind("types.parquet", content(lambda _: parquet_of(table([1, 2]))), 0, "texts must be strings"),
    Kind("line.jsonl", content(lambda texts: json_lines(texts) + b"[1]\n"), TWO, "an article must be a JSON object"),
    Kind("row.csv", content(lambda texts: csv_rows(texts) + b"1,2,3\n"), TWO, "the row has 3 fields"),
    Kind("gone", broken_delta, 0, "not found"),
    Kind("hudi", hudi, 0, "a Hudi table"),
    Kind("_drafts", drafts, 0, "1 file in a folder whose name begins with '_' passed over"),
]
POSIX = [
    Kind("pipe.txt", lambda _, path: os.mkfifo(path), 0, "not a regular file"),
    Kind("dead.md", lambda _, path: path.symlink_to("nowhere"), 0, "No such file"),
    Kind("device.txt", lambda _, path: path.symlink_to("/dev/zero"), 0, "a link out of this folder"),
    Kind("loop.md", lambda _, path: path.symlink_to("loop.md"), 0, ""),
]
EVERY = [*GOOD, *BROKEN, *(POSIX if os.name == "posix" else [])]
PEAK = 10**9
"""Bytes that a run may hold."""


def texts_of(kind: Kind) -> list[str]:
    """What a file is made of; a broken one of several articles."""
    return [article(kind.name, number) for number in range(kind.articles if kind in GOOD else TWO)]


@pytest.fixture(scope="module")
def crawl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with all of them."""
    folder = tmp_path_factory.mktemp("crawl")
    for kind in EVERY:
        (folder / kind.name).parent.mkdir(exist_ok=True)
        kind.make(texts_of(kind), folder / kind.name)
    return folder


def missing(kinds: Sequence[Kind], said: str) -> list[str]:
    """Broken files of which these lines say nothing, or not what they should."""
    lines = said.splitlines()
    return [
        kind.name
        for kind in kinds
        if not any(f"{os.sep}{kind.name}" in line and (kind.words or "") in line for line in lines)
    ]


def test_there_are_enough() -> None:
    """At least thirty kinds, of which a third and no more than half are broken, and none twice."""
    assert len(EVERY) >= 30
    assert len(EVERY) / 3 <= len(EVERY) - len(GOOD) <= len(EVERY) / 2
    assert len({kind.name.partition(".")[0] for kind in GOOD}) == len(GOOD)


def test_each_good_article_is_read(crawl: Path) -> None:
    """With its text, and once; of broken files what can be read, and nothing else."""
    found = read(crawl).table["text"].to_pylist()
    assert len(set(found)) == len(found)
    for kind in EVERY:
        texts = texts_of(kind)
        count = len(set(found) & set(texts))
        assert kind.articles <= count <= len(texts), kind.name
    assert set(found) <= {text for kind in EVERY for text in texts_of(kind)}


def test_the_command(crawl: Path, tmp_path: Path) -> None:
    """Every good article has a label, every broken file a line on the standard error stream, in bounded memory."""
    code = "import sys; from dedup.cli import main; from dedup.system import peak_bytes\n"
    code += "try: main(sys.argv[1:])\nfinally: print('peak', peak_bytes())"
    run = [sys.executable, "-c", code, "cluster", str(crawl), "--out", str(tmp_path / "labels.parquet")]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert missing([kind for kind in EVERY if kind not in GOOD], done.stderr) == []
    assert missing(GOOD, done.stderr) == [kind.name for kind in GOOD]
    labels = pq.read_table(tmp_path / "labels.parquet")["id"].to_pylist()
    assert sorted(labels) == sorted(read(crawl).table["id"].to_pylist())
    peak = int(done.stdout.rpartition("peak ")[2])
    assert peak < PEAK


@pytest.mark.parametrize(
    "command",
    [
        ["cluster", "{}", "--out", "out", "--state", "state", "--memory", "2GB"],
        ["unique", "{}", "--out", "out.jsonl"],
        ["match", "{}", "--against", "{}", "--out", "out.jsonl"],
        ["index", "add", "index", "{}"],
    ],
    ids=["nights", "unique", "match", "index"],
)
def test_other_commands(crawl: Path, tmp_path: Path, command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """They name the same files; a night keeps what was lost, or passed over, in rejects.parquet."""
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, [part.format(crawl) for part in command])
    assert result.exit_code in {0, 1}, result.output
    broken = [kind for kind in EVERY if kind not in GOOD]
    assert missing(broken, result.stderr) == []
    if "--state" in command:
        lost = "\n".join(
            line for line in result.stderr.splitlines() if line.startswith("Error:") or "passed over" in line
        )
        rows = pq.read_table(tmp_path / "out" / "rejects.parquet").to_pylist()
        kept = "\n".join(f"{row['path']} {row['reason']}" for row in rows)
        assert missing(broken, kept) == missing(broken, lost)
