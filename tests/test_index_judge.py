"""`dedup.index.judge`: texts are weighed and compared as a corpus of all that are stored would be."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Any

import naive
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dedup import pipeline
from dedup.index import judge as judging
from dedup.index.judge import Judge, Own
from dedup.index.listed import Listed
from dedup.index.prepared import Prepared, Preparer, Shingled
from dedup.settings import Settings
from dedup.stages import pairs, weights
from dedup.stages.weights import prior_weights

GENERATED = settings(deadline=None, max_examples=80)
SMALL = Settings(slots=64, evidence=0.0)
"""The texts are short: what they share is less than an edge needs."""
TEXTS = [
    "代辦各國手機卡，續費方便，號碼隨機發放，歡迎來電洽詢，二十四小時服務。",
    "代办各国手机卡，续费方便，号码随机发送，欢迎来电咨询，二十四小时在线。",
    "手机卡續費 easy money，加LINE：abc123 領取優惠，二十四小時服務。",
    "電話番号の登録はこちらから。カタカナとひらがな、二十四時間サービス。",
    "電話番号の変更はこちらから。カタカナとひらがな、年中無休サービス。",
    "휴대폰 카드를 충전하세요. 번호는 무작위로 드립니다.",
    "휴대폰 카드를 사세요. 번호는 무작위로 보내드립니다. 👍",
    "Top up your phone card today; numbers are handed out at random.",
    "Top up your phone card now! 😀 Numbers are given out at random.",
    "天氣很好，我們去公園散步，看見很多人在放風箏。",
    "好",
]
ALL_PAIRS = list(combinations(range(1, len(TEXTS) + 1), 2))


class Shelf:
    """Texts in dicts, as far as a judge reads them; counts are exact.

    Args:
        ready: The texts, numbered from 1.
    """

    def __init__(self, ready: Prepared) -> None:
        self._bodies = dict(enumerate(ready.bodies, 1))
        self._signed = dict(enumerate(ready.listed.signatures, 1))
        self._seen = Counter(key for one in ready.shingles for key in one.keys.tolist())
        self._texts = sum(len(one.keys) > 0 for one in ready.shingles)
        self.read: list[int] = []
        """Texts whose body was asked for."""

    def texts(self) -> int:
        """How many texts have shingles."""
        return self._texts

    def frequencies(self, keys: NDArray[np.uint64]) -> NDArray[np.uint32]:
        """How many texts hold each shingle."""
        return np.array([self._seen[key] for key in keys.tolist()], np.uint32)

    def bodies(self, texts: Iterable[int]) -> dict[int, bytes]:
        """The compressed text of each that is there."""
        asked = [text for text in texts if text in self._bodies]
        self.read += asked
        return {text: self._bodies[text] for text in asked}

    def signatures(self, texts: Iterable[int]) -> dict[int, Any]:
        """The signature of each that is there."""
        return {text: self._signed[text] for text in texts if text in self._signed}


def column(texts: Sequence[str]) -> pa.ChunkedArray:
    """A column of texts."""
    return pa.chunked_array([pa.array(texts, pa.large_string())])


def stored(
    texts: Sequence[str] = TEXTS, these: Settings = SMALL, *, store_texts: bool = True
) -> tuple[Any, Judge, Prepared]:
    """Some texts on a shelf, who judges them, and how they were made ready."""
    signing = prior_weights(these.prior_articles) if these.weighted else None
    preparer = Preparer(these, signing, store_texts=store_texts)
    ready = preparer.prepare(column(texts))
    return Shelf(ready), Judge(these, preparer, store_texts=store_texts), ready


def own(ready: Prepared, *texts: int) -> dict[int, Own]:
    """Some of them as texts that are not stored yet."""
    signed = ready.listed.signatures
    return {text: Own(ready.shingles[text - 1], signed[text - 1]) for text in texts}


def verified(texts: Sequence[str], these: Settings, some: Sequence[tuple[int, int]]) -> dict[tuple[int, int], float]:
    """The similarity of pairs as the batch pipeline computes it over all of these texts."""
    corpus = pipeline.represent(column(texts), these)
    ends = [corpus.number[[pair[end] - 1 for pair in some]] for end in range(2)]
    similar = pairs.verify(corpus.sets, *ends, corpus.sizes, evidence=these.least_shared)
    return dict(zip(some, similar.tolist(), strict=True))


def test_textbook_example() -> None:
    """A rewrite is more like its source than a stranger; what a text holds in common with all counts for less."""
    reader, judge, ready = stored()
    found = judge.similarities(reader, {1: [2, 3, 10]}, own(ready, 1))[1]
    assert list(found) == [2, 3, 10]
    assert found[2] > found[3] > found[10] == 0
    same = [dict.fromkeys(one.keys.tolist(), 1.0) for one in ready.shingles]
    weighed = judge.weigh(reader, ready.shingles[0].keys)
    assert weighed.dtype == np.float32
    assert found[3] < naive.jaccard(same[0], same[2]), "it shares the sentence that others have, too"


@pytest.mark.parametrize(
    "these",
    [
        SMALL, Settings(slots=64), Settings(slots=64, evidence=20.0), Settings(slots=64, unit="word"),
        Settings.near_copies(), Settings.near_copies(unit="word"),
        Settings(slots=64, prior_articles=0.0, max_df=0.5), Settings(slots=64, width=1, prior_articles=10.0),
    ],
)  # fmt: skip
@pytest.mark.parametrize("at_once", [1, 7, 2048])
def test_similarities_are_those_of_the_batch_pipeline(
    these: Settings, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether both texts are stored, one or none: to the bit what `dedup.stages.pairs` says of the whole corpus."""
    monkeypatch.setattr(judging, "AT_ONCE", at_once)
    expected = verified(TEXTS, these, ALL_PAIRS)
    wanted: dict[int, list[int]] = {text: [] for text in range(1, len(TEXTS) + 1)}
    for text, other in ALL_PAIRS:
        wanted[text].append(other)
    for new in ((), (1,), tuple(wanted)):
        reader, judge, ready = stored(these=these)
        found = judge.similarities(reader, wanted, own(ready, *new))
        assert {(a, b): value for a, some in found.items() for b, value in some.items()} == expected
        assert list(found) == list(wanted)


def test_long_texts_are_judged_as_by_the_batch_pipeline() -> None:
    """In a long text a shingle weighs less, whether it says the same again or not."""
    rng = np.random.default_rng(1)
    long = ["".join(map(chr, rng.zipf(1.3, 30_000) % 500 + 0x4E00)) for _ in range(3)]
    texts = [*long, long[0][:15_000] + long[1][:20_000], long[0][:700], long[2][:3_000] * 12, *TEXTS[:2]]
    some = list(combinations(range(1, len(texts) + 1), 2))
    expected = verified(texts, SMALL, some)
    for new in ((), (1, 4), range(1, len(texts) + 1)):
        reader, judge, ready = stored(texts)
        wanted = {text: list(range(text + 1, len(texts) + 1)) for text in range(1, len(texts) + 1)}
        found = judge.similarities(reader, wanted, own(ready, *new))
        assert {(a, b): value for a, others in found.items() for b, value in others.items()} == expected
    assert 0 < expected[1, 2] < expected[1, 4]
    assert 0 < expected[3, 6] < expected[1, 4]


KEYS = st.builds(
    lambda bits, place: naive.mix(256 * place + bits + 1) & ~255 | bits, st.integers(0, 255), st.integers(0, 3)
)


@GENERATED
@given(
    st.lists(st.sets(KEYS, min_size=1, max_size=12), min_size=1, max_size=20), st.sets(KEYS, min_size=1),
    st.sampled_from([0.0, 1.0, 1000.0, 1e12]), st.sampled_from([1e-6, 0.02, 0.3, 1.0]),
)  # fmt: skip
def test_weights_are_those_of_a_corpus(
    sets: list[set[int]], others: set[int], prior_articles: float, max_df: float
) -> None:
    """With all texts counted, each shingle weighs what `dedup.stages.weights` says, one that nobody holds included."""
    arrays = [np.array(sorted(one), np.uint64) for one in sets]
    shingled = [Shingled(keys, len(keys)) for keys in arrays]
    reader: Any = Shelf(Prepared([], shingled, Listed.of(np.empty((0, 16), np.uint8), []), [], column([])))
    these = Settings(slots=16, prior_articles=prior_articles, max_df=max_df)
    judge = Judge(these, Preparer(these, None, store_texts=True), store_texts=True)
    expected = weights.weigh([arrays], np.concatenate, weights.Formula(len(arrays), prior_articles, max_df))
    every = np.array(sorted(set().union(others, *sets)), np.uint64)
    assert judge.weigh(reader, every).tolist() == expected.of(every).tolist()
    slow = naive.weigh(sets, prior_articles=prior_articles, max_df=max_df)
    held = np.array(list(slow), np.uint64)
    assert judge.weigh(reader, held).tolist() == pytest.approx(list(slow.values()), abs=2**-15)


def test_a_shingle_counts_as_one_without_weights() -> None:
    """Then nothing is counted, either."""
    reader, judge, ready = stored(these=Settings.near_copies())
    assert set(judge.weigh(reader, ready.shingles[0].keys).tolist()) == {1.0}
    assert (judge.counts, judge.texts(reader)) == (False, 0)


def test_what_judgement_depends_on() -> None:
    """Counts matter where shingles are weighed and texts are stored."""
    reader, judge, _ = stored()
    assert (judge.counts, judge.texts(reader)) == (True, len(TEXTS))
    reader, judge, _ = stored(store_texts=False)
    assert (judge.counts, judge.texts(reader)) == (False, 0)


@pytest.mark.parametrize(("these", "bits"), [(Settings(slots=2048), 8), (Settings.near_copies(slots=2048), 16)])
def test_without_texts_it_is_the_estimate(these: Settings, bits: int) -> None:
    """The share of equal slots without what is equal by chance, stored or not; near the similarity by the prior."""
    reader, judge, ready = stored(these=these, store_texts=False)
    signed = ready.listed.signatures.tolist()
    for new in ((), (1, 4), tuple(range(1, len(TEXTS) + 1))):
        for text, other in ALL_PAIRS:
            (found,) = judge.similarities(reader, {text: [other]}, own(ready, *new))[text].values()
            equal = sum(x == y for x, y in zip(signed[text - 1], signed[other - 1], strict=True))
            assert found == pytest.approx(max(0, (equal / these.slots - 2**-bits) / (1 - 2**-bits)), abs=1e-12)
            exact = pipeline.similarity(TEXTS[text - 1], TEXTS[other - 1], these)
            assert found == pytest.approx(exact, abs=4 * math.sqrt(max(exact * (1 - exact), 0.01) / these.slots))


@pytest.mark.parametrize("store_texts", [True, False])
def test_those_who_are_gone_are_left_out(store_texts: bool) -> None:
    """Of pairs with a text that is there no more nothing is said."""
    reader, judge, ready = stored(store_texts=store_texts)
    found = judge.similarities(reader, {1: [2, 99, 3], 4: [98], 5: []}, own(ready, 1))
    assert {text: list(others) for text, others in found.items()} == {1: [2, 3], 4: [], 5: []}
    assert judge.similarities(reader, {}, {}) == {}


# --- what is kept at hand -----------------------------------------------------------------------------------------


def test_shingles_are_kept_at_hand() -> None:
    """A text is read once, however often it is compared; one that was just added is not read at all."""
    reader, judge, ready = stored()
    judge.remember(7, ready.shingles[6])
    for _ in range(3):
        found = judge.shingles(reader, [3, 7, 4])
        assert {text: (one.keys.tolist(), one.length) for text, one in found.items()} == {
            text: (ready.shingles[text - 1].keys.tolist(), ready.shingles[text - 1].length) for text in (3, 7, 4)
        }
    assert sorted(reader.read) == [3, 4]


@pytest.mark.parametrize("most", [0, 8, 500, 700, 10**9])
def test_what_is_kept_is_bounded_by_bytes(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that were asked for longest ago are let go, and read again; the answers are the same."""
    monkeypatch.setattr(judging, "KEPT_BYTES", most)
    reader, judge, ready = stored()
    rng = np.random.default_rng(1)
    kept: list[int] = []  # the latest last
    for _ in range(60):
        text = int(rng.integers(1, len(TEXTS) + 1))
        before = len(reader.read)
        assert judge.shingles(reader, [text])[text].keys.tolist() == ready.shingles[text - 1].keys.tolist()
        assert (len(reader.read) == before) == (text in kept)
        kept = [one for one in kept if one != text] + [text]
        while sum(ready.shingles[one - 1].keys.nbytes for one in kept) > most:
            kept.pop(0)
    assert most < 10**9 or sorted(reader.read) == sorted(set(reader.read))


def test_nothing_is_kept_without_texts() -> None:
    """Where they cannot be read again, they are not kept either."""
    _, judge, ready = stored(store_texts=False)
    judge.remember(1, ready.shingles[0])
    assert not judge._kept
