"""Texts as sets of hashed shingles.

In: an Arrow column of texts (large_string). Out: a `Shingles`: for every text its distinct shingles as sorted 64-bit
hashes, all in one flat array, and a fingerprint of the folded text. One pass over the UTF-8 bytes, in batches side
by side; 8 bytes a shingle. A missing or empty text, or one of punctuation or emoji alone, has no shingles.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup import kernels
from dedup.background import background
from dedup.folding import fold_table
from dedup.threads import Progress, spread
from dedup.words import separate

BATCH_BYTES = 4 << 20
MOST_CODES_A_BYTE = 6  # U+FDFA, three bytes, folds to 18 characters


class Shingles(NamedTuple):
    """The shingle sets of n texts."""

    keys: NDArray[np.uint64]
    """(total,): hashes, ascending and distinct within a text. With weights the low 8 bits are the shingle's
    surprisal in quarter bits."""
    offsets: NDArray[np.int64]
    """(n + 1,): those of text i are `keys[offsets[i]:offsets[i + 1]]`."""
    prints: NDArray[np.uint64]
    """(n, 2): equal for texts that are equal when folded."""


class _Batch(NamedTuple):
    data: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    begin: int
    end: int


def shingle(
    texts: pa.ChunkedArray,
    *,
    width: int = 6,
    unit: str = "char",
    weighted: bool = True,
    threads: int = 1,
    progress: Progress | None = None,
    batch_bytes: int = BATCH_BYTES,
) -> Shingles:
    """Fold and shingle every text.

    Args:
        texts: large_string (n,); a null is a text without shingles.
        width: Least width of a shingle in units (Han and Hangul 3, kana 2, other letters and digits 1).
        unit: Shingles start and end at every `"char"` or `"word"`.
        weighted: Put the surprisal into the hashes, for `dedup.weights`.
        threads: How many batches run side by side; the result does not depend on it.
        progress: Called with batches done and in all.
        batch_bytes: Size of a batch; the result does not depend on it.
    """
    if unit == "word":
        texts = separate(texts)
    batches = [batch for chunk in texts.chunks for batch in _batches(chunk, batch_bytes)]

    def work(batch: _Batch) -> tuple[Any, Any, Any]:
        return _shingle_batch(batch, width, by_word=unit == "word", weighted=weighted)

    parts = list(spread(work, batches, threads, progress))
    lengths = np.concatenate([np.zeros(1, np.int64), *(lengths for _, lengths, _ in parts)])
    keys = np.concatenate([np.empty(0, np.uint64), *(keys for keys, _, _ in parts)])
    prints = np.concatenate([np.empty((0, 2), np.uint64), *(prints for _, _, prints in parts)])
    return Shingles(keys, np.cumsum(lengths), prints)


def _batches(chunk: pa.Array, batch_bytes: int) -> list[_Batch]:
    """Runs of texts of about `batch_bytes`, over the chunk's own buffers."""
    if len(chunk) == 0:
        return []
    if chunk.null_count:
        chunk = chunk.fill_null("")  # a null may have bytes behind it
    _, offset_buffer, data_buffer = chunk.buffers()
    offsets = _frozen(offset_buffer, np.int64)[chunk.offset : chunk.offset + len(chunk) + 1]
    data = _frozen(data_buffer, np.uint8)
    marks = np.arange(offsets[0], offsets[-1], batch_bytes)[1:]
    cuts = np.unique(np.concatenate([[0], np.searchsorted(offsets, marks), [len(chunk)]]))
    return [_Batch(data, offsets, int(b), int(e)) for b, e in pairwise(cuts)]


def _frozen(buffer: Any, kind: Any) -> Any:
    """A buffer as a read-only array, whatever it was: kernels are compiled for one of the two only."""
    return np.frombuffer(memoryview(buffer or b"").toreadonly(), kind)


def _shingle_batch(batch: _Batch, width: int, *, by_word: bool, weighted: bool) -> tuple[Any, Any, Any]:
    """Keys, lengths and fingerprints of a batch; a text that folds to more than its bytes gets more room."""
    data, offsets = batch.data, batch.offsets[batch.begin : batch.end + 1]
    count = len(offsets) - 1
    lengths, prints = np.zeros(count, np.int64), np.zeros((count, 2), np.uint64)
    parts, done, spacious = [], 0, 1
    while done < count:
        keys = np.empty(int(offsets[-1] - offsets[done]) * spacious, np.uint64)
        before = done
        done = kernels.shingle(
            data, offsets, before, count, *fold_table(), background(), width, by_word, weighted, keys, lengths, prints
        )
        parts.append(keys[: lengths[before:done].sum()].copy())
        spacious = MOST_CODES_A_BYTE if done == before else 1
    return np.concatenate(parts), lengths, prints
