"""One text in any spelling: `python bench/spelling.py PATH.parquet [--texts 300]`, with columns id, lang and text.

Prints, for each way to spell, the similarity of a text to itself in that spelling: the least and the median over the
texts, and what is wanted. Chinese goes to Taiwan, Hong Kong and back by OpenCC.
Then how alike rewrites are in English, Hindi and Burmese: generated articles of five frames, in whose rewrites 30 % of
the phrases are other ones, and how many of these `dedup.cluster` finds among those of the other frames.
"""

from __future__ import annotations

import argparse
import random
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
import opencc
import pyarrow.parquet as pq
from confusable_homoglyphs import confusables

import dedup

DENSE = (
    "他沿著河走著，看著書，拿著傘，瞭解了瞭望臺的故事，憑藉藉口回覆覆蓋的訊息。",
    "衞生署的衞星電視裏，羣眾在枱上說着甚麼，妳聽着卻不瞭解。",
    "這裡的麵包裡面有乾果，台灣的皇后後來著作了許多關於準備的書。",
)
TO_SIMPLIFIED = {"著": "着", "瞭": "了", "藉": "借", "覆": "复", "妳": "你", "甚": "什", "枱": "台", "衞": "卫"}
JAPANESE = "國學廣氣櫻發驛圖書館澤邊齋藤濱圓賣讀變戀體觀歡權勸鐵點轉傳總總經濟營業勞働當黨實驗鹽靈"
PAGES = "长门的车见过页面上的风和马，鱼贝鸟龙齐飞，黄麦见青，车门长风，马飞页页见贝见鱼。"
WORDS = {
    "Persian and Urdu, Arabic yeh and kaf": (
        "یکی از این کتاب‌های کهن دربارهٔ تاریخ ایران است که کسی نمی‌شناسد",
        "يكي از اين كتاب‌هاي كهن دربارهٔ تاريخ ايران است كه كسي نمي‌شناسد",
    ),
    "Urdu, Arabic heh": (
        "یہ کتاب ہماری ہے اور وہ ہمیشہ ہمارے پاس رہے گی",
        "يه كتاب هماري هے اور وه هميشه همارے پاس رهے گي",
    ),
    "tatweel": ("كتاب جميل عن تاريخ المدينة القديمة", "كتـــاب جمـــيل عن تاريـــخ المديـــنة القديـــمة"),
    "teh marbuta, alef maksura": ("ذهبت الى المدينة القديمة على مهل", "ذهبت الي المدينه القديمه علي مهل"),
    "Vietnamese, Polish, Danish without strokes": (
        "đường đi đến đó đã được đổi, łódź płynie głęboko, øl på søen",
        "duong di den do da duoc doi, lodz plynie gleboko, ol pa soen",
    ),
    "Hausa, Fula, Ewe with hooks": ("ɓarawo ya ɗauki ƙwai, ƴaƴa sun ɓace", "barawo ya dauki kwai, yaya sun bace"),
    "Korean middle dot": ("정치ㆍ경제ㆍ사회ㆍ문화ㆍ체육 소식을 전합니다", "정치·경제·사회·문화·체육 소식을 전합니다"),
}  # fmt: skip


class Row(NamedTuple):
    """A line of the table."""

    what: str
    found: Sequence[float]
    wanted: float


def similarities(texts: Sequence[str], spell: Callable[[str], str]) -> list[float]:
    return [dedup.similarity(text, spell(text)) for text in texts]


def chinese(texts: Sequence[str]) -> Iterator[Row]:
    """Traditional and Simplified in their regional forms."""
    to = {
        name: opencc.OpenCC(name).convert
        for name in ("s2t", "s2tw", "s2hk", "s2twp", "s2hkp", "t2s", "tw2s", "hk2s", "t2jp")
    }
    for name, back in (("s2t", "t2s"), ("s2tw", "tw2s"), ("s2hk", "hk2s")):
        yield Row(f"zh to {name}", similarities(texts, to[name]), 1.0)
        yield Row(
            f"zh to {name} and back by {back}", similarities(texts, lambda t, a=to[name], b=to[back]: b(a(t))), 1.0
        )
    dense = [(text, to["t2s"](text.translate(str.maketrans(TO_SIMPLIFIED)))) for text in DENSE]
    yield Row("dense sentences of Taiwan and Hong Kong", [dedup.similarity(*both) for both in dense], 0.95)
    for name in ("s2twp", "s2hkp"):
        yield Row(f"zh to {name}, by phrases", similarities(texts, to[name]), 0.92)
    yield Row("zh in new Japanese forms", similarities([to["s2t"](t) for t in texts], to["t2jp"]), 0.95)
    yield Row("a line of them", similarities([JAPANESE], to["t2jp"]), 0.95)


def radicals(texts: Sequence[str]) -> Iterator[Row]:
    """Characters as radicals of the supplement, as PDF text has them."""
    shown = str.maketrans("长门车见页风马鱼贝鸟龙齐飞黄麦青", "⻓⻔⻋⻅⻚⻛⻢⻥⻉⻦⻰⻬⻜⻩⻨⻘")
    yield Row("radicals for characters", similarities([PAGES, *texts], lambda text: text.translate(shown)), 1.0)


def words() -> Iterator[Row]:
    """Pairs of lines."""
    for what, (one, other) in WORDS.items():
        strict = "Vietnamese" in what or "Hausa" in what or "Korean" in what
        yield Row(what, [dedup.similarity(one, other)], 1.0 if strict else 0.98)


def named(pattern: str) -> dict[str, list[str]]:
    """By small letter of ASCII, the characters whose names match."""
    found = defaultdict(list)
    for code in range(0x80, 0x20000):
        match = re.fullmatch(pattern, unicodedata.name(chr(code), ""))
        if match and not unicodedata.decomposition(chr(code)):
            found[match[1].lower()].append(chr(code))
    return found


SHAPES = {
    "with strokes, hooks and tails": r"LATIN SMALL LETTER ([A-Z]) WITH (?!.*(?:ABOVE|BELOW)).*",
    "negative circled": r"NEGATIVE CIRCLED LATIN CAPITAL LETTER ([A-Z])",
    "negative squared": r"NEGATIVE SQUARED LATIN CAPITAL LETTER ([A-Z])",
    "regional indicators": r"REGIONAL INDICATOR SYMBOL LETTER ([A-Z])",
    "small capitals": r"LATIN LETTER SMALL CAPITAL ([A-Z])",
    "turned": r"LATIN SMALL LETTER TURNED ([A-Z])",
}


def look_alikes(*, strict: bool) -> dict[str, list[str]]:
    """By letter or digit of ASCII, what the list of Unicode TR 39 has for it, but for ASCII.

    Strictly, two kinds are left out: what Unicode itself says is another letter or digit, such as a digit 0 for o and a
    capital I for l, or is none; and letters of scripts that they would lose their vowels with.
    """
    found = defaultdict(list)
    for plain, others in confusables.confusables_data.items():
        if len(plain) == 1 and plain.isascii() and plain.isalnum():
            for other in (c["c"] for c in others):
                if len(other) == 1 and not other.isascii() and not (strict and _another(other, plain)):
                    found[plain].append(other)
    return found


def _another(other: str, plain: str) -> bool:
    """Whether Unicode says that a look-alike is another letter or digit of ASCII, or none at all, or bears marks."""
    meant, digit = unicodedata.normalize("NFKD", other).casefold(), unicodedata.digit(other, None)
    if digit is not None:
        return str(digit) != plain
    if unicodedata.category(meant[0])[0] in "MPZ" or "\u0900" <= meant <= "\u109f":
        return True
    name = re.search(r"LETTER (?:TURNED )?([A-Z])(?: WITH|$)", unicodedata.name(other, ""))
    alike = [c["c"].lower() for c in confusables.confusables_data.get(meant, []) if c["c"].isascii()]
    said = {*alike, *(meant if meant.isascii() else ""), *(name[1].lower() if name and name[0].count(" ") > 1 else "")}
    return bool(said - {plain.lower()}) or not (meant.isalnum() or meant == other)


def replaced(text: str, by: dict[str, list[str]], seed: int = 0) -> str:
    """Each letter as one of those that stand for it, drawn at random."""
    draw = random.Random(seed)  # noqa: S311 - not for secrets
    return "".join(draw.choice(by.get(c) or by.get(c.lower()) or [c]) for c in text)


def shapes(zh: Sequence[str], en: Sequence[str]) -> Iterator[Row]:
    """Letters in other shapes."""
    for what, pattern in SHAPES.items():
        by = named(pattern)
        found = [dedup.similarity(text, replaced(text, by)) for text in en]
        yield Row(f"en {what}", found, 1.0 if "hooks" in what else 0.95)
    yield Row("zh, en with U+0345 on each", similarities([*zh, *en], lambda t: "".join(c + "\u0345" for c in t)), 0.95)
    yield Row(
        "en with lunate sigma for c", similarities(en, lambda t: t.replace("c", "\u03f2").replace("C", "\u03f9")), 0.95
    )
    for strict in (True, False):
        kind = "that are no other letter" if strict else "all of the list, 0 for o and I for l too"
        by = look_alikes(strict=strict)
        for lang, texts in (("zh", zh), ("en", en)):
            found = [dedup.similarity(text, replaced(text, by)) for text in texts]
            yield Row(f"{lang} look-alikes, {kind}", found, 0.95)


SYLLABLES = {
    "en": ["bcdfghklmnprstvw", "aeiou", ["", "", "n", "r", "s"]],
    "hi": ["कखगचजटडतदनपबमयरलवशसह", ["", "", "ा", "ि", "ी", "ु", "े", "ो"], ["", "", "", "ं"]],
    "my": ["ကခဂစဇတဒနပဖဗမယရလဝသဟ", ["", "ျ", "ြ", "ွ"], ["ာ", "ိ", "ု", "ေ", "ဲ", "ို", "န်", "တ်", "င်", "မ်"]],
}
"""Of what a syllable is made in turn."""


def generated(lang: str, draw: random.Random, *, frames: int = 5, rewrites: int = 8, share: float = 0.3) -> list[str]:
    """Articles: for each frame of 100 phrases its rewrites, in which a share of the phrases are others."""
    parts = SYLLABLES[lang]
    words = ["".join(draw.choice(part) for _ in range(draw.choice((2, 2, 3))) for part in parts) for _ in range(3000)]

    def phrase() -> str:
        return " ".join(draw.choices(words, k=draw.choice((3, 4, 5))))

    made = [[phrase() for _ in range(100)] for _ in range(frames)]
    return [
        ("" if lang == "my" else " ").join(phrase() if draw.random() < share else kept for kept in frame)
        for frame in made
        for _ in range(rewrites)
    ]


def rewrites() -> Iterator[tuple[str, float, float, float]]:
    """For each language the mean similarity of rewrites and of others, and the share of pairs that are found."""
    for lang in SYLLABLES:
        texts, each = generated(lang, random.Random(5)), 8  # noqa: S311 - not for secrets
        pairs = [(i, j) for i in range(len(texts)) for j in range(i)]
        alike = [dedup.similarity(texts[i], texts[j]) for i, j in pairs if i // each == j // each]
        apart = [dedup.similarity(texts[i], texts[j]) for i, j in pairs if i // each != j // each][:200]
        labels = dedup.cluster(texts).labels
        found = [labels[i] == labels[j] for i, j in pairs if i // each == j // each]
        yield lang, float(np.mean(alike)), float(np.mean(apart)), float(np.mean(found))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path")
    parser.add_argument("--texts", type=int, default=300)
    args = parser.parse_args()
    table = pq.read_table(args.path, columns=["lang", "text"]).to_pydict()
    texts = defaultdict(list)
    for lang, text in zip(table["lang"], table["text"], strict=True):
        texts[lang].append(text)
    zh, en = texts["zh"][: args.texts], texts["en"][: args.texts]
    print("| spelling | texts | least | median | wanted |\n|---|--:|--:|--:|--:|")
    short = 0
    for what, found, wanted in chain(chinese(zh), radicals(zh), words(), shapes(zh, en)):
        falls = "" if min(found) >= wanted - 5e-7 else ", falls short"
        short += bool(falls)
        print(f"| {what} | {len(found)} | {min(found):.3f} | {np.median(found):.3f} | {wanted:.2f}{falls} |")
    print(f"\n{short} of these fall short\n\n| rewrites, 30 % of phrases | alike | others | found |\n|---|--:|--:|--:|")
    for lang, alike, apart, share in rewrites():
        print(f"| {lang} | {alike:.3f} | {apart:.4f} | {share:.0%} |")


if __name__ == "__main__":
    main()
