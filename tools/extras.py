"""What each extra is for, done once: `python tools/extras.py NAME`, in an environment that has this extra alone.

In: the name of an extra. Out: nothing, or an error. The servers that two of them need, Redis and S3, are named by
REDIS_URL and AWS_ENDPOINT_URL; `python tools/extras.py make-iceberg FOLDER` makes a table where its catalogue is
installed. Costs seconds. `tools/check_extras` makes the environments.
"""

from __future__ import annotations

import gzip
import importlib
import json
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PATHS = sorted((ROOT / "examples" / "articles").glob("*.md"))
ARTICLES = {path.stem: path.read_text("utf-8") for path in PATHS}
ROWS = {"id": list(ARTICLES), "text": list(ARTICLES.values())}
TEAS = [name for name in ARTICLES if name.startswith("tea-")]


def ids(path: str | Path) -> list[str]:
    """The ids of the articles in a file."""
    from dedup import files

    found = files.read([path])
    assert not found.problems, found.problems
    return found.table["id"].to_pylist()


def teas(labels: Any) -> None:
    """The five teas have one label."""
    assert len({label for name, label in zip(ARTICLES, labels, strict=True) if name in TEAS}) == 1, labels


def page(name: str) -> str:
    text = "".join(f"<p>{line}</p>" for line in ARTICLES[name].splitlines() if line)
    return f"<html><head><title>{name}</title></head><body><article>{text}</article></body></html>"


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a folder."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def pandas(_: Path) -> None:
    import pandas as pd

    import dedup

    teas(dedup.cluster(pd.DataFrame(ROWS)).to_pandas()["label"])


def polars(_: Path) -> None:
    import polars as pl

    import dedup

    teas(dedup.cluster(pl.DataFrame(ROWS)).to_polars()["label"])


def plot(folder: Path) -> None:
    import matplotlib as mpl

    import dedup

    mpl.use("Agg")
    dedup.cluster(ROWS).plot().ravel()[0].figure.savefig(folder / "plot.png")
    assert (folder / "plot.png").stat().st_size > 10_000


def redis(_: Path) -> None:
    import dedup

    with dedup.Index(os.environ["REDIS_URL"]) as index:
        seen = [index.add(name, text).is_duplicate for name, text in ARTICLES.items()]
    assert sum(seen) == 5


def html(folder: Path) -> None:
    for name in TEAS[:2]:
        (folder / f"{name}.html").write_text(page(name), "utf-8")
    assert ids(folder) == TEAS[:2]


def jit(folder: Path) -> None:
    os.environ |= {"DEDUP_JIT": "uncached"}
    import numpy as np

    from dedup import kernels, native

    assert native.jitted()
    assert kernels.components(np.array([0]), np.array([2]), 3).tolist() in ([0, 1, 0], [2, 1, 2])
    assert not list(folder.iterdir())


def warc(folder: Path) -> None:
    from fastwarc.warc import WarcRecord, WarcRecordType

    with (folder / "crawl.warc").open("wb") as file:
        for name in TEAS:
            record = WarcRecord()
            record.init_headers(WarcRecordType.response)
            record.headers["WARC-Target-URI"] = f"http://example.org/{name}"
            record.headers["Content-Type"] = "application/http; msgtype=response"
            body = page(name).encode()
            head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n"
            record.set_bytes_content(head.encode() + body)
            record.write(file)
    assert ids(folder / "crawl.warc") == [f"http://example.org/{name}" for name in TEAS]


def wiki(folder: Path) -> None:
    about = "<siteinfo><base>https://zh.wiki.example/wiki/Main</base></siteinfo>"
    text = "'''Tea''' is [[plant|a plant]] that stands on a hill, and many like it."
    revision = f"<revision><text>{text}</text></revision>"
    dump = f"<mediawiki>{about}<page><title>Tea</title><ns>0</ns><id>1</id>{revision}</page></mediawiki>"
    (folder / "wiki.xml").write_text(dump, "utf-8")
    assert len(ids(folder / "wiki.xml")) == 1


def delta(folder: Path) -> None:
    import deltalake
    import pyarrow as pa

    deltalake.write_deltalake(folder / "table", pa.table(ROWS))
    assert sorted(ids(folder / "table")) == sorted(ARTICLES)


def lance(folder: Path) -> None:
    import lance as library
    import pyarrow as pa

    library.write_dataset(pa.table(ROWS), folder / "table.lance")
    assert sorted(ids(folder / "table.lance")) == sorted(ARTICLES)


def make_iceberg(folder: Path) -> None:
    """The table, where its catalogue can be had, too."""
    import pyarrow as pa
    from pyiceberg.catalog.sql import SqlCatalog

    catalog = SqlCatalog("here", uri=f"sqlite:///{folder}/catalog.sqlite", warehouse=f"file://{folder}")
    catalog.create_namespace("crawl")
    catalog.create_table("crawl.articles", pa.table(ROWS).schema).append(pa.table(ROWS))


def iceberg(_: Path) -> None:
    (metadata,) = Path(os.environ["ICEBERG_TABLE"]).glob("**/metadata")
    assert sorted(ids(metadata.parent)) == sorted(ARTICLES)


def lz4(folder: Path) -> None:
    from lz4 import frame

    lines = "".join(json.dumps({"id": name, "text": text}) + "\n" for name, text in ARTICLES.items())
    (folder / "articles.jsonl.lz4").write_bytes(frame.compress(lines.encode()))
    assert ids(folder / "articles.jsonl.lz4") == list(ARTICLES)


def s3(_: Path) -> None:
    import s3fs

    store = s3fs.S3FileSystem()
    store.mkdir("crawl")
    store.put([str(path) for path in PATHS], "crawl/articles/")
    assert ids("s3://crawl/articles") == list(ARTICLES)


def http(folder: Path) -> None:
    lines = "".join(json.dumps({"id": name, "text": text}) + "\n" for name, text in ARTICLES.items())
    (folder / "articles.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    with served(folder) as address:
        assert ids(f"{address}/articles.jsonl.gz") == list(ARTICLES)


def stix(folder: Path) -> None:
    import dedup

    texts = [f"{text}\n\nTelegram: @one_and_only_seller" for text in ARTICLES.values()]
    dedup.cluster({"id": list(ARTICLES), "text": texts}).campaigns().export(folder / "campaigns.json")
    assert json.loads((folder / "campaigns.json").read_text("utf-8"))["type"] == "bundle"


def scrapy(folder: Path) -> None:
    """A crawl of pages that link to each other, of which each text is kept once."""
    from scrapy import Spider
    from scrapy.crawler import CrawlerProcess

    for name in ARTICLES:
        (folder / f"{name}.html").write_text(page(name), "utf-8")
    kept: list[str] = []

    with served(folder) as address:

        class Pages(Spider):
            name = "pages"
            start_urls = [f"{address}/{name}.html" for name in ARTICLES]  # noqa: RUF012

            def parse(self, response: Any) -> Iterator[dict[str, str]]:
                yield {"url": response.url, "text": "\n".join(response.css("p::text").getall())}

        class Keep:
            def process_item(self, item: Any) -> Any:
                kept.append(item["url"])
                return item

        pipelines = {"dedup.integrations.scrapy.DedupPipeline": 300, Keep: 400}
        process = CrawlerProcess(
            {"ITEM_PIPELINES": pipelines, "DEDUP_INDEX": str(folder / "index"), "LOG_LEVEL": "ERROR"}
        )
        process.crawl(Pages)
        process.start()
    assert len(kept) == len(ARTICLES) - 5, kept


def spark(folder: Path) -> None:
    """A job of one process."""
    from pyspark.sql import SparkSession

    from dedup import spark as on_spark

    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    session = builder.config("spark.sql.shuffle.partitions", "2").config("spark.driver.memory", "1g").getOrCreate()
    rows = session.createDataFrame(list(ARTICLES.items()), "id string, text string")
    labels = {row.id: row.label for row in on_spark.cluster(rows, checkpoint=str(folder)).collect()}
    session.stop()
    teas([labels[name] for name in ARTICLES])


UNREACHABLE = {"azure": "adlfs", "gcs": "gcsfs", "hdfs": "fsspec", "hf": "huggingface_hub"}
"""Of stores that cannot be had here: what the package finds of them."""


def main() -> None:
    """Do what one is for."""
    name, *rest = sys.argv[1:]
    if name in UNREACHABLE:
        importlib.import_module(UNREACHABLE[name])
        print(f"{name}: imported; there is no such store here")
        return
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        globals()[name.replace("-", "_")](Path(*rest) if rest else Path(folder))
    print(f"{name}: done")


if __name__ == "__main__":
    main()
