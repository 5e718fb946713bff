"""`dedup unique` beside `dedup cluster`: `python bench/unique.py [--articles N] [--memory SIZE] [--keep FOLDER]`.

Rows of ten columns, nested ones among them, with the articles of `bench/scaling.py`, in Parquet files of 10,000. Both
commands in near-copy mode, in turn, each a process of its own: with all texts in memory, and within the memory named,
where `dedup cluster` keeps a state. Prints the wall time and the peak of resident memory of each, and the ratio of the
fastest runs.
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import measure
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scaling import PART, make


class Run(NamedTuple):
    """What a command took."""

    seconds: float
    gigabytes: float


def widened(folder: Path, target: Path, articles: int) -> None:
    """Rows of ten columns with these articles."""
    target.mkdir(parents=True, exist_ok=True)
    for number, path in enumerate(sorted(folder.glob("*.parquet"))[: math.ceil(articles / PART)]):
        made = target / path.name
        if made.exists():
            continue
        table, count = pq.read_table(path, columns=["text"]), PART
        some = np.arange(len(table)) + number * count
        columns = {
            "id": pa.array([f"row-{one}" for one in some]),
            "url": pa.array([f"https://site-{one % 97}.example/page/{one}" for one in some]),
            "text": table["text"],
            "site": pa.array([f"site-{one % 97}.example" for one in some]).dictionary_encode(),
            "fetched": pa.array(1_700_000_000_000_000 + some, pa.timestamp("us", "UTC")),
            "score": pa.array(some / 7),
            "length": pa.array(some),
            "tags": pa.array([[f"tag-{one % 5}", f"tag-{one % 11}"] for one in some]),
            "headers": pa.array([{"status": 200, "server": f"host-{one % 13}"} for one in some]),
            "raw": pa.array([bytes([one % 256]) * 16 for one in some]),
        }
        pq.write_table(pa.table(columns), made)


def timed(*arguments: object) -> Run:
    """Run a command once."""
    begin = time.perf_counter()
    command = [sys.executable, "-m", "dedup", *map(str, arguments), "--near-copies", "--quiet"]
    process = subprocess.Popen(command)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(command)} failed")
    return Run(time.perf_counter() - begin, used.ru_maxrss * 1024 / 1e9)


def main() -> None:
    """Make the rows, and run both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=1_000_000)
    parser.add_argument("--memory", default="2GB")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="a folder for the articles, used again if it has them")
    given = parser.parse_args()
    print(measure.machine())
    with tempfile.TemporaryDirectory() as folder:
        work, rows = Path(folder), (given.keep or Path(folder)) / "rows"
        articles = (given.keep or work) / "articles"
        articles.mkdir(parents=True, exist_ok=True)
        make(articles, given.articles)
        widened(articles, rows, given.articles)
        runs: dict[str, list[Run]] = {}
        for _ in range(given.rounds):
            bounded, kept = ["--memory", given.memory], [rows, "--out", work / "rows.parquet", "--keep", "longest"]
            state = ["--state", work / "state", "--no-campaigns", *bounded]
            for name, arguments in {
                "cluster": ["cluster", rows, "--out", work / "labels.parquet", "--no-campaigns"],
                "unique": ["unique", *kept],
                f"cluster, {given.memory}": ["cluster", rows, "--out", work / "labels", *state],
                f"unique, {given.memory}": ["unique", *kept, *bounded],
            }.items():
                runs.setdefault(name, []).append(timed(*arguments))
                shutil.rmtree(work / "state", ignore_errors=True)
                shutil.rmtree(work / "labels", ignore_errors=True)
    best = {name: min(several) for name, several in runs.items()}
    print(f"\n{given.articles:,} rows of ten columns, near-copy mode\n")
    print("| | seconds | peak memory, GB | ratio |\n|---|--:|--:|--:|")
    for name, run in best.items():
        beside = best[name.replace("unique", "cluster")].seconds
        ratio = "" if name.startswith("cluster") else f"{run.seconds / beside:.2f}"
        print(f"| {name} | {run.seconds:.1f} | {run.gigabytes:.2f} | {ratio} |")


if __name__ == "__main__":
    main()
