"""`bench/labels.py`: labels of any tool are scored as the literature defines it, and wrong files are told apart."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import combinations
from pathlib import Path
from types import ModuleType

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq
import pytest
from conftest import ROOT, script
from hypothesis import given
from hypothesis import strategies as st

SCRIPT = ROOT / "bench" / "labels.py"
CORPUS = {
    "id": ["a", "b", "c", "d", "e", "f"],
    "text": ["one", "two", "three", "four", "five\nlines", "six"],
    "group": ["1", "1", "1", "2", "", ""],
    "kind": ["spun", "spun", "spun", "spun", "clean", "clean"],
    "lang": ["zh", "zh", "zh", "en", "en", "en"],
}


@pytest.fixture(scope="module")
def labels() -> ModuleType:
    """The script."""
    return script("bench/labels.py")


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Three articles of one group, one of another, and two clean ones that are not judged."""
    path = tmp_path / "corpus.parquet"
    pq.write_table(pa.table(CORPUS), path)
    return path


def write(path: Path, columns: dict[str, list[str | None]]) -> Path:
    """A file of the kind that its name says."""
    table = pa.table(columns)
    if path.suffix == ".csv":
        pc_csv.write_csv(table, path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in table.to_pylist()))
    else:
        pq.write_table(table, path)
    return path


def slow_pairs(labels: list[int], groups: list[int]) -> tuple[float, float]:
    """Every pair, one after the other."""
    found = {(i, j) for i, j in combinations(range(len(labels)), 2) if labels[i] == labels[j]}
    right = {(i, j) for i, j in combinations(range(len(labels)), 2) if groups[i] == groups[j]}
    return (len(found & right) / len(found) if found else 1, len(found & right) / len(right) if right else 1)


def slow_b_cubed(labels: list[int], groups: list[int]) -> tuple[float, float]:
    """Every article's cluster and group as sets."""
    precision = recall = 0.0
    for label, group in zip(labels, groups, strict=True):
        cluster = {i for i, other in enumerate(labels) if other == label}
        source = {i for i, other in enumerate(groups) if other == group}
        precision += len(cluster & source) / len(cluster) / len(labels)
        recall += len(cluster & source) / len(source) / len(labels)
    return precision, recall


def test_the_textbook_example(labels: ModuleType) -> None:
    """Bagga and Baldwin's twelve: groups of five, two and five; joining the two of five makes 25 of 46 pairs wrong."""
    groups = np.array([0] * 5 + [1] * 2 + [2] * 5)
    joined = np.array([0] * 5 + [1] * 2 + [0] * 5)
    assert labels.b_cubed(joined, groups) == pytest.approx(((10 * 0.5 + 2) / 12, 1.0))
    assert labels.over_pairs(joined, groups) == pytest.approx((21 / 46, 1.0))


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=20))
def test_measures_are_those_of_the_definitions(labels: ModuleType, drawn: list[tuple[int, int]]) -> None:
    """Both measures are what counting pairs and articles one by one gives."""
    label, group = map(list, zip(*drawn, strict=True))
    assert labels.over_pairs(np.array(label), np.array(group)) == pytest.approx(slow_pairs(label, group))
    assert labels.b_cubed(np.array(label), np.array(group)) == pytest.approx(slow_b_cubed(label, group))


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl"])
def test_a_file_of_labels_is_scored(corpus: Path, tmp_path: Path, suffix: str) -> None:
    """The command takes each kind of file in any order, and says all measures, also of each language."""
    rows = {"id": list("fedcba"), "label": ["x", "x", "y", "y", "z", "z"]}
    found = write(tmp_path / f"labels{suffix}", rows)
    done = subprocess.run(
        [sys.executable, SCRIPT, found, "--corpus", corpus, "--json"], capture_output=True, text=True, check=True
    )
    result = json.loads(done.stdout)
    assert result["clean_with_spam"] == 0 and result["largest_clean"] == 2
    assert {name: part["articles"] for name, part in result["parts"].items()} == {"all": 4, "en": 1, "zh": 3}
    assert result["parts"]["all"]["pairs"] == pytest.approx({"precision": 0.5, "recall": 1 / 3, "f1": 0.4})
    b_cubed = {"precision": 0.75, "recall": (2 / 3 + 2 / 3 + 1 / 3 + 1) / 4}
    assert result["parts"]["all"]["b_cubed"] == pytest.approx({**b_cubed, "f1": 2 * 0.75 / (0.75 + 2 / 3) * 2 / 3})


def test_clean_articles_among_spam_are_counted(labels: ModuleType, corpus: Path) -> None:
    """A clean article under a label with one that is not clean counts, another does not."""
    result = labels.score(np.array([0, 0, 0, 1, 1, 2]), labels.read_truth(corpus))
    assert (result.clean_with_spam, result.largest_clean) == (1, 1)
    assert "| all | 4 | 2 | 1.000 | 1.000 | 1.000 | 1.000 | 1.000 | 1.000 |" in list(labels.lines(result))


def test_groups_are_numbered_anew_in_each_campaign(labels: ModuleType, tmp_path: Path) -> None:
    """Group 1 of two campaigns is two groups; where there are no kinds nothing is said of clean articles."""
    columns = {"id": ["1", "2", "3"], "group": ["1", "1", "1"], "campaign": ["a", "a", "b"]}
    truth = labels.read_truth(write(tmp_path / "corpus.csv", columns))
    assert truth.group.tolist() == [0, 0, 1] and truth.clean is None
    assert labels.score(np.array([0, 0, 0]), truth)[1:] == (None, None)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ({"id": list("abcd"), "label": list("1234")}, r"2 articles \('e', 'f'\) of the corpus without a label"),
        ({"id": list("abcdef"), "label": ["1", "2", "3", "4", "5", None]}, r"1 article \('f'\) of the corpus without"),
        ({"id": list("abcdeffx"), "label": list("12345678")}, r"1 article \('f'\) more than once: 8 rows, 7 ids"),
        ({"id": list("abcdefghij"), "label": list("1234567890")}, r"4 articles \('g', 'h', 'i', …\) not in the corpus"),
        ({"id": [*"abcde", None], "label": list("123456")}, "1 rows without an id"),
        ({"url": list("abcdef"), "label": list("123456")}, r"no column 'id', only 'url', 'label'"),
    ],
    ids=["missing", "no label", "double", "unknown", "no id", "no column"],
)
def test_what_is_wrong_with_labels_is_named(
    labels: ModuleType, corpus: Path, tmp_path: Path, rows: dict[str, list[str | None]], said: str
) -> None:
    """Missing, double and unknown ids, and missing columns, are errors that name them."""
    truth = labels.read_truth(corpus)
    with pytest.raises(labels.LabelsError, match=said):
        labels.read_labels(write(tmp_path / "labels.parquet", rows), truth.ids)


@pytest.mark.parametrize(("name", "said"), [("labels.txt", "must end in one of"), ("none.csv", "No such file")])
def test_a_file_that_cannot_be_read_is_an_error(corpus: Path, tmp_path: Path, name: str, said: str) -> None:
    """The command ends with one sentence and no traceback."""
    command = [sys.executable, SCRIPT, tmp_path / name, "--corpus", corpus]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and said in done.stderr and "Traceback" not in done.stderr


def test_ids_are_compared_as_they_are_written(labels: ModuleType, tmp_path: Path) -> None:
    """An id 007 is not 7, numbers are as good as strings, and a group called NA is one."""
    corpus = write(tmp_path / "corpus.csv", {"id": ["007", "7"], "group": ["NA", "NA"]})
    truth = labels.read_truth(corpus)
    assert truth.ids == ["007", "7"] and truth.group.tolist() == [0, 0]
    pq.write_table(pa.table({"id": [8, 9], "label": pa.array(["x", "x"]).dictionary_encode()}), tmp_path / "8.parquet")
    assert labels.read_labels(tmp_path / "8.parquet", ["9", "8"]).tolist() == [0, 0]
