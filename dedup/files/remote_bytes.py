"""The bytes of a file elsewhere, of which only those are fetched that are read.

In: an address. Out: a stream, and for Parquet what it is to be read by. Holds some megabytes; what comes next is
fetched while what is there is read. Where a transmission breaks off, goes on from there.
"""

from __future__ import annotations

import io
import os
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa

from dedup.files.bounds import held
from dedup.files.parquet_chunks import chunks
from dedup.files.places import is_remote, last_name
from dedup.files.problems import FAULTS
from dedup.files.stores import Store, said_by_store, worded

BLOCK = 1 << 23
"""Bytes that are fetched at once of a file that is read from left to right."""
NEAR = 1 << 17
"""Bytes that are fetched though nobody asked for them rather than in two requests."""
_WAITS = (0.5, 2.0)
"""Seconds before a read is tried again; the libraries of most stores have tried several times by then."""


class RemoteBytes(io.RawIOBase):
    """The bytes of a file elsewhere; what comes next is fetched while what is there is read.

    Args:
        url: The address.
        size: Bytes there are; 0 is unknown.
        jumping: Whether it is read here and there: then each read fetches what it returns, or what is `planned`. Else
            it is fetched by 8 MB, of which three are held.
    """

    def __init__(self, url: str, size: int, *, jumping: bool) -> None:
        store = self._store = Store.of(url)
        cached = {"cache_type": "background", "cache_options": {"maxblocks": 3}}
        how: dict[str, Any] = {"cache_type": "none"} if jumping else cached
        self._url, self._size = url, size
        self._plan = list[list[range]]()
        self._coming = dict[int, Future[list[bytes]]]()
        self._thread: ThreadPoolExecutor | None = None
        with worded(url):
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
                told = said_by_store(self._url, error)
                if isinstance(told, FileNotFoundError | PermissionError) or not self.seekable():
                    raise told from error
            time.sleep(wait)
            self._file.seek(at)
        with worded(self._url):
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
        local = Path(folder, last_name(url))
        with worded(url):
            store = Store.of(url)
            store.files.get_file(store.path, str(local))
        yield str(local)


def buffering(stream: Any) -> dict[str, Any]:
    """How `pyarrow.parquet.ParquetFile` is to read a stream: elsewhere a column of a row group at once, else by 1 MB.

    Args:
        stream: As `jumping` gives it.
    """
    if isinstance(stream, RemoteBytes):
        return {"buffer_size": 0, "pre_buffer": True}
    return {"buffer_size": 1 << 20, "pre_buffer": False}  # buffered before, all of a row group is held at once


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
        with suppress(*FAULTS):  # will be told when it is read
            found = chunks(stream, about, group, lambda one: columns is None or _is_in(one.path, columns))
            parts.append(list(map(_bytes_of, found)))
    stream.plan(parts)


def _is_in(leaf: str, columns: Sequence[str]) -> bool:
    """Whether a leaf, by its path, belongs to one of these columns."""
    return any(leaf == name or leaf.startswith(f"{name}.") for name in columns)


def _bytes_of(about: Any) -> range:
    """The bytes of a column of a row group."""
    begin = about.data_page_offset
    if about.dictionary_page_offset is not None:
        begin = min(begin, about.dictionary_page_offset)
    return range(begin, begin + about.total_compressed_size)
