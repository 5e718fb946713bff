"""JSON Lines, whole, odd and broken."""

from __future__ import annotations

from pathlib import Path

from test_files import only, put, rows

from dedup.files import read


def test_a_bad_line_costs_only_itself(tmp_path: Path) -> None:
    """Lines that are not an object with a text are problems with their numbers; all other lines are read."""
    lines = [
        '\ufeff{"id": "a", "text": "first"}',
        "{not json}",
        "",
        "   \r",
        "[1, 2]",
        '"text"',
        '{"id": "n", "text": 5}',
        '{"id": "l", "text": ["x", 5]}',
        '{"id": "b", "text": null}',
        '{"id": "c"}',
        "[" * 100_000,
        '{"id": "d", "text": ' + "9" * 5000 + "}",
        '{"id": "e", "text": "last\\u0000\\n"}',
    ]
    found = read(put(tmp_path / "a.jsonl", "\n".join(lines)))
    assert rows(found) == [("a", "first"), ("b", None), ("c", None), ("e", "last\x00\n")]
    assert [problem.row for problem in found.problems] == [2, 5, 6, 7, 8, 11, 12]
    assert {problem.severity for problem in found.problems} == {"error"}
    reasons = [problem.reason for problem in found.problems]
    assert "column 2" in reasons[0]
    assert "got [1, 2]" in reasons[1]
    assert "got 'text'" in reasons[2]
    assert "got 5" in reasons[3]


def test_ids_of_any_scalar_are_strings(tmp_path: Path) -> None:
    """What is not a string is written as JSON; null is a missing id."""
    values = ["1", "2.5", "true", '"x"', "null", "[1]"]
    found = read(put(tmp_path / "a.jsonl", "\n".join(f'{{"id": {value}, "text": "t"}}' for value in values)))
    assert [name for name, _ in rows(found)] == ["1", "2.5", "true", "x", "a:4", "[1]"]
    assert found.problems == []


def test_made_ids_lead_to_the_line(tmp_path: Path) -> None:
    """Lines left out do not shift the numbers of the others."""
    found = read(put(tmp_path / "a.jsonl", '{"text": "x"}\nbad\n\n{"text": "y"}\n'))
    assert [name for name, _ in rows(found)] == ["a:0", "a:3"]


def test_undecodable_bytes_in_lines_are_counted(tmp_path: Path) -> None:
    """The row is kept with U+FFFD, and the file has one warning with the first line and the number of bytes."""
    raw = b'{"id": 1, "text": "%b"}\n{"id": 2, "text": "caf\xe9"}\n{"id": 3, "text": "\xff\xe4\xb8"}\n'
    raw %= "茶馆开张".encode()
    found = read(put(tmp_path / "a.jsonl", raw))
    assert rows(found) == [("1", "茶馆开张"), ("2", "caf\ufffd"), ("3", "\ufffd\ufffd")]
    problem = only(found)
    assert (problem.row, problem.severity) == (2, "warning")
    assert "4 undecodable bytes" in problem.reason
