"""`examples`: each says at its top what it is for, stands in the table, and is run by what the table says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
ROW = re.compile(r"^\| \[(.+?)\]\((.+?)\) \| (.+?) \| \[(.+?)\]\((.+?)\) \|$", re.MULTILINE)
ROWS = ROW.findall((EXAMPLES / "README.md").read_text("utf-8"))
PURPOSE = re.compile(r'\A(?:#![^\n]*\n)?(?:"""|# |-- )\S+ \S+')


def test_the_table_has_every_example() -> None:
    """Each file is a row, or lies in a folder that is one."""
    there = {path for path in EXAMPLES.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    named = {EXAMPLES / link for _, link, *_ in ROWS}
    assert len(named) == len(ROWS)
    left = {path for path in there if not {path, *path.parents} & named} - {EXAMPLES / "README.md"}
    assert not left
    assert all(path.exists() for path in named)


@pytest.mark.parametrize(("name", "link", "purpose", "runner", "where"), ROWS, ids=[row[0] for row in ROWS])
def test_an_example_says_what_it_is_for_and_is_run(name: str, link: str, purpose: str, runner: str, where: str) -> None:
    """One sentence in the table, one at its top, and its name in what runs it."""
    assert name == link
    assert re.fullmatch(r"[A-Z][^.]*\.", purpose)
    path = EXAMPLES / link
    if path.is_file() and path.suffix not in {".png", ".ipynb"}:
        assert PURPOSE.match(path.read_text("utf-8"))
    ran_by = EXAMPLES / where
    assert ran_by.name == runner
    assert path.name in ran_by.read_text("utf-8")
