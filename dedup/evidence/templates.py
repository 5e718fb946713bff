"""What many articles share, as the template they may have been spun from: fixed passages, and slots between them.

In: the texts of a cluster, or a sample of them. Out: a `Template`: passages that most texts hold, in reading order, and
the values that stand between two of them. `dedup.evidence.assembly` finds the passages, wide ones first and then
narrower ones in the gaps between them; here they are put in order. Sections in another order, or missing in some, do no
harm. Costs about 50 ms for 64 texts of 1,000 characters. Knows no weights and no corpus.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise
from statistics import median
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.evidence import notebook
from dedup.evidence.assembly import assemble
from dedup.stages.folding import fold, trace

Integers = NDArray[np.int64]

ANY = 1 << 62
LEVELS = ((24, ANY, ANY), (12, 400, 2_000), (6, 80, 400))
"""Least width of a passage in units; the length in characters of a gap up to which it is looked for there; the same for
passages that all texts hold there, mostly once. Eight Chinese characters that most of some articles share are a
template's; two are where there is room for a sentence, or where no text is without them."""
ENOUGH_FOR_ALL = 5
"""So many texts, at least, are all."""
MOSTLY = 0.9
"""Share of them that must not repeat it, and of the texts with two passages that must have them together."""
WIDEST = 3
"""Units of a character, at most."""
NARROWEST_LINE = 6
"""Units of a line, such as a heading, that is a passage by itself."""
FEWEST_INSIDE = 4
"""So many texts must hold a narrow passage, or all: of three on one subject, two words are soon the same."""
MOST_REPEATS = 8
"""A passage that most texts repeat more often counts where it comes first and where it comes last."""
ALMOST_ALL = 0.75
"""Share of the texts with a gap that must hold a passage inside it."""
MOST_MARKS = 80
"""Punctuation around a passage that is looked at."""
MOST_COMPARED = 400
"""Chains of which it is counted in how many texts each comes before each; more are put in order by where they stand."""
SHOWN_VALUES, SHOWN_CHARACTERS = 6, 24
"""Of a slot, and of a value, where a template is printed."""
CLOSING, OPENING = " 。！？，、；：.!?,;:)）]】》」』”’…", " ([（【《「『“‘"
"""What ends and what begins something else, and so belongs to no passage that it stands before or behind."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """A passage that most of the articles hold.

    Attributes:
        text: As it is written most often.
        members: How many of the sampled articles hold it, or more than half of it: one may have changed a word.
        frame: How many articles anywhere hold the frame that it stands in, such as a site's footer; 0 where it is in
            none. What stands in a frame is no evidence, and was not counted.
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
    """

    values: tuple[tuple[str, int], ...]
    members: int


@dataclass(frozen=True, eq=False, repr=False)
class Template:
    """The frame that articles share, in reading order; prints as lines, shows as coloured text in a notebook.

    Attributes:
        parts: Fixed passages and slots.
        members: How many articles there are.
        sampled: How many of them, with distinct texts, were looked at.
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


class _Piece(NamedTuple):
    """A stretch of one text that stands in the same gap as those of others."""

    text: int
    begin: int
    end: int


class _Folded(NamedTuple):
    """Folded texts, one after the other."""

    texts: Sequence[str]
    codes: NDArray[np.uint32]
    begins: Integers
    """Where in its original each folded character begins."""
    ends: Integers
    bounds: Integers
    """(n + 1,): where each text begins."""

    def inside(self, text: int, begin: int, end: int) -> str:
        """The original of some folded characters."""
        return self.texts[text][self.begins[begin] : self.ends[end - 1]]

    def between(self, text: int, begin: int, end: int) -> str:
        """The same with all that stands around it, up to the folded characters before and behind."""
        start = self.ends[begin - 1] if begin > self.bounds[text] else 0
        stop = self.begins[end] if end < self.bounds[text + 1] else len(self.texts[text])
        return self.texts[text][start:stop]


class _Place(NamedTuple):
    """Where a text holds a passage."""

    begin: int
    end: int


_Held = dict[int, _Place]
"""Where each text that holds a passage does."""


class _Token(NamedTuple):
    """A passage in its place in the frame."""

    places: _Held
    opens: bool
    """Whether it begins a chain, before which any other may stand."""


def template(texts: Sequence[str], *, members: int | None = None, share: float = 0.5) -> Template:
    """Find the frame that texts share.

    Args:
        texts: Distinct texts of articles.
        members: How many articles they stand for; None is as many as there are texts.
        share: A passage is fixed if more than this share of the texts, and at least two, hold it or more than half of
            it. Of one text everything is fixed.

    Returns:
        Passages and slots in the order that most texts have them in.
    """
    folded = _fold(texts)
    least = max(2, int(share * len(texts)) + 1)
    pieces = [_Piece(text, int(begin), int(end)) for text, (begin, end) in enumerate(pairwise(folded.bounds))]
    if len(texts) == 1 and len(folded.codes):  # which shares all with its copies
        frame = [_Token({0: _Place(0, len(folded.codes))}, opens=True)]
    else:
        frame = _whole(_frame(folded, pieces, least), pieces, least)
    parts = tuple(_parts(folded, pieces, frame))
    return Template(parts, len(texts) if members is None else members, len(texts))


def framed(found: Template, texts: Sequence[tuple[str, Sequence[tuple[int, int, int]]]]) -> Template:
    """The same template, which says of its passages which of them stand in frames.

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
    """Holders of the frame that most of a passage stands in, in most places where it is; 0 if in none."""
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


def _fold(texts: Sequence[str]) -> _Folded:
    traced = [trace(text) for text in texts]
    bounds = np.cumsum([0, *(len(one.codes) for one in traced)])
    codes = np.concatenate([np.empty(0, np.uint32), *(one.codes for one in traced)])
    begins = np.concatenate([np.empty(0, np.int64), *(one.begins for one in traced)])
    ends = np.concatenate([np.empty(0, np.int64), *(one.ends for one in traced)])
    return _Folded(texts, codes, begins, ends, bounds)


# --- passages that most texts share -------------------------------------------------------------------------------


def _frame(folded: _Folded, pieces: list[_Piece], least: int) -> list[_Token]:
    """The passages that most texts share, in order; between those that are near each other, narrower ones."""
    layout: list[_Token | list[_Piece]] = [pieces]
    for level in range(len(LEVELS)):
        found = iter(_found(folded, [part for part in layout if isinstance(part, list)], least, level))
        layout = [new for part in layout for new in (_split(part, next(found)) if isinstance(part, list) else [part])]
    tokens = [part for part in layout if isinstance(part, _Token)]
    return [token._replace(opens=token.opens or not place) for place, token in enumerate(tokens)]


def _split(gap: list[_Piece], tokens: list[_Token]) -> list[_Token | list[_Piece]]:
    """What is left of a gap, with the tokens that were found in it."""
    if not tokens:
        return [gap]
    before = _gaps(tokens, gap)
    return [*(part for pair in zip(before, tokens, strict=False) for part in pair), before[-1]]


def _found(folded: _Folded, gaps: list[list[_Piece]], least: int, level: int) -> list[list[_Token]]:
    """The tokens of each gap, in order; all gaps are searched at once."""
    width = LEVELS[level][0]
    wanted = [_wanted(gap, len(folded.texts), least, level) for gap in gaps]
    searched = [number for number, (fewest, _) in enumerate(wanted) if fewest]
    pieces = [piece for number in searched for piece in gaps[number]]
    owners = np.repeat(np.arange(len(searched)), [len(gaps[number]) for number in searched])
    _, begins, ends = np.array(pieces, np.int64).reshape(-1, 3).T
    enough = np.array([wanted[number][0] for number in searched], np.int64)
    passages: list[dict[int, dict[int, list[_Place]]]] = [{} for _ in gaps]
    for passage, piece, start, stop in assemble(folded.codes, begins, ends, owners, enough, width):
        held = passages[searched[owners[piece]]].setdefault(passage, {})
        held.setdefault(pieces[piece].text, []).append(_Place(start, stop))
    found: list[list[_Token]] = [[] for _ in gaps]
    for number in searched:
        gap, (fewest, once) = gaps[number], wanted[number]
        held = list(passages[number].values()) + ([] if level else _lines(folded, gap, width, fewest))
        if held:
            found[number] = _ordered(_tokens(gap, held, fewest, once=once), gap, fewest, level)
    return found


def _wanted(gap: list[_Piece], texts: int, least: int, level: int) -> tuple[int, bool]:
    """How many texts must hold a passage of this level in a gap, 0 if none is looked for, and whether once."""
    width, longest, longest_of_all = LEVELS[level]
    narrowest = width if level else NARROWEST_LINE
    wide = sum(piece.end - piece.begin >= narrowest // WIDEST for piece in gap)
    fewest = max(least, min(texts, FEWEST_INSIDE), int(np.ceil(ALMOST_ALL * len(gap)))) if level else least
    if wide < fewest:
        return 0, False
    length = median(piece.end - piece.begin for piece in gap)
    if length <= longest:
        return fewest, False
    return (len(gap), True) if length <= longest_of_all and len(gap) >= ENOUGH_FOR_ALL else (0, False)


def _tokens(gap: list[_Piece], found: list[dict[int, list[_Place]]], least: int, *, once: bool) -> list[_Held]:
    """The passages as tokens: one that is repeated is several, or none if it may stand but `once`."""
    if once:
        found = [places for places in found if sum(len(held) == 1 for held in places.values()) >= MOSTLY * least]
    pieces = {piece.text: piece for piece in gap}
    return [token for places in found for token in _repeats(places, pieces, least)]


def _lines(folded: _Folded, pieces: list[_Piece], width: int, least: int) -> list[dict[int, list[_Place]]]:
    """Lines too narrow for a gram of this width that enough texts hold: where each text holds each."""
    found: dict[bytes, dict[int, list[_Place]]] = {}
    for text, begin, end in pieces:
        breaks = [match.start() for match in re.finditer("\n", folded.texts[text])]
        cuts = begin + np.unique(np.searchsorted(folded.begins[begin:end], [-1, *breaks, 1 << 62]))
        units = np.concatenate([[0], np.cumsum(folded.codes[begin:end] >> kernels.UNIT_SHIFT)])[cuts - begin]
        for line in np.flatnonzero((np.diff(units) >= NARROWEST_LINE) & (np.diff(units) < width)).tolist():
            place = _Place(int(cuts[line]), int(cuts[line + 1]))
            found.setdefault(folded.codes[slice(*place)].tobytes(), {}).setdefault(text, []).append(place)
    return [places for places in found.values() if len(places) >= least]


def _repeats(places: dict[int, list[_Place]], pieces: dict[int, _Piece], least: int) -> list[_Held]:
    """A passage as often as enough texts repeat it: what comes first, second and so on, and what comes last.

    A text that has it less often, or one of several, has it where it is nearest to where the others do.
    """
    counts = sorted((len(held) for held in places.values()), reverse=True)
    if len(counts) < least:
        return []
    often = counts[least - 1] if counts[least - 1] <= MOST_REPEATS else 2
    where = {text: [_relative(pieces[text], place) for place in held] for text, held in places.items()}
    ends = [[*held[: often - 1], held[-1]] for held in where.values() if len(held) >= often]
    plain = [held for held in where.values() if len(held) == often]
    means = np.mean(plain or ends, axis=0)
    tokens: list[_Held] = [{} for _ in range(often)]
    for text, held in places.items():
        for k, place in _matched(where[text], means):
            tokens[k][text] = held[place]
    return tokens


def _relative(piece: _Piece, place: _Place) -> float:
    """Where in its piece a place is, 0 to 1."""
    return (place.begin - piece.begin) / (piece.end - piece.begin)


def _matched(where: list[float], means: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Which of the expected places each is, in order: number of the expected one, number of the place."""
    often, count = len(means), len(where)
    if count > often > 1:
        return [*((k, k) for k in range(often - 1)), (often - 1, count - 1)]
    few, many = (where, means.tolist()) if count <= often else (means.tolist(), where)
    fits = combinations(range(len(many)), len(few))
    best = min(fits, key=lambda ks: sum(abs(many[k] - x) for k, x in zip(ks, few, strict=True)))
    return [(k, n) if count <= often else (n, k) for n, k in enumerate(best)]


# --- their order, and what stands between -------------------------------------------------------------------------


def _ordered(tokens: list[_Held], pieces: list[_Piece], least: int, level: int) -> list[_Token]:
    """Tokens in the order that most texts have them in.

    Those of which one mostly comes next after the other stay together, so that sections that every text has in an order
    of its own stay whole. Of two such chains, the one comes first that does in most texts.
    """
    tokens = [token for token in _apart(tokens) if len(token) >= least]
    chains = _chains(tokens)
    at = np.full((len(pieces), len(chains)), np.nan)
    for column, chain in enumerate(chains):
        for row, (text, begin, end) in enumerate(pieces):
            places = [tokens[k][text].begin for k in chain if text in tokens[k]]
            if places:
                at[row, column] = (np.mean(places) - begin) / max(end - begin, 1)
    order = [chains[chain] for chain in _by_majority(at).tolist()]
    return [_Token(tokens[k], opens=not level and k == chain[0]) for chain in order for k in chain]


def _chains(tokens: list[_Held]) -> list[list[int]]:
    """Tokens of which each comes next after the one before it in more than half of the texts that hold either."""
    follows: Counter[tuple[int, int]] = Counter()
    for places in _by_text(tokens).values():
        follows.update(pairwise(number for _, number in sorted(places)))
    chains = {number: [number] for number in range(len(tokens))}  # by the number of their last, and of their first
    heads = dict(chains)
    for (a, b), count in follows.most_common():
        if 2 * count > max(len(tokens[a]), len(tokens[b])) and a in chains and b in heads and chains[a] is not heads[b]:
            before, behind = chains.pop(a), heads.pop(b)
            before += behind
            chains[behind[-1]] = before
    return list(heads.values())


def _by_text(tokens: list[_Held]) -> dict[int, list[tuple[_Place, int]]]:
    """Where each text holds which tokens."""
    texts: dict[int, list[tuple[_Place, int]]] = {}
    for number, token in enumerate(tokens):
        for text, place in token.items():
            texts.setdefault(text, []).append((place, number))
    return texts


def _by_majority(at: NDArray[np.float64]) -> Integers:
    """The columns in order: the one that comes before most others in most rows first (Copeland, 1951).

    Of two that no row has both, the one that is nearer to the beginning on average comes first.
    """
    means = np.nanmean(at, axis=0) if at.shape[1] else np.empty(0)
    if at.shape[1] > MOST_COMPARED:
        return np.argsort(means, kind="stable")
    ahead = np.zeros((at.shape[1],) * 2)
    for held in at:
        ahead += np.nan_to_num(np.sign(held[None, :] - held[:, None]))
    unknown = np.sign(means[None, :] - means[:, None])
    wins = np.sign(np.where(ahead == 0, unknown, ahead)).sum(axis=1)
    return np.lexsort((means, -wins))


def _apart(tokens: list[_Held]) -> list[_Held]:
    """Tokens without the characters that another has: of two that overlap, the one that more texts hold keeps them."""
    cut: list[_Held] = [{} for _ in tokens]
    for text, places in _by_text(tokens).items():
        kept: list[tuple[_Place, int]] = []
        for place, number in sorted(places, key=lambda one: (one[0].begin, -one[0].end)):
            begin = _make_room(kept, place.begin, len(tokens[number]), tokens)
            if begin < place.end:
                kept.append((_Place(begin, place.end), number))
        for place, number in kept:
            cut[number][text] = place
    return cut


def _make_room(kept: list[tuple[_Place, int]], begin: int, holders: int, tokens: list[_Held]) -> int:
    """Where a place that begins here may begin: what fewer texts hold ends there, what more do comes first."""
    while kept and kept[-1][0].end > begin:
        before, number = kept.pop()
        if len(tokens[number]) >= holders:
            kept.append((before, number))
            return before.end
        if before.begin < begin:
            kept.append((_Place(before.begin, begin), number))
    return begin


def _gaps(frame: list[_Token], pieces: list[_Piece]) -> list[list[_Piece]]:
    """What stands before each token, and behind the last, in those pieces where nothing else of the frame does.

    Behind the last token of a chain any other chain may follow.
    """
    gaps: list[list[_Piece]] = [[] for _ in range(len(frame) + 1)]
    opens = [*(token.opens for token in frame), True]
    for piece in pieces:
        held = sorted((token.places[piece.text], n) for n, token in enumerate(frame) if piece.text in token.places)
        expected, begin = 0, piece.begin
        for place, number in [*held, (_Place(piece.end, piece.end), len(frame))]:
            if number == expected or (opens[number] and opens[expected]):
                gaps[expected].append(_Piece(piece.text, begin, place.begin))
            expected, begin = number + 1, place.end
    return gaps


def _whole(frame: list[_Token], pieces: list[_Piece], least: int) -> list[_Token]:
    """The frame with those passages made one that the same texts hold, with nothing between them in any."""
    joined: list[_Token] = []
    for token, gap in zip(frame, _gaps(frame, pieces), strict=False):
        before = joined[-1].places if joined else {}
        together = len(gap) >= max(least, MOSTLY * max(len(before), len(token.places)))
        if not token.opens and together and all(piece.begin == piece.end for piece in gap):
            both = {piece.text: _Place(before[piece.text].begin, token.places[piece.text].end) for piece in gap}
            joined[-1] = joined[-1]._replace(places={**token.places, **before, **both})
        else:
            joined.append(token)
    return joined


# --- how they are written -----------------------------------------------------------------------------------------


def _parts(folded: _Folded, pieces: list[_Piece], frame: list[_Token]) -> Iterator[Fixed | Slot]:
    """The frame as it is written: passages, and slots where anything stands between them."""
    marks = [_marks(folded, token.places) for token in frame]
    for number, gap in enumerate(_gaps(frame, pieces)):
        if any(piece.begin < piece.end for piece in gap):
            before = marks[number - 1][1] if number else ""
            behind = marks[number][0] if number < len(frame) else ""
            yield Slot(_values(folded, gap, before, behind), len(gap))
        if number < len(frame):
            held = frame[number].places
            written = Counter(folded.inside(text, *place) for text, place in held.items()).most_common(1)[0][0]
            yield Fixed("".join((marks[number][0], written, marks[number][1])).strip(), len(held))


def _marks(folded: _Folded, held: _Held) -> tuple[str, str]:
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


def _values(folded: _Folded, gap: list[_Piece], before: str, behind: str) -> tuple[tuple[str, int], ...]:
    """The distinct values of a slot, as written most often, without the marks of the passages around it."""
    written: dict[str, Counter[str]] = {}
    for text, begin, end in gap:
        value = ""
        if begin < end:
            value = folded.between(text, begin, end).removeprefix(before).removesuffix(behind).strip()
        written.setdefault(fold(value), Counter())[value] += 1
    counted = [(ways.most_common(1)[0][0], ways.total()) for ways in written.values()]
    return tuple(sorted(counted, key=lambda one: (-one[1], one[0])))
