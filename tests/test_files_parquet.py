"""Parquet of every type, whole, invalid and broken."""

from __future__ import annotations

import io
import sys
import uuid
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from test_files import only, put, put_parquet, rows

from dedup.files import Job, ReadOptions, Sources, found, read, stream
from dedup.files.parquet_chunks import chunks
from dedup.files.whole_rows import whole_rows


def invalid(*values: bytes | None) -> pa.Array:
    """A string array whose bytes nobody has checked, as a foreign writer leaves it."""
    raw = pa.array(values, pa.binary())
    return pa.StringArray.from_buffers(len(raw), raw.buffers()[1], raw.buffers()[2], raw.buffers()[0])


@pytest.mark.parametrize(
    "kind",
    [
        pa.string(),
        pa.large_string(),
        pa.string_view(),
        pa.binary(),
        pa.large_binary(),
        pa.dictionary(pa.int32(), pa.string()),
        pa.dictionary(pa.int8(), pa.large_string()),
        pa.dictionary(pa.int32(), pa.binary()),
    ],
    ids=str,
)
def test_every_text_type_of_parquet_is_read(tmp_path: Path, kind: pa.DataType) -> None:
    """Texts in any string or binary type are large_string, nulls are kept."""
    texts = pa.array([b"x", None, "正文".encode(), b""])
    column = texts.cast(kind.value_type).dictionary_encode() if pa.types.is_dictionary(kind) else texts.cast(kind)
    found = read([put_parquet(tmp_path / "a.parquet", {"other": [1, 2, 3, 4], "text": column, "id": column})])
    assert rows(found) == [("x", "x"), ("a:1", None), ("正文", "正文"), ("", "")]
    assert found.problems == []


@pytest.mark.parametrize("kind", ["string", "binary", "dictionary"])
def test_invalid_utf8_in_parquet_is_mended(tmp_path: Path, kind: str) -> None:
    """Parquet does not check strings: what is not UTF-8 is mended, counted, and the first row named."""
    values = invalid(*[b"fine"] * 3000, b"caf\xe9", None, b"\xff\xff", *[b"fine"] * 3000)
    column = values.cast(pa.binary()) if kind == "binary" else values
    if kind == "dictionary":
        indices = pa.array([0] * 3000 + [1, None, 2] + [0] * 3000)
        column = pa.DictionaryArray.from_arrays(indices, invalid(b"fine", b"caf\xe9", b"\xff\xff"))
    found = read([put_parquet(tmp_path / "a.parquet", {"text": column}, row_group_size=2000)])
    texts = [text for _, text in rows(found)]
    assert texts[2998:3005] == ["fine", "fine", "caf\ufffd", None, "\ufffd\ufffd", "fine", "fine"]
    assert len(texts) == 6003
    problem = only(found)
    assert (problem.row, problem.severity) == (3001, "warning")
    assert "3 undecodable bytes" in problem.reason


def test_parquet_ids_of_any_type_are_strings(tmp_path: Path) -> None:
    """Numbers, dates, hashes and UUIDs are written out; null is a missing id."""
    name = uuid.uuid4()
    for column, expected in (
        (pa.array([12, None]), "12"),
        (pa.array([12, None]).dictionary_encode(), "12"),
        (pa.array([2.5, None]), "2.5"),
        (pa.array([True, None]), "true"),
        (pa.array([0, None], pa.date32()), "1970-01-01"),
        (pa.array([b"\xff\x00", None], pa.binary(2)), "ff00"),
        (pa.array([b"\xff\x00", None], pa.binary()), "ff00"),
        (pa.array([b"\xff\x00", None], pa.large_binary()).dictionary_encode(), "ff00"),
        (pa.array(["茶".encode(), None], pa.binary()), "茶"),
        (pa.array([name.bytes, None], pa.uuid()), str(name)),
    ):
        found = read([put_parquet(tmp_path / "a.parquet", {"id": column, "text": ["x", "y"]})])
        assert rows(found) == [(expected, "x"), ("a:1", "y")]
    found = read([put_parquet(tmp_path / "a.parquet", {"id": pa.nulls(1), "text": pa.nulls(1)})])
    assert rows(found) == [("a:0", None)]


def test_parquet_columns_of_another_type_are_problems(tmp_path: Path) -> None:
    """Texts that are numbers and ids that are lists are refused, with the type that was found."""
    numbers = put_parquet(tmp_path / "a.parquet", {"text": [1, 2]})
    lists = put_parquet(tmp_path / "b.parquet", {"id": [[1]], "text": ["x"]})
    found = read([numbers, lists])
    assert rows(found) == []
    assert "column 'text' holds int64, but texts must be strings" in found.problems[0].reason
    assert "column 'id' holds list<" in found.problems[1].reason


def test_a_dot_in_a_column_name_is_no_path(tmp_path: Path) -> None:
    """Column names are taken as they are."""
    path = put_parquet(tmp_path / "a.parquet", {"article.text": ["x"], "article": [{"text": "no"}]})
    assert rows(read([path], ReadOptions("article.text"))) == [("a:0", "x")]


@pytest.mark.parametrize("keep", [0, 3, 500])
def test_a_corrupt_parquet_file_is_a_problem(tmp_path: Path, keep: int) -> None:
    """A file without its footer is lost and named, and the rest is read."""
    path = put_parquet(tmp_path / "a.parquet", {"text": [str(number) for number in range(1000)]})
    path.write_bytes(path.read_bytes()[:keep])
    put(tmp_path / "b.md", "b")
    found = read([tmp_path])
    assert rows(found) == [("b", "b")]
    assert (only(found).path, only(found).severity) == (str(path), "error")


def test_a_corrupt_row_group_costs_only_itself(tmp_path: Path) -> None:
    """Row groups before and after a broken one are read."""
    texts = [uuid.UUID(int=number**31 % 2**128).hex for number in range(3000)]
    path = put_parquet(tmp_path / "a.parquet", {"text": texts}, row_group_size=1000, compression="zstd")
    column = pq.ParquetFile(path).metadata.row_group(1).column(0)
    raw = bytearray(path.read_bytes())
    start = column.dictionary_page_offset or column.data_page_offset
    raw[start : start + column.total_compressed_size] = b"\xff" * column.total_compressed_size
    path.write_bytes(raw)
    found = read([path])
    assert rows(found) == [(f"a:{row}", texts[row]) for row in (*range(1000), *range(2000, 3000))]
    assert (only(found).row, only(found).severity) == (1001, "error")
    assert "rows 1,001 to 2,000 cannot be read" in only(found).reason


def test_a_place_behind_the_end_of_a_dictionary_is_seen(tmp_path: Path) -> None:
    """A damaged page may hold any, and the library that reads it looks at none; followed, it reads other memory."""
    texts = pa.array(["one", "two", "three"] * 3).dictionary_encode()
    path = put_parquet(tmp_path / "a.parquet", {"text": texts}, row_group_size=6, compression="none")
    column = pq.ParquetFile(path).metadata.row_group(0).column(0)
    end = column.dictionary_page_offset + column.total_compressed_size
    raw = path.read_bytes()
    path.write_bytes(raw[: end - 1] + b"\xff" + raw[end:])
    found = read([path])
    assert rows(found) == [("a:6", "one"), ("a:7", "two"), ("a:8", "three")]
    assert (only(found).row, only(found).count) == (1, 6)
    assert "out of bounds" in only(found).reason


def test_a_large_row_group_is_read_in_pieces(tmp_path: Path) -> None:
    """Nobody holds a group of gigabytes for the sake of a row, and the rows are those of the group."""
    texts = [f"{number}" + "乌龙茶" * 20_000 for number in range(500)]  # 90 MB
    table = pa.table({"text": texts})
    pq.write_table(table, tmp_path / "a.parquet", compression="zstd")
    sources = Sources()
    sources.add(tmp_path / "a.parquet")
    (source,) = sources.files
    pieces = list(stream(Job(source)))
    assert len(pieces) > 2
    assert max(piece.nbytes for piece in pieces) < table.nbytes / 2
    found = pa.concat_tables(pieces)
    assert found["text"].to_pylist() == texts
    assert found["id"].to_pylist() == [f"a:{number}" for number in range(500)]


def test_of_a_large_row_group_a_part_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked of the file at once does not grow with the row group."""
    parquet, taken = import_module("dedup.files.formats.parquet"), []
    texts = [uuid.UUID(int=number**31 % 2**128).hex * 30 for number in range(20_000)]
    pq.write_table(pa.table({"text": texts}), tmp_path / "a.parquet", row_group_size=20_000, compression="none")

    class Counting:
        def __init__(self, file: io.BufferedReader) -> None:
            self._file = file

        def __getattr__(self, name: str) -> Any:
            return getattr(self._file, name)

        def read(self, size: int = -1) -> bytes:
            taken.append(size)
            return self._file.read(size)

    monkeypatch.setattr(parquet, "jumping", Counting)
    sources = Sources()
    sources.add(tmp_path / "a.parquet")
    pieces = stream(Job(sources.files[0]))
    assert 0 < len(next(pieces)) < len(texts)
    assert max(taken) < 4 << 20 < (tmp_path / "a.parquet").stat().st_size // 4
    pieces.close()


def test_a_head_that_is_damaged_for_one_row_group_costs_only_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be asked of the head is told as what cannot be read is; as reading all of the file would find out."""
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"id": list("abcdef"), "text": list("uvwxyz")}), path, row_group_size=3)
    parquet = import_module("dedup.files.formats.parquet")
    whole = parquet.chunks

    def damaged(source: Any, about: Any, group: int, wanted: Any) -> list[Any]:
        if group == 0:
            raise OSError("Repetition level histogram size mismatch")
        found: list[Any] = whole(source, about, group, wanted)
        return found

    monkeypatch.setattr(parquet, "chunks", damaged)
    result = read(path)
    assert [name for name, _ in rows(result)] == ["d", "e", "f"]
    assert (only(result).row, only(result).count) == (1, 3)
    assert "histogram" in only(result).reason


def test_the_head_is_looked_at_after_reading_was_begun(tmp_path: Path) -> None:
    """By which no byte is read; of several columns those that are wanted."""
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"id": [1, 2], "text": ["x" * 999, "y"], "tags": [["a"], []]}), path)
    taken = []

    class Counting(io.FileIO):
        def read(self, size: int = -1) -> bytes:
            taken.append(size)
            return super().read(size)

        def readinto(self, buffer: Any) -> int:
            taken.append(len(buffer))
            return super().readinto(buffer) or 0

    with Counting(path) as file:
        about = pq.ParquetFile(file).metadata
        taken.clear()
        found = chunks(file, about, 0, lambda column: column.physical_type == "BYTE_ARRAY")
        assert [one.path_in_schema for one in found] == ["text", "tags.list.element"]
        assert taken == []


def test_rows_that_are_counted_and_not_there_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A damaged page may end a row group without a word; the groups after it are read."""
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"id": list("abcdef"), "text": list("uvwxyz")}), path, row_group_size=3)
    parquet = import_module("dedup.files.formats.parquet")
    whole = parquet.pieces

    def short(source: Any, file: Any, group: int, wanted: Any, **more: bool) -> Iterator[pa.Table]:
        yield from (piece[:1] if group == 0 else piece for piece in whole(source, file, group, wanted, **more))

    monkeypatch.setattr(parquet, "pieces", short)
    result = read(path)
    assert [name for name, _ in rows(result)] == ["a", "d", "e", "f"]
    assert (only(result).row, only(result).count) == (2, 2)
    assert "they are counted in its head, and are not there" in only(result).reason


def test_repeated_texts_are_read_in_pieces(tmp_path: Path) -> None:
    """A dictionary makes little of many copies on the disk; in memory they are all there."""
    texts = ["烏龍茶" * 2000] * 3000
    pq.write_table(pa.table({"text": texts}), tmp_path / "a.parquet")
    assert (tmp_path / "a.parquet").stat().st_size < 100_000
    sources = Sources()
    sources.add(tmp_path / "a.parquet")
    pieces = list(stream(Job(sources.files[0])))
    assert len(pieces) == 4
    assert max(piece.nbytes for piece in pieces) < 17 << 20
    assert pa.concat_tables(pieces)["text"].to_pylist() == texts


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.binary(), pa.dictionary(pa.int32(), pa.string())], ids=str
)
@pytest.mark.parametrize("first", [0, 3000])
def test_one_long_text_on_many_rows_is_read_in_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: pa.DataType, first: int
) -> None:
    """A dictionary holds a long text once, wherever its rows begin; no piece is of more than it should be."""
    for name in ("columnar", "parquet"):
        monkeypatch.setattr(sys.modules[f"dedup.files.formats.{name}"], "PIECE", 1 << 18)
    texts = pa.DictionaryArray.from_arrays(
        pa.array([0] * first + [1, 2] * 200, pa.int32()), pa.array(["", "茶" * 20_000, "short"])
    )
    column = texts if pa.types.is_dictionary(kind) else texts.cast(pa.string()).cast(kind)
    pq.write_table(pa.table({"text": column}), tmp_path / "a.parquet", compression="zstd")
    assert (tmp_path / "a.parquet").stat().st_size < 3000
    (source,) = found([tmp_path]).files
    sizes = [piece["text"].nbytes for piece in stream(Job(source))]
    assert max(sizes) < 2 << 18
    assert sum(sizes) > 200 * 60_000
    wanted = np.ones(first + 400, np.bool_)
    if not pa.types.is_dictionary(kind):  # as it is, a dictionary is small
        assert max(rows.nbytes for rows in whole_rows(source, wanted)) < 2 << 18


def test_texts_that_share_their_beginnings_are_read_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As DELTA_BYTE_ARRAY keeps them: what is the same as in the row before is not written again."""
    for name in ("columnar", "parquet"):
        monkeypatch.setattr(sys.modules[f"dedup.files.formats.{name}"], "PIECE", 1 << 18)
    texts = ["茶" * 5_000 + str(number) for number in range(1000)]
    encoding = {"use_dictionary": False, "column_encoding": "DELTA_BYTE_ARRAY"}
    path = put_parquet(tmp_path / "a.parquet", {"text": texts}, **encoding)
    (source,) = found([path]).files
    tables = list(stream(Job(source)))
    assert [text for table in tables for text in table["text"].to_pylist()] == texts
    assert max(table.nbytes for table in tables) < 64 * 15_000 + (2 << 18)
