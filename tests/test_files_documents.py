"""Text and Markdown files, which stay as they are written."""

from __future__ import annotations

from pathlib import Path

from test_files import put, rows

from dedup.files import read


def test_an_empty_document_is_an_article(tmp_path: Path) -> None:
    """An empty file is an article of no text."""
    assert rows(read(put(tmp_path / "a.txt", b""))) == [("a", "")]
