"""Where articles come from, and what each source loses."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from dedup.audits.sources import Loss, Sources, source, touching
from dedup.errors import InputError


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("https://News.example.com:8080/a/b", "news.example.com"),
        ("http://例え.jp/記事", "例え.jp"),
        ("晨報/2024/茶", "晨報"),
        ("tea-1", "(none)"),
        ("/tea", "(none)"),
        ("https://[broken/a", "(none)"),
        ("", "(none)"),
    ],
)
def test_an_id_tells_of_its_source(name: str, expected: str) -> None:
    """The host of an address, else what stands before the first slash."""
    assert source(name) == expected


@pytest.mark.parametrize(
    "by",
    [
        ["b", None, "a", float("nan")],
        pa.chunked_array([["b", None], ["a", ""]]),
        pd.Series(["b", pd.NA, "a", None]),
        np.array(["b", "", "a", ""]),
    ],
)
def test_a_user_may_name_the_sources(by: object) -> None:
    """In any column; a missing value is a source without a name."""
    found = Sources.given(pa.chunked_array([list("wxyz")]), by)  # type: ignore[arg-type]
    assert [found.names[one] for one in found.of.tolist()] == ["b", "(none)", "a", "(none)"]


def test_there_is_one_source_an_article() -> None:
    """No more and no fewer."""
    ids = pa.chunked_array([list("wxyz")])
    with pytest.raises(InputError, match="there are 4, got 2"):
        Sources.given(ids, ["a", "b"])


def test_losses_are_articles_that_another_one_stands_for() -> None:
    """The heaviest first."""
    found = Sources.given(pa.chunked_array([["a/1", "a/2", "b/1", "b/2", "c/1"]]), None)
    losses = found.losses(np.array([0, 0, 0, 0, 4]))
    assert losses == [Loss("b", 2, 2), Loss("a", 2, 1), Loss("c", 1, 0)]
    assert [one.share for one in losses] == [1, 0.5, 0]


def test_pairs_that_touch_a_source_are_counted_exactly() -> None:
    """As by going through all of them."""
    chance = np.random.default_rng(0)
    groups, sources = chance.integers(0, 5, 40), chance.integers(0, 4, 40)
    expected = [0] * 4
    for a, b in combinations(range(40), 2):
        if groups[a] == groups[b]:
            for one in {int(sources[a]), int(sources[b])}:
                expected[one] += 1
    assert touching(groups, sources, 4).tolist() == expected
