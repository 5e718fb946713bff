"""Spark on local workers against `dedup.cluster`, on the same articles: `python bench/spark.py [--articles 200000]`.

Makes the articles of `bench/scaling.py` (or uses those in `--keep FOLDER`), starts a standalone Spark with a master and
two workers of one core each on the loopback, runs `dedup.spark.cluster` on them and `dedup.cluster` with as many
threads, each once after a run on a fourth of the articles that warms it up. Prints the ratio of time; the share of
verified edges on whose ends being together or not both agree, and B-cubed F1 between both labelings; and for each stage
seconds, CPU seconds of the executors' processes, bytes shuffled, and the peak of an executor's memory with its Python.
`--json FILE` writes the same for `bench/spark_plan.py`. Reads `/proc`: Linux only.
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import os
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import measure
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import scaling
from pyspark.sql import DataFrame, SparkSession
from standalone import Standalone

import dedup
import dedup.spark

STAGES = ("fold", "frames", "weigh", "meet", "verify", "cluster", "campaigns", "label")
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
FILES = 8
WARM = 4
"""Each runs on a fourth of the articles first: the JVM compiles what it runs, and numba loads the kernels."""


class Watch(logging.Handler):
    """Looks at the executors' processes: CPU seconds and peak memory by stage, the stage's end being logged.

    Args:
        spark: Whose workers are looked at.
    """

    def __init__(self, spark: Standalone) -> None:
        super().__init__()
        self.seconds, self.cpu, self.peak = dict[str, float](), dict[str, float](), dict[str, float]()
        self._spark, self._most, self._done = spark, 0.0, threading.Event()
        self._before = self._looked()[0]
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """A stage has ended."""
        stage, seconds = record.args  # type: ignore[misc]
        used = self._looked()[0]
        self.seconds[stage], self.cpu[stage], self.peak[stage] = seconds, used - self._before, self._most  # type: ignore[assignment]
        self._before, self._most = used, 0.0

    def _watch(self) -> None:
        while not self._done.wait(0.1):
            self._most = max(self._most, self._looked()[1])

    def _looked(self) -> tuple[float, float]:
        """CPU seconds of all workers' processes, and megabytes of the largest worker's."""
        children = defaultdict(list)
        stats = {pid: stat for pid in _processes() if (stat := _stat(pid))}
        for pid, stat in stats.items():
            children[stat[1]].append(pid)
        trees = [_tree(str(process.pid), children) for process in self._spark.workers.values()]
        cpu = sum(sum(map(int, stats[pid][11:15])) for tree in trees for pid in tree if pid in stats) / TICKS
        sizes = [sum(int(stats[pid][21]) for pid in tree if pid in stats) for tree in trees]
        return cpu, max(sizes, default=0) * PAGE / 1e6

    def close(self) -> None:
        """Look no more."""
        self._done.set()
        self._thread.join()
        super().close()


def _processes() -> list[str]:
    return [path.name for path in Path("/proc").iterdir() if path.name.isdigit()]


def _stat(pid: str) -> list[str] | None:
    """The fields of /proc/PID/stat behind the name, state first."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def _tree(pid: str, children: dict[str, list[str]]) -> list[str]:
    return [pid, *(found for child in children[pid] for found in _tree(child, children))]


def shuffled(events: Path, since: float) -> dict[str, int]:
    """Bytes that the tasks of each stage wrote for others, from Spark's own log; of jobs since a time."""
    stages: dict[int, str] = {}
    totals: dict[str, int] = defaultdict(int)
    for file in events.rglob("events_*"):
        for line in file.open(encoding="utf-8"):
            event = json.loads(line)
            if event["Event"] == "SparkListenerJobStart" and event["Submission Time"] >= since * 1000:
                name = event.get("Properties", {}).get("spark.job.description", "")
                stages |= dict.fromkeys(event["Stage IDs"], name.removeprefix("dedup: "))
            elif event["Event"] == "SparkListenerTaskEnd" and event.get("Task Metrics"):
                written = event["Task Metrics"]["Shuffle Write Metrics"]["Shuffle Bytes Written"]
                totals[stages.get(event["Stage ID"], "warm")] += written
    return totals


@contextmanager
def session(spark: Standalone, folder: Path, memory: str) -> Iterator[SparkSession]:
    (folder / "events").mkdir()
    options = {
        "spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.log.level": "ERROR",
        "spark.driver.host": "127.0.0.1", "spark.executor.memory": memory,
        "spark.sql.shuffle.partitions": "16", "spark.eventLog.enabled": "true", "spark.eventLog.compress": "false",
        "spark.eventLog.dir": (folder / "events").as_uri(),
    }  # fmt: skip
    builder = SparkSession.builder.master(spark.url)
    for name, value in options.items():
        builder = builder.config(name, value)
    running = builder.getOrCreate()
    try:
        yield running
    finally:
        running.stop()


def articles(keep: Path, folder: Path, count: int) -> pa.ChunkedArray:
    """The texts, and the same with ids as files in the folder, a few of them for each core."""
    keep.mkdir(parents=True, exist_ok=True)
    scaling.make(keep, count)
    files = sorted(keep.glob("*.parquet"))[: math.ceil(count / scaling.PART)]
    texts = pa.chunked_array([c for file in files for c in pq.read_table(file)["text"].chunks]).slice(0, count)
    step = math.ceil(count / FILES)
    folder.mkdir()
    for begin in range(0, count, step):
        part = texts.slice(begin, step).cast(pa.string())
        table = pa.table({"id": np.arange(begin, begin + len(part)), "text": part})
        pq.write_table(table, folder / f"{begin:09}.parquet", compression="none")
    return texts


def on_spark(spark: Standalone, folder: Path, args: argparse.Namespace, settings: dedup.Settings) -> dict[str, Any]:
    """One measured run, after a small one."""
    with session(spark, folder, args.memory) as running:
        files = sorted((folder / "articles").iterdir())
        frame = running.read.parquet(*map(str, files))
        checkpoint = str(folder / "checkpoint")
        run(running.read.parquet(*map(str, files[: FILES // WARM])), settings, checkpoint)
        watch = Watch(spark)
        logger = logging.getLogger("dedup.spark.folder")
        logger.setLevel(logging.INFO)
        logger.addHandler(watch)
        running.sparkContext.setJobDescription("")
        since, begin = time.time(), time.perf_counter()
        found = run(frame, settings, checkpoint)
        seconds = time.perf_counter() - begin
        logger.removeHandler(watch)
        watch.close()
        labels = found.toArrow().sort_by("id")["label"].to_numpy()
    return {"seconds": seconds, "labels": labels, "watch": watch, "since": since}


def run(frame: DataFrame, settings: dedup.Settings, checkpoint: str) -> DataFrame:
    return dedup.spark.cluster(frame, settings=settings, checkpoint=checkpoint)


def one_process(texts: pa.ChunkedArray, settings: dedup.Settings, threads: int) -> dedup.Clusters:
    """The same in one process, with campaigns, which are worked out when they are asked for."""
    found = dedup.cluster(texts, settings, threads=threads)
    found.campaigns(threads=threads)
    return found


def b_cubed(one: np.ndarray, other: np.ndarray) -> float:
    """F1 of two labelings, the same from either side."""
    both = np.unique(np.stack([one, other]), axis=1, return_inverse=True)[1].ravel()
    sizes = [np.bincount(labels)[labels] for labels in (np.unique(one, return_inverse=True)[1], both)]
    others = np.unique(other, return_inverse=True)[1]
    recall, precision = (sizes[1] / sizes[0]).mean(), (sizes[1] / np.bincount(others)[others]).mean()
    return float(2 * precision * recall / (precision + recall))


def compared(args: argparse.Namespace, mode: str, settings: dedup.Settings) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        texts = articles(args.keep or folder / "made", folder / "articles", args.articles)
        with Standalone(folder, args.workers, args.worker_memory) as spark:
            ours = on_spark(spark, folder, args, settings)
        moved = shuffled(folder / "events", ours["since"])
    dedup.cluster(texts.slice(0, args.articles // WARM), settings, threads=args.workers)
    clusters, spent = measure.measured(lambda: one_process(texts, settings, args.workers))
    pairs, mine, theirs = clusters.pairs, ours["labels"], clusters.labels
    agree = (mine[pairs.left] == mine[pairs.right]) == (theirs[pairs.left] == theirs[pairs.right])
    watch = ours["watch"]
    stages = {
        stage: {
            "seconds": watch.seconds[stage], "cpu": watch.cpu[stage], "shuffled": moved.get(stage, 0),
            "megabytes": watch.peak[stage],
        }
        for stage in STAGES
    }  # fmt: skip
    return {
        "mode": mode, "articles": args.articles, "text_bytes": texts.nbytes, "workers": args.workers,
        "edges": len(pairs.left), "seconds": ours["seconds"], "cluster_seconds": spent.seconds,
        "agree": float(agree.mean()), "f1": b_cubed(mine, theirs), "stages": stages, "machine": measure.machine(),
    }  # fmt: skip


def report(found: dict[str, Any]) -> None:
    """Tables and figures."""
    print(f"\n{found['mode']}, {found['articles']:,} articles, {found['text_bytes'] / 1e6:,.0f} MB of text\n")
    print("| stage | seconds | CPU seconds | MB shuffled | peak of an executor with Python, MB |")
    print("|---|--:|--:|--:|--:|")
    for stage, one in found["stages"].items():
        figures = f"{one['seconds']:.1f} | {one['cpu']:.1f} | {one['shuffled'] / 1e6:,.1f} | {one['megabytes']:,.0f}"
        print(f"| {stage} | {figures} |")
    ratio = found["seconds"] / found["cluster_seconds"]
    print(
        f"\nSpark, {found['workers']} workers: {found['seconds']:.1f} s; dedup.cluster, {found['workers']} threads: "
        f"{found['cluster_seconds']:.1f} s; ratio {ratio:.2f}"
    )
    print(f"Agree on {found['agree']:.4%} of {found['edges']:,} verified edges; B-cubed F1 {found['f1']:.5f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=200_000)
    parser.add_argument("--modes", nargs="+", choices=scaling.MODES, default=list(scaling.MODES))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--memory", default="1g", help="of an executor's JVM")
    parser.add_argument("--worker-memory", default="2g", help="of a worker")
    parser.add_argument("--keep", type=Path, help="a folder for the articles, used again if it has them")
    parser.add_argument("--json", type=Path, help="write the figures here, too")
    args = parser.parse_args()
    print(measure.machine())
    found = [compared(args, mode, scaling.MODES[mode]) for mode in args.modes]
    for one in found:
        report(one)
    if args.json:
        args.json.write_text(json.dumps(found, indent=1), "utf-8")


if __name__ == "__main__":
    main()
