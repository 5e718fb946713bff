"""What of a page nobody sees, whose letters are there all the same.

In: a page as a tree of lxml. Out: elements that are not drawn at all, and others whose own letters are not: without
size, in the colour of what is behind them, out of the screen, cut away. What a script may show later counts as seen
unless it is a word among others: pages fade their paragraphs in. What only a script or a sheet in another file hides
is not found, nor what an image, or another element, is drawn over.
"""

from __future__ import annotations

import re
from typing import Any

from dedup.files.formats.page_styles import Styles, colour

INLINE = frozenset(
    """a abbr b bdi bdo big cite code del em font i ins kbd label mark q s small span strong sub sup tt u var""".split()  # noqa: SIM905 - read at a glance
)
"""Elements that are words among others, and no blocks."""
_NOTHING = re.compile(r"[+-]?0*\.?0+(?:px|r?em|pt|ex|ch|vw|vh|%)?")
_FAR = re.compile(r"-(?:\d{4,}|999)(?:\.\d*)?(?:px|pt)?|-\d{3,}(?:\.\d*)?(?:r?em|ex|ch|vw|vh|%)")
_CUT = re.compile(r"rect\(\s*(?:0|1px)[^)]*\)")
_CUT_PATH = re.compile(r"inset\(\s*(?:[5-9]\d|100)%.*|(?:circle|ellipse)\(\s*0.*")
_RELATIVE = re.compile(r"[\d.]+(?:em|%|ex|ch)|inherit|smaller|larger|unset")
_ALIKE = 16 / 255
"""Two colours with no greater difference in red, green and blue cannot be told apart."""
_WHITE = (1.0, 1.0, 1.0, 1.0)


def undrawn(styles: Styles) -> list[Any]:
    """Elements that are not seen with all that is inside of them.

    Args:
        styles: What is said of elements.
    """
    return [element for element, style in styles.items() if _is_away(element, style)]


def unseen_letters(tree: Any, styles: Styles) -> list[Any]:
    """Elements whose own letters are not seen; those inside of them may be.

    Args:
        tree: The page.
        styles: What is said of its elements.
    """
    if not styles:
        return []
    white = None if tree.xpath("//link[contains(@rel, 'stylesheet')]") else _WHITE
    seen: dict[Any, tuple[bool, Any, Any, bool]] = {None: (False, None, white, False)}
    unseen = []
    for element in tree.iter("*"):
        small, letters, behind, hidden = seen[element.getparent()]
        style = styles.get(element, {})
        size = style.get("font-size", "inherit")
        small = small if _RELATIVE.fullmatch(size) and not _NOTHING.fullmatch(size) else bool(_NOTHING.fullmatch(size))
        letters = _colour_of(style, letters)
        behind = _behind(style, behind)
        hidden = style.get("visibility", "hidden" if hidden else "") == "hidden" and element.tag in INLINE
        seen[element] = small, letters, behind, hidden
        if small or hidden or _is_lost(letters, behind, style):
            unseen.append(element)
    return unseen


def _is_away(element: Any, style: dict[str, str]) -> bool:
    """Whether an element is not drawn, or out of what is shown."""
    placed = style.get("position", "static") != "static"
    if style.get("display") == "none" or _FAR.fullmatch(style.get("text-indent", "")):
        return True
    if placed and any(_FAR.fullmatch(style.get(side, "")) for side in ("left", "right", "top", "bottom")):
        return True
    if _CUT_PATH.fullmatch(style.get("clip-path", "")) or (placed and _CUT.fullmatch(style.get("clip", ""))):
        return True
    sides = ("width", "height", "max-width", "max-height")
    if style.get("overflow", "") in ("hidden", "clip") and any(_NOTHING.fullmatch(style.get(one, "")) for one in sides):
        return True
    return element.tag in INLINE and bool(_NOTHING.fullmatch(style.get("opacity", "")))


def _colour_of(style: dict[str, str], above: Any) -> Any:
    said = style.get("color", "inherit")
    return above if said in ("inherit", "currentcolor") else colour(said)


def _behind(style: dict[str, str], above: Any) -> Any:
    """The colour behind an element's letters, None where that is not known."""
    said = style.get("background-color") or style.get("background")
    if said is None or said in ("none", "inherit", "initial", "transparent"):
        return above
    found = colour(said)
    if found is not None and found[3] == 0:
        return above
    return found if found is not None and found[3] == 1 and "background" not in _images(style) else None


def _images(style: dict[str, str]) -> set[str]:
    return {name for name, value in style.items() if name == "background" and ("url(" in value or "gradient" in value)}


def _is_lost(letters: Any, behind: Any, style: dict[str, str]) -> bool:
    """Whether letters have the colour of what is behind them, or none."""
    if letters is None or "text" in style.get("background-clip", ""):
        return False
    if letters[3] == 0:
        return True
    return behind is not None and max(abs(a - b) for a, b in zip(letters[:3], behind[:3], strict=True)) <= _ALIKE
