"""What an index finds one by one, beside what clustering all at once finds.

In: how many synthetic near copies, or files of labelled articles. Out: how far the two agree (B-cubed F1 of the one
against the other, and clusters that are the same in both), after adding one by one and after `reweigh`, and what a
scoring script says.

    python bench/index_quality.py                                  # near copies, without weights
    python bench/index_quality.py --score SCORE.py PATH...         # labelled articles, with the default settings
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from corpus import near_copies

import dedup
from dedup import files

Groups = dict[str, frozenset[str]]


def groups(table: pa.Table, column: str) -> Groups:
    """The cluster of every article, as the set of its members."""
    members = defaultdict(set)
    for id_, name in zip(table["id"].to_pylist(), table[column].to_pylist(), strict=True):
        members[name].add(id_)
    return {id_: frozenset(some) for some in members.values() for id_ in some}


def agreement(found: Groups, truth: Groups) -> tuple[float, int, int]:
    """B-cubed F1 of one against the other, and how many clusters of several articles are the same, of how many."""
    precision = np.mean([len(found[id_] & truth[id_]) / len(found[id_]) for id_ in truth])
    recall = np.mean([len(found[id_] & truth[id_]) / len(truth[id_]) for id_ in truth])
    right = {some for some in truth.values() if len(some) > 1}
    return float(2 * precision * recall / (precision + recall)), len(right & set(found.values())), len(right)


def tell(what: str, table: pa.Table, truth: Groups, score: Path | None) -> None:
    """Print how an index agrees with the batch, and its score."""
    f1, same, clusters = agreement(groups(table, "cluster"), truth)
    print(f"{what}: B-cubed F1 against the batch {f1:.4f}, the same clusters {same} of {clusters}", flush=True)
    if score:
        with tempfile.NamedTemporaryFile(suffix=".parquet") as labels:
            pq.write_table(pa.table({"id": table["id"], "label": table["cluster"]}), labels.name)
            subprocess.run([sys.executable, score, labels.name], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*")
    parser.add_argument("--articles", type=int, default=20_000, help="synthetic ones, where no PATH is given")
    parser.add_argument("--score", type=Path, help="a script that takes the file of labels")
    parser.add_argument("--seed", type=int, help="shuffle the articles")
    given = parser.parse_args()
    if given.paths:
        settings, table = dedup.Settings(), files.read(given.paths).table.select(["id", "text"])
    else:
        settings, texts = dedup.Settings.near_copies(), near_copies(given.articles)[0]
        table = pa.table({"id": [str(k) for k in range(len(texts))], "text": texts})
    if given.seed is not None:
        table = table.take(np.random.default_rng(given.seed).permutation(len(table)))
    truth = groups(dedup.cluster(table, settings).to_arrow(), "label")
    with tempfile.TemporaryDirectory() as folder, dedup.Index(f"{folder}/index", settings) as index:
        begin = time.perf_counter()
        for id_, text in zip(table["id"].to_pylist(), table["text"].to_pylist(), strict=True):
            index.add(id_, text)
        print(f"{len(table):,} articles one by one in {time.perf_counter() - begin:.1f} s")
        tell("one by one", index.to_arrow(), truth, given.score)
        index.reweigh()
        tell("weighed anew", index.to_arrow(), truth, given.score)


if __name__ == "__main__":
    main()
