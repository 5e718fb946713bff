"""Passages that most of some texts share, assembled from runs of characters as a genome is from reads.

In: folded texts, or pieces of them, and how many must hold a passage. Out: where each piece holds which passage. A
passage is a path without a branch in the de Bruijn graph of the runs that enough pieces hold (Pevzner, Tang and
Waterman, 2001), so the order of sections does not matter. Pieces of several gaps are searched at once, each gap by
itself. Costs about 0.2 microseconds a character. Knows neither words nor weights.
"""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.kernels import Integers

Flags = NDArray[np.bool_]
PARTED, FEWEST_PARTED = 0.2, 2
"""A passage is cut in two where this share of the pieces it needs, and this many, hold one side without the other."""


class _Grams(NamedTuple):
    """Runs of characters of some width in units, at every character of every piece."""

    numbers: Integers
    """(n,): equal for equal runs of a gap."""
    pieces: Integers
    starts: Integers
    stops: Integers
    least: Integers
    """(k,): how many pieces must hold each number."""


class _Paths(NamedTuple):
    """The path that each of k grams is on, or -1, and its place there."""

    path: Integers
    place: Integers


def assemble(
    codes: NDArray[np.uint32], begins: Integers, ends: Integers, gaps: Integers, least: Integers, width: int
) -> list[tuple[int, int, int, int]]:
    """Find the passages that enough pieces of a gap share.

    Args:
        codes: Folded characters of all texts.
        begins: (m,) where each piece begins among them.
        ends: (m,) where it ends.
        gaps: (m,) number of each piece's gap, ascending.
        least: (g,) how many pieces of each gap must hold a passage.
        width: Least width of a passage, in units.

    Returns:
        Passage, piece, begin and end, ascending: the piece holds the passage, or more than half of it, from the
        character `begin` to the character before `end`.
    """
    grams = _grams(codes, begins, ends, gaps, least, width)
    paths = _paths(grams)
    firsts, lasts = _stretches(grams, paths)
    order = np.lexsort((firsts, grams.pieces[firsts], paths.path[grams.numbers[firsts]]))
    firsts, lasts = firsts[order], lasts[order]
    path, piece = paths.path[grams.numbers[firsts]], grams.pieces[firsts]
    opens, closes = paths.place[grams.numbers[firsts]], paths.place[grams.numbers[lasts]]
    starts, stops = grams.starts[firsts], grams.stops[lasts]
    joined = (path[1:] == path[:-1]) & (piece[1:] == piece[:-1]) & (opens[1:] > closes[:-1])
    joined &= starts[1:] - stops[:-1] <= 2 * (opens[1:] - closes[:-1])  # a change of a few characters parts them
    heads, tails = np.append(True, ~joined)[: len(path)], np.append(~joined, True)[: len(path)]
    lengths = np.bincount(paths.path[paths.path >= 0], minlength=1)
    whole = 2 * (closes[tails] - opens[heads] + 1) >= lengths[path[heads]]
    rows = np.column_stack([path[heads], piece[heads], starts[heads], stops[tails]])[whole].tolist()
    groups = (list(group) for _, group in groupby(rows, key=itemgetter(0)))
    return [(row[0], row[1], row[2], row[3]) for group in groups for row in _extended(group, codes, ends)]


def _extended(rows: list[list[int]], codes: NDArray[np.uint32], ends: Integers) -> list[list[int]]:
    """Extend a passage while all its occurrences are followed by the same character.

    A gram is the shortest run of some width, and a letter is narrower than a Chinese character: the last gram may end
    too early.
    """
    while all(row[3] < ends[row[1]] for row in rows) and len({int(codes[row[3]]) for row in rows}) == 1:
        for row in rows:
            row[3] += 1
    return rows


def _grams(
    codes: NDArray[np.uint32], begins: Integers, ends: Integers, gaps: Integers, least: Integers, width: int
) -> _Grams:
    most = int((ends - begins).sum())
    keys, (starts, stops, pieces) = np.empty(most, np.uint64), np.empty((3, most), np.int64)
    found = kernels.grams(codes, *map(np.ascontiguousarray, (begins, ends)), width, keys, starts, stops, pieces)
    owners = gaps[pieces[:found]]
    numbers = np.unique(keys[:found] + owners.astype(np.uint64) * kernels.BASE, return_inverse=True)[1]
    wanted = np.zeros(int(numbers.max(initial=-1)) + 1, np.int64)
    wanted[numbers] = least[owners]
    return _Grams(numbers, pieces[:found], starts[:found], stops[:found], wanted)


def _held_by(numbers: Integers, pieces: Integers, count: int) -> Integers:
    """How many pieces hold each number."""
    several = int(pieces.max(initial=0)) + 1
    return np.bincount(np.unique(numbers * several + pieces) // several, minlength=count)


def _paths(grams: _Grams) -> _Paths:
    """The paths of the graph; every gram that enough pieces hold is on one."""
    count = len(grams.least)
    common = _held_by(grams.numbers, grams.pieces, count) >= grams.least
    path, place = np.full(count, -1), np.zeros(count, np.int64)
    if not common.any():
        return _Paths(path, place)
    sources, targets = _edges(grams, common)
    single = np.bincount(sources, minlength=count)[sources] == 1
    single &= np.bincount(targets, minlength=count)[targets] == 1
    after = np.full(count, -1)
    after[sources[single]] = targets[single]
    heads = np.setdiff1d(np.flatnonzero(common), targets[single])
    _walk(np.concatenate([heads, np.flatnonzero(common)]).tolist(), after.tolist(), path, place)
    return _cut(grams, _Paths(path, place))


def _edges(grams: _Grams, common: Flags) -> tuple[Integers, Integers]:
    """Pairs of common grams of which the second follows the first in enough pieces."""
    here = common[grams.numbers]
    steps = np.flatnonzero((grams.pieces[1:] == grams.pieces[:-1]) & here[1:] & here[:-1])
    edges, which = np.unique(grams.numbers[steps] * len(common) + grams.numbers[steps + 1], return_inverse=True)
    sources, targets = np.divmod(edges, len(common))
    enough = _held_by(which, grams.pieces[steps], len(edges)) >= grams.least[sources]
    return sources[enough], targets[enough]


def _walk(heads: list[int], after: list[int], path: Integers, place: Integers) -> None:
    """Number the paths from each head, and then the cycles."""
    found = 0
    for head in heads:
        node, at = head, 0
        while node >= 0 and path[node] < 0:
            path[node], place[node] = found, at
            node, at = after[node], at + 1
        found += at > 0


def _cut(grams: _Grams, paths: _Paths) -> _Paths:
    """The paths cut where several pieces hold one side without the other."""
    on = paths.path >= 0
    begins = np.concatenate([[0], np.bincount(paths.path[on]).cumsum()])
    rank = np.where(on, begins[paths.path] + paths.place, -1)  # of a gram, counted path after path
    least = np.zeros(begins[-1] + 2, np.int64)
    least[rank[on]] = grams.least[on]
    fresh = np.zeros(begins[-1] + 2, np.bool_)
    fresh[begins] = True
    for ends, step in zip(_stretches(grams, paths), (0, 1), strict=True):
        parted = _held_by(rank[grams.numbers[ends]], grams.pieces[ends], len(least))
        enough = parted >= np.minimum(least, np.maximum(FEWEST_PARTED, PARTED * least))
        fresh[np.flatnonzero(enough & (parted > 0)) + step] = True
    ours = np.where(on, np.cumsum(fresh)[rank] - 1, -1)
    return _Paths(ours, np.where(on, rank - np.flatnonzero(fresh)[ours], 0))


def _stretches(grams: _Grams, paths: _Paths) -> tuple[Any, Any]:
    """The first and the last gram of every stretch in which a piece follows a path."""
    ours, at = paths.path[grams.numbers], paths.place[grams.numbers]
    cut = (np.diff(ours) != 0) | (np.diff(at) != 1) | (np.diff(grams.pieces) != 0)
    firsts = np.flatnonzero((ours >= 0) & np.append(True, cut)[: len(ours)])
    lasts = np.flatnonzero((ours >= 0) & np.append(cut, True)[: len(ours)])
    return firsts, lasts
