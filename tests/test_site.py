"""The site: it builds without a warning, and is read, searched and looked at in a browser, without network."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote

import click
import public
import pytest
from conftest import ROOT, script
from playwright.sync_api import Browser, Page

from dedup.cli import main

WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
PAGES = (
    "index", "zh", "tutorial", "notebook", "how-to/nightly", "explanation/evasion", "explanation/weights",
    "reference/formats", "reference/glossary", "reference/command-line", "reference/api/clustering",
    "reference/api/index-of-articles",
)  # fmt: skip
"""Pages of every kind: with tables, long lines, signatures, Chinese."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the site, built once, with warnings as errors."""
    if importlib.util.find_spec("sphinx_copybutton") is None:
        assert not os.environ.get("CI"), "the extra `docs` must be installed"
        pytest.skip("the site needs the extra `docs`: pip install '.[docs]'")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-qEWn", "--keep-going", "-d", str(folder / "kept"), "-b", "html"]
    done = subprocess.run(
        [*command, str(ROOT / "docs"), str(folder / "html")], capture_output=True, text=True, encoding="utf-8",
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder / "html"


Visit = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser, site: Path) -> Iterator[Visit]:
    """Opens a page from its folder; at the end, none may have complained, or asked for anything outside of it."""
    contexts, complaints = [], list[str]()

    def go(page: str, **options: Any) -> Page:
        context = browser.new_context(**{"viewport": WIDE, "reduced_motion": "reduce", **options})
        contexts.append(context)
        opened = context.new_page()
        opened.set_default_timeout(30_000)
        opened.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
        opened.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        context.on("request", lambda request: asked(request.url))
        name, _, query = page.partition("?")
        opened.goto(f"{(site / name).as_uri()}.html" + (f"?{query}" if query else ""))
        return opened

    def asked(url: str) -> None:
        if not url.startswith((site.as_uri(), "data:")):
            complaints.append(f"request: {url}")

    yield go
    for context in contexts:
        context.close()
    assert complaints == []


def found(visit: Visit, words: str) -> list[str]:
    """The pages that a search finds, the best first."""
    page = visit(f"search?q={quote(words)}")
    page.wait_for_selector(".search-summary", state="attached")
    page.wait_for_function("() => /found|did not match/.test(document.querySelector('.search-summary').textContent)")
    links = page.locator("#search-results li > a").evaluate_all("all => all.map(one => one.getAttribute('href'))")
    return [link.partition("?")[0] for link in links]


@pytest.mark.parametrize(
    ("words", "page"),
    [
        ("keep longest", "how-to/keep-the-best.html"),
        ("redis", "how-to/redis.html"),
        ("Clusters.explain", "reference/api/results.html#dedup.Clusters.explain"),
        ("near_copies", "reference/api/clustering.html#dedup.Settings.near_copies"),
        ("--within-days", "reference/command-line.html"),
        ("去重", "how-to/keep-the-best.html"),
        ("爬蟲", "how-to/scrapy-preferred-url.html"),  # Traditional, where the page has Simplified
        ("茶饼按月", "how-to/ask-why.html"),  # in the middle of a sentence, and no word
        ("只留最好的一篇", "how-to/keep-the-best.html"),
        ("dedup 引用", "how-to/quotations.html"),
    ],
)
def test_search_finds(visit: Visit, words: str, page: str) -> None:
    """Words of both languages and names of the interface lead to their page, among the first."""
    assert page in found(visit, words)[:10]


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("campaign", "how-to/"),
        ("cluster", "how-to/"),
        ("memory", "how-to/"),
        ("near_copies", "reference/"),
        ("Settings", "reference/"),
    ],
)
def test_search_ranks_guides_by_prose(visit: Visit, words: str, first: str) -> None:
    """A word leads to a guide, and a name of the interface to its entry."""
    assert found(visit, words)[0].startswith(first)


def test_search_finds_nothing_else(visit: Visit) -> None:
    """Characters that stand apart from each other are no sentence."""
    assert found(visit, "饼茶月按") == []


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_fit(visit: Visit, tmp_path: Path, size: dict[str, int], scheme: str) -> None:
    """No page scrolls sideways, what is wide scrolls by itself, the menu is at hand; pictures in DEDUP_ARTIFACTS."""
    folder = Path(os.environ.get("DEDUP_ARTIFACTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    for name in PAGES:
        page = visit(name, viewport=size, color_scheme=scheme)
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), name
        assert page.evaluate(UNREADABLE) == [], name
        page.screenshot(path=folder / f"site-{name.replace('/', '-')}-{size['width']}-{scheme}.png")
        menu = page.locator(".sidebar-drawer a", has_text="Reference").first
        if size is NARROW:
            page.locator("label.nav-overlay-icon").click()
        menu.wait_for(state="visible")
        menu.click()
        page.wait_for_url("**/reference/index.html")
        page.context.close()


UNREADABLE = """() => [...document.querySelectorAll('article pre, article td, article th, article code')]
.filter(one => {
  const box = one.getBoundingClientRect(), style = getComputedStyle(one);
  if (!box.width) return false;
  if (parseFloat(style.fontSize) < 10) return true;
  for (let up = one; up && up.tagName !== 'ARTICLE'; up = up.parentElement)
    if (['auto', 'scroll'].includes(getComputedStyle(up).overflowX)) return false;
  return box.right > innerWidth;
}).map(one => one.textContent.slice(0, 40))"""
"""What is too small, or ends outside of the window with nothing around it that scrolls."""


def test_colours_are_apart(visit: Visit) -> None:
    """Light is dark on light, dark is light on dark."""
    script = "() => getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)"
    light, dark = (sum(visit("index", color_scheme=scheme).evaluate(script)) for scheme in ("light", "dark"))
    assert dark < 150
    assert light > 600


# --- links and llms.txt -------------------------------------------------------------------------------------------


def test_every_link_leads_somewhere(site: Path, tmp_path: Path) -> None:
    """Links and their places, in all pages; and what leads nowhere is found."""
    links = script("tools/site_links.py")
    assert links.main(str(site)) == 0
    (tmp_path / "a.html").write_text('<a href="b.html#here">1</a> <a href="#no">2</a> <img src="no.png">', "utf-8")
    (tmp_path / "b.html").write_text('<p id="here"><a href="a.html">1</a> <a href="https://example.com">2</a>', "utf-8")
    pages = {path: links.Page(path.read_text("utf-8")) for path in tmp_path.iterdir()}
    assert {one.link for one in links.lost(tmp_path.resolve(), pages)} == {"#no", "no.png"}


def test_llms_txt_lists_every_page(site: Path) -> None:
    """A title, a sentence, sections of links as https://llmstxt.org has them; each leads to a page in Markdown."""
    text = (site / "llms.txt").read_text("utf-8")
    assert re.match(r"# dedup\n\n> .+\n\n## ", text)
    sections = re.split(r"^## .+\n\n", text, flags=re.MULTILINE)[1:]
    lines = [line for section in sections for line in section.strip().splitlines()]
    links = [re.fullmatch(r"- \[.+\]\((\S+\.html\.md)\)(: .+)?", line) for line in lines]
    assert all(links)
    listed = {str(link[1]) for link in links if link}
    pages = {f"{path.relative_to(site)}.md" for path in site.rglob("*.html")} - {"genindex.html.md", "search.html.md"}
    assert listed | {"index.html.md"} >= pages - {"py-modindex.html.md"}
    assert all((site / link).stat().st_size > 20 for link in listed)


# --- the reference ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def entries(site: Path) -> set[str]:
    """The names that have an entry, by the inventory of the site."""
    from sphinx.util.inventory import InventoryFile

    with (site / "objects.inv").open("rb") as file:
        inventory = InventoryFile.load(file, "", lambda base, name: name)
    return {name for kind, names in inventory.items() if kind.startswith("py:") for name in names}


@pytest.mark.parametrize("module", [*public.upper(), *public.lower()], ids=lambda module: module.__name__)
def test_every_public_name_has_an_entry(module: ModuleType, entries: set[str]) -> None:
    """Under the module that exports it, under the package, or where it is defined."""
    mine = [one for one in public.names() if one.module is module]
    assert [one for one in mine if not {one.name, f"dedup.{one.name.rpartition('.')[2]}", one.home} & entries] == []


def test_every_command_and_option_is_there(site: Path) -> None:
    """As the command line has them."""
    text = (site / "reference" / "command-line.html").read_text("utf-8")
    ids = set(re.findall(r'id="cmdoption-([\w-]+)"', text))

    def check(command: click.Command, path: str) -> None:
        assert f'id="{path}"' in text, path
        for option in command.params:
            names = [*option.opts, *option.secondary_opts] if isinstance(option, click.Option) else []
            assert {f"{path}-{name.lstrip('-')}" for name in names} <= ids
        if isinstance(command, click.Group):
            for name, one in command.commands.items():
                check(one, f"{path}-{name}")

    check(main, "dedup")


def test_every_page_has_a_name_in_chinese() -> None:
    """`zh.md` names each page, but for those of single stages and the folders' own, and no page that is not there."""
    docs = ROOT / "docs"
    named = set(re.findall(r"\]\(([^)#]+\.md)\)", (docs / "zh.md").read_text("utf-8")))
    pages = {str(path.relative_to(docs)) for path in docs.rglob("*.md")}
    folders = {"index.md", "zh.md", *(f"{one}/index.md" for one in ("how-to", "moving", "explanation", "reference"))}
    assert named == {page for page in pages if not page.startswith("reference/api/stages/")} - folders
