"""Applies a draft in one MULTI/EXEC that fails if the lock is no longer ours.

In: a draft and the lock. Out: all changes are made at once, or none. Only near copies are entered in their buckets
before that: see `dedup.index.in_redis.band_sets`. If the commit then fails, `compact` takes them out again.
"""

from __future__ import annotations

import json
from typing import Any

from dedup.index.in_redis.layout import pack_article, pack_id, pack_opening
from dedup.index.in_redis.lock import Hold
from dedup.index.in_redis.pending import Pending
from dedup.index.in_redis.values import number, packed_edge
from dedup.index.marks import naming, place_of

_UNLIST = "if redis.call('exists', KEYS[1]) == 0 then redis.call('zrem', KEYS[2], ARGV[1]) end"


def commit(draft: Pending, hold: Hold) -> None:
    """Apply all changes of a draft, and release the lock with them.

    Raises:
        OutdatedError: The lock was lost; nothing has changed.
    """
    work = _Commit(draft)
    with hold.transaction() as pipe:
        work.write(pipe)


class _Commit:
    """The commands of a draft, and the old values that they need, which are read first."""

    def __init__(self, draft: Pending) -> None:
        self._draft, self._of, self._here = draft, draft.key.of, draft.key.here
        self._articles = draft.find_articles(sorted(draft.gone))
        self._seen = draft.find_articles(sorted(draft.seen))
        self._prints = draft.held(self._of("prints"), sorted(draft.dropped))
        self._signatures = {text: one for text, one in draft.signatures(self._prints).items() if len(one)}
        there = sorted((draft.moved.keys() | draft.dropped) - draft.new.keys())
        self._listed = draft.listed(self._signatures) if self._signatures else None
        self._clusters = draft.held(self._of("clusters"), there)
        self._marks = draft.marks(self._prints)
        self._campaigns = draft.campaigns(draft.placed)

    def write(self, pipe: Any) -> None:
        """All commands."""
        for part in (
            self._forget, self._store_articles, self._store_texts, self._mark, self._move, self._place, self._link,
            self._tell,
        ):  # fmt: skip
            part(pipe)

    def _forget(self, pipe: Any) -> None:
        """Take out texts, and the old places of articles and texts that have new ones."""
        for id_, article in self._articles.items():
            if article.number != article.text:
                pipe.zrem(self._of("names", article.text), pack_id(id_))
            pipe.hdel(self._of("ids"), pack_id(id_))
            pipe.zrem(self._of("articles"), pack_id(id_))
        for text, cluster in self._clusters.items():
            pipe.zrem(self._of("members", number(self._of("clusters"), cluster, 1)), text)
            pipe.hdel(self._of("clusters"), text)
        for fingerprint in self._prints.values():
            pipe.hdel(self._of("fingerprints"), fingerprint)
        for key in (*map(self._of, ("prints", "copies", "bodies")), self._here("s"), self._here("k")):
            if self._prints:
                pipe.hdel(key, *self._prints)
        if self._listed:
            for row, text in enumerate(self._signatures):
                self._draft.buckets.leave(pipe, text, self._listed.keys_of(row))

    def _store_articles(self, pipe: Any) -> None:
        added = {pack_id(id_): article for id_, article in self._draft.added.items()}
        again = {pack_id(id_): article._replace(span=self._draft.seen[id_]) for id_, article in self._seen.items()}
        if added or again:
            held = {id_: pack_article(article) for id_, article in (again | added).items()}
            self._draft.put(pipe, self._of("ids"), held)
        if added:
            pipe.zadd(self._of("articles"), {id_: article.number for id_, article in added.items()})
        for id_, article in added.items():
            if article.number != article.text:
                pipe.zadd(self._of("names", article.text), {id_: article.number})

    def _store_texts(self, pipe: Any) -> None:
        new = self._draft.new
        rows: dict[str, dict[Any, bytes | int]] = {
            "prints": {number: text.fingerprint for number, text in new.items()},
            "fingerprints": {text.fingerprint: number for number, text in new.items() if text.fingerprint},
            "bodies": {number: text.body for number, text in new.items() if text.body},
        }
        for word, row in rows.items():
            self._draft.put(pipe, self._of(word), row)
        signed = (text for text in new.values() if len(text.signature))
        self._draft.sign(pipe, [(text.number, text.signature, text.keys) for text in signed])
        for text, copies in self._draft.copies.items():
            if copies == 1:
                pipe.hdel(self._of("copies"), text)
            else:
                self._draft.put(pipe, self._of("copies"), {text: copies})

    def _mark(self, pipe: Any) -> None:
        """Take removed texts off the lists of their marks, and list new texts."""
        for text, marks in self._marks.items():
            pipe.hdel(self._of("marks"), text)
            for mark in naming(marks):
                pipe.zrem(self._of("held", mark), text)
        for text, one in self._draft.new.items():
            if len(one.marks):
                self._draft.put(pipe, self._of("marks"), {text: one.marks.astype("<i8").tobytes()})
            for mark in naming(one.marks):
                pipe.zadd(self._of("held", mark), {text: place_of(text)})

    def _place(self, pipe: Any) -> None:
        """Put clusters into campaigns; a cluster whose campaign has the same number is in no set."""
        for cluster, campaign in self._campaigns.items():
            pipe.zrem(self._of("campaign", campaign), cluster)
            pipe.hdel(self._of("campaigns"), cluster)
        for cluster, campaign in self._draft.placed.items():
            if campaign != cluster:
                pipe.zadd(self._of("campaign", campaign), {cluster: cluster})
                self._draft.put(pipe, self._of("campaigns"), {cluster: campaign})

    def _move(self, pipe: Any) -> None:
        """Put texts into clusters; a text whose cluster has the same number is in no set."""
        for text, cluster in self._draft.moved.items():
            if cluster != text:
                pipe.zadd(self._of("members", cluster), {text: text})
                self._draft.put(pipe, self._of("clusters"), {text: cluster})

    def _link(self, pipe: Any) -> None:
        listed = self._here("n")
        for text, ends in self._draft.links.items():
            key = self._here("e", text)
            for other, edge in ends.items():
                if edge:
                    self._draft.put(pipe, key, {other: packed_edge(edge)})
                else:
                    pipe.hdel(key, other)
            _ = pipe.zadd(listed, {text: text}) if any(ends.values()) else pipe.eval(_UNLIST, 2, key, listed, text)

    def _tell(self, pipe: Any) -> None:
        """Write the changes and the head."""
        draft, head = self._draft, self._of("head")
        for change in draft.changes:
            pipe.zadd(self._of("changes"), {json.dumps(change): change.number})
        if draft.counted:
            draft.counted.write(pipe, draft.key)
        for text, windows in draft.found.items():
            draft.put(pipe, self._here("f"), {text: windows.astype("<u8").tobytes()})
        used = [article.number for article in draft.added.values()] + [change.number for change in draft.changes]
        more = sum(bool(text.fingerprint) for text in draft.new.values()) - sum(map(bool, self._prints.values()))
        values = {"last": max(draft.head.last, *used, 0), "texts": draft.head.texts + more, "epoch": draft.key.epoch}
        if draft.opening.settings.weighted:
            values["listed"] = draft.buckets.entered
        if draft.found or draft.replaced:
            values["frames"] = max(draft.found, default=0)
        if draft.counted:
            values |= draft.counted.after._asdict()
        opening = pack_opening(draft.replaced) if draft.replaced else {}
        pipe.hset(head, mapping={**draft.head._replace(**values).fields(), **opening})
