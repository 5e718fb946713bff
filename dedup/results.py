"""What a user holds after a run: the clusters, and what can be asked of them.

In: the graph of verified edges, the articles' ids, and their corpus. Out: labels, clusters, edges, tables.
Everything but the labels is worked out when it is asked for. Frozen: another threshold gives another object.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.errors import InputError, MissingExtraError, SettingsError
from dedup.events import DONE, timed
from dedup.evidence import notebook, templates
from dedup.evidence.corpus import Corpus
from dedup.evidence.frame_lists import FrameList
from dedup.evidence.indicators import Indicators
from dedup.evidence.indicators import indicators as indicators_of
from dedup.evidence.keywords import Keywords
from dedup.evidence.passages import Explanation
from dedup.evidence.templates import Template
from dedup.evidence.titles import titles
from dedup.identity import id_text, id_texts
from dedup.kept import By, Kept, Rule, best, longest, picked
from dedup.kernels import Integers
from dedup.rows import Rows
from dedup.settings import Settings
from dedup.stages.clusters import Graph, Pairs, representatives
from dedup.work import count as count_threads

Tell = Callable[[int, int], object]

if TYPE_CHECKING:
    import pandas
    import polars

    from dedup.audits.sampled import Audit
    from dedup.evidence.campaign_results import Campaigns


SHOWN_CLUSTERS, SHOWN_MEMBERS, SHOWN_KEYWORDS = 10, 50, 5
"""Clusters in the table of a notebook, members of each that are searched for indicators, and keywords of each."""
READ_OF_EACH = 800
"""Characters of a text that are read for keywords."""
DRAWN_MEMBERS = 200
"""Members in the drawing of a cluster; of a larger cluster it is a sample."""


@dataclass(frozen=True, eq=False, repr=False)
class Cluster:
    """Two or more articles that belong together; `Clusters.of` also gives one that is alone.

    Attributes:
        members: Positions of the articles, ascending.
        representative: Position of the member with the highest mean similarity to the others.
        similarity: Mean similarity of the other members to the representative; a similarity that was never computed
            counts as 0 (`Clusters.at` may leave some).
        ids: Ids of the members, or their positions where the articles have none.
        held: The texts, or a function that fetches them when they are first needed; None if there are no texts.

    Example:
        >>> tea = clusters[0]
        >>> tea
        <Cluster: 5 articles, similarity 0.14: tea-1, tea-2, tea-3, …>
        >>> tea.members.tolist(), tea.representative, len(tea.sampled(3))
        ([8, 9, 10, 11, 12], 8, 3)
        >>> tea.corpus is clusters.corpus
        True
        >>> [word for word in tea.about()[1].split()][:3]
        ['古树', '订满', '笋壳']
    """

    members: Integers
    representative: int
    similarity: float
    ids: pa.Array
    held: Corpus | Callable[[], Corpus] | None = field(default=None, repr=False)

    @cached_property
    def corpus(self) -> Corpus | None:
        """The texts, from which template, keywords and indicators are worked out."""
        return self.held() if callable(self.held) else self.held

    def __len__(self) -> int:
        """How many articles there are in the cluster."""
        return len(self.members)

    def __repr__(self) -> str:
        """One line: how many articles, and the first of their ids."""
        first = ", ".join(str(one) for one in self.ids[:3].to_pylist())
        more = ", …" if len(self) > 3 else ""  # noqa: PLR2004 - as many as are shown
        noun = "article" if len(self) == 1 else "articles"
        return f"<Cluster: {len(self):,} {noun}, similarity {self.similarity:.2f}: {first}{more}>"

    def template(self, *, share: float = 0.5, sample: int | None = 64) -> Template:
        """What the members share: fixed passages, and slots with what fills them.

        A passage inside a frame, such as a site's footer, is marked with how many articles share that frame.

        Args:
            share: A passage is fixed if more than this share of the members hold it, in [0, 1).
            sample: How many members with distinct texts are looked at; None is all. The template says how many were.

        Raises:
            SettingsError: A value is out of its range.
            InputError: The result holds no texts.

        Example:
            >>> found = clusters[0].template()
            >>> found
            <Template: 8 passages and 7 slots of 5 articles>
            >>> print(found.fixed[0].text, found.slots[0].values[0])
            **古树茶饼按月到家 ('之后怎么存？南北方收藏心得', 1)
        """
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share < 1:
            raise SettingsError(f"share must be in [0, 1), got {share!r}; for more than half write 0.5")
        found = templates.template(self.texts(sample, distinct=True), members=len(self), share=share)
        return templates.framed(found, _known(self.corpus).framed(self.sampled(sample, distinct=True)))

    def keywords(self, top: int = 10, *, sample: int | None = 8) -> Keywords:
        """The words that say what the cluster is about, the most telling first.

        Chinese words are weighed by jieba's inverse document frequencies, others by this corpus's. Of each text the
        first 800 characters are read, since to cut Chinese into words takes a second for a million characters. The
        report, `dedup show` and the tables of a notebook show these words, or the first of them.

        Args:
            top: How many, at most.
            sample: How many members with distinct texts are looked at; None is all.

        Raises:
            SettingsError: A value is out of its range.
            InputError: The result holds no texts.

        Example:
            >>> [keyword.word for keyword in clusters[0].keywords(3)]
            ['古树', '订满', '笋壳']
        """
        _check_number("top", top)
        read = [text[:READ_OF_EACH] for text in self.texts(sample, distinct=True)]
        return _known(self.corpus).keywords(read, top)

    def indicators(self, *, sample: int | None = 1000) -> Indicators:
        """What identifies whoever is behind the cluster: accounts, links, images, numbers; the most frequent first.

        Args:
            sample: How many members are looked at; None is all. Each indicator says how many were.

        Raises:
            SettingsError: A value is out of its range.
            InputError: The result holds no texts.

        Example:
            >>> for one in clusters[0].indicators()[:2]:
            ...     print(one.kind, one.value, one.members)
            wechat yunlu-tea-88 5
            image https://example.com/img/yunlu.png 5
        """
        return indicators_of(self.texts(sample))

    def concentration(self, *, sample: int | None = 8) -> float:
        """How concentrated the evidence is: the median of `Explanation.concentration` over the members.

        About 0.25 for rewrites among thousands of articles; from 0.6 on the members may have little but boilerplate in
        common, be copies, or be among so few articles that there is little to count by.

        Args:
            sample: How many members with distinct texts are looked at; None is all. One of them is the representative,
                with which the others are compared.

        Returns:
            0 to 1; 1 where all members are copies.

        Raises:
            SettingsError: A value is out of its range.
            InputError: The result holds no texts.

        Example:
            >>> round(clusters[0].concentration(), 2), round(clusters[1].concentration(), 2)
            (0.6, 0.37)
        """
        first, *others = self.sampled(sample, distinct=True).tolist()
        corpus = _known(self.corpus)
        shares = [corpus.explain(first, other, ("", "")).concentration for other in others]
        return float(np.median(shares)) if shares else 1.0

    def texts(self, most: int | None = None, *, distinct: bool = False) -> list[str]:
        """Texts of the members, the representative's first.

        Args:
            most: How many at most, evenly spaced among the members; None is all.
            distinct: Leave out texts that are equal to another one when folded.

        Raises:
            SettingsError: `most` is out of its range.
            InputError: The result holds no texts.

        Example:
            >>> [text[:10] for text in clusters[0].texts(2)]
            ['**古树茶饼按月到家', '**古樹茶餅按月到家']
        """
        corpus = _known(self.corpus)
        return [corpus.texts.text(row) for row in self.sampled(most, distinct=distinct).tolist()]

    def sampled(self, most: int | None = None, *, distinct: bool = False) -> Integers:
        """Positions of the members whose texts `texts` gives.

        Args:
            most: As in `texts`.
            distinct: As in `texts`.

        Returns:
            int64 (m,), the representative first.

        Raises:
            SettingsError: `most` is out of its range.
            InputError: The result holds no texts.

        Example:
            >>> clusters[0].sampled(3).tolist()
            [8, 9, 12]
        """
        corpus, others = _known(self.corpus), self.members[self.members != self.representative]
        if most is not None:
            _check_number("sample", most)
        if distinct:
            numbers = corpus.number[others]
            fresh = np.sort(np.unique(numbers, return_index=True)[1])
            others = others[fresh[numbers[fresh] != corpus.number[self.representative]]]
        if most is not None and len(others) >= most:
            others = others[np.linspace(0, len(others) - 1, most - 1).astype(np.int64)]
        return np.concatenate([[self.representative], others])

    def about(self) -> tuple[str, str, str]:
        r"""Title, keywords and indicators, each on one line; empty where the result holds no texts.

        Example:
            >>> title, keywords, indicators = clusters[0].about()
            >>> print(title, keywords, indicators.partition(",")[0], sep="\n")
            古树茶饼按月到家怎么订？从选山头到收货一次讲清 [WeChat @yun…
            古树 订满 笋壳 发货 云麓
            yunlu-tea-88 (5 of 5)
        """
        if self.corpus is None:
            return "", "", ""
        (title,) = titles(self.corpus.texts.column, [self.representative])
        words = " ".join(one.word for one in self.keywords()[:SHOWN_KEYWORDS])
        marks = self.indicators(sample=SHOWN_MEMBERS)[:3]
        return title, words, ", ".join(f"{mark.value} ({mark.members} of {mark.of})" for mark in marks)

    def _repr_html_(self) -> str:
        """What the cluster is about, and its template, for a notebook."""
        about = zip(("title", "keywords", "indicators"), self.about(), strict=True)
        head = notebook.table(f"{len(self):,} articles, similarity {self.similarity:.2f}", [], list(about))
        return head if self.corpus is None else head + self.template()._repr_html_()


def _known(corpus: Corpus | None) -> Corpus:
    if corpus is None:
        raise InputError(
            "this result holds no texts; make it with dedup.cluster(), or ask an index that stores them "
            "(store_texts=True)"
        )
    return corpus


def _check_number(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise SettingsError(f"{name} must be a whole number of 1 or more, got {value!r}")


@dataclass(frozen=True, eq=False, repr=False)
class Clusters:
    """What `dedup.cluster` found; a sequence of its clusters of two or more articles, largest first.

    Attributes:
        graph: Distinct texts, and the verified edges between them.
        threshold: Similarity from which a pair is an edge.
        linkage: Share of the threshold that the mean similarity to a cluster must reach.
        ids: The articles' ids, or None.
        seconds: How long each stage took, in order.
        representatives: (d,) the text that represents the cluster of each distinct text; None links the graph to know.
        corpus: The texts and the weights of their shingles; without them nothing can be explained.
        lower: Finds the edges of a lower threshold, for `audit`; None where that cannot be asked.
        source: The articles as they were given, by reference; None where they came from an index or a night.

    Example:
        >>> clusters = dedup.cluster(articles)
        >>> clusters
        <Clusters: 2 of 7 among 14 articles, threshold 0.092>
        >>> len(clusters), clusters[0]
        (2, <Cluster: 5 articles, similarity 0.14: tea-1, tea-2, tea-3, …>)
        >>> clusters.of("tea-3").representative, clusters.labels[8:], clusters.sizes[8:]
        (8, array([ 8,  8,  8,  8,  8, 13]), array([5, 5, 5, 5, 5, 1]))
    """

    graph: Graph
    threshold: float
    linkage: float
    ids: pa.ChunkedArray | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    representatives: Integers | None = field(default=None, repr=False)
    corpus: Corpus | None = field(default=None, repr=False)
    lower: Callable[[float], Graph] | None = field(default=None, repr=False)
    source: Rows | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Link, unless that has been done for this threshold."""
        if self.representatives is None:
            found = representatives(self.graph, self.threshold, self.linkage)
            object.__setattr__(self, "representatives", found)

    @property
    def _kept(self) -> NDArray[np.bool_]:
        return self.graph.similarity >= self.threshold

    @cached_property
    def heads(self) -> Integers:
        """int64 (n,): position of the representative of each article's cluster; its own where it is alone.

        Example:
            >>> clusters.heads
            array([ 0,  0,  2,  3,  4,  5,  6,  7,  8,  8,  8,  8,  8, 13])
        """
        heads = np.arange(len(self.graph.distinct))
        known = self.graph.distinct >= 0
        assert self.representatives is not None
        heads[known] = self.graph.first[self.representatives][self.graph.distinct[known]]
        heads.flags.writeable = False
        return heads

    @property
    def labels(self) -> Any:
        """int64 (n,): `heads`; where the articles came from pandas, as a series with their index.

        Example:
            >>> dedup.cluster(["續費手機卡", "古樹茶餅", "续费手机卡"]).labels
            array([0, 1, 0])
        """
        return self.heads if self.source is None else self.source.indexed(self.heads)

    @cached_property
    def compared(self) -> Corpus:
        """The corpus with its texts numbered as the graph has them: equal texts that may not meet have two numbers.

        Example:
            >>> len(clusters.compared.first)
            14
        """
        return replace(_known(self.corpus), first=self.graph.first, number=self.graph.distinct)

    @cached_property
    def pairs(self) -> Pairs:
        """Every verified edge: left, right, similarity.

        Every copy of a text has one edge, of similarity 1, to the first article with that text; only this first article
        has the edges to other texts.

        Example:
            >>> left, right, similarity = clusters.at(0.14).pairs
            >>> list(zip(left.tolist(), right.tolist(), similarity.round(2).tolist()))
            [(0, 1, 0.78), (8, 11, 0.15)]
        """
        graph, kept = self.graph, self._kept
        later = np.flatnonzero(graph.distinct >= 0)
        later = later[graph.first[graph.distinct[later]] != later]
        ends = np.stack([graph.first[graph.left[kept]], graph.first[graph.right[kept]]])
        ends = np.concatenate([np.sort(ends, axis=0), [graph.first[graph.distinct[later]], later]], axis=1)
        similarity = np.concatenate([graph.similarity[kept], np.ones(len(later))])
        order = np.lexsort((ends[1], ends[0]))
        return Pairs(ends[0][order], ends[1][order], similarity[order])

    @cached_property
    def sizes(self) -> Integers:
        """int64 (n,): how many articles there are in each article's cluster.

        Example:
            >>> clusters.sizes
            array([2, 2, 1, 1, 1, 1, 1, 1, 5, 5, 5, 5, 5, 1])
        """
        return np.bincount(self.heads, minlength=len(self.heads))[self.heads]

    @cached_property
    def firsts(self) -> Integers:
        """int64 (n,): position of the first article of each article's cluster; its id is the cluster's name.

        Example:
            >>> clusters.firsts
            array([ 0,  0,  2,  3,  4,  5,  6,  7,  8,  8,  8,  8,  8, 13])
        """
        _, firsts, mine = np.unique(self.heads, return_index=True, return_inverse=True)
        return firsts[mine]

    @property
    def histogram(self) -> Integers:
        """int64 (100,): how many pairs were compared, edges or not, by hundredths of similarity; 1 is in the last one.

        Pairs far below the threshold are never compared. Copies of a text have one pair each, of similarity 1.

        Example:
            >>> np.flatnonzero(clusters.histogram), int(clusters.histogram.sum())
            (array([12, 13, 15, 78]), 11)
        """
        counts = self.graph.compared.copy()
        counts[-1] += int((self.graph.copies - 1).sum())
        return counts

    @cached_property
    def to_representative(self) -> NDArray[np.float64]:
        """float64 (n,): similarity of each article to its representative; NaN where the pair was never computed.

        Example:
            >>> clusters.to_representative.round(2)
            array([1.  , 0.78, 1.  , 1.  , 1.  , 1.  , 1.  , 1.  , 1.  , 0.14, 0.14,
                   0.15, 0.14, 1.  ])
        """
        graph, mine = self.graph, self.representatives
        assert mine is not None
        found = np.full(len(graph.first), np.nan)
        pairs = np.concatenate([[graph.left, graph.right], [*graph.looked_up[:2]]], axis=1)
        similarity = np.concatenate([graph.similarity, graph.looked_up.similarity])
        for left, right in (pairs, pairs[::-1]):
            of_mine = mine[right] == left
            found[right[of_mine]] = similarity[of_mine]
        found[mine] = 1.0
        result = np.ones(len(graph.distinct))
        known = graph.distinct >= 0
        result[known] = found[graph.distinct[known]]
        return result

    @cached_property
    def _clusters(self) -> list[Cluster]:
        grouped = np.flatnonzero(self.sizes > 1)
        grouped = grouped[np.argsort(self.heads[grouped], kind="stable")]
        heads, starts = np.unique(self.heads[grouped], return_index=True)
        by_label = dict(zip(heads.tolist(), np.split(grouped, starts[1:]), strict=False))  # no heads: one empty part
        several = list(by_label)
        several.sort(key=lambda label: (-len(by_label[label]), label))
        ids = self.names.combine_chunks()
        return [
            Cluster(
                by_label[label], label, self._mean(by_label[label]), ids.take(pa.array(by_label[label])), self.corpus
            )
            for label in several
        ]

    @property
    def names(self) -> pa.ChunkedArray:
        """The ids, or the positions where the articles have none.

        Example:
            >>> clusters.names[:3].to_pylist()
            ['bridge-copy', 'bridge-original', 'hand-noodles']
        """
        return pa.chunked_array([pa.array(np.arange(len(self.heads)))]) if self.ids is None else self.ids

    def _mean(self, members: Integers) -> float:
        """Mean similarity of these articles to their representative, without the representative."""
        others = np.nan_to_num(self.to_representative[members]).sum() - 1
        return float(others / (len(members) - 1))

    def __len__(self) -> int:
        """How many clusters of two or more articles there are."""
        return len(self._clusters)

    def __iter__(self) -> Iterator[Cluster]:
        """The clusters of two or more articles, largest first."""
        return iter(self._clusters)

    @overload
    def __getitem__(self, place: int) -> Cluster: ...
    @overload
    def __getitem__(self, place: slice) -> list[Cluster]: ...
    def __getitem__(self, place: int | slice) -> Cluster | list[Cluster]:
        """The cluster at this place, the largest being 0, or those of a slice."""
        return self._clusters[place]

    def __repr__(self) -> str:
        """One line: how many articles and clusters."""
        articles, inside = len(self.heads), int((self.sizes > 1).sum())
        return f"<Clusters: {len(self):,} of {inside:,} among {articles:,} articles, threshold {self.threshold:g}>"

    def of(self, id: Any) -> Cluster:  # noqa: A002 - the column's usual name
        """The cluster of an article; of one that is alone a cluster of itself.

        Args:
            id: Of the article, of its own type or as text: 7, 7.0 and "7" name the same one. Where the articles have no
                ids it is the position. Of an id that occurs more than once it is the first article.

        Raises:
            InputError: There is no such article.

        Example:
            >>> clusters.of("tea-3")
            <Cluster: 5 articles, similarity 0.14: tea-1, tea-2, tea-3, …>
            >>> clusters.of("night-train")
            <Cluster: 1 article, similarity 1.00: night-train>
            >>> dedup.cluster(["續費手機卡", "续费手机卡"]).of(1).members
            array([0, 1])
        """
        place = self._position(id) if self.ids is None else self._place(id)
        name = int(self.heads[place])
        if self.sizes[place] > 1:
            return self._by_head[name]
        alone = np.array([place])
        return Cluster(alone, place, 1.0, self.names.take(pa.array(alone)).combine_chunks(), self.corpus)

    @cached_property
    def _by_head(self) -> dict[int, Cluster]:
        return {one.representative: one for one in self._clusters}

    def keep(self, by: By = "first") -> Kept:
        """One article of each cluster, and all that are alone, in the order given; of the others what is kept instead.

        Missing and empty texts are nobody's duplicates and are kept. Of two articles that are equal by the rule the
        earlier one is kept.

        Args:
            by: Which article of a cluster is kept: ``"first"``; ``"longest"``, by the letters and digits of its text;
                ``"representative"``; ``"newest:date"`` or ``"oldest:date"``, by a column of dates, times or numbers, or
                of ISO 8601 strings, those without one last; ``"source:site:a.com,b.com"``, by a column whose best value
                stands first, all others after the last. The same as tuples, ``("newest", "date")`` and
                ``("source", "site", ["a.com", "b.com"])``, for names with colons and commas. Or a function: it gets the
                rows of one cluster in the caller's own kind, and returns the place of the one to keep among them, its
                id, or of a list the row itself.

        Returns:
            `Kept.rows`, and `Kept.dropped` with what is kept instead of each.

        Raises:
            SettingsError: There is no such rule.
            InputError: There is no such column, it holds no dates, or the function returned none of its rows.

        Example:
            >>> kept = clusters.keep("longest")
            >>> kept
            <Kept: 9 of 14 articles, 35.7% dropped>
            >>> [row["id"] for row in kept.rows if row["id"].startswith(("bridge", "tea"))]
            ['bridge-copy', 'tea-5']
            >>> clusters.keep(lambda rows: min(rows, key=lambda row: len(row["text"]))).dropped[0].kept
            'bridge-original'
        """
        return Kept(self._chosen(by), self._rows, self.names, self._similarities)

    def _chosen(self, by: By) -> Integers:
        """Position of the article that is kept for each article."""
        if callable(by):
            return self._picked(by)
        rule = Rule.of(by)
        if rule.kind == "representative":
            return self.heads
        if rule.kind == "first":
            return self.firsts
        if rule.kind == "longest":
            texts = _known(self.corpus).texts
            return best(self.heads, longest(texts.lengths, texts.column))
        return best(self.heads, rule.order(self._rows.column(rule.column)))

    def _picked(self, choose: Callable[[Any], Any]) -> Integers:
        """What a function keeps of each cluster."""
        kept = np.arange(len(self.heads))
        for cluster in self:
            rows = self._rows.take(cluster.members)
            ids = None if self.ids is None else cluster.ids.to_pylist()
            kept[cluster.members] = cluster.members[picked(rows, len(cluster.members), choose(rows), ids)]
        return kept

    @property
    def _rows(self) -> Rows:
        """The articles as they were given, or a table of ids and texts where they came from elsewhere."""
        if self.source is not None:
            return self.source
        table = pa.table({"id": self.names, "text": _known(self.corpus).texts.column})
        return Rows(table, len(table))

    def _similarities(self, left: Integers, right: Integers) -> NDArray[np.float64]:
        """The exact similarity of pairs of articles of one cluster."""
        corpus = self.compared
        texts = np.sort(np.stack([corpus.number[left], corpus.number[right]]), axis=0)
        found = np.ones(len(left))
        apart = np.flatnonzero(texts[0] != texts[1])
        found[apart] = corpus.similarities(*texts[:, apart], threads=count_threads(None))
        return found

    @property
    def duplicates(self) -> Any:
        """The articles that `keep` drops where it keeps the first of each cluster: see `Kept.dropped`.

        Example:
            >>> [(gone.id, gone.kept) for gone in clusters.duplicates][:3]
            [('bridge-original', 'bridge-copy'), ('tea-2', 'tea-1'), ('tea-3', 'tea-1')]
        """
        return self.keep("first").dropped

    @property
    def ratio(self) -> float:
        """Share of the articles that are duplicates of another one, 0 to 1: what `keep` drops by any rule.

        Example:
            >>> round(clusters.ratio, 3)
            0.357
        """
        return self.keep("first").ratio

    def explain(self, i: Any, j: Any) -> Explanation:
        """Why two articles are alike, or are not: the passages they share, with this run's weights.

        Args:
            i: An article. A whole number is always its position, also where ids are numbers, and a negative one counts
                from the end; anything else is its id, of its own type or as text: the id 7 is "7".
            j: Another.

        Returns:
            Spans in both texts, heaviest first, whose weights add up to the similarity. It prints as a table and
            shows both texts side by side in a notebook.

        Raises:
            InputError: There is no such article, or the result holds no texts.

        Example:
            >>> why = clusters.explain("tea-1", "tea-2")
            >>> why
            <Explanation: tea-1 and tea-2, similarity 0.140 in 43 passages>
            >>> why.texts(why.passages[2])
            ('古树茶饼按月到家', '古樹茶餅按月到家')
        """
        corpus, names = _known(self.corpus), self.names
        left, right = self._position(i), self._position(j)
        return corpus.explain(left, right, (str(id_text(names[left].as_py())), str(id_text(names[right].as_py()))))

    def frames(self) -> FrameList:
        r"""The frames that were found: passages that many articles share while they share nothing else.

        They are left out of every text before anything is compared. Frames that stand side by side in the same texts
        are joined into one here. The first call looks through all texts.

        Returns:
            The passage of each frame, how many texts hold it and how similar these are elsewhere; those with the most
            holders first. Empty if there are no frames, or `Settings.frames` is off. It prints as a table and shows
            itself in a notebook.

        Raises:
            InputError: The result holds no texts.

        Example:
            >>> footer = "\n© 青禾读书社 版权所有，未经书面同意请勿转载，来信请寄云杉市榆树巷十六号。"
            >>> print(dedup.cluster([{**one, "text": one["text"] + footer} for one in articles]).frames())
            1 frame in 14 articles, 5.6% of the text, not counted
            holders  alike  passage
                 14  0.001  青禾读书社 版权所有，未经书面同意请勿转载，来信请寄云杉市榆树巷十六号
        """
        return _known(self.corpus).frame_list

    def campaigns(self, *, threads: int | None = None, progress: Tell | None = None) -> Campaigns:
        """The campaigns: clusters and lone articles that one operator made, with the reasons; worked out once.

        Costs half a millisecond an article, two where there are many links to be read. A result without weights has no
        evidence beyond its clusters: each cluster is a campaign then. Clusters of different groups may be one campaign
        also where a rule such as `within` kept them apart: one operator has many sites.

        Args:
            threads: How many to use; None is one a core. The result does not depend on it.
            progress: Called with texts done and in all, while names are looked for, which takes nearly all the time.

        Raises:
            InputError: The result holds no texts.

        Example:
            >>> clusters.campaigns()
            <Campaigns: 2 of 7 articles in 2 clusters>
            >>> clusters.campaigns()[0].name
            'tea-1'
        """
        if "_campaigns" not in self.__dict__:
            from dedup.evidence import campaigns  # noqa: PLC0415 - for those who ask
            from dedup.evidence.campaign_results import Campaigns  # noqa: PLC0415 - for those who ask

            _known(self.corpus)
            assert self.representatives is not None
            node = campaigns.numbered(self.representatives)
            kept = self._kept
            edges = Pairs(self.graph.left[kept], self.graph.right[kept], self.graph.similarity[kept])
            of_step = (lambda _: progress) if progress else None
            with timed("campaigns", DONE) as counts:
                found = campaigns.find(self.compared, node, edges, threads=count_threads(threads), progress=of_step)
                self.__dict__["_campaigns"] = made = Campaigns(self, found)
                counts |= {"articles": len(self.labels), "campaigns": len(made)}
        answer: Campaigns = self.__dict__["_campaigns"]
        return answer

    def audit(self, pairs: int = 200, *, by: str | Iterable[object] | None = None, seed: int = 0) -> Audit:
        """Sample pairs for a person to mark right or wrong, from which precision and recall are worked out.

        Both are of pairs of distinct texts: precision is the share of the pairs in one cluster that are right, recall
        the share of the right pairs that are in one cluster, among those in one cluster and those that met with a
        similarity, as the run measures it, of half the threshold or more. What never met is not in it. A pair is right
        if the two belong together. Pairs of copies do by definition: they are counted, not shown.

        Costs about as much as the comparing of the run, for pairs below the threshold are found anew.

        Args:
            pairs: How many to sample, half of them in one cluster. A pair takes a reader some ten seconds.
            by: Column, key or attribute of the articles that holds their source, such as ``"domain"``, or the source of
                each; None takes the host of an id that is an address, else what stands before its first slash.
            seed: 0 or more; the same one gives the same pairs.

        Returns:
            The pairs, to be written as a page or a CSV file and read again with their marks.

        Raises:
            SettingsError: A value is out of its range.
            InputError: The result holds no texts, there is no such column, or there is not one source an article.

        Example:
            >>> audit = clusters.audit(pairs=4)
            >>> audit
            <Audit: 4 of 11 pairs to be marked>
            >>> audit.to_html("audit.html")
        """
        from dedup.audits.sampled import sample  # noqa: PLC0415 - for those who ask

        _check_number("pairs", pairs)
        _known(self.corpus)
        sources = self._rows.column(by) if isinstance(by, str) else by
        return sample(self, pairs, by=sources, seed=seed)

    def contained(self, least: float = 0.8, *, threads: int | None = None) -> pa.Table:
        """The articles that stand inside another one, whether they are in a cluster with it or not.

        A quotation, an article among others on one page, the short version of a long one. Both of two copies with a few
        changes stand in each other; texts that are equal when folded are not told. Costs about as much as clustering.
        Looks at all articles, also where rules such as `within` say which are compared.

        Args:
            least: Share of the article's evidence that stands in the other one, in (0, 1].
            threads: How many to use; None is one a core. The result does not depend on it.

        Returns:
            Columns `id`, `within`, the id of the other one, the first of its copies, and `containment`: for each
            article by position, the fullest first.

        Raises:
            SettingsError: `least` or `threads` is out of its range.
            InputError: The result holds no texts.

        Example:
            >>> short = {"id": "quotation", "text": articles[8]["text"][300:500]}
            >>> dedup.cluster([*articles, short]).contained().to_pylist()[-1]
            {'id': 'quotation', 'within': 'tea-1', 'containment': 1.0}
        """
        from dedup.evidence import containing  # noqa: PLC0415 - for those who ask

        corpus, names = _known(self.corpus), self.names
        found = containing.contained(corpus, Settings(threshold=least).threshold, threads=count_threads(threads))
        copies = np.bincount(corpus.number[corpus.number >= 0], minlength=len(corpus.first))[found.left]
        articles = np.argsort(corpus.number, kind="stable")
        begins = np.searchsorted(corpus.number[articles], found.left)
        pair = np.repeat(np.arange(len(copies)), copies)
        inside = articles[np.arange(len(pair)) + np.repeat(begins - np.cumsum(copies) + copies, copies)]
        within, share = corpus.first[found.right[pair]], found.similarity[pair]
        order = np.lexsort((within, -share, inside))
        ids = (names.take(pa.array(at[order])) for at in (inside, within))
        return pa.table([*ids, pa.array(share[order])], ["id", "within", "containment"])

    def _position(self, article: Any) -> int:
        """The position of an article that is told by position, or by its id if that is no whole number."""
        whole = isinstance(article, int | np.integer) and not isinstance(article, bool)
        if not whole and self.ids is not None:
            return self._place(article)
        articles = len(self.heads)
        if not whole or not -articles <= article < articles:
            known = '; an id is given as text: "7"' if self.ids is not None else "; the articles have no ids"
            raise InputError(
                f"an article's position must be a whole number below {articles:,}, the number of articles, or counted "
                f"from the end, -1 and so on; got {article!r}{known}"
            )
        return int(article) % articles

    def _place(self, id_: Any) -> int:
        """The position of the first article with this id."""
        assert self.ids is not None
        name = id_text(id_)
        place = -1 if name is None else self._id_texts.index(pa.scalar(name, pa.large_string())).as_py()
        if place < 0:
            some = ", ".join(repr(one) for one in self._id_texts[:3].to_pylist())
            raise InputError(f"no article has the id {id_!r}; there are ids such as {some or 'none at all'}")
        return int(place)

    @cached_property
    def _id_texts(self) -> pa.ChunkedArray:
        assert self.ids is not None
        return id_texts(self.ids)

    def report(
        self,
        path: str | os.PathLike[str],
        *,
        title: str = "dedup report",
        members: int = 50,
        campaigns: bool = True,
        progress: Tell | None = None,
    ) -> None:
        """Write a page to look at the clusters with: one HTML file that opens in any browser and asks no server.

        Args:
            path: File ending in .html or .htm; an existing file is replaced as a whole or not touched.
            title: Title of the page.
            members: How many texts of a cluster the page holds at most, to be looked at side by side; the template is
                made of these. The page says where it holds a sample.
            campaigns: Also show the campaigns of several clusters; see `campaigns` for the cost.
            progress: Called with clusters done and in all.

        Raises:
            FileError: The file cannot be written.
            SettingsError: `members` is out of its range.
            InputError: The result holds no texts, or `title` is not a string.

        Example:
            >>> from pathlib import Path
            >>> clusters.report("report.html", title="Tea and bridges")
            >>> Path("report.html").read_text("utf-8").startswith("<!doctype html>")
            True
        """
        from dedup import report  # noqa: PLC0415 - for those who want one

        _check_number("members", members)
        if not isinstance(title, str) or not isinstance(path, str | os.PathLike):
            raise InputError(f"path and title must be strings, got {path!r} and {title!r}")
        _known(self.corpus)
        report.write(self, path, title=title, members=members, campaigns=campaigns, progress=progress)

    def plot(self, kind: str | None = None, *, cluster: int = 0, ax: Any = None) -> Any:
        """Draw the result; needs the extra `plot`.

        Args:
            kind: ``"sizes"`` of the clusters, ``"similarity"`` of the compared pairs with the threshold, or one
                ``"cluster"`` as a graph of its edges; None is all three beside each other.
            cluster: Which cluster, the largest being 0.
            ax: matplotlib axes to draw one picture on; None makes some.

        Returns:
            The axes; where `kind` is None an array of three, or of two where there is no cluster.

        Raises:
            MissingExtraError: matplotlib is not installed.
            InputError: There is no such kind or cluster, or axes are given for all three.

        Example:
            >>> axes = clusters.plot("similarity")
            >>> axes.get_xlabel()
            'similarity'
        """
        from dedup.report import plots  # noqa: PLC0415 - for those who want pictures

        draw = {
            "sizes": lambda on: plots.sizes(np.array([len(one) for one in self], np.int64), on),
            "similarity": lambda on: plots.similarity(self.histogram, self.threshold, on),
            "cluster": lambda on: plots.graph(*self._edges(cluster), on),
        }
        if kind == "cluster" or cluster:
            self._check_place(cluster)
        if kind is None:
            if ax is not None:
                raise InputError(f"one ax is for one picture; name it: {', '.join(draw)}")
            kinds = list(draw)[: 3 if len(self) else 2]
            return np.array([draw[one](on) for one, on in zip(kinds, plots.axes(len(kinds)), strict=True)])
        if kind not in draw:
            raise InputError(f"kind must be one of {', '.join(draw)}, or None for all, got {kind!r}")
        return draw[kind](plots.axes()[0] if ax is None else ax)

    def _check_place(self, cluster: object) -> None:
        whole = isinstance(cluster, int | np.integer) and not isinstance(cluster, bool)
        if not (whole and -len(self) <= cluster < len(self)):  # type: ignore[operator]
            raise InputError(
                f"cluster must be a whole number below {len(self):,}, the number of clusters, got {cluster!r}"
            )

    def _edges(self, number: int) -> tuple[NDArray[np.float64], Integers]:
        """Similarities of a cluster's distinct texts or a sample of them, the representative first; their copies."""
        graph, cluster = self.graph, self[number]
        texts = np.unique(graph.distinct[cluster.members])
        first = graph.distinct[cluster.representative]
        texts = np.concatenate([[first], texts[texts != first]])
        if len(texts) > DRAWN_MEMBERS:
            texts = texts[np.linspace(0, len(texts) - 1, DRAWN_MEMBERS).astype(np.int64)]
        places = np.full(len(graph.first), -1)
        places[texts] = np.arange(len(texts))
        left, right = places[graph.left[self._kept]], places[graph.right[self._kept]]
        drawn = (left >= 0) & (right >= 0)
        matrix = np.eye(len(texts))
        matrix[left[drawn], right[drawn]] = matrix[right[drawn], left[drawn]] = graph.similarity[self._kept][drawn]
        return matrix, graph.copies[texts]

    def _repr_html_(self) -> str:
        """The largest clusters with what they are about, for a notebook."""
        heads = ("size", "similarity", "title", "keywords", "indicators")
        rows = [(f"{len(one):,}", f"{one.similarity:.2f}", *one.about()) for one in self[:SHOWN_CLUSTERS]]
        more = f"; the {SHOWN_CLUSTERS} largest" if len(self) > SHOWN_CLUSTERS else ""
        return notebook.table(repr(self)[1:-1] + more, heads, rows)

    def at(self, threshold: float) -> Clusters:
        """The same run cut at another threshold, without computing anything again.

        Args:
            threshold: At or above the run's own, because edges below that were never computed.

        Raises:
            SettingsError: The threshold is below the run's, or above 1.

        Example:
            >>> copies = clusters.at(0.7)
            >>> copies
            <Clusters: 1 of 2 among 14 articles, threshold 0.7>
            >>> copies[0].ids.to_pylist()
            ['bridge-copy', 'bridge-original']
        """
        Settings(threshold=threshold)
        if threshold < self.threshold:
            raise SettingsError(
                f"threshold must be from {self.threshold:g}, the run's own, to 1, got {threshold!r}; "
                f"for a lower one run cluster() again with Settings(threshold={threshold!r})"
            )
        return replace(self, threshold=float(threshold), representatives=None)

    def to_arrow(self, *, campaigns: bool = False) -> pa.Table:
        """One row per article, in order; the same columns come from an index, a night and Spark.

        `id`; `label`, the id of the representative of its cluster; `size` of the cluster; `similarity` to the
        representative, null where the two were never compared (see `at`); `cluster`, the name of the cluster: the id of
        its first article. Without ids these are positions.

        Args:
            campaigns: Add the column `campaign`: the id of the first article of the article's campaign.

        Example:
            >>> table = clusters.to_arrow(campaigns=True)
            >>> table.column_names
            ['id', 'label', 'size', 'similarity', 'cluster', 'campaign']
            >>> table["label"][8:].to_pylist()
            ['tea-1', 'tea-1', 'tea-1', 'tea-1', 'tea-1', 'tidal-flat-ko']
        """
        similarity = pa.array(self.to_representative, from_pandas=True)
        label, cluster = (self.names.take(pa.array(of)) for of in (self.heads, self.firsts))
        columns = {"id": self.names, "label": label, "size": self.sizes, "similarity": similarity, "cluster": cluster}
        table = pa.table(columns)
        if not campaigns:
            return table
        return table.append_column("campaign", self.names.take(pa.array(self.campaigns().labels)))

    def to_pandas(self, *, campaigns: bool = False) -> pandas.DataFrame:
        """The table of `to_arrow` as a pandas data frame, with the articles' index; needs the extra `pandas`.

        Args:
            campaigns: Add the column `campaign`.

        Raises:
            MissingExtraError: pandas is not installed.

        Example:
            >>> frame = clusters.to_pandas()
            >>> frame.loc[frame["size"] > 1, "cluster"].unique().tolist()
            ['bridge-copy', 'tea-1']
        """
        frame = as_pandas(self.to_arrow(campaigns=campaigns))
        return frame if self.source is None or self.source.index is None else frame.set_axis(self.source.index)

    def to_polars(self, *, campaigns: bool = False) -> polars.DataFrame:
        """The table of `to_arrow` as a Polars data frame; needs the extra `polars`.

        Args:
            campaigns: Add the column `campaign`.

        Raises:
            MissingExtraError: Polars is not installed.

        Example:
            >>> frame = clusters.to_polars()
            >>> frame.filter(frame["size"] == 2)["id"].to_list()
            ['bridge-copy', 'bridge-original']
        """
        return as_polars(self.to_arrow(campaigns=campaigns))


def as_pandas(table: pa.Table) -> pandas.DataFrame:
    """A table as a pandas data frame.

    Args:
        table: Any.

    Raises:
        MissingExtraError: pandas is not installed.
    """
    try:
        import pandas  # noqa: F401, PLC0415 - an extra
    except ImportError as error:
        raise MissingExtraError("pandas", "pandas", "to_pandas()") from error
    return table.to_pandas()


def as_polars(table: pa.Table) -> polars.DataFrame:
    """A table as a Polars data frame.

    Args:
        table: Any.

    Raises:
        MissingExtraError: Polars is not installed.
    """
    try:
        import polars  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise MissingExtraError("polars", "polars", "to_polars()") from error
    frame: Any = polars.from_arrow(table)
    return frame
