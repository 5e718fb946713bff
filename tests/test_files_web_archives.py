"""Web archives: WARC as two libraries write it, WET, WACZ, whole and broken."""

from __future__ import annotations

import gzip
import io
import json
import sys
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import brotli
import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from fastwarc.stream_io import GzipWriter, ZstdWriter, zstd_train_dictionary_from_samples
from fastwarc.warc import WarcRecord, WarcRecordType
from test_files import only, put, put_parquet, rows
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from dedup.cli import main
from dedup.errors import install_line
from dedup.files import ReadOptions, read
from dedup.files.compressed import zstd_module
from dedup.files.formats.http_bodies import decoded_body
from dedup.files.formats.web_archives import COLUMNS, chosen_pages
from dedup.files.jobs import Job
from dedup.files.sources import Sources

zstd = zstd_module()

pytestmark = pytest.mark.filterwarnings(  # the writer of warcio leaves its temporary files open
    "ignore:.*SpooledTemporaryFile:pytest.PytestUnraisableExceptionWarning",
    "ignore:Implicitly cleaning up:ResourceWarning",
)

DATE = "2026-03-01T08:30:00Z"
SENTENCES = {
    "zh-Hans": "市图书馆从周一起延长开放时间,读者可以在晚上九点以前借还图书,周末还有面向儿童的朗读活动。",
    "zh-Hant": "市圖書館從週一起延長開放時間,讀者可以在晚上九點以前借還圖書,週末還有面向兒童的朗讀活動。",
    "ja": "市立図書館は月曜日から開館時間を延長し、利用者は午後九時まで本を借りたり返したりすることができる。",
    "ko": "시립 도서관은 월요일부터 운영 시간을 늘려 이용자는 밤 아홉 시까지 책을 빌리고 돌려줄 수 있다고 밝혔다.",
    "ar": "أعلنت مكتبة المدينة أنها ستمدد ساعات العمل ابتداء من يوم الاثنين حتى التاسعة مساء كل يوم 📚.",
}
HELLO = SENTENCES["zh-Hans"]


class Fetched(NamedTuple):
    """A record to write."""

    url: str = "http://news.example/1"
    body: bytes = b""
    headers: Sequence[tuple[str, str]] = (("Content-Type", "text/html; charset=utf-8"),)
    status: str = "200 OK"
    kind: str = "response"
    about: Sequence[tuple[str, str]] = ()
    date: str = DATE


def html(sentence: str = HELLO, language: str = "zh") -> bytes:
    """A page in UTF-8."""
    return f'<html lang="{language}"><head><title>1</title></head><body><p>{sentence}</p></body></html>'.encode()


def page(number: int, **more: object) -> Fetched:
    """The page of a number, as a record."""
    return Fetched(f"http://news.example/{number}", html(f"{number} {HELLO}"))._replace(**more)


def by_warcio(fetched: Sequence[Fetched], *, packed: bool = False) -> bytes:
    """An archive as warcio writes it."""
    out = io.BytesIO()
    writer = WARCWriter(out, gzip=packed)
    writer.write_record(writer.create_warcinfo_record("a.warc.gz", {"software": "a crawler"}))
    for one in fetched:
        whole = one.kind in ("response", "revisit")
        http = StatusAndHeaders(one.status, list(one.headers), protocol="HTTP/1.1") if whole else None
        about = dict(one.about) | {"WARC-Date": one.date}
        content_type = "" if whole else dict(one.headers).get("Content-Type", "")
        writer.write_record(
            writer.create_warc_record(
                one.url, one.kind, payload=io.BytesIO(one.body), http_headers=http, warc_headers_dict=about,
                warc_content_type=content_type,
            )
        )  # fmt: skip
    return out.getvalue()


def by_fastwarc(fetched: Sequence[Fetched], *, packed: bool = False) -> bytes:
    """An archive as FastWARC writes it."""
    out = io.BytesIO()
    target = GzipWriter(out) if packed else out
    for one in fetched:
        record = WarcRecord()
        record.init_headers(getattr(WarcRecordType, one.kind))
        for name, value in (("WARC-Target-URI", one.url), ("WARC-Date", one.date), *one.about):
            record.headers[name] = value
        head = "".join(f"{name}: {value}\r\n" for name, value in one.headers)
        if one.kind == "response":
            record.is_http = True
            record.set_bytes_content(f"HTTP/1.1 {one.status}\r\n{head}\r\n".encode() + one.body)
        else:
            record.headers["Content-Type"] = dict(one.headers).get("Content-Type", "")
            record.set_bytes_content(one.body)
        record.write(target)
    target.close() if packed else None
    return out.getvalue()


def wet(texts: dict[str, str]) -> bytes:
    """Texts by language, as Common Crawl writes a WET."""
    records = [b"WARC/1.0\r\nWARC-Type: warcinfo\r\nContent-Length: 0\r\n\r\n\r\n\r\n"]
    for language, text in texts.items():
        raw = text.encode()
        records.append(
            f"WARC/1.0\r\nWARC-Type: conversion\r\nWARC-Target-URI: https://{language}.example/新闻\r\n"
            f"WARC-Date: {DATE}\r\nWARC-Identified-Content-Language: {language}\r\nContent-Type: text/plain\r\n"
            f"Content-Length: {len(raw)}\r\n\r\n".encode()
            + raw
            + b"\r\n\r\n"
        )
    return b"".join(records)


def chunked(body: bytes, size: int = 40) -> bytes:
    """A body in chunks, each with an extension, and a trailer."""
    pieces = (body[begin : begin + size] for begin in range(0, len(body), size))
    return b"".join(b"%x;n=1\r\n%s\r\n" % (len(one), one) for one in pieces) + b"0\r\nX-Sum: 1\r\n\r\n"


def raw_deflate(body: bytes) -> bytes:
    """Deflate without the head of zlib."""
    return zlib.compress(body, wbits=-15)


CODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": lambda body: gzip.compress(body[:90]) + gzip.compress(body[90:]),
    "deflate": zlib.compress,
    "Deflate": raw_deflate,
    "br": brotli.compress,
    "zstd": zstd.compress,
    "gzip, br": lambda body: brotli.compress(gzip.compress(body)),
    "identity": bytes,
}


def names(path: Path) -> list[str]:
    """The ids that are read."""
    return [name for name, _ in rows(read([path]))]


def numbers(path: Path) -> list[str]:
    """Of the pages that are read."""
    return [name.rpartition("/")[2] for name in names(path)]


def test_the_pages_of_an_archive_are_articles(tmp_path: Path) -> None:
    """Each page is called by its address and is its article; the file has no problem."""
    found = read([put(tmp_path / "a.warc", by_warcio([page(1), page(2)]))])
    assert rows(found) == [(f"http://news.example/{number}", f"{number} {HELLO}") for number in (1, 2)]
    assert found.problems == []


@pytest.mark.parametrize("written", [by_warcio, by_fastwarc])
@pytest.mark.parametrize("suffix", ["warc", "warc.gz", "warc.zst", "whole.warc.gz"])
def test_archives_of_both_libraries_are_read(tmp_path: Path, written: Callable[..., bytes], suffix: str) -> None:
    """Records are compressed one by one or together, and the columns say what the archive knows."""
    fetched = [Fetched(f"https://{language}.example/", html(text, language)) for language, text in SENTENCES.items()]
    path = tmp_path / f"a.{suffix}"
    if suffix == "warc.gz":
        path.write_bytes(written(fetched, packed=True))
    else:
        put(path, written(fetched))
    found = read([path], columns=COLUMNS)
    assert found.problems == []
    assert found.table["text"].to_pylist() == list(SENTENCES.values())
    assert found.table.select(COLUMNS).to_pylist() == [
        {
            "url": f"https://{language}.example/",
            "date": DATE,
            "status": "200",
            "mime": "text/html",
            "declared_language": language,
            "language": None,
        }
        for language in SENTENCES
    ]


@pytest.mark.parametrize("suffix", ["wet", "warc.wet.gz"])
def test_a_wet_is_read(tmp_path: Path, suffix: str) -> None:
    """Texts that were taken out of pages before are read as they stand, with the language that was found."""
    found = read([put(tmp_path / f"a.{suffix}", wet(SENTENCES))], columns=["language", "mime", "status"])
    assert found.problems == []
    assert found.table.to_pylist() == [
        {"id": f"https://{one}.example/新闻", "text": text, "language": one, "mime": "text/plain", "status": None}
        for one, text in SENTENCES.items()
    ]


@pytest.mark.parametrize("coding", CODERS)
@pytest.mark.parametrize("in_chunks", [False, True])
def test_bodies_are_decoded(tmp_path: Path, coding: str, in_chunks: bool) -> None:
    """A body comes out of all codings that servers use, also in chunks."""
    body, headers = CODERS[coding](html()), [("Content-Type", "text/html"), ("Content-Encoding", coding)]
    if in_chunks:
        body, headers = chunked(body), [*headers, ("Transfer-Encoding", "chunked")]
    found = read([put(tmp_path / "a.warc", by_warcio([page(1, body=body, headers=headers)]))])
    assert rows(found) == [("http://news.example/1", HELLO)]


@pytest.mark.parametrize("coding", [*CODERS, "utf-8", "x-unheard-of"])
def test_a_body_that_is_not_coded_as_it_says_is_read(tmp_path: Path, coding: str) -> None:
    """Crawlers decode bodies and keep the heads: a body that is text stays as it is, and the next page is read."""
    headers = [("Content-Type", "text/html"), ("Content-Encoding", coding), ("Transfer-Encoding", "chunked")]
    path = put(tmp_path / "a.warc", by_fastwarc([page(1, headers=headers), page(2)]))
    assert numbers(path) == ["1", "2"]


@pytest.mark.parametrize("coding", ["gzip", "deflate", "Deflate", "br", "zstd", "x-unheard-of"])
def test_a_damaged_body_costs_one_record(tmp_path: Path, coding: str) -> None:
    """A body that breaks off or is of an unknown coding is a problem with the address; all other pages are read."""
    broken = CODERS.get(coding, gzip.compress)(html(HELLO * 40))[:-20]
    headers = [("Content-Type", "text/html"), ("Content-Encoding", coding)]
    found = read([put(tmp_path / "a.warc", by_warcio([page(1), page(2, body=broken, headers=headers), page(3)]))])
    assert [name[-1] for name, _ in rows(found)] == ["1", "3"]
    problem = only(found)
    assert problem.row == 3
    assert problem.severity == "error"
    assert problem.reason.startswith("http://news.example/2: its ")
    assert coding.lower() in problem.reason


def test_a_body_is_not_decoded_without_end() -> None:
    """A body that becomes longer than what may be held is an error."""
    for coding in ("gzip", "deflate", "br", "zstd"):
        with pytest.raises(OSError, match="more than 1,048,576 bytes"):
            decoded_body(CODERS[coding](bytes(1 << 22)), "", coding, 1 << 20)


def test_a_page_that_the_crawler_cut_is_read(tmp_path: Path) -> None:
    """What is left of a page is read and counted, compressed or not."""
    body = gzip.compress(html(HELLO * 40), 0)[:-200]
    cut = page(1, body=body, headers=[("Content-Type", "text/html"), ("Content-Encoding", "gzip")])
    cut = cut._replace(about=[("WARC-Truncated", "length")])
    found = read([put(tmp_path / "a.warc", by_warcio([cut]))])
    assert HELLO in str(rows(found)[0][1])
    assert only(found).severity == "warning"
    assert only(found).reason == "1 page of which the crawler kept only a part"


def test_what_is_no_page_is_passed_over_and_counted(tmp_path: Path) -> None:
    """One warning says how many records of which kind were passed over, the most first."""
    image = [("Content-Type", "image/png")]
    fetched = [
        page(1),
        *(page(number, status="301 Moved Permanently") for number in range(2, 5)),
        *(page(number, body=b"\x89PNG", headers=image) for number in (5, 6)),
        page(7, status="206 Partial Content"),
        page(8, kind="revisit"),
        page(9, kind="request", status="GET / HTTP/1.1")._replace(kind="metadata"),
        page(10, headers=[]),
        page(11, headers=[], body=b"\0\1"),
        Fetched("urn:x", b"body {}", [("Content-Type", "text/css")], kind="resource"),
    ]
    found = read([put(tmp_path / "a.warc", by_warcio(fetched))])
    assert [name.rpartition("/")[2] for name, _ in rows(found)] == ["1", "10"]
    assert only(found).severity == "warning"
    assert only(found).reason == (
        "9 records passed over: 3 of status 301, 2 image/png, 1 of status 206, 1 revisit, 1 of no type, 1 text/css"
    )


def test_what_wget_says_of_itself_is_no_article(tmp_path: Path) -> None:
    """The log of wget and its arguments, which it puts beside pages as resources in plain text."""
    own = [f"metadata://gnu.org/software/wget/warc/{name}" for name in ("MANIFEST.txt", "wget.log")]
    plain = [("Content-Type", "text/plain")]
    fetched = [page(1), *(Fetched(address, HELLO.encode(), plain, kind="resource") for address in own)]
    found = read([put(tmp_path / "a.warc", by_warcio(fetched))])
    assert len(rows(found)) == 1
    assert not found.problems


def test_only_the_most_frequent_kinds_are_named(tmp_path: Path) -> None:
    """A file of a hundred kinds has one line for all."""
    fetched = [page(number, headers=[("Content-Type", f"x/{number:03}")]) for number in range(100)]
    assert only(read([put(tmp_path / "a.warc", by_warcio(fetched))])).reason.endswith("1 x/019, and 80 other kinds")


def test_pages_without_an_article_are_named(tmp_path: Path) -> None:
    """A page without text costs itself, and is named with its record and its address."""
    fetched = [page(1), page(2, body=b"<html></html>"), page(3)]
    found = read([put(tmp_path / "a.warc", by_warcio(fetched))])
    problem = only(found)
    assert problem.row == 3
    assert problem.reason == "http://news.example/2: no article text found in the page"
    assert len(rows(found)) == 2


def test_plain_text_is_read_in_its_charset(tmp_path: Path) -> None:
    """Text is read as it stands: in UTF-8, or what the server says, with what cannot be decoded counted."""
    taiwan = SENTENCES["zh-Hant"]
    fetched = [
        Fetched("http://a.example/1", HELLO.encode(), [("Content-Type", "text/plain")]),
        Fetched("http://a.example/2", HELLO.encode("gb18030"), [("Content-Type", "text/plain; charset=GBK")]),
        Fetched("http://a.example/3", taiwan.encode("big5"), [("Content-Type", 'text/plain;charset="big5"')]),
        Fetched("http://a.example/4", "# 茶 A ".encode() + b"\xff", [("Content-Type", "text/markdown")]),
        Fetched("http://a.example/5", SENTENCES["ar"].encode("utf-16"), [("Content-Type", "text/plain")]),
        Fetched("http://a.example/6", b"", [("Content-Type", "text/plain")]),
    ]  # fmt: skip
    found = read([put(tmp_path / "a.warc", by_warcio(fetched))])
    assert [text for _, text in rows(found)] == [HELLO, HELLO, taiwan, "# 茶 A \ufffd", SENTENCES["ar"], ""]
    assert [problem.severity for problem in found.problems] == ["warning", "warning"]
    assert "1 undecodable byte" in found.problems[0].reason
    assert found.problems[0].row == 5
    assert "1 page in an encoding that had to be guessed" in found.problems[1].reason


def test_the_server_says_the_charset_of_a_page(tmp_path: Path) -> None:
    """A page that declares nothing is read in the charset of its response."""
    body = html(SENTENCES["ja"], "ja").decode().encode("euc-jp")
    one = page(1, body=body, headers=[("Content-Type", "text/html; charset=euc-jp")])
    path = put(tmp_path / "a.warc", by_warcio([one]))
    assert rows(read([path])) == [("http://news.example/1", SENTENCES["ja"])]


def test_an_encoding_that_is_said_counts_for_what_a_server_says(tmp_path: Path) -> None:
    """Of pages and of texts; nothing is guessed then, and pages that are UTF-8 stay so, for a crawl has many sites."""
    taiwan = SENTENCES["zh-Hant"]
    wrong = [("Content-Type", "text/html; charset=iso-8859-1")]
    fetched = [
        page(1, body=html(taiwan).decode().encode("big5")),
        page(2, body=html(taiwan).decode().encode("big5"), headers=wrong),
        page(3, body=html(HELLO)),
        Fetched("http://news.example/4", taiwan.encode("big5"), [("Content-Type", "text/plain")]),
    ]
    found = read([put(tmp_path / "a.warc", by_warcio(fetched))], ReadOptions(encoding="big5"))
    assert [text for _, text in rows(found)] == [taiwan, taiwan, HELLO, taiwan]
    assert found.problems == []


def test_languages_are_declared_or_found(tmp_path: Path) -> None:
    """The server's word counts before the page's; what the archive found is a column of its own."""
    headers = [("Content-Type", "text/html"), ("Content-Language", "zh-TW")]
    one = page(1, headers=headers, about=[("WARC-Identified-Content-Language", "zho,eng")])
    found = read([put(tmp_path / "a.warc", by_warcio([one, page(2)]))], columns=["declared_language", "language"])
    assert found.table["declared_language"].to_pylist() == ["zh-TW", "zh"]
    assert found.table["language"].to_pylist() == ["zho,eng", None]


def test_addresses_that_repeat_have_their_date(tmp_path: Path) -> None:
    """The first page of an address keeps it, whatever comes later; the others have their dates, and then a number."""
    later, gone = page(1, date="2026-03-02T00:00:00Z"), page(1, status="404 Not Found")
    fetched = [page(1), later, page(2), page(1), page(1), gone]
    path = put(tmp_path / "a.warc", by_warcio(fetched))
    first, second = "http://news.example/1", "http://news.example/2"
    assert names(path) == [first, f"{first} 2026-03-02T00:00:00Z", second, f"{first} {DATE}", f"{first} {DATE} 2"]


def test_addresses_in_brackets_are_addresses(tmp_path: Path) -> None:
    """wget wrote addresses in brackets; a record without an address is called by its file and its place."""
    raw = by_fastwarc([page(1), page(2)]).replace(b"http://news.example/1", b"<http://news.example/1>")
    raw = raw.replace(b"WARC-Target-URI: http://news.example/2\r\n", b"")
    assert names(put(tmp_path / "a.warc", raw)) == ["http://news.example/1", "a:1"]


@pytest.mark.parametrize("suffix", ["warc", "warc.gz"])
@pytest.mark.parametrize("kept", [1, 2])
def test_an_archive_cut_short_is_told(tmp_path: Path, suffix: str, kept: int) -> None:
    """All pages before the cut are kept, and the cut is an error of the file."""
    packed = suffix == "warc.gz"
    whole = [len(by_warcio([page(number) for number in range(count)], packed=packed)) for count in (kept, kept + 1)]
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(by_warcio([page(number) for number in range(3)], packed=packed)[: sum(whole) // 2])
    found = read([path])
    assert len(rows(found)) == kept
    assert only(found).severity == "error"
    assert "cut short" in only(found).reason
    assert f"the {kept} article" in only(found).reason


def test_a_cut_in_a_head_is_told(tmp_path: Path) -> None:
    """An archive may end in the head of a record."""
    raw = by_fastwarc([page(1), page(2)])
    found = read([put(tmp_path / "a.warc", raw[: raw.rindex(b"WARC/1.") + 40])])
    assert len(rows(found)) == 1
    assert "cut short in record 2, whose head has no end" in only(found).reason


def test_an_archive_without_its_last_lines_is_whole(tmp_path: Path) -> None:
    """Not every writer ends with the two empty lines; zeros at the end are those of a disk."""
    raw = by_fastwarc([page(1), page(2)])
    for content in (raw.rstrip(), raw + b"\r\n\r\n", raw + bytes(1000)):
        found = read([put(tmp_path / "a.warc", content)])
        assert len(rows(found)) == 2
        assert found.problems == []


def test_bare_line_feeds_are_lines(tmp_path: Path) -> None:
    """Heads that a tool wrote with line feeds alone are read."""
    raw = by_fastwarc([Fetched("http://a.example", HELLO.encode(), [("Content-Type", "text/plain")], kind="resource")])
    assert rows(read([put(tmp_path / "a.warc", raw.replace(b"\r\n", b"\n"))])) == [("http://a.example", HELLO)]


@pytest.mark.parametrize("rubbish", [b"not\r\na record\r\n", bytes(range(1, 256)) * 900, b"<html>\r\n\r\n</html>"])
def test_rubbish_between_records_is_told(tmp_path: Path, rubbish: bytes) -> None:
    """Bytes that are no record cost no record, and are named with the one after them."""
    one, two = by_fastwarc([page(1)]), by_fastwarc([page(2)])
    found = read([put(tmp_path / "a.warc", one + rubbish + b"\r\n" + two)])
    assert [name[-1] for name, _ in rows(found)] == ["1", "2"]
    assert only(found).row == 2
    assert "no record" in only(found).reason
    found = read([put(tmp_path / "a.warc", one + two + rubbish)])
    assert len(rows(found)) == 2
    assert "bytes at the end are no record" in only(found).reason


@pytest.mark.parametrize("by", [-200, -30, -1, 30, 3000, 10**9])
def test_a_wrong_length_is_told_and_costs_nothing(tmp_path: Path, by: int) -> None:
    """A record ends before the next one, whatever its Content-Length says."""
    raw = by_fastwarc([page(number) for number in range(1, 9)])
    at = raw.index(b"Content-Length: ", raw.index(b"news.example/3") - 400) + 16
    length = int(raw[at : raw.index(b"\r", at)])
    broken = raw[:at] + str(length + by).encode() + raw[raw.index(b"\r", at) :]
    found = read([put(tmp_path / "a.warc", broken)])
    assert [name[-1] for name, _ in rows(found)] == list("12345678")
    assert {text for _, text in rows(found)} == {f"{number} {HELLO}" for number in range(1, 9)}
    assert "wrong Content-Length, the first is record 3" in found.problems[0].reason


def test_a_torn_record_costs_itself(tmp_path: Path) -> None:
    """A crawler that was killed in a record and started again leaves a part, which is lost."""
    one, two, three = (by_fastwarc([page(number)]) for number in (1, 2, 3))
    found = read([put(tmp_path / "a.warc", one + two[:-90] + three)])
    assert [name[-1] for name, _ in rows(found)] == ["1", "3"]
    assert only(found).row == 2
    assert "Content-Length is" in only(found).reason


@pytest.mark.parametrize("head", [b"WARC-Type: response\r\n", b"Content-Length: many\r\n", b"Content-Length: -5\r\n"])
def test_a_broken_head_costs_one_record(tmp_path: Path, head: bytes) -> None:
    """A record whose length nobody knows is left out, up to the next one."""
    raw = by_fastwarc([page(1)]) + b"WARC/1.0\r\n" + head + b"\r\nsome text\r\n\r\n" + by_fastwarc([page(2)])
    found = read([put(tmp_path / "a.warc", raw)])
    assert [name[-1] for name, _ in rows(found)] == ["1", "2"]
    assert "its head is broken, or says no Content-Length" in only(found).reason


def test_long_records_are_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A record that is longer than what may be held is counted, and the pages after it are read."""
    monkeypatch.setattr("dedup.files.formats.warc_records.MOST", 2000)
    found = read([put(tmp_path / "a.warc", by_warcio([page(1), page(2, body=bytes(5000)), page(3)]))])
    assert len(rows(found)) == 2
    assert "1 longer than" in only(found).reason


@pytest.mark.parametrize("content", [b"<html></html>", b"\0\1\2" * 999, b"PK\3\4"])
def test_a_file_that_is_no_archive_is_told(tmp_path: Path, content: bytes) -> None:
    """A file of another kind has one problem."""
    found = read([put(tmp_path / "a.warc", content)])
    assert rows(found) == []
    assert "no record of a web archive" in only(found).reason


@pytest.mark.parametrize("packed", [False, True])
def test_zstd_with_a_dictionary_is_read(tmp_path: Path, packed: bool) -> None:
    """Records may be compressed with a dictionary, which is the first frame of the file, and compressed or not."""
    fetched = [page(number) for number in range(40)]
    dictionary = zstd_train_dictionary_from_samples([one.body * 3 for one in fetched], 2048)
    out = io.BytesIO()
    writer = ZstdWriter(out, dictionary=dictionary, compress_dictionary_frame=packed)
    writer.write(by_fastwarc(fetched))
    writer.close()
    assert out.getvalue().startswith(b"\x5d\x2a\x4d\x18")
    path = tmp_path / "a.warc.zst"
    path.write_bytes(out.getvalue())
    assert numbers(path) == [str(number) for number in range(40)]


def packed_wacz(members: dict[str, bytes]) -> bytes:
    """A WACZ with these members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as whole:
        whole.writestr("datapackage.json", json.dumps({"profile": "data-package"}))
        whole.writestr("pages/pages.jsonl", '{"format": "json-pages-1.0"}\n')
        whole.writestr("indexes/index.cdx.gz", gzip.compress(b"com,example)/ 2026 {}\n"))
        for name, raw in members.items():
            whole.writestr(name, raw)
    return out.getvalue()


def test_all_archives_of_a_wacz_are_read(tmp_path: Path) -> None:
    """The WARCs of a WACZ are one archive, in which each page has a name of its own."""
    first, second = by_warcio([page(1), page(2)], packed=True), by_fastwarc([page(1), page(3)])
    path = put(tmp_path / "a.wacz", packed_wacz({"archive/b.warc": second, "archive/a.warc.gz": first}))
    found = read([path])
    one = "http://news.example/1"
    assert [name for name, _ in rows(found)] == [one, one[:-1] + "2", f"{one} {DATE}", one[:-1] + "3"]
    assert found.problems == []
    assert read([put(tmp_path / "a.wacz.gz", path.read_bytes())]).table == found.table


def test_damaged_members_of_a_wacz_are_named(tmp_path: Path) -> None:
    """A member that is damaged or cut short is named, and the others are read."""
    whole = by_warcio([page(1), page(2)])
    members = {"archive/a.warc": whole, "archive/b.warc": whole[:-300], "archive/c.warc": whole, "archive/d.warc": b"x"}
    raw = packed_wacz(members)
    at = raw.index(b"archive/c.warc") + len(b"archive/c.warc") + 700
    found = read([put(tmp_path / "a.wacz", raw[:at] + b"\0\0\0" + raw[at + 3 :])])
    assert len(rows(found)) >= 3
    said = " ".join(problem.reason for problem in found.problems)
    assert "archive/b.warc: the archive is cut short" in said
    assert "archive/c.warc: Bad CRC-32" in said
    assert "archive/d.warc: no record" in said


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_member_that_does_not_inflate_costs_only_itself(tmp_path: Path, method: int) -> None:
    """Members should be stored, and are as often compressed, of which each codec has errors of its own."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as whole:
        for name, pages in (("archive/a.warc", range(1, 9)), ("archive/b.warc", range(9, 11))):
            whole.writestr(name, by_warcio([page(number) for number in pages]))
    raw = out.getvalue()
    for at in (40, 60, 90):
        found = read([put(tmp_path / "a.wacz", raw[:at] + b"\xff" * 20 + raw[at + 20 :])])
        assert {"http://news.example/9", "http://news.example/10"} <= {name for name, _ in rows(found)}
        assert "archive/a.warc: " in " ".join(problem.reason for problem in found.problems)


@pytest.mark.parametrize("content", [b"", b"not a zip", packed_wacz({})])
def test_what_is_no_wacz_is_told(tmp_path: Path, content: bytes) -> None:
    """A WACZ that is no zip, or has no WARC in it, is a problem that says so."""
    assert "WACZ" in only(read([put(tmp_path / "a.wacz", content)])).reason


def test_other_files_of_crawls_are_named_or_passed_over(tmp_path: Path) -> None:
    """Of WAT and ARC it is told what to read instead; indexes and open files are other kinds."""
    put(tmp_path / "a.warc", by_warcio([page(1)]))
    put(tmp_path / "b.warc.wat.gz", b"WARC/1.0\r\n")
    put(tmp_path / "c.arc.gz", b"filedesc://c.arc 0.0.0.0 20060101000000 text/plain 0\n")
    for name in ("a.cdx", "a.cdxj", "d.warc.gz.open"):
        put(tmp_path / name, b"x")
    found = read([tmp_path])
    assert len(rows(found)) == 1
    assert found.skipped == 5
    arc, wat, others = found.problems
    assert "read the .warc or .wet files" in wat.reason
    assert "warcio recompress" in arc.reason
    assert "3 files of no known kind passed over" in others.reason
    hidden = put(tmp_path / "e.warc", b"filedesc://c.arc 0.0.0.0 20060101000000 text/plain 0\n")
    assert "this is an ARC" in only(read([hidden])).reason


def test_a_column_that_an_archive_has_not_is_an_error(tmp_path: Path) -> None:
    """The columns that there are are named."""
    found = read([put(tmp_path / "a.warc", by_warcio([page(1)]))], columns=["host"])
    assert only(found).reason.startswith("no column 'host'; a web archive has 'url', 'date'")


@pytest.mark.parametrize(("missing", "extra"), [("fastwarc.warc", "warc"), ("trafilatura", "html")])
def test_without_an_extra_the_file_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str, extra: str
) -> None:
    """Without a library an archive is one problem, and not one a page."""
    monkeypatch.setitem(sys.modules, missing, None)
    put(tmp_path / "a.warc", by_warcio([page(1), page(2)]))
    put(tmp_path / "b.txt", "b")
    found = read([tmp_path])
    assert len(rows(found)) == 1
    assert install_line(extra) in only(found).reason


def test_a_wet_needs_no_reader_of_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only HTML needs trafilatura."""
    monkeypatch.setitem(sys.modules, "trafilatura", None)
    assert len(names(put(tmp_path / "a.wet", wet(SENTENCES)))) == len(SENTENCES)


def test_chosen_pages_are_called_as_they_were(tmp_path: Path) -> None:
    """Pages that are read again have the names that they had, also where those before them are not wanted."""
    fetched = [page(1), page(2, body=b"<html></html>"), page(1), page(1, body=b"<p></p>"), page(3), page(1)]
    path = put(tmp_path / "a.warc", by_warcio(fetched))
    sources = Sources()
    sources.add(path)
    wanted = np.array([False, False, False, True, False, True, True])
    with path.open("rb") as stream:
        (table,) = chosen_pages(Job(sources.files[0]), stream, wanted)
    assert table.column_names == ["id", "text", *COLUMNS]
    assert table["id"].to_pylist() == [name for name in names(path) if name != "http://news.example/1"]


# --- the commands ----------------------------------------------------------------------------------------------------

PASSED = "1 record passed over: 1 of status 404"


def crawl(folder: Path) -> Path:
    """An archive of two copies, another page, one that is missing, and one that is damaged."""
    headers = [("Content-Type", "text/html"), ("Content-Encoding", "gzip")]
    damaged = page(4, body=gzip.compress(html())[:-20], headers=headers)
    texts = [html(HELLO * 3 + end) for end in ("", "。")] + [html(SENTENCES["ko"] * 3, "ko")]
    pages = [page(number, body=body) for number, body in enumerate(texts, 1)]
    return put(folder / "a.warc.gz", by_warcio([*pages, page(5, status="404 Not Found"), damaged]))


def run(*arguments: object) -> Result:
    """What a command does."""
    return CliRunner().invoke(main, [str(one) for one in arguments])


def told(result: Result, code: int = 1) -> str:
    """What a command said, once it has named what it passed over and what it lost."""
    said = " ".join(result.output.split())
    assert result.exit_code == code, said
    assert PASSED in said
    assert "http://news.example/4: its body is damaged" in said
    return said


def test_cluster_reads_an_archive(tmp_path: Path) -> None:
    """The copies in an archive are one cluster, and what was passed over is told."""
    told(run("cluster", crawl(tmp_path), "--out", tmp_path / "o.parquet"))
    labels = {row["id"]: row["cluster"] for row in pq.read_table(tmp_path / "o.parquet").to_pylist()}
    one, two, three = (labels[f"http://news.example/{number}"] for number in (1, 2, 3))
    assert one == two != three


def test_cluster_compares_pages_of_one_day(tmp_path: Path) -> None:
    """The columns of an archive say which pages are compared."""
    path = crawl(tmp_path)
    told(run("cluster", path, "--within", "declared_language", "--out", tmp_path / "o.parquet"))
    told(run("cluster", path, "--within-days", 1, "--date", "date", "--out", tmp_path / "p.parquet"))


@pytest.mark.parametrize("suffix", ["jsonl", "parquet", "csv"])
@pytest.mark.parametrize("by", ["first", "newest:date"])
def test_unique_writes_the_pages_of_an_archive(tmp_path: Path, suffix: str, by: str) -> None:
    """One page of each cluster is written, with all that the archive says of it."""
    out = tmp_path / f"o.{suffix}"
    told(run("unique", crawl(tmp_path), "--out", out, "--keep", by, "--dropped", tmp_path / "d.parquet"))
    assert pq.read_table(tmp_path / "d.parquet")["id"].to_pylist() == ["http://news.example/2"]
    found = read([out], columns=["url", "mime"])
    assert found.table["id"].to_pylist() == ["http://news.example/1", "http://news.example/3"]
    assert found.table["url"].to_pylist() == ["http://news.example/1", "http://news.example/3"]
    assert found.table["mime"].to_pylist() == ["text/html"] * 2


def test_match_reads_an_archive_and_a_table(tmp_path: Path) -> None:
    """An archive may be what is looked for, and what is looked in."""
    path, table = crawl(tmp_path), put_parquet(tmp_path / "b.parquet", {"id": ["b"], "text": [HELLO * 3]})
    for pair in ((path, table), (table, path)):
        said = told(run("match", pair[0], "--against", pair[1], "--out", tmp_path / "o.parquet"))
        assert "2 pairs" in said or "matched" in said


def test_an_index_takes_an_archive(tmp_path: Path) -> None:
    """The pages of an archive are added under their addresses."""
    told(run("index", "add", tmp_path / "i", crawl(tmp_path)))


def test_a_night_takes_an_archive(tmp_path: Path) -> None:
    """A night reads an archive, and its rejects name the page that was damaged and count what was passed over."""
    folder = tmp_path / "in"
    crawl(folder)
    told(run("cluster", folder, "--state", tmp_path / "s", "--out", tmp_path / "o"), code=0)
    rejects = pq.read_table(next((tmp_path / "o").rglob("rejects.parquet"))).to_pylist()
    assert [(row["row"], row["severity"]) for row in rejects] == [(6, "error"), (None, "warning")]
    assert "passed over" in rejects[1]["reason"]
    assert "http://news.example/4" in rejects[0]["reason"]
