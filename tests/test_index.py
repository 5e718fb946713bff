"""`dedup.Index`: articles remembered one by one; one suite for the folder on this host and for Redis."""

from __future__ import annotations

import datetime
import decimal
import random
import threading
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import combinations, permutations
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import dedup
from dedup.errors import DedupWarning, FileError, InputError, RejectsError, SettingsError
from dedup.index import Change
from dedup.index.on_disk import layers
from dedup.index.on_disk.segments import Segment
from dedup.nightly.outputs import WITH_CAMPAIGNS

NEAR = dedup.Settings.near_copies()
TEA = [f"tea-{number}" for number in range(1, 6)]

Open = Callable[..., dedup.Index]


def sets(clusters: Iterable[dedup.Cluster]) -> set[frozenset[str]]:
    """Clusters as sets of ids."""
    return {frozenset(ids(cluster)) for cluster in clusters}


def ids(cluster: dedup.Cluster) -> list[str]:
    """The articles of a cluster, the oldest first."""
    found: list[str] = cluster.ids.to_pylist()
    return found


def new(cluster: str | None) -> dedup.Seen:
    """What is seen of an article that nothing before it is like."""
    return dedup.Seen(is_duplicate=False, cluster=cluster, campaign=cluster)


def copy_of(id_: str) -> dedup.Seen:
    """What is seen of a copy of this article, which is alone."""
    return dedup.Seen(is_duplicate=True, cluster=id_, campaign=id_, nearest=(dedup.Near(id_, 1.0),))


def pairs(clusters: set[frozenset[str]]) -> set[tuple[str, str]]:
    """Who is in one cluster."""
    return {pair for cluster in clusters for pair in combinations(sorted(cluster), 2)}


def batch_sets(articles: dict[str, str], settings: dedup.Settings | None = None) -> set[frozenset[str]]:
    """What clustering all of them at once gives."""
    found = dedup.cluster([{"id": id_, "text": text} for id_, text in articles.items()], settings)
    return {frozenset(cluster.ids.to_pylist()) for cluster in found}


def copies(synthetic: ModuleType, articles: int, seed: int = 0, characters: int = 300) -> dict[str, str]:
    """Synthetic articles, 30 % of them in groups of edited copies."""
    texts, _ = synthetic.near_copies(articles, characters, seed=seed)
    return {f"https://example.com/{seed}/{number}": text for number, text in enumerate(texts)}


# --- the main job -----------------------------------------------------------------------------------------------------


def test_rewrites_are_known_again(start: Open, examples: dict[str, str]) -> None:
    """The example articles, one by one: five rewrites and two copies are found, the others are new."""
    index = start()
    seen = {id_: index.add(id_, text) for id_, text in examples.items()}
    assert sets(index.clusters()) == {frozenset(TEA), frozenset({"bridge-copy", "bridge-original"})}
    assert [id_ for id_, one in seen.items() if one.is_duplicate] == ["bridge-original", *TEA[1:]]
    assert seen["tea-2"].nearest[0].id == "tea-1"
    assert seen["bridge-original"].nearest[0].similarity > 0.7
    assert {seen[id_].cluster for id_ in TEA} == {index.cluster_of("tea-3")}
    assert index.check().ok


def test_the_seeds_end_in_one_cluster_in_any_order(tmp_path: Path, seeds: list[str]) -> None:
    """Five articles with hardly a shingle in common, in each order of two of them and in many of all."""
    for number, order in enumerate([*permutations(range(5))][::9]):
        with dedup.Index(tmp_path / str(number)) as index:
            for seed in order:
                index.add(f"seed-{seed}", seeds[seed])
            assert sets(index.clusters()) == {frozenset(f"seed-{seed}" for seed in range(5))}


def test_the_seeds_are_found_on_either_store(start: Open, seeds: list[str]) -> None:
    """As above, on both stores, with a copy in between."""
    index = start()
    for number, text in enumerate([*seeds[:3], f"{seeds[0]} !", *seeds[3:]]):
        index.add(str(number), text)
    assert sets(index.clusters()) == {frozenset("012345")}


@pytest.mark.parametrize("seed", range(3))
def test_the_seeds_are_found_among_others(tmp_path: Path, seeds: list[str], clean: list[str], seed: int) -> None:
    """Somewhere among two thousand clean articles, in batches of any size."""
    order = random.Random(seed)
    articles = [(f"clean-{n}", text) for n, text in enumerate(order.sample(clean, 2000))]
    for number, text in enumerate(seeds):
        articles.insert(order.randrange(len(articles)), (f"seed-{number}", text))
    with dedup.Index(tmp_path / "index") as index:
        while articles:
            size = order.choice([1, 2, 50, 400])
            index.add_many(*zip(*articles[:size], strict=True))
            del articles[:size]
        assert frozenset(f"seed-{number}" for number in range(5)) in sets(index.clusters())


def test_clean_articles_stay_apart(tmp_path: Path, clean: list[str]) -> None:
    """One by one, they leave no cluster larger than twice what clustering all at once leaves."""
    chinese = [text for text in clean if sum("\u4e00" <= c <= "\u9fff" for c in text[:2000]) > 200]
    with dedup.Index(tmp_path / "index") as index:
        for number, text in enumerate(chinese):
            index.add(str(number), text)
        largest = max(map(len, index.clusters()))
        assert largest <= 2 * max(len(cluster) for cluster in dedup.cluster(chinese))


def test_near_copies_are_those_of_the_batch(start: Open, synthetic: ModuleType) -> None:
    """Without weights, adding one by one in any order gives what clustering all at once gives."""
    articles = copies(synthetic, 400)
    index = start(NEAR)
    for id_ in random.Random(1).sample(sorted(articles), len(articles)):
        index.add(id_, articles[id_])
    assert sets(index.clusters()) == batch_sets(articles, NEAR)
    assert index.check().ok


def test_batches_are_those_of_one_by_one(start: Open, synthetic: ModuleType) -> None:
    """In batches of any size, with the members of a group in one batch or in several."""
    articles, order = copies(synthetic, 400), random.Random(2)
    index, left = start(NEAR), list(articles)
    while left:
        size = order.choice([1, 3, 64, 200])
        index.add_many(left[:size], [articles[id_] for id_ in left[:size]])
        del left[:size]
    assert sets(index.clusters()) == batch_sets(articles, NEAR)
    assert index.check().ok


def test_weighed_anew_it_is_the_batch(start: Open, synthetic: ModuleType) -> None:
    """`reweigh` gives what clustering all at once gives, with the default settings."""
    spun = {f"spun-{n}": text for n, text in enumerate(synthetic.spun(12, seed=3).texts)}
    articles = copies(synthetic, 150) | spun
    index = start()
    index.add_many(list(articles), list(articles.values()))
    before = {id_: index.cluster_of(id_) for id_ in spun}
    index.reweigh()
    assert sets(index.clusters()) == batch_sets(articles)
    assert index.stats().weights_version == 2
    assert {id_: index.cluster_of(id_) for id_ in spun} == before
    assert index.check().ok
    assert index.add("later", f"{spun['spun-3']} 。").is_duplicate
    assert index.check().ok


def test_weighing_anew_tells_of_every_cluster_that_changes(tmp_path: Path, clean: list[str]) -> None:
    """Whoever follows `changes` knows which clusters to ask for again."""
    with dedup.Index(tmp_path / "index") as index:
        for number, text in enumerate(clean[:600]):
            index.add(str(number), text)
        before, since = {ids(cluster)[0]: ids(cluster) for cluster in index.clusters(1)}, index.last_change
        index.reweigh()
        after = {ids(cluster)[0]: ids(cluster) for cluster in index.clusters(1)}
        changed = {cluster for cluster in before.keys() | after if before.get(cluster) != after.get(cluster)}
        told = {cluster for change in index.changes(since) for cluster in (change.old, change.new)}
        assert changed and changed <= told
        assert index.check().ok


def test_both_stores_answer_alike(tmp_path: Path, redis_url: str, synthetic: ModuleType) -> None:
    """The same calls, the same answers: additions, batches, updates, removals."""
    articles = copies(synthetic, 300, seed=5) | {f"s{n}": t for n, t in enumerate(synthetic.spun(9, seed=4).texts)}
    order = random.Random(3)
    with dedup.Index(tmp_path / "index") as one, dedup.Index(redis_url) as two:
        for id_ in order.sample(sorted(articles), 150):
            assert one.add(id_, articles[id_]) == two.add(id_, articles[id_])
        some = order.sample(sorted(articles), 200)
        assert list(one.add_many(some, [articles[x] for x in some])) == list(
            two.add_many(some, [articles[x] for x in some])
        )
        for id_ in order.sample(sorted(articles), 80):
            assert one.remove(id_) == two.remove(id_)
        for id_ in order.sample(sorted(articles), 40):
            assert one.add(id_, articles["s1"] + id_) == two.add(id_, articles["s1"] + id_)
            assert one.query(articles[id_]) == two.query(articles[id_])
        assert list(map(str, one.clusters())) == list(map(str, two.clusters()))
        assert list(one.changes()) == list(two.changes())
        assert one.to_arrow() == two.to_arrow()
        assert one.check().problems == two.check().problems == []


# --- ids, copies, updates ---------------------------------------------------------------------------------------------


def test_a_copy_is_known_whatever_it_looks_like(start: Open) -> None:
    """Case, width, Traditional and punctuation do not matter; the nearest is the first that had the text."""
    index = start()
    assert index.add("a", "續費手機卡，輕鬆搞定") == new("a")
    assert index.add("b", "续费手机卡,轻松搞定!") == copy_of("a")
    assert index.add("c", "续费手机卡 轻松搞定") == copy_of("a")
    assert index.query("续费手机卡轻松搞定").nearest == (dedup.Near("a", 1.0),)
    assert index.cluster_of("c") == "a" and ids(index.cluster("b")) == ["a", "b", "c"]


def test_an_article_may_join_two_clusters(start: Open, synthetic: ModuleType) -> None:
    """The older name lives, the join is recorded, and the other name leads there, too."""
    left, right = (text[:400] for text in synthetic.near_copies(2, 600, seed=8)[0])
    index = start(dedup.Settings.near_copies(0.3))
    assert index.add("left", left) == new("left") and index.add("right", right) == new("right")
    since = index.last_change
    both = index.add("both", left + right)
    assert both.cluster == "left" and {near.id for near in both.nearest} == {"left", "right"}
    assert ids(index.cluster("left")) == ids(index.cluster("right")) == ["left", "right", "both"]
    assert [change[1:] for change in index.changes(since)] == [
        ("added", "both", None, "left"),
        ("joined", None, "right", "left"),
    ]


def test_a_bridge_that_goes_splits_its_cluster(start: Open, synthetic: ModuleType) -> None:
    """The part with the oldest article keeps the name, the other is called by its own oldest."""
    left, right = (text[:400] for text in synthetic.near_copies(2, 600, seed=8)[0])
    index = start(dedup.Settings.near_copies(0.3))
    for id_, text in (("left", left), ("both", left + right), ("right", right)):
        index.add(id_, text)
    since = index.last_change
    assert index.remove("both")
    assert index.cluster_of("left") == "left" and index.cluster_of("right") == "right"
    assert [change[1:] for change in index.changes(since)] == [
        ("removed", "both", "left", None),
        ("split", None, "left", "right"),
    ]
    assert index.check().ok


def test_a_cluster_is_called_by_its_oldest_article(start: Open) -> None:
    """Which may go or get another text: then by the next, which is told; with its last article it has ended."""
    index = start()
    for id_ in "abc":
        index.add(id_, "树上的鸟儿成双对")
    since = index.last_change
    index.remove("a")
    assert {index.cluster_of(id_) for id_ in "bc"} == {"b"}
    moved = index.add("b", "绿水青山带笑颜")
    assert (moved.cluster, moved.replaced, index.cluster_of("c")) == ("b", True, "c")
    index.remove("b")
    assert [change[1:] for change in index.changes(since)] == [
        ("removed", "a", "a", None),
        ("renamed", None, "a", "b"),
        ("removed", "b", "b", None),
        ("renamed", None, "b", "c"),
        ("removed", "b", "b", None),
        ("ended", None, "b", None),
    ]
    assert index.check().ok


def test_an_article_that_comes_again_takes_the_place_of_the_earlier_one(start: Open) -> None:
    """Where its text is another, in another call or in the same; all rows are told what the last one is."""
    index = start()
    assert not index.add("a", "第一篇文章说的是春天").replaced
    assert not index.add("a", "第一篇文章说的是春天").replaced and index.add("a", "第二篇文章说的是夏天").replaced
    again = (
        ["a", "b", "b", "b"],
        ["第三篇文章说的是秋天", "第四篇文章说的是冬天", "又一篇别的文章", "第三篇文章说的是秋天"],
    )
    added = index.add_many(*again)
    assert added.replaced == 2 and not added.rejected
    assert [one and (one.replaced, one.is_duplicate) for one in added] == [(True, False), *[(True, True)] * 3]
    assert len(set(added[1:])) == 1 and len(index) == 2
    added = index.add_many(["c", "c", "b"], ["第五篇文章说的是山", "第五篇文章说的是山", again[1][-1]])
    assert (added.replaced, added.unchanged, [one and one.unchanged for one in added]) == (0, 1, [False, False, True])
    assert index.check().ok


def test_an_updated_article_is_replaced(start: Open, examples: dict[str, str]) -> None:
    """Under the same id another text: the old one is forgotten, and its cluster is right."""
    index = start()
    for id_ in TEA:
        index.add(id_, examples[id_])
    assert not index.add("tea-2", "风筝是怎样做成的，老人慢慢讲给孩子听").is_duplicate
    assert sets(index.clusters()) == {frozenset(TEA) - {"tea-2"}}
    assert index.add("tea-2", examples["tea-2"]).is_duplicate
    assert sets(index.clusters()) == {frozenset(TEA)}
    assert len(index) == 5 and index.check().ok


def test_the_same_article_again_changes_nothing(start: Open, examples: dict[str, str]) -> None:
    """It is no duplicate of itself, nor of those that came after it, and nothing is recorded."""
    index = start()
    assert index.add("tea-1", examples["tea-1"]) == new("tea-1")
    assert index.add("tea-1", examples["tea-1"]) == replace(new("tea-1"), unchanged=True)
    index.add("tea-2", examples["tea-2"])
    last = index.last_change
    again = index.add("tea-1", examples["tea-1"])
    assert not again.is_duplicate and [near.id for near in again.nearest] == ["tea-2"]
    assert index.add("tea-2", examples["tea-2"]).is_duplicate
    assert index.last_change == last and not list(index.changes(last))


def test_the_first_article_stays_the_first_when_it_is_updated(start: Open, examples: dict[str, str]) -> None:
    """It is no duplicate of its own rewrites; another one that is updated is."""
    index = start()
    for id_ in TEA[:4]:
        index.add(id_, examples[id_])
    assert not index.add("tea-1", examples["tea-5"]).is_duplicate
    assert index.add("tea-3", examples["tea-1"]).is_duplicate
    assert index.check().ok


def test_only_what_is_no_duplicate_may_be_added(start: Open, examples: dict[str, str]) -> None:
    """A copy or rewrite that is here for the first time is told and left out; what is there is updated."""
    index = start()
    seen = [index.add_unless_duplicate(id_, examples[id_]) for id_ in ("tea-1", "tea-2", "bridge-original")]
    assert [one.kind for one in seen] == ["new", "duplicate", "new"] and seen[1].duplicate_of == "tea-1"
    assert "tea-2" not in index and len(index) == 2
    assert index.add_unless_duplicate("tea-1", examples["tea-1"]).kind == "unchanged"
    assert index.add_unless_duplicate("bridge-original", examples["tea-3"]).kind == "changed"
    assert index.add_unless_duplicate("🙂", None).kind == "new"
    assert ids(index.cluster("tea-1")) == ["tea-1", "bridge-original"] and index.check().ok


def test_copies_are_removed_one_by_one(start: Open) -> None:
    """A text lives as long as any article has it."""
    index = start()
    for id_ in "abc":
        index.add(id_, "树上的鸟儿成双对")
    assert index.remove("a") and not index.remove("a")
    assert ids(index.cluster("c")) == ["b", "c"]
    assert index.add("d", "树上的鸟儿成双对").nearest == (dedup.Near("b", 1.0),)
    for id_ in "bcd":
        index.remove(id_)
    assert len(index) == 0 and index.check().ok
    assert not index.query("树上的鸟儿成双对").is_duplicate
    with pytest.raises(InputError, match="there is no article 'a'"):
        index.cluster("a")


def test_a_page_that_changes_often_hides_no_other(start: Open, synthetic: ModuleType) -> None:
    """However many of its former texts share a bucket, a rewrite of what is there now is found, before and after."""
    (base,) = synthetic.near_copies(1, 1500, seed=7)[0]
    index, other = start(NEAR), start()
    for number in range(300):
        index.add("home", f"{base}今天是第{number}天")
    assert index.add("mirror", f"{base}转载").nearest[0].id == "home"
    assert other.query(f"{base}转载了").is_duplicate
    index.compact()
    assert index.query(f"{base}转载了").is_duplicate and index.check().ok


def test_what_goes_after_compacting_is_passed_over_by_others_too(tmp_path: Path, synthetic: ModuleType) -> None:
    """Another process that has the folder open learns of texts that were dropped after it was compacted."""
    (base,) = synthetic.near_copies(1, 1500, seed=7)[0]
    with dedup.Index(tmp_path / "index", NEAR) as one, dedup.Index(tmp_path / "index") as other:
        for number in range(200):
            one.add("home", f"{base}今天是第{number}天")
        assert other.query(f"{base}转载").is_duplicate
        one.compact()
        for number in range(200, 350):
            one.add("home", f"{base}今天是第{number}天")
            assert other.query(f"{base}转载").is_duplicate


def test_another_process_misses_no_removal_when_the_index_is_compacted(tmp_path: Path, synthetic: ModuleType) -> None:
    """Of what it did not hear of before the rows that tell of it were deleted it hears, too."""
    (base,) = synthetic.near_copies(1, 1500, seed=7)[0]
    with dedup.Index(tmp_path / "index", NEAR) as one, dedup.Index(tmp_path / "index") as other:
        for number in range(300):
            other.add("home", f"{base}今天是第{number}天")
        for _ in range(2):
            one.remove("home")
            one.compact()
            assert other.add("mirror", f"{base}转载").nearest == ()
            assert other.query(f"{base}转载了").nearest[0].id == "mirror"
            one.add("home", f"{base}今天")
            one.remove("mirror")


def test_compacting_takes_in_what_others_have_written(
    tmp_path: Path, synthetic: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Texts that another process wrote and removed are in no segment afterwards."""
    monkeypatch.setattr(layers, "TEXTS", 16)
    texts = synthetic.near_copies(60, 300, seed=8)[0]
    with dedup.Index(tmp_path / "index", NEAR) as one, dedup.Index(tmp_path / "index") as other:
        for number, text in enumerate(texts):
            other.add(str(number), text)
        for number in range(len(texts) - 1):
            other.remove(str(number))
        other.close()
        one.compact()
    held = [Segment(path).numbers.tolist() for path in (tmp_path / "index").glob("*.segment")]
    assert sum(map(len, held)) <= 1


@pytest.mark.parametrize("order", ["oldest first", "at random"])
def test_what_is_left_of_a_family_stays_together(start: Open, synthetic: ModuleType, order: str) -> None:
    """A text is compared with a few of its cluster; when those go, the ones that they held together are compared."""
    (base,) = synthetic.near_copies(1, 600, seed=9)[0]
    rng, index = random.Random(5), start(NEAR)
    for number in range(60):
        letters = list(base)
        for place in rng.sample(range(len(base)), 6):
            letters[place] = chr(rng.randint(0x4E00, 0x9FA5))
        index.add(str(number), "".join(letters))
    going = [*range(55)] if order == "oldest first" else rng.sample(range(60), 55)
    for number in going:
        index.remove(str(number))
        assert len(set(index.to_arrow()["cluster"].to_pylist())) == 1
    assert index.check().ok


def test_two_ids_swap_their_texts(start: Open, synthetic: ModuleType) -> None:
    """In one batch: neither text is forgotten."""
    one, two = synthetic.near_copies(2, 300, seed=6)[0]
    index = start(NEAR)
    index.add_many(["a", "b"], [one, two])
    index.add_many(["a", "b"], [two, one])
    assert index.query(one).nearest == (dedup.Near("b", 1.0),)
    assert index.query(two).nearest == (dedup.Near("a", 1.0),)
    assert index.check().ok


def test_changes_tell_the_whole_story(start: Open, synthetic: ModuleType) -> None:
    """Whoever applies all changes in order has the articles and clusters of the index."""
    articles, order = copies(synthetic, 120, seed=9), random.Random(4)
    index, since, known = start(NEAR), 0, dict[str, str]()
    for step in range(6):
        some = order.sample(sorted(articles), 40)
        index.add_many(some, [articles[order.choice([id_, *some[:5]])] + "，" * step for id_ in some])
        for id_ in order.sample(sorted(articles), 20):
            index.remove(id_)
        changes = list(index.changes(since))
        for change in sorted(changes, key=lambda change: change.kind == "added"):  # they tell where articles are now
            follow(known, change)
        since = max(change.number for change in changes)
        assert since == index.last_change
        groups = defaultdict(set)
        for id_, cluster in zip(*(index.to_arrow()[name].to_pylist() for name in ("id", "cluster")), strict=True):
            groups[cluster].add(id_)
        assert dict(groups) == {
            cluster: {id_ for id_, own in known.items() if own == cluster} for cluster in set(known.values())
        }


def follow(known: dict[str, str], change: Change) -> None:
    """Apply a change; where a cluster was split, only the index knows who went."""
    if change.kind == "added":
        assert change.id is not None and change.new is not None
        known[change.id] = change.new
    elif change.kind == "removed":
        assert change.id is not None
        known.pop(change.id, None)
    elif change.kind in {"joined", "renamed"}:
        assert change.new is not None
        known.update({id_: change.new for id_, cluster in known.items() if cluster == change.old})
    else:
        assert change.kind == "ended" and change.old not in known.values()


# --- input ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [None, "", "  \n", "……！！", "🎉🎉", "\u200b"])
def test_a_text_without_characters_is_nobodys_duplicate(start: Open, text: str | None) -> None:
    """It is remembered, alone, and can be replaced and removed."""
    index = start()
    assert index.add("a", text) == new("a")
    assert index.add("b", text) == new("b")
    assert not index.query(text or "").is_duplicate
    assert index.add("a", "终于有了内容的一篇文章") == replace(new("a"), replaced=True)
    assert index.remove("b") and len(index) == 1 and index.check().ok


@pytest.mark.parametrize(
    "text",
    ["今日はとても良い天気ですね、散歩に行きましょう", "오늘은 날씨가 정말 좋네요 산책을 갑시다",
     "A day in the hills with friends", "手机eSIM套餐2026年全解析", "Погода сегодня хороша, пойдём гулять",
     "좋아요👍🏽是的👨‍👩‍👧", "ab", "中"],
)  # fmt: skip
def test_every_script(start: Open, text: str) -> None:
    """A copy in another case and with other marks is a copy."""
    index = start()
    assert not index.add("a", text).is_duplicate
    assert index.add("b", f"«{text.upper()}»!").nearest == (dedup.Near("a", 1.0),)


def test_lone_surrogates_are_mended(start: Open) -> None:
    """They are replaced, which is told, and the article is kept."""
    index = start()
    with pytest.warns(DedupWarning, match="lone surrogates"):
        index.add("a", "坏掉的\ud800字符在这里")
    assert index.query("坏掉的字符在这里").is_duplicate
    with pytest.raises(InputError, match="valid Unicode"):
        index.add("\ud800", "文章")


@pytest.mark.parametrize("id_", ["", None, float("nan"), b"", ["a"], {"a": 1}, "nul\x00", b"nul\x00"])
def test_an_id_of_no_use_is_refused(start: Open, id_: Any) -> None:
    """The message says what was given and what is allowed."""
    index = start()
    with pytest.raises(InputError, match="an id must"):
        index.add(id_, "文章")
    assert len(index) == 0 and id_ not in index


def test_a_number_may_be_an_id(start: Open) -> None:
    """It is taken as its digits."""
    index = start()
    index.add(7, "第七篇文章的内容")
    assert "7" in index and 7 in index and 7.0 in index and index.remove("7")


def test_an_id_of_any_type_is_its_text(start: Open) -> None:
    """As in files and in a run: a UUID, a date, a decimal, bytes, a truth value, one by one and in a column."""
    index, name = start(), uuid.UUID(int=7)
    ids = [name, datetime.date(2024, 5, 1), decimal.Decimal("7.50"), b"abc", True]
    assert not index.add_many(ids, [f"第{place}篇文章的内容各不相同" for place in range(5)]).rejected
    for id_, text in zip(ids, (str(name), "2024-05-01", "7.5", "abc", "true"), strict=True):
        assert id_ in index and text in index and index.remove(id_)
    index.add_many(pa.array([7.0, None]), ["第七篇文章的内容", "没有编号的文章"])
    assert "7" in index and len(index) == 1


def test_a_bad_row_costs_nothing_else(start: Open, examples: dict[str, str]) -> None:
    """It is reported with its row and the reason, and the others are added."""
    index = start()
    added = index.add_many(
        ["tea-1", None, "tea-2", "number", "tea-3", "tea-3"],
        [examples["tea-1"], "x", examples["tea-2"], 5, "früher", examples["tea-3"]],
    )
    assert [(one.row, one.id) for one in added.rejected] == [(1, None), (3, "number")]
    assert [one and one.is_duplicate for one in added] == [False, None, True, None, True, True]
    assert "got int" in added.rejected[1].reason
    assert len(index) == 3 and repr(added) == "<Added: 6 rows, 3 duplicates, 1 replaced, 2 rejected>"


def test_a_batch_of_bad_rows_raises(start: Open) -> None:
    """Nobody takes it for a batch that was added; the error has every row."""
    index = start()
    with pytest.raises(RejectsError, match="all 2 rows were rejected, the first is row 0, None: ") as raised:
        index.add_many([None, "number"], ["一篇文章", 5])
    assert [(one.row, one.id) for one in raised.value.rejected] == [(0, None), (1, "number")]
    assert not len(index)
    assert repr(index.add_many([], [])) == "<Added: 0 rows, 0 duplicates, 0 replaced, 0 rejected>"


@pytest.mark.parametrize("kind", [list, tuple, pa.array, np.array, pa.chunked_array, iter])
def test_columns_of_every_kind(start: Open, kind: Callable[..., Any]) -> None:
    """Lists, arrays, Arrow."""
    index, texts = start(), ["第一篇文章说的是茶", "第二篇文章说的是酒"]
    made = [kind([values]) if kind is pa.chunked_array else kind(values) for values in (["a", "b"], texts)]
    assert len(index.add_many(*made)) == 2 == len(index)


def test_bad_batches_are_refused(start: Open) -> None:
    """Nothing of them is added."""
    index = start()
    with pytest.raises(InputError, match="2 ids and 1 texts"):
        index.add_many(["a", "b"], ["x"])
    with pytest.raises(InputError, match="must be lists or columns"):
        index.add_many("ab", ["x", "y"])
    with pytest.raises(InputError, match="must be a string"):
        index.query(3)
    with pytest.raises(InputError, match="no article 'z'"):
        index.cluster_of("z")
    assert list(index.add_many([], [])) == [] and len(index) == 0 and not index.remove("z")


# --- opening ----------------------------------------------------------------------------------------------------------


def test_it_remembers_when_opened_again(start: Open, examples: dict[str, str]) -> None:
    """Its settings, its articles, its clusters and its changes."""
    settings = dedup.Settings(threshold=0.13)
    index = start(settings)
    index.add_many(TEA[:3], [examples[id_] for id_ in TEA[:3]])
    changes = list(index.changes())
    index.close()
    again = start()
    assert again.settings == settings and list(again.changes()) == changes
    assert again.add("tea-4", examples["tea-4"]).is_duplicate
    assert again.check().ok


def test_other_settings_are_refused(start: Open, place: str) -> None:
    """The message names what differs and what to do."""
    start(dedup.Settings(threshold=0.13)).close()
    with pytest.raises(SettingsError, match=r"has threshold 0.13, not 0.092; leave settings out"):
        dedup.Index(place, dedup.Settings())
    with pytest.raises(SettingsError, match="store_texts=True"):
        dedup.Index(place, store_texts=False)
    with pytest.raises(SettingsError, match="settings must be"):
        dedup.Index(place, 0.7)
    assert start(dedup.Settings(threshold=0.13)).settings.threshold == 0.13


def test_nothing_is_created_unasked(place: str) -> None:
    """With `create=False` an index that is not there is an error."""
    with pytest.raises(FileError, match="no index at"):
        dedup.Index(place, create=False)


def test_another_address_is_no_folder() -> None:
    """An address of a kind that there is no store for is refused, not made a folder."""
    with pytest.raises(InputError, match=r"a folder of a local disk.* or at redis://"):
        dedup.Index("http://example.com/index")


def test_fitted_weights_are_kept(start: Open, place: str, synthetic: ModuleType) -> None:
    """Signatures are weighed by a sample, now and when opened again; other weights are refused."""
    articles = copies(synthetic, 200, seed=11)
    fitted = dedup.fit(list(articles.values())[:100])
    index = start(weights=fitted)
    index.add_many(list(articles), list(articles.values()))
    assert index.check().ok
    index.close()
    again = start(weights=fitted)
    assert again.check().ok and again.query(articles["https://example.com/11/3"]).is_duplicate
    with pytest.raises(SettingsError, match="other weights"):
        dedup.Index(place, weights=dedup.fit(list(articles.values())[100:]))
    with pytest.raises(SettingsError, match=r"what dedup\.fit gives"):
        dedup.Index(place, weights=1)
    with pytest.raises(SettingsError, match="no weights to be fitted"):
        dedup.fit(["文章"], NEAR)


def test_without_texts_it_judges_by_the_estimate(start: Open, synthetic: ModuleType) -> None:
    """Near copies are found as well; what needs texts says so."""
    articles = copies(synthetic, 600, seed=12, characters=600)
    index = start(dedup.Settings.near_copies(0.6), store_texts=False)
    index.add_many(list(articles), list(articles.values()))
    expected, found = pairs(batch_sets(articles, dedup.Settings.near_copies(0.6))), pairs(sets(index.clusters()))
    assert len(found & expected) >= 0.8 * len(expected)
    assert len(found & expected) >= 0.75 * len(found)
    assert index.check().ok
    for call in (index.reweigh, lambda: index.explain("a", "b"), lambda: next(iter(index.texts()))):
        with pytest.raises(InputError, match="store_texts=False"):
            call()  # type: ignore[operator]


def test_two_objects_see_each_other(start: Open, examples: dict[str, str]) -> None:
    """What one has added the other knows at once, also after `reweigh`."""
    one = start()
    one.add("tea-1", examples["tea-1"])
    two = start()
    assert two.add("tea-2", examples["tea-2"]).is_duplicate
    assert one.add("tea-3", examples["tea-3"]).nearest[0].id in {"tea-1", "tea-2"}
    two.reweigh()
    assert one.add("tea-4", examples["tea-4"]).is_duplicate
    assert two.add("tea-5", examples["tea-5"]).is_duplicate
    assert sets(one.clusters()) == sets(two.clusters()) == {frozenset(TEA)}
    assert one.check().ok and two.check().ok


def test_threads_may_share_it(start: Open, synthetic: ModuleType) -> None:
    """All articles are there, and every one was compared with those before it."""
    articles = copies(synthetic, 120, seed=13)
    index = start(NEAR)
    ids = list(articles)
    workers = [
        threading.Thread(target=lambda part=ids[k::4]: [index.add(id_, articles[id_]) for id_ in part])
        for k in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sets(index.clusters()) == batch_sets(articles, NEAR) and index.check().ok


# --- asking -----------------------------------------------------------------------------------------------------------


def test_looking_changes_nothing(start: Open, examples: dict[str, str]) -> None:
    """`query` says what `add` would."""
    index = start()
    for id_ in TEA[:4]:
        index.add(id_, examples[id_])
    last, seen = index.last_change, index.query(examples["tea-5"])
    assert seen.is_duplicate and seen.cluster == "tea-1" and len(seen.nearest) == 4
    assert index.query("与此无关的一句话而已") == new(None)
    assert index.last_change == last and len(index) == 4


def test_it_explains_two_articles(start: Open, examples: dict[str, str]) -> None:
    """The passages add up to the similarity by which the two are an edge today."""
    index = start()
    for id_ in TEA:
        index.add(id_, examples[id_])
    why = index.explain("tea-1", "tea-4")
    assert sum(passage.weight for passage in why.passages) == pytest.approx(why.similarity)
    assert why.similarity > 0.12 and why.names == ("tea-1", "tea-4")
    assert any("古树茶饼" in why.texts(passage)[0] for passage in why.passages)


def test_tables_and_texts(start: Open, examples: dict[str, str]) -> None:
    """Every article with its cluster, and with its text."""
    index = start()
    index.add_many(list(examples), list(examples.values()))
    table = index.to_arrow()
    assert table.column_names == WITH_CAMPAIGNS.names and table["id"].to_pylist() == list(examples)
    sizes = dict(zip(table["id"].to_pylist(), table["size"].to_pylist(), strict=True))
    assert sizes["tea-3"] == 5 and sizes["bridge-copy"] == 2 and min(sizes.values()) == 1
    texts = pa.Table.from_batches(index.texts())
    assert dict(zip(texts["id"].to_pylist(), texts["text"].to_pylist(), strict=True)) == examples
    stats = index.stats()
    assert (stats.articles, stats.texts) == (len(examples), len(examples)) and sum(stats.bytes.values()) > 0
    assert stats.to_dict()["settings"]["threshold"] == 0.092


def test_what_was_removed_can_be_given_back(start: Open, synthetic: ModuleType) -> None:
    """`compact` changes no answer."""
    articles = copies(synthetic, 200, seed=14)
    index = start()
    index.add_many(list(articles), list(articles.values()))
    for id_ in list(articles)[::2]:
        index.remove(id_)
    before = sets(index.clusters())
    index.compact()
    assert sets(index.clusters()) == before and len(index) == 100 and index.check().ok


# --- anything goes ----------------------------------------------------------------------------------------------------

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, 11), st.integers(0, 39)),
        st.tuples(st.just("remove"), st.integers(0, 11), st.just(0)),
        st.tuples(st.just("many"), st.integers(0, 11), st.integers(0, 39)),
    ),
    max_size=30,
)


@given(steps=STEPS)
@hypothesis_settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_any_story_ends_well(tmp_path_factory: pytest.TempPathFactory, synthetic: ModuleType, steps: Any) -> None:
    """After any additions, batches, updates and removals the clusters are those of the articles there are."""
    texts = list(copies(synthetic, 40, seed=15).values())
    there: dict[str, str] = {}
    with dedup.Index(tmp_path_factory.mktemp("story") / "index", NEAR) as index:
        for kind, id_, text in steps:
            if kind == "add":
                index.add(str(id_), texts[text])
                there[str(id_)] = texts[text]
            elif kind == "remove":
                assert index.remove(str(id_)) == (there.pop(str(id_), None) is not None)
            else:
                some = {str(k): texts[(text + k) % 40] for k in range(id_)}
                index.add_many(list(some), list(some.values()))
                there |= some
        assert sets(index.clusters()) == batch_sets(there, NEAR)
        assert index.check().problems == []
        assert sorted(index.to_arrow()["id"].to_pylist()) == sorted(there)


@pytest.mark.parametrize("settings", [dedup.Settings(), dedup.Settings.near_copies()], ids=["default", "near"])
def test_many_queries_are_answered_as_one_by_one(
    start: Callable[..., dedup.Index], synthetic: ModuleType, settings: dedup.Settings
) -> None:
    """Known texts, new ones, copies of each other, missing and empty ones; nothing is added."""
    texts = synthetic.near_copies(120, 300, seed=6)[0]
    index = start(settings=settings)
    index.add_many([f"a{n}" for n in range(80)], texts[:80])
    asked = [*texts[60:], texts[90], "", "!?", *texts[:3]]
    many = index.query_many([*asked, None], threads=2)
    assert many == [index.query(text) for text in [*asked, ""]]
    assert any(seen.is_duplicate for seen in many[20:60])
    assert len(index) == 80
    assert index.query_many([]) == []
    assert index.query_many(pa.array(asked)) == many[:-1]
    with pytest.raises(dedup.InputError, match="a text must be a string or None, got int"):
        index.query_many(["x", 3])


@pytest.mark.parametrize("kind", ["Arrow", "Arrow views", "Arrow runs", "Polars", "pandas"])
def test_columns_of_lists_and_of_any_layout_are_added(start: Open, kind: str) -> None:
    """Of a list each string is a line; a missing list is a missing text; lists in a list are refused."""
    lists = [["渡輪因颱風停航，返鄉旅客改搭列車", "車站大廳擠滿了人潮"], None, ["連絡船は台風のため欠航した"]]
    plain = [one and "\n".join(one) for one in lists]
    runs = pa.RunEndEncodedArray.from_arrays(pa.array([1, 2, 3], pa.int32()), pa.array(plain, pa.string_view()))
    texts: Any = {
        "Arrow": pa.array(lists),
        "Arrow views": pa.array(plain, pa.string_view()),
        "Arrow runs": runs,
        "Polars": pl.Series(lists),
        "pandas": pd.Series(lists),
    }[kind]
    index = start()
    assert index.add_many(["a", "b", "c"], texts).rejected == []
    assert index.query_many(texts) == index.query_many(plain)
    assert index.query(lists[0][0] + lists[0][1]).cluster == "a"
    assert [row.reason for row in index.add_many(["d", "e"], ["x", ["a", "b"]]).rejected] == [
        "a text must be a string or None, got list"
    ]


def test_an_index_is_asked_in_which_articles_a_text_stands(start: Open, synthetic: ModuleType) -> None:
    """A quotation, in the other script too, in pages that are not like it; removed ones and phrases are not told."""
    texts = synthetic.near_copies(60, 400, seed=8)[0]
    quote = texts[50][100:190]
    index = start()
    pages = [
        "".join(texts[:20]) + quote.replace("国", "國") + texts[20],
        texts[21] + quote,
        *texts[22:40],
        texts[41] + quote,
    ]
    index.add_many([f"a{n}" for n in range(len(pages))], pages)
    index.remove(f"a{len(pages) - 1}")
    seen = index.query(quote, by="containment")
    assert seen.is_duplicate
    assert {near.id for near in seen.nearest} == {"a0", "a1"}
    assert all(near.similarity == pytest.approx(1) for near in seen.nearest)
    assert seen.cluster in {"a0", "a1"}
    half = index.query(quote[:45] + texts[55][:45], by="containment", threshold=0.3)
    assert {near.id for near in half.nearest} == {"a0", "a1"}
    assert all(0.3 < near.similarity < 0.7 for near in half.nearest)
    for nothing in ("", "!?", quote[:12], texts[56]):
        assert index.query(nothing, by="containment") == dedup.Seen(is_duplicate=False, cluster=None, campaign=None)
    with pytest.raises(SettingsError, match=r"for 80 % write 0\.8"):
        index.query(quote, by="containment", threshold=80)
    with pytest.raises(SettingsError, match="by must be 'containment'"):
        index.query(quote, threshold=0.8)


def test_an_index_without_runs_or_texts_says_so(start: Open, tmp_path: Path) -> None:
    """And what to do instead."""
    with pytest.raises(InputError, match="by='containment'"):
        start(settings=NEAR).query("渡口", by="containment")
    with (
        dedup.Index(tmp_path / "none", store_texts=False) as index,
        pytest.raises(InputError, match="cannot look for quotations in this index"),
    ):
        index.query("渡口", by="containment")


def test_a_secret_seed(start: Open) -> None:
    """It is drawn once and kept: what is found is found again when the index is opened; nobody is told what it is."""
    near = "".join(map(chr, range(0x4E00, 0x4E00 + 400)))
    with start(settings=dedup.Settings(seed="secret")) as index:
        index.add("a", near)
        keys = index.settings.signature_seed
        with pytest.raises(SettingsError, match="has seed 'secret', not 1; leave settings out"):
            start(settings=dedup.Settings())
    with start(settings=dedup.Settings(seed="secret")) as index:
        assert index.settings.signature_seed == keys
        assert [one.id for one in index.query(near[20:]).nearest] == ["a"]
        index.reweigh()
        assert index.settings.signature_seed == keys and index.check().ok
        assert [one.id for one in index.query(near[20:]).nearest] == ["a"]
        assert index.stats().to_dict()["settings"]["seed"] == "secret"
