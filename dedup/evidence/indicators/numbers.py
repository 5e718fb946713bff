"""Invite codes, telephone numbers and wallets.

In: a text. Out: what is found: telephone numbers that libphonenumber knows to be valid, wallets whose checksums hold.
Both libraries load when something looks like theirs.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from functools import lru_cache

from dedup.evidence.indicators.characters import BETWEEN, Spelled

_INVITE = re.compile(
    r"(?:[邀推][请請荐薦][码碼]|(?:优惠|優惠|折扣)券?[码碼]|\b(?:invit(?:e|ation)|referral|promo|coupon) code)"
    rf"(?:{BETWEEN}|[是为為填]|is ){{0,8}}(?P<code>[A-Za-z0-9_-]{{4,20}})(?![A-Za-z0-9_-])",
    re.IGNORECASE,
)
_INVITED = re.compile(
    r"[?&;](?:aff|affiliate|coupon|invite|invite_?code|promo|ref|referral)=([A-Za-z0-9_-]{2,40})(?=[&;#]|$)",
    re.IGNORECASE,
)
_PLACES = re.compile(r"badge|heads?|main|master|readme|website", re.IGNORECASE)
"""What `ref=` names in addresses of code: a branch, a page."""
_PHONE_START = re.compile(r"[+(0148](?<![A-Za-z0-9_.@#/=+,-].)(?<![0-9][ (].)")
"""Where a number may begin. A search for a character class is ten times as fast as for a look-behind."""
_PHONE = re.compile(
    r"(?:"
    r"(?:\+|00)[0-9]{1,3}[ -]?(?:\([0-9]{1,4}\)[ -]?)?[0-9]{2,12}+(?:[ -]?[0-9]{2,12}+){0,4}+|"
    r"(?:\(?86\)?[ -]?)?1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4}|"
    r"\(?0[0-9]{2,3}\)?[ -]?[0-9]{7,8}|[48]00-?[0-9]{3}-?[0-9]{4}"
    r")(?![A-Za-z0-9_]|[.,-][0-9])"
)
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
"""The letters of BIP 173, by what they stand for."""
_BITCOIN = (3, 3, 0, 2, 3)
"""What "bc" counts as in a checksum of BIP 173."""
_BECH32M = 0x2BC830A3
"""The constant of BIP 350, for addresses of Taproot and later."""
_TRON_BYTES = 25
"""The letter A, a hash of 20 bytes, a checksum of 4."""
_DIGITS = 5
"""A wallet of Ethereum has more different digits than this; fewer are a placeholder, by chance once in 10^16."""
_WALLET_START = re.compile(r"[013BTb](?<![A-Za-z0-9].)[A-Za-z0-9]{13}")
_WALLET = re.compile(
    r"(?:(?P<ethereum>0x[0-9A-Fa-f]{40})|(?P<bech32>[Bb][Cc]1[02-9AC-HJ-NP-Zac-hj-np-z]{11,71})|"
    r"(?P<base58>[13T][1-9A-HJ-NP-Za-km-z]{24,34}))(?![A-Za-z0-9])"
)


def invites(text: str) -> Iterator[Spelled]:
    """Codes behind the words for them."""
    for match in _INVITE.finditer(text):
        if not match["code"].isalpha() or match["code"].isupper():
            yield "invite", match["code"]


def invited(query: str) -> Iterator[Spelled]:
    """Codes that the query of an address gives."""
    for match in _INVITED.finditer(query):
        if not _PLACES.fullmatch(match[1]):
            yield "invite", match[1]


def phones(text: str) -> Iterator[Spelled]:
    """Valid numbers; the expressions choose what is given to libphonenumber, which is slow."""
    end = 0
    for start in _PHONE_START.finditer(text):
        match = _PHONE.match(text, start.start()) if start.start() >= end else None
        if match:
            end = match.end()
            if number := phone(match[0]):
                yield "phone", number


@lru_cache(maxsize=1 << 14)
def phone(digits: str) -> str | None:
    """The number as E.164, if it is a valid one; without a country it is one of China."""
    import phonenumbers  # noqa: PLC0415 - only where something looks like a telephone number

    for match in phonenumbers.PhoneNumberMatcher(re.sub("^00", "+", digits), "CN"):
        return phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164)
    return None


def wallets(text: str) -> Iterator[Spelled]:
    """Addresses of Bitcoin and TRON whose checksums hold, and those of Ethereum and its like, which need none."""
    for start in _WALLET_START.finditer(text):
        match = _WALLET.match(text, start.start())
        if not match:
            continue
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

    data = [_BECH32.index(char) for char in address[3:]]
    return data[0] > 0 and bool(bitcoin.bech32_checksum([*_BITCOIN, *data]) == _BECH32M)


_BEGINNINGS = ("请", "請", "荐", "薦", "惠", "扣", "券")
_CODES = ("invite code", "invitation code", "referral code", "promo code", "coupon code")
FINDERS = (((*(one + other for one in _BEGINNINGS for other in "码碼"), *_CODES), invites),)
"""Each function with the words, in small letters, of which a text has at least one if it finds anything."""
