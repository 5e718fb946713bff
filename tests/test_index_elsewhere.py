"""An index elsewhere: pickled to other processes, copied, awaited in an event loop, shown; on either store."""

from __future__ import annotations

import asyncio
import copy
import os
import pickle
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

import dedup
from dedup.errors import FileError, InputError

Open = Callable[..., dedup.Index]
TEXT, OTHER = "樹上的鳥兒成雙對，綠水青山帶笑顏", "風筝是怎樣做成的，老人慢慢講給孩子聽"


def add_elsewhere(index: dedup.Index, id_: str) -> tuple[int, bool]:
    """In another process: which one, and whether the article was a duplicate there."""
    return os.getpid(), index.add(id_, TEXT).is_duplicate


def test_a_spawned_process_opens_the_same_index(start: Open) -> None:
    """It is handed over as an argument, and what is added there is found here."""
    index = start(dedup.Settings(threshold=0.2))
    index.add("a", TEXT)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        (process, known) = pool.submit(add_elsewhere, index, "ب").result(120)
    assert process != os.getpid() and known
    assert index.cluster_of("ب") == "a" and index.check().ok


def test_a_copy_is_another_object_of_the_same_index(start: Open) -> None:
    """With its settings, its patience and its limit on a text; closing one leaves the other open."""
    index = start(dedup.Settings(threshold=0.2), timeout=7.5, longest_text=2000)
    given = {"fsync": False, "timeout": 7.5, "create": False, "longest_text": 2000}
    for made in (pickle.loads(pickle.dumps(index)), copy.copy(index), copy.deepcopy([index])[0]):
        with made:
            made.add("a", TEXT)
            assert made is not index and made.settings == index.settings and made.path == index.path
            assert made._address.keywords == given and made.longest_text == 2000
    assert "a" in index


def test_a_pickle_finds_a_relative_path_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker may run in another folder; and it makes no index where there is none any more."""
    monkeypatch.chdir(tmp_path)
    with dedup.Index("articles.dedup") as index:
        index.add("a", TEXT)
        packed = pickle.dumps(index)
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    with pickle.loads(packed) as again:
        assert "a" in again
    (tmp_path / "articles.dedup").rename(tmp_path / "moved")
    with pytest.raises(FileError, match="there is no index at"):
        pickle.loads(packed)


# --- in an event loop -------------------------------------------------------------------------------------------------


def test_awaited_calls_keep_their_order(start: Open) -> None:
    """Of many that are asked for at once the first is the first, and all answer what they answer elsewhere."""
    index = start()

    async def work() -> list[dedup.Seen]:
        seen = await asyncio.gather(*(index.aadd(f"{k}", TEXT) for k in range(20)))
        many = await index.aadd_many(["b", ""], [OTHER, OTHER])
        assert [one and one.kind for one in many] == ["new", None]
        assert (await index.aquery(OTHER)).duplicate_of == "b"
        assert isinstance(await index.aquery(OTHER, by="containment"), dedup.Seen)
        assert await index.aremove("b") and not await index.aremove("b")
        return seen

    seen = asyncio.run(work())
    assert [one.kind for one in seen] == ["new"] + ["duplicate"] * 19
    assert [change.id for change in index.changes() if change.kind == "added"] == [f"{k}" for k in range(20)]


def test_the_loop_goes_on_while_an_article_waits(start: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other tasks run until the index has answered; one that is cancelled in the queue is not made."""
    index = start()
    add, go = index.add, threading.Event()

    def slow(*arguments: Any, **options: Any) -> dedup.Seen:
        assert go.wait(60)
        return add(*arguments, **options)

    monkeypatch.setattr(index, "add", slow)

    async def work() -> None:
        first, second = (asyncio.ensure_future(index.aadd(id_, TEXT)) for id_ in "ab")
        for _ in range(5):
            await asyncio.sleep(0)
        assert not first.done() and second.cancel()
        await asyncio.sleep(0)
        go.set()
        assert (await first).kind == "new"

    asyncio.run(work())
    assert "a" in index and "b" not in index


def test_awaited_errors_are_those_of_the_calls(start: Open) -> None:
    """And a closed index says so; it can be closed from the loop."""
    index = start()

    async def work() -> None:
        with pytest.raises(InputError, match="an id must not be empty"):
            await index.aadd("", TEXT)
        await index.aadd("a", TEXT)
        await index.aclose()
        with pytest.raises(FileError, match="is closed"):
            await index.aquery(TEXT)

    asyncio.run(work())


# --- what kind an article is ------------------------------------------------------------------------------------------


def test_an_article_is_of_one_kind(start: Open) -> None:
    """New, unchanged, changed or a duplicate; what it is a duplicate of is the oldest article."""
    index = start()
    kinds = [index.add(*one) for one in (("a", TEXT), ("b", TEXT), ("a", TEXT), ("b", TEXT), ("c", None))]
    assert [seen.kind for seen in kinds] == ["new", "duplicate", "unchanged", "unchanged", "new"]
    assert [seen.duplicate_of for seen in kinds] == [None, "a", None, "a", None]
    changed = index.add("b", OTHER)
    assert (changed.kind, changed.duplicate_of) == ("changed", None)
    assert (index.query(OTHER).kind, index.query(OTHER).duplicate_of) == ("duplicate", "b")
    assert index.query("또 다른 이야기").kind == "new"


# --- evidence ---------------------------------------------------------------------------------------------------------


def test_a_cluster_of_an_index_has_its_evidence(start: Open, examples: dict[str, str], tmp_path: Path) -> None:
    """Template, keywords, indicators, the passages that two share, and a page of all; without texts it is refused."""
    index = start()
    index.add_many(list(examples), list(examples.values()))
    cluster = index.cluster("tea-2")
    assert {type(part).__name__ for part in cluster.template().parts} == {"Fixed", "Slot"}
    assert cluster.keywords()[0].members == len(cluster) == 5
    assert ("wechat", "yunlu-tea-88") in {(one.kind, one.value) for one in cluster.indicators()}
    assert index.explain("tea-1", "tea-2").passages
    index.report(tmp_path / "page.html", campaigns=False)
    assert "<html" in (tmp_path / "page.html").read_text("utf-8")
