"""Campaigns on Spark against those in memory: `python bench/spark_campaigns.py --corpora FOLDER --seeds FOLDER`.

Clusters what section `network` of `bench/evidence.py` does, one operator's articles and seeds among 3,000 clean Chinese
ones, by `dedup.cluster` and by `dedup.spark.cluster` on a standalone Spark of two workers: once as it is, and once with
the weights of one process in the place of those of the sketch, where everything should be the same. Prints of each the
share of the operator's articles in one campaign, the clean articles in it and seconds of the stage; of both on Spark
B-cubed F1 against one process, and which columns differ. Takes three minutes.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
import time
from pathlib import Path
from typing import Any

import evidence_texts as texts
import numpy as np
import pyarrow as pa
from evidence import home
from spark import b_cubed, session
from standalone import Standalone

import dedup
import dedup.spark
from dedup.spark import driver

CLEAN = 3_000
PARTITIONS = 4


class Seconds(logging.Handler):
    """Of every stage, as it is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.of = dict[str, float]()

    def emit(self, record: logging.LogRecord) -> None:
        """A stage has ended."""
        stage, seconds = record.args  # type: ignore[misc]
        self.of[str(stage)] = float(seconds)  # type: ignore[arg-type]


def told(name: str, found: pa.Table, ours: int, seconds: float) -> None:
    """The line of a run."""
    at_home = home(found["campaign"].to_numpy(), np.arange(ours))
    assert at_home.together is not None
    share = at_home.together / ours
    print(f"{name}: {share:.3f} of the {ours} in one campaign with {at_home.strangers} clean ones, {seconds:.1f} s")


def on_spark(running: Any, articles: pa.Table, folder: Path) -> tuple[pa.Table, float]:
    """What Spark finds, by id, and the seconds of the stage."""
    watch, logger = Seconds(), logging.getLogger("dedup.spark.folder")
    logger.setLevel(logging.INFO)
    logger.addHandler(watch)
    frame = running.createDataFrame(articles).repartition(PARTITIONS)
    found = dedup.spark.cluster(frame, checkpoint=str(folder / "checkpoint")).toArrow().sort_by("id")
    logger.removeHandler(watch)
    return found, watch.of["campaigns"]


def compared(found: pa.Table, wanted: pa.Table) -> None:
    """How far two runs agree."""
    figures = (f"{b_cubed(*(one[level].to_numpy() for one in (found, wanted))):.4f}" for level in ("label", "campaign"))
    same = {name: found[name].equals(wanted[name]) for name in wanted.column_names}
    different = ", ".join(name for name, equal in same.items() if not equal)
    print("  against one process: B-cubed F1 of clusters {}, of campaigns {}; ".format(*figures), end="")
    print(f"different columns: {different}" if different else "every column is the same")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpora", type=Path, required=True, help="a folder with network-dev and spun-dev.parquet")
    parser.add_argument("--seeds", type=Path, required=True, help="a folder of Markdown files")
    args = parser.parse_args()
    ours = texts.read(args.corpora / "network-dev.parquet") + texts.seeds(args.seeds)
    everyone = [article.text for article in ours + texts.clean(args.corpora, "zh")[:CLEAN]]
    articles = pa.table({"id": np.arange(len(everyone)), "text": pa.array(everyone)})
    clusters = dedup.cluster(articles)
    begin = time.perf_counter()
    wanted = clusters.to_arrow(campaigns=True)
    told("one process", wanted, len(ours), time.perf_counter() - begin)
    assert clusters.corpus is not None
    weights = clusters.corpus.weights
    with tempfile.TemporaryDirectory() as temporary, Standalone(Path(temporary), memory="2g") as spark:
        folder = Path(temporary)
        with session(spark, folder, "1g") as running:
            for name in ("Spark", "Spark, weights of one process"):
                if name != "Spark":
                    driver.weigh = lambda *_: weights  # type: ignore[assignment, return-value]
                found, seconds = on_spark(running, articles, folder)
                told(name, found, len(ours), seconds)
                compared(found, wanted)


if __name__ == "__main__":
    main()
