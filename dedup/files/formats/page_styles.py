"""What style sheets inside a page, and the styles of its elements, say of letters that nobody sees.

In: a page as a tree of lxml. Out: of elements that a rule may hide, recolour or turn around, the values of the
properties that decide it, as they are in a browser when rules contradict each other. Read by tinycss2 and cssselect
(the extra ``html``), which load where a page has such a rule. Sheets in files of their own are not at hand; rules for
print, for narrow screens or of a state such as ``:hover`` do not count.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

Styles = dict[Any, dict[str, str]]
"""Of elements the values of properties, in lower case; what is not said is not there."""

_PROPERTIES = re.compile(
    r"display|visibility|opacity|font-size|position|left|right|top|bottom|text-indent|clip|clip-path|width|height"
    r"|max-width|max-height|overflow|color|background|background-color|background-clip|unicode-bidi|direction"
)
_HIDING = re.compile(
    r"(?<![\w-])(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|opacity\s*:\s*0?\.?0+\s*(?:[;!}]|$)"
    r"|(?:font-size|(?:max-)?(?:width|height))\s*:\s*0|(?:left|right|top|bottom|text-indent)\s*:\s*-\d{3}"
    r"|clip\s*:\s*rect|clip-path\s*:|color\s*:\s*(?:#f|white|snow|ivory|ghostwhite|floralwhite|transparent|rgba?\(|hsl)"
    r"|unicode-bidi\s*:\s*(?:bidi|isolate)-override)",
    re.IGNORECASE,
)
"""Declarations without which nothing is hidden; letters in the colour of a page are looked for if that is light."""
_NAMES = re.compile(r"[.#]([\w-]+)")
_WITHOUT = re.compile(r":[\w-]+\([^()]*\)")
_COMMENTS = re.compile(r"/\*.*?\*/", re.DOTALL)
_SCREEN = re.compile(r"\s*((only\s+)?screen|all)?\s*", re.IGNORECASE)
"""Media whose rules count."""


_Rank = tuple[bool, tuple[int, int, int], int]
"""Whether it is an element's own style, how specific and how late it is; the highest counts."""
_OWN = True, (0, 0, 0), 0
_ATTRIBUTE = False, (-1, 0, 0), 0


class _Rule(NamedTuple):
    """What one selector says."""

    selector: Any
    values: dict[str, tuple[bool, str]]
    """By property, whether it is important, and its value."""
    rank: _Rank
    needs: set[str]
    """Classes and ids without which it is about nothing."""
    hides: bool


def styles_of(tree: Any) -> Styles:
    """What is said of the elements of a page that may be hidden, of those inside of them and of those around them.

    Args:
        tree: The page.
    """
    inline = {element for element in tree.iterfind(".//*[@style]") if _HIDING.search(element.get("style"))}
    inline |= set(tree.iterfind(".//font[@color]"))
    sheets = [sheet.text or "" for sheet in tree.iter("style") if _SCREEN.fullmatch(sheet.get("media", ""))]
    sheets = [_COMMENTS.sub("", sheet) for sheet in sheets]
    if not inline and not any(map(_HIDING.search, sheets)):
        return {}
    try:
        rules = list(_rules("}".join(_telling(tree, "\n".join(sheets)))))
        found = inline.union(*(_elements(tree, rule) for rule in rules if rule.hides))
        return _cascade(tree, rules, _kin(found)) if found else {}
    except RecursionError:  # a selector with a thousand parts, by which no page hides anything
        return {}


def colour(value: str) -> tuple[float, ...] | None:
    """Red, green, blue and opacity from 0 to 1 of the first colour in a value; None if there is none.

    Args:
        value: That of ``color`` or ``background``, with an image if there is one, which is of no known colour.
    """
    import tinycss2  # noqa: PLC0415 - an extra
    from tinycss2.color3 import parse_color  # noqa: PLC0415 - an extra

    parts = tinycss2.parse_component_value_list(value, skip_comments=True)
    if any(part.type == "url" or (part.type == "function" and "gradient" in part.lower_name) for part in parts):
        return None
    found = [one for one in map(parse_color, parts) if one is not None and one != "currentColor"]
    return tuple(found[0]) if found else None


def _names(element: Any) -> Iterator[str]:
    for key in ("class", "id"):
        yield from (element.get(key) or "").split()


def _attributes(element: Any) -> dict[str, str]:
    """What elements say of colours without a style."""
    said = {
        "background-color": element.get("bgcolor"),
        "color": element.get("color") if element.tag == "font" else None,
    }
    return {name: value for name, value in said.items() if value}


def _kin(found: Iterable[Any]) -> set[Any]:
    """Elements with those inside of them and around them."""
    return {one for element in found for one in (*element.iter("*"), *element.iterancestors())}


def _telling(tree: Any, sheet: str) -> Iterator[str]:
    """The rules that may be about something that is there: few of most sheets, and tinycss2 reads 2 MB a second."""
    present = {name for element in tree.iter("*") for name in _names(element)}
    for rule in sheet.split("}"):
        prelude, _, said = rule.partition("{")
        about = any(present.issuperset(_NAMES.findall(_WITHOUT.sub("", one))) for one in prelude.split(","))
        if "{" not in rule or "@" in rule or (about and _PROPERTIES.search(said.lower())):
            yield rule


def _rules(sheet: str) -> Iterator[_Rule]:
    """What a sheet says of what is seen."""
    import cssselect  # noqa: PLC0415 - an extra
    import tinycss2  # noqa: PLC0415 - an extra

    for at, block in enumerate(_blocks(tinycss2.parse_stylesheet(sheet, skip_comments=True, skip_whitespace=True))):
        try:
            every = cssselect.parse(tinycss2.serialize(block.prelude))
        except cssselect.SelectorError:
            continue
        values = _values(block.content)
        hides = bool(_HIDING.search(";".join(f"{name}:{value}" for name, (_, value) in values.items())))
        for one in every if values else ():
            if not one.pseudo_element:
                needs = set(_NAMES.findall(_WITHOUT.sub("", one.canonical())))
                yield _Rule(one, values, (False, one.specificity(), at), needs, hides)


def _values(content: Any) -> dict[str, tuple[bool, str]]:
    """Of the properties that count, whether they are important, and their values; the last one of each counts."""
    import tinycss2  # noqa: PLC0415 - an extra

    said = [one for one in tinycss2.parse_blocks_contents(content) if one.type == "declaration"]
    said = [one for one in said if _PROPERTIES.fullmatch(one.lower_name)]
    said.sort(key=lambda one: one.important)
    return {one.lower_name: (one.important, tinycss2.serialize(one.value).strip().lower()) for one in said}


def _blocks(nodes: Iterable[Any]) -> Iterator[Any]:
    """Rules for a screen of any width."""
    import tinycss2  # noqa: PLC0415 - an extra

    for node in nodes:
        if node.type == "qualified-rule":
            yield node
        elif node.type == "at-rule" and node.lower_at_keyword == "media" and node.content:
            inside = node.content if _SCREEN.fullmatch(tinycss2.serialize(node.prelude)) else ()
            yield from _blocks(tinycss2.parse_rule_list(inside))


def _elements(tree: Any, rule: _Rule) -> list[Any]:
    """What a rule is about."""
    from cssselect import ExpressionError, HTMLTranslator  # noqa: PLC0415 - an extra
    from lxml.etree import XPathError  # noqa: PLC0415 - an extra

    try:
        found: list[Any] = tree.xpath(HTMLTranslator().selector_to_xpath(rule.selector))
    except (ExpressionError, XPathError):  # a selector that has no meaning for a page at rest
        return []
    return found


def _cascade(tree: Any, rules: list[_Rule], elements: set[Any]) -> Styles:
    """What counts of what is said of some elements: important, then in their own styles, then specific, then late."""
    names = {name for element in elements for name in _names(element)}
    said: defaultdict[Any, dict[str, tuple[tuple[bool, _Rank], str]]] = defaultdict(dict)

    def say(element: Any, values: dict[str, tuple[bool, str]], rank: _Rank) -> None:
        mine = said[element]
        for name, (important, value) in values.items():
            if name not in mine or mine[name][0] <= (important, rank):
                mine[name] = (important, rank), value

    for rule in rules:
        if not rule.needs or rule.needs & names:
            for element in elements.intersection(_elements(tree, rule)):
                say(element, rule.values, rule.rank)
    for element in elements:
        for name, value in _attributes(element).items():
            say(element, {name: (False, value.lower())}, _ATTRIBUTE)
        if element.get("style"):
            say(element, _values(element.get("style")), _OWN)
    return {element: {name: value for name, (_, value) in mine.items()} for element, mine in said.items()}
