"""Campaigns: what one operator made is found together with reasons, and nobody else is dragged in."""

from __future__ import annotations

import csv
import io
import json
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import combinations
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dedup
from dedup import Campaign, Campaigns, Clusters, Reason, kernels
from dedup.errors import FileError, InputError, MissingExtraError, install_line
from dedup.evidence import campaigns
from dedup.evidence.campaign_results import check_export
from dedup.evidence.exports import COLUMNS
from dedup.stages.frames import Passages

CLUSTERS, EACH, UNRELATED = 3, 5, 100
SIZE = CLUSTERS * EACH
HANDLES = ["@yunlu_tea_shop", "@qinghe_cards"]
FOOTER = "© 青禾读书社 版权所有，未经书面同意请勿转载。来信请寄云杉市榆树巷十六号，投稿须知见本站首页。"


@dataclass
class Made:
    """Texts of two operators, then unrelated ones."""

    texts: list[str]
    unrelated: list[str]
    found: Clusters

    def of(self, operator: int) -> set[int]:
        """Positions of an operator's texts."""
        return set(range(operator * SIZE, (operator + 1) * SIZE))


def written(synthetic: ModuleType, handle: str | None, seed: int, shared: int = 300) -> list[str]:
    """Texts of an operator: three clusters, passages that all share, and a handle, one each where it is None."""
    passages = synthetic.spun(1, seed=50 + seed).texts[0][:shared]
    texts = []
    for cluster in range(CLUSTERS):
        for place, own in enumerate(synthetic.spun(EACH, sections=5, seed=100 + 10 * seed + cluster).texts):
            name = handle or f"@own_{seed}_{cluster}_{place}"
            texts.append(f"{passages}\n{own}\n详情请看 {name}")
    return texts


@pytest.fixture(scope="module")
def made(synthetic: ModuleType) -> Made:
    """Two operators, and a hundred that have nothing to do with each other or with them."""
    texts = [text for seed, handle in enumerate(HANDLES) for text in written(synthetic, handle, seed)]
    unrelated = synthetic.campaign(UNRELATED, share=0.0, characters=900, seed=7)[0]
    return Made(texts, unrelated, dedup.cluster([*texts, *unrelated]))


def sets(found: Campaigns) -> set[frozenset[int]]:
    """The members of each campaign."""
    return {frozenset(one.members.tolist()) for one in found}


def test_an_operator_is_one_campaign(made: Made) -> None:
    """Of several clusters, with lone articles, and no article of anybody else."""
    found = made.found.campaigns()
    assert sets(found) == {frozenset(made.of(0)), frozenset(made.of(1))}
    assert found.several == list(found)
    for one in found:
        assert len(one.clusters) > 1
        inside = sum(map(len, one.clusters)) + len(one.lone)
        assert inside == len(one) == SIZE
        assert one.parts == len(one.clusters) + len(one.lone)
        assert (one.name, one.representative) == (one.members[0], one.clusters[0].representative)
    assert made.found.campaigns() is found
    assert str(found) == f"<Campaigns: 2 of 30 articles in {sum(len(one.clusters) for one in found)} clusters>"


def test_every_link_has_its_reasons(made: Made) -> None:
    """The handle with how many hold it inside and outside; together they hold the campaign together."""
    for one in made.found.campaigns():
        handle = HANDLES[min(one.members) // SIZE]
        links = one.links()
        assert len(links) == one.parts - 1
        for link in links:
            assert isinstance(link, Reason)
            assert 0 < link.strength <= 1
            (name,) = [name for name in link.names if name.kind == "handle"]
            assert (name.value, name.inside, name.outside) == (handle, SIZE, 0)
            assert f"handle {handle} (15 inside, 0 outside)" in str(link)
            assert str(link) == link.between(str(link.left), str(link.right))
            assert f"passages alike {link.passages:.2f}" in link.words
        ends = {end for link in links for end in (link.left, link.right)}
        assert ends == {cluster.representative for cluster in one.clusters} | set(one.lone.tolist())


def test_names_that_are_shared_say_by_whom(made: Made) -> None:
    """The representatives of all clusters and lone articles that hold them."""
    one = made.found.campaigns()[0]
    told = {name.value: rows for name, rows in one.shared()}
    rows = told[HANDLES[min(one.members) // SIZE]]
    assert rows == sorted({cluster.representative for cluster in one.clusters} | set(one.lone.tolist()))


def test_a_campaign_is_called_by_its_first_article(made: Made) -> None:
    """A column of the table where it is asked for; who is alone has its own."""
    table = made.found.to_arrow(campaigns=True)
    assert table.column_names == ["id", "label", "size", "similarity", "cluster", "campaign"]
    labels = table["campaign"].to_numpy()
    assert labels[2 * SIZE :].tolist() == list(range(2 * SIZE, 2 * SIZE + UNRELATED))
    for one in made.found.campaigns():
        assert set(labels[one.members]) == {one.name} == {one.members[0]}
    assert not made.found.campaigns().labels.flags.writeable


def test_a_foreign_handle_drags_nobody_in(synthetic: ModuleType, made: Made) -> None:
    """Who writes another's handle into his articles is not of that campaign by that alone."""
    others = synthetic.campaign(3, share=0.0, characters=900, seed=21)[0]
    copied = [f"{text[:300]} {HANDLES[0]} {text[300:]}" for text in others]
    found = dedup.cluster([*made.texts[:SIZE], *copied, *made.unrelated]).campaigns()
    assert sets(found) == {frozenset(range(SIZE))}
    (campaign,) = found
    (name,) = [name for name in campaign.links()[0].names if name.kind == "handle"]
    assert (name.inside, name.outside) == (SIZE, 3)


def test_a_foreign_footer_drags_nobody_in(synthetic: ModuleType, made: Made) -> None:
    """Nor who has the footer of a site that the campaign's articles have, too."""
    others = synthetic.campaign(20, share=0.0, characters=900, seed=21)[0]
    footed = [f"{text}\n{FOOTER}" for text in [*made.texts[:SIZE], *others]]
    assert sets(dedup.cluster([*footed, *made.unrelated]).campaigns()) == {frozenset(range(SIZE))}


def test_a_handle_each_costs_nothing_but_that(synthetic: ModuleType, made: Made) -> None:
    """Clusters stay linked by the passages that they share, though no name leads from one to the other."""
    texts = written(synthetic, None, 0, 400)
    found = dedup.cluster([*texts, *made.unrelated])
    (campaign,) = found.campaigns().several
    large = {
        row for cluster in campaign.clusters if len(cluster) >= campaigns.LARGE for row in cluster.members.tolist()
    }
    assert large == {row for one in found if len(one) >= campaigns.LARGE for row in one.members.tolist()}
    assert set(campaign.members.tolist()) <= set(range(SIZE))
    assert all(not link.names for link in campaign.links())
    assert all(link.passages > 0 for link in campaign.links())


def test_order_threads_and_copies_change_nothing(made: Made) -> None:
    """The same articles are together whatever came first, however many threads there are, and with copies."""
    texts = [*made.texts, *made.unrelated]
    order = np.random.default_rng(0).permutation(len(texts))
    wanted = sets(made.found.campaigns())
    for threads in (1, 3):
        found = dedup.cluster([texts[row] for row in order.tolist()], threads=threads).campaigns(threads=threads)
        assert {frozenset(order[list(one)].tolist()) for one in sets(found)} == wanted
    copied = dedup.cluster([*texts, texts[0]]).campaigns()
    assert {one - {len(texts)} for one in sets(copied)} == wanted


def test_a_handle_of_everybody_costs_linear_work() -> None:
    """Each of 20,000 holders is compared with 64 others at most, and is told to be."""
    count = 20_000
    node, name = np.arange(count), np.zeros(count, np.int64)
    held = campaigns.Held.of(node, node, name, np.array([count]))
    order = kernels.mix_all(np.arange(count, dtype=np.uint64))
    found, capped = campaigns._meet(held, order, np.ones(count, np.bool_), None, "names")
    assert count - 1 <= len(found) <= 64 * count
    assert capped.sum() == count - campaigns.FOUNDERS


@pytest.mark.parametrize("at_once", [5, 10**6])
@given(most=st.integers(0, 60), seed=st.integers(0, 9))
def test_what_the_most_hold_is_left_out_first(most: int, seed: int, at_once: int) -> None:
    """Pairs are those of what fewer hold than the first width with which there are more than may be."""
    rng = np.random.default_rng(seed)
    holders = [sorted(rng.choice(12, size, replace=False).tolist()) for size in rng.integers(0, 9, 8)]
    texts = np.array([node for one in holders for node in one], np.int64)
    of = np.repeat(np.arange(8), [len(one) for one in holders])
    held = campaigns.Held.of(np.arange(12), texts, of, np.bincount(of, minlength=8))
    expected: set[tuple[int, int]] = set()
    left_out = False
    for width in sorted({len(one) for one in holders if len(one) > 1}):
        wider = expected | {pair for one in holders if len(one) == width for pair in combinations(one, 2)}
        left_out = len(wider) > most
        if left_out:
            break
        expected = wider
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        patch.setattr(campaigns, "AT_ONCE", at_once)
        found, _ = campaigns._meet(
            held, kernels.mix_all(np.arange(12, dtype=np.uint64)), np.ones(12, np.bool_), most, "x"
        )
    assert set(zip(*(ends.tolist() for ends in campaigns._ends(found)), strict=True)) == expected
    assert len(caught) == left_out and all("are left out of campaigns" in str(one.message) for one in caught)


def weighed(node: Sequence[int], passages: Sequence[set[int]], held: dict[campaigns.Name, list[int]]) -> list[int]:
    """The campaign of each cluster, from the passages of each text and the texts that hold each name."""
    starts = np.cumsum([0, *map(len, passages)])
    flat = np.array([one for mine in passages for one in sorted(mine)], np.int64)
    shared = Passages(np.bincount(flat), starts, flat, np.arange(flat.max() + 1))
    nothing = np.empty(0, np.int64)
    found = campaigns.among(
        np.array(node), shared, list(held), [np.array(of) for of in held.values()], (nothing, nothing),
        lambda left, _: np.zeros(len(left)),
    )  # fmt: skip
    return found.group.tolist()


@pytest.mark.parametrize(("holders", "linked"), [(1, False), (6, True), (12, True)])
def test_a_name_counts_by_how_many_pairs_of_texts_hold_it(holders: int, linked: bool) -> None:
    """A coupon that one article of a cluster mentions does not make all twelve its owner's."""
    node = [0] * 12 + [1] * 3 + list(range(2, 200))
    passages = [{0}] * 15 + [{row % 40 + 2} for row in range(198)]
    coupon = campaigns.Name("invite", "qinghe85", "QINGHE85")
    group = weighed(node, passages, {coupon: [*range(holders), 12, 13, 14]})
    assert (group[0] == group[1]) == linked
    assert len(set(group[2:])) == 198


@pytest.mark.parametrize(("domains", "linked"), [(1, False), (3, True)])
def test_one_address_is_no_evidence(domains: int, linked: bool) -> None:
    """Two that write of the same thing name the same site; who has the same three, and passages, is one."""
    passages = [{0, 1}, {0, 1}, {0}, {1}] + [{row % 40 + 2} for row in range(196)]
    held = {campaigns.Name("domain", f"d{k}.example", f"d{k}.example"): [0, 1, 50 + k] for k in range(domains)}
    group = weighed(list(range(200)), passages, held)
    assert (group[0] == group[1]) == linked


def test_bodies_are_compared_so_many_at_a_time(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """In blocks that end anywhere the same similarities come of the same texts."""
    wanted = made.found.campaigns().evidence
    again = made.found.at(made.found.threshold)
    monkeypatch.setattr(campaigns, "AT_ONCE", 7)
    found = again.campaigns().evidence
    assert np.isfinite(wanted.body).sum() > 1
    for name in ("group", "left", "right", "strength", "body"):
        np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name))


def test_near_copies_have_no_evidence_beyond_their_clusters(made: Made) -> None:
    """Each cluster is a campaign of its own, and the column equals the label."""
    found = dedup.cluster([*made.texts, made.texts[0]], dedup.Settings.near_copies())
    assert found.campaigns().several == []
    table = found.to_arrow(campaigns=True)
    assert table["campaign"] == table["label"]
    assert [len(one.links()) for one in found.campaigns()] == [0] * len(found)


@pytest.mark.parametrize("texts", [[], [None, ""], ["一篇文章"], ["同一篇文章的正文", "同一篇文章的正文"]])
def test_few_texts(texts: list[str | None]) -> None:
    """None at all, empty ones, one, and two that are equal."""
    found = dedup.cluster(texts)
    assert len(found.campaigns()) == len(found)
    assert found.campaigns().labels.tolist() == found.labels.tolist()


def test_without_texts_there_is_no_evidence(made: Made) -> None:
    """As of a night of the nightly job, whose result holds none."""
    bare = Clusters(made.found.graph, made.found.threshold, made.found.linkage)
    with pytest.raises(InputError, match="this result holds no texts"):
        bare.campaigns()


def test_progress_is_told(made: Made) -> None:
    """Texts done, of all distinct ones."""
    told: list[tuple[int, int]] = []
    made.found.at(made.found.threshold).campaigns(progress=lambda done, total: told.append((done, total)))
    assert told[0] == (0, len(made.found.labels))


def test_indicators_and_frames_are_of_the_whole(made: Made) -> None:
    """All clusters and lone articles count."""
    for one in made.found.campaigns():
        handle = HANDLES[min(one.members) // SIZE]
        assert one.indicators()[0] == dedup.Indicator("handle", handle, SIZE, SIZE)
        assert {frame.passage for frame in one.frames()} <= {frame.passage for frame in made.found.frames()}


def test_two_spellings_in_a_text_are_one_holder(synthetic: ModuleType) -> None:
    """Of an indicator as of what is exported."""
    texts = [f"{text} @Qinghe_Cards 或 @qinghe_cards" for text in synthetic.spun(5, seed=3).texts]
    (one,) = dedup.cluster(texts).campaigns()
    assert one.indicators()[0] == one.held()[0].indicator == dedup.Indicator("handle", "@Qinghe_Cards", 5, 5)
    assert one.marks().startswith("handle @Qinghe_Cards (5 of 5)")


def test_the_timeline_counts_articles(made: Made) -> None:
    """Of each date; one without a date is left out, and there must be a date for each article."""
    one = next(one for one in made.found.campaigns() if 0 in one.members)
    days: list[Any] = [date(2025, 1, 1 + row % 3) for row in range(len(made.found.labels))]
    days[0] = None
    assert one.timeline(days) == [(date(2025, 1, 1), 4), (date(2025, 1, 2), 5), (date(2025, 1, 3), 5)]
    with pytest.raises(InputError, match="130 articles, got 3 dates"):
        one.timeline(days[:3])


def test_what_is_held_is_held_by_clusters(made: Made) -> None:
    """Each distinct text is read once; clusters are called by their first articles, in their order; dates are known."""
    days: list[Any] = [f"2025-06-{1 + row % 28:02}" for row in range(len(made.found.labels))]
    days[0] = None
    for one in made.found.campaigns():
        (held,) = [held for held in one.held(days) if held.indicator.kind == "handle"]
        assert held.indicator == one.indicators()[0]
        assert held.campaign == str(one.name)
        assert held.clusters == tuple(str(cluster.members[0]) for cluster in one.clusters)
        mine = [datetime.fromisoformat(days[row]) for row in one.members.tolist() if days[row]]
        assert (held.first, held.last) == (min(mine), max(mine))
    assert all(held.first is None for held in made.found.campaigns().held())


@pytest.mark.parametrize(
    ("dates", "words"),
    [(["2025-06-01"], "got 1 dates"), (["yesterday"] * 130, "got 'yesterday'"), ([7] * 130, "got 7")],
)
def test_dates_that_are_none(made: Made, dates: Sequence[Any], words: str) -> None:
    """What was given and what is allowed."""
    with pytest.raises(InputError, match=words):
        made.found.campaigns().held(dates)


def test_a_public_service_is_not_exported(synthetic: ModuleType) -> None:
    """It leads to nobody."""
    texts = [f"{text} https://www.youtube.com/ @qinghe_cards" for text in synthetic.spun(5, seed=3).texts]
    kinds = {(one.indicator.kind, one.indicator.value) for one in dedup.cluster(texts).campaigns().held()}
    assert ("handle", "@qinghe_cards") in kinds
    assert not any("youtube" in value for _, value in kinds)


def test_an_address_of_one_article_is_not_exported(synthetic: ModuleType) -> None:
    """It is what that article is about; a name stays."""
    texts = [f"{text} @qinghe_cards https://qinghe-cards.cn/a" for text in synthetic.spun(5, seed=3).texts]
    texts[0] += " https://tea-house.cn/x 微信：yunlu_tea_shop"
    values = {one.indicator.value: one.indicator.members for one in dedup.cluster(texts).campaigns().held()}
    assert values["https://qinghe-cards.cn/a"] == 5
    assert values["yunlu_tea_shop"] == 1
    assert "https://tea-house.cn/x" not in values


def test_export_as_csv(made: Made, tmp_path: Path) -> None:
    """A row an indicator of each campaign, whole or not at all."""
    made.found.campaigns().export(tmp_path / "indicators.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "indicators.csv").read_text("utf-8"), newline="")))
    assert tuple(rows[0]) == COLUMNS
    assert {(row["value"], row["members"], row["campaign"]) for row in rows if row["kind"] == "handle"} == {
        (f"'{HANDLES[min(one.members) // SIZE]}", str(SIZE), str(one.name)) for one in made.found.campaigns()
    }
    assert [path.name for path in tmp_path.iterdir()] == ["indicators.csv"]


def test_export_as_stix(made: Made, tmp_path: Path) -> None:
    """A bundle that the library reads back, with each campaign, its clusters and its handle."""
    stix2 = pytest.importorskip("stix2")
    days = [datetime(2025, 6, 1, tzinfo=UTC)] * len(made.found.labels)
    made.found.campaigns().export(tmp_path / "indicators.stix.json", dates=days)
    text = (tmp_path / "indicators.stix.json").read_text("utf-8")
    objects = stix2.parse(text, allow_custom=False, version="2.1")["objects"]
    names = {one["name"] for one in objects if one["type"] == "campaign"}
    assert names == {f"Campaign {one.name}" for one in made.found.campaigns()}
    assert sum(one["type"] == "grouping" for one in objects) == sum(len(one.clusters) for one in made.found.campaigns())
    assert {one["user_id"] for one in json.loads(text)["objects"] if one["type"] == "user-account"} >= set(HANDLES)


def test_where_no_indicators_can_be_written(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another ending is refused, and a missing library named, before any work."""
    with pytest.raises(FileError, match=r"the suffix must be one of \.csv, \.json"):
        made.found.campaigns().export(tmp_path / "indicators.xml")
    monkeypatch.setitem(__import__("sys").modules, "stix2", None)
    with pytest.raises(MissingExtraError, match=re.escape(install_line("stix"))):
        check_export(tmp_path / "indicators.json")
    check_export(tmp_path / "indicators.csv")
    assert not list(tmp_path.iterdir())


def test_they_show_themselves_in_a_notebook(made: Made) -> None:
    """All in a table; of one its clusters and why they are one; nothing of an article runs."""
    found = made.found.campaigns()
    assert all(handle in found._repr_html_() for handle in HANDLES)
    html = found[0]._repr_html_()
    assert "15 inside, 0 outside" in html
    hostile = [text.replace("详情请看", "<script>x</script>") for text in made.texts[:SIZE]]
    ids = [f"<b>{place}</b>" for place in range(SIZE)]
    articles = [{"id": name, "text": text} for name, text in zip(ids, hostile, strict=True)]
    shown = dedup.cluster(articles).campaigns()
    for html in (shown._repr_html_(), shown[0]._repr_html_()):
        assert "<b>" not in html
        assert "<script" not in html


def test_campaigns_are_a_sequence(made: Made) -> None:
    """Of campaigns, largest first."""
    found = made.found.campaigns()
    assert isinstance(found[0], Campaign)
    assert [found[0], found[1]] == found[:2] == list(found)
    assert repr(found[0]).startswith("<Campaign: 15 articles, ")


@pytest.mark.parametrize("path", ["acct", "acct?u=//z", "acct#//y", "acct/a?b=http://c.de"])
def test_what_a_link_is_does_not_depend_on_how_it_is_spelled(path: str) -> None:
    """With and without a scheme, in whatever text it was met first."""
    key = f"x.com/{path}"
    sorts = {campaigns.sort_of(campaigns.Name("link", key, form)) for form in (key, f"https://{key}", f"HTTP://{key}/")}
    assert sorts == {campaigns.ACCOUNT if "acct/" not in path else campaigns.ADDRESS}
