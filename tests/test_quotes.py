"""`dedup.stages.quotes`: which texts may stand in which, by all runs of the one and winnowed runs of the other."""

from __future__ import annotations

from collections import Counter

import naive
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.stages import quotes
from dedup.stages.quotes import Quotes, of_pages, of_quotes
from dedup.stages.runs import Runs
from dedup.stages.shingles import Texts
from dedup.stages.signer import winnow


def runs_of(texts: list[str], window: int) -> list[Runs]:
    """Runs of some texts, one of `window`."""
    read = Texts(pa.chunked_array([pa.array(texts, pa.large_string())]))
    return winnow(read, np.arange(len(texts)), of_pages()._replace(window=window))


def keyed(texts: list[list[int]]) -> list[Runs]:
    """Texts that have these keys."""
    keys = np.array([key for text in texts for key in text], np.uint32)
    return [Runs(np.arange(len(texts)), keys, np.cumsum([0, *map(len, texts)]))]


KEYS = st.lists(
    st.lists(st.sampled_from([1, 2, 3, 1 << 16, 1 << 31, (1 << 32) - 1]), unique=True), min_size=1, max_size=5
)


@settings(max_examples=200, deadline=None)
@given(KEYS, KEYS, st.sampled_from([0.05, 0.9]))
def test_pairs_are_those_that_share_enough_keys(
    some: list[list[int]], pages: list[list[int]], threshold: float
) -> None:
    """As counted one by one."""
    table = Quotes(keyed(some), len(some), 12, threshold)
    quote, page = table.pairs(keyed(pages))
    wanted = [
        (a, b)
        for b, there in enumerate(pages)
        for a, mine in enumerate(some)
        if len({*mine} & {*there}) >= max(1, int(0.2 * threshold * len(mine)))
    ]
    assert sorted(zip(quote.tolist(), page.tolist(), strict=True)) == sorted(wanted)


def test_a_phrase_of_many_pages_finds_nothing() -> None:
    """It is counted for the quotes that have it, and other keys find their pages."""
    table = Quotes(keyed([[7, 8], [7]]), 2, 12, 0.8, common=3)
    quote, page = table.pairs(keyed([[7], [7, 8], [7], [7]]))
    assert (quote.tolist(), page.tolist()) == ([0], [1])
    assert table.common.tolist() == [1, 1]
    assert table.runs.tolist() == [2, 1]


@pytest.mark.parametrize("window", quotes.WINDOWS)
def test_a_stretch_of_sixteen_characters_is_always_found(window: int) -> None:
    """Wherever it stands in the page, and however few runs of the quote are kept."""
    rng, letters = np.random.Generator(np.random.PCG64(window)), [chr(0x4E00 + k) for k in range(2000)]

    def text(length: int) -> str:
        return "".join(letters[k] for k in rng.integers(0, len(letters), length))

    for _ in range(200):
        shared = text(16)
        some = [text(int(rng.integers(0, 60))) + shared + text(int(rng.integers(0, 60))), text(100)]
        page = text(int(rng.integers(0, 400))) + shared + text(int(rng.integers(0, 400)))
        table = Quotes(runs_of(some, window), 2, window, 0.05)
        assert [one.tolist() for one in table.pairs(runs_of([page], 12))] == [[0], [0]]


def test_runs_are_those_of_the_reference() -> None:
    """One of twelve neighbours, whatever the length of the text."""
    text = "春天的河水涨上来，渡船停在柳树下，等对岸的人喊一声再撑过去。" * 3
    (found,) = runs_of([text], 12)
    assert set(found.keys.tolist()) == naive.run_keys(text * 10)  # long enough to be winnowed there, too


def test_the_window_grows_with_the_quotes(monkeypatch: pytest.MonkeyPatch) -> None:
    """All runs of few, one of four or twelve of many, so that the table stays in memory."""
    monkeypatch.setattr(quotes, "MOST_RUNS", 1000)
    assert [of_quotes(characters).window for characters in (0, 900, 2400, 10_000, 10**9)] == [1, 1, 4, 12, 12]


def test_no_quotes_and_no_pages() -> None:
    """Nothing is found."""
    for some, pages in (([[]], [[1]]), ([[1]], [[]])):
        assert [len(one) for one in Quotes(keyed(some), 1, 1, 0.5).pairs(keyed(pages))] == [0, 0]
    assert Counter(map(len, Quotes([], 0, 1, 0.5).pairs([]))) == {0: 2}
