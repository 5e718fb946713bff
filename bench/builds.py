"""Two builds side by side: whether they give the same labels, bit for bit, and what time each takes.

In: a checkout of another build, and the corpora. Out: a table, a row an engine: how many articles, whether labels,
sizes and similarities are the same, and seconds of both, in turn. Where labels may differ it says how many do.

    git worktree add ../before COMMIT && python bench/builds.py ../before --corpora ../shared/corpora
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[1]
BATCH = 500
ONE_BY_ONE = 300
Labels = tuple[dict[str, list[Any]], dict[str, float]]


def in_memory(articles: pa.Table, _: Path) -> Labels:
    import dedup  # noqa: PLC0415 - of the build that runs

    begin = time.perf_counter()
    found = dedup.cluster(articles).to_arrow()
    return _common(found), {"cluster": time.perf_counter() - begin}


def index(articles: pa.Table, folder: Path, *, frames: bool = True) -> Labels:
    """In batches, then one by one; clusters are called otherwise in older builds, so they are told by their members.

    Which texts are looked at for frames goes by their numbers, and those by how many changes were told before them.
    """
    import dedup  # noqa: PLC0415

    ids, texts = articles["id"].to_pylist(), articles["text"].to_pylist()
    many = max(0, len(ids) - ONE_BY_ONE)
    with dedup.Index(folder / "index", dedup.Settings(frames=frames)) as found:
        begin = time.perf_counter()
        for at in range(0, many, BATCH):
            end = min(at + BATCH, many)
            found.add_many(ids[at:end], texts[at:end])
        middle = time.perf_counter()
        for id_, text in zip(ids[many:], texts[many:], strict=True):
            found.add(id_, text)
        seconds = {"add_many": middle - begin, "add": time.perf_counter() - middle}
        table = found.to_arrow().sort_by("id")
    clusters, sizes = table["cluster"].to_pylist(), table["size"].to_pylist()
    first: dict[Any, str] = {}
    for id_, cluster in zip(table["id"].to_pylist(), clusters, strict=True):
        first.setdefault(cluster, id_)
    return {"id": table["id"].to_pylist(), "cluster": [first[one] for one in clusters], "size": sizes}, seconds


def nights(articles: pa.Table, folder: Path) -> Labels:
    """Three of them: most, more, and the rest."""
    from dedup import nightly  # noqa: PLC0415

    (folder / "in").mkdir()
    ends = [0, len(articles) * 7 // 10, len(articles) * 9 // 10, len(articles)]
    seconds = {}
    for night, (begin, end) in enumerate(pairwise(ends), 1):
        pq.write_table(articles.slice(begin, end - begin), folder / "in" / f"{night}.parquet")
        started = time.perf_counter()
        nightly.run([str(folder / "in")], folder / "out", folder / "state", memory="1GB")
        seconds[f"night {night}"] = time.perf_counter() - started
    return _common(pq.read_table(folder / "out" / "labels")), seconds


def spark(articles: pa.Table, folder: Path) -> Labels:
    from pyspark.sql import SparkSession  # noqa: PLC0415 - an extra

    import dedup.spark  # noqa: PLC0415

    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    session = builder.config("spark.sql.shuffle.partitions", "4").getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    frame = session.createDataFrame(articles)
    begin = time.perf_counter()
    found = dedup.spark.cluster(frame, checkpoint=str(folder)).toArrow()
    seconds = {"spark.cluster": time.perf_counter() - begin}
    session.stop()
    return _common(found), seconds


def _common(table: pa.Table) -> dict[str, list[Any]]:
    table = table.sort_by("id")
    return {name: table[name].to_pylist() for name in ("id", "label", "size", "similarity")}


ENGINES: dict[str, Callable[[pa.Table, Path], Labels]] = {
    "memory": in_memory, "index": index, "index-without-frames": partial(index, frames=False), "nights": nights,
    "spark": spark,
}  # fmt: skip


def one(engine: str, data: Path) -> None:
    """Of the build on the path: labels and seconds, as JSON."""
    with tempfile.TemporaryDirectory() as folder:
        labels, seconds = ENGINES[engine](pq.read_table(data), Path(folder))
    print(json.dumps({"labels": labels, "seconds": seconds}))


def run(checkout: Path, engine: str, data: Path) -> dict[str, Any]:
    """A build in a process of its own, with compiled kernels of its own."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(checkout),
        "NUMBA_CACHE_DIR": str(Path(tempfile.gettempdir()) / f"dedup-builds{str(checkout).replace(os.sep, '-')}"),
        "PYTHONWARNINGS": "ignore",
        "PYSPARK_PYTHON": sys.executable,
    }
    command = [sys.executable, __file__, "--one", engine, "--data", str(data)]
    done = subprocess.run(command, env=environment, cwd=checkout, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{checkout}: {engine} failed\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def corpora(folder: Path, articles: int) -> dict[str, tuple[pa.Table, list[str]]]:
    """Each with the engines it is for: labelled articles for all, real ones for those that take them in a minute."""
    spun = pq.read_table(folder / "spun-dev.parquet", columns=["id", "text"])
    real = pq.read_table(folder / "real-articles.parquet", columns=["id", "text"])
    some = np.sort(np.random.default_rng(1).permutation(len(real))[:articles])
    some_spun = spun.slice(0, 3000)
    return {
        "spun-dev": (_named(spun), ["memory", "nights"]),
        "real": (_named(real.take(pa.array(some))), ["memory"]),
        "spun-dev, a part": (_named(some_spun), ["index", "index-without-frames", "spark"]),
    }


def _named(table: pa.Table) -> pa.Table:
    """Ids that are unique, in the order of the rows."""
    ids = pa.array([f"{row:06}" for row in range(len(table))])
    return pa.table({"id": ids, "text": table["text"].cast(pa.string())})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("before", nargs="?", type=Path)
    parser.add_argument("--corpora", type=Path, default=ROOT.parent / "shared" / "corpora")
    parser.add_argument("--articles", type=int, default=20_000, help="Real ones.")
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES))
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--one", choices=ENGINES, help=argparse.SUPPRESS)
    parser.add_argument("--data", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        one(chosen.one, chosen.data)
        return
    print("| articles | engine | rows | labels that differ | step | before, s | now, s | now/before |")
    print("|---|---|--:|--:|---|--:|--:|--:|")
    builds = {"before": chosen.before.resolve(), "now": ROOT}
    with tempfile.TemporaryDirectory() as folder:
        for name, (table, engines) in corpora(chosen.corpora, chosen.articles).items():
            data = Path(folder) / "articles.parquet"
            pq.write_table(table, data)
            for engine in (one for one in engines if one in chosen.engines):
                compare(name, engine, data, builds, chosen.rounds)


def compare(name: str, engine: str, data: Path, builds: dict[str, Path], rounds: int) -> None:
    """Rows of the table; the first run of each build compiles, and is not timed."""
    found = {build: run(path, engine, data) for build, path in builds.items()}
    best: dict[str, dict[str, float]] = {build: {} for build in builds}
    for _ in range(rounds):
        for build, path in builds.items():
            for step, seconds in run(path, engine, data)["seconds"].items():
                best[build][step] = min(seconds, best[build].get(step, seconds))
    before, now = (list(zip(*found[build]["labels"].values(), strict=True)) for build in ("before", "now"))
    differ = sum(a != b for a, b in zip(before, now, strict=True))
    for step, seconds in best["before"].items():
        ratio = best["now"][step] / seconds
        print(f"| {name} | {engine} | {len(now):,} | {differ:,} | {step} | {seconds:.2f} | "
              f"{best['now'][step]:.2f} | {ratio:.2f} |", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
