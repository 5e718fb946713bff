"""What the name of a file says of it: its kind, and how it is compressed.

In: a name. Out: the name without suffixes, and what they mean. Opens no file.
"""

from __future__ import annotations

from posixpath import splitext

from dedup.files.unread import UNREAD

KINDS = {
    **dict.fromkeys((".parquet", ".pq"), "parquet"),
    **dict.fromkeys((".arrow", ".arrows", ".ipc", ".feather"), "arrow"),
    ".orc": "orc",
    **dict.fromkeys((".jsonl", ".jl", ".ndjson", ".jsonlines", ".json"), "json_lines"),
    ".csv": "csv",
    ".tsv": "tsv",
    **dict.fromkeys((".txt", ".text", ".md", ".markdown"), "document"),
    **dict.fromkeys((".html", ".htm", ".xhtml"), "page"),
    ".zip": "zip",
    ".tar": "tar",
    **dict.fromkeys((".warc", ".wet"), "warc"),
    ".wacz": "wacz",
    **dict.fromkeys((".rss", ".atom"), "feed"),
    ".epub": "epub",
}
XML, UNCLEAR = ".xml", "unclear"
"""A suffix that many kinds share, and the kind of a file whose name says nothing: the content must."""
CALLED = {
    "parquet": "Parquet",
    "arrow": "Arrow IPC",
    "orc": "ORC",
    "json_lines": "JSON",
    "json_values": "JSON",
    "csv": "CSV",
    "tsv": "TSV",
    "document": "text",
    "page": "HTML",
    "feed": "a feed",
    "epub": "EPUB",
    "wiki": "a MediaWiki dump",
    "zip": "a zip archive",
    "tar": "a tar archive",
    "warc": "WARC",
    "wacz": "WACZ",
    "delta": "a Delta table",
    "iceberg": "an Iceberg table",
    "lance": "a Lance table",
}
"""What people call the kinds that can be read."""
WHOLE = {"document", "page"}
"""Kinds of files that are one text."""
NAMED = {
    "jsonl": "json_lines",
    "json": "json_lines",
    "csv": "csv",
    "tsv": "tsv",
    "parquet": "parquet",
    "arrow": "arrow",
    "orc": "orc",
    "text": "document",
    "html": "page",
    "zip": "zip",
    "tar": "tar",
    "warc": "warc",
    "feed": "feed",
    "epub": "epub",
    "mediawiki": "wiki",
}
"""What a user may call a kind, of files whose names say nothing."""
ARCHIVES = {"zip", "tar"}
"""Kinds of files that hold others."""
SHORT = {".tgz": ".tar.gz", ".tbz2": ".tar.bz2", ".tbz": ".tar.bz2", ".txz": ".tar.xz", ".tzst": ".tar.zst"}
"""Suffixes that stand for two."""
CODECS = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz", ".zst": "zstd", ".lz4": "lz4"}
READABLE = f"{', '.join(KINDS)}, .xml of feeds and MediaWiki, each also with {', '.join(CODECS)} after it"
UNTOLD = "untold"
"""The codec of a file whose first bytes tell how it is compressed, if at all."""


def parts(name: str) -> tuple[str, str | None, str | None]:
    """What the suffixes of a name mean.

    Args:
        name: Of a file, with slashes where it is in folders.

    Returns:
        The name without them, a value of `KINDS` and one of `CODECS`. The kind is `UNCLEAR` where they say nothing, and
        None where they are those of `UNREAD`. A suffix that says nothing, such as ".1", stays.
    """
    name, codec = uncompressed(name)
    stem, suffix = splitext(name)
    suffix = suffix.lower()
    kind = KINDS.get(suffix, None if suffix in UNREAD and suffix != XML else UNCLEAR)
    return stem if kind != UNCLEAR or suffix == XML else name, kind, codec


def uncompressed(name: str) -> tuple[str, str | None]:
    """A name without the suffix of its compression, and the codec, a value of `CODECS`.

    Args:
        name: Of a file.
    """
    stem, suffix = splitext(name)
    if suffix.lower() in SHORT:
        stem, suffix = splitext(stem + SHORT[suffix.lower()])
    codec = CODECS.get(suffix.lower())
    if codec:
        return stem, codec
    return name, None


def is_for_jobs(name: str) -> bool:
    """Whether files and folders of this name are not looked at, unless they are named themselves.

    As Spark, Hive and Arrow do, that is so for names that begin with "." or "_", which are those of jobs and of tables;
    a folder ``_column=value`` holds rows.

    Args:
        name: Of a file or folder.
    """
    return name.startswith(".") or (name.startswith("_") and "=" not in name)


def is_xml(name: str) -> bool:
    """Whether a name says XML, of which the content tells the kind.

    Args:
        name: Of a file.
    """
    return splitext(uncompressed(name)[0])[1].lower() == XML
