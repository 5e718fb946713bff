"""Postings by key in immutable, memory-mapped files, to look up texts that share a key with another.

In: numbers, keys and sketches (the lowest bytes of the slots) of some texts. Out: a `Segment`: postings, a key and a
row each, in buckets, and a table of where these begin, so that a key costs two memory accesses. The number of its
bucket is the upper half of a key, or more, so only the lower half is stored. A segment takes 7 bytes a key and one a
slot for each text. Segments are merged into larger ones in two passes. Every section has a checksum; the header has its
own, so a file is opened without reading all of it. A segment is a cache: if it is missing or damaged, it is built again
from the database.

A segment named `s1-0-8192.segment` holds every text of generation 1 with a number above 0 and up to 8192.
"""

from __future__ import annotations

import json
import mmap
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.system import put, reserve, synced

VERSION = 2
HEADER_BYTES = 4096
ALIGNED = 64
BUCKET = 8
"""Up to so many keys are in a bucket, in the mean: a cache line of their lower halves holds 32."""
LEAST_BITS = 16
"""Bits of a bucket's number, at least: all of a key that its lower half does not say."""
MOST = (1 << 32) - 1
"""Postings of a segment, at most."""
NAME = re.compile(r"s(\d+)-(\d+)-(\d+)\.segment")

Shape = tuple[int, ...]
Postings = tuple[NDArray[np.uint32], NDArray[np.uint16], NDArray[np.uint32]]
"""(2**b + 1,): where each bucket begins; (m,): the lower halves of keys; (m,): the rows of their texts, ascending for
each key. A bucket is the highest b bits of a key; the order of keys in it does not matter."""


class Span(NamedTuple):
    """Which texts a segment holds: all of a generation with a number above `after` and up to `upto`."""

    generation: int
    after: int
    upto: int

    @property
    def name(self) -> str:
        """The file's name."""
        return f"s{self.generation}-{self.after}-{self.upto}.segment"

    @classmethod
    def of(cls, name: str) -> Self | None:
        """The span in a file's name; None if it is not the name of a segment."""
        match = NAME.fullmatch(name)
        return cls(*map(int, match.groups())) if match else None


class SegmentRows(NamedTuple):
    """n texts, ascending by number."""

    numbers: NDArray[np.int64]
    """(n,)"""
    keys: NDArray[np.uint32]
    """(m,)"""
    starts: NDArray[np.int64]
    """(n + 1,): the keys of text i are `keys[starts[i]:starts[i + 1]]`."""
    sketches: NDArray[np.uint8]
    """(n, slots, rounded up to whole blocks)"""


class Segment:
    """One file, memory-mapped.

    Args:
        path: The file.

    Raises:
        ValueError: It is damaged, cut short, or of another version.
        OSError: It cannot be read.
    """

    def __init__(self, path: Path) -> None:
        span = Span.of(path.name)
        if span is None:
            raise ValueError("its name is not that of a segment")
        self.path, self.span = path, span
        with path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._sections = self._layout(_header(self._map))
        arrays = {name: self._array(name) for name in self._sections}
        self.numbers: NDArray[np.int64] = arrays["numbers"]
        self.sketches: NDArray[np.uint8] = arrays["sketches"]
        self.postings: Postings = arrays["offsets"], arrays["lows"], arrays["rows"]
        self.dead = np.zeros(0, np.bool_)

    def __len__(self) -> int:
        """How many texts it holds."""
        return len(self.numbers)

    @property
    def table(self) -> tuple[NDArray[np.uint32], NDArray[np.uint16], NDArray[np.uint32], NDArray[np.bool_]]:
        """The table for `dedup.kernels.search_sorted`."""
        return *self.postings, self.dead

    @property
    def keys(self) -> int:
        """How many postings it holds."""
        return len(self.postings[1])

    @property
    def bytes(self) -> int:
        """The size of the file, which another process may have deleted since."""
        return len(self._map)

    def drop(self, texts: NDArray[np.int64]) -> None:
        """Skip these texts from now on; the file stays as it is until it is merged."""
        here = np.isin(self.numbers, texts)
        if here.any():
            self.dead = here | self.dead if len(self.dead) else here

    def _layout(self, header: dict[str, Any]) -> dict[str, Any]:
        if header["version"] != VERSION or header["bytes"] != len(self._map) or header["span"] != list(self.span):
            raise ValueError("it is cut short, or of another version")
        sections: dict[str, Any] = header["sections"]
        return sections

    def _array(self, name: str) -> NDArray[Any]:
        section = self._sections[name]
        count = int(np.prod(section["shape"]))
        return np.frombuffer(self._map, section["kind"], count, section["at"]).reshape(section["shape"])

    def damaged(self) -> list[str]:
        """The sections whose bytes have changed; reads all of them."""
        return [
            name
            for name, section in self._sections.items()
            if zlib.crc32(self._array(name)) != section["checksum"]  # type: ignore[arg-type]
        ]


def _header(view: mmap.mmap) -> dict[str, Any]:
    """The header as a dictionary, if its own checksum is right."""
    checksum, _, text = view[:HEADER_BYTES].rstrip(b"\0").partition(b"\n")
    if checksum != str(zlib.crc32(text)).encode():
        raise ValueError("its header is damaged")
    header: dict[str, Any] = json.loads(text)
    return header


class _New:
    """A segment that is being written, under a name that no process opens."""

    def __init__(self, folder: Path, span: Span, texts: int, keys: int, width: int) -> None:
        self._path, self._span = folder / span.name, span
        self.bits = max(LEAST_BITS, (keys // BUCKET).bit_length())
        shapes: dict[str, tuple[Any, Shape]] = {
            "numbers": (np.int64, (texts,)),
            "sketches": (np.uint8, (texts, width)),
            "offsets": (np.uint32, ((1 << self.bits) + 1,)),
            "lows": (np.uint16, (keys,)),
            "rows": (np.uint32, (keys,)),
        }
        self._places, at = {}, HEADER_BYTES
        for name, (kind, shape) in shapes.items():
            self._places[name] = {"kind": np.dtype(kind).str, "shape": shape, "at": at}
            at += -(-int(np.prod(shape)) * np.dtype(kind).itemsize // ALIGNED) * ALIGNED
        self._temporary = folder / f"{span.name}.new"
        try:
            with self._temporary.open("wb") as file:
                reserve(file, at)
        except OSError:
            self.give_up()
            raise
        with self._temporary.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), at)
        for name, place in self._places.items():
            array = np.frombuffer(self._map, place["kind"], int(np.prod(place["shape"])), place["at"])
            setattr(self, name, array.reshape(place["shape"]))

    numbers: NDArray[np.int64]
    sketches: NDArray[np.uint8]
    offsets: NDArray[np.uint32]
    lows: NDArray[np.uint16]
    rows: NDArray[np.uint32]

    def sort(self, rows: SegmentRows) -> None:
        """Put the keys of these texts into buckets, the texts of each in order, as `fill` does."""
        buckets = rows.keys >> np.uint32(32 - self.bits)
        order = np.argsort(buckets, kind="stable")
        self.lows[:] = rows.keys[order]
        self.rows[:] = np.repeat(np.arange(len(rows.numbers), dtype=np.uint32), np.diff(rows.starts))[order]
        self._begin(np.bincount(buckets, minlength=1 << self.bits))

    def fill(self, parts: Sequence[tuple[Postings, NDArray[np.int64]]]) -> None:
        """Put the postings of other segments into buckets; each comes with the new places of its rows."""
        shift, counts = 32 - self.bits, np.zeros(1 << self.bits, np.uint32)
        for postings, places in parts:
            kernels.tally_postings(postings, places, shift, counts)
        self._begin(counts)
        starts = self.offsets[:-1].copy()
        for postings, places in parts:
            kernels.scatter_postings(postings, places, shift, starts, self.lows, self.rows)

    def _begin(self, counts: NDArray[Any]) -> None:
        """Where buckets of so many postings begin."""
        self.offsets[0] = 0
        np.cumsum(counts, out=self.offsets[1:])

    def finish(self) -> Segment:
        """Write the header, and give the file its name."""
        for name, place in self._places.items():
            place["checksum"] = zlib.crc32(getattr(self, name))
        text = json.dumps(
            {"version": VERSION, "bytes": len(self._map), "span": self._span, "sections": self._places}
        ).encode()
        header = str(zlib.crc32(text)).encode() + b"\n" + text
        self._map[: len(header)] = header
        synced(self._temporary)  # unlike the map's own flush, it lets other threads run
        put(self._temporary, self._path, lasting=False)
        return Segment(self._path)

    def give_up(self) -> None:
        """Delete what was written."""
        self._temporary.unlink(missing_ok=True)


def build(folder: Path, span: Span, rows: SegmentRows) -> Segment:
    """Write the segment of some texts.

    Args:
        folder: Where to write.
        span: Which texts they are.
        rows: The texts.

    Raises:
        OSError: There is no room for it; nothing is left behind.
    """
    new = _New(folder, span, len(rows.numbers), len(rows.keys), rows.sketches.shape[1])
    try:
        new.numbers[:], new.sketches[:] = rows.numbers, rows.sketches
        new.sort(rows)
        return new.finish()
    except BaseException:
        new.give_up()
        raise


def merge(folder: Path, parts: Sequence[Segment], alive: Callable[[NDArray[np.int64]], NDArray[np.bool_]]) -> Segment:
    """Replace several consecutive segments by one.

    Args:
        folder: Where to write.
        parts: The segments, in order.
        alive: Which of these numbers are still texts; the others are left out.

    Raises:
        OSError: There is no room for it; nothing is left behind.
    """
    span = Span(parts[0].span.generation, parts[0].span.after, parts[-1].span.upto)
    kept = [alive(part.numbers) for part in parts]
    places, texts = [], 0
    for one in kept:
        places.append(np.where(one, texts + np.cumsum(one) - 1, -1))
        texts += int(one.sum())
    keys = sum(_kept(part, one) for part, one in zip(parts, kept, strict=True))
    new = _New(folder, span, texts, keys, parts[0].sketches.shape[1])
    try:
        new.numbers[:] = np.concatenate([part.numbers[one] for part, one in zip(parts, kept, strict=True)])
        end = 0
        for part, one in zip(parts, kept, strict=True):
            begin, end = end, end + int(one.sum())
            new.sketches[begin:end] = part.sketches if one.all() else part.sketches[one]
        new.fill([(part.postings, one) for part, one in zip(parts, places, strict=True)])
        return new.finish()
    except BaseException:
        new.give_up()
        raise


def _kept(part: Segment, rows: NDArray[np.bool_]) -> int:
    """How many postings the rows have that are kept."""
    return part.keys if rows.all() else int(rows[part.postings[2]].sum())


def usable(folder: Path, generation: int, last: int) -> tuple[list[Segment], list[Path]]:
    """The segments that cover the texts from the first on without a gap, and the files that are not needed.

    Args:
        folder: Where they are.
        generation: The generation whose segments are wanted.
        last: The highest number in the database: a segment with higher numbers belongs to another history.
    """
    useless, found = [], []
    for path in _files(folder):
        span = Span.of(path.name)
        if span is None or span.generation != generation or span.upto > last:
            useless.append(path)
        else:
            found.append((span.after, -span.upto, path))
    chain: list[Segment] = []
    covered = 0
    for after, upto, path in sorted(found):
        segment = None
        if after == covered:
            with suppress(OSError, ValueError, KeyError):
                segment = Segment(path)
        if segment is None:
            useless.append(path)
            continue
        chain.append(segment)
        covered = -upto
    return chain, useless


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.iterdir() if path.name.endswith((".segment", ".segment.new")))
