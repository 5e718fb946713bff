"""A view that can be changed; see `dedup.index.store.Writer`.

In: changes, in any order. Out: their result, for `dedup.index.in_redis.commit`. Nothing is written before that, except
a new generation: it is written under an epoch of its own, which nobody reads until the commit makes it the current one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup.index.in_redis.counts import Counting, SharedCounts
from dedup.index.in_redis.layout import Article, Head, pieces
from dedup.index.in_redis.values import packed_edge
from dedup.index.in_redis.view import View
from dedup.index.listed import Signature
from dedup.index.store import Change, Edge, Opening, Text
from dedup.index.times import Span

SIGNATURES_AT_ONCE = 1000
"""Signatures entered at once."""


class Pending(View):
    """What a transaction changes.

    Attributes:
        new: Texts that are added.
        dropped: Stored texts that are removed.
        added: Articles that are added.
        seen: When stored articles were seen.
        gone: Stored articles that are removed.
        copies: How many articles texts have now.
        moved: The clusters that texts are in now.
        placed: The campaigns that clusters are in now; a cluster's own number means no campaign.
        links: Edges from both ends, None for those that are dropped.
        counted: What is counted.
        found: Windows of frames that were found, by the number of a text.
        changes: What is recorded.
        replaced: The opening of a new generation.
    """

    def __init__(self, client: Any, name: str, head: Head, opening: Opening, counts: SharedCounts) -> None:
        super().__init__(client, name, head, opening, counts)
        self.new: dict[int, Text] = {}
        self.dropped: set[int] = set()
        self.added: dict[str, Article] = {}
        self.seen: dict[str, Span] = {}
        self.gone: set[str] = set()
        self.copies: dict[int, int] = {}
        self.moved: dict[int, int] = {}
        self.placed: dict[int, int] = {}
        self.links: defaultdict[int, dict[int, Edge | None]] = defaultdict(dict)
        self.counted: Counting | None = None
        self.found: dict[int, NDArray[np.uint64]] = {}
        self.changes: list[Change] = []
        self.replaced: Opening | None = None

    def add_text(self, text: Text) -> None:
        """Store a text and list it."""
        self.new[text.number] = text
        self.moved[text.number] = text.cluster

    def drop_text(self, text: int) -> None:
        """Forget a text; its edges are dropped one by one."""
        if self.new.pop(text, None) is None:
            self.dropped.add(text)
        self.moved.pop(text, None)
        self.copies.pop(text, None)

    def add_article(self, number: int, id_: str, text: int, span: Span | None = None) -> None:
        """Store an article, and when it was seen."""
        self.added[id_] = Article(number, text, span)

    def set_span(self, id_: str, span: Span) -> None:
        """When a stored article was seen."""
        self.seen[id_] = span

    def drop_article(self, id_: str) -> None:
        """Forget an article."""
        self.added.pop(id_, None)
        self.gone.add(id_)

    def set_copies(self, text: int, copies: int) -> None:
        """How many articles have this text now."""
        self.copies[text] = copies

    def set_cluster(self, text: int, cluster: int) -> None:
        """Put a stored text into another cluster."""
        self.moved[text] = cluster

    def join(self, cluster: int, other: int) -> None:
        """Put all texts of a cluster into another."""
        stored = (text for text in self.oldest(cluster, 1 << 53) if text not in self.dropped)
        self.moved |= {text: other for text in stored if text not in self.moved}
        self.moved |= {text: other for text, now in self.moved.items() if now == cluster}

    def set_campaign(self, cluster: int, campaign: int) -> None:
        """Put a cluster into a campaign; its own number means no campaign."""
        self.placed[cluster] = campaign

    def put_edge(self, text: int, other: int, edge: Edge) -> None:
        """Store an edge for both ends, or store it anew."""
        self.links[text][other] = self.links[other][text] = edge

    def drop_edge(self, text: int, other: int) -> None:
        """Forget an edge at both ends."""
        self.links[text][other] = self.links[other][text] = None

    def add_frames(self, number: int, windows: NDArray[np.uint64]) -> None:
        """Store the windows that mark new frames."""
        self.found[number] = windows

    def record(self, change: Change) -> None:
        """Store a change."""
        self.changes.append(change)

    # --- counts ---------------------------------------------------------------------------------------------------

    def count(self, steps: Sequence[tuple[NDArray[np.uint64], int]], number: int) -> None:  # noqa: ARG002
        """Count the shingles of texts, each once per text; later questions about counts see it."""
        assert self.counted is None, "called at most once"
        self.counted = Counting(self.counts, self.stand, self.head.texts, steps)

    def texts(self) -> int:
        """How many texts have shingles, including those counted in this transaction."""
        return self.head.texts + (self.counted.texts if self.counted else 0)

    def frequencies(self, keys: NDArray[np.uint64]) -> NDArray[np.uint32]:
        """How many texts hold each shingle, including those counted in this transaction."""
        return self.counted.of(keys) if self.counted else super().frequencies(keys)

    # --- a new generation -----------------------------------------------------------------------------------------

    def replace(
        self,
        opening: Opening,
        signed: Iterable[tuple[int, Signature, NDArray[np.uint32]]],
        edges: Iterable[tuple[int, int, Edge]],
    ) -> None:
        """Write a new generation beside the old one, under an epoch that no other writer ever gets."""
        epoch = int(self.client.hincrby(self.key.of("head"), "epochs", 1))
        target = View(self.client, self.key.name, self.head._replace(epoch=epoch, listed=0), opening, self._counts)
        for some in pieces(signed, SIGNATURES_AT_ONCE):
            with target.client.pipeline(transaction=False) as pipe:
                target.sign(pipe, [(text, signature, keys) for text, signature, keys in some if len(signature)])
                pipe.execute()
        for links in pieces(edges):
            _write_edges(target, links)
        self.key, self.buckets = target.key, target.buckets
        self.links.clear()
        self.found.clear()
        self.replaced = opening


def _write_edges(target: View, edges: Iterable[tuple[int, int, Edge]]) -> None:
    with target.client.pipeline(transaction=False) as pipe:
        for text, other, edge in edges:
            for one, end in ((text, other), (other, text)):
                target.put(pipe, target.key.here("e", one), {end: packed_edge(edge)})
                pipe.zadd(target.key.here("n"), {one: one})
        pipe.execute()
