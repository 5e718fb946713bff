"""HTML for notebooks.

In: texts and what was found in them, as plain values. Out: HTML that stands by itself in a page with others, in light
and dark. Everything that comes from an article is escaped; there is no script, so it shows in notebooks that are not
trusted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from html import escape

Span = tuple[int, int]
Slot = Sequence[tuple[str, int]]
FRAME = "green"
"""The colour of frames, in words."""
HOVERED = 40
"""How many of the heaviest passages light up together in both texts; every passage links to itself in the other."""
STYLE = """
.NAME {display: grid; grid-template-columns: repeat(auto-fit, minmax(20em, 1fr)); gap: 1em; line-height: 1.6}
.NAME > div {max-height: 40em; overflow: auto; white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid #8886;
  border-radius: 4px; padding: .5em .8em}
.NAME a {color: inherit; text-decoration: none; border-radius: 2px; background: rgb(255 170 0 / var(--shade))}
.NAME a.other {border-bottom: 2px dotted #d33}
.NAME .again {background: #8882; border-radius: 2px}
.NAME .frame {background: rgb(0 150 136 / .2); border-radius: 2px}
.NAME a:target, .NAME a:hover {outline: 2px solid #d33}
"""
TEMPLATE_STYLE = """
.dedup-template {line-height: 1.8; white-space: pre-wrap; overflow-wrap: anywhere; max-width: 60em}
.dedup-template span {border-radius: 2px; background: rgb(255 170 0 / var(--shade))}
.dedup-template .frame {background: rgb(0 150 136 / .2)}
.dedup-template details {border: 1px dashed #8888; border-radius: 4px; margin: .2em 1em; padding: 0 .5em}
.dedup-template table {max-height: 20em; overflow: auto; display: block}
"""
TABLE_STYLE = """
table.dedup-table th {text-align: left; white-space: nowrap}
table.dedup-table td {text-align: left; vertical-align: top; overflow-wrap: anywhere}
"""


def side_by_side(
    left: str,
    right: str,
    passages: Sequence[tuple[Span, Span, float]],
    again: tuple[Sequence[Span], Sequence[Span]],
    frames: tuple[Sequence[tuple[Span, str]], Sequence[tuple[Span, str]]],
    similarity: tuple[float, str],
    names: tuple[str, str],
) -> str:
    """Two texts beside each other with what they share coloured by weight; each passage links to the other text.

    Args:
        left: A text.
        right: Another.
        passages: Span in the left text, span in the right one, and weight; heaviest first.
        again: Spans in the left text, and in the right one, that only repeat a passage.
        frames: Spans in the left text, and in the right one, that stand in a frame and are not counted; with a remark.
        similarity: Of the two, and a remark on it or "".
        names: What the two are called.
    """
    name = "dedup-" + hashlib.sha256(f"{left}\0{right}".encode("utf-8", "replace")).hexdigest()[:8]
    shades = [0.15 + 0.5 * (weight / passages[0][2]) ** 0.5 for *_, weight in passages]
    differ = [left[slice(*here)] != right[slice(*there)] for here, there, _ in passages]
    ours, theirs = [spans[0] for spans in passages], [spans[1] for spans in passages]
    columns = [
        _column(left, [*ours, *again[0]], frames[0], shades, differ, (name, "l", "r")),
        _column(right, [*theirs, *again[1]], frames[1], shades, differ, (name, "r", "l")),
    ]
    rules = "".join(
        f".{name}:has(.p{place}:hover) .p{place} {{outline: 2px solid #d33}}\n"
        for place in range(min(len(passages), HOVERED))
    )
    heads = [f"<div><b>{escape(called)}</b>\n{column}</div>" for called, column in zip(names, columns, strict=True)]
    carried = f", {similarity[1]}" if similarity[1] else ""
    legend = (
        f"similarity {similarity[0]:.3f} in {len(passages):,} shared passages{carried}: the darker, the heavier; "
        "dotted, the same in another spelling; grey, repeated"
    )
    if any(frames):
        legend += f"; {FRAME}, a frame"
        remarks = dict.fromkeys(words for side in frames for _, words in side)
        legend += "".join(f"; {escape(words)}" for words in remarks)
    style = f"<style>{STYLE.replace('NAME', name)}{rules}</style>"
    return f'{style}<p>{legend}</p><div class="{name}">{"".join(heads)}</div>'


def template(parts: Sequence[tuple[str, float, int] | Slot], scope: str) -> str:
    """A template: its passages, shaded by how many articles hold them, and its slots, which open to show their values.

    Args:
        parts: A passage, the share of the articles that hold it, and how many hold the frame it stands in, 0 for none;
            or the values of a slot with their counts.
        scope: What was looked at.
    """
    shown = [_passage(*part) if isinstance(part[0], str) else _slot(part) for part in parts]  # type: ignore[arg-type]
    framed = any(isinstance(part[0], str) and part[2] for part in parts)
    key = f"; {FRAME}, a frame that many others hold, too: not counted" if framed else ""
    return (
        f"<style>{TEMPLATE_STYLE}</style>"
        f"<p>template of {escape(scope)}; the darker, the more articles hold a passage{key}</p>"
        f'<div class="dedup-template">{"".join(shown)}</div>'
    )


def _passage(text: str, share: float, frame: int) -> str:
    if frame:
        words = f"{share:.0%}; in a frame shared by {frame:,} articles: not counted"
        return f'<span class="frame" title="{words}">{escape(text)}</span>'
    return f'<span style="--shade: {0.05 + 0.3 * share**2:.2f}" title="{share:.0%}">{escape(text)}</span>'


def _slot(values: Slot) -> str:
    rows = "".join(f"<tr><td>{escape(value) or '(nothing)'}</td><td>{times:,}</td></tr>" for value, times in values)
    return f"<details><summary>{_summed_up(values)}</summary><table>{rows}</table></details>"


def _summed_up(values: Slot) -> str:
    """The first value of a slot apart from how many articles hold it, and from how many others there are."""
    first, count = values[0] if values else ("", 0)
    value = f"<b>{escape(_clipped(first))}</b>" if first.strip() else "<i>nothing</i>"
    others = len(values) - 1
    more = f"; {others:,} other value{'s' * (others > 1)}" if others > 0 else ""
    return f"{value} <small>in {count:,} article{'s' * (count != 1)}{more}</small>"


def _clipped(text: str, most: int = 40) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def table(caption: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of plain texts.

    Args:
        caption: What it shows.
        heads: A text a column.
        rows: A text a cell.
    """
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "".join(f"<tr>{''.join(f'<td>{escape(text)}</td>' for text in row)}</tr>" for row in rows)
    whole = f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    return f'<style>{TABLE_STYLE}</style><p>{escape(caption)}</p><table class="dedup-table">{whole}</table>'


def _column(
    text: str,
    spans: Sequence[Span],
    frames: Sequence[tuple[Span, str]],
    shades: Sequence[float],
    differ: Sequence[bool],
    ends: tuple[str, str, str],
) -> str:
    """One text, cut where passages begin and end; a piece in several is shown as part of the heaviest.

    The first spans are those of passages, which have shades; those after them only repeat a passage.
    """
    name, here, there = ends
    shown, pieces = set(), []
    for begin, end, place in _pieces(len(text), [*spans, *(span for span, _ in frames)]):
        piece = escape(text[begin:end])
        if place >= len(spans):
            piece = f'<span class="frame" title="{escape(frames[place - len(spans)][1])}">{piece}</span>'
        elif place >= len(shades):
            piece = f'<span class="again">{piece}</span>'
        elif place >= 0:
            mark = "" if place in shown else f' id="{name}-{here}{place}"'
            kind = f"p{place} other" if differ[place] else f"p{place}"
            shown.add(place)
            partner, shade = f"#{name}-{there}{place}", f"--shade: {shades[place]:.2f}"
            piece = f'<a{mark} class="{kind}" style="{shade}" href="{partner}">{piece}</a>'
        pieces.append(piece)
    return "".join(pieces)


def _pieces(length: int, spans: Sequence[Span]) -> Iterator[tuple[int, int, int]]:
    """A text of this length in pieces: begin, end, and the first of the spans that holds it, or -1."""
    owners = [-1] * length
    for place in range(len(spans) - 1, -1, -1):
        begin, end = spans[place]
        owners[begin:end] = [place] * (end - begin)
    begin = 0
    for at in range(1, length + 1):
        if at == length or owners[at] != owners[begin]:
            yield begin, at, owners[begin]
            begin = at
