"""What names mean: clusters as Python counts them, and their texts."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dedup
from dedup.cli import labelled
from dedup.errors import InputError
from dedup.files.label_files import SCHEMA

TEXTS = [
    "古树茶饼按月到家",
    "石橋修好了以後",
    "夜の列車に乗って",
    "오늘은 갯벌에 갔다",
    "a lighthouse keeper",
    "星空观测之夜",
]


def table(rows: str) -> pa.Table:
    """Labels such as "a:a b:a", of similarity 1 to themselves and 0.5 to others."""
    pairs = [row.split(":") for row in rows.split()]
    columns = [[one for one, _ in pairs], [label for _, label in pairs], [1.0 if a == b else 0.5 for a, b in pairs]]
    return pa.table(dict(zip(SCHEMA.names, columns, strict=True)), SCHEMA)


def articles(ids: list[str], texts: list[str | None]) -> pa.Table:
    """As files are read."""
    return pa.table({"id": pa.array(ids, pa.large_string()), "text": pa.array(texts, pa.large_string())})


LABELS = table("x:x 2:b b:b c:b y:z z:z 7:7 p:q q:q 3:4 4:4")
"""Of sizes 3, 2, 2 and 2, with x and 7 alone; `2` and `3` are ids, too."""


@pytest.mark.parametrize(
    ("name", "place", "label"),
    [
        ("1", 1, "b"),
        ("b", 1, "b"),
        ("c", 1, "b"),
        ("2", 1, "b"),
        ("#2", 2, "z"),
        ("3", 4, "4"),
        ("4", 4, "4"),
        ("#3", 3, "q"),
        ("#4", 4, "4"),
        ("y", 2, "z"),
    ],
)
def test_a_place_after_a_mark_then_an_id_then_a_place(name: str, place: int, label: str) -> None:
    """An id of a member wins over a place, and the mark over both."""
    found = labelled.members(LABELS, name)
    assert (found.place, found.of, found.label) == (place, 4, label)
    assert found.ids[0] == label
    assert found.similarity == [1.0] + [0.5] * (len(found.ids) - 1)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "x",
            "the article 'x' is alone, in no cluster of two or more; give the id of a member, or a place from 1 to 4",
        ),
        ("7", "the article '7' is alone"),
        ("0", "there is no cluster '0'; give the id of a member, or a place from 1 to 4, 1 being the largest"),
        ("5", "there is no cluster '5'"),
        ("#x", "there is no cluster '#x'"),
        ("##1", "there is no cluster '##1'"),
        ("-1", "there is no cluster '-1'"),
        ("", "there is no cluster ''"),
        ("²", "there is no cluster '²'"),
        ("9" * 9000, "there is no cluster '999"),
    ],
)
def test_what_is_not_there_is_said(name: str, words: str) -> None:
    """With what there is."""
    with pytest.raises(InputError) as caught:
        labelled.members(LABELS, name)
    assert str(caught.value).startswith(words)


@pytest.mark.parametrize("rows", ["", "a:a b:b"])
def test_no_clusters_are_said(rows: str) -> None:
    """Whatever the name."""
    with pytest.raises(InputError, match=r"there is no cluster of two or more articles: . articles, each alone"):
        labelled.members(table(rows), "1")


def test_a_representative_without_a_row_is_no_failure() -> None:
    """Labels that somebody filtered."""
    found = labelled.members(table("b:a c:a"), "1")
    assert (found.label, found.ids) == ("a", ["b", "c"])


def test_of_an_id_that_occurs_twice_the_representative_is_meant() -> None:
    """The other one is a member of a larger cluster."""
    assert labelled.members(table("a:b b:b c:b a:a d:a"), "a").label == "a"


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(range(len(TEXTS))), max_size=20), st.randoms(use_true_random=False))
def test_places_are_those_of_python(chosen: list[int], random: object) -> None:
    """`#k` is `clusters[k - 1]`, and so is every id in it, however ids are ordered."""
    ids = [f"id {number}" for number in range(len(chosen))]
    random.shuffle(ids)  # type: ignore[attr-defined]
    clusters = dedup.cluster(articles(ids, [TEXTS[one] for one in chosen]))
    rows = clusters.to_arrow().select(SCHEMA.names).cast(SCHEMA)
    for place, cluster in enumerate(clusters, 1):
        names = cluster.ids.to_pylist()
        for name in (f"#{place}", str(place), *names):
            found = labelled.members(rows, name)
            assert (found.place, found.of, found.label) == (place, len(clusters), ids[cluster.representative])
            assert sorted(found.ids) == sorted(names)
            assert sorted(found.rows.tolist()) == cluster.members.tolist()


def test_a_cluster_answers_as_in_python(examples: dict[str, str]) -> None:
    """The same keywords, indicators and template, of the same sample."""
    ids = [*examples, *(f"copy {number}" for number in range(90))]
    copies = [f"{examples['tea-3']}\n\n第{number}期已经发货。" for number in range(90)]
    read = articles(ids, [*examples.values(), *copies])
    clusters = dedup.cluster(read)
    rows = clusters.to_arrow().select(SCHEMA.names).cast(SCHEMA)
    ours = clusters[0]
    members = labelled.members(rows, "#1")
    found = labelled.cluster(members, labelled.positions(members, rows, read), read)
    assert found is not None
    assert found.similarity == pytest.approx(ours.similarity)
    assert found.representative == ours.representative
    assert found.ids.equals(ours.ids)
    assert np.array_equal(found.sampled(64, distinct=True), ours.sampled(64, distinct=True))
    assert found.keywords() == ours.keywords()
    assert found.indicators() == ours.indicators()
    assert str(found.template()) == str(ours.template())


def test_articles_are_found_in_any_order() -> None:
    """And those that are not there, or have no text, are left out; the next most similar one represents the rest."""
    labels = table("a:a b:a c:a d:a")
    members = labelled.members(labels, "a")
    read = articles(["d", "zz", "b", "c", "a"], ["茶", "橋", "茶館", "🍵", None])
    rows = labelled.positions(members, labels, read)
    assert rows.tolist() == [4, 2, 3, 0]
    found = labelled.cluster(members, rows, read)
    assert found is not None
    assert found.ids.to_pylist() == ["d", "b"]
    assert found.texts() == ["茶館", "茶"]
    assert found.similarity == 0.5


def test_articles_of_one_id_are_told_apart_by_their_order() -> None:
    """As they stand in both files."""
    labels = table("a:a a:b b:b c:a a:a")
    members = labelled.members(labels, "#1")
    read = articles(["c", "a", "a", "a"], ["一", "二", "三", "四"])
    assert labelled.positions(members, labels, read).tolist() == [1, 3, 0]


def test_without_texts_there_is_nothing_to_ask() -> None:
    """Nothing was read, or nothing that says anything."""
    labels = table("a:a b:a")
    members = labelled.members(labels, "a")
    for read in (articles([], []), articles(["z"], ["茶"]), articles(["a", "b"], [None, "🍵"])):
        assert labelled.cluster(members, labelled.positions(members, labels, read), read) is None


def test_an_article_by_its_id() -> None:
    """The first of this id; one without a text is an empty one."""
    read = articles(["a", "b", "b"], [None, "茶", "橋"])
    assert [labelled.article(read, name) for name in ("a", "b", "c")] == ["", "茶", None]


def campaigns(rows: str) -> pa.Table:
    """Labels such as "a:a:c": id, label, campaign."""
    whole = table(" ".join(":".join(row.split(":")[:2]) for row in rows.split()))
    return whole.append_column("campaign", pa.array([row.split(":")[2] for row in rows.split()], pa.large_string()))


def test_campaigns_of_several_parts_come_first() -> None:
    """So places are those of the table and of the report, which show no campaign of a single cluster."""
    labels = campaigns("a:a:a b:a:a c:a:a d:d:d e:e:d f:f:f g:f:f h:h:f i:i:f")
    assert [labelled.campaign(labels, f"#{place}").label for place in (1, 2, 3)] == ["f", "d", "a"]
    assert (labelled.campaign(labels, "b").place, labelled.campaign(labels, "e").of) == (3, 3)


GATHERED = campaigns("a:a:a b:a:a c:c:a d:d:d e:d:d f:f:d g:f:d h:h:h i:i:a")
"""Of a cluster and two articles alone, of two clusters, and of an article alone."""


@pytest.mark.parametrize(
    ("name", "place", "label", "clusters", "lone"),
    [
        ("1", 1, "a", [(1, "a", 2)], ["c", "i"]),
        ("i", 1, "a", [(1, "a", 2)], ["c", "i"]),
        ("d", 2, "d", [(2, "d", 2), (3, "f", 2)], []),
        ("#2", 2, "d", [(2, "d", 2), (3, "f", 2)], []),
        ("g", 2, "d", [(2, "d", 2), (3, "f", 2)], []),
    ],
)
def test_a_campaign_by_place_or_member(
    name: str, place: int, label: str, clusters: list[tuple[int, str, int]], lone: list[str]
) -> None:
    """With its clusters, by their places among all, and its lone articles."""
    found = labelled.campaign(GATHERED, name)
    assert (found.place, found.of, found.label) == (place, 2, label)
    assert (found.clusters, found.lone) == (clusters, lone)
    assert found.ids == GATHERED.take(found.rows)["id"].to_pylist()


@pytest.mark.parametrize(
    ("labels", "name", "words"),
    [
        (GATHERED, "h", "the article 'h' is alone, in no campaign of two or more; give the id of a member, or a place"),
        (GATHERED, "3", "there is no campaign '3'"),
        (LABELS, "1", "there is no column 'campaign'"),
        (campaigns("a:a:a"), "1", "there is no campaign of two or more articles: 1 article, each alone"),
    ],
)
def test_campaigns_that_are_not_there(labels: pa.Table, name: str, words: str) -> None:
    """What is there instead."""
    with pytest.raises(InputError, match=words):
        labelled.campaign(labels, name)


def test_a_campaign_is_what_the_labels_say() -> None:
    """Whatever the evidence among those articles that were read; fewer than two of them are none."""
    found = labelled.campaign(GATHERED, "1")
    read = articles(["z", "i", "b", "a", "c"], [*TEXTS[:5]])
    campaign = labelled.judged(found, GATHERED, read)
    assert campaign is not None
    assert sorted(campaign.ids.to_pylist()) == ["a", "b", "c", "i"]
    assert [cluster.ids.to_pylist() for cluster in campaign.clusters] == [["b", "a"]]
    assert (found.label, campaign.name) == ("a", "i")  # the first of those that were read
    assert campaign.links() == []
    assert labelled.judged(found, GATHERED, articles(["z", "i", "a"], [TEXTS[0], TEXTS[1], None])) is None
