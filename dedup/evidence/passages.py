"""Why two articles are alike: the passages they share, in the words of both.

In: two traced texts and the weights of their shingles. Out: an `Explanation`: pairs of spans that fold to the same
characters, heaviest first, whose weights add up to the similarity, and what stands in frames and counts for nothing.
Costs a few milliseconds for articles of 10,000 characters and memory linear in them. Compares two texts;
`dedup.evidence.templates` looks at what many share.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.evidence import notebook
from dedup.evidence.frame_lists import FrameSpan, one_line
from dedup.kernels import Integers
from dedup.stages.shingles import Trace

Cuts = NDArray[np.bool_]
Span = tuple[int, int]
HEAVIEST = 3
"""How many passages `Explanation.concentration` adds up."""
MOST_PLACES = 16
"""Pairs of places that are tried for a shingle; if there are more, its k-th place is tried with its k-th place."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage that two articles share.

    Attributes:
        left: Begin and end in the left text, as Python counts characters.
        right: The same in the right text. Both spans fold to the same characters, except where the texts share only a
            part of a character that folds to several, such as ㎏. Spans of two passages may share a character or two at
            their ends, as shingles do.
        weight: What the passage adds to the similarity: the weight of its shingles as a share of the weight of the
            union. Shingles that a heavier passage holds, too, are counted there only.

    Example:
        >>> why = dedup.explain("云杉市的石桥有三个拱", "雲杉市的石橋只有兩個拱")
        >>> passage = why.passages[0]
        >>> passage.left, why.left[slice(*passage.left)], round(passage.weight, 2)
        ((0, 6), '云杉市的石桥', 0.47)
    """

    left: Span
    right: Span
    weight: float


@dataclass(frozen=True, eq=False, repr=False)
class Explanation:
    """Why two articles are alike; prints as a table, and as both texts side by side in a notebook.

    Attributes:
        similarity: Weighted Jaccard similarity, 0 to 1: the sum of the passages' weights.
        passages: What the two share, heaviest first.
        left: The left text.
        right: The right text.
        names: What the two are called.
        again: Spans in the left and in the right text that repeat a passage; they add no weight.
        frames: Spans in the left and in the right text that stand in a frame, in order, each with how many hold it.
            A frame is shared by many articles that have nothing else in common, so it is not counted.

    Example:
        >>> print(dedup.explain("云杉市的石桥有三个拱", "雲杉市的石橋只有兩個拱"))
        similarity 0.581 in 2 shared passages
        weight  passage
        0.4682  云杉市的石桥
             =  雲杉市的石橋
        0.1125  个拱
             =  個拱
    """

    similarity: float
    passages: tuple[Passage, ...]
    left: str
    right: str
    names: tuple[str, str] = ("left", "right")
    again: tuple[tuple[Span, ...], tuple[Span, ...]] = ((), ())
    frames: tuple[tuple[FrameSpan, ...], tuple[FrameSpan, ...]] = ((), ())

    @property
    def concentration(self) -> float:
        """Share of the similarity that the three heaviest passages carry, 0 to 1; 0 where nothing is shared.

        The median over pairs of articles near the threshold is 0.61 where boilerplate is all that they share, and 0.25
        where one is a rewrite of the other. Of copies, which are one passage, it is 1.

        Example:
            >>> round(clusters.explain("tea-1", "tea-2").concentration, 2)
            0.6
        """
        carried = sum(passage.weight for passage in self.passages[:HEAVIEST])
        return min(1.0, carried / self.similarity) if self.similarity else 0.0

    @property
    def spread(self) -> str:
        """What `concentration` says, in words; "" where there are no other passages.

        Example:
            >>> clusters.explain("tea-1", "tea-2").spread
            'the three heaviest carry 60% of it'
        """
        few = len(self.passages) <= HEAVIEST
        return "" if few else f"the three heaviest carry {self.concentration:.0%} of it"

    def framed(self) -> list[tuple[str, FrameSpan]]:
        r"""Both texts' frames as they are written, each once, with the first place of each.

        Example:
            >>> footer = "\n© 青禾读书社 版权所有，未经书面同意请勿转载，来信请寄云杉市榆树巷十六号。"
            >>> site = dedup.cluster([{**one, "text": one["text"] + footer} for one in articles])
            >>> [(passage[:5], span.holders) for passage, span in site.explain(0, 4).framed()]
            [('青禾读书社', 14)]
        """
        written: dict[str, FrameSpan] = {}
        for text, spans in zip((self.left, self.right), self.frames, strict=True):
            for span in spans:
                written.setdefault(text[span.begin : span.end].strip(), span)
        return list(written.items())

    def texts(self, passage: Passage) -> tuple[str, str]:
        """A passage as it is written in either text.

        Args:
            passage: One of `passages`.

        Returns:
            What stands there in the left and in the right text.

        Example:
            >>> why = dedup.explain("云杉市的石桥有三个拱", "雲杉市的石橋只有兩個拱")
            >>> [why.texts(passage) for passage in why.passages]
            [('云杉市的石桥', '雲杉市的石橋'), ('个拱', '個拱')]
        """
        return self.left[slice(*passage.left)], self.right[slice(*passage.right)]

    def __repr__(self) -> str:
        """One line: the two names, the similarity, how many passages."""
        left, right = self.names
        return f"<Explanation: {left} and {right}, similarity {self.similarity:.3f} in {len(self.passages):,} passages>"

    def __str__(self) -> str:
        """A table of the passages; the right text's words stand below the left's where they differ."""
        count = len(self.passages)
        head = f"similarity {self.similarity:.3f} in {count:,} shared passage{'s' * (count != 1)}"
        lines = ["; ".join(filter(None, (head, self.spread))), "weight  passage"]
        for passage in self.passages:
            left, right = (" ".join(text.split()) for text in self.texts(passage))
            lines.append(f"{passage.weight:6.4f}  {left}")
            if left != right:
                lines.append(f"     =  {right}")
        for text, span in self.framed():
            lines += [f" frame  {one_line(text)}", f"        {span.words}"]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """Both texts side by side, for a notebook."""
        spans = [(passage.left, passage.right, passage.weight) for passage in self.passages]
        frames = [[((span.begin, span.end), span.words) for span in side] for side in self.frames]
        return notebook.side_by_side(
            self.left, self.right, spans, self.again, (frames[0], frames[1]), (self.similarity, self.spread), self.names
        )


class Side(NamedTuple):
    """One of two texts to compare."""

    trace: Trace
    weights: NDArray[np.float32]
    """(n,): weight of each shingle, wherever it occurs."""
    length: int = 0
    """Characters; in a long text a shingle weighs less."""
    frames: tuple[FrameSpan, ...] = ()
    """Its spans in frames; shingles there are not counted."""


class _SharedRun(NamedTuple):
    """Shingles that stand in one order in both texts."""

    left: int
    right: int
    length: int


def explain(left: Side, right: Side, names: tuple[str, str] = ("left", "right")) -> Explanation:
    """Find the passages that two texts share.

    Greedy string tiling (Wise, 1993) by weight: of all runs of shingles that stand in the same order in both, take the
    one whose uncovered shingles weigh most, cut its covered ends off, and go on with the other runs.

    Args:
        left: A text and its weights.
        right: Another.
        names: What the two are called.
    """
    keys, numbers = np.unique(np.concatenate([left.trace.keys, right.trace.keys]), return_inverse=True)
    weights = np.zeros(len(keys))
    weights[numbers] = np.concatenate([left.weights, right.weights])
    ours, theirs = np.split(numbers, [len(left.trace.keys)])
    framed = np.split(np.concatenate([left.trace.framed, right.trace.framed]), [len(left.trace.keys)])
    held = [np.unique(side[~out]) for side, out in zip((ours, theirs), framed, strict=True)]
    shared = np.intersect1d(held[0], held[1])
    less = [kernels.by_chance(side.length, len(mine)) for side, mine in zip((left, right), held, strict=True)]
    lighter = [np.maximum(weights - one, weights * kernels.LEAST_LEFT) for one in less]
    both = np.minimum(*lighter)
    united = sum(light[mine].sum() for light, mine in zip(lighter, held, strict=True)) - both[shared].sum()
    weights = np.zeros(len(keys))
    weights[shared] = both[shared]
    ours, theirs = _apart(ours, framed[0], len(keys)), _apart(theirs, framed[1], len(keys) + len(ours))
    weights = np.concatenate([weights, np.zeros(len(ours) + len(theirs))])
    cuts = _cuts(left.trace), _cuts(right.trace)
    tiles = list(_tiles(*_runs(ours, theirs, left.trace.begins, right.trace.begins), ours, weights))
    passages = tuple(_passage(run, left.trace, right.trace, cuts, float(weight / united)) for run, weight in tiles)
    similarity = float(weights[shared].sum() / united) if united else 0.0
    again = (
        _again(left.trace, np.isin(ours, shared), [(run.left, run.length) for run, _ in tiles]),
        _again(right.trace, np.isin(theirs, shared), [(run.right, run.length) for run, _ in tiles]),
    )
    frames = left.frames, right.frames
    return Explanation(similarity, passages, left.trace.text, right.trace.text, names, again, frames)


def _apart(numbers: Integers, framed: NDArray[np.bool_], free: int) -> Integers:
    """Numbers of shingles; every one in a frame gets a number of its own, from `free` on, and so matches nothing."""
    return np.where(framed, free + np.arange(len(numbers)), numbers)


def _runs(left: Integers, right: Integers, left_at: Integers, right_at: Integers) -> tuple[Integers, Integers]:
    """Where each run of shingles begins in both texts, (r, 2), and how many shingles it has; no run can be longer.

    Shingles are given as numbers, and by the folded characters at which they begin.
    """
    orders = np.argsort(left, kind="stable"), np.argsort(right, kind="stable")
    room = 4 * min(len(left), len(right))
    while True:
        lefts, rights = np.empty(room, np.int64), np.empty(room, np.int64)
        found = kernels.seeds(left, orders[0], right, orders[1], MOST_PLACES, lefts, rights)
        if found <= room:
            break
        room = found
    lefts, rights = lefts[:found], rights[:found]
    by_diagonal = np.lexsort((lefts, lefts - rights))
    starts, lengths = np.empty((found, 2), np.int64), np.empty(found, np.int64)
    runs = kernels.stretch(left, right, left_at, right_at, lefts[by_diagonal], rights[by_diagonal], starts, lengths)
    return starts[:runs], lengths[:runs]


def _tiles(
    starts: Integers, lengths: Integers, numbers: Integers, weights: NDArray[np.float64]
) -> Iterator[tuple[_SharedRun, float]]:
    """The runs to show, heaviest first, and the weight of each without the shingles that earlier runs cover.

    Weights only fall as more is covered, so a run that is still the heaviest when weighed again is the next.
    """
    covered = np.zeros(len(weights), np.bool_)
    runs = [_SharedRun(*run) for run in np.column_stack([starts, lengths]).tolist()]

    def weigh(run: _SharedRun) -> float:
        inside = np.unique(numbers[run.left : run.left + run.length])
        return float(weights[inside[~covered[inside]]].sum())

    heap = [(-weigh(run), run) for run in runs]
    heapq.heapify(heap)
    while heap:
        _, run = heapq.heappop(heap)
        weight = weigh(run)
        if not weight:
            continue
        if heap and -weight > heap[0][0]:
            heapq.heappush(heap, (-weight, run))
            continue
        inside = numbers[run.left : run.left + run.length]
        fresh = np.flatnonzero(~covered[inside])
        covered[inside] = True
        first, last = int(fresh[0]), int(fresh[-1])
        yield _SharedRun(run.left + first, run.right + first, last - first + 1), weight


def _passage(run: _SharedRun, left: Trace, right: Trace, cuts: tuple[Cuts, Cuts], weight: float) -> Passage:
    """The spans of a run.

    If a character folds to several and the run holds only some of these, it is left out on both sides, so that both
    spans fold to the same.
    """
    last = run.length - 1
    begins = int(left.begins[run.left]), int(right.begins[run.right])
    length = int(left.ends[run.left + last]) - begins[0]
    ours, theirs = (side[begin : begin + length + 1] for side, begin in zip(cuts, begins, strict=True))
    whole = np.flatnonzero(ours & theirs)
    first, stop = (int(whole[0]), int(whole[-1])) if len(whole) > 1 else (0, length)
    spans = [
        (int(trace.letters.begins[begin + first]), int(trace.letters.ends[begin + stop - 1]))
        for trace, begin in zip((left, right), begins, strict=True)
    ]
    return Passage(spans[0], spans[1], weight)


def _again(trace: Trace, shared: NDArray[np.bool_], passages: list[tuple[int, int]]) -> tuple[Span, ...]:
    """Spans of shared shingles that are in no passage."""
    left = shared.copy()
    for begin, length in passages:
        left[begin : begin + length] = False
    steps = np.diff(left.astype(np.int8), prepend=0, append=0)
    firsts, lasts = trace.begins[np.flatnonzero(steps == 1)], trace.ends[np.flatnonzero(steps == -1) - 1]
    begins, ends = trace.letters.begins[firsts], trace.letters.ends[lasts - 1]
    return tuple(zip(begins.tolist(), ends.tolist(), strict=True))


def _cuts(trace: Trace) -> Cuts:
    """(m + 1,): whether the original can be cut before each of its m folded characters, and behind the last."""
    return np.asarray(np.diff(trace.letters.begins, prepend=-1, append=-1) != 0)
