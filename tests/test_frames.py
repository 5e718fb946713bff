"""`dedup.stages.frames`: passages that many hold who have nothing else in common, and no others, in any script."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from types import ModuleType
from typing import Any

import naive
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dedup
from dedup import Settings, kernels
from dedup.pipeline import represent
from dedup.stages import frames
from dedup.stages.frames import ALIKE, Frames, Rate, bridge, find, marking, sample
from dedup.stages.shingles import Texts, Windows

GENERATED = settings(deadline=None, max_examples=150)
KEYS = [naive.mix(number + 1) for number in range(200)]


def letters(*ranges: tuple[int, int]) -> str:
    """All letters in these ranges of code points."""
    return "".join(c for begin, end in ranges for c in map(chr, range(begin, end)) if c.isalpha())


SCRIPTS = {
    "zh": letters((0x4E00, 0x5800)),
    "ja": letters((0x3042, 0x3094), (0x30A2, 0x30F5), (0x4E00, 0x5000)),
    "ko": letters((0xAC00, 0xB800)),
    "ar": letters((0x0627, 0x064B)) + "   ",
    "hi": letters((0x0905, 0x093A)) + "   ",
    "th": letters((0x0E01, 0x0E31)),
    "en": letters((0x61, 0x7B)) + "     ",
    "emoji": letters((0x61, 0x7B)) + "😀👍🏽🎉 ",
}


def drawn(seed: int, characters: int, script: str = "zh") -> str:
    """Letters drawn from a script; no two texts have a phrase in common."""
    rng = np.random.default_rng([seed, characters])
    return "".join(np.array(list(SCRIPTS[script]))[rng.integers(0, len(SCRIPTS[script]), characters)].tolist())


def bodies(count: int, characters: int = 400, script: str = "zh", seed: int = 0) -> list[str]:
    """Texts that have nothing in common."""
    return [drawn(1000 * seed + number + 1, characters, script) for number in range(count)]


def scanned(texts: Sequence[str | None]) -> Texts:
    """Texts that can be shingled."""
    return Texts(pa.chunked_array([pa.array(texts, pa.large_string())]))


def search(texts: Sequence[str], threads: int = 1) -> Frames | None:
    """The frames of distinct texts."""
    return find(scanned(texts), np.arange(len(texts)), threads=threads)


def left_out(texts: Sequence[str | None], settings: Settings | None = None) -> list[list[str]]:
    """The passages of every text that are left out of it in a whole run."""
    corpus = represent(scanned(texts).column, settings or Settings())
    found = []
    for row in range(len(texts)):
        trace = corpus.texts.trace(row)
        edges = np.flatnonzero(np.diff(trace.framed.astype(np.int8), prepend=0, append=0))
        spans = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
        ends = [(int(trace.begins[begin]), int(trace.ends[end - 1]) - 1) for begin, end in spans]
        found.append([trace.text[trace.letters.begins[i] : trace.letters.ends[j]] for i, j in ends])
    return found


FOOTER = drawn(7, 60)


def test_textbook_example() -> None:
    """Twelve unrelated articles with one footer have one frame, which is the footer, and all twelve hold it."""
    texts = [body + FOOTER for body in bodies(12)]
    found = search(texts)
    assert found is not None
    assert found.holders.tolist() == [12]
    assert found.alike[0] < ALIKE
    assert found.text[0] in range(12)
    assert sorted(found.keys.tolist()) == sorted(naive.windows(naive.shingles(FOOTER, once=False)))
    assert found.frame.tolist() == [0] * len(found.keys)
    assert left_out(texts) == [[FOOTER]] * 12


@pytest.mark.parametrize(("holders", "others"), [(8, 0), (8, 200), (40, 0), (60, 140)])
def test_whatever_share_of_the_articles_has_it(holders: int, others: int) -> None:
    """From eight holders on, whether they are all articles there are or a few of many."""
    some = [body + FOOTER for body in bodies(holders)]
    assert left_out(some + bodies(others, seed=1)) == [[FOOTER]] * holders + [[]] * others


@pytest.mark.parametrize("holders", [1, 2, 7])
def test_seven_are_too_few(holders: int) -> None:
    """What fewer hold is no frame, in however many articles."""
    some = [body + FOOTER for body in bodies(holders)]
    assert search(some) is None
    assert search(some + bodies(30, seed=1)) is None


def test_nothing_is_found_where_there_is_nothing() -> None:
    """No texts, empty ones, those shorter than a window, and unrelated ones have no frames."""
    for texts in ([], [""] * 20, bodies(20, 9), ["手机"] * 20, bodies(50)):
        assert search(texts) is None


def test_equal_texts_have_none() -> None:
    """Copies are one text, and texts that differ in a word have too little of their own to tell by."""
    one = drawn(3, 500)
    assert left_out([one] * 30) == [[]] * 30
    assert search([one[:200] + drawn(number, 8) + one[200:] for number in range(30)]) is None


@pytest.mark.parametrize("common", [0.25, 0.4])
@pytest.mark.parametrize("characters", [300, 1500])
def test_a_template_of_many_passages_is_none(synthetic: ModuleType, common: float, characters: int) -> None:
    """Eight passages with words of the article's own between them are alike in other places by themselves."""
    texts, _ = synthetic.campaign(articles=60, share=1.0, common=common, characters=characters, seed=5)
    held = [len("".join(parts)) / len(text) for parts, text in zip(left_out(texts), texts, strict=True)]
    assert np.mean(held) < 0.1


def test_a_passage_of_articles_that_are_alike_elsewhere_is_none() -> None:
    """Where the bodies are rewrites of each other the same footer is the campaign's own and keeps its weight."""
    source = [drawn(number, 12) for number in range(40)]
    rng = np.random.default_rng(2)
    rewritten = ["".join(source[k] for k in rng.choice(40, 24, replace=False).tolist()) for _ in range(20)]
    assert search([body + FOOTER for body in rewritten]) is None
    others = [body + FOOTER for body in bodies(20)]
    assert search(others) is not None


@pytest.mark.parametrize("script", SCRIPTS)
def test_in_any_script(script: str) -> None:
    """Header and footer are left out and the body is not, whatever it is written in."""
    header, footer = drawn(8, 90, script).strip(), drawn(9, 90, script).strip()
    texts = [f"{header}\n\n{body}\n\n{footer}" for body in bodies(16, 600, script)]
    assert [naive.fold("".join(parts)) for parts in left_out(texts)] == [naive.fold(header + footer)] * 16


def test_a_header_with_a_date_of_its_own() -> None:
    """What differs between two parts of a frame and is shorter than the bridge belongs to it."""
    one, two = drawn(11, 40), drawn(12, 40)
    heads = [f"{one}2024-{1 + number % 12:02}-{number:02}{two}" for number in range(12)]
    texts = [head + "\n" + body for head, body in zip(heads, bodies(12), strict=True)]
    assert left_out(texts) == [[head] for head in heads]
    titled = [f"{one}{drawn(number, 80)}{two}\n{body}" for number, body in enumerate(bodies(12))]
    assert left_out(titled) == [[one, two]] * 12


def test_nested_frames() -> None:
    """A licence that all have and, behind it, a note that half of them have, are two frames."""
    note = drawn(13, 50)
    some, more = bodies(12), bodies(12, seed=1)
    texts = [body + FOOTER + note for body in some] + [body + FOOTER for body in more]
    found = search(texts)
    assert found is not None
    assert found.holders.tolist() == [24, 12]
    assert left_out(texts) == [[FOOTER + note]] * 12 + [[FOOTER]] * 12


def test_frames_beside_each_other() -> None:
    """Eight small frames, of which every article has some, are all found: each is told without the others."""
    parts, rng = [drawn(20 + number, 25) for number in range(8)], np.random.default_rng(4)
    some = [sorted(rng.choice(8, 5, replace=False).tolist()) for _ in range(80)]
    texts = [body + "。".join(parts[k] for k in mine) for body, mine in zip(bodies(80, 800), some, strict=True)]
    found = search(texts)
    assert found is not None
    assert len(found.holders) >= 8
    tails = ["".join(parts[k] for k in mine) for mine in some]
    assert [naive.fold("".join(one)) for one in left_out(texts)] == list(map(naive.fold, tails))


def test_the_order_of_articles_and_threads_do_not_matter() -> None:
    """Shuffled articles, copies of some, and any number of threads leave the same passages out."""
    parts, rng = [drawn(20 + number, 25) for number in range(4)], np.random.default_rng(5)
    texts = [body + "".join(parts[k] for k in rng.permutation(4)[:2].tolist()) for body in bodies(60)]
    expected = dict(zip(texts, left_out(texts), strict=True))
    assert any(expected.values())
    order = rng.permutation(60).tolist()
    shuffled = [texts[place] for place in order] + [texts[0]] * 30 + texts[:20]
    assert left_out(shuffled) == [expected[text] for text in shuffled]
    one, three = search(texts), search(texts, threads=3)
    assert one is not None and three is not None
    for ours, theirs in zip(
        (one.windows.table, one.holders, one.alike, one.text, one.keys, one.frame),
        (three.windows.table, three.holders, three.alike, three.text, three.keys, three.frame),
        strict=True,
    ):
        assert np.array_equal(ours, theirs)


def test_other_settings_leave_nothing_out() -> None:
    """Nor do plain shingles, or a run without frames."""
    texts = [body + FOOTER for body in bodies(12)]
    for other in (Settings(frames=False), Settings(weighted=False), Settings.near_copies()):
        assert left_out(texts, other) == [[]] * 12
    assert left_out(texts, Settings(unit="word"))[0]


def test_a_footer_joins_nobody() -> None:
    """Forty unrelated articles with one footer are forty; without frames they are one cluster."""
    texts = [body + FOOTER for body in bodies(40, 200)]
    assert len(dedup.cluster(texts)) == 0
    assert len(dedup.cluster(texts, Settings(frames=False))[0].members) == 40


def test_a_copy_with_a_footer_is_a_copy() -> None:
    """What is left of articles is compared as ever; one that is all frame is alike to nobody, but equal to its copy."""
    texts = [body + FOOTER for body in bodies(20)]
    texts += [texts[0][:380] + FOOTER, "续" + texts[1], FOOTER, FOOTER, FOOTER + "完"]
    found = dedup.cluster(texts)
    assert {frozenset(one.members.tolist()) for one in found} == {
        frozenset(pair) for pair in ((0, 20), (1, 21), (22, 23))
    }


@pytest.mark.parametrize("most", [1 << 12, 1 << 14, 1 << 15])
def test_a_sample_is_enough(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """Of many characters one window in so many is looked at: the frame is left out, if not to the last character."""
    footer = drawn(9, 600)
    texts = [body + footer for body in bodies(40, 1200)]
    monkeypatch.setattr(frames, "MOST_SAMPLED", most)
    rate = Rate.of(sum(map(len, texts)))
    assert rate.windows > 1 and rate.windows & (rate.windows - 1) == 0
    some = left_out(texts)
    assert all(part in footer for parts in some for part in parts)
    assert min(len("".join(parts)) for parts in some) > 600 - 2 * bridge(rate.windows)


def test_rates() -> None:
    """Powers of two that keep a sample below its bound; shingles are fewer in large corpora."""
    assert Rate.of(0) == Rate.of(1000) == Rate(1, 1)
    assert Rate.of(frames.EVERY + 1) == Rate(1, 16)
    for characters in (frames.MOST_SAMPLED, frames.MOST_SAMPLED + 1, 100 * frames.MOST_SAMPLED):
        rate = Rate.of(characters)
        assert characters / rate.windows <= frames.MOST_SAMPLED < 2 * characters / rate.windows + 1


# --- kernels ------------------------------------------------------------------------------------------------------

RUNS = st.lists(st.sampled_from(KEYS[:12]), max_size=60)


@GENERATED
@given(st.lists(RUNS, min_size=1, max_size=5), st.sampled_from([1, 2, 8]))
def test_samples_are_those_of_the_reference(texts: list[list[int]], every: int) -> None:
    """The same windows and shingles of every text, with their places, wherever they stand."""
    keys = np.array([key for one in texts for key in one], np.uint64)
    windows, shingles = sample(keys, np.cumsum([0, *map(len, texts)]), Rate(every, every))
    for (found, places, counts), hashes in (
        (windows, [naive.windows(one) for one in texts]),
        (shingles, texts),
    ):
        expected = [naive.sampled(one, every) for one in hashes]
        assert counts.tolist() == list(map(len, expected))
        flat = [pair for one in expected for pair in one]
        assert list(zip(found.tolist(), places.tolist(), strict=True)) == flat


LISTS = st.lists(st.lists(st.sampled_from(KEYS[:40]), max_size=60), min_size=1, max_size=12)


def joined(texts: Sequence[Sequence[int]]) -> frames.Sampled:
    """Keys of texts, as if each had been sampled."""
    keys = np.array([key for one in texts for key in one], np.uint64)
    places = np.array([at for one in texts for at in range(len(one))], np.int32)
    return frames.Sampled(keys, places, np.cumsum([0, *map(len, texts)]))


@GENERATED
@given(LISTS, st.integers(2, 4), st.sampled_from([16, 64, 1 << 16]))
def test_holders_are_those_of_the_reference(texts: list[list[int]], least: int, cells: int) -> None:
    """Which texts hold what is held often, and where it stands in them, also where many keys share a cell."""
    of = joined(texts)
    counted, size, used = np.zeros(cells, np.uint8), 16, -1
    occurring = np.empty(len(of.keys), np.int64), np.empty(len(of.keys), np.int64)
    kernels.count_few(of.keys, counted, least)
    while used < 0:
        size *= 2
        table, held = np.zeros(size, np.uint64), np.zeros(size, np.int64)
        used = kernels.count_holders(of.keys, of.starts, counted, least, table, held, occurring)
    expected = naive.holders(texts, least)
    assert {int(key): int(count) for key, count in zip(table, held, strict=True) if count >= least} == {
        key: len(mine) for key, mine in expected.items()
    }
    number = np.array([list(expected).index(key) if key in expected else -1 for key in table.tolist()])
    counts = np.array([len(mine) for mine in expected.values()], np.int64)
    ends, holders = np.cumsum(counts) - counts, np.empty(counts.sum(), np.int64)
    starts, numbers, spots = np.zeros(len(texts) + 1, np.int64), np.empty(used, np.int64), np.empty(used, np.int32)
    entries, slots = occurring[0][:used], occurring[1][:used]
    kernels.list_holders(of.places, of.starts, (entries, slots), number, ends, holders, (starts, numbers, spots))
    assert holders.tolist() == [text for mine in expected.values() for text in mine]
    for row, keys in enumerate(texts):
        some = slice(starts[row], starts[row + 1])
        listed = [(list(expected).index(key), at) for at, key in enumerate(keys) if key in expected]
        assert list(zip(numbers[some].tolist(), spots[some].tolist(), strict=True)) == listed


def test_a_table_that_is_too_full_says_so() -> None:
    """It is made larger, then, and begun again."""
    of, cells = joined([KEYS[:100]]), np.full(16, 8, np.uint8)
    table, held, occurring = np.zeros(64, np.uint64), np.zeros(64, np.int64), (np.empty(100, np.int64),) * 2
    assert kernels.count_holders(of.keys, of.starts, cells, 8, table, held, occurring) == -1


@GENERATED
@given(LISTS, st.sets(st.integers(0, 59)), st.integers(1, 50))
def test_what_stands_outside_is_that_of_the_reference(texts: list[list[int]], covered: set[int], most: int) -> None:
    """The weight of all, what is held elsewhere, and of that the lowest hashes outside of what is covered."""
    of = joined(texts)
    cells, expected = np.zeros(1 << 16, np.uint32), np.arange(256) / 64
    kernels.count_cells(of.keys, cells, 0xFFFFFFFF)
    weights, times, ranks = np.empty(len(of.keys)), np.empty(len(of.keys), np.int32), np.empty(len(of.keys), np.int32)
    counts, stand, sums = np.empty(len(texts), np.int64), np.empty(len(texts), np.int64), np.zeros(len(texts))
    found = weights, times, ranks, counts, stand, sums
    kernels.weigh_sampled(of.starts, of.keys, of.places, (cells, expected, 100.0, 5.0), found)
    lists, totals = naive.weigh_sampled(
        texts, lambda key, held: float(np.log(100.0 / (min(held, 5.0) + expected[key & 255])))
    )
    assert sums == pytest.approx(totals)
    for row, listed in enumerate(lists):
        begin, end = of.starts[row], of.starts[row] + counts[row]
        assert of.keys[begin:end].tolist() == sorted({key for key, _, _ in listed})
        some = slice(begin, begin + stand[row])
        standing = list(zip(of.places[some].tolist(), of.keys[begin + ranks[some]].tolist(), strict=True))
        assert standing == sorted((at, key) for key, at, _ in listed)
        assert times[begin:end].tolist() == list(Counter(key for key, _, _ in sorted(listed)).values())
        inside = Counter(key for key, at, _ in listed if at in covered)
        gone = np.array([inside[key] == many for key, many in Counter(key for key, _, _ in listed).items()], np.bool_)
        kept, heavy = np.empty((2, most), np.uint64), np.empty((2, most))
        free, *others = naive.outside(listed, covered, most)
        for weighed, marks in ((weights, gone), (weights * (1 - 2 * _at(gone, begin, weights)), gone & False)):
            count, *rest = kernels.outside(of.keys, weighed, marks, begin, end, kept, heavy, 1)
            assert dict(zip(kept[1, :count].tolist(), heavy[1, :count].tolist(), strict=True)) == pytest.approx(free)
            assert rest == pytest.approx(others)


def _at(marks: Any, begin: int, every: Any) -> Any:
    """The marks of one text's shingles, among those of all."""
    of_all = np.zeros(len(every), np.bool_)
    of_all[begin : begin + len(marks)] = marks
    return of_all


@GENERATED
@given(st.sets(st.sampled_from(KEYS[:60])), st.sets(st.sampled_from(KEYS[:60])), st.sampled_from([64, 2048]))
def test_what_two_texts_share_is_that_of_the_reference(left: set[int], right: set[int], slots: int) -> None:
    """The weight of the keys of both, also where many have one place in the table."""
    keys, heavy = np.zeros((2, 60), np.uint64), np.arange(120.0).reshape(2, 60)
    for row, some in enumerate((left, right)):
        keys[row, : len(some)] = sorted(some)
    tables, perhaps = np.empty((2, slots), np.uint8), np.empty(60, np.uint64)
    kernels.number_keys(keys, len(right), tables, 1)
    shared = kernels.shared_weight(keys, heavy, 0, len(left), 1, tables, perhaps)
    assert shared == sum(at for at, key in enumerate(sorted(left)) if key in right)


@GENERATED
@given(st.lists(st.sampled_from([*KEYS[:50], *range(5)]), max_size=80))
def test_hashes_ascend_and_equal_ones_keep_their_order(hashes: list[int]) -> None:
    """Also if they are not spread evenly."""
    order = np.empty(len(hashes), np.int64)
    kernels.order_hashes(np.array(hashes, np.uint64), np.empty(len(hashes), np.int64), order)
    assert order.tolist() == sorted(range(len(hashes)), key=lambda at: hashes[at])


PLACES = st.lists(st.integers(0, 300), unique=True, max_size=30).map(sorted)


@GENERATED
@given(PLACES, st.integers(0, 20), st.integers(0, 40))
def test_spans_and_blocks_are_those_of_the_reference(places: list[int], gap: int, behind: int) -> None:
    """What windows cover of a text, and how what they do not cover stands."""
    length = (places[-1] if places else 0) + 1 + behind
    begins, ends = np.empty(30, np.int64), np.empty(30, np.int64)
    found = kernels.spans(np.array(places, np.int64), len(places), length, gap, begins, ends)
    expected = naive.spans(places, length, gap)
    assert list(zip(begins[:found].tolist(), ends[:found].tolist(), strict=True)) == expected
    own, blocks = kernels.own_blocks(begins, ends, found, length, gap)
    assert (own, blocks) == pytest.approx(naive.own_blocks(expected, length, gap), abs=1e-12)


@GENERATED
@given(PLACES, PLACES, st.integers(0, 20), st.integers(0, 20))
def test_united_spans_are_those_of_all_places(before: list[int], more: list[int], gap: int, less: int) -> None:
    """Whatever was united before, and with what gap up to this one; what is gained is where nothing was."""
    length = max([0, *before, *more]) + 20
    lists = [np.array(naive.spans(some, length, least), np.int64).reshape(-1, 2) for some, least in
             ((before, gap), (more, min(gap, less)))]  # fmt: skip
    (begins, ends), (more_begins, more_ends) = (np.ascontiguousarray(some.T) for some in lists)
    begins, ends = begins.astype(np.int32), ends.astype(np.int32)
    united, pieces = np.empty((2, 60), np.int64), np.empty((2, 120), np.int64)
    found = kernels.unite(begins, ends, len(begins), more_begins, more_ends, len(more_begins), gap, united)
    expected = naive.spans(sorted({*before, *more}), length, gap)
    assert list(map(tuple, united[:, :found].T.tolist())) == expected
    several = kernels.gained(begins, ends, len(begins), united, found, pieces)
    held = [{at for begin, end in some for at in range(begin, end)} for some in (expected, lists[0].tolist())]
    new = [at for begin, end in pieces[:, :several].T.tolist() for at in range(begin, end)]
    assert new == sorted(held[0] - held[1])


def test_blocks_are_counted_by_their_share() -> None:
    """Four equal blocks are four; one and three that are next to nothing are little more than one."""
    for edges, count in (([0, 100, 110, 210, 220, 320, 330, 430], 4), ([0, 900, 910, 920, 930, 940, 950, 960], 1.07)):
        begins, ends = np.array(edges[1:-1:2]), np.array(edges[2::2])
        own, blocks = kernels.own_blocks(begins, ends, len(begins), edges[-1], 0)
        assert own == pytest.approx(sum(end - begin for begin, end in pairwise(edges[:])) / edges[-1] - 30 / edges[-1])
        assert blocks == pytest.approx(count, abs=0.01)


WORDS = st.lists(st.sampled_from([*naive.MIXED, "手机卡续费号码", "easy money easy", "번호를 무작위로"]), max_size=25)


@GENERATED
@given(st.lists(WORDS.map("".join), min_size=1, max_size=5), st.data(), st.sampled_from([1, 2, 4]), st.booleans())
def test_texts_without_windows_are_those_of_the_reference(
    texts: list[str], data: st.DataObject, every: int, by_word: bool
) -> None:
    """Any windows, some of no text, leave out of texts what they mark, and of a trace they mark the same."""
    whole = Texts(scanned(texts).column, unit="word" if by_word else "char")
    of = [whole.trace(row).keys.tolist() for row in range(len(texts))]
    hashes = sorted({one for keys in of for one, _ in naive.sampled(naive.windows(keys), every)})
    marks = data.draw(st.lists(st.sampled_from(hashes), unique=True)) if hashes else []
    some = marking(np.array([*marks, naive.mix(5) & ~(every - 1 << 8)], np.uint64), every)
    gap = data.draw(st.sampled_from([0, 3, some.bridge]))
    less = whole.without(Windows(some.table, some.mask, gap))
    found = less.shingle(np.arange(len(texts)), once=False)
    parts = [part.tolist() for part in np.split(found.keys, found.offsets[1:-1])]
    assert parts == [naive.without(keys, marks, every, gap) for keys in of]
    once = less.shingle(np.arange(len(texts)))
    assert [part.tolist() for part in np.split(once.keys, once.offsets[1:-1])] == [
        list(dict.fromkeys(part)) for part in parts
    ]
    for row, keys in enumerate(of):
        trace = less.trace(row)
        assert trace.keys.tolist() == keys
        assert trace.framed.tolist() == naive.framed(keys, marks, every, gap)
    assert not whole.trace(0).framed.any(), "the texts that it was made of are as they were"
