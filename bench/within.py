"""What rules of who is compared cost and find: `python bench/within.py CORPUS.parquet`.

Gives every article one of 100 groups and a date of a year, both by chance. Prints the processor seconds of a run
within these groups beside those of a run without, in turns; and of the pairs of the first articles that are edges and
that a rule allows, by computing them all, which share was found with it.
"""

from __future__ import annotations

import argparse
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from recall import brute_force

import dedup
from dedup.pipeline import represent
from dedup.settings import Settings

GROUPS = 100
FEW = 10
DAYS = 365
RULES: dict[str, tuple[str, ...]] = {
    "none": (),
    "within": ("within",),
    "across": ("across",),
    "within_days": ("within_days", "date"),
    "all": ("within", "across", "within_days", "date"),
}


def seconds(articles: Any, rule: dict[str, Any]) -> tuple[float, dict[str, float]]:
    """Processor seconds of a run, and those of its stages by the clock."""
    begin = time.process_time()
    found = dedup.cluster(articles, threads=1, **rule)
    return time.process_time() - begin, dict(found.seconds)


def allowed(left: np.ndarray, right: np.ndarray, rule: dict[str, Any]) -> np.ndarray:
    """Which pairs a rule allows, by its definition."""
    kept = np.ones(len(left), bool)
    if "within" in rule:
        kept &= rule["within"][left] == rule["within"][right]
    if "across" in rule:
        kept &= rule["across"][left] != rule["across"][right]
    if "date" in rule:
        apart = np.abs(rule["date"][left] - rule["date"][right])
        kept &= apart <= timedelta(days=rule["within_days"])
    return kept


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path")
    parser.add_argument("--articles", type=int, default=20_000, help="For the time.")
    parser.add_argument("--exact", type=int, default=2_500, help="For what is found: all their pairs are computed.")
    args = parser.parse_args()
    articles = pq.read_table(args.path).slice(0, args.articles)
    rng = np.random.default_rng(1)
    groups = rng.integers(0, GROUPS, len(articles))
    begin = datetime(2025, 1, 1, tzinfo=UTC)
    dates = np.array([begin + timedelta(days=day) for day in rng.uniform(0, DAYS, len(articles)).tolist()])

    for rule in ({}, {"within": groups}) * 3:
        taken, stages = seconds(articles, rule)
        shown = ", ".join(f"{name} {stages[name]:.2f}" for name in ("meet", "verify", "cluster"))
        print(
            f"{len(articles):,} articles, {'100 groups' if rule else 'no groups '}: {taken:.2f} s of processor; {shown}"
        )

    some, few = articles.slice(0, args.exact), groups[: args.exact] % FEW
    given = {
        "within": few,
        "across": few // 2 + 10 * (np.arange(len(few)) % 3),
        "within_days": 30,
        "date": dates[: args.exact],
    }
    corpus = represent(some.column("text").cast("large_string"), Settings(), threads=2)
    exact = brute_force(corpus, Settings(), 2)
    print(
        f"\n{len(corpus.first):,} distinct texts, {len(exact.left):,} edges\n{'rule':>12} {'allowed':>8} {'found':>8}"
    )
    for name, keys in RULES.items():
        rule = {key: given[key] for key in keys}
        pairs = dedup.cluster(some, **rule).pairs
        left, right = corpus.first[exact.left], corpus.first[exact.right]
        kept = allowed(left, right, rule)
        wanted = set(zip(np.minimum(left, right)[kept].tolist(), np.maximum(left, right)[kept].tolist(), strict=True))
        have = set(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True))
        assert allowed(pairs.left, pairs.right, rule).all()
        print(f"{name:>12} {len(wanted):8,} {len(wanted & have) / max(1, len(wanted)):8.2%}")


if __name__ == "__main__":
    main()
