"""What adding a batch of articles does, worked out from one view of the store, then stored.

In: ids and prepared texts, and a view of the store. Out: rows to be stored, and what was seen of each article. First
all is read and reckoned: which ids are replaced, which texts are new, what they are like, how clusters change. Then all
is written, so a store may collect what is written and make it happen together. Shingles alone are counted before that,
and take part at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from dedup.index.answers import Near, Seen
from dedup.index.banding import halves
from dedup.index.campaigning import Campaigning
from dedup.index.clustering import MOST, Grouping, Plan, Transaction, carry_out
from dedup.index.judge import LEAST_HOLDERS, Judge, Own, Pairs, Similar
from dedup.index.lookup import within
from dedup.index.prepared import Prepared
from dedup.index.store import Change, Edge, Place, Text, Writer
from dedup.settings import Settings

NEAREST = 10
"""Articles that `Seen` names."""
LOOKED_AT = 64
"""Articles of a text, among which one is looked for that stays."""
OF_A_CLUSTER = 8
"""With `linkage=0` so many of each cluster are compared: one edge is enough to join it."""
JUDGED_AGAIN = 16
"""Edges of one text that are judged again at once."""
A_STEP = 1
"""The edges of one text are looked at for so many new ones, and judged again if they are stale."""
LEAST_ALL_OVER = 256
"""From so many texts on frames are looked for all over."""
FREED = 512
"""Texts whose edges are judged again at once where a frame was found."""


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
    replaced: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Rows whose id is there with another text: the number of that change, and the text."""
    copies: Counter[int] = field(default_factory=Counter)
    """How many articles more, or fewer, each text has."""


class Batch:
    """A batch of articles, and the view of the store it is worked out from.

    Args:
        store: The view; to look up only, a reader.
        settings: How articles are compared.
        judge: Compares texts.
        prepared: The texts.
        threads: How many to use.
        sweep: Which edges are to be judged again.

    Attributes:
        judge: Who compared the texts in the end; another one, if frames were found.
    """

    def __init__(
        self, store: Writer, settings: Settings, judge: Judge, prepared: Prepared, threads: int, sweep: Sweep
    ) -> None:
        self._store, self._settings, self.judge, self._prepared = store, settings, judge, prepared
        self._threads, self._sweep = threads, sweep
        self._halves = halves(prepared.signatures)
        self._last = store.last()
        self._first = self._last + 1
        self._change = Transaction()
        self._rows, self._leaving = _BatchRows(), set[str]()
        self._freed: set[int] = set()
        self._counted = False

    # --- the whole job --------------------------------------------------------------------------------------------

    def query(self) -> Seen:
        """What is seen of the only text, which is not added."""
        (fingerprint,) = self._prepared.fingerprints
        if not fingerprint:
            return Seen(is_duplicate=False, cluster=None, campaign=None)
        found = self._store.find_equal([fingerprint])
        if found:
            self._campaigns = self._campaigning(Plan())
            return self._of_known(found[fingerprint], "", Plan())
        number = self._next()
        self._rows.new[number] = 0
        self._compare({number: 0})
        plan = self._plan()
        self._campaigns = self._campaigning(plan)
        nearest, cluster = self._nearest(number, []), plan.clusters[number]
        campaign = self._campaigns.of(cluster)
        if cluster == number:
            known = campaign if campaign < self._first else None
            return Seen(is_duplicate=False, cluster=None, campaign=known, nearest=nearest)
        if cluster >= self._first:  # one that would be split off
            similar = self._change.new[number]
            best = max(similar, key=lambda other: (similar[other], -other))
            cluster = self._store.places([best])[best].cluster
        campaign = campaign if campaign < self._first else self._campaigns.of(cluster)
        return Seen(is_duplicate=True, cluster=cluster, campaign=campaign, nearest=nearest)

    def add(self, ids: Sequence[str]) -> list[Seen]:
        """Add the articles, and say what was seen of each."""
        self._sort_out(ids)
        places = self._store.places(self._rows.copies)
        copies = {text: places[text].copies + more for text, more in self._rows.copies.items() if text in places}
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
        plan = self._plan()
        self._campaigns = self._campaigning(plan)
        seen = [self._seen(row, ids, plan) for row in range(len(ids))]
        for row, (number, text) in self._rows.replaced.items():
            self._store.drop_article(ids[row])
            self._store.record(Change(number, "removed", places[text].cluster, ids[row]))
        self._store_texts(ids, plan, copies)
        self._store_edges()
        for number, windows in self.judge.found_from(self._first):
            self._store.add_frames(number, windows)
        carry_out(plan, self._store, self._next, self._rows.new)
        self._store_campaigns()
        return seen

    def remember(self) -> None:
        """Keep the shingles of what was added at hand; once it is stored, for else its numbers are given again."""
        for text, row in self._signed().items():
            self.judge.remember(text, self.judge.own(self._prepared, row))

    def remove(self, id_: str) -> bool:
        """Take an article out; whether it was there."""
        found = self._store.find([id_])
        if not found:
            return False
        text = found[id_]
        place = self._store.places([text])[text]
        number = self._next()
        if place.copies == 1:
            self._change.gone = {text}
            self._count()
            self._let_go()
        plan = self._plan()
        self._campaigns = self._campaigning(plan)
        self._store.drop_article(id_)
        self._store.record(Change(number, "removed", place.cluster, id_))
        self._store_texts([], plan, {text: place.copies - 1})
        self._store_edges()
        carry_out(plan, self._store, self._next, self._rows.new)
        self._store_campaigns()
        return True

    # --- reading and reckoning ------------------------------------------------------------------------------------

    def _next(self) -> int:
        self._last += 1
        return self._last

    def _sort_out(self, ids: Sequence[str]) -> None:
        """Which rows are new texts, copies, replaced or unchanged; every article and removal gets its number."""
        rows, prints = self._rows, self._prepared.fingerprints
        there = self._store.find(ids)
        equal = self._store.find_equal([one for one in dict.fromkeys(prints) if one])
        for row, (id_, fingerprint) in enumerate(zip(ids, prints, strict=True)):
            old, text = there.get(id_), equal.get(fingerprint)
            if old is not None and (old == text or not (fingerprint or self._has_shingles(old))):
                rows.numbers.append(0)
                rows.texts.append(old)
                continue
            if old is not None:
                rows.replaced[row] = (self._next(), old)
                rows.copies[old] -= 1
                self._leaving.add(id_)
            number = self._next()
            if text is None:
                text = number
                rows.new[text] = row
                if fingerprint:
                    equal[fingerprint] = text
            rows.copies[text] += 1
            rows.numbers.append(number)
            rows.texts.append(text)

    def _has_shingles(self, text: int) -> bool:
        return len(self._store.signatures([text]).get(text, ())) > 0

    def _count(self) -> None:
        """Count the shingles of new texts, and those of texts that go no more."""
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
        """Find what new texts with shingles are like: those that are there, and those of the batch before them."""
        if not new:
            return
        texts, rows = list(new), list(new.values())
        whole = len(rows) == len(self._halves)
        signatures = self._prepared.signatures if whole else self._prepared.signatures[rows]
        halves = self._halves if whole else self._halves[rows]
        found = [some[: 2 * MOST].tolist() for some in self._store.candidates(signatures, self._threads)]
        inside = within(texts, halves, self._settings, self._threads)
        if not (any(found) or any(inside)):  # as it is for most
            self._change.new = {text: {} for text in texts}
            return
        places = self._store.places({text for some in found for text in some})
        pairs = {
            text: self._chosen(found[k], places) + inside[k][:MOST] if halves[k].any() else []
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
        """How like texts are to others; of new ones, their rows."""
        involved = {text for one, others in pairs.items() for text in (one, *others) if text in new}
        return self.judge.similarities(self._store, pairs, {text: self._own(new[text]) for text in involved})

    def _own(self, row: int, judge: Judge | None = None) -> Own:
        """What the text of a row is compared by."""
        return Own((judge or self.judge).own(self._prepared, row), self._halves[row])

    def _leave_out_frames(self, new: Mapping[int, int]) -> None:
        """Where many are like a new text: look for frames among them, and judge again without what is found."""
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
        """Look for frames without which fewer texts are like a new one; they are left out from then on."""
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
        """The texts that a new one is like."""
        return [other for other, value in self._change.new[text].items() if value >= self._settings.threshold]

    def _free(self) -> None:
        """Judge the edges again of texts that have a frame that was found, and of those that it tied to them."""
        wave, done, now = sorted(self._freed), set[int](), self.judge.texts(self._store)
        while wave and len(done) < FREED:
            done |= set(wave)
            pairs = {text: [*edges] for text, edges in self._store.edges(wave).items()}
            wave = sorted(self._settle(pairs, now) - done)

    def _settle(self, pairs: Pairs, now: int) -> set[int]:
        """Judge old edges, but those of texts that go, by what is known today; gives the ends of those that break."""
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
        """The edges of texts that go."""
        for text, edges in self._store.edges(sorted(self._change.gone)).items():
            for other in edges:
                self._change.unlink(text, other)
                self._change.touched.add(other)

    def _judge_again(self, steps: int) -> None:
        """Judge old edges of so many texts by what is known today, the next ones in the order of their numbers."""
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

    def _plan(self) -> Plan:
        return Grouping(self._store, self._settings, self._change, self._next).plan()

    def _campaigning(self, plan: Plan) -> Campaigning:
        """What happens to campaigns."""
        new, gone = self._signed(), self._change.gone
        marks = {text: self._prepared.marks[row] for text, row in new.items()}

        def texts() -> int:
            """How many others there are; the new ones are among them where they have been counted."""
            return self._store.texts() - (len(new) if self._counted else len(gone))

        found = Campaigning(
            self._store, self.judge, plan, gone, marks, texts, lambda text, judge: self._own(new[text], judge)
        )
        found.carry()
        return found

    # --- what was seen --------------------------------------------------------------------------------------------

    def _seen(self, row: int, ids: Sequence[str], plan: Plan) -> Seen:
        """What was seen of a row."""
        text, id_ = self._rows.texts[row], ids[row]
        if self._rows.new.get(text) == row:
            cluster, nearest = plan.clusters.get(text, text), self._nearest(text, ids)
            known = cluster != text and bool(nearest) and not self._stays_first(row, id_, cluster, plan)
            return Seen(is_duplicate=known, cluster=cluster, campaign=self._campaigns.of(cluster), nearest=nearest)
        if text in self._rows.new:
            first = ids[self._rows.new[text]]
            nearest = (Near(first, 1.0), *self._nearest(text, ids)[: NEAREST - 1])
            cluster = plan.clusters.get(text, text)
            return Seen(is_duplicate=True, cluster=cluster, campaign=self._campaigns.of(cluster), nearest=nearest)
        return self._of_known(text, id_, plan)

    def _stays_first(self, row: int, id_: str, cluster: int, plan: Plan) -> bool:
        """Whether the article of a row was the first of its cluster with the text that it had before, and still is."""
        if row not in self._rows.replaced:
            return False
        _, old = self._rows.replaced[row]
        before = self._store.places([old])[old].cluster
        return plan.joined.get(before, before) == cluster and self._is_first(id_, old, before)

    def _is_first(self, id_: str, text: int, cluster: int) -> bool:
        """Whether an article is the first of its cluster."""
        return self._store.oldest(cluster, 1) == [text] and self._store.names([text], 1)[text] == [id_]

    def _nearest(self, text: int, ids: Sequence[str]) -> tuple[Near, ...]:
        """The articles from before that a new text is most like."""
        similar = self._change.new.get(text, {})
        edges = [(-value, other) for other, value in similar.items() if value >= self._settings.threshold]
        return self._named(sorted(edges)[:NEAREST], ids)

    def _named(self, edges: list[tuple[float, int]], ids: Sequence[str]) -> tuple[Near, ...]:
        names = self._names(other for _, other in edges if other not in self._rows.new) if edges else {}
        found = []
        for value, other in edges:
            row = self._rows.new.get(other)
            name = ids[row] if row is not None else names.get(other)
            if name is not None:
                found.append(Near(name, -value))
        return tuple(found)

    def _names(self, texts: Iterable[int], but: str = "") -> dict[int, str]:
        """The first article of each text, but for this one, and those that get another text."""
        other = {*self._leaving, but}
        names = self._store.names(texts, 2 if len(other) == 1 else LOOKED_AT)
        found = ((text, [name for name in some if name not in other]) for text, some in names.items())
        return {text: some[0] for text, some in found if some}

    def _of_known(self, text: int, id_: str, plan: Plan) -> Seen:
        """What is seen of a text that is there, other than the article itself."""
        same = [Near(name, 1.0) for name in self._names([text], id_).values()]
        edges = sorted((-edge.similarity, other) for other, edge in self._store.edges([text])[text].items())
        place = self._store.places([text])[text]
        cluster = plan.clusters.get(text, plan.joined.get(place.cluster, place.cluster))
        first = bool(id_) and self._is_first(id_, text, place.cluster)
        others = bool(same) or self._store.oldest(place.cluster, 2) != [text]
        nearest = (*same, *self._named(edges[: NEAREST - len(same)], []))
        return Seen(others and not first, cluster, self._campaigns.of(cluster), nearest)

    # --- storing --------------------------------------------------------------------------------------------------

    def _store_texts(self, ids: Sequence[str], plan: Plan, copies: Mapping[int, int]) -> None:
        """Articles, texts, and how many copies they have."""
        store, rows, prepared = self._store, self._rows, self._prepared
        for text, row in rows.new.items():
            signature = self._halves[row] if prepared.fingerprints[row] else self._halves[row][:0]
            cluster = plan.clusters.get(text, text)
            body, marks = prepared.bodies[row], prepared.marks[row]
            store.add_text(Text(text, prepared.fingerprints[row], cluster, signature, body, marks))
            if rows.copies[text] > 1:
                store.set_copies(text, rows.copies[text])
        for number, text, id_ in zip(rows.numbers, rows.texts, ids, strict=True):
            if number:
                store.add_article(number, id_, text)
        for text, count in copies.items():
            if count <= 0:
                store.drop_text(text)
            else:
                store.set_copies(text, count)

    def _store_campaigns(self) -> None:
        """The campaigns of clusters, as far as they change."""
        for cluster, campaign in self._campaigns.changed().items():
            self._store.set_campaign(cluster, campaign)

    def _store_edges(self) -> None:
        """New edges, those judged again, and those that are no more; each once."""
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
    """Whether frames are looked for among so many texts: ever more rarely among ever more, whatever their order."""
    return count >= LEAST_HOLDERS and int.from_bytes(fingerprint[:4], "little") % (count // LEAST_HOLDERS) == 0


def _doubled(before: int, now: int) -> bool:
    """Whether there are more texts than a power of two that there were not."""
    return before.bit_length() < now.bit_length()
