"""Rows of the store as they are read; see `dedup.index.store.Reader`.

In: numbers and ids. Out: rows. A call costs one or two round trips, however many rows it has. Redis has no snapshot
over several commands: while another client writes, each command of a read sees its own moment, and leaves out what was
removed by then. The store repeats a read if signatures were replaced, or the table of counts has grown, meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup.index.banding import agreement, limits_for
from dedup.index.in_redis.band_sets import BandSets
from dedup.index.in_redis.counts import SharedCounts, Shingle
from dedup.index.in_redis.layout import AT_ONCE, Head, Keys, pack_id, pieces, unpack_article, unpack_edges, unpack_id
from dedup.index.marks import Marks
from dedup.index.store import Change, Edge, Opening, Place
from dedup.settings import Settings
from dedup.stages.candidates import sketches

SIGNATURES_AT_ONCE = 32
"""Signatures looked up in one round trip: 8,192 buckets of 256 bands."""
BODIES_AT_ONCE = 500
"""Texts whose shingles are made at once."""


class View:
    """The rows of the index of this name."""

    def __init__(self, client: Any, name: str, head: Head, opening: Opening) -> None:
        self.client, self.head, self.opening = client, head, opening
        self.go_to(Keys(name, head.epoch))

    def go_to(self, keys: Keys) -> None:
        """Read signatures, buckets and edges of this epoch."""
        self.keys = keys
        self._bands: BandSets | None = None

    @property
    def bands(self) -> BandSets:
        """The buckets of signatures; datasketch is loaded when they are first asked for."""
        if self._bands is None:
            self._bands = BandSets(self.client, self.keys, self.opening.settings)
        return self._bands

    @property
    def counts(self) -> SharedCounts:
        """The table of counts."""
        assert self.counting, "texts are judged by the estimate"
        return SharedCounts(self.client, self.keys.of("counts"), self.head.bits)

    @property
    def counting(self) -> bool:
        """Whether shingles are counted."""
        return self.opening.settings.weighted and self.opening.store_texts

    # --- rows of Redis --------------------------------------------------------------------------------------------

    def values(self, key: str, fields: Iterable[Any]) -> list[bytes | None]:
        """Fields of a hash, None for what is not there."""
        found: list[bytes | None] = []
        for piece in pieces(fields):
            found += self.client.hmget(key, piece)
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
        return [(member, int(number)) for member, number in rows]

    def scan(self, key: str) -> dict[bytes, bytes]:
        """All of a hash."""
        return dict(self.client.hscan_iter(key, count=AT_ONCE))

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
        found = ((int(number), data) for number, data in self.client.hgetall(self.keys.here("f")).items())
        return [(number, np.frombuffer(data, "<u8")) for number, data in sorted(found) if number > after]

    def find(self, ids: Sequence[str]) -> dict[str, int]:
        """The text of each article that is there."""
        return {id_: text for id_, (_, text) in self.find_articles(ids).items()}

    def find_articles(self, ids: Sequence[str]) -> dict[str, tuple[int, int]]:
        """Number and text of each article that is there."""
        found = self.values(self.keys.of("ids"), map(pack_id, ids))
        return {id_: unpack_article(value) for id_, value in zip(ids, found, strict=True) if value}

    def find_equal(self, fingerprints: Sequence[bytes]) -> dict[bytes, int]:
        """The text with each fingerprint."""
        wanted = [fingerprint for fingerprint in fingerprints if fingerprint]
        found = self.values(self.keys.of("fingerprints"), wanted)
        return {fingerprint: int(value) for fingerprint, value in zip(wanted, found, strict=True) if value}

    def candidates(self, signatures: NDArray[np.uint16], threads: int = 1) -> list[NDArray[np.int64]]:  # noqa: ARG002
        """Texts that agree with each signature in a band, and in the lowest bytes of enough slots; best first."""
        found = []
        for begin in range(0, len(signatures), SIGNATURES_AT_ONCE):
            part = signatures[begin : begin + SIGNATURES_AT_ONCE]
            met = self.bands.meet(part)
            known = self.signatures(np.unique(np.concatenate(met)).tolist())
            settings = self.opening.settings
            found += [_alike(one, numbers, known, settings) for one, numbers in zip(part, met, strict=True)]
        return found

    def places(self, texts: Iterable[int]) -> dict[int, Place]:
        """Cluster and copies of each text that is there."""
        found = {}
        for piece in pieces(texts):
            with self.client.pipeline() as pipe:
                for word in ("prints", "clusters", "copies"):
                    pipe.hmget(self.keys.of(word), piece)
                rows = zip(piece, *pipe.execute(), strict=True)
            for text, fingerprint, cluster, copies in rows:
                if fingerprint is not None:
                    found[text] = Place(int(cluster or text), int(copies or 1))
        return found

    def bodies(self, texts: Iterable[int]) -> dict[int, bytes]:
        """The compressed text of each."""
        return self.held(self.keys.of("bodies"), texts)

    def signatures(self, texts: Iterable[int]) -> dict[int, NDArray[np.uint16]]:
        """The lower halves of the slots of each; a text without shingles has none."""
        wanted = list(texts)
        found = self.held(self.keys.here("s"), wanted)
        rest = self.held(self.keys.of("prints"), [text for text in wanted if text not in found])
        found |= {text: b"" for text, fingerprint in rest.items() if not fingerprint}
        return {text: np.frombuffer(value, "<u2").astype(np.uint16, copy=False) for text, value in found.items()}

    def edges(self, texts: Iterable[int]) -> dict[int, dict[int, Edge]]:
        """All edges of each text, by the other end."""
        wanted = list(texts)
        found = self.each("HGETALL", (self.keys.here("e", text) for text in wanted))
        return {text: unpack_edges(ends) for text, ends in zip(wanted, found, strict=True)}

    def next_with_edges(self, after: int, most: int) -> list[int]:
        """The first texts above this that have edges, ascending."""
        return [text for _, text in self.above(self.keys.here("n"), after, most)]

    def oldest(self, cluster: int, most: int) -> list[int]:
        """The first texts of a cluster, ascending; the text with the cluster's number is in no set."""
        with self.client.pipeline() as pipe:
            pipe.hexists(self.keys.of("prints"), cluster)
            pipe.hexists(self.keys.of("clusters"), cluster)
            pipe.zrange(self.keys.of("members", cluster), 0, max(0, most - 1))
            there, moved, others = pipe.execute()
        founder = [cluster] if there and not moved else []
        return sorted([*founder, *map(int, others)])[:most]

    def names(self, texts: Iterable[int], most: int) -> dict[int, list[str]]:
        """The first ids of each text, in the order in which they were added, the id of its first article first."""
        found: dict[int, list[str]] = {}
        for piece in pieces(texts):
            with self.client.pipeline() as pipe:
                for text in piece:
                    pipe.zrangebyscore(self.keys.of("articles"), text, text)
                    pipe.zrange(self.keys.of("names", text), 0, max(0, most - 1))
                answers = pipe.execute()
            for text, first, more in zip(piece, answers[::2], answers[1::2], strict=True):
                found[text] = [unpack_id(id_) for id_ in (*first, *more)][:most]
        return found

    def frequencies(self, keys: NDArray[np.uint64]) -> NDArray[np.uint32]:
        """How many texts hold each shingle, or a little more."""
        return self.counts.of(keys)

    def articles(self) -> int:
        """How many articles there are."""
        return int(self.client.hlen(self.keys.of("ids")))

    def count_rows(self) -> dict[str, int]:
        """How many articles, texts, clusters and edges there are."""
        clusters = [cluster for _, _, cluster, _ in self.scan_texts()]
        linked = self.client.zrange(self.keys.here("n"), 0, -1)
        edges = sum(self.each("HLEN", (self.keys.here("e", int(text)) for text in linked)))
        counts = {"articles": self.articles(), "texts": len(clusters), "clusters": len(set(clusters))}
        return {**counts, "edges": edges // 2}

    # --- marks and campaigns --------------------------------------------------------------------------------------

    def marks(self, texts: Iterable[int]) -> dict[int, Marks]:
        """The marks of each text that has any."""
        return {text: np.frombuffer(value, "<i8") for text, value in self.held(self.keys.of("marks"), texts).items()}

    def holders(self, marks: Iterable[int], most: int) -> dict[int, list[int]]:
        """Texts that hold each mark which names somebody: at most `most`, spread over all."""
        wanted = list(marks)
        keys = (self.keys.of("held", mark) for mark in wanted)
        found = zip(wanted, self.each("ZRANGE", keys, 0, most - 1), strict=True)
        return {mark: [int(text) for text in texts] for mark, texts in found}

    def count_holders(self, marks: Iterable[int]) -> dict[int, int]:
        """How many texts hold each mark which names somebody."""
        wanted = list(marks)
        return dict(zip(wanted, self.each("ZCARD", (self.keys.of("held", mark) for mark in wanted)), strict=True))

    def campaigns(self, clusters: Iterable[int]) -> dict[int, int]:
        """The campaign of each cluster for which another number than its own is stored."""
        return {cluster: int(value) for cluster, value in self.held(self.keys.of("campaigns"), clusters).items()}

    def parts(self, campaign: int, most: int) -> list[int]:
        """The first clusters of a campaign, except the one with its number, ascending."""
        return [int(cluster) for cluster in self.client.zrange(self.keys.of("campaign", campaign), 0, most - 1)]

    # --- all of it ------------------------------------------------------------------------------------------------

    def scan_articles(self, after: int = 0) -> Iterator[tuple[int, str, int]]:
        """Number, id and text of every article with a number above this, ascending."""
        while rows := self.above(self.keys.of("articles"), after):
            held = self.values(self.keys.of("ids"), [id_ for id_, _ in rows])
            for (id_, number), value in zip(rows, held, strict=True):
                if value and unpack_article(value)[0] == number:  # else it was replaced meanwhile, and comes later
                    yield number, unpack_id(id_), unpack_article(value)[1]
            after = rows[-1][1]

    def scan_texts(self) -> Iterator[tuple[int, bytes, int, int]]:
        """Number, fingerprint, cluster and copies of every text, ascending."""
        prints = {int(text): value for text, value in self.scan(self.keys.of("prints")).items()}
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
        held = self.scan(self.keys.of("campaigns"))
        yield from sorted((int(cluster), int(campaign)) for cluster, campaign in held.items())

    def scan_changes(self, after: int = 0) -> Iterator[Change]:
        """Every recorded change above this, ascending."""
        while rows := self.above(self.keys.of("changes"), after):
            yield from (Change(*json.loads(row)) for row, _ in rows)
            after = rows[-1][1]

    def scan_signatures(self) -> Iterator[tuple[int, NDArray[np.uint16]]]:
        """The signature of every text that has shingles, ascending."""
        for piece in pieces(self.shingled(), BODIES_AT_ONCE):
            yield from self.signatures(piece).items()

    def scan_shingles(self, shingle: Shingle) -> Iterator[list[NDArray[np.uint64]]]:
        """The shingles of all texts that have any, made of what is stored, some texts at a time."""
        for piece in pieces(self.shingled(), BODIES_AT_ONCE):
            yield shingle(self.opening.settings, list(self.bodies(piece).values()))

    def shingled(self) -> list[int]:
        """All texts that have shingles, ascending."""
        return [text for text, fingerprint, _, _ in self.scan_texts() if fingerprint]


def _alike(
    one: NDArray[np.uint16], numbers: NDArray[np.int64], known: dict[int, NDArray[np.uint16]], settings: Settings
) -> NDArray[np.int64]:
    """The texts with enough equal lowest bytes, in the first block and in all; best first, then the oldest."""
    there = np.array([number for number in numbers.tolist() if number in known], np.int64)
    if not len(there):
        return there
    (own, *_), values = sketches(one[None]), sketches(np.stack([known[number] for number in there.tolist()]))
    first, early, least = limits_for(settings)
    agreed = agreement(own, values)
    kept = (agreed >= least) & (agreement(own[:first], values[:, :first]) >= early)
    order = np.lexsort((there, -agreed))
    return there[order][kept[order]]
