"""A page as a tree, without what no browser shows and without menus.

In: the text of a page, whole or a part of one. Out: a tree of lxml (the extra ``html``) with html and body. What is
taken out leaves the text after it in place. Costs a few milliseconds. Which of the rest is the article is not decided
here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import cache
from typing import Any

from dedup.errors import FileError
from dedup.files.formats.page_order import put_in_order
from dedup.files.formats.page_sight import undrawn, unseen_letters
from dedup.files.formats.page_styles import styles_of

_NOT_OF_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_CLOSED_AT_ONCE = re.compile(r"(<html\b[^>]*?)\s*/>", re.IGNORECASE)  # browsers read on, libxml2 does not

_UNSEEN = (
    "style",
    "template",
    "datalist",
    "rt",
    "rp",
    "rtc",
    "audio",
    "video",
    "canvas",
    "object",
    "iframe",
    "noframes",
)
_SCRIPTS = "descendant::title | descendant::script[not(contains(., 'DiscussionForumPosting'))]"
"""All but that by which trafilatura knows that a page is of posts."""
_STYLED = "translate(., 'ABCDEFGHIJKLMNOPQRSTUVWXYZ \t\n\r', 'abcdefghijklmnopqrstuvwxyz')"
_HIDDEN = f"""descendant::noscript | descendant::dialog[not(@open)] | descendant::*[@hidden or @aria-hidden='true'
    or @layout='nodisplay' or @style[contains({_STYLED}, 'display:none')]]"""
_MENUS = """descendant::nav | descendant::menu
    | descendant::*[@role='navigation' or @role='search' or @role='menu']"""
_BLOCKS = ("ul", "ol", "div", "section", "td", "p")
_LINKS = 3
"""A list or block of so many links or more may be a menu ..."""
_LINKED = 0.9
"""... and is if they have this share of its letters ..."""
_LABEL = 60
"""... and fewer than so many each, on average."""
_NUMBERED = (
    f"descendant::ol[not(@reversed) and not(@style[contains({_STYLED}, 'none')]) and (not(@type) or @type = '1')]"
)
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
    styles = styles_of(tree)
    for element in unseen_letters(tree, styles):
        _empty(element)
    unseen = *undrawn(styles), *tree.iter(*_UNSEEN), *_found(tree, _SCRIPTS), *_found(tree, _HIDDEN)
    _drop(dict.fromkeys(unseen))
    put_in_order(tree, styles)
    menus = _menus(tree)
    length = sum(map(_length, menus))
    if length <= _MOST * (_length(tree) - length):  # else the links are what it is about
        _drop(menus)
    for items in _found(tree, _NUMBERED):
        _number(items)
    return tree


def whole(tree: Any) -> Any:
    """A page with what scripts may show, and with its menus.

    Args:
        tree: The page, which is changed.
    """
    _drop([*tree.iter(*_UNSEEN), *_found(tree, _SCRIPTS)])
    return tree


def sole_article(tree: Any) -> Any:
    """The only element article of a page, else its only main; None where there is neither or several.

    Args:
        tree: The page.
    """
    found = tree.xpath("//article[not(ancestor::article)]") or tree.xpath("//main | //*[@role='main']")
    return found[0] if len(found) == 1 else None


@cache
def _path(expression: str) -> Any:
    from lxml.etree import XPath  # noqa: PLC0415 - an extra

    return XPath(expression)


def _found(tree: Any, expression: str) -> list[Any]:
    """Elements in their order."""
    found: list[Any] = _path(expression)(tree)
    return found


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


def _empty(element: Any) -> None:
    """Take an element's own letters out, and leave those of the elements inside of it."""
    element.text = None
    for inside in element:
        inside.tail = None


def _menus(tree: Any) -> list[Any]:
    """Menus and lists of links that stand in no other."""
    found = dict.fromkeys(_found(tree, _MENUS))
    links = _links(tree)
    for element in tree.iter(*_BLOCKS):
        several = links[element] >= _LINKS and found.keys().isdisjoint(element.iterancestors())
        if several and _is_menu(element):
            found[element] = None
    return [element for element in found if found.keys().isdisjoint(element.iterancestors())]


def _links(tree: Any) -> Counter[Any]:
    """How many links an element has; those in a paragraph are its own alone, for menus have none of these."""
    links: Counter[Any] = Counter()
    for link in tree.iter("a"):
        for element in link.iterancestors():
            links[element] += 1
            if element.tag == "p":
                break
    return links


def _is_menu(element: Any) -> bool:
    """Whether a list or block is of links."""
    links = list(element.iter("a"))
    if _length(element) > 2 * _LABEL * len(links):
        return False
    linked, letters = sum(map(_letters, links)), _letters(element)
    return linked > _LINKED * letters and linked < _LABEL * len(links)


def _letters(element: Any) -> int:
    return sum(map(str.isalnum, element.text_content()))


def _length(element: Any) -> int:
    """Characters without white space, which takes a tenth of the time of counting letters."""
    return len("".join(element.text_content().split()))
