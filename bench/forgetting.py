"""What a state gives back when half of its articles are forgotten: `python bench/forgetting.py [--articles N]`.

The articles of `bench/corpus.py` are read in a first night, every second one is forgotten, and the state is compacted.
Prints the bytes before and after, by kind, the processor time, and whether what remains has the ids and the clusters
that it has in a state that never held the other half.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import corpus
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dedup import nightly
from dedup.nightly import Forget


def labels(folder: Path) -> pa.Table:
    """Those of a night, by id."""
    return pq.read_table(folder / "labels").sort_by("id")


def agreement(one: pa.Table, other: pa.Table) -> str:
    """How many articles of two nights have the same id of their cluster."""
    same = pc.sum(pc.equal(one["cluster"], other["cluster"])).as_py()
    return f"{len(one):,} and {len(other):,} articles, {same:,} in a cluster of the same name"


def forget_half(folder: Path, articles: int) -> None:
    """Forget every second article, and compare what is left."""
    texts, _ = corpus.near_copies(articles, seed=1)
    table = pa.table({"id": [f"{number}" for number in range(len(texts))], "text": texts})
    (folder / "crawl").mkdir()
    (folder / "half").mkdir()
    pq.write_table(table, folder / "crawl" / "all.parquet")
    rest = table.take(pa.array(range(0, articles, 2)))
    pq.write_table(rest, folder / "half" / "all.parquet")
    nightly.run([folder / "crawl"], folder / "out", folder / "state")
    before, begin = nightly.stats(folder / "state"), time.process_time()
    nightly.forget(folder / "state", Forget(table["id"].take(pa.array(range(1, articles, 2))).to_pylist()))
    middle = time.process_time()
    nightly.compact(folder / "state")
    print(f"forget: {middle - begin:.1f} s of processor time; compact: {time.process_time() - middle:.1f} s")
    after = nightly.stats(folder / "state")
    print(f"{'kind':12} {'before':>14} {'after':>14}")
    for kind in before.bytes:
        print(f"{kind:12} {before.bytes[kind]:14,} {after.bytes[kind]:14,}")
    sums = sum(before.bytes.values()), sum(after.bytes.values())
    print(f"{'all':12} {sums[0]:14,} {sums[1]:14,}   {sums[1] / sums[0]:.1%}")
    nightly.run([folder / "crawl"], folder / "out", folder / "state")
    nightly.run([folder / "half"], folder / "out2", folder / "state2")
    print("beside a state of the rest alone:", agreement(labels(folder / "out"), labels(folder / "out2")))


def main() -> None:
    """Print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=20_000)
    with tempfile.TemporaryDirectory() as folder:
        forget_half(Path(folder), parser.parse_args().articles)


if __name__ == "__main__":
    main()
