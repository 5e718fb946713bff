"""`dedup.shingles`: the shingle sets of texts in every script, whatever the buffers they come in."""

from __future__ import annotations

from typing import Any

import naive
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup import kernels
from dedup.folding import fold
from dedup.shingles import Shingles, shingle
from dedup.words import separate

GENERATED = settings(deadline=None, max_examples=200)
TEXTS = st.text(st.one_of(st.sampled_from(naive.MIXED), st.characters(codec="utf-8")), max_size=40)
WIDTHS = st.integers(1, 20)


def column(*texts: str | None) -> pa.ChunkedArray:
    """A column of one chunk."""
    return pa.chunked_array([pa.array(texts, pa.large_string())])


def unchecked(*texts: bytes) -> pa.ChunkedArray:
    """A column of bytes that nobody has looked at, in buffers exactly as long as they need be."""
    offsets = np.cumsum([0, *map(len, texts)]).astype(np.int64)
    buffers = [None, pa.py_buffer(offsets.tobytes()), pa.py_buffer(b"".join(texts))]
    return pa.chunked_array([pa.Array.from_buffers(pa.large_string(), len(texts), buffers)])


def sets(shingles: Shingles) -> list[list[int]]:
    """The keys of every text."""
    return [part.tolist() for part in np.split(shingles.keys, shingles.offsets[1:-1])]


def same(a: Shingles, b: Shingles) -> bool:
    """Whether two results are equal to the last bit."""
    return all(np.array_equal(x, y) and x.dtype == y.dtype for x, y in zip(a, b, strict=True))


def test_textbook_example() -> None:
    """A shingle starts at every character and is two ideographs or six letters wide, or one and three."""
    assert naive.runs("续费手a机", 6) == ["续费", "费手", "手a机"]
    expected = [sorted(naive.key(run, weighted=False) for run in ("续费", "费手", "手a机"))]
    assert sets(shingle(column("「續費」手A機！"), weighted=False)) == expected


@GENERATED
@given(st.lists(TEXTS, min_size=1, max_size=4), WIDTHS, st.booleans())
def test_shingles_are_those_of_the_reference(texts: list[str], width: int, weighted: bool) -> None:
    """Kernel and reference agree on texts of mixed scripts, at every width, with surprisal and without."""
    found = shingle(column(*texts), width=width, weighted=weighted)
    assert sets(found) == [naive.shingles(text, width=width, weighted=weighted) for text in texts]


@settings(deadline=None, max_examples=100)
@given(
    st.lists(st.text("的手机卡續費号 ab1。カかｶ한글éß_😀", max_size=25), min_size=1, max_size=4), WIDTHS, st.booleans()
)
def test_shingles_of_words_are_those_of_the_reference(texts: list[str], width: int, weighted: bool) -> None:
    """With words as units a shingle is a run of whole words."""
    found = shingle(column(*texts), width=width, unit="word", weighted=weighted)
    apart = separate(column(*texts)).to_pylist()
    assert sets(found) == [naive.shingles(text, width=width, weighted=weighted, by_word=True) for text in apart]


@pytest.mark.parametrize("unit", ["char", "word"])
def test_a_text_without_letters_has_no_shingles(unit: str) -> None:
    """Null, empty, white space, punctuation, emoji: no shingles, and one and the same fingerprint."""
    found = shingle(column(None, "", " \n\t", "。！…", "😀👍🏽", "\0\u200b"), unit=unit)
    assert found.offsets.tolist() == [0] * 7
    assert len(found.keys) == 0
    assert len(np.unique(found.prints, axis=0)) == 1


@pytest.mark.parametrize("text", ["a", "abcde", "费", "カか", "한", "费ab"])
@pytest.mark.parametrize("unit", ["char", "word"])
def test_a_short_text_is_one_shingle(text: str, unit: str) -> None:
    """What is narrower than a shingle is compared as a whole."""
    assert sets(shingle(column(text), unit=unit)) == [[naive.key(fold(text), weighted=True)]]


def test_no_texts() -> None:
    """A column without texts, with no chunk or an empty one, has arrays of the right kinds."""
    empty = pa.array([], pa.large_string())
    for texts in (pa.chunked_array([], pa.large_string()), pa.chunked_array([empty]), pa.chunked_array([empty, empty])):
        found = shingle(texts)
        assert found.offsets.tolist() == [0]
        assert [array.dtype.name for array in found] == ["uint64", "int64", "uint64"]
        assert (found.keys.shape, found.prints.shape) == ((0,), (0, 2))


@pytest.mark.parametrize("unit", ["char", "word"])
@pytest.mark.parametrize(("batch_bytes", "threads"), [(1, 1), (50, 1), (50, 3), (1 << 20, 2)])
def test_batches_and_threads_do_not_matter(unit: str, batch_bytes: int, threads: int) -> None:
    """Any batch size and any number of threads give the same bytes."""
    texts = column(*(["手机卡續費 easy" * (i % 5) + str(i) for i in range(60)] + [None, "", "ﷺ" * 9, "费"] * 5))
    assert same(shingle(texts, unit=unit, batch_bytes=batch_bytes, threads=threads), shingle(texts, unit=unit))


def test_slices_and_chunks_do_not_matter() -> None:
    """A slice with nulls in several chunks gives what the texts give by themselves."""
    texts = ["前面的", "手机卡续费", None, "", "easy money", "号码随机发放", None, "后面的"]
    cut = pa.chunked_array(
        [
            pa.array(texts[:3], pa.large_string()),
            pa.array([], pa.large_string()),
            pa.array(texts[3:], pa.large_string()),
        ]
    )
    assert same(shingle(cut), shingle(column(*texts)))
    assert same(shingle(cut.slice(1, 6)), shingle(column(*texts[1:7])))
    assert same(shingle(cut.slice(4, 2)), shingle(column(*texts[4:6])))
    assert same(shingle(cut.slice(3, 0)), shingle(column()))


def test_bytes_behind_a_null_do_not_count() -> None:
    """A null has no shingles even where a foreign writer left text in its place."""
    filled = pa.array([b"abcdefgh", b"hidden text"], pa.large_binary())
    buffers = [pa.py_buffer(b"\x01"), *filled.buffers()[1:]]
    texts = pa.chunked_array([pa.Array.from_buffers(pa.large_string(), 2, buffers)])
    assert texts.to_pylist() == ["abcdefgh", None]
    assert same(shingle(texts), shingle(column("abcdefgh", None)))


def test_texts_that_grow_when_folded() -> None:
    """One character of three bytes may fold to 15: alone, in a batch with others, and at its ends."""
    texts = ["ﷺ" * 1000, "", "abc", "ﷺ", "a" * 5000, "㋿ﷺﬃ" * 300]
    found = shingle(column(*texts), width=5)
    assert sets(found) == [naive.shingles(text, width=5) for text in ["ﷺ" * 3, "", "abc", "ﷺ", "a" * 9, "㋿ﷺﬃ" * 3]]
    for text, place in zip(texts, range(6), strict=True):
        assert sets(found)[place] == sets(shingle(column(text), width=5))[0]


@pytest.mark.parametrize("room", range(8))
def test_texts_that_grow_by_a_little(room: int) -> None:
    """Three bytes that fold to four characters, behind others that leave more room and less."""
    texts = ["a。" * room, "㍿", "b㍿" * room, "㍿㍿", "c"]
    assert sets(shingle(column(*texts), width=1)) == [naive.shingles(text, width=1) for text in texts]


@GENERATED
@given(st.lists(st.binary(max_size=12) | st.sampled_from([s.encode() for s in naive.MIXED]), max_size=8), st.booleans())
def test_malformed_bytes_are_left_out(parts: list[bytes], weighted: bool) -> None:
    """Bytes that are not UTF-8 are read as Python reads them with errors="replace"."""
    raw = b"".join(parts)
    found = shingle(unchecked(raw), weighted=weighted)
    assert sets(found) == [naive.shingles(raw.decode("utf-8", "replace"), weighted=weighted)]


@pytest.mark.parametrize(
    "raw",
    [b"\xff", b"\xe6\x89", b"\xf0\x9f\x98", b"\xc0\x80", b"\x80\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe6"],
    ids=lambda raw: raw.hex(),
)
def test_a_broken_sequence_does_not_reach_into_the_next_text(raw: bytes) -> None:
    """A sequence cut off at the end of a text ends there; the texts around it are as they were."""
    found = shingle(unchecked(b"abcdefg" + raw, b"\x8bxyz", raw, b"\x8b\xba" + "手机".encode(), raw))
    assert sets(found) == sets(shingle(column("abcdefg", "xyz", None, "手机", None)))


@pytest.mark.parametrize(
    "raw", [b"\xe0\x81\x81", b"\xf0\x80\x81\x81", b"\xf0\x84\xb8\x80", b"\xc1\x81"], ids=lambda raw: raw.hex()
)
def test_an_overlong_sequence_is_malformed(raw: bytes) -> None:
    """A letter in more bytes than it needs is no letter, as everywhere else."""
    assert raw.decode("utf-8", "replace").strip("\ufffd") == ""
    assert sets(shingle(unchecked(raw))) == [[]]


def test_malformed_bytes_among_words() -> None:
    """With words as units, too, they are left out."""
    assert sets(shingle(unchecked(b"ab \xff cd"), unit="word")) == sets(shingle(column("ab cd"), unit="word"))


@GENERATED
@given(st.lists(st.text("aAàb费費 。가가", max_size=6), min_size=2, max_size=8))
def test_fingerprints_are_equal_where_folded_texts_are(texts: list[str]) -> None:
    """Two texts have one fingerprint exactly if they fold to the same."""
    prints = [tuple(row) for row in shingle(column(*texts)).prints.tolist()]
    folded = [fold(text) for text in texts]
    for i in range(len(texts)):
        for j in range(i):
            assert (prints[i] == prints[j]) == (folded[i] == folded[j])


def test_fingerprints_of_many_texts_are_distinct() -> None:
    """No two of 20,000 short texts share a fingerprint, nor either half of one."""
    prints = shingle(column(*map(str, range(20_000)))).prints
    assert [len(np.unique(half)) for half in prints.T] == [20_000, 20_000]


def test_the_same_shingle_has_the_same_key_anywhere() -> None:
    """Where a shingle stands, and what stands around it, has no influence on its key."""
    alone = set(sets(shingle(column("手机")))[0])
    assert all(
        alone <= set(keys) for keys in sets(shingle(column("手机卡", "卡手机", "ab手机cd", "一二三四五六七手机")))
    )


def test_keys_are_pinned() -> None:
    """Keys of a fixed text, with surprisal and without: an index would have to be built anew if they changed."""
    plain = shingle(column("续费手机卡easy"), weighted=False).keys.tolist()
    weighted = shingle(column("续费手机卡easy")).keys.tolist()
    assert plain == [
        8901471698978847512,
        9276486384607824605,
        10608706875398480362,
        11187347627103666884,
        17037229669677841106,
    ]
    assert weighted == [
        8901471698978847571,
        9276486384607824469,
        10608706875398480214,
        11187347627103666744,
        17037229669677840970,
    ]


def test_progress_counts_batches() -> None:
    """Progress is told once a batch and ends at the whole."""
    told: list[Any] = []
    shingle(column(*["abcdefgh"] * 10), batch_bytes=16, progress=lambda *numbers: told.append(numbers))
    assert told == [(done, 5) for done in range(1, 6)]


def test_a_kernel_is_compiled_once() -> None:
    """Writable and read-only buffers, sliced and whole, run the same code: see `kernels.kernel`."""
    raw, offsets = b"abcdefgh", np.array([0, 8], np.int64)
    for data in (pa.py_buffer(raw), pa.py_buffer(bytearray(raw))):
        for places in (pa.py_buffer(offsets.tobytes()), pa.py_buffer(bytearray(offsets.tobytes()))):
            shingle(pa.chunked_array([pa.Array.from_buffers(pa.large_string(), 1, [None, places, data])]))
    shingle(column("", ""))
    shingle(column("abc", None).slice(1))
    assert len(kernels.shingle.signatures) == 1
