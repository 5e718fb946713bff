"""The Scrapy pipeline: real crawls of a local site, with either store."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest

import dedup

pytest.importorskip("scrapy", reason="the extra scrapy is not installed")

ROOT = Path(__file__).resolve().parents[1]

SPIDER = """
import dataclasses, json
import attrs, scrapy

class Declared(scrapy.Item):
    url, text, dedup, canonical = scrapy.Field(), scrapy.Field(), scrapy.Field(), scrapy.Field()

@dataclasses.dataclass
class Data:
    url: str
    text: str
    dedup: dict | None = None

@attrs.define
class Attrs:
    url: str
    text: str
    dedup: dict | None = None

@dataclasses.dataclass
class Bare:
    url: str
    text: str

KINDS = {"dict": dict, "item": Declared, "dataclass": Data, "attrs": Attrs, "bare": Bare}

class Articles(scrapy.Spider):
    name = "articles"

    async def start(self):
        yield scrapy.Request(self.site)

    def parse(self, response):
        yield from response.follow_all(css="a", callback=self.parse_article)

    def parse_article(self, response):
        for article in response.css("article"):
            url = response.urljoin(article.attrib["id"]) if "id" in article.attrib else None
            text = article.css("::text").getall()
            yield KINDS[self.kind](url=url, text=text if self.kind == "dict" else "".join(text))

    def closed(self, reason):
        with open("stats.json", "w") as file:
            json.dump({"reason": reason, **self.crawler.stats.get_stats()}, file, default=str)
"""


class Crawl(NamedTuple):
    """What came of a crawl."""

    items: list[dict[str, Any]]
    stats: dict[str, int]
    log: str
    code: int

    @property
    def names(self) -> list[str]:
        """The last parts of the URLs of the items, in order."""
        return [item["url"].rpartition("/")[2] for item in self.items]


class Pages(BaseHTTPRequestHandler):
    """A site whose pages are in a dictionary."""

    def __init__(self, pages: dict[str, str], meanwhile: list[Callable[[], object]], *rest: Any) -> None:
        self.pages, self.meanwhile = pages, meanwhile
        super().__init__(*rest)

    def do_GET(self) -> None:
        """Serve a page; what is not there, such as robots.txt, is 404."""
        while self.meanwhile:
            self.meanwhile.pop()()
        page = self.pages.get(self.path)
        self.send_response(404 if page is None else 200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write((page or "").encode("utf-8", "replace"))

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class Site:
    """A server of articles, and a folder to crawl from."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pages: dict[str, str] = {}
        self.meanwhile: list[Callable[[], object]] = []
        """What happens before the first page is served, which is when the spider is open."""
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Pages, self.pages, self.meanwhile))
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def publish(self, articles: dict[str, str], *, on_one_page: bool = False) -> None:
        """Serve these articles, each on a page of its own or all on one.

        Args:
            articles: Texts by name; the name "" is that of an article without an id.
            on_one_page: In their order.
        """
        parts = {name: f"<article{f' id={name}' if name else ''}>{text}</article>" for name, text in articles.items()}
        self.pages.clear()
        if on_one_page:
            self.pages["/"], self.pages["/all"] = "<a href=/all></a>", "".join(parts.values())
        else:
            self.pages["/"] = "".join(f"<a href=/{name or 'nameless'}></a>" for name in parts)
            self.pages |= {f"/{name or 'nameless'}": part for name, part in parts.items()}

    def crawl(self, location: str | None, kind: str = "item", **settings: object) -> Crawl:
        """Crawl all pages in a process of its own."""
        given = {"ITEM_PIPELINES": '{"dedup.integrations.scrapy.DedupPipeline": 300}', "TELNETCONSOLE_ENABLED": 0}
        given |= {"DEDUP_INDEX": location} if location is not None else {}
        options = [part for name, value in (given | settings).items() for part in ("-s", f"{name}={value}")]
        (self.folder / "spider.py").write_text(SPIDER)
        items, stats = self.folder / "items.jsonl", self.folder / "stats.json"
        for path in (items, stats):
            path.unlink(missing_ok=True)
        site = f"http://127.0.0.1:{self.server.server_port}/"
        command = [sys.executable, "-m", "scrapy", "runspider", "spider.py", "-a", f"site={site}", "-a", f"kind={kind}"]
        done = subprocess.run(
            [*command, "-O", str(items), *options],
            cwd=self.folder,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        lines = items.read_text("utf-8").splitlines() if items.exists() else []
        counted = json.loads(stats.read_text()) if stats.exists() else {}
        return Crawl([json.loads(line) for line in lines], counted, done.stderr, done.returncode)

    def close(self) -> None:
        """Stop serving."""
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A site without articles yet."""
    made = Site(tmp_path)
    yield made
    made.close()


@pytest.fixture(params=["embedded", "redis"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where the index is to be."""
    if request.param == "redis":
        return str(request.getfixturevalue("redis_url"))
    return str(tmp_path / "articles.dedup")


@pytest.fixture(scope="module")
def articles(synthetic: ModuleType) -> dict[str, str]:
    """Two templates with five rewrites each, and four articles that are alone."""
    groups = {"a": synthetic.spun(5, seed=3), "b": synthetic.spun(5, seed=7)}
    spun = {f"{group}{n}": text for group, made in groups.items() for n, text in enumerate(made.texts)}
    alone = {f"c{n}": synthetic.spun(1, seed=10 + n).texts[0] for n in range(4)}
    return dict(sorted((spun | alone).items(), key=lambda one: one[0][::-1]))


ALONE = ["c0", "c1", "c2", "c3"]
LOWER = {"DEDUP_THRESHOLD": 0.1}
"""Articles of one template have similarities from 0.11 to 0.16: some are below the default."""


def counts(crawl: Crawl) -> dict[str, int]:
    """The pipeline's own statistics."""
    return {name.removeprefix("dedup/"): n for name, n in crawl.stats.items() if name.startswith("dedup/")}


def test_a_crawl_keeps_one_of_each_group(site: Site, location: str, articles: dict[str, str]) -> None:
    """Pages that are fetched at once, in whatever order: the rewrites of one that came before are dropped."""
    site.publish(articles)
    crawl = site.crawl(location, **LOWER)
    assert crawl.code == 0, crawl.log
    assert sorted(name[0] for name in crawl.names) == ["a", "b", "c", "c", "c", "c"]
    assert counts(crawl) == {"seen": 14, "new": 6, "duplicates": 8, "dropped": 8}
    assert crawl.stats["item_dropped_count"] == 8
    assert crawl.log.count("Dropped: a duplicate in cluster ") == 8
    assert "Deprecat" not in crawl.log
    with dedup.Index(location, create=False) as index:
        groups = [sorted(url.rpartition("/")[2] for url in cluster.ids.to_pylist()) for cluster in index.clusters()]
    assert sorted(groups) == [[f"{group}{n}" for n in range(5)] for group in "ab"]


def test_of_one_page_the_first_of_each_stays(site: Site, location: str, articles: dict[str, str]) -> None:
    """Items that are processed at once are added in their order."""
    site.publish(articles, on_one_page=True)
    assert site.crawl(location, **LOWER).names == ["a0", "b0", *ALONE]


def test_a_second_crawl_knows_the_first(site: Site, location: str, articles: dict[str, str]) -> None:
    """What came once comes again as an update of itself; a new rewrite of it is a duplicate, and is dropped."""
    site.publish({name: text for name, text in articles.items() if name != "a4"}, on_one_page=True)
    first = site.crawl(location, **LOWER)
    site.publish(articles, on_one_page=True)
    second = site.crawl(location)
    assert second.names == first.names
    assert counts(second) == {"seen": 14, "unchanged": 13, "duplicates": 8, "dropped": 8}
    with dedup.Index(location, create=False) as index:
        assert len(index) == 14


@pytest.mark.parametrize("kind", ["dict", "item", "dataclass", "attrs"])
def test_any_kind_of_item_is_tagged(site: Site, articles: dict[str, str], kind: str) -> None:
    """Nothing is dropped; every item says what it is like. Fields may be lists, as item loaders leave them."""
    site.publish(articles, on_one_page=True)
    crawl = site.crawl(str(site.folder / "articles.dedup"), kind, DEDUP_ACTION="tag", **LOWER)
    assert crawl.names == list(articles)
    assert counts(crawl) == {"seen": 14, "new": 6, "duplicates": 8}
    tags = dict(zip(crawl.names, (item["dedup"] for item in crawl.items), strict=True))
    assert sorted(name for name, tag in tags.items() if not tag["is_duplicate"]) == ["a0", "b0", *ALONE]
    assert {tag["cluster"] for name, tag in tags.items() if name[0] == "a"} == {tags["a0"]["cluster"]}
    assert all(tag["campaign"] == tag["cluster"] for tag in tags.values())  # nobody is named in these
    assert tags["c0"]["nearest"] == []
    assert tags["a1"]["nearest"][0]["id"].endswith("/a0")
    assert 0.1 <= tags["a1"]["nearest"][0]["similarity"] <= 1


def test_an_item_that_cannot_be_tagged_passes(site: Site, articles: dict[str, str]) -> None:
    """Where the field is not declared; this is counted, and said once."""
    site.publish(articles, on_one_page=True)
    crawl = site.crawl(str(site.folder / "articles.dedup"), "bare", DEDUP_ACTION="tag", **LOWER)
    assert crawl.names == list(articles)
    assert counts(crawl) == {"seen": 14, "new": 6, "duplicates": 8, "untagged": 14}
    assert crawl.log.count("cannot be tagged") == 1
    assert "Bare does not support field: dedup" in crawl.log


def test_an_item_without_text_or_id_passes(site: Site, articles: dict[str, str]) -> None:
    """However often; it is counted, and said once."""
    site.publish({"": articles["a0"], "a0": articles["a0"], "x": "", "y": " \n"}, on_one_page=True)
    crawl = site.crawl(str(site.folder / "articles.dedup"))
    assert sorted(str(item["url"])[-1] for item in crawl.items) == ["0", "e", "x", "y"]
    assert counts(crawl) == {"seen": 4, "new": 1, "without_text": 2, "without_id": 1}
    assert crawl.log.count("has no 'text'") == crawl.log.count("has no 'url'") == 1


def test_fields_have_other_names(site: Site, articles: dict[str, str]) -> None:
    """The text may stand in any field, and so may the id and the answer."""
    site.publish(articles, on_one_page=True)
    names = {"DEDUP_TEXT_FIELD": "url", "DEDUP_ID_FIELD": "text", "DEDUP_FIELD": "found", "DEDUP_ACTION": "tag"}
    crawl = site.crawl(str(site.folder / "articles.dedup"), "dict", **names)
    assert all(set(item) == {"url", "text", "found"} for item in crawl.items)
    with dedup.Index(str(site.folder / "articles.dedup"), create=False) as index:
        assert articles["c0"] in index


def test_a_new_index_has_the_settings_of_the_crawl(site: Site, articles: dict[str, str]) -> None:
    """Rewrites are no near copies, so that none is dropped; another crawl must not ask for something else."""
    location = str(site.folder / "articles.dedup")
    site.publish(articles, on_one_page=True)
    asked = {"DEDUP_NEAR_COPIES": 1, "DEDUP_THRESHOLD": 0.6, "DEDUP_SETTINGS": '{"seed": 7}', "DEDUP_STORE_TEXTS": 0}
    assert site.crawl(location, **asked).names == list(articles)
    with dedup.Index(location, create=False) as index:
        assert index.settings == dedup.Settings.near_copies(0.6, seed=7)
        assert not index.stats().store_texts
    assert counts(site.crawl(location)) == {"seen": 14, "unchanged": 14}
    other = site.crawl(location, DEDUP_THRESHOLD=0.5)
    assert (other.items, other.code) == ([], 1)
    assert "SettingsError" in other.log


def test_other_reactors_will_do(site: Site, articles: dict[str, str]) -> None:
    """Without asyncio the same comes out."""
    site.publish(articles, on_one_page=True)
    reactor = "twisted.internet.selectreactor.SelectReactor"
    crawl = site.crawl(str(site.folder / "articles.dedup"), TWISTED_REACTOR=reactor, **LOWER)
    assert crawl.names == ["a0", "b0", *ALONE], crawl.log


def test_without_an_index_the_pipeline_is_disabled(site: Site, articles: dict[str, str]) -> None:
    """As Scrapy has it of what is not configured, with a warning; everything passes."""
    site.publish(articles, on_one_page=True)
    crawl = site.crawl(None)
    assert crawl.names == list(articles)
    assert "Disabled dedup.integrations.scrapy.DedupPipeline: DEDUP_INDEX is not set" in crawl.log


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"DEDUP_ACTION": "dorp"}, "DEDUP_ACTION must be 'drop' or 'tag', got 'dorp'"),
        ({"DEDUP_UNCHANGED": "keep"}, "DEDUP_UNCHANGED must be 'pass' or 'drop', got 'keep'"),
        ({"DEDUP_CANONICAL_URL": "perhaps"}, "DEDUP_CANONICAL_URL cannot be read"),
        ({"DEDUP_THRESHOLD": "80"}, "for 80 % write 0.8"),
        ({"DEDUP_THRESHOLD": "much"}, "DEDUP_THRESHOLD cannot be read"),
        ({"DEDUP_NEAR_COPIES": "perhaps"}, "DEDUP_NEAR_COPIES cannot be read"),
        ({"DEDUP_TIMEOUT": "long"}, "DEDUP_TIMEOUT cannot be read"),
        ({"DEDUP_SETTINGS": "threshold"}, "DEDUP_SETTINGS cannot be read"),
        ({"DEDUP_SETTINGS": {"treshold": 0.5}}, "DEDUP_SETTINGS has no 'treshold'; there are threshold, width"),
    ],
)
def test_a_wrong_setting_is_an_error(settings: dict[str, object], words: str) -> None:
    """The message says what was given and what is allowed."""
    from scrapy.settings import BaseSettings

    from dedup.integrations.scrapy import Options

    with pytest.raises(dedup.SettingsError, match=words):
        Options.of(BaseSettings({"DEDUP_INDEX": "articles.dedup", **settings}))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("古树茶饼", "古树茶饼"),
        (["一", "", None, "二"], "一\n二"),
        (7, "7"),
        (None, ""),
        ([], ""),
        ({"text": "一"}, ""),
        (b"bytes", ""),
    ],
)
def test_a_field_is_read_as_a_string(value: object, text: str) -> None:
    """Item loaders leave lists; what is no text is none, not its spelling in Python."""
    from dedup.integrations.scrapy import _text

    assert _text(value) == text


def test_an_index_that_cannot_be_opened_stops_the_crawl(site: Site, articles: dict[str, str]) -> None:
    """Before a page is fetched, and the exit code says so."""
    site.publish(articles, on_one_page=True)
    (site.folder / "file.txt").write_text("no index")
    crawl = site.crawl(str(site.folder / "file.txt"))
    assert (crawl.items, crawl.code) == ([], 1)
    assert "FileError" in crawl.log


def test_no_item_is_lost_when_the_index_fails(site: Site, articles: dict[str, str]) -> None:
    """The database is damaged while the crawl goes on: everything passes, is counted, and every failure is logged."""
    location = site.folder / "articles.dedup"

    def damage() -> None:
        with closing(sqlite3.connect(location / "index.sqlite")) as database:
            database.execute("DROP TABLE articles")

    site.publish(articles, on_one_page=True)
    site.meanwhile.append(damage)
    crawl = site.crawl(str(location))
    assert crawl.names == list(articles)
    assert counts(crawl) == {"seen": 14, "errors": 14}
    assert crawl.stats["reason"] == "finished"
    assert crawl.log.count("which passes untouched") == 14


def test_no_item_is_lost_when_redis_goes_away(
    site: Site, articles: dict[str, str], redis_server: Any, redis_url: str
) -> None:
    """The same of the shared store."""
    site.publish({name: articles[name] for name in ("a0", "a1")}, on_one_page=True)
    site.meanwhile.append(redis_server.stop)
    crawl = site.crawl(redis_url, DEDUP_TIMEOUT=0.5)
    assert crawl.names == ["a0", "a1"]
    assert counts(crawl) == {"seen": 2, "errors": 2}


# --- the URL of a page ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("clean_first", [True, False])
def test_of_two_ways_to_a_page_the_clean_one_stays(
    site: Site, location: str, articles: dict[str, str], *, clean_first: bool
) -> None:
    """Whichever comes first; in a second crawl all of them are the pages of the first."""
    tagged = {f"{name}?utm_source=mail&id=1": text for name, text in articles.items()}
    clean = {f"{name}?id=1": text for name, text in articles.items()}
    site.publish(clean | tagged if clean_first else tagged | clean, on_one_page=True)
    crawl = site.crawl(location, DEDUP_CANONICAL_URL=True, **LOWER)
    assert crawl.names == [f"{name}?id=1" for name in ("a0", "b0", *ALONE)]
    assert counts(crawl) == {
        "seen": 28, "new": 6, "unchanged": 14, "duplicates": 16, "dropped": 22, "same_page": 14,
    }  # fmt: skip
    second = site.crawl(location, DEDUP_CANONICAL_URL=True)
    assert second.names == crawl.names
    assert counts(second) == {"seen": 28, "unchanged": 28, "duplicates": 16, "dropped": 22, "same_page": 14}
    with dedup.Index(location, create=False) as index:
        assert len(index) == 14


def test_unchanged_pages_may_be_dropped(site: Site, articles: dict[str, str]) -> None:
    """Of a second crawl only what is new or has changed stays."""
    location = str(site.folder / "articles.dedup")
    some = {name: articles[name] for name in ("c0", "c1", "c2")}
    site.publish(some, on_one_page=True)
    assert site.crawl(location, DEDUP_UNCHANGED="drop").names == ["c0", "c1", "c2"]
    site.publish(some | {"c1": articles["c3"], "a0": articles["a0"]}, on_one_page=True)
    second = site.crawl(location, DEDUP_UNCHANGED="drop")
    assert second.names == ["c1", "a0"]
    assert counts(second) == {"seen": 4, "new": 1, "replaced": 1, "unchanged": 2, "dropped": 2}


@pytest.mark.parametrize(("asked", "warnings"), [({}, 0), ({"DEFAULT_DROPITEM_LOG_LEVEL": "WARNING"}, 8)])
def test_a_duplicate_is_no_warning(site: Site, articles: dict[str, str], asked: dict[str, str], warnings: int) -> None:
    """What is dropped is told as information, unless the crawl says how it is to be told."""
    site.publish(articles, on_one_page=True)
    crawl = site.crawl(str(site.folder / "articles.dedup"), **LOWER, **asked)
    assert counts(crawl)["dropped"] == 8
    told = [line for line in crawl.log.splitlines() if "Dropped: " in line]
    assert (len(told), sum("WARNING" in line for line in told)) == (8, warnings)


def test_dropped_articles_need_not_be_stored(site: Site, location: str, articles: dict[str, str]) -> None:
    """The index holds what was kept; a page that is in it is updated all the same."""
    site.publish(articles, on_one_page=True)
    crawl = site.crawl(location, DEDUP_STORE_DROPPED=False, **LOWER)
    assert crawl.names == ["a0", "b0", *ALONE]
    assert counts(crawl) == {"seen": 14, "new": 6, "duplicates": 8, "dropped": 8}
    site.publish({"c0": articles["c1"] + "。", "c2": articles["c2"]}, on_one_page=True)
    assert counts(site.crawl(location, DEDUP_STORE_DROPPED=False))["unchanged"] == 1
    with dedup.Index(location, create=False) as index:
        assert len(index) == 6 and index.check().ok


@pytest.mark.parametrize(
    ("url", "declared", "clean"),
    [
        ("https://a.example/p?utm_source=x&id=7&utm_medium=y#top", "", "https://a.example/p?id=7"),
        ("https://a.example/p?b=2&a=1&a=1&c=", "", "https://a.example/p?b=2&a=1&a=1&c="),
        ("https://a.example/p?FBCLID=1", "", "https://a.example/p"),
        ("https://例子.example/文章?題目=茶&spm=1.2", "", "https://例子.example/文章?題目=茶"),
        ("https://a.example/%E8%8C%B6?q=%E8%8C%B6&gclid=1", "", "https://a.example/%E8%8C%B6?q=%E8%8C%B6"),
        ("https://m.a.example/p?id=7", " https://a.example/p?utm_id=1 ", "https://a.example/p"),
        ("https://a.example/x/p", "../q", "https://a.example/q"),
        ("https://a.example/p?id=7", "https://a.example/", "https://a.example/p?id=7"),
        ("https://a.example/?utm_source=x", "/", "https://a.example/"),
        ("https://a.example/p", "javascript:void(0)", "https://a.example/p"),
        ("http://[", "", "http://["),
        ("文章 7?utm_source=x", "https://a.example/q", "文章 7?utm_source=x"),
    ],
)
def test_the_url_of_a_page(url: str, declared: str, clean: str) -> None:
    """Without what tells only how a visitor came; with what the page says, unless that cannot be meant."""
    from dedup.integrations.page_urls import page_url

    assert page_url(url, declared) == clean
    assert page_url(clean) == clean
