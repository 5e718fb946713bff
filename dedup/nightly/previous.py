"""What a night leaves of its texts, for the next one.

In: a state. Out: `Known`, a row for every distinct text that was numbered since the last whole night: whether an
article still has it, the representative of its cluster and the similarity to that. One Parquet file; 49 bytes a text in
memory.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.kernels import Integers
from dedup.nightly.damage import check_places, damaged, read_columns
from dedup.nightly.keeping import keep
from dedup.results import Clusters
from dedup.settings import Settings
from dedup.stages.clusters import NO_PAIRS, Graph

FILE = "texts.parquet"


@dataclass(frozen=True)
class Known:
    """d distinct texts.

    Args:
        high: uint64 (d,) one half of each fingerprint.
        low: uint64 (d,) the other.
        first: (d,) the first row of an article with this text; if no article has it any more, the row it had last.
        live: (d,) whether an article has it.
        capped: (d,) whether it was compared with some of its bucket mates only; see `dedup.stages.clusters.link`.
        representative: (d,) the text that represents its cluster.
        similarity: (d,) similarity to the representative.
    """

    high: NDArray[np.uint64]
    low: NDArray[np.uint64]
    first: Integers
    live: NDArray[np.bool_]
    capped: NDArray[np.bool_]
    representative: Integers
    similarity: NDArray[np.float64]

    def __len__(self) -> int:
        """How many texts there are."""
        return len(self.first)

    @property
    def prints(self) -> NDArray[np.uint64]:
        """uint64 (d, 2): fingerprints."""
        return np.stack([self.high, self.low], axis=1)

    def clusters(self, number: Integers, settings: Settings) -> Clusters:
        """The clusters, without edges, of rows whose texts have these numbers."""
        graph = Graph(self.first, number, *NO_PAIRS, self.capped)
        return Clusters(graph, settings.threshold, settings.linkage, representatives=self.representative)

    def write(self, folder: Path) -> None:
        """Write them into the folder of a night."""
        keep(folder / FILE, {field.name: getattr(self, field.name) for field in fields(self)})


NOTHING = Known(
    np.empty(0, np.uint64),
    np.empty(0, np.uint64),
    np.empty(0, np.int64),
    np.empty(0, np.bool_),
    np.empty(0, np.bool_),
    np.empty(0, np.int64),
    np.empty(0),
)


SCHEMA = pa.schema({field.name: pa.from_numpy_dtype(getattr(NOTHING, field.name).dtype) for field in fields(Known)})


def read(folder: Path, texts: int, rows: int) -> Known:
    """What the night in a folder left.

    Args:
        folder: Of the night.
        texts: How many it had.
        rows: How many rows there are.
    """
    found = Known(*read_columns(folder / FILE, SCHEMA))
    if len(found) != texts:
        raise damaged(folder / FILE, f"{texts:,} texts were written, and {len(found):,} are there")
    check_places(folder / FILE, found.first, rows)
    check_places(folder / FILE, found.representative, texts)
    return found
