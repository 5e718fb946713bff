"""`dedup.nightly.linking` and `gathered`: campaigns of nights are those in memory, whatever the nights they came in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from conftest import SHARED
from test_campaigns import EACH, HANDLES, SIZE, written
from test_nightly import NEAR, by_id, changes, partition, put, read, run, tree

import dedup
from dedup import Clusters, kernels
from dedup.cli import main
from dedup.errors import DedupWarning, FileError
from dedup.evidence import campaigns
from dedup.nightly import gathered, linking
from dedup.nightly.gathered import COLUMNS, rate_of
from dedup.nightly.linking import Order, shared_names, shared_passages
from dedup.nightly.memory import Budget
from dedup.nightly.signed import Part
from dedup.settings import Settings
from dedup.stages.clusters import Pairs
from dedup.stages.frames import Rate, passages
from dedup.stages.shingles import Texts

SETTINGS = Settings()
BUDGET = Budget(8 * 10**9)


@pytest.fixture(scope="module")
def articles(synthetic: ModuleType) -> dict[str, str]:
    """Two operators, of three clusters each, and forty who have nothing to do with each other."""
    made = {
        f"{'ab'[seed]}{number:02}": text
        for seed, handle in enumerate(HANDLES)
        for number, text in enumerate(written(synthetic, handle, seed))
    }
    others = synthetic.campaign(40, share=0.0, characters=900, seed=7)[0]
    return made | {f"x{number:02}": text for number, text in enumerate(others)}


OPERATORS = [{f"{letter}{number:02}" for number in range(SIZE)} for letter in "ab"]


def nights(folder: Path, parts: list[Mapping[str, str]], **options: Any) -> list[dict[str, Any]]:
    """The labels after so many nights."""
    for number, part in enumerate(parts):
        put(folder / "in" / f"{number}.jsonl", part)
        run(folder, settings=SETTINGS, **options)
    return read(folder)


def several(rows: list[dict[str, Any]]) -> set[frozenset[str]]:
    """Campaigns of two and more."""
    return {one for one in partition(rows, "campaign") if len(one) > 1}


def files(folder: Path) -> list[str]:
    """What was gathered, by the names of the files."""
    return sorted(path.name for path in (folder / "state" / "generations").rglob("gathered-*"))


# --- labels -------------------------------------------------------------------------------------------------------


def test_one_night_is_the_job_in_memory(tmp_path: Path, articles: dict[str, str]) -> None:
    """The same are together, each campaign is called after its oldest article, and lone articles after themselves."""
    rows = nights(tmp_path, [articles])
    table = pa.table({"id": list(articles), "text": list(articles.values())})
    found = dedup.cluster(table, SETTINGS).campaigns()
    assert several(rows) == {frozenset(one.ids.to_pylist()) for one in found} == set(map(frozenset, OPERATORS))
    assert len(partition(rows, "cluster")) > len(partition(rows, "campaign"))
    campaign = by_id(rows, "campaign")
    assert {campaign[name] for name in OPERATORS[0]} == {"a00"}
    assert {campaign[name] for name in OPERATORS[1]} == {"b00"}
    assert all(campaign[name] == name for name in articles if name.startswith("x"))
    assert list(rows[0])[-2:] == ["cluster", "campaign"]


@pytest.mark.parametrize("seed", range(3))
def test_nights_in_any_order(tmp_path: Path, articles: dict[str, str], seed: int) -> None:
    """Half in the first night and the rest in four, that are partial: the same campaigns, called by who came first."""
    listed = list(articles.items())
    Random(seed).shuffle(listed)
    cuts = [0, 48, 53, 58, 64, 70]
    parts = [dict(listed[begin:end]) for begin, end in pairwise(cuts)]
    rows = nights(tmp_path, parts)
    assert several(rows) == set(map(frozenset, OPERATORS))
    came = [name for name, _ in listed]
    for operator in OPERATORS:
        assert {by_id(rows, "campaign")[name] for name in operator} == {next(name for name in came if name in operator)}
    assert len(files(tmp_path)) < 5, "later nights take up small files"


def test_an_id_lasts(tmp_path: Path, articles: dict[str, str]) -> None:
    """A campaign that grows night after night, and joins another cluster of its own, keeps its id."""
    mine = sorted(OPERATORS[0])
    others = {name: articles[name] for name in articles if name not in OPERATORS[0]}
    first = {name: articles[name] for name in mine[: EACH + 2]} | others
    assert by_id(nights(tmp_path, [first]), "campaign")[mine[-9]] == "a00"
    for number, name in enumerate(mine[EACH + 2 :], 1):
        put(tmp_path / "in" / f"later-{number}.jsonl", {name: articles[name]})
        run(tmp_path, settings=SETTINGS)
        told = by_id(read(tmp_path), "campaign")
        assert {told[one] for one in mine[: EACH + 2 + number]} == {"a00"}


def test_an_article_is_removed(tmp_path: Path, articles: dict[str, str]) -> None:
    """The campaign is called after the next oldest; what it alone held counts no more."""
    put(tmp_path / "in" / "1.jsonl", {"a00": articles["a00"]})
    put(tmp_path / "in" / "2.jsonl", {name: text for name, text in articles.items() if name != "a00"})
    run(tmp_path, settings=SETTINGS)
    assert {by_id(read(tmp_path), "campaign")[name] for name in OPERATORS[0]} == {"a00"}
    put(tmp_path / "in" / "1.jsonl", {"new": "昨晚的流星雨很美，我們帶了熱茶和毛毯。"})
    assert not run(tmp_path, settings=SETTINGS).whole
    told = by_id(read(tmp_path), "campaign")
    assert {told[name] for name in OPERATORS[0] - {"a00"}} == {"a01"}
    assert "a00" not in told and told["new"] == "new"
    put(tmp_path / "in" / "2.jsonl", {name: articles[name] for name in articles if name[0] == "x" or name == "a07"})
    run(tmp_path, settings=SETTINGS)
    assert not several(read(tmp_path))


def test_two_that_are_left_are_no_campaign_by_a_name(tmp_path: Path, articles: dict[str, str]) -> None:
    """Three texts at least must hold it: those of articles that are no more do not count."""
    mine = ["a00", "a05", "a10"]
    others = {name: text for name, text in articles.items() if name.startswith("x")}
    put(tmp_path / "in" / "1.jsonl", others | {name: articles[name] for name in mine})
    put(tmp_path / "in" / "2.jsonl", {"a11": articles["a11"]})
    run(tmp_path, settings=SETTINGS)
    state, live = tmp_path / "state" / "generations" / "000001", np.ones(44, np.bool_)
    parts = [Part(path, 0, 44) for path in state.glob("gathered-*")]
    prints = np.arange(88, dtype=np.uint64).reshape(-1, 2)
    assert HANDLES[0] in {name.form for name in shared_names(parts, Order.of(prints, live), BUDGET)[0]}
    live[[40, 41]] = False
    assert not shared_names(parts, Order.of(prints, live), BUDGET)[0]


def test_near_copies_have_their_clusters_for_campaigns(tmp_path: Path, articles: dict[str, str]) -> None:
    """Nothing is gathered, for without weights there is no evidence beyond clusters."""
    put(tmp_path / "in" / "1.jsonl", articles | {"copy": articles["x07"] + "。"})
    run(tmp_path, settings=NEAR)
    rows = read(tmp_path)
    assert by_id(rows, "campaign") == by_id(rows, "cluster")
    assert by_id(rows, "campaign")["copy"] == "x07"
    assert not files(tmp_path)


# --- asked for, and not -------------------------------------------------------------------------------------------


def test_asked_for_later(tmp_path: Path, articles: dict[str, str]) -> None:
    """What nights without have not gathered is gathered when it is needed, and all is as if it had always been."""
    listed = list(articles.items())
    Random(5).shuffle(listed)
    parts = [dict(listed[:50]), dict(listed[50:60]), dict(listed[60:65]), dict(listed[65:])]
    always = nights(tmp_path / "always", parts)
    for number, (part, asked) in enumerate(zip(parts, (False, True, False, True), strict=True)):
        put(tmp_path / "now" / "in" / f"{number}.jsonl", part)
        summary = run(tmp_path / "now", settings=SETTINGS, campaigns=asked)
        assert ("campaigns" in summary.seconds) == asked
        assert ("campaign" in read(tmp_path / "now")[0]) == asked
        assert bool(files(tmp_path / "now")) == (number > 0)
    assert read(tmp_path / "now") == always
    assert several(always) == set(map(frozenset, OPERATORS))


def test_asked_for_when_nothing_is_new(tmp_path: Path, articles: dict[str, str]) -> None:
    """There is another night, with no changes, and then there is none."""
    put(tmp_path / "in" / "1.jsonl", articles)
    assert run(tmp_path, settings=SETTINGS, campaigns=False).night == 1
    summary = run(tmp_path, settings=SETTINGS)
    assert (summary.night, summary.new, summary.gone, summary.whole) == (2, 0, 0, False)
    assert several(read(tmp_path)) == set(map(frozenset, OPERATORS)) and changes(tmp_path) == []
    before = tree(tmp_path)
    for asked in (True, False):
        assert run(tmp_path, settings=SETTINGS, campaigns=asked).night == 2
        assert tree(tmp_path) == before, "the folder stays as it is where nothing is new"
    assert run(tmp_path, settings=SETTINGS, campaigns=False, out="other").night == 2
    assert "campaign" not in read(tmp_path, "other")[0]


def test_the_command(tmp_path: Path, articles: dict[str, str]) -> None:
    """`--no-campaigns` leaves the column out; without it `dedup show --campaign` shows one."""
    put(tmp_path / "in" / "1.jsonl", articles)
    night = [
        "cluster", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--state", str(tmp_path / "state"), "--quiet"
    ]  # fmt: skip
    assert CliRunner().invoke(main, [*night, "--no-campaigns"]).exit_code == 0
    assert "campaign" not in read(tmp_path)[0] and not files(tmp_path)
    assert CliRunner().invoke(main, night).exit_code == 0
    shown = CliRunner().invoke(main, ["show", "--campaign", str(tmp_path / "out"), "b09", str(tmp_path / "in")])
    assert shown.exit_code == 0, shown.output
    assert "called b00" in shown.output and HANDLES[1] in shown.output


def test_killed_between_steps(tmp_path: Path, articles: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What was gathered is not gathered again, and neither is what was linked linked."""
    put(tmp_path / "in" / "1.jsonl", articles)

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    for done, next_ in ([], "linking.among"), (["gathered.names_in"], "state.State.commit"):
        with monkeypatch.context() as patch:
            for name in (*done, next_):
                patch.setattr(f"dedup.nightly.{name}", stop)
            with pytest.raises(KeyboardInterrupt):
                run(tmp_path, settings=SETTINGS)
        assert files(tmp_path) == ["gathered-000001-0.parquet"] and not (tmp_path / "out").exists()
    monkeypatch.setattr("dedup.nightly.gathered.names_in", stop)
    monkeypatch.setattr("dedup.nightly.night.campaigns", stop)
    run(tmp_path, settings=SETTINGS)
    monkeypatch.undo()
    assert several(read(tmp_path)) == set(map(frozenset, OPERATORS))
    assert read(tmp_path) == nights(tmp_path / "other", [articles])


# --- against what is in memory ------------------------------------------------------------------------------------


def assert_linked_as_in_memory(folder: Path, found: Clusters, seed: int) -> None:
    """From the same clusters and edges the same campaigns follow, though texts are numbered in another order."""
    corpus, graph = found.corpus, found.graph
    assert corpus is not None and found.representatives is not None
    count = len(corpus.first)
    texts = np.random.default_rng(seed).permutation(count)  # number by night of each number in memory
    first, prints, representatives = (
        np.empty(count, np.int64),
        np.empty((count, 2), np.uint64),
        np.empty(count, np.int64),
    )
    first[texts], prints[texts] = corpus.first, corpus.texts.prints[corpus.first]
    representatives[texts] = texts[found.representatives]
    every = Rate.of(int(corpus.sizes.sum())).windows
    cut = count // 3
    for path, rows in ((folder / "1", first[:cut]), (folder / "2", first[cut:])):
        gathered.write(path, [], corpus.texts, rows, every)
    parts = [Part(folder / "1", 0, cut), Part(folder / "2", 0, count - cut)]

    def similar(left: Any, right: Any) -> Any:
        numbers = np.empty(count, np.int64)
        numbers[texts] = np.arange(count)
        one, other = numbers[left], numbers[right]
        return dedup.stages.pairs.verify(corpus.sets, np.minimum(one, other), np.maximum(one, other), corpus.sizes)

    kept = graph.similarity >= found.threshold
    edges = Pairs(texts[graph.left[kept]], texts[graph.right[kept]], graph.similarity[kept])
    live = np.ones(count, np.bool_)
    group = linking.campaigns(parts, prints, live, representatives, edges, similar, BUDGET)[texts]
    evidence = found.campaigns().evidence
    assert np.array_equal(campaigns.numbered(group), campaigns.numbered(evidence.group[evidence.node]))
    order = Order.of(prints, live)
    names, held = shared_names(parts, order, BUDGET)
    assert names == evidence.names
    assert all(map(np.array_equal, held, evidence.held))
    mine, theirs = shared_passages(parts, order, BUDGET), passages(corpus.texts, corpus.first)
    assert len(mine.counts) > 0 and all(map(np.array_equal, mine, theirs))


def test_linked_as_in_memory(tmp_path: Path, articles: dict[str, str]) -> None:
    """Names, passages and campaigns, to the last one."""
    assert_linked_as_in_memory(tmp_path, dedup.cluster(list(articles.values())), 1)


@pytest.fixture(scope="module")
def network(seeds: list[str]) -> dict[str, str]:
    """One operator's articles and the seeds, read where they are."""
    path = SHARED / "corpora" / "network-dev.parquet"
    if not path.exists():
        pytest.skip("the network is not beside this checkout: ../shared/corpora/network-dev.parquet")
    table = pq.read_table(path, columns=["id", "text"])
    found = dict(zip(table["id"].to_pylist(), table["text"].to_pylist(), strict=True))
    return found | {f"seed-{number}": text for number, text in enumerate(seeds)}


def test_real_articles_are_linked_as_in_memory(tmp_path: Path, network: dict[str, str], clean: list[str]) -> None:
    """The same on an operator's articles among some that are nobody's spam."""
    found = dedup.cluster([*list(network.values())[::3], *clean[:400]])
    assert_linked_as_in_memory(tmp_path, found, 2)


def test_a_network_is_one_campaign(tmp_path: Path, network: dict[str, str], clean: list[str]) -> None:
    """At least 97 in a hundred of it, and nobody else, in nights of which the last are partial."""
    listed = [*network.items(), *((f"clean-{number}", text) for number, text in enumerate(clean[:900]))]
    Random(3).shuffle(listed)
    step = len(listed) // 10
    parts = [dict(listed[: 8 * step]), dict(listed[8 * step : 9 * step]), dict(listed[9 * step :])]
    told = by_id(nights(tmp_path, parts, threads=None), "campaign")
    assert len(list((tmp_path / "state" / "generations").iterdir())) == 1
    ((home, together),) = Counter(told[name] for name in network).most_common(1)
    assert together >= 0.97 * len(network)
    assert {name for name in told if told[name] == home} <= network.keys()


# --- memory and damage --------------------------------------------------------------------------------------------


def test_windows_that_are_too_many() -> None:
    """Those of a coarser sample stay, the same in whatever order they come."""
    keys = kernels.mix_all(np.arange(1000, dtype=np.uint64))
    of, found = np.arange(1000) % 7, []
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(1000)
        windows = linking._Windows(100)
        for some in np.split(order, 20):
            windows.add(of[some], keys[some])
        sampled = windows.sampled(7)
        assert 0 < len(sampled.keys) <= 100
        found.append(
            [sorted(sampled.keys[b:e].tolist()) for b, e in zip(sampled.starts, sampled.starts[1:], strict=False)]
        )
    rate = next(1 << bits for bits in range(20) if (keys & np.uint64((1 << bits) - 1) == 0).sum() <= 100)
    assert found[0] == [sorted(keys[(of == k) & (keys % np.uint64(rate) == 0)].tolist()) for k in range(7)]
    assert found[0] == found[1] == found[2]


def test_tables_take_a_share() -> None:
    """They are powers of two that take a 32nd of the memory at most."""
    assert [Budget(10**9).cells(keys) for keys in (0, 1 << 17, 10**12)] == [1 << 16, 1 << 18, 1 << 24]


def test_names_that_do_not_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that the most articles hold are left out, with a warning, whatever the nights; all others are found."""
    texts = [f"第{n}篇 https://everywhere.com/about https://few{n // 4}.com/page " + "完" * n for n in range(40)]
    found = Texts(pa.chunked_array([pa.array(texts, pa.large_string())]))
    order = np.random.default_rng(1).permutation(40)
    gathered.write(tmp_path / "1", [], found, order[:25], 4)
    gathered.write(tmp_path / "2", [], found, order[25:], 4)
    parts = [Part(tmp_path / "1", 0, 25), Part(tmp_path / "2", 0, 15)]
    ordered = Order.of(found.prints[order], np.ones(40, np.bool_))
    every, _ = shared_names(parts, ordered, BUDGET)
    monkeypatch.setattr("dedup.nightly.memory.A_HOLDER", BUDGET.total // 2 // 100)
    with pytest.warns(
        DedupWarning, match=r"that more than \d+ articles hold are left out of campaigns: to compare all"
    ):
        names, held = shared_names(parts, ordered, BUDGET)
    assert names == [name for name in every if "everywhere" not in name.key] and len(names) < len(every)
    assert {len(mine) for mine in held} == {4}


def test_an_address_of_everybody_stops_no_night(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it makes more pairs than memory holds it is left out, and the night says so and ends well."""
    monkeypatch.setattr("dedup.nightly.memory.A_LINK", 10**9 // 2 // 60)
    rng = np.random.default_rng(5)
    made = {
        f"a{n}": "".join(map(chr, rng.integers(0x4E00, 0x9FA5, 200))) + " https://everywhere.com/a" for n in range(90)
    }
    with pytest.warns(DedupWarning, match="2 names that 90 or more clusters and lone articles hold are left out"):
        told = nights(tmp_path, [made])
    assert len(told) == 90


def test_small_row_groups_take_each_other_up(tmp_path: Path, articles: dict[str, str]) -> None:
    """Row groups are as large as may be, whatever nights their texts are of, and all is as if written at once."""
    corpus = dedup.cluster(list(articles.values())).corpus
    assert corpus is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gathered, "AT_ONCE", 20)
        patch.setattr(gathered, "CHARACTERS", 5000)
        gathered.write(tmp_path / "all", [], corpus.texts, corpus.first, 4)
        parts: list[Part] = []
        for number, some in enumerate(np.split(corpus.first, [30, 31, 40])):
            gathered.write(tmp_path / str(number), parts, corpus.texts, some, 4)
            parts = [Part(tmp_path / str(number), 0, sum(part.end for part in parts) + len(some))]
    one, other = pq.ParquetFile(tmp_path / "all"), pq.ParquetFile(parts[0].path)
    assert one.read().equals(other.read()) and one.schema_arrow.equals(COLUMNS)
    assert len(one.read()) == len(articles) and other.num_row_groups < 8
    assert rate_of(parts) == 4


@pytest.mark.parametrize("metadata", [None, {"rate": "3"}, {"rate": "0"}, {"rate": "x"}, {"r": "1"}])
def test_a_damaged_rate(tmp_path: Path, metadata: dict[str, str] | None) -> None:
    """It is told, with the file."""
    pq.write_table(COLUMNS.empty_table().replace_schema_metadata(metadata), tmp_path / "g")
    with pytest.raises(FileError, match=r"g' is damaged"):
        rate_of([Part(tmp_path / "g", 0, 0)])


def test_two_rates(tmp_path: Path) -> None:
    """Windows of different samples cannot be compared."""
    for name, rate in (("1", "4"), ("2", "8")):
        pq.write_table(COLUMNS.empty_table().replace_schema_metadata({"rate": rate}), tmp_path / name)
    with pytest.raises(FileError, match=r"2' is damaged.*one window in 8 was kept in it, and one in 4 in another"):
        rate_of([Part(tmp_path / "1", 0, 0), Part(tmp_path / "2", 0, 0)])


def test_lists_that_do_not_fit(tmp_path: Path) -> None:
    """A name without its form, and a name that is missing, are damage."""
    row = {"windows": [1], "names": [5], "kinds": ["handle"], "keys": ["@a"], "forms": ["@a"]}
    for change in ({"forms": []}, {"keys": [None]}, {"kinds": None}):
        pq.write_table(pa.Table.from_pylist([row | change], COLUMNS), tmp_path / "g")
        with pytest.raises(FileError, match=r"g' is damaged, and so is the state \(lists of names and kinds"):
            list(gathered.read([Part(tmp_path / "g", 0, 1)], np.ones(1, np.bool_), linking.STRINGS))


def test_a_file_in_the_middle_is_gone(tmp_path: Path, articles: dict[str, str]) -> None:
    """The first one is damage; the last is made again, and nothing is lost."""
    listed = list(articles.items())
    rows = nights(tmp_path, [dict(listed[:60]), dict(listed[60:])])
    folder = tmp_path / "state" / "generations" / "000001"
    assert files(tmp_path) == ["gathered-000001-0.parquet", "gathered-000002-60.parquet"]
    (folder / "gathered-000002-60.parquet").unlink()
    put(tmp_path / "in" / "3.jsonl", {"y": "昨晚的流星雨很美，我們帶了熱茶和毛毯。"})
    run(tmp_path, settings=SETTINGS)
    assert by_id(read(tmp_path), "campaign") == by_id(rows, "campaign") | {"y": "y"}
    (folder / "gathered-000001-0.parquet").unlink()
    put(tmp_path / "in" / "4.jsonl", {"z": "流星雨"})
    with pytest.raises(FileError, match=r"gathered-000003-60\.parquet' is damaged.*texts from 60 on, which is not"):
        run(tmp_path, settings=SETTINGS)
