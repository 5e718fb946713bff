"""`examples/analysis.ipynb`: a fresh kernel runs it, and shows what is kept in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from conftest import ROOT, script

PATH = ROOT / "examples" / "analysis.ipynb"


def shown(notebook: Any) -> Iterator[tuple[str, str, str]]:
    """The source of each cell, and the kind and the text of each output; pictures are only counted."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "stream":
                yield cell.source, output.name, output.text
            for kind, text in sorted(output.get("data", {}).items()):
                yield cell.source, kind, "" if kind == "image/png" else text


@pytest.fixture(scope="module")
def again(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The notebook, run now."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        patch.setenv("PYTHONWARNINGS", "error::UserWarning")  # those of dedup, too
        return script("tools/notebook.py").run(PATH)


def test_it_shows_what_is_kept_in_it(again: Any) -> None:
    """Tables, texts side by side, what is printed; of plots that they are there. Nothing goes to the error stream."""
    kept = list(shown(nbformat.read(PATH, as_version=4)))
    assert list(shown(again)) == kept
    assert [kind for _, kind, _ in kept].count("image/png") == 2
    assert "stderr" not in [kind for _, kind, _ in kept]


def test_nothing_in_it_is_of_one_machine(again: Any) -> None:
    """No path, no time, no address of an object."""
    text = nbformat.writes(again)
    assert str(Path.home()) not in text
    assert " at 0x" not in text
    assert "timestamp" not in text
