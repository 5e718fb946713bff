"""What a run at internet scale would take, from measured ones: `python bench/spark_plan.py FILE FILE FILE`.

In: what `bench/spark.py --json` wrote at three sizes or more. For each mode and stage it fits CPU seconds and shuffled
bytes as a power of the number of articles (least squares of the logarithms; never less than in proportion, since what
a small run takes is mostly what any run takes), and prints what that makes for `--articles`, ten billion by default.
Near copies go to buckets at any size. How rewrites are sent at that size follows from the package itself: tiles are
walked by the measured runs, and if it is buckets, what their rows and comparisons take is computed and added. Then
the machines for one night, and what gives way first, with its number. Extrapolating fifty-thousandfold is no
measurement: it is the arithmetic, for all to check.
"""

from __future__ import annotations

import argparse
import json
import math
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import scaling

from dedup.settings import Settings
from dedup.spark import buckets, tiles
from dedup.stages.frames import Rate
from dedup.stages.frequencies import Sketch
from dedup.stages.runs import LOOKED_AT

UTF8 = 3  # bytes of a Chinese character
COMPARED = 10e-9  # seconds a comparison, as `dedup.stages.candidates` says
KEY = 1.9e-6  # CPU seconds a key that is sent without a sketch, JVM and Python: two million keys more on one core
ROW = 6e-6  # CPU seconds a key that several texts have, which joins its sketch and goes to a bucket: a million more
MORE = 2.1  # times the pairs to verify, since sketches are shortened: of 12,000 real articles
TASK = 128e6  # bytes that a task reads
FOOTER = 250  # characters of a common one


class Fit(NamedTuple):
    """`at` articles take `least * (articles / at) ** exponent`."""

    least: float
    at: int
    exponent: float

    def of(self, articles: float) -> float:
        """What so many take."""
        return self.least * (articles / self.at) ** self.exponent


def fitted(sizes: list[int], values: list[float]) -> Fit:
    """From the largest run on; the exponent is that of all runs, at least 1."""
    if min(values) <= 0:
        return Fit(max(values), max(sizes), 1.0)
    slope = float(np.polyfit(np.log(sizes), np.log(values), 1)[0])
    return Fit(values[-1], sizes[-1], max(1.0, slope))


class Way(NamedTuple):
    """How candidates are sent of so many articles, all together."""

    name: str
    amount: float
    """Bytes."""
    keys: float
    """That are sent without sketches."""
    rows: float
    """That go to buckets, with sketches."""
    walks: int
    """How often a text is walked, once with each other block."""


def way(articles: int, characters: float, settings: Settings, cores: int) -> Way:
    """How rewrites are sent, as the package itself chooses."""
    keys, cut = buckets.KEYS * characters, tiles.plan(articles, int(articles * characters), settings, 2 * cores)
    to_tiles = tiles.bytes_a_text(cut, settings, characters)
    to_buckets = buckets.bytes_a_text(buckets.shortened(settings), characters)
    if to_tiles > to_buckets:
        return Way("buckets", articles * to_buckets, articles * keys, articles * keys * buckets.SHARED, 1)
    return Way(f"tiles, {cut.blocks:,} blocks", articles * to_tiles, 0, 0, max(1, cut.blocks - 1))


def breaks(articles: int, characters: float, settings: Settings) -> list[str]:
    """What gives way, in words with numbers."""
    cells = 1 << Sketch.bits_for(int(articles * characters))
    noise, cap = articles * characters / cells, settings.max_df * articles
    found = []
    if settings.weighted:
        found.append(
            f"the sketch of document frequencies: {cells:,} cells have {noise:,.0f} shingles each: a rare one counts "
            f"as if {noise:,.0f} articles held it, where the bound for frequent ones is {cap:,.0f}"
        )
        found.append(
            f"common phrases: in a run that more than {LOOKED_AT} articles share, each is compared with the first "
            f"{LOOKED_AT} of them, and with more only if it finds similar ones there: rewrites that share no run but "
            "such are missed"
        )
    every = Rate.of(int(articles * characters)).windows
    if settings.frames and every > FOOTER:
        found.append(f"frames: one window in {every:,} is looked at; what is shorter, as any footer is, is not found")
    found.append(
        f"a text in more than {16e9 / 12:,.0f} near copies: the one task of its bucket takes 12 bytes for each, 16 GB"
    )
    return found


def plan(mode: str, runs: list[dict[str, Any]], args: argparse.Namespace) -> None:
    """The table of one mode."""
    settings = scaling.MODES[mode]
    runs = sorted(runs, key=lambda run: run["articles"])
    sizes, many = [run["articles"] for run in runs], args.articles
    characters = runs[-1]["text_bytes"] / runs[-1]["articles"] / UTF8
    chosen = way(many, characters, settings, args.cores) if settings.weighted else Way("buckets", 0, 0, 0, 1)
    measured = ", ".join(f"{size:,}" for size in sizes)
    print(
        f"\n{mode}: {many:,} articles of {characters:,.0f} characters, from {measured}; candidates by {chosen.name}\n"
    )
    head = " | ".join(f"CPU s, {size:,}" for size in sizes)
    print(f"| stage | {head} | exponent | CPU hours, {many:,} | TB shuffled | exponent |")
    print("|---|" + "--:|" * (len(sizes) + 4))
    hours = moved = most = 0.0
    for stage in runs[0]["stages"]:
        cpu = fitted(sizes, [run["stages"][stage]["cpu"] for run in runs])
        used, power = cpu.of(many), f"{cpu.exponent:.2f}"
        sending = fitted(sizes, [run["stages"][stage]["shuffled"] for run in runs])
        amount, law = sending.of(many), f"{sending.exponent:.2f}"
        if stage == "meet" and settings.weighted:
            used = used * chosen.walks + chosen.keys * KEY + chosen.rows * (ROW + LOOKED_AT * COMPARED)
            amount = chosen.amount
            power, law = f"{power}, rows computed", "computed"
        if stage == "verify" and chosen.rows:
            used, amount = MORE * used, MORE * amount
        hours, moved, most = hours + used / 3600, moved + amount, max(most, amount)
        seconds = " | ".join(f"{run['stages'][stage]['cpu']:.1f}" for run in runs)
        print(f"| {stage} | {seconds} | {power} | {used / 3600:,.0f} | {amount / 1e12:,.1f} | {law} |")
    by_cpu = math.ceil(hours / args.hours / args.cores / args.busy)
    by_net = math.ceil(2 * moved / (args.gigabits * 1e9 / 8) / (args.hours * 3600))
    kept = many * characters * UTF8
    print(f"\nIn all {hours:,.0f} CPU hours and {moved / 1e12:,.0f} TB shuffled; {kept / 1e12:,.0f} TB of text kept.")
    print(
        f"In {args.hours:g} hours: {by_cpu:,} machines of {args.cores} cores, {args.busy:.0%} of the time busy, for "
        f"the work; {by_net:,} for the network, if it gives each {args.gigabits:g} Gbit/s."
    )
    print(f"Local disks hold {most / 1e12:,.0f} TB of shuffled data while the largest stage runs.")
    print(f"Set spark.sql.shuffle.partitions to {math.ceil(max(moved / 2, kept) / TASK):,}.\n\nWhat gives way first:\n")
    for one in breaks(many, characters, settings):
        print(f"* {one}.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--articles", type=int, default=10_000_000_000)
    parser.add_argument("--hours", type=float, default=8)
    parser.add_argument("--cores", type=int, default=64, help="of a machine")
    parser.add_argument("--busy", type=float, default=0.7, help="share of the time that a core works")
    parser.add_argument("--gigabits", type=float, default=10, help="a second, of a machine's network")
    args = parser.parse_args()
    runs = defaultdict(list)
    for file in args.files:
        for run in json.loads(file.read_text("utf-8")):
            runs[run["mode"]].append(run)
    if any(len({run["articles"] for run in mine}) < 3 for mine in runs.values()):
        parser.error("an exponent needs runs of three sizes: python bench/spark.py --articles N --json FILE")
    for mode, mine in runs.items():
        plan(mode, mine, args)


if __name__ == "__main__":
    main()
