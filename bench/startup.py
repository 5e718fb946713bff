"""How long a fresh process takes: `python bench/startup.py [--rounds 5] [--jit]`.

Each round is a new process that imports the package, clusters five short articles, and adds one to a new index. Prints
the time of the import, until the first result, and of the first add, and processor time in all. With `--jit` numba
compiles, with a cache that is empty in the first round only.
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
first = time.perf_counter()
import tempfile
with tempfile.TemporaryDirectory() as folder, dedup.Index(folder) as index:
    opened = time.perf_counter()
    index.add("a", "第一篇文章，讲的是怎样给手机卡续费，一共有五种办法。")
    added = time.perf_counter()
print(imported - begin, first - begin, added - opened, time.process_time())
"""


def measure(cache: str, *, jit: bool) -> list[float]:
    """Seconds to import, to the first result, of the first add, and of the processor, in a process of its own."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": cache} | ({"DEDUP_JIT": "1"} if jit else {})
    done = subprocess.run([sys.executable, "-c", CODE], env=environment, check=True, capture_output=True, text=True)
    return [float(part) for part in done.stdout.split()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--jit", action="store_true")
    chosen = parser.parse_args()
    said = "import {:.3f} s, first result {:.2f} s, first add {:.2f} s, processor {:.2f} s"
    with tempfile.TemporaryDirectory() as cache:
        print("first run:", said.format(*measure(cache, jit=chosen.jit)))
        later = [measure(cache, jit=chosen.jit) for _ in range(chosen.rounds)]
    medians = map(statistics.median, zip(*later, strict=True))
    print(f"later runs, median of {chosen.rounds}:", said.format(*medians))


if __name__ == "__main__":
    main()
