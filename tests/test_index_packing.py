"""`dedup.index.packing`: weights that were stored are the weights that were fitted."""

from __future__ import annotations

import io
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dedup
from dedup.errors import FileError
from dedup.index.packing import pack, unpack
from dedup.index.packing import same as equal
from dedup.settings import Settings
from dedup.stages.frames import marking
from dedup.stages.shingles import Windows
from dedup.stages.weights import Weights, prior_weights

GENERATED = settings(deadline=None, max_examples=30)
TEXTS = [
    "代辦手機卡續費方便",
    "代办手机卡,续费快",
    "電話番号の登録",
    "휴대폰 카드 충전",
    "phone cards 👍",
    "手機卡 easy money",
]


def same(a: Weights | None, b: Weights | None) -> bool:
    """Whether two are equal to the last bit."""
    return a is not None and b is not None and all(x.tobytes() == y.tobytes() for x, y in zip(a, b, strict=True))


def marked(windows: Windows | None) -> object:
    """Windows as plain values."""
    return windows and (windows.table.tolist(), int(windows.mask), windows.bridge)


def test_textbook_example() -> None:
    """What was fitted to a sample, packed and unpacked, weighs every shingle as before."""
    fitted = dedup.fit(TEXTS, Settings(slots=64))
    stored, windows = unpack(pack(fitted.weights), fitted.settings)
    assert stored is not None
    assert same(stored, fitted.weights)
    assert windows is None
    keys = np.random.default_rng(1).integers(0, 2**64, 1000, np.uint64)
    assert stored.of(keys).tolist() == fitted.weights.of(keys).tolist()
    assert [column.dtype.name for column in stored] == ["uint64", "uint32"]


@GENERATED
@given(
    st.lists(st.integers(0, 2**32 - 1), max_size=50), st.integers(0, 2**32),
    st.none() | st.tuples(st.lists(st.integers(1, 2**64 - 1), unique=True, max_size=50), st.integers(0, 20)),
)  # fmt: skip
def test_any_weights_come_back(tags: list[int], seed: int, marks: tuple[list[int], int] | None) -> None:
    """Whatever is in them, with windows or without, and the same weights are the same bytes."""
    rng = np.random.default_rng(seed)
    alone, own = (rng.uniform(0, 100, count).astype(np.float32).view(np.uint32) for count in (256, 64))
    table = np.zeros(64, np.uint64)
    table[: len(tags)] = np.array(tags, np.uint64) << np.uint64(32) | own[: len(tags)]
    these = Weights(table, alone)
    windows = marks and marking(np.array(marks[0], np.uint64), 1 << marks[1])
    weights, found = unpack(pack(these, windows), Settings())
    assert same(weights, these)
    assert marked(found) == marked(windows)
    assert pack(these, windows) == pack(Weights(these.table.copy(), alone.copy()), windows)
    assert equal(these, windows, pack(these, windows), Settings())


def test_what_differs_is_not_the_same() -> None:
    """Neither other weights nor other windows, nor none at all."""
    fitted, others = (dedup.fit(texts, Settings(slots=64)).weights for texts in (TEXTS, TEXTS[:3]))
    windows, other = (marking(np.array([one], np.uint64), 1) for one in (1, 2))
    for weights, marks in ((others, windows), (fitted, other), (fitted, None)):
        assert not equal(weights, marks, pack(fitted, windows), Settings())
    assert not equal(fitted, windows, pack(fitted), Settings())
    assert not equal(fitted, None, b"", Settings())


@pytest.mark.parametrize("prior_articles", [0.0, 1000.0, 1e12])
def test_without_weights_it_is_the_prior(prior_articles: float) -> None:
    """Of an index that was created without, nothing is stored."""
    weights, windows = unpack(b"", Settings(prior_articles=prior_articles))
    assert same(weights, prior_weights(prior_articles))
    assert windows is None


def test_a_shingle_that_counts_as_one_needs_none() -> None:
    """Nothing is stored, and nothing comes back."""
    assert pack(None) == b""
    assert unpack(b"", Settings.near_copies()) == (None, None)


def planted(**arrays: np.ndarray) -> bytes:
    """What somebody else has packed."""
    file = io.BytesIO()
    usual = {"table": np.zeros(16, np.uint64), "alone": np.ones(256, np.float32).view(np.uint32)}
    np.savez_compressed(file, **usual | arrays)  # type: ignore[arg-type]
    return file.getvalue()


@pytest.mark.parametrize(
    "arrays",
    [
        {"table": np.ones(16, np.uint64)}, {"table": np.zeros(15, np.uint64)}, {"table": np.zeros(0, np.uint64)},
        {"table": np.zeros((4, 4), np.uint64)}, {"table": np.zeros(16, np.int64)}, {"table": np.array(["a"] * 16)},
        {"alone": np.zeros(255, np.uint32)}, {"alone": np.full(256, np.inf, np.float32).view(np.uint32)},
        {"alone": np.full(256, np.nan, np.float32).view(np.uint32)}, {"alone": np.full(256, 2**32 - 1, np.uint32)},
        {"table": np.array([1 << 32 | 0x7F800000, 0], np.uint64)}, {"windows": np.zeros(16, np.uint64)},
        {"windows": np.ones(16, np.uint64), "marks": np.zeros(2, np.uint64)},
        {"windows": np.zeros(16, np.uint64), "marks": np.zeros(3, np.uint64)}, {"table": np.zeros(1 << 20, np.uint8)},
    ],
)  # fmt: skip
def test_planted_weights(arrays: dict[str, np.ndarray]) -> None:
    """Of another type or shape, a table in which no search ends, or a weight that no signature can be made with."""
    assert unpack(planted(), Settings())[0] is not None
    with pytest.raises(FileError, match="the index is damaged: its weights cannot be read"):
        unpack(planted(**arrays), Settings())


def test_weights_that_were_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut, flipped, something else, or larger than any that were fitted."""
    whole, rng = planted(), np.random.default_rng(1)
    for at in range(0, len(whole), 7):
        for wrong in (whole[:at] or b"x", whole[:at] + bytes([whole[at] ^ 1 << rng.integers(8)]) + whole[at + 1 :]):
            with suppress(FileError):
                unpack(wrong, Settings())
    monkeypatch.setattr("dedup.index.packing.MOST_BYTES", 1000)
    with pytest.raises(FileError, match="they would take"):
        unpack(whole, Settings())
