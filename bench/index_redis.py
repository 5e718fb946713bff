"""The index in Redis: adding one by one and in batches, and the server's memory.

In: how many articles. Out: a table of articles a second, and bytes of the server's memory an article. The articles are
those of `bench/index.py`: 1,500 characters, 30 % in groups of edited copies. The server is started for this, on a free
port and without persistence, on the same host: so the figures are those of the store, and not of a network.

    python bench/index_redis.py                    # ten thousand articles, both modes
    python bench/index_redis.py --articles 50000 --mode default
"""

from __future__ import annotations

import argparse
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import redis
from index import BATCH, MODES, Feed, many, singly
from measure import machine, wait_for

import dedup

ONE_BY_ONE = 500
PATIENCE = 10.0


@contextmanager
def server() -> Iterator[str]:
    """The address of a server that ends afterwards."""
    with socket.socket() as free, tempfile.TemporaryDirectory() as folder:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        options = ["--port", str(port), "--dir", folder, "--save", "", "--appendonly", "no", "--logfile", "log"]
        process = subprocess.Popen([shutil.which("redis-server") or "redis-server", *options])
        try:
            wait_for(port, PATIENCE)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.terminate()
            process.wait()


def used(url: str) -> int:
    """Bytes that the server has allocated."""
    with redis.Redis.from_url(url) as client:
        return int(client.info("memory")["used_memory"])


def measure(mode: str, articles: int) -> None:
    """Fill an index, and add to it."""
    feed = Feed()
    with server() as url:
        empty = used(url)
        with dedup.Index(url, MODES[mode]()) as index:
            for begin in range(0, articles, BATCH):
                index.add_many(*feed.take(min(BATCH, articles - begin)))
        taken = (used(url) - empty) / articles
        with dedup.Index(url) as index:
            batch = many(index, feed)
            rate, middle, slow = singly(index.add, feed, ONE_BY_ONE)
    figures = f"{articles:,} | {rate:,.0f} | {middle:.2f} | {slow:.2f} | {batch:,.0f} | {taken:,.0f}"
    print(f"| {mode} | {figures} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=10_000)
    parser.add_argument("--mode", choices=MODES, action="append")
    given = parser.parse_args()
    print(machine())
    print("\n| mode | articles | add/s | median, ms | p99, ms | add_many/s | bytes an article |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    for mode in given.mode or MODES:
        measure(mode, given.articles)


if __name__ == "__main__":
    main()
