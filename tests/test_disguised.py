"""Disguised texts fold as the plain ones, and all others are left alone."""

from __future__ import annotations

from itertools import cycle

import naive
import numpy as np
import pytest
from bidi import get_display
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.stages.folding import displayed_order, fold, fold_words, trace

GENERATED = settings(deadline=None, max_examples=200)
RLO, LRO, PDF = "\u202e", "\u202d", "\u202c"
CONTROLS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200B])

PLAIN = {
    "zh": "老桥昨天上午重新开放，许多居民带着孩子来散步。市长说，下个月起载重汽车必须绕行新桥，违者罚款二百元。",
    "en": "The old bridge was opened again yesterday, and many people came to walk there with their children.",
    "ja": "古い橋は昨日の午前に再び開通し、多くの住民が子どもを連れて散歩に来た。市長はトラックの迂回を求めた。",
    "ko": "오래된 다리는 어제 오전에 다시 열렸고 많은 주민이 아이들을 데리고 산책하러 왔다. 시장은 우회를 요청했다.",
    "ru": "Старый мост вчера утром снова открыли, и многие жители пришли погулять с детьми. Грузовики поедут в объезд.",
    "el": "Η παλιά γέφυρα άνοιξε ξανά χθες το πρωί και πολλοί κάτοικοι ήρθαν να περπατήσουν με τα παιδιά τους.",
    "ar": "أعيد فتح الجسر القديم صباح أمس وجاء كثير من السكان مع أطفالهم للتنزه. وقال رئيس البلدية إن الشاحنات تمر.",
    "he": "הגשר הישן נפתח מחדש אתמול בבוקר ותושבים רבים באו לטייל עם ילדיהם. ראש העיר אמר שמשאיות יעקפו אותו.",
    "hi": "पुराना पुल कल सुबह फिर से खोला गया और बहुत से लोग अपने बच्चों के साथ टहलने आए। मेयर ने ट्रकों को रोका।",
    "th": "สะพานเก่าเปิดอีกครั้งเมื่อเช้าวานนี้และชาวบ้านจำนวนมากพาลูกหลานมาเดินเล่น",
    "ka": "ძველი ხიდი გუშინ დილით ისევ გაიხსნა და ბევრი ადამიანი მოვიდა ბავშვებთან ერთად სასეირნოდ.",
    "mixed": "买A股的人不买B股，穿T恤唱卡拉OK，第3次做X光检查，维生素C含量高。x轴和y轴的交点是O点，5G手机比4G手机快。",
    "formulas": "设a为正数，b为负数，则a与b之和可正可负。若c大于a而小于b的相反数，则三者之积为负，证明从略。",
}
"""Ordinary texts."""


def inserted(text: str, letters: str, every: int) -> str:
    """Letters put between those of a text."""
    several = cycle(letters)
    return "".join(text[at : at + every] + next(several) for at in range(0, len(text), every))


@pytest.mark.parametrize("language", PLAIN)
def test_ordinary_text_does_not_change(language: str) -> None:
    """Whatever its script, and whatever letters of another script are in it."""
    assert fold(PLAIN[language]) == naive.fold(PLAIN[language])


@pytest.mark.parametrize("every", [2, 3, 5, 10])
@pytest.mark.parametrize("letters", ["ა", "ж", "א", "λ", "ꓸ", "ᐧ", "\U00013441", "აזλ", "ʼ", "ˈ", "ǃ"])
@pytest.mark.parametrize("language", ["zh", "en", "ja", "ko"])
def test_letters_of_another_script_between_letters_go(language: str, letters: str, every: int) -> None:
    """Also those that look like a mark, or like nothing."""
    text = PLAIN[language] * 6
    assert fold(inserted(text, letters, every)) == fold(text)


@pytest.mark.parametrize(("language", "letter"), [("zh", "z"), ("ja", "q"), ("ko", "Z"), ("en", "中"), ("ka", "中")])
def test_latin_and_han_letters_go_too(language: str, letter: str) -> None:
    """What often stands among letters of another script, as one in fourteen."""
    text = PLAIN[language] * 4
    assert fold(inserted(text, letter, 4)) == fold(text)


def test_letters_that_look_like_others_stand_for_them() -> None:
    """They are not dropped, however many: they were not put between letters but in their place."""
    alike = str.maketrans("aeopcyx", "аеорсух")
    assert fold(PLAIN["en"].translate(alike)) == fold(PLAIN["en"])
    every_third = "".join(c.translate(alike) if at % 3 == 0 else c for at, c in enumerate(PLAIN["en"]))
    assert fold(every_third) == fold(PLAIN["en"])


def test_few_letters_of_another_script_stay() -> None:
    """A short text, or one in fifteen letters."""
    assert "ა" in fold("brიdge and waლk and stაy")
    assert "ა" in fold(inserted(fold(PLAIN["en"]) * 3, "ა", 15))
    assert "ა" not in fold(inserted(fold(PLAIN["en"]) * 3, "ა", 11))


def test_letters_that_take_turns_stay() -> None:
    """Where no letter is beside one of its own script, it is not known which are strangers."""
    for text in ("a费" * 9 + "a", "aж" * 9, "茶a" * 40):
        assert len(fold(text)) == len(text)


@pytest.mark.parametrize("language", PLAIN)
def test_lines_turned_around_are_read_as_they_are_displayed(language: str) -> None:
    """Whole, in pieces, without an end, in an isolate, and with letters to the right inside of it."""
    text = "".join(c for c in PLAIN[language] if c.isalnum() or c in " ，.")
    if language in ("ar", "he"):
        assert fold(f"{RLO}{text}{PDF}") == fold(f"\u2067{RLO}{text}{PDF}\u2069") == fold(text)
        assert fold(f"{text[0]}{LRO}{text[:0:-1]}{PDF}") == fold(text)
        return
    pieces = [text[at : at + 7] for at in range(0, len(text), 7)]
    other = "".join(f"{RLO}{piece[::-1]}{PDF}" if at % 2 else piece for at, piece in enumerate(pieces))
    inside = f"{RLO}{text[20:][::-1]}{LRO}{text[10:20]}{PDF}{text[:10][::-1]}"
    for turned in (f"{RLO}{text[::-1]}{PDF}", f"{RLO}{text[::-1]}\n", f"\u2067{RLO}{text[::-1]}\u2069", other, inside):
        assert [*naive.fold(text)] == [*fold(turned)]


@pytest.mark.parametrize("language", PLAIN)
def test_text_that_is_embedded_stays_as_it_is(language: str) -> None:
    """Only overrides turn letters around, and only what stands under them."""
    text = PLAIN[language]
    for begin, end in (("\u202b", PDF), ("\u202a", PDF), ("\u2067", "\u2069"), ("\u2066", "\u2069"), ("\u200f", "")):
        assert fold(begin + text + end) == fold(text)
        assert fold(f"{begin}{text}{end}\n{RLO}cba") == fold(text + "abc")


@GENERATED
@given(st.text(st.sampled_from(f"abcdef\u200b\u202a\u2066\u2068\u2069{PDF}{LRO}{RLO}{PDF}{LRO}{RLO}"), max_size=24))
def test_the_order_is_that_of_unicode(text: str) -> None:
    """As an implementation of the bidirectional algorithm displays it, where letters run to the right."""
    text = f"a{RLO}{PDF}{text}b"
    shown = "".join(text[at] for at in displayed_order(text))
    assert shown.translate(CONTROLS) == get_display(text, base_dir="L").translate(CONTROLS)


@GENERATED
@given(st.text(st.sampled_from(f"aאb \n\u2028\u202b\u2067\u2069{PDF}{LRO}{RLO}"), max_size=40))
def test_every_character_is_read_once(text: str) -> None:
    """However deep embeddings are, and whether they end."""
    assert sorted(displayed_order(text)) == list(range(len(text)))
    assert sorted(displayed_order(RLO * 70 + text * 3)) == list(range(70 + 3 * len(text)))


TEXTS = st.text(st.sampled_from(f"{naive.MIXED}აწжλ{RLO}{PDF}{LRO}\u2067\u2069"), max_size=60)
PAIRS = st.tuples(st.text("abcdnot ", min_size=1, max_size=3), st.sampled_from("აწжλ中z1 ."))
ALTERNATING = st.lists(PAIRS, max_size=40).map(lambda pairs: "".join(a + b for a, b in pairs))


@GENERATED
@given(TEXTS | ALTERNATING)
def test_a_trace_folds_as_fold_does(text: str) -> None:
    """And leads back to the text; what is displayed in another order, to all of that part."""
    codes, begins, ends = trace(text)
    assert "".join(chr(code & 0x1FFFFF) for code in codes.tolist()) == fold(text)
    assert (np.diff(begins) >= 0).all()
    assert ((begins >= 0) & (begins < ends) & (ends <= len(text))).all()
    for code, begin, end in zip(codes.tolist(), begins.tolist(), ends.tolist(), strict=True):
        assert chr(code & 0x1FFFFF) in naive.fold(text[begin:end])


@GENERATED
@given(ALTERNATING)
def test_words_are_those_without_what_is_dropped(text: str) -> None:
    """A letter that goes makes no new word, and the words that stay are the folded text."""
    assert fold_words(text).replace(" ", "") == fold(text)


def test_a_trace_of_turned_letters() -> None:
    """The place of each is all that is displayed in another order, and what is dropped after it."""
    codes, begins, ends = trace(f"x{RLO}cba{PDF}y")
    assert [chr(code & 0x1FFFFF) for code in codes.tolist()] == ["x", "a", "b", "c", "y"]
    assert begins.tolist() == [0, 2, 2, 2, 6]
    assert ends.tolist() == [2, 5, 5, 6, 7]
