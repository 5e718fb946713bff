"""`dedup.stages.queries`: what stands for rows, made by the real libraries, is read as its rows are, and given back."""

from __future__ import annotations

import json
import os
import tempfile
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.dataset as arrow_dataset
import pyarrow.parquet as pq
import pytest

import dedup
from dedup.errors import DedupWarning, InputError
from dedup.stages.articles import articles, streamed

TEXTS = [
    "渡輪因颱風停航，返鄉旅客改搭列車，車站大廳擠滿了人潮",
    "渡轮因台风停航，返乡旅客改搭列车，车站大厅挤满了人潮",
    None,
    "連絡船は台風のため欠航し、帰省客は列車に乗り換えた 🚢",
    "",
    "توقفت العبّارة بسبب الإعصار واستقل المسافرون القطار",
]
IDS = ["一", "二", "三", "四", "五", "六"]
SITES = ["甲", "乙", "甲", "乙", "甲", "乙"]
META = [{"site": site, "lines": ["a", "b"]} for site in SITES]
TABLE = pa.table({"id": IDS, "text": TEXTS, "site": SITES, "meta": META, "n": range(6)})
KEPT = [1, 2, 3, 4, 5]
Make = Callable[[Path], Any]


def library(name: str) -> Any:
    """A library that only those who use it have."""
    assert not os.environ.get("CI") or find_spec(name.partition(".")[0]), f"{name} must be installed"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip(name, reason=f"{name} is not installed: it is in the extra `test`")


GONE = TABLE.slice(0, 1).set_column(0, "id", pa.array(["gone"]))
ONE_MORE = pa.concat_tables([TABLE, GONE])
"""A row too many, which is deleted from the table when this is written."""


def fresh(folder: Path) -> str:
    """A new folder in it."""
    return tempfile.mkdtemp(dir=folder)


def delta(folder: Path) -> Any:
    """A table of Delta, of which other rows were overwritten and one was deleted."""
    deltalake, path = library("deltalake"), fresh(folder)
    deltalake.write_deltalake(path, TABLE.slice(3))
    deltalake.write_deltalake(path, ONE_MORE, mode="overwrite")
    table = deltalake.DeltaTable(path)
    table.delete("id = 'gone'")
    return table


def iceberg(folder: Path) -> Any:
    """A table of Iceberg, of which one row was deleted."""
    sql, path = library("pyiceberg.catalog.sql"), fresh(folder)
    catalog = sql.SqlCatalog("c", uri=f"sqlite:///{path}/catalog.db", warehouse=f"file://{path}")
    catalog.create_namespace("crawl")
    table = catalog.create_table("crawl.pages", TABLE.schema)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table.append(ONE_MORE)
        table.delete("id = 'gone'")
    return table


def lance(folder: Path) -> Any:
    """A data set of Lance, of which one row was deleted."""
    written = library("lance").write_dataset(ONE_MORE, f"{fresh(folder)}/pages.lance")
    written.delete("id = 'gone'")
    return written


def files(folder: Path) -> Any:
    """A dataset of two Parquet files."""
    path = fresh(folder)
    pq.write_table(TABLE.slice(0, 2), f"{path}/0.parquet")
    pq.write_table(TABLE.slice(2), f"{path}/1.parquet")
    return arrow_dataset.dataset(path, format="parquet")


def hub(_: Path) -> Any:
    """A data set of Hugging Face."""
    return library("datasets").Dataset(TABLE)


def shuffled(_: Path) -> Any:
    """The rows after a shuffle, a filter and a selection that together change nothing but how they are held."""
    data = library("datasets").Dataset(ONE_MORE).shuffle(seed=7)
    data = data.filter(lambda row: row["id"] != "gone", load_from_cache_file=False)
    return data.select(np.argsort(data["n"][:]))


READ: dict[str, Make] = {
    "Arrow dataset": files,
    "Arrow dataset in memory": lambda _: arrow_dataset.dataset(TABLE),
    "Arrow scanner": lambda folder: files(folder).scanner(batch_size=2),
    "Polars plan": lambda _: TABLE_IN_POLARS.lazy().filter(pl.col("n") >= 0),
    "Delta table": delta,
    "Delta query": lambda folder: (
        library("deltalake").QueryBuilder().register("t", delta(folder)).execute("select * from t order by n")
    ),
    "Iceberg table": iceberg,
    "Iceberg scan": lambda folder: iceberg(folder).scan(row_filter="n >= 0"),
    "Lance data set": lance,
    "Lance scanner": lambda folder: lance(folder).scanner(batch_size=2),
}
"""What gives back tables of Arrow, or of Polars a frame."""
TABLE_IN_POLARS = pl.DataFrame(TABLE.to_pydict())
HUB: dict[str, Make] = {
    "data set": hub,
    "after select, filter, shuffle": shuffled,
    "as numpy": lambda folder: shuffled(folder).with_format("numpy"),
    "as pandas": lambda folder: shuffled(folder).with_format("pandas"),
    "as Polars": lambda folder: shuffled(folder).with_format("polars"),
    "as Arrow": lambda folder: shuffled(folder).with_format("arrow"),
    "with some columns shown": lambda folder: shuffled(folder).with_format("numpy", columns=["n"]),
    "only split": lambda folder: library("datasets").DatasetDict(train=shuffled(folder)),
}
"""Data sets of Hugging Face, which are given back as such."""
ROWS: dict[str, Make] = {
    "iterable": lambda folder: hub(folder).to_iterable_dataset(),
    "iterable as numpy": lambda folder: hub(folder).to_iterable_dataset().with_format("numpy"),
    "iterable as Arrow": lambda folder: hub(folder).to_iterable_dataset().with_format("arrow"),
    "only iterable split": lambda folder: library("datasets").IterableDatasetDict(a=hub(folder).to_iterable_dataset()),
    "with a function of the user's": lambda folder: hub(folder).with_transform(
        lambda batch: {**batch, "text": [text and text.replace("x", "y") for text in batch["text"]]}
    ),
}
"""Data sets that are read row by row, and given back as lists."""
EVERY = READ | HUB | ROWS


@pytest.mark.parametrize("kind", EVERY)
def test_rows_are_read_as_the_object_stands_for_them(kind: str, tmp_path: Path) -> None:
    """Texts, ids and their order: without deleted and overwritten rows, after every filter and shuffle."""
    texts, ids, _ = articles(EVERY[kind](tmp_path))
    assert texts.type == pa.large_string()
    assert texts.to_pylist() == TEXTS
    assert ids is not None
    assert ids.to_pylist() == IDS


@pytest.mark.parametrize("kind", EVERY)
def test_rows_that_are_kept_come_back(kind: str, tmp_path: Path) -> None:
    """In the kind that is said: a table, a frame, a data set, a list; with all columns, and ids that fit."""
    source = EVERY[kind](tmp_path)
    kept = dedup.cluster(source, threads=1).keep("newest:n")
    assert kept.places.tolist() == KEPT
    rows, dropped = kept.rows, kept.dropped
    if kind in READ:
        assert isinstance(rows, pl.DataFrame if "Polars" in kind else pa.Table)
    elif kind in HUB:
        given = next(iter(source.values())) if kind == "only split" else source
        assert type(rows) is type(given)
        assert rows.format["type"] == given.format["type"]
        rows, dropped = rows.with_format("arrow")[:], dropped.with_format("arrow")[:]
    else:
        assert [row["id"] for row in rows] == [IDS[place] for place in KEPT]
        assert [(one.row["n"], one.id, one.kept) for one in dropped] == [(0, "一", "二")]
        return
    for table, places in ((rows, KEPT), (dropped, [0])):
        held = table.to_arrow() if isinstance(table, pl.DataFrame) else table
        assert held.select(TABLE.column_names).to_pylist() == TABLE.take(places).to_pylist()
    assert list(map(str, dropped["kept"])) == ["二"]


@pytest.mark.parametrize("kind", EVERY)
def test_what_stands_for_rows_streams(kind: str, tmp_path: Path) -> None:
    """As B of a match, some rows at a time."""
    found = dedup.match(TABLE, EVERY[kind](tmp_path), threads=1).to_arrow()
    assert (
        found.select([0, 1]).to_pylist() == dedup.match(TABLE, TABLE, threads=1).to_arrow().select([0, 1]).to_pylist()
    )
    chunks = list(streamed(EVERY[kind](tmp_path)))
    assert [text for chunk in chunks for text in chunk.texts.to_pylist()] == TEXTS


@pytest.mark.parametrize("kind", EVERY)
def test_other_columns_are_found(kind: str, tmp_path: Path) -> None:
    """For a scope, by name, by a path, and by a function of a row."""
    for within in ("site", "meta.site", lambda row: row["meta"]["site"]):
        found = dedup.cluster(EVERY[kind](tmp_path), within=within, threads=1)
        assert found.labels.tolist() == list(range(6))


@pytest.mark.parametrize("kind", READ | HUB)
def test_only_columns_that_are_needed_are_read_of_a_stream(kind: str, tmp_path: Path) -> None:
    """A text by a path, and one of several columns; a column that is not there is told before anything is read."""
    texts = [
        text for chunk in streamed(EVERY[kind](tmp_path), text="meta.lines,text") for text in chunk.texts.to_pylist()
    ]
    assert texts == [f"a\nb\n\n{text}" if text else "a\nb" for text in TEXTS]
    with pytest.raises(InputError, match=r"no column 'body'; the columns are \['id', 'text', 'site', 'meta', 'n'\]"):
        list(streamed(EVERY[kind](tmp_path), text="body"))
    with pytest.raises(InputError, match="no column 'body'"):
        articles(EVERY[kind](tmp_path), text="body")


def test_several_splits_are_refused() -> None:
    """The error names the splits and the call for one and for all of them."""
    datasets = library("datasets")
    data = datasets.Dataset(TABLE)
    splits = datasets.DatasetDict(train=data, test=data)
    for read in (articles, dedup.cluster, lambda source: list(streamed(source))):
        with pytest.raises(InputError, match=r"splits \['train', 'test'\].*articles\['train'\].*concatenate_datasets"):
            read(splits)
    with pytest.warns(DedupWarning, match="6 ids occur more than once"):
        assert len(articles(datasets.concatenate_datasets(list(splits.values()))).texts) == 12
    with pytest.raises(InputError, match=r"splits \[\]"):
        articles(datasets.DatasetDict())


def test_a_batch_of_a_data_set_is_a_dict_of_columns() -> None:
    """What `map` hands to its function is read, and what is kept can be returned from it."""
    data = library("datasets").Dataset(TABLE.select(["id", "text", "n"]))
    kept = data.map(lambda batch: dedup.cluster(batch, threads=1).keep().rows, batched=True, load_from_cache_file=False)
    assert kept["n"][:] == [0, 2, 3, 4, 5]
    assert dedup.cluster(data[:], threads=1).keep().rows["n"] == [0, 2, 3, 4, 5]
    assert dedup.cluster(data.with_format("numpy")[:], threads=1).keep().rows["n"].tolist() == [0, 2, 3, 4, 5]
    assert dedup.cluster(data["text"], threads=1).keep().rows == [TEXTS[place] for place in (0, 2, 3, 4, 5)]


MAPPED = {"delta.columnMapping.id": 1, "delta.columnMapping.physicalName": "col-1"}
FIRST_GONE = "^Bg9^0rr910000000000iXQKl0rr91000005c8Xg00000"
"""A deletion vector of the protocol of Delta, in its own alphabet: the first row of the file is deleted."""


def logged(folder: Path, protocol: dict[str, Any], column: dict[str, Any], added: dict[str, Any]) -> Any:
    """A table of Delta of one file, which is described as other writers than delta-rs do."""
    (folder / "_delta_log").mkdir()
    fields = {"type": "struct", "fields": [{"name": "text", "type": "string", "nullable": True, "metadata": column}]}
    about = {"id": "a", "format": {"provider": "parquet", "options": {}}, "schemaString": json.dumps(fields)}
    mode = {"delta.columnMapping.mode": "name", "delta.columnMapping.maxColumnId": "1"} if column else {}
    file = {"path": "0.parquet", "partitionValues": {}, "size": (folder / "0.parquet").stat().st_size}
    file |= {"modificationTime": 1, "dataChange": True, "stats": '{"numRecords": 6}'}
    actions = [
        {"protocol": protocol},
        {"metaData": about | {"partitionColumns": [], "configuration": mode}},
        {"add": file | added},
    ]
    log = folder / "_delta_log" / "00000000000000000000.json"
    log.write_text("\n".join(map(json.dumps, actions)), "utf-8")
    return library("deltalake").DeltaTable(str(folder))


def test_deletion_vectors_of_delta_are_heeded(tmp_path: Path) -> None:
    """As Spark and Databricks delete rows, without writing the file anew."""
    pq.write_table(TABLE.select(["text"]), tmp_path / "0.parquet")
    features = {"readerFeatures": ["deletionVectors"], "writerFeatures": ["deletionVectors"]}
    vector = {"storageType": "i", "pathOrInlineDv": FIRST_GONE, "sizeInBytes": 34, "cardinality": 1}
    table = logged(tmp_path, {"minReaderVersion": 3, "minWriterVersion": 7} | features, {}, {"deletionVector": vector})
    assert articles(table).texts.to_pylist() == TEXTS[1:]
    assert [text for chunk in streamed(table) for text in chunk.texts.to_pylist()] == TEXTS[1:]


def test_mapped_columns_of_delta_are_found(tmp_path: Path) -> None:
    """Columns that were renamed, under the names that they have now."""
    pq.write_table(pa.table({"col-1": TEXTS}), tmp_path / "0.parquet")
    table = logged(tmp_path, {"minReaderVersion": 2, "minWriterVersion": 5}, MAPPED, {})
    assert articles(table).texts.to_pylist() == TEXTS
    assert dedup.cluster(table, threads=1).keep().rows.column_names == ["text"]
