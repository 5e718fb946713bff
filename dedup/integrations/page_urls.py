"""The address of a page without what only tells how a visitor came to it.

In: the URL of a page, and what the page itself says its address is. Out: the URL that all ways to the page share. The
fragment and the parameters of trackers are taken out; all else, and its order, stays, because it may lead elsewhere.
w3lib, which comes with Scrapy, does the work.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urljoin, urlsplit

from dedup.errors import MissingExtraError

try:
    from w3lib.url import url_query_cleaner
except ImportError as error:
    raise MissingExtraError("scrapy>=2.14", "scrapy", "dedup.integrations.page_urls") from error

TRACKERS = re.compile(
    r"utm_\w+|ga_\w+|hsa_\w+|mtm_\w+|pk_\w+|at_(?:medium|campaign)|[gdm]clid|gclsrc|[gw]braid|msclkid|fbclid|yclid|ysclid|"
    r"twclid|ttclid|igsh(?:id)?|li_fat_id|mc_[ce]id|_hsenc|_hsmi|mkt_tok|vero_id|_openstat|wt_z?mc|s_cid|spm|scm",
    re.IGNORECASE,
)
"""Parameters of advertisers, mailers and social networks. No name that means something else elsewhere."""
WEB = ("http", "https")


def page_url(url: str, declared: str = "") -> str:
    """The URL of a page, cleaned.

    Args:
        url: Where it was fetched. What is no address of the web stays as it is.
        declared: What `<link rel=canonical>` or `og:url` says, relative or not; "" for nothing. It is not followed if
            it is no address of the web, or if it is a front page and the page is not: many sites say that of all pages.

    Example:
        >>> page_url("https://example.com/a?id=7&utm_source=mail#top")
        'https://example.com/a?id=7'
        >>> page_url("https://example.com/a?id=7", declared="/articles/7")
        'https://example.com/articles/7'
    """
    try:
        return _cleaned(url, declared.strip()) if urlsplit(url).scheme in WEB else url
    except ValueError:  # an address that cannot be read, such as http://[
        return url


def _cleaned(url: str, declared: str) -> str:
    target = urljoin(url, declared) if declared else url
    if urlsplit(target).scheme not in WEB or (_is_front(target) and not _is_front(url)):
        target = url
    names = [name for name, _ in parse_qsl(urlsplit(target).query, keep_blank_values=True)]
    return url_query_cleaner(target, [name for name in names if TRACKERS.fullmatch(name)], remove=True, unique=False)


def _is_front(url: str) -> bool:
    parts = urlsplit(url)
    return parts.path in {"", "/"} and not parts.query
