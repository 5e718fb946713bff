"""Average linkage on large components: `python bench/linkage.py`.

An adversary's chain, a star, a dense component and one with a star at a member (the worst found: its list is looked
through at every join), and a campaign so large that its articles are compared with some of it only
of it only. Prints time, peak memory of the process so far, and the clusters that come out.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable

import corpus
import numpy as np
from numpy.typing import NDArray

import dedup
from dedup.stages import clusters

CUT = dedup.Settings().threshold * dedup.Settings().linkage
NODES = 200_000


def report(name: str, run: Callable[[], NDArray[np.int64]]) -> None:
    begin = time.perf_counter()
    sizes = np.bincount(run())
    taken = time.perf_counter() - begin
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    largest = sizes.max()
    print(f"{name:<42} {taken:6.2f} s  {memory:5.2f} GB  {(sizes > 0).sum():8,} clusters, the largest {largest:,}")


def main() -> None:
    rng = np.random.default_rng(0)
    steps = np.arange(NODES - 1)
    even, rising = np.full(NODES - 1, 0.2), np.linspace(0.12, 1, NODES - 1)
    left, right = np.triu_indices(3_000, 1)
    dense = rng.uniform(0.12, 0.9, len(left))
    clusters.link(steps[:1], steps[:1] + 1, even[:1], 2, CUT)  # compile
    report("chain of 200,000", lambda: clusters.link(steps, steps + 1, even, NODES, CUT))
    report("chain of 200,000, ever more similar", lambda: clusters.link(steps, steps + 1, rising, NODES, CUT))
    report("star of 200,000", lambda: clusters.link(steps * 0, steps + 1, rising, NODES, CUT))
    report("chain of 200,000, connected components", lambda: clusters.link(steps, steps + 1, even, NODES, 0))
    report("all pairs of 3,000", lambda: clusters.link(left, right, dense, 3_000, CUT))
    core_left, core_right = np.triu_indices(1_000, 1)
    hub = np.concatenate([core_left, steps * 0]), np.concatenate([core_right, 1_000 + steps])
    strengths = np.concatenate([rng.uniform(0.3, 0.9, len(core_left)), np.full(NODES - 1, 0.12)])
    report("all pairs of 1,000, one a star of 200,000", lambda: clusters.link(*hub, strengths, NODES + 1_000, CUT))
    texts, _ = corpus.campaign(4_000, share=0.9)
    report("campaign of 3,600 among 4,000, whole job", lambda: dedup.cluster(texts).labels)


if __name__ == "__main__":
    main()
