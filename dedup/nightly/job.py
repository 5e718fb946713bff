"""A night, from files to outputs.

In: paths, an output folder, a state folder. Out: a `Summary`. Files that are new or have changed are read, clusters are
worked out, and the outputs take the place of those of last night. Every step is kept in the state when it is done, so a
run that was killed goes on after the last finished step, and ends with the same bytes. Memory is bounded by `memory`.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from dedup.errors import FileError, RejectsError, ReplacedError, SettingsError, warn
from dedup.files import AS_USUAL, ReadOptions, Sources, counted, placed, replacing
from dedup.nightly.catalogue import Catalogue, catalogued, numbered
from dedup.nightly.damage import read_table, reading
from dedup.nightly.forgetting import Forget
from dedup.nightly.forgetting import forget as forget_articles
from dedup.nightly.intake import as_table, bad_files, bad_rows, found, published, rejects, take_in
from dedup.nightly.members import NUMBERED, members, read_campaigns, read_members
from dedup.nightly.memory import Budget, parsed
from dedup.nightly.news import Night as Told
from dedup.nightly.night import Tonight
from dedup.nightly.outputs import NAMES, Labels, publish, resolved
from dedup.nightly.outputs import check as check_output
from dedup.nightly.previous import read as read_known
from dedup.nightly.state import State, on_disk, opened
from dedup.pipeline import Stages
from dedup.progress import Progress
from dedup.settings import Settings
from dedup.stages.changes import Changes
from dedup.system import moved_bytes, peak_bytes
from dedup.work import Progress as Tell
from dedup.work import count as count_threads

MEMORY = "8GB"
logger = logging.getLogger(__name__)
Log = Callable[[str, Mapping[str, Any]], object]
"""Called with the name of an event, and its details."""


TOLD = ("articles", "new", "gone", "replaced", "clusters", "clustered", "bad_files", "bad_rows", "forgotten")
"""What metrics are told of a night."""


@dataclass(frozen=True)
class Summary:
    """The outcome of a run.

    Args:
        night: Its number, from 1; that of the last one where nothing was new.
        whole: Whether everything was compared anew.
        articles: How many there are.
        new: How many of them were not there last night.
        gone: How many of last night's are no longer there.
        replaced: How many got another text: a row with the same id came later, in the same night or in an earlier one.
        clusters: How many of two or more articles there are.
        clustered: How many articles are in those.
        changes: How many clusters of last night joined others, were split and so on, by kind.
        files: How many were read.
        bad_files: How many could not be read at all, or not to their end.
        bad_rows: How many rows could not be read.
        seconds: How long each stage took.
        bytes: What each stage read and wrote by system calls; empty where the system does not say.
        peak_memory: Bytes that the process held at most, so far.
        forgotten: How many articles were forgotten, of those that there would be.

    Example:
        >>> from dedup import nightly
        >>> tonight = nightly.run(["examples/articles"], "labels", "tonight")
        >>> tonight.night, tonight.articles, tonight.new, tonight.clusters, tonight.clustered
        (1, 14, 14, 2, 7)
    """

    night: int
    whole: bool
    articles: int
    new: int
    gone: int
    replaced: int
    clusters: int
    clustered: int
    changes: Mapping[str, int]
    files: int
    bad_files: int
    bad_rows: int
    seconds: Mapping[str, float]
    bytes: Mapping[str, int]
    peak_memory: int
    forgotten: int = 0


def run(
    paths: Sequence[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    state: str | os.PathLike[str],
    *,
    settings: Settings | None = None,
    campaigns: bool = True,
    memory: str | int = MEMORY,
    options: ReadOptions = AS_USUAL,
    exclude: Sequence[str | os.PathLike[str]] = (),
    now: datetime | None = None,
    forget: Forget | None = None,
    threads: int | None = None,
    max_rejects: int | None = None,
    max_replaced: int | None = None,
    progress: Progress | None = None,
    log: Log | None = None,
) -> Summary:
    """Read what is new, compare it with everything before, and write the clusters.

    An article is known by its id: a row with an id that was there before replaces that article, which keeps its place
    in time. Rows and files without ids are named after the path of their file. When a file has changed, the articles
    that it no longer holds are removed; articles of files that have been deleted stay. If two files of one run have an
    id in common, with other texts, a `DedupWarning` says so.

    Args:
        paths: Files and folders; see `dedup.files.read`. Files that were read before are skipped.
        out: Folder that is written: labels, changes, rejects.
        state: Folder that is kept from night to night.
        settings: How articles are compared, the same every night; None is `Settings()`.
        campaigns: Also find the campaign of each article: clusters and lone articles that one operator made. Costs 0.5
            to 2 ms for each new text, or for all texts where everything is compared anew. If the last night had no
            campaigns, there is another night even if nothing is new.
        memory: Most memory of the process, as bytes or ``"8GB"``; at least 1 GB. The result depends on it in two ways
            only. If the sketches of all texts do not fit, it decides with which others a text is compared in a bucket
            that is full of similar ones (`Settings.bucket_cap`), or of others. Below 3 GB, with more than 2 million
            characters, it decides how fine the samples are by which frames and campaigns are found.
        options: How articles lie in the files. `ReadOptions.id_from` must be the same every night.
        exclude: Files and folders that are not read.
        now: The time of the night, with its time zone, which `first_seen` tells; None is the clock's. A night that was
            killed and goes on keeps the time with which it began.
        forget: Articles that are to go tonight; their texts stay in the state until `compact`.
        threads: How many to use; None is one a core. The result does not depend on it.
        max_rejects: Fail, and write nothing, if more rows and files than this could not be read; None is no limit.
        max_replaced: Fail, and write nothing, if more articles than this got another text: a row with the same id came
            later, in this run or since the last one; None is no limit.
        progress: Called with the stage, the work done and the whole of it.
        log: Called with events, such as a shard that was read or a stage that was done.

    Returns:
        What was read and found, how long each stage took, and how much memory.

    Raises:
        BusyError: Another run holds the state.
        FileError: A folder cannot be written to, a path does not exist, there are no articles at all, or the state is
            damaged.
        RejectsError: More could not be read than `max_rejects`; mend or leave out those files and run again.
        ReplacedError: More articles were replaced than `max_replaced`.
        SettingsError: A setting is out of its range, or not the one that the state was made with.

    Example:
        >>> import pyarrow as pa
        >>> from dedup import files, nightly
        >>> files.write(pa.Table.from_pylist(articles), "crawl.parquet")
        >>> nightly.run(["crawl.parquet"], out="labels", state="nights").clusters
        2
        >>> files.labels("labels")["label"][-6:].to_pylist()
        ['tea-1', 'tea-1', 'tea-1', 'tea-1', 'tea-1', 'tidal-flat-ko']
    """
    settings = settings or Settings()
    if settings.unit != "char":
        raise SettingsError(f"a nightly job shingles characters, got unit={settings.unit!r}; leave it out")
    check_time(now)
    budget, count = Budget(parsed(memory)), count_threads(threads)
    limits = Limits(max_rejects, max_replaced)
    home, target = on_disk(state), on_disk(out, "each night replaces the whole folder of its output")
    check_output(target, home)
    stages = Measured(progress, log or (lambda *_: None))
    with opened(home, settings, id_from=options.id_from) as held:
        job = _Job(held, target, held.settings, budget, count, stages, campaigns=campaigns, now=now)
        left_out = [placed(path) for path in exclude]
        return job.run([os.fspath(path) for path in paths], options, limits, left_out, forget)


class Limits(NamedTuple):
    """What makes a run fail; None is no limit."""

    rejects: int | None
    """Rows and files that could not be read."""
    replaced: int | None
    """Articles that got another text."""


class Measured(Stages):
    """Times stages, counts their bytes, reports their progress and logs their ends."""

    def __init__(self, progress: Progress | None, log: Log) -> None:
        super().__init__(progress, "nightly")
        self.bytes: dict[str, int] = {}
        self._log = log

    def log(self, event: str, about: Mapping[str, Any]) -> None:
        """Tell of something in the night: whoever asked for it, and `logging`."""
        words = ", ".join(f"{name} {value}" for name, value in about.items())
        logger.log(logging.WARNING if event == "problem" else logging.INFO, "%s: %s", event, words)
        self._log(event, about)

    @contextmanager
    def stage(self, name: str) -> Iterator[Tell]:
        """Run one stage under this name; yields its progress callback."""
        before, begin = moved_bytes(), time.perf_counter()
        with super().stage(name) as tell:
            yield tell
            moved = moved_bytes() - before
            self.count(bytes=moved)
        if moved:
            self.bytes[name] = self.bytes.get(name, 0) + moved
        self._log("stage", {"stage": name, "seconds": round(time.perf_counter() - begin, 3), "bytes": moved})


class _Job:
    """A run that holds its state."""

    def __init__(
        self,
        state: State,
        out: Path,
        settings: Settings,
        budget: Budget,
        threads: int,
        stages: Measured,
        *,
        campaigns: bool,
        now: datetime | None = None,
    ) -> None:
        self._state, self._out, self._settings, self._now = state, out, settings, now
        self._budget, self._threads, self._stages, self._campaigns = budget, threads, stages, campaigns

    def run(
        self,
        paths: list[str],
        options: ReadOptions,
        limits: Limits,
        exclude: Sequence[Path | str],
        forget: Forget | None,
    ) -> Summary:
        self._state.check()
        options = replace(options, longest_text=min(options.longest_text, self._budget.text))
        own = [self._out, self._state.path, *exclude]
        sources, last = found(paths, options, own), self._state.last
        before = self._state.published
        _check_missing(sources)
        for problem in sources.problems:
            self._stages.log("problem", asdict(problem))
        with self._stages.stage("read") as tell:
            files = take_in(
                self._state, sources.files, options, self._settings, now=self._now,
                threads=self._threads, progress=tell, log=self._stages.log,
            )  # fmt: skip
        fresh = len(self._state.shards) > last.shards
        rejects = self._rejects(before, sources)
        _check_rejects(rejects, limits.rejects)
        if not fresh and not last.number:
            raise FileError("no articles were read, nothing was written")
        forgotten = self._forget(forget) if forget else 0
        fresh |= self._state.marks != last.marks
        if fresh or (self._campaigns and not self._linked.exists()):
            self._work(limits.replaced)
        changed = before < self._state.last.number  # else nothing is new, and no run was killed before it wrote
        if changed:
            _check_replaced(self._state.counts["replaced"], limits.replaced)
        if changed or not self._is_there:
            self._publish(rejects, changed=changed)
        summary = self._summary(files, rejects, changed=changed, forgotten=forgotten)
        self._stages.done(**{name: getattr(summary, name) for name in TOLD})
        return summary

    def _work(self, max_replaced: int | None) -> None:
        with self._stages.stage("read"):
            catalogue = catalogued(self._state, self._budget.mapped)
            self._budget.check(len(catalogue), catalogue.ids.nbytes)
            if not catalogue.live.any():
                raise FileError("no articles were read, nothing was written")
            self._tell_replaced(catalogue, max_replaced)
            tonight = Tonight(
                self._state,
                catalogue,
                self._settings,
                self._budget,
                self._threads,
                self._stages,
                linked=self._campaigns,
            )
        self._stages.log("night", {"night": tonight.night.number, "whole": tonight.whole})
        tonight.work()

    def _forget(self, what: Forget) -> int:
        """Mark what is to be forgotten; returns how many articles that are."""
        found = forget_articles(self._state, catalogued(self._state, self._budget.mapped), what)
        self._stages.log("forgotten", found._asdict())
        return found.articles

    def _tell_replaced(self, catalogue: Catalogue, most: int | None) -> None:
        """Warn of ids that two files of this run have; fail where too many articles were replaced."""
        begin = self._state.published_rows
        replaced = catalogue.replaced(begin)
        repeats = catalogue.repeats(replaced, begin)
        if repeats is not None:
            self._stages.log("repeats", repeats._asdict())
            warn(str(repeats))
        _check_replaced(len(replaced.later), most)

    # --- what could not be read -----------------------------------------------------------------------------------

    def _rejects(self, night: int, sources: Sources) -> pa.Table:
        """What could not be read after a night, and which paths lead nowhere."""
        return pa.concat_tables([as_table(sources.problems), *rejects(self._state, night, sources.files)])

    # --- outputs --------------------------------------------------------------------------------------------------

    @property
    def _folder(self) -> Path:
        return self._state.night(self._state.last.number)

    @property
    def _linked(self) -> Path:
        """The campaigns of the last night, if they were asked for."""
        return self._folder / "campaigns.parquet"

    @property
    def _is_there(self) -> bool:
        """Whether the output folder holds the last night."""
        whole = all((self._out / name).exists() for name in NAMES)
        with reading(self._state.marker):
            return whole and json.loads(self._state.marker.read_bytes()) == str(resolved(self._out))

    def _publish(self, rejects: pa.Table, *, changed: bool = True) -> None:
        """Write the last night."""
        with self._stages.stage("write"):
            catalogue = catalogued(self._state, self._budget.mapped, self._state.last.shards)
            found = read_table(self._folder / "changes.parquet", NUMBERED)
            changes = Changes(*(column.to_numpy() for column in (found if changed else found.slice(0, 0)).columns))
            night = self._told(catalogue, changes, changed=changed)
            tables = {
                "changes.parquet": [changes.table(catalogue.ids)],
                "rejects.parquet": [published(rejects)],
                "new.parquet": night.new(),
                "clusters.parquet": night.clusters(),
            }
            publish(self._out, night.labels, tables)
            with replacing(self._state.marker) as file:
                file.write(json.dumps(str(resolved(self._out))).encode())
        replaced = self._state.counts["replaced"] if changed else 0
        about = {"path": str(self._out), "articles": int(catalogue.live.sum()), "replaced": replaced}
        self._stages.log("written", about)

    def _told(self, catalogue: Catalogue, changes: Changes, *, changed: bool) -> Told:
        """The labels of all articles, in the order in which they were read, and what else is told of the night."""
        texts = read_known(self._folder, self._state.last.texts, len(catalogue))
        _, number = numbered(catalogue, texts.prints)
        clusters = texts.clusters(number, self._settings)
        rows = np.flatnonzero(catalogue.live)
        similarity = np.ones(len(catalogue))
        similarity[number >= 0] = texts.similarity[number[number >= 0]]
        of = members(clusters, catalogue)
        place = np.searchsorted(of.numbers, catalogue.numbers[rows])
        campaign = read_campaigns(self._linked, of, len(catalogue))[place] if self._campaigns else None
        labels = Labels(
            catalogue.ids, rows, clusters.heads[rows], clusters.sizes[rows], similarity[rows], of.clusters[place],
            campaign,
        )  # fmt: skip
        before = read_members(self._folder / "before.parquet", len(catalogue)) if changed else of
        since = self._state.counts["since"] if changed else self._state.last.number
        renamed = Changes(*(column[changes.kind == "renamed"] for column in changes))
        return Told(catalogue, labels, before, renamed, since, number, self._folder / "edges.parquet")

    def _summary(self, files: int, rejects: pa.Table, *, changed: bool, forgotten: int) -> Summary:
        kinds = read_table(self._folder / "changes.parquet", NUMBERED)["kind"].to_pylist() if changed else []
        counts = self._state.counts
        counts.pop("since")
        return Summary(
            night=self._state.last.number,
            whole=bool(counts.pop("whole")) and changed,
            **counts | ({} if changed else {"new": 0, "gone": 0, "replaced": 0}),
            changes=dict(Counter(kinds)),
            files=files,
            bad_files=bad_files(rejects),
            bad_rows=bad_rows(rejects),
            seconds={stage: round(taken, 3) for stage, taken in self._stages.seconds.items()},
            bytes=self._stages.bytes,
            peak_memory=peak_bytes(),
            forgotten=forgotten,
        )


def check_time(now: datetime | None) -> None:
    """Refuse a time of a night that is none.

    Args:
        now: The time.

    Raises:
        SettingsError: It has no time zone, or is before 1970.
    """
    if now is not None and (now.tzinfo is None or now.timestamp() <= 0):
        raise SettingsError(f"now must be a time after 1970 with a time zone, got {now.isoformat()!r}")


def _check_missing(sources: Sources) -> None:
    """Refuse missing paths: a crawl whose disk is not mounted must not look like a night without news."""
    for problem in sources.missing:
        raise FileError(f"cannot read {problem.path!r}, and nothing was read: {problem.reason}")


def _check_rejects(rejects: pa.Table, most: int | None) -> None:
    count = bad_files(rejects) + bad_rows(rejects)
    if most is not None and count > most:
        first = next(row for row in rejects.to_pylist() if row["severity"] == "error")
        raise RejectsError(
            f"{count:,} rows and files could not be read, more than the {most:,} that are allowed, and nothing was "
            f"written; the first is {first['path']}: {first['reason']}; mend the files and run again"
        )


def _check_replaced(count: int, most: int | None) -> None:
    if most is not None and count > most:
        raise ReplacedError(
            f"{counted(count, 'article')} {'was' if count == 1 else 'were'} replaced by another text with the same id, "
            f"more than the {most:,} that are allowed, and nothing was written; make the ids unique and run again, or "
            "begin a new state with --id-from path+id, or allow more"
        )
