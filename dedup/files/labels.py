"""The labels that a run wrote, read again.

In: a Parquet, CSV or JSON Lines file with the columns id, label and similarity, as `writing` makes them. Out: an Arrow
table of these. Costs the memory of its rows. Other files are refused; nothing is mended.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

from dedup.errors import FileError
from dedup.files.problems import FAULTS, reason, shown

SCHEMA = pa.schema({"id": pa.large_string(), "label": pa.large_string(), "similarity": pa.float64()})


def labels(path: str | os.PathLike[str]) -> pa.Table:
    """Read a file of labels.

    Args:
        path: What `dedup cluster --out` wrote.

    Returns:
        Columns `id`, `label` and `similarity`.

    Raises:
        FileError: There is no such file, it cannot be read, or it has no such columns.
    """
    name, suffix = shown(path), Path(path).suffix.lower()
    if suffix not in _READERS:
        raise FileError(f"cannot read labels from {name!r}: the suffix must be one of {', '.join(_READERS)}")
    try:
        table = _READERS[suffix](str(path))
    except FAULTS as error:
        raise FileError(f"cannot read {name!r}: {reason(error)}") from error
    missing = [column for column in SCHEMA.names if column not in table.column_names]
    if missing:
        raise FileError(
            f"{name!r} has no column {missing[0]!r}, its columns are {table.column_names}; name what "
            "dedup cluster --out wrote"
        )
    return table.select(SCHEMA.names).cast(SCHEMA)


def _read_parquet(path: str) -> pa.Table:
    import pyarrow.parquet as pq  # noqa: PLC0415 - only here

    return pq.read_table(path)


def _read_csv(path: str) -> pa.Table:
    from pyarrow import csv  # noqa: PLC0415 - only here

    options = csv.ConvertOptions(column_types={name: SCHEMA.field(name).type for name in SCHEMA.names})
    return csv.read_csv(path, parse_options=csv.ParseOptions(newlines_in_values=True), convert_options=options)


def _read_lines(path: str) -> pa.Table:
    from pyarrow import json  # noqa: PLC0415 - only here

    return json.read_json(path, parse_options=json.ParseOptions(explicit_schema=SCHEMA))


_READERS: dict[str, Callable[[str], pa.Table]] = {
    **dict.fromkeys((".parquet", ".pq"), _read_parquet),
    ".csv": _read_csv,
    **dict.fromkeys((".jsonl", ".ndjson", ".json"), _read_lines),
}
