"""What the first bytes of a file say of it.

In: its first bytes, decompressed or not; some thousand are enough. Out: its kind and codec, as `kinds` has them, where
they are certain. Knows the magic bytes of binary formats, the roots of XML, pages, JSON and, where the names of the
columns are known, CSV. Plain text says nothing of itself and is never told.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from dedup.files.encodings import marked

HEAD = 1 << 16
"""Bytes that are looked at."""
_LONG = 1 << 12
_BLANKS = 64  # bytes before an element: a mark, blanks, line breaks

_MAGIC = (
    (b"PAR1", "parquet"),
    (b"ARROW1", "arrow"),
    (b"\xff\xff\xff\xff", "arrow"),  # a stream: a message whose length follows
    (b"FEA1", "arrow"),
    (b"ORC", "orc"),
    (b"WARC/", "warc"),
)
_CODECS = (
    (b"\x1f\x8b\x08", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x04\x22\x4d\x18", "lz4"),
)
_OTHERS = (
    (b"%PDF-", "a PDF; convert it to text, for example with pdftotext"),
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "an Office document; convert it to text, for example with soffice --convert-to txt",
    ),
    (b"SQLite format 3\0", "an SQLite database; export its table, for example with sqlite3 -csv -header"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"GIF8", "an image"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive; unpack it first"),
    (b"Rar!", "a RAR archive; unpack it first"),
)
_ZIP, _ZIP_HEAD = b"PK\x03\x04", 30
_FIRST = {magic[:1] for magic, _ in (*_MAGIC, *_CODECS, (_ZIP, ""))}
_FIRST_OF_OTHERS = {magic[:1] for magic, _ in _OTHERS}
_EPUB = b"mimetypeapplication/epub+zip"
_PROLOGUE = re.compile(r"(?:<\?.*?\?>|<!--.*?-->|<!doctype\b[^>\[]*(?:\[.*?\]\s*)?>|\s+)*", re.IGNORECASE | re.DOTALL)
_ROOT = re.compile(r"<(?:\w+:)?(\w+)")
_ROOTS = {"rss": "feed", "feed": "feed", "RDF": "feed", "mediawiki": "wiki"}
_HTML = re.compile(r"\s*(?:<\?xml.*?\?>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL)

_INSIDE = re.compile(r"[\s\[,]*\{")  # an array of objects, of arrays of them, or what is left of one
_IN_A_ROW = re.compile(rb"\}\s*,?\s*\{")
_SPREAD = re.compile(r"[{\[,:]\s*$")
_decode = json.JSONDecoder().raw_decode


class Content(NamedTuple):
    """What a file is: of a kind, or compressed."""

    kind: str | None = None
    codec: str | None = None


def by_magic(head: bytes) -> Content | None:
    """What a file is by its magic bytes, which are certain.

    Args:
        head: How it begins.

    Returns:
        None where it has none that is known.
    """
    if head[:1] not in _FIRST:
        return None
    for magic, codec in _CODECS:
        if head.startswith(magic):
            return Content(codec=codec)
    if head.startswith(_ZIP) and len(head) >= _ZIP_HEAD:
        return Content("epub" if head[30:58] == _EPUB else "zip")
    return next((Content(kind) for magic, kind in _MAGIC if head.startswith(magic)), None)


def unfit(head: bytes) -> str | None:
    """What a file is that cannot be read, and what to do.

    Args:
        head: How it begins.
    """
    if head[:1] not in _FIRST_OF_OTHERS:
        return None
    return next((what for magic, what in _OTHERS if head.startswith(magic)), None)


def marked_up(head: bytes) -> str | None:
    """The kind of a page or of XML, by its first element.

    Args:
        head: How it begins.

    Returns:
        None where it is neither, or XML of another kind.
    """
    if b"<" not in head[:_BLANKS]:
        return None
    start = _characters(head)
    if start[:1] != "<":
        return None
    if _HTML.match(start):
        return "page"
    prologue = _PROLOGUE.match(start)
    root = _ROOT.match(start, prologue.end() if prologue else 0)
    return _ROOTS.get(root[1]) if root else None


def json_kind(head: bytes) -> str:
    """Whether a file of JSON is an object a line, or anything else.

    Args:
        head: How it begins.
    """
    line = head.partition(b"\n")[0].rstrip()
    if line[:1] == b"{" and line[-1:] == b"}" and not _IN_A_ROW.search(line):
        return "json_lines"
    return "json_values" if _holds_values(_characters(head)) else "json_lines"


def tabular(head: bytes, text: str) -> str | None:
    """The kind of a file of rows that have a column of texts.

    Args:
        head: How it begins.
        text: The name of the column.

    Returns:
        None where the first row, or the line of column names, has no such column.
    """
    start = _characters(head)
    line, _, more = start.partition("\n")
    if start[:1] in ("{", "[") and _INSIDE.match(start):
        cut = len(head) >= _LONG and not more  # the rest of a long object may have the column
        return json_kind(head) if cut or json.dumps(text) in start or f'"{text}"' in start else None
    for delimiter, kind in (("\t", "tsv"), (",", "csv")):
        names = [name.strip().strip('"') for name in line.split(delimiter)]
        if len(names) > 1 and text in names:
            return kind
    return None


def _characters(head: bytes) -> str:
    return head.decode(marked(head) or "utf-8", "replace").lstrip("\ufeff \t\r\n")


def _holds_values(start: str) -> bool:
    if start[:1] == "[":
        return start[1:].strip()[:1] in ("", "]") or bool(_INSIDE.match(start, 1))
    if start[:1] != "{":
        return False
    line = start.partition("\n")[0]
    try:
        _, end = _decode(start)
    except (ValueError, RecursionError):
        return line != start and bool(_SPREAD.search(line))
    return end > len(line) or start[end : len(line)].lstrip()[:1] in ("{", ",")
