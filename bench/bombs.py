"""Small files that decode to large ones: `python bench/bombs.py [--megabytes N] [--bombs NAME ...] [--ways NAME ...]`.

Each bomb lies beside twenty good articles, and each way of reading them is a process of its own whose address space is
limited. Prints the bytes of the bomb on the disk, of what it decodes to, the peak of the process's memory beyond that
of the same process over the good articles alone, and processor time. Fails where the limit is met, an error
is not one of ours, or a good article is lost. Linux only.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
from pyarrow import orc

CAP = 6 << 30
"""Bytes of address space that a process may have."""
GOOD = 20
PIECE = 1 << 20
WORDS = "烏龍茶與紅茶的故事讲的是一九九八年的春天山上下了一场大雨采茶的人都回了家只有他还站在那里看着远方的云"


class Bomb(NamedTuple):
    """A file, and what it decodes to."""

    name: str
    make: Callable[[Path, int], int]
    """Called with where to write, and megabytes; returns how many it decodes to."""
    lost: bool = True
    """Whether something of it is to be told."""
    but: str = ""
    """A way in which nothing of it is lost."""


def _pieces(megabytes: int, before: bytes = b"", after: bytes = b"", fill: bytes = b"a") -> Iterator[bytes]:
    yield before
    for _ in range(megabytes):
        yield fill * (PIECE // len(fill))
    yield after


def _zipped(path: Path, megabytes: int, *around: bytes) -> int:
    with gzip.open(path, "wb", 9) as file:
        file.writelines(_pieces(megabytes, *around))
    return megabytes


def _text(path: Path, megabytes: int) -> int:
    return _zipped(path, megabytes)


def _json(path: Path, megabytes: int) -> int:
    return _zipped(path, megabytes, b'{"id": "bomb", "text": "', b'"}\n')


def _json_document(path: Path, megabytes: int) -> int:
    return _zipped(path, megabytes, b'[\n {"id": "bomb",\n "text": "', b'"}\n]\n')


def _csv(path: Path, megabytes: int) -> int:
    return _zipped(path, megabytes, b"id,text\nbomb,", b"\n")


def _blank_lines(path: Path, megabytes: int) -> int:
    return _zipped(path, megabytes, b"", b"", b"\n")


def _page(path: Path, megabytes: int) -> int:
    return _zipped(path, megabytes, b"<html><body><p>", b"</p></body></html>")


def _zstd(path: Path, megabytes: int) -> int:
    with pa.output_stream(path, compression="zstd") as file:
        for piece in _pieces(megabytes):
            file.write(piece)
    return megabytes


def _zip(path: Path, megabytes: int) -> int:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("bomb.txt", "w") as file:
        file.writelines(_pieces(megabytes))
    return megabytes


def _tar(path: Path, megabytes: int) -> int:
    info = tarfile.TarInfo("bomb.txt")
    info.size = megabytes * PIECE
    with tarfile.open(path, "w:gz") as archive:
        archive.addfile(info, io.BytesIO(b"a" * info.size))
    return megabytes


_CONTAINER = '<container><rootfiles><rootfile full-path="b.opf"/></rootfiles></container>'
_BOOK = (
    '<package><manifest><item id="a" href="a.xhtml" media-type="application/xhtml+xml"/></manifest>'
    '<spine><itemref idref="a"/></spine></package>'
)


def _epub(path: Path, megabytes: int) -> int:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        archive.writestr("META-INF/container.xml", _CONTAINER)
        archive.writestr("b.opf", _BOOK)
        with archive.open("a.xhtml", "w") as file:
            file.writelines(_pieces(megabytes, b"<html><body><p>", b"</p></body></html>"))
    return megabytes


def _warc(path: Path, megabytes: int, coding: str = "gzip") -> int:
    page = b"".join(_pieces(megabytes, b"<html><body><p>", b"</p></body></html>"))
    body = pa.compress(page, codec=coding, asbytes=True)
    said = {"brotli": "br"}.get(coding, coding)
    http = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: {said}\r\n\r\n".encode() + body
    head = f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://a/\r\nContent-Length: {len(http)}\r\n"
    path.write_bytes(head.encode() + b"Content-Type: application/http; msgtype=response\r\n\r\n" + http + b"\r\n\r\n")
    return megabytes


def _warc_brotli(path: Path, megabytes: int) -> int:
    return _warc(path, megabytes, "brotli")


def _coded(value: bytes | str, rows: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), [value])


def _runs(value: str, rows: int) -> pa.Array:
    return pa.RunEndEncodedArray.from_arrays(pa.array([rows], pa.int32()), pa.array([value]))


def _views(value: str, rows: int) -> pa.Array:
    return _coded(value, rows).cast(pa.string()).cast(pa.string_view())


def _ids(rows: int) -> pa.Array:
    return pa.array([f"bomb-{row}" for row in range(rows)])


ROWS = 100
"""Rows of the bombs that repeat one long value: together they are a hundred times the megabytes."""


def _parquet(path: Path, **columns: pa.Array) -> None:
    pq.write_table(pa.table(columns), path, compression="zstd")


def _dictionary(path: Path, megabytes: int) -> int:
    _parquet(path, id=_ids(ROWS), text=_coded("a" * (megabytes * PIECE // 4), ROWS))
    return megabytes * ROWS // 4


def _repeated(path: Path, megabytes: int) -> int:
    """Texts that are allowed each, and many."""
    rows = max(1, megabytes // 2)
    _parquet(path, id=_ids(rows), text=_coded("a" * (2 * PIECE), rows))
    return 2 * rows


def _strings(path: Path, megabytes: int) -> int:
    rows = max(1, megabytes // 2)
    pq.write_table(
        pa.table({"id": _ids(rows), "text": pa.array(["a" * (2 * PIECE)] * rows)}), path,
        compression="zstd", use_dictionary=False,
    )  # fmt: skip
    return 2 * rows


def _names(path: Path, megabytes: int) -> int:
    """Ids of a megabyte, all the same."""
    _parquet(path, id=_coded("a" * PIECE, megabytes), text=pa.array([f"{WORDS} {row}" for row in range(megabytes)]))
    return megabytes


def _lists(path: Path, megabytes: int) -> int:
    long = _coded("a" * (megabytes * PIECE // 4), ROWS)
    offsets = pa.array(range(ROWS + 1), pa.int32())
    _parquet(path, id=_ids(ROWS), text=pa.ListArray.from_arrays(offsets, long))
    return megabytes * ROWS // 4


def _arrow(path: Path, text: pa.Array, megabytes: int) -> int:
    with pa.ipc.new_file(path, pa.schema([("id", pa.string()), ("text", text.type)]), options=_LZ4) as file:
        file.write_batch(pa.record_batch([_ids(len(text)), text], ["id", "text"]))
    return megabytes


_LZ4 = pa.ipc.IpcWriteOptions(compression="zstd")


def _arrow_dictionary(path: Path, megabytes: int) -> int:
    return _arrow(path, _coded("a" * (megabytes * PIECE // 4), ROWS), megabytes * ROWS // 4)


def _arrow_runs(path: Path, megabytes: int) -> int:
    return _arrow(path, _runs("a" * (megabytes * PIECE // 4), ROWS), megabytes * ROWS // 4)


def _arrow_views(path: Path, megabytes: int) -> int:
    """Arrow writes each view's bytes once more."""
    return _arrow(path, _views("a" * (megabytes * PIECE // 20), 10), megabytes // 2)


def _arrow_buffer(path: Path, megabytes: int) -> int:
    """A batch whose buffers are compressed."""
    return _arrow(path, pa.array(["a" * (megabytes * PIECE)]), megabytes)


def _orc(path: Path, megabytes: int) -> int:
    table = pa.table({"id": _ids(10), "text": pa.array(["a" * (megabytes * PIECE // 10)] * 10)})
    orc.write_table(table, path, compression="zstd", dictionary_key_size_threshold=1.0)
    return megabytes


def _deep_json(path: Path, megabytes: int) -> int:
    with gzip.open(path, "wb", 9) as file:
        file.write(b'{"id": "bomb", "text": ')
        file.writelines(_pieces(megabytes, b"", b"}\n", b"["))
    return megabytes


def _deep_page(path: Path, megabytes: int) -> int:
    return _zipped(path, max(1, megabytes // 40), b"<html><body>", b"</body></html>", b"<b>" * 256)


BOMBS = {
    bomb.name: bomb
    for bomb in (
        Bomb("text.txt.gz", _text),
        Bomb("text.txt.zst", _zstd),
        Bomb("lines.jsonl.gz", _json),
        Bomb("document.json.gz", _json_document),
        Bomb("rows.csv.gz", _csv),
        Bomb("blank.txt.gz", _blank_lines),
        Bomb("page.html.gz", _page),
        Bomb("archive.zip", _zip),
        Bomb("archive.tar.gz", _tar),
        Bomb("book.epub", _epub),
        Bomb("gzip.warc", _warc),
        Bomb("brotli.warc", _warc_brotli),
        Bomb("dictionary.parquet", _dictionary),
        Bomb("repeated.parquet", _repeated, lost=False),
        Bomb("strings.parquet", _strings, lost=False),
        Bomb("ids.parquet", _names, but="unique"),  # which needs no ids
        Bomb("lists.parquet", _lists),
        Bomb("dictionary.arrow", _arrow_dictionary),
        Bomb("runs.arrow", _arrow_runs),
        Bomb("views.arrow", _arrow_views),
        Bomb("buffer.arrow", _arrow_buffer),
        Bomb("strings.orc", _orc),
        Bomb("deep.jsonl.gz", _deep_json),
        Bomb("deep.html.gz", _deep_page),
    )
}
_READ = "from dedup import files; found = files.read('in'); [print(one.path, one.reason) for one in found.problems]"
WAYS = {
    "read": ["-c", _READ],
    "cluster": ["-m", "dedup", "cluster", "in", "--out", "out.jsonl"],
    "night": ["-m", "dedup", "cluster", "in", "--out", "out", "--state", "state", "--memory", "1GB"],
    "index": ["-m", "dedup", "index", "add", "index", "in"],
    "unique": ["-m", "dedup", "unique", "in", "--out", "out.jsonl"],
    "match": ["-m", "dedup", "match", "good", "--against", "in", "--out", "out.jsonl"],
}
"""What python is called with; the first one reads, and does nothing with what it has read."""


class Ran(NamedTuple):
    """What a process did."""

    code: int
    megabytes: float
    """The peak of its memory."""
    cpu: float
    """Seconds of processor time."""
    said: str


def run(folder: Path, way: str) -> Ran:
    """A command in a process of its own."""
    for name in ("out", "out.jsonl", "state", "index"):
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).unlink(missing_ok=True)
    with (folder / "said").open("w+b") as said:
        process = subprocess.Popen(
            ["/usr/bin/prlimit", f"--as={CAP}", sys.executable, *WAYS[way]],
            cwd=folder, stdout=said, stderr=said,
        )  # fmt: skip
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        words = said.read().decode(errors="replace")
    return Ran(process.returncode, used.ru_maxrss * 1024 / 1e6, used.ru_utime + used.ru_stime, words)


def good(folder: Path) -> None:
    """Twenty good articles."""
    lines = (json.dumps({"id": f"good-{row}", "text": f"{WORDS * 5}{row * 7919}"}) for row in range(GOOD))
    (folder / "good.jsonl").write_text("".join(f"{line}\n" for line in lines))


def fault(bomb: Bomb, way: str, ran: Ran) -> str:
    """What is wrong with how a bomb was taken, if anything is."""
    if ran.code not in (0, 1) or "Traceback" in ran.said or "out of memory" in ran.said:
        return f"exit {ran.code}"
    if bomb.lost and way != bomb.but and "bomb" not in ran.said and bomb.name not in ran.said:
        return "not told"
    return "good articles lost" if "othing was written" in ran.said else ""


def main() -> None:
    """Print a line for each bomb and way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=400)
    parser.add_argument("--bombs", nargs="*", default=list(BOMBS), choices=list(BOMBS))
    parser.add_argument("--ways", nargs="*", default=list(WAYS), choices=list(WAYS))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        faults = tried(Path(name), arguments.megabytes, arguments.bombs, arguments.ways)
    raise SystemExit(bool(faults))


def tried(folder: Path, megabytes: int, bombs: list[str], ways: list[str]) -> int:
    """How many bombs were not taken as they should be."""
    faults = 0
    for part in ("good", "in"):
        (folder / part).mkdir()
        good(folder / part)
    own = {way: [run(folder, way).megabytes for _ in "ab"][1] for way in ways}  # the first one compiles
    print(f"{'bomb':20} {'on disk':>10} {'decoded':>9}", *(f"{way:>22}" for way in ways))
    for name in bombs:
        path = folder / "in" / name
        with ProcessPoolExecutor(1) as other:  # a child's peak counts from that of its parent on
            decoded = other.submit(BOMBS[name].make, path, megabytes).result()
        cells = []
        for way in ways:
            ran = run(folder, way)
            wrong = fault(BOMBS[name], way, ran)
            faults += bool(wrong)
            cells.append(f"{ran.megabytes - own[way]:8,.0f} MB {ran.cpu:5.1f} s {wrong:10.10}"[:22])
            if wrong:
                print(f"# {name} {way}: {wrong}: {ran.said[-400:]}", file=sys.stderr)
        print(f"{name:20} {path.stat().st_size:10,} {decoded:6,} MB", *(f"{cell:>22}" for cell in cells), flush=True)
        path.unlink()
    return faults


if __name__ == "__main__":
    main()
