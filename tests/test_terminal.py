"""What a terminal is shown: colours where it has them, and nothing that drives it."""

from __future__ import annotations

import io

import pyarrow as pa
import pytest
import test_frame_lists as furniture
from rich.cells import cell_len
from rich.console import Console, RenderableType

import dedup
from dedup.cli import terminal
from dedup.evidence.templates import template

HOSTILE = "\x1b]0;owned\x07續費手機卡\x1b[2J，輕鬆搞定\u202e。[red]欠費[/red]停機怎麼辦"


def shown(what: RenderableType, *, colours: bool = False, width: int = 100) -> str:
    """What is printed on a terminal of this width."""
    file = io.StringIO()
    Console(file=file, width=width, force_terminal=colours, color_system="truecolor" if colours else None).print(what)
    return file.getvalue()


def test_an_explanation_has_both_texts_and_the_passages() -> None:
    """Side by side, with the passages below, heaviest first, and their sum."""
    found = dedup.explain("續費手機卡，輕鬆搞定。聯繫@moon1088吧", "都要续费手机卡,轻松搞定! @moon1088")
    printed = shown(terminal.explanation(found))
    assert "2 shared passages" in printed
    for words in ("續費手機卡，輕鬆搞定。", "续费手机卡,轻松搞定!", f"similarity {found.similarity:.3f}"):
        assert words in printed
    weights = [printed.index(f"{passage.weight:.4f}") for passage in found.passages]
    assert weights == sorted(weights)


def test_colours_where_there_are_some() -> None:
    """The heaviest passage stands out; without colours nothing is left of them."""
    found = dedup.explain("手機卡續費", "手机卡续费")
    assert "\x1b[30;43m手機卡續費" in shown(terminal.explanation(found), colours=True)
    assert "\x1b" not in shown(terminal.explanation(found))


def test_texts_cannot_drive_the_terminal() -> None:
    """No control character, escape sequence, bidirectional override or markup of an article takes effect."""
    found = dedup.explain(HOSTILE, HOSTILE)
    clusters = dedup.cluster([HOSTILE, HOSTILE])
    cluster = clusters[0]
    for what in (
        terminal.explanation(found),
        terminal.template(template([HOSTILE, HOSTILE + "甲"])),
        terminal.members([HOSTILE, HOSTILE], [1.0, None], [HOSTILE, HOSTILE], 5),
        terminal.keywords(cluster.keywords()),
        terminal.indicators(cluster.indicators()),
    ):
        printed = shown(what)
        assert not set("\x1b\x07\u202e") & set(printed)
    assert "[red]欠費[/red]" in shown(terminal.explanation(found))


def test_nothing_shared_is_said() -> None:
    """Instead of an empty table."""
    assert "No shared passage" in shown(terminal.explanation(dedup.explain("蘋果汁", "harbour")))


def test_long_lists_are_cut_and_say_so() -> None:
    """Members beyond the limit and passages beyond the first are counted."""
    ids = [str(number) for number in range(30)]
    assert "and 20 more; --limit shows them" in shown(terminal.members(ids, [1.0] * 30, [], 10))
    words = ["月圆", "山高", "好茶", "赏花", "行舟", "听雨", "读书", "写字", "下棋", "弹琴", "种菊", "采莲"]
    words += ["饮酒", "观鱼", "放鹤", "问松", "枕石", "漱流", "踏雪", "寻梅", "垂钓", "劈柴", "喂马", "挑水"]
    found = dedup.explain("。a".join(words), "。b".join(reversed(words)))
    assert f"and {len(found.passages) - 20} more, of weight" in shown(terminal.explanation(found))


@pytest.mark.parametrize("width", [20, 40, 200])
def test_narrow_terminals(width: int) -> None:
    """Words are broken rather than lost."""
    found = template([f"歡迎光臨{city}分店，請出示會員卡" for city in ("臺北", "高雄", "新竹")])
    printed = "".join(line.strip("│┌┐└┘─ \n") for line in shown(terminal.template(found), width=width).splitlines())
    assert "分店，請出示會員卡" in "".join(printed.split("│")).replace(" ", "")


def test_the_similarity_comes_first() -> None:
    """Then the texts, then the passages."""
    found = dedup.explain("手機卡續費", "手机卡续费吧")
    printed = shown(terminal.explanation(found))
    assert printed.startswith(f"similarity {found.similarity:.3f} in 1 shared passage\n")
    assert printed.index("left") < printed.index("手机卡续费吧") < printed.index("Passages")
    assert shown(terminal.explanation(dedup.explain("蘋果汁", "harbour"))).startswith("similarity 0.000. No shared")


def test_what_there_is_none_of_is_not_shown() -> None:
    """No heading, and no table of nothing; members without titles have no column for them."""
    assert shown(terminal.evidence([], [], template([]))) == ""
    frame = template(["歡迎光臨臺北分店，請出示會員卡"] * 2)
    assert "Keywords" not in shown(terminal.evidence([], [], frame))
    assert "Indicators" not in shown(terminal.evidence([], [], frame))
    assert "title" not in shown(terminal.members(["a"], [1.0], [""], 5))
    assert "title" in shown(terminal.members(["a", "b"], [1.0, None], ["", "春茶"], 5))


def test_thirty_columns_show_something_of_every_column() -> None:
    """The numbers whole, and the beginning of each name and title."""
    texts = ["续费手机卡，轻松搞定，联系小店 @moon1088 吧"] * 12
    clusters = dedup.cluster(pa.table({"id": [f"喵-{number}" for number in range(12)], "text": texts}))
    found = dedup.explain(texts[0], "續費手機卡，輕鬆搞定")
    ids = clusters[0].ids.to_pylist()
    for what, words in (
        (terminal.largest(clusters, pa.table({"id": ids, "text": texts})), ("12", "1.00", "喵", "续费")),
        (terminal.members(ids, [1.0] * 12, texts, 5), ("1.00", "喵-4", "续费")),
        (terminal.indicators(clusters[0].indicators()), ("12 of", "handle", "moon")),
        (terminal.explanation(found), (f"{found.passages[0].weight:.4f}", "手机", "手機")),
        (terminal.template(clusters[0].template()), ("1", "续费手机卡")),
    ):
        printed = shown(what, width=30)
        assert all(word in printed for word in words), printed
        assert {cell_len(line) for line in printed.splitlines() if line[:1] in set("┏│└")} == {30}


def test_frames_have_a_colour_of_their_own() -> None:
    """In both texts and below them, where it is said why; in a template, too."""
    clusters = dedup.cluster(furniture.site())
    found = clusters.explain(0, 20)
    words = "shared by 22 articles that have nothing else in common: not counted"
    printed = shown(terminal.explanation(found), colours=True, width=400)
    assert printed.count("\x1b[30;46m" + furniture.FOOTER.strip("\n© 。")) == 3
    assert words in printed
    for explained in (found, clusters.explain(3, 4)):
        assert words in " ".join(shown(terminal.explanation(explained), width=300).split())
    template_shown = shown(terminal.template(clusters[0].template()), width=400)
    assert "in a frame: shared by 22 articles, not counted" in template_shown
    assert "frame" not in shown(terminal.explanation(dedup.explain("手機卡續費", "手机卡续费")))
