"""A Scrapy item pipeline that drops or tags copies and rewrites of crawled articles; needs the extra `scrapy`.

In: items of any kind that Scrapy knows (dictionaries, `scrapy.Item`, dataclasses, attrs), and settings. Out: the same
items, tagged or without the duplicates, and counts in Scrapy's statistics. Costs a thread switch and an `Index.add`
for each item, together about a millisecond. It opens no page and changes only its own field. Settings of the crawl::

    ITEM_PIPELINES = {"dedup.integrations.scrapy.DedupPipeline": 300}
    DEDUP_INDEX = "articles.dedup"        # or redis://host:6379/0; without it the pipeline is disabled
    DEDUP_ACTION = "drop"                 # or "tag"
    DEDUP_FIELD = "dedup"                 # what "tag" sets: {"is_duplicate": ..., "cluster": ..., "campaign": ...,
                                          # "nearest": [...], "replaced": ..., "kind": ..., "duplicate_of": ...}
    DEDUP_UNCHANGED = "pass"              # or "drop": pages that are in the index with this text already
    DEDUP_STORE_DROPPED = True            # False: a duplicate that is dropped is not added either
    DEDUP_TEXT_FIELD, DEDUP_ID_FIELD = "text", "url"
    DEDUP_CANONICAL_URL = False           # True: the id is the URL without trackers and fragment
    DEDUP_CANONICAL_FIELD = ""            # the field with what <link rel=canonical> or og:url says, if there is one
    DEDUP_NEAR_COPIES = False             # these three are for a new index; an existing one keeps its settings,
    DEDUP_THRESHOLD = 0.12                # and refuses others
    DEDUP_SETTINGS = {"unit": "word"}     # any field of dedup.Settings
    DEDUP_STORE_TEXTS = True
    DEDUP_TIMEOUT = 30                    # seconds that an article waits for another writer, or for Redis
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self, TypeVar, get_args

from dedup.errors import DedupError, MissingExtraError, SettingsError
from dedup.index import Index, Seen
from dedup.index.awaited import InOrder
from dedup.settings import Settings

try:
    from itemadapter import ItemAdapter
    from scrapy.exceptions import DropItem, NotConfigured
    from scrapy.settings import SETTINGS_PRIORITIES
    from scrapy.utils.asyncio import is_asyncio_available

    from dedup.integrations.page_urls import page_url
except ImportError as error:
    raise MissingExtraError("scrapy>=2.14", "scrapy", "dedup.integrations.scrapy") from error

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.settings import BaseSettings

Action = Literal["drop", "tag"]
Unchanged = Literal["pass", "drop"]
Answer = TypeVar("Answer")
logger = logging.getLogger(__name__)


class Article(NamedTuple):
    """The id and text of an item, for the index.

    Example:
        >>> Article("https://example.com/7", "古樹茶餅按月到家")
        Article(id='https://example.com/7', text='古樹茶餅按月到家')
    """

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Options:
    """What the crawl's settings say, checked.

    Args:
        index: Folder or redis:// URL.
        action: What becomes of a duplicate.
        field: The field that is set when an item is tagged.
        text_field: The field that holds the text.
        id_field: The field that holds the id.
        settings: For a new index; None uses the defaults, or those of the existing index.
        store_texts: For a new index; None as for `settings`.
        timeout: Seconds to wait for another writer; None leaves the index's default.
        unchanged: What becomes of an article that is in the index with this text already.
        store_dropped: Add duplicates that are dropped, too.
        canonical_url: The id is a URL, and is cleaned.
        canonical_field: The field with the URL that a page says is its own; "" for none.

    Example:
        >>> from scrapy.settings import Settings
        >>> options = Options.of(Settings({"DEDUP_INDEX": "crawl.index", "DEDUP_NEAR_COPIES": "true"}))
        >>> options.action, options.settings.threshold
        ('drop', 0.7)
        >>> with options.open() as index:
        ...     len(index)
        0
    """

    index: str
    action: Action
    field: str
    text_field: str
    id_field: str
    settings: Settings | None
    store_texts: bool | None
    timeout: float | None
    unchanged: Unchanged
    store_dropped: bool
    canonical_url: bool
    canonical_field: str

    @classmethod
    def of(cls, settings: BaseSettings) -> Self:
        """The options of a crawl.

        Args:
            settings: Of the crawler.

        Raises:
            NotConfigured: There is no DEDUP_INDEX.
            SettingsError: A value is not allowed.
        """
        if not settings.get("DEDUP_INDEX"):
            raise NotConfigured("DEDUP_INDEX is not set; give it a folder or a redis:// URL to keep the index in")
        store_dropped = _read(settings, settings.getbool, "DEDUP_STORE_DROPPED")
        field = settings.get("DEDUP_CANONICAL_FIELD") or ""
        return cls(
            index=str(settings["DEDUP_INDEX"]),
            action=_one_of(settings, "DEDUP_ACTION", get_args(Action)),
            field=settings.get("DEDUP_FIELD", "dedup"),
            text_field=settings.get("DEDUP_TEXT_FIELD", "text"),
            id_field=settings.get("DEDUP_ID_FIELD", "url"),
            settings=_settings(settings),
            store_texts=_read(settings, settings.getbool, "DEDUP_STORE_TEXTS"),
            timeout=_read(settings, settings.getfloat, "DEDUP_TIMEOUT"),
            unchanged=_one_of(settings, "DEDUP_UNCHANGED", get_args(Unchanged)),
            store_dropped=store_dropped is not False,
            canonical_url=bool(_read(settings, settings.getbool, "DEDUP_CANONICAL_URL")) or bool(field),
            canonical_field=field,
        )

    def open(self) -> Index:
        """Open the index, or make it if it does not exist.

        Raises:
            DedupError: It cannot be opened, or has other settings.
        """
        waiting: dict[str, Any] = {} if self.timeout is None else {"timeout": self.timeout}
        return Index(self.index, self.settings, store_texts=self.store_texts, create=True, **waiting)


def _one_of(given: BaseSettings, name: str, allowed: tuple[Any, ...]) -> Any:
    """A setting that is one of two words, by default the first."""
    chosen = given.get(name, allowed[0])
    if chosen not in allowed:
        raise SettingsError(f"{name} must be {' or '.join(map(repr, allowed))}, got {chosen!r}")
    return chosen


def _settings(given: BaseSettings) -> Settings | None:
    """The settings for a new index; None if none are given."""
    near_copies = _read(given, given.getbool, "DEDUP_NEAR_COPIES")
    changes = _read(given, given.getdict, "DEDUP_SETTINGS") or {}
    threshold = _read(given, given.getfloat, "DEDUP_THRESHOLD")
    if threshold is not None:
        changes["threshold"] = threshold
    unknown = changes.keys() - {field.name for field in fields(Settings)}
    if unknown:
        allowed = ", ".join(field.name for field in fields(Settings))
        raise SettingsError(f"DEDUP_SETTINGS has no {', '.join(map(repr, sorted(unknown)))}; there are {allowed}")
    if near_copies:
        return Settings.near_copies(**changes)
    return Settings(**changes) if changes else None


def _read(given: BaseSettings, get: Callable[[str], Answer], name: str) -> Answer | None:
    """A setting, which is a string if given on the command line; None if it is not given."""
    if given.get(name) is None:
        return None
    try:
        return get(name)
    except (ValueError, TypeError) as error:
        raise SettingsError(f"{name} cannot be read: {error}") from error


class DedupPipeline:
    """Adds every article to an index, and drops or tags copies and rewrites of earlier ones.

    A dropped article is in the index as well, unless `DEDUP_STORE_DROPPED` is off: the next rewrite may be more similar
    to that one. An article whose id is
    there already is a newer version, and replaces the old one. A second crawl keeps what the first one kept: the first
    article of a cluster is no duplicate of those that came after it. The counts are `dedup/seen`, `dedup/new`,
    `dedup/unchanged`, `dedup/replaced`, `dedup/duplicates`, `dedup/dropped`, `dedup/same_page`, `dedup/without_text`,
    `dedup/without_id`, `dedup/untagged` and `dedup/errors`. An article counts as new, unchanged or replaced, if it is
    not a duplicate that is here for the first time; among the duplicates are unchanged ones.

    With `DEDUP_CANONICAL_URL` a page has one id by whatever URL it was reached: the id field of an item is set to the
    URL without trackers and fragment, so that the clean one stays, whichever comes first. Another item of the same page
    in the same crawl is dropped, or tagged as unchanged, and counted in `dedup/same_page`; that takes the memory of all
    ids of a crawl. Begin a new index with it: one that holds other URLs of the same pages takes the clean ones for
    copies.

    Only duplicates are dropped; each is a line of level INFO, or of that which `DEFAULT_DROPITEM_LOG_LEVEL` asks for,
    since Scrapy's own is WARNING. An item without text or id passes untouched. So does an item for which the index
    fails, for example because of a full disk, a Redis server that does not answer, or another writer that holds the
    index too long: this is logged as an error and counted in `dedup/errors`, and the crawl goes on, since a page that
    is kept twice costs less than one that is lost. An index that cannot be opened, or has other settings, stops the
    crawl before it begins.

    The reactor never waits: one thread does all work on the index. An add usually takes about a millisecond, but the
    first may compile, and Redis or another writer's lock may take seconds, in which no page would be fetched. With one
    thread, articles are added in the order in which they come, and of two similar ones the first one stays.

    Args:
        crawler: Whose settings and statistics are used.

    Raises:
        NotConfigured: There is no DEDUP_INDEX, so Scrapy disables the pipeline and says so.
        SettingsError: A setting is not allowed.

    Example:
        >>> import asyncio
        >>> from scrapy.utils.test import get_crawler  # in a crawl Scrapy makes it
        >>> settings = {"DEDUP_INDEX": "crawl.index", "DEDUP_ACTION": "tag"}
        >>> pipeline = DedupPipeline.from_crawler(get_crawler(settings_dict=settings))
        >>> async def crawl(items):
        ...     await pipeline.open_spider()
        ...     for item in items:
        ...         print(item["url"], (await pipeline.process_item(item))["dedup"]["kind"])
        ...     await pipeline.close_spider()
        >>> asyncio.run(crawl([{"url": one["id"], "text": one["text"]} for one in articles[:2]]))
        bridge-copy new
        bridge-original duplicate
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.options = Options.of(crawler.settings)
        self._worker = InOrder()
        self._index: Index | None = None
        self._crawled: set[str] = set()
        self._told: set[str] = set()
        asked = crawler.settings.getpriority("DEFAULT_DROPITEM_LOG_LEVEL") or 0
        self._log_level = None if asked > SETTINGS_PRIORITIES["default"] else "INFO"

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The pipeline of a crawl.

        Args:
            crawler: Given by Scrapy.
        """
        return cls(crawler)

    async def open_spider(self) -> None:
        """Open the index, or make it.

        Raises:
            DedupError: It cannot be opened, or has other settings than those asked for.
        """
        self._index = await self._ask(self.options.open)

    async def close_spider(self) -> None:
        """Close the index after all articles are added."""
        if self._index is not None:
            await self._ask(self._index.close)
        self._worker.close()

    async def process_item(self, item: Any) -> Any:
        """Add an article.

        Args:
            item: Of any kind that Scrapy knows.

        Returns:
            The same item, tagged where that is asked for.

        Raises:
            DropItem: It is a duplicate, and duplicates are dropped.
        """
        self._count("seen")
        adapter = ItemAdapter(item)
        article = self._article(adapter)
        seen = await self._add(article) if article else None
        if article is None or seen is None:
            return item
        again = self._came_before(article.id, seen)
        if self.options.action == "tag":
            self._tag(adapter, seen)
        elif seen.is_duplicate or again:
            self._drop(_reason(seen) if seen.is_duplicate else f"{article.id} was crawled before")
        if seen.unchanged and self.options.unchanged == "drop":
            self._drop(f"{article.id} has not changed")
        return item

    def _drop(self, reason: str) -> None:
        self._count("dropped")
        raise DropItem(reason, self._log_level)

    def _came_before(self, id_: str, seen: Seen) -> bool:
        """Whether this page, with this text, came in this crawl already, by another URL or the same."""
        if not self.options.canonical_url:
            return False
        again = id_ in self._crawled and seen.unchanged
        self._crawled.add(id_)
        if again:
            self._count("same_page")
        return again

    def _article(self, adapter: ItemAdapter) -> Article | None:
        """The article of an item; None if it has no text or no id, which is counted, and logged once."""
        found = Article(_text(adapter.get(self.options.id_field)), _text(adapter.get(self.options.text_field)))
        for lacks, field, value in (
            ("without_text", self.options.text_field, found.text),
            ("without_id", self.options.id_field, found.id),
        ):
            if not value.strip():
                self._count(lacks)
                self._tell_once(
                    lacks, f"an item has no {field!r} and passes untouched; see DEDUP_TEXT_FIELD, DEDUP_ID_FIELD"
                )
                return None
        return self._cleaned(adapter, found) if self.options.canonical_url else found

    def _cleaned(self, adapter: ItemAdapter, found: Article) -> Article:
        """An article by the URL of its page, which the item gets, too."""
        declared = _text(adapter.get(self.options.canonical_field)) if self.options.canonical_field else ""
        url = page_url(found.id.strip(), declared.partition("\n")[0])
        if url != found.id:
            self._set(adapter, self.options.id_field, url)
        return found._replace(id=url)

    async def _add(self, article: Article) -> Seen | None:
        """Add to the index; None if that fails, which is counted and logged."""
        assert self._index is not None
        try:
            keeping = self.options.store_dropped or self.options.action == "tag"
            seen = await self._ask(self._index.add if keeping else self._index.add_unless_duplicate, *article)
        except DedupError as error:
            self._log(logging.ERROR, f"the index failed for {article.id!r}, which passes untouched: {error}")
        except Exception:  # whatever fails in the index, the article must not be lost
            logger.exception("the index failed for %r, which passes untouched", article.id)
        else:
            if seen.is_duplicate:
                self._count("duplicates")
            if seen.kind != "duplicate":
                self._count("replaced" if seen.replaced else seen.kind)
            return seen
        self._count("errors")
        return None

    def _tag(self, adapter: ItemAdapter, seen: Seen) -> None:
        """Set the field that says what was seen."""
        told = {
            "is_duplicate": seen.is_duplicate,
            "cluster": seen.cluster,
            "campaign": seen.campaign,
            "nearest": [near._asdict() for near in seen.nearest],
            "replaced": seen.replaced,
            "kind": seen.kind,
            "duplicate_of": seen.duplicate_of,
        }
        self._set(adapter, self.options.field, told)

    def _set(self, adapter: ItemAdapter, field: str, value: object) -> None:
        """Set a field; an item that does not take it is counted, and logged once."""
        try:
            adapter[field] = value
        except (KeyError, AttributeError) as error:  # a field that is not declared; an item that is frozen
            self._count("untagged")
            self._tell_once("untagged", f"an item cannot be tagged and passes without: {error}; see DEDUP_FIELD")

    async def _ask(self, work: Callable[..., Answer], *arguments: Any) -> Answer:
        """Run this on the thread, one call after the other, and wait without blocking."""
        future = self._worker.submit(work, *arguments)
        return await (asyncio.wrap_future(future) if is_asyncio_available() else _deferred(future))

    def _count(self, name: str) -> None:
        self.crawler.stats.inc_value(f"dedup/{name}")

    def _tell_once(self, name: str, message: str) -> None:
        """Log a warning the first time; how often it happens is in the statistics."""
        if name not in self._told:
            self._told.add(name)
            self._log(logging.WARNING, f"{message}; more are only counted, as dedup/{name}")

    def _log(self, level: int, message: str) -> None:
        logger.log(level, message, extra={"spider": self.crawler.spider})


def _text(value: object) -> str:
    """A field as a string; item loaders leave lists of strings. "" for any other value."""
    if isinstance(value, list | tuple):
        return "\n".join(filter(None, map(_text, value)))
    return str(value) if isinstance(value, str | int) else ""


def _reason(seen: Seen) -> str:
    """Why an item is dropped."""
    nearest = "".join(f", {near.similarity:.2f} like {near.id}" for near in seen.nearest[:1])
    return f"a duplicate in cluster {seen.cluster}{nearest}"


def _deferred(future: Future[Answer]) -> Any:
    """A Deferred for Twisted, under a reactor that is not asyncio's."""
    from twisted.internet import reactor  # noqa: PLC0415 - importing it decides which reactor there is
    from twisted.internet.defer import Deferred  # noqa: PLC0415 - only here

    deferred: Deferred[Answer] = Deferred()

    def settle(done: Future[Answer]) -> None:
        error = done.exception()
        if error is None:
            deferred.callback(done.result())
        else:
            deferred.errback(error)

    future.add_done_callback(lambda done: reactor.callFromThread(settle, done))
    return deferred
