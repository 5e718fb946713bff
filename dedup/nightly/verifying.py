"""Candidates become edges: the exact similarity of every pair, a million pairs at a time.

In: a file of candidates, and the corpus. Out: a table of edges, left, right and similarity, ascending by right, then
left; edges of last night come first, for one end of every new pair is new. Memory is that of the edges.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.evidence.corpus import Corpus
from dedup.files import replacing
from dedup.nightly.damage import check_places, groups, read_table, rows
from dedup.stages import pairs
from dedup.stages.bands import ends

Integers = NDArray[np.int64]


class Edges(NamedTuple):
    """m edges."""

    left: Integers
    right: Integers
    similarity: NDArray[np.float64]


EDGES = pa.schema({"left": pa.int64(), "right": pa.int64(), "similarity": pa.float64()})
CANDIDATES = pa.schema({"pair": pa.uint64()})
NONE = Edges(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))


def judged(
    candidates: Path,
    corpus: Corpus,
    threshold: float,
    *,
    evidence: float = 0.0,
    threads: int = 1,
    progress: Callable[[int, int], object] | None = None,
    relax: Callable[[], object] = lambda: None,
    check: Callable[[int], object] = lambda _: None,
    before: Edges = NONE,
) -> Edges:
    """Verify candidates, and put the edges behind those of last night.

    Args:
        candidates: The file of pairs.
        corpus: Distinct texts.
        threshold: Least similarity of an edge.
        evidence: Least weight that an edge shares, times one minus its similarity.
        threads: How many to use.
        progress: Called with pairs done and in all.
        relax: Called after each tile.
        check: Called with the number of edges so far; may raise.
        before: The edges of last night.
    """
    found, done, total, edges = [before], 0, rows(candidates, CANDIDATES), len(before.left)
    for group in groups(candidates, CANDIDATES):
        left, right = ends(group.column(0).to_numpy())
        similarity = similarities(corpus, left, right, evidence=evidence, threads=threads, relax=relax)
        kept = similarity >= threshold
        found.append(Edges(left[kept], right[kept], similarity[kept]))
        edges += len(found[-1].left)
        check(edges)
        done += len(left)
        if progress:
            progress(done, total)
    return joined(found)


def judged_again(
    edges: Edges,
    some: NDArray[np.bool_],
    corpus: Corpus,
    threshold: float,
    *,
    evidence: float = 0.0,
    threads: int = 1,
    relax: Callable[[], object] = lambda: None,
) -> Edges:
    """Verify some edges again, and leave out those that are none any more.

    Args:
        edges: All edges.
        some: (m,) which are verified.
        corpus: Distinct texts.
        threshold: Least similarity of an edge.
        evidence: Least weight that an edge shares, times one minus its similarity.
        threads: How many to use.
        relax: Called after each tile.
    """
    if not some.any():
        return edges
    similarity = edges.similarity.copy()
    similarity[some] = similarities(
        corpus, edges.left[some], edges.right[some], evidence=evidence, threads=threads, relax=relax
    )
    kept = ~some | (similarity >= threshold)
    return Edges(edges.left[kept], edges.right[kept], similarity[kept])


def similarities(
    corpus: Corpus,
    left: Integers,
    right: Integers,
    *,
    evidence: float = 0.0,
    threads: int,
    relax: Callable[[], object],
) -> NDArray[np.float64]:
    """The exact similarity of pairs.

    Args:
        corpus: Distinct texts.
        left: (m,) one of each pair.
        right: (m,) the other.
        evidence: A pair that shares less weight than that, times one minus its similarity, has a similarity of 0.
        threads: How many to use.
        relax: Called after each tile.
    """

    def load(numbers: Integers) -> pairs.Sets:
        relax()
        return corpus.sets(numbers)

    return pairs.verify(load, left, right, corpus.sizes, evidence=evidence, threads=threads)


def joined(several: list[Edges]) -> Edges:
    """Edges, one after the other."""
    return Edges(*(np.concatenate(parts) for parts in zip(*several, strict=True)))


def keep(edges: Edges, path: Path) -> None:
    """Write edges."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - 50 ms that other commands do without

    with replacing(path) as file:
        pq.write_table(pa.table(edges._asdict()), file, use_dictionary=False, compression="lz4")


def read(path: Path, texts: int) -> Edges:
    """Read edges between so many texts."""
    edges = Edges(*(column.to_numpy() for column in read_table(path, EDGES).columns))
    for ends_of in edges[:2]:
        check_places(path, ends_of, texts)
    return edges
