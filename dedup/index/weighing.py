"""The weights of signatures, as bytes that a store keeps.

In: `Weights` of a corpus or a sample. Out: bytes, and from them the same weights, about 10 bytes a shingle.
"""

from __future__ import annotations

import io

import numpy as np

from dedup.settings import Settings
from dedup.weights import Weights, prior_weights


def pack(weights: Weights | None) -> bytes:
    """Weights as bytes; empty where a shingle counts as one."""
    if weights is None:
        return b""
    file = io.BytesIO()
    np.savez_compressed(file, table=weights.table, alone=weights.alone)
    return file.getvalue()


def unpack(data: bytes, settings: Settings) -> Weights | None:
    """Weights from bytes; the prior alone where there are none, None where a shingle counts as one."""
    if not settings.weighted:
        return None
    if not data:
        return prior_weights(prior=settings.prior)
    with np.load(io.BytesIO(data)) as arrays:
        return Weights(arrays["table"], arrays["alone"])


def same(weights: Weights, data: bytes) -> bool:
    """Whether these are the weights that were packed."""
    if not data:
        return False
    with np.load(io.BytesIO(data)) as arrays:
        return np.array_equal(weights.table, arrays["table"]) and np.array_equal(weights.alone, arrays["alone"])
