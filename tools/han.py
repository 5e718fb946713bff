"""Han characters that are one: forms of Unicode, Traditional and Simplified, of Taiwan, Hong Kong and Japan.

In: OpenCC's dictionaries, as its Python package ships them, and the frequencies of jieba's. Out: for each character the
one that stands for its class, the most frequent in Simplified Chinese. A class holds whatever a conversion makes of a
character in any word: 后 is 後 as well as 后, so both are one. What a wrong sense costs is a few bits; what a missing
variant costs is the copy.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import jieba
import opencc
from classes import Classes
from confusable_homoglyphs import confusables

RANGES = ((0x3005, 0x3005), (0x3007, 0x3007), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF))
DICTIONARIES = (
    "STCharacters", "TSCharacters", "TSCharactersExt", "TWVariants", "TWVariantsRev", "HKVariants", "HKVariantsRev",
    "JPShinjitaiCharacters", "JPShinjitaiCharactersRev",
    "STPhrases", "STPhrases_GeneratedFromRegionalPhrases", "TSPhrases", "TWVariantsPhrases", "TWVariantsRevPhrases",
    "HKVariantsPhrases", "HKVariantsRevPhrases",
)  # fmt: skip
"""Not JPShinjitaiPhrases: a new spelling of a word by another character, such as 屍 by 死, is no form of it."""
PHRASES = ("TWPhrases", "HKPhrases")
"""Words for which people say others in Taiwan and Hong Kong: 软件 and 軟體. Of several the first one is theirs."""
BESIDE = ("甚什", "妳你")
"""As people write and OpenCC does not convert: 甚麼 and 什么."""
RADICALS = dict(
    zip(
        "⺁⺂⺃⺄⺅⺆⺇⺈⺉⺊⺋⺌⺍⺎⺏⺐⺑⺒⺓⺔⺕⺖⺗⺘⺙⺛⺜⺝⺞⺟⺠⺡⺢⺣⺤⺥⺦⺧⺨⺩⺪⺫⺬⺭⺮⺯⺰⺱⺲⺳⺴⺵⺶⺷⺸⺹"
        "⺺⺻⺼⺽⺾⺿⻀⻁⻂⻃⻄⻅⻆⻇⻈⻉⻊⻋⻌⻍⻎⻏⻐⻑⻒⻓⻔⻕⻖⻗⻘⻙⻚⻛⻜⻝⻞⻟⻠⻡⻢⻣⻤⻥⻦⻧⻨⻩⻪⻫⻬⻭⻮⻯⻰⻱⻲⻳",
        "厂乛乚乙亻冂𠘨刀刂卜㔾小小兀尣尢𡯂巳幺彑𫜹忄心扌攵旡日月歺母民氵氺灬爫爫丬牛犭王𤴔目示礻𥫗糹纟罓罒㓁冗𦉫羊𦍌𦍋耂"
        "肀聿肉𦥑艹艹艹虎衤覀西见角𧢲讠贝𧾷车辶辶辶邑钅長镸长门𨸏阝雨青韦页风飞食𩙿飠饣𩠐马骨鬼鱼鸟卤麦黄黾斉齐歯齿竜龙龜亀龟",
        strict=True,
    )
)
"""Equivalent_Unified_Ideograph of the CJK Radicals Supplement (Unicode 15 and later), which NFKC leaves alone."""


def is_han(character: str) -> bool:
    return any(low <= ord(character) <= high for low, high in RANGES)


@cache
def _dictionary(name: str) -> list[tuple[str, list[str]]]:
    """The entries of a dictionary of OpenCC: a word and what it may become."""
    folder = Path(opencc.__file__).parent / "clib"
    with tempfile.TemporaryDirectory() as into:
        text, compiled = Path(into, name), folder / "share" / "opencc" / f"{name}.ocd2"
        command = [folder / "bin" / "opencc_dict", "-i", compiled, "-o", text, "-f", "ocd2", "-t", "text"]
        subprocess.run(command, check=True)  # noqa: S603 - a program of the package
        lines = [line.split("\t") for line in text.read_text("utf-8").splitlines()]
    return [(word, others.split(" ")) for word, others in lines]


def _regional() -> Iterator[tuple[str, str]]:
    """A word of the mainland, and the one that people say in Taiwan or in Hong Kong."""
    for name in PHRASES:
        for word, (first, *_) in _dictionary(name):
            if all(map(is_han, word + first)):
                yield word, first


def _pairs() -> Iterator[tuple[str, str]]:
    """A Han character and another one that stands for it, in some word or by its looks, or means the same."""
    yield from (both for both in _regional() if max(map(len, both)) == 1)
    for name in DICTIONARIES:
        for word, others in _dictionary(name):
            for other in others:
                if len(word) == len(other):
                    yield from ((a, b) for a, b in zip(word, other, strict=True) if a != b)
    yield from BESIDE
    yield from RADICALS.items()
    for character, found in confusables.confusables_data.items():
        alike = [c["c"] for c in found if len(c["c"]) == len(character) == 1]
        yield from ((character, other) for other in alike if is_han(character) and is_han(other))


@cache
def classes() -> Classes:
    """All that are one."""
    return Classes((a, b) for a, b in _pairs() if is_han(b))


@cache
def _frequencies() -> Counter[str]:
    """How often jieba's dictionary has each character, in all words."""
    found: Counter[str] = Counter()
    with jieba.get_dict_file() as lines:
        for line in lines:
            word, frequency, *_ = line.decode().split(" ")
            for character in word:
                found[character] += int(frequency)
    return found


@cache
def representatives() -> dict[str, str]:
    """For each character that is not by itself the most frequent Simplified one of its class."""
    return {
        one: max(members, key=lambda c: (is_han(c), _frequencies()[c], -ord(c)))
        for members in classes().lists()
        for one in members
    }


def _folded(word: str) -> str:
    return "".join(representatives().get(character, character) for character in word)


def phrases() -> dict[str, str]:
    """For each phrase of a class the one that stands for it: the shortest, and of these the mainland's.

    The one that stands for it is there, too: nothing inside of it is another phrase.
    """
    pairs = [(_folded(word), _folded(other)) for word, other in _regional()]
    pairs = [both for both in pairs if both[0] != both[1] and max(map(len, both)) > 1]
    ours = {word for word, _ in pairs}
    return {
        one: min(members, key=lambda word: (len(word), word not in ours, word))
        for members in Classes(pairs).lists()
        for one in members
        if len(one) > 1
    }
