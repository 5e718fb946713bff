"""What the name of a file says of it: its kind, and how it is compressed.

In: a name. Out: the name without suffixes, and what they mean. Opens no file.
"""

from __future__ import annotations

from posixpath import splitext

KINDS = {
    **dict.fromkeys((".parquet", ".pq"), "parquet"),
    **dict.fromkeys((".jsonl", ".ndjson", ".json"), "json_lines"),
    ".csv": "csv",
    ".tsv": "tsv",
    **dict.fromkeys((".txt", ".text", ".md", ".markdown"), "document"),
    **dict.fromkeys((".html", ".htm", ".xhtml"), "page"),
    ".zip": "zip",
    ".tar": "tar",
    **dict.fromkeys((".warc", ".wet"), "warc"),
    ".wacz": "wacz",
}
UNREAD = {".wat": "wat", ".arc": "arc"}
"""Suffixes of files that are taken only to be refused, with what to read instead."""
WHOLE = {"document", "page"}
"""Kinds of files that are one text."""
NAMED = {
    "jsonl": "json_lines",
    "csv": "csv",
    "tsv": "tsv",
    "parquet": "parquet",
    "text": "document",
    "html": "page",
    "zip": "zip",
    "tar": "tar",
    "warc": "warc",
}
"""What a user may call a kind, of files whose names say nothing."""
ARCHIVES = {"zip", "tar"}
"""Kinds of files that hold others."""
SHORT = {".tgz": ".tar.gz", ".tbz2": ".tar.bz2", ".tbz": ".tar.bz2", ".txz": ".tar.xz", ".tzst": ".tar.zst"}
"""Suffixes that stand for two."""
CODECS = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz", ".zst": "zstd", ".lz4": "lz4"}
READABLE = f"{', '.join(KINDS)}, each also with {', '.join(CODECS)} after it"
UNTOLD = "untold"
"""The codec of a file whose first bytes tell how it is compressed, if at all."""


def parts(name: str) -> tuple[str, str | None, str | None]:
    """What the suffixes of a name mean.

    Args:
        name: Of a file, with slashes where it is in folders.

    Returns:
        The name without them, a value of `KINDS` or `UNREAD` and one of `CODECS`; None where they say nothing.
    """
    stem, suffix = splitext(name)
    if suffix.lower() in SHORT:
        stem, suffix = splitext(stem + SHORT[suffix.lower()])
    codec = CODECS.get(suffix.lower())
    if codec:
        stem, suffix = splitext(stem)
    return stem, (KINDS | UNREAD).get(suffix.lower()), codec


def is_for_jobs(name: str) -> bool:
    """Whether files and folders of this name are not looked at, unless they are named themselves.

    As Spark, Hive and Arrow do, that is so for names that begin with "." or "_", which are those of jobs and of tables;
    a folder ``_column=value`` holds rows.

    Args:
        name: Of a file or folder.
    """
    return name.startswith(".") or (name.startswith("_") and "=" not in name)
