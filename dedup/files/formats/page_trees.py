"""A page as a tree, without what no browser shows and without menus.

In: the text of a page, whole or a part of one. Out: a tree of lxml (the extra ``html``) with html and body. What is
taken out leaves the text after it in place. Costs a few milliseconds. Which of the rest is the article is not decided
here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from dedup.errors import FileError
from dedup.files.formats.page_styles import hidden_by_sheets

_NOT_OF_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_CLOSED_AT_ONCE = re.compile(r"(<html\b[^>]*?)\s*/>", re.IGNORECASE)  # browsers read on, libxml2 does not

_PROGRAM = """//style | //template | //datalist | //rt | //rp | //rtc | //audio | //video | //canvas | //object
    | //iframe | //noframes | //title | //script[not(contains(., 'DiscussionForumPosting'))]"""
"""Of scripts all but that by which trafilatura knows that a page is of posts."""
_STYLED = "translate(@style, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ \t\n\r', 'abcdefghijklmnopqrstuvwxyz')"
_HIDDEN = f"""//noscript | //dialog[not(@open)] | //body//*[@hidden or @aria-hidden='true' or @layout='nodisplay'
    or @style and contains({_STYLED}, 'display:none')]"""
_SMALL = f"//*[@style and not(*) and contains({_STYLED}, 'font-size:0')]"
_NO_SIZE = re.compile(r"font-size\s*:\s*0(\.0*)?(px|r?em|pt|%)?\s*(;|!|$)", re.IGNORECASE)
_MENUS = "//nav | //menu | //*[@role='navigation' or @role='search' or @role='menu']"
_OF_LINKS = """//body//*[self::ul or self::ol or self::div or self::section or self::td or self::p]
    [count(.//a) > 2 and count(.//a) * 150 > string-length(normalize-space(.))]
    [self::p or count(.//a[not(ancestor::p)]) > 2]"""
"""What may be a menu; a link that is a paragraph of its own is no entry of one."""
_NUMBERED = f"//ol[not(@reversed) and not(contains({_STYLED}, 'none')) and (not(@type) or @type = '1')]"
_LINKED = 0.9
"""A list or block is a menu if its links have this share of its letters ..."""
_LABEL = 60
"""... and fewer than so many each, on average."""
_MOST = 5
"""Menus have up to so many times as many letters as the rest of a page; where they have more it is an index."""


def parsed(content: str) -> Any:
    """A page as a tree, also where it has no head or is a part of one, which trafilatura refuses.

    Args:
        content: The page.

    Returns:
        The element html with a body, empty where there is nothing but comments.

    Raises:
        FileError: It cannot be parsed to its end.
    """
    from lxml.etree import ParserError  # noqa: PLC0415 - an extra
    from lxml.html import HTMLParser, document_fromstring  # noqa: PLC0415 - an extra

    # bytes, for lxml refuses text that declares an encoding; without `huge_tree` it drops what is nested 256 deep
    parser = HTMLParser(encoding="utf-8", huge_tree=True, collect_ids=False, remove_comments=True, remove_pis=True)
    clean = _CLOSED_AT_ONCE.sub(r"\1>", _NOT_OF_XML.sub("", content), count=1)
    try:
        tree = document_fromstring(clean.encode("utf-8", "replace"), parser=parser)
    except ParserError:
        return document_fromstring("<html><body></body></html>")
    for entry in parser.error_log.filter_from_fatals():  # elements that are 2,048 deep in each other
        raise FileError(f"the page cannot be read to its end: {entry.message.partition(',')[0]}")
    return tree


def shown(tree: Any) -> Any:
    """A page without what no browser shows, and without menus; ordered lists have their numbers, as in Markdown.

    What a script may show is left out, too: ``display: none``, by a style of the element or of a sheet in the page,
    ``hidden``, ``aria-hidden`` (copies for the eye) and noscript. ``visibility: hidden`` is not: articles of WeChat
    have it until they are drawn. The readings of ruby stand beside the text that they are of.

    Args:
        tree: The page, which is changed.
    """
    _drop(element for element in hidden_by_sheets(tree) if "display" not in element.get("style", ""))
    _drop(element for element in tree.xpath(_SMALL) if _NO_SIZE.search(element.get("style")))
    _drop(tree.xpath(f"{_PROGRAM} | {_HIDDEN}"))
    menus = _menus(tree)
    letters = sum(map(_letters, menus))
    if letters <= _MOST * (_letters(tree) - letters):  # else the links are what it is about
        _drop(menus)
    for items in tree.xpath(_NUMBERED):
        _number(items)
    for element in tree.xpath("//bdo[@dir = 'rtl' and not(*)]"):
        if not any(unicodedata.bidirectional(letter) in {"R", "AL"} for letter in element.text or ""):
            element.text = (element.text or "")[::-1]  # as it is seen
    return tree


def whole(tree: Any) -> Any:
    """A page with what scripts may show, and with its menus.

    Args:
        tree: The page, which is changed.
    """
    _drop(tree.xpath(_PROGRAM))
    return tree


def sole_article(tree: Any) -> Any:
    """The only element article of a page, else its only main; None where there is neither or several.

    Args:
        tree: The page.
    """
    found = tree.xpath("//article[not(ancestor::article)]") or tree.xpath("//main | //*[@role='main']")
    return found[0] if len(found) == 1 else None


def _number(items: Any) -> None:
    """Put the numbers of a list into its text, unless somebody has written them."""
    start = items.get("start", "1")
    for number, item in enumerate(items.iterchildren("li"), int(start) if start.isdecimal() else 1):
        text = item.text or ""
        if not item.text_content().lstrip()[:1].isdigit():
            item.text = f"{number}. {text}"


def _drop(elements: Iterable[Any]) -> None:
    """Take elements out and leave the text after them in place."""
    for element in elements:
        if element.tag not in {"html", "body"}:
            element.drop_tree()


def _menus(tree: Any) -> list[Any]:
    """Menus and lists of links that stand in no other."""
    declared = set(tree.xpath(_MENUS))
    found: dict[Any, None] = {}
    for element in tree.xpath(f"{_MENUS} | {_OF_LINKS}"):
        if found.keys().isdisjoint(element.iterancestors()) and (element in declared or _is_menu(element)):
            found[element] = None
    return list(found)


def _is_menu(element: Any) -> bool:
    """Whether a list or block is of links."""
    links = list(element.iter("a"))
    linked, letters = sum(map(_letters, links)), _letters(element)
    return linked > _LINKED * letters and linked < _LABEL * len(links)


def _letters(element: Any) -> int:
    return sum(map(str.isalnum, element.text_content()))
