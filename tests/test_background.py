"""`dedup.stages.background`: common Chinese is cheap, rare Chinese is dear, other scripts have one rate."""

from __future__ import annotations

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup import kernels
from dedup.stages.background import ARTICLE_CHARACTERS, COMMON, background, chances
from dedup.stages.folding import fold


def bits(run: str) -> int:
    """Surprisal of a run of folded characters in quarter bits, as the kernels sum it."""
    codes = np.array([naive.code(c) for c in run], np.uint32)
    before, after = np.empty(len(run), np.int32), np.empty(len(run), np.int32)
    kernels.measure(codes, len(run), background(), before, after)
    return int(after[-1] - before[0])


def row(character: str) -> int:
    """Where the model holds a Han character."""
    return int(background().places[ord(character)])


def test_textbook_example() -> None:
    """A word is less surprising than its characters in another order, or than a rare one."""
    assert bits("手机") < bits("机手") < bits("手龘")


@pytest.mark.parametrize("word", ["中国", "手机", "我们", "经济", "银行", "电话"])
def test_a_word_is_likelier_than_chance(word: str) -> None:
    """Inside a word the second character costs less than where two words meet, and less than alone."""
    left, right = map(row, word)
    model = background()
    assert model.pairs[left, right] < model.last[left] + model.first[right]
    assert bits(word) < bits(word[0]) + bits(word[1])


def test_bits_are_whole_quarters() -> None:
    """Sums are exact, so that a shingle has the same bits wherever it stands, and none is below zero."""
    model = background()
    assert [column.dtype.name for column in model] == ["uint16", "int32", "int32", "int32", "uint8", "int32"]
    assert all(column.min() >= 0 for column in model)


@settings(deadline=None, max_examples=200)
@given(st.text(st.sampled_from(naive.MIXED + "中国手机经济银行电话"), min_size=1, max_size=20), st.data())
def test_a_run_has_the_same_bits_wherever_it_stands(text: str, data: st.DataObject) -> None:
    """The running sums of a text give every run in it the bits that it has by itself."""
    folded = fold(text)
    if folded:
        codes = np.array([naive.code(c) for c in folded], np.uint32)
        before, after = np.empty(len(folded), np.int32), np.empty(len(folded), np.int32)
        kernels.measure(codes, len(folded), background(), before, after)
        begin = data.draw(st.integers(0, len(folded) - 1))
        end = data.draw(st.integers(begin, len(folded) - 1))
        assert after[end] - before[begin] == naive.quarter_bits(folded[begin : end + 1])


@pytest.mark.parametrize("character", ["𠀀", "𪚥", "\U00030000", "\U00031350"])
def test_an_unseen_character_is_rare(character: str) -> None:
    """A Han character that no word of the dictionary holds has 26 bits, more than any that one does."""
    assert bits(fold(character)) == 26 * 4
    assert bits(fold(character)) > background().alone[1:-1].max()
    assert bits("的" + character) == bits("的") + background().last[row("的")] + 26 * 4


@pytest.mark.parametrize(("run", "rate"), [("abcdef", 3), ("12", 3), ("яж", 3), ("ابت", 3), ("カな", 6), ("한글", 9)])
def test_other_scripts_have_a_flat_rate(run: str, rate: int) -> None:
    """Every unit of a script that the model does not know has 3 bits, whatever stands before it."""
    assert bits(run) == rate * 4 * len(run)
    assert bits("的" + run) == bits("的") + rate * 4 * len(run)


def test_han_after_another_script_starts_a_word() -> None:
    """The first character after a letter costs what it costs at the start of a word."""
    assert bits("a的") - bits("a") == bits("1的") - bits("1") == background().first[row("的")]


def test_rows_are_by_likelihood() -> None:
    """Every character of the dictionary has a row of its own, the likeliest first; the table has the first of them."""
    model, (singles, _, common) = background(), naive.model()
    rows = {character: row(character) for character in singles}
    assert sorted(rows.values()) == list(range(1, len(singles) + 1))
    assert (np.diff(model.alone[1:-1]) >= 0).all()
    assert {character for character, place in rows.items() if place < COMMON} == common
    assert COMMON == naive.COMMON
    assert model.pairs.shape == (COMMON, COMMON)


def test_every_pair_of_common_characters_is_found() -> None:
    """The table gives each bigram of two common characters its own bits, and all others those of two words."""
    singles, pairs, common = naive.model()
    table = background().pairs
    likeliest = sorted(common, key=row)
    expected = np.add.outer([singles[c][2] for c in likeliest], [singles[c][1] for c in likeliest])
    assert expected.max() < 255, "no entry is cut to what a byte holds"
    for pair, quarters in pairs.items():
        if set(pair) <= common:
            expected[row(pair[0]) - 1, row(pair[1]) - 1] = quarters
    assert np.array_equal(table[1:, 1:], expected)


def test_bigrams_of_rarer_characters_do_not_count() -> None:
    """Where one of the two is not common, the second begins a word, though the dictionary has one with both."""
    singles, pairs, common = naive.model()
    rare = [pair for pair in pairs if not set(pair) <= common]
    assert len(rare) > 1000
    for pair in rare[::97]:
        assert bits(pair) == singles[pair[0]][0] + singles[pair[0]][2] + singles[pair[1]][1]


@settings(deadline=None, max_examples=200)
@given(st.text(st.sampled_from(naive.MIXED + "中国手机经济银行电话"), min_size=1, max_size=20))
def test_bits_are_those_of_the_reference(text: str) -> None:
    """Kernel and reference agree on any folded run."""
    folded = fold(text)
    if folded:
        assert bits(folded) == naive.quarter_bits(folded)


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
