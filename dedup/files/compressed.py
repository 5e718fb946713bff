"""The bytes of a file, decompressed as far as that goes.

In: a source. Out: its bytes as they lie on disk, to tell how far reading has come, and as a reader wants them. What is
cut short, damaged or followed by something else gives all that decodes, and a word about the rest. Holds a megabyte of
a stream, and the window of zstd, which is 2 GB at most. Judges a file by its first bytes: one that is not compressed,
or otherwise than its suffix says, is read as what it is.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import IO, Any, Literal, NamedTuple, TypeAlias

from dedup.errors import MissingExtraError
from dedup.files.chunks import Chunks
from dedup.files.kinds import UNTOLD
from dedup.files.problems import counted
from dedup.files.remote_bytes import RemoteBytes
from dedup.files.source import Source

Said: TypeAlias = Callable[[str, Literal["error", "warning"]], object]
"""Called with what is wrong with the bytes of a file: an error where some are lost, else a warning."""
JUMPING = {"parquet", "arrow", "orc", "epub", "zip", "wacz"}
"""Kinds that are not read from left to right."""
PIECE, CHUNK = 1 << 14, 1 << 18
"""Bytes that are decompressed at once, and bytes that they become at once."""
HEAD = 8
"""Bytes that tell what a file is."""
DEEP = 1 << 27
"""A window that zstd takes only if it is told to."""


@contextmanager
def opened(source: Source, said: Said = lambda *_: None) -> Iterator[tuple[IO[bytes], io.BufferedReader]]:
    """Open a file.

    Args:
        source: The file.
        said: Called with what is wrong with its compression, while it is read.

    Yields:
        Its bytes as they are, and decompressed; seekable where it is not compressed.
    """
    with (
        _raw(source) as raw,
        decompressed(raw, source.codec, source.size, said) as plain,
    ):
        yield raw, plain


def _raw(source: Source) -> Any:
    """The bytes of a file as they are, without a buffer."""
    if source.local is not None:
        return source.local.open("rb", buffering=0)
    return RemoteBytes(str(source.path), source.size, jumping=source.kind in JUMPING and source.codec is None)


def decompressed(raw: Any, codec: str | None, size: int, said: Said = lambda *_: None) -> io.BufferedReader:
    """Bytes as a stream, decompressed.

    Args:
        raw: A stream of bytes without a buffer.
        codec: A value of `kinds.CODECS`; None where they are not compressed.
        size: How many there are, about.
        said: Called with what is wrong with the compression.

    Raises:
        MissingExtraError: The library for this codec is not installed.
    """
    plain = io.BufferedReader(raw, max(PIECE, min(size, 1 << 20)))
    if codec is None:
        return plain
    head = plain.peek(HEAD)
    found = next((name for name, magic in _MAGIC.items() if head.startswith(magic)), None)
    if head and codec not in (found, UNTOLD):
        said(f"the file is {found or 'not compressed'}, not {codec} as its suffix says, and was read so", "warning")
    if found is None:
        return plain
    decoders, at = _Codec.of(found, head), 0
    if head.startswith(_DICTIONARY) and int.from_bytes(head[4:HEAD], "little") <= MOST_OF_A_DICTIONARY:
        decoders, at = _with_dictionary(decoders, plain)
    return io.BufferedReader(Chunks(_members(plain, decoders, said, at), plain), CHUNK)


_MAGIC: dict[str, bytes | tuple[bytes, ...]] = {
    "gzip": b"\x1f\x8b",
    "bzip2": b"BZh",
    "xz": b"\xfd7zXZ\0",
    "zstd": (b"\x28\xb5\x2f\xfd", *(bytes([0x50 + number]) + b"\x2a\x4d\x18" for number in range(16))),
    "lz4": b"\x04\x22\x4d\x18",
}
"""How a member of each codec begins; the second ones of zstd are to be skipped."""


MOST_OF_A_DICTIONARY = 1 << 26
"""Bytes of a dictionary, which is held; a longer one is none."""
_DICTIONARY = b"\x5d\x2a\x4d\x18"
"""How a frame of zstd begins that holds the dictionary of those after it, in the files of web archives."""


class _Codec(NamedTuple):
    """How the members of a file are decompressed."""

    magic: bytes | tuple[bytes, ...]
    decoder: Callable[[], Any]
    """Makes an object with the methods of `bz2.BZ2Decompressor`."""
    window: int = 0
    """Bytes before its place that a decoder holds, where they are many."""

    @classmethod
    def of(cls, name: str, head: bytes) -> _Codec:
        """That of a value of `kinds.CODECS`, for a file that begins so."""
        return cls(_MAGIC[name], _DECODERS[name](), _window(head) if name == "zstd" else 0)


def _gzip() -> Callable[[], Any]:
    from isal import igzip_lib  # noqa: PLC0415 - as the others: only where a file is so

    return lambda: igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)


def _bzip2() -> Callable[[], Any]:
    import bz2  # noqa: PLC0415

    return bz2.BZ2Decompressor


def _xz() -> Callable[[], Any]:
    import lzma  # noqa: PLC0415

    return lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=1 << 31)


def zstd_module() -> Any:
    """The standard library has it since Python 3.14."""
    if sys.version_info >= (3, 14):
        from compression import zstd  # noqa: PLC0415 - as the others
    else:
        from backports import zstd  # noqa: PLC0415
    return zstd


def _zstd() -> Callable[[], Any]:
    zstd = zstd_module()
    return lambda: zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: 31})


def _lz4() -> Callable[[], Any]:
    try:
        from lz4.frame import LZ4FrameDecompressor  # noqa: PLC0415
    except ImportError:
        raise MissingExtraError("lz4", "lz4", "Reading .lz4") from None
    return LZ4FrameDecompressor


_DECODERS: dict[str, Callable[[], Callable[[], Any]]] = {
    "gzip": _gzip,
    "bzip2": _bzip2,
    "xz": _xz,
    "zstd": _zstd,
    "lz4": _lz4,
}


def _window(head: bytes) -> int:
    """The window that the first frame of zstd asks for, by its header (RFC 8878, 3.1.1.1); 0 where that has none."""
    if len(head) < HEAD or head[:1] != b"\x28" or head[4] & 0x20:  # a single segment is its own window
        return 0
    exponent, mantissa = head[5] >> 3, head[5] & 7
    return (1 << (10 + exponent)) // 8 * (8 + mantissa)


class _Input:
    """Bytes to decompress, some of which may be put back."""

    def __init__(self, raw: io.BufferedReader, at: int = 0) -> None:
        self._raw, self._held = raw, b""
        self.at = self.before = at
        """Where it is, and was before the last bytes that were read."""

    def read(self) -> bytes:
        """Some bytes; none at the end."""
        data, self._held = self._held or self._raw.read1(PIECE), b""
        self.before, self.at = self.at, self.at + len(data)
        return data

    def put_back(self, data: bytes) -> None:
        self._held = data + self._held
        self.at -= len(data)

    def without_zeros(self) -> bytes:
        """What comes after zeros, with which tapes and some writers pad: some bytes, none at the end."""
        while data := self.read():
            if data := data.lstrip(b"\0"):
                break
        return data + self.read() if 0 < len(data) < HEAD else data

    def rest(self) -> int:
        """How many bytes are left."""
        return sum(map(len, iter(self.read, b"")))


def _with_dictionary(codec: _Codec, plain: io.BufferedReader) -> tuple[_Codec, int]:
    """A codec with the dictionary that the first frame holds, compressed or not, and the bytes of that frame.

    The frame is one that others skip, and may as well hold something else.
    https://iipc.github.io/warc-specifications/specifications/warc-zstd/
    """
    zstd = zstd_module()
    size = int.from_bytes(plain.read(HEAD)[4:], "little")
    frame = plain.read(size)
    try:
        held = frame
        if frame.startswith(_MAGIC["zstd"]):
            held = zstd.ZstdDecompressor().decompress(frame, MOST_OF_A_DICTIONARY)
        dictionary = zstd.ZstdDict(held)
    except (zstd.ZstdError, ValueError):
        return codec, HEAD + size
    long: dict[int, int] = {zstd.DecompressionParameter.window_log_max: 31}
    return codec._replace(decoder=lambda: zstd.ZstdDecompressor(dictionary, options=long)), HEAD + size


def _members(raw: io.BufferedReader, codec: _Codec, said: Said, at: int) -> Iterator[bytes]:
    """What all members of a file decompress to, from a place on."""
    given = _Input(raw, at)
    if codec.window > DEEP:
        window = f"{codec.window >> 20:,} MB"
        said(f"to decompress it takes {window} of memory; compress it without --long to need less", "warning")
    while data := given.without_zeros():
        if not data.startswith(codec.magic):
            more = counted(len(data) + given.rest(), "byte")
            said(f"behind the compressed data are {more} of something else, which were left out", "warning")
            return
        given.put_back(data)
        begin, kept, decoder = given.at, 0, codec.decoder()
        try:
            for chunk in _member(given, decoder):
                kept += len(chunk)
                yield chunk
        except Exception as error:  # noqa: BLE001 - each library has one of its own
            yield from _salvaged(raw, range(begin, given.before), kept, codec.decoder())
            said(f"the compressed data are damaged ({error}); fetch the file again", "error")
            return
        if not decoder.eof:
            said("the compressed data are cut short; fetch the file again", "error")
            return


def _member(given: _Input, decoder: Any) -> Iterator[bytes]:
    """One member, up to its end or that of the file."""
    while not decoder.eof and (data := given.read()):
        yield from _decoded(decoder, data)
    if decoder.eof:
        given.put_back(decoder.unused_data or b"")  # that of lz4 has None


def _decoded(decoder: Any, data: bytes) -> Iterator[bytes]:
    """What some bytes decompress to, a chunk at a time: it may be a thousand times as much."""
    yield decoder.decompress(data, CHUNK)
    while not (decoder.needs_input or decoder.eof):
        yield decoder.decompress(b"", CHUNK)


def _salvaged(raw: io.BufferedReader, sound: range, kept: int, decoder: Any) -> Iterator[bytes]:
    """What else a damaged member holds: a decoder that fails gives nothing of the bytes that it was given last.

    Another one is given the same, and those byte by byte.

    Args:
        raw: The file.
        sound: Where the member begins, and where the bytes do that were given last.
        kept: How many bytes were decompressed before.
        decoder: The other one.
    """
    if not raw.seekable():
        return
    raw.seek(sound.start)
    given = _Input(raw, sound.start)
    try:
        while data := given.read():
            pieces = [data] if given.at <= sound.stop else (bytes([byte]) for byte in data)
            for chunk in chain.from_iterable(_decoded(decoder, piece) for piece in pieces):
                again = min(kept, len(chunk))
                kept -= again
                yield chunk[again:]
    except Exception:  # noqa: BLE001 - the same as before
        return
