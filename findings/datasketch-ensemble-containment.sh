#!/usr/bin/env bash
# datasketch 2.0.0, MinHashLSHEnsemble with its default weights: of sets that hold the whole query (containment 1.0) an
# index for a containment of 0.9 finds none once they are five times as large as the query, where an index for 0.5 finds
# nearly all. The shape of the bands is chosen by the area of errors on each side of the threshold; above 0.9 that area
# is at most a tenth, so to find nothing at all is judged better than to let anything below pass. With weights of 0.1
# and 0.9 nearly all are found at both thresholds. Exits with 1 if that is no longer so.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'datasketch==2.0.0' 'numpy==2.4.6' 'scipy==1.17.1'
"$work/venv/bin/python" - <<'PYTHON'
import random
import sys
from importlib.metadata import version

from datasketch import MinHash, MinHashLSHEnsemble

QUERY, SETS, LARGER = 200, 150, 5


def sketch(values):
    made = MinHash(num_perm=128)
    made.update_batch([str(value).encode() for value in values])
    return made


def found(threshold, weights):
    """How many of the sets are found by a query of which every value is in the set."""
    draw = random.Random(7)
    sets = [[draw.getrandbits(60) for _ in range(QUERY * LARGER)] for _ in range(SETS)]
    index = MinHashLSHEnsemble(threshold=threshold, num_perm=128, num_part=4, weights=weights)
    index.index([(number, sketch(values), len(values)) for number, values in enumerate(sets)])
    queries = (sketch(draw.sample(values, QUERY)) for values in sets)
    return sum(number in set(index.query(query, QUERY)) for number, query in enumerate(queries))


print("datasketch", version("datasketch"), "on Python", sys.version.split()[0])
hits = {}
for threshold in (0.5, 0.9):
    for weights in ((0.5, 0.5), (0.1, 0.9)):
        hits[threshold, weights] = found(threshold, weights)
        print(f"threshold {threshold}, weights {weights}: {hits[threshold, weights]} of {SETS} sets that hold the query")
as_known = hits[0.9, (0.5, 0.5)] == 0 and min(hits[0.5, (0.5, 0.5)], hits[0.9, (0.1, 0.9)]) > 0.9 * SETS
sys.exit(not as_known)
PYTHON
