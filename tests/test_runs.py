"""`dedup.stages.runs`: the runs of text by which rewrites meet."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from test_shingles import column

from dedup.settings import Settings
from dedup.stages import runs as stage
from dedup.stages.frames import marking
from dedup.stages.runs import RunBuckets, Runs, winnowing
from dedup.stages.shingles import Texts
from dedup.stages.signer import Signer
from dedup.stages.weights import prior_weights
from dedup.stages.words import separate
from dedup.work import Room

GENERATED = settings(deadline=None, max_examples=100)
TEXTS = st.text(st.one_of(st.sampled_from(naive.MIXED), st.characters(codec="utf-8")), max_size=40)
LONG = st.lists(st.text("的手机卡續費号一二三 12345。カか한글", min_size=20, max_size=60), min_size=5, max_size=12).map(
    "".join
)


def by_text(batches: list[Runs]) -> dict[int, list[int]]:
    """The keys of every text."""
    return {
        int(number): batch.keys[begin:end].tolist()
        for batch in batches
        for number, begin, end in zip(batch.numbers, batch.starts[:-1], batch.starts[1:], strict=True)
    }


def runs(texts: Texts, rows: NDArray[np.int64], width: int = 6, *, threads: int = 1) -> list[Runs]:
    """Their runs."""
    return Signer(Settings(width=width, slots=16), prior_weights(1000.0)).sketch(texts, rows, threads=threads)[1]


def keys(*texts: str, width: int = 6, unit: str = "char") -> list[list[int]]:
    """The keys of some texts."""
    found = by_text(runs(Texts(column(*texts), width=width, unit=unit), np.arange(len(texts)), width))
    return [found[number] for number in range(len(texts))]


def test_textbook_example() -> None:
    """A run is five ideographs, or as wide; short texts have narrower ones of four besides. A rewrite shares some."""
    first, rewrite, stranger = keys("手機卡續費輕鬆搞定", "想要手机卡续费吗", "明天的天气会很好")
    assert winnowing(6)[:2] == (15, 12)
    assert len(first) == 5 + 6
    assert set(first) & set(rewrite) == naive.run_keys("手机卡续费")
    assert not set(first) & set(stranger)


@GENERATED
@given(st.lists(TEXTS | LONG, min_size=1, max_size=4), st.sampled_from([1, 2, 5, 6, 9, 15]))
def test_runs_are_those_of_the_reference(texts: list[str], width: int) -> None:
    """Kernel and reference agree on texts of mixed scripts, long and short, each key once."""
    found = keys(*texts, width=width)
    assert [sorted(one) for one in found] == [sorted(naive.run_keys(text, width)) for text in texts]


@settings(deadline=None, max_examples=30)
@given(LONG)
def test_runs_of_words_are_those_of_the_reference(text: str) -> None:
    """With words as units a run is one of whole words."""
    (separated,) = separate(column(text)).to_pylist()
    assert sorted(keys(text, unit="word")[0]) == sorted(naive.run_keys(separated, by_word=True))


@pytest.mark.parametrize(
    "common", ["续费手机卡在网上办理很方便无需出门", "the phone card is paid for in a minute or two"]
)
def test_a_common_passage_is_met_wherever_it_stands(common: str) -> None:
    """Texts that share a run and eleven neighbours have a key in common, by winnowing, whatever is around it."""
    draw = np.random.default_rng(1).integers(0x4E00, 0x9000, (20, 400))
    around = ["".join(map(chr, one)) for one in draw.tolist()]
    texts = [one[: 10 * place] + common + one[10 * place :] for place, one in enumerate(around)]
    first, *others = map(set, keys(*texts))
    assert all(first & other for other in others)
    assert not any(set(a) & set(b) for a, b in [keys(*around[:2])])


@settings(deadline=None, max_examples=30)
@given(TEXTS | LONG, st.sampled_from([1, 3, 6, 9]), st.integers(1, 12), st.integers(0, 30))
def test_of_a_wider_window_no_other_runs_are_keys(text: str, width: int, window: int, more: int) -> None:
    """The least of many neighbours is the least of some of them, so keys of a wider window are some of the others'."""
    texts = Texts(column(text), width=width)
    few, many = (
        set(texts.shingle_and_winnow(np.array([0]), winnowing(width, window=wide), Room(np.uint64), Room(np.uint32))[1])
        for wide in (window + more, window)
    )
    assert few <= many
    assert bool(few) == bool(many)


def test_a_seed_orders_runs_anew() -> None:
    """As many are kept, others, with other keys; a text that shares a passage is met by its keys all the same."""
    draw = np.random.default_rng(5).integers(0x4E00, 0x9000, (3, 3000))
    common, *rest = ("".join(map(chr, some)) for some in draw.tolist())
    texts = Texts(column(common, common[1000:] + rest[0], rest[1]))
    found = {}
    for seed in (0, 1, 2**64 - 1):
        which, room = winnowing(6, seed=seed), Room(np.uint32)
        cut, starts = texts.shingle_and_winnow(np.arange(3), which, Room(np.uint64), room)[1:]
        found[seed] = [set(cut[a:b].tolist()) for a, b in pairwise(starts.tolist())]
        first, second, third = found[seed]
        assert len(first) == pytest.approx(3000 * 2 / 13, rel=0.1)
        assert len(first & second) == pytest.approx(2000 * 2 / 13, rel=0.1) and not first & third
    assert not found[0][0] & found[1][0] and not found[1][0] & found[2**64 - 1][0]


def test_a_key_is_of_bits_that_are_named() -> None:
    """The lowest 32 bits of hashes, or those from another one on; which runs are keys does not depend on it."""
    texts = Texts(column("".join(map(chr, range(0x4E00, 0x5200)))))
    lower, upper, middle = (
        texts.shingle_and_winnow(np.array([0]), winnowing(6, shift=shift), Room(np.uint64), Room(np.uint32))[1].copy()
        for shift in (0, 32, 16)
    )
    assert (middle == (lower >> 16 | upper << 16)).all()
    assert len(set(upper.tolist())) == len(upper) > 100


def test_about_two_in_thirteen_are_kept() -> None:
    """Of a long text, and all of a short one."""
    text = "".join(map(chr, np.random.default_rng(2).integers(0x4E00, 0x9000, 9000).tolist()))
    assert len(keys(text)[0]) == pytest.approx(9000 * 2 / 13, rel=0.05)
    assert len(keys(text[:200])[0]) == 196 + 197
    assert len(keys(text[:201])[0]) < 60


@pytest.mark.parametrize("text", ["", "。！…", "😀👍🏽"])
def test_a_text_without_letters_has_no_runs(text: str) -> None:
    """It meets nobody."""
    assert keys(text) == [[]]


def test_frames_have_no_runs() -> None:
    """Runs that begin in what is left out of texts are no keys."""
    own = "".join(map(chr, np.random.default_rng(3).integers(0x4E00, 0x9000, 500).tolist()))
    frame = "".join(map(chr, np.random.default_rng(4).integers(0x4E00, 0x9000, 300).tolist()))
    texts = Texts(column(own + frame, own, frame))
    shingled = texts.shingle(np.array([2]), once=False).keys
    windows = marking(np.array(naive.windows(shingled.tolist()), np.uint64), 1)
    found = by_text(runs(texts.without(windows), np.arange(3), 6))
    assert found[2] == []
    assert len(set(found[0]) - set(found[1])) <= 3, "runs that begin before the frame and end in it"
    assert len(set(found[0]) & set(found[1])) > 60


@pytest.mark.parametrize(("threads", "batch_bytes"), [(1, 1), (3, 300), (2, 1 << 20)])
def test_batches_and_threads_do_not_matter(threads: int, batch_bytes: int) -> None:
    """The keys of a text are the same however texts are parted, and whatever order they are asked in."""
    texts = [text * 9 for text in ("手机卡续费", "card", "续费方便快捷", "한글날", "")]
    rows = np.array([4, 2, 0, 3])
    parted = Texts(column(*texts), batch_bytes=batch_bytes)
    found = by_text(runs(parted, rows, 6, threads=threads))
    alone = keys(*texts)
    assert found == {place: alone[row] for place, row in enumerate(rows.tolist())}


@pytest.mark.parametrize("part", [1, 50, 1 << 24])
def test_pieces_have_every_key_once(monkeypatch: pytest.MonkeyPatch, part: int) -> None:
    """However many entries are held at once, those of a key come together, and none is lost or comes twice."""
    monkeypatch.setattr(stage, "PART", part)
    batches = runs(Texts(column(*(f"{n}号手机卡续费方便{n % 3}" * 3 for n in range(30)))), np.arange(30), 6)
    buckets, where, got = RunBuckets(batches, 30), defaultdict(set), []
    assert (len(buckets.pieces) > 1) == (part < 1000)
    for piece in buckets.pieces:
        for entries in buckets.entries(piece, Room(np.uint64)):
            got += entries.tolist()
            for entry in entries.tolist():
                where[entry >> 32].add(piece)
    assert sorted(got) == sorted(key << 32 | number for number, mine in by_text(batches).items() for key in mine)
    assert all(len(pieces) == 1 for pieces in where.values())


def test_no_texts() -> None:
    """Where there is no text, there is no bucket."""
    buckets = RunBuckets([], 0)
    assert [entries.tolist() for piece in buckets.pieces for entries in buckets.entries(piece, Room(np.uint64))] == [[]]
