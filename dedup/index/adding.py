"""What adding a batch of articles does, worked out from one view of the store, then stored.

In: ids and prepared texts, and a view of the store. Out: rows to be stored, and what was seen of each article. First
everything is read and computed: which ids are replaced, which texts are new, which texts are similar, how clusters
change. Then everything is written, so a store may collect the writes and apply them together. Only shingles are counted
before that, and the new counts are used at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from dedup.index.answers import Near, Seen
from dedup.index.campaigning import Campaigning
from dedup.index.clustering import MOST, Grouping, Plan, Transaction, Turn, carry_out
from dedup.index.judge import LEAST_HOLDERS, Judge, Own, Pairs, Similar
from dedup.index.listed import Listed
from dedup.index.on_disk.lookup import within
from dedup.index.prepared import Prepared, Shingled
from dedup.index.store import Change, Edge, Place, Writer, damaged
from dedup.index.times import Span, widened
from dedup.settings import Settings

NEAREST = 10
"""At most so many articles are named in `Seen`."""
OF_A_CLUSTER = 8
"""With `linkage=0`, at most so many texts of each cluster are compared: one edge is enough to join it."""
JUDGED_AGAIN = 16
"""Edges of one text that are judged again at once."""
A_STEP = 1
"""For so many new texts, the edges of one old text are checked, and judged again if they are stale."""
LEAST_ALL_OVER = 256
"""With so many texts or more, frames are also searched in a sample of all texts."""
FREED = 512
"""Texts whose edges are judged again at once when a frame was found."""


@dataclass
class Sweep:
    """How far an index has come in judging its edges again."""

    text: int = 0


@dataclass
class _BatchRows:
    """What becomes of the rows of a batch."""

    numbers: list[int] = field(default_factory=list)
    """Number of the article of each row; 0 where nothing changes."""
    texts: list[int] = field(default_factory=list)
    """Number of the text of each row."""
    new: dict[int, int] = field(default_factory=dict)
    """New texts, and the row of each."""
    replaced: dict[int, int] = field(default_factory=dict)
    """Rows whose id is stored with another text, and that text."""
    spans: list[Span] = field(default_factory=list)
    """When the article of each row was seen, until now."""
    again: dict[str, Span] = field(default_factory=dict)
    """Articles that were only seen again, at another time."""
    copies: Counter[int] = field(default_factory=Counter)
    """By how many articles the count of each text grows or shrinks."""


class Batch:
    """A batch of articles, and the view of the store it is worked out from.

    Args:
        store: The view; a reader is enough for `query`.
        settings: How articles are compared.
        judge: Compares texts.
        prepared: The texts.
        threads: How many to use.
        sweep: Which edges are to be judged again.

    Attributes:
        judge: The judge that compared the texts last; a new one if frames were found.
        seen: What was seen of each article that was added.
    """

    def __init__(
        self, store: Writer, settings: Settings, judge: Judge, prepared: Prepared, threads: int, sweep: Sweep
    ) -> None:
        self._store, self._settings, self.judge, self._prepared = store, settings, judge, prepared
        self._threads, self._sweep = threads, sweep
        self._last = store.last()
        self._first = self._last + 1
        self._change, self._plan = Transaction(), Plan()
        self._ids: Sequence[str] = []
        self.seen: list[Seen] = []
        self._rows, self._leaving = _BatchRows(), dict[str, tuple[int, int]]()
        self._places: dict[int, Place] = {}
        self._articles: dict[int, list[str]] = {}
        self._owned: dict[tuple[Judge, int], Shingled] = {}
        self._firsts: dict[int, str] = {}
        self._freed: set[int] = set()
        self._counted = False

    # --- the whole job --------------------------------------------------------------------------------------------

    def query(self) -> Seen:
        """What is seen of the only text, without adding it."""
        (fingerprint,) = self._prepared.fingerprints
        if not fingerprint:
            return Seen(is_duplicate=False, cluster=None, campaign=None)
        found = self._store.find_equal([fingerprint])
        if found:
            (text,) = found.values()
            self._places = self._store.places([text])
            self._settle_clusters([text])
            return self._of_known(text, "")
        number = self._next()
        self._rows.new[number] = 0
        self._compare({number: 0})
        self._settle_clusters([number])
        cluster, campaign = self._joins(number), self._campaigns.of(self._plan.clusters[number])
        self._read_names([] if cluster is None else [cluster])
        return Seen(
            is_duplicate=cluster is not None,
            cluster=None if cluster is None else self._name(cluster),
            campaign=None if campaign == number else self._name(campaign),
            nearest=self._nearest(number),
        )

    def query_within(self, listed: Listed, least: float) -> Seen:
        """The texts in which the only text stands, and how much of it.

        Args:
            listed: All its runs.
            least: Least containment.
        """
        others = self._store.candidates(listed, self._threads, quoting=True)[0].tolist()
        own, evidence = self._shingled(0, self.judge), self._settings.least_shared
        share = self.judge.containments(self._store, own, others, evidence=evidence)
        best = sorted((-one, text) for text, one in share.items() if one >= least)
        places = self._store.places([text for _, text in best])
        best = [(one, text) for one, text in best if text in places][:NEAREST]
        if not best:
            return Seen(is_duplicate=False, cluster=None, campaign=None)
        cluster = places[best[0][1]].cluster
        campaign = self._store.campaigns([cluster]).get(cluster, cluster)
        self._read_names([cluster, campaign])
        return Seen(
            is_duplicate=True, cluster=self._name(cluster), campaign=self._name(campaign), nearest=self._named(best)
        )

    def query_all(self) -> list[Seen]:
        """What is seen of each text by itself, without adding it."""
        some = (self._prepared.only(row) for row in range(len(self._prepared.fingerprints)))
        return [Batch(self._store, self._settings, self.judge, one, self._threads, self._sweep).query() for one in some]

    def _joins(self, number: int) -> int | None:
        """The cluster that a text would join; None if it would be alone."""
        cluster = self._plan.clusters[number]
        if cluster == number:
            return None
        if cluster not in self._plan.founded:
            return cluster
        similar = self._change.new[number]
        best = max(similar, key=lambda other: (similar[other], -other))
        return self._store.places([best])[best].cluster

    def add(self, ids: Sequence[str], spans: Sequence[Span]) -> Self:
        """Add the articles, seen in these times, and keep what was seen of each."""
        self._ids, self._rows.spans = ids, list(spans)
        self._sort_out()
        old = dict.fromkeys(text for text in (*self._rows.copies, *self._rows.texts) if text not in self._rows.new)
        self._places = self._store.places(old) if old else {}
        copies = self._copies()
        self._change.gone = {text for text, count in copies.items() if count <= 0}
        before = self.judge.texts(self._store)
        self._count()
        now = self.judge.texts(self._store)
        if self.judge.finds and now >= LEAST_ALL_OVER and _doubled(before, now):
            self.judge = self.judge.look_all_over(self._store, self._first)
        signed = self._signed()
        self._compare(signed)
        self._free()
        self._let_go()
        self._judge_again(-(-len(signed) // A_STEP))
        self._settle_clusters(self._rows.texts)
        self._read_firsts(other for text in self._rows.new for _, other in self._closest(text))
        self.seen = [self._seen(row) for row in range(len(ids))]
        self._store_all(copies)
        for number, windows in self.judge.found_from(self._first):
            self._store.add_frames(number, windows)
        return self

    def _copies(self) -> dict[int, int]:
        """How many articles will have each stored text, for those where this changes."""
        more = self._rows.copies
        return {text: self._places[text].copies + count for text, count in more.items() if text in self._places}

    def remember(self) -> None:
        """Keep the shingles of what was added in memory; only after it is stored, else its numbers are used again.

        Where frames are left out, those of texts that were compared with none are not made for this.
        """
        for text, row in self._signed().items():
            if not self.judge.leaves_out or (self.judge, row) in self._owned:
                self.judge.remember(text, self._shingled(row, self.judge))

    def remove(self, ids: Sequence[str], before: int | None = None) -> list[str]:
        """Take articles out, if they were not seen since; returns those that were there, in this order."""
        found = self._store.find(ids)
        if before is not None:
            spans = self._store.spans(ids)
            found = {id_: text for id_, text in found.items() if id_ in spans and spans[id_].last < before}
        there = [id_ for id_ in ids if id_ in found]
        if not there:
            return []
        for id_ in there:
            self._leaving[id_] = self._next(), found[id_]
            self._rows.copies[found[id_]] -= 1
        self._places = self._store.places(self._rows.copies)
        copies = self._copies()
        self._change.gone = {text for text, count in copies.items() if count <= 0}
        if self._change.gone:
            self._count()
            self._let_go()
        self._settle_clusters([])
        self._store_all(copies)
        return there

    # --- reading and computing ------------------------------------------------------------------------------------

    def _next(self) -> int:
        self._last += 1
        return self._last

    def _sort_out(self) -> None:
        """Which rows are new texts, copies, replaced or unchanged; every article and removal gets its number."""
        ids, rows, prints = self._ids, self._rows, self._prepared.fingerprints
        there = self._store.find(ids)
        self._see_again([id_ in there for id_ in ids])
        equal = self._store.find_equal([one for one in dict.fromkeys(prints) if one])
        for row, (id_, fingerprint) in enumerate(zip(ids, prints, strict=True)):
            old, text = there.get(id_), equal.get(fingerprint)
            if old is not None and (old == text or not (fingerprint or self._has_shingles(old))):
                rows.numbers.append(0)
                rows.texts.append(old)
                continue
            rows.again.pop(id_, None)  # it is stored anew
            if old is not None:
                rows.replaced[row] = old
                rows.copies[old] -= 1
                self._leaving[id_] = self._next(), old
            number = self._next()
            if text is None:
                text = number
                rows.new[text] = row
                if fingerprint:
                    equal[fingerprint] = text
            rows.copies[text] += 1
            rows.numbers.append(number)
            rows.texts.append(text)

    def _see_again(self, there: Sequence[bool]) -> None:
        """Take into account when stored articles were seen before."""
        rows = self._rows
        stored = {id_: row for row, id_ in enumerate(self._ids) if there[row]}
        known = self._store.spans([*stored]) if stored else {}
        for id_, row in stored.items():
            rows.spans[row] = widened(known.get(id_), rows.spans[row])
            if rows.spans[row] != known.get(id_):
                rows.again[id_] = rows.spans[row]

    def _has_shingles(self, text: int) -> bool:
        return len(self._store.signatures([text]).get(text, ())) > 0

    def _count(self) -> None:
        """Count the shingles of new texts, and take away those of texts that are removed."""
        if not self.judge.counts:
            return
        coming = (self._prepared.shingles[row].keys for row in self._rows.new.values())
        steps = [(keys, 1) for keys in coming if len(keys)]
        if self._change.gone:
            going = self.judge.whole(self._store, sorted(self._change.gone))
            steps += [(keys, -1) for keys in going if len(keys)]
        if steps:
            self._store.count(steps, self._first)
        self._counted = True

    def _signed(self) -> dict[int, int]:
        """The new texts that have shingles, and the row of each."""
        return {text: row for text, row in self._rows.new.items() if self._prepared.fingerprints[row]}

    def _compare(self, new: dict[int, int]) -> None:
        """Find the texts that new texts with shingles are similar to: stored ones, and earlier ones of the batch."""
        if not new:
            return
        texts, rows = list(new), list(new.values())
        every = self._prepared.listed
        listed = every if len(rows) == len(self._prepared.fingerprints) else every.take(rows)
        found = [some[: 2 * MOST].tolist() for some in self._store.candidates(listed, self._threads)]
        inside = within(texts, listed, self._settings, self._threads)
        if not (any(found) or any(inside)):  # the usual case
            self._change.new = {text: {} for text in texts}
            return
        places = self._store.places({text for some in found for text in some})
        pairs = {
            text: self._chosen(found[k], places) + inside[k][:MOST] if listed.signatures[k].any() else []
            for k, text in enumerate(texts)
        }
        self._change.new = self._similarities(pairs, new)
        if self.judge.finds:
            self._leave_out_frames(new)
        judged = self.judge.texts(self._store)
        for text, similar in self._change.new.items():
            for other, similarity in similar.items():
                if similarity >= self._settings.threshold:
                    self._change.link(text, other, Edge(similarity, judged))

    def _similarities(self, pairs: Pairs, new: Mapping[int, int]) -> Similar:
        """How similar texts are to others; `new` gives the rows of new texts."""
        involved = {text for one, others in pairs.items() if others for text in (one, *others) if text in new}
        return self.judge.similarities(self._store, pairs, {text: self._own(new[text]) for text in involved})

    def _own(self, row: int, judge: Judge | None = None) -> Own:
        """What the text of a row is compared by."""
        return Own(self._shingled(row, judge or self.judge), self._prepared.listed.signatures[row])

    def _shingled(self, row: int, judge: Judge) -> Shingled:
        """The shingles of a row, as this judge compares them."""
        if (judge, row) not in self._owned:
            self._owned[judge, row] = judge.own(self._prepared, row)
        return self._owned[judge, row]

    def _leave_out_frames(self, new: Mapping[int, int]) -> None:
        """Where many texts are similar to a new one: look for frames among them, and judge again without these."""
        before = self.judge
        for text, row in new.items():
            near = self._near(text)
            if self.judge is not before and near:
                self._change.new[text] |= self._similarities({text: near}, new)[text]
                near = self._near(text)
            if _worth_a_look(len(near) + 1, self._prepared.fingerprints[row]):
                self._look(text, near, new)
        if self.judge is not before:
            pairs = {text: self._near(text) for text in new}
            for text, similar in self._similarities(pairs, new).items():
                self._change.new[text] |= similar

    def _look(self, text: int, near: list[int], new: Mapping[int, int]) -> None:
        """Look for frames without which fewer texts are similar to a new one; such frames are left out from then on."""
        some, before = sorted([text, *near]), self.judge
        own = {one: self._prepared.column[new[one]].as_buffer().to_pybytes() for one in some if one in new}
        judge = before.look_for_frames(self._store, text, some, own)
        if judge is None:
            return
        self.judge = judge
        similar = self._similarities({text: near}, new)[text]
        if min(similar.values()) < self._settings.threshold:
            self._change.new[text] |= similar
            self._freed |= set(near) - new.keys()
        else:
            self.judge = before

    def _near(self, text: int) -> list[int]:
        """The texts that a new one is similar to."""
        return [other for other, value in self._change.new[text].items() if value >= self._settings.threshold]

    def _free(self) -> None:
        """Judge again the edges of texts with a new frame, and of the texts that the frame linked to them."""
        wave, done, now = sorted(self._freed), set[int](), self.judge.texts(self._store)
        while wave and len(done) < FREED:
            done |= set(wave)
            pairs = {text: [*edges] for text, edges in self._store.edges(wave).items()}
            wave = sorted(self._settle(pairs, now) - done)

    def _settle(self, pairs: Pairs, now: int) -> set[int]:
        """Judge old edges again, except those of removed texts; returns the ends of the edges that are dropped."""
        lost, gone = set[int](), self._change.gone
        kept = ((text, [one for one in some if one not in gone]) for text, some in pairs.items() if text not in gone)
        for text, similar in self.judge.similarities(self._store, dict(kept), {}).items():
            for other, similarity in similar.items():
                self._change.touched |= {text, other}
                if similarity >= self._settings.threshold:
                    self._change.link(text, other, Edge(similarity, now))
                else:
                    self._change.unlink(text, other)
                    lost |= {text, other}
        return lost

    def _chosen(self, candidates: list[int], places: Mapping[int, Place]) -> list[int]:
        """The candidates to be compared, at most `MOST`: those that are there and stay."""
        alive = [text for text in candidates if text in places and text not in self._change.gone]
        if self._settings.linkage > 0:
            return alive[:MOST]
        taken: Counter[int] = Counter()
        chosen = []
        for text in alive:
            cluster = places[text].cluster
            taken[cluster] += 1
            if taken[cluster] <= OF_A_CLUSTER:
                chosen.append(text)
        return chosen[:MOST]

    def _let_go(self) -> None:
        """Drop the edges of texts that are removed."""
        for text, edges in self._store.edges(sorted(self._change.gone)).items():
            for other in edges:
                self._change.unlink(text, other)
                self._change.touched.add(other)
            if self._settings.linkage == 0:
                self._link_left([other for other in edges if other not in self._change.gone])

    def _link_left(self, texts: list[int]) -> None:
        """Compare texts that one which goes has held together, each with the next ones: of a cluster not all were."""
        edges = self._store.edges(texts)
        pairs = {
            text: [other for other in texts[place : place + OF_A_CLUSTER] if other not in edges[text]]
            for place, text in enumerate(texts, 1)
        }
        self._settle(pairs, self.judge.texts(self._store))

    def _judge_again(self, steps: int) -> None:
        """Judge again the old edges of the next `steps` texts, in the order of their numbers."""
        if not (steps and self.judge.counts):
            return
        texts = self._store.next_with_edges(self._sweep.text, steps)
        self._sweep.text = texts[-1] if len(texts) == steps else 0
        now = self.judge.texts(self._store)
        stale = {
            text: [other for other, edge in edges.items() if _doubled(edge.judged, now)]
            for text, edges in self._store.edges(texts).items()
        }
        self._settle({text: others[:JUDGED_AGAIN] for text, others in stale.items()}, now)

    def _campaigning(self) -> Campaigning:
        """What happens to campaigns."""
        new, gone = self._signed(), self._change.gone
        marks = {text: self._prepared.marks[row] for text, row in new.items()}

        def texts() -> int:
            """How many other texts there are: the store counts the new ones already if they have been counted."""
            return self._store.texts() - (len(new) if self._counted else len(gone))

        found = Campaigning(
            self._store, self.judge, self._plan, gone, marks, texts, lambda text, judge: self._own(new[text], judge)
        )
        found.carry()
        return found

    def _settle_clusters(self, texts: Iterable[int]) -> None:
        """What becomes of clusters and campaigns, and the names of those that change and of those of these texts."""
        self._plan = Grouping(self._store, self._settings, self._change).plan()
        self._campaigns = self._campaigning()
        clusters = {self._cluster(text) for text in texts}
        left = {self._places[text].cluster for _, text in self._leaving.values()}
        turned = {number for turn in self._plan.turns for number in (turn.old, turn.new) if number is not None}
        self._read_names({*clusters, *map(self._campaigns.of, clusters), *left, *turned})
        for cluster in sorted(left):
            if self._plan.heir(cluster) == cluster and self._name(cluster) != self._old_name(cluster):
                self._plan.turns.append(Turn("renamed", cluster, cluster))

    def _cluster(self, text: int) -> int:
        """The cluster of a text after the transaction."""
        if text in self._plan.clusters or text in self._rows.new:
            return self._plan.clusters.get(text, text)
        cluster = self._places[text].cluster
        return self._plan.others.get(cluster, cluster)

    # --- names ----------------------------------------------------------------------------------------------------

    def _read_names(self, numbers: Iterable[int]) -> None:
        """Read enough ids of these texts, which give clusters and campaigns their names, to find one that stays."""
        stored = [number for number in numbers if number not in self._rows.new]
        if stored:
            self._articles |= self._store.names(stored, len(self._leaving) + 1)

    def _old_name(self, number: int) -> str:
        """The name of the cluster of this number before the transaction."""
        return self._articles[number][0]

    def _name(self, number: int) -> str:
        """The name of the cluster or campaign of this number after the transaction."""
        staying = (id_ for id_ in self._articles.get(number, ()) if id_ not in self._leaving)
        name = next(staying, "")
        if name:
            return name
        if number not in self._rows.texts:
            raise damaged(f"no article is stored for text {number}, which others are in a cluster with")
        return self._ids[self._rows.texts.index(number)]

    # --- what was seen --------------------------------------------------------------------------------------------

    def _seen(self, row: int) -> Seen:
        """What was seen of a row."""
        text, id_, replaced = self._rows.texts[row], self._ids[row], row in self._rows.replaced
        if text not in self._rows.new:
            seen = self._of_known(text, id_)
            return replace(seen, replaced=replaced, unchanged=not self._rows.numbers[row])
        cluster, nearest = self._cluster(text), self._nearest(text)
        first = self._ids[self._rows.new[text]]
        if self._rows.new[text] != row:
            known, nearest = True, (Near(first, 1.0), *nearest[: NEAREST - 1])
        else:
            known = cluster != text and bool(nearest) and not self._stays_first(row, cluster)
        return replace(self._told(cluster, nearest, known=known), replaced=replaced)

    def _told(self, cluster: int, nearest: tuple[Near, ...], *, known: bool) -> Seen:
        return Seen(known, self._name(cluster), self._name(self._campaigns.of(cluster)), nearest)

    def _stays_first(self, row: int, cluster: int) -> bool:
        """Whether the article of a row was the first of its cluster with its old text, and still is."""
        old = self._rows.replaced.get(row)
        if old is None:
            return False
        before = self._places[old].cluster
        return self._plan.heir(before) == cluster and self._is_first(self._ids[row], old, before)

    def _is_first(self, id_: str, text: int, cluster: int) -> bool:
        """Whether an article is the first of its cluster."""
        return text == cluster and self._store.names([text], 1)[text] == [id_]

    def _nearest(self, text: int) -> tuple[Near, ...]:
        """The earlier articles that a new text is most similar to."""
        return self._named(self._closest(text))

    def _closest(self, text: int) -> list[tuple[float, int]]:
        """The earlier texts that a new text is most similar to, and how similar, negative."""
        similar = self._change.new.get(text, {})
        edges = [(-value, other) for other, value in similar.items() if value >= self._settings.threshold]
        return sorted(edges)[:NEAREST]

    def _read_firsts(self, texts: Iterable[int]) -> None:
        """Read the first articles of stored texts."""
        unknown = {text for text in texts if text not in self._rows.new and text not in self._firsts}
        if unknown:
            self._firsts |= self._names(unknown)

    def _named(self, edges: list[tuple[float, int]]) -> tuple[Near, ...]:
        self._read_firsts(other for _, other in edges)
        found = []
        for value, other in edges:
            row = self._rows.new.get(other)
            name = self._ids[row] if row is not None else self._firsts.get(other)
            if name is not None:
                found.append(Near(name, -value))
        return tuple(found)

    def _names(self, texts: Iterable[int], but: str = "") -> dict[int, str]:
        """The first article of each text, except the article `but` and those that get another text."""
        other = {*self._leaving, but}
        names = self._store.names(texts, len(other) + 1)
        found = ((text, [name for name in some if name not in other]) for text, some in names.items())
        return {text: some[0] for text, some in found if some}

    def _of_known(self, text: int, id_: str) -> Seen:
        """What is seen of a stored text, the article itself not counted."""
        same = [Near(name, 1.0) for name in self._names([text], id_).values()]
        edges = sorted((-edge.similarity, other) for other, edge in self._store.edges([text])[text].items())
        before = self._places[text].cluster
        first = bool(id_) and self._is_first(id_, text, before)
        others = bool(same) or self._store.oldest(before, 2) != [text]
        nearest = (*same, *self._named(edges[: NEAREST - len(same)]))
        return self._told(self._cluster(text), nearest, known=others and not first)

    # --- storing --------------------------------------------------------------------------------------------------

    def _store_all(self, copies: Mapping[int, int]) -> None:
        """Store all that changes: articles, texts, edges, clusters and campaigns; and record the changes."""
        for id_, (number, text) in self._leaving.items():
            self._store.drop_article(id_)
            self._store.record(Change(number, "removed", id_, self._old_name(self._places[text].cluster), None))
        carry_out(self._plan, self._store, self._rows.new)
        self._store_texts(copies)
        self._store_edges()
        for cluster, campaign in self._campaigns.changed().items():
            self._store.set_campaign(cluster, campaign)
        for kind, old, new in self._plan.turns:
            now = None if new is None else self._name(new)
            self._store.record(Change(self._next(), kind, None, self._old_name(old), now))

    def _store_texts(self, copies: Mapping[int, int]) -> None:
        """Articles, texts, and how many copies they have."""
        store, rows, prepared = self._store, self._rows, self._prepared
        for text, row in rows.new.items():
            store.add_text(prepared.text(row, text, self._cluster(text)))
            if rows.copies[text] > 1:
                store.set_copies(text, rows.copies[text])
        for number, text, id_, span in zip(rows.numbers, rows.texts, self._ids, rows.spans, strict=True):
            if number:
                store.add_article(number, id_, text, span)
        for id_, span in rows.again.items():
            store.set_span(id_, span)
        for text, count in copies.items():
            if count <= 0:
                store.drop_text(text)
            else:
                store.set_copies(text, count)

    def _store_edges(self) -> None:
        """Store new edges and those judged again, and drop those that have gone; each once."""
        dropped = self._change.dropped
        for text, edges in self._change.edges.items():
            for other, edge in edges.items():
                if text < other and other not in dropped.get(text, ()):
                    self._store.put_edge(text, other, edge)
        for text, others in dropped.items():
            for other in others:
                if text < other:
                    self._store.drop_edge(text, other)


def _worth_a_look(count: int, fingerprint: bytes) -> bool:
    """Whether to look for frames among so many texts: the more texts, the more rarely; independent of their order."""
    return count >= LEAST_HOLDERS and int.from_bytes(fingerprint[:4], "little") % (count // LEAST_HOLDERS) == 0


def _doubled(before: int, now: int) -> bool:
    """Whether the number of texts has reached the next power of two."""
    return before.bit_length() < now.bit_length()
