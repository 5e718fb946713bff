"""Postings by key in immutable, memory-mapped files, to look up texts that share a key with another.

In: numbers, keys and sketches (the lowest bytes of the slots) of some texts. Out: a `Segment`: postings, a key and a
row each, in buckets, and a table of where these begin, so that a key costs two memory accesses. The number of its
bucket is the upper half of a key, or more, so only the lower half is stored. A segment takes 7 bytes a key and one a
slot for each text. Segments are merged into larger ones in two passes. Every block of 4,096 bytes has a checksum, which
is compared when the block is first used: opening reads the header, the checksums and the numbers, 0.5 % of the file. A
segment is a cache: if it is missing or damaged, it is built again from the database.

A segment named `s1-0-8192.segment` holds every text of generation 1 with a number above 0 and up to 8192. One that is
made of the same texts again, without those that were removed, is `s1-0-8192-1.segment`, for Windows replaces no file
that is mapped.
"""

from __future__ import annotations

import mmap
import re
import struct
import zlib
from collections.abc import Callable, Container, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.errors import warn
from dedup.system import discard, put, reserve, synced

VERSION = 3
HEADER_BYTES = 1 << kernels.BLOCK_BITS
"""A block, too: the first one, which has its own checksum."""
ALIGNED = 64
BUCKET = 8
"""Up to so many keys are in a bucket, in the mean: a cache line of their lower halves holds 32."""
LEAST_BITS = 16
"""Bits of a bucket's number, at least: all of a key that its lower half does not say."""
MOST = (1 << 32) - 1
"""Postings of a segment, at most."""
MOST_BITS = 32
_HEADER = struct.Struct("<QQ8q")
"""Its checksum, that of the checksums of blocks, the version, the span and the size."""
NAME = re.compile(r"s(\d+)-(\d+)-(\d+)(?:-(\d+))?\.segment")

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
        """The name of the first file of it."""
        return f"s{self.generation}-{self.after}-{self.upto}.segment"

    @classmethod
    def of(cls, name: str) -> Self | None:
        """The span in a file's name; None if it is not the name of a segment."""
        match = NAME.fullmatch(name)
        return cls(*map(int, match.groups()[:3])) if match else None


class Section(NamedTuple):
    """An array of a segment."""

    kind: Any
    shape: tuple[int, ...]
    at: int
    """Its first byte."""

    @property
    def bytes(self) -> int:
        """How many it has."""
        return int(np.prod(self.shape, dtype=object)) * int(np.dtype(self.kind).itemsize)


class Size(NamedTuple):
    """What follows how large a segment is and where everything is in it."""

    texts: int
    keys: int
    width: int
    """Of a sketch, bytes."""
    bits: int
    """Of a bucket's number."""

    @property
    def sections(self) -> dict[str, Section]:
        """Where everything is, and last of all the checksum of each block before it."""
        shapes: dict[str, tuple[Any, tuple[int, ...]]] = {
            "numbers": (np.int64, (self.texts,)),
            "sketches": (np.uint8, (self.texts, self.width)),
            "offsets": (np.uint32, ((1 << self.bits) + 1,)),
            "lows": (np.uint16, (self.keys,)),
            "rows": (np.uint32, (self.keys,)),
        }
        found, at = {}, HEADER_BYTES
        for name, (kind, shape) in shapes.items():
            found[name] = Section(kind, shape, at)
            at = _rounded(at + found[name].bytes, ALIGNED)
        at = _rounded(at, HEADER_BYTES)
        return found | {"sums": Section(np.uint64, (at // HEADER_BYTES,), at)}

    @property
    def sensible(self) -> bool:
        """Whether there can be such a segment."""
        sketch = self.width > 0 and self.width % kernels.BLOCK == 0
        return 0 <= self.texts <= MOST and 0 <= self.keys <= MOST and sketch and LEAST_BITS <= self.bits <= MOST_BITS


def _rounded(size: int, to: int) -> int:
    return -(-size // to) * to


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
        width: Bytes of a sketch; None is whatever it has.

    Raises:
        ValueError: It is damaged, cut short, or of another version.
        OSError: It cannot be read.
    """

    def __init__(self, path: Path, width: int | None = None) -> None:
        span = Span.of(path.name)
        if span is None:
            raise ValueError("its name is not that of a segment")
        self.path, self.span = path, span
        with path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        size, checksum = _opened(self._map, span)
        if width not in {None, size.width}:
            raise ValueError("its sketches have another width")
        self._sections = size.sections
        arrays = {name: _array(self._map, section) for name, section in self._sections.items()}
        if zlib.crc32(arrays["sums"]) != checksum:  # type: ignore[arg-type]
            raise ValueError("its checksums are damaged")
        self.numbers: NDArray[np.int64] = arrays["numbers"]
        self.sketches: NDArray[np.uint8] = arrays["sketches"]
        self.postings: Postings = arrays["offsets"], arrays["lows"], arrays["rows"]
        self.dead = np.zeros(0, np.bool_)
        self.broken = False
        """Whether a block was not as it was written when it was first used; whoever finds this sets it."""
        words, states = (
            _array(self._map, Section(np.uint64, (len(self._map) // 8,), 0)),
            np.zeros_like(arrays["sums"], np.uint8),
        )
        states[0] = 1
        self._blocks = words, arrays["sums"], states
        self._check_numbers()

    def _check_numbers(self) -> None:
        """Those of texts of its span, ascending: all of them are looked at whenever texts are dropped."""
        section, numbers = self._sections["numbers"], self.numbers
        if not kernels.sound(self._blocks, section.at, section.at + section.bytes):
            raise ValueError("its numbers are damaged")
        inside = not len(numbers) or self.span.after < numbers[0] <= numbers[-1] <= self.span.upto
        if not inside or (numbers[1:] <= numbers[:-1]).any():
            raise ValueError("its numbers are not those of its texts")
        offsets, lows, _ = self.postings
        if (offsets[0], offsets[-1]) != (0, len(lows)):
            raise ValueError("its buckets are not those of its postings")

    def __len__(self) -> int:
        """How many texts it holds."""
        return len(self.numbers)

    @property
    def table(self) -> tuple[NDArray[np.uint32], NDArray[np.uint16], NDArray[np.uint32], NDArray[np.bool_]]:
        """The table for `dedup.kernels.search_sorted`."""
        return *self.postings, self.dead

    @property
    def checks(self) -> tuple[Any, ...]:
        """What `dedup.kernels.search_sorted` needs to look at a block before it is used."""
        return self._blocks, *(self._sections[name].at for name in ("sketches", "offsets", "lows", "rows"))

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

    def damaged(self) -> list[str]:
        """The sections that are not as they were written, or of which no kernel can make use; reads all of them."""
        names = [
            name
            for name, section in self._sections.items()
            if name != "sums" and not kernels.sound(self._blocks, section.at, section.at + section.bytes)
        ]
        fit = names or kernels.fit(tuple(map(kernels.frozen, self.postings)), len(self.numbers))
        return names if fit else ["offsets", "rows"]


def _opened(view: mmap.mmap, span: Span) -> tuple[Size, int]:
    """What the header says of the size of a segment, if it can be, and the checksum of the checksums of its blocks."""
    if len(view) < HEADER_BYTES:
        raise ValueError("it is cut short")
    checksum, sums, version, *rest = _HEADER.unpack_from(view)
    size = Size(*rest[3:])
    if checksum != zlib.crc32(view[8:HEADER_BYTES]):
        raise ValueError("its header is damaged")
    if version != VERSION or tuple(rest[:3]) != span or not size.sensible:
        raise ValueError("it is of another version, or of other texts")
    last = size.sections["sums"]
    if len(view) != last.at + last.bytes:
        raise ValueError("it is cut short")
    return size, sums


def _array(view: mmap.mmap, section: Section) -> NDArray[Any]:
    count = int(np.prod(section.shape))
    return np.frombuffer(view, section.kind, count, section.at).reshape(section.shape)


class _New:
    """A segment that is being written, under a name that no process opens; whoever is done with it lets go of it."""

    def __init__(self, folder: Path, span: Span, texts: int, keys: int, width: int) -> None:
        self._path, self._span = _new_path(folder, span), span
        self.bits = max(LEAST_BITS, (keys // BUCKET).bit_length())
        self._size = Size(texts, keys, width, self.bits)
        sections = self._size.sections
        self._temporary = folder / f"{span.name}.new"
        try:
            with self._temporary.open("wb") as file:
                reserve(file, sections["sums"].at + sections["sums"].bytes)
        except OSError:
            self.give_up()
            raise
        with self._temporary.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0)
        for name, section in sections.items():
            setattr(self, name, _array(self._map, section))

    numbers: NDArray[np.int64]
    sketches: NDArray[np.uint8]
    offsets: NDArray[np.uint32]
    lows: NDArray[np.uint16]
    rows: NDArray[np.uint32]
    sums: NDArray[np.uint64]

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
        """Write the checksums and the header, and give the file its name."""
        words = np.frombuffer(self._map, np.uint64, len(self._map) // 8)
        kernels.sum_blocks(kernels.frozen(words), self.sums)
        header = bytearray(HEADER_BYTES)
        _HEADER.pack_into(header, 0, 0, zlib.crc32(self.sums), VERSION, *self._span, *self._size)  # type: ignore[arg-type]
        header[:8] = zlib.crc32(header[8:]).to_bytes(8, "little")
        self._map[:HEADER_BYTES] = bytes(header)
        del words
        self._let_go()
        synced(self._temporary)  # unlike the map's own flush, it lets other threads run
        put(self._temporary, self._path, lasting=False)
        return Segment(self._path)

    def give_up(self) -> None:
        """Delete what was written."""
        self._let_go()
        discard(self._temporary)

    def _let_go(self) -> None:
        """Map it no more: Windows gives no other name to a file that is mapped."""
        for name in ("_map", *self._size.sections):
            vars(self).pop(name, None)


def _again(path: Path) -> int:
    """How often a segment of the same texts was made before."""
    match = NAME.fullmatch(path.name)
    return int(match[4] or 0) if match else 0


def _new_path(folder: Path, span: Span) -> Path:
    """What no file of these texts is called, and none was that may still be in use."""
    made = [_again(path) for path in _files(folder) if Span.of(path.name) == span]
    return folder / (f"{span.name.removesuffix('.segment')}-{max(made) + 1}.segment" if made else span.name)


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


def usable(
    folder: Path, generation: int, last: int, width: int, *, without: Container[Path] = ()
) -> tuple[list[Segment], list[Path]]:
    """The segments that cover the texts from the first on without a gap, and the files that are not needed.

    Args:
        folder: Where they are.
        generation: The generation whose segments are wanted.
        last: The highest number in the database: a segment with higher numbers belongs to another history.
        width: Bytes of a sketch.
        without: Files that are known to be damaged.
    """
    useless, found = [], dict[Span, Path]()
    for path in sorted(_files(folder), key=_again):
        span = Span.of(path.name)
        if span is None or span.generation != generation or span.upto > last:
            useless.append(path)
        else:
            useless += [found[span]] if span in found else []
            found[span] = path
    chain: list[Segment] = []
    covered = 0
    for after, upto, path in sorted((span.after, -span.upto, path) for span, path in found.items()):
        segment = _taken_up(path, width) if after == covered and path not in without else None
        if segment is None:
            useless.append(path)
            continue
        chain.append(segment)
        covered = -upto
    return chain, useless


def _taken_up(path: Path, width: int) -> Segment | None:
    """A segment, unless it is damaged, which is told, or has just gone."""
    try:
        return Segment(path, width)
    except OSError:
        return None
    except ValueError as error:
        warn_of_damage(path, str(error))
        return None


def warn_of_damage(path: Path, why: str) -> None:
    """Say that a segment is made again."""
    warn(f"{str(path)!r} is damaged: {why}; it is made again from the database, and nothing is lost")


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.iterdir() if path.name.endswith((".segment", ".segment.new")))
