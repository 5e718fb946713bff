"""`dedup.matching`: A against B gives the edges of clustering both, and what stands in what is found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import dedup
from dedup import matching

NEAR = dedup.Settings.near_copies()
QUOTE = (
    "渡口的老船工说，潮水每天要退两回，退到第二回的时候，河床中间会露出一条青石铺的旧路，"
    "从前挑盐的人就是踩着它过江的，如今只有白鹭还在上面走，一步一停。"
)
PAGES = [
    "山里的雨季来得早，茶农们趁着晴天把竹匾搬到院子里，一层一层摊开刚采下来的嫩芽，等露水散尽再进锅。",
    "图书馆的旧报纸装订成册，按年份排在阁楼的木架上，管理员每个月都要翻一遍，看有没有被虫蛀了的页角。",
    "夜班火车经过桥洞时会鸣一声短笛，住在铁道边的孩子说，那是司机在和他打招呼，他就在窗边挥一挥手。",
]


@pytest.fixture(scope="module")
def corpus(synthetic: ModuleType) -> list[str]:
    """Articles of which many are edited copies of others."""
    texts: list[str] = synthetic.near_copies(400, 400, seed=3)[0]
    return texts


def edges(texts: list[str], cut: int, settings: dedup.Settings) -> set[tuple[int, int, float]]:
    """The edges of a run over all of them that lead from the first `cut` to the others."""
    left, right, similarity = dedup.cluster(texts, settings, threads=1).pairs
    whole = zip(left.tolist(), right.tolist(), similarity.tolist(), strict=True)
    return {(a, b - cut, value) for a, b, value in whole if a < cut <= b}


def found(matches: dedup.Matches) -> set[tuple[int, int, float]]:
    """All matches."""
    return set(zip(matches.left.tolist(), matches.right.tolist(), matches.score.tolist(), strict=True))


@pytest.mark.parametrize("settings", [NEAR, dedup.Settings()], ids=["near", "default"])
def test_matches_are_the_edges_of_clustering_both(corpus: list[str], settings: dedup.Settings) -> None:
    """With the same weights, and so the same similarities to the last bit."""
    texts = list(dict.fromkeys(corpus))  # a run gives only the first of several copies its edges
    wanted = edges(texts, 150, settings)
    assert wanted
    assert found(dedup.match(texts[:150], texts[150:], settings, threads=2)) == wanted


def test_a_sequence_of_those_that_matched() -> None:
    """By place, from the end, and slices."""
    found = dedup.match([PAGES[0], QUOTE, PAGES[1]], PAGES, NEAR)
    assert [one.position for one in found[:]] == [one.position for one in found] == [0, 2]
    assert [one.position for one in found[1:]] == [2] == [found[-1].position]
    with pytest.raises(IndexError, match="2 articles have matches"):
        found[2]


@pytest.mark.parametrize("settings", [NEAR, dedup.Settings()], ids=["near", "default"])
def test_copies_match_one_with_each(settings: dedup.Settings) -> None:
    """Every copy in A with every copy in B, Traditional or Simplified, in whatever punctuation."""
    a = ["", QUOTE, PAGES[0], None, QUOTE.replace("，", ",")]
    b = [PAGES[1], QUOTE.replace("说", "說"), None, "!?", QUOTE]
    assert found(dedup.match(a, b, settings)) == {(x, y, 1.0) for x in (1, 4) for y in (1, 4)}


@pytest.mark.parametrize("by", ["similarity", "containment"])
@pytest.mark.parametrize("settings", [NEAR, dedup.Settings()], ids=["near", "default"])
def test_threads_change_nothing(corpus: list[str], settings: dedup.Settings, by: Any) -> None:
    """Nor does the order of B, but for positions."""
    one = dedup.match(corpus[:100], corpus[100:], settings, by=by, threads=1)
    assert found(one) == found(dedup.match(corpus[:100], corpus[100:], settings, by=by, threads=3))
    turned = dedup.match(corpus[:100], corpus[:99:-1], settings, by=by)
    assert found(one) == {(a, 299 - b, value) for a, b, value in found(turned)}


def chunks(texts: list[str], size: int) -> Iterator[pa.Table]:
    """Tables of some texts each, with ids."""
    for begin in range(0, len(texts), size):
        some = texts[begin : begin + size]
        yield pa.table({"id": [f"b{begin + place}" for place in range(len(some))], "text": some})


@pytest.mark.parametrize("by", ["similarity", "containment"])
def test_a_stream_is_matched_in_blocks(corpus: list[str], by: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without weights blocks change nothing, wherever they are cut, and positions and ids are those of the whole."""
    whole = dedup.match(corpus[:100], corpus[100:], NEAR, by=by)
    monkeypatch.setattr(matching, "BLOCK", 20_000)
    for size in (1, 17, 300):
        stream = dedup.match(corpus[:100], chunks(corpus[100:], size), NEAR, by=by)
        assert found(stream) == found(whole)
        assert stream.against == 300
        assert {one.id for article in stream for one in article} == {f"b{place}" for place in set(whole.right.tolist())}


def test_weights_of_a_stream_do_not_depend_on_its_chunks(corpus: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks are cut by bytes, and the first one weighs all, so the same stream gives the same scores."""
    monkeypatch.setattr(matching, "BLOCK", 50_000)
    answers = [found(dedup.match(corpus[:100], chunks(corpus[100:], size))) for size in (7, 90, 300)]
    assert answers[0] == answers[1] == answers[2]
    assert answers[0]


def test_an_iterator_of_articles_is_a_stream() -> None:
    """Strings or mappings, one by one, and a record batch reader."""
    articles = [{"id": f"page-{place}", "text": text} for place, text in enumerate([*PAGES, QUOTE])]
    assert [one.id for one in dedup.match([QUOTE], iter(articles))[0]] == ["page-3"]
    assert [one.id for one in dedup.match([QUOTE], iter([*PAGES, QUOTE]))[0]] == [3]
    reader = pa.Table.from_pylist(articles).to_reader()
    assert [one.id for one in dedup.match([QUOTE], reader)[0]] == ["page-3"]


def test_an_index_is_another_set(place: str, start: Callable[..., dedup.Index]) -> None:
    """Open or by its path, with its own settings."""
    index = start(settings=NEAR)
    index.add_many(["x", "y"], [PAGES[0], QUOTE])
    assert [one.id for one in dedup.match([QUOTE], index)[0]] == ["y"]
    assert [one.id for one in dedup.match([QUOTE], place)[0]] == ["y"]


def test_a_path_without_an_index_is_an_error(tmp_path: Any) -> None:
    """None is made."""
    with pytest.raises(dedup.FileError, match="there is no index"):
        dedup.match([QUOTE], tmp_path / "none")


@pytest.mark.parametrize("settings", [NEAR, dedup.Settings()], ids=["near", "default"])
def test_a_quotation_is_found_in_a_page(corpus: list[str], settings: dedup.Settings) -> None:
    """However long the page is, lightly edited and in the other script, with its place in both texts."""
    page = (
        "".join(corpus[:60])
        + QUOTE.replace("说", "說").replace("条", "條").replace("。", "！")
        + "".join(corpus[60:90])
    )
    matches = dedup.match([QUOTE, PAGES[0]], [*PAGES[1:], page, *corpus[90:]], settings, by="containment")
    assert [(article.position, [one.position for one in article]) for article in matches] == [(0, [2])]
    assert matches[0][0].score == pytest.approx(1)
    begin = page.index(QUOTE[:5])
    ((left, right),) = matches[0][0].spans()
    assert (left, right) == ((0, len(QUOTE) - 1), (begin, begin + len(QUOTE) - 1))
    assert matches.unmatched.tolist() == [1]


@pytest.mark.parametrize(
    "text",
    [
        "나루터의 늙은 사공은 물이 하루에 두 번 빠지는데 두 번째로 빠질 때면 오래된 돌길이 드러난다고 말했다",
        "渡し場の年老いた船頭によると、潮は一日に二度引き、二度目に引いたときには川底の真ん中に古い石畳の道が現れるという。",
        "قال الملاح العجوز عند المعبر إن الماء ينحسر مرتين في اليوم وفي المرة الثانية يظهر طريق حجري قديم",
        "The old ferryman says that the water falls twice a day, and the second time an old road of stone shows 🛶.",
        "Старый паромщик говорит, что вода уходит дважды в день, и во второй раз видна старая каменная дорога.",
    ],
)
def test_every_script_is_quoted(corpus: list[str], text: str) -> None:
    """What stands in a page is found in it, and in no other."""
    page = corpus[0] + "\n" + text + "\n" + corpus[1]
    with pytest.warns(dedup.DedupWarning, match="lone surrogates"):
        matches = dedup.match([text], [corpus[2], page, "\ud800", ""], by="containment")
    assert found(matches) == {(0, 1, 1.0)}


def test_a_phrase_is_no_quotation() -> None:
    """It holds less evidence than a match needs, which is told."""
    phrase = "从前挑盐的人就是踩着它"
    for settings in (NEAR, dedup.Settings()):
        matches = dedup.match([phrase, "", None, QUOTE], [QUOTE + PAGES[0]], settings, by="containment")
        assert found(matches) == {(3, 0, 1.0)}
        assert matches.short.tolist() == [0, 1, 2]


def test_a_frame_is_no_quotation(corpus: list[str]) -> None:
    """What many pages share that share nothing else is found in none; without frames in all."""
    texts = list(dict.fromkeys(corpus))[:40]
    footer = (
        "本站文章均由读者投稿，版权归青禾读书社所有，未经书面同意请勿转载，来信请寄云杉市榆树巷十六号二楼编辑部收。"
    )
    pages = [text + "\n" + footer for text in texts]
    assert not len(dedup.match([footer], pages, by="containment"))
    assert len(dedup.match([footer], pages, dedup.Settings(frames=False), by="containment").left) == 40


def test_the_threshold_is_a_share(corpus: list[str]) -> None:
    """Of an article of which a part stands in a page, the share decides."""
    half = QUOTE + PAGES[0] + PAGES[1]
    page = corpus[0] + QUOTE + corpus[1]
    score = dedup.match([half], [page], by="containment", threshold=0.2).score
    assert 0.3 < score[0] < 0.6
    assert not len(dedup.match([half], [page], by="containment", threshold=0.7))


def test_containment_is_a_share_of_the_first() -> None:
    """The textbook: all of a text stands in a longer one, not the other way round."""
    page = PAGES[0] + QUOTE + PAGES[1]
    for settings in (NEAR, dedup.Settings(), dedup.Settings(unit="word")):
        assert dedup.containment(QUOTE, QUOTE, settings) == 1
        assert dedup.containment(QUOTE, PAGES[0] + "。" + QUOTE + "。" + PAGES[1]) == 1
        assert 0.2 < dedup.containment(page, QUOTE, settings) < 0.7
    assert dedup.containment(QUOTE, "") == dedup.containment("", QUOTE) == 0
    shared = {QUOTE[k : k + 5] for k in range(10)}
    assert len(shared) == 10


def test_what_goes_in_and_out() -> None:
    """Ids, columns, spans, and the line that it prints."""
    a = [{"id": "quote", "text": QUOTE}, {"id": "none", "text": PAGES[2]}]
    b = [{"id": 7, "text": PAGES[0] + "。" + QUOTE}]
    matches = dedup.match(a, b, by="containment")
    assert matches.to_arrow().to_pylist() == [{"id": "quote", "match": 7, "containment": 1.0}]
    (row,) = matches.to_arrow(spans=True)["spans"].to_pylist()
    begin = len(PAGES[0]) + 1
    assert row == [{"begin": 0, "end": len(QUOTE) - 1, "match_begin": begin, "match_end": begin + len(QUOTE) - 1}]
    assert repr(matches) == "<Matches: 1 of 2 articles, 1 pairs with 1 others, containment from 0.8>"
    assert matches.explain(0).names == ("quote", "7")
    assert matches.to_pandas().shape == (1, 3)
    assert matches.to_polars(spans=True).shape == (1, 4)
    assert dedup.match(a, b[:0]).to_arrow().num_rows == 0
    assert dedup.match([], b).to_arrow().column_names == ["id", "match", "similarity"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"by": "size"}, "by must be 'similarity' or 'containment', got 'size'"),
        ({"threshold": 50, "by": "containment"}, "for 50 % write 0.5"),
        ({"settings": 0.5}, "settings must be Settings"),
        ({"threads": 0}, "threads must be"),
    ],
)
def test_bad_options_are_told(options: dict[str, Any], said: str) -> None:
    """Before anything is read."""
    with pytest.raises(dedup.SettingsError, match=said):
        dedup.match([QUOTE], PAGES, **options)


def test_a_match_that_is_not_there_is_an_error() -> None:
    """The message says how many there are."""
    with pytest.raises(dedup.InputError, match="there are 0 matches, got the place 0"):
        dedup.match([QUOTE], PAGES).explain(0)


def test_articles_of_a_are_not_compared_with_each_other() -> None:
    """Nor those of B: only pairs of one with the other are told."""
    matches = dedup.match([QUOTE, QUOTE + "。"], [PAGES[0], PAGES[0] + "！"])
    assert not len(matches)
    assert np.array_equal(matches.unmatched, [0, 1])
