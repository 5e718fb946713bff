"""Synthetic Chinese articles whose right answer is known, for the benchmarks and the tests.

In: how many articles, how long, and a seed. Out: the texts and the group number of each, or a Parquet file with the
columns id, text and group. Words are drawn independently by their frequency in jieba's dictionary, so that any two
articles have the frequent words in common by chance, as real ones do. Costs about 0.3 ms an article of 1,500
characters; all are held in memory (about 3 kB each). They make no sense, and are in Simplified Chinese only.

The same seed gives the same texts on every platform, because nothing but integers is drawn from PCG64.

    python bench/corpus.py near-copies --articles 20000 --out corpus.parquet
    python bench/corpus.py campaign --share 0.5 --out campaign.parquet
"""

from __future__ import annotations

import argparse
from functools import cache
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import jieba  # type: ignore[import-untyped, unused-ignore]
import numpy as np
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
import pyarrow.parquet as pq  # type: ignore[import-untyped, unused-ignore]
from numpy.typing import NDArray

Integers = NDArray[np.int64]

MARKS = ("", "，", "。", "。\n")  # what may follow a word
MARK_ODDS = np.repeat(np.arange(len(MARKS)), (82, 12, 5, 1))  # in hundredths: a sentence is 17 words long on average
SENTENCE_END = 2  # this mark and those after it end a sentence

GROUPED_PERCENT = 30  # of the articles of `near_copies`
LARGEST_GROUP = 10
CHANGED_PERCENT = (1, 15)  # of the words of a member
MOST_MOVED_SENTENCES = 4
PASSAGES = 8  # of a campaign's template
FEWEST_CHARACTERS = 50  # below, 1 % to 15 % of the words may hold no whole word


class Article(NamedTuple):
    """Word numbers, and as many mark numbers: which of `MARKS` follows each word."""

    words: Integers
    marks: Integers


@cache
def vocabulary() -> tuple[tuple[str, ...], Integers]:
    """jieba's words of Chinese characters, and the running total of their frequencies."""
    frequencies: dict[str, int] = {}
    with jieba.get_dict_file() as lines:
        for line in lines:
            word, frequency, *_ = line.decode().split(" ")
            if all("\u4e00" <= character <= "\u9fff" for character in word):
                frequencies[word] = int(frequency)
    return tuple(frequencies), np.cumsum(np.fromiter(frequencies.values(), np.int64))


def near_copies(articles: int = 20_000, characters: int = 1_500, seed: int = 0) -> tuple[list[str], Integers]:
    """Articles of which 30 % are in groups of edited copies and the others are alone.

    A group is an article and edited copies of it, each with 1 to 15 % of its words changed, uniformly, and one to four
    of its sentences moved. Groups have 2 to 10 members, uniformly.

    Args:
        articles: How many articles.
        characters: Length of an article on average, punctuation included; at least 50.
        seed: Decides everything else.

    Returns:
        The texts in shuffled order, and their group numbers (int64, same length); an article alone has its own number.

    Raises:
        ValueError: If a number is out of range.
    """
    count, rng = _word_count(articles, characters), np.random.Generator(np.random.PCG64(seed))
    sizes = _group_sizes(articles * GROUPED_PERCENT // 100, rng)
    sizes += [1] * (articles - sum(sizes))
    texts: list[str] = []
    for size in sizes:
        base = _draw(count, rng)
        copies = [move_sentences(change_words(base, rng), rng) for _ in range(size - 1)]
        texts += map(_text, [base, *copies])
    return _shuffled(texts, np.repeat(np.arange(len(sizes)), sizes), rng)


def campaign(
    articles: int = 2_000, share: float = 0.3, common: float = 0.4, characters: int = 1_500, seed: int = 0
) -> tuple[list[str], Integers]:
    """Articles of which a share comes from one template and the others are alone.

    The template is eight passages. Each member has all of them, in order, with words of its own of any length before,
    between and after; so two members share passages, and no more of their other words than any two articles do.

    Args:
        articles: How many articles.
        share: Share of the articles that belong to the campaign, 0 to 1.
        common: Share of a member's words that are the template's, 0 to 1.
        characters: Length of an article on average, punctuation included; at least 50.
        seed: Decides everything else.

    Returns:
        The texts in shuffled order, and their group numbers (int64, same length): 0 for the campaign, the others have
        numbers of their own from 1.

    Raises:
        ValueError: If a number is out of range.
    """
    for name, value in (("share", share), ("common", common)):
        if not 0 <= value <= 1:
            raise ValueError(f"{name} must be in [0, 1], got {value!r}; for 40 % write 0.4")
    count, rng = _word_count(articles, characters), np.random.Generator(np.random.PCG64(seed))
    members = round(share * articles)
    template = _draw(round(common * count), rng)
    drawn = (_draw(count, rng) for _ in range(articles))
    texts = [_text(fill(template, article, rng) if i < members else article) for i, article in enumerate(drawn)]
    return _shuffled(texts, np.maximum(np.arange(articles) - members + 1, 0), rng)


class Spun(NamedTuple):
    """Articles from one template, and the template."""

    texts: list[str]
    fixed: list[str]
    """The passages of the template."""
    slots: list[list[str]]
    """What each article has in each slot; one that left out a passage around it has no value."""


def spun(
    articles: int = 100, *, sections: int = 8, shuffled: bool = False, missing: float = 0.0, seed: int = 0
) -> Spun:
    """Articles from a template of sections with slots for words and for sentences of their own.

    A section is a line: a passage of 4 to 20 words, a slot for a word or two out of ten choices, a passage of 2 to 8
    words, a slot for 10 to 200 words of the article's own, a passage of 4 to 20 words.

    Args:
        articles: How many articles.
        sections: How many sections.
        shuffled: Every article has the sections in an order of its own.
        missing: Share of the sections that an article leaves out.
        seed: Decides everything else.
    """
    rng = np.random.Generator(np.random.PCG64(seed))

    def words(fewest: int, most: int) -> str:
        return "".join(vocabulary()[0][word] for word in _draw_words(int(rng.integers(fewest, most + 1)), rng))

    frames = [[words(4, 20), words(2, 8), words(4, 20)] for _ in range(sections)]
    choices = [[words(1, 2) for _ in range(10)] for _ in range(sections)]
    slots: list[list[str]] = [[] for _ in range(2 * sections)]
    texts = []
    for _ in range(articles):
        order = rng.permutation(sections) if shuffled else np.arange(sections)
        lines = []
        for section in order[rng.random(sections) >= missing].tolist():
            first, second, third = frames[section]
            choice, own = choices[section][int(rng.integers(10))], _text(_draw(int(rng.integers(10, 200)), rng))
            slots[2 * section].append(choice)
            slots[2 * section + 1].append(own)
            lines.append(f"{first}{choice}{second}：{own}{third}。")
        texts.append("\n".join(lines))
    return Spun(texts, [passage for frame in frames for passage in frame], slots)


def change_words(base: Article, rng: np.random.Generator) -> Article:
    """The article with 1 to 15 % of its words, at random places, replaced by other words."""
    low, high = CHANGED_PERCENT
    count = int(rng.integers(-(-low * base.words.size // 100), high * base.words.size // 100 + 1))
    places = rng.choice(base.words.size, count, replace=False)
    fresh = _draw_words(count, rng)
    fresh += fresh == base.words[places]  # never the same word again
    words = base.words.copy()
    words[places] = fresh % len(vocabulary()[0])
    return Article(words, base.marks)


def move_sentences(article: Article, rng: np.random.Generator) -> Article:
    """The article with one to four sentences taken out and put in elsewhere."""
    starts = np.flatnonzero(article.marks >= SENTENCE_END)[:-1] + 1
    sentences = np.split(np.arange(article.words.size), starts)
    count = min(int(rng.integers(1, MOST_MOVED_SENTENCES + 1)), len(sentences))
    moved = rng.choice(len(sentences), count, replace=False)
    others = np.delete(np.arange(len(sentences)), moved)
    order = np.insert(others, rng.integers(0, others.size + 1, moved.size), moved)
    places = np.concatenate([sentences[i] for i in order])
    return Article(article.words[places], article.marks[places])


def fill(template: Article, article: Article, rng: np.random.Generator) -> Article:
    """The article with the template's passages, in order, in place of as many of its own words."""
    length = template.words.size
    if not length:
        return article
    passage = np.arange(length) * PASSAGES // length
    before = np.sort(rng.integers(0, article.words.size - length + 1, PASSAGES))  # own words before each passage
    places = np.arange(length) + before[passage]
    words, marks = article.words.copy(), article.marks.copy()
    words[places], marks[places] = template.words, template.marks
    # A passage begins and ends with a sentence; before the first word of all, this is the last word of all.
    marks[places[np.diff(passage, prepend=-1) > 0] - 1] = SENTENCE_END
    marks[places[np.diff(passage, append=PASSAGES) > 0]] = SENTENCE_END
    return Article(words, marks)


def _word_count(articles: int, characters: int) -> int:
    """How many words make so many characters on average, with their punctuation."""
    if articles < 1:
        raise ValueError(f"articles must be at least 1, got {articles!r}")
    if characters < FEWEST_CHARACTERS:
        raise ValueError(f"characters must be at least {FEWEST_CHARACTERS}, got {characters!r}")
    words, totals = vocabulary()
    letters = int(np.diff(totals, prepend=0) @ np.fromiter(map(len, words), np.int64))
    marks = sum(len(MARKS[mark]) for mark in MARK_ODDS)
    return round(characters / (letters / int(totals[-1]) + marks / MARK_ODDS.size))


def _group_sizes(grouped: int, rng: np.random.Generator) -> list[int]:
    """Sizes from 2 to 10 that add up to `grouped`, or to one less."""
    sizes: list[int] = []
    while (left := grouped - sum(sizes)) > 1:
        sizes.append(min(int(rng.integers(2, LARGEST_GROUP + 1)), left))
    return sizes


def _draw_words(count: int, rng: np.random.Generator) -> Integers:
    """Word numbers by frequency. Whole numbers only: a rounded sum of shares could differ between platforms."""
    totals = vocabulary()[1]
    return np.searchsorted(totals, rng.integers(0, totals[-1], count), side="right").astype(np.int64, copy=False)


def _draw(count: int, rng: np.random.Generator) -> Article:
    """An article of so many words."""
    article = Article(_draw_words(count, rng), MARK_ODDS[rng.integers(0, MARK_ODDS.size, count)])
    article.marks[-1:] = SENTENCE_END
    return article


def _text(article: Article) -> str:
    words = map(vocabulary()[0].__getitem__, article.words.tolist())
    marks = map(MARKS.__getitem__, article.marks.tolist())
    return "".join(chain.from_iterable(zip(words, marks, strict=True)))


def _shuffled(texts: list[str], groups: Integers, rng: np.random.Generator) -> tuple[list[str], Integers]:
    order = rng.permutation(len(texts))
    return [texts[i] for i in order], groups[order]


def main(arguments: list[str] | None = None) -> None:
    """Write the corpus that the command line asks for; what it leaves out has the function's default."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True, metavar="near-copies | campaign")
    for name, make in (("near-copies", near_copies), ("campaign", campaign)):
        summary = str(make.__doc__).partition("\n")[0]
        command = commands.add_parser(name, help=summary, argument_default=argparse.SUPPRESS)
        command.set_defaults(make=make)
        command.add_argument("--out", type=Path, required=True, help="the Parquet file to write")
        command.add_argument("--articles", type=int, help="how many")
        command.add_argument("--characters", type=int, help="length of an article on average")
        command.add_argument("--seed", type=int, help="another seed, another corpus")
        if make is campaign:
            command.add_argument("--share", type=float, help="share of the articles in the campaign, 0 to 1")
            command.add_argument("--common", type=float, help="share of a member that is the template's, 0 to 1")
    settings = vars(parser.parse_args(arguments))
    make, out = settings.pop("make"), settings.pop("out")
    try:
        texts, groups = make(**settings)
    except ValueError as error:
        parser.error(str(error))
    ids = [f"{position:07d}" for position in range(len(texts))]
    pq.write_table(pa.table({"id": ids, "text": texts, "group": groups}), out, compression="zstd")
    print(f"{out}: {len(texts):,} articles in {np.unique(groups).size:,} groups, {sum(map(len, texts)):,} characters")


if __name__ == "__main__":
    main()
