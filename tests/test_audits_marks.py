"""The pairs of an audit as CSV, written and read again as spreadsheets leave it."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from dedup.audits import marks
from dedup.audits.marks import Mark
from dedup.errors import FileError

ROWS = [
    ("鐵觀音/1", "=1+2", "0.1", "joined, 0.1 to 0.2", "鐵觀音", "(none)", 'says "好"', "two, three", ""),
    ("a;b", "كتاب/4\t😀", "0.2", "apart, 0.1 to 0.2", "(none)", "كتاب", "lone \ud83d", "いろは\n한글", ""),
]


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    """Ids of any script, with commas, quotes and line breaks around them; a byte order mark first, for Excel."""
    path = tmp_path / "pairs.csv"
    marks.write(path, ROWS)
    assert path.read_bytes().startswith(b"\xef\xbb\xbfa,b,similarity,stratum,")
    assert marks.read(path) == [Mark("鐵觀音/1", "=1+2", -1), Mark("a;b", "كتاب/4\t😀", -1)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("head", ["", "\ufeff"])
def test_spreadsheets_save_what_they_like(tmp_path: Path, delimiter: str, head: str) -> None:
    """Other delimiters, other line ends, columns moved, empty rows."""
    rows = [["right", "b", "a"], ["y", "二", "一"], ["N", "四", "三"], ["", "", ""], ["", "六", "五"]]
    (tmp_path / "m.csv").write_text(
        head + "\r\n".join(delimiter.join(row) for row in rows), encoding="utf-8", newline=""
    )
    assert marks.read(tmp_path / "m.csv") == [Mark("一", "二", 1), Mark("三", "四", 0), Mark("五", "六", -1)]


@pytest.mark.parametrize(
    ("said", "right"),
    [("y", 1), (" Yes ", 1), ("1", 1), ("TRUE", 1), ("是", 1), ("對", 1), ("n", 0), ("0", 0), ("错", 0), ("?", -1)],
)
def test_a_mark_may_be_written_in_several_ways(tmp_path: Path, said: str, right: int) -> None:
    """In English and Chinese."""
    (tmp_path / "m.csv").write_text(f"a,b,right\n1,2,{said}\n", encoding="utf-8")
    assert marks.read(tmp_path / "m.csv") == [Mark("1", "2", right)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b,right\n1,2,y\n3,4,maybe\n", "line 3 has the mark 'maybe'; write y"),
        ("a,b\n1,2\n", "there is no column 'right' in"),
        ("", "there is no column 'a' in"),
        ("a,b,right\n1,2\n", "line 2 has 2 columns"),
    ],
)
def test_what_means_nothing_is_refused(tmp_path: Path, text: str, words: str) -> None:
    """With the line, and what is allowed."""
    (tmp_path / "m.csv").write_text(text, encoding="utf-8")
    with pytest.raises(FileError, match=words):
        marks.read(tmp_path / "m.csv")


def test_another_encoding_is_refused(tmp_path: Path) -> None:
    """As Excel saves plain CSV in China; nothing is guessed."""
    (tmp_path / "m.csv").write_bytes("a,b,right\n一,二,y\n".encode("gbk"))
    with pytest.raises(FileError, match="save it as CSV UTF-8"):
        marks.read(tmp_path / "m.csv")
    with pytest.raises(FileError, match="No such file"):
        marks.read(tmp_path / "missing.csv")


def test_marks_of_safe_csv_have_the_ids_that_were_written(tmp_path: Path) -> None:
    """Formulas have an apostrophe in the file, and none when it is read."""
    ids = ["=a", "'=b", "c", "@d"]
    for csv_safe in (False, True):
        rows = [(a, b, 0.5, "", "", "", "text", "=text", "y") for a, b in pairwise(ids)]
        marks.write(tmp_path / "m.csv", rows, csv_safe=csv_safe)
        assert [mark[:2] for mark in marks.read(tmp_path / "m.csv")] == list(pairwise(ids))
    assert ",=text," not in (tmp_path / "m.csv").read_text("utf-8-sig")
