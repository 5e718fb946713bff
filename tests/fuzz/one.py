"""One target under atheris, in a process of its own: `python -m tests.fuzz.one TARGET CORPUS SECONDS [OPTIONS]`.

The modules of `dedup` are instrumented when they are imported, but for `kernels`: numba compiles their bytes.
"""

from __future__ import annotations

import gc
import importlib
import pkgutil
import sys
import tempfile
import time
import warnings
from contextlib import suppress
from itertools import count
from pathlib import Path

import atheris

NOT_HERE = ("dedup.spark", "dedup.integrations", "dedup.__main__")
"""What needs a machine of its own, or runs when it is imported."""
LEAST = 5
"""Seconds, however long it takes to begin."""
WARM = 3
"""First inputs that are taken before time counts: libraries are imported when they are first used."""
COLLECTED = 64
"""Inputs after which garbage is: errors keep what they came from, stores of some megabytes, in rings until then."""


def _import_all() -> None:
    """Every module, though they are used later: the hook that instruments is there now."""
    with atheris.instrument_imports(include=["dedup"], exclude=["dedup.kernels", "dedup.native"]):
        import dedup

        for module in pkgutil.walk_packages(dedup.__path__, "dedup."):
            if not module.name.startswith(NOT_HERE):
                importlib.import_module(module.name)


def main() -> None:
    """Fuzz until libFuzzer's options say that it is enough, or something is found."""
    begin = time.monotonic()
    name, corpus, seconds, *options = sys.argv[1:]
    warnings.simplefilter("ignore")
    _import_all()
    from dedup.errors import DedupError

    from .targets import TARGETS

    with tempfile.TemporaryDirectory() as folder:
        take = TARGETS[name].start(Path(folder))

        taken = count(1)

        def one(data: bytes) -> None:
            with suppress(DedupError):
                take(data)
            if next(taken) % COLLECTED == 0:
                gc.collect()

        for seed in sorted(Path(corpus).glob("seed-*"))[:WARM]:
            one(seed.read_bytes())
        left = max(LEAST, float(seconds) - (time.monotonic() - begin))
        atheris.Setup([sys.argv[0], corpus, f"-max_total_time={left:.0f}", *options], one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
