"""What an index answers: plain, frozen values that hold nothing of the index."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, NamedTuple, overload

from dedup.results import Cluster
from dedup.settings import Settings

SeenKind = Literal["new", "unchanged", "changed", "duplicate"]


class Near(NamedTuple):
    """An article that another one is similar to.

    Example:
        >>> index.query(articles[9]["text"] + "掌柜的话").nearest[0].id
        'tea-2'
    """

    id: str
    """Its id."""
    similarity: float
    """From the threshold to 1; 1 means that the texts are equal when folded."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Whether an article, or a rewrite of it, was there before.

    Example:
        >>> seen = index.query(articles[9]["text"])
        >>> seen.kind, seen.cluster, seen.duplicate_of
        ('duplicate', 'tea-1', 'tea-1')
        >>> [(near.id, round(near.similarity, 2)) for near in seen.nearest][:2]
        [('tea-2', 1.0), ('tea-1', 0.14)]
    """

    is_duplicate: bool
    """Its cluster holds another article that was there before. The first article of a cluster is no duplicate when it
    comes again, not even with another text that belongs to the cluster."""
    cluster: str | None
    """Its cluster, named by the id of the oldest article in it: by its own id if it is alone. None for a text that was
    only looked up and would be alone."""
    campaign: str | None
    """Its campaign, named by the id of the oldest article in it; if no other cluster is in the campaign, that is the
    name of its cluster. None for a text that was only looked up and would be in no campaign."""
    nearest: tuple[Near, ...] = ()
    """The earlier articles that are most similar to it, at most ten, best first; of equal texts the oldest article."""
    replaced: bool = False
    """The article of this id had another text before; it has this one now."""
    unchanged: bool = False
    """The article of this id was there with this text already; nothing was stored but when it was seen."""

    @property
    def kind(self) -> SeenKind:
        """What the article is to the index: one word of four.

        `"unchanged"`: it was there with this text. `"changed"`: it was there with another text. `"duplicate"`: it is
        here for the first time, and an article that it is a copy or rewrite of was there before. `"new"`: none was. A
        duplicate that comes again is `"unchanged"` or `"changed"`; `duplicate_of` says then, too, what it is one of.

        Example:
            >>> index.add("tea-1", articles[8]["text"]).kind, index.add("tea-1", articles[4]["text"]).kind
            ('unchanged', 'changed')
            >>> index.add("tea-6", articles[9]["text"]).kind, index.query("An article of which nobody has heard.").kind
            ('duplicate', 'new')
        """
        if self.unchanged:
            return "unchanged"
        if self.replaced:
            return "changed"
        return "duplicate" if self.is_duplicate else "new"

    @property
    def duplicate_of(self) -> str | None:
        """The oldest article of its cluster, the one that stays where duplicates are dropped; None for no duplicate.

        The article that it is most like is the first of `nearest`.

        Example:
            >>> index.add("tea-6", articles[9]["text"]).duplicate_of
            'tea-1'
            >>> index.query("An article of which nobody has heard.").duplicate_of is None
            True
        """
        return self.cluster if self.is_duplicate else None


class Rejected(NamedTuple):
    """A row of a batch that could not be added.

    Example:
        >>> index.add_many(["a", "b"], ["A text.", 7]).rejected[0]
        Rejected(row=1, id='b', reason='a text must be a string or None, got int')
    """

    row: int
    """Its place in the batch, from 0."""
    id: Any
    """Its id, as it was given."""
    reason: str
    """Why, on one line."""


class Added(Sequence["Seen | None"]):
    """What was seen of each row of a batch; None for a row that was rejected.

    Attributes:
        rejected: The rows that could not be added, and why.
        replaced: How many articles got another text than they had before, or in an earlier row of the batch.
        unchanged: How many were there with the same text already.

    Example:
        >>> added = index.add_many(["new", "tea-1", ""], ["A text that is new here.", articles[8]["text"], "no id"])
        >>> added
        <Added: 3 rows, 0 duplicates, 0 replaced, 1 rejected>
        >>> [seen and seen.kind for seen in added], added.unchanged
        (['new', 'unchanged', None], 1)
    """

    def __init__(
        self, seen: Sequence[Seen | None], rejected: Sequence[Rejected], replaced: int = 0, unchanged: int = 0
    ) -> None:
        self._seen, self.rejected, self.replaced, self.unchanged = list(seen), list(rejected), replaced, unchanged

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
        """The rows in order."""
        return iter(self._seen)

    def __repr__(self) -> str:
        """How many rows, duplicates, replaced articles and rejected rows."""
        duplicates = sum(seen is not None and seen.is_duplicate for seen in self._seen)
        told = f"{duplicates} duplicates, {self.replaced} replaced, {len(self.rejected)} rejected"
        return f"<Added: {len(self)} rows, {told}>"


def told_of(several: Iterable[Seen | None]) -> dict[str, int]:
    """What metrics are told of what was seen: how many articles, and how many of each kind but new ones.

    Args:
        several: What was seen; None for a row that was rejected.
    """
    kinds = Counter(seen.kind for seen in several if seen is not None)
    told = {"duplicates": kinds["duplicate"], "changed": kinds["changed"], "unchanged": kinds["unchanged"]}
    return {"articles": kinds.total(), **told}


class Removed(NamedTuple):
    """What came of removing a batch of articles.

    Example:
        >>> index.remove_many(["tea-1", "no-such"])
        Removed(removed=1, missing=['no-such'], rejected=[])
    """

    removed: int
    """How many were there, and are no more."""
    missing: list[str]
    """Ids of which there was no article."""
    rejected: list[Rejected]
    """Ids that are not valid, and why."""


class CampaignMembers(NamedTuple):
    """A campaign: clusters, also those of one article, that one operator made.

    Example:
        >>> campaign = index.campaign("tea-3")
        >>> campaign.campaign, len(campaign.clusters), campaign.ids
        ('tea-1', 1, ['tea-1', 'tea-2', 'tea-3', 'tea-4', 'tea-5'])
    """

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
    """What an index holds.

    Example:
        >>> stats = index.stats()
        >>> stats.articles, stats.clusters, stats.edges, stats.store_texts
        (14, 9, 11, True)
        >>> sorted(stats.to_dict())[:3]
        ['articles', 'bytes', 'clusters']
    """

    articles: int
    """How many there are."""
    texts: int
    """Articles that are equal when folded are one text."""
    clusters: int
    """Clusters, those of one article included."""
    edges: int
    """Pairs of texts whose similarity reaches the threshold."""
    last_change: int
    """The number of the last change; see `Index.changes`."""
    weights_version: int
    """One more with every `reweigh`."""
    store_texts: bool
    """Whether it keeps the texts."""
    settings: Settings
    """How it compares articles."""
    bytes: dict[str, int] = field(default_factory=dict)
    """How much space it takes, by kind."""

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Checked:
    """What `check` found.

    Example:
        >>> checked = index.check()
        >>> checked.ok, checked.problems, checked.counts["articles"]
        (True, [], 14)
    """

    problems: list[str]
    """What is wrong, a line each; empty where nothing is."""
    counts: dict[str, int]
    """How many rows of each kind were checked."""

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def __str__(self) -> str:
        """A line for each problem, or one that says there is none."""
        looked_at = ", ".join(f"{count:,} {name}" for name, count in self.counts.items())
        return "\n".join([*(self.problems or ["nothing is wrong"]), f"looked at {looked_at}"])
