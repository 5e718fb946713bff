"""Ids that come from two files, where a later article takes the place of an earlier one with the same id.

In: what was read. Out: how many articles were replaced so by one of another file, with an example, as a sentence for
people. Two files that number their articles from 1 are the usual reason. Costs one sort of the ids.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from dedup.files.problems import counted
from dedup.files.reading import Read


class Repeats(NamedTuple):
    """Articles that were replaced by one of another file, in one run.

    Example:
        >>> import pyarrow as pa
        >>> from dedup import files
        >>> for name in "ab":
        ...     files.write(pa.table({"id": ["1"], "text": [f"The first article of {name}."]}), f"{name}.csv")
        >>> twice = files.repeats(files.read(["a.csv", "b.csv"]))
        >>> twice
        Repeats(articles=1, id='1', earlier='a.csv', later='b.csv')
    """

    articles: int
    """How many were, which is not 0."""
    id: str
    """The id of one of them."""
    earlier: str
    """The file that it was in."""
    later: str
    """The file that it is in now."""

    def __str__(self) -> str:
        """What a user is told."""
        return (
            f"{counted(self.articles, 'article')} of this run had an id that another file brought again with another "
            f"text, which took its place; {self.id!r} was in {self.earlier} and is in {self.later} now; make the ids "
            "unique, or give --id-from path+id"
        )


def repeats(read: Read) -> Repeats | None:
    """What of these articles an index will replace by an article of another file; None if there is nothing.

    Args:
        read: All that is added, in order.

    Example:
        >>> from dedup import files
        >>> files.repeats(files.read("examples/articles")) is None
        True
    """
    import pyarrow.compute as pc  # noqa: PLC0415 - as pyarrow.parquet

    ids, texts = read.table["id"], read.table["text"]
    codes = ids.combine_chunks().dictionary_encode().indices.to_numpy()
    files = np.repeat(np.arange(len(read.counts)), [count for _, count in read.counts])
    order = np.argsort(codes, kind="stable")
    earlier, later = order[:-1], order[1:]
    some = np.flatnonzero((codes[earlier] == codes[later]) & (files[earlier] != files[later]))
    if not len(some):
        return None
    before, now = (pc.fill_null(texts.take(pa.array(rows[some])), "") for rows in (earlier, later))
    some = some[pc.not_equal(before, now).to_numpy()]
    if not len(some):
        return None
    first = some[np.argmin(later[some])]
    paths = [read.counts[files[row]][0] for row in (earlier[first], later[first])]
    return Repeats(len(some), ids[int(later[first])].as_py(), *paths)
