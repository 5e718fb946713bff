"""`dedup.evidence.indicators.services`: what is everybody's links nobody, and what somebody has there is somebody's."""

from __future__ import annotations

import gzip
from importlib.metadata import version
from pathlib import Path

import pytest
from conftest import script
from hypothesis import given
from hypothesis import strategies as st

from dedup.evidence.indicators import KINDS, found
from dedup.evidence.indicators.services import public, services

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize(
    "domain",
    [
        "t.me", "bit.ly", "github.com", "postimg.cc", "imgur.com", "google.com", "weibo.com", "jsdelivr.net",
        "pypi.org", "readthedocs.io", "github.io", "blogspot.com", "pages.dev", "linktr.ee", "gmail.com",
        "shields.io", "wa.me", "discord.gg", "lin.ee", "xiaohongshu.com", "deepl.com", "example.com", "com.cn",
        "Telegra.PH",
    ],
)  # fmt: skip
def test_public_domains(domain: str) -> None:
    """Sites that all know, hosts of pages and images, shorteners, messengers, and suffixes."""
    assert public("domain", domain)


@pytest.mark.parametrize("domain", ["yunlu-tea-88.com", "yunlu-tea.github.io", "yunlu.blogspot.com", "卡片.com", "x"])
def test_domains_of_somebody(domain: str) -> None:
    """What is registered, or an account of a host of pages."""
    assert not public("domain", domain)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("link", "https://github.com"),
        ("link", "www.github.com/"),
        ("link", "https://docs.google.com/"),
        ("link", "https://www.google.com/search?q=tea"),
        ("link", "https://twitter.com/intent/tweet?url=https://yunlu-tea-88.com/a"),
        ("link", "https://t.me/share/url?url=yunlu-tea-88.com"),
        ("link", "https://github.com/login"),
        ("link", "https://translate.google.com/translate?u=yunlu-tea-88.com"),
        ("link", "https://docs.python.org/3/library/re.html"),
        ("link", "https://nodejs.org/en/download/"),
        ("link", "https://creativecommons.org/licenses/by/4.0"),
        ("link", "https://example.com/a/b"),
        ("image", "https://img.shields.io/pypi/v/yunlu-tea"),
        ("image", "https://github.com/yunlu/tea/actions/workflows/ci.yml/badge.svg"),
        ("image", "https://www.example.org/1.png"),
        ("mail", "support@github.com"),
        ("mail", "yunlu@example.com"),
        ("handle", "@YouTube"),
        ("handle", "@username"),
        ("telegram", "telegram"),
        ("invite", "producthunt"),
    ],
)
def test_public(kind: str, value: str) -> None:
    """Services themselves, what they draw for all, their offices and names, and what stands in manuals."""
    assert public(kind, value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("link", "https://t.me/yunlu_tea"),
        ("link", "https://twitter.com/yunlu_tea"),
        ("link", "https://bit.ly/3yunLu"),
        ("link", "https://www.binance.com/?ref=YUNLU88"),
        ("link", "https://www.binance.com/pricing?ref=YUNLU88"),
        ("link", "https://docs.google.com/document/d/AbCdEf/edit"),
        ("link", "https://shimo.im/docs/AbCdEf"),
        ("link", "https://pan.baidu.com/share/link?shareid=1234567"),
        ("link", "https://github.com/yunlu/tea"),
        ("link", "https://yunlu-tea.github.io/"),
        ("link", "https://yunlu-tea-88.com"),
        ("image", "https://i.postimg.cc/AbCdEfGh/yunlu.png"),
        ("mail", "yunlu.tea@gmail.com"),
        ("mail", "support@yunlu-tea-88.com"),
        ("handle", "@yunlu_tea"),
        ("invite", "YUNLU88"),
        ("invite", "163"),
        ("wallet", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"),
        ("phone", "+8613812345678"),
        ("qq", "1234567"),
        ("link", ""),
    ],
)
def test_of_somebody(kind: str, value: str) -> None:
    """An account, an image, a short address or a referral on a public host is not the host."""
    assert not public(kind, value)


@given(
    st.sampled_from(KINDS), st.text(max_size=30) | st.sampled_from(["/", "@", "https://", "https://@/", ".", ".com"])
)
def test_any_value(kind: str, value: str) -> None:
    """Nothing raises, and the answer is yes or no."""
    assert public(kind, value) in (True, False)


def test_key_and_form_have_one_answer() -> None:
    """However an indicator is written."""
    for one in found("HTTPS://GitHub.com/ www.github.com @YouTube https://t.me/Yunlu_Tea a@Example.com"):
        assert public(one.kind, one.key) == public(one.kind, one.form)


def test_the_shipped_list_is_the_one_that_is_built() -> None:
    """Of the version that the file names."""
    pytest.importorskip("pymispwarninglists")
    shipped = gzip.decompress((ROOT / "dedup" / "data" / "services.txt.gz").read_bytes()).decode()
    made_of = shipped.split(":", 1)[0].removeprefix("# pymispwarninglists ")
    if version("pymispwarninglists") != made_of:
        pytest.skip(f"pymispwarninglists is {version('pymispwarninglists')}, the list is of {made_of}")
    assert script("tools/build_services.py").services() == shipped


def test_the_list_holds_hosts() -> None:
    """In small letters, each with a dot, and none with a blank or a slash."""
    assert len(services()) > 20_000
    assert all("." in host and host == host.lower() and not set(host) & set(" /:@*") for host in services())
