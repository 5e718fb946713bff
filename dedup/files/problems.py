"""What could not be read, in words by which a person can mend it.

In: a path, a row, an error of the system, of Arrow or of the csv module. Out: a `Problem` with its reason on one line,
in characters that Arrow and a terminal can hold. Costs next to nothing. The readers decide what is a problem, and the
command line what to do about it.
"""

from __future__ import annotations

import csv
import os
import re
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

FAULTS = (OSError, ValueError, OverflowError, MemoryError, csv.Error, pa.ArrowException)
"""What broken files and full disks raise; of memory, where a damaged length asks for more than there is, and of
overflow, where a number has hundreds of digits."""


@dataclass(frozen=True, slots=True)
class Problem:
    r"""Something that could not be read, or was mended to be read.

    Args:
        path: The file or folder as it was named, or found below the folder named.
        row: Line of a JSON Lines or CSV file, row of a Parquet file or record of a web archive, from 1; None for the
            whole file.
        reason: What is wrong and, if there is a remedy, what to do, on one line.
        severity: ``"error"`` when a file or row was left out, ``"warning"`` when all articles were kept.
        count: How many rows or files it stands for.
        passed: Whether a warning is of what was passed over as no article, not of what was mended.

    Example:
        >>> from pathlib import Path
        >>> from dedup import files
        >>> _ = Path("rows.jsonl").write_text('{"id": "a", "text": "one"}\n{"id": "b"\n')
        >>> problem = files.read("rows.jsonl").problems[0]
        >>> problem.path, problem.row, problem.severity, problem.count
        ('rows.jsonl', 2, 'error', 1)
    """

    path: str
    row: int | None
    reason: str
    severity: Literal["error", "warning"] = "error"
    count: int = 1
    passed: bool = False

    def __post_init__(self) -> None:
        """A parser may quote the file, and with it line breaks that look like another problem."""
        object.__setattr__(self, "reason", " ".join(self.reason.splitlines()))


def reason(error: BaseException) -> str:
    """What an error says, on one line.

    Args:
        error: Any; the path that an error of the system names is left out.

    Returns:
        The first line of its message, or its class if it has no message.
    """
    if isinstance(error, MemoryError):
        return "more memory is asked for than there is; if the file is small, a length in it is damaged: fetch it again"
    said = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(said).splitlines()[0]


def counted(count: int, noun: str) -> str:
    """A number with its noun, such as "1 file" or "2,000 files".

    Args:
        count: How many.
        noun: What is counted, in the singular; the plural takes an s.

    Returns:
        Both, the number with separators.

    Example:
        >>> counted(1, "file"), counted(2000, "file")
        ('1 file', '2,000 files')
    """
    return f"{count:,} {noun}" + "s" * (count != 1)


def escaped(path: str | os.PathLike[str]) -> str:
    r"""A path as text that Arrow can hold, different for different paths.

    A byte that is not UTF-8 becomes ``\x`` and its two digits, and so does a backslash where it would look like that;
    all else stays. Read back, each ``\x`` with two digits is that byte.

    Args:
        path: As the system has it.

    Example:
        >>> escaped("文章/7.md") == "文章/7.md", escaped(b"\xff.md".decode("utf-8", "surrogateescape"))
        (True, '\\xff.md')
    """
    name = os.fspath(path)
    if os.sep == "/" and "\\" in name:
        name = _LIKE_ESCAPED.sub(r"\\x5c", name)
    return name if name.isascii() else os.fsencode(name).decode("utf-8", "backslashreplace")


_LIKE_ESCAPED = re.compile(r"\\(?=x[0-9a-f]{2})")


def shown(path: str | os.PathLike[str]) -> str:
    r"""A path as text that Arrow and a terminal can hold: a name on disk may hold bytes that are not UTF-8.

    Args:
        path: As the system has it, undecodable bytes as surrogates.

    Returns:
        The path with U+FFFD for those bytes.

    Example:
        >>> shown(b"\xff.md".decode("utf-8", "surrogateescape"))
        '�.md'
    """
    name = os.fspath(path)
    return name if name.isascii() else os.fsencode(name).decode("utf-8", "replace")
