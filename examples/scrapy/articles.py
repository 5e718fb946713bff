"""A spider that keeps what its index does not know: scrapy runspider articles.py -a start=URL -O new.jsonl."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import scrapy
import trafilatura
from scrapy.http import Response
from scrapy.linkextractors import LinkExtractor


class Articles(scrapy.Spider):
    """Follows all links of a site, and gives the article of each page."""

    name = "articles"
    custom_settings: ClassVar[dict[str, Any]] = {  # in a project these stand in settings.py
        "ITEM_PIPELINES": {"dedup.integrations.scrapy.DedupPipeline": 300},
        "DEDUP_INDEX": "articles.dedup",  # a folder, or redis://host:6379/0
        "DEDUP_UNCHANGED": "drop",  # pages that an earlier crawl has seen with this text
        "DEDUP_CANONICAL_URL": True,  # a page is one page, whatever tracking parameters led to it
        "DEFAULT_DROPITEM_LOG_LEVEL": "DEBUG",  # Scrapy would warn of each duplicate, with its whole text
        "ROBOTSTXT_OBEY": True,
        "LOG_LEVEL": "INFO",
    }
    links = LinkExtractor()

    async def start(self) -> Any:
        """Begin with the address of `-a start=`, and stay on its host."""
        yield scrapy.Request(self.start_url)

    def __init__(self, start: str, **options: Any) -> None:
        super().__init__(**options)
        self.start_url = start

    def parse(self, response: Response) -> Iterator[Any]:
        """The article of a page, if it has one, and the pages that it links to."""
        text = trafilatura.extract(response.text, include_links=True, include_images=True)
        if text and response.url != self.start_url:
            yield {"url": response.url, "text": text}
        for link in self.links.extract_links(response):
            if link.url.startswith(self.start_url):
                yield response.follow(link)
