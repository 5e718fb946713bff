"""A record of a web archive becomes a page: what the archive and its server say of it, and its text.

In: a record. Out: a `Page`, or the kind of a record that is none; of a page, on demand, its text. `pages` takes the
article of HTML; a plain text stays as it is. A page takes 5 to 50 milliseconds, and what is said of it 0.02.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from dedup.errors import FileError
from dedup.files.encodings import check_legible, declared, decoded, detected
from dedup.files.formats.http_bodies import decoded_body
from dedup.files.formats.pages import page_language, read_page
from dedup.files.formats.warc_records import MOST, Fields, Record, head
from dedup.settings import LONGEST_TEXT

HTML = {"text/html", "application/xhtml+xml"}
"""What is read as a web page."""
PLAIN = {"text/plain", "text/markdown", "text/x-markdown"}
"""What is read as it stands."""
AROUND = {"warcinfo", "request", "metadata"}
"""Records that stand beside pages and are none."""
WGETS_OWN = "metadata://gnu.org/software/wget/"
"""How the addresses begin under which wget keeps its arguments and its log, as resources."""

_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w.:-]+)""", re.IGNORECASE)
_HEAD_ENDS = re.compile(rb"\r?\n\r?\n")
_IS_HTML = re.compile(rb"\s*(?:<!--.*?-->\s*)*<(?:!doctype html|html)\b", re.IGNORECASE | re.DOTALL)
_BEGINNING = 4096
_FOUND = 200


class Page(NamedTuple):
    """A page as it lies in an archive."""

    url: str | None
    date: str | None
    """When it was fetched, as the archive writes it, such as ``"2026-11-28T20:36:47Z"``."""
    status: str | None
    """Of the response; None where the record is none."""
    mime: str
    """One of `HTML` or `PLAIN`."""
    declared_language: str | None
    """What the server says, or else the page."""
    language: str | None
    """What the archive has found, such as ``"zho,eng"``."""
    charset: str | None
    """What the server says."""
    raw: bytes
    """The body with its codings."""
    codings: tuple[str, str]
    """The fields Transfer-Encoding and Content-Encoding."""
    cut: bool
    """The crawler kept only a part."""


def address(fields: Fields) -> str | None:
    """The address of a record, which wget wrote in brackets.

    Args:
        fields: The head of the record.
    """
    found = fields.get("warc-target-uri", "").strip()
    return (found[1:-1] if found.startswith("<") and found.endswith(">") else found) or None


def archived_page(record: Record) -> Page | str:
    """The page that a record is.

    Args:
        record: Any.

    Returns:
        The page; or of what kind a record is that is none, "" for those `AROUND` pages.

    Raises:
        FileError: The head of a response, or the body of a page that says no type, is damaged.
    """
    fields = record.fields
    kind = fields.get("warc-type", "").strip().lower()
    if kind in AROUND or (address(fields) or "").startswith(WGETS_OWN):
        return ""
    if kind not in ("response", "resource", "conversion"):
        return kind or "of no kind"
    if record.block is None:
        return f"longer than {MOST >> 20} MB"
    http, body, status = fields, record.block, None
    if kind == "response" and "application/http" in fields.get("content-type", "application/http").lower():
        http, status, body = _response(record.block)
        if status != _FOUND:
            return f"of status {status}" if status else "of no status"
    return _page(fields, http, body, status)


def page_text(page: Page, codec: str | None = None, most: int = LONGEST_TEXT) -> tuple[str, int, bool]:
    """The text of a page.

    Args:
        page: The page.
        codec: What a user says of the encoding of all pages; it counts for what the server says. A crawl has pages of
            many sites, so one that is UTF-8 stays so.
        most: Bytes that its body may have.

    Returns:
        The text, how many bytes could not be decoded, and whether the encoding was guessed.

    Raises:
        FileError: The page has no article, its body is damaged, or it is in no known encoding.
        InputError: Much of it cannot be decoded.
        MissingExtraError: It is HTML, and trafilatura is not installed.
    """
    body = decoded_body(page.raw, *page.codings, most, cut=page.cut)
    said = declared(body, codec or page.charset)
    if page.mime in HTML:
        return *read_page(body, codec=said), said is None
    encoding = said or detected(body)
    if encoding is None:
        raise FileError("the text is in no known encoding, and none is declared")
    text, undecodable = decoded(body, encoding)
    check_legible(undecodable, len(body), encoding)
    return text, undecodable, said is None


def archived_language(page: Page) -> str | None:
    """The language that a server declares of a page, or else the page itself.

    Args:
        page: The page.
    """
    if page.declared_language or page.mime in PLAIN:
        return page.declared_language
    return page_language(decoded_body(page.raw, *page.codings, cut=page.cut))


def _response(block: bytes) -> tuple[Fields, int | None, bytes]:
    """The head of a response, its status, and its body."""
    end = _HEAD_ENDS.search(block)
    try:
        http, status = head(block[: end.end()] if end else block)
    except OSError as error:
        raise FileError(f"the head of the response cannot be read: {error}") from error
    return http, status, block[end.end() :] if end else b""


def _page(fields: Fields, http: Fields, body: bytes, status: int | None) -> Page | str:
    said = http.get("content-type", "")
    codings = http.get("transfer-encoding", ""), http.get("content-encoding", "")
    cut = "warc-truncated" in fields
    mime = fields.get("warc-identified-payload-type", said).partition(";")[0].strip().lower()
    if not mime and _IS_HTML.match(decoded_body(body, *codings, cut=cut)[:_BEGINNING]):
        mime = "text/html"
    if mime not in HTML | PLAIN:
        return mime or "of no type"
    charset = _CHARSET.search(said)
    return Page(
        address(fields),
        fields.get("warc-date"),
        str(status) if status else None,
        mime,
        http.get("content-language"),
        fields.get("warc-identified-content-language"),
        charset[1] if charset else None,
        body,
        codings,
        cut,
    )
