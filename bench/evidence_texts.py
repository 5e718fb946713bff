"""Texts that `bench/evidence.py` judges the engine by: corpora read in place, and invented ones beside them.

In: a folder of Parquet files with the columns id and text, and perhaps lang, kind and campaign; a seed. Out: lists of
`Article`. What is drawn by a seed is the same on every platform, and so is a sample, which is the articles whose hash
is smallest: neither depends on the order of a file. All texts that are asked for are held in memory.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from hashlib import sha256
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

import corpus
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

Random = np.random.Generator


class Article(NamedTuple):
    """What is known of an article."""

    id: str
    text: str
    lang: str = ""
    kind: str = ""
    campaign: str = ""

    @property
    def repository(self) -> str:
        """The first two parts of the id."""
        return "/".join(self.id.split("/")[:2])


def table(articles: Sequence[Article]) -> pa.Table:
    """What `dedup.cluster` is given."""
    ids, texts = [article.id for article in articles], [article.text for article in articles]
    return pa.table({"id": ids, "text": pa.array(texts, pa.large_string())})


def numbered(texts: Iterable[str], prefix: str = "") -> list[Article]:
    return [Article(f"{prefix}{number:05d}", text) for number, text in enumerate(texts)]


def random(*seed: object) -> Random:
    """Numbers that depend on the seed only."""
    return np.random.Generator(np.random.PCG64(list(sha256(repr(seed).encode()).digest())))


def read(path: Path, lang: str | None = None) -> list[Article]:
    """The articles of a file, or those of one language."""
    kept = pq.read_table(path, filters=None if lang is None else pc.field("lang") == lang)
    columns = [name for name in Article._fields if name in kept.column_names]
    rows = zip(*(kept[name].to_pylist() for name in columns), strict=True)
    return [Article(**dict(zip(columns, row, strict=True))) for row in rows]


def seeds(folder: Path) -> list[Article]:
    """The Markdown files of a folder, whose names are their ids."""
    return [Article(path.stem, path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.md"))]


def by_hash(articles: Iterable[Article], key: Callable[[Article], str] = lambda article: article.id) -> list[Article]:
    """In an order that has nothing to do with what they say."""
    return sorted(articles, key=lambda article: (sha256(key(article).encode()).digest(), article.id))


def clean(corpora: Path, lang: str | None = None) -> list[Article]:
    """The labelled articles that are no spam, by hash."""
    articles = by_hash(read(corpora / "spun-dev.parquet"))
    return [article for article in articles if article.kind == "clean" and lang in (None, article.lang)]


def real(corpora: Path, count: int) -> list[Article]:
    """So many real articles. File names are hashed, so that versions and translations of a page come together."""
    found = by_hash(read(corpora / "real-articles.parquet"), lambda article: article.id.rpartition("/")[2])
    return found[:count]


def cut(corpora: Path, lang: str, characters: int, count: int) -> list[Article]:
    """Clean articles cut to a length; if too few are long enough, at most 10 of a repository of real ones as well."""
    found: dict[str, Article] = {}
    held: Counter[str] = Counter()

    def take(articles: Iterable[Article], most: float) -> None:
        for article in articles:
            text = article.text[:characters]
            if len(text) == characters and text not in found and len(found) < count and held[article.repository] < most:
                held[article.repository] += 1
                found[text] = article._replace(text=text)

    take(clean(corpora, lang), float("inf"))
    if len(found) < count:
        held.clear()
        take(by_hash(read(corpora / "real-articles.parquet", lang)), 10)
    return list(found.values())


def plain(markdown: str) -> str:
    """Markdown without its images, links and marks; what a link says stays."""
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)|<img[^>]*>", "", markdown)
    text = re.sub(r"\[([^\[\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"<?\bhttps?://[^\s>)\]]+>?", "", text)
    text = re.sub(r"^\s*(?:>\s*)+|^\s*[-=*_]{3,}\s*$", "", text, flags=re.MULTILINE)
    return re.sub(r"[*#`|]", "", text)


class Words(NamedTuple):
    """Words, the running total of their frequencies, and how a text is made of them."""

    words: tuple[str, ...]
    totals: np.ndarray
    glue: str
    stops: tuple[str, str]
    """After one word in eight, and after one in seventeen."""

    def draw(self, count: int, rng: Random) -> list[str]:
        """So many words, each by itself."""
        found = np.searchsorted(self.totals, rng.integers(0, self.totals[-1], count), side="right")
        return [self.words[word] for word in found.tolist()]

    def text(self, words: Sequence[str]) -> str:
        """The words with punctuation."""
        comma, stop = self.stops
        ends = [stop if number % 17 == 0 else comma if number % 8 == 0 else "" for number in range(1, len(words) + 1)]
        return self.glue.join(word + end for word, end in zip(words, ends, strict=True))

    def phrase(self, fewest: int, most: int, rng: Random) -> str:
        """Words without punctuation."""
        return self.glue.join(self.draw(int(rng.integers(fewest, most + 1)), rng))

    def of_length(self, characters: int, rng: Random) -> list[str]:
        """Words that make a text of about so many characters."""
        words = self.draw(characters, rng)
        mean = len(self.text(words)) / characters
        return words[: round(characters / mean)]


COMMON = (
    "the of and to a in that it is was I for on you he be with as by at have are this not but had his they from she "
    "which or we an there her were one do been all their has would will what if can when so no said who more about up "
    "them some could him into its then two out time like only my did other me your now over just may these new also "
    "any people than first very after our well where most even back because such through how much before should good"
)
SOUNDS = (
    "b bl br c ch cl cr d dr f fl fr g gl gr h j k kn l m n p ph pl pr qu r s sc sh sk sl sm sp st str t th tr v w y z",
    "a e i o u ai au ay ea ee ei ie oa oi oo ou ow ue y io",
    "b ck d f ff g ght l ll ld lt m mp n nd ng nk nt p pt r rd rk rm rn rt s sh sk ss st t th tt w x ze ve ce",
)


@cache
def english() -> Words:
    """Made-up words behind the commonest real ones, rare ones long, by Zipf's law: one in r as often as the first."""
    rng, words = random("english"), dict.fromkeys(COMMON.split())
    onsets, vowels, codas = map(str.split, SOUNDS)
    while len(words) < 20_000:
        syllables = 1 + int(rng.random() < 0.7) + int(len(words) > 300) + int(rng.random() < len(words) / 20_000)
        parts = [onsets[rng.integers(len(onsets))] + vowels[rng.integers(len(vowels))] for _ in range(syllables)]
        words["".join(parts) + codas[rng.integers(len(codas))]] = None
    totals = np.array(list(accumulate(1_000_000_000 // rank for rank in range(1, len(words) + 1))), np.int64)
    return Words(tuple(words), totals, " ", (",", "."))


@cache
def chinese() -> Words:
    """jieba's words, by its frequencies."""
    words, totals = corpus.vocabulary()
    return Words(words, totals, "", ("，", "。"))


def vocabulary(lang: str) -> Words:
    return {"zh": chinese, "en": english}[lang]()


def edition(words: Sequence[str], share: float, lang: str, rng: Random) -> list[str]:
    """The words with a share of them replaced."""
    changed = list(words)
    places = rng.choice(len(words), round(share * len(words)), replace=False)
    for place, word in zip(places.tolist(), vocabulary(lang).draw(places.size, rng), strict=True):
        changed[place] = word
    return changed


FOOTER_CHARACTERS = {"zh": 231, "en": 608}
FOOTERS = {
    "zh": (
        "© 2011-2024 青禾读书社 版权所有。文章由社员自愿投稿，观点归作者本人，未得编辑部书面同意请勿转载或摘编；"
        "转载时请写明出处并保留本段文字。常用链接：首页 https://www.qinghe-reads.example/、往期目录 /archive、"
        "投稿须知 /submit、隐私声明 /privacy。有事找我们：信箱 editor@qinghe-reads.example，"
        "热线 0000-5550187（工作日九点到十七点），来信请寄云杉市榆树巷十六号二楼青禾编辑部收。"
        "每周六晚上有一次共读，欢迎在公告栏里报名，名额有限先到先得。"
    ),
    "en": (
        "Copyright 2009-2024 The Alder Lane Gazette and its contributors. Articles are the work of those whose "
        "names stand above them; please ask the desk before you reprint more than a paragraph, and keep this notice "
        "with whatever you reprint. Elsewhere on this site: front page (https://gazette.alder-lane.example/), back "
        "issues (/issues), how to pitch us a story (/pitch), what we do with your data (/privacy). Write to "
        "desk@alder-lane.example, ring 555-0142 on weekdays between nine and five, or send a card to Alder Lane "
        "Gazette, 16 Elm Court, Sprucetown. Every other Saturday we meet at the old ferry house; bring a friend, a "
        "notebook and something warm to drink, and tell the doorkeeper that we sent you."
    ),
}


def footer(site: int, lang: str) -> str:
    """The footer of a site. The first has one in plain language; the others' words are drawn, and no two share many."""
    rng, say, characters = random("footer", site, lang), vocabulary(lang), FOOTER_CHARACTERS[lang]
    host = "".join(english().draw(2, rng)[:2]) + f"{site}.example"
    digits = str(rng.integers(10**9, 10**10))
    rights, mail, call = {"zh": ("版权所有", "信箱", "电话"), "en": ("All rights reserved", "Mail", "Phone")}[lang]
    lines = (
        f"© {rng.integers(1998, 2025)} {say.phrase(3, 4, rng)}. {rights}. {say.phrase(12, 16, rng)}.\n"
        f"{say.phrase(2, 2, rng)} https://{host}/{digits[:3]} | {say.phrase(2, 3, rng)} /{digits[3:6]} | "
        f"{mail} {digits[6:]}@{host} | {call} {digits}\n{say.text(say.of_length(characters, rng))}"
    )
    return f"\n\n{(FOOTERS[lang] if site == 0 else lines)[:characters]}"


def with_footers(articles: Sequence[Article], lang: str, sites: int, double: float = 0.0) -> list[Article]:
    """The articles dealt out to the sites; a share of them has the next site's footer, too."""
    footers = [footer(site, lang) for site in range(sites)]
    found = []
    for number, article in enumerate(articles):
        both = number % 100 < 100 * double
        found.append(article.text + footers[number % sites] + footers[(number + 1) % sites] * both)
    return [article._replace(text=text) for article, text in zip(articles, found, strict=True)]


HEADER_CHARACTERS = 264


def header(number: int) -> str:
    """Front matter in which title, date and a number are an article's own."""
    rng = random("header", number)
    title = chinese().phrase(24, 24, rng)[:16]
    date = f"20{rng.integers(10, 25)}-{rng.integers(1, 13):02d}-{rng.integers(1, 29):02d}"
    lines = (
        f"---\ntitle: {title}\ndate: {date}\nnumber: {rng.integers(10**6, 10**7)}\n"
        "layout: reader-page\nlanguage: zh-Hans\nsection: 城市手册\ndesk: 河湾编译组\nreviewed_by: 第三校对室\n"
        "permalink_style: year/title\ncomments: disabled\nsidebar: left-narrow\naudience: 一般成年读者\n"
        "paper: 河湾晨刊网络版面\nrights: 允许校内张贴\n---\n"
    )
    assert len(lines) == HEADER_CHARACTERS
    return lines


def behind_headers(bodies: Sequence[str], count: int) -> list[str]:
    """The bodies, the first ones with a header."""
    return [(header(number) if number < count else "") + body for number, body in enumerate(bodies)]


def framed(members: int, articles: int, seed: int = 0) -> list[Article]:
    """Articles drawn by themselves, the first ones between one header and one footer with a handle."""
    texts, _ = corpus.campaign(articles, share=0, seed=seed)
    rng, say = random("framed", seed), chinese()
    above, below = (say.text(say.of_length(95, rng)) for _ in range(2))
    frame = "{}\n\n{}\n\n{} @xingqiao2046"
    texts[:members] = [frame.format(above, text, below) for text in texts[:members]]
    return numbered(texts)
