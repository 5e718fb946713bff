"""Quality, time and memory on labelled articles: `python bench/labelled.py --score SCORE.py PATH...`.

Runs `dedup cluster PATH...` as a process of its own, with defaults, and prints its wall time, its processor time and
its peak memory, then what the scoring script says of the labels.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="+")
    parser.add_argument("--score", required=True, type=Path, help="a script that takes the file of labels")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        labels = Path(folder) / "labels.parquet"
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-m", "dedup", "cluster", *args.paths, "--out", labels], check=True)
        wall, used = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
        print(
            f"{wall:.1f} s on {os.cpu_count()} cores ({used.ru_utime + used.ru_stime:.1f} s of processor time), "
            f"{used.ru_maxrss / 1e6:.2f} GB at the peak"
        )
        subprocess.run([sys.executable, args.score, labels], check=True)


if __name__ == "__main__":
    main()
