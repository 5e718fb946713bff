"""Rows of the store as they are read; see `dedup.index.store.Reader`.

In: numbers and ids. Out: rows. A call costs one or two round trips, however many rows it has. Redis has no snapshot
over several commands: while another client writes, each command of a read sees its own moment, and leaves out what was
removed by then. The store repeats a read if signatures were replaced, or the table of counts has grown, meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup.index.in_redis.band_sets import BandSets
from dedup.index.in_redis.counts import SharedCounts, Shingle, Stand, counts_in
from dedup.index.in_redis.layout import (
    AT_ONCE,
    Article,
    Head,
    Keys,
    pack_id,
    pieces,
)
from dedup.index.in_redis.postings import InvertedIndex
from dedup.index.in_redis.server import at_one_moment
from dedup.index.in_redis.values import (
    Field,
    array,
    article,
    change,
    edge,
    identifier,
    number,
    numbers,
    score,
    sealed,
    unsealed,
)
from dedup.index.listed import Listed, Signature, kind, rules, stored
from dedup.index.marks import Marks
from dedup.index.on_disk.lookup import Lookup
from dedup.index.on_disk.recent import Recent
from dedup.index.store import Change, Edge, Opening, Place
from dedup.index.times import Span
from dedup.settings import Settings

LOOKED_UP = 256
"""Texts looked up at once."""
BODIES_AT_ONCE = 500
"""Texts whose shingles are made at once."""


class View:
    """The rows of the index of this name."""

    def __init__(self, client: Any, name: str, head: Head, opening: Opening, counts: SharedCounts) -> None:
        self.client, self.head, self.opening, self._counts = client, head, opening, counts
        self.key = Keys(name, head.epoch)

    @cached_property
    def buckets(self) -> InvertedIndex | BandSets:
        """What lists the texts under their keys; for near copies, this loads datasketch."""
        if self.opening.settings.weighted:
            return InvertedIndex(self.client, self.key, self.opening.settings, self.head.listed)
        return BandSets(self.client, self.key, self.opening.settings)

    @property
    def counts(self) -> SharedCounts:
        """The table of counts."""
        assert self.counting, "texts are judged by the estimate"
        return self._counts

    @property
    def stand(self) -> Stand:
        """How far counting has come."""
        return Stand(self.head.bits, self.head.written, self.head.noted)

    @property
    def counting(self) -> bool:
        """Whether shingles are counted."""
        return self.opening.settings.weighted and self.opening.store_texts

    # --- rows of Redis --------------------------------------------------------------------------------------------

    def put(self, pipe: Any, key: str, values: Mapping[Any, bytes | int]) -> None:
        """Write fields of a hash as part of a transaction."""
        if values:
            pipe.hset(key, mapping=sealed(key, values))

    def values(self, key: str, fields: Iterable[Field]) -> list[bytes | None]:
        """Fields of a hash, None for what is not there."""
        found: list[bytes | None] = []
        for piece in pieces(fields):
            found += _unsealed(key, piece, self.client.hmget(key, piece))
        return found

    def held(self, key: str, texts: Iterable[int]) -> dict[int, bytes]:
        """Fields of a hash by the number of the text; missing ones are left out."""
        wanted = list(texts)
        found = zip(wanted, self.values(key, wanted), strict=True)
        return {text: value for text, value in found if value is not None}

    def each(self, command: str, keys: Iterable[str | bytes], *arguments: Any) -> list[Any]:
        """The answer to a command, with these arguments, for each of these keys."""
        found: list[Any] = []
        for piece in pieces(keys):
            with self.client.pipeline(transaction=False) as pipe:
                for key in piece:
                    pipe.execute_command(command, key, *arguments)
                found += pipe.execute()
        return found

    def above(self, key: str, after: int, most: int = AT_ONCE) -> list[tuple[bytes, int]]:
        """The first members of a sorted set with numbers above this."""
        rows = self.client.zrangebyscore(key, f"({after}", "+inf", start=0, num=most, withscores=True)
        return [(member, score(key, at)) for member, at in rows]

    def scan(self, key: str) -> dict[bytes, bytes]:
        """All of a hash."""
        stored = self.client.hscan_iter(key, count=AT_ONCE)
        return {field: unsealed(key, field, value) for field, value in stored}

    # --- what a reader is asked -----------------------------------------------------------------------------------

    def last(self) -> int:
        """The highest number used."""
        return self.head.last

    def texts(self) -> int:
        """How many texts have shingles."""
        return self.head.texts

    def frames(self, after: int = 0) -> list[tuple[int, NDArray[np.uint64]]]:
        """The windows of frames found since the last `reweigh`, by numbers above this."""
        if self.head.frames <= after:
            return []
        key = self.key.here("f")
        found = sorted((number(key, text), data) for text, data in self.scan(key).items())
        return [(text, array(key, data, "<u8")) for text, data in found if text > after]

    def find(self, ids: Sequence[str]) -> dict[str, int]:
        """The text of each article that is there."""
        return {id_: article.text for id_, article in self.find_articles(ids).items()}

    def spans(self, ids: Sequence[str]) -> dict[str, Span]:
        """When each article was seen."""
        return {id_: article.span for id_, article in self.find_articles(ids).items() if article.span}

    def find_articles(self, ids: Sequence[str]) -> dict[str, Article]:
        """Each article that is there."""
        key = self.key.of("ids")
        found = zip(ids, self.values(key, map(pack_id, ids)), strict=True)
        return {id_: Article(*article(key, value)) for id_, value in found if value is not None}

    def find_equal(self, fingerprints: Sequence[bytes]) -> dict[bytes, int]:
        """The text with each fingerprint."""
        wanted = [fingerprint for fingerprint in fingerprints if fingerprint]
        key = self.key.of("fingerprints")
        found = zip(wanted, self.values(key, wanted), strict=True)
        return {fingerprint: number(key, value, 1) for fingerprint, value in found if value is not None}

    def candidates(self, texts: Listed, threads: int = 1, *, quoting: bool = False) -> list[NDArray[np.int64]]:
        """Texts that share a key with each of these, and agree in the lowest bytes of enough slots; best first."""
        count = len(texts.signatures)
        parts = (texts.part(begin, min(count, begin + LOOKED_UP)) for begin in range(0, count, LOOKED_UP))
        return [numbers for part in parts for numbers in self._candidates(part, threads, quoting=quoting)]

    def _candidates(self, texts: Listed, threads: int, *, quoting: bool) -> list[NDArray[np.int64]]:
        """First with the oldest texts of each key; others are looked at only if one of these is similar."""
        settings = self.opening.settings
        keys, numbers = self.buckets.meet(texts.keys)
        place = np.arange(len(keys)) - np.searchsorted(keys, keys)
        early, lookup = place < rules(settings, quoting=quoting).looked_at, _lookup(settings, quoting=quoting)
        found = lookup.find([self._layer(keys[early], numbers[early])], texts, threads)
        if not (quoting or early.all()):
            similar = np.unique(keys[np.isin(numbers, np.concatenate(found))])
            wanted = early | np.isin(keys, similar)
            found = lookup.find([self._layer(keys[wanted], numbers[wanted])], texts, threads)
        return found

    def _layer(self, keys: NDArray[np.uint32], numbers: NDArray[np.int64]) -> Recent:
        """The texts of these postings that are there, under these keys alone."""
        held = self.held(self.key.here("s"), np.unique(numbers).tolist())
        there = np.fromiter(held, np.int64, len(held))
        kept = np.isin(numbers, there)
        keys, numbers = keys[kept], numbers[kept]
        order = np.argsort(numbers, kind="stable")
        starts = np.append(np.searchsorted(numbers[order], there), len(order))
        signatures = np.stack([self._signature(value) for value in held.values()]) if held else self._none
        texts = Listed(signatures, keys[order], starts)
        layer = Recent(len(there), len(keys), texts.sketches.shape[1])
        layer.append(there, texts)
        return layer

    def places(self, texts: Iterable[int]) -> dict[int, Place]:
        """Cluster and copies of each text that is there."""
        found = {}
        for piece in pieces(texts):
            for text, fingerprint, cluster, copies in zip(piece, *self._places(piece), strict=True):
                if fingerprint is not None:
                    founder = text if cluster is None else number(self.key.of("clusters"), cluster, 1)
                    found[text] = Place(founder, 1 if copies is None else number(self.key.of("copies"), copies, 1))
        return found

    def _places(self, texts: list[int]) -> list[Any]:
        keys = [self.key.of(word) for word in ("prints", "clusters", "copies")]

        def ask(pipe: Any) -> None:
            for key in keys:
                pipe.hmget(key, texts)

        answers = zip(keys, at_one_moment(self.client, ask), strict=True)
        return [_unsealed(key, texts, found) for key, found in answers]

    def bodies(self, texts: Iterable[int]) -> dict[int, bytes]:
        """The compressed text of each."""
        return self.held(self.key.of("bodies"), texts)

    def signatures(self, texts: Iterable[int]) -> dict[int, Signature]:
        """The signature of each; a text without shingles has none."""
        wanted = list(texts)
        found = self.held(self.key.here("s"), wanted)
        rest = self.held(self.key.of("prints"), [text for text in wanted if text not in found])
        signed = {text: self._signature(value) for text, value in found.items()}
        return signed | {text: self._none.ravel() for text, fingerprint in rest.items() if not fingerprint}

    def _signature(self, value: bytes) -> Signature:
        """A signature as it is stored, lowest bytes first."""
        slot, count = kind(self.opening.settings), self.opening.settings.slots
        return array(self.key.here("s"), value, slot.newbyteorder("<"), count).astype(slot, copy=False)

    @property
    def _none(self) -> Signature:
        """(0, slots)."""
        return np.empty((0, self.opening.settings.slots), kind(self.opening.settings))

    def keys(self, texts: Iterable[int]) -> dict[int, NDArray[np.uint32]]:
        """The keys of each that has any."""
        key = self.key.here("k")
        return {
            text: array(key, value, "<u4").astype(np.uint32, copy=False)
            for text, value in self.held(key, texts).items()
        }

    def listed(self, signatures: dict[int, Signature]) -> Listed:
        """What these texts are listed by, of which this is the signature."""
        keys = self.keys(signatures) if self.opening.settings.weighted else {}
        none = np.empty(0, np.uint32)
        every = [keys.get(text, none) for text in signatures]
        return stored(np.stack([*signatures.values()]), every, self.opening.settings)

    def sign(self, pipe: Any, signed: Sequence[tuple[int, Signature, NDArray[np.uint32]]]) -> None:
        """Write signatures and keys of texts, which have some, and list these texts."""
        if not signed:
            return
        slot = kind(self.opening.settings).newbyteorder("<")
        numbers, signatures, keys = zip(*sorted(signed, key=itemgetter(0)), strict=True)
        packed = (one.astype(slot, copy=False).tobytes() for one in signatures)
        self.put(pipe, self.key.here("s"), dict(zip(numbers, packed, strict=True)))
        if self.opening.settings.weighted:
            packed = (one.astype("<u4", copy=False).tobytes() for one in keys)
            self.put(pipe, self.key.here("k"), dict(zip(numbers, packed, strict=True)))
        self.buckets.enter(pipe, numbers, stored(np.stack(signatures), keys, self.opening.settings))

    def edges(self, texts: Iterable[int]) -> dict[int, dict[int, Edge]]:
        """All edges of each text, by the other end."""
        wanted = list(texts)
        found = self.each("HGETALL", (self.key.here("e", text) for text in wanted))
        return {text: self._edges(text, ends) for text, ends in zip(wanted, found, strict=True)}

    def _edges(self, text: int, held: dict[bytes, bytes]) -> dict[int, Edge]:
        """The edges of a text by the other end, ascending."""
        key = self.key.here("e", text)
        ends = sorted((number(key, other, 1), unsealed(key, other, value)) for other, value in held.items())
        return {other: edge(key, value) for other, value in ends}

    def crowded(self, texts: Iterable[int], most: int) -> set[int]:
        """Those of some texts that have more than `most` edges."""
        wanted = list(texts)
        counts = self.each("HLEN", (self.key.here("e", text) for text in wanted))
        return {text for text, count in zip(wanted, counts, strict=True) if count > most}

    def next_with_edges(self, after: int, most: int) -> list[int]:
        """The first texts above this that have edges, ascending."""
        return [text for _, text in self.above(self.key.here("n"), after, most)]

    def oldest(self, cluster: int, most: int) -> list[int]:
        """The first texts of a cluster, ascending; the text with the cluster's number is in no set."""

        def ask(pipe: Any) -> None:
            pipe.hexists(self.key.of("prints"), cluster)
            pipe.hexists(self.key.of("clusters"), cluster)
            pipe.zrange(self.key.of("members", cluster), 0, max(0, most - 1))

        there, moved, others = at_one_moment(self.client, ask)
        founder = [cluster] if there and not moved else []
        return sorted([*founder, *numbers(self.key.of("members", cluster), others)])[:most]

    def names(self, texts: Iterable[int], most: int) -> dict[int, list[str]]:
        """The first ids of each text, in the order in which they were added, the id of its first article first."""
        found: dict[int, list[str]] = {}
        for piece in pieces(texts):
            answers = self._names(piece, max(0, most - 1))
            for text, first, more in zip(piece, answers[::2], answers[1::2], strict=True):
                found[text] = [identifier(self.key.of("names", text), id_) for id_ in (*first, *more)][:most]
        return found

    def _names(self, texts: list[int], last: int) -> list[Any]:
        def ask(pipe: Any) -> None:
            for text in texts:
                pipe.zrangebyscore(self.key.of("articles"), text, text)
                pipe.zrange(self.key.of("names", text), 0, last)

        return at_one_moment(self.client, ask)

    def frequencies(self, keys: NDArray[np.uint64]) -> NDArray[np.uint32]:
        """How many texts hold each shingle, or a little more."""
        return counts_in(self.counts.table(self.stand), keys)

    def articles(self) -> int:
        """How many articles there are."""
        return int(self.client.hlen(self.key.of("ids")))

    def count_rows(self) -> dict[str, int]:
        """How many articles, texts, clusters and edges there are."""
        clusters = [cluster for _, _, cluster, _ in self.scan_texts()]
        linked = self.client.zrange(self.key.here("n"), 0, -1)
        edges = sum(self.each("HLEN", (self.key.here("e", text) for text in numbers(self.key.here("n"), linked))))
        counts = {"articles": self.articles(), "texts": len(clusters), "clusters": len(set(clusters))}
        return {**counts, "edges": edges // 2}

    # --- marks and campaigns --------------------------------------------------------------------------------------

    def marks(self, texts: Iterable[int]) -> dict[int, Marks]:
        """The marks of each text that has any."""
        key = self.key.of("marks")
        return {text: array(key, value, "<i8") for text, value in self.held(key, texts).items()}

    def holders(self, marks: Iterable[int], most: int) -> dict[int, list[int]]:
        """Texts that hold each mark which names somebody: at most `most`, spread over all."""
        wanted = list(marks)
        keys = [self.key.of("held", mark) for mark in wanted]
        found = zip(wanted, keys, self.each("ZRANGE", keys, 0, most - 1), strict=True)
        return {mark: numbers(key, texts) for mark, key, texts in found}

    def count_holders(self, marks: Iterable[int]) -> dict[int, int]:
        """How many texts hold each mark which names somebody."""
        wanted = list(marks)
        return dict(zip(wanted, self.each("ZCARD", (self.key.of("held", mark) for mark in wanted)), strict=True))

    def campaigns(self, clusters: Iterable[int]) -> dict[int, int]:
        """The campaign of each cluster for which another number than its own is stored."""
        key = self.key.of("campaigns")
        return {cluster: number(key, value, 1) for cluster, value in self.held(key, clusters).items()}

    def parts(self, campaign: int, most: int) -> list[int]:
        """The first clusters of a campaign, except the one with its number, ascending."""
        key = self.key.of("campaign", campaign)
        return numbers(key, self.client.zrange(key, 0, most - 1))

    # --- all of it ------------------------------------------------------------------------------------------------

    def scan_articles(self, after: int = 0) -> Iterator[tuple[int, str, int]]:
        """Number, id and text of every article with a number above this, ascending."""
        return ((one.number, id_, one.text) for id_, one in self._scan_held(after))

    def scan_spans(self) -> Iterator[tuple[str, Span | None]]:
        """The id of every article, and when it was seen, ascending by number."""
        return ((id_, one.span) for id_, one in self._scan_held())

    def _scan_held(self, after: int = 0) -> Iterator[tuple[str, Article]]:
        """Every article with a number above this, ascending."""
        key = self.key.of("ids")
        while rows := self.above(self.key.of("articles"), after):
            held = self.values(key, [id_ for id_, _ in rows])
            for (id_, at), value in zip(rows, held, strict=True):
                one = None if value is None else Article(*article(key, value))
                if one and one.number == at:  # else it was replaced meanwhile, and comes later
                    yield identifier(key, id_), one
            after = rows[-1][1]

    def scan_texts(self) -> Iterator[tuple[int, bytes, int, int]]:
        """Number, fingerprint, cluster and copies of every text, ascending."""
        key = self.key.of("prints")
        prints = {number(key, text, 1): value for text, value in self.scan(key).items()}
        for piece in pieces(sorted(prints)):
            for text, place in self.places(piece).items():
                yield text, prints[text], place.cluster, place.copies

    def scan_edges(self) -> Iterator[tuple[int, int, Edge]]:
        """Every edge, from both ends, ascending."""
        after = 0
        while texts := self.next_with_edges(after, AT_ONCE):
            for text, ends in self.edges(texts).items():
                yield from ((text, other, edge) for other, edge in ends.items())
            after = texts[-1]

    def scan_campaigns(self) -> Iterator[tuple[int, int]]:
        """Every cluster with the campaign that is stored for it, ascending."""
        key = self.key.of("campaigns")
        held = self.scan(key)
        yield from sorted((number(key, cluster, 1), number(key, campaign, 1)) for cluster, campaign in held.items())

    def scan_changes(self, after: int = 0) -> Iterator[Change]:
        """Every recorded change above this, ascending."""
        key = self.key.of("changes")
        while rows := self.above(key, after):
            yield from (change(key, row) for row, _ in rows)
            after = rows[-1][1]

    def scan_signed(self) -> Iterator[tuple[int, Signature, NDArray[np.uint32]]]:
        """The signature and the keys of every text that has shingles, ascending."""
        none = np.empty(0, np.uint32)
        for piece in pieces(self.shingled(), BODIES_AT_ONCE):
            keys = self.keys(piece)
            yield from ((text, one, keys.get(text, none)) for text, one in self.signatures(piece).items())

    def scan_shingles(self, shingle: Shingle) -> Iterator[list[NDArray[np.uint64]]]:
        """The shingles of all texts that have any, made of what is stored, some texts at a time."""
        for piece in pieces(self.shingled(), BODIES_AT_ONCE):
            yield shingle(self.opening.settings, list(self.bodies(piece).values()))

    def shingled(self) -> list[int]:
        """All texts that have shingles, ascending."""
        return [text for text, fingerprint, _, _ in self.scan_texts() if fingerprint]


def _unsealed(key: str, fields: Iterable[Field], stored: Iterable[bytes | None]) -> list[bytes | None]:
    """Values of a hash, None for what is not there."""
    both = zip(fields, stored, strict=True)
    return [None if value is None else unsealed(key, field, value) for field, value in both]


@lru_cache
def _lookup(settings: Settings, *, quoting: bool) -> Lookup:
    return Lookup(settings, quoting=quoting)
