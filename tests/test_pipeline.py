"""`dedup.pipeline`: articles in, clusters out; on examples, on synthetic corpora, and on real ones where they are."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Callable
from itertools import combinations, groupby, pairwise
from types import ModuleType
from typing import Any

import naive
import numpy as np
import opencc
import polars as pl
import pyarrow as pa
import pytest
from conftest import script
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import dedup
from dedup.errors import DedupWarning, InputError, SettingsError
from dedup.pipeline import connect, represent
from dedup.results import Clusters
from dedup.settings import Settings
from dedup.stages import bands, candidates, frequencies, pairs, runs, shingles
from dedup.stages.folding import fold
from dedup.stages.signer import Signer

STAGES = ["read", "fold", "frames", "weigh", "sign", "meet", "verify", "cluster"]
TEA = {"tea-1", "tea-2", "tea-3", "tea-4", "tea-5"}
BRIDGE = {"bridge-copy", "bridge-original"}
FIFTY_MEGABYTES = 50_000_000


@pytest.fixture(scope="module")
def seeded() -> Callable[[int, int], str]:
    """Han characters by a seed, so many; no two texts of them have a phrase in common."""
    return lambda seed, count: "".join(map(chr, np.random.default_rng(seed).integers(0x4E00, 0x5800, count).tolist()))


def groups(found: Clusters) -> set[frozenset[int]]:
    """The clusters of two or more articles, as sets of positions."""
    return {frozenset(cluster.members.tolist()) for cluster in found}


def named(found: Clusters, names: list[str]) -> list[set[str]]:
    """The clusters of two or more articles, as sets of names, largest first."""
    return [{names[member] for member in cluster.members} for cluster in found]


def edges(found: Clusters, names: list[int] | None = None) -> set[tuple[frozenset[int], float]]:
    """Every pair with its similarity, by other names for the positions."""
    new = list(range(len(found.labels))) if names is None else names
    return {(frozenset((new[i], new[j])), float(similarity)) for i, j, similarity in zip(*found.pairs, strict=True)}


# --- examples -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", ["char", "word"])
def test_the_examples_hold_one_campaign_and_one_copy(examples: dict[str, str], unit: Any) -> None:
    """Five rewrites of one source are a cluster, an article and its edited copy another, all others are alone."""
    names = list(examples)
    found = dedup.cluster(list(examples.values()), Settings(unit=unit))
    assert named(found, names) == [TEA, BRIDGE]
    alone = [i for i, name in enumerate(names) if name not in TEA | BRIDGE]
    assert found.labels[alone].tolist() == alone


def test_a_higher_threshold_leaves_the_copy(examples: dict[str, str]) -> None:
    """At 0.5 the rewrites are no longer alike, the edited copy still is."""
    found = dedup.cluster(list(examples.values())).at(0.5)
    assert named(found, list(examples)) == [BRIDGE]


def test_a_higher_threshold_is_as_if_computed(examples: dict[str, str]) -> None:
    """Cutting at a higher threshold gives what a run at it gives."""
    low = dedup.cluster(list(examples.values()))
    for threshold in (0.092, 0.12, 0.13, 0.2, 0.5, 0.9, 1.0):
        fresh = dedup.cluster(list(examples.values()), Settings(threshold=threshold))
        assert low.at(threshold).labels.tolist() == fresh.labels.tolist()


# --- real articles ------------------------------------------------------------------------------------------------


def test_the_seeds_alone_are_one_cluster(seeds: list[str]) -> None:
    """Five rewrites and nothing else are found without any corpus to compare with."""
    assert groups(dedup.cluster(seeds)) == {frozenset(range(5))}


@pytest.mark.parametrize("others", [20, 3_000])
def test_the_seeds_among_clean_articles_are_one_cluster(seeds: list[str], clean: list[str], others: int) -> None:
    """Among others they are together, and no stranger with them."""
    found = dedup.cluster(clean[:others] + seeds)
    mine = set(range(len(found.labels) - 5, len(found.labels)))
    assert mine in groups(found)


def test_the_seeds_in_traditional_characters(seeds: list[str]) -> None:
    """Written in Traditional characters they are together; and so they are with the originals."""
    converter = opencc.OpenCC("s2t")
    converted = [converter.convert(text) for text in seeds]
    assert groups(dedup.cluster(converted)) == {frozenset(range(5))}
    assert groups(dedup.cluster(seeds + converted)) == {frozenset(range(10))}
    assert groups(dedup.cluster(seeds[:2] + converted[2:])) == {frozenset(range(5))}
    for text, other in zip(seeds, converted, strict=True):
        assert dedup.similarity(text, other) > 0.95


def test_the_seeds_with_a_hundred_copies_of_one(seeds: list[str]) -> None:
    """A hundred copies of one of them change nothing about who belongs together."""
    found = dedup.cluster([*seeds, *[seeds[2]] * 100])
    assert groups(found) == {frozenset(range(105))}
    assert found[0].representative == 2
    assert found.at(1.0).sizes.tolist() == [1, 1, 101, 1, 1] + [101] * 100


def test_similarity_of_two_is_near_that_in_a_cluster(seeds: list[str]) -> None:
    """The figure for two texts alone differs a little from that of a run, which counts its own articles."""
    found = dedup.cluster(seeds).pairs
    assert len(found.left) == 10
    for i, j, similarity in zip(*found, strict=True):
        assert dedup.similarity(seeds[i], seeds[j]) == pytest.approx(similarity, abs=0.015)


# --- synthetic corpora --------------------------------------------------------------------------------------------


def test_a_campaign_is_exactly_one_cluster(synthetic: ModuleType) -> None:
    """600 of 2,000 articles that share a template of 40 % are one cluster, with all of them and nobody else."""
    texts, truth = synthetic.campaign(articles=2_000, share=0.3, common=0.4)
    found = dedup.cluster(texts)
    assert groups(found) == {frozenset(np.flatnonzero(truth == 0).tolist())}


@pytest.mark.parametrize("bucket_cap", [8, 16, 64])
def test_a_campaign_larger_than_its_crowd_is_one_cluster_too(synthetic: ModuleType, bucket_cap: int) -> None:
    """When most members were compared with a few of them only, none is lost and no stranger comes in."""
    texts, truth = synthetic.campaign(articles=600, share=0.7, common=0.4, characters=300, seed=bucket_cap)
    found = dedup.cluster(texts, Settings(bucket_cap=bucket_cap))
    assert found.graph.capped.any()
    assert groups(found) == {frozenset(np.flatnonzero(truth == 0).tolist())}


@pytest.mark.parametrize("threshold", [0.4, 0.7])
def test_near_copies_are_the_exact_closure(synthetic: ModuleType, threshold: float) -> None:
    """The classical job gives the pairs and the connected components of exact Jaccard over five characters."""
    texts, _ = synthetic.near_copies(articles=250, characters=400, seed=2)
    folded = [fold(text) for text in texts]
    sets = [{text[k : k + 5] for k in range(len(text) - 4)} for text in folded]
    exact = {}
    reach = {i: frozenset([i]) for i in range(len(texts))}
    for i, j in combinations(range(len(texts)), 2):
        similarity = len(sets[i] & sets[j]) / len(sets[i] | sets[j])
        if similarity >= threshold:
            exact[i, j] = similarity
            joined = reach[i] | reach[j]
            reach |= dict.fromkeys(joined, joined)
    found = dedup.cluster(texts, Settings.near_copies(threshold, linkage=0.0, recall=0.9999))
    assert {(i, j): s for i, j, s in zip(*(column.tolist() for column in found.pairs), strict=True)} == exact
    assert groups(found) == {group for group in reach.values() if len(group) > 1}
    assert len(exact) > 10


def test_full_linkage_joins_a_pair_at_the_threshold() -> None:
    """With the least mean at the threshold itself, a pair exactly there is a cluster."""
    one, other = "abcdefgh", "abcdefghij"  # 4 of 6 shingles, if five letters wide
    settings = Settings(threshold=2 / 3, linkage=1.0, width=5, weighted=False)
    assert dedup.similarity(one, other, settings) == 2 / 3
    assert dedup.cluster([one, other], settings).labels.tolist() == [0, 0]


# --- short and long -----------------------------------------------------------------------------------------------


def test_a_phrase_is_no_evidence() -> None:
    """Messages of ten characters that share a phrase are alike by a third, and no edge; without a least they are."""
    messages = ["明天下午三点开会好吗", "明天下午三点来我家呀", "你明天下午三点到哪里"]
    assert dedup.similarity(*messages[:2]) > 0.3
    assert groups(dedup.cluster(messages)) == set()
    assert groups(dedup.cluster(messages, Settings(evidence=0))) == {frozenset(range(3))}


def test_copies_of_short_texts_are_copies() -> None:
    """Equal ones are found at any length, and near copies from a sentence on."""
    sentence = "本店长期供应各类新鲜蔬菜水果，每天早上六点开门，欢迎街坊邻居选购"
    texts = [
        "在吗",
        "在嗎？",
        "好",
        sentence,
        sentence.replace("新鲜", "有机"),
        sentence.replace("六", "七") + "！",
        "好的",
    ]
    assert groups(dedup.cluster(texts)) == {frozenset({0, 1}), frozenset({3, 4, 5})}


def test_what_must_be_shared_is_what_makes_an_edge(synthetic: ModuleType) -> None:
    """Whatever least weight is asked for, edges are those of the reference."""
    edited, _ = synthetic.near_copies(articles=40, characters=60, seed=3)
    spun, _ = synthetic.campaign(articles=40, share=0.7, common=0.4, characters=60)
    texts = list({fold(text): text for text in (*edited, *spun)}.values())
    keys = [naive.shingles(text) for text in texts]
    weighed = naive.weigh(keys)
    sets = [{key: weighed[key] for key in one} for one in keys]
    counts = []
    for evidence in (0.0, 20.0, 136.0):
        settings = Settings(evidence=evidence, frames=False, bucket_cap=1000, recall=0.9999, slots=4096)
        exact = naive.pairs(sets, settings.threshold, evidence=evidence)
        found = {tuple(sorted(pair)): similarity for pair, similarity in edges(dedup.cluster(texts, settings))}
        assert found == exact
        counts.append(len(exact))
    assert counts[0] > counts[2] > 10


@pytest.fixture(scope="module")
def books() -> dict[str, list[list[str]]]:
    """Two unrelated texts of 100,000 characters, as words, in Chinese and in English."""
    made = script("bench/evidence_texts.py")
    return {
        lang: [made.vocabulary(lang).of_length(100_000, made.random("test", lang, number)) for number in range(2)]
        for lang in ("zh", "en")
    }


@pytest.mark.parametrize(("lang", "glue"), [("zh", ""), ("en", " ")])
def test_long_texts_are_told_apart_and_found(books: dict[str, list[list[str]]], lang: str, glue: str) -> None:
    """What two books share by chance is little; an edition of one, and half of it, belong to it.

    Among four texts alone hardly anything says which English words are common; among 3,000 it is less by a half.
    """
    one, other = books[lang]
    edition = [word if place % 20 else other[place] for place, word in enumerate(one[: len(other)])]
    texts = [glue.join(words) for words in (one, edition, one[len(one) // 4 : 3 * len(one) // 4], other)]
    found = dedup.cluster(texts)
    assert groups(found) == {frozenset(range(3))}
    assert found.explain(0, 3).similarity < 0.08


def test_what_is_said_again_and_again_is_itself(examples: dict[str, str]) -> None:
    """An article repeated to the length of a book is no longer than it is."""
    text = examples["bridge-original"]
    assert dedup.similarity(text, text * 200) > 0.98
    assert groups(dedup.cluster([text, text * 200, examples["night-train"] * 300])) == {frozenset({0, 1})}


def test_passages_add_up_with_frames_and_in_long_texts(
    books: dict[str, list[list[str]]], examples: dict[str, str], seeded: Callable[[int, int], str]
) -> None:
    """The similarity of every edge is that of its explanation, which is the sum of its passages' weights."""
    one, footer = "".join(books["zh"][0][:8_000]), seeded(1, 150)
    texts = [*examples.values(), one, one[3_000:], one[:5_000] + seeded(2, 9_000)]
    found = dedup.cluster([text + footer for text in texts])
    assert found.corpus.frames is not None
    assert len(found.pairs.left) > 10
    for i, j, similarity in zip(*(column.tolist() for column in found.pairs), strict=True):
        why = found.explain(i, j)
        assert why.similarity == pytest.approx(similarity, abs=1e-9)
        assert sum(passage.weight for passage in why.passages) == pytest.approx(similarity, abs=1e-9)
        assert not any(footer[:20] in text for passage in why.passages for text in why.texts(passage))


# --- stage by stage -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [Settings(), Settings.near_copies(), Settings(unit="word")], ids=repr)
def test_the_corpus_is_distinct_texts_by_fingerprint(settings: Settings) -> None:
    """Texts that fold alike are one, named by the first, in the order of fingerprints; those without letters none."""
    texts = ["手机卡", "easy money", None, "手機卡！", "", "EASY MONEY", "别的文章", "！？", "easy money"]
    corpus = represent(pa.chunked_array([pa.array(texts, pa.large_string())]), settings)
    assert sorted(corpus.first.tolist()) == [0, 1, 6]
    names = {0: 0, 3: 0, 1: 1, 5: 1, 8: 1, 6: 6}
    assert corpus.number.tolist() == [
        corpus.first.tolist().index(names[place]) if place in names else -1 for place in range(len(texts))
    ]
    prints = list(map(tuple, corpus.texts.prints[corpus.first].tolist()))
    assert prints == sorted(prints)
    assert corpus.sizes.tolist() == [len(fold(texts[place] or "")) for place in corpus.first.tolist()]


@pytest.mark.parametrize(
    "settings",
    [Settings(), Settings(threshold=0.05, prior_articles=50.0, max_df=0.5, width=9), Settings(weighted=False, width=5)],
    ids=["default", "other", "plain"],
)
def test_sets_and_edges_are_those_of_the_reference(examples: dict[str, str], settings: Settings) -> None:
    """From texts to edges, what the stages make of the examples is what plain Python makes of them."""
    texts = list(examples.values())
    keys = [naive.shingles(text, width=settings.width, weighted=settings.weighted) for text in texts]
    if settings.weighted:
        weighed = naive.weigh(keys, prior_articles=settings.prior_articles, max_df=settings.max_df)
    else:
        weighed = dict.fromkeys({key for one in keys for key in one}, 1.0)
    corpus = represent(pa.chunked_array([pa.array(texts, pa.large_string())]), settings)
    expected = [{key: weighed[key] for key in one} for one in keys]
    sets = corpus.sets(corpus.number)
    assert [
        dict(zip(sets.keys[begin:end].tolist(), sets.weigh(sets.keys[begin:end]).tolist(), strict=True))
        for begin, end in zip(sets.starts, sets.stops, strict=True)
    ] == expected
    found = connect(corpus, settings)
    names = corpus.first.tolist()
    lengths = [len(fold(text)) if settings.weighted else 0 for text in texts]
    exact = naive.pairs(expected, settings.threshold, lengths=lengths, evidence=settings.least_shared)
    assert len(exact) >= 2
    assert {
        tuple(sorted((names[i], names[j]))): similarity
        for i, j, similarity in zip(*(column.tolist() for column in found.edges), strict=True)
    } == exact
    edges = np.bincount((found.similarity * 100).astype(np.int64).clip(0, 99), minlength=100)
    assert (
        found.compared[int(settings.threshold * 100) + 1 :].tolist()
        == edges[int(settings.threshold * 100) + 1 :].tolist()
    )
    assert found.capped.tolist() == [False] * len(texts)


@pytest.mark.parametrize("threshold", [0.12, 0.4])
@pytest.mark.parametrize("weighted", [True, False])
def test_edges_are_exact_in_order_and_as_many_as_promised(
    synthetic: ModuleType, threshold: float, weighted: bool
) -> None:
    """Nothing under the threshold, every similarity exact, each pair once, and no more missing than may be."""
    edited, _ = synthetic.near_copies(articles=80, characters=200, seed=7)
    spun, _ = synthetic.campaign(articles=80, share=0.4, common=0.5, characters=200, seed=8)
    texts = list({fold(text): text for text in (*edited, *spun)}.values())
    settings = Settings(threshold=threshold, weighted=weighted, bucket_cap=1000, frames=False)
    keys = [naive.shingles(text, weighted=weighted) for text in texts]
    weighed = naive.weigh(keys) if weighted else dict.fromkeys({key for one in keys for key in one}, 1.0)
    sets = [{key: weighed[key] for key in one} for one in keys]
    exact = naive.pairs(sets, threshold, evidence=settings.least_shared)
    corpus = represent(pa.chunked_array([pa.array(texts, pa.large_string())]), settings)
    found = connect(corpus, settings)
    ends = list(zip(found.right.tolist(), found.left.tolist(), strict=True))
    assert ends == sorted(set(ends))
    assert (found.left < found.right).all()
    names = corpus.first.tolist()
    similarities = {
        tuple(sorted((names[i], names[j]))): similarity
        for (j, i), similarity in zip(ends, found.similarity.tolist(), strict=True)
    }
    assert similarities == {pair: exact[pair] for pair in similarities}
    shape = bands.choose(threshold, settings.slots, settings.recall)
    missed = sum(1 - shape.recall(similarity) + 0.015 for similarity in exact.values())
    assert len(exact) > 30
    assert len(exact) - len(similarities) <= missed + 4 * missed**0.5


def test_an_edge_at_the_threshold_is_an_edge() -> None:
    """Similarity equal to the threshold is enough, and less is not."""
    texts = pa.chunked_array([pa.array(["abcdefgh", "abcdefghij"], pa.large_string())])  # 4 of 6 shingles
    for threshold, many in ((2 / 3, 1), (np.nextafter(2 / 3, 1), 0)):
        settings = Settings(threshold=float(threshold), width=5, weighted=False)
        found = connect(represent(texts, settings), settings)
        assert found.similarity.tolist() == [2 / 3] * many


@pytest.mark.parametrize("settings", [Settings(slots=64), Settings(slots=64, weighted=False, seed=9)], ids=repr)
def test_signatures_are_those_of_the_reference(settings: Settings) -> None:
    """From texts to the lower halves of their signatures, in the order of the distinct texts, to the last bit."""
    texts = ["手机卡续费号码随机发放", "easy money easy money", "费", "手机卡续费号码"]
    keys = [naive.shingles(text, weighted=settings.weighted) for text in texts]
    weighed = naive.weigh(keys) if settings.weighted else dict.fromkeys({key for one in keys for key in one}, 1.0)
    corpus = represent(pa.chunked_array([pa.array(texts, pa.large_string())]), settings)
    signed = Signer(settings, corpus.weights).sign(corpus.texts, corpus.first, threads=2)
    for place, one in enumerate(keys):
        times = naive.sign({key: weighed[key] for key in one}, 64, settings.seed, alike=not settings.weighted)
        halves = np.array(times, np.float32).view(np.uint32).astype(np.uint16)
        assert signed[corpus.number[place]].tolist() == halves.tolist()


# --- what must not matter -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mixed(synthetic: ModuleType) -> list[str | None]:
    """300 articles: edited copies, a campaign, exact copies, missing and empty ones."""
    edited, _ = synthetic.near_copies(articles=130, characters=300, seed=5)
    spun, _ = synthetic.campaign(articles=140, share=0.4, common=0.4, characters=300, seed=6)
    return [*edited, *spun, *edited[:10], *spun[:10], None, "", "！？", None, *edited[:6]]


@pytest.fixture(scope="module")
def answer(mixed: list[str | None]) -> Clusters:
    """Their clusters, as the others must be; large enough to be worth comparing."""
    found = dedup.cluster(mixed, threads=1)
    assert len(found) > 10
    assert len(found[0]) > 50
    return found


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_articles_does_not_matter(mixed: list[str | None], answer: Clusters, seed: int) -> None:
    """Shuffled articles fall into the same clusters, with the same similarities to the last bit."""
    order = np.random.Generator(np.random.PCG64(seed)).permutation(len(mixed)).tolist()
    found = dedup.cluster([mixed[place] for place in order])
    assert {frozenset(order[member] for member in group) for group in groups(found)} == groups(answer)
    distinct = {(frozenset(mixed[i] or "" for i in pair), s) for pair, s in edges(found, order) if len(pair) > 1}
    assert distinct == {(frozenset(mixed[i] or "" for i in pair), s) for pair, s in edges(answer)}


def test_the_order_of_articles_does_not_matter_in_a_crowd(mixed: list[str | None]) -> None:
    """Who stands first in a full bucket is decided by the texts, so shuffling changes nothing there either."""
    settings = Settings(bucket_cap=8)
    found = dedup.cluster(mixed, settings)
    assert found.graph.capped.any()
    order = np.random.Generator(np.random.PCG64(3)).permutation(len(mixed)).tolist()
    shuffled = dedup.cluster([mixed[place] for place in order], settings)
    assert {frozenset(order[member] for member in group) for group in groups(shuffled)} == groups(found)


@pytest.mark.parametrize("threads", [1, 2, 3, None])
def test_threads_do_not_matter(mixed: list[str | None], answer: Clusters, threads: int | None) -> None:
    """Any number of threads gives the same table, byte for byte."""
    found = dedup.cluster(mixed, threads=threads)
    assert found.to_arrow().equals(answer.to_arrow())
    assert edges(found) == edges(answer)


@pytest.mark.parametrize("batch_bytes", [1, 1_000, 50_000])
def test_batches_of_texts_do_not_matter(
    monkeypatch: pytest.MonkeyPatch, mixed: list[str | None], answer: Clusters, batch_bytes: int
) -> None:
    """However the texts are split for folding, weighing and signing, the table is the same."""
    monkeypatch.setattr(shingles.Texts, "of", functools.partial(shingles.Texts.of, batch_bytes=batch_bytes))
    assert dedup.cluster(mixed, threads=2).to_arrow().equals(answer.to_arrow())


@pytest.mark.parametrize("most", [1, 1_000, 20_000])
def test_tiles_of_pairs_do_not_matter(
    monkeypatch: pytest.MonkeyPatch, mixed: list[str | None], answer: Clusters, most: int
) -> None:
    """However the pairs are split for verifying, the table is the same."""
    monkeypatch.setattr(pairs, "verify", functools.partial(pairs.verify, most=most))
    found = dedup.cluster(mixed, threads=2)
    assert found.to_arrow().equals(answer.to_arrow())
    assert edges(found) == edges(answer)


@pytest.mark.parametrize(
    ("module", "name", "value"),
    [
        (candidates, "PIECE", 1),
        (candidates, "PIECE", 1_000),
        (runs, "PART", 1),
        (runs, "PART", 1_000),
        (frequencies, "PARTS", 1),
        (frequencies, "PARTS", 1_024),
        (frequencies, "GROUP", 1),
    ],
)
def test_pieces_of_work_do_not_matter(
    monkeypatch: pytest.MonkeyPatch, mixed: list[str | None], answer: Clusters, module: Any, name: str, value: int
) -> None:
    """However weighing and meeting are split, the table is the same."""
    assert hasattr(module, name)
    monkeypatch.setattr(module, name, value)
    found = dedup.cluster(mixed, threads=2)
    assert found.to_arrow().equals(answer.to_arrow())
    assert edges(found) == edges(answer)


def test_chunks_of_the_column_do_not_matter(mixed: list[str | None], answer: Clusters) -> None:
    """A column in many chunks, some empty, some slices, is the same column."""
    whole = pa.array(["before", *mixed, "after"], pa.string())
    cuts = [1, 1, 2, 50, 51, 200, len(mixed) + 1]
    chunked = pa.chunked_array([whole.slice(begin, end - begin) for begin, end in pairwise(cuts)])
    assert dedup.cluster(chunked).to_arrow().equals(answer.to_arrow())


def test_copies_of_an_article_do_not_matter_to_the_others(mixed: list[str | None], answer: Clusters) -> None:
    """Any number of copies of some articles change neither the clusters of the rest nor a similarity."""
    found = dedup.cluster([*mixed, *mixed[:60], *[mixed[7]] * 500])
    count = len(mixed)
    assert {frozenset(group & set(range(count))) for group in groups(found)} - {
        frozenset([i]) for i in range(count)
    } == groups(answer)
    assert {edge for edge in edges(found) if max(edge[0]) < count} == edges(answer)


# --- progress -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 3])
def test_progress_is_told_stage_after_stage(mixed: list[str | None], threads: int) -> None:
    """A function hears of every long stage, in order, from its first step to the whole of it."""
    told: list[tuple[str, int, int]] = []
    found = dedup.cluster(mixed, threads=threads, progress=lambda *args: told.append(args))
    stages = [(name, list(steps)) for name, steps in groupby(told, key=lambda step: step[0])]
    assert [name for name, _ in stages] == ["fold", "frames", "weigh", "sign", "meet", "verify"]
    for _, steps in stages:
        total = steps[0][2]
        assert [0, *(done for _, done, _ in steps)] == sorted({0, *(done for _, done, _ in steps)})
        assert steps[-1][1] == total
        assert {whole for *_, whole in steps} == {total}
    assert list(found.seconds) == STAGES
    assert all(seconds >= 0 for seconds in found.seconds.values())


def test_a_bar_is_drawn_beside_the_result(examples: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """`progress=True` draws on the standard error stream, nothing on the standard output, and changes no result."""
    texts = list(examples.values())
    found = dedup.cluster(texts, progress=True)
    drawn = capsys.readouterr()
    assert drawn.out == ""
    assert "verify" in drawn.err
    for quiet in (None, False):
        assert dedup.cluster(texts, progress=quiet).labels.tolist() == found.labels.tolist()
    assert capsys.readouterr() == ("", "")


def test_an_error_in_the_progress_function_stops_the_work(examples: dict[str, str]) -> None:
    """What the caller's function raises reaches the caller: a way to cancel."""

    def cancel(stage: str, done: int, total: int) -> None:
        if stage == "sign":
            raise RuntimeError(f"cancelled at {done} of {total}")

    with pytest.raises(RuntimeError, match="cancelled at 1 of 1"):
        dedup.cluster(list(examples.values()), progress=cancel, threads=2)


@pytest.mark.parametrize("wrong", ["body", {"threshold": 0.5}, 0.5])
def test_settings_must_be_settings(examples: dict[str, str], wrong: Any) -> None:
    """A column's name or a threshold in the place of the settings is refused with what belongs there."""
    texts = list(examples.values())
    calls: list[Callable[[], Any]] = [
        lambda: dedup.cluster(texts, wrong),
        lambda: dedup.similarity(texts[0], texts[1], wrong),
    ]
    for call in calls:
        with pytest.raises(SettingsError, match=rf"Settings.*got {type(wrong).__name__}"):
            call()


@pytest.mark.parametrize("threads", [0, -1, 1.5, True, "2"])
def test_threads_must_be_a_whole_number(threads: Any) -> None:
    """A number of threads that cannot be is refused before any work."""
    with pytest.raises(SettingsError, match="threads must be a whole number of 1 or more"):
        dedup.cluster(["a"], threads=threads)


# --- scripts and odd texts ----------------------------------------------------------------------------------------

JAPANESE = "毎朝五時に港の市場が開きます。カツオとサバが並び、漁師たちは熱いコーヒーを飲みながら値段を決めます。"
KOREAN = "새벽 다섯 시에 시장이 문을 엽니다. 고등어와 갈치가 놓이고 어부들은 뜨거운 커피를 마시며 값을 정합니다."
ENGLISH = "The harbour market opens at five every morning, and fishermen set the price over a cup of hot coffee."
CHINESE = "港口的市场每天清晨五点开门，鲣鱼和鲭鱼摆满台面，渔民们一边喝着热咖啡一边商量价钱。"
DISGUISED = {
    JAPANESE: "毎朝５時に港の市場が開きます！ｶﾂｵとｻﾊﾞが並び 漁師たちは熱いｺｰﾋｰを飲みながら値段を決めます",
    KOREAN: unicodedata.normalize("NFD", KOREAN).replace(" ", "\u00a0"),
    ENGLISH: "“THE HARBOUR MARKET” opens at five every mor\u200bning – and "
    "ﬁshermen set the price over a cup of hot coffee!!",
    CHINESE: "港口的市場每天清晨五點開門。鰹魚和鯖魚擺滿檯面🐟漁民們一邊喝著熱咖啡一邊商量價錢",
}


def test_every_script_is_found_in_disguise() -> None:
    """Japanese, Korean, English and Chinese in other forms of the same characters are found, each with its own."""
    found = dedup.cluster([*DISGUISED.keys(), *DISGUISED.values()])
    assert found.labels.tolist() == [0, 1, 2, 3, 0, 1, 2, 3]
    for text in (KOREAN, ENGLISH):
        assert dedup.similarity(text, DISGUISED[text]) == 1
    for text in (JAPANESE, CHINESE):  # 五 and ５, 檯 and 台 are different characters
        assert dedup.similarity(text, DISGUISED[text]) > 0.7


@pytest.mark.parametrize("text", [JAPANESE, KOREAN, ENGLISH, CHINESE], ids=["ja", "ko", "en", "zh"])
@pytest.mark.parametrize("unit", ["char", "word"])
def test_an_edited_copy_is_found_in_every_script(text: str, unit: Any) -> None:
    """Half of a text and the whole of it are alike; the other texts are not."""
    settings = Settings(unit=unit)
    half = text[: len(text) * 2 // 3]
    others = [other for other in DISGUISED if other != text]
    assert dedup.cluster([text, half, *others], settings).labels.tolist() == [0, 0, 2, 3, 4]


def test_odd_texts_keep_their_place_and_are_nobodys_duplicate() -> None:
    """Empty, missing, blank, punctuation and emoji alone: each is by itself, however many there are."""
    odd = ["", None, "   \n\t", "！？…。", "🎈🎉", "🎈🎉", "\u200b\u200d", "", None, "\0", "\ufeff"]
    found = dedup.cluster(odd)
    assert found.labels.tolist() == list(range(len(odd)))
    assert found.sizes.tolist() == [1] * len(odd)
    assert len(found) == 0


def test_control_characters_do_not_matter() -> None:
    """NUL and other control characters are neither an end nor a difference."""
    found = dedup.cluster(["abc\0def ghi", "abcdef\x07ghi", "abc", "\0\0\0"])
    assert found.labels.tolist() == [0, 0, 2, 3]


def test_lone_surrogates_do_not_matter() -> None:
    """A broken emoji is replaced with a warning, and its article is still found."""
    with pytest.warns(DedupWarning, match="2 articles hold lone surrogates"):
        found = dedup.cluster([ENGLISH + "\ud83d", ENGLISH, "\udfff"])
    assert found.labels.tolist() == [0, 0, 2]


def test_short_texts_are_compared_whole() -> None:
    """A text narrower than a shingle is one shingle: equal to its like, unlike all else."""
    assert dedup.cluster(["a", "A!", "b", "茶", "茶。", "ab"]).labels.tolist() == [0, 0, 2, 3, 3, 5]


def test_texts_of_the_same_shingles_are_alike_at_any_threshold() -> None:
    """Two texts with one set of shingles, up to 64 of them, are similar by 1, and found at a threshold of 1."""
    texts = ["abcdefgh" * 5, "abcdefgh" * 8, "abcdefgi" * 5]
    assert dedup.cluster(texts, Settings(threshold=1.0)).labels.tolist() == [0, 0, 2]


EXTREMES = [
    Settings(),
    Settings.near_copies(),
    Settings(threshold=1.0),
    Settings(threshold=1e-9),
    Settings(linkage=0.0),
    Settings(linkage=1.0),
    Settings(width=1),
    Settings(width=255),
    Settings(slots=16),
    Settings(recall=0.999999),
    Settings(recall=0.000001),
    Settings(bucket_cap=8),
    Settings(prior_articles=0.0),
    Settings(prior_articles=1e12),
    Settings(max_df=1e-9),
    Settings(max_df=1.0),
    Settings(seed=2**32 - 1),
    Settings(weighted=False),
    Settings(unit="word"),
]
TEXTS = st.one_of(
    st.none(),
    st.text(max_size=30),
    st.text(alphabet="一二三四五六七abc，。 \0", max_size=40),
    st.sampled_from([JAPANESE, KOREAN, ENGLISH, CHINESE, "", "🎈", "a"]),
)


def check(texts: list[str | None], found: Clusters) -> None:
    """What holds for every result."""
    labels = found.labels
    assert labels.dtype == np.int64
    assert labels.shape == (len(texts),)
    assert all(0 <= label < len(texts) for label in labels)
    assert labels[labels].tolist() == labels.tolist()
    folded = [fold(text or "") for text in texts]
    by_text: dict[str, set[int]] = {}
    for i, text in enumerate(folded):
        if text:
            by_text.setdefault(text, set()).add(int(labels[i]))
        else:
            assert labels[i] == i
            assert found.sizes[i] == 1
    assert all(len(mine) == 1 for mine in by_text.values())
    assert sum(map(len, found)) == int((found.sizes > 1).sum())
    assert ((found.pairs.similarity > 0) & (found.pairs.similarity <= 1)).all()
    assert (found.pairs.left < found.pairs.right).all()


@pytest.mark.filterwarnings("ignore:.* slots find:dedup.errors.DedupWarning")
@given(st.lists(TEXTS, max_size=12), st.sampled_from(EXTREMES))
@hypothesis_settings(max_examples=250, deadline=None)
def test_any_texts_get_sane_labels(texts: list[str | None], settings: Settings) -> None:
    """Labels name a member, equal texts share one, empty texts keep their own: for any texts and settings."""
    check(texts, dedup.cluster(texts, settings, threads=1))


@pytest.mark.filterwarnings("ignore:.* slots find:dedup.errors.DedupWarning")
@pytest.mark.parametrize("settings", EXTREMES, ids=repr)
def test_the_ends_of_every_range_work(examples: dict[str, str], settings: Settings) -> None:
    """Every setting works at both ends of its range, on real text and its copy."""
    texts: list[str | None] = [*examples.values(), None, examples["tea-1"] + "！", ""]
    found = dedup.cluster(texts, settings)
    check(texts, found)
    assert found.threshold == settings.threshold
    assert found.linkage == settings.linkage


# --- much of it ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda n: pa.nulls(n, pa.string()), id="nulls"),
        pytest.param(lambda n: pa.array([""]).take(pa.array(np.zeros(n, np.int32))), id="empty"),
        pytest.param(pa.nulls, id="of no type"),
    ],
)
def test_a_million_empty_rows(make: Callable[[int], pa.Array]) -> None:
    """A million rows without text are a million articles by themselves, and hide no copy among them."""
    empty = make(1_000_000).cast(pa.string())
    found = dedup.cluster(pa.chunked_array([[ENGLISH], empty, [ENGLISH]]))
    assert np.flatnonzero(found.labels != np.arange(1_000_002)).tolist() == [1_000_001]
    assert found.labels[-1] == 0
    assert len(found) == 1


def test_an_article_of_fifty_megabytes(synthetic: ModuleType) -> None:
    """A text repeated over 50 MB is read, and is like the text once."""
    (article,), _ = synthetic.campaign(articles=1, share=0.0, common=0.0, characters=20_000)
    long = article * (FIFTY_MEGABYTES // len(article.encode()))
    settings = Settings(longest_text=FIFTY_MEGABYTES)
    assert dedup.cluster([ENGLISH, long, article], settings).labels.tolist() == [0, 1, 1]


def test_fifty_megabytes_of_one_or_two_characters() -> None:
    """One character for 50 MB and two in turns, whose shingles are one and two, are read like any other text."""
    one, two = "𠀀" * (FIFTY_MEGABYTES // 4), "𠀀𠀁" * (FIFTY_MEGABYTES // 8)
    found = dedup.cluster([one, two, "𠀁𠀀𠀁𠀀𠀁𠀀", ENGLISH], Settings.near_copies(longest_text=FIFTY_MEGABYTES))
    assert found.labels.tolist() == [0, 1, 1, 3]


def _coded(texts: list[str]) -> Any:
    return pa.array(texts).dictionary_encode()


def _runs(texts: list[str]) -> Any:
    return pa.RunEndEncodedArray.from_arrays(pa.array([1, 2, 3], pa.int32()), pa.array(texts, pa.string_view()))


def _joined(texts: list[str]) -> Any:
    return pa.table({"title": [text[:15] for text in texts], "body": [text[17:] for text in texts]})


@pytest.mark.parametrize("kind", [list, pa.array, pl.Series, _coded, _runs, _joined])
def test_a_text_that_is_too_long_is_left_out_and_told(kind: Callable[[list[str]], Any]) -> None:
    """It is as if it were missing, whatever holds it; bytes count, not characters."""
    texts = ["茶叶的故事" * 6, "茶叶的故事" * 7, "茶叶的故事" * 6]
    with pytest.warns(dedup.DedupWarning, match="a text has more than 100 bytes, the first is article 1"):
        found = dedup.cluster(kind(texts), Settings(longest_text=100), text="title,body" if kind is _joined else "text")
    assert found.labels.tolist() == [0, 1, 0]


# --- similarity ---------------------------------------------------------------------------------------------------


def test_similarity_of_two_texts(examples: dict[str, str]) -> None:
    """An edited copy is above 0.7, a rewrite between 0.12 and 0.3, another article below 0.08."""
    assert dedup.similarity(examples["bridge-original"], examples["bridge-copy"]) > 0.7
    assert 0.12 < dedup.similarity(examples["tea-1"], examples["tea-2"]) < 0.3
    assert dedup.similarity(examples["tea-1"], examples["night-train"]) < 0.08


@given(st.text(max_size=60), st.text(max_size=60), st.sampled_from(EXTREMES))
@hypothesis_settings(max_examples=150, deadline=None)
def test_similarity_is_symmetric(one: str, other: str, settings: Settings) -> None:
    """From either side it is the same number, in [0, 1]; 1 for a text with letters and itself, 0 for one without."""
    similarity = dedup.similarity(one, other, settings)
    assert similarity == dedup.similarity(other, one, settings)
    assert 0 <= similarity <= 1
    assert dedup.similarity(one, one, settings) == (1 if fold(one) else 0)
    assert dedup.similarity(one, "", settings) == 0
    if fold(one) and fold(one) == fold(other):
        assert settings.unit == "word" or similarity == 1


def test_similarity_without_weights_is_jaccard() -> None:
    """Plain Jaccard of runs of five letters, if that is what is asked for."""
    settings = Settings(width=5, weighted=False)
    one, other = "thequickbrownfox", "thequickredfox"
    a, b = ({text[k : k + 5] for k in range(len(text) - 4)} for text in (one, other))
    assert dedup.similarity(one, other, settings) == len(a & b) / len(a | b)


def test_similarity_is_near_that_in_a_cluster(examples: dict[str, str]) -> None:
    """With the prior alone it differs a little from what a run finds that counts its own articles."""
    texts = list(examples.values())
    for i, j, similarity in zip(*dedup.cluster(texts).pairs, strict=True):
        assert dedup.similarity(texts[i], texts[j]) == pytest.approx(similarity, abs=0.02)


def test_similarity_is_a_plain_number() -> None:
    """The result is a float of Python, for whoever writes it to JSON."""
    assert type(dedup.similarity(ENGLISH, ENGLISH[:50])) is float


@pytest.mark.parametrize("wrong", [5, None, b"bytes", float("nan"), ["text"], {"text": "text"}, True])
def test_similarity_is_of_strings(wrong: Any) -> None:
    """Anything but a string, on either side or on both, is refused with what was given."""
    for sides in ((wrong, "text"), ("text", wrong), (wrong, wrong)):
        with pytest.raises(InputError, match=type(wrong).__name__):
            dedup.similarity(*sides)


def test_a_recall_that_cannot_be_had_is_warned_of(examples: dict[str, str]) -> None:
    """Too few slots for the threshold: the run goes on and says what it will miss, and what to do."""
    with pytest.warns(DedupWarning, match="128 slots find .* of the pairs at a threshold of 0.003, .*raise slots"):
        dedup.cluster(list(examples.values()), Settings.near_copies(0.003))
