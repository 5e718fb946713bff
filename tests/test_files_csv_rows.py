"""CSV, whole, odd and broken."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from test_files import only, put, rows

from dedup.errors import SettingsError
from dedup.files import ReadOptions, read


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
    raw = b"id,text,other\xff\n1,ok,\xff\n\xe9,caf\xe9,\n3,%b,\n" % "茶馆开张".encode()
    found = read(put(tmp_path / "a.csv", raw))
    assert rows(found) == [("1", "ok"), ("\ufffd", "caf\ufffd"), ("3", "茶馆开张")]
    assert only(found).row == 3
    assert "2 undecodable bytes" in only(found).reason


def test_a_field_of_50_mb_is_read(tmp_path: Path) -> None:
    """No default limit on a field applies, and the one of the process is as before."""
    before = csv.field_size_limit()
    path = put(tmp_path / "a.csv", 'id,text\n1,"' + ("x" * 99 + "\n") * 500_000 + '"\n2,x\n')
    found = read(path, ReadOptions(longest_text=50_000_000))
    assert found.table.column("id").to_pylist() == ["1", "2"]
    assert len(found.table.column("text")[0].as_py()) == 50_000_000
    assert csv.field_size_limit() == before


SPARK = r"""id,text
1,"he said \"hi\", then
left"
2,"\"q\""
3,plain
4,back\slash
5,"ends with quote \""
6,ends with \
7,"a \\\" b"
8,"C:\\dir\\, \"x\""
10,"中文，\"引\""
11,""
13,"two\\\\ slashes, and \""
"""
"""What Spark's `df.write.csv` makes of texts with quotes and backslashes."""


def test_backslash_escapes_of_spark_are_read(tmp_path: Path) -> None:
    """A backslash before a quote is no end of a field where the row is none otherwise."""
    found = read(put(tmp_path / "part-00000.csv", SPARK))
    assert rows(found) == [
        ("1", 'he said "hi", then\nleft'),
        ("2", '"q"'),
        ("3", "plain"),
        ("4", "back\\slash"),
        ("5", 'ends with quote "'),
        ("6", "ends with \\"),
        ("7", 'a \\" b'),
        ("8", 'C:\\dir\\, "x"'),
        ("10", '中文，"引"'),
        ("11", ""),
        ("13", 'two\\\\ slashes, and "'),
    ]
    assert found.problems == []


def test_rows_of_both_dialects(tmp_path: Path) -> None:
    """A backslash at the end of a field is one, and lines are counted as they lie."""
    content = 'id,text\n1,"C:\\dir\\"\n2,"a \\"b\\", c\nd"\n3,"C:\\x, y\\"\n4,"say ""hi"", you"\n5\n6,"\\"x\\""\n'
    content += '7,"open\n8,z\n'
    found = read(put(tmp_path / "a.csv", content))
    assert rows(found) == [
        ("1", "C:\\dir\\"),
        ("2", 'a "b", c\nd'),
        ("3", "C:\\x, y\\"),
        ("4", 'say "hi", you'),
        ("6", '"x"'),
        ("8", "z"),
    ]
    assert [problem.row for problem in found.problems] == [7, 9]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("suffix", ["csv", "tsv"])
def test_the_delimiter_is_found_in_the_first_line(tmp_path: Path, delimiter: str, suffix: str) -> None:
    """It is what makes the line hold the column of texts, whatever else the texts hold."""
    lines = [["id", "when", "text"], ["1", "2020", "a, b; c|d"], ["2", "2021", 'e\tf "g"']]
    with (tmp_path / f"a.{suffix}").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(lines)
    for name, texts in (("text", ["a, b; c|d", 'e\tf "g"']), ("when,text", ["2020\n\na, b; c|d", '2021\n\ne\tf "g"'])):
        found = read(tmp_path / f"a.{suffix}", ReadOptions(name))
        assert rows(found) == list(zip("12", texts, strict=True))
        assert found.problems == []


def test_the_delimiter_may_be_said(tmp_path: Path) -> None:
    """By an option, a tab as people write it too, or by the first line, as spreadsheets do."""
    for delimiter, said in (("~", "~"), ("\t", "\\t"), ("\t", "\t")):
        path = put(tmp_path / "a.csv", f"id{delimiter}text\n1{delimiter}a,b\n")
        assert rows(read(path, ReadOptions(delimiter=said))) == [("1", "a,b")]
    path = put(tmp_path / "b.csv", "sep=^\r\nid^text\r\n1^a,b\r\n2\r\n")
    found = read(path)
    assert rows(found) == [("1", "a,b")]
    assert only(found).row == 4
    for wrong in ("", ";;", '"', "\n"):
        with pytest.raises(SettingsError, match="delimiter must be one character such as"):
            ReadOptions(delimiter=wrong)


@pytest.mark.parametrize("header", [" id , text ", "ID;Text", "TEXT\tiD", '" Text"|id|"text "'])
def test_names_of_columns_with_blanks_and_capitals(tmp_path: Path, header: str) -> None:
    """They are taken for what is asked for, with a word; a name that is asked for exactly wins."""
    delimiter = next(one for one in ",;\t|" if one in header)
    fields = [{"id": "1", "text": "x"}.get(name.strip(' "').lower(), "") for name in header.split(delimiter)]
    found = read(put(tmp_path / "a.csv", f"{header}\n{delimiter.join(fields)}\n"))
    assert rows(found) == [("1", "x")]
    assert {problem.severity for problem in found.problems} == {"warning"}
    assert "is taken for" in found.problems[0].reason
    both = put(tmp_path / "b.csv", "id,TEXT, text,text\n1,a,b,c\n")
    assert rows(read(both)) == [("1", "c")]
    assert read(both).problems == []
    unclear = put(tmp_path / "c.csv", "id,TEXT,Text\n1,a,b\n")
    assert "there is no column 'text'; the columns are ['id', 'TEXT', 'Text']" in only(read(unclear)).reason


def test_tables_of_spreadsheets(tmp_path: Path) -> None:
    """UTF-16 with a mark, lines that end in carriage returns alone, empty columns at the end, and empty lines."""
    content = '\r\rid;text;;\r1;"a;\rb";;\r2;标题\r3;x;;;\r\r4;y;;n\r'
    found = read(put(tmp_path / "a.csv", content.encode("utf-16")))
    assert rows(found) == [("1", "a;\rb"), ("2", "标题"), ("3", "x"), ("4", "y")]
    assert found.problems == []


def test_a_table_without_names_is_refused(tmp_path: Path) -> None:
    """It is said what was taken for the names, and what to do."""
    found = read(put(tmp_path / "a.csv", "1,今日消息\n2,x\n"))
    assert rows(found) == []
    assert "the columns are ['1', '今日消息']" in only(found).reason
    assert "write them before it" in only(found).reason
