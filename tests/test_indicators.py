"""`dedup.evidence.indicators`: what leads to the operator is found in every script, and junk is not."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dedup.evidence.indicators as indicator_package
from dedup.evidence.indicators import KINDS, OPERATOR, Indicator, indicators, ranked
from dedup.evidence.indicators import found as found_in


def found(text: str, *kinds: str) -> list[str]:
    """The values of these kinds in one text."""
    return [one.value for one in indicators([text]) if one.kind in kinds]


def test_textbook_example() -> None:
    """A handle in two of three texts, under two spellings, comes before what one text holds."""
    texts = ["办卡加TG: @Good_Cards", "办卡加 @good_cards，QQ：7654321", "办卡加 @Good_Cards 电话13812345678"]
    assert indicators(texts) == [
        Indicator("handle", "@Good_Cards", 3, 3),
        Indicator("qq", "7654321", 1, 3),
        Indicator("telegram", "Good_Cards", 1, 3),
        Indicator("phone", "+8613812345678", 1, 3),
    ]


def test_seeds(seeds: list[str], contacts: tuple[str, str]) -> None:
    """Five rewrites of one operator: the handle that is in all of them, the account it is, then the image."""
    handle, image = contacts
    assert indicators(seeds)[:3] == [
        Indicator("handle", handle, 5, 5),
        Indicator("telegram", handle.removeprefix("@"), 5, 5),
        Indicator("image", image, 5, 5),
    ]


def test_nothing() -> None:
    """No texts, empty texts and plain prose have no indicators."""
    assert indicators([]) == indicators(["", "普通的文章，没有联系方式。", "Plain prose, e.g. v1.2.3."]) == []


def test_a_text_counts_once() -> None:
    """However often a text says it."""
    assert indicators(["@some_shop @some_shop", "@some_shop"]) == [Indicator("handle", "@some_shop", 2, 2)]


def test_ranking() -> None:
    """Most members first, then the kinds in their order, then the values; what names nobody in nine tenths waits."""
    ranked = indicators(["https://b.example.com/x @zoe_1 @amy_1 a@example.net", "https://a.example.com/x"])
    assert [(one.kind, one.value) for one in ranked] == [
        ("domain", "example.com"),
        ("handle", "@amy_1"),
        ("handle", "@zoe_1"),
        ("mail", "a@example.net"),
        ("link", "https://a.example.com/x"),
        ("link", "https://b.example.com/x"),
        ("domain", "example.net"),
    ]


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("请看https://example.com/a注册", ["https://example.com/a"]),
        ("请看https://example.com/a，注册", ["https://example.com/a"]),
        ("請訪問example.com，謝謝", ["example.com"]),
        ("（https://example.com/a）。", ["https://example.com/a"]),
        ("[[x](https://example.com/a)]", ["https://example.com/a"]),
        ("**https://example.com/a**", ["https://example.com/a"]),
        ("(https://example.com/a_(b)).", ["https://example.com/a_(b)"]),
        ("<https://example.com/a?b=c&amp;d=%E5%8D%A1#e>", ["https://example.com/a?b=c&d=%E5%8D%A1#e"]),
        ("https://example.com/a,https://example.com/b", ["https://example.com/a", "https://example.com/b"]),
        ("HTTPS://Example.COM/Aa", ["https://example.com/Aa"]),
        ("ｈｔｔｐｓ：／／ｅｘａｍｐｌｅ．ｃｏｍ／ａ", ["https://example.com/a"]),
        ("https://exam\u200bple.com/a", ["https://example.com/a"]),
        ("[東京](https://example.com/東京)を見る", ["https://example.com/%E6%9D%B1%E4%BA%AC"]),
        ("여기 https://example.com/a에서", ["https://example.com/a"]),
        ("https://卡片.com/a注册", ["https://xn--hlry23e.com/a"]),
        ("https://example.com注册", ["https://example.com"]),
        ("http://8.8.8.8/x", ["http://8.8.8.8/x"]),
        ("www.example.info bit.ly/abc t.me", ["bit.ly/abc", "www.example.info"]),
    ],
)
def test_links(text: str, links: list[str]) -> None:
    """An address ends where Chinese, brackets, marks or punctuation begin."""
    assert found(text, "link") == links


@pytest.mark.parametrize(
    "text",
    [
        "README.md setup.py run.sh main.rs 1.2.3 v2.0 e.g. object.id socket.io node.js/express docs/setup.py/x",
        "http://localhost:8000/x http://10.0.0.1/ http://printer.local/ http://name/",
        "https:// http://http://http://",
        "https://example.com/" + "a" * 2000,
    ],
)
def test_no_links(text: str) -> None:
    """Names of files, code, versions, hosts that nobody can reach, and addresses beyond all length."""
    assert found(text, "link", "domain") == []


def test_spellings_of_an_address_are_one() -> None:
    """With and without scheme and last slash, shown as most texts have it."""
    texts = ["https://example.com/a/", "http://example.com/a", "example.com/a", "https://example.com/a/"]
    assert indicators(texts)[1:] == [Indicator("domain", "example.com", 4, 4)]
    assert indicators(texts)[0] == Indicator("link", "https://example.com/a/", 4, 4)


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("https://t.me/s/abcde", "t.me"),
        ("https://www.shop.example.co.uk/", "example.co.uk"),
        ("https://somebody.github.io/x", "somebody.github.io"),
        ("https://www.卡片.com/", "卡片.com"),
        ("https://xn--fsqu00a.xn--fiqs8s/", "例子.中国"),
        ("mail to a.b@mail.example.com.cn", "example.com.cn"),
        ("![](https://img.example.com/1.png)", "example.com"),
    ],
)
def test_domains(text: str, domain: str) -> None:
    """What somebody registered, of links, mails and images, as people read it."""
    assert found(text, "domain") == [domain]


@pytest.mark.parametrize(
    ("text", "images"),
    [
        ("![Image](https://img.example.com/1)]", ["https://img.example.com/1"]),
        ('![图](https://img.example.com/1 "标题")', ["https://img.example.com/1"]),
        ("[![a](https://img.example.com/1)](https://example.com)", ["https://img.example.com/1"]),
        ("![图](https://img.example.com/图.png)", ["https://img.example.com/%E5%9B%BE.png"]),
        ('<img width="9" src="https://img.example.com/1?x=y">', ["https://img.example.com/1?x=y"]),
        ("<IMG SRC=//img.example.com/1>", ["https://img.example.com/1"]),
        ("见https://img.example.com/1.JPEG?w=9图", ["https://img.example.com/1.JPEG?w=9"]),
        ("![](images/1.png) ![](data:image/png;base64,AAAA) ![](https://localhost/1.png)", []),
    ],
)
def test_images(text: str, images: list[str]) -> None:
    """Images of Markdown, of HTML and by their suffix, and none of them is a link too."""
    assert found(text, "image") == images
    assert found(text, "link") in ([], ["https://example.com"])


@pytest.mark.parametrize(
    ("text", "handles"),
    [
        ("联系@some_shop办理", ["@some_shop"]),
        ("聯繫 **@Some_Shop**。", ["@Some_Shop"]),
        ("お問い合わせは＠some_shop、まで", ["@some_shop"]),
        ("문의 @some_shop입니다", ["@some_shop"]),
        ("[[TG💪+ @some_shop](https://example.com)]", ["@some_shop"]),
        ("TG@some_shop", ["@some_shop"]),
        ("@\u200bsome_shop\ud800", ["@some_shop"]),
        ("a@example.com, a@b, npm i @scope/pkg, https://example.com/@some_shop", []),
        ("@pytest.fixture @app(1) @media (x) @2x @10Gbps @1080p @12345 @ab @article{x,", []),
        ("```python\n@property\n@cached\ndef x(): ...\n```\n`@Autowired`", []),
        ("@" + "a" * 33, []),
    ],
)
def test_handles(text: str, handles: list[str]) -> None:
    """Names after an @, but no mails, packages, decorators and sizes."""
    assert found(text, "handle") == handles


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("TG💪+ @abc1088", ["abc1088"]),
        ("加tg：abc_shop", ["abc_shop"]),
        ("电报：abcshop，", ["abcshop"]),
        ("飛機號 @abc_shop", ["abc_shop"]),
        ("纸飞机abc123", ["abc123"]),
        ("Telegram: @abcshop", ["abcshop"]),
        ("https://t.me/s/abcd t.me/Abc_2/15 https://telegram.me/abc3", ["Abc_2", "abc3", "abcd"]),
        ("https://t.me/+AbCdEf12 t.me/joinchat/AbCdEf12?x=y", ["+AbCdEf12"]),
        ("https://t.me/share/url https://t.me/joinchat/ https://t.me/proxy?server=x", []),
        ("Telegram: join our channel. The telegram channel. tgt_lang 飞机 boeing", []),
    ],
)
def test_telegram(text: str, names: list[str]) -> None:
    """Accounts of addresses and after the usual words; plain English after them is none."""
    assert found(text, "telegram") == names


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("ＱＱ：１２３４５６７", ["1234567"]),
        ("QQ客服号 12345678901", ["12345678901"]),
        ("Q群:123456、群號：234567、扣扣345678、企鹅号是456789", ["123456", "234567", "345678", "456789"]),
        ("QQ（1234567）", ["1234567"]),
        ("QQ: 1234567, or QQ 2345678.", ["1234567", "2345678"]),
        ("QQ有100000000人，QQ 2024，QQ: 0123456, QQ:1234567890123, MyQQ 123456", []),
    ],
)
def test_qq(text: str, numbers: list[str]) -> None:
    """Numbers after the words for QQ; what is one is no telephone number too."""
    assert found(text, "qq") == numbers
    assert found(text, "phone") == []


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("微信号：abc_shop", ["abc_shop"]),
        ("微信號：abcshop。", ["abcshop"]),
        ("加微abc-2024，vx: abc-2025", ["abc-2024", "abc-2025"]),
        ("WeChat ID: abc_shop；V信abc2026", ["abc2026", "abc_shop"]),
        ("薇信 13812345678", ["13812345678"]),
        ("微信公众号：abcshop", []),
        ("微信小程序，微信 Android 版，wx.request(abc_1), WeChat official account", []),
    ],
)
def test_wechat(text: str, names: list[str]) -> None:
    """Names and telephone numbers after the words for WeChat."""
    assert found(text, "wechat") == names


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("电话13812345678办理", ["+8613812345678"]),
        ("＋８６ １３８-１２３４-５６７８", ["+8613812345678"]),
        ("香港 +852 9123 4567。", ["+85291234567"]),
        ("座机：010-12345678，", ["+861012345678"]),
        ("Call +1 (650) 253-0000 now", ["+16502530000"]),
        ("400-810-8888", ["+864008108888"]),
        ("20250513001412 2025-05-13 1381234567890 ￥13812345678.50 id_13812345678 1.13812345678", []),
        ("https://example.com/13812345678 12345678901 +123", []),
    ],
)
def test_phones(text: str, numbers: list[str]) -> None:
    """Valid numbers as E.164; no dates, prices, ids and parts of addresses."""
    assert found(text, "phone") == numbers


@pytest.mark.parametrize(
    ("text", "kind", "values"),
    [
        ("https://line.me/ti/p/~yunlu.tea line.me/R/ti/p/%40yunlu88 line.me/ti/g2/AbCdEfGh", "line",
         ["AbCdEfGh", "yunlu.tea", "yunlu88"]),
        ("https://lin.ee/AbCd123 https://page.line.me/yunlu88?openQrModal=true", "line", ["AbCd123", "yunlu88"]),
        ("LINE ID: yunlu_tea，加LINE：@yunlu88", "line", ["yunlu88", "yunlu_tea"]),
        ("line id：yunlu.tea。官方Line帳號 yunlu-88", "line", ["yunlu-88", "yunlu.tea"]),
        ("加賴 yunlu88，賴ID：yunlu.tea，赖号yunlu99，賴：@yunlu66", "line",
         ["yunlu.tea", "yunlu66", "yunlu88", "yunlu99"]),
        ("The command line: yunlu_tea. LINE 12: x_1. On line 4, offline_id: abc_1", "line", []),
        ("賴：我喝茶。賴先生 abc_1。賴 2025。依赖：abc_1，信賴 ID：abc_1", "line", []),
        ("https://wa.me/85291234567 wa.me/+14155550134?text=hi https://wa.me/message/ABCDEFGHIJ2345", "whatsapp",
         ["+14155550134", "+85291234567", "ABCDEFGHIJ2345"]),
        ("https://api.whatsapp.com/send?phone=85291234567&text=a https://web.whatsapp.com/send/?a=b&phone=%2B6591234567",
         "whatsapp", ["+6591234567", "+85291234567"]),
        ("https://chat.whatsapp.com/AbCdEfGhIjKlMnOpQrStUv https://whatsapp.com/channel/0029AbCdEfGhIj", "whatsapp",
         ["0029AbCdEfGhIj", "AbCdEfGhIjKlMnOpQrStUv"]),
        ("WhatsApp：+852 9123 4567；Whats App us at +65 9123 4567; WhatsApp客服号 +86 138-1234-5678", "whatsapp",
         ["+6591234567", "+85291234567", "+8613812345678"]),
        ("WhatsApp has 2000000000 users. WhatsApp 2.19.244.51. WhatsApp: 1234567", "whatsapp", []),
        ("https://signal.me/#p/+14155550134 https://signal.group/#CjQKIAbCdEfGhIjKlMn", "signal",
         ["+14155550134", "CjQKIAbCdEfGhIjKlMn"]),
        ("https://signal.me/#eu/AbCdEfGhIjKlMnOpQrSt", "signal", ["AbCdEfGhIjKlMnOpQrSt"]),
        ("Signal: yunlu.42, Signal：+852 9123 4567", "signal", ["+85291234567", "yunlu.42"]),
        ("The signal is 1234567. A signal: SIGTERM. Signal processing 2.04", "signal", []),
        ("https://discord.gg/AbC12 https://discord.com/invite/yunlu-tea discord.com/users/123456789012345678",
         "discord", ["123456789012345678", "AbC12", "yunlu-tea"]),
        ("Discord：Yunlu#1234，Discord ID: @yunlu.tea; Discord: yunlu_88", "discord",
         ["Yunlu#1234", "yunlu.tea", "yunlu_88"]),
        ("https://discord.com/developers/docs discord.js, Discord: join us, a Discord client_id", "discord", []),
        ("https://www.xiaohongshu.com/user/profile/5f0e1d2c3b4a5f6e7d8c9b0a?x=y", "xiaohongshu",
         ["5f0e1d2c3b4a5f6e7d8c9b0a"]),
        ("小红书号：123456789，小紅書號 yunlu_tea；小红书：yunlu88；小红书账号是 yunlu99", "xiaohongshu",
         ["123456789", "yunlu88", "yunlu99", "yunlu_tea"]),
        ("Xiaohongshu ID: 123456789, RedNote account @yunlu88", "xiaohongshu", ["123456789", "yunlu88"]),
        ("小红书2000万用户，小红书 20250101，小红书：我们的笔记", "xiaohongshu", []),
        ("公众号 gh_0123456789ab，https://open.weixin.qq.com/qr/code?username=gh_ba9876543210", "wechat_official",
         ["gh_0123456789ab", "gh_ba9876543210"]),
        ("https://mp.weixin.qq.com/s?__biz=MzA1MjM0NTY3OA==&mid=1", "wechat_official", ["MzA1MjM0NTY3OA"]),
        ("微信公众号：云麓茶话。微信公眾號「雲麓茶話」，公众号名称：**YunluTea**", "wechat_official",
         ["YunluTea", "云麓茶话", "雲麓茶話"]),
        ("WeChat official account: YunluTea, WeChat public account ID: yunlu_88", "wechat_official",
         ["YunluTea", "yunlu_88"]),
        ("公众号：扫码关注。公众号开发（文档）与小程序，公众号：回复关键词", "wechat_official", []),
    ],
)  # fmt: skip
def test_messengers(text: str, kind: str, values: list[str]) -> None:
    """Accounts of addresses, and behind the words in both scripts of Chinese and in English; prose has none."""
    assert found(text, kind) == values


def test_a_number_of_a_messenger_is_a_telephone_number_too() -> None:
    """So that it meets the texts that only print it; one that is not valid names only the account."""
    assert found("https://wa.me/85291234567 WhatsApp: +65 9123 4567", "phone") == ["+6591234567", "+85291234567"]
    assert found("https://wa.me/1234567", "phone", "whatsapp") == ["+1234567"]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("hxxps://example[.]com/a", "link", "https://example.com/a"),
        ("hXXp://www.example(.)com/a", "link", "http://www.example.com/a"),
        ("h**ps[://]shop {dot} example [DOT] com/a", "link", "https://shop.example.com/a"),
        ("example\\[.\\]com/a", "link", "example.com/a"),
        ("官网example【点】com", "link", "example.com"),
        ("官網 example點com", "link", "example.com"),
        ("foo[at]example[.]com", "mail", "foo@example.com"),
        ("foo (at) example (dot) com", "mail", "foo@example.com"),
        ("t[.]me/yunlu_tea", "telegram", "yunlu_tea"),
    ],
)
def test_defanged(text: str, kind: str, value: str) -> None:
    """What is written so that nobody follows it by mistake counts as what it stands for."""
    assert found(text, kind) == [value]


@pytest.mark.parametrize(
    "text",
    ["Look (at) me. See [@me] or a[at]b, x (.) y.", "下午3点come", "[.](a) (dot) products", "h**p", "数组[.]长度"],
)
def test_not_defanged(text: str) -> None:
    """Brackets and words of prose stay what they are."""
    assert found(text, *KINDS) == []


def test_who_before_where() -> None:
    """An account that nine tenths of the top's members hold stands before images and hosts, one that fewer hold not."""
    image = "![](https://img.example.com/1.png)"
    texts = [f"{image} @yunlu_tea"] * 9 + [image]
    assert [one.kind for one in indicators(texts)] == ["handle", "image", "domain"]
    assert [one.kind for one in indicators([*texts, image])] == ["image", "domain", "handle"]


def test_found() -> None:
    """One text gives kinds, keys that its spellings share, and the spellings themselves."""
    held = found_in("@Yunlu_Tea @yunlu_tea https://Example.com/A/ http://example.com/A")
    assert {(one.kind, one.key) for one in held} == {
        ("handle", "@yunlu_tea"), ("link", "example.com/A"), ("domain", "example.com"),
    }  # fmt: skip
    assert sorted(one.form for one in held if one.kind == "handle") == ["@Yunlu_Tea", "@yunlu_tea"]
    assert found_in("") == found_in("一篇普通的文章，没有联系方式。") == []


@pytest.mark.parametrize(
    "text", ["公众号：云麓茶话", "公眾號「雲麓」", "001 65 02 53 00 00", "看a点cn/x", "ab[.]cn/x", "看a.cn/x"]
)
def test_the_shortest_pass_the_first_look(text: str) -> None:
    """What has no four letters or digits in a row may be an indicator, too."""
    assert found_in(text)


def test_every_kind_is_documented() -> None:
    """The table says what each value is, and the kinds that name somebody stand before those that do not."""
    source = Path(vars(indicator_package)["__file__"]).read_text("utf-8")
    assert re.findall(r"^\| `(\w+)` \|", source, re.MULTILINE) == list(KINDS)
    assert list(KINDS[len(OPERATOR) :]) == ["image", "link", "domain"]


def test_what_is_read_as_something_else_is_looked_at() -> None:
    """Every character that normalising makes part of an address or a name passes the first look."""
    telling = re.compile(r"[A-Za-z0-9@+._:/-]")
    missed = [
        hex(code)
        for code in range(128, 0x110000)
        if not 0xD800 <= code <= 0xDFFF
        and telling.search(unicodedata.normalize("NFKC", chr(code)))
        and not indicator_package._SHAPE.search(chr(code))
    ]
    assert [one for one in missed if chr(int(one, 16)) not in _HARMLESS] == []


_HARMLESS = "：⩴‥…"
"""Colons and dots that alone begin nothing."""


@pytest.mark.parametrize(
    ("text", "mails"),
    [
        ("邮箱Some.One@Example.com，", ["some.one@example.com"]),
        ("<a href='mailto:some.one@example.com'>", ["some.one@example.com"]),
        ("git@github.com:a/b.git a@b.invalid logo@2x.png", []),
    ],
)
def test_mails(text: str, mails: list[str]) -> None:
    """Addresses under a known suffix, without case."""
    assert found(text, "mail") == mails


WALLETS = [
    "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2",
    "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
    "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t",
    "0xde0B295669a9FD93d5F28D9Ec85E40f4cb697BAe",
]
"""Of the documentation of Bitcoin, BIP 173 and 350, TRON and Ethereum."""


@pytest.mark.parametrize("wallet", WALLETS)
def test_wallets(wallet: str) -> None:
    """An address is found between Chinese, in an address, and once however its digits are written."""
    assert found(f"收款{wallet}谢谢", "wallet") == [wallet]
    assert found(f"https://example.com/{wallet}", "wallet") == [wallet]


@pytest.mark.parametrize("wallet", WALLETS)
def test_no_wallets(wallet: str) -> None:
    """With a letter more, or another one, the checksum or the length is wrong."""
    assert found(f"{wallet}a a{wallet}", "wallet") == []
    if not wallet.startswith("0x"):
        assert found(wallet[:-1] + ("3" if wallet[-1] != "3" else "4"), "wallet") == []


def test_placeholders_are_no_wallets() -> None:
    """Nobody has the address of zeros."""
    assert found(f"0x{'0' * 40} 0x{'12' * 20}", "wallet") == []


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("邀请码：ab12cd", ["ab12cd"]),
        ("邀請碼為【ABCDEF】", ["ABCDEF"]),
        ("推荐码 `SAVE-20`，优惠券码：vip_99", ["SAVE-20", "vip_99"]),
        ("Use promo code SAVE or invitation code: x9y8", ["SAVE", "x9y8"]),
        ("https://example.com/r?aff=77&amp;x=1&invite_code=QW", ["77", "QW"]),
        ("promo code is required, 邀请码 hello, https://example.com/r?ref=main", []),
    ],
)
def test_invites(text: str, codes: list[str]) -> None:
    """Codes after the usual words and in addresses; plain words are none."""
    assert found(text, "invite") == codes


PIECES = [
    "@", "@ab_c", "TG", "QQ", "群号", "微信", "vx", ":", "：", " ", "\n", "1", "13812345678", "+852 ", "0x", "T", "bc1",
    "http://", "https://", "www.", "example", ".", "com", ".中国", "/", "t.me/", "?ref=", "&", "#", "%", "[", "](",
    ")", "!", "![", "<img src=", ">", "`", "```a\n", "邀请码", "字", "の", "한", "é", "💪",
    "\u200b", "\ud800", "\udc00", "ﷺ", "\0", "LINE", "ID", "賴", "WhatsApp", "Signal", "Discord", "小红书号", "公众号",
    "「", "[.]", "(at)", "hxxp", "wa.me/", "lin.ee/", "discord.gg/", "signal.me/#p/",
]  # fmt: skip


@settings(deadline=None, max_examples=300)
@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=30).map("".join) | st.text(), max_size=4))
def test_any_text(texts: list[str]) -> None:
    """Nothing raises; all is ranked, each once, in no more texts than there are; the first look misses none."""
    assert all(indicator_package._may_hold(text) or not list(indicator_package._found(text)) for text in texts)
    result = indicators(texts)
    assert result == ranked(reversed(result))
    assert len({(one.kind, one.value) for one in result}) == len(result)
    assert all(1 <= one.members <= len(texts) and one.value for one in result)


@pytest.mark.parametrize(
    "piece",
    [
        "a", "1", "@", "字", " ", "/", "(", "![", "http://", "http://a.com/ ", "https://字", "](https://a字", "src=https://",
        "<img src ", "```a\n", "LINE ID ", "加賴", "LINE: a", "WhatsApp ", "WhatsApp 1 ", "Signal: a", "Discord: a.",
        "公众号：", "公众号", "小红书号", "小红书号a.", "gh_", "[.]", " [", " (dot) ", "a [at] ", "hxxp://", "a点", "https://wa.me/1",
        "https://t.me/+", "a.", ".aa", ":", "a.bb ", "(http://a.com)", "hxx", "src", "h", "13", "0x1", "T1", "@ ",
        "加line", "+11 11 ", "QQ ", "微信", "邀请码", "a@", "\u0301\u0327", "\ud800", "ﷺ",
    ],
)  # fmt: skip
def test_a_megabyte_of_one_thing(piece: str) -> None:
    """Time is in proportion to the length: this returns."""
    assert len(indicators([piece * (1_000_000 // len(piece))])) <= 2


def test_wechat_ids_may_follow_an_at_sign() -> None:
    """They may hold a hyphen, which no handle does."""
    assert [(one.kind, one.value) for one in indicators(["[WeChat @yunlu-tea-88]"])] == [("wechat", "yunlu-tea-88")]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("邮箱：foo@example.com", "mail", "foo@example.com"),
        ("邮箱:foo@example.com", "mail", "foo@example.com"),
        ("联系我们：www.example.com", "link", "www.example.com"),
        ("官网：example.com/x", "link", "example.com/x"),
        ("官网：https://example.com/x", "link", "https://example.com/x"),
    ],
)
def test_a_colon_is_no_part_of_an_address(text: str, kind: str, value: str) -> None:
    """As it stands behind a Chinese word before one."""
    assert (kind, value) in [(one.kind, one.value) for one in indicators([text])]
