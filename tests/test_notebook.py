"""`dedup.evidence.notebook`: HTML that says what the texts say, and in which nothing of them runs."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
import test_frame_lists as furniture

import dedup
from dedup.evidence import notebook
from dedup.evidence.templates import template

HOSTILE = "<script>alert(1)</script>續費手機卡 <img src=x onerror=alert(1)> </style> &lt; \" ' {} 輕鬆搞定"


class Page(HTMLParser):
    """Tags, attributes and text of a piece of HTML; styles are not text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep it."""
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        """Keep it, unless it is a style."""
        if self.tags[-1:] != ["style"] or "{" not in data:
            self.text += data


def test_both_texts_stand_side_by_side() -> None:
    """As they are written, each shared passage a link to its other half."""
    found = dedup.explain("續費手機卡，輕鬆搞定。聯繫@moon1088吧", "都要续费手机卡,轻松搞定! @moon1088")
    page = Page(found._repr_html_())
    assert found.left in page.text
    assert found.right in page.text
    anchors = [value for name, value in page.attributes if name == "id"]
    links = [(value or "")[1:] for name, value in page.attributes if name == "href"]
    assert sorted(anchors) == sorted(links)
    assert len(anchors) == 2 * len(found.passages)
    assert ("class", "p0 other") in page.attributes
    assert ("class", "p1") in page.attributes


@pytest.mark.parametrize(
    "html",
    [
        dedup.explain(HOSTILE, HOSTILE + "甲乙丙丁")._repr_html_(),
        template([HOSTILE, "甲乙丙丁" + HOSTILE, "<script>" + HOSTILE])._repr_html_(),
        dedup.cluster([{"id": HOSTILE, "text": HOSTILE}, {"id": "<b>", "text": HOSTILE}])._repr_html_(),
        notebook.table(HOSTILE, [HOSTILE], [[HOSTILE]]),
    ],
    ids=["explanation", "template", "clusters", "table"],
)
def test_nothing_of_an_article_runs(html: str) -> None:
    """There is no element but our own, no handler, and no address but places in the page."""
    page = Page(html)
    assert set(page.tags) <= {
        "style", "p", "div", "b", "i", "small", "a", "span", "details", "summary",
        "table", "thead", "tbody", "tr", "th", "td",
    }  # fmt: skip
    assert {name for name, _ in page.attributes} <= {"class", "style", "id", "href", "title"}
    assert all((value or "").startswith("#") for name, value in page.attributes if name == "href")
    assert html.count("</style>") == html.count("<style>")


def test_a_slot_says_apart_what_stands_in_it_and_how_often() -> None:
    """Its first value, how many articles have that, and how many others there are."""
    parts = template([f"親愛的{city}朋友，您好！" for city in ("臺北", "高雄", "臺北", "新竹")])._repr_html_()
    assert "<b>臺北</b> <small>in 2 articles; 2 other values</small>" in parts
    assert "<i>nothing</i> <small>in 4 articles; 1 other value<" in notebook.template([[("", 4), ("甲", 1)]], "5")


def test_lists_of_evidence_are_tables(examples: dict[str, str]) -> None:
    """Keywords and indicators, with figures that a person reads; in a terminal, too."""
    cluster = dedup.cluster(list(examples.values()))[0]
    words, marks = Page(cluster.keywords()._repr_html_()), Page(cluster.indicators()._repr_html_())
    assert (words.tags.count("tr"), marks.tags.count("tr")) == (11, len(cluster.indicators()) + 1)
    assert "古树5 of 50.141" in words.text
    assert "wechatyunlu-tea-885 of 5" in marks.text
    assert repr(cluster.keywords(1)) == "[Keyword(word='古树', score=0.141, members=5, of=5)]"


def test_overlapping_passages_are_cut() -> None:
    """Every character stands once, as part of the heaviest passage that holds it."""
    html = notebook.side_by_side(
        "abcdef", "abcdef", [((1, 4), (1, 4), 0.5), ((3, 6), (3, 6), 0.2)], ((), ()), ((), ()), (0.7, ""), ("l", "r")
    )
    assert re.findall(r'class="p(\d)"[^>]*>(\w+)<', html) == [("0", "bcd"), ("1", "ef")] * 2


def test_nothing_shared() -> None:
    """The texts stand there unmarked."""
    page = Page(dedup.explain("蘋果汁", "harbour")._repr_html_())
    assert "a" not in page.tags
    assert "蘋果汁" in page.text


def test_a_template_shows_its_slots() -> None:
    """Passages and every value of a slot with its count."""
    page = Page(template([f"親愛的{city}朋友，您好！" for city in ("臺北", "高雄", "臺北", "新竹")])._repr_html_())
    for words in ("親愛的", "朋友，您好！", "臺北2", "高雄1", "新竹1"):
        assert words in page.text


def test_clusters_show_what_they_are_about(examples: dict[str, str]) -> None:
    """Size, title, keywords and indicators, a row a cluster."""
    page = Page(dedup.cluster([{"id": name, "text": text} for name, text in examples.items()])._repr_html_())
    assert page.tags.count("tr") == 3
    for words in ("古树茶饼按月到家怎么订", "yunlu", "(5 of 5)", "柳溪村三孔石桥的故事"):
        assert words in page.text


def test_a_cluster_shows_its_template(examples: dict[str, str]) -> None:
    """Below what it is about."""
    page = Page(dedup.cluster(list(examples.values()))[0]._repr_html_())
    for words in ("5 articles, similarity 0.14", "古树茶饼按月到家怎么订", "template of 5 articles", "掌柜的话"):
        assert words in page.text


def test_a_result_without_texts_shows_itself_too() -> None:
    """Columns that texts would fill are empty."""
    clusters = dedup.cluster(["手机卡续费", "手机卡續費"])
    bare = type(clusters)(clusters.graph, 0.12, 0.5)
    assert "<td>2</td>" in bare._repr_html_()
    assert "2 articles" in bare[0]._repr_html_()


def test_frames_are_coloured_and_explained() -> None:
    """In both texts, with a title, and in words above; the texts stand there whole."""
    clusters = dedup.cluster(furniture.site())
    found = clusters.explain(0, 20)
    page = Page(found._repr_html_())
    words = "shared by 22 articles that have nothing else in common: not counted"
    assert found.left in page.text
    assert found.right in page.text
    assert page.attributes.count(("class", "frame")) == 2
    assert page.attributes.count(("title", words)) == 2
    assert f"green, a frame; {words}" in page.text
    assert "a frame" not in Page(dedup.explain("手机卡续费", "手机卡續費")._repr_html_()).text


def test_a_template_marks_its_frames() -> None:
    """Those that the cluster has from elsewhere."""
    page = Page(dedup.cluster(furniture.site())[0]._repr_html_())
    assert "green, a frame that many others hold, too: not counted" in page.text
    assert any("in a frame shared by 22 articles" in (value or "") for _, value in page.attributes)
