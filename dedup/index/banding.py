"""Band keys and estimates from the half of a signature that an index stores.

In: the lower halves of slots, uint16 (n, slots): slots that differ have equal halves by a chance of 2**-16, so half the
bytes serve as well. Out: a 32-bit key a band, and in how many slots two signatures agree. Every store uses
these, so all find the same candidates.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.settings import Settings
from dedup.stages.bands import choose, least_agreement

EARLY_MARGIN = 3.0
"""Standard deviations that the estimate from the first block may be under the threshold: one pair in a thousand at the
threshold is lost, and of pairs that have little in common nine of ten are not looked at further."""


def halves(signatures: NDArray[np.uint32]) -> NDArray[np.uint16]:
    """The lower halves of the slots of signatures (n, slots)."""
    return signatures.astype(np.uint16)


def band_keys(signatures: NDArray[np.uint16], rows: int, bands: int) -> NDArray[np.uint32]:
    """The key of every band of every signature.

    Args:
        signatures: (n, slots), slots at least `rows * bands`.
        rows: Slots a band.
        bands: How many.

    Returns:
        uint32 (n, bands); equal keys mean equal slots, but for a chance of about 2**-32.
    """
    keys = np.empty((len(signatures), bands), np.uint32)
    kernels.band_halves(kernels.frozen(np.ascontiguousarray(signatures)), rows, keys)
    return keys


def keys_for(signatures: NDArray[np.uint16], settings: Settings) -> NDArray[np.uint32]:
    """The keys of the bands that these settings choose."""
    shape = choose(settings.threshold, settings.slots, settings.recall)
    return band_keys(signatures, shape.rows, shape.bands)


def padding(settings: Settings) -> int:
    """Bytes that fill up the last block of a sketch."""
    return -settings.slots % kernels.BLOCK


def least(settings: Settings) -> int:
    """In how many lowest bytes of slots a text at the threshold agrees, less the margin of an estimate."""
    return least_agreement(settings.threshold, settings.slots)


def early(settings: Settings) -> int:
    """In how many lowest bytes of the first block of slots it does; 0 where there is but one block."""
    whole = settings.slots <= kernels.BLOCK
    return 0 if whole else least_agreement(settings.threshold, kernels.BLOCK, EARLY_MARGIN)


def agreement(one: NDArray[np.uint16], many: NDArray[np.uint16]) -> NDArray[np.int64]:
    """In how many slots the lowest bytes of one signature (slots,) and of many (m, slots) are equal; int64 (m,)."""
    counts = np.empty(len(many), np.int64)
    left, right = (kernels.frozen(np.ascontiguousarray(some)) for some in (one, many))
    kernels.look_alike(left, right, counts)
    return counts


def estimate(one: NDArray[np.uint16], many: NDArray[np.uint16]) -> NDArray[np.float64]:
    """Similarity of one signature to many, by how many slots are equal; its standard error is sqrt(s(1 - s)/slots)."""
    return (many == one).mean(axis=1) if len(many) else np.empty(0)
