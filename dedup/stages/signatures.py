"""Shingle sets as signatures: weighted MinHash, of the same length for every article.

In: shingle sets and weights, flat. Out: a uint32 matrix (articles, slots). Two signatures are equal in a slot with a
chance equal to the articles' weighted Jaccard similarity. A slot holds the time of its earliest dart as the bits of a
float32, which sort like the number, so the signature of a union is the smaller value slot by slot. O(n + K log K) for
n shingles and K slots, about 2 ns per dart.

The scheme is fast similarity sketching (Dahlgaard, Knudsen and Thorup, 2017) for weights: in every round each shingle
throws darts at slots drawn evenly, until all slots are hit. The number of its darts is its weight, the fraction rounded
at random. Rounds double in length, so that light shingles take no longer; as in DartMinHash (Christiani, 2020). A
shingle has the same weight in all articles, so its darts are the same in all.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.errors import InputError

if TYPE_CHECKING:
    import datasketch


def sign(
    keys: NDArray[np.uint64],
    weights: NDArray[np.float32] | None,
    offsets: NDArray[np.int64],
    lengths: NDArray[np.int64] | None = None,
    *,
    slots: int = 512,
    seed: int = 1,
) -> NDArray[np.uint32]:
    """Sign every article.

    Args:
        keys: Hashes of shingles; one that an article has several times counts once.
        weights: Weight of each, the same wherever the shingle occurs; 0 or more, of about 1 to 10 for best speed. None
            is 1 for all.
        offsets: (n + 1,) the shingles of article i are `keys[offsets[i]:offsets[i + 1]]`; one of them at least must
            have a weight above 0.
        lengths: (n,) characters of each article; in a long one a shingle weighs less. None is ordinary articles.
        slots: Length K of a signature.
        seed: 0 to 2**64 - 1; signatures with different seeds cannot be compared.

    Returns:
        uint32 (n, K).

    Example:
        >>> keys = np.arange(300, dtype=np.uint64)
        >>> one, other = sign(np.append(keys[:200], keys[100:]), None, np.array([0, 200, 400]))
        >>> one.shape, bool(0.25 < (one == other).mean() < 0.42)  # a third of all shingles are in both
        ((512,), True)
    """
    articles = len(offsets) - 1
    signatures = np.empty((articles, slots), np.uint32)
    weights = np.empty(0, np.float32) if weights is None else weights
    lengths = np.zeros(articles, np.int64) if lengths is None else lengths
    kernels.sign(keys, weights, offsets, lengths, scrambled(seed), signatures.view(np.float32))
    return signatures


@cache
def scrambled(seed: int) -> np.uint64:
    """A seed as kernels take it.

    Args:
        seed: 0 to 2**64 - 1.

    Example:
        >>> bool(scrambled(1) == scrambled(2))
        False
    """
    return np.uint64(kernels.mix(np.uint64(seed)))


def to_datasketch(signatures: NDArray[np.uint32], *, seed: int = 1) -> list[datasketch.LeanMinHash]:
    """Signatures as `datasketch.LeanMinHash`.

    Their `jaccard` and `merge` (of articles with the same weights) and datasketch's LSH indexes work on them as on its
    own. `count` does not, because it needs values spread evenly. MinHashes made by datasketch itself have other hash
    functions: ours have the scheme "legacy", so that datasketch refuses to compare them with its present ones.

    Args:
        signatures: uint32 (n, K).
        seed: Recorded in each, so that those of different seeds refuse each other.

    Example:
        >>> one, other = to_datasketch(sign(np.array([1, 2, 1, 2], np.uint64), None, np.array([0, 2, 4])))
        >>> one.jaccard(other)
        1.0
    """
    import datasketch  # noqa: PLC0415 - loads scipy, which nothing else here needs

    rows = signatures.astype(np.uint64)  # a copy, which merging may change
    return [datasketch.LeanMinHash(seed=seed, hashvalues=row, scheme="legacy") for row in rows]


def from_datasketch(minhashes: Iterable[Any]) -> NDArray[np.uint32]:
    """Signatures of `datasketch.MinHash`, `LeanMinHash` or `WeightedMinHash` objects, for bands and estimates.

    A slot of a `WeightedMinHash` is a pair of numbers; it becomes their hash, which is equal if both numbers are.

    Args:
        minhashes: All of one kind, length and seed.

    Returns:
        uint32 (n, K).

    Raises:
        InputError: They differ in length, seed or scheme, or there are none.

    Example:
        >>> from datasketch import MinHash
        >>> one, other = MinHash(num_perm=64), MinHash(num_perm=64)
        >>> one.update("古樹茶餅".encode())
        >>> from_datasketch([one, other]).shape
        (2, 64)
    """
    objects = list(minhashes)
    kinds = {(np.shape(m.hashvalues), int(m.seed), getattr(m, "scheme", None)) for m in objects}
    if len(kinds) != 1:
        shown = ", ".join(sorted(map(str, kinds))) or "none"
        raise InputError(f"all must have one shape, seed and scheme, got {shown}; sign them again with the same ones")
    values = np.stack([np.asarray(m.hashvalues) for m in objects]).astype(np.uint64)
    if values.ndim == 3:  # noqa: PLR2004 - (n, K, 2)
        values = (values[..., 0] * kernels.BASE) ^ (values[..., 1] * np.uint64(0xD6E8FEB86659FD93))
        values ^= values >> np.uint64(32)
    return values.astype(np.uint32)
