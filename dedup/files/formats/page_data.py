"""What a page tells programs of its article, for pages that are drawn by a script and show none.

In: the tree of a page. Out: a tree that shows it: the ``articleBody`` of JSON-LD (schema.org), and unchanged what
trafilatura knows to read, other kinds of JSON-LD and the posts of Discourse. Costs next to nothing.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from typing import Any

from dedup.files.formats.page_trees import parsed

_SCRIPTS = "//script[@type='application/ld+json']"


def told(tree: Any) -> Any:
    """A page with nothing but what it tells programs.

    Args:
        tree: The page.

    Returns:
        Another tree, with an empty body where it tells nothing.
    """
    bodies = dict.fromkeys(body for script in tree.xpath(_SCRIPTS) for body in _bodies(_loaded(script.text or "")))
    shown = parsed("<div></div>".join(map(html.unescape, bodies)))  # the value may be text, markup or escaped markup
    shown.find("body").extend(tree.xpath(f"{_SCRIPTS} | //div[@id='data-preloaded']"))
    return shown


def _loaded(text: str) -> Any:
    """What JSON says, with line ends in its strings, which many pages have; None where it is broken."""
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None


def _bodies(value: Any) -> Iterator[str]:
    """The texts of all articles in it, however deep."""
    if isinstance(value, dict):
        body = value.get("articleBody")
        if isinstance(body, str):
            yield body
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _bodies(inner)
