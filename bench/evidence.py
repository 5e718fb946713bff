"""Every figure of how evidence is weighed: `python bench/evidence.py [SECTION...] --corpora FOLDER --seeds FOLDER`.

Each section clusters its articles with `dedup.cluster` and its defaults and prints a line for every figure: what it is,
what it came to, what is wanted of it, and `ok` or `short`. A build without campaigns prints `none` for theirs. Texts of
the corpora are read where they lie; what is invented comes from `bench/evidence_texts.py`.

Sections:
    labelled          the labelled articles and the seeds, without and with the network, by the scoring script (--score)
    network           one operator's articles and seeds among 3,000 clean Chinese ones
    engines           the labelled articles and the network in a night and in an index (--score)
    plain             the seeds in every mix of Markdown and plain text, alone and among 500 clean ones
    clean             clean articles that share a campaign with another repository's
    spun-campaigns    campaigns of the labelled articles against the right ones
    generated         invented campaigns in 2,000 articles: thin templates, and a frame with a handle
    footers           articles cut to one length, with one footer, footers of several sites, and two footers each
    headers           1,000 of 5,000 short bodies behind one kind of front matter
    long              texts of 200,000 characters among 3,000 clean articles; an edition and an excerpt of each language
    messages          text messages that are together and are no near copies
    speed             seconds of stages on real articles, also against another checkout in turn (--against)
    real              pairs of real articles near the threshold, for reading (--out); only if it is named

`campaigns` stands for clean, spun-campaigns and generated.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain, combinations, product
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import corpus
import evidence_texts as texts
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from evidence_texts import Article
from numpy.typing import NDArray

import dedup

Integers = NDArray[np.int64]
BENCH = Path(__file__).parent


class Figure(NamedTuple):
    """One line of the output."""

    name: str
    value: float | None
    """None if this build has no such thing."""
    wanted: str = ""
    """`>= 5` or `<= 0.06`; nothing is wanted of a figure that is there to be compared."""

    @property
    def reached(self) -> bool | None:
        """Whether the value is as wanted; None if nothing is."""
        if not self.wanted:
            return None
        sign, limit = self.wanted.split()
        if self.value is None:
            return False
        return self.value >= float(limit) if sign == ">=" else self.value <= float(limit)

    def __str__(self) -> str:
        value = (
            "none" if self.value is None else f"{self.value:,}" if isinstance(self.value, int) else f"{self.value:.3f}"
        )
        verdict = {True: "ok", False: "short", None: ""}[self.reached]
        return f"{self.name:72} {value:>8}  {self.wanted:9} {verdict}".rstrip()


Figures = Iterator[Figure]


def cluster(articles: Sequence[Article]) -> dedup.Clusters:
    return dedup.cluster(texts.table(articles))


def levels(found: dedup.Clusters) -> dict[str, Integers | None]:
    """The label of each article, by the level: for the same label, the same cluster or the same campaign."""
    campaigns = getattr(found, "campaigns", None)
    return {"cluster": found.labels, "campaign": None if campaigns is None else np.asarray(campaigns().labels)}


class Home(NamedTuple):
    """The cluster or campaign that holds most of some articles."""

    together: int | None
    """How many of them it holds."""
    strangers: int | None
    """How many others."""


def home(labels: Integers | None, members: Integers) -> Home:
    if labels is None:
        return Home(None, None)
    label, together = Counter(labels[members].tolist()).most_common(1)[0]
    return Home(together, int((labels == label).sum()) - together)


def largest(found: dedup.Clusters) -> int:
    return int(found.sizes.max())


def share(part: int | None, whole: int) -> float | None:
    return None if part is None else part / whole


def worst(values: Iterable[int | None], choose: Callable[[list[int]], int]) -> int | None:
    """The least or the most of several; None if one is."""
    known = list(values)
    return None if None in known else choose(known)  # type: ignore[arg-type]


def labelled(args: argparse.Namespace) -> Figures:
    network = texts.read(args.corpora / "network-dev.parquet")
    articles = texts.read(args.corpora / "spun-dev.parquet") + texts.seeds(args.seeds)
    yield from scored("", articles, cluster(articles).labels, args, SCORES)
    yield from scored(", with the network", articles + network, cluster(articles + network).labels, args, SCORES)


SCORES = {
    "b3_f1_zh": ">= 0.978", "b3_f1_en": ">= 0.992", "b3_p_zh": "", "b3_r_zh": "", "b3_p_en": "", "b3_r_en": "",
    "seeds_together": ">= 5", "seed_strangers": "<= 0", "clean_in_spam": "<= 0", "clean_cross": "<= 8",
    "clean_largest": "<= 25",
}  # fmt: skip


def scored(
    name: str, articles: Sequence[Article], labels: Integers, args: argparse.Namespace, figures: Mapping[str, str]
) -> Figures:
    """What the scoring script says."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "labels.parquet"
        pq.write_table(pa.table({"id": [article.id for article in articles], "label": labels}), path)
        command = [sys.executable, args.score, path, "--corpus", args.corpora / "spun-dev.parquet", "--json"]
        score = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    for figure, wanted in figures.items():
        yield Figure(f"{figure}{name}", score[figure], wanted)


def operator(args: argparse.Namespace) -> tuple[list[Article], list[Article]]:
    """One operator's articles and seeds, and clean ones."""
    ours = texts.read(args.corpora / "network-dev.parquet") + texts.seeds(args.seeds)
    return ours, texts.clean(args.corpora, "zh")[:3_000]


def network(args: argparse.Namespace) -> Figures:
    ours, others = operator(args)
    members = np.arange(len(ours))
    found = levels(cluster(ours + others))
    in_cluster, in_campaign = (home(labels, members) for labels in found.values())
    yield Figure(f"share of the {len(ours)} in one cluster", share(in_cluster.together, len(ours)))
    yield Figure("clean articles in that cluster", in_cluster.strangers)
    yield Figure(f"share of the {len(ours)} in one campaign", share(in_campaign.together, len(ours)), ">= 0.98")
    yield Figure("clean articles in that campaign", in_campaign.strangers, "<= 0")


def night(articles: Sequence[Article]) -> pa.Table:
    """Labels of one whole night, in the order of the articles."""
    from dedup import nightly  # noqa: PLC0415 - a build without it has the other sections

    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder, "articles.parquet"), Path(folder, "out")
        pq.write_table(texts.table(articles), source)
        nightly.run([source], out, Path(folder, "state"))
        return pq.read_table(out / "labels", columns=["id", "cluster", "campaign"])


def index(articles: Sequence[Article]) -> pa.Table:
    """Clusters and campaigns of an index that articles came to by 500, in an order by chance, and weighed anew."""
    with tempfile.TemporaryDirectory() as folder, dedup.Index(Path(folder, "index")) as remembered:
        order = np.random.default_rng(0).permutation(len(articles)).tolist()
        for begin in range(0, len(order), 500):
            some = [articles[row] for row in order[begin : begin + 500]]
            remembered.add_many([one.id for one in some], [one.text for one in some])
        remembered.reweigh()
        return remembered.to_arrow()


ENGINES = {"night": night, "index": index}
WITHIN = {"b3_f1_zh": ">= 0.968", "b3_f1_en": ">= 0.982", "seeds_together": ">= 5", "clean_in_spam": "<= 0"}
"""As `SCORES`, and 0.01 below; for Spark see `bench/spark_campaigns.py`."""


def engines(args: argparse.Namespace) -> Figures:
    labelled_ones = texts.read(args.corpora / "spun-dev.parquet") + texts.seeds(args.seeds)
    ours, others = operator(args)
    members = np.arange(len(ours))
    for name, run in ENGINES.items():
        clusters = in_order(run(labelled_ones), labelled_ones)["cluster"]
        yield from scored(f", {name}", labelled_ones, clusters, args, WITHIN)
        found = home(in_order(run(ours + others), ours + others)["campaign"], members)
        yield Figure(f"share of the {len(ours)} in one campaign, {name}", share(found.together, len(ours)), ">= 0.97")
        yield Figure(f"clean articles in that campaign, {name}", found.strangers, "<= 0")


def in_order(found: pa.Table, articles: Sequence[Article]) -> dict[str, Integers]:
    """The number of the cluster and of the campaign of each article."""
    place = {one: row for row, one in enumerate(found["id"].to_pylist())}
    rows = [place[article.id] for article in articles]
    numbers = {name: found[name].combine_chunks().dictionary_encode().indices for name in ("cluster", "campaign")}
    return {name: of.to_numpy().astype(np.int64)[rows] for name, of in numbers.items()}


def plain(args: argparse.Namespace) -> Figures:
    seeds = texts.seeds(args.seeds)
    stripped = [article._replace(text=texts.plain(article.text)) for article in seeds]
    mixes = list(product(*zip(seeds, stripped, strict=True)))  # the last is all plain
    wanted = f">= {len(seeds)}"
    for name, others in (("alone", []), ("among 500", texts.clean(args.corpora, "zh")[:500])):
        runs = [levels(cluster([*mix, *others])) for mix in mixes]
        for level in runs[0]:
            homes = [home(run[level], np.arange(len(seeds))) for run in runs]
            fewest = worst((found.together for found in homes), min)
            most = worst((found.strangers for found in homes), max)
            yield Figure(f"{name}: in one {level}, all plain", homes[-1].together, wanted)
            yield Figure(f"{name}: in one {level}, fewest of {len(mixes)} mixes", fewest, wanted)
            if others:
                yield Figure(f"{name}: clean articles in that {level}, most", most, "<= 0")


@cache
def labelled_together(corpora: Path) -> tuple[list[Article], dict[str, Integers | None]]:
    """All labelled articles, and what they are clustered to."""
    articles = texts.read(corpora / "spun-dev.parquet")
    return articles, levels(cluster(articles))


def clean(args: argparse.Namespace) -> Figures:
    articles, found = labelled_together(args.corpora)
    unspoilt = np.array([article.kind == "clean" for article in articles])
    repositories = np.unique([article.repository for article in articles], return_inverse=True)[1]
    for level, labels in found.items():
        part = None if labels is None else int((unspoilt & spread(labels, repositories)).sum())
        wanted = "<= 0.005" if level == "campaign" else ""
        name = f"share of clean articles in a {level} with another repository's"
        yield Figure(name, share(part, int(unspoilt.sum())), wanted)


def spread(labels: Integers, repositories: Integers) -> NDArray[np.bool_]:
    """Which articles share a label with an article of another repository."""
    parts = np.unique(np.stack([labels, repositories]), axis=1)[0]
    return np.bincount(parts, minlength=len(labels))[labels] > 1


def spun_campaigns(args: argparse.Namespace) -> Figures:
    articles, found = labelled_together(args.corpora)
    members = [place for place, article in enumerate(articles) if article.kind in ("spam", "spun")]
    truth = [articles[place].campaign for place in members]
    for level, labels in found.items():
        score = (None, None, None) if labels is None else b_cubed(labels[members].tolist(), truth)
        for name, value, wanted in zip(("F1", "precision", "recall"), score, (">= 0.85", ">= 0.97", ""), strict=True):
            yield Figure(f"B-cubed {name} of {level}s", value, wanted if level == "campaign" else "")


def b_cubed(labels: list[int], truth: list[str]) -> tuple[float, float, float]:
    """F1, precision and recall, averaged over the articles (Bagga and Baldwin, 1998)."""
    both, found, right = Counter(zip(labels, truth, strict=True)), Counter(labels), Counter(truth)
    precision = sum(count * count / found[label] for (label, _), count in both.items()) / len(truth)
    recall = sum(count * count / right[name] for (_, name), count in both.items()) / len(truth)
    return 2 * precision * recall / (precision + recall), precision, recall


def generated(args: argparse.Namespace) -> Figures:
    del args
    for common in (0.4, 0.25):
        drawn, groups = corpus.campaign(2_000, 0.3, common)
        yield from held_together(f"{common:.0%} in common", texts.numbered(drawn), np.flatnonzero(groups == 0))
    yield from held_together("a frame and a handle", texts.framed(600, 2_000), np.arange(600))


def held_together(name: str, articles: Sequence[Article], members: Integers) -> Figures:
    """In how many parts the members of a campaign are, and who else is in the largest."""
    for level, labels in levels(cluster(articles)).items():
        one, none = (">= 1", "<= 0") if level == "campaign" else ("", "")
        parts = None if labels is None else len(np.unique(labels[members]))
        found = home(labels, members)
        yield Figure(f"{name}: {level}s of its {len(members)}", parts, one.replace(">", "<"))
        yield Figure(f"{name}: share in the largest {level}", share(found.together, len(members)), one)
        yield Figure(f"{name}: strangers in that {level}", found.strangers, none)


SITES = (1, 3, 10, 40)
FEWEST_OF_A_SITE = 8


def footers(args: argparse.Namespace) -> Figures:
    for lang, lengths in (("zh", (600, 1_200, 2_500)), ("en", (1_500, 3_000, 6_000))):
        for characters in lengths:
            articles = texts.cut(args.corpora, lang, characters, 400)
            for sites in SITES:
                count = 300 if FEWEST_OF_A_SITE * sites <= 300 else 400
                some = articles[:count]
                without = largest(cluster(some))
                name = f"{lang}, {len(some)} of {characters:,}, {sites} site{'s' * (sites > 1)}"
                for double in (0.0, 0.1) if sites > 1 else (0.0,):
                    found = largest(cluster(texts.with_footers(some, lang, sites, double)))
                    extra = ", 10 % with two" if double else ""
                    yield Figure(f"{name}{extra} (without: {without})", found, f"<= {1.3 * without:.1f}")


def headers(args: argparse.Namespace) -> Figures:
    count = 5_000
    drawn, _ = corpus.campaign(count, share=0, characters=200)
    for name, bodies in (("drawn", drawn), ("slices of clean", lone(slices(args.corpora, 200))[:count])):
        without, found = (
            largest(cluster(texts.numbered(texts.behind_headers(bodies, headed)))) for headed in (0, 1_000)
        )
        yield Figure(f"{name}: largest cluster of {len(bodies):,} without headers", without)
        yield Figure(f"{name}: largest with 1,000 headers", found, f"<= {max(10, without)}")


def slices(corpora: Path, characters: int) -> list[str]:
    """Pieces of clean Chinese articles, four of an article at most."""
    whole = [article.text for article in texts.clean(corpora, "zh")]
    pieces = (text[len(text) * part // 5 :][:characters] for part in range(1, 5) for text in whole)
    return list(dict.fromkeys(piece for piece in pieces if len(piece) == characters))


def lone(bodies: Sequence[str]) -> list[str]:
    """Those that are alone: pieces of one site's form are together without a header."""
    sizes = cluster(texts.numbered(bodies)).sizes
    return [body for body, size in zip(bodies, sizes.tolist(), strict=True) if size == 1]


LONG = 200_000
LONG_TEXTS = 16


def long(args: argparse.Namespace) -> Figures:
    words = {
        lang: [texts.vocabulary(lang).of_length(LONG, texts.random(lang, number)) for number in range(LONG_TEXTS)]
        for lang in ("zh", "en")
    }
    drawn = {lang: [texts.vocabulary(lang).text(some) for some in those] for lang, those in words.items()}
    related = {lang: relatives(those[0], lang) for lang, those in words.items()}
    every = [*chain(*drawn.values()), *chain(*related.values())]
    found = cluster(texts.numbered(every, "long-") + texts.clean(args.corpora)[:3_000])
    for place, (lang, those) in enumerate(drawn.items()):
        places = np.arange(LONG_TEXTS) + place * LONG_TEXTS
        kin = np.arange(2) + 2 * (LONG_TEXTS + place)
        pairs = list(combinations(range(LONG_TEXTS), 2))
        alike = [dedup.similarity(those[i], those[j]) for i, j in pairs]
        name = f"{LONG_TEXTS} {lang} texts of {LONG:,}"
        yield Figure(f"{name}: dedup.similarity, median", median(alike), "<= 0.06")
        yield Figure(f"{name}: dedup.similarity, highest", max(alike), "<= 0.06")
        yield Figure(f"{name}: similarity among 3,000, highest", highest(found, places), "<= 0.06")
        joined = together_with_others(found.labels, [*places, *kin], {int(places[0]), *kin.tolist()})
        yield Figure(f"{name}: in a cluster with an unrelated one", joined, "<= 0")
        family = home(found.labels, np.array([places[0], *kin])).together
        yield Figure(f"{lang}: a text, an edition and half of it in one cluster", family, ">= 3")


def highest(found: dedup.Clusters, places: Integers) -> float:
    """Of the similarities between these articles: of their edges, or where they have none of three of their pairs."""
    left, right, similarity = found.pairs
    edges = similarity[np.isin(left, places) & np.isin(right, places)]
    some = [] if edges.size else places[1:4].tolist()  # a pair so long takes seconds to explain
    return max([*edges.tolist(), *(found.explain(int(places[0]), place).similarity for place in some)])


def relatives(words: Sequence[str], lang: str) -> list[str]:
    """An edition of the text, a twentieth of its words changed, and an excerpt, which is half of it."""
    say, quarter = texts.vocabulary(lang), len(words) // 4
    changed = texts.edition(words, 0.05, lang, texts.random("edition", lang))
    return [say.text(changed), say.text(words[quarter : 3 * quarter])]


def together_with_others(labels: Integers, members: Sequence[int], family: set[int]) -> int:
    """How many of the members are in a cluster with an article that is not of their family."""
    count = 0
    for member in members:
        kin = family if member in family else {member}
        count += any(int(other) not in kin for other in np.flatnonzero(labels == labels[member]))
    return count


def messages(args: argparse.Namespace) -> Figures:
    found = texts.read(args.corpora / "messages-dev.parquet")
    ham = np.array([article.kind == "ham" for article in found])
    length = np.array([len(article.text) for article in found])
    joined = cluster(found).sizes > 1
    copied = dedup.cluster(texts.table(found), dedup.Settings.near_copies(0.5)).sizes > 1
    some, spam = ham & (length >= 25) & (length <= 80), ~ham & (length > 80)
    yield Figure(f"ham of 25 to 80 characters in clusters, of {some.sum()}", int((some & joined).sum()))
    yield Figure("of these not in a cluster of near copies (0.5)", int((some & joined & ~copied).sum()), "<= 30")
    yield Figure("ham of 25 to 80 characters in clusters of near copies (0.5)", int((some & copied).sum()))
    yield Figure("of these in no cluster", int((some & copied & ~joined).sum()))
    yield Figure(f"spam over 80 characters in clusters, of {spam.sum()}", int((spam & joined).sum()), ">= 205")


def speed(args: argparse.Namespace) -> Figures:
    """Both checkouts in turn, so that whatever else the machine does meets both."""
    ours = Path(dedup.__file__).parents[1]
    sides = {"this": ours} | ({"other": args.against} if args.against else {})
    rounds = 2 if args.against else 1
    runs: dict[str, list[dict[str, Any]]] = {side: [] for side in sides}
    for _ in range(rounds):
        for side, checkout in sides.items():
            runs[side].append(one_run(checkout, args))
    for side, those in runs.items():
        for stage in those[0]["seconds"]:
            yield Figure(f"{side}: seconds of {stage}", median(run["seconds"][stage] for run in those))
        for kind in ("wall", "processor"):
            yield Figure(f"{side}: seconds in all, {kind}", median(run[kind] for run in those))
        yield Figure(f"{side}: articles in clusters, of {those[0]['articles']:,}", those[0]["clustered"])
    spent = [run["seconds"] for run in runs["this"]]
    frames = [seconds["frames"] / sum(seconds.values()) for seconds in spent if "frames" in seconds]
    yield Figure("this: frames, share of all stages", median(frames) if frames else None, "<= 0.12")
    if args.against:
        for kind in ("wall", "processor"):
            mine, others = (median(run[kind] for run in those) for those in runs.values())
            yield Figure(f"this over other: {kind}", mine / others, "<= 1.0")


def one_run(checkout: Path, args: argparse.Namespace) -> dict[str, Any]:
    """One timed run of a checkout in a fresh process."""
    places = [str(checkout.resolve()), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, places))}
    command = [sys.executable, BENCH / "evidence_speed.py", args.corpora, str(args.sample)]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment).stdout
    run: dict[str, Any] = json.loads(said)
    if Path(run["checkout"]).resolve() != checkout.resolve():
        sys.exit(f"{checkout} holds no dedup: {run['checkout']} was run instead")
    return run


BAND = (0.12, 0.2)
PAIRS_OF_A_KIND = 20
LINES_SHOWN = 30
DOCUMENTATION_OWNERS = {"AlibabaCloudDocs", "GreptimeTeam", "MicrosoftDocs", "reactjs", "vuejs-translations"}
DOCUMENTATION = {
    "PaddlePaddle/docs", "alibaba/arthas", "alibaba/nacos", "alphagov/govuk-developer-docs", "ant-design/ant-design",
    "apache/apisix", "apache/iotdb-docs", "awsdocs/aws-doc-sdk-examples", "baidu/amis", "chaos-mesh/website",
    "cpprefjp/site", "elastic/examples", "electron/i18n", "helm/helm-www", "hyperf/hyperf", "karmada-io/website",
    "kubevela/kubevela.github.io", "mdn/archived-content", "milvus-io/milvus-docs", "mindspore-ai/docs",
    "nodejs/nodejs.org", "open-telemetry/opentelemetry.io", "openeuler-mirror/docs", "pingcap/docs-cn",
    "reactnativecn/react-native-website", "symfony/symfony-docs", "tensorflow/docs-l10n", "tldr-pages/tldr",
    "vesoft-inc/nebula-docs-cn", "yasslab/railsguides.jp", "yiisoft/yii2",
}  # fmt: skip
"""Product documentation, reference pages, and whatever else comes in versions. Translated magazines, blogs, laws,
proposals, books and collections of problems are the others."""


def real(args: argparse.Namespace) -> Figures:
    articles = texts.real(args.corpora, args.sample)
    found = cluster(articles)
    left, right, similarity = found.pairs
    inside = (found.labels[left] == found.labels[right]) & (similarity >= BAND[0]) & (similarity < BAND[1])
    documents = np.array([is_documentation(article) for article in articles])
    with args.out.open("w", encoding="utf-8") as out:
        for name, of_kind in (("documentation", documents), ("other", ~documents)):
            edges = np.flatnonzero(inside & of_kind[left] & of_kind[right])
            drawn = draw_edges(edges, found.labels[left[edges]], texts.random("edges", name))
            for number, edge in enumerate(drawn, 1):
                out.write(f"{'=' * 100}\n{name} {number}\n")
                out.write(shown(found, articles, int(left[edge]), int(right[edge])))
            yield Figure(f"{name}: pairs at {BAND[0]} to {BAND[1]} inside clusters", len(edges))
            yield Figure(f"{name}: pairs written to {args.out}", len(drawn))


def is_documentation(article: Article) -> bool:
    return article.repository.partition("/")[0] in DOCUMENTATION_OWNERS or article.repository in DOCUMENTATION


def draw_edges(edges: Integers, labels: Integers, rng: np.random.Generator) -> list[int]:
    """From random clusters, a random edge of each."""
    chosen = rng.permutation(np.unique(labels))[:PAIRS_OF_A_KIND]
    return [int(rng.choice(edges[labels == label])) for label in chosen]


def shown(found: dedup.Clusters, articles: Sequence[Article], left: int, right: int) -> str:
    """What two articles share, and how each begins."""
    why = found.explain(left, right)
    lines = str(why).splitlines()[:LINES_SHOWN]
    heaviest = sum(passage.weight for passage in why.passages[:3]) / max(why.similarity, 1e-9)
    begins = "".join(
        f"\n--- {articles[place].id}, {len(articles[place].text):,} characters\n{articles[place].text[:600]}\n"
        for place in (left, right)
    )
    title = [articles[left].id, articles[right].id, f"the heaviest three are {heaviest:.0%} of it"]
    return "\n".join([*title, *lines, begins])


SECTIONS: dict[str, Callable[[argparse.Namespace], Figures]] = {
    "labelled": labelled,
    "network": network,
    "engines": engines,
    "plain": plain,
    "clean": clean,
    "spun-campaigns": spun_campaigns,
    "generated": generated,
    "footers": footers,
    "headers": headers,
    "long": long,
    "messages": messages,
    "speed": speed,
    "real": real,
}
GROUPS = {"campaigns": ["clean", "spun-campaigns", "generated"]}


def chosen(parser: argparse.ArgumentParser, args: argparse.Namespace) -> list[str]:
    """The sections to run, each once, in the order of the list."""
    names = [name.replace("_", "-") for name in args.sections]
    for name in names:
        if name not in SECTIONS and name not in GROUPS:
            known = ", ".join([*SECTIONS, *GROUPS])
            parser.error(f"no section is called {name!r}; there are {known}")
    named = set(chain(*(GROUPS.get(name, [name]) for name in names))) or set(SECTIONS) - {"real"}
    for name, option in (("labelled", "score"), ("engines", "score"), ("real", "out")):
        if name in named and getattr(args, option) is None:
            parser.error(f"{name} needs --{option}")
    return [name for name in SECTIONS if name in named]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help="which to run; all but real if none is named")
    parser.add_argument("--corpora", type=Path, required=True, help="folder of the Parquet files")
    parser.add_argument("--seeds", type=Path, required=True, help="folder of the seeds, Markdown files")
    parser.add_argument("--score", type=Path, help="labelled, engines: a script that takes the file of labels")
    parser.add_argument("--sample", type=int, default=20_000, help="speed, real: how many real articles")
    parser.add_argument("--against", type=Path, help="speed: another checkout of the project, run in turn")
    parser.add_argument("--out", type=Path, help="real: the file for the pairs")
    args = parser.parse_args()
    reached: list[bool] = []
    for name in chosen(parser, args):
        begin = time.perf_counter()
        print(f"\n{name}")
        for figure in SECTIONS[name](args):
            print(f"  {figure}", flush=True)
            reached += [figure.reached] if figure.reached is not None else []
        print(f"  ({time.perf_counter() - begin:.0f} s)")
    print(f"\n{sum(reached)} of {len(reached)} figures reached")


if __name__ == "__main__":
    main()
