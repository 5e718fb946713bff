"""Campaigns in the index: what one operator made is found as it comes, and lasts; one suite for both stores."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import numpy as np
import pytest

import dedup
from dedup.errors import InputError
from dedup.index import CampaignMembers, marks
from dedup.index.campaigning import Campaigning
from dedup.index.clustering import Plan, number_groups
from dedup.index.judge import Judge
from dedup.index.store import Place, Reader

CLUSTERS, EACH, UNRELATED = 3, 5, 60
SIZE = CLUSTERS * EACH
HANDLES = ["@yunlu_tea_shop", "@qinghe_cards"]

Open = Callable[..., dedup.Index]
Articles = dict[str, str]


def written(synthetic: ModuleType, operator: int, *, shared: bool = True) -> Articles:
    """Articles of an operator: three templates, a handle, and a passage that all share."""
    passage = synthetic.spun(1, seed=50 + operator).texts[0][:300] if shared else ""
    return {
        f"{operator}-{template}-{number}": f"{passage}\n{own}\n详情请看 {HANDLES[operator]}"
        for template in range(CLUSTERS)
        for number, own in enumerate(synthetic.spun(EACH, sections=5, seed=100 + 10 * operator + template).texts)
    }


@pytest.fixture(scope="module")
def operators(synthetic: ModuleType) -> list[Articles]:
    """The articles of two operators."""
    return [written(synthetic, operator) for operator in range(len(HANDLES))]


@pytest.fixture(scope="module")
def unrelated(synthetic: ModuleType) -> Articles:
    """Articles that have nothing to do with each other or with an operator."""
    texts = synthetic.campaign(UNRELATED, share=0.0, characters=900, seed=7)[0]
    return {f"alone-{number}": text for number, text in enumerate(texts)}


@pytest.fixture(scope="module")
def foreign(synthetic: ModuleType) -> Articles:
    """Articles of others in which the first operator's handle stands."""
    texts = synthetic.campaign(6, share=0.0, characters=900, seed=21)[0]
    return {f"foreign-{number}": f"{text[:300]} {HANDLES[0]} {text[300:]}" for number, text in enumerate(texts)}


@pytest.fixture(scope="module")
def a_little_alike(synthetic: ModuleType) -> list[str]:
    """Three articles with a handle and a short passage in common: too little for a cluster."""
    passage = synthetic.spun(1, seed=3).texts[0][:90]
    own = synthetic.campaign(3, share=0.0, characters=1300, seed=5)[0]
    return [f"{passage}\n{text} {HANDLES[0]}" for text in own]


def shuffled(*parts: Mapping[str, str], seed: int = 0) -> list[tuple[str, str]]:
    """Ids and texts of all of them in some order."""
    rows = [row for part in parts for row in part.items()]
    random.Random(seed).shuffle(rows)
    return rows


def sets(found: Iterable[CampaignMembers]) -> set[frozenset[str]]:
    """Campaigns as sets of ids."""
    return {frozenset(one.ids) for one in found}


# --- the main job -----------------------------------------------------------------------------------------------------


def test_an_operator_is_one_campaign(start: Open, operators: list[Articles], unrelated: Articles) -> None:
    """Added one by one among others: his clusters and lone articles, and nobody else's."""
    index = start()
    rows = shuffled(*operators, unrelated)
    seen = {id_: index.add(id_, text) for id_, text in rows}
    assert sets(index.campaigns()) == {frozenset(one) for one in operators}
    for campaign in index.campaigns():
        names = [index.cluster_of(cluster.ids[0].as_py()) for cluster in campaign.clusters]
        assert len(names) > 1 and names == [cluster.ids[0].as_py() for cluster in campaign.clusters]
        assert names == [id_ for id_, _ in rows if id_ in names] and campaign.campaign == names[0]
        assert {index.campaign_of(id_) for id_ in campaign.ids} == {campaign.campaign}
        assert all(index.campaign(id_).ids == campaign.ids for id_ in campaign.ids)
        last = next(id_ for id_, _ in reversed(rows) if id_ in campaign.ids)
        assert seen[last].campaign == campaign.campaign
    for id_ in unrelated:
        assert seen[id_].campaign == seen[id_].cluster == index.campaign_of(id_)
    assert len(list(index.campaigns(least=1))) == len(operators) + len(unrelated)
    assert index.check().ok


def test_a_batch_has_the_campaigns_of_one_by_one(
    start: Open, tmp_path: Path, operators: list[Articles], unrelated: Articles
) -> None:
    """In the same order, with the same numbers; and with any number of threads."""
    rows = shuffled(*operators, unrelated, seed=3)
    with dedup.Index(tmp_path / "single") as single:
        for id_, text in rows:
            single.add(id_, text)
        expected = sets(single.campaigns())
    index = start()
    ids, texts = zip(*rows, strict=True)
    seen = index.add_many(ids[:40], texts[:40], threads=2)
    seen = [*seen, *index.add_many(ids[40:], texts[40:], threads=1)]
    assert sets(index.campaigns()) == expected == {frozenset(one) for one in operators}
    later = {id_: one for id_, one in zip(ids[40:], seen[40:], strict=True) if one}
    assert {one.campaign for id_, one in later.items() if id_[0] in "01"} <= {c.campaign for c in index.campaigns()}
    assert index.check().ok


def test_a_query_says_the_campaign_it_would_get(start: Open, operators: list[Articles], unrelated: Articles) -> None:
    """Of a lone article of the operator by its handle, of a rewrite by its cluster; nothing is written."""
    index = start()
    ours = list(operators[0].items())
    rows = shuffled(dict(ours[: 2 * EACH]), unrelated)
    index.add_many(*zip(*rows, strict=True))
    (campaign,) = index.campaigns()
    before = index.last_change
    lone = index.query(ours[-1][1])
    assert lone.campaign == campaign.campaign
    known = index.query(ours[0][1])
    assert known.cluster == index.cluster_of(ours[0][0]) and known.campaign == campaign.campaign
    stranger = index.query("一篇没有人见过的文章，讲的是山里的天气和河边的树")
    assert (stranger.cluster, stranger.campaign) == (None, None)
    assert index.query("").campaign is None
    assert index.last_change == before and [one.ids for one in index.campaigns()] == [campaign.ids]
    assert index.add(*ours[-1]).campaign == lone.campaign


def test_a_foreign_handle_drags_nobody_in(
    start: Open, operators: list[Articles], foreign: Articles, unrelated: Articles
) -> None:
    """Who writes another's handle into his articles, but shares neither passages nor bodies, is not of his campaign."""
    index = start()
    for id_, text in shuffled(operators[0], foreign, unrelated, seed=1):
        index.add(id_, text)
    assert sets(index.campaigns()) == {frozenset(operators[0])}
    assert {index.campaign_of(id_) for id_ in foreign} == {index.cluster_of(id_) for id_ in foreign}


def test_what_two_hold_links_nothing(start: Open, a_little_alike: list[str]) -> None:
    """They may both have read it; the third article that holds it brings all of them together."""
    index = start()
    assert [index.add(str(number), text).campaign for number, text in enumerate(a_little_alike)] == ["0", "1", "0"]
    assert [index.cluster_of(str(number)) for number in range(3)] == ["0", "1", "2"]
    assert [index.campaign_of(str(number)) for number in range(3)] == ["0", "0", "0"]
    assert index.check().ok


def test_reweigh_finds_what_cluster_finds(start: Open, operators: list[Articles], foreign: Articles) -> None:
    """All evidence is looked at then, passages, too; ids stay, and a campaign keeps its name."""
    rows = shuffled(*operators, foreign, seed=2)
    index = start()
    index.add_many(*zip(*rows, strict=True))
    before = {frozenset(one.ids): one.campaign for one in index.campaigns()}
    index.reweigh()
    found = dedup.cluster([{"id": id_, "text": text} for id_, text in rows]).campaigns()
    assert sets(index.campaigns()) == {frozenset(one.ids.to_pylist()) for one in found.several}
    assert {frozenset(one.ids): one.campaign for one in index.campaigns()} == before
    assert index.check().ok


def test_reweigh_finds_campaigns_by_passages_alone(start: Open, synthetic: ModuleType, unrelated: Articles) -> None:
    """Clusters that share passages, with a handle each: these are left to reweigh, which needs no name."""
    own = {
        id_: text.replace(HANDLES[0], f"@own_{number}")
        for number, (id_, text) in enumerate(written(synthetic, 0).items())
    }
    rows = shuffled(own, unrelated)
    index = start()
    index.add_many(*zip(*rows, strict=True))
    index.reweigh()
    found = dedup.cluster([{"id": id_, "text": text} for id_, text in rows]).campaigns()
    assert sets(index.campaigns()) == {frozenset(one.ids.to_pylist()) for one in found.several}
    assert len(list(index.campaigns())) == 1


def test_without_texts_marks_are_kept(start: Open, a_little_alike: list[str], foreign: Articles) -> None:
    """Bodies are then compared by their signatures."""
    index = start(store_texts=False)
    index.add_many(*zip(*foreign.items(), strict=True))
    for number, text in enumerate(a_little_alike):
        index.add(str(number), text)
    assert sets(index.campaigns()) == {frozenset("012")}
    assert [len(cluster) for one in index.campaigns() for cluster in one.clusters] == [1, 1, 1]
    assert index.check().ok


def test_without_weights_a_campaign_is_a_cluster(start: Open, operators: list[Articles]) -> None:
    """There is no evidence beyond clusters then."""
    index = start(dedup.Settings.near_copies())
    seen = index.add_many(list(operators[0]), list(operators[0].values()))
    index.reweigh()
    assert list(index.campaigns()) == []
    assert all(one and one.campaign == one.cluster for one in seen)
    assert index.check().ok


def test_the_table_has_the_campaign(start: Open, operators: list[Articles], unrelated: Articles) -> None:
    """Of every article, in the order in which they were added."""
    rows = shuffled(operators[0], unrelated)
    index = start()
    index.add_many(*zip(*rows, strict=True))
    table = index.to_arrow().to_pydict()
    assert table["campaign"] == [index.campaign_of(id_) for id_, _ in rows]


# --- as time goes by --------------------------------------------------------------------------------------------------


def test_removal_takes_names_away(start: Open, operators: list[Articles], unrelated: Articles) -> None:
    """A campaign whose oldest cluster goes is called by the next; who comes when two are left is alone."""
    index = start()
    ours = list(operators[0].items())
    index.add_many(*zip(*[*ours, *unrelated.items()], strict=True))
    (campaign,) = index.campaigns()
    oldest, *others = [cluster.ids.to_pylist() for cluster in campaign.clusters]
    for id_ in oldest:
        index.remove(id_)
    (now,) = index.campaigns()
    assert [cluster.ids.to_pylist() for cluster in now.clusters] == others and now.campaign == others[0][0]
    assert index.check().ok
    with pytest.raises(InputError, match=f"there is no article '{campaign.campaign}'"):
        index.campaign(campaign.campaign)
    kept = now.ids[-1]
    for id_ in now.ids[:-1]:
        index.remove(id_)
    assert list(index.campaigns()) == []
    assert index.campaign_of(kept) == index.cluster_of(kept)
    alone = index.add("again", operators[0][oldest[0]])
    assert alone.campaign == alone.cluster
    assert index.check().ok


def test_an_update_takes_names_away(start: Open, operators: list[Articles], unrelated: Articles) -> None:
    """An article that comes again with another text is no more of the campaign, if that text is not."""
    index = start()
    index.add_many(*zip(*[*operators[0].items(), *unrelated.items()], strict=True))
    (before,) = index.campaigns()
    changed = before.ids[0]
    seen = index.add(changed, "一篇没有人见过的文章，讲的是山里的天气和河边的树，以及一座小镇的早晨")
    assert seen.campaign == seen.cluster
    (after,) = index.campaigns()
    assert set(after.ids) == set(before.ids) - {changed}
    assert index.check().ok


def test_campaigns_outlive_the_process(place: str, operators: list[Articles], unrelated: Articles) -> None:
    """Another object finds them, and goes on with them."""
    ours = list(operators[0].items())
    with dedup.Index(place) as index:
        index.add_many(*zip(*[*ours[:-1], *unrelated.items()], strict=True))
        (before,) = index.campaigns()
    with dedup.Index(place) as index:
        assert index.add(*ours[-1]).campaign == before.campaign
        (after,) = index.campaigns()
        assert set(after.ids) == {*before.ids, ours[-1][0]}
        index.compact()
        assert [one.ids for one in index.campaigns()] == [after.ids]
        assert index.check().ok
        assert sum(index.stats().bytes.values()) > 0


@pytest.mark.parametrize("seed", range(2))
def test_random_changes_keep_every_invariant(start: Open, operators: list[Articles], seed: int) -> None:
    """Adding, replacing and removing in any order."""
    order = random.Random(seed)
    texts = [text for one in operators for text in one.values()]
    index = start()
    for _ in range(12):
        ids = [str(order.randrange(30)) for _ in range(order.randrange(1, 8))]
        if order.random() < 0.3:
            for id_ in ids:
                index.remove(id_)
        else:
            index.add_many(list(dict.fromkeys(ids)), [order.choice(texts) for _ in dict.fromkeys(ids)])
        assert index.check().ok, index.check()


def test_check_tells_of_damage(tmp_path: Path, operators: list[Articles]) -> None:
    """Of a campaign that is told wrongly, and of marks that are not those of the text or of the list."""
    with dedup.Index(tmp_path / "index") as index:
        index.add_many(list(operators[0]), list(operators[0].values()))
        assert list(index.campaigns()) and index.check().ok
    with closing(sqlite3.connect(tmp_path / "index" / "index.sqlite")) as database, database:
        database.execute("INSERT INTO campaigns VALUES (7777, 1)")
        (cluster,) = database.execute("SELECT MIN(cluster) FROM campaigns").fetchone()
        database.execute("UPDATE campaigns SET campaign = 9999 WHERE cluster = ?", (cluster,))
        database.execute("UPDATE bodies SET marks = NULL WHERE number = 2")
    with dedup.Index(tmp_path / "index") as index:
        problems = "\n".join(index.check().problems)
    assert "cluster 7777 is in campaign 1, and is not there" in problems
    assert f"cluster {cluster} is in campaign 9999, which is not the number of its oldest cluster" in problems
    assert "text 2 does not have the marks that are stored" in problems
    assert "marks: 1 entries of texts that hold a mark are wrong or missing" in problems


@pytest.mark.parametrize("id_", [None, 1.5, True, "", "nobody", 7])
def test_a_campaign_is_asked_for_by_an_article(start: Open, id_: Any) -> None:
    """Anything else is refused, and so is one that is not there."""
    index = start()
    for ask in (index.campaign, index.campaign_of, index.cluster, index.cluster_of):
        with pytest.raises(InputError, match=r"an id must|there is no article '.*named by ids of articles"):
            ask(id_)


# --- clusters that change ---------------------------------------------------------------------------------------------


class _Stored:
    """A store of clusters of one text each, whose campaigns are given."""

    def __init__(self, campaigns: Mapping[int, int]) -> None:
        self._campaigns = campaigns

    def last(self) -> int:
        """There are fewer than a hundred."""
        return 99

    def campaigns(self, clusters: Iterable[int]) -> dict[int, int]:
        """Those that are given."""
        return {cluster: self._campaigns[cluster] for cluster in clusters if cluster in self._campaigns}

    def parts(self, campaign: int, most: int) -> list[int]:
        """Those that are given."""
        return sorted(cluster for cluster, one in self._campaigns.items() if one == campaign)[:most]

    def places(self, texts: Iterable[int]) -> dict[int, Place]:
        """Every text is its cluster."""
        return {text: Place(text, 1) for text in texts}

    def oldest(self, cluster: int, most: int) -> list[int]:
        """Every text is its cluster."""
        return [cluster][:most]

    def marks(self, texts: Iterable[int]) -> dict[int, marks.Marks]:
        """None."""
        del texts
        return {}

    def holders(self, names: Iterable[int], most: int) -> dict[int, list[int]]:
        """None."""
        del most
        return {name: [] for name in names}


@pytest.fixture(scope="module")
def columns(synthetic: ModuleType) -> Articles:
    """A site of twelve authors who have a handle each: all share a passage, and the handle of the editor."""
    passage = synthetic.spun(1, seed=3).texts[0][:90]
    own = synthetic.campaign(60, share=0.0, characters=1300, seed=5)[0]
    return {str(row): f"{passage}\n{text} @site_editor_x 作者 @author_no{row // 5}" for row, text in enumerate(own)}


def parts(index: dedup.Index) -> set[frozenset[str]]:
    """The campaigns of several clusters."""
    return {frozenset(one.ids) for one in index.campaigns()}


@pytest.mark.parametrize("size", [60, 30, 7, 1])
def test_what_everybody_holds_links_nobody(start: Open, columns: Articles, size: int) -> None:
    """However much of it comes at once: authors stay apart, but for those before anybody could tell."""
    index, names = start(), list(columns)
    for begin in range(0, len(names), size):
        some = names[begin : begin + size]
        index.add_many(some, [columns[name] for name in some])
    found = parts(index)
    assert max(map(len, found)) <= 20
    authors = [{int(id_) // 5 for id_ in one} for one in found]
    assert sum(len(some) == 1 for some in authors) >= 8
    assert index.check().ok


def test_articles_that_are_gone_make_no_name_rare(start: Open, columns: Articles) -> None:
    """Rarity is among the texts that are there, not among all that ever were."""
    index = start()
    index.add_many([f"gone-{k}" for k in range(2_000)], [f"暂时的一篇，编号{k}，马上删除" for k in range(2_000)])
    for k in range(2_000):
        index.remove(f"gone-{k}")
    for id_, text in columns.items():
        index.add(id_, text)
    assert max(map(len, parts(index))) < 30


@pytest.mark.parametrize("texts", [1, 4_095, 4_096, 20_000, 1_000_000])
def test_very_many_holders_are_counted_by_their_places(texts: int) -> None:
    """The first are from all over, so the last of them says how many there are."""
    places = sorted(marks.place_of(text) for text in range(1, texts + 1))[: marks.COUNTED]
    assert marks.counted(len(places), places[-1]) == pytest.approx(texts, rel=0.02)
    assert marks.counted(0, None) == 0


def carried(campaigns: Mapping[int, int], plan: Plan, gone: Iterable[int] = ()) -> dict[int, int]:
    """What is to be stored."""
    reader, judge = cast("Reader", _Stored(campaigns)), cast("Judge", None)
    found = Campaigning(reader, judge, plan, gone, {}, lambda: 0, lambda *_: pytest.fail("nothing is compared"))
    found.carry()
    return found.changed()


@pytest.mark.parametrize(
    ("campaigns", "groups", "were", "gone", "expected"),
    [
        ({}, [], {}, [], {}),
        ({}, [[3, 8]], {}, [], {3: 3, 8: 8}),
        ({8: 5, 3: 1}, [[3, 8]], {}, [], {5: 1, 8: 8}),
        ({8: 1, 9: 3}, [[3, 8]], {}, [], {3: 1, 8: 8, 9: 1}),
        ({8: 1}, [[8], [90]], {90: 8}, [], {90: 1}),
        ({}, [[8], [90]], {90: 8}, [], {8: 8, 90: 8}),
        ({5: 2, 7: 2}, [], {}, [2], {2: 2, 5: 5, 7: 5}),
        ({5: 2, 7: 2}, [], {}, [5], {5: 5}),
        ({5: 2, 7: 2}, [[4, 5]], {}, [2], {2: 2, 4: 4, 5: 5, 7: 4}),
        ({5: 2, 7: 2}, [[3]], {3: 2}, [2], {2: 2, 3: 3, 5: 3, 7: 3}),
        ({5: 2}, [[6]], {6: 5}, [5], {5: 5, 6: 2}),
    ],
)
def test_clusters_take_their_campaigns_along(
    campaigns: dict[int, int], groups: list[list[int]], were: dict[int, int], gone: list[int], expected: dict[int, int]
) -> None:
    """Joins bring campaigns together, what is split off stays, and the oldest that is left gives its number."""
    inside = [text for group in groups for text in group]
    known = dict(zip(inside, inside, strict=True)) | were
    plan = number_groups(groups, known, dict(zip(gone, gone, strict=True)), lambda _: None)
    plan.tell(known, gone)
    changed = carried(campaigns, plan, gone)
    assert {
        cluster: changed[cluster] for cluster in expected if cluster in changed or expected[cluster] != cluster
    } == {cluster: campaign for cluster, campaign in expected.items() if cluster in changed or campaign != cluster}
    assert all(
        campaigns.get(cluster, cluster) == campaign for cluster, campaign in changed.items() if cluster not in expected
    )


# --- marks ------------------------------------------------------------------------------------------------------------


def test_marks_say_what_they_are() -> None:
    """Of a name, of an account's address, and of other addresses; public services have none."""
    found = marks.marks_of("加TG: @Good_Cards https://x.com/goodcards https://a-shop.com/x https://github.com/")
    sorts = sorted(marks.sorts(found).tolist())
    assert sorts[0] == 0 and 1 in sorts and sorts[-1] == 2
    assert set(marks.naming(found)) == {mark for mark in found.tolist() if mark & 3}
    assert (found > 0).all() and (np.diff(found) > 0).all()
    assert len(marks.marks_of("https://github.com/ 一篇文章")) == 0
    assert set(marks.marks_of("Ask @good_cards").tolist()) < set(found.tolist())


def test_marks_are_pinned() -> None:
    """They are stored, so another value is another format."""
    assert marks.marks_of("加TG: @Good_Cards").tolist() == [2848136163307635038, 6134334493145786674]


def test_a_list_of_names_has_so_many_marks() -> None:
    """The same ones of any text that holds them."""
    names = [f"@some_name_{number}" for number in range(2 * marks.MOST)]
    found = marks.marks_of(" ".join(names))
    assert len(found) == marks.MOST
    assert found.tolist() == marks.marks_of(" ".join(reversed(names))).tolist()


def test_places_lead_back_to_texts_and_are_spread() -> None:
    """The first of any row of texts are from all over."""
    texts = [1, 2, 3, 12_345, 10**9, (1 << 53) - 1]
    assert [marks.text_at(marks.place_of(text)) for text in texts] == texts
    first = sorted(range(1, 1001), key=marks.place_of)[:10]
    assert len({text // 200 for text in first}) == 5
