"""What a server sent becomes what it stands for: the body of a response without its codings.

In: the body as it lies in a web archive, and the codings that its head names. Out: its bytes. A crawler may have
decoded a body and kept its head, and a head may be wrong: a body that is plain text is taken as it stands. FastWARC
(the extra ``warc``) decodes br and zstd, the standard library the rest. Costs one pass a coding. A body that is damaged
is an error of that body alone; none becomes more than it may.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from dedup.errors import FileError
from dedup.files.bounds import TOO_LONG
from dedup.files.formats.warc_records import MOST

_PIECE = 1 << 16
_TOO_LONG = f"its body has more than {{:,}} bytes, {TOO_LONG}"
_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\n]*)?\r?\n")
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1f]")


def decoded_body(raw: bytes, transfer: str, content: str, most: int = MOST, *, cut: bool = False) -> bytes:
    """A body without its codings.

    Args:
        raw: As it lies in the archive.
        transfer: The field Transfer-Encoding of its head, or "".
        content: The field Content-Encoding, or "": names of codings in the order in which they were put on.
        most: How many bytes it may have.
        cut: The crawler says that it kept only a part: what decodes is taken.

    Raises:
        FileError: The body is damaged, of a coding that is not known, or too long when it is decoded.
    """
    if len(raw) > most:
        raise FileError(_TOO_LONG.format(most))
    for coding in reversed([*_names(content), *_names(transfer)]):
        raw = _taken_off(raw, coding, most, cut=cut)
    return raw


def _names(field: str) -> list[str]:
    return [name for one in field.split(",") if (name := one.strip().lower()) not in ("", "identity", "none", "binary")]


def _taken_off(raw: bytes, coding: str, most: int, *, cut: bool) -> bytes:
    """Bytes without a coding, or as they stand if they are plain text."""
    found, why = _decoded(raw, coding, most)
    if len(found) > most:
        raise FileError(_TOO_LONG.format(most))
    if len(found) >= bool(raw) and (not why or cut):
        return found
    if _is_plain(raw):
        return raw
    raise FileError(why or f"its body is damaged ({coding}: nothing is in it)")


def _decoded(raw: bytes, coding: str, most: int) -> tuple[bytes, str]:
    """What decodes, as far as that is not too much, and why no more does."""
    pieces, size, why = [], 0, ""
    try:
        for piece in _DECODERS[coding](raw):
            pieces.append(piece)
            size += len(piece)
            if size > most:
                break
    except KeyError:
        why = f"its Content-Encoding {coding!r} is not known"
    except (OSError, ValueError, zlib.error) as error:
        why = f"its body is damaged ({coding}: {error})"
    return b"".join(pieces), why


def _is_plain(raw: bytes) -> bool:
    """Whether bytes are text: what is compressed has control characters, or is no UTF-8, from its first bytes on."""
    head = raw[:512]
    if _CONTROLS.search(head):
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start >= len(head) - 3 or head.lstrip().startswith(b"<")
    return True


def _chunked(raw: bytes) -> Iterator[bytes]:
    """RFC 9112, 7.1; FastWARC refuses a size with an extension behind it."""
    at = 0
    while size := _SIZE.match(raw, at):
        begin, at = size.end(), size.end() + int(size[1], 16)
        if at == begin:
            return
        yield raw[begin:at]
        while raw[at : at + 1] in (b"\r", b"\n"):
            at += 1
    raise ValueError("it breaks off" if at >= len(raw) else f"no size of a chunk at byte {at:,}")


def _inflated(wbits: int) -> Callable[[bytes], Iterator[bytes]]:
    def pieces(raw: bytes) -> Iterator[bytes]:
        while raw:
            decoder = zlib.decompressobj(wbits)
            while raw and not decoder.eof:
                yield decoder.decompress(raw, _PIECE)
                raw = decoder.unconsumed_tail
            yield decoder.flush()
            if not decoder.eof:
                raise ValueError("it breaks off")
            raw = decoder.unused_data if decoder.unused_data.startswith(b"\x1f\x8b") else b""

    return pieces


def _deflated(raw: bytes) -> Iterator[bytes]:
    """With the head of zlib, as RFC 9110 has it, or without, as many servers send it."""
    has_head = len(raw) > 1 and raw[0] & 15 == 8 and int.from_bytes(raw[:2], "big") % 31 == 0  # noqa: PLR2004 - RFC 1950
    return _inflated(zlib.MAX_WBITS if has_head else -zlib.MAX_WBITS)(raw)


def _of_fastwarc(name: str) -> Callable[[bytes], Iterator[bytes]]:
    def pieces(raw: bytes) -> Iterator[bytes]:
        from fastwarc import stream_io  # noqa: PLC0415 - an extra

        reader: Any = getattr(stream_io, name)(io.BytesIO(raw))
        return iter(lambda: reader.read(_PIECE), b"")

    return pieces


_GZIP = _inflated(zlib.MAX_WBITS | 16)
_DECODERS: dict[str, Callable[[bytes], Iterator[bytes]]] = {
    "chunked": _chunked,
    **dict.fromkeys(("gzip", "x-gzip"), _GZIP),
    "deflate": _deflated,
    "br": _of_fastwarc("BrotliReader"),
    "zstd": _of_fastwarc("ZstdReader"),
}
