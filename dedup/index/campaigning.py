"""Campaigns kept up to date while texts and clusters come and go: names in a new text lead it to similar texts.

In: what a transaction does to clusters, the marks of its new texts, and a view of the store. Out: the campaign of each
cluster after it. Clusters that join bring their campaigns together, and a cluster that is split off keeps its campaign.
A new text whose cluster is in no campaign with others is compared with some of the texts that hold one of its names, as
`dedup.evidence.campaigns` compares clusters: where bodies are a little similar, or passages are shared, it joins the
campaign to which the mean strength of its links is highest, if that reaches the cut. Other campaigns of these texts
follow if they are linked to that one on the whole. That costs a few comparisons, however many texts hold the name, and
nothing for a text without names. Links that need no name are found by `dedup.index.reweighing` only.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from math import log, sqrt
from typing import NamedTuple

from dedup.evidence.campaigns import BODY, CUT, LEAST_HELD, MEMBERS, NAMED
from dedup.index.clustering import Plan
from dedup.index.judge import Judge, Own
from dedup.index.marks import Marks, naming, place_of
from dedup.index.store import Reader

COMPARED = 16
"""Holders of a name that a new text is compared with: about 2 ms if their shingles are not in memory yet."""
HOLDERS = 8 * COMPARED
"""Holders of a name from which those to be compared are chosen."""
FOLLOWING = 8
"""Other campaigns that may follow a new text at once."""
EVERY = 1 << 53
"""All parts of a campaign."""


class _Near(NamedTuple):
    """A campaign that a new text may belong to."""

    campaign: int
    holders: list[int]
    """One text of each of its clusters that was compared."""
    mean: float
    """Mean strength of the links of the text to its clusters, at most `COMPARED` of them; one that was not compared
    counts as 0."""
    share: float
    """Share of its clusters, of at most `COMPARED` of them, that were compared."""


class Campaigning:
    """Works out what a transaction does to campaigns.

    Args:
        reader: A view of the store, before the transaction's changes.
        judge: Compares texts.
        plan: What happens to clusters.
        gone: Texts that are removed.
        marks: The marks of new texts with shingles, in the order in which they are added.
        texts: Counts the other texts with shingles, without those that are removed; slow in some stores.
        own: Gives what a new text is compared by, with this judge.
    """

    def __init__(
        self,
        reader: Reader,
        judge: Judge,
        plan: Plan,
        gone: Iterable[int],
        marks: Mapping[int, Marks],
        texts: Callable[[], int],
        own: Callable[[int, Judge], Own],
    ) -> None:
        self._reader, self._judge, self._plan, self._gone = reader, judge, plan, set(gone)
        self._marks, self._texts, self._own = dict(marks), cache(texts), own
        self._new, self._first = marks.keys(), reader.last() + 1
        self._stored: dict[int, int] = {}
        self._now: dict[int, int | None] = {}
        self._added: defaultdict[int, set[int]] = defaultdict(set)
        self._parts_of: dict[tuple[int, int], list[int]] = {}
        self._clusters: dict[int, int] = {}
        self._holders: dict[int, list[int]] = {}
        self._listed: defaultdict[int, list[int]] = defaultdict(list)
        self._fewer, self._counts, self._looked = Counter[int](), dict[int, int](), 0

    def carry(self) -> None:
        """Update campaigns where clusters join, are split or have ended, and find the campaigns of new texts."""
        for cluster, other in self._plan.founded.items():
            self._put(cluster, self.of(other))
        for turn in self._plan.turns:
            if turn.kind == "joined" and turn.new is not None:
                self._unite(self.of(turn.old), self.of(turn.new))
        for cluster in sorted({turn.old for turn in self._plan.turns if self._plan.heir(turn.old) != turn.old}):
            self._leave(cluster)
        for marks in self._reader.marks(self._gone).values():
            self._fewer.update(naming(marks))  # texts that are removed hold nothing any more
        self._read_ahead()
        for text in self._new:
            self._look(text)

    def of(self, cluster: int) -> int:
        """The campaign of a cluster."""
        if cluster in self._now:
            return self._now[cluster] or cluster
        if cluster >= self._first:  # a new one
            return cluster
        if cluster not in self._stored:
            self._stored[cluster] = self._reader.campaigns([cluster]).get(cluster, cluster)
        return self._stored[cluster]

    def changed(self) -> dict[int, int]:
        """Clusters with the campaigns that are to be stored for them."""
        return {cluster: campaign or cluster for cluster, campaign in sorted(self._now.items())}

    # --- what clusters bring along --------------------------------------------------------------------------------

    def _parts(self, campaign: int, most: int = EVERY) -> set[int]:
        """The clusters of a campaign: about `most` of the stored ones, and all that the transaction has put there."""
        if (campaign, most) not in self._parts_of:
            stored = self._reader.parts(campaign, most) if campaign < self._first else []
            self._parts_of[campaign, most] = [campaign, *stored]
        every = self._parts_of[campaign, most]
        return self._added[campaign].union(one for one in every if self._now.get(one, campaign) == campaign)

    def _put(self, cluster: int, campaign: int | None) -> None:
        """Put a cluster into a campaign; None for a cluster that has ended."""
        before = self._now.get(cluster)
        if before is not None:
            self._added[before].discard(cluster)
        self._now[cluster] = campaign
        if campaign is not None:
            self._added[campaign].add(cluster)

    def _unite(self, one: int, other: int) -> None:
        """Join two campaigns into the one with the lower number."""
        if one != other:
            for cluster in self._parts(max(one, other)):
                self._put(cluster, min(one, other))

    def _leave(self, cluster: int) -> None:
        """Take an ended cluster out of its campaign; if it was the oldest, the campaign gets the next one's number."""
        campaign = self.of(cluster)
        rest = self._parts(campaign) - {cluster} if campaign == cluster else set()
        self._put(cluster, None)
        for part in rest:
            self._put(part, min(rest))

    # --- the campaign of a new text -------------------------------------------------------------------------------

    def _read_ahead(self) -> None:
        """Read at once the campaigns of new texts' clusters, and the holders of the names that may be looked up."""
        named = {text: naming(self._marks[text]) for text in self._new}
        clusters = {self._cluster(text) for text in self._new}
        known = [cluster for cluster in clusters if cluster < self._first and cluster not in self._now]
        if known:
            self._stored |= dict(zip(known, known, strict=True)) | self._reader.campaigns(known)
        alone = (names for text, names in named.items() if names and self._is_alone(text))
        self._holders = self._reader.holders({name for names in alone for name in names}, HOLDERS)

    def _is_alone(self, text: int) -> bool:
        """Whether the cluster of a text is in no campaign with others."""
        return len(self._parts(self.of(self._cluster(text)), 1)) == 1

    def _look(self, text: int) -> None:
        """Find the campaign of a new text if its cluster is alone in one; later texts can find this one from now on."""
        names = naming(self._marks[text])
        if names and self._is_alone(text):
            home = self.of(self._cluster(text))
            near = self._near(text, names)
            for one in near[:1]:
                self._unite(home, one.campaign)
            for one in near[1 : 1 + FOLLOWING]:
                if self._follows(text, near[0], one):
                    self._unite(self.of(self._cluster(text)), one.campaign)
        for name in names:
            self._listed[name].append(text)
        self._looked += 1

    def _near(self, text: int, names: list[int]) -> list[_Near]:
        """The campaigns to whose clusters the mean strength of its links reaches the cut, the strongest first."""
        every = {other for name in names for other in (*self._holders.get(name, ()), *self._listed[name])} - self._gone
        if len(every) < LEAST_HELD - 1:
            return []
        holders = self._placed(sorted(every, key=place_of)[:HOLDERS])
        inside: defaultdict[int, list[int]] = defaultdict(list)
        for holder in holders:
            inside[self._cluster(holder)].append(holder)
        inside.pop(self._cluster(text), None)
        chosen = _in_turn(list(inside.values()))
        values = zip(chosen, self._named([(text, holder) for holder in chosen], coming=text), strict=True)
        named = {holder: value for holder, value in values if value > 0}
        alike = self._alike({text: list(named)})[text] if named else {}
        of: defaultdict[int, dict[int, float]] = defaultdict(dict)
        for cluster, some in inside.items():
            compared = [holder for holder in some if holder in alike]
            if compared:
                strength = _strength([named[one] for one in compared], [alike[one] for one in compared])
                of[self.of(cluster)][compared[0]] = strength
        return sorted((one for one in self._means(of) if one.mean >= CUT), key=lambda one: (-one.mean, one.campaign))

    def _means(self, of: Mapping[int, Mapping[int, float]]) -> Iterable[_Near]:
        for campaign, links in of.items():
            size = max(len(links), min(len(self._parts(campaign, COMPARED)), COMPARED))
            yield _Near(campaign, list(links), sum(links.values()) / size, len(links) / size)

    def _follows(self, text: int, home: _Near, other: _Near) -> bool:
        """Whether another campaign is linked, on the whole, to the one that a new text has joined."""
        ours, theirs = [text, *home.holders[: MEMBERS - 1]], other.holders[:MEMBERS]
        pairs = [(one, another) for one in ours for another in theirs]
        found = self._alike(dict.fromkeys(ours, theirs))
        alike = [found[one][another] for one, another in pairs if another in found[one]]
        if len(alike) < len(pairs):
            return False
        return _strength(self._named(pairs, coming=text), alike) * home.share * other.share >= CUT

    def _named(self, pairs: Sequence[tuple[int, int]], coming: int) -> list[float]:
        """How similar the names in two texts are: the cosine, each name weighted by how rare it is."""
        texts = {text for pair in pairs for text in pair}
        self._marks |= self._reader.marks(texts - self._marks.keys())
        held = {text: naming(self._marks[text]) if text in self._marks else [] for text in texts}
        weights = self._weights({name for some in held.values() for name in some}, held.get(coming, []))
        rows = {text: {name: weights[name] for name in some if weights[name]} for text, some in held.items()}
        lengths = {text: sqrt(sum(weight**2 for weight in row.values())) or 1.0 for text, row in rows.items()}
        return [
            sum(weight**2 for name, weight in rows[one].items() if name in rows[other]) / lengths[one] / lengths[other]
            for one, other in pairs
        ]

    def _weights(self, names: set[int], coming: Iterable[int]) -> dict[int, float]:
        """How rare names are among the texts so far and the new one; 0 for names in fewer than `LEAST_HELD` texts."""
        self._counts |= self._reader.count_holders(names - self._counts.keys())
        texts, more = self._texts() + self._looked + 1, Counter(coming)
        counts = {name: self._counts[name] - self._fewer[name] + len(self._listed[name]) + more[name] for name in names}
        return {
            name: max(0.0, log((texts + 1) / count)) if count >= LEAST_HELD else 0.0 for name, count in counts.items()
        }

    def _alike(self, pairs: Mapping[int, Sequence[int]]) -> dict[int, dict[int, float]]:
        """How similar texts are; where they are not, compared again with their frames, which are shared passages."""
        texts = {text for one, others in pairs.items() for text in (one, *others) if text in self._new}
        found: dict[int, dict[int, float]] = {text: {} for text in pairs}
        waiting = pairs
        for judge in dict.fromkeys((self._judge, self._judge.plain)):
            own = {text: self._own(text, judge) for text in texts}
            for text, some in judge.similarities(self._reader, waiting, own, evidence=0.0).items():
                found[text] |= {other: max(value, found[text].get(other, 0.0)) for other, value in some.items()}
            waiting = {
                text: [other for other in some if found[text].get(other, 0.0) <= BODY] for text, some in pairs.items()
            }
        return found

    def _placed(self, texts: list[int]) -> list[int]:
        """Those that are there, now that their clusters are known."""
        unknown = [text for text in texts if text not in self._clusters and text not in self._new]
        self._clusters |= {text: place.cluster for text, place in self._reader.places(unknown).items()}
        return [text for text in texts if text in self._clusters or text in self._new]

    def _cluster(self, text: int) -> int:
        """The cluster of a text after the transaction."""
        if text in self._plan.clusters or text in self._new:
            return self._plan.clusters.get(text, text)
        return self._plan.others.get(self._clusters[text], self._clusters[text])


def _in_turn(groups: list[list[int]]) -> list[int]:
    """The first of each group, then the second of each, up to `MEMBERS`; at most `COMPARED` in all."""
    chosen = [group[k] for k in range(MEMBERS) for group in groups if k < len(group)]
    return chosen[:COMPARED]


def _strength(named: Sequence[float], alike: Sequence[float]) -> float:
    """Strength of a link over pairs of texts; see `dedup.evidence.campaigns.among`."""
    beside = sum(alike) / len(alike) > BODY
    return NAMED * sum(named) / len(named) * beside
