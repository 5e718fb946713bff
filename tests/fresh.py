"""A fresh interpreter with the package and nothing else: for what is decided when things are imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

PACKAGE = Path(str(files("dedup")))


def start(script: str, **environment: str) -> subprocess.Popen[str]:
    """A fresh interpreter that runs this, with warnings as errors."""
    return subprocess.Popen(
        [sys.executable, "-P", "-W", "error", "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(PACKAGE.parent)} | environment,
    )


def answer(process: subprocess.Popen[str]) -> Any:
    """What it printed, once it has ended well."""
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return json.loads(out)
