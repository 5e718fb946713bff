"""Disguised texts are the texts: `python bench/disguise.py CORPUS [--each 6]`.

In: a Parquet file with the columns text and lang, such as the labelled articles beside the project. Disguises some of
its Chinese and English articles as spammers do, by how they are displayed, by letters that nobody reads, and in web
pages, and prints for each disguise the least and the median `dedup.similarity` of the disguised article with the plain
one, what is wanted, and whether it holds.
"""

from __future__ import annotations

import argparse
import html
import re
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import NamedTuple

import evidence_texts

import dedup
from dedup.files.formats.pages import read_page

LENGTH = 2500
RLO, LRO, PDF = "\u202e", "\u202d", "\u202c"
SIGNS = {
    "ʼ": "apostrophe", "ǀ": "click", "ǃ": "click", "ˈ": "stress", "\u0640": "tatweel", "ꓸ": "Lisu", "ᐧ": "Cree",
    "ㆍ": "Korean dot", "ー": "long vowel", "丨": "stroke", "\U00013441": "blank", "\u3164": "filler",
}  # fmt: skip
LETTERS = {"ა": "Georgian", "ж": "Cyrillic", "א": "Hebrew", "ක": "Sinhala", "λ": "Greek", "z": "Latin", "中": "Han"}
WANTED, WANTED_TURNED = 0.95, 0.98
EVERY = (2, 3, 10)


class Disguise(NamedTuple):
    """One way to hide an article."""

    name: str
    wanted: float
    make: Callable[[str], str]
    """What becomes of a text; None where it is in a language that it is not for."""
    languages: tuple[str, ...] = ("zh", "en")


def pieces(text: str, length: int) -> list[str]:
    return [text[at : at + length] for at in range(0, len(text), length)]


def inserted(letters: str, every: int) -> Callable[[str], str]:
    def make(text: str) -> str:
        several = cycle(letters)
        return "".join(piece + next(several) for piece in pieces(text, every))

    return make


def turned(line: str, begin: str = RLO, end: str = PDF) -> str:
    return begin + line[::-1] + end


def every_other(text: str) -> str:
    lines = (pieces(line, 10) for line in text.split("\n"))
    return "\n".join("".join(turned(run) if at % 2 else run for at, run in enumerate(line)) for line in lines)


def lines(change: Callable[[str], str]) -> Callable[[str], str]:
    return lambda text: "\n".join(map(change, text.split("\n")))


def displayed() -> Iterator[Disguise]:
    """Text whose order is not the order in which it is displayed."""
    for name, make in {
        "lines reversed under U+202E": lines(turned),
        "the same without an end": lines(lambda line: turned(line, end="")),
        "in an isolate, U+2067": lines(lambda line: turned(line, f"\u2067{RLO}", f"{PDF}\u2069")),
        "with U+202D inside of it": lines(lambda line: RLO + line[9::-1] + LRO + line[10:20] + PDF + line[:19:-1] + PDF
                                          if False else RLO + line[20:][::-1] + LRO + line[10:20] + PDF + line[:10][::-1]),
        "every other 10 characters": every_other,
    }.items():  # fmt: skip
        yield Disguise(name, WANTED_TURNED, make)


def letters() -> Iterator[Disguise]:
    """Letters between letters."""
    for sign, name in SIGNS.items():
        for every in EVERY:
            yield Disguise(f"U+{ord(sign):04X} ({name}), every {every}", WANTED, inserted(sign, every))
    for letter, name in LETTERS.items():
        languages = ("en",) if name == "Han" else ("zh",) if name == "Latin" else ("zh", "en")
        for every in EVERY:
            yield Disguise(f"{name} letter, every {every}", WANTED, inserted(letter, every), languages)
    yield Disguise("letters of five scripts, every 4", WANTED, inserted("აאකლЖ", 4))


def page(paragraphs: Callable[[str], str], head: str = "", body: str = "<article>{}</article>") -> Callable[[str], str]:
    def make(text: str) -> str:
        inside = body.format("\n".join(f"<p>{paragraphs(line)}</p>" for line in text.split("\n") if line.strip()))
        page = f"<html><head><title>Page</title>{head}</head><body>{inside}</body></html>"
        return read_page(page.encode())[0]

    return make


def between(junk: str, every: int = 3) -> Callable[[str], str]:
    return lambda line: "".join(html.escape(piece) + junk.format("乱z"[at % 2]) for at, piece in enumerate(pieces(line, every)))


def bdo(line: str, element: str = "<bdo dir=rtl>{}</bdo>") -> str:
    return element.format(html.escape(line[::-1]))


HIDDEN = {
    "class, display: none": ("<i class=j>{}</i>", ".j{display:none}"),
    "class, font-size: 0": ("<i class=j>{}</i>", ".j{font-size:0}"),
    "font-size: 0": ("<i style='font-size:0'>{}</i>", ""),
    "class, off screen": ("<i class=j>{}</i>", ".j{position:absolute;left:-9999px}"),
    "off screen": ("<i style='position:absolute; left:-9999px'>{}</i>", ""),
    "class, visibility: hidden": ("<i class=j>{}</i>", ".j{visibility:hidden}"),
    "class, opacity: 0": ("<i class=j>{}</i>", ".j{opacity:0}"),
    "class, no width": ("<i class=j>{}</i>", ".j{display:inline-block;width:0;height:0;overflow:hidden}"),
    "class, clipped": ("<i class=j>{}</i>", ".j{position:absolute;clip:rect(0,0,0,0)}"),
    "class, colour of the page": ("<i class=j>{}</i>", "body{background:#fff}.j{color:white}"),
    "colour of the page": ("<i style='color:#ffffff'>{}</i>", ""),
    "class, transparent": ("<i class=j>{}</i>", ".j{color:transparent}"),
}


def pages() -> Iterator[Disguise]:
    """Web pages: beside the plain text."""
    yield Disguise("page, plain", WANTED, page(html.escape))
    for name, (junk, sheet) in HIDDEN.items():
        yield Disguise(f"page, letters hidden by {name}", WANTED, page(between(junk), f"<style>{sheet}</style>"))
        block = junk.replace("<i", "<div").replace("/i>", "/div>").format("<p>" + "某人说了别的 other things here. " * 150 + "</p>")
        yield Disguise(f"page, a text hidden by {name}", WANTED, page(html.escape, f"<style>{sheet}</style>", "<article>" + block.replace("{", "").replace("}", "") + "{}</article>"))
    for name in ("comments", "comment-list", "comments-area"):
        yield Disguise(f"page, article in class {name}", WANTED, page(html.escape, "", f"<div class={name}>{{}}</div>"))
    yield Disguise("page, article in id comments", WANTED, page(html.escape, "", "<div id=comments>{}</div>"))
    yield Disguise("page, <bdo dir=rtl>", WANTED_TURNED, page(bdo))
    yield Disguise("page, bdo with elements", WANTED_TURNED, page(lambda line: f"<bdo dir=rtl>{html.escape(line[9:][::-1])}<b>{html.escape(line[:9][::-1])}</b></bdo>"))
    style = "unicode-bidi:bidi-override;direction:rtl"
    yield Disguise("page, style bidi-override", WANTED_TURNED, page(lambda line: bdo(line, f"<span style='{style}'>{{}}</span>")))
    yield Disguise("page, class bidi-override", WANTED_TURNED, page(lambda line: bdo(line, "<span class=t>{}</span>"), f"<style>.t{{{style}}}</style>"))
    yield Disguise("page, U+202E", WANTED_TURNED, page(lambda line: html.escape(turned(line))))


def is_article(text: str, lang: str) -> bool:
    """Whether a text is long enough, and nearly all in its language."""
    han, letters = sum("\u4e00" <= c <= "\u9fff" for c in text), sum(map(str.isalpha, text))
    return letters > LENGTH // 2 and (han > 0.8 * letters if lang == "zh" else han == 0)


def articles(path: Path, lang: str, each: int) -> list[str]:
    """So many articles of a language, not too long."""
    found = (article.text[:LENGTH] for article in evidence_texts.by_hash(evidence_texts.read(path, lang)))
    return list(islice((re.sub(r"[<>&]", " ", text) for text in found if is_article(text, lang)), each))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--each", type=int, default=6, help="articles of each language")
    parser.add_argument("--only", default="", help="disguises whose names have this")
    asked = parser.parse_args()
    texts = {lang: articles(asked.corpus, lang, asked.each) for lang in ("zh", "en")}
    print("| disguise | zh least | median | en least | median | wanted | holds |\n|---|--:|--:|--:|--:|--:|---|")
    for disguise in (*displayed(), *letters(), *pages()):
        if asked.only not in disguise.name:
            continue
        found = {
            lang: [dedup.similarity(text, disguise.make(text)) for text in texts[lang]] for lang in disguise.languages
        }
        cells = [f"{min(found[lang]):.3f} | {median(found[lang]):.3f}" if lang in found else " | " for lang in texts]
        holds = min(map(min, found.values())) >= disguise.wanted
        print(f"| {disguise.name} | {' | '.join(cells)} | {disguise.wanted:.2f} | {'yes' if holds else 'no'} |", flush=True)


if __name__ == "__main__":
    main()
