"""Web pages: files that are one article each, with much around it.

In: the bytes of one file, decompressed. Out: a table of one row, whose id is that of the file. A page is read by
trafilatura (the extra ``html``) in 5 to 50 milliseconds, without menus and readers' comments, with its tables. Holds
one file. `read_page` is for whoever holds a page without a file. Imports neither trafilatura nor lxml before there is
a page.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

from dedup.errors import FileError, MissingExtraError
from dedup.files.encodings import declared, decoded
from dedup.files.jobs import Job
from dedup.files.tables import Piece

_NOT_OF_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_CLOSED_AT_ONCE = re.compile(r"(<html\b[^>]*?)\s*/>", re.IGNORECASE)  # browsers read on, libxml2 does not

_NOTHING = "no article text found in the page"


def page(job: Job, stream: io.BufferedReader) -> Iterator[Piece]:
    """The article of a web page, without what is around it.

    Args:
        job: The file, whose undecodable bytes are counted.
        stream: Its bytes in any encoding; trafilatura guesses those that the page does not declare.

    Yields:
        Its article.

    Raises:
        FileError: The page has no article, or breaks the parser.
        MissingExtraError: trafilatura is not installed.
    """
    raw = stream.read()
    _library()
    encoding = declared(raw)
    if encoding is None:
        job.note(None, "the page is not UTF-8 and declares no known charset; its encoding was guessed", "warning")
    text, undecodable = read_page(raw)
    job.count(undecodable)
    yield [(job.source.id, text, *(None for _ in job.others))]


def read_page(raw: bytes, charset: str | None = None) -> tuple[str, int]:
    """The article of a page that is at hand.

    Args:
        raw: The page as a server sent it, decompressed.
        charset: What the server said of its encoding, such as ``"gb2312"``; a byte order mark and UTF-8 that fits
            count before it, what the page itself declares after it.

    Returns:
        The text without what is around it, and how many bytes could not be decoded.

    Raises:
        FileError: The page has no article, or breaks the parser.
        MissingExtraError: trafilatura is not installed.
    """
    trafilatura = _library()
    content, undecodable = _characters(raw, charset)
    tree = _tree(content)
    try:
        text = trafilatura.extract(tree, favor_recall=True, include_tables=True, include_comments=False)
    except Exception as error:  # whatever a page does to a parser costs only that page
        raise FileError(f"trafilatura could not read the page: {error!r}") from error
    if not any(map(str.isalnum, text or "")):
        raise FileError(_NOTHING)
    return text, undecodable


def _library() -> Any:
    try:
        import trafilatura  # noqa: PLC0415 - an extra
    except ImportError:
        raise MissingExtraError("trafilatura", "html", "Reading HTML") from None
    return trafilatura


def _characters(raw: bytes, charset: str | None) -> tuple[str, int]:
    """A page as its mark or charset says, else as guessed."""
    encoding = declared(raw, charset)
    if encoding:
        return decoded(raw, encoding)
    from trafilatura.utils import decode_file  # noqa: PLC0415 - an extra

    return decode_file(raw), 0


def _tree(content: str) -> Any:
    """A page as a tree, also where it has no head or is a part of one, which trafilatura refuses."""
    from lxml.etree import ParserError  # noqa: PLC0415 - an extra
    from lxml.html import HTMLParser, document_fromstring  # noqa: PLC0415 - an extra

    # bytes, for lxml refuses text that declares an encoding; without `huge_tree` it drops what is nested 256 deep
    parser = HTMLParser(encoding="utf-8", huge_tree=True, collect_ids=False, remove_comments=True, remove_pis=True)
    whole = _CLOSED_AT_ONCE.sub(r"\1>", _NOT_OF_XML.sub("", content), count=1)
    try:
        return document_fromstring(whole.encode("utf-8", "replace"), parser=parser)
    except ParserError:  # nothing but comments
        raise FileError(_NOTHING) from None
