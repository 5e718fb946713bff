"""`docs/reference/formats.md`: every kind of input has a row, and every row a test."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
ROWS = re.findall(
    r"^\| (.+?) \| (.+?) \| `(test_\w+\.py)::(test_\w+)` \|$",
    (TESTS.parent / "docs" / "reference" / "formats.md").read_text("utf-8"),
    re.MULTILINE,
)


def test_the_table_is_whole() -> None:
    """At least sixty kinds of input; no line of a table is one that this file cannot read."""
    lines = (TESTS.parent / "docs" / "reference" / "formats.md").read_text("utf-8").splitlines()
    tables = [line for line in lines if line.startswith("|") and not line.startswith(("|---", "| input "))]
    assert len(tables) == len(ROWS) >= 60
    assert len({kind for kind, *_ in ROWS}) == len(ROWS)


@pytest.mark.parametrize(("module", "name"), sorted({(module, name) for _, _, module, name in ROWS}))
def test_every_row_has_a_test(module: str, name: str) -> None:
    """The test that a row names is there."""
    tree = ast.parse((TESTS / module).read_text("utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
