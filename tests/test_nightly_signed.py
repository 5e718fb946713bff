"""`dedup.nightly.signed`: what is kept of texts in few files, by row groups of one size, and any texts of them."""

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

from dedup.evidence.corpus import Corpus
from dedup.nightly import signed
from dedup.nightly.signed import Layout, Part, Stored, matrix, packed, portions, taken_up, write
from dedup.nightly.stored_bands import StoredBands
from dedup.nightly.stored_runs import StoredRuns
from dedup.pipeline import represent
from dedup.settings import Settings
from dedup.stages.bands import Bands

TEXTS = 40
BANDS = StoredBands(Settings(weighted=False, slots=30), Bands(9, 3))
RUNS = StoredRuns(Settings(slots=30))
BOTH = pytest.mark.parametrize("layout", [BANDS, RUNS], ids=["bands", "runs"])


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    """Some distinct texts."""
    return represent(pa.chunked_array([pa.array([article(n) for n in range(TEXTS)], pa.large_string())]), Settings())


@BOTH
@pytest.mark.parametrize("group", [1, 7, 16, 1000])
@pytest.mark.parametrize("threads", [1, 2])
def test_rows_are_those_of_one_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, corpus: Corpus, layout: Layout, group: int, threads: int
) -> None:
    """A row a text, in few row groups, whatever was taken up before, and however many are signed at once."""
    order = np.random.default_rng(1).permutation(TEXTS)
    whole = layout.table(corpus, corpus.first[order])
    monkeypatch.setattr(signed, "GROUP", group)
    told: list[tuple[int, int]] = []
    begun: list[Part] = []
    for number, some in enumerate(np.split(order, [3, 3, 20])):
        path = tmp_path / str(number)
        before = begun[1:] if number == 3 else []
        write(path, before, corpus, some, layout, threads=threads, progress=lambda *done: told.append(done))
        begun.append(Part(path, 0, len(some)))
    about = pq.ParquetFile(tmp_path / "3").metadata
    sizes = [about.row_group(number).num_rows for number in range(about.num_row_groups)]
    assert max(sizes) <= group and all(one + other > group for one, other in pairwise(sizes))
    assert pq.read_table(tmp_path / "3").equals(whole[3:])
    assert told[-1] == (20, 20)


@BOTH
def test_a_row_group_is_of_so_many_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, corpus: Corpus, layout: Layout
) -> None:
    """Long texts are fewer in each, and so they are when they are taken up."""
    monkeypatch.setattr(signed, "CHARACTERS", 3 * corpus.texts.lengths.max())
    write(tmp_path / "a", [], corpus, np.arange(TEXTS), layout)
    assert pq.ParquetFile(tmp_path / "a").num_row_groups == 1
    monkeypatch.setattr(signed, "BYTES", 1)
    write(tmp_path / "b", [], corpus, np.arange(TEXTS), layout)
    assert pq.ParquetFile(tmp_path / "b").num_row_groups >= TEXTS // 6
    write(tmp_path / "c", [Part(tmp_path / "b", 0, TEXTS)], corpus, np.arange(1), layout)
    assert pq.ParquetFile(tmp_path / "c").num_row_groups == pq.ParquetFile(tmp_path / "b").num_row_groups + 1


RANGES = st.lists(st.tuples(st.integers(0, TEXTS), st.integers(0, TEXTS)).map(sorted), min_size=1, max_size=4)


@settings(deadline=None, max_examples=40)
@given(RANGES, st.sampled_from([1, 5, 16, 1000]))
def test_any_texts_of_files(ranges: list[list[int]], group: int) -> None:
    """Their rows are found in whatever row groups, and so are their bytes."""
    rows = np.random.default_rng(2).integers(0, 9, (TEXTS, 3), np.uint16)
    with TemporaryDirectory() as name:
        path = Path(name) / "a"
        pq.write_table(pa.table([packed(rows), packed(rows[:, :1])], names=["x", "y"]), path, row_group_size=group)
        stored = Stored([Part(path, *ends) for ends in ranges], pq.read_schema(path))
        found = [np.empty((0, 1), np.uint16)]
        for at, (column,) in stored.columns(["y"]):
            assert at == sum(map(len, found))
            found.append(matrix(column, np.uint16))
        sizes = stored.bytes_of(["x", "y"])
    wanted = np.concatenate([rows[begin:end, :1] for begin, end in ranges])
    assert (np.concatenate(found) == wanted).all()
    assert len(sizes) == stored.articles == len(wanted)


@given(st.lists(st.integers(0, 30), max_size=40), st.integers(1, 10), st.integers(1, 60))
def test_portions(lengths: list[int], texts: int, characters: int) -> None:
    """All texts in order; so many, of so many characters, but one that is longer."""
    found = list(portions(np.array(lengths, np.int64), texts, characters))
    assert [number for some in found for number in range(some.start, some.stop)] == list(range(len(lengths)))
    for some in found:
        assert some.stop - some.start == 1 or sum(lengths[some]) <= characters
        assert some.stop - some.start <= texts


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
