"""One timed run for `bench/evidence.py speed`, in a process of its own, of whichever checkout is on PYTHONPATH.

In: the folder of the corpora and how many articles. Out: one line of JSON with the seconds of each stage, wall time and
processor time of `dedup.cluster` in default mode, after a small run that compiles everything.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import evidence_texts

import dedup


def main() -> None:
    corpora, count = Path(sys.argv[1]), int(sys.argv[2])
    articles = evidence_texts.table(evidence_texts.real(corpora, count))
    run(articles.slice(0, 200))
    begin = time.perf_counter(), time.process_time()
    found = run(articles)
    wall, processor = time.perf_counter() - begin[0], time.process_time() - begin[1]
    print(
        json.dumps(
            {
                "checkout": str(Path(dedup.__file__).parents[1]),
                "articles": articles.num_rows,
                "clustered": int((found.sizes > 1).sum()),
                "seconds": dict(found.seconds),
                "wall": wall,
                "processor": processor,
            }
        )
    )


def run(articles: object) -> dedup.Clusters:
    return dedup.cluster(articles)


if __name__ == "__main__":
    main()
