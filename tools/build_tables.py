"""Build the two tables that the package ships: `python tools/build_tables.py [--out dedup/data]`.

In: what `han.py`, `letters.py` and `scripts.py` beside it make of the Unicode database, OpenCC's dictionaries and the
confusables of Unicode TR 39, and jieba's dictionary. Out: `fold.npz` and `background.npz`.

The tables are shipped, not built at import: Python's own Unicode data differ from version to version, and the same
text must give the same shingles everywhere. A test builds them again and compares.
"""

from __future__ import annotations

import argparse
import re
from collections import defaultdict
from functools import cache
from itertools import pairwise
from pathlib import Path

import han
import jieba
import letters
import numpy as np
import scripts
import unicodedata2

CODE_POINTS = 0x110000
UNIT_SHIFT = 21  # below: the code point; above: its units
SEPARATOR = 1  # dropped, and no word goes on behind it
SIGNS = {
    "#": 0x23,
    "+": 0x2B,
    "-": 0x2D,
    "\u2013": 0x2D,
    ".": 0x2E,
    "^": 0x5E,
    "\u2212": 0x7E,
}  # the same, parts of words in short texts
EXPANDS = 1 << 31  # then: start << 5 | length in `expansions`
MARK_SHIFT = 23  # in `expansions`, of what stands only after its kind: its canonical combining class, and one
HANGUL = ((0xAC00, 0xD7A3),)
REGIONAL = ((0x1F1E6, 0x1F1FF),)
KANA = ((0x3041, 0x30FF), (0x31F0, 0x31FF), (0x1AFF0, 0x1B16F))
OVERRIDES = (0x202D, 0x202E)  # which turn letters around
CLICK = 0x1C0  # looks like l, and like a stroke
LONG = "\u30fc"  # mark of a long vowel, a dash where there is none
WORDS_OF_PAIRS = 1 << 11  # of 32 bits
ARAEA = "\u119e"  # the vowel of old Korean, as which the middle dot U+318D decomposes


def _within(code: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(low <= code <= high for low, high in ranges)


def units(code: int) -> int:
    """How much a folded character counts towards a shingle's width: Han and Hangul 3, kana 2, all others 1."""
    if letters.is_mark(chr(code)):
        return 1
    if han.is_han(chr(code)) or _within(code, HANGUL):
        return 3
    return 2 if _within(code, KANA) else 1


def _one(character: str) -> str:
    """The one that stands for the class of a decomposed character."""
    if han.is_han(character):
        return han.representatives().get(character, character)
    one = letters.one_of(character)
    return letters.representatives().get(one, one)


@cache
def fold_character(character: str) -> str:
    """What one character becomes: nothing, one character, or a few."""
    character = letters.LUNATE.get(character) or han.RADICALS.get(character) or character
    for _ in range(4):  # a look-alike may fold further; four rounds reach the fixed point, which a test checks
        character = _composed("".join(map(_one, letters.decomposed(character))))
    return character


def _composed(text: str) -> str:
    """Jamo as syllables, and kana and their marks of voice as one; all other marks stay apart."""
    return re.sub("[\u1100-\u11ff\u3041-\u30ff]+", lambda found: unicodedata2.normalize("NFC", found[0]), text)


def _entry(character: str) -> int:
    """A folded character as it stands in the table or in the expansions."""
    code = units(ord(character)) << UNIT_SHIFT | ord(character)
    if letters.is_mark(character) or character in (ARAEA, LONG):
        return (unicodedata2.combining(character) + 1) << MARK_SHIFT | code
    return code


def _attaches(character: str) -> bool:
    """Whether what becomes of a character depends on the one before it: jamo but initial ones, marks, a long vowel."""
    return 0x1161 <= ord(character) <= 0x11C2 or character == LONG or letters.is_mark(character)


def _sign(character: str) -> int:
    """The entry of the sign that a character is, in any width; 0 for none."""
    return SIGNS.get(unicodedata2.normalize("NFKD", character), 0)


def fold_table() -> dict[str, np.ndarray]:
    """`table[code]`: see `dedup.stages.folding.FoldTable`.

    What depends on the one before it, or on those beside it as regional indicators do, is an expansion even if it is
    one character; so is the letter that looks like a stroke, and what turns letters around is an empty one.
    """
    table = np.zeros(CODE_POINTS, np.uint32)
    expansions: list[int] = []
    for code in range(CODE_POINTS):
        folded = fold_character(chr(code))
        if code in OVERRIDES:
            table[code] = EXPANDS
        elif len(folded) > 1 or any(map(_attaches, folded)) or _within(code, REGIONAL) or code == CLICK:
            table[code] = EXPANDS | len(expansions) << 5 | len(folded)
            expansions += map(_entry, folded)
        elif folded:
            table[code] = _entry(folded)
        elif unicodedata2.category(chr(code)) not in ("Mn", "Mc", "Me", "Cf", "Lo", "Lm"):
            table[code] = _sign(chr(code)) or SEPARATOR
    phrases, pairs = phrase_tables()
    version = np.array([int(part) for part in unicodedata2.unidata_version.split(".")])
    return {
        "table": table,
        "expansions": np.array(expansions, np.uint32),
        "scripts": scripts.script_table(CODE_POINTS),
        "phrases": phrases,
        "pairs": pairs,
        "unicode": version,
    }


def phrase_tables() -> tuple[np.ndarray, np.ndarray]:
    """`phrases` and `pairs`: see `dedup.stages.folding.FoldTable`."""
    becomes = {one: "" if one == other else other for one, other in han.phrases().items()}
    rows = sorted(becomes.items(), key=lambda both: (both[0][:2], -len(both[0]), both[0]))
    phrases = np.zeros((len(rows), 2 + max(len(one + other) for one, other in rows)), np.uint32)
    for row, both in zip(phrases, rows, strict=True):
        row[:2] = list(map(len, both))
        row[2 : 2 + sum(row[:2])] = list(map(_entry, "".join(both)))
    spots = np.unique(phrases[:, 2] * np.uint32(0x9E3B) + phrases[:, 3]) % (32 * WORDS_OF_PAIRS)
    pairs = np.zeros(WORDS_OF_PAIRS, np.uint32)
    np.bitwise_or.at(pairs, spots >> 5, np.uint32(1) << (spots & 31))
    return phrases, pairs


def _han_words() -> dict[str, int]:
    """jieba's words of Han characters, folded, with their frequencies."""
    words: dict[str, int] = defaultdict(int)
    with jieba.get_dict_file() as lines:
        for line in lines:
            word, frequency, *_ = line.decode().split(" ")
            folded = "".join(map(fold_character, word))
            if folded and all(map(han.is_han, folded)):
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
        "han": np.array(han.RANGES, np.uint32),
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
