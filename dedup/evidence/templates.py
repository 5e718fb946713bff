"""What many articles share, as the template they may have been spun from: fixed passages, and slots between them.

In: the texts of a cluster, or a sample of them. Out: a `Template`: passages that most texts hold, in reading order, and
the values that stand between two of them. `dedup.evidence.scaffolding` finds where these are in each text; here they
are written out. Costs about 50 ms for 64 texts of 1,000 characters. Knows no weights and no corpus.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from dedup.evidence import notebook
from dedup.evidence.scaffolding import FoldedTexts, Fragment, Holders, Token, gaps, scaffold
from dedup.stages.folding import fold

MOST_MARKS = 80
"""Characters before and behind a passage in which its punctuation is looked for."""
SHOWN_VALUES, SHOWN_CHARACTERS = 6, 24
"""Values of a slot, and characters of a value, in a printed template."""
CLOSING, OPENING = " 。！？，、；：.!?,;:)）]】》」』”’…", " ([（【《「『“‘"
"""Marks that end something: not part of a passage that follows. Marks that begin something: not of one before."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """A passage that most of the articles hold.

    Attributes:
        text: As it is written most often.
        members: How many of the sampled articles hold it, or more than half of it: one may have changed a word.
        frame: How many articles anywhere hold the frame that it stands in, such as a site's footer; 0 where it is in
            none. What stands in a frame is no evidence, and was not counted.

    Example:
        >>> clusters[0].template().fixed[1]
        Fixed(text='[[WeChat @yunlu-tea-88](https://example.com/yunlu)]**', members=5, frame=0)
    """

    text: str
    members: int
    frame: int = 0


@dataclass(frozen=True, slots=True)
class Slot:
    """What stands between two fixed passages.

    Attributes:
        values: The distinct values as they are written most often, each with how many of the sampled articles have it,
            the most frequent first; "" where nothing stands between.
        members: How many of the sampled articles have both passages with nothing fixed between them.

    Example:
        >>> [(value[:6], count) for value, count in clusters[0].template().slots[0].values][:2]
        [('之后怎么存？', 1), ('怎么订？从选', 1)]
    """

    values: tuple[tuple[str, int], ...]
    members: int


@dataclass(frozen=True, eq=False, repr=False)
class Template:
    """What articles share, in reading order; prints as lines, shows as coloured text in a notebook.

    Attributes:
        parts: Fixed passages and slots.
        members: How many articles there are.
        sampled: How many of them, with distinct texts, were looked at.

    Example:
        >>> from dedup.evidence.templates import template
        >>> found = template([f"Dear {name}, your parcel waits for you." for name in ("Ana", "Bo", "Cem")])
        >>> print(found)
        template of 3 articles
            3  {Dear Ana, 1 | Dear Bo, 1 | Dear Cem, 1}
            3  your parcel waits for you.
        >>> found.scope, len(found.fixed), len(found.slots)
        ('3 articles', 1, 1)
    """

    parts: tuple[Fixed | Slot, ...]
    members: int
    sampled: int

    @property
    def fixed(self) -> tuple[Fixed, ...]:
        """The passages alone."""
        return tuple(part for part in self.parts if isinstance(part, Fixed))

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The slots alone."""
        return tuple(part for part in self.parts if isinstance(part, Slot))

    @property
    def scope(self) -> str:
        """How many articles were looked at, in words."""
        plural = "s" * (self.members != 1)
        some = f"{self.sampled:,} of {self.members:,} articles, those with distinct texts or a sample of them"
        return some if self.sampled < self.members else f"{self.members:,} article{plural}"

    def __repr__(self) -> str:
        """One line: how many passages and slots."""
        return f"<Template: {len(self.fixed):,} passages and {len(self.slots):,} slots of {self.scope}>"

    def __str__(self) -> str:
        """A line a passage and a line a slot with its most frequent values, each with how many articles have it."""
        lines = [f"template of {self.scope}"]
        for part in self.parts:
            if isinstance(part, Fixed):
                lines.append(f"{part.members:>5,}  {' '.join(part.text.split())}")
                lines += [f"       (in a frame: shared by {part.frame:,} articles, not counted)"] * (part.frame > 0)
            else:
                lines.append(f"{part.members:>5,}  {{{_shown(part)}}}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """Passages with slots between them, for a notebook."""
        parts = [
            (part.text, part.members / self.sampled, part.frame) if isinstance(part, Fixed) else part.values
            for part in self.parts
        ]
        return notebook.template(parts, self.scope)


def _shown(slot: Slot) -> str:
    """The most frequent values of a slot on one line."""
    shown = []
    for value, count in slot.values[:SHOWN_VALUES]:
        line = " ".join(value.split()) or "(nothing)"
        shown.append(f"{line[:SHOWN_CHARACTERS]}{'…' * (len(line) > SHOWN_CHARACTERS)} {count:,}")
    more = len(slot.values) - SHOWN_VALUES
    return " | ".join(shown) + (f" | {more:,} more" if more > 0 else "")


def template(texts: Sequence[str], *, members: int | None = None, share: float = 0.5) -> Template:
    """Find the template that texts share.

    Args:
        texts: Distinct texts of articles.
        members: How many articles they stand for; None is as many as there are texts.
        share: A passage is fixed if more than this share of the texts, and at least two, hold it or more than half of
            it. Of one text everything is fixed.

    Returns:
        Passages and slots in the order that most texts have them in.

    Example:
        >>> print(template(["续费手机卡找小云，三分钟完成", "續費手機卡找阿明，三分鐘完成"]))
        template of 2 articles
            2  续费手机卡找
            2  {小云， 1 | 阿明， 1}
            2  三分钟完成
    """
    folded = FoldedTexts.of(texts)
    parts = tuple(_parts(folded, scaffold(folded, max(2, int(share * len(texts)) + 1))))
    return Template(parts, len(texts) if members is None else members, len(texts))


def framed(found: Template, texts: Sequence[tuple[str, Sequence[tuple[int, int, int]]]]) -> Template:
    """The same template, with `Fixed.frame` of its passages.

    Args:
        found: A template.
        texts: Some of the texts it is of, each with the spans of it that stand in frames: begin, end, holders.
    """
    if not any(spans for _, spans in texts):
        return found
    parts = [
        replace(part, frame=_frame_of(part.text, texts)) if isinstance(part, Fixed) else part for part in found.parts
    ]
    return replace(found, parts=tuple(parts))


def _frame_of(passage: str, texts: Sequence[tuple[str, Sequence[tuple[int, int, int]]]]) -> int:
    """Holders of the frame that most of a passage stands in, the median over texts; 0 if it stands in none."""
    counts = []
    for text, spans in texts:
        begin = text.find(passage)
        if begin >= 0:
            end = begin + len(passage)
            inside = [
                (min(end, stop) - max(begin, start), held)
                for start, stop, held in spans
                if start < end and begin < stop
            ]
            counts.append(max(inside)[1] if 2 * sum(length for length, _ in inside) > len(passage) else 0)
    return sorted(counts)[len(counts) // 2] if counts else 0


# --- how they are written -----------------------------------------------------------------------------------------


def _parts(folded: FoldedTexts, frame: list[Token]) -> Iterator[Fixed | Slot]:
    """The frame as it is written: passages, and slots where anything stands between them."""
    marks = [_marks(folded, token.places) for token in frame]
    for number, gap in enumerate(gaps(frame, folded.fragments)):
        if any(fragment.begin < fragment.end for fragment in gap):
            before = marks[number - 1][1] if number else ""
            behind = marks[number][0] if number < len(frame) else ""
            yield Slot(_values(folded, gap, before, behind), len(gap))
        if number < len(frame):
            held = frame[number].places
            written = Counter(folded.inside(text, *place) for text, place in held.items()).most_common(1)[0][0]
            yield Fixed("".join((marks[number][0], written, marks[number][1])).strip(), len(held))


def _marks(folded: FoldedTexts, held: Holders) -> tuple[str, str]:
    """Punctuation around a passage in most texts: what opens it on its first line, and closes it on its last."""
    before = [folded.between(text, place.begin, place.begin)[: -MOST_MARKS - 1 : -1] for text, place in held.items()]
    behind = [folded.between(text, place.end, place.end)[:MOST_MARKS] for text, place in held.items()]
    opening = _common_start(before)[::-1].rpartition("\n")[2].lstrip(CLOSING)
    return opening, _common_start(behind).partition("\n")[0].rstrip(OPENING)


def _common_start(strings: list[str]) -> str:
    """The longest string with which more than half of these begin."""
    start, left = "", strings
    while True:
        after = Counter(string[len(start)] for string in left if len(string) > len(start))
        best, count = max(after.items(), key=lambda one: (one[1], one[0]), default=("", 0))
        if 2 * count <= len(strings):
            return start
        start += best
        left = [string for string in left if string.startswith(start)]


def _values(folded: FoldedTexts, gap: list[Fragment], before: str, behind: str) -> tuple[tuple[str, int], ...]:
    """The distinct values of a slot, as written most often, without the marks of the passages around it."""
    written: dict[str, Counter[str]] = {}
    for text, begin, end in gap:
        value = ""
        if begin < end:
            value = folded.between(text, begin, end).removeprefix(before).removesuffix(behind).strip()
        written.setdefault(fold(value), Counter())[value] += 1
    counted = [(ways.most_common(1)[0][0], ways.total()) for ways in written.values()]
    return tuple(sorted(counted, key=lambda one: (-one[1], one[0])))
