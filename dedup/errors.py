"""What can go wrong, as classes a caller can catch.

Those below are of the kind above them::

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
    """The base of all errors that a user of the package can cause and mend.

    Example:
        >>> try:
        ...     dedup.Settings(threshold=80)
        ... except dedup.DedupError as error:
        ...     print(error)
        threshold must be in (0, 1], got 80; for 80 % write 0.8
    """


class SettingsError(DedupError, ValueError):
    """A setting is out of its range.

    Example:
        >>> dedup.cluster(articles, threads=0)
        Traceback (most recent call last):
            ...
        dedup.errors.SettingsError: threads must be a whole number of 1 or more, or None for one a core, got 0
    """


class InputError(DedupError, ValueError):
    """The articles are of a kind or shape that cannot be read.

    Example:
        >>> dedup.similarity("a text", None)
        Traceback (most recent call last):
            ...
        dedup.errors.InputError: two strings can be compared, got NoneType; give the texts themselves
    """


class FileError(DedupError, OSError):
    """A file cannot be read or written; the message names it.

    Example:
        >>> dedup.Index("no-such.index", create=False)
        Traceback (most recent call last):
            ...
        dedup.errors.FileError: there is no index at 'no-such.index'; create one by adding articles to it
    """


class IndexBusyError(DedupError, TimeoutError):
    """Another writer has held the index for longer than this one waits.

    Example:
        >>> try:
        ...     kind = index.add("late", "An article that came while another process was writing.").kind
        ... except dedup.IndexBusyError:
        ...     kind = "to be added later"
        >>> kind
        'new'
    """


class BusyError(DedupError, BlockingIOError):
    """Another run of the nightly job holds its state.

    Example:
        >>> from dedup import nightly
        >>> try:
        ...     nights = nightly.stats(state).nights
        ... except dedup.BusyError:
        ...     nights = "the job is at work"
        >>> nights
        1
    """


class RejectsError(DedupError):
    """More rows and files could not be read than are allowed, or every row of a batch was rejected.

    Attributes:
        rejected: The rows of the batch, and why.

    Example:
        >>> try:
        ...     index.add_many(["a", ""], [7, "A text without an id."])
        ... except dedup.RejectsError as error:
        ...     print(*(row.reason for row in error.rejected), sep="; ")
        a text must be a string or None, got int; an id must not be empty, got ''
    """

    def __init__(self, message: str, rejected: Sequence[Any] = ()) -> None:
        super().__init__(message)
        self.rejected = tuple(rejected)


class ReplacedError(DedupError):
    r"""More articles were replaced by others with the same id than are allowed.

    Example:
        >>> from pathlib import Path
        >>> from dedup import nightly
        >>> _ = Path("night.csv").write_text("id,text\na,one text\na,another text\n")
        >>> try:
        ...     nightly.run(["night.csv"], "labels", "tonight", max_replaced=0)
        ... except dedup.ReplacedError as error:
        ...     print(str(error).partition(",")[0])
        1 article was replaced by another text with the same id
    """


class MissingExtraError(DedupError, ImportError):
    """An optional dependency is not installed; the message is the line that installs it.

    Example:
        >>> try:
        ...     table = clusters.to_polars()
        ... except dedup.MissingExtraError as error:  # its message: pip install 'article-dedup[polars]'
        ...     table = clusters.to_arrow()
        >>> table.shape
        (14, 5)
    """

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(f"{purpose} needs {package}, which is not installed: {install_line(extra)}")


def install_line(extra: str) -> str:
    """The command that installs an extra from where this package came: a checkout, a file, a repository or an index.

    Args:
        extra: Its name in `pyproject.toml`.

    Example:
        >>> install_line("spark").startswith("pip install ")
        True
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
    """Something odd was mended or left out; nothing else was lost.

    Example:
        >>> import warnings
        >>> with warnings.catch_warnings(record=True, action="always") as told:
        ...     _ = dedup.cluster([{"id": 7, "text": "one text"}, {"id": 7, "text": "another"}])
        >>> str(told[0].message).partition(";")[0]
        'an id occurs more than once, the first is 7 (int)'
    """


def warn(message: str) -> None:
    """Warn at the user's line that called the package, not at a line inside the package.

    Args:
        message: What was mended or left out, and what to do about it.

    Example:
        >>> import warnings
        >>> with warnings.catch_warnings(record=True, action="always") as told:
        ...     warn("two rows had no id")
        >>> told[0].category.__name__, str(told[0].message)
        ('DedupWarning', 'two rows had no id')
    """
    frame, level = sys._getframe(1), 2  # noqa: SLF001 - skip_file_prefixes of warnings.warn needs Python 3.12
    while frame.f_back is not None and frame.f_code.co_filename.startswith(PACKAGE):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, DedupWarning, stacklevel=level)
