"""`docs/recipes`: every recipe runs, block by block, and its snippets print what stands below them."""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RECIPES = sorted((ROOT / "docs" / "recipes").glob("*.md"))
BLOCK = re.compile(r"^```(?P<kind>\w+)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.stem)
def test_a_recipe_runs(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """In an empty folder with `examples` beside it: first the commands of its `sh` blocks, then its snippets."""
    if recipe.stem == "object-store":
        request.getfixturevalue("examples_in_store")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    blocks = [(found["kind"], found["body"]) for found in BLOCK.finditer(recipe.read_text("utf-8"))]
    kinds = {kind for kind, _ in blocks}
    assert kinds & {"sh", "python"}
    assert kinds <= {"sh", "python", "text"}  # nothing stands there that does not run, but for what is printed
    commands = "".join(body for kind, body in blocks if kind == "sh")
    paths = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands], env=os.environ | {"PATH": paths}, capture_output=True,
        text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = done.stdout + done.stderr
    for kind, body in blocks:  # what a command is said to print, a line at a time; tables are as wide as the terminal
        for line in body.splitlines() if kind == "text" else ():
            assert line in said, said
    snippets = [body for kind, body in blocks if kind == "python"]
    found = doctest.testfile(str(recipe), module_relative=False)
    assert found.attempted == sum(body.count(">>> ") for body in snippets)
    assert not found.failed
