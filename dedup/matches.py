"""What a user holds after matching: which articles of one set are like which of another, or stand in them.

In: verified pairs, ids, and the texts of both ends. Out: the matches of each article, tables, passages. Everything but
the pairs is worked out when it is asked for. Of the second set only the texts that were matched are held.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.errors import InputError
from dedup.evidence.corpus import Corpus
from dedup.evidence.passages import Explanation, Span
from dedup.kernels import UNIT_SHIFT, Integers
from dedup.results import as_pandas, as_polars
from dedup.stages.folding import trace
from dedup.stages.quotes import WIDTH

if TYPE_CHECKING:
    import pandas
    import polars

Measured = Literal["similarity", "containment"]
"""What is computed of two texts."""
SPANS = pa.list_(pa.struct([(name, pa.int64()) for name in ("begin", "end", "match_begin", "match_end")]))


@dataclass(frozen=True, slots=True)
class Match:
    """An article of the second set that one of the first is like, or stands in.

    Attributes:
        position: Its position in the second set.
        id: Its id, or its position where it has none.
        score: The similarity of the two, or the containment of the first one in this one, 0 to 1.

    Example:
        >>> found = dedup.match([articles[8]["text"][300:400]], articles, by="containment")[0][0]
        >>> found.id, found.score, found.spans()
        ('tea-1', 1.0, [((0, 98), (300, 398))])
        >>> found.explain().passages[0].left
        (0, 98)
    """

    position: int
    id: Any
    score: float
    _place: int = field(repr=False)
    _of: Matches = field(repr=False)

    def explain(self) -> Explanation:
        """The passages that the two share; see `Matches.explain`."""
        return self._of.explain(self._place)

    def spans(self) -> list[tuple[Span, Span]]:
        """Where what they share stands in both texts; see `Matches.spans`."""
        return self._of.spans(self._place)


@dataclass(frozen=True, slots=True)
class Matched:
    """An article of the first set with its matches, a sequence of `Match`, the best first.

    Attributes:
        position: Its position in the first set.
        id: Its id, or its position where it has none.
        matches: What it is like, or stands in.

    Example:
        >>> for of_a in dedup.match(articles[:1], articles):
        ...     print(of_a.id, len(of_a), [(found.id, round(found.score, 2)) for found in of_a], of_a[0].position)
        bridge-copy 2 [('bridge-copy', 1.0), ('bridge-original', 0.78)] 0
    """

    position: int
    id: Any
    matches: tuple[Match, ...]

    def __len__(self) -> int:
        """How many matches there are."""
        return len(self.matches)

    def __iter__(self) -> Iterator[Match]:
        """The matches, the best first."""
        return iter(self.matches)

    def __getitem__(self, place: int) -> Match:
        """The match at this place, the best being 0."""
        return self.matches[place]


@dataclass(frozen=True, eq=False, repr=False)
class Matches:
    """What `dedup.match` found; a sequence of the articles of A that have matches in B, in order.

    Attributes:
        by: What was computed, ``"similarity"`` or ``"containment"``.
        threshold: Least of it.
        articles: How many articles A has.
        against: How many B has.
        left: int64 (m,), position in A of one end of each match; ascending.
        right: int64 (m,), position in B of the other end; for each article of A the best first.
        score: float64 (m,), similarity or containment.
        short: int64 (s,), positions in A of articles that hold less evidence than a match needs, or no text at all;
            they are matched with nothing but their copies.
        capped: int64 (c,), positions in A of articles that met so many others of B that they were not compared with
            all of them.

    Example:
        >>> found = dedup.match(articles[7:10], articles[10:])
        >>> found
        <Matches: 2 of 3 articles, 6 pairs with 4 others, similarity from 0.092>
        >>> [of_a.id for of_a in found], found.unmatched.tolist()
        (['tea-1', 'tea-2'], [0])
        >>> found.left, found.right
        (array([1, 1, 1, 2, 2, 2]), array([1, 0, 2, 1, 0, 2]))
    """

    by: Measured
    threshold: float
    articles: int
    against: int
    left: Integers
    right: Integers
    score: NDArray[np.float64]
    short: Integers
    capped: Integers
    ids: pa.ChunkedArray | None = field(repr=False)
    """Those of A."""
    held: Integers = field(repr=False)
    """(k,): positions of the articles of B that were matched, ascending."""
    held_ids: pa.Array = field(repr=False)
    """(k,): their ids."""
    corpus: Corpus = field(repr=False)
    """The texts of A, then those that were matched."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """How long each stage took, in order."""

    @cached_property
    def unmatched(self) -> Integers:
        """int64: positions of the articles of A without a match.

        Example:
            >>> dedup.match(articles[7:10], articles[10:]).unmatched
            array([0])
        """
        return np.setdiff1d(np.arange(self.articles), self.left)

    @cached_property
    def _starts(self) -> Integers:
        """Where the matches of each matched article begin, and the end."""
        return np.append(np.flatnonzero(np.diff(self.left, prepend=-1)), len(self.left))

    def __len__(self) -> int:
        """How many articles of A have a match."""
        return len(self._starts) - 1

    def __iter__(self) -> Iterator[Matched]:
        """The articles of A that have matches, in order."""
        return (self[place] for place in range(len(self)))

    @overload
    def __getitem__(self, place: int) -> Matched: ...
    @overload
    def __getitem__(self, place: slice) -> list[Matched]: ...
    def __getitem__(self, place: int | slice) -> Matched | list[Matched]:
        """The article at this place among those that have matches, or those of a slice."""
        if isinstance(place, slice):
            return [self._matched(one) for one in range(len(self))[place]]
        return self._matched(place)

    def _matched(self, place: int) -> Matched:
        if not -len(self) <= place < len(self):
            raise IndexError(
                f"{len(self):,} articles have matches, got {place!r}; `position` says which each of them is"
            )
        begin, end = self._starts[: len(self)][place], self._starts[1:][place]
        position = int(self.left[begin])
        found = (
            Match(int(self.right[at]), self._match_id(at), float(self.score[at]), at, self)
            for at in range(int(begin), int(end))
        )
        return Matched(position, self._id(position), tuple(found))

    def __repr__(self) -> str:
        """One line: how many articles have matches."""
        return (
            f"<Matches: {len(self):,} of {self.articles:,} articles, {len(self.left):,} pairs with {self.against:,} "
            f"others, {self.by} from {self.threshold:g}>"
        )

    def _id(self, position: int) -> Any:
        return position if self.ids is None else self.ids[position].as_py()

    def _match_id(self, place: int) -> Any:
        return self.held_ids[self._row(place)].as_py()

    def _row(self, place: int) -> int:
        return int(np.searchsorted(self.held, self.right[place]))

    def explain(self, place: int) -> Explanation:
        """The passages that the two articles of a match share, with this run's weights.

        Args:
            place: Of the match, among all of them.

        Returns:
            Spans in both texts, heaviest first, whose weights add up to the similarity of the two, whatever was
            matched by.

        Raises:
            InputError: There is no such match.

        Example:
            >>> found = dedup.match(articles[:1], articles[1:])
            >>> found.explain(0)
            <Explanation: bridge-copy and bridge-original, similarity 0.780 in 15 passages>
        """
        if not -len(self.left) <= place < len(self.left):
            raise InputError(f"there are {len(self.left):,} matches, got the place {place!r}; the first one is 0")
        place = int(place) % len(self.left)
        left = int(self.left[place])
        names = str(self._id(left)), str(self._match_id(place))
        return self.corpus.explain(left, self.articles + self._row(place), names)

    def spans(self, place: int) -> list[tuple[Span, Span]]:
        """Where the passages that the two articles of a match share stand in both texts, in the order of the first.

        Passages of five Chinese characters, fifteen letters and more; shorter ones stand anywhere by chance.

        Args:
            place: Of the match, among all of them.

        Returns:
            Begin and end in the text of A and in that of B, as Python counts characters. Both fold to the same.

        Raises:
            InputError: There is no such match.

        Example:
            >>> found = dedup.match([articles[8]["text"][300:400]], articles, by="containment")
            >>> found.spans(0)
            [((0, 98), (300, 398))]
        """
        why = self.explain(place)
        found = [(one.left, one.right) for one in why.passages if _units(why.left[slice(*one.left)]) >= WIDTH]
        return sorted(found)

    def to_arrow(self, *, spans: bool = False) -> pa.Table:
        """One row a match, by position in A, the best first.

        `id` of the article of A, `match`, the id of the one of B, and `similarity`, or `containment` if this was asked
        for. Without ids these are positions.

        Args:
            spans: Add the column `spans`: the passages that they share, begin and end in both texts. Costs some
                milliseconds a match.

        Example:
            >>> found = dedup.match(articles[:1], articles[1:])
            >>> found.to_arrow().to_pydict()["match"]
            ['bridge-original']
            >>> found.to_arrow(spans=True).column_names
            ['id', 'match', 'similarity', 'spans']
        """
        names = pa.chunked_array([pa.array(np.arange(self.articles))]) if self.ids is None else self.ids
        others = self.held_ids.take(pa.array(np.searchsorted(self.held, self.right)))
        table = pa.table({"id": names.take(pa.array(self.left)), "match": others, self.by: self.score})
        if not spans:
            return table
        rows = [
            [dict(zip(("begin", "end", "match_begin", "match_end"), (*a, *b), strict=True)) for a, b in self.spans(at)]
            for at in range(len(self.left))
        ]
        return table.append_column("spans", pa.array(rows, SPANS))

    def to_pandas(self, *, spans: bool = False) -> pandas.DataFrame:
        """The table of `to_arrow` as a pandas data frame; needs the extra `pandas`.

        Args:
            spans: Add the column `spans`.

        Raises:
            MissingExtraError: pandas is not installed.

        Example:
            >>> found = dedup.match(articles[8:10], articles[10:])
            >>> found.to_pandas().groupby("id")["match"].count().to_dict()
            {'tea-1': 3, 'tea-2': 3}
        """
        return as_pandas(self.to_arrow(spans=spans))

    def to_polars(self, *, spans: bool = False) -> polars.DataFrame:
        """The table of `to_arrow` as a Polars data frame; needs the extra `polars`.

        Args:
            spans: Add the column `spans`.

        Raises:
            MissingExtraError: Polars is not installed.

        Example:
            >>> found = dedup.match(articles[8:10], articles[10:])
            >>> found.to_polars().shape
            (6, 3)
        """
        return as_polars(self.to_arrow(spans=spans))


def _units(text: str) -> int:
    """How long a text is, as shingles are measured."""
    return int((trace(text).codes >> UNIT_SHIFT).sum())
