"""Campaigns: clusters and lone articles that one operator made, a level above clusters.

In: the distinct texts of a run and the cluster of each. Out: the campaign of each, and the reason of every link. A
cluster is what was rewritten from one source; an operator has many sources. Operators leave three kinds of evidence:
the passages that their articles share with each other (their profile), what names them (handles, accounts, affiliate
links), and bodies that are a little alike. None of these is enough by itself, since each can be copied: a name links
articles only if they also share passages or their bodies are a little alike; passages link clusters only if they are of
several families.

Clusters and lone articles are linked by average linkage (`dedup.stages.clusters.link`), a pair without evidence
counting as 0. Where more than 64 of them hold the same name or passage, each is compared with 64 others only, so a
million articles with one handle cost linear work. Costs 0.5 to 2 ms an article, nearly all of it to find names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.errors import warn
from dedup.evidence.corpus import Corpus
from dedup.evidence.indicators import OPERATOR, found
from dedup.evidence.indicators.addresses import domain_of
from dedup.evidence.indicators.services import public
from dedup.kernels import Integers
from dedup.stages import clusters
from dedup.stages.candidates import once
from dedup.stages.clusters import Pairs
from dedup.stages.frames import Passages, passages
from dedup.work import Progress, ranges

CUT = 0.06
"""Least mean strength of the links of a campaign, over all pairs."""
LARGE = 3
"""Least number of distinct texts of a cluster whose profile can link it; in fewer, shared passages are chance."""
PROFILE, NAMED, LIKE = 0.85, 0.7, 0.4
"""Strength of equal profiles, of a name that all texts hold, and of several addresses together with a profile."""
SOME = 0.01
"""Cosine similarity of profiles above which it is more than chance."""
BODY = 0.03
"""Similarity of bodies above which it is more than chance: random pairs are at 0.01."""
LEAST_HELD = 3
"""Texts that must hold a name or an address before it can link: two texts may have it from the same source."""
FOUNDERS = 64
"""Holders of one name or passage with which each other holder is compared, at most."""
MEMBERS = 6
"""Texts of a cluster that are compared with those of another."""
EDGES = 0.1
"""Share of the pairs of two clusters that must be edges for their bodies to be compared."""
AT_ONCE = 1 << 20
"""Pairs of nodes, or of their texts, that are judged at once; and pairs gathered before repeated ones are removed."""

NOTHING = np.empty(0, np.int64)
ADDRESS, ACCOUNT, OPERATORS = range(3)
"""Sorts of names: an address that anybody may give, the address of somebody's account, a name of an operator."""
ACCOUNTS = frozenset({
    "bilibili.com", "douyin.com", "facebook.com", "fb.com", "instagram.com", "kuaishou.com", "linktr.ee", "patreon.com",
    "pinterest.com", "threads.net", "tiktok.com", "tinyurl.com", "tumblr.com", "twitch.tv", "twitter.com", "vk.com",
    "weibo.com", "x.com", "youtube.com",
})  # fmt: skip
"""Services at which a path of one part is somebody's account or short link. Those for code are not listed: whoever uses
or translates a project names its account."""
SHORT = 8
"""Characters of the domain of a shortener, at most."""


class Profiles(NamedTuple):
    """What each of n clusters and lone articles holds: sparse rows of length 1, ascending by feature.

    Example:
        >>> campaigns.evidence.profiles.starts.shape  # one more than there are clusters and lone articles
        (10,)
    """

    starts: Integers
    features: Integers
    weights: NDArray[np.float64]


@dataclass(frozen=True)
class Link:
    """Why two clusters or lone articles are of one campaign.

    Attributes:
        left: Number of one of them.
        right: Number of the other.
        strength: 0 to 1; its mean over all pairs of a campaign is at least `CUT`.
        body: Mean similarity of their bodies over pairs; NaN where it was not computed.
        profile: Cosine similarity of their profiles, 0 to 1.
        names: Numbers of names that both hold; see `Evidence.names`.

    Example:
        >>> group = campaigns.several[0].number
        >>> link = campaigns.evidence.links(group)[0]
        >>> round(link.strength, 2), round(link.body, 3), [campaigns.evidence.names[name].key for name in link.names]
        (0.7, 0.057, ['@qinghe_cards', 'qinghe_cards'])
    """

    left: int
    right: int
    strength: float
    body: float
    profile: float
    names: tuple[int, ...]


Similar = Callable[[Integers, Integers], NDArray[np.float64]]
Columns = tuple[Integers, Integers, NDArray[np.float64], NDArray[np.float64]]
"""Links: left, right, strength, body."""


class Name(NamedTuple):
    """Something that names an operator, or an address.

    Example:
        >>> names_in("加TG: @Good_Cards")[0]
        Name(kind='handle', key='@good_cards', form='@Good_Cards')
    """

    kind: str
    key: str
    form: str
    """As it is written in one text."""


@dataclass(frozen=True, eq=False)
class Linked:
    """The campaigns of n clusters and lone articles, and the links that make them.

    Attributes:
        group: int64 (n,), campaign of each of them.
        left: int64 (m,), one end of each link.
        right: int64 (m,), the other end.
        strength: float64 (m,), its strength.
        body: float64 (m,), NaN where bodies were not compared.
        profiles: What passages each holds.

    Example:
        >>> found = campaigns.evidence
        >>> found.group.tolist(), [len(some) for some in (found.left, found.right, found.strength)]
        ([0, 1, 3, 3, 4, 5, 6, 7, 3], [3, 3, 3])
    """

    group: Integers
    left: Integers
    right: Integers
    strength: NDArray[np.float64]
    body: NDArray[np.float64]
    profiles: Profiles


@dataclass(frozen=True, eq=False)
class Evidence(Linked):
    """What was found, and the campaign of each cluster.

    Attributes:
        node: int64 (d,), number of the cluster or lone article of each distinct text.
        names: Names that were found in the texts.
        held: The distinct texts that hold each name, ascending.

    Example:
        >>> found = campaigns.evidence
        >>> holders = found.names_of[found.node[campaigns.run.graph.distinct[2]]]
        >>> sorted(found.names[name].key for name in holders)
        ['@qinghe_cards', 'qinghe_cards']
    """

    node: Integers
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
        """The strongest links that hold a campaign together, strongest first: a maximum spanning forest.

        Args:
            group: The campaign, as in `group` of this object.

        Example:
            >>> found = campaigns.evidence.links(campaigns.several[0].number)
            >>> [(link.left, link.right, round(link.strength, 2)) for link in found]
            [(2, 3, 0.7), (2, 8, 0.7)]
        """
        inside = np.flatnonzero((self.group[self.left] == group) & (self.group[self.right] == group))
        inside = inside[np.lexsort((self.right[inside], self.left[inside], -self.strength[inside]))]
        parent: dict[int, int] = {}

        def root(node: int) -> int:
            while parent.setdefault(node, node) != node:
                parent[node] = parent[parent[node]]
                node = parent[node]
            return node

        forest = []
        for place in inside.tolist():
            left, right = int(self.left[place]), int(self.right[place])
            if root(left) != root(right):
                parent[root(left)] = root(right)
                forest.append(self._link(place, left, right))
        return forest

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
        node: (d,) cluster of each distinct text, from 0; see `numbered`.
        edges: Verified pairs of distinct texts.
        threads: How many to use; the result does not depend on it.
        progress: Called with the name of a step; returns its progress callback.

    Example:
        >>> node = numbered(clusters.representatives)
        >>> found = find(clusters.corpus, node, clusters.graph.edges)
        >>> len(found.group), len(found.left)  # two clusters and seven lone articles, which nothing links
        (9, 0)
    """
    count = int(node.max(initial=-1)) + 1
    if corpus.weights is None:
        empty = Profiles(np.zeros(count + 1, np.int64), NOTHING, np.empty(0))
        return Evidence(np.arange(count), NOTHING, NOTHING, np.empty(0), np.empty(0), empty, node, [], [])

    def similar(left: Integers, right: Integers) -> NDArray[np.float64]:
        return corpus.similarities(left, right, threads=threads)

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
    most: int | None = None,
    sorts: Integers | None = None,
) -> Evidence:
    """Find the campaigns of distinct texts from what was gathered of them, wherever they lie.

    Args:
        node: (d,) cluster of each distinct text, from 0; see `numbered`.
        shared: The passages that several of them share.
        names: Names that several texts hold and that are not public, ascending by kind and key; see `may_link`.
        held: The texts that hold each name, ascending.
        near: Pairs of clusters whose bodies may be alike on the whole; see `met`.
        similar: Gives the similarities of pairs of texts, from the numbers of the lower and of the higher ones.
        most: How many pairs of clusters with something in common are held at most; None is no limit. If there are more,
            the passages and names with the most holders are left out, with a warning.
        sorts: (len(held),) `sort_of` each name, where the names themselves are not known; None takes it from `names`.

    Example:
        >>> from dedup.stages.frames import passages
        >>> node, corpus = numbered(clusters.representatives), clusters.corpus
        >>> near = met(node, np.bincount(node), clusters.graph.edges)
        >>> found = among(node, passages(corpus.texts, corpus.first), [], [], near, corpus.similarities)
        >>> len(found.group), len(found.left)
        (9, 0)
    """
    sorts = np.array([sort_of(name) for name in names], np.int64) if sorts is None else sorts
    texts = np.concatenate([np.empty(0, np.int64), *held])
    of = np.repeat(np.arange(len(held)), [len(some) for some in held])
    holders = np.array([len(some) for some in held], np.int64)
    found = linked(
        Nodes.of(node),
        Held.of(node, *_flat(shared), shared.counts),
        shared.families,
        sorts,
        Held.of(node, texts, of, holders),
        near,
        similar,
        most,
    )
    return Evidence(**vars(found), node=node, names=names, held=held)


class Nodes(NamedTuple):
    """Clusters and lone articles, ascending by the first text of each; see `numbered`.

    Example:
        >>> nodes = Nodes.of(np.array([0, 1, 0]))  # the texts 0 and 2 are one cluster
        >>> nodes.sizes, nodes.texts[nodes.starts[0] : nodes.starts[1]], nodes.total
        (array([2, 1]), array([0, 2]), 3)
    """

    places: Integers
    """(n,): number of each among all of the run, of which some may be left out here."""
    sizes: Integers
    """(n,): distinct texts."""
    starts: Integers
    """(n + 1,): some texts of each, `MEMBERS` at most, are ``texts[starts[i]:starts[i + 1]]``; see `chosen`."""
    texts: Integers
    total: int
    """Distinct texts of the run."""

    @classmethod
    def of(cls, node: Integers) -> Nodes:
        """Those of all distinct texts, from the number of each one's.

        Args:
            node: (d,) the number of the cluster or lone article of each.
        """
        sizes = np.bincount(node, minlength=int(node.max(initial=-1)) + 1)
        several = np.minimum(sizes, MEMBERS)
        starts = np.concatenate([[0], np.cumsum(several)])
        of = np.repeat(np.arange(len(sizes)), several)
        places = chosen(np.arange(len(of)) - starts[of], sizes[of])
        by_node = np.argsort(node, kind="stable")
        return cls(np.arange(len(sizes)), sizes, starts, by_node[(np.cumsum(sizes) - sizes)[of] + places], len(node))


def chosen(numbers: Integers, sizes: Integers) -> Integers:
    """Places of the texts of a node that are compared, evenly spaced from 0.

    Args:
        numbers: The texts to compare, numbered from 0 in each node.
        sizes: How many texts the node of each has.

    Example:
        >>> chosen(np.arange(6), np.full(6, 60))
        array([ 0, 10, 20, 30, 40, 50])
    """
    return numbers * sizes // np.minimum(sizes, MEMBERS)


class Held(NamedTuple):
    """What clusters and lone articles hold: passages, or names. Ascending by node, then feature, each once.

    Example:
        >>> held = Held.of(np.array([0, 1, 0]), np.array([0, 1, 2]), np.array([0, 0, 0]), counts=np.array([3]))
        >>> held.nodes, held.features, held.texts  # two texts of the node 0 hold the name 0, and one of the node 1
        (array([0, 1]), array([0, 0]), array([2, 1]))
    """

    nodes: Integers
    features: Integers
    texts: Integers
    """How many texts of the node hold it."""
    counts: Integers
    """(f,): how many texts of the run hold each feature."""

    @classmethod
    def of(cls, node: Integers, texts: Integers, features: Integers, counts: Integers) -> Held:
        """From texts and the features that they hold, and the node of every text.

        Args:
            node: (d,) the number of the cluster or lone article of each distinct text.
            texts: (m,) a distinct text,
            features: (m,) and a passage or name that it holds.
            counts: (f,) how many texts of the run hold each.
        """
        width = max(1, len(counts))
        texts, features = np.divmod(np.unique(texts * width + features), width)
        keys, holding = np.unique(node[texts] * width + features, return_counts=True)
        return cls(*np.divmod(keys, width), holding, counts)


def linked(
    nodes: Nodes,
    passages: Held,
    families: Integers,
    sorts: Integers,
    named: Held,
    near: tuple[Integers, Integers],
    similar: Similar,
    most: int | None = None,
) -> Linked:
    """Find campaigns from what clusters and lone articles hold, where that of every text is not known.

    Args:
        nodes: Clusters and lone articles; those that hold nothing and are in no pair of `near` may be left out.
        passages: The passages that they hold.
        families: Family of each passage; see `dedup.stages.frames.Passages`.
        sorts: `sort_of` each name that was found in their texts.
        named: The names that they hold.
        near: See `among`.
        similar: Gives the similarities of pairs of `nodes.texts`, of each pair the lower one first.
        most: See `among`.

    Example:
        >>> node, names = np.array([0, 1, 2]), np.array([OPERATORS])  # three lone articles with one name of an operator
        >>> alike = lambda left, right: np.full(len(left), 0.05)
        >>> named = Held.of(node, node, np.zeros(3, np.int64), counts=np.array([3]))
        >>> nothing = Held.of(node, NOTHING, NOTHING, counts=NOTHING)
        >>> linked(Nodes.of(node), nothing, NOTHING, names, named, (NOTHING, NOTHING), alike).group.tolist()
        [1, 1, 1]
    """
    order, large = kernels.mix_all(nodes.places.astype(np.uint64)), nodes.sizes >= LARGE
    by_profile, many = _meet(passages, order, large, most, "passages")
    rest = None if most is None else most - len(by_profile)
    by_name, more = _meet(named, order, np.ones(len(large), np.bool_), rest, "names")
    meeting = once([by_profile, by_name])
    rows = _Rows.of(nodes, passages, families, sorts, named)
    parts = [rows.links(meeting[begin:end], similar) for begin, end in ranges(max(1, len(meeting)), AT_ONCE)]
    close = _bodies(nodes, *near, similar)
    parts.append((*near, close, close))
    left, right, strength, body = _linking(_joined(parts))
    group = clusters.link(left, right, np.minimum(strength, 1.0), len(large), CUT, many | more)
    return Linked(group, left, right, strength, body, rows.profiles)


class _Rows(NamedTuple):
    """What clusters and lone articles are compared by."""

    nodes: Nodes
    families: Integers
    profiles: Profiles
    addresses: Profiles
    persons: Profiles
    """Names of operators and accounts; rows of length 1."""
    holding: Profiles
    """The share of the node's texts that holds each of these."""

    @classmethod
    def of(cls, nodes: Nodes, passages: Held, families: Integers, sorts: Integers, named: Held) -> _Rows:
        """See `linked`."""
        sizes, strong, rarity = nodes.sizes, 1.0 * (sorts != ADDRESS), _rarity(named.counts, nodes.total)
        return cls(
            nodes,
            families,
            _profiles(passages, sizes, _rarity(passages.counts, nodes.total)),
            _profiles(named, sizes, rarity * np.where(sorts == OPERATORS, 3.0, 1.0)),
            _profiles(named, sizes, rarity * strong),
            _profiles(named, sizes, strong, whole=True),
        )

    def links(self, meeting: NDArray[np.uint64], similar: Similar) -> Columns:
        """The links among some pairs that have something in common."""
        left, right = _ends(meeting)
        each = np.arange(self.addresses.features.max(initial=-1) + 1)  # a single address counts nothing
        several, profile, like, named, both = (
            _dots(rows, families, left, right)
            for rows, families in (
                (self.profiles, self.families), (self.profiles, NOTHING),
                (self.addresses, each), (self.persons, NOTHING), (self.holding, NOTHING),
            )
        )  # fmt: skip
        named *= np.minimum(both, 1.0)  # over all pairs of texts: few have a name that one of many texts holds
        body = np.full(len(left), np.nan)
        asked = np.flatnonzero((named > 0) & (profile <= SOME))
        body[asked] = _bodies(self.nodes, left[asked], right[asked], similar)
        beside = (profile > SOME) | (np.nan_to_num(body) > BODY)
        strength = np.maximum(NAMED * named * beside, LIKE * np.minimum(like, profile))
        large = self.nodes.sizes >= LARGE
        strength = np.maximum(strength, PROFILE * several * (large[left] & large[right]))
        return _linking((left, right, strength, body))


def _linking(links: Columns) -> Columns:
    """Those that have any strength."""
    left, right, strength, body = links
    kept = strength > 0
    return left[kept], right[kept], strength[kept], body[kept]


def _dots(rows: Profiles, families: Integers, left: Integers, right: Integers) -> NDArray[np.float64]:
    """Cosine similarities of pairs of rows; with families, no single family may make up more than half of one."""
    products = np.empty(len(left))
    kernels.dots(*rows, families, left, right, products)
    return products


def _rarity(counts: Integers, texts: int) -> NDArray[np.float64]:
    return np.log((texts + 1.0) / np.maximum(counts, 1))


def _flat(shared: Passages) -> tuple[Integers, Integers]:
    """Every pair of a text and a passage that it holds."""
    return np.repeat(np.arange(len(shared.starts) - 1), np.diff(shared.starts)), shared.passages


def _names(corpus: Corpus, progress: Progress | None) -> tuple[list[Name], list[Integers]]:
    """The names in the texts that may link, and the distinct texts that hold each."""
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
    """What names somebody in a text, and its addresses, each once.

    Args:
        text: Any string.

    Example:
        >>> [(name.kind, name.key) for name in names_in("加TG: @Good_Cards")]
        [('handle', '@good_cards'), ('telegram', 'good_cards')]
    """
    mine: dict[tuple[str, str], Name] = {}
    for one in found(text):
        mine.setdefault((one.kind, one.key), Name(one.kind, one.key, one.form))
    return list(mine.values())


def may_link(name: Name, holders: int) -> bool:
    """Whether a name may link articles: several texts hold it, and it is not public.

    Args:
        name: The name.
        holders: How many distinct texts hold it.

    Example:
        >>> may_link(Name("handle", "@good_cards", "@Good_Cards"), holders=3)
        True
        >>> may_link(Name("handle", "@youtube", "@YouTube"), holders=9)  # public
        False
    """
    return holders >= LEAST_HELD and not public(name.kind, name.form)


def sort_of(name: Name) -> int:
    """What it is: `OPERATORS`, `ACCOUNT` or `ADDRESS`.

    Args:
        name: The name.

    Example:
        >>> sort_of(Name("handle", "@good_cards", "@Good_Cards")) == OPERATORS
        True
        >>> sort_of(Name("link", "weibo.com/good", "https://weibo.com/good")) == ACCOUNT
        True
    """
    if name.kind in OPERATOR:
        return OPERATORS
    return ACCOUNT if name.kind == "link" and _leads_to_somebody(name) else ADDRESS


def _leads_to_somebody(name: Name) -> bool:
    """Whether it is the address of an account, or a short address, at a public service."""
    parts = urlsplit(f"//{name.key}")  # its key, since other spellings are the same address
    host, path = (parts.hostname or "").removeprefix("www."), parts.path.strip("/")
    if not path or "/" in path or domain_of(host) != host:
        return False
    return host in ACCOUNTS or (len(host) <= SHORT and public("domain", host))


def _profiles(held: Held, sizes: Integers, weights: NDArray[np.float64], *, whole: bool = False) -> Profiles:
    """The share of each node's texts that holds a feature, times its weight; rows of length 1 unless `whole`."""
    rows = held.nodes
    values = held.texts / sizes[rows] * weights[held.features]
    lengths = np.ones(len(sizes)) if whole else np.sqrt(np.bincount(rows, values**2, len(sizes)))
    starts = np.searchsorted(rows, np.arange(len(sizes) + 1))
    return Profiles(starts, held.features, values / np.where(lengths > 0, lengths, 1.0)[rows])


def _meet(
    held: Held, order: NDArray[np.uint64], among: NDArray[np.bool_], most: int | None, kind: str
) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """Pairs of nodes that hold something in common, and the nodes that were compared with some holders only.

    Features with few holders come first. If those with some number of holders would make more pairs than `most`, they
    and all features with more holders are left out.
    """
    mine = among[held.nodes]
    nodes, features = held.nodes[mine], held.features[mine]
    nodes = nodes[np.lexsort((nodes, order[nodes], features))]
    counts = np.bincount(features, minlength=len(held.counts))
    ends = np.cumsum(counts)
    found, capped = [np.empty(0, np.uint64)], np.zeros(len(among), np.bool_)
    for width in np.unique(counts[counts > 1]).tolist():
        theirs = ends[counts == width].tolist()
        wider = _added(found, (_pairs_of(nodes[end - width : end]) for end in theirs), most)
        if wider is None:
            warn(
                f"{(counts >= width).sum():,} {kind} that {width:,} or more clusters and lone articles hold are left "
                f"out of campaigns: with them there are more than {most:,} pairs; more memory holds more pairs"
            )
            break
        found = wider
        for end in theirs:
            capped[nodes[end - width + FOUNDERS : end]] = True
    return once(found), capped


def _added(
    found: list[NDArray[np.uint64]], more: Iterable[NDArray[np.uint64]], most: int | None
) -> list[NDArray[np.uint64]] | None:
    """Pairs with more pairs added, the first part distinct; None if more than `most` distinct ones are there."""
    parts, waiting = [*found], sum(map(len, found[1:]))
    for pairs_ in more:
        parts.append(pairs_)
        waiting += len(pairs_)
        if waiting > max(AT_ONCE, len(parts[0])):  # doubled, so each is sorted only a few times
            parts, waiting = [once(parts)], 0
            if most is not None and len(parts[0]) > most:
                return None
    if most is not None and len(parts[0]) + waiting > most:
        parts = [once(parts)]
        if len(parts[0]) > most:
            return None
    return parts


def _pairs_of(holders: Integers) -> NDArray[np.uint64]:
    """Each of these nodes with the first `FOUNDERS` before it, as one number."""
    later = np.arange(1, len(holders))
    many = np.minimum(later, FOUNDERS)
    right = np.repeat(later, many)
    left = np.arange(len(right)) - np.repeat(np.cumsum(many) - many, many)
    low, high = np.minimum(holders[left], holders[right]), np.maximum(holders[left], holders[right])
    return high.astype(np.uint64) << np.uint64(32) | low.astype(np.uint64)


def _ends(both: NDArray[np.uint64]) -> tuple[Integers, Integers]:
    return (both & np.uint64(0xFFFFFFFF)).astype(np.int64), (both >> np.uint64(32)).astype(np.int64)


def numbered(labels: Integers) -> Integers:
    """Number clusters in the order of their first texts, whatever represents them.

    Args:
        labels: (d,) the cluster of each distinct text, as any numbers, in the order of the texts' fingerprints.

    Returns:
        (d,): the number of each text's cluster, from 0.

    Example:
        >>> numbered(np.array([9, 4, 9]))
        array([0, 1, 0])
    """
    _, first, of = np.unique(labels, return_index=True, return_inverse=True)
    number = np.empty(len(first), np.int64)
    number[np.argsort(first)] = np.arange(len(first))
    return number[of.ravel()]


def met(node: Integers, sizes: Integers, edges: Pairs) -> tuple[Integers, Integers]:
    """Pairs of nodes whose bodies may be alike on the whole: enough (`EDGES`) of their pairs of texts are edges.

    Args:
        node: (d,) the number of the cluster or lone article of each distinct text.
        sizes: (n,) how many texts each of these has.
        edges: Verified pairs of texts.

    Returns:
        The lower and the higher number of each pair.

    Example:
        >>> from dedup.stages.clusters import Pairs
        >>> edges = Pairs(np.array([0]), np.array([1]), np.array([0.1]))
        >>> met(np.array([0, 1]), sizes=np.array([1, 1]), edges=edges)
        (array([0]), array([1]))
    """
    left, right = node[edges.left], node[edges.right]
    apart = left != right
    low, high = np.minimum(left, right)[apart], np.maximum(left, right)[apart]
    keys, several = np.unique(low * len(sizes) + high, return_counts=True) if len(low) else (low, low)
    low, high = np.divmod(keys, max(1, len(sizes)))
    enough = several >= EDGES * sizes[low] * sizes[high]
    return low[enough], high[enough]


def _bodies(nodes: Nodes, left: Integers, right: Integers, similar: Similar) -> NDArray[np.float64]:
    """Mean similarity of the bodies of pairs of nodes, over pairs of a few texts of each; `AT_ONCE` pairs at a time."""
    several = np.diff(nodes.starts)
    rows = several[left] * several[right]
    means, block = np.empty(len(left)), np.cumsum(rows) // AT_ONCE
    for low, high in pairwise(np.flatnonzero(np.diff(block, prepend=-1, append=-1)).tolist()):
        means[low:high] = _means(nodes, left[low:high], right[low:high], rows[low:high], similar)
    return means


def _means(nodes: Nodes, left: Integers, right: Integers, rows: Integers, similar: Similar) -> NDArray[np.float64]:
    pair = np.repeat(np.arange(len(left)), rows)
    place = np.arange(len(pair)) - np.repeat(np.cumsum(rows) - rows, rows)
    wide = np.diff(nodes.starts)[right[pair]]
    first = nodes.texts[nodes.starts[left[pair]] + place // wide]
    second = nodes.texts[nodes.starts[right[pair]] + place % wide]
    found = similar(np.minimum(first, second), np.maximum(first, second))
    means: NDArray[np.float64] = np.bincount(pair, found, len(left)) / rows
    return means


def _joined(parts: list[Columns]) -> Columns:
    """Links of several kinds, each pair once, with its greatest strength, and its body if known. Empties `parts`."""
    left, right, strength, body = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    parts.clear()  # there may be millions
    order = np.lexsort((strength, right, left))
    last = np.flatnonzero((np.diff(left[order], append=-1) != 0) | (np.diff(right[order], append=-1) != 0))
    chosen = order[last]
    known = np.full(len(chosen), np.nan)
    of = np.searchsorted(last, np.argsort(order, kind="stable"))
    has_body = ~np.isnan(body)
    known[of[has_body]] = body[has_body]
    return left[chosen], right[chosen], strength[chosen], known
