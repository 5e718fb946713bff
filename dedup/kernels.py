"""The loops that touch every byte, shingle, slot and edge, as machine code (see `dedup.native`).

In: flat arrays and scalars, checked by the caller. Out: arrays filled in place, or counts. Every kernel is serial and
releases the GIL; threads are split outside. No kernel checks its input, reads a setting or allocates per shingle.

A kernel whose arguments have annotations can be called from elsewhere, and is compiled for these types; the types of
all others follow from what calls them.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

from dedup.native import exact, kernel
from dedup.native.signatures import Array, Const, ConstTable, Table, f4, f8, flag, i4, i8, u1, u2, u4, u8

Integers: TypeAlias = NDArray[np.int64]

BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so that it has an inverse modulo 2**64
BASE_INVERSE = np.uint64(pow(int(BASE), -1, 1 << 64))
SEPARATOR = np.uint32(1)
SIGN = np.uint32(0x7F)  # up to here, what separates and may be a sign of ASCII in a short text
MINUS = np.uint32(0x7E)  # among these the minus of mathematics, which no hyphen is
SHORT = 32  # units of such a text: ten Han characters
EXPANDS = np.uint32(1 << 31)
CODE_POINT = np.uint32((1 << 21) - 1)
UNIT_SHIFT = np.uint32(21)
FOLDED = np.uint32((1 << 23) - 1)
MARK_SHIFT = np.uint32(23)
WIDE = np.uint32(3 << 21)  # the units of Han characters and of syllables of Hangul
REGIONAL = np.uint32(0x1F1E6)
OVERRIDE = EXPANDS  # entry of what turns the order of letters around: it expands to nothing
EAST_ASIAN, SIGNS = 1, 2  # scripts
CLICK = np.uint32(0x1C0)  # a letter that looks like l, and like a stroke between letters
LONG_VOWEL = np.uint32(0x30FC)
NESTED = 125  # embeddings, as in the Unicode standard
MARKS = 31  # behind which a mark finds its place: Unicode's stream-safe text has 30 marks on a letter
OVERRIDES, ISOLATES = 1, 2  # what an embedding does
FEWEST = 6  # letters that stand alone between those of another script; with fewer a text is not disguised
FEWEST_NAMES = 24  # the same of an East Asian text, where single letters are names: A股, x轴
SHARE = 14  # of so many letters of a disguised text one stands so
BLOCK = 128  # bytes of a sketch compared at once
BLOCK_BITS = 12  # of a place in a block of a file that has a checksum of its own
WHOLE, BROKEN = 1, 2  # what is known of a block
AT_ONCE = 8  # darts
KNOWN_BITS = 20
WINDOW = 8  # shingles of a run that marks a frame: 9 Han characters, 13 Latin letters
ABOUT = 0.8  # Jaccard similarity from which two lists of holders are nearly the same
HOLDERS = 24  # texts compared per group of windows
COMPARED = 128  # sampled shingles by which two texts are compared: the lowest hashes, as in a bottom-k sketch
SLOTS = 2048  # of the table by which a text's compared shingles are found
KNOWN_COUNTS = 64  # counts of sampled shingles whose weights are computed once; few are more frequent
LONG = 4000.0  # characters; an article up to this length is ordinary
LONGEST = 200_000  # characters, above which weights fall no further: only two editions of a book are still found
STEEP = 1.5  # how much faster than the length the chance grows
LEAST_LEFT = 2.0**-10  # of a weight, however long the text is; a power of two, so that sums are exact in any order
TELLING = 64  # shingles that are evidence, however many articles hold them: the most frequent ones weigh 3.5 nats each
FEW = 16  # articles before one in its bucket
KEPT_BITS = 13  # buckets whose articles are remembered, so that those with the same are walked once
NONE = np.uint32(0xFFFFFFFF)
MANY = 512  # shingles from which one in eight is enough to say whether half of them were seen before
SAMPLED = np.uint64(7 << 61)  # bits of a hash that are 0 where it is sampled, before it is mixed
VOICED = np.array(
    [
        [ord(made) if len(made := normalize("NFC", chr(k) + mark)) == 1 else 0 for k in range(0x3040, 0x3100)]
        for mark in "\u3099\u309a"
    ],
    np.uint32,
)  # kana with dakuten and handakuten, by where the kana lies in its block
FIRST_WINDOW = 0.625  # of time: an article of 1,500 characters nearly always fills 512 slots in one window


def frozen(array: Any) -> Any:
    """A read-only view: kernels are compiled for read-only inputs only."""
    view = array.view()
    view.flags.writeable = False
    return view


@kernel
def put_last(entry, chain, heads, tails, nexts):
    """Put an entry at the end of a chain, which is empty where its head is negative."""
    nexts[entry] = -1
    if heads[chain] < 0:
        heads[chain] = entry
    else:
        nexts[tails[chain]] = entry
    tails[chain] = entry


@kernel
def mix(x: u8):
    """Scramble 64 bits: the finaliser of SplitMix64 (Steele, Lea and Flood, 2014)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@kernel
def copy(values, count, to):
    """The first few values of an array, put to the front of another."""
    for k in range(count):
        to[k] = values[k]


@kernel
def has(values, value):
    """Whether an array has a value."""
    for k in range(len(values)):  # noqa: SIM110 - numba has no generators
        if values[k] == value:
            return True
    return False


@kernel
def highest(values, begin, end):
    """The highest of some values; 0 if none is higher."""
    most = np.int64(0)
    for k in range(begin, end):
        most = max(most, values[k])
    return most


@kernel
def median(values, count):
    """The median of the first few values, which are sorted in place; nan of none."""
    for k in range(1, count):
        value, at = values[k], k
        while at > 0 and values[at - 1] > value:
            values[at] = values[at - 1]
            at -= 1
        values[at] = value
    return (values[(count - 1) // 2] + values[count // 2]) / 2 if count else np.nan


# --- text ---------------------------------------------------------------------------------------------------------


class FoldTable(NamedTuple):
    """What each code point becomes."""

    table: Array[u4]
    """(0x110000,): 0 drops the character, 1 drops it and ends a word, as does a sign of ASCII, its
    code point, which a short text may keep; else its units << 21 | code point, or
    1 << 31 | start << 5 | length in `expansions`, nothing for what turns letters around."""
    expansions: Array[u4]
    """The result of characters that become several, and of those that depend on what is before them: jamo and
    marks (with their canonical combining class, and one, << 23), and regional indicators, which may be flags."""
    scripts: Array[u1]
    """(0x11000,): the script of every 16 code points, 0 for those without letters, 1 Han, kana and
    Hangul, 2 modifier letters and others that look like signs."""
    phrases: Table[u4]
    """(m, w): phrases of Taiwan, Hong Kong and the mainland that are one, of Han characters, in the order of
    their first two and the longest first. A row has the length of a phrase, that of the one which is written in its
    place, 0 where it stays, and the characters of both, as `table` has them."""
    pairs: Array[u4]
    """(2,048,): one bit for each value of a hash of the first two characters of a phrase."""


class Chunk(NamedTuple):
    """Texts: their bytes, one text after the other."""

    data: Const[u1]
    """(bytes,): UTF-8; bytes that are not are U+FFFD, one by one."""
    offsets: Const[i8]
    """(n + 1,): where each begins."""


@kernel
def decode(data, at, stop):
    """The code point of the UTF-8 sequence at `at`, and its length; malformed bytes are U+FFFD, one by one."""
    lead = np.uint32(data[at])
    if lead < 0x80:
        return lead, np.uint64(1)
    length = np.uint64(2 if lead < 0xE0 else (3 if lead < 0xF0 else 4))
    if lead < 0xC2 or lead > 0xF4 or at + length > stop:
        return np.uint32(0xFFFD), np.uint64(1)
    code = lead & np.uint32(np.uint64(0x7F) >> length)
    for k in range(at + np.uint64(1), at + length):
        if data[k] & 0xC0 != 0x80:
            return np.uint32(0xFFFD), np.uint64(1)
        code = code << np.uint32(6) | np.uint32(data[k] & 0x3F)
    shortest = 0x80 if length == 2 else (0x800 if length == 3 else 0x10000)
    if code < shortest or code > 0x10FFFF:
        return np.uint32(0xFFFD), np.uint64(1)
    return code, length


@kernel
def compose(left, right):
    """What two folded characters make: jamo a syllable, a kana and its mark of voice another kana; 0 for nothing."""
    a, b = left & CODE_POINT, right & CODE_POINT
    if 0x1100 <= a <= 0x1112 and 0x1161 <= b <= 0x1175:
        return WIDE | np.uint32(0xAC00 + ((a - 0x1100) * 21 + (b - 0x1161)) * 28)
    if 0xAC00 <= a <= 0xD7A3 and (a - 0xAC00) % 28 == 0 and 0x11A8 <= b <= 0x11C2:
        return WIDE | np.uint32(a + (b - 0x11A7))
    if 0x3040 <= a < 0x3100 and 0x3099 <= b <= 0x309A and VOICED[b - 0x3099, a - 0x3040]:
        return (left & ~CODE_POINT) | np.uint32(VOICED[b - 0x3099, a - 0x3040])
    return np.uint32(0)


@kernel
def stands(left, mark):
    """Whether a mark counts after a folded character, 0 for none: where letters bear marks that carry the vowel.

    These are the scripts of India, Thai and their kin, by where they lie in Unicode. A mark that makes another kana
    never stands by itself, the vowel that is seen as a middle dot only after the initial of a Korean syllable,
    and the mark of a long vowel after kana.
    """
    a, b = left & CODE_POINT, mark & CODE_POINT
    if b == 0x119E:
        return 0x1100 <= a <= 0x115E
    if b == LONG_VOWEL:
        return 0x3040 <= a < 0x3100 or 0x31F0 <= a < 0x3200
    bears = a == 0 or 0x780 <= a < 0x1C80 or 0xA6A0 <= a < 0xAC00 or 0x10A00 <= a < 0x20000
    return bears and not 0x3099 <= b <= 0x309A


@kernel
def order_of(code, table, expansions):
    """The canonical combining class of a folded mark, and one; 0 for what is none."""
    entry = table[code & CODE_POINT]
    if entry < EXPANDS:
        return np.uint32(0)
    return np.uint32(expansions[(entry & np.uint32(0x7FFFFFFF)) >> np.uint32(5)] >> MARK_SHIFT)


@kernel
def settle_mark(codes, at, order, table, expansions):
    """Move a mark to where canonical order has it, before marks of a higher class; returns its place.

    Behind more than `MARKS` of them it stays, so that a letter with very many is folded in linear time. No mark comes
    before one that stays, so what is folded stays as it is when it is folded again.
    """
    mark, to, least = codes[at], at, max(at, np.uint64(MARKS)) - np.uint64(MARKS)
    while order > 1 and to > 0 and order_of(codes[to - np.uint64(1)], table, expansions) > order:
        if to == least:
            return at
        to -= np.uint64(1)
    for k in range(at, to, -1):
        codes[k] = codes[np.uint64(k) - np.uint64(1)]
    codes[to] = mark
    return to


@kernel
def expand(folded, table, expansions, codes, starts, count, fresh):
    """Append a character that folds to several, or may join the one before it.

    Returns the new count, and the first place where anything is new.
    """
    first, room = np.int64((folded & np.uint32(0x7FFFFFFF)) >> np.uint32(5)), np.uint64(len(codes))
    begin = count
    for k in range(first, first + np.int64(folded & np.uint32(31))):
        one, order = expansions[k] & FOLDED, np.uint32(expansions[k] >> MARK_SHIFT)
        if count <= room:
            left = codes[count - np.uint64(1)] if count else np.uint32(0)
            joined = compose(left, one)
            if joined:
                codes[count - np.uint64(1)] = joined
                begin = min(begin, count - np.uint64(1))
                continue
            if order and not stands(left, one):
                continue
        if count < room:
            codes[count] = one
            if order:
                begin = min(begin, settle_mark(codes, count, order, table, expansions))
            if len(starts):
                starts[count] = fresh and count == begin
        count += np.uint64(1)
    return count, begin


@kernel
def is_regional(data, at, start, stop):
    """Whether a regional indicator stands at a place, which may be outside."""
    if at < start or at + 4 > stop:
        return False
    return data[at] == 0xF0 and data[at + 1] == 0x9F and data[at + 2] == 0x87 and 0xA6 <= data[at + 3] <= 0xBF


@kernel
def beside_regional(data, at, step, start, stop):
    """Whether a regional indicator stands behind, or before, up to three blanks or signs of ASCII from here on."""
    for _ in range(3):
        if at < start or at >= stop or data[at] >= 0x80 or 0x61 <= data[at] | 0x20 <= 0x7A or 0x30 <= data[at] <= 0x39:
            return False
        at += step
        if is_regional(data, at if step > 0 else at - 3, start, stop):
            return True
    return False


@kernel
def is_flag(data, at, start, stop):
    """Whether the regional indicator at a place is half of a flag: one of two by themselves, not of a text of them."""
    begin, end = at, at + 4
    while begin > at - 8 and is_regional(data, begin - 4, start, stop):
        begin -= 4
    while end < at + 12 and is_regional(data, end, start, stop):
        end += 4
    beside = beside_regional(data, begin - 1, np.int64(-1), start, stop)
    beside = beside or beside_regional(data, end, np.int64(1), start, stop)
    return end - begin == 8 and not beside


@kernel
def four(data, at):
    """Four bytes, the first one lowest; the compiler makes one load of it."""
    low = np.uint32(data[at]) | np.uint32(data[at + np.uint64(1)]) << np.uint32(8)
    high = np.uint32(data[at + np.uint64(2)]) | np.uint32(data[at + np.uint64(3)]) << np.uint32(8)
    return low | high << np.uint32(16)


@kernel
def three(word):
    """The code point of the sequence of three bytes with which a word begins."""
    return np.uint32(word << np.uint64(12) & 0xF000 | word >> np.uint64(2) & 0xFC0 | word >> np.uint64(16) & 0x3F)


@kernel
def keep(codes, count, folded):
    """Append a folded character. It is written first and then kept or not: a branch on each mark costs more."""
    codes[count] = folded
    return count + np.uint64(folded > SIGN)


@kernel
def fold(data: Const[u1], start: int, stop: int, tables: FoldTable, codes: Array[u4], starts: Array[flag]):
    """Fold UTF-8 into `codes`; `starts`, if any, marks what follows a separator. Returns how many, written or not.

    What is done to a text to disguise it is undone in a second pass, see below, which keeps signs of a short text, too;
    other texts do not need it.
    """
    count, again = fold_as_it_stands(data, start, stop, tables.table, tables.expansions, codes, starts)
    if again or count > len(codes) or is_short(codes, count) or is_mixed(codes, count, tables.scripts):
        return fold_disguised(data, start, stop, again, tables, count, codes, starts)
    nowhere = np.empty(0, np.int64)
    return by_phrases(codes[:count], starts, nowhere, nowhere, tables.phrases, tables.pairs)


@kernel
def fold_as_it_stands(data, start, stop, table, expansions, codes, starts):
    """Fold, character by character; returns how many, written or not, and whether one of them asks for a second pass.

    Most text is four letters of ASCII or two sequences of three bytes at a time, which are folded together where no
    marks are wanted; one that begins with 0xE0 may be malformed. Places are unsigned: see `home`.
    """
    at, last = np.uint64(start), np.uint64(stop)
    count, room, fresh, marked = np.uint64(0), np.uint64(len(codes)), np.bool_(True), len(starts) > 0
    again = False
    while at < last:
        while not marked and at + np.uint64(8) <= last and count + np.uint64(4) <= room:
            word = np.uint64(four(data, at)) | np.uint64(four(data, at + np.uint64(4))) << np.uint64(32)
            if word & np.uint64(0x80808080) == 0:
                for k in range(np.uint64(4)):
                    count = keep(codes, count, table[word >> np.uint64(8) * k & np.uint64(0x7F)])
                at += np.uint64(4)
                continue
            left, right = three(word), three(word >> np.uint64(24))
            if word & np.uint64(0xC0C0F0C0C0F0) != 0x8080E08080E0 or left < 0x1000 or right < 0x1000:
                break
            one, other = table[left], table[right]
            if one | other >= EXPANDS:
                break
            count = keep(codes, keep(codes, count, one), other)
            at += np.uint64(6)
        if at >= last:
            break
        code, length = np.uint32(data[at]), np.uint64(1)
        if code >= 0x80:
            code, length = decode(data, at, last)
        at += length
        folded = table[code]
        if folded >= EXPANDS:
            again |= folded == OVERRIDE or code == CLICK
            if folded == OVERRIDE:
                continue
            if REGIONAL <= code < REGIONAL + 26 and is_flag(data, np.int64(at - length), start, stop):
                fresh = True
                continue
            count, begin = expand(folded, table, expansions, codes, starts, count, fresh)
            fresh = fresh and begin == count
            continue
        kept = folded > SIGN
        if count < room:
            codes[count] = folded
            if marked:
                starts[count] = fresh
        if marked:
            fresh = (not kept) & (fresh | (folded >= SEPARATOR))
        count += np.uint64(kept)
    return np.int64(count), again


@kernel
def fold_disguised(data, start, stop, turned, tables, most, codes, starts):
    """`fold` of a text that may be disguised, for which there is room for `most` characters elsewhere, or more."""
    points, count = unpack(data, start, stop), most + 1
    if turned:
        points = in_order(points, as_displayed(points, tables.table)[0])
    while count > most:
        most = count
        spelled, begun = np.empty(most, np.uint32), np.empty(most if len(starts) else 0, np.bool_)
        firsts, lasts = np.empty(most, np.int64), np.empty(most, np.int64)
        count = spell_out(points, tables, spelled, begun, firsts, lasts)
    kept = min(count, len(codes))
    copy(spelled, kept, codes)
    if len(starts):
        copy(begun, kept, starts)
    return count


@kernel
def unpack(data, start, stop):
    """The code points of UTF-8, blanks for flags."""
    points, count, at, last = np.empty(stop - start, np.uint32), 0, np.uint64(start), np.uint64(stop)
    while at < last:
        point, length = decode(data, at, last)
        flag = REGIONAL <= point < REGIONAL + 26 and is_flag(data, np.int64(at), start, stop)
        points[count] = 0x20 if flag else point
        count += 1
        at += length
    return points[:count]


@kernel
def is_short(codes, count):
    """Whether a folded text has so few units that signs inside its words count."""
    if count > min(len(codes), SHORT):
        return False
    units = np.uint32(0)
    for k in range(count):
        units += codes[k] >> UNIT_SHIFT
    return units <= SHORT


@kernel
def is_letter(folded):
    """Whether this is a letter of ASCII."""
    return (1 << 21 | 0x61) <= folded <= (1 << 21 | 0x7A)


@kernel
def is_digit(folded):
    """Whether this is a digit."""
    return (1 << 21 | 0x30) <= folded <= (1 << 21 | 0x39)


@kernel
def kept_sign(sign, before, after):
    """What is kept of a sign that changes the word that it stands in, by what is beside: C++, C#, 1.5, 10^6, -5.

    A hyphen that begins a number becomes a minus, which is one wherever it stands: so folding twice is folding once.
    """
    if sign == 0x2B:
        stays = is_letter(before) or is_digit(before) or before & CODE_POINT == 0x2B
    elif sign == 0x23:
        stays = is_letter(before)
    elif sign == 0x2E:
        stays = is_digit(before) and is_digit(after)
    elif sign == 0x5E:
        stays = (is_letter(before) or is_digit(before)) and (is_letter(after) or is_digit(after))
    else:
        stays, sign = is_digit(after) and (before == 0 or sign == MINUS), np.uint32(0x2212)
    return np.uint32(1 << 21 | sign) if stays else SEPARATOR


@kernel
def spell_out(points, tables, codes, starts, firsts, lasts):
    """Fold code points, without strangers, by phrases, and with the signs of a short text.

    Returns how many there are, written or not.
    """
    table, expansions, scripts = tables.table, tables.expansions, tables.scripts
    count = np.int64(spell(points, table, expansions, codes, starts, firsts, lasts, np.bool_(False)))
    if count > len(codes):
        return count
    count = without_strangers(points, scripts, codes[:count], starts, firsts, lasts)
    if is_short(codes, count):
        count = np.int64(spell(points, table, expansions, codes, starts, firsts, lasts, np.bool_(True)))
        if count > len(codes):
            return count
        count = without_strangers(points, scripts, codes[:count], starts, firsts, lasts)
    return by_phrases(codes[:count], starts, firsts, lasts, tables.phrases, tables.pairs)


@kernel
def spell(points, table, expansions, codes, starts, firsts, lasts, signed):
    """Fold code points into `codes`, with those that each comes from; returns how many, written or not.

    `signed` says whether signs inside words are kept.
    A character that is dropped and separates nothing, such as a combining mark, belongs to the one before it. So does
    a jamo that joins the one before it.
    """
    count, room, fresh, beside = np.uint64(0), np.uint64(len(codes)), np.bool_(True), np.uint32(0)
    for at in range(len(points)):
        folded, before, begin = table[points[at]], count, count
        if SEPARATOR < folded <= SIGN:
            after = table[points[at + 1]] if at + 1 < len(points) else np.uint32(0)
            if after > EXPANDS:
                after = np.uint32(expansions[(after & np.uint32(0x7FFFFFFF)) >> np.uint32(5)] & FOLDED)
            folded = kept_sign(folded, beside, after) if signed else SEPARATOR
        if folded > EXPANDS:
            count, begin = expand(folded, table, expansions, codes, starts, count, fresh)
            fresh = fresh and begin == count
        elif SEPARATOR < folded < EXPANDS:
            if count < room:
                codes[count] = folded
                if len(starts):
                    starts[count] = fresh
            count, fresh = count + np.uint64(1), False
        for k in range(begin, min(count, room)):
            firsts[k], lasts[k] = firsts[begin] if begin < before else at, at + 1
        before_it = count - np.uint64(1)
        if count == before and folded != SEPARATOR and np.uint64(0) < count <= room and lasts[before_it] == at:
            lasts[before_it] = at + 1
        fresh |= folded == SEPARATOR
        beside = codes[count - np.uint64(1)] if np.uint64(0) < count <= room and not fresh else np.uint32(0)
    return np.int64(count)


@kernel
def phrase_at(codes, at, phrases, pairs):
    """The row of the longest phrase that begins here; -1 for none.

    Of most pairs of characters one bit of `pairs` says that no phrase begins with them.
    """
    left, right = codes[at], codes[at + np.uint64(1)]
    spot = left * np.uint32(0x9E3B) + right & np.uint32(32 * len(pairs) - 1)
    if not pairs[spot >> np.uint32(5)] >> (spot & np.uint32(31)) & np.uint32(1):
        return np.int64(-1)
    low, high = 0, len(phrases)
    while low < high:
        middle = (low + high) // 2
        if phrases[middle, 2] < left or (phrases[middle, 2] == left and phrases[middle, 3] < right):
            low = middle + 1
        else:
            high = middle
    while low < len(phrases) and phrases[low, 2] == left and phrases[low, 3] == right:
        size, k = np.uint64(phrases[low, 0]), np.uint64(2)
        if at + size <= len(codes):
            while k < size and codes[at + k] == phrases[low, np.uint64(2) + k]:
                k += np.uint64(1)
            if k == size:
                return low
        low += 1
    return np.int64(-1)


@kernel
def by_phrases(codes, starts, firsts, lasts, phrases, pairs):
    """Write the phrase that stands for its class in place of each other one; returns how many characters are left.

    Whichever begins first is taken, and of these the longest, also where it stays. No phrase becomes longer; each of
    its characters comes from all of what stood there.
    """
    count, at, kept = np.uint64(len(codes)), np.uint64(0), np.uint64(0)
    last = count - np.uint64(1) if len(phrases) and count else np.uint64(0)
    while at < count:
        row = phrase_at(codes, at, phrases, pairs) if codes[at] >= WIDE and at < last else np.int64(-1)
        size, new = np.uint64(1), np.uint64(0)
        if row >= 0:
            size, new = np.uint64(phrases[row, 0]), np.uint64(phrases[row, 1])
        end = at + size
        if new:
            if len(firsts):
                firsts[kept : kept + new], lasts[kept : kept + new] = firsts[at], lasts[end - np.uint64(1)]
            if len(starts):
                starts[kept] = starts[at]
                starts[kept + np.uint64(1) : kept + new] = False
            for k in range(new):
                codes[kept + k] = phrases[row, np.uint64(2) + size + k]
            kept, at = kept + new, end
        while at < end:
            codes[kept] = codes[at]
            if len(starts):
                starts[kept] = starts[at]
            if len(firsts):
                firsts[kept], lasts[kept] = firsts[at], lasts[at]
            kept, at = kept + np.uint64(1), at + np.uint64(1)
    return np.int64(kept)


# --- disguised text -----------------------------------------------------------------------------------------------


@kernel
def ends_line(point):
    """Whether a line ends here; all of these but U+2028 end the paragraph, too."""
    return 0xA <= point <= 0xD or 0x1C <= point <= 0x1E or point == 0x85 or 0x2028 <= point <= 0x2029


@kernel
def runs_left(point):
    """Whether a letter runs from right to left: where Unicode has, and will have, such letters."""
    early = 0x590 <= point < 0x900 or 0xFB1D <= point < 0xFE00 or 0xFE70 <= point < 0xFEFF
    return early or 0x10800 <= point < 0x11000 or 0x1E800 <= point < 0x1F000


@kernel
def begins_left(points, begin, table):
    """The level of the paragraph that begins here: 1 if its first letter runs from right to left, else 0."""
    for k in range(begin, len(points)):
        folded = table[points[k]]
        if ends_line(points[k]) and points[k] != 0x2028:
            break
        if folded > SIGN and folded != OVERRIDE and not 0x30 <= folded & CODE_POINT <= 0x39:
            return np.int64(runs_left(points[k]))
    return np.int64(0)


@kernel
def open_embedding(point, base, stack, state):
    """Take in one of U+202A, 202B, 202D, 202E, 2066, 2067 and 2068: rules X2 to X5c."""
    level = stack[state[0] - 1, 0] if state[0] else base
    isolates = 0x2066 <= point <= 0x2068
    odd = point in (0x202B, 0x202E, 0x2067) or (point == 0x2068 and base == 1)
    level += 1 if (level + 1) & 1 == np.int64(odd) else 2
    if level > NESTED or state[1] or state[2]:
        state[2 if isolates else 1] += 1 if isolates or not state[2] else 0
        return
    stack[state[0], 0] = level
    stack[state[0], 1] = (ISOLATES if isolates else 0) | (OVERRIDES if 0x202D <= point <= 0x202E else 0)
    state[0] += 1


@kernel
def close_embedding(point, stack, state):
    """Take in U+202C or 2069: rules X6a and X7."""
    if state[2]:
        state[2] -= np.int64(point == 0x2069)
        return
    if point == 0x202C:
        if state[1]:
            state[1] -= 1
        elif state[0] and not stack[state[0] - 1, 1] & ISOLATES:
            state[0] -= 1
        return
    for k in range(state[0] - 1, -1, -1):
        if stack[k, 1] & ISOLATES:
            state[0], state[1] = k, 0
            return


@kernel
def level_above(base, stack, state):
    """How far the level of a character is above that of its paragraph; without an override an even number.

    So what is embedded, and not overridden, stays in the order in which it is read.
    """
    if state[0] == 0:
        return np.int64(0)
    level, kind = stack[state[0] - 1]
    return level - base if kind & OVERRIDES else (level - base + 1) // 2 * 2


@kernel
def is_nothing(point):
    """Whether a character is nothing to the order of those beside it: rule X9."""
    hidden = point in (0xAD, 0x2060, 0xFEFF) or 0x200B <= point <= 0x200D
    return hidden or 0x202A <= point <= 0x202E


@kernel
def embed(points, table, levels):
    """How far each character is above the level of its paragraph: Unicode Standard Annex 9, X1 to X9."""
    stack, state, base, fresh = np.empty((NESTED + 1, 2), np.int64), np.zeros(3, np.int64), np.int64(0), True
    for k in range(len(points)):
        point = points[k]
        if fresh:
            base, fresh = begins_left(points, k, table), False
            state[:] = 0
        levels[k] = level_above(base, stack, state)
        if ends_line(point):
            levels[k], fresh = 0, point != 0x2028
        elif point in (0x202C, 0x2069):
            close_embedding(point, stack, state)
            levels[k] = level_above(base, stack, state)
        elif 0x202A <= point <= 0x202E or 0x2066 <= point <= 0x2068:
            open_embedding(point, base, stack, state)
    bridge(points, levels)


@kernel
def bridge(points, levels):
    """Give what is nothing to the order a level by which it keeps nothing apart."""
    left, begin = np.int64(0), 0
    for k in range(len(points) + 1):
        if k == len(points) or not is_nothing(points[k]):
            right = levels[k] if k < len(points) else np.int64(0)
            levels[begin:k] = min(left, right)
            left, begin = right, k + 1


@kernel
def turn(levels, begin, end, order):
    """Rule L2 for the characters from `begin` to `end`: turn around what has each level or a higher one."""
    for level in range(highest(levels, begin, end), 0, -1):
        first = begin
        for k in range(begin, end + 1):
            if k == end or levels[k] < level:
                for i in range((k - first) // 2):
                    order[first + i], order[k - 1 - i] = order[k - 1 - i], order[first + i]
                first = k + 1


@kernel
def level_off(levels):
    """Set to 0 the levels of what is embedded and yet displayed where it stands: the least of a part, if it is even.

    Rule L2 turns such a part around as often as its least level says. What is inside of it may be a part again.
    """
    again = True
    while again:
        again, begin = False, np.int64(0)
        for k in range(len(levels) + 1):
            if k == len(levels) or levels[k] == 0:
                least = np.int64(1) if k == begin else levels[begin]
                for i in range(begin, k):
                    least = min(least, levels[i])
                if least % 2 == 0:
                    for i in range(begin, k):
                        levels[i] *= levels[i] > least
                    again = True
                begin = k + 1


@kernel
def as_displayed(points: Const[u4], table: Const[u4]):
    """The order in which characters are read where overrides show them in another one than that in which they stand.

    Returns it, and for each of its places where the part of the text that is displayed in another order begins and
    ends: for all others these are the place itself and the one after it.
    """
    order, levels = np.arange(len(points)), np.zeros(len(points), np.int64)
    lefts, rights = np.arange(len(points)), np.arange(1, len(points) + 1)
    overridden = False
    for point in points:
        overridden |= table[point] == OVERRIDE
    if not overridden:
        return order, lefts, rights
    embed(points, table, levels)
    level_off(levels)
    begin = np.int64(0)
    for k in range(len(points) + 1):
        if k == len(points) or levels[k] == 0:
            if k > begin:
                turn(levels, begin, k, order)
                lefts[begin:k], rights[begin:k] = begin, k
            begin = k + 1
    return order, lefts, rights


@kernel
def in_order(points, order):
    """The code points in another order."""
    ordered = np.empty(len(order), np.uint32)
    for k in range(len(order)):
        ordered[k] = points[order[k]]
    return ordered


@kernel
def is_mixed(codes, count, scripts):
    """Whether letters of several scripts follow each other so often that some may have been put between others.

    A script is at first what has the same 256 code points, or Han, kana and Hangul together; so that the compiler
    makes eight comparisons at once.
    """
    changes = np.uint32(0)
    for k in range(np.uint64(1), np.uint64(count)):
        left = min(codes[k - np.uint64(1)] & np.uint32(0x5FFF00), np.uint32(0x400000))
        changes += np.uint32(left != min(codes[k] & np.uint32(0x5FFF00), np.uint32(0x400000)))
    return changes >= 2 * FEWEST and np.int64(changes) * SHARE >= 2 * count and alternates(codes, count, scripts)


@kernel
def alternates(codes, count, scripts):
    """Whether letters of some scripts mostly have none of their own beside them, or stand between East Asian ones."""
    counts, alone, between = np.zeros(256, np.int64), np.zeros(256, np.int64), np.zeros((2, 256), np.int64)
    left, here = np.uint8(0), np.uint8(0)
    for k in range(count + 1):
        right = scripts[(codes[k] & CODE_POINT) >> np.uint32(4)] if k < count else np.uint8(0)
        counts[here] += 1
        alone[here] += here != left and here != right  # noqa: PLR1714 - a tuple is slower
        between[np.int64(left == EAST_ASIAN), here] += left == right and left != here
        left, here = here, right
    greek, cyrillic = scripts[0x3B1 >> 4], scripts[0x431 >> 4]
    if counts[EAST_ASIAN] * 2 < count and min(counts[greek], counts[cyrillic]) * 50 > count:
        return False  # Cyrillic text, in part folded to Greek and Latin letters
    counts[0] = count
    many = np.int64(0)
    for k in range(256):
        dense = between[1, k] >= FEWEST_NAMES and between[1, k] * SHARE >= count
        many += (between[0, k] + between[1, k]) * (dense or alone[k] * 4 >= counts[k] * 3)
    return many >= FEWEST and many * SHARE >= count


@kernel
def scripts_of(points, scripts, codes, firsts):
    """The script of each character before and after it is folded; the latter is 0 for digits.

    Of a text whose commonest script is that of a character before it is folded, it is that after, too: some Cyrillic
    letters look Latin, and are none in a Cyrillic text. Returns as well which that is: the one of which most letters
    stand beside each other, for of those that are put between others none do.
    """
    own, folded = np.empty(len(codes), np.uint8), np.empty(len(codes), np.uint8)
    counts = np.zeros(256, np.int64)
    for k in range(len(codes)):
        own[k], folded[k] = scripts[points[firsts[k]] >> 4], scripts[(codes[k] & CODE_POINT) >> np.uint32(4)]
        if own[k] == SIGNS:
            folded[k] = SIGNS
        counts[own[k]] += k > 0 and own[k] == own[k - 1]
        counts[folded[k]] += k > 0 and folded[k] == folded[k - 1] and folded[k] != own[k]
    counts[0] = 0
    commonest = np.uint8(counts.argmax())
    for k in range(len(codes)):
        if own[k] == commonest:
            folded[k] = commonest
        if 0x30 <= codes[k] & CODE_POINT <= 0x39:
            folded[k] = 0
    return own, folded, commonest


@kernel
def without_strangers(points, scripts, codes, starts, firsts, lasts):
    """Drop letters that are put between those of another script, if there are very many; returns how many stay.

    Hardly any other text has one in fourteen. They go with all letters of their script that are beside no other one
    of it. Where the commonest script is not East Asian that are nearly all, or none goes.
    """
    if not is_mixed(codes, len(codes), scripts) and not has(points, CLICK):
        return len(codes)
    own, folded, commonest = scripts_of(points, scripts, codes, firsts)
    if commonest == 0:  # no letter is beside one of its own script: all of them may be strangers, or none
        return len(codes)
    counts, between, apart = np.zeros(256, np.int64), np.zeros(256, np.int64), np.zeros(256, np.int64)
    dropped, left, joined = np.zeros(len(codes), np.bool_), np.uint8(0), False
    for k in range(len(codes)):
        more = k + 1 < len(codes)
        right, here = folded[k + 1] if more else np.uint8(0), folded[k]
        joins = more and lasts[k] == firsts[k + 1] and own[k] == own[k + 1]
        dropped[k] = here > 0 and here != commonest and not (joined or joins)
        counts[here] += 1
        apart[here] += dropped[k]
        alone = dropped[k] and left == right and left > 0 and left != here
        between[here] += alone
        left, joined = left if alone else here, joins
    strange, many = np.zeros(256, np.bool_), np.int64(0)
    for k in range(256):
        dense = commonest == EAST_ASIAN and between[k] >= FEWEST_NAMES and between[k] * SHARE >= len(codes)
        strange[k] = dense or apart[k] * 20 >= counts[k] * 19
        many += between[k] * strange[k]
    fewest = FEWEST_NAMES if commonest == EAST_ASIAN else FEWEST
    if many < fewest or many * SHARE < len(codes):
        return len(codes)
    for k in range(len(codes)):
        dropped[k] &= strange[folded[k]]
    return leave_out(dropped, codes, starts, firsts, lasts)


@kernel
def leave_out(dropped, codes, starts, firsts, lasts):
    """Move up what is not dropped; a word that begins with what is begins after it. Returns how many stay."""
    kept, fresh = 0, False
    for k in range(len(codes)):
        fresh |= len(starts) > 0 and starts[k]
        if not dropped[k]:
            codes[kept], firsts[kept], lasts[kept] = codes[k], firsts[k], lasts[k]
            if len(starts):
                starts[kept] = fresh
            kept, fresh = kept + 1, False
    return kept


class Background(NamedTuple):
    """The bigram model as arrays, in quarters of a bit; see `dedup.stages.background`."""

    places: Array[u2]  # by code point: row of a Han character in the next three, 0 for all else
    alone: Array[i4]  # a character without a left neighbour
    first: Array[i4]  # a character at the start of a word
    last: Array[i4]  # a word ending after this character
    pairs: Table[u1]  # (common, common): row of the right character after row of the left one
    flat: Array[i4]  # (1,): one unit of any other script


@kernel
def fill_pairs(
    first: Const[i4], last: Const[i4], rows: Const[i8], columns: Const[i8], bits: Const[u1], pairs: Table[u1]
):
    """The cost of every two characters where two words meet; then, written over it, their cost inside a word."""
    for left in range(len(pairs)):
        for right in range(len(pairs)):
            pairs[left, right] = min(last[left] + first[right], 255)
    for k in range(len(rows)):
        pairs[rows[k], columns[k]] = bits[k]


@kernel
def measure(codes: Const[u4], count: int, model: Background, before: Array[i4], after: Array[i4]):
    """Running sums of surprisal: a run from k to m, inclusive, has `after[m] - before[k]` quarter bits.

    In integers, so that a run has the same bits wherever it stands. The model is unpacked once per text: passing a
    tuple of arrays for each character costs twenty times as much in reference counts.
    """
    places, alone, first, last, pairs, flat = model
    total, left = np.int64(0), np.int64(0)
    for k in range(count):
        row = np.int64(places[codes[k] & CODE_POINT])
        if row == 0:
            bits = np.int64(flat[0]) * np.int64(codes[k] >> UNIT_SHIFT)
            total += bits
            before[k] = total - bits
        else:
            if left == 0:
                total += first[row]
            elif max(left, row) < len(pairs):
                total += pairs[left, row]
            else:
                total += last[left] + first[row]
            before[k] = total - alone[row]
        after[k] = total
        left = row


@kernel
def powers(most):
    """So many powers of the base and of its inverse, from the first on."""
    up, down, power, inverse = np.empty(most, np.uint64), np.empty(most, np.uint64), np.uint64(1), np.uint64(1)
    for k in range(most):
        up[k], down[k] = power, inverse
        power, inverse = power * BASE, inverse * BASE_INVERSE
    return up, down


@kernel
def scramble(code):
    """Spread a folded code over 64 bits, for the rolling hash."""
    x = np.uint64(code) * np.uint64(0xD6E8FEB86659FD93)
    return x ^ (x >> np.uint64(32))


@kernel
def chained(chains, left, right):
    """A fingerprint's two chains of steps, invertible and not linear, moved on by two characters."""
    a, b = chains
    two = np.uint64(left) << np.uint64(32) | np.uint64(right)
    a = (a ^ two) * np.uint64(0xD6E8FEB86659FD93)
    b = (b + two) * np.uint64(0xA0761D6478BD642F)
    return a ^ a >> np.uint64(32), b ^ b >> np.uint64(29)


@kernel
def finish(chains, codes, prints):
    """The fingerprint of a text; of an odd number of characters the last one is still to be added."""
    if len(codes) & 1:
        chains = chained(chains, codes[len(codes) - 1], np.uint32(0))
    prints[0], prints[1] = mix(chains[0]), mix(chains[1])


@kernel
def fingerprint(codes, prints):
    """128 bits of the whole folded text."""
    chains = np.uint64(len(codes)), ~np.uint64(len(codes))
    for k in range(np.uint64(1), np.uint64(len(codes)), np.uint64(2)):
        chains = chained(chains, codes[k - np.uint64(1)], codes[k])
    finish(chains, codes, prints)


@kernel
def close(codes, width, terms, after, keys, prints):
    """Find where the shingle from each character on ends: in `keys` the sum of all terms up to there.

    `terms` becomes the sums of those before each character, `after` what it was at the end, if there is any. Returns
    how many shingles there are. Makes the fingerprint, too, if there is room for it: each waits for other steps.
    """
    found, total, units = np.uint64(0), np.uint64(0), np.uint32(0)
    chains = np.uint64(len(codes)), ~np.uint64(len(codes))
    for end in range(np.uint64(len(codes))):
        term = terms[end]
        terms[end] = total
        total += term
        units += codes[end] >> UNIT_SHIFT
        if len(prints) and end & np.uint64(1):
            chains = chained(chains, codes[end - np.uint64(1)], codes[end])
        while units >= width:
            keys[found] = total
            if len(after):
                after[found] = after[end]
            units -= codes[found] >> UNIT_SHIFT
            found += np.uint64(1)
    if found == 0 and len(codes):
        keys[found] = total
        if len(after):
            after[found] = after[len(codes) - 1]
        found += np.uint64(1)
    if len(prints):
        finish(chains, codes, prints)
    return found


@kernel
def close_words(codes, starts, width, terms, room, keys):
    """The sum of the terms of every shingle that starts and ends with words, moved along by adding and dropping terms.

    `before` and `after`, if there are any, become those of the shingles. Returns how many there are.
    """
    before, after, inverses = room
    found, end, last = np.uint64(0), np.uint64(0), np.uint64(len(codes))
    total, units = np.uint64(0), np.uint32(0)
    for begin in range(last):
        if starts[begin]:
            while end < last and (units < width or not starts[end]):
                total += terms[end]
                units += codes[end] >> UNIT_SHIFT
                end += np.uint64(1)
            if units < width and found:
                break
            keys[found] = total * inverses[begin]
            if len(after):
                before[found], after[found] = before[begin], after[end - np.uint64(1)]
            found += np.uint64(1)
        total -= terms[begin]
        units -= codes[begin] >> UNIT_SHIFT
    return found


@kernel
def roll(codes, starts, kind, room, keys, prints):
    """Hash every shingle into `keys`, in the order of the text; returns how many.

    A shingle runs from a start to the first end at which it is `width` units wide. Its hash is the sum of
    `scramble(code) * BASE**k` modulo 2**64, k from its begin on, then mixed: the terms are multiplied by powers that
    count from the begin of the text, and the sum by the inverse of that of the shingle. With weights the low 8 bits
    are its surprisal in quarter bits. A text narrower than one shingle is one shingle. What can become vector
    instructions has a loop of its own. The room is what `measure` wrote (overwritten), the powers of the base and of
    its inverse, and scratch. Makes the fingerprint, too, if there is room for it.
    """
    width, by_word, weighted = kind
    before, after, powers, inverses, terms = room
    for k in range(np.uint64(len(codes))):
        terms[k] = scramble(codes[k]) * powers[k]
    if by_word:
        found = close_words(codes, starts, np.uint32(width), terms, (before, after, inverses), keys)
        if len(prints):
            fingerprint(codes, prints)
    else:
        found = close(codes, np.uint32(width), terms, after, keys, prints)
        for k in range(found):
            keys[k] = (keys[k] - terms[k]) * inverses[k]
    for k in range(found):
        keys[k] = mix(keys[k])
    if weighted:
        for k in range(found):
            before[k] = min(np.int32(after[k] - before[k]), 255)  # right even if the sums have overflowed
            keys[k] = (keys[k] & ~np.uint64(255)) | np.uint64(before[k])
    return np.int64(found)


@kernel
def size_for(count: int):
    """Length of an open-addressing table for so many keys: a power of two that they fill by half at most."""
    size = np.int64(16)
    while size < 2 * count:
        size *= 2
    return size


@kernel
def home(key, size):
    """Where a key belongs in a table of a power of two: by its highest bits, since the lowest may hold its surprisal.

    Unsigned, as all places in tables are: numba checks each signed index whether it counts from the end.
    """
    return (key >> np.uint64(32)) * np.uint64(size) >> np.uint64(32)


@kernel
def place(table, key):
    """Place of a key, or of the empty slot it belongs in; 0 marks empty slots, so key 0 shares the slot of key 1."""
    key = max(key, np.uint64(1))
    last = np.uint64(len(table) - 1)
    at = home(key, len(table))
    while table[at] != 0 and table[at] != key:
        at = (at + np.uint64(1)) & last
    return at


@kernel
def distinct(keys, weights, table, kept_keys, kept_weights):
    """Copy each key where it occurs first, with its weight if there are any; returns how many are kept.

    The output arrays may be the input arrays. `table` is scratch, zeroed before and after.
    """
    kept = np.uint64(0)
    for k in range(np.uint64(len(keys))):
        key = keys[k]
        at = place(table, key)
        kept_keys[kept] = key
        if len(weights):
            kept_weights[kept] = weights[k]
        kept += np.uint64(table[at] == 0)
        table[at] = max(key, np.uint64(1))
    table[:] = np.uint64(0)
    return np.int64(kept)


@kernel
def fold_one(data: Const[u1], tables: FoldTable):
    """The folded codes of one text of UTF-8 bytes, and which of them follow a separator."""
    codes, starts = np.empty(len(data), np.uint32), np.empty(len(data), np.bool_)
    count = fold(data, np.int64(0), len(data), tables, codes, starts)
    if count > len(codes):
        codes, starts = np.empty(count, np.uint32), np.empty(count, np.bool_)
        count = fold(data, np.int64(0), len(data), tables, codes, starts)
    return codes[:count], starts[:count]


@kernel
def trace(data: Const[u1], tables: FoldTable, codes: Array[u4], begins: Array[i8], ends: Array[i8]):
    """Fold UTF-8 into `codes`, with the characters that each comes from; returns how many, written or not.

    What is displayed in another order than that in which it stands comes from the whole part for which that is so.
    """
    points = unpack(data, np.int64(0), np.int64(len(data)))
    order, lefts, rights = as_displayed(points, tables.table)
    points, unmarked = in_order(points, order), np.empty(0, np.bool_)
    count = spell_out(points, tables, codes, unmarked, begins, ends)
    if count > len(codes):
        return count
    for k in range(count):
        last = ends[k] - 1
        while lefts[begins[k]] < lefts[last] < last:  # what is dropped and begins the next part is of that
            last -= 1
        begins[k], ends[k] = lefts[begins[k]], rights[last]
    return count


@kernel
def extents(codes: Const[u4], starts: Const[flag], width: int, by_word: bool, begins: Array[i8], ends: Array[i8]):
    """Where the shingles that `roll` hashes begin and end among the folded characters; returns how many."""
    count, found, end, units = np.uint64(len(codes)), np.uint64(0), np.uint64(0), np.uint32(0)
    for begin in range(count):
        if not by_word or starts[begin]:
            while end < count and (units < np.uint32(width) or (by_word and not starts[end])):
                units += codes[end] >> UNIT_SHIFT
                end += np.uint64(1)
            if units < np.uint32(width) and found:
                break
            begins[found], ends[found] = begin, end
            found += np.uint64(1)
        units -= codes[begin] >> UNIT_SHIFT
    return np.int64(found)


@kernel
def scan(
    data: Const[u1], offsets: Const[i8], begin: int, end: int, tables: FoldTable, lengths: Array[i8], prints: Table[u8]
):
    """Length and fingerprint of the folded texts `begin` to `end`; a text without a character has the fingerprint 0."""
    codes, starts = np.empty(0, np.uint32), np.empty(0, np.bool_)
    for i in range(begin, end):
        if offsets[i + 1] - offsets[i] > len(codes):
            codes = np.empty(2 * (offsets[i + 1] - offsets[i]), np.uint32)
        count = fold(data, offsets[i], offsets[i + 1], tables, codes, starts)
        if count > len(codes):
            codes = np.empty(count, np.uint32)
            count = fold(data, offsets[i], offsets[i + 1], tables, codes, starts)
        lengths[i - begin] = count
        if count:
            fingerprint(codes[:count], prints[i - begin])


@kernel
def fingerprint_bytes(data: Const[u1], offsets: Const[i8], prints: Table[u8]):
    """128 bits of the bytes of every string, by two multiplicative hashes."""
    for i in range(len(prints)):
        high, low = BASE, np.uint64(0)
        for k in range(offsets[i], offsets[i + 1]):
            high = (high ^ np.uint64(data[k])) * np.uint64(0x100000001B3)
            low = mix(low ^ np.uint64(data[k]))
        prints[i, 0], prints[i, 1] = mix(high), low


@kernel
def number(prints: ConstTable[u8], table: Array[i8], firsts: Table[u8], known: int, numbers: Array[i8]):
    """Number texts by their fingerprints, in the order in which they come; returns how many numbers there are.

    `firsts` are the prints of those numbered so far, `known` of them, and have room for more; `table` finds them, by
    number + 1, and has more slots than there are numbers.
    """
    last = np.uint64(len(table) - 1)
    for i in range(len(prints)):
        at = (prints[i, 0] ^ prints[i, 1] * BASE) & last
        while table[at] != 0:
            held = table[at] - 1
            if firsts[held, 0] == prints[i, 0] and firsts[held, 1] == prints[i, 1]:
                break
            at = (at + np.uint64(1)) & last
        if table[at] == 0:
            firsts[known, 0], firsts[known, 1] = prints[i, 0], prints[i, 1]
            known += 1
            table[at] = known
        numbers[i] = table[at] - 1
    return known


class Windows(NamedTuple):
    """Windows of shingles that mark what is left out of every text; see `dedup.stages.frames`."""

    table: Array[u8]
    """Open addressing: sampled windows."""
    mask: u8
    """Bits of a window that are 0 where it is sampled."""
    bridge: int
    """Up to so many shingles between two windows are left out, too."""


class Recipe(NamedTuple):
    """What makes shingles of texts."""

    folding: FoldTable
    model: Background
    width: int
    by_word: bool
    weighted: bool


class Winnowing(NamedTuple):
    """Which runs of a text are its keys."""

    width: int
    """Least width of a run, in units."""
    window: int
    """Of so many neighbours the one with the least hash is kept."""
    short: int
    """A text of up to so many characters keeps all, and"""
    short_width: int
    """narrower runs as well."""
    shift: int
    """Which 32 bits of a hash are the key: those from this one on."""
    secret: u8
    """What the hashes of runs are mixed with; 0 leaves them as everybody can compute them."""


@kernel
def winnow(keys, count, window, kept):
    """Of every `window` neighbours the least key, the last of equals, each place once; returns how many are kept."""
    found, least, wide = np.uint64(0), np.int64(-1), np.int64(window)
    for begin in range(max(min(1, count), count - wide + 1)):
        end = min(begin + wide, count)
        if least < begin:
            least = begin
            for k in range(begin + 1, end):
                if keys[k] <= keys[least]:
                    least = k
        elif keys[end - 1] <= keys[least]:
            least = end - 1
        else:
            continue
        kept[found] = keys[least]
        found += np.uint64(1)
    return np.int64(found)


@kernel
def winnow_runs(codes, starts, kind, rolling, spans, order, runs, kept):
    """Winnow the runs of a text that do not begin in spans; returns how many are kept."""
    (begins, ends, several), (window, secret) = spans, order
    found = roll(codes, starts, kind, rolling, runs, runs[:0])
    if secret:
        for k in range(np.uint64(found)):
            runs[k] = mix(runs[k] ^ secret)
    return winnow(runs, unframed(runs, found, begins, ends, several), window, kept)


@kernel
def winnow_text(codes, starts, by_word, winnowing, rolling, spans, room, keys):
    """Write hashes of some runs of a text to `keys`, 32 bits each, each once; returns how many there are."""
    wide, window, short, short_width, shift, secret = winnowing
    runs, kept, seen = room
    order = window if len(codes) > short else 1, secret
    taken = winnow_runs(codes, starts, (wide, by_word, np.bool_(False)), rolling, spans, order, runs, kept)
    if len(codes) <= short:
        more = kept[taken:]
        taken += winnow_runs(codes, starts, (short_width, by_word, np.bool_(False)), rolling, spans, order, runs, more)
    for k in range(taken):  # least hashes are close to each other, and a table wants them spread
        kept[k] = mix(kept[k])
    nothing = np.empty(0, np.float32)
    taken = distinct(kept[:taken], nothing, seen[: size_for(taken)], kept, nothing)
    for k in range(taken):
        keys[k] = np.uint32(kept[k] >> np.uint64(shift))
    return taken


@kernel
def number_repeats(keys, table, times):
    """Make repeats shingles of their own in a text of over `TELLING` that repeats few, so that there are that many.

    There are no more than the text has beyond `TELLING`, so that one letter more makes no other text. A repeat is
    hashed with how often the shingle stood before it, and each time it says a bit more. `table` and `times` are
    scratch, of a power of two.
    """
    found = 0
    table[:], times[:] = np.uint64(0), 0
    for k in range(len(keys)):
        at = place(table, keys[k])
        found += table[at] == 0
        table[at] = max(keys[k], np.uint64(1))
        if found == TELLING:
            return
    wanted = min(TELLING, found + len(keys) - TELLING)
    for k in range(len(keys)):
        at = place(table, keys[k])
        if times[at] > 0 and found < wanted:
            says = min(np.uint64(255), (keys[k] & np.uint64(255)) + np.uint64(4 * times[at]))
            keys[k] = mix(keys[k] ^ np.uint64(times[at])) & ~np.uint64(255) | says
            found += 1
        times[at] += 1


@kernel
def shingle(
    chunk: Chunk,
    rows: Const[i8],
    lengths: Const[i8],
    recipe: Recipe,
    once: bool,
    left_out: Windows,
    shingles: tuple[Array[u8], Array[i8]],
    winnowed: tuple[Winnowing, Array[u4], Array[i8]],
):
    """Shingles of the texts `rows`, whose folded `lengths` are known, one text after the other, in the same pass runs.

    `shingles` is where to put their keys, and how many there are per text: each as often as it occurs, or with `once`
    only where it occurs first, without those in spans whose windows are `left_out`. `winnowed` is the same for runs,
    after which of these are kept; a run is left out with the shingle that begins where it does. There are none if there
    is no room for them. Returns how many shingles and how many runs there are in all; -1 if a length is not that of
    its text.
    """
    data, offsets = chunk
    tables, model, width, by_word, weighted = recipe
    (keys, found), (winnowing, run_keys, run_found) = shingles, winnowed
    most = np.int64(0)
    for i in range(len(lengths)):
        most = max(most, lengths[i])
    codes, starts, plain, _ = room_for(most, by_word)
    before, after = np.empty(most if weighted else 0, np.int32), np.empty(most if weighted else 0, np.int32)
    rolling = before, after, plain[2], plain[3], plain[4]
    seen, nothing = np.zeros(size_for(most) if once else 0, np.uint64), np.empty(0, np.float32)
    repeats = np.empty(4 * TELLING, np.uint64), np.empty(4 * TELLING, np.int64)
    room = most if len(left_out.table) else 0
    hashed, spots = np.empty(room, np.uint64), np.empty(room, np.int64)
    begins, ends = np.empty(room, np.int64), np.empty(room, np.int64)
    longest = most + winnowing.short if len(run_found) else 0
    runs = np.empty(longest, np.uint64), np.empty(longest, np.uint64), np.zeros(size_for(longest), np.uint64)
    used, run_used = 0, 0
    for i in range(len(rows)):
        count = fold(data, offsets[rows[i]], offsets[rows[i] + 1], tables, codes, starts)
        if count > np.uint64(lengths[i]):  # of another text: there would be no room for its shingles
            return np.int64(-1), np.int64(-1)
        several = np.int64(0)
        if weighted:
            measure(codes, count, model, before, after)
        mine = keys[used : used + count]
        found[i] = roll(codes[:count], starts, (width, by_word, weighted), rolling, mine, mine[:0])
        if weighted and found[i] > TELLING:
            number_repeats(mine[: found[i]], *repeats)
        if room:
            several = framed(mine, found[i], left_out, hashed, spots, begins, ends)
            found[i] = unframed(mine, found[i], begins, ends, several)
        if len(run_found):
            spans, here = (begins, ends, several), run_keys[run_used:]
            run_found[i] = winnow_text(codes[:count], starts, by_word, winnowing, plain, spans, runs, here)
            run_used += run_found[i]
        if once:
            found[i] = distinct(mine[: found[i]], nothing, seen[: size_for(found[i])], mine, nothing)
        used += found[i]
    return used, run_used


# --- weights ------------------------------------------------------------------------------------------------------


@kernel
def part_out(keys: Const[u8], parted: Array[u8], ends: Array[i8]):
    """Sort keys into parts, a power of two, by the bits above the surprisal; part p ends at `ends[p]` in `parted`."""
    mask = np.uint64(len(ends) - 1)
    ends[:] = 0
    for k in range(len(keys)):
        ends[keys[k] >> np.uint64(8) & mask] += 1
    begin = 0
    for p in range(len(ends)):
        size = ends[p]
        ends[p] = begin
        begin += size
    for k in range(len(keys)):
        p = keys[k] >> np.uint64(8) & mask
        parted[np.uint64(ends[p])] = keys[k]
        ends[p] += 1


@kernel
def tally(keys: Const[u8], begin: int, table: Array[u8], counts: Array[i4], used: int):
    """Count the keys from `begin` on until the table, of which `used` slots are taken, is full to three quarters.

    Returns the first key that is not counted, and how many slots are taken now.
    """
    for k in range(begin, len(keys)):
        at = place(table, keys[k])
        if table[at] == 0:
            if 4 * used >= 3 * len(table):
                return k, used
            table[at] = max(keys[k], np.uint64(1))
            used += 1
        counts[at] += np.int32(1)
    return len(keys), used


@kernel
def move(old: Const[u8], old_counts: Const[i4], table: Array[u8], counts: Array[i4]):
    """Put the keys of a table that is full into a larger one."""
    for k in range(len(old)):
        if old[k] != 0:
            at = place(table, old[k])
            table[at], counts[at] = old[k], old_counts[k]


@kernel
def several(table: Const[u8], counts: Const[i4], keys: Array[u8], frequencies: Array[i4]):
    """The keys of a table that were counted more than once; returns how many there are."""
    found = np.uint64(0)
    for k in range(len(table)):
        if counts[k] > 1:
            keys[found], frequencies[found] = table[k], counts[k]
            found += np.uint64(1)
    return np.int64(found)


@kernel
def tag(key):
    """32 bits of a key, which together with its home identify it, as the upper half of a table's entry."""
    return key >> np.uint64(8) << np.uint64(32)


@kernel
def store(keys: Const[u8], bits: Const[u4], order: Const[i8], table: Array[u8]):
    """Store the bits of a weight, not 0, with every key; the last of the order is stored first, in the best place."""
    last = np.uint64(len(table) - 1)
    for k in order[::-1]:
        at = home(keys[k], len(table))
        while table[at] != 0:
            at = (at + np.uint64(1)) & last
        table[at] = tag(keys[k]) | np.uint64(bits[k])


@kernel
def look_up(keys: Const[u8], table: Const[u8], alone: Const[u4], bits: Array[u4]):
    """The bits of every key's weight; a key that is not stored has those in `alone`, by its surprisal.

    A block at a time: fetch all first entries, so that cache misses overlap; take those that fit; then search for the
    others, which are few. One loop with the branches of all three takes twice as long.
    """
    entries, others = np.empty(256, np.uint64), np.empty(256, np.uint64)
    last = np.uint64(len(table) - 1)
    for begin in range(0, len(keys), len(entries)):
        mine, found, more = keys[begin : begin + len(entries)], bits[begin : begin + len(entries)], np.uint64(0)
        for k in range(len(mine)):
            entries[k] = table[home(mine[k], len(table))]
        for k in range(len(mine)):
            entry, single = entries[k], alone[mine[k] & np.uint64(255)]
            found[k] = np.uint32(entry) if entry != 0 else single
            others[more] = k
            more += np.uint64((entry != 0) & ((entry ^ tag(mine[k])) >> np.uint64(32) != 0))
        for other in range(more):
            key, entry = mine[others[other]], entries[others[other]]
            at = home(key, len(table))
            while entry != 0 and (entry ^ tag(key)) >> np.uint64(32) != 0:
                at = (at + np.uint64(1)) & last
                entry = table[at]
            found[others[other]] = np.uint32(entry) if entry != 0 else alone[key & np.uint64(255)]


@kernel
def look_up_codes(keys: Const[u8], codes: ConstTable[u1], weights: ConstTable[u4], bits: Array[u4]):
    """The bits of every key's weight, by the code of its cell and its surprisal.

    A part of the hash space is a row of the codes, by the bits above the surprisal, as `part_out` sorts keys.
    """
    parts, size = np.uint64(codes.shape[0] - 1), codes.shape[1]
    width = 0
    while 1 << width < size:
        width += 1
    shift = np.uint64(64 - width)
    for k in range(len(keys)):
        key = keys[k]
        bits[k] = weights[codes[key >> np.uint64(8) & parts, key >> shift], key & np.uint64(255)]


# --- signatures ---------------------------------------------------------------------------------------------------


@kernel
def land(states, count, earliest):
    """Let darts hit the slots; each slot keeps its earliest dart. The first loop becomes vector instructions."""
    slots = np.uint64(len(earliest))
    for k in range(count):
        dart = mix(states[k])
        slot = (dart >> np.uint64(32)) * slots >> np.uint64(32)
        states[k] = slot << np.uint64(32) | (dart & np.uint64(0xFFFFFFFF))
    for k in range(count):
        slot = states[k] >> np.uint64(32)
        earliest[slot] = min(earliest[slot], np.uint32(states[k]))


@kernel
def throw(keys, weights, window, length, earliest, states):
    """Let every shingle throw its darts of one window of time at the slots; both slot and time are drawn evenly.

    It throws `weight * length` darts, the fraction rounded up with a chance equal to it. Everything follows from its
    hash and that of the window, so it throws the same darts in every article. Darts are always made eight at a time,
    and the surplus is overwritten: a branch on so varied a number costs more.
    """
    used, full, most = np.uint64(0), np.uint64(len(states) - AT_ONCE), np.int64(AT_ONCE)
    for k in range(len(keys)):
        state = mix(keys[k] ^ window)
        chance = np.float64((state * BASE) >> np.uint64(40)) * 2.0**-24
        darts = np.int64(np.float64(weights[k]) * length + chance)
        while darts >= 0:
            for more in range(np.uint64(AT_ONCE)):
                states[used + more] = state
                state += BASE
            used += np.uint64(most if darts > most else darts)
            darts -= most
            if used > full:
                land(states, used, earliest)
                used = np.uint64(0)
    land(states, used, earliest)


@kernel
def throw_alike(keys, window, length, earliest):
    """`throw` for shingles that all weigh one, and a window whose length is a whole number."""
    slots = np.uint64(len(earliest))
    for k in range(len(keys)):
        state = keys[k] ^ window
        for _ in range(np.int64(length)):
            dart = mix(state)
            slot = (dart >> np.uint64(32)) * slots >> np.uint64(32)
            earliest[slot] = min(earliest[slot], np.uint32(dart & np.uint64(0xFFFFFFFF)))
            state += BASE


@kernel
def lighter(keys, weights, length):
    """The shingles of a long text, each once, and what they weigh in it."""
    kept_keys, kept_weights = np.empty(len(keys), np.uint64), np.empty(len(keys), np.float32)
    kept = distinct(keys, weights, np.zeros(size_for(len(keys)), np.uint64), kept_keys, kept_weights)
    less = by_chance(length, kept)
    for k in range(kept):
        kept_weights[k] = max(kept_weights[k] - less, kept_weights[k] * LEAST_LEFT)
    return kept_keys[:kept], kept_weights[:kept]


@kernel
def land_all(keys, weights, length, seed, room, times):
    """Let the shingles of one article throw their darts until every slot is hit: the times of the earliest.

    A window of time begins where the one before ended and is as long as all before it; windows after the one in which
    the last slot is hit change nothing. A window has 2**32 points in time; the last means no dart. Repeated shingles
    add nothing, and are thrown in the first window only.
    """
    earliest, states = room
    number, begin, span = np.uint64(0), 0.0, FIRST_WINDOW if len(weights) else 1.0
    slots = len(times)
    empty = slots if len(weights) == 0 and len(keys) else 0
    if len(weights) and length > LONG:
        keys, weights = lighter(keys, weights, length)
    for k in range(len(weights)):
        if weights[k] > 0:
            empty = slots
    times[:] = np.inf
    while empty:
        number += np.uint64(1)
        if number == 2:
            kept_keys, kept_weights = np.empty(len(keys), np.uint64), np.empty(len(weights), np.float32)
            kept = distinct(keys, weights, np.zeros(size_for(len(keys)), np.uint64), kept_keys, kept_weights)
            keys, weights = kept_keys[:kept], kept_weights[:kept]
        earliest[:] = NONE
        if len(weights):
            throw(keys, weights, mix(seed + number * BASE), span, earliest, states)
        else:
            throw_alike(keys, mix(seed + number * BASE), span, earliest)
        for k in range(slots):
            if times[k] == np.inf and earliest[k] != NONE:
                times[k] = np.float32(begin + (np.float64(earliest[k]) + 0.5) * (span * 2.0**-32))
                empty -= 1
        begin += span
        span = begin


@kernel
def sign(keys: Const[u8], weights: Const[f4], offsets: Const[i8], lengths: Const[i8], seed: u8, signatures: Table[f4]):
    """Signature of every article: each slot the time of its earliest dart, a float32.

    Without weights, all shingles weigh one.
    """
    room = np.empty(signatures.shape[1], np.uint32), np.empty(1024, np.uint64)
    for i in range(len(signatures)):
        mine = slice(offsets[i], offsets[i + 1])
        land_all(keys[mine], weights[mine], lengths[i], seed, room, signatures[i])


@kernel
def room_for(most, by_word):
    """Room for the codes and the shingles of a text of so many characters, and what `roll` needs."""
    codes, starts = np.empty(most, np.uint32), np.empty(most if by_word else 0, np.bool_)
    nothing = np.empty(0, np.int32)
    return codes, starts, (nothing, nothing, *powers(most), np.empty(most, np.uint64)), np.empty(most, np.uint64)


@kernel
def scan_and_sign(
    chunk: Chunk,
    begin: int,
    end: int,
    recipe: Recipe,
    seed: u8,
    lengths: Array[i8],
    prints: Table[u8],
    halves: Table[u2],
):
    """`scan`, and the lower halves of signatures of shingles that all weigh one: every text is read once."""
    data, offsets = chunk
    tables, _, width, by_word, _ = recipe
    codes, starts, rolling, keys = room_for(np.int64(0), by_word)
    nothing, times = np.empty(0, np.float32), np.empty(halves.shape[1], np.float32)
    bits, landing = times.view(np.uint32), (np.empty(len(times), np.uint32), np.empty(0, np.uint64))
    for i in range(begin, end):
        if offsets[i + 1] - offsets[i] > len(codes):
            codes, starts, rolling, keys = room_for(2 * (offsets[i + 1] - offsets[i]), by_word)
        count = fold(data, offsets[i], offsets[i + 1], tables, codes, starts)
        if count > len(codes):
            codes, starts, rolling, keys = room_for(count, by_word)
            count = fold(data, offsets[i], offsets[i + 1], tables, codes, starts)
        lengths[i - begin] = count
        mine = prints[i - begin] if count else prints[i - begin, :0]
        found = roll(codes[:count], starts, (width, by_word, np.bool_(False)), rolling, keys, mine)
        land_all(keys[:found], nothing, np.int64(0), seed, landing, times)
        for k in range(len(times)):
            halves[i - begin, k] = np.uint16(bits[k])


# --- bands and candidates -----------------------------------------------------------------------------------------


@kernel
def band_keys(halves: ConstTable[u2], slot: int, rows: int, names: Const[u8], bits: int, begin: int, keys: Table[u8]):
    """Hash the slots of several bands, which begin at `slot`; the lowest `bits` are the article's number, from `begin`.

    A band is hashed with its name, so that no two are equal by chance. Several at once, since slots that are neighbours
    share a line of the cache.
    """
    mask = (np.uint64(1) << np.uint64(bits)) - np.uint64(1)
    for i in range(len(halves)):
        article = np.uint64(begin + i)
        for band in range(len(names)):
            key = names[band]
            for k in range(slot + band * rows, slot + band * rows + rows):
                key = mix(key ^ np.uint64(halves[i, k]))
            keys[band, article] = key >> np.uint64(bits) << np.uint64(bits) | article & mask


@kernel
def run_entries(keys: Const[u4], starts: Const[i8], numbers: Const[i8], low: int, high: int, entries: Array[u8]):
    """Of some texts, those keys that are from `low` on and not over `high`, << 32 | number; returns how many.

    There is room for one entry more: each is written, and only then kept or not.
    """
    found, first, last = np.uint64(0), np.uint32(low), np.uint32(high)
    for i in range(len(numbers)):
        number = np.uint64(numbers[i])
        for k in range(starts[i], starts[i + 1]):
            key = keys[k]
            entries[found] = np.uint64(key) << np.uint64(32) | number
            found += np.uint64((key >= first) & (key <= last))
    return np.int64(found)


@kernel
def count_highest(keys: Const[u4], shift: int, counts: Array[i8]):
    """Count keys by their highest bits."""
    for k in range(len(keys)):
        counts[keys[k] >> np.uint32(shift)] += 1


@kernel
def count_parts(keys: Const[u4], starts: Const[i8], numbers: Const[i8], shift: int, counts: Table[i8]):
    """Of every text, count the keys of each part, which is by their highest bits."""
    for i in range(len(numbers)):
        for k in range(starts[i], starts[i + 1]):
            counts[numbers[i], keys[k] >> np.uint32(shift)] += 1


@kernel
def part_runs(keys: Const[u4], starts: Const[i8], numbers: Const[i8], shift: int, free: Table[i8], parted: Array[u4]):
    """Put keys into their parts; `free` is where the next of each text and part goes, and is updated."""
    for i in range(len(numbers)):
        for k in range(starts[i], starts[i + 1]):
            part = keys[k] >> np.uint32(shift)
            parted[free[numbers[i], part]] = keys[k]
            free[numbers[i], part] += 1


@kernel
def agreement(a, i, b, j, blocks):
    """In how many bytes of their first blocks row i of some sketches agrees with row j of others.

    Blocks have a fixed length that a byte can count, so they become a few vector instructions: 1.5 ns per block. Rows
    are given as numbers: a view of each row, with its reference count, would cost more.
    """
    total = np.int64(0)
    for block in range(blocks):
        begin, equal = np.uint64(block * BLOCK), np.uint8(0)
        for k in range(np.uint64(BLOCK)):
            equal = np.uint8(equal + np.uint8(a[i, begin + k] == b[j, begin + k]))
        total += np.int64(equal)
    return total


class Rules(NamedTuple):
    """Which articles are compared, and which of them are similar."""

    since: int
    """Articles before this number were already compared with each other."""
    apart: bool
    """Articles from that number on were, too: only pairs with one article of each group are compared."""
    first: int
    """Bytes of the first blocks, which are compared before the rest."""
    early: int
    """Bytes of the first blocks that must agree."""
    least: int
    """Bytes of all blocks that must agree."""
    bucket_cap: int
    """In a bucket, an article is compared with those before it until so many were similar,"""
    looked_at: int
    """or so many were looked at,"""
    for_each: int
    """and so many more for each that was similar."""
    crowd: int
    """Behind so many others of its bucket, an article that is linked"""
    enough: int
    """needs to find only so many; 0 if all that are similar are wanted."""


class Reach(NamedTuple):
    """Which articles may be compared at all: those in reach of each other; three empty arrays where all may be.

    Both ends of a reach ascend with the numbers of articles, so that those in reach of one stand side by side in every
    bucket.
    """

    earliest: Array[u8]
    """(n,): the first article that each may be compared with, itself or an earlier one."""
    latest: Array[u8]
    """(n,): the last one, itself or a later one."""
    sources: Array[i8]
    """(n,): those of one source are out of each other's reach; -1 is of none. Empty where sources do not count."""


EVERYBODY = Reach(np.empty(0, np.uint64), np.empty(0, np.uint64), np.empty(0, np.int64))
"""Every article is in reach of every other."""


@kernel
def reach_back(groups: Const[i8], times: Const[i8], window: int, earliest: Array[i8]):
    """How far back each of some articles reaches that ascend by group, then by time; in group -1 only to itself."""
    begin = 0
    for i in range(len(groups)):
        if groups[i] < 0:
            begin = i
        while groups[begin] != groups[i] or times[i] - times[begin] > window:
            begin += 1
        earliest[i] = begin


@kernel
def other_sources(keys: Const[u8], bits: int, sources: Const[i8], after: Array[i8]):
    """For each entry of sorted keys, the first one behind it that is of another source, or of none."""
    mask = (np.uint64(1) << np.uint64(bits)) - np.uint64(1)
    for k in range(len(keys) - 1, -1, -1):
        source = sources[keys[k] & mask]
        alike = k + 1 < len(keys) and source >= 0 and sources[keys[k + 1] & mask] == source
        after[k] = after[k + 1] if alike else k + 1


@kernel
def gather_bucket(keys, begin, shift, mask, sketches, near):
    """Copy the first blocks of the sketches of a bucket next to each other; returns how many there was room for."""
    k, one = begin, np.uint64(1)
    while k < len(keys) and k - begin < len(near) and keys[k] >> shift == keys[begin] >> shift:
        row = sketches[keys[k] & mask]
        for byte in range(near.shape[1]):
            near[k - begin, byte] = row[byte]
        k += one
    return k - begin


@kernel
def look_through(keys, bits, at, begin, last, most, sketches, rules, reach, after, near, used):
    """Compare the article at `at` with those from `begin` on and before `last`, until it has found `most`.

    `near` is the room of `meet`, whether the bucket is small, and the first entry of those whose sketches are in the
    room, and how many these are. Returns where it stopped, whether it has found enough, and how many pairs there are.
    """
    (copies, known, found), few, base, gathered = near
    one, mask = np.uint64(1), (np.uint64(1) << np.uint64(bits)) - np.uint64(1)
    first, blocks = copies.shape[1] // BLOCK, sketches.shape[1] // BLOCK
    i, agreed, k, stop = keys[at] & mask, 0, begin, begin + np.uint64(rules.looked_at)
    across = len(reach.sources) > 0 and reach.sources[i] >= 0
    while k < last and k < stop and agreed < most:
        row, j = k - base, keys[k] & mask
        if across and reach.sources[j] == reach.sources[i]:  # all of them at once, and they are not looked at
            stop += np.uint64(after[k]) - k
            k = np.uint64(after[k])
            continue
        familiar = few or 2 * agreed >= k - begin  # where most are similar, most pairs are known from other buckets
        k += one
        if j == i:  # two runs of a long text may have one key
            continue
        pair = max(i, j) << np.uint64(32) | min(i, j)
        mark = pair * BASE >> np.uint64(64 - KNOWN_BITS)
        if not familiar or known[mark] != pair:
            look, there = (copies, row) if row < gathered else (sketches, j)
            if (
                agreement(look, there, sketches, i, first) < rules.early
                or agreement(sketches, j, sketches, i, blocks) < rules.least
            ):
                continue
            if known[mark] != pair:
                known[mark] = found[used] = pair
                used += one
        agreed += 1
        stop += np.uint64(rules.for_each)
    return k, agreed >= most, used


@kernel
def meet(
    keys: Const[u8],
    bits: int,
    at: int,
    sketches: ConstTable[u1],
    rules: Rules,
    reach: Reach,
    after: Const[i8],
    room: tuple[Table[u1], Array[u8], Array[u8]],
    seen: Array[i4],
):
    """Pairs of articles that share a bucket and whose sketches are similar; see `Rules` and `Reach`.

    In a bucket, every article is compared with those before it, from the first in its reach on; where sources count,
    also with those behind it, for of a source with very many there the others find only some. `seen` is its place, or
    if it has found enough, among how many there are `bucket_cap`; below 0 if behind it. `after` is of `other_sources`.
    The room has three parts: first blocks, copied next to each other in a large bucket, where few articles are similar;
    pairs found recently, maybe in another bucket, as similar articles meet in many, and most pairs of a small one are
    similar; and the result. Begins at the entry `at` of the sorted keys and stops where the pairs of the next one may
    not fit. Returns the first entry that is not done and the number of pairs, each as later << 32 | earlier.
    """
    shift, one = np.uint64(bits), np.uint64(1)
    mask = (one << shift) - one
    used, at, end = np.uint64(0), np.uint64(at), np.uint64(len(keys))
    begin, space, first_new = at, np.uint64(len(room[2])), np.uint64(rules.since)
    most = np.uint64(rules.looked_at + rules.for_each * rules.bucket_cap)
    bounded, both_sides = len(reach.earliest) > 0, len(reach.sources) > 0
    while begin > 0 and keys[begin - one] >> shift == keys[at] >> shift:
        begin -= one
    base, gathered, ahead = begin, np.uint64(0), at
    while at < end:
        i = keys[at] & mask
        if keys[at] >> shift != keys[begin] >> shift:
            begin, base, gathered = at, at, np.uint64(0)
        while bounded and keys[begin] & mask < reach.earliest[i]:
            begin += one
        ahead = max(ahead, at + one)
        while both_sides and ahead < end and keys[ahead] >> shift == keys[at] >> shift:
            if keys[ahead] & mask > reach.latest[i]:
                break
            ahead += one
        if ahead - begin == one or i < first_new:  # most articles, in most bands
            seen[at] = at - begin
            at += one
            continue
        place = np.int64(at - begin)
        cap = rules.enough if rules.enough and place >= rules.crowd else rules.bucket_cap
        if space - used < min(np.uint64(cap), at - begin) + min(np.uint64(cap), ahead - at - one):
            break
        last, few = at, ahead - one - begin < FEW
        if rules.apart:
            last = min(at, begin + most)
            while last > begin and keys[last - one] & mask >= first_new:
                last -= one
        if not few and begin >= base + gathered:
            base, gathered = begin, gather_bucket(keys, begin, shift, mask, sketches, room[0])
        near = (room, few, base, gathered)
        k, filled, used = look_through(keys, bits, at, begin, last, cap, sketches, rules, reach, after, near, used)
        seen[at] = min(np.int64(k - begin) * rules.bucket_cap // cap, place - (k < at)) if filled else place
        if both_sides:
            k, behind, used = look_through(
                keys, bits, at, at + one, ahead, cap, sketches, rules, reach, after, near, used
            )
            if behind and not filled:
                seen[at] = (np.int64(at) + 1 - np.int64(k)) * rules.bucket_cap // cap
        at += one
    return np.int64(at), np.int64(used)


@kernel
def keep_alike(agreed, counts, most, kept):
    """Keep the `most` that agree most, of equals the earlier ones; `counts` says how many agree in so many bytes."""
    least = len(counts) - 1
    while counts[least] < most:
        most -= counts[least]
        least -= 1
    for k in range(len(agreed)):
        kept[k] = agreed[k] > least or (agreed[k] == least and most > 0)
        most -= agreed[k] == least


@kernel
def thin(pairs: Const[u8], sketches: ConstTable[u1], rules: Rules, mates: Array[i8], kept: Array[flag]):
    """Keep of the pairs of each article with those before it the earliest, and as many others that are most alike.

    `pairs` ascend. Of each kind `bucket_cap` are kept, or `enough` for an article with two crowds of `mates`; of an
    article that has more, `mates` has at least how many.
    """
    blocks, begin, low = sketches.shape[1] // BLOCK, 0, np.uint64(0xFFFFFFFF)
    counts, agreed = np.empty(sketches.shape[1] + 1, np.int64), np.empty(0, np.int64)
    while begin < len(pairs):
        end, article = begin + 1, pairs[begin] >> np.uint64(32)
        while end < len(pairs) and pairs[end] >> np.uint64(32) == article:
            end += 1
        most = rules.enough if mates[article] >= 2 * rules.crowd else rules.bucket_cap
        kept[begin:end] = True
        if end - begin > 2 * most:
            mates[article] = max(mates[article], end - begin)
            begin += most
            if len(agreed) < end - begin:
                agreed = np.empty(2 * (end - begin), np.int64)
            counts[:] = 0
            for k in range(begin, end):
                agreed[k - begin] = agreement(sketches, article, sketches, pairs[k] & low, blocks)
                counts[agreed[k - begin]] += 1
            keep_alike(agreed[: end - begin], counts, most, kept[begin:end])
        begin = end


@kernel
def gather_buckets(keys: Const[u8], bits: int, ends: Array[i8], gathered: Array[u8]):
    """Put buckets of several articles beside those with the same first article; returns how many keys they have.

    Articles that are similar share many buckets: their sketches, and the pairs found, are then still in the cache. Of
    buckets with the same articles, as a family of copies has hundreds, one is kept: all of them give the same pairs.
    `ends` has room for a number an article, and one more.
    """
    shift, last = np.uint64(bits), np.uint64(len(keys))
    mask = (np.uint64(1) << shift) - np.uint64(1)
    kept = np.empty(1 << KEPT_BITS, np.uint64)
    ends[:] = 0
    for again in range(2):
        begin = np.uint64(0)
        kept[:] = 0
        while begin < last:
            end, name = begin + np.uint64(1), mix(keys[begin] & mask)
            while end < last and keys[end] >> shift == keys[begin] >> shift:
                name += mix(keys[end] & mask)
                end += np.uint64(1)
            place = name >> np.uint64(64 - KEPT_BITS)
            if end - begin > np.uint64(1) and kept[place] != name:
                kept[place] = name
                first = keys[begin] & mask
                if again:
                    for k in range(begin, end):
                        gathered[np.uint64(ends[first])] = keys[k]
                        ends[first] += 1
                else:
                    ends[first + np.uint64(1)] += np.int64(end - begin)
            begin = end
        if not again:
            for article in range(1, len(ends)):
                ends[article] += ends[article - 1]
    return ends[len(ends) - 1]


@kernel
def sift(keys: Array[u8], bits: int, since: int, marks: Array[u1]):
    """Keep keys that share a mark with one of an article from `since` on, in place; returns how many.

    Marks are bits of the upper half of a key, a byte each.
    """
    marks[:] = 0
    mask, number = np.uint64(len(marks) - 1), (np.uint64(1) << np.uint64(bits)) - np.uint64(1)
    first = np.uint64(since)
    for k in range(len(keys)):
        if keys[k] & number >= first:
            marks[keys[k] >> np.uint64(32) & mask] = 1
    kept = np.uint64(0)
    for k in range(len(keys)):
        key = keys[k]
        keys[kept] = key
        kept += np.uint64(marks[key >> np.uint64(32) & mask])
    return np.int64(kept)


@kernel
def count_mates(keys: Const[u8], bits: int, seen: Const[i4], bucket_cap: int, reach: Reach, mates: Array[i8]):
    """How many in its reach are similar to an article that had found enough: as large a share as of those it saw.

    `mates` keeps the largest number of all buckets.
    """
    shift, bounded = np.uint64(bits), len(reach.earliest) > 0
    mask = (np.uint64(1) << shift) - np.uint64(1)
    begin = 0
    while begin < len(keys):
        end = begin + 1
        while end < len(keys) and keys[end] >> shift == keys[begin] >> shift:
            end += 1
        first, last = begin, begin if bounded else end
        for k in range(begin, end):
            article = keys[k] & mask
            while bounded and keys[first] & mask < reach.earliest[article]:
                first += 1
            while last < end and keys[last] & mask <= reach.latest[article]:
                last += 1
            if seen[k] < k - first:
                mates[article] = max(mates[article], bucket_cap * (last - first - 1) // abs(seen[k]))
        begin = end


# --- pairs --------------------------------------------------------------------------------------------------------


@kernel
def fill(keys: Const[u8], table: Array[u8]):
    """Make a table of a set."""
    table[:] = np.uint64(0)
    for k in range(len(keys)):
        table[place(table, keys[k])] = max(keys[k], np.uint64(1))


@kernel
def by_chance(length: int, distinct: int):
    """By how much a shingle's weight is reduced in a long text, since it is more likely to be there by chance.

    A weight is the negative logarithm of a probability, which grows in proportion to the length; faster for the
    shingles that matter, since an author repeats words. Nothing changes for ordinary articles, up to `LONG`
    characters. A text that repeats itself counts as at most three times as long as its `distinct` shingles.
    """
    length = min(length, 3 * distinct, LONGEST)
    return np.rint(STEEP * np.log(max(np.float64(length), LONG) / LONG) * 65536) / 65536


@kernel
def list_partners(lefts: Const[i8], rights: Const[i8], stops: Array[i8], others: Array[i4]):
    """List the partners of each article; those of i end at `stops[i]`, which on entry is where they begin."""
    for p in range(len(lefts)):
        i, j = lefts[p], rights[p]
        others[stops[i]] = j
        stops[i] += 1
        others[stops[j]] = i
        stops[j] += 1


@kernel
def communities(starts: Const[i8], others: Const[i4], rounds: int, named: Array[i4], marks: Array[u8]):
    """Name communities of articles: in each round, an article takes the name that most of its partners have.

    Label propagation (Raghavan, Albert and Kumara, 2007). `marks` is the least hash of an article and its partners, so
    that articles with the same partners have the same (Chierichetti and others, 2009).
    """
    votes = np.zeros(len(named), np.int32)
    for i in range(len(named)):
        named[i], marks[i] = i, mix(np.uint64(i))
        for k in range(starts[i], starts[i + 1]):
            marks[i] = min(marks[i], mix(np.uint64(others[k])))
    for _ in range(rounds):
        for i in range(len(named)):
            best, most = named[i], np.int32(0)
            for k in range(starts[i], starts[i + 1]):
                name = named[others[k]]
                votes[name] += 1
                if votes[name] > most or (votes[name] == most and name < best):
                    best, most = name, votes[name]
            for k in range(starts[i], starts[i + 1]):
                votes[named[others[k]]] = 0
            named[i] = best


@kernel
def cut_tiles(ends: Table[i4], sizes: Const[i8], most: int, members: Array[i4], cuts: Table[i8]):
    """Cut pairs into tiles whose articles have sizes of up to `most` in all; returns how many tiles there are.

    `members` are the articles of all tiles, one tile after the other, in the order in which they occur; in `ends` their
    numbers become places among those of their tile; `cuts` is where the pairs and the members of each tile begin.
    """
    tile, used, total = np.int64(0), np.int64(0), np.int64(0)
    seen, places = np.full(len(sizes), -1, np.int64), np.empty(len(sizes), np.int32)
    for p in range(len(ends)):
        i, j = ends[p]
        more = (sizes[i] if seen[i] != tile else 0) + (sizes[j] if seen[j] != tile and i != j else 0)
        if p == 0 or (total + more > most and total > 0):
            tile, total, more = tile + 1, 0, sizes[i] + (sizes[j] if i != j else 0)
            cuts[tile - 1, 0], cuts[tile - 1, 1] = p, used
        total += more
        for side in range(2):
            article = ends[p, side]
            if seen[article] != tile:
                seen[article], places[article] = tile, used - cuts[tile - 1, 1]
                members[used] = article
                used += 1
            ends[p, side] = places[article]
    cuts[tile, 0], cuts[tile, 1] = len(ends), used
    return tile


@kernel
def number_shingles(
    keys: Const[u8], starts: Const[i8], stops: Const[i8], table: Array[u4], firsts: Array[u8], numbers: Array[u4]
):
    """Number the shingles of all sets in the order in which they occur first; returns how many there are.

    `firsts` has the shingle of a number, `table` numbers plus one. A rewrite has most shingles in the order of its
    source, so the shingle after the last one is tried first: only where they part is the table looked at.
    """
    one, last, found, following = np.uint64(1), np.uint64(len(table) - 1), np.uint64(0), np.uint64(0)
    for i in range(len(starts)):
        for k in range(np.uint64(starts[i]), np.uint64(stops[i])):
            key = keys[k]
            if following >= found or firsts[following] != key:
                at = home(key, len(table))
                while table[at] != 0 and firsts[table[at] - one] != key:
                    at = (at + one) & last
                if table[at] == 0:
                    firsts[found] = key
                    found += one
                    table[at] = found
                following = np.uint64(table[at]) - one
            numbers[k] = following
            following += one
    return np.int64(found)


@kernel
def group_shingles(
    starts: Const[i8], stops: Const[i8], numbers: Const[u4], groups: Array[u4], parted: Table[u4], several: Array[flag]
):
    """Bring shingles that the same sets hold into one group; returns how many groups there were on the way.

    Partition refinement: all begin in group 0, and a set moves those it holds of a group to a new one. `parted` has the
    last set that did so with a group, and its new one; `several` whether more than one set holds a group.
    """
    count, one = np.uint32(1), np.uint32(1)
    groups[:], parted[0, 0], several[0] = np.uint32(0), NONE, False
    for i in range(np.uint32(len(starts))):
        for k in range(np.uint64(starts[i]), np.uint64(stops[i])):
            group = groups[numbers[k]]
            if parted[group, 0] != i:
                parted[group, 0], parted[group, 1] = i, count
                parted[count, 0], several[count] = NONE, group != 0
                count += one
            groups[numbers[k]] = parted[group, 1]
    return np.int64(count)


@kernel
def keep_shared(groups: Array[u4], several: Const[flag], numbers: Array[u4]):
    """Number the groups that several sets hold, in the order of their shingles; those of a single set become `NONE`."""
    count, one = np.uint32(0), np.uint32(1)
    for k in range(np.uint64(len(groups))):
        group = groups[k]
        if not several[group]:
            groups[k] = NONE
            continue
        if numbers[group] == NONE:
            numbers[group] = count
            count += one
        groups[k] = numbers[group]
    return np.int64(count)


@kernel
def list_groups(
    starts: Const[i8],
    stops: Const[i8],
    numbers: Const[u4],
    groups: Const[u4],
    seen: Array[u4],
    begins: Array[i8],
    listed: Array[u4],
):
    """List the groups of each set, each once: those of set i are `listed[begins[i]:begins[i + 1]]`."""
    used, one = np.uint64(0), np.uint64(1)
    for i in range(np.uint32(len(starts))):
        begins[i] = used
        for k in range(np.uint64(starts[i]), np.uint64(stops[i])):
            group = groups[numbers[k]]
            if group != NONE and seen[group] != i:
                seen[group], listed[used] = i, group
                used += one
    begins[len(starts)] = used


@exact
def weigh_sets(
    sets: tuple[Const[i8], Const[i8], Const[i8]],
    numbers: Const[u4],
    weights: Const[f4],
    less: Array[f8],
    totals: Array[f8],
):
    """By how much each set's shingles weigh less, see `by_chance`, and what they weigh together."""
    starts, stops, lengths = sets
    for i in range(len(starts)):
        mine, total = numbers[starts[i] : stops[i]], 0.0
        less[i] = by_chance(lengths[i], stops[i] - starts[i])
        for k in range(np.uint64(len(mine))):
            total += max(weights[mine[k]] - less[i], weights[mine[k]] * LEAST_LEFT)
        totals[i] = total


@kernel
def spread_weights(mine, weights, groups, less, masses):
    """Add the weight of each shingle of a set, reduced by `less`, to that of its group."""
    for k in range(np.uint64(len(mine))):
        group = groups[mine[k]]
        if group != NONE:
            masses[group] += max(weights[mine[k]] - less, weights[mine[k]] * LEAST_LEFT)


@kernel
def clear(listed, masses):
    """Make these groups weigh nothing again."""
    for k in range(np.uint64(len(listed))):
        masses[listed[k]] = 0.0


@exact
def mass_of(listed, masses):
    """What these groups weigh together."""
    total = 0.0
    for k in range(np.uint64(len(listed))):
        total += masses[listed[k]]
    return total


@kernel
def compare(
    sets: tuple[Const[i8], Const[i8], Const[f8], Const[f8]],
    shingles: tuple[Const[u4], Const[f4], Const[u4]],
    lists: tuple[Const[u4], Const[i8], Const[i8]],
    pairs: ConstTable[i4],
    evidence: float,
    similarities: Array[f8],
):
    """Weighted Jaccard similarity of pairs of sets, ascending by left: shared weight over united weight.

    A shingle weighs less in a long text (see `by_chance`), and the left set is the one in which they weigh less; where
    two weights differ, the smaller is shared and the larger united (Ioffe, 2010). So `masses` has what the groups of
    the left set weigh in it, and a pair shares those that are listed for the right set, too. A pair that shares less
    than `evidence * (1 - similarity)` has a similarity of 0.
    """
    (starts, stops, less, totals), (numbers, weights, groups), (listed, begins, ends) = sets, shingles, lists
    before, masses = np.int64(-1), np.zeros(len(groups))
    for p in range(len(pairs)):
        i, j = pairs[p]
        if i != before:
            if before >= 0:
                clear(listed[begins[before] : ends[before]], masses)
            spread_weights(numbers[starts[i] : stops[i]], weights, groups, less[i], masses)
            before = i
        both = mass_of(listed[begins[j] : ends[j]], masses) if i != j else totals[i]
        united = totals[i] + totals[j] - both
        similar = both / united if united > 0 else 0.0
        similarities[p] = similar if both >= evidence * (1 - similar) else 0.0


# --- index --------------------------------------------------------------------------------------------------------


@kernel
def sum_block(words, block):
    """A checksum of a block, which any change of it changes: four lanes, since each step waits for the one before."""
    begin, more = np.uint64(block) << np.uint64(BLOCK_BITS - 3), np.uint64(32)
    a, b, c, d = np.uint64(block), np.uint64(1), np.uint64(2), np.uint64(3)
    for k in range(begin, begin + np.uint64(1 << BLOCK_BITS - 3), np.uint64(4)):
        a = (a ^ words[k]) * BASE
        b = (b ^ words[k + np.uint64(1)]) * BASE
        c = (c ^ words[k + np.uint64(2)]) * BASE
        d = (d ^ words[k + np.uint64(3)]) * BASE
        a, b, c, d = a ^ a >> more, b ^ b >> more, c ^ c >> more, d ^ d >> more
    return mix(a ^ mix(b ^ mix(c ^ mix(d))))


@kernel
def sum_blocks(words: Const[u8], sums: Array[u8]):
    """The checksums of all blocks but the first, which is not written yet."""
    sums[0] = np.uint64(0)
    for block in range(1, len(sums)):
        sums[block] = sum_block(words, block)


@kernel
def sound(blocks: tuple[Const[u8], Const[u8], Array[u1]], begin: int, stop: int):
    """Whether all blocks from one byte up to another are as they were written; each is looked at once."""
    words, sums, states = blocks
    for block in range(begin >> BLOCK_BITS, stop + (1 << BLOCK_BITS) - 1 >> BLOCK_BITS):
        at = np.uint64(block)
        if states[at] == 0:
            states[at] = WHOLE if sum_block(words, block) == sums[at] else BROKEN
        if states[at] == BROKEN:
            return False
    return True


@kernel
def fit(postings: tuple[Const[u4], Const[u2], Const[u4]], texts: int):
    """Whether buckets follow each other from the first posting to the last, and each is of one of so many texts."""
    offsets, lows, rows = postings
    if offsets[0] != 0 or offsets[len(offsets) - 1] != len(lows):
        return False
    for bucket in range(1, len(offsets)):
        if offsets[bucket] < offsets[bucket - 1]:
            return False
    highest = np.int64(-1)
    for k in range(len(rows)):
        highest = max(highest, np.int64(rows[k]))
    return highest < texts


@kernel
def whole_key(bucket, low, shift):
    """A key of 32 bits from the number of its bucket, its highest bits from `shift` on, and its lowest 16 bits."""
    return np.uint32(bucket << shift | np.uint64(low))


@kernel
def tally_postings(postings: tuple[Const[u4], Const[u2], Const[u4]], places: Const[i8], shift: int, counts: Array[u4]):
    """Count the postings of a segment in the buckets of another: keys with the same bits from `shift` on.

    A posting is left out if the new place of its row is negative.
    """
    offsets, lows, rows = postings
    buckets, own = np.uint64(len(offsets) - 1), np.uint64(32 - bits_of(len(offsets) - 1))
    for bucket in range(buckets):
        for k in range(offsets[bucket], offsets[bucket + np.uint64(1)]):
            if places[rows[k]] >= 0:
                counts[whole_key(bucket, lows[k], own) >> np.uint32(shift)] += np.uint32(1)


@kernel
def scatter_postings(
    postings: tuple[Const[u4], Const[u2], Const[u4]],
    places: Const[i8],
    shift: int,
    starts: Array[u4],
    new_lows: Array[u2],
    new_rows: Array[u4],
):
    """Put the postings of a segment into another; `starts` is where the next of each bucket goes, and is updated."""
    offsets, lows, rows = postings
    buckets, own = np.uint64(len(offsets) - 1), np.uint64(32 - bits_of(len(offsets) - 1))
    for bucket in range(buckets):
        for k in range(offsets[bucket], offsets[bucket + np.uint64(1)]):
            place = places[rows[k]]
            if place >= 0:
                into = whole_key(bucket, lows[k], own) >> np.uint32(shift)
                at = starts[into]
                new_lows[at], new_rows[at] = lows[k], np.uint32(place)
                starts[into] = at + np.uint32(1)


@kernel
def bits_of(size):
    """The bits of a number below `size`, a power of two."""
    bits = 0
    while 1 << bits < size:
        bits += 1
    return bits


@kernel
def chain(begin: int, stop: int, keys: Const[u4], heads: Array[i4], tails: Array[i4], nexts: Array[i4]):
    """Put the postings `begin` to `stop` at the end of the chains of their buckets: the highest bits of their keys."""
    shift = np.uint32(32 - bits_of(len(heads)))
    for k in range(begin, stop):
        put_last(k, np.uint64(keys[k]) >> np.uint64(shift), heads, tails, nexts)


@kernel
def enough(seen, rules):
    """Whether so many rows of a bucket were looked at, or found, that the rest of it is not."""
    return seen[1] >= rules.bucket_cap or seen[0] >= rules.looked_at + rules.for_each * seen[1]


@kernel
def look_at(row, query, sketches, rules, seen, room, used):
    """Look at a row that shares a key with a query, which has met it before or not: write it down if they are similar.

    Args:
        row: Of a layer.
        query: Sketches, and which of them.
        sketches: Of all rows.
        rules: See `Rules`.
        seen: Of this key, how many rows were looked at, and how many were similar.
        room: `met`: for each row 0, or 1 more than whether it is similar; `touched`: those that are not 0; space for
            the rows that are similar, and for the number of bytes in which they agree.
        used: How many of the last two pairs are used.
    """
    (own, i), (met, touched, found, agreements) = query, room
    if met[row] == 0:
        equal = np.int64(0)
        if agreement(own, i, sketches, row, rules.first // BLOCK) >= rules.early:
            equal = agreement(own, i, sketches, row, sketches.shape[1] // BLOCK)
        similar = equal >= rules.least
        met[row] = np.uint8(1) + np.uint8(similar)
        touched[used[0]] = row
        used[0] += 1
        if similar and used[1] < len(found):
            found[used[1]], agreements[used[1]] = row, equal
            used[1] += 1
    seen[0] += 1
    seen[1] += met[row] - 1


@kernel
def search_sorted(
    queries: tuple[Const[u4], Const[i8], ConstTable[u1], Const[i8]],
    table: tuple[Const[u4], Const[u2], Const[u4], Const[flag]],
    checks: tuple[tuple[Const[u8], Const[u8], Array[u1]], int, int, int, int],
    sketches: ConstTable[u1],
    rules: Rules,
    seen: Table[i8],
    room: tuple[Array[u1], Array[u4], Array[u4], Array[i8]],
    most: int,
    ends: Array[i8],
):
    """Rows of a segment that share a key with a query and are similar to it, the oldest of each key first.

    Queries are their keys, where those of each begin, their sketches, and for each the row before which it looks. Of
    each at most `most` are found; those of query i end at `ends[i]`. `seen` and the room are those of `look_at`; `met`
    is zero before and after. All places are looked up before the first bucket is read, so that cache
    misses overlap. A block is compared with its checksum when it is first used, and what a broken one says is passed
    over; returns whether there was none. A damaged file cannot lead outside the arrays.
    """
    (keys, starts, own, stops_at), (offsets, lows, rows, dead) = queries, table
    met, touched, found, agreements = room
    blocks, sketches_at, offsets_at, lows_at, rows_at = checks
    used, last, whole = np.zeros(2, np.int64), np.uint32(len(lows)), True
    shift, width = np.uint64(32 - bits_of(len(offsets) - 1)), sketches.shape[1]
    for i in range(len(own)):
        mine, looks = keys[starts[i] : starts[i + 1]], seen[starts[i] : starts[i + 1]]
        begins, stops, fetched = np.empty(len(mine), np.uint32), np.empty(len(mine), np.uint32), np.uint16(0)
        for k in range(len(mine)):
            bucket = np.uint64(mine[k]) >> shift
            at = offsets_at + 4 * np.int64(bucket)
            if sound(blocks, at, at + 8):
                begins[k], stops[k] = offsets[bucket], min(offsets[bucket + np.uint64(1)], last)
            else:
                begins[k], stops[k], whole = 0, 0, False
        for k in range(len(mine)):
            begin, stop = np.int64(begins[k]), np.int64(stops[k])
            if begin < stop:
                if sound(blocks, lows_at + 2 * begin, lows_at + 2 * stop) and sound(
                    blocks, rows_at + 4 * begin, rows_at + 4 * stop
                ):
                    fetched ^= lows[begins[k]]
                else:
                    stops[k], whole = begins[k], False
        touched[0] = fetched  # overwritten later: only the loading into the cache matters
        here, used[0] = found[: used[1] + most], 0
        for k in range(len(mine)):
            low = np.uint16(mine[k])
            for at in range(begins[k], stops[k]):
                if lows[at] == low:
                    row = np.int64(rows[at])
                    if enough(looks[k], rules):
                        break
                    if row < stops_at[i] and (len(dead) == 0 or not dead[row]):
                        if sound(blocks, sketches_at + row * width, sketches_at + (row + 1) * width):
                            look_at(row, (own, i), sketches, rules, looks[k], (met, touched, here, agreements), used)
                        else:
                            whole = False
        for k in range(used[0]):
            met[touched[k]] = 0
        ends[i] = used[1]
    return whole


@kernel
def search_chained(
    queries: tuple[Const[u4], Const[i8], ConstTable[u1], Const[i8]],
    table: tuple[Const[i4], Const[i4], Const[u4], Const[u4], Const[flag]],
    sketches: ConstTable[u1],
    rules: Rules,
    seen: Table[i8],
    room: tuple[Array[u1], Array[u4], Array[u4], Array[i8]],
    most: int,
    ends: Array[i8],
):
    """`search_sorted` for postings in memory, chained in the order in which they came."""
    (keys, starts, own, stops_at), (heads, nexts, chained, rows, dead) = queries, table
    met, touched, found, agreements = room
    used, shift = np.zeros(2, np.int64), np.uint64(32 - bits_of(len(heads)))
    for i in range(len(own)):
        here, used[0] = found[: used[1] + most], 0
        for k in range(starts[i], starts[i + 1]):
            at = heads[np.uint64(keys[k]) >> shift]
            while at >= 0 and not enough(seen[k], rules):
                row = np.int64(rows[at])
                if chained[at] == keys[k] and row < stops_at[i] and not dead[row]:
                    look_at(row, (own, i), sketches, rules, seen[k], (met, touched, here, agreements), used)
                at = nexts[at]
        for k in range(used[0]):
            met[touched[k]] = 0
        ends[i] = used[1]


@kernel
def look_alike(left: Const[u1], right: ConstTable[u1], counts: Array[i8]):
    """In how many bytes one sketch agrees with each of others."""
    for i in range(len(right)):
        equal = np.int64(0)
        for k in range(len(left)):
            equal += np.int64(left[k] == right[i, k])
        counts[i] = equal


@kernel
def note_cells(cells: Const[u4], keys: Const[u8], bits: int, noted: Table[u4]):
    """The cell of each shingle in a table of `2**bits`, and what it holds."""
    shift = np.uint64(64 - bits)
    for k in range(len(keys)):
        noted[k, 0] = np.uint32(keys[k] >> shift)
    for k in range(len(keys)):
        noted[k, 1] = cells[noted[k, 0]]


@kernel
def bump(cells: Array[u4], keys: Const[u8], bits: int, step: int):
    """Count shingles up or down, within 32 bits."""
    shift = np.uint64(64 - bits)
    for k in range(len(keys)):
        cell = keys[k] >> shift
        held = cells[cell]
        if step > 0:
            cells[cell] = held + np.uint32(held != NONE)
        else:
            cells[cell] = held - np.uint32(held != 0)


@kernel
def read_cells(cells: Const[u4], keys: Const[u8], bits: int, found: Array[u4]):
    """The count of every shingle."""
    shift = np.uint64(64 - bits)
    for k in range(len(keys)):
        found[k] = cells[keys[k] >> shift]


# --- templates ----------------------------------------------------------------------------------------------------


@kernel
def grams(
    codes: Const[u4],
    begins: Const[i8],
    ends: Const[i8],
    width: int,
    keys: Array[u8],
    starts: Array[i8],
    stops: Array[i8],
    pieces: Array[i8],
):
    """Hash the run of at least `width` units at every character of some pieces; returns how many there are."""
    found, wide = np.uint64(0), np.uint32(width)
    for piece in range(len(begins)):
        stop, total, units, power = np.uint64(begins[piece]), np.uint64(0), np.uint32(0), np.uint64(1)
        for start in range(np.uint64(begins[piece]), np.uint64(ends[piece])):
            while stop < np.uint64(ends[piece]) and units < wide:
                total += scramble(codes[stop]) * power
                power *= BASE
                units += codes[stop] >> UNIT_SHIFT
                stop += np.uint64(1)
            if units < wide:
                break
            keys[found], starts[found], stops[found], pieces[found] = mix(total), start, stop, piece
            found += np.uint64(1)
            total = (total - scramble(codes[start])) * BASE_INVERSE
            power *= BASE_INVERSE
            units -= codes[start] >> UNIT_SHIFT
    return np.int64(found)


# --- shared passages ----------------------------------------------------------------------------------------------


@kernel
def seeds(
    left: Const[i8],
    left_order: Const[i8],
    right: Const[i8],
    right_order: Const[i8],
    most: int,
    lefts: Array[i8],
    rights: Array[i8],
):
    """Places in two sequences that hold the same number; returns how many, written or not.

    All pairs of places of a number, or only the k-th with the k-th if there are more than `most`. The orders are a
    stable sort of the sequences.
    """
    found, room, i, j = 0, len(lefts), 0, 0
    while i < len(left) and j < len(right):
        a, b = left[left_order[i]], right[right_order[j]]
        if a != b:
            i, j = i + (a < b), j + (b < a)
            continue
        p, q = i, j
        while p < len(left) and left[left_order[p]] == a:
            p += 1
        while q < len(right) and right[right_order[q]] == a:
            q += 1
        every = (p - i) * (q - j) <= most
        for k in range(i, p if every else min(p, i + q - j)):
            for m in range(j if every else j + k - i, q if every else j + k - i + 1):
                if found < room:
                    lefts[found], rights[found] = left_order[k], right_order[m]
                found += 1
        i, j = p, q
    return found


@kernel
def stretch(
    left: Const[i8],
    right: Const[i8],
    left_at: Const[i8],
    right_at: Const[i8],
    lefts: Const[i8],
    rights: Const[i8],
    starts: Table[i8],
    lengths: Array[i8],
):
    """Extend seeds, sorted by diagonal and place, both ways as far as the sequences agree; returns how many runs.

    Elements must also have equal distances: the same characters may be cut into words differently.
    """
    found, last = 0, 0
    for k in range(len(lefts)):
        i, j = lefts[k], rights[k]
        if found and last - starts[found - 1, 1] == i - j and i < last + lengths[found - 1]:
            continue
        apart = left_at[i] - right_at[j]
        end, ahead = 1, min(len(left) - i, len(right) - j)
        while end < ahead and left[i + end] == right[j + end] and left_at[i + end] - right_at[j + end] == apart:
            end += 1
        begin, behind = 1, min(i, j)
        while (
            begin <= behind
            and left[i - begin] == right[j - begin]
            and left_at[i - begin] - right_at[j - begin] == apart
        ):
            begin += 1
        begin -= 1
        starts[found, 0], starts[found, 1], lengths[found] = i - begin, j - begin, begin + end
        last = i - begin
        found += 1
    return found


# --- clusters -----------------------------------------------------------------------------------------------------


@kernel
def root(parents, i):
    """The cluster that `i` is in now; halves the path on the way."""
    while parents[i] != i:
        parents[i] = parents[parents[i]]
        i = parents[i]
    return i


@kernel
def components(lefts: Const[i8], rights: Const[i8], articles: int):
    """Connected components: the cluster of each article, named by its first member."""
    parents = np.arange(articles)
    for e in range(len(lefts)):
        a, b = root(parents, lefts[e]), root(parents, rights[e])
        parents[max(a, b)] = min(a, b)
    for i in range(articles):
        parents[i] = root(parents, i)
    return parents


@kernel
def thread_edges(lefts, rights, heads, tails, nexts, ends):
    """String the edges into a linked list a node: edge e is the entries 2e (at its left) and 2e + 1 (at its right)."""
    for e in range(len(lefts)):
        for side in range(2):
            entry = 2 * e + side
            node = lefts[e] if side == 0 else rights[e]
            ends[entry] = rights[e] if side == 0 else lefts[e]
            put_last(entry, node, heads, tails, nexts)


@kernel
def gather(c, parents, heads, tails, nexts, ends, sums, first_entry):
    """Join the entries of cluster `c` that lead to the same cluster, and drop those inside it."""
    entry, kept = heads[c], -1
    while entry >= 0:
        after = nexts[entry]
        other = root(parents, ends[entry])
        if other != c:
            if first_entry[other] >= 0:
                sums[first_entry[other]] += sums[entry]
            else:
                first_entry[other], ends[entry] = entry, other
                if kept < 0:
                    heads[c] = entry
                else:
                    nexts[kept] = entry
                kept = entry
        entry = after
    if kept < 0:
        heads[c], tails[c] = -1, -1
    else:
        nexts[kept], tails[c] = -1, kept
    entry = heads[c]
    while entry >= 0:
        first_entry[ends[entry]] = -1
        entry = nexts[entry]


@kernel
def lower_bound(ascending, begin, end, value):
    """The first place from `begin` and before `end` that holds `value` or more."""
    while begin < end:
        middle = (begin + end) // 2
        if ascending[middle] < value:
            begin = middle + 1
        else:
            end = middle
    return begin


@kernel
def members_in(ascending, begin, end, first, last):
    """How many members in these places are from `first` to `last`: mostly all of them, or none."""
    if ascending[begin] > last or ascending[end - 1] < first:
        return 0
    if ascending[begin] >= first and ascending[end - 1] <= last:
        return end - begin
    return lower_bound(ascending, begin, end, last + 1) - lower_bound(ascending, begin, end, first)


@kernel
def comparable(a, b, members, sizes, reach):
    """How many pairs of one member of either cluster may be compared; see `Reach`."""
    listed, begins = members
    numbers, by_source = listed[0], listed[-1]  # the same where sources do not count
    small, large = (a, b) if sizes[a] < sizes[b] else (b, a)
    pairs, begin, end = 0, begins[large], begins[large] + sizes[large]
    for k in range(begins[small], begins[small] + sizes[small]):
        i = numbers[k]
        first, last = np.int64(reach.earliest[i]), np.int64(reach.latest[i])
        pairs += members_in(numbers, begin, end, first, last)
        if len(reach.sources) > 0 and reach.sources[i] >= 0:
            source = reach.sources[i] << 32
            pairs -= members_in(by_source, begin, end, source | first, source | last)
    return pairs


@kernel
def pairs_of(entry, c, other, counted, members, sizes, reach):
    """`comparable` of a cluster and the other end of its entry, counted anew only if either has grown since.

    `counted` is for each entry the number of pairs, and of the members of both clusters by which it was counted.
    """
    if len(reach.earliest) == 0:
        return sizes[c] * sizes[other]
    if counted[entry, 1] != sizes[c] + sizes[other]:
        counted[entry, 0] = comparable(c, other, members, sizes, reach)
        counted[entry, 1] = sizes[c] + sizes[other]
    return counted[entry, 0]


@kernel
def add_pairs(c, joining, parents, heads, nexts, ends, counted, members, sizes, reach):
    """Add the pairs of a cluster that is about to join `c` to what has been counted: cheap where it is a small one."""
    entry = heads[c]
    while entry >= 0:
        other = root(parents, ends[entry])
        if other != joining and counted[entry, 1] == sizes[c] + sizes[other]:
            counted[entry, 0] += comparable(joining, other, members, sizes, reach)
            counted[entry, 1] += sizes[joining]
        entry = nexts[entry]


@kernel
def pack_members(parents, members, sizes):
    """Move the members of all clusters to the front; returns where they end."""
    listed, begins = members
    old, free = np.empty(listed.shape, np.int64), 0
    for row in range(len(listed)):
        copy(listed[row], listed.shape[1], old[row])
    for c in range(len(parents)):
        if parents[c] == c:
            for row in range(len(listed)):
                copy(old[row, begins[c] :], sizes[c], listed[row, free:])
            begins[c] = free
            free += sizes[c]
    return free


@kernel
def merge_members(a, b, parents, members, sizes, free):
    """Write the members of two clusters, ascending, from `free` on, or where there is room; returns where they end."""
    listed, begins = members
    if free + sizes[a] + sizes[b] > listed.shape[1]:
        free = pack_members(parents, members, sizes)
    for row in range(len(listed)):
        i, j, end_i, end_j = begins[a], begins[b], begins[a] + sizes[a], begins[b] + sizes[b]
        for k in range(free, free + sizes[a] + sizes[b]):
            if j == end_j or (i < end_i and listed[row, i] < listed[row, j]):
                listed[row, k] = listed[row, i]
                i += 1
            else:
                listed[row, k] = listed[row, j]
                j += 1
    return free + sizes[a] + sizes[b]


@kernel
def list_members(reach):
    """Every article as a cluster: its members by number and, where sources count, by source << 32 | number; begins."""
    articles = len(reach.earliest)
    listed = np.empty((2 if len(reach.sources) > 0 else 1, 3 * articles), np.int64)
    for i in range(articles):
        listed[0, i] = i
        if len(listed) > 1:
            listed[1, i] = reach.sources[i] << 32 | i
    return listed, np.arange(articles)


@kernel
def nearest(c, before, heads, nexts, ends, sums, sizes, counted, members, reach):
    """The cluster with the highest mean similarity to `c`; among equals `before`, then the first by number."""
    best, best_mean = -1, -1.0
    entry = heads[c]
    while entry >= 0:
        other = ends[entry]
        mean = sums[entry] / np.float64(pairs_of(entry, c, other, counted, members, sizes, reach))
        if mean > best_mean or (mean == best_mean and best != before and (other == before or other < best)):
            best, best_mean = other, mean
        entry = nexts[entry]
    return best, best_mean


@kernel
def join(a, b, parents, sizes, heads, tails, nexts):
    """Put the smaller cluster into the larger one, its entries after the other's; returns the larger."""
    small, large = (a, b) if sizes[a] < sizes[b] else (b, a)
    parents[small] = large
    sizes[large] += sizes[small]
    nexts[tails[large]] = heads[small]
    tails[large] = tails[small]
    return large


@kernel
def link(lefts: Const[i8], rights: Const[i8], similarities: Const[i8], articles: int, cut: float, reach: Reach):
    """Average linkage over sparse edges, a pair in reach without an edge counting as 0, cut at a mean of `cut`.

    Similarities and the cut are integers (fixed point), so that a mean is the same from either side. Returns the
    cluster of each article, named by one of its members. See `dedup.stages.clusters.link` for the method.
    """
    edges, bounded = len(lefts), len(reach.earliest) > 0
    members, free, counted = list_members(reach), articles, np.zeros((2 * edges if bounded else 0, 2), np.int64)
    heads, tails = np.full(articles, -1, np.int64), np.full(articles, -1, np.int64)
    nexts, ends = np.empty(2 * edges, np.int64), np.empty(2 * edges, np.int64)
    sums = np.empty(2 * edges, np.int64)
    for entry in range(2 * edges):
        sums[entry] = similarities[entry // 2]
    thread_edges(lefts, rights, heads, tails, nexts, ends)
    parents, sizes = np.arange(articles), np.ones(articles, np.int64)
    first_entry = np.full(articles, -1, np.int64)
    chain = np.empty(articles, np.int64)
    for seed in range(articles):
        depth = 0
        if parents[seed] == seed:
            chain[0], depth = seed, 1
        while depth:
            c = chain[depth - 1]
            before = chain[depth - 2] if depth > 1 else -1
            gather(c, parents, heads, tails, nexts, ends, sums, first_entry)
            best, mean = nearest(c, before, heads, nexts, ends, sums, sizes, counted, members, reach)
            if best < 0 or mean < cut:
                depth -= 1
            elif best != before:
                chain[depth] = best
                depth += 1
            else:
                if bounded:
                    add_pairs(c, before, parents, heads, nexts, ends, counted, members, sizes, reach)
                    add_pairs(before, c, parents, heads, nexts, ends, counted, members, sizes, reach)
                    free = merge_members(c, before, parents, members, sizes, free)
                joined = join(c, before, parents, sizes, heads, tails, nexts)
                if bounded:
                    members[1][joined] = free - sizes[joined]
                depth -= 2
                if depth == 0:
                    chain[0], depth = joined, 1
    for i in range(articles):
        parents[i] = root(parents, i)
    return parents


# --- frames -------------------------------------------------------------------------------------------------------


@kernel
def windows(keys, count, hashed):
    """Hash every run of `WINDOW` shingles, by all but their surprisal, into `hashed`; returns how many there are.

    The hash is a sum of products modulo 2**64 that is moved along by dropping a term and adding one, then mixed. The
    difference of these two does not wait for the sum before.
    """
    oldest, total, wide, all_of = np.uint64(1), np.uint64(0), np.uint64(WINDOW), np.uint64(count)
    for _ in range(WINDOW):
        oldest *= BASE
    for k in range(min(wide, all_of)):
        total = total * BASE + (keys[k] >> np.uint64(8))
    if all_of < wide:
        return np.int64(0)
    hashed[0], found = total, np.uint64(1)
    for k in range(wide, all_of):
        total = total * BASE + ((keys[k] >> np.uint64(8)) - (keys[k - wide] >> np.uint64(8)) * oldest)
        hashed[found] = total
        found += np.uint64(1)
    for k in range(found):
        hashed[k] = mix(hashed[k])
    return np.int64(found)


@kernel
def sample(hashed, count, mask, taken, places):
    """Those hashes, and their places, whose bits above the surprisal are 0 under the mask; returns how many.

    Each is written, and only then kept or not: to foresee which are taken is impossible.
    """
    found = np.uint64(0)
    for k in range(np.uint64(count)):
        taken[found], places[found] = hashed[k], k
        found += np.uint64(hashed[k] >> np.uint64(8) & mask == 0)
    return np.int64(found)


@kernel
def sample_texts(
    keys: Const[u8], offsets: Const[i8], windowed: bool, mask: u8, taken: Array[u8], places: Array[i4], found: Array[i8]
):
    """Sampled shingles of texts, or windows, one text after the other; `found` is how many of each. Returns how many.

    A shingle is taken as often as it occurs.
    """
    most, used = np.int64(0), np.int64(0)
    for i in range(len(found)):
        most = max(most, offsets[i + 1] - offsets[i])
    hashed = np.empty(most if windowed else 0, np.uint64)
    for i in range(len(found)):
        mine = keys[offsets[i] : offsets[i + 1]]
        if windowed:
            mine = hashed[: windows(mine, len(mine), hashed)]
        found[i] = sample(mine, len(mine), mask, taken[used:], places[used:])
        used += found[i]
    return used


@kernel
def put_runs(
    keys: Const[u8],
    places: Const[i4],
    counts: Const[i8],
    targets: Const[i8],
    all_keys: Array[u8],
    all_places: Array[i4],
):
    """Copy what was sampled of texts, one after the other, to where each of them begins."""
    at = np.int64(0)
    for i in range(len(counts)):
        for k in range(targets[i], targets[i] + counts[i]):
            all_keys[k], all_places[k] = keys[at], places[at]
            at += 1


@kernel
def mix_all(values: Const[u8]):
    """Scramble 64 bits each."""
    mixed = np.empty_like(values)
    for k in range(len(values)):
        mixed[k] = mix(values[k])
    return mixed


@kernel
def count_cells(keys: Const[u8], cells: Array[u4], most: int):
    """Count keys in a power of two of cells, up to `most`."""
    last = np.uint64(len(cells) - 1)
    for k in range(len(keys)):
        at = keys[k] >> np.uint64(24) & last
        if cells[at] < most:
            cells[at] += 1


@kernel
def count_few(keys: Const[u8], cells: Array[u1], most: int):
    """`count_cells` up to 255 at most, in an eighth of the room."""
    count_cells(keys, cells, most)


@kernel
def read_counts(keys: Const[u8], cells: Const[u1], counts: Array[u1]):
    """The count of the cell of each key."""
    last = np.uint64(len(cells) - 1)
    for k in range(len(keys)):
        counts[k] = cells[keys[k] >> np.uint64(24) & last]


@kernel
def count_holders(
    keys: Const[u8],
    starts: Const[i8],
    cells: Const[u1],
    least: int,
    table: Array[u8],
    held: Array[i8],
    found: tuple[Array[i8], Array[i8]],
):
    """Put the keys of cells that were counted `least` times into an empty table, with how many texts hold each.

    Those of text i are `keys[starts[i]:starts[i + 1]]`. `found` is where they occur: which key, and its slot. Returns
    how often they occur, or -1 if the table is too full.
    """
    latest, last, used, kept = np.empty(len(table), np.int64), np.uint64(len(cells) - 1), np.int64(0), np.int64(0)
    entries, slots = found
    for i in range(len(starts) - 1):
        for k in range(starts[i], starts[i + 1]):
            if cells[keys[k] >> np.uint64(24) & last] >= least:
                at = place(table, keys[k])
                if table[at] == 0:
                    if 4 * kept >= 3 * len(table):
                        return np.int64(-1)
                    table[at], latest[at] = max(keys[k], np.uint64(1)), -1
                    kept += 1
                if latest[at] != i:
                    latest[at] = i
                    held[at] += 1
                entries[used], slots[used] = k, at
                used += 1
    return used


@kernel
def list_holders(
    places: Const[i4],
    starts: Const[i8],
    found: tuple[Const[i8], Const[i8]],
    number: Const[i8],
    ends: Array[i8],
    holders: Array[i8],
    listed: tuple[Array[i8], Array[i8], Array[i4]],
):
    """For keys with a number in the slots of their table: their places by text, and the texts that hold each.

    The holders of key n are `holders[begin:ends[n]]`, ascending; on entry, `ends` is where they begin. Text i has
    `numbers[text_starts[i]:text_starts[i + 1]]`, ascending by place; the places are in `spots`.
    """
    (entries, slots), (text_starts, numbers, spots) = found, listed
    at, used, begins = np.int64(0), np.int64(0), ends.copy()
    for i in range(len(starts) - 1):
        while at < len(entries) and entries[at] < starts[i + 1]:
            n = number[slots[at]]
            if n >= 0:
                numbers[used], spots[used] = n, places[entries[at]]
                used += 1
                if ends[n] == begins[n] or holders[ends[n] - 1] != i:
                    holders[ends[n]] = i
                    ends[n] += 1
            at += 1
        text_starts[i + 1] = used


@kernel
def spans(places: Const[i8], count: int, length: int, bridge: int, begins: Array[i8], ends: Array[i8]):
    """Where windows that begin at ascending `places` cover a text of shingles; gaps of up to `bridge` are covered."""
    found = np.int64(0)
    for k in range(count):
        end = min(places[k] + WINDOW, length)
        if found and places[k] - ends[found - 1] <= bridge:
            ends[found - 1] = end
        else:
            begins[found], ends[found] = places[k], end
            found += 1
    return found


@kernel
def framed(
    keys: Const[u8],
    count: int,
    marked: Windows,
    hashed: Array[u8],
    places: Array[i8],
    begins: Array[i8],
    ends: Array[i8],
):
    """The spans of a text's shingles that stand in frames; returns how many there are."""
    table, mask, bridge = marked
    found, last = np.int64(0), windows(keys, count, hashed)
    for k in range(last):
        if hashed[k] >> np.uint64(8) & mask == 0 and table[place(table, hashed[k])] != 0:
            places[found] = k
            found += 1
    return spans(places, found, np.int64(count), bridge, begins, ends)


@kernel
def unframed(keys, count, begins, ends, found):
    """Leave out the shingles of spans, in place; returns how many are left."""
    left, at = np.int64(0), np.int64(0)
    for k in range(found + 1):
        until = min(begins[k], count) if k < found else np.int64(count)
        for j in range(at, until):
            keys[left] = keys[j]
            left += 1
        if k < found:
            at = ends[k]
    return left


@kernel
def own_blocks(begins: Const[i8], ends: Const[i8], found: int, length: int, least: int):
    """The share of a text that stands outside spans, and in how many blocks it does (inverse Simpson index).

    Gaps of up to `least` do not count: they may be windows that were not sampled.
    """
    total, squares, at = 0.0, 0.0, np.int64(0)
    for k in range(found + 1):
        block = (begins[k] if k < found else length) - at
        if block > least:
            total += block
            squares += np.float64(block) * block
        if k < found:
            at = ends[k]
    return total / length, (total * total / squares if squares > 0 else 0.0)


@kernel
def held_alike(
    groups: ConstTable[i8],
    middles: Const[i8],
    starts: Const[i8],
    holders: Const[i8],
    marks: Array[i8],
    fits: Array[flag],
    sums: Array[u8],
):
    """Whether each window has about the holders of its group's middle window; windows ascend by group in `groups`.

    The holders of window w are `holders[starts[w]:starts[w + 1]]`; `marks` is -1 for all texts. `sums` is a hash of
    each list.
    """
    before, size = np.int64(-1), np.int64(0)
    for k in range(len(fits)):
        window, group = groups[k, 1], groups[k, 0]
        if group != before:
            before, first, stop = group, starts[middles[group]], starts[middles[group] + 1]
            size = stop - first
            for h in range(first, stop):
                marks[holders[h]] = group
        both, total = np.int64(0), np.uint64(0)
        for h in range(starts[window], starts[window + 1]):
            both += marks[holders[h]] == group
            total += mix(np.uint64(holders[h]))
        fits[k], sums[k] = both >= ABOUT * (starts[window + 1] - starts[window] + size - both), total


@kernel
def order_hashes(keys: Const[u8], ends: Array[i8], order: Array[i8]):
    """The order in which hashes ascend: by the place that evenly spread ones would have, then by insertion.

    `ends` is scratch, as long as `keys`.
    """
    ends[:] = 0
    for k in range(len(keys)):
        ends[home(keys[k], len(ends))] += 1
    total = 0
    for k in range(len(keys)):
        ends[k], total = total, total + ends[k]
    for k in range(len(keys)):
        at = home(keys[k], len(ends))
        order[ends[at]] = k
        ends[at] += 1
    for k in range(1, len(keys)):
        one, at = order[k], k
        while at > 0 and keys[order[at - 1]] > keys[one]:
            order[at] = order[at - 1]
            at -= 1
        order[at] = one


@kernel
def weight_of(seen, surprisal, counted, known):
    """The weight of a sampled shingle, see `dedup.stages.weights`; `known` are those of small counts, 0 until asked."""
    _, expected, total, cap = counted
    if seen < len(known) and known[seen, surprisal] != 0:
        return known[seen, surprisal]
    weight = np.log(total / (min(np.float64(seen), cap) + expected[surprisal]))
    if seen < len(known):
        known[seen, surprisal] = weight
    return weight


@kernel
def weigh_sampled(
    starts: Const[i8],
    keys: Array[u8],
    places: Array[i4],
    counted: tuple[Const[u4], Const[f8], float, float],
    singles: tuple[Array[f8], Array[i4], Array[i4], Array[i8], Array[i8], Array[f8]],
):
    """Distinct sampled shingles of every text in ascending order, with weights, where another place holds them, too.

    They take the place of `keys`, from the start of their text on; `times` is how often the text holds each. In
    `places` are left where these stand, ascending, and `ranks` is which of them stands there. `sums` is the total
    weight of a text, each shingle once; `counts` how many are left of each text, and `stand` at how many places.
    `counted` holds cells, what the prior expects, and the number of articles, as in `dedup.stages.weights`.
    """
    weights, times, ranks, counts, stand, sums = singles
    cells, last, most = counted[0], np.uint64(len(counted[0]) - 1), np.int64(0)
    for i in range(len(sums)):
        most = max(most, starts[i + 1] - starts[i])
    ends, order, rank_of = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most, np.int64)
    sorted_keys, known = np.empty(most, np.uint64), np.zeros((KNOWN_COUNTS, 256))
    for i in range(len(sums)):
        begin, count, left = starts[i], starts[i + 1] - starts[i], starts[i] - 1
        order_hashes(keys[begin : begin + count], ends[:count], order)
        for k in range(count):
            sorted_keys[k] = keys[begin + order[k]]
        held = True
        for k in range(count):
            key = sorted_keys[k]
            if k == 0 or key != sorted_keys[k - 1]:
                seen = np.int64(cells[key >> np.uint64(24) & last])
                weight = weight_of(seen, np.int64(key & np.uint64(255)), counted, known)
                sums[i] += weight
                held = seen > 1
                if held:
                    left += 1
                    keys[left], weights[left], times[left] = key, weight, 0
            if held:
                times[left] += 1
            rank_of[order[k]] = left - begin if held else -1
        counts[i], at = left + 1 - begin, begin
        for k in range(count):
            places[at], ranks[at] = places[begin + k], rank_of[k]
            at += rank_of[k] >= 0
        stand[i] = at - begin


@kernel
def outside(
    keys: Const[u8],
    weights: Const[f8],
    gone: Const[flag],
    begin: int,
    end: int,
    kept: Table[u8],
    heavy: Table[f8],
    row: int,
):
    """Shingles of a text that stand anywhere outside spans, with weights: the lowest hashes that fit, into a row.

    Those of the text are `keys[begin:end]`; a weight below 0, or a mark in `gone`, says that it stands inside only.
    Returns how many, the share of all hashes that they come from, and the weight of those inside. Which are inside
    cannot be foreseen, so there is no branch on it.
    """
    left, lost, at, of = np.uint64(0), 0.0, np.uint64(begin), np.uint64(0)
    last, room, row = np.uint64(end), np.uint64(kept.shape[1]), np.uint64(row)
    while at < last and left < room:
        weight, inside = weights[at], gone[of] | (weights[at] < 0)
        kept[row, left], heavy[row, left] = keys[at], weight
        left += np.uint64(not inside)
        lost += abs(weight) if inside else 0.0
        at += np.uint64(1)
        of += np.uint64(1)
    reach = 1.0
    for k in range(last - at):
        if not gone[of + k] and weights[at + k] >= 0:
            reach = np.float64(keys[at + k]) / 2.0**64
            break
    for k in range(last - at):
        inside = gone[of + k] | (weights[at + k] < 0)
        lost += abs(weights[at + k]) if inside else 0.0
    return np.int64(left), reach, lost


@kernel
def number_keys(keys: ConstTable[u8], count: int, tables: Table[u1], row: int):
    """Put the numbers of a row's distinct keys, fewer than 256 and counted from 1, into an open-addressing table."""
    last, row = np.uint64(tables.shape[1] - 1), np.uint64(row)
    for k in range(tables.shape[1]):
        tables[row, np.uint64(k)] = 0
    for k in range(np.uint64(count)):
        at = keys[row, k] >> np.uint64(24) & last
        while tables[row, at] != 0:
            at = (at + np.uint64(1)) & last
        tables[row, at] = k + np.uint64(1)


@kernel
def shared_weight(
    keys: ConstTable[u8],
    weights: ConstTable[f8],
    left: int,
    count: int,
    right: int,
    tables: ConstTable[u1],
    perhaps: Array[u8],
):
    """Weight of what two rows of keys share, in the order of the left one; see `number_keys`.

    First those with a place in the right one's table that is not empty, without a branch; then which of these it has.
    """
    last, both, found = np.uint64(tables.shape[1] - 1), 0.0, np.uint64(0)
    left, right = np.uint64(left), np.uint64(right)
    for k in range(np.uint64(count)):
        perhaps[found] = k
        found += np.uint64(tables[right, keys[left, k] >> np.uint64(24) & last] != 0)
    for k in range(found):
        key = keys[left, perhaps[k]]
        at = key >> np.uint64(24) & last
        while tables[right, at] != 0:
            if keys[right, np.uint64(tables[right, at]) - np.uint64(1)] == key:
                both += weights[left, perhaps[k]]
                break
            at = (at + np.uint64(1)) & last
    return both


@kernel
def places_of(groups, places, group, found):
    """Places in a text of the windows of one group; returns how many."""
    mine = np.int64(0)
    for w in range(len(groups)):
        found[mine] = places[w]
        mine += groups[w] == group
    return mine


@kernel
def unite(
    begins: Const[i4],
    ends: Const[i4],
    count: int,
    more_begins: Const[i8],
    more_ends: Const[i8],
    more: int,
    bridge: int,
    united: Table[i8],
):
    """The spans of two lists as one, without gaps of up to `bridge`; returns how many there are."""
    found, i, j = np.int64(0), np.int64(0), np.int64(0)
    while i < count or j < more:
        if j == more or (i < count and begins[i] <= more_begins[j]):
            begin, end = begins[i], ends[i]
            i += 1
        else:
            begin, end = more_begins[j], more_ends[j]
            j += 1
        if found and begin - united[1, found - 1] <= bridge:
            united[1, found - 1] = max(united[1, found - 1], end)
        else:
            united[0, found], united[1, found] = begin, end
            found += 1
    return found


@kernel
def gained(begins: Const[i4], ends: Const[i4], count: int, united: ConstTable[i8], found: int, pieces: Table[i8]):
    """What `united` spans have more than those in them; returns how many pieces there are."""
    several, i = np.int64(0), np.int64(0)
    for k in range(found):
        at = united[0, k]
        while i < count and begins[i] < united[1, k]:
            if begins[i] > at:
                pieces[0, several], pieces[1, several] = at, begins[i]
                several += 1
            at = ends[i]
            i += 1
        if at < united[1, k]:
            pieces[0, several], pieces[1, several] = at, united[1, k]
            several += 1
    return several


@kernel
def standing(pieces, several, places, ranks, where, found):
    """The ranks of the sampled shingles of a text that stand in some pieces of it; returns how many.

    They stand about evenly in a text, so they are looked for where they would be then.
    """
    (first, count, length), inside = where, np.int64(0)
    for k in range(several):
        at = first + count * pieces[0, k] // length
        while at > first and places[at - 1] >= pieces[0, k]:
            at -= 1
        while at < first + count and places[at] < pieces[0, k]:
            at += 1
        while at < first + count and places[at] < pieces[1, k]:
            found[inside] = ranks[at]
            inside += 1
            at += 1
    return inside


@kernel
def rooms_for(windows, singles):
    """Scratch for the spans of a text, pieces of it, and ranks and marks of its sampled shingles."""
    most, stand = np.int64(0), highest(singles[7], np.int64(0), len(singles[7]))
    for i in range(len(windows[0]) - 1):
        most = max(most, windows[0][i + 1] - windows[0][i])
    lists = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most, np.int64)
    return lists, np.empty((2, most), np.int64), np.empty((2, 2 * most), np.int64), np.empty(stand, np.int64)


@kernel
def mark(touched, count, times, begin, taken, gone):
    """Mark the ranks of a text that are touched as often as they occur in it, those of `times[begin:]`."""
    for rank in touched[:count]:
        taken[rank] += 1
        gone[rank] = taken[rank] == times[begin + rank]


@kernel
def unmark(touched, count, taken, gone):
    """Take the marks back: to clear all would cost as much as to read the text's shingles."""
    for rank in touched[:count]:
        taken[rank], gone[rank] = 0, False


@kernel
def settle(
    texts: tuple[int, int],
    fresh: Const[flag],
    windows: tuple[Const[i8], Const[i4], Const[i4]],
    settled: tuple[Table[i4], Table[i4], Table[i8]],
    singles: tuple[Const[i8], Const[u8], Const[i4], Array[f8], Array[i4], Const[i4], Const[i8], Const[i8], Const[f8]],
    lengths: Const[i8],
    gaps: tuple[int, int],
):
    """Leave out of some texts what has become furniture: unite its spans with those before, by each of the gaps.

    `fresh` says which groups have become furniture. Shingles that now stand inside spans only get a weight below 0;
    `times` is how often each stands outside.
    """
    (window_starts, window_groups, window_places), (begins, ends, counts) = windows, settled
    single_starts, _, single_places, weights, times, ranks, _, stand, _ = singles
    (spots, new_begins, new_ends), united, pieces, touched = rooms_for(windows, singles)
    for text in range(texts[0], texts[1]):
        low, high, count = window_starts[text], window_starts[text + 1], np.int64(0)
        for w in range(low, high):
            spots[count] = window_places[w]
            count += fresh[window_groups[w]]
        some = spans(spots, count, lengths[text], gaps[1], new_begins, new_ends)
        for way in range(len(begins) if count else 0):
            mine = begins[way, low:high], ends[way, low:high]
            found = unite(mine[0], mine[1], counts[way, text], new_begins, new_ends, some, gaps[way], united)
            if way == 0:
                several, at = gained(mine[0], mine[1], counts[way, text], united, found, pieces), single_starts[text]
                where = at, stand[text], lengths[text]
                for rank in touched[: standing(pieces, several, single_places, ranks, where, touched)]:
                    times[at + rank] -= 1
                    if times[at + rank] == 0:
                        weights[at + rank] = -weights[at + rank]
            for k in range(found):
                mine[0][k], mine[1][k] = united[0, k], united[1, k]
            counts[way, text] = found


@kernel
def spread_of(group, text, windows, settled, length, gaps, rooms):
    """How a text stands without the windows of a group and what is settled, which are spans in `united`.

    Returns how many windows of the group it has, into how many blocks these split it, the share that is its own, and
    how many pieces the group takes away.
    """
    (spots, begins, ends), united, pieces, _ = rooms
    starts, groups, places = windows
    low, high, least, found = starts[text], starts[text + 1], gaps[1], np.int64(0)
    mine = places_of(groups[low:high], places[low:high], group, spots)
    some = spans(spots, mine, length, least, begins, ends)
    blocks, own = own_blocks(begins, ends, some, length, least)[1], 0.0
    for way in range(len(settled[0]) - 1, -1, -1):
        before, after, count = settled[0][way, low:high], settled[1][way, low:high], settled[2][way, text]
        found = unite(before, after, count, begins, ends, some, gaps[way], united)
        if way == len(settled[0]) - 1:
            own = own_blocks(united[0], united[1], found, length, least)[0]
        if way == 0:
            found = gained(before, after, count, united, found, pieces)
    return mine, blocks, own, found


@kernel
def judge_frames(
    groups: Const[i8],
    held: tuple[Const[i8], Const[i8], Const[i8]],
    windows: tuple[Const[i8], Const[i4], Const[i4]],
    settled: tuple[ConstTable[i4], ConstTable[i4], ConstTable[i8]],
    singles: tuple[Const[i8], Const[u8], Const[i4], Const[f8], Const[i4], Const[i4], Const[i8], Const[i8], Const[f8]],
    lengths: Const[i8],
    bounds: tuple[tuple[int, int], float],
    told: tuple[Array[f8], Array[f8], Array[f8], Array[f8]],
):
    """For some groups of windows: how similar their holders are elsewhere, and how the holders' own text is spread.

    The group's windows and what is settled are left out; `sizes` is how many windows a group has. Writes four medians
    to `told`: `alike`, the similarity of each text to the next two; `own`, the share of a text that is its own;
    `blocks`, the number of blocks into which the group's windows split the rest; and `whole`, the share of the group's
    windows that a text has. Once more than half of the pairs are `most_alike` or more, and so their median is, `alike`
    is 1 and nothing else is told.
    """
    (holder_starts, holders, sizes), (gaps, most_alike), (alike, own, blocks, whole) = held, bounds, told
    single_starts, single_keys, single_places, weights, times, ranks, counts, stand, sums = singles
    rooms = _, _, pieces, touched = rooms_for(windows, singles)
    room = highest(counts, np.int64(0), len(counts))
    taken, gone = np.zeros(room, np.int32), np.zeros(room, np.bool_)
    kept, heavy = np.empty((HOLDERS, COMPARED), np.uint64), np.empty((HOLDERS, COMPARED))
    tables, perhaps = np.empty((HOLDERS, SLOTS), np.uint8), np.empty(COMPARED, np.uint64)
    count, reach, totals = np.empty(HOLDERS, np.int64), np.empty(HOLDERS), np.empty(HOLDERS)
    shares, numbers, parts, similar = np.empty(HOLDERS), np.empty(HOLDERS), np.empty(HOLDERS), np.empty(2 * HOLDERS)
    for group in groups:
        first, several, pairs, high = holder_starts[group], holder_starts[group + 1] - holder_starts[group], 0, 0
        looked_at = min(several, HOLDERS)
        for k in range(looked_at + 2):
            if k < looked_at:
                text = holders[first + k * several // looked_at]
                at, where = single_starts[text], (single_starts[text], stand[text], lengths[text])
                beside = spread_of(group, text, windows, settled, lengths[text], gaps, rooms)
                mine, numbers[k], shares[k], found = beside
                parts[k] = mine / sizes[group]
                inside = standing(pieces, found, single_places, ranks, where, touched)
                mark(touched, inside, times, at, taken, gone)
                end = at + counts[text]
                count[k], reach[k], lost = outside(single_keys, weights, gone, at, end, kept, heavy, k)
                unmark(touched, inside, taken, gone)
                totals[k] = sums[text] - lost
                number_keys(kept, count[k], tables, k)
            for left in range(max(k - 2, 0), min(k, looked_at)):
                right = k % looked_at
                both = shared_weight(kept, heavy, left, count[left], right, tables, perhaps)
                both /= min(reach[left], reach[right])
                united = totals[left] + totals[right] - both
                similar[pairs] = both / united if united > 0 else 0.0
                high += similar[pairs] >= most_alike
                pairs += 1
            if high > looked_at:
                break
        if high > looked_at:
            alike[group] = 1.0
        else:
            alike[group], whole[group] = median(similar, pairs), median(parts, looked_at)
            own[group], blocks[group] = median(shares, looked_at), median(numbers, looked_at)


# --- campaigns ----------------------------------------------------------------------------------------------------


@kernel
def dots(
    starts: Const[i8],
    features: Const[i8],
    weights: Const[f8],
    families: Const[i8],
    lefts: Const[i8],
    rights: Const[i8],
    products: Array[f8],
):
    """Dot products of pairs of sparse rows with ascending features; no family may give more than half of a product."""
    sums = np.zeros(highest(families, np.int64(0), len(families)) + 1 if len(families) else 0)
    seen = np.empty(len(features), np.int64)
    for p in range(len(lefts)):
        i, j, count = starts[lefts[p]], starts[rights[p]], 0
        last, end, total, largest = starts[lefts[p] + 1], starts[rights[p] + 1], 0.0, 0.0
        while i < last and j < end:
            if features[i] == features[j]:
                total += weights[i] * weights[j]
                if len(families):
                    family = families[features[i]]
                    sums[family] += weights[i] * weights[j]
                    largest = max(largest, sums[family])
                    seen[count] = family
                    count += 1
                i += 1
                j += 1
            elif features[i] < features[j]:
                i += 1
            else:
                j += 1
        for k in range(count):
            sums[seen[k]] = 0.0
        products[p] = min(total, 2 * (total - largest)) if len(families) else total


# --- containment --------------------------------------------------------------------------------------------------


@kernel
def find_keys(keys: Const[u4], table: Const[u4], begins: Const[i8], shift: int, places: Array[i8]):
    """The place of each key in an ascending table, -1 where it is not there; `begins` is by the highest bits."""
    for k in range(len(keys)):
        key = keys[k]
        at, end = begins[key >> np.uint32(shift)], begins[(key >> np.uint32(shift)) + np.uint32(1)]
        while at < end and table[at] < key:
            at += 1
        places[k] = at if at < end and table[at] == key else -1


@kernel
def share_runs(
    places: Const[i8],
    starts: Const[i8],
    postings: tuple[Const[i8], Const[i4]],
    least: Const[i8],
    room: tuple[Array[i4], Array[i4]],
    pairs: Array[u8],
):
    """Texts that share enough runs with each of some others, as other << 32 | text; returns how many, written or not.

    `places` are those of the others' runs among the lists of `postings`, -1 for none; `least` is how many of its runs
    each text must share. The room has a count for each text, all 0, and as many places for those that were counted.
    """
    (begins, texts), (counts, touched), found = postings, room, np.int64(0)
    for i in range(len(starts) - 1):
        several = 0
        for k in range(starts[i], starts[i + 1]):
            if places[k] < 0:
                continue
            for m in range(begins[places[k]], begins[places[k] + 1]):
                if counts[texts[m]] == 0:
                    touched[several] = texts[m]
                    several += 1
                counts[texts[m]] += 1
        for k in range(several):
            if counts[touched[k]] >= least[touched[k]]:
                if found < len(pairs):
                    pairs[found] = np.uint64(i) << np.uint64(32) | np.uint64(touched[k])
                found += 1
            counts[touched[k]] = 0
    return found


@kernel
def contain(
    sets: tuple[Const[i8], Const[i8], Const[f8], int],
    numbers: Const[u4],
    weights: Const[f4],
    pairs: ConstTable[i4],
    evidence: float,
    found: Array[f8],
):
    """The share of the weight of each left set that the right one holds, too; pairs are together by right.

    If there are twice as many sets, those of the second half are the same texts with what stands in frames: a shingle
    that the right one has only there counts neither for nor against. A shingle weighs as in the longer of both texts;
    see `by_chance`. A pair that shares less weight than `evidence`, as in short texts, shares nothing.
    """
    starts, stops, less, texts = sets
    before, holder = np.int64(-1), np.full(len(weights), -1)
    for p in range(len(pairs)):
        i, j = np.int64(pairs[p, 0]), np.int64(pairs[p, 1])
        if j != before:
            for one in range(j + len(starts) - texts, j - 1, -max(1, len(starts) - texts)):
                for k in range(starts[one], stops[one]):
                    holder[numbers[k]] = one
            before = j
        much, total, both, plain = max(less[i], less[j]), 0.0, 0.0, 0.0
        for k in range(starts[i], stops[i]):
            there, weight = holder[numbers[k]], np.float64(weights[numbers[k]])
            left = max(weight - much, weight * LEAST_LEFT)
            if there == j:
                both += left
                plain += weight
            if there != j + texts:
                total += left
        found[p] = both / total if total > 0 and plain >= evidence else 0.0


# --- one set of texts against another -----------------------------------------------------------------------------


@kernel
def unmix(x: u8):
    """What `mix` made this of."""
    x = (x ^ (x >> np.uint64(31)) ^ (x >> np.uint64(62))) * np.uint64(0x319642B2D24D8EC3)
    x = (x ^ (x >> np.uint64(27)) ^ (x >> np.uint64(54))) * np.uint64(0x96DE1B173F119089)
    return x ^ (x >> np.uint64(30)) ^ (x >> np.uint64(60))


@kernel
def bit_of(key, bits):
    """Where the bit of a shingle is: the word, and the bit in it."""
    at = key * BASE >> np.uint64(20) & np.uint64(64 * len(bits) - 1)
    return at >> np.uint64(6), at & np.uint64(63)


@kernel
def note_shingles(keys: Const[u8], bits: Array[u8], sampled: Array[u8]):
    """Set a bit for each shingle, and in a smaller room for those that `some_shingles` samples."""
    for k in range(len(keys)):
        word, bit = bit_of(keys[k], bits)
        bits[word] |= np.uint64(1) << bit
        if unmix(keys[k]) & SAMPLED == 0:
            word, bit = bit_of(keys[k], sampled)
            sampled[word] |= np.uint64(1) << bit


@kernel
def some_shingles(codes, width, rolling, keys):
    """Hash shingles as `roll` does, without weights; of all but short texts one in eight. Returns how many."""
    _, after, powers, inverses, terms = rolling
    for k in range(np.uint64(len(codes))):
        terms[k] = scramble(codes[k]) * powers[k]
    count = close(codes, np.uint32(width), terms, after, keys, keys[:0])
    sampled, kept = SAMPLED if count >= MANY else np.uint64(0), np.uint64(0)
    for k in range(count):
        key = (keys[k] - terms[k]) * inverses[k]
        keys[kept] = key
        kept += np.uint64(key & sampled == 0)
    for k in range(kept):
        keys[k] = mix(keys[k])
    return kept, sampled != 0


@kernel
def enough_noted(keys, sampled, noted, share, seen):
    """Whether at least this share of a text's shingles was noted, but for a few; overwrites `keys`.

    Where shingles are sampled, four standard deviations under the share are enough.
    """
    nothing, found = np.empty(0, np.float32), 0
    several = distinct(keys, nothing, seen[: size_for(len(keys))], keys, nothing)
    for k in range(np.uint64(several)):
        word, bit = bit_of(keys[k], noted)
        found += np.int64(noted[word] >> bit & np.uint64(1))
    wanted = share * several
    return found >= wanted - max(4.0, 4 * np.sqrt(wanted * (1 - share)) if sampled else 0.0)


@kernel
def scan_for_noted(
    chunk: Chunk,
    begin: int,
    end: int,
    recipe: Recipe,
    noted: tuple[Const[u8], Const[u8], int, float],
    lengths: Array[i8],
    prints: Table[u8],
    enough: Array[flag],
):
    """`scan`, and which texts may be similar to one whose shingles were noted; of the others no fingerprint is made."""
    data, offsets = chunk
    tables, _, _, by_word, _ = recipe
    bits, few, width, share = noted
    codes, starts, rolling, keys = room_for(np.int64(0), by_word)
    seen = np.empty(0, np.uint64)
    for i in range(begin, end):
        if offsets[i + 1] - offsets[i] > len(codes):
            codes, starts, rolling, keys = room_for(2 * (offsets[i + 1] - offsets[i]), by_word)
        count = fold(data, offsets[i], offsets[i + 1], tables, codes, starts)
        if count > len(codes):
            codes, starts, rolling, keys = room_for(count, by_word)
            count = fold(data, offsets[i], offsets[i + 1], tables, codes, starts)
        if size_for(len(codes)) > len(seen):
            seen = np.zeros(size_for(len(codes)), np.uint64)
        lengths[i - begin] = count
        enough[i - begin] = count > 0
        if share > 0:
            found, sampled = some_shingles(codes[:count], width, rolling, keys)
            enough[i - begin] = count > 0 and enough_noted(keys[:found], sampled, few if sampled else bits, share, seen)
        if enough[i - begin]:
            fingerprint(codes[:count], prints[i - begin])
