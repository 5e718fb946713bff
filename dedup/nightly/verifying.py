"""Candidates become edges: the exact similarity of every pair, a million pairs at a time.

In: a file of candidates, and the corpus. Out: a table of edges, left, right and similarity, ascending by right, then
left; edges of last night come first, for one end of every new pair is new. Memory is that of the edges.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.evidence.corpus import Corpus
from dedup.nightly.damage import check_places, groups, read_columns, rows
from dedup.nightly.keeping import keep as keep_columns
from dedup.stages.candidates import ends
from dedup.stages.clusters import NO_PAIRS, Pairs
from dedup.work import Progress

EDGES = pa.schema({"left": pa.int64(), "right": pa.int64(), "similarity": pa.float64()})
CANDIDATES = pa.schema({"pair": pa.uint64()})


def judged(
    candidates: Path,
    corpus: Corpus,
    threshold: float,
    *,
    evidence: float = 0.0,
    threads: int = 1,
    progress: Progress | None = None,
    check: Callable[[int], object] = lambda _: None,
    before: Pairs = NO_PAIRS,
) -> Pairs:
    """Verify candidates, and put the edges behind those of last night.

    Args:
        candidates: The file of pairs.
        corpus: Distinct texts.
        threshold: Least similarity of an edge.
        evidence: Least weight that an edge shares, times one minus its similarity.
        threads: How many to use.
        progress: Called with pairs done and in all.
        check: Called with the number of edges so far; may raise.
        before: The edges of last night.
    """
    found, done, total, edges = [before], 0, rows(candidates, CANDIDATES), len(before.left)

    def tell(of_group: int, _: int) -> None:
        if progress:
            progress(done + of_group, total)

    for group in groups(candidates, CANDIDATES):
        left, right = ends(group.column(0).to_numpy())
        similarity = corpus.similarities(left, right, evidence=evidence, threads=threads, progress=tell)
        found.append(Pairs(left, right, similarity).where(similarity >= threshold))
        edges += len(found[-1].left)
        check(edges)
        done += len(left)
    return joined(found)


def judged_again(
    edges: Pairs,
    some: NDArray[np.bool_],
    corpus: Corpus,
    threshold: float,
    *,
    evidence: float = 0.0,
    threads: int = 1,
    progress: Progress | None = None,
) -> Pairs:
    """Verify some edges again, and leave out those that are below the threshold now.

    Args:
        edges: All edges.
        some: (m,) which are verified.
        corpus: Distinct texts.
        threshold: Least similarity of an edge.
        evidence: Least weight that an edge shares, times one minus its similarity.
        threads: How many to use.
        progress: Called with pairs done and in all.
    """
    if not some.any():
        return edges
    similarity = edges.similarity.copy()
    similarity[some] = corpus.similarities(
        edges.left[some], edges.right[some], evidence=evidence, threads=threads, progress=progress
    )
    return edges._replace(similarity=similarity).where(~some | (similarity >= threshold))


def joined(several: list[Pairs]) -> Pairs:
    """Edges, one after the other."""
    return Pairs(*(np.concatenate(parts) for parts in zip(*several, strict=True)))


def keep(edges: Pairs, path: Path) -> None:
    """Write edges."""
    keep_columns(path, edges._asdict())


def read(path: Path, texts: int) -> Pairs:
    """Read edges between so many texts."""
    edges = Pairs(*read_columns(path, EDGES))
    for ends_of in edges[:2]:
        check_places(path, ends_of, texts)
    return edges
