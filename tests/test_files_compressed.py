"""Compressed files as they are met: of many members, padded, cut short, damaged, misnamed."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import random
import tracemalloc
from collections.abc import Callable
from functools import partial
from pathlib import Path

import lz4.frame
import pytest
from test_files import only, put_parquet, rows

from dedup import files
from dedup.errors import install_line
from dedup.files import Job, found, read, stream
from dedup.files.compressed import PIECE, zstd_module

zstd = zstd_module()

COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstd.compress,
    "lz4": partial(lz4.frame.compress, content_checksum=True),
}
CODECS = list(COMPRESS)
TEXTS = ["烏龍茶與红茶", "コーヒー豆", "한국어 기사", "مقال", "🍵" * 9, ""]


def lines(count: int = len(TEXTS)) -> bytes:
    """Articles as lines of JSON, the last one without an end."""
    articles = ({"id": str(number), "text": TEXTS[number % len(TEXTS)]} for number in range(count))
    return "\n".join(json.dumps(one, ensure_ascii=False) for one in articles).encode()


def noise(count: int) -> bytes:
    """Letters that do not become much shorter."""
    return random.Random(count).randbytes(count // 2).hex().encode()


def as_read(path: Path, raw: bytes) -> files.Read:
    """What is read of these bytes."""
    path.write_bytes(raw)
    return read([path])


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("suffix", ["jsonl", "txt", "parquet"])
def test_every_codec_is_read(tmp_path: Path, codec: str, suffix: str) -> None:
    """Each kind of file, in each codec, is what it would be without it."""
    if suffix == "parquet":
        plain = put_parquet(tmp_path / "a.parquet", {"id": ["1"], "text": ["烏龍茶"]}).read_bytes()
    else:
        plain = lines() if suffix == "jsonl" else "烏龍茶".encode()
    found = as_read(tmp_path / f"a.{suffix}.{codec}", COMPRESS[codec](plain))
    assert found.problems == []
    assert rows(found) == rows(as_read(tmp_path / f"a.{suffix}", plain))


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("pad", [b"", bytes(4), bytes(3 * PIECE)])
def test_members_of_any_number_are_read(tmp_path: Path, codec: str, pad: bytes) -> None:
    """A member a line, empty ones among them, each padded with zeros or not, is what one member would be."""
    whole = lines(1000)
    members = [
        COMPRESS[codec](one + b"\n") + COMPRESS[codec](b"") for one in whole.split(b"\n")[: 1000 if not pad else 9]
    ]
    found = as_read(tmp_path / f"a.jsonl.{codec}", b"".join(one + pad for one in members))
    assert found.problems == []
    assert rows(found) == rows(as_read(tmp_path / "a.jsonl", whole))[: len(members)]


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("rubbish", [b"x", b"\0\0rubbish", noise(50_000)])
def test_what_is_behind_the_data_is_told(tmp_path: Path, codec: str, rubbish: bytes) -> None:
    """All articles are kept, also the last one, and the bytes that are not compressed are counted."""
    found = as_read(tmp_path / f"a.jsonl.{codec}", COMPRESS[codec](lines()) + rubbish)
    assert [text for _, text in rows(found)] == TEXTS
    assert only(found).severity == "warning"
    count = len(rubbish.lstrip(b"\0"))
    assert f" {count:,} byte{'s' * (count > 1)} of something else" in only(found).reason


@pytest.mark.parametrize("codec", CODECS)
def test_a_text_that_is_cut_short_is_kept_as_far_as_it_goes(tmp_path: Path, codec: str) -> None:
    """A text file gives what decodes of it, and an error that says so."""
    text = noise(2_000_000)
    raw = COMPRESS[codec](text)
    found = as_read(tmp_path / f"a.txt.{codec}", raw[: len(raw) * 2 // 3])
    ((_, kept),) = rows(found)
    assert kept is not None and text.decode().startswith(kept) and len(kept) > (0 if codec == "bz2" else 1_000_000)
    assert only(found).severity == "error"
    assert "cut short" in only(found).reason
    assert "1 article before it" in only(found).reason


@pytest.mark.parametrize("cut", [1, 4, 8, 9])
def test_a_row_is_kept_where_the_checksum_is_cut_off(tmp_path: Path, cut: int) -> None:
    """The last row has no end of line, and is all there."""
    found = as_read(tmp_path / "a.jsonl.gz", gzip.compress(lines())[:-cut])
    assert [text for _, text in rows(found)] == TEXTS
    assert "cut short" in only(found).reason


def test_a_damaged_member_gives_what_is_before_the_damage(tmp_path: Path) -> None:
    """Up to the last byte: the decoder that fails gives nothing of what it was given last."""
    text = noise(400_000)
    for wrong in (gzip.compress(text)[:-8] + bytes(8), gzip.compress(text[:100])[:-8] + bytes(8)):
        found = as_read(tmp_path / "a.txt.gz", gzip.compress(b"first") + wrong)
        ((_, kept),) = rows(found)
        assert kept == "first" + text[: 400_000 if len(wrong) > 1000 else 100].decode()
        assert only(found).severity == "error"
        assert "damaged" in only(found).reason


@pytest.mark.parametrize("codec", CODECS)
def test_damage_costs_nothing_before_it(tmp_path: Path, codec: str) -> None:
    """Lines before bytes that were overwritten are read; for bzip2 those of its blocks, of 900 KB, that are whole."""
    whole = b"\n".join(b'{"text": "%d %s"}' % (number, noise(2000)) for number in range(2000))
    raw = bytearray(COMPRESS[codec](whole))
    raw[len(raw) * 3 // 4 : len(raw) * 3 // 4 + 200] = b"\xff" * 200
    found = as_read(tmp_path / f"a.jsonl.{codec}", bytes(raw))
    texts = [text for _, text in rows(found)]
    assert len(texts) > 800
    assert all(text and text.startswith(f"{number} ") for number, text in enumerate(texts[:800]))
    assert any("damaged" in problem.reason for problem in found.problems)


@pytest.mark.parametrize("codec", CODECS)
def test_a_file_that_is_not_compressed_is_read(tmp_path: Path, codec: str) -> None:
    """As a server leaves it that decompresses what it sends: plain, or as another codec, with a word about it."""
    found = as_read(tmp_path / f"a.jsonl.{codec}", lines())
    assert [text for _, text in rows(found)] == TEXTS
    assert "not compressed" in only(found).reason
    assert only(found).severity == "warning"
    other = CODECS[CODECS.index(codec) - 1]
    found = as_read(tmp_path / f"a.jsonl.{codec}", COMPRESS[other](lines()))
    assert [text for _, text in rows(found)] == TEXTS
    assert "as its suffix says" in only(found).reason


@pytest.mark.parametrize("codec", CODECS)
def test_an_empty_file_holds_no_articles(tmp_path: Path, codec: str) -> None:
    """No bytes at all, and none compressed, are as an empty file."""
    for raw in (b"", COMPRESS[codec](b"")):
        assert "holds no articles" in only(as_read(tmp_path / f"a.jsonl.{codec}", raw)).reason


@pytest.mark.parametrize("window", [27, 30, 31])
def test_zstd_with_a_long_window_is_read(tmp_path: Path, window: int) -> None:
    """As `zstd --long=31` writes it; from 2^28 on there is a word about the memory that it takes."""
    options = {zstd.CompressionParameter.enable_long_distance_matching: 1, zstd.CompressionParameter.window_log: window}
    compressor = zstd.ZstdCompressor(options=options)
    raw = compressor.compress(lines(), zstd.ZstdCompressor.FLUSH_BLOCK) + compressor.flush()
    found = as_read(tmp_path / "a.jsonl.zst", raw)
    assert [text for _, text in rows(found)] == TEXTS
    said = [problem.reason for problem in found.problems]
    assert said == ([] if window == 27 else [said[0]])
    assert not said or f"{1 << (window - 20):,} MB of memory" in said[0]


def test_skippable_frames_of_zstd_are_skipped(tmp_path: Path) -> None:
    """Tools that compress in parallel put them first, and between others."""
    skip = b"\x50\x2a\x4d\x18\x04\x00\x00\x00abcd"
    found = as_read(
        tmp_path / "a.jsonl.zst", skip + zstd.compress(lines() + b"\n") + skip + zstd.compress(b'{"text":"x"}')
    )
    assert found.problems == []
    assert len(rows(found)) == len(TEXTS) + 1


def test_a_missing_library_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where lz4 is not installed the problem says how to get it."""
    monkeypatch.setitem(__import__("sys").modules, "lz4.frame", None)
    found = as_read(tmp_path / "a.jsonl.lz4", COMPRESS["lz4"](lines()))
    assert install_line("lz4") in only(found).reason


def test_a_compressed_file_is_read_in_pieces(tmp_path: Path) -> None:
    """A thousand times its size passes by without being held."""
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(b'{"text": "%s"}\n' % (b"a" * 1000) * 60_000))
    (source,) = found([tmp_path]).files
    pieces = list(stream(Job(source)))
    assert max(piece.nbytes for piece in pieces) < 6_000_000
    assert sum(map(len, pieces)) == 60_000


def test_a_dictionary_is_not_held_without_end(tmp_path: Path) -> None:
    """A frame that says that gigabytes of one follow is passed over, as any that is to be skipped."""
    raw = b"\x5d\x2a\x4d\x18" + (0xFFFFFFF0).to_bytes(4, "little")
    (tmp_path / "a.jsonl.zst").write_bytes(raw + b"x" * 1000)
    tracemalloc.start()
    result = read(tmp_path / "a.jsonl.zst")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "the compressed data are cut short" in only(result).reason
    assert most < 1 << 26
