"""What holds of any articles: similarity has a range and no direction; order, threads, strangers change nothing."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

import numpy as np
import pytest
from crawlers import sentence
from hypothesis import given, settings
from hypothesis import strategies as st

import dedup
from dedup import Clusters, Settings
from dedup.stages.folding import fold

MODES = [
    pytest.param(Settings(), id="weights"),
    pytest.param(Settings(linkage=0.0, evidence=0.0, frames=False), id="weights, components"),
    pytest.param(Settings.near_copies(), id="near copies"),
    pytest.param(Settings.near_copies(threshold=0.2, unit="word"), id="words"),
]
NOBODY = "".join(chr(0x1400 + number * 7 % 500) for number in range(300))
"""Canadian syllables, which no article has."""


@st.composite
def article(draw: Any) -> str:
    """Sentences of a family or two, some of them cut short, in any order: rewrites, copies and strangers."""
    families = draw(st.lists(st.integers(0, 3), min_size=1, max_size=2))
    parts = [
        sentence(f"{draw(st.sampled_from(families))} {draw(st.integers(0, 7))}") for _ in range(draw(st.integers(1, 9)))
    ]
    if draw(st.booleans()):
        parts[0] = parts[0][draw(st.integers(0, 9)) :]
    return "".join(parts)


ARTICLES = st.lists(article(), min_size=2, max_size=24)
FEW = settings(deadline=None, max_examples=25)


def partition(labels: Sequence[int], order: Sequence[int] | None = None) -> set[frozenset[int]]:
    """Which articles have one label, by their numbers in the order that they had."""
    parts: dict[int, set[int]] = {}
    for place, label in enumerate(labels):
        parts.setdefault(int(label), set()).add(place if order is None else order[place])
    return set(map(frozenset, parts.values()))


def said(found: Clusters) -> list[Any]:
    """All that a result says, to the last bit."""
    pairs = found.pairs
    return [found.to_arrow().to_pydict(), *(np.asarray(column).tobytes() for column in pairs)]


@pytest.mark.parametrize("chosen", MODES)
def test_similarity_has_a_range_and_no_direction(chosen: Settings) -> None:
    """From 0 to 1, whichever text comes first, and what explains it adds up to it; a text is itself."""

    @FEW
    @given(article(), article())
    def check(one: str, other: str) -> None:
        alike = dedup.similarity(one, other, chosen)
        assert 0 <= alike <= 1
        assert dedup.similarity(other, one, chosen) == alike
        assert dedup.similarity(one, one, chosen) == 1 or not fold(one)
        explained = dedup.explain(one, other, chosen)
        assert explained.similarity == pytest.approx(alike)
        assert sum(passage.weight for passage in explained.passages) == pytest.approx(alike)

    check()


@pytest.mark.parametrize("chosen", MODES)
def test_threads_do_not_matter(chosen: Settings) -> None:
    """One thread, two or five give the same bytes."""

    @FEW
    @given(ARTICLES)
    def check(texts: list[str]) -> None:
        one, *more = (said(dedup.cluster(texts, chosen, threads=threads)) for threads in (1, 2, 5))
        assert all(other == one for other in more)

    check()


@pytest.mark.parametrize("chosen", MODES)
def test_order_does_not_matter(chosen: Settings) -> None:
    """In any order the same articles are in one cluster."""

    @FEW
    @given(ARTICLES, st.integers(0, 1000))
    def check(texts: list[str], seed: int) -> None:
        order = Random(seed).sample(range(len(texts)), len(texts))
        mixed = dedup.cluster([texts[place] for place in order], chosen)
        assert partition(mixed.labels, order) == partition(dedup.cluster(texts, chosen).labels)

    check()


def test_a_stranger_does_not_matter() -> None:
    """Without weights, which count all articles, one that shares nothing with any other changes nothing."""

    @FEW
    @given(ARTICLES, st.integers(0, 24))
    def check(texts: list[str], place: int) -> None:
        place = min(place, len(texts))
        more = dedup.cluster([*texts[:place], NOBODY, *texts[place:]], Settings.near_copies())
        order = [*range(place), -1, *range(place, len(texts))]
        alone = partition(dedup.cluster(texts, Settings.near_copies()).labels)
        assert partition(more.labels, order) == alone | {frozenset([-1])}

    check()


@pytest.mark.parametrize("chosen", MODES)
def test_a_higher_threshold_keeps_fewer_pairs(chosen: Settings) -> None:
    """Those at or above it, and no other; without linkage its clusters are parts of those at a lower one."""

    @FEW
    @given(ARTICLES, st.lists(st.floats(0.2, 1), min_size=2, max_size=2))
    def check(texts: list[str], thresholds: list[float]) -> None:
        found = dedup.cluster(texts, chosen)
        low, high = (found.at(max(threshold, chosen.threshold)) for threshold in sorted(thresholds))
        many, few = ({(int(a), int(b)): float(s) for a, b, s in zip(*one.pairs, strict=True)} for one in (low, high))
        assert few == {pair: alike for pair, alike in many.items() if alike >= max(*thresholds, chosen.threshold)}
        if not chosen.linkage:
            wide = partition(low.labels)
            assert all(any(part <= other for other in wide) for part in partition(high.labels))

    check()
