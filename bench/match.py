"""How long A against B takes beside clustering both, and many queries of an index beside one by one.

    python bench/match.py --a 20000 --b 200000
    python bench/match.py --queries 2000 ../shared/corpora/real-articles.parquet

Prints the seconds of the processor of `dedup.match` and of `dedup.cluster` over the same articles, their ratio, and how
many edges between A and B only one of them has. With `--queries`, the ratio of `Index.query_many` to `Index.query`.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from typing import Any

import corpus
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
import pyarrow.parquet as pq  # type: ignore[import-untyped, unused-ignore]

import dedup

SETTINGS = {"near-copy": dedup.Settings.near_copies(), "default": dedup.Settings()}


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What it gives, and the seconds of the processor."""
    begin = time.process_time()
    found = work()
    return found, time.process_time() - begin


def two_sets(texts: pa.Array, cut: int, name: str, threads: int | None) -> None:
    """Match the first articles against the others, and cluster all."""
    settings = SETTINGS[name]
    dedup.match(texts[:500], texts[500:1500], settings)  # compiled, and in the cache
    dedup.cluster(texts[:1500], settings)
    found, matching = timed(lambda: dedup.match(texts[:cut], texts[cut:], settings, threads=threads))
    clusters, clustering = timed(lambda: dedup.cluster(texts, settings, threads=threads))
    left, right, _ = clusters.pairs
    between = (left < cut) & (right >= cut)
    edges = set(zip(left[between].tolist(), (right[between] - cut).tolist(), strict=True))
    matches = set(zip(found.left.tolist(), found.right.tolist(), strict=True))
    print(
        f"{name:9} {cut:,} against {len(texts) - cut:,}: {matching:.1f} s, clustering all {clustering:.1f} s, ratio "
        f"{matching / clustering:.2f}; {len(edges):,} edges between them, {len(edges - matches)} not matched, "
        f"{len(matches - edges)} matched besides (copies of copies)"
    )
    print("          match:", {stage: round(taken, 1) for stage, taken in found.seconds.items()})
    print("          cluster:", {stage: round(taken, 1) for stage, taken in clusters.seconds.items()}, flush=True)


def queries(texts: list[str], count: int, name: str) -> None:
    """Ask an index of the first articles for others, half of which it has."""
    stored, asked = texts[: 5 * count], texts[5 * count - count // 2 : 6 * count - count // 2]
    with tempfile.TemporaryDirectory() as folder, dedup.Index(f"{folder}/index", SETTINGS[name]) as index:
        index.add_many([str(number) for number in range(len(stored))], stored)
        index.query_many(asked[:2])
        one, alone = timed(lambda: [index.query(text) for text in asked])
        many, together = timed(lambda: index.query_many(asked, threads=1))
        print(
            f"{name:9} {len(asked):,} queries: one by one {alone:.2f} s, together {together:.2f} s, ratio "
            f"{alone / together:.2f}; the same answers: {one == many}",
            flush=True,
        )


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("path", nargs="?", help="real articles; without, generated ones")
    parser.add_argument("--a", type=int, default=20_000)
    parser.add_argument("--b", type=int, default=200_000)
    parser.add_argument("--characters", type=int, default=800)
    parser.add_argument("--queries", type=int, default=0)
    parser.add_argument("--modes", nargs="+", choices=SETTINGS, default=[*SETTINGS])
    parser.add_argument("--threads", type=int, default=None)
    options = parser.parse_args()
    count = 6 * options.queries if options.queries else options.a + options.b
    if options.path:
        texts = pq.read_table(options.path, columns=["text"])["text"].to_pylist()[:count]
    else:
        texts = corpus.near_copies(count, options.characters, seed=7)[0]
    column = pa.array(texts, pa.large_string())
    for name in options.modes:
        if options.queries:
            queries(texts, options.queries, name)
        else:
            two_sets(column, options.a, name, options.threads)


if __name__ == "__main__":
    main()
