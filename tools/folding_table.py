"""What folds and what does not, as two tables, those of `docs/explanation/folding.md`: `python tools/folding_table.py`.

In: the shipped table, and Unicode's scripts (fontTools) and categories (unicodedata2). Out: Markdown. A test compares
it with the page.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import unicodedata2
from fontTools.unicodedata import script, script_name

from dedup.stages.folding import fold

SAMPLES = (
    ("case, width", "Ｃｏｐｙ", "COPY"),
    ("accents", "café", "cafe"),
    ("strokes, hooks and tails", "đłøƙɓ", "dlokb"),
    ("mathematical, circled, negative, squared letters", "𝐜𝒐𝕡ⓨ 🅲🅞🄿🆈", "copycopy"),
    ("regional indicators, but not a flag by itself", "🇨🇴🇵🇾", "copy"),
    ("a flag", "copy 🇩🇪", "copy"),
    ("small capitals, turned letters", "ᴄᴏᴘʏ ɐɹʇ", "copy art"),
    ("look-alikes of other alphabets", "сору", "copy"),
    ("lunate sigma", "ϲopy", "copy"),
    ("ligatures, fractions, units", "ﬁ ½ ㎏", "fi12kg"),
    ("digits of all scripts", "٣३๓③", "3333"),
    ("Traditional and Simplified", "續費", "续费"),
    ("Taiwan and Hong Kong", "沿著 衞生 枱", "沿着 卫生 台"),
    ("what is one in Simplified is one: empress and later", "皇后", "皇後"),
    ("new Japanese forms", "気広桜発", "氣廣櫻發"),
    ("radicals, of Kangxi and of the supplement", "⾧⻓⻔", "长长门"),
    ("half-width kana", "ｶﾞｲﾄﾞ", "ガイド"),
    ("jamo", "한", "한"),
    ("Arabic and Persian forms, tatweel, teh marbuta", "یک مـدرسة", "يك مدرسه"),
    ("harakat, Hebrew points", "كِتَاب שָׁלוֹם", "كتاب שלום"),
    ("Russian й and ё", "ещё мой", "еще мои"),
    ("German umlauts", "schön", "schon"),
    ("apostrophes that are letters: Ukrainian, Uzbek, Hawaiian", "oʻzbek мʼяч", "o'zbek м'яч"),
    ("white space, punctuation, symbols, emoji, what is not seen", "co\u200bp-y 😀", "copy"),
    ("kana and their dakuten", "か", "が"),
    ("hiragana and katakana", "か", "カ"),
    ("vowels of Hindi", "दिन", "दान"),
    ("vowels and tones of Thai", "ปา", "ป้า"),
    ("vowels of Burmese", "ကို", "ကု"),
    ("vowels of Tibetan", "མི", "མེ"),
    ("0 and o, 1 and l, l and I", "10l", "lol"),
    ("letters of their own: ə, ŋ, æ, þ, ð", "ə", "e"),
    ("signs inside a word, in a short text", "C++ 1.5 -5", "C 15 5"),
    ("the same, longer", "C++ 1.5 -5 in thirty-three letters and digits", "C 15 5 in thirty-three letters and digits"),
    ("words of the Mainland, Taiwan and Hong Kong for one thing", "软件 出租车", "軟體 的士"),
    ("two words for one thing, in one place", "番茄", "西红柿"),
)  # fmt: skip
"""A kind of spelling, and two texts in it."""
EVERYDAY = (
    "Latn Grek Cyrl Armn Geor Hebr Arab Syrc Thaa Nkoo Ethi Deva Beng Guru Gujr Orya Taml Telu Knda Mlym Sinh Thai "
    "Laoo Tibt Mymr Khmr Mong Hang Hani Hira Kana"
)
"""Scripts with a row of their own; of the others it is said what becomes of their marks."""


def samples() -> Iterator[str]:
    """Rows of the first table."""
    yield "| | one | other | |\n|---|---|---|---|"
    for what, one, other in SAMPLES:
        yield f"| {what} | {one} | {other} | {'one text' if fold(one) == fold(other) else 'two texts'} |"


def _few(characters: list[str], *, dotted: bool = False) -> str:
    shown = "".join(f" {'◌' * dotted}{c}" for c in characters[:: max(1, len(characters) // 5)][:5])
    return f"{len(characters)}:{shown}" if characters else "–"


def scripts() -> Iterator[str]:
    """Rows of the second table, and what is said of scripts that have none."""
    others, stay, go = (defaultdict[str, list[str]](list) for _ in range(3))
    for character in map(chr, range(0x110000)):
        kind = unicodedata2.category(character)[0]
        if kind == "M":
            (stay if fold(character) else go)[script(character)].append(character)
        elif kind == "L" and fold(character) != character:
            others[script(character)].append(character)
    yield "| script | letters that become others | marks that stay | marks that go |\n|---|---|---|---|"
    for code in EVERYDAY.split():
        kept, gone = _few(stay[code], dotted=True), _few(go[code], dotted=True)
        yield f"| {script_name(code)} | {_few(others[code])} | {kept} | {gone} |"
    for which, found in (("stay", stay), ("go", go)):
        rest = sorted(script_name(code) for code in found if code not in EVERYDAY.split() and code[0] != "Z")
        yield f"\nAlso in these scripts marks {which}: {', '.join(rest)}."


def page() -> str:
    """Both tables."""
    return "\n".join(samples()) + "\n\n" + "\n".join(scripts()) + "\n"


if __name__ == "__main__":
    print(page(), end="")
