"""`dedup.results`: a result that is what it says it is."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import sys
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive import partition
from numpy.typing import NDArray

import dedup
from dedup.errors import MissingExtraError, SettingsError, install_line
from dedup.results import Clusters
from dedup.stages.clusters import Graph, link

Edge = tuple[int, int, float]


def result(
    distinct: list[int],
    edges: list[Edge],
    *,
    threshold: float = 0.125,
    linkage: float = 0.5,
    ids: list[Any] | None = None,
) -> Clusters:
    """A result over articles with these distinct texts (-1: none), and edges between the distinct texts."""
    numbers = np.array(distinct, np.int64)
    count = int(numbers.max(initial=-1)) + 1
    first = np.array([distinct.index(number) for number in range(count)], np.int64)
    left, right, similarity = zip(*edges, strict=True) if edges else ((), (), ())
    graph = Graph(
        first,
        numbers,
        np.array(left, np.int64),
        np.array(right, np.int64),
        np.array(similarity, np.float64),
        np.zeros(count, np.bool_),
    )
    column = None if ids is None else pa.chunked_array([pa.array(ids)])
    return Clusters(graph, threshold, linkage, column)


def small() -> Clusters:
    """Seven articles: 0, 2 and 5 have one text, which is like that of 3; 1 and 4 are alike; 6 has no text."""
    return result([0, 1, 0, 2, 3, 0, -1], [(0, 2, 0.5), (1, 3, 0.25)], ids=list("abcdefg"))


@st.composite
def results(draw: st.DrawFn) -> Clusters:
    """Any result of a few articles, with copies and articles without text; all sums are exact."""
    count = draw(st.integers(0, 7))
    distinct = draw(st.permutations([*range(count), *draw(st.lists(st.integers(-1, max(count - 1, -1)), max_size=8))]))
    pairs = draw(st.lists(st.sampled_from(list(combinations(range(count), 2))), unique=True)) if count > 1 else []
    edges = [(i, j, draw(st.integers(16, 128)) / 128) for i, j in pairs]
    return result(list(distinct), edges, threshold=0.125, linkage=draw(st.sampled_from([0.0, 0.5, 1.0])))


def similarities(found: Clusters) -> NDArray[np.float64]:
    """Every pair of articles by definition: 1 for copies, an edge's similarity from the threshold up, else 0."""
    graph = found.graph
    known = np.zeros((len(graph.first) + 1,) * 2)
    for i, j, similarity in zip(graph.left, graph.right, graph.similarity, strict=True):
        known[i, j] = known[j, i] = similarity if similarity >= found.threshold else 0.0
    np.fill_diagonal(known, 1.0)
    known[-1, -1] = 0.0
    return known[np.ix_(graph.distinct, graph.distinct)]


def test_a_result_holds_its_clusters_largest_first() -> None:
    """Clusters of two or more articles come largest first, copies counted; their members ascend."""
    found = small()
    assert len(found) == 2
    assert [cluster.members.tolist() for cluster in found] == [[0, 2, 3, 5], [1, 4]]
    assert [len(cluster) for cluster in found] == [4, 2]
    assert found[0].members.tolist() == [0, 2, 3, 5]
    assert found[-1].members.tolist() == [1, 4]
    assert [cluster.members.tolist() for cluster in found[:1]] == [[0, 2, 3, 5]]
    with pytest.raises(IndexError):
        found[2]
    assert found.labels.tolist() == [0, 1, 0, 0, 1, 0, 6]
    assert found.sizes.tolist() == [4, 2, 4, 4, 2, 4, 1]


def test_a_result_shows_itself_in_one_line() -> None:
    """The line says how many clusters, how many articles in them, of how many, and the threshold."""
    assert repr(small()) == "<Clusters: 2 of 6 among 7 articles, threshold 0.125>"
    many = result([0] * 1_500 + [1] * 1_234, [])
    assert repr(many) == "<Clusters: 2 of 2,734 among 2,734 articles, threshold 0.125>"


def test_nothing_is_a_result_too() -> None:
    """No articles give no clusters, in every view."""
    found = result([], [])
    assert (len(found), list(found), found[:]) == (0, [], [])
    assert repr(found) == "<Clusters: 0 of 0 among 0 articles, threshold 0.125>"
    assert found.labels.tolist() == found.sizes.tolist() == found.pairs.left.tolist() == []
    assert found.to_arrow().num_rows == len(found.to_pandas()) == len(found.to_polars()) == 0


@given(results())
@settings(max_examples=200, deadline=None)
def test_every_cluster_is_described_by_its_articles(found: Clusters) -> None:
    """Members, mean similarity and representative are those of the definition, copies included."""
    known = similarities(found)
    labels = found.labels
    seen: list[int] = []
    for cluster in found:
        members = cluster.members.tolist()
        assert members == sorted(members) == np.flatnonzero(labels == cluster.representative).tolist()
        inside = known[np.ix_(members, members)]
        np.fill_diagonal(inside, 0.0)
        to_representative = inside[members.index(cluster.representative)]
        assert cluster.similarity == pytest.approx(to_representative.sum() / (len(members) - 1))
        totals = inside.sum(axis=1)
        assert cluster.representative == members[int(totals.argmax())]  # the first of the highest
        seen += members
    assert len(set(seen)) == len(seen)
    assert sorted(seen) == np.flatnonzero(found.sizes > 1).tolist()
    order = [(-len(cluster), cluster.representative) for cluster in found]
    assert order == sorted(order)
    assert found.sizes.tolist() == [labels.tolist().count(label) for label in labels]


@given(results())
@settings(max_examples=100, deadline=None)
def test_labels_keep_copies_together_and_others_by_edges(found: Clusters) -> None:
    """Copies have one label, articles without text have their own, and the distinct texts are linked."""
    labels, graph = found.labels, found.graph
    assert all(labels[label] == label for label in labels)
    for i, number in enumerate(graph.distinct):
        assert labels[i] == (i if number < 0 else labels[graph.first[number]])
    kept = graph.similarity >= found.threshold
    linked = link(
        graph.left[kept], graph.right[kept], graph.similarity[kept], len(graph.first), found.threshold * found.linkage
    )
    assert partition(labels[graph.first]) == partition(linked)


@given(results())
@settings(max_examples=100, deadline=None)
def test_pairs_are_the_edges_and_one_for_each_copy(found: Clusters) -> None:
    """Every verified edge once, between first articles; every further copy once, with the first; in order."""
    graph, pairs = found.graph, found.pairs
    expected = {
        (*sorted((int(graph.first[i]), int(graph.first[j]))), float(s))
        for i, j, s in zip(graph.left, graph.right, graph.similarity, strict=True)
        if s >= found.threshold
    }
    for position, number in enumerate(graph.distinct.tolist()):
        if number >= 0 and graph.first[number] != position:
            expected.add((int(graph.first[number]), position, 1.0))
    given = list(zip(pairs.left.tolist(), pairs.right.tolist(), pairs.similarity.tolist(), strict=True))
    assert given == sorted(expected)


@given(results())
@settings(max_examples=100, deadline=None)
def test_similarity_to_the_representative(found: Clusters) -> None:
    """It is 1 for the representative, its copies and an article alone, else the edge's; NaN where there is none."""
    known = similarities(found)
    for i, (label, similarity) in enumerate(zip(found.labels, found.to_representative, strict=True)):
        if i == label:
            assert similarity == 1
        elif known[i, label] > 0:
            assert similarity == known[i, label]
        else:
            assert np.isnan(similarity)


# --- another threshold --------------------------------------------------------------------------------------------


@given(results(), st.sampled_from([0.125, 0.25, 0.5, 0.75, 1.0, 1]))
@settings(max_examples=100, deadline=None)
def test_another_threshold_is_a_fresh_result(found: Clusters, threshold: float) -> None:
    """Cut at another threshold, everything is as in a run that had only the edges from there up; the original stays."""
    before = found.labels.tolist()
    cut = found.at(threshold)
    graph = found.graph
    kept = graph.similarity >= threshold
    fresh = dataclasses.replace(
        found,
        graph=dataclasses.replace(
            graph, left=graph.left[kept], right=graph.right[kept], similarity=graph.similarity[kept]
        ),
        threshold=threshold,
        representatives=None,
    )
    assert cut.labels.tolist() == fresh.labels.tolist()
    assert [c.members.tolist() for c in cut] == [c.members.tolist() for c in fresh]
    # The run also knows pairs below the new threshold; the fresh one takes them for 0.
    assert all(ours.similarity >= theirs.similarity for ours, theirs in zip(cut, fresh, strict=True))
    assert [column.tolist() for column in cut.pairs] == [column.tolist() for column in fresh.pairs]
    assert cut.threshold == threshold
    assert cut.linkage == found.linkage
    assert found.threshold == 0.125
    assert found.labels.tolist() == before


def test_a_higher_threshold_splits() -> None:
    """At 0.3 the weaker cluster is gone; at 1 copies alone remain, and texts that were found equal."""
    found = small()
    assert found.at(0.3).labels.tolist() == [0, 1, 0, 0, 4, 0, 6]
    assert found.at(1.0).labels.tolist() == [0, 1, 0, 3, 4, 0, 6]
    assert found.labels.tolist() == [0, 1, 0, 0, 1, 0, 6]
    assert found.at(0.125).labels.tolist() == found.labels.tolist()
    assert result([0, 1], [(0, 1, 1.0)]).at(1.0).labels.tolist() == [0, 0]


def test_concentration_is_that_of_its_members(examples: dict[str, str]) -> None:
    """The median over distinct members, each beside the representative; copies are one passage."""
    found = dedup.cluster(list(examples.values()))
    for cluster in found:
        others = [row for row in cluster.sampled(distinct=True).tolist() if row != cluster.representative]
        shares = sorted(found.explain(cluster.representative, row).concentration for row in others)
        middle = (shares[(len(shares) - 1) // 2] + shares[len(shares) // 2]) / 2 if shares else 1.0
        assert cluster.concentration(sample=None) == pytest.approx(middle)
        assert 0 < cluster.concentration(sample=2) <= 1
    (copies,) = dedup.cluster(["同一篇文章的正文，写得不短", "同一篇文章的正文，写得不短"])
    assert copies.concentration() == 1.0
    with pytest.raises(SettingsError, match="sample must be"):
        copies.concentration(sample=0)


@pytest.mark.parametrize("threshold", [0.1, 0.01])
def test_a_lower_threshold_was_never_computed(threshold: float) -> None:
    """Below the run's own threshold the error says what is allowed and what to do."""
    with pytest.raises(
        SettingsError, match=rf"from 0.125, the run's own, to 1, got {threshold!r}; .*run cluster\(\) again"
    ):
        small().at(threshold)


@pytest.mark.parametrize("threshold", [0, -1, 1.01, 70, float("nan"), "0.5"])
def test_what_is_no_threshold_is_refused_as_in_settings(threshold: float) -> None:
    """What `Settings` would refuse is refused in the same words."""
    with pytest.raises(SettingsError, match="threshold must be"):
        small().at(threshold)


def test_a_result_is_frozen() -> None:
    """Neither a result nor a cluster can be changed."""
    found = small()
    for thing, name in ((found, "threshold"), (found[0], "representative"), (found.graph, "left")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(thing, name, 0)


# --- tables -------------------------------------------------------------------------------------------------------


def test_the_arrow_table_has_a_row_an_article() -> None:
    """Ids, labels as ids, sizes, similarities, and what clusters are called, in the order of the articles."""
    table = small().to_arrow()
    assert table.column_names == ["id", "label", "size", "similarity", "cluster"]
    assert table.to_pydict() == {
        "id": list("abcdefg"),
        "label": list("abaabag"),
        "size": [4, 2, 4, 4, 2, 4, 1],
        "similarity": [1.0, 1.0, 1.0, 0.5, 0.25, 1.0, 1.0],
        "cluster": list("abaabag"),
    }


def test_a_cluster_is_called_by_its_first_article() -> None:
    """Whatever represents it, which may be another one tomorrow."""
    found = result([0, 1, 2, 0, 3], [(0, 1, 0.5), (1, 2, 0.9)], linkage=0.0)
    assert (found.labels.tolist(), found.firsts.tolist()) == ([1, 1, 1, 1, 4], [0, 0, 0, 0, 4])
    table = dataclasses.replace(found, ids=pa.chunked_array([list("vwxyz")])).to_arrow()
    assert (table["label"].to_pylist(), table["cluster"].to_pylist()) == (list("wwwwz"), list("vvvvz"))


def test_without_ids_positions_stand_for_them() -> None:
    """The table of articles without ids speaks of positions."""
    table = dataclasses.replace(small(), ids=None).to_arrow()
    assert table["id"].to_pylist() == list(range(7))
    assert table["label"].to_pylist() == small().labels.tolist()
    assert table.schema.types == [pa.int64(), pa.int64(), pa.int64(), pa.float64(), pa.int64()]


def test_a_similarity_that_was_never_computed_is_null() -> None:
    """A member without an edge to its representative has no similarity in the table, not a number that is none."""
    found = result([0, 1, 2], [(0, 1, 1.0), (1, 2, 0.75)], linkage=0.0)
    assert found.labels.tolist() == [1, 1, 1]
    path = result([0, 1, 2, 3], [(0, 1, 0.5), (1, 2, 1.0), (2, 3, 0.5)], linkage=0.0)
    assert path.labels.tolist() == [1, 1, 1, 1]
    table = path.to_arrow()
    assert table["similarity"].to_pylist() == [0.5, 1.0, 1.0, None]
    assert table["similarity"].null_count == 1


def test_the_table_as_pandas_and_as_polars() -> None:
    """Both frames hold what the Arrow table holds."""
    found = small()
    assert found.to_pandas().to_dict("list") == found.to_arrow().to_pydict()
    assert found.to_polars().to_dict(as_series=False) == found.to_arrow().to_pydict()


@pytest.mark.parametrize("package", ["pandas", "polars"])
def test_a_missing_extra_is_answered_with_the_line_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    """Without the optional package the error is the pip line, and an ImportError."""
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError) as caught:
        getattr(small(), f"to_{package}")()
    assert str(caught.value).endswith(install_line(package))
    assert f"to_{package}() needs {package}" in str(caught.value)
    assert isinstance(caught.value, ImportError)


def test_results_can_be_kept(examples: dict[str, str]) -> None:
    """Pickled, a result says the same: clusters, explanations, templates."""
    found = dedup.cluster([{"id": name, "text": text} for name, text in examples.items()])
    for again in (pickle.loads(pickle.dumps(found)), copy.deepcopy(found)):
        assert again.labels.tolist() == found.labels.tolist()
        assert again.explain(8, 9).passages == found.explain(8, 9).passages
        assert again[0].template().parts == found[0].template().parts
    assert pickle.loads(pickle.dumps(found[0])).keywords() == found[0].keywords()
    words = dedup.cluster(list(examples.values()), dedup.Settings(unit="word"))
    assert pickle.loads(pickle.dumps(words)).explain(0, 1).passages == words.explain(0, 1).passages


def test_a_cluster_is_one_line_in_a_list() -> None:
    """How many articles, how similar, and which."""
    found = dedup.cluster([{"id": f"a{n}", "text": "手机卡续费"} for n in range(5)])
    assert repr(found[0]) == "<Cluster: 5 articles, similarity 1.00: a0, a1, a2, …>"


def test_bytes_that_are_no_text_do_no_harm(tmp_path: Path) -> None:
    """Arrow lets them pass; titles, notebook and report show marks in their place."""
    text = b"\xff\xfe" + "续费手机卡，轻松搞定".encode()
    offsets = np.array([0, len(text), 2 * len(text)], np.int64)
    column = pa.Array.from_buffers(pa.large_string(), 2, [None, pa.py_buffer(offsets), pa.py_buffer(text * 2)])
    found = dedup.cluster(column)
    assert found[0].about()[0].endswith("续费手机卡，轻松搞定")
    assert "续费手机卡" in found._repr_html_()
    found.report(tmp_path / "report.html")


@pytest.mark.parametrize("value", [0, -1, True, 1.5, "x"])
def test_numbers_of_texts_are_checked(value: Any) -> None:
    """In every question alike; numpy's whole numbers are whole numbers."""
    cluster = dedup.cluster(["手机卡续费", "手机卡續費"])[0]
    for ask in (
        lambda: cluster.template(sample=value),
        lambda: cluster.keywords(value),
        lambda: cluster.indicators(sample=value),
    ):
        with pytest.raises(SettingsError, match="whole number of 1 or more"):
            ask()
    assert cluster.template(sample=np.int64(5)).sampled == cluster.template(sample=None).sampled == 1


@pytest.mark.parametrize("share", [-0.1, 1, 80, "x", None, True])
def test_shares_are_checked(share: Any) -> None:
    """A share is below 1."""
    with pytest.raises(SettingsError, match=r"share must be in \[0, 1\)"):
        dedup.cluster(["手机卡续费", "手机卡續費"])[0].template(share=share)
