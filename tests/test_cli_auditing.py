"""`dedup audit`: pairs written, marks read, and what is printed of them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from dedup.cli import main

EXAMPLES = Path(__file__).parents[1] / "examples" / "articles"


def run(*arguments: str | Path) -> Result:
    """`dedup audit` with these arguments, in this process."""
    return CliRunner().invoke(main, ["audit", *map(str, arguments)])


def marked(path: Path) -> Path:
    """The same pairs with marks: what has tea in it belongs together."""
    rows = list(csv.reader(path.read_text("utf-8-sig").splitlines()))
    for row in rows[1:]:
        row[-1] = "y" if row[0][:3] == row[1][:3] else "n"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def test_pairs_are_written_and_their_marks_read(tmp_path: Path) -> None:
    """The whole way: a file of pairs, marks in it, and what they say."""
    path = tmp_path / "pairs.csv"
    result = run(EXAMPLES, "--out", path, "--threshold", "0.08")
    assert result.exit_code == 0, result.output
    assert "pairs to be marked" in result.output
    assert "What each source loses" in result.output
    result = run(EXAMPLES, "--marks", marked(path), "--threshold", "0.08")
    assert result.exit_code == 0, result.output
    for words in ("precision", "By similarity", "By source", "What another threshold would do"):
        assert words in result.output


def test_the_same_articles_give_the_same_pairs(tmp_path: Path) -> None:
    """To the byte; as a page, too."""
    for name in ("one.csv", "two.csv", "one.html", "two.html"):
        assert run(EXAMPLES, "--out", tmp_path / name, "--pairs", "5").exit_code == 0
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()


def test_json_has_every_figure(tmp_path: Path) -> None:
    """One object, before and after marking."""
    path = tmp_path / "pairs.csv"
    before = json.loads(run(EXAMPLES, "--out", path, "--json").output)
    assert before["strata"][0] == {"name": "joined, 0.092 to 0.138", "pairs": 7, "sampled": 7}
    found = json.loads(run(EXAMPLES, "--marks", marked(path), "--json").output)
    assert found["marked"] == 11
    assert found["precision"] == {"value": 1, "low": 1, "high": 1}
    assert {row["name"] for row in found["by_source"]} == {"(none)"}
    assert found["thresholds"][2]["threshold"] == 0.092
    assert found["losses"] == [{"source": "(none)", "articles": 14, "lost": 5, "share": 5 / 14}]


def test_a_column_tells_the_source(tmp_path: Path) -> None:
    """`--by` names it."""
    texts = [path.read_text("utf-8") for path in sorted(EXAMPLES.glob("tea-*.md"))]
    pq.write_table(
        pa.table({"id": list("abcde"), "text": texts, "domain": ["x", "x", "y", "y", None]}), tmp_path / "a.pq"
    )
    found = json.loads(run(tmp_path / "a.pq", "--by", "domain", "--out", tmp_path / "p.csv", "--json").output)
    assert {row["source"]: row["articles"] for row in found["losses"]} == {"x": 2, "y": 2, "(none)": 1}
    result = run(tmp_path / "a.pq", "--by", "host", "--out", tmp_path / "p.csv")
    assert result.exit_code == 1
    assert "host" in result.output


def test_near_copies_are_audited_at_their_own_threshold(tmp_path: Path) -> None:
    """Nearly joined is from 0.35 on."""
    result = run(EXAMPLES, "--near-copies", "--out", tmp_path / "pairs.csv")
    assert result.exit_code == 0, result.output
    assert "apart, 0.525 to 0.7" in result.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "give --out FILE"),
        (["--out", "{folder}/pairs.xlsx"], "the suffix must be one of"),
        (["--out", "{folder}/a.csv", "--marks", "{folder}/a.csv"], "would replace the marks"),
        (["--out", "{folder}/a.csv", "--pairs", "0"], "pairs must be a whole number"),
        (["--out", "{folder}/a.csv", "--threshold", "80"], "for 80 % write 0.8"),
    ],
)
def test_bad_usage_writes_nothing(tmp_path: Path, arguments: list[str], words: str) -> None:
    """Exit code 2, with what to do."""
    result = run(EXAMPLES, *(one.format(folder=tmp_path) for one in arguments))
    assert result.exit_code == 2
    assert words in result.output
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    """No marks, or no articles: exit code 1."""
    (tmp_path / "marks.csv").write_text("a,b,right\ntea-1,tea-2,perhaps\n", encoding="utf-8")
    result = run(EXAMPLES, "--marks", tmp_path / "marks.csv")
    assert result.exit_code == 1
    assert "'perhaps'; write y for right" in result.output
    result = run(tmp_path / "nothing", "--out", tmp_path / "pairs.csv")
    assert result.exit_code == 1
    assert not (tmp_path / "pairs.csv").exists()
