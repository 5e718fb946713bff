"""The nightly job beside a run in memory: `python bench/nightly.py [--articles N] [--more N] [--memory SIZE]`.

Four commands, each a process of its own, on the articles of `bench/corpus.py`: all of the first night in memory, as a
first night with a state, the articles of the second night added, and all of both nights in memory. Prints the wall
time, the processor time and the peak of resident memory of each, their ratios, and the bytes an article that the state
takes. With `--labelled` it clusters labelled articles in three nightly portions and in one, and prints what the scoring
script says of both.
"""

from __future__ import annotations

import argparse
import math
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import measure
import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from scaling import PART, make

from dedup import files

PORTIONS = 3


class Run(NamedTuple):
    """What a command took."""

    seconds: float
    processor: float
    gigabytes: float


def timed(*arguments: object) -> Run:
    """Run `dedup cluster` once."""
    begin = time.perf_counter()
    command = [sys.executable, "-m", "dedup", "cluster", *map(str, arguments), "--quiet"]
    process = subprocess.Popen(command)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(command)} failed")
    return Run(time.perf_counter() - begin, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e9)


def size(folder: Path) -> int:
    """Bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def nights(folder: Path, work: Path, articles: int, more: int, memory: str) -> None:
    """Two nights, beside runs in memory."""
    made = sorted(folder.glob("*.parquet"))[: math.ceil((articles + more) / PART)]
    first, second = made[: articles // PART], made[articles // PART :]
    options = ["--out", work / "out", "--state", work / "state", "--memory", memory]
    runs = {
        f"{articles:,} in memory": timed(*first, "--out", work / "labels.parquet"),
        f"first night of {articles:,}, --memory {memory}": timed(*first, *options),
        f"second night, {more:,} more": timed(*second, *options),
        f"{articles + more:,} in memory": timed(*made, "--out", work / "labels.parquet"),
    }
    print("| run | s | CPU s | peak, GB |\n|---|--:|--:|--:|")
    for name, run in runs.items():
        print(f"| {name} | {run.seconds:.1f} | {run.processor:.1f} | {run.gigabytes:.2f} |")
    alone, whole, partial, all_alone = runs.values()
    for kind in ("seconds", "processor"):
        parts = [getattr(run, kind) for run in (whole, alone, partial, all_alone)]
        print(f"\n{kind}: first night / in memory: {parts[0] / parts[1]:.2f}")
        print(f"{kind}: second night / all in memory: {parts[2] / parts[3]:.1%}")
    texts = (work / "state" / "texts.utf8").stat().st_size
    rest = size(work / "state") - texts
    print(
        f"state: {texts / (articles + more):,.0f} bytes of text an article and {rest / (articles + more):,.0f} others"
    )


def labelled(paths: list[str], score: Path, work: Path) -> None:
    """Labelled articles in three nightly portions, and in one."""
    table = files.read(paths).table
    portion = np.random.default_rng(0).integers(0, PORTIONS, len(table))
    for number in range(PORTIONS):
        pq.write_table(table.filter(pa.array(portion == number)), work / f"{number}.parquet")
    several = [[work / f"{number}.parquet"] for number in range(PORTIONS)]
    for name, evenings in (
        ("in three nights", several),
        ("in one night", [[path for some in several for path in some]]),
    ):
        for evening in evenings:
            timed(*evening, "--out", work / name, "--state", work / f"state {name}")
        labels = work / f"{name}.parquet"
        pq.write_table(ds.dataset(work / name / "labels").to_table(), labels)
        print(f"\n{name}\n", flush=True)
        subprocess.run([sys.executable, score, labels], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=1_000_000, help=f"of the first night, in steps of {PART:,}")
    parser.add_argument("--more", type=int, default=100_000, help="of the second night")
    parser.add_argument("--memory", default="2GB")
    parser.add_argument("--keep", type=Path, help="a folder for the articles, used again if it has them")
    parser.add_argument("--labelled", nargs="+", metavar="PATH", help="labelled articles, instead")
    parser.add_argument("--score", type=Path, help="with --labelled: a script that takes the file of labels")
    args = parser.parse_args()
    print(measure.machine())
    with tempfile.TemporaryDirectory(dir=args.keep) as temporary:
        work = Path(temporary)
        if args.labelled:
            labelled(args.labelled, args.score, work)
            return
        folder = args.keep or work / "articles"
        folder.mkdir(parents=True, exist_ok=True)
        make(folder, args.articles + args.more)
        nights(folder, work, args.articles, args.more, args.memory)


if __name__ == "__main__":
    main()
