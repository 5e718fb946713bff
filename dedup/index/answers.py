"""What an index answers: plain, frozen values that hold nothing of the index."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple, overload

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
    cluster: int | None
    """Id of its cluster; None for a text that was only looked up, and would be alone."""
    campaign: int | None
    """Id of its campaign, which is that of the oldest cluster in it: its own cluster's, where no other is of the
    campaign. None for a text that was only looked up, and would be of none."""
    nearest: tuple[Near, ...] = ()
    """The articles from before that are most like it, at most ten, best first; of equal texts the oldest."""


class Rejected(NamedTuple):
    """A row of a batch that could not be added."""

    row: int
    id: Any
    reason: str


class Added(Sequence["Seen | None"]):
    """What was seen of each row of a batch; None for a row that was rejected.

    Attributes:
        rejected: The rows that could not be added, and why.
    """

    def __init__(self, seen: Sequence[Seen | None], rejected: Sequence[Rejected]) -> None:
        self._seen, self.rejected = list(seen), list(rejected)

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
        """How many rows, duplicates and rejected ones."""
        duplicates = sum(seen is not None and seen.is_duplicate for seen in self._seen)
        return f"<Added: {len(self)} rows, {duplicates} duplicates, {len(self.rejected)} rejected>"


class Group(NamedTuple):
    """A cluster."""

    cluster: int
    ids: list[str]
    """Its articles, the oldest first; those that have the same text together."""


class Campaign(NamedTuple):
    """A campaign: clusters, of one article, too, that one operator made."""

    campaign: int
    """The id of its oldest cluster."""
    clusters: list[Group]
    """The oldest first."""

    @property
    def ids(self) -> list[str]:
        """Its articles, cluster by cluster."""
        return [id_ for group in self.clusters for id_ in group.ids]


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
    generation: int
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
