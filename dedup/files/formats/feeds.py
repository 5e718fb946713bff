"""RSS and Atom become articles: each item is one.

In: the bytes of one file, decompressed. Out: entries of the columns id, text, title, url, date. The text is the whole
content where a feed has it, else the description. Reads 8 MB a second with lxml (the extra ``html``), which goes on
where XML is broken; feedparser takes five times as long. Most is for the HTML of the items. Holds one file. Follows no
links.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from html.entities import html5
from typing import Any

from dedup.errors import FileError
from dedup.files.bounds import LONGER, held
from dedup.files.encodings import declared, decoded, detected
from dedup.files.formats.entries import FormatRow
from dedup.files.formats.marked_text import lxml_for, plain
from dedup.files.jobs import Job

_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_AND = re.compile(r"&(#?\w+;)?")
_OF_XML = {"amp;", "lt;", "gt;", "quot;", "apos;"}
_NOT_OF_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_TEXTS = ("encoded", "content", "description", "summary")
_IDS = ("guid", "id")
_DATES = ("pubDate", "published", "updated", "date")


def feed(job: Job, stream: io.BufferedReader) -> Iterator[FormatRow]:
    """The items of a feed.

    Args:
        job: The file, whose undecodable bytes are counted.
        stream: Its bytes in the encoding that it declares.

    Yields:
        Its articles. An item without a text has null.

    Raises:
        FileError: It is no feed, or too long.
        MissingExtraError: lxml is not installed.
    """
    lxml = lxml_for("Reading feeds")
    raw = held(stream, job.options.longest_record, f"which as a tree take many times as much; {LONGER}")
    text, undecodable = _characters(raw)
    job.count(undecodable)
    whole = _AND.sub(_character, _NOT_OF_XML.sub("", _DECLARATION.sub("", text)))
    # Entities stay as they are: a feed may define them so that they fill the memory.
    parser = lxml.etree.XMLParser(recover=True, resolve_entities=False, no_network=True, encoding="utf-8")
    root = lxml.etree.fromstring(whole.encode("utf-8", "replace") or b"<nothing/>", parser)
    if root is None or _name(root) not in ("rss", "feed", "RDF"):
        raise FileError("the file is neither RSS nor Atom")
    for error in parser.error_log.filter_from_errors():
        job.note(error.line, f"the XML is broken: {error.message}; items may lack parts", "warning")
        break
    items = (node for node in root.iter("{*}item", "{*}entry"))
    for row, item in enumerate(items):
        yield FormatRow(row, _values(item))


def _characters(raw: bytes) -> tuple[str, int]:
    """As its mark or declaration says, else UTF-8."""
    return decoded(raw, declared(raw) or detected(raw) or "utf-8")


def _character(found: re.Match[str]) -> str:
    """What HTML calls so: feeds use its names, which XML does not know, and a bare "&"."""
    name = found[1]
    return "&amp;" if name is None else found[0] if name in _OF_XML else html5.get(name, found[0])


def _name(node: Any) -> str:
    """Without its namespace; none of comments."""
    return node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""


def _values(item: Any) -> dict[str, str | None]:
    parts: dict[str, Any] = {}
    for node in item:
        if _name(node) != "content" or "url" not in node.attrib:  # that is a picture, by Media RSS
            parts.setdefault(_name(node), node)
    url = _link(item)
    title = parts.get("title")
    return {
        "id": _first(parts, _IDS) or url,
        "text": next((text for name in _TEXTS if name in parts and (text := _text(parts[name]))), None),
        "title": None if title is None else _text(title),
        "url": url,
        "date": _first(parts, _DATES),
    }


def _first(parts: dict[str, Any], names: tuple[str, ...]) -> str | None:
    found = ("".join(parts[name].itertext()).strip() for name in names if name in parts)
    return next(filter(None, found), None)


def _text(node: Any) -> str | None:
    """What a part says, of which HTML is escaped, in CDATA, or as elements."""
    if len(node):
        lxml = lxml_for("Reading feeds")
        return plain(lxml.etree.tostring(node, encoding="unicode", with_tail=False)) or None
    return plain(node.text or "") or None


def _link(item: Any) -> str | None:
    """The page of an item: of Atom the alternate link, of RSS the text of it."""
    for node in item.iterchildren("{*}link"):
        if node.get("rel", "alternate") == "alternate" and (found := (node.get("href") or node.text or "").strip()):
            return found
    return None
