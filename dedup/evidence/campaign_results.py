"""What a user holds of campaigns: which articles one operator made, in which clusters, and why.

In: the clusters of a run and the evidence of `dedup.evidence.campaigns`. Out: `Campaigns`, a sequence of `Campaign`s,
and files of their indicators. Members are known from the start; all else is worked out when it is asked for. A cluster
that nothing is linked to is a campaign by itself.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, overload

import numpy as np
import pyarrow as pa

from dedup import files
from dedup.errors import InputError
from dedup.evidence import notebook
from dedup.evidence.campaigns import Evidence
from dedup.evidence.exports import HeldIndicator, as_csv
from dedup.evidence.exports.stix import as_stix, library
from dedup.evidence.indicators import OPERATOR, FoundIndicator, Indicator, found, ranked
from dedup.evidence.indicators import indicators as indicators_of
from dedup.evidence.indicators.services import public
from dedup.evidence.protocols import ClusterLike, ClustersLike
from dedup.kernels import Integers

if TYPE_CHECKING:
    from dedup.evidence.frame_lists import Frame

EXPORTS = (".csv", ".json")
"""Suffixes of a file of indicators."""
SHOWN, SAID = 10, 3
"""Campaigns shown in a notebook, and names listed in the words of a link."""
SAMPLE = 50
"""Members that `Campaign.marks` looks at."""


class SharedName(NamedTuple):
    """A name or an address that both ends of a link hold, and how rare it is.

    Example:
        >>> campaigns.several[0].links()[0].names[0]
        SharedName(kind='handle', value='@qinghe_cards', inside=3, outside=0)
    """

    kind: str
    """One of `dedup.evidence.indicators.KINDS`."""
    value: str
    inside: int
    """Distinct texts of the campaign that hold it."""
    outside: int
    """Distinct texts of others that hold it."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why two clusters or lone articles are of one campaign.

    Attributes:
        left: Position of the representative of one of them.
        right: Position of the representative of the other.
        strength: 0 to 1; its mean over all pairs of a campaign is at least `dedup.evidence.campaigns.CUT`.
        body: Mean similarity of their bodies over pairs of articles; NaN where it was not computed.
        passages: Cosine similarity of their profiles, the passages that each shares with other articles, 0 to 1.
        names: Names and addresses that both hold, the rarest outside first.

    Example:
        >>> reason = campaigns.several[0].links()[0]
        >>> round(reason.strength, 2), round(reason.body, 3), [name.value for name in reason.names]
        (0.7, 0.057, ['@qinghe_cards', 'qinghe_cards'])
        >>> str(reason).partition(",")[0], reason.words.partition(" (")[0]
        ('2 and 4', 'handle @qinghe_cards')
    """

    left: int
    right: int
    strength: float
    body: float
    passages: float
    names: tuple[SharedName, ...]

    def __str__(self) -> str:
        """One line, with the positions of both."""
        return f"{self.left} and {self.right}, strength {self.strength:.2f}: {self.words}"

    @property
    def words(self) -> str:
        """What they have in common, in words.

        Example:
            >>> campaigns.several[0].links()[0].words.split(", ")[-1]
            'bodies alike 0.057 on average'
        """
        parts = [
            f"{one.kind} {one.value} ({one.inside:,} inside, {one.outside:,} outside)" for one in self.names[:SAID]
        ]
        if len(self.names) > SAID:
            parts.append(f"{len(self.names) - SAID:,} more names and addresses")
        if self.passages > 0:
            parts.append(f"passages alike {self.passages:.2f}")
        if not np.isnan(self.body):
            parts.append(f"bodies alike {self.body:.3f} on average")
        return ", ".join(parts)

    def between(self, left: str, right: str) -> str:
        """The line as printed, with names of both, such as their ids, in place of positions.

        Args:
            left: What the one of `Reason.left` is called.
            right: What the other is called.

        Example:
            >>> campaigns.several[0].links()[0].between("hand-noodles", "night-train").partition(":")[0]
            'hand-noodles and night-train, strength 0.70'
        """
        return f"{left} and {right}, strength {self.strength:.2f}: {self.words}"


@dataclass(frozen=True, eq=False, repr=False)
class Campaign:
    """Two or more articles that one operator made.

    Attributes:
        members: int64, positions of the articles, ascending.
        representative: Position of the representative of its largest cluster, or of its first article.
        ids: Ids of the members, or their positions where the articles have none.
        clusters: Its clusters of two or more articles, largest first.
        number: Which campaign of the evidence it is.
        run: The clusters.
        evidence: What was found, of all campaigns.

    Example:
        >>> one = campaigns.several[0]
        >>> one
        <Campaign: 3 articles, 0 clusters, 3 alone: hand-noodles, lighthouse-keeper, night-train>
        >>> one.name, one.parts, len(one.clusters), one.lone.tolist()
        ('hand-noodles', 3, 0, [2, 3, 4])
        >>> one.marks()
        'handle @qinghe_cards (3 of 3), wechat qinghe_cards (3 of 3)'
    """

    members: Integers
    representative: int
    ids: pa.Array
    clusters: tuple[ClusterLike, ...]
    number: int
    run: ClustersLike = field(repr=False)
    evidence: Evidence = field(repr=False)

    def __len__(self) -> int:
        """How many articles there are in the campaign."""
        return len(self.members)

    def __repr__(self) -> str:
        """One line: how many articles, how many clusters and lone articles they are, and the first ids."""
        first = ", ".join(str(one) for one in self.ids[:3].to_pylist())
        more = ", …" if len(self) > 3 else ""  # noqa: PLR2004 - as many as are shown
        clusters, lone = files.counted(len(self.clusters), "cluster"), f"{len(self.lone):,} alone"
        return f"<Campaign: {len(self):,} articles, {clusters}, {lone}: {first}{more}>"

    @property
    def lone(self) -> Integers:
        """Positions of the members that are in no cluster of two or more.

        Example:
            >>> campaigns.several[0].lone
            array([2, 3, 4])
        """
        return self.members[self.run.sizes[self.members] == 1]

    @property
    def parts(self) -> int:
        """How many clusters and lone articles it consists of.

        Example:
            >>> [one.parts for one in campaigns]
            [1, 3, 1]
        """
        return len(self.clusters) + len(self.lone)

    @property
    def name(self) -> Any:
        """What it is called: the id of its first article, or the position where the articles have no ids.

        Example:
            >>> [one.name for one in campaigns]
            ['tea-1', 'hand-noodles', 'bridge-copy']
        """
        return self.run.names[int(self.members[0])].as_py()

    def texts(self, most: int | None = None) -> list[str]:
        """Texts of the members, evenly spaced where there are more than `most`.

        Args:
            most: How many at most; None is all.

        Example:
            >>> [text[-7:] for text in campaigns.several[0].texts(2)]
            ['ds 问掌柜。', 'ds 问掌柜。']
        """
        corpus = self.run.corpus
        assert corpus is not None
        members = self.members
        if most is not None and len(members) > most:
            members = members[np.linspace(0, len(members) - 1, most).astype(np.int64)]
        return [corpus.texts.text(row) for row in members.tolist()]

    def indicators(self, *, sample: int | None = 1000) -> list[Indicator]:
        """What identifies whoever is behind the campaign, over all of its clusters: see `Cluster.indicators`.

        Args:
            sample: How many members are looked at; None is all. Each indicator says how many were.

        Example:
            >>> campaigns.several[0].indicators()[0]
            Indicator(kind='handle', value='@qinghe_cards', members=3, of=3)
        """
        return indicators_of(self.texts(sample))

    def marks(self, most: int = SAID) -> str:
        """The first indicators of a sample in one line, without public services.

        Args:
            most: How many at most.

        Returns:
            Kind and value of each, and how many of the sampled members hold it; "" where there are none.

        Example:
            >>> campaigns.several[0].marks()
            'handle @qinghe_cards (3 of 3), wechat qinghe_cards (3 of 3)'
        """
        listed = [one for one in self.indicators(sample=SAMPLE) if not public(one.kind, one.value)][:most]
        return ", ".join(f"{one.kind} {one.value} ({one.members} of {one.of})" for one in listed)

    def frames(self) -> list[Frame]:
        """The frames of the run that at least two of its members hold.

        Example:
            >>> campaigns.several[0].frames()
            []
        """
        mine = np.zeros(len(self.run.heads), np.bool_)
        mine[self.members] = True
        return [frame for frame in self.run.frames() if mine[frame.members].sum() > 1]

    def links(self) -> list[Reason]:
        """Why it is one campaign: the links that hold its clusters and lone articles together, the strongest first.

        Example:
            >>> for reason in campaigns.several[0].links():
            ...     print(reason.left, reason.right, round(reason.strength, 2), [name.value for name in reason.names])
            2 4 0.7 ['@qinghe_cards', 'qinghe_cards']
            2 3 0.7 ['@qinghe_cards', 'qinghe_cards']
        """
        place, evidence = self._representatives, self.evidence
        reasons = []
        for link in evidence.links(self.number):
            names = [self._shared(number) for number in link.names]
            names.sort(key=lambda one: (one.outside, -one.inside, one))
            reasons.append(
                Reason(
                    int(place[link.left]), int(place[link.right]), link.strength, link.body, link.profile, tuple(names)
                )
            )
        return reasons

    def shared(self) -> list[tuple[SharedName, list[int]]]:
        """Names and addresses that several of its clusters and lone articles hold, with the representatives of those.

        Names with the most holders come first.

        Example:
            >>> for name, holders in campaigns.several[0].shared():
            ...     print(name.kind, name.value, name.inside, name.outside, holders)
            handle @qinghe_cards 3 0 [2, 3, 4]
            wechat qinghe_cards 3 0 [2, 3, 4]
        """
        place, evidence = self._representatives, self.evidence
        distinct = self.run.graph.distinct[self.members]
        holders: dict[int, list[int]] = {}
        for node in np.unique(evidence.node[distinct]).tolist():
            for number in evidence.names_of[node]:
                holders.setdefault(number, []).append(int(place[node]))
        found = [(self._shared(number), sorted(rows)) for number, rows in holders.items() if len(rows) > 1]
        return sorted(found, key=lambda one: (-len(one[1]), one[0].outside, one[0]))

    @cached_property
    def _representatives(self) -> Integers:
        """Position of the representative of each cluster or lone article of the evidence."""
        assert self.run.representatives is not None
        place = np.empty(len(self.evidence.group), np.int64)
        place[self.evidence.node] = self.run.graph.first[self.run.representatives]
        return place

    def _shared(self, number: int) -> SharedName:
        name, held = self.evidence.names[number], self.evidence.held[number]
        inside = int((self.evidence.group[self.evidence.node[held]] == self.number).sum())
        return SharedName(name.kind, name.form, inside, len(held) - inside)

    def timeline(self, dates: Sequence[Any]) -> list[tuple[Any, int]]:
        """How many of its articles have each date.

        Args:
            dates: A date for every article of the run, in their order, of any type that can be sorted; None where an
                article has no date.

        Returns:
            Dates, ascending, with the number of articles; those without a date are left out.

        Raises:
            InputError: There are not as many dates as articles.

        Example:
            >>> dates = ["2026-03-01"] * 3 + ["2026-03-02"] * 11
            >>> campaigns.several[0].timeline(dates)
            [('2026-03-01', 1), ('2026-03-02', 2)]
        """
        values = _listed(dates, len(self.run.heads))
        mine = (values[member] for member in self.members.tolist())
        return sorted(Counter(date for date in mine if date is not None).items())

    def held(self, dates: Sequence[Any] | None = None) -> list[HeldIndicator]:
        """Its indicators with the clusters that hold them, for `dedup.evidence.exports`; each text is read once.

        Public services (`dedup.evidence.indicators.services.public`) are left out, and so are addresses that only one
        article has: they belong to its subject. A name of an operator (`dedup.evidence.indicators.OPERATOR`) stays even
        if only one article has it.

        Args:
            dates: A date, a datetime or an ISO 8601 string for every article of the run, in their order; None where an
                article has no date.

        Raises:
            InputError: There are not as many dates as articles, or one of them is not a date.

        Example:
            >>> [(one.indicator.value, one.campaign, one.clusters) for one in campaigns.several[0].held()]
            [('@qinghe_cards', 'hand-noodles', ()), ('qinghe_cards', 'hand-noodles', ())]
        """
        days = None if dates is None else [_moment(one) for one in _listed(dates, len(self.run.heads))]
        return self._held(days)

    def _held(self, days: Sequence[datetime | None] | None) -> list[HeldIndicator]:
        corpus = self.run.corpus
        assert corpus is not None
        read: dict[str, list[FoundIndicator]] = {}
        holders: dict[tuple[str, str], list[int]] = {}
        forms: dict[tuple[str, str], Counter[str]] = {}
        for row in self.members.tolist():
            text = corpus.texts.text(row)
            if text not in read:
                read[text] = found(text)
            for one in read[text]:
                mine = holders.setdefault((one.kind, one.key), [])
                if not mine or mine[-1] != row:  # in two spellings it is held once
                    mine.append(row)
                forms.setdefault((one.kind, one.key), Counter())[one.form] += 1
        rows = {}
        for name, mine in holders.items():
            form = min(forms[name], key=lambda form, usual=forms[name]: (-usual[form], form))  # type: ignore[misc]
            rows[Indicator(name[0], form, len(mine), len(self))] = mine
        kept = [mark for mark in rows if mark.kind in OPERATOR or mark.members > 1]
        return [self._of(mark, rows[mark], days) for mark in ranked(kept) if not public(mark.kind, mark.value)]

    @cached_property
    def _order(self) -> dict[int, int]:
        """Place of each of its clusters by its first article."""
        return {int(one.members[0]): place for place, one in enumerate(self.clusters)}

    def _of(self, mark: Indicator, rows: list[int], days: Sequence[datetime | None] | None) -> HeldIndicator:
        """An indicator with the clusters, in their order, and the dates of the articles that hold it."""
        order = self._order
        heads = sorted((order[one], one) for one in set(self.run.firsts[rows].tolist()) if one in order)
        names = tuple(str(self.run.names[one].as_py()) for _, one in heads)
        known = [day for day in (days[row] for row in rows) if day] if days else []
        known.sort(key=lambda day: day if day.tzinfo else day.replace(tzinfo=UTC))
        first, last = (known[0], known[-1]) if known else (None, None)
        return HeldIndicator(mark, str(self.name), names, first, last)

    def _repr_html_(self) -> str:
        """Its clusters, what leads to its operator, and what links it, for a notebook."""
        rows = [(f"{len(one):,}", f"{one.similarity:.2f}", *one.about()) for one in self.clusters[:SHOWN]]
        heads = ("size", "similarity", "title", "keywords", "indicators")
        names = self.run.names
        links = [
            (one.between(*(str(names[end].as_py()) for end in (one.left, one.right))),) for one in self.links()[:SHOWN]
        ]
        return notebook.table(f"{self!r}"[1:-1] + f"; {self.marks()}", heads, rows) + notebook.table(
            "why", ("link",), links
        )


def _moment(day: Any) -> datetime | None:
    """A date as a datetime; a string is read as ISO 8601."""
    if day is None or isinstance(day, datetime):
        return day
    if isinstance(day, date):
        return datetime(day.year, day.month, day.day)  # noqa: DTZ001 - exports take one without a zone as UTC
    try:
        return datetime.fromisoformat(day)
    except (TypeError, ValueError):
        raise InputError(f"a date must be a date, a datetime or ISO 8601 such as 2025-06-01, got {day!r}") from None


def _listed(dates: Sequence[Any], articles: int) -> list[Any]:
    """A date of every article."""
    if len(dates) != articles:
        raise InputError(f"there are {articles:,} articles, got {len(dates):,} dates; give one for each")
    return dates.to_pylist() if hasattr(dates, "to_pylist") else list(dates)


def check_export(path: str | os.PathLike[str]) -> None:
    """Refuse a path to which indicators cannot be written, before hours of work.

    Args:
        path: The file to be.

    Raises:
        FileError: The suffix is unknown, or there can be no such file.
        MissingExtraError: stix2 is not installed, which .json needs.

    Example:
        >>> check_export("indicators.csv")
        >>> check_export("indicators.txt")
        Traceback (most recent call last):
            ...
        dedup.errors.FileError: cannot write 'indicators.txt': the suffix must be one of .csv, .json
    """
    files.check_output(path, EXPORTS)
    if Path(path).suffix.lower() != ".csv":
        library()


@dataclass(frozen=True, eq=False, repr=False)
class Campaigns(Sequence[Campaign]):
    r"""The campaigns of a run; a sequence of those of two or more articles, largest first.

    Attributes:
        run: The clusters.
        evidence: What was found.

    Example:
        >>> advert = "\n每周二和周五晚上八点上新，先到先得，售完为止，老客户另有好价，加微信 @qinghe_cards 问掌柜。"
        >>> marked = [{**one, "text": one["text"] + advert * (2 <= place < 5)} for place, one in enumerate(articles)]
        >>> campaigns = dedup.cluster(marked).campaigns()
        >>> campaigns
        <Campaigns: 3 of 10 articles in 2 clusters>
        >>> campaigns.several
        [<Campaign: 3 articles, 0 clusters, 3 alone: hand-noodles, lighthouse-keeper, night-train>]
    """

    run: ClustersLike
    evidence: Evidence

    @cached_property
    def labels(self) -> Integers:
        """int64 (n,): position of the first article of each article's campaign; its id is the campaign's name.

        Example:
            >>> campaigns.labels
            array([ 0,  0,  2,  2,  2,  5,  6,  7,  8,  8,  8,  8,  8, 13])
        """
        graph, group = self.run.graph, self.evidence.group[self.evidence.node]
        known = np.flatnonzero(graph.distinct >= 0)
        _, firsts, mine = np.unique(group[graph.distinct[known]], return_index=True, return_inverse=True)
        labels = np.arange(len(graph.distinct))
        labels[known] = known[firsts][mine]
        labels.flags.writeable = False
        return labels

    @cached_property
    def _campaigns(self) -> list[Campaign]:
        sizes = np.bincount(self.labels, minlength=len(self.labels))[self.labels]
        several = np.flatnonzero(sizes > 1)
        several = several[np.argsort(self.labels[several], kind="stable")]
        heads, starts = np.unique(self.labels[several], return_index=True)
        members = dict(zip(heads.tolist(), np.split(several, starts[1:]), strict=False))  # no heads: one empty part
        of: dict[int, list[ClusterLike]] = {}
        for cluster in self.run:
            of.setdefault(int(self.labels[cluster.representative]), []).append(cluster)
        names, graph, evidence = self.run.names.combine_chunks(), self.run.graph, self.evidence
        return [
            Campaign(
                members=members[head],
                representative=of[head][0].representative if head in of else head,
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
        clusters = files.counted(sum(len(one.clusters) for one in self), "cluster")
        return f"<Campaigns: {len(self):,} of {inside:,} articles in {clusters}>"

    @property
    def several(self) -> list[Campaign]:
        """Those of more than one cluster or lone article, largest first.

        Example:
            >>> [one.ids.to_pylist() for one in campaigns.several]
            [['hand-noodles', 'lighthouse-keeper', 'night-train']]
        """
        return [one for one in self if one.parts > 1]

    def held(self, dates: Sequence[Any] | None = None) -> list[HeldIndicator]:
        """All indicators with the campaigns and clusters that hold them, for `dedup.evidence.exports`.

        Args:
            dates: A date of every article of the run; see `Campaign.held`.

        Example:
            >>> for one in campaigns.held()[:2]:
            ...     print(one.campaign, one.indicator.kind, one.indicator.value)
            tea-1 wechat yunlu-tea-88
            hand-noodles handle @qinghe_cards
        """
        days = None if dates is None else [_moment(one) for one in _listed(dates, len(self.run.heads))]
        return [one for campaign in self for one in campaign._held(days)]  # noqa: SLF001 - dates are read once

    def export(self, path: str | os.PathLike[str], *, dates: Sequence[Any] | None = None) -> None:
        """Write the indicators with the campaigns and clusters that hold them, whole or not at all.

        Args:
            path: File ending in .csv, with the columns of `dedup.evidence.exports.COLUMNS`, or in .json: a bundle of
                STIX 2.1.
            dates: A date of every article of the run; see `Campaign.held`.

        Raises:
            FileError: The file cannot be written, or has another suffix.
            MissingExtraError: stix2 is not installed, which .json needs.
            InputError: There are not as many dates as articles, or one of them is not a date.

        Example:
            >>> from pathlib import Path
            >>> campaigns.export("indicators.csv")
            >>> Path("indicators.csv").read_text("utf-8-sig").splitlines()[0]
            'kind,value,members,of,public,campaign,clusters,first,last'
        """
        check_export(path)
        held = self.held(dates)
        written = as_csv(held) if Path(path).suffix.lower() == ".csv" else as_stix(held)
        with files.replacing(path) as file:
            file.write(written.encode("utf-8", "replace"))

    def _repr_html_(self) -> str:
        """The largest campaigns, for a notebook."""
        rows = [(f"{len(one):,}", f"{len(one.clusters):,}", str(one.name), one.marks()) for one in self[:SHOWN]]
        return notebook.table(repr(self)[1:-1], ("articles", "clusters", "called", "indicators"), rows)
