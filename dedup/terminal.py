"""What was found, as a terminal shows it: tables, and texts with colours.

In: results and evidence. Out: what rich prints, with colours where the terminal has them and without where it does not.
Everything that comes from an article is shown without control characters, so that none can drive the terminal.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

import pyarrow as pa
from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from dedup.indicators import Indicator
from dedup.keywords import Keyword
from dedup.passages import Explanation
from dedup.results import Clusters
from dedup.templates import Fixed, Slot, Template
from dedup.titles import printable, titles

SHOWN_CLUSTERS, SHOWN_PASSAGES, SHOWN_VALUES, SHOWN_INDICATORS = 10, 20, 5, 20
WIDEST_VALUE = 32
SHADES = ("black on yellow", "black on bright_yellow", "yellow")
"""Of the heaviest passages, heavy ones, and all others: from a third of the heaviest, and from a twelfth."""


def largest(found: Clusters, read: pa.Table) -> Table:
    """The largest clusters.

    Args:
        found: The result.
        read: Columns `id` and `text`, a row an article.
    """
    table = Table(title="The largest clusters", title_justify="left", expand=True)
    table.add_column("size", justify="right", width=max(4, len(f"{len(found[0]):,}")))
    table.add_column("similarity", justify="right", width=10)
    table.add_column("representative", overflow="ellipsis", no_wrap=True, width=24)
    table.add_column("title", overflow="ellipsis", no_wrap=True, ratio=1)
    shown = found[:SHOWN_CLUSTERS]
    headings = titles(read.column("text"), [one.representative for one in shown])
    for one, title in zip(shown, headings, strict=True):
        name = printable(str(read.column("id")[one.representative].as_py()))
        table.add_row(f"{len(one):,}", f"{one.similarity:.2f}", Text(name), Text(title))
    return table


def explanation(found: Explanation) -> RenderableType:
    """Both texts side by side with what they share coloured by weight, and the heaviest passages.

    Args:
        found: Of two articles.
    """
    both = Table.grid(padding=(0, 2), expand=True)
    both.add_column(ratio=1, overflow="fold")
    both.add_column(ratio=1, overflow="fold")
    both.add_row(*(Text(printable(name), style="bold") for name in found.names))
    both.add_row(_marked(found, 0), _marked(found, 1))
    count = len(found.passages)
    passages = Table(title=f"{count:,} shared passage{'s' * (count != 1)}", title_justify="left", expand=True)
    passages.add_column("weight", justify="right", width=6)
    for name in found.names:
        passages.add_column(escape(printable(name)), ratio=1, overflow="fold")
    for passage in found.passages[:SHOWN_PASSAGES]:
        left, right = found.texts(passage)
        passages.add_row(
            f"{passage.weight:.4f}", Text(printable(left)), Text("=" if left == right else printable(right))
        )
    rest = sum(passage.weight for passage in found.passages[SHOWN_PASSAGES:])
    more = Text(f"and {count - SHOWN_PASSAGES:,} more, of weight {rest:.4f}") if count > SHOWN_PASSAGES else Text()
    return Group(both, Text(), passages if count else Text("No shared passage"), more, Text(_similar(found)))


def _similar(found: Explanation) -> str:
    return f"similarity {found.similarity:.3f}, the sum of the weights"


def _marked(found: Explanation, side: int) -> Text:
    """One text, its passages coloured, lighter ones first, so that heavier ones show; what repeats one underlined."""
    text = Text(_visible((found.left, found.right)[side]))
    for span in found.again[side]:
        text.stylize("underline", *span)
    heaviest = found.passages[0].weight if found.passages else 1.0
    for passage in reversed(found.passages):
        share = passage.weight / heaviest
        text.stylize(SHADES[0 if share > 1 / 3 else 1 if share > 1 / 12 else 2], *(passage.left, passage.right)[side])
    return text


def _visible(text: str) -> str:
    """The same length without controls, so that spans stay what they are."""
    return "".join(c if c == "\n" or unicodedata.category(c) not in ("Cc", "Cf", "Cs") else " " for c in text)


def members(ids: Sequence[str], similarity: Sequence[float | None], headings: Sequence[str], most: int) -> Table:
    """The members of a cluster.

    Args:
        ids: Of all of them.
        similarity: To the representative, None where it was never computed.
        headings: A title each, or none at all.
        most: How many are shown.
    """
    caption = f"and {len(ids) - most:,} more; --limit shows them" if len(ids) > most else None
    table = Table(title="Members", title_justify="left", expand=True, caption=caption, caption_justify="left")
    table.add_column("similarity", justify="right", width=10)
    table.add_column("id", overflow="fold", ratio=1)
    if headings:
        table.add_column("title", overflow="ellipsis", no_wrap=True, ratio=1)
    for place in range(min(most, len(ids))):
        value = similarity[place]
        title = [Text(printable(headings[place]))] if headings else []
        table.add_row("" if value is None else f"{value:.2f}", Text(printable(ids[place])), *title)
    return table


def template(found: Template) -> Table:
    """A template: a row a passage or slot.

    Args:
        found: Of a cluster.
    """
    table = Table(title=f"Template of {found.scope}", title_justify="left", expand=True, show_header=False)
    table.add_column(justify="right", width=7, style="dim")
    table.add_column(ratio=1, overflow="fold")
    for part in found.parts:
        if isinstance(part, Fixed):
            table.add_row(f"{part.members:,}", Text(printable(part.text), style="bold"))
        else:
            table.add_row("", _values(part))
    return table


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
    table = Table(title="Indicators", title_justify="left", expand=True, caption=caption, caption_justify="left")
    table.add_column("held by", justify="right", width=14)
    table.add_column("kind", width=8)
    table.add_column("value", overflow="fold", ratio=1)
    for one in found[:SHOWN_INDICATORS]:
        table.add_row(f"{one.members:,} of {one.of:,}", one.kind, Text(printable(one.value), style="bold"))
    return table


def keywords(found: Iterable[Keyword]) -> Columns:
    """Keywords on as few lines as there is room for.

    Args:
        found: Those of a cluster.
    """
    return Columns([Text("Keywords:", style="italic"), *(Text(printable(one.word)) for one in found)])
