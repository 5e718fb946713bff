"""Tables of lakes become tables of Arrow, as of their current version: Delta, Iceberg and Lance, each by its library.

In: a source that is the folder of a table. Out: tables of some megabytes, of the rows that the version holds, in an
order that is the same whenever it is read: of Delta what was written last comes first, of the others what was written
first. Only the columns that are wanted are read. Holds some batches of rows; of Iceberg, whose library reads a file at
a time, one file of the table. What a library refuses is refused here: no file of a table is read by itself.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import pyarrow as pa

from dedup.errors import DedupError, FileError, MissingExtraError
from dedup.files.formats.columnar import article_columns, gathered, wanted_columns
from dedup.files.jobs import Job
from dedup.files.lakes import LAKES, version
from dedup.files.problems import FAULTS
from dedup.files.source import Source


class _Rows(NamedTuple):
    """The rows that a version of a table holds."""

    schema: pa.Schema
    batches: Callable[[Sequence[str]], Iterator[pa.RecordBatch]]
    """Called with the names of the columns that are wanted."""


def lake_table(job: Job, _: io.BufferedReader) -> Iterator[pa.Table]:
    """The articles of a table.

    Args:
        job: The table; undecodable bytes are noted in it.

    Yields:
        Tables of about 16 MB.

    Raises:
        FileError: A column is missing or of a type that cannot be text or id; or the table cannot be read.
        MissingExtraError: The library for this kind is not installed.
    """
    first = 0
    with _named(job.source.kind):
        rows = _LIBRARIES[job.source.kind](job.source)
        for table in gathered(rows.batches(wanted_columns(job, rows.schema))):
            yield from article_columns(job, table, first)
            first += len(table)


def whole_lake_table(source: Source) -> Iterator[pa.Table]:
    """All columns of a table, in the order of `lake_table`.

    Args:
        source: The table.

    Raises:
        FileError: The table cannot be read.
    """
    with _named(source.kind):
        rows = _LIBRARIES[source.kind](source)
        yield from gathered(rows.batches(rows.schema.names))


@contextmanager
def _named(kind: str) -> Iterator[None]:
    """What a library raises becomes an error of ours, or one of a broken file, and says what could not be read."""
    try:
        yield
    except (DedupError, pa.ArrowException):
        raise
    except Exception as error:  # libraries have classes of their own
        said = str(error).splitlines()[:1] or [type(error).__name__]
        kept = ValueError if isinstance(error, FAULTS) else FileError
        raise kept(f"this is {LAKES[kind]}, which cannot be read as it is: {said[0]}") from error


def _typed(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Batches whose strings are of one type: libraries give views, or what each file has."""
    for batch in batches:
        names = batch.schema.names
        yield batch.cast(pa.schema([schema.field(name) for name in names]))


def _current(source: Source) -> Path:
    """The file of its version: every table has one."""
    assert source.current is not None
    return source.current


def _check_inside(folder: str, files: Iterable[str]) -> None:
    """Refuse a table whose files are not all in its folder.

    A log may name any file of this machine, and who fills a folder must not choose what else is read.

    Args:
        folder: That of the table.
        files: Paths from there on, whole ones, or addresses; of Delta with escapes.

    Raises:
        FileError: One is elsewhere.
    """
    inside = os.path.realpath(folder) + os.sep
    for file in files:
        path = urlsplit(file).path if file.startswith("file:") else file
        several = {os.path.realpath(os.path.join(folder, one)) for one in (path, unquote(path))}  # noqa: PTH118 - whole ones replace it
        if "://" in path or not all(one.startswith(inside) for one in several):
            raise FileError(
                f"a file of the table is not in its folder: {path!r}; write the table anew, or give it to dedup in "
                "Python as its library opens it"
            )


def _delta(source: Source) -> _Rows:
    """By delta-rs's query engine; see `delta_rows`."""
    try:
        from deltalake import DeltaTable  # noqa: PLC0415 - only where there is a table
    except ImportError as error:
        raise MissingExtraError("deltalake", "delta", "reading a Delta table") from error
    from dedup.stages.queries import delta_rows  # noqa: PLC0415 - as pyarrow.compute, which it needs

    path = os.path.realpath(source.path)
    if unquote(path) != path:
        raise FileError("deltalake takes a % in the path of a table for an escape; rename the folder")
    table = DeltaTable(path, version=version(_current(source)))
    _check_inside(path, pa.table(table.get_add_actions())["path"].to_pylist())

    def batches(names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        yield from delta_rows(table, lambda _: list(names))

    return _Rows(pa.schema(table.schema().to_arrow()), batches)


def _iceberg(source: Source) -> _Rows:
    """By pyiceberg without a catalog, file by file: the reader that it offers begins with all of them at once."""
    try:
        from pyiceberg.io.pyarrow import ArrowScan, schema_to_pyarrow  # noqa: PLC0415 - only where there is a table
        from pyiceberg.table import StaticTable  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError("pyiceberg", "iceberg", "reading an Iceberg table") from error

    table = StaticTable.from_metadata(os.path.realpath(_current(source)))
    if urlsplit(table.location()).scheme not in ("", "file"):
        raise FileError(
            f"the files of this Iceberg table are at {table.location()!r}, where its metadata says; name that"
        )
    schema = schema_to_pyarrow(table.schema(), include_field_ids=False)

    def batches(names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        scan = table.scan(selected_fields=tuple(names))
        read = ArrowScan(table.metadata, table.io, scan.projection(), scan.row_filter)
        tasks = list(scan.plan_files())
        _check_inside(os.fspath(source.path), [task.file.file_path for task in tasks])
        for task in tasks:
            yield from _typed(read.to_record_batches([task]), schema)

    return _Rows(schema, batches)


def _lance(source: Source) -> _Rows:
    """By Lance, whose scans are in order unless they are asked not to be."""
    try:
        import lance  # noqa: PLC0415 - only where there is a table
    except ImportError as error:
        raise MissingExtraError("pylance", "lance", "reading a Lance table") from error

    table = lance.dataset(os.path.realpath(source.path), version=version(_current(source)))

    def batches(names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        yield from table.scanner(columns=list(names), batch_size=_ROWS, fragment_readahead=1).to_batches()

    return _Rows(table.schema, batches)


_LIBRARIES: dict[str, Callable[[Source], _Rows]] = {"delta": _delta, "iceberg": _iceberg, "lance": _lance}
_ROWS = 1 << 10
"""Rows of a batch."""
