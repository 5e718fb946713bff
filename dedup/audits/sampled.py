"""The pairs of an audit, drawn from a result, and where they go to be marked.

In: a result with its texts. Out: `Audit`, whose pairs are written as a page or a CSV file, and which makes a
`MarkedAudit` of the marks. Pairs below the threshold are found anew, which costs about what comparing cost the run.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dedup.audits import marks, printed
from dedup.audits.audited_runs import AuditedResult, AuditedRun
from dedup.audits.marked import MarkedAudit, Verdicts
from dedup.audits.populations import Population, cuts, mixed
from dedup.audits.sources import Loss, Sources
from dedup.errors import InputError, SettingsError, warn
from dedup.evidence.frame_lists import one_line
from dedup.identity import id_texts
from dedup.kernels import Integers
from dedup.stages.clusters import Graph, Pairs

BEGINNING = 80
"""Characters of each text in a CSV file."""


class AuditedPair(NamedTuple):
    """Two articles that an audit asks about."""

    left: int
    """Position of the first article that has the one text."""
    right: int
    similarity: float
    joined: bool
    """Whether they are in one cluster."""


class Stratum(NamedTuple):
    """Pairs that are sampled evenly."""

    name: str
    """Joined or apart, and how similar."""
    pairs: int
    sampled: int


def sample(found: AuditedResult, pairs: int, *, by: Iterable[object] | None, seed: int) -> Audit:
    """Draw pairs; see `Clusters.audit`.

    Args:
        found: The result, with its texts.
        pairs: How many.
        by: The source of each article; None takes it of the ids.
        seed: Of the sample.

    Raises:
        SettingsError: The seed is out of its range.
        InputError: There is not one source an article.
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed < 1 << 63:
        raise SettingsError(f"seed must be a whole number of 0 or more, got {seed!r}")
    corpus, sources = found.compared, Sources.given(found.names, by)
    assert found.representatives is not None
    every = cuts(found.threshold)
    lower = found.graph if found.lower is None else found.lower(every[0])
    met = merged(found.graph, lower, every[0])
    population = Population(found.graph, found.representatives, met, every)
    left, right = population.sample(pairs, int(seed), mixed(corpus.texts.prints[corpus.first]).sum(axis=1))
    strata, similarity = population.look_up(left, right)
    unmet = np.flatnonzero(np.isnan(similarity))
    similarity[unmet] = corpus.similarities(left[unmet], right[unmet])
    return Audit(AuditedRun(found, population, lower, sources), Pairs(left, right, similarity), strata)


def merged(graph: Graph, lower: Graph, least: float) -> Pairs:
    """Edges of two graphs of the same texts, each once, the lower text first, ascending.

    Args:
        graph: One.
        lower: The other.
        least: Similarity below which an edge is left out.
    """
    ends = np.concatenate([[graph.left, graph.right], [lower.left, lower.right]], axis=1)
    similarity = np.concatenate([graph.similarity, lower.similarity])
    left, right = np.sort(ends, axis=0)
    _, once = np.unique(left * len(graph.first) + right, return_index=True)
    once = once[similarity[once] >= least]
    return Pairs(left[once], right[once], similarity[once])


@dataclass(frozen=True, eq=False, repr=False)
class Audit:
    """Pairs of articles for a person to mark right or wrong; see `Clusters.audit`.

    A sequence of `AuditedPair`, in an order that says nothing of them, so that somebody who stops early has marked some
    of each kind.

    Attributes:
        run: What the pairs are drawn from.
        sampled: The pairs, as numbers of distinct texts.
        strata: The stratum of each.

    Example:
        >>> audit = clusters.audit(pairs=11)
        >>> audit
        <Audit: 11 of 11 pairs to be marked>
        >>> len(audit), {pair.joined for pair in audit}
        (11, {True})
        >>> marked = audit.mark([True] * 10 + [False])
        >>> round(marked.precision.value, 2)
        0.91
    """

    run: AuditedRun
    sampled: Pairs
    strata: Integers

    @cached_property
    def pairs(self) -> list[AuditedPair]:
        """The pairs, by positions of articles.

        Example:
            >>> pair = max(clusters.audit(pairs=11).pairs, key=lambda pair: pair.similarity)
            >>> articles[pair.left]["id"], articles[pair.right]["id"], round(pair.similarity, 2), pair.joined
            ('bridge-original', 'bridge-copy', 0.78, True)
        """
        left, right = self._positions
        joined = self.run.population.joined[self.strata]
        columns = (left, right, self.sampled.similarity, joined)
        return [AuditedPair(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]

    def __len__(self) -> int:
        """How many pairs there are to be marked."""
        return len(self.strata)

    def __iter__(self) -> Iterator[AuditedPair]:
        """The pairs."""
        return iter(self.pairs)

    @property
    def _positions(self) -> tuple[Integers, Integers]:
        first = self.run.found.graph.first
        return first[self.sampled.left], first[self.sampled.right]

    @property
    def losses(self) -> list[Loss]:
        """Which source loses which share of its articles when one of each cluster is kept; needs no marks.

        Example:
            >>> sources = [one["id"].partition("-")[0] for one in articles]
            >>> clusters.audit(pairs=4, by=sources).losses[0]
            Loss(source='tea', articles=5, lost=4)
        """
        return self.run.losses

    def __repr__(self) -> str:
        """One line: how many pairs, of how many."""
        return f"<Audit: {len(self):,} of {int(self.run.population.sizes().sum()):,} pairs to be marked>"

    def __str__(self) -> str:
        """What the pairs are drawn from, and what each source loses."""
        return printed.lines(self.tables)

    def _repr_html_(self) -> str:
        """The same as tables, for a notebook."""
        return printed.html(self.tables)

    @property
    def stratified(self) -> list[Stratum]:
        """What the pairs are drawn from; strata without pairs are left out.

        Example:
            >>> clusters.audit(pairs=4).stratified[0]
            Stratum(name='joined, 0.092 to 0.138', pairs=7, sampled=2)
        """
        sizes = self.run.population.sizes()
        taken = np.bincount(self.strata, minlength=len(sizes))
        rows = enumerate(zip(sizes.tolist(), taken.tolist(), strict=True))
        return [Stratum(self.run.population.name(place), size, count) for place, (size, count) in rows if size]

    @property
    def tables(self) -> list[printed.Table]:
        """What it prints.

        Example:
            >>> clusters.audit(pairs=4).tables[0].heads
            ('pairs', 'sampled', 'stratum')
        """
        rows = [(f"{size:,}", f"{count:,}", name) for name, size, count in self.stratified]
        head = f"{len(self):,} pairs to be marked; {self.run.copies:,} pairs of copies are right by definition"
        return [printed.Table(head, ("pairs", "sampled", "stratum"), rows), printed.lost(self.losses)]

    def to_csv(self, path: str | os.PathLike[str], *, csv_safe: bool = False) -> None:
        r"""Write the pairs as CSV, with an empty column `right`.

        Into it goes y where the two belong together, and n where they do not, whether the run has joined them or not.

        Args:
            path: File ending in .csv; an existing file is replaced as a whole or not touched.
            csv_safe: No text is a formula to a spreadsheet: such have an apostrophe before them.

        Raises:
            FileError: The file cannot be written.

        Example:
            >>> from pathlib import Path
            >>> clusters.audit(pairs=4).to_csv("pairs.csv")
            >>> Path("pairs.csv").read_text("utf-8-sig").splitlines()[0]
            'a,b,similarity,stratum,source_a,source_b,text_a,text_b,right'
        """
        marks.write(path, self._rows(), csv_safe=csv_safe)

    def to_html(self, path: str | os.PathLike[str], *, title: str = "dedup audit") -> None:
        """Write a page to mark the pairs in: one HTML file that opens in any browser and asks no server.

        The page keeps the marks while it is closed, and saves them as CSV. It shows neither similarity nor whether a
        pair was joined, which could sway whoever marks it.

        Args:
            path: File ending in .html or .htm; an existing file is replaced as a whole or not touched.
            title: Title of the page.

        Raises:
            FileError: The file cannot be written.
            InputError: `title` is not a string.

        Example:
            >>> clusters.audit(pairs=4).to_html("audit.html", title="Are these one another's copies?")
        """
        from dedup.report import audit_page  # noqa: PLC0415 - for those who want one

        if not isinstance(title, str):
            raise InputError(f"title must be a string, got {title!r}")
        corpus = self.run.found.corpus
        assert corpus is not None
        positions = np.stack(self._positions, axis=1).tolist()
        audit_page.write(path, corpus, positions, list(self._rows()), columns=marks.COLUMNS, title=title)

    def _rows(self) -> Iterator[tuple[object, ...]]:
        """The columns of `marks.COLUMNS`."""
        corpus = self.run.found.corpus
        assert corpus is not None
        left, right = self._positions
        texts = [[one_line(corpus.texts.text(row), BEGINNING) for row in ends.tolist()] for ends in (left, right)]
        sources = [
            [self.run.sources.names[one] for one in self.run.sources.of[ends].tolist()] for ends in (left, right)
        ]
        strata = [self.run.population.name(stratum) for stratum in self.strata.tolist()]
        similarity = [f"{one:.4f}" for one in self.sampled.similarity.tolist()]
        yield from zip(*self._names, similarity, strata, *sources, *texts, [""] * len(self), strict=True)

    def read(self, path: str | os.PathLike[str]) -> MarkedAudit:
        r"""What the marks of a file say.

        They may have been made for another run of nearly the same articles: pairs are known by their ids, and each is
        taken for one of the stratum in which it is now.

        Args:
            path: CSV that the page saved, or that `to_csv` wrote, with some of its column `right` filled in.

        Raises:
            FileError: The file cannot be read, or holds a mark that means nothing.
            InputError: It marks a pair both right and wrong.

        Warns:
            DedupWarning: Some marks say nothing of this run; the message says why.

        Example:
            >>> from pathlib import Path
            >>> audit = clusters.audit(pairs=11)
            >>> audit.to_csv("pairs.csv")  # and, as a person would fill in its last column
            >>> head, *rows = Path("pairs.csv").read_text("utf-8").splitlines()
            >>> _ = Path("marks.csv").write_text("\n".join([head, *(f"{row}y" for row in rows)]), "utf-8")
            >>> print(audit.read("marks.csv").precision)
            1.000 (1.000 to 1.000)
        """
        every, known = marks.read(path), self._known()
        left, right = self._texts([mark.a for mark in every]), self._texts([mark.b for mark in every])
        for place, mark in enumerate(every):
            several = known.get((mark.a, mark.b))
            if several:
                left[place], right[place] = several.popleft()
        return self._verdicts(left, right, np.array([mark.right for mark in every], np.int64), every)

    def mark(self, right: Iterable[bool | str | None]) -> MarkedAudit:
        """What these marks say.

        Args:
            right: Whether each pair is right, in their order, as truth values or in the words of the file; missing
                where that is not known.

        Raises:
            InputError: There is not one mark a pair, or one means nothing.

        Example:
            >>> marked = clusters.audit(pairs=4).mark(["y", "n", True, None])
            >>> len(marked)
            3
        """
        right = list(right)
        if len(right) != len(self):
            raise InputError(f"there must be one mark a pair: there are {len(self):,}, got {len(right):,}")
        said = [marks.meant(one) for one in right]
        if None in said:
            wrong = right[said.index(None)]
            raise InputError(f"a mark must be True, False, or None where it is not known, got {wrong!r}")
        return self._verdicts(self.sampled.left, self.sampled.right, np.array(said, np.int64), [])

    def _known(self) -> dict[tuple[str, str], deque[tuple[int, int]]]:
        """The sampled pairs by their ids, in order: other articles, and other pairs, may have the same ones."""
        found: dict[tuple[str, str], deque[tuple[int, int]]] = defaultdict(deque)
        ends = (self.sampled.left.tolist(), self.sampled.right.tolist())
        for a, b, i, j in zip(*self._names, *ends, strict=True):
            found[a, b].append((i, j))
        return found

    @property
    def _names(self) -> list[list[str]]:
        """The ids of both ends of each pair, as they are written."""
        names = self.run.found.names
        return [id_texts(names.take(pa.array(ends))).fill_null("").to_pylist() for ends in self._positions]

    def _texts(self, ids: list[str]) -> Integers:
        """The text of the first article with each id, -1 where there is none."""
        names = id_texts(self.run.found.names)
        rows = pc.index_in(pa.array(ids, pa.large_string()), names.combine_chunks()).fill_null(-1).to_numpy()
        return np.where(rows >= 0, self.run.found.graph.distinct[rows], -1) if len(rows) else np.empty(0, np.int64)

    def _verdicts(
        self, left: Integers, right: Integers, said: NDArray[np.int64], every: list[marks.Mark]
    ) -> MarkedAudit:
        """Each pair once; what cannot be used is counted."""
        low, high = np.minimum(left, right), np.maximum(left, right)
        strata, _ = self.run.population.look_up(np.maximum(low, 0), np.maximum(high, 0))
        why = np.select(
            [low < 0, said == marks.NONE, low == high, strata < 0],
            ["of articles that are not there", "not marked", "of copies", "that do not meet any more"], "",
        )  # fmt: skip
        used = np.flatnonzero(why == "")
        codes = low[used] * len(self.run.population.groups) + high[used]
        _, once, which = np.unique(codes, return_index=True, return_inverse=True)
        for place in used[said[used] != said[used][once[which]]][:1].tolist():
            a, b, _ = every[place]
            raise InputError(f"{a!r} and {b!r} are marked both right and wrong; keep one of the two rows")
        left_out = Counter(why[why != ""].tolist() + ["marked again"] * (len(used) - len(once)))
        for reason in sorted(left_out.keys() - {"not marked", "marked again"}):
            a, b, _ = every[int(np.argmax(why == reason))]
            warn(f"{left_out[reason]:,} of the marks are {reason} and say nothing; the first is of {a!r} and {b!r}")
        used = used[np.sort(once)]
        verdicts = Verdicts(low[used], high[used], strata[used], said[used] == marks.SURE)
        return MarkedAudit(self.run, verdicts, dict(left_out))
