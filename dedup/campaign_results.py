"""What a user holds of campaigns: which articles one operator made, in which clusters, and why.

In: the clusters of a run and the evidence of `dedup.campaigns`. Out: `Campaigns`, a sequence of `Campaign`s. Everything but
who belongs together is worked out when it is asked for. Campaigns of a cluster alone are there, too, for a cluster is one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, overload

import numpy as np
import pyarrow as pa

from dedup import notebook
from dedup.campaigns import Evidence
from dedup.clusters import Integers
from dedup.errors import InputError
from dedup.exports import Held
from dedup.indicators import Indicator, found, ranked
from dedup.indicators.services import public

if TYPE_CHECKING:
    from dedup.furniture import Frame
    from dedup.results import Cluster, Clusters

SHOWN = 10
"""Campaigns in a notebook."""


class SharedName(NamedTuple):
    """A name or an address that both ends of a link hold, and how rare it is."""

    kind: str
    """One of `dedup.indicators.KINDS`."""
    value: str
    inside: int
    """Distinct texts of the campaign that hold it."""
    outside: int
    """And distinct texts of others."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why two clusters or lone articles are of one campaign.

    Attributes:
        left: Position of the representative of one of them.
        right: Position of the representative of the other.
        strength: 0 to 1; mean over all pairs of a campaign at least `dedup.campaigns.CUT`.
        body: Mean similarity of their bodies over pairs of articles; NaN where it was not needed.
        passages: How much of the passages that each shares with others they share with each other, 0 to 1.
        names: Names and addresses that both hold, the rarest outside first.
    """

    left: int
    right: int
    strength: float
    body: float
    passages: float
    names: tuple[SharedName, ...]

    def __str__(self) -> str:
        """One line, in words."""
        told = [f"{one.kind} {one.value} ({one.inside:,} inside, {one.outside:,} outside)" for one in self.names[:3]]
        if self.passages > 0:
            told.append(f"passages alike {self.passages:.2f}")
        if not np.isnan(self.body):
            told.append(f"bodies alike {self.body:.3f} on average")
        return f"{self.left} and {self.right}, strength {self.strength:.2f}: {', '.join(told)}"


@dataclass(frozen=True, eq=False, repr=False)
class Campaign:
    """Two or more articles that one operator made.

    Attributes:
        members: int64, positions of the articles, ascending.
        representative: Position of the representative of its largest cluster.
        ids: Ids of the members, or their positions where the articles have none.
        clusters: Its clusters of two or more articles, largest first.
        number: Which campaign of the evidence it is.
    """

    members: Integers
    representative: int
    ids: pa.Array
    clusters: tuple[Cluster, ...]
    number: int
    run: Clusters = field(repr=False)
    evidence: Evidence = field(repr=False)

    def __len__(self) -> int:
        """How many articles there are in the campaign."""
        return len(self.members)

    def __repr__(self) -> str:
        """One line: how many articles, clusters, and the first ids."""
        first = ", ".join(str(one) for one in self.ids[:3].to_pylist())
        more = ", …" if len(self) > 3 else ""  # noqa: PLR2004 - as many as are shown
        return f"<Campaign: {len(self):,} articles, {len(self.clusters):,} clusters: {first}{more}>"

    @property
    def lone(self) -> Integers:
        """Positions of the members that are in no cluster of two or more."""
        return self.members[self.run.sizes[self.members] == 1]

    def texts(self, most: int | None = None) -> list[str]:
        """Texts of the members, at even distances where there are more than `most`."""
        corpus = self.run.corpus
        assert corpus is not None
        members = self.members
        if most is not None and len(members) > most:
            members = members[np.linspace(0, len(members) - 1, most).astype(np.int64)]
        return [corpus.texts.text(row) for row in members.tolist()]

    def indicators(self, *, sample: int | None = 1000) -> list[Indicator]:
        """What identifies whoever is behind the campaign, over all of its clusters: see `Cluster.indicators`.

        Args:
            sample: So many members are looked at, None is all; each indicator says of how many.
        """
        forms: dict[tuple[str, str], Counter[str]] = {}
        texts = self.texts(sample)
        for text in texts:
            for one in found(text):
                forms.setdefault((one.kind, one.key), Counter())[one.form] += 1
        return ranked(
            Indicator(kind, form.most_common(1)[0][0], sum(form.values()), len(texts))
            for (kind, _), form in forms.items()
        )

    def frames(self) -> list[Frame]:
        """The frames of the run that its members hold, each in several of them."""
        texts = self.texts(SAMPLE)
        return [frame for frame in self.run.frames() if sum(frame.passage in text for text in texts) > 1]

    def links(self) -> list[Reason]:
        """Why it is one campaign: the links that hold its clusters and lone articles together, the strongest first."""
        graph, evidence = self.run.graph, self.evidence
        assert self.run.representatives is not None
        place = np.empty(len(evidence.group), np.int64)
        place[evidence.node] = graph.first[self.run.representatives]
        told = []
        for link in evidence.links(self.number):
            names = [self._shared(number) for number in link.names]
            names.sort(key=lambda one: (one.outside, -one.inside, one))
            told.append(
                Reason(
                    int(place[link.left]), int(place[link.right]), link.strength, link.body, link.profile, tuple(names)
                )
            )
        return told

    def _shared(self, number: int) -> SharedName:
        name, held = self.evidence.names[number], self.evidence.held[number]
        inside = int((self.evidence.group[self.evidence.node[held]] == self.number).sum())
        return SharedName(name.kind, name.form, inside, len(held) - inside)

    def timeline(self, dates: Sequence[Any]) -> list[tuple[Any, int]]:
        """How many of its articles are of each date.

        Args:
            dates: A date of every article of the run, in its order, in anything that can be compared; None where an
                article has none.

        Returns:
            Dates, ascending, with the number of articles; those without a date are left out.

        Raises:
            InputError: There are not as many dates as articles.
        """
        if len(dates) != len(self.run.labels):
            raise InputError(f"there are {len(self.run.labels):,} articles, got {len(dates):,} dates; give one for each")
        values = dates.to_pylist() if hasattr(dates, "to_pylist") else list(dates)
        mine = (values[member] for member in self.members.tolist())
        return sorted(Counter(date for date in mine if date is not None).items())

    def held(self) -> list[Held]:
        """Its indicators with the clusters that hold them, for `dedup.exports`."""
        ids = {id(cluster): str(cluster.ids[_place(cluster)].as_py()) for cluster in self.clusters}
        of: dict[tuple[str, str], list[str]] = {}
        for cluster in self.clusters:
            for one in cluster.indicators():
                of.setdefault((one.kind, one.value), []).append(ids[id(cluster)])
        name = str(self.run.names[self.representative].as_py())
        return [
            Held(one, name, tuple(of.get((one.kind, one.value), ())))
            for one in self.indicators()
            if not public(one.kind, one.value)
        ]

    def _repr_html_(self) -> str:
        """Its clusters, what leads to its operator, and what links it, for a notebook."""
        marks = ", ".join(f"{one.value} ({one.members} of {one.of})" for one in self.indicators(sample=SAMPLE)[:5])
        rows = [(f"{len(one):,}", f"{one.similarity:.2f}", *one.about()) for one in self.clusters[:SHOWN]]
        heads = ("size", "similarity", "title", "keywords", "indicators")
        links = [(str(reason),) for reason in self.links()[:SHOWN]]
        return notebook.table(f"{self!r}"[1:-1] + f"; {marks}", heads, rows) + notebook.table("why", ("link",), links)


SAMPLE = 50
"""Members that are looked at where something is shown."""


def _place(cluster: Cluster) -> int:
    """Where among its members a cluster's representative is."""
    return int(np.searchsorted(cluster.members, cluster.representative))


@dataclass(frozen=True, eq=False, repr=False)
class Campaigns(Sequence[Campaign]):
    """The campaigns of a run; a sequence of those of two or more articles, largest first.

    Attributes:
        run: The clusters.
        evidence: What was found.
    """

    run: Clusters
    evidence: Evidence

    @cached_property
    def labels(self) -> Integers:
        """int64 (n,): position of the representative of each article's campaign; its own where it is alone."""
        graph, group = self.run.graph, self.evidence.group[self.evidence.node]
        known = np.flatnonzero(graph.distinct >= 0)
        mine = group[graph.distinct[known]]
        order = np.lexsort((self.run.labels[known], -self.run.sizes[known], mine))
        heads, places = np.unique(mine[order], return_index=True)
        labels = np.arange(len(graph.distinct))
        labels[known] = self.run.labels[known][order][places][np.searchsorted(heads, mine)]
        labels.flags.writeable = False
        return labels

    @cached_property
    def _campaigns(self) -> list[Campaign]:
        sizes = np.bincount(self.labels, minlength=len(self.labels))[self.labels]
        several = np.flatnonzero(sizes > 1)
        several = several[np.argsort(self.labels[several], kind="stable")]
        heads, starts = np.unique(self.labels[several], return_index=True)
        members = dict(zip(heads.tolist(), np.split(several, starts[1:]), strict=False))  # no heads: one empty part
        of: dict[int, list[Cluster]] = {}
        for cluster in self.run:
            of.setdefault(int(self.labels[cluster.representative]), []).append(cluster)
        names, graph, evidence = self.run.names.combine_chunks(), self.run.graph, self.evidence
        return [
            Campaign(
                members=members[head],
                representative=head,
                ids=names.take(pa.array(members[head])),
                clusters=tuple(of.get(head, ())),
                number=int(evidence.group[evidence.node[graph.distinct[head]]]),
                run=self.run,
                evidence=evidence,
            )
            for head in sorted(members, key=lambda head: (-len(members[head]), head))
        ]

    def __len__(self) -> int:
        """How many campaigns of two or more articles there are."""
        return len(self._campaigns)

    def __iter__(self) -> Iterator[Campaign]:
        """The campaigns, largest first."""
        return iter(self._campaigns)

    @overload
    def __getitem__(self, place: int) -> Campaign: ...
    @overload
    def __getitem__(self, place: slice) -> list[Campaign]: ...
    def __getitem__(self, place: int | slice) -> Campaign | list[Campaign]:
        """The campaign at this place, the largest being 0, or those of a slice."""
        return self._campaigns[place]

    def __repr__(self) -> str:
        """One line: how many campaigns, articles and clusters."""
        inside = sum(map(len, self))
        clusters = sum(len(one.clusters) for one in self)
        return f"<Campaigns: {len(self):,} of {inside:,} articles in {clusters:,} clusters>"

    def held(self) -> list[Held]:
        """All indicators with the campaigns and clusters that hold them, for `dedup.exports`."""
        return [one for campaign in self for one in campaign.held()]

    def _repr_html_(self) -> str:
        """The largest campaigns, for a notebook."""
        rows = []
        for one in self[:SHOWN]:
            marks = ", ".join(f"{mark.value} ({mark.members} of {mark.of})" for mark in one.indicators(sample=SAMPLE)[:3])
            rows.append((f"{len(one):,}", f"{len(one.clusters):,}", str(one.ids[0].as_py()), marks))
        return notebook.table(repr(self)[1:-1], ("articles", "clusters", "first", "indicators"), rows)
