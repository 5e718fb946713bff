"""What in a cluster's texts leads to who is behind them: handles, addresses, accounts, wallets, invite codes.

In: strings. Out: `Indicator`s, those that most of the texts hold first. Full-width forms count as plain ones (NFKC),
zero-width characters and lone surrogates as nothing. Costs about 1.5 ms for an article of 5,000 characters, and time
in proportion to the length whatever the text is; the libraries behind it load when they are first needed. Only
what can be checked is listed: hosts by the public suffix list, telephone numbers by libphonenumber, wallets by their
checksums. Asks no server, and does not say whether an address still works or whose it is.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any
from urllib.parse import quote

KINDS = (
    "handle", "image", "wallet", "qq", "wechat", "telegram", "invite", "phone", "mail", "link", "domain",
)  # fmt: skip
"""In the order in which indicators with equally many members are listed."""
LONGEST = 2000
"""Longer links, and longer runs of ASCII without a blank, are data and not addresses."""
Found = tuple[str, str]
"""Kind and value."""


@dataclass(frozen=True, slots=True)
class Indicator:
    """Something that leads to whoever wrote a text."""

    kind: str
    """One of `KINDS`."""
    value: str
    """As it is most often written; of a handle or an account, without what stands before it, but for a handle's @."""
    members: int
    """How many of the texts hold it."""
    of: int
    """How many texts were looked at."""


def indicators(texts: Iterable[str]) -> list[Indicator]:
    """What the texts hold that leads to who wrote them.

    Args:
        texts: The members of a cluster.

    Returns:
        Each indicator once: most members first, then by kind in the order of `KINDS`, then by value.

    >>> indicators(["加TG: @Good_Cards", "Ask @good_cards"])[0]
    Indicator(kind='handle', value='@Good_Cards', members=2, of=2)
    """
    forms: defaultdict[Found, Counter[str]] = defaultdict(Counter)
    members: Counter[Found] = Counter()
    copies = Counter(texts)
    for text, times in copies.items():
        found = set(_found(text))
        members.update(dict.fromkeys((_key(kind, value) for kind, value in found), times))
        for kind, value in found:
            forms[_key(kind, value)][value] += times
    listed = [Indicator(key[0], _usual(forms[key]), count, copies.total()) for key, count in members.items()]
    return sorted(listed, key=lambda one: (-one.members, KINDS.index(one.kind), one.value))


def _key(kind: str, value: str) -> Found:
    """What is compared: names without case, addresses without scheme and last slash."""
    if kind in ("handle", "telegram", "wechat") or value.startswith("0x"):
        value = value.lower()
    elif kind in ("link", "image"):
        value = _SCHEME.sub("", value).rstrip("/")
    return kind, value


def _usual(forms: Counter[str]) -> str:
    return min(forms, key=lambda form: (-forms[form], form))


def _found(text: str) -> Iterator[Found]:
    """The indicators of one text; what one step has taken, the next no longer sees."""
    text = _readable(text)
    yield from _wallets(text)
    addresses: list[Found] = []
    rest = _without_addresses(text, addresses)
    yield from addresses
    if "@" in rest:
        yield from _handles(rest)
    yield from _telegrams(rest)
    yield from _invites(rest)
    yield from _wechats(rest)
    numbers: list[Found] = []
    yield from _phones(_without_qq(rest, numbers))
    yield from numbers


# Characters

_UNSEEN = re.compile("[\u00ad\u034f\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff\ud800-\udfff]+")
_STOPS = str.maketrans("，；！？（）", "、、。。〔〕")
"""NFKC would make these ASCII that may stand in an address; their stand-ins end one as they do."""
_LABEL = re.compile("(?<=[^\\x00-\\x7f]):(?=[A-Za-z0-9])")
"""A colon behind a Chinese word, which would be taken for part of the address that follows."""
_PIECE = 256
"""Characters normalised at a time: a run of marks takes time as its square."""


def _readable(text: str) -> str:
    """Text without unseen characters and full-width forms."""
    if text.isascii():
        return text
    text = _UNSEEN.sub("", text).translate(_STOPS)
    if not unicodedata.is_normalized("NFKC", text):
        text = "".join(_normal(text[start : start + _PIECE]) for start in range(0, len(text), _PIECE))
    return _LABEL.sub(": ", text)


def _normal(piece: str) -> str:
    """NFKC, unless it is made of the few characters that become many."""
    normal = unicodedata.normalize("NFKC", piece)
    return normal if len(normal) <= 2 * _PIECE else piece


# Addresses: links, images, mails, and the domains of all three

_SCHEME = re.compile(r"https?://", re.IGNORECASE)
_EXPLICIT = re.compile(
    r"""(?P<before>\]\([ ]?<?|\b(?:src|href)[ ]?=[ ]?["']?)(?P<address>https?://[^\s<>"'()]*+)""",
    re.IGNORECASE,
)
_IMAGE = re.compile(
    r"""!\[[^\[\]]*+\]\(\s?<?(?P<markdown>(?:[^\s<>()]++|\([^\s<>()]*+\))++)|<img\b[^<>]*?\ssrc\s?=\s?["']?(?P<html>[^\s"'<>]++)""",
    re.IGNORECASE,
)
_IMAGE_PATH = re.compile(r"\.(?:avif|bmp|gif|heic|ico|jpe?g|png|svg|tiff?|webp)$", re.IGNORECASE)
_INTERNATIONAL = re.compile(r"(https?://)(?=[-A-Za-z0-9.]*+[^\x00-\x7f])([-\w.]*+)", re.IGNORECASE)
_AFTER_SUFFIX = re.compile(r"(?<=\.)([A-Za-z]{2,})[^\x00-\x7f][-\w.]*$")
_RUN = re.compile(r"""[!#-&(-;=?-Z_a-z~]++""")
"""ASCII without what ends an address: blanks, quotes, backticks, backslashes, pipes and all brackets but round ones."""
_MAYBE = re.compile(r"://|[A-Za-z0-9]\.[A-Za-z]{2}")
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


def _without_addresses(text: str, found: list[Found]) -> str:
    """The text with a blank for each address, which goes to `found`."""
    if "://" in text and not text.isascii():
        text = _EXPLICIT.sub(lambda match: match["before"] + _ascii(match["address"]), text)
        text = _INTERNATIONAL.sub(lambda match: match[1] + _ascii_host(match[2]), text)
    if "![" in text or "<img" in text.lower():
        text = _IMAGE.sub(lambda match: _taken_image(match, found), text)
    return _RUN.sub(lambda match: _taken_run(match[0], found), text)


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
        if _domain(encoded):
            return encoded + host[len(short) :]
    return host


def _taken_image(match: re.Match[str], found: list[Found]) -> str:
    address = match["markdown"] or match["html"]
    address = f"https:{address}" if address.startswith("//") else address
    parts = _PARTS.fullmatch(address)
    if parts and parts["scheme"] and len(address) <= LONGEST and _reachable(parts["host"]):
        found += _listed("image", parts)
    return " "


def _taken_run(run: str, found: list[Found]) -> str:
    """A run of ASCII without its addresses; one that is too long is none and holds nothing."""
    if len(run) > LONGEST:
        return " "
    if not _MAYBE.search(run):
        return run
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
    found = []
    for match in _linkify().match(run) or ():
        kind = "mail" if match.schema == "mailto:" else "link"
        if kind == "mail" or match.schema or _is_site(match.raw):
            found.append((match.index, match.last_index, kind, match.raw))
    return tuple(found)


def _is_site(address: str) -> bool:
    """Whether something without a scheme is an address, rather than a file's name or code."""
    parts = _PARTS.fullmatch(address)
    if not parts:
        return False
    host = parts["host"].lower()
    label = host.rpartition(".")[2]
    followed = len(parts["path"]) > 1
    if _BARE.fullmatch(label) or host.startswith("www."):
        return True
    return followed and bool(_FOLLOWED.fullmatch(label))


def _link(address: str) -> Iterator[Found]:
    for one in _GLUED.split(address.replace("&amp;", "&")):
        parts = _PARTS.fullmatch(one.rstrip("*~"))
        if parts and _reachable(parts["host"]):
            yield from _listed("image" if _IMAGE_PATH.search(parts["path"]) else "link", parts)


def _listed(kind: str, parts: re.Match[str]) -> Iterator[Found]:
    """An address, its domain, and the accounts it names."""
    host = parts["host"].lower()
    port, path = parts["port"] or "", parts["path"]
    yield kind, f"{(parts['scheme'] or '').lower()}{host}{port}{path}{parts['query']}"
    if domain := _domain(host):
        yield "domain", domain
    if kind == "link":
        yield from _invited(parts["query"])
        yield from _telegram_of(host, path)


def _mail(address: str) -> Iterator[Found]:
    """A mail address; git@ is how a repository is cloned."""
    address = address.lower().removeprefix("mailto:")
    name, _, host = address.rpartition("@")
    domain = _domain(host)
    if domain and name != "git":
        yield "mail", address
        yield "domain", domain


@cache
def _suffixes() -> Any:
    from publicsuffixlist import PublicSuffixList  # noqa: PLC0415 - 30 ms to read the list, for addresses only

    return PublicSuffixList(accept_unknown=False)


@lru_cache(maxsize=1 << 14)
def _domain(host: str) -> str | None:
    """The registrable domain of a host, or None if its suffix is unknown."""
    domain = _suffixes().privatesuffix(host.lower().rstrip("."))
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
        return _domain(host) is not None


# Accounts

_HANDLE = re.compile(
    r"(?<![A-Za-z0-9_@/])@(?=[0-9_]*+[A-Za-z])(?![0-9]+[A-Za-z]{1,4}\b)[A-Za-z0-9_]{3,32}"
    r"(?![A-Za-z0-9_@/({=]|[-.:][A-Za-z0-9_/])"
)
"""Not 10@1Gbps, @scope/package, @decorator(...) and @article{...}."""
_CODE = re.compile(
    r"^ {0,3}(?P<fence>```|~~~)[ ]?[A-Za-z][^\n`]*\n(?:.*\n)*? {0,3}(?P=fence)|(?<!`)`[^`\n]++`(?!`)", re.MULTILINE
)
_TAGS = re.compile(
    "author|charset|classmethod|component|context|copyright|dataclass|deprecated|entity|example|extends?|fixture|font|"
    "ignore|implements|import|include|injectable|input|keyframes|layer|license|link|media|mixin|module|namespace|"
    "override|package|param|private|property|protected|public|readonly|returns?|see|service|since|source|"
    "staticmethod|supports|tailwind|template|test|throws|todo|type|typedef|use|version",
    re.IGNORECASE,
)
"""Decorators, annotations, tags of documentation comments and rules of style sheets."""
_BETWEEN = r"[^\w\n]"
_TELEGRAM = re.compile(
    r"(?:(?<![A-Za-z0-9_])(?:TG|Telegram)(?![A-Za-z0-9_])|飞机|飛機|电报|電報)(?:[号號群]|频道|頻道|客服|账号|帳號|联系|ID)?"
    rf"(?P<between>{_BETWEEN}{{0,8}})(?P<name>[A-Za-z][A-Za-z0-9_]{{4,31}})(?![A-Za-z0-9_]|[.-][A-Za-z0-9])",
    re.IGNORECASE,
)
_TELEGRAM_HOSTS = ("t.me", "telegram.me", "telegram.dog")
_TELEGRAM_PATH = re.compile(r"/(?:s/)?@?([A-Za-z][A-Za-z0-9_]{3,31})(?:/|$)")
_TELEGRAM_PAGES = re.compile(
    "addemoji|addlist|addstickers|addtheme|bg|boost|confirmphone|contact|giftcode|invoice|iv|joinchat|login|proxy|"
    "setlanguage|share|socks",
    re.IGNORECASE,
)
_HELPING = rf"(?:{_BETWEEN}|[号號码碼群客服公众眾交流联聯系繫咨询諮詢加是为為在线線同搜索])"
_QQ = re.compile(
    rf"(?:(?<![A-Za-z])(?:QQ|Q(?=[群号號]))|扣扣|企鹅|企鵝|群(?=[号號])){_HELPING}{{0,10}}"
    r"(?P<number>[1-9][0-9]{4,11}+)(?![0-9%A-Za-z_]|[.,][0-9]|\s?[人万萬元年个個月])",
    re.IGNORECASE,
)
_WECHAT = re.compile(
    rf"(?:(?:微信|薇信|威信|加[微薇]|V信){_HELPING}{{0,10}}"
    r"|(?<![A-Za-z0-9_])(?:[VW]X|WeChat)(?:\sID|[号號 :@]){1,4}+)"
    r"(?P<id>[A-Za-z][A-Za-z0-9_-]{5,19}|1[3-9][0-9]{9})(?![A-Za-z0-9_-]|[.(/][A-Za-z0-9])",
    re.IGNORECASE,
)
_ALONE = re.compile(r"\s*(?:$|[^\sA-Za-z(])")


def _handles(text: str) -> Iterator[Found]:
    """Names after an @, outside of code, where it marks a decorator or an annotation."""
    for match in _HANDLE.finditer(_CODE.sub(" ", text)):
        if not _TAGS.fullmatch(match[0], 1):
            yield "handle", match[0]


def _telegrams(text: str) -> Iterator[Found]:
    for match in _TELEGRAM.finditer(text):
        if "@" in match["between"] or _is_name(match["name"], match["between"], text[match.end() : match.end() + 9]):
            yield "telegram", match["name"]
            if "@" in match["between"]:
                yield "handle", f"@{match['name']}"


def _is_name(word: str, between: str, after: str) -> bool:
    """Whether a word is an account's name: no plain word, or alone behind a colon."""
    return any(char.isdigit() or char == "_" for char in word) or (":" in between and bool(_ALONE.match(after)))


def _telegram_of(host: str, path: str) -> Iterator[Found]:
    """The account that a Telegram address names; what invites by a hash names none."""
    match = _TELEGRAM_PATH.match(path) if host in _TELEGRAM_HOSTS else None
    if match and not _TELEGRAM_PAGES.fullmatch(match[1]):
        yield "telegram", match[1]


def _wechats(text: str) -> Iterator[Found]:
    for match in _WECHAT.finditer(text):
        before = match[0].removesuffix(match["id"])
        if _is_name(match["id"], before, text[match.end() : match.end() + 9]):
            yield "wechat", match["id"]


def _without_qq(text: str, found: list[Found]) -> str:
    """The text with a blank for each QQ number, which goes to `found`."""

    def taken(match: re.Match[str]) -> str:
        found.append(("qq", match["number"]))
        return " "

    return _QQ.sub(taken, text)


# Codes and numbers

_INVITE = re.compile(
    r"(?:[邀推][请請荐薦][码碼]|(?:优惠|優惠|折扣)券?[码碼]|\b(?:invit(?:e|ation)|referral|promo|coupon) code)"
    rf"(?:{_BETWEEN}|[是为為填]|is ){{0,8}}(?P<code>[A-Za-z0-9_-]{{4,20}})(?![A-Za-z0-9_-])",
    re.IGNORECASE,
)
_INVITED = re.compile(
    r"[?&;](?:aff|affiliate|coupon|invite|invite_?code|promo|ref|referral)=([A-Za-z0-9_-]{2,40})(?=[&;#]|$)",
    re.IGNORECASE,
)
_PLACES = re.compile(r"badge|heads?|main|master|readme|website", re.IGNORECASE)
"""What `ref=` names in addresses of code: a branch, a page."""
_PHONE = re.compile(
    r"(?<![A-Za-z0-9_.@#/=+,-])(?<![0-9][ (])(?:"
    r"(?:\+|00)[0-9]{1,3}[ -]?(?:\([0-9]{1,4}\)[ -]?)?[0-9]{2,12}+(?:[ -]?[0-9]{2,12}+){0,4}+|"
    r"(?:\(?86\)?[ -]?)?1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4}|"
    r"\(?0[0-9]{2,3}\)?[ -]?[0-9]{7,8}|[48]00-?[0-9]{3}-?[0-9]{4}"
    r")(?![A-Za-z0-9_]|[.,-][0-9])"
)
_BECH32M = 0x2BC830A3
"""The constant of BIP 350, for addresses of Taproot and later."""
_TRON_BYTES = 25
"""The letter A, a hash of 20 bytes, a checksum of 4."""
_DIGITS = 5
"""A wallet of Ethereum has more different digits than this; fewer are a placeholder, by chance once in 10^16."""
_WALLET = re.compile(
    r"(?<![A-Za-z0-9])(?:(?P<ethereum>0x[0-9A-Fa-f]{40})|(?P<bech32>[Bb][Cc]1[02-9AC-HJ-NP-Zac-hj-np-z]{11,71})|"
    r"(?P<base58>[13T][1-9A-HJ-NP-Za-km-z]{24,34}))(?![A-Za-z0-9])"
)


def _invites(text: str) -> Iterator[Found]:
    for match in _INVITE.finditer(text):
        if not match["code"].isalpha() or match["code"].isupper():
            yield "invite", match["code"]


def _invited(query: str) -> Iterator[Found]:
    for match in _INVITED.finditer(query):
        if not _PLACES.fullmatch(match[1]):
            yield "invite", match[1]


def _phones(text: str) -> Iterator[Found]:
    """Valid numbers, of which the expression has seen that they may be some: libphonenumber is slow."""
    for match in _PHONE.finditer(text):
        if number := _phone(match[0]):
            yield "phone", number


@lru_cache(maxsize=1 << 14)
def _phone(digits: str) -> str | None:
    import phonenumbers  # noqa: PLC0415 - only where something looks like a telephone number

    for match in phonenumbers.PhoneNumberMatcher(re.sub("^00", "+", digits), "CN"):
        return phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164)
    return None


def _wallets(text: str) -> Iterator[Found]:
    """Addresses of Bitcoin and TRON whose checksums hold, and those of Ethereum and its like, which need none."""
    for match in _WALLET.finditer(text):
        address = match[0]
        if match["ethereum"]:
            if len(set(address[2:])) > _DIGITS:
                yield "wallet", address
        elif _checks(address):
            yield "wallet", address


def _checks(address: str) -> bool:
    from stdnum import bitcoin  # noqa: PLC0415 - only where something looks like a wallet

    if address[:3].lower() == "bc1":
        return bool(bitcoin.is_valid(address)) or _is_taproot(address.lower())
    if address[0] != "T":
        return bool(bitcoin.is_valid(address))
    try:
        decoded = bitcoin.b58decode(address)
    except ValueError:
        return False
    digest = hashlib.sha256(hashlib.sha256(decoded[:-4]).digest()).digest()
    return len(decoded) == _TRON_BYTES and decoded.startswith(b"A") and digest[:4] == decoded[-4:]


def _is_taproot(address: str) -> bool:
    """The checksum of BIP 350, which `stdnum.bitcoin.validate` does not know."""
    from stdnum import bitcoin  # noqa: PLC0415 - only where something looks like a wallet

    data = [bitcoin._bech32_alphabet.index(char) for char in address[3:]]  # noqa: SLF001 - the alphabet of BIP 173
    checksum = bitcoin.bech32_checksum([*bitcoin._expand_hrp("bc"), *data])  # noqa: SLF001
    return data[0] > 0 and checksum == _BECH32M
