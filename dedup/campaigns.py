"""Campaigns: clusters and lone articles that one operator made, a level above clusters.

In: the distinct texts of a run and the cluster of each. Out: the campaign of each, and the reason of every link. A
cluster is what was rewritten from one source; an operator has many sources. What is left of him is of three kinds: the
passages that his articles share with each other (their profile), what names him (handles, accounts, affiliate links),
and bodies that are a little alike. None of them is enough by itself, since each can be copied: a name links articles
that share passages or a little of their bodies, too; passages link clusters, where they are of several kinds.

Clusters and lone articles are linked by average linkage (`dedup.clusters.link`), a pair without evidence counting as 0.
Of what more than 64 of them hold each is compared with 64 only, so a million articles with one handle cost linear work.
Costs 0.5 to 2 ms an article, nearly all of it to find names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from dedup import clusters, kernels, pairs
from dedup.clusters import Pairs
from dedup.corpus import Corpus
from dedup.frames import Passages, passages
from dedup.indicators import OPERATOR, found
from dedup.indicators.addresses import domain_of
from dedup.indicators.services import public
from dedup.threads import Progress

Integers = NDArray[np.int64]
CUT = 0.06
"""Mean strength of the links from which articles are one campaign."""
LARGE = 3
"""Distinct texts from which a cluster has a profile of its own; in fewer, shared passages are chance."""
PROFILE, NAMED, LIKE = 0.85, 0.5, 0.3
"""What a profile, a name, and all addresses with a profile count."""
SOME = 0.01
"""Likeness of profiles that is more than chance."""
BODY = 0.03
"""Similarity of bodies that is more than chance: random pairs are at 0.01."""
LEAST_HELD = 3
"""Texts that must hold a name or an address: what two share, they may both have read."""
FOUNDERS = 64
"""Of what more hold, each is compared with so many."""
MEMBERS = 6
"""Texts of a cluster that are compared with those of another."""
EDGES = 0.1
"""Share of the pairs of two clusters that must be edges for their bodies to be compared."""


NOTHING = np.empty(0, np.int64)
ADDRESS, ACCOUNT, OPERATORS = range(3)
"""What a name is: an address that anybody may give, that of somebody's account, and what names an operator."""
ACCOUNTS = frozenset({
    "bilibili.com", "douyin.com", "facebook.com", "fb.com", "instagram.com", "kuaishou.com", "linktr.ee", "patreon.com",
    "pinterest.com", "threads.net", "tiktok.com", "tinyurl.com", "tumblr.com", "twitch.tv", "twitter.com", "vk.com",
    "weibo.com", "x.com", "youtube.com",
})  # fmt: skip
"""Services at which a path of one part is somebody's account, or what somebody shortened. Not those for code: an
account there is named by whoever uses or translates its work."""
SHORT = 8
"""Characters of the domain of a shortener, at most."""


class Profiles(NamedTuple):
    """What each of n clusters and lone articles holds: sparse rows of length 1, ascending by feature."""

    starts: Integers
    features: Integers
    weights: NDArray[np.float64]


@dataclass(frozen=True)
class Link:
    """Why two clusters or lone articles are of one campaign.

    Attributes:
        left: Number of one of them.
        right: Number of the other.
        strength: 0 to 1; the mean of those of a campaign is at least `CUT`.
        body: Mean similarity of their bodies over pairs; NaN where it was not asked for.
        profile: Likeness of their profiles, 0 to 1.
        names: Numbers of names that both hold; see `Evidence.names`.
    """

    left: int
    right: int
    strength: float
    body: float
    profile: float
    names: tuple[int, ...]


Similar = Callable[[Integers, Integers], NDArray[np.float64]]


class Name(NamedTuple):
    """Something that names an operator, or an address."""

    kind: str
    key: str
    form: str
    """As it is written in one text."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """What was found, and the campaign of each cluster.

    Attributes:
        node: int64 (d,), number of the cluster or lone article of each distinct text.
        group: int64 (n,), campaign of each of them.
        left: int64 (m,), links, with
        right: int64 (m,), and
        strength: float64 (m,).
        body: float64 (m,), NaN where bodies were not compared.
        names: What was found in the texts, and
        held: the distinct texts that hold each, ascending.
    """

    node: Integers
    group: Integers
    left: Integers
    right: Integers
    strength: NDArray[np.float64]
    body: NDArray[np.float64]
    profiles: Profiles
    names: list[Name]
    held: list[Integers]

    @cached_property
    def names_of(self) -> list[set[int]]:
        """Numbers of the names that each cluster or lone article holds."""
        listed: list[set[int]] = [set() for _ in self.group]
        for number, texts in enumerate(self.held):
            for node in np.unique(self.node[texts]).tolist():
                listed[node].add(number)
        return listed

    def links(self, group: int) -> list[Link]:
        """Why a campaign is one: the strongest links that hold it together, the strongest first."""
        inside = np.flatnonzero((self.group[self.left] == group) & (self.group[self.right] == group))
        inside = inside[np.lexsort((self.right[inside], self.left[inside], -self.strength[inside]))]
        parent: dict[int, int] = {}

        def root(node: int) -> int:
            while parent.setdefault(node, node) != node:
                parent[node] = parent[parent[node]]
                node = parent[node]
            return node

        told = []
        for place in inside.tolist():
            left, right = int(self.left[place]), int(self.right[place])
            if root(left) != root(right):
                parent[root(left)] = root(right)
                told.append(self._link(place, left, right))
        return told

    def _link(self, place: int, left: int, right: int) -> Link:
        likeness = _dots(self.profiles, NOTHING, np.array([left]), np.array([right]))
        both = tuple(sorted(self.names_of[left] & self.names_of[right]))
        return Link(left, right, float(self.strength[place]), float(self.body[place]), float(likeness[0]), both)


def find(
    corpus: Corpus,
    node: Integers,
    edges: Pairs,
    *,
    threads: int = 1,
    progress: Callable[[str], Progress] | None = None,
) -> Evidence:
    """Find the campaigns of distinct texts.

    Args:
        corpus: The texts.
        node: (d,) cluster of each distinct text, from 0.
        edges: Verified pairs of distinct texts.
        threads: How many to use; no matter to the result.
        progress: Gives what is told how far a step is.
    """
    count = int(node.max(initial=-1)) + 1
    if corpus.weights is None:
        nobody = Profiles(np.zeros(count + 1, np.int64), NOTHING, np.empty(0))
        return Evidence(node, np.arange(count), NOTHING, NOTHING, np.empty(0), np.empty(0), nobody, [], [])

    def similar(left: Integers, right: Integers) -> NDArray[np.float64]:
        return pairs.verify(corpus.sets, left, right, corpus.sizes, threads=threads)

    shared = passages(corpus.texts, corpus.first, threads=threads)
    names, held = _names(corpus, progress("names") if progress else None)
    near = met(node, np.bincount(node, minlength=count), edges)
    return among(node, shared, names, held, near, similar)


def among(
    node: Integers,
    shared: Passages,
    names: list[Name],
    held: list[Integers],
    near: tuple[Integers, Integers],
    similar: Similar,
    sorts: Integers | None = None,
) -> Evidence:
    """Find the campaigns of distinct texts from what was gathered of them, wherever they lie.

    Args:
        node: (d,) cluster of each distinct text, from 0.
        shared: The passages that several of them share.
        names: What was found in several and is not everybody's, ascending by kind and key; see `may_link`.
        held: The texts that hold each, ascending.
        near: Pairs of clusters whose bodies may be alike on the whole; see `met`.
        similar: Gives the similarities of pairs of texts, from the numbers of the lower and of the higher ones.
        sorts: (len(held),) `sort_of` each name, where the names themselves are not known; None is that of `names`.
    """
    count = int(node.max(initial=-1)) + 1
    sizes = np.bincount(node, minlength=count)
    sorts = np.array([sort_of(name) for name in names], np.int64) if sorts is None else sorts
    strong, operator = sorts != ADDRESS, sorts == OPERATORS
    profiles = _profiles(node, sizes, *_flat(shared), _rarity(shared.counts, len(node)))
    texts = np.concatenate([np.empty(0, np.int64), *held])
    of = np.repeat(np.arange(len(held)), [len(some) for some in held])
    rarity = _rarity(np.array([len(some) for some in held]), len(node))
    addresses = _profiles(node, sizes, texts, of, rarity * np.where(operator, 3.0, 1.0))
    persons = _profiles(node, sizes, texts, of, rarity * strong)
    order = kernels.mix_all(np.arange(count, dtype=np.uint64))
    large = sizes >= LARGE
    by_profile, many = _meet(node, _flat(shared), order, large)
    by_name, more = _meet(node, (texts, of), order, np.ones(count, np.bool_))
    left, right = _ends(np.unique(np.concatenate([by_profile, by_name])))
    several, profile, like, named = (
        _dots(rows, families, left, right)
        for rows, families in (
            (profiles, shared.families), (profiles, NOTHING), (addresses, NOTHING), (persons, NOTHING),
        )
    )  # fmt: skip
    body = np.full(len(left), np.nan)
    asked = np.flatnonzero((named > 0) & (profile <= SOME))
    body[asked] = _bodies(node, sizes, left[asked], right[asked], similar)
    beside = (profile > SOME) | (np.nan_to_num(body) > BODY)
    strength = np.maximum(NAMED * named * beside, LIKE * np.minimum(like, profile))
    strength = np.maximum(strength, PROFILE * several * (large[left] & large[right]))
    close = _bodies(node, sizes, *near, similar)
    left, right, strength, body = _joined((left, right, strength, body), (*near, close, close))
    kept = strength > 0
    left, right, strength, body = left[kept], right[kept], strength[kept], body[kept]
    group = clusters.link(left, right, np.minimum(strength, 1.0), count, CUT, many | more)
    return Evidence(node, group, left, right, strength, body, profiles, names, held)


def _dots(rows: Profiles, families: Integers, left: Integers, right: Integers) -> NDArray[np.float64]:
    """How alike the rows of pairs are; with families, without what a single one of them makes of it."""
    products = np.empty(len(left))
    kernels.dots(*rows, families, left, right, products)
    return products


def _rarity(counts: Integers, texts: int) -> NDArray[np.float64]:
    return np.log((texts + 1.0) / np.maximum(counts, 1))


def _flat(shared: Passages) -> tuple[Integers, Integers]:
    """A text and a passage that it holds, for each that one holds."""
    return np.repeat(np.arange(len(shared.starts) - 1), np.diff(shared.starts)), shared.passages


def _names(corpus: Corpus, progress: Progress | None) -> tuple[list[Name], list[Integers]]:
    """What is found in the texts and is not everybody's, and the distinct texts that hold it; several at least."""
    forms: dict[tuple[str, str], Name] = {}
    holders: dict[tuple[str, str], list[int]] = {}
    for number, row in enumerate(corpus.first.tolist()):
        for name in names_in(corpus.texts.text(row)):
            holders.setdefault(name[:2], []).append(number)
            forms.setdefault(name[:2], name)
        if progress and number % 256 == 0:
            progress(number, len(corpus.first))
    several = sorted(name for name, mine in holders.items() if may_link(forms[name], len(mine)))
    return [forms[name] for name in several], [np.array(holders[name]) for name in several]


def names_in(text: str) -> list[Name]:
    """What names somebody in a text, and its addresses, each once."""
    mine: dict[tuple[str, str], Name] = {}
    for one in found(text):
        mine.setdefault((one.kind, one.key), Name(one.kind, one.key, one.form))
    return list(mine.values())


def may_link(name: Name, holders: int) -> bool:
    """Whether a name that so many texts hold may link: several do, and it is not everybody's."""
    return holders >= LEAST_HELD and not public(name.kind, name.form)


def sort_of(name: Name) -> int:
    """What it is: `OPERATORS`, `ACCOUNT` or `ADDRESS`."""
    if name.kind in OPERATOR:
        return OPERATORS
    return ACCOUNT if name.kind == "link" and _leads_to_somebody(name) else ADDRESS


def _leads_to_somebody(name: Name) -> bool:
    """Whether it is the address of an account, or a short address, at a public service."""
    parts = urlsplit(name.form if "//" in name.form else f"//{name.form}")
    host, path = (parts.hostname or "").removeprefix("www."), parts.path.strip("/")
    if not path or "/" in path or domain_of(host) != host:
        return False
    return host in ACCOUNTS or (len(host) <= SHORT and public("domain", host))


def _profiles(
    node: Integers, sizes: Integers, texts: Integers, features: Integers, weights: NDArray[np.float64]
) -> Profiles:
    """Which share of the texts of each node holds a feature, times its weight; rows of length 1."""
    width = len(weights)
    once = np.unique(texts * width + features) if width else np.empty(0, np.int64)
    texts, features = np.divmod(once, max(1, width))
    keys, holding = np.unique(node[texts] * width + features, return_counts=True) if len(once) else (once, once)
    rows, features = np.divmod(keys, max(1, width))
    values = holding / sizes[rows] * weights[features]
    lengths = np.sqrt(np.bincount(rows, values**2, len(sizes)))
    starts = np.searchsorted(rows, np.arange(len(sizes) + 1))
    return Profiles(starts, features, values / np.where(lengths > 0, lengths, 1.0)[rows])


def _meet(
    node: Integers, held: tuple[Integers, Integers], order: NDArray[np.uint64], among: NDArray[np.bool_]
) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """Pairs of nodes that hold something in common, and those that were compared with the first holders only."""
    texts, features = held
    mine = among[node[texts]]
    width = int(features.max(initial=0)) + 1
    keys = np.unique(node[texts[mine]] * width + features[mine])
    nodes, features = np.divmod(keys, width)
    sequence = np.lexsort((nodes, order[nodes], features))
    nodes, features = nodes[sequence], features[sequence]
    ends = np.flatnonzero(np.diff(features, append=-1)) + 1
    counts = np.diff(ends, prepend=0)
    found, crowded = [np.empty(0, np.uint64)], np.zeros(len(among), np.bool_)
    for end, count in zip(ends[counts > 1].tolist(), counts[counts > 1].tolist(), strict=True):
        some = nodes[end - count : end]
        later = np.arange(1, count)
        many = np.minimum(later, FOUNDERS)
        right = np.repeat(later, many)
        left = np.arange(len(right)) - np.repeat(np.cumsum(many) - many, many)
        low, high = np.minimum(some[left], some[right]), np.maximum(some[left], some[right])
        found.append(high.astype(np.uint64) << np.uint64(32) | low.astype(np.uint64))
        crowded[some[FOUNDERS:]] = True
        if len(found) > FOUNDERS:
            found = [np.unique(np.concatenate(found))]
    return np.unique(np.concatenate(found)), crowded


def _ends(both: NDArray[np.uint64]) -> tuple[Integers, Integers]:
    return (both & np.uint64(0xFFFFFFFF)).astype(np.int64), (both >> np.uint64(32)).astype(np.int64)


def met(node: Integers, sizes: Integers, edges: Pairs) -> tuple[Integers, Integers]:
    """Pairs of nodes of which so many pairs of texts are edges that their bodies may be alike on the whole."""
    left, right = node[edges.left], node[edges.right]
    apart = left != right
    low, high = np.minimum(left, right)[apart], np.maximum(left, right)[apart]
    keys, several = np.unique(low * len(sizes) + high, return_counts=True) if len(low) else (low, low)
    low, high = np.divmod(keys, max(1, len(sizes)))
    enough = several >= EDGES * sizes[low] * sizes[high]
    return low[enough], high[enough]


def _bodies(node: Integers, sizes: Integers, left: Integers, right: Integers, similar: Similar) -> NDArray[np.float64]:
    """Mean similarity of the bodies of pairs of nodes, over pairs of a few texts of each."""
    if not len(left):
        return np.empty(0)
    by_node = np.argsort(node, kind="stable")
    starts = np.cumsum(sizes) - sizes
    several = np.minimum(sizes, MEMBERS)
    rows = several[left] * several[right]
    pair = np.repeat(np.arange(len(left)), rows)
    place = np.arange(len(pair)) - np.repeat(np.cumsum(rows) - rows, rows)
    ones, others = place // several[right[pair]], place % several[right[pair]]

    def text(ends: Integers, places: Integers) -> Integers:
        """The texts at even distances among those of a node."""
        return by_node[starts[ends] + places * sizes[ends] // several[ends]]

    first, second = text(left[pair], ones), text(right[pair], others)
    found = similar(np.minimum(first, second), np.maximum(first, second))
    means: NDArray[np.float64] = np.bincount(pair, found, len(left)) / rows
    return means


Columns = tuple[Integers, Integers, NDArray[np.float64], NDArray[np.float64]]


def _joined(one: Columns, other: Columns) -> Columns:
    """Links of two kinds, each pair once, by the stronger; the body where it is known."""
    left, right, strength, body = (np.concatenate(both) for both in zip(one, other, strict=True))
    order = np.lexsort((strength, right, left))
    last = np.flatnonzero((np.diff(left[order], append=-1) != 0) | (np.diff(right[order], append=-1) != 0))
    chosen = order[last]
    known = np.full(len(chosen), np.nan)
    of = np.searchsorted(last, np.argsort(order, kind="stable"))
    told = ~np.isnan(body)
    known[of[told]] = body[told]
    return left[chosen], right[chosen], strength[chosen], known
