"""Where files lie: on a local disk, or at an address elsewhere, such as s3://bucket/key or https://host/file.

In: paths and addresses. Out: which files there are, with their sizes and versions, and which are gone. Costs a request
a folder. Opens no file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from glob import has_magic
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from dedup.errors import FileError
from dedup.files.stores import Store, worded

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)
_VERSIONS = (
    "ETag",
    "etag",
    "md5Hash",
    "content_md5",
    "blob_id",
    "LastModified",
    "last_modified",
    "mtime",
    "updated",
    "created",
)
"""What stores call that by which a file is known to have changed, best first."""


class Entry(NamedTuple):
    """A file elsewhere."""

    url: str
    name: str
    """Below what was named; of a file that was named itself its last part."""
    size: int
    """Bytes; 0 where the store does not say."""
    version: int
    """Made of what the store says of its version; -1 where that is nothing."""


class Listing(NamedTuple):
    """What an address leads to."""

    entries: list[Entry]
    single: bool
    """Whether it is that of a file, rather than of a folder or a pattern."""


def is_remote(path: str | os.PathLike[str]) -> bool:
    """Whether a path is an address elsewhere.

    Args:
        path: As a user gives it.

    Example:
        >>> is_remote("s3://crawl/articles"), is_remote("crawl/articles")
        (True, False)
    """
    found = _SCHEME.match(os.fspath(path))
    return found is not None and found[1].lower() != "file"


def placed(path: str | os.PathLike[str]) -> Path | str:
    """A path of the local disk as such, also if it is written file://; an address as it stands.

    Args:
        path: As a user gives it.

    Example:
        >>> str(placed("file:///crawl/a.md")), placed("S3://crawl/a.md")
        ('/crawl/a.md', 's3://crawl/a.md')
    """
    name = os.fspath(path)
    if is_remote(name):
        scheme, _, place = name.partition("://")
        return f"{scheme.lower()}://{place}"
    return Path(unquote(urlsplit(name).path)) if name[:7].lower() == "file://" else Path(path)


def is_mangled(path: str) -> bool:
    """Whether a path that is not there looks like an address that `pathlib` took a slash from.

    Args:
        path: Of the local disk.
    """
    return re.match("[a-z][a-z0-9+.-]+:/[^/]", path, re.IGNORECASE) is not None


def real(path: str | os.PathLike[str]) -> str:
    """The one name of a file that may have several.

    Args:
        path: Of a local file, or an address.

    Example:
        >>> real("s3://crawl/a.md"), real("a.md").endswith("/a.md")
        ('s3://crawl/a.md', True)
    """
    there = placed(path)
    return there if isinstance(there, str) else os.path.realpath(there)


def listing(url: str) -> Listing:
    """The files that an address leads to: one, those of a folder and the folders in it, or those a pattern fits.

    A name that holds `*`, `?` or `[` and is there as it stands is that file. Nothing is listed over HTTP.

    Args:
        url: The address.

    Raises:
        OSError: The store cannot be asked, or there is no such thing.
        FileError: There is no such kind of address.
        MissingExtraError: The library for it is not installed.
    """
    store = Store.of(url)
    with worded(url):
        store.files.invalidate_cache()  # it may have been listed before, by a run of some hours ago
        try:
            about = store.files.info(store.path)
        except FileNotFoundError:
            if store.is_web or not has_magic(url):
                raise
            return Listing(_matching(store, url), single=False)
        if store.is_web or about["type"] != "directory":
            return Listing([_entry(url, last_name(url), about)], single=True)
        return Listing(_below(store, url), single=False)


def _below(store: Store, url: str) -> list[Entry]:
    """The files of a folder, in the order of their names."""
    base, root = url.rstrip("/"), store.path.rstrip("/")
    found = store.files.find(root, detail=True).items()
    entries = [_entry(f"{base}/{name}", name, about) for path, about in found if (name := path[len(root) + 1 :])]
    return sorted((entry for entry in entries if not entry.name.endswith("/")), key=lambda entry: entry.name)


def _matching(store: Store, url: str) -> list[Entry]:
    """The files that a pattern fits, and those of the folders that it fits, named below what has no magic in it."""
    base = before_magic(url).rstrip("/")
    found = store.files.glob(store.path, detail=True)
    entries: dict[str, Entry] = {}
    for path, about in found.items():
        name = path[len(Store.of(base).path) + 1 :]
        one = _entry(f"{base}/{name}", name, about)
        for entry in _below(Store(store.files, path), one.url) if about["type"] == "directory" else [one]:
            below = name if entry is one else f"{name}/{entry.name}"
            entries[entry.url] = entry._replace(name=below)
    if not entries:
        raise FileError("no file has a name that fits this pattern; check it")
    return [entries[url] for url in sorted(entries)]


def before_magic(pattern: str) -> str:
    """The folder in which all files lie that a pattern fits.

    Args:
        pattern: A path or address with `*`, `?` or `[` in it.
    """
    parts = pattern.split("/")
    first = next(number for number, part in enumerate(parts) if has_magic(part))
    return "/".join(parts[:first])


def _entry(url: str, name: str, about: dict[str, Any]) -> Entry:
    version = next((about[key] for key in _VERSIONS if about.get(key)), None)
    digest = blake2b(str(version).encode(), digest_size=8).digest()
    return Entry(url, name, int(about.get("size") or 0), -1 if version is None else int.from_bytes(digest, signed=True))


def last_name(url: str) -> str:
    """The name of a file by its address, without what is asked of a server."""
    path = unquote(urlsplit(url).path) if url[:4].lower() == "http" else url
    return path.rstrip("/").rpartition("/")[2]


def gone(urls: Iterable[str]) -> set[str]:
    """Which of these files are not there any more; each folder is asked once.

    Args:
        urls: Addresses.

    Raises:
        OSError: A store cannot be asked.

    Example:
        >>> gone(["memory://crawl/no-such.md"])
        {'memory://crawl/no-such.md'}
    """
    missing = set()
    folders: dict[str, list[str]] = {}
    for url in urls:
        folders.setdefault(url.rpartition("/")[0], []).append(url)
    for some in folders.values():
        for url in some:
            try:
                with worded(url):
                    store = Store.of(url)
                    if url is some[0] and not store.is_web:
                        store.files.ls(store.files._parent(store.path))  # noqa: SLF001 - what `info` is answered from
                    store.files.info(store.path)
            except FileNotFoundError:
                missing.add(url)
    return missing
