"""`dedup.spark.campaign_links`: the same campaigns as in one process, from what executors gather."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import sparks
from test_campaigns import HANDLES, SIZE, UNRELATED, written

import dedup
from dedup import kernels
from dedup.errors import DedupWarning
from dedup.evidence.campaigns import LARGE, Held, Name, _meet, chosen

sparks.check()
pytestmark = [  # PySpark's own, which nothing here can mend
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

from dedup.spark import campaign_links, distinct, driver  # noqa: E402 - only where Spark is

HOLDERS = 90


@pytest.fixture(scope="module")
def texts(synthetic: ModuleType) -> list[str]:
    """Two operators of several clusters, unrelated texts, and lone texts of a third, more than are compared."""
    made = [text for seed, handle in enumerate(HANDLES) for text in written(synthetic, handle, seed)]
    unrelated = synthetic.campaign(UNRELATED, share=0.0, characters=900, seed=7)[0]
    lone = synthetic.campaign(HOLDERS, share=0.0, characters=900, seed=8)[0]
    passage = synthetic.spun(1, seed=90).texts[0][:60]
    return [*made, *unrelated, *(f"{text}\n{passage}\n加微信 wx_yunshan8 详谈" for text in lone)]


def run(session: Any, texts: list[str], partitions: int, **options: Any) -> pa.Table:
    """What Spark finds, by id."""
    import dedup.spark

    return sparks.result(dedup.spark.cluster(sparks.frame(session, range(len(texts)), texts, partitions), **options))


@pytest.fixture
def exact(monkeypatch: pytest.MonkeyPatch) -> Callable[[list[str]], pa.Table]:
    """What one process finds; from then on Spark weighs as it did, so that the sketch of frequencies moves nothing."""

    def found(texts: list[str], settings: dedup.Settings | None = None) -> pa.Table:
        clusters = dedup.cluster(texts, settings)
        assert clusters.corpus is not None
        weights = clusters.corpus.weights
        monkeypatch.setattr(driver, "weigh", lambda *_: weights)
        return clusters.to_arrow(campaigns=True)

    return found


@pytest.mark.parametrize("partitions", [1, 5])
def test_campaigns_are_those_of_one_process(session: Any, texts: list[str], partitions: int, exact: Any) -> None:
    """Every column is the same, however the articles are spread, also where not all holders are compared."""
    wanted = exact(texts)
    found = run(session, texts, partitions)
    assert found.equals(wanted)
    labels = found["campaign"].to_numpy()
    operators = [labels[:SIZE], labels[SIZE : 2 * SIZE], labels[-HOLDERS:]]
    assert [len(set(one)) for one in operators] == [1, 1, 1]
    assert (labels[2 * SIZE : -HOLDERS] == np.arange(2 * SIZE, 2 * SIZE + UNRELATED)).all()
    sizes = found["size"].to_numpy()
    assert sizes[-HOLDERS:].max() == 1 < sizes[:SIZE].max() < SIZE


def test_copies_are_of_the_campaign_of_their_text(session: Any, texts: list[str], exact: Any) -> None:
    """Empty texts are alone, and of copies the text of the least id is read."""
    several = [*texts[:SIZE], None, texts[0], *(f"{text} @yunlu_tea_shop" for text in texts[2 * SIZE : 2 * SIZE + 3])]
    several += [several[-1].replace("@", " "), ""]
    wanted = exact(several)
    assert wanted["campaign"][SIZE + 1].as_py() == wanted["campaign"][0].as_py()
    assert run(session, several, 3).equals(wanted)


def test_of_copies_the_least_id_is_read() -> None:
    """In whatever order a batch has them, and however they are spread."""
    spellings = ["加 TG @good_cards 办理", "加tg  good_cards，办理", "加TG:@GOOD_CARDS办理"]
    batch = pa.record_batch({"id": [3, 1, 2, None], "text": [*spellings, "别的文章"]})
    (folded,) = distinct._fold(iter([batch]))
    assert folded["text"].to_pylist() == [None, spellings[1], None, "别的文章"]


def test_without_campaigns_there_is_no_column(session: Any, texts: list[str]) -> None:
    """Nor any work for it; and without weights the column equals the cluster."""
    some = texts[:SIZE]
    assert run(session, some, 2, campaigns=False).column_names == ["id", "label", "size", "similarity", "cluster"]
    found = run(session, some, 2, settings=dedup.Settings.near_copies())
    assert found["campaign"].to_pylist() == found["cluster"].to_pylist()


def test_campaigns_need_no_frames(session: Any, texts: list[str], exact: Any) -> None:
    """Where frames are kept passages are sampled all the same."""
    settings = dedup.Settings(frames=False)
    wanted = exact(texts, settings)
    assert len(set(wanted["campaign"].to_pylist())) < len(set(wanted["label"].to_pylist()))
    assert run(session, texts, 2, settings=settings).equals(wanted)


def test_what_is_too_much_for_the_driver_is_left_out(
    session: Any, texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name that the most hold, with a warning; all others link as before."""
    monkeypatch.setattr(campaign_links, "MOST_LINKS", 3000)
    with pytest.warns(DedupWarning, match=r"1 names that more than \d clusters and lone articles hold are left out"):
        found = run(session, texts, 4)["campaign"].to_numpy()
    operators = [set(found[:SIZE]), set(found[SIZE : 2 * SIZE])]
    assert [len(one) for one in operators] == [1, 1] and not operators[0] & operators[1]
    assert (found[2 * SIZE : -HOLDERS] == np.arange(2 * SIZE, 2 * SIZE + UNRELATED)).all()
    assert len(set(found[-HOLDERS:])) == HOLDERS


def test_the_pairs_least_alike_are_left_out(session: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that have the fewest and weakest edges for their size."""
    placed = pa.table({"number": [1, 2, 3, 4, 5], "head": [1, 1, 3, 4, 4]})
    edges = pa.table({"left": [1, 1, 2, 3, 1], "right": [2, 3, 3, 5, 4], "similarity": [0.9, 0.2, 0.1, 0.4, 0.2]})
    frames = [session.createDataFrame(table) for table in (placed, edges)]
    heads = frames[0].where("number != head").select("number", "head")

    class Folder:
        def keep(self, frame: Any, _: str) -> Any:
            return frame

    def near() -> list[tuple[int, int]]:
        low, high = campaign_links._near(Folder(), frames[0], heads, frames[1])  # type: ignore[arg-type]
        return sorted(zip(low.tolist(), high.tolist(), strict=True))

    assert near() == [(1, 3), (1, 4), (3, 4)]
    monkeypatch.setattr(campaign_links, "MOST_NEAR", 2)
    with pytest.warns(DedupWarning, match="1 pairs of clusters and lone articles, the least alike of 3"):
        assert near() == [(1, 3), (3, 4)]


def test_the_same_texts_of_a_cluster_are_compared(session: Any) -> None:
    """Of every size those at even distances by number."""
    sizes = [*range(1, 40), 1000, 4321]
    heads = np.repeat(np.arange(len(sizes)) * 10_000, sizes)
    within = np.concatenate([np.arange(size) for size in sizes])
    order = np.random.default_rng(0).permutation(len(heads))
    frame = session.createDataFrame(pa.table({"number": (heads + within - 55)[order], "head": heads[order]}))
    found = campaign_links.compared(frame).toArrow().to_pandas()
    for place, size in enumerate(sizes):
        mine = found[found["head"] == place * 10_000]
        several = np.arange(min(size, 6))
        wanted = chosen(several, np.full(len(several), size)) + place * 10_000 - 55
        assert sorted(mine["number"]) == wanted.tolist() and set(mine["size"]) == {size}


def test_places_are_those_among_all(session: Any) -> None:
    """By number, whatever the sign, and in one bucket or in several."""
    rng = np.random.default_rng(1)
    numbers = np.unique(np.concatenate([rng.integers(-(2**63), 2**63 - 1, 300), np.arange(50), -np.arange(50)]))
    inside = rng.choice(numbers, 60, replace=False)
    frames = [pa.table({"number": numbers}), pa.table({"number": inside, "head": inside - 1})]
    nodes = np.setdiff1d(numbers, inside)
    asked = np.sort(rng.choice(nodes, 100, replace=False))
    made = [session.createDataFrame(table) for table in (*frames, pa.table({"head": asked}))]
    assert campaign_links._places(*made, asked).tolist() == np.searchsorted(nodes, asked).tolist()


COST = {2: 2 + 1, 4: 4 + 6, 70: 70 + 64 * 65 // 2 + 64 * 5}
"""Holders, and the pairs of them that are looked at."""


@pytest.mark.parametrize("nodes", COST)
def test_what_names_cost_is_known(nodes: int) -> None:
    """It is as many pairs as come of it."""
    node = np.arange(nodes)
    held = Held.of(node, node, np.zeros(nodes, np.int64), np.array([nodes]))
    found = _meet(held, kernels.mix_all(node.astype(np.uint64)), np.ones(nodes, np.bool_), None, "names")[0]
    assert len(found) + nodes == COST[nodes]


@pytest.mark.parametrize(("short", "left", "wanted"), [(1, 2, 4), (2 * COST[70] + 1, 3, 2), (10**6, 7, 0)])
def test_the_widest_are_left_out(short: int, left: int, wanted: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """All names that as many hold together, so that no order decides; none where there is room for all."""
    nodes, times = np.array([70, 2, 4]), np.array([2, 4, 1])
    room = 2 * COST[70] + 4 * COST[2] + COST[4]
    monkeypatch.setattr(campaign_links, "MOST_LINKS", room)
    assert campaign_links._most(nodes, times, "names") == 70
    assert campaign_links._most(nodes[:0], times[:0], "names") == 0
    monkeypatch.setattr(campaign_links, "MOST_LINKS", max(0, room - short))
    with pytest.warns(DedupWarning, match=f"^{left} names that more than {wanted} clusters"):
        assert campaign_links._most(nodes, times, "names") == wanted


def test_passages_that_too_many_clusters_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are left out of all; those of small clusters cost nothing, for by them nobody meets."""
    nodes = np.concatenate([np.arange(10), np.arange(4), np.arange(10, 30)])
    features = np.repeat([0, 1, 2], [10, 4, 20])
    order = np.lexsort((features, nodes))
    held = Held(nodes[order], features[order], np.full(34, LARGE), np.array([30, 12, 60]))
    large = np.arange(30) < 10
    assert [column.tolist() for column in campaign_links._fitting(held, large)] == [column.tolist() for column in held]
    monkeypatch.setattr(campaign_links, "MOST_LINKS", 20)
    with pytest.warns(DedupWarning, match="1 passages that more than 4 clusters"):
        kept = campaign_links._fitting(held, large)
    assert np.unique(kept.features, return_counts=True)[1].tolist() == [4, 20] and set(kept.features) == {1, 2}
    assert kept.counts.tolist() == [30, 12, 60] and (np.diff(kept.nodes) >= 0).all()


def test_names_come_in_their_order() -> None:
    """With the holders of each by number, however rows lie."""
    struct = pa.list_(pa.struct({"node": pa.int64(), "holders": pa.int64()}))
    table = pa.table(
        {
            "kind": ["wechat", "handle"],
            "key": ["b", "a"],
            "form": ["B", "@A"],
            "total": [5, 3],
            "held": pa.array(
                [[{"node": 9, "holders": 4}, {"node": -2, "holders": 1}], [{"node": 9, "holders": 3}]], struct
            ),
        }
    )
    names, held = campaign_links._read(table)
    assert names == [Name("handle", "a", "@A"), Name("wechat", "b", "B")]
    assert [column.tolist() for column in held] == [[-2, 9, 9], [1, 0, 1], [1, 3, 4], [3, 5]]
    names, held = campaign_links._read(table.slice(0, 0))
    assert names == [] and [len(column) for column in held] == [0, 0, 0, 0]


def test_names_are_found_where_texts_lie() -> None:
    """Each once in a text; texts without any give nothing."""
    batch = pa.record_batch({"number": [7, 8], "text": ["问 @Qinghe_Cards 或 @qinghe_cards", "没有"]})
    (found,) = campaign_links._found(iter([batch]))
    rows = [(row["kind"], row["key"], row["form"], row["number"]) for row in found.to_pylist()]
    assert rows == [("handle", "@qinghe_cards", "@Qinghe_Cards", 7)]
    (none,) = campaign_links._found(iter([batch.slice(1)]))
    assert len(none) == 0 and none.schema.names == found.schema.names


def test_names_of_everybody_do_not_link() -> None:
    """Nor one that two texts hold."""
    batch = pa.record_batch(
        {
            "kind": ["handle", "handle", "handle"], "key": ["@qinghe_cards", "@youtube", "@other_one"],
            "form": ["@qinghe_cards", "@YouTube", "@other_one"], "holders": [3, 50, 2], "nodes": [3, 50, 2],
        }
    )  # fmt: skip
    (kept,) = campaign_links._linking(iter([batch]))
    assert kept["key"].to_pylist() == ["@qinghe_cards"]
