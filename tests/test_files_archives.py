"""Archives, zip and tar, whose members are read as the files that their names say."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import sys
import tarfile
import warnings
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from test_files import only, rows
from test_files_compressed import noise

from dedup import files, nightly
from dedup.cli import main
from dedup.files import Job, found, read, stream
from dedup.files.compressed import zstd_module

zstd = zstd_module()

Members = list[tuple[str, bytes]]
ARTICLES: Members = [
    ("b/茶.txt", "烏龍茶".encode()),
    ("a.jsonl", '{"id": "1", "text": "コーヒー"}\n{"text": "مقال"}\n'.encode()),
    ("c.csv.gz", gzip.compress("id,text\n2,한국어\n".encode())),
    ("../up.md", b"only a name"),
]
READ = [("a/b/茶", "烏龍茶"), ("1", "コーヒー"), ("a/a:1", "مقال"), ("2", "한국어"), ("a/../up", "only a name")]


def zipped(members: Members) -> bytes:
    """A zip of these members; where a name comes again, so it does there."""
    target = io.BytesIO()
    with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return target.getvalue()


def taped(members: Members, kind: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar of these members."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=kind) as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return target.getvalue()


def as_read(path: Path, raw: bytes) -> files.Read:
    """What is read of these bytes."""
    path.write_bytes(raw)
    return read([path])


@pytest.mark.parametrize(
    "suffix", ["zip", "tar", "tar.gz", "tgz", "tar.bz2", "tbz2", "tar.xz", "txz", "tar.zst", "tzst"]
)
def test_members_are_read_as_the_files_that_they_are(tmp_path: Path, suffix: str) -> None:
    """In their order, with ids as in a folder; nothing is written, wherever a name would lead."""
    raw = zipped(ARTICLES) if suffix == "zip" else taped(ARTICLES)
    if suffix not in ("zip", "tar"):
        mode = {"gz": "gz", "bz": "bz2", "xz": "xz"}.get(suffix.rpartition(".")[2].removeprefix("t")[:2])
        target = io.BytesIO()
        with tarfile.open(fileobj=target, mode=f"w:{mode or ''}") as archive:
            for name, content in ARTICLES:
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
        raw = target.getvalue() if mode else zstd.compress(raw)
    found = as_read(tmp_path / f"a.{suffix}", raw)
    assert rows(found) == READ
    assert found.problems == []
    assert [path.name for path in tmp_path.rglob("*")] == [f"a.{suffix}"]
    assert not (tmp_path.parent / "up.md").exists()


def test_ids_of_members_begin_with_the_path_where_asked_for(tmp_path: Path) -> None:
    """With the whole path of the archive and of the member, as those of a folder do."""
    path = tmp_path / "a.zip"
    path.write_bytes(zipped(ARTICLES[:2]))
    found = read([path], files.ReadOptions(id_from="path+id"))
    assert [name for name, _ in rows(found)] == [f"{path}/b/茶.txt", f"{path}/a.jsonl:1", f"{path}/a.jsonl:1"]
    assert [name for name, _ in rows(read([path], by_path=True))] == [f"{path}/b/茶.txt", "1", f"{path}/a.jsonl:1"]


@pytest.mark.parametrize("pack", [zipped, taped])
def test_what_is_no_article_is_counted(tmp_path: Path, pack: type[zipped]) -> None:
    """Other kinds as in folders, by number and with what to do, hidden names not at all, archives by name."""
    others: Members = [
        ("x.png", b""),
        ("y", b""),
        ("b.pdf", b""),
        ("c.pdf.gz", b""),
        (".git/z.md", b"z"),
        ("__MACOSX/._a.md", b"z"),
        ("_temporary/b.md", b"z"),
    ]
    found = as_read(
        tmp_path / "a.zip" if pack is zipped else tmp_path / "a.tar", pack([*ARTICLES, *others, ("in.ZIP", b"")])
    )
    assert rows(found) == READ
    inner, *told = found.problems
    assert inner.path.endswith("!in.ZIP") and "an archive in an archive" in inner.reason
    assert [problem.reason.partition(":")[0] for problem in told] == [
        "2 files ending in .pdf are not read",
        "1 file without articles passed over",
        "1 file of no known kind passed over",
    ]
    assert [problem.count for problem in told] == [2, 1, 1]
    assert "pdftotext" in told[0].reason and "--format" in told[2].reason
    assert [problem.severity for problem in found.problems] == ["error", "warning", "warning", "warning"]
    only_others = as_read(tmp_path / ("b.zip" if pack is zipped else "b.tar"), pack(others))
    assert "no articles in this archive" in only_others.problems[-1].reason


LOG = "delta/_delta_log/00000000000000000000.json"


@pytest.mark.parametrize(("pack", "last"), [(zipped, False), (zipped, True), (taped, False)])
def test_tables_of_lakes_in_an_archive_are_refused(tmp_path: Path, pack: type[zipped], last: bool) -> None:
    """Never read file by file, for rows in them may be deleted; the other members are read."""
    table: Members = [(LOG, b"{}"), ("delta/lang=zh/part-0.csv", b"id,text\n9,gone\n")]
    path = tmp_path / ("a.zip" if pack is zipped else "a.tar")
    found = as_read(path, pack([*ARTICLES, *table[:: -1 if last else 1]]))
    assert rows(found) == READ
    assert only(found).severity == "error"
    assert only(found).reason == "'delta' in this archive is a Delta table; unpack it, and name the folder of the table"


def test_a_tar_that_tells_too_late_of_a_table_is_refused(tmp_path: Path) -> None:
    """Where its files came before what tells of it, nothing of the archive is kept."""
    found = as_read(tmp_path / "a.tar", taped([*ARTICLES, ("delta/part-0.csv", b"id,text\n9,gone\n"), (LOG, b"{}")]))
    assert rows(found) == []
    assert "'delta' in this archive is a Delta table" in only(found).reason


@pytest.mark.parametrize("pack", [zipped, taped])
def test_names_of_jobs_are_passed_over_and_told(tmp_path: Path, pack: type[zipped]) -> None:
    """As in folders: names that begin with _, but for a column of Hive."""
    others: Members = [("_drafts/a.md", b"a"), ("_SUCCESS", b""), ("_c=1/b.md", b"b")]
    found = as_read(tmp_path / ("a.zip" if pack is zipped else "a.tar"), pack(others))
    assert rows(found) == [("a/_c=1/b", "b")]
    assert only(found).reason.startswith("1 file whose names, or those of their folders, begin with '_' passed over")
    assert (only(found).severity, only(found).count, only(found).passed) == ("warning", 1, True)


@pytest.mark.parametrize("pack", [zipped, taped])
def test_members_that_are_compressed_and_do_not_say_so_are_read(tmp_path: Path, pack: type[zipped]) -> None:
    """As files are, with a word about it."""
    inside = gzip.compress(b"id,text\n1,tea\n")
    found = as_read(tmp_path / ("a.zip" if pack is zipped else "a.tar"), pack([("a.csv", inside)]))
    assert rows(found) == [("1", "tea")]
    assert only(found).reason == "the file is compressed with gzip, which its name does not say"


UNNAMED: Members = [
    ("part-00000", '{"id": "1", "text": "コーヒー"}\n{"text": "مقال"}\n'.encode()),
    ("part-00001.gz", gzip.compress("id,text\n2,한국어\n".encode())),
    ("hidden", gzip.compress(b'{"id": "3", "text": "tea"}\n')),
    ("news.xml", b"<rss><channel><item><guid>4</guid><description>coffee</description></item></channel></rss>"),
    (
        "wiki.xml.bz2",
        bz2.compress(
            b"<mediawiki><page><title>5</title><ns>0</ns><revision><text>milk</text></revision></page></mediawiki>"
        ),
    ),
    ("page", "<!doctype html><html><body><p>烏龍茶。</p></body></html>".encode()),
]


@pytest.mark.parametrize("pack", [zipped, taped])
def test_members_whose_names_say_nothing_are_told_by_their_first_bytes(tmp_path: Path, pack: type[zipped]) -> None:
    """As files are, also compressed; all columns of such rows are found again."""
    path = tmp_path / ("a.zip" if pack is zipped else "a.tar")
    found = as_read(path, pack(UNNAMED))
    expected = ["コーヒー", "مقال", "한국어", "tea", "coffee", "milk", "烏龍茶。"]
    assert [text for _, text in rows(found)] == expected
    assert found.problems == []
    out = tmp_path / "out.jsonl"
    assert CliRunner().invoke(main, ["unique", str(path), "--out", str(out)]).exit_code == 0
    assert [json.loads(line)["text"] for line in out.read_text().splitlines()] == expected
    arguments = ["--out", str(out), "--dropped", str(tmp_path / "d.jsonl"), "--id-from", "path+id"]
    (tmp_path / "0.md").write_text(expected[-1])
    (tmp_path / "1.md").write_text(expected[0])
    named = [str(tmp_path / "0.md"), str(tmp_path / "1.md"), str(path)]
    assert CliRunner().invoke(main, ["unique", *named, *arguments]).exit_code == 0
    dropped = [json.loads(line)["id"] for line in (tmp_path / "d.jsonl").read_text().splitlines()]
    assert dropped == [f"{path}/part-00000:1", f"{path}/page"]


@pytest.mark.parametrize("pack", [zipped, taped])
def test_members_whose_names_say_nothing_are_what_the_user_says(tmp_path: Path, pack: type[zipped]) -> None:
    """With a format that is none of archives; what the first bytes tell for certain counts before it."""
    path = tmp_path / ("a.zip" if pack is zipped else "a.tar")
    path.write_bytes(pack([("1", b"tea"), ("2", b"coffee")]))
    assert rows(read([path], files.ReadOptions(format="text"))) == [("a/1", "tea"), ("a/2", "coffee")]
    unread, nothing = read([path], files.ReadOptions(format="zip" if pack is zipped else "tar")).problems
    assert "2 files of no known kind passed over" in unread.reason and "no articles" in nothing.reason


@pytest.mark.parametrize("pack", [zipped, taped])
def test_a_name_that_comes_again_is_numbered(tmp_path: Path, pack: type[zipped]) -> None:
    """Nothing is lost where an archive was added to, and ids differ."""
    again = [("a.txt", b"one"), ("a.txt", b"two"), ("b/a.jsonl", b'{"text": "x"}'), ("b/a.jsonl", b'{"text": "y"}')]
    found = as_read(tmp_path / ("t.zip" if pack is zipped else "t.tar"), pack(again))
    assert rows(found) == [("t/a", "one"), ("t/2-a", "two"), ("t/b/a:0", "x"), ("t/b/2-a:0", "y")]


@pytest.mark.parametrize("pack", [zipped, taped])
def test_problems_of_a_member_name_it_and_cost_only_it(tmp_path: Path, pack: type[zipped]) -> None:
    """A broken row, a file without texts, a compressed file that is cut short, and one of another kind."""
    broken: Members = [
        ("a.jsonl", b'{"text": "x"}\nbroken\n'),
        ("b.jsonl", b'{"body": "x"}\n' * 3),
        ("c.txt.gz", gzip.compress(b"kept")[:-6]),
        ("d.parquet", b"no parquet"),
        ("e.txt", b"last"),
    ]
    path = tmp_path / ("t.zip" if pack is zipped else "t.tar")
    found = as_read(path, pack(broken))
    assert rows(found) == [("t/a:0", "x"), ("t/c", "kept"), ("t/e", "last")]
    assert [(problem.path, problem.row) for problem in found.problems] == [
        (f"{path}!a.jsonl", 2),
        (f"{path}!b.jsonl", None),
        (f"{path}!c.txt.gz", None),
        (f"{path}!d.parquet", None),
    ]
    assert "no column 'text'" in found.problems[1].reason
    assert "cut short" in found.problems[2].reason


def test_an_encrypted_member_is_named(tmp_path: Path) -> None:
    """What is not encrypted beside it is read."""
    raw = bytearray(zipped([("a.txt", b"a"), ("b.txt", b"b")]))
    for mark, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        raw[raw.index(mark) + flags] |= 1
    found = as_read(tmp_path / "t.zip", bytes(raw))
    assert rows(found) == [("t/b", "b")]
    assert only(found).path.endswith("t.zip!a.txt")
    assert "encrypted" in only(found).reason


def test_a_member_in_a_way_of_compression_that_is_unknown_is_named(tmp_path: Path) -> None:
    """Windows writes large members as Deflate64."""
    raw = bytearray(zipped([("a.txt", b"a"), ("b.txt", b"b")]))
    for mark, method in ((b"PK\3\4", 8), (b"PK\1\2", 10)):
        raw[raw.index(mark) + method] = 9
    found = as_read(tmp_path / "t.zip", bytes(raw))
    assert rows(found) == [("t/b", "b")]
    assert "method 9" in only(found).reason


def test_a_zip_as_a_stream_writes_it_is_read(tmp_path: Path) -> None:
    """Sizes behind the data, and fields of 64 bits."""

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.raw = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: bytes) -> int:  # type: ignore[override]
            self.raw += bytes(data)
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in ARTICLES:
            with archive.open(name, "w", force_zip64=True) as member:
                member.write(content)
    assert rows(as_read(tmp_path / "a.zip", bytes(pipe.raw))) == READ
    assert rows(as_read(tmp_path / "a.zip.gz", gzip.compress(bytes(pipe.raw)))) == READ


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "cp437"])
def test_names_of_a_zip_that_say_no_encoding_are_read(tmp_path: Path, encoding: str) -> None:
    """GBK, as Chinese Windows writes them, or UTF-8 without its mark; else the one that the format names."""
    name = "é.txt" if encoding == "cp437" else "烏龍茶.txt"
    coded = name.encode(encoding)
    raw = zipped([("x" * len(coded), b"text")]).replace(b"x" * len(coded), coded)
    assert rows(as_read(tmp_path / "t.zip", raw)) == [(f"t/{name[:-4]}", "text")]


@pytest.mark.parametrize("kind", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_long_names_and_links_of_a_tar(tmp_path: Path, kind: int) -> None:
    """Names of any length are read; what a link leads to is in the archive itself, or not there."""
    name = "茶" * 60 + "/" + "b" * 90 + ".txt"
    raw = taped([(name, b"text")], kind)
    link = tarfile.TarInfo("link.txt")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
    found = as_read(tmp_path / "t.tar", raw[: -tarfile.RECORDSIZE + 2048] + link.tobuf() + bytes(1024))
    assert rows(found) == [(f"t/{name[:-4]}", "text")]
    assert only(found).reason == "1 link in this archive passed over"


@pytest.mark.skipif(sys.platform != "linux", reason="names of any bytes as on Linux")
def test_a_name_in_a_tar_that_is_not_utf8_is_escaped(tmp_path: Path) -> None:
    """As that of a file in a folder."""
    raw = taped([("caf\udce9.txt", b"text")], tarfile.GNU_FORMAT)
    assert rows(as_read(tmp_path / "t.tar", raw)) == [(r"t/caf\xe9", "text")]


def test_a_sparse_member_is_whole(tmp_path: Path) -> None:
    """GNU tar leaves holes out, as pax keeps them: a map, and the data that there are."""
    content = b"1\n0\n4\n".ljust(512, b"\0") + b"text"
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("GNUSparseFile.0/a.txt")
        info.size = len(content)
        info.pax_headers = {
            "GNU.sparse.major": "1",
            "GNU.sparse.minor": "0",
            "GNU.sparse.name": "a.txt",
            "GNU.sparse.realsize": "9",
        }
        archive.addfile(info, io.BytesIO(content))
    assert rows(as_read(tmp_path / "t.tar", target.getvalue())) == [("t/a", "text" + "\0" * 5)]


def test_tars_one_after_the_other_are_read(tmp_path: Path) -> None:
    """Zeros between them, and behind them, are no end."""
    raw = taped([("a.txt", b"a")]) + taped([("b.txt", b"b")]) + bytes(4096)
    found = as_read(tmp_path / "t.tar", raw)
    assert rows(found) == [("t/a", "a"), ("t/b", "b")]
    assert found.problems == []


@pytest.mark.parametrize("suffix", ["tar", "tar.gz"])
@pytest.mark.parametrize("keep", [512, 514, 1030, 1100, 1540])
def test_a_tar_that_is_cut_short_is_told(tmp_path: Path, keep: int, suffix: str) -> None:
    """What is before the cut is kept, and the cut is an error, be it in a header, in a member or between them."""
    raw = taped([("a.txt", b"first"), ("b.txt", b"second")])[:keep]
    found = as_read(tmp_path / f"t.{suffix}", gzip.compress(raw) if suffix == "tar.gz" else raw)
    texts = [text for _, text in rows(found)]
    assert texts == {512: [""], 514: ["fi"], 1540: ["first", "seco"]}.get(keep, ["first"])
    assert "cut short" in only(found).reason
    assert only(found).severity == "error"


def test_a_damaged_tar_goes_on_behind_the_damage(tmp_path: Path) -> None:
    """The member whose header is broken is lost, and the bytes are counted."""
    raw = bytearray(taped([("a.txt", b"a"), ("b.txt", b"b"), ("c.txt", b"c")]))
    raw[1024:1536] = b"\xff" * 512
    found = as_read(tmp_path / "t.tar", bytes(raw))
    assert rows(found) == [("t/a", "a"), ("t/c", "c")]
    assert "1,024 bytes of the archive are damaged" in only(found).reason


def test_members_that_a_damaged_list_swallows_are_told(tmp_path: Path) -> None:
    """A wrong length of a comment takes the members after it for one."""
    raw = bytearray(zipped([("a.txt", b"a"), ("b.txt", b"b"), ("c.txt", b"c")]))
    at = raw.index(b"PK\1\2")
    raw[at + 32 : at + 34] = b"\xff\xff"
    found = as_read(tmp_path / "t.zip", bytes(raw))
    assert rows(found) == [("t/a", "a")]
    assert "the list of members is damaged: 1 are in it, and it says 3" in only(found).reason


@pytest.mark.parametrize("suffix", ["tar", "tar.gz"])
@pytest.mark.parametrize("size", [-1, -1024, 1 << 40, 1 << 62])
@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE])
def test_a_size_that_no_member_has_leads_nowhere(tmp_path: Path, suffix: str, size: int, kind: bytes) -> None:
    """Neither back, nor to be held, nor on and on behind the end; the members before it are read."""
    header = tarfile.TarInfo("b.txt")
    header.size, header.type = size, kind
    raw = taped([("a.txt", b"a")])[:1024] + header.tobuf(tarfile.GNU_FORMAT) + taped([("c.txt", b"c")])
    found = as_read(tmp_path / f"t.{suffix}", gzip.compress(raw) if suffix == "tar.gz" else raw)
    assert rows(found)[0] == ("t/a", "a")
    assert ("t/c", "c") in rows(found) or size == 1 << 40
    assert found.problems


def test_a_header_that_is_no_number_costs_its_member(tmp_path: Path) -> None:
    """As the map of a sparse file that is damaged."""
    record = b"30 GNU.sparse.map=1,2,x,99999\n"
    before = tarfile.TarInfo("x")
    before.size, before.type = len(record), tarfile.XHDTYPE
    raw = before.tobuf(tarfile.GNU_FORMAT) + record.ljust(512, b"\0") + taped([("b.txt", b"b")])[:1024]
    found = as_read(tmp_path / "t.tar", taped([("a.txt", b"a")])[:1024] + raw + taped([("c.txt", b"c")]))
    assert {("t/a", "a"), ("t/c", "c")} <= set(rows(found))
    assert "of the archive are damaged" in only(found).reason


@pytest.mark.parametrize("suffix", ["zip", "tar", "tar.gz", "zip.gz"])
@pytest.mark.parametrize("raw", [b"", b"PK\3\4 no archive", b"neither this " * 999])
def test_what_is_no_archive_is_a_problem(tmp_path: Path, suffix: str, raw: bytes) -> None:
    """An empty file, and anything else."""
    found = as_read(tmp_path / f"t.{suffix}", gzip.compress(raw) if suffix.endswith(".gz") else raw)
    assert rows(found) == []
    assert only(found).severity == "error"


def test_a_zip_that_is_cut_short_is_named(tmp_path: Path) -> None:
    """Its list of members has gone."""
    raw = zipped([("a.txt", noise(10_000))])
    assert "not a whole zip" in only(as_read(tmp_path / "t.zip", raw[:3000])).reason


def test_a_damaged_member_of_a_zip_costs_only_itself(tmp_path: Path) -> None:
    """Its checksum tells."""
    raw = bytearray(zipped([("a.txt", b"a" * 99), ("b.txt", b"b")]))
    raw[raw.index(b"PK\3\4") + 14] ^= 1
    raw[raw.index(b"PK\1\2") + 16] ^= 1
    found = as_read(tmp_path / "t.zip", bytes(raw))
    assert rows(found)[-1] == ("t/b", "b")
    assert only(found).path.endswith("!a.txt")


@pytest.mark.parametrize("suffix", ["zip", "tar.gz"])
def test_a_large_member_is_read_in_pieces(tmp_path: Path, suffix: str) -> None:
    """A table in an archive may be larger than the memory there is."""
    lines = b'{"text": "%s"}\n' % (b"a" * 1000) * 60_000
    members = [("a.jsonl", lines)]
    (tmp_path / f"t.{suffix}").write_bytes(zipped(members) if suffix == "zip" else gzip.compress(taped(members)))
    (source,) = found([tmp_path]).files
    pieces = list(stream(Job(source)))
    assert max(piece.nbytes for piece in pieces) < 6_000_000
    assert sum(map(len, pieces)) == 60_000


def article(number: int) -> str:
    """A text like no other."""
    return "".join(chr(0x4E00 + (number * 7919 + place * place * 31) % 20_000) for place in range(80))


@pytest.fixture(params=["zip", "tar.gz"])
def several(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """An archive of every kind of rows, with copies across its members."""
    table = pa.table({"id": ["p0", "p1"], "text": [article(1), article(2)], "n": [1, 2]})
    pq.write_table(table, tmp_path / "p.parquet")
    first, second = {"id": "a0", "text": article(0), "k": [1]}, {"text": article(1), "k": 2}
    members: Members = [
        ("a.jsonl", "\n".join((json.dumps(first), "", json.dumps(second))).encode()),
        ("b/b.txt", article(0).encode()),
        ("c.csv", f"id,text\nc0,{article(0)}\nbroken\nc1,{article(3)}\n".encode()),
        ("p.parquet", (tmp_path / "p.parquet").read_bytes()),
        ("a.jsonl", f'{{"text": "{article(2)}"}}\n{{"text": "{article(4)}"}}\n'.encode()),
    ]
    (tmp_path / "p.parquet").unlink()
    path = tmp_path / f"t.{request.param}"
    path.write_bytes(zipped(members) if request.param == "zip" else gzip.compress(taped(members)))
    return path


@pytest.mark.parametrize("memory", [[], ["--memory", "1GB"]])
def test_rows_of_archives_are_written_without_duplicates(several: Path, memory: list[str]) -> None:
    """`dedup unique` writes the rows of members as they stand, in their order."""
    out, dropped = several.with_name("out.jsonl"), several.with_name("dropped.csv")
    arguments = ["unique", str(several), "--out", str(out), "--dropped", str(dropped), "--quiet", *memory]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 1, done.output  # for the broken row
    written = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert written == [
        {"id": "a0", "text": article(0), "k": [1]},
        {"text": article(1), "k": 2},
        {"id": "c1", "text": article(3)},
        {"id": "p1", "text": article(2), "n": 2},
        {"text": article(4)},
    ]
    gone = [line.split(",")[0].strip('"') for line in dropped.read_text("utf-8").splitlines()]
    assert gone == ["id", "t/b/b", "c0", "p0", "t/2-a:0"]


def test_a_nightly_job_reads_an_archive_once(several: Path, tmp_path: Path) -> None:
    """It is one file, which is known by its path, size and time."""
    state, out = tmp_path / "state", tmp_path / "labels"
    first = nightly.run([str(several)], str(out), str(state), campaigns=False, memory="1GB")
    again = nightly.run([str(several)], str(out), str(state), campaigns=False, memory="1GB")
    assert first.articles == again.articles == 9
    assert (first.files, again.files) == (1, 0)


def test_a_member_of_a_zip_may_have_no_name(tmp_path: Path) -> None:
    """It costs none beside it."""
    info = zipfile.ZipInfo("x")
    info.filename = ""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(info, b"no name")
        archive.writestr("b.md", b"an article")
    assert read([tmp_path / "a.zip"]).table.to_pylist() == [{"id": "a/b", "text": "an article"}]
