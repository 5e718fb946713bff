"""`dedup.report.shared` and `dedup.report.pages`: what the page is told, decoded in plain Python, without a browser."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, combinations, pairwise
from types import ModuleType
from typing import Any

import naive
import numpy as np
import pytest
import test_frame_lists as furniture
from hypothesis import given, settings
from hypothesis import strategies as st

import dedup
from dedup import Cluster, Clusters, Keyword, Settings
from dedup.evidence.keywords import keywords
from dedup.evidence.passages import Side
from dedup.evidence.templates import Fixed
from dedup.report.pages import SEARCHED, page, row
from dedup.report.shared import shared
from dedup.stages.folding import fold

TEXTS = st.lists(st.text(alphabet=naive.MIXED + "，。\n@／😀𠮷", max_size=40), min_size=1, max_size=5)
PLANES = "😀續費𠮷野家👍🏽手機卡，𠀀很好用"


@dataclass
class Decoded:
    """A text as the page unpacks it."""

    places: list[int]
    """UTF-16 unit with which each folded character begins."""
    starts: list[int]
    """Folded character with which each shingle begins."""
    lengths: list[int]
    """Folded characters of each shingle."""
    numbers: list[int | None]
    """Number of each shingle that another text holds, too."""


def expanded(coded: Sequence[int]) -> list[int]:
    """What a run-length code says: value, count, value, count."""
    return [value for value, count in zip(coded[::2], coded[1::2], strict=True) for _ in range(count)]


def numbered(coded: Sequence[int], length: int) -> list[int | None]:
    """Skip, step, length of each run of numbers that follow each other."""
    out: list[int | None] = []
    last = -1
    for skip, step, run in zip(coded[::3], coded[1::3], coded[2::3], strict=True):
        out += [None] * skip
        out += range(last + step, last + step + run)
        last += step + run - 1
    return out + [None] * (length - len(out))


def decoded(told: dict[str, Any], place: int) -> Decoded:
    """One of the texts."""
    lengths = expanded(told["lengths"][place])
    places = list(accumulate(expanded(told["begins"][place])))
    starts = list(accumulate(expanded(told["starts"][place]))) if "starts" in told else list(range(len(lengths)))
    return Decoded(places, starts, lengths, numbered(told["runs"][place], len(lengths)))


def similarity(told: dict[str, Any], left: int, right: int) -> float:
    """Weighted Jaccard similarity, from what the page is told alone."""
    both = [set(decoded(told, place).numbers) - {None} for place in (left, right)]
    less = max(told["less"][left], told["less"][right])
    common = sum(max(told["weights"][number] - less, 2**-16) for number in both[0] & both[1] if number is not None)
    united = told["total"][left] + told["total"][right] - common
    return float(common / united) if united else 0.0


def sides(texts: Sequence[str], **chosen: Any) -> tuple[Clusters, list[Side]]:
    """A result, and its texts with their weights."""
    found = dedup.cluster(texts, Settings(**chosen))
    assert found.corpus is not None
    return found, [found.corpus.side(place) for place in range(len(texts))]


def units(text: str) -> int:
    """As JavaScript counts."""
    return len(text.encode("utf-16-le")) // 2


def spans(told: dict[str, Any], place: int) -> Iterator[str]:
    """Every shingle as the text writes it, up to where its last character begins."""
    raw, mine = told["text"][place].encode("utf-16-le"), decoded(told, place)
    for begin, length in zip(mine.starts, mine.lengths, strict=True):
        if length:
            yield raw[2 * mine.places[begin] : 2 * mine.places[begin + length - 1]].decode("utf-16-le")


def hold(told: dict[str, Any], given: Sequence[Side]) -> None:
    """Positions, lengths, weights and totals are those of the traces; a number stands for one shingle that two hold."""
    names: dict[int, int] = {}
    holders = [set(side.trace.keys.tolist()) for side in given]
    for place, side in enumerate(given):
        mine, keys = decoded(told, place), side.trace.keys.tolist()
        assert told["text"][place] == side.trace.text
        assert mine.places == [units(side.trace.text[:begin]) for begin in side.trace.letters.begins.tolist()]
        assert mine.starts == side.trace.begins.tolist()
        assert mine.lengths == (side.trace.ends - side.trace.begins).tolist()
        weighed = dict(zip(keys, side.weights.tolist(), strict=True))
        assert told["total"][place] == pytest.approx(sum(weighed.values()), abs=1e-4)
        for key, number in zip(keys, mine.numbers, strict=True):
            assert (number is not None) == (sum(key in other for other in holders) > 1)
            if number is not None:
                assert names.setdefault(number, key) == key
                assert told["weights"][number] == pytest.approx(weighed[key], abs=5.1e-5)
    assert len(set(names.values())) == len(names) == len(told["weights"])


def test_two_texts_share_what_they_share() -> None:
    """One run in each, of the same numbers."""
    _, given = sides(["續費手機卡，輕鬆！", "我们续费手机卡吧"])
    told = shared(given)
    assert told["begins"] == [[0, 1, 1, 4, 2, 1, 1, 1], [0, 1, 1, 7]]
    assert told["lengths"] == [[2, 6], [2, 7]]
    assert told["runs"] == [[0, 1, 4], [2, 1, 4]]
    hold(told, given)


@given(texts=TEXTS)
@settings(max_examples=80, deadline=None)
def test_codes_say_what_the_traces_say(texts: list[str]) -> None:
    """Whatever the script: the similarity of any two is that of their explanation."""
    found, given = sides(texts)
    told = shared(given)
    hold(told, given)
    for left, right in combinations(range(len(texts)), 2):
        assert similarity(told, left, right) == pytest.approx(found.explain(left, right).similarity, abs=1e-3)


def test_what_stands_in_frames_is_told_and_not_counted() -> None:
    """Spans in UTF-16 units; the similarity is that of the explanation, in long texts too."""
    rng = np.random.default_rng(3)
    long = "".join(map(chr, rng.integers(0x4E00, 0x9FA0, 9_000).tolist()))
    found, given = sides([f"😀{text}" for text in furniture.site()] + [long + long[:900], long[:8_000]])
    told = shared(given)
    framed = [
        [side.trace.text.encode("utf-16-le")[2 * begin : 2 * end].decode("utf-16-le") for begin, end, _ in spans]
        for side, spans in zip(given, told["frames"], strict=True)
    ]
    assert framed[0] == [furniture.FOOTER.strip("©。 \n")]
    assert framed[-1] == []
    assert told["less"][0] == 0 < told["less"][-1]
    for left, right in ((0, 1), (0, 20), (len(given) - 2, len(given) - 1)):
        assert similarity(told, left, right) == pytest.approx(found.explain(left, right).similarity, abs=1e-3)


def test_words_too() -> None:
    """Where shingles begin at words only, the shingles that the page shows are still those of the text."""
    text = "手机卡续费很简单，联系我们吧，欢迎订购"
    _, given = sides([text, text + "手机"], unit="word")
    side, told = given[0], shared(given)
    begins, ends = side.trace.letters.begins, side.trace.ends.tolist()
    expected = [text[begins[a] : begins[b - 1]] for a, b in zip(side.trace.begins.tolist(), ends, strict=True)]
    assert list(spans(told, 0)) == expected
    hold(told, given)


def test_without_weights_every_shingle_counts_one() -> None:
    """Totals are numbers of distinct shingles."""
    found, given = sides(["月圆之夜月圆之夜", "月圆之夜赏月"], weighted=False)
    told = shared(given)
    assert told["total"] == [4.0, 5.0]
    assert told["weights"] == [1.0] * 3
    assert similarity(told, 0, 1) == pytest.approx(found.explain(0, 1).similarity, abs=1e-12)


def test_the_example_articles(examples: dict[str, str]) -> None:
    """In two scripts and three languages, with the weights of the run."""
    found, given = sides(list(examples.values()))
    told = shared(given)
    hold(told, given)
    for left, right in combinations(range(len(examples)), 2):
        assert similarity(told, left, right) == pytest.approx(found.explain(left, right).similarity, abs=1e-3)


def test_positions_are_of_utf_16() -> None:
    """A character of another plane takes two units; a cut never falls inside one."""
    _, given = sides([PLANES, "𠮷野家的手机卡"])
    told = shared(given)
    hold(told, given)
    assert decoded(told, 0).places == [2, 3, 4, 6, 7, 12, 13, 14, 16, 18, 19, 20]
    assert [fold(shingle) for shingle in spans(told, 0)] == list("续费𠮷野家手机卡𠀀很好")


def test_lone_surrogates_do_not_shift_positions() -> None:
    """What stands for them in the column stands for them in the page."""
    with pytest.warns(dedup.DedupWarning, match="surrogates"):
        found = dedup.cluster(["\ud83d续费手机卡\udc00吧", "续费手机卡"])
    assert found.corpus is not None
    given = [found.corpus.side(place) for place in (0, 1)]
    told = shared(given)
    hold(told, given)
    told["text"][0].encode()  # can be written
    assert similarity(told, 0, 1) == pytest.approx(found.explain(0, 1).similarity, abs=1e-3)


def test_one_character_that_becomes_several_is_a_step_of_nothing() -> None:
    """㎏ is kg: both begin where it begins."""
    _, given = sides(["五㎏米", "五公斤"])
    assert decoded(shared(given), 0).places == [0, 1, 1, 2]


def test_copies_cost_next_to_nothing() -> None:
    """Each is one run of all its shingles."""
    text = "".join(map(chr, range(0x4E00, 0x5200)))
    _, given = sides([text] * 5)
    told = shared(given)
    hold(told, given)
    assert len(set(map(str, told["runs"]))) == len(set(map(str, told["begins"]))) == 1
    assert len(told["runs"][0]) == 3
    assert [similarity(told, 0, other) for other in range(5)] == pytest.approx([1.0] * 5, abs=1e-4)


def test_one_text_alone_shares_nothing() -> None:
    """No number, no weight; the text and its total are there."""
    _, given = sides(["手机卡续费"])
    told = shared(given)
    hold(told, given)
    assert (told["weights"], told["runs"]) == ([], [[]])
    assert told["total"][0] > 0


def test_texts_without_shingles() -> None:
    """Nothing to begin with and nothing in common."""
    for texts in (["", "！！"], ["", "手机卡", "手机卡"]):
        _, given = sides(texts)
        told = shared(given)
        hold(told, given)
        assert similarity(told, 0, 1) == 0


def test_codes_are_plain_numbers(examples: dict[str, str]) -> None:
    """JSON takes them; counts are positive and runs are as long as can be."""
    _, given = sides(list(examples.values())[-6:])
    told = shared(given)
    for coded in [*told["begins"], *told["lengths"]]:
        assert {type(value) for value in coded} == {int}
        assert all(count > 0 for count in coded[1::2])
        assert all(first != second for first, second in pairwise(coded[::2]))
    assert {type(weight) for weight in told["weights"] + told["total"]} == {float}


def words_of(cluster: Cluster) -> list[Keyword]:
    """Keywords of the beginnings of the first texts."""
    assert cluster.corpus is not None
    articles, frequency = cluster.corpus.word_frequency
    texts = [text[:800] for text in cluster.texts(8, distinct=True)]
    return keywords(texts, articles=articles, frequency=frequency)


# --- pages --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def found(examples: dict[str, str]) -> Clusters:
    """The example articles with their names as ids."""
    return dedup.cluster([{"id": name, "text": text} for name, text in examples.items()])


def test_a_page_says_what_the_cluster_says(found: Clusters) -> None:
    """Template, keywords and indicators are those that can be asked for in Python."""
    for cluster in found:
        told = page(found, cluster, 50)
        parts = [
            (part.text, part.members) if isinstance(part, Fixed) else (len(part.values), part.members)
            for part in cluster.template().parts
        ]
        assert [(one.get("text", one.get("distinct")), one["members"]) for one in told["template"]["parts"]] == parts
        assert told["keywords"] == [[one.word, one.members] for one in words_of(cluster)]
        assert told["indicators"] == [[one.kind, one.value, one.members] for one in cluster.indicators()]
        assert (told["searched"], told["read"]) == (len(cluster), min(8, len(cluster)))


def test_columns_are_over_all_members(found: Clusters) -> None:
    """Ids, titles and similarities of all, texts of as many as are asked for, the representative's among them."""
    cluster = found[0]
    told = page(found, cluster, 2)
    assert told["ids"] == cluster.ids.to_pylist()
    assert told["similarity"] == pytest.approx(found.to_representative[cluster.members].tolist(), abs=1e-4)
    assert [len(told["titles"]), len(told["texts"]["text"])] == [5, 2]
    inside = cluster.members[told["texts"]["members"]].tolist()
    assert cluster.representative in inside
    assert found.corpus is not None
    assert told["texts"]["text"] == [found.corpus.texts.text(place) for place in inside]


def test_one_member_is_the_representative(found: Clusters) -> None:
    """It shares nothing with another, for there is none."""
    told = page(found, found[0], 1)
    assert found[0].members[told["texts"]["members"]].tolist() == [found[0].representative]
    assert (told["texts"]["weights"], told["texts"]["of"], told["template"]["sampled"]) == ([], [0], 1)


def test_a_row_is_of_the_representative(found: Clusters) -> None:
    """Its id and title, and the first of the keywords and indicators."""
    told = page(found, found[0], 50)
    place = found[0].members.tolist().index(found[0].representative)
    said = row(found[0], told)
    assert (said["label"], said["title"], said["size"]) == (told["ids"][place], told["titles"][place], 5)
    assert said["similarity"] == pytest.approx(found[0].similarity, abs=1e-4)
    assert said["keywords"] == [word for word, _ in told["keywords"][:6]]
    assert said["indicators"] == told["indicators"][:3]


def test_positions_are_ids_where_there_are_none() -> None:
    """As strings, for the page knows strings only."""
    found = dedup.cluster(["蘋果", "手机卡续费", "手機卡續費"])
    assert page(found, found[0], 50)["ids"] == ["1", "2"]


def test_similarity_that_was_never_computed_is_none() -> None:
    """Cut at a higher threshold, a member may never have been compared with its new representative."""
    rng = np.random.default_rng(0)
    base = rng.integers(0x4E00, 0x9FA0, 400)
    texts = []
    for i in range(40):
        codes = base.copy()
        codes[np.arange(400) % 40 == i] = rng.integers(0x4E00, 0x9FA0, 10)
        texts.append("".join(map(chr, codes.tolist())))
    found = dedup.cluster(texts).at(0.5)
    for cluster in found:
        told = page(found, cluster, 3)
        missing = np.isnan(found.to_representative[cluster.members]).tolist()
        assert [value is None for value in told["similarity"]] == missing


def test_copies_are_read_once_and_counted_all() -> None:
    """The template says how many distinct texts there are among the members."""
    found = dedup.cluster(["手机卡续费，加微信"] * 4 + ["手机卡续费，加電話"], Settings(evidence=0.0))
    told = page(found, found[0], 50)
    head = {name: told["template"][name] for name in ("members", "distinct", "sampled")}
    assert head == {"members": 5, "distinct": 2, "sampled": 2}
    assert told["texts"]["text"] == ["手机卡续费，加微信", "手机卡续费，加電話"]
    assert sorted(told["texts"]["members"]) == [0, 1, 2, 3, 4]
    assert [told["texts"]["text"][place] for place in told["texts"]["of"]].count("手机卡续费，加微信") == 4
    assert told["searched"] == 5


def test_distinct_texts_come_before_copies() -> None:
    """In a sample, too, so that a few variants among a thousand copies can be looked at."""
    texts = ["手机卡续费，加微信聯繫"] * 300 + [f"手机卡续费，加微信{word}" for word in "甲乙丙"]
    found = dedup.cluster(texts, Settings(evidence=0.0))
    told = page(found, found[0], 5)
    assert len(told["texts"]["text"]) == 4
    assert len(told["texts"]["members"]) == 5
    assert told["template"]["sampled"] == told["template"]["distinct"] == 4
    assert told["searched"] == SEARCHED


def test_long_slots_are_cut(synthetic: ModuleType) -> None:
    """Twenty values of 500 characters, and how many there are in all."""
    made = synthetic.spun(30, sections=3, seed=5)
    texts = [text.replace("：", "：" + f"{i}" * 600, 1) for i, text in enumerate(made.texts)]
    found = dedup.cluster(texts, Settings(frames=False, evidence=0.0))
    slots = [part for part in page(found, found[0], 50)["template"]["parts"] if "slot" in part]
    assert max(one["distinct"] for one in slots) > 20
    assert max(len(one["slot"]) for one in slots) == 20
    assert max(len(value) for one in slots for value, _ in one["slot"]) == 500


def test_no_more_indicators_than_can_be_read() -> None:
    """The first two hundred."""
    text = "手机卡续费" + " ".join(f"@shop{i:03d}abc" for i in range(250))
    found = dedup.cluster([text, text + "吧"])
    assert len(page(found, found[0], 50)["indicators"]) == 200
