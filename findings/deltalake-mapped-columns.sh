#!/usr/bin/env bash
# deltalake 1.6.6: `DeltaTable.to_pyarrow_dataset()`, `to_pyarrow_table()` and `to_pandas()` give null for every value of
# a table whose columns are mapped by name, if its protocol is reader version 2 (which is what Spark writes for column
# mapping unless the table has features of version 3). Nothing is raised. With reader version 3 and the feature
# `columnMapping` they refuse, and `DeltaTable.scan()` and `QueryBuilder` read both. The protocol of Delta, "Column
# Mapping": "readers must resolve columns by their physical name". Exits with 1 if that is no longer so.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'deltalake==1.6.6' 'pyarrow==26.0.1'
cat >"$work/read.py" <<'PYTHON'
import json
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable

PROTOCOLS = {
    "reader 2": {"minReaderVersion": 2, "minWriterVersion": 5},
    "reader 3": {
        "minReaderVersion": 3,
        "minWriterVersion": 7,
        "readerFeatures": ["columnMapping"],
        "writerFeatures": ["columnMapping"],
    },
}
for name, protocol in PROTOCOLS.items():
    folder = Path(sys.argv[1], name)
    (folder / "_delta_log").mkdir(parents=True)
    pq.write_table(pa.table({"col-1": ["x", "y"]}), folder / "part.parquet")
    mapped = {"delta.columnMapping.id": 1, "delta.columnMapping.physicalName": "col-1"}
    column = {"name": "text", "type": "string", "nullable": True, "metadata": mapped}
    about = {
        "id": "00000000-0000-0000-0000-000000000000",
        "format": {"provider": "parquet", "options": {}},
        "schemaString": json.dumps({"type": "struct", "fields": [column]}),
        "partitionColumns": [],
        "configuration": {"delta.columnMapping.mode": "name", "delta.columnMapping.maxColumnId": "1"},
    }
    size = (folder / "part.parquet").stat().st_size
    added = {"path": "part.parquet", "partitionValues": {}, "size": size, "modificationTime": 1, "dataChange": True}
    actions = [{"protocol": protocol}, {"metaData": about}, {"add": added}]
    log = folder / "_delta_log" / "00000000000000000000.json"
    log.write_text("\n".join(map(json.dumps, actions)))
    table = DeltaTable(folder)
    print(f"{name}, scan:", pa.table(table.scan().read_all())["text"].to_pylist())
    try:
        print(f"{name}, to_pyarrow_table:", table.to_pyarrow_table()["text"].to_pylist())
    except Exception as error:
        print(f"{name}, to_pyarrow_table:", type(error).__name__, error)
PYTHON
"$work/venv/bin/python" "$work/read.py" "$work" | tee "$work/out"
grep -q "^reader 2, scan: \['x', 'y'\]" "$work/out"
grep -q "^reader 2, to_pyarrow_table: \[None, None\]" "$work/out"
grep -q "^reader 3, to_pyarrow_table: DeltaProtocolError" "$work/out"
