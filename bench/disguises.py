"""What writers and spammers do to a text so that it is not recognised, for `bench/evasion.py`.

In: a text, random numbers, and texts of others for those that hide in them. Out: the text as a reader would still take
it, disguised anew with other numbers. Chinese ones need pypinyin and OpenCC, and leave texts without Chinese as they
are; those of letters leave Chinese as it is.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import cache
from itertools import chain
from typing import NamedTuple

import evidence_texts as texts
import jieba
import opencc
from evidence_texts import Random
from markdown_it import MarkdownIt
from pypinyin import lazy_pinyin

from dedup.files.formats.pages import read_page

Change = Callable[[str, Random, Sequence[str]], str]
"""From a text, random numbers and texts of others."""

SMALL = "abcdefghijklmnopqrstuvwxyz"
LETTERS = SMALL + SMALL.upper() + "0123456789"
ANY = "".join(map(chr, range(0x4E00, 0x9FA6)))
UNSEEN = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f\ufe0f\U000e0061\u3164\u2800"
MARKS_LIKE_LETTERS = "ʼǀǃˈـꓸᐧㆍ"
EMOJI = "😀🎉🔥✨❤👍🌟💡"
SENTENCE = re.compile(r"[^。！？!?\n]*[。！？!?\n]+|[^。！？!?\n]+$|(?<=\.) ")
PARAGRAPH = re.compile(r"\n\s*\n")
CLAUSE = re.compile(r"[^，。、；！？,.;!?\n]*[，。、；！？,.;!?\n]+|[^，。、；！？,.;!?\n]+$")


def han(character: str) -> bool:
    return "\u4e00" <= character <= "\u9fff"


def language(text: str) -> str:
    """Whether a text is Chinese, or else English."""
    return "zh" if sum(map(han, text)) > len(text) / 8 else "en"


class Table(NamedTuple):
    """Letters in another shape."""

    shapes: dict[str, str]

    def change(self, share: float) -> Change:
        """Each letter by itself with this chance."""
        return each(lambda letter, _: self.shapes.get(letter, letter), share)


def table(shapes: str, letters: str = SMALL) -> Table:
    """The shapes of letters, small or capital, in their order."""
    found = dict(zip(letters, shapes.split(), strict=True))
    return Table(found | {letter.upper(): shape for letter, shape in found.items() if letter.upper() not in found})


def span(first: int, letters: str = SMALL) -> Table:
    """Shapes that follow each other."""
    return table(" ".join(chr(first + number) for number in range(len(letters))), letters)


def each(
    change: Callable[[str, Random], str], share: float = 1.0, where: Callable[[str], bool] = str.isalnum
) -> Change:
    """Changes each character by itself, those of a share."""

    def changed(text: str, rng: Random, _: Sequence[str]) -> str:
        chosen = rng.random(len(text)) < share
        return "".join(
            change(one, rng) if mine and where(one) else one for one, mine in zip(text, chosen.tolist(), strict=True)
        )

    return changed


def whole(change: Callable[[str], str]) -> Change:
    """Changes the text as a whole, always alike."""
    return lambda text, _, __: change(text)


def after(signs: Sequence[str], every: int) -> Change:
    """A sign after every so many letters."""

    def changed(text: str, rng: Random, _: Sequence[str]) -> str:
        letters, found = int(rng.integers(every)), []
        for one in text:
            letters += one.isalnum()
            ends = one.isalnum() and letters % every == 0
            found.append(one + (signs[rng.integers(len(signs))] if ends else ""))
        return "".join(found)

    return changed


def inserted(every: int) -> Change:
    """A character of the text's own script after every so many letters."""

    def changed(text: str, rng: Random, others: Sequence[str]) -> str:
        signs = ANY if language(text) == "zh" else SMALL
        return after(signs, every)(text, rng, others)

    return changed


def pinyin(share: float) -> Change:
    return each(lambda one, _: lazy_pinyin(one)[0], share, han)


@cache
def sounding() -> dict[str, list[str]]:
    """The characters of each sound, of those that begin jieba's words."""
    found = defaultdict(list)
    for one in sorted({word[0] for word in texts.chinese().words if han(word[0])}):
        found[lazy_pinyin(one)[0]].append(one)
    return found


def homophones(share: float) -> Change:
    def change(one: str, rng: Random) -> str:
        alike = [other for other in sounding().get(lazy_pinyin(one)[0], []) if other != one]
        return alike[rng.integers(len(alike))] if alike else one

    return each(change, share, han)


def words(text: str) -> list[str]:
    """A text in words and what stands between them."""
    return jieba.lcut(text) if language(text) == "zh" else re.findall(r"\w+|\W+", text)


def other_words(share: float) -> Change:
    """A share of the words replaced by words that are drawn by their frequencies."""

    def changed(text: str, rng: Random, _: Sequence[str]) -> str:
        found = words(text)
        vocabulary = texts.vocabulary(language(text))
        said = [place for place, word in enumerate(found) if word.isalnum()]
        places = rng.permutation(said)[: round(share * len(said))].tolist()
        for place, word in zip(places, vocabulary.draw(len(places), rng), strict=True):
            found[place] = word
        return "".join(found)

    return changed


def dropped(share: float) -> Change:
    return each(lambda *_: "", share)


def swapped(share: float) -> Change:
    """A share of the letters with the one behind them."""

    def changed(text: str, rng: Random, _: Sequence[str]) -> str:
        found, place = list(text), 0
        while place < len(found) - 1:
            if found[place].isalnum() and found[place + 1].isalnum() and rng.random() < share:
                found[place : place + 2] = found[place + 1], found[place]
                place += 1
            place += 1
        return "".join(found)

    return changed


def parts(text: str, pattern: re.Pattern[str]) -> list[str]:
    """Sentences or clauses with what ends them."""
    return [part for part in pattern.findall(text) if part]


def shuffled(cut: Callable[[str], list[str]], glue: str) -> Change:
    def changed(text: str, rng: Random, _: Sequence[str]) -> str:
        found = cut(text)
        return glue.join(found[place] for place in rng.permutation(len(found)).tolist())

    return changed


def without_paragraphs(share: float) -> Change:
    def changed(text: str, rng: Random, _: Sequence[str]) -> str:
        found = PARAGRAPH.split(text)
        kept = sorted(rng.permutation(len(found))[round(share * len(found)) :].tolist())
        return "\n\n".join(found[place] for place in kept)

    return changed


def beginning(share: float) -> Change:
    return whole(lambda text: text[: round(share * len(text))])


def other(text: str, rng: Random, others: Sequence[str]) -> str:
    """A text of somebody else in the same language."""
    own = language(text)
    alike = [one for one in others if language(one) == own]
    return alike[rng.integers(len(alike))]


def spliced(text: str, rng: Random, others: Sequence[str]) -> str:
    """Half of it with half of another one."""
    end = other(text, rng, others)
    return f"{text[: len(text) // 2]}\n\n{end[len(end) // 2 :]}"


def interleaved(text: str, rng: Random, others: Sequence[str]) -> str:
    """Sentences in turn with another text's, as many."""
    mine, theirs = parts(text, SENTENCE), parts(other(text, rng, others), SENTENCE)
    return "".join(chain.from_iterable(zip(mine, theirs, strict=False))) + "".join(mine[len(theirs) :])


def hidden(times: int) -> Change:
    """In the middle of others' text that makes it so many times as long."""

    def changed(text: str, rng: Random, others: Sequence[str]) -> str:
        around = ""
        while len(around) < (times - 1) * len(text):
            around += other(text, rng, others) + "\n\n"
        around = around[: (times - 1) * len(text)]
        return f"{around[: len(around) // 2]}\n\n{text}\n\n{around[len(around) // 2 :]}"

    return changed


def converted(name: str) -> Change:
    """By one of OpenCC's configurations."""
    return whole(opencc.OpenCC(name).convert)


def radicals() -> Table:
    """The Kangxi radicals that stand for characters."""
    signs = map(chr, range(0x2F00, 0x2FD6))
    return Table({unicodedata.normalize("NFKC", sign): sign for sign in signs})


def page(text: str) -> str:
    """Markdown as a web page, and its text as this package reads pages."""
    body = MarkdownIt().render(text)
    return read_page(f"<html><head><title>.</title></head><body><article>{body}</article></body></html>".encode())[0]


def mixed(text: str, rng: Random, _: Sequence[str]) -> str:
    """As Markdown, a page, or plain text."""
    return (str, page, texts.plain)[rng.integers(3)](text)


def right_to_left(text: str) -> str:
    """Every line written backwards under an override, so that it is shown as it was."""
    return "\n".join(f"\u202e{line[::-1]}\u202c" for line in text.split("\n"))


CIRCLED, SQUARED = span(0x24D0), table(" ".join(chr(0x1F170 + number) for number in range(26)))
MATH, REGIONAL = span(0x1D41A), table(" ".join(chr(0x1F1E6 + number) for number in range(26)))
SMALL_CAPITALS = table("ᴀ ʙ ᴄ ᴅ ᴇ ꜰ ɢ ʜ ɪ ᴊ ᴋ ʟ ᴍ ɴ ᴏ ᴘ ꞯ ʀ ꜱ ᴛ ᴜ ᴠ ᴡ x ʏ ᴢ")
TURNED = table("ɐ q ɔ p ǝ ɟ ƃ ɥ ᴉ ɾ ʞ l ɯ u o d b ɹ s ʇ n ʌ ʍ x ʎ z")
STROKED = table("ⱥ ƀ ȼ đ ɇ ǥ ħ ɨ ɉ ł ø ᵽ ɍ ŧ ʉ ƶ", "abcdeghijloprtuz")
LOOKALIKES = table("а с ԁ е һ і ј о р ѕ х у", "acdehijopsxy")
LEET = table("4 3 1 0 5 7", "aeiost")
FULL = Table({chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)})

DISGUISES: dict[str, Change] = {
    "nothing": whole(str),
    "a sign that is not seen, after every third letter": after(UNSEEN, 3),
    "an emoji after every letter": after(EMOJI, 1),
    "capitals": whole(str.upper),
    "full width": FULL.change(1.0),
    "mathematical letters": MATH.change(1.0),
    "circled letters": CIRCLED.change(1.0),
    "negative squared letters": SQUARED.change(1.0),
    "regional indicators": REGIONAL.change(1.0),
    "small capitals": SMALL_CAPITALS.change(1.0),
    "turned letters": TURNED.change(1.0),
    "letters with a stroke, 30 %": STROKED.change(0.3),
    "letters with an accent, 30 %": each(lambda one, _: one + "\u0301", 0.3),
    "Cyrillic letters that look alike": LOOKALIKES.change(1.0),
    "digits for letters, 30 %": LEET.change(0.3),
    "a letter that looks like a mark, after every third letter": after(MARKS_LIKE_LETTERS, 3),
    "lines backwards under an override": whole(right_to_left),
    "Kangxi radicals": radicals().change(1.0),
    "Traditional characters": converted("s2t"),
    "Traditional as Taiwan writes": converted("s2tw"),
    "Traditional with Taiwan's phrases": converted("s2twp"),
    "pinyin, 5 %": pinyin(0.05),
    "pinyin, 10 %": pinyin(0.1),
    "pinyin, 30 %": pinyin(0.3),
    "homophones, 5 %": homophones(0.05),
    "homophones, 10 %": homophones(0.1),
    "homophones, 30 %": homophones(0.3),
    "other words, 5 %": other_words(0.05),
    "other words, 10 %": other_words(0.1),
    "other words, 20 %": other_words(0.2),
    "other words, 50 %": other_words(0.5),
    "a letter inserted after every 20": inserted(20),
    "a letter inserted after every 10": inserted(10),
    "a letter inserted after every 5": inserted(5),
    "letters dropped, 5 %": dropped(0.05),
    "letters dropped, 10 %": dropped(0.1),
    "letters dropped, 20 %": dropped(0.2),
    "neighbours swapped, 10 %": swapped(0.1),
    "neighbours swapped, 30 %": swapped(0.3),
    "words shuffled": shuffled(words, ""),
    "clauses shuffled": shuffled(lambda text: parts(text, CLAUSE), ""),
    "sentences shuffled": shuffled(lambda text: parts(text, SENTENCE), ""),
    "paragraphs shuffled": shuffled(PARAGRAPH.split, "\n\n"),
    "paragraphs dropped, 10 %": without_paragraphs(0.1),
    "paragraphs dropped, 30 %": without_paragraphs(0.3),
    "paragraphs dropped, 50 %": without_paragraphs(0.5),
    "the first half": beginning(0.5),
    "the first quarter": beginning(0.25),
    "five times": whole(lambda text: "\n\n".join([text] * 5)),
    "half with half of another": spliced,
    "sentences in turn with another's": interleaved,
    "hidden in twice the text": hidden(2),
    "hidden in three times the text": hidden(3),
    "hidden in five times the text": hidden(5),
    "a web page": whole(page),
    "plain text": whole(texts.plain),
    "Markdown, a page, or plain text": mixed,
}  # fmt: skip
