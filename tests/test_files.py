"""The package as a whole, and the files that its tests make."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dedup import files
from dedup.files import Problem, Read, read, write


def put(path: Path, content: str | bytes) -> Path:
    """A file of this content, compressed as its suffix says, in folders made for it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = content.encode() if isinstance(content, str) else content
    codec = {".gz": "gzip", ".zst": "zstd"}.get(path.suffix)
    if codec is None:
        path.write_bytes(raw)
    else:
        with pa.CompressedOutputStream(str(path), codec) as stream:
            stream.write(raw)
    return path


def put_parquet(path: Path, columns: dict[str, Any], **options: Any) -> Path:
    """A Parquet file of these columns."""
    pq.write_table(pa.table(columns), path, **options)
    return path


def rows(found: Read) -> list[tuple[str, str | None]]:
    """The articles, after a check that the table is as promised and valid."""
    assert found.table.schema == pa.schema({"id": pa.large_string(), "text": pa.large_string()})
    found.table.validate(full=True)
    assert found.table.column("id").null_count == 0
    return list(zip(*found.table.to_pydict().values(), strict=True))


def only(found: Read) -> Problem:
    """The one problem there is."""
    assert len(found.problems) == 1, found.problems
    return found.problems[0]


def test_modules_import_only_what_is_below_them() -> None:
    """The order of the modules, from the top: no module imports one that stands before it."""
    order = [
        "__init__",
        "label_files",
        "repeats",
        "copying",
        "writing",
        "remote_outputs",
        "whole_rows",
        "reading",
        "formats.archives",
        "formats",
        "formats.books",
        "formats.feeds",
        "formats.wikis",
        "formats.marked_text",
        "formats.entries",
        "formats.web_archives",
        "formats.archived_pages",
        "formats.http_bodies",
        "formats.warc_records",
        "formats.pages",
        "formats.page_data",
        "formats.page_trees",
        "formats.page_order",
        "formats.page_sight",
        "formats.page_styles",
        "formats.documents",
        "formats.json_values",
        "formats.json_lines",
        "formats.csv_rows",
        "formats.csv_dialects",
        "formats.orc",
        "formats.orc_apart",
        "formats.arrow",
        "formats.parquet",
        "formats.lake_tables",
        "formats.columnar",
        "formats.zips",
        "tables",
        "jobs",
        "sources",
        "walking",
        "recognized",
        "compressed",
        "source",
        "hive",
        "lakes",
        "options",
        "streams",
        "kinds",
        "unread",
        "contents",
        "remote_bytes",
        "parquet_chunks",
        "places",
        "stores",
        "encodings",
        "charsets",
        "chunks",
        "bounds",
        "problems",
    ]
    folder = Path(files.__file__).parent
    paths = {
        ".".join(path.relative_to(folder).with_suffix("").parts).removesuffix(".__init__"): path
        for path in folder.rglob("*.py")
    }
    assert set(paths) == set(order)
    for place, name in enumerate(order):
        tree = ast.parse(paths[name].read_text("utf-8"))
        imported = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        below = [module.removeprefix("dedup.files.") for module in imported if module.startswith("dedup.files.")]
        assert set(below) <= set(order[place + 1 :]), name


def test_import_is_light() -> None:
    """What only some files need is imported with the first of them."""
    heavy = {"trafilatura", "lxml", "fastwarc", "deltalake", "pyiceberg", "lance", "pyarrow.parquet", "numba"}
    heavy |= {"pyarrow.compute", "mwparserfromhell", "fsspec", "chardet"}
    code = f"import sys, dedup.files; sys.exit(str({heavy} & set(sys.modules) or ''))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).stderr.strip() == b""


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_what_is_written_can_be_read(tmp_path: Path, suffix: str) -> None:
    """`read` reads what `write` wrote."""
    table = pa.table({"id": ["a", "b"], "text": ['"', "正\n文"]})
    write(table, tmp_path / f"o.{suffix}")
    assert read([tmp_path / f"o.{suffix}"]).table.to_pylist() == table.to_pylist()
