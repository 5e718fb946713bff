"""Quotes: pairs of texts of which one may stand in the other, by the runs that both have.

In: the runs of some texts, the quotes, and then those of others, the pages, a batch at a time. Out: pairs, with the
quote first. Of a page the usual runs are taken: of every twelve that follow each other, the one with the least hash
(winnowing; Schleimer, Wilkerson and Aiken, 2003). Of quotes all runs are kept, or of many long ones the least of every
four or twelve, among which are those that a page has kept of the same passage. So a passage of sixteen Chinese
characters, or 26 letters, is found in a page of any length. A key takes 8 bytes, and a run of a page 10 ns.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.kernels import Integers, Winnowing
from dedup.stages.runs import BITS, WINDOW, Runs

WIDTH = 15
"""Units of a run: five Chinese characters or fifteen letters, however wide shingles are."""
WINDOWS = (1, 4, WINDOW)
"""Of so many runs of a quote one is kept, the first of these with which the runs of all quotes are at most:"""
MOST_RUNS = 1 << 26
UNBROKEN = 0.2
"""Share of the runs that stand in the page, of those of a quote that just reaches the threshold: with every tenth
character changed no run of it would be left."""
COMMON = 1024
"""A run that so many pages of a batch have is a phrase, by which nothing is found."""


def of_pages() -> Winnowing:
    """Which runs of a page are keys."""
    return Winnowing(WIDTH, WINDOW, 0, 0, 0, np.uint64(0))


def of_quotes(characters: int) -> Winnowing:
    """Which runs of quotes are keys, by the characters of all of them."""
    fitting = (window for window in WINDOWS if 2 * characters // (window + 1) <= MOST_RUNS)
    return Winnowing(WIDTH, next(fitting, WINDOW), 0, 0, 0, np.uint64(0))


class Quotes:
    """A table of the runs of n quotes.

    Args:
        runs: Those of the quotes, called 0 to n - 1.
        quotes: n.
        window: Of so many runs of a quote one was kept.
        threshold: Least share of a quote that must stand in a page.
        common: See `COMMON`.

    Attributes:
        common: int64 (n,), runs of each quote that were left out in a batch since they are a phrase, at most.
        runs: int64 (n,), runs of each quote.
    """

    def __init__(self, runs: list[Runs], quotes: int, window: int, threshold: float, common: int = COMMON) -> None:
        keys = np.concatenate([np.empty(0, np.uint32), *(some.keys for some in runs)])
        texts = np.concatenate(
            [np.empty(0, np.int32), *(np.repeat(some.numbers, np.diff(some.starts)).astype(np.int32) for some in runs)]
        )
        order = np.argsort(keys, kind="stable")
        keys, self._texts = keys[order], texts[order]
        fresh = np.flatnonzero(np.diff(keys, prepend=~keys[:1]))
        self._keys, self._begins = keys[fresh], np.append(fresh, len(keys))
        self._shift = BITS - max(1, min(24, len(fresh).bit_length()))
        tops = np.arange((1 << BITS - self._shift) + 1, dtype=np.uint64) << np.uint64(self._shift)
        self._tops = np.searchsorted(self._keys, tops)
        self.runs = np.bincount(self._texts, minlength=quotes)
        self.common, self._most = np.zeros(quotes, np.int64), common
        expected = threshold * self.runs * (window + 1) / (WINDOW + 1)  # runs that a page keeps of a part of a quote
        self._least = np.maximum(1, (UNBROKEN * expected).astype(np.int64))

    def pairs(self, pages: list[Runs]) -> tuple[Integers, Integers]:
        """Quotes and pages that share enough runs.

        Args:
            pages: Runs of the pages of a batch; those of page i are called i.

        Returns:
            int64 (m,) quotes, and int64 (m,) pages.
        """
        places = [self._places(some.keys) for some in pages]
        counts = sum((np.bincount(at[at >= 0], minlength=len(self._keys)) for at in places), np.zeros(1, np.int64))
        phrases = np.resize(counts, len(self._keys)) > self._most
        if phrases.any():
            for at in places:
                at[phrases[at] & (at >= 0)] = -1
            left_out = np.bincount(self._texts[np.repeat(phrases, np.diff(self._begins))], minlength=len(self.runs))
            self.common = np.maximum(self.common, left_out)
        found = [self._sharing(some, at) for some, at in zip(pages, places, strict=True)]
        nothing = np.empty(0, np.int64)
        return np.concatenate([nothing, *(one[0] for one in found)]), np.concatenate(
            [nothing, *(one[1] for one in found)]
        )

    def _places(self, keys: NDArray[np.uint32]) -> Integers:
        """The place of each key among those of quotes, -1 where none has it."""
        places = np.empty(len(keys), np.int64)
        kernels.find_keys(keys, self._keys, self._tops, self._shift, places)
        return places

    def _sharing(self, some: Runs, places: Integers) -> tuple[Integers, Integers]:
        quotes = len(self.runs)
        room, postings = (np.zeros(quotes, np.int32), np.empty(quotes, np.int32)), (self._begins, self._texts)
        pairs = np.empty(len(some.numbers) + 1024, np.uint64)
        found = kernels.share_runs(places, some.starts, postings, self._least, room, pairs)
        if found > len(pairs):
            pairs = np.empty(found, np.uint64)
            kernels.share_runs(places, some.starts, postings, self._least, room, pairs)
        quote, page = (pairs[:found] & np.uint64(0xFFFFFFFF)), pairs[:found] >> np.uint64(32)
        return quote.astype(np.int64), np.asarray(some.numbers)[page.astype(np.int64)]
