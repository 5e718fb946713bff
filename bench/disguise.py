"""Disguised texts are the texts: `python bench/disguise.py CORPUS.parquet [--each 6] [--only page] [--changed]`.

In: a Parquet file with the columns id, text and lang. Takes so many Chinese and English articles of it, nearly all in
their language, and hides them as spammers do: by an order in which they are displayed, by letters of another script
between those of theirs, and in web pages, by letters that nobody sees. Prints for each disguise the least and the
median `dedup.similarity` of a disguised article with the plain one, what is wanted, and whether all have it. With
`--changed` it counts instead the texts of the file in which anything is taken for a disguise.
"""

from __future__ import annotations

import argparse
import html
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, cycle, islice
from pathlib import Path
from statistics import median
from typing import NamedTuple

import evidence_texts
import numpy as np

import dedup
from dedup.files.formats.pages import read_page
from dedup.stages.folding import displayed_order, fold

LENGTH = 2500
RLO, LRO, PDF = "\u202e", "\u202d", "\u202c"
SIGNS = "ʼˈǀǃ\u0640ꓸᐧㆍー丨\U00013441\u3164"
LETTERS = {"Georgian": "ა", "Cyrillic": "ж", "Greek": "λ", "Hebrew": "א", "Sinhala": "ක", "four scripts'": "აאකλ"}
EVERY = (2, 3, 10)
WANTED, WANTED_TURNED = 0.95, 0.98
OVERRIDE = "unicode-bidi:bidi-override;direction:rtl"
OTHER = "<p>" + "Something else is said here, and it is not seen. 这里说的是别的事，没有人看见。" * 60 + "</p>"
UNSEEN = {
    "display: none": "display:none",
    "font-size: 0": "font-size:0",
    "off screen": "position:absolute;left:-9999px",
    "no width": "display:inline-block;width:0;height:0;overflow:hidden",
    "cut": "position:absolute;clip:rect(0,0,0,0)",
    "the page's colour": "color:#fff",
    "transparent": "color:transparent",
}
UNSEEN_INSIDE = {"visibility: hidden": "visibility:hidden", "opacity: 0": "opacity:0"}
"""What scripts set and take back for whole blocks."""
Change = Callable[[str], str]


class Disguise(NamedTuple):
    """One way to hide an article."""

    name: str
    make: Change
    wanted: float = WANTED
    languages: Sequence[str] = ("zh", "en")


def pieces(text: str, length: int) -> list[str]:
    return [text[at : at + length] for at in range(0, len(text), length)]


def turned(line: str, begin: str = RLO, end: str = PDF) -> str:
    return begin + line[::-1] + end


def every_other(line: str) -> str:
    return "".join(turned(run) if at % 2 else run for at, run in enumerate(pieces(line, 10)))


def turned_inside(line: str) -> str:
    return f"{RLO}{line[20:][::-1]}{LRO}{line[10:20]}{PDF}{line[:10][::-1]}{PDF}"


def by_line(change: Change) -> Change:
    return lambda text: "\n".join(map(change, text.split("\n")))


def orders() -> Iterator[Disguise]:
    """Text whose order is not the one in which it is displayed."""
    for name, make in {
        "lines reversed under U+202E": turned,
        "the same without an end": lambda line: turned(line, end=""),
        "in an isolate, U+2067": lambda line: turned(line, f"\u2067{RLO}", f"{PDF}\u2069"),
        "with U+202D inside of it": turned_inside,
        "every other 10 characters": every_other,
    }.items():
        yield Disguise(name, by_line(make), WANTED_TURNED)


def inserted(letters: str, every: int) -> Change:
    def make(text: str) -> str:
        several = cycle(letters)
        return "".join(piece + next(several) for piece in pieces(text, every))

    return make


def between_han(every: int) -> Change:
    han = "[\u4e00-\u9fff]"
    return lambda text: re.sub(f"({han}{{{every}}})(?={han})", r"\1z", text)


def letters() -> Iterator[Disguise]:
    """Letters of another script, and letters that look like a mark or like nothing."""
    for every in EVERY:
        for sign in SIGNS:
            yield Disguise(f"U+{ord(sign):04X}, every {every}", inserted(sign, every))
        for name, some in LETTERS.items():
            yield Disguise(f"{name} letters, every {every}", inserted(some, every))
        yield Disguise(f"Han letters, every {every}", inserted("中", every), languages=["en"])
        yield Disguise(f"Latin letters between Han ones, every {every}", between_han(every), languages=["zh"])
        yield Disguise(f"Latin letters anywhere, every {every}", inserted("z", every), languages=["zh"])


def page(line: Change, sheet: str = "", around: str = "<article>{}</article>") -> Change:
    """What is read of a page of these lines."""

    def make(text: str) -> str:
        body = around.replace("{}", "\n".join(f"<p>{line(one)}</p>" for one in text.split("\n") if one.strip()))
        head = f"<head><title>Page</title><style>{sheet}</style></head>"
        return read_page(f"<html>{head}<body>{body}</body></html>".encode())[0]

    return make


def junk(begin: str) -> Change:
    """Letters in elements between those of a line."""
    return lambda line: "".join(f"{html.escape(piece)}{begin}{'乱z'[len(piece) % 2]}</i>" for piece in pieces(line, 3))


def pages() -> Iterator[Disguise]:
    """Letters, and a text three times as long, that a page has and does not show."""
    yield Disguise("page", page(html.escape))
    for name, style in (UNSEEN | UNSEEN_INSIDE).items():
        yield Disguise(f"page, letters hidden by class, {name}", page(junk("<i class=j>"), f".j{{{style}}}"))
        yield Disguise(f"page, letters hidden, {name}", page(junk(f'<i style="{style}">')))
    for name, style in UNSEEN.items():
        around = f"<article><div class=j>{OTHER}</div>{{}}</article>"
        yield Disguise(f"page, text hidden by class, {name}", page(html.escape, f".j{{{style}}}", around))
    for called in ("class=comments", "id=comments", "class=comment-list"):
        yield Disguise(f"page, article in {called}", page(html.escape, "", f"<div {called}>{{}}</div>"))


def turned_pages() -> Iterator[Disguise]:
    """The same for the order of letters."""
    for name, begin, end in (
        ("bdo", "<bdo dir=rtl>", "</bdo>"),
        ("bidi-override", f'<b style="{OVERRIDE}">', "</b>"),
        ("bidi-override by class", "<b class=t>", "</b>"),
        ("U+202E", "&#x202e;", "&#x202c;"),
    ):
        make = page(lambda line, a=begin, b=end: f"{a}{html.escape(line[::-1])}{b}", f".t{{{OVERRIDE}}}")  # type: ignore[misc]
        yield Disguise(f"page, lines reversed by {name}", make, WANTED_TURNED)


def is_article(text: str, lang: str) -> bool:
    """Whether a text is long enough, and nearly all in its language."""
    han, every = sum("\u4e00" <= c <= "\u9fff" for c in text), sum(map(str.isalpha, text))
    return every > LENGTH // 2 and (han > 0.8 * every if lang == "zh" else han == 0)


def articles(path: Path, lang: str, each: int) -> list[str]:
    """So many articles of a language."""
    found = (article.text[:LENGTH] for article in evidence_texts.by_hash(evidence_texts.read(path, lang)))
    return list(islice((re.sub(r"[<>&]", " ", text) for text in found if is_article(text, lang)), each))


def is_changed(text: str) -> bool:
    """Whether anything in a text is taken for a disguise: folded a few letters at a time nothing is."""
    parts = "".join(fold(text[at : at + 10]) for at in range(0, len(text), 10))
    return len(fold(text)) < 0.97 * len(parts) or not np.array_equal(displayed_order(text), np.arange(len(text)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--each", type=int, default=6, help="articles of each language")
    parser.add_argument("--only", default="", help="disguises whose names have this in them")
    parser.add_argument("--changed", action="store_true", help="count texts in which a disguise is undone")
    asked = parser.parse_args()
    if asked.changed:
        every = [article.text for article in evidence_texts.read(asked.corpus)]
        print(f"{sum(map(is_changed, every)):,} of {len(every):,} texts are changed")
        return
    texts = {lang: articles(asked.corpus, lang, asked.each) for lang in ("zh", "en")}
    print("| disguise | zh least | median | en least | median | wanted | holds |\n|---|--:|--:|--:|--:|--:|---|")
    for name, make, wanted, languages in chain(orders(), letters(), pages(), turned_pages()):
        if asked.only in name:
            found = {lang: [dedup.similarity(text, make(text)) for text in texts[lang]] for lang in languages}
            cells = [f"{min(some):.3f} | {median(some):.3f}" if (some := found.get(lang)) else " | " for lang in texts]
            holds = "yes" if min(map(min, found.values())) >= wanted else "no"
            print(f"| {name} | {' | '.join(cells)} | {wanted:.2f} | {holds} |", flush=True)


if __name__ == "__main__":
    main()
