"""`dedup.index.prepared`: texts are made ready as the batch pipeline makes them, and come back as they were given."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import naive
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup import pipeline
from dedup.errors import DedupWarning
from dedup.index import Index
from dedup.index.listed import by_bands, kind, winnowing
from dedup.index.prepared import PIECE, Prepared, Preparer, Shingled, joined
from dedup.settings import Settings
from dedup.stages.frames import marking
from dedup.stages.signer import Signer
from dedup.stages.weights import prior_weights
from dedup.stages.words import separate

GENERATED = settings(deadline=None, max_examples=60)
SMALL = Settings(slots=64)
TEXTS = [
    "代辦各國手機卡，續費方便，號碼隨機發放，歡迎來電洽詢。",
    "代办各国手机卡，续费方便，号码随机发放，欢迎来电洽询。",
    "手机卡續費 easy money，加LINE：abc123 領取優惠",
    "電話番号の登録はこちらから。カタカナとｶﾀｶﾅ、ひらがな。",
    "휴대폰 카드를 충전하세요. 번호는 무작위로 드립니다.",
    "Top up your phone card today; numbers are handed out at random.",
    "👍🏽😀 🎉",
    "",
    None,
    " 。，!?\n",
    "好",
    "👍 加 me 😀 now",
    "𠮷野家𠀀𪚥 İstanbul ﬁne Ⅷ\0",
]
"""Of every script; two that are equal when folded, and some without a letter or digit."""
EVERY = [
    SMALL, Settings.near_copies(), Settings(slots=64, unit="word"), Settings(slots=20, width=1),
    Settings.near_copies(unit="word", slots=64, seed=7), Settings(slots=64, prior_articles=0.0),
]  # fmt: skip


MIXED = st.text(st.sampled_from(naive.MIXED), max_size=30)
SEVERAL = st.lists(st.text("的手机卡續費号一二三 12345。カか한글", min_size=20, max_size=60), min_size=5, max_size=9)
LONG = SEVERAL.map("".join)


def drawn(seed: int, characters: int) -> str:
    """A text that shares nothing with others."""
    return "".join(map(chr, np.random.default_rng(seed).integers(0x4E00, 0x9000, characters).tolist()))


def column(*texts: str | None) -> pa.ChunkedArray:
    """A column of texts."""
    return pa.chunked_array([pa.array(texts, pa.large_string())])


def preparer(these: Settings, *, store_texts: bool = True) -> Preparer:
    """What makes texts ready, with weights from the prior alone."""
    return Preparer(these, prior_weights(these.prior_articles) if these.weighted else None, store_texts=store_texts)


def prepared(*texts: str | None, these: Settings = SMALL, threads: int = 1) -> Prepared:
    """Texts made ready."""
    return preparer(these).prepare(column(*texts), threads)


def same(a: Prepared, b: Prepared) -> bool:
    """Whether two are equal to the last bit, but for signatures and keys that mean nothing."""
    signed = [row for row, fingerprint in enumerate(a.fingerprints) if fingerprint]
    return (
        a.fingerprints == b.fingerprints
        and a.bodies == b.bodies
        and [(one.keys.tolist(), one.length) for one in a.shingles]
        == [(one.keys.tolist(), one.length) for one in b.shingles]
        and a.listed.signatures[signed].tolist() == b.listed.signatures[signed].tolist()
        and keys_of(a, signed) == keys_of(b, signed)
    )


def keys_of(ready: Prepared, rows: Iterable[int]) -> list[list[int]]:
    """The keys of some texts."""
    return [ready.listed.keys_of(row).tolist() for row in rows]


def again(maker: Preparer, bodies: list[bytes]) -> list[Shingled]:
    """The shingles of stored texts."""
    return maker.shingle(maker.column(bodies))


def test_textbook_example() -> None:
    """Of Traditional and Simplified, one with blanks, all but the body is the same; another text shares some."""
    these = prepared("號碼隨機發放", "号 码 随 机 发 放", "号码随机发送")
    assert these.fingerprints[0] == these.fingerprints[1] != these.fingerprints[2]
    assert these.shingles[0].keys.tolist() == these.shingles[1].keys.tolist() == naive.shingles("号码随机发放")
    assert len(set(these.shingles[0].keys.tolist()) & set(these.shingles[2].keys.tolist())) == 4
    assert these.listed.signatures[0].tolist() == these.listed.signatures[1].tolist()
    assert set(these.listed.keys_of(0).tolist()) == naive.run_keys("号码随机发放")
    first, second, other = keys_of(these, range(3))
    assert first == second
    assert set(first) & set(other) == naive.run_keys("号码随机发"), "the run of five that both have, and those of four"
    assert these.bodies[0] != these.bodies[1]


@pytest.mark.parametrize("these", EVERY)
def test_texts_are_made_ready_as_by_the_batch_pipeline(these: Settings) -> None:
    """Fingerprints, shingles and signatures are those of `dedup.pipeline`, where it has weights from the prior.

    Where shingles are weighed, of each slot of a signature there is the lowest byte, else its lower half.
    """
    texts = column(*TEXTS)
    corpus = pipeline.represent(texts, these)
    if these.weighted:
        corpus = replace(corpus, weights=prior_weights(these.prior_articles))
    signed = Signer(these, corpus.weights).sign(corpus.texts, corpus.first)
    ready = preparer(these).prepare(texts)
    bits = (1 << (8 if these.weighted else 16)) - 1
    assert (ready.listed.signatures.shape, ready.listed.signatures.dtype) == ((len(TEXTS), these.slots), kind(these))
    for row, number in enumerate(corpus.number.tolist()):
        assert ready.shingles[row].keys.tolist() == corpus.texts.shingle(np.array([row])).keys.tolist()
        assert ready.shingles[row].length == corpus.texts.lengths[row]
        if number < 0:
            assert (ready.fingerprints[row], len(ready.shingles[row].keys)) == (b"", 0)
        else:
            assert ready.fingerprints[row] == corpus.texts.prints[row].tobytes()
            assert ready.listed.signatures[row].tolist() == (signed[number] & bits).tolist()


@GENERATED
@given(
    st.lists(st.none() | MIXED, max_size=8),
    st.integers(1, 12), st.booleans(),
)  # fmt: skip
def test_shingles_are_those_of_the_reference(texts: list[str | None], width: int, weighted: bool) -> None:
    """Of any texts, when they are made ready and when they are read again; equal ones have equal fingerprints."""
    these = Settings(slots=16, width=width, weighted=weighted)
    ready = prepared(*texts, these=these)
    expected = [naive.shingles(text or "", width=width, weighted=weighted) for text in texts]
    assert [one.keys.tolist() for one in ready.shingles] == expected
    if texts:
        assert [one.keys.tolist() for one in again(preparer(these), ready.bodies)] == expected
    folded = [naive.fold(text or "") for text in texts]
    for text, fingerprint in zip(folded, ready.fingerprints, strict=True):
        assert len(fingerprint) == (16 if text else 0)
        assert [one == fingerprint for one in ready.fingerprints] == [one == text for one in folded]


@GENERATED
@given(st.lists(st.none() | MIXED | LONG, max_size=5), st.integers(1, 12), st.sampled_from(["char", "word"]))
def test_keys_are_those_of_the_reference(texts: list[str | None], width: int, unit: str) -> None:
    """Of every twenty runs of a long text one is a key, of a short one all are; in memory they are keys, too."""
    these = Settings(slots=16, width=width, unit=unit)
    found = keys_of(prepared(*texts, these=these), range(len(texts)))
    by_word = unit == "word"
    read = (separate(column(*texts)) if by_word else column(*texts)).to_pylist()
    for text, mine in zip(read, found, strict=True):
        expected = naive.run_keys(text or "", width, by_word=by_word, window=20)
        assert (set(mine), len(mine)) == (expected, len(expected))
        assert expected <= naive.run_keys(text or "", width, by_word=by_word)


def test_a_long_text_has_a_tenth_of_its_runs() -> None:
    """Two in twenty-one; and every one is a key in memory, where there are two in thirteen."""
    text = drawn(1, 9000)
    ready = prepared(text)
    (runs,) = Signer(SMALL, prior_weights(1000.0)).sketch(preparer(SMALL).texts(column(text)), np.array([0]))[1]
    mine, theirs = keys_of(ready, [0])[0], runs.keys.tolist()
    assert set(mine) < set(theirs)
    assert len(mine) == pytest.approx(9000 * 2 / 21, rel=0.05)
    assert len(theirs) == pytest.approx(9000 * 2 / 13, rel=0.05)


def test_near_copies_are_listed_by_bands() -> None:
    """Their keys are those of the bands of their signatures, and are not stored: the signature says them."""
    near = Settings.near_copies(slots=64)
    ready = prepared(*TEXTS, these=near)
    assert ready.listed.keys.tolist() == by_bands(ready.listed.signatures, near).keys.tolist()
    assert [len(ready.text(row, 1, 1).keys) for row in range(len(TEXTS))] == [0] * len(TEXTS)


@pytest.mark.parametrize("these", EVERY)
def test_a_text_is_stored_as_it_was_made_ready(these: Settings) -> None:
    """With all that it has; one without shingles has neither signature nor keys."""
    ready = prepared(*TEXTS, these=these)
    for row, fingerprint in enumerate(ready.fingerprints):
        text = ready.text(row, 10 + row, 7)
        assert text[:3] == (10 + row, fingerprint, 7)
        assert text.signature.tolist() == (ready.listed.signatures[row].tolist() if fingerprint else [])
        assert text.keys.tolist() == (keys_of(ready, [row])[0] if fingerprint and these.weighted else [])
        assert (text.body, text.marks is ready.marks[row]) == (ready.bodies[row], True)
    assert "" in [fingerprint.decode("latin1") for fingerprint in ready.fingerprints]


def test_frames_have_neither_keys_nor_slots() -> None:
    """What is marked is left out of keys and signatures, and stays in fingerprints and shingles, which are counted."""
    frame, own = drawn(2, 300), drawn(3, 500)
    shingled = preparer(SMALL).texts(column(frame)).shingle(np.array([0]), once=False).keys
    windows = marking(np.array(naive.windows(shingled.tolist()), np.uint64), 1)
    texts = column(own + frame, own, frame)
    weights = prior_weights(SMALL.prior_articles)
    whole, left = (Preparer(SMALL, weights, some, store_texts=True).prepare(texts) for some in (None, windows))
    assert left.fingerprints == whole.fingerprints
    assert [one.keys.tolist() for one in left.shingles] == [one.keys.tolist() for one in whole.shingles]
    maker = preparer(SMALL).texts(texts).without(windows)
    sketched, (runs,) = Signer(SMALL, weights).sketch(maker, np.arange(3), which=winnowing(SMALL))
    assert left.listed.keys.tolist() == runs.keys.tolist()
    assert left.listed.signatures.tolist() == sketched[:, :64].tolist()
    (both, alone, nothing), (_, same, more) = keys_of(left, range(3)), keys_of(whole, range(3))
    assert (nothing, alone) == ([], same)
    assert len(set(both) - set(alone)) <= 3 and not set(both) & set(more)


@pytest.mark.parametrize("these", EVERY)
def test_a_stored_text_has_the_shingles_that_it_had(these: Settings) -> None:
    """Bodies give the texts as they were, and their shingles, in any number and order."""
    ready, maker = prepared(*TEXTS, these=these), preparer(these)
    assert maker.column(ready.bodies).to_pylist() == [text or "" for text in TEXTS]
    assert [maker.data(body).decode() for body in ready.bodies] == [text or "" for text in TEXTS]
    for rows in (range(len(TEXTS)), [5], [6], [8, 0, 8], [7, 9]):
        found = again(maker, [ready.bodies[row] for row in rows])
        assert [one.keys.tolist() for one in found] == [ready.shingles[row].keys.tolist() for row in rows]
        assert [one.length for one in found] == [ready.shingles[row].length for row in rows]


def test_bodies_are_compressed() -> None:
    """A long text that says the same again and again takes little, and comes back whole."""
    long = "代办手机卡，续费方便。" * 5000
    (body,) = prepared(long).bodies
    assert len(body) < 2000
    assert preparer(SMALL).data(body).decode() == long


def test_texts_are_not_kept_where_they_are_not_wanted() -> None:
    """There is no body, and all else is the same."""
    ready = preparer(SMALL, store_texts=False).prepare(column(*TEXTS))
    assert ready.bodies == [b""] * len(TEXTS)
    assert same(replace(ready, bodies=prepared(*TEXTS).bodies), prepared(*TEXTS))


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("each", [1, 7, PIECE, PIECE + 1, 1000])
def test_threads_and_chunks_do_not_matter(threads: int, each: int) -> None:
    """However a column is parted, the result is the same to the last bit."""
    texts = [f"{text}{row // 3}" if text and row % 5 else text for row, text in enumerate(TEXTS * 8)]
    chunks = [pa.array(texts[begin : begin + each], pa.large_string()) for begin in range(0, len(texts), each)]
    parted = preparer(SMALL).prepare(pa.chunked_array(chunks), threads)
    assert same(parted, prepared(*texts))
    assert same(preparer(SMALL).prepare(pa.chunked_array(chunks)[5:60], threads), prepared(*texts[5:60]))


def test_no_texts() -> None:
    """Nothing gives nothing."""
    ready = prepared()
    assert (ready.fingerprints, ready.shingles, ready.bodies) == ([], [], [])
    assert ready.listed.signatures.shape == (0, SMALL.slots)
    assert (ready.listed.keys.tolist(), ready.listed.starts.tolist()) == ([], [0])


def test_texts_of_bytes_are_a_column() -> None:
    """Each is one text, an empty one, too."""
    assert joined([b"abc", b"", "續費".encode()]).to_pylist() == ["abc", "", "續費"]
    assert joined([]).to_pylist() == []
    assert joined([b"a"]).type == pa.large_string()


def test_an_index_keeps_texts_of_every_kind(tmp_path: Path) -> None:
    """What comes out is what went in; a lone surrogate is a question mark, which is told."""
    with Index(tmp_path / "articles.dedup", SMALL) as index:
        index.add_many([str(row) for row in range(len(TEXTS))], TEXTS)
        with pytest.warns(DedupWarning, match="surrogate"):
            index.add("lone", "續費\ud800手機卡\udfff號碼")
        with pytest.warns(DedupWarning, match="surrogate"):
            assert index.query("续费\udc80手机卡号码").nearest[0] == ("lone", 1.0)
        kept = {row["id"]: row["text"] for batch in index.texts() for row in batch.to_pylist()}
    assert kept.pop("lone") == "續費?手機卡?號碼"
    given_ = [text or "" for text in TEXTS]
    given_[1] = given_[0]  # equal when folded: one text
    assert kept == {str(row): text for row, text in enumerate(given_)}
