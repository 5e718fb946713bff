"""The zip that a file is: what archives, books and web archives of several files share.

In: the bytes of a file, decompressed. Out: its members, by name, and the bytes of each. Reads a zip with the standard
library; holds its list of members, and of a file that is compressed as a whole all of it, up to a bound.
"""

from __future__ import annotations

import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dedup.errors import FileError
from dedup.files.bounds import held
from dedup.files.problems import FAULTS

BROKEN = (*FAULTS, KeyError, EOFError, RuntimeError, struct.error, zlib.error, lzma.LZMAError, zipfile.BadZipFile)
"""What a broken zip raises, and one whose members are compressed or locked in unknown ways."""


@contextmanager
def zip_of(stream: io.BufferedReader, refused: str) -> Iterator[zipfile.ZipFile]:
    """Open a zip.

    Args:
        stream: Its bytes; a file that can be read but once from left to right is held.
        refused: What is said of a file that is no whole zip, with ``{}`` for why.

    Yields:
        The zip.

    Raises:
        FileError: It is none, or too large to be held.
    """
    source = stream if stream.seekable() else io.BytesIO(held(stream))
    try:
        whole = zipfile.ZipFile(source)
    except BROKEN as error:
        raise FileError(refused.format(error)) from None
    with whole:
        yield whole


def unlisted(whole: zipfile.ZipFile) -> str:
    """What is wrong with the list of members, if it has not as many as are said to be in it; else nothing.

    Args:
        whole: The zip.
    """
    file: Any = whole.fp
    file.seek(-len(_END) - len(whole.comment) - _REST, io.SEEK_END)
    end = file.read(len(_END) + _REST)
    said, there = int.from_bytes(end[10:12], "little"), len(whole.infolist())
    if not end.startswith(_END) or said in (there & 0xFFFF, 0xFFFF):  # of more there is another record
        return ""
    return f"the list of members is damaged: {there:,} are in it, and it says {said:,}; fetch the archive again"


_END, _REST = b"PK\5\6", 18
"""How the last record of a zip begins, and how many bytes follow, before a comment."""
