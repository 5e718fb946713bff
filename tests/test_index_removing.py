"""`remove_many` and `compact`: what is forgotten is gone from the answers, and then from the files."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa
import pytest

import dedup
from dedup.errors import IndexBusyError, InputError
from dedup.index import Removed

Open = Callable[..., dedup.Index]


def articles(synthetic: ModuleType, count: int, seed: int = 0) -> dict[str, str]:
    """Articles by ids, 30 % of them in groups of edited copies, and every tenth twice."""
    texts, _ = synthetic.near_copies(count, 300, seed=seed)
    made = {f"https://example.com/{number}": text for number, text in enumerate(texts)}
    return made | {f"副本/{number}": text for number, text in enumerate(texts) if number % 10 == 0}


def groups(index: dedup.Index) -> list[list[str]]:
    """The clusters, sorted."""
    return sorted(sorted(cluster.ids.to_pylist()) for cluster in index.clusters())


def test_a_batch_of_articles_is_forgotten(start: Open, examples: dict[str, str]) -> None:
    """At once; what was not there, and what is no id, is named."""
    index = start()
    index.add_many(list(examples), list(examples.values()))
    removed = index.remove_many(["tea-1", "tea-2", "茶-9", "tea-1", "", None, "\ud800", 7])
    assert (removed.removed, removed.missing) == (2, ["茶-9", "tea-1", "7"])
    assert [(one.row, one.id) for one in removed.rejected] == [(4, ""), (5, None), (6, "\ud800")]
    assert len(index) == len(examples) - 2 and "tea-1" not in index and "tea-3" in index
    assert index.check().ok


def test_a_batch_is_that_of_one_by_one(tmp_path: Path, redis_url: str, synthetic: ModuleType) -> None:
    """On either store, with changes of clusters that tell the same end."""
    made = articles(synthetic, 300)
    gone = random.Random(3).sample(sorted(made), 160)
    answers = []
    for place, at_once in ((tmp_path / "one", False), (tmp_path / "many", True), (redis_url, True)):
        with dedup.Index(place, dedup.Settings.near_copies()) as index:
            index.add_many(list(made), list(made.values()))
            since = index.last_change
            counts = index.remove_many(gone).removed if at_once else sum(map(index.remove, gone))
            told = sorted(change.id for change in index.changes(since) if change.kind == "removed")
            assert counts == 160 and told == sorted(gone)
            assert index.check().problems == []
            answers.append((groups(index), sorted(index.to_arrow().select(["id", "cluster"]).to_pylist(), key=str)))
    assert answers[0] == answers[1] == answers[2]


@pytest.mark.parametrize("kind", [list, tuple, pa.array, lambda ids: pa.chunked_array([ids]), iter])
def test_ids_of_every_kind(start: Open, kind: Callable[[list[str]], Any]) -> None:
    """Lists, columns and whatever can be walked through once; none of them is fine, too."""
    index = start()
    index.add_many(["a", "ب", "🙂"], ["春天的故事", "قصة الربيع الطويلة", None])
    assert index.remove_many(kind(["ب", "🙂"])) == Removed(2, [], [])
    assert index.remove_many([]) == Removed(0, [], []) and len(index) == 1


def test_a_single_id_is_no_batch(start: Open) -> None:
    """A string would be taken for its characters."""
    with pytest.raises(InputError, match="must be lists or columns, got str"):
        start().remove_many("a")


TEXTS = {
    "繁": "請把我寫過的每一句話都忘掉，一個字也不要留下，從此以後誰也不會再記得這件事情曾經發生過",
    "かな": "わたしのことはすっかり忘れてください、どこにも残さないでください",
    "한": "나에 대해 쓴 글은 모두 지워 주세요 하나도 남기지 말고 지워 주세요",
    "ع": "احذفوا كل ما كتبته هنا ولا تتركوا منه كلمة واحدة في أي مكان",
    "en": "Forget zanzibar-quux-4711 and every other word that was ever written here.",
}


def found_in(folder: Path, words: str) -> list[str]:
    """The files of a folder in which these words stand."""
    return [file.name for file in folder.iterdir() if words.encode() in file.read_bytes()]


@pytest.mark.parametrize("lives", [False, True])
def test_after_compacting_no_file_holds_the_words(tmp_path: Path, synthetic: ModuleType, *, lives: bool) -> None:
    """Not the database, nor its log, nor a cache; and not even while another object has the index open."""
    folder = tmp_path / "index"
    with dedup.Index(folder) as index, dedup.Index(folder) if lives else index as other:
        made = articles(synthetic, 200)
        index.add_many(list(made), list(made.values()))
        index.add_many(list(TEXTS), list(TEXTS.values()))
        words = {id_: text[3:11] for id_, text in TEXTS.items()}
        assert all(found_in(folder, some) for some in words.values()), "a short text is stored as it is"
        assert len(other) == len(made) + len(TEXTS)
        assert index.remove_many(TEXTS).removed == len(TEXTS)
        index.compact()
        assert not any(found_in(folder, some) for some in words.values())
        assert len(index) == len(other) == len(made) and index.check().ok


def test_compacting_tells_of_a_reader_that_keeps_the_words(tmp_path: Path) -> None:
    """Nobody is told that words are gone while another process still reads what they stand in."""
    folder = tmp_path / "index"
    with dedup.Index(folder, timeout=0.1) as index:
        index.add_many(list(TEXTS), list(TEXTS.values()))
        with closing(sqlite3.connect(folder / "index.sqlite", isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT COUNT(*) FROM articles").fetchone()
            index.remove_many(TEXTS)
            with pytest.raises(IndexBusyError, match="not gone from its files yet; compact it again"):
                index.compact()
        index.compact()
        assert not found_in(folder, TEXTS["en"][:20])


def test_redis_holds_nothing_of_what_was_removed(redis_url: str) -> None:
    """Except the ids in the list of changes."""
    redis = pytest.importorskip("redis")
    with dedup.Index(redis_url) as index, redis.Redis.from_url(redis_url) as client:
        empty = {key: client.type(key) for key in client.scan_iter()}
        index.add_many(list(TEXTS), list(TEXTS.values()))
        index.remove_many(TEXTS)
        index.compact()
        left = {key for key in client.scan_iter() if key not in empty}
        assert left <= {b"dedup:changes", b"dedup:counts", b"dedup:counted"} | {
            key for key in left if key.startswith(b"dedup:done:")
        }
