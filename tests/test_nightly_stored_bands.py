"""`dedup.nightly.stored_bands`: the lower halves of signatures, by columns, and what bands ask of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from crawlers import article

from dedup.nightly.signed import Part, Stored
from dedup.nightly.stored_bands import StoredBands, StoredHalves, columns
from dedup.pipeline import represent
from dedup.settings import Settings
from dedup.stages.bands import AT_ONCE, Bands, Matrix
from dedup.stages.candidates import sketches
from dedup.stages.signer import Signer

SHAPE = Bands(9, 3)
SETTINGS = Settings(weighted=False, slots=30)
TEXTS = 40


@pytest.mark.parametrize(
    ("shape", "slots"), [((1, 1), 16), ((9, 3), 30), ((25, 5), 128), ((256, 2), 512), ((4, 4), 16)]
)
def test_columns_are_all_slots(shape: tuple[int, int], slots: int) -> None:
    """Each once, in order; those of four bands together, as they are asked for."""
    bands = Bands(*shape)
    cuts = columns(bands, slots)
    assert [slot for first, last in cuts for slot in range(first, last)] == list(range(slots))
    begins = {band * bands.rows for band in range(0, bands.bands, AT_ONCE)}
    assert begins <= {first for first, _ in cuts}


@pytest.mark.parametrize("group", [1, 7, 1000])
def test_bands_of_stored_signatures_are_those_of_a_matrix(tmp_path: Path, group: int) -> None:
    """Of some texts, in any row groups, keys and sketches are those of the lower halves in memory."""
    column = pa.chunked_array([pa.array([article(n) for n in range(TEXTS)], pa.large_string())])
    corpus, layout = represent(column, SETTINGS), StoredBands(SETTINGS, SHAPE)
    pq.write_table(layout.table(corpus, corpus.first), tmp_path / "a", row_group_size=group)
    stored = Stored([Part(tmp_path / "a", 3, 10), Part(tmp_path / "a", 8, TEXTS)], layout.schema)
    halves = Signer(SETTINGS, corpus.weights).sign(corpus.texts, corpus.first)
    halves = np.concatenate([halves[3:10], halves[8:]])
    matrix, there = Matrix(halves), StoredHalves(stored)
    assert (layout.sketches(stored) == sketches(halves)).all()
    assert there.articles == matrix.articles == len(layout.bytes_held(stored, 1))
    for band in range(0, SHAPE.bands, AT_ONCE):
        keys, wanted = (np.zeros((min(AT_ONCE, 9 - band), matrix.articles), np.uint64) for _ in range(2))
        there.band_keys(band * 3, 3, 7, keys)
        matrix.band_keys(band * 3, 3, 7, wanted)
        assert (keys == wanted).all()
