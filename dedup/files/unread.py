"""Files that are passed over: which kinds they are, and what to do about each.

In: names of files that are not read. Out: sentences with their numbers, one a kind. Opens no file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from dedup.files.problems import counted

_NO_TEXT, _LEFT, _UNKNOWN = "without articles", "left by other programs", "of no known kind"
_XML = "neither a feed (RSS, Atom) nor a dump of MediaWiki: write the texts as JSON Lines"
_OFFICE = "convert to text, for example with soffice --convert-to txt:Text"
_SHEETS = "save the sheets as CSV"
_BOOKS = "convert to .epub, for example with ebook-convert of Calibre"
_PACKED = "unpack first"
_DATABASES = "export the table of articles as CSV or Parquet"
_OBJECTS = "load with the program that wrote it, and write a table of the columns id and text as Parquet"
_ROWS = "convert to Parquet or JSON Lines, for example with DuckDB or pandas"
_MAIL = "write the bodies as a file of text each, or as JSON Lines"

UNREAD = {
    ".pdf": "convert to text, for example with pdftotext",
    **dict.fromkeys((".doc", ".docx", ".odt", ".rtf", ".wps", ".pages", ".ppt", ".pptx", ".odp"), _OFFICE),
    **dict.fromkeys((".xls", ".xlsx", ".xlsb", ".ods"), _SHEETS),
    **dict.fromkeys((".mobi", ".azw", ".azw3", ".fb2", ".chm", ".djvu"), _BOOKS),
    **dict.fromkeys((".7z", ".rar", ".cab", ".iso", ".dmg"), _PACKED),
    **dict.fromkeys((".sqlite", ".sqlite3", ".db", ".db3", ".duckdb", ".mdb", ".accdb", ".sql", ".dump"), _DATABASES),
    **dict.fromkeys((".pickle", ".pkl", ".npy", ".npz", ".pt", ".safetensors", ".h5", ".hdf5", ".mat"), _OBJECTS),
    **dict.fromkeys((".avro", ".msgpack", ".bson", ".tfrecord", ".tfrecords", ".yaml", ".yml"), _ROWS),
    **dict.fromkeys((".eml", ".msg", ".mbox"), _MAIL),
    **dict.fromkeys((".mht", ".mhtml"), "save the pages as HTML"),
    ".xml": _XML,
    ".wat": "a WAT holds what is known of pages, and no texts: read the .warc or .wet files beside it",
    ".arc": "make a WARC of it, for example with warcio recompress",
    ".ipynb": "convert to Markdown, for example with jupyter nbconvert --to markdown",
    **dict.fromkeys(
        (
            *(
                ".png",
                ".jpg",
                ".jpeg",
                ".gif",
                ".webp",
                ".avif",
                ".heic",
                ".bmp",
                ".ico",
                ".svg",
                ".tif",
                ".tiff",
                ".psd",
            ),
            *(".mp3", ".m4a", ".wav", ".ogg", ".flac", ".mp4", ".m4v", ".mkv", ".mov", ".avi", ".webm", ".flv"),
            *(".css", ".js", ".mjs", ".map", ".wasm", ".woff", ".woff2", ".ttf", ".otf", ".eot", ".swf"),
            *(".exe", ".dll", ".so", ".pyc", ".jar", ".apk", ".class", ".o"),
        ),
        _NO_TEXT,
    ),
    **dict.fromkeys(
        (".bak", ".old", ".orig", ".tmp", ".temp", ".part", ".crdownload", ".swp", ".lock", ".crc", ".md5", ".sha256"),
        _LEFT,
    ),
}
"""Suffixes of files that are not read, and what to do or why."""

_TOGETHER = {
    _NO_TEXT: "",
    _LEFT: "",
    _UNKNOWN: "; where they hold articles, say in which format with --format",
}
"""What many suffixes share, and what to do."""
_SHOWN = 5  # suffixes that are named where many share a sentence


def passed_over(names: Iterable[str]) -> list[tuple[int, str]]:
    """What to tell of files that are not read.

    Args:
        names: Of the files.

    Returns:
        Numbers of files, each with a sentence for people.
    """
    found = Counter(map(suffix, names))
    said = []
    for end in sorted(end for end in found if UNREAD.get(end, _NO_TEXT) not in _TOGETHER):
        count = found[end]
        said.append(
            (count, f"{counted(count, 'file')} ending in {end} {'is' if count == 1 else 'are'} not read: {UNREAD[end]}")
        )
    for why, more in _TOGETHER.items():
        some = Counter({end: count for end, count in found.items() if UNREAD.get(end, _UNKNOWN) == why})
        if count := some.total():
            said.append((count, f"{counted(count, 'file')} {why} passed over: {_listed(some)}{more}"))
    return said


def advice(name: str) -> str:
    """Why a file that was named is not read, and what to do.

    Args:
        name: Of the file.
    """
    end = suffix(name)
    if end in UNREAD:
        return f"files ending in {end!r} are not read: {UNREAD[end]}"
    which = f"the suffix {end!r}" if end else "the name"
    return f"neither {which} nor the first bytes tell what the file holds; say it with --format"


def suffix(name: str) -> str:
    """The last suffix of a name, in small letters.

    Args:
        name: Of a file.
    """
    return Path(name).suffix.lower()


def _listed(found: Counter[str]) -> str:
    most = [f"{count:,} {end or 'without a suffix'}" for end, count in found.most_common(_SHOWN)]
    more = len(found) - len(most)
    return ", ".join(most) + (f" and {counted(more, 'kind')} more" if more else "")
