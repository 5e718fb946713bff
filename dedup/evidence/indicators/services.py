"""Which indicators are public: those of services that everybody uses, which lead to nobody.

In: a kind and a value of `dedup.evidence.indicators`. Out: whether it can never link two articles by itself. What it
knows: the sites, hosts, shorteners and services of MISP's warning lists (22,000 hosts in `dedup/data/services.txt.gz`,
which `tools/build_services.py` makes), the public suffix list with the hosting services in it, and a few of its own
below. Costs 10 ms to read the list, then a microsecond or two. Does not say that all others lead to somebody: how rare
an indicator is must be measured in a corpus.
"""

from __future__ import annotations

import gzip
import re
from functools import cache
from importlib.resources import files

from dedup.evidence.indicators.addresses import domain_of, parts_of, suffixes
from dedup.evidence.indicators.numbers import invited

_OWN = frozenset({
    "avatars.githubusercontent.com", "ax1x.com", "b23.tv", "badgen.net", "bootcdn.net",
    "camo.githubusercontent.com", "cdn77.net", "clouddn.com", "codecov.io", "coding.net", "contrib.rocks",
    "coveralls.io", "crates.io", "elemecdn.com", "freeimage.host", "fury.io", "gitcode.com", "gitcode.net",
    "gitter.im", "imgse.com", "juejin.im", "lihi.cc", "loli.net", "pepy.tech", "piimg.com", "placeholder.com",
    "qiniu.com", "shields.io", "signal.group", "signal.me", "smms.app", "star-history.com", "starchart.cc",
    "staticfile.org", "suo.im", "trendshift.io", "upyun.com", "user-images.githubusercontent.com", "xhslink.com",
    "xitu.io",
})  # fmt: skip
"""Not in MISP's lists: services for repositories, hosts of images, scripts and code, short addresses of messengers."""
_EXAMPLES = frozenset({"example.com", "example.net", "example.org"})
"""Reserved for manuals by RFC 2606."""
_BADGE = re.compile(r"badge|/shields?\b|/favicon\.ico$|/workflows/.*\.svg$", re.IGNORECASE)
_BADGES = frozenset({
    "badgen.net", "contrib.rocks", "coveralls.io", "fury.io", "gitter.im", "pepy.tech", "shields.io",
    "star-history.com", "starchart.cc", "travis-ci.com", "travis-ci.org", "trendshift.io",
})  # fmt: skip
"""Domains that draw pictures of repositories."""
_PAGES = re.compile(
    r"/(?:[a-z]{2}(?:[-_][a-z]{2,4})?/)?(?:"
    r"(?:about|docs?|documentation|help|intent|legal|licen[cs]es?|search|support|translate|translator)(?:[/?#].*)?|"
    r"(?:contact|downloads?|explore|features|home|login|pricing|privacy|settings|signin|signup|terms)/?(?:[?#].*)?|"
    r"(?:share|share/url|sharer|sharer/sharer\.php)/?\?(?:.*&)?(?:u|url|text|title)=.*)",
    re.IGNORECASE | re.DOTALL,
)
"""What follows the host where a service itself is meant: nothing, or pages that every service has, in any language."""
_MANUALS = re.compile(r"(?:api|dev|developers?|docs?|documentation|help|learn|man|manual|support)\..+\..+")
_WRITTEN = frozenset({
    "docs.google.com", "docs.qq.com", "feishu.cn", "kdocs.cn", "larksuite.com", "mubu.com", "notion.so", "shimo.im",
    "yuque.com",
})  # fmt: skip
"""Services whose documents are written by whoever has an account."""
_ROLES = re.compile(
    "abuse|admin|contact|feedback|hello|help|hr|info|jobs|legal|mail|no-?reply|noreply.*|postmaster|press|privacy|sales|"
    "security|service|support|team|webmaster"
)
_PLACEHOLDERS = frozenset({
    "account", "admin", "all", "anyone", "channel", "email", "everyone", "example", "foo", "handle", "here", "id",
    "me", "name", "nobody", "somebody", "someone", "test", "user", "user_name", "username", "you", "your_name",
    "your_username", "yourname",
})  # fmt: skip
"""Placeholders of names."""
_NAMED = frozenset({"discord", "handle", "invite", "line", "telegram", "wechat", "wechat_official", "xiaohongshu"})


def public(kind: str, value: str) -> bool:
    """Whether an indicator is public, so that two articles that hold it need not have anything in common.

    * A **domain** of a public service: popular sites, hosts of pages, images, code and scripts, shorteners, social
      networks, search engines, mail providers; and a public suffix. `somebody.github.io` is somebody's.
    * A **link** to such a service itself: its root, a search, a share button, its manual, its licence. With a path of
      its own (`https://t.me/yunlu_tea`, `https://bit.ly/3abc`), or with a referral code, it is an address like others.
    * An **image** that a service draws for all: badges of repositories, charts of stars. One that somebody put on a
      public host is somebody's.
    * A **mail** address of an office of such a service (`support@`), not one that anybody can have there.
    * A **name** or **code** of a service (`@youtube`, `ref=producthunt`), or a placeholder (`@username`).
    * All of `example.com`, `example.net` and `example.org`.

    Args:
        kind: One of `dedup.evidence.indicators.KINDS`.
        value: The value of an `Indicator`, or the key or the form of a `FoundIndicator`.

    Returns:
        False for wallets, numbers and all that is not known.

    Example:
        >>> public("domain", "t.me"), public("link", "https://t.me/"), public("link", "https://t.me/yunlu_tea")
        (True, True, False)
    """
    if kind == "domain":
        return _is_service(value)
    if kind in ("link", "image"):
        return _is_public_address(kind, value)
    if kind == "mail":
        name, _, host = value.lower().rpartition("@")
        domain = domain_of(host) or host
        return domain in _EXAMPLES or (_is_service(domain) and _ROLES.fullmatch(name) is not None)
    if kind in _NAMED:
        name = value.lower().lstrip("@")
        return name in _PLACEHOLDERS or (name.isalpha() and f"{name}.com" in services())
    return False


def _is_public_address(kind: str, address: str) -> bool:
    parts = parts_of(address)
    if not parts:
        return False
    host, rest = parts["host"].lower(), parts["path"] + parts["query"]
    domain = domain_of(host) or host
    if domain in _EXAMPLES:
        return True
    if kind == "image":
        return domain in _BADGES or _BADGE.search(parts["path"]) is not None
    if not (_is_service(domain) or host in services()) or list(invited(parts["query"])):
        return False
    if rest in ("", "/"):
        return True
    return not {host, domain} & _WRITTEN and (_MANUALS.fullmatch(host) or _PAGES.fullmatch(rest)) is not None


def _is_service(domain: str) -> bool:
    domain = domain.lower().rstrip(".")
    return domain in services() or suffixes().publicsuffix(domain) == domain


@cache
def services() -> frozenset[str]:
    """Hosts of public services, in small letters."""
    packed = (files("dedup") / "data" / "services.txt.gz").read_bytes()
    return frozenset(gzip.decompress(packed).decode().split("\n")[1:-1]) | _OWN | _EXAMPLES
