"""Noted shingles: which texts may be near copies of any of some others, before anything is compared.

In: the shingles of some texts. Out: a bit for each, by which others are left out while they are folded: a text is
similar to none of the first ones unless so much of it stands somewhere in them, since the united shingles of a pair are
at least its own. Two bytes a shingle. Of use where strangers have few shingles in common: without weights, and for wide
ones.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.kernels import Integers
from dedup.stages.shingles import Texts
from dedup.work import Room

BITS = 16
"""A shingle; one in so many others is taken for noted."""


def note(texts: Texts, rows: Integers) -> NDArray[np.uint64]:
    """A bit for each shingle of some texts, for `dedup.stages.shingles.Noting`.

    Args:
        texts: All texts.
        rows: Which of them.
    """
    words, room = max(1, int(texts.lengths[rows].sum()) * BITS // 64), Room(np.uint64)
    bits = np.zeros(1 << (words - 1).bit_length(), np.uint64)
    for some in texts.batches(rows):
        kernels.note_shingles(texts.shingle(some, once=False, room=room).keys, bits)
    return bits
