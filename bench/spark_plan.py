"""What a run at internet scale would take, from measured ones: `python bench/spark_plan.py FILE FILE FILE`.

In: what `bench/spark.py --json` wrote at three sizes or more. For each mode and stage it fits CPU seconds and shuffled
bytes as a power of the number of articles (least squares of the logarithms; never less than in proportion, since what
a small run takes is mostly what any run takes), and prints what that makes for `--articles`, ten billion by default.
How candidates are sent at that size follows from the package itself: bytes of that stage are computed, and its CPU
seconds those of the largest run a byte sent, and of the comparisons with whom an article meets by chance. Then
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
from dedup.stages import bands
from dedup.stages.candidates import LOOKED_AT
from dedup.stages.frames import Rate
from dedup.stages.frequencies import Sketch

UTF8 = 3  # bytes of a Chinese character
COMPARED = 10e-9  # seconds a comparison, as `dedup.stages.bands` says
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


def way(articles: int, settings: Settings, shape: bands.Bands, cores: int) -> tuple[str, int]:
    """How candidates are made of so many articles, and the bytes of each that are sent."""
    cut = tiles.plan(articles, settings, shape, 2 * cores)
    ways = {
        f"tiles, {cut.blocks:,} blocks": tiles.bytes_a_text(cut, settings, shape),
        "buckets": buckets.bytes_a_text(settings, shape),
    }
    return min(ways.items(), key=lambda one: one[1])


def mates(articles: float, shape: bands.Bands) -> float:
    """How many an article meets in a band by chance: 1.3 % of unrelated pairs meet in 256 bands of two slots."""
    return articles * (0.0131 / 256) ** (shape.rows / 2)


def compared(articles: int, settings: Settings, shape: bands.Bands) -> float:
    """CPU seconds of comparing articles with those that they meet by chance, as far as they are looked at."""
    looked = min(mates(articles, shape) / 2, LOOKED_AT * settings.bucket_cap)
    return articles * shape.bands * looked * COMPARED


def breaks(articles: int, characters: float, settings: Settings, shape: bands.Bands) -> list[str]:
    """What gives way, in words with numbers."""
    cells = 1 << Sketch.bits_for(int(articles * characters))
    noise, cap = articles * characters / cells, settings.max_df * articles
    found = []
    if settings.weighted:
        found.append(
            f"the sketch of document frequencies: {cells:,} cells have {noise:,.0f} shingles each: a rare one counts "
            f"as if {noise:,.0f} articles held it, where the bound for frequent ones is {cap:,.0f}"
        )
        met, most = mates(articles, shape), LOOKED_AT * settings.bucket_cap
        if met > most:
            found.append(
                f"bands of {shape.rows} slots: an article meets {met:,.0f} others a band by chance, is compared with "
                f"{most:,} of them at most, and misses the others: raise the threshold, so that bands have more slots"
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
    shape = bands.choose(settings.threshold, settings.slots, settings.recall)
    runs = sorted(runs, key=lambda run: run["articles"])
    sizes, many = [run["articles"] for run in runs], args.articles
    name, sent = way(many, settings, shape, args.cores)
    characters = runs[-1]["text_bytes"] / runs[-1]["articles"] / UTF8
    measured = ", ".join(f"{size:,}" for size in sizes)
    print(f"\n{mode}: {many:,} articles of {characters:,.0f} characters, from {measured}; candidates by {name}\n")
    head = " | ".join(f"CPU s, {size:,}" for size in sizes)
    print(f"| stage | {head} | exponent | CPU hours, {many:,} | TB shuffled | exponent |")
    print("|---|" + "--:|" * (len(sizes) + 4))
    hours = moved = most = 0.0
    for stage in runs[0]["stages"]:
        cpu = fitted(sizes, [run["stages"][stage]["cpu"] for run in runs])
        used, power = cpu.of(many), f"{cpu.exponent:.2f}"
        sending = fitted(sizes, [run["stages"][stage]["shuffled"] for run in runs])
        amount = sent * many if stage == "band" else sending.of(many)
        law = f"{sending.exponent:.2f}"
        if stage == "band":
            used = cpu.least * amount / sending.least + compared(many, settings, shape)
            power = law = "computed"
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
    for one in breaks(many, characters, settings, shape):
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
