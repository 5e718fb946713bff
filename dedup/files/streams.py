"""The standard input and pipes, which can be read but once, become files.

In: paths such as -, /dev/fd/63 or that of a named pipe. Out: for each a file with all that came, which is there as long
as the `Streams` are: its rows may be read twice, and its columns in any order. Costs room on the disk for what comes;
reads nothing before it is asked for.
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import BinaryIO, Self

STANDARD = "-"
"""The path that means the standard input, or the standard output."""


class Streams:
    r"""What can be read but once, as files.

    Args:
        beside: The folder in which they are kept meanwhile; None is the system's.

    Example:
        >>> import os, subprocess
        >>> from dedup import files
        >>> os.mkfifo("pipe")
        >>> with subprocess.Popen(["sh", "-c", "echo 古樹茶餅 > pipe"]), files.Streams() as streams:
        ...     streams.file("pipe").read_text("utf-8")
        '古樹茶餅\n'
    """

    def __init__(self, beside: str | None = None) -> None:
        self._beside, self._files = beside, dict[str, Path]()
        self._folder: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def file(self, path: str) -> Path:
        """What came through a stream, up to its end; it is read when it is first asked for.

        Args:
            path: Of a stream.

        Raises:
            OSError: It cannot be read, or the disk is full.
        """
        if path not in self._files:
            self._folder = self._folder or tempfile.mkdtemp(prefix=".dedup-stream-", dir=self._beside)
            file = Path(self._folder, str(len(self._files)))
            with _opened(path) as given, file.open("wb") as whole:
                shutil.copyfileobj(given, whole, 1 << 20)
            self._files[path] = file
        return self._files[path]


def _opened(path: str) -> AbstractContextManager[BinaryIO]:
    return nullcontext(sys.stdin.buffer) if path == STANDARD else Path(path).open("rb")


def is_stream(path: str | os.PathLike[str]) -> bool:
    """Whether a path is the standard input or a pipe.

    Args:
        path: As a user gives it.
    """
    try:
        return os.fspath(path) == STANDARD or stat.S_ISFIFO(os.stat(path).st_mode)  # noqa: PTH116
    except (OSError, ValueError):
        return False
