"""`dedup.nightly.job`: nights, one after the other, end in what one night over everything ends in."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import permutations
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

import pytest
from crawlers import article, rewrite
from hypothesis import given, settings
from hypothesis import strategies as st
from test_nightly import (
    NEAR,
    TEA,
    by_id,
    changes,
    clustered,
    expected_changes,
    partition,
    plain,
    put,
    read,
    rejects,
    run,
    touch,
    tree,
)

from dedup.errors import FileError, RejectsError, SettingsError
from dedup.nightly import candidates, intake, memory, outputs, signed, sketching
from dedup.settings import Settings
from dedup.stages import candidates as stages

TINY: dict[tuple[Any, str], int] = {
    (intake, "PACK"): 5000,
    (signed, "GROUP"): 7,
    (candidates, "PIECE"): 8,
    (sketching, "PIECE"): 1000,
    (outputs, "PART"): 10,
}
"""Sizes with which a night of 60 articles has several shards, row groups, pieces of pairs and files of labels."""

A_TEXT = 188
"""Bytes that are held of a near copy while its bands are walked; with runs it is four times as much."""


@contextmanager
def small(pairs: int = 16, texts: int = 12) -> Iterator[None]:
    """Little memory: so many pairs are held, and the buckets of about so many texts walked at a time."""
    with pytest.MonkeyPatch.context() as patch:
        for (module, name), value in TINY.items():
            patch.setattr(module, name, value)
        patch.setattr(memory.Budget, "pairs", property(lambda _: 8 * pairs))
        patch.setattr(memory.Budget, "signatures", property(lambda _: texts * A_TEXT))
        patch.setattr(memory.Budget, "entries", property(lambda _: 100))
        patch.setattr(memory.Budget, "mapped", property(lambda _: 1))
        patch.setattr(stages, "MARKS", 1 << 10)
        patch.setattr(stages, "PIECE", 1 << 10)
        yield


@pytest.fixture(scope="module")
def corpus(synthetic: ModuleType) -> dict[str, str]:
    """Articles, a third of them near copies of others, some of them equal."""
    texts, _ = synthetic.near_copies(60, 150, seed=3)
    return {f"{number:02}": text for number, text in enumerate([*texts, *texts[:3]])}


def spread_over(folder: Path, articles: Mapping[str, str | None], files: int, suffix: str = "jsonl") -> None:
    """The articles in so many files."""
    listed = list(articles.items())
    for number in range(files):
        some = listed[number * len(listed) // files : (number + 1) * len(listed) // files]
        put(folder / "in" / f"{number:03}.{suffix}", some)


# --- one night ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("files", "suffix", "threads"), [(1, "jsonl", 1), (7, "parquet", 2), (63, "jsonl", 2)])
@pytest.mark.parametrize("tiny", [False, True], ids=["", "little memory"])
def test_one_night_is_the_job_in_memory(
    tmp_path: Path, corpus: dict[str, str], files: int, suffix: str, threads: int, tiny: bool
) -> None:
    """The same labels in the same order, however the articles are parted, on any threads, in any memory."""
    spread_over(tmp_path, corpus, files, suffix)
    if tiny:
        with small():
            run(tmp_path, threads=threads)
        assert len(list((tmp_path / "out" / "labels").iterdir())) == 7
    else:
        run(tmp_path, threads=threads)
    rows = read(tmp_path)
    assert plain(rows) == clustered(corpus)
    assert any(row["size"] > 2 for row in rows)
    assert partition(rows, "cluster") == partition(rows)


@pytest.mark.parametrize("chosen", [Settings(weighted=False), Settings(weighted=False, threshold=0.4, slots=100)])
def test_one_night_with_average_linkage(tmp_path: Path, chosen: Settings) -> None:
    """Where the mean decides, too, and signatures are of no whole blocks."""
    articles = {str(number): article(number) for number in range(60)}
    spread_over(tmp_path, articles, 5)
    with small(pairs=100, texts=20):
        run(tmp_path, settings=chosen)
    assert plain(read(tmp_path)) == clustered(articles, chosen)


def test_one_night_with_weights(tmp_path: Path) -> None:
    """With weights by a sketch of the document frequencies the clusters are the same."""
    articles = {str(number): article(number) for number in range(60)}
    spread_over(tmp_path, articles, 5)
    with small(pairs=100, texts=100):
        run(tmp_path, settings=Settings())
    assert partition(read(tmp_path)) == partition(clustered(articles, Settings()))


TEXTS = {
    "繁": "手機卡續費的辦法有三種，請看下文，不要錯過這個難得的機會",
    "简": "手机卡续费的办法有三种，请看下文，不要错过这个难得的机会",
    "混": "手机卡續费的辦法有三种，請看下文，不要错過這個难得的機會",
    "日": "お問い合わせはこちらから、営業時間のご案内をご覧ください",
    "日二": "お問い合わせはこちらから。営業時間のご案内をご覧ください！",
    "한": "문의는 여기로 연락해 주세요, 영업 시간은 아래를 보세요",
    "한二": "문의는 여기로 연락해 주세요. 영업 시간은 아래를 보세요.",
    "en": "Please write to us, the opening hours are listed below",
    "en二": "please write to us - the opening hours are listed BELOW!",
    "emoji": "🎉🎉🎉",
    "emoji二": "🎉🎉🎉",
    "marks": "。，！？……",
    "empty": "",
    "empty二": "",
    "null": None,
    "null二": None,
    "lone": "\ud800",
    "lone二": "前面\udfff後面的文字也要留下來，一個字都不能少",
    "lone三": "前面\ud800後面的文字也要留下來，一個字都不能少",
    "nul": "這一篇裡頭有\0空的字元，也算是一篇",
    "short": "字",
    "short二": "字",
}


@pytest.mark.parametrize("chosen", [NEAR, Settings()], ids=["near copies", "default"])
def test_every_script_and_no_text(tmp_path: Path, chosen: Settings) -> None:
    """Traditional is Simplified; what nobody can compare keeps its row, alone, with itself as its cluster."""
    put(tmp_path / "in" / "a.jsonl", TEXTS)
    summary = run(tmp_path, settings=chosen)
    rows = read(tmp_path)
    assert list(by_id(rows, "size")) == list(TEXTS)
    assert {one for one in partition(rows) if len(one) > 1} == {
        frozenset({"繁", "简", "混"}), frozenset({"日", "日二"}), frozenset({"한", "한二"}), frozenset({"en", "en二"}),
        frozenset({"lone二", "lone三"}), frozenset({"short", "short二"}),
    }  # fmt: skip
    for row in rows:
        if row["size"] == 1:
            assert (row["label"], row["similarity"], row["cluster"]) == (row["id"], 1.0, row["id"])
    assert rejects(tmp_path) == [] and summary.bad_rows == 0
    assert not run(tmp_path, settings=chosen).files


def test_nothing_that_could_be_compared(tmp_path: Path) -> None:
    """Nights of articles without shingles come and go like others."""
    for number, texts in enumerate([{"a": "", "b": "。"}, {"b": "🎉"}, {"c": None}]):
        put(tmp_path / "in" / f"{number}.jsonl", texts)
        run(tmp_path, settings=Settings())
    put(tmp_path / "in" / "9.jsonl", {"d": article(1)})
    summary = run(tmp_path, settings=Settings())
    assert partition(read(tmp_path)) == set(map(frozenset, "abcd"))
    assert summary.articles == 4 and summary.clusters == 0


# --- several nights -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("nights", [2, 3, 9])
@pytest.mark.parametrize("tiny", [False, True], ids=["", "little memory"])
def test_nights_end_in_what_one_night_ends_in(tmp_path: Path, corpus: dict[str, str], nights: int, tiny: bool) -> None:
    """The same labels, and clusters that are called after their oldest."""
    listed = list(corpus.items())
    for night in range(nights):
        put(tmp_path / "in" / f"{night}.jsonl", listed[night * 63 // nights : (night + 1) * 63 // nights])
        if tiny:
            with small(pairs=3, texts=9):
                summary = run(tmp_path)
        else:
            summary = run(tmp_path)
        assert (summary.night, summary.files) == (night + 1, 1)
    assert plain(read(tmp_path)) == clustered(corpus)
    oldest: dict[str, str] = {}
    for row in read(tmp_path):
        assert oldest.setdefault(row["label"], row["id"]) == row["cluster"]


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_rewrites_that_come_in_different_nights(tmp_path: Path, examples: dict[str, str], order: Sequence[int]) -> None:
    """Five rewrites of one text end in one cluster in whatever order they come, and it is called by the oldest."""
    others = [name for name in examples if name not in TEA]
    parts = [TEA[:2] + others[:3], TEA[2:4] + others[3:6], TEA[4:] + others[6:]]
    came = [name for part in order for name in parts[part]]
    for number, part in enumerate(order):
        put(tmp_path / "in" / f"{number}.jsonl", {name: examples[name] for name in parts[part]})
        run(tmp_path, settings=Settings())
    rows = read(tmp_path)
    assert frozenset(TEA) in partition(rows)
    assert {by_id(rows, "cluster")[name] for name in TEA} == {next(name for name in came if name in TEA)}


def test_a_late_article_joins_two_clusters(tmp_path: Path) -> None:
    """Of clusters that join the oldest lives on, and the change says which went into which."""
    sentences = [f"{name}，{name * 3}，说的是第{name}件事情的来龙去脉。" for name in "甲乙丙丁戊己庚辛壬癸子丑"]
    ends = {"a": sentences[:8], "b": sentences[4:]}
    put(tmp_path / "in" / "1.jsonl", {name: "".join(lines) for name, lines in ends.items()} | {"c": article(1)})
    chosen = Settings.near_copies(0.6)
    run(tmp_path, settings=chosen)
    assert partition(read(tmp_path)) == set(map(frozenset, "abc"))
    put(tmp_path / "in" / "2.jsonl", {"d": "".join(sentences)})
    summary = run(tmp_path, settings=chosen)
    assert partition(read(tmp_path)) == {frozenset("abd"), frozenset("c")}
    assert by_id(read(tmp_path), "cluster") == {"a": "a", "b": "a", "c": "c", "d": "a"}
    assert changes(tmp_path) == [("joined", "b", "a")]
    assert summary.changes == {"joined": 1} and not summary.whole
    put(tmp_path / "in" / "2.jsonl", {"e": article(2)})  # what held them together goes
    summary = run(tmp_path, settings=chosen)
    assert by_id(read(tmp_path), "cluster") == {"a": "a", "b": "b", "c": "c", "e": "e"}
    assert changes(tmp_path) == [("split", "a", "b")]
    assert (summary.new, summary.gone, summary.articles) == (1, 1, 4)


def test_an_id_that_comes_again_is_told(tmp_path: Path) -> None:
    """In one night or a later one its last text counts; the summary and the log say how many got another one."""
    told: list[dict[str, Any]] = []
    log: Any = lambda event, about: told.append(dict(about)) if event == "written" else None  # noqa: E731
    put(tmp_path / "in" / "1.jsonl", [("a", article(1)), ("b", article(2)), ("a", article(3))])
    assert run(tmp_path, log=log).replaced == 1
    put(tmp_path / "in" / "2.jsonl", [("b", article(2)), ("a", article(4)), ("c", article(3))])
    assert run(tmp_path, log=log).replaced == 1
    assert run(tmp_path, log=log).replaced == 0
    assert [one["replaced"] for one in told] == [1, 1]
    assert {row["id"] for row in read(tmp_path)} == {"a", "b", "c"}


def test_a_night_is_whole_when_there_is_half_as_much_again(tmp_path: Path) -> None:
    """Until then what is new is compared with everything before."""
    whole = []
    for night, texts in enumerate([20, 5, 4, 1, 10, 5]):
        put(tmp_path / "in" / f"{night}.jsonl", {f"{night} {n}": rewrite(night, n) for n in range(texts)})
        whole.append(run(tmp_path, settings=Settings()).whole)
        assert len(partition(read(tmp_path))) == night + 1
    assert whole == [True, False, False, True, False, True]


# --- what changes -------------------------------------------------------------------------------------------------


def test_a_row_is_replaced_by_its_id(tmp_path: Path) -> None:
    """By the last row with it, in the same file or a later one; the article keeps its place in time."""
    put(tmp_path / "in" / "1.jsonl", [("a", rewrite(1, 1)), ("b", rewrite(2, 1)), ("a", rewrite(3, 1))])
    put(tmp_path / "in" / "2.jsonl", [("c", rewrite(3, 2))])
    assert run(tmp_path).articles == 3
    assert by_id(read(tmp_path), "cluster") == {"b": "b", "a": "a", "c": "a"}
    put(tmp_path / "in" / "3.jsonl", [("a", rewrite(2, 3))])
    summary = run(tmp_path)
    assert by_id(read(tmp_path), "cluster") == {"b": "a", "c": "c", "a": "a"}
    assert (summary.articles, summary.new, summary.gone) == (3, 0, 0)
    assert changes(tmp_path) == [("split", "a", "c"), ("joined", "b", "a")]
    put(tmp_path / "in" / "3.jsonl", [("d", rewrite(7, 0))])  # the row that it replaced is there again
    run(tmp_path)
    assert by_id(read(tmp_path), "cluster") == {"b": "b", "a": "a", "c": "a", "d": "d"}


def test_rows_that_go_with_their_file(tmp_path: Path) -> None:
    """What a changed file holds no more is gone; what was read from a file that was deleted stays."""
    put(tmp_path / "in" / "1.jsonl", {"a": rewrite(1, 1), "b": rewrite(1, 2)})
    put(tmp_path / "in" / "2.jsonl", {"c": rewrite(1, 3), "d": rewrite(2, 1)})
    run(tmp_path)
    put(tmp_path / "in" / "1.jsonl", {"b": rewrite(1, 2)})
    (tmp_path / "in" / "2.jsonl").unlink()
    summary = run(tmp_path)
    assert by_id(read(tmp_path), "cluster") == {"c": "b", "d": "d", "b": "b"}
    assert changes(tmp_path) == [("renamed", "a", "b")]
    assert (summary.files, summary.gone, summary.changes) == (1, 1, {"renamed": 1})
    put(tmp_path / "in" / "1.jsonl", [])
    summary = run(tmp_path)
    assert by_id(read(tmp_path), "cluster") == {"c": "c", "d": "d"}
    assert changes(tmp_path) == [("renamed", "b", "c")]


def test_a_row_that_a_renamed_file_held(tmp_path: Path) -> None:
    """Left out of the file under its new name, it is there again by its old one, until that holds it no more."""
    put(tmp_path / "in" / "1.jsonl", {"a": rewrite(1, 1), "b": rewrite(1, 2)})
    run(tmp_path)
    (tmp_path / "in" / "1.jsonl").rename(tmp_path / "in" / "2.jsonl")
    run(tmp_path)
    put(tmp_path / "in" / "2.jsonl", {"b": rewrite(1, 2)})
    run(tmp_path)
    assert by_id(read(tmp_path), "cluster") == {"a": "a", "b": "a"}
    put(tmp_path / "in" / "1.jsonl", [])
    run(tmp_path)
    assert by_id(read(tmp_path), "cluster") == {"b": "b"}


def test_a_text_that_comes_back_is_compared(tmp_path: Path) -> None:
    """An article that was gone for a night is with its likes again, those that came meanwhile, too."""
    put(tmp_path / "in" / "0.jsonl", {str(n): article(n) for n in range(30)})  # nights stay partial
    put(tmp_path / "in" / "1.jsonl", {"a": rewrite(1, 1)})
    put(tmp_path / "in" / "2.jsonl", {"b": rewrite(1, 2)})
    run(tmp_path)
    assert by_id(read(tmp_path), "cluster")["b"] == "a"
    put(tmp_path / "in" / "2.jsonl", [])
    run(tmp_path)
    put(tmp_path / "in" / "3.jsonl", {"c": rewrite(1, 3)})
    put(tmp_path / "in" / "1.jsonl", [])
    run(tmp_path)
    assert by_id(read(tmp_path), "size")["c"] == 1
    put(tmp_path / "in" / "2.jsonl", {"b": rewrite(1, 2)})
    assert not run(tmp_path).whole
    assert by_id(read(tmp_path), "cluster")["c"] == "b"
    put(tmp_path / "in" / "1.jsonl", {"z": rewrite(1, 1)})
    assert not run(tmp_path).whole
    assert {by_id(read(tmp_path), "cluster")[name] for name in "bcz"} == {"b"}


def test_a_file_that_was_only_touched(tmp_path: Path) -> None:
    """It is read again, and nothing comes of it."""
    put(tmp_path / "in" / "1.jsonl", {"a": rewrite(1, 1), "b": rewrite(1, 2)})
    put(tmp_path / "in" / "2.jsonl", {"c": rewrite(1, 3)})
    run(tmp_path)
    before = by_id(read(tmp_path), "cluster")
    touch(tmp_path / "in" / "1.jsonl")
    summary = run(tmp_path)
    assert (summary.night, summary.files, summary.new, summary.gone, summary.changes) == (2, 1, 0, 0, {})
    assert by_id(read(tmp_path), "cluster") == before
    assert changes(tmp_path) == []


def test_a_night_with_nothing_new(tmp_path: Path) -> None:
    """Nothing is read, worked out or written."""
    put(tmp_path / "in" / "1.jsonl", {"a": rewrite(1, 1), "b": rewrite(1, 2)})
    first = run(tmp_path)
    before, written = tree(tmp_path / "state"), (tmp_path / "out").stat()
    events: list[str] = []
    second = run(tmp_path, log=lambda event, _: events.append(event))
    assert tree(tmp_path / "state") == before
    assert (tmp_path / "out").stat().st_ino == written.st_ino
    assert events == ["stage"]
    assert (second.night, second.files, second.new, second.gone, second.whole) == (1, 0, 0, 0, False)
    assert (second.articles, second.clusters, second.clustered) == (first.articles, first.clusters, first.clustered)


def test_another_output_folder(tmp_path: Path) -> None:
    """Where nothing is new, labels are written to a folder that has none, and no change is told twice."""
    put(tmp_path / "in" / "1.jsonl", {"a": rewrite(1, 1)})
    run(tmp_path)
    put(tmp_path / "in" / "1.jsonl", {"b": rewrite(1, 1)})
    run(tmp_path)
    assert changes(tmp_path) == [("ended", "a", None)]
    run(tmp_path, out="other")
    assert read(tmp_path, "other") == read(tmp_path)
    assert changes(tmp_path, "other") == []
    assert changes(tmp_path) == [("ended", "a", None)]
    shutil.rmtree(tmp_path / "other")
    put(tmp_path / "in" / "2.jsonl", {"c": rewrite(2, 1)})
    assert run(tmp_path, out="other").new == 1
    assert by_id(read(tmp_path, "other"), "cluster") == {"b": "b", "c": "c"}


# --- what cannot be read ------------------------------------------------------------------------------------------


def test_a_bad_file_and_bad_rows(tmp_path: Path) -> None:
    """They are rejected with the reason, night after night for the file, once for the rows; the rest is clustered."""
    put(tmp_path / "in" / "1.jsonl", {"a": rewrite(1, 1), "b": rewrite(1, 2)})
    with (tmp_path / "in" / "1.jsonl").open("a") as file:
        file.write('{"id": "c", "text": 3}\nno JSON\n')
    (tmp_path / "in" / "2.parquet").write_bytes(b"PAR1 this is no Parquet file")
    (tmp_path / "gone").mkdir()
    summary = run(tmp_path, tmp_path / "in", tmp_path / "gone")
    assert (summary.bad_files, summary.bad_rows, summary.articles) == (2, 2, 2)
    found = rejects(tmp_path)
    assert list(found[0]) == ["path", "row", "reason", "count", "severity"]
    assert [(Path(one["path"]).name, one["row"], one["count"]) for one in found] == [
        ("gone", None, 1), ("1.jsonl", 3, 1), ("1.jsonl", 4, 1), ("2.parquet", None, 1),
    ]  # fmt: skip
    assert "the text must be a string" in found[1]["reason"]
    put(tmp_path / "in" / "3.jsonl", {"d": rewrite(2, 1)})
    summary = run(tmp_path)
    assert (summary.bad_files, summary.bad_rows, summary.files) == (1, 0, 2)
    assert [Path(one["path"]).name for one in rejects(tmp_path)] == ["2.parquet"]
    put(tmp_path / "in" / "2.parquet", {"e": rewrite(2, 2)})
    summary = run(tmp_path)
    assert (summary.bad_files, summary.new, summary.articles) == (0, 1, 4)
    assert rejects(tmp_path) == []
    assert by_id(read(tmp_path), "cluster")["e"] == "d"


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    """A crawl that is not mounted must not look like a night without news: nothing is read or written."""
    put(tmp_path / "in" / "1.jsonl", {"a": rewrite(1, 1)})
    run(tmp_path)
    before = tree(tmp_path / "out")
    put(tmp_path / "in" / "2.jsonl", {"b": rewrite(1, 2)})
    with pytest.raises(FileError, match=r"cannot read '.*gone', and nothing was read: there is no such file"):
        run(tmp_path, tmp_path / "in", tmp_path / "gone")
    assert tree(tmp_path / "out") == before
    assert run(tmp_path).new == 1


def test_changes_of_a_night_that_was_not_written_are_told_the_next(tmp_path: Path) -> None:
    """The clusters that users know of are what changes are told against."""
    put(tmp_path / "in" / "1.jsonl", {"a": rewrite(1, 1)})
    put(tmp_path / "in" / "2.jsonl", {"b": rewrite(1, 2), "c": rewrite(2, 1)})
    assert run(tmp_path).changes == {}
    put(tmp_path / "in" / "1.jsonl", {"a": rewrite(3, 1)})
    touch(tmp_path / "in" / "1.jsonl")
    (tmp_path / ".blocked.tonight").write_text("in the way")
    with pytest.raises(OSError, match=r"\.blocked\.tonight"):
        run(tmp_path, out="blocked")
    put(tmp_path / "in" / "3.jsonl", {"d": rewrite(3, 2)})
    summary = run(tmp_path)
    assert (summary.night, summary.new, summary.changes) == (3, 1, {"split": 1})


@pytest.mark.parametrize("content", [b"PAR1 nonsense", b"", None], ids=["broken", "empty", "without the column"])
def test_a_file_that_cannot_be_read_any_more(tmp_path: Path, content: bytes | None) -> None:
    """What it held stays until it can be read again."""
    put(tmp_path / "in" / "1.parquet", {"a": rewrite(1, 1), "b": rewrite(1, 2)})
    put(tmp_path / "in" / "2.jsonl", {"c": rewrite(1, 3)})
    run(tmp_path)
    before = read(tmp_path)
    path = tmp_path / "in" / "1.parquet"
    if content is None:
        put(path, {"x": "y"})
        path.write_bytes(path.read_bytes().replace(b"text", b"body"))
    else:
        path.write_bytes(content)
    touch(path)
    summary = run(tmp_path)
    assert (summary.bad_files, summary.files, summary.gone) == (1, 1, 0)
    assert read(tmp_path) == before
    assert len(rejects(tmp_path)) == 1
    put(path, {"b": rewrite(1, 2)})
    assert run(tmp_path).gone == 1
    assert by_id(read(tmp_path), "cluster") == {"c": "b", "b": "b"}


def test_more_rejects_than_are_allowed(tmp_path: Path) -> None:
    """The run fails and writes nothing, as often as it is tried, until the files are mended."""
    put(tmp_path / "in" / "1.jsonl", {"a": rewrite(1, 1)})
    bad = tmp_path / "in" / "2.parquet"
    bad.write_bytes(b"nonsense")
    for _ in range(2):
        with pytest.raises(RejectsError, match=r"1 rows and files could not be read, more than the 0 .*2\.parquet"):
            run(tmp_path, max_rejects=0)
        assert not (tmp_path / "out").exists()
    put(bad, {"b": rewrite(1, 2)})
    assert run(tmp_path, max_rejects=0).articles == 2
    assert rejects(tmp_path) == []
    put(tmp_path / "in" / "3.jsonl", {"c": rewrite(1, 3)})
    before = tree(tmp_path / "out")
    (tmp_path / "gone").mkdir()
    with pytest.raises(RejectsError, match="gone"):
        run(tmp_path, tmp_path / "in", tmp_path / "gone", max_rejects=0)
    assert tree(tmp_path / "out") == before
    assert run(tmp_path, tmp_path / "in", tmp_path / "gone", max_rejects=1).articles == 3


def test_a_bad_file_that_is_left_out(tmp_path: Path) -> None:
    """Who deletes a file that cost a run its success, or names it no more, succeeds."""
    put(tmp_path / "in" / "1.jsonl", {"a": rewrite(1, 1)})
    bad = tmp_path / "in" / "2.parquet"
    bad.write_bytes(b"nonsense")
    with pytest.raises(RejectsError):
        run(tmp_path, max_rejects=0)
    bad.unlink()
    summary = run(tmp_path, max_rejects=0)
    assert (summary.articles, summary.bad_files) == (1, 0)
    assert rejects(tmp_path) == []


@pytest.mark.parametrize("exists", [False, True])
def test_no_articles_at_all(tmp_path: Path, exists: bool) -> None:
    """A first night without articles fails, says so, and writes nothing; the next can do better."""
    (tmp_path / "in").mkdir()
    if exists:
        put(tmp_path / "in" / "1.jsonl", [])
    for _ in range(2):
        with pytest.raises(FileError, match="no articles were read, nothing was written"):
            run(tmp_path)
        assert not (tmp_path / "out").exists()
    put(tmp_path / "in" / "2.jsonl", {"a": rewrite(1, 1)})
    assert run(tmp_path).articles == 1


# --- what is refused ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"settings": Settings()}, "the state was made with"),
        ({"settings": Settings.near_copies(0.8)}, r"threshold=0\.7, not 0\.8"),
        ({"settings": Settings.near_copies(unit="word")}, "shingles characters, got unit='word'; leave it out"),
        ({"memory": "900MB"}, "1GB or more"),
        ({"memory": "viel"}, "a size such as 8GB"),
        ({"threads": 0}, "threads must be a whole number"),
    ],
)
def test_other_settings_change_nothing(tmp_path: Path, changed: dict[str, Any], words: str) -> None:
    """They are refused before anything is read."""
    put(tmp_path / "in" / "1.jsonl", {"a": rewrite(1, 1)})
    run(tmp_path)
    put(tmp_path / "in" / "2.jsonl", {"b": rewrite(1, 2)})
    before = tree(tmp_path)
    with pytest.raises(SettingsError, match=words):
        run(tmp_path, **changed)
    assert tree(tmp_path) == before


def test_more_articles_than_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be kept is refused, with what to give, before the work is begun."""
    put(tmp_path / "in" / "1.jsonl", {str(n): rewrite(n, 1) for n in range(10)})
    monkeypatch.setattr(memory, "AN_ARTICLE", 10**8)
    with pytest.raises(SettingsError, match=r"too little for 10 articles.*at least --memory 4GB"):
        run(tmp_path, memory="1GB")
    assert not (tmp_path / "out").exists()
    assert run(tmp_path, memory="4GB").articles == 10


@pytest.mark.parametrize("places", [("x", "x"), ("x/out", "x"), ("x", "x/state")], ids=str)
def test_output_and_state_are_two_folders(tmp_path: Path, places: tuple[str, str]) -> None:
    """Neither may be in the other: the output is replaced, and all that is in it."""
    put(tmp_path / "in" / "1.jsonl", {"a": rewrite(1, 1)})
    out, state = places
    if "/" in out + state:
        (tmp_path / "x").mkdir()
    before = tree(tmp_path)
    for _ in range(2):
        with pytest.raises(FileError, match=r"name another|name a new folder"):
            run(tmp_path, out=out, state=state)
        assert tree(tmp_path) == before


def test_output_and_state_among_the_inputs(tmp_path: Path) -> None:
    """What a run keeps and writes is not what it reads, though it lies below a folder that is named."""
    put(tmp_path / "1.jsonl", {"a": rewrite(1, 1)})
    run(tmp_path, tmp_path)
    put(tmp_path / "2.jsonl", {"b": rewrite(1, 2)})
    summary = run(tmp_path, tmp_path)
    assert (summary.files, summary.bad_files, summary.articles) == (1, 0, 2)
    assert rejects(tmp_path) == []
    assert run(tmp_path, tmp_path).night == 2


# --- a story ------------------------------------------------------------------------------------------------------

FILES, IDS, NUMBERS = "abc", "uvwxyz", 8
BROKEN = "no JSON\n"
BROKEN = "no JSON\n"
CONTENTS = st.lists(st.tuples(st.sampled_from(IDS), st.integers(0, NUMBERS - 1)), max_size=5)
DEEDS = st.one_of(
    st.tuples(st.sampled_from(["write", "write", "write"]), st.sampled_from(FILES), CONTENTS),
    st.tuples(st.sampled_from(["touch", "break", "delete"]), st.sampled_from(FILES), st.just([])),
)
NIGHTS = st.lists(st.lists(DEEDS, min_size=1, max_size=3), min_size=1, max_size=5)


@dataclass
class Story:
    """What a state should know, kept in the plainest way."""

    held: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    """What was last read of each file, those that were read last at the end."""
    ages: dict[str, int] = field(default_factory=dict)
    """When each id was first seen."""
    clusters: dict[str, str] = field(default_factory=dict)
    """Of last night."""

    def articles(self) -> dict[str, str]:
        """The last row of every id, in the order of the rows."""
        rows = [row for rows in self.held.values() for row in rows]
        last = {id_: place for place, (id_, _) in enumerate(rows)}
        return {id_: text(number) for place, (id_, number) in enumerate(rows) if last[id_] == place}

    def read(self, name: str, rows: list[tuple[str, int]]) -> None:
        """A file was read."""
        self.held.pop(name, None)
        self.held[name] = rows
        for id_, _ in rows:
            self.ages.setdefault(id_, len(self.ages))


def text(number: int) -> str:
    """Of two families, and one that has no shingles."""
    return rewrite(number % 2, number) if number else "。"


def tell(folder: Path, deeds: Sequence[tuple[str, str, list[tuple[str, int]]]], story: Story) -> None:
    """Do what is done between two nights, and let the story know."""
    files: dict[str, list[tuple[str, int]] | None] = {}
    for deed, name, rows in deeds:
        path = folder / "in" / f"{name}.jsonl"
        if deed == "write":
            put(path, [(id_, text(number)) for id_, number in rows])
            files[name] = rows
        elif deed == "touch" and path.exists():
            touch(path)
            files.setdefault(name, None if path.read_text() == BROKEN else story.held.get(name))
        elif deed == "break":
            path.parent.mkdir(exist_ok=True)
            path.write_text(BROKEN)
            touch(path)
            files[name] = None
        elif deed == "delete":
            path.unlink(missing_ok=True)
            files.pop(name, None)
    for name, held in sorted(files.items()):
        if held is not None:
            story.read(name, held)


@pytest.mark.filterwarnings("ignore:.*that another file brought again")
@settings(deadline=None, max_examples=20)
@given(NIGHTS, st.booleans())
def test_any_story_ends_as_if_told_at_once(nights: list[Any], tiny: bool) -> None:
    """Files that come, change, break and go: labels are those of the articles there are, clusters have the oldest's."""
    story = Story()
    with TemporaryDirectory() as name:
        folder = Path(name)
        put(folder / "in" / "0.jsonl", {f"_{number}": article(number) for number in range(10)})
        story.held["0"], last = [], 0
        for deeds in nights:
            tell(folder, deeds, story)
            if tiny:
                with small(pairs=2, texts=5):
                    summary = run(folder)
            else:
                summary = run(folder)
            rows = [row for row in read(folder) if row["id"][0] != "_"]
            articles = story.articles()
            first = {"cluster": None}  # an article that has got another text is as old as it was, and comes last here
            assert [row | first for row in plain(rows)] == [row | first for row in clustered(articles)]
            assert partition(rows, "cluster") == partition(rows)
            now = by_id(rows, "cluster")
            assert all(story.ages[oldest] <= story.ages[id_] for id_, oldest in now.items())
            before, story.clusters = story.clusters, now
            assert summary.new == len(now.keys() - before.keys()) + 10 * (last == 0)
            assert summary.gone == len(before.keys() - now.keys())
            if summary.night > last:
                assert sorted(changes(folder)) == expected_changes(before, now, story.ages)
            else:
                assert now == before
            last = summary.night
