"""Files of every kind that is read, whole or broken: `dedup.files.read`, and what copies their rows.

An input's first byte says what the file is called, its second whether its rows are copied, too, and to what; the rest
is what it holds.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from dedup import files
from dedup.files import Read, ReadOptions
from dedup.unique_rows import FileRows

from .target import Take, Target

WORDS: dict[str, Sequence[str]] = {
    "rows": (
        '{"text": ', '"id": ', "\\ud800", "\\u0000", "[{", "}]", "null", "1e999", ',"', '"\n', '""', "\t", ";",
        "text,id\n",
    ),
    "pages": (
        "<html>", "<meta charset=", "<body>", "<article>", "<p>", "</p>", "<div style='display:none'>", "<template>",
        "<ruby>", "<rt>", "<base href=", "<script type='application/ld+json'>", '{"articleBody":', "<!--", "-->",
        "<![CDATA[", "&#x110000;", "&#0;", "<plaintext>", "xmlns=", "<bdo dir=rtl>", "class=", "<style>",
        ".a{font-size:0}", "hidden", "gb18030", "utf-16", "utf-7",
    ),
    "feeds": (
        "<?xml version='1.0'?>", "<rss>", "<channel>", "<item>", "<guid>", "<description>", "<content:encoded>",
        "<feed>", "<entry>", "<mediawiki>", "<page>", "<title>", "<ns>0</ns>", "<revision>", "<text>", "{{", "}}", "[[",
        "]]", "{|", "-{", "}-", "<!DOCTYPE", "<!ENTITY a '", "]>", "&a;", "<![CDATA[", "<ref>", "<nowiki>",
    ),
    "web": (
        "WARC/1.0\r\n", "WARC-Type: response", "Content-Length: ", "Content-Type: ", "\r\n\r\n", "HTTP/1.1 200 OK\r\n",
        "Transfer-Encoding: chunked", "Content-Encoding: gzip", "deflate", "br", "zstd", "WARC-Target-URI: ",
        "WARC-Date: ", "revisit", "conversion", "charset=",
    ),
    "columns": ("PAR1", "ARROW1", "FEA1", "ORC", "\xff\xff\xff\xff", "text", "id"),
    "archives": (
        "PK\3\4", "PK\1\2", "PK\5\6", "PK\6\6", "ustar", "../", "a.jsonl", "a.zip", "mimetype",
        "META-INF/container.xml", "archive/",
    ),
    "packed": ("\x1f\x8b\x08", "BZh9", "\xfd7zXZ\0", "\x28\xb5\x2f\xfd", "\x04\x22\x4d\x18", "\x50\x2a\x4d\x18"),
    "labels": ('{"id":', '"label":', '"similarity":', '"campaign":', "id,label,similarity\n", "1e999", "nan", "null"),
}  # fmt: skip
"""What files are made of, a character a byte."""
NAMES = {
    "rows": ("a.jsonl", "a.json", "a.csv", "a.tsv", "a"),
    "pages": ("a.html", "a.xhtml", "a.txt", "a.md"),
    "feeds": ("a.rss", "a.atom", "a.xml"),
    "web": ("a.warc", "a.wet"),
    "columns": ("a.parquet", "a.arrow", "a.orc"),
    "archives": ("a.zip", "a.tar", "a.epub", "a.wacz"),
    "packed": ("a.jsonl.gz", "a.csv.zst", "a.txt.bz2", "a.html.xz", "a.json.lz4", "a.tgz", "a.warc.gz", "a.gz"),
    "labels": ("a.parquet", "a.csv", "a.jsonl"),
}
"""For each target what files are called. Labels are what a run wrote and `dedup show` reads."""


def _rows() -> Iterator[tuple[str, bytes]]:
    import test_files_every_kind as kinds

    texts = [kinds.article("a"), kinds.article("b")]
    for name, made in kinds.TABLES.items():
        if name not in {"parquet", "pq"}:
            yield f"a.{name}", made(texts)
    yield "a.json", b'[{"text": "one", "id": 1}, {"text": null, "tags": ["x", {"y": 1.5}]}]'
    yield "a.json", '{"a": [[{"text": "\\ud83d\\ude00 茶"}]],\n"b": 1}'.encode()
    yield "a.csv", 'text;id\n"茶 ""x""\n2";1\nb;2\n'.encode("utf-16")
    yield "a.csv", 'text,id\n"he said \\"hi\\", then",1\n'.encode("gb18030")


def _pages() -> Iterator[tuple[str, bytes]]:
    import test_files_every_kind as kinds
    from written import WHO, written

    yield "a.html", kinds.page([kinds.article("a")])
    for language in WHO:
        for form, text in written(language).items():
            yield f"a.{form}", text.encode()
    yield "a.html", written("ja")["html"].encode("shift_jis", "ignore")


def _feeds() -> Iterator[tuple[str, bytes]]:
    import test_files_feeds as feeds
    import test_files_wikis as wikis

    yield "a.rss", feeds.RSS.format(encoding="utf-8").encode()
    yield "a.rss", feeds.RSS.format(encoding="GBK").encode("gbk")
    yield "a.atom", feeds.ATOM.encode()
    yield "a.xml", wikis.DUMP.encode()


def _web() -> Iterator[tuple[str, bytes]]:
    import test_files_web_archives as web

    pages = [web.page(2, headers=(("Content-Type", "text/html"), ("Content-Encoding", "gzip")))]
    yield "a.warc", web.by_warcio(pages)
    for name, coder in web.CODERS.items():
        headers = (("Content-Type", "text/html"), ("Content-Encoding", name))
        yield "a.warc", web.by_fastwarc([web.Fetched(body=coder(web.html()), headers=headers)])
    headers = (("Transfer-Encoding", "chunked"),)
    yield "a.warc", web.by_fastwarc([web.Fetched(body=web.chunked(web.html()), headers=headers)])
    yield "a.wet", web.wet(web.SENTENCES)


def _columns() -> Iterator[tuple[str, bytes]]:
    import test_files_columnar as columnar
    import test_files_every_kind as kinds

    yield "a.parquet", kinds.parquet([kinds.article("a"), kinds.article("b")])
    yield "a.parquet", kinds.parquet_of(pa.table({"text": pa.array(["a", "b", "a"]).dictionary_encode()}))
    for compression in (None, "lz4", "zstd"):
        yield "a.arrow", columnar.of_file(columnar.TABLE, compression=compression)
        yield "a.arrow", columnar.of_stream(columnar.TABLE, compression=compression)
    yield "a.orc", columnar.of_orc(columnar.TABLE)


def _archives() -> Iterator[tuple[str, bytes]]:
    import test_files_archives as archives
    import test_files_books as books
    import test_files_web_archives as web

    yield "a.zip", archives.zipped(archives.ARTICLES)
    yield "a.zip", archives.zipped([("a.zip", archives.zipped(archives.ARTICLES))])
    yield "a.tar", archives.taped(archives.ARTICLES)
    yield "a.epub", archives.zipped([("mimetype", b"application/epub+zip"), *books.MEMBERS.items()])
    yield "a.wacz", web.packed_wacz({"archive/a.warc": web.by_fastwarc([web.page(1)])})


def _packed() -> Iterator[tuple[str, bytes]]:
    import test_files_archives as archives
    import test_files_every_kind as kinds
    import test_files_web_archives as web

    texts, codec = [kinds.article("a"), kinds.article("b")], kinds.CODECS
    lines = kinds.json_lines(texts)
    yield "a.jsonl.gz", codec[".gz"](lines) + codec[".gz"](lines) + bytes(20)
    yield "a.csv.zst", codec[".zst"](kinds.csv_rows(texts))
    yield "a.txt.bz2", codec[".bz2"](kinds.document(texts))
    yield "a.html.xz", codec[".xz"](kinds.page(texts))
    yield "a.json.lz4", codec[".lz4"](lines)
    yield "a.tgz", codec[".gz"](archives.taped(archives.ARTICLES))
    yield "a.warc.gz", web.by_warcio([web.page(1), web.page(2)], packed=True)
    yield "a.gz", codec[".gz"](lines)


def _labels() -> Iterator[tuple[str, bytes]]:
    import test_files_every_kind as kinds

    rows = {"id": ["a", "b"], "label": ["a", "a"], "similarity": [1.0, None], "campaign": ["a", "a"]}
    yield "a.parquet", kinds.parquet_of(pa.table(rows))
    yield "a.csv", b"id,label,similarity,campaign\na,a,1.0,a\nb,a,,a\n"
    yield "a.jsonl", b'{"id": "a", "label": "a", "similarity": 1}\n{"id": 2, "label": "a", "similarity": null}\n'


COPIES = {1: "jsonl", 2: "csv", 3: "parquet"}
"""What the second byte of an input asks for."""
MADE = {
    "rows": _rows, "pages": _pages, "feeds": _feeds, "web": _web, "columns": _columns, "archives": _archives,
    "packed": _packed, "labels": _labels,
}  # fmt: skip


def _seeds(group: str) -> Callable[[Path], Iterator[bytes]]:
    names: list[str] = list(NAMES[group])

    def seeds(_: Path) -> Iterator[bytes]:
        for name, content in MADE[group]():
            for how in (0, *COPIES):
                yield bytes([names.index(name) if name in names else 0, how]) + content

    return seeds


def _named(folder: Path, names: Sequence[str], data: bytes) -> tuple[Path, int]:
    """The file that an input is, and how it is read."""
    name, how = data[:2].ljust(2, b"\0")
    path = folder / names[name % len(names)]
    path.write_bytes(data[2:])
    return path, how


def _reading(names: Sequence[str]) -> Callable[[Path], Take]:
    def start(folder: Path) -> Take:
        def take(data: bytes) -> None:
            path, how = _named(folder, names, data)
            kind = COPIES.get(how % 4)
            if kind:
                _copied(path, kind)
            else:
                _checked(files.read([path], columns=["title", "n"]))

        return take

    return start


def _checked(found: Read) -> None:
    """Every article has an id, and a problem is a line that a terminal and Arrow can hold."""
    found.table.validate(full=True)
    assert found.table["id"].null_count == 0
    for problem in found.problems:
        assert len(problem.reason.encode().splitlines()) == 1


def _copied(path: Path, kind: str) -> None:
    """All rows are copied, as `dedup unique` does; a file that is broken at its end is refused."""
    options = ReadOptions(id=None)
    names = files.read([path], options, by_path=True).table["id"].to_pylist()
    rows = FileRows.of(names, files.found([path], options, by_path=True).files, options)
    every = np.arange(len(names))
    assert len(rows.names(every)) == len(names)
    files.copy_rows(rows.chosen(every), io.BytesIO(), kind)


def _labelled(names: Sequence[str]) -> Callable[[Path], Take]:
    def start(folder: Path) -> Take:
        return lambda data: files.labels(_named(folder, names, data)[0]).validate(full=True)

    return start


TARGETS = {
    group: Target(
        _seeds(group),
        (_labelled if group == "labels" else _reading)(names),
        [word.encode("latin-1") for word in WORDS[group]],
    )
    for group, names in NAMES.items()
}
