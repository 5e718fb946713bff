"""`dedup.index.on_disk.recent`: what came last is found in memory as it would be in a file."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive import Known, columns, known, posted
from numpy.typing import NDArray

from dedup.index.listed import Listed
from dedup.index.on_disk.recent import Recent

GENERATED = settings(deadline=None, max_examples=60)


def listing(texts: Sequence[Known]) -> tuple[NDArray[np.int64], Listed]:
    """Numbers of some texts, and what they are found by."""
    numbers, keys, starts, sketches = columns(texts)
    return numbers, Listed(sketches, keys, starts)


def held(recent: Recent) -> dict[int, list[int]]:
    """What is in the chains, found where a look-up finds it: the numbers of each key."""
    found: dict[int, list[int]] = {}
    for bucket, head in enumerate(recent.heads.tolist()):
        at = head
        while at >= 0:
            key, row = int(recent.keys[at]), recent.rows[at]
            assert key * len(recent.heads) >> 32 == bucket
            found.setdefault(key, []).append(int(recent.numbers[row]))
            at = int(recent.nexts[at])
    return found


def postings(texts: Sequence[Known]) -> int:
    """How many keys they have."""
    return sum(len(text.keys) for text in texts)


def filled(texts: Sequence[Known], cuts: Sequence[int] = (), *, room: int = 0, key_room: int = 0) -> Recent:
    """A memory with some texts, added in as many pieces as there are cuts, and one; with room for so many more."""
    width = len(texts[0].sketch) if texts else 128
    recent = Recent(len(texts) + room, postings(texts) + key_room, width)
    for begin, end in zip([0, *cuts], [*cuts, len(texts)], strict=True):
        if begin < end:
            recent.append(*listing(texts[begin:end]))
    return recent


def test_textbook_example() -> None:
    """Three texts, of which two share a key: it leads to both, the older first."""
    recent = filled([Known(3, [7, 1], [0] * 128), Known(5, [2, 7, 9], [1] * 128), Known(6, [8], [2] * 128)])
    assert held(recent) == {7: [3, 5], 1: [3], 2: [5], 9: [5], 8: [6]}
    assert len(recent) == 3


@GENERATED
@given(st.integers(1, 50), st.integers(0, 2**32), st.integers(0, 6), st.data())
def test_a_memory_holds_what_a_dict_would(size: int, seed: int, keys: int, data: st.DataObject) -> None:
    """However texts are parted into calls, every key leads to its texts, ascending; a full memory, too."""
    texts = known(seed, size, keys=keys)
    cuts = sorted(data.draw(st.lists(st.integers(0, size), max_size=4)))
    room, key_room = data.draw(st.tuples(*[st.sampled_from([0, 1, 64, 256])] * 2))
    recent = filled(texts, cuts, room=room, key_room=key_room)
    assert held(recent) == posted(texts)
    assert len(recent) == size
    assert recent.sketches[:size].tolist() == [text.sketch for text in texts]
    assert recent.numbers[:size].tolist() == [text.number for text in texts]


@GENERATED
@given(st.integers(1, 30), st.integers(0, 2**32), st.integers(0, 30), st.integers(0, 8), st.integers(0, 20))
def test_as_many_fit_as_there_is_room_for(size: int, seed: int, used: int, room: int, key_room: int) -> None:
    """The next texts from the first on, as long as there is room for texts and for all of their keys."""
    texts = known(seed, size)
    used = min(used, size)
    recent = filled(texts[:used], room=room, key_room=key_room)
    following = texts[used:]
    fitting = next(
        many for many in range(len(following), -1, -1) if many <= room and postings(following[:many]) <= key_room
    )
    assert recent.fitting(listing(following)[1].starts) == fitting
    assert recent.fitting(listing(texts)[1].starts[used:]) == fitting, "wherever their keys begin"
    recent.append(*listing(following[:fitting]))
    assert held(recent) == posted(texts[: used + fitting])


@pytest.mark.parametrize("after", [0, 1, 5, 29, 30, 31, 200])
@pytest.mark.parametrize("gone", [(), (10,), (40, 200, 7), tuple(range(0, 201, 10))])
def test_those_above_a_number_become_a_segment(after: int, gone: tuple[int, ...]) -> None:
    """All texts above it are given as they were added, except those that are gone."""
    texts = [text._replace(number=10 * place) for place, text in enumerate(known(1, 20), 1)]
    left = [text for text in texts if text.number > after and text.number not in gone]
    recent = filled(texts, [7], room=12)
    recent.drop(np.array(gone, np.int64))
    for found, expected in zip(recent.since(after), columns(left), strict=True):
        assert found.tolist() == expected.tolist()


def test_texts_without_keys_are_held() -> None:
    """They meet nobody, and become part of a segment like others."""
    texts = [Known(1, [], [1] * 128), Known(2, [5], [2] * 128), Known(3, [], [3] * 128)]
    recent = filled(texts)
    assert (held(recent), len(recent)) == ({5: [2]}, 3)
    assert recent.since(0).starts.tolist() == [0, 0, 1, 1]
    assert held(filled(texts[:1])) == {}


def test_a_new_memory_is_empty() -> None:
    """There is nothing in it, and all its room."""
    recent = Recent(8, 2, 128)
    assert (len(recent), held(recent), len(recent.since(0).numbers)) == (0, {}, 0)
    recent.append(*listing([]))
    assert len(recent) == 0
    assert recent.fitting(np.array([0, 1, 2, 3])) == 2
