"""`docs/explanation/folding.md`: its tables say what the folding does."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import naive
import pytest
from conftest import script

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "explanation" / "folding.md").read_text("utf-8")


@pytest.fixture(scope="module")
def printed() -> ModuleType:
    """The script that prints the tables, if Unicode is of the version that the folding is of."""
    unicodedata2 = pytest.importorskip("unicodedata2")
    pytest.importorskip("fontTools")
    if unicodedata2.unidata_version != ".".join(map(str, naive.stored("fold")["unicode"])):
        pytest.skip(f"unicodedata2 is of Unicode {unicodedata2.unidata_version}")
    return script("tools/folding_table.py")


def test_the_page_has_the_tables_that_are_printed(printed: ModuleType) -> None:
    """Every line of them, in order."""
    assert "\n".join(printed.samples()) in PAGE
    assert "\n".join(printed.scripts()) in PAGE
