"""Labels read again: as they were written, or a sentence that says what is wrong."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dedup.errors import FileError
from dedup.files import labels, write

NAMES = ["春茶", "null", "nan", "1e5", "2024-01-01", '古樹,"茶"\n餅', "카페", "🍵", ""]


@pytest.mark.parametrize("suffix", ["parquet", "pq", "csv", "jsonl", "ndjson", "json"])
def test_what_a_run_wrote_is_read_as_it_was(tmp_path: Path, suffix: str) -> None:
    """Ids that look like numbers, dates or nothing are ids; a similarity may be missing."""
    table = pa.table(
        {"id": NAMES, "label": NAMES[::-1], "size": [1] * len(NAMES), "similarity": [None, *[0.1] * (len(NAMES) - 1)]}
    )
    write(table, tmp_path / f"labels.{suffix}")
    assert labels(tmp_path / f"labels.{suffix}").to_pylist() == table.drop(["size"]).to_pylist()


@pytest.mark.parametrize("suffix", ["parquet", "csv", "jsonl"])
def test_numbers_as_ids_are_text(tmp_path: Path, suffix: str) -> None:
    """A result without ids has positions; every format gives the same."""
    write(pa.table({"id": [7, 8], "label": [7, 7], "similarity": [1.0, 0.5]}), tmp_path / f"labels.{suffix}")
    assert labels(str(tmp_path / f"labels.{suffix}")).column("id").to_pylist() == ["7", "8"]


def test_numbers_and_texts_may_stand_together_in_lines(tmp_path: Path) -> None:
    """JSON has a type a value; a similarity may be a whole number."""
    lines = [{"id": 7, "label": "a", "similarity": 1}, {"id": "a", "label": "a", "similarity": 0.5}]
    (tmp_path / "labels.jsonl").write_text("\ufeff" + "\n\n".join(map(json.dumps, lines)), "utf-8")
    assert labels(tmp_path / "labels.jsonl").to_pylist() == [lines[0] | {"id": "7"}, lines[1]]


def test_categories_and_numbers_of_other_kinds_are_read(tmp_path: Path) -> None:
    """As pandas writes them; what is no number is a similarity that is missing."""
    ids = pa.array(["a", "b"]).dictionary_encode()
    table = pa.table({"id": ids, "label": ids, "similarity": pa.array([float("nan"), 1], pa.float32())})
    pq.write_table(table, tmp_path / "labels.parquet")
    assert labels(tmp_path / "labels.parquet").to_pydict() == {
        "id": ["a", "b"],
        "label": ["a", "b"],
        "similarity": [None, 1.0],
    }


def test_the_name_of_a_folder_is_no_column(tmp_path: Path) -> None:
    """A folder called as the parts of a partitioned table are."""
    (tmp_path / "label=1").mkdir()
    pq.write_table(pa.table({"id": ["a"], "label": ["a"], "similarity": [1.0]}), tmp_path / "label=1" / "x.parquet")
    assert labels(tmp_path / "label=1" / "x.parquet").column("label").to_pylist() == ["a"]


@pytest.mark.parametrize("content", ["id,label,similarity\n", '"id","label","similarity"\n'])
def test_no_rows_are_an_empty_table(tmp_path: Path, content: str) -> None:
    """Nothing is wrong with it."""
    (tmp_path / "labels.csv").write_text(content)
    assert len(labels(tmp_path / "labels.csv")) == 0


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"id": [[1]]}, "the column 'id' holds list<"),
        ({"id": [{"a": 1}]}, "the column 'id' holds struct<"),
        ({"label": [1.5]}, "the column 'label' holds double, not text or whole numbers"),
        ({"label": [b"\xff"]}, "the column 'label' holds binary"),
        ({"similarity": ["high"]}, "the column 'similarity' holds string, not numbers"),
        ({"similarity": ["0.5"]}, "the column 'similarity' holds string, not numbers"),
        ({"similarity": [True]}, "the column 'similarity' holds bool, not numbers"),
        ({"id": [None]}, "row 1 has no id; give the articles ids"),
        ({"label": pa.array([None], pa.string())}, "row 1 has no label; give the articles ids"),
    ],
)
def test_other_values_are_refused(tmp_path: Path, columns: dict[str, Any], words: str) -> None:
    """The file and the column are named."""
    table = pa.table({"id": ["a"], "label": ["a"], "similarity": [1.0]} | columns)
    pq.write_table(table, tmp_path / "labels.parquet")
    with pytest.raises(FileError, match=r"cannot read labels from '.*labels\.parquet'") as caught:
        labels(tmp_path / "labels.parquet")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x.csv", "", "Empty CSV file"),
        ("x.csv", "id,label,similarity\na,a,high\n", "invalid value 'high'"),
        ("x.csv", "id,label,similarity\na,a,1\nb\n", "Expected 3 columns"),
        ("x.csv", "id,label,similarity\na,a,1\n,a,1\n", "row 2 has no id"),
        ("x.csv", "id,id,label,similarity\na,b,c,1\n", "2 columns are called 'id'; rename all but one"),
        ("x.csv", "id,text\na,b\n", "there is no column 'label' among ['id', 'text']"),
        ("x.csv", b"id,label,similarity\n\xff,a,1\n", "UTF8"),
        ("x.jsonl", "[1]", "row 1 must be a JSON object, got [1]"),
        ("x.jsonl", '\n{"id": ', "row 2 is not a JSON object on one line"),
        ("x.jsonl", "[" * 100_000, "row 1 is not a JSON object on one line"),
        ("x.jsonl", b"\xff", "can't decode"),
        ("x.jsonl", '{"id": "a", "label": "a"}', "there is no column 'similarity'"),
        ("x.jsonl", '{"id": null, "label": "a", "similarity": 1}', "row 1 has no id"),
        ("x.jsonl", '{"id": ["a"], "label": "a", "similarity": 1}', "the column 'id' holds list<"),
        ("x.jsonl", '{"id": true, "label": "a", "similarity": 1}', "the column 'id' holds bool"),
        ("x.jsonl", '{"id": "a", "label": "a", "similarity": "1"}', "the column 'similarity' holds"),
        ("x.jsonl", '{"id": "\\ud800", "label": "a", "similarity": 1}', "surrogates not allowed"),
        ("x.parquet", "PAR1", "cannot read"),
        ("x.xlsx", "", "the suffix must be one of .parquet"),
    ],
)
def test_files_of_other_kinds_are_refused(tmp_path: Path, name: str, content: str | bytes, words: str) -> None:
    """Whatever is wrong is an error that names the file, and no other."""
    (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(FileError, match=name) as caught:
        labels(tmp_path / name)
    assert words in str(caught.value)


@pytest.mark.parametrize("suffix", ["parquet", "csv", "jsonl"])
def test_what_is_not_there_or_no_file_is_refused(tmp_path: Path, suffix: str) -> None:
    """A missing file, and a folder."""
    (tmp_path / f"folder.{suffix}").mkdir()
    for name in ("missing", "folder"):
        with pytest.raises(FileError, match=f"cannot read labels from '.*{name}.{suffix}'"):
            labels(tmp_path / f"{name}.{suffix}")


@pytest.mark.parametrize("column", ["id", "label", "campaign"])
def test_texts_that_are_no_utf8_are_refused(tmp_path: Path, column: str) -> None:
    """Parquet gives them as they are; whoever reads the labels later would fail."""
    broken = pa.Array.from_buffers(pa.string(), 1, pa.array([b"\xff\xfe"]).buffers())
    rows = {"id": ["a"], "label": ["a"], "similarity": [1.0], "campaign": ["a"]} | {column: broken}
    pq.write_table(pa.table(rows), tmp_path / "labels.parquet")
    with pytest.raises(FileError, match=r"cannot read labels from .*UTF8"):
        labels(tmp_path / "labels.parquet")


def test_columns_called_the_same_are_refused(tmp_path: Path) -> None:
    """Parquet can hold them."""
    table = pa.Table.from_arrays([pa.array(["a"])] * 4, names=["id", "label", "label", "similarity"])
    pq.write_table(table, tmp_path / "x.parquet")
    with pytest.raises(FileError, match="2 columns are called 'label'"):
        labels(tmp_path / "x.parquet")


def test_labels_of_a_nightly_job_are_a_folder(tmp_path: Path) -> None:
    """Its files in order, whether the folder of labels is named or the one it lies in."""
    (tmp_path / "out" / "labels").mkdir(parents=True)
    for number, name in enumerate(["b", "a"]):
        table = pa.table({"id": [name], "label": [name], "size": [1], "similarity": [1.0], "cluster": [name]})
        write(table, tmp_path / "out" / "labels" / f"part-{number:05}.parquet")
    for path in (tmp_path / "out", tmp_path / "out" / "labels"):
        assert labels(path).column("id").to_pylist() == ["b", "a"]


def test_a_folder_without_labels_is_refused(tmp_path: Path) -> None:
    """With what to name."""
    with pytest.raises(FileError, match="there is no Parquet file in this folder; name what dedup cluster --out wrote"):
        labels(tmp_path)


@pytest.mark.parametrize("suffix", ["parquet", "csv", "jsonl"])
def test_campaigns_are_read_where_there_are_some(tmp_path: Path, suffix: str) -> None:
    """As text, whatever they are called."""
    table = pa.table({"id": [7, 8], "label": [7, 8], "similarity": [1.0, 1.0], "campaign": [8, 8]})
    write(table, tmp_path / f"labels.{suffix}")
    found = labels(tmp_path / f"labels.{suffix}")
    assert found.column_names == ["id", "label", "similarity", "campaign"]
    assert found["campaign"].to_pylist() == ["8", "8"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x.csv", "id,label,similarity,campaign\na,a,1,\n", "row 1 has no campaign"),
        ("x.csv", "id,label,similarity,campaign,campaign\na,a,1,a,a\n", "2 columns are called 'campaign'"),
        (
            "x.jsonl",
            '{"id": "a", "label": "a", "similarity": 1, "campaign": "a"}\n{"id": "b", "label": "b", "similarity": 1}',
            "row 2 has no campaign, which the first one has",
        ),
    ],
)
def test_campaigns_that_are_none_are_refused(tmp_path: Path, name: str, content: str, words: str) -> None:
    """Every row has one, and there is one column of them."""
    (tmp_path / name).write_text(content)
    with pytest.raises(FileError) as caught:
        labels(tmp_path / name)
    assert words in str(caught.value)


def test_a_similarity_beyond_all_numbers_is_refused(tmp_path: Path) -> None:
    """JSON may have a number of any size; one of an id is its digits."""
    path = tmp_path / "labels.jsonl"
    path.write_text(f'{{"id": {10**50}, "label": {10**50}, "similarity": {10**400}}}\n')
    with pytest.raises(FileError, match=r"row 1 has the similarity 10.*, which is beyond all numbers"):
        labels(path)
    path.write_text(f'{{"id": {10**50}, "label": {10**50}, "similarity": {10**300}}}\n')
    assert labels(path).to_pylist() == [{"id": str(10**50), "label": str(10**50), "similarity": 1e300}]


FORMULAS = ["=cmd|calc", "+1", "-1", "@a", "\ta", "\ra", "\na", "＝a", "'＠a", "'=a", "''=a", "'a", "a=b", "", "茶"]


def test_csv_that_is_safe_is_read_as_it_was(tmp_path: Path) -> None:
    """No cell is a formula, and ids come back; also of a file of which nobody asked that it be safe."""
    table = pa.table({"id": FORMULAS, "label": FORMULAS[::-1], "similarity": [-0.5] * len(FORMULAS)})
    for csv_safe in (False, True):
        write(table, tmp_path / "labels.csv", csv_safe=csv_safe)
        assert labels(tmp_path / "labels.csv").to_pylist() == table.to_pylist()
    with (tmp_path / "labels.csv").open(newline="", encoding="utf-8") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not [cell for cell in cells if cell[:1] in tuple("=+-@＝＋－＠\t\r\n") and cell != "-0.5"]
