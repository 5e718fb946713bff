"""`dedup.background`: common Chinese is cheap, rare Chinese is dear, other scripts have one rate."""

from __future__ import annotations

import itertools

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup import kernels
from dedup.background import ARTICLE_CHARACTERS, background, chances
from dedup.folding import fold


def bits(run: str) -> float:
    """Surprisal of a run of folded characters, summed as the kernels do."""
    codes = [np.uint32(0)] + [np.uint32(naive.code(c)) for c in run]
    return float(sum(kernels.bits_after(background(), left, right) for left, right in itertools.pairwise(codes)) / 16)


def test_textbook_example() -> None:
    """A word is less surprising than its characters in another order, or than a rare one."""
    assert bits("手机") < bits("机手") < bits("手龘")


@pytest.mark.parametrize("word", ["中国", "手机", "我们", "经济", "银行", "电话"])
def test_a_word_is_likelier_than_chance(word: str) -> None:
    """Inside a word the second character costs less than where two words meet, and less than alone."""
    left, right = (naive.code(c) for c in word)
    model = background()
    inside = kernels.bits_after(model, np.uint32(left), np.uint32(right))
    across = model.last[model.places[ord(word[0])]] + model.first[model.places[ord(word[1])]]
    assert inside < across
    assert bits(word) < bits(word[0]) + bits(word[1])


def test_bits_are_whole_sixteenths() -> None:
    """Sums are exact, so that a shingle has the same bits wherever it stands."""
    model = background()
    assert {column.dtype for column in model[1:4] + model[5:]} == {np.dtype(np.int32)}
    assert all(column.min() >= 0 for column in model)
    assert isinstance(kernels.bits_after(model, np.uint32(0), np.uint32(naive.code("的"))), int)


@pytest.mark.parametrize("character", ["𠀀", "𪚥", "\U00030000", "\U00031350"])
def test_an_unseen_character_is_rare(character: str) -> None:
    """A Han character that no word of the dictionary holds has 26 bits, more than any that one does."""
    assert bits(fold(character)) == 26
    assert bits(fold(character)) > background().alone[1:-1].max() / 16
    assert bits("的" + character) == bits("的") + background().last[background().places[ord("的")]] / 16 + 26


@pytest.mark.parametrize(("run", "rate"), [("abcdef", 3), ("12", 3), ("яж", 3), ("ابت", 3), ("カな", 6), ("한글", 9)])
def test_other_scripts_have_a_flat_rate(run: str, rate: int) -> None:
    """Every unit of a script that the model does not know has 3 bits, whatever stands before it."""
    assert bits(run) == rate * len(run)
    assert bits("的" + run) == bits("的") + rate * len(run)


def test_han_after_another_script_starts_a_word() -> None:
    """The first character after a letter costs what it costs at the start of a word."""
    assert bits("a的") - bits("a") == bits("1的") - bits("1") == background().first[background().places[ord("的")]] / 16


def test_every_pair_of_the_dictionary_is_found() -> None:
    """The hash table of bigrams gives each its own bits and is at most half full."""
    model, (singles, pairs) = background(), naive._model()
    assert np.count_nonzero(model.pairs) == len(pairs) <= len(model.pairs) / 2
    assert np.count_nonzero(model.places[[ord(c) for c in singles]]) == len(singles)
    some = list(pairs)[::97]
    assert [bits(pair) - bits(pair[0]) for pair in some] == [pairs[pair] for pair in some]


@settings(deadline=None, max_examples=200)
@given(st.text(st.sampled_from(naive.MIXED + "中国手机经济银行电话"), min_size=1, max_size=20))
def test_bits_are_those_of_the_reference(text: str) -> None:
    """Kernel and reference agree on any folded run."""
    folded = fold(text)
    if folded:
        assert bits(folded) == naive.bits(folded)


@pytest.mark.parametrize("articles", [1e-3, 1.0, 1000.0, 1e12])
def test_chances_fall_with_surprisal(articles: float) -> None:
    """The more surprising, the fewer articles hold it; never none, never more than there are."""
    expected = chances(articles)
    assert expected.shape == (256,)
    assert (np.diff(expected) <= 0).all()
    assert (expected > 0).all()
    assert (expected <= articles).all()


def test_chances_are_those_of_the_formula() -> None:
    """Entry q is the chance that one of 1,500 places holds a shingle of q / 4 bits; none among no articles."""
    assert ARTICLE_CHARACTERS == 1500
    assert chances() == pytest.approx([naive.chance(q / 4) for q in range(256)], rel=1e-12)
    assert not chances(0.0).any()
