"""What can go wrong, as classes a caller can catch.

    DedupError                 every error that a user can cause and mend
    ├── SettingsError          a setting out of its range (also a ValueError)
    ├── InputError             articles of a kind or shape that cannot be read (also a ValueError)
    ├── FileError              a file that cannot be read or written, by name (also an OSError)
    ├── IndexBusyError         another writer holds the index for too long (also a TimeoutError)
    ├── BusyError              another run of the nightly job holds its state (also a BlockingIOError)
    ├── RejectsError           more rows and files could not be read than are allowed, or none of a batch is valid
    ├── ReplacedError          more articles were replaced by others with the same id than are allowed
    └── MissingExtraError      an optional dependency that is not installed (also an ImportError)

    DedupWarning               something odd was mended or left out; nothing else was lost

Each message says what was given, what is allowed, and what to do.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PACKAGE = str(Path(__file__).parent) + os.sep
DISTRIBUTION = "article-dedup"
"""What is installed."""


class DedupError(Exception):
    """The base of all errors that a user of the package can cause and mend."""


class SettingsError(DedupError, ValueError):
    """A setting is out of its range."""


class InputError(DedupError, ValueError):
    """The articles are of a kind or shape that cannot be read."""


class FileError(DedupError, OSError):
    """A file cannot be read or written; the message names it."""


class IndexBusyError(DedupError, TimeoutError):
    """Another writer has held the index for longer than this one waits."""


class BusyError(DedupError, BlockingIOError):
    """Another run of the nightly job holds its state."""


class RejectsError(DedupError):
    """More rows and files could not be read than are allowed, or every row of a batch was rejected.

    Attributes:
        rejected: The rows of the batch, and why.
    """

    def __init__(self, message: str, rejected: Sequence[Any] = ()) -> None:
        super().__init__(message)
        self.rejected = tuple(rejected)


class ReplacedError(DedupError):
    """More articles were replaced by others with the same id than are allowed."""


class MissingExtraError(DedupError, ImportError):
    """An optional dependency is not installed; the message is the line that installs it."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(f"{purpose} needs {package}, which is not installed: {install_line(extra)}")


def install_line(extra: str) -> str:
    """The command that installs an extra from where this package came: a checkout, a file, a repository or an index.

    Args:
        extra: Its name in `pyproject.toml`.
    """
    import json  # noqa: PLC0415 - as the others: 50 ms that only who lacks something needs
    from importlib import metadata  # noqa: PLC0415
    from urllib.parse import urlsplit  # noqa: PLC0415
    from urllib.request import url2pathname  # noqa: PLC0415

    try:
        origin = json.loads(metadata.distribution(DISTRIBUTION).read_text("direct_url.json") or "{}")
    except metadata.PackageNotFoundError:  # a checkout that is not installed
        origin = {"url": Path(PACKAGE).parent.as_uri()}
    url = origin.get("url", "")
    if url.startswith("file:"):
        editable = "-e " if origin.get("dir_info", {}).get("editable") else ""
        return f"pip install {editable}'{url2pathname(urlsplit(url).path)}[{extra}]'"
    kind = origin.get("vcs_info", {}).get("vcs")
    place = f" @ {f'{kind}+' if kind else ''}{url}" if url else ""
    return f"pip install '{DISTRIBUTION}[{extra}]{place}'"


class DedupWarning(UserWarning):
    """Something odd was mended or left out; nothing else was lost."""


def warn(message: str) -> None:
    """Warn at the user's line that called the package, not at a line inside the package."""
    frame, level = sys._getframe(1), 2  # noqa: SLF001 - skip_file_prefixes of warnings.warn needs Python 3.12
    while frame.f_back is not None and frame.f_code.co_filename.startswith(PACKAGE):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, DedupWarning, stacklevel=level)
