"""Accounts: handles, and names and numbers behind the words for messengers.

In: a text without its addresses, or a host and a path. Out: what is found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dedup.evidence.indicators.characters import BETWEEN, Spelled
from dedup.evidence.indicators.messengers import is_name

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
_TELEGRAM = re.compile(
    r"(?:(?<![A-Za-z0-9_])(?:TG|Telegram)(?![A-Za-z0-9_])|飞机|飛機|电报|電報)(?:[号號群]|频道|頻道|客服|账号|帳號|联系|ID)?"
    rf"(?P<between>{BETWEEN}{{0,8}})(?P<name>[A-Za-z][A-Za-z0-9_]{{4,31}})(?![A-Za-z0-9_]|[.-][A-Za-z0-9])",
    re.IGNORECASE,
)
_HELPING = rf"(?:{BETWEEN}|[号號码碼群客服交流联聯系繫咨询諮詢加是为為在线線同搜索])"
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


def handles(text: str) -> Iterator[Spelled]:
    """Names after an @, outside of code, where it marks a decorator or an annotation."""
    prose = _CODE.sub(" ", text) if "`" in text or "~~~" in text else text
    for match in _HANDLE.finditer(prose):
        if not _TAGS.fullmatch(match[0], 1):
            yield "handle", match[0]


def telegrams(text: str) -> Iterator[Spelled]:
    """Names behind the words for Telegram."""
    for match in _TELEGRAM.finditer(text):
        if "@" in match["between"] or is_name(match["name"], match["between"], text[match.end() : match.end() + 9]):
            yield "telegram", match["name"]
            if "@" in match["between"]:
                yield "handle", f"@{match['name']}"


def wechats(text: str) -> Iterator[Spelled]:
    """Names behind the words for WeChat."""
    for match in _WECHAT.finditer(text):
        before = match[0].removesuffix(match["id"])
        if is_name(match["id"], before, text[match.end() : match.end() + 9]):
            yield "wechat", match["id"]


def without_qq(text: str, found: list[Spelled]) -> str:
    """The text with a blank for each QQ number, which goes to `found`."""

    def taken(match: re.Match[str]) -> str:
        found.append(("qq", match["number"]))
        return " "

    return _QQ.sub(taken, text)


FINDERS = (
    (("@",), handles),
    (("tg", "telegram", "飞机", "飛機", "电报", "電報"), telegrams),
    (("微信", "薇信", "威信", "加微", "加薇", "v信", "vx", "wx", "wechat"), wechats),
)
"""Each function with the words, in small letters, of which a text has at least one if it finds anything."""
QQ = ("qq", "q群", "q号", "q號", "扣扣", "企鹅", "企鵝", "群号", "群號")
"""The same for `without_qq`."""
