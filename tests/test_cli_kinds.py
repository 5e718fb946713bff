"""All commands on files of all kinds: what is read, what is copied whole, and what is told of the rest."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from test_files import put
from test_files_books import epub
from test_files_columnar import of_file, of_orc, of_stream
from test_files_feeds import RSS
from test_files_wikis import DUMP

from dedup.cli import main

TEA = "茶馆的老板每天清晨五点起来烧水，第一批客人总是住在河对岸的老船工，他们从不看菜单。"
SNOW = "雪山脚下的小站一天只停一趟车，站长种了一排向日葵，花开的时候旅客会下来拍照。"
TABLE = pa.table(
    {
        "id": pa.array([7, 8, 9], pa.uint16()),
        "text": pa.array([TEA, TEA, SNOW]).dictionary_encode(),
        "at": pa.array([1, None, 3], pa.timestamp("ms", "Asia/Shanghai")),
        "tags": [["茶"], [], None],
    }
)


def run(*arguments: str | Path) -> Result:
    """`dedup` with these arguments, in this process."""
    return CliRunner().invoke(main, [*map(str, arguments)])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.arrow", of_file),
        ("a.feather", of_file),
        ("a.arrows", of_stream),
        ("a.ipc.gz", of_file),
        ("part-00000", of_file),
    ],
)
def test_rows_of_arrow_keep_their_types(tmp_path: Path, name: str, content: object) -> None:
    """All columns of the rows that are kept, in Parquet."""
    done = run("unique", put(tmp_path / name, content(TABLE)), "--out", tmp_path / "out.parquet")  # type: ignore[operator]
    assert done.exit_code == 0, done.output
    assert "Kept 2 of 3 rows" in done.stdout
    found = pq.read_table(tmp_path / "out.parquet")
    assert found.schema.equals(TABLE.schema)
    assert found.to_pylist() == TABLE.take([0, 2]).to_pylist()


def test_rows_of_orc_keep_their_types(tmp_path: Path) -> None:
    """As ORC has them: it knows neither unsigned numbers nor dictionaries."""
    table = TABLE.set_column(0, "id", TABLE["id"].cast(pa.int32())).set_column(
        1, "text", TABLE["text"].cast(pa.string())
    )
    done = run("unique", put(tmp_path / "a.orc", of_orc(table)), "--out", tmp_path / "out.parquet")
    assert done.exit_code == 0, done.output
    found = pq.read_table(tmp_path / "out.parquet")
    assert found.column_names == table.column_names
    assert found["tags"].to_pylist() == [["茶"], None]
    assert found["text"].to_pylist() == [TEA, SNOW]


def test_items_of_an_array_are_lines_as_they_stand(tmp_path: Path) -> None:
    """Their numbers and escapes, but for the layout."""
    items = [
        f'{{"id": {number}, "text": {json.dumps(text)},  "n": 1.50}}' for number, text in enumerate([TEA, TEA, SNOW])
    ]
    for content in ("[\n" + ",\n".join(items) + "\n]", "[" + ",\n\n".join(items).replace(",  ", ",\n  ") + "]"):
        done = run("unique", put(tmp_path / "a.json", content), "--out", tmp_path / "out.jsonl")
        assert done.exit_code == 0, done.output
        lines = (tmp_path / "out.jsonl").read_text("utf-8").splitlines()
        assert [line.replace(', "n', ',  "n') for line in lines] == [items[0], items[2]]


@pytest.mark.parametrize(
    ("name", "content", "columns"),
    [
        ("a.rss", RSS.format(encoding="utf-8"), ["id", "text", "title", "url", "date"]),
        ("a.xml", DUMP, ["id", "text", "title", "url", "date"]),
    ],
)
def test_rows_of_feeds_and_wikis_have_their_columns(
    tmp_path: Path, name: str, content: str, columns: list[str]
) -> None:
    """And those of books, which have other ones."""
    done = run("unique", put(tmp_path / name, content), "--out", tmp_path / "out.jsonl")
    assert done.exit_code == 0, done.output
    first = json.loads((tmp_path / "out.jsonl").read_text("utf-8").splitlines()[0])
    assert list(first) == columns
    assert first["text"]
    done = run("unique", epub(tmp_path / "a.epub"), "--out", tmp_path / "out.csv")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "out.csv").read_text("utf-8").splitlines()[0] == '"id","text","title","chapter"'


PASSED = "2 files ending in .pdf are not read: convert to text, for example with pdftotext"


@pytest.fixture
def crawl(tmp_path: Path) -> Path:
    """A folder of two articles and two PDFs."""
    put(tmp_path / "in" / "a.json", json.dumps([{"id": "a", "text": TEA}, {"id": "b", "text": SNOW}]))
    put(tmp_path / "in" / "b.pdf", "%PDF-")
    put(tmp_path / "in" / "sub" / "c.PDF", "%PDF-")
    return tmp_path / "in"


@pytest.mark.parametrize(
    "arguments",
    [
        ["cluster", "{in}", "--out", "{out}/labels.parquet"],
        ["unique", "{in}", "--out", "{out}/rows.jsonl"],
        ["match", "{in}/a.json", "--against", "{in}", "--out", "{out}/matches.csv"],
        ["index", "add", "{out}/index", "{in}"],
        ["cluster", "{in}", "--state", "{out}/state", "--out", "{out}/labels"],
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_every_command_tells_what_was_passed_over(crawl: Path, tmp_path: Path, arguments: list[str]) -> None:
    """As a warning, which is no failure."""
    places = {"in": str(crawl), "out": str(tmp_path)}
    done = run(*(argument.format(**places) for argument in arguments))
    assert done.exit_code == 0, done.output
    assert PASSED in done.output
    if "--state" in arguments:
        (reject,) = pq.read_table(tmp_path / "labels" / "rejects.parquet").to_pylist()
        assert (reject["path"], reject["reason"], reject["severity"]) == (str(crawl), PASSED, "warning")
        assert run(*(argument.format(**places) for argument in [*arguments, "--max-rejects", "0"])).exit_code == 0
