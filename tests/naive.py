"""The slow, obvious way to do what the stages do: plain Python over strings, dicts and sets, to compare with.

Nothing here is shared with the package but the two data files that it ships, and these are read by other means.
"""

from __future__ import annotations

import hashlib
import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from fractions import Fraction
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Partition = set[frozenset[int]]

COMMON = 2048
FIRST_WINDOW = 0.625
DATA = Path(__file__).resolve().parent.parent / "dedup" / "data"
WRAP = (1 << 64) - 1
BASE = 0x9E3779B97F4A7C15

SHORT = 32
MARKS = 31  # that a mark may pass
VOICES = "\u3099\u309a"
ARAEA = "\u119e"
LONG = "\u30fc"
FEWEST = 6  # letters between those of other scripts
BEAR_MARKS = (("\u0780", "\u1c80"), ("\ua6a0", "\uac00"), ("\U00010a00", "\U00020000"))
REGIONAL = "[\U0001f1e6-\U0001f1ff]"
RUNS_OF_REGIONAL = re.compile(f"{REGIONAL}+")
SIGNS = r"[\0-/:-@\[-`{-\x7f]{1,3}"

MIXED = (
    "的一是不了人我在有他续费手机卡續費號碼爲機乾隆々〇豈𠀀𠮷𪚥𱍐"  # Han of several planes
    "あいかがカガーっンｶﾞｱ"
    "가각한글ㄱㅏㄴ\u1100\u1161\u11a8"  # syllables, compatibility jamo, conjoining jamo
    "abcnoxyzABCXYZéßıİſøΑαρиВя"
    "0189٣४๓½①Ⅷ"
    "ﬁﷺ㈱℃™Ⓐ㋿⼀⺟ﬀǆ"  # one character that folds to another, or to several
    "ภาษำكتابעבक्षि\u093c\u09cb"
    "øɓʇᴀ🅱🇨🇳ϲ×"
    " \n\t\u3000.,_-·。「」$😀👍🏽\u200b\u200d\u00ad\u0301\u0308\u3099\u0345\ufe0f\0"
)
"""Characters of every kind that the stages treat each in its own way."""


# --- text ---------------------------------------------------------------------------------------------------------


@cache
def stored(name: str) -> dict[str, list[Any]]:
    """The arrays of a data file as lists."""
    with np.load(DATA / f"{name}.npz") as arrays:
        return {key: arrays[key].tolist() for key in arrays}


@cache
def marks() -> dict[str, int]:
    """What stands only after its kind: its canonical combining class, and one."""
    return {chr(entry & 0x1FFFFF): entry >> 23 for entry in stored("fold")["expansions"] if entry >> 23}


def fold_character(character: str) -> str:
    """What the shipped table says that one character becomes."""
    entry = stored("fold")["table"][ord(character)]
    if entry < 1 << 31:
        return chr(entry & 0x1FFFFF) if entry > 127 else ""
    start, length = (entry & 0x7FFFFFFF) >> 5, entry & 31
    return "".join(chr(code & 0x1FFFFF) for code in stored("fold")["expansions"][start : start + length])


def stands(left: str, mark: str) -> bool:
    """Whether a mark counts behind a character, or at the begin."""
    if mark in VOICES:
        return False
    if mark == LONG:
        return "\u3040" <= left < "\u3100" or "\u31f0" <= left < "\u3200"
    if mark == ARAEA:
        return "\u1100" <= left <= "\u115e"
    return not left or any(low <= left < high for low, high in BEAR_MARKS)


def flags(text: str) -> set[int]:
    """Where flags stand: two regional indicators by themselves, none behind or before a few signs of ASCII."""
    runs = [run.span() for run in RUNS_OF_REGIONAL.finditer(text)]
    alone = {run for run in runs if run[1] - run[0] == 2}
    for left, right in pairwise(runs):
        if re.fullmatch(SIGNS, text[left[1] : right[0]]):
            alone -= {left, right}
    return {at for run in alone for at in range(*run)}


def placed(text: str) -> list[tuple[str, bool]]:
    """The folded characters, and which of them begin a word: what follows a separator and joins nothing before it."""
    plain = _placed(text, signed=False)
    short = sum(units(character) for character, _ in plain) <= SHORT
    return _phrased(_placed(text, signed=True) if short else plain)


@cache
def phrases() -> tuple[dict[str, str], re.Pattern[str]]:
    """Each phrase and the one in its place, "" where it stays; what finds the longest of those that begin first."""
    rows = ("".join(chr(entry & 0x1FFFFF) for entry in row) for row in stored("fold")["phrases"])
    known = {row[2 : 2 + ord(row[0])]: row[2 + ord(row[0]) :][: ord(row[1])] for row in rows}
    return known, re.compile("|".join(sorted(known, key=len, reverse=True)))


def _phrased(placed: list[tuple[str, bool]]) -> list[tuple[str, bool]]:
    known, pattern = phrases()
    found, at = [], 0
    for match in pattern.finditer("".join(character for character, _ in placed)):
        begin, end = match.span()
        if known[match[0]]:
            starts = [placed[begin][1], *(False for _ in known[match[0]][1:])]
            found += [*placed[at:begin], *zip(known[match[0]], starts, strict=True)]
            at = end
    return [*found, *placed[at:]]


def kept_sign(sign: str, before: str, after: str) -> str:
    """What is kept of a sign in a short text; what is before it is as it was kept, "" behind a separator."""
    ascii_before, ascii_after = (re.fullmatch("[a-z0-9]", c) is not None for c in (before, after))
    stays = {
        "+": ascii_before or before == "+",
        "#": "a" <= before <= "z",
        ".": before.isdecimal() and after.isdecimal(),
        "^": ascii_before and ascii_after,
        "-": before == "" and after.isdecimal(),
        "~": after.isdecimal(),
    }[sign]
    return sign.replace("-", "\u2212").replace("~", "\u2212") if stays else ""


def _placed(text: str, *, signed: bool) -> list[tuple[str, bool]]:
    table, dropped = stored("fold")["table"], flags(text)
    kept: list[str] = []
    starts: list[bool] = []
    fresh = True
    for at, character in enumerate(text):
        entry, folded = table[ord(character)], fold_character(character)
        if signed and 1 < entry < 128:
            after = fold_character(text[at + 1])[:1] if at + 1 < len(text) and at + 1 not in dropped else ""
            folded = kept_sign(chr(entry), "" if fresh or not kept else kept[-1], after)
        if at in dropped or (not folded and 0 < entry < 128):
            fresh = True
            continue
        for one in folded:
            left = kept[-1] if kept else ""
            joined = unicodedata.normalize("NFC", left + one)
            if left and len(joined) == 1 and (one in VOICES or "\u1161" <= one <= "\u11c2"):
                kept[-1], fresh = joined, False
            elif one not in marks() or stands(left, one):
                place = len(kept)
                while place and 1 < marks().get(one, 0) < marks().get(kept[place - 1], 0):
                    place -= 1
                place = place if len(kept) - place <= MARKS else len(kept)
                starts.append(fresh and place == len(kept))
                kept.insert(place, one)
                fresh = False
    return list(zip(kept, starts, strict=True))


def fold(text: str) -> str:
    """Character by character; jamo become syllables, kana take their marks of voice, other marks stand or go."""
    return "".join(character for character, _ in placed(text))


def is_plain(text: str) -> bool:
    """Whether so few letters stand between those of other scripts that none is dropped, however it is written."""
    kinds = [stored("fold")["scripts"][ord(character) >> 4] for character in fold(text)]
    return sum(a == c != b for a, b, c in zip(kinds, kinds[1:], kinds[2:], strict=False)) < FEWEST


def words(text: str) -> list[str]:
    """The folded words of a text: what stands between separators, which fold to nothing and are no marks."""
    spaced = "".join(" " * (start and at > 0) + character for at, (character, start) in enumerate(placed(text)))
    return spaced.split()


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
    return hashed & ~255 | min(quarter_bits(run), 255) if weighted else hashed


TELLING = 64


def shingles(
    text: str, *, width: int = 6, weighted: bool = True, by_word: bool = False, once: bool = True
) -> list[int]:
    """The keys of a text's shingles in its order, which start and end at every character or at every word."""
    pieces = words(text) if by_word else fold(text)
    keys = [key(run, weighted=weighted) for run in runs(pieces, width)]
    keys = numbered(keys) if weighted else keys
    return list(dict.fromkeys(keys)) if once else keys


def numbered(keys: Sequence[int]) -> list[int]:
    """The keys of a text of over 64 that repeats few: as many repeats as are over are keys of their own."""
    found, times, numbers = len(set(keys)), Counter[int](), []
    wanted = min(TELLING, found + len(keys) - TELLING)
    for one in keys:
        number = one
        if times[one] and found < wanted:
            number = mix(one ^ times[one]) & ~255 | min(255, (one & 255) + 4 * times[one])
            found += 1
        times[one] += 1
        numbers.append(number)
    return numbers


def winnowed(keys: Sequence[int], window: int) -> set[int]:
    """The least of every `window` neighbours; of fewer, the least of all."""
    ends = range(min(window, len(keys)), len(keys) + 1) if keys else ()
    return {min(keys[max(0, end - window) : end]) for end in ends}


def run_keys(text: str, width: int = 6, *, by_word: bool = False, window: int = 12) -> set[int]:
    """The keys by which a text meets others: one of every so many runs, and all of a short text."""
    wide = shingles(text, width=5 * width // 2, weighted=False, by_word=by_word, once=False)
    if len(fold(text)) > 200:
        return {mix(key) & 0xFFFFFFFF for key in winnowed(wide, window)}
    narrow = shingles(text, width=2 * width, weighted=False, by_word=by_word, once=False)
    return {mix(key) & 0xFFFFFFFF for key in [*wide, *narrow]}


# --- weights ------------------------------------------------------------------------------------------------------


class Model(NamedTuple):
    """Quarters of a bit, whole ones."""

    singles: dict[str, tuple[int, int, int]]
    """Of each known Han character: alone, first and last in a word."""
    pairs: dict[str, int]
    """Of the second character of each in-word bigram."""
    common: set[str]
    """The likeliest characters, for whom alone bigrams count."""


@cache
def model() -> Model:
    """The shipped model, each of its numbers rounded by itself."""
    file = stored("background")
    characters = [chr(c) for c in file["characters"]]
    alone = dict(zip(characters, file["alone"], strict=True))
    columns = zip(file["alone"], file["first"], file["last"], strict=True)
    singles = {c: tuple(round(4 * bits) for bits in row) for c, row in zip(characters, columns, strict=True)}
    pairs, place = {}, 0
    for step, eighths in zip(file["pair_steps"], file["pair_bits"], strict=True):
        place += step
        pairs[characters[place >> 16] + characters[place & 0xFFFF]] = round(eighths / 2)
    return Model(singles, pairs, set(sorted(characters, key=alone.__getitem__)[: COMMON - 1]))


def quarter_bits(run: str) -> int:
    """How surprising a run of folded characters is: the first alone, the others each after the one before."""
    return quarter_bits_after("", run[0]) + sum(quarter_bits_after(left, right) for left, right in pairwise(run))


def quarter_bits_after(left: str, right: str) -> int:
    """How surprising one character is after another, or after none."""
    singles, pairs, common = model()
    if not _is_han(right):
        return 12 * units(right)
    alone, first, _ = singles.get(right, (104, 104, 0))
    if not left:
        return alone
    if not _is_han(left):
        return first
    across = singles.get(left, (104, 104, 0))[2] + first
    return pairs.get(left + right, across) if {left, right} <= common else across


def _is_han(character: str) -> bool:
    return units(character) == 3 and not "\uac00" <= character <= "\ud7a3"


def chance(surprisal: float) -> float:
    """The chance that an article of 1,500 characters holds a shingle of so many bits."""
    return -math.expm1(-1500 * 2.0**-surprisal)


def weigh(sets: Sequence[Iterable[int]], *, prior_articles: float = 1000.0, max_df: float = 0.03) -> dict[int, float]:
    """The weight of every key in these sets."""
    seen = Counter(key for one in sets for key in one)
    cap, total = max(3, max_df * len(sets)), len(sets) + prior_articles + 1
    held = {key: min(df, cap) + prior_articles * chance((key & 255) / 4) for key, df in seen.items()}
    return {key: grained(math.log(total / expected)) for key, expected in held.items()}


def grained(weight: float) -> float:
    """A weight to the nearest multiple of 2**-16, but not to 0."""
    return max(round(weight * 2**16), 1) / 2**16


# --- similarity ---------------------------------------------------------------------------------------------------


def jaccard(a: Mapping[int, float], b: Mapping[int, float]) -> float:
    """Weighted Jaccard similarity of two sets; a key weighs the same in both."""
    both = {**a, **b}
    shared, united = math.fsum(both[key] for key in a if key in b), math.fsum(both.values())
    return shared / united if united else 0.0


def by_chance(length: int, distinct: int) -> float:
    """What a shingle weighs less in a text of so many characters and distinct shingles."""
    return round(1.5 * math.log(max(min(length, 3 * distinct, 200_000), 4000) / 4000) * 2**16) / 2**16


def lighter(weighted: Mapping[int, float], length: int) -> dict[int, float]:
    """What the shingles of a text of so many characters weigh in it."""
    less = by_chance(length, len(weighted))
    return {key: max(weight - less, weight / 1024) for key, weight in weighted.items()}


def similarity(
    a: Mapping[int, float], b: Mapping[int, float], *, lengths: tuple[int, int] = (0, 0), evidence: float = 0.0
) -> float:
    """Weighted Jaccard similarity of two texts of these lengths; 0 where they share less than they must."""
    left, right = lighter(a, lengths[0]), lighter(b, lengths[1])
    shared = math.fsum(min(left[key], right[key]) for key in a if key in b)
    united = math.fsum([*left.values(), *right.values()]) - shared
    similar = shared / united if united else 0.0
    return similar if shared >= evidence * (1 - similar) else 0.0


def pairs(
    sets: Sequence[Mapping[int, float]],
    threshold: float,
    *,
    lengths: Sequence[int] | None = None,
    evidence: float = 0.0,
) -> dict[tuple[int, int], float]:
    """Every pair at or above the threshold, by comparing all with all."""
    long = lengths or [0] * len(sets)
    similar = {
        (i, j): similarity(sets[i], sets[j], lengths=(long[i], long[j]), evidence=evidence)
        for i, j in combinations(range(len(sets)), 2)
    }
    return {pair: value for pair, value in similar.items() if value >= threshold}


# --- frames -------------------------------------------------------------------------------------------------------


def windows(keys: Sequence[int]) -> list[int]:
    """The hash of every run of eight shingles, by all but their surprisal."""
    return [
        mix(sum((key >> 8) * pow(BASE, 7 - k, 1 << 64) for k, key in enumerate(keys[at : at + 8])) & WRAP)
        for at in range(len(keys) - 7)
    ]


def sampled(hashes: Sequence[int], every: int) -> list[tuple[int, int]]:
    """One in so many, a power of two, and its place."""
    return [(one, at) for at, one in enumerate(hashes) if (one >> 8) % every == 0]


def spans(places: Iterable[int], length: int, bridge: int) -> list[tuple[int, int]]:
    """What windows at these places cover of a text of so many shingles, gaps of up to `bridge` included."""
    found: list[tuple[int, int]] = []
    for at in places:
        begin = found.pop()[0] if found and at - found[-1][1] <= bridge else at
        found.append((begin, min(at + 8, length)))
    return found


def framed(keys: Sequence[int], marks: Iterable[int], every: int, bridge: int) -> list[bool]:
    """Which shingles of a text stand in a span of windows that are marked."""
    marked = set(marks)
    found = spans([at for one, at in sampled(windows(keys), every) if one in marked], len(keys), bridge)
    return [any(begin <= place < end for begin, end in found) for place in range(len(keys))]


def without(keys: Sequence[int], marks: Iterable[int], every: int, bridge: int) -> list[int]:
    """The shingles of a text without those that stand in such spans."""
    return [key for key, out in zip(keys, framed(keys, marks, every, bridge), strict=True) if not out]


def own_blocks(taken: Iterable[tuple[int, int]], length: int, least: int) -> tuple[float, float]:
    """The share of a text outside of spans, in blocks longer than `least`, and the number of blocks, as Simpson's."""
    edges = [0, *(edge for span in taken for edge in span), length]
    blocks = [end - begin for begin, end in zip(edges[::2], edges[1::2], strict=True) if end - begin > least]
    total = sum(blocks)
    return total / length, total**2 / sum(block**2 for block in blocks) if blocks else 0.0


def weigh_sampled(
    texts: Sequence[Sequence[int]], weight: Callable[[int, int], float]
) -> tuple[list[list[tuple[int, int, float]]], list[float]]:
    """Of every text the shingles that another place holds, ascending, as (key, place, weight), and what all weigh."""
    held = Counter(key for keys in texts for key in keys)
    listed = [sorted((key, at) for at, key in enumerate(keys)) for keys in texts]
    kept = [[(key, at, weight(key, held[key])) for key, at in one if held[key] > 1] for one in listed]
    return kept, [sum(weight(key, held[key]) for key in set(keys)) for keys in texts]


def outside(
    listed: Iterable[tuple[int, int, float]], covered: Collection[int], most: int
) -> tuple[dict[int, float], float, float]:
    """The lowest keys that stand where nothing is covered, from which share of hashes, and the weight of the others."""
    weights, free = {}, set()
    for key, at, weight in listed:
        weights[key] = weight
        free |= set() if at in covered else {key}
    kept = sorted(free)
    reach = kept[most] / 2**64 if len(kept) > most else 1.0
    return {key: weights[key] for key in kept[:most]}, reach, sum(weights[key] for key in weights.keys() - free)


def holders(texts: Sequence[Sequence[int]], least: int) -> dict[int, list[int]]:
    """The texts that hold each key that so many hold."""
    found: dict[int, list[int]] = {}
    for number, keys in enumerate(texts):
        for key in set(keys):
            found.setdefault(key, []).append(number)
    return {key: found[key] for key in sorted(found) if len(found[key]) >= least}


def minhash(weighted: Mapping[int, float], slots: int) -> list[int]:
    """Weighted MinHash as it is defined: in every slot the key whose exponential clock of its own rings first."""
    return [min(weighted, key=lambda key: _clock(slot, key) / weighted[key]) for slot in range(slots)]


def _clock(slot: int, key: int) -> float:
    digest = hashlib.blake2b(b"%d %d" % (slot, key), digest_size=8).digest()
    return -math.log((int.from_bytes(digest, "little") + 0.5) / 2**64)


def sign(weighted: Mapping[int, float], slots: int, seed: int, *, alike: bool = False) -> list[float]:
    """The time of every slot's earliest dart, by throwing all darts of one window after another until none is empty.

    Where all shingles weigh `alike`, they weigh one, and windows are of whole lengths.
    """
    times = [math.inf] * slots
    number, begin, length = 0, 0.0, 1.0 if alike else FIRST_WINDOW
    while math.inf in times:
        number += 1
        window = mix(mix(seed) + number * BASE & WRAP)
        for key, weight in weighted.items():
            state = key ^ window if alike else mix(key ^ window)
            darts = int(length) if alike else int(weight * length + ((state * BASE & WRAP) >> 40) / 2**24)
            for dart in range(darts):
                drawn = mix(state + dart * BASE & WRAP)
                slot, part = (drawn >> 32) * slots >> 32, drawn & 0xFFFFFFFF
                if part < 0xFFFFFFFF:
                    times[slot] = min(times[slot], begin + (part + 0.5) * length / 2**32)
        begin += length
        length = begin
    return times


# --- candidates ---------------------------------------------------------------------------------------------------


def buckets(signatures: Sequence[Sequence[int]], bands: int, rows: int) -> list[list[list[int]]]:
    """For every band the groups of articles that are equal in it, each in ascending order."""
    grouped = []
    for band in range(bands):
        groups: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for article, signature in enumerate(signatures):
            groups[tuple(signature[band * rows : (band + 1) * rows])].append(article)
        grouped.append(sorted(groups.values()))
    return grouped


def agreeing(a: Sequence[int], b: Sequence[int]) -> int:
    """In how many slots the lowest bytes of two signatures are equal."""
    return sum(x & 255 == y & 255 for x, y in zip(a, b, strict=True))


def candidates(
    buckets: Iterable[Sequence[int]],
    articles: int,
    alike: Callable[[int, int], bool],
    *,
    bucket_cap: int,
    looked_at: int,
    for_each: int = 0,
) -> tuple[list[tuple[int, int]], list[bool]]:
    """Pairs in the order of `right`, then `left`, and who was not compared with half of those similar to it.

    In a bucket an article is compared with those before it, from the first on, until `bucket_cap` are alike or it was
    compared with `looked_at`, and `for_each` more for each that is alike.
    """
    pairs: set[tuple[int, int]] = set()
    mates = [0] * articles
    for bucket in buckets:
        for place, right in enumerate(bucket):
            found = seen = 0
            while seen < min(place, looked_at + for_each * found) and found < bucket_cap:
                if alike(bucket[seen], right):
                    pairs.add((bucket[seen], right))
                    found += 1
                seen += 1
            if found == bucket_cap and seen < place:
                mates[right] = max(mates[right], bucket_cap * (len(bucket) - 1) // seen)
    degree = Counter(article for pair in pairs for article in pair)
    capped = [2 * degree[article] < mates[article] for article in range(articles)]
    return sorted(pairs, key=lambda pair: pair[::-1]), capped


# --- index --------------------------------------------------------------------------------------------------------


class Known(NamedTuple):
    """A text as an index looks it up."""

    number: int
    keys: Sequence[int]
    """Under which it is listed, any number of them."""
    sketch: Sequence[int]
    """The lowest bytes of the slots."""


def band_key(halves: Sequence[int], band: int) -> int:
    """The hash of the halves of a band's slots, to 32 bits."""
    state = band
    for half in halves:
        state = mix(state ^ half)
    return state >> 32


def known(seed: int, count: int, *, keys: int = 4, after: int = 0, width: int = 128) -> list[Known]:
    """Texts with numbers that have gaps, above `after`, and with up to so many keys, some with none.

    Keys are from end to end, some with the same lower halves, some with the same upper ones, and some in many texts.
    """
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, 2**32, max(1, count // 3))
    pool = np.concatenate([[0, 1, 2**31 - 1, 2**31, 2**32 - 1], drawn, drawn ^ 1, drawn ^ 2**31, drawn ^ 2**16])
    numbers = after + np.cumsum(rng.integers(1, 4, count))
    places = [(rng.random(rng.integers(0, keys + 1)) ** 2 * len(pool)).astype(np.int64) for _ in range(count)]
    sketches = rng.integers(0, 3, (count, width)) // 2
    return [
        Known(number, pool[mine].tolist(), sketch)
        for number, mine, sketch in zip(numbers.tolist(), places, sketches.tolist(), strict=True)
    ]


def columns(
    texts: Sequence[Known], width: int = 128
) -> tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.int64], NDArray[np.uint8]]:
    """Numbers, keys, where those of each text begin, and sketches of some texts, as they are stored."""
    numbers = np.array([text.number for text in texts], np.int64)
    keys = np.array([key for text in texts for key in text.keys], np.uint32)
    starts = np.array([sum(len(text.keys) for text in texts[:end]) for end in range(len(texts) + 1)], np.int64)
    sketches = np.array([text.sketch for text in texts], np.uint8)
    return numbers, keys, starts, sketches if len(texts) else np.empty((0, width), np.uint8)


def posted(texts: Sequence[Known]) -> dict[int, list[int]]:
    """The numbers of the texts with each key, in their order."""
    found: dict[int, list[int]] = defaultdict(list)
    for text in texts:
        for key in text.keys:
            found[key].append(text.number)
    return dict(found)


def look_up(
    layers: Sequence[Sequence[Known]],
    text: Known,
    *,
    least: int,
    bucket_cap: int,
    looked_at: int,
    for_each: int = 0,
    early: int = 0,
    first: int = 128,
    most: int = 4096,
    gone: Collection[int] = (),
) -> list[int]:
    """The texts that share a key with one and agree in `least` bytes of the sketch, in `early` of its `first` ones.

    They come best first, then the oldest. Of those with a key the oldest are looked at, over all layers, until
    `bucket_cap` are alike or `looked_at` were, and `for_each` more for each that is alike. Of a layer at most `most`
    are found, in the order of the keys. Those that are gone do not count.
    """
    found: list[dict[int, int]] = [{} for _ in layers]
    for key in text.keys:
        alike = 0
        with_it = [(k, one) for k, layer in enumerate(layers) for one in layer for own in one.keys if own == key]
        for seen, (layer, one) in enumerate((k, one) for k, one in with_it if one.number not in gone):
            if alike >= bucket_cap or seen >= looked_at + for_each * alike:
                break
            equal = agreeing(one.sketch, text.sketch)
            if agreeing(one.sketch[:first], text.sketch[:first]) >= early and equal >= least:
                alike += 1
                if len(found[layer]) < most:
                    found[layer][one.number] = equal
    every = [(-equal, number) for some in found for number, equal in some.items()]
    return [number for _, number in sorted(every)]


def partition(labels: NDArray[np.int64]) -> Partition:
    """The groups of equal labels."""
    groups: dict[int, set[int]] = {}
    for i, label in enumerate(labels.tolist()):
        groups.setdefault(label, set()).add(i)
    return {frozenset(group) for group in groups.values()}


def link(
    edges: Iterable[tuple[int, int, float]],
    articles: int,
    cut: float,
    comparable: Callable[[int, int], bool] = lambda *_: True,
) -> tuple[Partition, bool]:
    """Average linkage by its definition: always join the closest two; says also whether there ever was a tie.

    The mean is over the pairs that may be compared.
    """
    between = {frozenset((i, j)): Fraction(similarity) for i, j, similarity in edges}
    groups: list[frozenset[int]] = [frozenset([i]) for i in range(articles)]
    tied = False
    while len(groups) > 1:
        means = {}
        for a, b in combinations(groups, 2):
            held = [between.get(frozenset((i, j)), Fraction(0)) for i in a for j in b if comparable(i, j)]
            means[a, b] = sum(held, Fraction(0)) / max(1, len(held))
        best = max(means.values())
        closest = [pair for pair, mean in means.items() if mean == best]
        if best < Fraction(cut) or best == 0:
            break
        tied = tied or len(closest) > 1
        a, b = closest[0]
        groups = [group for group in groups if group not in (a, b)] + [a | b]
    return set(groups), tied
