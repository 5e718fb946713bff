"""What marks say: precision and recall of a run whose truth is known, as a whole and in parts."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations
from types import ModuleType

import numpy as np
import pytest

import dedup
from dedup import Audit, MarkedAudit, Settings
from dedup.audits.marked import Rated
from dedup.errors import SettingsError

THRESHOLD = 0.25


@pytest.fixture(scope="module")
def audit(synthetic: ModuleType) -> Audit:
    """All pairs of four templates, two of which share their frame; texts of the first are copied."""
    texts, ids = [], []
    for seed in range(4):
        own = synthetic.spun(10, seed=seed // 2 * 2, missing=0.3 * (seed % 2)).texts
        texts += own
        ids += [f"host{seed}/{n}" for n in range(10)]
    articles = [{"id": name, "text": text} for name, text in zip(ids, texts, strict=True)]
    articles += [{"id": f"copy/{n}", "text": texts[n % 3]} for n in range(6)]
    return dedup.cluster(articles, Settings(threshold=THRESHOLD)).audit(10_000)


def right(audit: Audit, left: int, other: int) -> bool:
    """Whether two articles have an even sum of places: as good as chance, and known."""
    first = audit.run.found.graph.distinct
    return bool((first[left] + first[other]) % 3 > 0)


@pytest.fixture(scope="module")
def marked(audit: Audit) -> MarkedAudit:
    """With the truth."""
    return audit.mark([right(audit, pair.left, pair.right) for pair in audit])


def test_all_pairs_give_the_truth(audit: Audit, marked: MarkedAudit) -> None:
    """Precision and recall as they are counted, and no interval."""
    hit = sum(pair.joined and right(audit, pair.left, pair.right) for pair in audit)
    all_right = sum(right(audit, pair.left, pair.right) for pair in audit)
    joined = sum(pair.joined for pair in audit)
    assert 0 < joined < len(audit)
    assert marked.precision == pytest.approx([hit / joined] * 3)
    assert marked.recall == pytest.approx([hit / all_right] * 3)


def test_copies_count_as_articles(audit: Audit, marked: MarkedAudit) -> None:
    """Pairs of articles, those of one text being right."""
    found = audit.run.found
    hit = joined = 0
    for a, b in combinations(range(len(found.heads)), 2):
        if found.heads[a] == found.heads[b]:
            joined += 1
            hit += found.graph.distinct[a] == found.graph.distinct[b] or right(audit, a, b)
    assert marked.precision_with_copies == pytest.approx([hit / joined] * 3)
    assert marked.recall_with_copies is not None


def test_a_part_of_the_pairs_is_near_the_truth(audit: Audit, marked: MarkedAudit) -> None:
    """A third of the marks: an interval that holds what all of them say."""
    some = audit.mark([right(audit, *pair[:2]) if n % 3 == 0 else None for n, pair in enumerate(audit)])
    assert some.left_out == {"not marked": len(audit) - len(some)}
    for name in ("precision", "recall", "precision_with_copies", "recall_with_copies"):
        estimate, truth = getattr(some, name), getattr(marked, name).value
        assert estimate.low < truth < estimate.high


def test_ranges_of_similarity_add_up(marked: MarkedAudit) -> None:
    """Every pair is in one of them."""
    rows = marked.by_similarity
    sizes = marked.run.population.sizes()
    assert sum(row.joined + row.apart for row in rows) == sizes.sum()
    assert sum(row.marked for row in rows) == len(marked)
    assert rows[0].name.startswith(f"{THRESHOLD / 2:g} to")
    hit = sum(row.joined * row.precision.value for row in rows if row.precision)
    assert marked.precision is not None
    assert hit / sum(row.joined for row in rows) == pytest.approx(marked.precision.value)


def test_pairs_from_a_similarity_on_are_told(audit: Audit, marked: MarkedAudit) -> None:
    """As by going through all pairs that are so alike; the last row begins at the threshold."""
    rows = marked.at_least
    assert [row.name for row in rows] == ["0.125 to 1", "0.188 to 1", "0.25 to 1"]
    for row, least in zip(rows, (0.125, 0.1875, 0.25), strict=True):
        alike = [pair for pair in audit if pair.similarity >= least]
        joined = [pair for pair in alike if pair.joined]
        hit = sum(right(audit, *pair[:2]) for pair in joined)
        assert (row.joined, row.apart) == (len(joined), len(alike) - len(joined))
        assert row.precision is not None and row.recall is not None
        assert row.precision.value == pytest.approx(hit / len(joined))
        assert row.recall.value == pytest.approx(hit / sum(right(audit, *pair[:2]) for pair in alike))


def test_sources_are_told_exactly(audit: Audit, marked: MarkedAudit) -> None:
    """As by going through all pairs that have an end there."""
    found = audit.run.found
    names = [str(name) for name in found.names.to_pylist()]
    expected: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for pair in audit:
        for one in {names[pair.left].split("/")[0], names[pair.right].split("/")[0]}:
            expected[one][0 if pair.joined else 1] += 1
            expected[one][2] += pair.joined and right(audit, pair.left, pair.right)
    rows = {row.name: row for row in marked.by_source}
    assert set(rows) == set(expected)
    for name, (joined, apart, hit) in expected.items():
        row: Rated = rows[name]
        assert (row.joined, row.apart, row.marked) == (joined, apart, joined + apart)
        assert row.precision is None or row.precision.value == pytest.approx(hit / joined)


@pytest.mark.parametrize("threshold", [0.15, THRESHOLD, 0.4])
def test_another_threshold_is_told_by_the_same_marks(audit: Audit, marked: MarkedAudit, threshold: float) -> None:
    """Its clusters are those of a run, and its precision what all marks say of them."""
    (found,) = marked.thresholds(threshold)
    texts = [audit.run.found.corpus.texts.text(row) for row in range(len(audit.run.found.heads))]  # type: ignore[union-attr]
    run = dedup.cluster(texts, Settings(threshold=threshold))
    assert (found.clusters, found.articles) == (len(run), int((run.sizes > 1).sum()))
    joined = [pair for pair in audit if run.labels[pair.left] == run.labels[pair.right]]
    hit = sum(right(audit, pair.left, pair.right) for pair in joined)
    assert found.precision is not None and found.recall is not None
    assert found.precision.value == pytest.approx(hit / len(joined))
    assert found.recall.value == pytest.approx(hit / sum(right(audit, *pair[:2]) for pair in audit))
    assert 0 < found.known <= 1
    assert found.known == 1 or threshold < THRESHOLD


def test_thresholds_reach_from_half_the_own_to_one(marked: MarkedAudit) -> None:
    """Without a choice there are several; others are refused."""
    assert [one.threshold for one in marked.thresholds()] == [0.125, 0.1875, 0.25, 0.3125, 0.375, 0.5, 0.75]
    for wrong in (0.1, 1.1, True, "0.3", float("nan")):
        with pytest.raises(SettingsError, match=r"a threshold must be from 0\.125"):
            marked.thresholds(wrong)  # type: ignore[arg-type]


def test_it_prints_as_tables(marked: MarkedAudit) -> None:
    """In a terminal and in a notebook."""
    text = str(marked)
    for words in ("pairs of texts", "By similarity", "By source", "What another threshold would do", "host1", "lost"):
        assert words in text
    assert str(marked.precision) in repr(marked)
    assert "<table" in marked._repr_html_()
    assert "host1" in marked._repr_html_()


def test_few_marks_leave_much_unknown(audit: Audit) -> None:
    """One mark is no error, and none says nothing."""
    one = audit.mark([True, *[None] * (len(audit) - 1)])
    assert len(one) == 1
    assert "unknown" in str(audit.mark([None] * len(audit)))
    assert audit.mark([None] * len(audit)).by_source == []
    assert np.isfinite([*(one.precision or (0,)), *(one.recall or (0,))]).all()
