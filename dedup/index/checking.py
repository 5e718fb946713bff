"""Every invariant of an index, verified.

In: one view of a store. Out: what is wrong, in sentences. Reads everything, and makes every fingerprint and signature
again from the stored texts.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

import numpy as np

from dedup import kernels
from dedup.errors import FileError
from dedup.index.answers import Checked
from dedup.index.clustering import MOST
from dedup.index.marks import NO_MARKS
from dedup.index.prepared import Preparer
from dedup.index.store import Edge, Reader, Store
from dedup.settings import Settings
from dedup.stages import clusters

AT_ONCE = 500
"""Texts signed again at once."""
SHOWN = 10
"""At most so many problems of one kind are named."""

Texts = dict[int, tuple[bytes, int, int]]
Edges = dict[tuple[int, int], Edge]


def check(reader: Reader, store: Store, settings: Settings, preparer: Preparer) -> Checked:
    """Verify everything.

    Args:
        reader: A view of the store.
        store: The store; it verifies what it keeps in addition to its rows.
        settings: How texts are compared.
        preparer: Makes signatures.
    """
    texts: Texts = {
        number: (fingerprint, cluster, copies) for number, fingerprint, cluster, copies in reader.scan_texts()
    }
    edges = {(text, other): edge for text, other, edge in reader.scan_edges()}
    found = [
        _articles(reader, texts),
        _fingerprints(texts),
        _edges(edges, texts, settings),
        _numbers(texts),
        _campaigns(reader, texts),
        _linkage(edges, texts, settings),
        _signatures(reader, texts, preparer) if store.opening.store_texts else iter(()),
        iter(store.check()),
    ]
    return Checked([line for problems in found for line in _some(problems)], reader.count_rows())


def _some(problems: Iterator[str]) -> Iterator[str]:
    """The first problems of a kind, and how many more there are."""
    every = list(problems)
    yield from every[:SHOWN]
    if len(every) > SHOWN:
        yield f"and {len(every) - SHOWN} more like the last"


def _articles(reader: Reader, texts: Texts) -> Iterator[str]:
    """Every article has a stored text, and the stored number of articles of every text is right."""
    counts: Counter[int] = Counter()
    numbers = set()
    for number, id_, text in reader.scan_articles():
        counts[text] += 1
        numbers.add(number)
        if text not in texts:
            yield f"article {id_!r} has text {text}, which is not there"
    for text, (_, _, copies) in texts.items():
        if counts[text] != copies:
            yield f"text {text} says that {copies} articles have it; {counts[text]} have"
    for change in reader.scan_changes():
        if change.number in numbers:
            yield f"number {change.number} is that of an article and of a change"


def _fingerprints(texts: Texts) -> Iterator[str]:
    """No two texts are equal."""
    seen: dict[bytes, int] = {}
    for text, (fingerprint, _, _) in texts.items():
        if fingerprint and seen.setdefault(fingerprint, text) != text:
            yield f"texts {seen[fingerprint]} and {text} are equal, and should be one"


def _edges(edges: Edges, texts: Texts, settings: Settings) -> Iterator[str]:
    """Edges join two texts that are there, are known from both ends, and are at the threshold or above."""
    for (text, other), edge in edges.items():
        if text not in texts or other not in texts:
            yield f"edge {text}-{other} leads to a text that is not there"
        elif edges.get((other, text)) != edge:
            yield f"edge {text}-{other} is not the same from its other end"
        elif not settings.threshold <= edge.similarity <= 1:
            yield f"edge {text}-{other} has similarity {edge.similarity}"


def _numbers(texts: Texts) -> Iterator[str]:
    """A cluster has the number of its oldest text."""
    oldest: dict[int, int] = {}
    for text in sorted(texts):
        oldest.setdefault(texts[text][1], text)
    for cluster, text in oldest.items():
        if cluster != text:
            yield f"cluster {cluster} does not have the number of its oldest text, which is {text}"


def _campaigns(reader: Reader, texts: Texts) -> Iterator[str]:
    """Campaigns are stored for clusters that are there, except the oldest of each, whose number the campaign has."""
    there = {cluster for _, cluster, _ in texts.values()}
    placed = dict(reader.scan_campaigns())
    for cluster, campaign in placed.items():
        if cluster not in there:
            yield f"cluster {cluster} is in campaign {campaign}, and is not there"
        elif campaign not in there or campaign in placed or campaign >= cluster:
            yield f"cluster {cluster} is in campaign {campaign}, which is not the number of its oldest cluster"


def _linkage(edges: Edges, texts: Texts, settings: Settings) -> Iterator[str]:
    """In components that are small enough, clusters are those that the edges make."""
    numbers = sorted(texts)
    place = {text: k for k, text in enumerate(numbers)}
    pairs = sorted((place[a], place[b], edge.similarity) for (a, b), edge in edges.items() if a < b and b in place)
    left, right = (np.array([pair[end] for pair in pairs], np.int64) for end in range(2))
    similarity = np.array([pair[2] for pair in pairs], np.float64)
    component = kernels.components(left, right, len(numbers))
    small = np.bincount(component, minlength=len(numbers))[component] <= MOST
    groups = clusters.link(left, right, similarity, len(numbers), settings.threshold * settings.linkage)
    expected, stored = defaultdict(set), defaultdict(set)
    for k, text in enumerate(numbers):
        if small[k]:
            expected[int(groups[k])].add(texts[text][1])
            stored[texts[text][1]].add(int(groups[k]))
    for group, names in expected.items():
        if len(names) > 1:
            yield f"text {numbers[group]} is linked to texts of several clusters: {sorted(names)}"
    for name, parts in stored.items():
        if len(parts) > 1:
            yield f"cluster {name} holds texts that are not linked: {sorted(numbers[part] for part in parts)[:SHOWN]}"


def _signatures(reader: Reader, texts: Texts, preparer: Preparer) -> Iterator[str]:
    """Fingerprints, signatures, keys and marks are those of the stored texts."""
    numbers = list(texts)
    for begin in range(0, len(numbers), AT_ONCE):
        some = numbers[begin : begin + AT_ONCE]
        bodies, marks = reader.bodies(some), reader.marks(some)
        signatures, keys = reader.signatures(some), reader.keys(some)
        there = [text for text in some if text in bodies and text in signatures]
        for text in set(some).difference(there):
            yield f"text {text} has no body or no signature"
        broken = [text for text in there if not _is_text(preparer, bodies[text])]
        for text in broken:
            yield f"text {text} has a body that is damaged: remove its article, and add it again"
        there = [text for text in there if text not in broken]
        prepared = preparer.prepare(preparer.column([bodies[text] for text in there]))
        for k, text in enumerate(there):
            if prepared.fingerprints[k] != texts[text][0]:
                yield f"text {text} does not have the fingerprint that is stored"
            elif not np.array_equal((again := prepared.text(k, text, text)).signature, signatures[text]):
                yield f"text {text} does not have the signature that is stored"
            elif not np.array_equal(again.keys, keys.get(text, again.keys[:0])):
                yield f"text {text} does not have the keys that are stored"
            elif not np.array_equal(prepared.marks[k], marks.get(text, NO_MARKS)):
                yield f"text {text} does not have the marks that are stored"


def _is_text(preparer: Preparer, body: bytes) -> bool:
    try:
        preparer.told(body)
    except FileError:
        return False
    return True
