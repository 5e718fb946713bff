"""`dedup.index.weighing`: weights that were stored are the weights that were fitted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dedup
from dedup.index.weighing import pack, unpack
from dedup.settings import Settings
from dedup.weights import Weights, prior_weights

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


def test_textbook_example() -> None:
    """What was fitted to a sample, packed and unpacked, weighs every shingle as before."""
    fitted = dedup.fit(TEXTS, Settings(slots=64))
    stored = unpack(pack(fitted.weights), fitted.settings)
    assert stored is not None
    assert same(stored, fitted.weights)
    keys = np.random.default_rng(1).integers(0, 2**64, 1000, np.uint64)
    assert stored.of(keys).tolist() == fitted.weights.of(keys).tolist()
    assert [column.dtype.name for column in stored] == ["uint64", "uint32"]


@GENERATED
@given(st.lists(st.integers(0, 2**64 - 1), max_size=50), st.integers(0, 2**32))
def test_any_weights_come_back(table: list[int], seed: int) -> None:
    """Whatever is in them, and the same weights are the same bytes."""
    alone = np.random.default_rng(seed).integers(0, 2**32, 256).astype(np.uint32)
    these = Weights(np.array(table, np.uint64), alone)
    assert same(unpack(pack(these), Settings()), these)
    assert pack(these) == pack(Weights(these.table.copy(), alone.copy()))


@pytest.mark.parametrize("prior", [0.0, 1000.0, 1e12])
def test_without_weights_it_is_the_prior(prior: float) -> None:
    """Of an index that was created without, nothing is stored."""
    these = Settings(prior=prior)
    assert same(unpack(b"", these), prior_weights(prior=prior))


def test_a_shingle_that_counts_as_one_needs_none() -> None:
    """Nothing is stored, and nothing comes back."""
    assert pack(None) == b""
    assert unpack(b"", Settings.near_copies()) is None
