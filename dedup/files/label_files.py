"""The labels that a run wrote, read again.

In: a Parquet, CSV or JSON Lines file with the columns id, label and similarity, and perhaps campaign, as `writing`
makes them, or a folder of Parquet files, as a nightly job does. Out: an Arrow table of these columns, in the order of
the articles. Costs the memory of its rows; JSON Lines take about a second for 500,000. Ids that are numbers become
text, and of CSV that --csv-safe wrote they are as they were; other files are refused, and nothing is mended.
"""

from __future__ import annotations

import json
import os
import reprlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from dedup.errors import FileError
from dedup.files.places import is_remote
from dedup.files.problems import FAULTS, reason, shown
from dedup.files.remote_bytes import local_copy
from dedup.formulas import as_it_was

SCHEMA = pa.schema({"id": pa.large_string(), "label": pa.large_string(), "similarity": pa.float64()})
CAMPAIGN = pa.field("campaign", pa.large_string())
"""The column of a run that looked for campaigns."""

FOLDER = ""
"""The key of folders among the readers, where files have their suffix."""


def labels(path: str | os.PathLike[str]) -> pa.Table:
    """Read a file of labels.

    Args:
        path: What `dedup cluster --out` wrote, here or elsewhere; of a nightly job its folder, or the folder `labels`
            in it.

    Returns:
        Columns `id` and `label` (large_string, no nulls) and `similarity` (float64, null where it is not known), and
        where the file has it `campaign` (large_string, no nulls).

    Raises:
        FileError: There is no such file, it cannot be read, or it has no such columns.

    Example:
        >>> from dedup import files
        >>> files.write(clusters.to_arrow(), "labels.parquet")
        >>> files.labels("labels.parquet").schema.names
        ['id', 'label', 'similarity']
    """
    name, suffix = shown(path), FOLDER if Path(path).is_dir() else Path(path).suffix.lower()
    if suffix not in _READERS:
        known = ", ".join(filter(None, _READERS))
        raise FileError(f"cannot read labels from {name!r}: the suffix must be one of {known}")
    if not is_remote(path) and not os.path.lexists(path):
        raise FileError(f"cannot read labels from {name!r}: there is no such file; name what dedup cluster --out wrote")
    try:
        with local_copy(path) as local:
            table = _READERS[suffix](local)
        _check_names(table.column_names)
        wanted = _wanted(table.column_names)
        found = pa.table([_column(table, field) for field in wanted], wanted)
        found.validate(full=True)  # Parquet does not look whether its texts are UTF-8
    except FAULTS as error:
        raise FileError(f"cannot read labels from {name!r}: {reason(error)}") from error
    return found


def _wanted(names: list[str]) -> pa.Schema:
    """The columns that are read."""
    return SCHEMA.append(CAMPAIGN) if CAMPAIGN.name in names else SCHEMA


def _check_names(names: list[str]) -> None:
    """Each column once."""
    for name in _wanted(names).names:
        if name not in names:
            raise FileError(f"there is no column {name!r} among {names}; name what dedup cluster --out wrote")
        if names.count(name) > 1:
            raise FileError(f"{names.count(name)} columns are called {name!r}; rename all but one")


def _column(table: pa.Table, field: pa.Field) -> pa.ChunkedArray:
    """A column as text or as numbers."""
    column = table[field.name]
    number = field.type == pa.float64()
    if not pa.types.is_null(column.type) and not (_is_number if number else _is_text)(column.type):
        kind = "numbers" if number else "text or whole numbers"
        raise FileError(f"the column {field.name!r} holds {column.type}, not {kind}; name what dedup cluster wrote")
    column = column.cast(field.type)
    if number:
        import pyarrow.compute as pc  # noqa: PLC0415 - only here

        return pc.if_else(pc.is_finite(column), column, pa.scalar(None, field.type))
    if column.null_count:
        row = column.is_null().index(pa.scalar(value=True)).as_py() + 1
        raise FileError(f"row {row:,} has no {field.name}; give the articles ids and run dedup cluster again")
    return column


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _is_text(kind.value_type)
    return kind in (pa.string(), pa.large_string(), pa.string_view()) or pa.types.is_integer(kind)


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_floating(kind) or pa.types.is_integer(kind)


def _read_parquet(path: str) -> pa.Table:
    import pyarrow.parquet as pq  # noqa: PLC0415 - only here

    with pq.ParquetFile(path) as file:  # read_table would take a folder called label=1 for a column
        _check_names(file.schema_arrow.names)
        return file.read(columns=_wanted(file.schema_arrow.names).names)


def _read_folder(path: str) -> pa.Table:
    inside = Path(path, "labels")
    parts = sorted((inside if inside.is_dir() else Path(path)).glob("*.parquet"))
    if not parts:
        raise FileError("there is no Parquet file in this folder; name what dedup cluster --out wrote")
    return pa.concat_tables([_read_parquet(str(part)) for part in parts])


def _read_csv(path: str) -> pa.Table:
    from pyarrow import csv  # noqa: PLC0415 - only here

    options = csv.ConvertOptions(
        column_types={field.name: field.type for field in [*SCHEMA, CAMPAIGN]},
        null_values=[""],  # an article may be called null, or nan
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    table = csv.read_csv(path, parse_options=csv.ParseOptions(newlines_in_values=True), convert_options=options)
    return as_it_was(table)


def _read_lines(path: str) -> pa.Table:
    """Arrow's own reader would take ids that look like dates for dates, and refuses texts and numbers together."""
    rows = list(_objects(path))
    names = _wanted(list(rows[0]) if rows else []).names
    columns: dict[str, list[Any]] = {name: [] for name in names}
    for number, row in enumerate(rows, 1):
        for name, values in columns.items():
            if name not in row:
                raise FileError(f"row {number:,} has no {name}, which the first one has")
            values.append(_plain(row[name], name, number))
    return pa.table({name: _array(values) for name, values in columns.items()})


def _plain(value: Any, name: str, row: int) -> Any:
    """A value as Arrow holds it: whole numbers of any size are text, or where they are measured ones with a point."""
    if not isinstance(value, int) or isinstance(value, bool):
        return value
    if name != "similarity":
        return str(value)
    try:
        return float(value)
    except OverflowError:
        raise FileError(f"row {row:,} has the similarity {reprlib.repr(value)}, which is beyond all numbers") from None


def _array(values: list[Any]) -> pa.Array:
    """Texts or numbers; other values as they are, to be refused later by their type."""
    return pa.array(values, pa.large_string()) if any(isinstance(one, str) for one in values) else pa.array(values)


def _objects(path: str) -> Iterator[dict[str, Any]]:
    with Path(path).open(encoding="utf-8-sig", newline="\n") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise FileError(f"row {number:,} is not a JSON object on one line: {reason(error)}") from None
            if not isinstance(row, dict):
                raise FileError(f"row {number:,} must be a JSON object, got {reprlib.repr(row)}")
            _check_names(list(row))
            yield row


_READERS: dict[str, Callable[[str], pa.Table]] = {
    FOLDER: _read_folder,
    **dict.fromkeys((".parquet", ".pq"), _read_parquet),
    ".csv": _read_csv,
    **dict.fromkeys((".jsonl", ".ndjson", ".json"), _read_lines),
}
