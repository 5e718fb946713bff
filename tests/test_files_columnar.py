"""Arrow IPC, Feather and ORC of every type, whole, compressed, cut short and broken."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather
import pyarrow.orc
import pytest
from click.testing import CliRunner
from test_files import only, put, rows
from test_files_parquet import invalid

from dedup.cli import main
from dedup.files import ReadOptions, read
from dedup.files.formats import orc_apart
from dedup.files.formats.columnar import legible

TABLE = pa.table({"id": ["甲", None, "c"], "text": ["第一篇", None, "ثالث 😀"], "tags": [["x"], [], None]})
WHOLE = [("甲", "第一篇"), ("a:1", None), ("c", "ثالث 😀")]


def of_file(table: pa.Table, rows: int = 2, compression: str | None = None) -> bytes:
    """The file form of Arrow IPC, in batches of so many rows."""
    return _ipc(pa.ipc.new_file, table, rows, compression)


def of_stream(table: pa.Table, rows: int = 2, compression: str | None = None) -> bytes:
    """The stream form."""
    return _ipc(pa.ipc.new_stream, table, rows, compression)


def _ipc(form: Callable[..., Any], table: pa.Table, rows: int, compression: str | None) -> bytes:
    sink = pa.BufferOutputStream()
    with form(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as writer:
        writer.write_table(table, max_chunksize=rows)
    return bytes(sink.getvalue())


def of_orc(table: pa.Table) -> bytes:
    """ORC, in stripes of about a thousand rows."""
    sink = pa.BufferOutputStream()
    pyarrow.orc.write_table(table, sink, stripe_size=1 << 10, batch_size=1 << 10, compression="zstd")
    return bytes(sink.getvalue())


@pytest.mark.parametrize("compression", [None, "lz4", "zstd"])
@pytest.mark.parametrize("form", [of_file, of_stream])
@pytest.mark.parametrize("name", ["a.arrow", "a.ipc", "a.arrows", "a.feather", "a.arrow.gz", "a.parquet"])
def test_both_forms_of_arrow_are_read(
    tmp_path: Path, name: str, form: Callable[..., bytes], compression: str | None
) -> None:
    """The content tells the form, whatever the file is called; a name of another kind is a warning."""
    found = read(put(tmp_path / name, form(TABLE, compression=compression)))
    assert rows(found) == WHOLE
    assert [problem.reason for problem in found.problems] == (
        ["the file is Arrow IPC, not Parquet as its name says, and was read so"] if name == "a.parquet" else []
    )


@pytest.mark.parametrize("name", ["a.orc", "a.orc.gz", "part-00000"])
def test_orc_is_read(tmp_path: Path, name: str) -> None:
    """Also compressed as a whole, and without a suffix."""
    found = read(put(tmp_path / name, of_orc(TABLE)))
    assert [text for _, text in rows(found)] == [text for _, text in WHOLE]
    assert found.problems == []


def test_feather_is_read(tmp_path: Path) -> None:
    """As pandas writes it."""
    pyarrow.feather.write_feather(TABLE, str(tmp_path / "a.feather"))
    assert rows(read(tmp_path)) == WHOLE


def test_feather_of_version_1_is_refused(tmp_path: Path) -> None:
    """With the call that makes it version 2."""
    assert "write_feather" in only(read(put(tmp_path / "a.feather", b"FEA1" + bytes(20) + b"FEA1"))).reason


@pytest.mark.parametrize(
    "kind",
    [
        pa.large_string(),
        pa.string_view(),
        pa.binary(),
        pa.binary_view(),
        pa.dictionary(pa.int32(), pa.string()),
        pa.dictionary(pa.int8(), pa.binary()),
        pa.run_end_encoded(pa.int32(), pa.string()),
        pa.run_end_encoded(pa.int16(), pa.string_view()),
    ],
    ids=str,
)
@pytest.mark.parametrize("form", [of_file, of_stream])
def test_every_text_type_of_arrow_is_read(tmp_path: Path, form: Callable[..., bytes], kind: pa.DataType) -> None:
    """Texts and ids in any string or binary type, coded or not, are large_string."""
    texts = pa.array([b"x", b"x", "正文".encode(), b""])
    if pa.types.is_run_end_encoded(kind):
        ends = pa.array([2, 3, 4], kind.run_end_type)
        column = pa.RunEndEncodedArray.from_arrays(ends, texts[1:].cast(kind.value_type))
    else:
        column = texts.cast(kind.value_type).dictionary_encode() if pa.types.is_dictionary(kind) else texts.cast(kind)
    found = read(put(tmp_path / "a.arrow", form(pa.table({"text": column, "id": column}))))
    assert rows(found) == [("x", "x"), ("x", "x"), ("正文", "正文"), ("", "")]
    assert found.problems == []


@pytest.mark.parametrize("form", [of_file, of_stream, of_orc])
def test_invalid_utf8_is_mended(tmp_path: Path, form: Callable[..., bytes]) -> None:
    """Neither format checks strings: what is not UTF-8 is mended and counted."""
    found = read(put(tmp_path / "part-0", form(pa.table({"text": invalid(b"ok", b"caf\xe9", None)}))))
    assert [text for _, text in rows(found)] == ["ok", "caf\ufffd", None]
    assert "1 undecodable byte" in only(found).reason


@pytest.mark.parametrize("form", [of_file, of_stream])
@pytest.mark.parametrize("end", [-60, -400])
def test_of_a_file_that_is_cut_short_the_batches_are_kept(tmp_path: Path, form: Callable[..., bytes], end: int) -> None:
    """A process was killed while it wrote."""
    table = pa.table({"text": ["x" * 100] * 20})
    found = read(put(tmp_path / "a.arrow", form(table, 4)[: end if form is of_stream else end - 400]))
    assert 0 < len(rows(found)) <= 20
    assert only(found).severity == "error"


def test_a_broken_batch_costs_only_itself(tmp_path: Path) -> None:
    """Offsets that lead out of a buffer are seen before they are followed."""
    table = pa.table({"text": [f"text {number}" for number in range(6)]})
    raw = of_file(table)
    offsets = pa.array([0, 6, 12], pa.int32()).buffers()[1].to_pybytes()
    at = raw.index(offsets, raw.index(offsets) + 1)  # of the second batch
    found = read(put(tmp_path / "a.arrow", raw[: at + 4] + b"\xff\xff\xff\x7f" + raw[at + 8 :]))
    assert [text for _, text in rows(found)] == ["text 0", "text 1", "text 4", "text 5"]
    assert only(found).row == 3


def _listed(values: pa.Array) -> pa.Array:
    return pa.ListArray.from_arrays(pa.array([0, 1], pa.int32()), values)


@pytest.mark.parametrize(
    "wrapped",
    [
        _listed,
        lambda one: pa.FixedSizeListArray.from_arrays(one, 1),
        lambda one: pa.MapArray.from_arrays(pa.array([0, 1], pa.int32()), one, one),
        lambda one: _listed(pa.DictionaryArray.from_arrays(pa.array([0]), one)),
    ],
    ids=["list", "list of a size", "map", "dictionary"],
)
def test_bytes_inside_of_other_types_need_not_be_utf8(tmp_path: Path, wrapped: Callable[[pa.Array], pa.Array]) -> None:
    """What a batch is checked for is where its offsets and indices lead; they are mended as texts are."""
    path = put(tmp_path / "a.arrow", of_file(pa.table({"text": ["x"], "other": wrapped(invalid(b"caf\xe9"))})))
    found = read([path], columns=["other"])
    assert found.problems == []
    assert "caf\ufffd" in str(legible(found.table["other"]).to_pylist())


def test_a_broken_stripe_costs_only_itself(tmp_path: Path) -> None:
    """The stripes before and after it are read."""
    raw = of_orc(pa.table({"text": [f"{number} {number * 7919 % 10007}" for number in range(20_000)]}))
    at = len(raw) // 2
    found = read(put(tmp_path / "a.orc", raw[:at] + bytes(64) + raw[at + 64 :]))
    assert 10_000 < len(found.table) < 20_000
    assert "a stripe from row" in only(found).reason


@pytest.mark.parametrize("end", ["", "import sys; sys.stdin.buffer.readline(); sys.exit(3)"])
def test_a_library_that_ends_over_a_file_costs_only_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    """It is a process of its own that ends, at once or when it is asked; the next file has another one."""
    for name in "ab":
        put(tmp_path / f"{name}.orc", of_orc(pa.table({"text": [name]})))
    assert [text for _, text in rows(read([tmp_path]))] == ["a", "b"]
    orc_apart.close_all()
    popen, codes = subprocess.Popen, [orc_apart.CODE, end]

    def begin(command: list[str], **more: Any) -> subprocess.Popen[bytes]:
        return popen([*command[:2], codes.pop(), *command[3:]], **more)

    monkeypatch.setattr(orc_apart.subprocess, "Popen", begin)
    found = read([tmp_path])
    assert [text for _, text in rows(found)] == ["b"]
    assert "its library has ended over it" in only(found).reason


def test_one_process_reads_one_file_of_orc_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And another one what is read meanwhile."""
    path = put(tmp_path / "a.orc", of_orc(TABLE))
    begun = []
    popen = subprocess.Popen
    orc_apart.close_all()
    monkeypatch.setattr(orc_apart.subprocess, "Popen", lambda *some, **more: begun.append(1) or popen(*some, **more))
    for _ in range(3):
        assert rows(read([path])) == WHOLE
    assert len(begun) == 1
    with (
        path.open("rb") as one,
        path.open("rb") as other,
        orc_apart.opened(one) as left,
        orc_apart.opened(other) as right,
    ):
        assert left.schema == right.schema
        assert left.read_stripe(0, ["id"]).num_rows == right.read_stripe(0).num_rows
        with pytest.raises(OSError, match="99"):
            left.read_stripe(99)
        assert left.read_stripe(0).equals(right.read_stripe(0))
    assert len(begun) == 2


@pytest.mark.parametrize(("column", "said"), [("text", "Kept 4 of 4 rows"), ("number", "a column beside the texts")])
def test_rows_behind_a_broken_batch_are_copied_as_themselves(tmp_path: Path, column: str, said: str) -> None:
    """Where its texts are broken its rows are not there; where only another column is, that is said."""
    values = pa.array([f"{number} {'xyzuvw'[number] * 40}" for number in range(6)])
    others = pa.array([f"number {number}" for number in range(6)])
    raw = of_file(pa.table({"text": values, "number": others}))
    first, length = {"text": (0, 42), "number": (0, 8)}[column]
    offsets = pa.array([first, length, 2 * length], pa.int32()).buffers()[1].to_pybytes()
    at = raw.index(offsets, raw.index(offsets) + 1)  # of the second batch
    path = put(tmp_path / "a.arrow", raw[: at + 4] + b"\xff\xff\xff\x7f" + raw[at + 8 :])
    result = CliRunner().invoke(main, ["unique", str(path), "--out", str(tmp_path / "out.jsonl")])
    assert result.exit_code == 1 and said in result.output
    if column == "text":
        written = [json.loads(line)["number"] for line in (tmp_path / "out.jsonl").read_text().splitlines()]
        assert written == ["number 0", "number 1", "number 4", "number 5"]


@pytest.mark.parametrize("form", [of_file, of_stream, of_orc])
def test_columns_are_checked(tmp_path: Path, form: Callable[..., bytes]) -> None:
    """A column that is missing or holds no text is named."""
    path = put(tmp_path / "part-0", form(TABLE.append_column("pages", pa.array([1, 2, 3]))))
    assert "no column 'body'" in only(read(path, ReadOptions(text="body"))).reason
    assert "texts must be strings" in only(read(path, ReadOptions(text="pages"))).reason


@pytest.mark.parametrize("form", [of_file, of_stream, of_orc])
def test_texts_and_ids_may_lie_inside_of_columns(tmp_path: Path, form: Callable[..., bytes]) -> None:
    """By a path; texts of several columns are joined, and strings of a list are lines."""
    inside = pa.array([{"body": "第一篇", "url": "a"}, None, {"body": "ثالث 😀", "url": "c"}])
    path = put(tmp_path / "part-0", form(TABLE.append_column("page", inside)))
    whole = ReadOptions(text="page.body,tags", id="page.url")
    assert rows(read(path, whole)) == [("a", "第一篇\n\nx"), ("part-0:1", ""), ("c", "ثالث 😀")]


def test_other_columns_keep_their_types(tmp_path: Path) -> None:
    """As those of Parquet."""
    found = read(put(tmp_path / "a.arrow", of_file(TABLE)), columns=["tags"])
    assert found.table["tags"].to_pylist() == [["x"], [], None]
