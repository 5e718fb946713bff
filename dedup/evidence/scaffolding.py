"""The frame of a template: which passages most texts hold, in which order, and what stands between them.

In: folded texts. Out: `Token`s in reading order, each with where every text that holds it does, and the gaps between
them. `dedup.evidence.assembly` finds the passages, wide ones first and then narrower ones in the gaps between them, as
a genome is assembled; here repeated ones are told apart, all are put in order (scaffolding, as it is called there), and
cut where they overlap. Sections may be missing or stand in another order in some texts. How passages and gaps are
written in a template is the work of `dedup.evidence.templates`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import combinations, pairwise
from statistics import median
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.evidence.assembly import assemble
from dedup.kernels import Integers
from dedup.stages.folding import trace

ANY = 1 << 62
LEVELS = ((24, ANY, ANY), (12, 400, 2_000), (6, 80, 400))
"""For each level: least width of a passage in units; longest gap, in characters, that is searched; longest gap that is
searched for passages that all texts hold, mostly once. Eight Chinese characters that most texts share are part of a
template anywhere; two only in a gap as short as a sentence, or if no text is without them."""
ENOUGH_FOR_ALL = 5
"""Least number of texts from which "all texts" means anything."""
MOSTLY = 0.9
"""Share of the texts that must hold such a passage only once; and share of the texts with two passages that must hold
them together, for the two to become one."""
WIDEST = 3
"""Units of the widest character."""
NARROWEST_LINE = 6
"""Units of a line, such as a heading, that is a passage by itself."""
FEWEST_INSIDE = 4
"""Texts that must hold a narrow passage (all, if there are fewer): three on one subject easily share two words."""
MOST_REPEATS = 8
"""Of a passage that most texts repeat more often, only the first and the last place count."""
ALMOST_ALL = 0.75
"""Share of the texts with a gap that must hold a passage inside it."""
MOST_COMPARED = 400
"""Most chains that are put in order by majority; if there are more, their mean places decide."""


class Fragment(NamedTuple):
    """A stretch of one text that stands in the same gap as those of others."""

    text: int
    begin: int
    end: int


class FoldedTexts(NamedTuple):
    """Folded texts, one after the other."""

    texts: Sequence[str]
    codes: NDArray[np.uint32]
    begins: Integers
    """Where in its original each folded character begins."""
    ends: Integers
    bounds: Integers
    """(n + 1,): where each text begins."""

    @classmethod
    def of(cls, texts: Sequence[str]) -> FoldedTexts:
        """Fold texts."""
        traced = [trace(text) for text in texts]
        bounds = np.cumsum([0, *(len(one.codes) for one in traced)])
        codes = np.concatenate([np.empty(0, np.uint32), *(one.codes for one in traced)])
        begins = np.concatenate([np.empty(0, np.int64), *(one.begins for one in traced)])
        ends = np.concatenate([np.empty(0, np.int64), *(one.ends for one in traced)])
        return cls(texts, codes, begins, ends, bounds)

    @property
    def fragments(self) -> list[Fragment]:
        """All of each text."""
        return [Fragment(text, int(begin), int(end)) for text, (begin, end) in enumerate(pairwise(self.bounds))]

    def inside(self, text: int, begin: int, end: int) -> str:
        """The original of some folded characters."""
        return self.texts[text][self.begins[begin] : self.ends[end - 1]]

    def between(self, text: int, begin: int, end: int) -> str:
        """The same, with everything around it up to the folded characters before and behind."""
        start = self.ends[begin - 1] if begin > self.bounds[text] else 0
        stop = self.begins[end] if end < self.bounds[text + 1] else len(self.texts[text])
        return self.texts[text][start:stop]


class Occurrence(NamedTuple):
    """Where a text holds a passage."""

    begin: int
    end: int


Holders = dict[int, Occurrence]
"""The place of a passage in each text that holds it."""


class Token(NamedTuple):
    """A passage in its place in the frame."""

    places: Holders
    opens: bool
    """Whether it begins a chain; any other chain may stand before it."""


def scaffold(folded: FoldedTexts, least: int) -> list[Token]:
    """The passages that at least `least` texts hold, in the order of most texts; a single text is one passage.

    Args:
        folded: The texts.
        least: How many of them must hold a passage, or more than half of it.
    """
    if len(folded.texts) == 1 and len(folded.codes):  # its copies share all of it
        return [Token({0: Occurrence(0, len(folded.codes))}, opens=True)]
    return _whole(_frame(folded, folded.fragments, least), folded.fragments, least)


# --- passages that most texts share -------------------------------------------------------------------------------


def _frame(folded: FoldedTexts, fragments: list[Fragment], least: int) -> list[Token]:
    """The passages that most texts share, in order; between those that are near each other, narrower ones."""
    layout: list[Token | list[Fragment]] = [fragments]
    for level in range(len(LEVELS)):
        found = iter(_found(folded, [part for part in layout if isinstance(part, list)], least, level))
        layout = [new for part in layout for new in (_split(part, next(found)) if isinstance(part, list) else [part])]
    tokens = [part for part in layout if isinstance(part, Token)]
    return [token._replace(opens=token.opens or not place) for place, token in enumerate(tokens)]


def _split(gap: list[Fragment], tokens: list[Token]) -> list[Token | list[Fragment]]:
    """What is left of a gap, with the tokens that were found in it."""
    if not tokens:
        return [gap]
    before = gaps(tokens, gap)
    return [*(part for pair in zip(before, tokens, strict=False) for part in pair), before[-1]]


def _found(folded: FoldedTexts, gaps: list[list[Fragment]], least: int, level: int) -> list[list[Token]]:
    """The tokens of each gap, in order; all gaps are searched at once."""
    width = LEVELS[level][0]
    wanted = [_wanted(gap, len(folded.texts), least, level) for gap in gaps]
    searched = [number for number, (fewest, _) in enumerate(wanted) if fewest]
    fragments = [fragment for number in searched for fragment in gaps[number]]
    owners = np.repeat(np.arange(len(searched)), [len(gaps[number]) for number in searched])
    _, begins, ends = np.ascontiguousarray(np.array(fragments, np.int64).reshape(-1, 3).T)  # kernels take no strides
    enough = np.array([wanted[number][0] for number in searched], np.int64)
    passages: list[dict[int, dict[int, list[Occurrence]]]] = [{} for _ in gaps]
    for passage, fragment, start, stop in assemble(folded.codes, begins, ends, owners, enough, width):
        held = passages[searched[owners[fragment]]].setdefault(passage, {})
        held.setdefault(fragments[fragment].text, []).append(Occurrence(start, stop))
    found: list[list[Token]] = [[] for _ in gaps]
    for number in searched:
        gap, (fewest, once) = gaps[number], wanted[number]
        held = list(passages[number].values()) + ([] if level else _lines(folded, gap, width, fewest))
        if held:
            found[number] = _ordered(_tokens(gap, held, fewest, once=once), gap, fewest, level)
    return found


def _wanted(gap: list[Fragment], texts: int, least: int, level: int) -> tuple[int, bool]:
    """How many texts must hold a passage of this level in a gap, 0 if the gap is not searched; and whether once."""
    width, longest, longest_of_all = LEVELS[level]
    narrowest = width if level else NARROWEST_LINE
    wide = sum(fragment.end - fragment.begin >= narrowest // WIDEST for fragment in gap)
    fewest = max(least, min(texts, FEWEST_INSIDE), int(np.ceil(ALMOST_ALL * len(gap)))) if level else least
    if wide < fewest:
        return 0, False
    length = median(fragment.end - fragment.begin for fragment in gap)
    if length <= longest:
        return fewest, False
    return (len(gap), True) if length <= longest_of_all and len(gap) >= ENOUGH_FOR_ALL else (0, False)


def _tokens(gap: list[Fragment], found: list[dict[int, list[Occurrence]]], least: int, *, once: bool) -> list[Holders]:
    """The passages as tokens; a repeated one becomes several tokens, or is left out if it may stand only `once`."""
    if once:
        found = [places for places in found if sum(len(held) == 1 for held in places.values()) >= MOSTLY * least]
    fragments = {fragment.text: fragment for fragment in gap}
    return [token for places in found for token in _repeats(places, fragments, least)]


def _lines(folded: FoldedTexts, fragments: list[Fragment], width: int, least: int) -> list[dict[int, list[Occurrence]]]:
    """Lines too narrow for a gram of this width that enough texts hold: where each text holds each."""
    found: dict[bytes, dict[int, list[Occurrence]]] = {}
    for text, begin, end in fragments:
        breaks = [match.start() for match in re.finditer("\n", folded.texts[text])]
        cuts = begin + np.unique(np.searchsorted(folded.begins[begin:end], [-1, *breaks, 1 << 62]))
        units = np.concatenate([[0], np.cumsum(folded.codes[begin:end] >> kernels.UNIT_SHIFT)])[cuts - begin]
        for line in np.flatnonzero((np.diff(units) >= NARROWEST_LINE) & (np.diff(units) < width)).tolist():
            place = Occurrence(int(cuts[line]), int(cuts[line + 1]))
            found.setdefault(folded.codes[slice(*place)].tobytes(), {}).setdefault(text, []).append(place)
    return [places for places in found.values() if len(places) >= least]


def _repeats(places: dict[int, list[Occurrence]], fragments: dict[int, Fragment], least: int) -> list[Holders]:
    """A token for each time that enough texts repeat a passage: its first place, its second and so on, and its last.

    The places of a text that has it more or less often go to the nearest of these.
    """
    counts = sorted((len(held) for held in places.values()), reverse=True)
    if len(counts) < least:
        return []
    often = counts[least - 1] if counts[least - 1] <= MOST_REPEATS else 2
    where = {text: [_relative(fragments[text], place) for place in held] for text, held in places.items()}
    ends = [[*held[: often - 1], held[-1]] for held in where.values() if len(held) >= often]
    plain = [held for held in where.values() if len(held) == often]
    means = np.mean(plain or ends, axis=0)
    tokens: list[Holders] = [{} for _ in range(often)]
    for text, held in places.items():
        for k, place in _matched(where[text], means):
            tokens[k][text] = held[place]
    return tokens


def _relative(fragment: Fragment, place: Occurrence) -> float:
    """Where in its fragment a place is, 0 to 1."""
    return (place.begin - fragment.begin) / (fragment.end - fragment.begin)


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


def _ordered(tokens: list[Holders], fragments: list[Fragment], least: int, level: int) -> list[Token]:
    """Tokens in the order of most texts.

    Tokens that mostly follow each other directly form a chain and stay together, so that sections stay whole though
    each text has its own order of them. Of two chains, the one that is first in most texts comes first.
    """
    tokens = [token for token in _apart(tokens) if len(token) >= least]
    chains = _chains(tokens)
    at = np.full((len(fragments), len(chains)), np.nan)
    for column, chain in enumerate(chains):
        for row, (text, begin, end) in enumerate(fragments):
            places = [tokens[k][text].begin for k in chain if text in tokens[k]]
            if places:
                at[row, column] = (np.mean(places) - begin) / max(end - begin, 1)
    order = [chains[chain] for chain in _by_majority(at).tolist()]
    return [Token(tokens[k], opens=not level and k == chain[0]) for chain in order for k in chain]


def _chains(tokens: list[Holders]) -> list[list[int]]:
    """Tokens of which each comes next after the one before it in more than half of the texts that hold either."""
    follows: Counter[tuple[int, int]] = Counter()
    for places in _by_text(tokens).values():
        follows.update(pairwise(number for _, number in sorted(places)))
    chains = {number: [number] for number in range(len(tokens))}  # by their last token
    heads = dict(chains)  # by their first token
    for (a, b), count in follows.most_common():
        if 2 * count > max(len(tokens[a]), len(tokens[b])) and a in chains and b in heads and chains[a] is not heads[b]:
            before, behind = chains.pop(a), heads.pop(b)
            before += behind
            chains[behind[-1]] = before
    return list(heads.values())


def _by_text(tokens: list[Holders]) -> dict[int, list[tuple[Occurrence, int]]]:
    """Where each text holds which tokens."""
    texts: dict[int, list[tuple[Occurrence, int]]] = {}
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


def _apart(tokens: list[Holders]) -> list[Holders]:
    """Tokens without the characters that another has: of two that overlap, the one that more texts hold keeps them."""
    cut: list[Holders] = [{} for _ in tokens]
    for text, places in _by_text(tokens).items():
        kept: list[tuple[Occurrence, int]] = []
        for place, number in sorted(places, key=lambda one: (one[0].begin, -one[0].end)):
            begin = _make_room(kept, place.begin, len(tokens[number]), tokens)
            if begin < place.end:
                kept.append((Occurrence(begin, place.end), number))
        for place, number in kept:
            cut[number][text] = place
    return cut


def _make_room(kept: list[tuple[Occurrence, int]], begin: int, holders: int, tokens: list[Holders]) -> int:
    """Where a place may begin: earlier places with fewer holders are cut to make room, others are kept whole."""
    while kept and kept[-1][0].end > begin:
        before, number = kept.pop()
        if len(tokens[number]) >= holders:
            kept.append((before, number))
            return before.end
        if before.begin < begin:
            kept.append((Occurrence(before.begin, begin), number))
    return begin


def gaps(frame: list[Token], fragments: list[Fragment]) -> list[list[Fragment]]:
    """What stands before each token, and behind the last, in the fragments where no other token stands between.

    Behind the last token of a chain any other chain may follow.
    """
    gaps: list[list[Fragment]] = [[] for _ in range(len(frame) + 1)]
    opens = [*(token.opens for token in frame), True]
    for fragment in fragments:
        held = sorted(
            (token.places[fragment.text], n) for n, token in enumerate(frame) if fragment.text in token.places
        )
        expected, begin = 0, fragment.begin
        for place, number in [*held, (Occurrence(fragment.end, fragment.end), len(frame))]:
            if number == expected or (opens[number] and opens[expected]):
                gaps[expected].append(Fragment(fragment.text, begin, place.begin))
            expected, begin = number + 1, place.end
    return gaps


def _whole(frame: list[Token], fragments: list[Fragment], least: int) -> list[Token]:
    """The frame with neighbouring passages joined where the same texts hold both, with nothing between them."""
    joined: list[Token] = []
    for token, gap in zip(frame, gaps(frame, fragments), strict=False):
        before = joined[-1].places if joined else {}
        together = len(gap) >= max(least, MOSTLY * max(len(before), len(token.places)))
        if not token.opens and together and all(fragment.begin == fragment.end for fragment in gap):
            both = {
                fragment.text: Occurrence(before[fragment.text].begin, token.places[fragment.text].end)
                for fragment in gap
            }
            joined[-1] = joined[-1]._replace(places={**token.places, **before, **both})
        else:
            joined.append(token)
    return joined
