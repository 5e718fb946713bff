"""`dedup.evidence.assembly`: passages are what enough pieces hold, each in its own gap."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.evidence.assembly import assemble
from dedup.stages.folding import fold, trace

Row = tuple[int, int, int, int]


def run(texts: Sequence[str], least: int | Sequence[int], width: int, gaps: Sequence[int] | None = None) -> list[Row]:
    """`assemble` over whole texts, places counted from the beginning of each."""
    codes = [trace(text).codes for text in texts]
    bounds = np.cumsum([0, *map(len, codes)])
    owners = np.array(gaps or [0] * len(texts), np.int64)
    enough = np.array([least] if isinstance(least, int) else least, np.int64)
    joined = np.concatenate([*codes, np.empty(0, np.uint32)])
    rows = assemble(joined, bounds[:-1], bounds[1:], owners, enough, width)
    return [
        (passage, piece, start - int(bounds[piece]), stop - int(bounds[piece])) for passage, piece, start, stop in rows
    ]


def held(texts: Sequence[str], rows: list[Row]) -> dict[int, list[tuple[int, str]]]:
    """Passage by passage, the pieces that hold it and what they hold."""
    found: dict[int, list[tuple[int, str]]] = {}
    for passage, piece, start, stop in rows:
        found.setdefault(passage, []).append((piece, fold(texts[piece])[start:stop]))
    return found


def test_two_sections_in_either_order() -> None:
    """Each is a passage, wherever it stands."""
    texts = ["山高水长路远。好茶一壶待客", "好茶一壶待客，山高水长路远", "好茶一壶待客……山高水长路远"]
    found = held(texts, run(texts, 3, 6))
    assert sorted(sorted(set(dict(places).values())) for places in found.values()) == [
        ["好茶一壶待客"],
        ["山高水长路远"],
    ]
    assert all([piece for piece, _ in places] == [0, 1, 2] for places in found.values())


def test_what_too_few_hold_is_no_passage() -> None:
    """The number that is asked for counts pieces, not places."""
    texts = ["好茶一壶，好茶一壶，好茶一壶", "山高水长", "路远慢行"]
    assert run(texts, 2, 6) == []
    assert len(run(texts, 1, 12)) > 0


def test_a_passage_ends_where_texts_part() -> None:
    """What most go on with is another passage."""
    texts = ["天地玄黄宇宙洪荒", "天地玄黄日月盈昃", "天地玄黄宇宙洪荒", "天地玄黄日月盈昃"]
    found = held(texts, run(texts, 2, 6))
    words = {words for places in found.values() for _, words in places}
    assert "天地玄黄" in words
    assert all(words[:2] in {"天地", "黄宇", "黄日", "宇宙", "日月"} for words in words)


def test_a_passage_that_some_hold_half_of_is_two() -> None:
    """So that texts with one half are told from those with both."""
    texts = ["天地玄黄宇宙洪荒"] * 4 + ["天地玄黄春", "天地玄黄夏", "天地玄黄秋", "天地玄黄冬"]
    found = held(texts, run(texts, 4, 6))
    assert sorted(len(places) for places in found.values()) == [4, 8]


def test_a_changed_character_does_not_part_a_passage() -> None:
    """A text that writes one otherwise holds it from its beginning to its end."""
    whole = "天地玄黄宇宙洪荒日月盈昃辰宿列张"
    texts = [whole, whole, whole, whole.replace("洪", "大")]
    assert {(start, stop) for _, _, start, stop in run(texts, 3, 6)} == {(0, len(whole))}


def test_gaps_are_searched_by_themselves() -> None:
    """What two gaps have in common is no passage, and each has its own number to be reached."""
    texts = ["好茶一壶", "好茶一壶", "好茶一壶", "山高水长", "山高水长"]
    rows = run(texts, [3, 2], 12, [0, 0, 1, 1, 1])
    assert {piece for _, piece, _, _ in rows} == {3, 4}


@pytest.mark.parametrize("text", ["续续续续续续续续", "续费续费续费续费续费", ""])
def test_circles_end(text: str) -> None:
    """A text that goes round in the graph is walked once."""
    assert all(0 <= start < stop <= len(text) for _, _, start, stop in run([text, text], 2, 6))


@settings(deadline=None, max_examples=300)
@given(
    texts=st.lists(st.text("天地玄黄，", max_size=24), min_size=1, max_size=6),
    least=st.integers(1, 4),
    width=st.sampled_from([3, 6, 9]),
)
def test_passages_are_common(texts: list[str], least: int, width: int) -> None:
    """Rows ascend, are in bounds, and begin and end with runs that enough pieces hold."""
    rows = run(texts, least, width)
    assert rows == sorted(rows)
    folded = [fold(text) for text in texts]
    for _, piece, start, stop in rows:
        assert 0 <= start < stop <= len(folded[piece])
        for gram in (folded[piece][start : start + width // 3], folded[piece][stop - width // 3 : stop]):
            assert len(gram) == width // 3
            assert sum(gram in text for text in folded) >= least


@settings(deadline=None, max_examples=100)
@given(text=st.text("天地玄黄宇宙洪荒", min_size=3, max_size=30), copies=st.integers(2, 4))
def test_copies_are_covered(text: str, copies: int) -> None:
    """Of equal texts every character is in a passage."""
    rows = run([text] * copies, copies, 9)
    for piece in range(copies):
        assert {k for _, owner, start, stop in rows if owner == piece for k in range(start, stop)} == {
            *range(len(text))
        }


def test_a_passage_goes_on_to_where_texts_part() -> None:
    """Letters are narrower than Chinese characters, so the last gram ends before the last letter that all share."""
    texts = [f"联系方式电话13812345678口令2847193056{word}" for word in ("甲申乙酉", "丙戌丁亥", "戊子己丑")]
    ends = {fold(texts[piece])[start:stop] for _, piece, start, stop in run(texts, 3, 24)}
    assert ends == {"联系方式电话13812345678口令2847193056"}
