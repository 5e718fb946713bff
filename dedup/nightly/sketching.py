"""Document frequencies of a night, and the weights that follow.

In: the sketch of last night, texts that have come and texts that have gone. Out: the sketch of tonight, and weights by
it. Signatures keep the weights that their generation began with, so that they can be compared; what is found by them is
judged by the weights of tonight. Files are Parquet: a sketch has a column of counts, weights a column of codes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.evidence.corpus import Corpus
from dedup.kernels import Integers
from dedup.nightly.damage import damaged, groups, opened, reading, rows
from dedup.nightly.keeping import keep
from dedup.settings import Settings
from dedup.stages.frequencies import PARTS, Sketch, count
from dedup.stages.weights import Formula, SketchWeights, weigh_sketch
from dedup.work import Progress, Room

PIECE = 1 << 20
"""Rows of a row group."""
COUNTS, CODES = pa.schema({"count": pa.uint32()}), pa.schema({"code": pa.uint8()})
SIZES = {1 << bits for bits in range(16, 33)}
"""Cells of a sketch."""

MOST_WEIGHT = 1000.0
"""Nats; each is a dart of a signature."""


def counted(
    corpus: Corpus,
    into: Sketch,
    texts: Integers,
    *,
    step: int = 1,
    threads: int = 1,
    progress: Progress | None = None,
) -> None:
    """Count texts up, or down.

    Args:
        corpus: All texts.
        into: The sketch.
        texts: Numbers of those that are counted.
        step: 1, or -1 for those that have gone.
        threads: How many to use.
        progress: Called with batches done and in all.
    """
    room, batches = Room(np.uint64), corpus.texts.batches(corpus.first[texts])
    into.step = step
    count(batches, lambda rows: corpus.texts.shingle(rows, room=room).keys, into, threads=threads, progress=progress)


def weighed(sketch: Sketch, articles: int, settings: Settings) -> SketchWeights:
    """Weights by a sketch of so many articles."""
    return weigh_sketch(sketch, Formula(articles, settings.prior_articles, settings.max_df))


def keep_sketch(sketch: Sketch, path: Path) -> None:
    """Write a sketch."""
    keep(path, {"count": sketch.cells.reshape(-1)}, group=PIECE)


def read_sketch(path: Path) -> Sketch:
    """Read a sketch."""
    sketch = Sketch(_cells(path, COUNTS).bit_length() - 1)
    _read(path, COUNTS, sketch.cells.reshape(-1))
    return sketch


def keep_weights(weights: SketchWeights, path: Path) -> None:
    """Write weights: the codes of all cells, and then the weight of each code by surprisal in the file's metadata."""
    metadata = {b"weights": weights.bits.tobytes()}
    keep(path, {"code": weights.codes.reshape(-1)}, metadata=metadata, group=PIECE)


def read_weights(path: Path) -> SketchWeights:
    """Read weights."""
    with opened(path, CODES) as file, reading(path):
        bits = np.frombuffer(file.schema_arrow.metadata[b"weights"], np.uint32).reshape(256, 256)
        if not ((bits.view(np.float32) >= 0) & (bits.view(np.float32) <= MOST_WEIGHT)).all():
            raise ValueError("a weight is not between 0 and what a shingle can weigh")
    codes = np.empty((PARTS, _cells(path, CODES) // PARTS), np.uint8)
    _read(path, CODES, codes.reshape(-1))
    return SketchWeights(codes, bits.copy())


def _cells(path: Path, schema: pa.Schema) -> int:
    found = rows(path, schema)
    if found not in SIZES:
        raise damaged(path, f"a sketch has no {found:,} cells")
    return found


def _read(path: Path, schema: pa.Schema, found: NDArray[Any]) -> None:
    """Read a column, a row group at a time: never twice in memory."""
    at = 0
    for group in groups(path, schema):
        found[at : at + len(group)] = group.column(0).to_numpy()
        at += len(group)
