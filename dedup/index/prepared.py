"""Texts made ready to be added or looked up: shingles, fingerprint, signature, keys, marks, compressed body.

In: an Arrow column of texts. Out: `Prepared`, for each text what the index stores and compares. All of it is made
before the store is asked for anything, so that no other writer waits for it; about 50 ns per character of Chinese, and
100 ns more if a text is full of addresses.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.errors import FileError
from dedup.index.listed import Listed, Signature, by_bands, every_run, kind, winnowing
from dedup.index.marks import NO_MARKS, Marks, marks_of
from dedup.index.store import Text
from dedup.kernels import Windows
from dedup.settings import Settings
from dedup.stages import shingles
from dedup.stages.shingles import NO_WINDOWS
from dedup.stages.signer import Signer
from dedup.stages.weights import Weights
from dedup.work import Progress, Room, ranges, spread

PIECE = 32
"""Texts that a thread takes at a time."""
LENGTH_BYTES = 4
"""Of a text's length, and of its checksum, which stand before a compressed text."""
MOST_CHARACTERS = 1 << 26
"""Of a text that is added, thirty long books."""
MOST_BYTES = 4 * MOST_CHARACTERS
"""Of a stored text; what claims to be longer is none of ours, and is not expanded."""
MOST_EXPANDED = 1 << 15
"""Bytes that a compressed byte becomes at most: a zstd block of 4 stands for 128 KiB."""


class Shingled(NamedTuple):
    """A text as it is compared."""

    keys: NDArray[np.uint64]
    """Its shingles, each once."""
    length: int
    """Characters of the whole text; in a long one a shingle weighs less."""


@dataclass(frozen=True)
class Prepared:
    """n texts."""

    fingerprints: list[bytes]
    """16 bytes each, equal for texts that are equal when folded; empty for one without shingles."""
    shingles: list[Shingled]
    """The shingles of each, including those in frames: all are counted, because what is a frame may change."""
    listed: Listed
    """What each is found by; without meaning for a text without shingles."""
    bodies: list[bytes] = field(repr=False)
    """Compressed texts; empty where they are not stored."""
    column: pa.ChunkedArray = field(repr=False)
    """The texts."""
    marks: list[Marks] = field(default_factory=list, repr=False)
    """The names and addresses in each; empty for a text without shingles."""
    weighted: bool = True
    """Whether shingles are weighed, so that keys are those of runs."""

    def only(self, row: int) -> Prepared:
        """One text of them."""
        one, mine = slice(row, row + 1), self.listed.part(row, row + 1)
        prints, shingled, marks = self.fingerprints[one], self.shingles[one], self.marks[one]
        return Prepared(prints, shingled, mine, self.bodies[one], self.column[one], marks, self.weighted)

    def text(self, row: int, number: int, cluster: int) -> Text:
        """A text, to be stored."""
        fingerprint, every = self.fingerprints[row], self.listed
        signature = every.signatures[row][: None if fingerprint else 0]
        keys = every.keys_of(row)[: None if fingerprint and self.weighted else 0]
        return Text(number, fingerprint, cluster, signature, keys, self.bodies[row], self.marks[row])


class Preparer:
    """Makes texts ready.

    Args:
        settings: How articles are compared.
        weights: Weights of signatures; None if shingles are not weighted.
        windows: What marks the frames that are left out of signatures; None for none.
        store_texts: Whether to compress the texts.
        codec: How, as Arrow calls it.
    """

    def __init__(
        self,
        settings: Settings,
        weights: Weights | None,
        windows: Windows | None = None,
        *,
        store_texts: bool,
        codec: str = "lz4_raw",
    ) -> None:
        self._settings, self._signer, self._store_texts = settings, Signer(settings, weights), store_texts
        self._windows, self._runs = windows or NO_WINDOWS, Room(np.uint32)
        self._codec = pa.Codec(codec)

    def prepare(self, column: pa.ChunkedArray, threads: int = 1, progress: Progress | None = None) -> Prepared:
        """Make texts ready.

        Args:
            column: large_string (n,).
            threads: How many to use.
            progress: Called with pieces of them done and in all.
        """
        texts = self.texts(column)
        signed = np.empty((len(texts), self._settings.slots), kind(self._settings))
        shingled: list[Shingled] = []
        keys: list[NDArray[np.uint32]] = []
        bodies: list[bytes] = []
        marks: list[Marks] = []

        def work(piece: tuple[int, int]) -> tuple[list[Shingled], list[NDArray[np.uint32]], list[bytes], list[Marks]]:
            mine, runs = self._sign(texts, np.arange(*piece), signed)
            compressed = self._compress(column, *piece) if self._store_texts else [b""] * len(mine)
            return mine, runs, compressed, self._mark(column, mine, piece[0])

        for mine, runs, compressed, marked in spread(work, ranges(len(texts), PIECE), threads, progress):
            shingled += mine
            keys += runs
            bodies += compressed
            marks += marked
        found = Listed.of(signed, keys) if self._settings.weighted else by_bands(signed, self._settings)
        prints = texts.prints.tobytes()
        fingerprints = [prints[16 * i : 16 * i + 16] if len(one.keys) else b"" for i, one in enumerate(shingled)]
        return Prepared(fingerprints, shingled, found, bodies, column, marks, self._settings.weighted)

    def texts(self, column: pa.ChunkedArray) -> shingles.Texts:
        """Texts that can be shingled as these settings say."""
        return shingles.Texts.of(column, self._settings)

    def _sign(
        self, texts: shingles.Texts, rows: NDArray[np.int64], signed: Signature
    ) -> tuple[list[Shingled], list[NDArray[np.uint32]]]:
        """The shingles of some texts, and the keys of their runs, if these list them; signs them in `signed`."""
        lengths = texts.lengths[rows]
        if not self._settings.weighted:
            whole = texts.shingle(rows)
            signed[rows] = self._signer.halves(whole, lengths)
            return _apart(whole, lengths), []
        which, left = winnowing(self._settings), texts.without(self._windows)
        framed, keys, starts = left.shingle_and_winnow(rows, which, Room(np.uint64), self._runs, once=True)
        signed[rows] = self._signer.halves(framed, lengths)
        whole = texts.shingle(rows) if len(self._windows.table) else framed
        return _apart(whole, lengths), np.split(keys.copy(), starts[1:-1])

    def _mark(self, column: pa.ChunkedArray, mine: list[Shingled], begin: int) -> list[Marks]:
        """The marks of some texts; none without weights or shingles, for then there are no campaigns."""
        if not self._settings.weighted:
            return [NO_MARKS] * len(mine)
        texts = column[begin : begin + len(mine)].to_pylist()
        return [marks_of(text) if len(one.keys) else NO_MARKS for text, one in zip(texts, mine, strict=True)]

    def _compress(self, column: pa.ChunkedArray, begin: int, end: int) -> list[bytes]:
        bodies = []
        for text in column[begin:end] if len(column) > 1 else column.chunk(0):
            data = text.as_buffer() or b""
            head = len(data).to_bytes(LENGTH_BYTES, "little") + zlib.crc32(data).to_bytes(LENGTH_BYTES, "little")
            bodies.append(head + self._codec.compress(data, asbytes=True))
        return bodies

    def shingle(self, column: pa.ChunkedArray, windows: Windows = NO_WINDOWS) -> list[Shingled]:
        """The shingles of texts, each once, without what these windows mark."""
        texts, rows = self.texts(column), np.arange(len(column))
        return _apart(texts.without(windows).shingle(rows), texts.lengths)

    def runs(self, column: pa.ChunkedArray, windows: Windows) -> Listed:
        """All runs of texts, without what these windows mark, as keys by which the texts are found that hold them."""
        texts, rows = self.texts(column).without(windows), np.arange(len(column))
        which = every_run(self._settings)
        _, keys, starts = texts.shingle_and_winnow(rows, which, Room(np.uint64), self._runs)
        return Listed(np.zeros((len(rows), self._settings.slots), kind(self._settings)), keys.copy(), starts)

    def column(self, bodies: Sequence[bytes]) -> pa.ChunkedArray:
        """Stored texts, as they were given."""
        return joined([self.data(body) for body in bodies])

    def readable(self, bodies: Sequence[bytes]) -> pa.ChunkedArray:
        """Stored texts, to count their shingles or take them away: one that is damaged has none."""
        return joined([self._data_or_none(body) for body in bodies])

    def _data_or_none(self, body: bytes) -> bytes:
        try:
            return self.data(body)
        except FileError:
            return b""

    def data(self, body: bytes) -> bytes:
        """A stored text, as UTF-8; not checked to be that.

        Raises:
            FileError: It is damaged.
        """
        length, checksum = (int.from_bytes(body[at : at + LENGTH_BYTES], "little") for at in (0, LENGTH_BYTES))
        packed = memoryview(body)[2 * LENGTH_BYTES :]
        if length > min(MOST_BYTES, MOST_EXPANDED * len(packed)):
            raise _damaged(f"it would take {length:,} bytes")
        try:
            text: bytes = self._codec.decompress(packed, min(length, MOST_BYTES), asbytes=True)
        except (OSError, ValueError) as error:
            raise _damaged(error) from error
        if len(text) != length or zlib.crc32(text) != checksum:
            raise _damaged("it is not what was written")
        return text

    def told(self, body: bytes) -> str:
        """A stored text.

        Raises:
            FileError: It is damaged.
        """
        try:
            return self.data(body).decode()
        except UnicodeDecodeError as error:
            raise _damaged(error) from error


def _damaged(error: Exception | str) -> FileError:
    return FileError(
        f"a stored text is damaged ({str(error).rstrip('.')}); check() names it: remove its article, and add it again"
    )


def _apart(shingled: shingles.Shingles, lengths: NDArray[np.int64]) -> list[Shingled]:
    """The shingles of each text separately."""
    keys, offsets = shingled
    ends = pairwise(offsets.tolist())
    return [Shingled(keys[a:b], length) for (a, b), length in zip(ends, lengths.tolist(), strict=True)]


def joined(texts: Sequence[bytes]) -> pa.ChunkedArray:
    """Texts of UTF-8 as a column, large_string (n,)."""
    offsets = np.fromiter(accumulate(map(len, texts), initial=0), np.int64, len(texts) + 1)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(texts))]
    return pa.chunked_array([pa.Array.from_buffers(pa.large_string(), len(texts), buffers)])
