"""What a night works out: from the articles there are to clusters, a step at a time, each kept when it is done.

In: a state, and all rows of it. Out: in the state, the night: frames, document frequencies, signatures, candidates,
edges, clusters, changes, and campaigns if they are asked for. In a whole night everything is weighed, signed and
compared anew. In a partial one only new texts are signed, with the weights and without the frames of their generation;
they are compared with everything before, by the document frequencies and without the frames of tonight. A whole night
costs the time of `dedup.cluster`, in memory that is bounded.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property, partial

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.evidence.campaigns import Similar
from dedup.evidence.corpus import Corpus
from dedup.files import replacing
from dedup.kernels import Integers
from dedup.nightly.candidates import Meeting
from dedup.nightly.catalogue import Catalogue, numbered
from dedup.nightly.damage import damaged, read_columns, rows, summed
from dedup.nightly.framing import Marks, found, latest, left_out, lost
from dedup.nightly.framing import keep as keep_frames
from dedup.nightly.framing import read as read_frames
from dedup.nightly.gathered import COLUMNS, rate_of
from dedup.nightly.gathered import write as gather
from dedup.nightly.keeping import keep
from dedup.nightly.linking import campaigns
from dedup.nightly.members import members, oldest, read_campaigns, read_members
from dedup.nightly.memory import Budget
from dedup.nightly.previous import NOTHING, Known
from dedup.nightly.previous import read as read_known
from dedup.nightly.signed import Layout, Part, taken_up
from dedup.nightly.signed import write as write_signatures
from dedup.nightly.sketching import counted, keep_sketch, keep_weights, read_sketch, read_weights, weighed
from dedup.nightly.state import GATHERED, SIGNATURES, Night, State
from dedup.nightly.stored_bands import StoredBands
from dedup.nightly.stored_runs import StoredRuns
from dedup.nightly.verifying import judged, judged_again
from dedup.nightly.verifying import keep as keep_edges
from dedup.nightly.verifying import read as read_edges
from dedup.pipeline import Stages, chosen_bands
from dedup.results import Clusters
from dedup.settings import Settings
from dedup.stages.changes import NOBODY, Members, changes, counts
from dedup.stages.clusters import NO_PAIRS, Graph, Pairs, representatives
from dedup.stages.frames import Rate
from dedup.stages.frequencies import Sketch
from dedup.stages.pairs import TILE
from dedup.stages.shingles import NO_WINDOWS, Texts
from dedup.stages.weights import SketchWeights
from dedup.work import Progress

GROWTH = 1.5
"""A night is whole when there are this many times as many texts as in the last whole night."""
CAPPED = pa.schema({"capped": pa.bool_()})


class Tonight:
    """The work of a night.

    Args:
        state: Where its results go.
        catalogue: All rows.
        settings: How articles are compared.
        budget: Of memory.
        threads: How many to use.
        stages: Collects times and reports progress.
        linked: Whether campaigns are asked for.

    Attributes:
        whole: Whether everything is done anew.
        night: What the state will say of it.
    """

    def __init__(
        self,
        state: State,
        catalogue: Catalogue,
        settings: Settings,
        budget: Budget,
        threads: int,
        stages: Stages,
        *,
        linked: bool = True,
    ) -> None:
        self._state, self._catalogue, self._settings = state, catalogue, settings
        self._budget, self._threads, self._stages, self._linked = budget, threads, stages, linked
        last = state.last
        self._known = read_known(state.night(last.number), last.texts, len(catalogue)) if last.number else NOTHING
        self._prints, self._number = numbered(catalogue, self._known.prints)
        texts = int(_held(self._number, len(self._prints)).sum())
        self.whole = texts >= GROWTH * last.fitted
        if self.whole and last.number:
            self._known = NOTHING
            self._prints, self._number = numbered(catalogue, self._known.prints)
        self.night = Night(
            last.number + 1,
            len(state.shards),
            last.generation + self.whole,
            len(self._prints),
            texts if self.whole else last.fitted,
            state.marks,
        )
        self._layout = layout_of(settings)
        self._signed = self._was_left_out = self._left_out = NO_WINDOWS

    def work(self) -> None:
        """Run all steps."""
        self._state.begin(self.night)
        self._frame()
        weights = self._weigh()
        self._sign(weights)
        self._meet()
        edges = self._judge(weights)
        now, representatives = self._group(edges, weights)
        if self._linked:
            self._link(edges, weights, now, representatives)
        self._state.commit(self.night)

    @contextmanager
    def _staged(self, name: str) -> Iterator[Progress]:
        """Run one stage under this name, and hand pages of texts back when it tells its progress, and at its end."""
        with self._stages.stage(name) as tell:

            def told(done: int, total: int) -> None:
                self._give_back()
                tell(done, total)

            yield told
            self._give_back()

    def _give_back(self, *_: int) -> None:
        self._catalogue.texts.give_back()

    # --- texts ----------------------------------------------------------------------------------------------------

    @cached_property
    def _first(self) -> Integers:
        """(d,): the first row with each text; for a text that is gone, the row by which it was known."""
        first = np.empty(len(self._prints), np.int64)
        first[: len(self._known)] = self._known.first
        rows = np.flatnonzero(self._number >= 0)[::-1]
        first[self._number[rows]] = rows
        return first

    @cached_property
    def _live(self) -> NDArray[np.bool_]:
        """(d,): whether an article has the text."""
        return _held(self._number, len(self._prints))

    @cached_property
    def _was_live(self) -> NDArray[np.bool_]:
        """(d,): whether an article had the text last night."""
        was = np.zeros(len(self._prints), np.bool_)
        was[: len(self._known)] = self._known.live
        return was

    @cached_property
    def _texts(self) -> Texts:
        return Texts.of(self._catalogue.column, self._settings, known=(self._catalogue.lengths, self._catalogue.prints))

    def _corpus(self, weights: SketchWeights | None) -> Corpus:
        """The texts as they are counted and signed."""
        return Corpus(self._texts.without(self._signed), self._first, self._number, weights)

    def _judged(self, weights: SketchWeights | None) -> Corpus:
        """The texts as pairs of them are verified."""
        tile = min(TILE, self._budget.verified // self._threads)
        return Corpus(self._texts.without(self._left_out), self._first, self._number, weights, tile=tile)

    # --- steps ----------------------------------------------------------------------------------------------------

    def _frame(self) -> None:
        """Find frames: those of a whole night are left out of all, those of a partial one where pairs are verified."""
        if not (self._settings.frames and self._settings.weighted):
            return
        of_all, since = self._state.frames(self.night.generation), self._state.work / "frames.parquet"
        with self._staged("frames") as tell:
            if self.whole and not of_all.exists():
                keep_frames(self._found(np.flatnonzero(self._live), tell), of_all)
            marks = read_frames(of_all)
            if not since.exists():
                keep_frames(self._since(marks, tell), since)
            self._signed, self._left_out = left_out(marks), left_out(marks, read_frames(since))
            self._was_left_out = left_out(marks, self._last_frames(marks))

    def _since(self, marks: Marks, tell: Progress) -> Marks:
        """The frames that were found since the last whole night, tonight included."""
        before = self._last_frames(marks)
        if self.whole or len(self._known) == len(self._prints):
            return before
        return before.and_more(self._found(self._latest, tell, least_rate=marks.rate))

    def _last_frames(self, marks: Marks) -> Marks:
        """The frames that the partial nights before tonight found."""
        return marks.none if self.whole else read_frames(self._state.night(self.night.number - 1) / "frames.parquet")

    @property
    def _latest(self) -> Integers:
        """Numbers of the texts among which a partial night looks for frames."""
        return latest(self._catalogue.lengths[self._first], self._live, len(self._known))

    def _found(self, numbers: Integers, tell: Progress, least_rate: int = 1) -> Marks:
        """The frames among some texts."""
        return found(
            self._texts, self._first[numbers], prior_articles=self._settings.prior_articles, most=self._budget.sampled,
            least_rate=least_rate, threads=self._threads, progress=tell,
        )  # fmt: skip

    def _weigh(self) -> SketchWeights | None:
        """Count the texts that came and went; returns the weights of tonight."""
        if not self._settings.weighted:
            return None
        path = self._state.work / "frequencies.parquet"
        with self._staged("weigh") as tell:
            if path.exists():
                sketch = read_sketch(path)
            else:
                sketch = self._last_sketch()
                for texts, step in ((self._live & ~self._was_live, 1), (self._was_live & ~self._live, -1)):
                    some = np.flatnonzero(texts)
                    counted(self._corpus(None), sketch, some, step=step, threads=self._threads, progress=tell)
                keep_sketch(sketch, path)
            return weighed(sketch, int(self._live.sum()), self._settings)

    def _last_sketch(self) -> Sketch:
        if not self.whole:
            return read_sketch(self._state.night(self.night.number - 1) / "frequencies.parquet")
        characters = int(self._catalogue.lengths[self._first[self._live]].sum())
        return Sketch(Sketch.bits_for(characters))

    def _sign(self, weights: SketchWeights | None) -> None:
        """Sign new texts with the weights of their generation, and merge the files of small nights before."""
        night, known = self.night, len(self._known)
        with self._staged("sign") as tell:
            files = self._state.files(SIGNATURES, night.generation, night.number)
            if any(file.night == night.number for file in files):
                return
            before = self._parts(night.number - 1, known)
            taken = taken_up(before, len(self._prints) - known)
            first = known - sum(part.end - part.begin for part in taken)
            write_signatures(
                self._state.new_file(SIGNATURES, night.generation, night.number, first),
                taken,
                self._corpus(self._signing_weights(weights)),
                np.arange(known, len(self._prints)),
                self._layout,
                threads=self._threads,
                progress=tell,
            )

    def _parts(self, upto: int, texts: int) -> list[Part]:
        """The files of signatures of this generation up to a night, with the rows of each."""
        files = self._state.files(SIGNATURES, self.night.generation, upto)
        ends = [file.first for file in files[1:]] + [texts] * bool(files)
        parts = [Part(file.path, 0, end - file.first) for file, end in zip(files, ends, strict=True)]
        self._check_parts(parts, texts)
        return parts

    def _check_parts(self, parts: list[Part], texts: int) -> None:
        """Refuse files that do not have all texts: one is missing, or belongs to another night."""
        if sum(part.end for part in parts) != texts:
            raise damaged(self._state.weights(self.night.generation).parent, "there are texts without signatures")
        for part in parts:
            if rows(part.path, self._layout.schema) != part.end:
                raise damaged(part.path, f"it does not hold the signatures of {part.end:,} texts")

    def _signing_weights(self, weights: SketchWeights | None) -> SketchWeights | None:
        path = self._state.weights(self.night.generation)
        if weights is not None and self.whole:
            keep_weights(weights, path)
        return weights if weights is None or self.whole else read_weights(path)

    def _meet(self) -> None:
        """Find candidate pairs, in which at least one text is new."""
        work = self._state.work
        with self._staged("meet") as tell:
            if (work / "capped.parquet").exists():
                return
            parts = self._parts(self.night.number, len(self._prints))
            meeting = Meeting(
                parts, self._layout, self._settings, len(self._known), self._budget, work,
                threads=self._threads, progress=tell,
            )  # fmt: skip
            meeting.walk()
            capped = meeting.keep(work / "candidates.parquet")
            capped[: len(self._known)] |= self._known.capped
            keep(work / "capped.parquet", {"capped": capped})

    def _judge(self, weights: SketchWeights | None) -> Pairs:
        """Verified edges of texts that articles have; other edges are kept on disk, for a text may come back."""
        path = self._state.work / "edges.parquet"
        with self._staged("verify") as tell:
            if not path.exists():
                found = judged(
                    self._state.work / "candidates.parquet", self._judged(weights), self._settings.threshold,
                    evidence=self._settings.least_shared, threads=self._threads, progress=tell,
                    check=self._budget.check_edges, before=self._old_edges(weights),
                )  # fmt: skip
                keep_edges(found, path)
            edges = read_edges(path, len(self._prints))
            return edges.where(self._live[edges.left] & self._live[edges.right])

    def _old_edges(self, weights: SketchWeights | None) -> Pairs:
        """The edges of last night; pairs that lose a frame tonight are verified again."""
        if self.whole:
            return NO_PAIRS
        edges = read_edges(self._state.night(self.night.number - 1) / "edges.parquet", len(self._known))
        some, again = self._latest, np.zeros(len(self._prints), np.bool_)
        again[some] = lost(self._texts, self._first[some], self._was_left_out, self._left_out)
        return judged_again(
            edges, again[edges.left] & again[edges.right], self._judged(weights), self._settings.threshold,
            evidence=self._settings.least_shared, threads=self._threads, progress=self._give_back,
        )  # fmt: skip

    def _group(self, edges: Pairs, weights: SketchWeights | None) -> tuple[Members, Integers]:
        """Keep clusters and what became of last night's; returns the articles, and the representative of each text."""
        work = self._state.work
        with self._staged("cluster"):
            capped = read_columns(work / "capped.parquet", CAPPED)[0]
            graph = Graph(self._first, self._number, *edges, capped)
            chosen = representatives(graph, self._settings.threshold, self._settings.linkage)
            result = Clusters(graph, self._settings.threshold, self._settings.linkage, representatives=chosen)
            similarity = self._similarity(result, chosen, weights)
            now = members(result, self._catalogue)
            high, low = (np.ascontiguousarray(half) for half in self._prints.T)
            Known(high, low, self._first, self._live, capped, chosen, similarity).write(work)
            before, about = self._before(), {"whole": self.whole, "since": self._state.published}
            keep(work / "before.parquet", before._asdict())
            keep(work / "articles.parquet", now._asdict())
            keep(work / "changes.parquet", changes(before, now)._asdict())
            about |= counts(before, now) | {"replaced": len(self._catalogue.replaced(self._state.published_rows).later)}
            with replacing(work / "counts.json") as file:
                file.write(summed(about))
            return now, chosen

    def _link(self, edges: Pairs, weights: SketchWeights | None, now: Members, representatives: Integers) -> None:
        """Find campaigns; without weights each cluster is a campaign."""
        path = self._state.work / "campaigns.parquet"
        with self._staged("campaigns") as tell:
            if path.exists():
                read_campaigns(path, now, len(self._catalogue))
                return
            if weights is None:
                keep(path, {"campaigns": now.clusters})
                return
            group = campaigns(
                self._gathered(tell), self._prints, self._live, representatives, edges, self._similar(weights),
                self._budget, give_back=self._give_back,
            )  # fmt: skip
            keep(path, {"campaigns": oldest(group, self._number, self._catalogue)})

    def _gathered(self, tell: Progress) -> list[Part]:
        """What campaigns are found by, of all texts; gathered now of texts since the last night with campaigns."""
        night, texts, before = self.night, len(self._prints), self._gathered_parts()
        known = sum(part.end for part in before)
        if known == texts:
            return before
        taken = taken_up(before, texts - known)
        characters = int(self._catalogue.lengths[self._first[self._live]].sum())
        gather(
            self._state.new_file(GATHERED, night.generation, night.number, known - sum(part.end for part in taken)),
            taken,
            self._texts,
            self._first[known:],
            rate_of(before) or Rate.of(characters, self._budget.sampled).windows,
            progress=tell,
        )
        return self._gathered_parts()

    def _gathered_parts(self) -> list[Part]:
        """The files of what was gathered in this generation, with the rows of each; they hold the first texts."""
        files, parts, known = self._state.files(GATHERED, self.night.generation, self.night.number), [], 0
        ends = [file.first for file in files[1:]] + [None] * bool(files)  # the last one may end before the texts do
        for file, end in zip(files, ends, strict=True):
            count = rows(file.path, COLUMNS)
            known += count
            if file.first != known - count or known > len(self._prints) or known != (end or known):
                raise damaged(
                    file.path, f"it holds {count:,} texts from {file.first:,} on, which is not what is needed"
                )
            parts.append(Part(file.path, 0, count))
        return parts

    def _similarity(self, result: Clusters, chosen: Integers, weights: SketchWeights | None) -> NDArray[np.float64]:
        """(d,): similarity of each text to its representative: from an edge, from last night, or computed."""
        similarity = np.ones(len(self._prints))
        similarity[self._live] = result.to_representative[self._first[self._live]]
        before = np.full(len(self._prints), -1)
        before[: len(self._known)] = self._known.representative
        same = np.flatnonzero(np.isnan(similarity) & (before == chosen))
        similarity[same] = self._known.similarity[same]
        alone = np.flatnonzero(np.isnan(similarity))
        similarity[alone] = self._similar(weights)(chosen[alone], alone)
        return similarity

    def _similar(self, weights: SketchWeights | None) -> Similar:
        """Gives the exact similarity of pairs of texts."""
        return partial(self._judged(weights).similarities, threads=self._threads, progress=self._give_back)

    def _before(self) -> Members:
        """The articles of the last night that was published, and their clusters."""
        last = self._state.last.number
        if not last:
            return NOBODY
        name = "articles.parquet" if self._state.published == last else "before.parquet"
        return read_members(self._state.night(last) / name, len(self._catalogue))


def layout_of(settings: Settings) -> Layout:
    """What is kept of texts to find candidates by."""
    return StoredRuns(settings) if settings.weighted else StoredBands(settings, chosen_bands(settings))


def _held(number: Integers, texts: int) -> NDArray[np.bool_]:
    """(texts,): whether an article has each text, from the number of each row's text, -1 for none."""
    held = np.zeros(texts, np.bool_)
    held[number[number >= 0]] = True
    return held
