"""What could not be read, said so that a person can mend it.

In: a path, a row, an error of the system, of Arrow or of the csv module. Out: a `Problem` with its reason on one line,
in characters that Arrow and a terminal can hold. Costs nothing to speak of. Does not decide what is a problem and
raises nothing: the readers know the first, the command line the second.
"""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

FAULTS = (OSError, ValueError, csv.Error, pa.ArrowException)
"""What broken files and full disks raise."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that could not be read, or was mended to be read.

    Args:
        path: The file or folder as it was named, or found below the folder named.
        row: Line of a JSON Lines or CSV file or row of a Parquet file, from 1; None for the whole file.
        reason: What is wrong and, where there is something to do, what.
        severity: ``"error"`` when a file or row was left out, ``"warning"`` when everything was kept.
        count: How many rows or files it stands for.
    """

    path: str
    row: int | None
    reason: str
    severity: Literal["error", "warning"] = "error"
    count: int = 1


def reason(error: BaseException) -> str:
    """What an error says, on one line.

    Args:
        error: Of the system, which has the words without the path, or any other.

    Returns:
        The first line of its message, its class where it has none.
    """
    said = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(said).splitlines()[0]


def counted(count: int, noun: str) -> str:
    """A number with its noun, such as "1 file" or "2,000 files".

    Args:
        count: How many.
        noun: Of what, in the singular; the plural takes an s.

    Returns:
        Both, the number with separators.
    """
    return f"{count:,} {noun}" + "s" * (count != 1)


def escaped(path: str | os.PathLike[str]) -> str:
    """A path fit for Arrow, of which no two are alike: bytes that are not UTF-8 are written as hexadecimal escapes.

    Args:
        path: As the system has it.
    """
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def shown(path: str | os.PathLike[str]) -> str:
    """A path fit for Arrow and for print: a name on disk may hold bytes that are not UTF-8.

    Args:
        path: As the system has it, undecodable bytes as surrogates.

    Returns:
        The path with U+FFFD for those bytes.
    """
    return os.fsencode(path).decode("utf-8", "replace")
