"""Columns that the folders of a path give, as Hive, Spark, DuckDB and pyarrow write them."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from test_files import only, put

from dedup.cli import main
from dedup.files import read
from dedup.files.hive import hive_values

TEA = "上周末我们去山里喝茶，天气很好，大家都玩得很开心，回家的路上还看见了彩虹"
ROWS = pa.table({
    "id": ["a", "b", "c", "d"],
    "text": [TEA, f"{TEA}。", f"{TEA}！", "قرأت كتابا جميلا عن البحر والسفن في الصباح"],
    "lang": ["zh/繁", "zh/繁", "ja 日", None],
})  # fmt: skip


def test_what_folders_say() -> None:
    """Names and values, with escapes; the last of two of one name, and nothing of the name of the file."""
    found = hive_values(
        Path("crawl/lang=zh%2FHant/date=2026-11-01/none=__HIVE_DEFAULT_PARTITION__/a=b=c/=x/k=v.parquet")
    )
    assert found == {"lang": "zh/Hant", "date": "2026-11-01", "none": None, "a": "b=c"}
    assert hive_values(Path("plain/a.md")) == {}


@pytest.mark.parametrize("writer", ["pyarrow", "duckdb"])
def test_columns_of_folders_are_read(tmp_path: Path, writer: str) -> None:
    """Where they are asked for, as text, with the one that stands for null."""
    if writer == "pyarrow":
        ds.write_dataset(ROWS, tmp_path / "in", format="parquet", partitioning=["lang"], partitioning_flavor="hive")
    else:
        duckdb.from_arrow(ROWS).write_parquet(str(tmp_path / "in"), partition_by=["lang"])
    found = read(tmp_path / "in", columns=["lang"])
    assert found.problems == []
    assert found.table.schema.field("lang").type == pa.large_string()
    assert found.table.select(["id", "text", "lang"]).sort_by("id").to_pylist() == ROWS.to_pylist()
    assert read(tmp_path / "in").table.column_names == ["id", "text"]


def test_every_kind_of_file_has_them(tmp_path: Path) -> None:
    """Documents, too; they come in the order asked for, and count before what the file says, as in Spark."""
    put(tmp_path / "lang=zh" / "a.md", "文章")
    put(tmp_path / "lang=en" / "b.jsonl", json.dumps({"id": "b", "text": "article", "n": 5, "lang": "xx"}))
    put(tmp_path / "lang=en" / "c.csv.gz", "text,n\narticle,6\n")
    found = read(tmp_path, columns=["n", "lang"])
    assert found.problems == []
    assert found.table.column_names == ["id", "text", "n", "lang"]
    assert found.table.drop_columns("text").to_pylist() == [
        {"id": "b", "n": "5", "lang": "en"},
        {"id": "lang=en/c:0", "n": "6", "lang": "en"},
        {"id": "lang=zh/a", "n": None, "lang": "zh"},
    ]
    assert "no column 'site'" in only(read(tmp_path / "lang=en" / "c.csv.gz", columns=["site"])).reason


def test_within_a_column_of_folders(tmp_path: Path) -> None:
    """Only articles of the same folder are compared; a folder may be named itself."""
    ds.write_dataset(ROWS, tmp_path / "in", format="parquet", partitioning=["lang"], partitioning_flavor="hive")
    out = tmp_path / "out.parquet"
    for paths in ([tmp_path / "in"], sorted((tmp_path / "in").iterdir())):
        result = CliRunner().invoke(
            main, ["cluster", *map(str, paths), "--out", str(out), "--within", "lang", "--near-copies", "--quiet"]
        )
        assert result.exit_code == 0, result.output
        labels = dict(zip(*pq.read_table(out, columns=["id", "label"]).to_pydict().values(), strict=True))
        assert labels == {"a": "a", "b": "a", "c": "c", "d": "d"}


def test_rules_may_use_a_column_of_folders(tmp_path: Path) -> None:
    """The newest row by the date of its folder, the best by its source."""
    put(tmp_path / "date=2026-11-02" / "a.jsonl", json.dumps({"id": "a", "text": TEA}))
    put(tmp_path / "date=2026-11-09" / "b.jsonl", json.dumps({"id": "b", "text": f"{TEA}。"}))
    pq.write_table(pa.table({"id": ["c"], "text": [TEA]}), put(tmp_path / "date=2026-11-05" / "c.parquet", ""))
    for rule, kept in (("newest:date", "b"), ("oldest:date", "a"), ("source:date:2026-11-05", "c")):
        out = tmp_path / "out.jsonl"
        result = CliRunner().invoke(
            main, ["unique", str(tmp_path), "--out", str(out), "--keep", rule, "--near-copies", "--quiet"]
        )
        assert result.exit_code == 0, result.output
        assert [json.loads(line)["id"] for line in out.read_text("utf-8").splitlines()] == [kept]
