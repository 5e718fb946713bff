"""`dedup.spark`: the same labels as `dedup.cluster`, on a Spark of several processes, one of which is killed."""

from __future__ import annotations

import math
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import sparks
from test_nightly_framing import FOOTER, campaign, unrelated

import dedup
from dedup.errors import DedupWarning, FileError, InputError, SettingsError
from dedup.stages.clusters import Graph, representatives

sparks.check()

pytestmark = [  # PySpark's own, which nothing here can mend
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

SCRIPTS = [
    "手機卡續費，輕鬆搞定，全程線上辦理，三分鐘完成！",
    "手机卡续费,轻松搞定,全程线上办理,三分钟完成",
    "手机卡續費，轻鬆搞定，全程線上办理，三分鐘完成。",
    "东京の天気は今日も晴れで、明日も晴れるでしょう。",
    "東京の天気は今日も晴れで、明日も晴れるでしょう！！",
    "오늘 서울의 날씨는 맑고 내일도 맑을 것입니다.",
    "오늘 서울의 날씨는 맑고 내일도 맑을 것입니다",
    "The weather in London is fine today and it will be fine tomorrow.",
    "THE WEATHER in London is fine today, and it will be fine tomorrow!",
    "🎉🎉🎉",
    "",
    None,
    "?!",
    "a",
]


@pytest.fixture(scope="module")
def mixed(synthetic: ModuleType) -> list[str | None]:
    """Groups of edited copies, a campaign, exact copies, and all scripts."""
    near, _ = synthetic.near_copies(600, 300, seed=3)
    spun, _ = synthetic.campaign(300, 0.5, 0.6, characters=300, seed=4)
    return [*near, *spun, *near[:30], *near[:5], *SCRIPTS]


def expected(ids: list[Any], texts: list[str | None], settings: dedup.Settings) -> pa.Table:
    """What one process finds, by id."""
    return dedup.cluster(pa.table({"id": ids, "text": pa.array(texts, pa.large_string())}), settings).to_arrow(
        campaigns=True
    )


def run(
    session: Any, texts: list[str | None], settings: dedup.Settings, partitions: int = 2, **options: Any
) -> pa.Table:
    """What Spark finds, by id."""
    import dedup.spark

    frame = sparks.frame(session, range(len(texts)), texts, partitions)
    return sparks.result(dedup.spark.cluster(frame, settings=settings, **options))


NEAR = dedup.Settings.near_copies(0.5)


def test_near_copies_are_those_of_one_process(session: Any, mixed: list[str | None]) -> None:
    """Without weights every column is the same, to the last bit."""
    assert run(session, mixed, NEAR, 7).equals(expected(list(range(len(mixed))), mixed, NEAR))


def test_rewrites_are_those_of_one_process_but_for_the_sketch(session: Any, mixed: list[str | None]) -> None:
    """The sketch of document frequencies moves few pairs at most, and how the articles are spread moves none."""
    found = run(session, mixed, dedup.Settings(), 1)
    assert found.equals(run(session, mixed, dedup.Settings(), 5))
    clusters = dedup.cluster(mixed)
    mine = found["label"].to_numpy()
    pairs = clusters.pairs
    together = mine[pairs.left] == mine[pairs.right]
    assert (together == (clusters.labels[pairs.left] == clusters.labels[pairs.right])).mean() >= 0.99
    same = mine == clusters.labels
    assert np.abs(found["similarity"].to_numpy() - clusters.to_representative)[same].max() < 0.02


@pytest.mark.parametrize("partitions", [1, 4])
def test_a_footer_joins_nobody(session: Any, partitions: int) -> None:
    """Of 300 unrelated articles no cluster is larger than without it, and a campaign keeps together."""
    apart = list(unrelated(range(300), FOOTER).values())
    found = run(session, [*apart, *campaign(range(40), FOOTER).values()], dedup.Settings(), partitions)
    sizes = found["size"].to_numpy()
    without = dedup.cluster(list(unrelated(range(300)).values()))
    assert sizes[:300].max() <= 1.3 * without.sizes.max()
    assert (sizes[300:] == 40).all() and len(set(found["label"].to_pylist()[300:])) == 1


def test_footers_and_a_campaign_are_those_of_one_process(session: Any) -> None:
    """The same articles are together, and the same alone."""
    parts = [
        unrelated(range(60), FOOTER),
        unrelated(range(60, 90)),
        campaign(range(40), FOOTER),
        campaign(range(40, 60)),
    ]
    texts = [text for part in parts for text in part.values()]
    found = run(session, texts, dedup.Settings(), 3)
    assert found["label"].to_pylist() == dedup.cluster(texts).labels.tolist()


@pytest.mark.parametrize("way", ["several blocks", "buckets"])
def test_every_way_to_candidates_ends_in_the_same(
    session: Any, mixed: list[str | None], way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one tile does; small runs would never be cut into blocks, or go to buckets."""
    from dedup.spark import buckets, driver, tiles
    from dedup.stages import runs

    whole = run(session, mixed, dedup.Settings())
    if way == "several blocks":
        monkeypatch.setattr(tiles, "TILE_BYTES", 1 << 18)
        assert tiles.plan(len(mixed), 300 * len(mixed), dedup.Settings(), 2).blocks > 2
    monkeypatch.setattr(driver, "bytes_to_buckets", lambda *_: 0 if way == "buckets" else math.inf)
    monkeypatch.setattr(buckets, "SLOTS", dedup.Settings().slots)
    monkeypatch.setattr(buckets, "WINDOW", runs.WINDOW)
    assert run(session, mixed, dedup.Settings()).equals(whole)


def test_a_crowd_is_linked_as_in_one_process(session: Any, mixed: list[str | None]) -> None:
    """Also where a component is too large for a task."""
    settings = dedup.Settings.near_copies(0.3, bucket_cap=8, linkage=0.5)
    wanted = expected(list(range(len(mixed))), mixed, settings)
    graph = dedup.cluster(mixed, settings).graph
    assert graph.capped.any()
    assert run(session, mixed, settings).equals(wanted)
    apart = run(session, mixed, settings, most_edges=len(graph.left) - 1)
    assert apart.equals(wanted)


def test_a_component_that_is_too_large_loses_its_weaker_edges(session: Any, mixed: list[str | None]) -> None:
    """It is told, everyone is still there, and those most alike are still together."""
    with pytest.warns(DedupWarning, match="components of more than 8,000 edges"):
        found = run(session, mixed, dedup.Settings(), most_edges=8000)
    assert found["id"].to_pylist() == list(range(len(mixed)))
    labels = found["label"].to_pylist()
    assert labels[0] == labels[900]  # exact copies


@pytest.mark.parametrize("written", ["articles", "edges", "result"])
def test_a_worker_is_killed_in_the_middle(
    running: tuple[Any, Any], mixed: list[str | None], written: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the start, later or at the end: the job goes on with what is left, and ends with the same labels."""
    import dedup.spark
    from dedup.spark.folder import Folder

    cluster, session = running
    begun, killed, keep = tmp_path / "begun", tmp_path / "killed", Folder.keep

    def held(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        begun.write_text(str(Path.cwd()), "utf-8")  # a folder of the worker
        while not killed.exists():  # a worker goes while its tasks run, however fast the machine is
            time.sleep(0.05)
        yield from batches

    def kept(folder: Folder, found: Any, name: str) -> Any:
        return keep(folder, found.mapInArrow(held, found.schema) if name == written else found, name)

    def running_there() -> str | None:
        return (begun.read_text("utf-8") if begun.exists() else "") or None

    def kill() -> None:
        place = sparks.STANDALONE.waited(running_there, "no task began", seconds=300)
        worker = next(name for name in cluster.workers if name in Path(place).parts)
        cluster.kill(worker)
        killed.write_text(worker, "utf-8")

    monkeypatch.setattr(Folder, "keep", kept)
    frame = sparks.frame(session, range(len(mixed)), mixed, 8)
    killer = threading.Thread(target=kill)
    killer.start()
    try:
        found = sparks.result(dedup.spark.cluster(frame, settings=NEAR))
    finally:
        killer.join()
    cluster.add(killed.read_text("utf-8"))
    assert found.equals(expected(list(range(len(mixed))), mixed, NEAR))


def test_equal_and_missing_ids(session: Any) -> None:
    """Every article is kept; of equals the least id represents, a missing one only where there is no other."""
    import dedup.spark

    texts = [SCRIPTS[0], SCRIPTS[1], SCRIPTS[0], SCRIPTS[3], SCRIPTS[4], None]
    frame = sparks.frame(session, [b"b", b"a", None, b"b", b"b", None], texts)
    with pytest.warns(dedup.DedupWarning, match="an id occurs more than once, the least is .*every row is kept"):
        found = dedup.spark.cluster(frame, settings=NEAR).toArrow()
    assert found.schema.field("label").type == found.schema.field("id").type
    rows = {(row["id"], row["label"], row["size"]) for row in found.to_pylist()}
    assert rows == {(b"a", b"a", 3), (b"b", b"a", 3), (None, b"a", 3), (b"b", b"b", 2), (None, None, 1)}


@pytest.mark.parametrize("texts", [[None, "", "…", "\U0001f600"], []], ids=["empty texts", "no article"])
def test_nothing_to_compare(session: Any, texts: list[str | None]) -> None:
    """Everyone is alone, and the label is the id."""
    found = run(session, texts, dedup.Settings())
    assert found["label"].to_pylist() == list(range(len(texts)))
    assert found["size"].to_pylist() == [1] * len(texts)
    assert found["similarity"].to_pylist() == [1.0] * len(texts)


def test_other_columns_and_another_folder(session: Any, tmp_path: Any) -> None:
    """Both may have any name; of what the stages kept in the folder only the result is left."""
    import dedup.spark

    frame = sparks.frame(session, ["x", "y"], SCRIPTS[:2]).selectExpr("id `the url`", "text `a.b`", "'z' `THE URL`")
    chosen = tmp_path / "a[1] 目錄"
    found = dedup.spark.cluster(frame, "the url", "a.b", settings=NEAR, checkpoint=str(chosen))
    assert found.columns == ["id", "label", "size", "similarity", "cluster", "campaign"]
    assert {row.label for row in found.collect()} == {"x"}
    assert [path.name for folder in chosen.iterdir() for path in folder.iterdir()] == ["result"]


def test_how_the_session_writes_times_and_sends_texts_changes_nothing(session: Any) -> None:
    """Ids keep their microseconds where Spark is set to write milliseconds, and binary columns may be large."""
    import dedup.spark

    frame = sparks.frame(session, range(len(SCRIPTS)), SCRIPTS).selectExpr("timestamp_micros(id) id", "text")
    options = {
        "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MILLIS",
        "spark.sql.execution.arrow.useLargeVarTypes": "true",
    }
    try:
        for name, value in options.items():
            session.conf.set(name, value)
        found = dedup.spark.cluster(frame)
        assert found.schema["label"].dataType == found.schema["id"].dataType == frame.schema["id"].dataType
        rows = found.selectExpr("unix_micros(id) id", "unix_micros(label) label").toArrow().sort_by("id")
    finally:
        for name in options:
            session.conf.unset(name)
    assert rows.equals(expected(list(range(len(SCRIPTS))), SCRIPTS, dedup.Settings()).select(["id", "label"]))


def test_what_fails_leaves_nothing_in_the_folder(session: Any, tmp_path: Any) -> None:
    """Not even the texts that were kept by then."""
    import dedup.spark

    frame = sparks.frame(session, [1, 2], SCRIPTS[:2]).selectExpr("id", "if(id = 2, raise_error('no'), text) text")
    with pytest.raises(Exception, match="USER_RAISED_EXCEPTION"):
        dedup.spark.cluster(frame, checkpoint=str(tmp_path))
    assert not list(tmp_path.iterdir())


def test_representatives_of_a_component_too_large_for_a_task(session: Any) -> None:
    """Means that only the last bit tells apart are added up as in one process, in the same order."""
    from dedup.spark.labelling import placed

    groups = 40
    left, inside = np.nonzero(np.tile(np.triu(np.ones((5, 5)), 1), (groups, 1)))
    right = inside + left // 5 * 5
    similarity = np.random.default_rng(0).integers(6, 10, len(left)) / 10
    order, all_ = np.lexsort((left, right)), np.arange(5 * groups)
    copies = all_ % 2 + 1
    distinct = np.repeat(all_, copies)
    graph = Graph(all_, distinct, left[order], right[order], similarity[order], np.zeros(len(all_), np.bool_))
    frames = [
        {"number": all_, "first": all_, "copies": copies},
        {"number": all_, "group": all_ // 5},
        {"left": left, "right": right, "similarity": similarity},
    ]
    found = placed(*(session.createDataFrame(pa.table(frame)) for frame in frames)).toArrow().sort_by("number")
    assert found["head"].to_pylist() == representatives(graph, 0.1, 0.0).tolist()


def test_tiles_are_named_by_the_hash_of_spark(session: Any) -> None:
    """It is what tells where a tile goes."""
    from dedup.spark.tiles import _hashed

    numbers = [0, 1, 2, 1000, 2**31 - 1]
    assert [
        row.h for row in session.createDataFrame([(n,) for n in numbers], "n int").selectExpr("hash(n) h").collect()
    ] == [_hashed(number) for number in numbers]


def test_mistakes_are_told(session: Any) -> None:
    """What was given, what is allowed, and what to do."""
    import dedup.spark

    frame = sparks.frame(session, [1], ["a"])
    with pytest.raises(InputError, match=r"got list; make one: spark\.createDataFrame"):
        dedup.spark.cluster(["a"])  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"no column 'body'; the columns are \['id', 'text'\]"):
        dedup.spark.cluster(frame, text="body")
    with pytest.raises(InputError, match="column 'id' holds bigint; a text column must hold strings"):
        dedup.spark.cluster(frame, text="id")
    with pytest.raises(InputError, match="2 columns are called 'id'"):
        dedup.spark.cluster(frame.select("id", "id", "text"))
    with pytest.raises(InputError, match="an id must be a string, a number, a date or the like"):
        dedup.spark.cluster(frame.selectExpr("map(id, id) id", "text"))
    with pytest.raises(SettingsError, match="got str 'body'; name a column with text="):
        dedup.spark.cluster(frame, settings="body")  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"no column Column<'id'>"):
        dedup.spark.cluster(frame, id=frame["id"])
    with pytest.raises(InputError, match=r"got PurePosixPath PurePosixPath\('/x'\); write it as '/shared/tmp'"):
        dedup.spark.cluster(frame, checkpoint=PurePosixPath("/x"))  # type: ignore[arg-type]
    with pytest.raises(FileError, match=r"'/dev/null/dedup-\w+' cannot be written: .*not a directory.*; name a folder"):
        dedup.spark.cluster(frame, checkpoint="/dev/null")
    with pytest.raises(SettingsError, match="most_edges must be a whole number"):
        dedup.spark.cluster(frame, most_edges=0)


def test_several_machines_need_a_folder(session: Any) -> None:
    """Without one that all share nothing is begun."""
    from dedup.spark.folder import Folder

    context = session.sparkContext
    chosen = context.getCheckpointDir()
    assert Folder(session, None).path.startswith(chosen)
    assert Folder(session, "/shared/").path.startswith("/shared/dedup-")


def test_a_template_of_thousands_ends_in_small_memory(session: Any) -> None:
    """Texts that are all nearly the same meet in the same buckets, and are one cluster."""
    frame = "全程线上办理三分钟完成随时随地安全可靠欢迎咨询客服微信号码请添加备注来意谢谢合作" * 3
    texts: list[str | None] = [f"{frame}{chr(0x4E00 + number)}{frame[:7]}" for number in range(4000)]
    with warnings.catch_warnings():
        warnings.simplefilter("error", DedupWarning)
        found = run(session, texts, dedup.Settings.near_copies(bucket_cap=16))
    assert set(found["size"].to_pylist()) == {4000}
