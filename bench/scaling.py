"""Time a stage and peak memory as articles grow: `python bench/scaling.py [--sizes 10000 100000 1000000]`.

Each run is a process of its own that has the articles (`bench/corpus.py`, 1,500 characters, 30 % of them in groups of
edited copies) as one Arrow column in memory; the peak is what it takes beyond them. Prints a Markdown table for each
mode, and the exponent: how time grows with the articles from one size to the next, 1 being in proportion. Making a
million articles takes three minutes on two cores and 4.6 GB of disk in a temporary folder, or in `--keep FOLDER`.

Words that are drawn independently have no phrases and no boilerplate, so `--corpora FOLDER` also measures the real
articles there, `real-articles.parquet`: all of them, a fourth and a sixteenth, evenly spaced.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from pathlib import Path

import corpus
import measure
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import dedup
from dedup.work import count

PART = 10_000  # articles made in one piece; groups lie within one
MODES = {"near-copy": dedup.Settings.near_copies(), "default": dedup.Settings()}
WARM = 2_000
REAL = "real-articles.parquet"
PARTS_OF_REAL = (16, 4, 1)


def make_part(path: Path, seed: int) -> None:
    """Write some articles, unless that was done before."""
    if not path.exists():
        texts, _ = corpus.near_copies(PART, seed=seed)
        partial = path.with_suffix(".partial")
        pq.write_table(pa.table({"text": pa.array(texts, pa.large_string())}), partial, compression="none")
        partial.rename(path)


def make(folder: Path, articles: int) -> None:
    paths = [folder / f"{number:05}.parquet" for number in range(math.ceil(articles / PART))]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(make_part, paths, range(len(paths))))


def loaded(source: Path, articles: int) -> pa.ChunkedArray:
    """So many articles of a folder of generated ones, or of a file of real ones."""
    if source.is_dir():
        files = sorted(source.glob("*.parquet"))[: math.ceil(articles / PART)]
        return pa.chunked_array([c for file in files for c in pq.read_table(file)["text"].chunks]).slice(0, articles)
    texts = pq.read_table(source, columns=["text"])["text"].cast(pa.large_string())
    return texts.take(np.linspace(0, len(texts) - 1, articles).astype(np.int64))


def work(source: Path, articles: int, mode: str, threads: int) -> None:
    """One measured run, in a process of its own."""
    texts = loaded(source, articles)
    dedup.cluster(texts.slice(0, WARM), MODES[mode], threads=threads)
    found, spent = measure.measured(lambda: dedup.cluster(texts, MODES[mode], threads=threads))
    edges = len(found.graph.left)
    print(json.dumps({"text": texts.nbytes / 1e6, "edges": edges, **spent._asdict(), "stages": dict(found.seconds)}))


def run(source: Path, articles: int, mode: str, threads: int) -> dict:
    worker = [sys.executable, __file__, "--worker", mode, "--keep", source, "--sizes", articles, "--threads", threads]
    done = subprocess.run(list(map(str, worker)), check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def report(title: str, runs: dict[int, dict]) -> None:
    """The table of one mode, and its exponents."""
    stages = list(next(iter(runs.values()))["stages"])
    print(f"\n{title}\n\n| articles | text, MB | s | {' | '.join(stages)} | edges | memory beyond the texts, MB |")
    print("|--:" * (len(stages) + 5) + "|")
    for articles, spent in runs.items():
        seconds = " | ".join(f"{spent['stages'][stage]:.1f}" for stage in stages)
        rest = f"{spent['edges']:,} | {spent['megabytes']:,.0f}"
        print(f"| {articles:,} | {spent['text']:,.0f} | {spent['seconds']:.1f} | {seconds} | {rest} |")
    for (few, less), (many, more) in pairwise(runs.items()):
        exponent = math.log(more["seconds"] / less["seconds"]) / math.log(many / few)
        print(f"\nfrom {few:,} to {many:,}: exponent {exponent:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--modes", nargs="+", choices=MODES, default=list(MODES))
    parser.add_argument("--threads", type=int, default=count(None))
    parser.add_argument("--keep", type=Path, help="a folder for the articles, used again if it has them")
    parser.add_argument("--corpora", type=Path, help=f"a folder with {REAL}")
    parser.add_argument("--worker", choices=MODES, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        work(args.keep, args.sizes[0], args.worker, args.threads)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        make(folder, max(args.sizes))
        print(f"{measure.machine()}; {args.threads} threads")
        for mode in args.modes:
            report(mode, {size: run(folder, size, mode, args.threads) for size in args.sizes})
    if args.corpora is None or not (args.corpora / REAL).exists():
        print(f"\nno real articles: {REAL} is in no folder named with --corpora")
        return
    whole = pq.read_metadata(args.corpora / REAL).num_rows
    for mode in args.modes:
        sizes = [whole // part for part in PARTS_OF_REAL]
        report(f"{mode}, real", {size: run(args.corpora / REAL, size, mode, args.threads) for size in sizes})


if __name__ == "__main__":
    main()
