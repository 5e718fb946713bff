"""How much of what stands in long pages is found, and whether anything is found that does not stand there.

    python bench/containment.py ../shared/corpora/real-articles.parquet
    python bench/containment.py --generated
    python bench/containment.py --index ../shared/corpora/real-articles.parquet

Prints, for quotations of 80, 150 and 300 characters out of 20,000 pages: of those that hold enough evidence, how many
are found in the page that they were cut from; how much of them the other pages hold that were found; and the seconds of
the processor. Then for articles that stand among 8 or 16 others in one page, how many are found, and for how many the
longest span is right.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from difflib import SequenceMatcher
from itertools import islice

import corpus
import numpy as np
import pyarrow.parquet as pq  # type: ignore[import-untyped, unused-ignore]

import dedup
from dedup.stages.folding import fold

QUOTES, PAGES, HIDDEN = 200, 20_000, 60
LENGTHS = (80, 150, 300)
SETTINGS = {"default": dedup.Settings(), "near-copy": dedup.Settings.near_copies()}


def pages(path: str | None, count: int) -> list[str]:
    """Real pages of 800 characters and more, or generated ones."""
    if path is None:
        return corpus.near_copies(count, 2000, seed=5)[0]
    texts = [text for text in pq.read_table(path, columns=["text"])["text"].to_pylist() if len(text) >= 800]
    picked = np.random.Generator(np.random.PCG64(1)).permutation(len(texts))[:count]
    return [texts[place] for place in picked.tolist()]


def quotations(texts: list[str], length: int, count: int) -> list[tuple[str, int]]:
    """Passages cut out of some pages, and the page of each."""
    rng = np.random.Generator(np.random.PCG64(length))
    found = []
    for place in rng.permutation(len(texts))[:count].tolist():
        begin = int(rng.integers(0, len(texts[place]) - length))
        found.append((texts[place][begin : begin + length], place))
    return found


def share_held(quote: str, page: str) -> float:
    """How much of a quotation really stands in a page, in blocks of eight folded characters and more."""
    one, other = fold(quote), fold(page)
    if one in other:
        return 1.0
    blocks = SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks if block.size >= 8) / max(1, len(one))


def cut_out(name: str, texts: list[str], threads: int | None) -> None:
    """Quotations out of pages."""
    for length in LENGTHS:
        quotes = quotations(texts, length, QUOTES)
        begin = time.process_time()
        found = dedup.match([quote for quote, _ in quotes], texts, SETTINGS[name], by="containment", threads=threads)
        taken = time.process_time() - begin
        pairs = list(zip(found.left.tolist(), found.right.tolist(), strict=True))
        own = sum((place, page) in set(pairs) for place, (_, page) in enumerate(quotes))
        others = [(place, page) for place, page in pairs if page != quotes[place][1]]
        held = [share_held(quotes[place][0], texts[page]) for place, page in others]
        held = np.array(held)
        print(
            f"{name:9} {length:3} characters: found {own} of {len(quotes) - len(found.short)} (the others are code or "
            f"frames); other pages: {(held == 1).sum()} hold all of it, {((held >= 0.5) & (held < 1)).sum()} half and "
            f"more, {(held < 0.5).sum()} less; {taken:.1f} s",
            flush=True,
        )
        for place in np.setdiff1d(np.arange(len(quotes)), found.left)[:3].tolist():
            print("  missed:", " ".join(quotes[place][0].split())[:70], file=sys.stderr)
        for (place, page), one in zip(others, held, strict=True):
            if one < 0.5:
                print(f"  false {one:.2f}:", " ".join(quotes[place][0].split())[:70], page, file=sys.stderr)


def hidden(name: str, texts: list[str], threads: int | None) -> None:
    """Articles among others in one page."""
    rng = np.random.Generator(np.random.PCG64(9))
    texts = [text for text in texts if 800 <= len(text) <= 6000]
    for others in (8, 16):
        wanted, whole, begins = [], [], []
        for _ in range(HIDDEN):
            some = [texts[place] for place in rng.permutation(len(texts))[: others + 1].tolist()]
            at = int(rng.integers(others + 1))
            wanted.append(some[at])
            begins.append(sum(len(one) + 1 for one in some[:at]))
            whole.append("\n".join(some))
        found = dedup.match(wanted, whole, SETTINGS[name], by="containment", threads=threads)
        pairs = list(zip(found.left.tolist(), found.right.tolist(), strict=True))
        right = 0
        for place in range(HIDDEN):
            if (place, place) in pairs:
                spans = found.spans(pairs.index((place, place)))
                mine, theirs = max(spans, key=lambda both: both[0][1] - both[0][0])
                right += theirs[0] - mine[0] == begins[place]
        inside = sum((place, place) in set(pairs) for place in range(HIDDEN))
        print(f"{name:9} among {others:2} others: found {inside} of {HIDDEN}, spans right in {right}", flush=True)


def asked(texts: list[str]) -> None:
    """Quotations of which an index is asked, by the length of its pages."""
    texts = [text for text in texts if len(text) >= 1000]
    for length in (1_000, 10_000, 100_000):
        whole, rest = [], iter("\n".join(texts[: 200 + length // 10]))
        while len(whole) < 100 and len(page := "".join(islice(rest, length))) == length:
            whole.append(page)
        found, short = {}, {}
        with tempfile.TemporaryDirectory() as folder, dedup.Index(f"{folder}/index") as index:
            index.add_many([str(place) for place in range(len(whole))], whole)
            for characters in LENGTHS:
                quotes = quotations(whole, characters, 100)
                answers = [index.query(quote, by="containment") for quote, _ in quotes]
                pairs = zip(answers, quotes, strict=True)
                found[characters] = sum(str(page) in {near.id for near in seen.nearest} for seen, (_, page) in pairs)
                every = dedup.match([quote for quote, _ in quotes], whole, by="containment")
                short[characters] = len(every)
        print(f"index of {len(whole)} pages of {length:,}: found {found}; match finds {short} anywhere", flush=True)


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("path", nargs="?")
    parser.add_argument("--generated", action="store_true")
    parser.add_argument("--index", action="store_true", help="ask an index instead")
    parser.add_argument("--pages", type=int, default=PAGES)
    parser.add_argument("--threads", type=int, default=None)
    options = parser.parse_args()
    texts = pages(None if options.generated else options.path, options.pages)
    print(f"{len(texts):,} pages of {int(np.median([len(text) for text in texts])):,} characters in the median")
    if options.index:
        asked(texts)
        return
    for name in SETTINGS:
        cut_out(name, texts, options.threads)
        hidden(name, texts, options.threads)


if __name__ == "__main__":
    main()
