"""Clusters kept up to date while texts come and go, with stable ids.

In: what edges a transaction adds and drops, and a view of the store. Out: a `Plan`: which texts change their cluster,
which clusters join or split. The clusters of a connected component of up to `MOST` texts are those that
`dedup.stages.clusters.link` makes of all its edges, so they do not depend on the order in which the texts came. In a
larger component the clusters around a text that is new, or has lost or gained an edge, are linked anew, up to `MOST`
texts. Where they are larger, a new text joins the cluster to which its mean similarity is highest, over the texts that
it was compared with, as the rest of a large data set is assigned in CURE (Guha, Rastogi and Shim, 1998). With
`linkage=0` clusters are components of any size; only a removal does not split a component if both parts are larger
than `MOST`.

A cluster has the number of its oldest text. The changes of clusters follow from these numbers, as those of a night
follow from the oldest article (`dedup.stages.changes`): of clusters that join, the oldest lives on; of a cluster that
splits, the part with the oldest text; a cluster whose oldest text is removed takes the number of the next.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from dedup.index.store import Edge, Reader, Writer
from dedup.settings import Settings
from dedup.stages import clusters
from dedup.stages.changes import Kind

MOST = 128
"""A component of at most so many texts is linked as a whole."""

AHEAD, READ_AHEAD = 3, 1 << 14
"""Steps over edges, and texts, that are read together for all that is linked."""

Edges = dict[int, dict[int, Edge]]
"""Edges of some texts, by the other end."""


class Turn(NamedTuple):
    """What becomes of a cluster; see `dedup.index.store.Change`."""

    kind: Kind
    old: int
    """Number of a cluster that was there."""
    new: int | None
    """Number of a cluster that is there now; None where the old one has ended."""


@dataclass
class Plan:
    """What happens to clusters."""

    clusters: dict[int, int] = field(default_factory=dict)
    """The new cluster of each text that changes it, and of every new text."""
    others: dict[int, int] = field(default_factory=dict)
    """Clusters whose other texts, all of them, move to another cluster, and that cluster."""
    founded: dict[int, int] = field(default_factory=dict)
    """New clusters of stored texts, and the cluster that the oldest text of each was in."""
    heirs: dict[int, int | None] = field(default_factory=dict)
    """The cluster in which the oldest remaining text of a cluster is now; None if no text remains."""
    turns: list[Turn] = field(default_factory=list)
    """What becomes of clusters, in the order of their numbers."""

    def heir(self, cluster: int) -> int | None:
        """The cluster in which a cluster lives on; None if it has ended."""
        return self.heirs.get(cluster, self.others.get(cluster, cluster))

    def tell(self, were: Mapping[int, int], gone: Container[int]) -> None:
        """Work out what becomes of clusters.

        Args:
            were: The cluster that each text was in, for all but new texts.
            gone: Texts that are removed.
        """
        ways = defaultdict[int, set[int]](set)
        for text, now in self.clusters.items():
            if text in were:
                ways[were[text]].add(now)
        for cluster, now in self.others.items():
            ways[cluster].add(now)
        for cluster in sorted({*ways, *self.heirs}):
            if self.heir(cluster) is None:
                self.turns.append(Turn("ended", cluster, None))
            self.turns += [
                Turn(self._kind(cluster, now, gone), cluster, now) for now in sorted(ways[cluster] - {cluster})
            ]

    def _kind(self, cluster: int, now: int, gone: Container[int]) -> Kind:
        """The kind of change when texts of a cluster are in another one now."""
        if now != self.heir(cluster):
            return "split" if now in self.founded else "moved"
        return "renamed" if cluster in gone and self.founded.get(now) == cluster else "joined"


@dataclass
class Transaction:
    """What a transaction does to texts and edges."""

    new: dict[int, dict[int, float]] = field(default_factory=dict)
    """New texts with shingles, and the texts that each was compared with, by similarity."""
    edges: Edges = field(default_factory=lambda: defaultdict(dict))
    """New edges and those judged again, from both ends."""
    dropped: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    """Edges that are dropped, from both ends."""
    gone: set[int] = field(default_factory=set)
    """Texts that are removed."""
    touched: set[int] = field(default_factory=set)
    """Stored texts whose component may have changed for another reason than a new text."""

    def link(self, text: int, other: int, edge: Edge) -> None:
        """Note an edge."""
        self.edges[text][other] = self.edges[other][text] = edge

    def unlink(self, text: int, other: int) -> None:
        """Note that an edge is dropped."""
        self.dropped[text].add(other)
        self.dropped[other].add(text)


def number_groups(
    groups: Iterable[list[int]],
    were: Mapping[int, int],
    gone: Mapping[int, int],
    rest: Callable[[int], int | None],
) -> Plan:
    """Give each group the number of its oldest text.

    Args:
        groups: Texts of each, ascending.
        were: The cluster that each text was in, for all but new texts.
        gone: The cluster of each text that is removed.
        rest: Gives the oldest text of a cluster that stays and is in no group, or None.
    """
    plan, first = Plan(), dict[int, int]()
    for text in sorted(were, reverse=True):
        first[were[text]] = text
    rests = {cluster: rest(cluster) for cluster in sorted({*first, *gone.values()})}
    for group in groups:
        number = group[0]
        for text in group:
            if were.get(text) != number or rests[number] is not None:
                plan.clusters[text] = number
        if were.get(number, number) != number:
            plan.founded[number] = were[number]
    for cluster, other in rests.items():
        plan.heirs[cluster] = plan.clusters.get(first[cluster], cluster) if cluster in first else None
        if other is not None and other <= first.get(cluster, other):
            plan.heirs[cluster] = other
        if other not in {None, cluster}:
            plan.others[cluster] = other
            plan.founded[other] = cluster
    return plan


def carry_out(plan: Plan, writer: Writer, new: Container[int] = ()) -> None:
    """Store what happens to clusters.

    Args:
        plan: What happens.
        writer: The store.
        new: Texts that are stored with their cluster.
    """
    taken = set(plan.others.values())
    for cluster in sorted(plan.others, key=lambda cluster: cluster not in taken):  # move first what others move into
        writer.join(cluster, plan.others[cluster])
    for text, cluster in plan.clusters.items():
        if text not in new:
            writer.set_cluster(text, cluster)


class Grouping:
    """Works out what a transaction does to clusters.

    Args:
        reader: A view of the store, before the transaction's changes.
        settings: How articles are clustered.
        transaction: What it does.
    """

    def __init__(self, reader: Reader, settings: Settings, transaction: Transaction) -> None:
        self._reader = reader
        self._threshold, self._cut = settings.threshold, settings.threshold * settings.linkage
        self._change = transaction
        self._plan, self._done, self._large = Plan(), set[int](), set[int]()
        self._were: dict[int, int] = {}
        self._stored: Edges = {}
        self._joined: dict[int, int] = {}
        self._sizes: dict[int, int] = {}

    def plan(self) -> Plan:
        """Link what has changed."""
        alone = [text for text in self._change.new if text not in self._change.edges]
        self._plan.clusters.update(zip(alone, alone, strict=True))
        if not (self._change.edges or self._change.touched or self._change.gone):
            return self._plan
        roots = sorted(self._change.touched - self._change.gone)
        linked = sorted(self._change.new.keys() - set(alone))
        every = roots if self._cut == 0 else [*roots, *linked]
        self._read_ahead({*every, *(other for edges in self._change.edges.values() for other in edges)})
        groups = [group for root in every for group in self._component(root)]
        if self._cut > 0:  # after all small components, which so do not depend on the order of roots
            groups += [group for root in every for group in self._near(root)]
        places = self._reader.places(self._change.gone) if self._change.gone else {}
        gone = {text: place.cluster for text, place in places.items()}
        self._number(sorted(groups), gone)
        for text in linked:
            if text not in self._plan.clusters:
                self._assign(text)
        self._follow_joins()
        self._plan.tell(self._were, gone)
        return self._plan

    # --- components -----------------------------------------------------------------------------------------------

    def _component(self, root: int) -> list[list[int]]:
        """The clusters of a text's component, if it is small enough and was not linked before."""
        if root in self._done or root in self._large:
            return []
        edges = self._explore(root)
        self._done |= edges.keys()
        return self._linked(edges) if edges else []

    def _near(self, root: int) -> list[list[int]]:
        """The clusters around a text of a large component, if it was not linked before."""
        stays = root not in self._change.new and self._in_large_cluster(root)
        edges = {} if stays or root in self._done else self._around(root)
        self._done |= edges.keys()
        return self._linked(edges) if edges else []

    def _explore(self, root: int) -> Edges:
        """The texts of a component, with their edges; empty if it is large."""
        found: Edges = {}
        wave = [root]
        while wave:
            self._note_crowded(wave)
            if len(found) + len(wave) > MOST or not self._large.isdisjoint(wave):
                self._large |= found.keys() | {*wave}
                return {}
            reached = self._edges(wave)
            found |= reached
            wave = sorted({other for edges in reached.values() for other in edges} - found.keys())
        return found

    def _note_crowded(self, texts: Iterable[int]) -> None:
        """Note stored texts whose component is large by their own edges, all of which nobody needs to read then.

        Whatever the transaction takes away: the first texts of a family have an edge to each of it.
        """
        change, known = self._change, (self._change.new, self._stored, self._large)
        unknown = [text for text in texts if not any(text in some for some in known)]
        if unknown:
            lost = len(change.gone) + max(len(change.dropped.get(text, ())) for text in unknown)
            self._large |= self._reader.crowded(unknown, MOST + lost)

    def _around(self, root: int) -> Edges:
        """The texts of the clusters that a text has edges to, its own and the nearest first, with their edges.

        New texts are followed to the texts that they have edges to. Empty if the first cluster is too large.
        """
        every: Edges = {}
        wave = [root]
        while wave and len(every) + len(wave) <= MOST:
            every |= self._edges(wave)
            reached = {other for text in wave for other in every[text]}
            wave = sorted((reached & self._change.new.keys()) - every.keys())
        if wave or not self._done.isdisjoint(every):
            return {}
        were = self._cluster_of({*every, *(other for edges in every.values() for other in edges)})
        nearness: dict[int, float] = defaultdict(float)
        for edges in every.values():
            for other, edge in edges.items():
                if other in were:
                    nearness[were[other]] += edge.similarity
        if root in were:
            nearness[were[root]] = np.inf
        texts = every.keys() & self._change.new.keys()
        for k, cluster in enumerate(sorted(nearness, key=lambda c: (-nearness[c], c))):
            members = self._reader.oldest(cluster, MOST + 1)
            if len(texts) + len(members) <= MOST and self._done.isdisjoint(members):
                texts |= set(members) - self._change.gone
            elif k == 0:  # the most important cluster is too large
                return {}
        inside = self._edges(sorted(texts))
        return {
            text: {other: edge for other, edge in edges.items() if other in texts} for text, edges in inside.items()
        }

    def _in_large_cluster(self, text: int) -> bool:
        """Whether a stored text is in a cluster that is too large to be linked anew."""
        cluster = self._cluster_of([text]).get(text)
        return cluster is not None and self._size(cluster) > MOST

    def _size(self, cluster: int) -> int:
        """How many texts a stored cluster has, or `MOST + 1` if they are more."""
        if cluster not in self._sizes:
            self._sizes[cluster] = len(self._reader.oldest(cluster, MOST + 1))
        return self._sizes[cluster]

    def _read_ahead(self, wave: set[int]) -> None:
        """Read the edges of texts near those that are linked together: a round trip for each would take longer."""
        for _ in range(AHEAD):
            if len(self._stored) + len(wave) > READ_AHEAD:
                return
            self._note_crowded(wave)
            reached = self._edges(sorted(wave - self._large))
            wave = {other for edges in reached.values() for other in edges} - self._stored.keys()

    def _edges(self, texts: list[int]) -> Edges:
        """The edges of some texts after the transaction."""
        change, result = self._change, {}
        unknown = [text for text in texts if text not in change.new and text not in self._stored]
        if unknown:
            self._stored |= self._reader.edges(unknown)
        for text in texts:
            every = self._stored.get(text, {}) | change.edges.get(text, {})
            lost = change.gone | change.dropped.get(text, set())
            result[text] = {other: edge for other, edge in every.items() if other not in lost}
        return result

    def _linked(self, edges: Edges) -> list[list[int]]:
        """The clusters of a component."""
        texts = sorted(edges)
        place = {text: k for k, text in enumerate(texts)}
        pairs = sorted((place[a], place[b], edge.similarity) for a in texts for b, edge in edges[a].items() if a < b)
        left, right = (np.array([pair[end] for pair in pairs], np.int64) for end in range(2))
        similarity = np.array([pair[2] for pair in pairs], np.float64)
        groups = clusters.link(left, right, similarity, len(texts), self._cut)
        found: dict[int, list[int]] = defaultdict(list)
        for text, group in zip(texts, groups.tolist(), strict=True):
            found[group].append(text)
        return sorted(found.values())

    # --- numbers --------------------------------------------------------------------------------------------------

    def _cluster_of(self, texts: Iterable[int]) -> dict[int, int]:
        """The cluster of each text now; new texts without a cluster are left out."""
        unknown = [t for t in texts if t not in self._were and t not in self._change.new]
        self._were |= {text: place.cluster for text, place in self._reader.places(unknown).items()}
        return {text: cluster for text in texts if (cluster := self._known_cluster(text)) is not None}

    def _known_cluster(self, text: int) -> int | None:
        were = self._were.get(text)
        return self._plan.clusters.get(text, were if were is None else self._plan.others.get(were, were))

    def _number(self, groups: list[list[int]], gone: Mapping[int, int]) -> None:
        """Give each group its number."""
        inside = sorted(text for group in groups for text in group)
        known = self._change.gone.union(inside)

        def rest(cluster: int) -> int | None:
            """The oldest text that stays and is in no group."""
            oldest = self._reader.oldest(cluster, len(known) + 1)
            return next((text for text in oldest if text not in known), None)

        plan = number_groups(groups, self._cluster_of(inside), gone, rest)
        plan.clusters = self._plan.clusters | plan.clusters
        self._plan = plan

    def _follow_joins(self) -> None:
        """A cluster that joined one that joined another is now part of the last one."""
        plan, fresh = self._plan, self._change.new.keys() | self._plan.founded.keys()
        plan.clusters = {text: self._now(cluster) for text, cluster in plan.clusters.items()}
        others = {c: self._now(plan.others.get(c, c)) for c in {*plan.others, *self._joined} - fresh}
        plan.others = {cluster: now for cluster, now in sorted(others.items()) if now != cluster}
        plan.founded = {cluster: other for cluster, other in plan.founded.items() if cluster not in self._joined}
        plan.heirs = {cluster: None if one is None else self._now(one) for cluster, one in plan.heirs.items()}

    # --- large components, and `linkage=0` ------------------------------------------------------------------------

    def _assign(self, text: int) -> None:
        """Put a new text into an existing cluster, or into one of its own."""
        edges = self._edges([text])[text]
        neighbours = self._cluster_of(edges)
        if self._cut == 0:
            self._join_all(text, set(neighbours.values()))
            return
        total: dict[int, float] = defaultdict(float)
        for other, cluster in neighbours.items():
            total[cluster] += edges[other].similarity
        compared: dict[int, int] = defaultdict(int)
        for cluster in self._cluster_of(self._change.new[text]).values():
            compared[cluster] += 1
        means = {c: total[c] / max(compared[c], self._small_size(c)) for c in total}
        best = min(means, key=lambda c: (-means[c], c), default=text)
        self._plan.clusters[text] = best if means and means[best] >= self._cut else text

    def _small_size(self, cluster: int) -> int:
        """How many texts a cluster has; 0 if there are too many for all to have been compared."""
        stored = next((old for old, now in self._plan.others.items() if now == cluster), cluster)
        size = self._size(stored)
        return size if size <= MOST else 0

    def _join_all(self, text: int, neighbours: set[int]) -> None:
        """With `linkage=0`: all clusters that a new text has an edge to become the oldest of them."""
        current = {self._now(cluster) for cluster in neighbours}
        name = min(current, default=text)
        self._plan.clusters[text] = name
        for cluster in current - {name}:
            self._joined[cluster] = name

    def _now(self, cluster: int) -> int:
        """What a cluster has become in this transaction."""
        while cluster in self._joined:
            cluster = self._joined[cluster]
        return cluster
