"""`dedup.index.prepared`: texts are made ready as the batch pipeline makes them, and come back as they were given."""

from __future__ import annotations

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
from dedup.index.prepared import PIECE, Prepared, Preparer, Shingled, joined
from dedup.settings import Settings
from dedup.stages.signer import Signer
from dedup.stages.weights import prior_weights

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
    """Whether two are equal to the last bit, but for signatures that mean nothing."""
    signed = [row for row, fingerprint in enumerate(a.fingerprints) if fingerprint]
    return (
        a.fingerprints == b.fingerprints
        and a.bodies == b.bodies
        and [(one.keys.tolist(), one.length) for one in a.shingles]
        == [(one.keys.tolist(), one.length) for one in b.shingles]
        and a.signatures[signed].tolist() == b.signatures[signed].tolist()
    )


def again(maker: Preparer, bodies: list[bytes]) -> list[Shingled]:
    """The shingles of stored texts."""
    return maker.shingle(maker.column(bodies))


def test_textbook_example() -> None:
    """Of Traditional and Simplified, one with blanks, all but the body is the same; another text shares some."""
    these = prepared("號碼隨機發放", "号 码 随 机 发 放", "号码随机发送")
    assert these.fingerprints[0] == these.fingerprints[1] != these.fingerprints[2]
    assert these.shingles[0].keys.tolist() == these.shingles[1].keys.tolist() == naive.shingles("号码随机发放")
    assert len(set(these.shingles[0].keys.tolist()) & set(these.shingles[2].keys.tolist())) == 4
    assert these.signatures[0].tolist() == these.signatures[1].tolist()
    assert these.bodies[0] != these.bodies[1]


@pytest.mark.parametrize("these", EVERY)
def test_texts_are_made_ready_as_by_the_batch_pipeline(these: Settings) -> None:
    """Fingerprints, shingles and signatures are those of `dedup.pipeline`, where it has weights from the prior."""
    texts = column(*TEXTS)
    corpus = pipeline.represent(texts, these)
    if these.weighted:
        corpus = replace(corpus, weights=prior_weights(these.prior_articles))
    signed = Signer(these, corpus.weights).sign(corpus.texts, corpus.first)
    ready = preparer(these).prepare(texts)
    assert ready.signatures.shape == (len(TEXTS), these.slots)
    for row, number in enumerate(corpus.number.tolist()):
        assert ready.shingles[row].keys.tolist() == corpus.texts.shingle(np.array([row])).keys.tolist()
        assert ready.shingles[row].length == corpus.texts.lengths[row]
        if number < 0:
            assert (ready.fingerprints[row], len(ready.shingles[row].keys)) == (b"", 0)
        else:
            assert ready.fingerprints[row] == corpus.texts.prints[row].tobytes()
            assert ready.signatures[row].tolist() == signed[number].tolist()


@GENERATED
@given(
    st.lists(st.none() | st.text(st.sampled_from(naive.MIXED), max_size=30), max_size=8),
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
    assert ready.signatures.shape == (0, SMALL.slots)


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
