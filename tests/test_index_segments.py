"""`dedup.index.on_disk.segments`: files of sorted buckets hold what a dict would; what is damaged is not taken up."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from fractions import Fraction
from itertools import count
from pathlib import Path
from typing import Any

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive import Known, columns, known, posted
from numpy.typing import NDArray

from dedup import kernels
from dedup.errors import DedupWarning
from dedup.index.on_disk import segments
from dedup.index.on_disk.segments import HEADER_BYTES, LEAST_BITS, Segment, SegmentRows, Span, build, merge, usable

GENERATED = settings(deadline=None, max_examples=25)
FOLDERS = count()
PINNED = 1442820472


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a generated case makes a folder of its own."""
    return tmp_path_factory.mktemp("segments")


def fresh(folders: Path) -> Path:
    """A folder that nobody had before."""
    folder = folders / str(next(FOLDERS))
    folder.mkdir()
    return folder


def built(
    folder: Path, texts: Sequence[Known], after: int = 0, upto: int | None = None, generation: int = 1
) -> Segment:
    """The segment of some texts."""
    return build(
        folder, Span(generation, after, texts[-1].number if upto is None else upto), SegmentRows(*columns(texts))
    )


def held(segment: Segment) -> dict[int, list[int]]:
    """What a segment holds, found where a look-up finds it: the numbers of each key."""
    found: dict[int, list[int]] = {}
    offsets, lows, rows = segment.postings
    assert (offsets[0], offsets[-1]) == (0, segment.keys)
    bits = bits_of(segment)
    for bucket in np.flatnonzero(np.diff(offsets)).tolist():
        for place in range(offsets[bucket], offsets[bucket + 1]):
            low = int(lows[place])
            assert bits == LEAST_BITS or low >> 32 - bits == bucket & (1 << bits - LEAST_BITS) - 1
            key = bucket << 32 - bits | low & (1 << 32 - bits) - 1
            found.setdefault(key, []).append(int(segment.numbers[rows[place]]))
    return found


def bits_of(segment: Segment) -> int:
    """Bits of the number of a bucket."""
    return (len(segment.postings[0]) - 1).bit_length() - 1


def sketches(segment: Segment) -> dict[int, list[int]]:
    """The sketch of each text of a segment."""
    return dict(zip(segment.numbers.tolist(), segment.sketches.tolist(), strict=True))


def alive(gone: set[int]) -> Any:
    """Which numbers are still texts."""
    return lambda numbers: np.array([number not in gone for number in numbers.tolist()], np.bool_)


# --- one segment, and several as one ------------------------------------------------------------------------------


def test_textbook_example(tmp_path: Path) -> None:
    """Three texts, of which two share a key: it leads to both, the older first."""
    texts = [Known(3, [7, 1], [0] * 128), Known(5, [2, 7, 9], [1] * 128), Known(6, [8], [2] * 128)]
    segment = built(tmp_path, texts)
    assert held(segment) == {7: [3, 5], 1: [3], 2: [5], 9: [5], 8: [6]}
    assert sketches(segment) == {3: [0] * 128, 5: [1] * 128, 6: [2] * 128}
    assert (len(segment), segment.span, segment.path.name) == (3, Span(1, 0, 6), "s1-0-6.segment")
    assert [path.name for path in tmp_path.iterdir()] == ["s1-0-6.segment"]


@pytest.mark.parametrize("texts", [1, 2, 7, 8, 9, 15, 16, 17, 1000])
def test_a_segment_holds_what_a_dict_would(tmp_path: Path, texts: int) -> None:
    """Every key leads to its texts, ascending, whatever the size; and again when the file is opened."""
    some = known(texts, texts)
    for segment in (built(tmp_path, some), Segment(tmp_path / f"s1-0-{some[-1].number}.segment")):
        assert held(segment) == posted(some)
        assert segment.keys == sum(len(text.keys) for text in some)
        assert sketches(segment) == {text.number: text.sketch for text in some}
        assert segment.damaged() == []


@pytest.mark.parametrize(("upper", "lower"), [(1, 0), (0x8000, 0), (1, 1), (0xFFFF, 0x8000), (1 << 11, 0x8000)])
@pytest.mark.parametrize("bits", [16, 17, 21])
def test_keys_with_equal_halves_are_told_apart(
    tmp_path: Path, upper: int, lower: int, bits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those with one lower half are in different buckets, those with one upper half in one or in neighbouring ones."""
    monkeypatch.setattr(segments, "LEAST_BITS", bits)
    keys = [0x12345678, 0x12345678 ^ upper << 16, 0x12345678 ^ lower, 0x12345678 ^ upper << 16 ^ lower]
    texts = [Known(number, [key, keys[-1]], [0] * 128) for number, key in enumerate(dict.fromkeys(keys), 1)]
    segment = built(tmp_path, texts)
    assert bits_of(segment) == bits
    assert held(segment) == posted(texts)


def test_buckets_are_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many keys at most so many are in a bucket, in the mean, and at least half as many."""
    monkeypatch.setattr(segments, "BUCKET", Fraction(1, 1024))
    rng = np.random.default_rng(1)
    for texts, bits in ((63, 16), (64, 17), (127, 17), (128, 18), (1000, 20)):
        keys = rng.integers(0, 2**32, (texts, 1)).tolist()
        some = [Known(number, own, [0] * 128) for number, own in enumerate(keys, 1)]
        segment = built(fresh(tmp_path), some)
        assert (bits_of(segment), held(segment)) == (bits, posted(some))


def test_texts_without_keys_are_held(tmp_path: Path) -> None:
    """They have a number and a sketch, and no key leads to them; also where no text has any."""
    some = [Known(1, [], [1] * 128), Known(2, [5, 6], [2] * 128), Known(9, [], [3] * 128)]
    for texts in (some, some[::2]):
        segment = built(fresh(tmp_path), texts)
        assert (held(segment), segment.damaged()) == (posted(texts), [])
        assert sketches(segment) == {text.number: text.sketch for text in texts}
        merged = merge(fresh(tmp_path), [segment], alive({1}))
        assert (held(merged), merged.numbers.tolist()) == (posted(texts), [t.number for t in texts[1:]])


@GENERATED
@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=4), st.integers(0, 2**32), st.integers(0, 5),
    st.sampled_from([8, Fraction(1, 512), Fraction(1, 2048)]), st.data(),
)  # fmt: skip
def test_merged_segments_hold_what_a_dict_would(
    folders: Path, sizes: list[int], seed: int, keys: int, bucket: Fraction | int, data: st.DataObject
) -> None:
    """However texts are parted into segments, one in their place holds those that are still there, and no others.

    Also where buckets of the parts and of the merged one have more bits than the least, and not the same.
    """
    folder = fresh(folders)
    every: list[Known] = []
    parts = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segments, "BUCKET", bucket)
        for size in sizes:
            after = every[-1].number if every else 0
            mine = known(seed + after, size, keys=keys, after=after)
            parts.append(built(folder, mine, after))
            every += mine
        gone = data.draw(st.just(set()) | st.sets(st.sampled_from([text.number for text in every])))
        merged = merge(folder, parts, alive(gone))
    left = [text for text in every if text.number not in gone]
    assert held(merged) == posted(left)
    assert sketches(merged) == {text.number: text.sketch for text in left}
    assert merged.span == Span(1, 0, every[-1].number)
    assert merged.damaged() == []


@pytest.mark.parametrize("bucket", [8, Fraction(1, 256), Fraction(1, 1024)])
@pytest.mark.parametrize("cuts", [(100,), (5, 6, 150), (280, 290)])
def test_a_merged_segment_is_that_of_all_its_texts(
    tmp_path: Path, bucket: Fraction | int, cuts: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the same to the last byte, but for its name, as the one built at once, whatever bits its parts had."""
    monkeypatch.setattr(segments, "BUCKET", bucket)
    some = known(5, 300)
    (tmp_path / "at once").mkdir()
    parts = [
        built(tmp_path, some[begin:end], some[begin - 1].number if begin else 0)
        for begin, end in zip([0, *cuts], [*cuts, len(some)], strict=True)
    ]
    merged = merge(tmp_path, parts, alive(set()))
    assert (len({bits_of(part) for part in (*parts, merged)}) == 1) == (bucket == 8)
    assert merged.path.read_bytes() == built(tmp_path / "at once", some).path.read_bytes()


def test_nobody_is_left(tmp_path: Path) -> None:
    """Of texts that are all gone there is an empty segment, which covers their numbers nevertheless."""
    parts = [built(tmp_path, known(1, 20)), built(tmp_path, known(2, 5, after=100), after=100)]
    merged = merge(tmp_path, parts, lambda numbers: np.zeros(len(numbers), np.bool_))
    assert (len(merged), held(merged), merged.damaged()) == (0, {}, [])
    again = merge(tmp_path, [Segment(merged.path)], alive(set()))
    assert (len(again), again.span) == (0, merged.span)


def test_a_merged_segment_may_take_the_place_of_its_part(tmp_path: Path) -> None:
    """One segment without those that are gone has a name of its own, for the old one may be read; the latest counts."""
    some = known(3, 50)
    old = built(tmp_path, some)
    new = merge(tmp_path, [old], alive({some[0].number}))
    assert (new.span, new.path.name) == (old.span, old.path.name.replace(".segment", "-1.segment"))
    assert held(old) == posted(some)
    assert held(new) == held(Segment(new.path)) == posted(some[1:])
    found, useless = usable(tmp_path, 1, some[-1].number, 128)
    assert ([held(one) for one in found], useless) == ([posted(some[1:])], [old.path])


def test_the_one_before_is_not_taken_up_for_a_damaged_segment(tmp_path: Path) -> None:
    """It holds texts that are gone, which nobody would leave out any more."""
    some = known(3, 20)
    old = built(tmp_path, some)
    new = merge(tmp_path, [old], alive({some[0].number}))
    assert usable(tmp_path, 1, some[-1].number, 128, without={new.path})[0] == []
    old.path.unlink()
    assert merge(tmp_path, [new], alive({some[0].number})).path.name.endswith("-2.segment")


def test_nothing_is_left_behind_by_what_fails(tmp_path: Path) -> None:
    """An error on the way takes the half-written file along."""
    texts = known(1, 20)
    rows = SegmentRows(*columns(texts))
    with pytest.raises(ValueError, match="broadcast"):
        build(tmp_path, Span(1, 0, 99), rows._replace(numbers=rows.numbers[:7]))
    segment = built(tmp_path, texts)

    def disconnected(_: NDArray[np.int64]) -> NDArray[np.bool_]:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        merge(tmp_path, [segment], disconnected)
    assert [path.name for path in tmp_path.iterdir()] == [segment.path.name]


# --- the file -----------------------------------------------------------------------------------------------------


def header(segment: Segment) -> list[int]:
    """The numbers in the header of a segment."""
    return np.frombuffer(segment.path.read_bytes(), "<i8", 10).tolist()


def planted(raw: bytes, numbers: dict[int, int]) -> bytes:
    """A segment with other numbers in its header, and a checksum that goes with them."""
    head = bytearray(raw[:HEADER_BYTES])
    for place, number in numbers.items():
        head[8 * place : 8 * place + 8] = number.to_bytes(8, "little", signed=True)
    head[:8] = zlib.crc32(head[8:]).to_bytes(8, "little")
    return bytes(head) + raw[HEADER_BYTES:]


def summed(raw: bytes) -> bytes:
    """A segment whose checksums are those of what is in it."""
    words = np.frombuffer(raw, np.uint64)
    count = next(n for n in range(1, len(raw) // 4096 + 1) if (n * 4096) + 8 * n == len(raw))
    sums = np.zeros(count, np.uint64)
    kernels.sum_blocks(kernels.frozen(words), sums)
    return planted(raw[: -8 * count] + sums.tobytes(), {1: zlib.crc32(sums.tobytes())})


def test_the_file_is_pinned(tmp_path: Path) -> None:
    """A tiny segment is as it always was, or the version must be another."""
    segment = built(tmp_path, [Known(2, [0x80000000, 7], [1] * 128), Known(9, [0x7FFFFFFF, 7, 6], [2] * 128)])
    raw = segment.path.read_bytes()
    assert header(segment)[2:] == [3, 1, 0, 9, 2, 5, 128, 16]
    assert (zlib.crc32(raw), len(raw)) == (PINNED, 66 * 4096 + 66 * 8)
    assert raw[4096:4112].hex() == "02000000000000000900000000000000"
    offsets = np.frombuffer(raw, np.uint32, 65537, 4416)
    assert offsets[[0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF, 0x10000]].tolist() == [0, 3, 3, 4, 5, 5, 5]
    assert raw[266624:266634].hex() == "070007000600ffff0000"
    assert np.frombuffer(raw, np.uint32, 5, 266688).tolist() == [0, 1, 1, 1, 0]


@pytest.mark.parametrize("texts", [30, 300])
def test_a_byte_that_was_changed_is_noticed(tmp_path: Path, texts: int) -> None:
    """When the file is opened, or when its block is read; the sections of the block are named."""
    segment = built(tmp_path, known(1, texts))
    raw, rng = segment.path.read_bytes(), np.random.default_rng(1)
    for at in [*range(0, len(raw), 4096), len(raw) - 1, *rng.integers(0, len(raw), 200).tolist()]:
        segment.path.write_bytes(raw[:at] + bytes([raw[at] ^ 1 << at % 8]) + raw[at + 1 :])
        try:
            damaged = Segment(segment.path).damaged()
        except ValueError:
            continue
        assert damaged and set(damaged) <= {"sketches", "offsets", "lows", "rows"}


def test_blocks_that_changed_places_are_noticed(tmp_path: Path) -> None:
    """A checksum is that of a block in its place, and of all its bits: also of two that were changed alike."""
    segment = built(tmp_path, known(1, 300))
    raw = bytearray(segment.path.read_bytes())
    raw[8192:12288], raw[12288:16384] = raw[12288:16384], raw[8192:12288]
    segment.path.write_bytes(raw)
    assert raw[8192:12288] != raw[12288:16384] and Segment(segment.path).damaged()


def test_a_damaged_file_is_not_taken_up(tmp_path: Path) -> None:
    """An empty file, one cut short or grown, another header, another version or another name."""
    segment = built(tmp_path, known(1, 30))
    raw, path = segment.path.read_bytes(), segment.path
    damaged = [b"", raw[:-1], raw + b"\0", raw[:100], raw[:HEADER_BYTES], b"\0" * len(raw), b"\xff" * len(raw)]
    damaged += [raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :] for at in (0, 9, 20, 60, 400, HEADER_BYTES - 1)]
    for wrong in damaged:
        path.write_bytes(wrong)
        with pytest.raises(ValueError):
            Segment(path)
    path.write_bytes(raw)
    assert held(Segment(path, 128)) == held(segment)
    with pytest.raises(ValueError, match="another width"):
        Segment(path, 256)
    for name in ("s1-0-999.segment", "s2-0-30.segment", "index.sqlite", "s1-0-9.segment.new"):
        with pytest.raises(ValueError):
            Segment(path.rename(tmp_path / name))
        (tmp_path / name).rename(path)
    with pytest.raises(OSError):
        Segment(tmp_path / "s1-0-1.segment")


@pytest.mark.parametrize("place", range(2, 10))
@pytest.mark.parametrize("number", [-(2**63), -1, 0, 1, 2, 64, 2**16, 2**31, 2**32, 2**63 - 1])
def test_a_planted_header_is_refused(tmp_path: Path, place: int, number: int) -> None:
    """With its checksum right, but of another size, span or version than the file has."""
    segment = built(tmp_path, known(1, 30))
    if header(segment)[place] != number:
        segment.path.write_bytes(planted(segment.path.read_bytes(), {place: number}))
        with pytest.raises(ValueError):
            Segment(segment.path)


def test_planted_sections_lead_nowhere(tmp_path: Path) -> None:
    """With all checksums right: what a search would not survive is refused, and so is what a merge would not."""
    segment = built(tmp_path, known(1, 30))
    raw, (offsets, lows, _) = segment.path.read_bytes(), segment.postings
    numbers = 4096
    rows = raw.rindex(segment.postings[2].tobytes())
    begin = raw.rindex(offsets.tobytes())
    cases = {numbers: 2**40, numbers + 8: 0, rows: 30, rows + 4: 2**32 - 1, begin: 1, begin + 4 * 65536: len(lows) + 1}
    cases[begin + 4 * 40_000] = len(lows) + 7
    for at, value in cases.items():
        size = 8 if at < begin else 4
        path = fresh(tmp_path) / segment.path.name
        path.write_bytes(summed(raw[:at] + value.to_bytes(size, "little") + raw[at + size :]))
        if at < begin or at in (begin, begin + 4 * 65536):
            with pytest.raises(ValueError, match=r"its (numbers|buckets) are not those"):
                Segment(path)
        else:
            assert Segment(path).damaged() == ["offsets", "rows"]
    path.write_bytes(summed(raw))
    assert path.read_bytes() == raw


@pytest.mark.parametrize("span", [Span(1, 0, 1), Span(12, 345, 6789)])
def test_a_name_says_what_is_in_it(span: Span) -> None:
    """Names and spans are made of each other; other names are none."""
    assert Span.of(span.name) == span
    for name in (
        "s1-2.segment",
        "s1-2-3",
        "s1-2-3.segment.new",
        "xs1-2-3.segment",
        "s-1-2-3.segment",
        "s1-2-x.segment",
    ):
        assert Span.of(name) is None


# --- which segments are used --------------------------------------------------------------------------------------


def chain(folder: Path, last: int = 1000, generation: int = 1) -> tuple[list[str], set[str]]:
    """The names of the segments that are used, in order, and of those that are of no use."""
    found, useless = usable(folder, generation, last, 128)
    return [segment.path.name for segment in found], {path.name for path in useless}


def write(folder: Path, after: int, upto: int, generation: int = 1) -> str:
    """Write a segment of these numbers, of which some are texts; returns its name."""
    return built(folder, known(1, 3, after=after), after, upto, generation).path.name


def test_segments_that_follow_each_other_are_used(tmp_path: Path) -> None:
    """From the first number on, in order."""
    names = [write(tmp_path, *span) for span in ((100, 120), (0, 20), (20, 100))]
    assert chain(tmp_path) == ([names[1], names[2], names[0]], set())


def test_nothing_is_used_behind_a_gap(tmp_path: Path) -> None:
    """What follows a missing segment cannot be used: nobody would know what is in between."""
    first, behind = write(tmp_path, 0, 20), write(tmp_path, 40, 60)
    assert chain(tmp_path) == ([first], {behind})
    (tmp_path / first).unlink()
    assert chain(tmp_path) == ([], {behind})
    assert chain(fresh(tmp_path)) == ([], set())


def test_the_largest_of_those_that_begin_together_is_used(tmp_path: Path) -> None:
    """Parts of a segment that was merged are of no use, until it is damaged."""
    parts = [write(tmp_path, 0, 20), write(tmp_path, 20, 40), write(tmp_path, 40, 60)]
    merged = write(tmp_path, 0, 40)
    assert chain(tmp_path) == ([merged, parts[2]], set(parts[:2]))
    (tmp_path / merged).write_bytes(b"")
    with pytest.warns(DedupWarning, match=f"{merged}' is damaged: .*; it is made again from the database"):
        assert chain(tmp_path) == (parts, {merged})


def test_what_is_of_another_past_is_not_used(tmp_path: Path) -> None:
    """Segments of another generation, of numbers that are not given yet, half-written ones, and ones with no name."""
    mine, other = write(tmp_path, 0, 20), write(tmp_path, 0, 30, generation=2)
    future = write(tmp_path, 20, 1001)
    (tmp_path / "s1-20-40.segment.new").write_bytes(b"half")
    (tmp_path / "wrong.segment").write_bytes(b"")
    (tmp_path / "index.sqlite").write_bytes(b"not ours")
    half = {"s1-20-40.segment.new", "wrong.segment"}
    assert chain(tmp_path) == ([mine], {other, future, *half})
    assert chain(tmp_path, last=1001) == ([mine, future], {other, *half})
    assert chain(tmp_path, generation=2) == ([other], {mine, future, *half})


def test_a_damaged_one_ends_the_chain(tmp_path: Path) -> None:
    """It is of no use, and what follows it is not either."""
    names = [write(tmp_path, *span) for span in ((0, 20), (20, 40), (40, 60))]
    raw = (tmp_path / names[1]).read_bytes()
    (tmp_path / names[1]).write_bytes(raw[:-64])
    with pytest.warns(DedupWarning, match=f"{names[1]}' is damaged: it is cut short"):
        assert chain(tmp_path) == (names[:1], set(names[1:]))


def test_the_reference_tells_buckets_apart() -> None:
    """The generated texts share buckets of several sizes, or these tests would say little."""
    sizes = {len(numbers) for numbers in naive.posted(known(1000, 1000)).values()}
    assert len(sizes) > 8
    assert {len(text.keys) for text in known(1000, 1000)} == {0, 1, 2, 3, 4}
