"""`dedup.evidence.passages`: what two texts share, in the words of both."""

from __future__ import annotations

from itertools import pairwise

import naive
import pyarrow.parquet as pq
import pytest
import test_frame_lists as furniture
from conftest import SHARED
from hypothesis import given, settings
from hypothesis import strategies as st

import dedup
from dedup import Explanation, Settings
from dedup.errors import InputError
from dedup.stages.folding import fold

PAIRS = 200
TEXTS = st.text(alphabet=naive.MIXED + "，。 \n@／㎏ﷺ™\u0301\u200b😀", max_size=60)


LONG = "。" + "甲乙丙丁戊" * 4


def hold(found: Explanation, similarity: float) -> None:
    """Spans are in bounds, hold something, fold to the same, and weigh what the similarity is."""
    for passage in found.passages:
        for (begin, end), text in zip((passage.left, passage.right), (found.left, found.right), strict=True):
            assert 0 <= begin < end <= len(text)
        left, right = found.texts(passage)
        assert fold(left + LONG) == fold(right + LONG) != fold(LONG)  # signs count in short texts alone
        assert passage.weight > 0
    weights = [passage.weight for passage in found.passages]
    assert weights == sorted(weights, reverse=True)
    for spans, text in zip(found.again, (found.left, found.right), strict=True):
        assert all(0 <= begin < end <= len(text) for begin, end in spans)
    assert sum(weights) == pytest.approx(found.similarity, abs=1e-9)
    assert found.similarity == pytest.approx(similarity, abs=1e-12)


def test_shared_passages_of_two_texts() -> None:
    """The heaviest first, as either text writes them."""
    found = dedup.explain("續費手機卡，輕鬆搞定。聯繫我們@moon1088吧", "我们都要续费手机卡,轻松搞定! hello @moon1088")
    assert [found.texts(passage) for passage in found.passages] == [
        ("續費手機卡，輕鬆搞定", "续费手机卡,轻松搞定"),
        ("moon1088", "moon1088"),
        ("我們", "我们"),
    ]
    hold(found, dedup.similarity(found.left, found.right))


@pytest.mark.parametrize("unit", ["char", "word"])
@pytest.mark.parametrize("weighted", [True, False])
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_passages_add_up(data: st.DataObject, unit: str, weighted: bool) -> None:
    """Whatever the script, with marks between and in what order ever: spans fold alike and add up."""
    left = data.draw(TEXTS)
    cut = data.draw(st.integers(0, len(left)))
    right = left[cut:] + data.draw(TEXTS) + left[:cut]
    chosen = Settings(unit=unit, weighted=weighted)  # type: ignore[arg-type]
    hold(dedup.explain(left, right, chosen), dedup.similarity(left, right, chosen))


def test_a_text_and_itself_share_one_passage() -> None:
    """All of it, of weight 1."""
    found = dedup.explain("「月圓之夜」，人們賞月。", "「月圓之夜」，人們賞月。")
    assert [(passage.left, passage.right, passage.weight) for passage in found.passages] == [((1, 11), (1, 11), 1.0)]


def test_nothing_is_shared() -> None:
    """No passage, and a similarity of 0; with nothing to compare, too."""
    for left, right in (("蘋果汁很好喝", "harbour lights"), ("", ""), ("!!!", "手机卡续费")):
        found = dedup.explain(left, right)
        assert (found.similarity, found.passages) == (0.0, ())


def test_a_repeated_passage_is_counted_once() -> None:
    """It is shown where it first helps, and adds its weight once."""
    left, right = "月圆之夜赏月" + "。好茶一壶。" + "月圆之夜赏月", "月圆之夜赏月"
    found = dedup.explain(left, right)
    assert [found.texts(passage)[1] for passage in found.passages] == ["月圆之夜赏月"]
    assert [left[begin:end] for begin, end in found.again[0]] == ["月圆之夜赏月"]
    assert found.again[1] == ()
    hold(found, dedup.similarity(left, right))


def test_order_does_not_matter() -> None:
    """Sections in another order are shared as wholes."""
    sections = ["山高水长路远且慢行。", "The ferry leaves at noon today.", "お茶を飲みながら話しましょう。"]
    found = dedup.explain("\n".join(sections), "\n".join(reversed(sections)))
    assert {fold(section) for section in sections} <= {fold(found.texts(passage)[0]) for passage in found.passages}


def test_marks_belong_to_their_letter() -> None:
    """A span ends behind a combining mark, not before it."""
    found = dedup.explain("le café\u0301 noir", "le cafe noir, s'il vous plaît")
    assert found.texts(found.passages[0]) == ("le café\u0301 noir", "le cafe noir")


def test_a_character_that_becomes_several_is_whole_or_left_out() -> None:
    """㎏ is kg: where only the g is shared, the span begins behind it."""
    found = dedup.explain("㎏米饭很香", "g米饭很香")
    assert found.texts(found.passages[0]) == ("米饭很香", "米饭很香")


def test_lone_surrogates_and_other_planes() -> None:
    """Positions count characters, whatever they take in bytes."""
    with pytest.warns(dedup.DedupWarning, match="surrogates"):
        found = dedup.explain("😀\ud800𠮷野家的牛肉饭", "𠮷野家的牛肉饭😀")
    assert found.texts(found.passages[0]) == ("𠮷野家的牛肉饭", "𠮷野家的牛肉饭")


@pytest.mark.parametrize("text", ["续" * 20_000, "续费" * 10_000, "ab" * 20_000])
def test_repetition_without_end(text: str) -> None:
    """A shingle that fills both texts does not make a pair of every two of its places."""
    hold(dedup.explain(text, text + "完"), dedup.similarity(text, text + "完"))


def test_clusters_explain_with_their_own_weights(examples: dict[str, str]) -> None:
    """The similarity is that of the edge, and the names are the ids."""
    articles = [{"id": name, "text": text} for name, text in examples.items()]
    clusters = dedup.cluster(articles)
    assert len(clusters.pairs.left)
    for i, j, similarity in zip(*clusters.pairs, strict=True):
        hold(clusters.explain(i, j), similarity)
    assert clusters.explain(8, -5).names == ("tea-1", "tea-2")


@pytest.mark.parametrize("place", [2, -3, True, "a", None, 1.0])
def test_no_such_article(place: object) -> None:
    """The error says which positions there are."""
    clusters = dedup.cluster(["手机卡续费", "手机卡續費"])
    with pytest.raises(InputError, match="whole number below 2"):
        clusters.explain(0, place)  # type: ignore[arg-type]


def test_only_strings_are_compared() -> None:
    """Anything else is an error that says so."""
    with pytest.raises(InputError, match="got int"):
        dedup.explain("a", 5)  # type: ignore[arg-type]


def test_missing_texts_share_nothing() -> None:
    """They have a place, and can be asked about."""
    clusters = dedup.cluster(["手机卡续费", None])
    assert clusters.explain(0, 1).passages == ()


def test_an_explanation_prints_as_a_table() -> None:
    """A line a passage, and another where the right text writes it otherwise."""
    assert str(dedup.explain("續費手機卡", "续费手机卡!")).splitlines() == [
        "similarity 1.000 in 1 shared passage",
        "weight  passage",
        "1.0000  續費手機卡",
        "     =  续费手机卡",
    ]


def test_labelled_pairs_add_up() -> None:
    """Real rewrites, with the weights of the whole corpus: 200 pairs of one group each."""
    path = SHARED / "corpora" / "spun-dev.parquet"
    if not path.exists():
        pytest.skip("the labelled corpus is not beside this checkout: ../shared/corpora/spun-dev.parquet")
    table = pq.read_table(path)
    clusters = dedup.cluster(table)
    groups: dict[str, list[int]] = {}
    for place, group in enumerate(table["group"].to_pylist()):
        if group:
            groups.setdefault(group, []).append(place)
    pairs = [(a, b) for places in groups.values() for a, b in pairwise(places)][:PAIRS]
    assert len(pairs) == PAIRS
    explained = [clusters.explain(a, b) for a, b in pairs]
    assert sum(bool(found.passages) for found in explained) > 0.95 * PAIRS
    known = {(a, b): similarity for a, b, similarity in zip(*clusters.pairs, strict=True)}
    for pair, found in zip(pairs, explained, strict=True):
        hold(found, known.get(pair, found.similarity))


def test_words_that_are_cut_in_different_places() -> None:
    """jieba cuts by what stands around: shingles that follow each other in both texts may be differently far apart."""
    for left, right in (("人人人的哈好了哈了", "哈哈人 人的哈好了哈"), ("高高高人人哈哈哈高", "高 高人人高")):
        chosen = Settings(unit="word")
        hold(dedup.explain(left, right, chosen), dedup.similarity(left, right, chosen))


def test_a_part_of_a_character_that_becomes_several() -> None:
    """Where nothing else is shared, it stands for its part: the weights still add up."""
    found = dedup.explain("开会社保", "成立㍿很快")
    assert [found.texts(passage) for passage in found.passages] == [("会社", "㍿")]
    assert sum(passage.weight for passage in found.passages) == pytest.approx(found.similarity)


def test_explain_among_articles() -> None:
    """Shingles are counted among others, in whatever column; clusters are asked themselves."""
    a, b = "續費手機卡，輕鬆搞定", "续费手机卡，马上办理"
    alone, others = dedup.explain(a, b), [{"body": f"续费手机卡的第{n}种办法"} for n in range(50)]
    found = dedup.explain(a, b, among=others, text="body", threads=2)
    assert 0 < found.similarity < alone.similarity
    with pytest.raises(InputError, match=r"clusters\.explain"):
        dedup.explain(a, b, among=dedup.cluster([a, b]))


def test_an_explanation_is_one_line_in_a_list() -> None:
    """Texts are shown when it is printed."""
    assert repr(dedup.explain("手机卡续费", "手機卡續費")) == (
        "<Explanation: left and right, similarity 1.000 in 1 passages>"
    )


def test_frames_are_shown_and_not_counted() -> None:
    """Where they stand in either text, and by how many they are held; passages still add up to the similarity."""
    clusters = dedup.cluster(furniture.site())
    edges = {(i, j): similarity for i, j, similarity in zip(*clusters.pairs, strict=True)}
    assert (0, 20) in edges
    for pair, similarity in edges.items():
        found = clusters.explain(*pair)
        hold(found, similarity)
        for text, spans in zip((found.left, found.right), found.frames, strict=True):
            assert [text[span.begin : span.end] for span in spans] == [furniture.FOOTER.strip("\n© 。")]
    apart = clusters.explain(3, 4)
    assert (apart.similarity, apart.passages) == (0.0, ())
    assert [span.holders for span in (*apart.frames[0], *apart.frames[1])] == [22, 22]
    assert "shared by 22 articles that have nothing else in common: not counted" in str(apart)
    assert str(apart).count(" frame  ") == 1


def test_how_spread_out_the_evidence_is() -> None:
    """The share of the similarity that the three heaviest passages carry, said where there are more of them."""
    words = ["月圆之夜", "山高水长", "好茶一壶", "赏花饮酒", "行舟听雨"]
    found = dedup.explain("。甲".join(words), "。乙".join(reversed(words)))
    weights = [passage.weight for passage in found.passages]
    assert len(weights) > 3
    assert found.concentration == pytest.approx(sum(weights[:3]) / sum(weights))
    assert f"; the three heaviest carry {found.concentration:.0%} of it" in str(found)
    copy = dedup.explain("月圆之夜", "月圓之夜")
    assert copy.concentration == 1.0
    assert "carry" not in str(copy)
    assert dedup.explain("蘋果汁", "harbour").concentration == 0.0
