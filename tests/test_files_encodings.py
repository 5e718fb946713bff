"""How bytes become text, by their marks and charsets, and what is said of those that do not."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from test_files import only, put, put_parquet, rows

from dedup.errors import SettingsError
from dedup.files import ReadOptions, read
from dedup.files.encodings import characters, declared


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_tells_the_encoding(tmp_path: Path, encoding: str) -> None:
    """Text with a mark is decoded as the mark says and is without it."""
    found = read(put(tmp_path / "a.txt", "标题\x00 text".encode(encoding)))
    assert rows(found) == [("a", "标题\x00 text")]
    assert found.problems == []


def test_undecodable_text_is_mended_and_reported(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 among many that are become U+FFFD, with a warning that counts them."""
    found = read(put(tmp_path / "a.txt", "茶馆".encode() + b"caf\xe9 \xff\xfe! and what is said of it"))
    assert rows(found) == [("a", "茶馆caf\ufffd \ufffd\ufffd! and what is said of it")]
    problem = only(found)
    assert problem.severity == "warning"
    assert "3 undecodable bytes" in problem.reason


def test_a_page_declares_its_charset_only_where_it_must() -> None:
    """A mark counts before UTF-8, UTF-8 before what is declared, and of that the wider charset is meant."""
    meta = '<meta charset="gb2312">'
    assert declared((meta + "文").encode("utf-16")) == "utf-16"
    assert declared((meta + "文").encode()) == "utf-8"
    assert declared((meta + "文").encode("gbk")) == "gb18030"
    assert declared(b'<meta charset="punycode">\xff') is None
    assert declared(b"\xff") is None


def test_utf16_cut_in_a_character_is_mended(tmp_path: Path) -> None:
    """Half a character at the end is one undecodable byte."""
    found = read(put(tmp_path / "a.txt", "标题".encode("utf-16")[:-1]))
    assert rows(found) == [("a", "标\ufffd")]
    assert "1 undecodable byte " in only(found).reason


@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
def test_tables_in_utf16_are_read(tmp_path: Path, suffix: str) -> None:
    """Spreadsheets write UTF-16 with a mark."""
    content = {"csv": "id,text\r\n一,正文\r\n", "jsonl": '{"id": "一", "text": "正文"}\n'}[suffix]
    found = read(put(tmp_path / f"a.{suffix}", content.encode("utf-16")))
    assert rows(found) == [("一", "正文")]
    assert found.problems == []


PASSAGES = {
    "gb18030": "湖边的旧书店周末照常开门，店主把受潮的书一本本摊在窗台上晒。",
    "big5hkscs": "湖邊嘅舊書店禮拜日照常開門，店主將受潮嘅書逐本攤喺窗台度曬，仲送咗啲茶葉。",
    "cp932": "湖のそばの古本屋は週末も店を開け、主人は湿った本を窓辺に並べて干している。",
    "euc_jp": "湖のそばの古本屋は週末も店を開け、主人は湿った本を窓辺に並べて干している。",
    "cp949": "호숫가의 헌책방은 주말에도 문을 열고, 주인은 눅눅한 책을 창가에 펼쳐 말린다.",
    "cp1251": "Букинистическая лавка у озера открыта и в выходные, хозяин сушит отсыревшие книги на окне.",
    "koi8-r": "Букинистическая лавка у озера открыта и в выходные, хозяин сушит отсыревшие книги на окне.",
    "cp1256": "تفتح مكتبة الكتب القديمة قرب البحيرة أبوابها في عطلة الأسبوع ويجفف صاحبها الكتب الرطبة على النافذة.",
    "cp874": "ร้านหนังสือเก่าริมทะเลสาบเปิดทุกสุดสัปดาห์ เจ้าของร้านตากหนังสือที่ชื้นไว้ริมหน้าต่าง",
    "cp1252": "Die Bücherstube am See öffnet auch samstags, der Händler trocknet Bände – „gleich über dem Ofen“.",
    "utf-16-le": "湖边的旧书店周末照常开门，店主把受潮的书一本本摊在窗台上晒。",
    "utf-16-be": "湖のそばの古本屋は週末も店を開け、主人は湿った本を窓辺に並べて干している。",
    "utf-32-le": "호숫가의 헌책방은 주말에도 문을 열고, 주인은 눅눅한 책을 창가에 펼쳐 말린다.",
}
"""A sentence in each encoding."""
PAGE = "<html><head><title>{0}</title></head><body><article>{1}</article></body></html>"
FORMS: dict[str, Callable[[str], str]] = {
    "txt": lambda text: text * 3 + "\n",
    "md": lambda text: f"# {text}\n\n{text * 3}\n",
    "csv": lambda text: "id,text\r\n" + "".join(f'{number},"{text * 3}"\r\n' for number in range(9)),
    "jsonl": lambda text: "".join(f'{{"id": {number}, "text": "{text * 3}"}}\n' for number in range(9)),
    "html": lambda text: PAGE.format(text[:9], f"<p>{text * 3}</p>\n" * 6),
}
"""Files that hold a sentence three times."""


@pytest.mark.parametrize("suffix", FORMS)
@pytest.mark.parametrize("encoding", PASSAGES)
def test_each_kind_of_text_is_read_in_each_encoding(tmp_path: Path, encoding: str, suffix: str) -> None:
    """What declares nothing is decoded without loss, which a warning tells with what did not decode."""
    found = read(put(tmp_path / f"a.{suffix}", FORMS[suffix](PASSAGES[encoding]).encode(encoding)))
    texts = [text or "" for _, text in rows(found)]
    assert texts
    assert all(PASSAGES[encoding] in text for text in texts)
    if not (suffix == "html" and encoding.startswith("utf")):  # pages in UTF-16 are told by what they look like
        assert f"read as {encoding}, 0 of " in only(found).reason
        assert only(found).severity == "warning"


@pytest.mark.parametrize("suffix", FORMS)
def test_the_encoding_may_be_said(tmp_path: Path, suffix: str) -> None:
    """It counts before what is declared and what is found, and there is nothing to tell then."""
    text = PASSAGES["cp1251"]
    raw = FORMS[suffix](text).replace("<head>", '<head><meta charset="koi8-r">').encode("cp1251")
    found = read(put(tmp_path / f"a.{suffix}", raw), ReadOptions(encoding="windows-1251"))
    assert all(text in (one or "") for _, one in rows(found))
    assert found.problems == []


def test_what_was_said_is_asked_where_bytes_do_not_decode(tmp_path: Path) -> None:
    """A file of UTF-8 that is said to be another is not told to be saved as UTF-8."""
    path = tmp_path / "a.txt"
    path.write_bytes(b"tea " * 100 + "茶".encode() + b"!")
    told = only(read([path], ReadOptions(encoding="gbk"))).reason
    assert told.endswith("replaced by U+FFFD; is it gbk, as --encoding says?")


def test_a_mark_counts_before_what_is_said(tmp_path: Path) -> None:
    """A folder of files in one encoding may hold some of a spreadsheet."""
    put(tmp_path / "in" / "a.csv", "\ufeffid,text\n1,标题\n")
    put(tmp_path / "in" / "b.csv", "id,text\n2,标题\n".encode("gbk"))
    found = read(tmp_path / "in", ReadOptions(encoding="gbk"))
    assert rows(found) == [("1", "标题"), ("2", "标题")]
    assert found.problems == []


@pytest.mark.parametrize("name", ["punycode", "base64", "utf-7", "gbk2", "", "idna"])
def test_what_is_no_encoding_is_refused(name: str) -> None:
    """An unknown name, or that of a codec in which no text is, is answered with examples."""
    with pytest.raises(SettingsError, match=r"such as utf-8, gb18030, .*, got"):
        ReadOptions(encoding=name)


def test_parquet_needs_no_encoding(tmp_path: Path) -> None:
    """Its strings are UTF-8, whatever is said of other files."""
    path = put_parquet(tmp_path / "a.parquet", {"id": ["1"], "text": ["标题"]})
    assert rows(read(path, ReadOptions(encoding="big5"))) == [("1", "标题")]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "big5hkscs", "cp949"])
@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_a_row_that_cannot_be_decoded_is_named(tmp_path: Path, encoding: str, suffix: str) -> None:
    """It is left out as an error, and a broken byte in another row is counted, in every encoding."""
    text = {"utf-8": PASSAGES["gb18030"]}.get(encoding, PASSAGES.get(encoding, ""))
    lines = FORMS[suffix](text).encode(encoding).splitlines(keepends=True)
    middle = len(lines) // 2
    lines[middle] = lines[middle].replace(text.encode(encoding), b"\xff\xfe" * 40)
    lines[-1] = lines[-1].replace(text.encode(encoding), text.encode(encoding) + b"\xff", 1)
    found = read(put(tmp_path / f"a.{suffix}", b"".join(lines)))
    assert len(rows(found)) == 8
    assert rows(found)[-1][1] == f"{text}\ufffd{text * 2}"
    error, warning = found.problems
    assert (error.severity, error.row) == ("error", middle + 1)
    assert "cannot be decoded as" in error.reason
    assert (warning.severity, warning.row) == ("warning", len(lines))
    assert warning.reason.startswith("1 undecodable byte" if encoding == "utf-8" else "not UTF-8; read as")
    assert encoding == "utf-8" or "1 of " in warning.reason


@pytest.mark.parametrize("raw", [bytes(range(128, 256)) * 40, "茶".encode() * 9 + b"\xff" * 9])
def test_a_text_that_cannot_be_decoded_is_named(tmp_path: Path, raw: bytes) -> None:
    """Bytes in no encoding, and UTF-8 that is broken in good part, are no article."""
    found = read(put(tmp_path / "a.txt", raw))
    assert rows(found) == []
    assert only(found).severity == "error"
    assert "--encoding NAME" in only(found).reason


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "jsonl.gz"])
def test_the_first_rows_may_be_ascii(tmp_path: Path, suffix: str) -> None:
    """The encoding is found where the first other byte is, however late."""
    text = PASSAGES["cp932"]
    plain = {"csv": 'x,"{}"\n', "jsonl": '{{"id": "x", "text": "{}"}}\n'}[suffix.partition(".")[0]]
    head = "id,text\n" if suffix == "csv" else ""
    content = head + plain.format("plain words " * 20) * 2000 + plain.format(text) * 50
    found = read(put(tmp_path / f"a.{suffix}", content.encode("cp932")))
    assert [one for _, one in rows(found)][-50:] == [text] * 50
    assert "read as cp932, 0 of" in only(found).reason


def test_lines_of_another_encoding_are_cut_anywhere() -> None:
    """Characters that lie across two pieces of a stream are whole, and so are those of four bytes."""
    text = "".join(f"{number} 湖边𠮷{'x' * (number % 7)}\n" for number in range(20_000))
    for encoding in ("gb18030", "utf-16-le", "utf-16", "utf-32-be", "iso2022_jp_2", "cp932"):
        raw = text.encode(encoding, "ignore")
        with characters(io.BufferedReader(io.BytesIO(raw)), "\n", encoding, longest=100) as lines:
            assert "".join(lines) == raw.decode(encoding)
