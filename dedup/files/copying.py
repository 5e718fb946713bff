"""Wanted rows of files become one file, with all their columns.

In: files, and which of their rows are wanted. Out: the rows in their order, in the format that is named: Parquet keeps
the schema and nested values of Parquet; JSON Lines keeps the lines of JSON Lines byte for byte; CSV keeps the fields of
CSV. Costs one pass over the files, and one more where rows of several schemas, or of JSON, become a table. Holds 16 MB
or a few thousand rows.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO, NamedTuple, Self

import pyarrow as pa

from dedup.errors import FileError
from dedup.files.formats.columnar import legible
from dedup.files.options import AS_USUAL, ReadOptions
from dedup.files.problems import FAULTS, reason
from dedup.files.source import Source
from dedup.files.whole_rows import Rows, Wanted, check_names, compression, count, fitted, schema, unified, whole_rows
from dedup.files.writing import lines
from dedup.formulas import harmless
from dedup.identity import id_text
from dedup.work import ahead

FORMATS = {
    **dict.fromkeys((".parquet", ".pq"), "parquet"),
    ".csv": "csv",
    **dict.fromkeys((".jsonl", ".ndjson", ".json"), "jsonl"),
}
"""What the suffix of a file says of the rows that are written to it."""
GROUP = 1 << 26
"""Bytes of a row group of Parquet that is written."""


class Chosen(NamedTuple):
    """Rows of a file, and how they lie in it.

    Example:
        >>> from dedup import files
        >>> source = files.found("examples/articles/tea-1.md").files[0]
        >>> chosen = files.Chosen(source, wanted=np.array([True]))
        >>> chosen.source.id, chosen.wanted.tolist(), chosen.options == files.AS_USUAL
        ('tea-1', [True], True)
    """

    source: Source
    """The file."""
    wanted: Wanted
    """Which of its rows."""
    options: ReadOptions = AS_USUAL
    """How they lie in it."""


def copy_rows(
    chosen: Sequence[Chosen], target: BinaryIO, kind: str, progress: Callable[[int, int], object] | None = None
) -> None:
    r"""Write rows of files one after the other.

    Args:
        chosen: Files, and which of their rows.
        target: Where to write.
        kind: A value of `FORMATS`, or `CSV_SAFE`.
        progress: Called with files done and in all.

    Raises:
        FileError: A file can no longer be read, or the rows do not fit into one table or this format.

    Example:
        >>> import io, pyarrow as pa
        >>> from dedup import files
        >>> files.write(pa.table({"id": ["a", "b"], "text": ["one", "two"], "likes": [3, 4]}), "rows.csv")
        >>> target = io.BytesIO()
        >>> files.copy_rows([files.Chosen(files.found("rows.csv").files[0], np.array([False, True]))], target, "jsonl")
        >>> target.getvalue()
        b'{"id": "b", "text": "two", "likes": "4"}\n'
    """
    if kind == "jsonl":
        for rows, source in _each(chosen, progress):
            if isinstance(rows, pa.Table):  # an object has a key once
                check_names(rows.column_names, source)
            target.writelines(_encoded(rows))
        return
    whole = _schema([one for one in chosen if count(one.wanted)])
    try:
        with _WRITERS[kind](target, whole, _compression(chosen)) as writer:
            for rows, source in _each(chosen, progress):
                writer.write_table(fitted(rows, whole, source))
    except FileError:
        raise
    except FAULTS as error:
        raise FileError(f"the rows cannot be written as {kind}: {reason(error)}; .jsonl holds any row") from error


def _schema(chosen: Sequence[Chosen]) -> pa.Schema:
    """Of the rows of all; files of several schemas are told by the names of their columns, which must differ then."""
    schemas = [schema(*one) for one in chosen] or [pa.schema([])]
    if any(not kind.equals(schemas[0]) for kind in schemas):
        for one, kind in zip(chosen, schemas, strict=True):
            check_names(kind.names, one.source)
    return unified(schemas)


def _compression(chosen: Sequence[Chosen]) -> str:
    """That of the first Parquet file."""
    first = next((one.source for one in chosen if count(one.wanted) and one.source.kind == "parquet"), None)
    return "snappy" if first is None else compression(first)


def _each(chosen: Sequence[Chosen], progress: Callable[[int, int], object] | None) -> Iterator[tuple[Rows, Source]]:
    for done, one in enumerate(chosen, 1):
        for rows in ahead(whole_rows(*one)):
            yield rows, one.source
        if progress:
            progress(done, len(chosen))


def _encoded(rows: Rows) -> Iterator[bytes]:
    """Lines of JSON as they were, the last one of a file with its end."""
    if isinstance(rows, pa.Table):
        yield from lines(pa.table(list(map(legible, rows.columns)), rows.column_names), _as_json)
        return
    for line in rows:
        yield (line if line.endswith("\n") else f"{line}\n").encode("utf-8", "surrogateescape")


def _as_json(row: dict[str, Any]) -> str:
    """A row of a table; what JSON has not, NaN and infinity, is null: a row is not lost for a number."""
    try:
        return _json(row)
    except ValueError:
        return _json(_without_nan(row))


def _plain(value: Any) -> str | None:
    return id_text(value) if isinstance(value, bytes) else str(value)


_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=_plain).encode


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nan(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_without_nan(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _parquet(target: BinaryIO, kind: pa.Schema, codec: str) -> Any:
    return _Groups(target, kind, codec)


class _Groups:
    """A Parquet file whose row groups are of a fair size, however small the tables are that are written."""

    def __init__(self, target: BinaryIO, kind: pa.Schema, codec: str) -> None:
        import pyarrow.parquet as pq  # noqa: PLC0415 - 50 ms that other formats do without

        self._writer = pq.ParquetWriter(target, kind, compression=codec)
        self._held: list[pa.Table] = []
        self._bytes = 0

    def __enter__(self) -> Self:
        return self

    def write_table(self, table: pa.Table) -> None:
        self._held.append(table)
        self._bytes += table.nbytes
        if self._bytes >= GROUP:
            self._flush()

    def _flush(self) -> None:
        if self._held:
            self._writer.write_table(pa.concat_tables(self._held))
        self._held, self._bytes = [], 0

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._flush()
        self._writer.close()


def _csv(target: BinaryIO, kind: pa.Schema, _: str) -> Any:
    from pyarrow.csv import CSVWriter  # noqa: PLC0415 - only here

    return CSVWriter(target, kind)


class _Harmless:
    """CSV in which no text is a formula."""

    def __init__(self, target: BinaryIO, kind: pa.Schema, codec: str) -> None:
        self._writer = _csv(target, harmless(kind.empty_table()).schema, codec)

    def __enter__(self) -> Self:
        return self

    def write_table(self, table: pa.Table) -> None:
        self._writer.write_table(harmless(table))

    def __exit__(self, *_: object) -> None:
        self._writer.close()


CSV_SAFE = "csv-safe"
"""A kind of rows that are written: CSV in which no text is a formula."""
_WRITERS: dict[str, Callable[[BinaryIO, pa.Schema, str], Any]] = {
    "parquet": _parquet,
    "csv": _csv,
    CSV_SAFE: _Harmless,
}
