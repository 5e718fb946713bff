"""The examples in docstrings of `dedup.spark` run on the Spark that the tests of this folder share."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import sparks
from test_docstrings import FILES, articles, run

import dedup

sparks.check()

pytestmark = [  # PySpark's own, which nothing here can mend
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith("spark/")])
def test_examples_print_what_they_say(name: str, session: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands below an example is what it prints."""
    beside = {"dedup": dedup, "articles": articles(), "spark": session}
    assert run(FILES[name], lambda _: nullcontext(beside), tmp_path, monkeypatch) == ""
