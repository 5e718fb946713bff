"""Every link of a built site leads somewhere, in the folder itself: `python tools/site_links.py SITE`.

In: a folder of HTML. Out: how many links there are, and each that leads to no file, or to a place that its page does
not have; then the exit code is 1. Links to other hosts are left to Sphinx's own check.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

LEADING = {"href", "src", "srcset", "poster"}


class Page(HTMLParser):
    """The places of a page, and what it leads to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.places: set[str] = set()
        self.links: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Of each element its id and its links."""
        for name, value in attrs:
            if name == "id" or (name, tag) == ("name", "a"):
                self.places.add(value or "")
            elif name in LEADING:
                self.links.add(value or "")


class Lost(NamedTuple):
    """A link that leads nowhere."""

    page: Path
    link: str


def lost(site: Path, pages: dict[Path, Page]) -> Iterator[Lost]:
    """Links without a file or a place."""
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            place = unquote(parts.fragment)
            there = target.is_file() and target.is_relative_to(site)
            if not there or (place and target in pages and place not in pages[target].places):
                yield Lost(path.relative_to(site), link)


def main(folder: str) -> int:
    """Print what is lost."""
    site = Path(folder).resolve()
    pages = {path: Page(path.read_text("utf-8")) for path in site.rglob("*.html")}
    if not pages:
        print(f"{site} has no page: give the folder of a built site")
        return 1
    found = sorted(lost(site, pages))
    for one in found:
        print(f"{one.page}: {one.link!r} leads nowhere")
    print(f"{sum(len(page.links) for page in pages.values()):,} links of {len(pages)} pages, {len(found)} lead nowhere")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
