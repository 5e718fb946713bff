"""The loops that touch every byte, shingle, slot and edge, compiled by numba; the only module that imports it.

In: flat arrays and scalars, checked by the caller. Out: arrays filled in place, or counts. Every kernel is serial and
releases the GIL; threads are split outside. No kernel checks its input, reads a setting or allocates per shingle.

Compiled code is cached on disk (see `kernel`), so that only the first run ever pays for compiling.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numba import njit

BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so that it has an inverse modulo 2**64
BASE_INVERSE = np.uint64(pow(int(BASE), -1, 1 << 64))
SEPARATOR = np.uint32(1)
EXPANDS = np.uint32(1 << 31)
CODE_POINT = np.uint32((1 << 21) - 1)
UNIT_SHIFT = np.uint32(21)
HANGUL_SYLLABLE = np.uint32(3 << 21)


def kernel(function: Callable[..., Any]) -> Any:
    """Compile without the GIL and cache the machine code on disk where a folder for it can be written.

    The cache is used as follows because of numba's open issues with it. 4807 and 10128 (crashes when several processes
    compile at once) concern `guvectorize`, whose code is spread over two files: there is none here. A kernel is one
    file, written under a temporary name and renamed, so a reader sees all of it or nothing. Every kernel is called
    with one signature only, so an index never has two entries that processes could lose for each other. All kernels
    stand in this file, so that none can be cached with an old version of another inlined.
    """
    try:
        return njit(nogil=True, cache=True)(function)
    except RuntimeError:  # no place for a cache: a read-only installation without a home folder
        return njit(nogil=True)(function)


@kernel
def mix(x):
    """Scramble 64 bits: the finaliser of SplitMix64 (Steele, Lea and Flood, 2014)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


# --- text ---------------------------------------------------------------------------------------------------------


@kernel
def decode(data, at, stop):
    """The code point of the UTF-8 sequence at `at`, and where the next one begins; malformed bytes are U+FFFD."""
    lead = np.uint32(data[at])
    if lead < 0x80:
        return lead, at + 1
    length = 2 if lead < 0xE0 else (3 if lead < 0xF0 else 4)
    if lead < 0xC2 or lead > 0xF4 or at + length > stop:
        return np.uint32(0xFFFD), at + 1
    code = lead & np.uint32(0x7F >> length)
    for k in range(at + 1, at + length):
        if data[k] & 0xC0 != 0x80:
            return np.uint32(0xFFFD), at + 1
        code = code << np.uint32(6) | np.uint32(data[k] & 0x3F)
    shortest = 0x80 if length == 2 else (0x800 if length == 3 else 0x10000)
    if code < shortest or code > 0x10FFFF:
        return np.uint32(0xFFFD), at + 1
    return code, at + length


@kernel
def compose_hangul(left, right):
    """The syllable that two folded jamo, or a syllable and a final jamo, make; 0 when they make none."""
    a, b = left & CODE_POINT, right & CODE_POINT
    if 0x1100 <= a <= 0x1112 and 0x1161 <= b <= 0x1175:
        return HANGUL_SYLLABLE | np.uint32(0xAC00 + ((a - 0x1100) * 21 + (b - 0x1161)) * 28)
    if 0xAC00 <= a <= 0xD7A3 and (a - 0xAC00) % 28 == 0 and 0x11A8 <= b <= 0x11C2:
        return HANGUL_SYLLABLE | np.uint32(a + (b - 0x11A7))
    return np.uint32(0)


@kernel
def fold(data, start, stop, table, expansions, codes, starts):
    """Fold UTF-8 into `codes`; `starts` marks what follows a separator. Returns how many there are, written or not."""
    count, at, fresh = 0, start, True
    room = len(codes)
    while at < stop:
        code, at = decode(data, at, stop)
        folded = table[code]
        if folded <= SEPARATOR:
            fresh = fresh or folded == SEPARATOR
            continue
        first, last = 0, 1
        if folded & EXPANDS:
            first = np.int64((folded & np.uint32(0x7FFFFFFF)) >> np.uint32(5))
            last = first + np.int64(folded & np.uint32(31))
        for k in range(first, last):
            one = expansions[k] if folded & EXPANDS else folded
            if 0 < count <= room and one & CODE_POINT >= 0x1161:
                joined = compose_hangul(codes[count - 1], one)
                if joined:
                    codes[count - 1] = joined
                    fresh = False
                    continue
            if count < room:
                codes[count] = one
                starts[count] = fresh
            count += 1
            fresh = False
    return count


class Background(NamedTuple):
    """The bigram model as arrays, in sixteenths of a bit; see `dedup.background`."""

    places: Any  # uint16 by code point: row of a Han character in the next three, 0 for all else
    alone: Any  # int32: a character without a left neighbour
    first: Any  # int32: a character at the start of a word
    last: Any  # int32: a word ending after this character
    pairs: Any  # uint32: open-addressing table of left row << 16 | right row, 0 where empty
    pair_bits: Any  # int32: the right character after the left one
    flat: Any  # int32 (1,): one unit of any other script


@kernel
def bits_after(model, left, right):
    """Surprisal of a folded character, in sixteenths of a bit, after the one before it (0 for none)."""
    row = model.places[right & CODE_POINT]
    if row == 0:
        return np.int64(model.flat[0]) * np.int64(right >> UNIT_SHIFT)
    if left == 0:
        return np.int64(model.alone[row])
    before = model.places[left & CODE_POINT]
    if before == 0:
        return np.int64(model.first[row])
    pair = np.uint32(before) << np.uint32(16) | np.uint32(row)
    mask = np.uint64(len(model.pairs) - 1)
    at = mix(np.uint64(pair)) & mask
    while model.pairs[at] != 0:
        if model.pairs[at] == pair:
            return np.int64(model.pair_bits[at])
        at = (at + np.uint64(1)) & mask
    return np.int64(model.last[before]) + np.int64(model.first[row])


@kernel
def fill_pairs(pairs, bits, slots, slot_bits):
    """Put the in-word bigrams in an open-addressing table, whose length is a power of two."""
    mask = np.uint64(len(slots) - 1)
    for k in range(len(pairs)):
        at = mix(np.uint64(pairs[k])) & mask
        while slots[at] != 0:
            at = (at + np.uint64(1)) & mask
        slots[at] = pairs[k]
        slot_bits[at] = bits[k]


@kernel
def measure(model, codes, count, sums):
    """Running sums of surprisal: in integers, so that a shingle has the same bits wherever it stands."""
    total = np.int64(0)
    for k in range(count):
        if k:
            total += bits_after(model, codes[k - 1], codes[k])
        sums[k] = total


@kernel
def scramble(code):
    """Spread a folded code over 64 bits, for the rolling hash."""
    x = np.uint64(code) * np.uint64(0xD6E8FEB86659FD93)
    return x ^ (x >> np.uint64(32))


@kernel
def roll(model, codes, starts, count, sums, width, by_word, weighted, keys):
    """Hash every shingle into `keys`, in the order of the text; returns how many.

    A shingle runs from a start to the first end at which it is `width` units wide. Its hash is the sum of
    `scramble(code) * BASE**k` modulo 2**64, moved along by adding and dropping terms, then mixed. With weights its
    low 8 bits are its surprisal in quarter bits. A text narrower than one shingle is one shingle.
    """
    found, end, units = 0, 0, np.int64(0)
    total, power = np.uint64(0), np.uint64(1)
    for begin in range(count):
        if starts[begin] or not by_word:
            while end < count and (units < width or (by_word and not starts[end])):
                total += scramble(codes[end]) * power
                power *= BASE
                units += np.int64(codes[end] >> UNIT_SHIFT)
                end += 1
            if units < width and found:
                break
            key = mix(total)
            if weighted:
                bits = sums[end - 1] - sums[begin] + bits_after(model, np.uint32(0), codes[begin])
                key = (key & ~np.uint64(255)) | np.uint64(min(bits >> 2, 255))
            keys[found] = key
            found += 1
        total = (total - scramble(codes[begin])) * BASE_INVERSE
        power *= BASE_INVERSE
        units -= np.int64(codes[begin] >> UNIT_SHIFT)
    return found


@kernel
def unique(keys, count):
    """Move the distinct values of the sorted `keys[:count]` to the front; returns how many."""
    kept = 0
    for k in range(count):
        if k == 0 or keys[k] != keys[kept - 1]:
            keys[kept] = keys[k]
            kept += 1
    return kept


@kernel
def fingerprint(codes, count, prints):
    """128 bits of the whole folded text."""
    a, b = np.uint64(count), np.uint64(0)
    for k in range(count):
        a = mix(a ^ np.uint64(codes[k]))
        b = (b + scramble(codes[k])) * BASE
    prints[0], prints[1] = a, mix(b)


@kernel
def fold_one(data, table, expansions):
    """The folded codes of one text of UTF-8 bytes, and which of them follow a separator."""
    codes, starts = np.empty(len(data), np.uint32), np.empty(len(data), np.bool_)
    count = fold(data, np.int64(0), len(data), table, expansions, codes, starts)
    if count > len(codes):
        codes, starts = np.empty(count, np.uint32), np.empty(count, np.bool_)
        count = fold(data, np.int64(0), len(data), table, expansions, codes, starts)
    return codes[:count], starts[:count]


@kernel
def shingle(data, offsets, begin, end, table, expansions, model, width, by_word, weighted, keys, lengths, prints):
    """Sorted distinct shingles of the texts `begin` to `end`, one after the other in `keys`.

    Stops early at a text whose shingles may not fit; returns the first text that is not done.
    """
    codes, starts, sums = np.empty(0, np.uint32), np.empty(0, np.bool_), np.empty(0, np.int64)
    used = 0
    for i in range(begin, end):
        count = fold(data, offsets[i], offsets[i + 1], table, expansions, codes, starts)
        if count > len(codes):
            room = count + count // 2
            codes, starts, sums = np.empty(room, np.uint32), np.empty(room, np.bool_), np.empty(room, np.int64)
            count = fold(data, offsets[i], offsets[i + 1], table, expansions, codes, starts)
        if used + count > len(keys):
            return i
        if weighted:
            measure(model, codes, count, sums)
        mine = keys[used : used + count]
        found = roll(model, codes, starts, count, sums, width, by_word, weighted, mine)
        mine[:found].sort()
        lengths[i] = unique(mine, found)
        fingerprint(codes, count, prints[i])
        used += lengths[i]
    return end


# --- weights ------------------------------------------------------------------------------------------------------


@kernel
def bounds(keys, starts, stops, floor, ceiling, lows, highs):
    """Where the keys from `floor` to `ceiling`, inclusive, lie in each sorted article; returns how many there are."""
    total = 0
    for i in range(len(starts)):
        mine = keys[starts[i] : stops[i]]
        lows[i] = starts[i] + np.searchsorted(mine, floor)
        highs[i] = starts[i] + np.searchsorted(mine, ceiling, side="right")
        total += highs[i] - lows[i]
    return total


@kernel
def find(table, key):
    """Place of a key, or of the empty slot it belongs in; 0 marks the empty, so key 0 shares the slot of key 1."""
    mask = np.uint64(len(table) - 1)
    key = max(key, np.uint64(1))
    at = (key >> np.uint64(8)) & mask
    while table[at] != 0 and table[at] != key:
        at = (at + np.uint64(1)) & mask
    return at


@kernel
def weigh(keys, lows, highs, table, counts, cap, total, expected, weights):
    """Count each key over all articles, then write its inverse document frequency with the background prior."""
    for i in range(len(lows)):
        for k in range(lows[i], highs[i]):
            at = find(table, keys[k])
            table[at] = max(keys[k], np.uint64(1))
            counts[at] += np.int32(1)
    for i in range(len(lows)):
        for k in range(lows[i], highs[i]):
            seen = min(np.float64(counts[find(table, keys[k])]), cap)
            weights[k] = math.log(total / (seen + expected[keys[k] & np.uint64(255)]))


# --- signatures ---------------------------------------------------------------------------------------------------


@kernel
def exponential(bits):
    """A standard exponential variate from 64 random bits.

    -log(u) by the series of atanh, in plain IEEE operations: a library's `log` differs in the last place from machine
    to machine, and signatures must not. The error is under 1e-9.
    """
    u = (np.float64(bits >> np.uint64(11)) + 0.5) * 2.0**-53
    mantissa, exponent = math.frexp(u)
    if mantissa < 0.7071067811865476:
        mantissa, exponent = mantissa * 2.0, exponent - 1
    z = (mantissa - 1.0) / (mantissa + 1.0)
    q = z * z
    series = 1.0 + q * (1 / 3 + q * (1 / 5 + q * (1 / 7 + q * (1 / 9 + q * (1 / 11 + q * (1 / 13))))))
    return -(2.0 * z * series + exponent * 0.6931471805599453)


@kernel
def throw(keys, weights, seed, limit, times):
    """Let every shingle throw darts at the slots until `limit`; each slot keeps its earliest. Returns slots hit.

    A shingle's darts come at the rate of its weight, each at a slot drawn evenly, so that in every slot, independently,
    a shingle is first with a chance of its weight's share: two articles agree there with the chance of their weighted
    Jaccard similarity.
    """
    slots, hit = len(times), 0
    for k in range(len(keys)):
        if weights[k] <= 0:
            continue
        state = mix(keys[k] ^ seed)
        rest = 1.0 - np.float64(weights[k]) * limit
        if rest > 0 and np.float64(state >> np.uint64(11)) * 2.0**-53 < rest:
            continue  # exp(-x) >= 1 - x: its first dart comes after the limit
        when = exponential(state) / weights[k]
        while when < limit:
            state += BASE
            slot = np.int64(((mix(state) >> np.uint64(32)) * np.uint64(slots)) >> np.uint64(32))
            if times[slot] == np.inf:
                hit += 1
            times[slot] = min(times[slot], when)
            state += BASE
            when += exponential(mix(state)) / weights[k]
    return hit


@kernel
def sign(keys, weights, starts, stops, begin, end, seed, signatures):
    """Signatures of the articles `begin` to `end`: each slot the bits of its earliest dart's time, as a float32.

    The limit is where all slots are full with a chance of 98 %; otherwise it is doubled. It has no influence on the
    result, since what comes after the last slot is filled changes nothing.
    """
    slots = signatures.shape[1]
    times = np.empty(slots, np.float64)
    shortened = np.empty(slots, np.float32)
    for i in range(begin, end):
        mine, heavy = keys[starts[i] : stops[i]], weights[starts[i] : stops[i]]
        total = 0.0
        for k in range(len(heavy)):
            total += heavy[k]
        limit, hit = slots * (math.log(slots) + 4.0) / max(total, 1e-30), 0
        times[:] = np.inf
        while hit < slots and total > 0:
            times[:] = np.inf
            hit = throw(mine, heavy, seed, limit, times)
            limit *= 2.0
        shortened[:] = times
        signatures[i] = shortened.view(np.uint32)


# --- bands and candidates -----------------------------------------------------------------------------------------


@kernel
def band_keys(signatures, first, rows, keys):
    """Hash the slots `first` to `first + rows` of every signature."""
    for i in range(len(signatures)):
        key = np.uint64(first)
        for k in range(first, first + rows):
            key = mix(key ^ np.uint64(signatures[i, k]))
        keys[i] = key


@kernel
def bucket_starts(keys, order, crowd, starts, met, compared):
    """Where in `order` each article's bucket begins; adds up how many articles it met, and with how many it compares.

    Within a bucket articles stand in ascending order; all are compared with its first `crowd` only.
    """
    begin = 0
    while begin < len(order):
        end = begin + 1
        while end < len(order) and keys[order[end]] == keys[order[begin]]:
            end += 1
        others = end - begin - 1
        for k in range(begin, end):
            i = order[k]
            starts[i] = begin
            met[i] += others
            compared[i] += others if k - begin < crowd else crowd
        begin = end


@kernel
def agreement(a, b):
    """In how many slots two signatures are equal."""
    equal = np.int32(0)
    for k in range(len(a)):
        equal += np.int32(a[k] == b[k])
    return equal


@kernel
def candidates(signatures, order, starts, begin, end, crowd, least, tally, lefts, rights):
    """Pairs (earlier, article) that share a bucket and agree in `least` slots, for the articles `begin` to `end`.

    `tally` is zeroed scratch of one uint8 an article. Stops early where the next article's pairs may not fit; returns
    the first article that is not done and the number of pairs.
    """
    bands, articles = order.shape
    met = np.empty(min(articles, bands * crowd), np.int32)
    used = 0
    for i in range(begin, end):
        found = 0
        for band in range(bands):
            at = np.int64(starts[band, i])
            last = min(at + crowd, articles)
            while at < last and order[band, at] < i:
                j = order[band, at]
                if tally[j] == 0:
                    tally[j] = 1
                    met[found] = j
                    found += 1
                at += 1
        fits = used + found <= len(lefts)
        for k in range(found):
            tally[met[k]] = 0
            if fits and agreement(signatures[met[k]], signatures[i]) >= least:
                lefts[used], rights[used] = met[k], i
                used += 1
        if not fits:
            return i, used
    return end, used


# --- pairs --------------------------------------------------------------------------------------------------------


@kernel
def total(weights):
    """Sum in the order of the array, as `shared` adds up: a set shares exactly its total with itself."""
    result = 0.0
    for k in range(len(weights)):
        result += weights[k]
    return result


@kernel
def totals(weights, starts, stops, results):
    """Total weight of every article."""
    for i in range(len(starts)):
        results[i] = total(weights[starts[i] : stops[i]])


@kernel
def shared(a, weights, b):
    """Weight of the shingles that two sorted sets share.

    Without branches, whose mispredictions took more than half of the time.
    """
    i, j, result = 0, 0, 0.0
    while i < len(a) and j < len(b):
        x, y = a[i], b[j]
        result += weights[i] * np.float64(x == y)
        i += np.int64(x <= y)
        j += np.int64(y <= x)
    return result


@kernel
def similarity(a, a_weights, a_total, b, b_total):
    """Weighted Jaccard similarity of two sorted sets: shared weight over united weight."""
    both = shared(a, a_weights, b)
    united = a_total + b_total - both
    return both / united if united > 0 else 0.0


@kernel
def verify(keys, weights, starts, stops, sums, lefts, rights, begin, end, similarities):
    """Similarity of the pairs `begin` to `end`."""
    for k in range(begin, end):
        i, j = lefts[k], rights[k]
        mine, theirs = keys[starts[i] : stops[i]], keys[starts[j] : stops[j]]
        similarities[k] = similarity(mine, weights[starts[i] : stops[i]], sums[i], theirs, sums[j])


# --- clusters -----------------------------------------------------------------------------------------------------


@kernel
def root(parents, i):
    """The cluster that `i` is in now; halves the path on the way."""
    while parents[i] != i:
        parents[i] = parents[parents[i]]
        i = parents[i]
    return i


@kernel
def components(lefts, rights, articles):
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
            nexts[entry] = -1
            if heads[node] < 0:
                heads[node] = entry
            else:
                nexts[tails[node]] = entry
            tails[node] = entry


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
def nearest(c, before, heads, nexts, ends, sums, sizes):
    """The cluster with the highest mean similarity to `c`; among equals `before`, then the first by number."""
    best, best_mean = -1, -1.0
    entry = heads[c]
    while entry >= 0:
        other = ends[entry]
        mean = sums[entry] / (np.float64(sizes[c]) * np.float64(sizes[other]))
        if mean > best_mean or (mean == best_mean and best != before and (other == before or other < best)):
            best, best_mean = other, mean
        entry = nexts[entry]
    return best, best_mean


@kernel
def join(a, b, parents, sizes, heads, tails, nexts):
    """Put the smaller cluster into the larger one, and its entries behind the other's; returns the larger."""
    small, large = (a, b) if sizes[a] < sizes[b] else (b, a)
    parents[small] = large
    sizes[large] += sizes[small]
    nexts[tails[large]] = heads[small]
    tails[large] = tails[small]
    return large


@kernel
def link(lefts, rights, similarities, articles, cut):
    """Average linkage over sparse edges, a pair without an edge counting as 0, cut at a mean of `cut`.

    Similarities and the cut are integers (fixed point), so that a mean is the same seen from either side. Returns the
    cluster of each article, named by one of its members. See `dedup.clusters.link` for the method.
    """
    edges = len(lefts)
    heads, tails = np.full(articles, -1, np.int64), np.full(articles, -1, np.int64)
    nexts, ends = np.empty(2 * edges, np.int64), np.empty(2 * edges, np.int64)
    sums = np.repeat(similarities, 2)
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
            best, mean = nearest(c, before, heads, nexts, ends, sums, sizes)
            if best < 0 or mean < cut:
                depth -= 1
            elif best != before:
                chain[depth] = best
                depth += 1
            else:
                joined = join(c, before, parents, sizes, heads, tails, nexts)
                depth -= 2
                if depth == 0:
                    chain[0], depth = joined, 1
    for i in range(articles):
        parents[i] = root(parents, i)
    return parents
