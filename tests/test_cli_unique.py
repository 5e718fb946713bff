"""`dedup unique`: the same rows without duplicates, with all columns, in any format."""

from __future__ import annotations

import csv
import gzip
import json
import random
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from dedup.cli import main

EXAMPLES = Path(__file__).parents[1] / "examples" / "articles"
STARS = "昨晚的流星雨很美，我們帶了熱茶和毛毯，一直等到凌晨三點才看見第一顆"
STARS_SIMPLIFIED = "昨晚的流星雨很美，我们带了热茶和毛毯，一直等到凌晨三点才看见第一颗！"
ARABIC = "كان الليل صافيا وجلسنا ننتظر النجوم حتى الفجر"
ROWS: list[dict[str, Any]] = [
    {"id": "a", "text": STARS, "date": "2024-01-01", "site": "copy.example", "nested": {"tags": ["夜", "🎉"], "n": 1}},
    {"id": "b", "text": STARS_SIMPLIFIED, "date": "2024-03-01", "site": "own.example", "nested": {"tags": [], "n": 2}},
    {"id": "c", "text": None, "date": None, "site": None, "nested": None},
    {"id": "d", "text": ARABIC, "date": "2024-02-01", "site": "own.example", "nested": {"tags": ["x"], "n": 3}},
    {"id": "e", "text": "", "date": "", "site": "", "nested": {"tags": ["x"], "n": 4}},
    {"id": "f", "text": STARS, "date": "2023-12-31", "site": "third.example", "nested": {"tags": ["x"], "n": 5}},
]


def run(*arguments: str | Path, given: bytes | None = None) -> Result:
    """`dedup unique --near-copies` with these arguments, in this process."""
    return CliRunner().invoke(main, ["unique", *map(str, arguments), "--near-copies"], input=given)


def lines(path: Path, rows: list[dict[str, Any]] = ROWS) -> Path:
    """Rows as a file of JSON Lines, some of them escaped, with blank lines between, and no end of the last one."""
    written = (json.dumps(row, ensure_ascii=place % 2 == 0) for place, row in enumerate(rows))
    path.write_text("\n\n".join(written), "utf-8")
    return path


def ids(path: Path) -> list[str]:
    """The ids of rows that were written."""
    if path.suffix == ".parquet":
        return pq.read_table(path)["id"].to_pylist()
    if path.suffix == ".csv":
        with path.open(newline="", encoding="utf-8") as file:
            return [row["id"] for row in csv.DictReader(file)]
    return [json.loads(line)["id"] for line in path.read_text("utf-8").splitlines()]


@pytest.mark.parametrize(
    ("rule", "kept"),
    [
        ("first", "acde"),
        ("longest", "bcde"),
        ("newest:date", "bcde"),
        ("oldest:date", "cdef"),
        ("source:site:own.example,third.example", "bcde"),
        ("source:site:third.example", "cdef"),
    ],
)
@pytest.mark.parametrize("memory", [[], ["--memory", "1GB"]], ids=["all", "1GB"])
def test_one_row_of_each_cluster_is_kept(tmp_path: Path, rule: str, kept: str, memory: list[str]) -> None:
    """By any rule, in order, with rows that have no text, in memory and on disk."""
    given, out = lines(tmp_path / "in.jsonl"), tmp_path / "out.jsonl"
    result = run(given, "--out", out, "--keep", rule, *memory)
    assert result.exit_code == 0, result.output
    assert "Kept 4 of 6 rows; 2 dropped (33.3%)" in result.output
    assert "".join(ids(out)) == kept
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl", "out.jsonl"]


def test_lines_of_json_are_copied_byte_for_byte(tmp_path: Path) -> None:
    """Escapes, spaces and numbers stay as they are, and so do bytes that are no UTF-8."""
    given = tmp_path / "in.jsonl"
    kept = [
        b'{"id":1,  "text": "\\u6628\\u665a", "n": 1.50, "more": {"a": 1e3}}\r\n',
        b'{"id": 3, "text": "\xff %b"}\n' % "茶".encode(),
    ]
    given.write_bytes(kept[0] + b'{"id": 2, "text": "\\u6628\\u665a"}\n' + kept[1])
    result = run(given, "--out", tmp_path / "out.jsonl", "--quiet")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "out.jsonl").read_bytes() == b"".join(kept)


def test_parquet_keeps_its_schema(tmp_path: Path) -> None:
    """Nested columns, dictionaries, times with their zone and the metadata come out as they went in."""
    table = pa.Table.from_pylist(ROWS).append_column("kind", pa.array(list("xyzxyz")).dictionary_encode())
    times = pa.array(range(6), pa.timestamp("us", "Asia/Taipei"))
    table = table.append_column("at", times).replace_schema_metadata({"made by": "a test"})
    pq.write_table(table, tmp_path / "in.parquet", row_group_size=2)
    assert run(tmp_path / "in.parquet", "--out", tmp_path / "out.parquet").exit_code == 0
    found = pq.read_table(tmp_path / "out.parquet")
    assert found.equals(pq.read_table(tmp_path / "in.parquet").take([0, 2, 3, 4]), check_metadata=True)


@pytest.mark.parametrize("codec", ["zstd", "none", "gzip"])
def test_parquet_keeps_its_compression(tmp_path: Path, codec: str) -> None:
    """Rows take no more room than they did."""
    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "in.parquet", compression=codec)
    assert run(tmp_path / "in.parquet", "--out", tmp_path / "out.parquet").exit_code == 0
    named = {"none": "UNCOMPRESSED"}.get(codec, codec.upper())
    assert pq.ParquetFile(tmp_path / "out.parquet").metadata.row_group(0).column(1).compression == named


def test_csv_keeps_its_fields(tmp_path: Path) -> None:
    """Commas, quotes and line ends in fields, and what looks like a number, come out as they went in."""
    rows = [["id", "text", "n"], ["007", f'{STARS}, "so"\nweiter', "1.50"], ["008", f'{STARS}, "so"\nweiter', ""]]
    with (tmp_path / "in.csv").open("w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file).writerows(rows)
    assert run(tmp_path / "in.csv", "--out", tmp_path / "out.csv").exit_code == 0
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file)) == rows[:2]


def test_files_of_several_kinds_become_one_table(tmp_path: Path) -> None:
    """Columns that a file lacks are null, and whole numbers and fractions go together."""
    lines(tmp_path / "a.jsonl", [{"id": "a", "text": STARS, "n": 1}, {"id": "b", "text": ARABIC, "m": "x"}])
    pq.write_table(pa.table({"id": ["c"], "text": [STARS_SIMPLIFIED], "n": [0.5]}), tmp_path / "b.parquet")
    (tmp_path / "c.md").write_text("東京の天気は今日も晴れ", "utf-8")
    result = run(tmp_path / "a.jsonl", tmp_path / "b.parquet", tmp_path / "c.md", "--out", tmp_path / "out.parquet")
    assert result.exit_code == 0, result.output
    found = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert found == [
        {"id": "a", "text": STARS, "n": 1.0, "m": None},
        {"id": "b", "text": ARABIC, "n": None, "m": "x"},
        {"id": "c", "text": "東京の天気は今日も晴れ", "n": None, "m": None},
    ]


@pytest.mark.parametrize("target", ["out.parquet", "out.csv"])
def test_rows_that_fit_no_table_are_refused_and_the_old_file_stays(tmp_path: Path, target: str) -> None:
    """A key with a string here and a number there says what to do; JSON Lines takes it."""
    given = lines(tmp_path / "in.jsonl", [{"id": 1, "text": "x", "n": 1}, {"id": 2, "text": "y", "n": "one"}])
    out = tmp_path / target
    out.write_text("before", "utf-8")
    result = run(given, "--out", out)
    assert result.exit_code == 1
    assert ".jsonl" in result.output
    assert out.read_text("utf-8") == "before"
    assert run(given, "--out", tmp_path / "out.jsonl").exit_code == 0


def test_dropped_rows_say_what_is_kept_instead(tmp_path: Path) -> None:
    """With the ids that the rows have, or the place of those that have none, and the exact similarity."""
    rows = [{**row, "id": row["id"] if row["id"] != "f" else None} for row in ROWS]
    given = lines(tmp_path / "in.jsonl", rows)
    result = run(given, "--out", tmp_path / "out.jsonl", "--dropped", tmp_path / "gone.jsonl", "--keep", "newest:date")
    assert result.exit_code == 0, result.output
    gone = [json.loads(line) for line in (tmp_path / "gone.jsonl").read_text("utf-8").splitlines()]
    assert gone == [
        {"id": "a", "kept": "b", "similarity": 1.0},
        {"id": "in:10", "kept": "b", "similarity": 1.0},
    ]


def test_files_that_number_their_rows_alike(tmp_path: Path) -> None:
    """Which row is meant is told with the path; without it there is a warning."""
    for name, text in (("a", STARS), ("b", ARABIC)):
        lines(tmp_path / f"{name}.jsonl", [{"id": 1, "text": text}, {"id": 2, "text": text}])
    (tmp_path / "c.md").write_text(STARS, "utf-8")
    paths, gone = [tmp_path / name for name in ("a.jsonl", "b.jsonl", "c.md")], tmp_path / "gone.jsonl"
    result = run(*paths, "--out", tmp_path / "out.jsonl", "--dropped", gone)
    assert "2 of the rows named in" in result.output and "--id-from path+id" in result.output
    result = run(*paths, "--out", tmp_path / "out.jsonl", "--dropped", gone, "--id-from", "path+id")
    assert "Warning" not in result.output
    found = [json.loads(line) for line in gone.read_text("utf-8").splitlines()]
    assert [(one["id"], one["kept"]) for one in found] == [
        (f"{paths[0]}:2", f"{paths[0]}:1"),
        (f"{paths[1]}:2", f"{paths[1]}:1"),
        (str(paths[2]), f"{paths[0]}:1"),
    ]


def test_from_standard_input_to_standard_output(tmp_path: Path) -> None:
    """Rows alone are on the standard output; what was done is on the standard error stream."""
    given = lines(tmp_path / "in.jsonl").read_bytes()
    done = subprocess.run(
        [sys.executable, "-m", "dedup", "unique", "-", "--out", "-", "--near-copies", "--keep", "longest"],
        input=given, capture_output=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == list("bcde")
    assert "Kept 4 of 6 rows" in done.stderr.decode()
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


def test_standard_input_of_csv(tmp_path: Path) -> None:
    """`--format csv` says what the standard input is; a file's suffix says what it is."""
    given = f"id,text\n1,{STARS}\n2,{STARS_SIMPLIFIED}\n".encode()
    result = run("-", "--out", tmp_path / "out.jsonl", "--format", "csv", given=given)
    assert result.exit_code == 0, result.output
    assert ids(tmp_path / "out.jsonl") == ["1"]


def test_compressed_files_and_folders(tmp_path: Path) -> None:
    """They are read as `dedup cluster` reads them."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jsonl.gz").write_bytes(gzip.compress(lines(tmp_path / "x.jsonl").read_bytes()))
    assert run(tmp_path / "in", "--out", tmp_path / "out.jsonl").exit_code == 0
    assert "".join(ids(tmp_path / "out.jsonl")) == "acde"
    result = CliRunner().invoke(main, ["unique", str(EXAMPLES), "--out", str(tmp_path / "articles.jsonl")])
    assert "Kept 9 of 14 rows; 5 dropped (35.7%)" in result.output
    assert ids(tmp_path / "articles.jsonl")[-2:] == ["tea-1", "tidal-flat-ko"]


@pytest.mark.parametrize("name", ["in.zip", "in.jsonl", "in.parquet", "in"])
def test_archives_whatever_they_are_called(tmp_path: Path, name: str) -> None:
    """Their members are rows and whole files, and one may be of another kind than its name says."""
    pq.write_table(pa.table({"id": ["p", "q"], "text": [STARS, "第三篇文章說的是山"]}), tmp_path / "x.parquet")
    with zipfile.ZipFile(tmp_path / name, "w") as archive:
        archive.writestr("a:7/b.jsonl", lines(tmp_path / "x.jsonl").read_bytes())
        archive.writestr("a:7/b.txt", STARS_SIMPLIFIED)
        archive.write(tmp_path / "x.parquet", "c.txt")
    result = run(tmp_path / name, "--out", tmp_path / "out.jsonl", "--dropped", tmp_path / "gone.csv")
    assert "Kept 5 of 9 rows" in result.output
    assert ids(tmp_path / "out.jsonl") == ["a", "c", "d", "e", "q"]
    with (tmp_path / "gone.csv").open(encoding="utf-8") as file:
        assert [row["id"].removeprefix("in.zip/").removeprefix("in/") for row in csv.DictReader(file)][2:] == [
            "a:7/b",
            "p",
        ]


def test_a_table_that_is_called_an_archive(tmp_path: Path) -> None:
    """It is read as what it is, and has no members."""
    pq.write_table(pa.table({"id": ["p", "q"], "text": [STARS, STARS]}), tmp_path / "x.zip")
    assert run(tmp_path / "x.zip", "--out", tmp_path / "out.jsonl").exit_code == 0
    assert ids(tmp_path / "out.jsonl") == ["p"]


@pytest.mark.parametrize("memory", [[], ["--memory", "1GB"]], ids=["all", "1GB"])
def test_what_cannot_be_read_is_named_and_costs_nothing_else(tmp_path: Path, memory: list[str]) -> None:
    """A broken line, a row of another width: the exit code is 1, and the rows around them are where they were."""
    broken = lines(tmp_path / "a.jsonl").read_text("utf-8").split("\n\n")
    (tmp_path / "a.jsonl").write_text("\n".join([broken[0], "{", broken[3], *broken[5:]]), "utf-8")
    (tmp_path / "b.csv").write_text(f"id,text\nx,1,2\ny,{ARABIC} y\n\nz,{STARS}\n", "utf-8")
    result = run(tmp_path / "a.jsonl", tmp_path / "b.csv", "--out", tmp_path / "out.jsonl", *memory)
    assert result.exit_code == 1
    assert "a.jsonl, row 2: not a JSON object" in result.output
    assert "b.csv, row 2: the row has 3 fields" in result.output
    assert "Kept 2 of 5 rows" in result.output
    assert ids(tmp_path / "out.jsonl") == ["a", "d"]


def test_articles_before_broken_xml_are_copied(tmp_path: Path) -> None:
    """What follows the last one is not read again."""
    page = "<page><title>{}</title><ns>0</ns><revision><text>{}</text></revision></page>"
    wiki = f"<mediawiki>{page.format('星', STARS)}{page.format('فجر', ARABIC)}</mediawiki>"
    (tmp_path / "in.xml").write_text(wiki + wiki[: len(wiki) // 2], "utf-8")
    result = run(tmp_path / "in.xml", "--out", tmp_path / "out.jsonl")
    assert result.exit_code == 1 and "the XML ends or breaks here" in result.output
    assert ids(tmp_path / "out.jsonl") == ["星", "فجر"]


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
@pytest.mark.parametrize("memory", [[], ["--memory", "1GB"]], ids=["all", "1GB"])
def test_what_comes_before_a_broken_end_is_copied(tmp_path: Path, kind: str, memory: list[str]) -> None:
    """A file that was cut short when it was compressed costs the rows that cannot be read, and no others."""
    letters = random.Random(3)
    texts = ["".join(chr(letters.randrange(0x4E00, 0x9FA5)) for _ in range(60)) for _ in range(2000)]
    rows = [json.dumps({"id": place, "text": text}) for place, text in enumerate(texts)]
    if kind == "csv":
        rows = ["id,text", *(f"{place},{text}" for place, text in enumerate(texts))]
    whole = gzip.compress("\n".join(rows).encode())
    (tmp_path / f"in.{kind}.gz").write_bytes(whole[: len(whole) // 2])
    result = run(tmp_path / f"in.{kind}.gz", "--out", tmp_path / "out.jsonl", *memory)
    assert result.exit_code == 1
    said = re.search(r"the ([0-9,]+) articles before it were kept", result.output)
    assert said, result.output
    there = int(said[1].replace(",", ""))
    assert ids(tmp_path / "out.jsonl") == [place if kind == "jsonl" else str(place) for place in range(there)]
    assert there > 500


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["in.jsonl", "--out", "in.jsonl"], "is also an input"),
        (["in.jsonl", "--out", "out.xlsx"], "the suffix must be one of"),
        (["in.jsonl", "--out", "out.jsonl", "--dropped", "out.jsonl"], "name the same file"),
        (["in.jsonl", "--out", "out.jsonl", "--keep", "best"], "keep by first, longest"),
        (["-", "--out", "out.jsonl", "--format", "odt"], "'odt' is not one of"),
        (["in.jsonl", "--out", "-", "--dropped", "-"], "--dropped must be a file"),
        (["-", "-", "--out", "out.jsonl"], "name it once"),
        (["in.jsonl", "--out", "out.jsonl", "--memory", "much"], "memory must be a size"),
    ],
)
def test_bad_usage_is_told_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    """Exit code 2, what was given and what is allowed; nothing is written."""
    monkeypatch.chdir(tmp_path)
    lines(tmp_path / "in.jsonl")
    result = run(*arguments, given=b"")
    assert result.exit_code == 2, result.output
    assert said in " ".join(result.output.replace("│", " ").split())
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


@pytest.mark.parametrize(
    ("rule", "said"),
    [("newest:when", "no row has a column 'when'"), ("newest:site", "neither a number nor a date")],
)
def test_a_column_that_is_not_there_or_holds_no_dates(tmp_path: Path, rule: str, said: str) -> None:
    """The error names the column, and what may stand in it."""
    result = run(lines(tmp_path / "in.jsonl"), "--out", tmp_path / "out.jsonl", "--keep", rule)
    assert result.exit_code == 1
    assert said in result.output
    assert not (tmp_path / "out.jsonl").exists()


@pytest.mark.parametrize("memory", [[], ["--memory", "1GB"]], ids=["all", "1GB"])
def test_rows_without_any_text_are_kept(tmp_path: Path, memory: list[str]) -> None:
    """All of them, though there is nothing to compare."""
    given = lines(tmp_path / "in.jsonl", [{"id": 1, "text": None}, {"id": 2, "text": "…"}])
    result = run(given, "--out", tmp_path / "out.jsonl", *memory)
    assert "Kept 2 of 2 rows" in result.output


def test_columns_of_one_name(tmp_path: Path) -> None:
    """CSV and Parquet keep both; JSON Lines, which cannot, and whoever asks for one of them, is told."""
    (tmp_path / "in.csv").write_text(f"id,text,x,x\n1,{STARS},a,b\n2,{ARABIC},c,d\n", "utf-8")
    (tmp_path / "other.csv").write_text("id,text\n3,第三篇文章說的是別的事\n", "utf-8")
    assert run(tmp_path / "in.csv", "--out", tmp_path / "out.csv").exit_code == 0
    assert "a" in (tmp_path / "out.csv").read_text("utf-8") and "b" in (tmp_path / "out.csv").read_text("utf-8")
    for arguments in (
        ["in.csv", "--out", "out.jsonl"],
        ["in.csv", "--out", "out.csv", "--keep", "newest:x"],
        ["in.csv", "other.csv", "--out", "out.csv"],
    ):
        result = run(*(tmp_path / one if "." in one else one for one in arguments))
        assert result.exit_code == 1
        assert "2 columns are called 'x'; rename all but one" in result.output


def test_values_of_several_types(tmp_path: Path) -> None:
    """Ids, sources and dates of several files and lines need not be of one type."""
    lines(tmp_path / "a.jsonl", [{"id": 1, "text": STARS, "n": "1"}, {"id": "x", "text": STARS, "n": 3}])
    pq.write_table(pa.table({"id": [7], "text": [STARS], "n": [2.5]}), tmp_path / "b.parquet")
    (tmp_path / "c.md").write_text(STARS, "utf-8")
    paths = [tmp_path / name for name in ("a.jsonl", "b.parquet", "c.md")]
    for rule, kept in (("newest:n", "x"), ("source:n:2.5", "7")):
        result = run(*paths, "--out", tmp_path / "out.jsonl", "--dropped", tmp_path / "gone.jsonl", "--keep", rule)
        assert result.exit_code == 0, result.output
        gone = [json.loads(line) for line in (tmp_path / "gone.jsonl").read_text("utf-8").splitlines()]
        assert {one["kept"] for one in gone} == {kept}
        assert sorted(one["id"] for one in gone) == sorted({"1", "x", "7", "c"} - {kept})


def test_nothing_to_read(tmp_path: Path) -> None:
    """A file without rows, and a path that leads nowhere, are no success."""
    (tmp_path / "in.jsonl").write_text("", "utf-8")
    for given in ("in.jsonl", "missing.jsonl"):
        result = run(tmp_path / given, "--out", tmp_path / "out.jsonl")
        assert result.exit_code == 1
        assert "nothing was written" in result.output
    assert not (tmp_path / "out.jsonl").exists()


def test_a_number_that_json_has_not_costs_no_row(tmp_path: Path) -> None:
    """NaN and infinity of Parquet are null in JSON Lines, nested ones too; bytes are text, or hexadecimal digits."""
    columns = {"text": [STARS, ARABIC], "x": [float("nan"), 1.5], "y": [[1.0], [float("inf")]], "z": [b"ab", b"\xff"]}
    pq.write_table(pa.table(columns), tmp_path / "in.parquet")
    assert run(tmp_path / "in.parquet", "--out", tmp_path / "out.jsonl").exit_code == 0
    found = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text("utf-8").splitlines()]
    assert [(row["x"], row["y"], row["z"]) for row in found] == [(None, [1.0], "ab"), (1.5, [None], "ff")]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()])
def test_strings_that_are_no_utf8_are_copied(tmp_path: Path, kind: pa.DataType) -> None:
    """With U+FFFD for what is none, as the texts are compared, wherever it is; other columns as they are."""
    broken = pa.array([b"\xe5\x85", b"ok"], pa.binary()).view(pa.string())
    inside = pa.StructArray.from_arrays([broken, pa.array([[1], None])], ["a", "b"])
    several = pa.ListArray.from_arrays(pa.array([0, 1, 2], pa.int32()), inside)
    columns = {"id": broken, "text": pa.array([STARS, ARABIC]), "coded": broken.dictionary_encode(), "nested": several}
    table = pa.table(columns)
    with pa.ipc.new_file(tmp_path / "in.arrow", table.schema) as file:
        file.write_table(table)
    if kind != pa.string():
        raw = pa.array([b"\xe5\x85", b"ok"], pa.binary())
        views = {pa.large_string(): pa.large_binary(), pa.string_view(): pa.binary_view()}
        table = table.set_column(0, "id", raw.cast(views[kind]).view(kind))
        with pa.ipc.new_file(tmp_path / "in.arrow", table.schema) as file:
            file.write_table(table)
    assert run(tmp_path / "in.arrow", "--out", tmp_path / "out.jsonl").exit_code == 0
    found = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text("utf-8").splitlines()]
    assert found == [
        {"id": "\ufffd", "text": STARS, "coded": "\ufffd", "nested": [{"a": "\ufffd", "b": [1]}]},
        {"id": "ok", "text": ARABIC, "coded": "ok", "nested": [{"a": "ok", "b": None}]},
    ]


def test_a_problem_of_the_standard_input_is_called_so() -> None:
    """Not by the file that it becomes."""
    result = run("-", "--out", "-", given=b'no\n{"text": "x"}\n')
    assert (result.exit_code, result.stdout) == (1, '{"text": "x"}\n')
    assert "Error: standard input, row 1: not a JSON object" in result.stderr


def test_rows_of_another_dialect_and_encoding(tmp_path: Path) -> None:
    """They are written as CSV with commas in UTF-8, under the names that the columns have; ids and dates are found."""
    given = tmp_path / "in.csv"
    lines = [
        "ID; Text ;Day",
        '1;"茶館, ""重新"" 開張; 今日";2020-01-01',
        '2;"茶館, ""重新"" 開張; 今日";2021-01-01',
        '3;"渡輪停航\n了";2020-02-02',
    ]
    given.write_bytes("\r\n".join(lines).encode("big5"))
    result = run(
        given, "--out", tmp_path / "out.csv", "--dropped", tmp_path / "gone.csv", "--keep", "newest:day", "--quiet"
    )
    assert result.exit_code == 0, result.output
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        written = list(csv.reader(file))
    assert written == [
        ["ID", " Text ", "Day"],
        ["2", '茶館, "重新" 開張; 今日', "2021-01-01"],
        ["3", "渡輪停航\n了", "2020-02-02"],
    ]
    assert (tmp_path / "gone.csv").read_text("utf-8").splitlines()[1].startswith('"1","2"')


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_ids_and_dates_inside_of_columns(tmp_path: Path, suffix: str) -> None:
    """The rule and the ids of the rows that are not kept follow paths."""
    given = tmp_path / f"in.{suffix}"
    rows = [
        {"meta": {"url": f"u{day}", "date": f"2020-01-0{day}"}, "text": "the ferry did not sail this morning"}
        for day in (1, 3, 2)
    ]
    if suffix == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), given)
    else:
        given.write_text("\n".join(map(json.dumps, rows)))
    options = ["--id-column", "meta.url", "--keep", "newest:meta.date", "--dropped", tmp_path / "gone.jsonl"]
    result = run(given, "--out", tmp_path / "out.jsonl", *options, "--quiet")
    assert result.exit_code == 0, result.output
    gone = [json.loads(line) for line in (tmp_path / "gone.jsonl").read_text().splitlines()]
    assert [(row["id"], row["kept"]) for row in gone] == [("u1", "u3"), ("u2", "u3")]


def test_no_cell_of_safe_csv_is_a_formula(tmp_path: Path) -> None:
    """Neither a value nor the name of a column; of other formats every row is as it was."""
    path = tmp_path / "a.csv"
    path.write_text('id,text,=n\n=1+1,"@all, a text about tea",-5\n', "utf-8")
    for name, first, row in (("o.csv", "'=n", ["'=1+1", "'@all, a text about tea", "'-5"]), ("o.jsonl", "", [])):
        result = run(path, "--out", tmp_path / name, "--csv-safe")
        assert result.exit_code == 0, result.output
        written = (tmp_path / name).read_text("utf-8")
        if row:
            assert list(csv.reader(written.splitlines())) == [["id", "text", first], row]
        else:
            assert json.loads(written) == {"id": "=1+1", "text": "@all, a text about tea", "=n": "-5"}
