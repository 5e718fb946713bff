"""Web pages: files that are one article each, with much around it.

In: the bytes of one file, decompressed. Out: a table of one row, whose id is that of the file. What of a page is its
article trafilatura says (the extra ``html``), in 5 to 50 milliseconds: without menus and readers' comments, with its
tables. Holds one file. `read_page` is for whoever holds a page without a file. Imports neither trafilatura nor lxml
before there is a page.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

from dedup.errors import DedupError, FileError, MissingExtraError
from dedup.files.bounds import TOO_LONG, held
from dedup.files.encodings import check_legible, declared, decoded, detected
from dedup.files.formats.page_data import told
from dedup.files.formats.page_trees import parsed, shown, sole_article, whole
from dedup.files.jobs import Job
from dedup.files.tables import Piece

_SHORT = 250
"""Letters up to which trafilatura gives up to look for the article."""
_BEGINNING = 4 * _SHORT
_SHARE = 4
"""The article that a page marks as such has more than one in so many of these letters."""
_LITTLE = 40
"""Letters of an article that may be no more than the headline of one."""
_MUCH = 3
"""A page shows so many times as many letters as such a headline has."""
_NOTICE = 60
"""Letters of a page that may be a notice."""
_LONG_NOTICE = 150
_WAITING = re.compile(
    "loading|please wait|just a moment|加载中|正在加载|載入中|正在載入|加載中|请稍[候后等]|請稍[候後等]|読み込み中"
    "|ロード中|お待ち|로딩|불러오는|기다려|جار. التحميل|جاري التحميل|الانتظار|загрузка|подождите|chargement|cargando"
    "|wird geladen|carregando|caricamento|đang tải|กำลังโหลด",
    re.IGNORECASE,
)
_NEEDS_SCRIPT = re.compile("javascript|脚本|腳本|スクリプト|자바스크립트|سكريبت", re.IGNORECASE)
_LANGUAGE = re.compile(rb"<html\b[^>]*?\slang\s*=\s*[\"']?([A-Za-z][\w-]*)", re.IGNORECASE)


def page(job: Job, stream: io.BufferedReader) -> Iterator[Piece]:
    """The article of a web page, without what is around it.

    Args:
        job: The file, whose undecodable bytes are counted.
        stream: Its bytes in any encoding.

    Yields:
        Its article.

    Raises:
        FileError: The page has no article, is in no known encoding, or breaks the parser.
        InputError: Much of it cannot be decoded.
        MissingExtraError: trafilatura is not installed.
    """
    _library()
    raw = held(stream, job.options.longest_text, TOO_LONG)
    text, undecodable = read_page(raw, codec=job.codec(raw, declared(raw)))
    job.count(undecodable)
    yield [(job.source.id, text, *(None for _ in job.others))]


def read_page(raw: bytes, charset: str | None = None, *, codec: str | None = None) -> tuple[str, int]:
    """The article of a page that is at hand.

    Args:
        raw: The page as a server sent it, decompressed.
        charset: What the server said of its encoding, such as ``"gb2312"``; a byte order mark and UTF-8 that fits
            count before it, what the page itself declares after it, and what it looks like last.
        codec: What it is decoded with, whatever is said.

    Returns:
        The text without what is around it, and how many bytes could not be decoded.

    Raises:
        FileError: The page has no article, is in no known encoding, or breaks the parser.
        InputError: Much of it cannot be decoded.
        MissingExtraError: trafilatura is not installed.
    """
    _library()
    encoding = codec or declared(raw, charset) or detected(raw)
    if encoding is None:
        raise FileError("the page is in no known encoding, and declares none")
    content, undecodable = decoded(raw, encoding)
    check_legible(undecodable, len(raw), encoding)
    try:
        return _article(content), undecodable
    except DedupError:
        raise
    except ImportError as error:
        raise MissingExtraError(str(error.name), "html", "Reading HTML") from error
    except Exception as error:  # whatever a page does to a parser costs only that page
        raise FileError(f"trafilatura could not read the page: {error!r}") from error


def page_language(raw: bytes) -> str | None:
    """The language that a page declares.

    Args:
        raw: The page, in an encoding that has ASCII.

    Returns:
        What its element html says, such as ``"zh-Hant"``; None where that is not in the first 4,096 bytes.
    """
    found = _LANGUAGE.search(raw[:4096])
    return found[1].decode("ascii", "ignore") if found else None


def _library() -> Any:
    try:
        import trafilatura  # noqa: PLC0415 - an extra
    except ImportError:
        raise MissingExtraError("trafilatura", "html", "Reading HTML") from None
    return trafilatura


def _article(content: str) -> str:
    """The article of a page; where scripts draw it, what the page tells programs, else what it does not show yet.

    Raises:
        FileError: There is none.
    """
    tree = parsed(content)
    drawn = tree.find(".//script") is not None
    text = _extracted(shown(tree))
    said = text if _says(text, drawn) else ""
    if said and not (drawn and _letters(said) < _LITTLE):
        return said
    data = _extracted(told(parsed(content)))
    if _says(data, drawn) and _letters(data) > _MUCH * _letters(said):
        return data
    hidden = "" if said else _extracted(whole(parsed(content)))
    if said or _says(hidden, drawn):
        return said or hidden
    if not drawn:
        raise FileError("no article text found in the page")
    rest = f"all it says itself is {text[:_LONG_NOTICE]!r}" if _letters(text) else "it has no text of its own"
    raise FileError(f"the page is drawn by a script, and {rest}; save it from a browser, or crawl it with one")


def _extracted(tree: Any) -> str:
    """The article of a tree as trafilatura finds it; of a short one it gives the whole page, or the headline alone."""
    library = _library()
    text: str = library.extract(tree, favor_recall=True, include_tables=True, include_comments=False) or ""
    letters = _letters(text)
    if letters >= _SHORT:
        return text
    marked = sole_article(tree)
    inside = library.html2txt(marked) if marked is not None else ""
    every = library.html2txt(tree) if letters < _LITTLE else ""
    if letters < _letters(inside) * _SHARE < letters * _SHARE:
        return inside
    return every if _letters(every) > _MUCH * letters else text


def _says(text: str, drawn: bool) -> bool:
    """Whether a text is an article, and no notice that a script puts one in its place."""
    letters = _letters(text)
    waiting = letters <= _NOTICE and _WAITING.search(text)
    notice = waiting or (letters <= _LONG_NOTICE and _NEEDS_SCRIPT.search(text))
    return letters > 0 and not (drawn and notice)


def _letters(text: str) -> int:
    """Letters of its beginning: no more is asked than whether they are few."""
    return sum(map(str.isalnum, text[:_BEGINNING]))
