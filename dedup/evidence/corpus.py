"""The distinct texts of a run and the weights of their shingles, from which every question about them is answered.

In: texts that can be shingled, and weights. Out: weighted shingle sets of any of them, made when they are asked for, so
that nothing is held but the texts themselves, 24 bytes a text, and the weights of the shingles that several hold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dedup.evidence import frame_lists, keywords, passages
from dedup.stages import pairs, shingles, weights
from dedup.stages.frames import Frames
from dedup.work import Progress, Room
from dedup.work import count as count_threads

MOST_COUNTED = 1000
"""Texts in which words are counted, at most: more would hardly change how rare a word is."""
MOST_FRAMED = 16
"""Texts of a cluster whose frames are looked up, at most."""


@dataclass(frozen=True)
class Corpus:
    """The distinct texts, in the order of their fingerprints, and what makes weighted shingle sets of them."""

    texts: shingles.Texts
    first: NDArray[np.int64]
    """(d,): position of the first article with each text."""
    number: NDArray[np.int64]
    """(n,): number of each article's text, -1 where it has no shingles."""
    weights: weights.Weighing | None
    """None where a shingle counts as one."""
    frames: Frames | None = None
    """What is left out of the texts; None where nothing is."""
    tile: int = pairs.TILE
    """Shingles that a thread holds at once while pairs are verified."""

    _keys: Room = field(default_factory=lambda: Room(np.uint64), repr=False)
    _whole_keys: Room = field(default_factory=lambda: Room(np.uint64), repr=False)
    _bits: Room = field(default_factory=lambda: Room(np.uint32), repr=False)

    def _weigh(self, keys: NDArray[np.uint64]) -> NDArray[np.float32]:
        return np.ones(len(keys), np.float32) if self.weights is None else self.weights.of(keys, self._bits)

    @property
    def sizes(self) -> NDArray[np.int64]:
        """(d,): characters of each folded text."""
        return self.texts.lengths[self.first]

    def sets(self, numbers: NDArray[np.int64]) -> pairs.Sets:
        """Weighted shingle sets of these distinct texts, valid until the same thread asks for others.

        They are made in the order in which the texts lie in memory.
        """
        rows = self.first[numbers]
        order = np.argsort(rows)
        keys, offsets = self.texts.shingle(rows[order], room=self._keys)
        lengths = self.texts.lengths[rows] * (self.weights is not None)
        starts, stops = np.empty(len(rows), np.int64), np.empty(len(rows), np.int64)
        starts[order], stops[order] = offsets[:-1], offsets[1:]
        return pairs.Sets(keys, self._weigh, starts, stops, lengths)

    def similarities(
        self,
        left: NDArray[np.int64],
        right: NDArray[np.int64],
        *,
        evidence: float = 0.0,
        threads: int = 1,
        progress: Progress | None = None,
    ) -> NDArray[np.float64]:
        """The exact similarity of pairs of distinct texts, by their numbers; see `dedup.stages.pairs.verify`."""
        return pairs.verify(
            self.sets, left, right, self.sizes, evidence=evidence, threads=threads, progress=progress, most=self.tile
        )

    def containments(
        self,
        left: NDArray[np.int64],
        right: NDArray[np.int64],
        *,
        evidence: float = 0.0,
        threads: int = 1,
        progress: Progress | None = None,
    ) -> NDArray[np.float64]:
        """Which share of each left text stands in the right one, by their numbers; see `dedup.stages.pairs.contain`.

        What stands in a frame in either text counts neither for nor against.
        """
        framed = self.texts.leaves_out

        def measure(sets: pairs.Sets, ends: NDArray[np.int32], *, evidence: float = 0.0) -> NDArray[np.float64]:
            return pairs.contain(sets, ends, evidence=evidence, texts=len(sets.starts) // (1 + framed))

        return pairs.verify(
            self.with_frames if framed else self.sets, left, right, self.sizes,
            evidence=evidence, threads=threads, progress=progress, most=self.tile, measure=measure,
        )  # fmt: skip

    def with_frames(self, numbers: NDArray[np.int64]) -> pairs.Sets:
        """The sets of `sets`, then those of the same texts with what stands in frames."""
        own, whole = self.sets(numbers), replace(self, texts=self.texts.whole, _keys=self._whole_keys).sets(numbers)
        begins = own.starts, whole.starts + len(own.keys)
        ends = own.stops, whole.stops + len(own.keys)
        keys, lengths = np.concatenate([own.keys, whole.keys]), np.concatenate([own.lengths, whole.lengths])
        return pairs.Sets(keys, self._weigh, np.concatenate(begins), np.concatenate(ends), lengths)

    def explain(self, left: int, right: int, names: tuple[str, str]) -> passages.Explanation:
        """The passages that two texts share.

        Args:
            left: Row of a text.
            right: Row of another.
            names: What the two are called.
        """
        return passages.explain(self.side(left), self.side(right), names)

    @cached_property
    def frame_list(self) -> frame_lists.FrameList:
        """The frames that were left out of the texts, and who holds them; costs a pass over all texts, once."""
        if self.frames is None:
            return frame_lists.FrameList()
        return frame_lists.listed(self.frames, self.texts, self.first, self.number, threads=count_threads(None))

    def framed(self, rows: NDArray[np.int64]) -> list[tuple[str, Sequence[frame_lists.FrameSpan]]]:
        """Some of these texts, each with its spans in frames; empty where there are no frames."""
        if self.frames is None:
            return []
        traces = [self.texts.trace(row) for row in rows[:MOST_FRAMED].tolist()]
        return [(trace.text, frame_lists.spans(self.frames, trace)) for trace in traces]

    @cached_property
    def word_frequency(self) -> tuple[int, Counter[str]]:
        """How many texts were looked at (of a large corpus a sample), and document frequencies of words but Chinese."""
        rows = self.first[np.linspace(0, len(self.first) - 1, min(len(self.first), MOST_COUNTED)).astype(np.int64)]
        return len(rows), keywords.word_frequency(map(self.texts.text, rows.tolist()))

    def keywords(self, texts: Sequence[str], top: int) -> keywords.Keywords:
        """The words that say what some texts are about, weighed by these articles where jieba does not know them.

        Args:
            texts: The members of a cluster, or a sample of them.
            top: How many words at most.
        """
        articles, frequency = self.word_frequency
        return keywords.keywords(texts, top=top, articles=articles, frequency=frequency)

    def side(self, row: int) -> passages.Side:
        """A text with the weight of each of its shingles, wherever it occurs."""
        trace = self.texts.trace(row)
        if self.weights is None:
            return passages.Side(trace, np.ones(len(trace.keys), np.float32))
        framed = () if self.frames is None else frame_lists.spans(self.frames, trace)
        return passages.Side(trace, self.weights.of(trace.keys), int(self.texts.lengths[row]), framed)
