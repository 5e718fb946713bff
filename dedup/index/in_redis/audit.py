"""Checks that data which is stored twice is the same in both places.

In: a view of a store that nobody changes meanwhile. Out: what is wrong, in sentences. Reads everything but the texts;
with a function that makes shingles, it reads these, too. `dedup.index.checking` compares the rows with each other; this
module checks what only this store has. Near copies in buckets, and keys, that were left behind by lost connections are
no problem: nothing reads them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

import numpy as np

from dedup.index.in_redis.counts import SharedCounts, Shingle
from dedup.index.in_redis.layout import Article, pieces
from dedup.index.in_redis.postings import InvertedIndex
from dedup.index.in_redis.values import article, identifier, number, numbers
from dedup.index.in_redis.view import View
from dedup.index.marks import naming, place_of
from dedup.index.on_disk.counters import tallied

AT_ONCE = 500
"""Texts whose buckets are read at once."""


def audit(view: View, shingle: Shingle | None) -> list[str]:
    """What is wrong.

    Args:
        view: The rows.
        shingle: Makes shingles of stored texts; None skips the counts.
    """
    rows = {text: (fingerprint, cluster) for text, fingerprint, cluster, _ in view.scan_texts()}
    shingled = {text: fingerprint for text, (fingerprint, _) in rows.items() if fingerprint}
    problems = [
        _articles(view, rows.keys()),
        _fingerprints(view, shingled),
        _clusters(view, {text: cluster for text, (_, cluster) in rows.items()}),
        _campaigns(view),
        _marks(view, rows.keys()),
        _edges(view, rows.keys()),
        _listed(view, list(shingled)),
        _keys(view) if view.opening.settings.weighted else iter(()),
        _counts(view, shingle) if shingle and view.counting else iter(()),
        _server(view),
    ]
    return [problem for some in problems for problem in some]


def _told(what: str, wrong: Iterable[object]) -> Iterator[str]:
    found = list(wrong)
    if found:
        yield f"{len(found):,} {what}, such as {', '.join(map(repr, found[:3]))}"


def _articles(view: View, texts: Iterable[int]) -> Iterator[str]:
    """Articles are listed by number, and under the names of their texts."""
    key = view.key.of("ids")
    held = {identifier(key, id_): Article(*article(key, value)) for id_, value in view.scan(key).items()}
    listed = {id_ for _, id_, _ in view.scan_articles()}
    yield from _told("articles that are not listed by number", held.keys() - listed)
    names = dict.fromkeys(texts, 0)
    for one in held.values():
        names[one.text] = names.get(one.text, 0) + (one.number != one.text)
    named = view.each("ZCARD", (view.key.of("names", text) for text in names))
    wrong = (text for text, more in zip(names, named, strict=True) if more != names[text])
    yield from _told("texts whose names are not those of their articles", wrong)
    if max((one.number for one in held.values()), default=0) > view.last():
        yield "there are articles with higher numbers than the last one"


def _fingerprints(view: View, prints: dict[int, bytes]) -> Iterator[str]:
    key = view.key.of("fingerprints")
    stored = {(number(key, text, 1), one) for one, text in view.scan(key).items()}
    yield from _told("fingerprints that lead to another text", stored ^ set(prints.items()))
    if view.texts() != len(prints):
        yield f"{len(prints):,} texts have shingles, the stored number is {view.texts():,}"


def _clusters(view: View, clusters: dict[int, int]) -> Iterator[str]:
    members: defaultdict[int, set[int]] = defaultdict(set)
    for text, cluster in clusters.items():
        members[cluster].add(text)
    wrong = (cluster for cluster, texts in members.items() if view.oldest(cluster, len(clusters) + 1) != sorted(texts))
    yield from _told("clusters with a wrong list of texts", wrong)


def _campaigns(view: View) -> Iterator[str]:
    parts: defaultdict[int, list[int]] = defaultdict(list)
    stored = list(view.scan_campaigns())
    for cluster, campaign in stored:
        parts[campaign].append(cluster)
    wrong = (campaign for campaign, some in parts.items() if view.parts(campaign, len(stored) + 1) != some)
    yield from _told("campaigns with a wrong list of clusters", wrong)


def _marks(view: View, texts: Iterable[int]) -> Iterator[str]:
    """A mark that names somebody lists exactly the texts that hold it."""
    held: defaultdict[int, list[int]] = defaultdict(list)
    for text, marks in view.marks(texts).items():
        for mark in naming(marks):
            held[mark].append(text)
    most = max(map(len, held.values()), default=0) + 1
    wrong = (mark for mark, some in view.holders(held, most).items() if some != sorted(held[mark], key=place_of))
    yield from _told("marks with a wrong list of texts", wrong)


def _edges(view: View, texts: Iterable[int]) -> Iterator[str]:
    listed = set(numbers(view.key.here("n"), view.client.zrange(view.key.here("n"), 0, -1)))
    every = list(texts)
    there = view.each("EXISTS", (view.key.here("e", text) for text in every))
    linked = {text for text, exists in zip(every, there, strict=True) if exists}
    yield from _told("texts wrongly listed as having edges, or wrongly not listed", listed ^ linked)


def _listed(view: View, texts: list[int]) -> Iterator[str]:
    """Every text with shingles has a signature, and is listed under each of its keys, unless that was full."""
    slots = view.opening.settings.slots
    for piece in pieces(texts, AT_ONCE):
        signed = {text: one for text, one in view.signatures(piece).items() if len(one) == slots}
        yield from _told("texts without their signature", set(piece) - signed.keys())
        if signed:
            yield from _told("texts missing in a bucket", view.buckets.missing(list(signed), view.listed(signed)))


def _keys(view: View) -> Iterator[str]:
    """Nothing is listed under keys that it does not have."""
    assert isinstance(view.buckets, InvertedIndex), "near copies are entered before they are stored"
    for keys, texts in view.buckets.scan():
        held = view.keys(np.unique(texts).tolist())
        pairs = zip(keys.tolist(), texts.tolist(), strict=True)
        wrong = (text for key, text in pairs if text not in held or key not in held[text])
        yield from _told("texts are listed under keys that are not theirs", wrong)


def _counts(view: View, shingle: Shingle) -> Iterator[str]:
    """No cell holds less than the stored texts count. More is allowed: when the table grows, counts are copied."""
    counts = SharedCounts(view.client, view.key)  # not what this process has in memory
    wrong = int((counts.table(view.stand) < tallied(view.head.bits, view.scan_shingles(shingle))[0]).sum())
    if wrong:
        yield f"{wrong:,} cells of the counts hold too little: run compact"


def _server(view: View) -> Iterator[str]:
    policy = str(view.client.info("memory").get("maxmemory_policy", "noeviction"))
    if policy.startswith("allkeys"):
        yield f"the server may forget keys: maxmemory-policy is {policy!r}, set it to noeviction"
