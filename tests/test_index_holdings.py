"""`dedup.index.holdings`: what an index holds answers as what `dedup.cluster` gives; one suite for both stores."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pyarrow as pa
import pytest

import dedup
from dedup.errors import InputError

Open = Callable[..., dedup.Index]
TEA = [f"tea-{number}" for number in range(1, 6)]
COLUMNS = ["id", "label", "size", "similarity", "cluster"]


def called(table: pa.Table, column: str) -> dict[str, str]:
    """What the cluster or the campaign of each article is called."""
    return dict(zip(table["id"].to_pylist(), table[column].to_pylist(), strict=True))


@pytest.fixture
def filled(start: Open, examples: dict[str, str]) -> dedup.Index:
    """An index of the example articles, of which one has come twice under another id."""
    index = start()
    index.add_many([*examples, "tea-copy"], [*examples.values(), examples["tea-3"]])
    return index


def test_a_cluster_answers_as_one_of_a_run(filled: dedup.Index, examples: dict[str, str]) -> None:
    """What it is about is worked out from the stored texts, with the weights of all."""
    cluster = filled.cluster("tea-4")
    assert cluster.ids.to_pylist() == ["tea-1", "tea-2", "tea-3", "tea-copy", "tea-4", "tea-5"]
    assert sorted(cluster.texts()) == sorted(examples[id_] for id_ in [*TEA, "tea-3"])
    assert {"古树", "每月"} <= {one.word for one in cluster.keywords(20)}
    assert cluster.indicators()[0].members == 6
    assert "云麓" in str(cluster.template())
    assert 0 < cluster.concentration() < 1 and all(cluster.about())
    assert "古树" in cluster._repr_html_()


def test_a_cluster_is_that_of_the_snapshot(filled: dedup.Index, examples: dict[str, str]) -> None:
    """The same representative and similarity, however it is asked for; a lone article is like itself."""
    run = {tuple(one.ids.to_pylist()): one for one in filled.snapshot()}
    for one in filled.clusters():
        other = run[tuple(one.ids.to_pylist())]
        assert other.ids[0].as_py() == filled.cluster_of(one.ids[0].as_py())
        assert one.ids[one.representative] == other.ids[other.members.tolist().index(other.representative)]
        assert one.similarity == pytest.approx(other.similarity, rel=0.02)
    lone = filled.cluster("night-train")
    assert (len(lone), lone.similarity, lone.representative) == (1, 1.0, 0)
    assert lone.texts() == [examples["night-train"]]


def test_a_snapshot_is_what_the_index_holds(filled: dedup.Index, examples: dict[str, str], tmp_path: Path) -> None:
    """Its articles, the oldest first, in its own clusters, called by their first rows; all of a result works."""
    found = filled.snapshot()
    table = found.to_arrow()
    assert table.column_names == COLUMNS
    assert sorted(table["id"].to_pylist()) == sorted([*examples, "tea-copy"])
    own = filled.to_arrow()
    assert called(table, "cluster") == called(own, "cluster")
    assert called(found.to_arrow(campaigns=True), "campaign") == called(own, "campaign")
    ids = table["id"].to_pylist()
    why = found.explain(ids.index("tea-1"), ids.index("tea-4"))
    assert why.similarity == pytest.approx(filled.explain("tea-1", "tea-4").similarity, rel=0.02)
    assert len(found.campaigns()) > 0 and list(found.frames()) == []
    filled.close()
    found.report(tmp_path / "page.html")
    assert (tmp_path / "page.html").stat().st_size > len("".join(examples.values()))


def test_the_table_is_that_of_the_snapshot(filled: dedup.Index) -> None:
    """But for what was never computed, and in the order in which articles were added; it needs no texts."""
    table, found = filled.to_arrow(), filled.snapshot().to_arrow()
    assert table.column_names == [*COLUMNS, "campaign"]
    mine, theirs = ({row["id"]: row for row in one.to_pylist()} for one in (table, found))
    assert {id_: {**theirs[id_], "campaign": row["campaign"]} for id_, row in mine.items()} == mine
    assert table["id"].to_pylist()[-1] == "tea-copy"


def test_after_weighing_anew_it_is_the_run(start: Open, synthetic: ModuleType) -> None:
    """Labels, similarities and pairs are those of `dedup.cluster` over the same articles in the same order."""
    texts = [*synthetic.spun(8, seed=3).texts, *synthetic.near_copies(60, 500, seed=2)[0]]
    articles = [{"id": str(number), "text": text} for number, text in enumerate(texts)]
    index = start()
    index.add_many([one["id"] for one in articles], texts)
    index.reweigh()
    ours, run = index.snapshot(), dedup.cluster(articles)
    assert (
        ours.to_arrow()
        .select(COLUMNS)
        .equals(run.to_arrow().select(COLUMNS).cast(ours.to_arrow().select(COLUMNS).schema))
    )
    for mine, theirs in zip(ours.pairs, run.pairs, strict=True):
        assert np.array_equal(mine, theirs)


def test_frames_are_those_that_the_index_leaves_out(start: Open, synthetic: ModuleType) -> None:
    """They are listed with who holds them, and count for nothing in what is explained."""
    footer = synthetic.spun(1, seed=9).texts[0][:300]
    own = synthetic.campaign(60, share=0.0, characters=700, seed=4)[0]
    index = start()
    index.add_many([str(number) for number in range(60)], [f"{text}\n{footer}" for text in own])
    index.reweigh()
    found = index.snapshot()
    (frame,) = found.frames()
    assert frame.holders == 60 and frame.passage[:40] in footer
    assert found.explain(0, 1).similarity < 0.05
    assert index.cluster("7").texts()[0].endswith(footer)


def test_texts_are_those_of_when_they_are_asked_for(start: Open, examples: dict[str, str]) -> None:
    """Of articles that have gone since nobody knows them; what was read once stays."""
    index = start()
    for id_ in TEA:
        index.add(id_, examples[id_])
    read, unread = index.cluster("tea-1"), index.cluster("tea-1")
    assert len(read.texts()) == 5
    index.remove("tea-2")
    assert len(read.texts()) == 5
    with pytest.raises(InputError, match="ask for the cluster again"):
        unread.texts()
    assert len(index.cluster("tea-1").texts()) == 4


def test_without_texts_it_says_what_to_do(start: Open, synthetic: ModuleType) -> None:
    """Clusters are there, with similarities that are estimated, and nothing of what needs their texts."""
    texts = synthetic.near_copies(40, 600, seed=12)[0]
    index = start(dedup.Settings.near_copies(0.6), store_texts=False)
    index.add_many([str(number) for number in range(len(texts))], texts)
    clusters = list(index.clusters())
    assert clusters and all(0.5 < cluster.similarity <= 1 for cluster in clusters)
    assert clusters[0].about() == ("", "", "") and "articles" in clusters[0]._repr_html_()
    for ask in (clusters[0].template, clusters[0].keywords, index.snapshot):
        with pytest.raises(InputError, match=r"store_texts=True"):
            ask()


def test_an_empty_index_is_an_empty_result(start: Open) -> None:
    """It has no rows and no clusters."""
    index = start()
    found = index.snapshot()
    assert (len(found), found.to_arrow().num_rows) == (0, 0)
    assert list(index.clusters(1)) == [] and index.to_arrow().num_rows == 0
