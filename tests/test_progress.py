"""`dedup.progress`: bars for whoever looks at them, in a terminal and in a notebook."""

from __future__ import annotations

import re
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from dedup.progress import Bars, shown

RUN = """
import dedup, pathlib, warnings

warnings.simplefilter("always")
texts = [path.read_text("utf-8") for path in sorted(pathlib.Path("examples/articles").glob("*.md"))]
clusters = dedup.cluster(texts, progress=True)
"""
LOOK = ["clusters", "clusters[0]", "clusters[0].keywords()", "clusters[0].indicators()", "clusters.explain(9, 10)"]
WITHOUT_WIDGETS = "import sys; sys.modules['ipywidgets'] = None"


@pytest.fixture(scope="module", params=["", WITHOUT_WIDGETS], ids=["as it is", "without widgets"])
def notebook(request: pytest.FixtureRequest) -> Any:
    """A notebook that a real kernel has run."""
    found = nbformat.v4.new_notebook()
    found.cells = [nbformat.v4.new_code_cell(code) for code in (request.param, RUN, *LOOK)]
    return NotebookClient(found, timeout=300, kernel_name="python3").execute()


def test_bars_in_a_notebook(notebook: Any) -> None:
    """One output, a bar a stage, each at its end; nothing else is printed and nothing is warned of."""
    (output,) = notebook.cells[1].outputs
    assert output.output_type == "display_data"
    html = output.data["text/html"]
    assert re.findall(r">(\w+)</td>", html) == ["fold", "frames", "weigh", "sign", "meet", "verify"]
    assert html.count("<progress") == html.count(">100%<") == 6


def test_results_in_a_notebook(notebook: Any) -> None:
    """Each shows itself as HTML."""
    for cell in notebook.cells[2:]:
        (output,) = cell.outputs
        assert output.output_type == "execute_result"
        assert "</" in output.data["text/html"]


def test_bars_show_the_last_state_of_each_stage() -> None:
    """In the order in which they began; nothing to do is all done."""
    bars = Bars()
    for call in (("read", 1, 4), ("fold & sign", 0, 0), ("read", 2, 4)):
        bars.tell(*call)
    rows = re.findall(r"<tr>.*?</tr>", bars.html())
    assert '<progress value="2" max="4"' in rows[0]
    assert "50%" in rows[0]
    assert "fold &amp; sign" in rows[1]


def test_what_a_user_gives() -> None:
    """A function is called as it is; nothing is called otherwise."""
    calls: list[tuple[str, int, int]] = []
    for given in (None, False):
        with shown(given) as tell:
            assert tell is None
    with shown(lambda *call: calls.append(call)) as tell:
        assert tell is not None
        tell("read", 1, 2)
    assert calls == [("read", 1, 2)]


def test_bars_in_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """On the standard error stream."""
    with shown(progress=True) as tell:
        assert tell is not None
        tell("read", 2, 2)
    out, err = capsys.readouterr()
    assert out == ""
    assert "read" in err
