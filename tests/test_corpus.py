"""`bench/corpus.py`: the synthetic corpora are what they say they are."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pyarrow.parquet as pq  # type: ignore[import-untyped, unused-ignore]
import pytest


@pytest.fixture(scope="module")
def corpus() -> ModuleType:
    """The generator, which is a script beside the package and no part of it."""
    path = Path(__file__).resolve().parent.parent / "bench" / "corpus.py"
    spec = importlib.util.spec_from_file_location("bench_corpus", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def rng() -> np.random.Generator:
    """Random numbers that are the same in every run."""
    return np.random.Generator(np.random.PCG64(7))


def shingles(text: str) -> set[str]:
    """Its runs of five characters."""
    return {text[i : i + 5] for i in range(len(text) - 4)}


def overlap(left: str, right: str) -> float:
    """Jaccard similarity of the two texts' shingles."""
    a, b = shingles(left), shingles(right)
    return len(a & b) / len(a | b)


def digest(texts: list[str]) -> str:
    """A short fingerprint of all texts in order."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


def test_near_copies_are_as_many_and_as_long_as_asked(corpus: ModuleType) -> None:
    """There are as many texts and group numbers as articles, of the wanted length on average."""
    texts, groups = corpus.near_copies(articles=200, characters=600)
    assert len(texts) == len(groups) == 200
    assert groups.dtype == np.int64
    assert np.mean([len(text) for text in texts]) == pytest.approx(600, rel=0.02)


@pytest.mark.parametrize("articles", [1, 6, 7, 50, 203])
def test_near_copies_are_in_groups_of_two_to_ten(corpus: ModuleType, articles: int) -> None:
    """Three articles in ten, or one fewer, are in groups of 2 to 10; the others are alone."""
    _, groups = corpus.near_copies(articles=articles, characters=50)
    sizes = np.bincount(groups)
    assert sizes.min() == 1 and sizes.max() <= 10
    assert 0 <= articles * 3 // 10 - sizes[sizes > 1].sum() <= 1


def test_near_copies_resemble_their_group_only(corpus: ModuleType) -> None:
    """Any two of one group overlap far more than any two of different groups."""
    texts, groups = corpus.near_copies(articles=60, characters=600)
    pairs = [(i, j) for i in range(60) for j in range(i)]
    inside = [overlap(texts[i], texts[j]) for i, j in pairs if groups[i] == groups[j]]
    across = [overlap(texts[i], texts[j]) for i, j in pairs if groups[i] != groups[j]]
    # Five characters touch 3.2 words: with 15 % changed in both, 0.85 ** 6.4 = 0.35 stay, a Jaccard similarity of 0.21.
    assert min(inside) > 0.15
    assert max(inside) < 1
    assert max(across) < 0.05


def test_changed_words_are_one_to_fifteen_percent(corpus: ModuleType, rng: np.random.Generator) -> None:
    """The share of changed words stays within its bounds, comes near both, and leaves the base as it was."""
    words = rng.integers(0, 1000, 400)
    base = corpus.Article(words.copy(), np.zeros(400, np.int64))
    shares = [np.mean(corpus.change_words(base, rng).words != words) for _ in range(200)]
    assert 0.01 <= min(shares) < 0.03 and 0.13 < max(shares) <= 0.15
    assert np.array_equal(base.words, words)


def test_moved_sentences_stay_whole(corpus: ModuleType, rng: np.random.Generator) -> None:
    """Moving sentences changes their order and nothing in them."""
    words, marks = np.arange(60), np.tile([0, 1, 0, 0, 2], 12)
    moved = corpus.move_sentences(corpus.Article(words, marks), rng)
    before, after = words.reshape(12, 5).tolist(), moved.words.reshape(12, 5).tolist()
    assert sorted(after) == before and after != before
    assert np.array_equal(moved.marks, marks)


def test_one_sentence_alone_has_nowhere_to_move(corpus: ModuleType, rng: np.random.Generator) -> None:
    """An article of a single sentence comes back as it is."""
    only = corpus.Article(np.arange(5), np.array([0, 0, 0, 0, 2]))
    assert np.array_equal(corpus.move_sentences(only, rng).words, only.words)


def test_campaign_has_its_share_of_the_articles(corpus: ModuleType) -> None:
    """The campaign is group 0 and the others are numbered from 1, each alone."""
    texts, groups = corpus.campaign(articles=50, share=0.3, characters=100)
    assert len(texts) == 50 and groups.dtype == np.int64
    assert sorted(groups.tolist()) == [0] * 15 + list(range(1, 36))


@pytest.mark.parametrize("common", [0.2, 0.4, 0.8])
def test_campaign_members_share_the_template_only(corpus: ModuleType, common: float) -> None:
    """What all members have in common is the wanted share of each, and next to nothing for the others."""
    texts, groups = corpus.campaign(articles=20, common=common, characters=1_500)
    members = [shingles(text) for text, group in zip(texts, groups, strict=True) if group == 0]
    template = set.intersection(*members)
    assert np.mean([len(template) / len(member) for member in members]) == pytest.approx(common, abs=0.05)
    others = [shingles(text) for text, group in zip(texts, groups, strict=True) if group > 0]
    assert max(len(template & other) / len(template) for other in others) < 0.02


@pytest.mark.parametrize("common", [0.0, 1.0])
def test_campaign_without_or_of_template_only(corpus: ModuleType, common: float) -> None:
    """With nothing in common the members differ, with everything in common they are one text."""
    texts, groups = corpus.campaign(articles=10, share=0.5, common=common, characters=200)
    assert len({text for text, group in zip(texts, groups, strict=True) if group == 0}) == (1 if common else 5)


def test_passages_keep_their_order_in_every_member(corpus: ModuleType, rng: np.random.Generator) -> None:
    """The template's words stand in order, in at most eight runs, and the article keeps its length."""
    template = corpus.Article(np.arange(1000, 1040), np.zeros(40, np.int64))
    filled = corpus.fill(template, corpus.Article(np.arange(100), np.zeros(100, np.int64)), rng)
    from_template = filled.words >= 1000
    assert filled.words.size == 100
    assert np.array_equal(filled.words[from_template], template.words)
    assert 1 < np.count_nonzero(np.diff(from_template.astype(int), prepend=0) == 1) <= 8


def test_same_seed_same_texts(corpus: ModuleType) -> None:
    """The texts are pinned: by the seed, whatever the platform; another seed gives others."""
    texts, groups = corpus.near_copies(articles=20, characters=200, seed=1)
    again, same = corpus.near_copies(articles=20, characters=200, seed=1)
    assert texts == again and np.array_equal(groups, same)
    assert digest(texts) == "32112c4514951db9"
    assert digest(corpus.campaign(articles=20, characters=200, seed=1)[0]) == "fed170753e7ccde6"
    assert digest(texts) != digest(corpus.near_copies(articles=20, characters=200, seed=2)[0])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"articles": 0}, "articles must be at least 1, got 0"),
        ({"characters": 49}, "characters must be at least 50, got 49"),
        ({"share": 30}, "share must be in .0, 1., got 30; for 40 % write 0.4"),
        ({"common": -0.1}, "common must be in .0, 1., got -0.1"),
    ],
)
def test_numbers_out_of_range_are_refused(corpus: ModuleType, wrong: dict[str, float], message: str) -> None:
    """An error says what was given and what is allowed."""
    with pytest.raises(ValueError, match=message):
        corpus.campaign(**wrong)


def test_command_line_writes_parquet(corpus: ModuleType, tmp_path: Path) -> None:
    """The file holds what the function returns, with an id for each article."""
    out = tmp_path / "corpus.parquet"
    corpus.main(["near-copies", "--articles", "12", "--characters", "80", "--seed", "3", "--out", str(out)])
    table = pq.read_table(out)
    texts, groups = corpus.near_copies(articles=12, characters=80, seed=3)
    assert table.column_names == ["id", "text", "group"]
    assert table["text"].to_pylist() == texts and table["group"].to_pylist() == groups.tolist()
    assert len(set(table["id"].to_pylist())) == 12
