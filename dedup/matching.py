"""The whole job for two sets: which articles of A are like which of B, or stand in them.

In: A, which is held, and B, which may be a stream: it is taken in blocks, and of each only what was matched is kept.
Out: `Matches`. Only pairs of an article of A with one of B are compared, by the same stages as in `dedup.pipeline`.
Weights and frames are those of A and B together where B is held. Of a stream they are those of A and the first block,
for whatever comes later must not change what was found before.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from itertools import pairwise
from typing import Any, NamedTuple, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dedup.errors import SettingsError
from dedup.evidence.containing import evidence_of, least_evidence, quoted, standing
from dedup.evidence.corpus import Corpus
from dedup.index import Index
from dedup.kernels import Integers
from dedup.matches import Matches, Measured
from dedup.pipeline import (
    Stages,
    checked_settings,
    chosen_bands,
    distinct,
    meeting_rules,
    represent,
    two_texts,
)
from dedup.progress import Progress, shown
from dedup.settings import Settings, with_settings
from dedup.stages import articles as reading
from dedup.stages import bands, candidates, runs, shingles
from dedup.stages.articles import Articles
from dedup.stages.clusters import Pairs
from dedup.stages.noted import note
from dedup.stages.quotes import Quotes
from dedup.stages.shingles import Noting
from dedup.stages.signer import Signer
from dedup.work import Progress as Tell
from dedup.work import count as count_threads

BLOCK = 1 << 28
"""Bytes of the texts of a stream that are held at once."""
Known = tuple[Integers, NDArray[np.uint64]]
"""Lengths and fingerprints of texts."""
CONTAINED = 0.8
"""Containment from which an article stands in another, by default. Of real pages that were found with quotations of 80
characters from 0.8 on, one in a thousand holds less than half of the quotation; from 0.5 on one in seventy."""


@with_settings
def match(
    a: Any,
    b: Any,
    settings: Settings | None = None,
    *,
    by: Measured = "similarity",
    threshold: float | None = None,
    text: str | list[str] = "text",
    id: str = "id",  # noqa: A002 - the column's usual name
    threads: int | None = None,
    progress: Progress | bool | None = None,
) -> Matches:
    """Find for each article of A those of B that it is like, or stands in.

    Answers are those of clustering A and B together: the edges between an article of A and one of B. By containment
    an article matches where at least this share of its evidence stands in the other one, however long that is: a
    quotation in a page, an article among others. Articles of A are not compared with each other, nor those of B.

    Args:
        a: Articles of any kind that `cluster` takes; held in memory.
        b: The others, of any such kind; an open `Index`, or its path. An iterator of articles or of tables, an Arrow
            record batch reader, a lazy frame, a dataset, a table of a lake and a data set of a hub are streamed: memory
            is that of A, of 256 MB of B at a time, and of what matched.
        settings: How articles are compared; None is `Settings()`, or for an index its own.
        by: What is computed, ``"similarity"`` or ``"containment"``.
        threshold: Least of it, in (0, 1]; None is that of the settings, for containment 0.8.
        text: Column, key or attribute that holds the text; or a path, or several, as for `cluster`.
        id: Column, key or attribute that holds the id, or a path; the default may be absent.
        threads: How many to use; None is one a core. The result does not depend on it.
        progress: True shows a bar; a function is called with the stage, the work done and the whole of it.

    Returns:
        The matches, by article of A.

    Raises:
        InputError: A or B is of a kind that cannot be read, or the index stores no texts.
        FileError: There is no index at this path.
        SettingsError: `by`, `threshold`, `threads` or `settings` is not what it must be.

    Warns:
        DedupWarning: Something was mended or left out; the message says what.

    Example:
        >>> found = dedup.match(articles[8:10], articles[10:])
        >>> for one in found:
        ...     print(one.id, [(other.id, round(other.score, 2)) for other in one])
        tea-1 [('tea-4', 0.15), ('tea-3', 0.14), ('tea-5', 0.14)]
        tea-2 [('tea-4', 0.14), ('tea-3', 0.13), ('tea-5', 0.13)]
        >>> quotation = articles[8]["text"][300:400]
        >>> [other.id for other in dedup.match([quotation], articles, by="containment")[0]]
        ['tea-1']
    """
    count = count_threads(threads)
    with ExitStack() as stack:
        if isinstance(b, str | os.PathLike):
            b = stack.enter_context(Index(b, create=False))
        if isinstance(b, Index):
            settings, b = settings or b.settings, b.texts()
        plan = _plan(settings, by, threshold)
        stages = Stages(stack.enter_context(shown(progress)), "match")
        with stages.stage("read"):
            longest = plan.settings.longest_text
            mine = reading.articles(a, text=text, id=id, threads=count, longest=longest)
            stages.count(articles=len(mine.texts))
        matcher = _Matcher(mine, plan, count, stages)
        for block in _blocks(reading.streamed(b, text=text, id=id, threads=count, longest=longest), BLOCK):
            matcher.take(block)
        found = matcher.matches()
        stages.done(articles=found.articles, against=found.against, matched=len(found), pairs=len(found.left))
        return found


@with_settings
def containment(a: str, b: str, settings: Settings | None = None) -> float:
    """Which share of a text stands in another, with weights from the prior alone.

    A shingle weighs as in the longer of the two texts, so that what any long text holds by chance counts for little.

    Args:
        a: A text.
        b: Another, which may be much longer.
        settings: How they are compared; None is `Settings()`.

    Returns:
        0 to 1; 1 where all of `a` stands in `b`, 0 if either has no letter or digit.

    Raises:
        InputError: One of them is not a string.
        SettingsError: `settings` is neither a Settings nor None.

    Example:
        >>> page = "首页 登录 注册。石桥建于乾隆年间，三个拱，至今能过车。版权所有"
        >>> dedup.containment("石橋建於乾隆年間，三個拱", page)
        1.0
        >>> round(dedup.containment(page, "石橋建於乾隆年間，三個拱"), 2)
        0.37
    """
    corpus, both = two_texts(a, b, settings), np.arange(2)
    return float(corpus.containments(both[:1], both[1:])[0])


class _Plan(NamedTuple):
    """What is computed, and how."""

    settings: Settings
    by: Measured
    threshold: float


def _plan(settings: Settings | None, by: str, threshold: float | None) -> _Plan:
    settings = checked_settings(settings, signing=True)
    if by not in get_args(Measured):
        raise SettingsError(f"by must be 'similarity' or 'containment', got {by!r}")
    if by == "similarity":
        chosen = settings if threshold is None else replace(settings, threshold=threshold)
        return _Plan(chosen, "similarity", chosen.threshold)
    least = CONTAINED if threshold is None else replace(settings, threshold=threshold).threshold
    return _Plan(settings, "containment", float(least))


def _blocks(chunks: Iterator[Articles], most: int) -> Iterator[Articles]:
    """The same articles in blocks of about so many bytes of text, wherever chunks end; one block at least."""
    held, number, total = list[Articles](), 0, 0
    for chunk in chunks:
        sizes = pc.binary_length(chunk.texts).fill_null(0).to_numpy().astype(np.int64)
        blocks = (total + np.cumsum(sizes) - sizes) // most
        total += int(sizes.sum())
        cuts = [0, *(np.flatnonzero(np.diff(blocks)) + 1).tolist(), len(blocks)]
        for begin, end in pairwise(cuts) if len(blocks) else ():
            if blocks[begin] != number and held:
                yield _joined(held)
                held = []
            number = blocks[begin]
            ids = None if chunk.ids is None else chunk.ids[begin:end]
            held.append(Articles(chunk.texts[begin:end], ids, None))
    yield _joined(held)


def _joined(several: list[Articles]) -> Articles:
    texts = [chunk for some in several for chunk in some.texts.chunks]
    ids = [some.ids for some in several if some.ids is not None]
    named = _one_type(ids) if ids and len(ids) == len(several) else None
    return Articles(pa.chunked_array(texts, pa.large_string()), named, None)


def _one_type(columns: list[pa.ChunkedArray]) -> pa.ChunkedArray:
    """Columns one after the other; as strings where their types differ."""
    kinds = {column.type for column in columns}
    kind = kinds.pop() if len(kinds) == 1 else pa.large_string()
    return pa.chunked_array([chunk for column in columns for chunk in column.cast(kind).chunks], kind)


def _coded(mine: Integers, others: Integers) -> NDArray[np.uint64]:
    """Pairs as single numbers."""
    return mine.astype(np.uint64) << np.uint64(32) | others.astype(np.uint64)


class _Ends(NamedTuple):
    """Both sets of texts in one corpus, in which a text that both have is there twice."""

    corpus: Corpus
    others: int
    """How many distinct texts of B there are; those of A come after them."""
    articles: int
    """How many articles A has; in the column they come first."""

    @property
    def mine(self) -> Integers:
        """The numbers of the distinct texts of A."""
        return np.arange(self.others, len(self.corpus.first))

    def equal(self) -> tuple[Integers, Integers]:
        """Texts of A, and those of B that are equal to them when folded."""
        order, fresh = shingles.by_print(self.corpus.texts.prints[self.corpus.first])
        second = np.flatnonzero(~fresh)  # the order is stable: the one of A comes second
        return order[second], order[second - 1]


class _Meeting:
    """Finds candidates; what A is found by is made with the first block, and kept.

    Args:
        plan: What is computed.
        threads: How many to use.
        stages: Collects times and reports progress.

    Attributes:
        capped: (a,): distinct texts of A that were not compared with all that may match.
    """

    def __init__(self, plan: _Plan, threads: int, stages: Stages) -> None:
        self._settings, self._least, self._threads, self._stages = plan.settings, plan.threshold, threads, stages
        self.capped = np.zeros(1, np.bool_)  # of none, and it fits any number

    def scanning(self, corpus: Corpus, others: int) -> Noting | None:  # noqa: ARG002 - of those that make nothing
        """What is made of so many texts of B while they are folded; the corpus is that of A."""
        return None

    def worthwhile(self, others: int) -> Integers:
        """Which texts of the block that was folded last are looked at."""
        return np.arange(others)

    def pairs(self, ends: _Ends) -> tuple[Integers, Integers]:
        """Texts of A and of B that may match."""
        raise NotImplementedError

    def verified(self, corpus: Corpus, mine: Integers, others: Integers, tell: Tell) -> NDArray[np.float64]:
        """How similar they are."""
        least = self._settings.least_shared
        return corpus.similarities(mine, others, evidence=least, threads=self._threads, progress=tell)

    def short(self, corpus: Corpus, texts: Integers) -> NDArray[np.bool_]:  # noqa: ARG002 - none is too short
        """Which of these distinct texts can have no match."""
        return np.zeros(len(texts), np.bool_)

    def _met(self, buckets: candidates.Buckets, sketches: NDArray[np.uint8], others: int) -> tuple[Integers, Integers]:
        """Places in buckets of texts of A, and those before `others` that they may be similar to."""
        rules = meeting_rules(self._settings, since=others, apart=True)
        with self._stages.stage("meet") as tell:
            left, right, capped = candidates.candidates(buckets, sketches, rules, threads=self._threads, progress=tell)
        self.capped = self.capped | capped[others:]
        return right, left


class _ByRuns(_Meeting):
    """Texts with weights: those that share a run and whose sketches are similar."""

    _mine: tuple[NDArray[np.uint8], list[runs.Runs]] | None = None

    def pairs(self, ends: _Ends) -> tuple[Integers, Integers]:
        """See `_Meeting`."""
        corpus, others = ends.corpus, ends.others
        signer = Signer(self._settings, corpus.weights)
        with self._stages.stage("sign") as tell:
            if self._mine is None:
                self._mine = signer.sketch(corpus.texts, corpus.first[others:], threads=self._threads)
            theirs = signer.sketch(corpus.texts, corpus.first[:others], threads=self._threads, progress=tell)
        after = [some._replace(numbers=np.asarray(some.numbers) + others) for some in self._mine[1]]
        buckets = runs.RunBuckets([*theirs[1], *after], len(corpus.first))
        return self._met(buckets, np.concatenate([theirs[0], self._mine[0]]), others)


class _ByBands(_Meeting):
    """Texts without weights: those that agree in a band; what shares too few shingles with A is not even signed."""

    _noting: Noting | None = None
    _mine: NDArray[np.uint16] | None = None

    def scanning(self, corpus: Corpus, others: int) -> Noting:
        """See `_Meeting`."""
        noting = self._noting or note(corpus.texts, corpus.first, self._settings)
        self._noting = noting._replace(enough=np.empty(others, np.bool_))
        return self._noting

    def worthwhile(self, others: int) -> Integers:  # noqa: ARG002 - the scan has told
        """See `_Meeting`."""
        assert self._noting is not None
        return np.flatnonzero(self._noting.enough)

    def pairs(self, ends: _Ends) -> tuple[Integers, Integers]:
        """See `_Meeting`."""
        texts, first, others, settings = ends.corpus.texts, ends.corpus.first, ends.others, self._settings
        signer, count = Signer(settings, None), self._threads
        with self._stages.stage("sign") as tell:
            if self._mine is None:
                self._mine = signer.sign(texts, first[others:], threads=count)
            signed = np.concatenate([signer.sign(texts, first[:others], threads=count, progress=tell), self._mine])
        buckets = bands.BandBuckets(bands.Matrix(signed), chosen_bands(settings))
        return self._met(buckets, candidates.sketches(signed), others)


class _ByQuotes(_Meeting):
    """Texts of which one may stand in the other, however long that is."""

    _mine: Quotes | None = None

    def pairs(self, ends: _Ends) -> tuple[Integers, Integers]:
        """See `_Meeting`."""
        with self._stages.stage("sign"):
            if self._mine is None:
                self._mine = quoted(ends.corpus, ends.mine, self._least, threads=self._threads)
        with self._stages.stage("meet"):
            found = standing(ends.corpus, self._mine, ends.mine, np.arange(ends.others), threads=self._threads)
        self.capped = 2 * self._mine.common > self._mine.runs
        return found

    def verified(self, corpus: Corpus, mine: Integers, others: Integers, tell: Tell) -> NDArray[np.float64]:
        """How much of each text of A stands in that of B."""
        least = least_evidence(self._settings)
        return corpus.containments(mine, others, evidence=least, threads=self._threads, progress=tell)

    def short(self, corpus: Corpus, texts: Integers) -> NDArray[np.bool_]:
        """Which of these distinct texts hold less evidence than a match needs."""
        return evidence_of(corpus, texts) < least_evidence(self._settings)


class _Matcher:
    """Takes B in blocks, and keeps what matches.

    Args:
        mine: A.
        plan: What is computed.
        threads: How many to use.
        stages: Collects times and reports progress.
    """

    def __init__(self, mine: Articles, plan: _Plan, threads: int, stages: Stages) -> None:
        self._mine, self._plan, self._threads, self._stages = mine, plan, threads, stages
        by_runs = _ByRuns if plan.settings.weighted else _ByBands
        chosen = _ByQuotes if plan.by == "containment" else by_runs
        self._meeting: _Meeting = chosen(plan, threads, stages)
        self._ends: _Ends | None = None
        self._weighed: Corpus | None = None
        if not plan.settings.weighted:
            self._weighed = represent(mine.texts, plan.settings, threads=threads, stages=stages)
        self._found, self._kept, self._against = list[Pairs](), list[_Kept](), 0

    def take(self, block: Articles) -> None:
        """Match the next articles of B."""
        ends = self._ends = self._both(block)
        pairs = [ends.equal()]
        if 0 < ends.others < len(ends.corpus.first):
            pairs.append(self._meeting.pairs(ends))
        others, mine = candidates.ends(candidates.once([_coded(*some) for some in pairs]))
        with self._stages.stage("verify") as tell:
            score = self._meeting.verified(ends.corpus, mine, others, tell)
            self._stages.count(pairs=len(mine), matches=int((score >= self._plan.threshold).sum()))
        self._keep(ends, Pairs(mine, others, score).where(score >= self._plan.threshold), block)

    def _both(self, block: Articles) -> _Ends:
        """A and a block of B; with the first one, all is weighed."""
        articles = len(self._mine.texts)
        column = pa.chunked_array([*self._mine.texts.chunks, *block.texts.chunks], pa.large_string())
        if self._weighed is None:
            corpus = represent(column, self._plan.settings, threads=self._threads, stages=self._stages)
            self._weighed = corpus
        else:
            corpus = self._corpus(column, self._known(self._folded(block)))
        others, other_numbers = distinct(corpus.texts, articles + self._meeting.worthwhile(len(block.texts)))
        mine, my_numbers = distinct(corpus.texts, np.arange(articles))
        numbers = np.where(my_numbers < 0, other_numbers, my_numbers + len(others))
        both = replace(corpus, first=np.concatenate([others, mine]), number=numbers)
        return _Ends(both, len(others), articles)

    def _folded(self, block: Articles) -> Known:
        """Lengths and fingerprints of a block of B."""
        assert self._weighed is not None
        scanning = self._meeting.scanning(self._weighed, len(block.texts))
        with self._stages.stage("fold") as tell:
            texts = shingles.Texts.of(
                block.texts, self._plan.settings, threads=self._threads, progress=tell, signing=scanning
            )
        return texts.lengths, texts.prints

    def _known(self, *others: Known) -> Known:
        """Lengths and fingerprints of A, and of others after it."""
        assert self._weighed is not None
        before, articles = self._weighed.texts, len(self._mine.texts)
        every = [(before.lengths[:articles], before.prints[:articles]), *others]
        return np.concatenate([one[0] for one in every]), np.concatenate([one[1] for one in every])

    def _corpus(self, column: pa.ChunkedArray, known: Known) -> Corpus:
        """Texts that were folded before, weighed as the first ones were."""
        first = self._weighed
        assert first is not None
        texts = shingles.Texts.of(column, self._plan.settings, known=known)
        if first.frames is not None:
            texts = texts.without(first.frames.windows)
        every = np.arange(len(column))
        return replace(first, texts=texts, first=every, number=every)

    def _keep(self, ends: _Ends, pairs: Pairs, block: Articles) -> None:
        """Keep the matches of all articles with these texts, and those of B that matched."""
        articles = len(self._mine.texts)
        found = _of_articles(pairs, ends.corpus.number)
        rows = np.unique(found.right) - articles
        self._found.append(found._replace(right=found.right - articles + self._against))
        every = pa.chunked_array([pa.array(np.arange(len(block.texts)) + self._against)])
        ids = (every if block.ids is None else block.ids).take(pa.array(rows))
        texts = ends.corpus.texts
        known = texts.lengths[articles + rows], texts.prints[articles + rows]
        self._kept.append(_Kept(rows + self._against, block.texts.take(pa.array(rows)), ids, known))
        self._against += len(block.texts)

    def matches(self) -> Matches:
        """What was found in all blocks."""
        assert self._ends is not None
        plan, ends, kept = self._plan, self._ends, self._kept
        left, right, score = (np.concatenate(parts) for parts in zip(*self._found, strict=True))
        order = np.lexsort((right, -score, left))
        chunks = (chunk for one in kept for chunk in one.texts.chunks)
        column = pa.chunked_array([*self._mine.texts.chunks, *chunks], pa.large_string())
        return Matches(
            plan.by, plan.threshold, ends.articles, self._against, left[order], right[order], score[order],
            short=self._articles_of(self._meeting.short(ends.corpus, ends.mine), missing=True),
            capped=self._articles_of(np.broadcast_to(self._meeting.capped, len(ends.mine)), missing=False),
            ids=self._mine.ids,
            held=np.concatenate([one.rows for one in kept]),
            held_ids=_one_type([one.ids for one in kept]).combine_chunks(),
            corpus=self._corpus(column, self._known(*(one.known for one in kept))),
            seconds=dict(self._stages.seconds),
        )  # fmt: skip

    def _articles_of(self, texts: NDArray[np.bool_], *, missing: bool) -> Integers:
        """Positions of the articles of A that have one of these texts, or if so wanted none."""
        assert self._ends is not None
        numbers = self._ends.corpus.number[: self._ends.articles]
        there = np.flatnonzero(numbers >= 0)
        found = np.full(len(numbers), missing)
        found[there] = texts[numbers[there] - self._ends.others]
        return np.flatnonzero(found)


class _Kept(NamedTuple):
    """Articles of a block of B that were matched."""

    rows: Integers
    texts: pa.ChunkedArray
    ids: pa.ChunkedArray
    known: Known


def _of_articles(pairs: Pairs, numbers: Integers) -> Pairs:
    """Pairs of articles, from those of their texts; `numbers` are those of each article's text."""
    order = np.argsort(numbers, kind="stable")
    starts = np.searchsorted(numbers[order], np.arange(numbers.max(initial=-1) + 2))
    counts = np.diff(starts)
    pair = np.repeat(np.arange(len(pairs.left)), counts[pairs.left] * counts[pairs.right])
    place = np.arange(len(pair)) - np.searchsorted(pair, pair)  # among those of its pair
    left, right = pairs.left[pair], pairs.right[pair]
    mine, other = np.divmod(place, np.maximum(1, counts[right]))
    return Pairs(order[starts[left] + mine], order[starts[right] + other], pairs.similarity[pair])
