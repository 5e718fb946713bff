"""The stores in which files lie elsewhere: the one door to fsspec, which knows each kind by a library of its own.

In: an address, such as s3://bucket/key or https://host/file. Out: a `Store` that can be asked. Libraries are extras;
credentials and options come by the environment, as pandas, Polars and Dask users know it. What a store says in classes
of its own is an `OSError` here, with words by which a person can mend it. Reads and writes no file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from dedup.errors import DedupError, FileError, MissingExtraError
from dedup.files.problems import reason

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
WHOLE_STORES = {*_LIBRARIES, "memory"} - {"http", "https"}
"""Stores that show a file when all of it is there, and not before."""
_CLOSED, _MISSING = (401, 403, 407), (404, 410)
"""What a web server answers where access is denied, and where there is nothing."""


class Store(NamedTuple):
    """A store, and a place in it."""

    files: Any
    """A file system of fsspec."""
    path: str
    """What it calls the place."""

    @classmethod
    def of(cls, url: str) -> Store:
        """The store that an address is of; the same again for the same options.

        Args:
            url: The address.

        Raises:
            FileError: There is no such kind of store.
            MissingExtraError: The library for it is not installed.
        """
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
        with worded(url):
            return cls(kind(**kind._get_kwargs_from_urls(url)), kind._strip_protocol(url))  # noqa: SLF001

    @property
    def is_web(self) -> bool:
        """Whether it has files but no lists of them."""
        return "https" in self.files.protocol


@contextmanager
def worded(url: str) -> Iterator[None]:
    """What a store raises, in words; the class says whether a file is missing or closed.

    Args:
        url: What is asked for.

    Raises:
        OSError: What the store raised.
    """
    try:
        yield
    except DedupError:
        raise
    except Exception as error:
        raise said_by_store(url, error) from error


def said_by_store(url: str, error: Exception) -> OSError:
    """What a person can do about an error of a store.

    Args:
        url: What was asked for.
        error: What the store, or its library, raised.
    """
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
        (
            "libjvm" in said or "libhdfs" in said,
            OSError,
            f"hdfs:// needs Hadoop's library ({said}); install it, set JAVA_HOME and CLASSPATH by `hadoop classpath`",
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
