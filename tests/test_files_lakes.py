"""Folders that are tables: what is one, and that it is read as of its current version, by real tables."""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import fsspec
import lance
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import test_nightly as nights
from click.testing import CliRunner
from deltalake import DeltaTable, write_deltalake
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.manifest import (
    DataFile,
    DataFileContent,
    FileFormat,
    ManifestContent,
    ManifestEntry,
    ManifestEntryStatus,
    ManifestWriterV2,
    write_manifest_list,
)
from pyiceberg.table import StaticTable, Table
from pyiceberg.typedef import Record
from test_files import only, put, rows

from dedup.cli import main
from dedup.errors import install_line
from dedup.files import ReadOptions, read
from dedup.files.lakes import current, lake_around, lake_kind, lakes_among, version

CURRENT = {"a": "第一篇文章", "c": "第三篇，改過", "d": "🎉 第四篇"}
"""What every table of `KINDS` holds after it was written, appended to, updated and deleted from."""


def table(**texts: str) -> pa.Table:
    """Articles, with a column that nobody asks for."""
    return pa.table({"id": list(texts), "text": list(texts.values()), "pages": [5] * len(texts)})


def delta(folder: Path) -> Path:
    """A Delta table of four versions."""
    write_deltalake(folder, table(a="第一篇文章", b="第二篇文章"))
    write_deltalake(folder, table(c="第三篇文章", d="🎉 第四篇"), mode="append")
    DeltaTable(folder).delete("id = 'b'")
    DeltaTable(folder).update(new_values={"text": "第三篇，改過"}, predicate="id = 'c'")
    return folder


def iceberg(folder: Path) -> Path:
    """An Iceberg table of four versions."""
    made = empty(folder, table(a="").schema)
    made.append(table(a="第一篇文章", b="第二篇文章"))
    made.append(table(c="第三篇文章", d="🎉 第四篇"))
    made.delete("id = 'b'")
    made.overwrite(table(c="第三篇，改過"), "id = 'c'")
    return folder


def empty(folder: Path, schema: pa.Schema) -> Table:
    """An Iceberg table without rows; its catalog is beside it."""
    folder.mkdir(parents=True)
    catalog = SqlCatalog("tests", uri=f"sqlite:///{folder}.db", warehouse=str(folder))
    catalog.create_namespace("n")
    return catalog.create_table("n.t", schema, location=str(folder))


def lanced(folder: Path) -> Path:
    """A Lance table of four versions."""
    lance.write_dataset(table(a="第一篇文章", b="第二篇文章"), folder)
    found = lance.write_dataset(table(c="第三篇文章", d="🎉 第四篇"), folder, mode="append")
    found.delete("id = 'b'")
    found.update({"text": "'第三篇，改過'"}, "id = 'c'")
    return folder


KINDS: dict[str, Callable[[Path], Path]] = {"delta": delta, "iceberg": iceberg, "lance": lanced}
every_kind = pytest.mark.parametrize("kind", sorted(KINDS))


@every_kind
def test_a_table_is_read_as_of_its_current_version(tmp_path: Path, kind: str) -> None:
    """Rows that were deleted or replaced are no articles, and nothing of the folder is a file by itself."""
    found = read(KINDS[kind](tmp_path / "t"))
    assert dict(rows(found)) == CURRENT
    assert len(rows(found)) == len(CURRENT)
    assert found.problems == []
    assert found.skipped == 0


@every_kind
def test_a_table_is_found_below_the_folder_named(tmp_path: Path, kind: str) -> None:
    """It stands among the files, in the order of the names, and its rows are named after it where they have no id."""
    KINDS[kind](tmp_path / "in" / "deep" / "t")
    put(tmp_path / "in" / "a.md", "甲")
    put(tmp_path / "in" / "z.md", "乙")
    found = read(tmp_path / "in", ReadOptions(id=None))
    assert [id_ for id_, _ in rows(found)] == ["a", "deep/t:0", "deep/t:1", "deep/t:2", "z"]
    assert (
        read(tmp_path / "in", ReadOptions(id_from="path+id"))
        .table["id"][1]
        .as_py()
        .startswith(f"{tmp_path}/in/deep/t:")
    )


@every_kind
def test_other_columns_are_read_where_they_are_asked_for(tmp_path: Path, kind: str) -> None:
    """They keep their types; one that is not there is a problem of the table."""
    folder = KINDS[kind](tmp_path / "t")
    found = read(folder, columns=["pages"]).table
    assert dict(zip(found["id"].to_pylist(), found["pages"].to_pylist(), strict=True)) == {"a": 5, "c": 5, "d": 5}
    assert found.schema.field("pages").type == pa.int64()
    reason = only(read(folder, ReadOptions(text="body"))).reason
    assert "no column 'body'; the columns are ['id', 'text', 'pages']; pass the right one with --text-column" in reason
    assert "texts must be strings" in only(read(folder, ReadOptions(text="pages"))).reason


@every_kind
def test_a_part_of_a_table_is_not_read_by_itself(tmp_path: Path, kind: str) -> None:
    """Neither a file that a shell's pattern names nor a folder inside: both may hold what was deleted."""
    folder = KINDS[kind](tmp_path / "t")
    inside = [path for path in folder.rglob("*") if lake_around(path)]
    assert inside
    found = read(inside)
    assert not len(found.table)
    assert len(found.problems) == len(inside)
    assert all(str(folder) in problem.reason and "name that folder" in problem.reason for problem in found.problems)


@every_kind
def test_without_its_library_a_table_is_refused(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line to install it is the problem, and no file is read instead."""
    folder = KINDS[kind](tmp_path / "t")
    module = {"delta": "deltalake", "iceberg": "pyiceberg.io.pyarrow", "lance": "lance"}[kind]
    monkeypatch.setitem(sys.modules, module, None)
    found = read(folder)
    assert not len(found.table)
    assert install_line(kind) in only(found).reason


def vector(*deleted: int) -> dict[str, Any]:
    """A deletion vector of rows of one file, as the protocol of Delta has it, within the log."""
    bitmap = struct.pack("<IIHHI", 12346, 1, 0, len(deleted) - 1, 16) + struct.pack(f"<{len(deleted)}H", *deleted)
    raw = struct.pack("<iqI", 1681511377, 1, 0) + bitmap
    padded = raw + bytes(-len(raw) % 4)
    words = struct.unpack(f">{len(padded) // 4}I", padded)
    coded = "".join(Z85[word // 85**place % 85] for word in words for place in (4, 3, 2, 1, 0))
    return {"storageType": "i", "pathOrInlineDv": coded, "sizeInBytes": len(raw), "cardinality": len(deleted)}


Z85 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"


def commit(folder: Path, *actions: dict[str, Any]) -> None:
    """Another version of a Delta table, of these actions."""
    log = folder / "_delta_log"
    log.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps({"commitInfo": {"timestamp": 1}}), *map(json.dumps, actions))
    (log / f"{len(list(log.glob('*.json'))):020}.json").write_text("\n".join(lines), "utf-8")


def added(folder: Path, name: str) -> dict[str, Any]:
    """The action that adds a file."""
    about = {"path": name, "partitionValues": {}, "modificationTime": 1, "dataChange": True}
    return {"add": about | {"size": (folder / name).stat().st_size}}


def described(protocol: dict[str, Any], *columns: str, **configuration: str) -> list[dict[str, Any]]:
    """The actions that begin a Delta table; its columns are called otherwise in the files, where they are mapped."""
    fields = [
        {
            "name": name,
            "type": "string",
            "nullable": True,
            "metadata": {"delta.columnMapping.id": place, "delta.columnMapping.physicalName": f"col-{place}"},
        }
        for place, name in enumerate(columns, 1)
    ]
    about = {
        "id": "00000000-0000-0000-0000-000000000000",
        "format": {"provider": "parquet", "options": {}},
        "schemaString": json.dumps({"type": "struct", "fields": fields}),
        "partitionColumns": [],
        "configuration": {name.replace("_", "."): value for name, value in configuration.items()},
    }
    return [{"protocol": protocol}, {"metaData": about}]


MAPPED = [
    {"minReaderVersion": 2, "minWriterVersion": 5},
    {
        "minReaderVersion": 3,
        "minWriterVersion": 7,
        "readerFeatures": ["columnMapping"],
        "writerFeatures": ["columnMapping"],
    },
]


@pytest.mark.parametrize("protocol", MAPPED, ids=["reader 2", "reader 3"])
def test_mapped_columns_of_delta(tmp_path: Path, protocol: dict[str, Any]) -> None:
    """Columns that were renamed have other names in the files, of which the log tells."""
    (tmp_path / "t").mkdir()
    pq.write_table(
        table(**CURRENT).drop_columns("pages").rename_columns(["col-1", "col-2"]), tmp_path / "t" / "p.parquet"
    )
    actions = described(protocol, "id", "text", delta_columnMapping_mode="name", delta_columnMapping_maxColumnId="2")
    commit(tmp_path / "t", *actions, added(tmp_path / "t", "p.parquet"))
    assert rows(read(tmp_path / "t")) == list(CURRENT.items())


def test_deletion_vectors_of_delta(tmp_path: Path) -> None:
    """Rows that are deleted without their file being written anew are no articles."""
    folder = tmp_path / "t"
    features: dict[str, Any] = {"minReaderVersion": 3, "minWriterVersion": 7}
    features |= {key: ["deletionVectors"] for key in ("readerFeatures", "writerFeatures")}
    folder.mkdir()
    pq.write_table(table(**CURRENT).drop_columns("pages"), folder / "p.parquet")
    commit(folder, *described(features, "id", "text", delta_enableDeletionVectors="true"), added(folder, "p.parquet"))
    assert len(rows(read(folder))) == 3
    again = added(folder, "p.parquet")
    again["add"]["deletionVector"] = vector(0, 2)
    commit(folder, {"remove": {"path": "p.parquet", "deletionTimestamp": 1, "dataChange": True}}, again)
    assert rows(read(folder)) == [("c", CURRENT["c"])]


def test_what_a_library_does_not_know_is_refused(tmp_path: Path) -> None:
    """A feature of tomorrow is named, and the files are not read instead."""
    (tmp_path / "t").mkdir()
    pq.write_table(table(**CURRENT), tmp_path / "t" / "p.parquet")
    features = {key: ["poems"] for key in ("readerFeatures", "writerFeatures")}
    actions = described({"minReaderVersion": 3, "minWriterVersion": 7, **features}, "id", "text")
    commit(tmp_path / "t", *actions, added(tmp_path / "t", "p.parquet"))
    assert "this is a Delta table, which cannot be read as it is" in only(read(tmp_path / "t")).reason
    assert "poems" in only(read(tmp_path / "t")).reason


def test_partitions_of_delta_are_columns(tmp_path: Path) -> None:
    """Values of the folders, with the one that stands for null and signs that a path cannot hold."""
    many = pa.table({"text": ["甲", "乙", "丙"], "lang": ["zh", None, "a/b 中"]})
    write_deltalake(tmp_path / "t", many, partition_by=["lang"])
    found = read(tmp_path / "t", columns=["lang"]).table
    assert set(zip(found["text"].to_pylist(), found["lang"].to_pylist(), strict=True)) == {
        ("甲", "zh"), ("乙", None), ("丙", "a/b 中"),
    }  # fmt: skip


class Deletes(ManifestWriterV2):
    """A manifest of files that say which rows are deleted."""

    def content(self) -> ManifestContent:
        """What its files are."""
        return ManifestContent.DELETES


def delete_on_read(folder: Path, content: DataFileContent, rows: pa.Table) -> None:
    """Another version of an Iceberg table of one file, which stays as it is, while some of its rows are deleted."""
    newest = current(folder, "iceberg")
    known, about = StaticTable.from_metadata(str(newest)), json.loads(newest.read_bytes())
    before, number = known.current_snapshot(), about["last-sequence-number"] + 1
    pq.write_table(rows, folder / "data" / "deletes.parquet")
    file = DataFile.from_args(
        _table_format_version=2, content=content, file_path=str(folder / "data" / "deletes.parquet"),
        file_format=FileFormat.PARQUET, partition=Record(), record_count=len(rows), equality_ids=[1],
        file_size_in_bytes=(folder / "data" / "deletes.parquet").stat().st_size,
    )  # fmt: skip
    made = [str(folder / "metadata" / name) for name in ("deletes.avro", "list.avro")]
    outputs = list(map(known.io.new_output, made))
    with Deletes(known.spec(), known.schema(), outputs[0], number, "deflate") as writer:
        writer.add(ManifestEntry.from_args(status=ManifestEntryStatus.ADDED, snapshot_id=number, data_file=file))
    with write_manifest_list(2, outputs[1], number, before.snapshot_id, number, "deflate") as listed:
        listed.add_manifests([*before.manifests(known.io), writer.to_manifest_file()])
    snapshot = {
        "snapshot-id": number, "parent-snapshot-id": before.snapshot_id, "sequence-number": number,
        "timestamp-ms": about["last-updated-ms"] + 1, "manifest-list": made[1], "schema-id": 0,
        "summary": {"operation": "delete"},
    }  # fmt: skip
    about |= {
        "last-sequence-number": number,
        "current-snapshot-id": number,
        "snapshots": [*about["snapshots"], snapshot],
    }
    about["refs"]["main"]["snapshot-id"] = number
    (folder / "metadata" / "00099-x.metadata.json").write_text(json.dumps(about), "utf-8")


def test_iceberg_rows_deleted_by_place(tmp_path: Path) -> None:
    """Files of positions, as engines write them that do not write data anew."""
    made = empty(tmp_path / "t", table(a="").schema)
    made.append(table(**CURRENT))
    data = next(iter(made.scan().plan_files())).file.file_path
    places = pa.table({"file_path": [data, data], "pos": [0, 2]})
    delete_on_read(tmp_path / "t", DataFileContent.POSITION_DELETES, places)
    assert rows(read(tmp_path / "t")) == [("c", CURRENT["c"])]


def test_iceberg_rows_deleted_by_value_are_refused(tmp_path: Path) -> None:
    """Which pyiceberg does not know yet, as streams write them: that is said, and no row is read."""
    empty(tmp_path / "t", table(a="").schema).append(table(**CURRENT))
    delete_on_read(tmp_path / "t", DataFileContent.EQUALITY_DELETES, pa.table({"id": ["a"]}))
    found = read(tmp_path / "t")
    assert not len(found.table)
    assert "PyIceberg does not yet support equality deletes" in only(found).reason


@pytest.mark.parametrize("way", ["address", "path", "link"])
def test_a_table_of_delta_whose_file_is_elsewhere_is_refused(tmp_path: Path, way: str) -> None:
    """Who fills a folder does not choose what else of this machine is read."""
    other = tmp_path / "other.parquet"
    pq.write_table(pa.table({"id": ["x"], "text": ["秘密"]}), other)
    folder = tmp_path / "in" / "t"
    write_deltalake(folder, pa.table({"id": ["a"], "text": ["甲"]}))
    (log,) = (folder / "_delta_log").glob("*.json")
    (part,) = folder.glob("*.parquet")
    if way == "link":
        part.unlink()
        part.symlink_to(other)
    else:
        there = other.as_uri() if way == "address" else f"../../{other.name}"
        log.write_text(log.read_text("utf-8").replace(part.name, there), "utf-8")
    found = read(tmp_path / "in")
    assert rows(found) == []
    assert "a file of the table is not in its folder" in only(found).reason


def test_a_table_of_iceberg_whose_file_is_a_link_out_is_refused(tmp_path: Path) -> None:
    """As links out of folders are not followed."""
    folder = iceberg(tmp_path / "in" / "t")
    for part in folder.rglob("*.parquet"):
        part.rename(tmp_path / part.name)
        part.symlink_to(tmp_path / part.name)
    found = read(tmp_path / "in" / "t")
    assert rows(found) == []
    assert "a file of the table is not in its folder" in only(found).reason


def test_a_path_that_delta_rs_takes_for_another(tmp_path: Path) -> None:
    """It reads the log of the folder in whose name %20 is a blank."""
    delta(tmp_path / "t").rename(tmp_path / "a%20b")
    write_deltalake(tmp_path / "a b", table(z="另一張表"))
    assert "takes a % in the path of a table for an escape; rename" in only(read(tmp_path / "a%20b")).reason


@every_kind
def test_a_table_with_a_broken_file_is_named(tmp_path: Path, kind: str) -> None:
    """Nothing is raised, and the reason is one line."""
    folder = KINDS[kind](tmp_path / "t")
    for path in folder.rglob("*"):
        if path.suffix in {".parquet", ".lance"}:
            path.write_bytes(b"PAR1")
    found = read(folder)
    assert not len(found.table)
    assert only(found).severity == "error"
    assert "\n" not in only(found).reason


def test_a_hudi_table_is_refused(tmp_path: Path) -> None:
    """Its files are not read one by one, and what to do is said."""
    put(tmp_path / "in" / "t" / ".hoodie" / "hoodie.properties", "hoodie.table.name=t")
    pq.write_table(table(**CURRENT), tmp_path / "in" / "t" / "p.parquet")
    put(tmp_path / "in" / "a.md", "甲")
    found = read(tmp_path / "in")
    assert rows(found) == [("a", "甲")]
    assert only(found).path == str(tmp_path / "in" / "t")
    assert "this is a Hudi table" in only(found).reason
    assert "pip install hudi" in only(found).reason


@pytest.mark.parametrize(
    ("files", "kind", "found"),
    [
        (["_delta_log/00000000000000000009.json", "_delta_log/00000000000000000010.json"], "delta", 10),
        (["_delta_log/00000000000000000010.checkpoint.parquet", "_delta_log/_last_checkpoint"], "delta", 10),
        (["_delta_log/00000000000000000002.json", "_delta_log/00000000000000000007.crc"], "delta", 2),
        (["_versions/18446744073709551614.manifest", "_versions/18446744073709551612.manifest"], "lance", 3),
        (["_versions/2.manifest", "_versions/10.manifest", "_versions/latest_version_hint.json"], "lance", 10),
    ],
)
def test_the_newest_version_counts(tmp_path: Path, files: list[str], kind: str, found: int) -> None:
    """By the number in the names, of which Lance counts some down."""
    for name in files:
        put(tmp_path / name, "{}")
    assert lake_kind(tmp_path) == kind
    assert version(current(tmp_path, kind)) == found


@pytest.mark.parametrize(
    ("files", "hint", "found"),
    [
        (["v1", "v2", "v10"], None, "v10"),
        (["v1", "v2", "v3"], "2\n", "v3"),
        (["00001-a-b", "00002-c-d.gz"], None, "00002-c-d.gz"),
        (["00001-a-b", "00002-c-d"], "00001-a-b", "00001-a-b"),
        (["00001-a-b", "00002-c-d"], "00001-a-b.metadata.json", "00001-a-b"),
        (["00001-a-b", "00002-c-d"], "gone", "00002-c-d"),
    ],
)
def test_which_metadata_of_iceberg_count(tmp_path: Path, files: list[str], hint: str | None, found: str) -> None:
    """Those that the hint names, else those of the highest number."""
    for name in files:
        put(tmp_path / "metadata" / f"{name}.metadata.json", "{}")
    if hint is not None:
        put(tmp_path / "metadata" / "version-hint.text", hint)
    assert lake_kind(tmp_path) == "iceberg"
    assert current(tmp_path, "iceberg").name == f"{found}.metadata.json"


def test_two_metadata_of_one_number_are_for_a_catalog(tmp_path: Path) -> None:
    """One of two that wrote at the same time has lost, and the files do not say which."""
    for name in ("00002-a", "00002-b"):
        put(tmp_path / "t" / "metadata" / f"{name}.metadata.json", "{}")
    assert "only its catalog knows which counts" in only(read(tmp_path / "t")).reason


def test_an_iceberg_table_whose_files_are_elsewhere(tmp_path: Path) -> None:
    """Metadata that were copied from a bucket name files there: nothing is fetched."""
    folder = iceberg(tmp_path / "t")
    newest = current(folder, "iceberg")
    newest.write_text(newest.read_text("utf-8").replace(str(folder), "s3://bucket/t"), "utf-8")
    assert "are at 's3://bucket/t'" in only(read(folder)).reason


@pytest.mark.parametrize("name", ["metadata/about.metadata.json", "metadata/2024.metadata.json", "_versions/a.json"])
def test_folders_that_only_look_like_a_table(tmp_path: Path, name: str) -> None:
    """A crawl may have folders of such names."""
    put(tmp_path / name, "{}")
    put(tmp_path / "a.md", "甲")
    assert lake_kind(tmp_path) is None
    assert ("a", "甲") in rows(read(tmp_path))


@pytest.mark.parametrize("name", ["t/_delta_log", "t.lance"])
def test_a_table_without_a_version_is_named(tmp_path: Path, name: str) -> None:
    """What lies beside an empty log is no table's, and no article either."""
    (tmp_path / name).mkdir(parents=True)
    put(tmp_path / Path(name).parts[0] / "a.md", "甲")
    assert "without a version that could be read" in only(read(tmp_path)).reason


def test_nights_know_a_table_by_its_version(tmp_path: Path) -> None:
    """A new version is read as a whole: what was appended is new, what was deleted or overwritten is gone."""
    folder, tea = tmp_path / "in" / "t", "上周末我们去山里喝茶，天气很好，大家都玩得很开心"
    write_deltalake(folder, table(a=tea, b=f"{tea}！", c="完全不同的一篇，說的是城裡新開的書店和老闆"))
    assert night(tmp_path) == ("read 1", {"a": "a", "b": "a", "c": "c"})
    assert night(tmp_path) == ("read 0", {"a": "a", "b": "a", "c": "c"})
    write_deltalake(folder, table(d=f"{tea}。"), mode="append")
    assert night(tmp_path) == ("read 1", {"a": "a", "b": "a", "c": "c", "d": "a"})
    DeltaTable(folder).delete("id = 'a'")
    assert night(tmp_path) == ("read 1", {"b": "b", "c": "c", "d": "b"})
    write_deltalake(folder, table(e="🎉 只剩下這一篇關於慶典的文章，寫得很長"), mode="overwrite")
    assert night(tmp_path) == ("read 1", {"e": "e"})


def night(folder: Path) -> tuple[str, dict[str, str]]:
    """Run one; how many files were read, and the cluster of each article."""
    done = nights.run(folder)
    return f"read {done.files}", nights.by_id(nights.read(folder), "cluster")


@every_kind
@pytest.mark.parametrize("memory", [[], ["--memory", "1GB"]], ids=["all", "1GB"])
def test_rows_of_a_table_without_duplicates(tmp_path: Path, kind: str, memory: list[str]) -> None:
    """All columns of the rows, as they are; both times rows come in one order, of many files and threads, too."""
    folder, out = many(kind, tmp_path / "t"), tmp_path / "out.parquet"
    result = CliRunner().invoke(
        main, ["unique", str(folder), "--out", str(out), "--near-copies", "--dropped", str(tmp_path / "d.csv"), *memory]
    )
    assert result.exit_code == 0, result.output
    assert "Kept 40 of 80 rows" in result.output
    kept = pq.read_table(out)
    assert kept.column_names == ["id", "text", "n"]
    assert kept.schema.field("n").type == pa.struct({"place": pa.int64()})
    for row in kept.to_pylist():
        assert row["text"] == poem(row["n"]["place"])
        assert row["id"] in {f"{row['n']['place']}-0", f"{row['n']['place']}-1"}


def poem(number: int) -> str:
    """A text like no other of another number."""
    return "".join(chr(0x4E00 + (number * 997 + place * 61) % 20000) for place in range(60))


def many(kind: str, folder: Path) -> Path:
    """A table of 80 rows in eight files, each text twice."""
    made = None
    for part in range(8):
        numbers = [(part * 10 + place) % 40 for place in range(10)]
        some = pa.table({
            "id": [f"{number}-{part // 4}" for number in numbers],
            "text": list(map(poem, numbers)),
            "n": [{"place": number} for number in numbers],
        })  # fmt: skip
        if kind == "delta":
            write_deltalake(folder, some, mode="append")
        elif kind == "lance":
            lance.write_dataset(some, folder, mode="append")
        else:
            made = made or empty(folder, some.schema)
            made.append(some)
    return folder


@every_kind
def test_columns_of_any_name_and_type(tmp_path: Path, kind: str) -> None:
    """Names with quotes, blanks and capitals; ids that are numbers; values that are nested; and all of it copied."""
    given = pa.table({
        "My Id": [1, 2, 3],
        'the "Text"': ["夜裡的城市很安靜，只有風聲", None, "👩‍🚀 رحلة إلى القمر"],
        "day": [date(2026, 11, 1), None, date(2026, 11, 3)],
        "nested": [{"tags": ["夜", "x"], "n": 1.5}, None, {"tags": [], "n": 2.5}],
    })  # fmt: skip
    folder = tmp_path / "t"
    if kind == "delta":
        write_deltalake(folder, given)
    elif kind == "lance":
        lance.write_dataset(given, folder)
    else:
        empty(folder, given.schema).append(given)
    found = read(folder, ReadOptions('the "Text"', "My Id"), columns=["day"])
    assert found.table["id"].to_pylist() == ["1", "2", "3"]
    assert found.table["day"].to_pylist() == given["day"].to_pylist()
    out, names = tmp_path / "out.parquet", ["--text-column", 'the "Text"', "--id-column", "My Id"]
    result = CliRunner().invoke(main, ["unique", str(folder), "--out", str(out), *names])
    assert result.exit_code == 0, result.output
    assert pq.read_table(out).to_pylist() == given.to_pylist()


@every_kind
def test_a_pattern_that_fits_parts_of_a_table(tmp_path: Path, kind: str) -> None:
    """Named once, not for every file; a pattern that fits the folder reads the table."""
    folder = KINDS[kind](tmp_path / "t")
    found = read(f"{tmp_path}/t/**/*")
    assert not len(found.table)
    assert f"in {str(folder)!r}" in only(found).reason
    found = read(f"{tmp_path}/t*")
    assert dict(rows(found)) == CURRENT


@every_kind
def test_a_table_in_a_store_is_refused(tmp_path: Path, kind: str) -> None:
    """No file of it is read, but what lies beside it; names that jobs use are passed over and told there, too."""
    store, base = fsspec.filesystem("memory"), f"/{tmp_path.name}-{kind}"
    store.put(str(KINDS[kind](tmp_path / "t")), f"{base}/in/t", recursive=True)
    for name in ("a.md", "_posts/b.md", "_temporary/c.md", ".d.md"):
        store.pipe_file(f"{base}/in/{name}", "文章".encode())
    found = read(f"memory:/{base}")
    assert rows(found) == [("in/a", "文章")]
    refused, passed = found.problems
    assert refused.path == f"memory:/{base}/in/t"
    assert "which is read on the local disk only" in refused.reason
    assert (passed.severity, passed.count) == ("warning", 1)
    assert "this is" in only(read(f"memory:/{base}/in/t")).reason


def test_tables_among_the_names_of_files() -> None:
    """The outer one where one is in another, and none where names only look alike."""
    names = [
        "a/_delta_log/0.json",
        "a/b/_versions/1.manifest",
        "c/x.lance/data/y",
        "metadata/x.json",
        "_versions/a.json",
    ]
    assert lakes_among([*names, "d.parquet"]) == {"a": "delta", "c/x.lance": "lance"}
    assert lakes_among([".hoodie/hoodie.properties", "d.parquet"]) == {"": "hudi"}
    assert lakes_among(["t/metadata/00001-a.metadata.json", "t/data/d.parquet"]) == {"t": "iceberg"}
