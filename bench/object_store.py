"""Parquet in an object store against the same file on the local disk: CPU and wall-clock time of reading it.

In: a file of Parquet. Out: both times of both ways, the least of some rounds that alternate, and their ratios
(the disk is 1). The store is moto's server on the loopback address, a process of its own: its time is in the wall
clock and not in the CPU time.

    python bench/object_store.py                                          # the corpus beside this checkout
    python bench/object_store.py articles.parquet --rounds 5
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import s3fs
from measure import machine, wait_for

from dedup import files

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpora" / "real-articles.parquet"
PATIENCE = 60.0


@contextmanager
def store() -> Iterator[None]:
    """An S3 on this machine, which the environment names."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    os.environ |= {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port, PATIENCE)
        yield
    finally:
        process.terminate()
        process.wait()


def measure(path: str) -> tuple[float, float, int]:
    """CPU seconds and seconds of one reading, and how many articles there were."""
    cpu, wall = time.process_time(), time.perf_counter()
    read = files.read(path)
    assert not read.problems, read.problems
    return time.process_time() - cpu, time.perf_counter() - wall, len(read.table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", nargs="?", type=Path, default=CORPUS)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    size = chosen.path.stat().st_size / 1e6
    with store():
        url = "s3://bench/articles.parquet"
        there = s3fs.S3FileSystem()
        there.mkdir("bench")
        there.put_file(str(chosen.path), url)
        paths = {"disk": str(chosen.path), "store": url}
        rounds = [{name: measure(path) for name, path in paths.items()} for _ in range(chosen.rounds + 1)][1:]
    print(f"{machine()}; {size:.0f} MB, {rounds[0]['disk'][2]:,} articles, the least of {chosen.rounds} rounds")
    times = {name: [min(one[name][place] for one in rounds) for place in (0, 1)] for name in paths}
    for name, (cpu, wall) in times.items():
        print(f"{name:6} {cpu:6.2f} s CPU {wall:6.2f} s wall {size / wall:6.0f} MB/s")
    ratios = [disk / store for disk, store in zip(times["disk"], times["store"], strict=True)]
    print(f"store against disk: {ratios[0]:.2f} x CPU, {ratios[1]:.2f} x wall")


if __name__ == "__main__":
    main()
