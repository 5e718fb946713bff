"""What a state holds, read so that damage is not mistaken for other errors.

In: the path of a file of the state, and what must be in it: the columns of a table, or the names of a JSON object. Out:
what it holds. If the file is cut short, missing, a folder, of another kind or changed, one `FileError` names it. A full
disk, too little memory and forbidden files keep their own errors. Pages of Parquet, JSON and texts have checksums that
are compared whenever they are read; columns, counts and numbers of rows are checked besides, whoever wrote them.
"""

from __future__ import annotations

import errno
import json
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.errors import FileError
from dedup.files import shown

if TYPE_CHECKING:
    import pyarrow.parquet as pq

MOST_RATE = 1 << 40
AT_ONCE = 1 << 22
MOST_COUNT = 2**63 - 1
BROKEN = (ValueError, KeyError, TypeError, RecursionError, pa.ArrowNotImplementedError, pa.ArrowSerializationError)
"""What a parser raises."""
GONE = {None, errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.EIO}
"""Error numbers for files that are not what they were; errors of Arrow have no number."""


def damaged(path: Path, why: str) -> FileError:
    """The error to raise.

    Args:
        path: The file or folder.
        why: What is wrong with it.
    """
    return FileError(
        f"{shown(path)!r} is damaged, and so is the state ({why}); restore all of the state from a copy, or begin a "
        "new state"
    )


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turns errors inside into damage of this file: nothing else may be done there than to read it.

    Args:
        path: The file.

    Raises:
        FileError: The file is damaged.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in GONE:
            raise
        raise damaged(path, _why(error)) from error
    except BROKEN as error:
        raise damaged(path, _why(error)) from error


def _why(error: Exception) -> str:
    """The message of an error without the path, which stands before it already."""
    number = getattr(error, "errno", None)
    return os.strerror(number) if number else (str(error) or type(error).__name__).splitlines()[0]


def summed(values: Mapping[str, Any]) -> bytes:
    """A JSON object with a checksum of its other values, as a state keeps it."""
    return json.dumps({**values, "sum": _sum(values)}, indent=1).encode()


def _sum(values: Mapping[str, Any]) -> int:
    return zlib.crc32(json.dumps(values).encode())


def read_object(path: Path) -> dict[str, Any]:
    """A JSON object that `summed` made.

    Args:
        path: The file.
    """
    with reading(path):
        found = dict(json.loads(path.read_bytes()))
        if found.pop("sum", None) != _sum(found):
            raise ValueError("its checksum is that of something else")
        return found


def checksum_of(path: Path, begin: int, end: int) -> int:
    """The CRC-32 of the bytes of a file from one place to another.

    Args:
        path: The file.
        begin: Its first byte that counts.
        end: The first that does not.
    """
    found = 0
    with path.open("rb") as file:
        file.seek(begin)
        for at in range(begin, end, AT_ONCE):
            found = zlib.crc32(file.read(min(AT_ONCE, end - at)), found)
    return found


def counts(path: Path, names: Iterable[str]) -> dict[str, int]:
    """A JSON object of counts.

    Args:
        path: The file.
        names: The names that it has, and no others.
    """
    found = read_object(path)
    with reading(path):
        if found.keys() != set(names):
            raise ValueError("it holds other names")
        if not all(isinstance(value, int) and 0 <= value <= MOST_COUNT for value in found.values()):
            raise ValueError("it holds something that is not a count")
        return found


def opened(path: Path, schema: pa.Schema) -> pq.ParquetFile:
    """A Parquet file, of which only the footer has been read.

    Args:
        path: The file.
        schema: Its columns.
    """
    import pyarrow.parquet as pq  # noqa: PLC0415 - 50 ms that other commands do without

    with reading(path):
        file = pq.ParquetFile(path, page_checksum_verification=True)
        if not file.schema_arrow.equals(schema):
            file.close()
            raise ValueError("it has other columns")
        return file


def rate(path: Path, schema: pa.Schema) -> int:
    """The sampling rate in the metadata of a Parquet file: one in so many windows was looked at, a power of two.

    Args:
        path: The file.
        schema: Its columns.
    """
    with opened(path, schema) as file, reading(path):
        found = int(file.schema_arrow.metadata[b"rate"])
        if not 1 <= found <= MOST_RATE or found & (found - 1):
            raise ValueError(f"it has a rate of {found:,}, which must be a power of two")
        return found


def read_table(path: Path, schema: pa.Schema, columns: Sequence[str] | None = None) -> pa.Table:
    """All of a Parquet file.

    Args:
        path: The file.
        schema: Its columns.
        columns: Those that are read; None is all.
    """
    with opened(path, schema) as file, reading(path):
        return _valid(file.read(columns))


def read_columns(path: Path, schema: pa.Schema) -> list[NDArray[Any]]:
    """All columns of a Parquet file as arrays.

    Args:
        path: The file.
        schema: Its columns.
    """
    return [column.to_numpy() for column in read_table(path, schema).columns]


def groups(path: Path, schema: pa.Schema) -> Iterator[pa.Table]:
    """A Parquet file, a row group at a time.

    Args:
        path: The file.
        schema: Its columns.
    """
    with opened(path, schema) as file:
        for number in range(file.num_row_groups):
            yield read_group(file, path, number)


def read_group(file: pq.ParquetFile, path: Path, number: int, columns: Sequence[str] | None = None) -> pa.Table:
    """A row group.

    Args:
        file: Open.
        path: Its path.
        number: Of the row group.
        columns: Those that are read; None is all.
    """
    with reading(path):
        return _valid(file.read_row_group(number, columns=columns, use_threads=False))


def _valid(table: pa.Table) -> pa.Table:
    """Refuse strings that are not UTF-8, which Arrow does not check when it reads them."""
    table.validate(full=True)
    return table


def check_places(path: Path, places: NDArray[np.int64], of: int) -> None:
    """Refuse numbers that are out of range.

    Args:
        path: The file that they come from.
        places: Numbers of rows or texts.
        of: How many rows or texts there are.
    """
    if places.size and not 0 <= places.min() <= places.max() < of:
        raise damaged(path, f"it has numbers from {places.min():,} to {places.max():,}, which must be under {of:,}")


def rows(path: Path, schema: pa.Schema) -> int:
    """How many rows a Parquet file has.

    Args:
        path: The file.
        schema: Its columns.
    """
    with opened(path, schema) as file:
        return int(file.metadata.num_rows)
