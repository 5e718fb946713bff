"""The weights of signatures, and the windows of frames that they leave out, as bytes that a store keeps.

In: `Weights` of a corpus or a sample, and the windows of its frames. Out: bytes, and the same values from bytes; about
10 bytes per shingle and per window.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup.index.store import damaged
from dedup.kernels import Windows
from dedup.settings import Settings
from dedup.stages.weights import Weights, prior_weights

BROKEN = (
    ValueError,
    KeyError,
    TypeError,
    OSError,
    OverflowError,
    EOFError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What NumPy and the zip library raise of what is no file of theirs."""
MOST_BYTES = 1 << 32
"""Of weights; more than those of the largest sample."""
MOST_BRIDGE = 1 << 40
MOST_WEIGHT = 1000.0
"""Nats; a shingle that one of 2**63 articles holds weighs 44."""


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
    try:
        arrays = _loaded(data)
        weights = Weights(_table(arrays["table"]), _heavy(arrays["alone"], (256,)))
        _heavy(weights.table[weights.table != 0].astype(np.uint32), None)
        if "windows" not in arrays:
            return weights, None
        mask, bridge = _shaped(arrays["marks"], np.uint64, (2,)).tolist()
        return weights, Windows(_table(arrays["windows"]), np.uint64(mask), min(bridge, MOST_BRIDGE))
    except BROKEN as error:
        raise damaged(f"its weights cannot be read ({error})") from error


def _loaded(data: bytes) -> dict[str, NDArray[Any]]:
    """All arrays, if they say that they are not too large."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        size = sum(member.file_size for member in archive.infolist())
    if size > MOST_BYTES:
        raise ValueError(f"they would take {size:,} bytes")
    with np.load(io.BytesIO(data)) as arrays:  # never objects, which would be pickles
        return dict(arrays.items())


def _shaped(array: NDArray[Any], kind: Any, shape: tuple[int, ...] | None) -> NDArray[Any]:
    if array.dtype != kind or (array.shape != shape if shape else array.ndim != 1):
        raise ValueError(f"an array has type {array.dtype} and shape {array.shape}")
    return array


def _table(array: NDArray[Any]) -> NDArray[np.uint64]:
    """A table in which a search ends: of a power of two, with a place that is empty."""
    size = len(_shaped(array, np.uint64, None))
    if size < 1 or size & (size - 1) or array.all():
        raise ValueError(f"a table has {size:,} places, or none that is empty")
    return array


def _heavy(bits: NDArray[Any], shape: tuple[int, ...] | None) -> NDArray[np.uint32]:
    """Bits of weights that a signature can be made with: each is so many darts."""
    weights = _shaped(bits, np.uint32, shape).view(np.float32)
    if not ((weights >= 0) & (weights <= MOST_WEIGHT)).all():
        raise ValueError("a weight is not between 0 and what a shingle can weigh")
    return bits


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
