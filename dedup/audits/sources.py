"""Where articles come from, and what each source loses.

In: ids, or a source an article. Out: numbered sources, and how many of the pairs of each cluster touch a source. Costs
a look at each id. Fetches nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit

import numpy as np
import pyarrow as pa

from dedup.errors import InputError
from dedup.kernels import Integers

UNKNOWN = "(none)"
"""What the source of an article is called that has none."""
MISSING = frozenset({"", "nan", "<NA>", "NaT"})
"""What a missing value of pandas is as a string."""


class Loss(NamedTuple):
    """What a source loses when one article of each cluster is kept, its representative."""

    source: str
    articles: int
    lost: int

    @property
    def share(self) -> float:
        """Of its articles, 0 to 1."""
        return self.lost / self.articles


@dataclass(frozen=True, eq=False)
class Sources:
    """The source of each article.

    Attributes:
        names: Sources, in alphabetical order.
        of: (n,) number of the source of each article.
    """

    names: list[str]
    of: Integers

    @classmethod
    def given(cls, names: pa.ChunkedArray, by: Iterable[object] | None) -> Sources:
        """Those that a user names, or that ids tell of.

        Args:
            names: Ids of the articles.
            by: The source of each article; None takes them of the ids.

        Raises:
            InputError: There is not one source an article.
        """
        every = [source(str(name)) for name in names.to_pylist()] if by is None else [_name(one) for one in by]
        if len(every) != len(names):
            raise InputError(f"by must hold one source an article: there are {len(names):,}, got {len(every):,}")
        found, of = np.unique(np.array(every, object), return_inverse=True)
        return cls([str(one) for one in found], of.astype(np.int64))

    def losses(self, labels: Integers) -> list[Loss]:
        """What each source loses where one article of each cluster is kept; the heaviest loss first.

        Args:
            labels: (n,) position of the article that stands for each one's cluster.
        """
        lost = np.bincount(self.of[labels != np.arange(len(labels))], minlength=len(self.names))
        whole = np.bincount(self.of, minlength=len(self.names))
        rows = [Loss(*row) for row in zip(self.names, whole.tolist(), lost.tolist(), strict=True)]
        return sorted(rows, key=lambda row: (-row.lost, row.source))


def source(name: str) -> str:
    """The source that an id tells of: the host of an address, else what stands before the first slash.

    Args:
        name: An id.
    """
    if "://" in name:
        try:
            return urlsplit(name).hostname or UNKNOWN
        except ValueError:
            return UNKNOWN
    first, slash, _ = name.partition("/")
    return (first or UNKNOWN) if slash else UNKNOWN


def _name(one: object) -> str:
    value = one.as_py() if isinstance(one, pa.Scalar) else one
    return UNKNOWN if value is None or str(value) in MISSING else str(value)


def touching(groups: Integers, sources: Integers, count: int) -> Integers:
    """How many pairs of texts in one cluster have an end of each source.

    Args:
        groups: (d,) the cluster of each text.
        sources: (d,) the source of each text.
        count: How many sources there are.
    """
    sizes = np.bincount(groups, minlength=len(groups))
    both, mine = np.unique(groups * count + sources, return_counts=True)
    whole = sizes[both // count]
    touched = np.zeros(count, np.int64)
    np.add.at(touched, both % count, mine * (mine - 1) // 2 + mine * (whole - mine))
    return touched
