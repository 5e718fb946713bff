"""How rows become tables, and many tables one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from test_files import only, put, rows

from dedup.files import read


def test_many_documents_share_chunks(tmp_path: Path) -> None:
    """A folder of small files is not a table of as many chunks."""
    for number in range(50):
        put(tmp_path / f"{number:02}.txt", str(number))
    found = read([tmp_path])
    assert [text for _, text in rows(found)] == [str(number) for number in range(50)]
    assert found.table.column("text").num_chunks == 1


def test_texts_of_more_than_a_chunk_are_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts come in several Arrow chunks, in order, and an error after the first chunk loses none."""
    monkeypatch.setattr("dedup.files.tables.PACK", 10_000)
    monkeypatch.setattr("dedup.files.tables.SMALL", 1_000)
    articles = [(str(number), "文" * (number % 500)) for number in range(1000)]
    lines = "\n".join(json.dumps({"id": name, "text": text}) for name, text in articles)
    found = read(put(tmp_path / "a.jsonl", lines))
    assert rows(found) == articles
    assert found.table.column("text").num_chunks > 10


def test_a_late_refusal_takes_back_the_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file in which no line has the text gives no rows, even when it is known only at its end."""
    monkeypatch.setattr("dedup.files.tables.PACK", 100)
    found = read(put(tmp_path / "a.jsonl", '{"id": "x", "body": "t"}\n' * 1000))
    assert rows(found) == []
    assert "no column 'text'" in only(found).reason


def test_lone_surrogates_are_replaced(tmp_path: Path) -> None:
    """An escape of half a character becomes U+FFFD in text and id; a whole pair is the character."""
    line = r'{"id": "i\udc80", "text": "a\ud800b\ud83d\ude00"}' + "\n"
    found = read(put(tmp_path / "a.jsonl", line + '{"id": "j", "text": "ok"}\n'))
    assert rows(found) == [("i\ufffd", "a\ufffdb😀"), ("j", "ok")]
    (problem,) = found.problems
    assert (problem.row, problem.severity) == (1, "warning")
    assert "2 undecodable bytes or lone surrogates replaced" in problem.reason
