"""What an index answers: plain, frozen values that hold nothing of the index."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple, overload

from dedup.results import Cluster
from dedup.settings import Settings


class Near(NamedTuple):
    """An article that another one is like."""

    id: str
    similarity: float
    """From the threshold to 1, which stands for texts that are equal when folded."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Whether an article, or a rewrite of it, was there before."""

    is_duplicate: bool
    """Its cluster holds another article that was there before. The first article of a cluster stays that when it comes
    again, also with another text that belongs there."""
    cluster: str | None
    """Its cluster, called by the id of the oldest article there: its own, where it is alone. None for a text that was
    only looked up, and would be alone."""
    campaign: str | None
    """Its campaign, called by the id of the oldest article there, which is its cluster's where no other cluster is of
    the campaign. None for a text that was only looked up, and would be of none."""
    nearest: tuple[Near, ...] = ()
    """The articles from before that are most like it, at most ten, best first; of equal texts the oldest."""
    replaced: bool = False
    """An article of this id was there already: this is its newer version, and has taken its place."""


class Rejected(NamedTuple):
    """A row of a batch that could not be added."""

    row: int
    id: Any
    reason: str


class Added(Sequence["Seen | None"]):
    """What was seen of each row of a batch; None for a row that was rejected.

    Attributes:
        rejected: The rows that could not be added, and why.
        replaced: How many articles have given their place to a newer version, rows of this batch, too.
    """

    def __init__(self, seen: Sequence[Seen | None], rejected: Sequence[Rejected], replaced: int = 0) -> None:
        self._seen, self.rejected, self.replaced = list(seen), list(rejected), replaced

    @overload
    def __getitem__(self, row: int) -> Seen | None: ...

    @overload
    def __getitem__(self, row: slice) -> list[Seen | None]: ...

    def __getitem__(self, row: int | slice) -> Seen | list[Seen | None] | None:
        """What was seen of a row."""
        return self._seen[row]

    def __len__(self) -> int:
        """How many rows there were."""
        return len(self._seen)

    def __iter__(self) -> Iterator[Seen | None]:
        """Row after row."""
        return iter(self._seen)

    def __repr__(self) -> str:
        """How many rows, duplicates, replaced articles and rejected rows."""
        duplicates = sum(seen is not None and seen.is_duplicate for seen in self._seen)
        told = f"{duplicates} duplicates, {self.replaced} replaced, {len(self.rejected)} rejected"
        return f"<Added: {len(self)} rows, {told}>"


class CampaignMembers(NamedTuple):
    """A campaign: clusters, of one article, too, that one operator made."""

    campaign: str
    """The id of its oldest article."""
    clusters: list[Cluster]
    """The oldest first."""

    @property
    def ids(self) -> list[str]:
        """Its articles, cluster by cluster."""
        return [id_ for cluster in self.clusters for id_ in cluster.ids.to_pylist()]


@dataclass(frozen=True)
class Stats:
    """What an index holds."""

    articles: int
    texts: int
    """Articles that are equal when folded are one text."""
    clusters: int
    """Clusters, those of one article included."""
    edges: int
    last_change: int
    weights_version: int
    """One more with every `reweigh`."""
    store_texts: bool
    settings: Settings
    bytes: dict[str, int] = field(default_factory=dict)
    """What it takes, by kind."""

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Checked:
    """What `check` found."""

    problems: list[str]
    counts: dict[str, int]
    """How many of what were looked at."""

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def __str__(self) -> str:
        """A line for each problem, or one that says there is none."""
        looked_at = ", ".join(f"{count:,} {name}" for name, count in self.counts.items())
        return "\n".join([*(self.problems or ["nothing is wrong"]), f"looked at {looked_at}"])
