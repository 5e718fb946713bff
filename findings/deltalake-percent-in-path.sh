#!/usr/bin/env bash
# deltalake 1.6.6 reads the log of a local table at a path in which %20 is a blank, and its data at the path as it is: a
# table in a folder "a%20b", as it is left by tools that name folders after URLs, cannot be opened ("File not found" in
# "a b/_delta_log"). If there is a table "a b" beside it, `DeltaTable("a%20b")` has the columns and the version of that
# one, and the files of neither. `DeltaTable.is_deltatable` says True, and the file URI of the path, with %25 for the %,
# is taken the same way. Exits with 1 if that is no longer so.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'deltalake==1.6.6' 'pyarrow==26.0.1'
cat >"$work/read.py" <<'PYTHON'
import os
import sys
from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake


def columns(path):
    try:
        return [field.name for field in DeltaTable(path).schema().fields]
    except Exception as error:
        return str(error).splitlines()[0]


os.chdir(sys.argv[1])
write_deltalake("first", pa.table({"mine": ["x"]}))
os.rename("first", "a%20b")
print("a table:", DeltaTable.is_deltatable("a%20b"))
print("alone, path:", columns("a%20b"))
print("alone, URI:", columns(Path("a%20b").absolute().as_uri()))
write_deltalake("a b", pa.table({"other": ["y"]}))
print("beside another, path:", columns("a%20b"))
PYTHON
"$work/venv/bin/python" "$work/read.py" "$work" | tee "$work/out"
grep -q "^a table: True" "$work/out"
grep -q "^alone, path: .*File not found: .*/a b/_delta_log" "$work/out"
grep -q "^alone, URI: .*File not found: .*/a b/_delta_log" "$work/out"
grep -q "^beside another, path: \['other'\]" "$work/out"
