"""Run `examples/analysis.ipynb` and keep what it shows: `python tools/notebook.py`, after a change of either.

In: a notebook. Out: the same with its outputs as they come now, and nothing in it that differs from run to run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

PATH = Path(__file__).parents[1] / "examples" / "analysis.ipynb"


def run(path: Path = PATH) -> Any:
    """The notebook, run by a fresh kernel in its own folder, where it lies."""
    found = nbformat.read(path, as_version=4)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    resources = {"metadata": {"path": str(path.parent)}}
    client = NotebookClient(found, timeout=300, kernel_name="python3", record_timing=False, resources=resources)
    done = client.execute()
    done.metadata = nbformat.from_dict({"kernelspec": kernel, "language_info": {"name": "python"}})
    for number, cell in enumerate(done.cells):
        cell.id = f"cell-{number}"
        cell.metadata = nbformat.from_dict({})
    return done


if __name__ == "__main__":
    nbformat.write(run(), PATH)
