"""Compiles the kernels when a wheel is built, for the kind of machine that builds it.

The libraries stay in the checkout, which uses them as well, and are made anew when what they are made of has changed.
`DEDUP_WITHOUT_KERNELS` builds a wheel for every machine, which compiles with numba when it is used.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompiledKernels(BuildHookInterface):  # type: ignore[type-arg]
    """Hatchling's hook."""

    def dependencies(self) -> list[str]:
        """What is asked for besides `build-system.requires`: a C compiler where the system has none."""
        return [] if shutil.which("cc") else ["ziglang>=0.13"]

    def initialize(
        self,
        version: str,  # noqa: ARG002 - hatchling's
        build_data: dict[str, Any],
    ) -> None:
        """Put the libraries beside the code that loads them, and say for which machines the wheel is."""
        if os.environ.get("DEDUP_WITHOUT_KERNELS"):
            return
        native = Path(self.root, "dedup", "native")
        again = [sys.executable, "-m", "dedup.native.compiling", str(native)]
        paths = os.pathsep.join([self.root, *sys.path])  # where pip has put what a build needs
        subprocess.run(again, check=True, cwd=self.root, env={**os.environ, "PYTHONPATH": paths})  # noqa: S603
        for path in sorted(native.glob("kernels*")):
            build_data["force_include"][str(path)] = f"dedup/native/{path.name}"
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{_platform()}"


def _platform() -> str:
    """This machine, as tags of wheels have it."""
    return sysconfig.get_platform().replace("-", "_").replace(".", "_")
