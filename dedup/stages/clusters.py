"""Edges become clusters.

In: verified edges between distinct articles, and which articles are copies of which. Out: the cluster of each article,
and the article that represents it. Average linkage costs O(edges log edges) in practice and memory linear in the
edges. Nothing here looks at texts or shingles.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.kernels import EVERYBODY, Integers, Reach

HUNDREDTHS = 100
FEWEST = 8
"""Edges of a capped article in a cluster that is larger: no `bucket_cap` is lower."""
FIXED_POINT = 1 << 32
"""Similarities are summed as integers: the same mean from either side, in any order."""


def link(
    left: Integers,
    right: Integers,
    similarity: NDArray[np.float64],
    articles: int,
    cut: float,
    capped: NDArray[np.bool_] | None = None,
    reach: Reach = EVERYBODY,
) -> Integers:
    """Average linkage over sparse edges, a pair without an edge counting as 0.

    A pair that may not be compared is evidence neither for a cluster nor against it: the mean is over the pairs that
    are in reach of each other. That keeps average linkage reducible, as the mean of two joined clusters to a third lies
    between those of either.

    The nearest-neighbour chain (Murtagh, 1983): follow nearest neighbours until two clusters are each other's, join
    them, go on from there. Average linkage is reducible (joining others never brings a cluster nearer), so the clusters
    are those of always joining the closest two, and a cluster whose nearest is below the cut is final. Edges are kept
    in linked lists, so memory is linear in their number: there is no matrix, and a chain of 200,000 articles is a
    second's work.

    Where thousands of articles share a template, most of them were compared with only some of the others
    (`Settings.bucket_cap`), and a pair without an edge may not have been compared at all. Such articles are left out at
    first. Each then joins the cluster to which its mean similarity is highest, if that reaches the cut, as the rest of
    a large data set is assigned in CURE (Guha, Rastogi and Shim, 1998). It was compared with a part of a large cluster
    only, so the mean is over half as many articles as it has edges, but at least eight, if the cluster is larger than
    that, and over all to which it has an edge. Those that find no cluster are linked among themselves.

    Args:
        left: (m,) one end of each edge, in 0 to `articles - 1`.
        right: (m,) the other end.
        similarity: (m,) in (0, 1].
        articles: n.
        cut: Least mean similarity at which two clusters join; 0 gives connected components.
        capped: (n,) articles that were compared with only some of their bucket mates.
        reach: Which articles may be compared at all.

    Returns:
        (n,): the cluster of each article, as the number of one of its members.

    Example:
        >>> left, right, similarity = np.array([0, 1, 2]), np.array([1, 2, 3]), np.array([0.9, 0.1, 0.9])
        >>> link(left, right, similarity, articles=4, cut=0.2).tolist()
        [1, 1, 3, 3]
        >>> link(left, right, similarity, articles=4, cut=0).tolist()
        [0, 0, 0, 0]
    """
    if cut == 0:
        together: Integers = kernels.components(left, right, articles)
        return together
    points = np.ceil(similarity * FIXED_POINT).astype(np.int64)  # up: a mean at the cut must not fall below it
    if capped is None or not capped.any():
        return _link(left, right, points, cut, reach, articles)
    plain = ~(capped[left] | capped[right])
    groups = _link(left[plain], right[plain], points[plain], cut, reach, articles)
    _assign(groups, left, right, points, capped, cut, reach)
    alone = capped & (groups == np.arange(articles))
    rest = alone[left] & alone[right]
    leftover = _link(left[rest], right[rest], points[rest], cut, reach, articles)
    return np.where(alone, leftover, groups)


def _link(left: Integers, right: Integers, points: Integers, cut: float, reach: Reach, articles: int) -> Integers:
    groups: Integers = kernels.link(left, right, points, articles, float(cut * FIXED_POINT), reach)
    return groups


def _assign(
    groups: Integers,
    left: Integers,
    right: Integers,
    points: Integers,
    capped: NDArray[np.bool_],
    cut: float,
    reach: Reach,
) -> None:
    """Put each capped article into the cluster to which its mean similarity is highest, if at the cut or above."""
    mixed = capped[left] != capped[right]
    article = np.where(capped[left], left, right)[mixed]
    group = groups[np.where(capped[left], right, left)[mixed]]
    ties, which, edges = np.unique(np.stack([article, group]), axis=1, return_inverse=True, return_counts=True)
    totals, degree = np.zeros(ties.shape[1], np.int64), np.bincount(article, minlength=len(groups))
    np.add.at(totals, which.ravel(), points[mixed])
    size = _members_in_reach(ties[0], ties[1], groups, np.flatnonzero(~capped), reach)
    means = totals / np.maximum(edges, np.minimum(size, np.maximum(degree[ties[0]] / 2, FEWEST)))
    best_first = np.lexsort((ties[1], -means, ties[0]))
    first = np.unique(ties[0][best_first], return_index=True)[1]
    best = best_first[first]
    joins = best[means[best] >= cut * FIXED_POINT]
    groups[ties[0][joins]] = ties[1][joins]


def _members_in_reach(
    article: Integers, group: Integers, groups: Integers, members: Integers, reach: Reach
) -> Integers:
    """With how many members of a group each article may be compared; `groups` are those of all articles."""
    if not len(reach.earliest):
        return np.bincount(groups[members], minlength=len(groups))[group]
    first, last = reach.earliest[article].astype(np.int64), reach.latest[article].astype(np.int64)
    found = _between(groups[members], members, group, first, last)
    if len(reach.sources):
        alike = groups * (reach.sources.max() + 1) + reach.sources  # of one group and one source
        mine = group * (reach.sources.max() + 1) + reach.sources[article]
        some = members[reach.sources[members] >= 0]
        found -= (reach.sources[article] >= 0) * _between(alike[some], some, mine, first, last)
    return found


def _between(names: Integers, members: Integers, name: Integers, first: Integers, last: Integers) -> Integers:
    """For each name, how many of its members, which are called so in `names`, are from `first` to `last`."""
    known, codes = np.unique(names, return_inverse=True)
    code = np.searchsorted(known, name)
    there = np.append(known, -1)[code] == name
    count = int(members.max(initial=0)) + 1
    listed = np.sort(codes * count + members)
    begins, ends = code * count + np.minimum(first, count), code * count + np.minimum(last + 1, count)
    found: Integers = there * (np.searchsorted(listed, ends) - np.searchsorted(listed, begins))
    return found


class Pairs(NamedTuple):
    """Verified pairs, as positions of articles, or numbers of texts.

    Example:
        >>> pairs = Pairs(np.array([0, 0]), np.array([1, 2]), np.array([0.9, 0.14]))
        >>> pairs.where(pairs.similarity > 0.5).right, np.flatnonzero(pairs.by_hundredths())
        (array([1]), array([14, 90]))
    """

    left: Integers
    """(m,): one end of each."""
    right: Integers
    """(m,): the other."""
    similarity: NDArray[np.float64]
    """(m,): in [0, 1]."""

    def by_hundredths(self) -> Integers:
        """(100,): how many pairs there are in each hundredth of similarity; pairs of similarity 1 are in the last."""
        return np.bincount(
            np.minimum(self.similarity * HUNDREDTHS, HUNDREDTHS - 1).astype(np.int64), minlength=HUNDREDTHS
        )

    def where(self, kept: NDArray[np.bool_]) -> Pairs:
        """The pairs for which `kept` is true.

        Args:
            kept: bool (m,).
        """
        return Pairs(self.left[kept], self.right[kept], self.similarity[kept])


NO_PAIRS = Pairs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))


@dataclass(frozen=True, eq=False)
class Graph:
    """Distinct articles, their copies, and the verified edges between them.

    Example:
        >>> graph = clusters.graph
        >>> len(graph.first), len(graph.edges.left), int(graph.copies.max()), bool(graph.capped.any())
        (14, 11, 1, False)
    """

    first: Integers
    """(d,): position of the first article with each distinct text."""
    distinct: Integers
    """(n,): number of each article's distinct text, -1 where it has none."""
    left: Integers
    """(m,): one end of each edge, the number of a distinct text."""
    right: Integers
    similarity: NDArray[np.float64]
    capped: NDArray[np.bool_]
    """(d,): see `link`."""
    compared: Integers = field(default_factory=lambda: np.zeros(HUNDREDTHS, np.int64))
    """(100,): how many pairs of distinct texts were verified, edges or not, by hundredths of similarity."""
    looked_up: Pairs = field(default_factory=lambda: NO_PAIRS)
    """Pairs below the threshold that were computed nevertheless: members with their representative."""
    reach: Reach = EVERYBODY
    """Which of the texts may be compared at all."""

    @property
    def edges(self) -> Pairs:
        """All edges."""
        return Pairs(self.left, self.right, self.similarity)

    @cached_property
    def copies(self) -> Integers:
        """(d,): how many articles have each distinct text."""
        return np.bincount(self.distinct[self.distinct >= 0], minlength=len(self.first))


def representatives(graph: Graph, threshold: float, linkage: float) -> Integers:
    """Link the graph, and choose the distinct text that represents each cluster.

    It is the text with the highest mean similarity to the other members, copies counted; among equals the first.

    Args:
        graph: Distinct texts and the edges between them.
        threshold: Similarity from which a pair is an edge.
        linkage: Share of the threshold at which `link` cuts.

    Returns:
        (d,): the representative of each distinct text's cluster, as its number.

    Example:
        >>> found = representatives(clusters.graph, threshold=0.092, linkage=dedup.Settings().linkage)
        >>> clusters.graph.first[found][clusters.graph.distinct]
        array([ 0,  0,  2,  3,  4,  5,  6,  7,  8,  8,  8,  8,  8, 13])
    """
    edges = graph.edges.where(graph.similarity >= threshold)
    groups = link(*edges, len(graph.first), threshold * linkage, graph.capped, graph.reach)
    return chosen(groups, edges, graph.first, graph.copies)


def chosen(groups: Integers, edges: Pairs, first: Integers, copies: Integers) -> Integers:
    """The representative of each distinct text's cluster; see `representatives`.

    Args:
        groups: (d,): the cluster of each text, any number.
        edges: Pairs of texts.
        first: (d,): among equals, the text with the lowest value is chosen.
        copies: (d,): how many articles have each text.

    Example:
        >>> edges = Pairs(np.array([0, 1]), np.array([1, 2]), np.array([0.5, 0.5]))
        >>> chosen(np.array([0, 0, 0, 3]), edges, first=np.arange(4), copies=np.ones(4, np.int64))
        array([1, 1, 1, 3])
    """
    left, right, similarity = edges.where(groups[edges.left] == groups[edges.right])
    count = len(groups)
    closeness = np.bincount(left, similarity * copies[right], count).astype(np.float64)
    closeness += np.bincount(right, similarity * copies[left], count)
    closeness += copies - 1
    best_first = np.lexsort((first, -closeness, groups))
    names, places = np.unique(groups[best_first], return_index=True)
    return best_first[places][np.searchsorted(names, groups)]
