"""`dedup.nightly.signed`: the lower halves of signatures, by columns, in few files, and what bands ask of them."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from crawlers import article
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dedup.evidence.corpus import Corpus
from dedup.nightly import signed
from dedup.nightly.signed import Part, Stored, columns, taken_up, write
from dedup.pipeline import represent
from dedup.settings import Settings
from dedup.stages.bands import AT_ONCE, Bands, Matrix
from dedup.stages.signer import Signer

SHAPE = Bands(9, 3)
SETTINGS = Settings(weighted=False, slots=30)
TEXTS = 40


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    """Some distinct texts."""
    return represent(pa.chunked_array([pa.array([article(n) for n in range(TEXTS)], pa.large_string())]), SETTINGS)


@pytest.fixture(scope="module")
def halves(corpus: Corpus) -> NDArray[np.uint16]:
    """The lower halves of their signatures."""
    return Signer(SETTINGS, corpus.weights).sign(corpus.texts, corpus.first)


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


@pytest.fixture(params=[1, 7, 16, 1000])
def group(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Texts of a row group."""
    monkeypatch.setattr(signed, "GROUP", request.param)
    return int(request.param)


@pytest.mark.parametrize("threads", [1, 2])
def test_halves_are_written(
    tmp_path: Path, corpus: Corpus, halves: NDArray[np.uint16], group: int, threads: int
) -> None:
    """A row a text, in row groups that are full but for the last, whatever was taken up before."""
    order = np.random.default_rng(1).permutation(TEXTS)
    told: list[tuple[int, int]] = []
    begun = []
    for number, some in enumerate(np.split(order, [3, 3, 20])):
        path = tmp_path / f"{number}.parquet"
        before = begun[1:] if number == 3 else []
        write(path, before, corpus, some, SHAPE, SETTINGS, threads=threads, progress=lambda *done: told.append(done))
        begun.append(Part(path, 0, len(some)))
    last = Part(tmp_path / "3.parquet", 0, TEXTS - 3)
    about = pq.ParquetFile(last.path).metadata
    assert [about.row_group(k).num_rows for k in range(about.num_row_groups)] == [
        min(group, 37 - begin) for begin in range(0, 37, group)
    ]
    stored = Stored([begun[0], last], SHAPE, 30)
    sketches = stored.sketches()
    assert (sketches[:, :30] == halves[order].astype(np.uint8)).all()
    assert sketches.shape == (TEXTS, 128) and not sketches[:, 30:].any()
    assert told[-1] == (20, 20)


RANGES = st.lists(st.tuples(st.integers(0, TEXTS), st.integers(0, TEXTS)).map(sorted), min_size=1, max_size=4)


@settings(deadline=None, max_examples=40)
@given(RANGES, st.sampled_from([1, 5, 16, 1000]))
def test_bands_of_stored_signatures_are_those_of_a_matrix(
    corpus: Corpus, halves: NDArray[np.uint16], ranges: list[list[int]], group: int
) -> None:
    """Of any texts of any files, in any row groups, keys and sketches are those of the lower halves in memory."""
    with TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(signed, "GROUP", group)
        write(Path(name) / "a", [], corpus, np.arange(TEXTS), SHAPE, SETTINGS)
        stored = Stored([Part(Path(name) / "a", *ends) for ends in ranges], SHAPE, 30)
        matrix = Matrix(np.concatenate([halves[begin:end] for begin, end in ranges]))
        assert (stored.articles, stored.slots) == (matrix.articles, matrix.slots)
        assert (stored.sketches() == matrix.sketches()).all()
        for band in range(0, SHAPE.bands, AT_ONCE):
            keys, wanted = (np.zeros((min(AT_ONCE, 9 - band), matrix.articles), np.uint64) for _ in range(2))
            stored.band_keys(band * 3, 3, 7, keys)
            matrix.band_keys(band * 3, 3, 7, wanted)
            assert (keys == wanted).all()


@settings(deadline=None, max_examples=100)
@given(st.lists(st.integers(0, 50), max_size=60))
def test_there_are_few_files(nights: list[int]) -> None:
    """After any nights: every file is twice as long as the next, and no text is lost."""
    files: list[Part] = []
    for number, new in enumerate(nights):
        files = [part for part in files if part.end]  # a later file that begins where one does takes its place
        taken = taken_up(files, new)
        assert taken == files[len(files) - len(taken) :]
        rest = files[: len(files) - len(taken)]
        files = [*rest, Part(Path(str(number)), 0, new + sum(part.end for part in taken))]
        assert sum(part.end for part in files) == sum(nights[: number + 1])
        lengths = [part.end for part in files]
        assert all(one >= 2 * other for one, other in pairwise(lengths))
    assert len(files) <= 2 + sum(nights).bit_length()
