"""`dedup.stages.folding`: texts that read alike are compared alike."""

from __future__ import annotations

import hashlib
import re
import sys
import unicodedata

import naive
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import dedup
from dedup.kernels import CODE_POINT, FOLDED, SIGN
from dedup.stages.folding import FOLDING, fold, fold_table, fold_words, trace

GENERATED = settings(deadline=None, max_examples=200)
OTHERWISE = re.compile("[\u0345\u03f2\u03f9]")
"""Iota below, by case folding a letter, and the lunate sigma, by decomposition another: here what they look like."""
ANY = st.text(st.characters(exclude_categories=(), exclude_characters="\u202d\u202e"), max_size=40)
TEXTS = st.text(
    st.one_of(st.sampled_from(naive.MIXED), st.characters(exclude_characters="\u202d\u202e")), max_size=40
).filter(naive.is_plain)


DIGESTS = {
    1: "8e667ece224d72821b12495bc9fbd8bd",
    2: "225c1fb3ea1cb897c0128084f5ef8428",
    3: "9c23cdf503fcc7c08de3ced669045748",
    4: "0e092aded61c485223cfc1ad20a83d1f",
    5: "984e1c050ecc4eb68b1ff0a051bc67e2",
}
"""Of the shipped tables, by the number of the folding; a table that changes gets a new number."""


def otherwise(character: str) -> bool:
    """Whether a character is folded otherwise than its decomposition."""
    return OTHERWISE.search(character + unicodedata.normalize("NFKD", character)) is not None


def test_textbook_example() -> None:
    """Traditional, full width, case, accents and punctuation fall together."""
    assert fold("「續費」 Ｎｏ．１，Ｃａｆé") == fold("续费 no. 1 CAFE") == "续费no1cafe"


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("ﬁnﬂow ĳ ǆ", "finflowijdz"),
        ("½ ① Ⅷ ㏒ 10²", "121viiilog102"),
        ("𝐇𝓮𝔩𝕝𝖔 Ⓗⓔⓛⓛⓞ 🄷🄴🄻🄻🄾", "hellohellohello"),
        ("㈱ ㍿ ℡ ™ ℃", "株株式会社teltmc"),
        ("ﷺ", "صلىاللهعليهوسلم"),
    ],
)
def test_compatibility_forms_become_what_they_stand_for(text: str, folded: str) -> None:
    """Ligatures, fractions, circled, squared and mathematical letters are spelled out."""
    assert fold(text) == naive.fold(folded)


@pytest.mark.parametrize(
    ("text", "folded"), [("ÀÇÉÑØ", "acenø"), ("Straße STRASSE", "strassestrasse"), ("İIıi", "iiii")]
)
def test_case_and_accents(text: str, folded: str) -> None:
    """Case is folded, not lowered, and accents are dropped."""
    assert fold(text) == naive.fold(folded)


def test_full_width_and_half_width() -> None:
    """Full-width Latin is Latin; half-width katakana is katakana."""
    assert fold("ＡＢＣ１２３") == "abc123"
    assert fold("ｶﾀｶﾅ") == "カタカナ"


def test_a_mark_of_voice_makes_another_kana() -> None:
    """Apart, half-width or composed it is one kana, which is not the one without it; behind others it goes."""
    assert fold("ガ") == fold("カ\u3099") == fold("ｶﾞ") == fold("カ゛") == "ガ"
    assert fold("かは") != fold("がは") != fold("がば") != fold("がぱ")
    kana = "".join(map(chr, range(0x3041, 0x3100))).replace("\u3099", "").replace("\u309a", "")
    voiced = "".join(c for c in kana if len(unicodedata.normalize("NFD", c)) == 2)
    assert len(voiced) == 58
    assert fold(unicodedata.normalize("NFD", voiced)) == fold(voiced) == voiced
    assert fold("あ\u3099あ゛a\u309a") == "ああa"


@pytest.mark.parametrize(
    ("one", "other"),
    [("दिन", "दान"), ("दिन", "दीन"), ("ปา", "ป้า"), ("ปา", "ป่า"), ("མི", "མེ"), ("ကို", "ကု"), ("ກີ", "ກໍ"),
     ("កិ", "កុ"), ("কি", "কু"), ("கி", "கு"), ("കി", "കു"), ("ދި", "ދު")],
)  # fmt: skip
def test_marks_that_carry_vowels_stay(one: str, other: str) -> None:
    """Words that differ in a vowel differ."""
    assert fold(one) != fold(other)
    assert [c for c in fold(other) if unicodedata.category(c)[0] == "M"]


@pytest.mark.parametrize(
    ("marked", "plain"),
    [("ñàéöç", "naeoc"), ("άέῳ", "αεω"), ("й ё", "и е"), ("שָׁלוֹם", "שלום"), ("كِتَابٌ", "كتاب"), ("ᾳaͅ的ͅ", "αa的")],
)
def test_marks_that_decorate_go(marked: str, plain: str) -> None:
    """Accents, points and vowels that are mostly left out."""
    assert fold(marked) == fold(plain)


def test_a_dash_that_begins_a_number_is_a_minus() -> None:
    """As word processors write it; between two numbers it is none."""
    assert fold("–5 °C") == fold("-5 °C") == fold("−5 °C") == naive.fold("–5 °C") != fold("5 °C")
    assert fold("10–20") == fold("10-20") == fold("10 – 20") == "1020"


@pytest.mark.parametrize("typed", ["м'яч", "o'zbek", "Hawai'i", "Qur'an", "'n boek"])
def test_apostrophes_that_are_letters_go(typed: str) -> None:
    """As those go that are typed in their place, so a copy is one with either; and few of them as many do."""
    for letter in "ʹʻʼʽʾʿ’‘":
        assert fold(typed.replace("'", letter)) == fold(typed) == naive.fold(typed)
    assert fold("ŉ") == "n"


def test_marks_of_another_script_go() -> None:
    """A vowel of Devanagari or Thai on a letter that bears none decorates it."""
    assert fold("a\u093fb\u0e34c 的\u0e34 кг\u09be") == fold("abc的кг")


def test_marks_come_in_canonical_order() -> None:
    """Thai tone and vowel in any order, and composed vowels in parts."""
    assert fold("ก\u0e49\u0e39") == fold("ก\u0e39\u0e49") == "ก\u0e39\u0e49"
    assert fold("\u0958\u0929\u09cb") == fold("\u0915\u093c\u0928\u093c\u09c7\u09be")


@pytest.mark.parametrize("more", [1, 30, 31, 32, 70])
def test_a_mark_passes_as_many_as_a_letter_has_in_unicode(more: int) -> None:
    """Behind more than 31 it stays, and folding twice is folding once."""
    high, low = "\u0e49", "\u0e39"
    text = "ก" + high * more + low + high + low
    assert fold(text) == fold(fold(text)) == naive.fold(text)
    assert fold(text).startswith("ก" + (low if more < 32 else high))


def test_a_letter_with_very_many_marks_is_folded() -> None:
    """In time that grows with their number: sorting as one pleases took minutes for a megabyte."""
    marks = "\u0e49" * 300_000 + "\u0e39" * 300_000
    assert fold("ก" + marks) == "ก" + marks


def test_letters_with_strokes_and_tails_are_plain() -> None:
    """Whatever Unicode names a letter of A to Z with something."""
    shaped = [
        c
        for c in map(chr, range(0x80, 0x30000))
        if re.match(r"LATIN (SMALL|CAPITAL) LETTER [A-Z] WITH ", unicodedata.name(c, ""))
    ]
    assert len(shaped) > 600
    kept = {c for c in shaped if fold(c) != re.sub(r".* LETTER ([A-Z]) WITH .*", r"\1", unicodedata.name(c)).lower()}
    assert kept == set("ǅǈǋǲ"), "these decompose, each with a letter beside"
    assert fold("ĐđŁłØøĦħƁɓƘƙ") == "ddllOohhbbkk".lower()


def test_letters_in_shapes_are_letters() -> None:
    """Negative circled and squared, regional, small capitals, turned, and the lunate sigma."""
    letters = "".join(chr(ord("a") + k) for k in range(26))
    assert fold("".join(map(chr, range(0x1F150, 0x1F16A)))) == letters
    assert fold("".join(map(chr, range(0x1F170, 0x1F18A)))) == letters
    assert fold("".join(map(chr, range(0x1F1E6, 0x1F200)))) == letters
    assert fold("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡʏᴢ") == "abcdefghijklmnopqrstuvwyz"
    assert fold("ɐǝᵷɥᴉʞꞁɯɹʇʌʍʎ") == "aeghiklmrtvwy"
    assert fold("ϲϹ") == "cc"


def test_flags_are_emoji_and_a_text_of_them_is_not() -> None:
    """Two regional indicators by themselves are dropped; more, or one, or beside others, are letters."""
    assert fold("a🇨🇳b🇩🇪 🐱c") == "abc"
    assert fold("🇭🇪🇱🇱🇴 🇮🇹 🇮🇸 🇲🇪") == "helloitisme"


def test_forms_of_arabic_letters() -> None:
    """Persian and Urdu with Arabic yeh, kaf and heh; tatweel; teh marbuta and alef maksura."""
    assert fold("یک کتاب ہے") == fold("يك كتاب هے")
    assert fold("مـــدرسـة على") == fold("مدرسه علي")


@pytest.mark.parametrize(
    ("one", "other"),
    [("C++", "C"), ("C++", "C+"), ("C#", "C"), ("1.5", "15"), ("-5", "5"), ("10^6", "106"), ("1+1", "11"), ("A+", "A")],
)
def test_signs_inside_words_count_in_a_short_text(one: str, other: str) -> None:
    """In a title or a query they change the word; in a text of more than 32 units they are as all other signs."""
    assert fold(one) != fold(other)
    assert fold(one) == fold(f" {one}, ") == fold(unicodedata.normalize("NFKC", one))
    assert len(fold("x" * (32 - len(fold(other))) + " " + one)) > 32
    assert fold("x" * 32 + " " + one) == fold("x" * 32 + other)


def test_signs_that_count_in_a_short_text_have_any_width() -> None:
    """Full-width and mathematical ones, too."""
    assert fold("Ｃ＋＋ １．５ −５") == fold("C++ 1.5 -5") == "c++1.5\u22125"


def test_other_signs_do_not_count_in_a_short_text() -> None:
    """Stops, hyphens, prefixes of phone numbers."""
    assert fold("Well-known. No.1 is: +86 138-1234 #tag 3. a ++ b ^ .5") == fold("wellknownno1is861381234tag3ab5")


def test_korean_middle_dot() -> None:
    """It is no vowel between syllables, and one in old Korean."""
    assert fold("한국ㆍ중국") == fold("한국·중국") == "한국중국"
    assert fold("ᄒᆞᆫ") != fold("ᄒᆫ")


def test_traditional_is_simplified() -> None:
    """The same sentence in both scripts is one text, as are regional forms, radicals and new Japanese forms."""
    assert fold("國內電話卡續費，號碼隨機發放") == fold("国内电话卡续费，号码随机发放") == "国内电话卡续费号码随机发放"
    assert fold("沿著走 衞生 瞭解 藉口 回覆 枱 甚麼 妳") == fold("沿着走 卫生 了解 借口 回复 台 什么 你")
    assert fold("⻓⻔⻋⻅⻚⻛⻢") == "长门车见页风马"
    assert fold("気広桜発") == "气广樱发"


@pytest.mark.parametrize(
    ("fake", "real"),
    [("раураl", "paypal"), ("Αpple", "apple"), ("nеtflіх", "netflix"), ("ВТС", "btc"), ("ｍісrоѕоft", "microsoft")],
)
def test_look_alikes_in_a_latin_word(fake: str, real: str) -> None:
    """Cyrillic and Greek letters that look Latin are Latin."""
    assert not fake.isascii()
    assert fold(fake) == real


@pytest.mark.parametrize(
    "text",
    [
        "a\u200bb\u200cc\u200d\u2060\ufeff",
        "a\u00adb\u034fc\u202e\u2066",
        "a\u0301b\u0308\u0323c\u20dd",
        "a😀b👨‍👩‍👧c🇨🇳👍🏽",
        "a\ufe0fb\U000e0100c\U000e0061",
        "a, b; (c)!\n\t\r\u3000\u2028",
        "「a」、b。…c【】·",
        "a\0b\x1bc\x7f\x85",
        "a_b-c$+€¥",
        "a\u115fb\u1160c\u3164\uffa0",
        "a\ud800b\udfffc\udc80",
        "a\uffffb\U0010ffffc\ue000\ufffd",
    ],
    ids=[
        "zero-width",
        "format",
        "marks",
        "emoji",
        "selectors",
        "ascii",
        "cjk",
        "control",
        "symbols",
        "fillers",
        "surrogates",
        "none",
    ],
)
def test_what_is_dropped(text: str) -> None:
    """Nothing but letters and digits stays."""
    assert fold(text) == "abc"


def test_digits_of_every_script_are_ascii() -> None:
    """A phone number is the same number in all digits; 一二三 are words and stay."""
    assert fold("٣٤٥ ४५६ ๓๔๕ ３４５ ₃⁴⑤ 𝟛𝟜𝟝") == "345456345345345345"
    assert fold("一二三〇") == "一二三〇"
    digits = [c for c in map(chr, range(sys.maxunicode)) if unicodedata.decimal(c, None) is not None]
    assert [fold(c) for c in digits] == [str(unicodedata.decimal(c)) for c in digits]


def test_hangul_of_jamo_is_hangul() -> None:
    """Every syllable is the same composed, decomposed, and after other text."""
    syllables = "".join(map(chr, range(0xAC00, 0xD7A4)))
    assert fold(syllables) == syllables
    assert fold(unicodedata.normalize("NFD", syllables)) == syllables
    assert fold("a" + unicodedata.normalize("NFD", "한글 말")) == "a한글말"
    assert fold("ㅎㅏㄴ") == "하ᄂ", "a compatibility jamo is an initial: the final is not known to be one"


@pytest.mark.parametrize("between", ["", " ", "-", "\u200b", "😀", "\u3000"])
def test_what_is_dropped_does_not_keep_jamo_apart(between: str) -> None:
    """Jamo meet across whatever is dropped between them, white space too; else folding twice would change more."""
    assert fold(f"ᄀ{between}ᅡ{between}ᆨ") == "각"


def test_empty() -> None:
    """Of nothing, or nothing that counts, nothing is left."""
    assert fold("") == fold("\0") == fold(" \n😀\ud800") == ""


def test_a_text_that_grows() -> None:
    """One character may become 15, again and again."""
    assert fold("ﷺ" * 1000) == fold("ﷺ") * 1000
    assert len(fold("ﷺ")) == 15


def test_ascii() -> None:
    """Letters and digits of ASCII fold to themselves in lower case, all else in it to nothing."""
    assert [fold(chr(c)) for c in range(128)] == [chr(c).lower() if chr(c).isalnum() else "" for c in range(128)]


def test_the_number_of_the_folding_is_that_of_its_table() -> None:
    """No table is shipped under the number of another one."""
    tables = b"".join(array.tobytes() for array in fold_table())
    assert hashlib.blake2b(tables, digest_size=16).hexdigest() == DIGESTS[FOLDING]


@pytest.mark.parametrize(
    ("mainland", "other"),
    [
        ("软件和硬件", "軟體和硬體"),
        ("互联网上的用户", "網際網路上的使用者"),
        ("打印机的驱动程序员", "印表機的驅動程式設計師"),
        ("开放端口，硅谷的数据库", "開放埠，矽谷的資料庫"),
        ("新西兰的出租车", "紐西蘭的計程車"),
        ("新西兰的出租车", "新西蘭的的士"),
    ],
)
def test_words_of_taiwan_and_hong_kong_are_those_of_the_mainland(mainland: str, other: str) -> None:
    """As OpenCC converts them; the longest one of those that begin first."""
    assert fold(mainland) == fold(other) == naive.fold(mainland) == naive.fold(other)
    assert fold_words(mainland) == fold_words(other)
    assert dedup.similarity(mainland, other) == 1


def test_a_phrase_comes_from_all_of_the_one_in_its_place() -> None:
    """Of one that stays each character comes from itself."""
    assert [trace(text).begins.tolist() for text in ("看軟體", "看软件")] == [[0, 1, 1], [0, 1, 2]]
    assert [trace(text).ends.tolist() for text in ("看軟體", "看软件")] == [[1, 3, 3], [1, 2, 3]]
    assert trace("上網際網路吧").begins.tolist() == [0, 1, 1, 1, 5]


@given(st.data())
def test_phrases_are_taken_by_kernels_as_by_the_slow_way(data: st.DataObject) -> None:
    """However they overlap, with separators between and inside."""
    known, _ = naive.phrases()
    parts = data.draw(st.lists(st.sampled_from(sorted(known)), max_size=4))
    text = "".join(part[data.draw(st.integers(0, 1)) :] + data.draw(st.sampled_from(["", "，", "a"])) for part in parts)
    at = data.draw(st.integers(0, len(text)))
    text = text[:at] + data.draw(st.sampled_from(["", " ", "、"])) + text[at:]
    assert fold(text) == naive.fold(text)
    assert fold_words(text).split() == naive.words(text)
    assert len(trace(text).codes) == len(fold(text))


def test_phrases_are_sorted_and_no_other_one_is_longer() -> None:
    """What stands for a class stays, and is no longer than the others."""
    known, _ = naive.phrases()
    rows = fold_table().phrases
    assert rows[:, 2:4].tolist() == sorted(rows[:, 2:4].tolist())
    assert (rows[:, 1] <= rows[:, 0]).all()
    assert (rows[:, 0] > 1).all()
    assert {other for other in known.values() if len(other) > 1} <= {one for one, other in known.items() if not other}
    assert len(known) == len(rows) > 1000


def test_every_entry_is_a_fixed_point() -> None:
    """Whatever any of the 1,114,112 code points becomes is folded already."""
    table, expansions, *_ = fold_table()
    single = table[(table > SIGN) & (table < 1 << 31)]
    assert len(table) == 0x110000
    assert np.array_equal(table[single & CODE_POINT], single)
    expansions = expansions & FOLDED
    alone = table[expansions & CODE_POINT]
    joining = (alone >> 31 == 1) & (alone & 31 == 1)
    assert np.array_equal(alone[~joining], expansions[~joining])
    assert np.array_equal(expansions[(alone[joining] & 0x7FFFFFFF) >> 5], expansions[joining])
    assert (joining.sum() + (table[single & CODE_POINT] == single).sum()) > 100_000


def test_nothing_that_may_join_is_a_single_entry() -> None:
    """A vowel or a final of Hangul, and a mark, is looked for in the expansions, where the one before is looked at."""
    table, *_ = fold_table()
    single = table[(table > SIGN) & (table < 1 << 31)] & CODE_POINT
    assert not ((single >= 0x1161) & (single <= 0x11C2)).any()
    assert not {chr(code) for code in single.tolist()} & naive.marks().keys()


def test_marks_lie_where_the_kernel_looks_for_them() -> None:
    """Every mark that stays is of a range whose letters bear marks, with its canonical combining class."""
    for mark, order in naive.marks().items():
        assert mark in naive.VOICES + naive.ARAEA + naive.LONG or naive.stands(mark, mark)
        assert unicodedata.combining(mark) in (0, order - 1)


def test_every_expansion_lies_in_the_list() -> None:
    """Expansions are used up exactly, under six for a byte of UTF-8, and of one character only if it joins others."""
    table, expansions, *_ = fold_table()
    codes = np.flatnonzero(table > 1 << 31)
    starts, lengths = (table[codes] & 0x7FFFFFFF) >> 5, table[codes] & 31
    assert np.array_equal(starts + lengths, np.append(starts[1:], len(expansions)))
    assert lengths.min() == 1
    alone = {chr(expansions[start] & CODE_POINT) for start in starts[lengths == 1]}
    jamo, letters = set(map(chr, range(0x1161, 0x11C3))), set(map(chr, range(ord("a"), ord("z") + 1)))
    assert alone == naive.marks().keys() | jamo | letters, "letters of regional indicators, which may be flags"
    assert max(n / len(chr(c).encode()) for c, n in zip(codes.tolist(), lengths.tolist(), strict=True)) < 6


def test_the_table_agrees_with_python_where_python_knows() -> None:
    """Every assigned character folds like its caseless compatibility decomposition."""
    for character in map(chr, range(sys.maxunicode + 1)):
        if unicodedata.category(character) not in ("Cn", "Cs", "Co") and not otherwise(character):
            flat = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
            if flat != character:
                assert naive.fold(character) == naive.fold(flat), f"U+{ord(character):04X}"


@GENERATED
@given(TEXTS)
def test_folding_is_the_table_and_then_jamo(text: str) -> None:
    """The kernel does what the reference does."""
    assert fold(text) == naive.fold(text)


@GENERATED
@given(TEXTS | st.text("ᄀㄱ가ᅡㅏᆨㄳ -a+.1^#", max_size=12))
@example("ᄀ ᅡ")
def test_folding_twice_is_folding_once(text: str) -> None:
    """Folded text is its own folded form, and is all letters and digits."""
    folded = fold(text)
    assert fold(folded) == folded
    assert not any(c.isspace() for c in folded)


@GENERATED
@given(ANY.filter(naive.is_plain))
def test_any_text_folds(text: str) -> None:
    """Folding never fails, lone surrogates included."""
    assert fold(text) == naive.fold(text)


@GENERATED
@given(TEXTS)
def test_normal_forms_and_case_fold_together(text: str) -> None:
    """NFC, NFD, NFKC and NFKD of a text, and its case-folded form, are one text."""
    text = "".join(c for c in text if not otherwise(c))
    assert {fold(unicodedata.normalize(form, text)) for form in ("NFC", "NFD", "NFKC", "NFKD")} == {fold(text)}
    assert fold(unicodedata.normalize("NFKD", text).casefold()) == fold(text)


@GENERATED
@given(TEXTS, TEXTS)
def test_texts_fold_side_by_side(left: str, right: str) -> None:
    """The fold of two texts in a row is that of each in a row, but for jamo, marks and signs that meet, and flags."""
    first, table = "".join(map(naive.fold_character, right))[:1], naive.stored("fold")["table"]
    if not re.search(naive.REGIONAL, left + right) and not any(1 < table[ord(c)] <= SIGN for c in left + right):
        if first not in naive.marks() and not "\u1161" <= first <= "\u11ff":
            assert fold(left + right) == fold(left) + fold(right)
        assert fold(left + right) == fold(fold(left) + right)


@GENERATED
@given(TEXTS | st.text("ᄀㄱ가ᅡㅏᆨㄳ -a㎏ﷺ\u0301", max_size=12))
def test_a_trace_leads_back_to_the_text(text: str) -> None:
    """Each folded character is of what stands at its place, in order, jamo joined."""
    codes, begins, ends = trace(text)
    folded = fold(text)
    assert [chr(code & 0x1FFFFF) for code in codes.tolist()] == list(folded)
    assert (np.diff(begins) >= 0).all()
    assert ((begins >= 0) & (begins < ends) & (ends <= len(text))).all()
    for character, begin, end in zip(folded, begins.tolist(), ends.tolist(), strict=True):
        assert character in fold(text[begin:end]) or character in tuple("#+.^\u2212")


def test_a_trace_of_marks_and_ligatures() -> None:
    """A mark belongs to the letter before it; a character that becomes several is the place of all of them."""
    codes, begins, ends = trace("😀é\u0301 ㎏!")
    assert ([chr(code & 0x1FFFFF) for code in codes.tolist()], begins.tolist(), ends.tolist()) == (
        ["e", "k", "g"], [1, 4, 4], [3, 5, 5],
    )  # fmt: skip
