"""What was found, as a terminal shows it: tables, and texts with colours.

In: results and evidence. Out: what rich prints, with colours where the terminal has them.
Everything that comes from an article is shown without control characters, so that none can drive the terminal.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa
from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from dedup.evidence.campaign_results import Campaigns, Reason
from dedup.evidence.frame_lists import one_line
from dedup.evidence.indicators import Indicator
from dedup.evidence.keywords import Keyword
from dedup.evidence.passages import Explanation
from dedup.evidence.templates import Fixed, Slot, Template
from dedup.evidence.titles import printable, titles
from dedup.files import counted
from dedup.results import Clusters

SHOWN_CLUSTERS, SHOWN_PASSAGES, SHOWN_VALUES, SHOWN_INDICATORS = 10, 20, 5, 20
SHOWN_FRAMES = 10
WIDEST_VALUE = 32
NARROWEST = 5
"""Least width of a column that takes the remaining room (rich reads it as `width`): two Chinese characters and "…"."""
SHADES = ("black on yellow", "black on bright_yellow", "yellow")
"""Of the heaviest passages, heavy ones, and all others: from a third of the heaviest, and from a twelfth."""
FRAME = "black on cyan"
"""The style of what stands in a frame."""


def largest(found: Clusters, read: pa.Table) -> Table:
    """The largest clusters.

    Args:
        found: The result.
        read: Columns `id` and `text`, one row per article.
    """
    shown = found[:SHOWN_CLUSTERS]
    table = _table("The largest clusters")
    _add_number(table, "size", max([4, *(len(f"{len(one):,}") for one in shown)]))
    _add_number(table, "similarity")
    table.add_column("representative", overflow="fold", min_width=4, max_width=24)
    table.add_column("title", overflow="ellipsis", no_wrap=True, ratio=1, width=NARROWEST)
    headings = titles(read.column("text"), [one.representative for one in shown])
    for one, title in zip(shown, headings, strict=True):
        name = printable(str(read.column("id")[one.representative].as_py()))
        clipped = Text(name, no_wrap=True, overflow="ellipsis")  # were the column so, it would never be narrower
        table.add_row(f"{len(one):,}", f"{one.similarity:.2f}", clipped, Text(title))
    return table


def largest_campaigns(found: Campaigns) -> Table:
    """The largest campaigns of several clusters or lone articles.

    Args:
        found: All of them.
    """
    table = _table("The largest campaigns")
    for name in ("articles", "clusters", "alone"):
        _add_number(table, name)
    table.add_column("campaign", overflow="fold", min_width=4, max_width=24)
    table.add_column("indicators", overflow="fold", ratio=1, width=NARROWEST)
    for one in found.several[:SHOWN_CLUSTERS]:
        clipped = Text(printable(str(one.name)), no_wrap=True, overflow="ellipsis")
        table.add_row(
            f"{len(one):,}", f"{len(one.clusters):,}", f"{len(one.lone):,}", clipped, Text(printable(one.marks()))
        )
    return table


def campaign_clusters(clusters: Sequence[tuple[int, str, int]], lone: Sequence[str], most: int) -> Table:
    """What a campaign consists of.

    Args:
        clusters: Place, label and size of each, largest first.
        lone: Ids of its lone articles.
        most: How many are shown.
    """
    more = len(clusters) + len(lone) - most
    table = _table("Clusters and lone articles", f"and {more:,} more; --limit shows them" if more > 0 else None)
    _add_number(table, "cluster")
    _add_number(table, "articles")
    table.add_column("represented by", overflow="fold", ratio=1, width=NARROWEST)
    rows = [*((f"{place:,}", f"{size:,}", label) for place, label, size in clusters), *(("", "1", one) for one in lone)]
    for place, size, name in rows[:most]:
        table.add_row(place, size, Text(printable(name)))
    return table


def links(found: Sequence[tuple[str, str, Reason]], most: int) -> Table:
    """Why a campaign is one.

    Args:
        found: Ids of both ends, and the reason, the strongest first.
        most: How many are shown.
    """
    more = len(found) - most
    table = _table("Links", f"and {more:,} more; --limit shows them" if more > 0 else None)
    _add_number(table, "strength")
    table.add_column("between", overflow="fold", ratio=1, width=NARROWEST)
    table.add_column("why", overflow="fold", ratio=2, width=NARROWEST)
    for left, right, reason in found[:most]:
        both = Text(f"{printable(left)} and {printable(right)}")
        table.add_row(f"{reason.strength:.2f}", both, Text(printable(reason.words)))
    return table


def _table(title: str, caption: str | None = None, *, header: bool = True) -> Table:
    """As wide as the terminal."""
    return Table(
        title=title,
        title_justify="left",
        caption=caption,
        caption_justify="left",
        show_header=header,
        expand=True,
    )


def _add_number(table: Table, name: str, digits: int = 4) -> None:
    """A column of numbers, which are never broken; the heading may be."""
    table.add_column(name, justify="right", overflow="fold", min_width=digits, max_width=max(digits, len(name)))


def explanation(found: Explanation) -> RenderableType:
    """How similar two texts are, both side by side with what they share coloured by weight, the heaviest passages.

    Args:
        found: Of two articles.
    """
    both = Table.grid(padding=(0, 2), expand=True)
    both.add_column(ratio=1, overflow="fold")
    both.add_column(ratio=1, overflow="fold")
    both.add_row(*(Text(printable(name), style="bold") for name in found.names))
    both.add_row(_marked(found, 0), _marked(found, 1))
    count = len(found.passages)
    frames = _frames(found) if any(found.frames) else ()
    if not count:
        return Group(Text(f"similarity {found.similarity:.3f}. No shared passage"), Text(), both, *frames)
    head = f"similarity {found.similarity:.3f} in {counted(count, 'shared passage')}"
    return Group(Text("; ".join(filter(None, (head, found.spread)))), Text(), both, Text(), _passages(found), *frames)


def _frames(found: Explanation) -> Iterator[RenderableType]:
    """What is coloured as a frame, and why."""
    written = found.framed()
    yield Text()
    yield Text.assemble((" frame ", FRAME), " is no evidence, and not counted:")
    for text, span in written[:SHOWN_FRAMES]:
        yield Text.assemble((printable(one_line(text)), FRAME), f" {span.words}")
    if len(written) > SHOWN_FRAMES:
        yield Text(f"and {len(written) - SHOWN_FRAMES:,} more")


def _passages(found: Explanation) -> Table:
    """The heaviest passages as both texts write them."""
    rest = [passage.weight for passage in found.passages[SHOWN_PASSAGES:]]
    caption = f"and {len(rest):,} more, of weight {sum(rest):.4f}" if rest else None
    table = _table("Passages; the weights add up to the similarity", caption)
    _add_number(table, "weight", 6)
    for name in found.names:
        table.add_column(escape(printable(name)), overflow="fold", ratio=1, width=NARROWEST)
    for passage in found.passages[:SHOWN_PASSAGES]:
        left, right = found.texts(passage)
        table.add_row(f"{passage.weight:.4f}", Text(printable(left)), Text("=" if left == right else printable(right)))
    return table


def _marked(found: Explanation, side: int) -> Text:
    """One text with its passages coloured, the heaviest on top; what only repeats a passage is underlined."""
    text = Text(_visible((found.left, found.right)[side]))
    for begin, end, _ in found.frames[side]:
        text.stylize(FRAME, begin, end)
    for span in found.again[side]:
        text.stylize("underline", *span)
    heaviest = found.passages[0].weight if found.passages else 1.0
    for passage in reversed(found.passages):
        share = passage.weight / heaviest
        text.stylize(SHADES[0 if share > 1 / 3 else 1 if share > 1 / 12 else 2], *(passage.left, passage.right)[side])
    return text


def _visible(text: str) -> str:
    """The text with blanks for control characters, so that spans stay the same."""
    return "".join(c if c == "\n" or unicodedata.category(c) not in ("Cc", "Cf", "Cs") else " " for c in text)


def members(ids: Sequence[str], similarity: Sequence[float | None], headings: Sequence[str], most: int) -> Table:
    """The members of a cluster.

    Args:
        ids: Of all of them.
        similarity: To the representative, None where it was never computed.
        headings: Titles of the members that are shown, "" where there is no title.
        most: How many are shown.
    """
    caption = f"and {len(ids) - most:,} more; --limit shows them" if len(ids) > most else None
    table = _table("Members", caption)
    _add_number(table, "similarity")
    table.add_column("id", overflow="fold", ratio=1, width=NARROWEST)
    if any(headings):
        table.add_column("title", overflow="ellipsis", no_wrap=True, ratio=1, width=NARROWEST)
    for place in range(min(most, len(ids))):
        value = similarity[place]
        title = [Text(printable(headings[place]))] if any(headings) else []
        table.add_row("" if value is None else f"{value:.2f}", Text(printable(ids[place])), *title)
    return table


def evidence(words: Sequence[Keyword], marks: Sequence[Indicator], frame: Template) -> Group:
    """What a cluster is about; parts that are empty are left out.

    Args:
        words: Its keywords.
        marks: Its indicators.
        frame: Its template.
    """
    shown: list[RenderableType] = []
    if words:
        shown.append(keywords(words))
    if marks:
        shown.append(indicators(marks))
    if frame.parts:
        shown.append(template(frame))
    return Group(*shown)


def template(found: Template) -> Table:
    """A template: one row per passage or slot.

    Args:
        found: Of a cluster.
    """
    table = _table(f"Template of {found.scope}", header=False)
    table.add_column(justify="right", style="dim")
    table.add_column(overflow="fold", ratio=1, width=NARROWEST)
    for part in found.parts:
        if isinstance(part, Fixed):
            table.add_row(f"{part.members:,}", _fixed(part))
        else:
            table.add_row(f"{part.members:,}", _values(part))
    return table


def _fixed(part: Fixed) -> Text:
    if not part.frame:
        return Text(printable(part.text), style="bold")
    return Text.assemble((printable(part.text), FRAME), f" in a frame: shared by {part.frame:,} articles, not counted")


def _values(slot: Slot) -> Text:
    shown = Text()
    for value, count in slot.values[:SHOWN_VALUES]:
        line = printable(value) or "(nothing)"
        clipped = line if len(line) <= WIDEST_VALUE else line[: WIDEST_VALUE - 1] + "…"
        shown.append(" | " if shown else "").append(clipped, style="magenta").append(f" {count:,}", style="dim")
    more = len(slot.values) - SHOWN_VALUES
    return shown.append(f" | {more:,} more", style="dim") if more > 0 else shown


def indicators(found: Sequence[Indicator]) -> Table:
    """What identifies whoever is behind a cluster.

    Args:
        found: Those of a cluster, the most frequent first.
    """
    caption = f"and {len(found) - SHOWN_INDICATORS:,} more" if len(found) > SHOWN_INDICATORS else None
    table = _table("Indicators", caption)
    table.add_column("held by", justify="right", overflow="fold", min_width=4, max_width=14)
    table.add_column("kind", overflow="fold", min_width=4, max_width=8)
    table.add_column("value", overflow="fold", ratio=1, width=NARROWEST)
    for one in found[:SHOWN_INDICATORS]:
        table.add_row(f"{one.members:,} of {one.of:,}", one.kind, Text(printable(one.value), style="bold"))
    return table


def keywords(found: Iterable[Keyword]) -> Columns:
    """Keywords on as few lines as there is room for.

    Args:
        found: Those of a cluster.
    """
    return Columns([Text("Keywords:", style="italic"), *(Text(printable(one.word)) for one in found)])
