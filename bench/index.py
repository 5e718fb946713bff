"""An index at a million articles: adding, opening, memory and disk; and datasketch's MinHashLSH beside it.

In: how many articles. Out: tables of articles a second, milliseconds, and bytes. The articles are synthetic, of 1,500
characters, 30 % of them in groups of edited copies; they are made ten thousand at a time, and a run of a million takes
about fifteen minutes, a third of it making articles. Adding one by one is measured on one core; a fresh process opens.

    python bench/index.py                          # a million articles, both modes
    python bench/index.py --articles 100000 --mode near
    pip install xxhash && python bench/index.py --beside datasketch  # one by one, the same texts in turn
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from corpus import near_copies
from measure import machine

import dedup

CHUNK = 10_000
BATCH = 1_000
MEASURED_BATCHES = 5
ONE_BY_ONE = 3_000
BESIDE = 300
MODES = {"default": dedup.Settings, "near": dedup.Settings.near_copies}
OPEN = """
import sys, time
begin = time.perf_counter()
import dedup
with dedup.Index(sys.argv[1], create=False) as index:
    index.query("一篇没有人见过的文章")
    print(time.perf_counter() - begin)
    print(next(int(line.split()[1]) / 1000 for line in open("/proc/self/status") if line.startswith("RssAnon")))
"""


def chunks() -> Iterator[list[str]]:
    """Articles without an end, some thousands at a time."""
    seed = 0
    while True:
        yield near_copies(CHUNK, 1_500, seed=seed)[0]
        seed += 1


class Feed:
    """Articles with ids, made before they are asked for."""

    def __init__(self) -> None:
        self._chunks, self._texts, self.given = chunks(), [""][:0], 0

    def take(self, count: int) -> tuple[list[str], list[str]]:
        """Ids and texts of the next articles."""
        while len(self._texts) < count:
            self._texts += next(self._chunks)
        texts, self._texts = self._texts[:count], self._texts[count:]
        ids = [f"https://example.com/articles/{self.given + place}" for place in range(count)]
        self.given += count
        return ids, texts


@contextmanager
def one_core() -> Iterator[None]:
    """Run on one core: this thread, and all it starts."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def many(index: dedup.Index, feed: Feed) -> float:
    """Articles a second of `add_many` by a thousand: the median of some batches."""
    rates = []
    for ids, texts in [feed.take(BATCH) for _ in range(MEASURED_BATCHES)]:
        begin = time.perf_counter()
        index.add_many(ids, texts)
        rates.append(BATCH / (time.perf_counter() - begin))
    return float(np.median(rates))


def singly(add: Callable[[str, str], object], feed: Feed, count: int = ONE_BY_ONE) -> tuple[float, float, float]:
    """Articles a second one by one, and the median and 99th percentile in milliseconds."""
    ids, texts = feed.take(count)
    spent = np.empty(count)
    for place in range(count):
        begin = time.perf_counter()
        add(ids[place], texts[place])
        spent[place] = time.perf_counter() - begin
    return count / spent.sum(), *(float(q) for q in np.quantile(spent, [0.5, 0.99]) * 1e3)


def run(modes: list[str], articles: int, folder: Path) -> None:
    """Grow indexes of the same articles side by side, and measure each at a tenth and at the whole of its size."""
    feed, paths = Feed(), {mode: folder / f"{mode}.dedup" for mode in modes}
    for size in (articles // 10, articles):
        indexes = {mode: dedup.Index(path, MODES[mode]()) for mode, path in paths.items()}
        while (left := size - len(indexes[modes[0]])) > 0:
            ids, texts = feed.take(min(BATCH, left))
            for index in indexes.values():
                index.add_many(ids, texts)
        for mode, index in indexes.items():
            measure(mode, index, feed, paths[mode])


def measure(mode: str, index: dedup.Index, feed: Feed, path: Path) -> None:
    """Add to an index, close it, and open it in a fresh process."""
    size = len(index)
    batch = many(index, feed)
    with one_core():
        rate, middle, slow = singly(index.add, feed)
    index.close()
    opened, resident = fresh(path)
    figures = (
        f"{size:,}",
        f"{rate:,.0f}",
        f"{middle:.2f}",
        f"{slow:.2f}",
        f"{batch:,.0f}",
        f"{opened:.2f}",
        f"{resident:,.0f}",
    )
    print("|", mode, "|", " | ".join(figures), "|", flush=True)


def fresh(path: Path) -> tuple[float, float]:
    """Seconds that a fresh process takes to import, open and look up, and its own megabytes."""
    done = subprocess.run([sys.executable, "-c", OPEN, path], capture_output=True, text=True, check=True)
    seconds, resident = map(float, done.stdout.split())
    return seconds, resident


def disk(mode: str, articles: int, folder: Path) -> None:
    """Bytes an article without texts."""
    path, feed = folder / f"{mode}-without.dedup", Feed()
    with dedup.Index(path, MODES[mode](), store_texts=False) as index:
        for _ in range(0, articles, BATCH):
            index.add_many(*feed.take(BATCH))
    with dedup.Index(path) as index:
        index.compact()
    size = sum(file.stat().st_size for file in path.iterdir())
    print(f"| {mode} | {articles:,} | {size / articles:,.0f} |", flush=True)


def beside_datasketch(articles: int, folder: Path) -> None:
    """Text in, one by one, on one core: datasketch's MinHashLSH in memory, and this index, in turn.

    datasketch as its documentation has it (an update a shingle; all shingles at once), and with a faster hash function.
    """
    import xxhash  # noqa: PLC0415
    from datasketch import MinHash  # noqa: PLC0415

    with dedup.Index(folder / "beside.dedup", dedup.Settings.near_copies()) as index, one_core():
        contenders: dict[str, Callable[[str, str], object]] = {
            "dedup near-copy, durable": index.add,
            "datasketch, update": datasketch(lambda: MinHash(num_perm=128), batch=False),
            "datasketch, update_batch": datasketch(lambda: MinHash(num_perm=128), batch=True),
            "datasketch, update_batch and xxh32": datasketch(
                lambda: MinHash(num_perm=128, hashfunc=xxhash.xxh32_intdigest), batch=True
            ),
        }
        feeds = {name: Feed() for name in contenders}
        rates: dict[str, list[float]] = {name: [] for name in contenders}
        for part in range(1 + articles // BESIDE):
            for name, add in contenders.items():
                rate = singly(add, feeds[name], BESIDE)[0]
                rates[name] += [rate] if part else []
    ours = float(np.median(rates["dedup near-copy, durable"]))
    print("\n| text in, one by one, one core | articles/s | ours / theirs |\n|---|--:|--:|")
    for name, found in rates.items():
        print(f"| {name} | {np.median(found):,.0f} | {ours / np.median(found):.2f} |")


def datasketch(new: Callable[[], Any], *, batch: bool) -> Callable[[str, str], object]:
    """Look an article up in a MinHashLSH, and insert it."""
    from datasketch import MinHashLSH  # noqa: PLC0415

    lsh = MinHashLSH(threshold=0.7, num_perm=128)

    def add(id_: str, text: str) -> object:
        sketch, shingles = new(), [text[k : k + 5].encode() for k in range(len(text) - 4)]
        if batch:
            sketch.update_batch(shingles)
        else:
            for shingle in shingles:
                sketch.update(shingle)
        found = lsh.query(sketch)
        lsh.insert(id_, sketch)
        return found

    return add


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=1_000_000)
    parser.add_argument("--mode", choices=MODES, action="append")
    parser.add_argument("--beside", choices=["datasketch"])
    parser.add_argument("--folder", help="where the indexes are made, and left; a temporary one unless told")
    given = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(given.folder or temporary)
        if given.beside:
            beside_datasketch(min(given.articles, 5 * BESIDE), folder)
            return
        print("\n| mode | articles | add/s, one core | median, ms | p99, ms | add_many/s | open, s | own memory, MB |")
        print("|---|--:|--:|--:|--:|--:|--:|--:|")
        run(given.mode or list(MODES), given.articles, folder)
        print("\n| mode | articles | bytes an article, without texts |\n|---|--:|--:|")
        for mode in given.mode or MODES:
            disk(mode, max(BATCH, given.articles // 10), folder)


if __name__ == "__main__":
    main()
