"""`dedup.index.on_disk.segments`: files of sorted buckets hold what a dict would; what is damaged is not taken up."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive import Known, bucketed, columns, known
from numpy.typing import NDArray

from dedup.index.on_disk.segments import HEADER_BYTES, Segment, SegmentRows, Span, build, merge, usable

GENERATED = settings(deadline=None, max_examples=25)
FOLDERS = count()


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


def held(segment: Segment) -> dict[tuple[int, int], list[int]]:
    """What a segment holds, found where a look-up finds it: numbers of each key of each band."""
    found: dict[tuple[int, int], list[int]] = {}
    buckets = segment.offsets.shape[1] - 1
    for band, (offsets, entries) in enumerate(zip(segment.offsets, segment.entries.tolist(), strict=True)):
        assert offsets[0] == 0
        assert offsets[-1] == len(segment)
        for bucket in range(buckets):
            for place in range(offsets[bucket], offsets[bucket + 1]):
                key, row = entries[place] >> 32, entries[place] & 0xFFFFFFFF
                assert key * buckets >> 32 == bucket
                found.setdefault((band, key), []).append(int(segment.numbers[row]))
    return found


def sketches(segment: Segment) -> dict[int, list[int]]:
    """The sketch of each text of a segment."""
    return dict(zip(segment.numbers.tolist(), segment.sketches.tolist(), strict=True))


def alive(gone: set[int]) -> Any:
    """Which numbers are still texts."""
    return lambda numbers: np.array([number not in gone for number in numbers.tolist()], np.bool_)


# --- one segment, and several as one ------------------------------------------------------------------------------


def test_textbook_example(tmp_path: Path) -> None:
    """Three texts, of which two share the key of the first band: it leads to both, the older first."""
    texts = [Known(3, [7, 1], [0] * 128), Known(5, [7, 2], [1] * 128), Known(6, [8, 3], [2] * 128)]
    segment = built(tmp_path, texts)
    assert held(segment) == {(0, 7): [3, 5], (0, 8): [6], (1, 1): [3], (1, 2): [5], (1, 3): [6]}
    assert sketches(segment) == {3: [0] * 128, 5: [1] * 128, 6: [2] * 128}
    assert (len(segment), segment.span, segment.path.name) == (3, Span(1, 0, 6), "s1-0-6.segment")
    assert [path.name for path in tmp_path.iterdir()] == ["s1-0-6.segment"]


@pytest.mark.parametrize("texts", [1, 2, 7, 8, 9, 15, 16, 17, 1000])
def test_a_segment_holds_what_a_dict_would(tmp_path: Path, texts: int) -> None:
    """Every key of every band leads to its texts, ascending, whatever the size; and again when the file is opened."""
    some = known(texts, texts)
    for segment in (built(tmp_path, some), Segment(tmp_path / f"s1-0-{some[-1].number}.segment")):
        assert held(segment) == bucketed(some)
        assert sketches(segment) == {text.number: text.sketch for text in some}
        assert segment.damaged() == []


@GENERATED
@given(st.lists(st.integers(1, 40), min_size=1, max_size=4), st.integers(0, 2**32), st.integers(1, 5), st.data())
def test_merged_segments_hold_what_a_dict_would(
    folders: Path, sizes: list[int], seed: int, bands: int, data: st.DataObject
) -> None:
    """However texts are parted into segments, one in their place holds those that are still there, and no others."""
    folder = fresh(folders)
    every: list[Known] = []
    parts = []
    for size in sizes:
        after = every[-1].number if every else 0
        mine = known(seed + after, size, bands=bands, after=after)
        parts.append(built(folder, mine, after))
        every += mine
    gone = data.draw(st.just(set()) | st.sets(st.sampled_from([text.number for text in every])))
    merged = merge(folder, parts, alive(gone))
    left = [text for text in every if text.number not in gone]
    assert held(merged) == bucketed(left)
    assert sketches(merged) == {text.number: text.sketch for text in left}
    assert merged.span == Span(1, 0, every[-1].number)
    assert merged.damaged() == []


def test_a_merged_segment_is_that_of_all_its_texts(tmp_path: Path) -> None:
    """It is the same to the last byte, but for its name, as the one built at once."""
    some = known(5, 300)
    (tmp_path / "at once").mkdir()
    parts = [built(tmp_path, some[:100]), built(tmp_path, some[100:], some[99].number)]
    merged = merge(tmp_path, parts, alive(set()))
    assert merged.path.read_bytes() == built(tmp_path / "at once", some).path.read_bytes()


def test_nobody_is_left(tmp_path: Path) -> None:
    """Of texts that are all gone there is an empty segment, which covers their numbers nevertheless."""
    parts = [built(tmp_path, known(1, 20)), built(tmp_path, known(2, 5, after=100), after=100)]
    merged = merge(tmp_path, parts, lambda numbers: np.zeros(len(numbers), np.bool_))
    assert (len(merged), held(merged), merged.damaged()) == (0, {}, [])
    again = merge(tmp_path, [Segment(merged.path)], alive(set()))
    assert (len(again), again.span) == (0, merged.span)


def test_a_merged_segment_may_take_the_place_of_its_part(tmp_path: Path) -> None:
    """One segment without those that are gone has the name of the old one, which can still be read."""
    some = known(3, 50)
    old = built(tmp_path, some)
    new = merge(tmp_path, [old], alive({some[0].number}))
    assert new.path == old.path
    assert held(old) == bucketed(some)
    assert held(new) == held(Segment(new.path)) == bucketed(some[1:])


def test_nothing_is_left_behind_by_what_fails(tmp_path: Path) -> None:
    """An error on the way takes the half-written file along."""
    texts = known(1, 20)
    numbers, keys, sketched = columns(texts)
    with pytest.raises(ValueError, match="broadcast"):
        build(tmp_path, Span(1, 0, 99), SegmentRows(numbers[:7], keys, sketched))
    segment = built(tmp_path, texts)

    def disconnected(_: NDArray[np.int64]) -> NDArray[np.bool_]:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        merge(tmp_path, [segment], disconnected)
    assert [path.name for path in tmp_path.iterdir()] == [segment.path.name]


# --- the file -----------------------------------------------------------------------------------------------------


def test_the_file_is_pinned(tmp_path: Path) -> None:
    """The header of a tiny segment is as it always was, or the version must be another."""
    segment = built(tmp_path, [Known(2, [0x80000000, 7], [1] * 128), Known(9, [0x7FFFFFFF, 7], [2] * 128)])
    raw = segment.path.read_bytes()
    checksum, _, text = raw[:HEADER_BYTES].rstrip(b"\0").partition(b"\n")
    assert int(checksum) == zlib.crc32(text)
    assert json.loads(text) == {
        "version": 1,
        "bytes": 4544,
        "span": [1, 0, 9],
        "sections": {
            "numbers": {"kind": "<i8", "shape": [2], "at": 4096, "checksum": 1951692061},
            "sketches": {"kind": "|u1", "shape": [2, 128], "at": 4160, "checksum": 2729022061},
            "offsets": {"kind": "<u4", "shape": [2, 3], "at": 4416, "checksum": 2838109171},
            "entries": {"kind": "<u8", "shape": [2, 2], "at": 4480, "checksum": 2770138082},
        },
    }
    assert raw[4096:4112].hex() == "02000000000000000900000000000000"
    assert np.frombuffer(raw, np.uint32, 6, 4416).tolist() == [0, 1, 2, 0, 2, 2]
    entries = np.frombuffer(raw, np.uint64, 4, 4480).tolist()
    assert [divmod(entry, 1 << 32) for entry in entries] == [(0x7FFFFFFF, 1), (0x80000000, 0), (7, 0), (7, 1)]


def test_a_section_that_was_changed_is_named(tmp_path: Path) -> None:
    """Each section has a checksum of its own, of all its bytes."""
    segment = built(tmp_path, known(1, 30))
    raw = segment.path.read_bytes()
    sections = json.loads(raw[:HEADER_BYTES].rstrip(b"\0").partition(b"\n")[2])["sections"]
    for name, section in sections.items():
        kind, last = np.dtype(section["kind"]), int(np.prod(section["shape"])) - 1
        for at in (section["at"], section["at"] + last * kind.itemsize):
            segment.path.write_bytes(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :])
            assert Segment(segment.path).damaged() == [name]


def test_a_damaged_file_is_not_taken_up(tmp_path: Path) -> None:
    """An empty file, one cut short or grown, another header, another version or another name."""
    segment = built(tmp_path, known(1, 30))
    raw, path = segment.path.read_bytes(), segment.path
    text = raw[:HEADER_BYTES].rstrip(b"\0").partition(b"\n")[2]
    newer = text.replace(b'"version": 1', b'"version": 2')
    damaged = [b"", raw[:-1], raw + b"\0", raw[:100], raw[:HEADER_BYTES], b"\0" * len(raw), b"\xff" * len(raw)]
    damaged += [raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :] for at in (0, 20, 60, 400, HEADER_BYTES - 1)]
    damaged.append((b"%d\n%s" % (zlib.crc32(newer), newer)).ljust(HEADER_BYTES, b"\0") + raw[HEADER_BYTES:])
    for wrong in damaged:
        path.write_bytes(wrong)
        with pytest.raises(ValueError):
            Segment(path)
    path.write_bytes(raw)
    assert held(Segment(path)) == held(segment)
    for name in ("s1-0-999.segment", "s2-0-30.segment", "index.sqlite", "s1-0-9.segment.new"):
        with pytest.raises(ValueError):
            Segment(path.rename(tmp_path / name))
        (tmp_path / name).rename(path)
    with pytest.raises(OSError):
        Segment(tmp_path / "s1-0-1.segment")


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
    found, useless = usable(folder, generation, last)
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
    assert chain(tmp_path) == (names[:1], set(names[1:]))


def test_the_reference_tells_buckets_apart() -> None:
    """The generated texts share buckets of several sizes, or these tests would say little."""
    sizes = {len(numbers) for numbers in naive.bucketed(known(1000, 1000)).values()}
    assert len(sizes) > 8
