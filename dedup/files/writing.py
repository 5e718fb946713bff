"""A table, or whatever else is written, becomes a file, whole or not at all.

In: an Arrow table of single values and a path, whose suffix tells the format: Parquet, CSV or JSON Lines. Out: the
file, written beside the target first and then renamed over it, so that a run that fails leaves what was there.
For a moment both files are on disk; a thousand rows are held in memory. Does not compress CSV or JSON Lines, and makes
no folders.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa

from dedup.errors import DedupError, FileError
from dedup.files.places import is_remote
from dedup.files.problems import FAULTS, reason, shown
from dedup.files.remote_outputs import check_remote, whole_remote
from dedup.files.streams import STANDARD
from dedup.formulas import harmless
from dedup.system import whole_file


def check_output(path: str | os.PathLike[str], suffixes: Collection[str] | None = None) -> None:
    """Refuse a path that cannot be written to, before hours of work.

    Args:
        path: The file to be written.
        suffixes: What its name may end in; None is what `write` knows, and - for the standard output besides.

    Raises:
        FileError: The suffix is unknown, the path is a folder, or its folder is missing or closed to writing.

    Example:
        >>> check_output("labels.parquet")
        >>> check_output("report.xlsx", suffixes=(".html", ".htm"))
        Traceback (most recent call last):
            ...
        dedup.errors.FileError: cannot write 'report.xlsx': the suffix must be one of .html, .htm
    """
    if suffixes is None and os.fspath(path) == STANDARD:
        return
    target, name, suffixes = Path(os.path.realpath(path)), shown(path), suffixes or tuple(_WRITERS)
    folder, remote = shown(target.parent), is_remote(path)
    if not name:
        raise FileError(f"cannot write '': name a file, such as labels{next(iter(suffixes))}")
    if not remote and target.is_dir():
        inside = f"{name.rstrip('/')}/out{next(iter(suffixes))}"
        raise FileError(f"cannot write {name!r}: it is a folder; name a file in it, such as {inside}")
    if Path(path).suffix.lower() not in suffixes:
        raise FileError(f"cannot write {name!r}: the suffix must be one of {', '.join(suffixes)}")
    if remote:
        check_remote(os.fspath(path))
        return
    if os.path.lexists(target) and not target.is_file():
        raise FileError(f"cannot write {name!r}: it is there, and not a regular file; name another")
    if not target.parent.is_dir():
        raise FileError(f"cannot write {name!r}: there is no folder {folder!r}; create it first: mkdir -p {folder!r}")
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise FileError(f"cannot write {name!r}: the folder {folder!r} is closed to writing; name another")


def write(table: pa.Table, path: str | os.PathLike[str], stream: str = ".jsonl", *, csv_safe: bool = False) -> None:
    """Write a table; an existing file is replaced as a whole or not touched.

    Args:
        table: Columns of single values; Parquet takes any.
        path: File ending in .parquet or .pq, .csv, or .jsonl, .ndjson or .json (an object a line); or an address
            elsewhere that does, or - for the standard output.
        stream: What is written to the standard output, as a suffix.
        csv_safe: In CSV no text is a formula, see `dedup.formulas`.

    Raises:
        FileError: `check_output` refuses the path, writing fails, or the format has no such values: lists in CSV,
            NaN in JSON Lines.

    Example:
        >>> from pathlib import Path
        >>> write(clusters.to_arrow().select(["id", "cluster"]), "labels.csv")
        >>> Path("labels.csv").read_text("utf-8").splitlines()[:2]
        ['"id","cluster"', '"bridge-copy","bridge-copy"']
    """
    check_output(path)
    suffix = stream if os.fspath(path) == STANDARD else Path(path).suffix.lower()
    with replacing(path) as file:
        _WRITERS[suffix](harmless(table) if csv_safe and suffix == ".csv" else table, file)


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A file to write to, which takes the place of `path` when all has been written; - is written to at once.

    Args:
        path: The file to be written, also elsewhere.

    Raises:
        FileError: Writing fails.

    Example:
        >>> from pathlib import Path
        >>> with replacing("notes.txt") as file:
        ...     _ = file.write(b"all of it")
        ...     Path("notes.txt").exists()
        False
        >>> Path("notes.txt").read_bytes()
        b'all of it'
    """
    try:
        with _target(os.fspath(path)) as file:
            yield file
    except DedupError:  # about something else, such as a file that is read while this one is written
        raise
    except FAULTS as error:
        raise FileError(f"cannot write {shown(path)!r}: {reason(error)}") from error


def _target(path: str) -> AbstractContextManager[BinaryIO]:
    if path == STANDARD:
        sys.stdout.flush()
        return nullcontext(sys.stdout.buffer)
    if is_remote(path):
        return whole_remote(path)
    return whole_file(Path(os.path.realpath(path)))  # through a link: the link stays, its target is replaced


def _write_parquet(table: pa.Table, file: BinaryIO) -> None:
    import pyarrow.parquet as pq  # noqa: PLC0415 - 50 ms that other formats do without

    pq.write_table(table, file)


def _write_csv(table: pa.Table, file: BinaryIO) -> None:
    from pyarrow.csv import write_csv  # noqa: PLC0415 - only here

    write_csv(table, file)


def _write_lines(table: pa.Table, file: BinaryIO) -> None:
    file.writelines(lines(table))


def lines(table: pa.Table, encode: Callable[[Any], str] | None = None) -> Iterator[bytes]:
    """The rows of a table as lines of JSON.

    Args:
        table: Any.
        encode: Writes a row; None refuses NaN, which JSON has not.
    """
    for batch in table.to_batches(max_chunksize=1024):
        yield from (f"{(encode or _json)(row)}\n".encode() for row in batch.to_pylist())


_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=str).encode


_WRITERS: dict[str, Callable[[pa.Table, BinaryIO], None]] = {
    **dict.fromkeys((".parquet", ".pq"), _write_parquet),
    ".csv": _write_csv,
    **dict.fromkeys((".jsonl", ".ndjson", ".json"), _write_lines),
}
