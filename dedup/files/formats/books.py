"""EPUB becomes articles: each document of the book in its order, which is a chapter as a rule.

In: the bytes of one file, decompressed. Out: entries of the columns id, text, title (of the book), chapter (the first
heading). Holds the file if it is compressed as a whole, and one chapter. A book as one article would be like no other
article, whatever was copied of it. Reads a zip and its XML with the standard library, the chapters with lxml (the extra
``html``). Does not decrypt.
"""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote
from xml.etree import ElementTree as ET

from dedup.errors import FileError
from dedup.files.bounds import LONGER
from dedup.files.encodings import declared, decoded, detected
from dedup.files.formats.entries import FormatRow
from dedup.files.formats.marked_text import lxml_for, parsed, text_of
from dedup.files.formats.zips import BROKEN, zip_of
from dedup.files.jobs import Job
from dedup.files.problems import counted, shown

_CONTAINER, _ENCRYPTION = "META-INF/container.xml", "META-INF/encryption.xml"
_BROKEN = (*BROKEN, ET.ParseError)
_REFUSED = "the EPUB cannot be read: {}; fetch the file again"


def book(job: Job, stream: io.BufferedReader) -> Iterator[FormatRow]:
    """The chapters of a book.

    Args:
        job: The file; chapters that cannot be read are noted in it.
        stream: Its bytes.

    Yields:
        Its articles.

    Raises:
        FileError: It is no EPUB.
        MissingExtraError: lxml is not installed.
    """
    lxml_for("Reading EPUB")
    with zip_of(stream, _REFUSED) as whole:
        try:
            contents = _contents(whole, job.options.longest_record)
        except _BROKEN as error:
            raise FileError(_REFUSED.format(error)) from error
        yield from _chapters(job, whole, contents)


class _Contents(NamedTuple):
    """What a book says of itself."""

    title: str | None
    chapters: list[str]
    """Names of its documents in the zip, in order, without those of contents."""
    encrypted: set[str]
    """Names of what cannot be read."""


def _contents(book: zipfile.ZipFile, most: int) -> _Contents:
    names = {node.get("full-path", "") for node in _nodes(_xml(book, _CONTAINER, most), "rootfile")}
    package = next(filter(None, names), "")
    tree = _xml(book, package, most)
    items = {node.get("id"): node for node in _nodes(tree, "item") if "nav" not in node.get("properties", "").split()}
    spine = [items[one] for node in _nodes(tree, "itemref") if (one := node.get("idref")) in items]
    folder = posixpath.dirname(package)
    chapters = [posixpath.normpath(posixpath.join(folder, unquote(node.get("href", "")))) for node in spine]
    title = next((node.text.strip() for node in _nodes(tree, "title") if node.text), None)
    locked = _nodes(_xml(book, _ENCRYPTION, most), "CipherReference") if _ENCRYPTION in book.namelist() else ()
    return _Contents(title, chapters, {unquote(node.get("URI", "")) for node in locked})


def _xml(book: zipfile.ZipFile, name: str, most: int) -> ET.Element:
    return ET.fromstring(_member(book, name, most))  # noqa: S314 - expat itself ends where entities grow without bound


def _nodes(tree: ET.Element, name: str) -> list[ET.Element]:
    return tree.findall(f".//{{*}}{name}")


def _member(book: zipfile.ZipFile, name: str, most: int) -> bytes:
    """The bytes of a member, if they are not too many: a zip may hold gigabytes in kilobytes."""
    with book.open(name) as member:
        raw = member.read(most + 1)
    if len(raw) > most:
        raise ValueError(f"{name!r} has more than {most:,} bytes; {LONGER}")
    return raw


def _chapters(job: Job, book: zipfile.ZipFile, contents: _Contents) -> Iterator[FormatRow]:
    silent = 0
    for row, name in enumerate(contents.chapters):
        if name in contents.encrypted:
            job.lose(row + 1, f"{shown(name)!r} is encrypted; a book with DRM cannot be read")
            continue
        try:
            chapter, text = _chapter(job, _member(book, name, job.options.longest_record))
        except _BROKEN as error:
            job.lose(row + 1, f"{shown(name)!r} cannot be read: {error}")
            continue
        if text:
            own = name if job.source.prefix else f"{job.source.id}:{name}"
            yield FormatRow(row, {"id": own, "text": text, "title": contents.title, "chapter": chapter})
        silent += not text
    if silent:
        job.pass_over(f"{counted(silent, 'document')} of the book without a text passed over", silent)


def _chapter(job: Job, raw: bytes) -> tuple[str | None, str]:
    """The first heading of a chapter, and its text."""
    content, undecodable = decoded(raw, declared(raw) or detected(raw) or "utf-8")
    job.count(undecodable)
    tree = parsed(content)
    if tree is None:
        return None, ""
    heading = next(tree.iter("h1", "h2", "h3"), None)
    return None if heading is None else " ".join(heading.text_content().split()) or None, text_of(tree)
