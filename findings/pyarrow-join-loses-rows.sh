#!/usr/bin/env bash
# pyarrow 26.0.1, binary_join_element_wise with null_handling="skip", as for titles and bodies of which some are missing: a
# row in which all are null gives no value at all, neither null nor an empty string. The result is shorter than its
# inputs and valid, so every value behind it stands in another row; an array of such rows alone has length 0. The two
# other ways to handle nulls keep all rows. Exits with 1 if that is no longer so.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'pyarrow==26.0.1' 2>"$work/pip.log" || { cat "$work/pip.log"; exit 1; }
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import pyarrow as pa
import pyarrow.compute as pc

print("pyarrow", version("pyarrow"), "on Python", sys.version.split()[0])
titles = pa.array([None, "title 2", None, "title 4"])
bodies = pa.array(["body 1", None, None, "body 4"])
found = {}
for nulls in ("emit_null", "replace", "skip"):
    found[nulls] = pc.binary_join_element_wise(titles, bodies, ": ", null_handling=nulls)
    found[nulls].validate(full=True)
    print(f"{len(titles)} rows, {nulls}: {len(found[nulls])} values, {found[nulls].to_pylist()}")
nothing = pc.binary_join_element_wise(titles[2:3], bodies[2:3], ": ", null_handling="skip")
print("1 row of nulls, skip:", len(nothing), "values")
lost = found["skip"].to_pylist() == ["body 1", "title 2", "title 4: body 4"] and len(nothing) == 0
sys.exit(not (lost and len(found["emit_null"]) == len(found["replace"]) == 4))
PYTHON
