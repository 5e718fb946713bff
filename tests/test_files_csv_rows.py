"""CSV, whole, odd and broken."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from test_files import only, put, rows

from dedup.files import read


def test_a_textbook_csv_is_read(tmp_path: Path) -> None:
    """Quotes, newlines in quotes, doubled quotes, columns in any order and others between, CRLF, NUL and a mark."""
    content = '\ufefftext,date,id\r\n"a, ""b""\r\nc",2020,1\r\n\r\nplain,2021,2\r\n,,\r\nn\x00ul,2022,NA'
    found = read(put(tmp_path / "a.csv", content))
    assert rows(found) == [("1", 'a, "b"\r\nc'), ("2", "plain"), ("a:2", ""), ("NA", "n\x00ul")]
    assert found.problems == []


def test_rows_of_another_width_are_problems(tmp_path: Path) -> None:
    """A row with too many or too few fields is left out with the number of its line, counting lines in quotes."""
    found = read(put(tmp_path / "a.csv", 'id,text\n1,"x\ny"\n2\n3,a,b\n,z\n'))
    assert rows(found) == [("1", "x\ny"), ("a:3", "z")]
    assert [(problem.row, problem.severity) for problem in found.problems] == [(4, "error"), (5, "error")]
    assert found.problems[0].reason == "the row has 1 field, the line of column names 2"


@pytest.mark.parametrize("rest", ['4,"d ""q"""\n5,"e\ne"\n6,""', '4,d ""q""\n5,""""\n6,"f"'])
def test_an_unclosed_quote_costs_one_row(tmp_path: Path, rest: str) -> None:
    """A quote that is never closed swallows neither the rest of the file nor the rows up to the next quote."""
    found = read(put(tmp_path / "a.csv", 'id,text\n1,a\n2,"open\n3,c\n' + rest))
    assert [name for name, _ in rows(found)] == ["1", "3", "4", "5", "6"]
    assert only(found).row == 3
    assert "quotes in this row do not match" in only(found).reason


def test_text_after_a_closing_quote_is_kept(tmp_path: Path) -> None:
    """Sloppy quotes on one line are read as all readers do."""
    found = read(put(tmp_path / "a.csv", 'id,text\n1,"a" b\n2,5" pipe\n3,"c"'))
    assert rows(found) == [("1", "a b"), ("2", '5" pipe'), ("3", "c")]
    assert found.problems == []


def test_an_unclosed_quote_in_the_header_is_a_problem(tmp_path: Path) -> None:
    """Without column names nothing can be read."""
    assert "quotes in the line of column names" in only(read(put(tmp_path / "a.csv", 'id,"text\n1,a\n'))).reason


def test_undecodable_csv_is_mended(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 become U+FFFD in the columns asked for, with the line of the first."""
    found = read(put(tmp_path / "a.csv", b"id,text,other\xff\n1,ok,\xff\n\xe9,caf\xe9,\n"))
    assert rows(found) == [("1", "ok"), ("\ufffd", "caf\ufffd")]
    assert only(found).row == 3
    assert "2 undecodable bytes" in only(found).reason


def test_a_field_of_50_mb_is_read(tmp_path: Path) -> None:
    """No default limit on a field applies, and the one of the process is as before."""
    before = csv.field_size_limit()
    found = read(put(tmp_path / "a.csv", 'id,text\n1,"' + ("x" * 99 + "\n") * 500_000 + '"\n2,x\n'))
    assert found.table.column("id").to_pylist() == ["1", "2"]
    assert len(found.table.column("text")[0].as_py()) == 50_000_000
    assert csv.field_size_limit() == before
