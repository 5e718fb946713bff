"""The frames that were found, as a reader looks at them: what they say, who holds them, where they stand in a text.

In: the `dedup.stages.frames.Frames` of some texts. Out: `Frame`s, those that the most texts hold first, and
`FrameSpan`s of one text. A list of frames costs one pass over all texts, about half of finding them; spans cost as much
as tracing their text. Decides nothing: what is left out of a text is what `Frames.windows` marks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.evidence import notebook
from dedup.kernels import Integers
from dedup.stages.frames import Frames, sample_of
from dedup.stages.shingles import NO_WINDOWS, Texts, Trace
from dedup.work import Room, spread

SAME = 0.8
"""Neighbouring frames are joined if this share of the holders of each of the two holds both."""
WITHOUT_SPACES = "\u0e00"
"""From this character on, from Thai to Hangul, scripts do not mark the ends of words: nothing is widened to them."""
SHOWN_FRAMES, SHOWN_CHARACTERS = 20, 200
"""Frames in a printed list, and characters of each passage."""


class FrameSpan(NamedTuple):
    r"""A stretch of a text that stands in a frame.

    Example:
        >>> footer = "\n© 青禾读书社 版权所有，未经书面同意请勿转载，来信请寄云杉市榆树巷十六号。"
        >>> site = dedup.cluster([{**one, "text": one["text"] + footer} for one in articles])
        >>> span = site.explain("night-train", "star-party").frames[0][0]
        >>> site.corpus.texts.text(4)[span.begin : span.end][:5], span.words
        ('青禾读书社', 'shared by 14 articles that have nothing else in common: not counted')
    """

    begin: int
    """First character, as Python counts."""
    end: int
    """Character behind it."""
    holders: int
    """Distinct texts that hold it, in the median of its windows."""

    @property
    def words(self) -> str:
        """What it means, in words."""
        return f"shared by {self.holders:,} articles that have nothing else in common: not counted"


@dataclass(frozen=True, eq=False, repr=False)
class Frame:
    """A passage that many articles share while they share nothing else, such as a site's footer; it counts for nothing.

    Attributes:
        passage: As one of its holders writes it: the longest stretch of it there.
        holders: How many distinct texts hold it; copies of a text count once.
        alike: Median similarity of pairs of them without it, 0 to 1; unrelated texts are at 0.01 to 0.03.
        members: Positions of all articles that hold any part of it, ascending, copies too.

    Example:
        >>> footer = "© 青禾读书社 版权所有，未经书面同意请勿转载，来信请寄云杉市榆树巷十六号。"
        >>> site = dedup.cluster([{**one, "text": one["text"] + footer} for one in articles])
        >>> frame = site.frames()[0]
        >>> frame.holders, frame.passage[:5], frame.members[:3].tolist()
        (14, '青禾读书社', [0, 1, 2])
    """

    passage: str
    holders: int
    alike: float
    members: Integers

    def __repr__(self) -> str:
        """One line: how many hold it, and how it begins."""
        return f"<Frame: {self.holders:,} articles, alike elsewhere {self.alike:.3f}: {one_line(self.passage, 40)}>"

    def __str__(self) -> str:
        """How many hold it, how alike they are elsewhere, and the passage on one line."""
        return f"{self.holders:>7,}  {self.alike:.3f}  {one_line(self.passage)}"


class FrameList(list[Frame]):
    r"""Frames, those that the most texts hold first; prints as a table, and shows itself as one in a notebook.

    Attributes:
        articles: How many articles hold any of them.
        share: Share of the text of all distinct articles that was left out, 0 to 1.

    Example:
        >>> footer = "\n© 青禾读书社 版权所有，未经书面同意请勿转载，来信请寄云杉市榆树巷十六号。"
        >>> site = dedup.cluster([{**one, "text": one["text"] + footer} for one in articles])
        >>> site.frames().summary
        '1 frame in 14 articles, 5.6% of the text, not counted'
        >>> clusters.frames().summary
        'no frames'
    """

    def __init__(self, frames: Sequence[Frame] = (), *, articles: int = 0, share: float = 0.0) -> None:
        """Keep them."""
        super().__init__(frames)
        self.articles, self.share = articles, share

    @property
    def summary(self) -> str:
        """How many there are, and what was left out for them, in one line.

        Example:
            >>> clusters.frames().summary
            'no frames'
        """
        if not self:
            return "no frames"
        frames, articles = (
            f"{n:,} {what}{'s' * (n != 1)}" for n, what in ((len(self), "frame"), (self.articles, "article"))
        )
        return f"{frames} in {articles}, {self.share:.1%} of the text, not counted"

    def __str__(self) -> str:
        """A line a frame: how many hold it, how alike they are elsewhere, what it says."""
        lines = [self.summary, *(["holders  alike  passage"] if self else []), *map(str, self[:SHOWN_FRAMES])]
        more = len(self) - SHOWN_FRAMES
        return "\n".join(lines + [f"and {more:,} more"] * (more > 0))

    def _repr_html_(self) -> str:
        """The same as a table, for a notebook."""
        rows = [(f"{one.holders:,}", f"{one.alike:.3f}", one_line(one.passage)) for one in self[:SHOWN_FRAMES]]
        more = f"; the {SHOWN_FRAMES} that most hold" if len(self) > SHOWN_FRAMES else ""
        return notebook.table(self.summary + more, ("holders", "alike elsewhere", "passage"), rows)


def one_line(passage: str, most: int = SHOWN_CHARACTERS) -> str:
    """A passage without its breaks, cut where it is longer than so many characters."""
    line = " ".join(passage.split())
    return line if len(line) <= most else line[: most - 1] + "…"


# --- where the windows of frames stand ----------------------------------------------------------------------------


class _Hits(NamedTuple):
    """Windows of frames in some texts, ascending by text, then place."""

    texts: Integers
    places: Integers
    """Shingle with which each begins."""
    frames: Integers

    def parted(self, bridge: int) -> NDArray[np.bool_]:
        """(n - 1,): whether the next window is in another text, or too far behind for the gap to be framed."""
        return (np.diff(self.texts) != 0) | (np.diff(self.places) > bridge + kernels.WINDOW)


def _hits(found: Frames, keys: NDArray[np.uint64], offsets: Integers) -> _Hits:
    """Where some texts, numbered from 0, hold frames; `keys` has a shingle as often as it occurs."""
    every = int(found.windows.mask) + 1
    taken, places, counts = sample_of(keys, offsets, every, Room(np.uint64), Room(np.int32), windowed=True)
    at = np.minimum(np.searchsorted(found.keys, taken), len(found.keys) - 1)
    held = np.flatnonzero(found.keys[at] == taken)
    texts = np.repeat(np.arange(len(counts)), counts)[held]
    return _Hits(texts, places[held].astype(np.int64), found.frame[at[held]])


def spans(found: Frames, trace: Trace) -> tuple[FrameSpan, ...]:
    """Stretches of a text that stand in frames, in order, cut where the number of holders changes.

    Args:
        found: The frames.
        trace: The text.
    """
    hits = _hits(found, trace.keys, np.array([0, len(trace.keys)]))
    if not len(hits.places):
        return ()
    starts = [0, *(np.flatnonzero(hits.parted(found.windows.bridge)) + 1).tolist(), len(hits.places)]
    holders = found.holders[hits.frames]
    stretches = [
        _written(trace, *cut)
        for begin, end in pairwise(starts)
        for cut in _cuts(hits.places[begin:end].tolist(), holders[begin:end].tolist())
    ]
    behind = [*(stretch.begin for stretch in stretches[1:]), len(trace.text)]
    return tuple(one._replace(end=min(one.end, begin)) for one, begin in zip(stretches, behind, strict=True))


def _cuts(places: list[int], holders: list[int]) -> Iterator[tuple[int, int, int]]:
    """A stretch, cut where the number of holders changes: first shingle, the one behind the last, holders.

    Shingles that windows of two runs share belong to the run with more holders.
    """
    runs: list[list[int]] = []
    for place, count in zip(places, holders, strict=True):
        if runs and _alike(count, runs[-1][2]):
            runs[-1][1] = place + kernels.WINDOW
            continue
        begin = max(place, runs[-1][1]) if runs and runs[-1][2] > count else place
        runs.append([begin, place + kernels.WINDOW, count])
    behind = [*(run[0] for run in runs[1:]), runs[-1][1]]
    kept: list[tuple[int, int]] = []
    for (begin, _, count), end in zip(runs, behind, strict=True):
        if not kept or (end - begin >= kernels.WINDOW and not _alike(count, kept[-1][1])):
            kept.append((begin, count))
    for (begin, count), end in zip(kept, [*(begin for begin, _ in kept[1:]), runs[-1][1]], strict=True):
        yield begin, end, count


def _alike(one: int, two: int) -> bool:
    """Whether two numbers of holders are about equal."""
    return min(one, two) >= SAME * max(one, two)


def _written(trace: Trace, begin: int, end: int, holders: int = 0) -> FrameSpan:
    """Shingles of a text as a stretch of its characters."""
    first, last = trace.begins[begin], trace.ends[end - 1] - 1
    return FrameSpan(int(trace.letters.begins[first]), int(trace.letters.ends[last]), holders)


# --- who holds them -----------------------------------------------------------------------------------------------


class _Held(NamedTuple):
    """Which texts hold which frames, each pair once, ascending by frame, then text; the share of text in frames."""

    frames: Integers
    texts: Integers
    share: float


def listed(found: Frames, texts: Texts, first: Integers, number: Integers, *, threads: int = 1) -> FrameList:
    """The frames as a list; those that stand side by side in the same texts are joined.

    Args:
        found: The frames.
        texts: All texts.
        first: (d,) rows of the distinct ones, as `Frames.text` counts them.
        number: (n,) which of these each text is, -1 for none.
        threads: How many to use; the result does not depend on it.
    """
    texts = texts.without(NO_WINDOWS)
    held = _held(found, texts, first, threads)
    rows, hits = _examples(found, texts, first, threads)
    group = _joined(hits, held, found)
    heads = np.unique(group, return_index=True)[1]  # of each group the frame with the most holders: these come first
    homes = first[found.text[heads]]
    places = _longest(hits, group, rows[hits.texts] == homes[group[hits.frames]], found.windows.bridge)
    passages = _passages(texts, homes, places)
    members = _members(group[held.frames], held.texts, number)
    shown = [
        Frame(passage, holders, alike, mine)
        for passage, holders, alike, mine in zip(
            passages, found.holders[heads].tolist(), found.alike[heads].tolist(), members, strict=True
        )
    ]
    anywhere = np.isin(number, np.unique(held.texts))
    return FrameList(shown, articles=int(anywhere.sum()), share=held.share)


def _held(found: Frames, texts: Texts, first: Integers, threads: int) -> _Held:
    """Find the frames in all texts."""
    number, room = np.full(len(texts), -1), Room(np.uint64)
    number[first] = np.arange(len(first))

    def work(rows: Integers) -> tuple[Integers, int, int]:
        keys, offsets = texts.shingle(rows, once=False, room=room)
        hits = _hits(found, keys, offsets)
        lasts = np.append(hits.parted(found.windows.bridge), True)[: len(hits.places)]
        begins = hits.places[np.roll(lasts, 1)]
        framed = int((hits.places[lasts] + kernels.WINDOW - begins).sum())
        return np.unique(hits.frames * len(first) + number[rows[hits.texts]]), framed, len(keys)

    parts = list(spread(work, texts.batches(first), threads))
    pairs = np.unique(np.concatenate([part[0] for part in parts]))
    left_out, total = (sum(part[k] for part in parts) for k in (1, 2))
    return _Held(*np.divmod(pairs, len(first)), float(left_out / total))


def _examples(found: Frames, texts: Texts, first: Integers, threads: int) -> tuple[Integers, _Hits]:
    """Rows of one text of every frame, and the windows in them; their texts are places among these rows."""

    def work(rows: Integers) -> tuple[Integers, _Hits]:
        return rows, _hits(found, *texts.shingle(rows, once=False))

    parts = list(spread(work, texts.batches(first[np.unique(found.text)]), threads))
    starts = np.cumsum([0, *(len(rows) for rows, _ in parts)])
    moved = [hits._replace(texts=hits.texts + start) for (_, hits), start in zip(parts, starts.tolist(), strict=False)]
    return np.concatenate([rows for rows, _ in parts]), _Hits(*map(np.concatenate, zip(*moved, strict=True)))


def _joined(hits: _Hits, held: _Held, found: Frames) -> Integers:
    """Group of each frame: those that follow each other in a text, and that the same texts hold, are one."""
    near = np.flatnonzero(~hits.parted(found.windows.bridge) & (np.diff(hits.frames) != 0))
    pairs = np.unique(np.sort(np.column_stack([hits.frames[near], hits.frames[near + 1]]), axis=1), axis=0)
    starts = np.searchsorted(held.frames, np.arange(len(found.holders) + 1))
    holders = [held.texts[begin:end] for begin, end in pairwise(starts.tolist())]
    same = [
        len(np.intersect1d(holders[one], holders[two], assume_unique=True))
        >= SAME * max(len(holders[one]), len(holders[two]))
        for one, two in pairs.tolist()
    ]
    joined = pairs[np.array(same, np.bool_)].reshape(-1, 2)
    group = kernels.components(joined[:, 0].copy(), joined[:, 1].copy(), len(found.holders))
    return np.unique(group, return_inverse=True)[1].ravel()


def _longest(hits: _Hits, group: Integers, home: NDArray[np.bool_], bridge: int) -> list[tuple[int, int]]:
    """First shingle of the longest stretch of each group in its text, and the one behind the last.

    Groups with more holders come first, and keep the shingles that windows of two groups share.
    """
    mine, places = group[hits.frames], hits.places
    same = np.concatenate([[False], np.diff(hits.texts) == 0, [False]])
    before, behind = np.append(mine[:1], mine[:-1]), np.append(mine[1:], mine[-1:])
    low = np.where(same[:-1] & (before < mine), np.maximum(places, np.roll(places, 1) + kernels.WINDOW), places)
    high = np.where(same[1:] & (behind < mine), np.roll(places, -1), places + kernels.WINDOW)
    some = np.flatnonzero(home)
    some = some[np.lexsort((places[some], mine[some]))]
    new = np.concatenate([[True], (np.diff(mine[some]) != 0) | (np.diff(places[some]) > bridge + kernels.WINDOW)])
    starts = np.flatnonzero(new)
    firsts, lasts = some[starts], some[np.append(starts[1:], len(some)) - 1]
    begins, ends = low[firsts], np.minimum(high[lasts], places[lasts] + kernels.WINDOW)
    none = begins >= ends
    begins, ends = np.where(none, places[firsts], begins), np.where(none, places[lasts] + kernels.WINDOW, ends)
    by_length = np.lexsort((begins, begins - ends, mine[firsts]))
    best = by_length[np.unique(mine[firsts][by_length], return_index=True)[1]]
    return list(zip(begins[best].tolist(), ends[best].tolist(), strict=True))


def _passages(texts: Texts, homes: Integers, places: list[tuple[int, int]]) -> list[str]:
    """What stands at these shingles of these texts; each text is traced once."""
    written = [""] * len(places)
    order = np.argsort(homes, kind="stable").tolist()
    for row, some in groupby(order, key=lambda one: int(homes[one])):
        trace = texts.trace(row)
        for one in some:
            span = _written(trace, *places[one])
            written[one] = whole_words(trace.text, span.begin, span.end)
    return written


def whole_words(text: str, begin: int, end: int) -> str:
    """A stretch of a text, widened to whole words except in scripts without spaces."""
    while begin > 0 and _in_word(text[begin - 1]) and _in_word(text[begin]):
        begin -= 1
    while end < len(text) and _in_word(text[end - 1]) and _in_word(text[end]):
        end += 1
    return text[begin:end]


def _in_word(letter: str) -> bool:
    return letter < WITHOUT_SPACES and letter.isalnum()


def _members(groups: Integers, texts: Integers, number: Integers) -> list[Integers]:
    """Articles of each group, ascending, copies too."""
    articles = np.argsort(number, kind="stable")
    starts = np.searchsorted(number[articles], np.arange(number.max() + 2))
    pairs = np.unique(np.column_stack([groups, texts]), axis=0)
    by_group = np.split(pairs[:, 1], np.searchsorted(pairs[:, 0], np.arange(1, groups.max() + 1)))
    counts = [starts[mine + 1] - starts[mine] for mine in by_group]
    shifts = [starts[mine] - np.cumsum(copies) + copies for mine, copies in zip(by_group, counts, strict=True)]
    return [
        np.sort(articles[np.repeat(shift, copies) + np.arange(copies.sum())])
        for shift, copies in zip(shifts, counts, strict=True)
    ]
