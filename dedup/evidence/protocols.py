"""What evidence and the report use of a result, which stands above them.

In: nothing. Out: protocols, which `dedup.Cluster` and `dedup.Clusters` fulfil.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import pyarrow as pa

from dedup.evidence.corpus import Corpus
from dedup.evidence.frame_lists import FrameList
from dedup.evidence.indicators import Indicator
from dedup.evidence.keywords import Keyword
from dedup.evidence.templates import Template
from dedup.kernels import Integers
from dedup.stages.clusters import Graph


class ClusterLike(Protocol):
    """What is used of a `dedup.Cluster`."""

    @property
    def members(self) -> Integers:
        """Positions of the articles, ascending."""

    @property
    def representative(self) -> int:
        """Position of the member that represents them."""

    @property
    def similarity(self) -> float:
        """Mean similarity of the other members to the representative."""

    @property
    def ids(self) -> pa.Array:
        """Ids of the members."""

    def __len__(self) -> int:
        """How many members there are."""

    def sampled(self, most: int | None = None, *, distinct: bool = False) -> Integers:
        """Positions of some members, the representative's first."""

    def about(self) -> tuple[str, str, str]:
        """Title, keywords and indicators, each on one line."""

    def template(self) -> Template:
        """What the members share."""

    def keywords(self) -> list[Keyword]:
        """The words that say what it is about."""

    def indicators(self) -> list[Indicator]:
        """What leads to whoever is behind it."""


class ClustersLike(Protocol):
    """What is used of a `dedup.Clusters`."""

    @property
    def graph(self) -> Graph:
        """Distinct texts."""

    @property
    def representatives(self) -> Integers | None:
        """(d,): the text that represents the cluster of each distinct text."""

    @property
    def corpus(self) -> Corpus | None:
        """The texts, without which there is no evidence."""

    @property
    def heads(self) -> Integers:
        """Position of each article's representative."""

    @property
    def firsts(self) -> Integers:
        """Position of the first article of the cluster of each."""

    @property
    def sizes(self) -> Integers:
        """How many articles are in the cluster of each."""

    @property
    def names(self) -> pa.ChunkedArray:
        """Ids, or positions."""

    def frames(self) -> FrameList:
        """The frames that were left out."""

    def __iter__(self) -> Iterator[ClusterLike]:
        """The clusters of two or more articles, largest first."""
