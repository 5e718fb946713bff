"""All texts of an index signed, compared and clustered anew, as `dedup.cluster` does, and put in the place of the old.

In: a store with texts. Out: new weights, signatures, edges and clusters, stored in one transaction. The texts lie in a
temporary file that is memory-mapped; beyond it this takes the memory of clustering so many articles. Whoever wants to
write waits from the beginning, so that nothing is missed; whoever reads does not.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup import clusters, kernels, pairs, pipeline
from dedup.corpus import Corpus
from dedup.index.banding import halves
from dedup.index.grouping import MOST, carry_out, name_groups
from dedup.index.prepared import Preparer
from dedup.index.store import Edge, Opening, Reader, Store, Writer
from dedup.index.weighing import pack
from dedup.pipeline import MOST_FITTED, Progress, Stages
from dedup.settings import Settings
from dedup.weights import Weights

AT_ONCE = 1000
"""Texts read at once."""


def reweigh(
    store: Store, settings: Settings, preparer: Preparer, threads: int, progress: Progress | bool | None
) -> None:
    """Weigh, sign and cluster all texts anew.

    Args:
        store: Where they are.
        settings: How they are compared.
        preparer: Reads stored texts.
        threads: How many to use.
        progress: True shows a bar; a function is called with the stage, the work done and the whole of it.
    """
    with ExitStack() as stack:
        if progress is True:
            from dedup.progress import bar  # noqa: PLC0415 - rich is for those who look at it

            progress = stack.enter_context(bar())
        stages = Stages(progress or None)
        store.write(lambda writer: _reweigh(writer, store.opening, settings, preparer, threads, stages))


def _reweigh(
    writer: Writer, opening: Opening, settings: Settings, preparer: Preparer, threads: int, stages: Stages
) -> None:
    rows = {number: cluster for number, fingerprint, cluster, _ in writer.scan_texts() if fingerprint}
    numbers = np.fromiter(rows, np.int64, len(rows))
    with _column(writer, numbers, preparer) as column:
        corpus = pipeline.represent(column, settings, threads=threads, stages=stages, most=MOST_FITTED)
        edges, crowded = pipeline.connect(corpus, settings, threads=threads, stages=stages)
        signed = halves(pipeline.sign(corpus, settings, threads=threads))
    of = numbers[corpus.first]
    groups = _groups(corpus, edges, crowded, settings)
    weighed = corpus.weights
    assert weighed is None or isinstance(weighed, Weights)
    windows = corpus.frames.windows if corpus.frames else None
    new = Opening(settings, opening.store_texts, pack(weighed, windows), opening.generation + 1)
    writer.replace(
        new,
        zip(of.tolist(), signed, strict=True),
        _edges(of, edges, len(numbers) if settings.weighted else 0),
    )
    _rename(writer, {number: int(of[group]) for number, group in zip(of.tolist(), groups, strict=True)}, rows)


@contextmanager
def _column(reader: Reader, numbers: NDArray[np.int64], preparer: Preparer) -> Iterator[pa.ChunkedArray]:
    """The texts, in a file that is there while they are used."""
    schema = pa.schema({"text": pa.large_string()})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "texts.arrow"
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, schema) as out:
            for begin in range(0, len(numbers), AT_ONCE):
                some = numbers[begin : begin + AT_ONCE].tolist()
                bodies = reader.bodies(some)
                column = preparer.column([bodies[number] for number in some])
                out.write_batch(pa.record_batch(column.chunks, schema=schema))
        with pa.memory_map(str(path)) as file:
            yield pa.ipc.open_file(file).read_all()["text"]


def _groups(corpus: Corpus, edges: pairs.Edges, crowded: NDArray[np.bool_], settings: Settings) -> NDArray[np.int64]:
    """The cluster of each text; small components are linked by all of their edges, as `dedup.index.grouping` does."""
    count = len(corpus.first)
    component = kernels.components(edges.left, edges.right, count)
    large = np.bincount(component, minlength=count)[component] > MOST
    cut = settings.threshold * settings.linkage
    return clusters.link(edges.left, edges.right, edges.similarity, count, cut, crowded & large)


def _edges(of: NDArray[np.int64], edges: pairs.Edges, judged: int) -> Iterable[tuple[int, int, Edge]]:
    columns = (of[edges.left].tolist(), of[edges.right].tolist(), edges.similarity.tolist())
    for left, right, similarity in zip(*columns, strict=True):
        yield left, right, Edge(similarity, judged)


def _rename(writer: Writer, groups: dict[int, int], were: dict[int, int]) -> None:
    """Give clusters their ids; see `dedup.index.grouping`."""
    members: dict[int, list[int]] = defaultdict(list)
    for text in sorted(groups):
        members[groups[text]].append(text)
    numbers = count(writer.last() + 1)
    plan = name_groups(sorted(members.values()), were, lambda *_: False, lambda: next(numbers))
    carry_out(plan, writer, lambda: next(numbers))
