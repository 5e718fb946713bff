"""The slow, obvious way to do what the stages do: plain Python over strings, dicts and sets, to compare with.

Nothing here is shared with the package but the two data files that it ships, and these are read by other means.
"""

from __future__ import annotations

import hashlib
import math
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np

DATA = Path(__file__).resolve().parent.parent / "dedup" / "data"
WRAP = (1 << 64) - 1
BASE = 0x9E3779B97F4A7C15

MIXED = (
    "的一是不了人我在有他续费手机卡續費號碼爲機乾隆々〇豈𠀀𠮷𪚥𱍐"  # Han of several planes
    "あいかがカガーっンｶﾞｱ"
    "가각한글ㄱㅏㄴ\u1100\u1161\u11a8"  # syllables, compatibility jamo, conjoining jamo
    "abcnoxyzABCXYZéßıİſøΑαρиВя"
    "0189٣४๓½①Ⅷ"
    "ﬁﷺ㈱℃™Ⓐ㋿⼀⺟ﬀǆ"  # one character that folds to another, or to several
    "ภาษำكتابעבक्षि"
    " \n\t\u3000.,_-·。「」$😀👍🏽\u200b\u200d\u00ad\u0301\u0308\u3099\u0345\ufe0f\0"
)
"""Characters of every kind that the stages treat each in its own way."""


# --- text ---------------------------------------------------------------------------------------------------------


@cache
def stored(name: str) -> dict[str, list[Any]]:
    """The arrays of a data file as lists."""
    with np.load(DATA / f"{name}.npz") as arrays:
        return {key: arrays[key].tolist() for key in arrays}


def fold_character(character: str) -> str:
    """What the shipped table says that one character becomes."""
    entry = stored("fold")["table"][ord(character)]
    if entry < 1 << 31:
        return chr(entry & 0x1FFFFF) if entry > 1 else ""
    start, length = (entry & 0x7FFFFFFF) >> 5, entry & 31
    return "".join(chr(code & 0x1FFFFF) for code in stored("fold")["expansions"][start : start + length])


def fold(text: str) -> str:
    """Character by character; then jamo become syllables, which is all that NFC has left to do."""
    return unicodedata.normalize("NFC", "".join(map(fold_character, text)))


def words(text: str) -> list[str]:
    """The folded words of a text: what stands between separators, which fold to nothing and are no marks."""
    table = stored("fold")["table"]
    spaced = "".join(" " if table[ord(character)] == 1 else character for character in text)
    return [folded for word in spaced.split(" ") if (folded := fold(word))]


def units(character: str) -> int:
    """Han and Hangul 3, kana 2, all others 1: by the names of the characters."""
    name = unicodedata.name(character, "")
    if name.startswith(("CJK UNIFIED", "CJK COMPATIBILITY IDEOGRAPH", "HANGUL SYLLABLE")) or character in "々〇":
        return 3
    if ord(character) >= 0x20000:  # the planes of Han, also where this Python does not know the character yet
        return 3
    return 2 if name.startswith(("HIRAGANA", "KATAKANA", "HENTAIGANA")) else 1


def code(character: str) -> int:
    """A folded character as the kernels hold it."""
    return units(character) << 21 | ord(character)


# --- shingles -----------------------------------------------------------------------------------------------------


def runs(pieces: Sequence[str], width: int) -> list[str]:
    """The shortest runs of pieces (characters or words) that are `width` units wide, from every piece on.

    A text narrower than one shingle is one shingle.
    """
    found = []
    for begin in range(len(pieces)):
        wide = (
            "".join(pieces[begin:end])
            for end in range(begin + 1, len(pieces) + 1)
            if sum(units(c) for piece in pieces[begin:end] for c in piece) >= width
        )
        found += [run for run in [next(wide, None)] if run is not None]
    return found or (["".join(pieces)] if pieces else [])


def mix(x: int) -> int:
    """The finaliser of SplitMix64."""
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & WRAP
    x = (x ^ x >> 27) * 0x94D049BB133111EB & WRAP
    return x ^ x >> 31


def _scramble(x: int) -> int:
    x = x * 0xD6E8FEB86659FD93 & WRAP
    return x ^ x >> 32


def key(run: str, *, weighted: bool) -> int:
    """The hash of a shingle: of the polynomial in its characters; with weights the low byte is the surprisal."""
    hashed = mix(sum(_scramble(code(c)) * pow(BASE, k, 1 << 64) for k, c in enumerate(run)) & WRAP)
    return hashed & ~255 | min(int(bits(run) * 4), 255) if weighted else hashed


def shingles(text: str, *, width: int = 6, weighted: bool = True, by_word: bool = False) -> list[int]:
    """The keys of a text's shingles, which start and end at every character or at every word."""
    pieces = words(text) if by_word else fold(text)
    return sorted({key(run, weighted=weighted) for run in runs(pieces, width)})


# --- weights ------------------------------------------------------------------------------------------------------


@cache
def _model() -> tuple[dict[str, tuple[float, float, float]], dict[str, float]]:
    """Bits of each known Han character (alone, first, last), and of each in-word bigram."""
    file = stored("background")
    characters = [chr(c) for c in file["characters"]]
    singles = dict(zip(characters, zip(file["alone"], file["first"], file["last"], strict=True), strict=True))
    pairs, place = {}, 0
    for step, eighths in zip(file["pair_steps"], file["pair_bits"], strict=True):
        place += step
        pairs[characters[place >> 16] + characters[place & 0xFFFF]] = eighths / 8
    return singles, pairs


def _sixteenths(value: float) -> float:
    return round(value * 16) / 16


def bits(run: str) -> float:
    """How surprising a run of folded characters is, in bits: the first alone, the others each after the one before."""
    return bits_after("", run[0]) + sum(bits_after(left, right) for left, right in pairwise(run))


def bits_after(left: str, right: str) -> float:
    """How surprising one character is after another, or after none."""
    singles, pairs = _model()
    if units(right) != 3 or "\uac00" <= right <= "\ud7a3":
        return 3.0 * units(right)
    alone, first, _ = singles.get(right, (26.0, 26.0, 0.0))
    if not left:
        return _sixteenths(alone)
    if units(left) != 3 or "\uac00" <= left <= "\ud7a3":
        return _sixteenths(first)
    if left + right in pairs:
        return pairs[left + right]
    return _sixteenths(singles.get(left, (26.0, 26.0, 0.0))[2]) + _sixteenths(first)


def chance(surprisal: float) -> float:
    """The chance that an article of 1,500 characters holds a shingle of so many bits."""
    return -math.expm1(-1500 * 2.0**-surprisal)


def weigh(sets: Sequence[Iterable[int]], *, prior: float = 1000.0, ceiling: float = 0.02) -> dict[int, float]:
    """The weight of every key in these sets."""
    seen = Counter(key for one in sets for key in one)
    cap, total = max(3, ceiling * len(sets)), len(sets) + prior + 1
    return {key: math.log(total / (min(df, cap) + prior * chance((key & 255) / 4))) for key, df in seen.items()}


# --- similarity ---------------------------------------------------------------------------------------------------


def jaccard(a: Mapping[int, float], b: Mapping[int, float]) -> float:
    """Weighted Jaccard similarity of two sets; a key weighs the same in both."""
    both = {**a, **b}
    shared, united = math.fsum(both[key] for key in a if key in b), math.fsum(both.values())
    return shared / united if united else 0.0


def pairs(sets: Sequence[Mapping[int, float]], threshold: float) -> dict[tuple[int, int], float]:
    """Every pair at or above the threshold, by comparing all with all."""
    similar = {(i, j): jaccard(sets[i], sets[j]) for i, j in combinations(range(len(sets)), 2)}
    return {pair: similarity for pair, similarity in similar.items() if similarity >= threshold}


def minhash(weighted: Mapping[int, float], slots: int) -> list[int]:
    """Weighted MinHash as it is defined: in every slot the key whose exponential clock of its own rings first."""
    return [min(weighted, key=lambda key: _clock(slot, key) / weighted[key]) for slot in range(slots)]


def _clock(slot: int, key: int) -> float:
    digest = hashlib.blake2b(b"%d %d" % (slot, key), digest_size=8).digest()
    return -math.log((int.from_bytes(digest, "little") + 0.5) / 2**64)


def sign(weighted: Mapping[int, float], slots: int, seed: int) -> list[float]:
    """The time of every slot's earliest dart, by throwing all darts until long after the last slot is hit."""
    times = [math.inf] * slots
    limit = slots * (math.log(slots) + 25) / sum(weighted.values())
    for key, weight in weighted.items():
        state = mix(key ^ mix(seed))
        when = exponential(state) / weight
        while when < limit:
            slot = (mix(state + BASE & WRAP) >> 32) * slots >> 32
            times[slot] = min(times[slot], when)
            state = state + 2 * BASE & WRAP
            when += exponential(mix(state)) / weight
    assert max(times) < limit, "a slot is empty: throw for longer"
    return times


def exponential(random_bits: int) -> float:
    """An exponential variate from 64 random bits."""
    return -math.log(((random_bits >> 11) + 0.5) / 2**53)


def buckets(signatures: Sequence[Sequence[int]], bands: int, rows: int) -> list[list[list[int]]]:
    """For every band the groups of articles that are equal in it, each in ascending order."""
    grouped = []
    for band in range(bands):
        groups: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for article, signature in enumerate(signatures):
            groups[tuple(signature[band * rows : (band + 1) * rows])].append(article)
        grouped.append(sorted(groups.values()))
    return grouped
