"""How well an audit knows what it has not seen: `python bench/audit.py CORPUS.parquet`.

The corpus has labels (columns `campaign` and `group`): a pair is right if both articles have the same ones. They mark
the pairs of an audit, whose precision and recall are printed beside the true ones, which are counted over all pairs
that are in one cluster or met. Then how often the intervals of 200 audits, each of other pairs, hold the truth.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import pyarrow.parquet as pq

import dedup
from dedup.audits.estimates import Estimate
from dedup.audits.populations import Population, mixed
from dedup.audits.sampled import Audit
from dedup.stages.clusters import Pairs

AUDITS = 200


def truth(population: Population, label: np.ndarray) -> tuple[float, float]:
    """Precision and recall over all pairs."""
    inside = np.arange(len(population.inside))
    left, right = population.inside.ends(inside)
    hit = int(same(label, left, right).sum())
    apart = ~population.joined[population.strata]
    missed = int(same(label, population.met.left[apart], population.met.right[apart]).sum())
    return hit / len(inside), hit / (hit + missed)


def same(label: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return (label[left] == label[right]) & (label[left] >= 0)


def labelled(audit: Audit, label: np.ndarray, seed: int, pairs: int) -> tuple[Estimate, Estimate]:
    """Precision and recall of an audit of other pairs of the same population."""
    corpus, population = audit.run.found.corpus, audit.run.population
    marks = mixed(corpus.texts.prints[corpus.first]).sum(axis=1)
    left, right = population.sample(pairs, seed, marks)
    strata, similarity = population.look_up(left, right)
    one = Audit(audit.run, Pairs(left, right, similarity), strata)
    marked = one.mark(same(label, left, right).tolist())
    return marked.precision, marked.recall


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path")
    parser.add_argument("--pairs", type=int, default=200)
    args = parser.parse_args()

    table = pq.read_table(args.path)
    begin = time.process_time()
    found = dedup.cluster(table.select(["id", "text"]))
    ran = time.process_time()
    audit = found.audit(args.pairs)
    audited = time.process_time()
    rows = zip(table["campaign"].to_pylist(), table["group"].to_pylist(), strict=True)
    known: dict[tuple[str, str], int] = {}
    labels = np.array([known.setdefault(row, len(known)) if row[0] else -1 for row in rows])
    label = labels[found.graph.first]
    marked = audit.mark([bool(same(labels, np.array([one.left]), np.array([one.right]))[0]) for one in audit])
    print(f"CPU seconds: clusters {ran - begin:.1f}, audit {audited - ran:.1f}\n\n{audit}\n\n{marked}\n")

    true = truth(audit.run.population, label)
    for name, value, estimate in zip(("precision", "recall"), true, (marked.precision, marked.recall), strict=True):
        print(f"{name:10} true {value:.3f}, estimated {estimate}")
    every = [labelled(audit, label, seed, args.pairs) for seed in range(1, AUDITS + 1)]
    for place, name in enumerate(("precision", "recall")):
        held = np.mean([one[place].low <= true[place] <= one[place].high for one in every])
        width = np.mean([one[place].high - one[place].low for one in every])
        print(f"{name:10} the interval holds the truth in {held:.1%} of {AUDITS} audits; it is {width:.3f} wide")


if __name__ == "__main__":
    main()
