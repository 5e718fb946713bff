"""`dedup.stages.words`: texts of every script are cut into words, and nothing is lost on the way."""

from __future__ import annotations

import marshal
import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import naive
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dedup.stages.folding import fold
from dedup.stages.words import rarity, separate


def column(*texts: str | None) -> pa.Array:
    """One chunk of texts."""
    return pa.array(texts, pa.large_string())


def separated(text: str) -> str:
    """The text with blanks between its words."""
    return str(separate(pa.chunked_array([column(text)]))[0].as_py())


def folded(text: str) -> list[str]:
    """The words as they are compared."""
    return naive.words(separated(text))


def test_textbook_example() -> None:
    """Chinese is cut by jieba, other text where something separates its words."""
    assert folded("我来到北京清华大学，easy money!") == ["我", "来到", "北京", "清华大学", "easy", "money"]


def test_traditional_is_cut_as_simplified() -> None:
    """jieba's dictionary is Simplified; Traditional text gives the same words."""
    assert folded("國內電話卡續費，號碼隨機發放") == folded("国内电话卡续费，号码随机发放")
    assert "电话卡" in folded("國內電話卡續費")


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("使用iPhone手机上网", ["使用", "iphone", "手机", "上网"]),
        ("東京タワーへ行く", ["东京", "タ", "ワ", "ー", "へ", "行", "く"]),
        ("안녕하세요 세계", ["안녕하세요", "세계"]),
        ("Café déjà-vu, naïve", ["cafe", "deja", "vu", "naive"]),
        ("No.15 from 2024年3月", ["no", "15", "from", "2024", "年", "3", "月"]),
        ("snake_case __init__", ["snake", "case", "init"]),
        ("Привет мир", [fold("Привет"), fold("мир")]),
        ("ＡＢＣ　ｄｅｆ", ["abc", "def"]),
    ],
    ids=["mixed", "japanese", "korean", "accents", "digits", "underscores", "cyrillic", "full-width"],
)
def test_words_of_every_script(text: str, cut: list[str]) -> None:
    """Each script is cut where its words end."""
    assert folded(text) == cut


@pytest.mark.parametrize("han", ["字", "豈", "𠀀", "𪚥", "〇", "々", "\U00031350"])
def test_han_of_any_plane_ends_a_word_of_letters(han: str) -> None:
    """A word of letters ends where Han begins, whichever block the ideograph is from."""
    assert folded(f"abc{han}def") == ["abc", fold(han), "def"]


@pytest.mark.parametrize(
    ("text", "like"),
    [
        (unicodedata.normalize("NFD", "Café déjà vu"), "Café déjà vu"),
        ("pay\u200bpal c\u00adard", "paypal card"),
        ("ｶﾀｶﾅ ㇰ", "カタカナ ㇰ"),
        ("手\u200b机卡", "手机卡"),
        ("⼿机⼀", "手机一"),
        (unicodedata.normalize("NFD", "안녕 세계"), "안녕 세계"),
    ],
    ids=["combining accents", "zero-width", "half-width", "zero-width in Han", "radicals", "jamo"],
)
def test_what_folds_alike_is_cut_alike(text: str, like: str) -> None:
    """Characters that are seen as one, or not seen at all, do not cut a word in two."""
    assert folded(text) == folded(like)


@pytest.mark.parametrize(
    "text",
    ["Ⓗⓔⓛⓛⓞ", "㈱日立", "37℃", "Acme™", "10㎏", "⼀⼆⼈", "㋿元年", "№5"],
    ids=lambda text: f"U+{ord(text[0]):04X}",
)
def test_symbols_that_fold_to_letters_stay(text: str) -> None:
    """A circled letter or a Kangxi radical is a symbol to Unicode, but a letter to whoever reads it."""
    assert "".join(folded(text)) == fold(text)


@pytest.mark.parametrize(
    "text", ["ภาษาไทย", "हिन्दी में", "தமிழ்", "עִבְרִית", "العَرَبِيَّة", "a\u0301b", "_x_", "ᾳ \u0345", "𠀀x𠀀"]
)
def test_nothing_is_lost_in_scripts_with_marks(text: str) -> None:
    """Vowel signs and accents fold away, the letters around them stay."""
    assert "".join(folded(text)) == fold(text)


def test_no_folded_character_is_lost() -> None:
    """Every one of the code points that folding keeps is still there."""
    kept = [chr(c) for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF and naive.fold_character(chr(c))]
    assert fold(separated("-".join(kept))) == fold("-".join(kept))


@settings(deadline=None, max_examples=200)
@given(st.text(st.one_of(st.sampled_from(naive.MIXED), st.characters(codec="utf-8")), max_size=30))
@example("ᄀ ᅡ")
@example("ᄀ-ᅡ")
def test_nothing_is_lost(text: str) -> None:
    """The words, put together, fold like the text."""
    assert fold(separated(text)) == fold(text)


def test_separate_puts_spaces_and_keeps_the_rest() -> None:
    """Nulls stay null, empty texts empty, chunks as they are."""
    apart = separate(pa.chunked_array([column("手机卡easy", None, ""), column(), column("!")]))
    assert apart.type == pa.large_string()
    assert [text and naive.words(text) for text in apart.to_pylist()] == [["手机卡", "easy"], None, "", ""]
    assert [len(chunk) for chunk in apart.chunks] == [3, 0, 1]
    assert separate(pa.chunked_array([], pa.large_string())).to_pylist() == []


def test_separate_takes_slices() -> None:
    """A slice of a column is that slice, not the buffers behind it."""
    texts = pa.chunked_array([column("一", "a机b", "手", "二")]).slice(1, 2)
    assert [text.split() for text in separate(texts).to_pylist()] == [["a", "机", "b"], ["手"]]


def test_separate_takes_malformed_bytes() -> None:
    """Bytes that are not UTF-8, which Arrow lets pass, are left out here as they are in folding."""
    raw = pa.array([b"ab\xff cd", b"\xe6\x89"], pa.large_binary())
    texts = pa.Array.from_buffers(pa.large_string(), 2, raw.buffers())
    assert [naive.words(text) for text in separate(pa.chunked_array([texts])).to_pylist()] == [["ab", "cd"], []]


def test_rarity_of_words() -> None:
    """A word of every article is less rare than one of its subject; what says nothing is known."""
    idf, median, stop = rarity()
    assert 0 < idf["我们"] < idf["流量"] < idf["手机卡"]
    assert idf["我们"] < median < max(idf.values())
    assert "the" in stop


def test_nothing_is_read_from_the_temporary_folder_or_written_there(tmp_path: Path) -> None:
    """Where jieba keeps its cache another user may have put one: it is not believed, and nobody is told of it."""
    planted = tmp_path / "jieba.cache"
    planted.write_bytes(marshal.dumps(({"国内电话卡续费": 10**9}, 10**9)))
    before = planted.read_bytes()
    code = "from dedup.stages.words import words; print(*map(ascii, words('国内电话卡续费')))"
    run = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"TMPDIR": str(tmp_path)},
        capture_output=True,
        check=True,
        text=True,
    )
    assert (run.stdout.split(), run.stderr) == ([ascii(word) for word in ("国内", "电话卡", "续费")], "")
    assert [path.name for path in tmp_path.iterdir()] == ["jieba.cache"]
    assert planted.read_bytes() == before


def test_no_place_to_write_to_is_needed() -> None:
    """Nothing is opened for writing, so a read-only place is as good as any."""
    code = """
import os, sys
from dedup.stages.words import rarity, words
words("abc")

def refuse(event, about):
    if event == "open" and about[2] is not None and about[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        raise PermissionError(about[0])

sys.addaudithook(refuse)
print(len(words("国内电话卡续费")), len(rarity().stop) > 0)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert (run.stdout, run.stderr) == ("3 True\n", "")
