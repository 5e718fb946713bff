"""How much of the server's memory an index takes.

In: a view. Out: bytes by kind of data. Of many keys of a kind, some 200 are measured and the total is estimated from
them, so it costs the same for any number of articles.
"""

from __future__ import annotations

from collections.abc import Iterable

from dedup.index.in_redis.values import numbers
from dedup.index.in_redis.view import View
from dedup.index.marks import naming

SAMPLED = 200
"""Keys of a kind whose size is measured."""


def sizes(view: View) -> dict[str, int]:
    """Bytes by kind of data."""
    of, here, client = view.key.of, view.key.here, view.client
    copied, moved, buckets = (
        client.hrandfield(key, SAMPLED) or [] for key in (of("copies"), of("clusters"), here("b"))
    )
    linked = client.zrandmember(here("n"), SAMPLED) or []
    names = [of("names", text) for text in numbers(of("copies"), copied)]
    members = {of("members", one) for one in numbers(of("clusters"), filter(None, view.values(of("clusters"), moved)))}
    sets = [here("b").encode() + bucket for bucket in buckets]
    edges = [here("e", text) for text in numbers(here("n"), linked)]
    several: dict[str, tuple[Iterable[str | bytes], int, int]] = {
        "articles": (names, len(names), client.hlen(of("copies"))),
        "clusters": (members, sum(view.each("ZCARD", members)), client.hlen(of("clusters"))),
        "bands": (sets, len(sets), client.hlen(here("b"))),
        "edges": (edges, len(edges), client.zcard(here("n"))),
    }
    placed = view.values(of("campaigns"), client.hrandfield(of("campaigns"), SAMPLED) or [])
    parts = {of("campaign", one) for one in numbers(of("campaigns"), filter(None, placed))}
    several["campaigns"] = (parts, sum(view.each("ZCARD", parts)), client.hlen(of("campaigns")))
    single = {
        "articles": [of("ids"), of("articles")],
        "texts": [of("prints"), of("fingerprints"), of("copies")],
        "clusters": [of("clusters")],
        "campaigns": [of("campaigns")],
        "marks": [of("marks")],
        "bodies": [of("bodies")],
        "signatures": [here("s")],
        "keys": [here("k")],
        "postings": [here("p")],
        "bands": [here("b"), here("c")],
        "edges": [here("n")],
        "frames": [here("f")],
        "counts": [of("counts"), of("counted")],
        "changes": [of("changes")],
    }
    found = {name: _usage(view, keys) for name, keys in single.items()}
    for name, (keys, sampled, whole) in several.items():
        found[name] += _usage(view, keys) * whole // max(1, sampled)
    found["marks"] += _postings(view)
    return found


def _postings(view: View) -> int:
    """Bytes of the sets of holders of marks, estimated per text from the marks of some texts."""
    some = numbers(view.key.of("marks"), view.client.hrandfield(view.key.of("marks"), SAMPLED) or [])
    keys = [view.key.of("held", mark) for marks in view.marks(some).values() for mark in naming(marks)]
    cards, sizes = view.each("ZCARD", keys), view.each("MEMORY USAGE", keys)
    each = sum((size or 0) / max(1, card) for size, card in zip(sizes, cards, strict=True))
    return int(each * view.client.hlen(view.key.of("marks")) / max(1, len(some)))


def _usage(view: View, keys: Iterable[str | bytes]) -> int:
    """Bytes of these keys, each with its overhead."""
    return sum(size or 0 for size in view.each("MEMORY USAGE", keys))
