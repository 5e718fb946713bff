"""Frames: passages that many articles share while they share nothing else, so they are no evidence of copying.

In: texts that can be shingled. Out: `Frames`: what was found, and the windows by which a text's shingles inside a frame
are recognised. A site's footer, a licence, a form, a cookie wall says "same source", not "same article". If the holders
of a passage are similar in other places, too, the passage belongs to a campaign or an article, and is no frame.

Windows of eight shingles are sampled by their hash, so that the same ones are taken in every text (as in winnowing;
Schleimer, Wilkerson and Aiken, 2003). They are grouped by their holders, by four MinHashes of the list of holders. Of
each group, 24 holders are compared without its windows. Groups with more holders are judged first: what is found to be
furniture is removed from the holders of the next groups, so that many small frames beside each other are found. Memory
is bounded: the number of sampled windows and shingles has a limit, 16 bytes each. On real text this takes about a
fifth of the whole time, two fifths of that to make the shingles and sample them. Judging waits for memory more than it
computes: what is settled about a text is kept, and as little as possible of it is read for each group.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.kernels import Integers, Windows
from dedup.stages.background import chances
from dedup.stages.shingles import NO_WINDOWS, Texts
from dedup.work import Progress, Room, ranges, spread

LEAST_HOLDERS = 8
MOST_SAMPLED = 1 << 23
"""At most so many windows, and so many shingles, are sampled from all texts."""
EVERY = 1 << 18
"""With so many characters or more, one shingle in sixteen is enough to compare two texts."""
ALIKE = 0.045
"""Least similarity of the holders elsewhere at which a passage is their own: random pairs have 0.01 to 0.03, rewrites
and articles of one network 0.06 and more."""
OWN = 0.2
"""Least share of own text for a judgement; near copies have too little left."""
BLOCKS = 3.0
FRAME = 0.2
"""A passage that splits a text's own part into more than `BLOCKS` blocks, and is at least this share of the text, is a
template: its holders are similar in other places because of it. Eight passages at random places leave about five
blocks, a header and a footer one or two."""
WHOLE = 0.85
"""Least share of a frame that its holders have; of a source of rewrites, each rewrite has other parts."""
PASSES = 3
"""Groups with about as many holders are judged so often, each time without frames found before, to find their
neighbours."""
MOST_CELLS = 1 << 24
"""Most cells of the table of counts by which rare windows are left out."""


@dataclass(frozen=True)
class Frames:
    """The frames that were found, those that most texts hold first.

    Attributes:
        windows: What marks the frames in any text.
        holders: int64 (f,), how many distinct texts hold each frame.
        alike: float64 (f,), median similarity of pairs of these texts elsewhere.
        text: int64 (f,), number of a text that holds it.
        keys: uint64 (w,), the windows.
        frame: int64 (w,), the frame of each window.

    Example:
        >>> footer = "© 青禾读书社 版权所有，未经书面同意请勿转载，来信请寄云杉市榆树巷十六号。"
        >>> site = dedup.cluster([{**one, "text": one["text"] + footer} for one in articles])
        >>> found = site.corpus.frames
        >>> found.holders, bool(found.alike[0] < 0.045), found.keys.shape == found.frame.shape
        (array([14]), True, True)
    """

    windows: Windows
    holders: Integers
    alike: NDArray[np.float64]
    text: Integers
    keys: NDArray[np.uint64]
    frame: Integers


class Rate(NamedTuple):
    """One window, and one shingle, in how many is sampled; powers of two.

    Example:
        >>> Rate.of(100_000), Rate.of(100_000_000)
        (Rate(windows=1, shingles=1), Rate(windows=16, shingles=16))
    """

    windows: int
    shingles: int

    @classmethod
    def of(cls, characters: int, most: int | None = None) -> Rate:
        """The rates for texts of so many characters in all, if `most` windows and as many shingles may be held.

        Args:
            characters: Of all folded texts.
            most: How many windows may be held, and how many shingles; None is `MOST_SAMPLED`.
        """
        rate = 1 << max(0, -(-characters // (most or MOST_SAMPLED)) - 1).bit_length()
        return cls(rate, max(rate, 16 if characters > EVERY else 1))


Sample = tuple[NDArray[np.uint64], NDArray[np.int32], Integers]
Samples = tuple[Sample, Sample]


class Sampled(NamedTuple):
    """Sampled windows or shingles, ascending by text, then place.

    Example:
        >>> texts, rows = clusters.corpus.texts, np.arange(14)
        >>> windows, shingles = sample(*texts.shingle(rows, once=False), Rate(1, 1))
        >>> held = Sampled.joined(rows, [windows])
        >>> held.starts.shape, len(held.keys) == len(held.texts) == held.starts[-1].item()
        ((15,), True)
    """

    keys: NDArray[np.uint64]
    places: NDArray[np.int32]
    starts: Integers
    """(texts + 1,)."""

    @property
    def texts(self) -> Integers:
        """Text of each."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))

    @classmethod
    def joined(cls, numbers: Integers, parts: list[Sample]) -> Sampled:
        """What was sampled in batches, by text; `numbers` are those of the texts, in the order of the batches.

        Args:
            numbers: (d,) the number of each text, in the order of the batches.
            parts: Of each batch keys, places, and how many each text has.
        """
        starts, by_text = np.zeros(len(numbers) + 1, np.int64), np.empty(len(numbers), np.int64)
        by_text[numbers] = np.concatenate([numbers[:0], *(counts for _, _, counts in parts)])
        np.cumsum(by_text, out=starts[1:])
        ordered, done = (np.empty(starts[-1], np.uint64), np.empty(starts[-1], np.int32)), 0
        for keys, places, counts in parts:
            kernels.put_runs(keys, places, counts, starts[numbers[done : done + len(counts)]], *ordered)
            done += len(counts)
        return cls(*ordered, starts)


def find(
    texts: Texts,
    first: Integers,
    *,
    prior_articles: float = 1000.0,
    rate: Rate | None = None,
    known: Windows | None = None,
    threads: int = 1,
    progress: Progress | None = None,
) -> Frames | None:
    """Find the frames of some texts; None where there are none.

    Args:
        texts: All texts.
        first: (d,) rows of the distinct ones, in any order.
        prior_articles: `N0`, as in `dedup.stages.weights`.
        rate: One in how many is sampled; None is the rate for their number of characters.
        known: What marks frames that were found before: only the holders of these are searched, no new frames.
        threads: How many to use; the result does not depend on it.
        progress: Called with batches done and in all.

    Example:
        >>> import pyarrow as pa
        >>> from dedup.stages.shingles import Texts
        >>> footer = "© 青禾读书社 版权所有，未经书面同意请勿转载，来信请寄云杉市榆树巷十六号。"
        >>> column = pa.chunked_array([[one["text"] + footer for one in articles]], pa.large_string())
        >>> texts = Texts.of(column, dedup.Settings())
        >>> find(texts, np.arange(14)).holders, find(clusters.corpus.texts, np.arange(14))
        (array([14]), None)
    """
    if len(first) < LEAST_HOLDERS or (known and not len(known.table)):
        return None
    rate = rate or Rate.of(int(texts.lengths[first].sum()))
    rate = rate._replace(windows=int(known.mask) + 1) if known else rate
    windows, shingles = _sampled(texts, first, rate, threads, progress)
    ids = texts.prints[first, 0]
    lengths = texts.lengths[first]
    return among(windows, shingles, lengths, ids, rate, known=known, prior_articles=prior_articles, threads=threads)


class Passages(NamedTuple):
    """Passages that at least eight texts hold, frames or not: windows with nearly the same holders are one passage.

    Example:
        >>> footer = "© 青禾读书社 版权所有，未经书面同意请勿转载，来信请寄云杉市榆树巷十六号。"
        >>> site = dedup.cluster([{**one, "text": one["text"] + footer} for one in articles])
        >>> found = passages(site.corpus.texts, site.corpus.first)
        >>> found.counts, found.starts[:3]
        (array([14]), array([ 0, 24, 48]))
    """

    counts: Integers
    """(p,): how many texts hold each."""
    starts: Integers
    """(d + 1,): those of text i are ``passages[starts[i]:starts[i + 1]]``, in the order of the text."""
    passages: Integers
    families: Integers
    """(p,): passages with about the same holders, such as the parts of one frame, are one family."""


def passages(texts: Texts, first: Integers, *, threads: int = 1, progress: Progress | None = None) -> Passages:
    """The passages that several texts share, whatever else these have in common.

    Args:
        texts: All texts, whole or without their frames.
        first: (d,) rows of the distinct ones.
        threads: How many to use; the result does not depend on it.
        progress: Called with batches done and in all.

    Example:
        >>> passages(clusters.corpus.texts, clusters.corpus.first).counts.tolist()
        []
    """
    whole = texts.without(NO_WINDOWS)
    rate = Rate.of(int(texts.lengths[first].sum()))
    return passages_among(_sampled(whole, first, rate, threads, progress)[0], texts.prints[first, 0])


def passages_among(windows: Sampled, ids: NDArray[np.uint64]) -> Passages:
    """The passages of sampled texts; `ids` are halves of their fingerprints, as in `among`.

    Args:
        windows: Sampled windows of every distinct text.
        ids: uint64 (d,), halves of their fingerprints.

    Example:
        >>> texts, first = clusters.corpus.texts, clusters.corpus.first
        >>> windows, _ = sample(*texts.shingle(first, once=False), Rate(1, 1))
        >>> passages_among(Sampled.joined(np.arange(14), [windows]), texts.prints[first, 0]).counts.tolist()
        []
    """
    groups = _groups(windows, ids, loose=True) if len(ids) else None
    if groups is None:
        nothing = np.empty(0, np.int64)
        return Passages(nothing, np.zeros(len(ids) + 1, np.int64), nothing, nothing)
    hashes = _holder_hashes(ids[groups.holders], groups.starts[:-1])
    return Passages(
        _holding(groups), groups.text_starts, groups.text_groups, _together(hashes[:3], groups.counts, 0.5, equal=2)
    )


def _holding(groups: _Groups) -> Integers:
    """(g,): how many texts hold a window of each group; may exceed the count of each window if windows chain."""
    count = len(groups.counts)
    texts = np.repeat(np.arange(len(groups.text_starts) - 1), np.diff(groups.text_starts))
    return np.bincount(np.unique(texts * count + groups.text_groups) % count, minlength=count)


def _sampled(
    texts: Texts, first: Integers, rate: Rate, threads: int, progress: Progress | None
) -> tuple[Sampled, Sampled]:
    """Sampled windows and shingles of distinct texts."""
    room, taken, spots = Room(np.uint64), Room(np.uint64), Room(np.int32)
    number = np.full(len(texts), -1)
    number[first] = np.arange(len(first))

    def work(rows: Integers) -> tuple[Integers, Samples]:
        return number[rows], sample(*texts.shingle(rows, once=False, room=room), rate, taken, spots)

    parts = list(spread(work, texts.batches(first), threads, progress))
    rows = np.concatenate([first[:0], *(part[0] for part in parts)])
    windows, shingles = (Sampled.joined(rows, [part[1][k] for part in parts]) for k in range(2))
    return windows, shingles


def sample(
    keys: NDArray[np.uint64],
    offsets: Integers,
    rate: Rate,
    taken: Room | None = None,
    spots: Room | None = None,
) -> Samples:
    """Sampled windows and shingles of some texts: keys, places, and how many per text.

    Args:
        keys: Shingles, as often as they occur.
        offsets: (n + 1,) those of text i are `keys[offsets[i]:offsets[i + 1]]`.
        rate: One in how many is sampled.
        taken: Scratch for keys, uint64; None is a new array.
        spots: Scratch for places, int32.

    Example:
        >>> shingled = clusters.corpus.texts.shingle(np.array([8, 9]), once=False)
        >>> (keys, places, counts), shingles = sample(*shingled, Rate(windows=4, shingles=1))
        >>> len(keys) == len(places), bool(counts.sum() == len(keys)), len(shingles[0]) == len(shingled.keys)
        (True, True, True)
    """
    taken, spots = taken or Room(np.uint64), spots or Room(np.int32)
    return (
        sample_of(keys, offsets, rate.windows, taken, spots, windowed=True),
        sample_of(keys, offsets, rate.shingles, taken, spots, windowed=False),
    )


def sample_of(
    keys: NDArray[np.uint64], offsets: Integers, every: int, taken: Room, spots: Room, *, windowed: bool
) -> Sample:
    """One in `every` window, or shingle, of some texts; see `sample`.

    Args:
        keys: Shingles, as often as they occur.
        offsets: (n + 1,) those of text i are `keys[offsets[i]:offsets[i + 1]]`.
        every: One in how many is sampled, a power of two.
        taken: Scratch for keys, uint64.
        spots: Scratch for places, int32.
        windowed: Windows, rather than shingles.

    Example:
        >>> from dedup.work import Room
        >>> shingled = clusters.corpus.texts.shingle(np.array([8]), once=False)
        >>> keys, places, counts = sample_of(*shingled, 4, Room(np.uint64), Room(np.int32), windowed=True)
        >>> bool(counts[0] == len(keys)), bool(len(keys) < len(shingled.keys) / 2)
        (True, True)
    """
    counts, some, places = np.empty(len(offsets) - 1, np.int64), taken.take(len(keys)), spots.take(len(keys))
    used = kernels.sample_texts(keys, offsets, windowed, np.uint64(every - 1), some, places, counts)
    return some[:used].copy(), places[:used].copy(), counts


def among(
    windows: Sampled,
    shingles: Sampled,
    lengths: Integers,
    ids: NDArray[np.uint64],
    rate: Rate,
    *,
    texts: int | None = None,
    known: Windows | None = None,
    prior_articles: float = 1000.0,
    threads: int = 1,
) -> Frames | None:
    """The frames among sampled texts; None where there are none.

    Args:
        windows: Sampled windows of every distinct text.
        shingles: Sampled shingles of every distinct text; their order is changed in place.
        lengths: (d,) characters of each.
        ids: (d,) half of each fingerprint, by which holders are chosen, since it is the same wherever a text is found.
        rate: One in how many was sampled.
        texts: How many distinct texts there are, including those without samples; None is d.
        known: What marks frames that were found before; None looks for them.
        prior_articles: `N0`, as in `dedup.stages.weights`.
        threads: How many to use; the result does not depend on it.

    Example:
        >>> texts, first, rate = clusters.corpus.texts, clusters.corpus.first, Rate(1, 1)
        >>> windows, shingles = sample(*texts.shingle(first, once=False), rate)
        >>> both = [Sampled.joined(np.arange(14), [some]) for some in (windows, shingles)]
        >>> among(*both, texts.lengths[first], texts.prints[first, 0], rate) is None
        True
    """
    groups = _groups(windows, ids)
    if groups is None:
        return None
    among_all = len(lengths) if texts is None else texts
    most_alike = np.inf if known else 1.5 * ALIKE
    furniture, alike = _judge(groups, shingles, lengths, among_all, rate.windows, prior_articles, threads, most_alike)
    if known:
        marked = np.isin(groups.keys, known.table)
        furniture = np.bincount(groups.group, marked, len(furniture)) > 0
    if not furniture.any():
        return None
    held = furniture[groups.group]
    held &= marked if known else True
    number = np.cumsum(furniture) - 1
    keys = groups.keys[held]
    return Frames(
        windows=known or marking(keys, rate.windows),
        holders=groups.counts[furniture],
        alike=alike[furniture],
        text=groups.holders[groups.starts[:-1]][furniture],
        keys=keys,
        frame=number[groups.group[held]],
    )


def marking(keys: NDArray[np.uint64], rate: int) -> Windows:
    """What marks frames in texts, from the sampled windows that stand in them.

    Args:
        keys: uint64 (w,), the windows.
        rate: One in how many was sampled, a power of two.

    Example:
        >>> windows = marking(np.array([1 << 40], np.uint64), rate=4)
        >>> int(windows.mask), windows.bridge
        (3, 32)
    """
    table = np.zeros(kernels.size_for(2 * len(keys)), np.uint64)
    kernels.fill(keys, table)
    return Windows(table, np.uint64(rate - 1), bridge(rate))


def bridge(rate: int) -> int:
    """Most shingles between two windows of a frame that belong to it: a date, a title, or windows not sampled.

    Args:
        rate: One in how many windows was sampled.

    Example:
        >>> bridge(1), bridge(16)
        (32, 64)
    """
    return max(32, 4 * rate)


class _Groups(NamedTuple):
    """Windows that several texts hold, grouped by their holders."""

    keys: NDArray[np.uint64]
    """(w,): the windows."""
    group: Integers
    """(w,): group of each."""
    counts: Integers
    """(g,): how many texts hold a window of each group; descending."""
    starts: Integers
    """(g + 1,): holders of group k are `holders[starts[k]:starts[k + 1]]`, in an order of their hashes."""
    holders: Integers
    text_starts: Integers
    """(texts + 1,): the windows of a text, ascending by place."""
    text_groups: Integers
    places: NDArray[np.int32]


def _groups(windows: Sampled, ids: NDArray[np.uint64], *, loose: bool = False) -> _Groups | None:
    """Windows with at least eight holders, grouped; `ids` are those of the texts. `loose` lets groups chain."""
    cells = np.zeros(_cells(windows.keys) // 4, np.uint8)  # rather a few more windows than a table beyond the cache
    kernels.count_few(windows.keys, cells, LEAST_HOLDERS)
    often = cells, LEAST_HOLDERS
    used, size = -1, kernels.size_for(np.count_nonzero(cells >= LEAST_HOLDERS))
    found = np.empty(len(windows.keys), np.int64), np.empty(len(windows.keys), np.int64)
    while used < 0:
        size *= 2
        table, held_at = np.zeros(size, np.uint64), np.zeros(size, np.int64)
        used = kernels.count_holders(windows.keys, windows.starts, *often, table, held_at, found)
    slots = np.flatnonzero(held_at >= LEAST_HOLDERS)
    if not len(slots):
        return None
    slots = slots[np.argsort(table[slots])]
    keys, held = table[slots], held_at[slots]
    number = np.full(len(table), -1)
    number[slots] = np.arange(len(slots))
    starts = np.cumsum(np.append(0, held))
    of, ends, text_starts = np.empty(starts[-1], np.int64), starts[:-1].copy(), np.zeros(len(ids) + 1, np.int64)
    numbers, places = np.empty(used, np.int64), np.empty(used, np.int32)
    entries, at = (one[:used] for one in found)
    kernels.list_holders(
        windows.places, windows.starts, (entries, at), number, ends, of, (text_starts, numbers, places)
    )
    hashes = _holder_hashes(ids[of], starts[:-1])
    group, middle = _middles(_together(hashes[:3] if loose else hashes, held, equal=2 if loose else 3), held)
    if not loose:
        group, middle = _middles(_apart(group, middle, starts, of, len(ids)), held)
    count = len(middle)
    order_of = np.argsort(-held[middle], kind="stable")
    rank = np.empty(count, np.int64)
    rank[order_of] = np.arange(count)
    group, middle = rank[group], middle[order_of]
    holder_starts = np.cumsum(np.append(0, held[middle]))
    listed = np.repeat(starts[middle] - holder_starts[:-1], held[middle]) + np.arange(holder_starts[-1])
    holders = of[listed]
    by_group = np.lexsort((kernels.mix_all(ids[holders]), np.repeat(np.arange(count), held[middle])))
    used = text_starts[-1]
    return _Groups(
        keys, group, held[middle], holder_starts, holders[by_group], text_starts, group[numbers[:used]], places[:used]
    )


def _middles(group: Integers, held: Integers) -> tuple[Integers, Integers]:
    """Groups numbered from 0, and the window of each with the median number of holders."""
    group = np.unique(group, return_inverse=True)[1].ravel()
    by_size = np.lexsort((held, group))
    counts = np.bincount(group)
    return group, by_size[np.cumsum(counts) - counts + counts // 2]


def _apart(group: Integers, middle: Integers, starts: Integers, of: Integers, texts: int) -> Integers:
    """The groups without windows that other texts hold: a window there by chaining or chance is grouped by its list."""
    order = np.argsort(group, kind="stable")
    fits, sums = np.empty(len(order), np.bool_), np.empty(len(order), np.uint64)
    marks = np.full(texts, -1, np.int64)
    listed = np.stack([group[order], order], axis=1)
    kernels.held_alike(listed, middle, starts, of, marks, fits, sums)
    apart = order[~fits]
    group = group.copy()
    group[apart] = len(group) + np.unique(sums[~fits], return_inverse=True)[1].ravel()
    return group


def _holder_hashes(ids: NDArray[np.uint64], starts: Integers) -> list[NDArray[np.uint64]]:
    """Four MinHashes of the holders of each window."""
    return [np.minimum.reduceat(kernels.mix_all(ids + np.uint64(seed << 40)), starts) for seed in (1, 2, 3, 4)]


def _together(hashes: list[NDArray[np.uint64]], held: Integers, about: float = 0.8, equal: int = 3) -> Integers:
    """Group of each window: windows with nearly the same holders have `equal` equal MinHashes and similar counts."""
    left, right = [], []
    for some in combinations(hashes, equal):
        order = np.lexsort((held, *some))
        same = np.logical_and.reduce([np.diff(one[order]) == 0 for one in some])
        same &= held[order[:-1]] >= about * held[order[1:]]
        left.append(order[:-1][same])
        right.append(order[1:][same])
    joined = kernels.components(np.concatenate(left), np.concatenate(right), len(held))
    return np.unique(joined, return_inverse=True)[1].ravel()


def _judge(
    groups: _Groups,
    singles: Sampled,
    lengths: Integers,
    among_all: int,
    rate: int,
    prior_articles: float,
    threads: int,
    most_alike: float,
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Which groups are furniture, and how alike their holders are elsewhere, if less than `most_alike`."""
    count = len(groups.counts)
    furniture = np.zeros(count, np.bool_)
    found = alike, own, blocks, whole = np.ones(count), np.zeros(count), np.zeros(count), np.zeros(count)
    held = groups.starts, groups.holders, np.bincount(groups.group, minlength=count)
    windows = groups.text_starts, groups.text_groups.astype(np.int32), groups.places
    weighed = _weighed(singles, among_all, prior_articles, threads)
    gaps = bridge(rate), max(kernels.WINDOW, 4 * rate)
    ways, texts, places = len(set(gaps)), len(lengths), len(groups.places)
    settled = *np.empty((2, ways, places), np.int32), np.zeros((ways, texts), np.int64)
    bounds = gaps, most_alike
    octaves = np.log2(groups.counts).astype(np.int64)

    def work(some: Integers) -> None:
        kernels.judge_frames(some, held, windows, settled, weighed, lengths, bounds, found)

    def settle(some: tuple[int, int]) -> None:
        kernels.settle(some, fresh, windows, settled, weighed, lengths, gaps)

    for octave in np.unique(octaves)[::-1].tolist():
        mine = np.flatnonzero(octaves == octave)
        mine = mine[
            np.argsort(groups.holders[groups.starts[mine]], kind="stable")
        ]  # texts they share stay in the cache
        for _ in range(PASSES):
            for _ in spread(work, [mine[low:high] for low, high in ranges(len(mine), 256)], threads):
                pass
            template = (blocks[mine] > BLOCKS) & (1 - own[mine] >= FRAME)
            told = (alike[mine] < ALIKE) & (own[mine] >= OWN) & (whole[mine] >= WHOLE) & ~template
            if not told.any():
                break  # nothing has changed for the others
            fresh = np.zeros(count, np.bool_)
            fresh[mine[told]] = True
            furniture |= fresh
            for _ in spread(settle, ranges(texts, 4096), threads):
                pass
            mine = mine[~told & (alike[mine] < 1.5 * ALIKE)]
    return furniture, alike


def _weighed(singles: Sampled, among_all: int, prior_articles: float, threads: int) -> tuple[NDArray[Any], ...]:
    """Sampled shingles by text, in another order, with weights: as `dedup.kernels.judge_frames` takes them.

    No weight is 0 or less: eight articles and the prior are more than a count of 3, or of 2 % of them, and its prior.
    """
    starts, count, cells = singles.starts, len(singles.keys), np.zeros(_cells(singles.keys), np.uint32)
    kernels.count_cells(singles.keys, cells, 0xFFFFFFFF)
    texts = len(starts) - 1
    weighed = np.empty(count), np.empty(count, np.int32), np.empty(count, np.int32)
    counts, stand, sums = np.empty(texts, np.int64), np.empty(texts, np.int64), np.zeros(texts)
    counted = cells, chances(prior_articles), among_all + prior_articles + 1.0, max(3.0, 0.02 * among_all)

    def weigh(some: slice) -> None:
        mine = starts[some.start : some.stop + 1]
        found = *weighed, counts[some], stand[some], sums[some]
        kernels.weigh_sampled(mine, singles.keys, singles.places, counted, found)

    for _ in spread(weigh, [slice(*some) for some in ranges(texts, 4096)], threads):
        pass
    return starts, singles.keys, singles.places, *weighed, counts, stand, sums


def _cells(keys: NDArray[np.uint64]) -> int:
    """Size of a table that counts these keys: a power of two, at least twice as many if there is room."""
    return int(min(MOST_CELLS, 1 << max(16, (2 * len(keys)).bit_length())))
