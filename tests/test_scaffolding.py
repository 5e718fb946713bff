"""`dedup.evidence.scaffolding`: passages in their order, and what stands between them, where it can be seen by hand."""

from __future__ import annotations

from dedup.evidence.scaffolding import FoldedTexts, Fragment, gaps, scaffold

GREETING, OFFER = "尊敬的客户朋友们大家晚上好，", "本公司长期提供全国手机充值优惠，"
CLOSING = "欢迎随时来电咨询我们的专员。"
NAMES = ("张三", "李四", "王五", "赵六")


def laid(texts: list[str], least: int) -> tuple[FoldedTexts, list[set[str]]]:
    """The texts, folded, and how each passage of their frame is written."""
    folded = FoldedTexts.of(texts)
    frame = scaffold(folded, least)
    return folded, [{folded.inside(text, *place) for text, place in token.places.items()} for token in frame]


def test_two_passages_and_what_stands_between() -> None:
    """The textbook example: a gap before the first passage, one between, one behind the last."""
    folded, written = laid([GREETING + name + OFFER for name in NAMES], 3)
    assert written == [{GREETING.rstrip("，")}, {OFFER.rstrip("，")}]
    before, between, behind = gaps(scaffold(folded, 3), folded.fragments)
    assert all(fragment.begin == fragment.end for fragment in [*before, *behind])
    assert [folded.inside(*fragment) for fragment in between] == list(NAMES)


def test_the_order_is_that_of_most() -> None:
    """One text has the parts the other way round."""
    _, written = laid([*[GREETING + name + OFFER for name in NAMES], OFFER + "孙七" + GREETING], 3)
    assert written == [{GREETING.rstrip("，")}, {OFFER.rstrip("，")}]


def test_a_passage_that_is_repeated_has_two_places() -> None:
    """What comes first and what comes last are passages of their own."""
    folded = FoldedTexts.of([CLOSING + name + OFFER + name + CLOSING for name in NAMES])
    first, _, last = scaffold(folded, 3)
    assert all(first.places[text].end <= last.places[text].begin for text in range(len(NAMES)))
    assert {folded.inside(0, *first.places[0]), folded.inside(0, *last.places[0])} == {CLOSING.rstrip("。")}


def test_a_text_alone_is_one_passage() -> None:
    """And nothing is one of no text."""
    folded = FoldedTexts.of([GREETING])
    assert folded.fragments == [Fragment(0, 0, len(folded.codes))]
    assert [dict(token.places) for token in scaffold(folded, 2)] == [{0: (0, len(folded.codes))}]
    assert scaffold(FoldedTexts.of([]), 2) == scaffold(FoldedTexts.of([""]), 2) == []
