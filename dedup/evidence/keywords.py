"""The words that say what a cluster is about.

In: the texts of its members. Out: `Keyword`s, best first. A word weighs by how often it stands in the texts (TF), by
how rare it is elsewhere (IDF; of Chinese words from jieba's table, of others from counts that the caller has, or from
their length) and by the share of the texts that hold it. Addresses, tags and names after an @ are left out, see
`dedup.evidence.indicators`; so are numbers, single characters and words of hiragana, which are grammar. Costs about a
second for a million characters, since jieba cuts them, and half a second once: the caller samples. Phrases are not
found.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from dedup.evidence import notebook
from dedup.stages.background import FLAT_BITS, chances
from dedup.stages.folding import fold, fold_words
from dedup.stages.words import HAN, rarity, words

PRIOR = 100
"""Weight of the prior for words of other scripts, in articles: it expects a word by its length."""
_MARKUP = re.compile(r"https?://[^\s<>\"'()\[\]]*+|</?[A-Za-z][^<>]*+>|@[A-Za-z0-9_]++|&[a-z0-9#]{2,8};", re.IGNORECASE)
_KATAKANA = r"\u30a1-\u30ff\u31f0-\u31ff"
_OTHERS = re.compile(rf"[{_KATAKANA}]+|[^ {HAN}\u3041-\u309f{_KATAKANA}]+")
_HAN_WORD = re.compile(rf"[{HAN}]{{2,}}")
_HANGUL = re.compile("[가-힣]")


@dataclass(frozen=True, slots=True, repr=False)
class Keyword:
    """A word that says what the texts are about.

    Example:
        >>> clusters[0].keywords(1)[0]
        Keyword(word='古树', score=0.141, members=5, of=5)
    """

    word: str
    """As the texts most often write it: in Traditional characters where they do, with capitals where they do."""
    score: float
    """Mean share of the words of a text, times the rarity in nats, times the share of the texts that hold it."""
    members: int
    """How many of the texts hold it."""
    of: int
    """How many texts were looked at."""

    def __repr__(self) -> str:
        """Its score with three digits: more say nothing."""
        return f"Keyword(word={self.word!r}, score={self.score:.3g}, members={self.members}, of={self.of})"


class Keywords(list[Keyword]):
    """Keywords by falling score; a table in a notebook."""

    def _repr_html_(self) -> str:
        """A row a word."""
        rows = [(one.word, f"{one.members:,} of {one.of:,}", f"{one.score:.3f}") for one in self]
        return notebook.table("keywords", ("word", "held by", "score"), rows)


def keywords(
    texts: Sequence[str],
    *,
    top: int = 10,
    articles: int | None = None,
    frequency: Mapping[str, int] | None = None,
) -> Keywords:
    """The words that say what the texts are about.

    Words are counted folded, so that Traditional and Simplified characters, or capitals and small letters, are one
    word. The form that is shown is the one that the texts write most often.

    Args:
        texts: The members of a cluster, or a sample of them.
        top: How many words at most.
        articles: How many articles `frequency` was counted in; None for 0.
        frequency: Document frequencies in those articles, from `word_frequency`; 0 for a word that is not in it.

    Returns:
        Keywords by falling score, then by word; fewer than `top` where the texts hold fewer.

    Example:
        >>> [keyword.word for keyword in keywords(["電話卡續費", "電話卡續費 eSIM", "我們的電話卡"], top=2)]
        ['電話卡', '續費']
    """
    shares: defaultdict[str, float] = defaultdict(float)
    members: Counter[str] = Counter()
    for text in texts:
        counts = Counter(_words(text))
        members.update(counts.keys())
        for word, count in counts.items():
            shares[word] += count / counts.total()
    rare = _Rareness(articles or 0, frequency or {})
    scores = {word: share * rare(word) * members[word] / len(texts) ** 2 for word, share in shares.items()}
    best = sorted((word for word, score in scores.items() if score > 0), key=lambda word: (-scores[word], word))[:top]
    forms = _forms(best, texts)
    return Keywords(
        Keyword(form, scores[word], members[word], len(texts)) for word, form in zip(best, forms, strict=True)
    )


def word_frequency(texts: Iterable[str]) -> Counter[str]:
    """Document frequency of every word that is not Chinese; 50 ms for a million characters.

    Args:
        texts: Articles of all kinds, not only those of a cluster.

    Returns:
        Folded words with their document frequencies, for `keywords`.

    Example:
        >>> word_frequency(["The old bridge", "A bridge, 石桥"])["bridge"]
        2
    """
    frequency: Counter[str] = Counter()
    for text in texts:
        frequency.update(set(_other_words(_MARKUP.sub(" ", text))))
    return frequency


def _words(text: str) -> Iterator[str]:
    """The folded words of a text that can be keywords or weigh against them."""
    text = _MARKUP.sub(" ", text)
    yield from filter(_HAN_WORD.fullmatch, words(text))
    yield from _other_words(text)


def _other_words(text: str) -> Iterator[str]:
    """Words of other scripts with two or more letters; `dedup.stages.words` would cut those of katakana."""
    for word in _OTHERS.findall(fold_words(text)):
        if sum(map(str.isalpha, word)) > 1:
            yield word


class _Rareness:
    """How rare words are in other articles: inverse document frequencies."""

    def __init__(self, articles: int, frequency: Mapping[str, int]) -> None:
        self.articles, self.frequency = articles, frequency
        self.known, self.chances = rarity(), chances()

    def __call__(self, word: str) -> float:
        if word in self.known.stop:
            return 0
        if _HAN_WORD.fullmatch(word):
            return self.known.idf.get(word, self.known.median)
        expected = self.frequency.get(word, 0) + PRIOR * self._chance(word)
        rare = math.log((self.articles + PRIOR + 1) / expected)
        return min(max(rare, 0), self.known.median)  # a long word is no rarer than a Chinese one that jieba never saw

    def _chance(self, word: str) -> float:
        """The chance that an article holds the word, by its length; a syllable has the letters of its transcription."""
        letters = len(word) + 2 * len(_HANGUL.findall(word)) + len(re.findall(f"[{_KATAKANA}]", word))
        return float(self.chances[min(round(FLAT_BITS * 4) * letters, len(self.chances) - 1)])


# The form that is shown


class _Aligned(dict[int, str]):
    """What a character folds to, if it is one character; else a blank, so that positions stay the same."""

    def __missing__(self, code: int) -> str:
        folded = fold(chr(code))
        self[code] = folded if len(folded) == 1 else " "
        return self[code]


_ALIGNED = _Aligned()


def _forms(chosen: Sequence[str], texts: Iterable[str]) -> list[str]:
    """The most frequent spelling of each folded word; the folded word itself where no spelling has its length."""
    patterns = [_pattern(word) for word in chosen]
    forms: list[Counter[str]] = [Counter() for _ in chosen]
    for text in texts:
        plain = _MARKUP.sub(" ", text)
        folded = plain.translate(_ALIGNED)
        for pattern, counts in zip(patterns, forms, strict=True):
            counts.update(plain[match.start() : match.end()] for match in pattern.finditer(folded))
    return [
        min(counts, key=lambda form: (-counts[form], form)) if counts else word
        for word, counts in zip(chosen, forms, strict=True)
    ]


def _pattern(word: str) -> re.Pattern[str]:
    """Finds a word in a folded text; a word of Latin letters is not found inside another."""
    edges = ("", "") if _HAN_WORD.fullmatch(word) else ("(?<![a-z0-9])", "(?![a-z0-9])")
    return re.compile(re.escape(word).join(edges))
