"""Web archives beside the work that nobody can spare: `python bench/web_archives.py [--pages N] [--rounds N]`.

Pages of a news site with its head, menus, lists and footer around an article in Chinese. Prints the seconds of the
processor, one thread, of two pairs over the same pages, and their ratios: the articles taken out of pages that are at
hand, and out of the WARC that a crawler wrote (gzip per record, with requests); a folder of text files, and the same
texts in a WET, both as they are and both compressed.
"""

from __future__ import annotations

import argparse
import gzip
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import corpus
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]

from dedup import files
from dedup.files.formats.pages import read_page

HEAD = """<!DOCTYPE html><html lang="zh-CN"><head><meta charset="utf-8"><title>{title}</title>{meta}
<script>window.site={{"section":"news","ads":[1,2,3]}};function go(a){{return a.map(b=>b+1)}}</script>
<style>.list li{{margin:0 4px}}.foot{{color:#999}}</style></head><body><header><nav><ul>{menu}</ul></nav></header>"""
FOOT = """<aside><h3>热门</h3><ul class="list">{menu}</ul></aside><footer class="foot"><p>版权所有 未经许可不得转载</p>
<ul>{menu}</ul></footer></body></html>"""


def page(title: str, text: str) -> bytes:
    """A page with an article of some paragraphs in it."""
    menu = "".join(
        f'<li><a href="/list/{number}.html" title="栏目{number}">栏目{number}</a></li>' for number in range(40)
    )
    meta = "".join(f'<meta property="og:{name}" content="{title}">' for name in ("title", "description", "site_name"))
    paragraphs = "".join(f"<p>{text[at : at + 160]}</p>" for at in range(0, len(text), 160))
    article = f'<main><article><h1>{title}</h1><div class="content">{paragraphs}</div></article></main>'
    return (HEAD.format(title=title, meta=meta, menu=menu) + article + FOOT.format(menu=menu)).encode()


def record(kind: str, number: int, content_type: str, block: bytes) -> bytes:
    """A record as a crawler writes it."""
    return (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-{number:012}>\r\n"
        f"WARC-Date: 2026-03-01T00:00:00Z\r\nWARC-Target-URI: https://news.example/{number}.html\r\n"
        f"WARC-Payload-Digest: sha1:{'A' * 32}\r\nContent-Type: {content_type}\r\nContent-Length: {len(block)}\r\n\r\n"
    ).encode() + block + b"\r\n\r\n"  # fmt: skip


def warc(pages: list[bytes]) -> Iterable[bytes]:
    """For each page a request and a response."""
    for number, body in enumerate(pages):
        request = f"GET /{number}.html HTTP/1.1\r\nHost: news.example\r\nAccept: */*\r\n\r\n".encode()
        head = b"HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: text/html; charset=utf-8\r\nVary: Accept\r\n\r\n"
        yield record("request", number, "application/http; msgtype=request", request)
        yield record("response", number, "application/http; msgtype=response", head + body)


def wet(texts: list[str]) -> Iterable[bytes]:
    """A conversion for each text."""
    return (record("conversion", number, "text/plain", text.encode()) for number, text in enumerate(texts))


def taken(work: Callable[[], Any]) -> float:
    """Seconds of the processor."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


def read(path: Path, count: int) -> None:
    """Read a file or folder, of which all articles must come."""
    found = files.read([path])
    if len(found.table) != count or found.problems:
        raise SystemExit(f"{len(found.table)} of {count} articles, {found.problems[:3]}")


def compared(name: str, rounds: int, least: Callable[[], Any], more: Callable[[], Any]) -> None:
    """Print the best of some rounds of both, in turn, and their ratio."""
    spent = [(taken(least), taken(more)) for _ in range(rounds)]
    one, other = (min(column) for column in zip(*spent, strict=True))
    print(f"{name}: {one:.2f} s and {other:.2f} s, ratio {one / other:.2f}", flush=True)


packed = partial(gzip.compress, compresslevel=5)


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pages", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    count = given.pages
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    texts, _ = corpus.near_copies(count)
    pages = [page(text[:18], text) for text in texts]
    each = sum(map(len, pages)) // count, sum(map(len, texts)) // count
    print(f"{count:,} pages of {each[0]:,} bytes, with {each[1]:,} characters each")
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        archive = here / "a.warc.gz"
        archive.write_bytes(b"".join(map(packed, warc(pages))))
        read_page(pages[0])
        compared(
            "HTML at hand and in a WARC",
            given.rounds,
            lambda: [read_page(one) for one in pages],
            lambda: read(archive, count),
        )
        for suffix, written in (("", bytes), (".gz", packed)):
            plain, whole = here / f"texts{suffix}", here / f"a.wet{suffix}"
            plain.mkdir()
            for number, text in enumerate(texts):
                (plain / f"{number}.txt{suffix}").write_bytes(written(text.encode()))
            whole.write_bytes(b"".join(map(written, wet(texts))))
            compared(
                f"text files{suffix} and a WET{suffix}",
                given.rounds,
                partial(read, plain, count),
                partial(read, whole, count),
            )


if __name__ == "__main__":
    main()
