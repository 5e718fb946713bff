"""Where files lie: on a local disk, or at an address elsewhere, such as s3://bucket/key or https://host/file.

In: paths and addresses. Out: which files there are, with their sizes and versions; their bytes, of which only those are
fetched that are read; and files that are put there as a whole. The one door to fsspec, which knows each kind of store
by a library of its own (an extra), and its credentials and options by the environment, as pandas, Polars and Dask
users know it. What a store says in its own classes is an `OSError` here, with words by which a person can mend it.
Holds some megabytes of a file; where a transmission breaks off, goes on from there.
"""

from __future__ import annotations

import io
import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from glob import has_magic
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple
from urllib.parse import unquote, urlsplit

import pyarrow as pa

from dedup.errors import DedupError, FileError, MissingExtraError
from dedup.files.bounds import held
from dedup.files.problems import reason, shown

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)
_S3 = ("s3fs", "s3")
_GCS = ("gcsfs", "gcs")
_AZURE = ("adlfs", "azure")
_HTTP = ("aiohttp", "http")
_LIBRARIES = {
    **dict.fromkeys(("s3", "s3a"), _S3),
    **dict.fromkeys(("gs", "gcs"), _GCS),
    **dict.fromkeys(("abfs", "abfss", "az"), _AZURE),
    **dict.fromkeys(("http", "https"), _HTTP),
    "hf": ("huggingface_hub", "hf"),
}
"""What each kind of store needs beside fsspec, and the extra that brings it."""
ADDRESSES = "s3://, gs://, abfs://, hdfs://, https:// or hf://"
"""What a path may begin with, in words."""
_KEYS = {
    "s3fs": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; FSSPEC_S3_ANON=true for a public bucket",
    "gcsfs": "GOOGLE_APPLICATION_CREDENTIALS; FSSPEC_GS_TOKEN=anon for a public bucket",
    "adlfs": "FSSPEC_ABFS_ACCOUNT_NAME and FSSPEC_ABFS_ACCOUNT_KEY, or AZURE_STORAGE_CONNECTION_STRING",
    "huggingface_hub": "HF_TOKEN",
}
"""Where the credentials of each are looked for."""
_WHOLE = {*_LIBRARIES, "memory"} - {"http", "https"}
"""Stores that show a file when all of it is there, and not before."""
_CLOSED, _MISSING = (401, 403, 407), (404, 410)
"""What a web server answers where access is denied, and where there is nothing."""
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
BLOCK = 1 << 23
"""Bytes that are fetched at once of a file that is read from left to right."""
NEAR = 1 << 17
"""Bytes that are fetched though nobody asked for them rather than in two requests."""
_WAITS = (0.5, 2.0)
"""Seconds before a read is tried again; the libraries of most stores have tried several times by then."""


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
    """
    found = _SCHEME.match(os.fspath(path))
    return found is not None and found[1].lower() != "file"


def placed(path: str | os.PathLike[str]) -> Path | str:
    """A path of the local disk as such, also if it is written file://; an address as it stands.

    Args:
        path: As a user gives it.
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
    store = _Store.of(url)
    with _worded(url):
        store.files.invalidate_cache()  # it may have been listed before, by a run of some hours ago
        try:
            about = store.files.info(store.path)
        except FileNotFoundError:
            if store.is_web or not has_magic(url):
                raise
            return Listing(_matching(store, url), single=False)
        if store.is_web or about["type"] != "directory":
            return Listing([_entry(url, _last(url), about)], single=True)
        return Listing(_below(store, url), single=False)


def _below(store: _Store, url: str) -> list[Entry]:
    """The files of a folder, in the order of their names."""
    base, root = url.rstrip("/"), store.path.rstrip("/")
    found = store.files.find(root, detail=True).items()
    entries = [_entry(f"{base}/{name}", name, about) for path, about in found if (name := path[len(root) + 1 :])]
    return sorted((entry for entry in entries if not entry.name.endswith("/")), key=lambda entry: entry.name)


def _matching(store: _Store, url: str) -> list[Entry]:
    """The files that a pattern fits, and those of the folders that it fits, named below what has no magic in it."""
    base = before_magic(url).rstrip("/")
    found = store.files.glob(store.path, detail=True)
    entries: dict[str, Entry] = {}
    for path, about in found.items():
        name = path[len(_Store.of(base).path) + 1 :]
        one = _entry(f"{base}/{name}", name, about)
        for entry in _below(_Store(store.files, path), one.url) if about["type"] == "directory" else [one]:
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


def _last(url: str) -> str:
    """The name of a file by its address, without what is asked of a server."""
    path = unquote(urlsplit(url).path) if url[:4].lower() == "http" else url
    return path.rstrip("/").rpartition("/")[2]


def gone(urls: Iterable[str]) -> set[str]:
    """Which of these files are not there any more; each folder is asked once.

    Args:
        urls: Addresses.

    Raises:
        OSError: A store cannot be asked.
    """
    missing = set()
    folders: dict[str, list[str]] = {}
    for url in urls:
        folders.setdefault(url.rpartition("/")[0], []).append(url)
    for some in folders.values():
        for url in some:
            try:
                with _worded(url):
                    store = _Store.of(url)
                    if url is some[0] and not store.is_web:
                        store.files.ls(store.files._parent(store.path))  # noqa: SLF001 - what `info` is answered from
                    store.files.info(store.path)
            except FileNotFoundError:
                missing.add(url)
    return missing


class _Store(NamedTuple):
    """A store, and a place in it."""

    files: Any
    """A file system of fsspec."""
    path: str
    """What it calls the place."""

    @classmethod
    def of(cls, url: str) -> _Store:
        """The store that an address is of; the same again for the same options."""
        scheme = url.partition("://")[0].lower()
        package, extra = _LIBRARIES.get(scheme, ("fsspec", "hdfs"))
        try:
            import fsspec  # noqa: PLC0415 - an extra

            kind = fsspec.get_filesystem_class("abfs" if scheme == "abfss" else scheme)
        except ValueError:
            raise FileError(f"there is no store {scheme}://; name {ADDRESSES}, or a local path") from None
        except ImportError as error:
            if scheme in _LIBRARIES or (isinstance(error, ModuleNotFoundError) and error.name == "fsspec"):
                raise MissingExtraError(package, extra, f"{scheme}://") from None
            raise FileError(reason(error)) from error
        with _worded(url):
            return cls(kind(**kind._get_kwargs_from_urls(url)), kind._strip_protocol(url))  # noqa: SLF001

    @property
    def is_web(self) -> bool:
        """Whether it has files but no lists of them."""
        return "https" in self.files.protocol


class RemoteBytes(io.RawIOBase):
    """The bytes of a file elsewhere; what comes next is fetched while what is there is read.

    Args:
        url: The address.
        size: Bytes there are; 0 is unknown.
        jumping: Whether it is read here and there: then each read fetches what it returns, or what is `planned`. Else
            it is fetched by 8 MB, of which three are held.
    """

    def __init__(self, url: str, size: int, *, jumping: bool) -> None:
        store = self._store = _Store.of(url)
        cached = {"cache_type": "background", "cache_options": {"maxblocks": 3}}
        how: dict[str, Any] = {"cache_type": "none"} if jumping else cached
        self._url, self._size = url, size
        self._plan = list[list[range]]()
        self._coming = dict[int, Future[list[bytes]]]()
        self._thread: ThreadPoolExecutor | None = None
        with _worded(url):
            self._file = store.files.open(
                store.path, "rb", block_size=BLOCK, **({} if store.files.protocol == "hdfs" else how)
            )
            self._seekable = not store.is_web or _gives_ranges(self._file)
            if not self._seekable:
                self._file.close()
                self._file = store.files.open(store.path, "rb", block_size=0)

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Unless a server gives a file only as a whole."""
        return self._seekable

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go somewhere; fetches nothing."""
        return int(self._file.seek(offset, whence))

    def tell(self) -> int:
        """How far reading has come."""
        return int(self._file.tell())

    def plan(self, parts: Sequence[Sequence[range]]) -> None:
        """Have what will be read fetched in the order of the parts, one ahead; small ones are fetched together.

        Args:
            parts: Ranges of bytes that are read together, in order.
        """
        together: list[range] = []
        for part in parts:
            together += part
            if sum(map(len, together)) >= BLOCK:
                self._plan.append(_coalesced(together))
                together = []
        self._plan.append(_coalesced(together))

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes, as many as are asked for unless the file ends before; none for size asks for all."""
        if size is None or size < 0:
            return self.readall()
        data = self._planned(size) or self._read(size)
        if size and not data and self.tell() < self._size:
            raise OSError(f"it broke off after {self.tell():,} of {self._size:,} bytes; run again")
        return data

    def readinto(self, buffer: Any) -> int:
        """The same, into a buffer."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _planned(self, count: int) -> bytes | None:
        """Bytes that have been fetched, or are being; None where they were not to be, or could not."""
        at = self.tell()
        for number, part in enumerate(self._plan):
            for place, one in enumerate(part):
                if one.start <= at and at + count <= one.stop:
                    found = self._fetched(number)
                    if found is None:
                        return None
                    self.seek(at + count)
                    return found[place][at - one.start : at - one.start + count]
        return None

    def _fetched(self, number: int) -> list[bytes] | None:
        """A part of the plan; the next one is fetched meanwhile."""
        self._thread = self._thread or ThreadPoolExecutor(1)
        for wanted in (number, number + 1):
            if wanted < len(self._plan) and wanted not in self._coming:
                self._coming[wanted] = self._thread.submit(self._fetch, self._plan[wanted])
        for done in [one for one in self._coming if one < number]:
            del self._coming[done]
        try:
            return self._coming[number].result()
        except Exception:  # noqa: BLE001 - it will be tried again, and told
            return None

    def _fetch(self, part: list[range]) -> list[bytes]:
        begins, ends = [one.start for one in part], [one.stop for one in part]
        store = self._store
        return list(store.files.cat_ranges([store.path] * len(part), begins, ends, on_error="raise"))

    def _read(self, count: int) -> bytes:
        at = self.tell()
        for wait in _WAITS:
            try:
                return bytes(self._file.read(count))
            except Exception as error:
                told = _told(self._url, error)
                if isinstance(told, FileNotFoundError | PermissionError) or not self.seekable():
                    raise told from error
            time.sleep(wait)
            self._file.seek(at)
        with _worded(self._url):
            return bytes(self._file.read(count))

    def close(self) -> None:
        """Let go of it."""
        if not self.closed:
            if self._thread is not None:
                self._thread.shutdown(cancel_futures=True)
            self._file.close()
        super().close()


def _gives_ranges(file: Any) -> bool:
    """Whether a web server gives a part of a file; one that ignores what is asked for would give all of it."""
    try:
        return bool(file.size) and len(file._fetch_range(file.size - 1, file.size)) == 1  # noqa: SLF001 - asks, and checks the answer
    except ValueError:
        return False


def _coalesced(part: Sequence[range]) -> list[range]:
    """Ranges of bytes, ascending; those that almost touch are one, for a request costs more than a few bytes."""
    found: list[range] = []
    for one in sorted(part, key=lambda one: one.start):
        if found and one.start <= found[-1].stop + NEAR:
            found[-1] = range(found[-1].start, max(found[-1].stop, one.stop))
        else:
            found.append(one)
    return found


def jumping(stream: io.BufferedReader) -> Any:
    """A stream for a reader that goes from place to place in it.

    Args:
        stream: As `compressed.opened` gives it.

    Returns:
        The same; of a file elsewhere without the buffer, for each read is a request there; all in memory where it can
        be read but once from left to right.
    """
    if not stream.seekable():
        return pa.BufferReader(held(stream))
    return stream.raw if isinstance(stream.raw, RemoteBytes) else stream


@contextmanager
def local_copy(path: str | os.PathLike[str]) -> Iterator[str]:
    """A file of the local disk, as it lies, or one elsewhere as a copy that is there meanwhile.

    Args:
        path: Its path or address.

    Raises:
        OSError: It cannot be fetched.
    """
    if not is_remote(path):
        yield os.fspath(path)
        return
    url = os.fspath(path)
    with tempfile.TemporaryDirectory(prefix="dedup-") as folder:
        local = Path(folder, _last(url))
        with _worded(url):
            store = _Store.of(url)
            store.files.get_file(store.path, str(local))
        yield str(local)


def buffered(stream: Any) -> int:
    """By how many bytes Parquet is to be read of a stream: elsewhere, 0, a column of a row group at once.

    Args:
        stream: As `jumping` gives it.
    """
    return 0 if isinstance(stream, RemoteBytes) else 1 << 20


def plan(stream: Any, about: Any, columns: Sequence[str] | None, groups: Iterable[int] | None = None) -> None:
    """Say which columns of Parquet will be read, row group after row group.

    Args:
        stream: As `jumping` gives it; nothing is done unless it is of a file elsewhere.
        about: The metadata of the file.
        columns: Their names; None is all.
        groups: The row groups; None is all.
    """
    if not isinstance(stream, RemoteBytes):
        return
    parts = []
    for group in range(about.num_row_groups) if groups is None else groups:
        rows = about.row_group(group)
        chunks = [rows.column(number) for number in range(rows.num_columns)]
        parts.append([_chunk(one) for one in chunks if columns is None or _is_in(one.path_in_schema, columns)])
    stream.plan(parts)


def _is_in(leaf: str, columns: Sequence[str]) -> bool:
    """Whether a leaf, by its path, belongs to one of these columns."""
    return any(leaf == name or leaf.startswith(f"{name}.") for name in columns)


def _chunk(about: Any) -> range:
    """The bytes of a column of a row group."""
    begin = about.data_page_offset
    if about.dictionary_page_offset is not None:
        begin = min(begin, about.dictionary_page_offset)
    return range(begin, begin + about.total_compressed_size)


# --- writing ------------------------------------------------------------------------------------------------------


def check_remote(url: str) -> None:
    """Refuse an address that cannot be written to, as far as that can be told without writing.

    Args:
        url: Of the file to be written.

    Raises:
        FileError: It is a folder, its bucket is missing, or the store is not there.
        MissingExtraError: The library for it is not installed.
    """
    store, name = _Store.of(url), shown(url)
    if store.is_web:
        raise FileError(f"cannot write {name!r}: a web server takes no files; name a local file or a store")
    try:
        with _worded(url):
            if store.files.info(store.path)["type"] == "directory":
                raise FileError(f"cannot write {name!r}: it is a folder; name a file in it")
    except FileNotFoundError as error:
        if "bucket" in str(error):
            raise FileError(f"cannot write {name!r}: {error}") from error
    except PermissionError:  # who may write need not be allowed to look
        return
    except DedupError:
        raise
    except OSError as error:
        raise FileError(f"cannot write {name!r}: {error}") from error


@contextmanager
def whole_remote(url: str) -> Iterator[BinaryIO]:
    """A file to write to, on the local disk, which is put elsewhere when all has been written.

    Args:
        url: Where to.

    Raises:
        OSError: It cannot be put there. What was written is kept, and named.
    """
    folder = Path(tempfile.mkdtemp(prefix="dedup-"))
    kept = False
    try:
        local = folder / (_last(url) or "out")
        with local.open("wb") as file:
            yield file
        kept = True
        _put(url, local)
        kept = False
    except OSError as error:
        if kept:
            raise OSError(f"{error}; what was written is kept in {local}") from error
        raise
    finally:
        if not kept:
            shutil.rmtree(folder, ignore_errors=True)


def _put(url: str, local: Path) -> None:
    store = _Store.of(url)
    with _worded(url):
        if url.partition("://")[0].lower() in _WHOLE:
            store.files.put_file(str(local), store.path)
            return
        beside = f"{store.path.rpartition('/')[0]}/.dedup-{secrets.token_hex(8)}.tmp"
        store.files.put_file(str(local), beside)
        store.files.mv(beside, store.path)


# --- words --------------------------------------------------------------------------------------------------------


@contextmanager
def _worded(url: str) -> Iterator[None]:
    """What a store raises, in words; the class says whether a file is missing or closed."""
    try:
        yield
    except DedupError:
        raise
    except Exception as error:
        raise _told(url, error) from error


def _told(url: str, error: Exception) -> OSError:
    """What a person can do about an error of a store."""
    if isinstance(error, FileNotFoundError) and isinstance(error.__cause__, Exception) and url[:4].lower() == "http":
        error = error.__cause__  # over HTTP all that fails is not found, says fsspec
    said, names, status = reason(error), _classes(error), getattr(error, "status", 0)
    package = _LIBRARIES.get(url.partition("://")[0].lower(), ("", ""))[0]
    keys = f": {_KEYS[package]}" if package in _KEYS else ""
    bucket = re.search("bucket|container", said)
    cases: tuple[tuple[object, type[OSError], str], ...] = (
        (
            "NoCredentials" in names or "locate credentials" in said,
            OSError,
            f"no credentials were found; set them{keys}",
        ),
        (
            isinstance(error, PermissionError) or status in _CLOSED,
            PermissionError,
            f"access is denied ({said}); check the rights and the credentials{keys}",
        ),
        ("Timeout" in names, OSError, f"no answer in time ({said}); run again"),
        (
            "Connect" in names,
            OSError,
            f"it cannot be reached ({said}); check the address, the endpoint and the network",
        ),
        (bucket and "NotFound" in names, FileNotFoundError, "there is no such bucket; check the name and the endpoint"),
        (
            "FileNotFound" in names or status in _MISSING,
            FileNotFoundError,
            "there is no such file or folder; check the name",
        ),
        (True, OSError, f"{type(error).__name__}: {said}"),
    )
    return next(kind(words) for fits, kind, words in cases if fits)


def _classes(error: BaseException | None) -> str:
    """The classes of an error and of those that led to it."""
    names: list[str] = []
    while error is not None:
        names += [kind.__name__ for kind in type(error).__mro__]
        error = error.__cause__ or error.__context__
    return " ".join(names)
