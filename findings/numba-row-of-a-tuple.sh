#!/usr/bin/env bash
# numba: to put a tuple into a row of an array makes ten times the code of putting its items there one by one.
#
# Seen with numba 0.68.1, llvmlite 0.50.0, numpy 2.4.6, Python 3.11: `rows[k] = a, b` makes an array of the tuple and
# assigns that, with a check of shapes that can fail and a message that is put together when it does.
# `rows[k, 0], rows[k, 1] = a, b` does the same with two stores. A slice that takes an array (`a[:n] = b[:n]`) is of the
# former kind. It matters where code is compiled when it is first used.
#
# Prints the characters of optimised LLVM of each. Fails if the tuple has come to cost less than five times as much.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numba==0.68.1 llvmlite==0.50.0 numpy==2.4.6
"$work/venv/bin/python" - <<'PYTHON'
import re
from importlib.metadata import version

import numpy as np
from numba import njit, types

rows = types.Array(types.int64, 2, "C")


def as_tuple(rows, k, a, b):
    rows[k] = a, b


def one_by_one(rows, k, a, b):
    rows[k, 0], rows[k, 1] = a, b


print("numba", version("numba"), "llvmlite", version("llvmlite"), "numpy", version("numpy"))
sizes = []
for function in (as_tuple, one_by_one):
    made = njit((rows, types.int64, types.int64, types.int64))(function)
    (code,) = made.inspect_llvm().values()
    bodies = {part.split("(")[0]: part for part in re.split(r"\ndefine ", code)}
    own = next(body for head, body in bodies.items() if function.__name__ in head and "cpython" not in head)
    sizes.append(len(own))
    array = np.zeros((2, 2), np.int64)
    made(array, 1, 3, 4)
    assert array.tolist() == [[0, 0], [3, 4]]
    print(f"{function.__name__}: {len(own):,} characters of LLVM")
assert sizes[0] > 5 * sizes[1], sizes
print("as seen")
PYTHON
