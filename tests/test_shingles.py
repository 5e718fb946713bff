"""`dedup.stages.shingles`: the shingle sets of texts in every script, whatever the buffers they come in."""

from __future__ import annotations

from typing import Any

import naive
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup import kernels
from dedup.stages.folding import fold
from dedup.stages.runs import winnowing
from dedup.stages.shingles import Shingles, Texts
from dedup.stages.words import separate
from dedup.work import Room

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


def shingle(texts: pa.ChunkedArray, *, once: bool = True, **options: Any) -> Shingles:
    """The shingles of all texts of a column."""
    scanned = Texts(texts, **options)
    return scanned.shingle(np.arange(len(scanned)), once=once)


def sets(shingles: Shingles) -> list[list[int]]:
    """The keys of every text."""
    return [part.tolist() for part in np.split(shingles.keys, shingles.offsets[1:-1])]


def same(a: Shingles, b: Shingles) -> bool:
    """Whether two results are equal to the last bit."""
    return all(np.array_equal(x, y) and x.dtype == y.dtype for x, y in zip(a, b, strict=True))


def same_texts(a: Texts, b: Texts) -> bool:
    """Whether two columns have the same lengths, fingerprints and shingles, to the last bit."""
    scanned = all(np.array_equal(x, y) for x, y in ((a.lengths, b.lengths), (a.prints, b.prints)))
    every = np.arange(len(a))
    return scanned and all(same(a.shingle(every, once=once), b.shingle(every, once=once)) for once in (True, False))


def test_textbook_example() -> None:
    """A shingle starts at every character and is two ideographs or six letters wide, or one and three."""
    assert naive.runs("续费手a机", 6) == ["续费", "费手", "手a机"]
    expected = [[naive.key(run, weighted=False) for run in ("续费", "费手", "手a机")]]
    assert sets(shingle(column("「續費」手A機！"), weighted=False)) == expected


@GENERATED
@given(st.lists(TEXTS, min_size=1, max_size=4), WIDTHS, st.booleans(), st.booleans())
def test_shingles_are_those_of_the_reference(texts: list[str], width: int, weighted: bool, once: bool) -> None:
    """Kernel and reference agree on texts of mixed scripts, at every width, with surprisal and without."""
    found = shingle(column(*texts), width=width, weighted=weighted, once=once)
    assert sets(found) == [naive.shingles(text, width=width, weighted=weighted, once=once) for text in texts]


@GENERATED
@given(st.text("78费", max_size=60), st.integers(1, 4), st.booleans())
def test_shingles_that_occur_often_are_those_of_the_reference(text: str, width: int, once: bool) -> None:
    """Where few shingles occur again and again, each stands where it occurs first, or as often as it does."""
    found = shingle(column(text), width=width, once=once)
    assert sets(found) == [naive.shingles(text, width=width, once=once)]


@GENERATED
@given(st.lists(TEXTS, max_size=6), st.sampled_from(["char", "word"]))
def test_lengths_are_those_of_the_folded_texts(texts: list[str], unit: str) -> None:
    """The length of a text is how many characters it has when folded, and never less than how many shingles."""
    scanned = Texts(column(*texts), unit=unit)
    assert len(scanned) == len(texts)
    assert scanned.lengths.tolist() == [len(naive.fold(text)) for text in texts]
    assert (np.diff(scanned.shingle(np.arange(len(texts)), once=False).offsets) <= scanned.lengths).all()


@settings(deadline=None, max_examples=100)
@given(
    st.lists(st.text("的手机卡續費号 ab1。カかｶ한글éß_😀", max_size=25), min_size=1, max_size=4),
    WIDTHS,
    st.booleans(),
    st.booleans(),
)
def test_shingles_of_words_are_those_of_the_reference(texts: list[str], width: int, weighted: bool, once: bool) -> None:
    """With words as units a shingle is a run of whole words."""
    found = shingle(column(*texts), width=width, unit="word", weighted=weighted, once=once)
    recipe: dict[str, Any] = {"width": width, "weighted": weighted, "by_word": True, "once": once}
    assert sets(found) == [naive.shingles(text, **recipe) for text in separate(column(*texts)).to_pylist()]


@pytest.mark.parametrize("unit", ["char", "word"])
def test_a_text_without_letters_has_no_shingles(unit: str) -> None:
    """Null, empty, white space, punctuation, emoji: no shingles, no length, and a fingerprint of 0."""
    texts = Texts(column(None, "", " \n\t", "。！…", "😀👍🏽", "\0\u200b"), unit=unit)
    found = texts.shingle(np.arange(6))
    assert found.offsets.tolist() == [0] * 7
    assert len(found.keys) == 0
    assert not texts.lengths.any()
    assert not texts.prints.any()


@pytest.mark.parametrize("text", ["a", "abcde", "费", "カか", "한", "费ab"])
@pytest.mark.parametrize("unit", ["char", "word"])
def test_a_short_text_is_one_shingle(text: str, unit: str) -> None:
    """What is narrower than a shingle is compared as a whole."""
    assert sets(shingle(column(text), unit=unit)) == [[naive.key(fold(text), weighted=True)]]


@GENERATED
@given(st.lists(TEXTS, min_size=1, max_size=4), WIDTHS, st.booleans(), st.sampled_from([1, 3, 12, 20]))
def test_runs_come_with_shingles_of_either_kind(texts: list[str], width: int, once: bool, window: int) -> None:
    """Each shingle once or as often as it occurs, as without runs; and the runs are the same either way."""
    scanned, every = Texts(column(*texts), width=width), np.arange(len(texts))
    which = winnowing(width, window=window)
    found, keys, starts = scanned.shingle_and_winnow(every, which, Room(np.uint64), Room(np.uint32), once=once)
    assert same(found, scanned.shingle(every, once=once))
    for text, mine in zip(texts, np.split(keys, starts[1:-1]), strict=True):
        assert set(mine.tolist()) == naive.run_keys(text, width, window=window)


def test_no_texts() -> None:
    """A column without texts, with no chunk or an empty one, has arrays of the right kinds."""
    empty = pa.array([], pa.large_string())
    for none in (pa.chunked_array([], pa.large_string()), pa.chunked_array([empty]), pa.chunked_array([empty, empty])):
        texts = Texts(none)
        found = texts.shingle(np.empty(0, np.int64))
        assert len(texts) == 0
        assert found.offsets.tolist() == [0]
        assert [array.dtype.name for array in found] == ["uint64", "int64"]
        assert (texts.lengths.dtype.name, texts.prints.dtype.name) == ("int64", "uint64")
        assert (found.keys.shape, texts.lengths.shape, texts.prints.shape) == ((0,), (0,), (0, 2))
        assert texts.batches(np.empty(0, np.int64)) == []


@pytest.mark.parametrize("unit", ["char", "word"])
@pytest.mark.parametrize(("batch_bytes", "threads"), [(1, 1), (50, 1), (50, 3), (1 << 20, 2)])
def test_batches_and_threads_do_not_matter(unit: str, batch_bytes: int, threads: int) -> None:
    """Any batch size and any number of threads give the same bytes."""
    texts = column(*(["手机卡續費 easy" * (i % 5) + str(i) for i in range(60)] + [None, "", "ﷺ" * 9, "费"] * 5))
    assert same_texts(Texts(texts, unit=unit, batch_bytes=batch_bytes, threads=threads), Texts(texts, unit=unit))


@pytest.mark.parametrize("batch_bytes", [1, 50, 1 << 20])
def test_some_texts_have_the_shingles_that_they_have_alone(batch_bytes: int) -> None:
    """Any rows in any order, one of them twice, over several chunks."""
    words = ["手机卡续费", None, "easy money", "", "ﷺ费", "号码随机发放", "abab" * 9]
    chunks = [pa.array(words[begin:end], pa.large_string()) for begin, end in ((0, 2), (2, 2), (2, 5), (5, 7))]
    texts = Texts(pa.chunked_array(chunks), batch_bytes=batch_bytes)
    for rows in ([6, 0, 5, 2, 1, 0, 3], [4], [1, 3], [3, 6, 6], []):
        for once in (True, False):
            found = texts.shingle(np.array(rows, np.int64), once=once)
            assert sets(found)[: len(rows)] == [naive.shingles(words[row] or "", once=once) for row in rows]
            assert len(found.offsets) == len(rows) + 1


@GENERATED
@given(st.lists(st.integers(0, 30), min_size=1, max_size=40), st.data(), st.sampled_from([1, 60, 200, 1 << 20]))
def test_batches_are_all_rows_in_order_and_of_about_one_size(
    lengths: list[int], data: st.DataObject, batch_bytes: int
) -> None:
    """Batches hold every row once, ascending; none is empty or longer than its size by more than a text."""
    rows = data.draw(st.lists(st.integers(0, len(lengths) - 1), unique=True))
    texts = Texts(column(*("费" * length for length in lengths)), batch_bytes=batch_bytes)
    batches = texts.batches(np.array(rows, np.int64))
    assert [row for batch in batches for row in batch.tolist()] == sorted(rows)
    for batch in batches:
        assert len(batch) > 0
        assert 3 * texts.lengths[batch[1:]].sum() <= batch_bytes


def test_many_small_chunks_are_one_column() -> None:
    """A column in 200 chunks of a text or two, some null, some slices, is the same column."""
    words = [None if i % 7 == 0 else f"手机卡续费{i}" for i in range(400)]
    whole = pa.array(words, pa.large_string())
    chunked = pa.chunked_array([whole.slice(begin, 2) for begin in range(0, 400, 2)])
    assert chunked.num_chunks == 200
    assert same_texts(Texts(chunked), Texts(column(*words)))


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
    assert same_texts(Texts(cut), Texts(column(*texts)))
    assert same_texts(Texts(cut.slice(1, 6)), Texts(column(*texts[1:7])))
    assert same_texts(Texts(cut.slice(4, 2)), Texts(column(*texts[4:6])))
    assert same_texts(Texts(cut.slice(3, 0)), Texts(column()))


def test_bytes_behind_a_null_do_not_count() -> None:
    """A null has no shingles even where a foreign writer left text in its place."""
    filled = pa.array([b"abcdefgh", b"hidden text"], pa.large_binary())
    buffers = [pa.py_buffer(b"\x01"), *filled.buffers()[1:]]
    texts = pa.chunked_array([pa.Array.from_buffers(pa.large_string(), 2, buffers)])
    assert texts.to_pylist() == ["abcdefgh", None]
    assert same_texts(Texts(texts), Texts(column("abcdefgh", None)))


@pytest.mark.parametrize(("times", "keys"), [(64, 2), (65, 3), (70, 8), (126, 64), (5_000, 64)])
def test_repeats_count_in_a_text_of_few_shingles(times: int, keys: int) -> None:
    """Those beyond 64, until there are as many: a page of two words again and again shares them with its like."""
    text = ("茶饼" * times)[: times + 1]
    found = sets(shingle(column(text)))[0]
    assert len(found) == keys
    assert found == naive.shingles(text)


def test_texts_that_grow_when_folded() -> None:
    """One character of three bytes may fold to 15: alone, in a batch with others, and at its ends."""
    texts = ["ﷺ" * 1000, "", "abc", "ﷺ", "a" * 5000, "㋿ﷺﬃ" * 300]
    found = shingle(column(*texts), width=5)
    assert sets(found) == [naive.shingles(text, width=5) for text in ["ﷺ" * 30, "", "abc", "ﷺ", "a" * 200, "㋿ﷺﬃ" * 30]]
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
    prints = [tuple(row) for row in Texts(column(*texts)).prints.tolist()]
    folded = [fold(text) for text in texts]
    for i in range(len(texts)):
        for j in range(i):
            assert (prints[i] == prints[j]) == (folded[i] == folded[j])
    assert [print_ == (0, 0) for print_ in prints] == [text == "" for text in folded]


def test_fingerprints_of_many_texts_are_distinct() -> None:
    """No two of 20,000 short texts share a fingerprint, nor either half of one."""
    prints = Texts(column(*map(str, range(20_000)))).prints
    assert [len(np.unique(half)) for half in prints.T] == [20_000, 20_000]


def test_the_same_shingle_has_the_same_key_anywhere() -> None:
    """Where a shingle stands, and what stands around it, has no influence on its key."""
    alone = set(sets(shingle(column("手机")))[0])
    assert all(
        alone <= set(keys) for keys in sets(shingle(column("手机卡", "卡手机", "ab手机cd", "一二三四五六七手机")))
    )


def test_the_same_shingle_has_the_same_key_at_the_end_of_a_long_text() -> None:
    """Behind twenty million rare characters, whose bits come to two thousand million quarters, nothing is else."""
    assert sets(shingle(column("丄" * 21_000_000)))[0] == naive.shingles("丄" * 200)


def test_keys_are_pinned() -> None:
    """Keys of a fixed text, with surprisal and without: an index would have to be built anew if they changed."""
    plain = shingle(column("续费手机卡easy"), weighted=False).keys.tolist()
    weighted = shingle(column("续费手机卡easy")).keys.tolist()
    assert plain == [
        17037229669677841106,
        8901471698978847512,
        11187347627103666884,
        9276486384607824605,
        10608706875398480362,
    ]
    assert weighted == [
        17037229669677840971,
        8901471698978847571,
        11187347627103666745,
        9276486384607824469,
        10608706875398480215,
    ]


def test_progress_counts_batches() -> None:
    """Progress is told once a batch and ends at the whole."""
    told: list[Any] = []
    Texts(column(*["abcdefgh"] * 10), batch_bytes=16, progress=lambda *numbers: told.append(numbers))
    assert told == [(done, 5) for done in range(1, 6)]


def test_where_bytes_come_from_does_not_matter() -> None:
    """Writable and read-only buffers, sliced and whole, have the same shingles."""
    raw, offsets = b"abcdefgh", np.array([0, 8], np.int64)
    expected = shingle(column("abcdefgh"))
    for data in (pa.py_buffer(raw), pa.py_buffer(bytearray(raw))):
        for places in (pa.py_buffer(offsets.tobytes()), pa.py_buffer(bytearray(offsets.tobytes()))):
            made = shingle(pa.chunked_array([pa.Array.from_buffers(pa.large_string(), 1, [None, places, data])]))
            assert np.array_equal(made.keys, expected.keys)
    for unit in ("char", "word"):
        for once in (True, False):
            assert len(shingle(column("", ""), unit=unit, once=once).keys) == 0
            assert len(shingle(column("abc", None).slice(1), unit=unit, once=once, weighted=False).keys) == 0


@GENERATED
@given(TEXTS, WIDTHS, st.sampled_from(["char", "word"]), st.booleans())
def test_a_trace_says_where_the_shingles_are(text: str, width: int, unit: str, weighted: bool) -> None:
    """Its shingles are those of the text, and each is the hash of the folded characters from its begin to its end."""
    scanned = Texts(column("前面的", text), width=width, unit=unit, weighted=weighted)
    found = scanned.trace(1)
    assert found.text == scanned.text(1) == text
    assert found.keys.tolist() == scanned.shingle(np.array([1]), once=False).keys.tolist()
    folded = fold(text)
    for key, begin, end in zip(found.keys.tolist(), found.begins.tolist(), found.ends.tolist(), strict=True):
        assert naive.key(folded[begin:end], weighted=False) >> 8 == key >> 8


def test_traces_of_missing_and_malformed_texts() -> None:
    """A missing text is empty; bytes that are not UTF-8 are U+FFFD, which is no letter."""
    scanned = Texts(unchecked(b"", b"ab\xff\xe6cdef"))
    assert (scanned.text(0), scanned.trace(0).keys.tolist()) == ("", [])
    found = scanned.trace(1)
    assert found.text == "ab\ufffd\ufffdcdef"
    assert found.keys.tolist() == scanned.shingle(np.array([1])).keys.tolist()
    assert Texts(column(None)).text(0) == ""


@GENERATED
@given(st.lists(st.one_of(st.none(), TEXTS), min_size=1, max_size=6), st.booleans())
def test_texts_that_are_known_are_not_folded_again(texts: list[str | None], weighted: bool) -> None:
    """With lengths and fingerprints from before, all is as if they had been found now."""
    scanned = Texts(column(*texts), weighted=weighted)
    told: list[int] = []
    known = Texts(
        column(*texts),
        weighted=weighted,
        known=(scanned.lengths, scanned.prints),
        progress=lambda done, _: told.append(done),
    )
    assert same_texts(known, scanned)
    assert known.lengths is scanned.lengths and known.prints is scanned.prints
    assert not told


PRINTS = st.lists(st.tuples(st.integers(0, 3), st.sampled_from([0, 1, 2**63, 2**64 - 1])), max_size=40)


@GENERATED
@given(PRINTS, PRINTS)
def test_texts_are_numbered_as_by_the_reference(some: list[tuple[int, int]], more: list[tuple[int, int]]) -> None:
    """In the order in which their fingerprints come first, over several calls."""
    most = len(some) + len(more)
    firsts, table = np.empty((most, 2), np.uint64), np.zeros(kernels.size_for(most), np.int64)
    expected: dict[tuple[int, int], int] = {}
    count = 0
    for rows in (some, more):
        prints = np.array(rows, np.uint64).reshape(-1, 2)
        numbers = np.empty(len(rows), np.int64)
        count = kernels.number(prints, table, firsts, count, numbers)
        assert numbers.tolist() == [expected.setdefault(row, len(expected)) for row in rows]
        assert count == len(expected)
    assert list(map(tuple, firsts[:count].tolist())) == list(expected)


@GENERATED
@given(st.lists(st.text(max_size=8), max_size=30))
def test_strings_have_fingerprints_of_their_bytes(strings: list[str]) -> None:
    """Equal where they are, wherever they stand, and nowhere else: case and width are not folded."""
    array = pa.array(["前", *(one.encode("utf-8", "replace").decode() for one in strings)], pa.large_string())[1:]
    offsets = np.frombuffer(array.buffers()[1], np.int64)[1 : len(array) + 2]
    prints = np.empty((len(array), 2), np.uint64)
    data = np.frombuffer(array.buffers()[2] or b"", np.uint8)
    kernels.fingerprint_bytes(kernels.frozen(data), kernels.frozen(offsets), prints)
    assert len(set(map(tuple, prints.tolist()))) == len(set(array.to_pylist()))
