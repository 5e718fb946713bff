"""Links, images and mail addresses, and the domains of all three.

In: a text as `dedup.evidence.indicators.characters` makes it. Out: what is found, and the text with blanks in its
place. linkify-it-py decides what an address is, and the public suffix list what a domain is; both load when they are
first needed.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cache, lru_cache
from typing import Any
from urllib.parse import quote

from dedup.evidence.indicators.characters import Spelled
from dedup.evidence.indicators.messengers import of_address
from dedup.evidence.indicators.numbers import invited

LONGEST = 2000
"""Longer links, and longer runs of ASCII without a blank, are data and not addresses."""
SCHEME = re.compile(r"https?://", re.IGNORECASE)
_EXPLICIT = re.compile(
    r"""(?P<before>[\]HShs](?:(?<=\])\([ ]?<?|(?<!\w.)(?i:(?<=s)rc|(?<=h)ref)[ ]?=[ ]?["']?))"""
    r"""(?P<address>(?i:https?)://[^\s<>"'()]*+)"""
)
_IMAGE = re.compile(
    r"""!\[[^\[\]]*+\]\(\s?<?(?P<markdown>(?:[^\s<>()]++|\([^\s<>()]*+\))++)|<img\b[^<>]*?\ssrc\s?=\s?["']?(?P<html>[^\s"'<>]++)""",
    re.IGNORECASE,
)
_IMAGE_PATH = re.compile(r"\.(?:avif|bmp|gif|heic|ico|jpe?g|png|svg|tiff?|webp)$", re.IGNORECASE)
_INTERNATIONAL = re.compile(r"([Hh](?i:ttps?)://)(?=[-A-Za-z0-9.]*+[^\x00-\x7f])([-\w.]*+)")
_AFTER_SUFFIX = re.compile(r"(?<=\.)([A-Za-z]{2,})[^\x00-\x7f][-\w.]*$")
_ASCII = "!#-&(-;=?-Z_a-z~"
"""ASCII without what ends an address: blanks, quotes, backticks, backslashes, pipes and all brackets but round ones."""
_RUN = re.compile(
    rf"[{_ASCII}](?<![{_ASCII}].)(?:[{_ASCII}]{{{LONGEST},}}+|"
    rf"(?:[!#-&()*+,\-/0-9;=?-Z_a-z~]++|\.(?!(?<=[A-Za-z0-9]\.)[A-Za-z]{{2}})|:(?!//))*+[.:][{_ASCII}]*+)"
)
"""Runs of it that may hold an address, for they have a host's full stop or `://`, and those that are too long."""
_PLAIN = re.compile(
    r"\(?(?P<address>https?://(?:[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*\.)+[A-Za-z]{2,32}"
    r"(?:/(?:[A-Za-z0-9_/%=&#+~]|[.?-](?=[A-Za-z0-9_/%=&#+~]))*)?)(?:\)+[.,;]*|[.,;]?)"
)
"""A run that is one address and nothing else that matters: half of all, for which linkify-it-py is not needed."""
_PARTS = re.compile(
    r"(?P<scheme>https?://)?(?:[^/?#@]*@)?(?P<host>[^/?#:@]+)(?P<port>:[0-9]+)?(?P<path>[^?#]*)(?P<query>.*)",
    re.IGNORECASE | re.DOTALL,
)
_GLUED = re.compile(r"[,;](?=https?://)", re.IGNORECASE)
_BARE = re.compile(r"club|cn|com|hk|jp|kr|net|online|org|shop|site|top|tw|vip|xyz")
"""Last labels of a host that make a link without scheme, `www.` and path: those that are no ordinary words in code."""
_MORE = "app|biz|cash|click|dev|fun|group|info|ink|link|live|ltd|pro|pub|space|store|tech|wang"
_FOLLOWED = re.compile(rf"(?!md|ml|pl|ps|py|rs|sh|so)[a-z]{{2}}|{_MORE}")
"""Last labels that make a link without scheme if a path follows: countries, but for those that end a file's name."""

_SITE = re.compile(
    rf"://|@|www\.|\.(?:{_BARE.pattern})(?![a-z0-9])|\.(?:[a-z]{{2}}|{_MORE})(?::[0-9]+)?[/?#]", re.IGNORECASE
)
"""What every address has, and most file names and code do not: other runs are not given to linkify-it-py."""


def without_addresses(text: str, found: list[Spelled]) -> str:
    """The text with a blank for each address, which goes to `found`."""
    if "://" in text and not text.isascii():
        text = _EXPLICIT.sub(lambda match: match["before"] + _ascii(match["address"]), text)
        text = _INTERNATIONAL.sub(lambda match: match[1] + _ascii_host(match[2]), text)
    if "![" in text or "<img" in text.lower():
        text = _IMAGE.sub(lambda match: _taken_image(match, found), text)
    return _RUN.sub(lambda match: _taken_run(match[0], found), text)


def parts_of(address: str) -> re.Match[str] | None:
    """Scheme, host, port, path and query (with the fragment) of an address, each as it is written."""
    return _PARTS.fullmatch(address)


@lru_cache(maxsize=1 << 10)
def _ascii(address: str) -> str:
    """An address that markup delimits, percent-encoded but for its host."""
    if address.isascii():
        return address
    scheme, host, path = re.split(r"(?<=//)([^/?#]*)", address, maxsplit=1)
    return scheme + host + quote(path, safe="!#$%&'()*+,/:;=?@~")


@lru_cache(maxsize=1 << 10)
def _ascii_host(host: str) -> str:
    """A host of other letters in punycode, so far as its suffix is known: Chinese may follow an address directly."""
    short = _AFTER_SUFFIX.sub(r"\1", host)
    with suppress(UnicodeError):
        encoded = short.lower().encode("idna").decode()
        if domain_of(encoded):
            return encoded + host[len(short) :]
    return host


def _taken_image(match: re.Match[str], found: list[Spelled]) -> str:
    address = match["markdown"] or match["html"]
    address = f"https:{address}" if address.startswith("//") else address
    parts = parts_of(address)
    if parts and parts["scheme"] and len(address) <= LONGEST and _reachable(parts["host"]):
        found += _listed("image", parts)
    return " "


def _taken_run(run: str, found: list[Spelled]) -> str:
    """A run of ASCII without its addresses; one that is too long is left out whole."""
    if len(run) > LONGEST:
        return " "
    kept, end = [], 0
    for start, stop, kind, address in _linkified(run):
        found += _mail(address) if kind == "mail" else _link(address)
        kept.append(run[end:start])
        end = stop
    return " ".join([*kept, run[end:]])


@cache
def _linkify() -> Any:
    from linkify_it import LinkifyIt  # type: ignore[import-untyped]  # noqa: PLC0415 - only this needs it

    labels = f"{_BARE.pattern}|{_MORE}".split("|")
    return LinkifyIt().add("ftp:", None).add("//", None).tlds(labels, keep_old=True)


@lru_cache(maxsize=1 << 14)  # rewrites repeat their addresses
def _linkified(run: str) -> tuple[tuple[int, int, str, str], ...]:
    """Where an address begins and ends, its kind, and itself."""
    if plain := _PLAIN.fullmatch(run):
        return ((*plain.span("address"), "link", plain["address"]),)
    if not _SITE.search(run):
        return ()
    found = []
    for match in _linkify().match(run) or ():
        kind = "mail" if match.schema == "mailto:" else "link"
        if kind == "mail" or match.schema or _is_site(match.raw):
            found.append((match.index, match.last_index, kind, match.raw))
    return tuple(found)


def _is_site(address: str) -> bool:
    """Whether something without a scheme is an address, rather than a file's name or code."""
    parts = parts_of(address)
    if not parts:
        return False
    host = parts["host"].lower()
    label = host.rpartition(".")[2]
    followed = len(parts["path"] + parts["query"]) > 1
    if _BARE.fullmatch(label) or host.startswith("www."):
        return True
    return followed and bool(_FOLLOWED.fullmatch(label))


def _link(address: str) -> Iterator[Spelled]:
    for one in _GLUED.split(address.replace("&amp;", "&")):
        parts = parts_of(one.rstrip("*~"))
        if parts and _reachable(parts["host"]):
            yield from _listed("image" if _IMAGE_PATH.search(parts["path"]) else "link", parts)


def _listed(kind: str, parts: re.Match[str]) -> Iterator[Spelled]:
    """An address, its domain, and the accounts it names."""
    host = parts["host"].lower()
    port, path = parts["port"] or "", parts["path"]
    yield kind, f"{(parts['scheme'] or '').lower()}{host}{port}{path}{parts['query']}"
    if domain := domain_of(host):
        yield "domain", domain
    if kind == "link":
        yield from invited(parts["query"])
        yield from of_address(host, path + parts["query"])


def _mail(address: str) -> Iterator[Spelled]:
    """A mail address; git@ is how a repository is cloned."""
    address = address.lower().removeprefix("mailto:")
    name, _, host = address.rpartition("@")
    domain = domain_of(host)
    if domain and name != "git":
        yield "mail", address
        yield "domain", domain


@cache
def suffixes() -> Any:
    """The public suffix list."""
    from publicsuffixlist import PublicSuffixList  # noqa: PLC0415 - 30 ms to read the list, for addresses only

    return PublicSuffixList(accept_unknown=False)


@lru_cache(maxsize=1 << 14)
def domain_of(host: str) -> str | None:
    """The registrable domain of a host, or None if its suffix is unknown."""
    domain = suffixes().privatesuffix(host.lower().rstrip("."))
    if domain and "xn--" in domain:
        with suppress(UnicodeError):
            return str(domain.encode().decode("idna"))
    return domain or None


@lru_cache(maxsize=1 << 14)
def _reachable(host: str) -> bool:
    """Whether a host is one of the public internet."""
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return domain_of(host) is not None
