"""`tools/build_tables.py`: the tables that are shipped are the ones that it builds."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from types import ModuleType

import naive
import numpy as np
import pytest
from conftest import script

FOLDER = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def tables() -> ModuleType:
    """The script, which is no part of the package, if Unicode is of the version that the tables were made of."""
    unicodedata2 = pytest.importorskip("unicodedata2")
    pytest.importorskip("opencc")
    pytest.importorskip("fontTools")
    pytest.importorskip("confusable_homoglyphs")
    made_of = ".".join(map(str, naive.stored("fold")["unicode"]))
    if unicodedata2.unidata_version != made_of:
        pytest.skip(f"unicodedata2 is of Unicode {unicodedata2.unidata_version}, the tables are of {made_of}")
    return script("tools/build_tables.py")


def differing(built: dict[str, np.ndarray], name: str) -> list[str]:
    """Names of the arrays that are not those shipped."""
    with np.load(FOLDER / "dedup" / "data" / f"{name}.npz") as shipped:
        assert set(shipped) == set(built)
        return [
            key
            for key in built
            if shipped[key].dtype != built[key].dtype or not np.array_equal(shipped[key], built[key])
        ]


def test_the_shipped_fold_table_is_the_one_that_is_built(tables: ModuleType) -> None:
    """Every entry and every expansion."""
    assert differing(tables.fold_table(), "fold") == []


def test_the_shipped_background_is_the_one_that_is_built(tables: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every character and every bigram of jieba's dictionary."""
    monkeypatch.setattr(tables, "fold_character", cache(tables.fold_character))
    assert differing(tables.background(), "background") == []


def test_units_are_by_the_names_of_the_characters(tables: ModuleType) -> None:
    """Han and Hangul 3, kana 2, all others 1, for every folded character, as Unicode names it."""
    unicodedata2 = pytest.importorskip("unicodedata2")
    entries = {e for e in naive.stored("fold")["table"] if 0x7F < e < 1 << 31} | set(naive.stored("fold")["expansions"])
    wrong = []
    for entry in entries:
        units, character = entry >> 21 & 3, chr(entry & 0x1FFFFF)
        name = unicodedata2.name(character, "")
        han = name.startswith(("CJK UNIFIED", "CJK COMPATIBILITY IDEOGRAPH", "SMALL SEAL CHARACTER", "HANGUL SYLLABLE"))
        han = han or character in "々〇"
        kana = name.startswith(("HIRAGANA", "KATAKANA", "HENTAIGANA"))
        if units != (3 if han else 2 if kana else 1):
            wrong.append(f"{units} {name or hex(ord(character))}")
    assert not wrong


def test_what_is_dropped_ends_a_word_unless_it_is_a_mark(tables: ModuleType) -> None:
    """Combining and format characters and invisible letters stand inside words, all else between them."""
    assert tables
    unicodedata2 = pytest.importorskip("unicodedata2")
    dropped = {c: e for c, e in enumerate(naive.stored("fold")["table"]) if e <= 0x7F}
    marks = {c for c in dropped if unicodedata2.category(chr(c)) in ("Mn", "Mc", "Me", "Cf", "Lo", "Lm")}
    assert {c for c, entry in dropped.items() if entry == 0} == marks
