"""Band keys and estimates from the half of a signature that an index stores.

In: the lower halves of slots, uint16 (n, slots): slots that differ have equal halves by a chance of 2**-16, so half the
bytes are enough. Out: a 32-bit key per band, and in how many slots two signatures agree. Every store uses
these, so all find the same candidates.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.settings import Settings
from dedup.stages.bands import Bands, band_hashes, choose
from dedup.stages.candidates import Limits, limits

EARLY_MARGIN = 3.0
"""Standard deviations by which the estimate from the first block may be under the threshold: one pair in a thousand at
the threshold is lost, and nine of ten pairs that have little in common are not compared further."""


def band_keys(signatures: NDArray[np.uint16], rows: int, bands: int) -> NDArray[np.uint32]:
    """The key of every band of every signature.

    Args:
        signatures: (n, slots), slots at least `rows * bands`.
        rows: Slots per band.
        bands: How many bands.

    Returns:
        uint32 (n, bands); equal keys mean equal slots, except with a chance of about 2**-32.
    """
    hashed = band_hashes(signatures, Bands(bands, rows), np.arange(bands, dtype=np.uint64))
    return np.ascontiguousarray((hashed >> np.uint64(32)).astype(np.uint32).T)


def keys_for(signatures: NDArray[np.uint16], settings: Settings) -> NDArray[np.uint32]:
    """The keys of the bands that these settings choose."""
    shape = choose(settings.threshold, settings.slots, settings.recall)
    return band_keys(signatures, shape.rows, shape.bands)


def limits_for(settings: Settings) -> Limits:
    """In how many bytes of sketches texts at the threshold agree, less the margin of an estimate."""
    return limits(settings.threshold, settings.slots, blocks=1, margin=EARLY_MARGIN)


def agreement(one: NDArray[np.uint8], many: NDArray[np.uint8]) -> NDArray[np.int64]:
    """In how many bytes one sketch (width,) and many (m, width) are equal; int64 (m,)."""
    counts = np.empty(len(many), np.int64)
    left, right = (kernels.frozen(np.ascontiguousarray(some)) for some in (one, many))
    kernels.look_alike(left, right, counts)
    return counts


def estimate(one: NDArray[np.uint16], many: NDArray[np.uint16]) -> NDArray[np.float64]:
    """Similarity of one signature to many, by how many slots are equal; its standard error is sqrt(s(1 - s)/slots)."""
    return (many == one).mean(axis=1) if len(many) else np.empty(0)
