"""HTML that is an article and nothing else becomes text: what feeds and books hold.

In: HTML, a whole document or a part of one. Out: its text, a line a block. Takes a second for 10 MB.
Unlike the reader of pages it takes nothing away but what is never shown: there is nothing around the article. lxml
comes with the extra ``html``.
"""

from __future__ import annotations

import re
from typing import Any

from dedup.errors import MissingExtraError

_MARKED = re.compile(r"<[a-zA-Z!/]|&#?\w+;")
_NOT_OF_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_UNSEEN = ("script", "style", "template", "noscript", "head", "rp", "rt")
_BLOCKS = (
    *("p", "div", "br", "li", "ul", "ol", "dl", "dt", "dd", "h1", "h2", "h3", "h4", "h5", "h6", "tr", "table", "hr"),
    *("blockquote", "pre", "section", "article", "aside", "figure", "figcaption", "header", "footer", "nav", "body"),
)
_CELLS = ("td", "th")


def lxml_for(what: str) -> Any:
    """The library lxml.

    Args:
        what: What it is needed for, such as "Reading EPUB".

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        import lxml.etree  # noqa: PLC0415 - an extra
        import lxml.html  # noqa: PLC0415 - an extra
    except ImportError:
        raise MissingExtraError("lxml", "html", what) from None
    return lxml


def plain(markup: str) -> str:
    """The text of HTML; text that has no markup is itself.

    Args:
        markup: HTML or text.
    """
    if not _MARKED.search(markup):
        return markup.strip()
    tree = parsed(markup)
    return "" if tree is None else text_of(tree)


def parsed(markup: str) -> Any:
    """HTML as a tree; None where it is nothing but blanks and comments.

    Args:
        markup: A document or a part of one.
    """
    lxml = lxml_for("Reading HTML")
    # bytes, for lxml refuses text that declares an encoding
    whole = _NOT_OF_XML.sub("", markup).encode()
    parser = lxml.html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)
    try:
        return lxml.html.document_fromstring(whole, parser=parser)
    except lxml.etree.ParserError:
        return None


def text_of(tree: Any) -> str:
    """What a tree says, a line a block, blanks as one.

    Args:
        tree: Of lxml; it is changed.
    """
    lxml = lxml_for("Reading HTML")
    lxml.etree.strip_elements(tree, *_UNSEEN, with_tail=False)
    for node in tree.iter(*_BLOCKS):
        node.text, node.tail = f"\n{node.text or ''}", f"\n{node.tail or ''}"
    for node in tree.iter(*_CELLS):
        node.tail = f" {node.tail or ''}"
    lines = (" ".join(line.split()) for line in tree.text_content().split("\n"))
    return "\n".join(filter(None, lines))
