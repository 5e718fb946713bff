"""What in a cluster's texts leads to who is behind them: handles, addresses, accounts, wallets, invite codes.

In: strings. Out: `Indicator`s of many texts, those that name an operator first, or `FoundIndicator`s of one. Full-width
forms count as plain ones (NFKC), zero-width characters and lone surrogates as nothing, `hxxps://example[.]com` as the
address that it stands for. Costs time in proportion to the length whatever the text is; the libraries behind it load
when first needed. Only what can be checked is listed: hosts by the public suffix list, telephone numbers by
libphonenumber, wallets by their checksums. Asks no server, and does not say whether an address still works or whose it
is.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from dedup.evidence import notebook
from dedup.evidence.indicators.accounts import FINDERS as ACCOUNTS
from dedup.evidence.indicators.accounts import QQ, without_qq
from dedup.evidence.indicators.addresses import SCHEME, without_addresses
from dedup.evidence.indicators.characters import UNSEEN, readable
from dedup.evidence.indicators.messengers import FINDERS as MESSENGERS
from dedup.evidence.indicators.numbers import FINDERS as CODES
from dedup.evidence.indicators.numbers import phones, wallets

KINDS = (
    "handle", "wallet", "qq", "wechat", "wechat_official", "telegram", "line", "whatsapp", "signal", "discord",
    "xiaohongshu", "invite", "phone", "mail", "image", "link", "domain",
)  # fmt: skip
"""In the order in which indicators with equally many members are listed, and what the value of each is.

| kind | value |
|---|---|
| `handle` | a name behind an @, with it: `@Good_Cards` |
| `wallet` | an address of Bitcoin, TRON, or Ethereum and its like, as written |
| `qq` | the number of an account or a group |
| `wechat` | the name of a person's account, or the telephone number that is one |
| `wechat_official` | of an official account the original id (`gh_…`), the `__biz` of its pages, or the name |
| `telegram` | the name of an account, channel or group, without @; `+` and the code of an invitation |
| `line` | an id without @ and ~, or the code of an address of `line.me` or `lin.ee` |
| `whatsapp` | a telephone number as E.164, or the code of a group, a channel or a message address |
| `signal` | a telephone number as E.164, a name with its digits (`name.42`), or the code of a group or an account |
| `discord` | the code of an invitation, a name (with `#` and four digits where it has them), or the number of a user |
| `xiaohongshu` | the number or name of an account, or the code of its page |
| `invite` | an invite, referral or promotion code: behind such a word, or in the query of an address (`ref=`, `aff=`) |
| `phone` | a valid telephone number as E.164; one without a country is taken as one of China |
| `mail` | a mail address in small letters |
| `image` | the address of an image: of Markdown, of HTML, or by its suffix |
| `link` | any other address, with its path and its query, as written but for the host |
| `domain` | the registered domain of a link, an image or a mail address, as people read it |
"""
OPERATOR = frozenset(KINDS[: KINDS.index("image")])
"""Kinds that name somebody, rather than a place that many can use."""
NEARLY = 0.9
"""A name of an operator is listed first if it has this share of the members of the most frequent indicator."""


@dataclass(frozen=True, slots=True)
class Indicator:
    """Something that leads to whoever wrote a text.

    Example:
        >>> clusters[0].indicators()[0]
        Indicator(kind='wechat', value='yunlu-tea-88', members=5, of=5)
    """

    kind: str
    """One of `KINDS`, which says what the value of each is."""
    value: str
    """As it is most often written; an account without the words before it, a handle with its @."""
    members: int
    """How many of the texts hold it, in whatever spelling; a text counts once."""
    of: int
    """How many texts were looked at."""


class Indicators(list[Indicator]):
    """Indicators in the order of `ranked`; a table in a notebook."""

    def _repr_html_(self) -> str:
        """A row an indicator."""
        rows = [(one.kind, one.value, f"{one.members:,} of {one.of:,}") for one in self]
        return notebook.table("indicators", ("kind", "value", "held by"), rows)


class FoundIndicator(NamedTuple):
    """An indicator of one text."""

    kind: str
    """One of `KINDS`."""
    key: str
    """What is compared: names and codes of accounts in small letters, addresses without scheme and last slash."""
    form: str
    """As it is written here."""


def indicators(texts: Iterable[str]) -> Indicators:
    """The indicators in some texts.

    Args:
        texts: The members of a cluster.

    Returns:
        Each indicator once, in the order of `ranked`.

    Example:
        >>> indicators(["加TG: @Good_Cards", "Ask @good_cards"])[0]
        Indicator(kind='handle', value='@Good_Cards', members=2, of=2)
    """
    forms: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    members: Counter[tuple[str, str]] = Counter()
    copies = Counter(texts)
    for text, times in copies.items():
        held = found(text)
        members.update(dict.fromkeys(((one.kind, one.key) for one in held), times))
        for one in held:
            forms[one.kind, one.key][one.form] += times
    return ranked(Indicator(one[0], _usual(forms[one]), count, copies.total()) for one, count in members.items())


def ranked(listed: Iterable[Indicator]) -> Indicators:
    """Indicators in the order of every list.

    First those that name an operator (`OPERATOR`) and have at least nine tenths of the members of the most frequent
    one, then all others. Within both: most members first, then by kind in the order of `KINDS`, then by value. So a
    handle stands before the images and hosts that it comes with, and a name that a few members mention does not.
    """
    listed = list(listed)
    least = NEARLY * max((one.members for one in listed), default=0)
    return Indicators(
        sorted(
            listed,
            key=lambda one: (
                not (one.kind in OPERATOR and one.members >= least), -one.members, KINDS.index(one.kind), one.value,
            ),
        )
    )  # fmt: skip


def found(text: str) -> list[FoundIndicator]:
    """The indicators of one text, each spelling once, in the order in which they are looked for.

    A text of 1,500 Chinese characters in which nothing looks like an indicator takes 25 microseconds.

    Example:
        >>> [(one.kind, one.key) for one in found("加TG: @Good_Cards")]
        [('handle', '@good_cards'), ('telegram', 'good_cards')]
    """
    if not _may_hold(text):
        return []
    return [FoundIndicator(kind, key(kind, form), form) for kind, form in dict.fromkeys(_found(text))]


def key(kind: str, value: str) -> str:
    """What is compared of a value: see `FoundIndicator.key`."""
    if kind in _NAMES or value.startswith("0x"):
        return value.lower()
    return SCHEME.sub("", value).rstrip("/") if kind in ("link", "image") else value


_NAMES = OPERATOR - {"wallet", "invite"}


def _usual(forms: Counter[str]) -> str:
    return min(forms, key=lambda form: (-forms[form], form))


def _found(text: str) -> Iterator[tuple[str, str]]:
    """Kinds and values; what one step has taken, the next one does not see."""
    text = readable(text)
    yield from wallets(text)
    addresses: list[tuple[str, str]] = []
    rest = without_addresses(text, addresses)
    yield from addresses
    called = _called(rest.lower())
    for place, (_, finder) in enumerate(_FINDERS):
        if place in called:
            yield from finder(rest)
    if _QQ in called:
        taken: list[tuple[str, str]] = []
        rest = without_qq(rest, taken)
        yield from taken
    yield from phones(rest)


def _called(small: str) -> set[int]:
    """Places of the finders with a word in the text; in ASCII each word is tried, for every letter begins some word."""
    words = [word for word in _LATIN if word in small] if small.isascii() else set(_WORDS.findall(small))
    return {place for word in words for place in _PLACES[word]}


_FINDERS = (*ACCOUNTS, *CODES, *MESSENGERS)
_QQ = len(_FINDERS)
_PLACES: defaultdict[str, list[int]] = defaultdict(list)
for _place, _words in enumerate((*(words for words, _ in _FINDERS), QQ)):
    for _word in _words:
        _PLACES[_word].append(_place)
_LATIN = tuple(word for word in _PLACES if word.isascii())
_WORDS = re.compile(
    "|".join(
        f"{first}(?:{'|'.join(sorted(word[1:] for word in _PLACES if word[0] == first))})"
        for first in sorted({word[0] for word in _PLACES})
    )
)
"""By their first letters, so that 30 branches are tried at a letter and not 80. A word may hide the next one that
overlaps it (`扣扣码`), which costs nothing: neither of the two is followed by a name then."""
_FORMS = (
    f"{UNSEEN}\u00aa\u00b2\u00b3\u00b9\u00ba\u00bc-\u00be\u0132\u0133\u013f\u0140\u0149\u017f\u01c4-\u01cc"
    "\u01f1-\u01f3\u02b0-\u02ff\u1d2c-\u1d6a\u1d78-\u1dbf\u1e9a\u2024\u2070-\u209f\u20a8\u2100-\u218f"
    "\u2460-\u24ff\u2c7c\u2c7d\u2e80-\u2fdf\u3200-\u33ff\ua7f1-\ua7f4\uf900-\ufaff\ufb00-\ufb06\ufb29"
    "\ufe10-\ufe6b\uff0b\uff0d-\uff19\uff20-\uff3a\uff3f\uff41-\uff5a\U00010780-\U000107bf"
    "\U0001ccd6-\U0001ccf9\U0001d400-\U0001d7ff\U0001f100-\U0001f2ff\U0001fbf0-\U0001fbf9\U0002f800-\U0002fa1f"
)
"""Characters that stand for others that may be part of an indicator, as the inside of a character class."""
_SHAPE = re.compile(
    rf"[@+A-Za-z0-9_{_FORMS}](?:(?<=[@{_FORMS}])|(?<=\+)[0-9]|(?<=0)0[0-9]|[A-Za-z0-9_]{{3}}|"
    r"(?<=[A-Za-z0-9])(?:\.|[点點]|[ ]?\\?[\[({〔【（](?:[.点點]|(?i:dot))\\?[\])}〕】）][ ]?)[A-Za-z])"
)
"""What every address, name, code and number has: four letters or digits, an @, a full stop between letters."""


def _may_hold(text: str) -> bool:
    """A quick test, before characters are replaced: False only for a text without indicators."""
    return _SHAPE.search(text) is not None or "公众" in text or "公眾" in text
