"""What encoding bytes are taken to be that do not say it."""

from __future__ import annotations

import unicodedata

import pytest

from dedup.files.charsets import named
from dedup.files.encodings import detected

TEXTS = {
    "zh-Hans": (
        "老渡口的茶馆今年重新开张。掌柜说，木窗是从旧船上拆下来的"
        "，茶叶则来自山那边的村子；每到黄昏，渔民们就坐在门口修补"
        "渔网。\n"
    ),
    "zh-Hant": (
        "老渡口的茶館今年重新開張。掌櫃說，木窗是從舊船上拆下來的"
        "，茶葉則來自山那邊的村子；每到黃昏，漁民們就坐在門口修補"
        "漁網。\n"
    ),
    "zh-HK": (
        "老渡口嘅茶館今年重新開張咗。掌櫃話，啲木窗係喺舊船度拆落"
        "嚟嘅，茶葉就來自山嗰邊嘅村子；佢哋每到黃昏就坐喺門口補網"
        "。\n"
    ),
    "ja": (
        "古い渡し場の茶店が今年また開いた。主人によると、木の窓は"
        "古い船から外したもので、お茶は山の向こうの村から届くとい"
        "う。\n"
    ),
    "ko": (
        "오래된 나루터의 찻집이 올해 다시 문을 열었다. 주"
        "인은 나무 창문을 낡은 배에서 떼어 왔고 차는 산 "
        "너머 마을에서 온다고 말했다.\n"
    ),
    "ru": (
        "Чайная у старой переправы снова открылась в этом году. Хозяин говорит, что окна "
        "сняты со старой лодки, а чай привозят из-за гор.\n"
    ),
    "ar": (
        "أعيد هذا العام فتح المقهى القديم عند المعبر. يقول صاحبه إن النوافذ الخشبية جاءت "
        "من مركب قديم وإن الشاي يأتي من القرية خلف الجبل.\n"
    ),
    "th": ("ร้านน้ำชาที่ท่าเรือเก่าเปิดอีกครั้งในปีนี้ เจ้าของบอกว่าหน้าต่างไม้มาจากเรือลำเก่า ส่วนใบชามาจากหมู่บ้านหลังภูเขา\n"),
    "vi": (
        "Quán trà ở bến đò cũ năm nay mở cửa trở lại. Ông chủ nói khung cửa gỗ lấy từ con "
        "thuyền cũ, còn trà đến từ ngôi làng bên kia núi.\n"
    ),
    "de": (
        "Die Teestube an der alten Fähre öffnet dieses Jahr wieder. Die Fenster stammen, "
        "erzählt der Wirt, von einem ausgemusterten Kahn; früher wärmten sich dort die "
        "Fährmänner.\n"
    ),
    "fr": (
        "Le salon de thé du vieux bac a rouvert cette année. Les fenêtres, dit le patron, "
        "viennent d’une péniche désarmée, et le thé d’un village situé derrière la "
        "forêt.\n"
    ),
}
"""A passage of each script."""
WRITTEN = [
    *(("zh-Hans", codec) for codec in ("gb18030", "gbk", "gb2312")),
    *(("zh-Hant", codec) for codec in ("big5", "gbk")),
    ("zh-HK", "big5hkscs"),
    *(("ja", codec) for codec in ("cp932", "shift_jis", "euc_jp", "iso2022_jp")),
    *(("ko", codec) for codec in ("cp949", "euc_kr")),
    *(("ru", codec) for codec in ("cp1251", "koi8_r", "iso8859_5", "cp866")),
    *(("ar", codec) for codec in ("cp1256", "iso8859_6")),
    *(("th", codec) for codec in ("tis_620", "cp874")),
    ("vi", "cp1258"),
    *((language, "cp1252") for language in ("de", "fr")),
    *(
        (language, codec)
        for language in TEXTS
        for codec in ("utf_16_le", "utf_16_be", "utf_32_le", "utf_32_be", "utf_8")
    ),
]
"""Languages, and what they are written in."""


def encodable(text: str, codec: str) -> str:
    """Text in the characters of an encoding: that of Vietnamese has tones by themselves."""
    if codec != "cp1258":
        return text.encode(codec, "ignore").decode(codec)
    tones = {"\u0300", "\u0301", "\u0303", "\u0309", "\u0323"}
    letters = []
    for letter in text:
        marks = [mark for mark in unicodedata.normalize("NFD", letter) if mark in tones]
        rest = "".join(mark for mark in unicodedata.normalize("NFD", letter) if mark not in tones)
        letters.append(unicodedata.normalize("NFC", rest) + "".join(marks))
    return "".join(letters).encode(codec, "ignore").decode(codec)


@pytest.mark.parametrize(("language", "codec"), WRITTEN)
def test_texts_are_read_in_what_they_are_written_in(language: str, codec: str) -> None:
    """Two sentences without mark or declaration are decoded as they were encoded."""
    text = encodable(TEXTS[language] * 2, codec)
    raw = text.encode(codec)
    assert raw.decode(detected(raw) or "ascii") == text


@pytest.mark.parametrize(
    ("language", "codec"),
    [pair for pair in WRITTEN if pair[1] not in ("iso2022_jp", "utf_16_le", "utf_16_be", "utf_32_le", "utf_32_be")],
)
def test_a_broken_byte_does_not_hide_the_encoding(language: str, codec: str) -> None:
    """A text with one byte that no encoding has there is told as what it is."""
    text = encodable(TEXTS[language] * 4, codec)
    raw = text.encode(codec)
    middle = raw.index(b"\n") + 1
    broken = raw[:middle] + b"\xff" + raw[middle:]
    assert text[-40:] in broken.decode(detected(broken) or "ascii", "replace")


@pytest.mark.parametrize(
    ("raw", "codec"),
    [
        (b"", "utf-8"),
        (b"plain", "utf-8"),
        ("标\x00题".encode(), "utf-8"),
        (b"one\x00two\x00six\x00ten\x00", "utf-8"),
        (bytes(4096), "utf-8"),
        ("标题".encode()[:-1], "utf-8"),
        ("plain".encode("utf-16-le"), "utf-16-le"),
        ("\ufeff标题".encode("utf-16-be"), "utf-16"),
        (bytes(range(256)) * 9, None),
    ],
)
def test_what_is_no_text_of_another_encoding(raw: bytes, codec: str | None) -> None:
    """Marks count first; zeros between other characters are no UTF-16; what is no text at all has no encoding."""
    assert detected(raw) == codec


def test_a_long_text_is_looked_at_in_several_places() -> None:
    """What is not ASCII is found behind much that is, and however long the lines are."""
    raw = b"plain words\n" * 50_000 + TEXTS["zh-Hant"].encode("big5") * 2_000
    assert detected(raw) == "big5hkscs"
    raw = b"{" + b" " * 300_000 + TEXTS["zh-Hans"].replace("\n", "").encode("gbk") * 2_000
    assert detected(raw) == "gb18030"


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        *(("GBK", "gb18030"), ("gb_2312-80", "gb18030"), ("latin-1", "cp1252"), ("x-sjis", "cp932")),
        *(("windows-874", "cp874"), ("UTF8", "utf-8"), ("KOI8_R", "koi8-r"), ("iso-8859-8-i", "iso8859-8")),
        *((name, None) for name in ("punycode", "base64", "idna", "utf-7", "rot13", "unicode_escape", "chinese!", "")),
    ],
)
def test_names_of_character_sets(name: str, codec: str | None) -> None:
    """They are understood as browsers and Python spell them; codecs that are no character sets are none."""
    assert named(name) == codec
