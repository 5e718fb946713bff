"""`dedup.evidence.templates`: a template that is known is found again."""

from __future__ import annotations

from types import ModuleType

import naive
import numpy as np
import pytest
from conftest import script
from hypothesis import given, settings
from hypothesis import strategies as st

import dedup
from dedup.evidence.templates import Fixed, Slot, Template, template
from dedup.stages.folding import fold

ALPHABET = naive.MIXED + "，。 \n@／㎏ﷺ\u0301😀"
CASES = ["in order", "shuffled", "a fifth of the sections missing", "shuffled, a fifth missing"]
CITIES = ("臺北", "高雄", "新竹", "臺南", "花蓮")


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    """The measuring script, with its generator."""
    return script("bench/templates.py")


def shape(found: Template) -> list[str | list[tuple[str, int]]]:
    """Passages as strings, slots as lists of their values."""
    return [part.text if isinstance(part, Fixed) else list(part.values) for part in found.parts]


def test_a_form_letter() -> None:
    """Passages in reading order, and what fills the slots between them."""
    found = template([f"親愛的{city}朋友，您好！請加入我們的讀書會。" for city in CITIES])
    assert shape(found) == ["親愛的", [(city, 1) for city in sorted(CITIES)], "朋友，您好！請加入我們的讀書會。"]
    assert [part.members for part in found.parts] == [5, 5, 5]
    assert (found.members, found.sampled) == (5, 5)
    assert (len(found.fixed), len(found.slots)) == (2, 1)


@pytest.mark.parametrize(
    ("frame", "values"),
    [
        ("The ferry to {} leaves at noon, bring your own lunch!", ["Oslo", "Bergen", "Molde", "Røros", "Tromsø"]),
        ("{}行きの船は正午に出発しますので、お弁当をお持ちください。", ["大阪", "横浜", "神戸", "函館", "長崎"]),
        ("{} 가는 배는 정오에 출발하니 도시락을 준비하세요.", ["부산", "목포", "여수", "울산", "인천"]),
        ("🚢前往{}的船中午开😀請自備午餐，過時不候。", ["厦门", "海口", "大连", "青岛", "威海"]),
        ("前往{}的船中午開，请自备午餐，过时不候。", ["廈門", "海口", "大連", "青島", "威海"]),
    ],
)
def test_every_script(frame: str, values: list[str]) -> None:
    """Passages and slots are found in any of them."""
    found = template([frame.format(value) for value in values])
    assert len(found.slots) == 1
    assert sorted(value for value, _ in found.slots[0].values) == sorted(values)
    assert fold("".join(part.text for part in found.fixed)) == fold(frame.replace("{}", ""))


def test_traditional_and_simplified_are_one_passage() -> None:
    """It is shown as most write it; a slot's values, too, are one if they fold to the same."""
    names = ["王", "張", "李", "张", "張！"]
    found = template([f"續費手機卡請聯繫客服小{name}辦理" for name in names] + ["续费手机卡请联系客服小陈办理"])
    assert shape(found) == ["續費手機卡請聯繫客服小", [("張", 3), ("李", 1), ("王", 1), ("陈", 1)], "辦理"]


def test_sections_in_any_order() -> None:
    """Sections that every article has in an order of its own stay whole."""
    sections = ["山高水长路远且慢行", "好茶一壶敬远来的客", "月圆之夜人们都赏月"]
    orders = [(0, 1, 2), (1, 2, 0), (2, 0, 1), (0, 2, 1), (2, 1, 0), (1, 0, 2)]
    found = template(
        ["\n".join(f"{sections[k]}：{'甲乙丙丁戊己'[n]}" for k in order) for n, order in enumerate(orders)]
    )
    assert sorted(part.text.rstrip("：") for part in found.fixed) == sorted(sections)
    assert [len(slot.values) for slot in found.slots] == [6, 6, 6]


def test_a_heading_is_a_passage() -> None:
    """A line that most articles hold counts, however short."""
    own = ["昨夜星辰昨夜风画楼西畔", "沧海月明珠有泪蓝田日暖", "锦瑟无端五十弦一弦一柱", "春蚕到死丝方尽蜡炬成灰"]
    found = template([f"## 开头\n{text}\n## 总结\n{text[::-1]}" for text in own])
    assert [part.text for part in found.fixed] == ["## 开头", "## 总结"]


def test_a_passage_that_comes_twice() -> None:
    """It stands in the template as often as most articles have it."""
    own = ["昨夜星辰昨夜风画楼西畔", "沧海月明珠有泪蓝田日暖", "锦瑟无端五十弦一弦一柱", "春蚕到死丝方尽蜡炬成灰"]
    call = "立即加入我们的品茶会吧"
    found = template([f"{call}\n{text}\n{call}\n{text[::-1]}\n{call}" for text in own])
    assert [part.text for part in found.fixed] == [call] * 3
    assert [slot.members for slot in found.slots] == [4, 4]


def test_nothing_in_common() -> None:
    """One slot holds everything; without texts there is nothing at all."""
    assert shape(template(["蘋果汁很好喝", "harbour lights"])) == [[("harbour lights", 1), ("蘋果汁很好喝", 1)]]
    assert template([]).parts == ()
    assert template(["!!!", ""]).parts == ()


def test_copies_are_one_passage() -> None:
    """Two articles that differ in punctuation only are all frame."""
    assert shape(template(["续费，手机卡。", "續費手機卡！"])) in (["续费，手机卡"], ["續費手機卡"])


@given(
    texts=st.lists(st.text(alphabet=ALPHABET, max_size=60), max_size=6),
    seed=st.integers(0, 9),
)
@settings(max_examples=200, deadline=None)
def test_passages_are_held(texts: list[str], seed: int) -> None:
    """Every passage is held by one text at least, as it is written; counts are within the number of texts."""
    shuffled = np.random.default_rng(seed).permutation(3 * len(texts)).tolist()
    texts = ["".join((texts + texts[::-1] + texts)[k] for k in shuffled[n::3]) for n in range(3)]
    found = template(texts)
    folded = [fold(text) for text in texts]
    for part in found.parts:
        assert 1 <= part.members <= len(texts)
        if isinstance(part, Slot):
            assert sum(count for _, count in part.values) == part.members
        else:
            assert part.members >= 2
            assert any(fold(part.text) in text for text in folded)


@pytest.mark.parametrize("text", ["续" * 20_000, "续费" * 10_000, "总结\n" * 5_000, "a" * 20_000, "", "\n" * 9])
def test_repetition_without_end(text: str) -> None:
    """Texts of one word, repeated, have a template, in good time."""
    assert template([text, text + "完", text + "了"]).sampled == 3


@pytest.mark.parametrize(
    "case", ["in order", "shuffled", "a fifth of the sections missing", "shuffled, a fifth missing"]
)
def test_generated_campaigns(bench: ModuleType, case: str) -> None:
    """Of a known template 95 % of the fixed characters are found and 90 % of the slots, and next to nothing else."""
    truths = [bench.spun(20, seed=seed, **bench.CASES[case]) for seed in range(5)]
    found, right, slots, _ = np.mean([bench.measure(truth) for truth in truths], axis=0)
    assert found >= 0.95
    assert right >= 0.95
    assert slots >= 0.9


def test_the_real_campaign(seeds: list[str], contacts: tuple[str, str]) -> None:
    """The template of the five articles holds the contact, the picture, the start of the title and a heading."""
    found = template(seeds)
    passages = [part.text for part in found.fixed]
    for contact in contacts:
        assert max(part.members for part in found.fixed if contact in part.text) == 5
    headings = {fold(line) for text in seeds for line in text.splitlines() if line.startswith("#")}
    assert headings & {fold(passage) for passage in passages}
    titles = [fold(text.splitlines()[0]) for text in seeds]
    assert all(title.startswith(fold(passages[0])) for title in titles)
    assert isinstance(found.parts[1], Slot)


def test_a_cluster_has_a_template(examples: dict[str, str]) -> None:
    """Of its members, whichever they are."""
    cluster = dedup.cluster([{"id": name, "text": text} for name, text in examples.items()])[0]
    found = cluster.template()
    assert (found.members, found.sampled) == (5, 5)
    assert any("yunlu-tea-88" in part.text and part.members == 5 for part in found.fixed)


def test_a_large_cluster_is_sampled_and_says_so() -> None:
    """Ten thousand members have the template of those that are looked at."""
    frame = "本店招聘熟练茶艺师，工作地点在{}号，包吃包住，每月休息四天，有意者请于周末前来面谈，电话预约亦可。"
    (cluster,) = dedup.cluster([frame.format(number) for number in range(10_000)])
    found = cluster.template(sample=50)
    assert (found.members, found.sampled) == (10_000, 50)
    assert "50 of 10,000" in str(found)
    assert [fold(part.text) for part in found.fixed] == list(map(fold, frame.split("{}")))


def test_a_template_prints_as_lines() -> None:
    """A passage with how many hold it, a slot with its most frequent values."""
    found = template([f"親愛的{city}朋友，您好！" for city in (*CITIES, "臺北", "屏東", "苗栗", "宜蘭")])
    assert str(found).splitlines() == [
        "template of 9 articles",
        "    9  親愛的",
        "    9  {臺北 2 | 宜蘭 1 | 屏東 1 | 新竹 1 | 臺南 1 | 花蓮 1 | 2 more}",
        "    9  朋友，您好！",
    ]


def test_of_one_text_all_is_fixed() -> None:
    """As of copies, which are one text."""
    assert shape(template(["续费手机卡，轻松搞定。"])) == ["续费手机卡，轻松搞定。"]
    (cluster,) = dedup.cluster(["续费手机卡，轻松搞定。"] * 5)
    assert [(part.text, part.members) for part in cluster.template().fixed] == [("续费手机卡，轻松搞定。", 1)]
    assert repr(cluster.template()).startswith("<Template: 1 passages and 0 slots of 1 of 5 articles")
    assert str(template(["月圆"])).startswith("template of 1 article\n")


def test_what_fewer_hold_is_a_passage_of_its_own() -> None:
    """Three of five go on in the same words: those are counted by themselves."""
    first, second = "昨夜星辰昨夜风画楼西畔桂堂东", "沧海月明珠有泪蓝田日暖玉生烟"
    own = ["春蚕到死丝方尽", "锦瑟无端五十弦", "相见时难别亦难", "此情可待成追忆", "身无彩凤双飞翼"]
    found = template([first + (second if n < 3 else "") + words for n, words in enumerate(own)])
    assert [(part.text, part.members) for part in found.fixed] == [(first, 5), (second, 3)]


def test_much_white_space_takes_little_time() -> None:
    """What stands around a passage is looked at no further than a line."""
    texts = [
        f"昨夜星辰昨夜风画楼西畔{' ' * 300_000}{words}" for words in ("沧海月明珠有泪", "春蚕到死丝方尽", "锦瑟无端")
    ]
    assert template(texts).fixed[0].text == "昨夜星辰昨夜风画楼西畔"


def test_more_sections_than_can_be_compared(synthetic: ModuleType) -> None:
    """Are put in order by where they stand."""
    rng = np.random.default_rng(1)
    lines = ["".join(map(chr, rng.integers(0x4E00, 0x9000, 12))) for _ in range(500)]
    found = template(["。".join(lines[k] for k in rng.permutation(500)) for _ in range(8)])
    assert len(found.fixed) > 400


def test_what_more_texts_hold_stays_whole() -> None:
    """Of passages that overlap, an address that all hold is not cut by words that only some have before it."""
    address = "https://example.com/membership"
    own = ["昨夜星辰昨夜风", "沧海月明珠有泪", "锦瑟无端五十弦", "春蚕到死丝方尽", "相见时难别亦难", "此情可待成追忆"]
    found = template(
        [f"{words}{'请点这里立即报名' if n < 4 else ''}{address}{words[::-1]}" for n, words in enumerate(own)]
    )
    assert [(part.text, part.members) for part in found.fixed] == [("请点这里立即报名", 4), (address, 6)]
