"""What the marks of a person say of a whole run.

In: an audit, and which of its pairs are right. Out: precision and recall with their intervals: of all pairs, by
similarity, by source, and at other thresholds. Every one of these splits the strata of the sample further, into cells
whose sizes are counted exactly. A threshold costs a linking of the edges.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup.audits import printed
from dedup.audits.audited_runs import AuditedRun
from dedup.audits.estimates import Cells, Estimate, precision, recall
from dedup.audits.populations import together
from dedup.audits.sources import Loss, touching
from dedup.errors import SettingsError
from dedup.kernels import Integers

TRIED = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0)
"""Thresholds that are tried, as multiples of the run's own."""


class Verdicts(NamedTuple):
    """Pairs of texts that were marked, each once."""

    left: Integers
    right: Integers
    strata: Integers
    sure: NDArray[np.bool_]
    """Whether a pair is right."""


class Rated(NamedTuple):
    """Precision and recall of some of the pairs."""

    name: str
    """A range of similarity, or a source."""
    joined: int
    """Pairs in one cluster."""
    apart: int
    """Pairs that met and are in two clusters."""
    marked: int
    precision: Estimate | None
    """None where no joined pair was marked."""
    recall: Estimate | None


class Tried(NamedTuple):
    """What another threshold would do."""

    threshold: float
    clusters: int
    """Of two or more articles."""
    articles: int
    """In these clusters."""
    precision: Estimate | None
    recall: Estimate | None
    known: float
    """Share of the pairs that it joins of which the marks tell anything; 1 at the run's threshold."""


@dataclass(frozen=True, eq=False, repr=False)
class MarkedAudit:
    r"""What an audit says, now that its pairs are marked; see `Clusters.audit` for what precision and recall are of.

    Attributes:
        run: What the pairs were drawn from.
        verdicts: What was said of which.
        left_out: How many marks were of no use, by the reason.

    Example:
        >>> marked = clusters.audit(pairs=11).mark([True] * 10 + [False])
        >>> print(marked.precision, marked.recall, sep="\n")
        0.909 (0.909 to 0.909)
        1.000 (1.000 to 1.000)
        >>> len(marked), marked.left_out
        (11, {})
    """

    run: AuditedRun
    verdicts: Verdicts
    left_out: dict[str, int]

    def __len__(self) -> int:
        """How many pairs are marked right or wrong."""
        return len(self.verdicts.sure)

    def __repr__(self) -> str:
        """One line: precision and recall."""
        return f"<MarkedAudit: {len(self):,} pairs marked, precision {self.precision}, recall {self.recall}>"

    @cached_property
    def precision(self) -> Estimate | None:
        """The share of the pairs of texts in one cluster that are right; None where none of them was marked.

        Example:
            >>> print(clusters.audit(pairs=11).mark([True] * 10 + [False]).precision)
            0.909 (0.909 to 0.909)
        """
        return precision(self._cells)

    @cached_property
    def recall(self) -> Estimate | None:
        """The share of the right pairs of texts that are in one cluster, among all that met or are in one.

        Example:
            >>> print(clusters.audit(pairs=11).mark([True] * 11).recall)
            1.000 (1.000 to 1.000)
        """
        return recall(self._cells)

    @cached_property
    def precision_with_copies(self) -> Estimate | None:
        """Precision of pairs of articles, in which a text counts as often as it was copied, and copies are right.

        Example:
            >>> doubled = dedup.cluster([*articles, {"id": "again", "text": articles[8]["text"]}])
            >>> marked = doubled.audit(pairs=11).mark([True] * 11)
            >>> marked.precision_with_copies.value
            1.0
        """
        return precision(self._of_articles)

    @cached_property
    def recall_with_copies(self) -> Estimate | None:
        """Recall of pairs of articles, in which a text counts as often as it was copied, and copies are right.

        Example:
            >>> print(clusters.audit(pairs=11).mark([True] * 11).recall_with_copies)
            1.000 (1.000 to 1.000)
        """
        return recall(self._of_articles)

    @cached_property
    def by_similarity(self) -> list[Rated]:
        """Precision and recall of the pairs in each range of similarity; the last row is of pairs that never met.

        Example:
            >>> for row in clusters.audit(pairs=11).mark([True] * 11).by_similarity:
            ...     print(row.name, row.joined, row.apart, row.marked)
            0.092 to 0.138 7 0 7
            0.138 to 0.276 3 0 3
            0.276 to 1 1 0 1
        """
        names = [*map(self.run.population.range_name, range(self.run.population.ranges)), "never met"]
        rows = [_rated(name, self._cells.where(self._ranges == number)) for number, name in enumerate(names)]
        return [row for row in rows if row.joined or row.apart]

    @cached_property
    def at_least(self) -> list[Rated]:
        """Precision and recall of the pairs from each similarity on, up to the threshold; without those that never met.

        The lower it begins, the more there is that was missed, and the wider are the intervals of recall: a share of a
        hundredth of a hundred thousand pairs takes many marks to be known.

        Example:
            >>> for row in clusters.audit(pairs=11).mark([True] * 11).at_least:
            ...     print(row.name, row.joined, row.precision.value)
            0.046 to 1 11 1.0
            0.069 to 1 11 1.0
            0.092 to 1 11 1.0
        """
        population, of = self.run.population, self._ranges
        return [
            _rated(f"{cut:.3g} to 1", self._cells.where((of >= number) & (of < population.ranges)))
            for number, cut in enumerate(population.cuts)
            if cut <= self.run.found.threshold
        ]

    @property
    def _ranges(self) -> Integers:
        """(strata,): the range of similarity of each."""
        ranges, every = self.run.population.ranges, np.arange(len(self._cells.joined))
        return np.where(every == 2 * ranges, ranges, every % ranges)

    @cached_property
    def by_source(self) -> list[Rated]:
        """Precision and recall of the pairs with an end in each source; those with the most joined pairs first.

        A text that several sources hold is one of its first article's. Sources without marks are left out.

        Example:
            >>> sources = [one["id"].partition("-")[0] for one in articles]
            >>> for row in clusters.audit(pairs=11, by=sources).mark([True] * 11).by_source:
            ...     print(row.name, row.joined, row.precision)
            tea 10 1.000 (1.000 to 1.000)
            bridge 1 1.000 (1.000 to 1.000)
        """
        ends, sizes = self._sourced, self._sizes_by_source
        rows = []
        for number in np.unique(np.stack(ends)).tolist():
            mine = (ends[0] == number) | (ends[1] == number)
            rows.append(
                _rated(self.run.sources.names[number], self._counted(sizes[number], self.verdicts.strata, mine))
            )
        return sorted(rows, key=lambda row: (-row.joined, row.name))

    @property
    def losses(self) -> list[Loss]:
        """Which source loses which share of its articles when one of each cluster is kept.

        Example:
            >>> sources = [one["id"].partition("-")[0] for one in articles]
            >>> clusters.audit(pairs=4, by=sources).mark([True] * 4).losses[0]
            Loss(source='tea', articles=5, lost=4)
        """
        return self.run.losses

    def thresholds(self, *thresholds: float) -> list[Tried]:
        """What other thresholds would do: their clusters, and their precision and recall by the same marks.

        Below the run's threshold there may be pairs that the audit did not know of; `Tried.known` tells of how many of
        the joined pairs precision speaks.

        Args:
            *thresholds: From half the run's own to 1; none are seven about the run's own.

        Raises:
            SettingsError: A threshold is out of its range.

        Example:
            >>> for one in clusters.audit(pairs=11).mark([True] * 11).thresholds(0.1, 0.3):
            ...     print(one.threshold, one.clusters, one.precision.value, round(one.recall.value, 2))
            0.1 2 1.0 1.0
            0.3 1 1.0 0.09
        """
        own, least = self.run.found.threshold, self.run.population.cuts[0]
        chosen = thresholds or tuple(round(own * times, 4) for times in TRIED if own * times <= 1)
        for one in chosen:
            if isinstance(one, bool) or not isinstance(one, int | float) or not round(least, 4) <= one <= 1:
                raise SettingsError(
                    f"a threshold must be from {least:.4g}, half the run's own, to 1, got {one!r}; for a lower one run "
                    "cluster() again and audit that"
                )
        return [self._tried(float(one)) for one in chosen]

    def __str__(self) -> str:
        """All of it, as tables."""
        return printed.lines(self.tables)

    def _repr_html_(self) -> str:
        """The same as tables, for a notebook."""
        return printed.html(self.tables)

    @property
    def tables(self) -> list[printed.Table]:
        """What it prints.

        Example:
            >>> [table.caption for table in clusters.audit(pairs=11).mark([True] * 11).tables][1:3]
            ['From a similarity on', 'By similarity']
        """
        left_out = "".join(f"; {count:,} {why}" for why, count in self.left_out.items())
        whole = [
            (_said(self.precision), _said(self.recall), "pairs of texts"),
            (_said(self.precision_with_copies), _said(self.recall_with_copies), "pairs of articles, copies too"),
        ]
        least = f"{self.run.population.cuts[0]:.3g}"
        of = f"recall is of the pairs that met, from a similarity of {least}"
        return [
            printed.Table(f"{len(self):,} pairs marked{left_out}; {of}", ("precision", "recall", "of"), whole),
            _table("From a similarity on", "similarity", self.at_least),
            _table("By similarity", "similarity", self.by_similarity),
            _table("By source", "source", self.by_source[: printed.SHOWN]),
            _tried(self.thresholds()),
            printed.lost(self.losses),
        ]

    @cached_property
    def _cells(self) -> Cells:
        return self._counted(self.run.population.sizes(), self.verdicts.strata)

    @cached_property
    def _of_articles(self) -> Cells:
        """Cells of pairs of articles; the last one is of copies, all of which are known to be right."""
        population, (left, right, strata, sure) = self.run.population, self.verdicts
        weights = population.weights(left, right).astype(np.float64)
        sizes = population.sizes(copies=True)
        seen, right_, squares = (
            np.bincount(strata, values, len(sizes)) for values in (weights, weights * sure, weights * weights)
        )
        even = np.divide(seen * seen, squares, out=np.zeros(len(sizes)), where=squares > 0)  # Kish, 1965
        copies = np.full(1, float(self.run.copies))
        columns = [np.concatenate([column, copies]) for column in (sizes, seen, right_, even)]
        return Cells(np.append(population.joined, True), *columns)

    def _counted(
        self,
        sizes: Integers,
        cells: Integers,
        mine: NDArray[np.bool_] | None = None,
        joined: NDArray[np.bool_] | None = None,
    ) -> Cells:
        """Cells of these sizes with the marks in them.

        Args:
            sizes: (c,) pairs in each.
            cells: The cell of each pair that was marked.
            mine: Which marks count; None is all.
            joined: (c,) whether the pairs of a cell are in one cluster; None is what the strata say.
        """
        mine = np.ones(len(cells), np.bool_) if mine is None else mine
        seen = np.bincount(cells[mine], minlength=len(sizes)).astype(np.float64)
        right = np.bincount(cells[mine & self.verdicts.sure], minlength=len(sizes)).astype(np.float64)
        return Cells(
            self.run.population.joined if joined is None else joined, sizes.astype(np.float64), seen, right, seen
        )

    @property
    def _sourced(self) -> tuple[Integers, Integers]:
        """The sources of both ends of the pairs that were marked."""
        of = self.run.source_of
        return of[self.verdicts.left], of[self.verdicts.right]

    @cached_property
    def _sizes_by_source(self) -> Integers:
        """(sources, strata): pairs with an end in each source."""
        population, sources = self.run.population, self.run.sources
        of, count = self.run.source_of, len(sources.names)
        one, other = of[population.met.left], of[population.met.right]
        sizes = np.zeros((count, len(population.joined)), np.int64)
        np.add.at(sizes, (one, population.strata), 1)
        differ = one != other
        np.add.at(sizes, (other[differ], population.strata[differ]), 1)
        sizes[:, -1] = touching(population.groups, of, count) - sizes[:, population.joined].sum(axis=1)
        return sizes

    def _tried(self, threshold: float) -> Tried:
        """A threshold: strata are split by whether it joins their pairs."""
        population, own = self.run.population, self.run.found
        groups = self.run.groups(threshold)
        met, strata = population.met, population.strata
        count = len(population.joined)
        joined = groups[met.left] == groups[met.right]
        sizes = np.bincount(strata + count * joined, minlength=2 * count)
        both = together(population.groups * len(groups) + groups)  # in one cluster here and there
        unmet = both - int((joined & population.joined[strata]).sum())
        sizes[2 * count - 1], sizes[count - 1] = unmet, population.sizes()[-1] - unmet
        left, right, of, _ = self.verdicts
        cells = self._counted(sizes, of + count * (groups[left] == groups[right]), joined=np.arange(2 * count) >= count)
        known = int(sizes[count:].sum())
        articles = np.bincount(groups, own.graph.copies, len(groups)).astype(np.int64)
        articles = articles[articles > 1]
        share = known / max(1, together(groups))
        return Tried(
            threshold, len(articles), int(articles.sum()), precision(cells), recall(cells), share if known else 1.0
        )


def _rated(name: str, cells: Cells) -> Rated:
    joined, apart = (int(cells.sizes[side].sum()) for side in (cells.joined, ~cells.joined))
    return Rated(name, joined, apart, int(cells.seen.sum()), precision(cells), recall(cells))


def _said(estimate: Estimate | None) -> str:
    return "unknown" if estimate is None else str(estimate)


def _table(caption: str, name: str, rows: list[Rated]) -> printed.Table:
    heads = ("joined", "apart", "marked", "precision", "recall", name)
    every = [(f"{a:,}", f"{b:,}", f"{n:,}", _said(p), _said(r), called) for called, a, b, n, p, r in rows]
    return printed.Table(caption, heads, every)


def _tried(rows: list[Tried]) -> printed.Table:
    heads = ("clusters", "articles", "precision", "recall", "known", "threshold")
    every = [
        (f"{one.clusters:,}", f"{one.articles:,}", _said(one.precision), _said(one.recall), f"{one.known:.0%}",
         f"{one.threshold:g}")
        for one in rows
    ]  # fmt: skip
    return printed.Table("What another threshold would do", heads, every)
