"""Web pages: files that are one article each, with much around it.

In: the bytes of one file, decompressed. Out: a table of one row, whose id is that of the file. A page is read by
trafilatura (the extra ``html``) in 5 to 50 milliseconds, without menus and readers' comments, with its tables. Holds
one file. Does not import trafilatura before there is a page.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

import pyarrow as pa

from dedup.errors import FileError, MissingExtraError
from dedup.files.encodings import declared, decoded
from dedup.files.jobs import Job
from dedup.files.tables import table


def page(job: Job, stream: io.BufferedReader) -> Iterator[pa.Table]:
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
    extract = _extractor()
    content = _content(job, stream.read())
    try:
        text = extract(content, favor_recall=True, include_tables=True, include_comments=False)
    except Exception as error:  # whatever a page does to a parser costs only that page
        raise FileError(f"trafilatura could not read the page: {error!r}") from error
    if not text:
        raise FileError("no article text found in the page")
    yield table([job.source.id], [text], {name: [None] for name in job.others})


def _extractor() -> Callable[..., str | None]:
    try:
        from trafilatura import extract  # noqa: PLC0415 - an extra
    except ImportError:
        raise MissingExtraError("trafilatura", "html", "Reading HTML") from None
    return extract


def _content(job: Job, raw: bytes) -> str | bytes:
    """A page as its mark or charset says; trafilatura ignores those and guesses, wrongly for short pages."""
    encoding = declared(raw)
    if encoding is None:
        job.note(None, "the page is not UTF-8 and declares no known charset; its encoding was guessed", "warning")
        return raw
    text, undecodable = decoded(raw, encoding)
    job.count(undecodable)
    return text
