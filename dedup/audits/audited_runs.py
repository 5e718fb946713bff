"""A run that an audit is of: its result, the pairs that could be asked about, and where its articles come from.

In: a result. Out: what samples and marks are both read against, and what needs no marks: copies and losses.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from dedup.audits.populations import Population
from dedup.audits.sources import Loss, Sources
from dedup.evidence.corpus import Corpus
from dedup.evidence.protocols import ClustersLike
from dedup.kernels import Integers
from dedup.stages.clusters import Graph, representatives


class AuditedResult(ClustersLike, Protocol):
    """What an audit uses of a `dedup.Clusters`, beside what evidence does."""

    @property
    def threshold(self) -> float:
        """Similarity from which a pair is an edge."""

    @property
    def linkage(self) -> float:
        """Share of the threshold that the mean similarity to a cluster must reach."""

    @property
    def compared(self) -> Corpus:
        """The texts, numbered as in the graph."""

    @property
    def lower(self) -> Callable[[float], Graph] | None:
        """Finds the edges of a lower threshold."""


@dataclass(frozen=True, eq=False)
class AuditedRun:
    """A result, and the pairs that an audit of it is about.

    Attributes:
        found: The result.
        population: Pairs in one cluster, and pairs that met, in strata.
        lower: Edges from half the threshold on.
        sources: Where the articles come from.
    """

    found: AuditedResult
    population: Population
    lower: Graph
    sources: Sources

    @property
    def copies(self) -> int:
        """Pairs of articles with one text, which are right by definition."""
        copies = self.found.graph.copies
        return int((copies * (copies - 1)).sum()) // 2

    @cached_property
    def losses(self) -> list[Loss]:
        """What each source loses when one article of each cluster is kept."""
        return self.sources.losses(self.found.heads)

    @cached_property
    def source_of(self) -> Integers:
        """(d,): the source of the first article with each text."""
        return self.sources.of[self.found.graph.first]

    def groups(self, threshold: float) -> Integers:
        """The cluster of each text at another threshold.

        Args:
            threshold: At least that from which pairs are known.
        """
        graph, own = self.found.graph, self.found.threshold
        if threshold == own:
            return self.population.groups
        if threshold < own:
            graph = Graph(graph.first, graph.distinct, *self.population.met, self.lower.capped)
        return representatives(graph, threshold, self.found.linkage)
