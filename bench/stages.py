"""Where the time goes, and how far it is from what the machine can do: `python bench/stages.py [--articles 20000]`.

Clusters a synthetic corpus (`bench/corpus.py`) on one thread in both modes and prints, of every stage and of every
kernel, the share of the whole and the nanoseconds a character: medians of some rounds after a warm-up. Then the
machine's own limits on the same texts: copying their bytes, encoding and decoding them, and hashing every shingle of
five characters once, from characters that are folded already, with nothing else done; and beside that last one, in the
same rounds, signing with 128 slots.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Callable
from functools import wraps
from statistics import median
from typing import Any

import corpus
import measure
import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

import dedup
from dedup import kernels
from dedup.stages import folding, shingles, signatures

MODES = {"near-copy": dedup.Settings.near_copies(), "default": dedup.Settings()}
KERNELS = (
    "scan", "scan_and_sign", "shingle", "part_out", "tally", "move", "store", "look_up", "sign", "band_keys",
    "count_highest", "run_entries", "gather_buckets", "meet", "count_mates",
    "components", "communities", "cut_tiles", "number_shingles", "group_shingles", "list_groups", "compare", "link",
)  # fmt: skip
SLOTS = 128


@njit(nogil=True)
def mix(x: np.uint64) -> np.uint64:
    """`kernels.mix`, for numba."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@njit(nogil=True)
def hash_once(codes: NDArray[np.uint32], keys: NDArray[np.uint64]) -> None:
    """Hash every run of five: a polynomial, mixed."""
    for k in range(len(codes) - 4):
        key = np.uint64(0)
        for step in range(5):
            key = key * kernels.BASE + np.uint64(codes[k + step])
        keys[k] = mix(key)


def timed(kernel: Callable[..., Any], taken: dict[str, float], name: str) -> Callable[..., Any]:
    @wraps(kernel)
    def call(*arguments: Any) -> Any:
        begin = time.perf_counter()
        result = kernel(*arguments)
        taken[name] += time.perf_counter() - begin
        return result

    return call


def profile(texts: pa.ChunkedArray | list[str], settings: dedup.Settings) -> tuple[dict[str, float], dict[str, float]]:
    """Seconds of every stage and of every kernel in one run."""
    taken: dict[str, float] = defaultdict(float)
    originals = {name: getattr(kernels, name) for name in KERNELS}
    try:
        for name, kernel in originals.items():
            setattr(kernels, name, timed(kernel, taken, name))
        found = dedup.cluster(texts, settings, threads=1)
    finally:
        for name, kernel in originals.items():
            setattr(kernels, name, kernel)
    return dict(found.seconds), dict(taken)


def print_shares(title: str, rounds: list[dict[str, float]], whole: float, characters: int) -> None:
    print(f"\n| {title} | share | ns a character |\n|---|--:|--:|")
    for name in rounds[0]:
        seconds = median(spent[name] for spent in rounds)
        print(f"| {name} | {seconds / whole:.1%} | {seconds * 1e9 / characters:.2f} |")


def where(mode: str, texts: list[str], rounds: int) -> None:
    """The two tables of one mode."""
    characters = sum(map(len, texts))
    profile(texts, MODES[mode])
    stages, inside = zip(*(profile(texts, MODES[mode]) for _ in range(rounds)), strict=True)
    whole = median(sum(spent.values()) for spent in stages)
    print(f"\n{mode}: {len(texts) / whole:,.0f} articles/s, {whole * 1e9 / characters:.1f} ns a character in all")
    print_shares("stage", list(stages), whole, characters)
    rest = [
        spent | {"Python and numpy": sum(s.values()) - sum(spent.values())}
        for s, spent in zip(stages, inside, strict=True)
    ]
    print_shares("kernel", rest, whole, characters)


def limits(texts: list[str], rounds: int) -> None:
    """What the machine can do with these texts, and signing beside hashing."""
    data = [text.encode() for text in texts]
    joined, characters = b"".join(data), sum(map(len, texts))
    source, target = np.frombuffer(joined, np.uint8), np.empty(len(joined), np.uint8)
    folded = [np.frombuffer(folding.fold(text).encode("utf-32-le"), np.uint32) for text in texts]
    keys = np.empty(max(map(len, folded)), np.uint64)
    column = pa.chunked_array([pa.array(texts, pa.large_string())])
    read = shingles.Texts(column, width=15, weighted=False)
    made = [read.shingle(rows, once=False) for rows in read.batches(np.arange(len(texts)))]
    work: dict[str, Callable[[], Any]] = {
        "copy of the bytes": lambda: np.copyto(target, source),
        "strings to UTF-8": lambda: [text.encode() for text in texts],
        "UTF-8 to strings": lambda: [text.decode() for text in data],
        "hash every shingle once": lambda: [hash_once(codes, keys) for codes in folded],
        f"sign, {SLOTS} slots": lambda: [signatures.sign(keys, None, offsets, slots=SLOTS) for keys, offsets in made],
    }
    seconds: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(rounds + 1):
        for name, call in work.items():
            begin = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - begin)
    print("\n| limit of the machine | GB/s | ns a character |\n|---|--:|--:|")
    for name, taken in seconds.items():
        middle = median(taken[1:])
        print(f"| {name} | {len(joined) / middle / 1e9:.2f} | {middle * 1e9 / characters:.2f} |")
    hashing, signing = list(seconds.values())[-2:]
    share = median(h / s for h, s in zip(hashing[1:], signing[1:], strict=True))
    print(f"\nsigning runs at {share:.0%} of the speed of hashing every shingle once")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    texts, _ = corpus.near_copies(args.articles)
    print(f"{measure.machine()}; {args.articles:,} articles, {sum(map(len, texts)):,} characters, one thread")
    for mode in MODES:
        where(mode, texts, args.rounds)
    limits(texts, args.rounds)


if __name__ == "__main__":
    main()
