"""How fast each kind of file is read: `python bench/kinds.py ARTICLES.parquet [--articles 5000]`.

Writes the same articles as every kind, reads each file, and prints CPU seconds, megabytes of text a second, and the
peak of memory beyond the start. Beside them other libraries that read the same: ijson (arrays of JSON) and feedparser
(feeds), where they are installed.
"""

from __future__ import annotations

import argparse
import html
import json
import tempfile
import time
import zipfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from measure import measured
from pyarrow import orc

from dedup.files import Job, Sources, stream

MEGA = 1e6
WIKITEXT = "{{Infobox|a=b}}\n'''It''' is a [[place|town]].<ref>{{cite|a=b}}</ref>\n\n== Part ==\n"


def as_lines(path: Path, table: pa.Table) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in table.to_pylist()))


def as_array(path: Path, table: pa.Table) -> None:
    path.write_text("[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in table.to_pylist()) + "\n]")


def as_arrow(path: Path, table: pa.Table) -> None:
    with pa.ipc.new_file(str(path), table.schema) as writer:
        writer.write_table(table, max_chunksize=1000)


def as_orc(path: Path, table: pa.Table) -> None:
    orc.write_table(table, str(path))


def as_parquet(path: Path, table: pa.Table) -> None:
    pq.write_table(table, path)


def as_feed(path: Path, table: pa.Table) -> None:
    items = (
        f"<item><guid>{html.escape(row['id'])}</guid><description><![CDATA[<p>"
        + html.escape(row["text"]).replace("\n", "</p><p>").replace("]]>", "")
        + "</p>]]></description></item>"
        for row in table.to_pylist()
    )
    path.write_text(f"<rss version='2.0'><channel>{''.join(items)}</channel></rss>")


def as_wiki(path: Path, table: pa.Table) -> None:
    pages = (
        f"<page><title>{html.escape(row['id'])}</title><ns>0</ns><revision><text>"
        + html.escape(
            "{{Infobox|a=b}}\n'''It''' is a [[place|town]].<ref>{{cite|a=b}}</ref>\n\n== Part ==\n" + row["text"]
        )
        + "</text></revision></page>"
        for row in table.to_pylist()
    )
    path.write_text(f"<mediawiki>{''.join(pages)}</mediawiki>")


def as_book(path: Path, table: pa.Table) -> None:
    container = '<container><rootfiles><rootfile full-path="p.opf"/></rootfiles></container>'
    numbers = range(len(table))
    items = "".join(f'<item id="c{number}" href="{number}.xhtml"/>' for number in numbers)
    spine = "".join(f'<itemref idref="c{number}"/>' for number in numbers)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        book.writestr("META-INF/container.xml", container)
        book.writestr("p.opf", f"<package><manifest>{items}</manifest><spine>{spine}</spine></package>")
        for number, text in enumerate(table["text"].to_pylist()):
            book.writestr(f"{number}.xhtml", "<html><body><p>" + html.escape(text).replace("\n", "</p><p>"))


KINDS: dict[str, Callable[[Path, pa.Table], None]] = {
    "a.jsonl": as_lines,
    "a.json": as_array,
    "a.arrow": as_arrow,
    "a.orc": as_orc,
    "a.parquet": as_parquet,
    "a.rss": as_feed,
    "a.xml": as_wiki,
    "a.epub": as_book,
}


def articles(path: Path) -> int:
    """Read a file as commands do, without keeping it."""
    sources = Sources()
    sources.add(path)
    return sum(map(len, stream(Job(sources.files[0]))))


def by_ijson(path: Path) -> int:
    import ijson  # noqa: PLC0415

    with path.open("rb") as file:
        return sum(1 for _ in ijson.items(file, "item", buf_size=1 << 20))


def by_feedparser(path: Path) -> int:
    import feedparser  # noqa: PLC0415

    return len(feedparser.parse(path.read_bytes()).entries)


OTHERS: dict[str, tuple[str, Callable[[Path], int]]] = {
    "a.json": ("ijson", by_ijson),
    "a.rss": ("feedparser", by_feedparser),
}


def tell(name: str, path: Path, size: float, read: Callable[[Path], int]) -> None:
    begin = time.process_time()
    count, spent = measured(lambda: read(path))
    seconds = time.process_time() - begin
    print(f"{name:<22} {count:>7,} articles {seconds:>7.2f} s {size / seconds:>8.1f} MB/s {spent.megabytes:>6.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("articles", type=Path)
    parser.add_argument("--articles", dest="count", type=int, default=5000)
    given = parser.parse_args()
    table = pq.read_table(given.articles, columns=["id", "text"]).slice(0, given.count)
    table = pa.table({"id": table["id"].cast(pa.string()), "text": table["text"]})
    size = sum(len(text.encode()) for text in table["text"].to_pylist()) / MEGA
    print(f"{len(table):,} articles, {size:.0f} MB of text")
    with tempfile.TemporaryDirectory() as folder:
        for name, write in KINDS.items():
            path = Path(folder, name)
            write(path, table)
            articles(path)  # imports
            tell(name, path, size, articles)
            if name in OTHERS and find_spec(OTHERS[name][0]):
                tell(f"{name} by {OTHERS[name][0]}", path, size, OTHERS[name][1])


if __name__ == "__main__":
    main()
