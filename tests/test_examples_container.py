"""`examples/Dockerfile`: what it does, without Docker; as the user it makes, where only the output can be written."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from dedup.cli import main

ROOT = Path(__file__).parents[1]
LINES = (ROOT / "examples" / "Dockerfile").read_text("utf-8").replace("\\\n", " ").splitlines()
NOBODY = 65534


def test_what_it_runs_is_there() -> None:
    """The commands of `dedup` in it, and in the lines that say how to use it."""
    named = re.findall(r"\bdedup ([a-z]+)", " ".join(LINES))
    assert {"warmup", "cluster"} <= set(named)
    assert set(named) <= set(main.commands)


def test_it_runs_as_nobody_from_a_final_stage_without_compilers() -> None:
    """The last user is not root, and the last stage takes the wheel of the first."""
    last = LINES[max(k for k, line in enumerate(LINES) if line.startswith("FROM")) :]
    assert [line for line in last if line.startswith("USER")] == ["USER dedup"]
    assert any(line.startswith("COPY --from=build /wheels") for line in last)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.skipif(not shutil.which("setpriv"), reason="no setpriv")
def test_a_user_who_owns_nothing_clusters(tmp_path: Path) -> None:
    """No home, no cache, a package of another user: nothing is compiled, and nobody is warned."""
    site, articles, out = tmp_path / "site", tmp_path / "articles", tmp_path / "out"
    for folder in (tmp_path, *tmp_path.parents):  # which pytest makes for its user alone
        if folder.stat().st_uid == 0 and folder.is_relative_to("/tmp") and folder != Path("/tmp"):
            folder.chmod(0o755)
    shutil.copytree(Path(str(files("dedup"))), site / "dedup", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "examples" / "articles", articles)
    out.mkdir()
    os.chown(out, NOBODY, NOBODY)
    path = f"{site}:{':'.join(sys.path[1:])}"
    as_nobody = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", sys.executable, "-P"]
    there: dict[str, Any] = {
        "env": {"PATH": os.environ["PATH"], "PYTHONPATH": path, "HOME": "/nonexistent"},
        "cwd": out,
    }
    if subprocess.run([*as_nobody, "-c", "import numpy"], **there, capture_output=True, check=False).returncode:
        pytest.skip("nobody else may read the Python of this run")
    command = [*as_nobody, "-m", "dedup", "cluster", str(articles), "--out", str(out / "labels.jsonl")]
    done = subprocess.run(command, **there, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "7 in 2 clusters" in done.stdout + done.stderr
    assert "compil" not in done.stdout + done.stderr
    assert sorted(path.name for path in out.iterdir()) == ["labels.jsonl"]
