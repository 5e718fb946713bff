"""Files elsewhere are found, read and written as local ones are, and what a store says is told in words."""

from __future__ import annotations

import gzip
import json
import os
import re
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import dedup
from dedup import nightly
from dedup.errors import FileError, InputError, MissingExtraError, install_line
from dedup.files import ReadOptions, check_output, is_remote, placed, read, replacing, write
from dedup.files.remote_bytes import RemoteBytes

fsspec = pytest.importorskip("fsspec")
TEXTS = ["春天的故事，從一條河說起", "昨晚的流星雨很美", "كان الليل صافيا", "夜空に星が🎉", "강가의 겨울"]


def put(url: str, data: bytes) -> str:
    """Bytes at an address."""
    with fsspec.open(url, "wb") as file:
        file.write(data)
    return url


def lines(*texts: str) -> bytes:
    """Texts as JSON Lines."""
    return "".join(json.dumps({"text": text}) + "\n" for text in texts).encode()


@pytest.fixture
def memory() -> Iterator[str]:
    """The address of an empty store in this process."""
    fsspec.filesystem("memory").store.clear()
    yield "memory://crawl"
    fsspec.filesystem("memory").store.clear()


@pytest.fixture(params=["s3", "memory"])
def store(request: pytest.FixtureRequest) -> str:
    """An empty place in a store: the real thing, and what needs no server."""
    name = {"s3": "bucket", "memory": "memory"}[request.param]
    address: str = request.getfixturevalue(name)
    return address


def test_an_address_is_told_from_a_path() -> None:
    """A drive letter is none, and file:// is the local disk."""
    assert [is_remote(path) for path in ("s3://b/c", "HTTPS://host/a", "memory://x")] == [True] * 3
    assert [is_remote(path) for path in ("C:/a", "a", "a:b", "file:///a b", Path("s3"), "-", "")] == [False] * 7
    assert placed("file:///a%20b.jsonl") == Path("/a b.jsonl")
    assert placed("S3://b/C") == "s3://b/C"
    assert "a Path loses a slash" in read(Path("s3://b/c.jsonl")).problems[0].reason


def test_a_folder_elsewhere_is_read_as_a_local_one(store: str) -> None:
    """In the order of the paths, without hidden names and those of unfinished jobs; other kinds are counted."""
    names = ("b/x.jsonl", "a/x.jsonl", "a/.x.jsonl", ".h/x.jsonl", "_temporary/0/x.jsonl", "a/x.pdf", "夜/星 1.jsonl")
    for name in names:
        put(f"{store}/in/{name}", lines(name))
    found = read(f"{store}/in")
    assert found.table.to_pylist() == [
        {"id": "a/x:0", "text": "a/x.jsonl"},
        {"id": "b/x:0", "text": "b/x.jsonl"},
        {"id": "夜/星 1:0", "text": "夜/星 1.jsonl"},
    ]
    assert [problem.reason for problem in found.problems] == [
        "1 file ending in .pdf is not read: convert to text, for example with pdftotext"
    ]
    assert read([f"{store}/in/", f"{store}/in", f"{store}/in/a/x.jsonl"]).table == found.table
    assert read(f"{store}/in/a/x.jsonl").table["id"].to_pylist() == ["x:0"]
    assert read(f"{store}/in/a", by_path=True).table["id"].to_pylist() == [f"{store}/in/a/x.jsonl:0"]
    named = read(f"{store}/in/a", ReadOptions(id_from="path+id"))
    assert named.table["id"].to_pylist() == [f"{store}/in/a/x.jsonl:0"]


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.csv", "a.parquet", "a.parquet.gz", "a.md", "a.txt.zst"])
def test_every_kind_is_read_as_on_the_local_disk(store: str, tmp_path: Path, name: str) -> None:
    """Whether it is read from left to right or here and there."""
    table = pa.table({"id": [f"n{place}" for place in range(len(TEXTS))], "text": TEXTS})
    target = tmp_path / name
    if ".parquet" in name:
        pq.write_table(table, target, row_group_size=2)
    elif ".csv" in name or ".jsonl" in name:
        write(table, tmp_path / "plain.jsonl" if ".jsonl" in name else target)
        target = target if ".csv" in name else tmp_path / "plain.jsonl"
    else:
        target.write_text(TEXTS[0], "utf-8")
    data = target.read_bytes()
    if name.endswith(".gz"):
        data = gzip.compress(data)
    if name.endswith(".zst"):
        data = pa.compress(data, "zstd", asbytes=True)
    (tmp_path / name).write_bytes(data)
    found, local = read(put(f"{store}/{name}", data)), read(tmp_path / name)
    assert found.problems == local.problems == []
    assert found.table.equals(local.table)


PATTERNS = [
    ("crawl/*/a.jsonl", ["2026-01/a:0", "2026-02/a:0"]),
    ("crawl/2026-*", ["2026-01/a:0", "2026-01/b/c:0", "2026-02/a:0"]),
    ("**/c.jsonl", ["crawl/2026-01/b/c:0"]),
    ("crawl/2026-0[2-9]/*.jsonl", ["2026-02/a:0"]),
    ("x[1].jsonl", ["x[1]:0"]),
    ("x[0-9].jsonl", ["x1:0"]),
]
LAID = ("crawl/2026-01/a.jsonl", "crawl/2026-01/b/c.jsonl", "crawl/2026-02/a.jsonl", "x[1].jsonl", "x1.jsonl", "no.pdf")


@pytest.mark.parametrize(("pattern", "ids"), PATTERNS)
@pytest.mark.parametrize("where", ["local", "s3"])
def test_patterns_in_quotes(
    tmp_path: Path, request: pytest.FixtureRequest, pattern: str, ids: list[str], where: str
) -> None:
    """They are the same here and there; ids begin below what is fixed; a name that is there as it stands wins."""
    base = str(tmp_path) if where == "local" else request.getfixturevalue("bucket")
    for name in LAID:
        Path(tmp_path, name).parent.mkdir(parents=True, exist_ok=True)
        put(f"{base}/{name}", lines(name))
    found = read(f"{base}/{pattern}")
    assert found.table["id"].to_pylist() == ids
    assert not found.problems


@pytest.mark.parametrize("where", ["local", "s3"])
def test_a_pattern_that_fits_nothing_is_told(tmp_path: Path, request: pytest.FixtureRequest, where: str) -> None:
    """By name, and it costs no other path; where only files of other kinds fit, that is said."""
    base = str(tmp_path) if where == "local" else request.getfixturevalue("bucket")
    put(f"{base}/a.pdf", b"x")
    put(f"{base}/a.jsonl", lines("x"))
    found = read([f"{base}/*.parquet", f"{base}/*.pdf", f"{base}/a.jsonl"])
    assert len(found.table) == 1
    assert [problem.path for problem in found.problems] == [f"{base}/*.parquet", *[f"{base}/*.pdf"] * 2]
    assert "no file has a name that fits" in found.problems[0].reason
    assert "1 file of other kinds skipped" in found.problems[2].reason


def test_a_name_elsewhere_may_say_nothing(store: str) -> None:
    """The first bytes tell, as on the local disk."""
    put(f"{store}/in/part-00000", lines("x"))
    put(f"{store}/in/README", b"text")
    found = read(f"{store}/in")
    assert found.table["text"].to_pylist() == ["x"]
    assert [problem.count for problem in found.problems] == [1]


def test_a_relative_pattern(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids are below the folder of this process; what lies in a folder that fits is read once."""
    monkeypatch.chdir(tmp_path)
    for name in ("a/x.md", "b/c/x.md"):
        Path(name).parent.mkdir(parents=True)
        Path(name).write_text(name)
    assert read("*").table["id"].to_pylist() == read("**").table["id"].to_pylist() == ["a/x", "b/c/x"]


@pytest.mark.skipif(os.name != "posix", reason="links as POSIX has them")
def test_a_pattern_follows_no_link_out_of_its_folder(tmp_path: Path) -> None:
    """As a folder does not: who fills it must not choose what else is read."""
    for name in ("in/a.md", "else/b.md"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(name)
    (tmp_path / "in" / "link.md").symlink_to(tmp_path / "else" / "b.md")
    (tmp_path / "in" / "folder").symlink_to(tmp_path / "else")
    found = read(str(tmp_path / "in" / "*"))
    assert found.table["id"].to_pylist() == ["a"]
    assert ["a link out of this folder" in problem.reason for problem in found.problems] == [True, True]


# --- what goes wrong ----------------------------------------------------------------------------------------------


def test_what_a_store_says_is_told_in_words(bucket: str) -> None:
    """No bucket, no file, no folder, another kind, no such store: each is named, and costs no other path."""
    put(f"{bucket}/a.jsonl", lines("x"))
    paths = ["s3://no-such-bucket/a.jsonl", f"{bucket}/b.jsonl", f"{bucket}/b/", f"{bucket}/c.pdf", "foo://a/b.jsonl"]
    put(f"{bucket}/c.pdf", b"x")
    found = read([*paths, f"{bucket}/a.jsonl"])
    assert len(found.table) == 1
    assert [problem.path for problem in found.problems] == paths
    said = [
        "no such bucket",
        "no such file or folder",
        "no such file or folder",
        "files ending in '.pdf'",
        "no store foo://",
    ]
    for problem, words in zip(found.problems, said, strict=True):
        assert words in problem.reason


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9", "it cannot be reached"),
        ("AWS_ACCESS_KEY_ID", "", "no credentials were found; set them: AWS_ACCESS_KEY_ID"),
    ],
)
def test_a_store_that_cannot_be_asked(
    bucket: str, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    """What is to be set is named, and the same before work is done for an output."""
    monkeypatch.setenv(name, value)
    monkeypatch.setenv("FSSPEC_S3_CONFIG_KWARGS", "")
    kind = fsspec.get_filesystem_class("s3")
    kind.clear_instance_cache()
    try:
        assert said in read(f"{bucket}/a.jsonl").problems[0].reason
        with pytest.raises(FileError, match=said):
            check_output(f"{bucket}/labels.parquet")
    finally:
        kind.clear_instance_cache()


def test_an_extra_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With the line that installs it; other paths are read, an output is refused."""
    monkeypatch.setitem(sys.modules, "gcsfs", None)
    (tmp_path / "a.md").write_text("x")
    found = read(["gs://bucket/a.jsonl", tmp_path / "a.md"])
    assert len(found.table) == 1
    assert f"gs:// needs gcsfs, which is not installed: {install_line('gcs')}" in found.problems[0].reason
    with pytest.raises(MissingExtraError, match=re.escape(install_line("gcs"))):
        check_output("gs://bucket/labels.parquet")


def test_a_transmission_that_breaks_off_goes_on(memory: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is tried again from where it was; where that does not help, what came before is kept, and the rest told."""
    url = put(f"{memory}/a.jsonl", lines(*(f"{place:0500}" for place in range(5000))))
    monkeypatch.setattr("dedup.files.remote_bytes._WAITS", (0, 0))
    opened, fails = RemoteBytes.__init__, 2

    def fragile(self: RemoteBytes, *args: Any, **rest: Any) -> None:
        opened(self, *args, **rest)
        whole, left = self._file.read, fails

        def broken(count: int) -> bytes:
            nonlocal left
            if self.tell() and left:
                left -= 1
                raise ConnectionResetError("reset by peer")
            return bytes(whole(count))

        self._file.read = broken

    monkeypatch.setattr(RemoteBytes, "__init__", fragile)
    assert len(read(url).table) == 5000
    fails = 1000
    found = read(url)
    assert 0 < len(found.table) < 5000
    assert "it cannot be reached (reset by peer)" in found.problems[0].reason
    assert "before it were kept" in found.problems[0].reason


# --- what is fetched ----------------------------------------------------------------------------------------------


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many bytes were fetched, request by request."""
    counts: list[int] = []
    for name in ("_read", "_fetch"):
        whole = getattr(RemoteBytes, name)

        def counting(self: RemoteBytes, what: Any, whole: Any = whole) -> Any:
            found = whole(self, what)
            counts.append(len(found) if isinstance(found, bytes) else sum(map(len, found)))
            return found

        monkeypatch.setattr(RemoteBytes, name, counting)
    return counts


def test_only_the_columns_that_are_wanted_are_fetched(bucket: str, tmp_path: Path, fetched: list[int]) -> None:
    """A column that nobody asks for stays where it is; small row groups come together."""
    rows = 3000
    texts, bulk = [f"{place} 星" * 40 for place in range(rows)], [os.urandom(1000) for _ in range(rows)]
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": texts, "bulk": bulk, "id": range(rows)}), path, row_group_size=500)
    found = read(put(f"{bucket}/a.parquet", path.read_bytes()))
    assert found.table["text"].to_pylist() == texts
    assert sum(fetched) < path.stat().st_size / 4
    assert len(fetched) < 8


def test_what_is_read_from_left_to_right_is_not_held(bucket: str) -> None:
    """Of JSON Lines no more than some blocks are in memory; with few requests."""
    text = "x" * 10_000
    url = put(f"{bucket}/a.jsonl", lines(*[text] * 4000))
    with RemoteBytes(url, 0, jumping=False) as file:
        while file.read(1 << 20):
            blocks = file._file.cache._fetch_block_cached.cache_info()
            assert blocks.currsize <= 3


# --- over HTTP ----------------------------------------------------------------------------------------------------


class Pages(BaseHTTPRequestHandler):
    """Files over HTTP, some in ranges."""

    files: dict[str, bytes]
    log: list[str]

    def do_GET(self) -> None:
        """A file, a part of it, or what is wrong."""
        path = self.path.partition("?")[0]
        self.log.append(self.headers.get("Range", "whole"))
        if path not in self.files:
            self.send_error(int(path[1:4]) if path[1:4].isdigit() else 404)
            return
        data, asked = self.files[path], self.headers.get("Range", "")
        whole = len(data)
        if asked and "ranged" in path:
            begin, end = asked.removeprefix("bytes=").split("-")
            first, last = int(begin), min(int(end or whole), whole - 1)
            data = data[first : last + 1]
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {first}-{last}/{whole}")
        else:
            self.send_response(200)
        if "ranged" in path:
            self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data[: len(data) // 2] if "cut" in path else data)

    do_HEAD = do_GET  # noqa: N815 - as the handler calls it

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def web() -> Iterator[str]:
    """The address of a web server, whose files are `Pages.files`."""
    pytest.importorskip("aiohttp")
    Pages.files, Pages.log = {}, []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("name", ["ranged", "whole"])
def test_a_file_over_http(web: str, tmp_path: Path, name: str) -> None:
    """With ranges or without; its name is that of the path, without what is asked of the server."""
    pq.write_table(pa.table({"text": TEXTS}), tmp_path / "a.parquet", row_group_size=2)
    Pages.files = {
        f"/{name}.parquet": (tmp_path / "a.parquet").read_bytes(),
        f"/in/{name}%20b.jsonl.gz": gzip.compress(lines(*TEXTS)),
    }
    found = read([f"{web}/{name}.parquet", f"{web}/in/{name}%20b.jsonl.gz?token=a/b.csv&x=[1]"])
    assert found.problems == []
    ids = [f"{stem}:{row}" for stem in (name, f"{name} b") for row in range(5)]
    assert found.table["id"].to_pylist() == ids
    assert found.table["text"].to_pylist() == TEXTS * 2


def test_what_a_web_server_says_is_told_in_words(web: str) -> None:
    """Missing, closed, broken, cut short, not there at all; an output is refused."""
    Pages.files = {"/cut.jsonl": lines(*TEXTS * 200)}
    paths = [f"{web}/a.jsonl", f"{web}/403.jsonl", f"{web}/500.jsonl", "http://127.0.0.1:9/a.jsonl"]
    found = read([*paths, f"{web}/cut.jsonl"])
    said = ["no such file", "access is denied (403", "500", "it cannot be reached", ""]
    assert [problem.path for problem in found.problems] == [*paths, f"{web}/cut.jsonl"]
    for problem, words in zip(found.problems, said, strict=True):
        assert words in problem.reason
    with pytest.raises(FileError, match="a web server takes no files"):
        check_output(f"{web}/labels.parquet")


def test_hdfs_without_hadoop_says_what_to_do(memory: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Arrow names a library that it did not find; what to install is said."""
    import fsspec

    def missing(*_: object, **__: object) -> None:
        raise OSError("Unable to load libjvm\nno such file")

    monkeypatch.setattr(fsspec.core, "url_to_fs", missing)
    monkeypatch.setattr(fsspec, "filesystem", missing)
    (problem,) = read(["hdfs://name/a.jsonl"]).problems
    assert "(Unable to load libjvm); install it" in problem.reason and "CLASSPATH" in problem.reason


def test_datasets_of_a_hub_are_asked_as_any_other_store(memory: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """hf:// is what huggingface_hub registers for it; here a store in memory stands for it."""
    from fsspec.implementations.memory import MemoryFileSystem

    class Hub(MemoryFileSystem):  # type: ignore[misc]
        protocol = "hf"
        store: ClassVar[dict[str, Any]] = {}
        pseudo_dirs: ClassVar[list[str]] = [""]

        @classmethod
        def _strip_protocol(cls, path: str) -> str:
            return str(super()._strip_protocol(path.replace("hf://", "memory://")))

    monkeypatch.setitem(sys.modules["fsspec.registry"]._registry, "hf", Hub)
    Hub().pipe("/datasets/user/articles/data/a.jsonl", lines(*TEXTS))
    found = read("hf://datasets/user/articles/**/*.jsonl")
    assert found.table["id"][0].as_py() == "data/a:0"
    assert found.table["text"].to_pylist() == TEXTS


# --- writing ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["parquet", "csv", "jsonl"])
def test_an_output_elsewhere_is_there_as_a_whole_or_not_at_all(store: str, suffix: str) -> None:
    """What was there before stays if writing fails."""
    url = put(f"{store}/out.{suffix}", b"before")
    table = pa.table({"id": ["a"], "text": TEXTS[:1]})
    with pytest.raises(ZeroDivisionError), replacing(url) as file:
        file.write(b"half" * (1 // 0))
    with fsspec.open(url) as there:
        assert there.read() == b"before"
    check_output(url)
    write(table, url)
    assert read(url).table.to_pylist() == table.to_pylist()


def test_what_cannot_be_put_there_is_kept(bucket: str) -> None:
    """Hours of work are not lost to a bucket that has gone: the file is named."""
    with (
        pytest.raises(FileError, match="what was written is kept in") as raised,
        replacing(f"s3://no-such-{bucket[5:]}/labels.jsonl") as file,
    ):
        file.write(b'{"id": "a"}\n')
    kept = Path(str(raised.value).rpartition(" kept in ")[2])
    assert kept.read_text() == '{"id": "a"}\n'
    kept.unlink()
    kept.parent.rmdir()


def test_outputs_that_cannot_be_written_are_refused_before_any_work(bucket: str) -> None:
    """A folder, a bucket that is not there, another suffix."""
    put(f"{bucket}/in/a.jsonl", b"")
    for url, said in (
        (f"{bucket}/in", "the suffix must be one of"),
        ("s3://no-such-bucket/a.jsonl", "there is no such bucket"),
        (f"{bucket}/a.xlsx", "the suffix must be one of"),
    ):
        with pytest.raises(FileError, match=said):
            check_output(url)
    check_output(f"{bucket}/new/a.jsonl")


# --- night after night --------------------------------------------------------------------------------------------


def night(paths: list[str], folder: Path, **options: Any) -> Any:
    """A night of near copies, whose state and output are in this folder."""
    return nightly.run(paths, folder / "out", folder / "state", settings=dedup.Settings.near_copies(), **options)


def test_a_night_reads_what_is_new_elsewhere(store: str, tmp_path: Path) -> None:
    """A file is known by its address, its size and what its store calls its version; one that has gone is forgotten."""
    put(f"{store}/in/a.jsonl", lines(TEXTS[0]))
    put(f"{store}/in/b.jsonl", lines(TEXTS[1]))
    assert night([f"{store}/in"], tmp_path).files == 2
    assert night([f"{store}/in"], tmp_path).files == 0
    put(f"{store}/in/b.jsonl", lines(TEXTS[1][::-1]))
    assert night([f"{store}/in"], tmp_path).files == 1
    ids = pq.read_table(tmp_path / "out" / "labels")["id"].to_pylist()
    assert sorted(ids) == [f"{store}/in/a.jsonl:0", f"{store}/in/b.jsonl:0"]
    fsspec.filesystem(store.partition("://")[0]).rm(f"{store}/in/a.jsonl")
    again = night([f"{store}/in"], tmp_path, forget=nightly.Forget(deleted=True), now=datetime.now(UTC))
    assert again.forgotten == 1
    with pytest.raises(FileError, match="nothing was read: there is no such file"):
        night([f"{store}/in", f"{store}/gone"], tmp_path)


def test_a_state_and_an_index_need_a_local_disk(memory: str, tmp_path: Path) -> None:
    """They are locked and mapped into memory: an address is refused with that word."""
    with pytest.raises(FileError, match="needs a local disk; name a folder"):
        nightly.run([memory], tmp_path / "out", f"{memory}/state")
    with pytest.raises(FileError, match="replaces the whole folder of its output, which needs a local disk"):
        nightly.run([memory], f"{memory}/out", tmp_path / "state")
    with pytest.raises(InputError, match="a folder of a local disk"):
        dedup.Index(f"{memory}/index")
