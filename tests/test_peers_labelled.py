"""`bench/peers_labelled.py`: tools run with a grid of settings, and the best of each is a row of a table."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import ROOT, script

BENCH = ROOT / "bench"


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    """The script."""
    return script("bench/peers_labelled.py")


def tried(bench: ModuleType, f1: float, clean_with_spam: int) -> object:
    """A setting that scored this."""
    one = bench.labels.Agreement(f1, f1)
    return bench.Tried({}, bench.labels.Score({"all": bench.labels.Part(10, 5, one, one)}, clean_with_spam, 1))


def test_the_table_has_a_row_for_each_tool(tmp_path: Path) -> None:
    """A corpus is labelled by this package and by exact hashing, and scored; costs are multiples of the first."""
    corpus = tmp_path / "corpus.parquet"
    texts = ["one and the same", "one and the same", "another", "a third"]
    pq.write_table(pa.table({"id": list("abcd"), "text": texts, "group": [1, 1, 2, 3]}), corpus)
    done = subprocess.run(
        [sys.executable, BENCH / "peers_labelled.py", corpus, "--tools", "dedup", "exact", "--cost"],
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    rows = [line.split(" | ") for line in done.stdout.splitlines()]
    assert next(row[2:7] for row in rows if row[0] == "| exact") == ["1", "1.000", "1.000", "1.000", "1.000"]
    assert any(row[0].startswith("| dedup 0") and row[5] == "1.000" for row in rows if len(row) > 5)
    assert any(row[0] == "| dedup" and row[1].startswith("1.0 (") for row in rows)


def test_the_best_setting_leaves_clean_articles_alone(bench: ModuleType) -> None:
    """The highest F1 of those that put at most one clean article in a hundred among others; if none does, of all."""
    careful, greedy = tried(bench, 0.5, 10), tried(bench, 0.9, 11)
    assert bench.best([careful, greedy], clean=1_000) is careful
    assert bench.best([greedy], clean=1_000) is greedy


def test_a_sample_has_all_articles_with_a_group(bench: ModuleType, tmp_path: Path) -> None:
    """Others make up the number, the same each time; without a number the corpus is taken as it is."""
    path, out = tmp_path / "corpus.parquet", tmp_path / "sample.parquet"
    ids = [f"{number}" for number in range(50)]
    groups = ["x" if number % 10 == 0 else "" for number in range(50)]
    pq.write_table(pa.table({"id": ids, "text": ids, "group": groups}), path)
    assert bench.sample(path, None, out) == path
    first = pq.read_table(bench.sample(path, 12, out))["id"].to_pylist()
    assert len(first) == 12 and {"0", "10", "20", "30", "40"} <= set(first)
    assert pq.read_table(bench.sample(path, 12, out))["id"].to_pylist() == first


def test_every_tool_has_its_pins(bench: ModuleType) -> None:
    """Each place is a file of `tools/peers` that pins versions, and no setting stands twice."""
    for name, tool in bench.TOOLS.items():
        assert tool.place is None or "==" in (BENCH.parent / "tools" / "peers" / f"{tool.place}.txt").read_text(), name
        assert len({str(sorted(one.items())) for one in tool.tried}) == len(tool.tried)
