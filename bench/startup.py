"""How long a fresh process takes: `python bench/startup.py [--rounds 5]`.

Each round is a new process that imports the package and clusters five short articles, with a cache for compiled kernels
that is empty in the first round only. Prints the time of the import and the time until the first result.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile

CODE = """
import time
begin = time.perf_counter()
import dedup
imported = time.perf_counter()
dedup.cluster([f"第{n}篇文章，讲的是怎样给手机卡续费，一共有{n}种办法。" for n in range(5)])
print(imported - begin, time.perf_counter() - begin)
"""


def measure(cache: str) -> tuple[float, float]:
    """Seconds to import, and to the first result, in a process of its own."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
    command = [sys.executable, "-c", CODE]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    imported, first = map(float, done.stdout.split())
    return imported, first


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as cache:
        print("first run ever: import {:.2f} s, first result {:.1f} s".format(*measure(cache)))
        later = [measure(cache) for _ in range(rounds)]
    imported, first = (statistics.median(column) for column in zip(*later, strict=True))
    print(f"later runs, median of {rounds}: import {imported:.3f} s, first result {first:.2f} s")


if __name__ == "__main__":
    main()
