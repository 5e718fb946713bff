"""What is still recognised of texts in disguise: `python bench/evasion.py [WORD...] --corpora FOLDER --seeds FOLDER`.

    pip install datasketch gaoya opencc pypinyin xxhash
    python bench/evasion.py --corpora ../shared/corpora --seeds ../shared/seeds --articles 500
    python bench/evasion.py pinyin 'other words' --corpora ../shared/corpora --seeds ../shared/seeds --articles 5000
    python bench/evasion.py --mixtures --corpora ../shared/corpora --seeds ../shared/seeds

Prints a row for each disguise of `bench/disguises.py`, or those whose names hold a word: how much similarity is left
between an article and the same one in disguise (median), which share of these pairs is together, with Chinese and
English articles, by this package and by peers; and the family, the articles of the folder of seeds, each of them
disguised by itself: how many are in one cluster, and in one campaign, alone and among others. Of several runs with
other random numbers it is the least and the median. At the end what is wanted of some of them, and whether it is so.
With `--mixtures`, instead, the family as Markdown, web page and plain text in every mixture.

Peers compare five characters at the threshold of 0.5 and 128 slots; they get the texts as they are. What they say of a
pair does not depend on other articles, so they get none. A peer that is not installed has no column.
"""

# ruff: noqa: PLC0415 - each peer is imported where it is run, so that none has to be installed

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from statistics import median
from typing import NamedTuple

import disguises
import evidence_texts as texts
import numpy as np
import peers
from disguises import DISGUISES, Change, language
from evidence_texts import Article

import dedup
from dedup.evidence import campaigns

LENGTH = 2_500  # characters of an article
THRESHOLD = 0.5  # of peers, the lowest that they are used with
LANGUAGES = ("zh", "en")

FORMS: dict[str, Callable[[str], str]] = {"Markdown": str, "page": disguises.page, "plain": texts.plain}
WANTED = {
    "a web page": (5, 5), "plain text": (5, 5), "Markdown, a page, or plain text": (5, 5), "pinyin, 5 %": (4, 5),
    "homophones, 5 %": (4, 5), "other words, 10 %": (4, 5), "a letter inserted after every 20": (4, 5),
}  # fmt: skip
"""How many of five are to be in one cluster, and in one campaign, in the worst run."""


class Family(NamedTuple):
    """The most articles of a family that are in one cluster, and in one campaign; and the others in these."""

    cluster: int
    campaign: int
    strangers: int


class Corpora(NamedTuple):
    """What is disguised, and what it is put among."""

    family: list[Article]
    pairs: list[Article]
    others: list[Article]
    around: list[str]
    """Texts that others hide in."""


def corpora(args: argparse.Namespace) -> Corpora:
    every = texts.by_hash(texts.read(args.corpora / "spun-dev.parquet"))
    clean = [article for article in every if article.kind == "clean" and len(article.text) > LENGTH]
    family, chosen = texts.seeds(args.seeds), []
    for lang in LANGUAGES:
        chosen += [article for article in clean if article.lang == lang == language(article.text)][: args.pairs]
    taken = {article.id for article in chosen}
    others = [article for article in every if article.id not in taken]
    around = [article.text for article in clean[-200:]]
    chosen = [article._replace(text=article.text[:LENGTH]) for article in [*family, *chosen]]
    return Corpora(family, chosen, others[: args.articles], around)


def disguised(
    articles: Sequence[Article], name: str, change: Change, around: Sequence[str], run: int = 0
) -> list[Article]:
    """Each article disguised by itself."""
    return [
        article._replace(text=change(article.text, texts.random(name, run, article.id), around)) for article in articles
    ]


def found_together(family: Sequence[Article], others: Sequence[Article]) -> Family:
    """Where the first articles are among others."""
    result = dedup.cluster(texts.table([*family, *others]))
    count, most, strangers = len(family), [], []
    for labels in (result.labels, np.asarray(result.campaigns().labels)):
        label, members = Counter(labels[:count].tolist()).most_common(1)[0]
        most.append(members)
        strangers.append(int((labels == label).sum()) - members)
    return Family(*most, max(strangers))


def pairs_together(articles: Sequence[Article], changed: Sequence[Article], others: Sequence[Article]) -> list[bool]:
    """Whether each article is in one cluster with the same one in disguise; one of a pair does not hide another's."""
    renamed = [article._replace(id=f"{article.id}, disguised") for article in changed]
    labels = dedup.cluster(texts.table([*articles, *renamed, *others])).labels
    count = len(articles)
    return (labels[:count] == labels[count : 2 * count]).tolist()


def by_datasketch(texts_: Sequence[str], changed: Sequence[str]) -> tuple[list[float], list[bool]]:
    """Its estimates of similarity, and whether its index of the texts finds each in disguise."""
    import xxhash
    from datasketch import MinHash, MinHashLSH

    def sketches(some: Sequence[str]) -> list[MinHash]:
        tokens = map(peers.shingles, some)
        return list(MinHash.generator(tokens, num_perm=peers.SLOTS, hashfunc=xxhash.xxh32_intdigest))

    ours, theirs = sketches(texts_), sketches(changed)
    index = MinHashLSH(threshold=THRESHOLD, num_perm=peers.SLOTS)
    for number, sketch in enumerate(ours):
        index.insert(number, sketch)
    alike = [one.jaccard(other) for one, other in zip(ours, theirs, strict=True)]
    return alike, [number in index.query(sketch) for number, sketch in enumerate(theirs)]


def by_gaoya(texts_: Sequence[str], changed: Sequence[str]) -> list[bool]:
    """Whether its index of the texts finds each in disguise."""
    from gaoya.minhash import MinHashStringIndex

    index = MinHashStringIndex(
        hash_size=32, jaccard_threshold=THRESHOLD, num_bands=42, band_size=3, num_hashes=126, analyzer="char",
        lowercase=True, ngram_range=(peers.SHINGLE, peers.SHINGLE),
    )  # fmt: skip
    index.par_bulk_insert_docs(list(range(len(texts_))), list(texts_))
    return [number in index.query(text) for number, text in enumerate(changed)]


class Row(NamedTuple):
    """One disguise."""

    cells: list[str]
    alone: list[Family]
    among: list[Family]


def measured(name: str, change: Change, held: Corpora, runs: int) -> Row:
    """Everything that is printed of one disguise."""
    changed = disguised(held.pairs, name, change, held.around)
    before, after = ([article.text for article in some] for some in (held.pairs, changed))
    langs = [language(text) for text in before]
    kept = [dedup.similarity(*both) for both in zip(before, after, strict=True)]
    cells = [by_language(kept, langs, median), by_language(pairs_together(held.pairs, changed, held.others), langs)]
    if find_spec("datasketch") and find_spec("xxhash"):
        alike, together = by_datasketch(before, after)
        cells += [by_language(alike, langs, median), by_language(together, langs)]
    if find_spec("gaoya"):
        cells.append(by_language(by_gaoya(before, after), langs))
    families = [disguised(held.family, name, change, held.around, run) for run in range(runs)]
    alone, among = ([found_together(one, others) for one in families] for others in ([], held.others))
    return Row([*cells, *told(alone), *told(among)], alone, among)


def by_language(values: Sequence[float], langs: Sequence[str], of: Callable[[list[float]], float] = np.mean) -> str:
    parts = ([value for value, own in zip(values, langs, strict=True) if own == lang] for lang in LANGUAGES)
    return " / ".join(f"{of(part):.2f}" for part in parts)


def told(runs: Sequence[Family]) -> list[str]:
    """The least and the median of a family in one cluster, and in one campaign."""
    return [f"{min(counts)} / {median(counts):g}" for counts in list(zip(*runs, strict=True))[:2]]


def header(articles: int) -> list[str]:
    peers_ = ["datasketch kept zh / en", "together"] if find_spec("datasketch") and find_spec("xxhash") else []
    peers_ += ["gaoya together"] if find_spec("gaoya") else []
    places = ("alone", f"among {articles:,}")
    families = [f"{level}, {place}: least / median" for place in places for level in ("cluster", "campaign")]
    return ["disguise", "kept zh / en", "together zh / en", *peers_, *families]


def verdicts(rows: dict[str, Row]) -> Iterator[str]:
    """What is wanted, what it came to, and whether that is enough."""
    for name, wanted in WANTED.items():
        if name in rows:
            runs = rows[name].alone + rows[name].among
            least = min(run.cluster for run in runs), min(run.campaign for run in runs)
            reached = all(one >= other for one, other in zip(least, wanted, strict=True))
            yield f"{name}: {least} in one cluster, campaign; wanted {wanted}: {'ok' if reached else 'short'}"
    strangers = {name: max(run.strangers for run in row.among) for name, row in rows.items()}
    met = [f"{name}: {count}" for name, count in strangers.items() if count]
    yield f"others in a family's cluster or campaign, most: {', '.join(met) or 'none'}"


def print_table(args: argparse.Namespace) -> None:
    held, rows = corpora(args), {}
    columns = header(len(held.others))
    print("|".join(["", *columns, ""]), "|".join(["", "---", *["--:"] * (len(columns) - 1), ""]), sep="\n")
    for name, change in DISGUISES.items():
        if not args.words or any(word in name for word in args.words):
            rows[name] = measured(name, change, held, args.runs)
            print("| " + " | ".join([name, *rows[name].cells]) + " |", flush=True)
    print("", *verdicts(rows), sep="\n")


def print_mixtures(args: argparse.Namespace) -> None:
    """The family in every mixture of forms."""
    held = corpora(args)
    shapes = [[article._replace(text=form(article.text)) for form in FORMS.values()] for article in held.family]
    for place, others in (("alone", []), (f"among {len(held.others):,}", held.others)):
        runs = [found_together(mixture, others) for mixture in product(*shapes)]
        clusters, in_campaigns, strangers = zip(*runs, strict=True)
        print(
            f"{len(runs)} mixtures of {', '.join(FORMS)} {place}: fewest in one cluster {min(clusters)}, "
            f"in one campaign {min(in_campaigns)}; others in these, most {max(strangers)}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", metavar="WORD", help="only disguises whose names hold one of them")
    parser.add_argument("--corpora", type=Path, required=True, help="folder of the Parquet files")
    parser.add_argument("--seeds", type=Path, required=True, help="folder of the seeds, Markdown files")
    parser.add_argument("--articles", type=int, default=500, help="how many others")
    parser.add_argument("--pairs", type=int, default=16, help="how many articles of each language besides the seeds")
    parser.add_argument("--runs", type=int, default=5, help="how often the family is disguised anew")
    parser.add_argument("--mixtures", action="store_true", help="every mixture of Markdown, page and plain text")
    args = parser.parse_args()
    campaigns.names_in = cache(campaigns.names_in)  # the others are the same in every run
    begin = time.perf_counter()
    (print_mixtures if args.mixtures else print_table)(args)
    print(f"{time.perf_counter() - begin:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
