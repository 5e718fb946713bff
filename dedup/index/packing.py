"""The weights of signatures, and the windows of frames that they leave out, as bytes that a store keeps.

In: `Weights` of a corpus or a sample, and the windows of its frames. Out: bytes, and the same values from bytes; about
10 bytes per shingle and per window.
"""

from __future__ import annotations

import io

import numpy as np

from dedup.settings import Settings
from dedup.stages.shingles import Windows
from dedup.stages.weights import Weights, prior_weights


def pack(weights: Weights | None, windows: Windows | None = None) -> bytes:
    """Weights and windows as bytes; empty if shingles are not weighted."""
    if weights is None:
        return b""
    file, arrays = io.BytesIO(), {"table": weights.table, "alone": weights.alone}
    if windows is not None:
        arrays["windows"], arrays["marks"] = windows.table, np.array([windows.mask, windows.bridge], np.uint64)
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def unpack(data: bytes, settings: Settings) -> tuple[Weights | None, Windows | None]:
    """Weights and windows from bytes; empty bytes give the prior alone, or no weights if shingles are not weighted."""
    if not settings.weighted:
        return None, None
    if not data:
        return prior_weights(settings.prior_articles), None
    with np.load(io.BytesIO(data)) as arrays:
        weights = Weights(arrays["table"], arrays["alone"])
        if "windows" not in arrays:
            return weights, None
        mask, bridge = arrays["marks"]
        return weights, Windows(arrays["windows"], mask, int(bridge))


def same(weights: Weights, windows: Windows | None, data: bytes, settings: Settings) -> bool:
    """Whether these weights and windows are those that were packed."""
    if not data:
        return False
    stored = unpack(data, settings)
    return all(
        one is other or (one is not None and other is not None and all(map(_equal, one, other)))
        for one, other in zip((weights, windows), stored, strict=True)
    )


def _equal(one: object, other: object) -> bool:
    return np.array_equal(np.asarray(one), np.asarray(other))
