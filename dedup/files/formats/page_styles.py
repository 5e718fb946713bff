"""What the style sheets inside a page hide.

In: a page as a tree of lxml. Out: elements with ``display: none`` by a rule of the page's own ``<style>``, and those
without children whose letters have no size: the classes by which junk is put between the letters of an article. Read
by tinycss2 and cssselect (the extra ``html``), which load where a sheet hides anything. Sheets in files of their own
are not at hand; rules for print, for narrow screens or of a state such as ``:hover`` do not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

_PROPERTIES = ("display", "font-size")
_NO_SIZE = re.compile(r"0(\.0*)?(px|r?em|pt|%)?")
_NAMES = re.compile(r"[.#]([\w-]+)")
_WITHOUT = re.compile(r":[\w-]+\([^()]*\)")
_COMMENTS = re.compile(r"/\*.*?\*/", re.DOTALL)
_SCREEN = re.compile(r"\s*((only\s+)?screen|all)?\s*", re.IGNORECASE)
"""Media whose rules count."""


class _Rule(NamedTuple):
    """A property that one selector sets; `rank` is important, specific, late, and the highest counts."""

    rank: tuple[bool, tuple[int, int, int], int]
    selector: Any
    name: str
    hides: bool
    needs: set[str]
    """Classes and ids without which it is about nothing."""


def hidden_by_sheets(tree: Any) -> list[Any]:
    """Elements that the page's own style sheets hide.

    Args:
        tree: The page.

    Returns:
        Elements of the tree, perhaps inside each other, whatever their own ``style`` says.
    """
    sheets = [sheet.text or "" for sheet in tree.iter("style") if _SCREEN.fullmatch(sheet.get("media", ""))]
    if not any(map(_may_hide, sheets)):
        return []
    try:
        return _by_rules(tree, "\n".join(sheets))
    except RecursionError:  # a selector with a thousand parts, by which no page hides anything
        return []


def _by_rules(tree: Any, sheet: str) -> list[Any]:
    """Elements that the rules hide which count most."""
    present = {name for value in tree.xpath("//@class | //@id") for name in value.split()}
    rules = [rule for rule in _rules(_telling(_COMMENTS.sub("", sheet))) if rule.needs <= present]
    rules.sort(key=lambda rule: rule.rank)
    hidden = _hidden(tree, [rule for rule in rules if rule.hides])
    names = {name for element in hidden for key in ("class", "id") for name in (element.get(key) or "").split()}
    return _hidden(tree, [one for one in rules if one.hides or not one.needs or one.needs & names]) if hidden else []


def _may_hide(sheet: str) -> bool:
    dense = "".join(sheet.lower().split())
    return "display:none" in dense or "font-size:0" in dense


def _telling(sheet: str) -> str:
    """A sheet without the rules that say nothing of what is shown: nine in ten, and tinycss2 reads 2 MB a second."""
    rules = sheet.split("}")
    return "}".join(rule for rule in rules if "{" not in rule or "@" in rule or _tells(rule.lower()))


def _tells(rule: str) -> bool:
    return "display" in rule or "font-size" in rule


def _rules(sheet: str) -> Iterator[_Rule]:
    """What a sheet says of what is shown."""
    import cssselect  # noqa: PLC0415 - an extra
    import tinycss2  # noqa: PLC0415 - an extra

    for at, block in enumerate(_blocks(tinycss2.parse_stylesheet(sheet, skip_comments=True, skip_whitespace=True))):
        try:
            every = cssselect.parse(tinycss2.serialize(block.prelude))
            selectors = [one for one in every if not one.pseudo_element]
        except cssselect.SelectorError:
            continue
        for said in tinycss2.parse_blocks_contents(block.content):
            if said.type == "declaration" and said.lower_name in _PROPERTIES:
                hides = _hides(said.lower_name, tinycss2.serialize(said.value).strip().lower())
                for one in selectors:
                    needs = set(_NAMES.findall(_WITHOUT.sub("", one.canonical())))
                    yield _Rule((said.important, one.specificity(), at), one, said.lower_name, hides, needs)


def _blocks(nodes: Iterable[Any]) -> Iterator[Any]:
    """Rules for a screen of any width."""
    import tinycss2  # noqa: PLC0415 - an extra

    for node in nodes:
        if node.type == "qualified-rule":
            yield node
        elif node.type == "at-rule" and node.lower_at_keyword == "media" and node.content:
            inside = node.content if _SCREEN.fullmatch(tinycss2.serialize(node.prelude)) else ()
            yield from _blocks(tinycss2.parse_rule_list(inside))


def _hides(name: str, value: str) -> bool:
    return value == "none" if name == "display" else bool(_NO_SIZE.fullmatch(value))


def _hidden(tree: Any, rules: list[_Rule]) -> list[Any]:
    """Elements that are hidden by the last rule that is about them."""
    from cssselect import ExpressionError, HTMLTranslator  # noqa: PLC0415 - an extra
    from lxml.etree import XPathError  # noqa: PLC0415 - an extra

    translator, said = HTMLTranslator(), dict[tuple[Any, str], bool]()
    for rule in rules:
        try:
            found = tree.xpath(translator.selector_to_xpath(rule.selector))
        except (ExpressionError, XPathError):  # a selector that has no meaning for a page at rest
            continue
        # children may have a size again: menus are set so
        said |= {(element, rule.name): rule.hides for element in found if rule.name == "display" or not len(element)}
    return [element for (element, _), hides in said.items() if hides]
