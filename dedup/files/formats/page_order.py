"""The letters of a page in the order in which a browser shows them.

In: a page as a tree of lxml. Out: the same tree, its text in that order where ``<bdo>``, ``unicode-bidi`` or the
characters U+202D and U+202E turn letters around; all else stays as it is, text from right to left, too. What Unicode
says of such characters `dedup.stages.folding` knows; what CSS says of elements is put into such characters here. A
paragraph is what stands between the borders of blocks and breaks, as browsers have it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import compress
from typing import Any, NamedTuple

from dedup.files.formats.page_sight import INLINE
from dedup.files.formats.page_styles import Styles

_OVERRIDES = {"ltr": "\u202d", "rtl": "\u202e"}
_ISOLATES = {"ltr": "\u2066", "rtl": "\u2067"}
_END, _END_OF_ISOLATE = "\u202c", "\u2069"
_PARAGRAPH = "\u2029"
_BLANKS = str.maketrans(f"\t\n\r\f{_PARAGRAPH}", "     ")
_CONTROLS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])


class _Piece(NamedTuple):
    """Letters of a page, or what is put between them."""

    letters: str
    element: Any = None
    """Whose letters they are."""
    place: str = "text"
    """``"text"``, or ``"tail"``: those after the element."""


def put_in_order(tree: Any, styles: Styles) -> None:
    """Put the text of a page into the order in which it is shown.

    Args:
        tree: The page, which is changed.
        styles: What is said of its elements.
    """
    if not _may_turn(tree, styles):
        return
    from dedup.stages.folding import displayed_order  # noqa: PLC0415 - loads kernels, for pages that turn letters around

    pieces = list(_pieces(tree, styles))
    whole = "".join(piece.letters for piece in pieces)
    real = [piece.element is not None for piece in pieces for _ in piece.letters]
    order = displayed_order(whole).tolist()
    shown = iter(compress((whole[at] for at in order), (real[at] for at in order)))
    for piece in pieces:
        if piece.element is not None:
            letters = "".join(next(shown) for _ in piece.letters)
            setattr(piece.element, piece.place, letters.translate(_CONTROLS))


def _may_turn(tree: Any, styles: Styles) -> bool:
    text = tree.text_content()
    inside = any(control in text for control in _OVERRIDES.values())
    return inside or tree.find(".//bdo") is not None or any("unicode-bidi" in style for style in styles.values())


def _pieces(tree: Any, styles: Styles) -> Iterator[_Piece]:
    """The letters of a page in the order of its source, and what turns them around."""
    from lxml.etree import iterwalk  # noqa: PLC0415 - an extra

    directions, embeddings = {None: "ltr"}, dict[Any, tuple[str, str]]()
    for event, element in iterwalk(tree, ("start", "end")):
        if event == "start":
            style = styles.get(element, {})
            above = directions.get(element.getparent(), "ltr")
            directions[element] = style.get("direction") or (element.get("dir") or above).lower()
            embeddings[element] = _embedding(element, style, directions[element])
            yield _Piece(_before(element, embeddings))
            if element.text:
                yield _Piece(element.text.translate(_BLANKS), element)
            continue
        yield _Piece(embeddings[element][1] + ("" if element.tag in INLINE or element.tag == "br" else _PARAGRAPH))
        if element.tail:
            yield _Piece(element.tail.translate(_BLANKS), element, "tail")


def _before(element: Any, embeddings: dict[Any, tuple[str, str]]) -> str:
    """What stands before an element; a break ends the paragraph, and what it stands in begins again."""
    if element.tag != "br":
        return ("" if element.tag in INLINE else _PARAGRAPH) + embeddings[element][0]
    begins = []
    for around in element.iterancestors():
        begins.append(embeddings[around][0])
        if around.tag not in INLINE:
            break
    return _PARAGRAPH + "".join(reversed(begins))


def _embedding(element: Any, style: dict[str, str], direction: str) -> tuple[str, str]:
    """What stands for an element before and after its letters."""
    bidi = style.get("unicode-bidi", "isolate-override" if element.tag == "bdo" else "")
    override = _OVERRIDES.get(direction, "") if bidi.endswith("override") else ""
    if bidi == "isolate-override" and override:
        return _ISOLATES[direction] + override, _END + _END_OF_ISOLATE
    return override, _END if override else ""
