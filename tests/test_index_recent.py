"""`dedup.index.on_disk.recent`: what came last is found in memory as it would be in a file."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive import Known, bucketed, columns, known

from dedup.index.on_disk.recent import Recent

GENERATED = settings(deadline=None, max_examples=60)


def held(recent: Recent) -> dict[tuple[int, int], list[int]]:
    """What is in the chains, found where a look-up finds it: numbers of each key of each band."""
    found: dict[tuple[int, int], list[int]] = {}
    for band, heads in enumerate(recent.heads):
        for bucket, head in enumerate(heads.tolist()):
            row = head
            while row >= 0:
                key = int(recent.keys[row, band])
                assert key * len(heads) >> 32 == bucket
                found.setdefault((band, key), []).append(int(recent.numbers[row]))
                row = int(recent.nexts[row, band])
    return found


def filled(room: int, texts: Sequence[Known], cuts: Sequence[int] = ()) -> Recent:
    """A memory with some texts, added in as many pieces as there are cuts, and one."""
    recent = Recent(room, len(texts[0].keys), 128)
    for begin, end in zip([0, *cuts], [*cuts, len(texts)], strict=True):
        if begin < end:
            recent.append(*columns(texts[begin:end]))
    return recent


def test_textbook_example() -> None:
    """Three texts, of which two share the key of the first band: it leads to both, the older first."""
    recent = filled(4, [Known(3, [7, 1], [0] * 128), Known(5, [7, 2], [1] * 128), Known(6, [8, 3], [2] * 128)])
    assert held(recent) == {(0, 7): [3, 5], (0, 8): [6], (1, 1): [3], (1, 2): [5], (1, 3): [6]}
    assert (len(recent), recent.room) == (3, 1)


@GENERATED
@given(st.integers(1, 50), st.integers(0, 2**32), st.integers(1, 5), st.data())
def test_a_memory_holds_what_a_dict_would(size: int, seed: int, bands: int, data: st.DataObject) -> None:
    """However texts are parted into calls, every key leads to its texts, ascending; a full memory, too."""
    texts = known(seed, size, bands=bands)
    cuts = sorted(data.draw(st.lists(st.integers(0, size), max_size=4)))
    room = data.draw(st.sampled_from([1 << (size - 1).bit_length(), 64, 256]))
    recent = filled(room, texts, cuts)
    assert held(recent) == bucketed(texts)
    assert (len(recent), recent.room) == (size, room - size)
    assert recent.sketches[:size].tolist() == [text.sketch for text in texts]


@pytest.mark.parametrize("after", [0, 1, 5, 29, 30, 31, 200])
def test_those_above_a_number_become_a_segment(after: int) -> None:
    """All texts above it are given as they were added."""
    texts = [text._replace(number=10 * place) for place, text in enumerate(known(1, 20), 1)]
    left = [text for text in texts if text.number > after]
    rows = filled(32, texts, [7]).since(after)
    assert rows.numbers.tolist() == [text.number for text in left]
    assert rows.keys.tolist() == [text.keys for text in left]
    assert rows.sketches.tolist() == [text.sketch for text in left]


def test_a_new_memory_is_empty() -> None:
    """There is nothing in it, and all its room."""
    recent = Recent(8, 2, 128)
    assert (len(recent), recent.room, held(recent), len(recent.since(0).numbers)) == (0, 8, {}, 0)
    recent.append(np.empty(0, np.int64), np.empty((0, 2), np.uint32), np.empty((0, 128), np.uint8))
    assert (len(recent), recent.room) == (0, 8)
