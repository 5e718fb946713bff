"""The shared store, on a real Redis: rows in and out, one writer at a time, and a server that goes away."""

from __future__ import annotations

import itertools
import os
import re
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import dedup
from dedup.errors import FileError, IndexBusyError, install_line
from dedup.index import Index
from dedup.index.in_redis import SharedStore, lock, postings
from dedup.index.in_redis.values import sealed
from dedup.index.listed import Listed, agreement, by_bands, rules
from dedup.index.on_disk.counters import LEAST_BITS
from dedup.index.store import Change, Edge, Opening, Place, Reader, Text, Writer
from dedup.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
redis = pytest.importorskip("redis")

SMALL = Settings(slots=32, threshold=0.5, recall=0.9, bucket_cap=8)
OPENING = Opening(SMALL, store_texts=True, weights=b"\x00weights\xff")
NEAR = Opening(
    Settings(slots=32, threshold=0.5, recall=0.9, bucket_cap=8, weighted=False), store_texts=True, weights=b""
)
MODES = [pytest.param(OPENING, id="weighted"), pytest.param(NEAR, id="near")]


NAMES = itertools.count(1)
NO_KEYS = np.empty(0, np.uint32)


@pytest.fixture
def store(redis_url: str) -> Iterator[SharedStore]:
    """A new index."""
    one = SharedStore(redis_url, OPENING)
    yield one
    one.close()


@pytest.fixture
def client(redis_url: str) -> Iterator[Any]:
    """Somebody else who is connected."""
    with redis.Redis.from_url(redis_url) as one:
        yield one


def signature(seed: int, slots: int = SMALL.slots) -> Any:
    """The lowest bytes of a signature like no other."""
    return np.random.default_rng(seed).integers(0, 1 << 8, slots).astype(np.uint8)


def runs(signed: Any) -> Any:
    """Keys of a text with this signature: those of equal pairs of slots are equal."""
    pairs = signed.reshape(-1, 2).astype(np.uint32)
    return (pairs[:, 0] << 24 | pairs[:, 1] << 16 | np.arange(len(pairs)) << 8).astype(np.uint32)


def text(number: int, *, cluster: int | None = None, signed: Any = None) -> Text:
    """A text that differs from all others."""
    mine = signature(number) if signed is None else signed
    print_, keys = number.to_bytes(16, "big"), runs(mine) if mine.dtype == np.uint8 else NO_KEYS
    return Text(number, print_, cluster or number, mine, keys, b"body %d" % number)


def add(store: SharedStore, id_: str, *, signed: Any = None) -> int:
    """Add an article with a text of its own."""

    def work(writer: Writer) -> int:
        number = writer.last() + 1
        writer.add_text(text(number, signed=signed))
        writer.add_article(number, id_, number)
        if store.opening.settings.weighted:
            writer.count([(keys([number]), 1)], number)
        return number

    return store.write(work)


def check(store: SharedStore) -> list[str]:
    """What is wrong, while nobody writes."""
    return store.alone(lambda _: store.check())


def article_ids(store: SharedStore) -> list[str]:
    """All ids, oldest first."""
    return store.read(lambda reader: [id_ for _, id_, _ in reader.scan_articles()])


def query(one: Any) -> Listed:
    """Texts with these signatures, as they are asked for."""
    rows = one.reshape(-1, SMALL.slots)
    return Listed.of(rows, [runs(row) for row in rows]) if one.dtype == np.uint8 else by_bands(rows, NEAR.settings)


# --- rows ---------------------------------------------------------------------------------------------------------


def test_what_is_added_is_found(store: SharedStore) -> None:
    """An article with its text, by all its names."""
    assert add(store, "https://example.org/茶") == 1
    assert add(store, "second") == 2

    def look(reader: Reader) -> None:
        assert (reader.last(), reader.texts()) == (2, 2)
        assert reader.find(["second", "third"]) == {"second": 2}
        assert reader.find_equal([(1).to_bytes(16, "big"), b"x" * 16, b""]) == {(1).to_bytes(16, "big"): 1}
        assert reader.places([1, 2, 3]) == {1: Place(1, 1), 2: Place(2, 1)}
        assert reader.bodies([2, 3]) == {2: b"body 2"}
        np.testing.assert_equal(reader.signatures([1, 3]), {1: signature(1)})
        assert reader.edges([1]) == {1: {}}
        assert reader.names([1, 2], 5) == {1: ["https://example.org/茶"], 2: ["second"]}
        assert reader.oldest(1, 5) == [1]
        assert [one.tolist() for one in reader.candidates(query(signature(2)))] == [[2]]
        assert list(reader.scan_articles()) == [(1, "https://example.org/茶", 1), (2, "second", 2)]
        assert list(reader.scan_texts()) == [(n, n.to_bytes(16, "big"), n, 1) for n in (1, 2)]
        assert reader.next_with_edges(0, 9) == [] and not list(reader.scan_edges()) and not list(reader.scan_changes())

    store.read(look)
    assert check(store) == []
    counted = {"articles": 2, "texts": 2, "clusters": 2, "edges": 0}
    assert store.read(lambda reader: reader.count_rows()) == counted
    assert store.read(lambda reader: reader.articles()) == 2


def test_an_index_is_opened_with_what_it_was_created_with(store: SharedStore, redis_url: str) -> None:
    """Whoever opens it again is told so, whatever they ask for."""
    add(store, "a")
    for asked in (None, OPENING._replace(settings=Settings())):
        again = SharedStore(redis_url, asked, create=asked is not None)
        assert again.opening == OPENING
        assert article_ids(again) == ["a"]
        again.close()


def test_of_those_who_create_an_index_the_first_one_wins(redis_url: str) -> None:
    """All others are told what it was created with."""
    openings = [OPENING._replace(weights=b"%d" % n) for n in range(4)]
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(lambda opening: SharedStore(redis_url, opening), openings))
    assert len({store.opening.weights for store in stores}) == 1
    assert add(stores[0], "a") == 1 and add(stores[1], "b") == 2
    for store in stores:
        assert article_ids(store) == ["a", "b"]
        store.close()


@pytest.mark.parametrize("opening", [None, OPENING])
def test_nothing_is_created_unasked(redis_url: str, opening: Opening | None) -> None:
    """Where there is no index, the error says so, and leaves nothing."""
    with pytest.raises(FileError, match="there is no index at"):
        SharedStore(redis_url, opening, create=False)
    with redis.Redis.from_url(redis_url) as client:
        assert client.keys() == []


def test_indexes_of_one_database_do_not_meet(redis_url: str) -> None:
    """Each has its name."""
    names = ("news", "new", "news.1")
    stores = [SharedStore(f"{redis_url}?name={name}", OPENING) for name in names]
    for one, name in zip(stores, names, strict=True):
        add(one, name)
    stores[1].compact()
    for one, name in zip(stores, names, strict=True):
        assert article_ids(one) == [name]
        assert check(one) == []
        assert one.location.endswith(f"?name={name}")
        one.close()


def test_a_socket_of_the_host_will_do(redis_server: Any, redis_url: str) -> None:
    """unix:// leads to the same index."""
    one = SharedStore(redis_url, OPENING)
    add(one, "a")
    other = SharedStore(f"unix://{redis_server._folder}/socket?db=0", None)
    assert article_ids(other) == ["a"]
    one.close()
    other.close()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("redis://:secret@127.0.0.1:notaport/0", "cannot read the address"),
        ("http://user:secret@127.0.0.1/0", "write redis://host:port/db"),
        ("redis://:secret@127.0.0.1/first", "has a number, got 'first'"),
        ("redis://:secret@127.0.0.1/0?name=a:b", "named with up to 64"),
        ("redis://:secret@127.0.0.1:1/0", "'redis://127.0.0.1:1/0' does not answer"),
        ("redis://:secret@127.0.0.1:1/0?flavour=mint", "flavour"),
        ("redis://:secret@127.0.0.1:1/0?socket_timeout=soon", "socket_timeout"),
    ],
)
def test_an_address_that_leads_nowhere(url: str, told: str) -> None:
    """The error says what is wrong with it, without the password."""
    with pytest.raises(FileError, match=re.escape(told)) as raised:
        SharedStore(url, OPENING, timeout=0.2)
    assert "secret" not in str(raised.value)


def test_a_wrong_password_is_told(redis_server: Any, redis_url: str, client: Any) -> None:
    """At once, with what to do."""
    client.config_set("requirepass", "right")
    try:
        for address in (redis_url, redis_url.replace("//", "//:wrong@")):
            with pytest.raises(FileError, match="give user and password in the address") as raised:
                SharedStore(address, OPENING)
            assert "wrong@" not in str(raised.value)
    finally:
        client.execute_command("AUTH", "right")
        client.config_set("requirepass", "")


def test_another_format_is_refused(store: SharedStore, redis_url: str, client: Any) -> None:
    """With what to do; by those who have it open, too."""
    client.hset("dedup:head", "format", 7)
    with pytest.raises(FileError, match=r"has format 7.*written by a newer one"):
        SharedStore(redis_url, OPENING)
    with pytest.raises(FileError, match="has format 7"):
        add(store, "a")


@pytest.mark.parametrize("chosen", [Settings(), Settings.near_copies()], ids=["rewrites", "near copies"])
def test_a_server_that_is_full_still_answers(redis_url: str, client: Any, chosen: Settings) -> None:
    """Whoever asks is told what is there, and the check runs; adding waits for room."""
    text = "昨晚的流星雨很美，我們帶了熱茶和毛毯，一直等到凌晨三點才看見第一顆"
    with dedup.Index(redis_url, chosen) as index, dedup.Index(redis_url) as other:
        index.add("a", text)
        client.config_set("maxmemory", 1)
        try:
            for one in (index, other):
                assert one.query(text).nearest == (dedup.Near("a", 1.0),)
                assert one.check().ok
                assert one.cluster("a").ids.to_pylist() == ["a"]
                with pytest.raises(FileError, match="give it more memory"):
                    one.add("b", text)
        finally:
            client.config_set("maxmemory", 0)
        assert index.add("b", text).is_duplicate


def test_an_emptied_database_is_told(store: SharedStore, client: Any) -> None:
    """Nobody goes on as if it were a new index."""
    client.flushdb()
    with pytest.raises(FileError, match="is gone"):
        add(store, "a")


def test_an_index_that_was_made_anew_is_another(store: SharedStore, redis_url: str, client: Any) -> None:
    """Who has the first one open would judge by its settings, weights, frames and counts."""
    add(store, "a")
    client.flushdb()
    another = SharedStore(redis_url, OPENING)
    for _ in range(2):
        with pytest.raises(FileError, match="made another one of this name; open it anew"):
            add(store, "b")
        with pytest.raises(FileError, match="open it anew"):
            store.read(lambda reader: reader.last())
    add(another, "c")
    assert article_ids(another) == ["c"]
    another.close()


def test_a_server_that_is_full_refuses(store: SharedStore, client: Any) -> None:
    """Nothing is changed, and everything goes on when there is room again."""
    client.config_set("maxmemory", 1)
    try:
        with pytest.raises(FileError, match="give it more memory"):
            add(store, "a")
        assert check(store) == []
    finally:
        client.config_set("maxmemory", 0)
    assert article_ids(store) == []
    add(store, "a")
    assert check(store) == []


def test_a_server_that_forgets_is_told_by_check(store: SharedStore, client: Any) -> None:
    """Keys that the server evicts are gone without a word."""
    client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        assert "set it to noeviction" in check(store)[0]
    finally:
        client.config_set("maxmemory-policy", "noeviction")


@pytest.mark.parametrize(
    "id_", ["繁體中文", "简体中文", "混合mixed字", "日本語の記事", "한국어", "👩‍👩‍👧", "\ud800", "", " ", "a\x00b\r\n"]
)
def test_ids_of_all_kinds_come_back(store: SharedStore, id_: str) -> None:
    """In every place in which they are stored."""

    def work(writer: Writer) -> None:
        writer.add_text(text(1))
        writer.add_article(1, id_, 1)
        writer.add_article(2, id_ + "2", 1)
        writer.set_copies(1, 2)
        writer.record(Change(3, "removed", id_, id_, None))

    store.write(work)
    assert article_ids(store) == [id_, id_ + "2"]
    assert store.read(lambda reader: reader.find([id_])) == {id_: 1}
    assert store.read(lambda reader: reader.names([1], 9)) == {1: [id_, id_ + "2"]}
    assert store.read(lambda reader: list(reader.scan_changes())) == [Change(3, "removed", id_, id_, None)]
    assert check(store) == []


class Model:
    """The same rows in dictionaries."""

    def __init__(self) -> None:
        self.articles: dict[str, tuple[int, int]] = {}
        self.texts: dict[int, int] = {}
        self.edges: dict[tuple[int, int], Edge] = {}
        self.changes: list[Change] = []
        self.last = 0

    def next(self) -> int:
        """A new number."""
        self.last += 1
        return self.last

    def add(self, writer: Writer, rng: Any) -> None:
        """An article, new or replaced, with a new text or one that is there, and edges."""
        id_ = f"文{rng.integers(12)}"
        if id_ in self.articles:
            self.remove(writer, id_)
        number = self.next()
        on = int(rng.choice(sorted(self.texts))) if self.texts and rng.random() < 0.5 else number
        if on == number:
            others = sorted(self.texts)
            self.texts[number] = int(rng.choice(list(self.texts.values()))) if others and rng.random() < 0.5 else number
            writer.add_text(text(number, cluster=self.texts[number]))
            for other in others[-3:]:
                self.link(writer, number, other, Edge(rng.random(), number))
        self.articles[id_] = number, on
        writer.add_article(number, id_, on)
        writer.set_copies(on, self.copies(on))

    def link(self, writer: Writer, one: int, other: int, edge: Edge) -> None:
        """An edge."""
        self.edges[one, other] = self.edges[other, one] = edge
        writer.put_edge(one, other, edge)

    def copies(self, on: int) -> int:
        """How many articles have a text."""
        return sum(text == on for _, text in self.articles.values())

    def remove(self, writer: Writer, id_: str) -> None:
        """An article, and its text and the edges of that if it was the last."""
        _, on = self.articles.pop(id_)
        writer.drop_article(id_)
        self.changes.append(Change(self.next(), "removed", id_, str(self.texts[on]), None))
        writer.record(self.changes[-1])
        if self.copies(on):
            writer.set_copies(on, self.copies(on))
            return
        del self.texts[on]
        writer.drop_text(on)
        for one, other in [ends for ends in self.edges if on in ends]:
            del self.edges[one, other]
            writer.drop_edge(one, other)

    def step(self, writer: Writer, rng: Any) -> None:
        """Any change."""
        kind = rng.integers(6)
        clusters = sorted(set(self.texts.values()))
        if kind == 0 and self.articles:
            self.remove(writer, str(rng.choice(sorted(self.articles))))
        elif kind == 1 and len(clusters) > 1:
            other, cluster = sorted(int(one) for one in rng.choice(clusters, 2, replace=False))
            self.texts = {number: other if now == cluster else now for number, now in self.texts.items()}
            writer.join(cluster, other)
            self.changes.append(Change(self.next(), "joined", None, str(cluster), str(other)))
            writer.record(self.changes[-1])
        elif kind == 2 and self.texts:
            alone = int(rng.choice(sorted(self.texts)))
            self.texts[alone] = self.next()
            writer.set_cluster(alone, self.texts[alone])
            self.changes.append(Change(self.texts[alone], "split", None, "1", str(self.texts[alone])))
            writer.record(self.changes[-1])
        elif kind == 3 and self.edges:
            one, other = sorted(self.edges)[rng.integers(len(self.edges))]
            del self.edges[one, other], self.edges[other, one]
            writer.drop_edge(one, other)
        else:
            self.add(writer, rng)

    def compare(self, reader: Reader) -> None:
        """What is read is what is here."""
        assert reader.last() == self.last and reader.texts() == len(self.texts)
        articles = sorted((number, id_, on) for id_, (number, on) in self.articles.items())
        assert list(reader.scan_articles()) == articles
        assert list(reader.scan_articles(5)) == [row for row in articles if row[0] > 5]
        assert reader.find(["文0", "文1", "不"]) == {id_: on for _, id_, on in articles if id_ in ("文0", "文1")}
        assert [row[0] for row in reader.scan_texts()] == sorted(self.texts)
        everything = range(self.last + 2)
        assert reader.places(everything) == {on: Place(c, self.copies(on)) for on, c in sorted(self.texts.items())}
        assert reader.signatures(everything).keys() == reader.bodies(everything).keys() == self.texts.keys()
        names = {on: [id_ for _, id_, mine in articles if mine == on] for on in self.texts}
        assert reader.names(self.texts, 9) == names
        assert reader.names(self.texts, 1) == {on: ids[:1] for on, ids in names.items()}
        for cluster in everything:
            members = sorted(on for on, now in self.texts.items() if now == cluster)
            assert reader.oldest(cluster, 99) == members and reader.oldest(cluster, 2) == members[:2]
        self.compare_edges(reader)
        counts = (len(articles), len(self.texts), len(set(self.texts.values())), len(self.edges) // 2)
        assert tuple(reader.count_rows().values()) == counts
        assert list(reader.scan_changes()) == self.changes
        assert list(reader.scan_changes(7)) == [change for change in self.changes if change.number > 7]

    def compare_edges(self, reader: Reader) -> None:
        """From both ends."""
        assert list(reader.scan_edges()) == [(*ends, edge) for ends, edge in sorted(self.edges.items())]
        found = reader.edges(self.texts)
        assert {(one, other): edge for one, ends in found.items() for other, edge in ends.items()} == self.edges
        linked = sorted({one for one, _ in self.edges})
        for after in (0, 3, 9):
            assert reader.next_with_edges(after, 2) == [one for one in linked if one > after][:2]


@given(st.integers(0, 2**32))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_transactions_do_what_dictionaries_do(redis_url: str, seed: int) -> None:
    """Any changes, some in one transaction, are read as the reference has them, and check finds nothing wrong."""
    store = SharedStore(f"{redis_url}?name=s{seed}", OPENING)
    model, rng = Model(), np.random.default_rng(seed)
    for _ in range(8):
        store.write(lambda writer: model.step(writer, rng))
        store.read(model.compare)
    for _ in range(3):  # removals and additions of one id in one transaction
        store.write(lambda writer: [model.add(writer, rng) for _ in range(6)])
        store.read(model.compare)
    assert check(store) == []
    store.close()


def test_a_read_sees_the_state_before_its_transaction(store: SharedStore) -> None:
    """What a writer changes is seen when it is committed."""

    def work(writer: Writer) -> None:
        writer.add_text(text(1))
        writer.add_article(1, "a", 1)
        assert writer.last() == 0 and not writer.find(["a"]) and not writer.places([1])

    store.write(work)
    assert article_ids(store) == ["a"]


def test_a_read_beside_a_writer_leaves_out_what_is_gone(store: SharedStore, redis_url: str) -> None:
    """Redis gives no view of one moment: every call is right by itself."""
    other = SharedStore(redis_url, None)
    for i in range(3):
        add(store, str(i))

    def look(reader: Reader) -> None:
        assert len(list(reader.scan_texts())) == 3
        for number in (1, 2):
            other.write(lambda writer, n=number: (writer.drop_article(str(n - 1)), writer.drop_text(n)))  # type: ignore[misc]
        assert reader.places([1, 2, 3]).keys() == reader.signatures([1, 2, 3]).keys() == {3}
        assert [row for row, _, _ in reader.scan_articles()] == [3]
        assert reader.candidates(query(signature(1)))[0].tolist() == []
        assert reader.names([1, 3], 9) == {1: [], 3: ["2"]}
        assert reader.last() == 3

    store.read(look)
    other.close()


def test_a_text_without_shingles_equals_no_other(store: SharedStore) -> None:
    """It has an empty signature, and is in no bucket."""

    def work(writer: Writer) -> None:
        for number in (1, 2):
            writer.add_text(Text(number, b"", number, np.empty(0, np.uint8), NO_KEYS, b"body"))
            writer.add_article(number, str(number), number)

    store.write(work)
    assert store.read(lambda reader: (reader.texts(), reader.find_equal([b""]), len(reader.signatures([1])[1]))) == (
        0, {}, 0,
    )  # fmt: skip
    assert check(store) == []
    store.write(lambda writer: (writer.drop_article("2"), writer.drop_text(2)))
    assert check(store) == []
    store.write(lambda writer: writer.replace(OPENING._replace(generation=2), [], []))
    assert store.read(lambda reader: [*reader.signatures([1, 2])]) == [1]
    assert check(store) == []


# --- candidates ---------------------------------------------------------------------------------------------------


def like(seed: int, rng: Any, share: float) -> Any:
    """A signature that agrees with another in about this share of slots."""
    agree = np.repeat(rng.random(SMALL.slots // 2) < share, 2)
    return np.where(agree, signature(seed), signature(int(rng.integers(1 << 40))))


@pytest.mark.parametrize("opening", MODES)
def test_candidates_are_those_of_brute_force(redis_url: str, opening: Opening) -> None:
    """All that share a key and agree in enough bytes, best first, then oldest."""
    store, rng = SharedStore(redis_url, opening), np.random.default_rng(1)
    signed = np.stack([like(i % 5, rng, 0.7) for i in range(30)])
    signed = signed if opening is OPENING else signed.astype(np.uint16)
    for i, one in enumerate(signed):
        add(store, str(i), signed=one)
    asked, least = query(signed), rules(opening.settings).least
    found = store.read(lambda reader: reader.candidates(asked))
    assert len(found) == 30
    for i, numbers in enumerate(found):
        agreed = agreement(asked.sketches[i], asked.sketches)
        met = np.array([len(np.intersect1d(asked.keys_of(i), asked.keys_of(k))) > 0 for k in range(30)])
        met &= agreed >= least
        assert numbers.tolist() == sorted((np.flatnonzero(met) + 1).tolist(), key=lambda n: (-agreed[n - 1], n))
    assert max(map(len, found)) > 3
    assert store.read(lambda reader: reader.candidates(query(signed[:0]))) == []
    assert check(store) == []
    store.close()


def many(store: SharedStore, numbers: range, signed: Any) -> None:
    """Add texts with one signature together."""

    def work(writer: Writer) -> None:
        for number in numbers:
            writer.add_text(text(number, signed=signed))
            writer.add_article(number, str(number), number)
        if store.opening.settings.weighted:
            writer.count([(keys([number]), 1) for number in numbers], numbers[0])

    store.write(work)


@pytest.mark.parametrize("opening", MODES)
def test_a_key_lists_the_oldest_crowd(redis_url: str, opening: Opening) -> None:
    """Whether they come one by one or together; `compact` fills it up when some are removed."""
    store, looks = SharedStore(redis_url, opening), rules(opening.settings)
    most = looks.looked_at + looks.for_each * looks.bucket_cap if opening is OPENING else looks.bucket_cap
    seen = looks.bucket_cap if opening is OPENING else most
    same = signature(7) if opening is OPENING else signature(7).astype(np.uint16)

    def met() -> list[int]:
        return store.read(lambda reader: reader.candidates(query(same)))[0].tolist()

    def held() -> set[int]:
        return set(store.read(lambda view: view.buckets.meet(query(same).keys)[1].tolist()))

    for i in range(5):
        add(store, str(i), signed=same)
    many(store, range(6, most + 6), same)
    assert met() == list(range(1, seen + 1)) and held() == {*range(1, most + 1)}
    assert check(store) == []
    store.write(lambda writer: (writer.drop_article("1"), writer.drop_text(2)))
    assert met()[:2] == [1, 3] and held() == {1, *range(3, most + 1)}
    assert check(store) == []
    add(store, "late", signed=same)
    assert check(store) == []
    store.compact()
    assert held() == {1, *range(3, most + 2)}
    assert check(store) == []
    store.close()


@given(st.integers(0, 2**32))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_postings_are_those_of_a_dictionary(redis_url: str, seed: int) -> None:
    """While buckets split, long lists grow full, and texts leave: every key lists what a dictionary does."""
    store, rng = SharedStore(f"{redis_url}?name=p{next(NAMES)}", OPENING), np.random.default_rng(seed)
    looks, number = rules(SMALL), 0
    most = looks.looked_at + looks.for_each * looks.bucket_cap
    texts: dict[int, Any] = {}
    lists: dict[int, list[int]] = {}
    common = rng.integers(0, 1 << 32, 3).astype(np.uint32)

    def step(writer: Writer) -> None:
        nonlocal number
        for gone in rng.choice(list(texts), min(len(texts), 3), replace=False).tolist() if texts else ():
            writer.drop_article(str(gone))
            writer.drop_text(gone)
            for key in texts.pop(gone).tolist():
                lists[key] = [one for one in lists[key] if one != gone]
        for _ in range(int(rng.integers(1, 40))):
            number += 1
            mine = np.unique(np.append(rng.integers(0, 1 << 32, rng.integers(80)).astype(np.uint32), common))
            texts[number] = mine
            for key in mine.tolist():
                lists.setdefault(key, [])
                lists[key] += [number] if len(lists[key]) < most else []
            writer.add_text(text(number)._replace(keys=mine))
            writer.add_article(number, str(number), number)
        writer.count([], number)

    for _ in range(6):
        store.write(step)
        asked = np.array([*lists, 77], np.uint32)
        found, numbers = store.read(lambda view, asked=asked: view.buckets.meet(asked))
        pairs = sorted((key, one) for key, some in lists.items() for one in some)
        assert list(zip(found.tolist(), numbers.tolist(), strict=True)) == pairs
        assert store.read(lambda view: view.buckets.missing([*texts], view.listed(view.signatures(texts)))) == []
    assert store.read(lambda view: view.buckets.entered) > 8 * postings.FILL
    store.close()


def test_a_reader_follows_buckets_that_split(store: SharedStore, redis_url: str) -> None:
    """A look-up that knows of fewer buckets than there are asks again."""
    add(store, "a", signed=signature(77))
    other = SharedStore(redis_url, None)

    def look(reader: Reader) -> Any:
        for i in range(20):
            add(other, str(i))
        return reader.candidates(query(signature(77)))[0].tolist()

    assert store.read(look) == [1]
    other.close()


def test_both_stores_find_the_same(redis_url: str, tmp_path: Path) -> None:
    """The same answers, one by one and in batches, for generated articles of which some are alike."""
    rng = np.random.default_rng(6)
    words = ["茶園", "漁船", "清明", "價格", "雨水", "老人", "山上", "海邊", "今年", "天亮", "採茶", "回來", "剛好"]
    texts = ["".join(rng.choice(words, 80)) for _ in range(12)]
    texts += [texts[i % 12][: 60 + i] + "".join(rng.choice(words, 20)) for i in range(36)]
    ids = [str(i) for i in range(len(texts))]
    with Index(redis_url) as shared, Index(tmp_path / "index") as embedded:
        for some in (slice(0, 6), slice(6, 30)):
            assert [*shared.add_many(ids[some], texts[some])] == [*embedded.add_many(ids[some], texts[some])]
        for i in range(30, len(texts)):
            assert shared.add(ids[i], texts[i]) == embedded.add(ids[i], texts[i])
        assert shared.check().ok
        assert shared.to_arrow().equals(embedded.to_arrow())


# --- frequencies --------------------------------------------------------------------------------------------------


def keys(cells: Any) -> Any:
    """Shingles that fall into cells of the smallest table."""
    return np.asarray(cells, np.uint64) << np.uint64(64 - LEAST_BITS)


def count(store: SharedStore, cells: Any, step: int) -> None:
    """Count shingles of one text."""
    store.write(lambda writer: writer.count([(keys(cells), step)], writer.last() + 1))


def frequencies(store: SharedStore, cells: Any) -> Any:
    """What is counted in cells."""
    return store.read(lambda reader: reader.frequencies(keys(cells)))


@pytest.mark.parametrize("many", [10, 40_000])
def test_shingles_are_counted(store: SharedStore, many: int) -> None:
    """As a table of counts does it, whether few cells are touched or most of them."""
    rng, table = np.random.default_rng(2), np.zeros(1 << LEAST_BITS, np.int64)
    for step in (1, 1, -1, 1):
        cells = rng.integers(0, 2 * many, many)
        np.add.at(table, cells, step)
        np.maximum(table, 0, out=table)
        count(store, cells, step)
    for asked in (np.arange(5), np.arange(2 * many), np.array([0, 0, (1 << LEAST_BITS) - 1])):
        got = frequencies(store, asked)
        assert got.dtype == np.uint32
        np.testing.assert_array_equal(got, table[asked])
    assert len(frequencies(store, [])) == 0


def test_the_table_of_counts_grows(store: SharedStore, client: Any) -> None:
    """Every cell is handed on to its two children, and counted on; readers that are at it look again."""
    store.write(lambda writer: writer.count([(keys([3]), 1)], 1))
    other = SharedStore(store.location, None)
    tried = []

    def grow_meanwhile(reader: Reader) -> Any:
        if not tried:
            other.write(lambda writer: writer.count([(keys([3]), 1)] * (1 + (1 << 14)), 1))
        tried.append(1)
        return reader.frequencies(np.concatenate([keys([3]), keys([3]) + np.uint64(1 << 43)]))

    assert store.read(grow_meanwhile).tolist() == [(1 << 14) + 2, 1]
    assert len(tried) == 2
    other.close()
    assert client.hget("dedup:head", "bits") == b"21"
    assert client.strlen("dedup:counts") == 4 << 21


def test_counts_stay_in_32_bits(store: SharedStore, client: Any) -> None:
    """Neither below zero nor over the end."""
    client.execute_command("BITFIELD", "dedup:counts", "SET", "u32", "#5", 2**32 - 1)
    store.write(lambda writer: writer.count([(keys([5]), 1), (keys([6]), -1)], 1))
    assert frequencies(store, [5, 6]).tolist() == [2**32 - 1, 0]


@pytest.mark.parametrize("many", [10, 40_000])
@pytest.mark.parametrize("before", [0, 1 << 14])
def test_a_transaction_sees_what_it_counts(store: SharedStore, many: int, before: int) -> None:
    """The counts after it, whether few cells change or most, and when the table grows with it."""
    rng, cells = np.random.default_rng(4), np.arange(20)
    store.write(lambda writer: writer.count([(keys([1, 2]), 1)] * before, 1))

    def work(writer: Writer) -> Any:
        texts = writer.texts()
        seen = writer.frequencies(keys(cells))
        writer.count([(keys(rng.integers(0, 15, many)), 1), (keys([1, 19]), -1)], 1)
        assert writer.texts() == texts
        assert seen.tolist() == [0, before, before] + 17 * [0]
        return writer.frequencies(keys(cells)).tolist(), writer.frequencies(keys([])).tolist()

    (counts, nothing) = store.write(work)
    assert counts[15:] == 5 * [0] and not nothing
    assert sum(counts) in (many + 2 * before, many + 2 * before - 1)
    assert frequencies(store, cells).tolist() == counts


# --- writers ------------------------------------------------------------------------------------------------------


def test_all_or_nothing(store: SharedStore, client: Any) -> None:
    """Work that raises changes nothing, and gives the lock back."""
    add(store, "a")
    before = {key: client.dump(key) for key in client.keys("*")}

    def work(writer: Writer) -> None:
        writer.add_text(text(2))
        writer.add_article(2, "b", 2)
        writer.drop_article("a")
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        store.write(work)
    assert {key: client.dump(key) for key in client.keys("*")} == before


def test_a_second_writer_waits(store: SharedStore, redis_url: str) -> None:
    """Until the first one is ready."""
    other, inside, go = SharedStore(redis_url, None), threading.Event(), threading.Event()

    def slow(writer: Writer) -> None:
        inside.set()
        assert go.wait(20)
        writer.add_text(text(1))
        writer.add_article(1, "slow", 1)

    with ThreadPoolExecutor() as pool:
        first = pool.submit(store.write, slow)
        assert inside.wait(20)
        second = pool.submit(add, other, "quick")
        time.sleep(0.1)
        assert not second.done()
        go.set()
        first.result(20)
        assert second.result(20) == 2
    assert article_ids(store) == ["slow", "quick"]
    other.close()


def test_a_writer_that_waits_too_long_is_told(store: SharedStore, redis_url: str) -> None:
    """And may read meanwhile."""
    other = SharedStore(redis_url, None, timeout=0.1)

    def slow(writer: Writer) -> None:
        with pytest.raises(IndexBusyError, match=r"another writer has held .* for 0.1 s"):
            add(other, "b")
        with pytest.raises(TimeoutError):
            other.compact()
        assert article_ids(other) == ["a"]

    add(store, "a")
    store.write(slow)
    other.close()


@pytest.mark.usefixtures("store")
def test_work_may_take_longer_than_the_lock_lasts(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is renewed meanwhile."""
    monkeypatch.setattr(lock, "LOCK_SECONDS", 1)
    other, runs = SharedStore(redis_url, None, timeout=0.1), []
    store = SharedStore(redis_url, None)

    def slow(writer: Writer) -> None:
        runs.append(1)
        time.sleep(2.5)
        with pytest.raises(IndexBusyError):
            add(other, "b")
        writer.add_text(text(1))
        writer.add_article(1, "slow", 1)

    store.write(slow)
    assert len(runs) == 1
    assert article_ids(other) == ["slow"]
    store.close()
    other.close()


def test_a_writer_that_has_lost_its_lock_begins_again(store: SharedStore, redis_url: str, client: Any) -> None:
    """What another has written meanwhile is seen, and nothing of the first try remains."""
    other, runs = SharedStore(redis_url, None), []

    def work(writer: Writer) -> int:
        number = writer.last() + 1
        runs.append(number)
        if len(runs) == 1:
            client.delete("dedup:lock")  # as if it had expired
            add(other, "quicker")
        writer.add_text(text(number))
        writer.add_article(number, "mine", number)
        return number

    assert store.write(work) == 2
    assert runs == [1, 2]
    assert article_ids(store) == ["quicker", "mine"]
    assert check(store) == []
    other.close()


def python(code: str, *arguments: str) -> subprocess.Popen[str]:
    """Another process."""
    lines = f"""
    import sys, time
    import numpy as np
    from dedup.index.in_redis import lock
    from dedup.index.in_redis.band_sets import BandSets
    from dedup.index.in_redis.redis_store import SharedStore
    from dedup.index.store import Text
    url = sys.argv[1]

    def text(number, seed, kind=np.uint8):
        rng = np.random.default_rng(seed)
        signature = rng.integers(0, 1 << 8, {SMALL.slots}).astype(kind)
        keys = rng.integers(0, 1 << 32, 4 if kind is np.uint8 else 0).astype(np.uint32)
        return Text(number, seed.to_bytes(16, "big"), number, signature, keys, b"body")
    """
    whole = textwrap.dedent(lines) + textwrap.dedent(code)
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", whole, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def test_a_killed_writer_leaves_a_lock_that_expires(redis_url: str, client: Any) -> None:
    """Its near copies in buckets, which are no text's or another's, are not found; `compact` takes them out."""
    store, signed = SharedStore(redis_url, NEAR), [signature(seed).astype(np.uint16) for seed in (1, 77)]
    code = """
    lock.LOCK_SECONDS = 2

    enter = BandSets.enter
    def stuck(*arguments):
        enter(*arguments)
        print("entered", flush=True)
        time.sleep(100)

    BandSets.enter = stuck
    def work(writer):
        writer.add_text(text(1, 77, np.uint16))
        writer.add_article(1, "killed", 1)
    SharedStore(url, None).write(work)
    """
    process = python(code, redis_url)
    assert process.stdout is not None
    assert process.stdout.readline() == "entered\n"
    process.send_signal(signal.SIGKILL)
    process.wait(20)
    process.stdout.close()
    assert client.exists("dedup:lock") and client.hlen("dedup:1:b") > 0
    assert add(store, "next", signed=signed[0]) == 1
    assert article_ids(store) == ["next"]
    assert store.read(lambda reader: reader.candidates(query(signed[1])))[0].tolist() == []
    assert check(store) == []
    store.compact()
    assert client.hlen("dedup:2:b") == len(query(signed[0]).keys)
    assert check(store) == []
    store.close()


def test_killed_at_any_moment(store: SharedStore, redis_url: str) -> None:
    """Nothing is lost that was told to be there, and check finds nothing wrong."""
    code = """
    lock.LOCK_SECONDS = 1
    store = SharedStore(url, None)
    def work(writer):
        number = writer.last() + 1
        writer.add_text(text(number, number))
        writer.add_article(number, str(number), number)
        if number % 3 == 0:
            writer.drop_article(str(number - 1))
            writer.drop_text(number - 1)
        return number
    told = store.write(work)
    print("ready", flush=True)
    while True:
        print(told, flush=True)
        told = store.write(work)
    """
    rng, told = np.random.default_rng(3), 0
    for _ in range(5):
        process = python(code, redis_url)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(rng.random() / 2)
        process.send_signal(signal.SIGKILL)
        told = max([told, *map(int, process.stdout.read().split())])
        process.stdout.close()
        process.wait(20)
        assert told <= store.read(lambda reader: reader.last()) <= told + 1
        assert check(store) == []
    last = store.read(lambda reader: reader.last())
    assert article_ids(store) == [str(n) for n in range(1, last + 1) if n % 3 != 2 or n == last]
    assert told >= 5  # every process has told of one at least


def test_two_processes_write_at_once(store: SharedStore, redis_url: str) -> None:
    """The same ids and others: nothing is lost, and no number is used twice."""
    code = """
    store, mine = SharedStore(url, None), sys.argv[2]
    for i in range(40):
        def work(writer):
            number = writer.last() + 1
            name = f"both {i}" if i % 4 == 0 else f"{mine} {i}"
            if name in writer.find([name]):
                return
            writer.add_text(text(number, int(mine) * 1000 + i))
            writer.add_article(number, name, number)
        store.write(work)
    """
    processes = [python(code, redis_url, mine) for mine in "12"]
    for process in processes:
        assert process.stdout is not None
        assert process.wait(60) == 0
        process.stdout.close()
    expected = {f"{mine} {i}" for mine in "12" for i in range(40) if i % 4} | {f"both {i}" for i in range(0, 40, 4)}
    assert sorted(article_ids(store)) == sorted(expected)
    assert store.read(lambda reader: reader.last()) == len(expected)
    assert check(store) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_process_goes_on_by_itself(store: SharedStore, redis_url: str) -> None:
    """Parent and child use the same store object, each with connections of its own."""
    code = """
    import os
    store = SharedStore(url, None)
    def add(name):
        def work(writer):
            number = writer.last() + 1
            writer.add_text(text(number, number))
            writer.add_article(number, name, number)
        store.write(work)
    add("before")
    child = os.fork()
    for i in range(20):
        add(f"{'parent' if child else 'child'} {i}")
    if child:
        assert os.waitpid(child, 0)[1] == 0
    """
    process = python(code, redis_url)
    assert process.stdout is not None
    assert process.wait(60) == 0
    process.stdout.close()
    expected = ["before", *(f"{who} {i}" for who in ("parent", "child") for i in range(20))]
    assert sorted(article_ids(store)) == sorted(expected)
    assert check(store) == []


# --- faults -------------------------------------------------------------------------------------------------------


class Proxy:
    """Stands between a store and the server, and can lose what passes."""

    def __init__(self, port: int) -> None:
        self._to = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"redis://127.0.0.1:{self._listener.getsockname()[1]}/0"
        self.lose: Callable[[bytes], bool] = lambda _data: False
        self.deliver = True
        self.then: Callable[[], object] = lambda: time.sleep(0.2)
        self._mute: set[socket.socket] = set()
        self.lost = 0
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(self._to)
            self._open += [near, far]
            threading.Thread(target=self._up, args=(near, far), daemon=True).start()
            threading.Thread(target=self._down, args=(near, far), daemon=True).start()

    def _up(self, near: socket.socket, far: socket.socket) -> None:
        try:
            while data := near.recv(1 << 20):
                if self.lose(data):
                    self.lose = lambda _data: False
                    self.lost += 1
                    self._mute.add(far)
                    if self.deliver:
                        far.sendall(data)
                        self.then()
                    near.shutdown(socket.SHUT_RDWR)
                    far.shutdown(socket.SHUT_RDWR)
                    return
                far.sendall(data)
        except OSError:
            pass

    def _down(self, near: socket.socket, far: socket.socket) -> None:
        try:
            while (data := far.recv(1 << 20)) and far not in self._mute:
                near.sendall(data)
        except OSError:
            pass

    def close(self) -> None:
        """End all connections."""
        for one in [self._listener, *self._open]:
            one.close()


@pytest.fixture
def proxy(redis_server: Any, redis_url: str) -> Iterator[Proxy]:
    """A way to the server that can be cut."""
    one = Proxy(redis_server.port)
    yield one
    one.close()


COMMIT = b"\r\nEXEC\r\n"


@pytest.mark.parametrize(("deliver", "runs"), [(True, 1), (False, 2)], ids=["answer", "question"])
def test_a_commit_is_lost(proxy: Proxy, deliver: bool, runs: int) -> None:
    """If its answer was, it is not made twice; if it never arrived, the work is run again."""
    store, ran = SharedStore(proxy.url, OPENING), []

    def work(writer: Writer) -> str:
        number = writer.last() + 1
        ran.append(number)
        writer.add_text(text(number))
        writer.add_article(number, f"{number}", number)
        writer.count([(keys([9]), 1)], number)
        return f"result {len(ran)}"

    proxy.deliver, proxy.lose = deliver, lambda data: COMMIT in data and b"prints" in data
    assert store.write(work) == f"result {runs}"
    assert proxy.lost == 1
    assert len(ran) == runs
    assert article_ids(store) == ["1"]
    assert frequencies(store, [9]).tolist() == [1]
    assert check(store) == []
    store.close()


def test_a_commit_is_lost_while_another_takes_the_lock(proxy: Proxy, redis_url: str) -> None:
    """The one who wrote is told that it is written, though the other still holds the lock."""
    store, other = SharedStore(proxy.url, OPENING, timeout=1), SharedStore(redis_url, OPENING)
    inside, go, ran = threading.Event(), threading.Event(), []

    def hold(writer: Writer) -> int:
        inside.set()
        assert go.wait(20)
        return writer.last()

    with ThreadPoolExecutor() as pool:

        def work(writer: Writer) -> Any:
            writer.add_text(text(1))
            writer.add_article(1, "mine", 1)
            ran.append(pool.submit(other.write, hold))
            return "result"

        proxy.lose = lambda data: COMMIT in data and b"prints" in data
        proxy.then = lambda: inside.wait(20)
        assert store.write(work) == "result"
        go.set()
        assert [one.result(20) for one in ran] == [1]
    assert article_ids(other) == ["mine"]
    store.close()
    other.close()


def test_the_lock_is_lost_at_the_last_moment(proxy: Proxy, redis_url: str, client: Any) -> None:
    """After the last look at it, while the commit is under way, which then fails as a whole."""
    store, other = SharedStore(proxy.url, OPENING), SharedStore(redis_url, OPENING)

    def slip(data: bytes) -> bool:
        if COMMIT in data and b"prints" in data:
            proxy.lose = lambda _data: False
            client.delete("dedup:lock")  # as if it had expired
            add(other, "quicker")
        return False

    proxy.lose = slip
    assert add(store, "mine") == 2
    assert article_ids(store) == ["quicker", "mine"]
    assert check(store) == []
    store.close()
    other.close()


@pytest.mark.parametrize("part", [b"SADD", b"smembers", b"string.find", b"EVAL", b"WATCH", b"HMGET"])
@pytest.mark.parametrize("deliver", [True, False])
def test_a_connection_is_lost_anywhere(proxy: Proxy, part: bytes, deliver: bool) -> None:
    """Reading, locking, entering buckets: it is made again, and the work is done once."""
    opening = NEAR if part in (b"SADD", b"smembers") else OPENING
    store, armed = SharedStore(proxy.url, opening), []
    kind = np.uint8 if opening is OPENING else np.uint16

    def arm() -> None:
        if not armed:
            armed.append(1)
            proxy.deliver, proxy.lose = deliver, lambda data: part in data

    if part == b"EVAL":
        arm()

    def work(writer: Writer) -> None:
        number = writer.last() + 1
        arm()
        writer.candidates(query(signature(1).astype(kind)))
        writer.find(["a"])
        writer.add_text(text(number, signed=signature(number).astype(kind)))
        writer.add_article(number, f"{number}", number)

    store.write(work)
    assert proxy.lost == 1
    assert article_ids(store) == ["1"]
    assert check(store) == []
    store.close()


def test_the_server_is_restarted_in_the_middle(store: SharedStore, redis_server: Any) -> None:
    """Of a write, and of a read: both are run again, and find what there was."""
    add(store, "before")
    runs = []

    def work(writer: Writer) -> None:
        runs.append(writer.last())
        number = writer.last() + 1
        if len(runs) == 1:
            redis_server.restart()
        writer.find(["before"])
        writer.add_text(text(number))
        writer.add_article(number, "during", number)

    store.write(work)
    assert set(runs) == {1}

    def look(reader: Reader) -> list[str]:
        runs.append(0)
        if runs.count(0) == 1:
            redis_server.restart()
        return [id_ for _, id_, _ in reader.scan_articles()]

    assert store.read(look) == ["before", "during"]
    assert check(store) == []


@pytest.mark.parametrize("how", ["stopped", "silent"])
def test_the_server_is_gone_for_ten_seconds(redis_url: str, redis_server: Any, how: str) -> None:
    """In the middle of a batch, which is then there as a whole."""
    store, gone = SharedStore(redis_url, OPENING), []

    def away() -> None:
        if how == "silent":
            redis_server.pause()
        else:
            redis_server.stop()
        gone.append(1)
        time.sleep(10)
        if how == "silent":
            redis_server.resume()
        else:
            redis_server.start()

    def work(writer: Writer) -> None:
        first = writer.last() + 1
        if not gone:
            thread.start()
            while not gone:
                time.sleep(0.01)
        for number in range(first, first + 50):
            writer.add_text(text(number))
            writer.add_article(number, str(number), number)

    thread = threading.Thread(target=away)
    store.write(work)
    thread.join()
    assert article_ids(store) == [str(number) for number in range(1, 51)]
    assert check(store) == []
    store.close()


def test_the_server_is_gone_for_good(redis_url: str, redis_server: Any) -> None:
    """The error names it, and says what to do; when it is back, the same store goes on."""
    store = SharedStore(redis_url, OPENING, timeout=0.5)
    redis_server.stop()
    for call in (lambda: add(store, "a"), lambda: article_ids(store), lambda: check(store), store.compact, store.sizes):
        with pytest.raises(FileError, match=f"'{redis_url}' does not answer, for 0.5 s.*Start the server"):
            call()
    redis_server.start()
    add(store, "a")
    assert article_ids(store) == ["a"]
    store.close()


@pytest.mark.parametrize("error", [ConnectionError("mine"), TypeError("unexpected keyword argument 'mine'")])
def test_a_mistake_in_the_work_is_no_lost_connection(store: SharedStore, error: Exception) -> None:
    """Errors of Python with names like those of Redis pass."""

    def work(_reader: Reader) -> None:
        raise error

    for call in (store.read, store.write):
        with pytest.raises(type(error), match="mine"):
            call(work)
    assert add(store, "a") == 1


# --- care ---------------------------------------------------------------------------------------------------------


def linked(writer: Writer, kind: Any = np.uint8) -> None:
    """Five articles of four texts: two in a cluster, with edges, and two names for one text."""
    for number in range(1, 5):
        signed = signature(number).astype(kind)
        writer.add_text(text(number, cluster=1 if number == 2 else None, signed=signed))
        writer.add_article(number, str(number), number)
    writer.add_article(5, "copy", 1)
    writer.set_copies(1, 2)
    for one, other in ((1, 2), (2, 3), (1, 4)):
        writer.put_edge(one, other, Edge(0.5, 4))


def anew(writer: Writer) -> None:
    """A new generation: other signatures, one edge, another cluster."""
    writer.replace(
        OPENING._replace(generation=2, weights=b"new"),
        ((number, one := signature(100 + number), runs(one)) for number in range(1, 5)),
        [(1, 3, Edge(0.25, 9))],
    )
    writer.set_cluster(2, 2)
    writer.set_cluster(3, 1)


def test_a_generation_replaces_another(store: SharedStore, redis_url: str, client: Any) -> None:
    """Signatures, buckets and edges at once; a reader at it begins again; keys of the old one are gone."""
    store.write(linked)
    other = SharedStore(redis_url, None)
    seen = []

    def look(reader: Reader) -> Any:
        seen.append(reader.edges([1]))
        if len(seen) == 1:
            store.write(anew)
        return {number: list(one) for number, one in reader.signatures([1]).items()}

    assert other.read(look) == {1: list(signature(101))}
    assert [sorted(ends[1]) for ends in seen] == [[2, 4], [3]]
    for one in (store, other):
        assert one.opening == OPENING._replace(generation=2, weights=b"new")
        assert one.read(lambda reader: list(reader.scan_edges())) == [(1, 3, Edge(0.25, 9)), (3, 1, Edge(0.25, 9))]
        assert one.read(lambda reader: reader.oldest(1, 9)) == [1, 3]
        assert one.read(lambda reader: [r.tolist() for r in reader.candidates(query(signature(102)))]) == [[2]]
        assert one.read(lambda reader: [r.tolist() for r in reader.candidates(query(signature(2)))]) == [[]]
        assert check(one) == []
    assert not [key for key in client.keys("*") if key.startswith(b"dedup:1:")]
    add(store, "after")
    assert check(store) == []
    other.close()


def test_a_generation_that_fails_changes_nothing(store: SharedStore, client: Any) -> None:
    """What it has written beside is taken away by `compact`."""
    store.write(linked)

    def work(writer: Writer) -> None:
        anew(writer)
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        store.write(work)
    assert store.opening == OPENING
    assert check(store) == []
    assert [key for key in client.keys("*") if key.startswith(b"dedup:2:")]
    store.compact()
    assert not [key for key in client.keys("*") if key.startswith(b"dedup:2:")]
    store.write(anew)
    assert store.opening.generation == 2
    assert check(store) == []


def test_compact_takes_away_what_belongs_to_nobody(redis_url: str, client: Any) -> None:
    """Near copies that are not there, and buckets that are listed and empty; all else is as it was."""
    store = SharedStore(redis_url, NEAR)
    store.write(lambda writer: linked(writer, np.uint16))
    before = {key: client.dump(key) for key in client.keys("dedup:1:*") if key != b"dedup:1:b"}
    client.sadd(b"dedup:1:babcd", 99)
    client.hset("dedup:1:b", mapping={b"abcd": b"dedup:1:babcd", b"efgh": b"dedup:1:befgh"})
    client.sadd(next(key for key in client.scan_iter("dedup:1:b?*")), 98)
    assert check(store) == []
    store.compact()
    after = {key.replace(b":2:", b":1:"): client.dump(key) for key in client.keys("dedup:2:*") if key != b"dedup:2:b"}
    assert {**after, **before} == after and after.keys() == before.keys()
    assert not client.keys("dedup:1:*")
    assert check(store) == []
    store.close()


def test_counts_are_compared_with_the_texts(redis_url: str, client: Any) -> None:
    """Where a store can make shingles, it tells of cells that hold too little, and counts again."""
    store = SharedStore(
        redis_url, OPENING, shingle=lambda _settings, bodies: [keys([int(body.split()[1])]) for body in bodies]
    )
    for number in range(1, 4):
        assert add(store, str(number)) == number
    assert check(store) == []
    client.setrange("dedup:counted", 4, (3).to_bytes(4, "little"))  # counts 3 twice, and 2 never
    assert check(store) == ["1 cells of the counts hold too little: run compact"]
    store.compact()
    assert check(store) == []
    assert frequencies(store, range(5)).tolist() == [0, 1, 1, 1, 0]
    store.close()


def resealed(damage: list[Any]) -> list[Any]:
    """A command that writes a value as we do."""
    command, key, *rest = damage
    return damage if command != "HSET" else [command, key, *chain.from_iterable(sealed(key, dict([rest])).items())]


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (["ZREM", "dedup:articles", "3"], "articles that are not listed by number"),
        (["DEL", "dedup:names:1"], "texts whose names are not those"),
        (["HDEL", "dedup:fingerprints", (3).to_bytes(16, "big")], "fingerprints that lead to another text"),
        (["DEL", "dedup:members:1"], "clusters with a wrong list of texts"),
        (["HSET", "dedup:clusters", "3", b"4"], "clusters with a wrong list of texts"),
        (["HDEL", "dedup:1:s", "3"], "texts without their signature"),
        (["HDEL", "dedup:ids", "copy"], "texts whose names are not those"),
        (["DEL", "dedup:1:e4"], "texts wrongly listed as having edges"),
        (["ZREM", "dedup:1:n", "4"], "texts wrongly listed as having edges"),
    ],
)
def test_check_tells_what_is_wrong(store: SharedStore, client: Any, damage: list[Any], told: str) -> None:
    """Whatever is stored twice is compared."""
    store.write(linked)
    assert check(store) == []
    client.execute_command(*resealed(damage))
    assert any(told in problem for problem in check(store)), check(store)


@pytest.mark.parametrize(
    "damage",
    [
        ["dedup:head", "texts", "3"],
        ["dedup:head", "last", "3"],
        ["dedup:1:s", "3", "short!"],
        ["dedup:ids", "copy", "4"],
    ],
)
def test_check_cannot_go_on(store: SharedStore, client: Any, damage: list[Any]) -> None:
    """Where a value is not what was written, the error names its key."""
    store.write(linked)
    client.hset(*damage)
    with pytest.raises(FileError, match=f"the index in Redis is damaged: '{damage[0]}' holds"):
        check(store)


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (["HDEL", "dedup:ids", "copy"], "text 1 says that 2 articles have it; 1 have"),
        (["HDEL", "dedup:prints", "4"], "article 'other' has text 4, which is not there"),
        (["HSET", "dedup:copies", "4", b"7"], "text 4 says that 7 articles have it; 1 have"),
        (["HDEL", "dedup:bodies", "4"], "text 4 has no body or no signature"),
        (["HDEL", "dedup:1:e2", "1"], "edge 1-2 is not the same from its other end"),
        (["HSET", "dedup:1:e2", "1", b"\0" * 16], "edge 1-2 is not the same from its other end"),
    ],
)
def test_rows_that_do_not_fit_are_told(redis_url: str, client: Any, damage: list[Any], told: str) -> None:
    """What the index checks on every store, it finds here."""
    with Index(redis_url) as index:
        text = "山上的茶園每年清明前後採茶，老人說今年的雨水剛好，茶葉比往年香，價格也漲了一些。"
        for id_, one in {
            "tea": text,
            "edited": f"{text}!又一年",
            "copy": text,
            "other": "海邊的漁船天亮才回來。",
        }.items():
            index.add(id_, one)
        assert index.check().ok
        client.execute_command(*resealed(damage))
        assert told in index.check().problems


def test_a_server_that_cannot_be_written_is_read(store: SharedStore, client: Any) -> None:
    """A replica can be asked and checked, and refuses to be written."""
    add(store, "a")
    client.replicaof("127.0.0.1", 1)
    try:
        assert article_ids(store) == ["a"] and check(store) == []
        with pytest.raises(FileError, match="refused"):
            add(store, "b")
    finally:
        client.replicaof("NO", "ONE")


def test_check_misses_a_near_copy_in_its_bucket(redis_url: str, client: Any) -> None:
    """A bucket that is gone would hide texts from those like it."""
    store = SharedStore(redis_url, NEAR)
    store.write(lambda writer: linked(writer, np.uint16))
    client.delete(next(iter(client.scan_iter("dedup:1:b?*"))))
    assert "1 texts missing in a bucket" in check(store)[0]
    store.close()


def test_check_compares_postings_with_keys(store: SharedStore, client: Any) -> None:
    """A posting that is not there hides a text, and one that belongs to no text is told, too."""
    store.write(linked)
    field, value = next(iter(client.hgetall("dedup:1:p").items()))
    number = int.from_bytes(value[:4], "little")
    client.hset("dedup:1:p", field, value[8:])
    assert check(store) == [f"1 texts missing in a bucket, such as {number}"]
    other = 1 + number % 4
    client.hset("dedup:1:p", field, value + other.to_bytes(4, "little") + value[4:8])
    assert check(store) == [f"1 texts are listed under keys that are not theirs, such as {other}"]
    client.hset("dedup:1:p", field, value + (99).to_bytes(4, "little") + value[4:8])
    assert check(store) == ["1 texts are listed under keys that are not theirs, such as 99"]
    client.hset("dedup:1:p", field, value)
    assert check(store) == []


def test_sizes_add_up(store: SharedStore, client: Any) -> None:
    """About as much as the server says of all keys."""
    store.write(linked)
    sizes = store.sizes()
    assert all(
        sizes[name] > 0
        for name in ("articles", "texts", "clusters", "bodies", "signatures", "keys", "postings", "edges")
    )
    whole = sum(client.memory_usage(key) for key in client.keys("*") if b"head" not in key and b"done" not in key)
    assert 0.8 * whole < sum(sizes.values()) < 1.2 * whole


def test_redis_is_an_extra() -> None:
    """Without it, the error is the line that installs it."""
    code = """
    import sys
    sys.modules["redis"] = None
    from dedup.errors import MissingExtraError
    from dedup.index.in_redis import SharedStore
    try:
        SharedStore("redis://127.0.0.1/0", None)
    except MissingExtraError as error:
        print(error)
    """
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert install_line("redis") in done.stdout
