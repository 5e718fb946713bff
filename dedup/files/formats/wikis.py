"""A dump of MediaWiki becomes articles: each page of the main namespace, as it reads.

In: the bytes of one file, decompressed. Out: entries of the columns id (the title, which a wiki has once), text, title,
url, date (of the revision). Of several revisions the last one counts. Redirects and pages of other namespaces are
passed over and counted. The text is what a reader sees, without templates, tables, notes, files and categories, through
mwparserfromhell (the extra ``wiki``), which takes a second for one to five million characters, by the markup in them.
Holds one page. Templates are not filled in: what only they say is gone.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

from dedup.errors import MissingExtraError
from dedup.files.bounds import LONGER
from dedup.files.formats.entries import FormatRow
from dedup.files.jobs import Job
from dedup.files.problems import counted

_MAIN = "0"
_NOT_SHOWN = {"6", "14"}
"""Numbers of the namespaces of files and categories."""
_ENGLISH = {"file", "image", "category"}
"""What these are called in every wiki."""
_WITHOUT = {"ref", "references", "table", "gallery", "math", "chem", "score", "timeline", "templatestyles", "imagemap"}
_VARIANT = re.compile(r"-\{(?:\s*([A-Z]+)\s*\|)?([^{}]*)\}-")  # of Chinese: -{zh-hans:计算机; zh-hant:電腦}-
_CODE = re.compile(r"^\s*[a-z]+(?:-[a-z]+)*\s*:")


def wiki(job: Job, stream: io.BufferedReader) -> Iterator[FormatRow]:
    """The articles of a dump.

    Args:
        job: The file; what is passed over is noted in it.
        stream: Its bytes.

    Yields:
        Its articles.

    Raises:
        MissingExtraError: mwparserfromhell is not installed.
        ValueError: The XML is broken or cut short; the pages before are kept.
    """
    dump = _Dump(job, _parser())
    try:
        yield from dump.entries(stream)
    except ET.ParseError as error:
        raise ValueError(f"the XML ends or breaks here: {error}") from error
    finally:
        for count, what in ((dump.redirects, "redirect"), (dump.others, "page")):
            if count:
                where = "" if what == "redirect" else " outside of the main namespace"
                job.pass_over(f"{counted(count, what)}{where} passed over", count)


def _parser() -> Callable[[str], Any]:
    try:
        from mwparserfromhell import parse  # noqa: PLC0415 - an extra
    except ImportError:
        raise MissingExtraError("mwparserfromhell", "wiki", "Reading MediaWiki") from None
    return parse


class _Dump:
    """A dump while it is read."""

    def __init__(self, job: Job, parse: Callable[[str], Any]) -> None:
        self._job, self._parse, self._base, self._unseen = job, parse, "", set(_ENGLISH)
        self.redirects = self.others = 0
        self._kinds: dict[str, Callable[[Any], str]] = {
            "Text": lambda node: str(node.value),
            "HTMLEntity": lambda node: str(node.normalize()),
            "Wikilink": self._of_link,
            "ExternalLink": self._of_title,
            "Heading": self._of_title,
            "Tag": self._of_tag,
        }

    def entries(self, stream: io.BufferedReader) -> Iterator[FormatRow]:
        """Its articles; a page is forgotten once it has been read, and a revision once the next one has."""
        row, above = 0, list[ET.Element]()
        given: Any = _Bounded(stream, self._job.options.longest_record)
        events = ET.iterparse(given, ("start", "end"))  # noqa: S314 - expat ends where entities grow without bound
        for event, node in events:
            if event == "start":
                above.append(node)
                continue
            above.pop()
            name = _name(node)
            if name == "siteinfo":
                self._about(node)
            elif name == "revision":
                _forget_earlier(above[-1], node)
            elif name == "page":
                entry = self._entry(node, row)
                if entry:
                    yield entry
                row += 1
            if above and _name(above[-1]) == "mediawiki":
                above[-1].clear()
                given.forget()
            elif name == "revision":
                given.forget()

    def _about(self, node: ET.Element) -> None:
        """What a wiki calls the pages that are not shown, and where it is."""
        self._base = _said(node, "base").rpartition("/")[0]
        self._unseen |= {
            (one.text or "").lower()
            for one in node.findall(".//{*}namespace")
            if one.get("key") in _NOT_SHOWN and one.text
        }

    def _entry(self, page: ET.Element, row: int) -> FormatRow | None:
        title, latest = _said(page, "title"), page.find("{*}revision")
        redirects, elsewhere = page.find("{*}redirect") is not None, _said(page, "ns") not in ("", _MAIN)
        self.others += elsewhere
        self.redirects += redirects and not elsewhere
        if redirects or elsewhere:
            return None
        try:
            text = None if latest is None else self._read(_said(latest, "text"))
        except Exception as error:  # noqa: BLE001 - whatever a page does to a parser costs only that page
            self._job.lose(row + 1, f"the wikitext of {title!r} cannot be read: {error!r}")
            return None
        date = None if latest is None else _said(latest, "timestamp")
        url = f"{self._base}/{quote(title.replace(' ', '_'))}" if self._base else None
        values = {"text": text, "title": title, "url": url, "date": date}
        return FormatRow(row, {"id": title or None, **values})

    def _read(self, text: str) -> str:
        """Wikitext as a reader sees it."""
        whole = self._shown(self._parse(_VARIANT.sub(_variant, text)))
        return "\n".join(filter(None, (" ".join(line.split()) for line in whole.split("\n"))))

    def _shown(self, code: Any) -> str:
        return "".join(self._of_node(node) for node in code.nodes)

    def _of_node(self, node: Any) -> str:
        """What is shown of a part of wikitext; nothing of templates, comments and the like."""
        show = self._kinds.get(type(node).__name__)
        return show(node) if show else ""

    def _of_link(self, node: Any) -> str:
        space = str(node.title).strip().partition(":")[0].lower()
        return "" if space in self._unseen else self._shown(node.title if node.text is None else node.text)

    def _of_title(self, node: Any) -> str:
        return "" if node.title is None else self._shown(node.title)

    def _of_tag(self, node: Any) -> str:
        name = str(node.tag).strip().lower()
        if name == "br":
            return "\n"
        return "" if name in _WITHOUT or node.contents is None else self._shown(node.contents)


class _Bounded:
    """A stream of which no page, or revision of one, is longer than a limit: each is held until it ends.

    Args:
        stream: The dump.
        most: Bytes of a page, about.
    """

    def __init__(self, stream: io.BufferedReader, most: int) -> None:
        self._stream, self._most, self._held = stream, most, 0

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._held += len(data)
        if self._held > self._most:
            raise ValueError(f"a page has more than {self._most:,} bytes; {LONGER}")
        return data

    def forget(self) -> None:
        self._held = 0


def _name(node: ET.Element) -> str:
    return node.tag.rpartition("}")[2]


def _said(node: ET.Element, name: str) -> str:
    return (node.findtext(f"{{*}}{name}") or "").strip()


def _forget_earlier(page: ET.Element, latest: ET.Element) -> None:
    for node in page.findall("{*}revision"):
        if node is latest:  # those after it may be there, too: the parser is ahead
            return
        page.remove(node)


def _variant(found: re.Match[str]) -> str:
    """Of words in several variants of Chinese the first; nothing of rules for the whole page."""
    flag, body = found.groups()
    if flag in ("H", "T", "D", "-"):
        return ""
    return _CODE.sub("", body.partition(";")[0]).strip()
