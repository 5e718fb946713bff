"""`dedup.stages.strings`: a column of any Arrow type is a column of large strings, or told."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.errors import InputError
from dedup.stages.strings import as_lines, as_text, plain, sizes_of

TEXTS = ["渡輪停航", "", None, "連絡船は欠航", "나룻배", "العبّارة 🚢", "渡輪停航"]
LISTS = [["第一段", "第二段"], None, [], ["한 줄"], ["", "x"], [None, "仅此一行", None], [None]]
LINES = ["第一段\n第二段", None, "", "한 줄", "\nx", "仅此一行", ""]
VIEWS = pa.string_view()


def coded(values: list[Any], kind: pa.DataType) -> pa.DictionaryArray:
    """A dictionary column whose distinct values are of this type; a missing value is missing in the dictionary."""
    distinct = list(dict.fromkeys(values))
    return pa.DictionaryArray.from_arrays(pa.array(map(distinct.index, values), pa.int16()), pa.array(distinct, kind))


def runs(values: pa.Array) -> pa.RunEndEncodedArray:
    """Each value once, in runs of one."""
    return pa.RunEndEncodedArray.from_arrays(pa.array(range(1, len(values) + 1), pa.int32()), values)


STRINGS: dict[str, pa.Array] = {
    "string": pa.array(TEXTS),
    "large string": pa.array(TEXTS, pa.large_string()),
    "view": pa.array(TEXTS, VIEWS),
    "dictionary": coded(TEXTS, pa.string()),
    "dictionary of large strings": coded(TEXTS, pa.large_string()),
    "dictionary of views": coded(TEXTS, VIEWS),
    "runs": runs(pa.array(TEXTS)),
    "runs of large strings": runs(pa.array(TEXTS, pa.large_string())),
    "runs of views": runs(pa.array(TEXTS, VIEWS)),
    "runs of a dictionary": runs(coded(TEXTS, pa.string())),
    "runs of a dictionary of views": runs(coded(TEXTS, VIEWS)),
}
OF_LISTS: dict[str, pa.Array] = {
    str(kind): pa.array(LISTS, kind)
    for kind in (
        pa.list_(pa.string()),
        pa.list_(pa.large_string()),
        pa.list_(VIEWS),
        pa.large_list(pa.string()),
        pa.list_view(pa.string()),
        pa.large_list_view(VIEWS),
        pa.list_(pa.dictionary(pa.int8(), pa.string())),
    )
} | {"runs of lists": runs(pa.array(LISTS))}


@pytest.mark.parametrize("kind", STRINGS | OF_LISTS)
def test_every_layout_gives_the_same_texts(kind: str) -> None:
    """Whole, sliced anywhere, in chunks, and with nothing in it."""
    array, wanted = (STRINGS[kind], TEXTS) if kind in STRINGS else (OF_LISTS[kind], LINES)
    for begin in range(len(wanted) + 1):
        for end in range(begin, len(wanted) + 1):
            found = as_text(pa.chunked_array([array.slice(begin, end - begin)]), "text")
            assert found.type == pa.large_string()
            found.validate(full=True)
            assert found.to_pylist() == wanted[begin:end]
    chunks = pa.chunked_array([array.slice(0, 2), array.slice(2, 0), array.slice(2)])
    assert as_text(chunks, "text").to_pylist() == wanted
    assert as_text(pa.chunked_array([], array.type), "text").to_pylist() == []


def test_runs_longer_than_one_are_written_out() -> None:
    """Each value as often as its run is long, from any place within a run."""
    values = pa.array(["甲", None, "乙"], VIEWS)
    array = pa.RunEndEncodedArray.from_arrays(pa.array([3, 4, 6], pa.int16()), values)
    assert as_text(pa.chunked_array([array]), "text").to_pylist() == ["甲"] * 3 + [None] + ["乙"] * 2
    assert as_text(pa.chunked_array([array.slice(2, 3)]), "text").to_pylist() == ["甲", None, "乙"]


def test_lists_of_one_length_are_lines() -> None:
    """Arrays of fixed length, of which a missing one takes room."""
    array = pa.array([["a", "b"], None, ["c", None], ["", ""]], pa.list_(pa.string(), 2))
    assert as_text(pa.chunked_array([array]), "text").to_pylist() == ["a\nb", None, "c", "\n"]
    assert as_text(pa.chunked_array([array.slice(1, 2)]), "text").to_pylist() == [None, "c"]


def test_views_of_lists_may_be_in_any_order_and_overlap() -> None:
    """Lists that point into their values from the back, as Arrow's own cast to a list does not read them."""
    offsets, sizes = pa.array([3, 2, 0, 0], pa.int32()), pa.array([2, 1, 2, 5], pa.int32())
    array = pa.ListViewArray.from_arrays(offsets, sizes, pa.array(list("abcde")))
    assert as_text(pa.chunked_array([array]), "text").to_pylist() == ["d\ne", "c", "a\nb", "a\nb\nc\nd\ne"]


def test_lists_against_a_plain_reference() -> None:
    """Lists of random lengths and values, some missing."""
    draw = random.Random(17)
    lines = ["", "a", "漢字", "🎈🎈", None]
    lists = [None if draw.random() < 0.2 else draw.choices(lines, k=draw.randrange(5)) for _ in range(500)]
    wanted = [None if one is None else "\n".join(line for line in one if line is not None) for one in lists]
    for begin in (0, 1, 63, 499, 500):
        found = as_text(pa.chunked_array([pa.array(lists).slice(begin)]), "text")
        assert found.to_pylist() == wanted[begin:]
    assert as_lines(lists) == wanted


def test_lines_of_python_lists() -> None:
    """Lists, tuples and arrays of strings; whatever else is left for others to refuse."""
    assert as_lines([["a", None, "b"], ("c",), np.array(["d", "e"]), "f", None, []]) == [
        "a\nb",
        "c",
        "d\ne",
        "f",
        None,
        "",
    ]
    assert as_lines([[1, "a"], {"a": 1}]) == [[1, "a"], {"a": 1}]
    values = ["a", None]
    assert as_lines(values) is values


def test_numbers_that_are_all_missing_are_no_texts() -> None:
    """NaN stands for a missing text where a column has no text at all."""
    for values in ([float("nan"), None], [None, None], [float("nan")] * 2):
        assert as_text(pa.chunked_array([pa.array(values, pa.float64())]), "text").to_pylist() == [None, None]


@pytest.mark.parametrize(
    "array",
    [
        pa.array([1.5, float("nan")]),
        pa.array([1, None]),
        pa.array([b"x"]),
        pa.array([[1]]),
        pa.array([[b"x"]]),
        pa.array([{"a": "x"}]),
        pa.array([[{"a": "x"}]]),
        coded([1, 2], pa.int64()),
        runs(pa.array([1, 2])),
    ],
    ids=lambda array: str(array.type)[:30],
)
def test_what_is_no_text_is_told(array: pa.Array) -> None:
    """By the type, and what to do."""
    with pytest.raises(InputError, match=r"column 'body' holds .*must hold strings: cast it"):
        as_text(pa.chunked_array([array]), "body")


def test_columns_of_other_values_become_plain() -> None:
    """Ids, too, may be runs, dictionaries and views; the values keep their type where Arrow can count them."""
    for array, kind in (
        (runs(pa.array([7, 7, 9])), pa.int64()),
        (pa.array([b"a", None], pa.binary_view()), pa.large_binary()),
        (coded(["a", "b"], pa.string()), pa.string()),
        (pa.array(["a"], VIEWS), pa.large_string()),
        (pa.array([[1]]), pa.list_(pa.int64())),
    ):
        found = plain(pa.chunked_array([array]))
        assert found.type == kind
        assert found.to_pylist() == array.to_pylist()


def test_one_long_value_of_a_dictionary_sets_nothing_aside_for_the_short_ones() -> None:
    """Arrow would reserve the mean length for each row."""
    values = pa.array(["a" * 10_000_000, "b"])
    before = pa.default_memory_pool().max_memory()
    coded = pa.DictionaryArray.from_arrays(pa.array([1, 1, None, 1] * 100_000, pa.int32()), values)
    assert as_text(pa.chunked_array([coded]), "text").to_pylist() == ["b", "b", None, "b"] * 100_000
    assert pa.default_memory_pool().max_memory() <= max(before, 100_000_000)


@given(st.lists(st.none() | st.text(max_size=4), max_size=8), st.integers(0, 3))
def test_sizes_are_those_of_what_is_written_out(texts: list[str | None], cut: int) -> None:
    """Of strings in every layout, and of parts of columns."""
    sizes = [len((text or "").encode()) for text in texts[cut:]]
    for kind in (pa.string(), pa.large_string(), pa.string_view()):
        column = pa.array(texts, kind)
        runs = pa.RunEndEncodedArray.from_arrays(pa.array(range(1, len(texts) + 1), pa.int32()), column)
        for one in (column, runs, column.cast(pa.string()).dictionary_encode()):
            assert sizes_of(pa.chunked_array([one[cut:]])).tolist() == sizes
    lists = pa.array([[text, text] for text in texts])[cut:]
    assert sizes_of(pa.chunked_array([lists])).tolist() == [2 * size + 1 for size in sizes]
