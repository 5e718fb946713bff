"""`dedup.nightly.catalogue`: which rows are articles, and how their texts are numbered."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from test_nightly import NEAR, put

from dedup.files import ReadOptions
from dedup.nightly.catalogue import Catalogue, catalogued, numbered
from dedup.nightly.intake import found, take_in
from dedup.nightly.state import State, opened

GENERATED = settings(deadline=None, max_examples=15)
VERSIONS = st.lists(
    st.tuples(st.sampled_from("abc"), st.lists(st.tuples(st.sampled_from("uvwx"), st.integers(0, 5)), max_size=4)),
    max_size=6,
)
LETTERS = ["", "甲", "乙乙", "丙丙丙", "🎉", "丁"]


def take(state: State, path: Path) -> None:
    """Read a file."""
    take_in(state, found([str(path)]).files, ReadOptions(), NEAR)


def read(folder: Path, versions: list[tuple[str, list[tuple[str, int]]]]) -> Catalogue:
    """What there is after these versions of files were read, one after the other."""
    with opened(folder / "state", NEAR) as state:
        for name, rows in versions:
            take(state, put(folder / f"{name}.jsonl", [(id_, LETTERS[text]) for id_, text in rows]))
        return catalogued(state, 1 << 30)


@GENERATED
@given(VERSIONS)
def test_rows_are_those_of_the_reference(versions: list[tuple[str, list[tuple[str, int]]]]) -> None:
    """An article is the last row with its id in files as they are now; it is known by the first row of all."""
    with TemporaryDirectory() as name:
        catalogue = read(Path(name), versions)
    rows = [(*row, version) for version, (_, some) in enumerate(versions) for row in some]
    latest = {name: version for version, (name, _) in enumerate(versions)}
    current = [version in latest.values() for *_, version in rows]
    last = {id_: row for row, (id_, *_) in enumerate(rows) if current[row]}
    first = {id_: row for row, (id_, *_) in reversed(list(enumerate(rows)))}
    assert len(catalogue) == len(rows)
    assert catalogue.ids.to_pylist() == [id_ for id_, *_ in rows]
    assert catalogue.column.to_pylist() == [LETTERS[text] for _, text, _ in rows]
    assert catalogue.live.tolist() == [last.get(id_) == row for row, (id_, *_) in enumerate(rows)]
    assert catalogue.numbers.tolist() == [first[id_] for id_, *_ in rows]


@GENERATED
@given(VERSIONS, VERSIONS)
def test_numbers_are_those_of_the_reference(
    before: list[tuple[str, list[tuple[str, int]]]], after: list[tuple[str, list[tuple[str, int]]]]
) -> None:
    """Texts keep the numbers they had, and new ones get the next in the order of their rows."""
    with TemporaryDirectory() as name:
        known, numbers = numbered(read(Path(name), before), np.empty((0, 2), np.uint64))
        assert len(known) == len(set(numbers[numbers >= 0].tolist()))
        catalogue = read(Path(name), after)
    prints, number = numbered(catalogue, known)
    expected = {one.tobytes(): place for place, one in enumerate(known)}
    for row in range(len(catalogue)):
        if catalogue.live[row] and catalogue.lengths[row]:
            assert number[row] == expected.setdefault(catalogue.prints[row].tobytes(), len(expected))
        else:
            assert number[row] == -1
    assert [one.tobytes() for one in prints] == list(expected)


@GENERATED
@given(VERSIONS, st.integers(0, 12))
def test_what_gets_another_text_is_counted(versions: list[tuple[str, list[tuple[str, int]]]], begin: int) -> None:
    """Every row from one on that is there and whose id had another text in the row before."""
    with TemporaryDirectory() as name:
        catalogue = read(Path(name), versions)
    current = catalogue.current[catalogue.files]
    texts: dict[str, bytes] = {}
    expected = 0
    for row, id_ in enumerate(catalogue.ids.to_pylist()):
        if row < begin or current[row]:
            mine = catalogue.prints[row].tobytes()
            expected += row >= begin and texts.get(id_, mine) != mine
            texts[id_] = mine
    assert len(catalogue.replaced(begin).later) == expected


def test_some_of_the_shards(tmp_path: Path) -> None:
    """What was known when there were so many."""
    with opened(tmp_path / "state", NEAR) as state:
        for number in range(3):
            take(state, put(tmp_path / "a.jsonl", {str(number): "甲" * number}))
        for shards in range(4):
            catalogue = catalogued(state, 1 << 30, shards)
            assert catalogue.ids.to_pylist() == list(map(str, range(shards)))
            assert np.flatnonzero(catalogue.live).tolist() == [shards - 1][:shards]
        assert len(catalogued(state, 1 << 30)) == 3


def test_a_file_that_failed_has_no_version(tmp_path: Path) -> None:
    """What it held before are articles still."""
    with opened(tmp_path / "state", NEAR) as state:
        path = put(tmp_path / "a.jsonl", {"a": "甲"})
        take(state, path)
        path.write_text("no JSON")
        take(state, path)
        assert catalogued(state, 1 << 30).live.tolist() == [True]
        take(state, put(path, []))
        assert catalogued(state, 1 << 30).live.tolist() == [False]
