"""`dedup.cluster` with `within`, `across` and `within_days`: against all pairs, and on what only they can do."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from itertools import combinations
from types import ModuleType
from typing import Any

import naive
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from naive import partition

import dedup
from dedup.errors import DedupWarning, InputError, SettingsError
from dedup.results import Clusters
from dedup.settings import Settings

SETTINGS = {"weighted": Settings(), "plain": Settings(weighted=False, threshold=0.2, frames=False)}
Allowed = Callable[[int, int], bool]

TEXTS = {
    "Traditional": "碼頭邊的茶館每天清晨五點開門，老闆先把昨夜的炭火撥旺，再從井裡打上第一桶水，客人多半是等船的腳夫",
    "Simplified": "码头边的茶馆每天清晨五点开门，老板先把昨夜的炭火拨旺，再从井里打上第一桶水，客人多半是等船的脚夫",
    "Japanese": "港の茶屋は毎朝五時に店を開け、主人は昨夜の炭火をおこし、井戸の水を汲み、船を待つ客を迎える",
    "Korean": "부두 옆 찻집은 매일 새벽 다섯 시에 문을 열고 주인은 숯불을 살린 다음 우물에서 첫 물을 긷는다",
    "Arabic": "يفتح المقهى القريب من الرصيف أبوابه كل يوم في الخامسة فجرا ويوقد صاحبه الجمر ثم يسحب الماء من البئر",
    "Latin": "The tea house by the pier opens at five every morning and its keeper stirs the embers of last night",
    "with emoji": "🍵 The kettle 😀 sings on the stove while porters 👍🏽 wait for the first ferry of the day 🚢",
    "short": "茶",
}


def written(articles: int, seed: int, *, copies: bool = True) -> list[str]:
    """Articles of phrases, three of twelve that each has in common with some others; every fifth may be a copy."""
    rng = np.random.default_rng(seed)
    phrases = ["".join(map(chr, rng.integers(0x4E00, 0x5800, 40).tolist())) for _ in range(12)]
    found: list[str] = []
    for number in range(articles):
        if copies and number % 5 == 4:
            found.append(found[int(rng.integers(number))])
            continue
        own = "".join(map(chr, rng.integers(0x4E00, 0x5800, int(rng.integers(20, 120))).tolist()))
        found.append("。".join([*(phrases[i] for i in rng.choice(12, 3, replace=False).tolist()), own]))
    return found


def exact(found: Clusters, settings: Settings) -> dict[tuple[int, int], float]:
    """The similarity of every two articles, with the weights of this run; of copies 1."""
    corpus = found.corpus
    assert corpus is not None
    pairs = [pair for pair in combinations(range(len(corpus.number)), 2) if min(corpus.number[list(pair)]) >= 0]
    left, right = (corpus.number[list(side)] for side in zip(*pairs, strict=True))
    similarity = np.where(left == right, 1.0, corpus.similarities(left, right, evidence=settings.least_shared))
    return {pair: value for pair, value in zip(pairs, similarity.tolist(), strict=True) if value >= settings.threshold}


def groups(found: Clusters) -> set[frozenset[int]]:
    """The clusters of two or more articles, as sets of positions."""
    return {frozenset(cluster.members.tolist()) for cluster in found}


RULES: dict[str, tuple[str, ...]] = {
    "within": ("within",),
    "across": ("across",),
    "window": ("within_days", "date"),
    "within and window": ("within", "within_days", "date"),
    "across and window": ("across", "within_days", "date"),
    "all": ("within", "across", "within_days", "date"),
}
BEGIN = datetime(2025, 1, 1, tzinfo=UTC)


def rule(names: Iterable[str], articles: int, seed: int) -> tuple[dict[str, Any], Allowed]:
    """A rule by groups, sources and dates by chance, some of them missing, and which pairs it allows."""
    rng = np.random.default_rng(seed)
    ids = [None, *(uuid.UUID(int=number) for number in range(3))]
    group = [ids[number] for number in rng.integers(0, 4, articles).tolist()]
    source = [[None, "甲", "乙", 7][number] for number in rng.integers(0, 4, articles).tolist()]
    date = [None if day < 3 else BEGIN + timedelta(days=day) for day in rng.uniform(0, 60, articles).tolist()]
    given = {"within": group, "across": source, "within_days": 14.5, "date": date}

    def allowed(i: int, j: int) -> bool:
        one, other = date[i], date[j]
        near = one is not None and other is not None and abs(one - other) <= timedelta(days=14.5)
        mine = group[i] is not None and group[i] == group[j]
        others = source[i] is None or source[i] != source[j]
        return ("within" not in names or mine) and ("across" not in names or others) and ("date" not in names or near)

    return {name: given[name] for name in names}, allowed


@pytest.mark.filterwarnings("ignore::dedup.DedupWarning")
@pytest.mark.parametrize("kind", SETTINGS)
@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_edges_and_clusters_are_those_of_all_pairs(name: str, kind: str, seed: int) -> None:
    """Every pair that is allowed and at the threshold is an edge, and they are linked as the definition has it."""
    texts, settings = [*written(40, seed, copies=seed == 1), "", None], SETTINGS[kind]
    given, allowed = rule(RULES[name], len(texts), seed)
    found = dedup.cluster(texts, settings, **given)
    every = exact(dedup.cluster(texts, settings), settings)
    wanted = {pair: similarity for pair, similarity in every.items() if allowed(*pair)}
    assert len(wanted) < len(every)
    first = found.graph.first
    edges = found.graph.edges
    ends = np.sort(np.stack([first[edges.left], first[edges.right]]), axis=0)
    have = dict(zip(zip(*ends.tolist(), strict=True), edges.similarity.tolist(), strict=True))
    assert have.items() <= wanted.items()
    assert set(zip(*(side.tolist() for side in found.pairs[:2]), strict=True)) <= wanted.keys()
    missed = [pair for pair in wanted if set(pair) <= set(first.tolist()) and pair not in have]
    assert len(missed) <= 0.01 * len(wanted)

    expected, tied = naive.link(
        zip(edges.left.tolist(), edges.right.tolist(), edges.similarity.tolist(), strict=True),
        len(first),
        settings.threshold * settings.linkage,
        lambda i, j: allowed(int(first[i]), int(first[j])),
    )
    if tied:
        assert seed == 1 or kind == "plain"  # copies, and shares of few shingles, are equally alike
    else:
        assert partition(found.graph.distinct[found.labels[first]]) == expected


@pytest.mark.parametrize("script", TEXTS)
def test_copies_keep_to_the_rule_in_every_script(script: str) -> None:
    """Equal texts, however short, are joined where the rule allows it and nowhere else."""
    filler = ["雨", None, "", "😀", "\udc80 砚"]
    texts = [TEXTS[script]] * 6 + filler
    site = ["甲", "甲", "乙", "乙", "乙", "丙"] + ["甲"] * 5
    day = [f"2025-03-{day:02}" for day in (1, 2, 1, 9, 20, 2)] + ["2025-03-01"] * 5
    with pytest.warns(DedupWarning, match="lone surrogates"):
        assert groups(dedup.cluster(texts, within=site)) == {frozenset({0, 1}), frozenset({2, 3, 4})}
    with pytest.warns(DedupWarning, match="lone surrogates"):
        assert groups(dedup.cluster(texts, across=site)) == {frozenset(range(6))}
    with pytest.warns(DedupWarning, match="lone surrogates"):
        assert groups(dedup.cluster(texts, within_days=7, date=day)) == {frozenset({0, 1, 2, 3, 5})}
    with pytest.warns(DedupWarning, match="lone surrogates"):
        both = dedup.cluster(texts, within=site, within_days=1, date=day)
    assert groups(both) == {frozenset({0, 1})}


def test_copies_of_one_source_are_not_joined_for_being_equal() -> None:
    """Without a third nothing joins them; with one they are a cluster, whose pairs are those of different sources."""
    text, site = [TEXTS["Traditional"]] * 3, ["a", "a", "a"]
    assert groups(dedup.cluster(text, across=site)) == set()
    found = dedup.cluster([*text, TEXTS["Traditional"]], across=[*site, "b"])
    assert groups(found) == {frozenset(range(4))}
    assert [side.tolist() for side in found.pairs] == [[0, 1, 2], [3, 3, 3], [1.0, 1.0, 1.0]]
    assert found.to_representative.tolist() == [1.0] * 4
    assert found[0].similarity == 1.0
    assert len(found[0].texts(distinct=True)) == 1
    assert found.histogram.sum() == 3


def test_what_is_missing_is_told() -> None:
    """Without a group an article is alone; without a source it is compared with all; the warning counts them."""
    text = [TEXTS["Korean"]] * 3
    with pytest.warns(DedupWarning, match=r"2 articles have no group \(within\), the first is article 1"):
        assert groups(dedup.cluster(text, within=["a", None, ""])) == set()
    with pytest.warns(DedupWarning, match=r"1 article has no source \(across\): article 2"):
        assert groups(dedup.cluster(text, across=["a", "a", None])) == {frozenset({0, 1, 2})}
    with pytest.warns(DedupWarning, match="1 article has no date: article 0"):
        assert groups(dedup.cluster(text, within_days=1, date=[None, "2025-01-01", "2025-01-02"])) == {
            frozenset({1, 2})
        }


@pytest.mark.parametrize("kind", SETTINGS)
def test_a_rule_that_allows_all_changes_nothing(kind: str) -> None:
    """One group, or a window as long as time: labels, edges and clusters are those without a rule, to the last bit."""
    texts, settings = written(60, 4), SETTINGS[kind]
    plain = dedup.cluster(texts, settings)
    same_day = ["2025-01-01"] * 60
    for given in ({"within": ["x"] * 60}, {"within_days": 1e9, "date": same_day}, {"across": [None] * 60}):
        if "across" in given:
            with pytest.warns(DedupWarning, match="60 articles have no source"):
                found = dedup.cluster(texts, settings, **given)
        else:
            found = dedup.cluster(texts, settings, **given)
        assert found.labels.tolist() == plain.labels.tolist()
        assert all(one.tolist() == other.tolist() for one, other in zip(found.pairs, plain.pairs, strict=True))
        assert found.to_representative.tobytes() == plain.to_representative.tobytes()
        assert found.histogram.tolist() == plain.histogram.tolist()


def test_weights_are_those_of_all_articles() -> None:
    """A rule says who is compared, not how: a pair that is still compared has the similarity that it had."""
    texts = written(60, 5)
    plain = {pair[:2]: pair[2] for pair in zip(*(side.tolist() for side in dedup.cluster(texts).pairs), strict=True)}
    found = dedup.cluster(texts, within=[number % 3 for number in range(60)])
    here = {pair[:2]: pair[2] for pair in zip(*(side.tolist() for side in found.pairs), strict=True)}
    assert here and all(similarity == plain[pair] for pair, similarity in here.items() if pair in plain)
    assert found.explain(0, 1).similarity == dedup.cluster(texts).explain(0, 1).similarity


@pytest.mark.filterwarnings("ignore::dedup.DedupWarning")
@pytest.mark.parametrize("name", RULES)
def test_neither_order_nor_threads_nor_pieces_matter(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same articles in another order are in the same clusters, with one thread or two, in large steps or small."""
    texts = written(80, 6)
    given, _ = rule(RULES[name], 80, 6)
    found = dedup.cluster(texts, threads=2, **given)
    order = np.random.default_rng(0).permutation(80).tolist()
    other = {key: [value[i] for i in order] if isinstance(value, list) else value for key, value in given.items()}
    monkeypatch.setattr("dedup.stages.candidates.PIECE", 1)
    again = dedup.cluster([texts[i] for i in order], threads=1, **other)
    assert {frozenset(order[i] for i in cluster.members.tolist()) for cluster in again} == groups(found)


def test_another_threshold_keeps_to_the_rule() -> None:
    """`at` links the same allowed edges anew, and the mean is over allowed pairs still."""
    texts = written(60, 7)
    given, allowed = rule(("across",), 60, 7)
    with pytest.warns(DedupWarning):
        found = dedup.cluster(texts, **given)
    with pytest.warns(DedupWarning):
        direct = dedup.cluster(texts, Settings(threshold=0.3), **given)
    assert groups(found.at(0.3)) == groups(direct)
    assert all(allowed(*pair) for pair in zip(*(side.tolist() for side in found.at(0.3).pairs[:2]), strict=True))


def test_campaigns_reach_over_groups(examples: dict[str, str]) -> None:
    """A rule is for clusters: those of one operator are one campaign, in whatever groups they are."""
    names = sorted(examples)
    site = ["ab"[place % 2] for place in range(len(names))]
    found = dedup.cluster([{"id": name, "text": examples[name]} for name in names], within=site)
    assert {frozenset(cluster.ids.to_pylist()) for cluster in found} == {
        frozenset({"tea-1", "tea-3", "tea-5"}),
        frozenset({"tea-2", "tea-4"}),
    }
    assert found.campaigns()[0].ids.to_pylist() == ["tea-1", "tea-2", "tea-3", "tea-4", "tea-5"]


def test_a_column_of_a_frame_and_a_function() -> None:
    """Columns are named, and a function sees a row as a mapping; a table from a stream is read once."""
    frame = pd.DataFrame({"text": [TEXTS["Japanese"]] * 4, "url": ["https://a/1", "https://b/2", "https://a/3", "b:"]})
    site = lambda row: row["url"].split("/")[2] if "/" in row["url"] else None  # noqa: E731 - as a caller writes it
    with pytest.warns(DedupWarning, match=r"1 article has no group \(within\): article 3"):
        assert groups(dedup.cluster(frame, within=site)) == {frozenset({0, 2})}
    table = pa.table(
        {"text": [TEXTS["Arabic"]] * 3, "site": ["a", "b", "a"], "on": ["2025-01-01", "2025-01-02", "2025-01-09"]}
    )
    assert groups(dedup.cluster(table.to_reader(), within="site")) == {frozenset({0, 2})}
    assert groups(dedup.cluster(table, within_days=1.0, date="on")) == {frozenset({0, 1})}
    rows = iter(table.to_pylist())
    assert groups(dedup.cluster(rows, across="site")) == {frozenset({0, 1, 2})}


def test_a_crowd_of_one_group_hides_nobody(synthetic: ModuleType) -> None:
    """Of a template with more copies than `bucket_cap` at one site, those of another site are found all the same."""
    texts, number = synthetic.campaign(300, share=0.9, seed=3)
    mine = np.flatnonzero(number == 0)
    site = ["crowd"] * 300
    site[mine[0]] = site[mine[-1]] = "other"
    assert frozenset({int(mine[0]), int(mine[-1])}) in groups(dedup.cluster(texts, within=site))
    assert len(dedup.cluster(texts, across=site).pairs.left) == 2 * (len(mine) - 2)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"within": "site"}, InputError, "no article has 'site'"),
        ({"within": ["a"]}, InputError, "within has 1 values for 2 articles"),
        ({"within_days": 3}, SettingsError, "needs dates"),
        ({"within_days": 3, "date": ["gestern", "heute"]}, InputError, "date of article 0 is 'gestern'"),
    ],
)
def test_a_rule_that_cannot_be_kept(given: dict[str, Any], error: type[Exception], message: str) -> None:
    """It is an error, and nothing is compared."""
    with pytest.raises(error, match=message):
        dedup.cluster(["eins", "zwei"], **given)


def test_no_articles() -> None:
    """There may be none, or none with a text."""
    assert len(dedup.cluster([], within=[])) == 0
    assert len(dedup.cluster([], across="site")) == 0
    assert dedup.cluster([None, ""], across=["a", "b"]).labels.tolist() == [0, 1]


def test_what_is_asked_of_such_a_run_goes_by_its_rules() -> None:
    """Copies of two sites are two texts there: what is dropped is as similar as it says, and so are audited pairs."""
    texts = written(40, 5)
    rows = [{"id": place, "text": text, "site": place % 3} for place, text in enumerate(texts)]
    rules: list[dict[str, Any]] = [{"within": "site"}, {"across": "site"}]
    for rule in rules:
        found = dedup.cluster(rows, SETTINGS["plain"], **rule)
        assert found.corpus is not None
        gone = found.keep("longest").dropped
        assert len(gone) > 3
        number = found.corpus.number
        for one in gone:
            pair = np.sort(number[[one.id, one.kept]])
            alike = 1.0 if pair[0] == pair[1] else float(found.corpus.similarities(pair[:1], pair[1:])[0])
            assert one.similarity == pytest.approx(alike)
        audit = found.audit(pairs=20, by="site")
        left, right = (number[found.graph.first[side]] for side in audit.sampled[:2])
        ends = np.sort(np.stack([left, right]), axis=0)
        alike = found.corpus.similarities(*ends)
        assert audit.sampled.similarity.tolist() == pytest.approx(np.where(ends[0] == ends[1], 1.0, alike).tolist())
