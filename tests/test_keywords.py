"""`dedup.evidence.keywords`: what the texts are about comes first, in every script, in the form the texts use."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st

import dedup
from dedup.cli import main
from dedup.evidence.keywords import Keyword, keywords, word_frequency
from dedup.report.pages import page
from dedup.stages.background import chances
from dedup.stages.words import rarity


def chosen(*texts: str, **options: int) -> list[str]:
    """The keywords of some texts."""
    return [keyword.word for keyword in keywords(texts, **options)]


def test_textbook_example() -> None:
    """The subject comes before the words of every article, and all texts before one."""
    texts = ["我们可以给电话卡续费", "一个电话卡怎么续费？我们可以", "我们的电话卡，流量"]
    assert chosen(*texts)[:2] == ["电话卡", "续费"]
    assert keywords(texts)[0].members == 3


def test_score_is_what_it_says() -> None:
    """Mean share of the words, times rarity, times the share of the texts."""
    first, second = keywords(["流量流量 电话卡", "电话卡"])
    idf = rarity().idf
    assert first == Keyword("电话卡", pytest.approx((1 / 3 + 1) / 2 * idf["电话卡"] * 1), 2, 2)
    assert second == Keyword("流量", pytest.approx(2 / 3 / 2 * idf["流量"] * 1 / 2), 1, 2)


def test_seeds(seeds: list[str], contacts: tuple[str, str]) -> None:
    """Rewrites about one card: words of its headings, not the handle and the parts of the picture's address."""
    found = chosen(*seeds)
    headings = "".join(line for text in seeds for line in text.splitlines() if line.startswith("#"))
    assert sum(word in headings for word in found) >= len(found) / 2
    assert not set(re.findall(r"\w+", " ".join(contacts).lower())) & {word.lower() for word in found}


def test_nothing() -> None:
    """No texts, empty texts, numbers, single characters and words that say nothing have no keywords."""
    assert keywords([]) == keywords(["", "2024 15:30 的 a b c の を します", "\ud800", "The and of"]) == []
    assert word_frequency([]) == {}


def test_empty_texts_count_as_members() -> None:
    """A word of one text in two is worth a quarter: half the mean, half the share."""
    alone, halved = keywords(["电话卡"]), keywords(["电话卡", ""])
    assert halved == [Keyword("电话卡", alone[0].score / 4, 1, 2)]


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["國內電話卡續費", "電話卡續費", "电话卡续费"], ["續費", "電話卡"]),
        (["国内电话卡续费", "电话卡续费", "電話卡續費"], ["电话卡", "续费"]),
        (["使用eSIM上網", "eSIM與ESIM", "使用esim、eSIM"], ["eSIM"]),
        (["ＣＨＡＴＧＰＴ帐号", "ＣＨＡＴＧＰＴ"], ["ＣＨＡＴＧＰＴ"]),
        (["プリペイドカード を買う", "プリペイドカードの購入"], ["プリペイドカード"]),
        (["전화카드 충전", "전화카드 충전 방법"], ["전화카드"]),
        (["Телефонные карты", "телефонные карты и Телефонные"], ["Телефонные"]),
        (["Prepaid recharging", "prepaid recharging of cards", "prepaid"], ["prepaid", "recharging"]),
        (["💪电话卡💪", "💪"], ["电话卡"]),
    ],
    ids=["traditional", "simplified", "mixed", "full-width", "japanese", "korean", "cyrillic", "english", "emoji"],
)
def test_words_of_every_script(texts: list[str], words: list[str]) -> None:
    """Each in the form that most of the texts have."""
    assert set(words) <= set(chosen(*texts))


def test_a_form_that_is_nowhere_as_such() -> None:
    """Where unseen characters stand within a word, the folded word is shown."""
    assert chosen("re\u200bcharging re\u200bcharging") == ["recharging"]


def test_addresses_are_no_words() -> None:
    """Links, tags, entities and names after an @ are left out; what stands around them stays."""
    text = '<img src="https://example.com/recharge.png">&nbsp;电话卡[x](https://example.com/cards)@some_shop'
    assert chosen(text) == ["电话卡"]
    assert not word_frequency([text])


def test_short_words_weigh_little_without_counts() -> None:
    """An ordinary article holds a given run of four letters by chance, not one of nine."""
    long, short = keywords(["recharges card"])
    assert (long.word, short.word) == ("recharges", "card")
    assert short.score == pytest.approx(math.log(101 / (100 * chances()[48])) / 2)
    assert long.score == pytest.approx(math.log(101 / (100 * chances()[108])) / 2)


def test_no_word_is_rarer_than_one_that_jieba_never_saw() -> None:
    """Long words of letters do not crowd out Chinese ones."""
    assert keywords(["internationalisation"])[0].score == rarity().median


def test_counts_tell_common_words_from_rare_ones() -> None:
    """With document frequencies, a long word that all articles hold weighs nothing."""
    articles = [f"information number{n}x" for n in range(5000)]
    frequency = word_frequency(articles)
    assert frequency["information"] == 5000
    texts = ["information recharging", "information recharging"]
    assert chosen(*texts) == ["information", "recharging"]
    counted = keywords(texts, articles=5000, frequency=frequency)
    assert [keyword.word for keyword in counted] == ["recharging", "information"]
    assert counted[1].score == pytest.approx(math.log(5101 / (5000 + 100 * chances()[132])) / 2)


def test_frequency_counts_texts() -> None:
    """A text counts once, folded; Chinese is not counted."""
    texts = ["Card card 电话卡 12", "CARD カタカナ", "of\u200bfer \ud800"]
    assert word_frequency(texts) == {"card": 2, "カタカナ": 1, "offer": 1}


def test_top() -> None:
    """No more than asked for, the best first."""
    text = "电话卡续费流量"
    assert len(keywords([text], top=0)) == 0
    assert chosen(text, top=2) == chosen(text)[:2]
    assert len(chosen(text)) == 3


@settings(deadline=None, max_examples=200)
@given(
    st.lists(
        st.text(st.sampled_from("電话卡续費eSIMカード한국 é@<>\u200b\ud8001,") | st.characters(), max_size=30),
        max_size=4,
    )
)
def test_any_text(texts: list[str]) -> None:
    """Nothing raises; words are ranked, each once, and no more texts hold one than there are."""
    found = keywords(texts, top=1000)
    assert [keyword.score for keyword in found] == sorted((keyword.score for keyword in found), reverse=True)
    assert all(0 < keyword.members <= len(texts) and keyword.word for keyword in found)
    assert sum(word_frequency(texts).values()) <= sum(map(len, texts))


def test_the_same_in_report_notebook_and_command(examples: dict[str, str], tmp_path: Path) -> None:
    """One place makes the keywords of a cluster; the others show them, or the first of them."""
    articles = [{"id": f"{name}.md", "text": text} for name, text in examples.items()]
    found = dedup.cluster(articles)
    words = [(one.word, one.members, one.of) for one in found[0].keywords()]
    shown = page(found, found[0], 50)
    assert [(*one, shown["read"]) for one in map(tuple, shown["keywords"])] == words
    assert found[0].about()[1].split() == [word for word, _, _ in words[:5]]
    labels, folder = str(tmp_path / "labels.csv"), str(ROOT / "examples" / "articles")
    assert CliRunner().invoke(main, ["cluster", folder, "--out", labels]).exit_code == 0
    told = json.loads(CliRunner().invoke(main, ["show", labels, "1", folder, "--json"]).stdout)
    assert [(one["word"], one["members"], one["of"]) for one in told["keywords"]] == words
