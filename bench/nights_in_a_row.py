"""Many nights over changing input, in one process: `python bench/nights_in_a_row.py [--nights 200] [--articles 400]`.

Each night the oldest of its files goes and is forgotten, a new one comes, and one has other articles; so there are
always as many. Every fifth night the state is compacted, and, but for the first third, resident memory, open files,
mapped files, the bytes and files of the state, and the bytes of the output are counted. Prints what they were at first
and at last, and the median slope a night (Theil and Sen), and exits with 1 where that adds up to more than is flat.
Reads `/proc`: Linux only.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import tempfile
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import corpus
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from measure import memory

from dedup import nightly

WEEK = 5
"""Nights after which a state is compacted, and what is left is counted."""
GONE = nightly.Forget(deleted=True)
"""Without it what was read from files that have gone stays."""
FILES = 10
CHARACTERS = 300
WARM = 1 / 3
"""Of the nights come first: caches fill, and allocators keep what they have."""


class Count(NamedTuple):
    """What is held after a night; each must be flat."""

    memory: float
    handles: int
    maps: int
    state: float
    files: int
    output: float


RISE = Count(memory=0.08, handles=0, maps=0, state=0.03, files=0, output=0.03)
"""How much more may be held in the end and be flat, as a share of the first: allocators, and what is compressed more or
less well, go up and down. Of handles and files there may be none more."""


def bytes_in(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def counted(folder: Path) -> Count:
    """What this process and the disk hold now."""
    gc.collect()
    pa.default_memory_pool().release_unused()
    maps = {line.split()[-1] for line in Path("/proc/self/maps").read_text().splitlines() if str(folder) in line}
    return Count(
        memory=memory("VmRSS"),
        handles=len(os.listdir("/proc/self/fd")),  # noqa: PTH208 - a link is of no use
        maps=len(maps),
        state=bytes_in(folder / "state"),
        files=sum(1 for _ in (folder / "state").rglob("*")),
        output=bytes_in(folder / "out"),
    )


def write(path: Path, night: int, part: int, articles: int) -> None:
    """A file of articles, a third of which are copies of each other, and of some of other nights."""
    texts, _ = corpus.near_copies(articles, CHARACTERS, seed=night)
    table = pa.table({"id": [f"{night}-{part}-{row}" for row in range(articles)], "text": texts})
    pq.write_table(table, path)


def change(crawl: Path, night: int, each: int) -> None:
    """The input of a night: one file more, the oldest gone, another with other articles."""
    write(crawl / f"{night:05}.parquet", night, 0, each)
    paths = sorted(crawl.iterdir())
    if len(paths) > FILES:
        paths.pop(0).unlink()
    write(paths[len(paths) // 2], night, 1, each)


def run(folder: Path, nights: int, articles: int) -> list[tuple[int, Count]]:
    """All nights, and what was held after each compaction."""
    (folder / "in").mkdir()
    held = []
    for night in range(1, nights + 1):
        change(folder / "in", night, articles // FILES)
        nightly.run([folder / "in"], folder / "out", folder / "state", memory="1GB", forget=GONE)
        if night % WEEK == 0:
            nightly.compact(folder / "state")
            if night > max(nights * WARM, FILES):
                held.append((night, counted(folder)))
    return held


def slope(nights: list[int], values: list[float]) -> float:
    """The median slope of all pairs."""
    pairs = combinations(zip(nights, values, strict=True), 2)
    return float(np.median([(b[1] - a[1]) / (b[0] - a[0]) for a, b in pairs]))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nights", type=int, default=200)
    parser.add_argument("--articles", type=int, default=400)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        held = run(Path(folder), given.nights, given.articles)
    steep = []
    numbers = [night for night, _ in held]
    print(
        f"nights {numbers[0]} to {numbers[-1]}\n| held | first | last | slope a night | flat |\n|---|--:|--:|--:|--:|"
    )
    for place, name in enumerate(Count._fields):
        values = [float(count[place]) for _, count in held]
        found, most = slope(numbers, values), RISE[place] * values[0] / (numbers[-1] - numbers[0])
        print(f"| {name} | {values[0]:,.0f} | {values[-1]:,.0f} | {found:+.3f} | {most:.3f} |")
        steep += [name] * (found > most)
    print("all flat" if not steep else f"not flat: {', '.join(steep)}")
    return int(bool(steep))


if __name__ == "__main__":
    sys.exit(main())
