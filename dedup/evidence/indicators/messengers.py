"""Accounts of messengers that an address names, and those behind the words for LINE, WhatsApp, Signal and the like.

In: a host and what follows it, or a text without its addresses. Out: what is found. A telephone number that names an
account is listed as a telephone number, too, if libphonenumber knows it as valid. Every repetition is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dedup.evidence.indicators.characters import BETWEEN, Spelled
from dedup.evidence.indicators.numbers import phone

END = r"(?![A-Za-z0-9_-]|[.(/][A-Za-z0-9])"
"""What a name may be followed by."""
_ACCOUNT = (
    "(?i:id|account|number|us|me|at|on)(?![A-Za-z0-9_])|账号|帐号|帳號|帳戶|官方|客服|好友|群组|群組|[号號群是为為]"
)
_HELPING = rf"(?:{BETWEEN}|{_ACCOUNT}){{0,10}}"
_ALONE = re.compile(r"\s*(?:$|[^\sA-Za-z(])")


def is_name(word: str, between: str, after: str) -> bool:
    """Whether a word is an account's name: no plain word, or alone behind a colon."""
    return any(char.isdigit() or char == "_" for char in word) or (":" in between and bool(_ALONE.match(after)))


# In addresses

_PAGES = (
    "addemoji|addlist|addstickers|addtheme|bg|boost|confirmphone|contact|giftcode|invoice|iv|joinchat|login|proxy|"
    "setlanguage|share|socks"
)
_TELEGRAM = (
    r"/(?:\+|joinchat/)(?P<invitation>[A-Za-z0-9_-]{5,64})(?:[/?#]|$)",
    rf"/(?:s/)?@?(?!(?i:{_PAGES})(?:[/?#]|$))(?P<name>[A-Za-z][A-Za-z0-9_]{{3,31}})(?:[/?#]|$)",
)
_WHATSAPP = (
    r"/send/?\?(?:[^#]*&)?phone=(?:\+|%2[Bb])?(?P<number>[0-9]{7,15})(?![0-9])",
    r"/channel/(?P<name>[A-Za-z0-9]{10,40})(?:[/?#]|$)",
)
_DISCORD = r"/(?:invite/|users/)?(?P<name>[A-Za-z0-9-]{2,32})(?:[/?#]|$)"
_NAMED = {
    host: [(kind, re.compile(pattern)) for pattern in patterns]
    for kind, hosts, patterns in (
        ("telegram", ("t.me", "telegram.me", "telegram.dog"), _TELEGRAM),
        ("line", ("line.me",), (r"/(?:R/)?ti/(?:p|g2?)/(?:~|@|%40)?(?P<name>[A-Za-z0-9._-]{3,64})(?:[/?#]|$)",)),
        ("line", ("lin.ee",), (r"/(?P<name>[A-Za-z0-9]{4,16})(?:[/?#]|$)",)),
        ("line", ("page.line.me",), (r"/(?:@|%40)?(?P<name>[a-z0-9._-]{3,32})(?:[/?#]|$)",)),
        (
            "whatsapp",
            ("wa.me",),
            (r"/\+?(?P<number>[0-9]{7,15})(?:[/?#]|$)", r"/(?:message|qr)/(?P<name>[A-Z0-9]{8,20})"),
        ),
        ("whatsapp", ("api.whatsapp.com", "web.whatsapp.com", "whatsapp.com"), _WHATSAPP),
        ("whatsapp", ("chat.whatsapp.com",), (r"/(?:invite/)?(?P<name>[A-Za-z0-9]{16,32})(?:[/?#]|$)",)),
        ("signal", ("signal.me",), (r"/?#p/\+?(?P<number>[0-9]{7,15})", r"/?#eu/(?P<name>[A-Za-z0-9_=-]{16,128})")),
        ("signal", ("signal.group",), (r"/?#(?P<name>[A-Za-z0-9_=-]{16,256})",)),
        ("discord", ("discord.gg",), (_DISCORD,)),
        ("discord", ("discord.com", "discordapp.com"), (_DISCORD.replace(")?", ")", 1),)),
        ("xiaohongshu", ("xiaohongshu.com",), (r"/user/profile/(?P<name>[0-9a-f]{16,32})(?:[/?#]|$)",)),
        (
            "wechat_official",
            ("mp.weixin.qq.com",),
            (r"/[a-z_/]{1,20}\?(?:[^#]*&)?__biz=(?P<name>[A-Za-z0-9+/]{8,24})",),
        ),
        ("wechat_official", ("open.weixin.qq.com",), (r"/qr/code/?\?(?:[^#]*&)?username=(?P<name>gh_[0-9a-f]{12})",)),
    )
    for host in hosts
}
"""Kinds and patterns of the accounts that addresses name, by host. A host may stand in one line only."""


def of_address(host: str, rest: str) -> Iterator[Spelled]:
    """The account that an address names.

    Args:
        host: In small letters.
        rest: Path, query and fragment.
    """
    for kind, pattern in _NAMED.get(host.removeprefix("www."), ()):
        if match := pattern.match(rest):
            named = match.groupdict()
            if named.get("number"):
                yield from _numbered(kind, f"+{named['number']}")
            else:
                yield kind, named.get("name") or f"+{named['invitation']}"
            return


def _numbered(kind: str, digits: str) -> Iterator[Spelled]:
    """An account that is a telephone number."""
    if valid := phone(digits):
        yield "phone", valid
    yield kind, valid or digits


# In words

_LINE = re.compile(
    r"[Ll加賴赖](?:(?<=[Ll])(?<![A-Za-z0-9_-].)(?i:ine)[ ]?(?:官方)?(?i:id|account|官方|账号|帐号|帳號|[号號])"
    r"|(?<=L)(?<![A-Za-z0-9_-].)(?<![A-Z] .)INE(?=[ ]?[:@~])"
    r"|(?<=加)(?:我|入)?[ ]?(?:(?i:line)|[賴赖])"
    r"|(?<=[賴赖])(?<![仰依信抵无無耍聊].)(?:[ ]?(?i:id)|[号號]|(?=[ ]?[:@~])))"
    rf"(?P<between>{_HELPING})(?P<name>[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?=[A-Za-z0-9_])){{3,19}}+){END}"
)
"""Not 依赖 and the like. A class comes first: a search for one is ten times as fast as for a look-behind."""
_NUMBER = r"(?P<number>(?:\+|00)?[0-9](?:[ ()-]{0,2}[0-9]){6,14}+)(?![A-Za-z0-9_]|[.,-][0-9])"
_WHATSAPP_NUMBER = re.compile(rf"(?<![A-Za-z0-9_])(?i:whats[ ]?app){_HELPING}{_NUMBER}")
_SIGNAL_NUMBER = re.compile(rf"(?<![A-Za-z0-9_])(?i:signal){_HELPING}{_NUMBER}")
_SIGNAL = re.compile(
    rf"(?<![A-Za-z0-9_])(?i:signal){_HELPING}(?<=[:@ ])(?P<name>[A-Za-z_][A-Za-z0-9_]{{2,31}}\.[0-9]{{2,9}}+)(?![.\w])"
)
_DISCORD_NAME = re.compile(
    rf"(?<![A-Za-z0-9_])(?i:discord){_HELPING}(?<=[:@ *`])"
    rf"(?P<name>[A-Za-z0-9_.]{{2,32}}+#[0-9]{{4}}(?![0-9])|[A-Za-z][A-Za-z0-9_.]{{3,31}}+{END})"
)
_XIAOHONGSHU = re.compile(
    r"(?:小[红紅][书書]|(?<![A-Za-z0-9_])(?i:xiaohongshu|rednote|xhs))"
    r"(?=[的 ]?(?:账号|帐号|帳號|[号號:@]|(?i:id|account)))的?"
    rf"(?P<between>{_HELPING})(?P<name>[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?=[A-Za-z0-9_])){{4,23}}+){END}"
)
_OFFICIAL = re.compile(
    r"(?:公[众眾](?:[号號]|平[台臺])|(?i:wechat[ ](?:official|public|subscription)[ ]accounts?))"
    rf"(?:[ ]?(?i:id|name)|名[称稱]?)?(?P<between>{BETWEEN}{{1,6}})(?P<name>[^\W_][\w-]{{1,19}}+)(?![\w-])"
)
_ORIGINAL = re.compile(r"(?<![A-Za-z0-9_])gh_[0-9a-f]{12}(?![A-Za-z0-9_])")
_INTRODUCING = (":", "「", "『", "“", "【", "《")
_BIDDING = re.compile("搜索?|关注|關注|回复|回覆|扫|掃|点击|點擊|后台|後台|可以|我们|我們|欢迎|歡迎")
"""What begins a sentence rather than a name."""


def lines(text: str) -> Iterator[Spelled]:
    """Names behind the words for LINE."""
    for match in _LINE.finditer(text):
        between, after = match["between"], text[match.end() : match.end() + 9]
        if "@" in between or "~" in between or is_name(match["name"], between, after):
            yield "line", match["name"]


def whatsapps(text: str) -> Iterator[Spelled]:
    """Valid telephone numbers behind the word for WhatsApp."""
    yield from _numbers("whatsapp", _WHATSAPP_NUMBER, text)


def signals(text: str) -> Iterator[Spelled]:
    """Valid telephone numbers, and names with their digits, behind the word for Signal."""
    yield from _numbers("signal", _SIGNAL_NUMBER, text)
    yield from (("signal", match["name"]) for match in _SIGNAL.finditer(text))


def _numbers(kind: str, pattern: re.Pattern[str], text: str) -> Iterator[Spelled]:
    """Valid telephone numbers behind a word, as written or with the missing plus before the country."""
    for match in pattern.finditer(text):
        if valid := phone(match["number"]) or phone(f"+{match['number']}"):
            yield kind, valid
            yield "phone", valid


def discords(text: str) -> Iterator[Spelled]:
    """Names behind the word for Discord: with their four digits, or behind a colon or an @."""
    for match in _DISCORD_NAME.finditer(text):
        between = match[0].removesuffix(match["name"])
        named = ":" in between and is_name(match["name"], between, text[match.end() : match.end() + 9])
        if "#" in match["name"] or "@" in between or named:
            yield "discord", match["name"]


def xiaohongshus(text: str) -> Iterator[Spelled]:
    """Names and numbers behind the words for Xiaohongshu."""
    for match in _XIAOHONGSHU.finditer(text):
        if "@" in match["between"] or is_name(match["name"], match["between"], text[match.end() : match.end() + 9]):
            yield "xiaohongshu", match["name"]


def officials(text: str) -> Iterator[Spelled]:
    """Official accounts of WeChat: original ids, and names behind a colon or in quotation marks."""
    yield from (("wechat_official", match[0]) for match in _ORIGINAL.finditer(text))
    for match in _OFFICIAL.finditer(text):
        if match["between"].rstrip(" *`").endswith(_INTRODUCING) and not _BIDDING.match(match["name"]):
            yield "wechat_official", match["name"]


FINDERS = (
    (("line", "賴", "赖"), lines),
    (("whats",), whatsapps),
    (("signal",), signals),
    (("discord",), discords),
    (("小红书", "小紅書", "小紅书", "小红書", "xiaohongshu", "rednote", "xhs"), xiaohongshus),
    (("公众", "公眾", "wechat", "gh_"), officials),
)
"""Each function with the words, in small letters, of which a text has at least one if it finds anything."""
