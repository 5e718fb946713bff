"""Noted shingles: which texts may be near copies of any of some others, before anything is compared.

In: some texts. Out: a bit for each of their wide shingles, by which others are left out while they are folded: a near
copy has a good share of these, too, while strangers share few, however many they are. Two bytes a shingle.

What is changed in a copy takes shingles in blocks: a changed Chinese character the five that hold it, a cut the four
across it. Of wide ones, of eight characters, it takes eight or seven, so at most 7 / 4 times as many. A text of which a
share `1 - t` of the shingles is missing in the other, as in a pair of similarity `t`, lacks at most 7 / 4 of that share
of the wide ones. Texts that repeat a few characters for ever may have fewer; a copy that is equal has all.
"""

from __future__ import annotations

import numpy as np

from dedup import kernels
from dedup.kernels import Integers
from dedup.settings import Settings
from dedup.stages.shingles import Noting, Texts
from dedup.work import Room

BITS = 16
"""A shingle; one in so many others is taken for noted."""
HAN = 3
"""Units of a Chinese character, in which a block is shortest."""


def wide(width: int) -> int:
    """How wide the shingles are that are noted."""
    return 8 * width // 5


def least_share(settings: Settings) -> float:
    """Least share of a text's wide shingles that a similar one has; 0 where nothing can be said."""
    narrow, wider = (-(-width // HAN) - 1 for width in (settings.width, wide(settings.width)))
    if settings.unit == "word" or not narrow:
        return 0.0
    return max(0.0, 1 - (1 - settings.threshold) * wider / narrow)


def note(texts: Texts, rows: Integers, settings: Settings) -> Noting:
    """Note the shingles of some texts.

    Args:
        texts: All texts.
        rows: Which of them.
        settings: How texts are compared, without weights.

    Returns:
        What is to be given to `Texts` of others, with room for the answers for none.
    """
    width, share, room = wide(settings.width), least_share(settings), Room(np.uint64)
    words = max(8, int(texts.lengths[rows].sum()) * BITS // 64) if share else 8
    bits = np.zeros(1 << (words - 1).bit_length(), np.uint64)
    sampled = np.zeros(len(bits) // 8, np.uint64)
    wider = texts.of_width(width)
    for some in texts.batches(rows) if share else ():
        kernels.note_shingles(wider.shingle(some, once=False, room=room).keys, bits, sampled)
    return Noting(bits, sampled, width, share, np.empty(0, np.bool_))
