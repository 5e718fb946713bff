"""`Clusters.report`: the page as a reader uses it, in a real browser, and what its file holds.

Debian's Chromium, without a network, driven by Playwright. Whatever a page logs, asks for or runs besides itself fails
the test that opened it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations, groupby
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import test_frame_lists as furniture
from numpy.typing import NDArray
from playwright.sync_api import Browser, Dialog, Locator, Page, expect

import dedup
from dedup import Clusters, Explanation, Fixed, Settings, report
from dedup.errors import FileError, InputError, SettingsError
from dedup.report import audit_page

WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
PAIRS = 2_000
GROUPS = {"Amber 琥珀": 6, "birch 白樺": 5, "Cedar 雪松": 4, "dill 蒔蘿": 3, "Elm 榆樹": 2}
HOSTILE = [
    "<script>window.pwned=1</script>",
    "</script><script>window.pwned=1</script>",
    "<img src=x onerror=window.pwned=1>",
    "<svg onload=window.pwned=1><a href='javascript:window.pwned=1'>x</a></svg>",
    "[續費](javascript:window.pwned=1) ![卡](https://example.com/x.png)",
    "<!-- <script> ]]> -->",
    "' onmouseover='window.pwned=1' x=\"",
    "{{data}} {{script}} {{title}} ${window.pwned=1}",
    "\u202eexe.txt\u202c 正常 \u2066x",
    "手\0机\x1b[31m",
    "&lt;b&gt; &amp;amp; &#60;i&#62;",
    "\ud83d卡\udc00",
    "<style>*{display:none}</style><base href=//example.com><meta http-equiv=refresh content=0>",
]


@dataclass
class Shown:
    """A result and the page of it."""

    clusters: Clusters
    path: Path

    def rows(self, number: int) -> NDArray[np.int64]:
        """Positions of the texts of a cluster in the order in which the page has them: the representative's first."""
        return self.clusters[number - 1].sampled(50)

    def explain(self, number: int, left: int, right: int) -> Explanation:
        """Of two texts of a cluster, by their places in the page."""
        rows = self.rows(number)
        return self.clusters.explain(int(rows[left]), int(rows[right]))


@dataclass
class Reader:
    """What a reader does with the page, and sees."""

    page: Page
    complaints: list[str]

    def part(self, name: str) -> Locator:
        """By its test id."""
        return self.page.get_by_test_id(name)

    def go(self, cluster: int) -> None:
        """Open a cluster by its address, and wait until it is there with its first two texts."""
        self.page.evaluate("hash => { location.hash = hash; }", f"#cluster-%23{cluster}")
        self.page.wait_for_selector(f'html[data-cluster="{cluster}"][data-pair]', state="attached")

    @property
    def numbers(self) -> list[int]:
        """The clusters whose rows are drawn, in order."""
        found: list[int] = self.part("cluster-row").evaluate_all("rows => rows.map(row => Number(row.dataset.number))")
        return found

    def sort(self, column: str) -> str:
        """Sort by a column; says which way round."""
        self.part(f"sort-{column}").click()
        way = self.page.locator("th", has=self.part(f"sort-{column}")).get_attribute("aria-sort")
        assert self.page.locator('th:not([aria-sort="none"])[aria-sort]').count() == 1
        return str(way)

    def choose(self, left: int, right: int) -> None:
        """Put two texts beside each other."""
        for side, place in (("left", left), ("right", right)):
            self.part(f"{side}-select").select_option(str(place))
        self.page.wait_for_selector(f'html[data-pair="{left}-{right}"]', state="attached")

    def text(self, side: str) -> str:
        """What a side shows."""
        return str(self.part(f"{side}-text").evaluate("pane => pane.textContent"))

    def marks(self, side: str) -> list[tuple[int, str]]:
        """The marked pieces of a text, each with the rank of its passage."""
        found = self.part(f"{side}-text").locator("mark")
        return [tuple(one) for one in found.evaluate_all("all => all.map(n => [+n.dataset.passage, n.textContent])")]

    @property
    def passages(self) -> list[tuple[str, float]]:
        """The list of passages: text of the left, weight."""
        script = "all => all.map(n => [n.querySelector('bdi').textContent, +n.querySelectorAll('.n')[1].textContent])"
        return [tuple(one) for one in self.part("passage-list").locator("li").evaluate_all(script)]

    @property
    def scrolls_sideways(self) -> bool:
        """Whether anything is wider than the window."""
        return bool(self.page.evaluate("() => document.documentElement.scrollWidth > innerWidth"))


Visit = Callable[..., Reader]


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """Opens a page; at the end, none may have complained of anything, or have asked for anything but its own file."""
    readers = []

    def go(path: Path, fragment: str = "", **options: Any) -> Reader:
        context = browser.new_context(**{"viewport": WIDE, "reduced_motion": "reduce", **options})
        page, address, complaints = context.new_page(), path.as_uri(), list[str]()

        def asked(url: str) -> None:
            if url.partition("#")[0] != address:
                complaints.append(f"request: {url}")

        def interrupted(dialog: Dialog) -> None:
            complaints.append(f"dialog: {dialog.message}")
            dialog.dismiss()

        page.set_default_timeout(20_000)
        page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("dialog", interrupted)
        page.on("popup", lambda popup: complaints.append(f"window: {popup.url}"))
        context.on("request", lambda request: asked(request.url))
        page.goto(address + fragment)
        page.wait_for_selector('html[data-ready="true"]', state="attached")
        readers.append(Reader(page, complaints))
        return readers[-1]

    yield go
    for reader in readers:
        assert not reader.page.evaluate("() => 'pwned' in window")
        reader.page.context.close()
        assert reader.complaints == []


def written(articles: object, folder: Path, *, chosen: Settings | None = None, **options: Any) -> Shown:
    """A result of some articles and its page."""
    clusters = dedup.cluster(articles, chosen)
    clusters.report(folder / "report.html", **options)
    return Shown(clusters, folder / "report.html")


@pytest.fixture(scope="module")
def shown(examples: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """The example articles."""
    articles = [{"id": name, "text": text} for name, text in examples.items()]
    return written(articles, tmp_path_factory.mktemp("examples"), chosen=Settings(threshold=0.12))


@pytest.fixture(scope="module")
def groups(synthetic: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """Clusters of five sizes, each with a title and an account of its own; no title is of one script."""
    texts = []
    for seed, (title, size) in enumerate(GROUPS.items()):
        (frame,), own = synthetic.spun(1, seed=seed).texts, synthetic.spun(size, sections=5, seed=10 + seed).texts
        texts += [f"# {title}\n{frame}\n{text}\n@{title.split()[0].lower()}_shop" for text in own]
    return written(texts, tmp_path_factory.mktemp("groups"))


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """Two thousand pairs of copies."""
    codes = np.random.default_rng(0).integers(0x4E00, 0x9FA0, (PAIRS, 16))
    texts = ["".join(map(chr, row)) for row in codes.tolist()]
    return written(texts * 2, tmp_path_factory.mktemp("many"))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """A pair of articles a trick, which is in the text, in the title and in the id."""
    rng, articles = np.random.default_rng(1), []
    for trick in HOSTILE:
        text = "".join(map(chr, rng.integers(0x4E00, 0x9FA0, 80).tolist()))
        articles += [
            {"id": f"{trick}-1".encode(errors="replace").decode(), "text": f"# {trick}\n{text[:40]}{trick}{text[40:]}"},
            {"id": f"{trick}-2".encode(errors="replace").decode(), "text": f"{trick} {text} {trick}"},
        ]
    with pytest.warns(dedup.DedupWarning, match="surrogates"):
        return written(articles, tmp_path_factory.mktemp("hostile"), title="<b>報告</b> & {{script}} \"x\" '\u202e'")


def embedded(path: Path) -> dict[str, Any]:
    """The data of a page by the names of their elements."""
    pattern = r'<script type="application/octet-stream" id="([\w-]+)">([^<]*)</script>'
    found = re.findall(pattern, path.read_text("utf-8"))
    return {name: json.loads(zlib.decompress(base64.b64decode(packed, validate=True))) for name, packed in found}


def declared(name: str) -> set[str]:
    """The names of what the types of the script say is in an interface, but for what may be missing."""
    types = (Path(report.__file__).parent / "page" / "types.d.ts").read_text("utf-8")
    body = re.search(rf"^interface {name} {{$(.*?)^}}$", types, re.MULTILINE | re.DOTALL)
    assert body
    return set(re.findall(r"^  (\w+):", body[1], re.MULTILINE))


def test_the_types_are_of_what_is_written(operators: Shown) -> None:
    """The script is checked against what the page is told in truth."""
    told = embedded(operators.path)
    summary, cluster, campaign = told["summary"], told["cluster-0"], told["campaign-0"]
    found = {
        "Summary": summary,
        "Clusters": summary["clusters"],
        "Frames": summary["frames"],
        "Campaigns": summary["campaigns"],
        "CampaignRow": summary["campaigns"]["rows"][0],
        "Cluster": cluster,
        "Template": cluster["template"],
        "Embedded": cluster["texts"],
        "Campaign": campaign,
        "Web": campaign["graph"],
    }
    assert {name: set(one) for name, one in found.items()} == {name: declared(name) for name in found}


# --- the summary --------------------------------------------------------------------------------------------------


def test_the_summary_says_what_the_result_says(visit: Visit, shown: Shown) -> None:
    """Figures, title and version are on top."""
    reader = visit(shown.path)
    figures = reader.part("summary").locator("dd b").all_text_contents()
    assert figures == ["14", "2", "7", "36 %"]  # five of fourteen could go
    expect(reader.part("summary")).to_contain_text("similar from 0.12 up")
    expect(reader.page).to_have_title("dedup report")
    expect(reader.page.locator("#name")).to_have_text("dedup report")
    expect(reader.page.locator("#meta")).to_contain_text("version 0.1.0 · ")
    assert reader.numbers == [1, 2]


def test_the_histogram_is_that_of_the_result(visit: Visit, shown: Shown) -> None:
    """A bar a hundredth that has pairs; the line of the threshold stands where its bar begins, its words above all."""
    reader = visit(shown.path)
    tips = reader.part("histogram").locator("[data-tip]")
    told = tips.evaluate_all("all => all.map(n => n.dataset.tip.split(/[–:]/).map(parseFloat))")
    counts = shown.clusters.histogram.tolist()
    assert [(round(100 * low), count) for low, _, count in told] == [(i, n) for i, n in enumerate(counts) if n]
    heights = tips.locator("rect:not(.catch)").evaluate_all("all => all.map(n => +n.getAttribute('height'))")
    assert all(height > 0 for height in heights)
    line, beginning = reader.part("histogram").locator(".threshold line"), tips.first.locator("rect").first
    assert (told[0][0], shown.clusters.threshold) == (0.12, 0.12)
    assert float(line.get_attribute("x1") or 0) == pytest.approx(float(beginning.get_attribute("x") or 1), abs=0.01)
    words = reader.part("histogram").locator(".threshold text").bounding_box()
    tops = [box["y"] for box in (bar.bounding_box() for bar in tips.locator("rect:not(.catch)").all()) if box]
    assert words is not None
    assert words["y"] + words["height"] <= min(tops)
    assert len(reader.part("histogram").locator(".tick").all()) > 1
    expect(reader.part("histogram").locator(".threshold text")).to_have_text("threshold 0.12")
    expect(reader.part("histogram").locator("svg")).to_have_attribute("aria-label", re.compile(r"compared pairs?"))


def test_edges_are_counted_from_the_threshold_up(visit: Visit, tmp_path: Path, examples: dict[str, str]) -> None:
    """The default threshold lies within a bar."""
    found = dedup.cluster([{"id": name, "text": text} for name, text in examples.items()])
    found.report(tmp_path / "report.html")
    edges = int((found.graph.similarity >= found.threshold).sum())
    words = visit(tmp_path / "report.html").part("histogram").locator("svg")
    expect(words).to_have_attribute("aria-label", re.compile(rf"; {edges} from the threshold 0.092 up"))


def test_the_script_is_all_its_sections() -> None:
    """A file that is not in the list would be missing in the page."""
    folder = Path(report.__file__).parent / "page"
    assert {*report.SECTIONS, *audit_page.SECTIONS} == {path.stem for path in folder.glob("*.js")}
    assert all((folder / f"{name}.js").read_text("utf-8") in report.script() for name in report.SECTIONS)


def test_the_scale_is_that_of_the_settings() -> None:
    """README, docstring and page draw the same lines."""
    root = Path(__file__).parents[1]
    steps = dict(re.findall(r"{ from: [\d.]+, to: ([\d.]+), name: '([^']+)'", report.script()))
    assert list(steps) == ["0.05", "0.1", "0.3", "0.7", "1.01"]
    words = " ".join((dedup.Settings.__doc__ or "").split())
    readme = " ".join((root / "README.md").read_text("utf-8").split())
    told = ("from 0.7 up, copies", "0.3 to 0.7, edited copies", "0.1 to 0.3, rewritten", "below 0.05, unrelated")
    assert all(one in text for text in (words, readme) for one in told)
    assert list(steps.values()) == ["unrelated", "one network or subject", "rewritten", "edited copies", "copies"]


def test_a_bar_says_what_it_stands_for(visit: Visit, shown: Shown) -> None:
    """Under the pointer."""
    reader = visit(shown.path)
    place = int(np.flatnonzero(shown.clusters.histogram)[-1])
    reader.part("histogram").locator("[data-tip]").last.hover()
    expect(reader.page.locator("#tip")).to_have_text(f"{place / 100:.2f}–{(place + 1) / 100:.2f}: 1 pair")


def test_sizes_are_drawn(visit: Visit, groups: Shown) -> None:
    """A bar a doubling."""
    tips = visit(groups.path).part("sizes").locator("[data-tip]")
    assert tips.evaluate_all("all => all.map(n => n.dataset.tip)") == [
        "2 clusters of 2–3 articles, 5 in all",
        "3 clusters of 4–7 articles, 15 in all",
    ]


# --- frames -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """Twenty articles on as many things behind one footer, two rewrites of the first among them."""
    return written(furniture.site(), tmp_path_factory.mktemp("furnished"))


def test_frames_are_told_on_top(visit: Visit, furnished: Shown, shown: Shown) -> None:
    """How many there are, what they say and how many hold them; nothing where there are none."""
    part = visit(furnished.path).part("frames")
    expect(part.locator("summary")).to_contain_text("1 passage in 22 articles")
    expect(part.locator("table")).to_be_hidden()
    part.locator("summary").click()
    (frame,) = furnished.clusters.frames()
    expect(part.locator("tbody td")).to_have_text(["22", re.compile(r"0\.\d+|–"), frame.passage])
    expect(visit(shown.path).part("frames")).to_be_hidden()


def test_a_frame_has_a_colour_and_a_legend(visit: Visit, furnished: Shown, shown: Shown) -> None:
    """On both sides and in the template; no passage is marked inside it, and the similarity is that of the engine."""
    reader = visit(furnished.path)
    reader.go(1)
    words = "shared by 22 articles that have nothing else in common: not counted"
    expect(reader.part("frame-key")).to_have_text(f"frame {words}")
    found = furnished.explain(1, 0, 1)
    for side, text, spans in (("left", found.left, found.frames[0]), ("right", found.right, found.frames[1])):
        marked = reader.part(f"{side}-text").get_by_test_id("furniture")
        assert marked.all_text_contents() == [text[span.begin : span.end] for span in spans]
        expect(marked).to_have_attribute("title", words)
        colour = marked.evaluate("node => getComputedStyle(node).backgroundColor")
        assert colour != reader.part(f"{side}-text").locator("mark").first.evaluate(
            "node => getComputedStyle(node).backgroundColor"
        )
    expect(reader.part("pair-similarity")).to_have_text(f"{found.similarity:.2f}")
    expect(reader.part("template").locator(".furniture").last).to_have_attribute("title", re.compile("in a frame"))
    expect(reader.part("template-frame-key")).to_be_visible()
    plain = visit(shown.path)
    plain.go(1)
    expect(plain.part("frame-key")).to_have_count(0)
    expect(plain.part("template-frame-key")).to_have_count(0)


def test_a_frame_in_copies_is_marked_too(visit: Visit, furnished: Shown) -> None:
    """A text beside itself is one passage, less its frame."""
    reader = visit(furnished.path)
    reader.go(1)
    reader.choose(0, 0)
    expect(reader.part("left-text").get_by_test_id("furniture")).to_have_count(1)
    expect(reader.part("pair-similarity")).to_have_text("1.00")


# --- the table of clusters ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def operators(synthetic: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """Two operators with three clusters each, whose ids and handles are tricks, among others."""
    articles = []
    for operator, name in enumerate(("@yunlu_tea_shop", "@qinghe_cards")):
        passages = synthetic.spun(1, seed=50 + operator).texts[0][:300]
        for cluster in range(3):
            for number, text in enumerate(synthetic.spun(5, sections=5, seed=100 + 10 * operator + cluster).texts):
                trick = f"{HOSTILE[number]}-{operator}-{cluster}".encode(errors="replace").decode()
                articles.append({"id": trick, "text": f"{passages}\n{text}\n{HOSTILE[0]} 详情请看 {name}"})
    for number, text in enumerate(synthetic.campaign(60, share=0.0, characters=900, seed=7)[0]):
        articles.append({"id": f"other-{number}", "text": text})
    return written(articles, tmp_path_factory.mktemp("operators"))


def test_campaigns_stand_above_clusters(visit: Visit, operators: Shown, shown: Shown) -> None:
    """A row each with its figures and first indicators; nothing where there are none of several clusters."""
    found = operators.clusters.campaigns().several
    assert len(found) == 2
    reader = visit(operators.path)
    rows = reader.part("campaign-row")
    expect(rows).to_have_count(2)
    for number, one in enumerate(found):
        cells = rows.nth(number).locator("td")
        told = [cells.nth(place).inner_text() for place in range(3)]
        assert told == [str(len(one)), str(len(one.clusters)), str(len(one.lone))]
        assert cells.nth(3).locator("a").evaluate("link => link.textContent") == one.name
        expect(cells.nth(4)).to_contain_text(one.indicators()[0].value)
    assert not shown.clusters.campaigns().several
    expect(visit(shown.path).part("campaigns")).to_be_hidden()


def test_a_campaign_opens_and_closes(visit: Visit, operators: Shown) -> None:
    """By a click on its row; a cluster of it leads back to it, and Escape to the overview."""
    one = operators.clusters.campaigns()[0]
    reader = visit(operators.path)
    reader.part("campaign-row").first.locator("td").first.click()
    reader.page.wait_for_selector('html[data-campaign="1"]', state="attached")
    expect(reader.part("campaign")).to_contain_text("15 articles")
    expect(reader.part("campaign-cluster")).to_have_count(len(one.clusters))
    links = reader.part("campaign-link").evaluate_all("rows => rows.map(row => [...row.cells].map(c => c.textContent))")
    ids = operators.clusters.names
    assert [row[1:] for row in links] == [[ids[r.left].as_py(), ids[r.right].as_py(), r.words] for r in one.links()]
    expect(reader.part("indicators")).to_contain_text(one.indicators()[0].value)
    reader.part("campaign-cluster").first.locator("a").click()
    reader.page.wait_for_selector("html[data-cluster][data-pair]", state="attached")
    expect(reader.part("campaign")).to_be_hidden()
    reader.part("to-campaign").click()
    reader.page.wait_for_selector('html[data-campaign="1"]:not([data-cluster])', state="attached")
    expect(reader.part("cluster")).to_be_hidden()
    reader.page.keyboard.press("Escape")
    expect(reader.part("campaign-row").first).to_be_visible()
    expect(reader.part("campaign")).to_be_hidden()
    assert reader.page.locator("html").get_attribute("data-campaign") is None


@pytest.mark.parametrize("size", [WIDE, NARROW])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_links_what_is_drawn(visit: Visit, operators: Shown, size: dict[str, int], scheme: str) -> None:
    """A circle a cluster and lone article, a line a link with its reason, a square a name; all of it text."""
    one = operators.clusters.campaigns()[0]
    reader = visit(operators.path, "#campaign-1", viewport=size, color_scheme=scheme)
    reader.page.wait_for_selector('html[data-campaign="1"]', state="attached")
    expect(reader.part("web-part")).to_have_count(one.parts)
    tips = reader.part("web-link").evaluate_all("all => all.map(line => line.dataset.tip)")
    assert tips == [f"strength {link.strength:.2f}: {link.words}" for link in one.links()]
    names = reader.part("web-name").evaluate_all("all => all.map(name => name.dataset.tip)")
    (handle,) = [name for name, _ in one.shared() if name.kind == "handle"]
    assert any(handle.value in tip and "held by 15 texts inside, 0 outside" in tip for tip in names)
    box = reader.part("web").bounding_box()
    assert box is not None
    for part in reader.part("web-part").all():
        inner = part.locator("circle").bounding_box()
        assert inner is not None
        assert box["x"] <= inner["x"] <= inner["x"] + inner["width"] <= box["x"] + box["width"]
        assert box["y"] <= inner["y"] <= inner["y"] + inner["height"] <= box["y"] + box["height"]
    reader.part("web-part").first.locator("circle").hover()
    expect(reader.page.locator("#tip")).to_contain_text(f"{len(one.clusters[0])} articles")
    assert not reader.scrolls_sideways


def test_a_campaign_of_many_is_drawn_in_part(visit: Visit, synthetic: ModuleType, tmp_path: Path) -> None:
    """Sixty circles and squares at most, and the page says so."""
    passages = synthetic.spun(1, seed=50).texts[0][:300]
    own = synthetic.campaign(80, share=0.0, characters=900, seed=3)[0]
    others = synthetic.campaign(100, share=0.0, characters=900, seed=7)[0]
    found = written([*(f"{passages}\n{text}\n详情请看 @yunlu_tea_shop" for text in own), *others], tmp_path)
    parts = found.clusters.campaigns()[0].parts
    assert parts >= 70
    reader = visit(found.path, "#campaign-1")
    reader.page.wait_for_selector('html[data-campaign="1"]', state="attached")
    drawn = reader.part("web-part").count()
    assert drawn + reader.part("web-name").count() == 60
    expect(reader.part("graph")).to_contain_text(f"The largest {drawn} of {parts} clusters and lone articles are drawn")


def test_an_address_of_a_campaign(visit: Visit, operators: Shown, tmp_path: Path) -> None:
    """One that is not there is said so; without campaigns a page has none."""
    reader = visit(operators.path, "#campaign-9")
    expect(reader.page.locator("#message")).to_have_text(
        "There is no campaign \u20689\u2069; this report has 2 campaigns."
    )
    operators.clusters.report(tmp_path / "report.html", campaigns=False)
    without = visit(tmp_path / "report.html")
    expect(without.part("campaigns")).to_be_hidden()
    without.go(1)
    expect(without.part("to-campaign")).to_have_count(0)


def test_search(visit: Visit, groups: Shown) -> None:
    """By title and indicator, whatever the width and case of letters; all words must occur."""
    reader = visit(groups.path)
    searches = {
        "cedar": [3], "蒔蘿": [4], "ＡＭＢＥＲ 琥珀": [1], "@elm_shop": [5], "handle birch": [2],
        "handle": [1, 2, 3, 4, 5], "amber birch": [], "<b>": [], "   ": [1, 2, 3, 4, 5],
    }  # fmt: skip
    for words, found in searches.items():
        reader.part("search").fill(words)
        assert reader.numbers == found
        expect(reader.part("hits")).to_have_text(f"{len(found)} of 5 clusters" if words.strip() else "5 clusters")
        expect(reader.page.locator("#nothing")).to_be_visible(visible=not found)


def test_search_by_keyword_and_id(visit: Visit, shown: Shown) -> None:
    """And what was typed is taken back with Escape."""
    reader = visit(shown.path)
    for words, found in (("石桥", [2]), ("bridge", [2]), ("tea", [1]), ("石桥 云麓", [])):
        reader.page.keyboard.press("/")
        expect(reader.part("search")).to_be_focused()
        reader.part("search").fill(words)
        assert reader.numbers == found
        reader.page.keyboard.press("Escape")
        expect(reader.part("search")).to_have_value("")
        assert reader.numbers == [1, 2]
        reader.page.locator("#clusters-title").click()
        reader.part("search").blur()


def test_sorting(visit: Visit, groups: Shown) -> None:
    """By each column, both ways; screen readers are told."""
    reader, order = visit(groups.path), [1, 2, 3, 4, 5]
    similar = sorted(order, key=lambda number: groups.clusters[number - 1].similarity)
    assert similar not in (order, order[::-1])
    upward = {"size": order[::-1], "number": order, "similarity": similar, "title": order}
    begins = {"size": "descending", "number": "ascending", "similarity": "descending", "title": "ascending"}
    for column, expected in upward.items():
        first, second = (reader.sort(column), reader.numbers), (reader.sort(column), reader.numbers)
        assert first[0] == begins[column]
        assert dict([first, second]) == {"ascending": expected, "descending": expected[::-1]}


def test_thousands_of_clusters_are_drawn_as_needed(visit: Visit, many: Shown) -> None:
    """Few rows are there at a time, and every one can be reached."""
    assert len(many.clusters) == PAIRS
    reader = visit(many.path)
    expect(reader.part("cluster-table")).to_have_attribute("aria-rowcount", str(PAIRS + 1))
    assert 10 < len(reader.numbers) < 60
    for share in (0.3, 0.7, 1):
        reader.page.evaluate("share => scrollTo(0, share * document.documentElement.scrollHeight)", share)
        number = max(1, round(share * PAIRS) - (share < 1) * 10)
        reader.page.locator(f'[data-number="{number}"]').wait_for(state="attached")
        assert len(reader.numbers) < 80
        assert reader.numbers == list(range(reader.numbers[0], reader.numbers[-1] + 1))
    expect(reader.page.locator(f'[data-number="{PAIRS}"]')).to_be_in_viewport()
    reader.page.keyboard.press("Home")


def test_the_table_by_keys(visit: Visit, many: Shown) -> None:
    """Arrows, paging, Home and End move, Enter opens, Escape comes back to the same row."""
    reader = visit(many.path)
    reader.part("search").focus()
    keys = ("ArrowDown", "ArrowDown", "PageDown", "ArrowUp", "End", "ArrowUp", "Home", "End")
    for key, number in zip(keys, (1, 2, 12, 11, PAIRS, PAIRS - 1, 1, PAIRS), strict=True):
        reader.page.keyboard.press(key)
        expect(reader.page.locator(f'[data-number="{number}"] a')).to_be_focused()
        expect(reader.page.locator(f'[data-number="{number}"]')).to_be_in_viewport()
    reader.page.keyboard.press("Enter")
    reader.page.wait_for_selector(f'html[data-cluster="{PAIRS}"]', state="attached")
    reader.page.keyboard.press("Escape")
    expect(reader.page.locator(f'[data-number="{PAIRS}"] a')).to_be_focused()
    expect(reader.page.locator(f'[data-number="{PAIRS}"]')).to_be_in_viewport()


# --- one cluster --------------------------------------------------------------------------------------------------


def test_a_cluster_opens_and_closes(visit: Visit, shown: Shown) -> None:
    """By click, Enter and address; by Escape, the link and Back."""
    reader = visit(shown.path)
    page, cluster = reader.page, reader.part("cluster")
    ways_in: list[Callable[[], object]] = [
        lambda: reader.part("cluster-row").nth(1).click(),
        lambda: page.locator('[data-number="2"] a').press("Enter"),
        lambda: page.evaluate("() => { location.hash = '#cluster-2'; }"),
    ]
    ways_out: list[Callable[[], object]] = [
        lambda: page.keyboard.press("Escape"),
        lambda: reader.part("close").click(),
        page.go_back,
    ]
    for come, leave in zip(ways_in, ways_out, strict=True):
        come()
        expect(cluster).to_be_visible()
        expect(cluster.locator("h1 bdi")).to_have_text("柳溪村三孔石桥的故事")
        expect(page).to_have_url(re.compile("#cluster-(2|bridge-copy)$"))
        expect(page).to_have_title("柳溪村三孔石桥的故事 – dedup report")
        expect(reader.part("summary")).to_be_hidden()
        leave()
        expect(cluster).to_be_hidden()
        expect(reader.part("summary")).to_be_visible()
        expect(page).to_have_title("dedup report")


def test_an_address_of_a_cluster(visit: Visit, shown: Shown) -> None:
    """It opens at once; one that is not there is said to be none."""
    reader = visit(shown.path, "#cluster-2")
    expect(reader.part("cluster").locator("h1")).to_contain_text("2 articles")
    reader.page.get_by_role("link", name="Previous cluster of the table").click()
    expect(reader.part("cluster").locator("h1")).to_contain_text("5 articles")
    reader.page.evaluate("() => { location.hash = '#cluster-bridge-copy'; }")
    expect(reader.part("cluster").locator("h1")).to_contain_text("2 articles")
    for wrong in ("99", "0"):
        reader.page.evaluate("hash => { location.hash = hash; }", f"#cluster-{wrong}")
        expect(reader.page.locator("#message")).to_contain_text(
            f"There is no cluster \u2068{wrong}\u2069; this report has 2 clusters"
        )
    expect(reader.part("summary")).to_be_visible()


def test_an_address_lasts_from_run_to_run(visit: Visit, tmp_path: Path, examples: dict[str, str]) -> None:
    """It is made of the id of the first article, whatever that holds; of two clusters called alike one has a place."""
    texts = [text for name, text in examples.items() if not name.startswith(("tea", "bridge"))][:3]
    ids = ["a/b #%41?", "1", "1", "x", "y", "z"]
    with pytest.warns(dedup.DedupWarning, match="more than once"):
        found = written([{"id": id_, "text": text} for id_, text in zip(ids, texts * 2, strict=True)], tmp_path)
    reader = visit(found.path)
    links = reader.part("cluster-row").locator("a").evaluate_all("all => all.map(link => link.getAttribute('href'))")
    assert links == ["#cluster-a%2Fb%20%23%2541%3F", "#cluster-1", "#cluster-%233"]
    for number, href in enumerate(links, 1):
        again = visit(found.path, href)
        again.page.wait_for_selector(f'html[data-cluster="{number}"]', state="attached")


def test_light_passages_can_be_hidden(visit: Visit, shown: Shown) -> None:
    """From a weight up: in the list and in both texts, with the share of the similarity that remains."""
    reader = visit(shown.path)
    reader.go(1)
    every = reader.passages
    slider, items = reader.part("least"), reader.part("passage-list").locator("li")
    expect(reader.part("told")).to_contain_text(f"{len(every)} of {len(every)} passages with 100 %")
    slider.fill("60")
    heavy = [weight for _, weight in every if weight >= 0.36 * every[0][1]]
    assert 0 < len(heavy) < len(every)
    assert [item.is_visible() for item in items.all()] == [place < len(heavy) for place in range(len(every))]
    expect(reader.part("told")).to_contain_text(f"{len(heavy)} of {len(every)} passages")
    light = reader.part("left-text").locator("mark.below").evaluate_all("all => all.map(n => +n.dataset.passage)")
    assert {rank for rank, _ in reader.marks("left")} == {*light, *range(len(heavy))}
    slider.fill("0")
    assert reader.part("left-text").locator("mark.below").count() == 0


@pytest.mark.parametrize("number", [1, 2])
def test_the_template_is_that_of_the_cluster(visit: Visit, shown: Shown, number: int) -> None:
    """Every passage and every slot, in reading order, with how many hold it."""
    reader = visit(shown.path, f"#cluster-{number}")
    template = shown.clusters[number - 1].template()
    script = """all => all.map(n => n.matches('.fixed') ? [n.textContent, n.title] : [...n.querySelectorAll('li')]
        .map(li => [li.querySelector('bdi').textContent, Number(li.querySelector('.n').textContent)]))"""
    reader.part("template").locator(".prose").wait_for()
    assert reader.part("template").locator(".prose > *").evaluate_all(script) == [
        [part.text, f"held by {part.members} of {template.sampled}"]
        if isinstance(part, Fixed)
        else [list(value) for value in part.values]
        for part in template.parts
    ]
    expect(reader.part("template")).to_contain_text(f"Read from all {template.members} members")


def test_a_slot_opens(visit: Visit, shown: Shown) -> None:
    """It shows its values, and Escape shuts it before it shuts the cluster."""
    reader = visit(shown.path, "#cluster-1")
    slot = reader.part("slot").first
    expect(slot.locator("li").first).to_be_hidden()
    slot.locator("summary").click()
    expect(slot.locator("li")).to_have_count(5)
    expect(slot.locator("li").last).to_be_visible()
    expect(slot).to_contain_text("5 values in 5 texts")
    reader.page.keyboard.press("Escape")
    expect(slot.locator("li").first).to_be_hidden()
    expect(reader.part("cluster")).to_be_visible()


def test_keywords_and_indicators(visit: Visit, shown: Shown) -> None:
    """The same as in Python; what was not found is said to be none; no indicator can be clicked to go there."""
    reader, cluster = visit(shown.path, "#cluster-1"), shown.clusters[0]
    rows = reader.part("indicators").locator("tbody tr")
    expect(rows).to_have_count(len(cluster.indicators()))
    cells = rows.evaluate_all("all => all.map(n => [...n.cells].slice(0, 3).map(cell => cell.textContent))")
    assert cells == [[one.kind, one.value, f"{one.members} of {one.of}"] for one in cluster.indicators()]
    assert reader.part("indicators").locator("a").count() == 0
    told = embedded(shown.path)["cluster-0"]["keywords"]
    script = "all => all.map(n => [n.querySelector('bdi').textContent, Number(n.querySelector('small').textContent)])"
    assert reader.part("keywords").locator("li").evaluate_all(script) == told
    reader.go(2)
    expect(reader.part("indicators")).to_contain_text("None found in these texts.")
    words = [one.word for one in shown.clusters[1].keywords()]
    assert reader.part("keywords").locator("bdi").all_text_contents() == words


def test_an_indicator_is_copied(visit: Visit, shown: Shown) -> None:
    """It is on the clipboard; a busy browser may paste before it has focus, so it is asked to more than once."""
    reader, indicator = visit(shown.path, "#cluster-1"), shown.clusters[0].indicators()[0]
    reader.page.bring_to_front()
    search = reader.part("search")
    for _ in range(20):
        reader.part("indicators").get_by_role("button").first.click()
        expect(reader.page.locator("#status")).to_have_text("Copied")
        reader.part("close").click()
        search.fill("")
        search.press("ControlOrMeta+V")
        reader.page.wait_for_timeout(100)
        if search.input_value():
            break
        reader.go(1)
    expect(search).to_have_value(indicator.value)


def test_a_cluster_is_found_by_what_its_row_does_not_show(visit: Visit, shown: Shown) -> None:
    """By the id of any member, by any indicator, and by a title in Simplified characters."""
    reader = visit(shown.path)
    for words in ("tea-5", "example.com", "yunlu-tea-88", "古树茶饼"):
        reader.part("search").fill(words)
        expect(reader.part("cluster-row")).to_have_count(1)
        assert reader.numbers == [1]


def test_members(visit: Visit, shown: Shown) -> None:
    """Ids, similarities to the representative, titles; the filter finds some of them."""
    reader, cluster = visit(shown.path, "#cluster-1"), shown.clusters[0]
    rows = reader.part("members").locator("tbody tr:not(.space)")
    expect(rows).to_have_count(5)
    cells = rows.evaluate_all("all => all.map(n => [...n.cells].map(cell => cell.textContent))")
    assert [row[0] for row in cells] == cluster.ids.to_pylist()
    similar = shown.clusters.to_representative[cluster.members]
    assert [float(row[1]) for row in cells] == pytest.approx(similar.tolist(), abs=0.0051)
    assert [row[2] for row in cells] == embedded(shown.path)["cluster-0"]["titles"]
    reader.part("members").get_by_role("searchbox").fill("TEA-3")
    expect(rows).to_have_count(1)
    expect(reader.part("members")).to_contain_text("1 of 5")
    rows.get_by_role("button").click()
    expect(reader.page.locator("html")).to_have_attribute("data-pair", re.compile(r"^\d-2$"))


def test_a_large_cluster_is_listed_as_needed(visit: Visit, tmp_path: Path) -> None:
    """Of a thousand copies few rows are drawn, and the sample of texts is said to be one."""
    reader = visit(written(["手机卡续费，輕鬆搞定"] * 1_000, tmp_path).path, "#cluster-1")
    members = reader.part("members")
    expect(members).to_contain_text("Texts of 50 of 1,000 members are in this page")
    expect(members.locator("table")).to_have_attribute("aria-rowcount", "1001")
    assert members.locator("tbody tr").count() < 60
    members.locator(".scroll").evaluate("box => { box.scrollTop = box.scrollHeight; }")
    members.locator('[aria-rowindex="1001"]').wait_for()
    assert members.locator("tbody tr").count() < 60
    members.get_by_label("with text").check()
    expect(members.locator("table")).to_have_attribute("aria-rowcount", "51")
    expect(reader.part("pair-similarity")).to_have_text("1.00")


def test_escape_in_the_tick_box_shuts_the_cluster(visit: Visit, tmp_path: Path) -> None:
    """It has nothing that could be cleared first."""
    reader = visit(written(["手机卡续费，輕鬆搞定"] * 60, tmp_path).path, "#cluster-1")
    reader.part("members").get_by_label("with text").focus()
    reader.page.keyboard.press("Escape")
    expect(reader.part("cluster")).to_be_hidden()


def test_the_map_of_similarities(visit: Visit, shown: Shown) -> None:
    """Keys move over it, tell the two texts of a square, and put them beside each other."""
    reader = visit(shown.path, "#cluster-1")
    canvas, readout = reader.part("matrix").locator("canvas"), reader.part("matrix").locator(".readout")
    expect(readout).to_contain_text("Point at a square")
    least, most = (f"{value:.2f}" for value in extremes(shown))
    expect(reader.part("matrix")).to_contain_text(f"10 pairs of 5 texts: least {least}")
    expect(reader.part("matrix")).to_contain_text(f"greatest {most}")
    canvas.focus()
    reader.page.keyboard.press("ArrowRight")
    names = readout.locator("bdi").all_text_contents()
    assert len(set(names)) == 2
    left, right = (names_of(shown).index(name) for name in names)
    said = float(readout.locator("b").text_content() or 0)
    assert said == pytest.approx(shown.explain(1, left, right).similarity, abs=0.0051)
    reader.page.keyboard.press("Enter")
    expect(reader.page.locator("html")).to_have_attribute("data-pair", f"{left}-{right}")


def names_of(shown: Shown) -> list[str]:
    """Ids of the first cluster's texts in the order of the page."""
    assert shown.clusters.ids is not None
    return [shown.clusters.ids[row].as_py() for row in shown.rows(1)]


def extremes(shown: Shown) -> tuple[float, float]:
    """The least and the greatest similarity of two members of the first cluster."""
    found = [shown.explain(1, *pair).similarity for pair in combinations(range(5), 2)]
    return min(found), max(found)


# --- two members side by side -------------------------------------------------------------------------------------


def flat(text: str) -> str:
    """As the list shows it."""
    return re.sub(r"\s+", " ", text[:400])


def painted(text: str, spans: list[tuple[int, int]]) -> list[tuple[int, str]]:
    """The pieces of a text that some span covers, and which; where several do, the first."""
    owners = [
        next((rank for rank, (begin, end) in enumerate(spans) if begin <= at < end), -1) for at in range(len(text))
    ]
    pieces = [(rank, "".join(text[at] for at in run)) for rank, run in groupby(range(len(text)), owners.__getitem__)]
    return [(rank, piece) for rank, piece in pieces if rank >= 0]


def compare(reader: Reader, found: Explanation) -> None:
    """Similarity, texts, passages and weights in the page are those of the explanation."""
    shown = float(reader.part("pair-similarity").text_content() or 0)
    assert shown == pytest.approx(found.similarity, abs=0.0051)
    assert (reader.text("left"), reader.text("right")) == (found.left, found.right)
    by_text = {flat(found.texts(passage)[0]): passage for passage in found.passages}
    listed = reader.passages
    assert len(by_text) == len(found.passages)
    assert sorted(text for text, _ in listed) == sorted(by_text)
    passages = [by_text[text] for text, _ in listed]
    for ours in (passages, found.passages):
        assert [weight for _, weight in listed] == pytest.approx([passage.weight for passage in ours], abs=1e-3)
    assert reader.marks("left") == painted(found.left, [passage.left for passage in passages])
    assert reader.marks("right") == painted(found.right, [passage.right for passage in passages])


def test_a_cluster_begins_with_the_two_most_alike(visit: Visit, shown: Shown) -> None:
    """The representative, and of the others the one most like it."""
    reader = visit(shown.path)
    reader.go(1)
    other = 1 + int(shown.clusters.to_representative[shown.rows(1)[1:]].argmax())
    expect(reader.page.locator("html")).to_have_attribute("data-pair", f"0-{other}")
    compare(reader, shown.explain(1, 0, other))


def test_every_two_members_share_what_explain_says(visit: Visit, shown: Shown) -> None:
    """All pairs of the example articles, both ways round: similarity, spans, weights, order."""
    reader = visit(shown.path)
    for number, cluster in enumerate(shown.clusters, 1):
        reader.go(number)
        for left, right in combinations(range(len(cluster)), 2):
            reader.choose(left, right)
            compare(reader, shown.explain(number, left, right))
            reader.page.get_by_role("button", name="Swap the two texts").click()
            expect(reader.page.locator("html")).to_have_attribute("data-pair", f"{right}-{left}")
            compare(reader, shown.explain(number, right, left))


def test_spun_articles_share_what_explain_says(visit: Visit, groups: Shown) -> None:
    """The same for longer texts with a section in common."""
    reader = visit(groups.path)
    for number in (1, 5):
        reader.go(number)
        reader.choose(0, 1)
        compare(reader, groups.explain(number, 0, 1))


def test_words_share_what_explain_says(visit: Visit, examples: dict[str, str], tmp_path: Path) -> None:
    """The same where shingles begin at words only."""
    shown = written(list(examples.values()), tmp_path, chosen=Settings(unit="word"))
    reader = visit(shown.path)
    reader.go(2)
    reader.choose(0, 1)
    compare(reader, shown.explain(2, 0, 1))


def test_what_is_said_again_is_marked_too(visit: Visit, shown: Shown) -> None:
    """The contact in both titles adds no weight, for it is counted at the ends, but can be seen to be shared."""
    reader = visit(shown.path)
    reader.go(1)
    reader.choose(0, 1)
    found = shown.explain(1, 0, 1)
    for side, text, spans in zip(("left", "right"), (found.left, found.right), found.again, strict=True):
        marked = "".join(reader.part(f"{side}-text").locator(".again").all_text_contents())
        assert "WeChat @yunlu-tea-88" in marked
        assert all(character in marked for begin, end in spans for character in text[begin + 2 : end - 2])


def test_characters_of_every_kind(visit: Visit, tmp_path: Path) -> None:
    """Other planes, emoji, marks, characters that become several: spans are those of Python, to the character."""
    left = "😀續費𠮷野家👍🏽手機卡，五㎏米飯很香。le café noir, ｶﾞｯｺｳへ行く。각하 𠀀𠀁𠀂"
    right = "𠮷野家的续费手机卡😀！g米饭很香。ガッコウへ行く， le cafe noir 각하吧 𠀀𠀁𠀂🏽"
    shown = written([left, right], tmp_path)
    reader = visit(shown.path)
    reader.go(1)
    reader.choose(0, 1)
    compare(reader, shown.explain(1, 0, 1))


def test_a_text_beside_itself(visit: Visit, shown: Shown) -> None:
    """Is said to be the same; all of it is one passage."""
    reader = visit(shown.path)
    reader.go(2)
    reader.choose(1, 1)
    expect(reader.part("pair-similarity")).to_have_text("1.00")
    expect(reader.part("cluster")).to_contain_text("the same text on both sides")
    assert [weight for _, weight in reader.passages] == [1.0]


def test_what_is_written_otherwise_is_marked(visit: Visit, tmp_path: Path) -> None:
    """Traditional and Simplified, full width, case: equal when folded, and shown as not the same."""
    shown = written(["續費手機卡輕鬆搞定，Hello 好請來", "续费手机卡轻松搞定，ｈELLO 好请来"], tmp_path)
    reader = visit(shown.path)
    reader.go(1)
    reader.choose(0, 1)
    for side, pieces in (
        ("left", ["續費", "機", "輕鬆", "Hello", "請來"]),
        ("right", ["续费", "机", "轻松", "ｈELLO", "请来"]),
    ):
        variants = reader.part(f"{side}-text").locator(".variant").all_text_contents()
        assert [piece.strip() for piece in variants] == pieces
    reader.choose(0, 0)
    assert reader.part("cluster").locator(".pane .variant").count() == 0


def test_a_click_on_a_passage_shows_its_partner(visit: Visit, shown: Shown) -> None:
    """In the other text, wherever it stands there; and from the list in both."""
    reader = visit(shown.path, viewport=NARROW)
    reader.go(2)
    for side, other in (("left", "right"), ("right", "left")):
        rank = reader.marks(side)[-1][0]
        reader.part(f"{side}-text").locator(f'[data-passage="{rank}"]').last.click()
        partner = reader.part(f"{other}-text").locator(f'[data-passage="{rank}"]').first
        expect(partner).to_have_class(re.compile(r"\blit\b"))
        assert in_sight(partner)
    reader.part("passage-list").get_by_role("button").nth(3).click()
    for side in ("left", "right"):
        assert in_sight(reader.part(f"{side}-text").locator('[data-passage="3"]').first)
    lit = reader.part("cluster").locator(".lit").evaluate_all("all => all.map(n => n.dataset.passage)")
    assert set(lit) == {"3"}


def in_sight(mark: Locator) -> bool:
    """Whether a mark begins within what is to be seen of its pane."""
    script = """mark => { const [inner, outer] = [mark, mark.closest('.pane')].map(n => n.getBoundingClientRect());
        return inner.top >= outer.top && inner.top < outer.bottom; }"""
    return bool(mark.evaluate(script))


def test_passages_by_keys(visit: Visit, shown: Shown) -> None:
    """Tab comes to the first, arrows go on, Enter shows the partner; one of them at a time can be tabbed to."""
    reader = visit(shown.path, viewport=NARROW)
    reader.go(2)
    left = reader.part("left-text")
    stops = left.locator("mark[tabindex]")
    ranks = stops.evaluate_all("all => all.map(n => n.dataset.passage)")
    assert len(ranks) == len(set(ranks)) == len(reader.passages)
    left.focus()
    reader.page.keyboard.press("Tab")
    expect(stops.first).to_be_focused()
    for _ in ranks[1:]:
        reader.page.keyboard.press("ArrowRight")
    expect(stops.last).to_be_focused()
    assert in_sight(stops.last)
    assert left.locator('mark[tabindex="0"]').count() == 1
    reader.page.keyboard.press("Enter")
    partner = reader.part("right-text").locator(f'[data-passage="{ranks[-1]}"]').first
    expect(partner).to_have_class(re.compile(r"\blit\b"))
    assert in_sight(partner)
    reader.page.keyboard.press("ArrowLeft")
    expect(stops.nth(len(ranks) - 2)).to_be_focused()


# --- articles that nobody should trust ----------------------------------------------------------------------------


def test_hostile_articles_are_text(visit: Visit, hostile: Shown) -> None:
    """In every cluster texts, titles and ids are shown as they are, and nothing of them becomes part of the page."""
    assert len(hostile.clusters) == len(HOSTILE)
    assert hostile.clusters.corpus is not None
    texts, told = hostile.clusters.corpus.texts, embedded(hostile.path)
    reader = visit(hostile.path)
    tame(reader)
    for number, cluster in enumerate(hostile.clusters, 1):
        reader.go(number)
        reader.choose(0, 1)
        assert [reader.text("left"), reader.text("right")] == [texts.text(row) for row in hostile.rows(number)]
        compare(reader, hostile.explain(number, 0, 1))
        ids = reader.part("members").locator(".m-id bdi").all_text_contents()
        assert ids == told[f"cluster-{number - 1}"]["ids"] == cluster.ids.to_pylist()
        tame(reader)


def tame(reader: Reader) -> None:
    """Nothing in the page could load or run anything, whatever the policy."""
    foreign = "img, iframe, object, embed, form, base, video, audio, link:not([rel=icon]), svg a, body style"
    assert reader.page.locator(foreign).count() == 0
    assert reader.page.locator('body script:not([type="application/octet-stream"])').count() == 1
    assert reader.page.locator("meta[http-equiv]").count() == 1
    script = """() => {
        const loads = (name, value) => name === 'srcdoc' || (name === 'href' && !/^(#|data:,)/.test(value));
        const all = [...document.querySelectorAll('*')].flatMap(n => [...n.attributes]);
        return all.filter(({ name, value }) => name.startsWith('on') || loads(name, value)).map(one => one.value);
    }"""
    assert reader.page.evaluate(script) == []


def test_the_title_of_a_report_is_text(visit: Visit, hostile: Shown) -> None:
    """On top and in the window's name; marks of the skeleton in it are not filled."""
    reader = visit(hostile.path)
    title = "<b>報告</b> & {{script}} \"x\" '\u202e'"
    assert reader.page.locator("#name").text_content() == title
    assert reader.page.evaluate("() => document.title") == title
    assert reader.page.locator("#name b").count() == 0
    assert "<b>" not in hostile.path.read_text("utf-8")


def test_a_title_that_names_the_data(visit: Visit, shown: Shown, tmp_path: Path) -> None:
    """Is a title like any other."""
    shown.clusters.report(tmp_path / "report.html", title="{{data}}")
    head = (tmp_path / "report.html").read_text("utf-8").partition("<style>")[0]
    assert "<title>{{data}}</title>" in head


def test_a_title_with_a_lone_surrogate(shown: Shown, tmp_path: Path) -> None:
    """Is written with a mark in its place, as texts are."""
    shown.clusters.report(tmp_path / "report.html", title="報\ud800告")
    assert embedded(tmp_path / "report.html")["summary"]["title"] in ("報?告", "報\ufffd告")


def test_a_text_of_a_megabyte(visit: Visit, tmp_path: Path) -> None:
    """It opens, and is shown whole."""
    codes = np.random.default_rng(2).integers(0x4E00, 0x9FA0, 350_000).tolist()
    text = "".join(map(chr, codes))
    texts = [text, text[:200_000] + "<script>window.pwned=1</script>" + text[200_000:]]
    shown = written(texts, tmp_path, chosen=Settings(evidence=0.0))
    reader = visit(shown.path)
    reader.go(1)
    compare(reader, shown.explain(1, 0, 1))


def test_the_policy_lets_only_the_pages_own_script_run(visit: Visit, shown: Shown) -> None:
    """Hashes are those of what stands in the file; no source is in the network; a script that came in does not run."""
    page = shown.path.read_text("utf-8")
    (policy,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', page)
    rules = {name: sources for name, *sources in (rule.split() for rule in policy.split(";"))}
    for name in ("style", "script"):
        (own,) = re.findall(rf"<{name}>(.*?)</{name}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(own.encode()).digest()).decode()
        assert rules.pop(f"{name}-src") == [f"'sha256-{digest}'"]
    none = {name: ["'none'"] for name in ("default-src", "base-uri", "form-action")}
    assert rules == {**none, "img-src": ["data:"]}
    assert not re.search(r"https?:", policy)
    reader = visit(shown.path)
    reader.page.evaluate(
        """() => { const script = document.createElement('script'); script.textContent = 'window.pwned = 1';
        document.body.append(script); }"""
    )
    reader.page.locator("body").click()
    (complaint,) = reader.complaints
    assert "Content Security Policy" in complaint
    reader.complaints.clear()


# --- screens ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["shown", "hostile"])
def test_a_phone_needs_no_scrolling_sideways(visit: Visit, name: str, request: pytest.FixtureRequest) -> None:
    """Neither in the summary nor in a cluster."""
    one: Shown = request.getfixturevalue(name)
    reader = visit(one.path, viewport=NARROW, is_mobile=True, has_touch=True)
    assert not reader.scrolls_sideways
    for number in range(1, len(one.clusters) + 1):
        reader.go(number)
        assert not reader.scrolls_sideways


def brightness(reader: Reader) -> float:
    """Of the page's background, 0 to 1."""
    colour = str(reader.page.evaluate("() => getComputedStyle(document.documentElement).backgroundColor"))
    return sum(map(float, re.findall(r"[\d.]+", colour)[:3])) / 3 / 255


def test_dark_and_light(visit: Visit, shown: Shown) -> None:
    """As the system has it, or as the button says, which is remembered."""
    assert brightness(visit(shown.path)) > 0.9
    reader = visit(shown.path, color_scheme="dark")
    assert brightness(reader) < 0.1
    theme = reader.page.locator("#theme")
    theme.click()
    expect(theme).to_have_text("Theme: light")
    assert brightness(reader) > 0.9
    reader.page.reload()
    expect(theme).to_have_text("Theme: light")
    theme.click()
    expect(theme).to_have_text("Theme: dark")
    assert brightness(reader) < 0.1


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pictures(visit: Visit, shown: Shown, tmp_path: Path, size: dict[str, int], scheme: str) -> None:
    """Of summary, cluster and side by side, for people to look at: in the folder that DEDUP_ARTIFACTS names."""
    folder = Path(os.environ.get("DEDUP_ARTIFACTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    reader = visit(shown.path, viewport=size, color_scheme=scheme)

    def take(name: str) -> None:
        path = folder / f"report-{name}-{size['width']}x{size['height']}-{scheme}.png"
        reader.page.screenshot(path=path)
        assert path.stat().st_size > 10_000

    take("summary")
    reader.go(1)
    take("cluster")
    reader.part("left-select").evaluate("node => node.closest('section').scrollIntoView()")
    take("pair")


# --- the file -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("report.txt", FileError, r"suffix must be one of \.html, \.htm"),
        ("report", FileError, "suffix must be"),
        ("missing/report.html", FileError, "mkdir -p"),
        (".", FileError, "is a folder"),
        ("", FileError, "name a file"),
    ],
)
def test_where_no_page_can_be_written(
    shown: Shown, tmp_path: Path, name: str, error: type[Exception], message: str
) -> None:
    """The error says what to do, and comes before the work."""
    path = str(tmp_path / name) if name else ""
    with pytest.raises(error, match=message):
        shown.clusters.report(path, progress=lambda done, total: pytest.fail("worked"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("members", [0, -1, True, 2.0, None])
def test_how_many_members_there_can_be(shown: Shown, tmp_path: Path, members: Any) -> None:
    """One or more."""
    with pytest.raises(SettingsError, match="members must be a whole number of 1 or more, got"):
        shown.clusters.report(tmp_path / "report.html", members=members)


def test_without_texts_there_is_no_page(shown: Shown, tmp_path: Path) -> None:
    """The error says how to have them."""
    with pytest.raises(InputError, match="holds no texts"):
        replace(shown.clusters, corpus=None).report(tmp_path / "report.html")
    assert list(tmp_path.iterdir()) == []


def test_a_page_replaces_what_was_there(shown: Shown, tmp_path: Path) -> None:
    """All of it, when all has been written; before, nothing of it."""
    path = tmp_path / "report.HTM"
    path.write_text("before " * 100_000)

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shown.clusters.report(path, progress=stop)
    assert path.read_text().startswith("before ")
    shown.clusters.report(str(path))
    page = path.read_text("utf-8")
    assert page.startswith("<!doctype html>")
    assert page.endswith("</html>\n")
    assert "before before" not in page
    assert list(tmp_path.iterdir()) == [path]


def test_the_same_result_is_the_same_page(shown: Shown, tmp_path: Path) -> None:
    """But for the time at which it was made."""
    shown.clusters.report(tmp_path / "report.html")
    pages = [embedded(path) for path in (shown.path, tmp_path / "report.html")]
    times = [page["summary"].pop("created") for page in pages]
    assert pages[0] == pages[1]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", time) for time in times)


def test_progress_is_told(shown: Shown, tmp_path: Path) -> None:
    """Clusters done and in all."""
    told: list[tuple[int, int]] = []
    shown.clusters.report(tmp_path / "report.html", progress=lambda *step: told.append(step))
    assert told == [(1, 2), (2, 2)]


def test_a_sample_is_said_to_be_one(visit: Visit, shown: Shown, tmp_path: Path) -> None:
    """Wherever it matters: in the members, the template and the pair."""
    shown.clusters.report(tmp_path / "report.html", members=2, title="茶 🍵")
    reader = visit(tmp_path / "report.html")
    expect(reader.page.locator("#name")).to_have_text("茶 🍵")
    reader.go(1)
    for name in ("members", "cluster"):
        expect(reader.part(name)).to_contain_text("exts of 2 of 5 members are in this page")
    expect(reader.part("template")).to_contain_text("Read from a sample: 2 of 5 distinct texts")
    expect(reader.part("members").locator("tbody tr:not(.space)")).to_have_count(5)
    expect(reader.part("members").get_by_role("button")).to_have_count(2)
    expect(reader.part("left-select").locator("option")).to_have_count(2)


def test_one_member_alone_is_beside_nothing(visit: Visit, shown: Shown, tmp_path: Path) -> None:
    """The page says so."""
    shown.clusters.report(tmp_path / "report.html", members=1)
    reader = visit(tmp_path / "report.html", "#cluster-1")
    expect(reader.part("cluster")).to_contain_text("Fewer than two texts of this cluster are in this page.")


@pytest.mark.parametrize("articles", [["手机卡", "apple"], [], [None, ""]])
def test_a_result_without_clusters(visit: Visit, tmp_path: Path, articles: list[str | None]) -> None:
    """Has a page, which says that there are none."""
    reader = visit(written(articles, tmp_path).path)
    assert reader.part("summary").locator("dd b").all_text_contents() == [str(len(articles)), "0", "0", "0 %"]
    expect(reader.page.locator("#nothing")).to_have_text("This run found no clusters.")
    reader.part("search").fill("茶")
    expect(reader.page.locator("#nothing")).to_contain_text("No cluster matches.")


def test_another_threshold_is_another_page(visit: Visit, shown: Shown, tmp_path: Path) -> None:
    """With its own line, and the clusters from there up."""
    shown.clusters.at(0.7).report(tmp_path / "report.html")
    reader = visit(tmp_path / "report.html", "#clusters")
    assert reader.part("summary").locator("dd b").all_text_contents() == ["14", "1", "2", "7.1 %"]
    expect(reader.part("histogram").locator(".threshold text")).to_have_text("threshold 0.7")
    reader.go(1)
    expect(reader.part("cluster").locator("h1 bdi")).to_have_text("柳溪村三孔石桥的故事")


def test_a_damaged_file_says_so(visit: Visit, shown: Shown, tmp_path: Path) -> None:
    """What can be read is shown; a cluster whose data are damaged is not."""
    page = shown.path.read_text("utf-8")
    path = tmp_path / "report.html"
    path.write_text(re.sub(r'(id="cluster-1">)[^<]{40}', r"\g<1>", page), "utf-8")
    reader = visit(path)
    reader.page.evaluate("() => { location.hash = '#cluster-2'; }")
    expect(reader.page.locator("#message")).to_contain_text("Cluster 2 cannot be read from this file")
    expect(reader.part("summary")).to_be_visible()
    reader.go(1)
    expect(reader.page.locator("#message")).to_be_hidden()
