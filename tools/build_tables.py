"""Build the two tables that the package ships: `python tools/build_tables.py [--out dedup/data]`.

In: the Unicode database (unicodedata2), OpenCC's Traditional-to-Simplified table, the confusables of Unicode TR 39
(confusable-homoglyphs) and jieba's dictionary. Out: `fold.npz` and `background.npz`.

The tables are shipped, not built at import: Python's own Unicode data differ from version to version, and the same
text must give the same shingles everywhere. A test builds them again and compares.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from functools import cache
from itertools import pairwise
from pathlib import Path

import jieba
import numpy as np
import opencc
import unicodedata2
from confusable_homoglyphs import confusables

CODE_POINTS = 0x110000
UNIT_SHIFT = 21  # below: the code point; above: its units
SEPARATOR = 1  # dropped, and no word goes on behind it
EXPANDS = 1 << 31  # then: start << 5 | length in `expansions`
HAN = ((0x3005, 0x3005), (0x3007, 0x3007), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF))
FILLERS = "\u115f\u1160\u3164\uffa0"  # letters by category that are seen by nobody
HANGUL = ((0xAC00, 0xD7A3),)
KANA = ((0x3041, 0x30FF), (0x31F0, 0x31FF), (0x1AFF0, 0x1B16F))

_simplify = opencc.OpenCC("t2s").convert


def _within(code: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(low <= code <= high for low, high in ranges)


def units(code: int) -> int:
    """How much a folded character counts towards a shingle's width: Han and Hangul 3, kana 2, all others 1."""
    if _within(code, HAN) or _within(code, HANGUL):
        return 3
    return 2 if _within(code, KANA) else 1


@cache
def _latin_lookalike(letter: str) -> str | None:
    """The ASCII letter or digit that a letter of another alphabet is confusable with."""
    found = confusables.confusables_data.get(letter, [])
    ascii_ones = [c["c"].lower() for c in found if len(c["c"]) == 1 and c["c"].isascii() and c["c"].isalnum()]
    return ascii_ones[0] if ascii_ones else None


def _one(character: str) -> str:
    """Digits to ASCII, Traditional to Simplified, look-alikes of Latin letters to Latin."""
    digit = unicodedata2.digit(character, None)
    if digit is not None:
        return str(digit)
    if character.isascii():
        return character
    if _within(ord(character), HAN):
        return str(_simplify(character))
    # The small letter decides; where only the capital looks Latin (Cyrillic В, Н, К), both go with the capital.
    return _latin_lookalike(character) or _latin_lookalike(character.upper()) or character


@cache
def fold_character(character: str) -> str:
    """What one character becomes: nothing, one character, or a few."""
    if 0xD800 <= ord(character) <= 0xDFFF or character in FILLERS:
        return ""
    for _ in range(4):  # a look-alike may fold further; four rounds reach the fixed point, which a test checks
        flat = unicodedata2.normalize("NFKD", unicodedata2.normalize("NFKD", character).casefold())
        kept = "".join(c for c in flat if unicodedata2.category(c)[0] in "LN")
        character = unicodedata2.normalize("NFC", "".join(map(_one, kept)))
    return character


def fold_table() -> dict[str, np.ndarray]:
    """`table[code]`: see `dedup.stages.folding.FoldTable`. Vowels and finals of Hangul are expansions of length one."""
    table = np.zeros(CODE_POINTS, np.uint32)
    expansions: list[int] = []
    for code in range(CODE_POINTS):
        folded = [units(ord(c)) << UNIT_SHIFT | ord(c) for c in fold_character(chr(code))]
        if len(folded) > 1 or any(0x1161 <= ord(c) <= 0x11C2 for c in fold_character(chr(code))):
            table[code] = EXPANDS | len(expansions) << 5 | len(folded)
            expansions += folded
        elif folded:
            table[code] = folded[0]
        elif unicodedata2.category(chr(code)) not in ("Mn", "Mc", "Me", "Cf", "Lo"):
            table[code] = SEPARATOR
    version = np.array([int(part) for part in unicodedata2.unidata_version.split(".")])
    return {"table": table, "expansions": np.array(expansions, np.uint32), "unicode": version}


def _han_words() -> dict[str, int]:
    """jieba's words of Han characters, folded, with their frequencies."""
    words: dict[str, int] = defaultdict(int)
    with jieba.get_dict_file() as lines:
        for line in lines:
            word, frequency, *_ = line.decode().split(" ")
            folded = "".join(map(fold_character, word))
            if folded and all(_within(ord(c), HAN) for c in folded):
                words[folded] += int(frequency)
    return words


def background() -> dict[str, np.ndarray]:
    """Bits of a Han character alone, at the start of a word, of a word ending after it, and of in-word bigrams."""
    alone: dict[str, int] = defaultdict(int)
    first: dict[str, int] = defaultdict(int)
    last: dict[str, int] = defaultdict(int)
    inside: dict[str, int] = defaultdict(int)
    for word, frequency in _han_words().items():
        first[word[0]] += frequency
        last[word[-1]] += frequency
        for character in word:
            alone[character] += frequency
        for left, right in pairwise(word):
            inside[left + right] += frequency
    characters = sorted(alone)
    place = {c: i for i, c in enumerate(characters)}
    words, total = sum(first.values()), sum(alone.values())

    def across(pair: str) -> float:
        return last[pair[0]] * first[pair[1]] / words

    pairs = sorted(inside)
    chance = np.array([(inside[p] + across(p)) / alone[p[0]] for p in pairs])
    # Half a count stands for what the dictionary never saw.
    column = {
        "alone": [alone[c] / total for c in characters],
        "first": [max(first[c], 0.5) / words for c in characters],
        "last": [max(last[c], 0.5) / alone[c] for c in characters],
    }
    bits = {name: -np.log2(np.minimum(np.array(values), 1)).astype(np.float32) for name, values in column.items()}
    return bits | {
        "han": np.array(HAN, np.uint32),
        "characters": np.array([ord(c) for c in characters], np.uint32),
        # Left place << 16 | right place, ascending; as differences they compress to half.
        "pair_steps": np.diff([place[p[0]] << 16 | place[p[1]] for p in pairs], prepend=0).astype(np.uint32),
        "pair_bits": np.clip(np.rint(-np.log2(np.minimum(chance, 1)) * 8), 0, 255).astype(np.uint8),  # eighths
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent.parent / "dedup" / "data")
    folder = parser.parse_args().out
    for name, arrays in (("fold", fold_table()), ("background", background())):
        path = folder / f"{name}.npz"
        np.savez_compressed(path, **arrays)
        print(
            f"{path.name}: {path.stat().st_size / 1024:.0f} KiB, "
            + ", ".join(f"{k} {len(v):,}" for k, v in arrays.items())
        )


if __name__ == "__main__":
    main()
